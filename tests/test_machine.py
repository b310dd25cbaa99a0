"""Programs run, for one lane or many: as the table says, for any numbers, however the lanes are laid out."""

from __future__ import annotations

import math as standard
import random
from dataclasses import replace
from importlib.util import find_spec
from itertools import product
from math import inf, isnan, nan
from typing import Any

import pytest
from hypothesis import assume, given, settings, strategies as st

np = pytest.importorskip("numpy")

from autograd import Value, math, primitives as p, vectors  # noqa: E402
from autograd.core import NATIVE  # noqa: E402
from autograd.errors import ArgumentError  # noqa: E402
from autograd.floats import plain_sum  # noqa: E402
from autograd.machine import Machine, PlainMachine, many, one  # noqa: E402
from autograd.passes import flatten, guards_only  # noqa: E402
from autograd.primitives import BUILT_IN, TABLE, Primitive, primitive  # noqa: E402
from autograd.program import Program  # noqa: E402
from autograd.testing import Expression, expressions  # noqa: E402

ROWS = [TABLE[name] for name in sorted(BUILT_IN)]
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)

LARGEST, SMALLEST = 1.7976931348623157e308, 5e-324
SPECIAL = (0.0, -0.0, 1.0, -1.0, SMALLEST, -SMALLEST, LARGEST, -LARGEST, inf, -inf, nan)
ULPS = 4


def same(a: float, b: float) -> bool:
    """Equal to the bit, but for the sign and payload of NaN."""
    return (isnan(a) and isnan(b)) or (a == b and standard.copysign(1.0, a) == standard.copysign(1.0, b))


def close(a: float, b: float, size: float = 0.0) -> bool:
    return same(a, b) or abs(a - b) <= ULPS * standard.ulp(max(abs(b), size))


def program_of(row: Primitive, count: int, varying: list[bool] | None = None) -> Program:
    inputs = [Value(1.0) for _ in range(count)]
    return flatten([row(*inputs)], inputs, varying=varying)


def computed(program: Program, columns: list[Any], lanes: int, **options: Any) -> list[float]:
    out = np.full(lanes, 123.0)
    many(program, columns, lanes, [out], **options)
    return out.tolist()  # type: ignore[no-any-return]


def operands_of(row: Primitive) -> list[tuple[float, ...]]:
    """Special numbers in all combinations of two, random numbers of many sizes, and integers."""
    choose = random.Random(row.name)
    count = row.arity or 2
    drawn: list[tuple[float, ...]] = list(product(SPECIAL, repeat=min(count, 2)))
    drawn = [(*numbers, *choose.choices(SPECIAL, k=count - len(numbers))) for numbers in drawn]
    for width in (1e-3, 1.0, 10.0, 700.0):
        drawn += [tuple(choose.uniform(-width, width) for _ in range(count)) for _ in range(500)]
    drawn += [tuple(float(choose.randint(-20, 20)) for _ in range(count)) for _ in range(500)]
    for _ in range(500):
        drawn.append(tuple(choose.choice((1, -1)) * 2.0 ** choose.uniform(-1070, 1020) for _ in range(count)))
    return drawn


# ── each row ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def disagreements(row: Primitive, lanes: list[tuple[float, ...]], found: list[float], exact: bool) -> list[Any]:
    """Return the operands of lanes for which the row has another value. Where terms cancel, the largest counts."""
    wrong = []
    for numbers, x in zip(lanes, found, strict=True):
        expected, size = row(*numbers), max(map(abs, numbers)) if row is p.logsumexp else 0.0
        if not (same(x, expected) if exact else close(x, expected, size)):
            wrong.append((numbers, x, expected))
    return wrong


def test_every_row_is_either_numpy_s_or_left_to_the_table() -> None:
    from autograd import vectors

    assert not set(vectors.EXACT) & set(vectors.CLOSE)
    by_lane = {row.name for row in ROWS if row not in vectors.EXACT and row not in vectors.CLOSE}
    assert by_lane == {
        *("bell", "cbrt_slope", "digamma", "erf", "erfc", "fsum", "gamma", "gamma_slope", "gelu", "inverse_part"),
        *("ldexp", "lgamma", "normal", "polygamma", "remainder"),
    }


