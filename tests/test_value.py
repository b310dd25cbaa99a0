"""What a Value does: its numbers, arithmetic, comparisons, printing, gradients, and what it refuses."""

from __future__ import annotations

import gc
import math as standard_math
import operator
import sys
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction
from math import copysign, inf, isfinite, isnan, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from autograd import Value, adjoints, grad, math, primitives as p
from autograd.errors import ArgumentError, GraphError, OperandError
from autograd.graph import topological_order
from autograd.testing import graphs

numbers = st.floats() | st.floats(-9.0, 9.0) | st.integers(-9, 9).map(float)
nonzero = st.floats(-9.0, 9.0).filter(lambda x: abs(x) > 0.1)

BINARY = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "** or pow()": operator.pow,
}
RELATIONS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]
every_operator = pytest.mark.parametrize("symbol", BINARY)
every_relation = pytest.mark.parametrize("relation", RELATIONS, ids=lambda relation: relation.__name__)


def ieee(symbol: str, a: float, b: float) -> float:
    """Return what Python gives; where it raises or turns complex, what IEEE 754 gives."""
    try:
        result = BINARY[symbol](a, b)
    except ArithmeticError:
        with np.errstate(all="ignore"):
            result = BINARY[symbol](np.float64(a), np.float64(b))
    return nan if isinstance(result, complex) else float(result)


def said(caught: pytest.ExceptionInfo[Exception]) -> str:
    """Return what an error says. Python names a compiled type with its module, as it does decimal.Decimal."""
    return str(caught.value).replace("autograd.Value", "Value")


def state(*values: Value) -> str:
    return repr([(x.data, x.grad, x.label, x.primitive, x.operands, x.partials, x.number) for x in values])


def test_the_readme_example_of_micrograd() -> None:
    a = Value(-4.0)
    b = Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert (f"{g.data:.4f}", f"{a.grad:.4f}", f"{b.grad:.4f}") == ("24.7041", "138.8338", "645.5773")


# ── what a Value keeps ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_leaf_keeps_its_number() -> None:
    x = Value(3.0, label="x")
    assert (x.data, x.grad, x.label, x.primitive, x.operands, x.partials) == (3.0, 0.0, "x", None, (), ())


def test_a_result_keeps_what_it_was_made_from() -> None:
    x = Value(3.0)
    y = x * x
    assert (y.data, y.grad, y.label, y.primitive, y.partials) == (9.0, 0.0, "", p.multiply, (3.0, 3.0))
    assert len(y.operands) == 2
    assert all(operand is x for operand in y.operands)


def test_constants_are_operands_and_no_nodes() -> None:
    x = Value(3.0)
    y = 2 - x
    assert (type(y.operands[0]), y.operands[0], y.partials) == (float, 2.0, (None, -1.0))
    assert topological_order(y) == [x, y]


def test_results_are_newer_than_operands() -> None:
    x, z = Value(1.0), Value(2.0)
    y = x * z
    assert x.number < z.number < y.number


def test_a_value_has_no_other_attributes() -> None:
    with pytest.raises(AttributeError):
        Value(1.0).gradient = 2.0


# ── accepted numbers ─────────────────────────────────────────────────────────────────────────────────────────────────

ACCEPTED = [
    3, -7, 2**60 + 1, True, False, 0.1, -0.0, inf, Fraction(1, 3),
    np.float64(0.1), np.float32(0.1), np.float16(0.1), np.longdouble(0.5), np.int64(-5), np.uint8(200),
]  # fmt: skip


@pytest.mark.parametrize("number", ACCEPTED, ids=lambda x: f"{type(x).__name__} {x}")
def test_real_numbers_become_floats_at_once(number: Any) -> None:
    x, expected = Value(number), repr(float(number))
    assert repr(x.data) == expected
    assert type(x.data) is float
    x.data = x.grad = number
    assert (repr(x.data), repr(x.grad), type(x.data), type(x.grad)) == (expected, expected, float, float)
    y = x * number
    assert (repr(y.operands[1]), type(y.operands[1])) == (expected, float)
    z = number + x
    assert (z.data, type(z.data)) == (float(number) + x.data, float)
    leaf = Value(1.0)
    leaf.backward(seed=number)
    assert (leaf.grad, type(leaf.grad)) == (float(number), float)
    assert math.maximum(leaf, number).data == max(1.0, float(number))


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError


