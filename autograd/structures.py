"""Arguments and results with structure: numbers in lists, tuples, dicts, dataclasses and numpy arrays.

`flatten` takes a structure apart into its numbers and a `Structure` that puts others in their places. What holds the
numbers is a *slot*: a single number, or an array of a certain shape.
"""

from __future__ import annotations

import dataclasses
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from math import prod
from numbers import Real
from typing import Any

from autograd.core import Value
from autograd.errors import ArgumentError, describe


@dataclasses.dataclass(frozen=True)
class Slot:
    """A place for numbers: one number, or an array of them."""

    shape: tuple[int, ...] | None = None

    @property
    def size(self) -> int:
        """How many numbers go here."""
        return 1 if self.shape is None else prod(self.shape)

    def fill(self, numbers: Sequence[Any]) -> Any:
        """Return the numbers as what was here: a number or an array."""
        return numbers[0] if self.shape is None else array(numbers, self.shape)


@dataclasses.dataclass(frozen=True)
class Branch:
    """A container: the kind it is, the keys of its parts, and the parts."""

    kind: type[Any]
    keys: tuple[Any, ...]
    parts: tuple[Structure, ...]

    def rebuild(self, parts: Iterable[Any]) -> Any:
        """Return a container of this kind with other parts."""
        if issubclass(self.kind, dict):
            kind = self.kind if self.kind is OrderedDict else dict  # others, such as defaultdict, take other arguments
            return kind(zip(self.keys, parts))
        if dataclasses.is_dataclass(self.kind):
            return self.kind(**dict(zip(self.keys, parts)))
        return self.kind(*parts) if hasattr(self.kind, "_fields") else self.kind(parts)


Structure = Slot | Branch
NUMBER = Slot()


def flatten(thing: Any, name: str) -> tuple[list[Any], Structure]:
    """Return the numbers in `thing` from left to right, and the structure that holds them.

    Raises `ArgumentError`, naming the place within `name`, where something is neither number nor container.

    >>> flatten({"a": 1.0, "b": [2.0, 3.0]}, "x")[0]
    [1.0, 2.0, 3.0]
    """
    numbers: list[Any] = []
    return numbers, _take_apart(thing, name, numbers)


def _take_apart(thing: Any, name: str, numbers: list[Any]) -> Structure:
    if isinstance(thing, Value | Real):
        numbers.append(thing if isinstance(thing, Value) else float(thing))
        return NUMBER
    if is_array(thing):
        cells = thing.ravel().tolist()
        for place, cell in enumerate(cells):
            if not isinstance(cell, Value | Real):
                raise _no_number(cell, f"{name}.flat[{place}]")
        numbers.extend(cell if isinstance(cell, Value) else float(cell) for cell in cells)
        return Slot(thing.shape)
    keys, parts = _contents(thing, name)
    return Branch(type(thing), keys, tuple(_take_apart(part, f"{name}{path}", numbers) for path, part in parts))


def _contents(thing: Any, name: str) -> tuple[tuple[Any, ...], list[tuple[str, Any]]]:
    """Return the keys of a container, and for each part how it is reached and what it is."""
    if isinstance(thing, dict):
        return tuple(thing), [(f"[{key!r}]", part) for key, part in thing.items()]
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        names = tuple(field.name for field in dataclasses.fields(thing) if field.init)
        return names, [(f".{field}", getattr(thing, field)) for field in names]
    if isinstance(thing, list | tuple):
        return tuple(range(len(thing))), [(f"[{place}]", part) for place, part in enumerate(thing)]
    raise _no_number(thing, name)


def _no_number(thing: Any, name: str) -> ArgumentError:
    return ArgumentError(
        f"{name} is {describe(thing)}; expected a real number, a Value,"
        " or a list, tuple, dict, dataclass or numpy array of them"
    )


def build(structure: Structure, make: Callable[[Slot, int], Any]) -> Any:
    """Return the structure with `make(slot, start)` in every slot; `start` is the place of its first number."""
    start = 0

    def walk(part: Structure) -> Any:
        nonlocal start
        if isinstance(part, Branch):
            return part.rebuild([walk(child) for child in part.parts])
        start += part.size
        return make(part, start - part.size)

    return walk(structure)


def unflatten(structure: Structure, numbers: Sequence[Any]) -> Any:
    """Return the structure filled with numbers, in the order in which `flatten` gives them.

    >>> unflatten(flatten([1.0, (2.0, 3.0)], "x")[1], [4.0, 5.0, 6.0])
    [4.0, (5.0, 6.0)]
    """
    return build(structure, lambda slot, start: slot.fill(numbers[start : start + slot.size]))


def blocks(rows: Structure, columns: Structure, matrix: Sequence[Sequence[Any]]) -> Any:
    """Return a matrix of derivatives as the structure of its rows, in each slot the structure of its columns.

    Where either slot is an array, the block is an array with the dimensions of both.

    >>> blocks(flatten([0, 0], "y")[1], flatten((0, 0), "x")[1], [[1.0, 2.0], [3.0, 4.0]])
    [(1.0, 2.0), (3.0, 4.0)]
    """

    def block(row: Slot, top: int, column: Slot, left: int) -> Any:
        cells = [x for line in matrix[top : top + row.size] for x in line[left : left + column.size]]
        if row.shape is None and column.shape is None:
            return cells[0]
        return array(cells, (row.shape or ()) + (column.shape or ()))

    return build(rows, lambda row, top: build(columns, lambda column, left: block(row, top, column, left)))


def numbers_only(thing: Any) -> Any:
    """Return `thing` with the number of each Value in its place, where they stand in containers.

    >>> numbers_only(("loss", [Value(1.0)]))
    ('loss', [1.0])
    """
    if isinstance(thing, Value):
        return thing.data
    if is_array(thing):
        return array([numbers_only(x) for x in thing.ravel().tolist()], thing.shape) if thing.dtype == object else thing
    try:
        keys, parts = _contents(thing, "")
    except ArgumentError:
        return thing  # not a container: none of our business
    return Branch(type(thing), keys, ()).rebuild([numbers_only(part) for _, part in parts])


def is_array(thing: Any) -> bool:
    """Return whether `thing` is a numpy array; numpy is not imported for that."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(thing, numpy.ndarray)


def array(numbers: Iterable[Any], shape: tuple[int, ...]) -> Any:
    """Return an array of floats, or of objects where there are Values."""
    import numpy

    cells = list(numbers)
    dtype = float if all(isinstance(x, Real) for x in cells) else object
    result = numpy.empty(len(cells), dtype=dtype)
    for place, cell in enumerate(cells):
        result[place] = cell
    return result.reshape(shape)


class _Word(str):
    """Text that stands for itself in a `repr`."""

    __slots__ = ()
    __repr__ = str.__str__


def sketch(structure: Structure) -> str:
    """Return the structure in words, for an error message.

    >>> sketch(flatten({"w": [1.0, 2.0]}, "x")[1])
    "{'w': [number, number]}"
    """
    words = build(structure, lambda slot, start: _Word("number" if slot.shape is None else f"array{slot.shape}"))
    return repr(words)
