"""The transforms against closed formulas, against each other on random programs, and around each other."""

from __future__ import annotations

import math as stdlib
import pickle
from collections.abc import Callable, Iterator
from copy import deepcopy
from fractions import Fraction
from functools import partial, reduce
from itertools import pairwise, product
from math import cos, cosh, e, exp, inf, isnan, log, sin, sinh
from threading import Thread
from typing import Any

import numpy
import pytest
from hypothesis import given, strategies as st

from autograd import (
    Value,
    adjoints,
    core,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    math,
    primitives as p,
    value_and_grad,
    vjp,
)
from autograd.errors import ArgumentError, GraphError
from autograd.graph import topological_order
from autograd.testing import Expression, expressions

Scalar = Callable[[Any], Any]


def by_adjoints(f: Scalar) -> Scalar:
    def derivative(x: Any) -> Any:
        x = x if isinstance(x, Value) else Value(x)
        y = f(x)
        return adjoints(y, x) if isinstance(y, Value) else 0.0

    return derivative


# Every way to the derivative of a function of one number, and to its second derivative.
FIRST: dict[str, Callable[[Scalar], Scalar]] = {
    "grad": grad,
    "value_and_grad": lambda f: lambda x: value_and_grad(f)(x)[1],
    "jacobian": jacobian,
    "jacobian forward": lambda f: lambda x: jacobian(lambda x: (f(x), f(x)))(x)[1],  # fewer inputs than outputs
    "jvp": lambda f: lambda x: jvp(f, (x,), (1.0,))[1],
    "vjp": lambda f: lambda x: vjp(f, x)[1](1.0)[0],
    "adjoints": by_adjoints,
}
SECOND: dict[str, Callable[[Scalar], Scalar]] = {
    "hessian": hessian,
    "hvp": lambda f: lambda x: hvp(f, (x,), (1.0,))[0],
    **{f"{a} of {b}": lambda f, outer=FIRST[a], inner=FIRST[b]: outer(inner(f)) for a, b in product(FIRST, FIRST)},
}


def number(x: Any) -> float:
    return x.data if isinstance(x, Value) else x


def size(output: Any, x: Value) -> float:
    """The sum, over all ways from `x` to the output, of |product of the partials|: what rounding is relative to."""
    sizes = {x: 1.0}
    for node in topological_order(output) if isinstance(output, Value) else ():
        if node is not x:
            ways = zip(node.operands, node.partials)
            sizes[node] = sum(sizes[o] * abs(d) for o, d in ways if isinstance(o, Value) and d is not None)
    return sizes.get(output, 0.0)


def near(x: float, scale: float) -> Any:
    """Equal but for rounding in sums of terms of this size, and for underflow."""
    return pytest.approx(x, rel=0, abs=1e-13 * scale + 1e-300)


def units(count: int) -> Iterator[list[float]]:
    return ([float(i == k) for i in range(count)] for k in range(count))


# ── closed formulas ──────────────────────────────────────────────────────────────────────────────────────────────────

FORMULAS: list[tuple[str, Scalar, float, float, float]] = [
    # what, f, x, f′(x), f″(x)
    ("x", lambda x: x, 2.0, 1.0, 0.0),
    ("5", lambda x: 5, 2.0, 0.0, 0.0),
    ("3x - 1", lambda x: 3 * x - 1, 2.0, 3.0, 0.0),
    ("x³ - 2x", lambda x: x**3 - 2 * x, 1.5, 3 * 1.5**2 - 2, 9.0),
    ("1 / x", lambda x: 1 / x, 4.0, -1 / 16, 1 / 32),
    ("2ˣ", lambda x: 2**x, 3.0, 8 * log(2), 8 * log(2) ** 2),
    ("xˣ", lambda x: x**x, 2.0, 4 * (log(2) + 1), 4 * ((log(2) + 1) ** 2 + 0.5)),
    ("sin x", math.sin, 0.7, cos(0.7), -sin(0.7)),
    ("exp(-x²)", lambda x: math.exp(-x * x), 0.5, -exp(-0.25), -exp(-0.25)),
    ("log(1 + x²)", lambda x: math.log(1 + x * x), 2.0, 0.8, -0.24),
    ("tanh x", math.tanh, 0.5, 1 / cosh(0.5) ** 2, -2 * sinh(0.5) / cosh(0.5) ** 3),
    ("sin exp x", lambda x: math.sin(math.exp(x)), 0.0, cos(1), cos(1) - sin(1)),
    ("x eˣ, x used thrice", lambda x: x * math.exp(x) + 0 * x, 1.0, 2 * e, 3 * e),
    ("x² for x > 0, else -x", lambda x: x * x if x > 0 else -x, -3.0, -1.0, 0.0),
    ("a loop", lambda x: reduce(lambda product, _: product * x, range(3), 1.0), 2.0, 12.0, 12.0),
]


@pytest.mark.parametrize(("f", "x", "slope"), [c[1:4] for c in FORMULAS], ids=[c[0] for c in FORMULAS])
@pytest.mark.parametrize("way", FIRST)
def test_first_derivatives(way: str, f: Scalar, x: float, slope: float) -> None:
    assert number(FIRST[way](f)(x)) == pytest.approx(slope, rel=1e-14, abs=1e-15)


@pytest.mark.parametrize(("f", "x", "curvature"), [(c[1], c[2], c[4]) for c in FORMULAS], ids=[c[0] for c in FORMULAS])
@pytest.mark.parametrize("way", SECOND)
def test_second_derivatives(way: str, f: Scalar, x: float, curvature: float) -> None:
    assert number(SECOND[way](f)(x)) == pytest.approx(curvature, rel=1e-13, abs=1e-14)


def rosenbrock(x: list[Any]) -> Any:
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in pairwise(x))


def test_rosenbrock() -> None:
    x = [-1.0, 2.0]
    assert value_and_grad(rosenbrock)(x) == (104.0, [396.0, 200.0])
    assert hessian(rosenbrock)(x) == [[402.0, 400.0], [400.0, 200.0]]
    assert hvp(rosenbrock, (x,), ([1.0, -1.0],)) == ([2.0, 200.0],)
    assert jvp(rosenbrock, (x,), ([1.0, -1.0],)) == (104.0, 196.0)


