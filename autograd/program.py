"""Programs: a graph flattened to straight-line code, which can be run on any numbers.

What a program works on is numbered: first the inputs, then the constants, then the results, one per step. A step is a
row of the table and the numbers of its operands, which are all smaller than its own:

    >>> from autograd import Value, math
    >>> from autograd.passes import flatten
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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from autograd.formulas import ATOM, UNARY, Symbol, application
from autograd.primitives import Primitive

Labels = Sequence[str]
NOT_SUMMED = "bound: got a program with outputs that are not summed; expected none"


@dataclass(frozen=True)
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


# ── printing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def listing(program: Program, labels: Labels = ()) -> str:
    """Return the program as text, one line per step; `labels` are names of the inputs."""
    names = [Symbol(f"{'uv'[varies]}{number}") for number, varies in enumerate(program.varying)]
    heads = [f"{name.text} ({label})" if label else name.text for name, label in zip_longest(names, labels)]
    lines = ["program of " + ", ".join(heads) if heads else "program"]
    names += [Symbol(repr(x), UNARY if repr(x).startswith("-") else ATOM) for x in program.constants]
    for number, (row, places) in enumerate(program, program.first):
        operands = [names[v] for v in places]
        names.append(Symbol(f"{'v' if any(x.text.startswith('v') for x in operands) else 'u'}{number}"))
        lines.append(f"{names[number].text} = {application(row, operands).text}")
    for v, outcome in zip(program.guards, program.outcomes):
        lines.append(f"guard {names[v].text}" if outcome else f"guard not {names[v].text}")
    lines.append("return " + ", ".join(names[v].text for v in program.outputs))
    return "\n  ".join(lines).rstrip()
