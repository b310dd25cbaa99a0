"""Calls over lanes within a function of one lane: a training step, say, which uses a gradient over all samples.

While such a function is recorded, a call over lanes is not taken apart (see `calling`): its results are nodes. So a
path is a program that needs what its *calls* return. They are made first, in order, each with numbers that were given,
or are computed from these and from what other calls returned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import passes
from autograd.columns import Column, Inputs, cells
from autograd.core import Value, flat
from autograd.machine import Machine
from autograd.program import Program
from autograd.structures import is_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

Kernel = Any  # that of `autograd.kernel`


class Unwanted(Exception):
    """A call over lanes has to be taken apart, because of what is done with its results."""


class Elsewhere(Exception):
    """A call over lanes takes a path that is not known, and has come from another process, without its function."""


class Called(NamedTuple):
    """A call over lanes as it was recorded."""

    kernel: Kernel
    inputs: Inputs
    captured: tuple[Value, ...]  # what the kernel finds by itself
    columns: list[Column]  # of results, all of them Values
    slopes: Callable[[int], list[Any]] | None = None  # of one of these by the operands, while it is recorded

    @property
    def parts(self) -> list[tuple[int | None, list[Any]]]:
        """What goes in, first what is the same in all lanes, with the place of its block; None for what is captured."""
        blocks = [(place, cells([block])) for place, block in enumerate(self.inputs.blocks)]
        uniform, varying = ([x for x in blocks if self.inputs.varying[x[0]] == kind] for kind in (False, True))
        return [*uniform, (None, list(self.captured)), *varying]

    @property
    def arguments(self) -> list[Any]:
        """All numbers that go in."""
        return [x for _, numbers in self.parts for x in numbers]

    @property
    def results(self) -> list[Value]:
        """All numbers that come out, one column after the other."""
        return cells(self.columns)


@dataclass(frozen=True)
class Call:
    """A call over lanes on a path, whose numbers are the inputs, what is captured, and what the calls return."""

    kernel: Kernel
    arguments: Program  # computes them from the numbers before the results
    blocks: tuple[slice, ...]  # of the arguments
    widths: tuple[int | None, ...]  # how many numbers a lane has in a block; None where the block has one dimension
    varying: Sequence[bool]  # per block
    count: int  # of lanes
    captured: tuple[Value, ...]
    uniforms: int  # how many arguments are the same in all lanes: the first ones, and the captured at their end
    results: slice

    def steps(self, numbers: NDArray[Any]) -> Iterator[Callable[[], object]]:
        """Yield what makes the call with the numbers of the path, which are in an array, and adds its results."""
        import numpy

        size, first = len(self.arguments.outputs), self.arguments.outputs[0]
        end = first + size
        if end <= self.arguments.inputs and list(self.arguments.outputs) == list(range(first, end)):  # as they stand
            found = numbers[first:end]
        else:
            found = numpy.empty(size)
            yield partial(Machine(self.arguments, exact=True).one, numbers[: self.results.start], found)
        blocks = [found[place] for place in self.blocks]
        blocks = [x if width is None else x.reshape(-1, width) for x, width in zip(blocks, self.widths)]
        inputs = Inputs(blocks, self.varying, self.count)
        yield self.kernel.bound(inputs, found[: self.uniforms], self.captured, numbers[self.results])


def made_ready(calls: Sequence[Call], numbers: NDArray[Any]) -> list[Callable[[], object]]:
    """Return what makes the calls of a path, one after the other, with its numbers, which are in an array."""
    return [step for call in calls for step in call.steps(numbers)]


def needed(called: Sequence[Called], roots: Sequence[Any], first: int) -> list[Called]:
    """Return the calls that the roots need, with those results that they need.

    What was made before number `first` is not looked at. Calls with the same inputs become one: a value and its slopes
    have most of their work in common.
    """
    groups: dict[int, list[Called]] = {}
    for each in called:
        groups.setdefault(id(each.inputs), []).append(each)
    results = [x for each in called for x in each.results]
    wanted, kept = _among(results, roots, first), list[Called]()
    for group in reversed(groups.values()):
        joint = _joint(group, wanted)
        if joint.columns:
            wanted |= _among(results, joint.arguments, first)
            kept.insert(0, joint)
    return kept


def _among(results: list[Value], roots: Sequence[Any], first: int) -> set[Value]:
    """Return which of the results the roots are or need."""
    if not results:
        return set()
    graph = flat(roots, results, first)
    used = {*graph.operands, *graph.roots}
    return {x for place, x in enumerate(results) if place in used}


def _joint(group: Sequence[Called], wanted: set[Value]) -> Called:
    """Return calls with the same inputs as one that returns what is wanted."""
    parts = [[i for i, x in enumerate(each.columns) if wanted.intersection(cells([x]))] for each in group]
    columns = [each.columns[place] for each, places in zip(group, parts) for place in places]
    if len(group) == 1 and len(columns) == len(group[0].columns):
        return group[0]
    kernel = group[0].kernel.joint([each.kernel for each in group], parts)
    # It is recorded with the numbers that the others were recorded with.
    _, paths = kernel.run(group[0].inputs.numbers)
    captured = tuple(dict.fromkeys(x for path in paths for x in path.captured))
    return Called(kernel, group[0].inputs, captured, columns)


def placed(called: Sequence[Called], known: Sequence[Value]) -> list[Call]:
    """Return calls whose arguments are known, returned by calls before them, or computed from these."""
    numbers, calls = list(known), []
    for each in called:
        kernel, inputs, captured, _, _ = each
        ends = accumulate((len(part) for _, part in each.parts), initial=0)
        places = {place: slice(*pair) for (place, _), pair in zip(each.parts, pairwise(ends))}
        assert inputs.count is not None
        call = Call(
            kernel,
            passes.optimize(passes.flatten(each.arguments, numbers), exact=True),
            tuple(places[place] for place in range(len(inputs.blocks))),
            tuple(block.shape[1] if is_array(block) and block.ndim > 1 else None for block in inputs.blocks),
            inputs.varying,
            inputs.count,
            captured,
            places[None].stop,
            slice(len(numbers), len(numbers) + len(each.results)),
        )
        numbers += each.results
        calls.append(call)
    return calls


class Frame:
    """The numbers of one run of a path with calls, and the calls, made ready to work on them."""

    def __init__(self, sizes: Iterable[int], found: int, calls: Sequence[Call]) -> None:
        import numpy

        ends = list(accumulate(sizes, initial=0))
        self.numbers = numpy.empty(calls[-1].results.stop)
        self.places = [slice(start, end) for start, end in pairwise(ends)]
        self.found = slice(ends[-1], ends[-1] + found)
        self.steps = made_ready(calls, self.numbers)

    def run(self, blocks: Sequence[Any], found: Sequence[float]) -> NDArray[Any]:
        """Return all numbers of a path, given those of its inputs and what it finds by itself."""
        numbers = self.numbers
        for place, block in zip(self.places, blocks):
            numbers[place] = block
        if found:
            numbers[self.found] = found
        for step in self.steps:
            step()
        return numbers
