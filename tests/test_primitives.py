"""Every row of the table, run on its own domain: a new row is tested by existing."""

from __future__ import annotations

import math
from itertools import product
from math import copysign, inf, isfinite, isnan, nan, nextafter

import pytest
from hypothesis import given, settings, strategies as st

from autograd import Value, precision, primitives as p
from autograd.errors import OperandError, PrimitiveError
from autograd.primitives import BUILT_IN, TABLE, Interval, Primitive, primitive
from autograd.testing import DISCRETE, check_gradients, operands, partial_by_differences

ROWS = [TABLE[name] for name in sorted(BUILT_IN)]
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


def same(a: float, b: float) -> bool:
    """Equal to the bit, but for the payload of NaN."""
    return (isnan(a) and isnan(b)) or (a == b and copysign(1.0, a) == copysign(1.0, b))


def differentiable(row: Primitive, count: int) -> list[int]:
    return [i for i in range(count) if row.many or row.rules[i] is not None]


BOUNDED = ["acos", "acosh", "asin", "asin_slope", "atanh", "atanh_slope", "log", "log10", "log1p", "log2", "sqrt"]


@pytest.mark.parametrize("row", [TABLE[name] for name in BOUNDED], ids=BOUNDED)
def test_a_domain_ends_where_the_values_do(row: Primitive) -> None:
    ((low, high),) = row.domain
    borders = [(border, outwards) for border, outwards in ((low, -inf), (high, inf)) if isfinite(border)]
    assert borders
    for border, outwards in borders:
        assert isnan(row(nextafter(border, outwards)))
        assert isfinite(row(nextafter(border, -outwards)))


# ── each partial of each row ─────────────────────────────────────────────────────────────────────────────────────────


@every_row
@given(data=st.data())
@settings(max_examples=40)
def test_partials_agree_with_finite_differences(row: Primitive, data: st.DataObject) -> None:
    numbers = data.draw(operands(row))
    variables = [Value(x) for x in numbers]
    row(*variables).backward()
    for i in differentiable(row, len(numbers)):
        expected = partial_by_differences(row, numbers, i)
        assert expected.agrees_with(variables[i].grad, 1e-7), (row, numbers, i, expected, variables[i].grad)


@every_row
@given(data=st.data())
@settings(max_examples=15)
def test_second_derivatives_agree_with_finite_differences_in_both_modes(row: Primitive, data: st.DataObject) -> None:
    numbers = data.draw(operands(row))
    places = differentiable(row, len(numbers))

    def f(*varying: float) -> object:
        filled = list(numbers)
        for place, x in zip(places, varying):
            filled[place] = x
        return row(*filled)

    check_gradients(f, tuple(numbers[i] for i in places), order=2)


@every_row
@given(data=st.data())
@settings(max_examples=15)
def test_values_and_partials_agree_with_balls(row: Primitive, data: st.DataObject) -> None:
    numbers = data.draw(operands(row, margin=1e-3))
    out = row(*numbers)
    size = max(1.0, *map(abs, numbers))  # values near a root carry the rounding of their operands' terms
    assert out == pytest.approx(float(precision.exact_value(row, numbers)), rel=2e-14, abs=1e-15 * size**2)
    partials = row.partials(out, numbers, [True] * len(numbers))
    for i in differentiable(row, len(numbers)):
        exact = precision.exact_partial(row, numbers, i)
        assert (partials[i] or 0.0) == pytest.approx(exact, rel=1e-12, abs=1e-15 * size)


@every_row
@given(data=st.data())
@settings(max_examples=20)
def test_values_and_floats_are_computed_alike(row: Primitive, data: st.DataObject) -> None:
    """A rule gives on Values, to the bit, what it gives on floats."""
    numbers = data.draw(operands(row))
    variables = [Value(x) for x in numbers]
    node = row(*variables)
    assert same(node.data, row(*numbers))
    active = [True] * len(numbers)
    for recorded, stored in zip(row.partials(node, variables, active), node.partials):
        number = recorded.data if isinstance(recorded, Value) else recorded
        assert number is stored is None or same(number, stored)


# ── special values ───────────────────────────────────────────────────────────────────────────────────────────────────

LARGEST, SMALLEST = 1.7976931348623157e308, 5e-324
SPECIAL = (0.0, -0.0, 1.0, -1.0, SMALLEST, -SMALLEST, LARGEST, -LARGEST, inf, -inf, nan)


