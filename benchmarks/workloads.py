"""Chains of operations, for every contender: the library, its peers, CPython's float and the floor.

All contenders run the same loop, each in a copy of its own. What is timed is the loop, forward, and the derivative of
its result by everything that went in, backward. Making the inputs and freeing the graph are not timed.
"""

from __future__ import annotations

import math as standard_math
from collections.abc import Callable, Iterable
from typing import Any

from autograd import Value, math
from benchmarks import peers
from benchmarks.timing import Contender, Lap, clock, fresh

# What a, b and c are at first: such that no value overflows, and no derivative underflows, in 100,000 operations.
STARTS = (0.5, 0.999, 0.001)
STARTS_WITH_FUNCTIONS = (0.5, 0.999, 0.0005)


def multiply_add(a: Any, b: Any, c: Any, turns: int) -> Any:
    """Compute a · b + c again and again: two operations a turn."""
    for _ in range(turns):
        a = a * b + c
    return a


def with_functions(a: Any, b: Any, c: Any, turns: int, sin: Any, exp: Any, tanh: Any) -> Any:
    """Compute a · b + c · f(a) again and again, f in turn each of three: twelve operations a turn, three functions.

    With the starts above, `a` stays at about 0.35, and its derivative by its start shrinks by 1/2000 a line.
    """
    for _ in range(turns):
        a = a * b + c * sin(a)
        a = a * b + c * exp(a)
        a = a * b + c * tanh(a)
    return a


class Chain:
    """A chain of so many operations, with functions among them or without."""

    def __init__(self, operations: int, *, functions: bool = False, starts: Iterable[float] = ()) -> None:
        self.loop: Callable[..., Any] = with_functions if functions else multiply_add
        self.uses_functions, per_turn = functions, 12 if functions else 2
        self.turns = operations // per_turn
        self.operations = self.turns * per_turn
        self.starts = tuple(starts) or (STARTS_WITH_FUNCTIONS if functions else STARTS)

    def functions(self, module: Any) -> tuple[Any, ...]:
        """Return what the loop needs from a module of mathematical functions."""
        return (module.sin, module.exp, module.tanh) if self.uses_functions else ()

    def ours(self) -> Contender:
        """The library: values, and gradients that `backward` leaves in the inputs."""
        loop, functions = fresh(self.loop), self.functions(math)

        def run() -> Lap:
            inputs = [Value(x) for x in self.starts]
            start = clock()
            result = loop(*inputs, self.turns, *functions)
            turned = clock()
            result.backward()
            end = clock()
            numbers = [result.data, *[x.grad for x in inputs]]
            before_freeing = clock()
            del result
            return Lap(turned - start, end - turned, numbers, clock() - before_freeing)

        return Contender("ours", run)

    def xad(self) -> Contender:
        """XAD, as in its tutorial for Python."""
        real, functions_of, tape = peers.xad()
        loop, functions = fresh(self.loop), self.functions(functions_of)

        def run() -> Lap:
            tape.clearAll()
            inputs = [real(x) for x in self.starts]
            tape.registerInputs(inputs)
            tape.newRecording()
            start = clock()
            result = loop(*inputs, self.turns, *functions)
            turned = clock()
            tape.registerOutput(result)
            result.derivative = 1.0
            tape.computeAdjoints()
            end = clock()
            return Lap(turned - start, end - turned, [result.value, *[x.derivative for x in inputs]])

        return Contender("XAD", run)

    def micrograd(self) -> Contender:
        """micrograd, which has no functions but relu."""
        value, _ = peers.micrograd()
        loop = fresh(self.loop)

        def run() -> Lap:
            inputs = [value(x) for x in self.starts]
            start = clock()
            result = loop(*inputs, self.turns)
            turned = clock()
            result.backward()
            end = clock()
            return Lap(turned - start, end - turned, [result.data, *[x.grad for x in inputs]])

        return Contender("micrograd", run)

    def floats(self) -> Contender:
        """CPython's own float: the loop without derivatives."""
        return self._without_derivatives("CPython float", float, self.functions(standard_math))

    def floor(self, extension: Any) -> Contender:
        """The least that an extension type costs: a number and operators in C, no graph, no derivatives."""
        return self._without_derivatives("minimal C object", extension.Number, self.functions(extension))

    def _without_derivatives(self, name: str, number: Any, functions: tuple[Any, ...]) -> Contender:
        loop = fresh(self.loop)

        def run() -> Lap:
            inputs = [number(x) for x in self.starts]
            start = clock()
            result = loop(*inputs, self.turns, *functions)
            end = clock()
            return Lap(end - start, 0.0, [float(result)])

        return Contender(name, run)
