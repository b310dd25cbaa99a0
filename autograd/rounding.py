"""How many digits hold: a bound on the rounding error of a computed number.

Every operation rounds, and the sweep that says how the result depends on each of its steps says as well how it depends
on the rounding of each step: error = Σ adjoint · rounding error, over all nodes. (Linnainmaa 1976,
https://doi.org/10.1007/BF01931367; Higham, Accuracy and Stability of Numerical Algorithms, 3.3.)

Two things make a bound of this estimate. The rounding error of rational operations is computed exactly, that of others
bounded in units in the last place. And adjoints are not numbers but balls, a midpoint and a radius, which hold them for
all operands that the computed ones may stand for, as far as partials at the corners, doubled, tell: so terms of higher
order are counted, too. The sweep is the reverse sweep of the library, in a third arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from math import copysign, floor, inf, isfinite, isnan, isqrt, log10, nextafter, ulp
from operator import add, mul, sub, truediv
from typing import Any, NamedTuple

from autograd import floats, primitives, sweeps
from autograd.core import Value
from autograd.errors import ArgumentError, describe
from autograd.graph import numbers, topological_order
from autograd.kinks import breaks
from autograd.primitives import Primitive, as_float

UNIT = 2.0**-53  # relative error of a correctly rounded number
SMALLEST = 2.0**-1074
ROUNDED_UP = 1.0 + 2.0**-20  # for what is rounded while the bound itself is computed
PARTIAL_ULPS = 8.0  # relative error that a partial is taken to have, in UNITs: twice what the rows promise
LARGEST_POWER = 64  # exponents up to which powers are computed exactly

# ── the error of one operation ───────────────────────────────────────────────────────────────────────────────────────


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
}

# Errors of the others in units in the last place: 4 if they are not here. `ULPS[name] = …` says it of one of your own.
ULPS: dict[str, float] = {
    **dict.fromkeys(["identity", "negate", "absolute", "copysign", "sign", "floor", "ceil", "trunc"], 0.0),
    **dict.fromkeys(["where", "clip", "relu", "maximum", "minimum", "fmod", "remainder"], 0.0),
    **dict.fromkeys([row.name for row in primitives.CONDITIONS], 0.0),
    **dict.fromkeys(["sqrt", "round_to"], 0.5),
    **dict.fromkeys(["gamma", "lgamma", "digamma", "polygamma"], 1.0),
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

# Kinks, not jumps or poles: the value is continuous, whatever the slopes are.
CONTINUOUS = frozenset({"absolute", "relu", "maximum", "minimum", "clip", "cbrt", "hypot"})
STEPS = frozenset({"floor", "ceil", "trunc", "round_to"})  # no jump between two places where the value is the same

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


# ── balls: numbers that are known up to a radius ─────────────────────────────────────────────────────────────────────


class Ball(NamedTuple):
    """All numbers that are no farther than the radius from the midpoint."""

    midpoint: float
    radius: float

    @property
    def size(self) -> float:
        """The largest absolute value of a number in it."""
        return abs(self.midpoint) + self.radius


def _times(x: Ball, y: Ball) -> Ball:
    midpoint = floats.chain(x.midpoint, y.midpoint)
    radius = _product(abs(x.midpoint), y.radius) + _product(x.radius, y.size)
    return Ball(midpoint, radius + UNIT * abs(midpoint) + SMALLEST) if isfinite(midpoint) else Ball(0.0, inf)


def _plus(x: Any, y: Ball) -> Ball:
    if type(x) is float:  # 0.0, with which every sum begins
        return y
    midpoint = x.midpoint + y.midpoint
    return Ball(midpoint, x.radius + y.radius + UNIT * abs(midpoint))


def _product(x: float, y: float) -> float:
    """Return the product of two sizes: 0 where one of them is 0, infinite where one is unknown."""
    return 0.0 if x == 0 or y == 0 else inf if isnan(x * y) else max(x * y, SMALLEST)


def _corners(operands: Sequence[float], errors: Sequence[float]) -> Iterator[list[float]]:
    """Yield points at the border of the box of all operands within their errors.

    For any two operands there are points to which they go in the same direction, and in opposite ones; and there are
    one to which all grow and one to which all shrink.
    """
    bits = range((len(operands) - 1).bit_length())
    patterns = [[1.0] * len(operands), [copysign(1.0, x) for x in operands]]
    patterns += [[1.0 if place >> bit & 1 else -1.0 for place in range(len(operands))] for bit in bits]
    for pattern in patterns:
        for way in (-1.0, 1.0):
            yield [_moved(x, way * sign * error) for x, sign, error in zip(operands, pattern, errors)]


def _moved(x: float, step: float) -> float:
    """Return x + step, or the number after it if that was rounded towards x."""
    moved = x + step
    return moved if abs(moved - x) >= abs(step) or isnan(moved) else nextafter(moved, copysign(inf, step))


class Local(NamedTuple):
    """What is known of a node by itself."""

    error: float  # how far its value may be from that of the exact operation on the computed operands
    slopes: list[Ball | None]  # its partials, wherever within their errors the operands are; None: none, or not needed


def _local(node: Any, errors: list[float]) -> Local:
    primitive, value, operands = node.primitive, node.data, numbers(node, "error_bound")
    own = rounding_error(primitive, value, operands)
    if not any(errors):
        return Local(own, [None] * len(operands))
    corners = list(_corners(operands, errors))
    values = [primitive.evaluate(*corner) for corner in corners]
    if _may_break(primitive, operands, corners, errors):
        return Local(own + _moves(primitive, value, values), [None] * len(operands))
    active = [error > 0 for error in errors]
    near = [primitive.partials(out, corner, active) for out, corner in zip(values, corners)]
    slopes = [_ball(*column) for column in zip(primitive.partials(value, operands, active), *near)]
    return Local(own, [slope if error else None for slope, error in zip(slopes, errors)])


def _may_break(
    primitive: Primitive, operands: list[float], corners: list[list[float]], errors: list[float]
) -> bool:
    """Return whether there may be a kink, a jump or a pole within the errors of the operands."""
    exact = () if primitive.many or primitive.name == "where" else primitive.rules
    if any(error and rule is None for error, rule in zip(errors, exact)):  # a number of digits, an order
        return True
    reach = 2.0 * max(errors) if primitive.name in CONTINUOUS else 0.0
    here = breaks(primitive, operands)
    crossed = (not a * b > 0.0 for corner in corners for a, b in zip(here, breaks(primitive, corner)))
    return any(abs(size) <= reach for size in here) or any(crossed)


def _moves(primitive: Primitive, value: float, values: list[float]) -> float:
    """Return how far the value may go across a kink; infinitely far across a jump or a pole."""
    moves = max(abs(near - value) for near in values)
    known = primitive.name in CONTINUOUS or (moves == 0.0 and primitive.name in STEPS)
    return moves if known and not isnan(moves) else inf


def _ball(midpoint: float | None, *others: float | None) -> Ball:
    """Return a ball that holds a partial everywhere, given it in the middle and at the corners of the box."""
    midpoint = midpoint or 0.0
    spread = max(abs((other or 0.0) - midpoint) for other in others)
    known = isfinite(midpoint) and not any(isnan(other or 0.0) for other in others)
    return Ball(midpoint, 2.0 * spread + PARTIAL_ULPS * UNIT * abs(midpoint)) if known else Ball(0.0, inf)


# ── the bound ────────────────────────────────────────────────────────────────────────────────────────────────────────


class ErrorBound(NamedTuple):
    """A computed number, and a bound on its distance from the exact one."""

    value: float
    error: float

    @property
    def digits(self) -> int:
        """How many decimal digits hold, up to 17, which is all that a float has."""
        if self.error == 0.0:
            return 17
        relative = 2.0 * self.error / abs(self.value) if self.value and isfinite(self.value) else inf
        return min(17, max(0, floor(-log10(relative)))) if 0.0 < relative < inf else 17 if relative == 0.0 else 0

    def __str__(self) -> str:
        return f"{self.value!r} ± {self.error:.2g} ({self.digits} digits hold)"


def error_bound(output: Value, errors: Mapping[Value, float] | None = None) -> ErrorBound:
    """Return the value of `output` with a bound on its rounding error.

    The bound holds for the distance from what the same operations give in exact arithmetic. Leaves and constants count
    as the floats they are: exact, except for leaves with an error of their own in `errors`. A derivative from
    `adjoints` is a Value like any other, so this is how many digits of a gradient hold. The bound is infinite where
    nothing is known: where a jump, a pole or the border of a domain lies within the errors. Values of primitives are
    taken to be within 4 units in the last place, as the library's are; say otherwise in `autograd.rounding.ULPS`.
    What is left of higher order is bounded by sums of sizes, so the bound grows too large where errors turn by large
    angles hundreds of times.
    Errors in `errors` have to be small: partials are looked at in the middle and at the corners of what the errors
    allow, so what happens in between, as with an error of a whole period of `sin`, is not seen.
    Raises `ArgumentError` for anything but Values and errors from 0 on, `GraphError` if a leaf was changed after the
    output was computed.

    >>> from autograd import adjoints, math
    >>> x = Value(1e-8)
    >>> y = (1.0 - math.cos(x)) / x**2
    >>> print(error_bound(y))
    0.0 ± 8.9 (0 digits hold)
    >>> print(error_bound(2.0 * (math.sin(x / 2.0) / x) ** 2))
    0.5 ± 6.6e-16 (14 digits hold)
    >>> print(error_bound(adjoints(math.exp(math.sin(x)), x)))
    1.00000001 ± 1.8e-15 (14 digits hold)
    >>> error_bound(x * 3.0, errors={x: 1e-9}).digits
    0
    """
    given = _checked(output, errors or {})
    order = topological_order(output)
    known: dict[Any, float] = {}  # a first bound for each node, as far as errors cannot cancel: the size of the boxes
    local: dict[Any, Local] = {}
    for node in order:
        if node.operands:
            local[node] = _local(node, [_error_of(x, known) for x in node.operands])
            ways = zip(node.operands, local[node].slopes)
            spread = sum(_product(slope.size, _error_of(x, known)) for x, slope in ways if slope)
        else:
            local[node], spread = Local(given.get(node, 0.0), []), 0.0
        known[node] = local[node].error + spread
    arithmetic = sweeps.Arithmetic(lambda node: local[node].slopes, _times, _plus)
    adjoints = sweeps.reverse(order, {output: Ball(1.0, 0.0)}, arithmetic)
    total = sum(_product(adjoint.size, _own_error(x, local)) for x, adjoint in adjoints.items())
    return ErrorBound(output.data, min(total, known[output]) * ROUNDED_UP)


def _error_of(x: Any, known: Mapping[Any, float]) -> float:
    """Return how far an operand may be from what it stands for."""
    return known[x] if type(x) is not float else _own_error(x, {})


def _own_error(x: Any, local: Mapping[Any, Local]) -> float:
    if type(x) is float:  # a constant
        return UNIT * abs(x) if abs(x) in IRRATIONAL else 0.0
    return local[x].error


def _checked(output: Any, errors: Mapping[Any, float]) -> dict[Any, float]:
    stranger = next((x for x in (output, *errors) if not isinstance(x, Value)), None)
    if stranger is not None:
        raise ArgumentError(f"error_bound: got {describe(stranger)}; expected a Value")
    given = {x: as_float(error, "error_bound: errors", "a real number") for x, error in errors.items()}
    for x, error in given.items():
        if x.operands or not error >= 0.0:
            raise ArgumentError(f"error_bound: errors: got {error!r} for {x!r}; expected 0 or more, for a leaf")
    return given
