"""`jit` and `vmap`: a function of scalars, run as a program, over one lane or a million.

The function is ordinary Python. It is run once on Values, and what it did is kept as a program; where it branches on
its numbers, each way it goes is a program of its own (see `paths`). Programs are kept per structure of the arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce, update_wrapper
from operator import add
from typing import Any, NamedTuple

from autograd.branches import converted
from autograd.core import Value, recorder
from autograd.errors import ArgumentError, describe
from autograd.kernel import Folding, Kernel
from autograd.lanes import Axes, Call, over_lanes, without_lanes
from autograd.paths import MAX_PATHS, Options
from autograd.program import Program
from autograd.structures import Slot, Structure, array, build, flatten, is_array, unflatten

Function = Callable[..., Any]


def jit(
    f: Function, *, exact: bool = False, max_paths: int = MAX_PATHS, threads: int | None = None
) -> Compiled:
    """Return `f` as a function that runs as a program.

    Numbers among the arguments, also in structures, are inputs; what is no number is a constant, and so are numbers that
    `f` finds elsewhere. Values that `f` finds elsewhere, such as the parameters of a model, are read at each call, and
    gradients flow to them. Raises `RecordingError` where `f` does what cannot be recorded.

    >>> @jit
    ... def collatz(n):
    ...     turns = 0.0
    ...     while n != 1.0:
    ...         n = 3.0 * n + 1.0 if n % 2.0 else n / 2.0
    ...         turns += 1.0
    ...     return turns
    >>> collatz(6), collatz(7)
    (8.0, 16.0)
    """
    options = Options(exact, max_paths, threads)
    return Compiled(f.function, f.lanes, options) if isinstance(f, Compiled) else Compiled(f, None, options)


def vmap(
    f: Function,
    in_axes: Axes = 0,
    reduce: str | None = None,
    *,
    exact: bool = False,
    max_paths: int = MAX_PATHS,
    threads: int | None = None,
) -> Compiled:
    """Return `f` as a function over many lanes: arguments have one dimension more, and so has the result.

    `in_axes` says which dimension of each argument counts the lanes: an int, None for an argument that is the same in
    all, or a structure of these. With `reduce="sum"` or `"mean"` the result is that of the results of all lanes. All else is
    as for `jit`. Raises `ArgumentError` if the numbers of lanes differ.

    >>> import numpy as np
    >>> vmap(lambda x, y: x if x > y else y * y)(np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0])).tolist()
    [4.0, 4.0, 3.0]
    """
    if reduce not in (None, "sum", "mean"):
        raise ArgumentError(f"vmap: reduce: got {describe(reduce)}; expected 'sum', 'mean' or None")
    inner = f.function if isinstance(f, Compiled) and f.lanes is None else f
    return Compiled(inner, Lanes(in_axes, reduce), Options(exact, max_paths, threads))


class Lanes(NamedTuple):
    """How arguments hold the numbers of many lanes, and what becomes of the results."""

    axes: Axes
    reduce: str | None

    def folded(self, cells: Sequence[Any]) -> Any:
        """Return the sum or the mean of the numbers of all lanes; an array of them if that is not wanted."""
        if self.reduce is None:
            return array(cells, (len(cells),))
        total = reduce(add, cells)
        return total / len(cells) if self.reduce == "mean" else total


class Compiled:
    """A function that runs as programs; made by `jit` and `vmap`."""

    def __init__(self, function: Function, lanes: Lanes | None, options: Options) -> None:
        self.function, self.lanes, self.options = function, lanes, options
        self._kernels: list[tuple[Call, Kernel]] = []
        update_wrapper(self, function)

    @property
    def programs(self) -> list[Program]:
        """The programs that have been recorded so far, one per path and structure of the arguments."""
        return [path.code for _, kernel in self._kernels for path in kernel.paths.all]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the function returns, of all lanes."""
        call = self._call(args, kwargs)
        if recorder() is None:
            results, structure = self._kernel(call)(call.columns, call.count)
        else:
            results, structure = self._joined(call)
        return build(structure, lambda slot, start: _filled(slot, results[start : start + slot.size]))

    @property
    def _name(self) -> str:
        return str(getattr(self.function, "__name__", "the function"))

    def _call(self, args: Any, kwargs: Any) -> Call:
        if self.lanes is None:
            return without_lanes(self._name, args, kwargs)
        return over_lanes(self._name, self.lanes.axes, args, kwargs)

    def _kernel(self, call: Call) -> Kernel:
        """Return the kernel for arguments of this structure."""
        for known, kernel in self._kernels:
            if known.varying == call.varying and known.structure == call.structure:
                return kernel

        def of_values(values: Sequence[Value]) -> Any:
            args, kwargs = unflatten(call.structure, values)
            return converted(self.function)(*args, **kwargs)

        kernel = Kernel(self._name, of_values, call.varying, self._foldings, self.options)
        self._kernels.append((replace(call, columns=[]), kernel))
        return kernel

    def _foldings(self, structure: Structure) -> list[Folding]:
        way = self.lanes.reduce if self.lanes else None
        return [Folding(way is not None, way == "mean")] * structure.size

    def _joined(self, call: Call) -> tuple[list[Any], Structure]:
        """Do what the function does, lane by lane, so that it becomes part of the recording that is under way."""
        function, found = converted(self.function), []
        for lane in range(1 if call.count is None else call.count):
            args, kwargs = unflatten(call.structure, [x[lane] if is_array(x) else x for x in call.columns])
            found.append(flatten(function(*args, **kwargs), f"the result of {self._name}", fixed=True))
        numbers, structures = zip(*found)
        if self.lanes is None:
            return numbers[0], structures[0]
        return [self.lanes.folded(cells) for cells in zip(*numbers)], structures[0]


def _filled(slot: Slot, columns: Sequence[Any]) -> Any:
    """Return the results that belong into a slot: the dimension of the lanes is the first."""
    if not columns or not is_array(columns[0]):
        return slot.fill(columns)
    if slot.shape is None:
        return columns[0]
    import numpy

    return numpy.stack(columns, axis=-1).reshape(len(columns[0]), *slot.shape)
