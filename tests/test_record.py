"""A recorded function is its graph: computed again with other numbers, it gives what the function gives for them."""

from __future__ import annotations

import copy
import math as standard
import pickle
import random
import struct
import sys
import threading
from collections.abc import Callable, Iterable
from itertools import product
from math import inf, isnan, nan, ulp
from pathlib import Path
from typing import Any

import pytest

import nn
from autograd import (
    Value,
    adjoints,
    core,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    math,
    primitive,
    sides,
    value_and_grad,
    vjp,
)
from autograd.core import read, recorder, set_recorder
from autograd.errors import GraphError, OperandError, RecordingError
from autograd.primitives import BUILT_IN, TABLE, Primitive
from autograd.record import Recording, is_recording, record
from autograd.structures import flatten, unflatten

ROWS = [TABLE[name] for name in TABLE if name in BUILT_IN]


def number(x: Value | float) -> float:
    return read(x) if isinstance(x, Value) else x


def replayed(recording: Recording, numbers: Iterable[float]) -> list[float]:
    """Compute what was recorded again, step by step, from other numbers."""
    known = [*numbers, *map(read, recording.captured), *recording.code.constants]
    assert len(known) == recording.code.first
    for row, operands in recording.code:
        known.append(row(*[known[v] for v in operands]))
    return [known[v] for v in recording.code.outputs]


def eagerly(f: Callable[..., Any], numbers: Iterable[float]) -> list[float]:
    return [number(x) for x in flatten(f(*map(Value, numbers)), "the result")[0]]


def same(a: float, b: float) -> bool:
    """Equal to the bit, but for the payload of NaN."""
    return (isnan(a) and isnan(b)) or struct.pack("d", a) == struct.pack("d", b)


def conditions(recording: Recording) -> list[tuple[str, bool]]:
    return [(guard.condition.primitive.name, guard.outcome) for guard in recording.guards if guard.condition.primitive]


def here() -> int:
    """Return the number of the line that calls."""
    return sys._getframe(1).f_lineno


# ── every row of the table: value, derivatives in both modes and to second order, whatever the recorded numbers ──────

FEW = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, 3.0, inf, -inf, nan]
MANY = [0.0, -0.0, 1.0, -2.5, inf, nan]
POINTS = {1: FEW, 2: FEW, 3: MANY, 4: [0.0, 1.0, -2.5, inf]}  # by the number of operands


def everything(row: Primitive) -> Callable[..., list[Any]]:
    """Return the function that computes a row with its derivatives; `seed` is what comes in from outside."""

    def slopes(output: Any, seed: Any, inputs: list[Any]) -> list[Any]:
        known = isinstance(output, Value)
        return core.adjoints({output: seed}, inputs, record=True) if known else [0.0] * len(inputs)

    def motion(output: Any, seeds: dict[Value, Any]) -> list[Any]:
        return core.tangents([output], seeds, record=True) if isinstance(output, Value) else [0.0]

    def computed(seed: Any, *xs: Any) -> list[Any]:
        z = row(*xs)
        gradient = slopes(z, seed, [*xs])
        curvatures = [curvature for slope in gradient for curvature in slopes(slope, 1.0, [seed, *xs])]
        velocities = [v for x in xs for v in motion(z, {y: seed if y is x else 0.0 for y in xs})]
        accelerations = [a for v in velocities for a in motion(v, dict.fromkeys(xs, 1.0))]
        return [z, *gradient, *curvatures, *velocities, *accelerations]

    return computed


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_is_recorded_for_all_numbers(row: Primitive) -> None:
    count = len(row.rules) if not row.many else 4 if row.name == "dot" else 3
    f = everything(row)
    recordings = [record(f, [1.0] + [x] * count) for x in (0.5, 0.0, -inf, nan)]
    assert [recording.guards for recording in recordings] == [[]] * 4
    for point in product([1.0, 0.0, inf], *[POINTS[count]] * count):
        expected = eagerly(f, point)
        for recording in recordings:
            found = replayed(recording, point)
            pairs = [(a + 0.0, b + 0.0) if i else (a, b) for i, (a, b) in enumerate(zip(found, expected, strict=True))]
            wrong = [i for i, (a, b) in enumerate(pairs) if not same(a, b)]  # a derivative of 0 may have either sign
            assert not wrong, (point, [(i, found[i], expected[i]) for i in wrong])


