# cython: language_level=3, embedsignature=False
"""Programs at the speed of the machine: `_assemble.h` makes code of them, `_machine.h` runs it."""

from cpython.buffer cimport (
    PyBUF_FORMAT, PyBUF_ND, PyBUF_SIMPLE, PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_FillInfo, PyBuffer_IsContiguous,
    PyBuffer_Release, PyObject_GetBuffer,
)
from cpython.mem cimport PyMem_RawCalloc, PyMem_RawFree
from cpython.object cimport PyObject
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t
from libc.string cimport memcpy, memset, strcmp

from array import array
from math import prod

from autograd import primitives
from autograd.errors import ArgumentError
from autograd.program import NOT_SUMMED

cdef extern from "_machine.h" nogil:
    enum: BUILT_IN_COUNT, TABLE_CHECKSUM, CUSTOM, TAG_store, TAG_add_up, TAG_check
    ctypedef struct Source:
        uint32_t inputs, constants, steps
        const uint8_t *varying
        const double *constant
        const uint16_t *rows
        const uint32_t *starts
        const uint32_t *operands
        const uint16_t *tags
        bint exact
    ctypedef struct Root:
        uint32_t value, number
        uint16_t tag
    ctypedef struct Column:
        char *data
        Py_ssize_t stride
    ctypedef struct Spans:
        uint32_t numbers
    ctypedef struct Code:
        Spans uniforms, outputs
        uint32_t scalar_step_count, step_count, strips, scalars, slots, sums, longest_list, zero, one
        uint32_t *results
        uint32_t *lists
        bint calls_python
    ctypedef struct Tile:
        const double *scalars
        const int64_t *selection
        Py_ssize_t offset
        const Column *columns
        const Column *outs
        int32_t *mismatch
        uint32_t guards
        const uint8_t *outcomes
        PyObject *const *evaluates
        const uint32_t *lists
    ctypedef struct Memory:
        char *begin
        size_t size
    ctypedef struct Batch:
        const Code *code
        Tile tile
        Py_ssize_t lanes
        int threads
        uint32_t roots
        const uint8_t *summed
        double *found
        bint mean
        Memory kept
    ctypedef enum Outcome:
        DONE, RAISED, NO_MEMORY
    bint is_sound(const Source *source, uint32_t rows, uint32_t operands)
    bint assemble(Code *code, Source source, Root *roots, uint32_t count, bint lanes)
    void free_code(Code *)
    Outcome run_batch(Batch *, Py_ssize_t most)
    void keep_memory(Memory *, Memory)
    const void *kernels_for(int width)
    void set_spans(const Spans *, double *scalars, Column)
    void get_spans(const Spans *, const double *scalars, Column)
    enum: MOST_THREADS

cdef extern from "_machine.h":
    PyObject *EVALUATE[]

cdef extern from *:
    """
    #define set_kernels(batch, found) ((batch)->kernels = (const Kernel (*)[VARIANTS])(found))
    #define run_once(code, found, numbers, evaluates) run_scalars(code, (const Kernel (*)[VARIANTS])(found), numbers, evaluates)
    #define raise_what_is_set() (PyErr_Occurred() ? -1 : 0)
    """
    void set_kernels(Batch *, const void *)
    void run_once(const Code *, const void *kernels, double *scalars, PyObject *const *evaluates)
    int raise_what_is_set() except -1

CHECKSUM = <unsigned int>TABLE_CHECKSUM  # of the table that this was compiled for

cdef list BUILT_IN_ROWS = [primitives.TABLE[name] for name in primitives.TABLE if name in primitives.BUILT_IN]
cdef dict TAGS = {row: tag for tag, row in enumerate(BUILT_IN_ROWS)}
for _tag, _row in enumerate(BUILT_IN_ROWS):
    EVALUATE[_tag] = <PyObject *>_row.evaluate  # which the row keeps alive, and BUILT_IN_ROWS the row

