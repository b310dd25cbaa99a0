"""Running a program: one lane in plain Python, many on numpy, block by block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from autograd.core import NATIVE
from autograd.errors import ArgumentError
from autograd.primitives import is_current
from autograd.program import NOT_SUMMED, Program

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from autograd.vectors import Batch, Column, Lanes

    Numbers: TypeAlias = Sequence[float] | NDArray[Any]
    Chosen: TypeAlias = int | range | Lanes  # how many lanes, or which


def one(program: Program, numbers: Sequence[float]) -> list[float]:
    """Return the outputs for one lane.

    >>> from autograd import Value
    >>> from autograd.passes import flatten
    >>> x = Value(3.0)
    >>> one(flatten([x * x + 1.0, x], [x]), [5.0])
    [26.0, 5.0]
    """
    values = [*numbers, *program.constants]
    for row, operands in program:
        values.append(row.evaluate(*[values[v] for v in operands]))
    return [values[v] for v in program.outputs]


def many(
    program: Program,
    columns: Sequence[Any],
    lanes: Chosen,
    out: Sequence[Column | None],
    *,
    exact: bool = False,
    summed: bytes = b"",
) -> list[float]:
    """Write the outputs for many lanes into the columns `out`; return the sums of those that are `summed`.

    `columns` has for each input a float, or a column of numbers; `lanes` says how many lanes there are, or selects some
    of the columns by a range or by their indices: others are neither read nor written. `summed` marks outputs that are
    added up over the lanes; `out` has None for them. A column that is written must not be one that is read. Rows are
    computed within 4 ulp of what they give for one lane; with `exact`, to the bit.

    >>> import numpy as np
    >>> from autograd import Value
    >>> from autograd.passes import flatten
    >>> x, y = Value(3.0), Value(4.0)
    >>> program, squares = flatten([x * x, x * y], [x, y], varying=[True, False]), np.empty(3)
    >>> many(program, [np.array([1.0, 2.0, 3.0]), 10.0], 3, [squares, None], summed=bytes([0, 1]))
    [60.0]
    >>> squares
    array([1., 4., 9.])
    """
    from autograd.vectors import Batch  # numpy is needed here only

    sums, _ = Batch(program, exact, summed).run(columns, lanes, out)
    return [float(x) for x in sums]


def parted_on_numpy(lanes: range | Lanes, numbers: Lanes) -> list[tuple[int, range | Lanes]]:
    """Return each of the numbers, one per lane, with the lanes it stands at, in their order.

    >>> import numpy as np
    >>> [(number, chosen.tolist()) for number, chosen in parted_on_numpy(range(5, 9), np.array([2, 0, 2, 2]))]
    [(0, [6]), (2, [5, 7, 8])]
    """
    import numpy

    counts = numpy.bincount(numbers)
    found: list[tuple[int, range | Lanes]] = []
    for number in numpy.flatnonzero(counts).tolist():
        if counts[number] == len(lanes):
            return [(number, lanes)]
        chosen = numpy.flatnonzero(numbers == number)
        found.append((number, chosen + lanes.start if isinstance(lanes, range) else lanes[chosen]))
    return found


class PlainMachine:
    """What runs one program, where there is no machine in C."""

    def __init__(self, program: Program, exact: bool = False, summed: bytes = b"") -> None:
        self.program, self.exact, self.summed = program, exact, summed

    @cached_property
    def _batch(self) -> Batch:
        from autograd.vectors import Batch  # numpy is needed here only

        return Batch(self.program, self.exact, self.summed)

    @overload
    def one(self, numbers: Numbers) -> list[float]: ...
    @overload
    def one(self, numbers: Numbers, out: Column) -> None: ...
    def one(self, numbers: Numbers, out: Column | None = None) -> list[float] | None:
        """Return the outputs for one lane; or write them to `out`, a column."""
        found = one(self.program, [float(x) for x in numbers])
        if out is None:
            return found
        out[:] = found
        return None

    def run(
        self,
        columns: Sequence[Any],
        lanes: Chosen,
        out: Sequence[Column | None],
        threads: int = 1,
        uniforms: Sequence[float] | None = None,
        sums: Column | None = None,
    ) -> list[float] | None:
        """Write the outputs for many lanes; return the sums of those that are summed. Here, one thread does it.

        `uniforms` are the numbers of all inputs that do not vary, if `columns` has those of the others only. With
        `sums`, a column, the sums are written there and None is returned.
        """
        out = out or [None] * len(self.program.outputs)  # none need be given if all are summed
        found = self._batch.run(self._all(columns, uniforms), lanes, out)[0]
        if sums is None:
            return [float(x) for x in found]
        sums[:] = found
        return None

    def bound(
        self,
        columns: Sequence[Any],
        lanes: int,
        sums: Column,
        threads: int = 1,
        uniforms: Sequence[float] | None = None,
        mean: bool = False,
    ) -> Callable[[], None]:
        """Return what runs all lanes again and again, with the numbers that the columns of `run` hold by then.

        With `mean`, sums are divided by the number of lanes. Raises `ArgumentError` if not all outputs are summed.
        """
        if not all(self.summed):
            raise ArgumentError(NOT_SUMMED)

        def run() -> None:
            self.run(columns, lanes, (), threads, uniforms, sums)
            if mean:
                sums[:] /= lanes

        return run

    def first_mismatch(
        self, columns: Sequence[Any], lanes: Chosen, threads: int = 1, uniforms: Sequence[float] | None = None
    ) -> Lanes:
        """Return for each lane the first guard that it answers otherwise; their number where it answers all."""
        return self._batch.run(self._all(columns, uniforms), lanes, [])[1]

    def _all(self, columns: Sequence[Any], uniforms: Sequence[float] | None) -> Sequence[Any]:
        if uniforms is None:
            return columns
        kinds = iter(uniforms), iter(columns)
        return [next(kinds[varies]) for varies in self.program.varying]


def _in_c() -> Any:
    """Return the machine in C, if it was built, for the present table of primitives, and is wanted."""
    if NATIVE:
        with suppress(ImportError):  # where it could not be built
            from autograd import _machine

            return _machine if is_current(_machine.CHECKSUM) else None
    return None


_c = _in_c()
Machine: type[PlainMachine] = _c.Machine if _c else PlainMachine
parted: Callable[..., list[tuple[int, Any]]] = _c.parted if _c else parted_on_numpy
Lane: Any = _c and _c.Lane  # None where there is no machine in C
