"""`error_bound`: the true error, by ball arithmetic, is never larger; and not much smaller."""

from __future__ import annotations

from math import inf, nan, pi
from statistics import median
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings, strategies as st

from autograd import ErrorBound, Value, adjoints, error_bound, math, precision, primitive, primitives as p, rounding
from autograd.errors import ArgumentError, GraphError
from autograd.graph import topological_order
from autograd.precision import oracle
from autograd.primitives import BUILT_IN, TABLE
from autograd.rounding import rounding_error
from autograd.testing import graphs

flint = pytest.importorskip("flint", reason="compares with python-flint")


def exact(output: Value, changed: dict[Value, Any] = {}) -> Any:  # noqa: B006
    """Return a ball with the value of a graph without rounding errors; None if it is not a real number."""
    order = topological_order(output)

    def compute() -> list[Any]:
        found = {leaf: precision.constant(x) for leaf, x in changed.items()}
        for node in order:
            if node not in found:
                operands = [precision.constant(x) if type(x) is float else found[x] for x in node.operands]
                try:
                    found[node] = oracle(node.primitive)(*operands) if operands else precision.constant(node.data)
                except precision.Undecided:
                    raise
                except (ArithmeticError, ValueError):
                    found[node] = precision.constant(flint.arb.nan())
        return [found[output][0]]

    with precision.terms(1):
        (found,) = precision.certified(compute)
    return None if found.is_nan() else found


def distance(output: Value, expected: Any) -> float:
    """Return how far at least a computed number is from the exact one."""
    with flint.ctx.workprec(4096):
        return 0.0 if expected is None else float((flint.arb(output.data) - expected).abs_lower())


def true_error(output: Value) -> float:
    return distance(output, exact(output))


# ── one operation ────────────────────────────────────────────────────────────────────────────────────────────────────

numbers = (st.floats(-6.0, 6.0) | st.integers(-6, 6).map(float) | st.floats(-700.0, 700.0)).map(lambda x: x + 0.0)
UNSIGNED = {"copysign", "atan2"}  # balls have no signed zeros
ROWS = [TABLE[name] for name in TABLE if name in BUILT_IN and name not in UNSIGNED]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.filter_too_much])  # atanh is a number between -1 and 1
def test_the_value_of_every_primitive_is_within_its_bound(row: p.Primitive, data: st.DataObject) -> None:
    rules = row.rules * 4 if row.many else row.rules
    operands = [float(data.draw(st.integers(0, 2))) if rule is None else data.draw(numbers) for rule in rules]
    output = row(*map(Value, operands))
    assume(abs(output.data) < inf)
    assert true_error(output) <= rounding_error(row, output.data, operands)


EXACT = [
    lambda x, y: x + y * 4.0 - 7.0,
    lambda x, y: x / y,
    lambda x, y: (x - 1.0) ** 2 - y**3,
    lambda x, y: math.sqrt(x * x + 27.0),
    lambda x, y: math.maximum(x, -y) + abs(y) + math.floor(x / 4.0),  # type: ignore[operator]
    lambda x, y: math.dot([x, y], [y, x]) + math.prod([x, y, x]) + math.fsum([x, y, 0.5]),
    lambda x, y: math.ldexp(x, 3) % 5.0 + (x // y),
]


@pytest.mark.parametrize("f", EXACT)
def test_what_was_not_rounded_has_no_error(f: Any) -> None:
    bound = error_bound(f(Value(3.0), Value(2.0)))
    assert (bound.error, bound.digits) == (0.0, 17)


def test_constants_of_rules_that_are_irrational_have_an_error() -> None:
    y = Value(4.0)
    assert error_bound(adjoints(math.log2(y), y)).error >= abs(0.25 / p.LN2 - 0.36067376022224085)
    assert error_bound(y * p.LN2).error >= 4.0 * p.LN2 * 2.0**-53


# ── whole graphs ─────────────────────────────────────────────────────────────────────────────────────────────────────


@given(graphs(max_steps=12))
@settings(max_examples=150)
def test_the_error_of_random_programs_and_their_gradients_is_within_the_bound(
    graph: tuple[Value, list[Value]],
) -> None:
    output, leaves = graph
    for result in (output, *adjoints(output, leaves)):
        assert true_error(result) <= error_bound(result).error


@st.composite
def wild(draw: Any) -> Value:
    """Return a graph of anything, near kinks and poles and where everything cancels."""
    values: list[Value] = [Value(x) for x in draw(st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=3))]
    operand = st.sampled_from(range(9)).map(lambda i: values[-1 - i % len(values)]) | st.floats(-2.0, 2.0)
    for row in draw(st.lists(st.sampled_from([*ROWS, *[p.subtract, p.divide, p.add, p.multiply] * 12]), max_size=12)):
        rules = row.rules * 2 if row.many else row.rules
        made = row(*[float(draw(st.integers(0, 2))) if rule is None else draw(operand) for rule in rules])
        if isinstance(made, Value) and abs(made.data) < 1e6:
            values.append(made)
    return values[-1]


