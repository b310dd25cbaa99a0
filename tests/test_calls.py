"""Calls over lanes within compiled functions of one lane: they stay calls, and change no result."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from autograd import Value, adjoints, core, grad, hessian, jit, math, value_and_grad, vmap
from autograd.errors import ArgumentError, RecordingError
from autograd.jit import Compiled
from autograd.machine import Lane
from autograd.paths import NO_WAY, Shortcut
from autograd.primitives import primitive
from autograd.structures import flatten

rng = np.random.default_rng(0)
WEIGHTS = rng.standard_normal(3)
POINTS, LABELS = rng.standard_normal((20, 2)), np.sign(rng.standard_normal(20))


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(np.array(found, float), np.array(expected, float), rtol=1e-13, atol=1e-15)


def margin(weights: Any, point: Any, label: Any) -> Any:
    score = weights[0] * point[0] + weights[1] * point[1] + weights[2]
    return math.relu(1.0 - label * math.tanh(score))


def calls(compiled: Compiled) -> list[int]:
    """Return how many calls over lanes each recorded path makes."""
    return [len(path.calls) for _, kernel in compiled._kernels for path in kernel.paths.all]


def of_sums(weights: Any, points: Any, labels: Any, rate: Any) -> Any:
    """Take the gradient of a sum over lanes."""
    value, slopes = value_and_grad(vmap(margin, (None, 0, 0), reduce="mean"))(weights, points, labels)
    return value, weights - rate * slopes


def of_losses(weights: Any, points: Any, labels: Any, rate: Any) -> Any:
    """Take the gradient of a function that a sum over lanes is a part of."""

    def loss(weights: Any) -> Any:
        return vmap(margin, (None, 0, 0), reduce="mean")(weights, points, labels) + 1e-2 * sum(w * w for w in weights)

    value, slopes = value_and_grad(loss)(weights)
    return value, weights - rate * slopes


def of_captured(weights: Any, points: Any, labels: Any, rate: Any) -> Any:
    """Let lanes find what the derivative is taken by."""

    def loss(weights: Any) -> Any:
        return vmap(lambda x, y: margin(weights, x, y), reduce="sum")(points, labels) / 20.0

    value, slopes = value_and_grad(loss)(weights)
    return value, weights - rate * slopes


# ── that they stay calls ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("step", [of_sums, of_losses, of_captured])
def test_a_training_step_is_one_program_around_its_calls(step: Any) -> None:
    compiled, weights = jit(step), WEIGHTS
    for rate in 0.5, 0.25, 0.125:
        expected = step(weights, POINTS, LABELS, rate)
        value, updated = compiled(weights, POINTS, LABELS, rate)
        close([value, *updated], [expected[0], *expected[1]])
        weights = updated
    (program,) = compiled.programs
    assert calls(compiled) == [1]
    assert len(program.steps) < 20  # as many points would need hundreds


def test_what_goes_in_may_be_computed_and_may_come_from_another_call() -> None:
    def unstacked(x: Any, y: Any) -> Any:
        return sum(a * np.sin(2.0 * y) for a in (x[2] / y, x[0] / y, y + 1.0))

    def g(x: Any, y: Any) -> Any:
        scaled = vmap(lambda a, b: a / b, (0, None))(x, y)
        cells = np.array([scaled[2], scaled[0], y + 1.0])
        return vmap(lambda a, b: a * math.sin(b), (0, None), reduce="sum")(cells, 2.0 * y)

    compiled = jit(g)
    for y in 0.5, 3.0:
        close(compiled(np.array([1.0, 2.0, 3.0]), y), unstacked([1.0, 2.0, 3.0], y))
    assert calls(compiled) == [2]


def test_calls_are_made_in_the_order_in_which_they_need_one_another() -> None:
    def f(xs: Any) -> Any:
        total = 1.0
        for _ in range(4):
            total = vmap(lambda x, y: math.sin(x + y), (0, None), reduce="sum")(xs, total)
        return total

    compiled = jit(f)
    for xs in LABELS, 0.5 * LABELS, np.array([2.0]):
        close(compiled(xs), f(xs))
    assert calls(compiled)[0] == 4


def test_what_goes_in_is_computed_first_unless_it_is_there() -> None:
    square = vmap(lambda x: x * x, reduce="sum")
    functions = {"one": lambda xs: 2.0 * square(xs), "first": lambda xs, y: y * square(xs)}
    functions |= {"last": lambda y, xs: y * square(xs), "computed": lambda xs: square(2.0 * xs)}
    steps = {}
    for name, f in functions.items():
        compiled = jit(f)
        args = {"first": (LABELS[:1], 2.0), "last": (2.0, LABELS)}.get(name, (LABELS,))
        for _ in range(2):
            close(compiled(*args), f(*args))
        ((path,),) = (kernel.paths.all for _, kernel in compiled._kernels)
        (frame,) = path._frames
        steps[name] = len(frame.steps)
    assert steps == {"one": 1, "first": 1, "last": 1, "computed": 2}


def test_results_of_each_lane_are_nodes_of_their_own() -> None:
    compiled = jit(lambda points: vmap(lambda p: np.array([p[0] * p[1], math.exp(p[0])]))(points).T)
    close(compiled(POINTS), [POINTS[:, 0] * POINTS[:, 1], np.exp(POINTS[:, 0])])
    assert calls(compiled) == [1]


def test_a_call_of_numbers_alone_is_a_constant() -> None:
    compiled = jit(lambda x: x * vmap(lambda y: y * y, reduce="sum")(LABELS))
    assert compiled(2.0) == 40.0
    assert calls(compiled) == [0]


def test_a_call_of_which_nothing_is_needed_is_not_made() -> None:
    def f(xs: Any) -> Any:
        _, cubes = vmap(lambda x: (x * x, x**3), reduce="sum")(xs)
        vmap(lambda x: math.exp(x), reduce="sum")(xs)
        return 2.0 * cubes

    compiled = jit(f)
    close(compiled(np.array([1.0, 2.0])), 18.0)
    close(compiled(np.array([1.0, 3.0])), 56.0)
    ((call,),) = (path.calls for _, kernel in compiled._kernels for path in kernel.paths.all)
    assert (call.results.start, call.results.stop) == (2, 3)


def test_a_sum_of_which_only_the_slope_is_needed_is_not_taken() -> None:
    compiled = jit(lambda w, xs: grad(lambda w: 2.0 * vmap(lambda x: math.sin(w * x), reduce="sum")(xs))(w))
    for w in 0.5, 0.25:
        close(compiled(w, LABELS), 2.0 * (LABELS * np.cos(w * LABELS)).sum())
    ((call,),) = (path.calls for _, kernel in compiled._kernels for path in kernel.paths.all)
    assert call.results.stop - call.results.start == 1


def test_lanes_find_numbers_that_are_given_anew_each_time() -> None:
    compiled = jit(lambda w, xs: vmap(lambda x: w * x)(xs))
    for w in 2.0, 3.0:
        close(compiled(w, LABELS), w * LABELS)
    assert calls(compiled) == [1]


def test_lanes_may_branch_and_may_take_paths_that_nobody_has_taken_before() -> None:
    def root(x: Any) -> Any:
        y = 1.0
        while abs(y * y - x) > 1e-12:
            y = 0.5 * (y + x / y)
        return y

    compiled = jit(lambda xs: 2.0 * vmap(root, reduce="sum")(xs))
    for xs in np.array([1.0, 2.0, 4.0]), np.array([2.0, 100.0, 1e-3]):
        close(compiled(xs), 2.0 * np.sqrt(xs).sum())
    assert calls(compiled) == [1]


def test_what_is_asked_of_a_sum_decides_on_the_path() -> None:
    def f(xs: Any) -> Any:
        total = vmap(lambda x: x * x, reduce="sum")(xs)
        turns = 0.0
        while total > 1.0:
            total, turns = total / 2.0, turns + 1.0
        return total, turns

    compiled = jit(f)
    for scale in 1.0, 0.1, 4.0, 1.0:
        expected = f(scale * LABELS)
        close(compiled(scale * LABELS), expected)
    assert calls(compiled) == [1, 1, 1]


def test_modules_are_trained_by_what_calls_them_over_lanes() -> None:
    w = Value(0.5, label="w")
    compiled = jit(lambda scale, xs: scale * vmap(lambda x: math.tanh(w * x), reduce="sum")(xs))
    for number in 0.5, -2.0:
        w.data = number
        total = compiled(3.0, LABELS)
        total.backward()
        close(total.data, 3.0 * np.tanh(number * LABELS).sum())
        close(w.grad, (3.0 * LABELS * (1.0 - np.tanh(number * LABELS) ** 2)).sum())
        w.grad = 0.0
    assert calls(compiled) == [1]


def test_threads_have_numbers_of_their_own() -> None:
    compiled = jit(of_sums)
    weights = [rng.standard_normal(3) for _ in range(200)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda w: compiled(w, POINTS, LABELS, 0.1)[1], weights))
    close(found, [of_sums(w, POINTS, LABELS, 0.1)[1] for w in weights])


def test_arguments_may_look_otherwise_from_call_to_call() -> None:
    compiled = jit(of_sums)
    usual = (WEIGHTS, POINTS, LABELS, 0.5)
    value, updated = of_sums(*usual)
    others: list[Any] = [
        usual,
        (WEIGHTS, np.asfortranarray(POINTS), LABELS, 0.5),
        (np.repeat(WEIGHTS, 2)[::2], POINTS, LABELS, 0.5),
        (WEIGHTS, POINTS, LABELS.astype(int), 0.5),
        (WEIGHTS, POINTS, LABELS.astype(np.float32), np.float64(0.5)),
        (WEIGHTS, POINTS, LABELS.astype(">f8"), 0.5),
        (np.array([Value(w) for w in WEIGHTS], object), POINTS, LABELS, 0.5),
    ]
    for args in (arguments for other in others for arguments in (usual, other)):
        found = compiled(*args)
        close([x.data if isinstance(x, Value) else x for x in (found[0], *found[1])], [value, *updated])
    close(compiled(*usual[:3], rate=0.5)[1], updated)
    close(compiled(WEIGHTS, POINTS[:5], LABELS[:5], 0.5)[1], of_sums(WEIGHTS, POINTS[:5], LABELS[:5], 0.5)[1])
    for args in (usual[:3], (WEIGHTS, POINTS.T, LABELS, 0.5)):
        with pytest.raises((TypeError, ArgumentError)):
            compiled(*args)
    close(compiled(*usual)[1], updated)


# ── the shortest way ──────────────────────────────────────────────────────────────────────────────────────────────────

in_c = pytest.mark.skipif(Lane is None, reason="the machine in C fills in the arguments")


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the shortest way has found."""
    found: list[Any] = []
    results = Shortcut.results
    monkeypatch.setattr(Shortcut, "results", lambda shortcut, args: found.append(results(shortcut, args)) or found[-1])
    return found


