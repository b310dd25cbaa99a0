"""The judges judged: finite differences, high precision, `check_gradients`, and the strategies for random programs."""

from __future__ import annotations

import math as stdlib
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from itertools import product
from math import cos, cosh, exp, inf, isfinite, isnan, log, nan, pi, sin, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st
from hypothesis.vendor import pretty

from autograd import Value, core, math, precision, primitive, primitives as p, testing
from autograd.differences import Estimate, differentiate
from autograd.errors import ArgumentError, GradientError, PrimitiveError
from autograd.graph import topological_order
from autograd.primitives import BUILT_IN, TABLE, Primitive
from autograd.testing import (
    MARGIN,
    SENSITIVITY,
    SIZE,
    Expression,
    Program,
    check_gradients,
    expressions,
    graphs,
    operands,
    partial_by_differences,
    programs,
)
from autograd.trials import expect, numbers

ROWS = [TABLE[name] for name in sorted(BUILT_IN)]
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


@pytest.fixture
def own_rows(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take back what a test adds to the table, and to the judge's."""
    before, oracles = dict(TABLE), dict(precision.ORACLES)
    yield
    for table, content in ((TABLE, before), (precision.ORACLES, oracles)):
        table.clear()
        table.update(content)


@pytest.fixture
def no_flint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "available", lambda: False)


def make(name: str, evaluate: Callable[..., float], *rules: Any, many: bool = False) -> Primitive:
    def function(*operands: float) -> float:
        return evaluate(*operands)

    function.__name__ = name
    return primitive(*rules, many=many)(function)


def number(x: Any) -> float:
    return x.data if isinstance(x, Value) else x


# ── check_gradients: what is right passes ────────────────────────────────────────────────────────────────────────────


def loop(x: Any) -> Any:
    for _ in range(5):
        x = math.sin(x) + x * x / 4
    return x


def branch(x: Any) -> Any:
    return x**3 if x > 0 else math.exp(x)


RIGHT: list[tuple[str, Callable[..., Any], Any]] = [
    ("one number", lambda x: math.sin(x) * x, (0.5,)),
    ("two numbers", lambda x, y: math.atan2(y, x) / y, (0.5, -2.0)),
    ("a list of arguments", lambda x, y: x * y, [3, 2]),
    ("Values", lambda x, y: x**y, (Value(1.5), Value(2.5))),
    ("a list", lambda xs: math.logsumexp(xs), ([0.5, 1.0, -1.0],)),
    ("a dict", lambda p: {"out": p["w"][0] * p["w"][1] + p["b"]}, ({"w": (2.0, 3.0), "b": 1.0},)),
    ("an array", lambda a: np.exp(a) @ a, (np.array([0.5, 1.0]),)),
    ("several outputs", lambda x, y: [x * y, (math.exp(x), 3.0)], (0.5, 2.0)),
    ("no outputs", lambda x: [], (0.5,)),
    ("no arguments", lambda: 3.0, ()),
    ("a constant", lambda x: 5, (0.5,)),
    ("not used", lambda x, y: x, (0.5, 2.0)),
    ("loop", loop, (0.7,)),
    ("branch", branch, (-0.5,)),
    ("primitive", p.tanh, (0.5,)),
    ("primitive of many", p.hypot, (3.0, 4.0, 12.0)),
    ("0", lambda x: x * x + math.exp(x), (0.0,)),
    ("large", lambda x: x * math.log(x), (1e6,)),
    ("small values", lambda x: 1e-150 * math.sin(x), (0.5,)),
    ("large values", lambda x: 1e150 * math.sin(x), (0.5,)),
    ("steep", lambda x: math.sin(100 * x), (0.3,)),
    ("near 0", math.log, (1e-3,)),
    ("tiny", math.cos, (1e-200,)),
    ("cancelling", lambda x: x - math.logsumexp([x, x]), (2.0,)),
    ("cancelling squares", lambda x: math.sin(x) ** 2 + math.cos(x) ** 2, (0.7,)),
    ("cancelling large squares", lambda x: 1e9 * (math.sin(x) ** 2 + math.cos(x) ** 2), (0.7,)),
    ("far from 0", math.sin, (1e6,)),
]


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize(("f", "args"), [c[1:] for c in RIGHT], ids=[c[0] for c in RIGHT])
def test_right_derivatives_pass(f: Callable[..., Any], args: Any, order: int) -> None:
    check_gradients(f, args, order=order)


@pytest.mark.usefixtures("no_flint")
@pytest.mark.parametrize(("f", "args"), [c[1:] for c in RIGHT], ids=[c[0] for c in RIGHT])
def test_right_derivatives_pass_without_flint(f: Callable[..., Any], args: Any) -> None:
    check_gradients(f, args)


NEAR = [(f, x) for f in (math.log, lambda x: math.sqrt(x) * 2.0, lambda x: x**1.5) for x in (1e-3, 1e-6, 1e-12)]


@pytest.mark.parametrize(("f", "x"), [*NEAR, (lambda x: 1 / x, 2.0**-7), (lambda x: x**-2, 1e-3)])
def test_right_derivatives_pass_near_borders_and_poles(f: Callable[[Any], Any], x: float) -> None:
    check_gradients(f, (x,), order=1)


@given(expressions())
def test_random_programs_pass(expression: Expression) -> None:
    check_gradients(expression, expression.point, order=1)


@given(expressions(max_steps=4))
@settings(max_examples=40)
def test_random_programs_pass_to_second_order(expression: Expression) -> None:
    check_gradients(expression, expression.point, order=2)


# ── check_gradients: what is wrong does not ──────────────────────────────────────────────────────────────────────────