MOST_VALUES = 2**30  # further bits of an operand say what it is
cdef enum:
    OUTPUTS, GUARDS, ONE, ONE_GUARD, CODES


cdef class Columns:
    """Buffers of numbers, held as long as a run needs them."""

    cdef Py_buffer *views
    cdef Column *columns
    cdef Py_ssize_t held

    def __cinit__(self, Py_ssize_t views, Py_ssize_t columns):
        self.views = <Py_buffer *>PyMem_RawCalloc(views + 1, sizeof(Py_buffer))
        self.columns = <Column *>PyMem_RawCalloc(columns + 1, sizeof(Column))
        if self.views == NULL or self.columns == NULL:
            raise MemoryError

    def __dealloc__(self):
        while self.held > 0:
            self.held -= 1
            PyBuffer_Release(&self.views[self.held])
        PyMem_RawFree(self.views)
        PyMem_RawFree(self.columns)

    cdef Column take(self, object x, Py_ssize_t lanes, bint writable, str what) except *:
        """Hold a column of at least so many numbers, and return it."""
        cdef Py_buffer *view = &self.views[self.held]
        cdef Column column
        PyObject_GetBuffer(x, view, PyBUF_STRIDES | PyBUF_FORMAT | (PyBUF_WRITABLE if writable else 0))
        self.held += 1
        if view.ndim != 1 or view.itemsize != 8 or view.format == NULL or strcmp(view.format, b"d") != 0:
            raise ArgumentError(f"{what}: got {type(x).__name__} of format {view.format!r} and {view.ndim} dimensions; "
                                f"expected a column of floats (format 'd')")
        if view.shape[0] < lanes:
            raise ArgumentError(f"{what}: got {view.shape[0]} numbers; expected one for each of {lanes} lanes")
        column.data, column.stride = <char *>view.buf, view.strides[0]
        return column

    cdef void *take_whole(self, object x, Py_ssize_t count, str format, str what) except? NULL:
        """Hold a buffer of numbers that stand one after the other; return where they stand."""
        cdef Py_buffer *view = &self.views[self.held]
        PyObject_GetBuffer(x, view, PyBUF_WRITABLE | PyBUF_FORMAT | PyBUF_ND)
        self.held += 1
        if view.ndim != 1 or view.format == NULL or <bytes>view.format != format.encode() or view.shape[0] < count:
            raise ArgumentError(f"{what}: expected a contiguous buffer of {count} numbers of format {format!r}")
        return view.buf

    cdef Py_ssize_t select(self, object lanes, Batch *batch) except -1:
        """Set which lanes are run; return how many a column has to have."""
        cdef Py_buffer *view = &self.views[self.held]
        cdef Py_ssize_t i, length = 0
        cdef const int64_t *selection
        if isinstance(lanes, int):
            if lanes < 0:
                raise ArgumentError(f"got {lanes} lanes; expected 0 or more")
            batch.lanes = lanes
            return lanes
        if isinstance(lanes, range):
            if lanes.start < 0 or lanes.step != 1:
                raise ArgumentError(f"got {lanes} as lanes; expected a range from 0 or more, in steps of 1")
            batch.lanes, batch.tile.offset = len(lanes), lanes.start
            return lanes.stop
        PyObject_GetBuffer(lanes, view, PyBUF_FORMAT | PyBUF_ND)
        self.held += 1
        if view.ndim != 1 or view.itemsize != 8 or view.format == NULL or <bytes>view.format not in (b"l", b"q"):
            raise ArgumentError(f"lanes: expected a number or a contiguous array of int64; got {type(lanes).__name__}")
        selection = <const int64_t *>view.buf
        for i in range(view.shape[0]):
            if selection[i] < 0:
                raise ArgumentError(f"lanes: got the index {selection[i]}; expected 0 or more")
            length = max(length, selection[i] + 1)
        batch.lanes, batch.tile.selection = view.shape[0], selection
        return length


