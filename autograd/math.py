"""The standard `math`, differentiable: change `import math` to `from autograd import math`.

Functions of numbers give numbers, as in the standard library, but with the infinities and NaNs of IEEE 754 where that
raises an exception. Functions of Values give Values. What has no derivative (`comb`, `gcd`, `isqrt`, …) is handed on
from the standard library; `isnan` and its like look at the number in a Value. New here: `maximum`, `minimum`, `where`,
`clip`, `sign`, `dot`, `norm`, `logsumexp`, `logaddexp`, `digamma`, `polygamma` and the activations.

>>> from autograd import Value, math
>>> x = Value(0.0)
>>> y = math.exp(math.sin(x))
>>> y.backward()
>>> y.data, x.grad, math.exp(0.0)
(1.0, 1.0, 1.0)
"""

from __future__ import annotations

import math as _math
from collections.abc import Iterable
from contextlib import suppress
from math import e as e, inf as inf, nan as nan, pi as pi, tau as tau
from typing import Any, TypeVar

from autograd import primitives as _p
from autograd.core import Value, function as _function, over as _over, read as _read, refuse as _refuse
from autograd.errors import ArgumentError as _ArgumentError

__all__ = [
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "clip", "copysign", "cos", "cosh",
    "degrees", "digamma", "dist", "dot", "e", "erf", "erfc", "exp", "exp2", "expm1", "fabs", "floor", "fma", "fmod",
    "frexp", "fsum", "gamma", "gelu", "hypot", "inf", "isclose", "isfinite", "isinf", "isnan", "ldexp", "lgamma",
    "log", "log1p", "log2", "log10", "logaddexp", "logsumexp", "maximum", "minimum", "modf", "nan", "norm", "pi",
    "polygamma", "pow", "prod", "radians", "relu", "remainder", "sigmoid", "sign", "silu", "sin", "sinh",
    "softplus", "sqrt", "sumprod", "tan", "tanh", "tau", "trunc", "where",
]  # fmt: skip
__all__ += [name for name in dir(_math) if not name.startswith("_") and name not in __all__]

N = TypeVar("N", float, Value)

# ── rows of the table ────────────────────────────────────────────────────────────────────────────────────────────────

exp, exp2, expm1, log1p, sqrt, cbrt = map(_function, (_p.exp, _p.exp2, _p.expm1, _p.log1p, _p.sqrt, _p.cbrt))
sin, cos, tan, asin, acos, atan = map(_function, (_p.sin, _p.cos, _p.tan, _p.asin, _p.acos, _p.atan))
sinh, cosh, tanh, asinh, acosh, atanh = map(
    _function, (_p.sinh, _p.cosh, _p.tanh, _p.asinh, _p.acosh, _p.atanh)
)
erf, erfc, gamma, lgamma, digamma = map(_function, (_p.erf, _p.erfc, _p.gamma, _p.lgamma, _p.digamma))
pow, atan2, fmod, remainder, copysign = map(_function, (_p.power, _p.atan2, _p.fmod, _p.remainder, _p.copysign))
polygamma, ldexp, fabs, sign, clip = map(_function, (_p.polygamma, _p.ldexp, _p.absolute, _p.sign, _p.clip))
maximum, minimum, hypot = map(_function, (_p.maximum, _p.minimum, _p.hypot))
relu, sigmoid, softplus, silu, gelu = map(_function, (_p.relu, _p.sigmoid, _p.softplus, _p.silu, _p.gelu))
_log, _log2, _log10, _where = map(_function, (_p.log, _p.log2, _p.log10, _p.where))


def __getattr__(name: str) -> Any:
    """Hand on what has no derivative from the standard library, whatever this version of Python has."""
    return getattr(_math, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(_math)})


def _operand(x: Any, function: str) -> Any:
    return x if isinstance(x, Value) else _p.as_float(x, function)


# ── functions with more to them than their row ───────────────────────────────────────────────────────────────────────


