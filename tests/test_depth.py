"""A chain of a million nodes, at Python's default recursion limit and default stack."""

from __future__ import annotations

import copy
import pickle
import sys
import weakref
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import pytest

from autograd import Value
from autograd.graph import topological_order

LENGTH = 1_000_000
DEFAULT_RECURSION_LIMIT = 1000


def chain(length: int) -> tuple[Value, Value]:
    x = y = Value(1.0, label="x")
    for _ in range(length):
        y = y + 2.0
    return x, y


@pytest.fixture(autouse=True)
def _default_recursion_limit() -> Iterator[None]:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(DEFAULT_RECURSION_LIMIT)
    yield
    sys.setrecursionlimit(limit)


@pytest.fixture(scope="module")
def deep() -> tuple[Value, Value]:
    """Return the leaf and the last node of a chain, after a sweep."""
    x, y = chain(LENGTH)
    y.backward(seed=3.0)
    return x, y


def test_it_builds_and_sweeps(deep: tuple[Value, Value]) -> None:
    x, y = deep
    assert (y.data, y.grad, x.grad) == (1.0 + 2.0 * LENGTH, 3.0, 3.0)


@pytest.mark.parametrize("way", ["deepcopy", "pickle"])
def test_it_copies(deep: tuple[Value, Value], way: str) -> None:
    x, y = deep
    again: Value = copy.deepcopy(y) if way == "deepcopy" else pickle.loads(pickle.dumps(y))
    order = topological_order(again)
    leaf = order[0]
    assert len(order) == LENGTH + 1
    assert order[-1] is again
    assert (leaf.data, leaf.grad, leaf.label, again.data, again.grad) == (1.0, x.grad, "x", y.data, y.grad)
    assert x is not leaf
    again.grad, leaf.grad = 5.0, 5.0
    assert (y.grad, x.grad) == (3.0, 3.0)


def test_it_is_freed() -> None:
    """All at once, when the last reference to its end goes."""
    x, y = chain(LENGTH)
    last = weakref.ref(y)
    del x
    assert topological_order(y)[0].label == "x"
    del y
    assert last() is None


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda nodes: pickle.loads(pickle.dumps(nodes))], ids=["deepcopy", "pickle"]
)
def test_all_nodes_of_a_chain_at_once_take_as_long_from_the_first_as_from_the_last(
    copied: Callable[[Any], Any],
) -> None:
    """Each node is visited once, not once for every root above it."""
    nodes = topological_order(chain(3000)[1])
    times = []
    for roots in (nodes[::-1], nodes):
        start = perf_counter()
        again = copied(roots)
        times.append(perf_counter() - start)
        assert len(topological_order(*again)) == len(nodes)
    assert times[1] < 20 * times[0] + 0.1
