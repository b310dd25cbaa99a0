# cython: language_level=3, c_api_binop_methods=True, embedsignature=False
"""The compiled twin of `value.py`: the same `Value`, as a handle to a line of a tape.

What is done often is C: `_tape.h` keeps the lines, `_custom.h` rows of one's own, `_value.h` records, `_sweeps.h`
differentiates, `_derivatives.h` records derivatives, `_flat.h` writes graphs down as arrays, `_kernels.h` and
`_rules.h`, printed from the table of primitives, compute. What is done seldom is the reference's own Python, called
from here, so there is one text for each error and one way of copying.
"""

import gc

from cpython.array cimport array, resize
from cpython.buffer cimport PyBUF_CONTIG_RO, PyBUF_FORMAT, PyBuffer_Release, PyObject_GetBuffer
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF, Py_XDECREF
from libc.stdint cimport int32_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from autograd import primitives, snapshot, sweeps, value
from autograd.errors import ArgumentError, GraphError, PrimitiveError
from autograd.flat import MOST_ROWS, Flat, too_many_rows
from autograd.primitives import as_float

cdef extern from "_value.h" nogil:
    ctypedef uint32_t Place
    enum: CONSTANT, OUTDATED, TAG_MASK, TAG_custom, BUILT_IN_COUNT, TABLE_CHECKSUM
    enum: TAG_identity, TAG_add, TAG_subtract, TAG_multiply, TAG_divide, TAG_power, TAG_negate, TAG_absolute
    enum: TAG_mod, TAG_floor_divide, TAG_fmod, TAG_exp, TAG_exp2, TAG_expm1, TAG_log, TAG_log2, TAG_log10, TAG_log1p
    enum: TAG_sqrt, TAG_cbrt, TAG_sin, TAG_cos, TAG_tan, TAG_asin, TAG_acos, TAG_atan, TAG_atan2, TAG_sinh, TAG_cosh
    enum: TAG_tanh, TAG_asinh, TAG_acosh, TAG_atanh, TAG_floor, TAG_ceil, TAG_trunc, TAG_round_to, TAG_copysign
    enum: TAG_hypot, TAG_relu, TAG_sigmoid, TAG_softplus, TAG_silu, TAG_gelu, TAG_dot
    enum: TAG_less, TAG_less_equal, TAG_greater, TAG_greater_equal, TAG_equal, TAG_not_equal
    enum: TAG_logical_and, TAG_logical_or, TAG_logical_not

    ctypedef struct Handle:
        uint64_t number, changed
        double data, grad
        PyObject *label
        Place place
        uint32_t computed
    ctypedef struct Line:
        Place operand[2]
    ctypedef struct Edges:
        Place *operand
        double *partial
        uint64_t count
    ctypedef struct Tape:
        Line *lines
        uint16_t *tags
        double *adjoint
        uint64_t count, swept
    ctypedef struct Custom:
        PyObject *row
        Place line
        uint32_t number
    ctypedef struct Customs:
        Custom *of
        uint64_t count
    ctypedef struct Row:
        const char *name
        int arity
        int may_raise
        double (*fixed)(const double *x, unsigned active, double *partial)
        double (*many)(const double *x, Py_ssize_t count, double *partial)
    ctypedef struct Question:
        const Place *from_ "from"
        const double *seed
        uint64_t seeds
        const Place *to
        double *found
        uint64_t wanted
    ctypedef enum Outcome:
        DONE, INTERRUPTED, NO_MEMORY, RAISED, CHANGED, ASKS

    Tape tape
    Customs customs
    const Row ROWS[]
    PyObject *EVALUATE[]
    PyTypeObject *Value_type
    PyObject *as_number
    PyObject *watcher
    void free_value(PyObject *) noexcept
    PyObject *blank_value(PyTypeObject *, Py_ssize_t) noexcept
    Handle *handle_of(PyObject *)
    bint is_value(PyObject *)
    bint is_nothing(double)
    double nothing()
    bint has_room(uint64_t lines, uint64_t edges)
    bint make_room(uint64_t lines, uint64_t edges)
    bint reserve_adjoints(uint64_t end)
    void pin()
    void unpin()
    PyObject *custom_at(Place)
    void drop_unneeded_custom()
    Place place_of(Handle *)
    Edges edges_of(Line *)
    void become_leaf(Handle *, double data)
    void change_leaf(Handle *, double data)
    Outcome c_backward "backward"(const Handle *root, double seed)
    Outcome c_adjoints "adjoints"(Question)
    Outcome c_tangents "tangents"(Question)
    int c_depend_on_older "depend_on_older"(const Place *results, uint64_t count, uint64_t first)

