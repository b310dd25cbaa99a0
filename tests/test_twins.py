"""Both cores behave the same: `value.py` can be read, `_native.pyx` is fast, and nobody can tell which of them runs."""

from __future__ import annotations

import copy
import gc
import math
import operator as op
import pickle
import tracemalloc
import weakref
from array import array
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from math import inf, nan
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from autograd import core as core_in_use, flat, primitives as p, sweeps, value
from autograd.errors import GraphError
from autograd.graph import is_outdated
from autograd.primitives import BUILT_IN, TABLE, primitive

native = pytest.importorskip("autograd._native")

PLAIN = SimpleNamespace(**{**vars(flat), **vars(sweeps), **vars(value)})
CORES = (PLAIN, native)
every_core = pytest.mark.parametrize("core", CORES, ids=["plain", "compiled"])
every_row = pytest.mark.parametrize("name", sorted(BUILT_IN))


class Twins(NamedTuple):
    """The same thing in both cores."""

    plain: Any
    compiled: Any


class Place(int):
    """Stands for one of the Values at hand."""


def each(function: Callable[..., Any], *arguments: Any) -> Twins:
    """Do the same in both cores. What is raised is a result, without its traceback, which would keep Values alive."""
    results = []
    for side, core in enumerate(CORES):
        try:
            results.append(function(core, *[of_core(side, x) for x in arguments]))
        except Exception as error:
            results.append(f"{type(error).__name__}: {error}".replace("autograd.Value", "Value"))
    return Twins(*results)


def of_core(side: int, x: Any) -> Any:
    if type(x) is Twins:
        return x[side]
    return [of_core(side, item) for item in x] if type(x) is list else x


def assert_same(waiting: Iterable[Twins]) -> int:
    """Compare all that can be seen of Values and of everything they need; return how many these are."""
    twins: dict[Any, Any] = {}
    waiting = list(waiting)
    while waiting:
        x, twin = waiting.pop()
        if x in twins:
            assert twins[x] is twin
            continue
        twins[x] = twin
        assert state(x) == state(twin)
        waiting += [Twins(*pair) for pair in zip(x.operands, twin.operands) if type(pair[0]) is PLAIN.Value]
    assert len(set(twins.values())) == len(twins)
    assert history(twins) == history(twins.values())
    return len(twins)


def state(x: Any) -> str:
    """Return what a Value holds, to the bit: two floats have the same repr if they are the same, or both NaN."""
    return repr((x, x.data, x.grad, x.label, x.primitive, x.operands, x.partials, x.changed < 0, is_outdated(x)))


def history(nodes: Iterable[Any]) -> list[tuple[int, int]]:
    """Return in which order Values were made, and after which of them each leaf was changed."""
    numbers = sorted(x.number for x in nodes)
    return [(bisect(numbers, x.number), bisect(numbers, x.changed) if x.changed else 0) for x in nodes]


# ── what both are made to do ─────────────────────────────────────────────────────────────────────────────────────────

SPECIAL = (0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, 1e308, -1e308, inf, -inf, nan)
OTHER_KINDS = (0, 1, -3, True, Fraction(1, 3), 2**70, np.float64(0.1), np.float32(0.1), np.int64(2))
STRANGERS = (None, "1", 1j, (1.0,), 10**400)

places = st.integers(0, 15).map(Place)
numbers = st.floats(-4.0, 4.0) | st.sampled_from(SPECIAL) | st.floats()
operands = places | places | places | numbers | st.sampled_from(OTHER_KINDS)
anything = operands | st.sampled_from(STRANGERS)

OF_TWO = ("arctan2", "hypot", "fmod")
OF_ONE = {x for x in vars(PLAIN.Value) if x.isalnum() and callable(getattr(PLAIN.Value, x))}
OF_ONE -= {*OF_TWO, "copysign", "backward"}
RELATIONS = [op.eq, op.ne, op.lt, op.le, op.gt, op.ge]
BINARY = [op.add, op.sub, op.mul, op.truediv, op.pow, op.mod, op.floordiv, divmod]
BINARY += [lambda x, y, name=name: getattr(x, name)(y) for name in OF_TWO]
UNARY = [op.neg, op.pos, abs, math.floor, math.ceil, math.trunc, round, bool, copy.copy]
UNARY += [op.methodcaller(name) for name in sorted(OF_ONE)]