REFUSED = [
    ("1.5", "'1.5' (str)"),
    ("1" * 50, "'111111111111111111111111111111111111... (str)"),
    (1j, "1j (complex)"),
    (None, "None (NoneType)"),
    ([1.0], "[1.0] (list)"),
    ((1.0,), "(1.0,) (tuple)"),
    ({}, "{} (dict)"),
    (np.array([1.0, 2.0]), "array([1., 2.]) (ndarray)"),
    (np.array(1.0), "array(1.) (ndarray)"),
    (Decimal("1.5"), "Decimal('1.5') (Decimal)"),
    (float, "<class 'float'> (type)"),
    (Unprintable(), "an object (Unprintable)"),
]


@pytest.mark.parametrize(("thing", "described"), [*REFUSED, (Value(2.0), "Value(data=2.0, grad=0.0) (Value)")])
@pytest.mark.parametrize(
    ("use", "where"),
    [
        (lambda x, thing: Value(thing), "Value"),
        (lambda x, thing: setattr(x, "data", thing), "data"),
        (lambda x, thing: setattr(x, "grad", thing), "grad"),
        (lambda x, thing: x.backward(thing), "backward: seed"),
    ],
    ids=["Value", "data", "grad", "seed"],
)
def test_what_is_no_number_is_refused(use: Any, where: str, thing: Any, described: str) -> None:
    x = Value(1.0, label="x")
    before = state(x)
    with pytest.raises(OperandError) as caught:
        use(x, thing)
    assert str(caught.value) == f"{where}: got {described}; expected a real number"
    assert state(x) == before


@pytest.mark.parametrize(("thing", "described"), REFUSED)
@pytest.mark.parametrize(
    ("use", "where"),
    [
        (lambda x, thing: x.arctan2(thing), "atan2"),
        (lambda x, thing: math.atan2(thing, x), "atan2"),
        (lambda x, thing: math.maximum(1.0, x, thing), "maximum"),
        (lambda x, thing: math.fsum([x, thing]), "fsum"),
    ],
    ids=["method", "function", "many", "sum"],
)
def test_functions_say_what_they_were_given(use: Any, where: str, thing: Any, described: str) -> None:
    with pytest.raises(OperandError) as caught:
        use(Value(1.0), thing)
    assert str(caught.value) == f"{where}: got {described}; expected a real number or a Value"


@every_operator
@pytest.mark.parametrize("stranger", [None, 1j, Decimal(1), object()], ids=lambda x: type(x).__name__)
def test_operators_leave_strangers_to_python(symbol: str, stranger: Any) -> None:
    x, name = Value(1.0), type(stranger).__name__
    python_name = "decimal.Decimal" if name == "Decimal" else name
    for a, b, types in ((x, stranger, ("Value", python_name)), (stranger, x, (python_name, "Value"))):
        with pytest.raises(TypeError) as caught:
            BINARY[symbol](a, b)
        assert said(caught) == "unsupported operand type(s) for {}: '{}' and '{}'".format(symbol, *types)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x: x + "1", "unsupported operand type(s) for +: 'Value' and 'str'"),
        (lambda x: "1" + x, 'can only concatenate str (not "Value") to str'),
        (lambda x: x * "1", "can't multiply sequence by non-int of type 'Value'"),
        (lambda x: [1] * x, "can't multiply sequence by non-int of type 'Value'"),
        (lambda x: x - [1], "unsupported operand type(s) for -: 'Value' and 'list'"),
        (lambda x: divmod(x, "1"), "unsupported operand type(s) for divmod(): 'Value' and 'str'"),
        (lambda x: divmod("1", x), "unsupported operand type(s) for divmod(): 'str' and 'Value'"),
    ],
)
def test_sequences_are_no_numbers(call: Callable[[Any], Any], text: str) -> None:
    with pytest.raises(TypeError) as caught:
        call(Value(1.0))
    assert said(caught) == text


@pytest.mark.parametrize("use", [Value, lambda huge: Value(1.0) * huge, lambda huge: math.exp(huge)])
def test_integers_too_large_for_a_float_raise_as_in_python(use: Callable[[int], Any]) -> None:
    with pytest.raises(OverflowError, match="int too large to convert to float"):
        use(10**400)