cdef extern from "_derivatives.h" nogil:
    ctypedef struct Term:
        double number
        Place place
    ctypedef struct Derivation:
        Place node
        Term *partial
        char *active
        uint64_t operands
        int answered
        Outcome outcome
    Term NOTHING
    Term number(double)
    Term new_choice(Derivation *, Term condition, Term yes, Term no)
    bint is_number(Term)
    Outcome begin_derivation(Derivation *, const Place *inputs, uint64_t count, const Place *results, uint64_t wanted)
    void seed_derivation(Derivation *, Place, Term, bint forth)
    void end_derivation(Derivation *)

cdef extern from "_derivatives.h":
    Outcome derive(Derivation *, bint back)
    Term found_at(Derivation *, Place)

cdef extern from "_value.h":
    object value_at(Place)
    object unary(int tag, object x)
    object binary(int tag, object left, object right)
    void release_dropped()
    object record_row(PyObject *row, int tag, uint64_t count, Handle **operand, const double *number, double data,
                      const double *partial)
    object record_row_watched(PyObject *row, int tag, uint64_t count, Handle **operand, const double *number,
                              double data, const double *partial)
    PyObject *current_recorder()
    void set_current_recorder(PyObject *)
    int raise_what_is_set() except -1
    int take_over_docs(PyObject *names, object reference) except -1
    void gather_begin()
    int gather(PyObject **items, Py_ssize_t count) except -1
    int gather_doubles(const double *numbers, Py_ssize_t count) except -1
    object gather_end(int tag)
    ctypedef object (*Way)(int tag, PyObject **args, Py_ssize_t count)
    Way way_of(int tag)
    bint takes(int tag, Py_ssize_t count)

cdef extern from "_flat.h" nogil:
    ctypedef struct Flattening:
        Place *older
        uint64_t olders, steps, edges, constants
        double *constant
        uint32_t *tag
        uint64_t rows
        int failed
    void flat_begin(Flattening *, uint64_t since)
    void flat_end(Flattening *)
    void flat_input(Flattening *, Place)
    void flat_need(Flattening *, Place)
    void flat_walk(Flattening *)
    void flat_custom(Flattening *, uint64_t count)
    bint flat_is_step(const Flattening *, uint64_t)
    int32_t flat_constant(Flattening *, double)
    int32_t flat_value(Flattening *, Place)
    void flat_write(Flattening *, uint16_t *step, uint32_t *start, int32_t *operand)
    void flat_settle(const Flattening *, int32_t *value, uint64_t count)

cdef extern from "Python.h":
    ctypedef object (*vectorcallfunc)(object, PyObject **, size_t, PyObject *)
    ctypedef object (*richcmpfunc)(object, object, int)
    ctypedef Py_hash_t (*hashfunc)(object)
    int PyErr_CheckSignals() except -1
    Py_ssize_t PyVectorcall_NARGS(size_t)
    object PyVectorcall_Call(object, object, object)
    object PyObject_Vectorcall(object, PyObject **, size_t, PyObject *)
    bint PyFloat_CheckExact(PyObject *)
    double PyFloat_AS_DOUBLE(PyObject *)
    PyObject **PySequence_Fast_ITEMS(object)
    Py_ssize_t PySequence_Fast_GET_SIZE(object)
    PyObject *PyUnicode_FromObject(object) except NULL
    unsigned long Py_TPFLAGS_HAVE_VECTORCALL
    richcmpfunc compare_floats "PyFloat_Type.tp_richcompare"
    hashfunc hash_of_object "PyBaseObject_Type.tp_hash"
    ctypedef struct TypeSlots "PyTypeObject":
        const char *tp_name
        void (*tp_dealloc)(PyObject *) noexcept
        PyObject *(*tp_alloc)(PyTypeObject *, Py_ssize_t) noexcept
        unsigned long tp_flags
        Py_ssize_t tp_vectorcall_offset
        PyObject *tp_dict
        object (*tp_call)(object, object, object)
    void PyType_Modified(PyTypeObject *)

Reference = value.Value
CHECKSUM = <unsigned int>TABLE_CHECKSUM  # of the table that this was compiled for


# ── primitives and their tags ────────────────────────────────────────────────────────────────────────────────────────

cdef list TAGGED = [primitives.TABLE[name] for name in primitives.TABLE if name in primitives.BUILT_IN]
cdef dict TAGS = {primitive: tag for tag, primitive in enumerate(TAGGED)}


cdef double value_of(int tag, const double *x, Py_ssize_t count, double *partial) except? -1.0:
    """Compute a row that is in C, with all its partials."""
    cdef double data
    if ROWS[tag].arity < 0:
        data = ROWS[tag].many(x, count, partial)
    else:
        data = ROWS[tag].fixed(x, (1 << count) - 1, partial)
    if ROWS[tag].may_raise:
        raise_what_is_set()
    return data


