"""A picture in Mermaid, the language in which GitHub, notebooks and many wikis draw."""

from __future__ import annotations

import re
from collections.abc import Iterator

from autograd.picture.data import Picture
from autograd.picture.palette import PALETTES, Look, look_of_edge, look_of_node

SHAPES = {
    "leaf": "({})",
    "parameter": "{{{{{}}}}}",
    "value": "[{}]",
    "output": "[[{}]]",
    "constant": "[{}]",
    "operation": "(({}))",
    "module": "[({})]",
    "neuron": "(({}))",
}
ARROWS = {"operand": "-->", "blocked": "-.->", "result": "-->", "weight": "---"}
BACKSLASH = "\\\N{WORD JOINER}"  # so that Mermaid makes no new line of \\n
MEANINGFUL = re.compile(r"[^\w .+×…‖\-]", re.ASCII)  # in ASCII: letters of all alphabets may be written as numbers


def mermaid(picture: Picture) -> str:
    """Return a picture as a flowchart in Mermaid."""
    return "\n".join(_lines(picture))


def _lines(picture: Picture) -> Iterator[str]:
    palette = PALETTES[picture.theme]
    yield f"flowchart {picture.rankdir}"
    yield from _inside(picture, None, "    ")
    for edge in picture.edges:
        label = f"|{quoted(edge.label.strip())}|" if edge.label.strip() else ""
        yield f"    {edge.tail} {ARROWS[edge.kind]}{label} {edge.head}"
    for node in picture.nodes:
        yield f"    style {node.name} {_style(look_of_node(node, palette))}"
    for place, edge in enumerate(picture.edges):
        look = look_of_edge(edge, palette)
        yield f"    linkStyle {place} stroke:{look.line},stroke-width:{look.width:.3g}px,color:{look.text}"
    for cluster in picture.clusters:
        yield f"    style {cluster.name} fill:{palette.frame},stroke:{palette.faint},color:{palette.soft_ink}"


def _inside(picture: Picture, frame: str | None, indent: str) -> Iterator[str]:
    """Yield the nodes in a frame, and the frames in it."""
    for node in picture.nodes:
        if node.within == frame:
            yield indent + node.name + SHAPES[node.kind].format(quoted("\n".join(node.text)))
    for cluster in picture.clusters:
        if cluster.within == frame:
            yield f"{indent}subgraph {cluster.name} [{quoted(cluster.title)}]"
            yield from _inside(picture, cluster.name, indent + "    ")
            yield f"{indent}end"


def _style(look: Look) -> str:
    if not look.fill:  # a constant has no frame
        return f"fill:none,stroke:none,color:{look.text}"
    dashes = ",stroke-dasharray:4" * look.dashed
    return f"fill:{look.fill},stroke:{look.line},stroke-width:{look.width:g}px,color:{look.text}{dashes}"


def quoted(text: str) -> str:
    """Return a text in quotes such that Mermaid shows just this.

    >>> quoted('a "b"')
    '"a #34;b#34;"'
    """
    lines = text.replace("\\", BACKSLASH).split("\n")
    lines = [MEANINGFUL.sub(lambda found: f"#{ord(found[0])};", line) for line in lines]
    return f'"{"<br/>".join(lines)}"'