class Foreign:
    """A number type that knows how to work with Values."""

    def answer(self, other: object) -> str:
        return f"asked about {type(other).__name__}"

    __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rfloordiv__ = __rmod__ = __rpow__ = __rdivmod__ = answer
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = answer
    __hash__ = object.__hash__


@pytest.mark.parametrize("operation", [*BINARY.values(), divmod, *RELATIONS], ids=lambda f: f.__name__)
def test_foreign_types_have_their_turn(operation: Callable[[Any, Any], Any]) -> None:
    assert operation(Value(1.0), Foreign()) == "asked about Value"


# ── arithmetic ───────────────────────────────────────────────────────────────────────────────────────────────────────


@every_operator
@given(a=numbers, b=numbers)
@example(a=1.0, b=0.0)
@example(a=-1.0, b=-0.0)
@example(a=0.0, b=-1.0)
@example(a=-0.0, b=-3.0)
@example(a=-8.0, b=1 / 3)
@example(a=-10.0, b=309.0)
@example(a=1e308, b=1e308)
@example(a=inf, b=inf)
def test_operators_compute_what_floats_compute(symbol: str, a: float, b: float) -> None:
    """To the bit, on either side, and without exceptions."""
    f, expected = BINARY[symbol], repr(ieee(symbol, a, b))
    x, y = Value(a), Value(b)
    for node, operands in ((f(x, y), (x, y)), (f(x, b), (x, b)), (f(a, y), (a, y))):
        assert repr(node.data) == expected
        for kept, given_ in zip(node.operands, operands, strict=True):
            assert kept is given_ if isinstance(given_, Value) else repr(kept) == repr(given_)


