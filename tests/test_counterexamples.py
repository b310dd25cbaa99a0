"""Programs whose derivatives came out wrong in other engines, as published, with what is right.

Most are one of two mistakes. The adjoint of an operand that was not selected is computed as 0 · ∞; here nothing flows
there. Or a formula is used where it does not hold: at a tie, at the origin, at a power of 0.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isnan, log as logarithm, nan
from typing import Any

import pytest

from autograd import Value, adjoints, grad, hessian, jvp, math

Scalar = Callable[[Any], Any]


def by_adjoints(f: Scalar, at: float, order: int) -> float:
    x = Value(at)
    y = f(x)
    for _ in range(order):
        y = adjoints(y, x) if isinstance(y, Value) else Value(0.0)
    return y.data


def nested(derivative: Callable[[Scalar], Scalar]) -> Callable[[Scalar, float, int], float]:
    def at_order(f: Scalar, at: float, order: int) -> float:
        for _ in range(order):
            f = derivative(f)
        return f(at)

    return at_order


MODES: dict[str, Callable[[Scalar, float, int], float]] = {
    "grad": nested(grad),
    "adjoints": by_adjoints,
    "jvp": nested(lambda f: lambda x: jvp(f, (x,), (1.0,))[1]),
}
every_mode = pytest.mark.parametrize("mode", MODES.values(), ids=MODES)

# ── of one variable: what is computed, f, where, its first derivatives there ─────────────────────────────────────────

where, maximum, sqrt, exp, log = math.where, math.maximum, math.sqrt, math.exp, math.log
CASES: list[tuple[str, Scalar, float, tuple[float, ...]]] = [
    # NaN in JAX: https://github.com/jax-ml/jax/issues/347
    ("where(√x > ½, √x, 1)", lambda x: where(sqrt(x) > 0.5, sqrt(x), 1.0), 0.0, (0.0, 0.0, 0.0)),
    # NaN in JAX: https://github.com/jax-ml/jax/issues/1052
    ("where(true, 0, atan2(x, x))", lambda x: where(True, 0.0, math.atan2(x, x)), 0.0, (0.0, 0.0, 0.0)),
    # NaN in JAX: https://github.com/jax-ml/jax/issues/2630
    ("where(x > 0, 0, x ∞)", lambda x: where(x > 0, 0.0, x * inf), 1.0, (0.0, 0.0, 0.0)),
    # NaN in PyTorch, at both: https://github.com/pytorch/pytorch/issues/156212
    ("where(x ≤ 10, eˣ, 1)", lambda x: where(x <= 10, exp(x), 1.0), 1e10, (0.0, 0.0, 0.0)),
    ("where(x ≤ 10, eˣ, 1)", lambda x: where(x <= 10, exp(x), 1.0), nan, (0.0, 0.0, 0.0)),
    # NaN in TensorFlow: https://github.com/tensorflow/tensorflow/issues/2540
    ("where(x > 0, 0, eˣ)", lambda x: where(x > 0, 0.0, exp(x)), 1e10, (0.0, 0.0, 0.0)),
    # NaN in TensorFlow: https://github.com/tensorflow/tensorflow/issues/38349
    ("where(x < 15, x, 10^eˣ)", lambda x: where(x < 15, x, 10.0 ** exp(x)), 10.0, (1.0, 0.0, 0.0)),
    # NaN in HIPS autograd: https://github.com/HIPS/autograd/issues/802
    ("where(x ≥ 0, x, √-x)", lambda x: where(x >= 0, x, sqrt(-x)), 1.0, (1.0, 0.0, 0.0)),
    # NaN in tinygrad: https://github.com/tinygrad/tinygrad/issues/12409
    ("where(x = 0, 0, x √x)", lambda x: where(x == 0, 0.0, x * sqrt(x)), 0.0, (0.0, 0.0, 0.0)),
    # NaN in CasADi, from the first and from the second order on: https://github.com/casadi/casadi/issues/1805 and /1878
    ("where(x > 0, √x, 0)", lambda x: where(x > 0, sqrt(x), 0.0), 0.0, (0.0, 0.0, 0.0)),
    ("where(x > 0, √x, 0)", lambda x: where(x > 0, sqrt(x), 0.0), -3.0, (0.0, 0.0, 0.0)),
    # NaN in Taichi: https://github.com/taichi-dev/taichi/issues/1367
    ("where(x > 1, 1/x, 0)", lambda x: where(x > 1, 1 / x, 0.0), 0.0, (0.0, 0.0, 0.0)),
    # NaN in Enzyme and JAX: https://github.com/EnzymeAD/Enzyme.jl/issues/2285, https://github.com/jax-ml/jax/pull/1538
    ("elu", lambda x: where(x > 0, x, exp(x) - 1), 800.0, (1.0, 0.0, 0.0)),
    # NaN in Enzyme: https://github.com/EnzymeAD/Enzyme.jl/issues/2285
    ("x² + where(false, ∞ x², 0)", lambda x: x**2 + where(False, inf * x**2, 0.0), 0.0, (0.0, 2.0, 0.0)),
    # NaN in JAX and PyTorch, which need a second `where`: https://github.com/jax-ml/jax/pull/1722, and
    # https://github.com/pytorch/pytorch/issues/196703 for the second order
    ("sinc", lambda x: where(x == 0, 1 - x**2 / 6, math.sin(x) / x), 0.0, (0.0, -1 / 3, 0.0)),
    # NaN in Zygote: https://github.com/JuliaDiff/ChainRules.jl/pull/599
    ("max(√x, 1)", lambda x: maximum(sqrt(x), 1.0), 0.0, (0.0, 0.0, 0.0)),
    # NaN in ForwardDiff: https://github.com/JuliaDiff/ForwardDiff.jl/issues/603
    ("max(-1 - √x, 0)", lambda x: maximum(-1 - sqrt(x), 0.0), 0.0, (0.0, 0.0, 0.0)),
    # NaN in Enzyme: https://github.com/EnzymeAD/Enzyme.jl/issues/2453
    ("min(1, 1/x)", lambda x: math.minimum(1.0, 1 / x), 0.0, (0.0, 0.0, 0.0)),
    # NaN in JAX and PyTorch: https://github.com/jax-ml/jax/issues/6811, https://github.com/pytorch/pytorch/issues/31829
    ("log(0 + 0 eˣ)", lambda x: math.logsumexp([-inf, -inf + x]), 1.0, (0.0, 0.0, 0.0)),
    # the upstream adjoint squared in Nx: https://github.com/elixir-nx/nx/pull/1779
    ("-3 clip(x, -1, 1)", lambda x: -3 * math.clip(x, -1.0, 1.0), 0.5, (-3.0, 0.0, 0.0)),

    # Ties. ½ in JAX, 1 and ½ in PyTorch for formulations of the same function; here the first operand is selected:
    # https://github.com/jax-ml/jax/issues/37821, https://github.com/pytorch/pytorch/issues/184572
    ("max(x, 0)", lambda x: maximum(x, 0.0), 0.0, (1.0, 0.0, 0.0)),
    ("max(0, x)", lambda x: maximum(0.0, x), 0.0, (0.0, 0.0, 0.0)),
    ("relu(x)", math.relu, 0.0, (0.0, 0.0, 0.0)),
    ("clip(x, 0, ∞)", lambda x: math.clip(x, 0.0, inf), 0.0, (1.0, 0.0, 0.0)),
    ("max(x, x)", lambda x: maximum(x, x), 2.0, (1.0, 0.0, 0.0)),
    # 1 in JAX, NaN in HIPS autograd, 1 in one mode and NaN in the other in autodiff:
    # https://github.com/jax-ml/jax/issues/37820, https://github.com/HIPS/autograd/issues/100,
    # https://github.com/autodiff/autodiff/pull/130
    ("|x|", abs, 0.0, (0.0, 0.0, 0.0)),
    # 0 in JAX and -½ in Flux, from the kinks of the formula: https://github.com/jax-ml/jax/issues/2107,
    # https://github.com/FluxML/NNlib.jl/pull/679
    ("softplus", math.softplus, 0.0, (0.5, 0.25, 0.0)),

    # Norms. NaN in HIPS autograd, PyTorch, JAX; in PyTorch later at the second order:
    # https://github.com/HIPS/autograd/issues/151, https://github.com/pytorch/pytorch/issues/2421,
    # https://github.com/pytorch/functorch/issues/1097
    ("norm(x)", lambda x: math.norm([x]), 0.0, (0.0, 0.0, 0.0)),
    ("norm(x, 2x)", lambda x: math.hypot(x, 2 * x), 0.0, (0.0, 0.0, 0.0)),
    # NaN in JAX and HIPS autograd: https://github.com/jax-ml/jax/issues/21723, https://github.com/HIPS/autograd/issues/570
    ("norm(x, x)²", lambda x: math.hypot(x, x) ** 2, 0.0, (0.0,)),

    # Powers. NaN in PyTorch: https://github.com/pytorch/pytorch/issues/8940
    ("x⁰", lambda x: x**0, 0.0, (0.0, 0.0, 0.0)),
    # NaN in ForwardDiff from order n + 1 on: https://github.com/JuliaDiff/ForwardDiff.jl/pull/331
    ("x¹", lambda x: x**1, 0.0, (1.0, 0.0, 0.0)),
    ("x²", lambda x: x**2, 0.0, (0.0, 2.0, 0.0)),
    ("x³", lambda x: x**3, 0.0, (0.0, 0.0, 6.0)),
    # 0 at the second order in autodiff: https://github.com/autodiff/autodiff/issues/351
    ("4.3 x²", lambda x: 4.3 * x**2, 0.0, (0.0, 8.6, 0.0)),
    # NaN in CppAD: https://github.com/coin-or/CppAD/issues/92
    ("x^1.875", lambda x: x**1.875, 0.0, (0.0, inf, -inf)),
    # 0 in Stan, which passes over the base 0: https://github.com/stan-dev/math/issues/3031
    ("x^½", lambda x: x**0.5, 0.0, (inf, -inf, inf)),
    ("x^-1", lambda x: x**-1, 0.0, (-inf, inf, -inf)),
    # NaN in PyTorch and TensorFlow.js: https://github.com/pytorch/pytorch/issues/27134,
    # https://github.com/tensorflow/tfjs/issues/346
    ("0ˣ", lambda x: 0.0**x, 1.0, (0.0, 0.0, 0.0)),
    # NaN in PyTorch at the second order: https://github.com/pytorch/pytorch/issues/95180
    ("0ˣ at 0", lambda x: 0.0**x, 0.0, (0.0, 0.0, 0.0)),

    # NaN comes out where it went in. 0 in Stan and Paddle: https://github.com/stan-dev/stan/issues/857 and /862,
    # https://github.com/PaddlePaddle/Paddle/pull/65999
    ("⌊x⌋", math.floor, nan, (nan, nan, nan)),
    ("⌈x⌉", math.ceil, nan, (nan, nan, nan)),
    ("relu(x)", math.relu, nan, (nan, nan, nan)),
    ("|x|", abs, nan, (nan, nan, nan)),
    ("max(x, 1)", lambda x: maximum(x, 1.0), nan, (nan, nan, nan)),
    ("clip(x, 0, 1)", lambda x: math.clip(x, 0.0, 1.0), nan, (nan, nan, nan)),
]  # fmt: skip


def ids(cases: list[Any]) -> list[str]:
    return [f"{program} at {at}" for program, _, at, *_ in cases]


@every_mode
@pytest.mark.parametrize(("f", "at", "derivatives"), [case[1:] for case in CASES], ids=ids(CASES))
def test_of_one_variable(
    mode: Callable[[Scalar, float, int], float], f: Scalar, at: float, derivatives: tuple[float, ...]
) -> None:
    for order, expected in enumerate(derivatives, 1):
        assert mode(f, at, order) == pytest.approx(expected, rel=1e-15, abs=0.0, nan_ok=True), order


# What no rule can know: √u² is |u|, but log u² has no slope at 0. Neither is reported as 0. NaN elsewhere, too:
# https://github.com/stan-dev/math/issues/21, https://github.com/pytorch/pytorch/issues/6394
@every_mode
@pytest.mark.parametrize(
    "f", [lambda x: sqrt((x - 1) ** 2), lambda x: log((x - 1) ** 2), lambda x: sqrt((x - x) ** 2)]
)
def test_a_zero_partial_does_not_hide_an_infinite_adjoint(
    mode: Callable[[Scalar, float, int], float], f: Scalar
) -> None:
    assert isnan(mode(f, 1.0, 1))


# ── of several variables: what is computed, f, where, its gradient and its Hessian there ─────────────────────────────

Vector = list[float]
OF_SEVERAL: list[tuple[str, Callable[[list[Any]], Any], Vector, Vector, list[Vector]]] = [
    # (1, 1) in Theano, which is no subgradient; a tie is shared out in tinygrad:
    # https://github.com/Theano/Theano/issues/4568, https://github.com/tinygrad/tinygrad/pull/738
    ("max", lambda x: maximum(*x), [1.0, 1.0], [1.0, 0.0], [[0.0, 0.0], [0.0, 0.0]]),
    # NaN in ekmett/ad in three modes of four: https://github.com/ekmett/ad/issues/54
    ("x^y", lambda x: x[0] ** x[1], [0.0, 2.0], [0.0, 0.0], [[2.0, 0.0], [0.0, 0.0]]),
    # NaN in CppAD: https://github.com/coin-or/CppAD/issues/8
    ("where(y > 1, x/y, 0)", lambda x: where(x[1] > 1, x[0] / x[1], 0.0), [1.0, 0.0], [0.0, 0.0], [[0.0] * 2] * 2),
    # (∞, NaN) in ForwardDiff and forward Enzyme: https://github.com/EnzymeAD/Enzyme.jl/issues/2453
    ("log x - y²", lambda x: log(x[0]) - x[1] ** 2, [0.0, 1.0], [inf, -2.0], [[-inf, 0.0], [0.0, -2.0]]),
    # NaN in ForwardDiff: https://github.com/JuliaDiff/ForwardDiff.jl/pull/777
    ("x e^-y", lambda x: x[0] * exp(-x[1]), [1.0, -1e3], [inf, -inf], [[0.0, -inf], [-inf, inf]]),
    # NaN in TensorFlow, tinygrad, Burn: https://github.com/tensorflow/tensorflow/issues/3862,
    # https://github.com/tinygrad/tinygrad/pull/17404, https://github.com/tracel-ai/burn/issues/5533
    ("product", math.prod, [0.0, 2.0, 3.0], [6.0, 0.0, 0.0], [[0.0, 3.0, 2.0], [3.0, 0.0, 0.0], [2.0, 0.0, 0.0]]),
    # 0 at the second order in PyTorch: https://github.com/pytorch/pytorch/issues/106789
    ("product", math.prod, [6.0, 0.0, 0.0], [0.0] * 3, [[0.0, 0.0, 0.0], [0.0, 0.0, 6.0], [0.0, 6.0, 0.0]]),
    # a slope in the bound that was not reached: https://github.com/JuliaDiff/ChainRules.jl/pull/804
    ("clip", lambda x: math.clip(*x), [0.0, 2.0, 1.0], [0.0, 0.0, 1.0], [[0.0] * 3] * 3),
]


@pytest.mark.parametrize(("f", "at", "slopes", "curvatures"), [c[1:] for c in OF_SEVERAL], ids=ids(OF_SEVERAL))
def test_of_several_variables(
    f: Callable[[list[Any]], Any], at: Vector, slopes: Vector, curvatures: list[Vector]
) -> None:
    units = [[float(i == k) for i in range(len(at))] for k in range(len(at))]
    variables = [Value(x) for x in at]

    def same(numbers: Vector) -> Any:
        return pytest.approx(numbers, rel=1e-15, abs=0.0, nan_ok=True)

    assert grad(f)(at) == same(slopes)
    assert [x.data for x in adjoints(f(variables), variables)] == same(slopes)
    assert [jvp(f, (at,), (unit,))[1] for unit in units] == same(slopes)
    for k, unit in enumerate(units):
        assert hessian(f)(at)[k] == same(curvatures[k])
        assert jvp(grad(f), (at,), (unit,))[1] == same(curvatures[k])


def test_the_angle_of_the_origin_has_no_slope() -> None:
    """NaN in PyTorch, too, and rightly: https://github.com/pytorch/pytorch/issues/98276."""
    assert all(map(isnan, grad(lambda x: math.atan2(*x))([0.0, 0.0])))
    assert isnan(jvp(math.atan2, (0.0, 0.0), (1.0, 0.0))[1])


