"""The library under stress: without memory, interrupted, in many threads, for long, with code running in its midst.

What may crash, or leave a process useless, is a *case*: a function that runs in a process of its own,
`python -m tests.test_robustness case argument …`, and fails as assertions do.
"""

from __future__ import annotations

import copy
import gc
import operator
import os
import pickle
import signal
import subprocess
import sys
import threading
import weakref
from _thread import interrupt_main
from array import array
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from fractions import Fraction
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy
import pytest

from autograd import Primitive, Value, math, primitives, vmap
from autograd.core import NATIVE, adjoints, depend_on_older, flat, tangents
from autograd.errors import ArgumentError
from autograd.graph import is_outdated, topological_order

try:
    import _testcapi
except ImportError:  # not every Python brings it along
    _testcapi = None

ROOT = Path(__file__).parents[1]

native_only = pytest.mark.skipif(not NATIVE, reason="about the compiled core")


def run_alone(case: Callable[..., None], *arguments: str) -> None:
    """Run a case in a process of its own."""
    command = [sys.executable, "-X", "faulthandler", "-m", "tests.test_robustness", case.__name__, *arguments]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, f"{result.stderr}\nexit code {result.returncode}"


def same(found: Any, expected: Any) -> None:
    """Assert that both are equal; of long sequences, show the first difference."""
    if isinstance(found, list) and len(found) == len(expected):
        for one, other in zip(found, expected):
            same(one, other)
    assert found == expected, f"\n   found {found}\nexpected {expected}"


def chain(length: int) -> tuple[Value, Value]:
    x = y = Value(1.0)
    for _ in range(length):
        y = y + 2.0
    return x, y


# ── without memory ───────────────────────────────────────────────────────────────────────────────────────────────────


class Graph:
    """A graph with all there is: operands that are held and not held, labels, constants, leaves, many operands."""

    def __init__(self) -> None:
        self.x, self.w, self.free = Value(0.75, label="x"), Value(-1.5), Value(9.0, label="not an operand")
        self.product = self.x * self.w
        self.product.label = "product"
        gone, gone_leaf = math.exp(self.product), Value(0.5, label="a leaf that is gone")
        gone.label = "gone"
        self.y = math.fsum([gone, gone_leaf, self.product, 3.0, self.x, math.maximum(self.x, gone_leaf, 0.0)])
        self.y.backward()
        self.leaves = [node.grad for node in topological_order(self.y) if not node.operands]

    def state(self) -> list[Any]:
        return [(node.number, seen(node)) for node in (*topological_order(self.y), self.free)]

    def restore(self) -> None:
        """Undo what the operations below do, by a sweep, which has to work."""
        self.free.data, self.free.grad, self.free.label = 9.0, 0.0, "not an operand"
        self.y.backward()
        for leaf, gradient in zip([node for node in topological_order(self.y) if not node.operands], self.leaves):
            leaf.grad = gradient

    def goes_on(self) -> None:
        """Compute with old nodes and new ones."""
        a, grad = Value(2.0), self.x.grad
        math.dot([a, a * self.x, self.w], [self.x, 3.0, self.y]).backward(2.0)
        same((a.grad, self.x.grad - grad != 0.0), (2.0 * 0.75 + 6.0 * 0.75, True))


def seen(thing: Any) -> Any:
    """Return what can be seen of a result, but the creation numbers of what is new."""
    if isinstance(thing, list | tuple):
        return [seen(each) for each in thing]
    if not isinstance(thing, Value):
        return thing
    operands = [(x.data, x.label) if isinstance(x, Value) else x for x in thing.operands]
    partials = list(thing.partials)
    return repr((thing.data, thing.grad, thing.label, thing.primitive, operands, partials, is_outdated(thing)))


class Text(str):
    """A text that labels may be copied from."""


ANOTHER_LABEL = Text("another")


def new_primitive(name: str) -> Primitive:
    """Return a sine that was never used."""
    return Primitive(name, math.sin, (lambda out, x: math.cos(x),))


def use_for_the_first_time(g: Graph) -> Value:
    return new_primitive("new")(g.x)


def set_data(g: Graph) -> None:
    g.free.data = 7.0


def set_grad(g: Graph) -> None:
    g.free.grad = g.product.grad = 7.0


def set_label(g: Graph) -> None:
    g.product.label = ""
    g.product.label = "product"
    g.free.label = ANOTHER_LABEL


def sweep_a_new_graph(g: Graph) -> list[float]:
    x, y = chain(40)
    y.backward()
    return [x.grad, y.grad]


def derive_in_python(g: Graph) -> list[Any]:
    own, norm = new_primitive("own")(g.y), math.norm([g.x, g.w, g.y])
    return adjoints({own: 1.0, norm: own}, [g.x, g.w], record=True)


