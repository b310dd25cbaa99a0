"""What a picture says, as data, and that every language says the same; colours that everyone can tell apart."""

from __future__ import annotations

import math
import re
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings

from autograd import Value, draw, primitives as p
from autograd.draw import Drawing, Edge, Node, Picture
from autograd.errors import ArgumentError, DrawingError
from autograd.graph import topological_order
from autograd.picture.data import digits, plain
from autograd.picture.groups import groups
from autograd.picture.palette import PALETTES, Look, Palette, look_of_edge, look_of_node, mixed
from autograd.picture.parts import Parts
from autograd.testing import graphs


def nodes(drawing: Drawing, kind: str = "") -> dict[str, Node]:
    """The nodes of a picture, or those of a kind, by name."""
    return {node.name: node for node in drawing.picture.nodes if kind in ("", node.kind)}


def arrow(drawing: Drawing, tail: str, head: str) -> Edge:
    (found,) = [edge for edge in drawing.picture.edges if (edge.tail, edge.head) == (tail, head)]
    return found


@pytest.fixture
def expression() -> Value:
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    root = p.tanh(a * b + 6.5)
    root.backward()
    return root


# ── sign and size of gradients ───────────────────────────────────────────────────────────────────────────────────────


def test_a_tint_is_sign_and_size_of_the_gradient_beside_the_largest() -> None:
    x, y, z = Value(1.0), Value(1.0), Value(1.0)
    (4.0 * x - y + 0.04 * z).backward()
    tints = [node.tint for node in nodes(draw(4.0 * x - y + 0.04 * z), "leaf").values()]
    assert tints == [1.0, pytest.approx(-math.sqrt(1 / 4)), pytest.approx(math.sqrt(0.04 / 4))]


def test_an_arrow_is_as_wide_as_its_contribution_is_large_and_has_its_sign(expression: Value) -> None:
    #   ∂root/∂a = -3 · tanh'(0.5), ∂root/∂b = 2 · tanh'(0.5): the first is the largest contribution
    picture = draw(expression)
    first, second = arrow(picture, "v0", "v2_operation"), arrow(picture, "v1", "v2_operation")
    assert (first.sign, first.weight, second.sign) == (-1, 1.0, 1)
    assert second.weight == pytest.approx(math.sqrt(2 / 3))
    assert arrow(picture, "v2_operation", "v2").weight == 0.0


def test_before_the_first_sweep_everything_is_plain() -> None:
    picture = draw(Value(2.0) * 3.0 + Value(1.0))
    assert {(node.tint, node.state) for node in nodes(picture).values()} == {(0.0, "")}
    assert {(edge.sign, edge.weight) for edge in picture.picture.edges} == {(0, 0.0)}


def test_arrows_carry_the_product_of_the_chain_rule_on_request(expression: Value) -> None:
    slope = expression.operands[0].grad  # type: ignore[union-attr]
    picture = draw(expression, contributions=True)
    assert arrow(picture, "v0", "v2_operation").label == f" -3 × {slope:.4g} "
    assert arrow(picture, "v3_constant1", "v3_operation").label == " "
    assert arrow(picture, "v0", "v2_operation").hint == f"∂ = -3.0, contribution -3.0 × {slope!r} = {-3.0 * slope!r}"
    assert "-3 × 0.7864" in draw(expression, contributions=True, local_derivatives=True).source


def test_contributions_add_up_to_the_gradient() -> None:
    x = Value(0.5, label="x")
    root = p.sin(x) * x + x / 3.0
    root.backward()
    hints = [edge.hint for edge in draw(root).picture.edges if edge.tail == "v0"]
    assert sum(float(hint.rpartition("= ")[2]) for hint in hints) == pytest.approx(x.grad, rel=1e-15)


def test_a_zero_gradient_passes_nothing_on_even_times_infinity() -> None:
    x = Value(0.0)
    root = p.sqrt(x) * 0.0 + x
    root.backward()
    assert arrow(draw(root), "v0", "v1_operation").weight == 0.0