@every_row
def test_nothing_raises_at_special_values(row: Primitive) -> None:
    """Arithmetic is quiet: every combination has a value and partials, in numbers and as Values."""
    count = 2 if row.many else len(row.rules)
    for numbers in product(SPECIAL, repeat=count):
        chosen = [x if row.many or row.rules[i] else DISCRETE[1] for i, x in enumerate(numbers)]
        node = row(*[Value(x) for x in chosen])
        node.backward()
        assert isinstance(node.data, float)
        assert same(node.data, row(*chosen))


@every_row
def test_nan_in_gives_nan_out(row: Primitive) -> None:
    count = 2 if row.many else len(row.rules)
    for i in differentiable(row, count):
        numbers = [nan if k == i else 1.0 for k in range(count)]
        x = Value(nan)
        out = row(*[x if k == i else number for k, number in enumerate(numbers)])
        if (row.name, i) in SWALLOW_NAN:
            continue
        assert isnan(out.data), (row, numbers)


SWALLOW_NAN = {
    *((row.name, i) for row in p.CONDITIONS for i in range(2)),  # whatever NaN is compared with: it holds, or not
    ("where", 2),  # not selected: the condition is 1.0
    ("power", 1),  # 1 ** nan is 1, as IEEE 754 and C99 have it
    ("copysign", 1),  # NaN has a sign
    ("monomial", 1),  # nan ** 0 is 1, as well
    ("monomial", 2),  # 1 ** nan, as well
}

VALUES = [
    # primitive, operands, value: where the standard library would raise, or where signs of zero matter
    (p.divide, (1.0, 0.0), inf),
    (p.divide, (1.0, -0.0), -inf),
    (p.divide, (0.0, 0.0), nan),
    (p.divide, (inf, inf), nan),
    (p.power, (0.0, -1.0), inf),
    (p.power, (-0.0, -1.0), -inf),
    (p.power, (-0.0, -2.0), inf),
    (p.power, (-8.0, 1 / 3), nan),
    (p.power, (-2.0, 3.0), -8.0),
    (p.power, (-10.0, 309.0), -inf),
    (p.power, (-10.0, 310.0), inf),
    (p.power, (0.0, 0.0), 1.0),
    (p.power, (nan, 0.0), 1.0),
    (p.mod, (-7.0, 3.0), 2.0),
    (p.mod, (7.0, 0.0), nan),
    (p.floor_divide, (7.0, 0.0), inf),
    (p.floor_divide, (-7.0, 2.0), -4.0),
    (p.fmod, (-7.0, 3.0), -1.0),
    (p.fmod, (inf, 3.0), nan),
    (p.remainder, (5.0, 3.0), -1.0),
    (p.chain, (0.0, inf), 0.0),
    (p.chain, (0.0, nan), 0.0),
    (p.chain, (inf, 0.0), nan),
    (p.exp, (710.0,), inf),
    (p.exp2, (1024.0,), inf),
    (p.expm1, (710.0,), inf),
    (p.log, (0.0,), -inf),
    (p.log, (-1.0,), nan),
    (p.log2, (0.0,), -inf),
    (p.log10, (-0.0,), -inf),
    (p.log1p, (-1.0,), -inf),
    (p.log1p, (-2.0,), nan),
    (p.sqrt, (-1.0,), nan),
    (p.sqrt, (-0.0,), -0.0),
    (p.sin, (inf,), nan),
    (p.asin, (1.5,), nan),
    (p.sinh, (-711.0,), -inf),
    (p.cosh, (-711.0,), inf),
    (p.acosh, (0.5,), nan),
    (p.atanh, (1.0,), inf),
    (p.atanh, (-1.0,), -inf),
    (p.atanh, (2.0,), nan),
    (p.gamma, (0.0,), inf),
    (p.gamma, (-0.0,), -inf),
    (p.gamma, (-1.0,), nan),
    (p.gamma, (172.0,), inf),
    (p.gamma, (-1e-309,), -inf),
    (p.lgamma, (-3.0,), inf),
    (p.lgamma, (1e306,), inf),
    (p.digamma, (0.0,), -inf),
    (p.digamma, (-0.0,), inf),
    (p.digamma, (-2.0,), nan),
    (p.digamma, (inf,), inf),
    (p.digamma, (-inf,), nan),
    (p.digamma, (1e-320,), -inf),
    (p.polygamma, (1.0, 0.0), inf),
    (p.polygamma, (1.0, 1e-200), inf),
    (p.polygamma, (2.0, 1e-200), -inf),
    (p.polygamma, (1.0, inf), 0.0),
    (p.polygamma, (0.5, 1.0), nan),
    (p.polygamma, (-1.0, 1.0), nan),
    (p.polygamma, (171.0, 0.5), nan),
    (p.ldexp, (1.5, 2.7), nan),
    (p.floor, (-0.5,), -1.0),
    (p.ceil, (-0.5,), -0.0),
    (p.trunc, (-0.5,), -0.0),
    (p.floor, (inf,), inf),
    (p.round_to, (2.5, 0.0), 2.0),
    (p.round_to, (-0.4, 0.0), -0.0),
    (p.round_to, (1.7e308, -308.0), inf),
    (p.ldexp, (1.0, 2000.0), inf),
    (p.ldexp, (1.0, nan), nan),
    (p.sign, (-0.0,), -0.0),
    (p.relu, (-0.0,), 0.0),
    (p.clip, (5.0, 2.0, 1.0), 1.0),
    (p.sigmoid, (-800.0,), 0.0),
    (p.sigmoid, (800.0,), 1.0),
    (p.softplus, (800.0,), 800.0),
    (p.silu, (-inf,), -0.0),
    (p.gelu, (-inf,), -0.0),
    (p.fsum, (1e308, 1e308, -1e308), 1e308),
    (p.fsum, (inf, -inf), nan),
    (p.fsum, (), 0.0),
    (p.dot, (), 0.0),
    (p.prod, (), 1.0),
    (p.logsumexp, (), -inf),
    (p.logsumexp, (-inf, -inf), -inf),
    (p.logsumexp, (inf, 0.0), inf),
    (p.logsumexp, (1000.0, 1000.0), 1000.0 + math.log(2.0)),
    (p.hypot, (), 0.0),
    (p.hypot, (1e300, 1e300), math.sqrt(2.0) * 1e300),
    (p.maximum, (3.0,), 3.0),
    (p.maximum, (0.0, -0.0), 0.0),
    (p.minimum, (-0.0, 0.0), -0.0),
]