def test_a_tie_among_many() -> None:
    """Shares of a tie underflow in tinygrad: https://github.com/tinygrad/tinygrad/issues/12296."""
    assert grad(lambda xs: maximum(*xs))([1.0] * 70_000) == [1.0] + [0.0] * 69_999


# ── one derivative within another ────────────────────────────────────────────────────────────────────────────────────

DERIVATIVES = {"grad": grad, "jvp": lambda f: lambda x: jvp(f, (x,), (1.0,))[1]}
every_pair = pytest.mark.parametrize(
    ("D", "E"), [(d, e) for d in DERIVATIVES.values() for e in DERIVATIVES.values()],
    ids=[f"{d} of {e}" for d in DERIVATIVES for e in DERIVATIVES],
)  # fmt: skip


@every_pair
def test_variables_are_not_confused(D: Any, E: Any) -> None:
    """Two instead of one, and x instead of 2 x, in ForwardDiff and ReverseDiff.

    https://github.com/JuliaDiff/ForwardDiff.jl/issues/83, https://github.com/JuliaDiff/ReverseDiff.jl/issues/45
    """
    assert D(lambda x: x * E(lambda y: x + y)(1.0))(1.0) == 1.0
    assert D(lambda x: x * E(lambda y: x * y)(1.0))(4.0) == 8.0


