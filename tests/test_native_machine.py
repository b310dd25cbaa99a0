"""The machine in C computes what the table says: to the bit with `exact`, else within 4 ulp; on any lanes."""

from __future__ import annotations

import _thread
import math as standard
import random
import threading
import time
from array import array
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, product
from math import inf, isnan, nan
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

np = pytest.importorskip("numpy")
_machine = pytest.importorskip("autograd._machine")

from autograd import Value, math, primitives as p  # noqa: E402
from autograd.core import set_recorder  # noqa: E402
from autograd.errors import ArgumentError  # noqa: E402
from autograd.floats import plain_sum  # noqa: E402
from autograd.machine import many, one, parted_on_numpy  # noqa: E402
from autograd.passes import flatten, optimize  # noqa: E402
from autograd.primitives import BUILT_IN, TABLE, Primitive, primitive  # noqa: E402
from autograd.program import Program  # noqa: E402
from autograd.testing import Expression, expressions  # noqa: E402
from autograd.transforms import adjoints  # noqa: E402

Machine, Lane = _machine.Machine, _machine.Lane
ROWS = [TABLE[name] for name in sorted(BUILT_IN)]
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)

LARGEST, SMALLEST = 1.7976931348623157e308, 5e-324
SPECIAL = (0.0, -0.0, 1.0, -1.0, SMALLEST, -SMALLEST, LARGEST, -LARGEST, inf, -inf, nan)
ULPS = 4


def supported(width: int) -> bool:
    try:
        Machine(flatten([Value(1.0)], []), width=width)
    except ArgumentError:
        return False
    return True


WIDTHS = [width for width in (2, 4, 8) if supported(width)]
every_width = pytest.mark.parametrize("width", WIDTHS)


def same(a: float, b: float) -> bool:
    """Equal to the bit, but for the sign and payload of NaN."""
    return (isnan(a) and isnan(b)) or (a == b and standard.copysign(1.0, a) == standard.copysign(1.0, b))


def close(a: float, b: float) -> bool:
    return same(a, b) or abs(a - b) <= ULPS * standard.ulp(b)


def program_of(row: Primitive, count: int, varying: Sequence[bool] | None = None) -> Program:
    inputs = [Value(1.0) for _ in range(count)]
    return flatten([row(*inputs)], inputs, varying=varying)


def computed(machine: Any, columns: Sequence[Any], lanes: int, **options: Any) -> list[float]:
    out = np.full(lanes, 123.0)
    machine.run(columns, lanes, [out], **options)
    return out.tolist()  # type: ignore[no-any-return]


def operands_of(row: Primitive, count: int) -> list[tuple[float, ...]]:
    """Special numbers in all combinations of two, and random numbers of many sizes."""
    choose = random.Random(f"{row.name}{count}")
    drawn: list[tuple[float, ...]] = list(product(SPECIAL, repeat=min(count, 2)))
    drawn = [(*numbers, *choose.choices(SPECIAL, k=count - len(numbers))) for numbers in drawn]
    for width in (1e-3, 1.0, 10.0, 700.0):
        drawn += [tuple(choose.uniform(-width, width) for _ in range(count)) for _ in range(200)]
    drawn += [tuple(float(choose.randint(-20, 20)) for _ in range(count)) for _ in range(200)]
    for _ in range(200):
        drawn.append(tuple(choose.choice((1, -1)) * 2.0 ** choose.uniform(-1070, 1020) for _ in range(count)))
    return drawn


def counts_of(row: Primitive) -> tuple[int, ...]:
    return (row.arity,) if row.arity else (2, 4, 10) if row is p.dot else (1, 2, 3, 7)


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@every_row
@every_width
def test_every_row_computes_what_the_table_says(row: Primitive, width: int) -> None:
    for count in counts_of(row):
        lanes = operands_of(row, count)
        columns = [array("d", column) for column in zip(*lanes)]
        expected = [row.evaluate(*numbers) for numbers in lanes]
        exact = computed(Machine(program_of(row, count), exact=True, width=width), columns, len(lanes))
        fast = computed(Machine(program_of(row, count), width=width), columns, len(lanes))
        for numbers, wanted, to_the_bit, within in zip(lanes, expected, exact, fast):
            assert same(to_the_bit, wanted), (numbers, to_the_bit, wanted)
            assert close(within, wanted), (numbers, within, wanted)


@every_row
@every_width
def test_a_lane_does_not_depend_on_its_neighbours(row: Primitive, width: int) -> None:
    for count in counts_of(row):
        machine = Machine(program_of(row, count), width=width)
        columns = np.random.default_rng(count).uniform(0.1, 0.9, (count, 64))
        for place, x in {"ratio": {2: 2.0}, "bell": {0: 1.0}}.get(row.name, {}).items():
            columns[place] = x
        alone = computed(machine, columns, 64)
        columns[:, 13] = nan
        columns[:, 40:] *= 1e300
        found = computed(machine, columns, 64)
        assert all(map(same, found[:13] + found[14:40], alone[:13] + alone[14:40]))
        assert all(map(same, computed(machine, columns, 8), alone))


@every_row
def test_any_operand_may_be_the_same_for_all_lanes(row: Primitive) -> None:
    choose = random.Random(row.name)
    for count in counts_of(row):
        lanes = operands_of(row, count)[:: 37 if count > 1 else 5]
        for varying in list(product((False, True), repeat=count))[:: 1 if count < 4 else 17]:
            fixed = choose.choice(lanes)
            columns = [array("d", column) if v else x for v, x, column in zip(varying, fixed, zip(*lanes))]
            machine = Machine(program_of(row, count, varying), exact=True)
            for k, result in enumerate(computed(machine, columns, len(lanes))):
                numbers = [column[k] if v else column for v, column in zip(varying, columns)]
                assert same(result, row.evaluate(*numbers)), numbers


@every_row
def test_one_lane_computes_what_the_table_says(row: Primitive) -> None:
    for count in counts_of(row):
        machine = Machine(program_of(row, count))
        for numbers in operands_of(row, count)[::3]:
            assert same(machine.one(numbers)[0], row.evaluate(*numbers)), numbers


def test_subnormal_numbers_survive() -> None:
    tiny = np.full(100, 2.0**-1060)
    x = Value(1.0)
    machine = Machine(flatten([x * 0.5, math.exp(x - 709.0), math.sin(x)], [x]))
    outs = [np.empty(100) for _ in range(3)]
    machine.run([tiny], 100, outs)
    assert outs[0].tolist() == [2.0**-1061] * 100
    assert outs[2].tolist() == [2.0**-1060] * 100
    assert (tiny / 2 == 2.0**-1061).all()  # and nobody has told the processor otherwise


def test_rows_of_one_s_own_are_asked_lane_by_lane() -> None:
    asked = []

    @primitive(lambda out, x, y: 1.0, lambda out, x, y: 1.0)
    def remember(x: float, y: float) -> float:
        asked.append((x, y))
        return x + y

    x, y = Value(1.0), Value(2.0)
    machine = Machine(flatten([remember(x, y) * 2.0], [x, y], varying=[True, False]))
    asked.clear()
    assert computed(machine, [array("d", [1, 2, 3]), 10.0], 3, threads=4) == [22.0, 24.0, 26.0]
    assert asked == [(1.0, 10.0), (2.0, 10.0), (3.0, 10.0)]
    assert machine.one([5.0, 6.0]) == [22.0]