# ── what is dead, what is not finite ─────────────────────────────────────────────────────────────────────────────────


def test_what_no_gradient_arrives_at_is_dead_once_there_are_gradients() -> None:
    x, y = Value(-1.0, label="x"), Value(2.0, label="y")
    root = p.relu(x * 2.0) + y
    assert {node.state for node in nodes(draw(root)).values()} == {""}
    root.backward()
    dead = [node.name for node in nodes(draw(root)).values() if node.state == "dead"]
    assert dead == ["v0", "v2"]  # x, and 2x; but not what relu made of it


def test_a_number_that_is_not_finite_is_flagged_and_so_is_where_it_begins() -> None:
    x = Value(-1.0, label="x")
    root = p.log(x * 1.0) + 1.0
    root.backward()
    shown = nodes(draw(root))
    assert shown["v0"].state == "flagged"  # its grad is nan, as that of the product, where it begins
    assert shown["v0"].lines == ("data -1", "grad nan", "⚠")
    assert shown["v1"].lines == ("data -1", "grad nan", "⚠ begins here")
    assert shown["v2"].lines == ("data nan", "grad 1", "⚠ begins here")
    assert shown["v3"].lines == ("data nan", "grad 1", "⚠")


def test_an_infinity_neither_tints_nor_hides_the_others() -> None:
    x, y = Value(0.0), Value(2.0)
    root = p.sqrt(x) + y
    root.backward()
    shown = nodes(draw(root))
    assert (shown["v0"].state, shown["v0"].tint) == ("flagged", 0.0)
    assert shown["v1"].tint == 1.0
    infinite = arrow(draw(root), "v0", "v2_operation")
    assert (infinite.state, infinite.weight) == ("flagged", 0.0)
    assert arrow(draw(root), "v1", "v3_operation").weight == 1.0
    for theme in PALETTES.values():
        assert look_of_edge(infinite, theme).line == theme.flag_line


# ── kinds ────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Line:
    """A model that names its parameters, and has no modules."""

    def __init__(self) -> None:
        self.slope, self.offset = Value(2.0, label="w"), Value(1.0)

    def named_parameters(self) -> list[tuple[str, Value]]:
        return [("slope", self.slope), ("offset", self.offset)]

    def __call__(self, x: Any) -> Value:
        return self.slope * x + self.offset


def test_every_kind_has_a_shape_of_its_own() -> None:
    line = Line()
    picture = draw(line(Value(3.0)) * 2.0, model=line)
    kinds = [node.kind for node in picture.picture.nodes]
    assert kinds == [
        "parameter", "parameter", "leaf", "value", "operation", "value", "operation", "output", "operation", "constant",
    ]  # fmt: skip
    shape = re.compile(r"(?: peripheries=2)? shape=\w+(?: style=\S+)?")
    shapes = {kind: shape.search(line)[0] for kind, line in zip(kinds, picture.source.splitlines()[4:])}  # type: ignore[index]
    assert len(set(shapes.values())) == len(shapes) == 6


def test_parameters_have_their_names_in_the_model() -> None:
    line = Line()
    assert [node.title for node in nodes(draw(line(3.0)), "leaf").values()] == ["w", ""]
    assert [node.title for node in nodes(draw(line(3.0), model=line), "parameter").values()] == ["slope", "offset"]
    assert draw(line(3.0), model=line).picture.clusters == ()


def test_a_line_has_no_more_than_60_characters() -> None:
    assert [plain("x" * length) for length in (60, 61)] == ["x" * 60, "x" * 59 + "…"]


def test_numbers_below_a_million_are_written_out() -> None:
    assert [digits(x) for x in (12345.6, -999_999.0, 1e6, 1e-4, 0.0)] == ["12346", "-999999", "1e+06", "0.0001", "0"]


# ── the parts of a model ─────────────────────────────────────────────────────────────────────────────────────────────