@given(wild())
@settings(max_examples=300)
def test_the_bound_holds_anywhere(output: Value) -> None:
    bound = error_bound(output).error
    assert bound == inf or true_error(output) <= bound


LARGE = st.floats(0.0, 4.0) | st.floats(0.0, 30.0) | st.sampled_from([1e-8, 0.5, 1.0, pi, 2.0 * pi])


@given(wild(), st.floats(0.0, 1e-3) | LARGE, st.floats(-1.0, 1.0))
@settings(max_examples=300)
def test_errors_of_leaves_of_any_size_are_within_the_bound(output: Value, error: float, share: float) -> None:
    leaves = [node for node in topological_order(output) if not node.operands]
    bound = error_bound(output, dict.fromkeys(leaves, error)).error
    moved = exact(output, {leaf: flint.arb(leaf.data) + flint.arb(error) * share for leaf in leaves})
    assert bound == inf or distance(output, moved) <= bound


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@given(data=st.data())
@settings(max_examples=25)
def test_errors_of_any_size_are_within_the_bound_of_every_primitive(row: p.Primitive, data: st.DataObject) -> None:
    rules = row.rules * 2 if row.many else row.rules
    operands = [Value(float(data.draw(st.integers(0, 2)) if rule is None else data.draw(numbers))) for rule in rules]
    output = row(*operands)
    errors = {x: data.draw(LARGE) for x, rule in zip(operands, rules) if rule}
    bound = error_bound(output, errors).error
    for _ in range(3):
        shares = [data.draw(st.floats(-1.0, 1.0) | st.sampled_from([-1.0, 1.0])) for _ in errors]
        moved = exact(output, {x: flint.arb(x.data) + flint.arb(errors[x]) * y for x, y in zip(errors, shares)})
        assert bound == inf or distance(output, moved) <= bound


