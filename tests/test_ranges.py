"""Ranges hold every value and every partial that an operation may have in them."""

from __future__ import annotations

from math import factorial, inf, isfinite, isnan, nan, pi, sqrt
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from autograd import primitives as p
from autograd.primitives import BUILT_IN, TABLE
from autograd.ranges import BROKEN, EITHER, RANGES, UNKNOWN, ZERO, Range, around, enclosed, range_of

places = st.floats(-4.0, 4.0) | st.integers(-4, 4).map(float) | st.floats(-60.0, 60.0)
widths = st.floats(0.0, 5.0) | st.sampled_from([0.0, 1e-15, 1e-6, 0.5, 1.0])


def test_every_row_of_the_library_has_a_range() -> None:
    assert set(RANGES) == BUILT_IN


@pytest.mark.parametrize("name", sorted(BUILT_IN))
@given(data=st.data())
@settings(max_examples=40)
def test_values_and_partials_are_within(name: str, data: st.DataObject) -> None:
    row = TABLE[name]
    rules = row.rules * 4 if row.many else row.rules
    ranges, inside = [], []
    for rule in rules:
        low = data.draw(places) if rule or name == "where" else float(data.draw(st.integers(0, 3)))
        high = low + data.draw(widths) if rule else low
        ranges.append(Range(low, high))
        inside.append(min(high, max(low, data.draw(st.floats(low, high)))))
    values, value = range_of(row, ranges), row(*inside)
    slopes = row.partials(values, ranges, [True] * len(rules))
    assert isnan(values.low) or grown(values, value) or not isfinite(value)
    for found, partial in zip(map(enclosed, slopes), row.partials(value, inside, [True] * len(rules))):
        assert isnan(found.low) or grown(found, partial or 0.0) or not isfinite(partial)


def grown(found: Range, number: float) -> bool:
    """Whether a number is within a range, but for the number's own rounding error."""
    size = 1e-12 * max(abs(found.low), abs(found.high), abs(number), 1e-300)
    return found.low - size <= number <= found.high + size


