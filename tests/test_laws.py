"""The laws of differentiation, on random programs in which results are used again."""

from __future__ import annotations

from math import inf, isnan

import pytest
from hypothesis import given, settings, strategies as st

from autograd import Value, adjoints, grad, jvp, math
from autograd.graph import topological_order
from autograd.testing import Expression, check_gradients, expressions, graphs

factors = st.floats(-4.0, 4.0, allow_subnormal=False)


def gradient(f: object, point: tuple[float, ...]) -> list[float]:
    return list(grad(f, argnums=tuple(range(len(point))))(*point))


def close(numbers: list[float]) -> object:
    return pytest.approx(numbers, rel=1e-9, abs=1e-9)


@given(expressions())
@settings(max_examples=150)
def test_derivatives_of_any_program_agree_with_finite_differences_and_balls(f: Expression) -> None:
    check_gradients(f, f.point, order=2)


@given(expressions(max_steps=5, max_variables=2))
@settings(max_examples=25)
def test_third_derivatives_agree_with_finite_differences(f: Expression) -> None:
    check_gradients(f, f.point, order=3, modes=("reverse",))


@given(expressions(max_variables=1), expressions(max_variables=1), factors, factors)
def test_linearity(f: Expression, g: Expression, a: float, b: float) -> None:
    (x,), (y,) = f.point, g.point
    both = gradient(lambda x, y: a * f(x) + b * g(y), (x, y))
    assert both == close([a * gradient(f, (x,))[0], b * gradient(g, (y,))[0]])


@given(expressions(max_variables=1), expressions(max_variables=1))
def test_product_rule(f: Expression, g: Expression) -> None:
    (x,), (y,) = f.point, g.point
    both = gradient(lambda x, y: f(x) * g(y), (x, y))
    assert both == close([gradient(f, (x,))[0] * g(y), f(x) * gradient(g, (y,))[0]])


@given(expressions(max_variables=1), expressions(max_variables=1))
def test_chain_rule(f: Expression, g: Expression) -> None:
    """Moving f(x) to where g is smooth changes no derivative of f."""
    (x,), (y,) = f.point, g.point
    shift = y - f(x)
    assert gradient(lambda x: g(f(x) + shift), (x,)) == close(
        [gradient(g, (f(x) + shift,))[0] * gradient(f, (x,))[0]]
    )


@given(expressions())
def test_forward_mode_agrees_with_reverse_mode(f: Expression) -> None:
    reverse = gradient(f, f.point)
    for i, expected in enumerate(reverse):
        direction = tuple(float(k == i) for k in range(len(f.point)))
        assert jvp(f, f.point, direction) == (f(*f.point), pytest.approx(expected, rel=1e-9, abs=1e-9))


@given(expressions())
def test_using_a_result_twice_doubles_its_adjoint(f: Expression) -> None:
    once, twice = gradient(f, f.point), gradient(lambda *xs: (lambda y: y + y)(f(*xs)), f.point)
    assert twice == [2.0 * slope for slope in once]


@given(expressions())
def test_sharing_gives_what_computing_twice_gives(f: Expression) -> None:
    shared = gradient(lambda *xs: (lambda y: y * y)(f(*xs)), f.point)
    assert shared == close(gradient(lambda *xs: f(*xs) * f(*xs), f.point))


@given(graphs())
def test_backward_leaves_the_same_numbers_as_recorded_adjoints(graph: tuple[Value, list[Value]]) -> None:
    root, leaves = graph
    recorded = adjoints(root, leaves)
    root.backward()
    assert [leaf.grad for leaf in leaves] == [adjoint.data for adjoint in recorded]


@given(graphs())
def test_a_second_backward_doubles_the_leaves_and_nothing_else(graph: tuple[Value, list[Value]]) -> None:
    root, leaves = graph
    root.backward()
    once = {node: node.grad for node in topological_order(root)}
    root.backward()
    for node, adjoint in once.items():
        assert node.grad == (adjoint if node.operands else 2.0 * adjoint)
    assert root.grad == 1.0
    assert {node for node in once if not node.operands} <= set(leaves)


@given(graphs(), st.floats(-3.0, 3.0))
def test_the_seed_scales_every_adjoint(graph: tuple[Value, list[Value]], seed: float) -> None:
    root, leaves = graph
    slopes = adjoints(root, leaves)
    root.backward(seed)
    assert [leaf.grad for leaf in leaves] == close([seed * slope.data for slope in slopes])


# ── zero adjoints and operands that are not selected ─────────────────────────────────────────────────────────────────

SILENT = [
    # a function whose infinite or undefined partial must not reach the gradient, and its derivatives in order
    (lambda x: math.where(x > 0, math.sqrt(x), 0.0), 0.0, (0.0, 0.0)),
    (lambda x: math.where(x > 0, math.log(x), 2.0 * x), -1.0, (2.0, 0.0)),
    (lambda x: x * math.where(x > 0, 1.0 / x, x), 0.0, (0.0, 2.0)),
    (lambda x: math.maximum(1.0, math.sqrt(x)), 0.0, (0.0, 0.0)),
    (lambda x: math.log(math.relu(x) + 1.0), -1.0, (0.0, 0.0)),
    (lambda x: math.sqrt(math.relu(x)), -1.0, (0.0, 0.0)),
    (lambda x: math.clip(math.sqrt(x), 0.5, 2.0), 0.0, (0.0, 0.0)),
    (lambda x: 0.0 * math.sqrt(x), 0.0, (0.0, 0.0)),
    (lambda x: math.sqrt(math.norm([x, 2.0 * x])), 0.0, (0.0, 0.0)),
    (lambda x: math.log(abs(x) * 0.0 + 1.0), 0.0, (0.0, 0.0)),
    (lambda x: math.sqrt(math.floor(x)), 0.5, (0.0, 0.0)),
    (lambda x: x**2, 0.0, (0.0, 2.0, 0.0, 0.0)),
    (lambda x: x**0, 0.0, (0.0, 0.0)),
    (lambda x: (-x) ** 3, 2.0, (-12.0, -12.0, -6.0, 0.0)),
    (lambda x: math.logsumexp([x, -inf]), 0.5, (1.0, 0.0)),
]


@pytest.mark.parametrize("case", range(len(SILENT)))
def test_what_was_not_selected_passes_exactly_nothing_on(case: int) -> None:
    f, x, derivatives = SILENT[case]
    backward, forward = f, f
    for expected in derivatives:
        backward, forward = grad(backward), (lambda g: lambda x: jvp(g, (x,), (1.0,))[1])(forward)
        assert backward(x) == expected
        assert forward(x) == expected


def test_a_zero_partial_does_not_hide_an_infinite_adjoint() -> None:
    assert isnan(grad(lambda x: math.log(x * x))(0.0))
    assert isnan(jvp(lambda x: math.log(x * x), (0.0,), (1.0,))[1])


def test_nan_reaches_every_adjoint_that_depends_on_it() -> None:
    x, y = Value(float("nan")), Value(2.0)
    (math.sin(x) * y + y).backward()
    assert isnan(x.grad)
    assert isnan(y.grad)


# ── a leaf that is changed later ─────────────────────────────────────────────────────────────────────────────────────


def test_changing_a_leaf_cannot_corrupt_a_gradient() -> None:
    x = Value(2.0)
    y = x * x * x
    x.data = 5.0
    y.backward()
    assert x.grad == 12.0
