"""Small programs for engines of any make, and what comes out of them.

An engine is a class such as micrograd's: `Value(number)`, with operators, `.data`, `.grad` and `.backward()`. What this
library makes of the same program is right; the engine may be wrong, raise errors, or never end.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from string import ascii_lowercase
from types import FrameType
from typing import Any, NamedTuple, TypeVar

from autograd.core import Value

T = TypeVar("T")
Engine = Callable[[float], Any]
TraceFunction = Callable[[FrameType, str, Any], Any]

LIMIT = 100_000  # instructions that an engine may run, forward or backward, for one program
TOLERANCE = 1e-6  # relative, or absolute for numbers below 1
LACKING = (TypeError, AttributeError, NotImplementedError, AssertionError)  # raised by what is not there

# ── programs ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Operation:
    """An operation on one or two operands: how it is written, and as a function."""

    template: str
    function: Callable[..., Any]

    @property
    def arity(self) -> int:
        """How many operands it has."""
        return 2 if "{b}" in self.template else 1

    def text(self, a: str = "a", b: str = "b") -> str:
        """Return how it is written, with these names for its operands."""
        return self.template.format(a=a, b=b)


# fmt: off

OPERATIONS = {row.text(): row for row in (
    Operation("-{a}",          lambda a: -a),
    Operation("{a} + {b}",     lambda a, b: a + b),
    Operation("{a} * {b}",     lambda a, b: a * b),
    Operation("{a} - {b}",     lambda a, b: a - b),
    Operation("{a} / {b}",     lambda a, b: a / b),
    Operation("{a} ** {b}",    lambda a, b: a ** b),
    Operation("{a} ** 2",      lambda a: a ** 2),
    Operation("{a} ** -1",     lambda a: a ** -1),
    Operation("{a} + 2",       lambda a: a + 2),
    Operation("2 + {a}",       lambda a: 2 + a),
    Operation("{a} * 2",       lambda a: a * 2),
    Operation("2 * {a}",       lambda a: 2 * a),
    Operation("{a} - 2",       lambda a: a - 2),
    Operation("2 - {a}",       lambda a: 2 - a),
    Operation("{a} / 2",       lambda a: a / 2),
    Operation("2 / {a}",       lambda a: 2 / a),
    Operation("2 ** {a}",      lambda a: 2 ** a),
    Operation("{a}.relu()",    lambda a: a.relu()),
    Operation("{a}.tanh()",    lambda a: a.tanh()),
    Operation("{a}.sigmoid()", lambda a: a.sigmoid()),
    Operation("{a}.exp()",     lambda a: a.exp()),
    Operation("{a}.log()",     lambda a: a.log()),
    Operation("{a}.sqrt()",    lambda a: a.sqrt()),
    Operation("{a}.sin()",     lambda a: a.sin()),
    Operation("{a}.cos()",     lambda a: a.cos()),
)}
"""What engines are asked to do, the simplest first."""

# fmt: on


class Program(NamedTuple):
    """Numbers for the leaves, and steps: operations on leaves and earlier results, given by their places.

    >>> plus = OPERATIONS["a + b"]
    >>> program = Program((2.0,), ((plus, (0, 0)), (plus, (1, 1))))
    >>> print(program)
    a = Value(2.0)
    b = a + a
    c = b + b
    >>> program.nodes([1.0])
    [1.0, 2.0, 4.0]
    """

    point: tuple[float, ...]
    steps: tuple[tuple[Operation, tuple[int, ...]], ...]

    def nodes(self, leaves: Sequence[Any]) -> list[Any]:
        """Return the leaves and the result of each step."""
        found = list(leaves)
        for operation, places in self.steps:
            found.append(operation.function(*[found[place] for place in places]))
        return found

    def uses(self) -> list[int]:
        """Return how often each leaf and each result is an operand."""
        counts = [0] * (len(self.point) + len(self.steps))
        for _, places in self.steps:
            for place in places:
                counts[place] += 1
        return counts

    def without_waste(self) -> Program:
        """Return the program without the leaves and steps that its result does not need.

        >>> minus = OPERATIONS["-a"]
        >>> print(Program((2.0, 3.0), ((minus, (0,)), (minus, (1,)), (minus, (3,)))).without_waste())
        a = Value(3.0)
        b = -a
        c = -b
        """
        width = len(self.point)
        needed = {width + len(self.steps) - 1}
        for place in range(width + len(self.steps) - 1, width - 1, -1):
            needed.update(self.steps[place - width][1] if place in needed else ())
        new = {place: number for number, place in enumerate(sorted(needed))}
        kept = [self.steps[place - width] for place in sorted(needed) if place >= width]
        return Program(
            tuple(self.point[place] for place in sorted(needed) if place < width),
            tuple((operation, tuple(new[place] for place in places)) for operation, places in kept),
        )

    @property
    def names(self) -> str:
        """A letter for each leaf and each result."""
        return ascii_lowercase[: len(self.point) + len(self.steps)]

    def code(self, engine: str = "Value") -> str:
        """Return the program in Python, for an engine of this name."""
        texts = [f"{engine}({number!r})" for number in self.point]
        texts += [operation.text(*(self.names[place] for place in places)) for operation, places in self.steps]
        return "\n".join(f"{name} = {text}" for name, text in zip(self.names, texts))

    def __str__(self) -> str:
        return self.code()


def all_programs(operations: Sequence[Operation], point: tuple[float, ...], steps: int) -> Iterator[Program]:
    """Yield every program of so many steps that uses all its leaves and results.

    >>> [str(program).splitlines()[-1] for program in all_programs([OPERATIONS["a * b"]], (2.0, 3.0), 1)]
    ['c = a * b', 'c = b * a']
    """
    choices = [
        [(operation, places) for operation in operations for places in product(range(known), repeat=operation.arity)]
        for known in range(len(point), len(point) + steps)
    ]
    programs = (Program(point, chosen) for chosen in product(*choices))
    return (program for program in programs if all(program.uses()[:-1]))


# ── what comes out ───────────────────────────────────────────────────────────────────────────────────────────────────


class Observation(NamedTuple):
    """What came out of a program: its value, the gradients of the leaves, and what the leaves are afterwards."""

    value: float
    gradients: tuple[float, ...]
    leaves: tuple[float, ...]


class TrialError(Exception):
    """An engine raised an error, or did not end."""

    def __init__(self, error: BaseException, *, forward: bool) -> None:
        text = " ".join(f"{type(error).__name__}: {error}".removesuffix(": ").split())
        super().__init__(textwrap.shorten(text, 80, placeholder=" …"))
        self.lacking = forward and isinstance(error, LACKING)  # nobody has written this operation
        self.forward = forward


@lru_cache(maxsize=4096)  # engines are asked for the same programs
def expect(program: Program) -> Observation:
    """Return what comes out of a program by this library.

    >>> expect(Program((3.0,), ((OPERATIONS["a ** 2"], (0,)),)))
    Observation(value=9.0, gradients=(6.0,), leaves=(3.0,))
    """
    nodes, value = _forward(Value, program)
    return Observation(value, *_backward(program, nodes, zeroed=[True]))


def numbers(program: Program) -> list[float]:
    """Return what the leaves and results of a program are, by this library."""
    return [node.data for node in program.nodes([Value(number) for number in program.point])]


def agree(found: Sequence[float], expected: Sequence[float]) -> bool:
    """Return whether an engine's numbers are the right ones, as far as single precision goes."""
    return all(abs(x - y) <= TOLERANCE * max(1.0, abs(y)) for x, y in zip(found, expected))