cdef class Scalars:
    """Room for scalars; what a program computes once is here while it runs."""

    cdef double *numbers
    cdef Py_ssize_t room

    def __cinit__(self, Py_ssize_t room):
        self.room = room
        self.numbers = <double *>PyMem_RawCalloc(room + 8, sizeof(double))
        if self.numbers == NULL:
            raise MemoryError

    def __dealloc__(self):
        PyMem_RawFree(self.numbers)


cdef class Run:
    """A run of a machine, made ready: what is read and written is held. Calling it runs all lanes, again and again."""

    cdef Machine machine
    cdef Batch batch
    cdef Columns held, stored
    cdef Scalars scalars
    cdef Column uniforms  # the numbers of all uniform inputs; NULL if each has been put in its place

    cdef go(self, int tile):
        cdef Batch batch = self.batch
        self.batch.kept = Memory(NULL, 0)  # nobody else's meanwhile
        if self.uniforms.data != NULL:
            set_spans(&batch.code.uniforms, self.scalars.numbers, self.uniforms)
        run_once(batch.code, self.machine.kernels, self.scalars.numbers, self.machine.evaluates)
        cdef Outcome outcome = run_batch(&batch, tile)
        keep_memory(&self.batch.kept, batch.kept)
        if outcome == NO_MEMORY:
            raise MemoryError
        raise_what_is_set()

    def __dealloc__(self):
        PyMem_RawFree(self.batch.kept.begin)

    def __call__(self):
        if self.machine is None:
            raise TypeError("a run is made by Machine.bound")
        self.go(0)


cdef void *address(object buffer) except? NULL:
    """Return where the items of an object stand that somebody keeps alive and does not resize."""
    cdef Py_buffer view
    PyObject_GetBuffer(buffer, &view, PyBUF_SIMPLE)
    PyBuffer_Release(&view)
    return view.buf


