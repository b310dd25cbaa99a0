"""A graph flattened to a program, its passes, and the plan for running it."""

from __future__ import annotations

import math as standard
import pickle
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import product
from math import inf, isnan, nan
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from autograd import Value, adjoints, grad, hessian, hvp, jvp, math, primitives as p
from autograd.core import NATIVE
from autograd.errors import GraphError
from autograd.machine import one
from autograd.passes import (
    Writer,
    carry,
    drop,
    flatten,
    fold,
    fuse,
    guards_only,
    optimize,
    outputs_only,
    plan,
    share,
    uniform,
    unselect,
)
from autograd.primitives import BUILT_IN, TABLE, Primitive, primitive
from autograd.program import Program, listing
from autograd.record import record
from autograd.testing import Expression, expressions

LARGEST, SMALLEST = 1.7976931348623157e308, 5e-324
SPECIAL = (0.0, -0.0, 1.0, -1.0, SMALLEST, -SMALLEST, LARGEST, -LARGEST, inf, -inf, nan)


def same(a: float, b: float) -> bool:
    """Equal to the bit, but for the sign and payload of NaN."""
    return (isnan(a) and isnan(b)) or (a == b and standard.copysign(1.0, a) == standard.copysign(1.0, b))


def body(program: Program) -> list[str]:
    """Return the lines of a program after the first, without indentation."""
    return [line.strip() for line in str(program).splitlines()[1:]]


def steps_of(program: Program) -> list[str]:
    """Return what the steps of a program compute."""
    return [line.partition(" = ")[2] for line in body(program) if " = " in line]


def recorded(f: Callable[..., Any], count: int, **options: Any) -> Program:
    """Return the program of a function of Values, which returns one or several."""
    inputs = [Value(0.5 + k) for k in range(count)]
    outputs = f(*inputs)
    return flatten(outputs if isinstance(outputs, tuple) else (outputs,), inputs, **options)


def check_form(program: Program) -> None:
    """Assert what every program promises."""
    first, count = program.first, len(program.steps)
    assert len(program.varying) == program.inputs
    assert set(program.varying) <= {0, 1}
    assert len(program.starts) == count + 1
    assert program.starts[0] == 0
    assert program.starts[-1] == len(program.operands)
    assert [array.typecode for array in (program.constants, program.steps, program.starts)] == ["d", "H", "I"]
    assert [array.typecode for array in (program.operands, program.outputs, program.guards)] == ["I"] * 3
    for number, (row, operands) in enumerate(program, first):
        assert row.arity in (None, len(operands))
        assert all(v < number for v in operands)
    assert all(v < first + count for v in (*program.outputs, *program.guards))
    assert len(program.guards) == len(program.outcomes)
    assert len(set(program.rows)) == len(program.rows)


# ── flatten ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_graph_becomes_straight_line_code() -> None:
    a, b = Value(2.0, label="a"), Value(3.0)
    z = math.sin(a) * b - b / 2.0
    program = flatten([z, a], [a, b])
    check_form(program)
    assert (program.inputs, program.varying, list(program.constants)) == (2, b"\1\1", [2.0])
    assert program.rows == (p.sin, p.multiply, p.divide, p.subtract)
    assert (list(program.steps), list(program.starts)) == ([0, 1, 2, 3], [0, 1, 3, 5, 7])
    assert (list(program.operands), list(program.outputs)) == ([0, 3, 1, 1, 2, 4, 5], [6, 0])


def test_steps_stand_in_the_order_in_which_they_were_recorded() -> None:
    assert body(recorded(lambda x: (math.cos(x), math.sin(x))[::-1], 1)) == [
        "v1 = cos(v0)",
        "v2 = sin(v0)",
        "return v2, v1",
    ]


def test_leaves_that_are_no_inputs_are_constants() -> None:
    x, leaf = Value(2.0), Value(7.0)
    assert body(flatten([x + leaf, leaf], [x])) == ["v2 = v0 + 7.0", "return v2, 7.0"]


def test_what_an_input_was_computed_from_is_left_out() -> None:
    x = Value(2.0)
    y = math.sin(x)
    assert body(flatten([math.exp(y)], [y])) == ["v1 = exp(v0)", "return v1"]


def test_constants_that_are_equal_are_one_unless_their_bits_differ() -> None:
    program = recorded(lambda x: (x + 0.0, x - -0.0, x * 0.0, x * nan, x / nan), 1)
    assert [repr(x) for x in program.constants] == ["0.0", "-0.0", "nan"]


def test_outputs_may_be_numbers_and_may_be_repeated() -> None:
    assert body(recorded(lambda x: (2.0, x, x, -x, 2.0), 1)) == ["v2 = -v0", "return 2.0, v0, v0, v2, 2.0"]


def test_guards_are_conditions_with_what_a_lane_has_to_answer() -> None:
    x = Value(2.0)
    program = flatten([x], [x], [(p.less(x, 3.0), True), (x, False, "what else is known")])
    check_form(program)
    assert (list(program.guards), program.outcomes) == ([2, 0], b"\1\0")
    assert body(program) == ["v2 = v0 < 3.0", "guard v2", "guard not v0", "return v0"]


