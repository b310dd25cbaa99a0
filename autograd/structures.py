"""Arguments and results with structure: numbers in lists, tuples, dicts, dataclasses and numpy arrays.

`flatten` takes a structure apart into its numbers and a `Structure` that puts others in their places. What holds the
numbers is a *slot*: a single number, or an array of a certain shape.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from itertools import accumulate
from math import prod
from numbers import Real
from typing import Any

from autograd.core import Value, read
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


@dataclasses.dataclass(frozen=True, eq=False)
class Fixed:
    """Something that is no number, and stays as it is."""

    thing: Any
    size = 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Fixed) or type(self.thing) is not type(other.thing):
            return False
        return self.thing is other.thing or bool(self.thing == other.thing)

    __hash__ = None  # type: ignore[assignment]


@dataclasses.dataclass(frozen=True, eq=False)
class Branch:
    """A container: the kind it is, the keys of its parts, and the parts. Entries of dicts may come in any order."""

    kind: type[Any]
    keys: tuple[Any, ...]
    parts: tuple[Structure, ...]
    model: Any = None  # a dict, for what else dicts of its kind hold

    @property
    def size(self) -> int:
        """How many numbers go here."""
        return sum(part.size for part in self.parts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Branch):
            return False
        return self.kind is other.kind and dict(zip(self.keys, self.parts)) == dict(zip(other.keys, other.parts))

    __hash__ = None  # type: ignore[assignment]

    def rebuild(self, parts: Iterable[Any]) -> Any:
        """Return a container of this kind with other parts."""
        if issubclass(self.kind, dict):
            copied = copy(self.model)
            for key, part in zip(self.keys, parts):
                copied[key] = part
            return copied
        if dataclasses.is_dataclass(self.kind):
            return self.kind(**dict(zip(self.keys, parts)))
        return self.kind(*parts) if hasattr(self.kind, "_fields") else self.kind(parts)


Structure = Slot | Branch | Fixed
NUMBER = Slot()


def slots_of(structure: Structure) -> list[Slot]:
    """Return the slots from left to right."""
    if isinstance(structure, Branch):
        return [slot for part in structure.parts for slot in slots_of(part)]
    return [structure] if isinstance(structure, Slot) else []


def flatten(thing: Any, name: str, *, fixed: bool = False) -> tuple[list[Any], Structure]:
    """Return the numbers in `thing` from left to right, and the structure that holds them.

    Raises `ArgumentError`, naming the place within `name`, where something is neither number nor container, unless
    such things may be, with `fixed`.

    >>> flatten({"a": 1.0, "b": [2.0, 3.0]}, "x")[0]
    [1.0, 2.0, 3.0]
    """
    leaves, structure = leaves_of(thing, name, fixed=fixed)
    numbers: list[Any] = []
    for leaf, where in leaves:
        numbers.extend(cells_of(leaf, where) if is_array(leaf) else [leaf])
    return numbers, structure


def leaves_of(thing: Any, name: str, *, fixed: bool = False) -> tuple[list[tuple[Any, str]], Structure]:
    """Return what `thing` holds in its slots, numbers and arrays, each with its name, and the structure."""
    leaves: list[tuple[Any, str]] = []
    return leaves, _walk(thing, name, fixed, leaves)


def _walk(thing: Any, name: str, fixed: bool, leaves: list[tuple[Any, str]]) -> Structure:
    """Add what `thing` holds to the leaves, and return the structure. A closure would keep them for the collector."""
    if isinstance(thing, Value | Real):
        leaves.append((thing if isinstance(thing, Value) else float(thing), name))
        return NUMBER
    if is_array(thing):
        leaves.append((thing, name))
        return Slot(thing.shape)
    if fixed and not _is_container(thing):
        return Fixed(thing)
    keys, parts = _contents(thing, name)
    structures = tuple(_walk(part, f"{name}{path}", fixed, leaves) for path, part in parts)
    return Branch(type(thing), keys, structures, copy(thing) if isinstance(thing, dict) else None)


def cells_of(cells: Any, name: str) -> list[Any]:
    """Return the numbers in an array from left to right."""
    found = cells.ravel().tolist()
    for place, cell in enumerate(found):
        if not isinstance(cell, Value | Real):
            raise _no_number(cell, f"{name}.flat[{place}]")
    return [cell if isinstance(cell, Value) else float(cell) for cell in found]


def _is_container(thing: Any) -> bool:
    return isinstance(thing, dict | list | tuple) or (dataclasses.is_dataclass(thing) and not isinstance(thing, type))


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
    starts = accumulate((slot.size for slot in slots_of(structure)), initial=0)
    return _built(structure, lambda slot: make(slot, next(starts)))


def _built(structure: Structure, make: Callable[[Slot], Any]) -> Any:
    if isinstance(structure, Branch):
        return structure.rebuild([_built(part, make) for part in structure.parts])
    return structure.thing if isinstance(structure, Fixed) else make(structure)


def unflatten(structure: Structure, numbers: Sequence[Any]) -> Any:
    """Return the structure filled with numbers, in the order in which `flatten` gives them.

    >>> unflatten(flatten([1.0, (2.0, 3.0)], "x")[1], [4.0, 5.0, 6.0])
    [4.0, (5.0, 6.0)]
    """
    return build(structure, lambda slot, start: slot.fill(numbers[start : start + slot.size]))


def rearranged(numbers: Sequence[Any], given: Structure, wanted: Structure) -> list[Any]:
    """Return numbers that were taken from one structure in the order of an equal one, whose dicts may differ in theirs.

    >>> one, other = ({"a": 1.0, "b": 2.0}, {"b": 0.0, "a": 0.0})
    >>> rearranged([1.0, 2.0], flatten(one, "x")[1], flatten(other, "x")[1])
    [2.0, 1.0]
    """
    if not isinstance(given, Branch) or not isinstance(wanted, Branch):
        return list(numbers)
    start, found = 0, {}
    for key, part in zip(given.keys, given.parts):
        found[key] = part, numbers[start : start + part.size]
        start += part.size
    pairs = zip(wanted.keys, wanted.parts)
    return [x for key, part in pairs for x in rearranged(found[key][1], found[key][0], part)]


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
        return read(thing)  # in a recording, too: what is not handed on depends on nothing that differs
    if next(values_in(thing), None) is None:
        return thing  # whatever it is, it is none of our business
    if is_array(thing):
        return array([numbers_only(x) for x in thing.ravel().tolist()], thing.shape)
    keys, parts = _contents(thing, "")
    return Branch(type(thing), keys, (), thing).rebuild([numbers_only(part) for _, part in parts])


def values_in(thing: Any) -> Iterator[Value]:
    """Yield the Values in `thing`, where they stand in containers."""
    if isinstance(thing, Value):
        yield thing
    elif is_array(thing):
        yield from (x for x in thing.ravel().tolist() if isinstance(x, Value))
    else:
        try:
            _, parts = _contents(thing, "")
        except ArgumentError:
            return
        for _, part in parts:
            yield from values_in(part)


def is_array(thing: Any) -> bool:
    """Return whether `thing` is a numpy array; numpy is not imported for that."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(thing, numpy.ndarray)