# ── whole functions ──────────────────────────────────────────────────────────────────────────────────────────────────


def compared(f: Callable[..., Any], at: Iterable[float], *points: tuple[float, ...]) -> Recording:
    """Assert that a recording at one place gives the numbers of all places, derivatives up to rounding.

    Where a selection stands between the terms of a sum, they are added in another order.
    """
    recording = record(f, at)
    assert recording.guards == []
    for point in points:
        found, expected = replayed(recording, point), eagerly(f, point)
        assert all(agree(a, b) for a, b in zip(found, expected, strict=True)), (point, found, expected)
    return recording


def agree(a: float, b: float) -> bool:
    return (isnan(a) and isnan(b)) or a == b or abs(a - b) <= 64 * ulp(b)


def smooth(x: Any, y: Any) -> Any:
    return math.exp(x) * math.sin(y) + x**3 / y


def chosen(x: Any, y: Any) -> Any:
    return math.where((x > 0) & (y < 2) | (x == y), math.log(x) * y, math.maximum(x, y) - abs(y))


def cornered(x: Any, y: Any) -> Any:
    return math.sqrt(math.relu(x)) + math.clip(y, -1.0, 1.0) * math.sqrt(abs(x)) + math.hypot(x, math.relu(y))


PLACES = [tuple(map(float, point)) for point in product((-2, -1, 0, 0.5, 1, 3), repeat=2)]
TRANSFORMED = {
    "value and gradient": lambda f: value_and_grad(f, argnums=(0, 1)),
    "gradient of gradient": lambda f: grad(lambda x, y: grad(f, argnums=1)(x, y)),
    "hessian": lambda f: lambda x, y: hessian(lambda p: f(*p))([x, y]),
    "hvp": lambda f: lambda x, y: hvp(f, (x, y), (1.0, y)),
    "jvp": lambda f: lambda x, y: jvp(f, (x, y), (0.0, 1.0)),
    "jvp of gradient": lambda f: lambda x, y: jvp(grad(f), (x, y), (1.0, x)),
    "vjp": lambda f: lambda x, y: vjp(f, x, y)[1](y),
    "jacobian, forward": lambda f: jacobian(lambda x, y: [f(x, y), x * y]),
    "jacobian, backward": lambda f: lambda x, y: jacobian(lambda p: f(*p))([x, y]),
    "adjoints": lambda f: lambda x, y: adjoints(f(x, y), [x, y]),
    "third order": lambda f: grad(lambda x, y: grad(lambda x: grad(f)(x, y))(x)),
}


@pytest.mark.parametrize("f", [smooth, chosen, cornered])
@pytest.mark.parametrize("transform", TRANSFORMED.values(), ids=TRANSFORMED)
def test_transforms_within_a_recording(transform: Callable[..., Any], f: Any) -> None:
    compared(transform(f), (0.5, 1.5), *PLACES)


def test_derivatives_of_what_depends_on_nothing_recorded_are_numbers() -> None:
    def f(x: Any) -> Any:
        value, slope = value_and_grad(cornered, argnums=1)(4.0, 3.0)
        curvature = hessian(lambda y: y**3)(2.0)
        moved = jvp(math.exp, (0.0,), (2.0,))
        assert [type(y) for y in (value, slope, curvature, *moved)] == [float] * 5
        assert grad(lambda y: (y, [y + 1]), has_aux=True)(2.0) == (1.0, [3.0])
        return x * slope * curvature

    assert record(f, [2.0]).outputs[0].operands[1] == 12.0  # type: ignore[union-attr]


def test_what_does_not_move_is_not_what_stands_still() -> None:
    """The root's slope at 0 is infinite: what is not selected does not reach it, what stands still there is NaN."""
    slope = lambda f: lambda x: jvp(f, (x,), (1.0,))[1]  # noqa: E731
    compared(slope(lambda x: math.sqrt(math.relu(x))), [1.0], (-1.0,), (0.0,), (4.0,))
    recording = compared(slope(lambda x: math.sqrt(math.where(x > 1, x * x, math.relu(x)))), [2.0], (-1.0,), (0.0,))
    assert replayed(recording, [-1.0]) == [0.0]
    assert isnan(replayed(record(slope(lambda x: math.sqrt(x * x)), [2.0]), [0.0])[0])
    several = lambda x: math.sqrt(math.relu(x) + math.relu(x - 1) + math.where(x > 2, 0.0, 0.0))  # noqa: E731
    compared(slope(several), [3.0], (-1.0,), (0.5,), (1.0,), (2.0,), (3.0,))
    always = lambda x: math.sqrt(math.where(x > 0, x, -x) + math.relu(x))  # noqa: E731
    compared(slope(always), [3.0], (-1.0,), (0.0,), (2.0,))