def test_a_recording_can_be_flattened() -> None:
    captured = Value(3.0)
    recording = record(lambda x: x * captured if x > 1.0 else x, [2.0])
    program = flatten(recording.outputs, [*recording.inputs, captured], recording.guards, varying=[True, False])
    assert body(program) == ["v3 = v0 > 1.0", "v4 = v0 * u1", "guard v3", "return v4"]


def test_an_input_cannot_be_given_twice() -> None:
    x = Value(2.0, label="x")
    with pytest.raises(GraphError, match=r"flatten: got Value\(data=2.0, .* as an input twice; expected different Val"):
        flatten([x], [x, Value(1.0), x])


def test_a_deep_graph_needs_no_recursion() -> None:
    x = Value(2.0)
    z = x
    for _ in range(20_000):
        z = z * 1.0
    program = flatten([z], [x])
    assert len(program.steps) == 20_000
    assert body(optimize(program)) == ["return v0"]


def test_derivatives_are_programs_too() -> None:
    x = Value(2.0)
    program = optimize(flatten(adjoints(x**3 * math.sin(x), [x]), [x]))
    assert one(program, [0.7])[0] == pytest.approx(3 * 0.7**2 * math.sin(0.7) + 0.7**3 * math.cos(0.7), rel=1e-15)


def test_a_program_is_made_of_plain_arrays() -> None:
    program = optimize(recorded(lambda x, y: x * y + y, 2))
    arrays = (program.constants, program.steps, program.starts, program.operands, program.outputs, program.guards)
    assert {type(x) for x in (*arrays, plan(program).slots)} == {array}


def test_programs_can_be_pickled_and_compared() -> None:
    program = recorded(lambda x, y: math.maximum(x, y, 2.0) * y, 2)
    copy = pickle.loads(pickle.dumps(program))
    assert copy == program != replace(program, varying=b"\0\1")
    assert copy.rows[0] is p.maximum


# ── printing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_programs_are_printed_one_line_per_step() -> None:
    x, y = Value(2.0), Value(3.0)
    z = p.where(p.logical_and(p.less(x, y), p.logical_not(x)), -x**y, math.maximum(x, -1.0, y))
    w = math.exp(y * -0.5) % 2.0
    program = flatten([z, w], [x, y], [(p.greater_equal(y, 1.5), False)], varying=[True, False])
    assert str(program) == listing(program)
    assert listing(program, ["x", "rate"]) == (
        "program of v0 (x), u1 (rate)\n"
        "  v6 = v0 < u1\n"
        "  v7 = not v0\n"
        "  v8 = v6 and v7\n"
        "  v9 = v0 ** u1\n"
        "  v10 = -v9\n"
        "  v11 = maximum(v0, -1.0, u1)\n"
        "  v12 = v8 ? v10 : v11\n"
        "  u13 = u1 * -0.5\n"
        "  u14 = exp(u13)\n"
        "  u15 = u14 % 2.0\n"
        "  u16 = u1 >= 1.5\n"
        "  guard not u16\n"
        "  return v12, u15"
    )
    assert repr(program) == "<program: 2 inputs, 11 steps, 2 outputs, 1 guards>"


def test_small_programs_are_printed() -> None:
    assert str(flatten([], [])) == "program\n  return"
    assert str(flatten([1.0], [])) == "program\n  return 1.0"
    assert body(recorded(lambda x: x ** -1.0 - -2.0, 1)) == ["v3 = v0 ** (-1.0)", "v4 = v3 - -2.0", "return v4"]


# ── fold ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


less = p.less

FOLDED: list[tuple[Callable[..., Any], str]] = [
    (lambda x: Value(2.0) * 3.0 + math.exp(Value(0.0)), "7.0"),
    (lambda x: x * 1.0, "v0"),
    (lambda x: 1.0 * x, "v0"),
    (lambda x: x / 1.0, "v0"),
    (lambda x: x**1.0, "v0"),
    (lambda x: x**0.0, "1.0"),
    (lambda x: x**-0.0, "1.0"),
    (lambda x: 1.0**x, "1.0"),
    (lambda x: +x, "v0"),
    (lambda x: p.negate(p.negate(x)), "v0"),
    (lambda x: x + -0.0, "v0"),
    (lambda x: -0.0 + x, "v0"),
    (lambda x: x - 0.0, "v0"),
    (lambda x: p.chain(1.0, x), "v0"),
    (lambda x: p.chain(-0.0, x), "0.0"),
    (lambda x: p.where(1.0, x, x * 2.0), "v0"),
    (lambda x: p.where(0.0, x * 2.0, x), "v0"),
    (lambda x: p.where(nan, x, x * 2.0), "v0"),
    (lambda x: p.where(less(x, 2.0), x * 1.0, x), "v0"),
    (lambda x: p.logical_and(x, 0.0), "0.0"),
    (lambda x: p.logical_and(0.0, x), "0.0"),
    (lambda x: p.logical_or(x, 2.0), "1.0"),
    (lambda x: p.logical_or(nan, x), "1.0"),
]

