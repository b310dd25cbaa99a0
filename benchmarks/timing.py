"""Fair timing: two contenders take turns in one process, and first they must agree on what comes out."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import isclose
from statistics import median
from time import perf_counter, process_time
from types import CodeType, FunctionType, MappingProxyType
from typing import Any, NamedTuple

LONG_ENOUGH, MOST_CALLS = 3e-3, 10_000  # seconds that a lap should take, and calls that it has for that
MANY = 10  # so many numbers are a gradient of sums, in which some may nearly cancel


class Clock:
    """The time in seconds: that on the wall or, for a machine that others use, too, what this process had of it."""

    def __init__(self) -> None:
        self.read = perf_counter

    def count_processor_time(self) -> None:
        """From now on, count what the processor spends on this process."""
        self.read = process_time

    @contextmanager
    def on_the_wall(self) -> Iterator[None]:
        """Within, read the clock on the wall."""
        before, self.read = self.read, perf_counter
        try:
            yield
        finally:
            self.read = before

    def __call__(self) -> float:
        """Return the time of now."""
        return self.read()


clock = Clock()


class Lap(NamedTuple):
    """One run of a workload: seconds spent, and the numbers that came out, the same ones for every contender."""

    forward: float
    backward: float
    numbers: Sequence[float]
    freeing: float = 0.0

    @property
    def total(self) -> float:
        """Forward and backward together."""
        return self.forward + self.backward


Call = Callable[[], Any]
Make = Callable[[], Call]


class Contender(NamedTuple):
    """An engine with a workload to run, once per call."""

    name: str
    run: Callable[[], Lap]


def repeated(name: str, make: Make, shares: int = 1) -> Contender:
    """Return a contender whose lap is a call, as often as it takes for its time to be measured.

    Its time is divided by `shares`, what one call does at once. The first lap is one call: what keeps a
    state, as training does, has taken one step when its numbers are compared.
    """
    call: Call | None = None
    calls = 1

    def run() -> Lap:
        nonlocal call, calls
        numbers: tuple[float, ...] = ()
        if call is None:
            call = make()
            numbers = tuple(numbers_in(call()))
        each = _timed(call, calls)
        calls = max(1, min(MOST_CALLS, int(LONG_ENOUGH / each)))
        return Lap(each / shares, 0.0, numbers)

    return Contender(name, run)


def anew(name: str, make: Make) -> Contender:
    """Return a contender whose lap is the first call, with all that is done before: tracing, compiling."""

    def run() -> Lap:
        start = clock()
        found = make()()
        return Lap(clock() - start, 0.0, tuple(numbers_in(found)))

    return Contender(name, run)


def _timed(call: Call, calls: int) -> float:
    """Return the seconds that one of so many calls took."""
    start = clock()
    for _ in range(calls):
        call()
    return (clock() - start) / calls


def numbers_in(found: Any) -> Iterator[float]:
    """Yield the numbers in any nest of arrays, lists and tuples; a function of nothing stands for what it returns."""
    found = found() if callable(found) else found
    found = found.tolist() if hasattr(found, "tolist") else found
    if isinstance(found, Sequence):
        for part in found:
            yield from numbers_in(part)
    else:
        yield float(found)


@dataclass
class Duel:
    """The laps of two contenders, in pairs."""

    ours: list[Lap]
    theirs: list[Lap]

    @property
    def ratios(self) -> list[float]:
        """How many times as long as ours their lap took, for each pair, in ascending order."""
        return sorted(theirs.total / ours.total for ours, theirs in zip(self.ours, self.theirs))


class Disagreement(Exception):
    """Two contenders computed different numbers, so that there is nothing to compare."""


def duel(ours: Contender, theirs: Contender, rounds: int, *, tolerance: float, collector: bool = True) -> Duel:
    """Let two contenders take turns, after a lap each that is not timed: it warms up, and its numbers must agree.

    Each lap starts after a collection, with the garbage collector on, as it is in any program, or off for both. A
    contender without derivatives returns fewer numbers; those that it returns are compared.
    """
    with _collecting(collector):
        [[mine], [other]] = in_turn([ours, theirs], 1)
        check(ours.name, mine, theirs.name, other, tolerance)
        return Duel(*in_turn([ours, theirs], rounds))


def in_turn(contenders: Sequence[Contender], rounds: int) -> list[list[Lap]]:
    """Return so many laps of each contender; one follows the other, each after a collection."""
    laps: list[list[Lap]] = [[] for _ in contenders]
    for _ in range(rounds):
        for contender, mine in zip(contenders, laps):
            gc.collect()
            mine.append(contender.run())
    return laps


@contextmanager
def _collecting(wanted: bool) -> Iterator[None]:
    (gc.enable if wanted else gc.disable)()
    try:
        yield
    finally:
        gc.enable()


def check(my_name: str, mine: Lap, other_name: str, other: Lap, tolerance: float) -> None:
    """Raise `Disagreement` unless the numbers of two laps are equal up to a relative error.

    A number far below the largest one may be a small difference of large ones; its error is measured by the largest.
    """
    least = tolerance * max(map(abs, mine.numbers)) if len(mine.numbers) > MANY else 0.0
    for i, (x, y) in enumerate(zip(mine.numbers, other.numbers)):
        if not isclose(x, y, rel_tol=tolerance, abs_tol=least):
            raise Disagreement(f"number {i}: {my_name} has {x!r}, {other_name} has {y!r}; tolerance {tolerance}")


def medians(laps: Sequence[Lap]) -> Lap:
    """Return the median of each time."""
    return Lap(
        forward=median(lap.forward for lap in laps),
        backward=median(lap.backward for lap in laps),
        numbers=(),
        freeing=median(lap.freeing for lap in laps),
    )


def fresh(function: Callable[..., Any], names: Mapping[str, Any] = MappingProxyType({})) -> Callable[..., Any]:
    """Return a copy of a function that the interpreter specialises by itself; `names` are globals of its own.

    CPython adapts the bytecode of a loop to the types that it meets. If contenders ran one loop in turn, each would
    find it adapted to the one before; with a copy each, every contender gets the best that the interpreter has for it.
    """
    assert isinstance(function, FunctionType)
    return FunctionType(
        _copied(function.__code__),
        {**function.__globals__, **names},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )


def _copied(code: CodeType) -> CodeType:
    """Return a copy, also of the code inside it, such as that of comprehensions."""
    return code.replace(co_consts=tuple(_copied(x) if isinstance(x, CodeType) else x for x in code.co_consts))
