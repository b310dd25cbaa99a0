/* Values as Python objects: how they are made and freed, and the shortest way from operands to a result. */

#ifndef AUTOGRAD_VALUE_H
#define AUTOGRAD_VALUE_H

#include "_sweeps.h"

#define SPARE_OBJECTS 1024

static PyTypeObject *Value_type;
static PyObject *as_number; /* value.as_number: a float, or NotImplemented */
static PyObject *watcher;   /* is called with each number as it is computed, and may raise; NULL: nobody watches */
static PyObject *spare[SPARE_OBJECTS];
static int spares = 0;

/* A handle stands right behind the head of its object. */
static inline Handle *handle_of(PyObject *value) { return (Handle *)(value + 1); }
static inline PyObject *object_of(Handle *handle) { return (PyObject *)handle - 1; }
static inline int is_value(PyObject *x) { return Py_TYPE(x) == Value_type; }

static PyObject *allocated_value(void)
{
    PyObject *value = PyObject_Malloc((size_t)Value_type->tp_basicsize);
    if (value == NULL) {
        return PyErr_NoMemory();
    }
    memset(value, 0, (size_t)Value_type->tp_basicsize);
    return PyObject_Init(value, Value_type);
}

/* A Value that is the handle of nothing yet: without label, weak references and epoch. */
static INLINE PyObject *new_value(void)
{
    if (UNLIKELY(spares == 0)) {
        return allocated_value();
    }
    PyObject *value = spare[--spares];
#if defined(Py_DEBUG) || defined(Py_TRACE_REFS)
    return PyObject_Init(value, Value_type);
#else
    Py_SET_REFCNT(value, 1); /* it has its type already */
    return value;
#endif
}

/* For `Value(...)`: `__init__` makes it a leaf. */
static PyObject *blank_value(PyTypeObject *type, Py_ssize_t items)
{
    (void)type, (void)items;
    PyObject *value = new_value();
    if (value != NULL) {
        memset(handle_of(value), 0, sizeof(Handle));
    }
    return value;
}

static void free_value(PyObject *value)
{
    unbind(handle_of(value)); /* first: callbacks of weak references may look at the line, and must not find this */
    if (UNLIKELY(*(PyObject **)((char *)value + Value_type->tp_weaklistoffset) != NULL)) {
        PyObject_ClearWeakRefs(value);
    }
    if (is_value(value) && spares < SPARE_OBJECTS) {
        spare[spares++] = value;
    }
    else {
        Py_TYPE(value)->tp_free(value);
    }
    if (UNLIKELY(customs.dropped_count > 0)) {
        release_dropped();
    }
}

/* Become a leaf, whatever it was. */
static void become_leaf(Handle *x, double data)
{
    unbind(x);
    memset(x, 0, sizeof *x);
    x->data = data;
    x->number = tape.next_number++;
}

static void change_leaf(Handle *x, double data)
{
    x->data = data;
    x->changed = tape.next_number++;
    if (x->epoch == tape.epoch) {
        tape.lines[x->place].data = data;
    }
}

/* The living handle of a line, or a new one. */
static PyObject *value_at(Place place)
{
    if (has_handle(place)) {
        return Py_NewRef(object_of(tape.lines[place].handle));
    }
    PyObject *value = new_value();
    if (value != NULL) {
        rebind(handle_of(value), place);
    }
    return value;
}

/* Let methods and properties have the docstrings of the class that they are the twin of, which lives as long. */
static int take_over_docs(PyObject *names, PyObject *reference)
{
    PyObject *name, *described;
    for (Py_ssize_t i = 0; PyDict_Next(names, &i, &name, &described);) {
        const char **to = Py_IS_TYPE(described, &PyMethodDescr_Type) ? &((PyMethodDescrObject *)described)->d_method->ml_doc
                          : Py_IS_TYPE(described, &PyGetSetDescr_Type)
                              ? &((PyGetSetDescrObject *)described)->d_getset->doc
                              : NULL;
        PyObject *original = to ? PyObject_GetAttr(reference, name) : NULL;
        PyObject *doc = original ? PyObject_GetAttrString(original, "__doc__") : NULL;
        if (doc != NULL && PyUnicode_Check(doc)) {
            *to = PyUnicode_AsUTF8(doc);
        }
        Py_XDECREF(original);
        Py_XDECREF(doc);
        PyErr_Clear();
    }
    return 0;
}