def test_an_error_in_a_row_of_one_s_own_comes_through() -> None:
    @primitive(lambda out, x: 1.0)
    def refuse(x: float) -> float:
        if x == 2.0:
            raise RuntimeError("no 2, please")
        return x

    x = Value(1.0)
    machine = Machine(flatten([refuse(x)], [x]))
    with pytest.raises(RuntimeError, match="no 2, please"):
        computed(machine, [array("d", range(300))], 300)
    with pytest.raises(RuntimeError, match="no 2, please"):
        machine.one([2.0])
    assert computed(machine, [array("d", [3, 4])], 2) == [3.0, 4.0]


def test_a_row_of_one_s_own_may_run_the_machine() -> None:
    machines: list[Any] = []

    @primitive(lambda out, x: 1.0)
    def again(x: float) -> float:
        return machines[0].one([x - 1.0])[0] + 1.0 if x > 0.0 else 0.0  # type: ignore[no-any-return]

    x = Value(0.0)
    machines.append(Machine(flatten([again(x) + 0.5], [x])))
    assert machines[0].one([3.0]) == [5.0]
    assert computed(machines[0], [array("d", [3, 0])], 2) == [5.0, 0.5]


# ── programs ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Recorder:
    def truth(self, condition: Any) -> bool:
        return one(flatten([condition], []), [])[0] != 0.0

    def refuse(self, what: str) -> Any:
        raise AssertionError(what)


def with_gradient(expression: Expression, varying: Sequence[bool]) -> Program:
    """Return the program of an expression and its gradient, as a recording makes it."""
    inputs = [Value(x) for x in expression.point]
    set_recorder(Recorder())
    try:
        results = [x for x in expression.results(*inputs) if isinstance(x, Value)]
        return flatten([*results, *adjoints(results[-1], inputs)], inputs, varying=varying)
    finally:
        set_recorder(None)


PASSES = st.sampled_from(("none", "exact", "all"))


@given(expressions(max_steps=12), st.integers(0, 7), st.integers(1, 200), st.booleans(), PASSES)
@settings(max_examples=150)
def test_programs_compute_what_numpy_computes(
    expression: Expression, marks: int, lanes: int, summed: bool, passes: str
) -> None:
    varying = [bool(marks >> i & 1) for i in range(len(expression.point))]
    program = with_gradient(expression, varying)
    program = program if passes == "none" else optimize(program, exact=passes == "exact")
    draw = np.random.default_rng(lanes)
    columns = [draw.choice([*SPECIAL, *draw.normal(size=50)], lanes) if v else float(draw.normal()) for v in varying]
    outputs = bytes([summed] * len(program.outputs))
    expected, found = ([None if summed else np.empty(lanes) for _ in outputs] for _ in range(2))
    with np.errstate(all="ignore"):
        sums = many(program, columns, lanes, expected, exact=True, summed=outputs)
    totals = Machine(program, exact=True, summed=outputs).run(columns, lanes, found, threads=2)
    assert all(map(same, totals, sums))
    assert summed or all(map(same, np.ravel(found), np.ravel(expected)))


def relu_adjoint(x: Any, out: Any, adjoint: Any) -> Any:
    return p.where(x > 0.0, adjoint, p.where(p.equal(out, out), 0.0, p.chain(adjoint, out)))


def positive_part(x: Any, y: Any, z: Any) -> Any:
    positive, larger = x > 0.0, y > z
    return p.where(positive, z, y) + p.where(positive, x, 0.0) - p.where(positive, y, z) * p.where(larger, y, z)


def positive_part_and_condition(x: Any, y: Any, z: Any) -> Any:
    positive = x > 0.0
    return p.where(positive, x, 0.0) * p.where(positive, y, z) + p.logical_not(positive)


@pytest.mark.parametrize(
    "formula",
    [
        positive_part,
        positive_part_and_condition,
        lambda x, y, z: x * y + z,
        lambda x, y, z: z + x * y,
        lambda x, y, z: x * y - z,
        lambda x, y, z: z - x * y,
        lambda x, y, z: x * y * z,
        lambda x, y, z: x * y + y * z + z * x + x * x,
        lambda x, y, z: x + p.chain(x, y) + p.chain(y, z) + p.chain(z, x),
        lambda x, y, z: p.chain(p.chain(x, y), z) - p.chain(x, z),
        lambda x, y, z: p.chain(x, y) + p.chain(y, z),
        lambda x, y, z: (p.chain(x, 0.5) + p.chain(z, y)) * x + (p.chain(y, x) + p.chain(z, -0.3)) * z,
        lambda x, y, z: p.chain(x, z) + p.chain(y, z) + z,
        lambda x, y, z: p.dot(x, z, y, x) + p.dot(x, 0.5, y, z),
        lambda x, y, z: p.dot(x, y, z, z, x, y) - p.dot(0.3, x, z, y, y, x),
        lambda x, y, z: p.dot(p.chain(x, y), z, p.chain(z, x), 1.0, y, 1.0),
        lambda x, y, z: p.where(p.equal(x, x), 0.0, p.chain(y, x)) + z,
        lambda x, y, z: p.where(x, p.chain(y, z), 0.0) + p.where(y, p.chain(x, x), -0.0),
        lambda x, y, z: p.where(x, y, 0.0) + z + p.where(z, x, 0.0),
        lambda x, y, z: p.where(x, y, 0.0) + x * z,
        lambda x, y, z: p.add(p.where(x, y, 0.0), p.where(x, y, 0.0)),
        lambda x, y, z: x / (y + 0.0) - 0.5 / (x + z),
        lambda x, y, z: x / (x * y + z),
        lambda x, y, z: math.sqrt(x * y) + math.sqrt(z * -3.0),
        lambda x, y, z: p.chain(x, 0.5 / (y + 0.0)) * z + p.chain(z, x / (y + -0.0)),
        lambda x, y, z: relu_adjoint(x, p.relu(x), y) * z + p.relu(x),
        lambda x, y, z: relu_adjoint(x, p.relu(x), p.chain(y, z)),
        lambda x, y, z: relu_adjoint(x, p.relu(x), chain := p.chain(y, z)) + chain,
        lambda x, y, z: p.maximum(x, y, z) + p.maximum(x, y) - p.minimum(z, y) * p.minimum(x, y, z),
    ],
)
@pytest.mark.parametrize("marks", range(1, 8))
def test_what_is_fused_changes_no_bit(formula: Any, marks: int) -> None:
    inputs = [Value(x) for x in (1.0, 2.0, 3.0)]
    set_recorder(Recorder())
    try:
        root = formula(*inputs)
    finally:
        set_recorder(None)
    varying = [bool(marks >> i & 1) for i in range(3)]
    program = flatten([root], inputs, varying=varying)
    grid = list(product((*SPECIAL, 0.1, -0.7, 3.3), repeat=3))[::3]
    columns = [array("d", column) if v else 0.3 for v, column in zip(varying, zip(*grid))]
    machine = Machine(program, exact=True)
    for k, result in enumerate(computed(machine, columns, len(grid))):
        numbers = [column[k] if v else column for v, column in zip(varying, columns)]
        (expected,) = one(program, numbers)
        assert same(result, expected), numbers
        assert same(machine.one(numbers)[0], expected), numbers


