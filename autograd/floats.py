"""Values of the primitives on floats: IEEE 754 and quiet.

The standard library raises where a result is infinite or undefined (`math.log(0)`, `1 / 0`, `math.exp(1000)`). A
derivative has to be taken there too, so these functions return what C and IEEE 754 return: an infinity or NaN.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from functools import cache, reduce

from autograd.errors import PrimitiveError

inf, nan = math.inf, math.nan
SQRT_HALF = math.sqrt(0.5)


def quiet(function: Callable[..., float], otherwise: Callable[..., float]) -> Callable[..., float]:
    """Return `function`, with the result of `otherwise` where the standard library raises.

    >>> quiet(math.log, lambda x: -inf if x == 0 else nan)(0.0)
    -inf
    """

    def evaluate(*operands: float) -> float:
        try:
            return function(*operands)
        except (ValueError, ArithmeticError):
            return otherwise(*operands)

    return evaluate


def undefined(*operands: float) -> float:
    """Return NaN: the function has no value here."""
    return nan


def infinite(*operands: float) -> float:
    """Return infinity: the value is too large, or a pole that is positive on both sides."""
    return inf


def signed_infinity(x: float) -> float:
    """Return the infinity with the sign of `x`."""
    return math.copysign(inf, x)


def pole_at(place: float) -> Callable[[float], float]:
    """Return the logarithms' exception: minus infinity at `place`, undefined elsewhere."""
    return lambda x: -inf if x == place else nan


# ── arithmetic ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _divide_by_zero(x: float, y: float) -> float:
    return nan if x == 0 or x != x else math.copysign(inf, x) * math.copysign(1.0, y)


def _is_odd(y: float) -> bool:
    return math.fmod(y, 2.0) in (1.0, -1.0)


def _power_otherwise(x: float, y: float) -> float:
    if x == 0:  # 0 ** negative: a pole, signed for odd powers of a signed zero
        return math.copysign(inf, x) if _is_odd(y) else inf
    if x < 0 and y != math.floor(y):  # a fractional power of a negative number is complex
        return nan
    return -inf if x < 0 and _is_odd(y) else inf  # too large


def rounded(function: Callable[..., int]) -> Callable[..., float]:
    """Return `function`, which rounds to an integer, as a float function that keeps the sign of zero."""
    return quiet(lambda x: math.copysign(function(x), x), lambda x: x)


copysign = math.copysign


def sign(x: float) -> float:
    """Return -1.0, 0.0 or 1.0; zeros and NaN are returned as they are."""
    return math.copysign(1.0, x) if x > 0 or x < 0 else x


def identity(x: float) -> float:
    """Return `x`."""
    return x


add, subtract, multiply, negate, absolute = operator.add, operator.sub, operator.mul, operator.neg, abs
divide = quiet(operator.truediv, _divide_by_zero)
power = quiet(math.pow, _power_otherwise)
mod = quiet(operator.mod, undefined)
floor_divide = quiet(operator.floordiv, _divide_by_zero)
fmod = quiet(math.fmod, undefined)
remainder = quiet(math.remainder, undefined)
floor, ceil, trunc = rounded(math.floor), rounded(math.ceil), rounded(math.trunc)
round_to = quiet(
    lambda x, digits: math.copysign(round(x, int(digits)), x) if digits == int(digits) else nan,
    lambda x, digits: signed_infinity(x) if math.isfinite(digits) else nan,
)
ldexp = quiet(
    lambda x, n: math.ldexp(x, int(n)) if n == int(n) else nan,
    lambda x, n: signed_infinity(x) if math.isfinite(n) else nan,
)


def chain(adjoint: float, partial: float) -> float:
    """Return adjoint · partial, which is 0 where the adjoint is 0, even if the partial is infinite or NaN."""
    return adjoint * partial if adjoint != 0 else 0.0


# ── conditions: 1.0 or 0.0 ───────────────────────────────────────────────────────────────────────────────────────────


def condition(relation: Callable[..., bool]) -> Callable[..., float]:
    """Return a relation that answers with 1.0 or 0.0."""
    return lambda *operands: float(relation(*operands))