cdef class Machine:
    """Runs a program: `run` on columns of numbers, `one` on the numbers of one lane.

    Of the outputs, those marked in `summed` are added up over all lanes. With `exact`, results are those of eager
    computing to the bit; otherwise a row may be off by 4 ulp. `width` is how many numbers a vector has, 0 for as many
    as this machine can take; it changes no bit of an exact result.
    """

    cdef readonly object program
    cdef readonly bint exact
    cdef readonly bytes summed
    cdef Source source
    cdef list arrays  # what `source` points into
    cdef bytes tags
    cdef list rows
    cdef PyObject **evaluates
    cdef Code codes[CODES]
    cdef bint assembled[CODES]
    cdef const void *kernels
    cdef Scalars spare  # of the run before, for the next one
    cdef bytes outcomes
    cdef Py_ssize_t sums

    def __init__(self, program, bint exact=False, summed=None, int width=0):
        cdef Py_ssize_t i
        if self.arrays is not None:
            raise ArgumentError("Machine: cannot be initialised twice")
        self.program, self.exact = program, exact
        self.summed = bytes(len(program.outputs)) if summed is None else bytes(map(bool, summed))
        if len(self.summed) != len(program.outputs):
            raise ArgumentError(f"Machine: got {len(self.summed)} marks in summed; expected one for each of "
                                f"{len(program.outputs)} outputs")
        self.outcomes, self.sums = bytes(program.outcomes), sum(self.summed)
        self.kernels = kernels_for(width)
        if self.kernels == NULL:
            raise ArgumentError(f"Machine: got width {width}; this machine has no vectors of so many numbers")
        self.rows = list(program.rows)
        self.evaluates = <PyObject **>PyMem_RawCalloc(len(self.rows) + 1, sizeof(PyObject *))
        if self.evaluates == NULL:
            raise MemoryError
        for i, row in enumerate(self.rows):
            self.evaluates[i] = <PyObject *>row.evaluate
        self.rows = [(row, row.evaluate) for row in self.rows]
        tags = array("H", [TAGS.get(row, <int>CUSTOM) for row, _ in self.rows])
        self.arrays = [bytes(program.varying), array("d", program.constants), array("H", program.steps),
                       array("I", program.starts), array("I", program.operands), tags]
        self.source = Source(
            inputs=program.inputs, constants=len(program.constants), steps=len(program.steps), exact=exact,
            varying=<const uint8_t *>address(self.arrays[0]), constant=<const double *>address(self.arrays[1]),
            rows=<const uint16_t *>address(self.arrays[2]),
            starts=<const uint32_t *>address(self.arrays[3]), operands=<const uint32_t *>address(self.arrays[4]),
            tags=<const uint16_t *>address(tags),
        )
        values = program.inputs + len(program.constants) + len(program.steps)
        if (
            len(program.varying) != program.inputs
            or len(program.starts) != len(program.steps) + 1
            or len(program.guards) != len(program.outcomes)
            or not is_sound(&self.source, len(self.rows), len(program.operands))
            or any(value >= values for value in (*program.outputs, *program.guards))
            or max(values, len(program.operands)) >= MOST_VALUES
        ):
            raise ArgumentError(f"Machine: got {program!r}, whose parts do not fit together")

    def __dealloc__(self):
        for i in range(CODES):
            free_code(&self.codes[i])
        PyMem_RawFree(self.evaluates)

    cdef const Code *code(self, int which) except NULL:
        """Return the code for a purpose, assembled when it is needed first."""
        cdef Py_ssize_t i, stored = 0
        if self.assembled[which]:
            return &self.codes[which]
        values = self.program.guards if which in (GUARDS, ONE_GUARD) else self.program.outputs
        cdef Root *roots = <Root *>PyMem_RawCalloc(len(values) + 1, sizeof(Root))
        cdef bint enough = roots != NULL
        cdef Code code
        if enough:
            for i, value in enumerate(values):
                roots[i] = Root(value=value, number=i, tag=TAG_check if which == GUARDS else TAG_store)
                if which == OUTPUTS and self.summed[i]:
                    roots[i].tag = TAG_add_up
                elif which == OUTPUTS:
                    roots[i].number = stored
                    stored += 1
            enough = assemble(&code, self.one_lane() if which in (ONE, ONE_GUARD) else self.source, roots, len(values),
                              which in (OUTPUTS, GUARDS))
        PyMem_RawFree(roots)
        if not enough:
            raise MemoryError
        self.codes[which], self.assembled[which] = code, True
        return &self.codes[which]

    cdef Source one_lane(self):
        cdef Source source = self.source
        none_varies = bytes(source.inputs)
        self.arrays.append(none_varies)
        source.varying = <const uint8_t *>address(none_varies)
        return source

    cdef Scalars scalars(self, const Code *code):
        """Return room for scalars and for an operand list, with the constants in their places."""
        cdef Scalars scalars = self.spare
        if scalars is None or scalars.room < code.scalars + code.longest_list:
            scalars = Scalars(code.scalars + code.longest_list)
            memcpy(scalars.numbers + self.source.inputs, self.source.constant, self.source.constants * sizeof(double))
        self.spare = None  # while it is in use: other threads and rows in Python may run this machine, too
        scalars.numbers[code.zero], scalars.numbers[code.one] = 0.0, 1.0
        return scalars

    cdef Run ready(self, int which, columns, lanes, outs, totals, int threads, mismatch, uniforms):
        """Return a run of some code, made ready."""
        cdef const Code *code = self.code(which)
        cdef Run run = Run()
        cdef Batch *batch = &run.batch
        cdef Py_ssize_t i, length, count = 0
        outs = [out for out in outs if out is not None]
        run.machine, run.scalars = self, self.scalars(code)
        run.held, run.stored = Columns(len(columns) + len(outs) + 4, self.source.inputs), Columns(0, len(outs))
        length = run.held.select(lanes, batch)
        if uniforms is not None:
            count = code.uniforms.numbers
            run.uniforms = run.held.take(uniforms, count, False, "uniforms")
        if len(columns) != self.source.inputs - count:
            raise ArgumentError(f"run: got {len(columns)} columns; expected {self.source.inputs - count}")
        columns = iter(columns)
        for i in range(self.source.inputs):
            if uniforms is None or self.source.varying[i]:
                column = next(columns)
                if isinstance(column, (float, int)) or not self.source.varying[i]:
                    run.scalars.numbers[i] = column
                    run.held.columns[i] = Column(data=<char *>&run.scalars.numbers[i], stride=0)
                else:
                    run.held.columns[i] = run.held.take(column, length, False, f"column {i}")
        for i, out in enumerate(outs):
            run.stored.columns[i] = run.held.take(out, length, True, f"output {i}")
        batch.code, batch.threads = code, max(1, min(threads, <int>MOST_THREADS))
        batch.tile.scalars, batch.tile.lists, batch.tile.evaluates = run.scalars.numbers, code.lists, self.evaluates
        batch.tile.columns, batch.tile.outs = run.held.columns, run.stored.columns
        batch.tile.outcomes = <const uint8_t *><const char *>self.outcomes
        set_kernels(batch, self.kernels)
        if totals is not None:
            batch.roots, batch.summed = len(self.summed), <const uint8_t *><const char *>self.summed
            batch.found = <double *>run.held.take_whole(totals, self.sums, "d", "sums")
        batch.tile.guards = len(self.outcomes)
        if mismatch is not None:
            batch.tile.mismatch = <int32_t *>run.held.take_whole(mismatch, batch.lanes, "i", "mismatch")
        return run

    def run(self, columns, lanes, outs, int threads=1, uniforms=None, sums=None, int tile=0):
        """Run all lanes; write outputs to `outs`, and return those that are summed, as floats.

        `columns` has for each input a column of floats (a buffer, of any stride) or, for a uniform one, a number; where
        `uniforms`, a buffer, has the numbers of all uniform inputs, only the columns of the others. `lanes` is how many
        lanes there are, or a range or an array of int64 that selects some: those are read, and written in `outs`, which
        has a writable column for each output, None for one that is summed; nothing if all are. With `sums`, a writable
        buffer, sums are written there and None is returned. The result does not depend on the number of `threads`.
        """
        cdef Py_ssize_t i
        if len(outs) == 0 and self.sums == len(self.summed):
            pass  # the usual case for gradients of thousands of weights
        elif len(outs) != len(self.summed):
            raise ArgumentError(f"run: got {len(outs)} outs; expected {len(self.summed)}, None for those summed")
        for i, out in enumerate(outs):
            if (out is None) != <bint>self.summed[i]:
                is_none = "None" if out is None else "not None"
                raise ArgumentError(f"run: output {i} is {is_none}; expected None where it is summed, and only there")
        totals = array("d", bytes(8 * self.sums)) if sums is None else sums
        cdef Run run = self.ready(OUTPUTS, columns, lanes, outs, totals, threads, None, uniforms)
        run.go(tile)
        self.spare = run.scalars
        return totals.tolist() if sums is None else None

    def bound(self, columns, lanes, sums, int threads=1, uniforms=None, bint mean=False):
        """Return what runs all lanes again and again, with the numbers that the buffers of `run` hold by then.

        With `mean`, sums are divided by the number of lanes. Raises `ArgumentError` if not all outputs are summed.
        """
        cdef Run run
        if self.sums != len(self.summed):
            raise ArgumentError(NOT_SUMMED)
        run = self.ready(OUTPUTS, columns, lanes, (), sums, threads, None, uniforms)
        run.batch.mean = mean
        return run

    def first_mismatch(self, columns, lanes, int threads=1, uniforms=None):
        """Return for each lane the first guard that it answers otherwise than is recorded; their number if none."""
        found = array("i", bytes(4)) * (lanes if isinstance(lanes, int) else len(lanes))
        cdef Run run = self.ready(GUARDS, columns, lanes, (), None, threads, found, uniforms)
        run.go(0)
        self.spare = run.scalars
        return found

    cdef Scalars run_one(self, const Code *code, numbers):
        cdef Scalars scalars = self.scalars(code)
        cdef Py_ssize_t i
        cdef Column column
        cdef Columns held
        if len(numbers) != self.source.inputs:
            raise ArgumentError(f"one: got {len(numbers)} numbers; expected {self.source.inputs}")
        if isinstance(numbers, (list, tuple)):
            for i, x in enumerate(numbers):
                scalars.numbers[i] = x
        elif self.source.inputs > 0:
            held = Columns(1, 0)
            column = held.take(numbers, self.source.inputs, False, "numbers")
            set_spans(&code.uniforms, scalars.numbers, column)
        run_once(code, self.kernels, scalars.numbers, self.evaluates)
        self.spare = scalars
        raise_what_is_set()
        return scalars

    def one(self, numbers, out=None):
        """Return the outputs for one lane as a list of floats; or write them to `out`, a writable column."""
        cdef const Code *code = self.code(ONE)
        cdef Scalars scalars = self.run_one(code, numbers)
        cdef Py_ssize_t i
        cdef Column column
        cdef Columns held
        if out is None:
            return [scalars.numbers[code.results[i]] for i in range(len(self.summed))]
        held = Columns(1, 0)
        column = held.take(out, len(self.summed), True, "out")
        get_spans(&code.outputs, scalars.numbers, column)

    def one_mismatch(self, numbers):
        """Return the first guard that one lane answers otherwise than is recorded; their number if none."""
        cdef const Code *code = self.code(ONE_GUARD)
        cdef Scalars scalars = self.run_one(code, numbers)
        cdef Py_ssize_t i
        for i in range(len(self.outcomes)):
            if (scalars.numbers[code.results[i]] != 0.0) != <bint>self.outcomes[i]:
                return i
        return len(self.outcomes)

    def counts(self, bint one=False):
        """Return how much code runs once, how much per lane, and on how many slots; of `one`, all runs once.

        A strip, steps on scalars in a row that are done together, counts as one step.
        """
        cdef const Code *code = self.code(ONE if one else OUTPUTS)
        return {"scalar steps": code.scalar_step_count - code.strips, "strips": code.strips, "steps": code.step_count,
                "slots": code.slots}