def test_an_infinite_adjoint_does_not_leak_into_what_is_not_selected() -> None:
    compared(grad(lambda x: math.where(x > 0, math.sqrt(x), 2 * x)), [1.0], (0.0,), (-1.0,), (4.0,))


@pytest.mark.parametrize("x", [0.0, -0.0, 1.0, -2.5, inf, -inf, nan])
def test_questions_about_a_number_are_conditions(x: float) -> None:
    def asked(x: Any) -> list[Any]:
        return [math.isnan(x), math.isinf(x), math.isfinite(x), *math.modf(x)]

    expected = [standard.isnan(x), standard.isinf(x), standard.isfinite(x), *standard.modf(x)]
    assert all(map(same, replayed(record(asked, [3.5]), [x]), map(float, expected)))
    assert [number(y) for y in asked(Value(x))] == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("a", [0.0, 1.0, 1.0 + 1e-10, 1.1, -1.0, inf, -inf, nan])
@pytest.mark.parametrize("b", [0.0, 1.0, inf, -inf, nan])
@pytest.mark.parametrize("tolerances", [{}, {"rel_tol": 0.2}, {"abs_tol": 1.5}, {"rel_tol": 0.0}])
def test_being_close_is_a_condition(a: float, b: float, tolerances: dict[str, float]) -> None:
    expected = standard.isclose(a, b, **tolerances)
    close = lambda a, b: math.isclose(a, b, **tolerances)  # noqa: E731
    assert replayed(record(close, [3.0, 4.0]), [a, b]) == [expected]
    assert replayed(record(lambda a: close(a, b), [3.0]), [a]) == [expected]
    assert close(Value(a), b) is close(a, Value(b)) is close(a, b) is expected


def test_tolerances_are_checked_as_in_the_standard_library() -> None:
    with pytest.raises(ValueError, match="tolerances must be non-negative"):
        math.isclose(Value(1.0), 1.0, rel_tol=-1.0)


def test_a_network_and_its_losses() -> None:
    model = nn.MLP(2, [3, 2], "silu", seed=1)

    def loss(x: Any, y: Any) -> Any:
        outputs = model([x, y])
        return (
            nn.mean_squared_error(outputs, [y, x]) + nn.cross_entropy([outputs], [1]) + nn.l2(model.parameters())
        )

    recording = compared(loss, (0.5, 1.5), (2.0, -1.0), (0.0, 0.0))
    assert recording.captured == model.parameters()
    compared(lambda x: adjoints(loss(x, x), model.parameters()), [0.5], (2.0,))


def test_losses_that_look_at_targets_make_guards() -> None:
    recording = record(nn.max_margin, [0.5, -1.0])
    assert conditions(recording) == [("not_equal", False)]
    recording = record(nn.binary_cross_entropy, [0.5, 1.0])
    assert conditions(recording) == [("greater_equal", True), ("less_equal", True)]
    assert Path(recording.guards[0].place.file) == Path(__file__)  # not in nn


def test_numpy_arrays() -> None:
    numpy = pytest.importorskip("numpy")

    def f(xs: Any) -> Any:
        return {"sum": numpy.exp(xs).sum(), "product": xs @ xs, "scaled": xs * numpy.float64(2.0)}

    numbers, structure = flatten((numpy.zeros(3),), "arguments")
    recording = record(f, numbers, structure)
    expected = flatten(f(numpy.array([1.0, 2.0, 3.0])), "expected")[0]
    assert replayed(recording, [1.0, 2.0, 3.0]) == pytest.approx(expected)
    assert conditions(record(lambda xs: 0.0 + (xs > 1.0).sum(), numbers, structure)) == [("greater", False)] * 3


# ── what a recording says ────────────────────────────────────────────────────────────────────────────────────────────