class Part:
    """A module as `nn.Module` is one, of parts and parameters."""

    def __init__(self, title: str, **inner: Any) -> None:
        self.title, self.inner = title, inner

    def named_modules(self, prefix: str = "") -> list[tuple[str, Part]]:
        found = [(prefix, self)]
        for name, part in self.inner.items():
            if isinstance(part, Part):
                found += part.named_modules(f"{prefix}.{name}" if prefix else name)
        return found

    def named_parameters(self) -> list[tuple[str, Value]]:
        return [
            (f"{name}.{key}" if name else key, value)
            for name, module in self.named_modules()
            for key, value in module.inner.items()
            if isinstance(value, Value)
        ]

    def __repr__(self) -> str:
        return self.title


def neuron(*weights: float) -> Part:
    return Part("Neuron", **{f"w{i}": Value(w) for i, w in enumerate(weights)})


def network() -> Part:
    """Three neurons that read two numbers, and one that reads these three."""
    hidden = Part("Hidden", a=neuron(0.5, 1.0), b=neuron(-0.5, 1.0), c=neuron(-3.0, -4.0))
    return Part("Network", hidden=hidden, last=Part("Last", d=neuron(1.0, 2.0, 3.0)))


def respond(model: Part, *inputs: Any) -> Value:
    def output(part: Part, xs: Any) -> Value:
        return p.relu(p.fsum(*[w * x for w, x in zip(part.inner.values(), xs)]))

    return output(
        model.inner["last"].inner["d"], [output(part, inputs) for part in model.inner["hidden"].inner.values()]
    )


@pytest.fixture
def model() -> Part:
    return network()


@pytest.fixture
def loss(model: Part) -> Value:
    root = (respond(model, Value(1.0, label="x"), Value(2.0, label="y")) - 1.0) ** 2.0
    root.backward()
    return root


def test_modules_have_frames_one_in_another(model: Part, loss: Value) -> None:
    assert [(c.name, c.title, c.within) for c in draw(loss, model=model).picture.clusters] == [
        ("part0", "Network", None),
        ("part1", "hidden  Hidden", "part0"),
        ("part2", "a  Neuron", "part1"),
        ("part3", "b  Neuron", "part1"),
        ("part4", "c  Neuron", "part1"),
        ("part5", "last  Last", "part0"),
        ("part6", "d  Neuron", "part5"),
    ]


def test_weights_weighted_sums_and_activations_stand_in_the_frame_of_their_neuron(model: Part, loss: Value) -> None:
    picture = draw(loss, model=model)
    frames: dict[str | None, list[str]] = {}
    for node in picture.picture.nodes:
        if node.kind != "operation":
            frames.setdefault(node.within, []).append(node.kind)
    values = ["parameter", "parameter", "value", "value", "value", "value"]
    assert [sorted(frames[f"part{i}"]) for i in (2, 3, 4)] == [values] * 3
    assert sorted(frames["part6"]) == sorted([*values, "parameter", "value"])
    assert sorted(frames[None]) == ["constant", "constant", "leaf", "leaf", "output", "value"]
    titles = [node.title for node in nodes(picture, "parameter").values()]
    assert titles == ["w0", "w1", "w0", "w1", "w0", "w1", "w0", "w1", "w2"]


def test_what_uses_parameters_of_several_modules_belongs_to_none(model: Part) -> None:
    penalty = p.fsum(*[value for _, value in model.named_parameters()])
    assert nodes(draw(penalty, model=model), "output")["v9"].within is None


def test_a_long_or_manifold_representation_gives_way_to_the_class() -> None:
    parts = Parts(Part("x" * 50, inner=Part("two\nlines"), short=Part("short")))
    assert parts.titles == {"": "Part", "inner": "Part", "short": "short"}
    assert [Parts(Part("x" * length)).titles[""] for length in (44, 45)] == ["x" * 44, "Part"]