def test_polar_coordinates() -> None:
    def polar(r: Any, angle: Any) -> tuple[Any, Any]:
        return r * math.cos(angle), r * math.sin(angle)

    r, a = 2.0, 0.5
    expected = ((cos(a), -r * sin(a)), (sin(a), r * cos(a)))
    assert jacobian(polar, argnums=(0, 1))(r, a) == expected
    output, pull_back = vjp(polar, r, a)
    assert output == (r * cos(a), r * sin(a))
    assert (pull_back((1.0, 0.0)), pull_back((0.0, 1.0))) == expected
    assert jvp(polar, (r, a), (0.0, 1.0)) == (output, (expected[0][1], expected[1][1]))


def test_a_long_computation() -> None:
    """A chain of 4,000 operations, at the default recursion limit."""

    def f(x: Any) -> Any:
        y = x
        for _ in range(2_000):
            y = 1.0001 * y + x
        return y * x

    slope, curvature = grad(f)(1.0), hessian(f)(1.0)
    assert hvp(f, (1.0,), (1.0,))[0] == pytest.approx(curvature, rel=1e-12)
    assert jvp(f, (1.0,), (1.0,))[1] == pytest.approx(slope, rel=1e-12) == curvature  # f = c x², here at x = 1


# ── laws, on random programs ─────────────────────────────────────────────────────────────────────────────────────────


def of_list(expression: Expression) -> Callable[[list[Any]], Any]:
    return lambda xs: expression(*xs)


@given(expressions())
def test_the_reverse_transforms_agree_to_the_bit(expression: Expression) -> None:
    f, point = of_list(expression), list(expression.point)
    leaves = [Value(x) for x in point]
    output = f(leaves)
    output.backward()
    expected = [x.grad for x in leaves]
    assert value_and_grad(f)(point) == (output.data, expected)
    assert grad(f)(point) == expected
    assert jacobian(lambda xs: [f(xs)])(point) == [expected]
    assert vjp(f, point)[1](1.0) == (expected,)
    assert [x.data for x in adjoints(output, leaves)] == expected
    assert grad(expression, argnums=range(len(point)))(*point) == tuple(expected)


@given(expressions())
def test_forward_agrees_with_reverse(expression: Expression) -> None:
    f, point = of_list(expression), list(expression.point)
    leaves = [Value(x) for x in point]
    output = f(leaves)
    slopes = grad(f)(point)
    rows = jacobian(lambda xs: [f(xs)] * (len(point) + 1))(point)  # fewer inputs than outputs: forward
    assert rows == [rows[0]] * (len(point) + 1)
    for i, unit in enumerate(units(len(point))):
        value, slope = jvp(f, (point,), (unit,))
        assert (value, slope) == (output.data, rows[0][i])
        assert slope == near(slopes[i], size(output, leaves[i]))


@given(expressions(max_steps=6), st.data())
def test_the_hessian_is_symmetric_and_hvp_multiplies_by_it(expression: Expression, data: st.DataObject) -> None:
    f, point = of_list(expression), list(expression.point)
    count = range(len(point))
    leaves = [Value(x) for x in point]
    slopes = adjoints(f(leaves), leaves)
    sizes = [[size(slope, x) for x in leaves] for slope in slopes]
    matrix = hessian(f)(point)
    assert matrix == [[number(x) for x in adjoints(slope, leaves)] for slope in slopes]
    for i, k in product(count, count):
        assert matrix[i][k] == near(matrix[k][i], 10 * max(sizes[i][k], sizes[k][i]))
    v = data.draw(st.lists(st.floats(-2, 2), min_size=len(point), max_size=len(point)))
    (along,) = hvp(f, (point,), (v,))
    ways = {
        "hvp": along,
        "jvp of grad": jvp(grad(f), (point,), (v,))[1],
        "grad of jvp": grad(lambda xs: jvp(f, (xs,), (v,))[1])(point),
        "vjp of grad": vjp(grad(f), point)[1](v)[0],
        "rows of jacobian of grad": [sum(a * b for a, b in zip(row, v)) for row in jacobian(grad(f))(point)],
    }
    for name, product_with_v in ways.items():
        for i in count:
            expected = sum(matrix[i][k] * v[k] for k in count)
            scale = sum(max(sizes[i][k], sizes[k][i]) * abs(v[k]) for k in count)
            assert product_with_v[i] == near(expected, 10 * scale), name


@given(expressions(max_variables=1, max_steps=4), expressions(max_variables=1, max_steps=4), st.floats(-3, 3))
def test_sum_product_and_chain_rule(f: Expression, g: Expression, c: float) -> None:
    """Of two programs of one variable each, so that each is smooth where it is asked."""
    (x,), (y,) = f.point, g.point
    leaves = Value(x), Value(y)
    u, v = f(leaves[0]), g(leaves[1])
    (du, dv), (su, sv) = (grad(f)(x), grad(g)(y)), (size(u, leaves[0]), size(v, leaves[1]))

    def both(way: Callable[[Any, Any], Any]) -> tuple[float, float]:
        return grad(lambda x, y: way(f(x), g(y)), argnums=(0, 1))(x, y)

    assert both(lambda a, b: a + b) == (du, dv)
    assert both(lambda a, b: c * a - b) == (near(c * du, abs(c) * su), near(-dv, sv))
    expected = near(du * v.data, su * abs(v.data)), near(dv * u.data, sv * abs(u.data))
    assert both(lambda a, b: a * b) == expected
    outer = near(cos(u.data) * du, su)
    assert grad(lambda x: math.sin(f(x)))(x) == outer
    value, slope = jvp(math.sin, *[(t,) for t in jvp(f, (x,), (1.0,))])
    assert (value, slope) == (sin(u.data), outer)


# ── any nesting, exactly: polynomials with dyadic coefficients at dyadic points ──────────────────────────────────────

Polynomial = dict[tuple[int, int], Fraction]  # the coefficient of xⁱ yᵏ


def evaluate(terms: Polynomial, x: Any, y: Any) -> Any:
    return sum((float(c) if isinstance(x, float | Value) else c) * x**i * y**k for (i, k), c in terms.items())


def derivative_of(terms: Polynomial, place: int) -> Polynomial:
    found: Polynomial = {}
    for powers, c in terms.items():
        if powers[place]:
            i, k = powers
            found[(i - 1, k) if place == 0 else (i, k - 1)] = c * powers[place]
    return found


def pair(place: int) -> tuple[float, float]:
    return (1.0, 0.0) if place == 0 else (0.0, 1.0)


