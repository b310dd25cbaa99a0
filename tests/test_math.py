"""`autograd.math` in place of the standard `math`: the same on numbers, quiet where that raises, and open to Values."""

from __future__ import annotations

import importlib
import math as standard
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import inf, isfinite, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from autograd import Value, math, primitives as p
from autograd.errors import ArgumentError, OperandError, PrimitiveError
from autograd.testing import check_gradients

numbers = st.floats() | st.floats(-9.0, 9.0) | st.integers(-9, 9).map(float)
moderate = st.floats(-1e3, 1e3)
points = st.lists(st.tuples(moderate, moderate), max_size=6).map(lambda pairs: tuple(zip(*pairs)) or ((), ()))

STANDARD = [name for name in dir(standard) if not name.startswith("_")]
OF_ONE = [
    "acos", "acosh", "asin", "asinh", "atan", "atanh", "cbrt", "cos", "cosh", "degrees", "erf", "erfc", "exp", "exp2",
    "expm1", "fabs", "gamma", "lgamma", "log", "log10", "log1p", "log2", "radians", "sin", "sinh", "sqrt", "tan",
    "tanh",
]  # fmt: skip
MORE_DIGITS = {"gamma", "lgamma"}  # than the standard library's have
OF_TWO = ["atan2", "copysign", "fmod", "hypot", "pow", "remainder"]
ROUNDING = ["ceil", "floor", "trunc"]
OWN = [
    "clip", "digamma", "dot", "gelu", "logaddexp", "logsumexp", "maximum", "minimum", "norm", "polygamma", "relu",
    "sigmoid", "sign", "silu", "softplus", "where",
]  # fmt: skip


def either(function: Callable[..., Any], *operands: Any) -> Any:
    """Return the result of the standard library, or the exception it raises."""
    try:
        return function(*operands)
    except (ValueError, ArithmeticError) as error:
        return error


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", STANDARD)
def test_every_name_of_the_standard_library_is_here(name: str) -> None:
    assert hasattr(math, name)
    assert name in dir(math)
    scope: dict[str, Any] = {}
    exec(f"from autograd.math import {name}", scope)
    assert scope[name] is getattr(math, name)


@pytest.mark.parametrize("name", ["e", "inf", "nan", "pi", "tau"])
def test_constants(name: str) -> None:
    assert repr(getattr(math, name)) == repr(getattr(standard, name))


def test_what_has_no_derivative_is_that_of_the_standard_library() -> None:
    assert (math.comb(5, 2), math.factorial(20), math.gcd(12, 18), math.isqrt(17)) == (10, 2432902008176640000, 6, 4)
    assert math.nextafter(1.0, 2.0) == standard.nextafter(1.0, 2.0)
    assert math.ulp is standard.ulp


def test_every_public_name_exists_once() -> None:
    assert len(math.__all__) == len(set(math.__all__))
    assert {*OWN, *OF_ONE, *OF_TWO, *ROUNDING} <= set(math.__all__)
    assert {name for name in dir(standard) if not name.startswith("_")} <= set(math.__all__)
    assert not any(name.startswith("_") for name in math.__all__)
    assert all(hasattr(math, name) for name in math.__all__)


def test_unknown_names_raise() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'sine'"):
        math.sine  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'sine'"):
        exec("from autograd.math import sine")


# ── numbers: the standard library, without its exceptions ────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", OF_ONE)
@given(x=numbers)
@example(x=0.0)
@example(x=-0.0)
@example(x=-1.0)
@example(x=1e308)
def test_functions_of_one_number(name: str, x: float) -> None:
    expected, result = either(getattr(standard, name), x), getattr(math, name)(x)
    if isinstance(expected, Exception):
        assert type(result) is float
        assert not isfinite(result)
    elif name in MORE_DIGITS and isfinite(expected):
        assert result == pytest.approx(expected, rel=1e-14, abs=4e-15)
    else:
        assert repr(result) == repr(expected)


@pytest.mark.parametrize("name", OF_TWO)
@given(x=numbers, y=numbers)
@example(x=0.0, y=-1.0)
@example(x=-2.0, y=0.5)
@example(x=inf, y=2.0)
def test_functions_of_two_numbers(name: str, x: float, y: float) -> None:
    expected, result = either(getattr(standard, name), x, y), getattr(math, name)(x, y)
    if isinstance(expected, Exception):
        assert type(result) is float
        assert not isfinite(result)
    else:
        assert repr(result) == repr(expected)


