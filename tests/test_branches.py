"""Branches that only compute become selects; all others stay what they are, and everything else as well."""

from __future__ import annotations

import gc
import inspect
import linecache
import math as stdlib
import struct
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial, reduce, wraps
from itertools import count
from threading import Thread
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from hypothesis import assume, given, strategies as st

from autograd import Value, branches, grad, hvp, jvp, math
from autograd.branches import ask, computing_side, conversion, converted
from autograd.core import read, recorder, set_recorder
from autograd.graph import topological_order
from autograd.sides import is_number
from autograd.sources import codes_within

F = Callable[..., Any]


# ── a recorder, and what it recorded run again for other numbers ─────────────────────────────────────────────────────


class Recorder:
    def __init__(self) -> None:
        self.guards: list[tuple[Value, bool]] = []

    def truth(self, condition: Value) -> bool:
        ask(condition)
        holds = read(condition) != 0
        self.guards.append((condition, holds))
        return holds

    def refuse(self, what: str) -> NoReturn:
        raise TypeError(what)


@contextmanager
def recording(on: bool = True) -> Iterator[Recorder]:
    before, new = recorder(), Recorder()
    set_recorder(new)
    try:
        with conversion(on):
            yield new
    finally:
        set_recorder(before)


@dataclass
class Recording:
    inputs: list[Value]
    output: Any
    guards: list[tuple[Value, bool]]

    def at(self, *numbers: float) -> tuple[bool, list[Any]]:
        """Whether the guards hold for these numbers, and what the outputs are."""
        outputs = self.output if isinstance(self.output, tuple) else (self.output,)
        conditions = [condition for condition, _ in self.guards]
        roots = [x for x in (*outputs, *conditions) if isinstance(x, Value)]
        worth = {x.number: number for x, number in zip(self.inputs, numbers, strict=True)}

        def number(x: Any) -> Any:
            return worth[x.number] if isinstance(x, Value) else x

        for node in topological_order(*roots):
            if node.primitive is not None:
                worth[node.number] = node.primitive.evaluate(*map(number, node.operands))
            else:
                worth.setdefault(node.number, node.data)
        return all((number(c) != 0) is holds for c, holds in self.guards), [number(x) for x in outputs]


def record(f: F, *numbers: float, on: bool = True) -> Recording:
    inputs = [Value(x) for x in numbers]
    with recording(on) as taken:
        output = converted(f)(*inputs)
    return Recording(inputs, output, taken.guards)


def bits(x: Any) -> bytes:
    return b"nan" if x != x else struct.pack("d", x)


POINTS = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 3.0)


def selects(f: F, *, points: Sequence[float] = POINTS) -> bool:
    """Whether a function of one number is recorded without a guard, and is then right everywhere."""
    taken = record(f, points[0])
    for x in points:
        holds, found = taken.at(x)
        expected = f(x)
        outputs = expected if isinstance(expected, tuple) else (expected,)
        assert not holds or [*map(bits, found)] == [bits(float(y)) for y in outputs], x
        assert converted(f)(x) == expected
    return not taken.guards


# ── what becomes a select ────────────────────────────────────────────────────────────────────────────────────────────


def ternary(x):
    return 2 * x if x > 0 else -x


def sides(x):
    if x > 1:
        y = x - 1
    elif x > 0:
        y = x * x
    else:
        y = 0.0
    return y


def one_side(x):
    y = x
    if x < 0:
        y = -y
        y += 1.0
    return y


def several_names(x):
    a, b = x, 1.0
    if x > 0:
        a, (b, *c) = b, (a, 2.0)
        c = c[0]
    else:
        c = 5.0
    return a, b, c


def nested(x):
    y = 1.0
    if x > -1:
        if x > 1:
            y = 3.0
        else:
            y: float = y + x
        y = y * 2
    return y


def conjunction(x):
    return 1.0 if (x > 0 and x < 1) or not x > -1 else 2.0


def three_conditions(x):
    return 1.0 if x > -1 and x < 1 and x != 0 else 2.0 if x < -1 or x > 2 or x == 1 else 3.0


def chain(x):
    return x if -1 < x <= 1 != x else 7.0


def value_of_and(x):
    return (x and 2 * x) + (x or 5.0)


def truth_of_a_number(x):
    return 1.0 if x else 2.0


def extremes(x):
    return max(x, 0.5), min(x, 0.5, -x), max([x, 1.0, -x]), min(z for z in (x, 0.0)), max((x,), default=3.0)


def extremes_of_nan(x):
    return max(x, float("nan")), max(float("nan"), x), min(x, float("nan"))


def flag(x):
    alive = True
    if x > 1:
        alive = False
    y = x
    if alive:
        y = 0.0
    return 1.0 + y if not alive else y


def loop_in_a_side(x):
    total = 0.0
    if x > 0:
        for i, z in enumerate([1.0, 2.0, 3.0]):
            if i == 2:
                break
            if z > 1.5:
                continue
            total += z * x
        else:
            total = -1.0
        n = 0
        while n < 3:
            n += 1
            total = total + n
    return total


def temporary(x):
    y = x
    for _ in range(3):
        if y > 0.25:
            half = y / 2
            y = half
    return y


def bound_to_different_ints(x):
    n = 1
    if x > 0:
        n = 2
    return x * n


