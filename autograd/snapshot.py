"""Pickling a graph of any depth.

Left to itself, `pickle` would follow operands recursively and end at the recursion limit. A *snapshot* stands for all
the inner nodes that a node needs, as one flat list; a node is pickled as its place in a snapshot. Nodes that share
operands share snapshots for as long as one pickle is being written, so `[x, y]` comes back as the same two nodes of one
graph. Leaves are pickled as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import ReferenceType, ref

from autograd.graph import is_outdated, topological_order

Line = tuple[Any, ...]
_living: dict[int, ReferenceType[Snapshot]] = {}  # by node number: the snapshot that holds it, while one is in use


class Snapshot:
    """The inner nodes that a node needs and that no living snapshot holds, in topological order."""

    def __init__(self, node: Any, restore: Callable[[list[Line]], list[Any]]) -> None:
        self.restore, self.places = restore, {}
        order = topological_order(node, known=lambda x: _living_snapshot(x) is not None)
        self.nodes = [x for x in order if x.operands]
        self.places = {x.number: place for place, x in enumerate(self.nodes)}
        _living.update(dict.fromkeys(self.places, ref(self)))

    def __del__(self) -> None:
        for number in self.places:
            _living.pop(number, None)

    def line(self, node: Any) -> Line:
        """Return the node as data: the operands that this snapshot holds stand as their places."""
        operands = [x if type(x) is float else self.places.get(x.number, x) for x in node.operands]
        return node.primitive, operands, node.partials, is_outdated(node), node.data, node.grad, node.label

    def __reduce__(self) -> tuple[Any, ...]:
        return self.restore, ([self.line(node) for node in self.nodes],)


def _living_snapshot(node: Any) -> Snapshot | None:
    known = _living.get(node.number)
    return known() if known is not None else None


def place_of(node: Any, restore: Callable[[list[Line]], list[Any]]) -> tuple[Snapshot, int]:
    """Return a snapshot that holds the inner node, and the node's place in it."""
    snapshot = _living_snapshot(node) or Snapshot(node, restore)
    return snapshot, snapshot.places[node.number]