NUMBERS = [0.5, 2, Fraction(1, 4)]
MANY = [0.25 * k for k in range(50)]
OPERATIONS: dict[str, Callable[[Graph], Any]] = {
    "x + y": lambda g: g.x + g.y,
    "x * 2.0": lambda g: g.x * 2.0,
    "2 ** x": lambda g: 2**g.x,
    "-x": lambda g: -g.x,
    "divmod(x, w)": lambda g: divmod(g.x, g.w),
    "Fraction - x": lambda g: Fraction(1, 3) - g.x,
    "x < Fraction": lambda g: g.x < Fraction(4, 5),
    "round(x, 1)": lambda g: round(g.x, 1),
    "method": lambda g: [g.x.exp(), g.x.arctan2(g.w), g.x.hypot(g.w, 1.0)],
    "repr": lambda g: [repr(g.product), f"{g.x:.3f}"],
    "function": lambda g: [math.sin(g.x), math.pow(g.x, 3), math.clip(g.x, -1.0, g.w)],
    "function of numbers": lambda g: [math.sin(0.5), math.hypot(3, 4), math.clip(0.5, -1, 1)],
    "function in Python": lambda g: [math.lgamma(g.x), math.remainder(g.w, g.x), math.asinh(g.x)],
    "function of many": lambda g: [math.maximum(g.x, g.w, g.y), math.hypot(g.x, *MANY)],
    "where": lambda g: math.where(g.x > 0, g.x, math.log(g.w)),
    "fsum of a list": lambda g: math.fsum([g.x, g.w, *MANY]),
    "fsum of a generator": lambda g: math.fsum(x for x in (g.x, g.w, 2.0)),
    "fsum of other numbers": lambda g: math.fsum([g.x, *NUMBERS]),
    "fsum of a buffer": lambda g: math.fsum(array("d", MANY)),
    "dot of lists": lambda g: math.dot([g.x, g.w, 2.0], [g.y, 3, g.product]),
    "dot of a buffer and a list": lambda g: math.dot(array("d", MANY), [g.x] * len(MANY)),
    "norm of a list": lambda g: math.norm([g.x, g.w, g.y, *MANY]),
    "norm of numbers": lambda g: math.norm(MANY),
    "logsumexp": lambda g: math.logsumexp([g.x, *MANY]),
    "Value(…)": lambda g: Value(2.0, label="new"),
    "Value of another number": lambda g: Value(Fraction(1, 2), label=ANOTHER_LABEL),
    "data": set_data,
    "grad": set_grad,
    "label": set_label,
    "operands": lambda g: [g.y.operands, g.product.operands, g.x.operands],
    "partials": lambda g: [g.y.partials, g.product.partials],
    "primitive used for the first time": use_for_the_first_time,
    "backward": lambda g: g.y.backward(2.0),
    "backward of a new graph": sweep_a_new_graph,
    "backward of a leaf": lambda g: g.free.backward(2.0),
    "adjoints": lambda g: adjoints({g.y: 2.0, g.product: Fraction(1, 2)}, [g.x, g.w, g.free]),
    "adjoints as Values": lambda g: adjoints({g.y: 1.0}, [g.x, g.w], record=True),
    "adjoints as Values, by Python": derive_in_python,
    "tangents as Values": lambda g: tangents([g.y, g.product], {g.x: g.w, g.w: Fraction(1, 2)}, record=True),
    "tangents": lambda g: tangents([g.y, g.product], {g.x: 1.0, g.free: 2.0}),
    "whether something older is needed": lambda g: depend_on_older([g.y], g.product.number),
    "arrays": lambda g: flat([g.y, 2.0, g.free], [g.x], g.product.number),
    "copy": lambda g: topological_order(copy.copy(g.y)),
    "deepcopy": lambda g: [topological_order(each) for each in copy.deepcopy([g.product, g.y])],
    "pickle": lambda g: [topological_order(each) for each in pickle.loads(pickle.dumps([g.product, g.y]))],
}


def succeeds_without(first: int, last: int, operation: Callable[..., Any], *operands: Any) -> tuple[bool, Any]:
    """Return whether an operation succeeds although its allocations from `first` to `last` fail, and its result."""
    _testcapi.set_nomemory(first, last)
    try:
        result = operation(*operands)
    except (MemoryError, pickle.PicklingError):  # the latter is what pickle makes of it
        return False, None
    finally:
        _testcapi.remove_mem_hooks()
    return True, result


def fail_at_every_allocation(operation: Callable[[Graph], Any]) -> None:
    g = Graph()
    before = g.state()
    for alone in True, False:  # either one allocation fails, or all from there on
        first = successes = 0
        while successes < 5:  # then it asks for no more; one alone may be an allocation that it can do without
            succeeded, result = succeeds_without(first, first + 1 if alone else 0, operation, g)
            if succeeded:
                found = seen(result), g.state()
                g.restore()
                same(found, (seen(operation(g)), g.state()))
                g.restore()
            same(g.state(), before)
            g.goes_on()
            g.restore()
            successes = successes + 1 if succeeded else 0
            first += 1


def without_memory() -> None:
    for name, operation in OPERATIONS.items():
        try:
            fail_at_every_allocation(operation)
        except BaseException as error:
            error.add_note(f"The operation is: {name}")
            raise


