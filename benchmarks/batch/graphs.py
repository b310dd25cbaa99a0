"""Random graphs, large ones: sums, products and differences, and 38 % sin and exp, each node being needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import add, mul, sub
from random import Random
from typing import Any

import numpy as np

from autograd import jit, math, value_and_grad, vmap
from benchmarks.timing import Call

INPUTS, WIDTH = 20, 1000  # so many nodes have no use yet, as soon as there are as many
Operation = Callable[[Any, Any], Any]


def sine(x: Any, _: Any) -> Any:
    """Return the sine of the first of two."""
    return math.sin(x)


def exponential(x: Any, _: Any) -> Any:
    """Return the exponential of the first of two."""
    return math.exp(x)


SHARES: dict[Operation, float] = {sine: 0.19, exponential: 0.19, add: 0.22, mul: 0.2, sub: 0.2}


class Graph:
    """A function of a list of numbers, with so many operations; its numbers stay moderate."""

    def __init__(self, count: int) -> None:
        self.random = Random(count)
        self.inputs = [self.random.uniform(-1.0, 1.0) for _ in range(INPUTS)]
        self.steps: list[tuple[Operation, int, int]] = []
        self.unused, bounded = [*range(INPUTS)], [*range(INPUTS)]
        operations = self.random.choices([*SHARES], [*SHARES.values()], k=count - WIDTH)
        for place, operation in enumerate(operations, INPUTS):
            x = self.random.choice(bounded) if operation is exponential else self._drawn(place)
            y = self._drawn(place) if operation in (add, sub) else self.random.choice(bounded)
            self.steps.append((operation, x, y))
            self.unused.append(place)
            if operation is sine:
                bounded.append(place)

    def _drawn(self, count: int) -> int:
        """Return one of the nodes before: of those without a use, if there are enough of them."""
        if len(self.unused) < WIDTH:
            return self.random.randrange(count)
        chosen = self.random.randrange(len(self.unused))
        self.unused[chosen], self.unused[-1] = self.unused[-1], self.unused[chosen]
        return self.unused.pop()

    def __call__(self, inputs: Sequence[Any]) -> Any:
        """Return the sum of the nodes that no other node uses."""
        nodes = [*inputs]
        for operation, x, y in self.steps:
            nodes.append(operation(nodes[x], nodes[y]))
        return sum(nodes[x] for x in self.unused)

    def ours(self, lanes: int) -> Call:
        """The library, over so many lanes; what is compared is the first of them."""
        compiled, columns = vmap(value_and_grad(self), threads=1), self.columns(lanes)

        def call() -> Any:
            values, slopes = compiled(columns)
            return values[0], slopes[0]

        return call

    def of_one(self) -> Call:
        """The library, for one lane."""
        return partial(jit(value_and_grad(self)), self.inputs)

    def eager(self) -> Call:
        """The library without programs, for the first lane."""
        return partial(value_and_grad(self), self.columns(1)[0].tolist())

    def columns(self, lanes: int) -> Any:
        """Return inputs for so many lanes."""
        return np.random.default_rng(0).uniform(-1.0, 1.0, (lanes, INPUTS))
