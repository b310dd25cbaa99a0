"""What a picture shows, that it shows nothing else whatever the labels, and what happens when it cannot be made."""

from __future__ import annotations

import errno
import importlib
import math
import os
import re
import shutil
import subprocess
import sys
import unicodedata
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings, strategies as st

from autograd import Value, primitives as p
from autograd.core import NATIVE
from autograd.draw import Drawing, draw
from autograd.errors import ArgumentError, DrawingError, GraphError
from autograd.graph import topological_order
from autograd.testing import graphs
from tests.labels import HOSTILE

drawing = importlib.import_module("autograd.draw")  # the module, should the package ever bind the function to its name

only_in_python = pytest.mark.skipif(NATIVE, reason="a compiled Value cannot be given other operands")
INSTALLED = {"dot": shutil.which("dot"), "pygraphviz": find_spec("pygraphviz")}
SVG = "{http://www.w3.org/2000/svg}"
HINT = "<Drawing: .render('graph.svg') saves the picture, .source is its DOT text>"
TURNING = ["LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"]  # what follows runs the other way
REMEDIES = (
    "nothing to make pictures with: install Graphviz's program dot with the system's package manager"
    " (such as: apt install graphviz), or pip install 'scalar-autograd[draw]'"
)


class Edge(NamedTuple):
    tail: str
    head: str
    port: str
    attributes: str

    @property
    def label(self) -> str | None:
        found = re.search(r'label="([^"]*)"', self.attributes)
        return found and found[1].strip()

    @property
    def dashed(self) -> bool:
        return "style=dashed" in self.attributes


def edges(picture: Drawing) -> list[Edge]:
    """The arrows, in the order in which they stand in the source."""
    return [Edge(*found) for found in re.findall(r"^\t(\w+) -> (\w+)(?::(\w+))?(.*)$", picture.source, re.MULTILINE)]


def attribute(picture: Drawing, shape: str, name: str) -> str:
    """An attribute of a shape, as it stands in the source."""
    line = re.search(rf"^\t{shape} \[(.*)\]$", picture.source, re.MULTILINE)
    assert line is not None, (shape, picture.source)
    found = re.search(rf'\b{name}=("([^"]*)"|\S+)', line[1])
    assert found is not None, (name, line[1])
    return found[2] or found[1]


def texts(svg: str) -> dict[str, list[str]]:
    """The texts of every shape and arrow, as a browser shows them; a space that does not break is a space."""
    groups = ElementTree.fromstring(svg.encode()).iter(f"{SVG}g")
    named = {group.findtext(f"{SVG}title"): group for group in groups if group.get("class") in ("node", "edge")}
    return {
        str(name): [(text.text or "").replace("\xa0", " ") for text in group.iter(f"{SVG}text")]
        for name, group in named.items()
    }


def visible(label: str) -> str:
    """The text that stands for a label."""

    def symbol(c: str) -> str:
        if c in (known := {"\x85": "␤", "\u2028": "␤", "\u2029": "␤", "\x7f": "␡", "\xa0": " "}):
            return known[c]
        if unicodedata.category(c) in ("Cc", "Cs") or unicodedata.bidirectional(c) in TURNING or c in "\ufffe\uffff":
            return chr(0x2400 + ord(c)) if ord(c) < 0x20 else "\ufffd"
        return c

    return "".join(map(symbol, label))


@pytest.fixture
def expression() -> Value:
    a, b = Value(2.0, label="a"), Value(-3.0)
    result = p.sin(a * b) + a
    result.backward()
    return result


@pytest.fixture(params=list(INSTALLED))
def renderer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the installed programs in turn, as if it were the only one."""
    if not INSTALLED[request.param]:
        pytest.skip(f"{request.param} is not installed")
    if request.param == "dot":
        monkeypatch.setitem(sys.modules, "pygraphviz", None)
    else:
        monkeypatch.setenv("PATH", "")


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Install programs that do what the test says; those that it does not name are missing."""

    def install(dot: str = "", pygraphviz: str = "") -> None:
        programs = tmp_path / "programs"
        programs.mkdir()
        monkeypatch.setenv("PATH", str(programs))
        if dot:
            (programs / "dot").write_text(dot)
            (programs / "dot").chmod(0o755)
        monkeypatch.setattr(drawing, "find_spec", {"pygraphviz": pygraphviz}.get)
        monkeypatch.setattr(drawing, "PYGRAPHVIZ", pygraphviz)

    return install


