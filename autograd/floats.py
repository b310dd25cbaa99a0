"""Values of the primitives on floats: IEEE 754 and quiet.

The standard library raises where a result is infinite or undefined (`math.log(0)`, `1 / 0`, `math.exp(1000)`). A
derivative has to be taken there too, so these functions return what C and IEEE 754 return: an infinity or NaN.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from functools import reduce

from autograd import special
from autograd.errors import PrimitiveError

inf, nan = math.inf, math.nan
SQRT_HALF, SQRT_HALF_REST = math.sqrt(0.5), -4.833646656726457e-17  # their sum is √½ to 106 bits
ERF_SLOPE = 2.0 / math.sqrt(math.pi)  # erf′(0)
NORMAL_PEAK = 1.0 / math.sqrt(2.0 * math.pi)  # the normal density at 0
MILLS = (-135135.0, 10395.0, -945.0, 105.0, -15.0, 3.0, -1.0)  # of the asymptotic series of the normal distribution
SMALLEST_NORMAL = 2.0**-1022


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
gamma, gamma_slope, lgamma = special.gamma, special.gamma_slope, special.lgamma
digamma, polygamma = special.digamma, special.polygamma

# ── slopes, and what else rules are made of ──────────────────────────────────────────────────────────────────────────
# They keep their digits where the formulas of textbooks lose them: by a rounded argument that is magnified later, or by
# an intermediate result that is too large or too small for a float.


def two_difference(x: float, y: float) -> tuple[float, float]:
    """Return the rounded difference and its error (Knuth 1997, 4.2.2, theorem B)."""
    difference = x - y
    back = difference - x
    return difference, (x - (difference - back)) - (y + back)


def two_product(x: float, y: float) -> tuple[float, float]:
    """Return the rounded product and its error (Dekker 1971, Veltkamp's splitting); exact from 1e-150 to 1e150."""
    big_x, big_y = 134217729.0 * x, 134217729.0 * y  # 2²⁷ + 1
    x_high, y_high = big_x - (big_x - x), big_y - (big_y - y)
    x_low, y_low = x - x_high, y - y_high
    product = x * y
    return product, ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low


def ratio(x: float, y: float, n: float) -> float:
    """Return x / yⁿ, n a small whole number, also where steps on the way to it would be no normal numbers."""
    if not 0.0 <= n <= 1000.0 or n != math.floor(n):
        return nan
    steps = int(n)
    first = result = divide(x, y)
    for _ in range(steps - 1):
        result = divide(result, y)
    tame = min(abs(first), abs(result)) >= SMALLEST_NORMAL and max(abs(first), abs(result)) < inf
    if steps < 2 or tame or x == 0 or y == 0 or not (math.isfinite(x) and math.isfinite(y)):
        return x if steps == 0 else result
    (result, exponent), (fraction, shift) = math.frexp(x), math.frexp(y)
    for _ in range(steps):
        result /= fraction
    return ldexp(result, float(exponent - steps * shift))


def monomial(c: float, x: float, y: float, k: float) -> float:
    """Return c · xʸ⁻ᵏ, with the error of y - k mended, and without overflow on the way; 0 where c is 0."""
    if c == 0:
        return 0.0
    exponent, rest = two_difference(y, k)
    value = power(x, exponent) if exponent == exponent else exponent
    if value != value:
        return value
    if SMALLEST_NORMAL <= abs(value) < inf:
        root = math.copysign(1.0, value)
        value = abs(value)
    else:
        root = math.copysign(power(abs(x), 0.5 * exponent), value)
        value = abs(root)
    if rest != 0 and abs(exponent) >= 2.0**53 and abs(fmod(k, 2.0)) == 1.0:  # y is even, y - k odd
        root = math.copysign(root, x)
    if rest != 0 and x > 0 and 0.0 < value < inf and math.isfinite(exponent):
        root *= 1.0 + rest * math.log(x)
    return c * root * value if value != 0 or c != c else math.copysign(1.0, c) * root


def exp_of_difference(x: float, y: float) -> float:
    """Return e to the power of x - y, with the error of the difference mended."""
    if x == y:  # also where both are infinite
        return 1.0
    difference, rest = two_difference(x, y)
    value = exp(difference)
    return value + value * rest if 0.0 < value < inf else value


def atan_slope(x: float) -> float:
    """Return 1 / (1 + x²)."""
    return 1.0 / (1.0 + x * x) if abs(x) < 1e8 else 1.0 / x / x


def asin_slope(x: float) -> float:
    """Return 1 / √(1 - x²)."""
    return divide(1.0, sqrt((1.0 - x) * (1.0 + x)))


def atanh_slope(x: float) -> float:
    """Return 1 / (1 - x²), from -1 to 1."""
    return divide(1.0, (1.0 - x) * (1.0 + x)) if abs(x) <= 1.0 else nan


def cbrt_slope(x: float) -> float:
    """Return the derivative of the cube root, which is mended by one step of Newton's method in twice the precision."""
    if x == 0 or not math.isfinite(x):
        return divide(1.0, abs(x))
    root, exponent = math.frexp(math.cbrt(x))  # root³ is near x · 2^(-3 · exponent), which is neither large nor small
    square, square_rest = two_product(root, root)
    cube, cube_rest = two_product(square, root)
    error = ((ldexp(x, -3.0 * exponent) - cube) - cube_rest) - square_rest * root
    return ldexp((1.0 - 2.0 * error / (3.0 * cube)) / (3.0 * square), -2.0 * exponent)


def inverse_part(x: float, y: float) -> float:
    """Return x / (x² + y²): the real part of 1 / (x + iy)."""
    if math.isinf(x):  # at most 1 / |x|, on whatever way
        return math.copysign(0.0, x) if y == y else nan
    if abs(x) >= abs(y):
        t = divide(y, x)
        return divide(0.5, x) / (0.5 + 0.5 * t * t)
    t = divide(x, y)
    return ratio(x, y, 2.0) / (1.0 + t * t)


def bell(n: float, a: float, x: float) -> float:
    """Return the n-th derivative of exp(-a · x²), a a power of 2, with the error of x² mended.

    That is a Hermite polynomial (https://dlmf.nist.gov/18.9#E1) times exp(-a · x²), in two factors so that their
    product is rounded where it is subnormal, and not before.
    """
    if not 0.0 <= n <= 1000.0 or n != math.floor(n) or x != x:
        return nan
    if abs(x) >= 1000.0:
        return 0.0
    before, polynomial = 0.0, 1.0
    for k in range(int(n)):
        before, polynomial = polynomial, -2.0 * a * (x * polynomial + k * before)
    square, rest = two_product(x, x)
    value = exp(-a * square)
    if value > 1e-290:
        return polynomial * (value - value * (a * rest))
    half = exp(-0.5 * a * square)
    return polynomial * half * (half - half * (a * rest))


def bump(c: float, x: float) -> float:
    """Return c · eˣ / (1 + eˣ)², the slope of the logistic function, without underflow on the way."""
    e = math.exp(-abs(x))
    if e <= 1e-290:
        half = math.exp(-0.5 * abs(x))
        return c * half * half if half != 0 or c != c else 0.0
    total = 1.0 + e
    slope = e / (total * total)
    return c * (slope - slope * (2.0 * (e - (total - 1.0)) / total))


def normal(x: float) -> float:
    """Return the distribution function of the normal distribution, with the error of x · √½ mended."""
    if not abs(x) < 40.0:
        return 0.0 if x < 0 else 1.0 if x > 0 else x
    t, rest = two_product(-x, SQRT_HALF)
    return 0.5 * math.erfc(t) - 0.5 * ERF_SLOPE * (rest - x * SQRT_HALF_REST) * math.exp(-t * t)


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
    if x > -700.0 or x != x:
        return x * sigmoid(x)
    half = math.exp(0.5 * x)  # x would magnify what e to the power of x loses as a subnormal number
    return x * half * half if x != -inf else -0.0


def gelu(x: float) -> float:
    """Return x · Φ(x), Φ the normal distribution function."""
    if x > -37.0 or x != x:
        return x * normal(x)
    if x < -40.0:
        return -0.0
    # Where Φ(x) is subnormal, x · Φ(x) should not suffer from it: https://dlmf.nist.gov/7.12#E1
    inverse = 1.0 / (x * x)
    series = 0.0
    for coefficient in MILLS:
        series = (series + coefficient) * inverse
    square, rest = two_product(x, x)
    half = math.exp(-0.25 * square)
    return -NORMAL_PEAK * half * (half + half * (series - 0.5 * rest))


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