@in_c
def test_arguments_of_the_shapes_seen_last_take_the_shortest_way(ways: list[Any]) -> None:
    compiled = jit(of_sums)
    for count in 20, 20, 20, 5, 5:
        args = WEIGHTS, POINTS[:count], LABELS[:count]
        expected = of_sums(*args, 0.5)[1]
        close(compiled(*args, 0.5)[1], expected)
        close(compiled(*args, rate=0.5)[1], expected)
        close(jit(lambda rate, args=args: compiled(*args, rate))(0.5)[1], expected)
    assert [found is NO_WAY for found in ways] == [False, False, True, False]
    with pytest.raises(TypeError, match="unexpected keyword"):
        compiled(*args, 0.5, other=1.0)


@in_c
def test_it_is_taken_again_by_shapes_that_come_back(ways: list[Any]) -> None:
    compiled = jit(lambda x, y: x * y)
    for x in 1.0, 2.0, LABELS, 3.0, 4.0:
        assert np.all(compiled(x, 0.5) == x * 0.5)
    assert [found is NO_WAY for found in ways] == [False, True, True, False]


@in_c
def test_what_is_no_number_is_refused_on_every_way() -> None:
    compiled = jit(lambda ys: ys[0] * ys)
    for _ in range(2):
        close(compiled(LABELS), LABELS[0] * LABELS)
        with pytest.raises(ArgumentError, match=r"got an array of datetime64\[s\]; expected real numbers$"):
            compiled(LABELS.astype("M8[s]"))