KNOWN = [
    # a row, its operands, and the range to within what is rounded
    (p.sin, [(1.0, 2.0)], (0.8414709848078965, 1.0)),
    (p.cos, [(3.0, 3.5)], (-1.0, -0.9364566872907963)),
    (p.sin, [(0.0, 7.0)], (-1.0, 1.0)),
    (p.sin, [(1.0, 4.9)], (-1.0, 1.0)),  # more than half a period, with a peak and a valley
    (p.sin, [(2.0, 4.0)], (-0.7568024953079282, 0.9092974268256817)),
    (p.tan, [(-1.0, 1.0)], (-1.5574077246549023, 1.5574077246549023)),
    (p.tan, [(2.0, 4.0)], (-2.185039863261519, 1.1578212823495777)),
    (p.atan2, [(1.0, 2.0), (1.0, 2.0)], (0.4636476090008061, 1.1071487177940904)),
    (p.atan2, [(0.0, 1.0), (1.0, 2.0)], (0.0, pi / 4.0)),
    (p.atan2, [(1.0, 2.0), (-1.0, 0.0)], (pi / 2.0, 2.356194490192345)),
    (p.atan2, [(-1.0, 1.0), (-1.0, 0.0)], (-pi, pi)),
    (p.absolute, [(-1.0, 2.0)], (0.0, 2.0)),
    (p.cosh, [(-1.0, 2.0)], (1.0, 3.7621956910836314)),
    (p.silu, [(-3.0, 0.0)], (-0.27846454276107380, 0.0)),
    (p.gelu, [(-3.0, 0.0)], (-0.16997120747990369, 0.0)),
    (p.gamma, [(2.0, 4.0)], (1.0, 6.0)),
    (p.gamma, [(0.5, 1.0)], (1.0, 1.772453850905516)),
    (p.gamma, [(1.0, 2.0)], (0.0, 1.0)),
    (p.gamma, [(-0.75, -0.25)], (-4.901666809860711, 0.0)),
    (p.gamma_slope, [(2.0, 3.0)], (0.42278433509846713, 1.8455686701969343)),
    (p.lgamma, [(3.0, 4.0)], (0.6931471805599453, 1.791759469228055)),
    (p.lgamma, [(0.5, 1.0)], (0.0, 0.5723649429247001)),
    (p.lgamma, [(1.0, 2.0)], (-1.1544313298030657, 0.0)),
    (p.digamma, [(-0.75, -0.25)], (-2.894120200042944, 2.9141391202135)),
    (p.polygamma, [1.0, (1.0, 2.0)], (0.6449340668482264, 1.6449340668482264)),
    (p.polygamma, [1.0, (-0.75, -0.25)], (0.0, 18.975106932284895)),
    (p.polygamma, [4.0, (1.0, 2.0)], (-24.88626612344088, -0.8862661234408782)),
    (p.polygamma, [2.0, (1.0, 2.0)], (-2.4041138063191886, -0.4041138063191886)),
    (p.power, [(-2.0, 1.0), 2.0], (0.0, 4.0)),
    (p.power, [(-2.0, 1.0), 3.0], (-8.0, 1.0)),
    (p.power, [(0.0, 4.0), 0.5], (0.0, 2.0)),
    (p.power, [(1.0, 4.0), 0.5], (1.0, 2.0)),
    (p.power, [(1.0, 2.0), (-1.0, 2.0)], (0.5, 4.0)),
    (p.power, [(-2.0, -1.0), -1.0], (-1.0, -0.5)),
    (p.divide, [(1.0, 2.0), (-4.0, -2.0)], (-1.0, -0.25)),
    (p.floor_divide, [(1.0, 7.0), 2.0], (0.0, 3.0)),
    (p.multiply, [(-1.0, 2.0), (3.0, 4.0)], (-4.0, 8.0)),
    (p.mod, [(7.0, 8.0), 3.0], (1.0, 2.0)),
    (p.mod, [(1.0, 5.0), 3.0], (0.0, 3.0)),
    (p.mod, [(1.0, 5.0), -3.0], (-3.0, 0.0)),
    (p.fmod, [(7.0, 8.0), 3.0], (1.0, 2.0)),
    (p.fmod, [(1.0, 5.0), 3.0], (-3.0, 3.0)),
    (p.remainder, [(1.0, 1.25), 3.0], (1.0, 1.25)),
    (p.remainder, [(1.0, 2.0), 3.0], (-1.5, 1.5)),
    (p.floor, [(0.5, 2.5)], (0.0, 2.0)),
    (p.ceil, [(0.5, 2.5)], (1.0, 3.0)),
    (p.trunc, [(-1.5, 2.5)], (-1.0, 2.0)),
    (p.sign, [(-2.0, 3.0)], (-1.0, 1.0)),
    (p.round_to, [(1.0, 2.6), 0.0], (1.0, 3.0)),
    (p.ldexp, [(1.0, 3.0), 2.0], (4.0, 12.0)),
    (p.copysign, [(-1.0, 2.0), 3.0], (0.0, 2.0)),
    (p.copysign, [(-1.0, 2.0), -3.0], (-2.0, 0.0)),
    (p.copysign, [(-1.0, 2.0), (-1.0, 1.0)], (-2.0, 2.0)),
    (p.maximum, [(0.0, 1.0), (1.0, 2.0)], (1.0, 2.0)),
    (p.minimum, [(0.0, 3.0), (1.0, 2.0)], (0.0, 2.0)),
    (p.dot, [(0.0, 1.0), 2.0, 3.0, (-1.0, 1.0)], (-2.0, 5.0)),
    (p.prod, [(0.0, 1.0), 2.0, (-1.0, 1.0)], (-2.0, 2.0)),
    (p.hypot, [(-3.0, 1.0), (0.0, 4.0)], (0.0, 5.0)),
    (p.where, [0.0, 1.0, (2.0, 3.0)], (2.0, 3.0)),
    (p.where, [(0.0, 1.0), 1.0, (2.0, 3.0)], (1.0, 3.0)),
    (p.chain, [0.0, UNKNOWN], (0.0, 0.0)),
    (p.chain, [(-0.0, 0.0), UNKNOWN], (0.0, 0.0)),
    (p.chain, [(1.0, 2.0), (-1.0, 3.0)], (-2.0, 6.0)),
    (p.less, [(0.0, 1.0), (2.0, 3.0)], (1.0, 1.0)),
    (p.less_equal, [(2.0, 3.0), (0.0, 1.0)], (0.0, 0.0)),
    (p.greater, [(0.0, 2.0), (1.0, 3.0)], (0.0, 1.0)),
    (p.greater_equal, [(1.0, 2.0), (0.0, 1.0)], (1.0, 1.0)),
    (p.equal, [1.0, 1.0], (1.0, 1.0)),
    (p.not_equal, [(0.0, 1.0), (2.0, 3.0)], (1.0, 1.0)),
    (p.logical_not, [0.0], (1.0, 1.0)),
    (p.logical_and, [1.0, (-1.0, 1.0)], (0.0, 1.0)),
    (p.logical_and, [0.0, (-1.0, 1.0)], (0.0, 0.0)),
    (p.logical_or, [0.0, (-1.0, 1.0)], (0.0, 1.0)),
    (p.logical_or, [2.0, (-1.0, 1.0)], (1.0, 1.0)),
    (p.atan_slope, [(-1.0, 2.0)], (0.2, 1.0)),
    (p.asin_slope, [(-0.6, 0.8)], (1.0, 5.0 / 3.0)),
    (p.atanh_slope, [(-0.5, 0.75)], (1.0, 16.0 / 7.0)),
    (p.cbrt_slope, [(1.0, 8.0)], (1.0 / 12.0, 1.0 / 3.0)),
    (p.exp_of_difference, [(0.0, 1.0), (1.0, 1.0)], (0.36787944117144233, 1.0)),
    (p.ratio, [(-1.0, 2.0), (-2.0, -1.0), 3.0], (-2.0, 1.0)),
    (p.monomial, [(-1.0, 2.0), (-2.0, 1.0), 3.0, 1.0], (-4.0, 8.0)),
    (p.monomial, [0.0, (-1.0, 1.0), 0.5, 1.0], (0.0, 0.0)),
    (p.monomial, [(-0.0, 0.0), (-1.0, 1.0), 0.5, 1.0], (0.0, 0.0)),
    (p.inverse_part, [(-1.0, 4.0), 2.0], (-0.2, 0.25)),
    (p.inverse_part, [(1.0, 2.0), (-3.0, 1.0)], (0.1, 1.0)),
    (p.bump, [(-1.0, 2.0), (-1.0, 3.0)], (-0.25, 0.5)),
    (p.bell, [0.0, 1.0, (-2.0, 1.0)], (0.018315638888734182, 1.0)),
    (p.bell, [1.0, 0.5, (2.0, 2.0)], (-0.2706705664732254, -0.2706705664732254)),
    (p.bell, [2.0, 0.5, (2.0, 2.0)], (0.40600584970983794, 0.40600584970983794)),
]


