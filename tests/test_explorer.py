"""What the page is made of: the graph as data, its clusters, the file that holds it all, and what is refused."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import runpy
import subprocess
import sys
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from autograd import Exploration, Value, explore, math, primitive
from autograd.errors import ArgumentError, DrawingError, GraphError
from autograd.explorer import __main__ as command, contents as contents_module, page as page_module
from autograd.explorer.clusters import Cluster, clustered
from autograd.explorer.contents import FORMAT, Contents, template
from autograd.primitives import TABLE
from autograd.testing import graphs
from nn import MLP
from tests.pages import PAGES, digests


def expression() -> Value:
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    result = math.tanh(a * b + 6.5) + math.maximum(b, 0.5)
    result.label = "loss"
    return result


def contents(root: Value, **options: Any) -> Contents:
    return explore(root, **options).contents


# ── the graph as data ────────────────────────────────────────────────────────────────────────────────────────────────


def test_operands_stand_before_results_in_their_order_and_constants_apart() -> None:
    x, y = Value(3.0, label="x"), Value(4.0)
    found = contents((x - 2.0) * (y - 2.0) - x)
    assert found.labels == ["x", "", "", "", "", ""]
    assert found.primitives == ["", "", "subtract", "subtract", "multiply", "subtract"]
    assert found.operands == [[], [], [0, -1], [1, -1], [2, 3], [4, 0]]
    assert found.constants == [2.0]
    assert found.data == [3.0, 4.0, 1.0, 2.0, 2.0, -1.0]
    assert found.partials == [[], [], [1.0, None], [1.0, None], [2.0, 1.0], [1.0, -1.0]]


def test_constants_are_told_apart_by_their_signs() -> None:
    x = Value(1.0)
    assert [*map(repr, contents(x * 0.0 + x * -0.0 + nan * x + nan * x).constants)] == ["0.0", "-0.0", "nan"]


def test_nothing_flows_to_what_was_not_selected() -> None:
    assert contents(math.maximum(Value(1.0), Value(2.0))).partials[-1] == [None, 1.0]


def test_gradients_are_neither_read_nor_changed() -> None:
    root = expression()
    root.backward()
    before = contents(root)
    root.backward()
    assert contents(root) == before


def test_a_model_names_its_parameters() -> None:
    model = MLP(2, [2, 1], seed=1)
    loss = model([0.5, -1.0])
    labels = contents(loss, model=model).labels
    assert [label for label in labels if label][:3] == [
        "layers.0.neurons.0.weights.0", "layers.0.neurons.0.weights.1", "layers.0.neurons.0.bias"
    ]  # fmt: skip
    assert contents(loss).labels[:3] == ["w0", "w1", "b"]


def test_formulas_are_those_of_the_table() -> None:
    assert template(TABLE["divide"], 2) == ["/", "\ue000 / \ue001", "1 / \ue001", "-(\ue000 / \ue001 ** 2)"]
    assert template(TABLE["dot"], 4)[1:3] == ["\ue000 * \ue002 + \ue001 * \ue003", "\ue002"]
    assert template(TABLE["fsum"], 2) == ["sum", "\ue000 + \ue001", "1", "1"]
    assert (template(TABLE["fsum"], 0), template(TABLE["dot"], 0)) == (["sum", "0"], ["dot", "0"])
    assert template(TABLE["where"], 3)[2:] == ["none", "\ue000 ≠ 0 ? 1 : nothing", "\ue000 ≠ 0 ? nothing : 1"]


def test_long_formulas_are_abridged_and_unreadable_ones_left_out() -> None:
    assert template(TABLE["fsum"], 9)[1] == "\ue000 + \ue001 + \ue002 + \ue003 + … + \ue008"
    assert template(TABLE["maximum"], 20)[1].endswith("\ue003, …, \ue013)")
    assert template(TABLE["logsumexp"], 20)[2:] == [""] * 20
    assert template(TABLE["dot"], 100) == ["dot", "dot(…)", *[""] * 100]


def test_a_rule_of_ones_own_that_branches_has_no_formula() -> None:
    @primitive(lambda out, x: 2.0 if x > 0 else 3.0)
    def bent(x: float) -> float:
        return 2.0 * x if x > 0 else 3.0 * x

    assert contents(bent(Value(1.0))).templates == {"bent/1": ["bent", "bent(\ue000)", ""]}


def test_a_graph_whose_leaves_were_changed_is_refused() -> None:
    x = Value(3.0, label="x")
    y = x * 2.0
    x.data = 4.0
    message = r"explore: an operand of Value\(data=6.0, grad=0.0\) was changed after it was computed; compute it again"
    with pytest.raises(GraphError, match=message):
        explore(y)


@pytest.mark.parametrize("thing", [3.0, None, [Value(1.0)]])
def test_only_values_can_be_explored(thing: Any) -> None:
    with pytest.raises(ArgumentError, match=r"explore: got .*; expected a Value: compute one, and explore that"):
        explore(thing)


def test_a_model_has_to_name_its_parameters() -> None:
    message = r"explore: model: got 3 \(int\); expected named_parameters\(\), as nn.Module has"
    with pytest.raises(ArgumentError, match=message):
        explore(Value(1.0), model=3)  # type: ignore[arg-type]


def test_a_graph_too_large_for_a_browser_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograd.explorer.MOST_NODES", 7)
    with pytest.raises(DrawingError, match="explore: the graph has 8 Values, more than 7; explore a smaller part: one"):
        explore(math.tanh(expression()))


def test_up_to_two_hundred_thousand_values_can_be_explored(monkeypatch: pytest.MonkeyPatch) -> None:
    found = contents(Value(1.0))
    monkeypatch.setattr(contents_module, "contents", lambda *_: replace(found, labels=[""] * 200_000))
    explore(Value(1.0))
    monkeypatch.setattr(contents_module, "contents", lambda *_: replace(found, labels=[""] * 200_001))
    with pytest.raises(DrawingError, match="explore: the graph has 200001 Values, more than 200000;"):
        explore(Value(1.0))


# ── clusters ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def names_of(root: Value, **options: Any) -> list[str]:
    """The module of each node, written out."""
    found = contents(root, **options)
    return [found.clusters[member].name for member in found.members]


def test_a_result_belongs_to_the_module_of_its_parameters_and_so_does_a_function_of_it() -> None:
    model = MLP(2, [2, 1], "tanh", seed=1)
    loss = (model([0.5, -1.0]) - 1.0) ** 2
    assert names_of(loss, model=model) == [
        *["layers.0.neurons.0"] * 3, *["layers.0.neurons.1"] * 3, *["layers.1.neurons.0"] * 3,
        *["layers.0.neurons.0", "layers.0.neurons.0", "layers.0.neurons.1", "layers.0.neurons.1", "layers.1.neurons.0"],
        "", "",
    ]  # fmt: skip


def test_modules_are_within_modules_where_there_are_several() -> None:
    model = MLP(2, [2, 1], seed=1)
    tree = contents(model([0.5, -1.0]), model=model).clusters
    assert [(name, tree[outer].name) for name, outer in tree] == [
        ("", ""),
        ("layers.0.neurons", ""),
        ("layers.0.neurons.0", "layers.0.neurons"),
        ("layers.0.neurons.1", "layers.0.neurons"),
        ("layers.1.neurons.0", ""),
    ]


def test_names_without_dots_make_no_clusters() -> None:
    assert contents(expression()).clusters == [Cluster("", 0)]


def test_what_joins_modules_belongs_to_none() -> None:
    x, y = Value(1.0, label="f.w"), Value(2.0, label="g.w")
    assert names_of(x * y) == ["f", "g", ""]
    assert names_of(x * x + y * y) == ["f", "g", "f", "g", ""]


def test_what_joins_a_result_of_a_module_and_a_constant_belongs_to_none() -> None:
    x = Value(1.0, label="f.w")
    assert names_of(math.tanh(x * x) - 1.0) == ["f", "f", "f", ""]


def test_a_large_graph_is_divided_into_runs_of_runs_that_can_be_overlooked() -> None:
    count = 10_000
    tree, members = clustered([""] * count, [[]] + [[i] for i in range(count - 1)])
    inside = [sum(outer == place for _, outer in tree[1:]) + members.count(place) for place in range(len(tree))]
    assert max(inside) <= 49
    runs = [[*map(int, re.findall(r"\d+", tree[member].name))] for member in members]
    assert all(first <= node <= last for node, (first, last) in enumerate(runs))
    assert tree[members[0]].name == "v0 … v21"
    assert all(outer < place for place, (_, outer) in enumerate(tree) if place)


def test_up_to_two_thousand_nodes_only_modules_are_clusters() -> None:
    assert len(clustered([""] * 2000, [[]] * 2000)[0]) == 1
    assert len(clustered([""] * 2001, [[]] * 2001)[0]) > 1


def test_no_run_is_of_more_than_48_nodes() -> None:
    for count in (2304, 2305):  # 48 runs of 48, and one node more
        members = clustered([""] * count, [[]] * count)[1]
        assert max(map(members.count, {*members})) <= 48


# ── saved and read again ─────────────────────────────────────────────────────────────────────────────────────────────


@given(graphs())
def test_any_graph_can_be_saved_and_read_again(graph: tuple[Value, list[Value]]) -> None:
    found = contents(graph[0])
    assert repr(Contents.from_json(found.to_json())) == repr(found)


def test_clusters_within_clusters_survive() -> None:
    x, y, z = (Value(1.0, label=label) for label in ("a.w", "b.c.w", "b.d.w"))
    found = contents(x * x + y * y + z * z)
    assert [(name, found.clusters[outer].name) for name, outer in found.clusters[1:]] == [
        ("a", ""), ("b", ""), ("b.c", "b"), ("b.d", "b")
    ]  # fmt: skip
    assert Contents.from_json(found.to_json()) == found


def test_special_numbers_survive() -> None:
    x = Value(-inf)
    found = contents(x * nan + -0.0 * x + inf * x)
    assert repr(Contents.from_json(found.to_json())) == repr(found)


def test_a_saved_graph_is_json_in_ascii() -> None:
    root = expression()
    root.label = "λ\u2028\ud800</script>\0"
    text = contents(root).to_json()
    assert text.isascii()
    assert json.loads(text)["format"] == FORMAT
    assert Contents.from_json(text).labels[-1] == root.label


def broken(**parts: Any) -> str:
    return json.dumps({**json.loads(contents(expression()).to_json()), **parts})


LABELS = ["a", "b", "", "", "", "", "loss"]
TEMPLATES = json.loads(contents(expression()).to_json())["templates"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"),
        ("[" * 100_000, "nested|recursion|Expecting"),
        ("[NaN]", "NaN is no JSON"),
        ("[]", "its format is not 'scalar-autograd graph 1'"),
        ("{}", "its format is not"),
        (json.dumps({"format": "scalar-autograd graph 2"}), "its format is not"),
        (json.dumps({"format": FORMAT}), r"its parts are \['format'\] \(list\), not labels, primitives, operands"),
        (broken(more=1), "its parts are"),
        (broken(labels=3), "labels: texts expected"),
        (broken(labels=[*LABELS[:-1], None]), "labels: texts expected"),
        (broken(labels=LABELS[1:]), "its lists have different lengths, or none"),
        (broken(**{name: [] for name in contents_module.PER_NODE}), "its lists have different lengths, or none"),
        (broken(data=[True] * 7), "data: numbers expected"),
        (broken(data=["inf"] * 7), "data: numbers expected"),
        (broken(constants=[None]), "constants: numbers expected"),
        (broken(operands=[[0.5]] * 7), "operands: lists of whole numbers expected"),
        (broken(operands=[[], [], [0, 7], [2, -1], [3], [1, -2], [4, 5]]), "node 2: an operand is not older"),
        (broken(operands=[[], [], [0, 1], [2, -9], [3], [1, -2], [4, 5]]), "node 3: .* or there is no such constant"),
        (broken(operands=[[], [], [0], [2, -1], [3], [1, -2], [4, 5]]), "node 2: its partials or formulas do not fit"),
        (broken(partials=[[], [], [None, "x"], [1, 1], [1], [1, 1], [1, 1]]), "partials: lists of numbers or null"),
        (broken(primitives=["", "", "", "add", "tanh", "maximum", "add"]), "node 2: a leaf has operands"),
        (broken(primitives=["", "", "sin", "add", "tanh", "maximum", "add"]), "node 2: its partials"),
        (broken(clusters=[]), "clusters: each has to come after the one it is in"),
        (broken(clusters=[["", 0], ["f", 1]]), "clusters: each has to come after the one it is in"),
        (broken(clusters=[["", 0], ["f", 2], ["g", 0]]), "clusters: each has to come after the one it is in"),
        (broken(partials=[[], [], [1, 1, 1], [1, 1], [1], [1, 1], [1, 1]]), "node 2: its partials"),
        (broken(clusters=[["", "0"]]), "clusters: pairs of a name and a whole number expected"),
        (broken(members=[1] * 7), "members: there is no such cluster"),
        (broken(templates=[]), "templates: lists of texts expected"),
        (broken(templates={**TEMPLATES, "x": 3}), "templates: lists of texts expected"),
        (broken(templates={}), "node 2: its partials or formulas do not fit its operands"),
    ],
)  # fmt: skip
def test_what_is_no_saved_graph_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(GraphError, match=rf"(?s)not a saved graph: .*({reason}).*; expected a file from"):
        Contents.from_json(text)


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Elements(HTMLParser):
    """The elements of a page, with their attributes and the texts in them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), []))
        self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.found[-1][2].append(data)

    def all(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        return [(attributes, "".join(texts)) for name, attributes, texts in self.found if name == tag]


def test_the_policy_lets_run_the_scripts_of_the_page_and_nothing_else() -> None:
    page = Elements(explore(expression()).html())
    policy = next(a["content"] or "" for a, _ in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    scripts = {attributes["type"]: text for attributes, text in page.all("script")}
    digest = base64.b64encode(hashlib.sha256(scripts["module"].encode()).digest()).decode()
    style = base64.b64encode(hashlib.sha256(page.all("style")[0][1].encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{digest}' 'wasm-unsafe-eval'; style-src 'sha256-{style}';"
        " worker-src blob:; base-uri 'none'; form-action 'none'"
    )
    assert scripts.keys() == {"module", "application/json", "text/plain"}


def test_the_page_refers_to_nothing_outside() -> None:
    page = explore(expression()).html()
    attributes = [name for _, found, _ in Elements(page).found for name in found]
    assert {"src", "href", "style"}.isdisjoint(attributes)
    assert not any(name.startswith("on") for name in attributes)
    own = re.sub(r'<script type="(application/json|text/plain)".*?</script>|<!--.*?-->', "", page, flags=re.DOTALL)
    assert [*re.findall(r"\bhttps?://(?!www\.w3\.org/2000/svg|dlmf\.nist\.gov)\S+", own)] == []
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", own)


def test_the_page_brings_the_licences_of_what_is_in_it() -> None:
    program, notice = page_module.source("vendored/viz-global.js"), page_module.source("vendored/LICENSE")
    viz, graphviz = re.search(r"Viz.js ([\d.]+)", program), re.search(r'graphvizVersion="([\d.]+)"', program)
    assert viz is not None
    assert graphviz is not None
    assert f"Viz.js {viz[1]} as published" in notice
    assert f"Graphviz {graphviz[1]} and Expat" in notice
    assert f"graphviz-{graphviz[1]}.tar.gz" in notice
    assert page_module.source("vendored/EPL-2.0.txt").startswith("Eclipse Public License - v 2.0\n")
    assert f"<!--\n{notice}-->\n" in explore(Value(1.0)).html()


def test_labels_are_data_in_the_page() -> None:
    root = expression()
    root.label = "</title></script><script>alert(1)</script>\u2028\0&amp;<!--"
    page = explore(root).html()
    found = Elements(page)
    assert len(found.all("script")) == 3
    assert found.all("title")[0][1] == root.label
    data = next(text for attributes, text in found.all("script") if attributes["type"] == "application/json")
    assert not set("<>&\u2028\0") & set(data)
    assert Contents.from_json(data).labels[-1] == root.label


def test_both_cores_make_the_same_pages() -> None:
    """So that they need to be tried with only one of them in a browser."""
    pytest.importorskip("autograd._native")
    other = {**os.environ, "AUTOGRAD_PURE": "" if os.environ.get("AUTOGRAD_PURE") else "1"}
    command, folder = [sys.executable, "-m", "tests.pages"], Path(__file__).parents[1]
    ended = subprocess.run(command, env=other, cwd=folder, capture_output=True, text=True, check=True)
    assert ended.stdout == digests()
    assert ended.stdout.count("\n") == len(PAGES)


def test_the_page_of_a_result_without_a_name_has_a_title() -> None:
    assert "<title>Computation</title>" in explore(Value(1.0) * 2.0).html()


def test_what_is_the_same_on_all_pages_is_read_and_packed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = explore(Value(1.0)).html()
    monkeypatch.setattr(page_module, "FOLDER", Path("missing"))
    monkeypatch.setattr(page_module, "gzip", None)
    assert explore(Value(1.0)).html() == first


def test_a_notebook_shows_the_page_in_a_frame_of_its_own() -> None:
    exploration = explore(expression())
    frame, text = Elements(exploration._repr_html_()).found[0][1], exploration._repr_html_()
    assert frame["sandbox"] == "allow-scripts"  # and not allow-same-origin
    assert frame["srcdoc"] == exploration.html()
    assert unescape(text[text.index('srcdoc="') + 8 : text.index('" width=')]) == exploration.html()


def test_the_repr_says_what_to_do() -> None:
    assert repr(explore(Value(1.0))) == (
        "<Exploration of 1 Value: .save('page.html') writes the page, .save('graph.json') what it shows>"
    )


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_page_and_the_graph_are_saved(tmp_path: Path) -> None:
    exploration = explore(expression())
    page, graph = exploration.save(tmp_path / "page.HTML"), exploration.save(str(tmp_path / "graph.json"))
    assert page.read_text(encoding="utf-8") == exploration.html()
    assert Contents.from_json(graph.read_bytes()) == exploration.contents
    assert sorted(path.name for path in tmp_path.iterdir()) == ["graph.json", "page.HTML"]


@pytest.mark.parametrize("path", ["page", "page.pdf", None, 3])
def test_other_endings_are_refused(path: Any) -> None:
    with pytest.raises(ArgumentError, match=r"save: got .*; expected a path that ends in .html or .json"):
        explore(Value(1.0)).save(path)


@pytest.mark.parametrize("name", ["missing/page.html", "nul\0.html"])
def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(DrawingError, match=r"save: cannot write .*; choose a place where files can be written"):
        explore(Value(1.0)).save(tmp_path / name)


def test_the_command_makes_the_page_of_a_saved_graph(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exploration = explore(expression())
    file = exploration.save(tmp_path / "graph.json")
    assert command.main([str(file)]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'graph.html'}\n"
    assert (tmp_path / "graph.html").read_text(encoding="utf-8") == exploration.html()
    assert command.main([str(file), "-o", str(tmp_path / "other.html")]) == 0
    assert (tmp_path / "other.html").exists()


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "graph.json"
    assert command.main([str(file)]) == 1
    assert "No such file" in capsys.readouterr().err
    file.write_text("{}")
    assert command.main([str(file)]) == 1
    assert capsys.readouterr().err.startswith(f"{file}: not a saved graph: ")
    file.write_text(explore(Value(1.0)).contents.to_json())
    assert command.main([str(file), "-o", "page.txt"]) == 1
    assert "expected a path that ends in .html or .json" in capsys.readouterr().err


def test_the_command_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = explore(expression()).save(tmp_path / "graph.json")
    monkeypatch.setattr(sys, "argv", ["explorer", str(file)])
    with pytest.raises(SystemExit) as exit:
        runpy.run_path(command.__file__, run_name="__main__")
    assert exit.value.code == 0
    assert (tmp_path / "graph.html").exists()


def test_an_exploration_can_be_made_of_a_saved_graph(tmp_path: Path) -> None:
    found = contents(expression())
    assert Exploration(replace(found)).html() == Exploration(found).html()