@pytest.mark.parametrize(("row", "numbers", "value"), VALUES, ids=lambda x: getattr(x, "name", str(x)))
def test_special_values(row: Primitive, numbers: tuple[float, ...], value: float) -> None:
    assert same(row(*numbers), value)


PARTIALS = [
    # primitive, operands, partials with the rule at kinks, ties and borders; None: nothing flows
    (p.absolute, (0.0,), (None,)),
    (p.absolute, (-2.0,), (-1.0,)),
    (p.absolute, (nan,), (nan,)),
    (p.relu, (0.0,), (None,)),
    (p.relu, (nan,), (nan,)),
    (p.sign, (2.0,), (None,)),
    (p.sign, (nan,), (nan,)),
    (p.floor, (1.5,), (None,)),
    (p.floor_divide, (7.0, 2.0), (None, None)),
    (p.round_to, (1.5, 0.0), (None, None)),
    (p.copysign, (-2.0, 3.0), (-1.0, None)),
    (p.copysign, (0.0, -1.0), (None, None)),
    (p.maximum, (1.0, 1.0), (1.0, None)),
    (p.maximum, (1.0, 2.0, 2.0), (None, 1.0, None)),
    (p.maximum, (nan, 1.0), (nan, nan)),
    (p.minimum, (1.0, 1.0), (1.0, None)),
    (p.where, (1.0, inf, 3.0), (None, 1.0, None)),
    (p.where, (0.0, nan, 3.0), (None, None, 1.0)),
    (p.clip, (1.0, 1.0, 2.0), (1.0, None, None)),
    (p.clip, (2.0, 1.0, 2.0), (1.0, None, None)),
    (p.clip, (0.0, 1.0, 2.0), (None, 1.0, None)),
    (p.clip, (3.0, 1.0, 2.0), (None, None, 1.0)),
    (p.clip, (0.0, 2.0, 1.0), (None, None, 1.0)),
    (p.power, (0.0, 2.0), (0.0, 0.0)),
    (p.power, (0.0, 1.0), (1.0, 0.0)),
    (p.power, (0.0, 0.0), (0.0, 0.0)),
    (p.power, (-2.0, 3.0), (12.0, nan)),
    (p.power, (3.0, 0.0), (0.0, math.log(3.0))),
    (p.divide, (1.0, 0.0), (inf, -inf)),
    (p.sqrt, (0.0,), (inf,)),
    (p.cbrt, (0.0,), (inf,)),
    (p.log, (0.0,), (inf,)),
    (p.log, (-0.0,), (inf,)),
    (p.tanh, (400.0,), (0.0,)),
    (p.tanh, (20.0,), (4.0 * math.exp(-40.0),)),
    (p.sigmoid, (-800.0,), (0.0,)),
    (p.silu, (inf,), (1.0,)),
    (p.silu, (-inf,), (0.0,)),
    (p.gelu, (inf,), (1.0,)),
    (p.gelu, (-inf,), (0.0,)),
    (p.logsumexp, (-inf, 0.0), (0.0, 1.0)),
    (p.logsumexp, (-inf, -inf), (0.0, 0.0)),
    (p.hypot, (0.0, 0.0), (None, None)),
    (p.hypot, (0.0, 2.0), (0.0, 1.0)),
    (p.atan2, (0.0, 0.0), (nan, nan)),
    (p.inverse_part, (1e-160, 1e-160), (0.0, -inf)),
    (p.inverse_part, (1e-160, -2e-160), (inf, inf)),
    (p.inverse_part, (-2e-160, 1e-160), (-inf, inf)),
    (p.inverse_part, (0.0, 1e-310), (inf, 0.0)),
    (p.inverse_part, (1e-310, 0.0), (-inf, 0.0)),
    (p.bump, (1e300, -3e-308), (0.25, 1e300 * 3e-308 / 8.0)),
    (p.bump, (inf, 5e-324), (0.25, -inf)),
    (p.prod, (0.0, 0.0, 3.0), (0.0, 0.0, 0.0)),
    (p.prod, (0.0, 2.0, 3.0), (6.0, 0.0, 0.0)),
    (p.prod, (5.0,), (1.0,)),
    (p.polygamma, (1.0, 1.0), (None, p.polygamma(2.0, 1.0))),
    (p.ldexp, (3.0, 4.0), (16.0, None)),
]