NO_CALLS = {
    "a number": lambda x, ys: x * ys[0],
    "an array": lambda x, ys: x * ys,
    "an array of two dimensions": lambda x, ys: np.array([[x, ys[1]], [ys[0], x]]),
    "an empty array": lambda x, ys: (ys[:0], x),
    "an argument": lambda x, ys: ys,
    "a tuple": lambda x, ys: (x, ys, x * x),
    "a tuple of tuples": lambda x, ys: ((ys[0], ys), (x,), ()),
    "a list in a dict": lambda x, ys: {"a": [x + 1.0, ys], "b": ys[1]},
    "no number": lambda x, ys: ("text", x),
    "nothing": lambda x, ys: None,
}


@in_c
@pytest.mark.parametrize("name", NO_CALLS)
def test_so_do_those_of_functions_without_calls(name: str, ways: list[Any]) -> None:
    compiled = jit(NO_CALLS[name])
    args = [(x, LABELS[:2] * x) for x in (1.0, 3.0, 5.0)]
    found = [compiled(*each) for each in args]
    assert [id(x) for x in ways] == [id(x) for x in found[1:]]
    for (x, ys), each in zip(args, found):
        assert repr(each) == repr(compiled(x, ys=ys))
        numbers, structure = flatten(each, "", fixed=True)
        assert (numbers, structure) == flatten(NO_CALLS[name](x, ys), "", fixed=True)