# Ways to differentiate a function of x and y with respect to the one in this place, …
ONCE: dict[str, Callable[[Any, int], Any]] = {
    "grad": lambda f, i: grad(f, argnums=i),
    "value_and_grad": lambda f, i: lambda x, y: value_and_grad(f, argnums=(0, 1))(x, y)[1][i],
    "jacobian": lambda f, i: lambda x, y: jacobian(lambda x, y: {"f": f(x, y)}, argnums=(0, 1))(x, y)["f"][i],
    "jacobian forward": lambda f, i: lambda x, y: jacobian(lambda *xy: [f(*xy)] * 2, argnums=i - 2)(x, y)[0],
    "jvp": lambda f, i: lambda x, y: jvp(f, (x, y), pair(i))[1],
    "vjp": lambda f, i: lambda x, y: vjp(f, x, y)[1](1.0)[i],
}
# … and with respect to the ones in two places.
TWICE: dict[str, Callable[[Any, int, int], Any]] = {
    "hessian": lambda f, i, k: lambda x, y: hessian(f, argnums=(0, 1))(x, y)[i][k],
    "hvp": lambda f, i, k: lambda x, y: hvp(f, (x, y), pair(i))[k],
}
dyadic = st.integers(-8, 8).map(lambda n: Fraction(n, 4))
polynomials = st.dictionaries(st.tuples(st.integers(0, 4), st.integers(0, 4)), dyadic, min_size=1, max_size=3)
places = st.integers(0, 1)
step = st.tuples(st.sampled_from([*ONCE]), places) | st.tuples(st.sampled_from([*TWICE]), places, places)


@given(polynomials, dyadic, dyadic, st.lists(step, min_size=1, max_size=4))
def test_any_nesting_is_exact_on_polynomials(terms: Polynomial, x: Fraction, y: Fraction, steps: list[Any]) -> None:
    f, order = partial(evaluate, terms), 0
    for name, *chosen in steps:
        order += len(chosen)
        if order > 4:
            break
        f = (ONCE | TWICE)[name](f, *chosen)
        for place in chosen:
            terms = derivative_of(terms, place)
    found = f(float(x), float(y))
    assert type(found) is float
    assert Fraction(found) == evaluate(terms, x, y)


@pytest.mark.parametrize("powers", [*product(range(3), range(3))])
def test_mixed_derivatives_of_powers_at_the_origin(powers: tuple[int, int]) -> None:
    """x ** i has a derivative of 0 from order i + 1 on, also where x ** -1 is infinite."""
    i, k = powers
    for mode, steps in product(("grad", "jvp"), product((0, 1), repeat=4)):
        f, expected = (lambda x, y: x**i * y**k), {powers: Fraction(1)}
        for place in steps:
            f, expected = ONCE[mode](f, place), derivative_of(expected, place)
            assert f(0.0, 0.0) == evaluate(expected, Fraction(0), Fraction(0))


@pytest.mark.parametrize(
    "fourth",
    [
        hessian(hessian(lambda x: x**6)),
        grad(grad(hessian(lambda x: x**6))),
        hessian(grad(grad(lambda x: x**6))),
        grad(hessian(grad(lambda x: x**6))),
        lambda x: hvp(hessian(lambda x: x**6), (x,), (1.0,))[0],
        hessian(lambda x: hvp(lambda x: x**6, (x,), (1.0,))[0]),
        lambda x: vjp(lambda x: vjp(hessian(lambda x: x**6), x)[1](1.0)[0], x)[1](1.0)[0],
        lambda x: jvp(lambda x: jvp(hessian(lambda x: x**6), (x,), (1.0,))[1], (x,), (1.0,))[1],
        reduce(lambda f, D: D(f), [grad] * 4, lambda x: x**6),
    ],
)
def test_fourth_derivatives(fourth: Scalar) -> None:
    assert fourth(-1.5) == 360 * 1.5**2
    assert type(fourth(2.0)) is float


# ── arguments ────────────────────────────────────────────────────────────────────────────────────────────────────────


def xyz(x: Any, y: Any, z: Any = 1.0) -> Any:
    """Multiply x, y², z³."""
    return x * y**2 * z**3


@pytest.mark.parametrize(
    ("argnums", "expected"),
    [
        (0, 4.0 * 125.0),
        (2, 3.0 * 4.0 * 75.0),
        (-1, 3.0 * 4.0 * 75.0),
        (-3, 4.0 * 125.0),
        ((0,), (500.0,)),
        ((0, 1), (500.0, 1500.0)),
        ((2, 0), (900.0, 500.0)),
        ([1, -1], (1500.0, 900.0)),
        (range(2), (500.0, 1500.0)),
        ((), ()),
    ],
)
def test_argnums(argnums: Any, expected: Any) -> None:
    assert grad(xyz, argnums)(3.0, 2.0, 5.0) == expected
    assert value_and_grad(xyz, argnums=argnums)(3.0, 2.0, 5.0) == (1500.0, expected)
    assert jacobian(xyz, argnums)(3, 2, 5) == expected


@pytest.mark.parametrize(
    ("argnums", "expected"),
    [(0, 0.0), (1, 2 * 3.0 * 125.0), (-1, 6 * 5.0 * 12.0), ((0, 1), ((0.0, 500.0), (500.0, 750.0))), ((0,), ((0.0,),))],
)
def test_argnums_of_hessian(argnums: Any, expected: Any) -> None:
    assert hessian(xyz, argnums)(3.0, 2.0, 5.0) == expected


@pytest.mark.parametrize("transform", [grad, value_and_grad, jacobian, hessian])
@pytest.mark.parametrize("argnums", [(0, 0), (1, -2)])
def test_an_argument_cannot_be_asked_for_twice(transform: Any, argnums: tuple[int, int]) -> None:
    """One of the two gradients would be 0."""
    with pytest.raises(ArgumentError, match=rf"^{transform.__name__}: argnums is "):
        transform(xyz, argnums)(3.0, 2.0, 5.0)


def test_other_arguments_go_through_untouched() -> None:
    seen: list[Any] = []
    other, by_name = object(), [1, "two"]

    def f(x: Any, other: Any, *, by_name: Any) -> Any:
        seen[:] = [other, by_name]
        return x * x

    for transform, expected in [(grad, 6.0), (jacobian, 6.0), (hessian, 2.0), (value_and_grad, (9.0, 6.0))]:
        seen.clear()
        assert transform(f)(3.0, other, by_name=by_name) == expected
        assert seen[0] is other
        assert seen[1] is by_name


