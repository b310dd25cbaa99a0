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
    cdef readonly list constants, rows
    cdef readonly dict support
    cdef dict _constant_places, _row_places
    cdef list _rooms, _commutative
    cdef unsigned short[::1] steps
    cdef Numbers starts
    cdef Slots operands, _buckets
    cdef Py_ssize_t _end, _room
    cdef bint _sharing

    @cython.locals(step=Py_ssize_t)
    cdef _give_room(self, Py_ssize_t room)
    cpdef Py_ssize_t constant(self, double x)
    cpdef Py_ssize_t row(self, primitive)
    cpdef Py_ssize_t step(self, Py_ssize_t row, list operands)
    cdef int push(self, Py_ssize_t v) except -1
    @cython.locals(bucket=Py_ssize_t, known=Py_ssize_t)
    cdef Py_ssize_t write(self, Py_ssize_t row)
    @cython.locals(mask=Py_ssize_t, mixed="unsigned long long", k=Py_ssize_t, bucket=Py_ssize_t)
    cdef Py_ssize_t _bucket(self, Py_ssize_t row, Py_ssize_t start, Py_ssize_t end)
    @cython.locals(first=Py_ssize_t, operands=Slots, count=Py_ssize_t, equal=Py_ssize_t)
    cdef bint _is_same(self, Py_ssize_t step, Py_ssize_t row, Py_ssize_t start, Py_ssize_t end)
    cpdef primitive(self, Py_ssize_t v)
    @cython.locals(step=Py_ssize_t, k=Py_ssize_t)
    cpdef list operands_of(self, Py_ssize_t v)
    @cython.locals(
        inputs=Py_ssize_t, shift=Py_ssize_t, v=Py_ssize_t, place=Py_ssize_t, old=Slots, room=Numbers,
    )
    cdef _numbered(self, values)

@cython.locals(mixed="unsigned long long")
cdef unsigned long long _scattered(unsigned long long x)

cdef class Rewriting:
    cdef readonly object program
    cdef readonly Writer writer
    cdef Py_ssize_t first
    cdef Steps steps
    cdef Operands starts, operands
    cdef Counts numbers
    cdef Slots _rows

    @cython.locals(step=Py_ssize_t, k=Py_ssize_t)
    cdef Py_ssize_t copy(self, Py_ssize_t i)

@cython.locals(
    new=Rewriting, known=list, rule=list, always=list, operands=list,
    i=Py_ssize_t, k=Py_ssize_t, step=Py_ssize_t, start=Py_ssize_t, end=Py_ssize_t, constants=Py_ssize_t,
)
cdef _rewritten(program, rules, bint sharing=*)

cdef bint _is(Writer writer, Py_ssize_t v, double x)
cdef bint _is_condition(Writer writer, Py_ssize_t v)
cdef bint _implies(Writer w, Py_ssize_t x, Py_ssize_t y, int depth=*)
cdef _support(Writer w, Py_ssize_t v)
cdef Py_ssize_t _supported(Writer w, Py_ssize_t v, condition)
cdef _both(Writer w, x, y)
cdef _either(Writer w, x, y)
cdef Py_ssize_t _choice(Writer w, Py_ssize_t condition, Py_ssize_t x, Py_ssize_t y)
cdef Py_ssize_t _selected(Writer w, Py_ssize_t condition, Py_ssize_t x)

@cython.locals(new=Rewriting, needed=bytearray, i=Py_ssize_t)
cpdef drop(program)

@cython.locals(
    starts=Operands, operands=Operands, needed=bytearray, first=Py_ssize_t, i=Py_ssize_t, k=Py_ssize_t, v=Py_ssize_t,
)
cdef bytearray _needed(program)

@cython.locals(
    starts=Operands, operands=Operands, marks=bytearray, first=Py_ssize_t, i=Py_ssize_t, k=Py_ssize_t, v=Py_ssize_t,
)
cpdef bytearray uniform(program)

cpdef carry(program)

cdef class Carried:
    cdef readonly Rewriting new
    cdef Py_ssize_t first
    cdef Counts numbers, uses
    cdef Steps steps
    cdef Operands starts, operands
    cdef list kinds
    cdef bytearray uniform, waiting
    cdef Reals factors
    cdef Counts scales
    cdef dict scaled

    cdef _look_at(self, Py_ssize_t x, Py_ssize_t y, Py_ssize_t inputs)
    @cython.locals(
        v=Py_ssize_t, start=Py_ssize_t, kind=Py_ssize_t, k=Py_ssize_t, x=Py_ssize_t, factor=double, product=double,
        hands_on=cython.bint,
    )
    cpdef carry(self, Py_ssize_t i)
    @cython.locals(factor=double, constant=double)
    cdef bint _is_absorbed(self, Py_ssize_t v, Py_ssize_t x, Py_ssize_t y, Py_ssize_t kind)
    cdef bint _is_scaled(self, Py_ssize_t v, Py_ssize_t x, Py_ssize_t y)
    @cython.locals(writer=Writer, factor=double, scale=Py_ssize_t)
    cpdef multiply(self, Py_ssize_t v)
    @cython.locals(writer=Writer)
    cdef Py_ssize_t _product(self, Py_ssize_t scale, double factor)

cdef bint _is_moderate(double x)

@cython.locals(sums=Sums, new=Rewriting, i=Py_ssize_t, v=Py_ssize_t)
cpdef fuse(program)

cdef class Sums:
    cdef Py_ssize_t inputs, first
    cdef list kinds
    cdef const double[::1] constants
    cdef Steps steps
    cdef Operands starts, operands
    cdef Counts uses
    cdef Slots terms
    cdef bytearray uniform, taken, signed

    @cython.locals(
        kind=int, start=Py_ssize_t, end=Py_ssize_t, k=Py_ssize_t, step=Py_ssize_t, half=Py_ssize_t, terms=int, signed=int,
    )
    cdef _look_at(self, Py_ssize_t i)
    @cython.locals(v=Py_ssize_t, step=Py_ssize_t, negative=cython.bint)
    cdef bint _is_taken(self, Py_ssize_t i, Py_ssize_t k, int before)
    cdef bint _is_constant(self, Py_ssize_t v)
    @cython.locals(start=Py_ssize_t)
    cdef bint takes_in(self, Py_ssize_t i)
    @cython.locals(left=list, right=list)
    cdef Py_ssize_t write(self, Py_ssize_t v, Rewriting new)
    @cython.locals(
        i=Py_ssize_t, kind=int, start=Py_ssize_t, half=Py_ssize_t, k=Py_ssize_t, negative=cython.bint,
    )
    cdef _add_terms(self, Py_ssize_t v, double sign, Rewriting new, list left, list right)
    @cython.locals(u=Py_ssize_t, v=Py_ssize_t)
    cdef _add_product(self, Py_ssize_t x, Py_ssize_t y, double sign, Rewriting new, list left, list right)

@cython.locals(uses=Counts, values=Operands, place=Py_ssize_t)
cdef _uses(program)

@cython.locals(
    last=Counts, marks=bytearray, starts=Operands, operands=Operands, slots=Slots, free=list,
    first=Py_ssize_t, i=Py_ssize_t, k=Py_ssize_t, v=Py_ssize_t, size=Py_ssize_t,
)
cdef _planned(program, keep)

@cython.locals(last=Counts, starts=Operands, operands=Operands, first=Py_ssize_t, i=Py_ssize_t, k=Py_ssize_t)
cdef _last_uses(program)