cdef class Lane:
    """A lane of its own, made ready: arguments are filled in where the program reads them, floats and arrays of floats.

    They are the first inputs; others are written into its buffer, which has the numbers of all of them.
    """

    cdef Machine machine
    cdef const Code *code
    cdef Scalars scalars, found
    cdef tuple shapes, shapes_found
    cdef object ndarray, empty

    def __cinit__(self, Machine machine not None, tuple shapes not None, tuple shapes_found not None):
        """Take the shapes of the arguments and of the results: `float` for a number, that of an array otherwise."""
        given, found = numbers_in(shapes), numbers_in(shapes_found)
        if given > machine.source.inputs or found != len(machine.summed):
            raise ArgumentError(f"Lane: got {given} numbers in arguments and {found} in results; expected at most "
                                f"{machine.source.inputs}, and {len(machine.summed)}")
        if not {*shapes, *shapes_found} <= {float}:
            from numpy import empty, ndarray

            self.empty, self.ndarray = empty, ndarray
        self.machine, self.shapes, self.shapes_found = machine, shapes, shapes_found
        self.code = machine.code(ONE)
        self.scalars, self.found = machine.scalars(self.code), Scalars(found)

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, self.scalars.numbers, self.machine.source.inputs * sizeof(double), False, flags)

    def results(self, tuple args not None, list steps not None):
        """Fill in arguments, do the steps, which write the other inputs, and run the program; return a list of results.

        Return None, and run nothing, if the arguments do not look as expected.
        """
        if not self.fill(args):
            return None
        for step in steps:
            step()
        run_once(self.code, self.machine.kernels, self.scalars.numbers, self.machine.evaluates)
        raise_what_is_set()
        return self.collected()

    cdef bint fill(self, tuple args) except -1:
        """Take the numbers of the arguments; return whether they look as expected."""
        cdef double *place = self.scalars.numbers
        cdef Py_ssize_t i
        if len(args) != len(self.shapes):
            return False
        for i in range(len(args)):
            x, shape = args[i], self.shapes[i]
            if shape is float:
                if type(x) is not float:
                    return False
                place[0] = x
                place += 1
            elif type(x) is not self.ndarray or not copy_array(x, shape, &place):
                return False
        return True

    cdef list collected(self):
        """Return the results, one after the other."""
        cdef const double *place = self.found.numbers
        cdef list found = []
        get_spans(&self.code.outputs, self.scalars.numbers, Column(data=<char *>place, stride=sizeof(double)))
        for shape in self.shapes_found:
            if shape is float:
                found.append(place[0])
                place += 1
            else:
                found.append(new_array(self.empty(shape), &place))
        return found