def tuples(x):
    pair = (x, 1.0) if x > 0 else (2.0, -x)
    return pair


def new_lists(x):
    if x > 0:  # noqa: SIM108
        row = [x, 1.0] + [2.0]  # noqa: RUF005
    else:
        row = [z * x for z in range(3)]
    row.append(x)
    other = [x] if x > 1 else [1.0] * 1 if x < 0 else [0.0]
    return (*row, *other)


def comprehension(x):
    return sum([z if z > x else x for z in (0.0, 1.0)]) + sum(z * x for z in range(2) if z) if x > 0 else 0.0


def calls_in_a_side(x):
    y = 0.0
    if x > 0:
        y = math.sin(x) + math.exp(x) * abs(-x) + sum(x * z for z in [1.0, 2.0]) + len([x]) + x.exp()
        for z, k in zip([x], reversed([1.0, 2.0])):
            y += z * k + sum(map(math.relu, [x])) + round(1.5) + stdlib.cos(0.5)
        y += [1.0, 2.0].count(1.0) + {"a": 1.0}.get("a") + reduce(lambda a, b: a * b, [x, x]) + math.maximum(*[x, x])
        y += max([1.0, 2.0], key=lambda z: -z) + sorted([2.0, 1.0], key=lambda z: z)[0] + (1.0 if 1.0 in [1.0] else 0.0)
    return y


def returns_early(x):
    if x > 0:
        return x
    return -x


def returns_anywhere(x):
    """Return from sides within sides."""
    y = x + 1
    if x > 1:
        if x > 2:
            return y
        z = y + 1
        return z * 2
    elif x < -1:
        return 7.0
        return 8.0  # never
    for k in range(3):
        if k == 1:
            continue
        y = y + k * x if y > 1 else y
    if y > 1:
        y = y - 0.5
    else:
        return 1.0 if x > -0.5 else 2.0
    if y:
        return y
    else:
        return 3.0


def returns_tuples(x):
    if x > 0:
        return x, 1.0
    return 2.0, -x


def row_of(x):
    if x > 1:
        return [x, 1.0]
    if x < 0:
        return [2.0] + [x]  # noqa: RUF005
    return [y * x for y in (1.0, 2.0)]


def returns_lists(x):
    return sum(row_of(x))


SELECTED = [
    ternary, sides, one_side, several_names, nested, conjunction, three_conditions, chain, value_of_and,
    truth_of_a_number, extremes, extremes_of_nan, flag, loop_in_a_side, temporary, bound_to_different_ints, tuples,
    new_lists, comprehension, returns_early, returns_anywhere, returns_tuples, returns_lists,
]  # fmt: skip


@pytest.mark.parametrize("f", SELECTED, ids=lambda f: f.__name__)
def test_what_only_computes_is_selected(f: F) -> None:
    if f is extremes_of_nan:
        taken = record(f, 1.0)
        assert [*map(bits, taken.at(2.0)[1])] == [*map(bits, f(2.0))]
        assert not taken.guards
    else:
        assert selects(f)


def many_ways(x):
    if x > -10:
        y = 0.0
        if x < 1:
            y = 1.0
        elif x < 2:
            y = 2.0
        elif x < 3:
            y = 3.0
        elif x < 4:
            y = 4.0
        elif x < 5:
            y = 5.0
        elif x < 6:
            y = 6.0
        elif x < 7:
            y = 7.0
        elif x < 8:
            y = 8.0
        elif x < 9:
            y = 9.0
        elif x < 10:
            y = 10.0
    return y


def many_returns(x):
    with suppress(ValueError):
        for k in range(3):
            if k == 1:
                x = x + 1 if x > 0 else x - 1
    if x < 1:
        return 1.0
    if x < 2:
        return 2.0
    if x < 3:
        return 3.0
    if x < 4:
        return 4.0
    if x < 5:
        return 5.0
    if x < 6:
        return 6.0
    if x < 7:
        return 7.0
    if x < 8:
        return 8.0
    if x < 9:
        return 9.0
    if x < 10:
        return 10.0
    return 11.0


@pytest.mark.parametrize("f", [many_ways, many_returns])
def test_sides_within_sides_are_as_many_as_python_compiles(f: F) -> None:
    """The first questions are guards, the last ones are not asked."""
    places = [k + 0.5 for k in range(-2, 12)]
    taken = record(f, places[-1])
    assert 0 < len(taken.guards) < 4
    for x in places:
        holds, found = taken.at(x)
        assert not holds or found == [f(x)]
        assert record(f, x).output == f(x)


def test_sides_may_call_what_only_computes() -> None:
    taken = record(calls_in_a_side, 1.0)
    assert not taken.guards
    for x in POINTS:
        expected = calls_in_a_side(Value(x))  # x.exp() is a method of Values
        assert taken.at(x)[1] == [read(expected) if isinstance(expected, Value) else expected]


# ── what stays a guard ───────────────────────────────────────────────────────────────────────────────────────────────


def returns_in_a_loop(x):
    for k in range(3):
        if x < k:
            return x
    return -x


def returns_on_one_of_two_ways(x):
    y = x
    if x > -10:
        if x > 0:
            return x
        y = 2 * x
    y = y + 1
    return y


def positive(x):
    if x > 0:
        return x


def returns_nothing(x):
    y = positive(x)
    return -1.0 if y is None else y


