"""A graph as arrays: what some Values are computed from, written down step by step.

The compiled core reads it off its tape without making a single object, so whoever would go through a large graph node
by node better goes through these arrays.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain
from typing import Any, NamedTuple

from autograd.errors import GraphError
from autograd.graph import topological_order
from autograd.value import read

MOST_ROWS = 2**16


class Flat(NamedTuple):
    """Steps on numbered values: first the inputs, then the constants, then the results, one per step."""

    captured: list[Any]  # the last of the inputs: nodes that were not given
    constants: array[float]
    rows: list[Any]  # the different rows of the table that occur
    steps: array[int]  # per step the place of its row
    starts: array[int]  # the operands of step i are operands[starts[i]:starts[i + 1]]
    operands: array[int]  # numbers of values
    roots: array[int]  # numbers of values


def flat(roots: Sequence[Any], inputs: Sequence[Any], since: int = 0) -> Flat:
    """Return how the roots, nodes or floats, are computed from the inputs and from what is older than number `since`.

    Inputs are different nodes. What they, and what is older, were computed from is left out. Other leaves are
    constants, of which equal ones are one.
    """
    given = {x.number: x for x in inputs}
    order = topological_order(*_nodes(roots), since=since, known=lambda node: node.number in given)
    order = [node for node in order if node.operands]
    needed = _nodes(chain(roots, *(node.operands for node in order)))
    older = {x.number: x for x in needed if x.number < since and x.number not in given}
    given |= sorted(older.items())

    def key(x: Any) -> int | str:
        if type(x) is float:
            return repr(x)
        return x.number if x.operands or x.number in given else repr(read(x))

    edges, ends = [[key(x) for x in node.operands] for node in order], [key(x) for x in roots]
    constants = dict.fromkeys(k for k in chain(*edges, ends) if type(k) is str)
    places = {k: place for place, k in enumerate(chain(given, constants, (node.number for node in order)))}
    rows = {row: place for place, row in enumerate(dict.fromkeys(node.primitive for node in order))}
    if len(rows) > MOST_ROWS:
        raise too_many_rows()
    return Flat(
        captured=list(given.values())[len(inputs) :],
        constants=array("d", map(float, constants)),
        rows=list(rows),
        steps=array("H", [rows[node.primitive] for node in order]),
        starts=array("I", accumulate(map(len, edges), initial=0)),
        operands=array("I", [places[k] for k in chain(*edges)]),
        roots=array("I", [places[k] for k in ends]),
    )


def too_many_rows() -> GraphError:
    """Return the error for a graph with more different rows than a step can tell apart."""
    return GraphError(
        f"a graph of more than {MOST_ROWS:,} different primitives cannot be written down; each node that a compiled"
        " function made is one: let it reduce its lanes, as vmap(..., reduce='sum') does"
    )


def _nodes(operands: Iterable[Any]) -> Iterable[Any]:
    return [x for x in operands if type(x) is not float]
