"""Pictures of computations: Values and operations, and along the arrows between them what flows back.

Two things are kept apart. A graph becomes a picture as data, and this becomes DOT, the language of Graphviz, by pure
functions: the same graph gives the same text, to the last byte, in every process. A `Drawing` holds both, and hands the
text to Graphviz when it is shown.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from numbers import Integral
from pathlib import Path
from typing import Any, get_args

from autograd.core import Value
from autograd.errors import ArgumentError, DrawingError, GraphError, describe
from autograd.files import reason, save
from autograd.graph import topological_order
from autograd.picture.data import Cluster, Direction, Edge, Node, Picture, State, Theme, digits, largest, plain, scaled
from autograd.picture.dot import EXTRA, dot
from autograd.picture.groups import groups
from autograd.picture.mermaid import mermaid
from autograd.picture.outline import outline
from autograd.picture.parts import Model, Parts
from autograd.picture.scene import LABELS, Scene

__all__ = [
    "Cluster", "Direction", "Drawing", "Edge", "Model", "Node", "Picture", "State", "Theme", "digits", "draw",
    "largest", "plain", "scaled",
]  # fmt: skip

EMPTY = Picture()
MAX_NODES = 500  # more takes Graphviz long, and nobody can read it


def draw(
    root: Value,
    *,
    model: Model | None = None,
    depth: int | None = None,
    local_derivatives: bool = False,
    contributions: bool = False,
    rankdir: Direction = "LR",
    theme: Theme = "light",
    max_nodes: int = MAX_NODES,
) -> Drawing:
    """Draw how a Value was computed, with the data and the grad of every Value on the way.

    Blue is a positive gradient, vermilion a negative one, the deeper the larger; grey and dashed is a Value that no
    gradient arrives at, yellow one that is NaN or infinite. Leaves are rounded, parameters six-sided, operations round,
    constants without a frame; the result has two frames. Arrows come from operands, in their order. They are as wide as
    what flows back along them is large, and dashed where nothing can: from a constant, or from an operand that was not
    selected. With `local_derivatives` each of the others carries its ∂result/∂operand, with `contributions` the product
    of the chain rule: this, times the gradient of the result.

    With a `model`, such as an `nn.Module`, parameters have their names in it, and its modules have frames. `depth` says
    how deep to look into it: at 0 it is one box, at 1 each of the modules in it is one, and so on; parts of the picture
    that are alike are then drawn once, with their number.

    `rankdir` is "LR", from left to right, or "TB", from top to bottom; `theme` is "light" or "dark". Raises
    `DrawingError` for a picture of more than `max_nodes` Values or if the package graphviz is missing, `ArgumentError`
    for arguments of the wrong kind, `GraphError` if the graph has a cycle or operands that are no Values.

    >>> x = Value(3.0, label="x")
    >>> picture = draw(x * x)
    >>> picture.source.count("v0 -> ")
    2
    >>> print(picture.to_text())
    *  data 9  grad 0
    ├── x  data 3  grad 0
    └── x  (see above)
    """
    _check_choice("rankdir", rankdir, "'LR' (left to right) or 'TB' (top to bottom)", get_args(Direction))
    _check_choice("theme", theme, "'light' or 'dark'", get_args(Theme))
    if not isinstance(max_nodes, Integral) or max_nodes < 1:
        raise ArgumentError(f"draw: max_nodes: got {describe(max_nodes)}; expected a whole number, at least 1")
    parts = Parts(_checked_model(model, depth))
    order = _nodes(root)
    found = groups(order, parts, depth, max_nodes)
    if len(found) > max_nodes:
        raise _too_large(len(found), max_nodes, model, depth)
    label = LABELS["flow"] if contributions else LABELS["local"] if local_derivatives else None
    scene = Scene(order, found, parts, label)
    return Drawing.of(Picture(scene.nodes(), scene.edges(), scene.clusters(), rankdir, theme))


def _check_choice(name: str, choice: Any, expected: str, choices: tuple[str, ...]) -> None:
    if not isinstance(choice, str) or choice not in choices:
        raise ArgumentError(f"draw: {name}: got {describe(choice)}; expected {expected}")


def _checked_model(model: Any, depth: Any) -> Model | None:
    if model is not None and not isinstance(model, Model):
        raise ArgumentError(f"draw: model: got {describe(model)}; expected a model, such as nn.MLP(2, [3, 1])")
    if depth is not None and (not isinstance(depth, Integral) or depth < 0):
        raise ArgumentError(f"draw: depth: got {describe(depth)}; expected a whole number from 0 on, or None")
    if depth is not None and model is None:
        raise ArgumentError(f"draw: got depth={depth} but no model; say whose parts are meant: model=...")
    return model


def _nodes(root: Value) -> list[Value]:
    """Return the nodes of the graph, operands before results."""
    if not isinstance(root, Value):
        raise ArgumentError(f"draw: got {describe(root)}; expected a Value: compute one, and draw that")
    try:
        order = topological_order(root)
        sound = all(map(_is_sound, order))
    except (AttributeError, TypeError):  # it went on to something that has no operands or no number
        sound = False
    if not sound:
        raise GraphError(
            "draw: the graph has a cycle, or operands that are neither Values nor floats; draw what Values computed"
        )
    return order


def _is_sound(node: Any) -> bool:
    return all(isinstance(x, float) or (isinstance(x, Value) and x.number < node.number) for x in node.operands)


def _too_large(count: int, max_nodes: int, model: Model | None, depth: int | None) -> DrawingError:
    ways = [f"max_nodes={count}"]
    if depth is None:
        ways.insert(0, "model=... and depth=1 if it is a network's," if model is None else "depth=1")
    return DrawingError(
        f"draw: the graph has {count} Values, more than max_nodes={max_nodes};"
        f" pass {' or '.join(ways)}, or draw a smaller part: one of the Values on the way to this one"
    )


# ── from DOT to something to look at ─────────────────────────────────────────────────────────────────────────────────

FORMATS = {".svg": "svg", ".png": "png", ".pdf": "pdf"}
OPTIONS = {"png": ["-Gdpi=192"]}  # at Graphviz's 96 dots an inch, letters look blurred on today's screens

# Another process, because the library prints warnings of its own, is not safe in threads, and may crash.
PYGRAPHVIZ = """
import sys, pygraphviz
graph = pygraphviz.AGraph()
graph.from_string(sys.stdin.buffer.read().decode())
sys.stdout.buffer.write(graph.draw(prog="dot", format=sys.argv[1][2:], args=" ".join(sys.argv[2:])))
"""


@dataclass(frozen=True)
class Drawing:
    """A picture: `source` is its text in DOT, the language of Graphviz. A notebook shows it by itself.

    `picture` is the same as data; it is empty if the drawing was made of nothing but a text.

    >>> Drawing("digraph { a -> b }")
    <Drawing: .render('graph.svg') saves the picture, .source is its DOT text>
    """

    source: str
    picture: Picture = EMPTY

    @classmethod
    def of(cls, picture: Picture) -> Drawing:
        """Return the drawing of a picture. Raises `DrawingError` if the package graphviz is missing."""
        return cls(dot(picture), picture)

    def to_mermaid(self) -> str:
        """Return the picture as a flowchart in Mermaid, which GitHub and many others draw."""
        return mermaid(self.picture)

    def to_text(self) -> str:
        """Return the picture as a tree in plain text, for a terminal."""
        return outline(self.picture)

    def svg(self) -> str:
        """Return the picture as SVG. Raises `DrawingError` if there is nothing to make it with."""
        return _picture(self.source, "svg").decode()

    def render(self, path: str | os.PathLike[str]) -> Path:
        """Save the picture as SVG, PNG or PDF, as the end of `path` says, and return the path.

        The file appears when it is complete; one that was there is replaced. Raises `ArgumentError` for another ending,
        `DrawingError` if the file cannot be written or if there is nothing to make the picture with.
        """
        target, format = _target(path)
        picture = _picture(self.source, format)
        return save(target, picture, "render")

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        try:
            return {"image/svg+xml": self.svg(), "text/plain": repr(self)}
        except Exception as error:  # a traceback instead of a result would tell the reader of a notebook less
            return {"text/plain": f"{self!r}\n{error}"}

    def __repr__(self) -> str:
        return "<Drawing: .render('graph.svg') saves the picture, .source is its DOT text>"


def _target(path: str | os.PathLike[str]) -> tuple[Path, str]:
    """Return where to save and in which format, before any work is done."""
    target = Path(path) if isinstance(path, (str, os.PathLike)) else Path()
    format = FORMATS.get(target.suffix.lower())
    if format is None:
        raise ArgumentError(f"render: got {describe(path)}; expected a path that ends in .svg, .png or .pdf")
    if not target.parent.is_dir():
        raise DrawingError(f"render: no folder {str(target.parent)!r} to write {target.name!r} to; make it first")
    return target, format


def _picture(source: str, format: str) -> bytes:
    """Return the picture, made by the first of the renderers that can."""
    failures = []
    for name, command in _renderers():
        try:
            return _run([*command, f"-T{format}", *OPTIONS.get(format, [])], source.encode())
        except (OSError, subprocess.CalledProcessError) as error:
            failures.append(f"{name}: {_failure(error)}")
    if failures:
        raise DrawingError(f"Graphviz could not make the picture ({'; '.join(failures)}); its DOT text is in .source")
    raise DrawingError(
        "nothing to make pictures with: install Graphviz's program dot with the system's package manager"
        f" (such as: apt install graphviz), or {EXTRA}"
    )


def _renderers() -> Iterator[tuple[str, list[str]]]:
    """Yield what can turn DOT into pictures here: name and command."""
    if program := shutil.which("dot"):
        yield "dot", [program]
    if sys.executable and find_spec("pygraphviz"):
        yield "pygraphviz", [sys.executable, "-P", "-c", PYGRAPHVIZ]


def _run(command: list[str], content: bytes) -> bytes:
    return subprocess.run(command, input=content, capture_output=True, check=True).stdout


def _failure(error: OSError | subprocess.CalledProcessError) -> str:
    """Return why it failed in a few words: those of the system, or the last line that a program said."""
    if isinstance(error, OSError):
        return reason(error)
    said = error.stderr.decode(errors="replace").split("\n")
    return next(filter(None, map(str.strip, reversed(said))), f"it ended with {error.returncode}")