/* ── the thread that records a function ─────────────────────────────────────────────────────────────────────────── */

#if defined(_MSC_VER)
static __declspec(thread) PyObject *recorder_of_thread;
#else
static _Thread_local PyObject *recorder_of_thread;
#endif
static int recorders = 0; /* in all threads: while there is none, asking costs one comparison */

/* What this thread records with, or NULL. */
static INLINE PyObject *current_recorder(void) { return UNLIKELY(recorders > 0) ? recorder_of_thread : NULL; }

static void set_current_recorder(PyObject *recorder)
{
    PyObject *old = recorder_of_thread;
    recorders += (recorder != NULL) - (old != NULL);
    recorder_of_thread = Py_XNewRef(recorder);
    Py_XDECREF(old);
}

/* For Cython, which raises what is set where a function returns -1. */
static int raise_what_is_set(void) { return PyErr_Occurred() ? -1 : 0; }

/* ── operands ───────────────────────────────────────────────────────────────────────────────────────────────────── */

/* The handle of a Value or NULL for a constant, and the number: 1, or 0 if `x` is no number, or -1 on an error. */
static INLINE int operand_of(PyObject *x, Handle **handle, double *number)
{
    if (is_value(x)) {
        *handle = handle_of(x);
        *number = (*handle)->data;
        return 1;
    }
    *handle = NULL;
    if (PyFloat_CheckExact(x)) {
        *number = PyFloat_AS_DOUBLE(x);
        return 1;
    }
    if (PyLong_CheckExact(x)) {
        *number = PyLong_AsDouble(x);
        return *number == -1.0 && PyErr_Occurred() ? -1 : 1;
    }
    PyObject *converted = PyObject_CallOneArg(as_number, x);
    if (converted == NULL) {
        return -1;
    }
    int is_number = PyFloat_Check(converted);
    *number = is_number ? PyFloat_AS_DOUBLE(converted) : 0.0;
    Py_DECREF(converted);
    return is_number;
}

/* ── recording ──────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Write a line for a number computed from at most two operands; `y` is not used for one. */
static PyObject *record_few(int tag, int count, Handle *x, Handle *y, const double *number, double data,
                                   const double *partial)
{
    PyObject *out = new_value();
    if (out == NULL) {
        return NULL;
    }
    if (UNLIKELY(!has_room(3, 0)) && !make_room(3, 0)) {
        Py_DECREF(out);
        return PyErr_NoMemory();
    }
    Place first = x != NULL ? place_of(x) : CONSTANT;
    Place second = count < 2 ? NO_OPERAND : y != NULL ? place_of(y) : CONSTANT;
    Line *line = &tape.lines[tape.count];
    line->operand[0] = first;
    line->operand[1] = second;
    line->partial[0] = x != NULL ? partial[0] : number[0];
    line->partial[1] = y != NULL ? partial[1] : number[1];
    tape.tags[tape.count] = (uint16_t)tag;
    bind(handle_of(out), data);
    return out;
}

/* Write a line for a number computed from any number of operands. */
static PyObject *record(int tag, uint64_t count, Handle *const *operand, const double *number, double data,
                        const double *partial)
{
    if (count <= 2) {
        return record_few(tag, (int)count, operand[0], operand[count - 1], number, data, partial);
    }
    PyObject *out = new_value();
    if (out == NULL) {
        return NULL;
    }
    if (!has_room(count + 1, count) && !make_room(count + 1, count)) {
        Py_DECREF(out);
        return PyErr_NoMemory();
    }
    const uint64_t epoch = tape.epoch;
    Place *place = tape.operand + tape.edges;
    double *kept = tape.partial + tape.edges;
    for (uint64_t k = 0; k < count; k++) {
        Handle *x = operand[k];
        place[k] = x == NULL ? CONSTANT : x->epoch == epoch ? x->place : place_of(x);
        kept[k] = x == NULL ? number[k] : partial[k];
    }
    Line *line = &tape.lines[tape.count];
    line->operand[0] = line->operand[1] = MANY;
    line->edges.first = tape.edges;
    line->edges.count = count;
    tape.edges += count;
    tape.tags[tape.count] = (uint16_t)tag;
    bind(handle_of(out), data);
    return out;
}

