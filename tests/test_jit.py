"""`jit` and `vmap`: functions of scalars that run as programs give what they give when they are run."""

from __future__ import annotations

import gc
import pickle
import subprocess
import sys
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest

from autograd import (
    Primitive,
    Value,
    adjoints,
    calls,
    columns,
    core,
    grad,
    hessian,
    jacobian,
    jit,
    jvp,
    lanes,
    math,
    paths,
    value_and_grad,
    vjp,
    vmap,
)
from autograd.errors import ArgumentError, RecordingError
from autograd.jit import MOST_SHAPES
from autograd.kernel import Application, Kernel
from autograd.machine import Machine
from autograd.paths import Options
from autograd.program import Program
from autograd.record import Recording

rng = np.random.default_rng(0)


# ── functions as people write them ───────────────────────────────────────────────────────────────────────────────────


def collatz(n: Any) -> Any:
    turns = 0.0
    while n != 1.0:
        n = 3.0 * n + 1.0 if n % 2.0 else n / 2.0
        turns += 1.0
    return turns


def tariff(x: Any) -> Any:
    if x < 10.0:
        return 0.1 * x
    elif x < 50.0:
        return 1.0 + 0.2 * (x - 10.0)
    return 9.0 + 0.3 * (x - 50.0) if x < 100.0 else 24.0 + 0.5 * (x - 100.0)


def root(x: Any, start: float = 1.0) -> Any:
    """Newton's iteration, until it no longer moves."""
    y = start + 0.0 * x
    while abs(y * y - x) > 1e-12 * x:
        y = (y + x / y) / 2.0
    return y


def knocked_out(price: Any, volatility: Any, normals: Any, barrier: float = 85.0, strike: float = 100.0) -> Any:
    for z in normals:
        price = price * math.exp(-0.01 * volatility**2 + 0.1414 * volatility * z)
        if price < barrier:
            return 0.0
    return max(price - strike, 0.0)


def knocked_out_by_flag(price: Any, volatility: Any, normals: Any, barrier: float = 85.0, strike: float = 100.0) -> Any:
    alive = True
    for z in normals:
        price = price * math.exp(-0.01 * volatility**2 + 0.1414 * volatility * z)
        if price < barrier:
            alive = False
    return max(price - strike, 0.0) if alive else 0.0


def floored(x: Any, shocks: Any) -> Any:
    """A variance that is floored at each step, as in simulations."""
    for z in shocks:
        positive = x if x > 0.0 else 0.0
        x = x + 0.3 * (0.04 - positive) + math.sqrt(positive) * z
    return x


NORMALS = rng.standard_normal((40, 10))
CASES: dict[str, tuple[Callable[..., Any], Any, tuple[Any, ...]]] = {
    "collatz": (collatz, 0, (np.array([1.0, 2.0, 3.0, 6.0, 7.0, 3.0]),)),
    "tariff": (tariff, 0, (rng.uniform(0.0, 150.0, 50),)),
    "root": (root, 0, (rng.uniform(0.1, 90.0, 30),)),
    "early return": (knocked_out, (None, None, 0), (100.0, 0.3, NORMALS)),
    "flag": (knocked_out_by_flag, (None, None, 0), (100.0, 0.3, NORMALS)),
    "floor": (floored, (0, 0), (rng.uniform(-0.1, 0.1, 40), NORMALS * 0.1)),
}
cases = pytest.mark.parametrize("name", CASES)


