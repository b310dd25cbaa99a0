"""The two sweeps over a graph; each applies the chain rule once per edge.

The *reverse* sweep goes from results to operands: adjoint(operand) += adjoint(node) · partial. The *forward* sweep goes
from operands to results: tangent(node) += partial · tangent(operand). Either works in one of two arithmetics:

* `FLOATS` takes the partials that were stored when each node was computed, and gives numbers;
* `values(...)` asks each primitive for its partials again, as Values, and so records what it does: the derivative is
  itself a graph, which can be differentiated.

A derivative that is missing from the result is exactly zero. (Griewank and Walther, Evaluating Derivatives, chapter 3)
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from autograd import floats
from autograd.errors import GraphError
from autograd.graph import is_outdated, topological_order
from autograd.primitives import Choice, choose, is_zero, strong_product, where


class Arithmetic(NamedTuple):
    """What a sweep computes with."""

    partials: Callable[[Any], Iterable[Any]]
    multiply: Callable[[Any, Any], Any]  # 0 where the first factor is 0: a strong zero
    add: Callable[[Any, Any], Any]
    still: Any = 0.0  # the tangent of what does not move


def reverse(order: list[Any], seeds: Mapping[Any, Any], arithmetic: Arithmetic) -> dict[Any, Any]:
    """Return the adjoints of all nodes, given those of the results. A zero adjoint passes nothing on."""
    adjoints = dict(seeds)
    for node in reversed(order):
        adjoint = adjoints.get(node, 0.0)
        if not is_zero(adjoint):
            for operand, partial in zip(node.operands, arithmetic.partials(node)):
                if partial is not None:
                    contribution = arithmetic.multiply(adjoint, partial)
                    adjoints[operand] = arithmetic.add(adjoints.get(operand, 0.0), contribution)
    return adjoints


def forward(order: list[Any], seeds: Mapping[Any, Any], arithmetic: Arithmetic) -> dict[Any, Any]:
    """Return the tangents of the nodes that move, given those of the inputs. A zero partial lets nothing through.

    The strong zero is the one nearer to the result, as in the reverse sweep, so that both agree at infinite partials.
    """
    tangents = {node: seed for node, seed in seeds.items() if not is_zero(seed)}
    for node in order:
        if node not in seeds:
            for operand, partial in zip(node.operands, arithmetic.partials(node)):
                if partial is not None and type(operand) is not float and operand in tangents:
                    contribution = arithmetic.multiply(partial, tangents[operand])
                    tangents[node] = arithmetic.add(tangents.get(node, arithmetic.still), contribution)
    return tangents


def _add_values(x: Any, y: Any) -> Any:
    return y if is_zero(x) else x if is_zero(y) else x + y


FLOATS = Arithmetic(partials=operator.attrgetter("partials"), multiply=floats.chain, add=operator.add)


def values(active: set[Any], *, forwards: bool = False) -> Arithmetic:
    """Return the arithmetic that records derivatives with respect to the active operands."""

    def partials(node: Any) -> Sequence[Any]:
        if not node.operands:
            return ()
        if is_outdated(node):
            raise GraphError(
                f"an operand of {node!r} was changed after it was computed, so its derivative cannot be recorded;"
                " compute it again"
            )
        mask = [type(x) is not float and x in active for x in node.operands]
        found: Sequence[Any] = node.primitive.partials(node, node.operands, mask)
        return found

    if forwards:
        return Arithmetic(partials, _moved, _add_moves, still=None)
    return Arithmetic(partials, strong_product, _add_values)


# While a function is recorded, whether something moves may be a condition. It is not the same as moving at a speed that
# is 0 now, as an infinite partial shows: √relu(x) does not move for x < 0, but what √x² does at 0 is undefined. So in
# the forward sweep a tangent is a `Choice` where a partial was; None is the tangent of what does not move.


def _moved(partial: Any, tangent: Any) -> Any:
    """Return partial · tangent."""
    if partial is None or tangent is None:
        return None
    if type(partial) is Choice:
        return choose(partial.condition, _moved(partial.yes, tangent), _moved(partial.no, tangent))
    if type(tangent) is Choice:
        return choose(tangent.condition, _moved(partial, tangent.yes), _moved(partial, tangent.no))
    return strong_product(partial, tangent)


def _add_moves(x: Any, y: Any) -> Any:
    """Return the sum of two tangents, which moves where one of them does."""
    if x is None or y is None:
        return y if x is None else x
    moves, speed = _either(_moves(x), _moves(y)), _add_values(_speed(x), _speed(y))
    return speed if moves is True else choose(moves, speed, None)


def _moves(tangent: Any) -> Any:
    """Return True, False, or the condition under which there is a tangent."""
    if type(tangent) is not Choice:
        return tangent is not None
    yes, no = _moves(tangent.yes), _moves(tangent.no)
    if yes is True and no is True:
        return True
    here = tangent.condition if yes is True else yes is not False and tangent.condition & yes
    there = ~tangent.condition if no is True else no is not False and ~tangent.condition & no
    return _either(here, there)


def _either(x: Any, y: Any) -> Any:
    return True if x is True or y is True else y if x is False else x if y is False else x | y


def _speed(tangent: Any) -> Any:
    """Return a tangent as a number: 0 where nothing moves."""
    if type(tangent) is not Choice:
        return 0.0 if tangent is None else tangent
    yes, no = _speed(tangent.yes), _speed(tangent.no)
    return 0.0 if is_zero(yes) and is_zero(no) else where(tangent.condition, yes, no)


def dependents(order: list[Any], inputs: Iterable[Any]) -> list[Any]:
    """Return the nodes of `order` that depend on the inputs, and these."""
    active = set(inputs)
    for node in order:
        if any(type(x) is not float and x in active for x in node.operands):
            active.add(node)
    return [node for node in order if node in active]


def _between(inputs: list[Any], outputs: Iterable[Any]) -> list[Any]:
    """Return the nodes on the ways from the inputs to the outputs, in order."""
    oldest = min((x.number for x in inputs), default=0)
    return dependents(topological_order(*outputs, since=oldest), inputs)


def adjoints(seeds: Mapping[Any, Any], inputs: list[Any], *, record: bool = False) -> list[Any]:
    """Return Σ seed · ∂result/∂input for each input: numbers, or with `record` Values where they depend on one."""
    order = _between(inputs, seeds)
    found = reverse(order, seeds, values({*order, *inputs}) if record else FLOATS)
    return [found.get(x, 0.0) for x in inputs]


def tangents(outputs: list[Any], seeds: Mapping[Any, Any], *, record: bool = False) -> list[Any]:
    """Return Σ ∂output/∂input · seed for each output: numbers, or with `record` Values where they depend on one."""
    order = _between(list(seeds), outputs)
    found = forward(order, seeds, values({*order, *seeds}, forwards=True) if record else FLOATS)
    return [_speed(found.get(node)) for node in outputs]


def depend_on_older(results: list[Any], first: int) -> bool:
    """Return whether the results are, or depend on, nodes made before number `first`."""
    order = topological_order(*results, since=first)
    operands = (x for node in order for x in node.operands if type(x) is not float)
    return any(x.number < first for x in (*results, *operands))