@given(numbers, numbers)
@example(8.0, 1.0)
@example(8.0, 0.0)
def test_logarithms_to_a_base(x: float, base: float) -> None:
    expected, result = either(standard.log, x, base), math.log(x, base)
    if isinstance(expected, Exception):
        with np.errstate(all="ignore"):
            expected = float(np.log(x) / np.log(base))
    assert repr(result) == repr(expected)
    for operands in ((Value(x), Value(base)), (Value(x), base), (x, Value(base))):
        assert repr(math.log(*operands).data) == repr(result)


@pytest.mark.parametrize("name", ROUNDING)
@given(x=numbers | st.integers() | st.fractions())
def test_rounding_gives_integers(name: str, x: Any) -> None:
    if isfinite(x):
        result = getattr(math, name)(x)
        assert result == getattr(standard, name)(x)
        assert type(result) is int
    else:
        assert repr(getattr(math, name)(x)) == repr(x)


@pytest.mark.parametrize("name", [name for name in OF_ONE if name not in ("acosh", "atanh")])
@pytest.mark.parametrize("number", [1, True, Fraction(1, 3), np.float32(0.25), np.int64(1)], ids=repr)
def test_numbers_of_any_kind_give_floats(name: str, number: Any) -> None:
    result = getattr(math, name)(number)
    assert result == pytest.approx(getattr(standard, name)(float(number)), rel=1e-15 if name in MORE_DIGITS else 0.0)
    assert type(result) is float


@pytest.mark.parametrize("name", ["log", "log2", "log10"])
@given(x=st.integers(1, 10**30) | st.integers(10**308, 10**400))
@example(x=10**400)
def test_logarithms_of_large_integers(name: str, x: int) -> None:
    assert repr(getattr(math, name)(x)) == repr(getattr(standard, name)(x))


@given(numbers, st.integers(-1100, 1100))
def test_parts_of_a_number(x: float, n: int) -> None:
    assert repr(math.modf(x)) == repr(standard.modf(x))
    assert repr(math.frexp(x)) == repr(standard.frexp(x))
    expected = either(standard.ldexp, x, n)
    assert repr(math.ldexp(x, n)) == repr(standard.copysign(inf, x) if isinstance(expected, Exception) else expected)


@given(st.lists(numbers, max_size=6))
def test_sums_and_lengths(xs: list[float]) -> None:
    assert repr(math.hypot(*xs)) == repr(standard.hypot(*xs))
    assert repr(math.norm(xs)) == repr(standard.hypot(*xs))
    expected, result = either(standard.fsum, xs), math.fsum(xs)
    assert not isfinite(result) if isinstance(expected, Exception) else repr(result) == repr(expected)


@given(st.lists(numbers, max_size=6).flatmap(lambda xs: st.tuples(st.just(xs), st.permutations(xs))))
def test_distances(points: tuple[list[float], list[float]]) -> None:
    assert repr(math.dist(*points)) == repr(standard.dist(*points))


@given(st.lists(numbers | st.integers(), max_size=6), st.just(1) | st.integers(-9, 9) | numbers)
def test_products_of_integers_are_integers(xs: list[float], start: float) -> None:
    assert repr(math.prod(xs)) == repr(standard.prod(xs))
    assert repr(math.prod(iter(xs), start=start)) == repr(either(lambda: standard.prod(xs, start=start)))


@pytest.mark.skipif(not hasattr(standard, "sumprod"), reason="the standard library has sumprod from Python 3.12 on")
@pytest.mark.parametrize(
    ("xs", "ys"),
    [([1, 2], [3, 4]), ([0.1] * 10, [1.0] * 10), ([1e100, 1.0, -1e100], [1.0] * 3), ([10.0, 20.0, 30.0], [1, 2, 3])],
)
def test_sumprod_is_that_of_the_standard_library(xs: list[float], ys: list[float]) -> None:
    assert repr(math.sumprod(xs, ys)) == repr(standard.sumprod(xs, ys))