PYTHON = f"#!{sys.executable}\nimport sys\n"

# ── what a picture shows ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_value_shows_its_label_its_data_and_its_grad(expression: Value) -> None:
    assert attribute(draw(expression), "v0", "label") == r"a\ndata 2\ngrad -1.881"


def test_a_value_without_a_label_shows_its_numbers(expression: Value) -> None:
    assert attribute(draw(expression), "v1", "label") == r"data -3\ngrad 1.92"


def test_a_mouse_over_a_value_finds_all_digits(expression: Value) -> None:
    assert attribute(draw(expression), "v3", "tooltip") == f"data = {math.sin(-6.0)!r}, grad = 1.0"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (2.0, "2"), (-0.0, "-0"), (0.70710678, "0.7071"), (24.7041, "24.7"), (645.5773, "645.6"), (12345.6, "12346"),
        (999999.0, "999999"), (-123456.0, "-123456"), (1e6, "1e+06"), (1234567.0, "1.235e+06"),
        (0.000123456, "0.0001235"), (1.2e-5, "1.2e-05"),
        (5e-324, "4.941e-324"), (-1e308, "-1e+308"), (math.inf, "inf"), (-math.inf, "-inf"),
        (math.nan, "nan"),
    ],
)  # fmt: skip
def test_numbers_are_short(number: float, shown: str) -> None:
    assert attribute(draw(Value(number)), "v0", "label").startswith(rf"data {shown}\ngrad 0")


def test_a_mouse_over_a_value_finds_all_digits_of_the_longest_numbers() -> None:
    x = Value(-1.2345678901234567e-300)
    x.grad = -2.3456789012345678e-301
    assert attribute(draw(x), "v0", "tooltip") == f"data = {x.data!r}, grad = {x.grad!r}"


def test_every_operation_has_a_shape_of_its_own_with_its_symbol_and_name_and_leads_to_its_result() -> None:
    x = Value(0.5)
    picture = draw(p.atan2(x**2.0, -x))
    symbols = [attribute(picture, f"v{i}_operation", "label") for i in (1, 2, 3)]
    names = [attribute(picture, f"v{i}_operation", "tooltip") for i in (1, 2, 3)]
    assert symbols == ["**", "-", "atan2"]
    assert names == ["power", "negate", "atan2"]
    assert [(e.tail, e.head) for e in edges(picture) if e.tail.endswith("operation")] == [
        ("v1_operation", "v1"), ("v2_operation", "v2"), ("v3_operation", "v3")
    ]  # fmt: skip


def test_both_arrows_of_x_times_x_are_drawn() -> None:
    x = Value(3.0)
    assert [(e.tail, e.head) for e in edges(draw(x * x))][:2] == [("v0", "v1_operation")] * 2


def test_arrows_stand_in_the_order_of_the_operands() -> None:
    a, b, c = Value(1.0), Value(2.0), Value(3.0)
    for operands in [a, b, c], [c, a, b], [b, b, a], [b, a, a, a, c]:
        order = topological_order(*operands)
        assert [e.tail for e in edges(draw(p.fsum(*operands)))][:-1] == [f"v{order.index(x)}" for x in operands]


def test_two_or_three_arrows_enter_an_operation_from_the_first_operand_to_the_last() -> None:
    a, b = Value(1.0), Value(2.0)
    assert [(e.tail, e.port) for e in edges(draw(a - b))][:2] == [("v0", "nw"), ("v1", "sw")]
    assert [(e.tail, e.port) for e in edges(draw(b - a))][:2] == [("v1", "nw"), ("v0", "sw")]
    assert [e.port for e in edges(draw(p.clip(a, 0.0, b)))] == ["nw", "w", "sw", ""]
    assert [e.port for e in edges(draw(p.sin(a)))] == ["", ""]
    assert [e.port for e in edges(draw(p.fsum(a, b, a, b)))] == ["", "", "", "", ""]


def test_constants_are_plain_and_each_use_of_one_is_drawn() -> None:
    picture = draw(2.0 * Value(3.0) + 2.0)
    assert [(e.tail, e.head) for e in edges(picture) if e.dashed] == [
        ("v1_constant0", "v1_operation"), ("v2_constant1", "v2_operation")
    ]  # fmt: skip
    assert attribute(picture, "v1_constant0", "label") == attribute(picture, "v2_constant1", "label") == "2"
    assert attribute(picture, "v1_constant0", "shape") == "plaintext"