@pytest.mark.parametrize(
    ("compute", "expected"),
    [
        (lambda x: x / 0, inf),
        (lambda x: -x / 0, -inf),
        (lambda x: x / -0.0, -inf),
        (lambda x: (x - x) / 0, nan),
        (lambda x: 1 / (x - x), inf),
        (lambda x: x // 0, inf),
        (lambda x: x % 0, nan),
        (lambda x: (-8 * x) ** (1 / 3), nan),
        (lambda x: (x - x) ** -1, inf),
        (lambda x: (10 * x) ** 400, inf),
        (lambda x: (-10 * x) ** 401, -inf),
        (lambda x: 1e308 * x * 10, inf),
        (lambda x: (-x).log(), nan),
        (lambda x: (x - x).log(), -inf),
        (lambda x: (1000 * x).exp(), inf),
        (lambda x: (-x).sqrt(), nan),
    ],
)
def test_arithmetic_is_quiet(compute: Callable[[Any], Value], expected: float) -> None:
    y = compute(Value(1.0))
    y.backward()
    assert repr(y.data) == repr(expected)


@given(numbers, numbers)
def test_divmod_computes_what_floats_compute(a: float, b: float) -> None:
    expected = repr((ieee("//", a, b), ieee("%", a, b)))
    for pair in (divmod(Value(a), Value(b)), divmod(Value(a), b), divmod(a, Value(b))):
        assert isinstance(pair, tuple)
        assert repr(tuple(part.data for part in pair)) == expected


@given(numbers)
def test_signs_compute_what_floats_compute(a: float) -> None:
    x = Value(a)
    assert repr(((-x).data, (+x).data, abs(x).data)) == repr((-a, a, abs(a)))
    assert (+x) is not x


@pytest.mark.parametrize("function", [round, standard_math.floor, standard_math.ceil, standard_math.trunc])
@given(a=numbers)
@example(a=2.5)
@example(a=-0.5)
@example(a=1e300)
def test_rounding_to_an_integer_is_that_of_floats(function: Callable[[Any], Any], a: float) -> None:
    node = function(Value(a))
    assert isinstance(node, Value)
    assert repr(node.data) == repr(copysign(function(a), a) if isfinite(a) else a)  # IEEE 754: zeros keep the sign


@given(numbers, st.integers(-4, 20))
@example(2.675, 2)
@example(-0.04, 1)
@example(nan, 1)
def test_rounding_to_digits_is_that_of_floats(a: float, digits: int) -> None:
    assert repr(round(Value(a), digits).data) == repr(round(a, digits))


def test_rounding_beyond_the_largest_float_is_infinite() -> None:
    with pytest.raises(OverflowError):
        round(-1.7e308, -308)
    assert round(Value(-1.7e308), -308).data == -inf


@pytest.mark.parametrize("digits", ["2", 1.5, [2], Value(1.0)], ids=repr)
def test_rounding_takes_a_whole_number_of_digits(digits: Any) -> None:
    x = Value(2.345)
    with pytest.raises(TypeError) as caught:
        round(x, digits)
    assert said(caught) == f"'{type(digits).__name__}' object cannot be interpreted as an integer"


def test_a_value_cannot_be_subclassed() -> None:
    with pytest.raises(TypeError) as caught:
        type("Own", (Value,), {})
    assert str(caught.value) == "Own: a Value cannot be subclassed; hold one in an attribute instead"


def test_pow_takes_no_modulus() -> None:
    with pytest.raises(TypeError):
        pow(Value(2.0), 3, 5)


def test_assignment_operators_make_new_values() -> None:
    x = y = Value(3.0)
    y += 1
    y *= 2
    y -= 1
    y /= 2
    y **= 2
    y //= 1
    y %= 5
    assert (x.data, y.data) == (3.0, 2.0)
    assert x.operands == ()


@pytest.mark.parametrize(
    ("compute", "slope"),
    [
        (lambda x: x + 3, 1.0),
        (lambda x: 3 + x, 1.0),
        (lambda x: x - 3, 1.0),
        (lambda x: 3 - x, -1.0),
        (lambda x: x * 3, 3.0),
        (lambda x: 3 * x, 3.0),
        (lambda x: x / 4, 0.25),
        (lambda x: 4 / x, -1.0),
        (lambda x: x**3, 12.0),
        (lambda x: 2**x, 4.0 * standard_math.log(2.0)),
        (lambda x: (-x) ** 3, -12.0),
        (lambda x: x**x, 4.0 * (standard_math.log(2.0) + 1.0)),
        (lambda x: x % 3, 1.0),
        (lambda x: 7.5 % x, -3.0),
        (lambda x: x // 3, 0.0),
        (lambda x: 7.5 // x, 0.0),
        (lambda x: sum(divmod(7.5, x)), -3.0),
        (lambda x: sum(divmod(x, 3)), 1.0),
        (lambda x: -x, -1.0),
        (lambda x: +x, 1.0),
        (lambda x: abs(-x), 1.0),
        (lambda x: round(x * 1.3), 0.0),
        (lambda x: x * x + x, 5.0),
        (lambda x: x - x, 0.0),
        (lambda x: x / x, 0.0),
    ],
)
def test_slopes_at_two(compute: Callable[[Any], Value], slope: float) -> None:
    x = Value(2.0)
    compute(x).backward()
    assert x.grad == pytest.approx(slope, rel=1e-15)


# ── functions as methods ─────────────────────────────────────────────────────────────────────────────────────────────

SAME_NAME = [
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "sin", "cos", "tan", "sinh", "cosh",
    "tanh", "fabs", "floor", "ceil", "trunc", "relu", "sigmoid", "softplus", "silu", "gelu", "degrees", "radians",
]  # fmt: skip
NUMPY_NAME = [
    ("arcsin", "asin"), ("arccos", "acos"), ("arctan", "atan"), ("arcsinh", "asinh"), ("arccosh", "acosh"),
    ("arctanh", "atanh"), ("rad2deg", "degrees"), ("deg2rad", "radians"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "function"), [*zip(SAME_NAME, SAME_NAME), *NUMPY_NAME])
def test_methods_are_the_functions(method: str, function: str) -> None:
    number = 1.25 if function == "acosh" else 0.75
    x, y = Value(number), Value(number)
    by_method, by_function = getattr(x, method)(), getattr(math, function)(y)
    by_method.backward()
    by_function.backward()
    assert by_method.operands[0] is x
    assert (by_method.data, by_method.primitive, x.grad) == (by_function.data, by_function.primitive, y.grad)


@pytest.mark.parametrize(
    ("method", "function"), [("arctan2", "atan2"), ("hypot", "hypot"), ("fmod", "fmod"), ("copysign", "copysign")]
)
def test_methods_of_two_operands(method: str, function: str) -> None:
    x, y = Value(-1.5), Value(2.0)
    node = getattr(x, method)(y)
    assert (node.data, node.operands) == (getattr(standard_math, function)(-1.5, 2.0), (x, y))
    assert getattr(x, method)(2).data == node.data


def test_rint_rounds_half_to_even_and_conjugate_is_the_value() -> None:
    x = Value(2.5)
    assert x.rint().data == 2.0
    assert x.conjugate() is x


def test_methods_have_a_name_and_a_docstring() -> None:
    assert (Value.exp.__name__, Value.exp.__doc__) == ("exp", "Return `autograd.math.exp` of this Value.")


# ── comparisons, truth, hash ─────────────────────────────────────────────────────────────────────────────────────────


@every_relation
@given(a=numbers, b=numbers, same=st.booleans())
def test_comparisons_are_those_of_the_numbers(relation: Callable[..., Any], a: float, b: float, same: bool) -> None:
    b = a if same else b
    expected = relation(a, b)
    for left, right in ((Value(a), Value(b)), (Value(a), b), (a, Value(b))):
        assert relation(left, right) is expected


@every_relation
@pytest.mark.parametrize("number", [1, 2**53 + 1, 10**400, True, Fraction(3, 2), np.float32(1.5), np.int64(2)], ids=str)
@pytest.mark.parametrize("a", [1.0, 1.5, 2.0**53, inf, nan])
def test_comparisons_with_other_numbers(relation: Callable[..., Any], number: Any, a: float) -> None:
    assert relation(Value(a), number) == relation(a, number)
    assert relation(number, Value(a)) == relation(number, a)


@pytest.mark.parametrize("thing", ["1.0", None, [1.0], 1j, object()], ids=lambda x: type(x).__name__)
def test_things_that_are_no_numbers_are_unequal_and_unordered(thing: Any) -> None:
    x = Value(1.0)
    assert (x == thing) is (thing == x) is False
    assert (x != thing) is (thing != x) is True
    with pytest.raises(TypeError) as caught:
        x < thing  # noqa: B015
    assert said(caught) == f"'<' not supported between instances of 'Value' and '{type(thing).__name__}'"


def test_a_hash_is_that_of_the_object() -> None:
    x, y = Value(1.0), Value(1.0)
    assert x == y
    assert len({x, y, x}) == 2
    assert {x: "x", y: "y"}[x] == "x"
    before = hash(x)
    x.data = 2.0
    assert hash(x) == before


@pytest.mark.parametrize("a", [0.0, -0.0, 1.0, -5e-324, inf, nan])
def test_truth_is_that_of_the_number(a: float) -> None:
    assert bool(Value(a)) is bool(a)


def test_values_can_be_sorted_and_searched() -> None:
    x, y, z = Value(2.0), Value(1.0), Value(3.0)
    assert [v.data for v in sorted([x, y, z])] == [1.0, 2.0, 3.0]
    assert max(x, y, z) is z
    assert [x, y].index(1.0) == 1


# ── printing and labels ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (Value(0.7071, label="y"), "Value(data=0.7071, grad=0.0, label='y')"),
        (Value(1), "Value(data=1.0, grad=0.0)"),
        (Value(-0.0), "Value(data=-0.0, grad=0.0)"),
        (Value(nan), "Value(data=nan, grad=0.0)"),
        (Value(-inf), "Value(data=-inf, grad=0.0)"),
        (Value(1e-300), "Value(data=1e-300, grad=0.0)"),
        (Value(1.0, label="it's\n"), 'Value(data=1.0, grad=0.0, label="it\'s\\n")'),
    ],
)
def test_repr_shows_number_gradient_and_label(x: Value, text: str) -> None:
    assert repr(x) == str(x) == f"{x}" == format(x) == text


def test_the_class_is_shown_by_its_public_name() -> None:
    assert repr(Value) == "<class 'autograd.Value'>"


def test_repr_shows_the_gradient() -> None:
    x = Value(3.0, label="x")
    (x * x).backward()
    assert repr(x) == "Value(data=3.0, grad=6.0, label='x')"


@pytest.mark.parametrize("spec", [".3f", "+.2e", "10.4g", "%", ">12", "n", "_.1f"])
@given(a=st.floats())
def test_format_formats_the_number(spec: str, a: float) -> None:
    assert format(Value(a), spec) == format(a, spec)


def test_unknown_formats_raise_as_for_floats() -> None:
    with pytest.raises(ValueError, match="Unknown format code 'd' for object of type 'float'"):
        format(Value(1.0), "d")


def test_a_label_can_be_given_later() -> None:
    x = Value(1.0)
    y = x + 1
    x.label, y.label = "x", "y"
    assert (x.label, y.label, repr(y)) == ("x", "y", "Value(data=2.0, grad=0.0, label='y')")


# ── what would cut the graph ─────────────────────────────────────────────────────────────────────────────────────────

FLOAT = "float(x) would cut the graph: use x.data for the number, autograd.math.exp(x) and its like for functions"
INT = "int(x) would cut the graph: use int(x.data) for the number, autograd.math.trunc(x) for the function"


@pytest.mark.parametrize(
    ("cut", "text"),
    [
        (float, FLOAT),
        (standard_math.exp, FLOAT),
        (standard_math.isnan, FLOAT),
        (lambda x: standard_math.atan2(1.0, x), FLOAT),
        (lambda x: "%.3f" % x, FLOAT),  # noqa: UP031
        (int, INT),
    ],
)
@pytest.mark.parametrize("x", [Value(0.5), Value(0.5) * 2], ids=["leaf", "result"])
def test_what_would_cut_the_graph_is_refused(x: Value, cut: Callable[[Any], Any], text: str) -> None:
    with pytest.raises(OperandError) as caught:
        cut(x)
    assert str(caught.value) == text


def test_complex_is_refused() -> None:
    with pytest.raises(OperandError, match="would cut the graph"):
        complex(Value(1.0))


def test_a_value_is_no_index() -> None:
    with pytest.raises(TypeError) as caught:
        range(Value(2.0))
    assert said(caught) == "'Value' object cannot be interpreted as an integer"


# ── backward ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_leaves_accumulate_and_inner_nodes_are_set_afresh() -> None:
    x = Value(3.0)
    square = x * x
    cube = square * x
    for call in (1, 2, 3):
        cube.backward()
        assert (x.grad, square.grad, cube.grad) == (27.0 * call, 3.0, 1.0)


@given(graphs())
def test_a_second_call_doubles_the_leaves_exactly(drawn: tuple[Value, list[Value]]) -> None:
    root, leaves = drawn
    inner = [node for node in topological_order(root) if node.operands]
    root.backward()
    once, fresh = [2 * x.grad for x in leaves], [node.grad for node in inner]
    root.backward()
    assert [x.grad for x in leaves] == once
    assert [node.grad for node in inner] == fresh


@given(graphs())
def test_backward_leaves_what_adjoints_returns(drawn: tuple[Value, list[Value]]) -> None:
    root, leaves = drawn
    expected = [x.data if isinstance(x, Value) else x for x in adjoints(root, leaves)]
    root.backward()
    assert [x.grad for x in leaves] == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_several_results_accumulate_in_a_shared_leaf() -> None:
    x = Value(2.0)
    (x * 3).backward()
    (x * x).backward()
    assert x.grad == 7.0
    x.grad = 0.0
    (5 * x).backward()
    assert x.grad == 5.0


@pytest.mark.parametrize("seed", [2.0, -0.5, 0.0, 3, inf])
def test_the_seed_is_the_adjoint_of_the_root(seed: float) -> None:
    x = Value(3.0)
    square = x * x
    y = 2 * square
    y.backward(seed)
    assert (y.grad, square.grad, x.grad) == (seed, 2 * seed, 12 * seed)


def test_backward_on_a_leaf_adds_the_seed() -> None:
    x = Value(3.0)
    x.backward()
    x.backward(seed=0.5)
    assert x.grad == 1.5


def test_nodes_that_the_root_does_not_need_are_left_alone() -> None:
    x, other = Value(3.0), Value(4.0)
    above, beside = (x * other) * 2, other * 2
    beside.backward()
    (x * x).backward()
    assert (x.grad, other.grad, beside.grad, above.grad) == (6.0, 2.0, 1.0, 0.0)


def test_shared_nodes_are_visited_once() -> None:
    """There are 2¹⁰⁰⁰ ways from the result to the leaf."""
    x = y = Value(1.0)
    for _ in range(1000):
        y = y + y
    y.backward()
    assert x.grad == y.data == 2.0**1000


@given(nonzero, nonzero, st.floats(-1e3, 1e3))
def test_a_leaf_changed_after_the_computation_does_not_change_the_gradient(a: float, b: float, changed: float) -> None:
    def gradient(change: bool) -> tuple[float, float]:
        x, y = Value(a), Value(b)
        z = x * y + (x / y).sin() * x**2
        if change:
            x.data = y.data = changed
        z.backward()
        return x.grad, y.grad

    assert gradient(change=True) == gradient(change=False)


def test_only_the_number_of_a_leaf_can_be_set() -> None:
    x = Value(1.0)
    x.data -= 0.25
    assert x.data == 0.75
    y = x * 2
    before = state(x, y)
    with pytest.raises(GraphError) as caught:
        y.data = 3.0
    assert str(caught.value) == "data: this Value was computed; only that of a leaf, made with Value(...), can be set"
    assert state(x, y) == before
    y.grad = 3.0
    assert y.grad == 3.0


def test_graphs_are_freed_without_the_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        x = Value(2.0)
        y = (x * x).sin() + x
        y.backward()
        inner = weakref.ref(y.operands[0])
        del y
        assert inner() is None
        assert gc.collect() == 0
    finally:
        gc.enable()


# ── errors leave everything as it was ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        (lambda x, y: y.backward("1"), OperandError, "backward: seed: got '1' (str); expected a real number"),
        (lambda x, y: setattr(x, "label", None), ArgumentError, "label: got None; expected a str"),
        (lambda x, y: setattr(y, "label", b"y"), ArgumentError, "label: got b'y'; expected a str"),
        (lambda x, y: Value(1.0, label=3), ArgumentError, "label: got 3; expected a str"),
        (lambda x, y: x + None, TypeError, "unsupported operand type(s) for +: 'Value' and 'NoneType'"),
        (lambda x, y: operator.iadd(x, None), TypeError, "unsupported operand type(s) for +=: 'Value' and 'NoneType'"),
        (lambda x, y: y.hypot(None), OperandError, "hypot: got None (NoneType); expected a real number or a Value"),
        (lambda x, y: float(y), OperandError, FLOAT),
    ],
)
def test_errors_leave_everything_as_it_was(wrong: Any, error: type[Exception], text: str) -> None:
    x = Value(3.0, label="x")
    y = x * x
    y.backward()
    before = state(x, y)
    with pytest.raises(error) as caught:
        wrong(x, y)
    assert said(caught) == text
    assert state(x, y) == before


