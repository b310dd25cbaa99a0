"""Calling a kernel over lanes while a function of one lane is recorded.

The kernel runs as it does outside of a recording, and its results are nodes whose operands are what went in. Their
slopes are the results of another call over lanes: that of the kernel's derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from math import nan
from typing import Any, cast
from weakref import ReferenceType, ref

from autograd.calls import Called
from autograd.columns import Column, Inputs, built
from autograd.core import Value, depend_on_older, recorder, set_recorder
from autograd.errors import RecordingError
from autograd.kernel import Application, Kernel, own_row
from autograd.record import Recorder
from autograd.sides import ask
from autograd.structures import array, is_array

Slopes = Callable[[], list[Any]]


def stay_calls() -> bool:
    """Return whether calls over lanes are not to be taken apart, in the recording that is under way."""
    return _recording().calls is not None


def _recording() -> Recorder:
    found = recorder()
    assert found is not None
    return cast("Recorder", found)


def call(kernel: Kernel, inputs: Inputs) -> Any:
    """Call a kernel over lanes within a recording, and return its results as nodes, in their structure."""
    structure, columns = _columns(kernel, inputs)
    return built(structure, columns)


def _columns(kernel: Kernel, inputs: Inputs) -> tuple[Any, list[Column]]:
    recording = _recording()
    assert recording.calls is not None
    ask("a call over lanes")  # which may ask for conditions
    with _undisturbed(recording):
        results, application = kernel.applied(inputs)
        columns = results.columns()
        if application is None:
            return results.structure, columns
        if not depend_on_older(application.values, recording.begun):  # constants: derivatives may be, too
            return results.structure, application.nodes(columns)
    if any(x.number >= recording.first for x in application.captured) and kernel.has_guards:
        raise recording.unwanted()  # a path that lanes take later could not be recorded: what it captures is gone
    found = cache(lambda: _columns(application.slopes, inputs)[1])  # those of all results, by another call over lanes
    rows = [partial(_slopes, ref(recording), len(recording.calls), place) for place in range(len(columns))]
    columns = [_nodes(application, column, row) for column, row in zip(columns, rows)]
    slopes = lambda place: application.row(place, found())  # noqa: E731
    recording.calls.append(Called(kernel, inputs, application.captured, columns, slopes))
    return results.structure, columns


@contextmanager
def _undisturbed(recording: Recorder) -> Iterator[None]:
    """Let run what follows as if nothing was recorded."""
    set_recorder(None)
    try:
        yield
    finally:
        set_recorder(recording)


def _nodes(application: Application, column: Column, slopes: Slopes) -> Column:
    """Return a result as a node; one for each lane, if it has one in each."""
    operands = application.operands
    if not is_array(column):
        return _node(application.kernel, operands, column, slopes)
    return array((_node(application.kernel, operands, x, _no_slopes) for x in column.tolist()), column.shape)


def _node(kernel: Kernel, operands: Sequence[Any], result: float, slopes: Slopes) -> Value:
    def partials(out: Any, *operands: Any) -> list[Any]:
        return slopes() if type(out) is Value else [nan] * len(operands)  # numbers are asked for, but have no use

    node: Value = own_row(kernel, lambda *_: result, partials)(*operands)
    return node


def _slopes(made_in: ReferenceType[Recorder], call: int, place: int) -> list[Any]:
    """Return the slopes of a result, which its recording knows: so a node does not keep alive what it was made of."""
    recording = made_in()
    if recording is None or recording is not recorder():
        raise RecordingError(
            "a node of a recorded function is asked for its derivative outside of the recording: return the node"
        )
    assert recording.calls is not None
    slopes = recording.calls[call].slopes
    assert slopes is not None
    return slopes(place)


def _no_slopes() -> list[Any]:
    raise _recording().unwanted()  # one call for each lane would be too many