@every_row
@pytest.mark.parametrize("exact", [True, False])
def test_many_lanes_compute_what_one_computes(row: Primitive, exact: bool) -> None:
    lanes = operands_of(row)
    columns = [np.array(x) for x in zip(*lanes)]
    found = computed(program_of(row, len(columns)), columns, len(lanes), exact=exact)
    assert disagreements(row, lanes, found, exact) == []


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(
    ("row", "exponents"),
    [
        *((p.ratio, (n,)) for n in (0.0, 1.0, 2.0, 3.0, 4.0, 2.5, nan)),
        *((p.monomial, (y, 1.0)) for y in (0.0, 0.1, 0.5, 1.0, 2.0, 3.0, -1.0, 1e300, inf, nan)),
    ],
    ids=str,
)
def test_exponents_that_are_the_same_for_all_lanes(
    row: Primitive, exponents: tuple[float, ...], exact: bool
) -> None:
    lanes = [(*numbers[:2], *exponents) for numbers in operands_of(row)]
    columns = [*map(np.array, zip(*[numbers[:2] for numbers in lanes])), *exponents]
    program = program_of(row, len(columns), varying=[True, True, *[False] * len(exponents)])
    found = computed(program, columns, len(lanes), exact=exact)
    assert disagreements(row, lanes, found, exact) == []


@every_row
@pytest.mark.parametrize("exact", [True, False])
def test_any_operand_may_be_the_same_for_all_lanes(row: Primitive, exact: bool) -> None:
    lanes = operands_of(row)[::7]
    count = len(lanes[0])
    for varying in product([False, True], repeat=count):
        for numbers in lanes[:: 7 * count]:
            columns = [np.array(x) if varies else x[0] for x, varies in zip(zip(numbers, numbers), varying)]
            found = computed(program_of(row, count, list(varying)), columns, 2, exact=exact)
            assert disagreements(row, [numbers, numbers], found, exact) == []


@pytest.mark.parametrize("row", [row for row in ROWS if row.many], ids=lambda row: row.name)
@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 6, 7])
def test_rows_of_many_operands(row: Primitive, exact: bool, count: int) -> None:
    count *= 1 + (row is p.dot)
    choose = random.Random(count)
    numbers = [*SPECIAL, *[choose.uniform(-5, 5) for _ in range(10)]]
    lanes = [tuple(choose.choices(numbers, k=count)) for _ in range(500)]
    lanes += [tuple(choose.choices(numbers[-10:], k=count)) for _ in range(500)]
    found = computed(program_of(row, count), [np.array(x) for x in zip(*lanes)], len(lanes), exact=exact)
    assert disagreements(row, lanes, found, exact) == []


@pytest.mark.parametrize("digits", [0.0, -0.0, 2.0, -1.0])
def test_rounding_to_digits(digits: float) -> None:
    lanes = [(x, digits) for x in (0.125, 2.5, -0.3, 15.0, 25.0, 1e300, inf, nan)]
    program = program_of(p.round_to, 2, [True, False])
    assert disagreements(p.round_to, lanes, computed(program, [np.array([x for x, _ in lanes]), digits], 8), True) == []


def test_rows_of_one_s_own_run_lane_by_lane() -> None:
    calls = []

    @primitive(lambda out, x, y: y, lambda out, x, y: x)
    def my_product(x: float, y: float) -> float:
        calls.append((x, y))
        return x * y

    program = program_of(my_product, 2, [True, False])
    calls.clear()
    assert computed(program, [np.array([1.0, 2.0]), 3.0], 2) == [3.0, 6.0]
    assert calls == [(1.0, 3.0), (2.0, 3.0)]


# ── whole programs ───────────────────────────────────────────────────────────────────────────────────────────────────


NUMBERS = st.sampled_from(SPECIAL) | st.floats(-3, 3)


def asks_for_the_sign_of_nan(expression: Expression, lane: list[float]) -> bool:
    """Only `copysign` does, and IEEE 754 leaves open which sign a NaN has that was computed."""
    found = expression.results(*lane)
    signs = [operands[1] for row, operands in expression.steps if row is p.copysign]
    return any(isnan(found[y] if type(y) is int else y) for y in signs)