less, less_equal = condition(operator.lt), condition(operator.le)
greater, greater_equal = condition(operator.gt), condition(operator.ge)
equal, not_equal = condition(operator.eq), condition(operator.ne)
logical_and = condition(lambda x, y: x != 0 and y != 0)
logical_or = condition(lambda x, y: x != 0 or y != 0)
logical_not = condition(lambda x: x == 0)


# ── exponentials, logarithms, roots, angles ──────────────────────────────────────────────────────────────────────────

exp, exp2, expm1 = quiet(math.exp, infinite), quiet(math.exp2, infinite), quiet(math.expm1, infinite)
log, log2, log10 = quiet(math.log, pole_at(0)), quiet(math.log2, pole_at(0)), quiet(math.log10, pole_at(0))
log1p = quiet(math.log1p, pole_at(-1))
sqrt, cbrt = quiet(math.sqrt, undefined), math.cbrt
sin, cos, tan = quiet(math.sin, undefined), quiet(math.cos, undefined), quiet(math.tan, undefined)
asin, acos = quiet(math.asin, undefined), quiet(math.acos, undefined)
atan, atan2 = math.atan, math.atan2
sinh, cosh, tanh = quiet(math.sinh, signed_infinity), quiet(math.cosh, infinite), math.tanh
asinh, acosh = math.asinh, quiet(math.acosh, undefined)
atanh = quiet(math.atanh, lambda x: signed_infinity(x) if abs(x) == 1 else nan)

# ── special functions ────────────────────────────────────────────────────────────────────────────────────────────────

erf, erfc = math.erf, math.erfc
gamma = quiet(math.gamma, lambda x: signed_infinity(x) if x > -1 else nan)
lgamma = quiet(math.lgamma, infinite)

# B₂, B₄, … B₂₀: https://dlmf.nist.gov/24.2#T3
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330)
MAX_ORDER = 170  # the factorial of a larger one is no float
FAR_ENOUGH = 20.0  # where the asymptotic series reaches full precision within these ten terms


def polygamma(order: float, x: float) -> float:
    """Return the derivative of digamma of the given order, an integer from 0 to `MAX_ORDER`; NaN for any other order.

    Reflection for negative x (https://dlmf.nist.gov/5.15#E6), recurrence up to `FAR_ENOUGH` (5.15.5), then the
    asymptotic series (5.15.8).
    """
    if not 0 <= order <= MAX_ORDER or order != math.floor(order) or x != x or x == -inf:
        return nan
    n = int(order)
    if x == inf:
        return inf if n == 0 else 0.0
    if math.isinf(divide(1.0, x)):  # at 0, or so near that nothing else counts
        return -signed_infinity(x) if n % 2 == 0 else inf
    if x < 0:
        return nan if x == math.floor(x) else _reflected_polygamma(n, x)
    return _positive_polygamma(n, x)


def _positive_polygamma(n: int, x: float) -> float:
    steps = max(0, math.ceil(FAR_ENOUGH + n - x))
    try:
        near = math.fsum((x + k) ** -(n + 1) for k in range(steps))
    except OverflowError:
        return -inf if n % 2 == 0 else inf
    far = x + steps
    if n == 0:
        series = (-b / (2 * k) * far ** (-2 * k) for k, b in enumerate(BERNOULLI, 1))
        return math.fsum((math.log(far), -0.5 / far, *series, -near))
    # everything divided by n!, so that no factorial is larger than the result
    terms = (b * math.comb(2 * k + n - 1, n - 1) / n * far ** -(2 * k + n) for k, b in enumerate(BERNOULLI, 1))
    total = math.fsum((far**-n / n, 0.5 * far ** -(n + 1), *terms, near))
    return math.copysign(math.factorial(n) * total, -1.0 if n % 2 == 0 else 1.0)


def _reflected_polygamma(n: int, x: float) -> float:
    cotangent = divide(1.0, math.tan(math.pi * (x - round(x))))
    derivative = 0.0
    for coefficient in reversed(_cotangent_derivative(n)):
        derivative = derivative * cotangent + coefficient
    mirrored = polygamma(n, 1 - x)
    return (mirrored if n % 2 == 0 else -mirrored) - math.pi ** (n + 1) * derivative


