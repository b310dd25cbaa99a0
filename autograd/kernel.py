"""Kernels: functions of the numbers of many lanes, run as programs, with their derivatives.

Where Values are among the numbers, nodes are among the results. A node's partials come from the kernel's *derivative*,
which is a kernel again: so derivatives of any order run as programs, and to all the rest of the library a kernel is a
primitive like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any, NoReturn

from autograd import core
from autograd.calls import Elsewhere, Unwanted
from autograd.columns import Column, Folding, Inputs, Layout, Numbers, Results, built, cells, numbers_of
from autograd.core import Value
from autograd.errors import ArgumentError
from autograd.machine import Lane
from autograd.paths import Options, Path, Paths, Shortcut
from autograd.primitives import TABLE, Primitive
from autograd.structures import Structure, array, flatten, is_array, sketch

Flat = Callable[..., Any]  # a function of Values, one after the other
Foldings = Callable[[Structure], list[Folding]]


class Kernel:
    """A function over lanes, or of a single one."""

    def __init__(
        self,
        name: str,
        function: Flat,
        varying: Sequence[bool],
        foldings: Foldings,
        options: Options,
        calls: bool = False,  # whether it may call kernels over lanes
    ) -> None:
        self.name, self.function, self.varying, self.options = name, function, tuple(varying), options
        self.paths = Paths(name, function, varying, options, calls)
        self._foldings = foldings
        self._layouts: dict[Path, Layout] = {}
        self._derivatives: dict[Any, Kernel] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what runs the paths that are known, but not the function, which need not have a name."""
        known = [(path, self._layout(path)) for path in list(self.paths.all)]
        return Kernel, (self.name, _elsewhere, self.varying, _elsewhere, self.options), known

    def __setstate__(self, known: list[tuple[Path, Layout]]) -> None:
        for path, layout in known:
            self.paths.add(path)
            self._layouts[path] = layout

    def __call__(self, inputs: Inputs) -> Any:
        """Return the results in their structure; Values where they depend on some."""
        if inputs.plain and inputs.count is None:
            path, found = self.paths.one(inputs)
            if not path.captured:
                return path.build(found)
        results, application = self.applied(inputs)
        if application is None:
            return results.built()
        return built(results.structure, application.nodes(results.columns()))

    def columns(self, inputs: Inputs) -> list[Column]:
        """Return the results one by one."""
        results, application = self.applied(inputs)
        return results.columns() if application is None else application.nodes(results.columns())

    def applied(self, inputs: Inputs) -> tuple[Numbers | Results, Application | None]:
        """Return the results as numbers, and what makes nodes of them if there are Values among the inputs."""
        numbers = inputs.numbers
        results, taken = self.run(numbers)
        captured = tuple(dict.fromkeys(x for path in taken for x in path.captured))
        if numbers is inputs and not captured:
            return results, None
        columns = inputs.columns
        active = tuple(place for place, column in enumerate(columns) if numbers_of(column) is not column)
        return results, Application(self, columns, inputs.count, active, captured, results.structure)

    @property
    def has_guards(self) -> bool:
        """Whether there may be more than one path."""
        return any(path.code.guards for path in self.paths.all)

    def shortcut(self, shapes: tuple[Any, ...]) -> Shortcut | None:
        """Return the shortest way for arguments of these shapes, if it has no lanes and only one path."""
        path = self.paths.root
        if Lane is None or path is None or path.code.guards or path.captured:
            return None
        return None if any(call.kernel.has_guards for call in path.calls) else Shortcut(path, shapes)

    def run(self, inputs: Inputs, others: Mapping[Value, float] | None = None) -> tuple[Numbers | Results, list[Path]]:
        """Return the results for plain numbers, and the paths that were taken.

        `others` are numbers to take for captured Values instead of those they have.
        """
        if inputs.count is None:
            path, found = self.paths.one(inputs, others)
            return Numbers(path.structure, found, path.build), [path]
        return self._over_lanes(inputs, others)

    def _over_lanes(self, inputs: Inputs, others: Mapping[Value, float] | None) -> tuple[Results, list[Path]]:
        assert inputs.count is not None
        taken: list[Path] = []
        results: Results | None = None
        for path, lanes in self.paths.sorted(inputs):
            if results is None:
                results = Results(self._layout(path), inputs.count)
            self._expect_same(path, taken)
            taken.append(path)
            machine = path.machine(results.layout.summed)
            results.take(machine, inputs, path.numbers_found(others), lanes, self.options.workers)
        assert results is not None  # there is a path even for no lanes
        return results, taken

    def bound(self, inputs: Inputs, uniforms: Any, captured: Sequence[Value], out: Any) -> Callable[[], None]:
        """Return what runs the kernel again and again, whatever the arrays hold by then, and writes results to `out`.

        `uniforms` are the numbers that are the same in all lanes, the last ones those to take for the captured Values.
        Raises `Unwanted` if lanes capture others, or return something else than before.
        """
        path, count = self.paths.root, inputs.count
        assert path is not None
        assert count is not None
        layout = self._layout(path)
        numbers = uniforms[len(uniforms) - len(captured) :]

        def run() -> None:
            results, taken = self._over_lanes(inputs, dict(zip(captured, numbers.tolist())))
            known = {x for path in taken for x in path.captured} <= set(captured)
            if not known or results.structure != layout.structure:
                raise Unwanted
            results.write(out)

        if path.code.guards or path.captured != captured or not layout.only_sums:
            return run
        machine, columns = path.machine(layout.summed), inputs.varying_columns
        return machine.bound(columns, count, out, self.options.workers, uniforms, layout.mean)

    def _layout(self, path: Path) -> Layout:
        """Return where the results of lanes go that take this path."""
        if path not in self._layouts:
            self._layouts[path] = Layout(path.structure, self._foldings(path.structure))
        return self._layouts[path]

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

    def joint(self, kernels: Sequence[Kernel], places: Sequence[Sequence[int]]) -> Kernel:
        """Return the kernel that computes some results of each of these, which work on the same inputs as this one."""
        layouts = [kernel._layout(kernel.paths.all[0]) for kernel in kernels]
        structures = [layout.structure for layout in layouts]
        foldings = [layout.foldings[place] for layout, results in zip(layouts, places) for place in results]

        def function(*values: Value) -> list[Any]:
            found = [flatten(kernel.function(*values), "the result", fixed=True) for kernel in kernels]
            if [structure for _, structure in found] != structures:
                raise Unwanted
            return [numbers[place] for (numbers, _), results in zip(found, places) for place in results]

        return Kernel(self.name, function, self.varying, lambda _: foldings, self.options)