def observe(
    engine: Engine, program: Program, *, zeroed: Sequence[bool] = (False,), limit: int = LIMIT
) -> Observation:
    """Return what comes out of a program by another engine.

    There is a pass of `backward()` for each entry of `zeroed`, which says whether the gradients of the leaves are set
    to 0 before. Raises `TrialError` if the engine raises anything, or runs beyond the limit.
    """
    nodes, value = trial(lambda: _forward(engine, program), limit, forward=True)
    return Observation(value, *trial(lambda: _backward(program, nodes, zeroed), limit, forward=False))


def _forward(engine: Engine, program: Program) -> tuple[list[Any], float]:
    nodes = program.nodes([engine(number) for number in program.point])
    return nodes, as_number(nodes[-1].data)


def _backward(program: Program, nodes: list[Any], zeroed: Sequence[bool]) -> tuple[tuple[float, ...], ...]:
    leaves = nodes[: len(program.point)]
    for zero in zeroed:
        for leaf in leaves if zero else ():
            leaf.grad = 0.0
        nodes[-1].backward()
    return tuple(as_number(leaf.grad) for leaf in leaves), tuple(as_number(leaf.data) for leaf in leaves)


def as_number(thing: Any) -> float:
    """Return a number as a float: it may be of any type, in an engine's own Value, or None where nothing arrived."""
    if thing is None:
        return 0.0
    return float(thing.data if hasattr(thing, "backward") else thing)


# ── engines that do not end ──────────────────────────────────────────────────────────────────────────────────────────


class EndlessError(BaseException):
    """Raised in an engine that runs for too long; no `Exception`, lest the engine handle it."""


class Budget:
    """What ends an engine after so many instructions of Python's virtual machine."""

    def __init__(self, limit: int) -> None:
        self.limit, self.left = limit, limit

    def count(self, frame: FrameType, event: str, argument: object) -> TraceFunction:
        """Count an event of a frame, as a trace function; raise `EndlessError` when there have been too many."""
        if event == "call":
            frame.f_trace_opcodes = True  # an empty loop has no lines
        self.left -= 1
        if self.left < 0:
            raise EndlessError(f"no end within {self.limit:,} instructions of Python")
        return self.count


def trial(action: Callable[[], T], limit: int = LIMIT, *, forward: bool = True) -> T:
    """Return what the action returns; raise `TrialError` for whatever it raises, or if it does not end.

    >>> trial(lambda: 1 / 0)
    Traceback (most recent call last):
    autograd.trials.TrialError: ZeroDivisionError: division by zero
    """
    try:
        return _counted(Budget(limit), action)
    except (Exception, EndlessError) as error:
        raise TrialError(error, forward=forward) from None


def _counted(budget: Budget, action: Callable[[], T]) -> T:
    before = sys.gettrace()
    sys.settrace(budget.count)
    try:
        return action()
    finally:
        sys.settrace(before)