@given(points)
def test_dot_adds_from_left_to_right(pair: tuple[tuple[float, ...], tuple[float, ...]]) -> None:
    expected = 0.0
    for x, y in zip(*pair):
        expected += x * y
    assert repr(math.dot(*pair)) == repr(expected)


@given(numbers, numbers, numbers)
def test_fma_is_the_sum_of_a_product(x: float, y: float, z: float) -> None:
    fused = getattr(standard, "fma", lambda x, y, z: x * y + z)
    expected, result = either(fused, x, y, z), math.fma(x, y, z)
    assert not isfinite(result) if isinstance(expected, Exception) else repr(result) == repr(expected)


def test_fma_gives_a_float() -> None:
    assert repr(math.fma(2, 3, 4)) == "10.0"


def test_fma_is_rounded_once_where_the_standard_library_can(monkeypatch: pytest.MonkeyPatch) -> None:
    def exact(x: float, y: float, z: float) -> float:
        return float(Fraction(x) * Fraction(y) + Fraction(z))

    monkeypatch.setattr(standard, "fma", exact, raising=False)
    x, y, z = 1.0 + 2**-30, 1.0 - 2**-30, -1.0
    assert math.fma(x, y, z) == -(2.0**-60)
    assert math.fma(Value(x), y, z).data == 0.0


@pytest.mark.parametrize(
    ("error", "operands", "expected"),
    [
        (OverflowError("overflow in fma"), (1e308, 10.0, 0.0), inf),
        (ValueError("invalid operation in fma"), (inf, 0.0, 1.0), nan),
    ],
    ids=["overflow", "invalid"],
)
def test_fma_is_quiet_where_the_standard_library_is_not(
    monkeypatch: pytest.MonkeyPatch, error: Exception, operands: tuple[float, ...], expected: float
) -> None:
    def raising(x: float, y: float, z: float) -> float:
        raise error

    monkeypatch.setattr(standard, "fma", raising, raising=False)
    assert repr(math.fma(*operands)) == repr(expected)


QUIET = [
    ("log", (0.0,), -inf), ("log", (-1.0,), nan), ("log", (8.0, 1.0), inf), ("log", (8.0, 0.0), -0.0),
    ("log", (0,), -inf), ("log2", (0,), -inf), ("log10", (0,), -inf), ("log", (-5,), nan), ("log2", (-0.0,), -inf),
    ("log10", (-2.0,), nan), ("log1p", (-1.0,), -inf), ("sqrt", (-1.0,), nan),
    ("exp", (1000.0,), inf), ("exp2", (5000.0,), inf), ("expm1", (1000.0,), inf), ("cosh", (-1000.0,), inf),
    ("sinh", (-1000.0,), -inf), ("sin", (inf,), nan), ("tan", (-inf,), nan), ("acos", (2.0,), nan),
    ("acosh", (0.0,), nan), ("atanh", (-1.0,), -inf), ("atanh", (2.0,), nan), ("gamma", (0.0,), inf),
    ("gamma", (-0.0,), -inf), ("gamma", (-1.0,), nan), ("gamma", (200.0,), inf), ("lgamma", (-2.0,), inf),
    ("pow", (0.0, -1.0), inf), ("pow", (-0.0, -3.0), -inf), ("pow", (-8.0, 1 / 3), nan), ("pow", (10.0, 400.0), inf),
    ("fmod", (1.0, 0.0), nan), ("remainder", (inf, 1.0), nan), ("ldexp", (-1.0, 5000), -inf), ("floor", (inf,), inf),
    ("ceil", (nan,), nan), ("trunc", (-inf,), -inf), ("fsum", ([inf, -inf],), nan), ("fsum", ([1e308, 1e308],), inf),
    ("fma", (inf, 0.0, 1.0), nan), ("fma", (1e308, 10.0, 0.0), inf),
]  # fmt: skip


@pytest.mark.parametrize(("name", "operands", "expected"), QUIET)
def test_no_exceptions_but_infinities_and_nan(name: str, operands: tuple[Any, ...], expected: float) -> None:
    assert repr(getattr(math, name)(*operands)) == repr(expected)
    values = [[Value(x) for x in operand] if isinstance(operand, list) else Value(operand) for operand in operands]
    assert repr(getattr(math, name)(*values).data) == repr(expected)


