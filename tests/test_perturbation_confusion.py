"""Nested derivatives whose variables must not be confused with each other.

The classic cases: Siskind and Pearlmutter, Perturbation confusion and referential transparency (2005) and Nesting
forward-mode AD in a functional framework (2008); Manzyuk, Pearlmutter, Radul, Rush and Siskind, Perturbation confusion
in forward automatic differentiation of higher-order functions (2019).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import cos, e, exp, sin
from typing import Any

import pytest

from autograd import Value, adjoints, grad, hessian, hvp, jacobian, jvp, math, value_and_grad, vjp
from autograd.errors import ArgumentError

Scalar = Callable[[Any], Any]


def by_adjoints(f: Scalar) -> Scalar:
    def derivative(x: Any) -> Any:
        x = +x if isinstance(x, Value) else Value(x)
        y = f(x)
        return adjoints(y, x) if isinstance(y, Value) else 0.0

    return derivative


def number(x: Any) -> float:
    return x.data if isinstance(x, Value) else x


DERIVATIVES: dict[str, Callable[[Scalar], Scalar]] = {
    "grad": grad,
    "jvp": lambda f: lambda x: jvp(f, (x,), (1.0,))[1],
    "vjp": lambda f: lambda x: vjp(f, x)[1](1.0)[0],
    "jacobian": lambda f: lambda x: jacobian(lambda x: [f(x), x])(x)[0],
    "adjoints": by_adjoints,
}
nested = pytest.mark.parametrize(
    ("D", "E"),
    [(DERIVATIVES[outer], DERIVATIVES[inner]) for outer, inner in product(DERIVATIVES, DERIVATIVES)],
    ids=[f"{outer} of {inner}" for outer, inner in product(DERIVATIVES, DERIVATIVES)],
)

# Expressions of an outer derivative D around an inner one E, at a number a; and what they are.
CASES: list[tuple[str, Callable[[Any, Any, float], Any], Callable[[float], float]]] = [
    ("x (x + y)′", lambda D, E, a: D(lambda x: x * E(lambda y: x + y)(1.0))(a), lambda a: 1.0),
    ("x (x y)′", lambda D, E, a: D(lambda x: x * E(lambda y: x * y)(2.0))(a), lambda a: 2 * a),
    ("x (y³)′ at x", lambda D, E, a: D(lambda x: x * E(lambda y: y**3)(x))(a), lambda a: 9 * a**2),
    ("(x y²)′ at x", lambda D, E, a: D(lambda x: E(lambda y: x * y**2)(x))(a), lambda a: 4 * a),
    ("(x² y)′ at 2x", lambda D, E, a: D(lambda x: E(lambda y: x * x * y)(2 * x))(a), lambda a: 2 * a),
    ("x′ by y", lambda D, E, a: D(lambda x: E(lambda y: x)(1.0))(a), lambda a: 0.0),
    ("y′ by y", lambda D, E, a: D(lambda x: E(lambda y: y)(x))(a), lambda a: 0.0),
    ("(sin xy)′", lambda D, E, a: D(lambda x: E(lambda y: math.sin(x * y))(1.0))(a), lambda a: cos(a) - a * sin(a)),
    ("curried, by the first", lambda D, E, a: D(lambda x: E(curried(x))(2.0))(a), lambda a: 8 * a),
    ("curried, by the second", lambda D, E, a: D(lambda y: E(lambda x: curried(x)(y))(3.0))(a), lambda a: 12 * a),
    ("two inner ones", lambda D, E, a: D(lambda x: E(lambda y: x * y)(x) * E(lambda z: z * z)(x))(a), lambda a: 4 * a),
    ("inner one within the argument", lambda D, E, a: D(lambda x: E(math.exp)(E(lambda y: x * y)(1.0)))(a), exp),
    ("the same function", lambda D, E, a: D(E(math.exp))(a), exp),
    ("thrice", lambda D, E, a: D(lambda x: x * E(lambda y: x * D(lambda z: x + y + z)(y))(x))(a), lambda a: 0.0),
    (
        "thrice, crossed",
        lambda D, E, a: D(lambda x: E(lambda y: x * D(lambda z: x * y * z)(y))(x))(a),
        lambda a: 2 * a,
    ),
]


def curried(x: Any) -> Scalar:
    return lambda y: x * x * y * y


@nested
@pytest.mark.parametrize(("case", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
@pytest.mark.parametrize("a", [1.0, -0.75])
def test_nested_derivatives(
    D: Any, E: Any, case: Callable[[Any, Any, float], Any], expected: Callable[[float], float], a: float
) -> None:
    found = case(D, E, a)
    assert number(found) == pytest.approx(expected(a), rel=1e-14, abs=1e-15)


@nested
def test_the_amazing_bug(D: Any, E: Any) -> None:
    """d/du of the shift f ↦ f(· + u), at 0, is the derivative; applied twice, it is the second derivative, not 0."""

    def shift(u: Any) -> Callable[[Scalar], Scalar]:
        return lambda f: lambda x: f(x + u)

    def derivative(D: Any) -> Callable[[Scalar], Scalar]:
        return lambda f: lambda x: D(lambda u: shift(u)(f)(x))(0.0)

    found = derivative(D)(derivative(E)(math.exp))(1.0)
    assert number(found) == pytest.approx(e, rel=1e-15)


@pytest.mark.parametrize("D", [grad, value_and_grad, hessian, jacobian, lambda f: lambda x: jvp(f, (x,), (1.0,))])
def test_a_function_is_no_result(D: Any) -> None:
    """The derivative of a curried function is asked for at all its arguments, as above."""
    with pytest.raises(ArgumentError, match=r"^\w+: the (result of the )?function (returned|is) <function curried"):
        D(curried)(1.0)


@nested
def test_a_variable_that_outlives_its_derivative_is_a_constant(D: Any, E: Any) -> None:
    kept: list[Any] = []

    def leaking(x: Any) -> Any:
        kept.append(x)
        return x * x

    E(leaking)(3.0)
    found = D(lambda y: y * kept[0])(2.0)
    assert number(found) == 3.0


@nested
def test_derivatives_within_a_derivative_of_an_iteration(D: Any, E: Any) -> None:
    """d/da of the root of x³ = a, found by Newton's method with derivatives of its own: a^(-2/3) / 3."""

    def cube_root(a: Any) -> Any:
        x, f = a, lambda x: x * x * x - a
        for _ in range(8):
            x = x - f(x) / E(f)(x)
        return x

    found = D(cube_root)(2.0)
    assert number(found) == pytest.approx(2 ** (-2 / 3) / 3, rel=1e-13)