@pytest.mark.parametrize("transform", [grad, value_and_grad, jacobian, hessian])
def test_the_function_keeps_its_name(transform: Any) -> None:
    made = transform(xyz)
    assert (made.__name__, made.__doc__, made.__wrapped__) == ("xyz", "Multiply x, y², z³.", xyz)


class Squared:
    """A callable object."""

    def __call__(self, x: Any) -> Any:
        return x * x

    method = __call__


@pytest.mark.parametrize(
    "f", [Squared(), Squared().method, partial(xyz, 3.0, z=1 / 3 ** (1 / 3)), lambda *xs: xs[0] ** 2, p.absolute]
)
def test_anything_that_can_be_called_is_a_function(f: Any) -> None:
    assert grad(f)(0.5) == pytest.approx(1.0)


@pytest.mark.parametrize("x", [3, True, Fraction(1, 2)])
def test_real_numbers_of_any_kind_are_differentiated_as_floats(x: Any) -> None:
    value, slope = value_and_grad(lambda x: x * x)(x)
    assert (value, slope) == (float(x) ** 2, 2.0 * x)
    assert type(value) is type(slope) is float


def test_has_aux() -> None:
    def f(x: Any, y: Any) -> Any:
        return x * y, {"name": "f", "parts": [x, y, None], "kept": (1, x + y)}

    aux = {"name": "f", "parts": [3.0, 2.0, None], "kept": (1, 5.0)}
    assert grad(f, has_aux=True)(3.0, 2.0) == (2.0, aux)
    assert value_and_grad(f, argnums=(0, 1), has_aux=True)(3.0, 2.0) == ((6.0, aux), (2.0, 3.0))
    assert jvp(f, (3.0, 2.0), (1.0, 10.0), has_aux=True) == (6.0, 32.0, aux)
    output, pull_back, found = vjp(f, 3.0, 2.0, has_aux=True)
    assert (output, pull_back(1.0), found) == (6.0, (2.0, 3.0), aux)
    assert all(type(x) is float for x in found["parts"][:2])


def test_what_is_no_container_goes_out_as_it_is() -> None:
    thing = object()
    assert grad(lambda x: (x, thing), has_aux=True)(1.0)[1] is thing


# ── numbers out; Values where Values from before the call came in ────────────────────────────────────────────────────


@pytest.mark.parametrize("constant", [5, 5.0, True, Fraction(5), Value(5.0)])
def test_a_constant_has_derivative_0(constant: Any) -> None:
    def f(x: Any) -> Any:
        return constant

    expected = number(constant)
    for value, slope in (value_and_grad(f)(3.0), jvp(f, (3.0,), (1.0,))):
        assert (number(value), slope) == (expected, 0.0)
    output, pull_back = vjp(f, 3.0)
    assert (number(output), pull_back(1.0)) == (expected, (0.0,))
    assert (jacobian(f)(3.0), hessian(f)(3.0), hvp(f, (3.0,), (1.0,))) == (0.0, 0.0, (0.0,))


@pytest.mark.parametrize("constant", [5, True, Fraction(5, 2)])
def test_results_are_floats(constant: Any) -> None:
    """Also where a branch returns a plain 0, for example."""
    value, slope = value_and_grad(lambda x: constant)(3.0)
    assert (type(value), type(slope)) == (float, float)
    value, (slope, _) = jvp(lambda x: [constant, x], (3.0,), (1.0,))
    assert (type(value[0]), type(slope)) == (float, float)
    assert type(vjp(lambda x: constant, 3.0)[0]) is float


def total(xs: list[Any]) -> Any:
    result = Value(0.0)
    for x in xs:
        result = result + x * x
    return result


def test_functions_may_start_from_values_of_their_own() -> None:
    value, slopes = value_and_grad(total)([1.0, 2.0])
    assert (value, slopes) == (5.0, [2.0, 4.0])
    assert [type(x) for x in (value, *slopes)] == [float] * 3
    assert hessian(total)([1.0, 2.0]) == [[2.0, 0.0], [0.0, 2.0]]
    assert jvp(total, ([1.0, 2.0],), ([1.0, 1.0],)) == (5.0, 6.0)
    assert type(jvp(total, ([1.0, 2.0],), ([1.0, 1.0],))[1]) is float


CAPTURED = {  # of f(x) = w² x³ at x = 2, w = 3: what it is, its value, ∂/∂w of it
    "value": (lambda f: value_and_grad(f)(2.0)[0], 72.0, 48.0),
    "grad": (lambda f: grad(f)(2.0), 108.0, 72.0),
    "jacobian": (lambda f: jacobian(f)(2.0), 108.0, 72.0),
    "jacobian forward": (lambda f: jacobian(lambda x: [1.0, f(x)])(2.0)[1], 108.0, 72.0),
    "hessian": (lambda f: hessian(f)(2.0), 108.0, 72.0),
    "hvp": (lambda f: hvp(f, (2.0,), (1.0,))[0], 108.0, 72.0),
    "jvp, output": (lambda f: jvp(f, (2.0,), (1.0,))[0], 72.0, 48.0),
    "jvp": (lambda f: jvp(f, (2.0,), (1.0,))[1], 108.0, 72.0),
    "vjp, output": (lambda f: vjp(f, 2.0)[0], 72.0, 48.0),
    "vjp": (lambda f: vjp(f, 2.0)[1](1.0)[0], 108.0, 72.0),
    "aux": (lambda f: grad(lambda x: (f(x), [f(x)]), has_aux=True)(2.0)[1][0], 72.0, 48.0),
    "aux alone": (lambda f: grad(lambda x: (x, {"f": f(x)}), has_aux=True)(2.0)[1]["f"], 72.0, 48.0),
    "aux alone, jvp": (lambda f: jvp(lambda x: (x, f(x)), (2.0,), (1.0,), has_aux=True)[2], 72.0, 48.0),
    "aux alone, vjp": (lambda f: vjp(lambda x: (x, f(x)), 2.0, has_aux=True)[2], 72.0, 48.0),
}


@pytest.mark.parametrize("what", CAPTURED)
def test_captured_parameters_get_gradients(what: str) -> None:
    compute, value, slope = CAPTURED[what]
    w = Value(3.0)
    result = compute(lambda x: w**2 * x**3)
    assert isinstance(result, Value)
    result.backward()
    assert (result.data, w.grad) == (value, slope)