# ── Values: the same numbers, with derivatives ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", [*OF_ONE, *ROUNDING, "digamma", "gelu", "relu", "sigmoid", "sign", "silu", "softplus"])
@given(number=numbers)
def test_functions_of_a_value(name: str, number: float) -> None:
    f, x = getattr(math, name), Value(number)
    y, expected = f(x), f(number)
    assert isinstance(y, Value)
    if name in ROUNDING:
        expected = standard.copysign(expected, number)  # an int has no -0.0
    assert repr(y.data) == repr(expected)
    assert y.operands[0] is x


@pytest.mark.parametrize("name", [*OF_TWO, "maximum", "minimum", "logaddexp"])
@given(a=numbers, b=numbers)
def test_functions_of_two_values(name: str, a: float, b: float) -> None:
    f = getattr(math, name)
    expected = repr(f(a, b))
    for operands in ((Value(a), Value(b)), (Value(a), b), (a, Value(b))):
        assert repr(f(*operands).data) == expected


@given(numbers)
@example(inf)
@example(-inf)
@example(-0.5)
def test_parts_of_a_value(number: float) -> None:
    x = Value(number)
    fraction, whole = math.modf(x)
    assert repr((fraction.data, whole.data)) == repr(math.modf(number))
    mantissa, exponent = math.frexp(x)
    assert repr((mantissa.data, exponent)) == repr(math.frexp(number))
    assert math.ldexp(mantissa, exponent).data == pytest.approx(number, nan_ok=True, rel=0, abs=0)


def test_slopes_of_parts() -> None:
    x, y, z = Value(-2.5), Value(6.0), Value(3.0)
    fraction, whole = math.modf(x)
    (fraction + 10 * whole).backward()
    math.frexp(y)[0].backward()
    math.ldexp(z, 4).backward()
    assert (x.grad, y.grad, z.grad) == (1.0, 0.125, 16.0)


MANY: dict[str, Callable[..., Any]] = {
    "fsum": lambda *xs: math.fsum(xs),
    "prod": lambda *xs: math.prod(xs),
    "norm": lambda *xs: math.norm(xs),
    "hypot": math.hypot,
    "logsumexp": lambda *xs: math.logsumexp(xs),
    "maximum": math.maximum,
    "minimum": math.minimum,
    "dot": lambda *xs: math.dot(xs[:2], xs[2:]),
}


@pytest.mark.parametrize("name", MANY)
@given(drawn=st.lists(moderate, min_size=4, max_size=4))
def test_many_operands_make_one_node(name: str, drawn: list[float]) -> None:
    xs = [Value(x) for x in drawn]
    y = MANY[name](*xs)
    assert all(kept is given for kept, given in zip(y.operands, xs, strict=True))
    assert repr(y.data) == repr(MANY[name](*drawn))
    mixed = MANY[name](drawn[0], *xs[1:])
    assert repr(mixed.data) == repr(y.data)
    assert mixed.operands[0] == drawn[0]


@pytest.mark.parametrize("name", MANY)
def test_gradients_of_many_operands(name: str) -> None:
    check_gradients(MANY[name], (0.5, -1.25, 2.0, 0.75), order=2)


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (lambda x: math.log(x, 2), (3.0,)),
        (lambda base: math.log(3.0, base), (2.5,)),
        (math.log, (3.0, 2.5)),
        (lambda *xs: math.dist(xs[:2], xs[2:]), (1.0, 2.0, 4.0, -1.0)),
        (lambda x: math.dist([x, 1.0], [0.5, 3.0]), (2.0,)),
        (math.fma, (2.0, 3.0, 4.0)),
        (math.degrees, (0.7,)),
        (math.radians, (40.0,)),
        (math.logaddexp, (0.3, -0.6)),
        (lambda x: math.prod([x, 2, x], start=x), (1.5,)),
        (lambda x: math.where(x > 0, x * x, -x), (1.5,)),
        (lambda x, y: math.where(y, x, 3.0) * y, (1.5, 0.5)),
        (lambda x: math.polygamma(1, x), (2.5,)),
        (lambda x: math.clip(x, 0.0, 2.0) ** 3, (1.2,)),
    ],
)
def test_gradients(f: Callable[..., Any], args: tuple[float, ...]) -> None:
    check_gradients(f, args, order=2)


