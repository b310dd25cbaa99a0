"""A graph as arrays: the steps from inputs to roots, in the order in which they were taken."""

from __future__ import annotations

import subprocess
import sys
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

import autograd.primitives as p
from autograd import Primitive, Value, math
from autograd.core import flat
from autograd.errors import GraphError
from autograd.flat import MOST_ROWS

ROOT = Path(__file__).parents[1]


def steps(found: Any) -> list[tuple[str, list[int]]]:
    """Return the steps with the numbers of their operands."""
    ends = zip(found.starts, found.starts[1:])
    operands = [found.operands[start:end].tolist() for start, end in ends]
    return [(found.rows[step].name, values) for step, values in zip(found.steps, operands, strict=True)]


def test_inputs_come_first_then_constants_then_results() -> None:
    x, y = Value(3.0), Value(0.5)
    found = flat([math.sin(x * 2.0) + y * 2.0, y], [x, y])
    assert steps(found) == [("multiply", [0, 2]), ("sin", [3]), ("multiply", [1, 2]), ("add", [4, 5])]
    assert [found.constants.tolist(), found.roots.tolist(), found.captured] == [[2.0], [6, 1], []]
    assert found.rows == [p.multiply, p.sin, p.add]


def test_what_is_older_becomes_an_input_and_is_not_looked_behind() -> None:
    old, older = Value(2.0), Value(1.0)
    computed = math.exp(older)
    x = Value(5.0)
    found = flat([computed * x + old, old, older], [x], x.number)
    assert steps(found) == [("multiply", [3, 0]), ("add", [4, 1])]
    assert [place for place in found.captured if place in (old, older, computed)] == [old, older, computed]
    assert found.roots.tolist() == [5, 1, 2]


def test_nothing_is_looked_for_behind_an_input() -> None:
    x = Value(2.0)
    y = x * x
    found = flat([y * 3.0], [y])
    assert (steps(found), found.constants.tolist()) == ([("multiply", [0, 1])], [3.0])


def test_inputs_that_are_not_needed_and_older_than_everything_stay_inputs() -> None:
    x, y = Value(2.0), Value(3.0)
    found = flat([y], [x, y], Value(0.0).number)
    assert (found.roots.tolist(), found.captured, steps(found)) == ([1], [], [])


def test_leaves_and_numbers_are_constants_and_equal_ones_are_one() -> None:
    x, two = Value(1.0), Value(2.0)
    numbers = [2.0, 0.0, -0.0, nan, -nan, inf]
    found = flat([math.fsum([x, two, *numbers]), Value(0.0), -0.0, nan], [x])
    assert list(map(repr, found.constants)) == ["2.0", "0.0", "-0.0", "nan", "inf"]
    assert steps(found) == [("fsum", [0, 1, 1, 2, 3, 4, 4, 5])]
    assert found.roots.tolist() == [6, 2, 3, 4]


def test_thousands_of_constants() -> None:
    x = Value(1.0)
    numbers = [float(k % 3000) for k in range(10_000)]
    found = flat([math.dot([x] * len(numbers), numbers)], [x])
    assert found.constants.tolist() == numbers[:3000]
    assert found.operands[10_000:].tolist() == [1 + k % 3000 for k in range(10_000)]


def test_thousands_of_values_from_before() -> None:
    old = [Value(float(k)) for k in range(1000)]
    x = Value(1.0)
    found = flat([math.dot([x] * len(old), old[::-1])], [x], x.number)
    assert all(a is b for a, b in zip(found.captured, old, strict=True))
    assert found.operands[1000:].tolist() == [*range(1000, 0, -1)]


def test_the_first_value_of_all_is_a_leaf_like_the_others() -> None:
    """It has the number 0, and only in a new process one can meet it."""
    program = (
        "from autograd import Value; from autograd.core import flat;"
        " found = flat([Value(2.0) * 3.0], []); print(found.captured, found.constants.tolist())"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (ended.stdout, ended.stderr) == ("[] [2.0, 3.0]\n", "")


def test_of_nothing_and_of_numbers() -> None:
    assert [len(part) for part in flat([], [])] == [0, 0, 0, 0, 1, 0, 0]
    assert flat([7.0, 7.0], []).roots.tolist() == [0, 0]


def own(name: str) -> Primitive:
    return Primitive(name, lambda x: x, (lambda out, x: 1.0,))


def test_rows_of_ones_own_are_told_apart_by_what_they_are_and_not_by_their_names() -> None:
    one, other, unused = own("one"), own("one"), own("unused")
    x = Value(3.0)
    y = one(math.sin(x))
    unused(y)
    found = flat([other(one(y)) * other(x)], [x])
    assert found.rows == [p.sin, one, other, p.multiply]
    assert found.steps.tolist() == [0, 1, 1, 2, 2, 3]
    assert flat([unused(x)], [x]).rows == [unused]


def test_more_rows_than_steps_can_tell_apart_are_an_error() -> None:
    x = y = Value(1.0)
    for _ in range(MOST_ROWS):
        y = own("another")(y)
    assert len(flat([y], [x]).rows) == MOST_ROWS
    with pytest.raises(GraphError) as caught:
        flat([y + x], [x])
    assert str(caught.value) == (
        "a graph of more than 65,536 different primitives cannot be written down; each node that a compiled function"
        " made is one: let it reduce its lanes, as vmap(..., reduce='sum') does"
    )


def test_only_what_is_needed_is_written() -> None:
    x = Value(2.0)
    y = x * x
    kept = [math.exp(y), y + 1.0]
    assert steps(flat(kept[1:], [x])) == [("multiply", [0, 0]), ("add", [2, 1])]
    assert len(kept) == 2