SIMPLER: list[tuple[Callable[..., Any], list[str]]] = [
    (lambda x: p.chain(3.0, x), ["3.0 * v0"]),
    (lambda x: p.chain(nan, x), ["nan * v0"]),
    (lambda x: x / 4.0, ["v0 * 0.25"]),
    (lambda x: x / -(2.0**1022), ["v0 * -2.2250738585072014e-308"]),
    (lambda x: p.where(less(x, 2.0), 1.0, 0.0), ["v0 < 2.0"]),
    (lambda x: p.not_equal(less(x, 2.0), 0.0), ["v0 < 2.0"]),
    (lambda x: p.not_equal(-0.0, less(x, 2.0)), ["v0 < 2.0"]),
    (lambda x: p.logical_not(p.logical_not(less(x, 2.0))), ["v0 < 2.0"]),
    (lambda x: p.logical_and(less(x, 2.0), 3.0), ["v0 < 2.0"]),
    (lambda x: p.logical_and(1.0, less(x, 2.0)), ["v0 < 2.0"]),
    (lambda x: p.logical_or(less(x, 2.0), 0.0), ["v0 < 2.0"]),
    (lambda x: p.logical_or(less(x, 2.0), p.logical_and(x, less(x, 2.0))), ["v0 < 2.0"]),
    (lambda x: p.logical_and(p.logical_or(x, less(x, 2.0)), less(x, 2.0)), ["v0 < 2.0"]),
    (lambda x: p.logical_or(p.logical_and(p.logical_and(less(x, 2.0), x), -x), less(x, 2.0)), ["v0 < 2.0"]),
]

KEPT: list[Callable[..., Any]] = [
    lambda x: x * 0.0,
    lambda x: x + 0.0,
    lambda x: x - -0.0,
    lambda x: 0.0 - x,
    lambda x: 0.0 / x,
    lambda x: 1.0 / x,
    lambda x: x - x,
    lambda x: x / x,
    lambda x: x / 3.0,
    lambda x: x / SMALLEST,
    lambda x: x / 0.0,
    lambda x: x / inf,
    lambda x: x**2.0,
    lambda x: x * -1.0,
    lambda x: p.chain(x, 1.0),
    lambda x: p.chain(x, 0.0),
    lambda x: p.where(x, 1.0, 0.0),
    lambda x: p.where(x, 0.0, 1.0),
    lambda x: p.not_equal(x, 0.0),
    lambda x: p.not_equal(x, x),
    lambda x: p.logical_not(x),
    lambda x: p.logical_and(x, 1.0),
    lambda x: p.logical_and(x, x),
    lambda x: p.logical_or(x, 0.0),
    lambda x: p.logical_or(x, x),
]


@pytest.mark.parametrize(("f", "result"), FOLDED)
def test_results_that_are_known_are_not_computed(f: Callable[..., Any], result: str) -> None:
    assert body(drop(fold(share(recorded(f, 1))))) == [f"return {result}"]


@pytest.mark.parametrize(("f", "steps"), SIMPLER)
def test_steps_that_can_be_simpler_are(f: Callable[..., Any], steps: list[str]) -> None:
    assert steps_of(drop(fold(share(recorded(f, 1))))) == steps


@pytest.mark.parametrize("f", KEPT)
def test_what_would_be_wrong_for_some_number_is_not_simplified(f: Callable[..., Any]) -> None:
    program = recorded(f, 1)
    assert fold(program) == program


def test_the_same_condition_twice_is_said_once() -> None:
    for row in (p.logical_and, p.logical_or):
        assert len(optimize(recorded(lambda x, row=row: row(less(x, 1.0), less(x, 1.0)), 1)).steps) == 1


def test_the_number_of_a_lane_is_never_a_constant() -> None:
    x = Value(3.0)
    program = optimize(flatten([x * 2.0 + 1.0], [x], varying=[False]), exact=True)
    assert one(program, [10.0]) == [21.0]


def test_rows_of_one_s_own_are_not_computed_beforehand() -> None:
    @primitive(lambda out, x: 1.0)
    def counted(x: float) -> float:
        calls.append(x)
        return x

    calls: list[float] = []
    program = recorded(lambda x: counted(Value(2.0)) + x, 1)
    calls.clear()
    assert len(optimize(program).steps) == 2
    assert calls == []


# ── unselect ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def only(condition: Any, x: Any) -> Any:
    return p.where(condition, x, 0.0)


UNSELECTED: list[tuple[Callable[..., Any], list[str]]] = [
    (lambda c, d, x, y: only(c, only(c, x)), ["v0 ? v2 : 0.0"]),
    (lambda c, d, x, y: only(c, p.chain(only(c, x), y)), ["v0 ? v2 : 0.0", "v5 · v3"]),
    (lambda c, d, x, y: only(less(x, y), p.chain(less(x, y), y)), ["v2 < v3", "v4 · v3"]),
    (lambda c, d, x, y: only(c, only(c, x) + only(c, y)), ["v0 ? v2 : 0.0", "v0 ? v3 : 0.0", "v5 + v6"]),
    (
        lambda c, d, x, y: only(p.logical_or(c, d), only(c, x) + only(d, y)),
        ["v0 ? v2 : 0.0", "v1 ? v3 : 0.0", "v5 + v6"],
    ),
    (
        lambda c, d, x, y: only(p.logical_and(c, d), p.chain(only(d, p.chain(only(c, x), y)), y)),
        ["v0 ? v2 : 0.0", "v5 · v3", "v1 ? v6 : 0.0", "v7 · v3"],
    ),
    (
        lambda c, d, x, y: only(c, p.chain(p.where(d, only(c, x), p.chain(only(c, y), y)), x)),
        ["v0 ? v2 : 0.0", "v0 ? v3 : 0.0", "v6 · v3", "v1 ? v5 : v7", "v8 · v2"],
    ),
    (lambda c, d, x, y: only(p.logical_not(d), x), ["v1 ? 0.0 : v2"]),
    (lambda c, d, x, y: only(p.logical_and(c, d), only(c, x)), ["v0 and v1", "v5 ? v2 : 0.0"]),
    (
        lambda c, d, x, y: only(p.logical_or(c, p.logical_not(d)), p.where(c, x, y)),
        ["v1 ? 0.0 : v3", "v0 ? v2 : v5"],
    ),
]