SPREAD = [
    # an operation, where, the error of its operand, and the largest bound that is still good
    (math.cos, 0.0, pi, 2.0),
    (math.sin, 1.0, 100.0, 2.0),
    (math.sin, 0.5, 0.25, 0.25),
    (math.tan, 0.0, 1.5, 14.101419947171719),
    (math.tan, 0.0, 2.0 * pi, inf),
    (math.gamma, -0.5, 0.25, 4.0),
    (math.gamma, -0.5, 0.5, inf),
    (math.lgamma, -1.5, 0.75, inf),
    (math.digamma, 0.5, 1.0, inf),
    (lambda x: math.atan2(x, -1.0), 0.5, 1.0, 6.0),
    (lambda x: p.floor(x), 0.25, 1.0, 1.0),
    (lambda x: p.floor(x), 0.5, 0.25, 0.0),
    (lambda x: x // 1.0, 0.25, 1.0, 1.0),
    (lambda x: round(x), 0.25, 1.0, 1.0),
    (lambda x: x % 3.0, 1.0, 2.0, 2.0),
    (lambda x: x % 3.0, 1.5, 1.0, 1.0),
    (lambda x: math.fmod(x, 3.0), 2.0, 2.0, 5.0),
    (lambda x: math.remainder(x, 3.0), 1.0, 1.0, 2.5),
    (lambda x: math.where(x, 3.0, 2.0), 0.5, 1.0, 1.0),
    (lambda x: math.copysign(2.0, x), 0.5, 1.0, 4.0),
    (abs, 0.0, 1.0, 1.0),
    (math.sigmoid, 0.0, 50.0, 0.5),
]


@pytest.mark.parametrize(("f", "x", "error", "good"), SPREAD)
def test_large_errors_are_followed_across_periods_steps_and_poles(f: Any, x: float, error: float, good: float) -> None:
    leaf = Value(x)
    bound = error_bound(f(leaf), {leaf: error}).error
    assert bound == pytest.approx(good, rel=1e-5) or (bound < good < inf and bound > 0.5 * good)


def test_an_unknown_operand_that_is_not_selected_adds_nothing() -> None:
    x = Value(-1.0)
    assert error_bound(math.where(x > 0.0, math.sqrt(x), 2.0 * x)).error == 0.0
    assert error_bound(math.where(x + 2.0, x, math.sqrt(x))).error == 0.0
    assert error_bound(math.where(x, 2.0, math.log(x + 1.0)), {x: 0.5}).error == 0.0


def test_the_bound_is_no_more_than_a_small_multiple_of_the_error() -> None:
    ratios = []
    for place in range(200):
        x, y = Value(0.1 + place / 100.0), Value(2.3 - place / 300.0)
        z = math.sin(x * y) / (1.0 + x * x) + math.exp(-y) * x
        ratios += [float(error_bound(r).error / true_error(r)) for r in (z, adjoints(z, x)) if true_error(r)]
    assert min(ratios) >= 1.0
    assert median(ratios) < 20.0


def test_the_bound_of_one_operation_is_what_it_rounded() -> None:
    y = Value(0.1) + 0.2
    rounded_up = 1.0 + 2.0**-20
    assert error_bound(y).error == rounding_error(p.add, y.data, [0.1, 0.2]) * rounded_up
    assert error_bound(2.0 * y).error == 2.0 * error_bound(y).error


def test_errors_that_cancel_are_not_added_up() -> None:
    """The iteration of Heron forgets where it began, and an oscillation keeps what it has."""
    x = guess = Value(2.0)
    for _ in range(60):
        guess = (guess + x / guess) / 2.0
    assert error_bound(guess).digits >= 15
    u, v = Value(1.0), Value(0.0)
    for _ in range(1000):
        u, v = u + 0.01 * v, v - 0.01 * u
    assert error_bound(u).digits >= 12


def test_cancellation_is_noticed() -> None:
    x = Value(1e-8)
    naive, stable = (1.0 - math.cos(x)) / x**2, 2.0 * (math.sin(x / 2.0) / x) ** 2
    assert (error_bound(naive).digits, naive.data) == (0, 0.0)
    assert error_bound(stable).digits >= 14


UNKNOWN = [
    # what lies within the error of 0.1 + 0.2 - 0.3 = 5.6e-17
    lambda zero: 1.0 / zero,
    lambda zero: math.sqrt(zero),
    lambda zero: p.ceil(1.0 / zero),
    lambda zero: math.log(zero),
    lambda zero: math.polygamma(1.0 + zero, 2.0),
    lambda zero: math.exp(zero * inf),
    lambda zero: math.exp(1000.0 + zero),
]


@pytest.mark.parametrize("f", UNKNOWN)
def test_where_nothing_is_known_the_bound_is_infinite(f: Any) -> None:
    third = Value(0.1)
    zero = third * 3.0 - 0.30000000000000004
    bound = error_bound(f(zero + 0.0 * (third / 3.0)) if zero.data else f(zero))
    assert (bound.error, bound.digits) == (inf, 0)


KINKS = [abs, math.relu, lambda x: math.maximum(x, 0.0), lambda x: math.clip(x, 0.0, 1.0), math.cbrt, math.hypot]


@pytest.mark.parametrize("f", KINKS)
def test_at_a_kink_the_value_is_still_known(f: Any) -> None:
    third = Value(0.1)
    y = f(third * 3.0 - 0.30000000000000004)
    assert true_error(y) <= error_bound(y).error < 1e-4


def test_a_step_far_from_its_jump_is_exact() -> None:
    x = Value(0.1)
    assert error_bound(p.floor(x * 3.0)).error == 0.0
    assert error_bound(p.floor(x * 3.0 + 2.2)).error == 0.0
    assert error_bound(p.round_to(x * 30.0, 0.0)).error < 1e-15


# ── what one asks for, and gets ──────────────────────────────────────────────────────────────────────────────────────


def test_errors_of_leaves_are_propagated() -> None:
    x, y = Value(2.0), Value(3.0)
    assert error_bound(x * y, {x: 0.5, y: 0.25}).error == pytest.approx(0.5 * 3 + 0.25 * 2 + 0.125, rel=0.2)
    assert error_bound(x - x, {x: 0.5}).error < 1e-14


def test_a_primitive_of_ones_own_says_how_exact_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    @primitive(lambda z, x: 1.0)
    def rough(x: float) -> float:
        return x

    y = rough(Value(1.5))
    assert error_bound(y).error == pytest.approx(4 * 2.0**-52)
    assert error_bound(y, {y.operands[0]: 0.25}).error == pytest.approx(0.25)
    monkeypatch.setitem(rounding.ULPS, "rough", 100.0)
    assert error_bound(y).error == pytest.approx(100 * 2.0**-52)


def test_slopes_of_a_primitive_of_ones_own_are_estimated() -> None:
    @primitive(lambda z, x: 3.0 * x * x if x > -10.0 else nan, breaks=lambda x: [x + 5.0])
    def cubed(x: float) -> float:
        return x**3

    @primitive(lambda z, x, n: x / n, None)
    def squared_over(x: float, n: float) -> float:
        return 0.5 * x * x / n

    @primitive(lambda z, *xs: [2.0 for _ in xs], many=True)
    def doubled(*xs: float) -> float:
        return 2.0 * sum(xs)

    x, n = Value(2.0), Value(1.0)
    assert error_bound(cubed(x), {x: 0.1}).error == pytest.approx((12.0 + 2.0 * (13.23 - 12.0)) * 0.1)
    assert error_bound(cubed(x), {x: 8.0}).error == inf  # across what it says is no smooth point
    assert error_bound(cubed(Value(-10.0)), {}).error < 1e-11
    far = Value(-9.5)
    assert error_bound(cubed(far), {far: 1.0}).error == inf
    assert error_bound(squared_over(x, n), {x: 0.1}).error == pytest.approx((2.0 + 2.0 * 0.1) * 0.1)
    assert error_bound(squared_over(x, n), {n: 0.1}).error == inf
    assert error_bound(doubled(x, n, x), {x: 0.5, n: 0.25}).error == pytest.approx(2.5)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_slopes_are_estimated_wherever_two_operands_may_go(sign: float) -> None:
    @primitive(lambda z, x, y: 2.0 * (x + sign * y), lambda z, x, y: 2.0 * sign * (x + sign * y))
    def squared(x: float, y: float) -> float:
        return (x + sign * y) ** 2

    x, y = Value(1.0), Value(-sign)
    assert error_bound(squared(x, y), {x: 0.1, y: 0.1}).error == pytest.approx(2 * (2.0 * 0.4) * 0.1)


DIGITS = [
    (1.0, 0.0, 17), (1.0, 1e-30, 17), (1e300, 5e-324, 17), (1.0, 0.4e-3, 3), (1.0, 1e-3, 2), (1.0, 1.0, 0),
    (0.0, 1e-9, 0), (inf, inf, 0), (nan, inf, 0),
]  # fmt: skip


@pytest.mark.parametrize(("value", "error", "digits"), DIGITS)
def test_digits(value: float, error: float, digits: int) -> None:
    assert ErrorBound(value, error).digits == digits


def test_it_prints() -> None:
    assert str(ErrorBound(2.5, 1e-9)) == "2.5 ± 1e-09 (9 digits hold)"
    assert repr(error_bound(Value(2.5))) == "ErrorBound(value=2.5, error=0.0)"


def test_errors_say_what_is_wrong() -> None:
    x = Value(2.0)
    y = x * x
    for output, errors, message in [
        (2.0, None, "error_bound: got 2.0 (float); expected a Value"),
        (x, {"x": 1.0}, "error_bound: got 'x' (str); expected a Value"),
        (y, {x: -1.0}, "error_bound: errors: got -1.0 for Value(data=2.0, grad=0.0); expected 0 or more, for a leaf"),
        (y, {y: 1.0}, "error_bound: errors: got 1.0 for Value(data=4.0, grad=0.0); expected 0 or more, for a leaf"),
    ]:
        with pytest.raises(ArgumentError) as caught:
            error_bound(output, errors)  # type: ignore[arg-type]
        assert str(caught.value) == message
    x.data = 3.0
    with pytest.raises(GraphError) as changed:
        error_bound(y)
    assert str(changed.value) == (
        "error_bound: an operand of Value(data=4.0, grad=0.0) was changed after it was computed; compute it again"
    )


def test_a_deep_graph() -> None:
    x = y = Value(0.1)
    for _ in range(20_000):
        y = y + x
    assert 10 <= error_bound(y).digits <= 14