# ── NaN, infinities, zeros ───────────────────────────────────────────────────────────────────────────────────────────


def test_nan_reaches_every_adjoint_that_depends_on_it() -> None:
    x, w, b = Value(nan), Value(2.0), Value(1.0)
    y = x * w + b
    y.backward()
    assert isnan(y.data)
    assert isnan(w.grad)
    assert (x.grad, b.grad) == (2.0, 1.0)  # these do not


@pytest.mark.parametrize("function", ["exp", "sin", "sqrt", "log", "tanh", "relu", "fabs", "floor", "sigmoid"])
def test_nan_in_gives_nan_out(function: str) -> None:
    x = Value(nan)
    y = getattr(math, function)(x)
    y.backward()
    assert isnan(y.data)
    assert isnan(x.grad)


def test_a_nan_seed_reaches_the_leaves() -> None:
    x = Value(2.0)
    (x * 3 + 1).backward(nan)
    assert isnan(x.grad)


UNSELECTED = [
    # what is computed, where, and its first and second derivative there: those of the selected side only
    ("where: slope inf on the other side", lambda x: math.where(x > 0, math.sqrt(x), 3 * x), 0.0, 3.0, 0.0),
    ("where: NaN on the other side", lambda x: math.where(x > 0, math.log(x), x * x), -1.0, -2.0, 2.0),
    ("where: a pole on the other side", lambda x: math.where(x == 0, 1 - x, math.sin(x) / x), 0.0, -1.0, 0.0),
    ("where: nested", lambda x: math.where(x < 0, 0.0, math.where(x > 0, 1 / x, 5 * x)), 0.0, 5.0, 0.0),
    ("maximum", lambda x: math.maximum(x * x, 1 / x), -2.0, -4.0, 2.0),
    ("maximum: -inf, slope inf", lambda x: math.maximum(math.log(x), 2 * x), 0.0, 2.0, 0.0),
    ("minimum", lambda x: math.minimum(1 / x, x - x * x), 0.0, 1.0, -2.0),
    ("relu", lambda x: math.relu(-1 / x) + x, 0.0, 1.0, 0.0),
    ("relu at its kink", lambda x: math.relu(math.cbrt(x)) + x, 0.0, 1.0, 0.0),
    ("abs at its kink", lambda x: abs(math.cbrt(x)) + x, 0.0, 1.0, 0.0),
    ("clip", lambda x: math.clip(1 / x, 0.0, 1.0) + x, 0.0, 1.0, 0.0),
    ("sign", lambda x: math.sign(math.sqrt(x)) + x, 0.0, 1.0, 0.0),
    ("floor", lambda x: math.floor(math.sqrt(x)) + x, 0.0, 1.0, 0.0),
]


