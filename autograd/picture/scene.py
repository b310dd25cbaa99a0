"""From a graph to a picture: which nodes and arrows there are, and what they say.

A Value is a node, and an arrow leads to it from its operation, which has a node of its own. Along each arrow from an
operand flows back what the chain rule says: its local derivative times the gradient of the result.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from math import hypot, isfinite
from typing import NamedTuple

from autograd import floats
from autograd.core import Value
from autograd.picture.data import Cluster, Edge, Node, NodeKind, digits, largest, plain, scaled
from autograd.picture.groups import Group
from autograd.picture.parts import Parts
from autograd.picture.summary import summary

WARNING = "\N{WARNING SIGN}"


class Flow(NamedTuple):
    """What flows back along one arrow of the graph."""

    local: float | None  # ∂result/∂operand; None where nothing flows
    upstream: float  # the gradient of the result

    @property
    def amount(self) -> float:
        """The contribution to the gradient of the operand: local × upstream."""
        return 0.0 if self.local is None else floats.chain(self.upstream, self.local)


Label = Callable[[float, float], str]  # of an arrow, made of local and upstream
LABELS: dict[str, Label] = {
    "local": lambda local, upstream: digits(local),
    "flow": lambda local, upstream: f"{digits(local)} × {digits(upstream)}",
}


class Scene:
    """The nodes, arrows and clusters of a picture, made of groups of Values."""

    def __init__(self, order: Sequence[Value], groups: Sequence[Group], parts: Parts, label: Label | None) -> None:
        self.groups, self.parts, self.label, self.root = groups, parts, label, order[-1]
        self.names = {node: f"v{place}" for place, group in enumerate(groups) for node in group.values}
        self.modules = {self.names[group.values[0]] for group in groups if group.modules}  # that are drawn as one
        self.is_folded = len(groups) < len(order)
        self.is_differentiated = any(node.grad != 0.0 for node in order)
        self.uses: defaultdict[Value, list[Value]] = defaultdict(list)
        for node in order:
            for operand in node.operands:
                if isinstance(operand, Value):
                    self.uses[operand].append(node)
        framed = dict.fromkeys(module for group in groups for module in parts.lineage(group.within))
        self.frames: dict[str | None, str] = {module: f"part{place}" for place, module in enumerate(framed)}

    def clusters(self) -> tuple[Cluster, ...]:
        """Return the modules that have frames, outer ones before those in them."""
        return tuple(
            Cluster(frame, self._called(module), self.frames.get(self.parts.around(module)))
            for module, frame in self.frames.items()
            if module is not None
        )

    def nodes(self) -> tuple[Node, ...]:
        """Return all nodes; a tint is as deep as its gradient is large, beside others of its kind."""
        nodes = [node for group in self.groups for node in self._nodes(group)]
        of_modules = largest(node.tint for node in nodes if node.kind == "module")
        of_values = largest(node.tint for node in nodes if node.kind != "module")
        most = [of_modules if node.kind == "module" else of_values for node in nodes]
        return tuple(replace(node, tint=scaled(node.tint, size)) for node, size in zip(nodes, most))

    def edges(self) -> tuple[Edge, ...]:
        """Return all arrows; one is as wide as its contribution is large, beside others."""
        edges = [edge for group in self.groups for edge in self._edges(group)]
        most = largest(edge.weight for edge in edges)
        return tuple(replace(edge, weight=scaled(edge.weight, most)) for edge in edges)

    def _called(self, module: str) -> str:
        name = self.parts.relative(module, self.parts.around(module))
        return f"{plain(name)}  {self.parts.titles[module]}".strip()

    # ── nodes ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _nodes(self, group: Group) -> Iterator[Node]:
        if group.modules:
            yield self._module(group)
            return
        yield self._value(group)
        first, frame = group.values[0], self.frames.get(group.within)
        if first.primitive is None:
            return
        symbol, hint = plain(first.primitive.symbol), plain(first.primitive.name)
        yield Node(self._operation(first), "operation", symbol, hint=hint, within=frame)
        for place, operand in enumerate(first.operands):
            if isinstance(operand, float):
                numbers = [_number(node.operands[place]) for node in group.values]
                yield Node(
                    self._constant(first, place), "constant", span(numbers), hint=span(numbers, repr), within=frame
                )

    def _value(self, group: Group) -> Node:
        first, count = group.values[0], len(group.values)
        parameter = self.parts.parameters.get(first)
        name = plain(first.label if parameter is None else self.parts.relative(parameter, group.within))
        data, grads = [node.data for node in group.values], [node.grad for node in group.values]
        return self._judged(
            group,
            Node(
                name=self.names[first],
                kind=self._kind(first),
                title=name,
                lines=(*[f"×{count}"] * (count > 1), f"data {span(data)}", f"grad {span(grads)}"),
                hint=f"data = {span(data, repr)}, grad = {span(grads, repr)}",
                tint=sum(grads),
                within=self.frames.get(group.within),
            ),
            is_dead=not any(grads),
        )

    def _kind(self, node: Value) -> NodeKind:
        if node in self.parts.parameters:
            return "parameter"
        return "leaf" if node.primitive is None else "output" if node is self.root else "value"

    def _module(self, group: Group) -> Node:
        facts = summary(group, self.parts)
        several = len(group.modules) > 1
        lines = [f"{facts.parameters} parameter{'s' * (facts.parameters != 1)}"]
        if facts.copies and not several:
            lines.insert(0, f"{facts.copies} × {facts.copy}")
        if self.is_differentiated:
            lines.append(f"‖grad‖ {digits(facts.norm)}")
            if 0 < facts.dead < facts.copies:
                lines.append(f"{facts.dead} of {facts.copies} dead")
        return self._judged(
            group,
            Node(
                name=self.names[group.values[0]],
                kind="module",
                title=f"{facts.copies} × {facts.copy}" if several else self._called(group.modules[0]),
                lines=tuple(lines),
                hint=f"{len(group.values)} Values",
                tint=facts.norm,
                within=self.frames.get(group.within),
            ),
            is_dead=facts.norm == 0.0,
        )

    def _judged(self, group: Group, node: Node, is_dead: bool) -> Node:
        """Return the node of a group with what is remarkable about its gradient and its numbers."""
        strange = [value for value in group.values if not isfinite(value.data) or not isfinite(value.grad)]
        if strange:
            note = f"{WARNING} begins here" if any(map(self._is_first, strange)) else WARNING
            return replace(node, lines=(*node.lines, note), state="flagged")
        return replace(node, state="dead") if is_dead and self.is_differentiated else node

    def _is_first(self, node: Value) -> bool:
        """Return whether a number that is not finite was made of such that are, on the way forward or back."""
        if not isfinite(node.data):
            return all(isfinite(_number(x)) for x in node.operands)
        return all(isfinite(use.grad) for use in self.uses[node])

    # ── arrows ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _edges(self, group: Group) -> Iterator[Edge]:
        first = group.values[0]
        arrows = list(self._arrows(group))
        if self.is_folded:
            arrows = _merged(arrows)
        head = self.names[first] if group.modules else self._operation(first)
        labels = [self._label(flows, group) for _, flows in arrows]
        if any(labels):  # Graphviz keeps the order of operands if all of their arrows have labels, or none
            labels = [label or " " for label in labels]
        for place, ((tail, flows), label) in enumerate(zip(arrows, labels)):
            yield self._edge(Edge(tail, head, label=label, place=place, among=len(arrows)), flows)
        if first.primitive is not None and not group.modules:
            yield Edge(head, self.names[first], "result")

    def _arrows(self, group: Group) -> Iterator[tuple[str, list[Flow]]]:
        """Yield what leads to a group, with the arrows of the graph that it stands for."""
        if group.modules:
            for node in group.values:
                for operand, partial in zip(node.operands, node.partials):
                    if isinstance(operand, Value) and self.names[operand] != self.names[node]:
                        yield self.names[operand], [Flow(partial, node.grad)]
            return
        first = group.values[0]
        for place, operand in enumerate(first.operands):
            tail = self._constant(first, place) if isinstance(operand, float) else self.names[operand]
            yield tail, [Flow(node.partials[place], node.grad) for node in group.values]

    def _label(self, flows: list[Flow], group: Group) -> str:
        if len(flows) == 1:
            ((local, upstream),) = flows
            return "" if local is None or self.label is None else f" {self.label(local, upstream)} "
        each = len(flows) // len(group.values)
        return f" ×{each} " if each > 1 and not group.modules else ""

    def _edge(self, edge: Edge, flows: list[Flow]) -> Edge:
        """Return an arrow with what flows back along it."""
        if all(flow.local is None for flow in flows):
            return replace(edge, kind="blocked")
        amounts = [flow.amount for flow in flows]
        total = hypot(*amounts) if edge.tail in self.modules else sum(amounts)
        sign = 0 if edge.tail in self.modules else (total > 0.0) - (total < 0.0)
        hint = f"{len(flows)} arrows" if len(flows) > 1 else f"∂ = {flows[0].local!r}"
        if self.is_differentiated and edge.tail not in self.modules:
            product = f"{flows[0].local!r} × {flows[0].upstream!r} = " if len(flows) == 1 else ""
            hint += f", contribution {product}{total!r}"
        return replace(edge, hint=hint, sign=sign, weight=abs(total), state="" if isfinite(total) else "flagged")

    # ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _operation(self, node: Value) -> str:
        return f"{self.names[node]}_operation"

    def _constant(self, node: Value, place: int) -> str:
        return f"{self.names[node]}_constant{place}"


def _merged(arrows: Iterable[tuple[str, list[Flow]]]) -> list[tuple[str, list[Flow]]]:
    """Return one arrow for all from the same tail."""
    found: defaultdict[str, list[Flow]] = defaultdict(list)
    for tail, flows in arrows:
        found[tail] += flows
    return list(found.items())


def _number(x: Value | float) -> float:
    return x.data if isinstance(x, Value) else x


def span(numbers: Sequence[float], text: Callable[[float], str] = digits) -> str:
    """Return the smallest and the largest of some numbers, or the one that all of them are.

    >>> span([3.0, -1.0, 2.0]), span([2.0])
    ('-1 … 3', '2')
    """
    low, high = text(min(numbers)), text(max(numbers))
    return low if low == high else f"{low} … {high}"
