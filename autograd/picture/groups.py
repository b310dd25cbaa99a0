"""What is drawn as one: all that belongs to a module, and parts of a graph that are made alike.

Two parts are made alike if they compute the same from operands that are made alike, for results that are made alike. So
parts are divided, first by what they are, then again and again by what stands before and behind them, until nothing
more divides: the coarsest such division, as in the minimization of automata (Hopcroft 1971).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from autograd.core import Value
from autograd.picture.parts import Parts


@dataclass
class Group:
    """Values that are drawn as one, operands before results, and the modules that they make up, if they do."""

    within: str | None  # the module whose cluster it stands in
    values: list[Value] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)


def groups(order: Sequence[Value], parts: Parts, depth: int | None, most: int) -> list[Group]:
    """Return the groups of Values, given operands before results; with a depth, what is repeated in one group.

    Modules are opened down to the depth: the whole model is one group at 0, each module in it is one at 1. Where there
    are more than `most` groups, it is not sure that all of them have been divided.
    """
    owners = parts.owners(order)
    if depth is None:
        return [Group(owners[node], [node]) for node in order]
    units: dict[Hashable, Group] = {}
    for node in order:
        lineage = parts.lineage(owners[node])
        if len(lineage) > depth:
            module = lineage[depth]
            unit = units.setdefault(module, Group(parts.around(module), modules=[module]))
        else:
            unit = units.setdefault(node, Group(owners[node]))
        unit.values.append(node)
    return _united(list(units.values()), parts, most)


def _united(units: list[Group], parts: Parts, most: int) -> list[Group]:
    """Return the units, those that are made alike in one group."""
    units.sort(key=lambda unit: unit.values[-1].number)
    found: dict[int, Group] = {}
    for unit, kind in zip(units, _kinds(units, [_nature(unit, parts) for unit in units], most)):
        group = found.setdefault(kind, Group(unit.within))
        group.values += unit.values
        group.modules += unit.modules
    return list(found.values())


def _nature(unit: Group, parts: Parts) -> Hashable:
    """Return what a unit is, apart from what stands around it."""
    if unit.modules:
        return parts.titles[unit.modules[0]], unit.within
    (node,) = unit.values
    operation = node.primitive and node.primitive.name
    return operation, node.label, unit.within, parts.parameters.get(node)


def _kinds(units: Sequence[Group], natures: Iterable[Hashable], most: int) -> list[int]:
    """Return a number for each unit, the same for those that are made alike."""
    operands, uses = _neighbours(units)
    kinds, found = _numbered(natures), 0
    while found < len(set(kinds)) <= most:
        found = len(set(kinds))
        around = [
            [frozenset((place, kinds[k]) for place, k in links) for links in pair] for pair in zip(operands, uses)
        ]
        kinds = _numbered((kind, *sets) for kind, sets in zip(kinds, around))
    return kinds


def _numbered(keys: Iterable[Hashable]) -> list[int]:
    """Return a number for each key, the same for the same keys."""
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(key, len(numbers)) for key in keys]


Links = list[tuple[int, int]]  # (place of an operand, number of a unit)


def _neighbours(units: Sequence[Group]) -> tuple[list[Links], list[Links]]:
    """Return the units that each unit reads, and those that read it; sums and modules do not care for places."""
    numbers = {node: i for i, unit in enumerate(units) for node in unit.values}
    operands: list[Links] = [[] for _ in units]
    uses: list[Links] = [[] for _ in units]
    for i, unit in enumerate(units):
        links = [
            (0 if unit.modules or (node.primitive and node.primitive.many) else place, numbers[x])
            for node in unit.values
            for place, x in enumerate(node.operands)
            if isinstance(x, Value) and numbers[x] != i
        ]
        operands[i] = list(dict.fromkeys(links))
        for place, k in operands[i]:
            uses[k].append((place, i))
    return operands, uses