def kernel(name, operands):
    """Return the value of a row of the library on numbers, and its partials, as the compiled kernel computes them."""
    cdef Py_ssize_t k, count = len(operands)
    cdef int tag = TAGS[primitives.named(name)]
    cdef Buffers buffers = Buffers(count)
    if not takes(tag, count):
        raise PrimitiveError(f"{name}: no kernel for {count} operands")
    for k in range(count):
        buffers.number[k] = operands[k]
    value = value_of(tag, buffers.number, count, buffers.partial)
    return value, tuple([None if is_nothing(buffers.partial[k]) else buffers.partial[k] for k in range(count)])


cdef class Buffers:
    """Operands of a node on their way to the tape."""

    cdef Handle **operand
    cdef double *number
    cdef double *partial

    def __cinit__(self, size_t count):
        self.operand = <Handle **>PyMem_Malloc((count + 1) * sizeof(Handle *))
        self.number = <double *>PyMem_Malloc((count + 1) * sizeof(double))
        self.partial = <double *>PyMem_Malloc((count + 1) * sizeof(double))
        if self.operand == NULL or self.number == NULL or self.partial == NULL:
            raise MemoryError

    def __dealloc__(self):
        PyMem_Free(self.operand)
        PyMem_Free(self.number)
        PyMem_Free(self.partial)


cdef object record_any(object primitive, tuple operands):
    """Record any row on Values and real numbers; NotImplemented if an operand is neither."""
    cdef Py_ssize_t k, count = len(operands)
    cdef int tag
    cdef double data
    cdef Buffers buffers = Buffers(count)
    cdef list numbers = []
    for k, x in enumerate(operands):
        if type(x) is Value:
            buffers.operand[k] = &(<Value>x).handle
            buffers.number[k] = (<Value>x).handle.data
        else:
            x = x if type(x) is float else as_number_of(x)
            if x is NotImplemented:
                return NotImplemented
            buffers.operand[k] = NULL
            buffers.number[k] = x
        numbers.append(buffers.number[k])
    if count == 0:
        return Value(primitive.evaluate())
    tag = TAGS.get(primitive, TAG_custom)
    if takes(tag, count):
        data = value_of(tag, buffers.number, count, buffers.partial)
    else:
        found = primitive.evaluate(*numbers)
        data = found
        active = [type(x) is Value for x in operands]
        set_partials(buffers.partial, primitive.partials(found, numbers, active), count)
    return record_row_watched(<PyObject *>primitive, tag, count, buffers.operand, buffers.number, data, buffers.partial)


cdef int set_partials(double *partial, object found, Py_ssize_t count) except -1:
    cdef Py_ssize_t k
    for k in range(count):
        partial[k] = nothing()
    for k, number in zip(range(count), found):
        if number is not None:
            partial[k] = number
    return 0


cdef inline double as_double(object x, str where) except? -1.0:
    if PyFloat_CheckExact(<PyObject *>x):
        return PyFloat_AS_DOUBLE(<PyObject *>x)
    return as_float(x, where, "a real number")


cdef object as_number_of = value.as_number


# ── Value ────────────────────────────────────────────────────────────────────────────────────────────────────────────