def test_depth_0_draws_the_whole_model_as_one(model: Part, loss: Value) -> None:
    picture = draw(loss, model=model, depth=0)
    (module,) = nodes(picture, "module").values()
    norm = math.hypot(*[value.grad for _, value in model.named_parameters()])
    assert (module.title, module.lines) == ("Network", ("9 parameters", f"‖grad‖ {norm:.4g}"))
    assert picture.picture.clusters == ()
    assert [(e.tail, e.head) for e in picture.picture.edges][-2:] == [
        ("v4_constant1", "v4_operation"),
        ("v4_operation", "v4"),
    ]
    assert [node.title for node in nodes(picture, "leaf").values()] == ["x", "y"]


def test_depth_1_draws_each_module_in_it_as_one(model: Part, loss: Value) -> None:
    picture = draw(loss, model=model, depth=1)
    hidden, last = nodes(picture, "module").values()
    assert (hidden.title, hidden.lines[0], hidden.lines[1]) == ("hidden  Hidden", "3 × Neuron", "6 parameters")
    assert hidden.lines[3] == "1 of 3 dead"
    assert (last.title, last.lines[0], last.state) == ("last  Last", "3 parameters", "")
    assert hidden.within == last.within == "part0"
    assert arrow(picture, hidden.name, last.name).hint == "3 arrows"
    assert arrow(picture, "v0", hidden.name).hint.startswith("3 arrows, contribution ")


def test_parts_made_alike_are_drawn_once(model: Part, loss: Value) -> None:
    neurons, last = nodes(draw(loss, model=model, depth=2), "module").values()
    assert (neurons.title, neurons.lines[0]) == ("3 × Neuron", "6 parameters")
    assert neurons.lines[2] == "1 of 3 dead"
    assert last.title == "d  Neuron"


def test_below_all_modules_every_value_is_drawn(model: Part, loss: Value) -> None:
    assert len(draw(loss, model=model, depth=9).picture.nodes) == len(draw(loss, model=model).picture.nodes)


def test_samples_made_alike_are_drawn_once_with_their_range(model: Part) -> None:
    targets = [1.0, 2.0, 2.5]
    errors = [(respond(model, 1.0, x) - target) ** 2.0 for x, target in enumerate(targets)]
    loss = p.fsum(*errors)
    loss.backward()
    picture = draw(loss, model=model, depth=0)
    shown = list(nodes(picture).values())
    assert [node.title for node in shown if node.kind == "operation"] == ["-", "**", "sum"]
    assert [node.title for node in shown if node.kind == "constant"] == ["1 … 2.5", "2"]
    squares = [error.data for error in errors]
    assert shown[3].lines == ("×3", f"data {min(squares):.4g} … {max(squares):.4g}", "grad 1")
    assert arrow(picture, shown[3].name, "v3_operation").label == " ×3 "
    (module,) = nodes(picture, "module")
    assert arrow(picture, module, shown[1].name).sign == 0  # of a module: the size, without a sign


def test_each_of_several_modules_may_be_a_single_value() -> None:
    model = Part("Model", one=neuron(2.0), two=neuron(3.0))
    one, two = (part.inner["w0"] for part in model.inner.values())
    picture = draw(one * two, model=model, depth=1)
    assert [node.title for node in nodes(picture, "module").values()] == ["one  Neuron", "two  Neuron"]


def test_of_modules_alike_in_one_it_is_said_how_many_there_are() -> None:
    def lines(*weights: float) -> tuple[str, ...]:
        model = Part("Model", **{f"n{i}": neuron(weight) for i, weight in enumerate(weights)})
        total = p.fsum(*[parameter for _, parameter in model.named_parameters()])
        (module,) = nodes(draw(total, model=model, depth=0), "module").values()
        return module.lines

    assert [lines(*range(1, count)) for count in (2, 3, 4)] == [
        ("1 parameter",),
        ("2 × Neuron", "2 parameters"),
        ("3 × Neuron", "3 parameters"),
    ]