@pytest.mark.parametrize(("case", "compute", "at", "first", "second"), UNSELECTED, ids=[row[0] for row in UNSELECTED])
def test_an_operand_that_was_not_selected_gets_an_exact_zero_at_every_order(
    case: str, compute: Callable[[Any], Any], at: float, first: float, second: float
) -> None:
    x = Value(at)
    compute(x).backward()
    assert x.grad == first
    assert grad(compute)(at) == first
    assert grad(grad(compute))(at) == second
    assert grad(grad(grad(compute)))(at) == 0.0


@pytest.mark.parametrize(
    "select",
    [
        lambda x, y: math.maximum(x, y),
        lambda x, y: math.minimum(x, -y),
        lambda x, y: math.where(True, x, y),
        lambda x, y: math.where(y > 0, y, x),
        lambda x, y: math.clip(x, y, 1.0),
        lambda x, y: math.maximum(x, math.relu(y)),
        lambda x, y: math.maximum(x, abs(y + 1)),
    ],
)
def test_an_infinite_adjoint_does_not_leak_into_the_side_that_was_not_selected(select: Callable[..., Any]) -> None:
    x, y = Value(0.0), Value(-1.0)
    math.sqrt(select(x, y)).backward()
    assert (x.grad, y.grad) == (inf, 0.0)