def ranged(operands: list[Any]) -> list[Any]:
    return [Range(*x) if isinstance(x, tuple) else x for x in operands]


@pytest.mark.parametrize(("row", "operands", "expected"), KNOWN)
def test_ranges_are_tight(row: p.Primitive, operands: list[Any], expected: tuple[float, float]) -> None:
    found = range_of(row, ranged(operands))
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize("order", [1.0, 3.0, 5.0])
def test_polygamma_of_odd_order_has_a_valley_between_poles_and_is_positive_in_it(order: float) -> None:
    valley, slope = Range(-0.75, -0.25), Range(-0.25, -0.125)
    assert range_of(p.polygamma, [order, valley]).low == 0.0
    assert range_of(p.polygamma, [order, slope]).low == pytest.approx(p.polygamma(order, -0.25), rel=1e-14)


def test_nothing_is_rounded_beyond_a_crest() -> None:
    assert range_of(p.sin, [Range(1.0, pi / 2.0)]).high == 1.0
    assert range_of(p.cos, [Range(3.0, pi)]).low == -1.0


DECIDED = [
    # a row, operands between which it may jump, and others between which it does not
    (p.mod, [(1.0, 5.0), 3.0], [(7.0, 8.0), 3.0]),
    (p.fmod, [(1.0, 5.0), 3.0], [(7.0, 8.0), 3.0]),
    (p.remainder, [(1.0, 2.0), 3.0], [(1.0, 1.25), 3.0]),
    (p.atan2, [(-1.0, 1.0), (-2.0, -1.0)], [(-1.0, 1.0), (1.0, 2.0)]),
    (p.copysign, [1.0, (-1.0, 1.0)], [1.0, (1.0, 2.0)]),
    (p.where, [(-1.0, 1.0), 1.0, 2.0], [(1.0, 2.0), 1.0, 2.0]),
    (p.less, [(0.0, 2.0), 1.0], [(0.0, 0.5), 1.0]),
    (p.logical_and, [1.0, (0.0, 1.0)], [1.0, (1.0, 2.0)]),
]