@pytest.mark.parametrize("what", CAPTURED)
def test_captured_variables_of_an_outer_derivative(what: str) -> None:
    compute, _, slope = CAPTURED[what]
    assert grad(lambda w: compute(lambda x: w**2 * x**3))(3.0) == slope
    assert jvp(lambda w: compute(lambda x: w**2 * x**3), (3.0,), (1.0,))[1] == slope


def test_values_as_arguments_directions_and_adjoints() -> None:
    def through(make: Callable[[Value], Any]) -> tuple[float, float]:
        w = Value(3.0)
        result = make(w)
        result.backward()
        return result.data, w.grad

    assert through(grad(lambda x: x**3)) == (27.0, 18.0)
    assert through(hessian(lambda x: x**3)) == (18.0, 6.0)
    assert through(lambda w: grad(lambda xs: xs[0] ** 2 * xs[1])([2.0, w])[0]) == (12.0, 4.0)
    assert through(lambda w: grad(lambda x, y: x**2 * y)(2.0, w)) == (12.0, 4.0)
    assert through(lambda w: jvp(lambda x: x**2, (2.0,), (w,))[1]) == (12.0, 4.0)
    assert through(lambda w: jvp(lambda x: x**2, (w,), (w,))[1]) == (18.0, 12.0)
    assert through(lambda w: hvp(lambda x: x**3, (2.0,), (w,))[0]) == (36.0, 12.0)
    assert through(lambda w: vjp(lambda x: x**2, 2.0)[1](w)[0]) == (12.0, 4.0)


@pytest.mark.parametrize("way", FIRST)
def test_directions_and_adjoints_that_are_0_now_still_vary(way: str) -> None:
    """A Value of 0 is no zero: what depends on it has derivatives."""
    assert number(FIRST[way](lambda w: jvp(lambda x: x**2, (2.0,), (w,))[1])(0.0)) == 4.0
    assert number(FIRST[way](lambda w: hvp(lambda x: x**3, (2.0,), (w,))[0])(0.0)) == 12.0
    assert number(FIRST[way](lambda w: vjp(lambda x: x**2, 2.0)[1](w)[0])(0.0)) == 4.0
    assert number(FIRST[way](lambda w: grad(lambda x: w * x)(2.0))(0.0)) == 1.0


def test_an_output_may_be_older_than_the_call() -> None:
    w = Value(3.0)
    for output in (value_and_grad(lambda x: w)(2.0)[0], jvp(lambda x: w, (2.0,), (1.0,))[0], vjp(lambda x: w, 2.0)[0]):
        output.backward()
    assert w.grad == 3.0


def test_what_does_not_depend_on_older_values_is_a_number() -> None:
    w = Value(3.0)
    assert type(grad(lambda x, y: x * x)(2.0, w)) is float
    assert type(grad(lambda x: x * x * w.data)(2.0)) is float
    assert w.grad == 0.0


def test_outputs_that_are_one_node_count_twice() -> None:
    def twice(x: Any) -> list[Any]:
        y = x * x
        return [y, y, 2 * y]

    assert vjp(twice, 3.0)[1]([1.0, 10.0, 100.0]) == (6.0 + 60.0 + 1200.0,)
    assert jacobian(twice)(3.0) == [6.0, 6.0, 12.0]


def test_an_output_may_be_an_argument() -> None:
    assert jacobian(lambda x, y: [y, x, x], argnums=(0, 1))(1.0, 2.0) == [(0.0, 1.0), (1.0, 0.0), (1.0, 0.0)]


def test_the_pull_back_can_be_called_again() -> None:
    _, pull_back = vjp(lambda x, y: [x * y, x], 3.0, 2.0)
    assert pull_back([1.0, 0.0]) == (2.0, 3.0)
    assert pull_back([0.0, 1]) == (1.0, 0.0)
    assert pull_back([1.0, 0.0]) == (2.0, 3.0)


