"""Pictures of computations: Values are boxes, and an arrow leads to each from the operation that made it, a circle.

Two things are kept apart. A graph becomes DOT, the language of Graphviz, by a pure function: the same graph gives the
same text, to the last byte, in every process. A `Drawing` holds this text, and hands it to Graphviz when it is shown.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from numbers import Integral
from pathlib import Path
from typing import Any, NamedTuple

from autograd.core import Value
from autograd.errors import ArgumentError, DrawingError, GraphError, describe
from autograd.graph import topological_order

MAX_NODES = 500  # more takes Graphviz long, and nobody can read it
MAX_LABEL = 60  # characters; a longer label would push everything else off the screen
EXTRA = "pip install 'scalar-autograd[draw]'"

# ── how it looks ─────────────────────────────────────────────────────────────────────────────────────────────────────

Style = Mapping[str, str]

FONT = {"fontname": "Helvetica,Arial,sans-serif", "fontsize": "12"}
INK, SOFT_INK, PALE_INK, ACCENT = "#1f2933", "#616e7c", "#b8c2cc", "#b44d12"

# fmt: off
STYLES: dict[str, Style] = {
    # ordering=in: operands stand in their order, from top to bottom, wherever the rest of the graph allows it
    "graph":     {"ordering": "in", "nodesep": "0.22", "ranksep": "0.4", "pad": "0.15", "bgcolor": "white"},
    "node":      {**FONT, "fontcolor": INK, "shape": "record", "style": "filled", "penwidth": "1.2", "height": "0.4"},
    "edge":      {**FONT, "fontcolor": ACCENT, "color": SOFT_INK, "arrowsize": "0.6"},

    "leaf":      {"color": "#5b8db8", "fillcolor": "#e3effa"},
    "inner":     {"color": "#9aa5b1", "fillcolor": "#f8f9fb"},
    "root":      {"color": "#3e8e5a", "fillcolor": "#e6f4ea", "penwidth": "1.8"},
    "constant":  {"shape": "plaintext", "style": "", "fontcolor": SOFT_INK,
                  "width": "0.2", "height": "0.2", "margin": "0.04,0.02"},
    "operation": {"shape": "ellipse", "color": "#d9a441", "fillcolor": "#fff4d6", "fontsize": "14",
                  "width": "0.42", "height": "0.42", "margin": "0.03,0.01"},

    "active":    {},
    "inactive":  {"color": PALE_INK, "style": "dashed"},
    "result":    {"weight": "4"},  # keeps a result beside its operation
}
# fmt: on

# Where the arrows of two or three operands enter their operation, so that nobody reads a - b as b - a.
ENTRANCES: dict[str, dict[int, tuple[str, ...]]] = {
    "LR": {2: (":nw", ":sw"), 3: (":nw", ":w", ":sw")},
    "TB": {2: (":nw", ":ne"), 3: (":nw", ":n", ":ne")},
}

# Labels are data. What means something to records, DOT or XML is escaped; what cannot be printed is made visible.
ESCAPES: dict[int, str] = {
    **{ord(c): "\\" + c for c in "{}|\\"},
    **{ord(c): f"&#{ord(c)};" for c in '&"<>'},
    **{c: chr(0x2400 + c) for c in range(0x20)},
    **dict.fromkeys([0x85, 0x2028, 0x2029], "\N{SYMBOL FOR NEWLINE}"),
    **dict.fromkeys([0x7F], "\N{SYMBOL FOR DELETE}"),
}
UNPRINTABLE = re.compile("[\x80-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
LOOSE_SPACE = re.compile("^ | (?= )| $")  # records drop these


def draw(root: Value, *, local_derivatives: bool = False, max_nodes: int = MAX_NODES, rankdir: str = "LR") -> Drawing:
    """Draw how a Value was computed, with the data and the grad of every Value on the way.

    Arrows come from operands, in their order. A dashed one is an arrow along which no gradient flows back: from a
    constant, or from an operand that was not selected. With `local_derivatives` each of the others carries its
    ∂result/∂operand. `rankdir` is "LR", from left to right, or "TB", from top to bottom. Raises `DrawingError` for more
    than `max_nodes` Values or if the package graphviz is missing, `ArgumentError` if `root` is no Value, `GraphError`
    if its graph has a cycle or operands that are no Values.

    >>> x = Value(3.0, label="x")
    >>> picture = draw(x * x)
    >>> picture.source.count("v0 -> ")
    2
    """
    if not isinstance(rankdir, str) or rankdir not in ENTRANCES:
        raise ArgumentError(
            f"draw: rankdir: got {describe(rankdir)}; expected 'LR' (left to right) or 'TB' (top to bottom)"
        )
    return Drawing(_dot(_parts(_nodes(root, max_nodes), local_derivatives), rankdir))


def _nodes(root: Value, max_nodes: int) -> list[Value]:
    """Return the nodes to draw, operands before results."""
    if not isinstance(root, Value):
        raise ArgumentError(f"draw: got {describe(root)}; expected a Value: compute one, and draw that")
    if not isinstance(max_nodes, Integral) or max_nodes < 1:
        raise ArgumentError(f"draw: max_nodes: got {describe(max_nodes)}; expected a whole number, at least 1")
    try:
        order = topological_order(root)
        sound = all(map(_is_sound, order))
    except (AttributeError, TypeError):  # it went on to something that has no operands or no number
        sound = False
    if not sound:
        raise GraphError(
            "draw: the graph has a cycle, or operands that are neither Values nor floats; draw what Values computed"
        )
    if len(order) > max_nodes:
        raise DrawingError(
            f"draw: the graph has {len(order)} Values, more than max_nodes={max_nodes};"
            f" pass max_nodes={len(order)}, or draw a smaller part: one of the Values on the way to this one"
        )
    return order


def _is_sound(node: Any) -> bool:
    return all(isinstance(x, float) or (isinstance(x, Value) and x.number < node.number) for x in node.operands)


# ── from a graph to the parts of a picture ───────────────────────────────────────────────────────────────────────────


class Shape(NamedTuple):
    """A Value, an operation or a constant in a picture."""

    name: str
    kind: str  # which of STYLES
    lines: tuple[str, ...]
    hint: str  # shown where the mouse rests


class Arrow(NamedTuple):
    """An arrow in a picture: from an operand to its operation, or from an operation to its result."""

    tail: str
    head: str
    kind: str
    label: str = ""
    hint: str = ""
    place: int = 0  # it is this one ...
    among: int = 1  # ... of so many that enter the head


def _parts(order: list[Value], local_derivatives: bool) -> Iterator[Shape | Arrow]:
    """Yield all there is to draw. Names tell places in the order, so that they are the same in every process."""
    names = {node: f"v{place}" for place, node in enumerate(order)}
    for node, name in names.items():
        kind = "leaf" if node.primitive is None else "root" if node is order[-1] else "inner"
        yield Shape(name, kind, _lines(node), f"data = {node.data!r}, grad = {node.grad!r}")
        if node.primitive is not None:
            operation = f"{name}_operation"
            yield Shape(operation, "operation", (node.primitive.symbol,), node.primitive.name)
            for place, (operand, partial) in enumerate(zip(node.operands, node.partials)):
                tail = names[operand] if isinstance(operand, Value) else f"{name}_constant{place}"
                if not isinstance(operand, Value):
                    yield Shape(tail, "constant", (_short(operand),), repr(operand))
                kind, label, hint = _flow(partial)
                yield Arrow(tail, operation, kind, label if local_derivatives else "", hint, place, len(node.operands))
            yield Arrow(operation, name, "result")


def _lines(node: Value) -> tuple[str, ...]:
    numbers = f"data {_short(node.data)}", f"grad {_short(node.grad)}"
    return (node.label, *numbers) if node.label else numbers


def _flow(partial: float | None) -> tuple[str, str, str]:
    """Return kind, label and hint of the arrow from an operand."""
    if partial is None:
        return "inactive", " ", ""  # Graphviz keeps the order of operands if all of their arrows have labels, or none
    return "active", f" {_short(partial)} ", f"∂ = {partial!r}"


def _short(number: float) -> str:
    """Return a number in four digits, or in all those before the point if these are up to six.

    >>> _short(2.0), _short(-0.70710678), _short(24.7041), _short(123456.7), _short(1e-9)
    ('2', '-0.7071', '24.7', '123457', '1e-09')
    """
    text = f"{number:.4g}"
    return f"{number:.0f}" if "e+" in text and abs(number) < 1e6 else text


# ── from the parts to DOT ────────────────────────────────────────────────────────────────────────────────────────────


def _dot(parts: Iterable[Shape | Arrow], rankdir: str) -> str:
    try:
        from graphviz import Digraph  # here, because `import autograd` must not need it
    except ImportError as error:
        raise DrawingError(f"draw: the Python package graphviz is missing; {EXTRA}") from error
    defaults = {f"{part}_attr": STYLES[part] for part in ("node", "edge")}
    graph = Digraph("computation", graph_attr={**STYLES["graph"], "rankdir": rankdir}, **defaults)
    for part in parts:
        if isinstance(part, Shape):
            graph.node(part.name, _record(part.lines, rankdir), tooltip=_escaped(part.hint), **STYLES[part.kind])
        else:
            entrance = ENTRANCES[rankdir].get(part.among, ("",) * part.among)[part.place]
            label, hint = _escaped(part.label) or None, _escaped(part.hint) or None
            graph.edge(part.tail, part.head + entrance, label=label, tooltip=hint, **STYLES[part.kind])
    source: str = graph.source
    return source


def _record(lines: Sequence[str], rankdir: str) -> str:
    """Return a label of several lines, one below the other, each cut short if it is very long."""
    short = [line if len(line) <= MAX_LABEL else line[: MAX_LABEL - 1] + "…" for line in lines]
    text = " | ".join(LOOSE_SPACE.sub("&#32;", _escaped(line)) for line in short)
    # Graphviz turns records with the direction of the graph; braces turn them back.
    return f"{{ {text} }}" if rankdir == "TB" and len(lines) > 1 else text


def _escaped(text: str) -> str:
    r"""Return a text such that Graphviz shows just this.

    >>> _escaped('<b>{x}</b>')
    '&#60;b&#62;\\{x\\}&#60;/b&#62;'
    """
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text.translate(ESCAPES))


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


@dataclass(frozen=True, repr=False)
class Drawing:
    """A picture: `source` is its text in DOT, the language of Graphviz. A notebook shows it by itself.

    >>> Drawing("digraph { a -> b }")
    <Drawing: .render('graph.svg') saves the picture, .source is its DOT text>
    """

    source: str

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
        try:
            _write(target, picture)
        except (OSError, ValueError) as error:  # ValueError: a name that no file can have
            raise DrawingError(
                f"render: cannot write {str(target)!r}: {_reason(error)}; choose a place where files can be written"
            ) from error
        return target

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


def _write(path: Path, content: bytes) -> None:
    """Write a file so that it is always there in full: the new one, or what was there before."""
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _picture(source: str, format: str) -> bytes:
    """Return the picture, made by the first of the renderers that can."""
    failures = []
    for name, command in _renderers():
        try:
            return _run([*command, f"-T{format}", *OPTIONS.get(format, [])], source.encode())
        except (OSError, subprocess.CalledProcessError) as error:
            failures.append(f"{name}: {_reason(error)}")
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


def _reason(error: Exception) -> str:
    """Return why it failed in a few words: those of the system, or the last line that a program said."""
    if isinstance(error, subprocess.CalledProcessError):
        said = error.stderr.decode(errors="replace").split("\n")
        return next(filter(None, map(str.strip, reversed(said))), f"it ended with {error.returncode}")
    return getattr(error, "strerror", None) or str(error)
