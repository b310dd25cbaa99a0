"""`kinks` lists the places without a derivative that a computation touched."""

from __future__ import annotations

from math import inf, isnan, nan, pi

import pytest
from hypothesis import given

from autograd import Value, kinks, math, primitives as p
from autograd.errors import ArgumentError, GraphError
from autograd.graph import topological_order
from autograd.kinks import gap, one_sided
from autograd.testing import graphs

TOUCHED = [
    # a primitive, its operands, and for each kink: the place of the operand, left, right, and what is taken
    (p.absolute, (0.0,), [(0, -1.0, 1.0, 0.0)]),
    (p.absolute, (-0.0,), [(0, -1.0, 1.0, 0.0)]),
    (p.relu, (0.0,), [(0, 0.0, 1.0, 0.0)]),
    (p.maximum, (2.0, 2.0, 1.0), [(0, 0.0, 1.0, 1.0), (1, 0.0, 1.0, 0.0)]),
    (p.minimum, (2.0, 2.0), [(0, 1.0, 0.0, 1.0), (1, 1.0, 0.0, 0.0)]),
    (p.clip, (0.0, 0.0, 6.0), [(0, 0.0, 1.0, 1.0), (1, 0.0, 1.0, 0.0)]),
    (p.clip, (6.0, 0.0, 6.0), [(0, 1.0, 0.0, 1.0), (2, 1.0, 0.0, 0.0)]),
    (p.hypot, (0.0, 0.0), [(0, -1.0, 1.0, 0.0), (1, -1.0, 1.0, 0.0)]),
    (p.copysign, (0.0, 2.0), [(0, -1.0, 1.0, 0.0)]),
    # jumps
    (p.copysign, (3.0, 0.0), [(1, inf, 0.0, 0.0)]),
    (p.sign, (0.0,), [(0, inf, inf, 0.0)]),
    (p.floor, (3.0,), [(0, inf, 0.0, 0.0)]),
    (p.ceil, (-3.0,), [(0, 0.0, inf, 0.0)]),
    (p.where, (0.0, 2.0, 1.0), [(0, -inf, inf, 0.0)]),
    (p.mod, (6.0, 3.0), [(0, -inf, 1.0, 1.0), (1, -2.0, inf, -2.0)]),
    (p.remainder, (1.5, 3.0), [(0, 1.0, -inf, 1.0), (1, inf, 0.0, 0.0)]),
    (p.atan2, (0.0, -2.0), [(0, inf, -0.5, -0.5)]),
    (p.atan2, (-0.0, -2.0), [(0, -0.5, inf, -0.5)]),
    # poles, infinite slopes, borders of domains
    (p.divide, (1.0, 0.0), [(0, inf, inf, inf), (1, -inf, -inf, -inf)]),
    (p.cbrt, (0.0,), [(0, inf, inf, inf)]),
    (p.gamma, (-1.0,), [(0, inf, inf, nan)]),
    (p.sqrt, (0.0,), [(0, nan, inf, inf)]),
    (p.log, (0.0,), [(0, nan, inf, inf)]),
    (p.acos, (1.0,), [(0, -inf, nan, -inf)]),
    (p.power, (0.0, 1.5), [(0, nan, 0.0, 0.0)]),
]

SMOOTH = [
    (p.absolute, (1e-300,)),
    (p.where, (0.0, 2.0, 2.0)),  # whatever the condition is
    (p.clip, (1.0, 0.0, 6.0)),
    (p.exp, (0.0,)),
    (p.floor, (2.5,)),
    (p.atan2, (0.0, 2.0)),
    (p.maximum, (nan, nan)),  # no tie
]