def array(numbers: Iterable[Any], shape: tuple[int, ...]) -> Any:
    """Return an array of floats, or of objects where there are Values."""
    import numpy

    cells = list(numbers)
    if all(isinstance(x, Real) for x in cells):
        return numpy.array(cells, dtype=float).reshape(shape)
    result = numpy.empty(len(cells), dtype=object)
    for place, cell in enumerate(cells):
        result[place] = cell
    return result.reshape(shape)


def sketch(structure: Structure) -> str:
    """Return the structure in words, for an error message.

    >>> sketch(flatten({"w": [1.0, 2.0]}, "x")[1])
    "{'w': [number, number]}"
    """
    if isinstance(structure, Fixed):
        return repr(structure.thing)
    if isinstance(structure, Slot):
        return "number" if structure.shape is None else f"array{structure.shape}"
    parts = [sketch(part) for part in structure.parts]
    if issubclass(structure.kind, dict):
        return "{" + ", ".join(f"{key!r}: {part}" for key, part in zip(structure.keys, parts)) + "}"
    if issubclass(structure.kind, list):
        return f"[{', '.join(parts)}]"
    if structure.kind is tuple:
        return f"({', '.join(parts)}{',' * (len(parts) == 1)})"
    names = getattr(structure.kind, "_fields", structure.keys)
    return f"{structure.kind.__name__}({', '.join(f'{name}={part}' for name, part in zip(names, parts))})"