/* Write a line for a number computed by any row. The operands are somebody's own, for this may run Python code. */
static PyObject *record_row(PyObject *row, int tag, uint64_t count, Handle *const *operand, const double *number,
                            double data, const double *partial)
{
    if (tag == TAG_custom && !make_room_for_custom()) {
        return PyErr_NoMemory();
    }
    PyObject *out = record(tag, count, operand, number, data, partial);
    if (tag == TAG_custom && out != NULL) {
        own_custom(handle_of(out)->place, row);
    }
    return out;
}

/* Show a number computed just now to the watcher; NULL if it raises. */
static PyObject *shown(PyObject *out)
{
    PyObject *answer = out != NULL ? PyObject_CallOneArg(watcher, out) : NULL;
    if (answer == NULL) {
        Py_CLEAR(out);
    }
    Py_XDECREF(answer);
    return out;
}

static INLINE PyObject *watched(PyObject *out) { return UNLIKELY(watcher != NULL) ? shown(out) : out; }

static PyObject *record_watched(int tag, uint64_t count, Handle *const *operand, const double *number, double data,
                                const double *partial)
{
    return watched(record(tag, count, operand, number, data, partial));
}

static PyObject *record_row_watched(PyObject *row, int tag, uint64_t count, Handle *const *operand,
                                    const double *number, double data, const double *partial)
{
    return watched(record_row(row, tag, count, operand, number, data, partial));
}

/* ── the shortest ways: `tag` is a constant wherever the operation is known ─────────────────────────────────────── */

static INLINE PyObject *unary(int tag, PyObject *x)
{
    Handle *operand = handle_of(x);
    double number[2] = {operand->data, 0.0}, partial[2];
    double data = ROWS[tag].fixed(number, 1, partial);
    if (ROWS[tag].may_raise && PyErr_Occurred()) {
        return NULL;
    }
    return watched(record_few(tag, 1, operand, NULL, number, data, partial));
}

static INLINE PyObject *binary(int tag, PyObject *left, PyObject *right)
{
    Handle *x, *y;
    double number[2], partial[2];
    int known = operand_of(left, &x, &number[0]);
    if (UNLIKELY(known <= 0) || UNLIKELY((known = operand_of(right, &y, &number[1])) <= 0)) {
        return known < 0 ? NULL : Py_NewRef(Py_NotImplemented);
    }
    double data = ROWS[tag].fixed(number, (x != NULL) | (y != NULL) << 1, partial);
    if (ROWS[tag].may_raise && PyErr_Occurred()) {
        return NULL;
    }
    return watched(record_few(tag, 2, x, y, number, data, partial));
}

/* Whether the kernel of a row takes so many operands: those of `dot` are two halves. */
static int takes(int tag, Py_ssize_t count)
{
    if (tag >= BUILT_IN_COUNT || ROWS[tag].arity >= 0) {
        return tag < BUILT_IN_COUNT && ROWS[tag].arity == count;
    }
    return count > 0 && !(tag == TAG_dot && count % 2);
}

/* A row called as a function. NotImplemented asks for the long way, which also knows the errors. */
typedef PyObject *(*Way)(int tag, PyObject *const *args, Py_ssize_t count);

static PyObject *fixed_way(int tag, PyObject *const *args, Py_ssize_t count)
{
    Handle *operand[MOST_FIXED];
    double number[MOST_FIXED] = {0.0}, partial[MOST_FIXED];
    unsigned active = 0;
    if (!takes(tag, count)) {
        return Py_NewRef(Py_NotImplemented);
    }
    for (Py_ssize_t k = 0; k < count; k++) {
        int known = operand_of(args[k], &operand[k], &number[k]);
        if (known <= 0) {
            return known < 0 ? NULL : Py_NewRef(Py_NotImplemented);
        }
        active |= (unsigned)(operand[k] != NULL) << k;
    }
    double data = ROWS[tag].fixed(number, active, partial);
    if (ROWS[tag].may_raise && PyErr_Occurred()) {
        return NULL;
    }
    return active ? record_watched(tag, (uint64_t)count, operand, number, data, partial) : PyFloat_FromDouble(data);
}

static PyObject *unary_way(int tag, PyObject *const *args, Py_ssize_t count)
{
    return count == 1 && is_value(args[0]) ? unary(tag, args[0]) : fixed_way(tag, args, count);
}