def test_inputs_outputs_and_structures() -> None:
    numbers, structure = flatten(({"a": 1.0}, [2.0, 3.0]), "arguments")
    recording = record(lambda x, ys: (x["a"], {"sum": ys[0] + ys[1], "seven": 7}, True), numbers, structure)
    assert [read(x) for x in recording.inputs] == [1.0, 2.0, 3.0]
    assert recording.outputs[0] is recording.inputs[0]
    assert recording.outputs[2:] == [7.0, 1.0]
    assert unflatten(recording.structure, replayed(recording, [4.0, 5.0, 6.0])) == (4.0, {"sum": 11.0, "seven": 7}, 1.0)
    assert [row.name for row, _ in recording.code] == ["add"]


def test_what_was_there_before_is_captured_and_not_looked_behind() -> None:
    weight, bias, unused = Value(2.0), Value(1.0), Value(9.0)
    older = math.exp(bias)
    recording = record(lambda x: [weight * x + older, bias] if unused > 0 else 0.0, [3.0])
    assert recording.captured == [weight, bias, unused, older]
    assert conditions(recording) == [("greater", True)]
    assert len(recording.code.steps) == 3
    weight.data = 5.0
    assert replayed(recording, [1.0]) == [5.0 + older.data, 1.0]


def test_values_made_of_plain_numbers_are_constants() -> None:
    def f(x: Any) -> Any:
        constant = Value(2.0) * 3.0
        return x + constant if constant > 5.0 and Value(1.0) else 0.0

    recording = record(f, [1.0])
    assert recording.captured == recording.guards == []
    assert replayed(recording, [10.0]) == [16.0]


def test_guards_stand_in_the_order_of_the_questions_with_their_places() -> None:
    def clipped(x: Any, low: Any) -> Any:
        if x < low:
            return low
        return x if x else low

    recording = record(clipped, [2.0, 1.0])
    first, second = recording.guards
    start = clipped.__code__.co_firstlineno
    assert [guard.outcome for guard in recording.guards] == [False, True]
    assert second.condition is recording.inputs[0]
    assert first.place == (__file__, start + 1, clipped.__qualname__)
    assert str(second.place) == f"{__file__}:{start + 3} in {clipped.__qualname__}"


def test_a_question_asked_again_is_noted_once() -> None:
    def f(x: Any) -> Any:
        positive = x > 0
        return sum(x if positive else -x for _ in range(3)) + (x if x > 0 else 0.0)

    assert conditions(record(f, [2.0])) == [("greater", True)] * 2  # `x > 0` was computed twice


def test_a_rule_of_ones_own_may_ask() -> None:
    @primitive(lambda z, x: 1.0 if x > 0 else -1.0)
    def distance(x: float) -> float:
        return abs(x)

    assert record(distance, [2.0]).guards == []
    recording = record(grad(distance), [2.0])
    assert conditions(recording) == [("greater", True)]
    assert recording.guards[0].place.function == "test_a_rule_of_ones_own_may_ask.<locals>.<lambda>"


def test_conditions() -> None:
    def f(x: Any, y: Any) -> list[Any]:
        relations = [x < y, x <= y, x > y, x >= y, x == y, x != y, x > 1, x == 1]
        return [*relations, (x < y) & (y > 0), True & (x < y), (x < y) | 0, 0.0 | (x < y), ~(x < y), ~x]

    for x, y in product([0.0, 1.0, 2.0, nan], repeat=2):
        less = x < y
        relations = [less, x <= y, x > y, x >= y, x == y, x != y, x > 1, x == 1]
        expected = [*relations, less and y > 0, less, less, less, not less, x == 0]
        assert replayed(record(f, [0.5, 0.5]), [x, y]) == expected


def test_a_comparison_with_what_is_no_number_is_the_usual_one() -> None:
    record(lambda x: [x == "x", x != None], [1.0])  # noqa: E711
    with pytest.raises(TypeError, match="not supported between instances"):
        record(lambda x: x < "x", [1.0])
    with pytest.raises(TypeError, match="unsupported operand type"):
        record(lambda x: (x > 0) & "x", [1.0])


def test_outside_a_recording_nothing_has_changed() -> None:
    x = Value(1.0)
    assert (x < 2) is True
    assert bool(x) is True
    assert recorder() is None
    assert not is_recording()
    for combine in (lambda: x & x, lambda: x | 1.0, lambda: 1.0 & x, lambda: 0.0 | x):
        with pytest.raises(TypeError, match="unsupported operand type"):
            combine()
    with pytest.raises(TypeError, match=r"bad operand type for unary ~: 'Value'; ~ is for conditions"):
        ~x  # noqa: B018


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────────

