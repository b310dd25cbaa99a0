"""`debug` raises where the first NaN or infinity comes from, and says where that stands in the program."""

from __future__ import annotations

import asyncio
import copy
import operator as op
import pickle
import re
import sys
import threading
from _thread import start_new_thread
from collections.abc import Callable
from contextvars import copy_context
from itertools import product
from math import ceil, floor, inf, isfinite, isnan, nan, trunc
from queue import SimpleQueue
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

import nn
from autograd import Value, adjoints, core, debug, explain, grad, hessian, jacobian, jvp, math, primitive, vjp
from autograd.errors import ArgumentError, NotFiniteError
from autograd.graph import topological_order
from autograd.primitives import BUILT_IN, TABLE
from autograd.testing import graphs

ADVICE = (
    "\nclip, shift or rescale its operands first;"
    " if a `where` discards it, put one inside: f(where(c, x, 1.0))"
)
UNKNOWN = "an unknown place, outside of debug() or too long ago"
THIS_LINE = rf"{re.escape(__file__)}:\d+ in \S+"


def labelled(**numbers: float) -> list[Value]:
    return [Value(number, label=label) for label, number in numbers.items()]


def error_of(function: Callable[[], Any]) -> NotFiniteError:
    """Return what is raised within `debug`."""
    with pytest.raises(NotFiniteError) as caught, debug():
        function()
    return caught.value


def said(error: NotFiniteError) -> str:
    """Return the text of an error without place and advice, which are the same in each."""
    text, found = re.subn(f", computed at {THIS_LINE}{re.escape(ADVICE)}$", "", str(error))
    assert found, error
    return text


def line() -> int:
    """Return the number of the line that calls."""
    return sys._getframe(1).f_lineno


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────────

FIRST = [
    # what is computed from x = 0 and y = -1, and what is said of it
    (lambda x, y: 1.0 / x, "divide(1.0, x=0.0) is inf"),
    (lambda x, y: y / x, "divide(y=-1.0, x=0.0) is -inf"),
    (lambda x, y: x / x, "divide(x=0.0, x=0.0) is nan"),
    (lambda x, y: x * inf, "multiply(x=0.0, inf) is nan"),
    (lambda x, y: x**y, "power(x=0.0, y=-1.0) is inf"),
    (lambda x, y: y**0.5, "power(y=-1.0, 0.5) is nan"),
    (lambda x, y: y % 0, "mod(y=-1.0, 0.0) is nan"),
    (lambda x, y: (x + inf) - inf, "subtract(inf, inf) is nan"),
    (lambda x, y: math.log(x), "log(x=0.0) is -inf"),
    (lambda x, y: y.log(), "log(y=-1.0) is nan"),
    (lambda x, y: math.exp(x + 1000), "exp(1000.0) is inf"),
    (lambda x, y: np.exp(np.array([x, 1000 - y])), "exp(1001.0) is inf"),
    (lambda x, y: np.array([1e308 + x, y, 1e308 + x]).sum(), "add(1e+308, 1e+308) is inf"),
    (lambda x, y: math.polygamma(1, x), "polygamma(1.0, x=0.0) is inf"),
    (lambda x, y: math.where(x > 0, math.sqrt(y), 0.0), "sqrt(y=-1.0) is nan"),
    (lambda x, y: math.dot([x, 1e200], [2.0, 1e200]), "dot(x=0.0, 1e+200, 2.0, 1e+200) is inf"),
    (lambda x, y: math.fsum([x, y, inf, x, y, x - inf, y]), "fsum(y=-1.0, inf, y=-1.0, -inf, … 3 more) is nan"),
]


@pytest.mark.parametrize(("function", "text"), FIRST)
@np.errstate(all="ignore")
def test_the_first_number_that_is_not_finite_raises(function: Callable[..., Any], text: str) -> None:
    x, y = labelled(x=0.0, y=-1.0)
    function(x, y)  # without `debug`, nothing
    assert said(error_of(lambda: function(x, y))) == text


PASSING = [
    lambda x: x * 2.0,
    lambda x: x + x,
    lambda x: 1.0 / x,
    lambda x: math.maximum(x, 1.0),
    lambda x: math.dot([x, 1.0], [2.0, 3.0]),
    lambda x: math.exp(x),
]


@pytest.mark.parametrize("function", PASSING)
@pytest.mark.parametrize("number", [inf, nan])
def test_what_comes_in_may_come_out(function: Callable[[Any], Any], number: float) -> None:
    x = Value(number)
    with debug():
        function(x).backward()