@in_c
def test_a_function_may_be_called_while_it_takes_the_shortest_way(ways: list[Any]) -> None:
    @primitive(lambda out, x: 2.0 * x)
    def square(x: float) -> float:
        return (compiled(x - 1.0, 1.0) - 1.0 if x > 0.0 else 0.0) + 2.0 * x - 1.0 + (x <= 0.0)

    compiled = jit(lambda x, y: y * 0.5 + square(x) + y * 0.5)
    assert [compiled(x, 1.0) for x in (0.0, 3.0, 5.0)] == [1.0, 10.0, 26.0]
    assert ways[-6:] == [1.0, 2.0, 5.0, 10.0, 17.0, 26.0]


@in_c
def test_after_an_error_it_is_there_again(ways: list[Any]) -> None:
    @primitive(lambda out, x: 1.0)
    def refused_below_0(x: float) -> float:
        if x < 0.0:
            raise ValueError(f"got {x}")
        return x

    compiled = jit(lambda x: refused_below_0(x) + 1.0)
    assert compiled(1.0) == 2.0
    with pytest.raises(ValueError, match=r"^got -1\.0$"):
        compiled(-1.0)
    assert compiled(3.0) == ways[-1] == 4.0


def of_branches(xs: Any) -> Any:
    total = vmap(lambda x: x * x, reduce="sum")(xs)
    return [total] if total > 1.0 else []


WEIGHT = Value(0.5)
LONGER_WAYS = {
    "branches": of_branches,
    "branches of lanes": lambda xs: 2.0 * vmap(lambda x: x if len([1] * bool(x > 0.0)) else -x, reduce="sum")(xs),
    "captured": lambda xs: WEIGHT * vmap(lambda x: x * x, reduce="sum")(xs),
}