GRADIENTS: dict[str, Callable[[Callable[[list[Any]], Any]], Callable[[list[Any]], list[Any]]]] = {
    "grad": grad,
    "jvp": lambda f: lambda xs: [jvp(f, (xs,), ([float(i == k) for i in range(len(xs))],))[1] for k in range(len(xs))],
}


@pytest.mark.parametrize(("outer", "inner"), [*product(GRADIENTS, GRADIENTS)])
def test_saddle_point(outer: str, inner: str) -> None:
    """min over x of max over y of x² + 2xy - y², by a Newton step in each: the inner optimum is y = x, the outer 0."""

    def newton(gradient: Any, second: Any, f: Callable[[Any], Any], x: Any) -> Any:
        slope = lambda x: gradient(lambda xs: f(xs[0]))([x])[0]  # noqa: E731
        return x - slope(x) / second(lambda xs: slope(xs[0]))([x])[0]

    def after_inner(x: Any) -> Any:
        y = newton(GRADIENTS[inner], GRADIENTS[inner], lambda y: x * x + 2 * x * y - y * y, 0.5)
        return x * x + 2 * x * y - y * y  # 2x²

    assert newton(GRADIENTS[outer], GRADIENTS[inner], after_inner, 3.0) == pytest.approx(0.0, abs=1e-14)
    assert GRADIENTS[outer](lambda xs: after_inner(xs[0]))([3.0]) == pytest.approx([12.0])


def charges(w: Any) -> list[list[Any]]:
    return [[10.0, 10.0 - w], [10.0, 0.0]]


def slope_of_the_potential(position: list[Any], w: Any) -> list[Any]:
    """The closed formula for the derivative of the sum of 1 / distance."""
    return [
        sum((c[k] - position[k]) / math.dist(position, c) ** 3 for c in charges(w)) for k in range(2)
    ]  # fmt: skip


def landing(w: Any, slope: Callable[[list[Any], Any], list[Any]]) -> Any:
    """Where a particle that is pushed by two charges lands, one of which is placed by w."""
    position, velocity, step = [0.0, 8.0], [0.75, 0.0], 0.1
    while True:
        moved = [x + step * v for x, v in zip(position, velocity)]
        if moved[1] <= 0:
            return position[0] - position[1] / velocity[1] * velocity[0]
        velocity = [v - step * f for v, f in zip(velocity, slope(position, w))]
        position = moved


@pytest.mark.parametrize("inner", GRADIENTS)
@pytest.mark.parametrize("outer", GRADIENTS)
def test_charged_particle(outer: str, inner: str) -> None:
    """The control problem of 2008: derivatives by w of a path along the derivatives of a potential."""

    def by_differentiation(position: list[Any], w: Any) -> list[Any]:
        return GRADIENTS[inner](lambda at: sum(1 / math.dist(at, charge) for charge in charges(w)))(position)

    w = 0.2072  # as published, to four digits: there it lands at 0
    assert landing(w, by_differentiation) == pytest.approx(0.0, abs=1e-3)
    found, expected = (
        DERIVATIVES[outer](lambda w, slope=slope: landing(w, slope))(w)
        for slope in (by_differentiation, slope_of_the_potential)
    )
    assert number(found) == pytest.approx(number(expected), rel=1e-9)


@pytest.mark.parametrize(
    "second",
    [
        lambda f: lambda x: hessian(lambda y: x * f(y))(x),
        lambda f: lambda x: hvp(lambda y: x * f(y), (x,), (1.0,))[0],
        lambda f: lambda x: x * jacobian(grad(f))(x),
    ],
)
@pytest.mark.parametrize("D", DERIVATIVES.values(), ids=DERIVATIVES)
def test_second_derivatives_within_a_derivative(D: Any, second: Any) -> None:
    """(x f″(x))′ = f″(x) + x f‴(x)."""
    found = D(second(math.exp))(0.5)
    assert number(found) == pytest.approx(1.5 * exp(0.5), rel=1e-14)
