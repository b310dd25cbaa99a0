"""`explain` lists every contribution to a gradient: as data, and as a table."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given, strategies as st

from autograd import Value, adjoints, explain, math, primitive
from autograd.errors import ArgumentError, GraphError, OperandError
from autograd.graph import topological_order
from autograd.tables import cut, table
from autograd.testing import graphs


def labelled(**numbers: float) -> list[Value]:
    return [Value(number, label=label) for label, number in numbers.items()]


# ── as data ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(graphs(max_steps=12), st.floats(-3.0, 3.0))
def test_the_total_is_the_gradient_to_the_bit(graph: tuple[Value, list[Value]], seed: float) -> None:
    """Of every node, leaves and inner ones, after a sweep from zero."""
    output, _ = graph
    explained = {node: explain(node, output, seed) for node in topological_order(output)}
    output.backward(seed)
    assert {node: node.grad for node in explained} == {node: each.total for node, each in explained.items()}


@given(graphs())
def test_each_amount_is_adjoint_times_partial(graph: tuple[Value, list[Value]]) -> None:
    output, leaves = graph
    found = [contribution for leaf in leaves for contribution in explain(leaf, output)]
    output.backward()
    for result, place, adjoint, partial, amount in found:
        assert result.operands[place] in leaves
        assert (adjoint, partial) == (result.grad, result.partials[place])
        assert amount == (0.0 if partial is None else adjoint * partial)


def test_a_result_with_an_operand_twice_contributes_twice() -> None:
    (x,) = labelled(x=3.0)
    y = x * x
    assert [tuple(c) for c in explain(x, y)] == [(y, 0, 1.0, 3.0, 3.0), (y, 1, 1.0, 3.0, 3.0)]
    assert len(explain(x, y)) == 2


def test_the_newest_use_comes_first_as_in_the_sweep() -> None:
    (x,) = labelled(x=2.0)
    a = x + 1.0
    b = a * x
    assert [c.result for c in explain(x, b)] == [b, a]


def test_uses_that_contribute_nothing_say_why_a_gradient_is_zero() -> None:
    (x,) = labelled(x=-2.0)
    y = 0.0 * math.exp(x) + math.relu(x)
    relu, exp = explain(x, y)
    assert (relu.adjoint, relu.partial, relu.amount) == (1.0, None, 0.0)
    assert (exp.adjoint, exp.amount) == (0.0, 0.0)
    assert exp.partial is not None


def test_a_zero_adjoint_passes_nothing_on() -> None:
    (x,) = labelled(x=0.0)
    y = math.sqrt(x) * 0.0
    assert [(c.adjoint, c.partial, c.amount) for c in explain(x, y)] == [(0.0, inf, 0.0)]


def test_results_that_the_output_does_not_need_are_left_out() -> None:
    (x,) = labelled(x=2.0)
    y, other = x * 3.0, x * 5.0
    assert [c.result for c in explain(x, y)] == [y]
    assert [c.result for c in explain(x, other)] == [other]


def test_totals_of_several_outputs_add_up_to_the_gradient_of_a_leaf() -> None:
    (x,) = labelled(x=0.3)
    y, z = math.sin(x) + x * x, math.exp(x) * x
    y.backward()
    z.backward()
    assert x.grad == explain(x, y).total + explain(x, z).total


def test_gradients_are_neither_read_nor_changed() -> None:
    (x,) = labelled(x=3.0)
    y = x * x
    x.grad, y.grad = 7.0, 8.0
    assert explain(x, y).total == 6.0
    assert (x.grad, y.grad) == (7.0, 8.0)


def test_derivatives_are_explained_as_well() -> None:
    (x,) = labelled(x=2.0)
    slope = adjoints(x**3, x)
    assert explain(x, slope).total == 12.0


def test_a_leaf_that_was_changed_is_noticed() -> None:
    w, a = labelled(w=2.0, a=3.0)
    z = w * a
    explained = explain(w, z)
    a.data = 7.0
    with pytest.raises(GraphError) as caught:
        explain(w, z)
    assert str(caught.value) == (
        "explain: an operand of Value(data=6.0, grad=0.0) was changed after it was computed; compute it again"
    )
    assert str(explained).splitlines()[-1] == "(a leaf was changed since: formulas show its number of now)"


@pytest.mark.parametrize("arguments", [(2.0, Value(1.0)), (Value(1.0), "loss")])
def test_only_values_are_explained(arguments: tuple[object, object]) -> None:
    with pytest.raises(ArgumentError, match=r"^explain: got .*; expected two Values: explain\(x, output\)$"):
        explain(*arguments)  # type: ignore[arg-type]


def test_a_seed_is_a_number() -> None:
    x = Value(1.0)
    with pytest.raises(OperandError) as caught:
        explain(x, x, "1")  # type: ignore[arg-type]
    assert str(caught.value) == "explain: seed: got '1' (str); expected a real number"


# ── as a table ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_in_a_neuron_the_gradient_is_delta_times_activation() -> None:
    w, a, b = labelled(w=2.0, a=-3.0, b=6.5)
    z = w * a + b
    C = (math.tanh(z) - 1.0) ** 2
    C.label = "C"
    assert str(explain(w, C)).splitlines() == [
        "uses of w  δ = ∂C/∂use  ∂use/∂w  δ · ∂use/∂w",
        "w * a        -0.846033  a = -3        2.5381",
        "∂C/∂w                                 2.5381",
    ]
    assert str(explain(z, C)).splitlines()[1] == (
        "tanh(x)       -1.07577  4 * sigmoid(2 * x) * sigmoid(-2 * x) = 0.786448    -0.846033"
    )


def test_the_operand_that_is_meant_is_marked_if_it_comes_twice() -> None:
    x, y = labelled(x=2.0, y=5.0)
    assert [line.split("  ")[0] for line in str(explain(x, x / x)).splitlines()[1:3]] == [
        "output = [x] / x",
        "output = x / [x]",
    ]
    many = str(explain(x, math.fsum([x, y, y, y, y, x]))).splitlines()
    assert [line.split("  ")[0] for line in many[1:3]] == [
        "output = sum([x], y, y, y, …)",
        "output = sum(x, y, y, y, …, [x]), operand 5",
    ]
    long = Value(1.0, label="a label of more than thirty letters")
    dot = str(explain(x, math.dot([long, y, y, y, x, x], [y] * 6))).splitlines()
    assert [line.split("  ")[0].rpartition(", ")[2] for line in dot[1:3]] == ["operand 4", "operand 5"]
    assert "operand 4" in str(explain(x, math.fsum([y, y, y, y, x])))


LINES = [
    # a function of x, y, and what stands in the column of local derivatives
    (lambda x, y: x + y, "1"),
    (lambda x, y: x - y, "1"),
    (lambda x, y: y / x, "-(y / x ** 2) = -1.25"),
    (lambda x, y: -x, "-1"),
    (lambda x, y: math.exp(x), "output = 7.38906"),
    (lambda x, y: math.where(y > 0, x, y), "1 ≠ 0 ? 1 : nothing = 1"),
    (lambda x, y: math.minimum(y, 1.0, x), "nothing: not selected"),
    (lambda x, y: math.asin(x / 4.0) * 0.0 + x % y, "1"),
]


@pytest.mark.parametrize(("f", "local"), LINES)
def test_local_derivatives_are_formulas_and_numbers(f: object, local: str) -> None:
    x, y = labelled(x=2.0, y=5.0)
    line = str(explain(x, f(x, y))).splitlines()[1]  # type: ignore[operator]
    assert f"  {local}  " in line


def test_a_rule_of_ones_own_that_is_no_formula_is_only_a_number() -> None:
    @primitive(lambda z, x: 3.0 if x > 0 else 4.0)
    def bend(x: float) -> float:
        return 3.0 * x if x > 0 else 4.0 * x

    (x,) = labelled(x=2.0)
    assert "  3  " in str(explain(x, bend(x))).splitlines()[1]


def test_a_rule_of_ones_own_that_is_a_formula_is_one() -> None:
    @primitive(lambda z, x: (3.0 / x - x / 2.0) ** 2)
    def odd(x: float) -> float:
        return x

    (x,) = labelled(x=2.0)
    assert "(3 / x - x / 2) ** 2 = 0.25" in str(explain(x, odd(x)))


def test_unlabelled_values_are_called_by_what_they_are() -> None:
    x = Value(2.0)
    assert repr(explain(x, x * 3.0)).splitlines() == [
        "uses of x       δ = ∂output/∂use  ∂use/∂x  δ · ∂use/∂x",
        "output = x * 3                 1  3                  3",
        "∂output/∂x                                           3",
    ]


def test_names_of_unlabelled_values_are_not_those_of_others() -> None:
    x, x1, output = labelled(x=5.0, x1=7.0, output=11.0)
    subject = Value(2.0)
    assert str(explain(subject, math.fsum([subject, x, x1, output]))).splitlines() == [
        "uses of x2                        δ = ∂output1/∂use  ∂use/∂x2  δ · ∂use/∂x2",
        "output1 = sum(x2, x, x1, output)                  1  1                    1",
        "∂output1/∂x2                                                              1",
    ]
    assert str(explain(output, output * 3.0)).splitlines()[-1].startswith("∂output1/∂output ")


def test_what_has_no_contribution_says_so() -> None:
    x, y = labelled(x=2.0, y=3.0)
    assert str(explain(x, y)) == "∂y/∂x = 0: y was not computed from x"
    assert str(explain(y, x)) == "∂x/∂y = 0: x was not computed from y"
    assert str(explain(y, y, 2.0)) == "∂y/∂y = 2: it is the seed"
    assert explain(y, y, 2.0).total == 2.0


def test_labels_are_data() -> None:
    x = Value(2.0, label="two\nlines " + "and long " * 9)
    text = str(explain(x, x * 3.0))
    assert len(text.splitlines()) == 3
    assert cut(x.label) == "two lines and long and long and lon…"


def test_columns_are_aligned() -> None:
    assert table("<>", [("a", "number"), ("longer", "1")]) == "a       number\nlonger       1"


def test_a_deep_graph_is_explained() -> None:
    x = y = Value(1.0)
    for _ in range(100_000):
        y = y * 1.0 + x
    assert explain(x, y).total == 100_001.0