SPECIAL = (0.0, -1.0, 2.0, 1e308, -1e308, inf, -inf, nan)


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_every_row_raises_exactly_where_something_new_comes_out(name: str) -> None:
    row = TABLE[name]
    for operands in product(SPECIAL, repeat=row.arity or 2):
        out = row(*operands)
        new = not any(map(isnan, operands)) if isnan(out) else not isfinite(out) and all(map(isfinite, operands))
        xs = [Value(x) for x in operands]
        if new:
            assert error_of(lambda xs=xs: row(*xs)).node.primitive is row  # type: ignore[misc]
        else:
            with debug():
                row(*xs)


def test_what_a_where_would_discard_raises_and_the_advice_helps() -> None:
    x = Value(-1.0)
    error_of(lambda: math.where(x > 0, math.sqrt(x), 0.0))
    with debug():
        math.where(x > 0, math.sqrt(math.where(x > 0, x, 1.0)), 0.0).backward()
    assert x.grad == 0.0


def test_primitives_of_ones_own_are_watched() -> None:
    @primitive(lambda z, x: nan)
    def inverse(x: float) -> float:
        return 1.0 / x if x else inf

    @primitive(lambda z, *xs: [nan for _ in xs], many=True)
    def mean(*xs: float) -> float:
        return sum(xs) / len(xs)

    (x,) = labelled(x=0.0)
    assert said(error_of(lambda: inverse(x))) == "inverse(x=0.0) is inf"
    assert said(error_of(lambda: mean(x, 1e308, 1e308))) == "mean(x=0.0, 1e+308, 1e+308) is inf"
    assert said(error_of(lambda: mean(x, 1.0).backward())) == (
        "mean(x=0.0, 1.0) passes nan back to x=0.0: adjoint 1.0 · partial nan"
    )


def test_the_error_holds_the_node() -> None:
    (x,) = labelled(x=-1.0)
    error = error_of(lambda: math.log(x) + 1.0)
    assert isinstance(error, FloatingPointError)
    assert isnan(error.node.data)
    assert error.node.operands == (x,)
    copied = pickle.loads(pickle.dumps(error))
    assert (str(copied), copied.node.operands[0].label) == (str(error), "x")


def test_what_is_no_number_is_refused_as_ever() -> None:
    with debug(), pytest.raises(TypeError, match="unsupported operand"):
        Value(1.0) + "1"


def test_labels_are_data() -> None:
    x = Value(0.0, label="two\nlines " + "and long " * 9)
    assert said(error_of(lambda: 1.0 / x)) == "divide(1.0, two lines and long and long and lon…=0.0) is inf"


# ── places ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_error_says_where() -> None:
    (x,) = labelled(x=-1.0)

    def loss() -> Value:
        lines.append(line() + 1)
        return math.log(x)

    lines: list[int] = []
    error = error_of(loss)
    assert str(error) == f"log(x=-1.0) is nan, computed at {__file__}:{lines[0]} in {loss.__qualname__}{ADVICE}"


def test_places_are_data() -> None:
    with debug() as watched:
        y, number = Value(2.0) * 3.0, line()
    place = watched.place(y)
    assert place == (__file__, number, "test_places_are_data")
    assert str(place) == f"{__file__}:{number} in test_places_are_data"


def test_of_what_was_not_computed_there_no_place_is_known() -> None:
    x = Value(2.0)
    before = x + 1.0
    with debug() as watched:
        inside = x + before
        copied = copy.deepcopy(inside)
    after = x + inside
    assert [watched.place(node) is not None for node in (x, before, inside, copied, after)] == [
        False, False, True, False, False,
    ]  # fmt: skip


def test_only_values_have_places() -> None:
    with pytest.raises(ArgumentError) as caught:
        debug().place(2.0)  # type: ignore[arg-type]
    assert str(caught.value) == "debug: place: got 2.0 (float); expected a Value"