def test_any_iterable_of_numbers_will_do() -> None:
    x = Value(2.0)
    assert math.fsum(x * k for k in range(4)).data == 12.0
    assert math.dot(iter([x, 1.0]), range(2)).data == 1.0
    assert math.dist(np.array([x, 1.0]), (k for k in (5.0, 5.0))).data == 5.0
    assert math.norm({"a": x, "b": 1.5}.values()).data == 2.5
    assert math.logsumexp(np.zeros(4)) == standard.log(4.0)
    assert math.prod(np.array([x, x])).data == 4.0


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: math.fsum([]), 0.0),
        (lambda: math.prod([]), 1),
        (lambda: math.prod([], start=2.5), 2.5),
        (lambda: math.dot([], []), 0.0),
        (lambda: math.dist([], []), 0.0),
        (lambda: math.norm([]), 0.0),
        (lambda: math.hypot(), 0.0),
        (lambda: math.logsumexp([]), -inf),
    ],
)
def test_nothing_at_all(call: Callable[[], Any], expected: float) -> None:
    assert repr(call()) == repr(expected)


def test_sumprod_of_numbers_is_a_number_on_every_python() -> None:
    assert math.sumprod([1, 2], (3, 4)) == 11


def test_sumprod_of_values_is_their_dot_product() -> None:
    x, y = Value(2.0), Value(5.0)
    z = math.sumprod([x, 2.0], (3, y))
    z.backward()
    assert (z.data, z.primitive, z.operands, x.grad, y.grad) == (16.0, p.dot, (x, 2.0, 3.0, y), 3.0, 2.0)


def test_prod_starts_with_a_value() -> None:
    x = Value(3.0)
    y = math.prod([2, 5.0], start=x)
    assert (y.data, y.operands) == (30.0, (x, 2.0, 5.0))


@given(st.lists(st.floats(-700.0, 700.0), min_size=1, max_size=5), st.floats(-1e6, 1e6))
def test_logsumexp_does_not_overflow(xs: list[float], shift: float) -> None:
    """Shifting all operands shifts the result."""
    shifted = [x + shift for x in xs]
    assert math.logsumexp(shifted) == pytest.approx(math.logsumexp(xs) + shift, rel=1e-12, abs=1e-9)
    assert math.logaddexp(shifted[0], shifted[-1]) == math.logsumexp([shifted[0], shifted[-1]])


@pytest.mark.parametrize(
    ("condition", "selected"),
    [
        (True, "x"), (False, "y"), (1, "x"), (0.0, "y"), (np.True_, "x"), (np.False_, "y"),
        (Value(0.5), "x"), (Value(0.0), "y"), (Value(2.0) > 1, "x"),
    ],
    ids=repr,
)  # fmt: skip
def test_where_selects_one_and_passes_nothing_to_the_other(condition: Any, selected: str) -> None:
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    z = math.where(condition, x, y)
    z.backward()
    chosen, other = (x, y) if selected == "x" else (y, x)
    assert (z.data, chosen.grad, other.grad) == (chosen.data, 1.0, 0.0)
    assert math.where(condition, 2, 3) == chosen.data


@pytest.mark.parametrize("name", ["isnan", "isinf", "isfinite"])
@given(number=numbers)
def test_questions_look_at_the_number(name: str, number: float) -> None:
    expected = getattr(standard, name)(number)
    assert getattr(math, name)(number) is expected
    assert getattr(math, name)(Value(number)) is expected
    assert getattr(math, name)(Value(number) + 0.0) is expected


@given(moderate, st.floats(0.0, 0.1))
def test_isclose_looks_at_the_numbers(number: float, off: float) -> None:
    other = number * (1.0 + off)
    for tolerances in ({}, {"rel_tol": 0.01}, {"abs_tol": 0.5}, {"rel_tol": 0.0, "abs_tol": 1.0}):
        expected = standard.isclose(number, other, **tolerances)
        assert math.isclose(number, other, **tolerances) is expected
        assert math.isclose(Value(number), other, **tolerances) is expected
        assert math.isclose(number, Value(other), **tolerances) is expected


def test_the_standard_functions_that_ask_the_number_give_values() -> None:
    x = Value(-2.5)
    for name, expected in (("floor", -3.0), ("ceil", -2.0), ("trunc", -2.0)):
        y = getattr(standard, name)(x)
        assert (type(y), y.data, y.operands) == (Value, expected, (x,))


