"""Paths: what a function does depends on its numbers, and each way of doing it is a program of its own.

A recording says what the function did for the numbers of one lane, and which conditions it asked on the way: its
*guards*. Lanes that answer them all alike take the same *path*. The paths of a function form a tree: where a lane
answers a guard otherwise, it leaves for another path, which is recorded from the first lane that gets there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import passes
from autograd.branches import conversion
from autograd.columns import Inputs
from autograd.core import Value, read
from autograd.errors import RecordingError
from autograd.machine import Machine, PlainMachine
from autograd.program import Program
from autograd.record import Recording, record
from autograd.structures import Structure

if TYPE_CHECKING:
    from numpy.typing import NDArray

Function = Callable[..., Any]
MAX_PATHS = 256
PROCESSORS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Options:
    """How programs are run."""

    exact: bool = False  # the same bits as eager computing: no vector mathematics, sums in the order of the source
    max_paths: int = MAX_PATHS
    threads: int | None = None  # None: as many as the machine has processors

    @property
    def workers(self) -> int:
        """How many threads to use."""
        return self.threads or PROCESSORS


class Answer(NamedTuple):
    """What a lane answered to a guard, and where in the source it was asked."""

    place: str
    outcome: bool


@dataclass(eq=False)
class Path:
    """One way of going through a function."""

    code: Program  # its inputs: those of the function, then the captured Values
    captured: tuple[Value, ...]
    structure: Structure  # of the result
    answers: tuple[Answer, ...]  # to the guards
    exact: bool
    parent: tuple[Path, int] | None  # the path that parts from this one, and at which guard
    others: dict[int, Path] = field(default_factory=dict)  # where lanes go that answer a guard otherwise, by its place
    _machines: dict[bytes, PlainMachine] = field(default_factory=dict)

    def machine(self, summed: bytes = b"") -> PlainMachine:
        """Return what computes the outputs; those that are marked are summed over the lanes."""
        if summed not in self._machines:
            code = passes.outputs_only(self.code)
            self._machines[summed] = Machine(code, self.exact, summed or bytes(len(code.outputs)))
        return self._machines[summed]

    @cached_property
    def conditions(self) -> PlainMachine:
        """What computes the conditions of the guards, in one lane."""
        return Machine(passes.conditions_only(self.code), self.exact)

    @cached_property
    def guards(self) -> PlainMachine:
        """What tells whether a lane is on this path."""
        return Machine(passes.guards_only(self.code), self.exact)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the other paths, which know this one as their parent, and what is made from the code."""
        kept = {key: value for key, value in vars(self).items() if key not in ("guards", "conditions")}
        return {**kept, "others": {}, "_machines": {}}

    @cached_property
    def is_settled(self) -> bool:
        """Whether lanes that leave the parent for this path have answered all its guards by that."""
        assert self.parent is not None
        parent, place = self.parent
        return [x.place for x in self.answers] == [x.place for x in parent.answers[: place + 1]]

    def numbers_found(self, others: Mapping[Value, float] | None = None) -> list[float]:
        """Return the numbers of the captured Values, or others instead of them."""
        return [read(x) if others is None else others.get(x, read(x)) for x in self.captured]

    def departure(self, numbers: Sequence[float]) -> int | None:
        """Return the place of the first guard that the numbers answer otherwise; None if they are on this path."""
        if not self.code.guards:
            return None
        answers = self.conditions.one([*numbers, *self.numbers_found()])
        pairs = enumerate(zip(answers, self.code.outcomes))
        return next((place for place, (x, outcome) in pairs if (x != 0.0) != outcome), None)