WRONG: list[tuple[str, Callable[..., float], tuple[Any, ...], tuple[float, ...], int, float, float]] = [
    # what is wrong, value, rules, operands, the place of the first wrong partial, expected, got
    ("negative", lambda x: x * x, (lambda z, x: -2 * x,), (1.5,), 0, 3.0, -3.0),
    ("factor", lambda x: x * x, (lambda z, x: 2.002 * x,), (1.5,), 0, 3.0, 3.003),
    ("small_factor", stdlib.sin, (lambda z, x: 1.00001 * math.cos(x),), (0.5,), 0, cos(0.5), 1.00001 * cos(0.5)),
    ("swapped", lambda x, y: x * y * y, (lambda z, x, y: 2 * x * y, lambda z, x, y: y * y), (3.0, 2.0), 0, 4.0, 12.0),
    ("missing", lambda x: x * exp(x), (lambda z, x: math.exp(x),), (1.0,), 0, 2 * exp(1), exp(1)),
    ("zero", stdlib.sin, (lambda z, x: 0.0,), (0.5,), 0, cos(0.5), 0.0),
    ("left_out", lambda x, y: x * y, (lambda z, x, y: y, None), (3.0, 2.0), 1, 3.0, 0.0),
    ("not_selected", lambda x: x * x, (lambda z, x: None,), (1.5,), 0, 3.0, 0.0),
    ("undefined", stdlib.exp, (lambda z, x: nan,), (0.0,), 0, 1.0, nan),
    ("infinite", stdlib.exp, (lambda z, x: inf,), (0.0,), 0, 1.0, inf),
    ("not_zero", lambda x: 1.0, (lambda z, x: 1e-6,), (0.5,), 0, 0.0, 1e-6),
    ("second", lambda x, y: x * y, (lambda z, x, y: y, lambda z, x, y: x + 0.01), (3.0, 2.0), 1, 3.0, 3.01),
    ("degrees", lambda x: sin(x * pi / 180), (lambda z, x: math.cos(math.radians(x)),), (60.0,), 0, pi / 360, 0.5),
]
ESTIMATE = r"(?P<{}>\S+) ± \S+ \(finite differences\)"


@pytest.mark.usefixtures("own_rows")
@pytest.mark.parametrize("mode", ["reverse", "forward"])
@pytest.mark.parametrize(
    ("name", "evaluate", "rules", "at", "place", "expected", "got"), WRONG, ids=[case[0] for case in WRONG]
)
def test_a_wrong_partial_is_named(
    name: str,
    evaluate: Any,
    rules: Any,
    at: tuple[float, ...],
    place: int,
    expected: float,
    got: float,
    mode: str,
) -> None:
    wrong = make(name, evaluate, *rules)
    with pytest.raises(GradientError) as caught:
        check_gradients(wrong, at, modes=(mode,))
    pattern = (
        rf"{name}{re.escape(str(at))}: derivative of order 1 \({mode}\), output 0, input {place}:"
        rf" expected {ESTIMATE.format('whole')}, got (?P<found>\S+)\n"
        rf"primitive '{name}' with operands {re.escape(str(at))}: partial for operand {place}:"
        rf" expected {ESTIMATE.format('part')}, got (?P<partial>\S+)"
    )
    match = re.fullmatch(pattern, str(caught.value))
    assert match is not None, str(caught.value)
    for group in ("whole", "part"):
        assert float(match[group]) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    for group in ("found", "partial"):
        assert float(match[group]) == pytest.approx(got, rel=1e-15, nan_ok=True)


@pytest.mark.usefixtures("own_rows")
def test_it_is_found_within_a_larger_program() -> None:
    wrong = make("wrong", lambda x, y: x * y, lambda z, x, y: y, lambda z, x, y: 2 * x)

    def program(x: Any, ys: list[Any]) -> list[Any]:
        return [math.sin(x), ys[1] * wrong(math.exp(x), ys[0] + 1.0)]

    with pytest.raises(GradientError) as caught:
        check_gradients(program, (0.0, [4.0, 7.0]))
    first, second = str(caught.value).split("\n")
    assert re.fullmatch(
        r"program\(0\.0, 4\.0, 7\.0\): derivative of order 1 \(reverse\), output 1, input 1:"
        r" expected \S+ ± \S+ \(finite differences\), got 14\.0",
        first,
    )
    assert re.fullmatch(
        r"primitive 'wrong' with operands \(1\.0, 5\.0\): partial for operand 1:"
        r" expected \S+ ± \S+ \(finite differences\), got 2\.0",
        second,
    )


@pytest.mark.usefixtures("own_rows")
def test_one_partial_of_many() -> None:
    def but_the_last(z: Any, *xs: Any) -> list[Any]:
        return [2 * x for x in xs[:-1]] + [0.0]

    wrong = make("wrong", lambda *xs: sum(x * x for x in xs), but_the_last, many=True)
    check_gradients(lambda x, y: wrong(x, y, 0.0), (1.0, 2.0))
    with pytest.raises(GradientError, match=r"primitive 'wrong' with operands \(1\.0, 2\.0\): partial for operand 1:"):
        check_gradients(wrong, (1.0, 2.0))


def cut(x: Any) -> float:
    """A number without its history, as it must not stand in a rule."""
    return number(x)