SELECTED: list[Callable[..., Any]] = [
    lambda c, d, x, y: only(d, only(c, x)),
    lambda c, d, x, y: only(c, p.chain(y, only(c, x))),  # NaN for an infinite y
    lambda c, d, x, y: only(c, only(c, x) * y),
    lambda c, d, x, y: only(c, p.negate(only(c, x))),  # -0.0
    lambda c, d, x, y: only(c, p.chain(p.where(c, x, -0.0), y)),
    lambda c, d, x, y: only(c, only(c, x) + y),
    lambda c, d, x, y: only(c, only(c, x) + only(d, y)),
    lambda c, d, x, y: only(c, p.where(d, only(c, x), y)),
    lambda c, d, x, y: p.where(c, p.chain(only(c, x), y), -0.0),
    lambda c, d, x, y: only(p.logical_or(d, c), p.where(c, x, y)),
]


@pytest.mark.parametrize(("f", "steps"), UNSELECTED)
def test_nothing_is_selected_where_it_is_0_anyway(f: Callable[..., Any], steps: list[str]) -> None:
    assert steps_of(drop(unselect(recorded(f, 4)))) == steps


@pytest.mark.parametrize("f", SELECTED)
def test_a_selection_stays_where_there_may_be_something_else(f: Callable[..., Any]) -> None:
    program = recorded(f, 4)
    assert drop(unselect(program)) == program


def test_a_gradient_selects_once_where_a_condition_comes_in() -> None:
    """And asks for no combination of conditions."""

    def loss(*weights: Any) -> Any:
        layer = [math.relu(w * 0.5) for w in weights[:3]]
        layer = [math.relu(math.dot(weights[3:6], layer)), math.relu(math.dot(weights[6:], layer))]
        return math.where(layer[0] > layer[1], layer[0] * layer[1], 0.0)

    recording = record(grad(loss, argnums=range(9)), [0.5 + k for k in range(9)])
    program = optimize(flatten(recording.outputs, recording.inputs), exact=True)
    rows = Counter(row.name for row, _ in program)
    assert rows["where"] == 2 * rows["relu"] == 10
    assert not {"logical_and", "logical_or", "logical_not"} & set(rows)


# ── share, drop ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_equal_steps_are_taken_once() -> None:
    program = recorded(lambda x, y: (math.sin(x * y) + math.sin(y * x), x - y, y - x, math.sin(x)), 2)
    assert body(share(program)) == [
        "v2 = v0 * v1",
        "v3 = sin(v2)",
        "v4 = v3 + v3",
        "v5 = v0 - v1",
        "v6 = v1 - v0",
        "v7 = sin(v0)",
        "return v4, v5, v6, v7",
    ]


@pytest.mark.skipif(NATIVE, reason="counts calls in plain Python")
def test_few_steps_are_looked_at_to_find_an_equal_one(monkeypatch: pytest.MonkeyPatch) -> None:
    looks, look = [], Writer._is_same
    monkeypatch.setattr(Writer, "_is_same", lambda writer, *args: looks.append(args) or look(writer, *args))
    program = recorded(lambda x: tuple(x * (0.5 + k) for k in range(1000)), 1)
    assert share(program) == program
    assert len(looks) < 1000


@pytest.mark.parametrize("row", [row for row in TABLE.values() if row.name in BUILT_IN], ids=lambda row: row.name)
def test_the_order_of_operands_counts_unless_it_never_matters(row: Primitive) -> None:
    if row.arity not in (None, 2):
        return
    merged = len(share(recorded(lambda x, y: (row(x, y), row(y, x)), 2)).steps) == 1
    assert merged == (row.name in {"add", "multiply", "equal", "not_equal", "logical_and", "logical_or"})
    if merged:
        assert all(same(row(x, y), row(y, x)) for x in SPECIAL for y in SPECIAL)


def test_what_nobody_needs_is_dropped() -> None:
    x, y = Value(2.0), Value(3.0)
    condition = p.less(y, 4.0)
    math.sin(x)
    z = math.exp(x) * 5.0
    program = flatten([x, z], [x, y], [(condition, True)])
    assert drop(program) == program
    assert body(guards_only(program)) == ["v3 = v1 < 4.0", "guard v3", "return"]
    assert body(outputs_only(program)) == ["v3 = exp(v0)", "v4 = v3 * 5.0", "return v0, v4"]
    assert drop(replace(program, outputs=array("I"), guards=array("I"), outcomes=b"")) == flatten([], [x, y])


# ── carry ────────────────────────────────────────────────────────────────────────────────────────────────────────────

