"""A picture as data: everything that can be seen in it, and nothing of the language in which it is written down.

Texts are plain text: what cannot be printed, or would reorder its surroundings, is made visible here, once. What means
something to a language is for those to escape who write it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import copysign, isfinite, sqrt
from typing import Literal

NodeKind = Literal["leaf", "parameter", "value", "output", "constant", "operation", "module", "neuron"]
EdgeKind = Literal["operand", "blocked", "result", "weight"]
State = Literal["", "dead", "flagged"]
Direction = Literal["LR", "TB"]
Theme = Literal["light", "dark"]

MAX_TEXT = 60  # characters of a line; a longer one would push everything else off the screen


@dataclass(frozen=True)
class Node:
    """A Value, an operation, a constant, or a part of a model, in a picture."""

    name: str  # letters, digits and underscores; no other node has it
    kind: NodeKind
    title: str = ""
    lines: tuple[str, ...] = ()
    hint: str = ""  # shown where the mouse rests
    tint: float = 0.0  # sign and size of the gradient, from -1 to 1; of a module the size
    state: State = ""  # dead: no gradient arrives; flagged: something is NaN or infinite
    within: str | None = None  # the name of its cluster
    at: tuple[float, float] | None = None  # inches to the right and up; else its place is found

    @property
    def text(self) -> tuple[str, ...]:
        """All lines, with the title where there is one."""
        return (self.title, *self.lines) if self.title else self.lines


@dataclass(frozen=True)
class Edge:
    """An arrow: from an operand to its operation, from an operation to its result, between parts of a model.

    A blocked one comes from an operand that no gradient flows back to: a constant, or one that was not selected. A
    weight between neurons is a line without a head.
    """

    tail: str
    head: str
    kind: EdgeKind = "operand"
    label: str = ""
    hint: str = ""
    sign: int = 0  # of what flows back; 0 if it is not known, or both
    weight: float = 0.0  # size of what flows back, from 0 to 1
    state: State = ""  # flagged: it is NaN or infinite
    place: int = 0  # it is this one ...
    among: int = 1  # ... of so many that enter the head


@dataclass(frozen=True)
class Cluster:
    """A part of a model, with a frame around what belongs to it."""

    name: str
    title: str
    within: str | None = None


@dataclass(frozen=True)
class Picture:
    """Nodes, arrows between them, and clusters, outer ones before those in them."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    rankdir: Direction = "LR"
    theme: Theme = "light"


VISIBLE: dict[int, str] = {
    **{c: chr(0x2400 + c) for c in range(0x20)},
    **dict.fromkeys([0x85, 0x2028, 0x2029], "\N{SYMBOL FOR NEWLINE}"),
    **dict.fromkeys([0x7F], "\N{SYMBOL FOR DELETE}"),
}
# Controls, halves of characters, and the marks that make what follows run the other way.
UNPRINTABLE = re.compile("[\x80-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def plain(text: str, limit: int = MAX_TEXT) -> str:
    r"""Return a text on one line that can be printed, cut short if it is very long.

    >>> plain("a\nb\x80"), plain("x" * 100, limit=5)
    ('a␊b�', 'xxxx…')
    """
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", short.translate(VISIBLE))


def digits(number: float) -> str:
    """Return a number in four digits, or in all those before the point if these are up to six.

    >>> digits(2.0), digits(-0.70710678), digits(24.7041), digits(123456.7), digits(1e-9)
    ('2', '-0.7071', '24.7', '123457', '1e-09')
    """
    text = f"{number:.4g}"
    return f"{number:.0f}" if "e+" in text and abs(number) < 1e6 else text


def largest(numbers: Iterable[float]) -> float:
    """Return the largest size of some numbers, apart from those that are not finite; 0 if there is none.

    >>> largest([1.0, -3.0, float("inf")])
    3.0
    """
    return max((abs(x) for x in numbers if isfinite(x)), default=0.0)


def scaled(x: float, most: float) -> float:
    """Return sign and size of a number, from -1 to 1: the root of its share of the largest, so that small ones show.

    >>> scaled(-1.0, 4.0), scaled(float("nan"), 4.0), scaled(0.0, 0.0)
    (-0.5, 0.0, 0.0)
    """
    return copysign(sqrt(abs(x) / most), x) if isfinite(x) and most > 0.0 else 0.0
