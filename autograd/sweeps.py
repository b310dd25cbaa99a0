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
    nothing: Any = 0.0  # what sums begin with


def reverse(order: list[Any], seeds: Mapping[Any, Any], arithmetic: Arithmetic) -> dict[Any, Any]:
    """Return the adjoints of all nodes, given those of the results. A zero adjoint passes nothing on."""
    adjoints = dict(seeds)
    for node in reversed(order):
        adjoint = adjoints.get(node)
        if adjoint is not None and not is_zero(adjoint):
            for operand, partial in zip(node.operands, arithmetic.partials(node)):
                if partial is not None:
                    contribution = arithmetic.multiply(adjoint, partial)
                    adjoints[operand] = arithmetic.add(adjoints.get(operand, arithmetic.nothing), contribution)
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
                    tangents[node] = arithmetic.add(tangents.get(node, arithmetic.nothing), contribution)
    return tangents


def _add_values(x: Any, y: Any) -> Any:
    return y if is_zero(x) else x if is_zero(y) else x + y


FLOATS = Arithmetic(partials=operator.attrgetter("partials"), multiply=floats.chain, add=operator.add)


def values(active: set[Any]) -> Arithmetic:
    """Return the arithmetic that records derivatives with respect to the active operands."""

    def partials(node: Any) -> Sequence[Any]:
        if not node.operands:
            return ()
        if is_outdated(node):
            raise changed(node)
        mask = [type(x) is not float and x in active for x in node.operands]
        if True not in mask:
            return ()
        found: Sequence[Any] = node.primitive.partials(node, node.operands, mask)
        return found

    return Arithmetic(partials, _multiply, _add, nothing=None)


# While a function is recorded, whether anything flows may be a condition; partials are a `Choice` then, adjoints and
# tangents a `Flow`, up to the end of the sweep. A 0 for nothing on the way there would be wrong: √relu(x) does not move
# for x < 0, but 0 times the infinite slope of the root is NaN.


class Flow(NamedTuple):
    """An adjoint or a tangent of which there is one only where a recorded condition holds.

    Elsewhere the number of an adjoint is 0: selected where the condition comes in, and strong products hand it on. So
    a program can do without all later selections (`passes.unselect`). That of a tangent may be anything.
    """

    condition: Any
    number: Any


def _multiply(x: Any, y: Any) -> Any:
    """Return the product of an adjoint and a partial, or of a partial and a tangent."""
    if type(x) is Flow:
        return _within(x.condition, _multiply(x.number, y))
    if type(y) is Flow:
        return _within(y.condition, _multiply(x, y.number))
    if type(x) is not Choice and type(y) is not Choice:
        return strong_product(x, y)
    condition, number = _parts(_product(x, y))
    return Flow(condition, _selected(condition, number))


def _within(condition: Any, flow: Any) -> Flow:
    """Return what flows where a condition holds, too."""
    return Flow(condition & flow.condition, flow.number) if type(flow) is Flow else Flow(condition, flow)


def _product(x: Any, y: Any) -> Any:
    if x is None or y is None:
        return None
    if type(y) is Choice:
        return choose(y.condition, _product(x, y.yes), _product(x, y.no))
    if type(x) is Choice:
        return choose(x.condition, _product(x.yes, y), _product(x.no, y))
    return strong_product(x, y)


def _parts(choice: Any) -> tuple[Any, Any]:
    """Return under which condition there is a number, True or False where that is known, and which it is then."""
    if type(choice) is not Choice:
        return choice is not None, choice
    condition, here = choice.condition, choice.yes
    other, there = _parts(choice.no)
    if here is None:
        return (~condition if other is True else ~condition & other), there
    return (condition, here) if other is False else (condition | other, where(condition, here, there))


def _selected(condition: Any, number: Any) -> Any:
    return 0.0 if is_zero(number) else where(condition, number, 0.0)


def _add(x: Any, y: Any) -> Any:
    """Return the sum of two flows: there is one where there is one of them."""
    if x is None:
        return y
    if type(x) is not Flow and type(y) is not Flow:
        return _add_values(x, y)
    if type(x) is Flow and type(y) is Flow and x.condition is y.condition:
        return Flow(x.condition, _add_values(x.number, y.number))
    total = _add_values(_number(x), _number(y))
    return Flow(x.condition | y.condition, total) if type(x) is Flow and type(y) is Flow else total


def _number(flow: Any) -> Any:
    """Return a flow as a number: 0 where nothing flows."""
    if type(flow) is not Flow:
        return 0.0 if flow is None else flow
    return _selected(flow.condition, flow.number)


def changed(node: Any) -> GraphError:
    """Return the error for a node that a leaf was changed after."""
    return GraphError(
        f"an operand of {node!r} was changed after it was computed, so its derivative cannot be recorded;"
        " compute it again"
    )


def dependents(order: list[Any], inputs: Iterable[Any]) -> list[Any]:
    """Return the nodes of `order` that depend on the inputs, and these."""
    active = set(inputs)
    for node in order:
        if any(type(x) is not float and x in active for x in node.operands):
            active.add(node)
    return [node for node in order if node in active]


def _between(inputs: list[Any], outputs: Iterable[Any], record: bool) -> tuple[list[Any], Arithmetic]:
    """Return the nodes on the ways from the inputs to the outputs, in order, and what to compute with there."""
    oldest = min((x.number for x in inputs), default=0)
    order = dependents(topological_order(*outputs, since=oldest), inputs)
    return order, values({*order, *inputs}) if record else FLOATS


def adjoints(seeds: Mapping[Any, Any], inputs: list[Any], *, record: bool = False) -> list[Any]:
    """Return Σ seed · ∂result/∂input for each input: numbers, or with `record` Values where they depend on one."""
    order, arithmetic = _between(inputs, seeds, record)
    found = reverse(order, seeds, arithmetic)
    return [_number(found.get(x)) for x in inputs]


def tangents(outputs: list[Any], seeds: Mapping[Any, Any], *, record: bool = False) -> list[Any]:
    """Return Σ ∂output/∂input · seed for each output: numbers, or with `record` Values where they depend on one."""
    order, arithmetic = _between(list(seeds), outputs, record)
    found = forward(order, seeds, arithmetic)
    return [_number(found.get(node)) for node in outputs]


def depend_on_older(results: list[Any], first: int) -> bool:
    """Return whether the results are, or depend on, nodes made before number `first`."""
    order = topological_order(*results, since=first)
    operands = (x for node in order for x in node.operands if type(x) is not float)
    return any(x.number < first for x in (*results, *operands))
