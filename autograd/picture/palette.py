"""Colours: what a picture looks like in light and in the dark, told apart by everyone.

A gradient is blue if it is positive and vermilion if it is negative, the deeper the larger. This pair, of Okabe and Ito
(2008, https://jfly.uni-koeln.de/color/), differs for every kind of colour vision. Signs stand in the text, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from autograd.picture.data import Edge, Node


@dataclass(frozen=True)
class Palette:
    """The colours of a theme."""

    paper: str
    ink: str
    soft_ink: str
    line: str
    faint: str  # lines along which nothing flows
    frame: str  # clusters: what they are filled with
    blank: str  # what has no gradient
    operation: str
    dead: str
    dead_ink: str
    flag: str
    flag_ink: str
    flag_line: str
    positive: str  # the largest gradients: what they are filled with
    negative: str
    size: str  # the largest gradients of parts, which have no sign
    positive_line: str
    negative_line: str


# fmt: off
PALETTES = {
    "light": Palette(
        paper="#ffffff", ink="#1f2933", soft_ink="#52606d", line="#7b8794", faint="#b8c2cc", frame="#f5f7f9",
        blank="#fdfdfd", operation="#ffffff", dead="#e4e7eb", dead_ink="#52606d",
        flag="#f0e442", flag_ink="#1f2933", flag_line="#a3195b",
        positive="#79b8e3", negative="#f0985f", size="#7ccfb3", positive_line="#0072b2", negative_line="#b84f00",
    ),
    "dark": Palette(
        paper="#14191f", ink="#f0f3f6", soft_ink="#a9b4c0", line="#8290a0", faint="#4a5563", frame="#1b222a",
        blank="#232c36", operation="#14191f", dead="#30363d", dead_ink="#a9b4c0",
        flag="#f0e442", flag_ink="#1f2933", flag_line="#ff7ab8",
        positive="#0b6aa6", negative="#b04f06", size="#0d7a5c", positive_line="#56b4e9", negative_line="#ff9447",
    ),
}
# fmt: on

THINNEST, THICKEST = 1.0, 4.5  # arrows, in points


class Look(NamedTuple):
    """How a node or an arrow is painted."""

    line: str
    text: str
    width: float = 1.2  # of the line, in points
    fill: str = ""
    dashed: bool = False


def look_of_node(node: Node, palette: Palette) -> Look:
    """Return how a node is painted."""
    if node.kind == "constant":
        return Look(palette.paper, palette.soft_ink)
    if node.kind == "operation":
        return Look(palette.line, palette.ink, fill=palette.operation)
    if node.state == "flagged":
        return Look(palette.flag_line, palette.flag_ink, 2.4, palette.flag)
    if node.state == "dead":
        return Look(palette.faint, palette.dead_ink, fill=palette.dead, dashed=True)
    deepest = palette.size if node.kind == "module" else palette.positive if node.tint > 0 else palette.negative
    line = palette.line if not node.tint or node.kind == "module" else _line(node.tint, palette)
    return Look(line, palette.ink, fill=mixed(palette.blank, deepest, abs(node.tint)))


def look_of_edge(edge: Edge, palette: Palette) -> Look:
    """Return how an arrow is painted."""
    if edge.kind == "blocked":
        return Look(palette.faint, palette.soft_ink, THINNEST, dashed=True)
    if edge.state == "flagged":
        return Look(palette.flag_line, palette.flag_line, THICKEST)
    line = _line(edge.sign, palette) if edge.sign else palette.line
    if edge.kind == "weight":  # there are many, so small ones step back
        return Look(mixed(palette.paper, line, 0.3 + 0.7 * edge.weight), palette.soft_ink, 0.4 + edge.weight * 4.0)
    return Look(line, line if edge.sign else palette.soft_ink, THINNEST + edge.weight * (THICKEST - THINNEST))


def _line(sign: float, palette: Palette) -> str:
    return palette.positive_line if sign > 0 else palette.negative_line


def mixed(one: str, other: str, share: float) -> str:
    """Return a colour between two, with a share of the other one from 0 to 1.

    >>> mixed("#000000", "#ff8000", 0.5)
    '#804000'
    """
    pairs = zip(bytes.fromhex(one[1:]), bytes.fromhex(other[1:]))
    return "#" + bytes(round(a + (b - a) * share) for a, b in pairs).hex()
