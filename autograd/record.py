"""Running a function once on Values, and keeping what it did.

A recording is a mode of the thread: the function runs as it always does, but comparisons make Values (*conditions*),
asking for the truth of one is noted as a *guard*, and what would freeze a number of the run, as `x.data` would, raises
`RecordingError`. What the function took from outside, the parameters of a model for instance, is *captured*; Values
that it made of plain numbers are constants.

>>> recording = record(lambda x, y: x * y if x < y else y, [2.0, 3.0])
>>> recording.outputs, [(guard.condition.primitive.name, guard.outcome) for guard in recording.guards]
([Value(data=6.0, grad=0.0)], [('less', True)])
"""

from __future__ import annotations

import random
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import compress
from types import FrameType
from typing import Any, NamedTuple, NoReturn

from autograd.branches import ask
from autograd.calls import Call, Called, Unwanted, needed, placed
from autograd.core import Value, flat, read, recorder, set_recorder
from autograd.errors import RecordingError
from autograd.passes import uniform, written
from autograd.places import Place, is_inside, place_of
from autograd.program import Program
from autograd.structures import Structure, flatten, is_array, unflatten

REFUSED = {
    "x.data": "would freeze the number of one run: compute with x itself, and choose by comparisons or math.where",
    "x.data = …": "would happen once, not at every call: return the new number, and assign it outside",
    "x.grad": "would freeze the number of one run: take derivatives by grad(...) or adjoints(...)",
    "x.grad = …": "would happen once, not at every call: do it outside",
    "x.backward()": "would leave numbers of one run in gradients: take derivatives by grad(...) or adjoints(...)",
    "float(x)": "would cut the graph: use autograd.math, not math, for functions, and lists or arrays of objects",
    "int(x)": "would freeze the number of one run: use math.trunc(x), or pass an int as an argument that is static",
    "math.frexp(x)": "would freeze the exponent of one run: take logarithms, or call it outside",
    "a copy": "of a Value would freeze the number of one run: use the Value itself, which nothing changes",
    "a pickle": "of a Value would freeze the number of one run: return the Value, and pickle it outside",
}
ERRORS_ANYWAY = {"float(x)", "int(x)"}  # outside a recording they raise as well: who handles that may go on


class Guard(NamedTuple):
    """A condition whose truth was asked for: what the function did afterwards holds for this outcome only."""

    condition: Value
    outcome: bool
    place: Place  # that asked first


@dataclass(frozen=True)
class Recording:
    """What a function did with certain numbers."""

    inputs: list[Value]  # fresh leaves, one per number
    captured: list[Value]  # from outside, the oldest first; what they were computed from is not looked at
    code: Program  # from both, and what calls return, to outputs and guards
    outputs: list[Value | float]
    structure: Structure  # of the outputs
    guards: list[Guard]  # in the order of the questions
    calls: list[Call]  # over lanes


class Recorder:
    """What a thread asks while it records. A side of a branch that may not be taken is given up before it asks."""

    def __init__(self, numbers: Iterable[float], *, calls: bool = False) -> None:
        self.first = Value(0.0).number  # what has a lower one was there before
        self.inputs = [Value(x) for x in numbers]
        self.begun = Value(0.0).number  # what has a lower one is no constant
        self.guards: dict[int, Guard] = {}  # by the number of the condition
        self.calls: list[Called] | None = [] if calls else None  # over lanes; None where they are taken apart
        self.refused: Exception | None = None

    def truth(self, condition: Value) -> bool:
        """Return whether a condition holds, and note that what follows depends on it."""
        ask(condition)
        if condition.number not in self.guards:
            self.guards[condition.number] = Guard(condition, read(condition) != 0.0, place_of(sys._getframe()))
        return self.guards[condition.number].outcome

    def refuse(self, what: str) -> NoReturn:
        """Raise an error: this would freeze a number. Whoever handles it cannot save the recording."""
        ask(what)
        error = RecordingError(f"{place_of(sys._getframe())}: {what} in a recorded function {REFUSED[what]}")
        if what not in ERRORS_ANYWAY:
            self.refused = self.refused or error
        raise error

    def unwanted(self) -> Unwanted:
        """Return the error for a call over lanes that has to be taken apart; whoever handles it cannot save it."""
        error = Unwanted()
        self.refused = self.refused or error
        return error