def lanes_of(axes: Any, args: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Return the arguments of each lane, as plain numbers and lists."""
    axes = axes if isinstance(axes, tuple) else (axes,) * len(args)
    count = next(len(x) for x, axis in zip(args, axes) if axis is not None)
    return [tuple(x if axis is None else x[i].tolist() for x, axis in zip(args, axes)) for i in range(count)]


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(np.asarray(found, float), np.asarray(expected, float), rtol=1e-12, atol=1e-300)


def same(found: Any, expected: Any) -> None:
    np.testing.assert_array_equal(np.asarray(found, float), np.asarray(expected, float))


@cases
def test_each_lane_gives_what_the_function_gives(name: str) -> None:
    f, axes, args = CASES[name]
    expected = [f(*lane) for lane in lanes_of(axes, args)]
    close(vmap(f, axes)(*args), expected)
    same(vmap(f, axes, exact=True)(*args), expected)
    compiled = jit(f, exact=True)
    same([compiled(*lane) for lane in lanes_of(axes, args)], expected)


@cases
@pytest.mark.parametrize("transform", [grad, hessian])
def test_so_do_derivatives(name: str, transform: Callable[..., Any]) -> None:
    f, axes, args = CASES[name]
    expected = np.array([transform(f)(*lane) for lane in lanes_of(axes, args)], float)
    scale: Any = {"rtol": 1e-11, "atol": 1e-11 * np.abs(expected).max()}
    np.testing.assert_allclose(vmap(transform(f), axes)(*args), expected, **scale)
    same(vmap(transform(f), axes, exact=True)(*args), expected)
    for compiled in jit(transform(f)), transform(jit(f)):
        np.testing.assert_allclose([compiled(*lane) for lane in lanes_of(axes, args)], expected, **scale)


def test_branches_that_only_compute_are_not_paths() -> None:
    for name in "flag", "floor":
        f, axes, args = CASES[name]
        compiled = vmap(value_and_grad(f), axes)
        compiled(*args)
        assert len(compiled.programs) == 1


def test_loops_that_end_on_data_are_one_path_for_each_number_of_turns() -> None:
    compiled = vmap(collatz)
    compiled(np.array([1.0, 2.0, 4.0, 8.0, 5.0, 32.0, 4.0]))
    assert len(compiled.programs) == 5  # 5 takes as many turns as 32, but others


def test_all_lanes_may_take_a_path_that_is_new() -> None:
    compiled = vmap(lambda x: x * x if len([1] * bool(x > 0.0)) else -x)
    for x in np.array([1.0, 2.0]), np.array([-1.0, -2.0]), np.array([-3.0, -4.0]), np.array([3.0, -5.0]):
        same(compiled(x), [y * y if y > 0.0 else -y for y in x.tolist()])


def test_lanes_that_are_recorded_take_that_path_even_if_rounding_says_otherwise() -> None:
    def f(a: Any, b: Any, c: Any) -> float:
        return 1.0 if bool(a - (b - c) > 0.5) is True else 2.0

    large = (1.0, 1e16, 1e16)  # 1 eagerly, but 0 if it is added up from left to right
    compiled = jit(f)
    for _ in range(2):
        assert compiled(*large) == f(*large) == 1.0
        same(vmap(f)(*np.array([large, large]).T), [1.0, 1.0])
    assert len(compiled.programs) == 1


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many lanes are asked at a time by which path they go."""
    counts: list[int] = []

    class Counted(Machine):
        def first_mismatch(self, columns: Any, lanes: Any, *options: Any) -> Any:
            counts.append(len(lanes))
            return super().first_mismatch(columns, lanes, *options)

    monkeypatch.setattr(paths, "Machine", Counted)
    return counts


def test_the_longest_of_paths_that_begin_alike_asks_for_all(asked: list[int]) -> None:
    compiled = vmap(tariff, exact=True)  # no branch becomes a selection
    x = np.array([5.0, 200.0, 30.0, 7.0, 70.0])
    same(compiled(x), [tariff(each) for each in x])
    asked.clear()
    same(compiled(x), [tariff(each) for each in x])
    assert asked == [5]


def test_lanes_are_not_asked_again_what_they_have_answered(asked: list[int]) -> None:
    def turns(x: Any) -> float:
        y = 0.0
        if x < 10.0:
            while x < 0.0:
                x, y = x + 1.0, y + 1.0
            return y
        return -1.0 if x < 20.0 else -2.0

    compiled = vmap(turns, exact=True)
    x = np.array([-3.0, 15.0, -1.0, 25.0, 5.0, -2.0, 16.0, -4.0])
    for _ in range(2):
        asked.clear()
        same(compiled(x), [turns(each) for each in x])
    assert asked == [8, 3]  # the longest loop, and those who did not come to it


def test_lanes_are_sorted_block_by_block(asked: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "BLOCK", 40)
    x = rng.uniform(1.0, 100.0, 130)
    x[40:80] = 64.0  # all of a block go the same way
    for function in collatz, root:
        numbers = np.round(x) if function is collatz else x
        compiled = vmap(value_and_grad(function), exact=True, max_paths=500)
        asked.clear()
        for _ in range(2):
            found, slopes = compiled(numbers)
            expected = [value_and_grad(function)(each) for each in numbers.tolist()]
            same(found, [value for value, _ in expected])
            same(slopes, [slope for _, slope in expected])
        assert max(asked) == 40
    total = vmap(root, reduce="sum")
    in_threads = jit(total, threads=3)
    for _ in range(2):
        sums = total(x), in_threads(x)
    assert sums[0] == sums[1]
    close(sums[0], sum(map(root, x.tolist())))


# ── structures, axes, kinds of numbers ───────────────────────────────────────────────────────────────────────────────


def test_arguments_and_results_are_structures() -> None:
    @jit
    def f(point: Any, scale: Any, name: str) -> Any:
        return {name: (point["x"] * scale, [point["y"][0] / scale]), "none": None}

    assert f({"x": 3.0, "y": (8.0,)}, 2.0, "a") == {"a": (6.0, [4.0]), "none": None}
    assert f({"x": 3.0, "y": (8.0,)}, 2.0, name="b") == {"b": (6.0, [4.0]), "none": None}


def test_arrays_are_arguments_and_results() -> None:
    matrix = np.arange(6.0).reshape(2, 3)
    same(jit(lambda a, b: a @ b)(matrix, matrix.T), matrix @ matrix.T)
    twice = np.stack([matrix, 2.0 * matrix])
    same(vmap(lambda a, b: a @ b, (0, None))(twice, matrix.T), twice @ matrix.T)


@pytest.mark.parametrize(
    "numbers",
    [
        np.arange(5),
        np.arange(5, dtype=np.float32),
        np.array([True, False, True]),
        np.arange(10.0)[::2],
        np.arange(5.0)[::-1],
        np.asfortranarray(np.arange(6.0).reshape(2, 3))[0],
        np.arange(3, dtype=">f8"),
    ],
    ids=["int", "float32", "bool", "strided", "backwards", "Fortran", "big-endian"],
)
def test_arrays_of_any_layout_and_kind_of_real_numbers(numbers: Any) -> None:
    same(vmap(lambda x: x * x + 1.0)(numbers), numbers.astype(float) ** 2 + 1.0)


def test_axes_are_those_of_jax() -> None:
    matrix = np.arange(6.0).reshape(2, 3)
    same(vmap(lambda row: row[0] + 10.0 * row[-1])(matrix), matrix[:, 0] + 10.0 * matrix[:, -1])
    same(vmap(lambda column: column[0] + 10.0 * column[-1], in_axes=1)(matrix), matrix[0] + 10.0 * matrix[-1])
    same(vmap(lambda column: column[0], in_axes=-1)(matrix), matrix[0])
    axes = {"a": 0, "b": None}, None
    same(vmap(lambda p, y: p["a"] * p["b"] + y, axes)({"a": matrix[0], "b": 2.0}, 1.0), 2.0 * matrix[0] + 1.0)
    same(vmap(lambda xs: xs[0] + xs[-1], ([0] * 300,))([matrix[0]] * 300), 2.0 * matrix[0])
    same(vmap(lambda x, *, y: x - y)(matrix[0], y=matrix[1]), matrix[0] - matrix[1])


def test_an_empty_batch_has_no_results() -> None:
    assert vmap(lambda x: x * x, reduce="sum")(np.array([])) == 0.0
    assert vmap(lambda x: x * x)(np.array([])).shape == (0,)


def test_results_that_do_not_depend_on_the_lane_are_given_for_each() -> None:
    same(vmap(lambda x: 3.0)(np.arange(4.0)), [3.0] * 4)


@pytest.mark.parametrize("count", [10, 8_000, 200_000])
def test_results_of_any_size_are_arrays_of_their_own(count: int) -> None:
    """Though those of medium size are parts of one."""
    xs = np.arange(float(count))
    once, table, twice = vmap(lambda x: (x, np.array([-x, x * 3.0]), [2.0 * x]))(xs)
    once[:] = 0.0
    assert table.tolist() == np.stack([-xs, xs * 3.0], axis=1).tolist()
    assert twice[0].tolist() == (2.0 * xs).tolist()


def test_arguments_and_results_are_freed_as_soon_as_nobody_needs_them() -> None:
    xs = np.arange(10.0)
    gc.collect()
    gc.disable()
    try:
        once, [twice] = vmap(lambda x: (x, [2.0 * x]))(xs)
        given, found = weakref.ref(xs), weakref.ref(twice)
        del xs, once, twice
        assert given() is None
        assert found() is None
    finally:
        gc.enable()


def cubes(w: Any, x: Any) -> Any:
    return w * x * x


def of_sums(w: Value) -> None:
    vmap(cubes, (None, 0), reduce="sum")(w * 3.0, np.arange(50.0)).backward()


def of_lanes(w: Value) -> None:
    sum(vmap(cubes, (None, 0))(w * 3.0, np.arange(50.0))).backward()


def of_captured(w: Value) -> None:
    computed = w * 3.0
    compiled = jit(lambda x: x * computed)
    compiled(Value(2.0)).backward()
    compiled(1.0)


def of_calls(w: Value) -> None:
    compiled = jit(value_and_grad(lambda x, ys: vmap(lambda y: y * y * x, reduce="sum")(ys) * x))
    for _ in range(3):
        compiled(2.0, np.arange(50.0))


@pytest.mark.parametrize("use", [of_sums, of_lanes, of_captured, of_calls])
@pytest.mark.parametrize("kept", [False, True], ids=["alone", "beside an old Value"])
def test_what_a_compiled_function_held_is_freed_with_it(use: Callable[[Value], None], kept: bool) -> None:
    """Programs, machines, paths, and the columns that its nodes would be differentiated with."""

    def alive() -> list[object]:
        gc.collect()
        kinds = Application, Kernel, paths.Path, Program, Primitive
        return [x for x in gc.get_objects() if type(x) in kinds]

    w = Value(2.0)
    old = w * 2.0 if kept else w
    use(w)  # what is made once, whoever uses it
    before = len(alive())
    for _ in range(3):
        use(w)
    assert len(alive()) == before
    old.backward()


def test_an_array_of_nodes_may_be_of_any_length() -> None:
    w, xs = Value(2.0), np.arange(10_000.0)
    nodes = vmap(lambda w, x: w * x, (None, 0))(w, xs)
    math.fsum(nodes).backward()
    assert ([x.data for x in nodes], w.grad) == ((2.0 * xs).tolist(), xs.sum())


def test_what_a_compiled_function_computed_can_be_captured_by_another() -> None:
    w, x = Value(2.0), Value(3.0)
    node = jit(lambda w: w * w * w)(w)

    def scaled(x: Any) -> Any:
        return node * x

    assert jit(scaled)(5.0).data == 40.0
    assert jit(grad(scaled))(5.0).data == 8.0
    y = jit(scaled)(x)
    y.backward()
    assert (y.data, x.grad, w.grad) == (24.0, 8.0, 36.0)
    w.grad = 0.0
    vmap(scaled, reduce="sum")(np.array([1.0, 2.0])).backward()
    assert w.grad == 36.0
    [slope] = core.adjoints({y: 1.0}, [w], record=True)
    assert core.adjoints({slope: 1.0}, [w, x]) == [36.0, 12.0]


# ── sums over lanes ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_sums_and_means_over_lanes() -> None:
    x = rng.standard_normal(3000)
    close(vmap(lambda x: x * x, reduce="sum")(x), np.sum(x * x))
    close(vmap(lambda x: (x * x, x), reduce="mean")(x), [np.mean(x * x), np.mean(x)])


def loss(weights: Any, x: Any, y: Any) -> Any:
    prediction = math.tanh(weights[0] * x + weights[1])
    return (prediction - y) ** 2 if prediction > 0.0 else 2.0 * (prediction - y) ** 2


def test_the_gradient_of_a_mean_is_a_program() -> None:
    x, y = rng.standard_normal(20), rng.standard_normal(20)
    batch = vmap(loss, (None, 0, 0), reduce="mean")

    def eager(weights: Any, x: Any, y: Any) -> Any:
        return sum(loss(weights, a, b) for a, b in zip(x, y)) / len(x)

    for transform in value_and_grad, grad, hessian, jacobian:
        found = transform(batch)([0.5, 0.1], x, y)
        expected = transform(eager)([0.5, 0.1], x.tolist(), y.tolist())
        close(np.hstack([*found]), np.hstack([*expected]))
    weights, xs = grad(batch, argnums=(0, 1))([0.5, 0.1], x, y)
    expected = grad(eager, argnums=(0, 1))([0.5, 0.1], x.tolist(), y.tolist())
    close(weights, expected[0])
    close(xs, expected[1])


# ── Values ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_gradients_flow_to_values_that_the_function_finds() -> None:
    w = Value(3.0, label="w")
    f = jit(lambda x: math.sin(w * x) if x > 0.0 else w)
    y = f(2.0)
    y.backward()
    assert (y.data, w.grad) == (math.sin(6.0), 2.0 * math.cos(6.0))
    w.data = 4.0
    assert f(2.0).data == math.sin(8.0)
    assert f(-2.0).data == 4.0


def test_a_compiled_function_of_values_is_one_node() -> None:
    x, y = Value(0.3), Value(0.7)
    z = jit(lambda x, y: math.exp(x * y) / (x + y))(x, y)
    assert z.operands == (x, y)
    (slope,) = adjoints(z, [x])
    expected = grad(grad(lambda x, y: math.exp(x * y) / (x + y)), argnums=(0, 1))(0.3, 0.7)
    close([s.data for s in adjoints(slope, [x, y])], expected)


def test_a_node_can_be_computed_for_other_numbers() -> None:
    z, _ = jit(lambda x, y: (x * math.sin(y), x + y))(Value(0.3), Value(0.7))
    assert z.primitive is not None
    assert z.primitive(2.0, 0.5) == 2.0 * math.sin(0.5)
    assert z.primitive.partials(0.0, (2.0, 0.5), (True, True)) == (math.sin(0.5), 2.0 * math.cos(0.5))


def test_a_batch_of_values_is_one_node_per_lane() -> None:
    w = [Value(0.5), Value(0.1)]
    xs = np.array([Value(1.0), Value(-2.0)], object)
    out = vmap(lambda w, x: math.tanh(w[0] * x + w[1]), (None, 0))(w, xs)
    (out[0] + 2.0 * out[1]).backward()
    copies, (a, b) = [Value(0.5), Value(0.1)], (Value(1.0), Value(-2.0))
    (math.tanh(copies[0] * a + copies[1]) + 2.0 * math.tanh(copies[0] * b + copies[1])).backward()
    close([x.grad for x in (*w, *xs)], [x.grad for x in (*copies, a, b)])


def test_lanes_of_values_may_give_arrays() -> None:
    w, xs = Value(0.5), np.array([1.0, -2.0, 3.0])
    out = vmap(lambda x: np.array([[w * x, x], [w, x * x]]))(xs)
    assert out.shape == (3, 2, 2)
    adjoint = adjoints(out[1, 0, 0], [w])
    assert (out[2, 0, 0].data, out[2, 1, 1], adjoint) == (1.5, 9.0, [-2.0])


def test_a_mean_over_a_batch_trains_the_parameters_that_it_finds() -> None:
    w = [Value(0.5), Value(0.1)]
    x, y = rng.standard_normal(20), rng.standard_normal(20)
    batch = vmap(lambda x, y: loss(w, x, y), reduce="mean")
    value = batch(x, y)
    value.backward()
    expected, slopes = value_and_grad(vmap(loss, (None, 0, 0), reduce="mean"))([0.5, 0.1], x, y)
    close([value.data, *(parameter.grad for parameter in w)], [expected, *slopes])


# ── around one another ───────────────────────────────────────────────────────────────────────────────────────────────


def test_transforms_around_transforms() -> None:
    def f(x: Any, y: Any) -> Any:
        return x * x * y if x > y else math.sin(x) * y

    x, y = rng.standard_normal(8), rng.standard_normal(8)
    values = [f(a, b) for a, b in zip(x.tolist(), y.tolist())]
    for compiled in vmap(jit(f)), jit(vmap(f)), jit(jit(vmap(f))):
        close(compiled(x, y), values)
    close(jit(lambda x, y: vmap(f)(x, y).sum())(x, y), sum(values))
    close(vmap(vmap(f, (0, None), reduce="mean"), (None, 0))(x, y[:1]), [np.mean([f(a, y[0]) for a in x])])
    close(jit(lambda x, y: vmap(f, reduce="sum")(x, y))(x, y), sum(values))
    close(vmap(vmap(f), (None, 0))(x, np.stack([y, y, y])), [values] * 3)
    expected = [grad(f)(a, b) for a, b in zip(x.tolist(), y.tolist())]
    close(np.diagonal(jacobian(vmap(f))(x, y)), expected)
    close(grad(lambda x: vmap(f)(x, y).sum())(x), expected)
    inner = jit(f)
    close(jit(lambda x: inner(x, 2.0) + inner(2.0, x))(0.5), f(0.5, 2.0) + f(2.0, 0.5))
    value, slope = jvp(jit(f), (0.5, 0.2), (1.0, 0.0))
    close([value, slope], [f(0.5, 0.2), grad(f)(0.5, 0.2)])
    value, pull_back = vjp(jit(f), 0.5, 0.2)
    close(pull_back(1.0), grad(f, argnums=(0, 1))(0.5, 0.2))


# ── what is kept ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_no_number_is_a_constant_of_the_program() -> None:
    f = vmap(lambda x, way: x * x if way == "square" else -x)
    numbers = np.array([1.0, 2.0])
    for _ in range(2):
        same(f(numbers, "square"), numbers**2)
        same(f(numbers, "negate"), -numbers)
        same(f(numbers, None), -numbers)
    assert len(f.programs) == 3
    same(vmap(lambda p: p[0] * 2.0 if p[1] is None else p[0], 0)((numbers, None)), 2.0 * numbers)


def test_programs_are_recorded_once_per_structure() -> None:
    runs = []

    @jit
    def f(x: Any) -> Any:
        runs.append(x)
        return sum(x) if isinstance(x, list) else x

    for _ in range(3):
        f(1.0), f(2.0), f([1.0, 2.0]), f([3.0, 4.0])
    assert len(runs) == len(f.programs) == 2
    assert f.__name__ == "f"


def test_arguments_may_have_another_shape_each_time() -> None:
    product, mean = vmap(lambda x, y: x * y, (0, None)), vmap(lambda x: x, reduce="mean")
    total = jit(lambda xs: sum(xs[1:], xs[0]))
    for size in [3, 1, 3, 2, 300, 3, 1]:
        xs = np.arange(float(size))
        same(product(xs, 2.0), 2.0 * xs)
        same(product(xs, 3), 3.0 * xs)
        same(mean(xs[::-1]), (size - 1) / 2)
        if size < 10:
            same(total(xs), size * (size - 1) / 2)


def test_more_shapes_than_are_remembered() -> None:
    double = vmap(lambda x: 2.0 * x)
    for size in range(MOST_SHAPES + 2):
        same(double(np.arange(float(size))), 2.0 * np.arange(float(size)))
    assert len(double.programs) == 1
    assert len(double._known) == 2  # the others have been forgotten


def test_arguments_of_known_shapes_are_not_taken_apart_again(monkeypatch: pytest.MonkeyPatch) -> None:
    module, taken = sys.modules["autograd.jit"], []
    for name in "over_lanes", "without_lanes":
        taking = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *args, taking=taking: taken.append(args) or taking(*args))
    looked, look = [], columns.numbers_of
    monkeypatch.setattr(columns, "numbers_of", lambda block: looked.append(block) or look(block))
    product, total = vmap(lambda x, y: x * y, (0, None)), jit(lambda xs, y: xs[0] + y)
    for size in 2, 3:
        for y in 2.0, 3.0:
            xs = np.arange(float(size))
            same(product(xs, y), y * xs)
            assert total(xs, y) == y
    assert len(taken) == 4  # one for each function and each size
    assert len(looked) == 8  # two arguments of each: the next ones hold no Values


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_lanes_along_any_axis_the_first_time_and_again(axis: int) -> None:
    table = rng.standard_normal((2, 3, 4))
    twice = vmap(lambda x: x * 2.0, axis)
    for _ in range(2):
        same(twice(table), 2.0 * np.moveaxis(table, axis, 0))
        same(twice(table[::-1, ::2]), 2.0 * np.moveaxis(table[::-1, ::2], axis, 0))


