"""The range of an operation: all it may result in when its operands are known up to an error.

This is interval arithmetic for the table. A row that is monotone is known by its ends, one with a peak or a valley by
that as well, a periodic one by its crests; where it may jump, its range says so. And the rules of the table work on
whatever the primitives work on: called with ranges they give ranges, which hold the partials wherever the operands are.
(Moore, Kearfott and Cloud, Introduction to Interval Analysis, 2009.)
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from itertools import product
from math import floor, inf, isfinite, isnan, nan, nextafter, pi
from typing import Any

from autograd import floats, primitives as p
from autograd.primitives import TABLE, Choice, Primitive
from autograd.rounding import IRRATIONAL, UNIT, rounding_error

Condition = Any  # a bool where all numbers of the ranges agree, else `EITHER`


@dataclass(slots=True)
class Range:
    """All numbers from `low` to `high`; both are NaN where nothing is known, not even whether there is a number.

    >>> x = Range(1.0, 2.0)
    >>> x - x, x > 0.5
    (Range(low=-1.0, high=1.0, jump=False), True)
    """

    low: float
    high: float
    jump: bool = False  # the operation it is the range of is not continuous in between, or may not be

    __hash__ = None  # type: ignore[assignment]

    def __primitive__(self, primitive: Primitive, operands: tuple[Any, ...]) -> Range:
        return range_of(primitive, operands)

    def __contains__(self, x: float) -> bool:
        return not (x < self.low or self.high < x)

    def __add__(self, other: Any) -> Any:
        return p.add(self, other)

    def __radd__(self, other: Any) -> Any:
        return p.add(other, self)

    def __sub__(self, other: Any) -> Any:
        return p.subtract(self, other)

    def __rsub__(self, other: Any) -> Any:
        return p.subtract(other, self)

    def __mul__(self, other: Any) -> Any:
        return p.multiply(self, other)

    def __rmul__(self, other: Any) -> Any:
        return p.multiply(other, self)

    def __neg__(self) -> Any:
        return p.negate(self)

    def __lt__(self, other: Any) -> Condition:
        other = enclosed(other)
        return True if self.high < other.low else False if self.low >= other.high else EITHER

    def __le__(self, other: Any) -> Condition:
        other = enclosed(other)
        return True if self.high <= other.low else False if self.low > other.high else EITHER

    def __gt__(self, other: Any) -> Condition:
        return enclosed(other) < self

    def __ge__(self, other: Any) -> Condition:
        return enclosed(other) <= self

    def __eq__(self, other: object) -> Condition:
        it = enclosed(other)
        if it is self or self.low == self.high == it.low == it.high:
            return True
        return False if self.high < it.low or it.high < self.low else EITHER

    def __ne__(self, other: object) -> Condition:
        equal = self == other
        return not equal if type(equal) is bool else EITHER

    def __and__(self, other: Condition) -> Condition:
        return other and self

    def __or__(self, other: Condition) -> Condition:
        return other if other is True else self

    __rand__, __ror__ = __and__, __or__


ZERO = Range(0.0, 0.0)
EITHER = Range(0.0, 1.0)  # a condition that may be true or false
UNKNOWN = Range(nan, nan)
BROKEN = Range(nan, nan, jump=True)  # across a pole, or of an unknown operand: not even slopes of 0 say anything


def around(x: float, error: float) -> Range:
    """Return the range of all that is no farther from `x` than the error.

    >>> around(1.0, 0.5)
    Range(low=0.49999999999999994, high=1.5000000000000002, jump=False)
    """
    if error == 0.0:
        return Range(x, x)
    low, high = nextafter(x - error, -inf), nextafter(x + error, inf)
    return Range(low, high) if isfinite(high - low) else UNKNOWN


def enclosed(x: Any) -> Range:
    """Return an operand as a range: a number with what it was rounded by, nothing as 0, a choice as either of two."""
    if type(x) is Range:
        return x
    if type(x) is Choice:
        return _where(enclosed(x.condition), enclosed(x.yes), enclosed(x.no))
    return ZERO if x is None else around(x, UNIT * abs(x) if abs(x) in IRRATIONAL else 0.0)


def range_of(primitive: Primitive, operands: Sequence[Any]) -> Range:
    """Return a range that holds what a primitive of the library results in, wherever in their ranges its operands are.

    >>> range_of(p.floor, [around(2.5, 1.0)]), range_of(p.divide, [1.0, around(0.5, 1.0)])
    (Range(low=1.0, high=3.0, jump=True), Range(low=nan, high=nan, jump=True))
    """
    ranges = [enclosed(x) for x in operands]
    if primitive.name not in SELECTING and any(isnan(x.low) for x in ranges):
        return BROKEN
    return RANGES[primitive.name](*ranges)


# ── by points ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _hull(primitive: Primitive, *points: Sequence[float]) -> Range:
    """Return the range from the least to the largest of the exact values at these points."""
    ends: list[float] = []
    for point in points:
        value = primitive.evaluate(*point)
        error = rounding_error(primitive, value, point)
        ends += (nextafter(value - error, -inf), nextafter(value + error, inf)) if error else (value, value)
    return Range(min(ends), max(ends)) if all(map(isfinite, ends)) else UNKNOWN


def _union(*ranges: Range, jump: bool = False) -> Range:
    if any(isnan(x.low) for x in ranges):
        return Range(nan, nan, jump)
    return Range(min(x.low for x in ranges), max(x.high for x in ranges), jump)


def _monotone(primitive: Primitive, *xs: Range) -> Range:
    """All operands have an influence in the same direction."""
    return _hull(primitive, [x.low for x in xs], [x.high for x in xs])


def _corners(primitive: Primitive, *xs: Range) -> Range:
    """Each operand by itself has an influence in one direction, wherever the others are."""
    return _hull(primitive, *product(*((x.low, x.high) for x in xs)))


def _step(primitive: Primitive, *xs: Range) -> Range:
    found = _corners(primitive, *xs)
    return Range(found.low, found.high, jump=True)


def _ends(x: Range, *between: float) -> list[float]:
    """Return both ends of a range, and which of these places lie in between."""
    return [x.low, x.high, *(place for place in between if place in x)]


def _unimodal(primitive: Primitive, place: float, x: Range) -> Range:
    """Falling down to the bottom of a valley or rising up to a peak, and turning there."""
    return _hull(primitive, *((at,) for at in _ends(x, place)))


def _wave(primitive: Primitive, slope: Callable[[float], float], x: Range) -> Range:
    """The sine or cosine: within less than half a period there is one crest at most, where the slope changes sign."""
    if x.high - x.low >= 3.14:
        return Range(-1.0, 1.0)
    found, rising, falling = _monotone(primitive, x), slope(x.low), slope(x.high)
    return Range(
        -1.0 if rising < 0.0 < falling else max(-1.0, found.low),
        1.0 if rising > 0.0 > falling else min(1.0, found.high),
    )


# ── rows of their own kind ───────────────────────────────────────────────────────────────────────────────────────────


def _multiply(x: Range, y: Range) -> Range:
    if x is y:  # a square
        return _hull(p.multiply, *((at, at) for at in _ends(x, 0.0)))
    return _corners(p.multiply, x, y)


def _chain(a: Range, b: Range) -> Range:
    return ZERO if a.low == a.high == 0.0 else UNKNOWN if isnan(a.low + b.low) else _multiply(a, b)


def _divide(x: Range, y: Range) -> Range:
    return BROKEN if 0.0 in y else _corners(p.divide, x, y)


def _power(x: Range, y: Range) -> Range:
    whole = y.low == y.high and y.low.is_integer()
    if (0.0 in x and y.low < 0.0) or (not whole and (x.low < 0.0 or x.low == y.low == 0.0)):
        return BROKEN
    bottom = [(0.0, y.low)] if 0.0 in x else []
    return _hull(p.power, *product((x.low, x.high), (y.low, y.high)), *bottom)


def _ratio(x: Range, y: Range, n: Range) -> Range:
    return BROKEN if 0.0 in y or n.low != n.high else _corners(p.ratio, x, y, n)


def _monomial(c: Range, x: Range, y: Range, k: Range) -> Range:
    return ZERO if c.low == c.high == 0.0 else p.multiply(c, p.power(x, p.subtract(y, k)))


def _remainder(
    primitive: Primitive, quotient: Callable[..., Range], all_of: Callable[[Range], Range], x: Range, y: Range
) -> Range:
    """Linear as long as the quotient is one integer, else anything that is left over by `y`."""
    if 0.0 in y:
        return BROKEN
    whole = quotient(x, y)
    return _corners(primitive, x, y) if whole.low == whole.high else _union(all_of(y), jump=True)


def _floor_divide(x: Range, y: Range) -> Range:
    return BROKEN if 0.0 in y else _step(p.floor_divide, x, y)


def _ldexp(x: Range, n: Range) -> Range:
    return _monotone(p.ldexp, x, n) if n.low == n.high else BROKEN


def _round_to(x: Range, digits: Range) -> Range:
    return _step(p.round_to, x, digits) if digits.low == digits.high else BROKEN


def _tan(x: Range) -> Range:
    pole = x.high - x.low >= 3.14 or floats.cos(x.low) * floats.cos(x.high) <= 0.0
    return BROKEN if pole else _monotone(p.tan, x)


def _atan2(y: Range, x: Range) -> Range:
    if 0.0 in y and x.low <= 0.0:  # the cut
        return Range(nextafter(-pi, -inf), nextafter(pi, inf), jump=True)
    return _corners(p.atan2, y, x)


def _between_poles(x: Range) -> bool:
    return x.low > 0.0 or floor(x.low) == floor(x.high) < x.low


def _turns(slope: Callable[[float], float], x: Range) -> bool:
    return not (slope(x.low) > 0.0 or slope(x.high) < 0.0)


def _gamma(x: Range) -> Range:
    if not _between_poles(x):
        return BROKEN
    ends = _monotone(p.gamma, x)
    return _union(ends, ZERO) if _turns(floats.digamma, x) else ends


def _lgamma(x: Range) -> Range:
    """Convex between poles, so not below its tangents."""
    if not _between_poles(x):
        return BROKEN
    ends = _monotone(p.lgamma, x)
    fall = min(0.0, 2.0 * floats.digamma(x.low)) * (x.high - x.low) if _turns(floats.digamma, x) else 0.0
    return Range(ends.low + fall, ends.high)


def _polygamma(n: Range, x: Range) -> Range:
    """Of even order rising between poles; of odd order positive, and convex."""
    if n.low != n.high or not _between_poles(x):
        return BROKEN
    ends = _monotone(p.polygamma, n, x)
    odd = n.low % 2.0 == 1.0
    return _union(ends, ZERO) if odd and _turns(partial(floats.polygamma, n.low + 1.0), x) else ends


def _digamma(x: Range) -> Range:
    return _monotone(p.digamma, x) if _between_poles(x) else BROKEN


def _gamma_slope(x: Range) -> Range:
    return _multiply(_gamma(x), _digamma(x)) if _between_poles(x) else BROKEN


def _cbrt_slope(x: Range) -> Range:
    return BROKEN if 0.0 in x else _monotone(p.cbrt_slope, x)


def _inverse_part(x: Range, y: Range) -> Range:
    """For each y a wave through 0 with its crests at x = ±y, and the higher the nearer y is to 0."""
    if 0.0 in x and 0.0 in y:
        return BROKEN
    return _hull(p.inverse_part, *((at, height) for height in _ends(y, 0.0) for at in _ends(x, height, -height)))


def _bell(n: Range, a: Range, x: Range) -> Range:
    """A Hermite polynomial times the bell, and within Cramér's bound (https://dlmf.nist.gov/18.14#E9)."""
    if n.low != n.high or a.low != a.high:
        return BROKEN
    bell = _hull(p.bell, *((0.0, a.low, at) for at in _ends(x, 0.0)))
    if n.low == 0.0:
        return bell
    before, polynomial = ZERO, Range(1.0, 1.0)
    for k in range(int(n.low)):
        before, polynomial = polynomial, -2.0 * a * (x * polynomial + float(k) * before)
    found = polynomial * bell
    size = floats.exp(0.5 * (floats.lgamma(n.low + 1.0) + n.low * floats.log(2.0 * a.low)))
    size = nextafter(size * (1.0 + 2.0**-30), inf)  # for what is rounded here
    return Range(-size, size) if isnan(found.low) else Range(max(-size, found.low), min(size, found.high))