def _elsewhere(*_: object) -> NoReturn:
    """Stand for a function that was not pickled."""
    raise Elsewhere


def _slopes(function: Flat, active: tuple[int, ...], captured: tuple[Value, ...], *values: Value) -> list[Any]:
    """Return ∂output/∂input for each output of the function and each active or captured input, row by row."""
    outputs, _ = flatten(function(*values), "the result", fixed=True)
    inputs = [*(values[place] for place in active), *captured]
    rows = (core.adjoints({x: 1.0}, inputs, record=True) if isinstance(x, Value) else None for x in outputs)
    return [slope for row in rows for slope in (row or [0.0] * len(inputs))]


def own_row(kernel: Kernel, value: Flat, partials: Flat) -> Primitive:
    """Return the row of a node that a kernel makes; it is never mistaken for the row that is called as the function."""
    name = f"compiled {kernel.name}" if kernel.name in TABLE else kernel.name
    return Primitive(name, value, (partials,), many=True, symbol=kernel.name)


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

    @property
    def operands(self) -> list[Any]:
        """What nodes are made of: the numbers of the columns that hold Values, and what is captured."""
        return [*cells([self.columns[place] for place in self.active]), *self.captured]

    @property
    def values(self) -> list[Value]:
        """Those of the operands that are no numbers."""
        return [x for x in self.operands if type(x) is not float]

    def row(self, place: int, slopes: Sequence[Column]) -> list[Any]:
        """Return the slopes of one result by the operands, given those of all results."""
        return cells(self._row(place, slopes))

    def _row(self, place: int, slopes: Sequence[Column]) -> Sequence[Column]:
        width = len(self.active) + len(self.captured)
        return slopes[place * width : (place + 1) * width]

    def nodes(self, results: Sequence[Column]) -> list[Any]:
        """Return the results as nodes: one for a number, one per lane for a column."""
        slopes, operands, kept = self._found(self.slopes, self.columns), self.operands, self._of_numbers()
        made: list[Any] = []
        for place, result in enumerate(results):
            if is_array(result):
                row = self._row(place, slopes)
                lanes = ((kept._lane(lane), self._operands(lane)) for lane in range(len(result)))
                partials = ([float(x[i]) if is_array(x) else x for x in row] for i in range(len(result)))
                each = zip(lanes, result, partials)
                nodes = [x._node(operands, place, float(y), row) for (x, operands), y, row in each]
                made.append(array(nodes, result.shape))
            else:
                made.append(kept._node(operands, place, result, self.row(place, slopes)))
        return made

    def _found(self, kernel: Kernel, columns: Sequence[Column], others: Mapping[Value, float] | None = None) -> Any:
        """Return the results of a kernel for the numbers in these columns, one by one."""
        inputs = Inputs([numbers_of(column) for column in columns], self.kernel.varying, self.count)
        return kernel.run(inputs, others)[0].columns()

    def _lane(self, lane: int) -> Application:
        """Return one lane as a call of its own; all columns are of numbers."""
        columns = [x if isinstance(x, float) else float(x[lane]) for x in self.columns]
        return replace(self, columns=columns, count=None)

    def _operands(self, lane: int) -> list[Any]:
        """Return what the nodes of one lane are made of."""
        columns = (self.columns[place] for place in self.active)
        found = (x[lane] if is_array(x) else x for x in columns)
        return [*(x if isinstance(x, Value) else float(x) for x in found), *self.captured]

    def _of_numbers(self) -> Application:
        """Return the same without the Values: a node's row must not keep alive what the node was made of."""
        return replace(self, columns=[numbers_of(x) for x in self.columns])

    def _node(self, operands: list[Any], place: int, result: float, slopes: list[float]) -> Any:
        """Return one result as a node."""
        known = [numbers_of(x) for x in operands]

        def value(*numbers: float) -> float:
            return result if list(numbers) == known else float(self._run(self.kernel, numbers)[place])

        def partials(z: Any, *xs: Any) -> list[Any]:
            if all(type(x) is float for x in xs) and list(xs) == known:
                return slopes
            return self.row(place, self._run(self.slopes, xs))

        return own_row(self.kernel, value, partials)(*operands)

    def _run(self, kernel: Kernel, operands: Sequence[Any]) -> list[Any]:
        """Return the results of a kernel for other operands than one's own."""
        rest = iter(operands)
        columns = list(self.columns)
        for place in self.active:
            column = columns[place]
            columns[place] = array(islice(rest, len(column)), column.shape) if is_array(column) else next(rest)
        if any(isinstance(x, Value) for x in operands):
            return kernel.columns(Inputs(columns, self.kernel.varying, self.count))
        return self._found(kernel, columns, dict(zip(self.captured, rest)))  # type: ignore[no-any-return]