REFUSED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "x.data": (
        lambda x: x.data,
        "would freeze the number of one run: compute with x itself, and choose by comparisons or math.where",
    ),
    "x.grad": (lambda x: x.grad, "would freeze the number of one run: take derivatives by grad(...) or adjoints(...)"),
    "x.data = …": (
        lambda x: setattr(x, "data", 1.0),
        "would happen once, not at every call: return the new number, and assign it outside",
    ),
    "x.grad = …": (lambda x: setattr(x, "grad", 1.0), "would happen once, not at every call: do it outside"),
    "x.backward()": (
        lambda x: (x * x).backward(),
        "would leave numbers of one run in gradients: take derivatives by grad(...) or adjoints(...)",
    ),
    "float(x)": (
        lambda x: standard.exp(x),
        "would cut the graph: use autograd.math, not math, for functions, and lists or arrays of objects",
    ),
    "int(x)": (
        lambda x: int(x),
        "would freeze the number of one run: use math.trunc(x), or pass an int as an argument that is static",
    ),
    "math.frexp(x)": (
        lambda x: math.frexp(x),
        "would freeze the exponent of one run: take logarithms, or call it outside",
    ),
    "a copy": (
        lambda x: copy.deepcopy([x, copy.copy]),
        "of a Value would freeze the number of one run: use the Value itself, which nothing changes",
    ),
    "a pickle": (
        lambda x: pickle.dumps(x),
        "of a Value would freeze the number of one run: return the Value, and pickle it outside",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_would_freeze_a_number_is_refused(what: str) -> None:
    f, why = REFUSED[what]
    x = Value(3.0)
    with pytest.raises(RecordingError) as caught:
        record(lambda: f(x), [])
    place = f"{__file__}:{f.__code__.co_firstlineno} in <lambda>"
    in_standard_library = what == "a copy"
    assert str(caught.value).endswith(f": {what} in a recorded function {why}")
    assert str(caught.value).startswith(place) or in_standard_library
    assert (x.data, x.grad) == (3.0, 0.0)
    assert not is_recording()


def test_an_optimizer_belongs_outside() -> None:
    parameter = Value(1.0)
    optimizer = nn.SGD([parameter], 0.1)
    with pytest.raises(RecordingError, match=r"x\.grad in a recorded function"):
        record(lambda x: optimizer.step(), [1.0])
    with pytest.raises(RecordingError, match=r"x\.grad = … in a recorded function"):
        record(lambda x: optimizer.zero_grad(), [1.0])
    assert parameter.data == 1.0


def test_who_handles_a_refusal_cannot_save_the_recording() -> None:
    def curious(x: Any) -> Any:
        try:
            return x.data
        except RecordingError:
            return x

    with pytest.raises(RecordingError, match=rf":{curious.__code__.co_firstlineno + 2} in \S*curious: x.data"):
        record(curious, [1.0])


def test_who_handles_what_fails_anyway_goes_on() -> None:
    def tolerant(x: Any) -> Any:
        try:
            return float(x)
        except TypeError:
            return x + 1.0

    assert replayed(record(tolerant, [1.0]), [5.0]) == eagerly(tolerant, [5.0]) == [6.0]
    with pytest.raises(OperandError):
        float(Value(1.0))


def test_printing_shows_the_recorded_lane() -> None:
    def f(x: Any) -> Any:
        assert (repr(x), str(x), f"{x}", f"{x:.2f}") == (*["Value(data=1.5, grad=0.0)"] * 3, "1.50")
        assert repr(Value(2.0, label="y")) == "Value(data=2.0, grad=0.0, label='y')"
        x.label = "x"
        return x

    assert record(f, [1.5]).inputs[0].label == "x"


def test_the_data_of_what_was_computed_is_not_set_for_another_reason() -> None:
    with pytest.raises(GraphError, match="only that of a leaf"):
        record(lambda x: setattr(x + 1, "data", 1.0), [1.0])


def test_a_recording_within_a_recording() -> None:
    with pytest.raises(RecordingError, match="this thread is recording a function already"):
        record(lambda x: record(abs, [2.0]), [1.0])
    assert not is_recording()


def test_errors_of_the_function_pass_through() -> None:
    def f(x: Any) -> Any:
        raise KeyError(x)

    with pytest.raises(KeyError):
        record(f, [1.0])
    assert not is_recording()


def test_what_is_no_number_in_the_result_is_handed_on() -> None:
    recording = record(lambda x: {"x": x, "name": "x"}, [1.0])
    assert len(recording.outputs) == 1
    with pytest.raises(OperandError, match="expected a real number"):
        record(abs, ["x"])  # type: ignore[list-item]


# ── random numbers ───────────────────────────────────────────────────────────────────────────────────────────────────


def refused_random(f: Callable[..., Any], line: int) -> None:
    with pytest.raises(RecordingError) as caught:
        record(f, [1.0])
    assert str(caught.value) == (
        f"{__file__}:{line} in {f.__qualname__}: random numbers drawn in a recorded function would be the same at every"
        " call: draw them outside, and pass them as arguments"
    )


def test_random_numbers_are_refused_and_the_generator_is_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "numpy", raising=False)  # it need not be there

    def shaken(x: Any) -> Any:
        y = x * 2
        y = y + random.gauss(0.0, 1.0)
        return y * 2

    def at_last(x: Any) -> Any:
        return x * random.random()

    before = random.getstate()
    refused_random(shaken, shaken.__code__.co_firstlineno + 2)
    refused_random(at_last, at_last.__code__.co_firstlineno + 1)
    assert random.getstate() == before