@every_width
@pytest.mark.parametrize("pairs", [1, 2, 3, 4])
def test_short_sums(width: int, pairs: int) -> None:
    """Whichever of the factors are the same for all lanes, the terms are added from left to right."""
    inputs, draw = [Value(1.0) for _ in range(2 * pairs)], np.random.default_rng(pairs)
    for varying in product([False, True], repeat=2 * pairs):
        program = flatten([p.dot(*inputs)], inputs, varying=varying)
        columns = [draw.normal(size=77) if v else float(draw.normal()) for v in varying]
        lanes = [[float(np.broadcast_to(column, 77)[k]) for column in columns] for k in range(77)]
        found = computed(Machine(program, exact=True, width=width), columns, 77)
        assert found == [one(program, numbers)[0] for numbers in lanes]


def test_what_only_one_step_needs_is_done_there() -> None:
    x, y, z = Value(1.0), Value(2.0), Value(3.0)
    of_all = (x - y) / z  # so all of them are loaded, in any case
    set_recorder(Recorder())
    try:
        positive, larger = x > 0.0, y > z
        behind_relu = relu_adjoint(x, p.relu(x), p.chain(y, z))
    finally:
        set_recorder(None)

    def steps(*outputs: Any) -> int:
        one, all_of_them = (Machine(flatten([of_all, *more], [x, y, z])) for more in ([], outputs))
        stores = len(outputs)
        return all_of_them.counts()["steps"] - one.counts()["steps"] - stores  # type: ignore[no-any-return]

    before, part, behind = p.where(positive, y, z), p.where(positive, x, 0.0), p.where(positive, y, z)
    assert steps(part, behind) == 2
    assert steps(before, part) == 3
    assert steps(part, positive + y) == 3
    assert steps(p.where(larger, y, z)) == 1
    assert steps(p.where(larger, z, y)) == 2
    assert steps(p.chain(x, y) + p.chain(y, z)) == 1
    assert steps(math.sqrt(x * y)) == 1
    assert steps(p.chain(x, 0.5 / (y + 0.0))) == 1
    assert steps(p.chain(x, 0.5 / (y + z))) == 2
    assert steps(behind_relu) == 2  # the other one is relu itself


@every_width
@pytest.mark.parametrize("wild", [False, True], ids=["finite", "infinite where nothing flows"])
def test_sums_of_strong_products(width: int, wild: bool) -> None:
    """Over terms, and over lanes: where all is finite, they are sums of products."""
    xs, *ys = inputs = [Value(1.0) for _ in range(7)]
    adjoint = p.negate(xs)
    chains = [p.chain(adjoint, y) for y in (*ys, *map(math.sin, ys[:3]))]
    terms = [p.chain(x, 0.5 + k) for k, x in enumerate(inputs)]
    sums = [p.dot(*terms[:n], *[1.0] * n) for n in (2, 3, 7)]
    weighted = [p.dot(p.chain(xs, y), p.chain(y, xs), 2.0, 1.0, y, -1.0) for y in ys]
    for count in range(1, len(chains) + 1):
        outputs = [*chains[:count], *sums, *weighted]
        program = flatten(outputs, inputs)
        table = np.random.default_rng(count).normal(size=(150, 7))
        if wild:
            table[5::9, 0], table[5::9, 1:] = 0.0, (inf, -inf, nan, 1.0, inf, nan)
        columns, summed = [*table.T], bytes([1] * count + [0] * (len(sums) + len(weighted)))
        expected, found = ([None if s else np.empty(150) for s in summed] for _ in range(2))
        with np.errstate(all="ignore"):
            totals = many(program, columns, 150, expected, exact=True, summed=summed)
        machine = Machine(program, exact=True, summed=summed, width=width)
        assert all(map(same, machine.run(columns, 150, found), totals))
        assert all(map(same, np.ravel(found[count:]), np.ravel(expected[count:])))
    assert not any(map(isnan, totals))


def test_long_programs_are_assembled_in_no_time() -> None:
    steps, draw = 100_000, random.Random(1)
    operands = [v for i in range(steps) for v in (draw.randrange(2 + i), draw.randrange(2 + i))]
    program = Program(
        inputs=2, varying=b"\1\1", constants=array("d"), rows=(p.add, p.multiply),
        steps=array("H", [draw.randrange(2) for _ in range(steps)]), starts=array("I", range(0, 2 * steps + 1, 2)),
        operands=array("I", operands), outputs=array("I", range(steps - 100, steps)), guards=array("I"), outcomes=b"",
    )  # fmt: skip
    begin = time.process_time()
    machine = Machine(program, exact=True)
    machine.counts()
    assert time.process_time() - begin < 0.5
    outs = [np.empty(3) for _ in range(100)]
    machine.run([np.array([1e-3, 0.5, -0.1])] * 2, 3, outs)
    assert [out[1] for out in outs] == machine.one([0.5, 0.5]) == one(program, [0.5, 0.5])


# ── joined steps: sums of the same factors ───────────────────────────────────────────────────────────────────────────


def layer(weights: Sequence[Sequence[Any]], biases: Sequence[Any], signals: Sequence[Any]) -> list[Any]:
    return [sum((w * x for w, x in zip(row, signals)), bias) for row, bias in zip(weights, biases)]


def network(sizes: Sequence[int]) -> tuple[Program, int]:
    """The value of a network with relu, and the slopes by its parameters, which come first, and by its inputs."""
    parameters: list[Any] = []
    points = signals = [Value(1.0) for _ in range(sizes[0])]
    for before, neurons in pairwise(sizes):
        block = [[Value(1.0) for _ in range(before + 1)] for _ in range(neurons)]
        parameters += [x for row in block for x in row]
        signals = [math.relu(x) for x in layer([row[:-1] for row in block], [row[-1] for row in block], signals)]
    inputs = [*parameters, *points]
    slopes = adjoints(sum(signals, 0.0), inputs)
    varying = [False] * len(parameters) + [True] * len(points)
    return optimize(flatten([*signals, *slopes], inputs, varying=varying)), len(parameters)


@every_width
@pytest.mark.parametrize("wild", ["finite", "points", "parameters"])
@pytest.mark.parametrize(
    ("sizes", "lanes"),
    [((1, 2), 1), ((2, 3, 1), 8), ((3, 4, 5), 13), ((2, 16, 16, 1), 100), ((5, 19, 6, 7), 131), ((40, 5, 2), 64)],
    ids=str,
)
def test_networks_of_whole_numbers(sizes: Sequence[int], lanes: int, wild: str, width: int) -> None:
    """Where nothing is rounded, sums taken together are those taken one by one, even of what is no finite number."""
    program, parameters = network(sizes)
    draw, count = np.random.default_rng(lanes), sizes[-1]
    numbers = draw.integers(-3, 4, size=parameters).astype(float)
    points = draw.integers(-3, 4, size=(lanes, sizes[0])).astype(float)
    if wild == "points":
        points[::7] = draw.choice(SPECIAL[:4] + SPECIAL[8:], size=points[::7].shape)
    elif wild == "parameters":
        numbers[::11] = draw.choice(SPECIAL[:4] + SPECIAL[8:], size=numbers[::11].shape)
    summed = bytes([0] * count + [1] * parameters + [0] * sizes[0])
    found = []
    for exact in True, False:
        outs = [None if s else np.empty(lanes) for s in summed]
        sums = Machine(program, exact=exact, summed=summed, width=width).run([*numbers, *points.T], lanes, outs)
        found.append([sums, *(out for out in outs if out is not None)])
    for expected, result in zip(*found, strict=True):
        np.testing.assert_array_equal(result, expected)
    assert wild != "finite" or np.any(found[0][0])


