"""The gamma function and its kin, computed with 36 digits and rounded once.

The standard library's `gamma` is off by up to 7 units in the last place, its `lgamma` has no digit left near 1 and 2,
and what a rule multiplies inherits that. With twice the digits of a float, recurrences, reflections and series may lose
what they lose: results are within half a unit and a hair, near roots and poles, too. That costs 40 to 70 µs a value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, getcontext, setcontext
from functools import cache
from math import inf, nan

DIGITS = Context(prec=36, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
PI = Decimal("3.14159265358979323846264338327950288419716939937510")
LOG_ROOT_TWO_PI = Decimal("0.91893853320467274178032973640561763986139747363778")
HALF = Decimal("0.5")
BERNOULLI = [  # B₂, B₄, … B₃₀ (https://dlmf.nist.gov/24.2#T3)
    DIGITS.divide(Decimal(n), Decimal(d))
    for n, d in (
        (1, 6), (-1, 30), (1, 42), (-1, 30), (5, 66), (-691, 2730), (7, 6), (-3617, 510), (43867, 798), (-174611, 330),
        (854513, 138), (-236364091, 2730), (8553103, 6), (-23749461029, 870), (8615841276005, 14322),
    )
]  # fmt: skip
FAR_ENOUGH = 24  # where the asymptotic series with these terms are exact to 35 digits
SINE_TERMS = 19  # up to a right angle
MAX_ORDER = 170  # the factorial of a larger one is no float


def rounded_once(function: Callable[..., Decimal], *operands: float) -> float:
    """Return what `function` computes with 36 digits as a float."""
    before = getcontext()  # not `with localcontext`, which crashes CPython 3.11 when memory has run out
    setcontext(DIGITS)
    try:
        return float(function(*operands))
    finally:
        setcontext(before)


def is_pole(x: float) -> bool:
    """Return whether `x` is 0, -1, -2, …"""
    return x <= 0 and x == math.floor(x)


def gamma(x: float) -> float:
    """Return the gamma function."""
    if x != x or x > 172.0:
        return x * inf
    if x == 0:
        return math.copysign(inf, x)
    return nan if x == -inf or is_pole(x) else rounded_once(_gamma, x)


def gamma_slope(x: float) -> float:
    """Return the derivative of gamma: not from a gamma that is rounded to 0, or to a subnormal number."""
    if x != x or x > 172.0:
        return x * inf
    if x == 0:
        return -inf
    return nan if x == -inf or is_pole(x) else rounded_once(_gamma_slope, x)


def lgamma(x: float) -> float:
    """Return log |Γ(x)|."""
    if x in (1.0, 2.0):
        return 0.0
    if x != x or math.isinf(x):
        return x * x
    return inf if is_pole(x) else rounded_once(_lgamma, x)


def digamma(x: float) -> float:
    """Return the logarithmic derivative of gamma."""
    return polygamma(0.0, x)


def polygamma(order: float, x: float) -> float:
    """Return the derivative of digamma of the given order, an integer from 0 to `MAX_ORDER`; NaN for any other."""
    if not 0 <= order <= MAX_ORDER or order != math.floor(order) or x != x or x == -inf:
        return nan
    n = int(order)
    if x == inf:
        return inf if n == 0 else 0.0
    if x == 0:
        return inf if n % 2 else math.copysign(inf, -x)
    return nan if is_pole(x) else rounded_once(_polygamma, n, x)


# ── with many digits ─────────────────────────────────────────────────────────────────────────────────────────────────
# Reflection for negative numbers, a recurrence up to `FAR_ENOUGH`, then the asymptotic series.


def _gamma(x: float) -> Decimal:
    if x < 0:  # https://dlmf.nist.gov/5.5#E3
        gap = _decimal(math.remainder(x, 1.0))
        logarithm, product = _stirling(1 - _decimal(x))
        return PI * product / (_alternating(round(x)) * _sine(gap) * logarithm.exp())
    logarithm, product = _stirling(_decimal(x))
    return logarithm.exp() / product


def _gamma_slope(x: float) -> Decimal:
    return _gamma(x) * _polygamma(0, x)


def _lgamma(x: float) -> Decimal:
    if x < 0:
        gap = _decimal(math.remainder(x, 1.0))
        logarithm, product = _stirling(1 - _decimal(x))
        return (PI * product / _sine(abs(gap))).ln() - logarithm
    logarithm, product = _stirling(_decimal(x))
    return logarithm - product.ln()


def _polygamma(n: int, x: float) -> Decimal:
    if x > 0:
        return _positive_polygamma(n, _decimal(x))
    gap = _decimal(math.remainder(x, 1.0))
    cotangent = _sine(HALF - abs(gap)) / _sine(gap)
    mirrored = _alternating(n) * _positive_polygamma(n, 1 - _decimal(x))  # https://dlmf.nist.gov/5.15#E6
    return mirrored - PI ** (n + 1) * _horner(_cotangent_derivative(n), cotangent)


def _alternating(n: int) -> int:
    """Return (-1)ⁿ."""
    return -1 if n % 2 else 1


def _decimal(x: float) -> Decimal:
    return DIGITS.create_decimal_from_float(x)


def _horner(coefficients: tuple[Decimal, ...], x: Decimal) -> Decimal:
    value = Decimal(0)
    for coefficient in reversed(coefficients):
        value = value * x + coefficient
    return value


def _stirling(x: Decimal) -> tuple[Decimal, Decimal]:
    """Return the logarithm of a gamma function farther out, and what it has to be divided by to give Γ(x).

    https://dlmf.nist.gov/5.11#E1
    """
    product, far = Decimal(1), x
    while far < FAR_ENOUGH:
        product *= far
        far += 1
    series = _horner(_coefficients(-1), far**-2) / far
    return (far - HALF) * far.ln() - far + LOG_ROOT_TWO_PI + series, product


def _positive_polygamma(n: int, x: Decimal) -> Decimal:
    """Sum the derivatives of 1 / (x + k), then of the series (https://dlmf.nist.gov/5.15#E8, 5.11.2), with its sign."""
    near, far = Decimal(0), x
    while far < FAR_ENOUGH + n:
        near += far ** -(n + 1)
        far += 1
    factorial = DIGITS.create_decimal(math.factorial(n))
    lead = factorial / n * far**-n if n else -far.ln()
    series = _horner(_coefficients(n), far**-2) * far ** -(n + 2)
    return _alternating(n + 1) * (lead + factorial * (near + far ** -(n + 1) / 2) + series)


@cache
def _coefficients(n: int) -> tuple[Decimal, ...]:
    """Return B₂ₖ (2k + n - 1)! / (2k)! for k = 1, 2, …: of the n-th derivative of digamma, up to its sign."""
    evens = range(2, 2 * len(BERNOULLI) + 1, 2)
    return tuple(b * math.factorial(k + n - 1) / math.factorial(k) for k, b in zip(evens, BERNOULLI))


@cache
def _cotangent_derivative(n: int) -> tuple[Decimal, ...]:
    """Return the coefficients of the polynomial P with dⁿ cot(t) / dtⁿ = P(cot t): each is -(1 + c²) P′ of the last."""
    polynomial = [0, 1]
    for _ in range(n):
        slope = [k * c for k, c in enumerate(polynomial)][1:]
        polynomial = [-low - high for low, high in zip([*slope, 0, 0], [0, 0, *slope])]
    return tuple(map(DIGITS.create_decimal, polynomial))


def _sine(x: Decimal) -> Decimal:
    """Return the sine of πx, for x from -½ to ½."""
    angle = PI * x
    return angle * _horner(_sine_coefficients(), angle * angle)


@cache
def _sine_coefficients() -> tuple[Decimal, ...]:
    return tuple(Decimal(_alternating(k)) / math.factorial(2 * k + 1) for k in range(SINE_TERMS))