def test_what_is_used_differently_is_not_drawn_as_one(model: Part) -> None:
    x = respond(model, 1.0, 2.0)
    picture = draw(x * 2.0 - x * 3.0, model=model, depth=0)
    assert [node.title for node in nodes(picture, "operation").values()] == ["*", "*", "-"]


def test_a_batch_is_drawn_like_a_sample_even_if_samples_alternate_with_what_follows(model: Part) -> None:
    both = [(respond(model, 1.0, x) - 1.0) ** 2.0 for x in (1.0, 2.0, 3.0, 4.0)]
    assert len(nodes(draw(p.fsum(*both), model=model, depth=0), "operation")) == 3


def test_a_chain_is_drawn_link_by_link() -> None:
    line = Line()
    x = line(1.0)
    for _ in range(300):
        x = p.sin(x)
    assert len(nodes(draw(x, model=line, depth=0), "operation")) == 302


def test_a_module_that_reads_its_own_result_can_be_drawn() -> None:
    cell = neuron(0.5, 0.5)
    state: Any = 0.0
    for x in (1.0, 2.0):
        state = p.tanh(cell.inner["w0"] * x + cell.inner["w1"] * state) * 0.5
    state.backward()
    picture = draw(state, model=cell, depth=0)
    assert len(nodes(picture, "module")) == 1
    assert picture.to_text().count("(see above)") == 1


def test_a_dead_module_and_one_that_is_not_finite_stand_out() -> None:
    model = Part("Model", one=neuron(-1.0), two=neuron(1.0), three=neuron(-1.0))
    one, two, three = (part.inner["w0"] for part in model.inner.values())
    root = p.relu(one) + p.sqrt(two) + p.log(three)
    root.backward()
    shown = nodes(draw(root, model=model, depth=1), "module").values()
    assert [node.state for node in shown] == ["dead", "", "flagged"]
    assert [node.lines[-1] for node in shown] == ["‖grad‖ 0", "‖grad‖ 0.5", "⚠ begins here"]


@pytest.mark.parametrize("depth", [None, 0, 1, 2, 3])
def test_every_value_is_in_one_group(model: Part, loss: Value, depth: int | None) -> None:
    order = [node.number for node in topological_order(loss)]
    found = groups(topological_order(loss), Parts(model), depth, 500)
    assert sorted(node.number for group in found for node in group.values) == order


@settings(max_examples=30)
@given(graph=graphs())
def test_drawn_as_one_is_only_what_is_computed_alike(graph: tuple[Value, list[Value]]) -> None:
    order = topological_order(graph[0])
    for group in groups(order, Parts(None), 0, 10_000):
        assert len({node.primitive for node in group.values}) == 1
        assert len({len(node.operands) for node in group.values}) == 1
    number = {node: i for i, group in enumerate(groups(order, Parts(None), 0, 10_000)) for node in group.values}
    for group in groups(order, Parts(None), 0, 10_000):
        if group.values[0].primitive is not None and not group.values[0].primitive.many:
            before = {tuple(number.get(x) if isinstance(x, Value) else None for x in v.operands) for v in group.values}
            assert len(before) == 1


def test_groups_are_divided_while_there_are_no_more_than_the_most() -> None:
    #   first the leaf and the sines; then the first, the inner and the last sine; then what is next to these
    y = Value(1.0)
    for _ in range(6):
        y = p.sin(y)
    assert [len(groups(topological_order(y), Parts(None), 0, most)) for most in (1, 2, 3, 4)] == [2, 4, 4, 6]


