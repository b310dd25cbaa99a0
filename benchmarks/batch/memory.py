"""How much memory a batch takes beyond its arguments and results, in a process of its own.

    python -m benchmarks.batch.memory straight 10000000

Prints a line of JSON. Memory is read from /proc, so this needs Linux.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import math, value_and_grad, vmap
from benchmarks.batch.branches import tariff
from benchmarks.probe import answer, peak_of


def straight(x: Any) -> Any:
    """Return a function without branches."""
    return math.exp(-x * x) * math.sin(3.0 * x) + math.tanh(x)


def newton(x: Any) -> Any:
    """Return a root by an iteration that takes as many turns as it needs: a path for each number of them."""
    y = 1.0
    while abs(y * y - x) > 1e-9:
        y = 0.5 * (y + x / y)
    return y


FUNCTIONS: dict[str, Callable[[Any], Any]] = {"straight": straight, "tariff": tariff, "Newton": newton}


def beyond(kind: str, lanes: int) -> dict[str, float]:
    """Return by how many bytes values and slopes of so many lanes raise the peak, less what they take themselves."""
    compiled = vmap(value_and_grad(FUNCTIONS[kind]), threads=1)
    few, many = (np.linspace(1.0, 100.0, n) for n in (1000, lanes))
    compiled(few)
    raised, found = peak_of(lambda: compiled(many))
    return {"bytes": raised - sum(column.nbytes for column in found)}


if __name__ == "__main__":
    answer(beyond, *sys.argv[1:])
