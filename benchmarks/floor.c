/* The least that a number of one's own costs in CPython: an object with one double, operators, a free list.

   It records nothing. What the benchmark measures with it is the interpreter: the loop, the calls of the operators,
   an object for each result. A type that also records a graph can come close to this, and not below. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>

typedef struct Number {
    PyObject_HEAD
    double data;
} Number;

static PyTypeObject NumberType;
static Number *unused[64]; /* objects kept for the next results */
static int unused_count = 0;

static PyObject *
number_from(double data)
{
    Number *made;
    if (unused_count) {
        made = unused[--unused_count];
        (void)PyObject_Init((PyObject *)made, &NumberType);
    } else {
        made = PyObject_New(Number, &NumberType);
        if (!made)
            return NULL;
    }
    made->data = data;
    return (PyObject *)made;
}

static void
number_dealloc(PyObject *self)
{
    if (unused_count < 64)
        unused[unused_count++] = (Number *)self;
    else
        PyObject_Free(self);
}

#define DATA(x) (((Number *)(x))->data)

#define OPERATOR(name, sign)                                                    \
    static PyObject *name(PyObject *x, PyObject *y)                             \
    {                                                                           \
        if (!Py_IS_TYPE(x, &NumberType) || !Py_IS_TYPE(y, &NumberType))         \
            Py_RETURN_NOTIMPLEMENTED;                                           \
        return number_from(DATA(x) sign DATA(y));                               \
    }

OPERATOR(number_add, +)
OPERATOR(number_multiply, *)

#define FUNCTION(name)                                                          \
    static PyObject *number_##name(PyObject *module, PyObject *x)               \
    {                                                                           \
        (void)module;                                                           \
        if (!Py_IS_TYPE(x, &NumberType))                                        \
            return PyErr_Format(PyExc_TypeError, #name ": expected a Number");  \
        return number_from(name(DATA(x)));                                      \
    }

FUNCTION(sin)
FUNCTION(exp)
FUNCTION(tanh)

static PyObject *
number_float(PyObject *self)
{
    return PyFloat_FromDouble(DATA(self));
}

static PyObject *
number_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    double data;
    (void)type, (void)keywords;
    return PyArg_ParseTuple(arguments, "d", &data) ? number_from(data) : NULL;
}

static PyNumberMethods number_operators = {
    .nb_add = number_add,
    .nb_multiply = number_multiply,
    .nb_float = number_float,
};

static PyTypeObject NumberType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "floor.Number",
    .tp_basicsize = sizeof(Number),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = number_new,
    .tp_dealloc = number_dealloc,
    .tp_as_number = &number_operators,
};

static PyMethodDef functions[] = {
    {"sin", number_sin, METH_O, NULL},
    {"exp", number_exp, METH_O, NULL},
    {"tanh", number_tanh, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, .m_name = "floor", .m_size = -1, .m_methods = functions};

PyMODINIT_FUNC
PyInit_floor(void)
{
    PyObject *made;
    if (PyType_Ready(&NumberType) < 0 || !(made = PyModule_Create(&module)))
        return NULL;
    if (PyModule_AddObjectRef(made, "Number", (PyObject *)&NumberType) < 0) {
        Py_DECREF(made);
        return NULL;
    }
    return made;
}
