"""A picture as plain text: a tree from the result down to what it was made from, for terminals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from autograd.picture.data import Edge, Node, Picture

BRANCHES = {True: ("└── ", "    "), False: ("├── ", "│   ")}  # the last branch, and the others


def outline(picture: Picture) -> str:
    """Return a picture as a tree; what is used more than once is shown in full where it comes first."""
    return "\n".join(_lines(picture))


def _lines(picture: Picture) -> Iterator[str]:
    nodes = {node.name: node for node in picture.nodes}
    entering: defaultdict[str, list[Edge]] = defaultdict(list)
    for edge in picture.edges:
        entering[edge.head].append(edge)
    tails = {edge.tail for edge in picture.edges}
    shown: set[str] = set()
    waiting = [(node.name, "", "", "") for node in reversed(picture.nodes) if node.name not in tails]
    while waiting:
        name, label, branch, indent = waiting.pop()
        node, operation, edges = nodes[name], "", entering[name]
        if edges and edges[0].kind == "result":
            operation = nodes[edges[0].tail].title
            edges = entering[edges[0].tail]
        yield f"{branch}{label}{_line(node, operation, name in shown)}"
        if name in shown:
            continue
        shown.add(name)
        for place in reversed(range(len(edges))):
            edge = edges[place]
            first, rest = BRANCHES[place == len(edges) - 1]
            label = f"[{edge.label.strip()}] " if edge.label.strip() else ""
            waiting.append((edge.tail, label, indent + first, indent + rest))


def _line(node: Node, operation: str, is_known: bool) -> str:
    title = " = ".join(filter(None, (node.title, operation)))
    rest = ["(see above)"] if is_known else node.lines
    return "  ".join(filter(None, (title, *rest)))