CARRIED: list[tuple[Callable[..., Any], str]] = [
    (lambda a, b: a * 2.0 * b * 3.0, "v5 = v0 * v1, v6 = v5 * 6.0"),
    (lambda a, b: (0.5 * a) * (b * 2.0), "v4 = v0 * v1"),
    (lambda a, b: p.multiply(a + a, b) * 3.0, "v4 = v0 * v1, v5 = v4 * 6.0"),
    (lambda a, b: (-a / 10.0, a * b / 10.0), "v4 = v0 * v1, v5 = v4 / 10.0, v6 = v0 * -0.1"),
    (lambda a, b: p.chain(p.chain(-a, 0.5), b * 4.0), "v5 = v0 · v1, v6 = v5 * -2.0"),
    (lambda a, b: math.exp(-(a * 2.0)), "v4 = v0 * -2.0, v5 = exp(v4)"),
    (lambda a, b: (a * 2.0 * a, a * b), "v3 = v0 * v0, v4 = v0 * v1, v5 = v3 * 2.0"),
    (lambda a, b: p.chain(a, 0.0) * 2.0, "v4 = v0 · 0.0, v5 = v4 * 2.0"),  # NaN for an infinite a
    (lambda a, b: math.sin(a * 2.0) * 2.0 + a * 2.0, "v3 = v0 * 2.0, v4 = sin(v3), v5 = v4 * 2.0, v6 = v5 + v3"),
    (lambda a, b: a * 1e15 * b * 1e15, "v3 = v0 * v1, v4 = v3 * 1000000000000000.0, v5 = v4 * 1000000000000000.0"),
]


@pytest.mark.parametrize(("f", "steps"), CARRIED)
def test_constant_factors_are_carried_along_products(f: Callable[..., Any], steps: str) -> None:
    """But not by what others need, too, and no large ones."""
    program = share(recorded(f, 2))
    assert ", ".join(body(carry(program))[:-1]) == steps
    assert len(carry(program).steps) <= len(program.steps)


def test_what_is_the_same_for_all_lanes_carries_nothing_into_lanes() -> None:
    program = carry(recorded(lambda a, b: a * 2.0 * b, 2, varying=[False, True]))
    assert body(program) == ["u3 = u0 * 2.0", "v4 = u3 * v1", "return v4"]


SCALED: list[tuple[Callable[..., Any], str]] = [
    (lambda a, b: a * b * 2.0, "u3 = u0 * 2.0, v4 = u3 * v1"),
    (lambda a, b: 2.0 * (b * a), "u3 = u0 * 2.0, v4 = u3 * v1"),
    (lambda a, b: a * (b * 3.0) * 2.0, "u5 = u0 * 6.0, v6 = u5 * v1"),
    (lambda a, b: -(a * b * 2.0) / 4.0, "u5 = u0 * -0.5, v6 = u5 * v1"),
    (lambda a, b: (a * b * 2.0, a * (b + 1.0) * 2.0), "v4 = v1 + 1.0, u5 = u0 * 2.0, v6 = u5 * v1, v7 = u5 * v4"),
    (lambda a, b: a * b * 2.0 * b, "u3 = u0 * 2.0, v4 = u3 * v1, v5 = v4 * v1"),
    (lambda a, b: a * (a * b * 2.0) * 3.0, "u4 = u0 * 2.0, v5 = u4 * v1, u6 = u0 * 3.0, v7 = u6 * v5"),
    (lambda a, b: math.exp(a * (b * 2.0) * b), "v3 = u0 * v1, v4 = v3 * v1, v5 = v4 * 2.0, v6 = exp(v5)"),
    (lambda a, b: a * b * 1e30, "v3 = u0 * v1, v4 = v3 * 1e+30"),
    (lambda a, b: p.multiply(1e30, b) * 2.0, "v4 = 1e+30 * v1, v5 = v4 * 2.0"),
    (lambda a, b: a * a * 2.0 * b, "u3 = u0 * u0, u4 = u3 * 2.0, v5 = u4 * v1"),
]


@pytest.mark.parametrize(("f", "steps"), SCALED)
def test_what_is_the_same_for_all_lanes_is_multiplied_by_the_constant_behind_it(
    f: Callable[..., Any], steps: str
) -> None:
    program = share(recorded(f, 2, varying=[False, True]))
    assert ", ".join(body(carry(program))[:-1]) == steps
    assert len(carry(program).steps) <= len(program.steps)


# ── fuse ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

