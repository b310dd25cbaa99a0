"""Every value, derivative and random expression within its limit: a smaller `make accuracy`."""

from __future__ import annotations

import random
import sys
from math import inf, nan
from pathlib import Path

import pytest

from autograd import Value, math, precision
from autograd.primitives import TABLE
from autograd.testing import Expression

pytest.importorskip("flint", reason="compares with python-flint")
sys.path.insert(0, str(Path(__file__).parent.parent))  # pytest alone does not look for `benchmarks` there
from benchmarks import accuracy

SEED = 1  # not that of the report


@pytest.mark.parametrize("name", accuracy.ROWS)
def test_values_and_derivatives_are_within_their_limits(name: str) -> None:
    row = TABLE[name]
    worst = accuracy.measure(row, list(accuracy.points(row, 60, SEED)))
    beyond = [found for found in zip(worst.errors, accuracy.LIMITS, worst.places) if found[0] > found[1]]
    assert not beyond
    assert worst.judged[0] > 60


def test_random_expressions_are_within_the_running_error_bound() -> None:
    assert max(accuracy.excesses(range(150))) <= 1.0


def test_constants_are_steps_as_well() -> None:
    f = Expression(((TABLE["divide"], (0, 3.0)), (TABLE["subtract"], (0, 1))), (1.5,))
    steps, slope = accuracy.with_constants_as_variables(f), 1.0 - 1.0 / 3.0
    assert repr(steps) == "\nx0 = 1.5\nx1 = 3.0\nx2 = divide(x0, x1)\nx3 = subtract(x0, x2)"
    leaves = [Value(x) for x in steps.point]
    _, by_steps, _ = accuracy.to_second_order(steps(*leaves), leaves[:1])
    assert by_steps.data == slope
    assert accuracy.running_error_bound(by_steps) > 2.0**-51 > accuracy.running_error_bound(Value(slope))
    assert accuracy.excess(f) <= 1.0


# Where rules of textbooks lose all digits.
LOST = [
    ("tanh", 21.0, 2.2997405021730947e-18),
    ("expm1", -503.0, 3.5717829374893e-219),
    ("asinh", 1e234, 1e-234),
    ("sigmoid", -40.0, 4.248354255291589e-18),
    ("erf", 26.0, 4.2e-294),
    ("lgamma", 1.4616321449683622, -9.5e-17),
]


@pytest.mark.parametrize(("name", "x", "roughly"), LOST)
def test_where_textbooks_lose_all_digits(name: str, x: float, roughly: float) -> None:
    y = Value(x)
    getattr(math, name)(y).backward()
    exact = precision.exact_partial(TABLE[name], (x,), 0)
    assert y.grad == pytest.approx(exact, rel=4e-16)
    assert exact == pytest.approx(roughly, rel=0.5)


# Where a rule has to keep digits that its result, or a step on the way to it, has not.
HARD = [
    ("gamma", (-174.99786314860162,)),  # gamma is subnormal, digamma is large
    ("gamma", (-184.99999999999997,)),  # gamma is 0, its slope is not
    ("gelu", (-37.118881804987318,)),
    ("remainder", (-1.7976931338704414e308, 1.151323889038376e300)),  # x - z is too large for a float
]


@pytest.mark.parametrize(("name", "operands"), HARD, ids=str)
def test_where_steps_on_the_way_leave_the_floats(name: str, operands: tuple[float, ...]) -> None:
    worst = accuracy.measure(TABLE[name], [operands])
    assert worst.judged[:2] == [len(operands)] * 2
    assert max(worst.errors[:2]) < 3.0


# ── the measure itself ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_lost_digit_is_seen() -> None:
    row = TABLE["tanh"]

    def textbook(row: object, many: accuracy.Points, place: int) -> list[list[float]]:
        return [[math.tanh(x), 1.0 - math.tanh(x) ** 2] for (x,) in many]

    assert accuracy.measure(row, [(0.5,), (21.0,)], textbook).errors[1] > 1e15


def test_wrong_infinities_and_nans_are_seen() -> None:
    (exact,) = precision.exact_derivatives(TABLE["exp"], (1000.0,), 0, 0)
    assert [precision.error_in_ulps(x, exact) for x in (inf, -inf, 1.0, nan)] == [0.0, inf, inf, inf]
    (one,) = precision.exact_derivatives(TABLE["exp"], (0.0,), 0, 0)
    assert [precision.error_in_ulps(x, one) for x in (1.0, 1.0 + 2.0**-52, inf, nan)] == [0.0, 1.0, inf, inf]


def test_errors_of_subnormal_numbers_are_parts_of_their_units() -> None:
    (half,) = precision.exact_derivatives(TABLE["ldexp"], (1.0, -1075.0), 0, 0)  # of the smallest number
    assert [precision.error_in_ulps(x, half) for x in (0.0, 5e-324, 1e-323)] == [0.5, 0.5, 1.5]


def test_terms_make_an_error_smaller() -> None:
    (exact,) = precision.exact_derivatives(TABLE["sin"], (3.0,), 0, 0)
    one, eight = (precision.error_in_ulps(0.14, exact, largest) for largest in (0.0, 1.0))
    assert one == 8.0 * eight > 0.0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where results are kept."""
    monkeypatch.setattr(accuracy, "KEPT", tmp_path / "kept")
    return tmp_path / "kept"


def test_what_was_measured_is_not_measured_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = accuracy.measure_named(20, "exp")
    monkeypatch.setattr(accuracy, "measure", None)
    assert accuracy.measure_named(20, "exp") == first
    assert len(list(folder.iterdir())) == 1


def test_another_program_measures_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert accuracy.kept("task", lambda: 1) == accuracy.kept("task", lambda: 2) == 1
    monkeypatch.setattr(accuracy, "version", lambda: accuracy.crc32(b"changed"))
    assert accuracy.kept("task", lambda: 2) == 2


def test_of_an_interrupted_task_nothing_is_kept(folder: Path) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        accuracy.kept("task", interrupted)
    assert accuracy.kept("task", lambda: 1) == 1


def test_points_are_the_same_every_time() -> None:
    row = TABLE["atan2"]
    first, again, other = (list(accuracy.points(row, 50, seed)) for seed in (0, 0, 1))
    assert first == again != other


def test_expressions_are_the_same_every_time() -> None:
    assert repr(accuracy.expression(random.Random(3))) == repr(accuracy.expression(random.Random(3)))


def test_a_sign_that_takes_many_digits_is_decided() -> None:
    x = Value(1e-100)
    assert precision.exact_gradient(math.relu(math.exp(x) - 1.0), [x]) == [1.0]