def _bump(c: Range, x: Range) -> Range:
    return _hull(p.bump, *product(_ends(c), _ends(x, 0.0)))


def _truth(condition: Condition) -> Range:
    return Range(float(condition), float(condition)) if type(condition) is bool else Range(0.0, 1.0, jump=True)


def _compared(relation: Callable[[Range, Any], Condition], x: Range, y: Range = ZERO) -> Range:
    return _truth(relation(x, y))


def _logical_and(x: Range, y: Range) -> Range:
    return _truth((x != ZERO) & (y != ZERO))


def _logical_or(x: Range, y: Range) -> Range:
    return _truth((x != ZERO) | (y != ZERO))


def _absolute(x: Range) -> Range:
    return _unimodal(p.absolute, 0.0, x)


def _copysign(x: Range, y: Range) -> Range:
    size = _absolute(x)
    if 0.0 in y:
        return Range(-size.high, size.high, jump=True)
    return size if y.low > 0.0 else Range(-size.high, -size.low)


def _where(condition: Range, x: Range, y: Range) -> Range:
    if 0.0 not in condition:
        return x
    return y if condition.low == condition.high else _union(x, y, jump=True)


def _maximum(*xs: Range) -> Range:
    """The operand itself where it is beyond all others, so that the rule knows it again."""
    largest = max(xs, key=lambda x: x.low)
    beyond = all(x.high <= largest.low for x in xs if x is not largest)
    return largest if beyond else _monotone(p.maximum, *xs)