def test_those_of_numpy_too() -> None:
    numpy = pytest.importorskip("numpy")

    def shaken(x: Any) -> Any:
        noise = numpy.random.normal()
        return x + noise

    before = numpy.random.get_state()[1].tolist()
    refused_random(shaken, shaken.__code__.co_firstlineno + 1)
    assert numpy.random.get_state()[1].tolist() == before


def test_generators_of_ones_own_are_ones_own_affair() -> None:
    own = random.Random(1)
    assert record(lambda x: x + own.random(), [1.0]).guards == []


def test_random_numbers_that_another_thread_drew_are_no_reason() -> None:
    turns = iter(range(2))

    def f(x: Any) -> Any:
        if next(turns) == 0:
            other = threading.Thread(target=random.random)
            other.start()
            other.join()
        return x

    state = random.getstate()
    assert record(f, [1.0]).guards == []
    assert random.getstate() != state


# ── threads, and who takes part ──────────────────────────────────────────────────────────────────────────────────────


def test_other_threads_are_not_recorded() -> None:
    seen: list[Any] = []

    def other() -> None:
        x = Value(2.0)
        y = x * x
        y.backward()
        seen.extend([x > 1, bool(x), x.data, x.grad, is_recording(), recorder()])

    def f(x: Any) -> Any:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        return x if x > 0 else -x

    assert conditions(record(f, [1.0])) == [("greater", True)]
    assert seen == [True, True, 2.0, 4.0, False, None]


def test_two_threads_record_at_the_same_time() -> None:
    barrier, found = threading.Barrier(2), {}

    def f(x: Any) -> Any:
        barrier.wait(10)
        positive = x > 0
        barrier.wait(10)
        return x if positive else -x

    def work(x: float) -> None:
        found[x] = conditions(record(f, [x]))

    threads = [threading.Thread(target=work, args=(x,)) for x in (1.0, -1.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {1.0: [("greater", True)], -1.0: [("greater", False)]}


def test_a_side_that_may_not_be_taken_is_given_up_before_anything_is_noted() -> None:
    def f(x: Any) -> Any:
        for ask in (lambda: bool(x > 0), lambda: x.data):
            sides.enter("a place")
            with pytest.raises(sides.GiveUp):
                ask()
            sides._thread.sides.clear()
        return x if x > 1 else -x

    recording = record(f, [2.0])
    assert conditions(recording) == [("greater", True)]


def test_a_recorder_is_kept_as_long_as_it_is_used() -> None:
    class Own:
        def truth(self, condition: Value) -> bool:
            return True

        def refuse(self, what: str) -> Any:
            raise LookupError(what)

    set_recorder(Own())
    try:
        assert type(recorder()) is Own
        assert bool(Value(0.0))
        set_recorder(Own())
        with pytest.raises(LookupError, match=r"x\.data"):
            Value(0.0).data  # noqa: B018
    finally:
        set_recorder(None)
    assert Value(0.0).data == 0.0
