"""The numbers of a call of a program, and its results: in the arrays in which they come, or one by one.

A *block* holds the numbers of one argument: a number, or an array. If they are the same in all lanes, the array has one
dimension; if they vary, its first dimension is that of the lanes, and there is a second one where a lane has several. A
*column* holds what a single input or output has in all lanes: a number, or an array of one dimension.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.core import Value, read
from autograd.structures import Branch, Fixed, Slot, Structure, array, build, is_array, slots_of

if TYPE_CHECKING:
    from autograd.machine import PlainMachine

Block = Any
Builder = Callable[[Any], Any]
Column = Any

LEAST_TOGETHER, MOST_TOGETHER = 2**14, 2**19  # numbers of results that are parts of one array


class Inputs:
    """The numbers of a call: blocks, which of them vary, and how many lanes there are; None where there are none.

    It is `plain` if it is known that no block holds Values.
    """

    def __init__(
        self, blocks: Sequence[Block], varying: Sequence[bool] = (), count: int | None = None, *, plain: bool = False
    ) -> None:
        self.blocks, self.varying, self.count, self.plain = blocks, varying, count, plain

    @property
    def columns(self) -> list[Column]:
        """A column for each input."""
        if self.count is None:
            return cells(self.blocks)
        pairs = zip(self.blocks, self.varying)
        return [x for block, varies in pairs for x in (_columns(block) if varies else cells([block]))]

    @property
    def numbers(self) -> Inputs:
        """The same, with numbers instead of Values."""
        if self.plain:
            return self
        blocks = [numbers_of(block) for block in self.blocks]
        same = all(x is y for x, y in zip(blocks, self.blocks))
        return self if same else Inputs(blocks, self.varying, self.count, plain=True)

    @property
    def varying_columns(self) -> list[Column]:
        """The columns of those that vary."""
        found: list[Column] = []
        for block, varies in zip(self.blocks, self.varying):
            if varies:
                found += _columns(block)
        return found

    def uniform_and(self, others: Sequence[float]) -> Any:
        """Return the numbers that are the same in all lanes, and then others, as one array."""
        import numpy

        blocks = [block for block, varies in zip(self.blocks, self.varying) if not varies]
        return _joined([*blocks, numpy.array(others)] if others else blocks)

    def of_one_lane(self) -> Any:
        """Return the numbers of a call without lanes."""
        return _joined(self.blocks) if any(map(is_array, self.blocks)) else self.blocks

    def lane(self, place: int) -> list[float]:
        """Return the numbers of one lane; ones where there is none."""
        return [x if type(x) is float else float(x[place]) if len(x) else 1.0 for x in self.columns]


class Folding(NamedTuple):
    """What becomes of the numbers that an output has in all lanes."""

    summed: bool = False
    mean: bool = False  # divided by the number of lanes


class Numbers(NamedTuple):
    """The results of a call without lanes."""

    structure: Structure
    found: Any  # a list or an array
    build: Builder

    def built(self) -> Any:
        """Return the results in their structure."""
        return self.build(self.found)

    def columns(self) -> list[Column]:
        """Return the results one by one."""
        return list(map(float, self.found))


def builder(structure: Structure) -> Builder:
    """Return what puts numbers, one after the other, into a structure: made once, for many.

    They have to be in an array if there is one in the structure.
    """
    slots = slots_of(structure)
    starts = accumulate((slot.size for slot in slots), initial=0)
    return _builder(structure, map(_part, slots, starts))


def builder_of_slots(structure: Structure) -> Builder:
    """Return what puts the things that go into slots, numbers and arrays in a list, into a structure."""
    if isinstance(structure, Branch) and structure.kind is tuple and all(isinstance(x, Slot) for x in structure.parts):
        return tuple
    return _builder(structure, map(itemgetter, range(len(slots_of(structure)))))


def _builder(structure: Structure, parts: Iterator[Builder]) -> Builder:
    """Return what builds a structure, given what takes the parts that go into its slots."""
    if isinstance(structure, Fixed):
        return lambda found: structure.thing
    if isinstance(structure, Slot):
        return next(parts)
    inner = [_builder(part, parts) for part in structure.parts]
    if structure.kind is tuple:  # the usual case, in half the time
        return lambda found: tuple([part(found) for part in inner])
    return lambda found: structure.rebuild([part(found) for part in inner])


def _part(slot: Slot, start: int) -> Builder:
    """Return what takes from numbers those that go into a slot."""
    shape, end = slot.shape, start + slot.size
    if shape is None:
        return lambda found: float(found[start])
    return itemgetter(slice(start, end)) if len(shape) == 1 else lambda found: found[start:end].reshape(shape)


class Layout:
    """Where the results of all lanes go: what the structure is, and what becomes of each number in it."""

    def __init__(self, structure: Structure, foldings: Sequence[Folding]) -> None:
        self.structure, self.foldings = structure, foldings
        self.summed = bytes(folding.summed for folding in foldings)
        self.sums = sum(self.summed)
        self.only_sums = self.sums == len(self.summed)
        self.mean = any(folding.mean for folding in foldings)  # then all sums are
        self.slots: list[tuple[Slot, bool]] = []  # and whether it is summed
        build(structure, lambda slot, start: self.slots.append((slot, any(self.summed[start : start + slot.size]))))
        self.width = sum(slot.size for slot, summed in self.slots if not summed)  # numbers of a lane


class Results:
    """Room for the results of all lanes: an array for each slot of their structure, unless it is summed."""

    def __init__(self, layout: Layout, count: int) -> None:
        import numpy

        self.layout, self.structure, self.count = layout, layout.structure, count
        self.sums = numpy.zeros(layout.sums)
        if LEAST_TOGETHER <= layout.width * count <= MOST_TOGETHER:
            self.arrays = _together(layout, count)
        else:
            slots = layout.slots
            self.arrays = [None if summed else numpy.empty((count, *(slot.shape or ()))) for slot, summed in slots]
        self.outs: Sequence[Column | None] = ()  # a column for each output; None if it is summed, nothing if all are
        if not layout.only_sums:
            pairs = zip(layout.slots, self.arrays)
            self.outs = [x for (slot, _), made in pairs for x in _columns_for(slot, made, count)]

    def take(self, machine: PlainMachine, inputs: Inputs, found: Sequence[float], lanes: Any, threads: int) -> None:
        """Run some lanes, None for all; `found` are the numbers of inputs that the function finds by itself."""
        chosen = self.count if lanes is None else lanes
        if len(self.sums) == 0:
            machine.run(inputs.varying_columns, chosen, self.outs, threads, inputs.uniform_and(found))
            return
        part = self.sums.copy()
        machine.run(inputs.varying_columns, chosen, self.outs, threads, inputs.uniform_and(found), part)
        self.sums += part

    def built(self) -> Any:
        """Return the results in their structure; the dimension of the lanes is the first."""
        arrays, foldings, taken = iter(self.arrays), self.layout.foldings, 0

        def fill(slot: Slot, start: int) -> Any:
            nonlocal taken
            found = next(arrays)
            if found is None:
                found = self.sums[taken : taken + slot.size].reshape(slot.shape or ())
                taken += slot.size
            if foldings and foldings[start].mean:
                found = found / self.count
            return float(found) if found.ndim == 0 else found

        return build(self.structure, fill)

    def columns(self) -> list[Column]:
        """Return the results one by one."""
        sums = iter(self.sums.tolist())
        outs = self.outs or [None] * len(self.sums)
        found = [next(sums) if out is None else out for out in outs]
        return [x / self.count if folding.mean else x for x, folding in zip(found, self.layout.foldings)]

    def write(self, out: Any) -> None:
        """Write the results, one column after the other, into an array."""
        import numpy

        if self.layout.only_sums:
            numpy.divide(self.sums, self.count if self.layout.mean else 1.0, out=out)
        else:
            numpy.concatenate(self.columns(), axis=None, out=out)


def _together(layout: Layout, count: int) -> list[Any]:
    """Return an array for each slot, None if it is summed; all are parts of one.

    What that leaves free, the C library keeps for the next call; what several of medium size do, it gives back to the
    system, which has to clear each page of it anew.
    """
    import numpy

    sizes = [0 if summed else slot.size * count for slot, summed in layout.slots]
    whole, ends = numpy.empty(sum(sizes)), accumulate(sizes)
    parts = (whole[end - size : end] for size, end in zip(sizes, ends))
    pairs = zip(layout.slots, parts)
    return [None if summed else part.reshape(count, *(slot.shape or ())) for (slot, summed), part in pairs]


def _columns_for(slot: Slot, made: Any, count: int) -> list[Column | None]:
    if made is None:
        return [None] * slot.size
    return [made] if slot.shape is None else _columns(made.reshape(count, slot.size))


def built(structure: Structure, columns: Sequence[Column]) -> Any:
    """Return results that come one by one in their structure; the dimension of the lanes is the first."""
    return build(structure, lambda slot, start: _filled(slot, columns[start : start + slot.size]))


def _filled(slot: Slot, columns: Sequence[Column]) -> Any:
    if not columns or not is_array(columns[0]):
        return slot.fill(columns)
    if slot.shape is None:
        return columns[0]
    import numpy

    return numpy.stack(columns, axis=-1).reshape(len(columns[0]), *slot.shape)


def numbers_of(block: Block) -> Block:
    """Return a block with numbers instead of Values: the same block if it holds none."""
    if type(block) is float:
        return block
    if isinstance(block, Value):
        return read(block)
    return array(map(numbers_of, block.ravel()), block.shape) if block.dtype == object else block


def cells(blocks: Iterable[Block]) -> list[Any]:
    """Return all numbers of some blocks, one after the other."""
    return [x for block in blocks for x in (block.ravel().tolist() if is_array(block) else [block])]


def _columns(block: Any) -> list[Column]:
    return [block] if block.ndim == 1 else [block[:, place] for place in range(block.shape[1])]


def _joined(blocks: Sequence[Block]) -> Any:
    """Return the numbers of blocks of floats as one array."""
    import numpy

    if not any(map(is_array, blocks)):
        return numpy.array(blocks, float)
    return blocks[0] if len(blocks) == 1 else numpy.concatenate([numpy.atleast_1d(block) for block in blocks])
