"""Lanes: which dimension of each argument counts the elements of a batch.

A *column* holds the numbers that one input has in all lanes: a float if it is the same in all, else an array of one
dimension. The structure of the arguments is that of one lane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from operator import index
from typing import Any

from autograd.errors import ArgumentError, describe
from autograd.structures import NUMBER, Branch, Fixed, Slot, Structure, cells_of, is_array, leaves_of

Axes = Any  # an int, None, or a structure of these
Column = Any


@dataclass(frozen=True)
class Call:
    """The arguments of a call: their numbers, and what they look like in one lane."""

    columns: list[Column]
    structure: Structure  # of (args, kwargs)
    varying: tuple[bool, ...]
    count: int | None  # of lanes; None where there are none


def without_lanes(name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Call:
    """Return a call whose arguments are those of the function itself."""
    leaves, structure = leaves_of((args, kwargs), name, fixed=True)
    numbers = [x for leaf, where in leaves for x in (cells_of(leaf, where) if is_array(leaf) else [leaf])]
    return Call(numbers, structure, (True,) * len(numbers), None)


def over_lanes(name: str, in_axes: Axes, args: Sequence[Any], kwargs: dict[str, Any]) -> Call:
    """Return a call whose arguments hold a number for each lane along the given axes; keywords do along the first.

    >>> import numpy as np
    >>> call = over_lanes("f", (0, None), (np.array([[1.0, 2.0], [3.0, 4.0]]), 5.0), {})
    >>> [getattr(x, "tolist", lambda: x)() for x in call.columns], call.count
    ([[1.0, 3.0], [2.0, 4.0], 5.0], 2)
    """
    if not isinstance(in_axes, tuple | list):
        in_axes = [in_axes] * len(args)
    if len(in_axes) != len(args):
        raise ArgumentError(f"{name}: in_axes has {len(in_axes)} entries for {len(args)} positional arguments")
    leaves, structure = leaves_of((tuple(args), kwargs), name, fixed=True)
    axes = _axes_of((tuple(in_axes), 0), structure, f"{name}: in_axes")
    columns: list[Column] = []
    varying: list[bool] = []
    slots: list[Slot] = []
    counts: dict[int, str] = {}
    for (leaf, where), axis in zip(leaves, axes):
        found, slot = _along(leaf, axis, where) if axis is not None else _same(leaf, where)
        columns += found
        varying += [axis is not None] * len(found)
        slots.append(slot)
        if axis is not None:
            counts.setdefault(leaf.shape[axis], where)
    if len(counts) != 1:
        seen = ", ".join(f"{count} in {where}" for count, where in counts.items()) or "no argument with lanes"
        raise ArgumentError(f"{name}: got {seen}; expected the same number of lanes in all arguments")
    remaining = iter(slots)
    return Call(columns, _replaced(structure, remaining), tuple(varying), next(iter(counts)))


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


def _same(leaf: Any, name: str) -> tuple[list[Column], Slot]:
    return (cells_of(leaf, name), Slot(leaf.shape)) if is_array(leaf) else ([leaf], NUMBER)


def _along(leaf: Any, axis: int, name: str) -> tuple[list[Column], Slot]:
    """Return a column for each number of a lane, and what the numbers of a lane are in."""
    if not is_array(leaf) or not -leaf.ndim <= axis < leaf.ndim:
        raise ArgumentError(f"{name}: got {describe(leaf)}; expected an array with the lanes along axis {axis}")
    import numpy

    if leaf.dtype == object:
        cells_of(leaf, name)
    elif leaf.dtype.kind not in "fiub":
        raise ArgumentError(f"{name}: got an array of {leaf.dtype}; expected real numbers")
    else:
        leaf = leaf.astype(float, copy=False)
    table = numpy.moveaxis(leaf, axis, 0)
    count, *shape = table.shape
    table = table.reshape(count, prod(shape))
    return [table[:, place] for place in range(table.shape[1])], Slot(tuple(shape)) if shape else NUMBER