FORMS: list[Callable[..., Any]] = [
    op.add, op.sub, op.mul, op.truediv, op.pow, op.mod, op.floordiv, divmod, op.neg, op.pos, abs, round, floor, ceil,
    trunc, lambda x, y: 2.0 + x, lambda x, y: 2 - x, lambda x, y: 2 * x, lambda x, y: 2 / x, lambda x, y: 2**x,
    lambda x, y: 2 % x, lambda x, y: 2 // x, lambda x, y: divmod(2, x), lambda x, y: round(x, 1),
    lambda x, y: x.degrees(), lambda x, y: x.hypot(y, 1.0), lambda x, y: x.arctan2(y), lambda x, y: x.fmod(2.0),
    lambda x, y: math.fma(x, y, 1.0), lambda x, y: math.hypot(x, y), lambda x, y: math.clip(x, 0, y),
    lambda x, y: math.where(x > 0, x, y), lambda x, y: math.fsum([x, y] * 9), lambda x, y: math.dot([x, y], [y, 1]),
    lambda x, y: math.logsumexp(np.array([x, y])), lambda x, y: math.log(x, y), lambda x, y: TABLE["exp"](x),
    lambda x, y: TABLE["maximum"](x, y, 1.0), lambda x, y: np.array([x, y]).sum(), lambda x, y: np.sum([x, y]),
    lambda x, y: np.array([x, y]) @ np.array([y, x]), lambda x, y: np.hypot(np.array([x]), y),
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_an_operation_stands_where_the_user_wrote_it(form: Callable[..., Any]) -> None:
    x, y = Value(2.5), Value(1.5)
    unary = form in (op.neg, op.pos, abs, round, floor, ceil, trunc)
    with debug() as watched:
        made = form(x) if unary else form(x, y)
    for node in topological_order(*np.ravel(made)):
        place = watched.place(node)
        assert (place.file if place else None) == (__file__ if node.operands else None)


def test_in_a_network_it_is_the_users_line() -> None:
    model = nn.MLP(2, [3, 1], seed=0)
    model.layers[0].neurons[1].weights[0].data = 1e308
    model.layers[0].neurons[1].weights[0].label = "w"
    error, number = error_of(lambda: model([100.0, 1.0])), line()
    assert f"computed at {__file__}:{number} in test_in_a_network" in str(error)
    assert "w=1e+308" in str(error)


def test_the_places_of_many_operations_are_known_but_not_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["autograd.debug"], "MOST_PLACES", 300)
    with debug() as watched:
        nodes = [Value(1.0)]
        for _ in range(800):
            nodes.append(nodes[-1] + 1.0)
    assert [watched.place(node) is not None for node in nodes[1:]] == [False] * 300 + [True] * 500


def test_the_places_of_a_thousand_operations_are_known() -> None:
    x = Value(1.0)
    with debug() as watched:
        nodes = [x + 1.0 for _ in range(1000)]
    assert None not in map(watched.place, nodes)


def test_where_nobody_else_stands_the_outermost_place_is_that_of_the_library() -> None:
    results: SimpleQueue[Value] = SimpleQueue()
    with debug() as watched:
        start_new_thread(copy_context().run, (_call_and_put, Value(0.0).exp, results.put))
        assert watched.place(results.get(timeout=60)) == ("<string>", 1, "<lambda>")


_call_and_put = eval("lambda f, put: put(f())", {"__name__": "autograd.nobody"})


# ── adjoints ─────────────────────────────────────────────────────────────────────────────────────────────────────────

BACKWARD = [
    # what is computed from x = 0 and y = 3, and which step of its sweep is the first
    (lambda x, y: math.sqrt(x), "sqrt(x=0.0) passes inf back to x=0.0: adjoint 1.0 · partial inf"),
    (lambda x, y: y * math.cbrt(x), "cbrt(x=0.0) passes inf back to x=0.0: adjoint 3.0 · partial inf"),
    (lambda x, y: math.sqrt(x) ** 2.0 * y, None),  # a zero adjoint passes nothing on
    (lambda x, y: math.sqrt(x * x), "sqrt(0.0) passes inf back to 0.0: adjoint 1.0 · partial inf"),
    (lambda x, y: math.where(x > 0, y / (x + 1.0), y), None),
    (lambda x, y: math.atan2(x, x), "atan2(x=0.0, x=0.0) passes nan back to x=0.0: adjoint 1.0 · partial nan"),
    (
        lambda x, y: (x + 1e-300) * 1e300 * 1e300,
        "multiply(1e-300, 1e+300) passes inf back to 1e-300: adjoint 1e+300 · partial 1e+300",
    ),
    (
        lambda x, y: x * 1e308 + x * 1e308,
        "multiply(x=0.0, 1e+308) passes 1e+308 back to x=0.0, which makes inf of its adjoint 1e+308",
    ),
]