/* Operands of a node of many, as they are gathered. No Python code runs between gathering and recording. */
typedef struct {
    Handle **operand;
    double *number, *partial;
    uint64_t count, capacity;
    int any_value;
} Operands;

static Operands gathered;

static int gather_reserve(uint64_t count)
{
    uint64_t capacity = 2 * count + 64;
    if (count > gathered.capacity) {
        if (!resized(&gathered.operand, capacity, sizeof(Handle *)) ||
            !resized(&gathered.number, capacity, sizeof(double)) ||
            !resized(&gathered.partial, capacity, sizeof(double))) {
            PyErr_NoMemory();
            return -1;
        }
        gathered.capacity = capacity;
    }
    return 1;
}

/* Gather Values, floats and ints: 1, or 0 if there is something else, or -1 on an error. */
static int gather(PyObject *const *items, Py_ssize_t count)
{
    if (gather_reserve(gathered.count + (uint64_t)count) < 0) {
        return -1;
    }
    Handle **operand = gathered.operand + gathered.count;
    double *number = gathered.number + gathered.count;
    int any_value = 0;
    for (Py_ssize_t k = 0; k < count; k++) {
        PyObject *x = items[k];
        if (is_value(x)) {
            any_value = 1;
            operand[k] = handle_of(x);
            number[k] = operand[k]->data;
            continue;
        }
        operand[k] = NULL;
        if (PyFloat_CheckExact(x)) {
            number[k] = PyFloat_AS_DOUBLE(x);
            continue;
        }
        if (!PyLong_CheckExact(x)) {
            return 0;
        }
        number[k] = PyLong_AsDouble(x);
        if (number[k] == -1.0 && PyErr_Occurred()) {
            PyErr_Clear(); /* there may be an error that comes before it */
            return 0;
        }
    }
    gathered.count += (uint64_t)count;
    gathered.any_value |= any_value;
    return 1;
}

static int gather_doubles(const double *numbers, Py_ssize_t count)
{
    if (count == 0) {
        return 1; /* memory may be none yet, and nothing must not be copied there */
    }
    if (gather_reserve(gathered.count + (uint64_t)count) < 0) {
        return -1;
    }
    memset(gathered.operand + gathered.count, 0, (size_t)count * sizeof(Handle *));
    memcpy(gathered.number + gathered.count, numbers, (size_t)count * sizeof(double));
    gathered.count += (uint64_t)count;
    return 1;
}

static void gather_begin(void) { gathered.count = 0, gathered.any_value = 0; }

/* The value of a row of many operands: a float for numbers, a Value for Values. */
static PyObject *value_on(int tag, const Operands *x)
{
    double data = ROWS[tag].many(x->number, (Py_ssize_t)x->count, x->any_value ? x->partial : NULL);
    if (ROWS[tag].may_raise && PyErr_Occurred()) {
        return NULL;
    }
    return x->any_value ? record_watched(tag, x->count, x->operand, x->number, data, x->partial)
                        : PyFloat_FromDouble(data);
}

/* The value on what was gathered. Where computing it calls Python, that may gather as well, or let go of an operand. */
static PyObject *gather_end(int tag)
{
    if (!ROWS[tag].may_raise) {
        return value_on(tag, &gathered);
    }
    Operands own = gathered;
    memset(&gathered, 0, sizeof gathered);
    for (uint64_t k = 0; k < own.count; k++) {
        Py_XINCREF(own.operand[k] ? object_of(own.operand[k]) : NULL);
    }
    PyObject *out = value_on(tag, &own);
    for (uint64_t k = 0; k < own.count; k++) {
        Py_XDECREF(own.operand[k] ? object_of(own.operand[k]) : NULL);
    }
    PyMem_RawFree(own.operand), PyMem_RawFree(own.number), PyMem_RawFree(own.partial);
    return out;
}

static PyObject *many_way(int tag, PyObject *const *args, Py_ssize_t count)
{
    gather_begin();
    int known = takes(tag, count) ? gather(args, count) : 0;
    return known > 0 ? gather_end(tag) : known < 0 ? NULL : Py_NewRef(Py_NotImplemented);
}

static Way way_of(int tag)
{
    const Row *row = &ROWS[tag];
    return row->arity == 1 ? unary_way : row->arity > 1 ? fixed_way : many_way;
}

#endif