@pytest.mark.parametrize("name", LONGER_WAYS)
def test_others_do_not(name: str) -> None:
    compiled = jit(LONGER_WAYS[name])
    compiled(LABELS)
    assert compiled._shortcut is None


# ── derivatives ──────────────────────────────────────────────────────────────────────────────────────────────────────


def mean(weights: Any) -> Any:
    """Return the mean of a loss over all points."""
    return vmap(margin, (None, 0, 0), reduce="mean")(weights, POINTS, LABELS)


def test_derivatives_of_any_order_are_calls_too() -> None:
    apart = hessian(lambda weights: sum(margin(weights, x, y) for x, y in zip(POINTS, LABELS.tolist())) / 20.0)
    compiled = jit(hessian(mean))
    close(compiled(WEIGHTS), apart(WEIGHTS))
    assert calls(compiled) != [0]


def test_a_compiled_function_around_calls_has_derivatives() -> None:
    compiled = jit(lambda weights: math.exp(mean(weights)))
    expected = grad(lambda weights: math.exp(mean(weights)))(WEIGHTS)
    close(grad(compiled)(WEIGHTS), expected)
    nodes = np.array([Value(w) for w in WEIGHTS], object)
    compiled(nodes).backward()
    close([node.grad for node in nodes], expected)


def test_derivatives_of_constants_are_constants() -> None:
    def total(w: Any) -> Any:
        return vmap(lambda y: math.sin(y * w), reduce="sum")(LABELS)

    expected = 2.0 * (LABELS * np.cos(0.5 * LABELS)).sum()
    assert jit(lambda x: x * grad(total)(0.5))(2.0) == pytest.approx(expected, rel=1e-14)

    def by_adjoints(x: Any) -> Any:
        w = Value(0.5)
        return x * adjoints(total(w), w)

    assert jit(by_adjoints)(2.0) == pytest.approx(expected, rel=1e-14)


# ── where calls are taken apart ──────────────────────────────────────────────────────────────────────────────────────


def test_exact_programs_add_up_in_the_order_of_the_source() -> None:
    compiled = jit(lambda xs: vmap(lambda x: x * 0.1, reduce="sum")(xs), exact=True)
    xs = rng.standard_normal(30)
    total = 0.1 * xs[0]
    for x in xs[1:].tolist():
        total += x * 0.1
    assert compiled(xs) == total
    assert calls(compiled) == [0]


def test_slopes_of_single_lanes_take_them_apart() -> None:
    def f(xs: Any) -> Any:
        return grad(lambda xs: vmap(lambda x: x**3)(xs)[1])(xs)

    compiled = jit(f)
    close(compiled(np.array([1.0, 2.0])), [0.0, 12.0])
    assert calls(compiled) == [0]


def test_the_derivative_of_a_node_of_a_recording_is_refused_outside_of_it() -> None:
    kept = []

    def f(x: Any, ys: Any) -> Any:
        kept.append((x, vmap(lambda y: y * x, reduce="sum")(ys)))
        return kept[-1][1] * x

    def outside(*_: Any) -> Any:
        x, y = kept[0]
        return core.adjoints({y: 1.0}, [x], record=True)

    assert jit(f)(2.0, np.arange(3.0)) == 12.0
    for use in (outside, jit(lambda ys: [vmap(lambda y: y * y, reduce="sum")(ys), *outside()])):
        with pytest.raises(RecordingError) as caught:
            use(np.arange(3.0))
        assert str(caught.value).splitlines()[0] == (
            "a node of a recorded function is asked for its derivative outside of the recording: return the node"
        )


def test_paths_that_would_be_recorded_with_numbers_of_another_call_are_taken_apart() -> None:
    def f(limit: Any, xs: Any) -> Any:
        def halved(x: Any) -> Any:
            turns = 0.0
            while x > limit:
                x, turns = x / 2.0, turns + 1.0
            return x + turns

        try:
            return vmap(halved, reduce="sum")(xs)
        except Exception:
            return 0.0  # is not what anybody gets

    compiled, xs = jit(f), np.array([1.0, 5.0, 9.0])
    for limit in 2.0, 1.0, 8.0:
        close(compiled(limit, xs), f(limit, xs))
    assert set(calls(compiled)) == {0}


