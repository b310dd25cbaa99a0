"""Where a computation touched a kink: a tie, a corner, a jump, a pole or the border of a domain.

There the derivative is one of two, or none at all. The row of a primitive says which one it takes; `kinks` says what
there was to choose from. The `breaks` of a row are quantities that are 0 where it is not smooth: a kink is touched
where one of them is 0 at the numbers that a node was computed from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import copysign, inf, isclose, isfinite, isnan, nan, ulp
from typing import NamedTuple

from autograd.core import Value
from autograd.errors import ArgumentError, describe
from autograd.graph import numbers, topological_order
from autograd.primitives import Primitive, as_float
from autograd.tables import described, short, table

TINY = 2.0**-500  # the smallest step: its square, and that of its inverse, are numbers
WIDER = 2.0**16  # each side is looked at over the smallest step, and over one so many times as wide, …
GROWTH = 2.0  # … and what is more than so many times as large at one of them tends to 0 or to infinity
SAME = 2.0**-8  # relative difference up to which both sides are the same


class Kink(NamedTuple):
    """A place where a primitive is not smooth, and its derivatives on either side with respect to one operand."""

    result: Value
    place: int  # it is this operand of the result, counted from 0
    gap: float  # how far from the kink it was computed
    left: float  # the derivative towards smaller operands; infinite at a jump or a pole, NaN outside of the domain
    right: float  # that towards larger ones
    used: float  # what the reverse sweep takes


class Kinks(tuple[Kink, ...]):
    """The kinks that a computation touched, in the order in which it did; `print` shows them as a table."""

    __slots__ = ()

    def __repr__(self) -> str:
        head = ("touched", "gap", "left", "right", "used")
        lines = [(described(kink.result, marked=kink.place), *map(short, kink[2:])) for kink in self]
        return table("<>>>>", [head, *lines]) if self else "no kink was touched"


def kinks(output: Value, margin: float = 0.0) -> Kinks:
    """List the kinks that the computation of `output` touched, or came closer to than `margin`.

    A kink is a place where a primitive has no derivative, and the library takes the one that its row states: a tie
    of `maximum`, the corner of `abs` or `relu`, a bound of `clip`, a step of `floor`, the cut of `atan2`, a pole,
    the border of a domain, a `where` whose condition is a Value that is 0. A comparison gives no such condition:
    `x > y` is a plain bool before `where` or `if` see it, so a tie of x and y there is not found. There is one line
    for each operand, in brackets, for which the derivatives on its two sides differ or are not finite. Raises
    `ArgumentError` if `output` is no Value or `margin` is negative, `GraphError` if a leaf was changed after the
    output was computed.

    >>> from autograd import math
    >>> x, y = Value(0.0, label="x"), Value(3.0, label="y")
    >>> z = math.maximum(3.0 + math.relu(x), y)
    >>> kinks(z)
    touched            gap  left  right  used
    relu([x])            0     0      1     0
    maximum([3], y)      0     0      1     1
    maximum(3, [y])      0     0      1     0
    >>> kinks(z)[0].right
    1.0
    """
    if not isinstance(output, Value):
        raise ArgumentError(f"kinks: got {describe(output)}; expected a Value")
    margin = as_float(margin, "kinks: margin", "a real number")
    if not margin >= 0.0:
        raise ArgumentError(f"kinks: got margin {margin!r}; expected 0 or more")
    return Kinks(kink for node in topological_order(output) if node.operands for kink in _of(node, margin))


def breaks(primitive: Primitive, operands: Sequence[float]) -> list[float]:
    """Return the quantities that are 0 where the primitive is not smooth.

    >>> from autograd import primitives
    >>> breaks(primitives.clip, [1.0, 0.0, 5.0]), breaks(primitives.exp, [1.0])
    ([1.0, -4.0, -5.0], [])
    """
    if primitive.name == "where":  # smooth in what it selects from; but its condition may be computed, too
        return [operands[0]]
    return [] if primitive.breaks is None else list(primitive.breaks(*operands))


def gap(primitive: Primitive, operands: Sequence[float]) -> float:
    """Return how far the operands are from the next kink, jump, pole or border, as the row measures it.

    >>> from autograd import primitives
    >>> gap(primitives.absolute, [-3.0]), gap(primitives.sqrt, [2.0])
    (3.0, 2.0)
    """
    domain = primitive.domain * len(operands) if primitive.many else primitive.domain
    borders = (x - border for x, interval in zip(operands, domain) for border in interval)
    found = (abs(size) for size in (*borders, *breaks(primitive, operands)))
    return min((size for size in found if not isnan(size)), default=inf)


def _of(node: Value, margin: float) -> Iterator[Kink]:
    operands, primitive = numbers(node, "kinks"), node.primitive
    assert primitive is not None
    distance = gap(primitive, operands)
    if distance <= margin:
        for place, (operand, partial) in enumerate(zip(node.operands, node.partials)):
            if isinstance(operand, Value):
                left, right = (one_sided(primitive, operands, place, way, distance) for way in (-1.0, 1.0))
                if not (isfinite(left) and isclose(left, right, rel_tol=SAME)):
                    yield Kink(node, place, distance, left, right, partial or 0.0)


def one_sided(primitive: Primitive, operands: Sequence[float], place: int, way: float, distance: float = 0.0) -> float:
    """Return the derivative by the operand in this place towards smaller (`way` -1.0) or larger (1.0) operands.

    It is the limit of the row's own partial from that side, infinite if the value jumps. A kink at some distance is
    stepped over.

    >>> from autograd import primitives
    >>> [one_sided(primitives.absolute, [0.0], 0, way) for way in (-1.0, 1.0)]
    [-1.0, 1.0]
    >>> one_sided(primitives.sqrt, [0.0], 0, 1.0), one_sided(primitives.floor, [2.0], 0, -1.0)
    (inf, inf)
    """
    step = way * max(ulp(operands[place]), TINY, 2.0 * distance)
    value = primitive(*operands)
    (near, slope), (far, wider) = (_at(primitive, operands, place, step * factor) for factor in (1.0, WIDER))
    jump = near - value
    if isfinite(jump) and abs(jump) > 4.0 * ulp(value) and abs(far - near) < SAME * abs(jump):
        return copysign(inf, jump * way)
    if abs(slope) > GROWTH * abs(wider):
        return copysign(inf, slope)
    return 0.0 if abs(wider) > GROWTH * abs(slope) else slope


def _at(primitive: Primitive, operands: Sequence[float], place: int, step: float) -> tuple[float, float]:
    """Return the value and the partial where one operand is moved; NaN where there is no value."""
    moved = [*operands[:place], operands[place] + step, *operands[place + 1 :]]
    value = primitive(*moved)
    partial = primitive.partials(value, moved, [i == place for i in range(len(moved))])[place]
    return value, nan if isnan(value) else partial or 0.0