@pytest.mark.usefixtures("own_rows")
def test_a_rule_that_cannot_be_differentiated_is_found_at_second_order() -> None:
    wrong = make("wrong", lambda x: x**3, lambda z, x: 3 * x * cut(x))
    check_gradients(wrong, (2.0,), order=1)
    with pytest.raises(GradientError) as caught:
        check_gradients(wrong, (2.0,), order=2)
    assert re.fullmatch(
        r"wrong\(2\.0,\): derivative of order 2 \(reverse over reverse\), output 0, input 0:"
        r" expected 1[12]\.\d+ ± \S+ \(finite differences\), got 6\.0",
        str(caught.value),
    )


@pytest.mark.usefixtures("own_rows")
def test_and_at_third_order() -> None:
    slope = make("slope", lambda x: 3 * x * x, lambda z, x: 6 * cut(x))
    wrong = make("wrong", lambda x: x**3, lambda z, x: slope(x))
    check_gradients(wrong, (2.0,), order=2)
    with pytest.raises(GradientError, match=r"of order 3 \(reverse over reverse over reverse\)"):
        check_gradients(wrong, (2.0,), order=3)
    with pytest.raises(GradientError, match=r"of order 3 \(forward over forward over forward\)"):
        check_gradients(wrong, (2.0,), order=3, modes=["forward"])


def test_a_wrong_sweep_is_told_from_a_right_one(monkeypatch: pytest.MonkeyPatch) -> None:
    right = core.tangents
    monkeypatch.setattr(core, "tangents", lambda *args, record: [2 * t for t in right(*args, record=record)])
    check_gradients(math.sin, (0.5,), modes=("reverse",))
    with pytest.raises(GradientError, match=r"^sin\(0\.5,\): derivative of order 1 \(forward\), output 0"):
        check_gradients(math.sin, (0.5,))


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[tuple[str, ...], float]]:
    """The ways in which derivatives were taken, outermost first, and factors by which to falsify them."""
    taken: dict[tuple[str, ...], float] = defaultdict(lambda: 1.0)
    within: list[str] = []

    def watched(mode: str, right: Callable[[Any, Any], list[list[Any]]]) -> Callable[[Any, Any], list[list[Any]]]:
        def jacobian(f: Any, xs: Any) -> list[list[Any]]:
            within.append(mode)
            factor = taken[tuple(within)]
            rows = [[factor * x for x in row] for row in right(f, xs)]
            within.pop()
            return rows

        return jacobian

    for mode, right in testing.JACOBIANS.items():
        monkeypatch.setitem(testing.JACOBIANS, mode, watched(mode, right))
    return taken


@pytest.mark.parametrize("modes", [("reverse", "forward"), ("forward",), ["reverse"]])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_every_combination_of_the_modes_is_checked(
    ways: dict[tuple[str, ...], float], modes: tuple[str, ...], order: int
) -> None:
    check_gradients(lambda x: x * math.sin(x), (0.5,), order=order, modes=modes)
    assert set(ways) == {way for k in range(1, order + 1) for way in product(modes, repeat=k)}


@pytest.mark.parametrize(
    "way",
    [("forward",), ("forward", "reverse"), ("reverse", "forward"), ("forward", "reverse", "forward"), ("reverse",) * 3],
    ids=" over ".join,
)
def test_the_message_says_which_way_is_wrong(ways: dict[tuple[str, ...], float], way: tuple[str, ...]) -> None:
    ways[way] = 1.01
    text = (
        rf"^sin\(0\.5,\): derivative of order {len(way)} \({' over '.join(way)}\), output 0, input 0: expected [^\n]*$"
    )
    with pytest.raises(GradientError, match=text):
        check_gradients(math.sin, (0.5,), order=3)


def test_nameless_functions_are_described() -> None:
    class Wrong:
        def __call__(self, x: Any) -> Any:
            return number(x) ** 2  # cuts the graph

        def __repr__(self) -> str:
            return "Wrong()"

    with pytest.raises(GradientError, match=r"^Wrong\(\) \(Wrong\)\(1\.5,\): derivative of order 1"):
        check_gradients(Wrong(), (1.5,))
    with pytest.raises(GradientError, match=r"^<lambda>\(1\.5,\): derivative of order 1 .*got 0\.0$"):
        check_gradients(lambda x: number(x) ** 2, (1.5,))


# ── with python-flint ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def slightly_wrong(own_rows: None) -> Primitive:
    """A derivative off by less than finite differences are trusted for."""
    precision.ORACLES["slightly"] = lambda x: x.sin()
    return make("slightly", stdlib.sin, lambda z, x: (1 + 2e-8) * math.cos(x))


def test_ball_arithmetic_judges_more_sharply(slightly_wrong: Primitive) -> None:
    with pytest.raises(GradientError) as caught:
        check_gradients(slightly_wrong, (0.5,))
    assert str(caught.value) == (
        f"slightly(0.5,): derivative of order 1, output 0, input 0: expected {cos(0.5)!r} (python-flint), got"
        f" {(1 + 2e-8) * cos(0.5)!r}"
    )


ROUNDED = [
    # a function, and where its slope is what is left of larger terms, or of an intermediate result that was rounded
    (p.silu, -1.278464542761074),
    (p.gelu, -0.7517915246935645),
    (lambda x: math.exp(p.silu(x)), -1.278464542761074),
    (lambda x: math.cos(x) ** x, 1.0778683156129277e-08),
]


@pytest.mark.parametrize(("f", "x"), ROUNDED)
def test_what_rounding_does_to_a_slope_is_no_mistake(f: Callable[[Any], Any], x: float) -> None:
    check_gradients(f, (x,))


def test_ball_arithmetic_judges_a_rule_that_makes_no_graph(own_rows: None) -> None:
    precision.ORACLES["opaque"] = lambda x: x.sin()
    opaque = make("opaque", stdlib.sin, lambda z, x: (1 + 2e-8) * stdlib.cos(x))
    with pytest.raises(GradientError, match=r"^opaque\(0\.5,\): derivative of order 1, .*\(python-flint\), got"):
        check_gradients(opaque, (0.5,), order=1)


