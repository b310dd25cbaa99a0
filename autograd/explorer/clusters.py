"""Which nodes belong together: by the names of parameters those of a module, in a large graph those near in time.

A name such as `layers.0.neurons.2.weights.1` says where a parameter is. A result belongs to the module of the
parameters that it is computed from, and so does a function of it, such as an activation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import ceil, log
from typing import NamedTuple

Path = tuple[str, ...]

MOST_OPEN = 2000  # nodes; of a larger graph, clusters are shown
MOST_MEMBERS = 48  # of a cluster in a larger graph


class Cluster(NamedTuple):
    """A group of nodes, and the place of the group that it is in; the outermost one is in itself."""

    name: str
    outer: int


def clustered(labels: Sequence[str], operands: Sequence[Sequence[int]]) -> tuple[list[Cluster], list[int]]:
    """Return the clusters and, for each node, the place of the one that it is in.

    >>> clustered(["f.w", "f.b", "g.w", "g.b", "", ""], [[], [], [], [], [0, 1], [2, 3]])[1]
    [1, 1, 2, 2, 1, 2]
    """
    paths = _paths(labels, operands)
    kept = _kept({*paths})
    tree = [Cluster("", 0)]
    places: dict[Path, int] = {(): 0}
    for path in sorted({*paths}):
        inner = 0
        for prefix in (path[:depth] for depth in range(1, len(path) + 1)):
            if prefix in kept and prefix not in places:
                places[prefix] = len(tree)
                tree.append(Cluster(".".join(prefix), inner))
            inner = places.get(prefix, inner)
    members = [places[path] for path in paths]
    if len(labels) > MOST_OPEN:
        _split(tree, members, [label or f"v{place}" for place, label in enumerate(labels)])
    return tree, members


def _paths(labels: Sequence[str], operands: Sequence[Sequence[int]]) -> list[Path]:
    """Return the module of each node."""
    paths: list[Path] = []
    for label, places in zip(labels, operands):
        parameters = [paths[x] for x in places if x >= 0 and paths[x] and not operands[x]]
        if not places:
            paths.append(_module(label))
        elif parameters:
            paths.append(_common(parameters))
        elif all(x >= 0 for x in places):
            paths.append(_common([paths[x] for x in places]))
        else:
            paths.append(())
    return paths


def _module(label: str) -> Path:
    """Return the module of a parameter by its name: `f.0` for `f.0.weights.1`, whose numbers are places in a list."""
    path = label.split(".")
    while len(path) > 1 and path[-1].isdecimal():
        path.pop()
    return tuple(path[:-1])


def _common(paths: Iterable[Path]) -> Path:
    """Return the innermost module that holds all of these."""
    first, last = min(paths := list(paths)), max(paths)
    depth = next((i for i, pair in enumerate(zip(first, last)) if pair[0] != pair[1]), min(len(first), len(last)))
    return first[:depth]


def _kept(paths: set[Path]) -> set[Path]:
    """Return the modules with nodes of their own, and those that hold several; not one that would hold them all."""
    branches = {_common(pair) for pair in pairwise(sorted(paths))}
    return paths | (branches - {_common(path for path in paths if path)} if any(paths) else branches)


def _split(tree: list[Cluster], members: list[int], names: Sequence[str]) -> None:
    """Divide clusters of many nodes into runs of the order, and these again, until there is an overview of each.

    Operands are older than results, so arrows between runs of the order all go forward.
    """
    inside: dict[int, list[int]] = {}
    for node, cluster in enumerate(members):
        inside.setdefault(cluster, []).append(node)
    waiting = [*inside.items()]
    while waiting:
        cluster, nodes = waiting.pop()
        if len(nodes) <= MOST_MEMBERS:
            continue
        levels = ceil(log(len(nodes)) / log(MOST_MEMBERS))
        size = ceil(len(nodes) / round(len(nodes) ** (1 / levels)))
        for run in (nodes[i : i + size] for i in range(0, len(nodes), size)):
            tree.append(Cluster(f"{names[run[0]]} … {names[run[-1]]}", cluster))
            waiting.append((len(tree) - 1, run))
            for node in run:
                members[node] = len(tree) - 1
