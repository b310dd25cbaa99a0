"""Topological order of a computation graph, without recursion.

A node knows its `operands` (other nodes, or floats) and its creation `number`. Operands are older than results, so the
nodes that a result needs, sorted by number, are in topological order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Protocol

from autograd.errors import GraphError


class Node(Protocol):
    """What the sweeps need to know of a node."""

    @property
    def operands(self) -> Sequence[Any]:
        """The operands in order: nodes and floats, repeated if repeated."""

    @property
    def number(self) -> int:
        """How many nodes were made before this one."""

    @property
    def changed(self) -> int:
        """For a leaf, the number that a node made at its last change would have; negative for an outdated copy."""


def is_outdated(node: Any) -> bool:
    """Return whether a leaf among the operands was changed after the node was computed from it."""
    return node.changed < 0 or any(type(x) is not float and x.changed > node.number for x in node.operands)


def numbers(node: Any, caller: str) -> list[float]:
    """Return the numbers a node was computed from; raise `GraphError` if one of them has been changed since."""
    if is_outdated(node):
        raise GraphError(f"{caller}: an operand of {node!r} was changed after it was computed; compute it again")
    return [x if type(x) is float else x.data for x in node.operands]


def topological_order(*roots: Any, since: int = 0, known: Callable[[Any], bool] = lambda node: False) -> list[Any]:
    """Return the nodes that the roots need, operands before results.

    Those numbered before `since` or already `known` are left out, and so is what only they need. Raises `GraphError`
    if an operand is not older than its result, as in a cycle.
    """
    found = {root for root in roots if root.number >= since and not known(root)}
    waiting = list(found)
    while waiting:
        node = waiting.pop()
        for operand in node.operands:
            if type(operand) is float or operand.number < since:
                continue
            if operand.number >= node.number:
                raise GraphError(f"operand {operand!r} is not older than its result {node!r}: the graph has a cycle")
            if operand not in found and not known(operand):
                found.add(operand)
                waiting.append(operand)
    return sorted(found, key=attrgetter("number"))