@given(expressions(max_steps=12), st.lists(NUMBERS, min_size=1, max_size=4), st.data())
@settings(max_examples=150)
def test_exact_programs_compute_what_the_expression_computes(
    expression: Expression, numbers: list[float], data: st.DataObject
) -> None:
    """In every lane, to the bit, whichever inputs are uniform; and so does a single lane."""
    count = len(expression.point)
    varying = data.draw(st.lists(st.booleans(), min_size=count, max_size=count))
    lanes = [[data.draw(st.sampled_from(numbers)) for _ in range(count)] for _ in range(3)]
    lanes = [[x if varies else x0 for x, x0, varies in zip(lane, lanes[0], varying)] for lane in lanes]
    assume(not any(asks_for_the_sign_of_nan(expression, lane) for lane in lanes))
    leaves = [Value(x) for x in expression.point]
    program = flatten(expression.results(*leaves), leaves, varying=varying)
    columns = [np.array(x) if varies else x[0] for x, varies in zip(zip(*lanes), varying)]
    out = [np.empty(3) for _ in program.outputs]
    many(program, columns, 3, out, exact=True)
    for k, lane in enumerate(lanes):
        expected = expression.results(*lane)
        assert all(map(same, one(program, lane), expected))
        assert all(map(same, [column[k] for column in out], expected))


def area(x: Any, y: Any) -> Any:
    return math.sin(x) * y + x


def area_program() -> Program:
    x, y = Value(1.0), Value(2.0)
    return flatten([area(x, y)], [x, y])


def test_columns_may_be_laid_out_in_any_way() -> None:
    table = np.arange(40.0).reshape(10, 4)
    columns = [table[::-2, 1], np.broadcast_to(3.0, (5,))]
    out = np.zeros((5, 2))
    many(area_program(), columns, 5, [out[:, 1]], exact=True)
    assert out[:, 1].tolist() == [area(x, 3.0) for x in columns[0]]
    assert not out[:, 0].any()


def test_lanes_may_be_selected() -> None:
    x, y, out = np.arange(6.0), np.arange(6.0) ** 2, np.full(6, -1.0)
    many(area_program(), [x, y], np.array([4, 0, 5]), [out], exact=True)
    assert out.tolist() == [area(0.0, 0.0), -1.0, -1.0, -1.0, area(4.0, 16.0), area(5.0, 25.0)]
    many(area_program(), [x, y], range(1, 3), [out], exact=True)
    assert out.tolist()[:4] == [area(0.0, 0.0), area(1.0, 1.0), area(2.0, 4.0), -1.0]


@pytest.mark.parametrize("selected", [False, True])
def test_lanes_are_taken_in_blocks(selected: bool) -> None:
    count = 10_000
    x, y, out = np.linspace(0.0, 1.0, count), np.linspace(2.0, 3.0, count), np.empty(count)
    many(area_program(), [x, y], np.arange(count)[::-1] if selected else count, [out], exact=True)
    assert out.tolist() == [area(a, b) for a, b in zip(x.tolist(), y.tolist())]


@pytest.mark.parametrize("lanes", [0, np.array([], dtype=int)])
def test_there_may_be_no_lanes(lanes: Any) -> None:
    assert many(area_program(), [np.empty(0), np.empty(0)], lanes, [np.empty(0)]) == []
    assert many(area_program(), [np.empty(0), np.empty(0)], lanes, [None], summed=b"\1") == [0.0]


def test_there_may_be_no_steps() -> None:
    x, y = Value(1.0), Value(2.0)
    program = flatten([y, x, 0.5], [x, y], varying=[True, False])
    assert one(program, [3.0, 4.0]) == [4.0, 3.0, 0.5]
    out = [np.empty(2) for _ in range(3)]
    many(program, [np.array([3.0, 5.0]), 4.0], 2, out)
    assert [column.tolist() for column in out] == [[4.0, 4.0], [3.0, 5.0], [0.5, 0.5]]


def test_arithmetic_is_quiet() -> None:
    with np.errstate(all="raise"):
        assert computed(program_of(p.divide, 2), [np.array([1.0, 0.0]), np.zeros(2)], 2)[0] == inf


def test_slots_are_used_again_without_harm() -> None:
    x = Value(0.5)
    z = x
    for k in range(30):
        z = math.where(z > 0.3, math.sin(z) + x * k, math.maximum(z, x, -z))
    program = flatten([z], [x])
    numbers = [0.1, -0.7, 2.0]
    assert computed(program, [np.array(numbers)], 3, exact=True) == [one(program, [x])[0] for x in numbers]