@pytest.mark.parametrize(("row", "undecided", "decided"), DECIDED)
def test_a_range_says_where_its_operation_may_jump(row: p.Primitive, undecided: list[Any], decided: list[Any]) -> None:
    assert [range_of(row, ranged(operands)).jump for operands in (undecided, decided)] == [True, False]


def test_what_is_beyond_all_others_is_selected_as_it_is() -> None:
    low, high, both = Range(0.0, 1.0), Range(1.0, 2.0), Range(0.5, 3.0)
    assert range_of(p.maximum, [low, high]) is range_of(p.maximum, [high, low]) is high
    assert range_of(p.minimum, [low, high]) is range_of(p.minimum, [high, low]) is low
    mixed = range_of(p.maximum, [high, both]), range_of(p.minimum, [low, both])
    assert [(x.low, x.high) for x in mixed] == [(1.0, 3.0), (0.0, 1.0)]


@pytest.mark.parametrize("half", [3.0, 100.0, 1e300])
@pytest.mark.parametrize("n", [1, 2, 6, 170])
def test_derivatives_of_the_bell_are_within_the_bound_of_cramer(n: int, half: float) -> None:
    """|Hₙ(u)| exp(-u²) is at most √(2ⁿ n!): so far, and no farther, however wide the range."""
    found = range_of(p.bell, [float(n), 1.0, Range(-half, half)])
    assert -found.low == found.high == pytest.approx(sqrt(2.0**n) * sqrt(float(factorial(n))), rel=1e-8)


NOT_KNOWN = [
    (p.log, [(-1.0, 1.0)], UNKNOWN),
    (p.exp, [(0.0, 1000.0)], UNKNOWN),
    (p.floor, [UNKNOWN], BROKEN),
    (p.where, [(-1.0, 1.0), UNKNOWN, 1.0], BROKEN),
    (p.chain, [(-1.0, 1.0), UNKNOWN], UNKNOWN),
    (p.divide, [1.0, (-1.0, 1.0)], BROKEN),
    (p.tan, [(1.0, 2.0)], BROKEN),
    (p.tan, [(1.0, 5.0)], BROKEN),
    (p.gamma, [(-1.0, -0.5)], BROKEN),
    (p.lgamma, [(-0.5, 0.5)], BROKEN),
    (p.digamma, [(-2.5, -1.5)], BROKEN),
    (p.polygamma, [1.0, (-1.0, 1.0)], BROKEN),
    (p.polygamma, [(1.0, 2.0), 3.0], BROKEN),
    (p.mod, [1.0, (0.0, 1.0)], BROKEN),
    (p.floor_divide, [1.0, (0.0, 1.0)], BROKEN),
    (p.power, [(-1.0, 1.0), -1.0], BROKEN),
    (p.power, [(-1.0, 1.0), 0.5], BROKEN),
    (p.power, [(0.0, 1.0), (0.0, 1.0)], BROKEN),
    (p.ldexp, [1.0, (0.0, 1.0)], BROKEN),
    (p.ratio, [1.0, (-1.0, 1.0), 2.0], BROKEN),
    (p.ratio, [1.0, 2.0, (1.0, 2.0)], BROKEN),
    (p.monomial, [(0.0, 1.0), (-1.0, 1.0), 0.5, 1.0], BROKEN),
    (p.asin_slope, [(0.5, 1.5)], UNKNOWN),
    (p.atanh_slope, [(0.5, 1.5)], UNKNOWN),
    (p.cbrt_slope, [(-1.0, 1.0)], BROKEN),
    (p.inverse_part, [(-1.0, 1.0), (-1.0, 1.0)], BROKEN),
    (p.bell, [(0.0, 1.0), 1.0, 2.0], BROKEN),
    (p.bell, [1.0, (1.0, 2.0), 2.0], BROKEN),
    (p.round_to, [1.0, (0.0, 1.0)], BROKEN),
]