def test_leaves_inner_values_and_the_root_are_told_apart(expression: Value) -> None:
    picture = draw(expression)
    assert [attribute(picture, f"v{i}", "style") for i in range(5)] == ["rounded,filled"] * 2 + ["filled"] * 3
    assert [line.split()[0] for line in picture.source.splitlines() if "peripheries=2" in line] == ["v4"]


def test_a_single_leaf_can_be_drawn() -> None:
    picture = draw(Value(3.0, label="x"))
    assert attribute(picture, "v0", "label") == r"x\ndata 3\ngrad 0"
    assert edges(picture) == []


def test_arrows_carry_local_derivatives_on_request() -> None:
    x, y = Value(3.0), Value(0.25)
    picture = draw(p.sqrt(x * x * y), local_derivatives=True)
    assert [e.label for e in edges(picture)] == ["3", "3", None, "0.25", "9", None, "0.3333", None]


def test_arrows_carry_no_labels_otherwise(expression: Value) -> None:
    assert [e.label for e in edges(draw(expression))] == [None] * 8


def test_a_mouse_over_an_arrow_finds_all_digits_of_the_local_derivative() -> None:
    assert 'tooltip="∂ = 0.1"' in draw(0.1 * Value(3.0)).source


@pytest.mark.parametrize("local_derivatives", [False, True])
def test_an_arrow_is_dashed_if_no_gradient_flows_along_it(local_derivatives: bool) -> None:
    a, b = Value(-1.0), Value(2.0)
    picture = draw(p.maximum(a, b) + p.relu(a) + p.where(1.0, a, b), local_derivatives=local_derivatives)
    dashed = [(e.tail, e.label or None) for e in edges(picture) if e.dashed]
    assert dashed == [("v0", None), ("v0", None), ("v5_constant0", None), ("v1", None)]


def test_a_local_derivative_of_zero_is_no_missing_one() -> None:
    assert [(e.label, e.dashed) for e in edges(draw(Value(1.0) * Value(0.0), local_derivatives=True))][:2] == [
        ("0", False), ("1", False)
    ]  # fmt: skip


def test_pictures_go_from_left_to_right_or_from_top_to_bottom() -> None:
    x = Value(3.0, label="x")
    across, down = draw(x - 1.0), draw(x - 1.0, rankdir="TB")
    assert "rankdir=LR" in across.source
    assert "rankdir=TB" in down.source
    assert attribute(across, "v0", "label") == r"x\ndata 3\ngrad 0"
    assert attribute(down, "v0", "label") == attribute(across, "v0", "label")
    assert attribute(down, "v1_operation", "label") == "-"
    assert [e.port for e in edges(down)] == ["nw", "ne", ""]


def test_the_source_in_full() -> None:
    x = Value(3.0, label="x")
    y = x * 2.0
    y.backward()
    assert draw(y, local_derivatives=True).source.splitlines() == [
        "digraph computation {",
        '\tgraph [bgcolor="#ffffff" nodesep=0.22 ordering=in pad=0.15 rankdir=LR ranksep=0.4]',
        '\tnode [fontname="Helvetica,Arial,sans-serif" fontsize=12]',
        '\tedge [arrowsize=0.6 fontname="Helvetica,Arial,sans-serif" fontsize=12]',
        '\tv0 [label="x\\ndata 3\\ngrad 2" color="#0072b2" fillcolor="#79b8e3" fontcolor="#1f2933" penwidth=1.2'
        ' shape=box style="rounded,filled" tooltip="data = 3.0, grad = 2.0"]',
        '\tv1 [label="data 6\\ngrad 1" color="#0072b2" fillcolor="#a0cceb" fontcolor="#1f2933" penwidth=1.2'
        ' peripheries=2 shape=box style=filled tooltip="data = 6.0, grad = 1.0"]',
        '\tv1_operation [label="*" color="#7b8794" fillcolor="#ffffff" fontcolor="#1f2933" fontsize=14 height=0.42'
        ' margin="0.03,0.01" penwidth=1.2 shape=ellipse style=filled tooltip=multiply width=0.42]',
        '\tv1_constant1 [label=2 fontcolor="#52606d" height=0.2 margin="0.04,0.02" shape=plaintext tooltip=2.0'
        " width=0.2]",
        '\tv0 -> v1_operation:nw [label=" 2 " color="#0072b2" fontcolor="#0072b2" penwidth=4.5'
        ' tooltip="∂ = 2.0, contribution 2.0 × 1.0 = 2.0"]',
        '\tv1_constant1 -> v1_operation:sw [label=" " color="#b8c2cc" fontcolor="#52606d" penwidth=1 style=dashed]',
        '\tv1_operation -> v1 [color="#7b8794" penwidth=1 weight=4]',
        "}",
    ]