def returns_before_it_acts(x):
    if x > 0:
        return x
    thing = SimpleNamespace(y=x)
    thing.y += 1.0
    return thing.y


def returns_before_it_has_to_know(x):
    if x > 0:
        return x
    while x < -1:
        x = x + 1
    return x


def breaks(x):
    y = x
    for _ in range(5):
        if y > 2:
            break
        if y < 0:
            continue
        y = y + 1
    return y


def while_loop(x):
    while x < 2 and x > -5:
        x = x + 1 if x > 0 else x - 1
    return x


def raises(x):
    if x > 100:
        raise ValueError("too large")
    return x


def sets_an_item(x):
    row = [0.0]
    if x > 0:
        row[0] = x
    return row[0]


def augments_an_item(x):
    row = [0.0]
    row[0] += 1.0
    match row:
        case [first]:
            if x > 0:
                row[0] += first
    return row[0]


def sets_an_attribute(x):
    thing = SimpleNamespace(y=0.0)
    if x > 0:
        thing.y = x
    return thing.y


def augments_a_list(x):
    row = [0.0]
    same = row
    if x > 0:
        row += [x]
    return sum(same)


def appends(x):
    row = [0.0]
    if x > 0:
        row.append(x)
    return sum(row)


def uses_up_an_iterator(x):
    row = iter([1.0, 2.0, 3.0])
    y = 0.0
    if x > 0:
        y = sum(row) * x
    return y + sum(row)


def loops_over_an_iterator(x):
    row, y = iter([1.0, 2.0, 3.0]), 0.0
    if x > 0:
        for z in row:
            y += z
    return y + sum(row)


def spreads_an_iterator(x):
    row, y = iter([1.0, 2.0, 3.0]), 0.0
    if x > 0:
        y = max(*row)
    return y + sum(row)


def unpacks_an_iterator(x):
    row, a, b = iter([1.0, 2.0]), 0.0, 0.0
    if x > 0:
        a, b = row
    return a + b + sum(row)


def looks_into_an_iterator(x):
    row = iter([1.0, 2.0])
    found = 1.0 if x > 0 and 1.0 in row else 0.0
    return sum(row) + found


def selects_known_lists(x):
    first, second = [1.0], [2.0]
    chosen = first if x > 0 else second
    chosen.append(3.0)
    return sum(first) + 10 * sum(second)


def keeps_a_known_list(x):
    row = same = [1.0]
    if x > 0:
        row = [x]
    row.append(3.0)
    return sum(same)


def renames_a_list(x):
    row = same = [1.0]
    other = [2.0]
    if x > 0:
        row = [5.0]
        row = other
    else:
        row = [x]
    row.append(3.0)
    return sum(other) + sum(same)


def unequal_shapes(x):
    row = [x] if x > 0 else [x, x]
    return sum(row)


def nothing_or_number(x):
    best = None
    if x > 0:
        best = x
    return 0.0 if best is None else best


def bound_on_one_side(x):
    if x > 0:
        y = 2.0
    z = 0.0
    if x > 0:
        z = y
    return z


def catches(x):
    y = 0.0
    if x > 0:
        try:
            y = x
        except ValueError:
            y = 1.0
    return y


def enters(x):
    y = 0.0
    if x > 0:
        with recording_nothing():
            y = x
    return y


@contextmanager
def recording_nothing():
    yield


def deletes(x):
    y = z = 0.0
    if x > 0:
        del z
        y = x
    return y


def imports(x):
    y = 0.0
    if x > 0:
        import math as m

        y = m.pi
    return y


def asserts(x):
    y = 0.0
    if x > 0:
        y = x
        assert y is x
    return y


def defines(x):
    y = 0.0
    if x > 0:

        def inner():
            return x

        y = inner()
    return y


def walrus(x):
    y = (z := x) if x > 0 else 1.0
    w = 1.0
    if x > 0:
        w = (v := x) + 1
    return y + w + (z if x > 0 else 0.0) + (v if x > 0 else 0.0) + (u if x > 0 and (u := x) > 1 else 0.0)


def shares(x):
    total = 0.0

    def add(z):
        nonlocal total
        if z > 0:
            total = total + z
        total += 1.0
        return total

    y = add(x) if x > 0 else add(-x)
    return y + total


def large_ints(x):
    n = 2**60 + 1
    if x > 0:
        n = 3
    return float(n % 2)


def calls_a_generator(x):
    def numbers():
        yield x
        yield 1.0 if x > 0 else 2.0

    return sum(numbers()) if x > 0 else 0.0


def calls_a_class(x):
    return complex(1.0, 2.0).real if x > 0 else SimpleNamespace(y=1.0).y


def loops_on_data_in_a_side(x):
    y = x
    if x > 0:
        while y < 3:
            y = y + 1
    return y


GUARDED = [
    returns_in_a_loop, returns_on_one_of_two_ways, returns_nothing, returns_before_it_acts,
    returns_before_it_has_to_know, breaks, while_loop, raises, sets_an_item, augments_an_item, sets_an_attribute,
    augments_a_list, appends, uses_up_an_iterator, loops_over_an_iterator, spreads_an_iterator, unpacks_an_iterator,
    looks_into_an_iterator, selects_known_lists, keeps_a_known_list, renames_a_list, unequal_shapes,
    nothing_or_number, bound_on_one_side, catches, enters, deletes, imports, asserts, defines, walrus, shares,
    large_ints, calls_a_generator, calls_a_class, loops_on_data_in_a_side,
]  # fmt: skip