def test_lanes_may_find_what_no_lane_has_found_before() -> None:
    w = Value(3.0)

    def f(xs: Any) -> Any:
        return vmap(lambda x: w * x if bool(x > 0.0) is True else x * x, reduce="sum")(xs)

    compiled = jit(f)
    assert compiled(np.array([-2.0, -3.0])) == 13.0
    assert calls(compiled) == [1]
    total = compiled(np.array([-2.0, 4.0]))
    total.backward()
    assert (total.data, w.grad) == (16.0, 4.0)


def pair_or_list(x: Any) -> Any:
    return (x, 2.0 * x) if len([1] * bool(x > 0.0)) else [x]


@pytest.mark.parametrize(
    "f",
    [
        lambda xs: sum(vmap(pair_or_list, reduce="sum")(xs)),
        lambda xs: vmap(pair_or_list, reduce="sum")(xs)[-1],
        grad(lambda xs: sum(vmap(pair_or_list, reduce="sum")(xs))),
    ],
    ids=["all", "one", "slopes"],
)
def test_lanes_may_return_what_no_lane_has_returned_before(f: Any) -> None:
    compiled = jit(f)
    for xs in [1.0, 2.0], [-1.0, -2.0], [3.0, 4.0]:
        close(compiled(np.array(xs)), f(np.array(xs)))


def test_a_side_of_a_branch_does_not_make_calls() -> None:
    compiled = jit(lambda x, ys: vmap(lambda y: x * y, reduce="sum")(ys) if x > 0.0 else -x)
    assert compiled(2.0, np.array([1.0, 2.0])) == 6.0
    assert compiled(-2.0, np.array([1.0, 2.0])) == 2.0
    assert calls(compiled) == [1, 0]


# ── sent to other processes ───────────────────────────────────────────────────────────────────────────────────────────


def sent(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing))


TRAINING = """
from autograd import jit, math, value_and_grad, vmap

runs = 0


def loss(weights, point, label):
    score = weights[0] * point[0] + weights[1] * point[1] + weights[2]
    return math.log1p(math.exp(-label * score)) if label * score > -30.0 else -label * score


@jit
def step(weights, points, labels, rate):
    global runs
    runs += 1
    value, slopes = value_and_grad(vmap(loss, (None, 0, 0), reduce="mean"))(weights, points, labels)
    return value, weights - rate * slopes
"""
FIRST = """
import pickle, sys, training
weights, *data = pickle.load(sys.stdin.buffer)
for _ in range(2):
    value, weights = training.step(weights, *data, 0.5)
after = training.step(weights, *data, 0.25)
pickle.dump((training.step, (weights, *data, 0.25), after), sys.stdout.buffer)
"""
SECOND = """
import pickle, sys
step, args, (value, weights) = pickle.load(sys.stdin.buffer)
import training
programs = len(step.programs)
for _ in range(2):
    found = step(*args)
    assert found[0] == value and found[1].tobytes() == weights.tobytes(), (found, value, weights)
print(programs, len(step.programs), training.runs)
"""


def test_a_training_step_is_not_recorded_again_in_another_process(tmp_path: Path) -> None:
    (tmp_path / "training.py").write_text(TRAINING)
    paths = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[1])])
    given = pickle.dumps((WEIGHTS, POINTS, LABELS))
    for program in FIRST, SECOND:
        done = subprocess.run(
            [sys.executable, "-c", program], input=given, capture_output=True, env={**os.environ, "PYTHONPATH": paths}
        )
        assert done.stderr == b""
        given = done.stdout
    assert given.split() == [b"1", b"1", b"0"]


RUNS: list[Any] = []


def halvings(x: Any) -> Any:
    turns = 0.0
    while x > 1.0:
        x, turns = x / 2.0, turns + 1.0
    return turns


