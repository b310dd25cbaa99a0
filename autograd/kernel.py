"""Kernels: functions of columns of numbers, run as programs, with their derivatives.

A kernel takes a column for each input, either one number for all lanes or one per lane, and gives a column for each
output, or its sum over the lanes. Where Values are among the numbers, nodes are among the results. A node's partials
come from the kernel's *derivative*, which is a kernel again: so derivatives of any order run as programs, and to all
the rest of the library a kernel is a primitive like any other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from autograd import core
from autograd.core import Value, read
from autograd.errors import ArgumentError
from autograd.paths import Column, Options, Path, Paths
from autograd.primitives import Primitive
from autograd.structures import Structure, array, flatten, is_array, sketch

Flat = Callable[..., Any]  # a function of Values, one after the other


class Folding(NamedTuple):
    """What becomes of the numbers that an output has in all lanes."""

    summed: bool = False
    mean: bool = False  # divided by the number of lanes


PROCESSORS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

Foldings = Callable[[Structure], list[Folding]]


class Kernel:
    """A function over lanes; `count` is their number, None for a single call without lanes."""

    def __init__(
        self, name: str, function: Flat, varying: Sequence[bool], foldings: Foldings, options: Options
    ) -> None:
        self.name, self.function, self.varying, self.options = name, function, tuple(varying), options
        self.paths = Paths(name, function, varying, options)
        self._foldings = foldings
        self._derivatives: dict[Any, Kernel] = {}

    def __call__(self, columns: Sequence[Column], count: int | None) -> tuple[list[Any], Structure]:
        """Return the results, numbers or columns, and their structure; Values where they depend on some."""
        numbers = [_numbers(column) for column in columns]
        results, taken = self.run(numbers, count)
        captured = tuple(dict.fromkeys(x for path in taken for x in path.captured))
        active = tuple(place for place, (column, x) in enumerate(zip(columns, numbers)) if column is not x)
        if active or captured:
            results = Application(self, columns, count, active, captured, taken[0].structure).nodes(results)
        return results, taken[0].structure

    def run(
        self, numbers: Sequence[Column], count: int | None, others: Mapping[Value, float] | None = None
    ) -> tuple[list[Any], list[Path]]:
        """Return the results as floats and arrays, and the paths that were taken.

        `others` are numbers to take for captured Values instead of those they have.
        """
        if count is None:
            path = self.paths.of(numbers)
            return path.machine().one([*numbers, *_captured(path, others)]), [path]
        taken: list[Path] = []
        results: list[Any] = []
        foldings: list[Folding] = []
        for path, lanes in self.paths.sorted(numbers, count):
            if not taken:
                foldings = self._foldings(path.structure)
                results = [0.0 if folding.summed else _column(count) for folding in foldings]
            self._expect_same(path, taken)
            taken.append(path)
            outs: list[Any] = [None if folding.summed else x for folding, x in zip(foldings, results)]
            machine = path.machine(bytes(folding.summed for folding in foldings))
            columns = [*numbers, *_captured(path, others)]
            chosen = count if lanes is None else lanes
            sums = iter(machine.run(columns, chosen, outs, self.options.threads or PROCESSORS))
            results = [x + next(sums) if folding.summed else x for folding, x in zip(foldings, results)]
        return [x / count if folding.mean else x for folding, x in zip(foldings, results)], taken

    def _expect_same(self, path: Path, taken: list[Path]) -> None:
        if taken and path.structure != taken[0].structure:
            one, other = sketch(taken[0].structure), sketch(path.structure)
            raise ArgumentError(f"{self.name}: some lanes return {one}, others {other}; expected the same of all")

    def derivative(self, active: tuple[int, ...], captured: tuple[Value, ...], structure: Structure) -> Kernel:
        """Return the kernel that computes ∂output/∂input for each output and each active or captured input."""
        key = active, captured
        if key not in self._derivatives:
            same = [not self.varying[place] for place in active] + [True] * len(captured)
            outer = self._foldings(structure)
            foldings = [Folding(folding.summed and uniform, folding.mean) for folding in outer for uniform in same]
            slopes = partial(_slopes, self.function, active, captured)
            kernel = Kernel(f"the derivative of {self.name}", slopes, self.varying, lambda _: foldings, self.options)
            self._derivatives[key] = kernel
        return self._derivatives[key]


def _slopes(function: Flat, active: tuple[int, ...], captured: tuple[Value, ...], *values: Value) -> list[Any]:
    """Return ∂output/∂input for each output of the function and each active or captured input, row by row."""
    outputs, _ = flatten(function(*values), "the result", fixed=True)
    inputs = [*(values[place] for place in active), *captured]
    rows = (core.adjoints({x: 1.0}, inputs, record=True) if isinstance(x, Value) else None for x in outputs)
    return [slope for row in rows for slope in (row or [0.0] * len(inputs))]


@dataclass(frozen=True, eq=False)
class Application:
    """A kernel called with Values: each of its results becomes a node that has them as operands."""

    kernel: Kernel
    columns: Sequence[Column]
    count: int | None
    active: tuple[int, ...]  # which of the columns are, or hold, Values
    captured: tuple[Value, ...]
    structure: Structure  # of the results

    @property
    def slopes(self) -> Kernel:
        """What computes the partials."""
        return self.kernel.derivative(self.active, self.captured, self.structure)

    def nodes(self, results: Sequence[Any]) -> list[Any]:
        """Return the results as nodes: one for a number, one per lane for a column."""
        slopes, _ = self.slopes.run([_numbers(column) for column in self.columns], self.count)
        width = len(self.active) + len(self.captured)
        made: list[Any] = []
        for place, result in enumerate(results):
            row = slopes[place * width : (place + 1) * width]
            if is_array(result):
                lanes = (self._lane(lane) for lane in range(len(result)))
                cells = [x._node(place, float(result[i]), [float(c[i]) for c in row]) for i, x in enumerate(lanes)]
                made.append(array(cells, result.shape))
            else:
                made.append(self._node(place, result, _cells(row)))
        return made

    def _lane(self, lane: int) -> Application:
        """Return one lane as a call of its own."""
        columns = [x if isinstance(x, Value | float) else x[lane] for x in self.columns]
        columns = [x if isinstance(x, Value) else float(x) for x in columns]
        return replace(self, columns=columns, count=None)

    def _node(self, place: int, result: float, slopes: list[float]) -> Any:
        """Return one result as a node."""
        operands = [*_cells([self.columns[place] for place in self.active]), *self.captured]
        known = [_numbers(x) for x in operands]
        width = len(self.active) + len(self.captured)

        def value(*numbers: float) -> float:
            return result if list(numbers) == known else float(self._run(self.kernel, numbers)[place])

        def partials(z: Any, *xs: Any) -> list[Any]:
            if all(type(x) is float for x in xs) and list(xs) == known:
                return slopes
            return _cells(self._run(self.slopes, xs)[place * width : (place + 1) * width])

        return Primitive(self.kernel.name, value, (partials,), many=True)(*operands)

    def _run(self, kernel: Kernel, operands: Sequence[Any]) -> list[Any]:
        """Return the results of a kernel for other operands than one's own."""
        rest = iter(operands)
        columns = list(self.columns)
        for place in self.active:
            shape = getattr(columns[place], "shape", None)
            columns[place] = next(rest) if shape is None else array(islice(rest, shape[0]), shape)
        if any(isinstance(x, Value) for x in operands):
            return kernel(columns, self.count)[0]
        return kernel.run(columns, self.count, dict(zip(self.captured, rest)))[0]


def _cells(columns: Iterable[Column]) -> list[Any]:
    """Return all numbers of the columns, one after the other."""
    return [x for column in columns for x in (column.tolist() if is_array(column) else [column])]


def _numbers(column: Column) -> Column:
    """Return the numbers of a column: the same column if it holds no Values."""
    if type(column) is float:
        return column
    if isinstance(column, Value):
        return read(column)
    return column if column.dtype != object else array(map(_numbers, column), column.shape)


def _captured(path: Path, others: Mapping[Value, float] | None) -> list[float]:
    return [read(x) if others is None else others.get(x, read(x)) for x in path.captured]


def _column(count: int) -> Any:
    import numpy

    return numpy.empty(count)