@pytest.mark.parametrize("f", GUARDED, ids=lambda f: f.__name__)
def test_what_does_more_is_guarded(f: F) -> None:
    for x in POINTS:
        taken = record(f, x)
        assert taken.guards
        for z in POINTS:
            holds, found = taken.at(z)
            assert not holds or bits(found[0]) == bits(float(f(z)))
        assert converted(f)(x) == f(x)


def test_a_side_that_raises_is_guarded() -> None:
    def f(x):
        y = 0.0
        if x > 0:
            y = 1 / 0
        return y

    taken = record(f, -1.0)
    assert len(taken.guards) == 1
    assert taken.output == 0.0
    with pytest.raises(ZeroDivisionError):
        record(f, 1.0)
    assert not computing_side()


def test_a_combined_condition_is_one_guard() -> None:
    def f(x):
        while 0 < x < 2 and x != 1:
            return 1.0
        return 2.0

    assert len(record(f, 0.5).guards) == 1


def test_an_interrupt_is_not_a_failure_of_a_side(monkeypatch: pytest.MonkeyPatch) -> None:
    def f(x):
        y = 0.0
        if x > 0:
            y = math.sin(x) if x > 1 else 0.0
        return y

    def interrupt(*_: Any) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr("autograd.sides.merged", interrupt)
    with pytest.raises(KeyboardInterrupt):
        record(f, 0.5)
    assert not computing_side()


def test_users_cannot_catch_the_signal() -> None:
    def careful(x):
        try:
            return 1.0 if x > 0 else 2.0
        except Exception:
            return 3.0

    def f(x):
        y = 0.0
        if x > 0:
            y = careful(x)
        return y

    taken = record(f, 1.0)
    assert [holds for _, holds in taken.guards] == [True]
    assert taken.at(1.0) == (True, [1.0])


# ── calls ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def clamp(x, low=0.0, *, high=1.0):
    """Keep x between two bounds."""
    if x < low:
        x = low
    elif x > high:
        x = high
    return x


def doubled(f):
    @wraps(f)
    def twice(*args, **kwargs):
        y = f(*args, **kwargs)
        return y * 2 if y > 0 else y

    return twice


@doubled
def decorated(x):
    return x if x > 0.5 else 0.0


class Base:
    factor = 2.0

    def scaled(self, x):
        return self.factor * x if x > 0 else x


class Derived(Base):
    def __init__(self):
        self.__offset = 1.0

    def scaled(self, x):
        y = super().scaled(x) + self.__offset
        if y > 1:
            y = super().scaled(y)
        return __class__.factor * y if y < 0 else y

    def looks_at_its_frame(self, x):
        return super().scaled(x) if x > 0 else super().scaled(-x)

    def private(self, x):
        __y = self.__offset
        if x > 0:
            __y = x
        return __y

    def names_its_class(self, x):
        return Derived.factor if x > 0 else x

    @classmethod
    def made(cls, x):
        return cls.factor if x > 0 else x

    @staticmethod
    def free(x):
        return 1.0 if x > 0 else x

    @property
    def ramp(self):
        return lambda x: x if x > 0 else 0.0

    def __call__(self, x):
        return self.scaled(x) if x > 0 else 0.0


def recursive(n, x):
    return 1.0 if n == 0 else (x if x > 0 else -x) * recursive(n - 1, x)


def helpers(x):
    thing, ramp = Derived(), lambda x: x if x > 0 else 0.0
    y = clamp(x) + clamp(x, -1.0, high=2.0) + decorated(x) + ramp(x) + partial(clamp, high=0.5)(x)
    y += thing.scaled(x) + Derived.made(x) + thing.free(x) + thing.ramp(x) + thing(x) + recursive(3, x)
    y += sum(map(clamp, [x, 2 * x])) + reduce(lambda a, b: a if a > b else b, [x, 1.0])
    return y + (clamp(x) if x > -1 else thing(-x) + partial(clamp, high=3.0)(x))


def test_helpers_are_converted() -> None:
    assert selects(helpers)


def test_private_names_of_a_class_stay_private() -> None:
    thing = Derived()
    assert converted(thing.private)(2.0) == 2.0
    assert len(record(thing.private, 2.0).guards) == 1


def test_super_needs_the_frame_of_the_method() -> None:
    taken = record(Derived().looks_at_its_frame, 2.0)
    assert taken.at(3.0) == (True, [6.0])
    assert len(taken.guards) == 1


@pytest.mark.parametrize(
    "f",
    [
        Derived().scaled,
        Derived().names_its_class,
        Derived(),
        Derived.made,
        partial(clamp, high=2.0),
        decorated,
        Derived().ramp,
    ],
    ids=["method", "class", "object", "class method", "partial", "decorated", "lambda"],
)
def test_whatever_is_called_can_be_converted(f: F) -> None:
    assert selects(f)
    assert converted(f) is not f


def test_what_is_not_the_users_is_left_as_it_is() -> None:
    made = eval("lambda x: x if x > 0 else 0.0")
    for f in (abs, math.sin, math.log, grad, Value, Base, Derived, inspect.signature, made, partial(abs), reduce, None):
        assert converted(f) is f