FUSED: list[tuple[Callable[..., Any], str]] = [
    (lambda a, b, c, d: (a * b + c * d) + a * d, "dot(v0, v2, v0, v1, v3, v3)"),
    (lambda a, b, c, d: a * b + c, "dot(v0, v2, v1, 1.0)"),
    (lambda a, b, c, d: c + a * b, "dot(v2, v0, 1.0, v1)"),
    (lambda a, b, c, d: a + b + c, "dot(v0, v1, v2, 1.0, 1.0, 1.0)"),
    (lambda a, b, c, d: (a + b) + (c + d), "dot(v0, v1, v2, v3, 1.0, 1.0, 1.0, 1.0)"),
    (lambda a, b, c, d: a * b - c, "dot(v0, v2, v1, -1.0)"),
    (lambda a, b, c, d: a - b * 2.0, "dot(v0, v1, 1.0, -2.0)"),
    (lambda a, b, c, d: a - 2.0 * b, "dot(v0, v1, 1.0, -2.0)"),
    (lambda a, b, c, d: a - (b - c), "dot(v0, v1, v2, 1.0, -1.0, 1.0)"),
    (lambda a, b, c, d: -a + b, "dot(v0, v1, -1.0, 1.0)"),
    (lambda a, b, c, d: a - -b, "dot(v0, v1, 1.0, 1.0)"),
    (lambda a, b, c, d: p.dot(a, b, c, d) + a, "dot(v0, v1, v0, v2, v3, 1.0)"),
    (lambda a, b, c, d: p.dot(*[a] * 15, *[b] * 15) + c, f"dot({'v0, ' * 15}v2, {'v1, ' * 15}1.0)"),
]


@pytest.mark.parametrize(("f", "step"), FUSED)
def test_sums_of_products_are_one_step(f: Callable[..., Any], step: str) -> None:
    lines = body(optimize(recorded(f, 4)))
    assert [line.partition(" = ")[2] for line in lines[:-1]] == [step]


UNFUSED: list[Callable[..., Any]] = [
    lambda a, b, c, d: a + b,
    lambda a, b, c, d: a - b * c,  # whose factor would have to be negated
    lambda a, b, c, d: (a * b, a * b + c),  # the product is needed anyway
    lambda a, b, c, d: math.sin(a * b) + c,
    lambda a, b, c, d: p.dot(*[a, b] * 32) + c,  # many terms: one more step is no matter
]


@pytest.mark.parametrize("f", UNFUSED)
def test_other_sums_are_not(f: Callable[..., Any]) -> None:
    program = drop(share(recorded(f, 4)))
    assert fuse(program) is program


def test_a_product_is_subtracted_by_the_sign_of_its_constant() -> None:
    assert body(fuse(recorded(lambda a, b: a - 2.0 * b, 2)))[0] == "v5 = dot(v0, -2.0, 1.0, v1)"
    assert body(fuse(recorded(lambda a, b: a - b * 2.0, 2)))[0] == "v5 = dot(v0, v1, 1.0, -2.0)"


def test_a_product_that_two_sums_need_is_computed_once() -> None:
    def f(a: Any, b: Any, c: Any) -> Any:
        product = a * b
        return product + c, product - c

    program = share(recorded(f, 3))
    assert fuse(program) is program


def test_what_is_the_same_for_all_lanes_stays_so() -> None:
    program = recorded(lambda a, b, c: a * b + a + c * b, 3, varying=[False, False, True])
    assert body(fuse(program)) == ["u4 = dot(u0, u0, u1, 1.0)", "v5 = dot(u4, v2, 1.0, u1)", "return v5"]


def test_long_sums_are_cut_into_pieces() -> None:
    """Or all operands would have to be kept until the sum is taken."""

    def f(*xs: Any) -> Any:
        total = xs[0]
        for x in xs[1:]:
            total = total + math.sin(x) * x
        return total

    program = optimize(recorded(f, 100))
    dots = [operands for row, operands in program if row is p.dot]
    assert max(len(operands) for operands in dots) == 64
    assert len(dots) == 4
    assert plan(program).size <= 34
    assert not any(row is p.add for row, _ in program)


def test_exact_programs_leave_sums_alone() -> None:
    program = recorded(lambda a, b: a * b + b**2.0, 2)
    assert optimize(program, exact=True) == program
    assert body(optimize(program))[0].endswith("dot(v0, v1, v1, v1)")


def test_small_powers_are_products_unless_exact() -> None:
    f = lambda x: (x**2.0, x**3.0, x**-1.0, x**1.0, x**0.5)  # noqa: E731
    assert [line.partition(" = ")[2] for line in body(optimize(recorded(f, 1)))[:-1]] == [
        "v0 * v0",
        "v3 * v0",
        "1.0 / v0",
        "v0 ** 0.5",
    ]
    assert [row.name for row, _ in optimize(recorded(f, 1), exact=True)] == ["power"] * 4


def test_slopes_of_small_powers_are_products() -> None:
    def slope(exponent: float, exact: bool = False) -> Program:
        recording = record(grad(lambda x: x**exponent), [0.7])
        return optimize(flatten(recording.outputs, recording.inputs), exact)

    assert body(slope(2.0)) == ["v2 = v0 * 2.0", "return v2"]
    nothing = optimize(recorded(lambda x: p.monomial(0.0, x, 2.0, 1.0), 1))  # even for an infinite x
    assert [row.name for row, _ in nothing] == ["monomial"]
    assert body(slope(3.0)) == ["v2 = v0 * v0", "v3 = v2 * 3.0", "return v3"]
    others = [slope(2.5), slope(2.0, exact=True), optimize(recorded(lambda x: p.monomial(x, 2.0, 2.0, 1.0), 1))]
    assert all(p.monomial in program.rows for program in others)