REFUSED: list[Callable[..., Any]] = [
    lambda core, x, thing: core.Value(thing),
    lambda core, x, thing: core.Value(1.0, label=thing),
    lambda core, x, thing: setattr(x, "data", thing),
    lambda core, x, thing: setattr(x, "grad", thing),
    lambda core, x, thing: setattr(x, "label", thing),
    lambda core, x, thing: x.backward(thing),
    lambda core, x, thing: x + thing,
    lambda core, x, thing: thing**x,
    lambda core, x, thing: x < thing,
    lambda core, x, thing: x.hypot(thing, x),
    lambda core, x, thing: x.fmod(thing),
    lambda core, x, thing: round(x, thing),
    lambda core, x, thing: (float if thing else int)(x),
]

ROWS_OF_NUMBERS: dict[str, Callable[[list[Any]], Any]] = {
    "list": list,
    "tuple": tuple,
    "generator": iter,
    "array": lambda xs: array("d", map(float, xs)),
    "numpy": np.array,
    "every second of numpy": lambda xs: np.repeat(xs, 2)[::2],
}
ways = st.sampled_from(["row", "function", *ROWS_OF_NUMBERS])
names = st.sampled_from(sorted(BUILT_IN))
steps = st.tuples(names, ways, st.lists(operands, min_size=3, max_size=6))