@every_pair
def test_variables_are_not_confused_at_the_third_order(D: Any, E: Any) -> None:
    """(x (x² y²)′)‴ = (2 x³ y)‴ = 12 y, where x and y stay apart although their numbers are equal."""
    y = 0.5
    assert D(E(D(lambda x: x * E(lambda y: x**2 * y**2)(y))))(y) == 12 * y


@every_pair
def test_a_variable_that_the_inner_function_changes(D: Any, E: Any) -> None:
    """Two instead of one: https://github.com/JuliaDiff/ForwardDiff.jl/issues/443."""

    def outer(x: Any) -> Any:
        def inner(y: Any) -> Any:
            nonlocal x
            x = x * y
            return x

        E(inner)(1.0)
        return E(inner)(1.0)

    assert D(outer)(1.0) == 1.0


class Confuse:
    """A function that differentiates one of its own type."""

    def __init__(self, derivative: Any, outermost: bool, x: Any) -> None:
        self.derivative, self.outermost, self.x = derivative, outermost, x

    def __call__(self, y: Any) -> Any:
        return y * self.derivative(Confuse(None, False, y))(1.0) if self.outermost else self.x + y


@every_pair
def test_variables_are_told_apart_by_more_than_the_type_of_the_function(D: Any, E: Any) -> None:
    """Two instead of one: https://github.com/JuliaDiff/ForwardDiff.jl/issues/313."""
    assert D(Confuse(E, True, 0.0))(1.0) == 1.0


def test_a_second_backward_adds_no_more_than_the_first() -> None:
    """(3, 2) instead of (2, 2) in micrograd: https://github.com/karpathy/micrograd/issues/53."""
    a, b = Value(3.0), Value(2.0)
    e = (a + b) * 1.0
    e.backward()
    e.backward()
    assert (a.grad, b.grad) == (2.0, 2.0)


def test_the_slope_by_a_factor_that_is_0() -> None:
    """Zero instead of log y, where x log y is made safe by testing x: https://github.com/pytorch/pytorch/issues/80770."""
    assert grad(lambda x: x * log(23.0))(0.0) == logarithm(23.0)
    assert grad(lambda x: log(23.0 + 0 * x) * x)(0.0) == logarithm(23.0)