# ── errors ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"theme": "blue"}, "draw: theme: got 'blue' (str); expected 'light' or 'dark'"),
        ({"model": 3}, "draw: model: got 3 (int); expected a model, such as nn.MLP(2, [3, 1])"),
        ({"depth": 1}, "draw: got depth=1 but no model; say whose parts are meant: model=..."),
        ({"depth": -1}, "draw: depth: got -1 (int); expected a whole number from 0 on, or None"),
        ({"depth": 1.0}, "draw: depth: got 1.0 (float); expected a whole number from 0 on, or None"),
    ],
)
def test_arguments_of_the_wrong_kind_are_refused(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ArgumentError) as error:
        draw(Value(1.0), **arguments)
    assert str(error.value) == text


def test_a_graph_that_is_too_large_may_be_collapsed(model: Part, loss: Value) -> None:
    with pytest.raises(DrawingError) as error:
        draw(loss, model=model, max_nodes=10)
    assert str(error.value) == (
        "draw: the graph has 30 Values, more than max_nodes=10; pass depth=1 or max_nodes=30, or draw a smaller part:"
        " one of the Values on the way to this one"
    )
    assert len(draw(loss, model=model, depth=1, max_nodes=10).picture.nodes) > 0
    with pytest.raises(DrawingError, match="pass max_nodes="):
        draw(loss, model=model, depth=1, max_nodes=2)


# ── languages ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_picture_in_mermaid() -> None:
    x = Value(3.0, label="x")
    y = p.relu(x * -2.0)
    y.backward()
    assert draw(y, local_derivatives=True, rankdir="TB").to_mermaid().splitlines() == [
        "flowchart TB",
        '    v0("x<br/>data 3<br/>grad 0")',
        '    v1["data -6<br/>grad 0"]',
        '    v1_operation(("#42;"))',
        '    v1_constant1["-2"]',
        '    v2[["data 0<br/>grad 1"]]',
        '    v2_operation(("relu"))',
        '    v0 -->|"-2"| v1_operation',
        "    v1_constant1 -.-> v1_operation",
        "    v1_operation --> v1",
        "    v1 -.-> v2_operation",
        "    v2_operation --> v2",
        "    style v0 fill:#e4e7eb,stroke:#b8c2cc,stroke-width:1.2px,color:#52606d,stroke-dasharray:4",
        "    style v1 fill:#e4e7eb,stroke:#b8c2cc,stroke-width:1.2px,color:#52606d,stroke-dasharray:4",
        "    style v1_operation fill:#ffffff,stroke:#7b8794,stroke-width:1.2px,color:#1f2933",
        "    style v1_constant1 fill:none,stroke:none,color:#52606d",
        "    style v2 fill:#79b8e3,stroke:#0072b2,stroke-width:1.2px,color:#1f2933",
        "    style v2_operation fill:#ffffff,stroke:#7b8794,stroke-width:1.2px,color:#1f2933",
        "    linkStyle 0 stroke:#7b8794,stroke-width:1px,color:#52606d",
        "    linkStyle 1 stroke:#b8c2cc,stroke-width:1px,color:#52606d",
        "    linkStyle 2 stroke:#7b8794,stroke-width:1px,color:#52606d",
        "    linkStyle 3 stroke:#b8c2cc,stroke-width:1px,color:#52606d",
        "    linkStyle 4 stroke:#7b8794,stroke-width:1px,color:#52606d",
    ]


def test_frames_in_mermaid(model: Part, loss: Value) -> None:
    text = draw(loss, model=model, depth=2).to_mermaid()
    assert "\n".join(line for line in text.splitlines() if "subgraph" in line or "end" in line.split()) == (
        '    subgraph part0 ["Network"]\n        subgraph part1 ["hidden  Hidden"]\n        end\n'
        '        subgraph part2 ["last  Last"]\n        end\n    end'
    )
    assert "    style part2 fill:#f5f7f9,stroke:#b8c2cc,color:#52606d" in text.splitlines()


