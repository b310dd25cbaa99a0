"""Transforms around transforms, on random functions with branches and loops: all give the eager result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings

from autograd import grad, hessian, jit, value_and_grad, vmap
from tests.test_branches import functions, points

F = Callable[..., Any]
BOTH = (0, 1)


def lanes(f: F) -> F:
    """Return a function of columns that runs `f` lane by lane."""
    return lambda a, b: np.array([f(*lane) for lane in zip(a.tolist(), b.tolist())], float)


def rows(f: F) -> F:
    """Return a function whose results, an array for each argument, come as a row for each lane."""
    return lambda a, b: np.moveaxis(np.array(f(a, b), float), -1, 0)


def total(f: F, **options: Any) -> F:
    """Return the sum of `f` over all lanes, within a compiled function of one."""
    over_lanes = vmap(f, reduce="sum", **options)
    return jit(lambda a, b: over_lanes(a, b), **options)


VALUES: dict[str, Callable[..., F]] = {
    "vmap(f)": lambda f, **options: vmap(f, **options),
    "vmap(jit(f))": lambda f, **options: vmap(jit(f), **options),
    "jit(vmap(f))": lambda f, **options: jit(vmap(f), **options),
    "jit of a call": lambda f, **options: jit(lambda a, b: vmap(f, **options)(a, b), **options),
    "jit(f)": lambda f, **options: lanes(jit(f, **options)),
}
SLOPES: dict[str, Callable[..., F]] = {
    "vmap(grad(f))": lambda f, **options: rows(vmap(grad(f, BOTH), **options)),
    "vmap(grad(jit(f)))": lambda f, **options: rows(vmap(grad(jit(f), BOTH), **options)),
    "jit(grad(f))": lambda f, **options: lanes(jit(grad(f, BOTH), **options)),
    "grad(jit(f))": lambda f, **options: lanes(grad(jit(f, **options), BOTH)),
    "grad of a sum": lambda f, **options: rows(grad(vmap(f, reduce="sum", **options), BOTH)),
    "grad of a compiled sum": lambda f, **options: rows(grad(total(f, **options), BOTH)),
    "compiled grad of a sum": lambda f, **options: rows(jit(grad(total(f), BOTH), **options)),
}
CURVATURES: dict[str, Callable[..., F]] = {
    "vmap(hessian(f))": lambda f, **options: rows(vmap(hessian(f, BOTH), **options)),
    "hessian(jit(f))": lambda f, **options: lanes(hessian(jit(f, **options), BOTH)),
    "jit(hessian(f))": lambda f, **options: lanes(jit(hessian(f, BOTH), **options)),
}
SUMS: dict[str, Callable[..., F]] = {
    "vmap(f, reduce)": lambda f, **options: vmap(f, reduce="sum", **options),
    "jit of a reduced call": total,
    "value_and_grad": lambda f, **options: lambda a, b: value_and_grad(total(f, **options), BOTH)(a, b)[0],
}


def columns(places: Sequence[tuple[float, float]]) -> tuple[Any, Any]:
    a, b = np.array(places, float).T
    return a, b


def check(found: Any, expected: Any) -> None:
    """Assert that results agree, where rounding errors are small beside 1."""
    assume(bool((np.abs(np.nan_to_num(expected)) < 1e3).all()))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def drawn(test: F) -> F:
    """Draw a function and some places, a quarter as often as is usual: each time, programs are recorded."""
    fewer = settings(max_examples=settings.default.max_examples // 4)
    return fewer(given(functions(guards=True), points)(test))


def alone(f: F) -> F:
    """Return the function itself."""
    return f


EAGER: list[tuple[F, dict[str, Callable[..., F]]]] = [
    (alone, VALUES),
    (lambda f: grad(f, BOTH), SLOPES),
    (lambda f: hessian(f, BOTH), CURVATURES),
]


@pytest.mark.parametrize(
    ("eager", "combined"),
    [pytest.param(eager, combined, id=name) for eager, table in EAGER for name, combined in table.items()],
)
@drawn
def test_lanes(
    eager: F, combined: Callable[..., F], function: tuple[F, str], places: list[tuple[float, float]]
) -> None:
    f, _ = function
    expected = lanes(eager(f))(*columns(places))
    np.testing.assert_array_equal(combined(f, exact=True)(*columns(places)), expected)
    check(combined(f)(*columns(places)), expected)


@pytest.mark.parametrize("name", SUMS)
@drawn
def test_sums(name: str, function: tuple[F, str], places: list[tuple[float, float]]) -> None:
    f, _ = function
    terms = lanes(f)(*columns(places))
    for options in {"exact": True}, {}:
        check(SUMS[name](f, **options)(*columns(places)), terms.sum())