# ── the same graph gives the same text ───────────────────────────────────────────────────────────────────────────────

PROGRAM = """
from autograd import Value
from autograd.draw import draw
a, b = Value(2.0, label="a"), Value(-3.0, label="b")
c = (a * b + a / b).tanh() - b ** 2
c.backward()
"""


def test_the_same_graph_gives_the_same_text(expression: Value) -> None:
    assert draw(expression) == draw(expression)
    assert draw(deepcopy(expression)).source == draw(expression).source


def test_the_same_program_gives_the_same_text_in_every_process() -> None:
    def source(seed: str) -> bytes:
        program = f"{PROGRAM}import sys; sys.stdout.buffer.write(draw(c).source.encode())"
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        return subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True).stdout

    here: dict[str, Any] = {}
    exec(PROGRAM, here)
    assert source("1") == source("2") == here["draw"](here["c"]).source.encode()


def test_drawing_changes_nothing(expression: Value) -> None:
    before = [(x.data, x.grad, x.label, x.operands) for x in topological_order(expression)]
    draw(expression, local_derivatives=True)
    assert [(x.data, x.grad, x.label, x.operands) for x in topological_order(expression)] == before


def test_importing_the_module_needs_neither_graphviz_nor_pygraphviz() -> None:
    program = "import sys, autograd.draw; print([m for m in ('graphviz', 'pygraphviz') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout.strip() == b"[]"


# ── as Graphviz draws it ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("renderer")
def test_the_svg_shows_every_value_operation_and_arrow(expression: Value) -> None:
    shown = texts(draw(expression, local_derivatives=True).svg())
    assert shown["v0"] == ["a", "data 2", "grad -1.881"]
    assert shown["v2_operation"] == ["*"]
    assert shown["v3_operation"] == ["sin"]
    assert [text.strip() for text in shown["v0->v2_operation:nw"]] == ["-3"]
    assert len(shown) == 5 + 3 + 8


@pytest.mark.usefixtures("renderer")
@pytest.mark.parametrize("rankdir", ["LR", "TB"])
@pytest.mark.parametrize("local_derivatives", [False, True])
@settings(max_examples=8)
@given(graph=graphs())
def test_any_graph_is_drawn_with_all_its_arrows(
    graph: tuple[Value, list[Value]], local_derivatives: bool, rankdir: str
) -> None:
    root = graph[0] + graph[1][0]
    svg = draw(root, local_derivatives=local_derivatives, rankdir=rankdir).svg()
    groups = ElementTree.fromstring(svg.encode()).iter(f"{SVG}g")
    order = topological_order(root)
    arrows = sum(len(node.operands) + (node.primitive is not None) for node in order)
    assert sum(group.get("class") == "edge" for group in groups) == arrows


@pytest.mark.usefixtures("renderer")
@pytest.mark.parametrize("local_derivatives", [False, True])
def test_the_arrow_of_the_first_operand_enters_above_that_of_the_second(local_derivatives: bool) -> None:
    x, y = Value(3.0), Value(2.0)
    half, part = x / 2.0, 10.0 / x
    root = (half + part) * (x - y) / (y - x) / (y * y)
    heights: dict[str, list[float]] = {}
    for group in ElementTree.fromstring(draw(root, local_derivatives=local_derivatives).svg().encode()).iter(f"{SVG}g"):
        title = group.findtext(f"{SVG}title") or ""
        if group.get("class") == "edge" and ":" in title:
            path = next(group.iter(f"{SVG}path")).get("d") or ""
            heights.setdefault(title.partition("->")[2], []).append(float(re.findall(r"[-.\d]+", path)[-1]))
    operations = {head.partition(":")[0] for head in heights}
    assert len(operations) == 9
    assert all(heights[f"{operation}:nw"] < heights[f"{operation}:sw"] for operation in operations)


@pytest.mark.usefixtures("renderer")
@pytest.mark.parametrize(
    ("name", "start"), [("y.svg", b"<?xml"), ("y.png", b"\x89PNG\r\n"), ("y.pdf", b"%PDF-"), ("y.PNG", b"\x89PNG")]
)
def test_a_picture_is_saved_in_the_format_that_its_name_says(
    name: str, start: bytes, expression: Value, tmp_path: Path
) -> None:
    path = draw(expression).render(tmp_path / name)
    assert path == tmp_path / name
    assert path.read_bytes().startswith(start)
    assert os.listdir(tmp_path) == [name]