# ── loops over scalars: what the machine may do in vectors ───────────────────────────────────────────────────────────

IN_LOOPS = (p.add, p.subtract, p.multiply, p.divide, p.chain, p.where, p.relu, p.maximum, p.less, p.sin, p.dot)


@st.composite
def loops(draw: st.DrawFn) -> Program:
    """Draw a program that an unrolled loop makes: its turns differ in where operands stand, and some of them stay.

    All turns of a row come first, or all rows of a turn; turns run forward or backward.
    """
    turns, rows = draw(st.integers(1, 40)), draw(st.lists(st.sampled_from(IN_LOOPS), min_size=1, max_size=6))
    inputs = [Value(1.0) for _ in range(turns + 3)]
    arrays: list[dict[int, Any]] = [dict(enumerate(inputs))]
    stays, runs = st.sampled_from([inputs[0], inputs[-1], 0.5, -1.0, 0.0]), st.integers(0, 3)
    body = []
    for k, row in enumerate(rows):
        count = row.arity or 2 * draw(st.integers(1, 4))
        body.append((row, [draw(stays | st.tuples(st.integers(0, k), runs)) for _ in range(count)]))
        arrays.append({})
    order = range(turns) if draw(st.booleans()) else range(turns - 1, -1, -1)
    steps = [(k, i) for k in range(len(rows)) for i in order]
    for k, i in steps if draw(st.booleans()) else sorted(steps, key=lambda step: order.index(step[1])):
        row, operands = body[k]
        taken = [arrays[x[0]].get(i + x[1], inputs[i + x[1]]) if isinstance(x, tuple) else x for x in operands]
        arrays[k + 1][i] = row(*taken)
    results = [x for array in arrays[1:] for x in array.values()]
    wanted = draw(st.sampled_from([results, results[::-1], results[1::2], [*arrays[-1].values()]]))
    return flatten([*wanted, math.fsum(wanted[:9])], inputs)


@given(loops(), st.lists(NUMBERS, min_size=43, max_size=43))
@settings(max_examples=200)
def test_loops_over_scalars_compute_what_eager_steps_do(program: Program, numbers: list[float]) -> None:
    """In a single lane, and beside lanes, where each lane has one number of its own."""
    numbers = numbers[: program.inputs]
    expected = one(program, numbers)
    for exact in (False, True):
        found = np.full((len(expected), 2), 123.0)
        machine = Machine(program, exact)
        assert all(map(same, machine.one(numbers), expected))
        machine.one(np.repeat(numbers, 2)[::2], found[:, 0])
        assert all(map(same, found[:, 0].tolist(), expected))
        assert (found[:, 1] == 123.0).all()
    varying = bytes([*bytes(program.inputs - 1), 1])
    machine = Machine(replace(program, varying=varying), exact=True)
    outs = [np.empty(2) for _ in expected]
    machine.run([np.array([numbers[-1], 0.3])], 2, outs, uniforms=np.array(numbers[:-1]))
    for lane, last in enumerate((numbers[-1], 0.3)):
        assert all(map(same, [float(out[lane]) for out in outs], one(program, [*numbers[:-1], last])))


# ── sums over lanes ──────────────────────────────────────────────────────────────────────────────────────────────────


def summed_by_hand(numbers: list[float]) -> float:
    total = 0.0
    for start in range(0, len(numbers), 1024):
        block = numbers[start : start + 1024]
        total += plain_sum(plain_sum(block[part::8]) for part in range(8))
    return total


@pytest.mark.parametrize("count", [1, 7, 8, 9, 1023, 1024, 1025, 4096, 9000])
@pytest.mark.parametrize("layout", ["dense", "strided"])
def test_sums_over_lanes_have_a_fixed_order(count: int, layout: str) -> None:
    choose = random.Random(count)
    numbers = [choose.uniform(-1, 1) * 10.0 ** choose.randint(-5, 5) for _ in range(count)]
    column = np.array(numbers) if layout == "dense" else np.repeat(numbers, 3)[::3]
    x, y = Value(1.0), Value(2.0)
    program = flatten([x, y, x * y], [x, y], varying=[True, False])
    out = np.empty(count)
    sums = many(program, [column, 0.1], count, [None, out, None], summed=b"\1\0\1")
    assert sums == [summed_by_hand(numbers), summed_by_hand([x * 0.1 for x in numbers])]
    assert out.tolist() == [0.1] * count
    (uniform_sum,) = many(flatten([y], [x, y], varying=[True, False]), [column, 0.1], count, [None], summed=b"\1")
    assert uniform_sum == summed_by_hand([0.1] * count)