@every_width
@given(st.integers(1, 70), st.integers(1, 40), st.booleans(), st.integers(0, 2**32 - 1))
def test_sums_taken_together_are_rounded_no_more(width: int, terms: int, lanes: int, strong: bool, seed: int) -> None:
    """Than those taken one by one, in which n operations are off by half an ulp each (Higham, Accuracy, 3.1)."""
    draw, rows = np.random.default_rng(seed), 1 + seed % 9
    weights, points = draw.normal(size=(rows, terms + 1)), draw.normal(size=(terms, lanes))
    inputs = [Value(1.0) for _ in range(terms + rows * (terms + 1))]
    signals, blocks = inputs[:terms], [inputs[k : k + terms + 1] for k in range(terms, len(inputs), terms + 1)]
    product_of = p.chain if strong else p.multiply
    ones = [1.0] * (terms + 1)
    outputs = [p.dot(*[product_of(x, w) for x, w in zip(signals, row)], row[-1], *ones) for row in blocks]
    program = flatten(outputs, inputs, varying=[True] * terms + [False] * (len(inputs) - terms))
    outs = [np.empty(lanes) for _ in range(rows)]
    Machine(program, width=width).run([*points, *weights.ravel()], lanes, outs)
    expected = weights[:, :-1] @ points + weights[:, -1:]
    sizes = abs(weights[:, :-1]) @ abs(points) + abs(weights[:, -1:])
    assert np.all(abs(np.array(outs) - expected) <= 2 * (terms + 1) * 2.0**-53 / (1 - 2**-40) * sizes)


def test_relu_is_done_with_the_sums_that_are_taken_together() -> None:
    inputs = [Value(1.0) for _ in range(5)]
    x, y, *parameters = inputs

    def counted(*outputs: Any) -> int:
        varying = [True, True, False, False, False]
        machine = Machine(optimize(flatten(outputs, inputs, varying=varying)))
        return machine.counts()["steps"] - len(outputs)  # type: ignore[no-any-return]

    a, b, c = parameters
    one_sum, other, third = x * a + y * b + c, x * b + y * c + a, x * c + y * a + b
    assert counted(one_sum, other) == counted(math.relu(one_sum), math.relu(other))
    assert counted(one_sum, other, third) == counted(math.relu(one_sum), other, third) - 1
    assert counted(math.relu(one_sum)) == counted(one_sum) + 1  # for there is no other one
    assert counted(math.relu(one_sum), other) == counted(one_sum, other) + 1  # they end alike, or not at all
    assert counted(math.relu(one_sum), math.relu(other), one_sum) == counted(one_sum, other, one_sum) + 2


@every_width
@pytest.mark.parametrize("wild", [False, True], ids=["finite", "infinite where nothing flows"])
@pytest.mark.parametrize("product_of", [p.multiply, p.chain], ids=["products", "chains"])
@pytest.mark.parametrize("lanes", [1, 8, 100, 1500])
def test_products_are_added_up_together_as_one_by_one(lanes: int, product_of: Any, wild: bool, width: int) -> None:
    draw, inputs = np.random.default_rng(lanes), [Value(1.0) for _ in range(14)]
    xs, ys, uniform = inputs[:6], inputs[6:13], inputs[13]
    outputs = [product_of(x, y) for x in xs for y in (*ys, uniform)] + xs + ys
    columns = [*draw.normal(size=(13, lanes)), 0.7]
    if wild:
        columns[0][::5], columns[7][::5], columns[8][::10], columns[9][:1] = 0.0, inf, nan, -inf
    varying = [True] * 13 + [False]
    together = Machine(flatten(outputs, inputs, varying=varying), summed=[True] * len(outputs), width=width)
    found = together.run(columns, lanes, ())
    for result, output in zip(found, outputs, strict=True):
        alone = Machine(flatten([output], inputs, varying=varying), exact=True, summed=[True], width=width)
        assert same(result, alone.run(columns, lanes, ())[0])
    assert any(map(isnan, found)) == wild


# ── strips: steps on scalars in a row ────────────────────────────────────────────────────────────────────────────────


def numbers_like(inputs: Sequence[Any], seed: int = 0) -> list[float]:
    return list(np.random.default_rng(seed).normal(size=len(inputs)))


def slopes_of_a_loop(count: int) -> tuple[Program, list[float]]:
    """Return Rosenbrock's function of neighbours, differentiated."""
    xs, total = [Value(1.0) for _ in range(count)], Value(0.0)
    set_recorder(Recorder())
    try:
        for a, b in pairwise(xs):
            total = total + 100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2
        program = optimize(flatten(adjoints(total, xs), xs))
    finally:
        set_recorder(None)
    return program, numbers_like(xs)


def is_a_sum_of(total: float, positive: float, terms: int) -> bool:
    """Whether two sums of the same positive products are as close as any two orders of so many terms."""
    return abs(total - positive) <= terms * standard.ulp(positive)


@pytest.mark.parametrize("exact", [False, True])
def test_a_loop_takes_as_many_steps_however_often_it_turns(exact: bool) -> None:
    counts = []
    for turns in (50, 500):
        program, numbers = slopes_of_a_loop(turns)
        machine = Machine(program, exact=exact)
        (total, *slopes), (expected, *expected_slopes) = machine.one(numbers), one(program, numbers)
        assert slopes == expected_slopes
        assert total == expected if exact else is_a_sum_of(total, expected, 2 * turns)
        assert len(program.steps) > 6 * turns
        counts.append(machine.counts(one=True))
    assert counts[0] == counts[1]
    assert counts[0]["scalar steps"] < 20


