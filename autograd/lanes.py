"""Lanes: which dimension of each argument counts the elements of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from operator import index
from typing import Any

from autograd.columns import Block, Inputs
from autograd.errors import ArgumentError, describe
from autograd.structures import NUMBER, Branch, Fixed, Slot, Structure, array, cells_of, is_array, leaves_of, slots_of

Axes = Any  # an int, None, or a structure of these
Shapes = tuple[Any, ...]


@dataclass(frozen=True)
class Call:
    """What the arguments of a call look like in one lane, and along which axis of each the lanes are."""

    structure: Structure  # of (args, kwargs)
    axes: tuple[int | None, ...] | None = None  # for each slot; None where there are no lanes
    count: int | None = None  # of lanes

    @cached_property
    def vary(self) -> list[bool]:
        """Whether what is in each slot varies from lane to lane."""
        return [axis is not None for axis in self.axes or ()]

    @property
    def varying(self) -> tuple[bool, ...]:
        """Whether each number has a value of its own in each lane."""
        if self.axes is None:
            return (True,) * self.structure.size
        pairs = zip(slots_of(self.structure), self.vary)
        return tuple(x for slot, varies in pairs for x in [varies] * slot.size)

    def inputs(self, args: Sequence[Any]) -> Inputs:
        """Return the numbers of arguments that are floats and arrays of floats, of the shapes they had in this call."""
        if self.axes is None:
            return Inputs([x if type(x) is float or x.ndim == 1 else x.ravel() for x in args], plain=True)
        pairs = zip(args, self.axes)
        blocks = [_plain(x) if axis is None else along(x, axis)[0] for x, axis in pairs]
        return Inputs(blocks, self.vary, self.count, plain=True)


def without_lanes(name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Call, Inputs]:
    """Return a call whose arguments are those of the function itself."""
    leaves, structure = leaves_of((args, kwargs), name, fixed=True)
    return Call(structure), Inputs([_block(leaf, where) for leaf, where in leaves])


def over_lanes(name: str, in_axes: Axes, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Call, Inputs]:
    """Return a call whose arguments hold a number for each lane along the given axes; keywords do along the first.

    >>> import numpy as np
    >>> call, inputs = over_lanes("f", (0, None), (np.array([[1.0, 2.0], [3.0, 4.0]]), 5.0), {})
    >>> [getattr(x, "tolist", lambda: x)() for x in inputs.columns], inputs.count
    ([[1.0, 3.0], [2.0, 4.0], 5.0], 2)
    """
    if not isinstance(in_axes, tuple | list):
        in_axes = [in_axes] * len(args)
    if len(in_axes) != len(args):
        raise ArgumentError(f"{name}: in_axes has {len(in_axes)} entries for {len(args)} positional arguments")
    leaves, structure = leaves_of((tuple(args), kwargs), name, fixed=True)
    axes = _axes_of((tuple(in_axes), 0), structure, f"{name}: in_axes")
    blocks: list[Block] = []
    slots: list[Slot] = []
    counts: dict[int, str] = {}
    for (leaf, where), axis in zip(leaves, axes):
        if axis is None:
            blocks.append(_block(leaf, where))
            slots.append(Slot(leaf.shape) if is_array(leaf) else NUMBER)
            continue
        _expect_lanes(leaf, axis, where)
        block, shape = along(_reals(leaf, where), axis)
        blocks.append(block)
        slots.append(Slot(shape) if shape else NUMBER)
        counts.setdefault(len(block), where)
    if len(counts) != 1:
        seen = ", ".join(f"{count} in {where}" for count, where in counts.items()) or "no argument with lanes"
        raise ArgumentError(f"{name}: got {seen}; expected the same number of lanes in all arguments")
    call = Call(_replaced(structure, iter(slots)), tuple(axes), next(iter(counts)))
    return call, Inputs(blocks, call.vary, call.count)


def shapes_of(args: Sequence[Any]) -> Shapes | None:
    """Return the shapes of arguments that are floats and arrays of floats; None if there are others."""
    shapes: list[Any] = []
    for x in args:
        if type(x) is float:
            shapes.append(float)
        elif is_array(x) and x.dtype.char == "d" and x.dtype.isnative:
            shapes.append(x.shape)
        else:
            return None
    return tuple(shapes)


def along(leaf: Any, axis: int) -> tuple[Block, tuple[int, ...]]:
    """Return the numbers with the lanes in front, and the shape of those of a lane."""
    if leaf.ndim == 1:
        return leaf, ()
    table = leaf if axis == 0 else _in_front(leaf, axis)
    count, *shape = table.shape
    return table.reshape(count, prod(shape)), tuple(shape)


def _axes_of(axes: Axes, structure: Structure, name: str) -> list[int | None]:
    """Return the axis for each slot; where there is one axis for a whole structure, it is that of all in it."""
    if isinstance(structure, Fixed):
        return []
    if isinstance(structure, Branch) and isinstance(axes, dict | list | tuple):
        parts = [axes.get(key, name) for key in structure.keys] if isinstance(axes, dict) else list(axes)
        if len(parts) != len(structure.parts) or any(part is name for part in parts):
            count = len(structure.parts)
            raise ArgumentError(f"{name}: got {describe(axes)}; expected one entry for each of the {count} parts")
        return [axis for part, child in zip(parts, structure.parts) for axis in _axes_of(part, child, name)]
    if axes is not None and not hasattr(axes, "__index__"):
        raise ArgumentError(f"{name}: got {describe(axes)}; expected an int, None, or a structure of these")
    if isinstance(structure, Branch):
        return [axis for child in structure.parts for axis in _axes_of(axes, child, name)]
    return [None if axes is None else index(axes)]


def _replaced(structure: Structure, slots: Any) -> Structure:
    """Return the structure with other slots."""
    if isinstance(structure, Slot):
        return next(slots)  # type: ignore[no-any-return]
    if isinstance(structure, Branch):
        return replace(structure, parts=tuple(_replaced(part, slots) for part in structure.parts))
    return structure


def _block(leaf: Any, name: str) -> Block:
    return _reals(leaf, name).ravel() if is_array(leaf) else leaf


def _plain(x: Any) -> Block:
    return x if type(x) is float or x.ndim == 1 else x.ravel()


def _expect_lanes(leaf: Any, axis: int, name: str) -> None:
    if not is_array(leaf) or not -leaf.ndim <= axis < leaf.ndim:
        raise ArgumentError(f"{name}: got {describe(leaf)}; expected an array with the lanes along axis {axis}")


def _reals(leaf: Any, name: str) -> Any:
    """Return an array of floats; of objects where there are Values."""
    if leaf.dtype.kind in "fiub":
        return leaf.astype(float, copy=False)
    if leaf.dtype != object:
        raise ArgumentError(f"{name}: got an array of {leaf.dtype}; expected real numbers")
    return array(cells_of(leaf, name), leaf.shape)


def _in_front(leaf: Any, axis: int) -> Any:
    import numpy

    return numpy.moveaxis(leaf, axis, 0)