def module_level(x: Any) -> Any:
    return collatz(x) * x


@jit
def decorated(x: Any) -> Any:
    return module_level(x) + 1.0


@pytest.mark.parametrize("compiled", [jit(module_level), jit(grad(module_level)), decorated])
def test_compiled_functions_are_pickled_with_their_programs(compiled: Any) -> None:
    found = [compiled(3.0), compiled(7.0)]
    count = len(compiled.programs)
    copied = pickle.loads(pickle.dumps(compiled))
    assert len(copied.programs) == count >= 2
    assert [copied(3.0), copied(7.0)] == found
    assert len(copied.programs) == count
    assert copied(9.0) == compiled(9.0)


@pytest.mark.parametrize("kind", [Program, Recording, Options, calls.Call, lanes.Call, Application])
def test_what_calls_share_cannot_be_changed(kind: Any) -> None:
    shared = object.__new__(kind)
    with pytest.raises(FrozenInstanceError):
        shared.count = 1


def test_functions_of_numbers_need_no_numpy() -> None:
    program = (
        "import sys\n"
        "sys.modules['numpy'] = None  # importing it would fail\n"
        "from autograd import grad, jit\n"
        "f = jit(lambda p: {'b': p['a'] * p['a'] if len([1] * bool(p['a'] > 0.0)) else 2.0})\n"
        "g = jit(grad(lambda x: x * x))\n"
        "print(f({'a': 3.0}), f({'a': 3.0}), f({'a': -3.0}), g(3.0), g(4.0))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("{'b': 9.0} {'b': 9.0} {'b': 2.0} 6.0 8.0\n", "")


def test_threads_share_a_compiled_function() -> None:
    compiled = jit(collatz)
    numbers = [float(n) for n in range(1, 40)] * 3
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(compiled, numbers)) == [collatz(n) for n in numbers]