@pytest.mark.parametrize(("row", "numbers", "partials"), PARTIALS, ids=lambda x: getattr(x, "name", str(x)))
def test_partials_at_kinks_ties_and_borders(
    row: Primitive, numbers: tuple[float, ...], partials: tuple[float | None, ...]
) -> None:
    node = row(*[Value(x) for x in numbers])
    assert len(node.partials) == len(partials)
    for got, expected in zip(node.partials, partials):
        assert got is expected is None or got == pytest.approx(expected, rel=1e-15, nan_ok=True)


@pytest.mark.parametrize("row", [p.fsum, p.dot, p.prod, p.logsumexp, p.hypot], ids=lambda row: row.name)
def test_of_no_operands_there_are_no_partials(row: Primitive) -> None:
    assert row.partials(row(), (), ()) == ()


@pytest.mark.parametrize("order", range(5))
@pytest.mark.parametrize("x", [-7.3, -0.4, 1e-3, 0.3, 1.4616321449683622, 4.0, 25.0, 1e9])
def test_polygamma_agrees_with_balls(order: int, x: float) -> None:
    exact = float(precision.exact_value(p.polygamma, (float(order), x)))
    assert p.polygamma(order, x) == pytest.approx(exact, rel=1e-13, abs=1e-15)


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=8))
def test_logsumexp_keeps_its_digits(numbers: list[float]) -> None:
    assert p.logsumexp(*numbers) == pytest.approx(
        float(precision.exact_value(p.logsumexp, numbers)), rel=1e-14, abs=1e-15
    )