def test_functions_that_suspend_or_read_their_frame_are_left_as_they_are() -> None:
    def generator(x):
        yield x if x > 0 else 0.0

    async def coroutine(x):
        return x if x > 0 else 0.0

    def reader(x):
        y = 1.0 if x > 0 else 0.0
        return y, locals()

    def classy(x):
        class Thing:
            y = 1.0 if x > 1 else 2.0

        return Thing.y

    for f in (generator, coroutine, reader, classy):
        assert converted(f) is f

    def outer(x):
        def inner(x):
            yield x if x > 0 else 0.0

        async def never():
            return x if x > 0 else 0.0

        values = lambda: (yield 1.0 if x > 0 else 0.0)  # noqa: E731
        return sum(inner(x)) + sum(values()), never

    assert converted(outer)(3.0)[0] == outer(3.0)[0] == 4.0
    assert len(record(lambda x: outer(x)[0], 3.0).guards) == 2


def test_recursion_on_data_ends() -> None:
    def power(n):
        return 1.0 if n <= 0 else 2 * power(n - 1)

    def fibonacci(n):
        return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

    assert read(record(power, 5.0).output) == 32.0 if isinstance(record(power, 5.0).output, Value) else True
    taken = record(fibonacci, 6.0)
    assert taken.at(6.0) == (True, [8.0])
    assert not taken.at(7.0)[0]


def test_there_is_a_limit_to_sides_within_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograd.sides.LIMIT", 5)
    f = lambda x, count: sum([(z if z > 0 else 0.0) for z in [x] * count]) if x > 0 else 0.0  # noqa: E731
    assert [len(record(lambda x, n=n: f(x, n), 1.0).guards) for n in (4, 5, 9)] == [0, 1, 1]


def test_numbers_are_what_a_float_can_be_instead_of() -> None:
    assert [is_number(x) for x in (Value(1.0), 2.0, True, 2**53, -(2**53))] == [True] * 5
    assert [is_number(x) for x in (2**53 + 1, -(2**53) - 1, "1", None)] == [False] * 4


def test_derivatives_of_users_functions_are_converted() -> None:
    def cubed(x):
        return x**3 if x > 0 else 0.0 * x

    inner = lambda x: grad(cubed)(x) + jvp(cubed, (x,), (1.0,))[1] + hvp(cubed, (x,), (1.0,))[0]  # noqa: E731
    for f in (grad(cubed), grad(grad(cubed)), inner, partial(grad(cubed))):
        taken = record(f, 1.0)
        assert not taken.guards
        for x in POINTS:
            assert taken.at(x)[1] == [f(x)]


def test_what_is_asked_first_may_bind_a_name() -> None:
    def f(x):
        inside = (y := 2.0 * x) > 0 and y < 3
        return x * x if inside else 0.0

    taken = record(f, 1.0)
    assert not taken.guards
    assert [taken.at(x)[1] for x in (1.0, -1.0, 2.0)] == [[1.0], [0.0], [0.0]]


def test_what_stores_is_not_called_in_a_side() -> None:
    stored = {"x": 0.0}

    def store(x):
        stored["x"] = 1.0
        return x

    assert len(record(lambda x: store(x) if x > 0 else 0.0, -1.0).guards) == 1
    assert stored == {"x": 0.0}


@pytest.mark.parametrize("is_new", [False, True])
def test_a_list_that_may_be_known_elsewhere_is_not_merged(is_new: bool) -> None:
    def f(x):
        known = [x]
        if x > 0:  # noqa: SIM108
            ys = [2.0 * x] if is_new else known
        else:
            ys = [3.0 * x]
        ys.append(1.0)
        return ys[0] + len(known)

    for x in (1.0, -1.0):
        assert record(f, x).at(x) == (True, [f(x)])


def test_a_derivative_of_what_cannot_be_converted_is_not_taken_in_a_side() -> None:
    names: dict[str, Any] = {"calls": []}
    exec("def square(x): calls.append(x); return x * x", names)
    slope = grad(names["square"])
    assert len(record(lambda x: slope(x) if x > 0 else 0.0, -1.0).guards) == 1
    assert names["calls"] == []


def test_defaults_and_keys_reach_the_builtin() -> None:
    def f(x):
        return max([], default=1.0) + max(x, -x, key=lambda z: z * z) + min([2.0, 1.0])

    assert len(record(f, 2.0).guards) == 1
    for wrong in (lambda x: max(), lambda x: max(x), lambda x: max(x, x, default=1.0), lambda x: max([])):
        with pytest.raises((TypeError, ValueError)) as expected:
            wrong(Value(1.0))
        with pytest.raises(expected.type) as found:
            record(wrong, 1.0)
        assert str(found.value) == str(expected.value)


def test_what_is_unknown_is_not_called_in_a_side() -> None:
    called = []

    def f(x):
        return called.append(1) or 1.0 if x > 0 else 2.0

    assert record(f, -1.0).output == 2.0
    assert called == []


# ── a converted function is the function ─────────────────────────────────────────────────────────────────────────────