def same(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(a == b or (isnan(a) and isnan(b)) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(("row", "operands", "expected"), TOUCHED)
def test_one_sided_derivatives(
    row: p.Primitive, operands: tuple[float, ...], expected: list[tuple[float, ...]]
) -> None:
    found = kinks(row(*map(Value, operands)))
    varied = [kink for kink in found if kink.place in {place for place, *_ in expected}]
    assert all(same((k.place, k.left, k.right, k.used), e) for k, e in zip(varied, expected, strict=True)), found
    assert {kink.gap for kink in found} == {0.0}


@pytest.mark.parametrize(("row", "operands"), SMOOTH)
def test_where_it_is_smooth_nothing_is_touched(row: p.Primitive, operands: tuple[float, ...]) -> None:
    assert kinks(row(*map(Value, operands))) == ()


@pytest.mark.parametrize("exponent", [1, 2, 3])
def test_at_the_border_of_its_domain_an_integer_power_is_smooth(exponent: int) -> None:
    assert kinks(Value(0.0) ** exponent) == ()


@given(graphs())
def test_random_programs_keep_away_from_kinks_and_so_nothing_is_touched(graph: tuple[Value, list[Value]]) -> None:
    assert [kink for kink in kinks(graph[0]) if kink.result.primitive is not p.where] == []


NEAR = [
    # a function, a point near a kink, a margin, and the derivatives on both sides of the kink
    (abs, 1e-12, 1e-9, -1.0, 1.0),
    (abs, -1e-12, 1e-9, -1.0, 1.0),
    (lambda x: math.atan2(x, -2.0), 1e-12, 1e-9, inf, -0.5),
    (math.tan, pi / 2, 1e-9, inf, inf),
    (lambda x: p.floor(x), 2.9999999, 1e-6, 0.0, inf),
]


@pytest.mark.parametrize(("f", "x", "margin", "left", "right"), NEAR)
def test_a_margin_finds_kinks_that_were_nearly_touched(
    f: object, x: float, margin: float, left: float, right: float
) -> None:
    y = f(Value(x))  # type: ignore[operator]
    assert kinks(y) == ()
    ((_, _, gap, *sides, _),) = kinks(y, margin)
    assert sides == [pytest.approx(left), pytest.approx(right)]
    assert 0.0 < gap <= margin


@pytest.mark.parametrize("x", [-0.75, 2.125, 2.5, 2.875, 3.0])
def test_gaps_are_measured_from_both_sides(x: float) -> None:
    integer, middle = abs(x - round(x)), min(abs(x - half) for half in (-0.5, 2.5, 3.5))
    assert gap(p.floor, [x]) == gap(p.trunc, [x]) == integer
    assert gap(p.round_to, [x, 0.0]) == gap(p.round_to, [100.0 * x, -2.0]) / 100.0 == middle
    assert gap(p.remainder, [x, 1.0]) == gap(p.remainder, [2.0 * x, -2.0]) / 2.0 == middle
    assert gap(p.gamma, [-abs(x)]) == integer
    assert gap(p.gamma, [abs(x)]) == abs(x)


@pytest.mark.parametrize(
    ("x", "distance", "step"), [(0.0, 0.0, 2.0**-500), (1.0, 0.0, 2.0**-52), (1.0, 0.25, 0.5), (0.0, 1e-9, 2e-9)]
)
def test_a_side_is_looked_at_over_the_smallest_step_behind_the_kink_and_a_wider_one(
    x: float, distance: float, step: float
) -> None:
    places: list[float] = []
    watched = p.Primitive("watched", lambda x: places.append(x) or x, (lambda z, x: 1.0,))
    for way in (-1.0, 1.0):
        places.clear()
        one_sided(watched, [x], 0, way, distance)
        assert places == [x, x + way * step, x + way * step * 2.0**16]


def test_constants_are_not_varied() -> None:
    assert [kink.place for kink in kinks(math.maximum(2.0, Value(2.0)))] == [1]


def test_a_kink_may_be_at_any_of_hundreds_of_operands() -> None:
    numbers = [*map(Value, range(300)), Value(299.0)]
    assert [kink.place for kink in kinks(math.maximum(*numbers))] == [299, 300]


def test_kinks_are_listed_in_the_order_of_the_computation() -> None:
    x = Value(0.0)
    y = abs(math.relu(x))
    relu, absolute = kinks(y)
    assert (relu.result.primitive, absolute.result.primitive) == (p.relu, p.absolute)
    assert relu.result is y.operands[0]
    assert absolute.result is y


def test_as_a_table() -> None:
    x = Value(0.0, label="x")
    y = math.relu(x)
    y.label = "y"
    assert str(kinks(y)).splitlines() == [
        "touched        gap  left  right  used",
        "y = relu([x])    0     0      1     0",
    ]
    assert str(kinks(x)) == "no kink was touched"


def test_errors_say_what_is_wrong() -> None:
    with pytest.raises(ArgumentError) as caught:
        kinks(2.0)  # type: ignore[arg-type]
    assert str(caught.value) == "kinks: got 2.0 (float); expected a Value"
    for margin in (-1.0, nan):
        with pytest.raises(ArgumentError) as caught:
            kinks(Value(1.0), margin)
        assert str(caught.value) == f"kinks: got margin {margin}; expected 0 or more"


def test_a_leaf_that_was_changed_is_noticed() -> None:
    x = Value(0.0)
    y = abs(x)
    x.data = 1.0
    with pytest.raises(GraphError) as caught:
        kinks(y)
    assert str(caught.value) == (
        "kinks: an operand of Value(data=0.0, grad=0.0) was changed after it was computed; compute it again"
    )


def test_a_deep_graph() -> None:
    x = y = Value(0.0)
    for _ in range(50_000):
        y = y + x
    y = abs(y)
    assert [kink.result for kink in kinks(y)] == [y]
    assert len(topological_order(y)) == 50_002