@pytest.mark.usefixtures("renderer")
def test_making_a_picture_prints_nothing(expression: Value, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    draw(expression).svg()
    draw(expression).render(tmp_path / "y.png")
    assert capfd.readouterr() == ("", "")


# ── labels are data ──────────────────────────────────────────────────────────────────────────────────────────────────

def shown_labels(labels: list[str]) -> list[str]:
    shown = texts(draw(p.fsum(*[Value(1.0, label=label) for label in labels]), max_nodes=1000).svg())
    assert all(shown[f"v{place}"][-2:] == ["data 1", "grad 0"] for place in range(len(labels)))
    return ["".join(shown[f"v{place}"][:-2]) for place in range(len(labels))]


@pytest.mark.usefixtures("renderer")
def test_hostile_labels_are_shown_as_they_are() -> None:
    assert shown_labels(HOSTILE) == list(map(visible, HOSTILE))


@pytest.mark.usefixtures("renderer")
@settings(max_examples=20)
@given(labels=st.lists(st.text(st.characters(codec=None, exclude_categories=()), max_size=60), min_size=1, max_size=40))
def test_any_label_is_shown_as_it_is(labels: list[str]) -> None:
    assert shown_labels(labels) == list(map(visible, labels))


def test_there_are_plenty_of_hostile_labels() -> None:
    assert len({*HOSTILE}) >= 500


def test_hostile_labels_are_text_in_mermaid() -> None:
    drawing = draw(p.fsum(*[Value(1.0, label=label) for label in HOSTILE]), max_nodes=1000)
    lines = drawing.to_mermaid().splitlines()[1 : len(HOSTILE) + 1]
    for place, (line, label) in enumerate(zip(lines, HOSTILE)):
        found = re.fullmatch(rf'    v{place}\("([^"<>&`\\]*)(?:<br/>)?data 1<br/>grad 0"\)', line)
        assert found is not None, line
        text = re.sub(r"#(\d+);", lambda code: chr(int(code[1])), found[1])
        assert text.replace("\xa0", " ").replace("\\\u2060", "\\") == visible(label)
        assert "\\n" not in text  # of which Mermaid would make a new line


def test_hostile_labels_are_text_in_a_terminal() -> None:
    text = draw(p.fsum(*[Value(1.0, label=label) for label in HOSTILE]), max_nodes=1000).to_text()
    assert len(text.splitlines()) == len(HOSTILE) + 1
    assert all(line.endswith("  data 1  grad 0") or "── data 1" in line for line in text.splitlines()[1:])
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


@pytest.mark.usefixtures("renderer")
def test_hostile_names_of_modules_are_shown_as_they_are() -> None:
    class Model:
        def __init__(self, title: str) -> None:
            self.title, self.weight = title, Value(1.0)

        def named_parameters(self) -> list[tuple[str, Value]]:
            return [(self.title, self.weight)]

        def named_modules(self) -> list[tuple[str, Model]]:
            return [("", self)]

        def __repr__(self) -> str:
            return self.title

    for title in ['<b>"]; evil [label="', "</script><script>alert(1)</script>", r"\N\G {a|b} & co"]:
        model = Model(title)
        opened, closed = (draw(model.weight * 2.0, model=model, depth=depth).svg() for depth in (None, 0))
        assert title in texts(opened)["v0"]
        assert title in texts(closed)["v0"]
        frames = [g for g in ElementTree.fromstring(opened.encode()).iter(f"{SVG}g") if g.get("class") == "cluster"]
        assert [text.text for frame in frames for text in frame.iter(f"{SVG}text")] == [title]


@pytest.mark.usefixtures("renderer")
def test_symbols_of_operations_are_shown_as_they_are() -> None:
    symbols = [symbol for symbol in HOSTILE if symbol.strip()]
    x = Value(1.0)
    shown = texts(draw(p.fsum(*[replace(p.sin, symbol=symbol)(x) for symbol in symbols]), max_nodes=1000).svg())
    assert ["".join(shown[f"v{place}_operation"]) for place in range(1, len(symbols) + 1)] == list(
        map(visible, symbols)
    )


def test_a_name_of_an_operation_cannot_end_its_quotation_in_the_source() -> None:
    picture = draw(replace(p.sin, name='"]; evil [label="')(Value(1.0)))
    assert 'tooltip="&#34;]; evil [label=&#34;"' in picture.source


def test_labels_stay_on_one_line_of_the_source() -> None:
    assert len(draw(Value(1.0, label="a\nb\r\x85\u2028c")).source.splitlines()) == 6


@pytest.mark.parametrize(
    ("label", "escaped"),
    [
        ("hidden layer", "hidden layer"),
        (" two  spaces ", "&#160;two&#160; spaces&#160;"),
        ("{a|b}", "{a|b}"),
        ("\\N", r"\\N"),
        ('<b> & "c"', "&#60;b&#62; &#38; &#34;c&#34;"),
        ("\x00\n\x7f\x85\x9b\ud800", "␀␊␡␤\ufffd\ufffd"),
    ],
)
def test_labels_are_escaped_in_the_source(label: str, escaped: str) -> None:
    assert attribute(draw(Value(1.0, label=label)), "v0", "label") == rf"{escaped}\ndata 1\ngrad 0"


def test_a_very_long_label_is_cut_short() -> None:
    kept, cut = "x" * 60, "x" * 59 + "…"
    assert attribute(draw(Value(1.0, label=kept)), "v0", "label") == rf"{kept}\ndata 1\ngrad 0"
    assert attribute(draw(Value(1.0, label=kept + "x")), "v0", "label") == rf"{cut}\ndata 1\ngrad 0"
    assert len(draw(Value(1.0, label="{" * 1_000_000)).source) < 1000


# ── who makes the picture ────────────────────────────────────────────────────────────────────────────────────────────

ANY = Drawing("digraph { a -> b }")
ECHO = "import sys; sys.stdout.buffer.write(' '.join(sys.argv[1:]).encode() + sys.stdin.buffer.read())"


def test_the_program_dot_is_asked_first(fake: Callable[..., None]) -> None:
    fake(dot=PYTHON + ECHO, pygraphviz="raise SystemExit('not me')")
    assert ANY.svg() == "-Tsvg" + ANY.source


def test_letters_of_a_png_are_sharp_on_any_screen(fake: Callable[..., None], tmp_path: Path) -> None:
    fake(dot=PYTHON + ECHO)
    assert ANY.render(tmp_path / "a.png").read_text() == "-Tpng -Gdpi=192" + ANY.source


def test_pygraphviz_is_asked_if_dot_is_missing(fake: Callable[..., None]) -> None:
    fake(pygraphviz=ECHO)
    assert ANY.svg() == "-Tsvg" + ANY.source


@pytest.mark.parametrize("broken", [PYTHON + "raise SystemExit('Format: svg not recognized')", "no program\0"])
def test_pygraphviz_is_asked_if_dot_fails(fake: Callable[..., None], broken: str) -> None:
    fake(dot=broken, pygraphviz=ECHO)
    assert ANY.svg() == "-Tsvg" + ANY.source


def test_the_error_names_both_remedies_if_there_is_nothing_to_draw_with(fake: Callable[..., None]) -> None:
    fake()
    with pytest.raises(DrawingError) as error:
        ANY.svg()
    assert str(error.value) == REMEDIES


def test_a_python_that_does_not_know_its_own_program_cannot_use_pygraphviz(
    fake: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(pygraphviz=ECHO)
    monkeypatch.setattr(sys, "executable", "")
    with pytest.raises(DrawingError) as error:
        ANY.svg()
    assert str(error.value) == REMEDIES


@pytest.mark.parametrize(
    ("dot", "pygraphviz", "reasons"),
    [
        (
            PYTHON + "raise SystemExit('Warning: x\\nError: syntax error in line 1\\n')",
            "",
            "dot: Error: syntax error in line 1",
        ),
        (PYTHON + "sys.exit(3)", "", "dot: it ended with 3"),
        (PYTHON + "sys.exit(3)", "1 / 0", "dot: it ended with 3; pygraphviz: ZeroDivisionError: division by zero"),
        ("no program\0", "", f"dot: {os.strerror(errno.ENOEXEC)}"),
    ],
)
def test_the_error_says_what_the_programs_said_if_they_fail(
    fake: Callable[..., None], dot: str, pygraphviz: str, reasons: str
) -> None:
    fake(dot, pygraphviz)
    with pytest.raises(DrawingError) as error:
        ANY.svg()
    assert str(error.value) == f"Graphviz could not make the picture ({reasons}); its DOT text is in .source"


@pytest.mark.usefixtures("renderer")
def test_text_that_is_no_dot_is_an_error() -> None:
    with pytest.raises(
        DrawingError, match=r"^Graphviz could not make the picture \((dot|pygraphviz): .*\); its DOT text"
    ):
        Drawing("digraph { a [").svg()


def test_the_error_names_the_remedy_if_the_package_graphviz_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "graphviz", None)
    with pytest.raises(DrawingError) as error:
        draw(Value(1.0))
    assert str(error.value) == "draw: the Python package graphviz is missing; pip install 'scalar-autograd[draw]'"


# ── notebooks ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_notebook_shows_the_svg(fake: Callable[..., None]) -> None:
    fake(dot=PYTHON + "print('<svg/>')")
    assert ANY._repr_mimebundle_(include=None, exclude=None) == {"image/svg+xml": "<svg/>\n", "text/plain": HINT}


def test_a_notebook_shows_a_hint_if_there_is_nothing_to_draw_with(fake: Callable[..., None]) -> None:
    fake()
    assert ANY._repr_mimebundle_() == {"text/plain": f"{HINT}\n{REMEDIES}"}


@pytest.mark.parametrize("output", ["raise SystemExit('no')", "sys.stdout.buffer.write(b'\\xff')"])
def test_a_notebook_never_shows_a_traceback(fake: Callable[..., None], output: str) -> None:
    fake(dot=PYTHON + output)
    assert list(ANY._repr_mimebundle_()) == ["text/plain"]


def test_a_drawing_prints_as_a_hint() -> None:
    assert repr(ANY) == HINT


# ── what cannot be drawn ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("root", "shown"),
    [
        (3.0, "3.0 (float)"), ("x", "'x' (str)"), (None, "None (NoneType)"), (p.sin, "<primitive sin> (Primitive)"),
        ([Value(1.0)], "[Value(data=1.0, grad=0.0)] (list)"), (Value, "<class 'autograd.Value'> (type)"),
        (range(3), "range(0, 3) (range)"),
    ],
)  # fmt: skip
def test_only_values_can_be_drawn(root: Any, shown: str) -> None:
    with pytest.raises(ArgumentError) as error:
        draw(root)
    assert str(error.value) == f"draw: got {shown}; expected a Value: compute one, and draw that"