cdef class Value:
    cdef Handle handle  # right behind the head of the object: see `handle_of`
    cdef object __weakref__

    def __init__(self, data, *, label=""):
        cdef double number = as_double(data, "Value")
        name = value.as_label(label)
        become_leaf(&self.handle, number)
        if name:
            set_label(&self.handle, name)

    @property
    def data(self):
        if current_recorder() != NULL:
            refuse("x.data")
        return self.handle.data

    @data.setter
    def data(self, number):
        if self.handle.computed:
            raise GraphError(value.COMPUTED)
        if current_recorder() != NULL:
            refuse("x.data = …")
        cdef double new = as_double(number, "data")
        change_leaf(&self.handle, new)

    @property
    def grad(self):
        if current_recorder() != NULL:
            refuse("x.grad")
        return grad_of(&self.handle)

    @grad.setter
    def grad(self, number):
        if current_recorder() != NULL:
            refuse("x.grad = …")
        cdef double new = as_double(number, "grad")
        set_grad(&self.handle, new)

    @property
    def label(self):
        return <str>self.handle.label if self.handle.label != NULL else ""

    @label.setter
    def label(self, text):
        set_label(&self.handle, value.as_label(text))

    @property
    def number(self):
        return self.handle.number

    @property
    def changed(self):
        if self.handle.computed:
            return -1 if tape.tags[self.handle.place] & OUTDATED else 0
        return self.handle.changed

    @property
    def primitive(self):
        return row_at(self.handle.place) if self.handle.computed else None

    @property
    def operands(self):
        if not self.handle.computed:
            return ()
        cdef uint64_t k
        cdef list found = []
        for k in range(edges_of(&tape.lines[self.handle.place]).count):
            found.append(operand_at(edges_of(&tape.lines[self.handle.place]), k))
        return tuple(found)

    @property
    def partials(self):
        if not self.handle.computed:
            return ()
        cdef uint64_t k
        cdef list found = []
        for k in range(edges_of(&tape.lines[self.handle.place]).count):
            found.append(partial_at(edges_of(&tape.lines[self.handle.place]), k))
        return tuple(found)

    def backward(self, seed=1.0):
        if current_recorder() != NULL:
            refuse("x.backward()")
        cdef double number = as_double(seed, "backward: seed")
        if not self.handle.computed:
            self.handle.grad += number
            return
        if watcher != NULL:
            watching[1](self, number)
        while not is_done(c_backward(&self.handle, number)):
            pass

    # ── operators ────────────────────────────────────────────────────────────────────────────────────────────────────

    def __add__(left, right):
        return binary(TAG_add, left, right)

    def __sub__(left, right):
        return binary(TAG_subtract, left, right)

    def __mul__(left, right):
        return binary(TAG_multiply, left, right)

    def __truediv__(left, right):
        return binary(TAG_divide, left, right)

    def __pow__(left, right, modulus):
        return NotImplemented if modulus is not None else binary(TAG_power, left, right)

    def __mod__(left, right):
        return binary(TAG_mod, left, right)

    def __floordiv__(left, right):
        return binary(TAG_floor_divide, left, right)

    def __divmod__(left, right):
        quotient = binary(TAG_floor_divide, left, right)
        return quotient if quotient is NotImplemented else (quotient, binary(TAG_mod, left, right))

    def __neg__(self):
        return unary(TAG_negate, self)

    def __pos__(self):
        return unary(TAG_identity, self)

    def __abs__(self):
        return unary(TAG_absolute, self)

    def __floor__(self):
        return unary(TAG_floor, self)

    def __ceil__(self):
        return unary(TAG_ceil, self)

    def __trunc__(self):
        return unary(TAG_trunc, self)

    def __richcmp__(self, other, int relation):
        if current_recorder() != NULL:
            return binary(RELATIONS[relation], self, other)
        if type(other) is Value:
            return compare(self.handle.data, (<Value>other).handle.data, relation)
        if PyFloat_CheckExact(<PyObject *>other):
            return compare(self.handle.data, PyFloat_AS_DOUBLE(<PyObject *>other), relation)
        if not isinstance(other, (int, float)):
            other = as_number_of(other)
        return compare_floats(self.handle.data, other, relation)

    def __hash__(self):
        return hash_of_object(self)

    def __bool__(self):
        if current_recorder() != NULL:
            return (<object>current_recorder()).truth(self)
        return self.handle.data != 0.0

    def __and__(left, right):
        return binary(TAG_logical_and, left, right) if current_recorder() != NULL else NotImplemented

    def __or__(left, right):
        return binary(TAG_logical_or, left, right) if current_recorder() != NULL else NotImplemented

    def __invert__(self):
        if current_recorder() == NULL:
            raise TypeError(value.NO_INVERSE)
        return unary(TAG_logical_not, self)

    # ── functions as methods ─────────────────────────────────────────────────────────────────────────────────────────

    def exp(self):
        return unary(TAG_exp, self)

    def exp2(self):
        return unary(TAG_exp2, self)

    def expm1(self):
        return unary(TAG_expm1, self)

    def sqrt(self):
        return unary(TAG_sqrt, self)

    def cbrt(self):
        return unary(TAG_cbrt, self)

    def log(self):
        return unary(TAG_log, self)

    def log2(self):
        return unary(TAG_log2, self)

    def log10(self):
        return unary(TAG_log10, self)

    def log1p(self):
        return unary(TAG_log1p, self)

    def sin(self):
        return unary(TAG_sin, self)

    def cos(self):
        return unary(TAG_cos, self)

    def tan(self):
        return unary(TAG_tan, self)

    def arcsin(self):
        return unary(TAG_asin, self)

    def arccos(self):
        return unary(TAG_acos, self)

    def arctan(self):
        return unary(TAG_atan, self)

    def sinh(self):
        return unary(TAG_sinh, self)

    def cosh(self):
        return unary(TAG_cosh, self)

    def tanh(self):
        return unary(TAG_tanh, self)

    def arcsinh(self):
        return unary(TAG_asinh, self)

    def arccosh(self):
        return unary(TAG_acosh, self)

    def arctanh(self):
        return unary(TAG_atanh, self)

    def fabs(self):
        return unary(TAG_absolute, self)

    def floor(self):
        return unary(TAG_floor, self)

    def ceil(self):
        return unary(TAG_ceil, self)

    def trunc(self):
        return unary(TAG_trunc, self)

    def relu(self):
        return unary(TAG_relu, self)

    def sigmoid(self):
        return unary(TAG_sigmoid, self)

    def softplus(self):
        return unary(TAG_softplus, self)

    def silu(self):
        return unary(TAG_silu, self)

    def gelu(self):
        return unary(TAG_gelu, self)

    def arctan2(self, other):
        return binary_method(TAG_atan2, self, other)

    def fmod(self, other):
        return binary_method(TAG_fmod, self, other)

    def copysign(self, other):
        return binary_method(TAG_copysign, self, other)

    def hypot(self, *others):
        return self.__primitive__(primitives.hypot, (self, *others))

    # ── the reference's own ──────────────────────────────────────────────────────────────────────────────────────────

    def __float__(self):
        refuse("float(x)")
        return Reference.__float__(self)

    def __int__(self):
        refuse("int(x)")
        return Reference.__int__(self)

    def __repr__(self):
        return value.shown(self.handle.data, grad_of(&self.handle), self.label)

    def __format__(self, spec):
        return format(self.handle.data, spec) if spec else repr(self)

    def __deepcopy__(self, memo):
        refuse("a copy")
        return snapshot.deep_copy(self, memo, restore)

    def __copy__(self):
        return self.__deepcopy__({})

    def __reduce__(self):
        refuse("a pickle")
        return snapshot.reduced(self, restore, restore_graph)

    def __primitive__(self, primitive, operands):
        made = record_any(primitive, operands)
        if made is NotImplemented:
            raise value.stranger(primitive, operands, Value)
        return made


