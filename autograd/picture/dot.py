"""A picture in DOT, the language of Graphviz."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from autograd.errors import DrawingError
from autograd.picture.data import Edge, Node, Picture
from autograd.picture.palette import PALETTES, Palette, look_of_edge, look_of_node

EXTRA = "pip install 'scalar-autograd[draw]'"
FONT = {"fontname": "Helvetica,Arial,sans-serif", "fontsize": "12"}

# fmt: off
# ordering=in: operands stand in their order, from top to bottom, wherever the rest of the graph allows it
GRAPH = {"ordering": "in", "nodesep": "0.22", "ranksep": "0.4", "pad": "0.15"}
PLACED = {"layout": "neato", "splines": "line", "outputorder": "edgesfirst", "pad": "0.2"}
EDGE = {**FONT, "arrowsize": "0.6"}
SHAPES: dict[str, Mapping[str, str]] = {
    "leaf":      {"shape": "box", "style": "rounded,filled"},
    "parameter": {"shape": "hexagon", "style": "filled", "margin": "0,0.02"},
    "value":     {"shape": "box", "style": "filled"},
    "output":    {"shape": "box", "style": "filled", "peripheries": "2"},
    "constant":  {"shape": "plaintext", "width": "0.2", "height": "0.2", "margin": "0.04,0.02"},
    "operation": {"shape": "ellipse", "style": "filled", "fontsize": "14", "width": "0.42", "height": "0.42",
                  "margin": "0.03,0.01"},
    "module":    {"shape": "folder", "style": "filled", "margin": "0.18,0.12"},
    "neuron":    {"shape": "circle", "style": "filled", "fixedsize": "true", "width": "0.72", "fontsize": "10"},
}
# fmt: on

# Where the arrows of two or three operands enter their operation, so that nobody reads a - b as b - a.
ENTRANCES: dict[str, dict[int, tuple[str, ...]]] = {
    "LR": {2: (":nw", ":sw"), 3: (":nw", ":w", ":sw")},
    "TB": {2: (":nw", ":ne"), 3: (":nw", ":n", ":ne")},
}

# What means something to DOT or XML is escaped.
ESCAPES = {ord("\\"): "\\\\", **{ord(c): f"&#{ord(c)};" for c in '&"<>'}}
LOOSE_SPACE = re.compile("^ | (?= )| $")  # SVG drops these


def dot(picture: Picture) -> str:
    """Return a picture in DOT. Raises `DrawingError` if the package graphviz is missing."""
    try:
        from graphviz import Digraph  # here, because `import autograd` must not need it
    except ImportError as error:
        raise DrawingError(f"draw: the Python package graphviz is missing; {EXTRA}") from error
    palette = PALETTES[picture.theme]
    attributes = {**GRAPH, "bgcolor": palette.paper, "rankdir": picture.rankdir}
    if any(node.at for node in picture.nodes):
        attributes = {
            "layout": "neato",
            "splines": "line",
            "outputorder": "edgesfirst",
            "pad": "0.2",
            "bgcolor": palette.paper,
        }
    if picture.clusters:
        del attributes["ordering"]  # among clusters it turns operands around
    graph = Digraph("computation", graph_attr=attributes, node_attr=FONT, edge_attr=EDGE)
    _fill(graph, None, picture, palette)
    nodes = {node.name: node for node in picture.nodes}
    for edge in picture.edges:
        tail, head = nodes[edge.tail], nodes[edge.head]
        entrances = ENTRANCES[picture.rankdir].get(edge.among, ()) if head.kind == "operation" else ()
        attributes = _of_edge(edge, palette)
        if head.within not in (None, tail.within):
            attributes["minlen"] = "2"  # room for what else enters, so that clusters stand one behind the other
        graph.edge(edge.tail, edge.head + (entrances[edge.place] if entrances else ""), **attributes)
    source: str = graph.source
    return source


def _fill(graph: Any, frame: str | None, picture: Picture, palette: Palette) -> None:
    """Put the nodes that stand in a frame, and the frames in it, into a graph."""
    for node in picture.nodes:
        if node.within == frame:
            graph.node(node.name, **_of_node(node, palette))
    for cluster in picture.clusters:
        if cluster.within == frame:
            with graph.subgraph(name=f"cluster_{cluster.name}", graph_attr=_frame(cluster.title, palette)) as inner:
                _fill(inner, cluster.name, picture, palette)


def _frame(title: str, palette: Palette) -> dict[str, str]:
    colours = {"color": palette.faint, "fillcolor": palette.frame, "fontcolor": palette.soft_ink}
    return {**FONT, **colours, "label": escaped(title), "style": "rounded,filled", "labeljust": "l", "margin": "10"}


def _of_node(node: Node, palette: Palette) -> dict[str, str]:
    look = look_of_node(node, palette)
    found = {**SHAPES[node.kind], "label": _lines(node.text), "tooltip": escaped(node.hint), "fontcolor": look.text}
    if node.kind != "constant":
        found |= {"color": look.line, "fillcolor": look.fill, "penwidth": f"{look.width:g}"}
        found["style"] += ",dashed" * look.dashed
    if node.at:
        found["pos"] = "{:g},{:g}!".format(*node.at)
    return found


def _of_edge(edge: Edge, palette: Palette) -> dict[str, str]:
    look = look_of_edge(edge, palette)
    found = {"color": look.line, "penwidth": f"{look.width:.3g}"}
    if edge.label:
        found |= {"label": escaped(edge.label), "fontcolor": look.text}
    if edge.hint:
        found["tooltip"] = escaped(edge.hint)
    if look.dashed:
        found["style"] = "dashed"
    if edge.kind == "result":
        found["weight"] = "4"  # keeps a result beside its operation
    if edge.kind == "weight":
        found["dir"] = "none"
    return found


def _lines(lines: Sequence[str]) -> str:
    return "\\n".join(LOOSE_SPACE.sub("&#160;", escaped(line)) for line in lines)


def escaped(text: str) -> str:
    r"""Return a text such that Graphviz shows just this.

    >>> escaped('<b>{x}\\N</b>')
    '&#60;b&#62;{x}\\\\N&#60;/b&#62;'
    """
    return text.translate(ESCAPES)