def computed(core: Any, name: str, way: str, xs: list[Any]) -> Any:
    """Return the value of a row, asked for in one of the ways in which the library does."""
    row = TABLE[name]
    in_rows = row.many and way not in ("row", "function")
    xs = xs[: len(xs) // 2 * 2 if name == "dot" or in_rows else row.arity]
    if name == "copysign" and xs[1] != xs[1]:
        xs[1] = 1.0  # which sign a computed NaN has, nobody says: IEEE 754, C and Python leave it to the processor
    if way == "function" and name in BUILT_IN:
        return core.function(row)(*xs)
    if not in_rows:
        return row(*xs)
    half = len(xs) // 2
    has_values = any(type(x) is core.Value for x in xs[half:])
    return core.over(row, xs[:half], ROWS_OF_NUMBERS["list" if has_values else way](xs[half:]))


def crowd(x: Any, count: int) -> Any:
    """Compute that many numbers, each from the one before; forget all but the last."""
    for _ in range(count):
        x = x + 1.0
    return x


@primitive(lambda z, x, y, n: n * y, lambda z, x, y, n: n * x if x > 0 else None, None)
def own_of_three(x: float, y: float, n: float) -> float:
    return n * x * y


@primitive(lambda z, *xs: [2 * x for x in xs], many=True)
def own_of_many(*xs: float) -> float:
    return sum(x * x for x in xs)


@primitive(lambda z, x: -1.0 / (x * x))
def own_that_raises(x: float) -> float:
    return 1.0 / x


@primitive(lambda z, x: crowd(native.Value(1.0), 100) and 2.0)
def own_that_computes(x: float) -> float:
    return float(2.0 * x + 0.0 * crowd(native.Value(1.0), 40_000).data)


OWN = {name: TABLE.pop(name) for name in list(TABLE) if name.startswith("own_")}


class Together(RuleBasedStateMachine):
    """The cores side by side: whatever is done, they agree on every Value that somebody holds, and on all it needs.

    The compiled core drops lines of its tape now and then: when it has 32768 of them, or edges. So here it also
    computes for itself what nobody asks for, and keeps some of it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.held: list[Twins] = []
        self.crowds: list[Any] = []
        self.size = 0
        TABLE.update(OWN)

    def teardown(self) -> None:
        self.held.clear()
        self.crowds.clear()
        for name in OWN:
            del TABLE[name]

    @invariant()
    def they_agree(self) -> None:
        self.size = assert_same(self.held)

    def at(self, x: Any) -> Any:
        if type(x) is list:
            return [self.at(item) for item in x]
        if type(x) is not Place:
            return x
        if not self.held:
            self.do(lambda core: core.Value(2.0))
        return self.held[~(x % len(self.held))]

    def do(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.hold(each(function, *[self.at(x) for x in arguments]))

    def hold(self, found: Twins) -> None:
        if type(found.plain) in (list, tuple):
            assert type(found.plain) is type(found.compiled)
            for pair in zip(*found, strict=True):
                self.hold(Twins(*pair))
        elif type(found.plain) is PLAIN.Value:
            assert type(found.compiled) is native.Value
            self.held.append(found)
        else:
            assert repr(found.plain) == repr(found.compiled)

    @rule(number=numbers | st.sampled_from(OTHER_KINDS), label=st.sampled_from(["", "x", "y"]))
    def make_a_leaf(self, number: Any, label: str) -> None:
        self.do(lambda core: core.Value(number, label=label))

    @rule(operation=st.sampled_from(BINARY * 3 + RELATIONS), x=places, y=operands)
    def operate_on_two(self, operation: Callable[..., Any], x: Any, y: Any) -> None:
        self.do(lambda core, x, y: operation(x, y), x, y)
        self.do(lambda core, x, y: operation(y, x), x, y)

    @rule(operation=st.sampled_from(UNARY), x=places)
    def operate_on_one(self, operation: Callable[..., Any], x: Any) -> None:
        self.do(lambda core, x: operation(x), x)

    @rule(steps=st.lists(steps, min_size=1, max_size=5))
    def call_rows(self, steps: list[Any]) -> None:
        for name, way, xs in steps:
            self.do(lambda core, xs, name=name, way=way: computed(core, name, way, xs), xs)

    @rule(name=st.sampled_from([*OWN]), xs=st.lists(operands, min_size=3, max_size=3))
    def call_rows_of_ones_own(self, name: str, xs: list[Any]) -> None:
        self.do(lambda core, xs: computed(core, name, "row", xs), xs)

    @rule(name=names.filter(lambda x: x != "copysign"), rows=st.lists(st.lists(anything, max_size=4), max_size=2))
    def call_a_row_perhaps_wrongly(self, name: str, rows: list[list[Any]]) -> None:
        row, xs = TABLE[name], [x for xs in rows for x in xs]
        self.do(lambda core, xs: row(*xs), xs)
        self.do(lambda core, xs: core.function(row)(*xs), xs)
        self.do(lambda core, rows: core.over(row, *rows), rows)

    @rule(refused=st.sampled_from(REFUSED), x=places, thing=st.sampled_from(STRANGERS))
    def ask_for_what_is_refused(self, refused: Callable[..., Any], x: Any, thing: Any) -> None:
        self.do(refused, x, thing)

    @rule(which=st.sets(places, min_size=1, max_size=2))
    def let_go(self, which: set[int]) -> None:
        self.held = [x for place, x in enumerate(self.held) if place % 16 not in which]

    @rule()
    def let_go_of_all_that_is_computed(self) -> None:
        self.held = [x for x in self.held if not x.plain.operands]
        self.crowds.clear()

    @rule(x=places, path=st.lists(st.integers(0, 7), min_size=1, max_size=4))
    def go_back_to_operands(self, x: Any, path: list[int]) -> None:
        def walk(core: Any, x: Any) -> Any:
            for step in path:
                x = x.operands[step % len(x.operands)] if type(x) is core.Value and x.operands else x
            return x

        self.do(walk, x)

    @rule(x=places, name=st.sampled_from(["data", "grad"]), number=numbers | st.sampled_from(OTHER_KINDS))
    def set_a_number(self, x: Any, name: str, number: Any) -> None:
        self.do(lambda core, x: setattr(x, name, number), x)

    @rule(x=places, label=st.sampled_from(["", "z"]))
    def set_a_label(self, x: Any, label: str) -> None:
        self.do(lambda core, x: setattr(x, "label", label), x)

    @rule(x=places, seed=st.just(1.0) | numbers | st.sampled_from(OTHER_KINDS))
    def go_backward(self, x: Any, seed: Any) -> None:
        self.do(lambda core, x: x.backward(seed), x)

    @rule(
        direction=st.sampled_from(["adjoints", "tangents"]),
        seeds=st.lists(st.tuples(places, numbers), max_size=3),
        wanted=st.lists(places, max_size=3),
        record=st.sampled_from([False, False, True]),
    )
    def sweep(self, direction: str, seeds: list[tuple[Any, float]], wanted: list[Any], record: bool) -> None:
        def found(core: Any, seeded: list[Any], wanted: list[Any]) -> Any:
            given = dict(zip(seeded, [seed for _, seed in seeds]))
            arguments = (given, wanted) if direction == "adjoints" else (wanted, given)
            return getattr(core, direction)(*arguments, record=record and self.size < 100)

        self.do(found, [x for x, _ in seeds], wanted)

    @rule(results=st.lists(places, max_size=3), first=places)
    def ask_for_older_operands(self, results: list[Any], first: Any) -> None:
        self.do(lambda core, results, first: core.depend_on_older(results, first.number), results, first)

    @rule(roots=st.lists(places | numbers, max_size=3), inputs=st.lists(places, max_size=3), since=places)
    def write_down_as_arrays(self, roots: list[Any], inputs: list[Any], since: Any) -> None:
        def arrays(core: Any, roots: list[Any], inputs: list[Any], since: Any) -> Any:
            return list(core.flat(roots, list(dict.fromkeys(inputs)), since.number))

        self.do(arrays, roots, inputs, since)

    @precondition(lambda self: self.size < 100)
    @rule(xs=st.lists(places, min_size=1, max_size=3), memo=st.none() | st.tuples(places, places))
    def copy_deeply(self, xs: list[Any], memo: Any) -> None:
        known = list(memo or ())
        self.do(lambda core, xs, known: copy.deepcopy(xs, {id(known[0]): known[1]} if known else None), xs, known)

    @precondition(lambda self: self.size < 100)
    @rule(xs=st.lists(places, min_size=1, max_size=3), protocol=st.integers(0, pickle.HIGHEST_PROTOCOL))
    def pickle_and_unpickle(self, xs: list[Any], protocol: int) -> None:
        def pickled(core: Any, xs: list[Any]) -> Any:
            with patch.multiple(core_in_use, restore=core.restore, restore_graph=core.restore_graph):
                return pickle.loads(pickle.dumps(xs, protocol))

        self.do(pickled, xs)

    @rule(x=places, count=st.sampled_from([10, 2_000, 40_000]))
    def let_the_compiled_core_compute(self, x: Any, count: int) -> None:
        self.crowds.append(crowd(self.at(x).compiled, count))

    @rule(x=places, y=places, count=st.sampled_from([10, 1_000]))
    def let_the_compiled_core_add(self, x: Any, y: Any, count: int) -> None:
        self.crowds.append(native.over(p.fsum, [self.at(x).compiled, self.at(y).compiled] * 20))
        for _ in range(count):
            native.over(p.fsum, [self.crowds[-1], self.at(x).compiled] * 20)

    @rule(place=st.integers(0, 15))
    def let_the_compiled_core_forget(self, place: int) -> None:
        del self.crowds[place:]

    @rule(x=places, count=st.sampled_from([10, 300]))
    def let_the_compiled_core_use_primitives_of_its_own(self, x: Any, count: int) -> None:
        self.crowds.append(self.at(x).compiled)
        for _ in range(count):
            self.crowds[-1] = p.Primitive("own", lambda x: x, (lambda out, x: 1.0,))(self.crowds[-1])

    @rule()
    def collect_garbage(self) -> None:
        gc.collect(0)

    @rule()
    def let_go_as_in_a_full_collection(self) -> None:
        native.collect("start", {"generation": 2})


TestTogether = Together.TestCase
TestTogether.settings = settings(max_examples=2 * settings().max_examples, stateful_step_count=50)


# ── every row ────────────────────────────────────────────────────────────────────────────────────────────────────────


def graph(core: Any, point: list[float], program: list[Any]) -> list[Any]:
    """Return the Values at a point, and what is computed from them."""
    found = [core.Value(x) for x in point]
    for name, way, places in program:
        xs = [found[x % len(found)] if type(x) is Place else x for x in places]
        found.append(computed(core, name, way, xs))
    return found


points = st.lists(numbers, min_size=1, max_size=4)
programs = st.lists(steps, max_size=5)
two_seeds = st.tuples(numbers | st.sampled_from(SPECIAL), st.sampled_from(SPECIAL))


@every_row
@given(point=points, program=programs, last=steps, seeds=two_seeds)
@settings(max_examples=25)
def test_random_graphs_and_their_derivatives_are_the_same_to_the_bit(
    name: str, point: list[float], program: list[Any], last: Any, seeds: tuple[float, float]
) -> None:
    def derivatives(core: Any, xs: list[Any]) -> str:
        xs[-1].backward(seeds[0])
        ends = dict(zip((xs[0], xs[-1]), seeds))
        return repr((core.adjoints(ends, xs), core.tangents(xs, ends)))

    found = each(graph, point, [*program, (name, *last[1:])])
    assert [repr(x) for x in found.plain] == [repr(x) for x in found.compiled]
    twins = [Twins(*pair) for pair in zip(*found) if type(pair[0]) is PLAIN.Value]
    derived = each(derivatives, twins)
    assert derived.plain == derived.compiled
    assert_same(twins)


@contextmanager
def recording(core: Any, begun: bool) -> Iterator[None]:
    """Compute as if a function was recorded."""
    core.set_recorder(SimpleNamespace(truth=lambda x: core.read(x) != 0.0) if begun else None)
    try:
        yield
    finally:
        core.set_recorder(None)


@every_row
@given(point=points, program=programs, last=steps, seeds=two_seeds, begun=st.booleans(), forth=st.booleans())
@settings(max_examples=25)
def test_recorded_derivatives_are_the_same_graphs_to_any_order(
    name: str, point: list[float], program: list[Any], last: Any, seeds: tuple[float, float], begun: bool, forth: bool
) -> None:
    def derivatives(core: Any, xs: list[Any]) -> list[Any]:
        with recording(core, begun):
            first = core.adjoints(dict(zip((xs[0], xs[-1]), seeds)), xs, record=True)
            slopes = [x for x in first if type(x) is core.Value] or xs[:1]
            along = dict(zip(xs, [slopes[0], 1.0, 0.0]))
            second = (
                core.tangents([xs[-1], *slopes], along, record=True)
                if forth
                else core.adjoints({slopes[-1]: xs[0], slopes[0]: 1.0}, xs[:2], record=True)
            )
            curvatures = [x for x in second if type(x) is core.Value][:1]
            return [*first, *second, *core.adjoints(dict.fromkeys(curvatures, 1.0), xs, record=True)]

    found = each(graph, point, [*program, (name, *last[1:])])
    twins = [Twins(*pair) for pair in zip(*found) if type(pair[0]) is PLAIN.Value]
    derived = each(derivatives, twins)
    assert [repr(x) for x in derived.plain] == [repr(x) for x in derived.compiled]
    assert_same([*twins, *(Twins(*pair) for pair in zip(*derived) if type(pair[0]) is PLAIN.Value)])


# ── how long what a Value knows is kept ──────────────────────────────────────────────────────────────────────────────


def compute_much(core: Any, x: Any) -> None:
    """Have the compiled core drop from its tape whatever it can, twice."""
    for _ in range(70_000):
        x * 2.0


@every_core
def test_what_a_node_holds_survives_while_only_its_results_know_of_it(core: Any) -> None:
    x = core.Value(3.0, label="x")
    y = x * x
    y.label = "y"
    z = y.exp() + y
    z.backward(0.0)
    y.grad, x.grad = 5.0, 7.0
    del x, y
    compute_much(core, z)
    y = z.operands[1]
    assert repr(y) == "Value(data=9.0, grad=5.0, label='y')"
    assert repr(y.operands) == "(Value(data=3.0, grad=7.0, label='x'), Value(data=3.0, grad=7.0, label='x'))"
    assert z.operands[0].operands[0] is y
    assert y.operands[0] is y.operands[1]


@every_core
def test_what_is_set_on_a_node_that_came_back_is_kept_when_it_goes_again(core: Any) -> None:
    y = core.Value(1.0, label="x") * 2.0 + 1.0
    for label in ("first", "", "second"):
        y.operands[0].label = label
        y.operands[0].grad = 4.0
        compute_much(core, y)
        assert (y.operands[0].label, y.operands[0].grad, y.operands[0].operands[0].label) == (label, 4.0, "x")


@every_core
def test_a_leaf_that_came_back_can_be_changed(core: Any) -> None:
    x = core.Value(2.0)
    y = x * x
    del x
    y.operands[0].data = 5.0
    compute_much(core, y)
    x = y.operands[0]
    z = x * y
    z.backward()
    assert (y.data, z.data, x.data, x.grad) == (4.0, 20.0, 5.0, 4.0 + 5.0 * 4.0)
    assert (is_outdated(y), is_outdated(z)) == (True, False)
    with pytest.raises(GraphError, match="was changed after it was computed"):
        core.adjoints({z: 1.0}, [x], record=True)


@every_core
def test_a_sweep_passes_through_what_nobody_holds_any_more(core: Any) -> None:
    x = core.Value(0.5)
    kept = [x.sin()]
    for k in range(1000):
        y = kept[-1] * x
        kept.append(y + kept[k // 2])
    last = kept[-1]
    last.backward()
    expected, x.grad = x.grad, 0.0
    del kept, y
    compute_much(core, last)
    last.backward()
    assert x.grad == expected
    assert core.adjoints({last: 1.0}, [x]) == [expected]
    assert core.tangents([last], {x: 1.0}) == [pytest.approx(expected, rel=1e-12)]


@every_core
def test_of_a_long_chain_some_can_be_kept(core: Any) -> None:
    x = y = core.Value(0.0)
    kept = {}
    for k in range(1, 200_001):
        y = y + 1.0
        if k % 20_000 == 0:
            kept[k] = y
    for k in (200_000, 20_000, 120_000):
        x.grad = 0.0
        kept[k].backward(float(k))
        assert (kept[k].data, x.grad) == (k, k)
    del kept[200_000], kept[20_000], y
    compute_much(core, x)
    y = kept.pop(180_000)
    for _ in range(60_000):
        y = y.operands[0]
    assert y is kept[120_000]
    assert y.grad == 120_000.0


@every_core
def test_many_results_can_be_kept_and_swept_one_by_one(core: Any) -> None:
    w = core.Value(2.0, label="w")
    losses = [(w * float(k) - 1.0) ** 2.0 for k in range(1000)]
    compute_much(core, w)
    for k, loss in enumerate(losses):
        w.grad = 0.0
        loss.backward()
        assert (loss.data, w.grad) == ((2.0 * k - 1.0) ** 2, 2.0 * (2.0 * k - 1.0) * k)


@every_core
def test_leaves_are_used_again_in_every_epoch(core: Any) -> None:
    ws = [core.Value(1.0, label=f"w{k}") for k in range(10)]
    for epoch in range(1, 5):
        loss = core.over(p.dot, ws, [float(k) for k in range(10)]) + epoch
        loss.backward()
        assert [w.grad for w in ws] == list(range(10))
        for w in ws:
            w.data, w.grad = w.data - 0.5, 0.0
        del loss
        compute_much(core, ws[0])
    assert [repr(w) for w in ws] == [f"Value(data=-1.0, grad=0.0, label='w{k}')" for k in range(10)]


@every_core
def test_a_value_that_is_kept_does_not_keep_what_others_compute(core: Any) -> None:
    old = core.Value(1.0) * 2.0
    compute_much(core, old)
    tracemalloc.start()
    try:
        compute_much(core, old)
        for _ in range(300):
            core.over(p.fsum, [old] * 300)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000, "as much as one in four takes"


@every_core
def test_initialized_again_it_is_a_new_leaf(core: Any) -> None:
    x = core.Value(2.0, label="x")
    y = x * x
    z = y * 3.0
    z.backward()
    for again in (x, y):
        again.__init__(5.0)
        assert repr(again) == "Value(data=5.0, grad=0.0)"
        assert (again.primitive, again.operands, again.partials) == (None, (), ())
        assert again.number > z.number
        (again * again).backward()
        assert again.grad == 10.0
    assert (z.data, z.partials) == (12.0, (3.0, None))


@every_core
def test_initialized_wrongly_it_stays_what_it_was(core: Any) -> None:
    x = core.Value(2.0, label="x")
    x.grad = 3.0
    for wrong in ({"data": "1"}, {"data": 1.0, "label": 3}):
        with pytest.raises(TypeError):
            x.__init__(**wrong)
        assert repr(x) == "Value(data=2.0, grad=3.0, label='x')"


@every_core
def test_a_label_is_what_a_str_of_any_kind_says(core: Any) -> None:
    x = core.Value(1.0, label=np.str_("x"))
    assert repr(x) == "Value(data=1.0, grad=0.0, label='x')"


@every_core
def test_whoever_waits_for_the_end_of_a_value_does_not_get_it_back(core: Any) -> None:
    x = core.Value(2.0)
    y = x * 3.0
    z = y * 2.0
    found: list[Any] = []
    watch = weakref.ref(y, lambda _: found.extend(z.operands))
    del y
    others = [x * 4.0 for _ in range(3)]
    assert [repr(y) for y in found] in ([], ["Value(data=6.0, grad=0.0)", "2.0"])
    assert not any(y is other for y in found for other in others)
    assert z.operands[0].data == 6.0
    del watch