@pytest.mark.parametrize(("function", "text"), BACKWARD)
@pytest.mark.parametrize("way", ["backward", "adjoints", "grad", "vjp"])
def test_the_first_adjoint_that_is_not_finite_raises(
    function: Callable[..., Value], text: str | None, way: str
) -> None:
    x, y = labelled(x=0.0, y=3.0)
    ways: dict[str, Callable[[], Any]] = {
        "backward": lambda: function(x, y).backward(),
        "adjoints": lambda: adjoints(function(x, y), [x, y]),
        "grad": lambda: grad(function, argnums=(0, 1))(0.0, 3.0),
        "vjp": lambda: vjp(function, 0.0, 3.0)[1](1.0),
    }
    if text is None:
        with debug():
            ways[way]()
    else:
        text = text if way in ("backward", "adjoints") else text.replace("x=", "").replace("y=", "")
        assert said(error_of(ways[way])) == text


def test_the_error_says_through_which_node_and_where_that_was_computed() -> None:
    (x,) = labelled(x=0.0)
    with debug() as watched:
        root, number = math.sqrt(x), line()
        place = watched.place(root)
        with pytest.raises(NotFiniteError) as caught:
            (root * 2.0).backward()
    assert caught.value.node is root
    assert place == (__file__, number, "test_the_error_says_through_which_node_and_where_that_was_computed")
    assert str(caught.value) == (
        f"sqrt(x=0.0) passes inf back to x=0.0: adjoint 2.0 · partial inf, computed at {place}{ADVICE}"
    )


def test_of_a_node_from_before_the_place_is_unknown() -> None:
    (x,) = labelled(x=0.0)
    root = math.sqrt(x)
    assert str(error_of(root.backward)) == (
        f"sqrt(x=0.0) passes inf back to x=0.0: adjoint 1.0 · partial inf, computed at {UNKNOWN}{ADVICE}"
    )


def test_no_gradient_has_changed() -> None:
    x, y = labelled(x=0.0, y=1.0)
    inner = x * y
    root = y * 2.0 + math.sqrt(inner)
    for node in (x, y, inner, root):
        node.grad = 7.0
    assert "passes inf" in str(error_of(root.backward))
    assert [node.grad for node in (x, y, inner, root)] == [7.0] * 4


def test_an_infinite_seed_comes_in() -> None:
    x = Value(2.0)
    with debug():
        (x * 3.0).backward(inf)
        x.backward(nan)
    assert isnan(x.grad)


def test_opposite_infinities_that_came_in_make_a_new_nan() -> None:
    (x,) = labelled(x=2.0)
    y = x * inf - x * inf
    assert said_without_place(error_of(y.backward)) == (
        "multiply(x=2.0, inf) passes inf back to x=2.0, which makes nan of its adjoint -inf"
    )


def said_without_place(error: NotFiniteError) -> str:
    return str(error).partition(", computed at")[0]


def test_every_transform_in_reverse_is_watched() -> None:
    def f(x: Any) -> Any:
        return math.sqrt(x[0]) * x[1]

    point = [0.0, 1.0]
    for transform in (grad(f), hessian(f), jacobian(lambda x: [f(x), x[0]]), grad(lambda x: grad(f)(x)[1])):
        assert said(error_of(lambda run=transform: run(point))) == (  # type: ignore[misc]
            "sqrt(0.0) passes inf back to 0.0: adjoint 1.0 · partial inf"
        )
    with debug():
        assert jvp(f, (point,), ([1.0, 0.0],)) == (0.0, inf)  # a number, from which nothing is computed


def test_adjoints_of_adjoints_are_watched() -> None:
    error = error_of(lambda: grad(grad(lambda x: x**1.5))(0.0))
    assert said(error) == "monomial(1.5, 0.0, 1.5, 1.0) passes inf back to 0.0: adjoint 1.0 · partial inf"
    with debug():
        _, pull_back = vjp(lambda x: x * x, 3.0)
        assert grad(lambda seed: pull_back(seed)[0])(1.0) == 6.0


def test_what_rules_do_not_select_is_theirs() -> None:
    """The slope of xʸ by y is 0 at x = 0, where its rule also takes the logarithm."""
    with debug():
        assert grad(grad(lambda x, y: x**y, 1), 1)(0.0, 2.0) == 0.0
        assert hessian(lambda p: math.hypot(p[0], p[1]) * 0.0)([0.0, 0.0]) == [[0.0, 0.0], [0.0, 0.0]]


def test_tangents_that_are_recorded_are_watched() -> None:
    error = error_of(lambda: grad(lambda s: jvp(lambda x: 1e200 * x, (2.0,), (s * 1e200,))[1])(1.0))
    assert said(error) == "chain(1e+200, 1e+200) is inf"


