"""How many digits hold: a bound on the error of a computed number.

Every operation rounds, and the sweep that says how the result depends on each of its steps says as well how it depends
on the rounding of each step: error = Σ adjoint · rounding error, over all nodes. (Linnainmaa 1976,
https://doi.org/10.1007/BF01931367; Higham, Accuracy and Stability of Numerical Algorithms, 3.3.)

By the mean value theorem that holds exactly, and for errors of any size, for adjoints taken somewhere between the
computed operands and the exact ones. So adjoints are not numbers here but balls, a midpoint and a radius, which hold
them wherever that is: the sweep is the reverse sweep of the library, in a third arithmetic. Its partials come from the
rules, evaluated on ranges. Where an operation may jump, or its slopes have no bound, its value moves by no more than
the range of its results says, and nothing is passed on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import copysign, floor, fsum, inf, isfinite, isnan, log10, nextafter
from typing import Any, NamedTuple

from autograd import floats, sweeps
from autograd.core import Value
from autograd.errors import ArgumentError, describe
from autograd.graph import numbers, topological_order
from autograd.primitives import Primitive, as_float
from autograd.ranges import BROKEN, RANGES, UNKNOWN, Range, around, enclosed, range_of
from autograd.rounding import IRRATIONAL, SMALLEST, UNIT, rounding_error

ROUNDED_UP = 1.0 + 2.0**-20  # for what is rounded in the sweep
ROUNDED_SUM = 1.0 + 2.0**-50  # for a sum of products
PARTIAL_ULPS = 8.0  # relative error that a partial of a rule of one's own is taken to have, in UNITs

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


def _ball(slope: Any) -> Ball | None:
    if slope is None:
        return None
    low, high = (slope := enclosed(slope)).low, slope.high
    midpoint = 0.5 * low + 0.5 * high
    radius = 0.0 if low == high else nextafter(max(high - midpoint, midpoint - low), inf)
    return Ball(midpoint, radius) if isfinite(radius) else Ball(0.0, inf)


# ── one operation ────────────────────────────────────────────────────────────────────────────────────────────────────


class Local(NamedTuple):
    """What is known of a node by itself."""

    error: float  # how far its value may be from what `slopes` say of the exact one
    slopes: list[Ball | None]  # its partials, wherever within their errors the operands are; None: nothing is passed on
    total: float  # how far its value may be from the exact one, as far as errors of its operands do not cancel


def _local(node: Any, errors: list[float]) -> Local:
    primitive, value, operands = node.primitive, node.data, numbers(node, "error_bound")
    own = rounding_error(primitive, value, operands)
    if not any(errors):
        return Local(own, [None] * len(operands), own)
    local = _enclosed if primitive.name in RANGES else _sampled
    values, slopes = local(primitive, value, operands, errors)
    balls = [_ball(slope) if error else None for slope, error in zip(slopes, errors)]
    spread = own + fsum(_product(ball.size, error) for ball, error in zip(balls, errors) if ball)
    moved = _upper(values.high - value, value - values.low)
    if values.jump or not isfinite(spread):
        return Local(moved, [None] * len(operands), moved)
    return Local(own, balls, min(spread * ROUNDED_SUM, moved))


def _enclosed(primitive: Primitive, value: float, operands: list[float], errors: list[float]) -> tuple[Range, Any]:
    """Return the range of a primitive of the library, and its partials as ranges: these hold for certain."""
    boxes = list(map(around, operands, errors))
    values = range_of(primitive, boxes)
    return values, primitive.partials(values, boxes, [error > 0.0 for error in errors])


def _sampled(primitive: Primitive, value: float, operands: list[float], errors: list[float]) -> tuple[Range, Any]:
    """Return the partials of a primitive of one's own by samples, an estimate; nothing is known of its range."""
    active = [error > 0.0 for error in errors]
    points = [operands, *_corners(operands, errors)]
    sizes = [() if primitive.breaks is None else tuple(primitive.breaks(*point)) for point in points]
    whole = any(error and rule is None for error, rule in zip(errors, () if primitive.many else primitive.rules))
    if whole or any(not a * b > 0.0 for others in sizes[1:] for a, b in zip(sizes[0], others)):
        return BROKEN, [None] * len(operands)
    columns = zip(*(primitive.partials(primitive.evaluate(*point), point, active) for point in points))
    return UNKNOWN, [_widened(*(partial or 0.0 for partial in column)) for column in columns]


def _widened(midpoint: float, *others: float) -> Range:
    spread = fsum([2.0 * max(abs(other - midpoint) for other in others), PARTIAL_ULPS * UNIT * abs(midpoint)])
    return around(midpoint, spread) if not any(map(isnan, others)) else UNKNOWN


def _corners(operands: Sequence[float], errors: Sequence[float]) -> Iterator[list[float]]:
    """Yield corners of the box of all operands within their errors.

    For any two operands there are corners to which they go in the same direction, and in opposite ones; and there are
    one to which all grow and one to which all shrink.
    """
    bits = range((len(operands) - 1).bit_length())
    patterns = [[1.0] * len(operands), [copysign(1.0, x) for x in operands]]
    patterns += [[1.0 if place >> bit & 1 else -1.0 for place in range(len(operands))] for bit in bits]
    for pattern in patterns:
        for way in (-1.0, 1.0):
            yield [x + way * sign * error for x, sign, error in zip(operands, pattern, errors)]


def _upper(*distances: float) -> float:
    return inf if any(map(isnan, distances)) else max(nextafter(size, inf) if size else 0.0 for size in distances)


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
    """Return the value of `output` with a bound on its error.

    The bound holds for the distance from what the same operations give in exact arithmetic. Leaves and constants count
    as the floats they are: exact, except for leaves with an error of their own in `errors`, of any size. A derivative
    from `adjoints` is a Value like any other, so this is how many digits of a gradient hold.

    What has been proved: for operations of the library the partials are enclosed by their rules in interval arithmetic,
    rounded outwards, over all that the operands may be; across a jump or where slopes have no bound, the values are.
    The bound is infinite where a pole or the border of a domain lies within the errors. What has only been measured:
    values of irrational primitives are taken to be within 4 units in the last place, which the tests compare with
    python-flint. What is an estimate: the slopes of primitives of your own, taken from a few points and doubled; say in
    `autograd.rounding.ULPS` how exact their values are. A branch counts as it was taken.

    The bound is too large, not too small, where errors are: it does not see that ranges depend on each other, so errors
    that turn by large angles hundreds of times grow with every turn. Raises `ArgumentError` for anything but Values and
    errors from 0 on, `GraphError` if a leaf was changed after the output was computed.

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
    known: dict[Any, float] = {}  # a first bound for each node: the size of the boxes
    local: dict[Any, Local] = {}
    for node in order:
        error = given.get(node, 0.0)
        inner = bool(node.operands)
        local[node] = _local(node, [_error_of(x, known) for x in node.operands]) if inner else Local(error, [], error)
        known[node] = local[node].total
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