cdef object numbers_in(tuple shapes):
    """Return how many numbers there are at most in floats and arrays of these shapes."""
    return sum(1 if shape is float else max(0, prod(shape)) for shape in shapes)  # with less than 0, there is no array


cdef bint copy_array(object x, tuple shape, double **place) except -1:
    """Copy an array of floats that has a certain shape, and stands in one piece; return whether it does."""
    cdef Py_buffer view
    cdef Py_ssize_t i
    cdef bint fits
    try:
        PyObject_GetBuffer(x, &view, PyBUF_STRIDES | PyBUF_FORMAT)
    except ValueError:  # of dates, say, which a buffer cannot hold
        return False
    fits = (
        view.ndim == len(shape) and strcmp(view.format, b"d") == 0 and PyBuffer_IsContiguous(&view, b"C")
    )
    for i in range(view.ndim if fits else 0):
        fits = fits and view.shape[i] == <Py_ssize_t>shape[i]
    if fits:
        memcpy(place[0], view.buf, view.len)
        place[0] += view.len // <Py_ssize_t>sizeof(double)
    PyBuffer_Release(&view)
    return fits


cdef object new_array(object x, const double **place):
    """Fill an array of floats; return it."""
    cdef Py_buffer view
    PyObject_GetBuffer(x, &view, PyBUF_WRITABLE)
    memcpy(view.buf, place[0], view.len)
    place[0] += view.len // <Py_ssize_t>sizeof(double)
    PyBuffer_Release(&view)
    return x