def test_explanations_are_given_nevertheless() -> None:
    (x,) = labelled(x=0.0)
    with debug():
        assert explain(x, math.sqrt(x)).total == inf


@given(graphs(), st.sampled_from([1.0, -2.0, 1e308, inf, nan]))
def test_it_changes_nothing_but_raises_where_an_adjoint_becomes_infinite(
    graph: tuple[Value, list[Value]], seed: float
) -> None:
    output, _ = graph
    nodes = topological_order(output)
    for node in nodes:
        node.grad = 0.0
    output.backward(seed)
    expected = [repr(node.grad) for node in nodes]
    for node in nodes:
        node.grad = 0.0
    if isfinite(seed) and not all(isfinite(node.grad) for node in nodes):
        error_of(lambda: output.backward(seed))
        return
    try:
        with debug():
            output.backward(seed)
    except NotFiniteError:
        assert not all(isfinite(float(number)) for number in expected)
    else:
        assert [repr(node.grad) for node in nodes] == expected


def test_a_deep_graph() -> None:
    x = y = Value(1.0)
    with debug() as watched:
        for _ in range(30_000):
            y = y + 1.0
        y.backward()
    assert x.grad == 1.0
    assert watched.place(y) == watched.place(y.operands[0])


# ── how long, and for whom ───────────────────────────────────────────────────────────────────────────────────────────


def assert_off() -> None:
    assert isnan(math.log(Value(-1.0)).data)
    math.sqrt(Value(0.0)).backward()


def test_blocks_are_nested() -> None:
    x = Value(2.0)
    with debug() as outer:
        with debug() as inner:
            y, number = x * x, line()
        z = x * x
        assert said(error_of(lambda: 1.0 / (x - x))) == "divide(1.0, 0.0) is inf"
    assert [outer.place(y) is None, inner.place(y) is None] == [False, False]
    assert [outer.place(z) is None, inner.place(z) is None] == [False, True]
    assert outer.place(y) == (__file__, number, "test_blocks_are_nested")
    assert_off()


def test_after_the_last_block_nothing_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    watched: list[bool] = []
    monkeypatch.setattr(core, "watch", lambda computed, before: watched.append(computed is not None))
    with debug(), debug():
        pass
    assert watched == [True, True, True, False]


def test_of_a_node_from_the_outer_block_the_inner_one_knows_the_place() -> None:
    (x,) = labelled(x=0.0)
    with debug():
        root = math.sqrt(x)
        assert "unknown" not in str(error_of(root.backward))


def test_a_block_can_be_entered_again_also_in_itself() -> None:
    watched = debug()
    with watched, watched:
        x = Value(2.0) + 1.0
    assert_off()
    with watched:
        y = x + 1.0
    assert watched.place(x) is not None
    assert watched.place(y) is not None
    assert_off()


def test_an_error_inside_ends_it() -> None:
    with pytest.raises(KeyError), debug():
        raise KeyError
    assert_off()


def test_an_error_is_no_reason_to_stop_watching() -> None:
    x = Value(-1.0)
    with debug():
        for _ in range(2):
            with pytest.raises(NotFiniteError):
                math.log(x)


def in_a_thread(function: Callable[[], None]) -> None:
    errors: list[BaseException] = []

    def run() -> None:
        try:
            function()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert not errors, errors


def test_other_threads_are_not_watched() -> None:
    with debug():
        in_a_thread(assert_off)
        assert said(error_of(lambda: math.log(Value(-1.0)))) == "log(-1.0) is nan"


def test_a_block_in_one_thread_ends_none_in_another() -> None:
    def watched() -> None:
        error_of(lambda: math.log(Value(-1.0)))
        assert_off()

    with debug():
        in_a_thread(watched)
        assert isinstance(error_of(lambda: math.log(Value(-1.0))), NotFiniteError)
    assert_off()


def test_nor_are_other_tasks() -> None:
    async def watched(entered: asyncio.Event, done: asyncio.Event) -> None:
        with debug():
            entered.set()
            await done.wait()
            with pytest.raises(NotFiniteError):
                math.log(Value(-1.0))

    async def not_watched(entered: asyncio.Event, done: asyncio.Event) -> None:
        await entered.wait()
        assert_off()
        done.set()

    async def both() -> None:
        entered, done = asyncio.Event(), asyncio.Event()
        await asyncio.gather(watched(entered, done), not_watched(entered, done))

    asyncio.run(both())
    assert_off()
