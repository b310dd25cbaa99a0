# Which variables of passes.py are numbers of C, or lists of Python, where it is compiled.

cimport cython

ctypedef const unsigned short[::1] Steps
ctypedef const unsigned int[::1] Operands
ctypedef unsigned int[::1] Numbers
ctypedef int[::1] Slots
ctypedef long long[::1] Counts
ctypedef double[::1] Reals

cdef class Writer:
    cdef readonly Py_ssize_t inputs, count
    cdef readonly list constants, rows, steps, starts, operands
    cdef readonly dict support
    cdef dict _constant_places, _row_places
    cdef list _written, _commutative
    cdef bint _sharing

    cpdef Py_ssize_t constant(self, double x)
    cpdef Py_ssize_t row(self, primitive)
    @cython.locals(result=Py_ssize_t, known=Py_ssize_t)
    cpdef Py_ssize_t step(self, Py_ssize_t row, list operands)
    @cython.locals(x=Py_ssize_t, y=Py_ssize_t)
    cdef _key(self, Py_ssize_t row, list operands)
    cpdef primitive(self, Py_ssize_t v)
    @cython.locals(step=Py_ssize_t)
    cpdef list operands_of(self, Py_ssize_t v)
    @cython.locals(inputs=Py_ssize_t, shift=Py_ssize_t, v=Py_ssize_t, place=Py_ssize_t, room=Numbers)
    cdef _numbered(self, list values)

@cython.locals(found=dict)
cdef dict _needed_nodes(list waiting, dict known)

@cython.locals(operands=list)
cdef _write(Writer writer, dict nodes, dict places)

@cython.locals(
    new=Counts, rows=list, known=list, rule=list, always=list, steps=Steps, starts=Operands, old=Operands, operands=list,
    first=Py_ssize_t, i=Py_ssize_t, k=Py_ssize_t, v=Py_ssize_t, step=Py_ssize_t, start=Py_ssize_t, end=Py_ssize_t,
    constants=Py_ssize_t,
)
cdef _rewritten(program, Writer writer, rules)

@cython.locals(i=Py_ssize_t)
cdef _begun(program, Writer writer, bytearray needed=*)

cdef bint _is(Writer writer, Py_ssize_t v, double x)
cdef bint _is_condition(Writer writer, Py_ssize_t v)
cdef bint _implies(Writer w, Py_ssize_t x, Py_ssize_t y, int depth=*)
cdef _support(Writer w, Py_ssize_t v)
cdef Py_ssize_t _supported(Writer w, Py_ssize_t v, condition)
cdef _both(Writer w, x, y)
cdef _either(Writer w, x, y)
cdef Py_ssize_t _choice(Writer w, Py_ssize_t condition, Py_ssize_t x, Py_ssize_t y)
cdef Py_ssize_t _selected(Writer w, Py_ssize_t condition, Py_ssize_t x)

@cython.locals(
    writer=Writer, needed=bytearray, new=Counts, rows=list, steps=Steps, starts=Operands, old=Operands,
    first=Py_ssize_t, i=Py_ssize_t, k=Py_ssize_t, v=Py_ssize_t, step=Py_ssize_t, start=Py_ssize_t, end=Py_ssize_t,
)
cpdef drop(program)

@cython.locals(
    starts=Operands, operands=Operands, needed=bytearray, first=Py_ssize_t, i=Py_ssize_t, k=Py_ssize_t, v=Py_ssize_t,
)
cdef bytearray _needed(program)

@cython.locals(
    starts=Operands, operands=Operands, marks=bytearray, first=Py_ssize_t, i=Py_ssize_t, k=Py_ssize_t, v=Py_ssize_t,
)
cpdef bytearray uniform(program)

@cython.locals(
    writer=Writer, new=Counts, factors=Reals, rows=list, kinds=list, uses=Counts, marks=bytearray, steps=Steps,
    starts=Operands, old=Operands, operands=list, first=Py_ssize_t, i=Py_ssize_t, k=Py_ssize_t, v=Py_ssize_t,
    start=Py_ssize_t, kind=Py_ssize_t, x=Py_ssize_t, y=Py_ssize_t, operand=Py_ssize_t, factor=double,
)
cpdef carry(program)

cdef bint _is_divided(Writer writer, Py_ssize_t divisor, double factor)
cdef bint _is_moderate(double x)
cdef Py_ssize_t _multiplied(Writer writer, Counts new, Reals factors, Py_ssize_t v)

@cython.locals(
    writer=Writer, sums=dict, absorbed=bytearray, new=Counts, rows=list, steps=Steps, starts=Operands, old=Operands,
    factors=list, first=Py_ssize_t, i=Py_ssize_t, k=Py_ssize_t, dot=Py_ssize_t, start=Py_ssize_t, end=Py_ssize_t,
)
cpdef fuse(program)

@cython.locals(
    steps=Steps, starts=Operands, operands=Operands, kinds=list, uses=Counts, marks=bytearray, sums=dict,
    absorbed=bytearray, terms=list, inner=list, first=Py_ssize_t, i=Py_ssize_t, v=Py_ssize_t, kind=Py_ssize_t,
    place=Py_ssize_t, negative=cython.bint, other=Py_ssize_t,
)
cdef tuple _sums(program)

@cython.locals(uses=Counts, values=Operands, place=Py_ssize_t)
cdef _uses(program)

@cython.locals(
    last=Counts, marks=bytearray, starts=Operands, operands=Operands, slots=Slots, free=list,
    first=Py_ssize_t, i=Py_ssize_t, k=Py_ssize_t, v=Py_ssize_t, size=Py_ssize_t,
)
cdef _planned(program, keep)

@cython.locals(last=Counts, starts=Operands, operands=Operands, first=Py_ssize_t, i=Py_ssize_t, k=Py_ssize_t)
cdef _last_uses(program)