cdef inline object compare(double x, double y, int relation):
    if relation == 0:
        return x < y
    if relation == 1:
        return x <= y
    if relation == 2:
        return x == y
    if relation == 3:
        return x != y
    return x > y if relation == 4 else x >= y


cdef object binary_method(int tag, object x, object y):
    made = binary(tag, x, y)
    return x.__primitive__(TAGGED[tag], (x, y)) if made is NotImplemented else made


cdef object row_at(Place place):
    cdef int tag = tape.tags[place] & TAG_MASK
    return <object>custom_at(place) if tag == TAG_custom else TAGGED[tag]


def collect(phase, info):
    """Let go of custom rows that no living Value needs, as the collector, which does not see the tape, begins.

    They may hold Values themselves, captured by functions, and so be what keeps the tape from being empty.
    """
    if phase == "start" and info["generation"] == 2:
        drop_unneeded_custom()
        release_dropped()


cdef object partial_at(Edges edges, uint64_t k):
    return None if edges.operand[k] == CONSTANT or is_nothing(edges.partial[k]) else edges.partial[k]


cdef object operand_at(Edges edges, uint64_t k):
    return edges.partial[k] if edges.operand[k] == CONSTANT else value_at(edges.operand[k])


cdef int set_label(Handle *x, object text) except -1:
    """Set a label, a str; of a subclass, a plain copy is kept, with which no Python code can come."""
    cdef PyObject *old = x.label
    x.label = NULL if not text else PyUnicode_FromObject(text)
    Py_XDECREF(old)
    return 0


cdef double grad_of(Handle *x) noexcept:
    if not x.computed:
        return x.grad
    return tape.adjoint[x.place] if x.place < tape.swept else 0.0


cdef int set_grad(Handle *x, double grad) except -1:
    if not x.computed:
        x.grad = grad
    else:
        if not reserve_adjoints(<uint64_t>x.place + 1):
            raise MemoryError
        tape.adjoint[x.place] = grad
    return 0


cdef int is_done(Outcome outcome) except -1:
    """Return whether a sweep came to its end; if it was interrupted and the interrupt raises nothing, do it again."""
    if outcome == NO_MEMORY:
        raise MemoryError
    if outcome == INTERRUPTED:
        PyErr_CheckSignals()
    if outcome == RAISED:
        raise_what_is_set()
    return outcome == DONE


cdef tuple watching = (None, None)


def watch(computed, before):
    """From now on, call `computed` with every new Value, `before` with root and seed of each sweep; None ends it."""
    global watcher, watching
    watcher = NULL if computed is None else <PyObject *>computed
    watching = computed, before


def restore(primitive, operands, partials, outdated, data, grad, label):
    """Make a Value from all that another one holds but its number: its copy is newer than its operands' copies."""
    cdef Py_ssize_t k, count = len(operands)
    if count == 0:
        leaf = Value(data, label=label)
        leaf.grad = grad
        return leaf
    cdef Buffers buffers = Buffers(count)
    for k, x in enumerate(operands):
        buffers.operand[k] = &(<Value>x).handle if type(x) is Value else NULL
        buffers.number[k] = (<Value>x).handle.data if type(x) is Value else x
    set_partials(buffers.partial, partials, count)
    cdef int tag = TAGS.get(primitive, TAG_custom)
    cdef PyObject *row = <PyObject *>primitive
    cdef Value made = record_row(row, tag, count, buffers.operand, buffers.number, data, buffers.partial)
    if outdated:
        tape.tags[made.handle.place] |= OUTDATED
    set_grad(&made.handle, grad)
    set_label(&made.handle, label)
    return made


