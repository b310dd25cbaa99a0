"""Programs: a graph flattened to straight-line code, which can be run on any numbers.

What a program works on is numbered: first the inputs, then the constants, then the results, one per step. A step is a
row of the table and the numbers of its operands, which are all smaller than its own:

    >>> from autograd import Value, math
    >>> x, y = Value(3.0), Value(0.5)
    >>> print(listing(flatten([math.sin(x) * 2.0 + y], [x, y], varying=[True, False]), ["x", "y"]))
    program of v0 (x), u1 (y)
      v3 = sin(v0)
      v4 = v3 * 2.0
      v5 = v4 + u1
      return v5

A *varying* value (v) has a number per lane, a *uniform* one (u) the same for all. *Guards* are conditions, with what a
lane has to answer: where it answers otherwise, the program is not what the function would have done.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from autograd.core import read
from autograd.errors import GraphError, describe
from autograd.formulas import ATOM, UNARY, Symbol, application
from autograd.primitives import Primitive

Labels = Sequence[str]


@dataclass(frozen=True, repr=False)
class Program:
    """Straight-line code in single assignment: plain arrays, and the rows of the table that occur.

    A program can be pickled; rows are pickled by name.
    """

    inputs: int  # values 0 … inputs - 1
    varying: bytes  # per input: 1 for one number per lane, 0 for one for all
    constants: array[float]  # the next values
    rows: tuple[Primitive, ...]  # the different rows that occur
    steps: array[int]  # per step the place of its row; the result of step i is value inputs + len(constants) + i
    starts: array[int]  # the operands of step i are operands[starts[i]:starts[i + 1]]
    operands: array[int]  # numbers of values
    outputs: array[int]  # numbers of values
    guards: array[int]  # numbers of values: the conditions, in the order in which they were asked
    outcomes: bytes  # per guard: 1 if it has to hold, which is not to be 0; else 0

    @property
    def first(self) -> int:
        """The number of the first result."""
        return self.inputs + len(self.constants)

    def __iter__(self) -> Iterator[tuple[Primitive, array[int]]]:
        """Yield the row and the operands of each step."""
        for step, start, end in zip(self.steps, self.starts, self.starts[1:]):
            yield self.rows[step], self.operands[start:end]

    def __str__(self) -> str:
        return listing(self)

    def __repr__(self) -> str:
        counts = (self.inputs, len(self.steps), len(self.outputs), len(self.guards))
        return "<program: {} inputs, {} steps, {} outputs, {} guards>".format(*counts)


class Writer:
    """Writes a program step by step.

    How many constants there will be is known at the end, so until then they have negative numbers, -1, -2, …; results
    follow the inputs.
    """

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.constants: list[float] = []
        self.rows: list[Primitive] = []
        self.steps: list[int] = []
        self.starts: list[int] = [0]
        self.operands: list[int] = []
        self._constant_places: dict[Any, int] = {}
        self._row_places: dict[Primitive, int] = {}

    def constant(self, x: float) -> int:
        """Return the number of a constant; of equal ones there is only one."""
        key: Any = x if x and x == x else repr(x)  # 0.0 is equal to -0.0, and NaN to nothing
        place = self._constant_places.setdefault(key, -1 - len(self.constants))
        if place == -1 - len(self.constants):
            self.constants.append(x)
        return place

    def row(self, primitive: Primitive) -> int:
        """Return the place of a row."""
        place = self._row_places.setdefault(primitive, len(self.rows))
        if place == len(self.rows):
            self.rows.append(primitive)
        return place

    def step(self, row: int, operands: list[int]) -> int:
        """Write a step; return the number of its result."""
        self.steps.append(row)
        self.operands += operands
        self.starts.append(len(self.operands))
        return self.inputs + len(self.steps) - 1

    def primitive(self, v: int) -> Primitive | None:
        """Return what a value is the result of; None for an input or a constant."""
        return self.rows[self.steps[v - self.inputs]] if v >= self.inputs else None

    def operands_of(self, v: int) -> list[int]:
        """Return the operands of a result."""
        step = v - self.inputs
        return self.operands[self.starts[step] : self.starts[step + 1]]

    def finish(self, varying: bytes, outputs: Iterable[int], guards: Iterable[int], outcomes: bytes) -> Program:
        """Return the program, its constants in their place between inputs and results."""
        inputs, shift = self.inputs, len(self.constants)

        def numbered(values: Iterable[int]) -> array[int]:
            return array("I", [v + shift if v >= inputs else v if v >= 0 else inputs - 1 - v for v in values])

        return Program(
            inputs=inputs,
            varying=varying,
            constants=array("d", self.constants),
            rows=tuple(self.rows),
            steps=array("H", self.steps),
            starts=array("I", self.starts),
            operands=numbered(self.operands),
            outputs=numbered(outputs),
            guards=numbered(guards),
            outcomes=outcomes,
        )


def flatten(
    outputs: Sequence[Any],
    inputs: Sequence[Any],
    guards: Iterable[tuple[Any, bool]] = (),
    varying: Iterable[bool] | None = None,
) -> Program:
    """Return the program that computes the outputs, Values or floats, from other numbers of the inputs.

    Inputs may be inner nodes: what they were computed from is left out. Leaves that are no inputs are constants.
    `guards` are conditions with their outcomes. Without `varying`, all inputs vary from lane to lane. Raises
    `GraphError` if an input is given twice.
    """
    conditions, outcomes = zip(*guards) if (guards := tuple(guards)) else ((), ())
    places = {x.number: place for place, x in enumerate(inputs)}
    if len(places) < len(inputs):
        twice = next(x for place, x in enumerate(inputs) if places[x.number] != place)
        raise GraphError(f"flatten: got {describe(twice)} as an input twice; expected different Values")
    writer = Writer(len(inputs))
    roots = [x for x in (*outputs, *conditions) if type(x) is not float]
    nodes = _needed(roots, places)
    for number in sorted(nodes):
        node = nodes[number]
        places[number] = _written(writer, node, places) if node.operands else writer.constant(read(node))

    def numbers(values: Iterable[Any]) -> list[int]:
        return [writer.constant(x) if type(x) is float else places[x.number] for x in values]

    marks = bytes([1] * len(inputs)) if varying is None else bytes(map(bool, varying))
    return writer.finish(marks, numbers(outputs), numbers(conditions), bytes(map(bool, outcomes)))


def _needed(roots: Iterable[Any], known: dict[int, int]) -> dict[int, Any]:
    """Return the nodes that the roots need, by creation number; what is known already is left out."""
    found: dict[int, Any] = {}
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        number = node.number
        if number not in found and number not in known:
            found[number] = node
            waiting += [x for x in node.operands if type(x) is not float]
    return found


def _written(writer: Writer, node: Any, places: dict[int, int]) -> int:
    operands = [writer.constant(x) if type(x) is float else places[x.number] for x in node.operands]
    return writer.step(writer.row(node.primitive), operands)


def uniform(program: Program) -> bytearray:
    """Return for each value 1 if it is the same for all lanes: a constant, a uniform input, or computed from such."""
    marks = bytearray(1 - mark for mark in program.varying) + b"\1" * len(program.constants)
    operands, starts = program.operands, program.starts
    start = 0
    for end in starts[1:]:
        mark = 1
        for v in operands[start:end]:
            mark &= marks[v]
        marks.append(mark)
        start = end
    return marks


# ── printing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def listing(program: Program, labels: Labels = ()) -> str:
    """Return the program as text, one line per step; `labels` are names of the inputs."""
    names = _names(program)
    heads = [f"{name.text} ({label})" if label else name.text for name, label in zip(names, _padded(labels, program))]
    lines = ["program of " + ", ".join(heads) if heads else "program"]
    for number, (row, operands) in enumerate(program, program.first):
        lines.append(f"{names[number].text} = {application(row, [names[v] for v in operands]).text}")
    for v, outcome in zip(program.guards, program.outcomes):
        lines.append(f"guard {names[v].text}" if outcome else f"guard not {names[v].text}")
    lines.append("return " + ", ".join(names[v].text for v in program.outputs))
    return "\n  ".join(lines).rstrip()


def _padded(labels: Labels, program: Program) -> list[str]:
    return [*labels, *[""] * (program.inputs - len(labels))]


def _names(program: Program) -> list[Symbol]:
    """Return what values are called: v7 if varying, u7 if uniform; constants are their numbers."""
    names = [Symbol(f"{'vu'[mark]}{number}") for number, mark in enumerate(uniform(program))]
    for number, x in enumerate(program.constants, program.inputs):
        names[number] = Symbol(repr(x), UNARY if repr(x).startswith("-") else ATOM)
    return names