def log(x: N, base: N | float | None = None) -> N:
    """Return the logarithm of `x` to the given base, the natural one by default.

    >>> log(8, 2)
    3.0
    """
    natural: N = _logarithm(_math.log, _log, x)
    return natural if base is None else _p.divide(natural, _logarithm(_math.log, _log, base))


def log2(x: N) -> N:
    """Return the logarithm of `x` to the base 2."""
    return _logarithm(_math.log2, _log2, x)  # type: ignore[no-any-return]


def log10(x: N) -> N:
    """Return the logarithm of `x` to the base 10."""
    return _logarithm(_math.log10, _log10, x)  # type: ignore[no-any-return]


def _logarithm(function: Any, primitive: _p.Primitive, x: Any) -> Any:
    return function(x) if type(x) is int and x > 0 else primitive(x)  # ints may be too large for a float


def where(condition: Any, x: Any, y: Any) -> Any:
    """Return `x` if the condition holds (a bool, or a number that is not 0), else `y`. The other gets no gradient.

    >>> x = Value(0.0)
    >>> where(x > 0, log(x), 2 * x).backward()
    >>> x.grad
    2.0
    """
    return _where(condition if isinstance(condition, Value) else bool(condition), x, y)


def floor(x: Any) -> Any:
    """Return the largest integer up to `x`: an int for a finite number, as in the standard library."""
    return _rounded(_math.floor, _p.floor, x)


def ceil(x: Any) -> Any:
    """Return the smallest integer from `x` on: an int for a finite number, as in the standard library."""
    return _rounded(_math.ceil, _p.ceil, x)


def trunc(x: Any) -> Any:
    """Return the integer part of `x`: an int for a finite number, as in the standard library."""
    return _rounded(_math.trunc, _p.trunc, x)


def _rounded(function: Any, primitive: _p.Primitive, x: Any) -> Any:
    try:
        return function(x)  # a Value answers with a Value
    except (OverflowError, ValueError):  # infinities and NaN have no integer
        return primitive(x)


def modf(x: N) -> tuple[N, N]:
    """Return the fractional and the integer part of `x`, both with its sign.

    >>> modf(-2.5)
    (-0.5, -2.0)
    """
    if not isinstance(x, Value):
        return _math.modf(x)
    return _p.choose(isinf(x), _p.copysign(0.0, x), _p.fmod(x, 1.0)), _p.trunc(x)


def frexp(x: N) -> tuple[N, int]:
    """Return `m` and the integer `n` with x = m · 2ⁿ and 0.5 ≤ |m| < 1.

    >>> frexp(6.0)
    (0.75, 3)
    """
    if not isinstance(x, Value):
        return _math.frexp(x)
    _refuse("math.frexp(x)")  # the exponent is an int
    exponent = _math.frexp(_read(x))[1]
    return _p.ldexp(x, -exponent), exponent


def degrees(x: N) -> N:
    """Return an angle given in radians in degrees."""
    return _operand(x, "degrees") * (180.0 / pi)  # type: ignore[no-any-return]


def radians(x: N) -> N:
    """Return an angle given in degrees in radians."""
    return _operand(x, "radians") * (pi / 180.0)  # type: ignore[no-any-return]


def fma(x: Any, y: Any, z: Any) -> Any:
    """Return x·y + z; for Values, and before Python 3.13, it is rounded twice."""
    x, y, z = (_operand(number, "fma") for number in (x, y, z))
    if hasattr(_math, "fma") and not any(isinstance(number, Value) for number in (x, y, z)):
        with suppress(ValueError, OverflowError):
            return _math.fma(x, y, z)
    return x * y + z


# ── many operands, one node ──────────────────────────────────────────────────────────────────────────────────────────


def fsum(numbers: Iterable[Any]) -> Any:
    """Return the sum of the numbers, rounded once.

    >>> fsum([0.1] * 10)
    1.0
    """
    return _over(_p.fsum, numbers)