def _minimum(*xs: Range) -> Range:
    least = min(xs, key=lambda x: x.high)
    beyond = all(x.low >= least.high for x in xs if x is not least)
    return least if beyond else _monotone(p.minimum, *xs)


def _dot(*xs: Range) -> Range:
    half = len(xs) // 2
    return _monotone(p.fsum, *map(_multiply, xs[:half], xs[half:]))


def _prod(*xs: Range) -> Range:
    return reduce(_multiply, xs, Range(1.0, 1.0))


def _hypot(*xs: Range) -> Range:
    return _monotone(p.hypot, *map(_absolute, xs))


# fmt: off
SELECTING = {"where", "chain"}  # results may be known although an operand is not
MONOTONE = ["identity", "add", "negate", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt",
            "asin", "acos", "atan", "sinh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "clip", "relu",
            "sigmoid", "softplus", "normal", "fsum", "logsumexp"]
RANGES: dict[str, Callable[..., Range]] = {
    **{name: partial(_monotone, TABLE[name]) for name in MONOTONE},
    **{name: partial(_step, TABLE[name]) for name in ["floor", "ceil", "trunc", "sign"]},
    **{name: partial(_unimodal, TABLE[name], 0.0) for name in ["cosh", "atan_slope", "asin_slope", "atanh_slope"]},
    **{name: partial(_corners, TABLE[name]) for name in ["subtract", "exp_of_difference"]},
    "absolute": _absolute,
    "silu": partial(_unimodal, p.silu, -1.2784645427610738),
    "gelu": partial(_unimodal, p.gelu, -0.7517915246935645),
    "sin": partial(_wave, p.sin, floats.cos),
    "cos": partial(_wave, p.cos, lambda x: -floats.sin(x)),
    "multiply": _multiply,
    "divide": _divide,
    "power": _power,
    "chain": _chain,
    "ratio": _ratio,
    "monomial": _monomial,
    "floor_divide": _floor_divide,
    "mod": partial(_remainder, p.mod, _floor_divide, lambda y: _union(ZERO, y)),
    "fmod": partial(_remainder, p.fmod, lambda x, y: p.trunc(_divide(x, y)), lambda y: _union(y, -y)),
    "remainder": partial(
        _remainder, p.remainder, lambda x, y: p.round_to(_divide(x, y), 0.0), lambda y: _union(0.5 * y, -0.5 * y)
    ),
    "ldexp": _ldexp,
    "round_to": _round_to,
    "tan": _tan,
    "atan2": _atan2,
    "gamma": _gamma,
    "lgamma": _lgamma,
    "digamma": _digamma,
    "polygamma": _polygamma,
    "gamma_slope": _gamma_slope,
    "cbrt_slope": _cbrt_slope,
    "inverse_part": _inverse_part,
    "bell": _bell,
    "bump": _bump,
    "copysign": _copysign,
    "less": partial(_compared, operator.lt),
    "less_equal": partial(_compared, operator.le),
    "greater": partial(_compared, operator.gt),
    "greater_equal": partial(_compared, operator.ge),
    "equal": partial(_compared, operator.eq),
    "not_equal": partial(_compared, operator.ne),
    "logical_not": partial(_compared, operator.eq),
    "logical_and": _logical_and,
    "logical_or": _logical_or,
    "where": _where,
    "maximum": _maximum,
    "minimum": _minimum,
    "dot": _dot,
    "prod": _prod,
    "hypot": _hypot,
}
# fmt: on