@pytest.mark.parametrize(("row", "operands", "expected"), NOT_KNOWN)
def test_across_poles_and_outside_of_domains_nothing_is_known(
    row: p.Primitive, operands: list[Any], expected: Range
) -> None:
    found = range_of(row, ranged(operands))
    assert isnan(found.low)
    assert isnan(found.high)
    assert found.jump == expected.jump


def test_comparisons_are_true_or_false_where_all_agree() -> None:
    x, y, z = Range(1.0, 2.0), Range(2.0, 3.0), Range(1.5, 4.0)
    assert [x < 2.5, x < 1.0, x < z, x <= y, x <= 0.5, x <= z] == [True, False, EITHER, True, False, EITHER]
    assert [x > 0.5, x > y, x >= 1.0, x >= 2.5, z > x] == [True, False, True, False, EITHER]
    assert [x == x, x == 3.0, x == z, x == None] == [True, False, EITHER, False]  # noqa: E711
    assert [x != x, x != 3.0, x != z] == [False, True, EITHER]
    assert [Range(1.0, 1.0) == 1.0, UNKNOWN == 1.0, UNKNOWN < 1.0] == [True, EITHER, EITHER]
    assert [Range(-0.0, 0.0) == 0.0, x == Range(2.0, 2.0), Range(1.0, 1.0) == x] == [True, EITHER, EITHER]


def test_conditions_are_combined() -> None:
    both = [EITHER & True, True & EITHER, EITHER & False, False & EITHER]  # type: ignore[operator]
    one = [EITHER | True, True | EITHER, EITHER | False, False | EITHER]  # type: ignore[operator]
    assert [type(x) is bool and x for x in both] == [False] * 4
    assert [x is EITHER for x in both] == [True, True, False, False]
    assert [x is True for x in one] == [True, True, False, False]
    assert [x is EITHER for x in one] == [False, False, True, True]


def test_arithmetic_is_rounded_outwards() -> None:
    x = Range(1.0, 3.0)
    pairs = [(r.low, r.high) for r in (x + 1.0, 1.0 + x, x - 1.0, 1.0 - x, x * 2.0, 2.0 * x, -x, x * x)]
    assert pairs == [(2, 4), (2, 4), (0, 2), (-2, 0), (2, 6), (2, 6), (-3, -1), (1, 9)]
    assert (Range(-1.0, 2.0) * 1.0).low == -1.0
    tenth = Range(0.1, 0.1) + 0.2
    assert tenth.low < 0.30000000000000004 < tenth.high or tenth.low < tenth.high


def test_numbers_are_enclosed_with_what_they_were_rounded_by() -> None:
    assert enclosed(None) is ZERO
    assert (enclosed(2.0).low, enclosed(2.0).high) == (2.0, 2.0)
    assert enclosed(p.LN2).low < p.LN2 < enclosed(p.LN2).high
    assert isnan(around(1.0, inf).low)
    assert isnan(around(nan, 1.0).low)