# ── errors ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_too_many_paths_name_the_place() -> None:
    compiled = vmap(collatz, max_paths=4)
    with pytest.raises(RecordingError, match=r"^collatz: more than 4 paths; at .*test_jit\.py:\d+ in collatz") as e:
        compiled(np.arange(1.0, 20.0))
    assert str(e.value).endswith("use autograd.math.where there, or raise max_paths")
    with pytest.raises(RecordingError):
        compiled(np.arange(1.0, 20.0))


def test_errors_are_the_users_own_and_name_the_lane() -> None:
    def f(x: Any) -> Any:
        if x > 2.0:
            raise KeyError("too large")
        return x

    with pytest.raises(KeyError) as caught:
        vmap(f)(np.array([1.0, 2.0, 5.0]))
    assert caught.value.__notes__ == ["in lane 2 of f"]
    with pytest.raises(KeyError) as caught:
        jit(f)(5.0)
    assert not hasattr(caught.value, "__notes__")


def test_lanes_have_to_be_equally_many() -> None:
    with pytest.raises(ArgumentError) as caught:
        vmap(lambda x, y: x)(np.arange(3.0), np.arange(4.0))
    assert str(caught.value) == (
        "<lambda>: got 3 in <lambda>[0][0], 4 in <lambda>[0][1]; expected the same number of lanes in all arguments"
    )


