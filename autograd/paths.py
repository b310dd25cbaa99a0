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
from autograd.calls import Call, Elsewhere, Frame, Unwanted, made_ready
from autograd.columns import Builder, Inputs, builder, builder_of_slots, cells
from autograd.core import Value, read
from autograd.errors import RecordingError
from autograd.machine import Lane, Machine, PlainMachine, parted
from autograd.program import Program
from autograd.record import Recording, record
from autograd.structures import Structure, is_array, slots_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from autograd.machine import Numbers

    Lanes = range | NDArray[Any]  # their indices

Function = Callable[..., Any]
Ready = tuple[Any, list[Callable[[], object]]]  # a lane of the machine, and the calls, which write to it
NO_WAY: Any = object()
MADE_OF_CODE = {"build", "conditions", "guards", "has_arrays"}
MAX_PATHS = 256
BLOCK = 2**17  # lanes that are sorted at a time
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

    code: Program  # its inputs: those of the function, the captured Values, and what the calls return
    captured: tuple[Value, ...]
    structure: Structure  # of the result
    answers: tuple[Answer, ...]  # to the guards
    exact: bool
    parent: tuple[Path, int] | None  # the path that parts from this one, and at which guard
    calls: Sequence[Call] = ()
    others: dict[int, Path] = field(default_factory=dict)  # where lanes go that answer a guard otherwise, by its place
    _machines: dict[bytes, PlainMachine] = field(default_factory=dict)
    _frames: list[Frame] = field(default_factory=list)  # that are not in use

    def machine(self, summed: bytes = b"") -> PlainMachine:
        """Return what computes the outputs; those that are marked are summed over the lanes."""
        if summed not in self._machines:
            code = passes.outputs_only(self.code)
            self._machines[summed] = Machine(code, self.exact, summed or bytes(len(code.outputs)))
        return self._machines[summed]

    @cached_property
    def build(self) -> Builder:
        """What puts the outputs of one lane into their structure."""
        return builder(self.structure)

    @cached_property
    def has_arrays(self) -> bool:
        """Whether there are arrays among the results."""
        return any(slot.shape is not None for slot in slots_of(self.structure))

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
        kept = {key: value for key, value in vars(self).items() if key not in MADE_OF_CODE}
        return {**kept, "others": {}, "_machines": {}, "_frames": []}

    @cached_property
    def is_settled(self) -> bool:
        """Whether lanes that leave the parent for this path have answered all its guards by that."""
        assert self.parent is not None
        parent, place = self.parent
        return [x.place for x in self.answers] == [x.place for x in parent.answers[: place + 1]]

    @property
    def longer(self) -> Path | None:
        """The path that answers only the last guard otherwise, and is asked more: as of a loop with one more turn."""
        last = len(self.answers) - 1
        other = self.others.get(last)
        if other is None or len(other.answers) <= last + 1 or other.answers[last].place != self.answers[last].place:
            return None
        return other

    @property
    def line(self) -> list[Path]:
        """The path, its longer one, and so on: the guards of the last one tell which of them a lane takes."""
        found = [self]
        while (longer := found[-1].longer) is not None:
            found.append(longer)
        return found

    def numbers_found(self, others: Mapping[Value, float] | None = None) -> list[float]:
        """Return the numbers of the captured Values, or others instead of them."""
        return [read(x) if others is None else others.get(x, read(x)) for x in self.captured]

    def one(
        self, inputs: Inputs, others: Mapping[Value, float] | None = None, *, asked: bool = True
    ) -> tuple[Numbers, int | None]:
        """Return the outputs of a call without lanes, and None; or nothing, and the first guard it answers otherwise.

        It takes this path anyway unless it is `asked`.
        """
        if not self.calls:
            given = inputs.of_one_lane()
            return self._outputs([*given, *self.numbers_found(others)] if self.captured else given, asked)
        try:
            frame = self._frames.pop()
        except IndexError:  # all are in use
            sizes = (block.size if is_array(block) else 1 for block in inputs.blocks)
            frame = Frame(sizes, len(self.captured), self.calls)
        found = self._outputs(frame.run(inputs.blocks, self.numbers_found(others)), asked)
        self._frames.append(frame)
        return found

    def _outputs(self, numbers: Numbers, asked: bool) -> tuple[Numbers, int | None]:
        if asked and self.code.guards:
            pairs = enumerate(zip(self.conditions.one(numbers), self.code.outcomes))
            departure = next((place for place, (x, outcome) in pairs if (x != 0.0) != outcome), None)
            if departure is not None:
                return (), departure
        if not self.has_arrays:
            return self.machine().one(numbers), None
        import numpy

        found = numpy.empty(len(self.code.outputs))
        self.machine().one(numbers, found)
        return found, None


class Shortcut:
    """The shortest way through the only path of a function, for arguments of known shapes.

    What surrounds the machine then takes a quarter of the time: most of what a small function needs.
    """

    def __init__(self, path: Path, shapes: tuple[Any, ...]) -> None:
        self.path, self.shapes = path, shapes
        self.build = builder_of_slots(path.structure)
        self._ready: list[Ready] = []  # that are not in use

    def results(self, args: tuple[Any, ...]) -> Any:
        """Return the results in their structure, or `NO_WAY` if the arguments have other shapes."""
        try:
            ready = self._ready.pop()
        except IndexError:  # all are in use
            ready = self._new()
        lane, calls = ready
        found = lane.results(args, calls)
        self._ready.append(ready)
        return NO_WAY if found is None else self.build(found)

    def _new(self) -> Ready:
        found = tuple(float if slot.shape is None else slot.shape for slot in slots_of(self.path.structure))
        lane = Lane(self.path.machine(), self.shapes, found)
        if not self.path.calls:
            return lane, []
        import numpy

        return lane, made_ready(self.path.calls, numpy.frombuffer(lane))