class Lookalike:
    number, data, grad, label, primitive, partials = -1, 1.0, 0.0, "", p.sin, (1.0,)

    @property
    def operands(self) -> tuple[Lookalike]:
        return (self,)


UNSOUND = "draw: the graph has a cycle, or operands that are neither Values nor floats; draw what Values computed"


@only_in_python
@pytest.mark.parametrize("foreign", ["x", None, 2, [], {}, object(), Lookalike()], ids=lambda x: type(x).__name__)
def test_a_graph_with_foreign_operands_cannot_be_drawn(foreign: Any) -> None:
    inner = Value(1.0) + 2.0
    root = inner * 3.0
    inner.operands = (foreign, 2.0)
    with pytest.raises(GraphError) as error:
        draw(root)
    assert str(error.value) == UNSOUND


def test_a_lookalike_of_a_value_cannot_be_drawn() -> None:
    with pytest.raises(
        ArgumentError, match=r"^draw: got .* \(Lookalike\); expected a Value: compute one, and draw that$"
    ):
        draw(Lookalike())  # type: ignore[arg-type]


@only_in_python
def test_a_cycle_cannot_be_drawn() -> None:
    x = Value(1.0)
    y = x + 2.0
    z = y * y
    y.operands = (z, 2.0)
    for root in y, z, z - x:
        with pytest.raises(GraphError, match=r"has a cycle"):
            draw(root)
    y.operands = (y, 2.0)
    with pytest.raises(GraphError, match=r"has a cycle"):
        draw(y)


