"""Where a gradient comes from: every contribution to it, one line each.

The chain rule says that ∂C/∂x is a sum over everything that was computed from x: what C owes to the result, times what
the result owes to x. In a neuron, z = w · a, so ∂C/∂w = ∂C/∂z · ∂z/∂w = δ · a. `explain` prints this sum with the
numbers and formulas of a graph, in the order in which the reverse sweep adds it up.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple

from autograd import core, floats, formulas
from autograd.core import Value
from autograd.errors import ArgumentError, describe
from autograd.graph import is_outdated, numbers, topological_order
from autograd.primitives import as_float
from autograd.sweeps import dependents
from autograd.tables import MAX_OPERANDS, cut, described, named, operation, short, table


class Contribution(NamedTuple):
    """What one use of a Value contributes to its gradient: `amount` = `adjoint` · `partial`."""

    result: Value  # what was computed from it
    place: int  # it is this operand of the result, counted from 0
    adjoint: float  # ∂output/∂result
    partial: float | None  # ∂result/∂operand; None where the operand was not selected, so that nothing flows
    amount: float


@dataclass(frozen=True)
class Explanation:
    """The contributions to ∂output/∂x; iterating gives each `Contribution`, `total` their sum, `print` a table."""

    x: Value
    output: Value
    seed: float
    contributions: tuple[Contribution, ...]

    @property
    def total(self) -> float:
        """The sum, added as the reverse sweep adds it: to the bit what `output.backward(seed)` adds to `x.grad`."""
        total = self.seed if self.x is self.output else 0.0
        for contribution in self.contributions:
            total += contribution.amount
        return total

    def __iter__(self) -> Iterator[Contribution]:
        return iter(self.contributions)

    def __len__(self) -> int:
        return len(self.contributions)

    def __repr__(self) -> str:
        names = self._names()
        x, output = names[self.x], names[self.output]
        slope = f"∂{output}/∂{x}"
        if not self.contributions:
            why = "it is the seed" if self.x is self.output else f"{output} was not computed from {x}"
            return f"{slope} = {short(self.total)}: {why}"
        head = [f"uses of {x}", f"δ = ∂{output}/∂use", f"∂use/∂{x}", f"δ · ∂use/∂{x}"]
        lines = [self._line(contribution, names) for contribution in self]
        text = table("<><>", [head, *lines, [slope, "", "", short(self.total)]])
        changed = any(is_outdated(contribution.result) for contribution in self)
        return f"{text}\n(a leaf was changed since: formulas show its number of now)" if changed else text

    def _names(self) -> dict[Value, str]:
        """Return what to call both ends: their labels, or names that nothing in the table has as a label."""
        shown = {x for use in self for x in (use.result, *use.result.operands)} | {self.x, self.output}
        taken = {x.label for x in shown if not isinstance(x, float)}
        x = cut(self.x.label) or _free("x", taken)
        return {self.output: cut(self.output.label) or _free("output", {*taken, x}), self.x: x}

    def _line(self, contribution: Contribution, names: dict[Value, str]) -> list[str]:
        result, place, adjoint, partial, amount = contribution
        marked = place >= MAX_OPERANDS or sum(operand is self.x for operand in result.operands) > 1
        use = described(result, names, place if marked else None)
        if partial is None:
            local = "nothing: not selected"
        else:
            local = " = ".join(dict.fromkeys((*_formula(result, place, names), short(partial))))
        return [use, short(adjoint), local, short(amount)]


def explain(x: Value, output: Value, seed: float = 1.0) -> Explanation:
    """Explain the gradient of `output` with respect to `x`: list what each use of `x` contributes to it.

    `x` is a leaf or an inner node. Uses that contribute nothing are listed, too: they say why a gradient is 0. The
    output has to be named, because a Value knows its operands but not what was computed from it later, and `x.grad`
    does not know whose `backward` filled it. Where several did, explain each: the totals add up to the gradient of a
    leaf. Neither `grad` is read or changed. Raises `ArgumentError` for anything but Values, `GraphError` if a leaf in
    one of these uses was changed after the use was computed.

    >>> w, a = Value(2.0, label="w"), Value(0.5, label="a")
    >>> z = w * a + w**2
    >>> C = (z - 3.0) ** 2
    >>> z.label, C.label = "z", "C"
    >>> explain(w, C)
    uses of w  δ = ∂C/∂use  ∂use/∂w               δ · ∂use/∂w
    w ** 2               4  2 * w ** (2 - 1) = 4           16
    w * a                4  a = 0.5                         2
    ∂C/∂w                                                  18
    >>> explain(w, C).total
    18.0
    """
    stranger = next((node for node in (x, output) if not isinstance(node, Value)), None)
    if stranger is not None:
        raise ArgumentError(f"explain: got {describe(stranger)}; expected two Values: explain(x, output)")
    seed = as_float(seed, "explain: seed", "a real number")
    order = dependents(topological_order(output, since=x.number), [x])
    uses = [node for node in reversed(order) if any(operand is x for operand in node.operands)]
    for use in uses:
        numbers(use, "explain")  # raises where they are no longer those that it was computed from
    adjoints = core.adjoints({output: seed}, uses)
    return Explanation(x, output, seed, tuple(_contributions(x, uses, adjoints)))


def _contributions(x: Value, uses: list[Value], adjoints: list[float]) -> Iterator[Contribution]:
    for result, adjoint in zip(uses, adjoints):
        for place, (operand, partial) in enumerate(zip(result.operands, result.partials)):
            if operand is x:
                amount = 0.0 if partial is None else floats.chain(adjoint, partial)
                yield Contribution(result, place, adjoint, partial, amount)


def _free(name: str, taken: set[str]) -> str:
    return next(free for number in count() if (free := f"{name}{number or ''}") not in taken)


def _formula(result: Any, place: int, names: dict[Value, str]) -> tuple[str, ...]:
    """Return the rule for an operand as a formula; nothing if it is none, as rules of one's own may branch."""
    operands = [named(operand, names) for operand in result.operands]
    name = names.get(result) or result.label
    out = formulas.Symbol(cut(name)) if name else operation(result, names)
    with suppress(Exception):
        return (cut(formulas.partials(result.primitive, out, operands)[place]),)
    return ()