def test_a_converted_function_looks_like_the_function() -> None:
    clamp.note = "kept"  # type: ignore[attr-defined]
    f: Any = converted(clamp)
    assert f is not clamp
    for name in (
        "__name__", "__qualname__", "__module__", "__doc__", "__defaults__", "__kwdefaults__", "__annotations__",
        "__globals__", "__dict__",
    ):  # fmt: skip
        assert getattr(f, name) == getattr(clamp, name)
    assert f.__globals__ is clamp.__globals__
    assert f.__code__.co_filename == __file__
    assert f.__code__.co_firstlineno == clamp.__code__.co_firstlineno
    assert inspect.signature(f) == inspect.signature(clamp)
    assert inspect.getsource(f) == inspect.getsource(clamp)
    assert f(5.0) == 1.0
    assert f(5.0, high=7.0) == 5.0


def test_code_is_converted_once() -> None:
    def made(bound):
        return lambda x: x if x > bound else bound

    first, second = converted(made(1.0)), converted(made(2.0))
    assert first.__code__ is second.__code__
    assert (first(0.0), second(0.0)) == (1.0, 2.0)
    assert converted(first) is first


def test_code_that_is_gone_is_forgotten() -> None:
    f = of_source("def f(x):\n    g = lambda y: -y if x > y else y\n    return x if x > 0 else g(x)\n")
    g = converted(f)
    keys = {id(code) for code in (f.__code__, g.__code__, *codes_within(g.__code__))}
    assert len(keys) == 7  # f, what it became, the lambda in it, and both sides of both conditions
    assert keys <= branches._conversions.keys()
    del f, g
    gc.collect()
    assert not keys & branches._conversions.keys()


def test_code_may_outlive_the_names_of_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the end of a process they become None, one after the other."""
    f = of_source("def f(x):\n    return x if x > 0 else 0.0\n")
    converted(f)
    key, known, errors = id(f.__code__), branches._conversions, []
    monkeypatch.setattr(branches, "_conversions", None)
    monkeypatch.setattr(sys, "unraisablehook", errors.append)
    del f
    gc.collect()
    assert key not in known
    assert errors == []


def test_cells_are_shared() -> None:
    total, bound = 0.0, 1.0

    def f(x):
        nonlocal total
        total += x if x > bound else 0.0
        return total

    g = converted(f)
    assert g(2.0) == f.__closure__[1].cell_contents == total == 2.0  # type: ignore[index]
    bound = 5.0
    assert g(3.0) == 2.0
    assert g.__code__.co_freevars != f.__code__.co_freevars


def test_nested_functions_are_converted_with_the_one_around_them() -> None:
    def outer(x):
        @doubled
        def inner(y, scale=1.0 if x is None else 2.0):
            return scale * y if y > x else 0.0

        return inner(1.0) + (lambda z, *, k=2.0: z if z > x else k)(0.5)

    assert selects(outer)
    inner = converted(lambda x: lambda y: y if y > x else 0.0)(0.0)
    assert converted(inner) is inner
    assert inner.__qualname__.endswith("<lambda>.<locals>.<lambda>")


def test_lambdas_on_one_line_are_told_apart() -> None:
    pair = (lambda x: x if x > 0 else 1.0), (lambda x: x if x > 0 else 2.0)
    assert [converted(f)(-1.0) for f in pair] == [1.0, 2.0]
    assert all(map(selects, pair))


def test_a_function_whose_file_has_changed_is_left_as_it_is() -> None:
    f = of_source("def f(x):\n    return x if x > 0 else 0.0\n")
    for text in ("def f(x):\n    return x if x > 1 else 0.0\n", "def g(x): pass\n", "def f(x:\n"):
        linecache.cache[f.__code__.co_filename] = len(text), None, text.splitlines(True), f.__code__.co_filename
        changed = copied(f)
        assert converted(changed) is changed


def copied(f: Any) -> Any:
    """The function with code of its own, which was not converted before."""
    return type(f)(f.__code__.replace(), f.__globals__)


def test_classes_of_the_future_and_imports_in_the_file_count() -> None:
    f = of_source(
        "from __future__ import annotations\nimport math as m\nfrom math import *\nclass A:\n    import os\n"
        "def f(x: float) -> float:\n    y: float = m.sin(x)\n    return y if y > 0 else m.pi\n"
    )
    assert converted(f) is not f
    assert converted(f)(-1.0) == stdlib.pi


def test_every_line_of_the_new_code_is_the_users() -> None:
    def f(x: Any) -> Any:
        y = 1.0
        if x > 0:
            y = x
        return y if y < 2 else y * y

    def lines(function: Any) -> set[int]:
        return {line for *_, line in function.__code__.co_lines() if line is not None}

    assert lines(converted(f)) <= lines(f)


def test_tracebacks_show_the_users_lines_only() -> None:
    def quotient(x, y):
        if x > 0:  # noqa: SIM108
            z = (
                x / y if y < 5
                else 1.0 and
                x / (y - 5)
            )  # fmt: skip
        else:
            z = max(x, 1 / y)
        return z

    def frames(f: F, *args: float) -> list[tuple[str, int | None, str | None]]:
        with pytest.raises(ZeroDivisionError) as caught:
            f(*args)
        found = traceback.extract_tb(caught.tb)[1:]
        assert {frame.filename for frame in found} == {__file__}
        return [(frame.name, frame.lineno, frame.line) for frame in found]

    for args in ((1.0, 0.0), (1.0, 5.0), (-1.0, 0.0)):
        plain, changed = frames(quotient, *args), frames(converted(quotient), *args)
        assert changed[-1][1:] == plain[-1][1:]
        assert changed[0][0] == "quotient"


@pytest.mark.parametrize(
    "f",
    [
        lambda x, y: x / y if x > 0 else x,
        lambda x, y: 1.0 and x / y,
        lambda x, y: 0.0 or x / y,
        lambda x, y: 0.0 < x / y < 2.0,
        lambda x, y: 0.0 < x < x / y < 2.0,
    ],
)
def test_tracebacks_of_expressions_show_the_users_lines_only(f: F) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        converted(f)(1.0, 0.0)
    assert {frame.filename for frame in traceback.extract_tb(caught.tb)[1:]} == {__file__}


@pytest.mark.parametrize(
    ("file", "is_installed"),
    [
        (branches.__file__, True),
        (inspect.__file__, True),
        ("/usr/lib/python3/dist-packages/model.py", True),
        ("/home/somebody/env/site-packages/model.py", True),
        ("/home/somebody/model.py", False),
        (__file__, False),
    ],
)
def test_what_is_installed_is_not_converted(file: str, is_installed: bool) -> None:
    assert branches._is_installed(file) is is_installed


def test_tracebacks_of_the_truth_of_things_show_the_users_lines_only() -> None:
    class Undecided:
        def __bool__(self) -> bool:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        converted(lambda x: not x)(Undecided())
    assert {frame.filename for frame in traceback.extract_tb(caught.tb)[1:]} == {__file__}


def test_errors_of_names_are_those_of_the_function() -> None:
    def f(x):
        if x > 0:
            y = 1.0
        y += 1.0
        return y

    for g in (f, converted(f)):
        with pytest.raises(UnboundLocalError, match="'y'"):
            g(-1.0)
    taken = record(f, 1.0)  # on the other side there is no y, so that is another path
    assert len(taken.guards) == 1


# ── the switch, and threads ──────────────────────────────────────────────────────────────────────────────────────────


def test_conversion_can_be_switched_off() -> None:
    assert len(record(sides, 0.5, on=False).guards) == 2
    assert not record(sides, 0.5).guards
    with conversion(on=False), conversion():
        assert branches._conversions


def test_a_recording_within_a_side_begins_afresh() -> None:
    asked = []

    def f(x):
        with recording():  # as a compiled function would
            asked.append(computing_side())
        return x

    with recording():
        branches.select(-1, Value(1.0) > 0, lambda: f(1.0), lambda: asked.append(computing_side()) or 1.0, False)
    assert asked == [False, True]


def test_threads_do_not_share_sides() -> None:
    seen = []
    with recording():
        condition = Value(1.0) > 0

        def look() -> float:
            thread = Thread(target=lambda: seen.append(computing_side()))
            thread.start()
            thread.join()
            seen.append(computing_side())
            return 1.0

        branches.select(-1, condition, look, lambda: 2.0, False)
    assert seen == [False, True]


# ── random functions ─────────────────────────────────────────────────────────────────────────────────────────────────

_files = count()


def of_source(text: str) -> Any:
    """The function `f` of a text, which `inspect` and tracebacks find as if it stood in a file."""
    name = f"<test {next(_files)}>"
    linecache.cache[name] = len(text), None, text.splitlines(True), name
    namespace: dict[str, Any] = {"math": math, "__name__": "random_functions"}
    exec(compile(text, name, "exec"), namespace)
    return namespace["f"]


HELPERS = """
def ramp(x):
    return x if x > 0 else 0.0

