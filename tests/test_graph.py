"""The topological order, on any graph of nodes with operands and numbers."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, strategies as st

from autograd import Value, adjoints
from autograd.core import NATIVE
from autograd.errors import GraphError
from autograd.graph import topological_order

only_in_python = pytest.mark.skipif(NATIVE, reason="a compiled Value cannot be given other operands")


@dataclass(eq=False)
class Node:
    """All that the sweeps need to know of a node."""

    number: int
    operands: tuple[Any, ...] = ()

    def __repr__(self) -> str:
        return f"node {self.number}"


@st.composite
def graphs(draw: st.DrawFn) -> list[Node]:
    """Draw nodes in the order they were made, with gaps in their numbers, and operands that may repeat."""
    nodes: list[Node] = []
    number = draw(st.integers(0, 5))
    for _ in range(draw(st.integers(1, 20))):
        operand = st.sampled_from(nodes) | st.floats() if nodes else st.floats()
        nodes.append(Node(number, tuple(draw(st.lists(operand, max_size=4)))))
        number += draw(st.integers(1, 3))
    return nodes


def needed(roots: list[Node]) -> set[Node]:
    """Return the roots and all that they are made from, by the definition."""
    found, more = set(roots), set(roots)
    while more:
        more = {x for node in more for x in node.operands if isinstance(x, Node)} - found
        found |= more
    return found


some_roots = graphs().flatmap(lambda nodes: st.lists(st.sampled_from(nodes), max_size=4))


@given(some_roots, st.integers(0, 30))
def test_exactly_the_needed_nodes_come_once_and_operands_before_results(roots: list[Node], since: int) -> None:
    order = topological_order(*roots, since=since)
    place = {node: index for index, node in enumerate(order)}
    assert len(place) == len(order)
    assert set(order) == {node for node in needed(roots) if node.number >= since}
    for node in order:
        for operand in node.operands:
            assert not isinstance(operand, Node) or operand.number < since or place[operand] < place[node]


@given(graphs())
def test_the_order_does_not_depend_on_that_of_the_roots(nodes: list[Node]) -> None:
    assert topological_order(*nodes) == nodes
    assert topological_order(*reversed(nodes)) == nodes


def test_nothing_is_needed_by_nothing() -> None:
    assert topological_order() == []


def test_only_nodes_since_a_number_are_visited() -> None:
    """A sweep over what a transform recorded does not walk through the graph that was there before."""

    class Old(Node):
        @property
        def operands(self) -> tuple[Any, ...]:
            raise AssertionError("visited")

        @operands.setter
        def operands(self, _: object) -> None: ...

    old = Old(3)
    new = Node(7, (Node(5, (old, 1.0)), old))
    assert topological_order(new, since=4) == [new.operands[0], new]
    assert topological_order(old, since=4) == []


def test_equal_values_are_different_nodes() -> None:
    x, y = Value(1.0), Value(1.0)
    z = x * y
    assert [id(node) for node in topological_order(z)] == [id(x), id(y), id(z)]


# ── cycles ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def linked(links: dict[int, tuple[int, ...]]) -> dict[int, Node]:
    nodes = {number: Node(number) for number in links}
    for number, operands in links.items():
        nodes[number].operands = tuple(nodes[operand] for operand in operands)
    return nodes


CYCLES = [
    # operands of each node, roots, the operand and the result at fault
    ({1: (1,)}, [1], (1, 1)),
    ({1: (2,), 2: (1,)}, [1], (2, 1)),
    ({1: (2,), 2: (1,)}, [2], (2, 1)),
    ({1: (2,), 2: (1,)}, [1, 2], (2, 1)),
    ({1: (3,), 2: (1,), 3: (2,)}, [3], (3, 1)),
    ({1: (), 2: (3, 1), 3: (2,), 4: (3,)}, [4], (3, 2)),
    ({1: (), 2: (3,), 3: (1,), 4: (3, 2)}, [4], (3, 2)),  # no cycle, but out of order
]


@pytest.mark.parametrize(("links", "roots", "fault"), CYCLES)
def test_operands_must_be_older_than_results(
    links: dict[int, tuple[int, ...]], roots: list[int], fault: tuple[int, int]
) -> None:
    nodes = linked(links)
    with pytest.raises(GraphError) as caught:
        topological_order(*[nodes[root] for root in roots])
    assert str(caught.value) == "operand node {} is not older than its result node {}: the graph has a cycle".format(
        *fault
    )


@given(graphs(), st.integers(0, 19), st.integers(0, 19))
def test_every_needed_edge_is_checked(nodes: list[Node], one: int, other: int) -> None:
    """An edge to a node that is not older, wherever it is added, is found."""
    old, new = sorted((one % len(nodes), other % len(nodes)))
    nodes[old].operands += (nodes[new],)
    with pytest.raises(GraphError, match="is not older than its result"):
        topological_order(*nodes)


@only_in_python
def test_a_cycle_of_values_is_refused_and_changes_nothing() -> None:
    x = Value(2.0, label="x")
    y = x * x
    y.label = "y"
    x.operands, x.partials = (y,), (1.0,)
    text = (
        "operand Value(data=4.0, grad=0.0, label='y') is not older than its result "
        "Value(data=2.0, grad=0.0, label='x'): the graph has a cycle"
    )
    for walk in (y.backward, lambda: adjoints(y, [x]), lambda: copy.deepcopy(y), lambda: pickle.dumps(y)):
        with pytest.raises(GraphError) as caught:
            walk()
        assert str(caught.value) == text
        assert (x.grad, y.grad) == (0.0, 0.0)