def restore_graph(lines):
    """Make the nodes of a snapshot again."""
    return snapshot.nodes_of(lines, restore)


# ── the thread that records a function ───────────────────────────────────────────────────────────────────────────────


cdef int RELATIONS[6]  # by Python's numbers for them
RELATIONS[:] = [TAG_less, TAG_less_equal, TAG_equal, TAG_not_equal, TAG_greater, TAG_greater_equal]


def recorder():
    """Return what this thread records a function with; None if it does not."""
    return <object>current_recorder() if current_recorder() != NULL else None


def set_recorder(new):
    """Begin or end to record in this thread: comparisons make Values, and numbers are not given away."""
    set_current_recorder(<PyObject *>new if new is not None else NULL)


def refuse(what):
    """Raise an error in a recording: this would freeze a number."""
    if current_recorder() != NULL:
        (<object>current_recorder()).refuse(what)


def read(Value x not None):
    """Return the number of a Value, also in a recording."""
    return x.handle.data


# ── sweeps ───────────────────────────────────────────────────────────────────────────────────────────────────────────


cdef class Places:
    """Lines of Values, and a number for each."""

    cdef Place *place
    cdef double *number
    cdef Py_ssize_t count
    cdef list held

    def __cinit__(self, values):
        self.held = list(values)
        self.count = len(self.held)
        self.place = <Place *>PyMem_Malloc((self.count + 1) * sizeof(Place))
        self.number = <double *>PyMem_Malloc((self.count + 1) * sizeof(double))
        if self.place == NULL or self.number == NULL:
            raise MemoryError

    def __dealloc__(self):
        PyMem_Free(self.place)
        PyMem_Free(self.number)


    cdef int find(self) except -1:
        """Find the lines, for which there is room; leaves take one."""
        cdef Py_ssize_t k
        for k in range(self.count):
            self.place[k] = place_of(&(<Value?>self.held[k]).handle)
        return 0


cdef int locate(Places one, Places other) except -1:
    """Find the lines of both, which hold until something is recorded."""
    if not has_room(one.count + other.count, 0) and not make_room(one.count + other.count, 0):
        raise MemoryError
    one.find()
    other.find()
    return 0


ctypedef Outcome (*Sweep)(Question) noexcept


cdef list answer(Sweep sweep, object seeds, object wanted):
    """Return what a sweep finds at the wanted Values, given the seeds."""
    cdef Py_ssize_t k
    cdef Places given = Places(seeds), asked = Places(wanted)
    cdef Question question
    if given.count == 0 or asked.count == 0:
        return [0.0] * asked.count
    for k, seed in enumerate(seeds.values()):
        given.number[k] = seed
    while True:
        locate(given, asked)
        question = Question(given.place, given.number, given.count, asked.place, asked.number, asked.count)
        if is_done(sweep(question)):
            return [asked.number[k] for k in range(asked.count)]


def adjoints(seeds, inputs, *, record=False):
    """Return Σ seed · ∂result/∂input for each input: numbers, or with `record` Values where they depend on one."""
    if record:
        return sweeps.adjoints(seeds, inputs, record=True) if watcher != NULL else derived(seeds, inputs, False)
    return answer(c_adjoints, seeds, inputs)


def tangents(outputs, seeds, *, record=False):
    """Return Σ ∂output/∂input · seed for each output: numbers, or with `record` Values where they depend on one."""
    if record:
        return sweeps.tangents(outputs, seeds, record=True) if watcher != NULL else derived(seeds, outputs, True)
    return answer(c_tangents, seeds, outputs)


cdef class Derived:
    """A sweep that records, while which lines stay where they are."""

    cdef Derivation derivation

    def __cinit__(self):
        pin()

    def __dealloc__(self):
        end_derivation(&self.derivation)
        unpin()
        release_dropped()

    cdef Term term(self, object x) except *:
        """Return a number, a Value, nothing, or a choice, as a term."""
        cdef Term condition, yes, no
        if type(x) is Value:
            if not has_room(1, 0) and not make_room(1, 0):
                raise MemoryError
            return Term((<Value>x).handle.data, place_of(&(<Value>x).handle))
        if x is None:
            return NOTHING
        if type(x) is primitives.Choice:
            condition, yes, no = self.term(x.condition), self.term(x.yes), self.term(x.no)
            return new_choice(&self.derivation, condition, yes, no)
        return number(x)

    cdef int ask(self) except -1:
        """Ask the rule of the node in turn for its partials."""
        cdef uint64_t k
        cdef Derivation *d = &self.derivation
        node = value_at(d.node)
        operands = node.operands
        found = node.primitive.partials(node, operands, [d.active[k] != 0 for k in range(d.operands)])
        for k, partial in zip(range(d.operands), found):
            d.partial[k] = self.term(partial)
        d.answered = True
        return 0