@pytest.mark.usefixtures("no_flint")
def test_without_flint_differences_judge_alone(slightly_wrong: Primitive) -> None:
    check_gradients(slightly_wrong, (0.5,))
    wrong = make("wrong", stdlib.sin, lambda z, x: math.sin(x))
    with pytest.raises(GradientError, match=r"^wrong\(0\.5,\): derivative of order 1 .*\nprimitive 'wrong' "):
        check_gradients(wrong, (0.5,))


@pytest.mark.usefixtures("own_rows")
@pytest.mark.parametrize(("error", "is_noticed"), [(0.9e-9, False), (1.1e-9, True)])
def test_how_small_a_relative_error_flint_notices(error: float, is_noticed: bool) -> None:
    precision.ORACLES["off"] = lambda x: x.sin()
    off = make("off", stdlib.sin, lambda z, x: (1.0 + error) * math.cos(x))
    with pytest.raises(GradientError) if is_noticed else nullcontext():
        check_gradients(off, (0.5,), order=1)


@pytest.mark.usefixtures("own_rows", "no_flint")
@pytest.mark.parametrize(
    ("evaluate", "slope", "is_noticed"),
    [
        (stdlib.sin, lambda x: (1.0 + 0.9e-7) * math.cos(x), False),
        (stdlib.sin, lambda x: (1.0 + 1.1e-7) * math.cos(x), True),
        (lambda x: 1.0, lambda x: 1.0e-11, False),  # what may be left where larger terms cancel
        (lambda x: 1.0, lambda x: 1.2e-11, True),
        (lambda x: 0.01, lambda x: 1.0e-11, False),
        (lambda x: 0.01, lambda x: 1.2e-11, True),
        (lambda x: 100.0, lambda x: 1.0e-9, False),
        (lambda x: 100.0, lambda x: 1.2e-9, True),
    ],
)
def test_how_small_an_error_differences_notice(evaluate: Any, slope: Any, is_noticed: bool) -> None:
    off = make("off", evaluate, lambda z, x: slope(x))
    with pytest.raises(GradientError) if is_noticed else nullcontext():
        check_gradients(off, (0.5,), order=1)


def test_a_primitive_unknown_to_flint_hides_only_its_own_output(slightly_wrong: Primitive) -> None:
    unknown = make("unknown", stdlib.cos, lambda z, x: -math.sin(x))
    check_gradients(unknown, (0.5,))
    with pytest.raises(GradientError, match=r"^<lambda>\(0\.5,\): derivative of order 1, output 1, .*python-flint"):
        check_gradients(lambda x: [unknown(x), slightly_wrong(x)], (0.5,))


def test_neither_flint_nor_hypothesis_is_needed() -> None:
    program = (
        "import sys\n"
        "for name in ('flint', 'hypothesis', 'numpy'): sys.modules[name] = None  # importing them would fail\n"
        "from autograd import math, precision\n"
        "from autograd.testing import check_gradients\n"
        "check_gradients(math.sin, (0.5,))\n"
        "print(precision.available())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("False\n", "")
    assert precision.available()


# ── bad arguments ────────────────────────────────────────────────────────────────────────────────────────────────────

NUMBERS = "expected a real number, a Value, or a list, tuple, dict, dataclass or numpy array of them"
MODES = "expected an order from 1 on and modes from ('reverse', 'forward')"
BAD: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: check_gradients(math.sin, 0.5),  # type: ignore[arg-type]
        "check_gradients: args: got 0.5 (float); expected a tuple, one entry per argument",
    ),
    (lambda: check_gradients(math.sin, ("a",)), f"check_gradients: args[0] is 'a' (str); {NUMBERS}"),
    (lambda: check_gradients(math.sin, ([1.0, None],)), f"check_gradients: args[0][1] is None (NoneType); {NUMBERS}"),
    (
        lambda: check_gradients(lambda x: [x, "a"], (1.0,)),
        f"check_gradients: the result of the function[1] is 'a' (str); {NUMBERS}",
    ),
    (
        lambda: check_gradients(math.sin, (0.5,), order=0),
        f"check_gradients: got order 0 and modes ('reverse', 'forward'); {MODES}",
    ),
    (
        lambda: check_gradients(math.sin, (0.5,), modes=("reverse", "sideways")),
        f"check_gradients: got order 2 and modes ('reverse', 'sideways'); {MODES}",
    ),
    (lambda: check_gradients(math.sin, (0.5,), modes=()), f"check_gradients: got order 2 and modes (); {MODES}"),
]