@jit
def of_turns(xs: Any) -> Any:
    """Count turns, as many as a lane needs."""
    RUNS.append(xs)
    return 2.0 * vmap(lambda x: x * halvings(x), reduce="sum")(xs)


@jit
def of_structures(xs: Any) -> Any:
    """Let lanes return a class that has no name."""

    class Pair(NamedTuple):
        one: Any
        other: Any

    return sum(vmap(lambda x: Pair(x * x, x), reduce="sum")(xs))


class Odd(Exception):
    """What can be pickled, but not be had back."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}")


@jit
def of_oddities(xs: Any) -> Any:
    """Let lanes return what cannot be had back."""
    return vmap(lambda x: (x * x, Odd("x", "odd")), reduce="sum")(xs)[0]


def of_computed(weights: Any, points: Any, labels: Any, rate: Any) -> Any:
    """Let lanes find what was computed before."""
    halves = weights * rate
    return vmap(lambda x, y: margin(halves, x, y), reduce="sum")(points, labels), halves


@pytest.mark.parametrize("copied", [sent, deepcopy])
@pytest.mark.parametrize("step", [of_sums, of_losses, of_captured, of_computed])
def test_programs_are_sent_with_their_calls(step: Any, copied: Any) -> None:
    compiled = jit(step)
    found = compiled(WEIGHTS, POINTS, LABELS, 0.5)
    again = copied(compiled)
    assert calls(again) == [1]
    (program,) = again.programs
    others = 0.5 * WEIGHTS, -POINTS, LABELS, 0.25
    for args, expected in ((WEIGHTS, POINTS, LABELS, 0.5), found), (others, compiled(*others)):
        value, updated = again(*args)
        assert (value, updated.tolist()) == (expected[0], expected[1].tolist())
    assert again.programs == [program]
    assert (again._shortcut is None) == (Lane is None)


def test_a_path_that_was_not_sent_is_found_by_recording_anew() -> None:
    assert of_turns(np.array([1.0, 2.0])) == 4.0
    again = sent(of_turns)
    RUNS.clear()
    assert again(np.array([2.0, 2.0])) == 8.0
    assert not RUNS
    for xs, total in ([2.0, 4.0], 20.0), ([1.0, 8.0], 48.0), ([4.0, 8.0], 64.0):
        assert again(np.array(xs)) == total
    assert len(RUNS) == 1
    assert calls(again) == [1]


def test_what_is_sent_may_be_sent_on() -> None:
    assert of_turns(np.array([1.0, 2.0])) == 4.0
    again = sent(sent(of_turns))
    RUNS.clear()
    assert again(np.array([2.0, 1.0])) == 4.0
    assert not RUNS
    assert again(np.array([2.0, 16.0])) == 132.0


class Model:
    """A model whose loss is compiled."""

    def __init__(self) -> None:
        self.w = Value(0.5)

    def loss(self, xs: Any) -> Any:
        return 3.0 * vmap(lambda x: math.tanh(self.w * x) if len([1] * bool(x > 0.0)) else x, reduce="sum")(xs)


def test_what_lanes_find_is_sent_with_its_owner() -> None:
    model = Model()
    compiled = jit(model.loss)
    compiled(abs(LABELS))
    model, again = sent((model, compiled))
    model.w.data = 0.25
    for xs in abs(LABELS), LABELS:
        total, expected = again(xs), Model()
        expected.w.data = 0.25
        same = expected.loss(xs)
        same.backward()
        model.w.grad = 0.0
        total.backward()
        close([total.data, model.w.grad], [same.data, expected.w.grad])


@pytest.mark.parametrize(("compiled", "total"), [(of_structures, 32.0), (of_oddities, 25.0)])
def test_programs_that_cannot_be_pickled_are_recorded_again_where_they_are_sent(compiled: Any, total: Any) -> None:
    compiled(np.array([1.0, 2.0]))
    assert compiled.programs
    again = sent(compiled)
    assert again.programs == []
    assert again(np.array([3.0, 4.0])) == total