@every_row
@every_width
def test_every_row_computes_in_a_strip_what_the_table_says(row: Primitive, width: int) -> None:
    """All operands running along, or one of them staying."""
    for count in counts_of(row):
        for stays in (None, *range(count if count > 1 else 0)):
            lanes = operands_of(row, count)[::7]
            fixed = lanes[len(lanes) // 3]
            lanes = [tuple(fixed[k] if k == stays else x for k, x in enumerate(lane)) for lane in lanes]
            columns = [[Value(1.0) for _ in lanes] for _ in range(count)]
            taken = [[column[0]] * len(lanes) if k == stays else column for k, column in enumerate(columns)]
            program = flatten([row(*operands) for operands in zip(*taken)], [x for column in columns for x in column])
            machine = Machine(program, exact=True, width=width)
            found = machine.one([x for column in zip(*lanes) for x in column])
            for numbers, x in zip(lanes, found, strict=True):
                assert same(x, row.evaluate(*numbers)), (numbers, x)
            assert machine.counts(one=True)["scalar steps"] in (1, len(lanes))


@pytest.mark.parametrize(
    ("row", "operands"), [(p.add, 2), (p.where, 3), (p.sqrt, 1), (p.dot, 8), (p.chain, 2), (p.maximum, 2)]
)
@pytest.mark.parametrize("length", [1, 3, 4, 5, 7, 8, 9, 16, 40])
def test_a_strip_is_one_step(row: Primitive, operands: int, length: int) -> None:
    columns = [[Value(1.0) for _ in range(length)] for _ in range(operands)]
    inputs = [x for column in columns for x in column]
    machine = Machine(flatten([row(*xs) for xs in zip(*columns)], inputs), exact=True)
    worth = length > 7  # or half the time is not saved
    expected = {"scalar steps": 1 if worth else length, "strips": int(worth), "steps": 0, "slots": 0}
    assert machine.counts(one=True) == expected


def test_strips_are_joined_wherever_they_come() -> None:
    """As those of layers are, whose neurons come one after the other, the last one first, with their weights."""
    xs = [Value(1.0) for _ in range(60)]
    numbers = numbers_like(xs)
    for order in ([*range(59, -1, -1)], [10 * k + i for k in (3, 0, 5, 1, 4, 2) for i in range(9, -1, -1)]):
        nodes = {i: xs[i] * 0.3 + xs[0] for i in order}
        machine = Machine(flatten([nodes[i] for i in range(60)], xs))
        assert machine.one(numbers) == [x * 0.3 + numbers[0] for x in numbers]
        assert machine.counts(one=True)["scalar steps"] == 1


def test_rows_of_a_loop_that_are_alike_become_strips_of_their_own() -> None:
    xs = [Value(1.0) for _ in range(64)]
    numbers = numbers_like(xs)
    machine = Machine(flatten([f for a, b in pairwise(xs) for f in (a * a, a * b, b * 0.5)], xs))
    expected = [f for a, b in pairwise(numbers) for f in (a * a, a * b, b * 0.5)]
    assert machine.one(numbers) == expected
    assert machine.counts(one=True)["scalar steps"] == 3


def test_places_of_strips_are_used_again_without_harm() -> None:
    """Long ones and short ones, some of whose results are needed much later."""
    xs = [Value(1.0) for _ in range(40)]
    numbers = numbers_like(xs)

    def states(xs: Sequence[Any]) -> list[Any]:
        found, first = [], list(xs)
        for turn in range(60):
            count = len(xs) - turn % 5
            xs = [a * 0.5 - b for a, b in zip(xs[:count], [*xs[1:count], xs[0]])]
            xs = [*xs, *[x * 0.25 for x in first[: 40 - count]]]
            found += xs[turn % 3 :: 13]
        return [*xs, *found]

    program = flatten(states(xs), xs)
    machine = Machine(program, exact=True)
    assert machine.one(numbers) == states(numbers) == machine.one(numbers)
    assert machine.counts(one=True)["strips"] > 60


# ── long sums of scalars ─────────────────────────────────────────────────────────────────────────────────────────────

COUNT = 100
BACKWARD, SHUFFLED = range(COUNT - 1, -1, -1), random.Random(0).sample(range(COUNT), COUNT)
TERMS = {  # operands of a dot, each an input or a factor; and those of chains
    "squares": [(k, k) for k in range(COUNT)],
    "neighbours": [(k, k + 1) for k in range(COUNT - 1)],
    "backward": [(k, k - 1) for k in BACKWARD[:-1]],
    "opposite ways": [*zip(range(COUNT), BACKWARD)],
    "one factor stays": [(k, 7) for k in range(COUNT)],
    "the other one stays": [(7, k) for k in BACKWARD],
    "both stay": [(7, 7)] * COUNT,
    "two by two": [(k + i, k + i) if i else (k, 7) for k in range(COUNT - 1) for i in range(2)],
    "shuffled": [*zip(SHUFFLED, reversed(SHUFFLED))],
    "seven": [(k, k) for k in range(7)],
    "eight": [(k, k) for k in range(8)],
    "fifteen": [(k, k) for k in range(15)],
}


def sum_of(terms: Sequence[tuple[int, int]], strong: bool) -> tuple[Program, list[float]]:
    """Return the sum of products, or of strong ones, and numbers for its inputs."""
    xs = [Value(1.0) for _ in range(COUNT)]
    factors = [(p.chain(xs[i], xs[j]), 1.0) if strong else (xs[i], xs[j]) for i, j in terms]
    return flatten([p.dot(*[x for x, _ in factors], *[y for _, y in factors])], xs), numbers_like(xs)


@pytest.mark.parametrize("strong", [False, True], ids=["products", "chains"])
@pytest.mark.parametrize("terms", TERMS.values(), ids=TERMS)
def test_a_long_sum_may_be_taken_in_another_order(terms: Sequence[tuple[int, int]], strong: bool) -> None:
    program, numbers = sum_of(terms, strong)
    products = [numbers[i] * numbers[j] for i, j in terms]
    bound = len(terms) * standard.ulp(sum(map(abs, products)))
    machine = Machine(program)
    [found] = machine.one(numbers)
    assert Machine(program, exact=True).one(numbers) == one(program, numbers)
    assert abs(found - standard.fsum(products)) <= bound
    assert all(run.one(numbers) == [found] for run in (machine, Machine(program)) for _ in range(5))


@pytest.mark.parametrize("terms", TERMS.values(), ids=TERMS)
def test_a_long_sum_of_chains_is_strong(terms: Sequence[tuple[int, int]]) -> None:
    """Where the first factor is 0, infinity and NaN in the second one do not matter."""
    program, numbers = sum_of(terms, True)
    first = {i for i, _ in terms}
    zeros = [0.0 if i in first else inf if i % 2 else nan for i in range(COUNT)]
    assert Machine(program).one(zeros) == [0.0]
    assert isnan(Machine(program).one([nan if i == terms[-1][0] else x for i, x in enumerate(numbers)])[0])


@pytest.mark.parametrize("start", [0.0, -0.0, 1e300, inf])
def test_a_long_sum_begins_with_what_it_is_given(start: float) -> None:
    xs, first = [Value(1.0) for _ in range(20)], Value(1.0)
    total = first
    for x in xs:
        total = total + x * first
    machine = Machine(flatten([total], [first, *xs]))
    assert same(machine.one([start, *[0.5] * 20])[0], start * 11.0)


def test_sums_that_go_on_in_each_other_are_one() -> None:
    xs, counts = [Value(1.0) for _ in range(2000)], []
    for count in (200, 2000):
        total = Value(0.0)
        for x in xs[:count]:
            total = total + x * x
        machine = Machine(optimize(flatten([total], xs)))
        numbers = numbers_like(xs)
        assert is_a_sum_of(machine.one(numbers)[0], standard.fsum(x * x for x in numbers[:count]), count)
        counts.append(machine.counts(one=True)["scalar steps"])
    assert counts == [1, 1]


def test_a_sum_that_others_need_is_taken_for_itself() -> None:
    xs = [Value(1.0) for _ in range(20)]
    half = p.dot(*xs[:10], *xs[:10])
    whole = p.dot(half, *xs[10:], 1.0, *xs[10:])
    numbers = [float(k) for k in range(20)]
    squares = [sum(k * k for k in range(10)), sum(k * k for k in range(20))]
    assert Machine(flatten([half, whole], xs)).one(numbers) == squares
    assert Machine(flatten([p.dot(half, xs[10], 1.0, 2.0)], xs)).one(numbers) == [squares[0] + 20.0]


# ── runs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_run_that_no_machine_made_is_refused() -> None:
    program = flatten([Value(1.0)], [])
    run = Machine(program, summed=[True]).bound([], 1, np.empty(1))
    with pytest.raises(TypeError, match=r"a run is made by Machine\.bound"):
        type(run)()()


def test_a_lane_takes_arguments_of_its_shapes_only() -> None:
    xs = [Value(1.0) for _ in range(6)]
    program = flatten([x + 1.0 for x in xs], xs)
    lane = Lane(Machine(program), (float, (2, 2)), (float, (5,)))
    rest, table = np.frombuffer(lane)[5:], np.array([[2.0, 3.0], [4.0, 5.0]])

    def last() -> None:
        rest[0] = 6.0

    found = lane.results((1.0, table), [last])
    assert [found[0], *found[1].tolist()] == [2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    others = table.T, table[0], table.ravel(), table.astype(int), table.astype(">f8"), table.tolist(), table[:, :1], 1.0
    others += (table.astype("M8[s]"), table.astype(object))
    for args in [(), (1.0,), (1.0, table, 1.0), (1, table), (table, table), *[(1.0, other) for other in others]]:
        assert lane.results(args, [pytest.fail]) is None


@pytest.mark.parametrize(
    ("shapes", "given", "shapes_found", "found"),
    [
        ((float, (2,)), 3, (float,), 1),
        ((), 0, (), 0),
        ((), 0, ((3,), float), 4),
        (((4,), (-1, 2)), 4, (float,), 1),
        ((), 0, ((4,), (-1, 3)), 4),
    ],
)
def test_shapes_of_a_lane_fit_its_program(shapes: Any, given: int, shapes_found: Any, found: int) -> None:
    x, y = Value(1.0), Value(2.0)
    text = rf"^Lane: got {given} numbers in arguments and {found} in results; expected at most 2, and 1$"
    with pytest.raises(ArgumentError, match=text):
        Lane(Machine(flatten([x * y], [x, y])), shapes, shapes_found)


def test_scalars_beside_lanes_are_done_in_strips() -> None:
    ws, x = [Value(1.0) for _ in range(50)], Value(1.0)
    program = flatten([x * (w * 0.1 + 1.0) for w in ws], [*ws, x], varying=[*[False] * 50, True])
    machine, numbers = Machine(program, exact=True, summed=[True] * 50), numbers_like(ws)
    counts = machine.counts()
    assert (counts["scalar steps"], counts["strips"]) == (1, 1)
    sums = np.empty(50)
    run = machine.bound([np.array([1.0, 2.0])], 2, sums, uniforms=np.array(numbers))
    run()
    assert sums.tolist() == [f + 2.0 * f for f in (w * 0.1 + 1.0 for w in numbers)]


def test_steps_that_hardly_repeat_keep_their_order() -> None:
    draw = random.Random(1)
    nodes = inputs = [Value(draw.uniform(0.5, 1.5)) for _ in range(10)]
    for _ in range(500):
        a, b = draw.sample(nodes, 2)
        nodes = [*nodes, draw.choice([a + b, a * b, a - b])]
    machine = Machine(flatten(nodes[-100:], inputs), exact=True)
    assert machine.one([x.data for x in inputs]) == [x.data for x in nodes[-100:]]
    assert machine.counts(one=True)["strips"] == 0


def test_rows_of_one_s_own_are_asked_in_the_order_of_the_program() -> None:
    asked = []

    @primitive(lambda out, x: 1.0)
    def remember(x: float) -> float:
        asked.append(x)
        return x

    xs = [Value(1.0) for _ in range(20)]
    machine = Machine(flatten([remember(remember(x) * 2.0) for x in xs], xs))
    asked.clear()
    assert machine.one([*map(float, range(20))]) == [2.0 * k for k in range(20)]
    assert asked == [x for k in range(20) for x in (k, 2.0 * k)]


def test_strips_are_safe_in_several_threads() -> None:
    program, _ = slopes_of_a_loop(300)
    machine, found = Machine(program, exact=True), {}

    def work(seed: int) -> None:
        numbers = np.random.default_rng(seed).normal(size=300)
        found[seed] = [machine.one(numbers) for _ in range(20)]

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for seed, results in found.items():
        expected = one(program, np.random.default_rng(seed).normal(size=300).tolist())
        assert results == [expected] * 20


# ── columns and lanes ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def product_machine() -> Any:
    x, y = Value(1.0), Value(2.0)
    return Machine(flatten([x * y + 1.0], [x, y]), exact=True)


@pytest.mark.parametrize("lanes", [0, 1, 2, 7, 8, 9, 31, 63, 64, 65, 100, 127, 129, 1000, 1023, 1025, 5000])
@every_width
def test_any_number_of_lanes(lanes: int, width: int) -> None:
    x, y = Value(1.0), Value(2.0)
    machine = Machine(flatten([p.dot(x, y, 3.0, y, x, x)], [x, y]), exact=True, width=width)
    xs, ys = np.arange(lanes) * 0.1, np.arange(lanes) * -0.3
    out = np.full(lanes + 1, 123.0)
    machine.run([xs, ys], lanes, [out])
    assert out.tolist() == [*(xs * ys + ys * xs + 3.0 * xs).tolist(), 123.0]


def test_columns_may_be_laid_out_in_any_way(product_machine: Any) -> None:
    table = np.arange(600.0).reshape(100, 6)
    out = np.zeros((100, 3))
    for x, y in ((table[:, 1], table[:, 4]), (table[::-1, 1], table[:, 2]), (table[:100, 0], table.T[5])):
        product_machine.run([x, y], 100, [out[::-1, 1]])
        assert out[::-1, 1].tolist() == (x * y + 1.0).tolist()
    assert not out[:, 0].any()
    assert not out[:, 2].any()
    product_machine.run([table[:, 1], 2.0], 100, [out[:, 0]])
    assert out[:, 0].tolist() == (table[:, 1] * 2.0 + 1.0).tolist()


@pytest.mark.parametrize("columns", [1, 5, 8, 11, 21])
@every_width
def test_lanes_may_be_rows_of_a_table(columns: int, width: int) -> None:
    """Columns that stand side by side are read together."""
    inputs = [Value(1.0) for _ in range(columns)]
    later = [inputs[0]] * 600
    machine = Machine(flatten([*inputs, math.fsum(later) + inputs[-1]], inputs), exact=True, width=width)
    table, draw = np.random.default_rng(columns).normal(size=(300, columns + 3)), np.random.default_rng(0)
    turned = np.asfortranarray(table)
    for lanes in (1, 9, 64, 201, range(50, 250), draw.permutation(300)[:77]):
        for rows in (table, table[:, 3:], table[:, ::-1], turned):
            out = np.zeros((columns + 1, 300))
            given = [rows[:, k] for k in range(columns)]
            machine.run(given, lanes, list(out))
            chosen = range(lanes) if isinstance(lanes, int) else lanes
            assert out[:columns, chosen].tolist() == rows[chosen, :columns].T.tolist()
            assert np.count_nonzero(out[0]) == len(chosen)
    mixed = [table[:, 0], *table.T[2 : columns + 1]]
    machine.run(mixed, 300, list(out))
    assert out[:columns].tolist() == [column.tolist() for column in mixed]


def test_lanes_may_be_selected(product_machine: Any) -> None:
    x, out = np.arange(1000.0), np.full(1000, -1.0)
    lanes = np.flatnonzero(x % 7 == 3)[::-1].copy()
    product_machine.run([x, x], lanes, [out])
    assert out.tolist() == [v * v + 1.0 if v % 7 == 3 else -1.0 for v in x.tolist()]
    out[:] = -1.0
    product_machine.run([x, x], range(300, 700), [out])
    assert out.tolist() == [v * v + 1.0 if 300 <= v < 700 else -1.0 for v in x.tolist()]


@pytest.mark.parametrize("threads", [1, 2, 3, 4])
@pytest.mark.parametrize("summed", [False, True])
def test_the_number_of_threads_changes_no_bit(threads: int, summed: bool) -> None:
    x, y = Value(1.0), Value(2.0)
    z = x
    for _ in range(50):
        z = math.sin(z * y + x)
    machine = Machine(flatten([z, z * x], [x, y]), summed=[summed] * 2)
    columns = list(np.random.default_rng(1).normal(size=(2, 20_000)))
    alone, together = ([None if summed else np.empty(20_000) for _ in range(2)] for _ in range(2))
    sums = machine.run(columns, 20_000, alone)
    assert machine.run(columns, 20_000, together, threads=threads) == sums
    assert summed or np.array_equal(alone, together)


def test_machines_are_safe_in_several_threads() -> None:
    x = Value(1.0)
    machine = Machine(flatten([math.exp(x) * 2.0], [x]), exact=True)
    found: list[list[float]] = []
    column = np.linspace(0, 1, 5000)

    def work() -> None:
        for _ in range(20):
            found.append(computed(machine, [column], 5000))
            machine.one([0.5])

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert found == [found[0]] * 80


def summed_by_hand(numbers: list[float]) -> float:
    total = 0.0
    for start in range(0, len(numbers), 1024):
        block = numbers[start : start + 1024]
        total += plain_sum(plain_sum(block[part::8]) for part in range(8))
    return total


@pytest.mark.parametrize("count", [1, 7, 8, 9, 100, 1023, 1024, 1025, 9000])
@every_width
def test_sums_over_lanes_have_a_fixed_order(count: int, width: int) -> None:
    draw = np.random.default_rng(count)
    a, b, c = draw.normal(size=(3, count)) * 10.0 ** draw.integers(-5, 5, size=(3, count))
    x, y, z, u = (Value(1.0) for _ in range(4))
    many_products = [p.chain(x, x + y), p.chain(x, y), p.chain(x, z), p.chain(x, 2.0), *(x * f for f in (y, z, u, x))]
    outputs = [x, x + y, u, u * 2.0, *many_products, p.chain(u, x), y * 3.0]
    program = flatten(outputs, [x, y, z, u], varying=[True, True, True, False])
    found = Machine(program, exact=True, summed=[True] * len(outputs), width=width).run([a, b, c, 0.1], count, ())
    sums, products = [a, a + b, 0.1 + 0 * a, 0.2 + 0 * a], [a * (a + b), a * b, a * c, a * 2]
    wanted = [*sums, *products, a * b, a * c, a * 0.1, a * a, 0.1 * a, b * 3]
    assert found == [summed_by_hand(numbers.tolist()) for numbers in wanted]


def test_what_is_the_same_in_all_lanes_is_not_added_up_lane_by_lane() -> None:
    x, y, u = Value(1.0), Value(2.0), Value(3.0)
    outputs = [x * y + u, u * 2.0 + x, u, u * u, x + y]

    def machine(outputs: Sequence[Any]) -> Any:
        return Machine(flatten(outputs, [x, y, u], varying=[True, True, False]), summed=[True] * len(outputs))

    a, b = np.random.default_rng(1).normal(size=(2, 3000))
    apart = machine(outputs)
    assert apart.counts()["steps"] == machine([x * y, x, x + y]).counts()["steps"]
    expected = [np.sum(a * b) + 900.0, np.sum(a) + 1800.0, 900.0, 270.0, np.sum(a + b)]
    assert apart.run([a, b, 0.3], 3000, ()) == pytest.approx(expected, rel=1e-12)
    assert apart.run([a, b, inf], 3000, ()) == [inf, inf, inf, inf, pytest.approx(expected[-1])]
    assert apart.run([a, b, inf], 0, ()) == [0.0] * 5


def test_numbers_may_be_handed_over_in_buffers() -> None:
    w, x, v = Value(1.0), Value(2.0), Value(3.0)
    program = flatten([w * x + v, w, x], [w, x, v], varying=[False, True, False])
    machine = Machine(program, summed=[True] * 3)
    sums = array("d", [0.0] * 3)
    assert machine.run([np.array([1.0, 2.0])], 2, (), uniforms=array("d", [10.0, 0.5]), sums=sums) is None
    assert sums.tolist() == [31.0, 20.0, 3.0]
    out = np.zeros(6)
    assert machine.one(np.array([10.0, 1.0, 0.5]), out[::2]) is None
    assert out.tolist() == [10.5, 0.0, 10.0, 0.0, 1.0, 0.0]


# ── guards ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_guard_that_is_answered_otherwise() -> None:
    x, y = Value(1.0), Value(2.0)
    set_recorder(Recorder())
    try:
        conditions = [x > 0.0, x < y, y == 2.0]
    finally:
        set_recorder(None)
    program = flatten([x], [x, y], guards=zip(conditions, [True, True, False]), varying=[True, False])
    machine = Machine(program)
    xs = [-1.0, 1.0, 5.0, nan]
    assert list(machine.first_mismatch([array("d", xs), 3.0], 4)) == [0, 3, 1, 0]
    assert list(machine.first_mismatch([array("d", xs), 2.0], 4)) == [0, 2, 1, 0]
    assert list(machine.first_mismatch([array("d", xs), 3.0], np.array([1, 3]))) == [3, 0]
    assert [machine.one_mismatch([v, 3.0]) for v in xs] == [0, 3, 1, 0]


def halvings(x: float, y: float, most: int) -> int:
    """Return how often x can be halved without becoming less than y."""
    return next((count for count in range(most) if not x / 2.0**count >= y), most)


@every_width
@pytest.mark.parametrize("spare", [0, 40], ids=["few slots", "many slots"])
def test_lanes_leave_when_they_have_answered_otherwise(width: int, spare: int) -> None:
    """Those that stay close up. None leaves before it is asked all that comes before what it answered otherwise."""
    x, y, lanes, most = Value(1.0), Value(1.0), 3000, 12
    more = [math.sin(x * k) for k in range(1, spare)]
    conditions = [p.greater_equal(x / 2.0**count, y) for count in range(most)]
    conditions[-1] = p.logical_and(conditions[-1], math.fsum([0.0, *more]) < 1e9)
    draw = np.random.default_rng(spare)
    xs, ys = 2.0 ** draw.uniform(-1.0, 13.0, lanes), 2.0 ** draw.uniform(0.0, 1.0, lanes)
    xs[128:256], xs[300:305] = 0.0, nan
    expected = np.array([halvings(a, b, most) for a, b in zip(xs.tolist(), ys.tolist())])
    chosen = draw.permutation(lanes)[:333]
    for order, wanted in ([0, 1, 2, 3], expected), ([0, 1, 3, 2], np.where(expected == 3, 2, expected)):
        asked = [conditions[place] for place in (*order, *range(4, most))]
        machine = Machine(flatten([], [x, y], [(condition, True) for condition in asked]), width=width)
        assert list(machine.first_mismatch([xs, ys], lanes)) == wanted.tolist()
        assert list(machine.first_mismatch([xs, ys], chosen, 2)) == wanted[chosen].tolist()
        assert list(machine.first_mismatch([xs, ys], range(100, 517))) == wanted[100:517].tolist()


def test_lanes_are_parted_by_numbers() -> None:
    numbers, lanes = np.array([3, 0, 3, 3, 7], "i"), np.array([2, 4, 5, 9, 11])
    found = [(number, chosen.tolist()) for number, chosen in _machine.parted(range(10, 15), numbers)]
    assert found == [(0, [11]), (3, [10, 12, 13]), (7, [14])]
    assert [chosen.tolist() for _, chosen in _machine.parted(lanes, numbers)] == [[4], [2, 5, 9], [11]]
    ((number, chosen),) = _machine.parted(lanes[:1], numbers)
    assert number == 3
    assert chosen.tolist() == [2]
    assert _machine.parted(range(2, 4), np.array([5, 5], "i")) == [(5, range(2, 4))]
    for some in range(10, 15), lanes:
        for mine, other in zip(_machine.parted(some, numbers), parted_on_numpy(some, numbers), strict=True):
            assert mine[0] == other[0]
            assert mine[1].tolist() == other[1].tolist()


def test_without_guards_nothing_is_answered_otherwise() -> None:
    x = Value(1.0)
    machine = Machine(flatten([x], [x]))
    assert list(machine.first_mismatch([array("d", [1.0, 2.0])], 2)) == [0, 0]
    assert machine.one_mismatch([1.0]) == 0


# ── trouble ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("columns", "lanes", "outs", "error"),
    [
        ([np.zeros(5)], 5, [np.zeros(5)], "got 1 columns; expected 2"),
        ([np.zeros(5), np.zeros(4)], 5, [np.zeros(5)], "column 1: got 4 numbers; expected one for each of 5 lanes"),
        ([np.zeros(5), np.zeros(5)], 5, [np.zeros(4)], "output 0: got 4 numbers"),
        ([np.zeros(5), np.zeros(5)], 5, [], "got 0 outs; expected 1"),
        ([np.zeros(5), np.zeros(5)], 5, [None], "output 0 is None"),
        ([np.zeros(5), np.zeros(5)], -1, [np.zeros(5)], "got -1 lanes; expected 0 or more"),
        ([np.zeros(5), np.zeros(5)], range(2, 6), [np.zeros(5)], "got 5 numbers; expected one for each of 6 lanes"),
        ([np.zeros(5), np.zeros(5)], range(-1, 3), [np.zeros(5)], r"range\(-1, 3\) as lanes; expected a range from 0"),
        ([np.zeros(5), np.zeros(5)], range(0, 4, 2), [np.zeros(5)], r"got range\(0, 4, 2\) as lanes"),
        ([np.zeros(5), np.zeros(5)], np.array([1, 5]), [np.zeros(5)], "column 0: got 5 numbers"),
        ([np.zeros(5), np.zeros(5)], np.array([1, -2]), [np.zeros(5)], "got the index -2; expected 0 or more"),
        ([np.zeros(5), np.zeros(5)], np.array([0.0]), [np.zeros(5)], "lanes: expected a number or a contiguous array"),
        ([np.zeros(5), np.zeros(5, dtype="f4")], 5, [np.zeros(5)], "column 1: got ndarray of format"),
        ([np.zeros(5), np.zeros((5, 5))], 5, [np.zeros(5)], "column 1: got ndarray of format"),
    ],
)
def test_what_does_not_fit_is_refused(
    product_machine: Any, columns: Any, lanes: Any, outs: Any, error: str
) -> None:
    with pytest.raises(ArgumentError, match=error):
        product_machine.run(columns, lanes, outs)


def test_outputs_that_cannot_be_written_are_refused(product_machine: Any) -> None:
    out = np.zeros(5)
    out.setflags(write=False)
    with pytest.raises((BufferError, ValueError), match="read-only"):
        product_machine.run([np.zeros(5)] * 2, 5, [out])


def test_machines_of_no_program_are_refused() -> None:
    x = Value(1.0)
    with pytest.raises(ArgumentError, match="got 2 marks in summed; expected one for each of 1 outputs"):
        Machine(flatten([x], [x]), summed=[True, False])
    with pytest.raises(ArgumentError, match="got width 3"):
        Machine(flatten([x], [x]), width=3)
    with pytest.raises(ArgumentError, match="got 1 numbers; expected 2"):
        Machine(flatten([x], [x, Value(2.0)])).one([1.0])


@pytest.mark.parametrize(
    "parts",
    [
        {"operands": array("I", [0, 2])},
        {"operands": array("I", [0])},
        {"steps": array("H", [1])},
        {"starts": array("I", [0, 1])},
        {"starts": array("I", [1, 2])},
        {"rows": (p.sin,)},
        {"outputs": array("I", [3])},
        {"guards": array("I", [3]), "outcomes": b"\1"},
        {"guards": array("I", [2])},
        {"varying": b"\1"},
    ],
)
def test_programs_whose_parts_do_not_fit_are_refused(parts: dict[str, Any]) -> None:
    whole = program_of(p.add, 2)
    with pytest.raises(ArgumentError, match="whose parts do not fit together"):
        Machine(replace(whole, **parts))


def test_a_run_that_needs_too_much_memory_says_so() -> None:
    resource = pytest.importorskip("resource")
    x = Value(1.0)
    nodes = [x]
    for _ in range(20_000):
        nodes.append(math.sin(nodes[-1]))
    total = nodes[0]
    for node in reversed(nodes):  # keeps every node to the end
        total = total + node
    machine = Machine(flatten([total], [x]))
    column, out = np.zeros(1024), np.zeros(1024)
    assert machine.counts()["slots"] > 20_000
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + 4_000_000, before[1]))
    try:
        with pytest.raises(MemoryError):
            machine.run([column], 1024, [out], tile=1024)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    machine.run([column], 1024, [out])
    assert not out.any()


def test_a_run_can_be_interrupted() -> None:
    x = Value(1.0)
    z = x
    for _ in range(1000):
        z = math.sin(z)
    machine = Machine(flatten([z], [x]), summed=[True])
    timer = threading.Timer(0.2, _thread.interrupt_main)
    begin = time.perf_counter()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        machine.run([0.5], 100_000_000, ())
    assert time.perf_counter() - begin < 20.0
    timer.join()


def test_memory_does_not_grow_with_the_lanes() -> None:
    resource = pytest.importorskip("resource")
    x, y = Value(1.0), Value(2.0)
    machine = Machine(flatten([x * y, x + y], [x, y], varying=[True, False]), summed=[True, True])
    column = np.lib.stride_tricks.as_strided(np.ones(1), (10_000_000,), (0,))
    machine.run([column, 2.0], 10_000, ())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert machine.run([column, 2.0], 10_000_000, (), threads=2) == [2e7, 3e7]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000