def test_a_large_graph_is_refused_with_its_size_and_the_way_out() -> None:
    root = inner = Value(1.0)
    for _ in range(500):
        inner, root = root, root + 1.0
    with pytest.raises(DrawingError) as error:
        draw(root)
    assert str(error.value) == (
        "draw: the graph has 501 Values, more than max_nodes=500;"
        " pass model=... and depth=1 if it is a network's, or max_nodes=501,"
        " or draw a smaller part: one of the Values on the way to this one"
    )
    assert len(edges(draw(inner))) == 3 * 499
    assert len(edges(draw(root, max_nodes=501))) == 3 * 500


@pytest.mark.parametrize(
    ("limit", "shown"), [("9", "'9' (str)"), (None, "None (NoneType)"), (2.5, "2.5 (float)"), (0, "0 (int)")]
)
def test_the_limit_is_a_whole_number(limit: Any, shown: str) -> None:
    with pytest.raises(ArgumentError) as error:
        draw(Value(1.0), max_nodes=limit)
    assert str(error.value) == f"draw: max_nodes: got {shown}; expected a whole number, at least 1"


@pytest.mark.parametrize(("direction", "shown"), [("up", "'up' (str)"), (None, "None (NoneType)"), ([], "[] (list)")])
def test_there_are_two_directions(direction: Any, shown: str) -> None:
    with pytest.raises(ArgumentError) as error:
        draw(Value(1.0), rankdir=direction)
    assert str(error.value) == f"draw: rankdir: got {shown}; expected 'LR' (left to right) or 'TB' (top to bottom)"


