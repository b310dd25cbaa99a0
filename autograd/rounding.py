"""The rounding error of one operation: how far its value may be from the exact one, on the operands as they are.

That of rational operations is computed exactly, that of the others bounded in units in the last place: for the rows of
the library by what its tests measure against python-flint, for one of your own by what it says in `ULPS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import reduce
from math import inf, isfinite, isqrt, nextafter, ulp
from operator import add, mul, sub, truediv

from autograd import floats, primitives
from autograd.primitives import Primitive

UNIT = 2.0**-53  # relative error of a correctly rounded number
SMALLEST = 2.0**-1074
LARGEST_POWER = 64  # exponents up to which powers are computed exactly


def _power(x: Fraction, y: Fraction) -> Fraction:
    if y.denominator > 1 or abs(y) > LARGEST_POWER:
        raise ArithmeticError("no rational number, or a long one")
    return Fraction(x ** int(y))


def _sqrt(x: Fraction) -> Fraction:
    root = Fraction(isqrt(x.numerator), isqrt(x.denominator))
    if root * root != x:
        raise ArithmeticError("no rational number")
    return root


# What these are exactly: their rounding error is known, and often it is 0.
RATIONAL: dict[str, Callable[..., Fraction]] = {
    "add": add,
    "subtract": sub,
    "multiply": mul,
    "divide": truediv,
    "power": _power,
    "chain": mul,
    "mod": lambda x, y: x % y,
    "floor_divide": lambda x, y: Fraction(x // y),
    "ldexp": lambda x, n: x * Fraction(2) ** int(n),
    "fsum": lambda *xs: sum(xs, Fraction(0)),
    "dot": lambda *xs: sum(map(mul, xs[: len(xs) // 2], xs[len(xs) // 2 :]), Fraction(0)),
    "prod": lambda *xs: reduce(mul, xs, Fraction(1)),
    "sqrt": _sqrt,
    "round_to": lambda x, digits: Fraction(round(x * Fraction(10) ** int(digits))) / Fraction(10) ** int(digits),
}

# Errors of the others in units in the last place: 4 if they are not here. `ULPS[name] = …` says it of one of your own.
ULPS: dict[str, float] = {
    **dict.fromkeys(["identity", "negate", "absolute", "copysign", "sign", "floor", "ceil", "trunc"], 0.0),
    **dict.fromkeys(["where", "clip", "relu", "maximum", "minimum", "fmod", "remainder"], 0.0),
    **dict.fromkeys([row.name for row in primitives.CONDITIONS], 0.0),
    **dict.fromkeys(["sqrt", "round_to"], 0.5),
    **dict.fromkeys(["gamma", "gamma_slope", "lgamma", "digamma", "polygamma"], 1.0),
}
DEFAULT_ULPS = 4.0


def _bell_terms(n: float, a: float, x: float) -> float:
    """Return the size of the terms of the Hermite polynomial, which cancel near its roots."""
    before, size = 0.0, 1.0
    for k in range(int(n)):
        before, size = size, 2.0 * a * (abs(x) * size + k * before)
    return 4.0 * (n + 1.0) * size * floats.exp(-a * x * x)


# Those whose terms may be larger than their value: what they add to the error, in UNITs of 1.
TERMS: dict[str, Callable[..., float]] = {
    "bell": _bell_terms,
    "logsumexp": lambda *xs: 2.0 * abs(floats.maximum(*xs)) + 2.0 * len(xs) + 4.0,
}

# Constants in the rules of the table that stand for irrational numbers: they were rounded, too.
IRRATIONAL = {primitives.LN2, primitives.LOG2_E, primitives.LOG10_E, floats.ERF_SLOPE, floats.NORMAL_PEAK}


def rounding_error(primitive: Primitive, value: float, operands: Sequence[float]) -> float:
    """Return a bound on the difference between the computed value of a primitive and the exact one.

    >>> from autograd.primitives import add
    >>> rounding_error(add, 3.0, [1.0, 2.0]), rounding_error(add, 1.0, [1.0, 2.0**-60]) * 2**60
    (0.0, 1.0)
    """
    if not isfinite(value):
        return inf
    if primitive.name in RATIONAL:
        try:
            exact = RATIONAL[primitive.name](*map(Fraction, operands))
            return _upwards(abs(Fraction(value) - exact))
        except (ArithmeticError, ValueError):  # an infinity, or a power or root that is not rational
            pass
    terms = TERMS[primitive.name](*operands) if primitive.name in TERMS else 0.0
    return ULPS.get(primitive.name, DEFAULT_ULPS) * ulp(value) + terms * UNIT


def _upwards(exact: Fraction) -> float:
    rounded = float(exact)
    return rounded if rounded >= exact else nextafter(rounded, inf)