class Paths:
    """All paths of a function that have been met; new ones are recorded when a lane takes them."""

    def __init__(
        self, name: str, function: Function, varying: Sequence[bool], options: Options, calls: bool = False
    ) -> None:
        self.name, self.function, self.options, self.calls = name, function, options, calls
        self.varying = tuple(varying)
        self.root: Path | None = None
        self.all: list[Path] = []
        self._lock = RLock()

    def one(self, inputs: Inputs, others: Mapping[Value, float] | None = None) -> tuple[Path, Numbers]:
        """Return the path that a call without lanes takes, and the outputs.

        `others` are numbers to take for captured Values instead of those they have.
        """
        try:
            return self._one(inputs, others)
        except Unwanted:  # lanes of a call found Values, or returned a structure, that it was not recorded with
            self._forget(calls=False)
        except Elsewhere:  # what is recorded here finds the functions of its calls again
            self._forget(calls=self.calls)
        return self.one(inputs, others)

    def _forget(self, calls: bool) -> None:
        """Forget all paths; say whether new ones may make calls."""
        with self._lock:
            self.calls, self.root = calls, None
            self.all.clear()

    def _one(self, inputs: Inputs, others: Mapping[Value, float] | None) -> tuple[Path, Numbers]:
        path, asked = self.root, True
        while path is not None:
            found, departure = path.one(inputs, others, asked=asked)
            if departure is None:
                return path, found
            path = path.others.get(departure)
            asked = path is None or not path.is_settled
        path = self._recorded([float(x) for x in cells(inputs.blocks)])
        return path, path.one(inputs, others, asked=False)[0]

    def sorted(self, inputs: Inputs) -> Iterator[tuple[Path, Lanes | None]]:
        """Yield the paths that are taken, each with lanes that take it; None for all lanes.

        They are sorted block by block, so it takes no more memory to sort more. Which lanes are together, and so the
        order in which they are added up, depends on the paths that are known, but not on the number of threads.
        """
        root = self.root or self._recorded(inputs.lane(0), 0)
        if not inputs.count or not root.code.guards:
            yield root, None
            return
        for start in range(0, inputs.count, BLOCK):
            yield from self._block_sorted(root, inputs, range(start, min(start + BLOCK, inputs.count)))

    def _block_sorted(self, root: Path, inputs: Inputs, block: range) -> Iterator[tuple[Path, Lanes]]:
        """Yield the paths that lanes of a block take, each with those lanes."""
        waiting: list[tuple[Path, Lanes]] = [(root, block)]
        while waiting:
            path, lanes = waiting.pop()
            line = path.line
            ends = {len(x.answers) - 1: x for x in line[:-1]} | {len(line[-1].answers): line[-1]}
            for place, group in parted(lanes, self._departures(line[-1], inputs, lanes)):
                if place in ends:
                    yield ends[place], group
                else:
                    left = next(x for x in line if place < len(x.answers))
                    yield from self._sent_on(left, place, group, inputs, waiting)

    def _departures(self, path: Path, inputs: Inputs, lanes: Lanes) -> NDArray[Any]:
        """Return for each lane the first guard of a path that it answers otherwise; their number if none."""
        uniforms = inputs.uniform_and(path.numbers_found())
        return _array(path.guards.first_mismatch(inputs.varying_columns, lanes, self.options.workers, uniforms))

    def _sent_on(
        self, path: Path, place: int, group: Lanes, inputs: Inputs, waiting: list[tuple[Path, Lanes]]
    ) -> Iterator[tuple[Path, Lanes]]:
        """Send lanes on to the path beyond a guard; yield those of which it is known already that they take it."""
        while place not in path.others and len(group):
            yield self._recorded(inputs.lane(int(group[0])), int(group[0])), group[:1]
            group = group[1:]
        if len(group):
            other = path.others[place]
            if other.is_settled:
                yield other, group
            else:
                waiting.append((other, group))

    def _recorded(self, numbers: Sequence[float], lane: int | None = None) -> Path:
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

        A sum of derivatives is taken in another order where a select stands between its terms. Likewise, calls over
        lanes are taken apart only where nothing else can be done.
        """
        if not self.options.exact:
            for calls in [True, False] if self.calls else [False]:
                with suppress(Exception), conversion():
                    return record(self.function, numbers, calls=calls)
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
        varying = bytes([*self.varying, *[False] * (recording.code.inputs - len(self.varying))])
        code = passes.optimize(replace(recording.code, varying=varying), self.options.exact)
        return Path(code, captured, recording.structure, answers, self.options.exact, parent, recording.calls)


def _first_difference(known: Sequence[Answer], others: Sequence[Answer]) -> int:
    """Return the first place where two lanes part."""
    places = (place for place, (one, other) in enumerate(zip(known, others)) if one != other)
    return next(places, min(len(known), len(others)))


def _array(places: Any) -> NDArray[Any]:
    import numpy

    return numpy.asarray(places)


def _busiest(paths: Sequence[Path]) -> str:
    """Return the place in the source where most paths part."""
    places = [path.answers[place].place for path in paths for place in path.others if place < len(path.answers)]
    return max(places, key=places.count)