# ── rows are functions ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_primitive_takes_any_real_number_and_returns_a_float() -> None:
    assert p.multiply(True, 3) == 3.0
    assert isinstance(p.multiply(2, 3), float)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: p.sin(1.0, 2.0), PrimitiveError, "sin takes 1 operands, got 2"),
        (lambda: p.sin("1"), OperandError, "sin: got '1' (str); expected a real number or a Value"),
        (lambda: p.mod(Value(1.0), None), OperandError, "mod: got None (NoneType); expected a real number or a Value"),
        (lambda: p.dot(1.0, 2.0, 3.0), PrimitiveError, "dot: got 3 operands; expected two halves of equal length"),
        (lambda: p.named("a"), PrimitiveError, "no primitive is called 'a'; import the module that defines it first"),
    ],
)
def test_wrong_calls(call: object, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        call()  # type: ignore[operator]
    assert str(caught.value) == text


def test_every_row_says_what_it_is() -> None:
    for row in ROWS:
        assert getattr(p, row.name) is row
        assert repr(row) == f"<primitive {row.name}>"
        assert row.arity == (None if row.many else len(row.rules))
        assert row.symbol


# ── a row of one's own ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def own_rows() -> object:
    before = dict(TABLE)
    yield
    TABLE.clear()
    TABLE.update(before)


@pytest.mark.usefixtures("own_rows")
class TestOwnPrimitives:
    def test_it_is_a_row_like_any_other(self) -> None:
        @primitive(lambda z, x: 3.0 * x**2, domain=(Interval(-2.0, 2.0),), note="x³")
        def cube(x: float) -> float:
            return x * x * x

        x = Value(2.0)
        y = cube(x) * 2.0
        y.backward()
        assert (y.data, x.grad, TABLE["cube"]) == (16.0, 24.0, cube)
        check_gradients(cube, (1.5,), order=3)

    def test_of_many_operands(self) -> None:
        @primitive(lambda z, *xs: [2.0 * x for x in xs], many=True)
        def sum_of_squares(*xs: float) -> float:
            return sum(x * x for x in xs)

        check_gradients(sum_of_squares, (1.0, 2.0, 3.0))

    def test_it_can_be_redefined_as_in_a_notebook(self) -> None:
        for factor in (1.0, 2.0):

            @primitive(lambda z, x, factor=factor: factor)
            def scaled(x: float, factor: float = factor) -> float:
                return factor * x

        assert TABLE["scaled"](3.0) == 6.0

    def test_numbers_of_any_kind_become_floats(self) -> None:
        @primitive(lambda z, x: 1)
        def plus_one(x: float) -> float:
            return int(x) + 1

        node = plus_one(Value(1.0))
        assert isinstance(node.data, float)
        assert isinstance(node.partials[0], float)

    def test_an_error_inside_is_the_users_own_and_leaves_no_trace(self) -> None:
        @primitive(lambda z, x: 1.0)
        def picky(x: float) -> float:
            return 1.0 / x

        x = Value(0.0)
        with pytest.raises(ZeroDivisionError):
            picky(x)
        assert (x.data, x.grad, x.operands) == (0.0, 0.0, ())

    @pytest.mark.parametrize(
        ("define", "error", "text"),
        [
            (
                lambda: primitive(lambda z, x: 1.0)(_called("sin")),
                PrimitiveError,
                "primitive 'sin': the library has one of this name; choose another",
            ),
            (
                lambda: primitive(lambda z, x: 1.0, domain=(p.REAL, p.REAL))(_called("own")),
                PrimitiveError,
                "primitive 'own': got 1 rules and 2 domains; expected 1",
            ),
            (
                lambda: primitive(lambda z, x: "1")(_called("own"))(Value(1.0)),
                OperandError,
                "a partial of primitive 'own': got '1' (str); expected a real number or a Value",
            ),
            (
                lambda: primitive(lambda z, x: 1.0)(_called("own", lambda x: None))(Value(1.0)),
                OperandError,
                "the value of primitive 'own': got None (NoneType); expected a real number or a Value",
            ),
            (
                lambda: primitive(lambda z, *xs: [1.0], many=True)(_called("own", lambda *xs: 1.0))(Value(1.0), 2.0),
                PrimitiveError,
                "primitive 'own': its rule gave 1 partials for 2 operands",
            ),
        ],
    )
    def test_what_does_not_fit_is_refused(self, define: object, error: type[Exception], text: str) -> None:
        with pytest.raises(error) as caught:
            define()  # type: ignore[operator]
        assert str(caught.value) == text


def _called(name: str, function: object = lambda x: x) -> object:
    function.__name__ = name  # type: ignore[attr-defined]
    return function


def test_nothing_either_way_is_nothing_whatever_the_condition() -> None:
    assert [p.choose(condition, None, None) for condition in (True, False, Value(1.0))] == [None, None, None]