cdef list derived(object seeds, object wanted, bint forth):
    """Return what a sweep finds at the wanted Values, given the seeds: Values where it depends on one."""
    cdef Py_ssize_t k
    cdef Term found
    cdef Outcome outcome = INTERRUPTED
    cdef Places given = Places(seeds), asked = Places(wanted)
    cdef Places inputs = given if forth else asked, results = asked if forth else given
    cdef Derived sweep = Derived()
    cdef Derivation *d = &sweep.derivation
    if given.count == 0 or asked.count == 0:
        return [0.0] * asked.count
    locate(given, asked)
    while not is_done(begin_derivation(d, inputs.place, inputs.count, results.place, results.count)):
        pass
    for k, seed in zip(range(given.count), seeds.values()):
        seed_derivation(d, given.place[k], sweep.term(seed), forth)
    while outcome != DONE:
        outcome = derive(d, not forth)
        is_done(outcome)
        if outcome == ASKS:
            sweep.ask()
        elif outcome == CHANGED:
            raise sweeps.changed(value_at(d.node))
    answers = []
    for k in range(asked.count):
        found = found_at(d, asked.place[k])
        is_done(d.outcome)
        answers.append(found.number if is_number(found) else value_at(found.place))
    return answers


def depend_on_older(results, uint64_t first):
    """Return whether Values are, or depend on, Values made before number `first`."""
    cdef Places places = Places(results), none = Places(())
    if places.count == 0:
        return False
    locate(places, none)
    cdef int found = c_depend_on_older(places.place, places.count, first)
    if found < 0:
        raise MemoryError
    return found == 1


# ── arrays ───────────────────────────────────────────────────────────────────────────────────────────────────────────


cdef class Flattened:
    """What is on the way from the tape to arrays."""

    cdef Flattening state

    def __dealloc__(self):
        flat_end(&self.state)

    cdef int check(self) except -1:
        if self.state.failed:
            raise MemoryError
        return 0


cdef int number_custom(const Flattening *f, list rows, dict numbers) except -1:
    """Number the custom rows that are needed, and collect them."""
    cdef uint64_t k
    cdef size_t address
    for k in range(customs.count):
        if flat_is_step(f, customs.of[k].line):
            address = <size_t>customs.of[k].row
            if address not in numbers:
                numbers[address] = len(rows)
                rows.append(<object>customs.of[k].row)
            customs.of[k].number = numbers[address]
    return 0


def flat(roots, inputs, uint64_t since=0):
    """Return how the roots are computed from the inputs and from what is older than number `since`, as arrays.

    All objects are made before lines are found: making one may begin a collection, which may run anything.
    """
    cdef list wanted = list(roots), captured = [], rows = [], custom = []
    cdef dict numbers = {}
    cdef Places given = Places(inputs), asked = Places([x for x in wanted if type(x) is not float])
    cdef Flattened flattened = Flattened()
    cdef Flattening *f = &flattened.state
    cdef array steps = array("H"), starts = array("I"), operands = array("I"), ends = array("I"), constants = array("d")
    cdef Py_ssize_t k
    locate(given, asked)
    flat_begin(f, since)
    flattened.check()
    for k in range(given.count):
        flat_input(f, given.place[k])
    for k in range(asked.count):
        flat_need(f, asked.place[k])
    flat_walk(f)
    flattened.check()
    for k in range(<Py_ssize_t>f.olders):
        captured.append(value_at(f.older[k]))
    resize(steps, f.steps), resize(starts, f.steps + 1), resize(operands, f.edges), resize(ends, len(wanted))
    number_custom(f, custom, numbers)
    flat_custom(f, len(custom))
    flattened.check()
    flat_write(f, steps.data.as_ushorts, starts.data.as_uints, <int32_t *>operands.data.as_ints)
    for k, x in enumerate(wanted):
        ends.data.as_ints[k] = flat_constant(f, x) if type(x) is float else flat_value(f, (<Value>x).handle.place)
    flattened.check()
    flat_settle(f, <int32_t *>operands.data.as_ints, f.edges)
    flat_settle(f, <int32_t *>ends.data.as_ints, len(wanted))
    if f.constants > 0:
        resize(constants, f.constants)
        memcpy(constants.data.as_doubles, f.constant, 8 * f.constants)
    if f.rows > <uint64_t>MOST_ROWS:
        raise too_many_rows()
    for k in range(<Py_ssize_t>f.rows):
        rows.append(TAGGED[f.tag[k]] if f.tag[k] < BUILT_IN_COUNT else custom[f.tag[k] - BUILT_IN_COUNT])
    return Flat(captured, constants, rows, steps, starts, operands, ends)


# ── functions ────────────────────────────────────────────────────────────────────────────────────────────────────────