def test_code_for_the_standard_library_works_after_changing_one_line() -> None:
    source = (
        "def f(x): return math.sqrt(math.pi) * math.exp(-x**2) + math.floor(x) % math.factorial(3) - math.hypot(x, 2)"
    )
    results = []
    for module in ("math", "autograd.math"):
        scope = {"math": importlib.import_module(module)}
        exec(source, scope)
        results.append(scope["f"](3.7))
    assert results[0] == results[1] == scope["f"](Value(3.7)).data


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────────

NUMBER = "expected a real number or a Value"


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: math.dot([1, 2], [1]), ArgumentError, "dot: got 2 and 1 numbers; expected equally many"),
        (lambda: math.dot(iter("ab"), ()), ArgumentError, "dot: got 2 and 0 numbers; expected equally many"),
        (
            lambda: math.dist((1, 2), (Value(1.0), 2, 3)),
            ArgumentError,
            "dist: got points of 2 and 3 coordinates; expected equally many",
        ),
        (lambda: math.dist("ab", "c"), ArgumentError, "dist: got points of 2 and 1 coordinates; expected equally many"),
        (lambda: math.exp("1"), OperandError, f"exp: got '1' (str); {NUMBER}"),
        (lambda: math.exp(None), OperandError, f"exp: got None (NoneType); {NUMBER}"),
        (lambda: math.sqrt(4j), OperandError, f"sqrt: got 4j (complex); {NUMBER}"),
        (lambda: math.sin(np.array([1.0, 2.0])), OperandError, f"sin: got array([1., 2.]) (ndarray); {NUMBER}"),
        (lambda: math.log(Decimal(2)), OperandError, f"log: got Decimal('2') (Decimal); {NUMBER}"),
        (lambda: math.log(2, "2"), OperandError, f"log: got '2' (str); {NUMBER}"),
        (lambda: math.pow(Value(1.0), [2]), OperandError, f"power: got [2] (list); {NUMBER}"),
        (lambda: math.maximum([1, 2]), OperandError, f"maximum: got [1, 2] (list); {NUMBER}"),
        (lambda: math.fsum([1.0, "2"]), OperandError, f"fsum: got '2' (str); {NUMBER}"),
        (lambda: math.fsum("12"), OperandError, f"fsum: got '1' (str); {NUMBER}"),
        (lambda: math.dot([1.0], [None]), OperandError, f"dot: got None (NoneType); {NUMBER}"),
        (lambda: math.norm([Value(1.0), "2"]), OperandError, f"hypot: got '2' (str); {NUMBER}"),
        (lambda: math.prod([Value(1.0), "2"]), OperandError, f"prod: got '2' (str); {NUMBER}"),
        (lambda: math.where(True, 1.0, "2"), OperandError, f"where: got '2' (str); {NUMBER}"),
        (lambda: math.degrees("1"), OperandError, f"degrees: got '1' (str); {NUMBER}"),
        (lambda: math.degrees(1j), OperandError, f"degrees: got 1j (complex); {NUMBER}"),
        (lambda: math.radians([1.0]), OperandError, f"radians: got [1.0] (list); {NUMBER}"),
        (lambda: math.fma(1j, 2.0, 3.0), OperandError, f"fma: got 1j (complex); {NUMBER}"),
        (lambda: math.fma("a", 2, "b"), OperandError, f"fma: got 'a' (str); {NUMBER}"),
        (lambda: math.sin(1.0, 2.0), PrimitiveError, "sin takes 1 operands, got 2"),
        (lambda: math.atan2(Value(1.0)), PrimitiveError, "atan2 takes 2 operands, got 1"),
    ],
)
def test_wrong_calls(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text


@pytest.mark.parametrize("name", ["fsum", "norm", "logsumexp"])
@pytest.mark.parametrize("thing", [5, Value(5.0)], ids=["int", "Value"])
def test_sums_take_an_iterable(name: str, thing: Any) -> None:
    with pytest.raises(TypeError, match=f"'(autograd.)?{type(thing).__name__}' object is not iterable"):
        getattr(math, name)(thing)


def test_the_functions_are_the_rows_of_the_table() -> None:
    assert (math.sin, math.pow, math.fabs) == (p.sin, p.power, p.absolute)