@pytest.mark.parametrize(("call", "text"), BAD, ids=[text.partition(";")[0] for _, text in BAD])
def test_bad_arguments(call: Callable[[], Any], text: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        call()
    assert str(caught.value) == text


@pytest.mark.parametrize(
    "options",
    [{"order": "2"}, {"order": 1.5}, {"order": None}, {"modes": None}, {"modes": 1}, {"modes": [[]]}],
    ids=str,
)
def test_options_of_the_wrong_kind(options: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=rf"^check_gradients: got order .*; {re.escape(MODES)}$"):
        check_gradients(math.sin, (0.5,), **options)


# ── finite differences ───────────────────────────────────────────────────────────────────────────────────────────────

SMOOTH: list[tuple[str, Callable[[float], float], Callable[[float], float], float, float]] = [
    # what, f, f′, from, to
    ("line", lambda x: 3 * x - 1, lambda x: 3.0, -1e3, 1e3),
    ("constant", lambda x: 7.5, lambda x: 0.0, -1e3, 1e3),
    ("cubic", lambda x: x**3 - 2 * x, lambda x: 3 * x * x - 2, -1e3, 1e3),
    ("reciprocal", lambda x: 1 / x, lambda x: -1 / x / x, 0.1, 1e3),
    ("sine", sin, cos, -1e3, 1e3),
    ("fast sine", lambda x: sin(20 * x), lambda x: 20 * cos(20 * x), -3.0, 3.0),
    ("very fast sine", lambda x: sin(1000 * x), lambda x: 1000 * cos(1000 * x), -3.0, 3.0),
    ("exponential", exp, exp, -50.0, 700.0),
    ("logarithm", log, lambda x: 1 / x, 0.1, 1e9),
    ("root", sqrt, lambda x: 0.5 / sqrt(x), 0.1, 1e9),
    ("tanh", stdlib.tanh, lambda x: cosh(x) ** -2, -4.0, 4.0),
    ("witch", lambda x: 1 / (1 + x * x), lambda x: -2 * x / (1 + x * x) ** 2, -20.0, 20.0),
    ("lgamma", stdlib.lgamma, lambda x: p.digamma(x), 3.0, 50.0),
]


@pytest.mark.parametrize(("f", "slope", "low", "high"), [c[1:] for c in SMOOTH], ids=[c[0] for c in SMOOTH])
@given(data=st.data())
def test_differences_are_accurate_and_say_how_accurate(
    f: Callable[[float], float], slope: Callable[[float], float], low: float, high: float, data: st.DataObject
) -> None:
    x = data.draw(st.floats(low, high, allow_subnormal=False))
    (estimate,) = differentiate(lambda x: [f(x)], x)
    expected = slope(x)
    assert estimate.agrees_with(expected, 4e-15), (estimate, expected)
    assert 0.0 < estimate.error <= 1e-10 * (abs(expected) + abs(f(x)) / max(1.0, abs(x)))


@given(st.floats(-12, 0))
@example(-323.3)  # the smallest number: no step is smaller
def test_near_the_border_of_a_domain_an_estimate_is_right_or_none(exponent: float) -> None:
    x = 10.0**exponent
    for estimate, expected in zip(differentiate(lambda x: [math.log(x), math.sqrt(x)], x), (1 / x, 0.5 / sqrt(x))):
        missing = isnan(estimate.value) and estimate.error == inf
        assert missing or estimate.agrees_with(expected, 1e-14)


@given(st.floats(26.0, 28.0))
def test_where_values_underflow_an_estimate_says_so(x: float) -> None:
    (estimate,) = differentiate(lambda x: [exp(-x * x)], x)
    assert estimate.agrees_with(-2 * x * exp(-x * x), 0.0)


SUBNORMAL = [
    # a product, its operands, the place of one: a factor after a subnormal number magnifies what that has lost
    (p.prod, (3.0, 4.0, 5e-324, 3.0, 3.0, 5.0), 1),
    (p.prod, (2.0, 2.0, 4.0, 5e-324, 6.0, 6.0), 0),
    (p.prod, (0.0, 5.001726169779523e-145, 6.832565847888632e-178, 2.0, 3.0, 5.0), 0),
    (p.prod, (2e-313, 3.3, 5.7, 5.9), 1),
    (p.prod, (2e-313, 3.3, 5.7, 5.9), 3),
    (p.multiply, (5e-324, 0.75), 1),
    (p.divide, (5e-324, 0.3), 1),
]


@pytest.mark.parametrize(
    ("x", "step"),
    [
        (0.5, 2.0**-7),  # the first of the first steps
        (2.0**40, 2.0**34),  # the last step, in proportion to x
    ],
)
def test_what_rounding_may_hide_in_a_constant_is_its_error(x: float, step: float) -> None:
    """Values are taken to be exact to 8 units of 2⁻⁵³; the widest step, halved once, hides least in them."""
    assert differentiate(lambda x: [7.5], x) == [Estimate(0.0, 8 * 2.0**-53 * 7.5 / (step / 2))]


def test_what_underflow_may_hide_in_a_constant_0_is_its_error() -> None:
    assert differentiate(lambda x: [0.0], 0.5) == [Estimate(0.0, 2.0**-1022 / 2.0**-8)]
    assert differentiate(lambda x: [0.0], 2.0**1000) == [Estimate(0.0, 2.0**-1074)]


@pytest.mark.parametrize(
    ("x", "first", "last"),
    [
        (0.0, 1.0, 2.0**-7),
        (0.75, 1.0, 2.0**-7),
        (2.0**-40, 1.0, 2.0**-46),
        (2.0**40, 2.0**20, 2.0**34),
        (5e-324, 1.0, 2.0**-1000),
    ],
)
def test_where_nothing_is_found_smaller_steps_are_tried_and_one_in_proportion(
    x: float, first: float, last: float
) -> None:
    places: list[float] = []
    differentiate(lambda place: places.append(place - x) or [nan], x)  # type: ignore[func-returns-value]
    steps = [first * 2.0**-7, first * 2.0**-10, first * 2.0**-13, last]
    halved = [step / 2.0**times for step in steps for times in range(6)]
    if x <= 1.0:
        halved.insert(18, 2.0**-7)  # where values are compared with their errors, before the last step
    assert places == [way * step for step in halved for way in (1.0, -1.0)]


@pytest.mark.parametrize(("row", "operands", "place"), SUBNORMAL)
def test_differences_know_how_little_subnormal_values_say(
    row: Primitive, operands: tuple[float, ...], place: int
) -> None:
    partials = row.partials(row(*operands), operands, [True] * len(operands))
    estimate = partial_by_differences(row, operands, place)
    assert estimate.agrees_with(partials[place], 0.0)
    assert estimate.error < 1e-300


@given(st.floats(153.0, 162.0))
def test_a_subnormal_estimate_is_as_fine_as_its_spacing(exponent: float) -> None:
    x = 10.0**exponent
    (estimate,) = differentiate(lambda x: [1 / x], x)
    assert estimate.agrees_with(-1 / x / x, 1e-11)
    assert estimate.error < 1e-10 / x / x + 1e-322


@pytest.mark.parametrize("tiny", [1.5536891306397386e-147, 1e-17, -3e-20])
def test_differences_know_of_terms_that_cancel(tiny: float) -> None:
    """The sum is 0 for any x, because the other terms have swallowed x · tiny."""
    estimate = partial_by_differences(p.dot, (0.0, 1.0, 1.0, tiny, -1.0, 1.0), 0)
    assert estimate.value == 0.0
    assert estimate.agrees_with(tiny, 0.0)
    assert estimate.error < 1e-9
    assert partial_by_differences(p.dot, (0.0, 1.0, tiny, -1.0), 0).agrees_with(tiny, 1e-9)


@pytest.mark.parametrize("f", [lambda x: nan, lambda x: inf, math.log, lambda x: 1e308 * x * 1e10])
def test_where_there_is_no_number_there_is_no_estimate(f: Callable[[float], float]) -> None:
    ((value, error),) = differentiate(lambda x: [f(x)], -1.0)
    assert isnan(value)
    assert error == inf


@given(st.integers(-5, 5), st.floats(1e-3, 0.5))
def test_a_step_nearby_is_noticed(place: int, distance: float) -> None:
    for x in (place - distance, place + distance):
        (estimate,) = differentiate(lambda x: [math.floor(x)], x)
        assert estimate.agrees_with(0.0, 0.0)


def test_several_numbers_are_differentiated_at_once_and_apart() -> None:
    calls = []

    def f(x: float) -> tuple[float, ...]:
        calls.append(x)
        return x * x, nan, sin(x), 3.0

    square, missing, sine, constant = differentiate(f, 0.5)
    assert square.value == pytest.approx(1.0, rel=1e-11)
    assert isnan(missing.value)
    assert sine.value == pytest.approx(cos(0.5), rel=1e-11)
    assert constant.value == 0.0
    assert 0.5 not in calls
    assert differentiate(lambda x: [], 0.5) == []


@pytest.mark.parametrize(
    ("estimate", "found", "tolerance", "expected"),
    [
        (Estimate(2.0, 0.0), 2.0, 0.0, True),
        (Estimate(2.0, 0.0), 2.0 + 1e-15, 0.0, False),
        (Estimate(2.0, 0.0), 2.0 + 1e-7, 1e-7, True),
        (Estimate(-2.0, 0.0), -2.1, 0.01, False),
        (Estimate(2.0, 0.01), 2.03, 0.0, True),
        (Estimate(2.0, 0.01), 2.05, 0.0, False),
        (Estimate(2.0, 0.01), nan, 1.0, False),
        (Estimate(nan, inf), 2.0, 1.0, False),
        (Estimate(0.0, 1e-10), 0.0, 0.0, True),
    ],
)
def test_agreement(estimate: Estimate, found: float, tolerance: float, expected: bool) -> None:
    assert estimate.agrees_with(found, tolerance) is expected


def test_partial_by_differences() -> None:
    assert partial_by_differences(p.atan2, (1.0, 2.0), 0).value == pytest.approx(0.4, rel=1e-11)
    assert partial_by_differences(p.atan2, (1.0, 2.0), 1).value == pytest.approx(-0.2, rel=1e-11)
    assert partial_by_differences(p.prod, (2.0, 3.0, 4.0), 1).value == pytest.approx(8.0, rel=1e-11)


# ── high precision ───────────────────────────────────────────────────────────────────────────────────────────────────

EXACT: list[tuple[Primitive, tuple[float, ...], int, float]] = [
    # primitive, operands, place, partial
    (p.add, (1.0, 2.0), 1, 1.0),
    (p.subtract, (1.0, 2.0), 1, -1.0),
    (p.multiply, (3.0, 1e-300), 1, 3.0),
    (p.divide, (3.0, 2.0), 1, -0.75),
    (p.power, (2.0, 3.0), 0, 12.0),
    (p.power, (2.0, 3.0), 1, 8 * log(2)),
    (p.power, (-2.0, 3.0), 0, 12.0),
    (p.exp, (-700.0,), 0, exp(-700)),
    (p.exp, (700.0,), 0, exp(700)),
    (p.sin, (1e22,), 0, cos(1e22)),
    (p.atan2, (1.0, 2.0), 1, -0.2),
    (p.hypot, (3.0, 4.0, 12.0), 1, 4 / 13),
    (p.polygamma, (0.0, 1.0), 1, pi**2 / 6),
    (p.erf, (0.0,), 0, 2 / sqrt(pi)),
    (p.absolute, (-2.0,), 0, -1.0),
    (p.mod, (-7.0, 3.0), 1, 3.0),
    (p.fmod, (-7.0, 3.0), 1, 2.0),
    (p.where, (0.0, 5.0, 6.0), 2, 1.0),
    (p.maximum, (1.0, 3.0, 2.0), 1, 1.0),
    (p.relu, (-1.0,), 0, 0.0),
    (p.round_to, (2.7, 0.0), 0, 0.0),
    (p.ldexp, (3.0, 4.0), 0, 16.0),
    (p.log, (2.0,), 0, 0.5),
    (p.log, (1e-300,), 0, 1e300),
    (p.log, (1e300,), 0, 1e-300),
    (p.sqrt, (1e-200,), 0, 5e99),
    (p.cos, (1e-200,), 0, -1e-200),
]


@pytest.mark.parametrize(("row", "numbers", "place", "expected"), EXACT, ids=lambda x: getattr(x, "name", str(x)))
def test_exact_partials(row: Primitive, numbers: tuple[float, ...], place: int, expected: float) -> None:
    assert precision.exact_partial(row, numbers, place) == pytest.approx(expected, rel=3e-16, abs=0)


@pytest.mark.parametrize(
    ("row", "numbers", "expected"),
    [
        (p.sin, (1e22,), sin(1e22)),
        (p.fsum, (1e16, 1.0, -1e16), 1.0),
        (p.logsumexp, (1000.0, 1000.0), 1000 + log(2)),
        (p.gelu, (0.0,), 0.0),
        (p.expm1, (1e-300,), 1e-300),
        (p.log, (0.0,), nan),
        (p.log, (-1.0,), nan),
        (p.sqrt, (-2.0,), nan),
        (p.power, (-8.0, 1 / 3), nan),
        (p.power, (-1.0, 1001.0), -1.0),
        (p.absolute, (nan,), nan),
    ],
    ids=lambda x: getattr(x, "name", str(x)),
)
def test_exact_values(row: Primitive, numbers: tuple[float, ...], expected: float) -> None:
    assert precision.exact_value(row, numbers) == pytest.approx(expected, rel=1e-16, abs=0, nan_ok=True)


def test_exact_gradients() -> None:
    x, y, other = Value(3.0), Value(0.5), Value(1.0)
    inner = x * y
    output = inner * inner + x
    assert precision.exact_gradient(output, [x, y, inner, other, output]) == [2.5, 9.0, 3.0, 0.0, 1.0]
    assert precision.exact_gradient(x, [x, y]) == [1.0, 0.0]
    assert precision.exact_gradient(output, []) == []
    assert [v.grad for v in (x, y, inner)] == [0.0] * 3


def test_an_exact_gradient_does_not_cancel() -> None:
    x = Value(1e-8)
    output = (1.0 - math.cos(x)) / (x * x)  # digits vanish in floats
    assert precision.exact_gradient(output, [x]) == pytest.approx([-1e-8 / 12], rel=1e-14)


@given(graphs(max_steps=5))
@settings(max_examples=40)
def test_exact_gradients_agree_with_backward(graph: tuple[Value, list[Value]]) -> None:
    output, leaves = graph
    output.backward()
    for x, exact in zip(leaves, precision.exact_gradient(output, leaves)):
        sizes = {x: 1.0}  # of the terms, which rounding is relative to
        for node in topological_order(output):
            if node is not x:
                ways = zip(node.operands, node.partials)
                sizes[node] = sum(sizes[o] * abs(d) for o, d in ways if isinstance(o, Value) and d is not None)
        assert x.grad == pytest.approx(exact, rel=0, abs=1e-11 * sizes[output] + 1e-30)


@every_row
def test_every_row_is_known_to_the_judge(row: Primitive) -> None:
    assert callable(precision.oracle(row))


@pytest.mark.usefixtures("own_rows")
def test_rows_of_ones_own_need_to_be_told() -> None:
    own = make("own", lambda x: x**3, lambda z, x: 3 * x * x)
    x = Value(2.0)
    for call in (
        lambda: precision.exact_value(own, (2.0,)),
        lambda: precision.exact_partial(own, (2.0,), 0),
        lambda: precision.exact_gradient(own(x), [x]),
    ):
        with pytest.raises(PrimitiveError) as caught:
            call()
        assert str(caught.value) == "primitive 'own' is unknown to python-flint; add precision.ORACLES['own']"
    precision.ORACLES["own"] = lambda x: x**3
    assert precision.exact_value(own, (2.0,)) == 8.0
    assert precision.exact_partial(own, (2.0,), 0) == 12.0
    assert precision.exact_gradient(own(x), [x]) == [12.0]


# ── strategies ───────────────────────────────────────────────────────────────────────────────────────────────────────


@every_row
@given(data=st.data())
@settings(max_examples=25)
def test_operands_are_where_their_primitive_is_smooth(row: Primitive, data: st.DataObject) -> None:
    numbers = data.draw(operands(row))
    assert len(numbers) in ((2, 4, 6) if row.many else (row.arity,))
    assert row.smooth_at(*numbers, margin=MARGIN)
    for i, x in enumerate(numbers):
        assert type(x) is float
        assert -6.0 <= x <= 6.0
        assert row.many or row.rules[i] is not None or x.is_integer()
    out = row(*numbers)
    assert isfinite(out)
    assert all(d is None or isfinite(d) for d in row.partials(out, numbers, [True] * len(numbers)))


@given(operands(p.log, limit=2.0, margin=0.5), operands(p.absolute, limit=1.0, margin=0.5))
def test_limit_and_margin_of_operands(of_log: tuple[float], of_absolute: tuple[float]) -> None:
    assert 0.5 <= of_log[0] <= 2.0
    assert 0.5 < abs(of_absolute[0]) <= 1.0


def sensitivity(expression: Expression) -> float:
    """How fast a result changes at most, all ways to it added up."""
    leaves = [Value(x) for x in expression.point]
    sizes = dict.fromkeys(leaves, 1.0)
    for node in expression.results(*leaves)[len(leaves) :]:
        if isinstance(node, Value):
            ways = zip(node.operands, node.partials)
            sizes[node] = sum(abs(d or 0.0) * sizes[x] for x, d in ways if isinstance(x, Value))
    return max(sizes.values())


def shares(expression: Expression) -> bool:
    """Whether a result, not just a variable, is used in more than one step."""
    by_step = [{x for x in chosen if isinstance(x, int)} for _, chosen in expression.steps]
    used = [x for places in by_step for x in places if x >= len(expression.point)]
    return len(used) > len(set(used))


@given(expressions())
def test_expressions_are_tame(expression: Expression) -> None:
    """Every step is smooth at the program's point, of moderate size, and not too sensitive to the variables."""
    count = len(expression.point)
    results = expression.results(*expression.point)
    assert 1 <= count <= 3
    assert 1 <= len(expression.steps) == len(results) - count <= 8
    assert tuple(results[:count]) == expression.point
    assert all(abs(x) <= 3.0 for x in expression.point)
    sensitivities = [1.0] * count
    for end, (row, chosen) in enumerate(expression.steps, count):
        assert row.name in BUILT_IN
        places = [x if isinstance(x, int) else None for x in chosen]
        assert {x for x in places if x is not None} <= set(range(end))
        numbers = [x if place is None else results[place] for x, place in zip(chosen, places)]
        assert row.smooth_at(*numbers, margin=MARGIN)
        assert abs(results[end]) <= SIZE
        assert all(abs(x) <= 3.0 for x, place in zip(chosen, places) if place is None)
        partials = row.partials(results[end], numbers, [place is not None for place in places])
        moving = [(place, d) for place, d in zip(places, partials) if place is not None and d is not None]
        sensitivities.append(sum(abs(d) * sensitivities[place] for place, d in moving))
        assert sensitivities[-1] <= SENSITIVITY


@given(expressions())
def test_expressions_are_functions_of_numbers_and_of_values(expression: Expression) -> None:
    by_number, by_value = expression(*expression.point), expression(*map(Value, expression.point))
    assert type(by_number) is float
    assert isinstance(by_value, Value)
    assert by_number == by_value.data == expression.results(*expression.point)[-1]


@given(expressions())
def test_expressions_print_as_programs(expression: Expression) -> None:
    program, names = repr(expression), dict(TABLE)
    exec(program, names)  # type: ignore[arg-type]
    last = len(expression.point) + len(expression.steps) - 1
    assert names[f"x{last}"] == expression(*expression.point)
    assert f"x{last + 1}" not in names


def test_the_text_of_an_expression() -> None:
    expression = Expression(((p.sin, (0,)), (p.multiply, (2, -2.0)), (p.hypot, (3, 2, 1))), (0.5, 1.0))
    text = "\nx0 = 0.5\nx1 = 1.0\nx2 = sin(x0)\nx3 = multiply(x2, -2.0)\nx4 = hypot(x3, x2, x1)"
    assert {expression, Expression(expression.steps, expression.point)} == {expression}
    assert repr(expression) == text
    assert pretty.pretty(expression) == text  # as hypothesis prints the example that fails


def test_expressions_are_varied() -> None:
    seen: list[Expression] = []

    @given(expressions())
    @settings(max_examples=900, derandomize=True, database=None)
    def collect(expression: Expression) -> None:
        seen.append(expression)

    collect()
    steps = [step for expression in seen for step in expression.steps]
    assert sum(map(shares, seen)) >= 20
    assert 7.2 < max(map(sensitivity, seen)) <= 8.0
    assert all(x == 0.0 or abs(x) >= 2.0**-1022 for expression in seen for x in expression.point)
    assert sum(isinstance(x, float) for _, chosen in steps for x in chosen) >= 50
    assert {len(expression.point) for expression in seen} == {1, 2, 3}
    assert {len(expression.steps) for expression in seen} == set(range(1, 9))
    assert {x for row, chosen in steps for x, rule in zip(chosen, row.rules) if rule is None} == {0.0, 1.0, 2.0}
    drawn = {row.name for row, _ in steps}
    assert len(drawn) >= 0.8 * len(BUILT_IN)
    assert {"add", "where", "clip", "polygamma", "dot", "maximum"} <= drawn


@given(expressions(max_steps=2, max_variables=1))
def test_limits_of_expressions(expression: Expression) -> None:
    assert len(expression.point) == 1
    assert len(expression.steps) <= 2


@given(programs(max_steps=3, max_leaves=2))
def test_limits_of_programs(program: Program) -> None:
    assert 1 <= len(program.steps) <= 3
    assert 1 <= len(program.point) <= 2
    assert all(x in range(1, 10) for x in program.point)
    assert all(abs(x) <= SIZE for x in (*numbers(program), *expect(program).gradients))


@given(graphs(max_steps=3, max_variables=2))
def test_graphs(graph: tuple[Value, list[Value]]) -> None:
    output, leaves = graph
    assert isinstance(output, Value)
    assert 1 <= len(leaves) <= 2
    assert all(x.operands == () and x.grad == 0.0 for x in leaves)
    order = topological_order(output)
    assert {node for node in order if not node.operands} <= set(leaves)
    assert 1 <= sum(bool(node.operands) for node in order) <= 3


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: math.where(x > 0, math.log(x - 1.0), x * x), -1.0),
        (lambda x: math.where(x > 0.5, 1.0 / (x - x), x), 0.25),
    ],
)
def test_what_is_not_selected_need_not_exist(f: Any, x: float) -> None:
    check_gradients(f, (x,))