def folded(x, y=0.5):
    if x > y:
        d = x - y
        z = d * 0.5
    elif x < -y:
        z = x + y
    else:
        z = min(x, y, 0.25)
    return z
"""
EARLY = """
def early(x):
    if x > 1.0:
        return 1.0
    for k in range(3):
        if x < k - 2.0:
            return x + k
    return ramp(x)
"""
NAMES = ["a", "b", "u", "v"]
constants = st.sampled_from(["0.0", "-1.0", "0.5", "2.0", "-0.0"])


@dataclass
class Writer:
    """Writes functions, with loops and ways out of them or without."""

    draw: Callable[[Any], Any]
    guards: bool

    def pick(self, *options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def number(self, depth: int) -> str:
        if depth <= 0:
            return self.draw(st.one_of(st.sampled_from(NAMES), constants))
        sub = lambda: self.number(depth - self.pick(1, 2))  # noqa: E731
        kinds = [
            "leaf",
            "sum",
            "product",
            "negative",
            "abs",
            "max",
            "min",
            "listed",
            "choice",
            "and",
            "or",
            "call",
            "sin",
        ]
        match self.pick(*kinds):
            case "leaf":
                return self.number(0)
            case "sum":
                return f"({sub()} {self.pick('+', '-')} {sub()})"
            case "product":
                return f"({sub()} * {sub()})"
            case "negative":
                return f"(-{sub()})"
            case "abs":
                return f"abs({sub()})"
            case "max" | "min" as name:
                return f"{name}({', '.join(sub() for _ in range(self.pick(2, 3)))})"
            case "listed":
                return (
                    f"{self.pick('max', 'min')}({self.pick('[{}, {}]', '(z for z in ({}, {}))').format(sub(), sub())})"
                )
            case "choice":
                return f"({sub()} if {self.condition(depth - 1)} else {sub()})"
            case "and" | "or" as joint:
                return f"({sub()} {joint} {sub()})"
            case "call":
                helper = self.pick("ramp", "folded", *(["early"] if self.guards else []))
                return f"{helper}({sub()})" if helper != "folded" else f"folded({sub()}, y={sub()})"
        return f"math.sin({sub()})"

    def condition(self, depth: int) -> str:
        relation = lambda: self.pick("<", "<=", ">", ">=", "==", "!=")  # noqa: E731
        match self.pick("relation", "relation", "chain", "and", "or", "not", "flag") if depth > 0 else "relation":
            case "chain":
                return " ".join([self.number(0), relation(), self.number(depth - 1), relation(), self.number(0)])
            case "and" | "or" as joint:
                return f"({self.condition(depth - 1)} {joint} {self.condition(depth - 1)})"
            case "not":
                return f"(not {self.condition(depth - 1)})"
            case "flag":
                return self.pick("p", "q")
        return f"{self.number(depth - 1)} {relation()} {self.number(depth - 1)}"

    def block(self, depth: int, in_loop: bool) -> list[str]:
        return [line for _ in range(self.pick(1, 1, 2)) for line in self.statement(depth, in_loop)]

    def statement(self, depth: int, in_loop: bool) -> list[str]:
        name, value = self.pick("u", "v", "a"), self.number(2)
        kinds = ["set", "augment", "swap", "flag", "temporary"] + ["if"] * 4 * (depth > 0)
        if self.guards:
            kinds += ["return"] + ["for", "while"] * (depth > 0) + ["break", "continue"] * in_loop
        match self.pick(*kinds):
            case "augment":
                return [f"{name} {self.pick('+=', '-=', '*=')} {value}"]
            case "swap":
                return [f"u, v = v, {value}"]
            case "flag":
                return [f"{self.pick('p', 'q')} = {self.pick('True', 'False', self.condition(1))}"]
            case "temporary":
                return [f"t = {value}", f"{name} = t - 0.5"]
            case "if":
                lines = [f"if {self.condition(2)}:", *indented(self.block(depth - 1, in_loop))]
                for _ in range(self.pick(0, 0, 1)):
                    lines += [f"elif {self.condition(1)}:", *indented(self.block(depth - 1, in_loop))]
                return lines + (["else:", *indented(self.block(depth - 1, in_loop))] if self.pick(True, False) else [])
            case "return":
                return [f"if {self.condition(1)}:", f"    return {value}"]
            case "break" | "continue" as leave:
                return [f"if {self.condition(1)}:", f"    {leave}"]
            case "for":
                return [f"for k in range({self.pick(1, 2, 3)}):", *indented(self.block(depth - 1, True))]
            case "while":
                counter = f"i{depth}"  # loops within have others
                head = [f"{counter} = 0", f"while {counter} < 3 and {self.condition(1)}:", f"    {counter} += 1"]
                return head + indented(self.block(depth - 1, True))
        return [f"{name} = {value}"]


def indented(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


@st.composite
def functions(draw: Callable[[Any], Any], guards: bool) -> Any:
    """A random function of two numbers, and its text."""
    writer = Writer(draw, guards)
    body = ["u, v, p, q = a + 0.5, b, a < b, True", *writer.block(3, False), *writer.block(2, False)]
    lines = ["def f(a, b):", *indented(body), f"    return u + v if {writer.condition(1)} else {writer.number(2)}"]
    text = HELPERS + EARLY * guards + "\n" + "\n".join(lines) + "\n"
    return of_source(text), text


numbers = st.one_of(
    st.sampled_from([-2.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.0, stdlib.nan]), st.floats(-3.0, 3.0, width=16)
)
points = st.lists(st.tuples(numbers, numbers), min_size=2, max_size=6)


def check(f: F, places: Sequence[tuple[float, float]]) -> Recording:
    """What was recorded at the first place is right wherever its guards hold; there they do."""
    taken = record(f, *places[0])
    assert taken.at(*places[0])[0]
    for place in places:
        expected = f(*place)
        assert bits(converted(f)(*place)) == bits(expected)
        holds, found = taken.at(*place)
        if holds:
            assert bits(found[0]) == bits(expected), place
    return taken


@given(functions(guards=True), points)
def test_random_functions_are_recorded_soundly(function: tuple[F, str], places: list[tuple[float, float]]) -> None:
    check(function[0], places)


@given(functions(guards=False), points)
def test_random_functions_that_only_compute_have_no_guards(
    function: tuple[F, str], places: list[tuple[float, float]]
) -> None:
    assert not check(function[0], places).guards


@pytest.mark.parametrize("guards", [False, True])
@given(st.data())
def test_gradients_of_random_functions(guards: bool, data: st.DataObject) -> None:
    f, _ = data.draw(functions(guards))
    places = data.draw(points)
    taken = record(grad(converted(f), argnums=(0, 1)), *places[0])
    for place in places:
        eager = grad(f, argnums=(0, 1))(*place)
        assume(all(not abs(slope) > 1e3 for slope in eager))
        holds, found = taken.at(*place)
        if holds:
            assert found == pytest.approx(list(eager), rel=1e-9, abs=1e-9, nan_ok=True), place