class Paths:
    """All paths of a function that have been met; new ones are recorded when a lane takes them."""

    def __init__(self, name: str, function: Function, varying: Sequence[bool], options: Options) -> None:
        self.name, self.function, self.options = name, function, options
        self.varying = tuple(varying)
        self.root: Path | None = None
        self.all: list[Path] = []
        self._lock = RLock()

    def of(self, numbers: Sequence[float], lane: int | None = None) -> Path:
        """Return the path that a lane with these numbers takes."""
        path = self.root
        while path is not None:
            place = path.departure(numbers)
            if place is None:
                return path
            if place not in path.others:
                break
            path = path.others[place]
            if path.is_settled:
                return path
        return self._recorded([float(x) for x in numbers], lane)

    def sorted(self, inputs: Inputs) -> Iterator[tuple[Path, NDArray[Any] | None]]:
        """Yield the paths that are taken, each with the lanes that take it; None for all lanes."""
        root = self.root or self.of(inputs.lane(0), 0)
        if inputs.count == 0 or not root.code.guards:
            yield root, None
            return
        waiting: list[tuple[Path, NDArray[Any] | None]] = [(root, None)]
        while waiting:
            path, lanes = waiting.pop()
            departures = self._departures(path, inputs, lanes)
            for place in _different(departures):
                group = _selected(lanes, departures == place)
                if place == len(path.code.guards):
                    yield path, group
                else:
                    yield from self._sent_on(path, place, group, inputs, waiting)

    def _departures(self, path: Path, inputs: Inputs, lanes: NDArray[Any] | None) -> NDArray[Any]:
        """Return for each lane the first guard of a path that it answers otherwise; their number if none."""
        uniforms = inputs.uniform_and(path.numbers_found())
        chosen: Any = inputs.count if lanes is None else lanes
        return _array(path.guards.first_mismatch(inputs.varying_columns, chosen, self.options.workers, uniforms))

    def _sent_on(
        self, path: Path, place: int, group: Any, inputs: Inputs, waiting: list[tuple[Path, Any]]
    ) -> Iterator[tuple[Path, Any]]:
        """Send lanes on to the path beyond a guard; yield those of which it is known already that they take it."""
        while place not in path.others and len(group):
            yield self._recorded(inputs.lane(group[0]), int(group[0])), group[:1]
            group = group[1:]
        if len(group):
            other = path.others[place]
            if other.is_settled:
                yield other, group
            else:
                waiting.append((other, group))

    def _recorded(self, numbers: Sequence[float], lane: int | None) -> Path:
        """Record a path from the numbers of one lane, and return it.

        That lane takes it, whatever its guards say: where rounding decides, eager computing has the last word.
        """
        with self._lock:
            try:
                recording = self._record(numbers)
            except Exception as error:
                if lane is not None:
                    error.add_note(f"in lane {lane} of {self.name}")
                raise
            return self._inserted(recording)

    def _record(self, numbers: Sequence[float]) -> Recording:
        """Record the function, with selects in place of branches if that can be done and need not be exact.

        A sum of derivatives is taken in another order where a select stands between its terms.
        """
        if not self.options.exact:
            with suppress(Exception), conversion():
                return record(self.function, numbers)
        with conversion(on=False):
            return record(self.function, numbers)

    def _inserted(self, recording: Recording) -> Path:
        """Return the path of a recording: one that is known, or a new one at its place in the tree."""
        answers = tuple(Answer(str(guard.place), guard.outcome) for guard in recording.guards)
        path: Path | None = self.root
        parent: tuple[Path, int] | None = None
        while path is not None:
            if path.answers == answers:
                return path
            parent = path, _first_difference(path.answers, answers)
            path = path.others.get(parent[1])
        made = self._new(recording, answers, parent)
        self.add(made)
        return made

    def add(self, path: Path) -> None:
        """Take in a path, whose parent is one of them."""
        self.all.append(path)
        if path.parent is None:
            self.root = path
        else:
            parent, place = path.parent
            parent.others[place] = path

    def _new(self, recording: Recording, answers: tuple[Answer, ...], parent: tuple[Path, int] | None) -> Path:
        if len(self.all) >= self.options.max_paths:
            raise RecordingError(
                f"{self.name}: more than {self.options.max_paths} paths; at {_busiest(self.all)} the lanes part most"
                " often: use autograd.math.where there, or raise max_paths"
            )
        captured = tuple(recording.captured)
        varying = bytes([*self.varying, *[False] * len(captured)])
        code = passes.optimize(replace(recording.code, varying=varying), self.options.exact)
        return Path(code, captured, recording.structure, answers, self.options.exact, parent)


def _first_difference(known: Sequence[Answer], others: Sequence[Answer]) -> int:
    """Return the first place where two lanes part."""
    places = (place for place, (one, other) in enumerate(zip(known, others)) if one != other)
    return next(places, min(len(known), len(others)))


def _selected(lanes: NDArray[Any] | None, chosen: NDArray[Any]) -> NDArray[Any] | None:
    """Return the lanes that were chosen; None for all."""
    if lanes is None:
        places: NDArray[Any] = chosen.nonzero()[0]
        return places if len(places) < len(chosen) else None
    return lanes[chosen]  # type: ignore[no-any-return]


def _array(places: Any) -> NDArray[Any]:
    import numpy

    return numpy.asarray(places)


def _different(places: NDArray[Any]) -> list[int]:
    """Return the different numbers in an array."""
    import numpy

    return [int(place) for place in numpy.unique(places)]


def _busiest(paths: Sequence[Path]) -> str:
    """Return the place in the source where most paths part."""
    places = [path.answers[place].place for path in paths for place in path.others if place < len(path.answers)]
    return max(places, key=places.count)