def test_threads_do_not_interfere() -> None:
    found: dict[int, Any] = {}

    def work(k: int) -> None:
        found[k] = [hessian(lambda x: x**4 + Value(0.0) * x)(float(k)) for _ in range(200)]

    threads = [Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {k: [12.0 * k * k] * 200 for k in range(4)}


# ── adjoints of a graph ──────────────────────────────────────────────────────────────────────────────────────────────


def test_adjoints_are_values_and_leave_grad_alone() -> None:
    x, y = Value(2.0), Value(5.0)
    inner = x * y
    output = inner * inner + x
    found = adjoints(output, {"x": x, "rest": [y, inner, output, Value(1.0)]})
    assert found["x"].data == 101.0
    assert [v.data for v in found["rest"]] == [40.0, 20.0, 1.0, 0.0]
    assert all(isinstance(v, Value) for v in found["rest"])
    assert [v.grad for v in (x, y, inner, output)] == [0.0] * 4


def test_a_rule_is_asked_only_for_what_is_wanted() -> None:
    asked: list[str] = []

    @p.primitive(lambda z, x, y: asked.append("x") or y, lambda z, x, y: asked.append("y") or x)
    def area(x: float, y: float) -> float:
        return x * y

    x, y = Value(2.0), Value(5.0)
    output = area(x, y)
    asked.clear()
    assert adjoints(output, x).data == 5.0
    assert asked == ["x"]


def test_adjoints_to_fourth_order() -> None:
    x = Value(2.0)
    slopes = [x**5]
    for _ in range(4):
        slopes.append(adjoints(slopes[-1], x))
    assert [s.data for s in slopes] == [32.0, 80.0, 160.0, 240.0, 240.0]


CHANGED: list[tuple[str, Scalar, float, float]] = [
    ("square", lambda x: x * x, 3.0, 5.0),
    ("power", lambda x: x**3, 2.0, 4.0),
    ("sine", math.sin, 1.0, 2.0),
    ("selection", lambda x: math.maximum(x, 1.0), 2.0, 0.0),
    ("deeper", lambda x: math.exp(math.sin(x) * 2.0), 1.0, 2.0),
    ("NaN", lambda x: math.log(x), 1.0, stdlib.nan),
    ("odd: the slopes agree, the curvatures do not", math.sin, 1.0, -1.0),
    ("cube: the slopes agree, the curvatures do not", lambda x: x**3, 1.0, -1.0),
]


@pytest.mark.parametrize(("f", "old", "new"), [c[1:] for c in CHANGED], ids=[c[0] for c in CHANGED])
def test_a_leaf_changed_afterwards(f: Scalar, old: float, new: float) -> None:
    """The partials of a graph are those of the moment it was computed; what records has to compute them again."""
    x = Value(old)
    y = f(x)
    before = y.data
    x.data = new
    with pytest.raises(GraphError, match="was changed after it was computed"):
        adjoints(y, [x])
    assert (y.data, x.grad, y.grad) == (before, 0.0, 0.0)
    y.backward()
    assert x.grad == grad(f)(old)


def test_the_text_of_that_error() -> None:
    x = Value(3.0)
    y = x * x
    x.data = 5.0
    with pytest.raises(GraphError) as caught:
        adjoints(y, [x])
    assert str(caught.value) == (
        "an operand of Value(data=9.0, grad=0.0) was changed after it was computed, so its derivative cannot be"
        " recorded; compute it again"
    )
    assert adjoints(x * x, [x])[0].data == 10.0


def test_a_changed_leaf_that_is_not_needed_does_no_harm() -> None:
    x, y = Value(3.0), Value(4.0)
    z = x * 2.0 + y * y
    y.data = 5.0
    assert adjoints(z, x).data == 2.0


@pytest.mark.parametrize("copied", [deepcopy, lambda graph: pickle.loads(pickle.dumps(graph))], ids=["copy", "pickle"])
def test_a_copy_of_a_graph_with_a_changed_leaf(copied: Callable[[Any], Any]) -> None:
    x = Value(3.0)
    y = x * x
    x.data = 5.0
    x, y, z = copied([x, y, x * 2.0])
    with pytest.raises(GraphError, match="was changed after it was computed"):
        adjoints(y, [x])
    assert adjoints(z, x).data == 2.0
    y.backward()
    assert x.grad == 6.0


def test_a_graph_computed_after_the_change() -> None:
    x = Value(3.0)
    x.data = 5.0
    y = x * x
    assert adjoints(y, x).data == 10.0


def test_a_captured_leaf_changed_before_the_pull_back() -> None:
    w = Value(3.0)
    _, pull_back = vjp(lambda x: x * w, 2.0)
    w.data = 4.0
    with pytest.raises(GraphError, match="was changed after it was computed"):
        pull_back(1.0)


# ── kinks, ties, infinities: the rules of selection and of the zero adjoint, at every order, both ways ───────────────

AT_0: list[tuple[str, Scalar, tuple[float, float, float]]] = [
    # what, f, its first three derivatives at 0
    ("where(x > 0, √x, 0)", lambda x: math.where(x > 0, math.sqrt(x), 0.0), (0.0, 0.0, 0.0)),
    ("where(x = 0, 0, x log x)", lambda x: math.where(x == 0, 0.0, x * math.log(x)), (0.0, 0.0, 0.0)),
    ("where(x ≥ 0, x², 1/x)", lambda x: math.where(x >= 0, x * x, 1 / x), (0.0, 2.0, 0.0)),
    ("0 √x", lambda x: 0.0 * math.sqrt(x), (0.0, 0.0, 0.0)),
    ("0 log x", lambda x: math.log(x) * 0, (0.0, 0.0, 0.0)),
    ("x⁰", lambda x: x**0, (0.0, 0.0, 0.0)),
    ("x¹", lambda x: x**1, (1.0, 0.0, 0.0)),
    ("x²", lambda x: x**2, (0.0, 2.0, 0.0)),
    ("x³", lambda x: x**3, (0.0, 0.0, 6.0)),
    ("x * x", lambda x: x * x, (0.0, 2.0, 0.0)),
    ("|x|", abs, (0.0, 0.0, 0.0)),
    ("x |x|", lambda x: x * abs(x), (0.0, 0.0, 0.0)),
    ("relu x", math.relu, (0.0, 0.0, 0.0)),
    ("sign x", math.sign, (0.0, 0.0, 0.0)),
    ("max(x², x)", lambda x: math.maximum(x * x, x), (0.0, 2.0, 0.0)),
    ("max(x, x²)", lambda x: math.maximum(x, x * x), (1.0, 0.0, 0.0)),
    ("min(x³, x, x²)", lambda x: math.minimum(x**3, x, x * x), (0.0, 0.0, 6.0)),
    ("max(1, √x)", lambda x: math.maximum(1.0, math.sqrt(x)), (0.0, 0.0, 0.0)),
    ("clip(x, 0, 1)", lambda x: math.clip(x, 0.0, 1.0), (1.0, 0.0, 0.0)),
    ("√relu x", lambda x: math.sqrt(math.relu(x)), (0.0, 0.0, 0.0)),
    ("√|x|", lambda x: math.sqrt(abs(x)), (0.0, 0.0, 0.0)),
    ("log floor x", lambda x: math.log(math.floor(x + 0.5)), (0.0, 0.0, 0.0)),
    ("∛max(0, x)", lambda x: math.cbrt(math.maximum(0.0, x)), (0.0, 0.0, 0.0)),
    ("√norm(x, 2x)", lambda x: math.sqrt(math.norm([x, 2 * x])), (0.0, 0.0, 0.0)),
    ("norm(x)", lambda x: math.norm([x]), (0.0, 0.0, 0.0)),
    ("norm(x, 2x)", lambda x: math.norm([x, 2 * x]), (0.0, 0.0, 0.0)),
    ("logsumexp(x, -∞, 0)", lambda x: math.logsumexp([x, -inf, 0.0]), (0.5, 0.25, 0.0)),
    ("logsumexp(x, -∞)", lambda x: math.logsumexp([x, -inf]), (1.0, 0.0, 0.0)),
    ("logsumexp(x - ∞, 0)", lambda x: math.logsumexp([x - inf, 0.0]), (0.0, 0.0, 0.0)),
    ("logaddexp(-∞, 3x)", lambda x: math.logaddexp(-inf, 3 * x), (3.0, 0.0, 0.0)),
]
MODES = {"reverse": grad, "forward": FIRST["jvp"]}


@pytest.mark.parametrize(("f", "expected"), [c[1:] for c in AT_0], ids=[c[0] for c in AT_0])
@pytest.mark.parametrize("modes", [m for order in (1, 2, 3) for m in product(MODES, repeat=order)], ids=" of ".join)
def test_derivatives_at_0(modes: tuple[str, ...], f: Scalar, expected: tuple[float, ...]) -> None:
    for mode in modes:
        f = MODES[mode](f)
    assert f(0.0) == expected[len(modes) - 1]


@pytest.mark.parametrize(("f", "expected"), [c[1:] for c in AT_0], ids=[c[0] for c in AT_0])
def test_hessian_and_hvp_at_0(f: Scalar, expected: tuple[float, ...]) -> None:
    assert hessian(f)(0.0) == expected[1]
    assert hvp(f, (0.0,), (1.0,)) == (expected[1],)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("f", [lambda x: math.log(x * x), lambda x: math.sqrt(x * x), lambda x: 1 / (x * x)])
def test_a_zero_partial_under_an_infinite_adjoint_is_nan(f: Scalar, mode: str) -> None:
    """The derivative of log x² at 0 is not 0."""
    assert isnan(MODES[mode](f)(0.0))


SEVERAL: list[tuple[str, Callable[[list[Any]], Any], list[float], list[float], list[list[float]]]] = [
    # what, f, x, gradient, Hessian
    ("norm", math.norm, [0.0, 0.0], [0.0, 0.0], [[0.0, 0.0], [0.0, 0.0]]),
    ("max", lambda x: math.maximum(*x), [2.0, 2.0, 1.0], [1.0, 0.0, 0.0], [[0.0] * 3] * 3),
    ("min", lambda x: math.minimum(*x), [1.0, 2.0, 1.0], [1.0, 0.0, 0.0], [[0.0] * 3] * 3),
    ("√max", lambda x: math.sqrt(math.maximum(*x)), [0.0, 0.0], [inf, 0.0], [[-inf, 0.0], [0.0, 0.0]]),
    ("log where", lambda x: math.log(math.where(True, *x)), [0.0, 0.0], [inf, 0.0], [[-inf, 0.0], [0.0, 0.0]]),
    ("√x + y²", lambda x: math.sqrt(x[0]) + x[1] ** 2, [0.0, 1.0], [inf, 2.0], [[-inf, 0.0], [0.0, 2.0]]),
    ("logsumexp", math.logsumexp, [-inf, 0.0, 0.0], [0.0, 0.5, 0.5], [[0.0] * 3, [0, 0.25, -0.25], [0, -0.25, 0.25]]),
    ("logsumexp of nothing", math.logsumexp, [-inf, -inf], [0.0, 0.0], [[0.0, 0.0], [0.0, 0.0]]),
    ("product with 0", lambda x: x[0] * x[1] * x[2], [0.0, 0.0, 3.0], [0.0] * 3, [[0, 3, 0], [3, 0, 0], [0, 0, 0]]),
    ("not selected", lambda x: math.where(x[0] < 1, x[0], x[0] / x[1]), [0.5, 0.0], [1.0, 0.0], [[0.0] * 2] * 2),
]  # fmt: skip


@pytest.mark.parametrize(("f", "x", "slopes", "curvatures"), [c[1:] for c in SEVERAL], ids=[c[0] for c in SEVERAL])
def test_singular_points_of_several_variables(
    f: Callable[[list[Any]], Any], x: list[float], slopes: list[float], curvatures: list[list[float]]
) -> None:
    count = len(x)
    assert grad(f)(x) == slopes
    assert jacobian(lambda x: [f(x)] * (count + 1))(x) == [slopes] * (count + 1)
    assert [jvp(f, (x,), (unit,))[1] for unit in units(count)] == slopes
    assert hessian(f)(x) == curvatures
    assert [hvp(f, (x,), (unit,))[0] for unit in units(count)] == curvatures
    assert [jvp(grad(f), (x,), (unit,))[1] for unit in units(count)] == curvatures


# ── bad input ────────────────────────────────────────────────────────────────────────────────────────────────────────


def square(x: Any) -> Any:
    return x * x


def no_number(where: str) -> str:
    return f"{where}; expected a real number, a Value, or a list, tuple, dict, dataclass or numpy array of them"


def not_one(caller: str, what: str) -> str:
    return f"{caller}: the function returned {what}; expected one number (jacobian and vjp take several)"


def no_place(caller: str, argnums: str, count: int) -> str:
    return (
        f"{caller}: argnums is {argnums}, but the function was called with {count} positional arguments;"
        " pass what is to be differentiated by position"
    )


def no_pair(caller: str, what: str) -> str:
    return f"{caller}: has_aux is set, but the function returned {what}; expected a pair"


ONE = "Value(data=1.0, grad=0.0)"
INTS = "expected an int or a tuple of ints"
ENTRIES = "expected a tuple, one entry per argument"

BAD: list[tuple[Callable[[], Any], str]] = [
    # arguments
    (lambda: grad(square)("a"), no_number("grad: argument 0 ('x') is 'a' (str)")),
    (lambda: value_and_grad(square)(None), no_number("value_and_grad: argument 0 ('x') is None (NoneType)")),
    (lambda: jacobian(square)(1j), no_number("jacobian: argument 0 ('x') is 1j (complex)")),
    (lambda: hessian(square)(b"a"), no_number("hessian: argument 0 ('x') is b'a' (bytes)")),
    (lambda: hvp(square, ({1.0},), (1.0,)), no_number("hvp: argument 0 ('x') is {1.0} (set)")),
    (lambda: jvp(square, ("a",), (1.0,)), no_number("jvp: argument 0 ('x') is 'a' (str)")),
    (lambda: vjp(xyz, 1.0, "b"), no_number("vjp: argument 1 ('y') is 'b' (str)")),
    (lambda: grad(xyz, -1)(1.0, 2.0, [[None]]), no_number("grad: argument 2 ('z')[0][0] is None (NoneType)")),
    (lambda: grad(square)({"w": (1.0, 2j)}), no_number("grad: argument 0 ('x')['w'][1] is 2j (complex)")),
    (lambda: grad(lambda *xs: xs[0], argnums=1)(1.0, "b"), no_number("grad: argument 1 is 'b' (str)")),
    (lambda: grad(max)("b", 1.0), no_number("grad: argument 0 is 'b' (str)")),
    # argnums
    (lambda: grad(xyz, 3)(1.0, 2.0, 3.0), no_place("grad", "3", 3)),
    (lambda: hessian(xyz, -3)(1.0, 2.0), no_place("hessian", "-3", 2)),
    (lambda: jacobian(xyz, (0, 2))(1.0, 2.0), no_place("jacobian", "(0, 2)", 2)),
    (lambda: grad(xyz)(x=1.0, y=2.0), no_place("grad", "0", 0)),
    (lambda: grad(xyz, "x")(1.0, 2.0), f"grad: argnums is 'x' (str); {INTS}"),
    (lambda: value_and_grad(xyz, 0.5)(1.0, 2.0), f"value_and_grad: argnums is 0.5 (float); {INTS}"),
    (lambda: grad(xyz, (0, None))(1.0, 2.0), f"grad: argnums is (0, None) (tuple); {INTS}"),
    # outputs
    (lambda: grad(lambda x: [x])(1.0), not_one("grad", f"[{ONE}] (list)")),
    (lambda: value_and_grad(lambda x: None)(1.0), not_one("value_and_grad", "None (NoneType)")),
    (lambda: hessian(lambda x: "no")(1.0), not_one("hessian", "'no' (str)")),
    (lambda: hvp(lambda x: (x,), (1.0,), (1.0,)), not_one("hvp", f"({ONE},) (tuple)")),
    (lambda: grad(lambda x: 1j)(1.0), not_one("grad", "1j (complex)")),
    (lambda: jacobian(lambda x: [x, "a"])(1.0), no_number("jacobian: the result of the function[1] is 'a' (str)")),
    (lambda: jvp(lambda x: None, (1,), (1,)), no_number("jvp: the result of the function is None (NoneType)")),
    (lambda: vjp(lambda x: {"a": [1j]}, 1), no_number("vjp: the result of the function['a'][0] is 1j (complex)")),
    # has_aux
    (lambda: grad(square, has_aux=True)(1.0), no_pair("grad", f"{ONE} (Value)")),
    (lambda: value_and_grad(lambda x: (1, 2, 3), has_aux=True)(1), no_pair("value_and_grad", "(1, 2, 3) (tuple)")),
    (lambda: jvp(lambda x: [x, 1], (1.0,), (1.0,), has_aux=True), no_pair("jvp", f"[{ONE}, 1] (list)")),
    (lambda: vjp(lambda x: None, 1.0, has_aux=True), no_pair("vjp", "None (NoneType)")),
    # primals, tangents, adjoints
    (lambda: jvp(square, 1.0, (1.0,)), f"jvp: primals: got 1.0 (float); {ENTRIES}"),
    (lambda: hvp(square, (1.0,), 1.0), f"hvp: tangents: got 1.0 (float); {ENTRIES}"),
    (lambda: jvp(square, (1.0,), ("a",)), no_number("jvp: tangents[0] is 'a' (str)")),
    (lambda: jvp(xyz, (1, 2), (1,)), "jvp: tangents: got (number,); expected (number, number), as the primals"),
    (lambda: jvp(sum, ([1],), ((1,),)), "jvp: tangents: got ((number,),); expected ([number],), as the primals"),
    (lambda: hvp(sum, ([1],), ([],)), "hvp: tangents: got ([],); expected ([number],), as the primals"),
    (lambda: vjp(square, 1.0)[1]([1.0]), "vjp: adjoints: got [number]; expected number, as the output"),
    (
        lambda: vjp(lambda x: {"a": x}, 1.0)[1]({"b": 1.0}),
        "vjp: adjoints: got {'b': number}; expected {'a': number}, as the output",
    ),
    (lambda: vjp(square, 1.0)[1]("a"), no_number("vjp: the adjoints is 'a' (str)")),
    # graphs
    (lambda: adjoints(2.0, Value(1.0)), "adjoints: got 2.0 (float) as output or input; expected Values"),
    (lambda: adjoints([Value(1)], Value(1)), f"adjoints: got [{ONE}] (list) as output or input; expected Values"),
    (lambda: adjoints(Value(1), [Value(1), 2.0]), "adjoints: got 2.0 (float) as output or input; expected Values"),
    (lambda: adjoints(Value(1), {"a": ["b"]}), no_number("adjoints: inputs['a'][0] is 'b' (str)")),
]


@pytest.mark.parametrize(("call", "text"), BAD, ids=[text.partition(";")[0] for _, text in BAD])
def test_errors_name_the_argument_and_the_place(call: Callable[[], Any], text: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        call()
    assert str(caught.value) == text


def test_an_error_leaves_everything_as_it_was() -> None:
    w, xs = Value(3.0), [Value(1.0), 2.0, "three"]
    before = list(xs)
    with pytest.raises(ArgumentError):
        grad(lambda xs: w * xs[0])(xs)
    with pytest.raises(ArgumentError):
        grad(lambda x: [w * x])(w)
    with pytest.raises(ZeroDivisionError):
        grad(lambda x: w * x / 0 if x < 0 else 1 / 0)(w)
    assert [a is b for a, b in zip(xs, before)] == [True] * 3
    assert [(v.data, v.grad, v.operands) for v in (w, xs[0])] == [(3.0, 0.0, ()), (1.0, 0.0, ())]


def test_errors_of_the_function_are_its_own() -> None:
    error = RuntimeError("mine")

    def f(x: Any) -> Any:
        raise error

    for call in (grad(f), jacobian(f), hessian(f), lambda x: jvp(f, (x,), (1.0,)), lambda x: vjp(f, x)):
        with pytest.raises(RuntimeError) as caught:
            call(1.0)
        assert caught.value is error


@pytest.mark.parametrize(("outputs", "inputs"), [(1, 3), (2, 2), (3, 1), (3, 2)])
def test_a_jacobian_takes_a_sweep_per_output_or_per_input_whichever_are_fewer(
    monkeypatch: pytest.MonkeyPatch, outputs: int, inputs: int
) -> None:
    sweeps: list[str] = []

    def counted(name: str, sweep: Any) -> Any:
        return lambda *args, **options: sweeps.append(name) or sweep(*args, **options)

    monkeypatch.setattr(core, "adjoints", counted("adjoints", core.adjoints))
    monkeypatch.setattr(core, "tangents", counted("tangents", core.tangents))
    jacobian(lambda x: [math.prod(x)] * outputs)([2.0] * inputs)
    assert sweeps == (["adjoints"] * outputs if outputs <= inputs else ["tangents"] * inputs)


@pytest.mark.parametrize("argnums", [1, numpy.int64(1), -1])
def test_jacobian_and_hessian_hand_aux_on(argnums: Any) -> None:
    assert jacobian(lambda x, y: ([x * y, y], "aux"), argnums, has_aux=True)(3.0, 2.0) == ([3.0, 1.0], "aux")
    assert hessian(lambda x, y: (x * y**2, x), argnums, has_aux=True)(3.0, 2.0) == (6.0, 3.0)