def parted(lanes, numbers):
    """Return each of the numbers, int32 and one per lane, with the lanes it stands at, an array of int64, in their order."""
    from numpy import empty

    cdef const uint32_t *number = <const uint32_t *>address(numbers)
    cdef bint is_range = isinstance(lanes, range)
    cdef const int64_t *lane = NULL
    cdef int64_t start = lanes.start if is_range else 0
    cdef Py_ssize_t i, count = len(lanes)
    cdef uint32_t k, most = 0
    cdef int64_t **ends
    if not is_range:
        lane = <const int64_t *>address(lanes)
    for i in range(count):
        most = max(most, number[i])
    cdef int64_t *counts = <int64_t *>PyMem_RawCalloc(2 * (<size_t>most + 1), sizeof(int64_t))
    if counts == NULL:
        raise MemoryError
    ends = <int64_t **>(counts + most + 1)
    try:
        for i in range(count):
            counts[number[i]] += 1
        found = [(k, lanes if counts[k] == count else empty(counts[k], "q")) for k in range(most + 1) if counts[k]]
        if len(found) > 1:
            for k, chosen in found:
                ends[k] = <int64_t *>address(chosen)
            for i in range(count):
                ends[number[i]][0] = start + i if lane == NULL else lane[i]
                ends[number[i]] += 1
    finally:
        PyMem_RawFree(counts)
    return found
