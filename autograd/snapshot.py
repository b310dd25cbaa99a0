"""Copying and pickling a graph of any depth.

Left to themselves, `copy` and `pickle` would follow operands recursively and end at the recursion limit. A copy is made
in topological order. For `pickle`, a *snapshot* stands for all
the inner nodes that a node needs, as one flat list; a node is pickled as its place in a snapshot. Nodes that share
operands share snapshots for as long as one pickle is being written, so `[x, y]` comes back as the same two nodes of one
graph. Leaves are pickled as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import getitem
from typing import Any
from weakref import ReferenceType, ref

from autograd.graph import is_outdated, topological_order

Line = tuple[Any, ...]  # all that a node holds but its number
Restore = Callable[..., Any]  # makes a node from a line
_living: dict[int, ReferenceType[Snapshot]] = {}  # by node number: the snapshot that holds it, while one is in use


class Snapshot:
    """The inner nodes that a node needs and that no living snapshot holds, in topological order."""

    def __init__(self, node: Any, restore_graph: Callable[[list[Line]], list[Any]]) -> None:
        self.restore_graph, self.places = restore_graph, {}
        order = topological_order(node, known=lambda x: _living_snapshot(x) is not None)
        self.nodes = [x for x in order if x.operands]
        self.places = {x.number: place for place, x in enumerate(self.nodes)}
        _living.update(dict.fromkeys(self.places, ref(self)))

    def __del__(self) -> None:
        for number in self.places:
            _living.pop(number, None)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.restore_graph, ([line(node, self.places) for node in self.nodes],)


def _living_snapshot(node: Any) -> Snapshot | None:
    known = _living.get(node.number)
    return known() if known is not None else None


def line(node: Any, known: dict[int, Any]) -> Line:
    """Return the node as data; what is `known` stands for the operands with these numbers."""
    operands = [x if type(x) is float else known.get(x.number, x) for x in node.operands]
    return node.primitive, operands, node.partials, is_outdated(node), node.data, node.grad, node.label


def reduced(node: Any, restore: Restore, restore_graph: Callable[[list[Line]], list[Any]]) -> tuple[Any, ...]:
    """Return how `pickle` makes the node again: a leaf by itself, an inner node as its place in a snapshot."""
    if not node.operands:
        return restore, line(node, {})
    snapshot = _living_snapshot(node) or Snapshot(node, restore_graph)
    return getitem, (snapshot, snapshot.places[node.number])


def nodes_of(lines: Iterable[Line], restore: Restore) -> list[Any]:
    """Make the nodes of a snapshot again."""
    nodes: list[Any] = []
    for primitive, operands, *rest in lines:
        nodes.append(restore(primitive, [nodes[x] if type(x) is int else x for x in operands], *rest))
    return nodes


def deep_copy(node: Any, memo: dict[int, Any], restore: Restore) -> Any:
    """Copy the node and everything it needs; for what has an entry in `memo`, as in `copy.deepcopy`, that is taken."""
    copies = memo.setdefault(id(_living), {})  # by number, which a node keeps for life: objects may come and go

    def known(x: Any) -> bool:
        if id(x) in memo:
            copies[x.number] = memo[id(x)]
        return x.number in copies

    for x in topological_order(node, known=known):
        copies[x.number] = restore(*line(x, copies))
    return copies[node.number]