def test_a_picture_in_plain_text() -> None:
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    loss = p.tanh(a * b + 6.5) + abs(b)
    loss.label = "loss"
    loss.backward()
    assert draw(loss, contributions=True).to_text().splitlines() == [
        "loss = +  data 3.462  grad 1",
        "├── [1 × 1] tanh  data 0.4621  grad 1",
        "│   └── [0.7864 × 1] +  data 0.5  grad 0.7864",
        "│       ├── [1 × 0.7864] *  data -6  grad 0.7864",
        "│       │   ├── [-3 × 0.7864] a  data 2  grad -2.359",
        "│       │   └── [2 × 0.7864] b  data -3  grad 0.5729",
        "│       └── 6.5",
        "└── [1 × 1] abs  data 3  grad 1",
        "    └── [-1 × 1] b  (see above)",
    ]


def test_what_is_used_again_is_said_to_stand_above_and_the_tree_goes_on() -> None:
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    assert draw(x * x + y).to_text().splitlines() == [
        "+  data 7  grad 0",
        "├── *  data 4  grad 0",
        "│   ├── x  data 2  grad 0",
        "│   └── x  (see above)",
        "└── y  data 3  grad 0",
    ]


@settings(max_examples=20)
@given(graph=graphs())
def test_every_language_shows_every_value(graph: tuple[Value, list[Value]]) -> None:
    drawing = draw(graph[0])
    count = len(topological_order(graph[0]))
    assert len(re.findall(r"^\tv\d+ \[", drawing.source, re.MULTILINE)) == count
    assert len(re.findall(r"^    v\d+[\[(]", drawing.to_mermaid(), re.MULTILINE)) == count
    assert len(re.findall("data .*  grad ", drawing.to_text())) == count


def test_a_deep_graph_is_written_without_recursion() -> None:
    x = Value(1.0)
    for _ in range(2000):
        x = p.sin(x)
    assert len(draw(x, max_nodes=5000).to_text().splitlines()) == 2001


def test_of_all_arrows_those_to_results_are_kept_short() -> None:
    kinds = "operand", "blocked", "result", "weight"
    picture = Picture((Node("a", "value"), Node("b", "value")), tuple(Edge("a", "b", kind) for kind in kinds))
    arrows = [line for line in Drawing.of(picture).source.splitlines() if "->" in line]
    assert ["weight=4" in arrow for arrow in arrows] == [False, False, True, False]


def test_a_drawing_made_of_text_has_no_data() -> None:
    assert Drawing("digraph {}").picture == Picture()


# ── colours ──────────────────────────────────────────────────────────────────────────────────────────────────────────

themes = pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)