@pytest.mark.parametrize(
    ("axes", "args", "text"),
    [
        (0, (1.0,), "expected an array with the lanes along axis 0"),
        (2, (np.zeros(3),), "expected an array with the lanes along axis 2"),
        (-2, (np.zeros(3),), "expected an array with the lanes along axis -2"),
        (0, (np.array(["a"]),), "got an array of <U1; expected real numbers"),
        ((0, 0), (np.zeros(3),), "in_axes has 2 entries for 1 positional arguments"),
        ("0", (np.zeros(3),), "expected an int, None, or a structure of these"),
        (([0, 0],), ([np.zeros(3)],), "expected one entry for each of the 1 parts"),
        (None, (1.0,), "got no argument with lanes; expected the same number of lanes in all arguments"),
    ],
)
def test_axes_have_to_fit(axes: Any, args: Any, text: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        vmap(lambda x: x, axes)(*args)
    assert text in str(caught.value)


def test_reductions_have_names() -> None:
    with pytest.raises(ArgumentError, match=r"^vmap: reduce: got 'max' \(str\); expected 'sum', 'mean' or None$"):
        vmap(lambda x: x, reduce="max")


def test_all_lanes_return_the_same_structure() -> None:
    def f(x: Any) -> Any:
        if x > 0.0:
            return x, x
        return x

    with pytest.raises(ArgumentError, match=r"^f: some lanes return .*, others .*number.*; expected the same of all$"):
        vmap(f)(np.array([-1.0, 1.0]))