def test_uniform_numbers_come_apart_or_among_the_columns() -> None:
    x, y = Value(1.0), Value(2.0)
    machine = PlainMachine(flatten([x * y], [x, y], varying=[True, False]))
    column, out = np.array([1.0, 2.0, 3.0]), np.empty((2, 3))
    assert machine.run([column, 0.5], 3, [out[0]]) == []
    assert machine.run([column], 3, [out[1]], uniforms=[0.5]) == []
    assert out.tolist() == [[0.5, 1.0, 1.5]] * 2
    assert machine.one(np.array([3.0, 0.5])) == [1.5]


def test_vector_mathematics_is_used_unless_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "CLOSE", {p.exp: lambda out, x: out.fill(7.0)})
    program, out = program_of(p.exp, 1), np.empty(1)
    for exact, found in ({}, 7.0), ({"exact": False}, 7.0), ({"exact": True}, 1.0):
        assert computed(program, [np.zeros(1)], 1, **exact) == [found]
        PlainMachine(program, **exact).run([np.zeros(1)], 1, [out])
        assert out.tolist() == [found]


def test_the_machine_in_c_runs_with_the_compiled_core() -> None:
    built = find_spec("autograd._machine") is not None
    assert (Machine is not PlainMachine) == (NATIVE and built)


# ── guards ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def first_mismatch(program: Program, columns: list[Any], lanes: Any) -> Any:
    return PlainMachine(guards_only(program)).first_mismatch(columns, lanes)


def test_the_first_guard_that_is_answered_otherwise() -> None:
    x, y = Value(1.0), Value(2.0)
    positive, small = p.greater(x, 0.0), p.less(x * y, 10.0)
    program = flatten([x], [x, y], [(positive, True), (small, False), (x, True)], varying=[True, False])
    numbers = np.array([-1.0, 1.0, 3.0, 0.0, nan])
    assert first_mismatch(program, [numbers, 4.0], 5).tolist() == [0, 1, 3, 0, 0]
    assert first_mismatch(program, [numbers, 4.0], np.array([2, 1])).tolist() == [3, 1]


def test_a_guard_may_be_the_same_for_all_lanes() -> None:
    x, y = Value(1.0), Value(2.0)
    program = flatten([x], [x, y], [(p.greater(y, 0.0), True)], varying=[True, False])
    assert first_mismatch(program, [np.zeros(2), 1.0], 2).tolist() == [1, 1]
    assert first_mismatch(program, [np.zeros(2), -1.0], 2).tolist() == [0, 0]


def test_without_guards_nothing_is_answered_otherwise() -> None:
    assert first_mismatch(area_program(), [np.zeros(2), np.zeros(2)], 2).tolist() == [0, 0]


@pytest.mark.parametrize("kind", sorted({Machine, PlainMachine}, key=str))
def test_a_bound_run_takes_the_numbers_that_are_there_by_then(kind: type[PlainMachine]) -> None:
    x, y = Value(3.0), Value(4.0)
    program = flatten([x * y, x + y], [x, y], varying=[True, False])
    column, uniforms, sums = np.array([1.0, 2.0, 6.0]), np.array([2.0]), np.empty(2)
    run = kind(program, summed=b"\x01\x01").bound([column], 3, sums, uniforms=uniforms)
    mean = kind(program, summed=b"\x01\x01").bound([column], 3, means := np.empty(2), uniforms=uniforms, mean=True)
    for _ in range(3):
        column += 1.0
        uniforms *= 2.0
        run()
        mean()
        assert sums.tolist() == [uniforms[0] * column.sum(), column.sum() + 3.0 * uniforms[0]]
        assert means.tolist() == (sums / 3.0).tolist()
    with pytest.raises(ArgumentError, match=r"^bound: got a program with outputs that are not summed; expected none$"):
        kind(program, summed=b"\x01\x00").bound([column], 3, sums, uniforms=uniforms)