@cache
def _cotangent_derivative(n: int) -> tuple[int, ...]:
    """Return the coefficients of the polynomial P with dⁿ cot(t) / dtⁿ = P(cot t): each is -(1 + c²) P′ of the last."""
    polynomial = [0, 1]
    for _ in range(n):
        slope = [k * c for k, c in enumerate(polynomial)][1:]
        polynomial = [0] * (len(slope) + 2)
        for k, c in enumerate(slope):
            polynomial[k] -= c
            polynomial[k + 2] -= c
    return tuple(polynomial)


def digamma(x: float) -> float:
    """Return the logarithmic derivative of gamma."""
    return polygamma(0.0, x)


# ── selections ───────────────────────────────────────────────────────────────────────────────────────────────────────


def where(condition: float, x: float, y: float) -> float:
    """Return `x` where the condition is not zero, else `y`."""
    return x if condition else y


def maximum(first: float, *others: float) -> float:
    """Return the first of the largest operands; NaN if one is NaN."""
    best = first
    for x in others:
        if x > best or x != x:
            best = x
    return best


def minimum(first: float, *others: float) -> float:
    """Return the first of the smallest operands; NaN if one is NaN."""
    best = first
    for x in others:
        if x < best or x != x:
            best = x
    return best


def clip(x: float, low: float, high: float) -> float:
    """Return the number nearest to `x` between the bounds; `high` if they are crossed."""
    return minimum(maximum(x, low), high)


def relu(x: float) -> float:
    """Return `x` where it is positive, else 0."""
    return 0.0 if x <= 0 else x


# ── activations ──────────────────────────────────────────────────────────────────────────────────────────────────────


def sigmoid(x: float) -> float:
    """Return 1 / (1 + e⁻ˣ), without overflow on either side."""
    e = math.exp(-abs(x))
    return (1.0 if x >= 0 else e) / (1.0 + e)


def softplus(x: float) -> float:
    """Return log(1 + eˣ), without overflow or cancellation."""
    return relu(x) + math.log1p(math.exp(-abs(x)))


def silu(x: float) -> float:
    """Return x · sigmoid(x)."""
    return x * sigmoid(x) if x != -inf else -0.0


def gelu(x: float) -> float:
    """Return x · Φ(x), Φ the normal distribution function."""
    return 0.5 * x * math.erfc(-x * SQRT_HALF) if x != -inf else -0.0


# ── many operands ────────────────────────────────────────────────────────────────────────────────────────────────────


def plain_sum(numbers: Iterable[float]) -> float:
    """Return the sum added from left to right (`sum` compensates rounding errors from Python 3.12 on)."""
    return reduce(operator.add, numbers, 0.0)


def _scaled_sum(*operands: float) -> float:
    if inf in operands and -inf in operands:
        return nan
    return math.fsum(x * 2.0**-64 for x in operands) * 2.0**64  # an intermediate sum was too large


fsum = quiet(lambda *operands: math.fsum(operands), _scaled_sum)


def dot(*operands: float) -> float:
    """Return the sum of the products of the first half with the second half, added from left to right."""
    half, odd = divmod(len(operands), 2)
    if odd:
        raise PrimitiveError(f"dot: got {len(operands)} operands; expected two halves of equal length")
    return plain_sum(map(operator.mul, operands[:half], operands[half:]))


def prod(*operands: float) -> float:
    """Return the product, multiplied from left to right."""
    return math.prod(operands, start=1.0)


hypot = math.hypot


def logsumexp(*operands: float) -> float:
    """Return the logarithm of the sum of the exponentials, exact to the last digits for any size of operands."""
    largest = maximum(-inf, *operands)
    if math.isinf(largest):
        return largest
    at = next((i for i, x in enumerate(operands) if x == largest), 0)
    others = (x for i, x in enumerate(operands) if i != at)
    return largest + math.log1p(plain_sum(math.exp(x - largest) for x in others))