def is_recording() -> bool:
    """Return whether this thread is recording a function."""
    return recorder() is not None


def record(
    f: Callable[..., Any], numbers: Iterable[float], structure: Structure | None = None, *, calls: bool = False
) -> Recording:
    """Call `f` with Values that have these numbers, as arguments in the given structure, and return what it did.

    With `calls`, calls over lanes are not taken apart; raises `Unwanted` if they have to be.

    Raises `RecordingError`, naming the line, for what would freeze numbers; `ArgumentError` if the result holds
    something else than numbers. Errors of `f` itself pass through.
    """
    if is_recording():
        raise RecordingError("record: this thread is recording a function already; call the inner one as it is")
    recorder = Recorder(numbers, calls=calls)
    arguments = recorder.inputs if structure is None else unflatten(structure, recorder.inputs)
    numpy = sys.modules.get("numpy")
    before = _random_states(numpy)
    with _recorded_by(recorder):
        result = f(*arguments)
    if recorder.refused is not None:
        raise recorder.refused
    if _random_states(numpy) != before:
        _refuse_random(f, arguments, numpy, before)
    outputs, shape = flatten(result, f"the result of {getattr(f, '__name__', 'the function')}", fixed=True)
    return _recording(recorder, outputs, shape)


@contextmanager
def _recorded_by(recorder: Recorder) -> Iterator[None]:
    set_recorder(recorder)
    try:
        yield
    finally:
        set_recorder(None)


def _recording(recorder: Recorder, outputs: list[Any], structure: Structure) -> Recording:
    """Return the recording, with guards on what is no constant only."""
    inputs, guards = recorder.inputs, list(recorder.guards.values())
    roots = [*outputs, *(guard.condition for guard in guards)]
    called = needed(recorder.calls or [], roots, recorder.first)
    results, captured = [x for each in called for x in each.results], []
    if called:
        arguments = [x for each in called for x in each.arguments]
        captured = flat([*roots, *arguments], [*inputs, *results], recorder.first).captured
    graph = flat(roots, [*inputs, *captured, *results], recorder.first)
    captured += graph.captured
    varying = bytes([1] * (len(inputs) + len(captured) + len(results)))
    code = written(graph, varying, bytes([guard.outcome for guard in guards]))
    fixed = uniform(code)
    asked = [not fixed[v] for v in code.guards]
    code = replace(
        code, guards=array("I", compress(code.guards, asked)), outcomes=bytes(compress(code.outcomes, asked))
    )
    calls, guards = placed(called, [*inputs, *captured]), list(compress(guards, asked))
    return Recording(inputs, captured, code, outputs, structure, guards, calls)


# ── random numbers ───────────────────────────────────────────────────────────────────────────────────────────────────


def _random_states(numpy: Any) -> tuple[Any, Any]:
    """Return the states of the generators that everybody shares: Python's, and numpy's if it is given."""
    state = numpy and tuple(x.tolist() if is_array(x) else x for x in numpy.random.get_state())
    return random.getstate(), state


def _set_random_states(numpy: Any, states: tuple[Any, Any]) -> None:
    random.setstate(states[0])
    if numpy:
        numpy.random.set_state(states[1])


def _refuse_random(f: Callable[..., Any], arguments: Iterable[Any], numpy: Any, before: tuple[Any, Any]) -> None:
    """Raise an error that names the line of `f` that drew random numbers; do nothing if another thread drew them."""
    after, last, found = _random_states(numpy), None, None

    def watch(frame: FrameType, event: str, arg: object) -> Any:  # pragma: no cover  # nothing watches who watches
        nonlocal last, found
        if is_inside(frame) or frame.f_globals is vars(random):
            return None
        if found is None and _random_states(numpy) != before:
            found = last
        last = place_of(frame)
        return watch

    _set_random_states(numpy, before)
    watching = sys.gettrace()
    with suppress(Exception), _recorded_by(Recorder(())):
        sys.settrace(watch)
        try:
            f(*arguments)
        finally:
            sys.settrace(watching)
    if found is None:
        return _set_random_states(numpy, after)
    _set_random_states(numpy, before)
    raise RecordingError(
        f"{found}: random numbers drawn in a recorded function would be the same at every call: draw them outside, and"
        " pass them as arguments"
    )