# ── where nothing can be saved ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("y.bmp", "'y.bmp' (str)"), ("y", "'y' (str)"), ("", "'' (str)"), (".svg", "'.svg' (str)"), (3, "3 (int)"),
        (None, "None (NoneType)"), (b"y.svg", "b'y.svg' (bytes)"), (Path("y.dot"), "PosixPath('y.dot') (PosixPath)"),
    ],
)  # fmt: skip
def test_a_path_ends_in_a_known_format(path: Any, shown: str) -> None:
    with pytest.raises(ArgumentError) as error:
        ANY.render(path)
    assert str(error.value) == f"render: got {shown}; expected a path that ends in .svg, .png or .pdf"


def test_the_folder_has_to_be_there(tmp_path: Path, fake: Callable[..., None]) -> None:
    fake(dot=PYTHON + "print('<svg/>')")
    with pytest.raises(DrawingError) as error:
        ANY.render(tmp_path / "missing" / "y.svg")
    assert str(error.value) == f"render: no folder '{tmp_path}/missing' to write 'y.svg' to; make it first"
    assert os.listdir(tmp_path) == ["programs"]


def test_a_folder_is_not_overwritten(tmp_path: Path, fake: Callable[..., None]) -> None:
    fake(dot=PYTHON + "print('<svg/>')")
    (tmp_path / "y.svg").mkdir()
    with pytest.raises(DrawingError) as error:
        ANY.render(tmp_path / "y.svg")
    reason = os.strerror(errno.EISDIR)
    assert (
        str(error.value)
        == f"render: cannot write '{tmp_path}/y.svg': {reason}; choose a place where files can be written"
    )
    assert sorted(os.listdir(tmp_path)) == ["programs", "y.svg"]


def test_a_name_may_be_impossible(tmp_path: Path, fake: Callable[..., None]) -> None:
    fake(dot=PYTHON + "print('<svg/>')")
    with pytest.raises(DrawingError) as error:
        ANY.render(f"{tmp_path}/a\0b.svg")
    text = str(error.value)  # in the middle it says what Python says, which differs from version to version
    assert text.startswith(f"render: cannot write '{tmp_path}/a\\x00b.svg': ")
    assert text.endswith("; choose a place where files can be written")


def test_a_file_is_replaced_in_full_or_not_at_all(
    tmp_path: Path, fake: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(dot=PYTHON + "print('<svg/>')")
    path = tmp_path / "y.svg"
    path.write_text("before")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(DrawingError, match=re.escape(f"{os.strerror(errno.ENOSPC)}; choose a place")):
            ANY.render(path)
    assert path.read_text() == "before"
    assert sorted(os.listdir(tmp_path)) == ["programs", "y.svg"]
    assert ANY.render(str(path)) == path
    assert path.read_text() == "<svg/>\n"


def test_a_failing_program_leaves_the_file_as_it_was(tmp_path: Path, fake: Callable[..., None]) -> None:
    fake(dot=PYTHON + "print('half'); sys.exit(1)")
    path = tmp_path / "y.svg"
    path.write_text("before")
    with pytest.raises(DrawingError, match="it ended with 1"):
        ANY.render(path)
    assert path.read_text() == "before"
    assert sorted(os.listdir(tmp_path)) == ["programs", "y.svg"]


def test_names_of_files_mean_nothing_to_a_shell(tmp_path: Path, fake: Callable[..., None]) -> None:
    fake(dot=PYTHON + "print('<svg/>')")
    name = "$(touch evil); `touch evil` & 'a\" b.svg"
    assert ANY.render(tmp_path / name).read_text() == "<svg/>\n"
    assert sorted(os.listdir(tmp_path)) == sorted([name, "programs"])