def test_a_slope_is_asked_for_where_it_may_be_no_number() -> None:
    for f in (
        lambda x, y: p.where(p.equal(x * x, x * x), x * y, x * x),  # no slope of a power, but a product with its base
        lambda x, y: p.where(p.equal(x * x * x, x * x * x), y * (x * x), x * x * x),
    ):
        assert "?" not in str(optimize(recorded(f, 2)))
    for f in (
        lambda x, y: p.where(p.equal(x * y, x * y), 2.0 * x, x * y),
        lambda x, y: p.where(p.equal(x + y, x + y), 2.0 * x, x + y),
        lambda x, y: p.where(p.equal(x * x, x * x), 2.0 * y, x * x),
        lambda x, y: p.where(p.equal(x * x, x * x), x + y, x * x),
        lambda x, y: p.where(p.equal(x * x, y), 2.0 * x, x * x),
        lambda x, y: p.where(p.equal(math.log(x), math.log(x)), x * y, math.log(x)),
    ):
        assert "?" in str(optimize(recorded(f, 2)))


# ── passes change nothing ────────────────────────────────────────────────────────────────────────────────────────────


def points(count: int, data: st.DataObject) -> Iterator[list[float]]:
    numbers = st.sampled_from(SPECIAL) | st.floats(-3.0, 3.0)
    for _ in range(4):
        yield data.draw(st.lists(numbers, min_size=count, max_size=count))


CONSTANTS = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, nan, inf)


@st.composite
def programs(draw: Any) -> Program:
    """Random programs in which much can be simplified: few rows, few numbers, any constants."""
    rows = st.sampled_from([row for row in SIMPLE if row.name in BUILT_IN])
    inputs = [Value(0.5), Value(-1.5)]
    values: list[Any] = [*inputs, *map(Value, draw(st.lists(st.sampled_from(CONSTANTS), max_size=2)))]
    for _ in range(draw(st.integers(1, 15))):
        row = draw(rows)
        operand = st.sampled_from(values[-6:]) | st.sampled_from(inputs) | st.sampled_from(CONSTANTS)
        operands = [draw(operand) for _ in range(row.arity or draw(st.sampled_from((2, 4))))]
        if not any(isinstance(x, Value) for x in operands):
            operands[0] = inputs[0]
        values.append(row(*operands))
    outcomes = draw(st.lists(st.booleans(), max_size=2))
    guards = [(draw(st.sampled_from(values)), outcome) for outcome in outcomes]
    outputs = draw(st.lists(st.sampled_from(values), max_size=5))
    return flatten([*outputs, values[-1]], inputs, guards, varying=draw(st.tuples(st.booleans(), st.booleans())))


@st.composite
def selections(draw: Any) -> Program:
    """Random programs of selections, and of what may be 0 where another one is."""
    inputs = [Value(0.5), Value(-1.5), Value(2.0), Value(inf)]
    conditions: list[Any] = [inputs[0], p.less(inputs[1], inputs[2])]
    values: list[Any] = [*inputs, only(conditions[0], inputs[1]), only(conditions[1], inputs[2])]
    for _ in range(draw(st.integers(1, 20))):
        condition, x, y = (st.sampled_from(some[-4:]) for some in (conditions, values, values))
        row = draw(st.sampled_from((p.where, p.where, p.where, p.chain, p.add, p.logical_and, p.logical_or)))
        if row is p.where:
            values.append(row(draw(condition), draw(x), draw(y | st.just(0.0))))
        elif row in (p.chain, p.add):
            values.append(row(draw(x), draw(y)))
        else:
            conditions.append(row(draw(condition), draw(condition)))
            conditions.append(draw(st.sampled_from((conditions[-1], p.logical_not(conditions[-1])))))
    return flatten(values[-4:], inputs)


SIMPLE = (
    p.identity, p.add, p.add, p.add, p.subtract, p.subtract, p.multiply, p.multiply, p.divide, p.power, p.negate,
    p.chain, p.where, p.not_equal, p.equal, p.less, p.logical_and, p.logical_or, p.logical_not, p.dot, p.maximum,
    p.exp,
)  # fmt: skip


def everything(program: Program) -> Program:
    """Return the program with its guards among its outputs, so that they are compared too."""
    return replace(program, outputs=program.outputs + program.guards)


@pytest.mark.parametrize("change", [fold, share, drop])
@given(programs(), st.data())
@settings(max_examples=300)
def test_passes_keep_every_bit(change: Callable[[Program], Program], program: Program, data: st.DataObject) -> None:
    changed = change(program)
    assert len(changed.steps) <= len(program.steps)
    check_same(program, changed, data)


@pytest.mark.parametrize("change", [unselect, partial(optimize, exact=True)])
@given(programs() | selections(), st.data())
@settings(max_examples=300)
def test_so_do_those_that_write_other_steps(
    change: Callable[[Program], Program], program: Program, data: st.DataObject
) -> None:
    check_same(program, change(program), data)


def check_same(program: Program, changed: Program, data: st.DataObject) -> None:
    """Assert that a changed program computes what the program does, to the bit."""
    check_form(changed)
    assert (changed.inputs, changed.varying, changed.outcomes) == (program.inputs, program.varying, program.outcomes)
    assert len(changed.outputs) == len(program.outputs)
    for numbers in points(program.inputs, data):
        before, after = one(everything(program), numbers), one(everything(changed), numbers)
        assert all(map(same, before, after)), (before, after)