def program(attempt: Callable[..., Any]) -> list[Any]:
    """Compute until the tape has grown and was compacted; each step is handed to `attempt`."""
    random = Random(0)
    x = last = Value(0.75)
    kept, found = [x], []
    for step in range(40_000):
        last = attempt(lambda y: y * 0.75 + x, last)
        if step % 50 == 0:
            own = new_primitive(f"number {step}")
            total = attempt(math.fsum, [last, *random.choices(kept, k=step % 400)])
            kept = [*kept[-20:], total, attempt(own, last), last]
            assert kept[-2].primitive is own
            last = attempt(math.tanh, total)
        if step % 5000 == 0:
            attempt(Value.backward, kept[-1])
            found += [adjoints({kept[-1]: 1.0}, [x]), tangents([kept[-1]], {x: 1.0})]
            found += map(seen, topological_order(*kept))
            kept, last = [x], x
    return found


def without_memory_now_and_then() -> None:
    random = Random(1)

    def stubbornly(operation: Callable[..., Any], *operands: Any) -> Any:
        """Try again until no allocation fails."""
        while True:
            first = random.choice([0, 1, 2, 3, 4, 6, 9, 14, 1000])
            succeeded, result = succeeds_without(first, first + random.randrange(1, 3), operation, *operands)
            if succeeded:
                return result

    same(program(stubbornly), program(operator.call))


@native_only
@pytest.mark.skipif(_testcapi is None, reason="this Python has no _testcapi")
@pytest.mark.parametrize("case", [without_memory, without_memory_now_and_then])
def test_what_fails_for_lack_of_memory_changes_nothing_and_can_be_tried_again(case: Callable[[], None]) -> None:
    """It raises MemoryError. (In plain Python a sweep allocates while it writes gradients.)"""
    run_alone(case)


# ── interrupted ──────────────────────────────────────────────────────────────────────────────────────────────────────

LONG = 1_200_000 if NATIVE else 1_000  # so many nodes that compiled sweeps look for an interrupt on the way
SWEEPS: dict[str, Callable[[Value, Value], Callable[[], Any]]] = {
    "backward": lambda x, y: y.backward,
    "adjoints": lambda x, y: partial(adjoints, {y: 1.0}, [x]),
    "tangents": lambda x, y: partial(tangents, [y], {x: 1.0}),
    "adjoints as Values": lambda x, y: partial(adjoints, {y: 1.0}, [x], record=True),
    "tangents as Values": lambda x, y: partial(tangents, [y], {x: 1.0}, record=True),
}
every_sweep = pytest.mark.parametrize("name", SWEEPS)


def with_ctrl_c(sweep: Callable[[], Any]) -> list[Any]:
    """Sweep with an interrupt pending, and return whether the sweep came to its end.

    C calls the functions one after the other, so no handler runs between them: only the sweep itself can be in time.
    """
    ended: list[Any] = []
    try:
        list(map(operator.call, [interrupt_main, sweep, partial(ended.append, True)]))
    except KeyboardInterrupt:
        return [*ended, KeyboardInterrupt]
    return ended


def ctrl_c(name: str) -> None:
    x, y = chain(LONG)
    x.grad = 0.5
    sweep = SWEEPS[name](x, y)
    for _ in range(2):
        same(with_ctrl_c(sweep), [KeyboardInterrupt])
        same(x.grad, 0.5)
    same((sweep(), x.grad), (None, 1.5) if name == "backward" else ([1.0], 0.5))
    (y * y).backward()
    same(x.grad, (1.5 if name == "backward" else 0.5) + 2.0 * y.data)


def ctrl_c_that_raises_nothing(name: str) -> None:
    calls = []
    signal.signal(signal.SIGINT, lambda *_: calls.append(True))
    x, y = chain(LONG)
    found: list[Any] = []
    sweep = SWEEPS[name](x, y)
    same(with_ctrl_c(lambda: found.append(sweep())) if not NATIVE else with_ctrl_c(sweep), [True])
    same((len(calls), x.grad), (1, float(name == "backward")))