@pytest.mark.parametrize(
    ("compute", "at", "derivatives"),
    [
        (lambda x: 0.0 * math.sqrt(x), 0.0, (0.0, 0.0)),
        (lambda x: 0.0 * math.log(x) + x * x, 0.0, (0.0, 2.0)),
        (lambda x: (x - x) * math.sqrt(x) * 0.0, 0.0, (0.0, 0.0)),
        (lambda x: math.sqrt(x) ** 2, 0.0, (0.0,)),
    ],
)
def test_a_zero_adjoint_passes_nothing_on(
    compute: Callable[[Any], Any], at: float, derivatives: tuple[float, ...]
) -> None:
    """The slope of sqrt and log is infinite at 0, but 0 times it is 0 here."""
    x = Value(at)
    compute(x).backward()
    f = compute
    for order, expected in enumerate(derivatives):
        f = grad(f)
        assert f(at) == expected, order
    assert x.grad == derivatives[0]


def test_a_zero_partial_under_an_infinite_adjoint_is_nan() -> None:
    """The derivative of log(x²) at 0 does not exist, so it must not be reported as 0."""
    x = Value(0.0)
    y = math.log(x * x)
    y.backward()
    assert y.data == -inf
    assert isnan(x.grad)


# ── threads ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_graphs_in_different_threads_do_not_interfere() -> None:
    def work(place: int) -> tuple[float, float]:
        x = y = Value(float(place))
        for step in range(300):
            y = y * 0.5 + x if step % 2 else y + x.sin()
        y.backward()
        return y.data, x.grad

    alone = [work(place) for place in range(24)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(24))) == alone
    finally:
        sys.setswitchinterval(interval)