cdef class Function:
    """A row of the table, called without detours: what it does with numbers and Values is what the row does."""

    cdef vectorcallfunc vectorcall
    cdef Way way
    cdef int tag
    cdef readonly object primitive

    def __init__(self, primitive):
        self.primitive, self.tag = primitive, TAGS[primitive]
        self.vectorcall, self.way = <vectorcallfunc>call, way_of(self.tag)

    def __getattr__(self, name):
        return getattr(self.primitive, name)

    @property
    def __class__(self):
        return primitives.Primitive

    @property
    def __doc__(self):
        return self.primitive.__doc__

    def __eq__(self, other):
        return self.primitive == ((<Function>other).primitive if type(other) is Function else other)

    def __hash__(self):
        return hash(self.primitive)

    def __repr__(self):
        return repr(self.primitive)

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        return function, (self.primitive,)


cdef object call(object self, PyObject **args, size_t flags, PyObject *names):
    cdef Function f = <Function>self
    if names == NULL:
        made = f.way(f.tag, args, PyVectorcall_NARGS(flags))
        if made is not NotImplemented:
            return made
    return PyObject_Vectorcall(f.primitive, args, PyVectorcall_NARGS(flags), names)


cdef dict FUNCTIONS = {}


def function(primitive):
    """Return a row of the library as the function that users call."""
    if primitive not in FUNCTIONS:
        FUNCTIONS[primitive] = Function(primitive)
    return FUNCTIONS[primitive]


def over(primitive, *rows):
    """Return the value of a primitive of many operands on those in rows, which have to be equally long."""
    cdef Py_ssize_t count, length = -1
    cdef int tag = TAGS.get(primitive, BUILT_IN_COUNT)
    if tag == BUILT_IN_COUNT or ROWS[tag].arity >= 0:
        return value.over(primitive, *rows)
    for row in rows:
        if type(row) is not list and type(row) is not tuple and not is_plain_buffer(row):
            rows = tuple([tuple(row) for row in rows])
            break
    gather_begin()
    for row in rows:
        count = gather_row(row)
        if count < 1 or (length != count and length >= 0):
            return value.over(primitive, *rows)
        length = count
    return gather_end(tag) if takes(tag, length * len(rows)) else value.over(primitive, *rows)


cdef bint is_plain_buffer(object row):
    """Return whether a buffer holds what iteration would give, and gives it without running Python code."""
    kind = type(row)
    return kind is array or kind is memoryview or (kind.__name__ == "ndarray" and kind.__module__ == "numpy")


cdef Py_ssize_t gather_row(object row) except -1:
    """Gather Values and numbers; return how many, or 0 if there is anything else."""
    cdef Py_buffer view
    cdef Py_ssize_t count = 0
    if type(row) is list or type(row) is tuple:
        count = PySequence_Fast_GET_SIZE(row)
        return count if gather(PySequence_Fast_ITEMS(row), count) else 0
    try:
        PyObject_GetBuffer(row, &view, PyBUF_CONTIG_RO | PyBUF_FORMAT)
    except (BufferError, ValueError):  # as an array of every other number gives none
        return 0
    try:
        if view.ndim == 1 and view.format != NULL and view.format[0] == b"d" and view.format[1] == 0:
            count = view.shape[0]
            gather_doubles(<double *>view.buf, count)
        return count
    finally:
        PyBuffer_Release(&view)


# ── what the C of this module needs to know ──────────────────────────────────────────────────────────────────────────


TAKEN_OVER = (
    "__doc__", "__init_subclass__", "__round__", "rint", "degrees", "radians", "rad2deg", "deg2rad",
    "conjugate",
)  # from the reference as they are


cdef int set_up() except -1:
    global Value_type, as_number
    cdef TypeSlots *slots = <TypeSlots *>Value
    cdef Value x = Value.__new__(Value)
    cdef Function f = Function.__new__(Function)
    if <void *>&x.handle != <void *>handle_of(<PyObject *>x):
        raise ImportError("a compiled Value does not begin with its handle")
    Value_type = <PyTypeObject *>Value
    as_number = <PyObject *>as_number_of
    slots.tp_name = "autograd.Value"
    slots.tp_alloc, slots.tp_dealloc = blank_value, free_value
    for name in TAKEN_OVER:
        (<dict>slots.tp_dict)[name] = Reference.__dict__[name]
    take_over_docs(slots.tp_dict, Reference)
    PyType_Modified(Value_type)
    slots = <TypeSlots *>Function
    slots.tp_name = "autograd.Primitive"
    slots.tp_vectorcall_offset = <char *>&f.vectorcall - <char *><PyObject *>f
    slots.tp_call = PyVectorcall_Call
    slots.tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL
    for primitive, tag in TAGS.items():
        evaluate = primitive.evaluate
        Py_INCREF(evaluate)
        EVALUATE[<int>tag] = <PyObject *>evaluate
    gc.callbacks.append(collect)
    for shared in (restore, restore_graph, function):
        shared.__module__ = "autograd.core"
    return 0


set_up()
