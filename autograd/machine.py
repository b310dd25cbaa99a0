"""Running a program: one lane in plain Python, many on numpy."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.program import Program


def one(program: Program, numbers: Sequence[float]) -> list[float]:
    """Return the outputs for one lane.

    >>> from autograd import Value
    >>> from autograd.program import flatten
    >>> x = Value(3.0)
    >>> one(flatten([x * x + 1.0, x], [x]), [5.0])
    [26.0, 5.0]
    """
    values = [*numbers, *program.constants]
    for row, operands in program:
        values.append(row.evaluate(*[values[v] for v in operands]))
    return [values[v] for v in program.outputs]