def prod(numbers: Iterable[Any], *, start: Any = 1) -> Any:
    """Return the product of the numbers and `start`.

    >>> prod([2, 3, Value(4.0)]).data
    24.0
    """
    factors = [*numbers] if isinstance(start, int) and start == 1 else [start, *numbers]
    return _over(_p.prod, factors) if any(isinstance(x, Value) for x in factors) else _math.prod(factors)


def dot(xs: Iterable[Any], ys: Iterable[Any]) -> Any:
    """Return the sum of the products of the numbers in `xs` with those in `ys`, added from left to right.

    Raises `ArgumentError` if the lengths differ.

    >>> dot([1, 2, 3], [4, 5, 6])
    32.0
    """
    return _over(_p.dot, xs, ys)


def sumprod(p: Any, q: Any) -> Any:
    """Return the sum of the products of two sequences: that of the standard library for numbers, `dot` for Values.

    >>> sumprod([1, 2], [3, Value(4.0)]).data
    11.0
    """
    first, second = tuple(p), tuple(q)
    if hasattr(_math, "sumprod") and not any(isinstance(x, Value) for x in (*first, *second)):
        return _math.sumprod(first, second)  # pragma: no cover  # from Python 3.12 on
    return dot(first, second)


def dist(p: Iterable[Any], q: Iterable[Any]) -> Any:
    """Return the Euclidean distance of two points, given by their coordinates.

    Raises `ArgumentError` if they have different dimensions.

    >>> dist((1, 2), (4, 6))
    5.0
    """
    first, second = tuple(p), tuple(q)
    if len(first) != len(second):
        raise _ArgumentError(f"dist: got points of {len(first)} and {len(second)} coordinates; expected equally many")
    return _p.hypot(*[a - b for a, b in zip(first, second)])


def norm(numbers: Iterable[Any]) -> Any:
    """Return the Euclidean norm √Σx², without overflow; its gradient at the origin is 0.

    >>> norm([3, 4])
    5.0
    """
    return _over(_p.hypot, numbers)


def logsumexp(numbers: Iterable[Any]) -> Any:
    """Return log Σeˣ, without overflow; of nothing, -inf.

    >>> logsumexp([1000, 1000, -inf])
    1000.6931471805599
    """
    return _over(_p.logsumexp, numbers)


def logaddexp(x: Any, y: Any) -> Any:
    """Return log(eˣ + eʸ), without overflow.

    >>> logaddexp(0, -inf)
    0.0
    """
    return _p.logsumexp(x, y)


# ── questions about the number: while a function is recorded, conditions as comparisons are ─────────────────────────


def isnan(x: Value | float) -> bool:
    """Return whether the number is NaN."""
    return x != x if isinstance(x, Value) else _math.isnan(x)


def isinf(x: Value | float) -> bool:
    """Return whether the number is infinite."""
    return (x == inf) | (x == -inf) if isinstance(x, Value) else _math.isinf(x)


def isfinite(x: Value | float) -> bool:
    """Return whether the number is neither infinite nor NaN."""
    return (x > -inf) & (x < inf) if isinstance(x, Value) else _math.isfinite(x)


def isclose(a: Value | float, b: Value | float, *, rel_tol: float = 1e-09, abs_tol: float = 0.0) -> bool:
    """Return whether two numbers agree up to a relative or an absolute tolerance."""
    if not isinstance(a, Value) and not isinstance(b, Value):
        return _math.isclose(a, b, rel_tol=rel_tol, abs_tol=abs_tol)
    _math.isclose(0.0, 0.0, rel_tol=rel_tol, abs_tol=abs_tol)  # raises what is to be raised for the tolerances
    gap: Any = abs(a - b)
    near: Any = (gap <= abs(rel_tol * a)) | (gap <= abs(rel_tol * b)) | (gap <= abs_tol)
    return (a == b) | (isfinite(a) & isfinite(b) & near)  # type: ignore[no-any-return]