# What those see who lack one kind of cone: Machado, Oliveira and Fernandes, IEEE TVCG 15 (2009), severity 1.
VISION = {
    "all cones": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "no long": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no medium": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no short": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def light(colour: str) -> list[float]:
    """The light of a colour of sRGB, in red, green and blue (IEC 61966-2-1)."""
    parts = [byte / 255 for byte in bytes.fromhex(colour[1:])]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of the Web Content Accessibility Guidelines 2.2."""
    weights = (0.2126, 0.7152, 0.0722)
    low, high = sorted(sum(w * c for w, c in zip(weights, light(colour))) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(colour: str, cones: list[list[float]]) -> list[float]:
    """A colour in OKLab (Ottosson 2020), where equal distances look equal, as seen with these cones."""
    r, g, b = (max(sum(m * c for m, c in zip(row, light(colour))), 0.0) for row in cones)
    long = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    medium = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    short = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    return [
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    ]


@themes
def test_text_can_be_read_on_every_tint(palette: Palette) -> None:
    looks = [
        look_of_node(Node("v", kind, tint=tint / 10), palette)
        for kind in ("value", "module")
        for tint in range(-10, 11)
    ]
    looks += [look_of_node(Node("v", "value", state=state), palette) for state in ("dead", "flagged")]
    looks += [look_of_node(Node("v", "operation"), palette)]
    assert min(contrast(look.fill, look.text) for look in looks) >= 4.5
    labels = [look_of_edge(Edge("a", "b", sign=sign), palette) for sign in (-1, 0, 1)]
    labels += [look_of_edge(Edge("a", "b", state="flagged"), palette)]
    labels += [look_of_node(Node("v", "constant"), palette)]
    assert min(contrast(palette.paper, look.text) for look in labels) >= 4.5


@themes
@pytest.mark.parametrize("cones", VISION.values(), ids=VISION)
def test_signs_and_states_are_told_apart_by_everyone(palette: Palette, cones: list[list[float]]) -> None:
    fills = [palette.positive, palette.negative, palette.dead, palette.flag]
    for one, other in combinations(fills, 2):
        assert math.dist(lab(one, cones), lab(other, cones)) > 0.05, (one, other)
    assert math.dist(lab(palette.positive, cones), lab(palette.negative, cones)) > 0.1
    assert math.dist(lab(palette.positive_line, cones), lab(palette.negative_line, cones)) > 0.1


@themes
def test_a_larger_gradient_has_a_deeper_tint(palette: Palette) -> None:
    for sign in (-1.0, 1.0):
        fills = [look_of_node(Node("v", "value", tint=sign * size / 10), palette).fill for size in range(11)]
        cones = VISION["all cones"]
        distances = [math.dist(lab(palette.blank, cones), lab(fill, cones)) for fill in fills]
        assert distances == sorted(distances)
        assert fills[0] == palette.blank


@themes
def test_a_larger_contribution_has_a_wider_arrow_or_a_darker_line(palette: Palette) -> None:
    blue, pale = palette.positive_line, mixed(palette.paper, palette.positive_line, 0.3)
    looks = [
        look_of_edge(Edge("a", "b", kind, sign=1, weight=weight), palette)
        for kind in ("operand", "weight")
        for weight in (0.0, 1.0)
    ]
    assert [(look.line, look.width) for look in looks] == [(blue, 1.0), (blue, 4.5), (pale, 0.4), (blue, 4.4)]


@themes
def test_the_sign_of_a_gradient_is_that_of_the_colours_and_a_module_has_none(palette: Palette) -> None:
    looks = [look_of_node(Node("v", "value", tint=tint), palette) for tint in (1.0, -1.0, 0.0)]
    looks += [look_of_node(Node("v", "module", tint=tint), palette) for tint in (1.0, 0.0)]
    assert look_of_node(Node("v", "value", tint=-0.5), palette).line == palette.negative_line
    assert [(look.line, look.fill) for look in looks] == [
        (palette.positive_line, palette.positive),
        (palette.negative_line, palette.negative),
        (palette.line, palette.blank),
        (palette.line, palette.size),
        (palette.line, palette.blank),
    ]


@themes
def test_what_is_dead_or_not_finite_is_painted_so(palette: Palette) -> None:
    assert [look_of_node(Node("v", "value", state=state), palette) for state in ("dead", "flagged")] == [
        Look(palette.faint, palette.dead_ink, 1.2, palette.dead, dashed=True),
        Look(palette.flag_line, palette.flag_ink, 2.4, palette.flag),
    ]
    assert [look_of_edge(edge, palette) for edge in (Edge("a", "b", "blocked"), Edge("a", "b", state="flagged"))] == [
        Look(palette.faint, palette.soft_ink, 1.0, dashed=True),
        Look(palette.flag_line, palette.flag_line, 4.5),
    ]


def test_a_dark_picture_differs_in_nothing_but_colours(expression: Value) -> None:
    bright, dark = draw(expression), draw(expression, theme="dark")
    assert 'bgcolor="#14191f"' in dark.source
    assert re.sub("#[0-9a-f]{6}", "", bright.source) == re.sub("#[0-9a-f]{6}", "", dark.source)
    assert bright.to_text() == dark.to_text()


def test_colours_are_mixed_between_their_ends() -> None:
    assert [mixed("#000000", "#0080ff", share) for share in (0.0, 0.5, 1.0)] == ["#000000", "#004080", "#0080ff"]