def ctrl_c_whose_handler_computes(name: str) -> None:
    """The handler lets go of what stands between the nodes, and computes until they have been moved."""
    x, y = chain(LONG // 2)
    between = y
    for _ in range(1000):
        between = between * 0.5
    for _ in range(LONG // 2):
        y = y + 2.0
    inner = []

    def handler(*_: Any) -> None:
        nonlocal between
        between = Value(0.0)
        a, b = chain(LONG)
        b.backward()
        inner.append(a.grad)

    signal.signal(signal.SIGINT, handler)
    sweep = SWEEPS[name](x, y)
    same(with_ctrl_c(sweep), [True])
    same((inner, x.grad), ([1.0], float(name == "backward")))
    same((sweep(), x.grad), (None, 2.0) if name == "backward" else ([1.0], 0.0))


class Late(dict[Value, float]):
    """Seeds that come with an interrupt, after the sweep has looked for what lies between inputs and results."""

    def values(self) -> Any:
        interrupts = map(operator.call, [interrupt_main])  # in C, so that no handler runs before the sweep does
        return map(operator.itemgetter(1), zip(interrupts, super().values()))


def ctrl_c_while_derivatives_are_recorded() -> None:
    x, y = chain(LONG)
    z = y * x
    with suppress(KeyboardInterrupt):
        adjoints(Late({z: 1.0}), [x], record=True)
        raise AssertionError("the sweep came to its end")
    calls: list[Any] = []
    signal.signal(signal.SIGINT, lambda *_: calls.append(stir()))
    (slope,) = adjoints(Late({z: 1.0}), [x], record=True)
    same((slope.data, x.grad, len(calls)), (y.data + x.data, 0.0, 1))
    same(adjoints({slope: 1.0}, [x]), [2.0])


def ctrl_c_during_a_sweep_in_another_thread() -> None:
    """Interrupts are for the main thread."""
    x, y = chain(LONG)
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(with_ctrl_c(y.backward)))
    try:
        thread.start()
        thread.join()
    except KeyboardInterrupt:
        found.append("interrupted")
    thread.join()
    same((sorted(map(str, found)), x.grad), (["[True]", "interrupted"], 1.0))


class TestInterrupted:
    @every_sweep
    def test_ctrl_c_ends_a_long_sweep_and_leaves_gradients_alone(self, name: str) -> None:
        run_alone(ctrl_c, name)

    @every_sweep
    def test_a_handler_that_raises_nothing_is_called_once_and_the_sweep_goes_on(self, name: str) -> None:
        run_alone(ctrl_c_that_raises_nothing, name)

    @every_sweep
    def test_a_handler_may_compute(self, name: str) -> None:
        run_alone(ctrl_c_whose_handler_computes, name)

    @native_only
    def test_derivatives_are_recorded_on_from_there(self) -> None:
        run_alone(ctrl_c_while_derivatives_are_recorded)

    def test_sweeps_in_other_threads_go_on(self) -> None:
        run_alone(ctrl_c_during_a_sweep_in_another_thread)


# ── threads ──────────────────────────────────────────────────────────────────────────────────────────────────────────

THREADS = 16
STEPS: list[Callable[[Value, Value], Value]] = [
    lambda y, x: y + x,
    lambda y, x: y * 0.5,
    lambda y, x: math.tanh(y),
    lambda y, x: Fraction(1, 3) - y,  # these call Python, where another thread may have its turn
    lambda y, x: math.hypot(y, x, 1.0),
    lambda y, x: math.remainder(y, 2.0 + x * x),
    lambda y, x: math.dot([y, x, 1.0], [x, 0.5, y]),
    lambda y, x: math.fsum(number for number in (y, x, 0.25)),
    lambda y, x: copy.deepcopy(y) + 0.0 * y,
]


def work(seed: int) -> list[float]:
    """Build, sweep and drop graphs; return every number that came of it."""
    random, found, kept = Random(seed), [], []
    for _ in range(40 if NATIVE else 8):
        xs = [Value(random.uniform(-1.0, 1.0), label=f"{seed}") for _ in range(4)]
        y = xs[0]
        for _ in range(30):
            y = math.tanh(random.choice(STEPS)(y, random.choice(xs)))
        y.backward()
        kept = [*kept[-3:], y]
        kept[0].backward()
        found += [y.data, *(x.grad for x in xs), *adjoints({kept[-1]: 2.0}, xs), *tangents([y], {xs[1]: 1.0})]
    return found


def test_threads_do_not_interfere() -> None:
    start = threading.Barrier(THREADS)

    def together(seed: int) -> list[float]:
        start.wait()
        return work(seed)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(THREADS) as threads:
            found = list(threads.map(together, range(THREADS)))
    finally:
        sys.setswitchinterval(interval)
    assert found == [work(seed) for seed in range(THREADS)]


# ── the processor ────────────────────────────────────────────────────────────────────────────────────────────────────


def smallest_numbers() -> None:
    smallest = float("5e-324")
    x = Value(smallest)
    y = x * 3.0
    y.backward(smallest)
    same([smallest * 1.0, y.data, x.grad], [5e-324, 1.5e-323, 1.5e-323])
    same(sys.float_info.min / 2.0 * 2.0, sys.float_info.min)


def test_numbers_below_the_normal_ones_are_not_flushed_to_zero() -> None:
    """As they would be, in the whole process, after loading a library that was compiled with -ffast-math."""
    run_alone(smallest_numbers)


# ── for long ─────────────────────────────────────────────────────────────────────────────────────────────────────────

PASSES = 100_000 if NATIVE else 5_000
ANOTHER_ALLOCATOR = "PYTHONMALLOC" in os.environ  # then blocks are not counted, and pages may be kept for debugging


def loss_of(weights: list[Value], k: int) -> Value:
    a, b = weights
    hidden = math.tanh(a * (k % 7) + b)
    hidden.label = "hidden"
    return math.fsum([hidden * hidden, a, b * 0.5, 1.0])


def passes(weights: list[Value], count: int) -> None:
    for k in range(count):
        loss_of(weights, k).backward()
        for weight in weights:
            weight.data, weight.grad = weight.data - 1e-6 * weight.grad, 0.0


def resources() -> dict[str, int]:
    found = {"objects": len(gc.get_objects()), "blocks": sys.getallocatedblocks()}
    if sys.platform == "linux" and not ANOTHER_ALLOCATOR:
        found["pages"] = int(Path("/proc/self/statm").read_text().split()[1])
    return found


def without_leaks(kept: str) -> None:
    gc.disable()
    weights = [Value(0.5), Value(-0.25)]
    keep = {
        "nothing": list[Value],
        "an old Value": lambda: [weights[0] * 2.0],
        "a thousand losses": lambda: [loss_of(weights, k) for k in range(1000)],
    }[kept]()
    passes(weights, PASSES // 2)  # Python's own stores of spare objects are full then
    before = resources()
    passes(weights, PASSES)
    grown = {name: number - before[name] for name, number in resources().items()}
    assert grown["objects"] < 10, grown
    assert grown["blocks"] < 100, grown
    assert grown.get("pages", 0) < 100, grown
    for k, loss in enumerate(keep):
        weights[0].grad = 0.0
        loss.backward()
        expected = 2.0 if kept == "an old Value" else loss.operands[0].operands[0].partials[0]
        assert weights[0].grad == pytest.approx(expected if kept == "an old Value" else slope(0.5, -0.25, k))


def slope(a: float, b: float, k: int) -> float:
    hidden = math.tanh(a * (k % 7) + b)
    return 2.0 * hidden * (1.0 - hidden * hidden) * (k % 7) + 1.0


@pytest.mark.parametrize("kept", ["nothing", "an old Value", "a thousand losses"])
def test_training_for_long_takes_no_more_memory(kept: str) -> None:
    """Without the garbage collector, and whatever is kept: only what that needs stays."""
    run_alone(without_leaks, kept)


def without_leaks_of_rows(kept: str) -> None:
    gc.disable()
    alive = weakref.WeakSet[Primitive]()
    weights = [Value(0.5), Value(-0.25)]
    keep = [weights[0] * 2.0] if kept == "an old Value" else []
    xs = numpy.arange(1000.0)
    loss = vmap(lambda a, b, x: a * x * x + b, (None, None, 0), reduce="sum")

    def train(count: int) -> int:
        most = 0
        for _ in range(count):
            y = new_primitive("new")(loss(weights[0] * 1.5, weights[1], xs.copy()))
            alive.update(x.primitive for x in (y, *y.operands))
            y.backward()
            most = max(most, len(alive))
            del y
        gc.collect()
        return most

    train(1000)
    before = resources()
    most = train(2000)
    grown = {name: number - before[name] for name, number in resources().items()}
    assert most < 300
    assert not alive
    assert grown["objects"] < 10, grown
    assert grown["blocks"] < 100, grown
    assert grown.get("pages", 0) < 100, grown
    for old in keep:
        old.backward()


@pytest.mark.parametrize("kept", ["nothing", "an old Value"])
def test_primitives_and_nodes_of_compiled_functions_are_forgotten(kept: str) -> None:
    """Each has a row of its own, with all the numbers that its derivative would need."""
    run_alone(without_leaks_of_rows, kept)


@native_only
@pytest.mark.parametrize("way", ["backward", "tangents", "operands"])
def test_a_chain_of_two_million_nodes(way: str) -> None:
    """At the default recursion limit and on the default stack; freeing it, too."""
    length = 2_000_000
    x, y = chain(length)
    last = weakref.ref(y)
    if way == "backward":
        y.backward()
        assert x.grad == 1.0
    elif way == "tangents":
        assert tangents([y], {x: 3.0}) == [3.0]
    else:
        node = y
        for _ in range(length):
            (node, _) = node.operands
        assert node is x
    assert y.data == 1.0 + 2.0 * length
    y = node = x
    assert last() is None


@native_only
@pytest.mark.parametrize("newest_first", [False, True])
def test_a_million_handles_one_after_the_other(newest_first: bool) -> None:
    x = Value(1.0)
    held = [x]
    for _ in range(1_000_000):
        held.append(held[-1] + 2.0)
    if newest_first:
        held.reverse()
    middle = held[500_000]
    held.reverse()
    while held:
        held.pop()
    middle.backward()
    assert (middle.data, x.grad) == (1_000_001.0, 1.0)


# ── references ───────────────────────────────────────────────────────────────────────────────────────────────────────


def references(*things: Any) -> list[int]:
    return [sys.getrefcount(thing) for thing in things]


def unique(text: str) -> str:
    """Return a text of which there is no other."""
    return "".join([text, " of its own"])


def moved_label(label: str) -> None:
    """The handle goes, is given back, and goes; at last the whole graph."""
    x = Value(1.0)
    y = x * 2.0
    y.label = label
    z = y + 1.0
    del y
    assert z.operands[0].label == label
    z.operands[0].label = ""
    z.operands[0].label = label


def dropped_label(label: str) -> None:
    """The node is not needed any more, long before the graph that it was made in goes."""
    x = Value(1.0)
    y = x * 2.0
    (y + 1.0).label = label
    for _ in range(100_000):
        x * 2.0


def leaf_label(label: str) -> None:
    x = Value(1.0, label=label)
    y = x * 2.0
    del x
    assert y.operands[0].label == label


def new_label(label: str) -> None:
    x = Value(1.0, label=label)
    x.label = "another"
    x.label = label
    x.__init__(2.0, label=label)  # type: ignore[misc]


def copied_label(label: str) -> None:
    y = Value(1.0) * 2.0
    y.label = label
    assert copy.deepcopy([y, y + 1.0])[0].label == label


LABEL_USES = [moved_label, dropped_label, leaf_label, new_label, copied_label]


def labels_are_let_go() -> None:
    for use in LABEL_USES:
        label = unique(use.__name__)
        before = references(label)
        for _ in range(3):
            use(label)
        same((use, references(label)), (use, before))


def test_labels_are_let_go() -> None:
    """In a process where nothing else is kept: the compiled core keeps what was older than something that lives."""
    run_alone(labels_are_let_go)


class Misfit:
    """Neither a number nor a Value."""


def refused(operation: Callable[[], Any]) -> None:
    with pytest.raises((TypeError, OverflowError)):
        operation()


OPERAND_USES: dict[str, Callable[[Value, Any, Any], Any]] = {
    "operators": lambda x, number, misfit: [x + number, number - x, x < number, x == misfit, x**number],
    "functions": lambda x, number, misfit: [math.atan2(x, number), math.clip(x, number, 2), math.maximum(number, x)],
    "in Python": lambda x, number, misfit: [math.remainder(x, number), math.hypot(x, number, x, number)],
    "many": lambda x, number, misfit: [math.fsum([x, number]), math.norm([number, x]), math.dot([x], [number])],
    "a generator": lambda x, number, misfit: math.fsum(each for each in (x, number)),
    "a buffer": lambda x, number, misfit: math.dot(array("d", [1.0, 2.0]), [x, number]),
    "operands": lambda x, number, misfit: [(x + number).operands, (x * x).operands, (x + number).partials],
    "setters": lambda x, number, misfit: [setattr(x, "data", number), setattr(x, "grad", number), x.backward(number)],
    "sweeps": lambda x, number, misfit: [adjoints({x * 2.0: number}, [x]), tangents([x * 2.0], {x: number})],
    "refused by operators": lambda x, number, misfit: [refused(lambda: x + misfit), refused(lambda: misfit * x)],
    "refused by functions": lambda x, number, misfit: [refused(lambda: math.atan2(x, misfit))],
    "refused by many": lambda x, number, misfit: [refused(lambda: math.fsum([x, number, misfit]))],
    "refused by Value": lambda x, number, misfit: refused(lambda: Value(misfit)),
    "refused by setters": lambda x, number, misfit: refused(lambda: setattr(x, "data", misfit)),
    "too large": lambda x, number, misfit: [refused(lambda: x + 10**400), refused(lambda: math.fsum([x, 10**400]))],
}


@pytest.mark.parametrize("name", OPERAND_USES)
def test_operands_are_let_go(name: str) -> None:
    x, number, misfit = Value(0.5), Fraction(1, 3), Misfit()
    things = x, number, misfit, 10**400, NotImplemented, Value, ()
    use = OPERAND_USES[name]
    use(x, number, misfit)
    before = references(*things)
    for _ in range(100):
        use(x, number, misfit)
    gc.collect()  # errors and their tracebacks
    grown = [after - earlier for after, earlier in zip(references(*things), before)]
    assert grown[:3] == [0, 0, 0]
    assert max(grown) < 50


def test_primitives_are_let_go() -> None:
    """One of one's own is remembered by what it computed, and no longer than that."""
    own = new_primitive("own")
    row = primitives.multiply

    def use() -> None:
        x = Value(0.5)
        y = own(x) * own(x)
        y.backward()
        assert [operand.primitive for operand in y.operands] == [own, own]
        assert copy.deepcopy(y).primitive is row
        assert own.arity == 1

    def used(times: int) -> list[int]:
        for _ in range(times):
            use()
        gc.collect()
        return references(own, row)

    assert used(100) == used(1)


# ── what runs in the midst ───────────────────────────────────────────────────────────────────────────────────────────


def stir() -> float:
    """Make the tape, and whatever else the library keeps, move: grow, be compacted, begin anew."""
    x = Value(1.0)
    for _ in range(3):  # what was computed before is not needed any more
        row = [x * 2.0, *[x] * 100]
        for _ in range(300 if NATIVE else 2):
            row[0] = math.fsum(row)
    row[0].backward()
    math.norm(row)
    return x.grad


class Stirring(Fraction):
    """A number that computes while it is read."""

    def __float__(self) -> float:
        stir()
        return super().__float__()


STIRRED: dict[str, Callable[[Value, Any], Any]] = {
    "operators": lambda x, number: [x + number, number * x, divmod(x, number), -(x**number)],
    "functions": lambda x, number: [math.atan2(number, x), math.clip(x, -1, number), math.where(x > 0, number, x)],
    "in Python": lambda x, number: [math.remainder(x, number), math.hypot(x, number, x, number)],
    "many": lambda x, number: [math.fsum([x, number, x]), math.dot([x, number], [number, x]), math.maximum(x, number)],
    "a generator": lambda x, number: math.fsum(each for each in (x, number, stir() * 0.0)),
    "comparison": lambda x, number: [x < number, x == number],
    "a new Value": lambda x, number: Value(number, label="new") * x,
    "backward": lambda x, number: [(x * x).backward(number), x.grad],
    "adjoints": lambda x, number: adjoints({x * x: number, x * 3.0: number}, [x]),
    "tangents": lambda x, number: tangents([x * x], {x: number}),
    "adjoints as Values": lambda x, number: adjoints({x * x: number, x * 3.0: number}, [x], record=True),
}


@pytest.mark.parametrize("name", STIRRED)
def test_numbers_may_compute_while_they_are_read(name: str) -> None:
    def use(number: Fraction) -> Any:
        x = Value(0.5, label="x")
        return seen(STIRRED[name](x * 1.5, number)), seen(x)

    assert use(Stirring(1, 3)) == use(Fraction(1, 3))


def test_primitives_may_compute_while_they_are_evaluated() -> None:
    def wave(x: float) -> float:
        stir()
        return math.sin(x)

    def slope(out: Any, x: Any) -> Any:
        stir()
        return math.cos(x)

    own = Primitive("wave", wave, (slope,))
    x = Value(0.5)
    y = own(own(x * 2.0)) + x
    y.backward()
    assert (y.data, x.grad) == (math.sin(math.sin(1.0)) + 0.5, math.cos(math.sin(1.0)) * math.cos(1.0) * 2.0 + 1.0)
    (slope,) = adjoints({y: 1.0}, [x], record=True)
    assert slope.data == x.grad
    (again,) = tangents([y], {x: 1.0}, record=True)
    assert again.data == pytest.approx(slope.data)


def test_rules_may_let_go_of_all_they_are_asked_about() -> None:
    """Only the sweep keeps the lines of what it differentiates."""

    def slope(out: Any, x: Any) -> Any:
        if isinstance(out, Value):
            y.__init__(7.0)  # type: ignore[misc]
            stir()
        return x * 2.0

    x = Value(0.5)
    y = Primitive("square", lambda x: x * x, (slope,))(x * 3.0)
    (derivative,) = adjoints({y: x}, [x], record=True)
    assert (derivative.data, y.data) == (0.5 * 3.0 * 3.0, 7.0)
    stir()
    assert adjoints({derivative: 1.0}, [x]) == [18.0 * 2.0 * 0.5]


def test_a_weak_reference_to_a_handle_may_look_at_its_graph_when_it_dies() -> None:
    """Compiled, a handle is gone when nobody holds it, and its node is given another; in plain Python it stays."""
    x = Value(2.0)
    y = x * 3.0
    y.label = "y"
    z = y + 1.0
    found = []
    last = weakref.ref(y, lambda _: found.append((z.operands[0], stir())))
    del y
    new = [x * 5.0 for _ in range(10)]  # from what the dead one leaves
    assert [(y.data, y.label, y.operands[0] is x) for y, _ in found] == [(6.0, "y", True)] * NATIVE
    assert all(z.operands[0] is y for y, _ in found)
    assert (z.operands[0].data, new[0].data, last() is None) == (6.0, 10.0, NATIVE)


class Garbage:
    """What only the garbage collector finds, and what computes when it does."""

    found = 0

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        stir()
        Garbage.found += 1


@pytest.fixture
def _collector() -> Iterator[None]:
    thresholds = gc.get_threshold()
    gc.disable()
    yield
    gc.set_threshold(*thresholds)
    gc.enable()


@pytest.mark.usefixtures("_collector")
@pytest.mark.parametrize("name", OPERATIONS)
def test_garbage_may_be_collected_at_any_time(name: str) -> None:
    found, expected = Garbage.found, seen(OPERATIONS[name](Graph()))
    for allocation in range(30):
        below = math.fsum([Value(0.5)] * 50)
        g = Graph()
        del below  # when the tape is compacted, everything in the graph moves
        state = [seen(node) for node in topological_order(g.y)]
        spare: list[Any] = [[] for _ in range(200)]  # so that the next list is allocated, not one that was let go
        Garbage()
        gc.set_threshold(gc.get_count()[0] + allocation)
        gc.enable()
        result = OPERATIONS[name](g)
        gc.disable()
        assert (seen(result), len(spare)) == (expected, 200)
        g.restore()
        assert [seen(node) for node in topological_order(g.y)] == state
    gc.collect()
    assert Garbage.found == found + 30


def evading_class() -> None:
    class Silent:
        def __init_subclass__(cls) -> None:
            pass

    class Evading(Silent, Value):
        pass

    x = Value(1.0)
    held = [Evading(2.0) for _ in range(3000)]
    del held[::2]
    gc.collect()
    results = [x + 1.0 for _ in range(3000)]
    same({type(each) for each in (*results, Value(1.0), Value(2.0, label="new"))}, {Value})
    del held, results
    gc.collect()
    same([type(x * 2.0), type(Evading(1.0))], [Value, Evading])


def test_a_class_that_evades_the_ban_on_subclasses_does_no_harm() -> None:
    run_alone(evading_class)


# ── what is read without asking Python ───────────────────────────────────────────────────────────────────────────────


class Halves(numpy.ndarray[Any, Any]):
    """An array with a way of its own to iterate."""

    def __iter__(self) -> Iterator[float]:
        return iter([0.5 * self[0], 0.5 * self[1]])


TWO = numpy.array([1.0, 2.0])
BUFFERS: dict[str, Any] = {
    "array": array("d", [1.0, 2.0]),
    "array of singles": array("f", [1.0, 2.0]),
    "empty": array("d"),
    "memoryview": memoryview(TWO),
    "bytes": b"\1\2",
    "numpy": TWO,
    "read-only": numpy.broadcast_to(TWO[:1], 2),
    "every other": numpy.array([1.0, -1.0, 2.0, -1.0])[::2],
    "every other, in a memoryview": memoryview(array("d", [1.0, -1.0, 2.0, -1.0]))[::2],
    "backwards": TWO[::-1],
    "other byte order": TWO.astype(">f8"),
    "integers": numpy.array([1, 2]),
    "objects": numpy.array([1.0, Fraction(2)], dtype=object),
    "a column": TWO.reshape(2, 1),
    "dates": numpy.array(["2001-01-01", "2001-01-02"], dtype="M8[D]"),
    "partly masked": numpy.ma.array(TWO, mask=[False, True]),
    "subclass": TWO.view(Halves),
}


@pytest.mark.parametrize("name", BUFFERS)
def test_a_buffer_counts_as_what_it_iterates_over(name: str) -> None:
    def outcome(function: Callable[[Any], Any], numbers: Any) -> Any:
        try:
            return seen(function(numbers))
        except TypeError as error:
            return type(error), str(error)

    x = Value(3.0)
    for function in math.fsum, lambda numbers: math.dot(numbers, [x, 2.0]), lambda numbers: math.dot([x, x], numbers):
        assert outcome(function, BUFFERS[name]) == outcome(function, (number for number in BUFFERS[name]))


@pytest.mark.skipif(sys.version_info < (3, 12), reason="buffers are made in C")
def test_a_buffer_may_compute_while_it_is_asked_for() -> None:
    class Stirred:
        def __buffer__(self, flags: int) -> memoryview:
            row.clear()
            stir()
            return memoryview(TWO)

        def __iter__(self) -> Iterator[float]:
            return iter(self.__buffer__(0))

    row: list[Any] = [Value(3.0), Value(4.0)]
    assert math.dot(tuple(row), Stirred()).data == 11.0
    row = [Value(3.0), Value(4.0)]
    with pytest.raises(ArgumentError):
        math.dot(row, Stirred())


def nothing_before() -> None:
    same((math.fsum(array("d")), math.dot(array("d"), [])), (0.0, 0.0))
    x = Value(1.0)
    y = math.fsum([x] * 100_000)
    y.backward()
    same((y.data, x.grad), (100_000.0, 100_000.0))


def test_the_first_use_may_be_a_small_or_a_large_one() -> None:
    """No memory was asked for yet."""
    run_alone(nothing_before)


def test_no_operands() -> None:
    assert Value(1.0).__primitive__(primitives.fsum, ()).data == 0.0  # type: ignore[operator]


def thousands_of_primitives() -> None:
    def evaluate(x: float) -> float:
        for _ in range(50):
            inner = new_primitive("inner")
            assert inner(Value(x)).primitive is inner
        return x

    for _ in range(400):
        outer = Primitive("outer", evaluate, (lambda out, x: 1.0,))
        assert outer(Value(1.0)).primitive is outer


def test_thousands_of_primitives_of_ones_own() -> None:
    """The tape lets go of them when it is empty, also while a primitive is evaluated."""
    run_alone(thousands_of_primitives)


def test_a_node_has_its_own_primitive_however_many_there_are() -> None:
    """Also after lines between them were dropped."""
    x = Value(1.0)
    rows, nodes = [], [x]
    for k in range(70_000):
        row = Primitive("shifted", lambda x: x + 1.0, (lambda out, x: 2.0,))
        if k % 7 < 4:
            rows.append(row)
            nodes.append(row(nodes[-1] if len(nodes) % 100 else x))
        else:
            row(x * 2.0)
    assert [node.primitive for node in nodes[1:]] == rows
    [slope] = adjoints({nodes[-1]: 1.0}, [x])
    assert slope == 2.0 ** ((len(nodes) - 1) % 100 + 1)


def test_letting_go_of_a_primitive_may_run_anything() -> None:
    class Stirring:
        def __del__(self) -> None:
            gone.append(new_primitive("within")(Value(stir())).data)

    def holding(thing: object) -> Primitive:
        return Primitive("holding", lambda x: x + 0.0 * id(thing), (lambda out, x: 1.0,))

    gone: list[float] = []
    x = Value(0.5)
    for kept in ([], [x * 2.0]):
        nodes = [holding(Stirring())(x * 3.0) for _ in range(3)]
        for _ in range(300 if NATIVE else 10):
            nodes = [*nodes[1:], holding(Stirring())(nodes[0] * 1.0)]
        total = math.fsum([*nodes, *kept])
        del nodes
        assert adjoints({total: 1.0}, [x]) == [9.0 + 2.0 * len(kept)]
        del total
    gc.collect()
    assert len(gone) == 2 * (303 if NATIVE else 13)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored otherwise by what runs in the background
    globals()[sys.argv[1]](*sys.argv[2:])