@given(expressions(max_steps=12), st.data())
@settings(max_examples=100)
def test_passes_keep_every_bit_of_every_row(expression: Expression, data: st.DataObject) -> None:
    """Of random expressions, and of their gradients."""
    leaves = [Value(x) for x in expression.point]
    output = expression(*leaves)
    program = flatten([output, *adjoints(output, leaves)] if isinstance(output, Value) else [output], leaves)
    optimized = optimize(program, exact=True)
    for numbers in (expression.point, *points(program.inputs, data)):
        assert all(map(same, one(program, numbers), one(optimized, numbers)))


def kinked(x: Any, y: Any) -> Any:
    """An expression with infinite slopes beside what is not selected."""
    root = math.sqrt(math.relu(x * y) + math.relu(y)) * math.maximum(x, y, 0.5)
    return math.where(root > y, root * math.log(x), abs(y) + math.clip(root, x, 2.0))


@pytest.mark.parametrize(
    "derivative",
    [
        grad(kinked, argnums=(0, 1)),
        lambda x, y: hessian(lambda xs: kinked(*xs))([x, y]),
        lambda x, y: jvp(kinked, (x, y), (1.0, y)),
        lambda x, y: hvp(kinked, (x, y), (x, 1.0)),
    ],
)
def test_passes_keep_every_bit_of_recorded_derivatives(derivative: Callable[..., Any]) -> None:
    recording = record(derivative, [0.5, 1.5])
    program = flatten(recording.outputs, recording.inputs)
    optimized = optimize(program, exact=True)
    for numbers in product((*SPECIAL, 0.3, -2.5), repeat=2):
        assert all(map(same, one(program, numbers), one(optimized, numbers))), numbers


@given(programs() | selections(), st.data())
@settings(max_examples=300)
def test_carried_factors_agree_within_rounding(program: Program, data: st.DataObject) -> None:
    changed = carry(program)
    check_form(changed)
    assert len(changed.steps) <= len(program.steps)
    quarters = st.integers(-12, 12).map(lambda x: x / 4.0)
    numbers = data.draw(st.lists(quarters, min_size=program.inputs, max_size=program.inputs))
    before, after = one(program, numbers), one(changed, numbers)
    assert after == pytest.approx(before, rel=1e-10, abs=1e-10, nan_ok=True)


@given(expressions(max_steps=12))
@settings(max_examples=100)
def test_optimized_programs_agree_within_rounding(expression: Expression) -> None:
    leaves = [Value(x) for x in expression.point]
    output = expression(*leaves)
    program = flatten([output, *adjoints(output, leaves)], leaves)
    before, after = one(program, expression.point), one(optimize(program), expression.point)
    assert after == pytest.approx(before, rel=1e-10, abs=1e-10)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.booleans()), min_size=2, max_size=60))
def test_fused_sums_agree_within_rounding(terms: list[tuple[int, int, bool]]) -> None:
    def f(*xs: Any) -> Any:
        total = xs[0]
        for i, k, minus in terms:
            term = xs[i] * xs[k] if i < k else xs[i]
            total = total - term if minus else total + term
        return total

    program = recorded(f, 10)
    (before,), (after,) = (one(x, [1.0 / (k + 1) for k in range(10)]) for x in (program, fuse(program)))
    assert after == pytest.approx(before, rel=1e-14, abs=1e-14 * len(terms))


# ── what is uniform; the plan ────────────────────────────────────────────────────────────────────────────────────────


def test_a_result_is_uniform_if_all_operands_are() -> None:
    program = recorded(lambda x, y: (x * 2.0, y * 2.0, x + y, Value(1.0) + 2.0), 2, varying=[True, False])
    assert body(program)[:4] == ["v4 = v0 * 2.0", "u5 = u1 * 2.0", "v6 = v0 + u1", "u7 = 1.0 + 2.0"]
    assert list(uniform(program)) == [0, 1, 1, 1, 0, 1, 0, 1]


def check_plan(program: Program, kept: list[int], **options: Any) -> None:
    """Run the plan: whoever reads a result finds it in its slot."""
    found, marks = plan(program, **options), uniform(program)
    assert len(found.slots) == len(program.steps)
    holds = [-1] * found.size
    slot_of = dict(enumerate(found.slots, program.first))
    for number, (_, operands) in enumerate(program, program.first):
        slot = slot_of[number]
        assert (slot == -1) == marks[number]
        for v in operands:
            if v >= program.first and not marks[v]:
                assert holds[slot_of[v]] == v
                assert slot_of[v] != slot
        if slot >= 0:
            holds[slot] = number
    for v in kept:
        if v >= program.first and not marks[v]:
            assert holds[slot_of[v]] == v


@given(programs())
@settings(max_examples=200)
def test_a_slot_holds_a_result_until_its_last_use(program: Program) -> None:
    check_plan(program, [*program.outputs, *program.guards])
    check_plan(program, [], keep=())


def test_slots_are_few() -> None:
    x = Value(0.5)
    z = x
    for _ in range(1000):
        z = math.sin(z) * x + z * z
    assert plan(flatten([z], [x])).size == 3


def test_results_that_nobody_needs_give_their_slot_back() -> None:
    x = Value(0.5)
    program = flatten([math.sin(x), math.cos(x), math.exp(x)], [x])
    assert plan(replace(program, outputs=array("I"))).size == 1
    assert list(plan(program).slots) == [0, 1, 2]
