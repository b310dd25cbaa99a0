"""Print the table of primitives from its rows: `python docs/print_primitives.py > docs/primitives.md`.

The rules are called with symbols instead of numbers, so the formulas on the page are the ones that are computed.
"""

from __future__ import annotations

import inspect
from math import inf
from typing import Any

from autograd import floats, primitives
from autograd.primitives import BUILT_IN, REAL, TABLE, Primitive

HEAD = """\
# The primitives

Every operation that can be differentiated is one row of a table,
[`autograd/primitives.py`](../autograd/primitives.py), from which this page is printed. `z` stands for the result,
`c ? a : b` for a choice; *nothing* says that the operand was not selected, and not even an infinite adjoint is handed
on. `a / b` and `a ** b` are those of IEEE 754: they give infinities and NaN where Python would raise. Operands without
a derivative have the rule *none*. Where no domain is given, the operands are any numbers.

| primitive | rules: ∂z/∂operand | domain | notes |
|---|---|---|---|
"""
NAMES = {
    primitives.LN2: "ln 2",
    primitives.LN10: "ln 10",
    1.0 / primitives.LN2: "log₂e",
    1.0 / primitives.LN10: "log₁₀e",
    primitives.ERF_SLOPE: "2/√π",
    -primitives.ERF_SLOPE: "-2/√π",
    primitives.NORMAL_PEAK: "1/√2π",
    -floats.SQRT_HALF: "-√½",
    inf: "∞",
    -inf: "-∞",
}
STRENGTH = {"|": 1, "&": 2, "+": 4, "-": 4, "*": 5, "·": 5, "/": 5, "%": 5, "//": 5, "**": 7}
CHOICE, COMPARISON, UNARY, ATOM = 0, 3, 6, 8


class Symbol:
    """A formula where a rule expects a number."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, text: str, strength: int = ATOM) -> None:
        self.text, self.strength = text, strength

    def within(self, strength: int) -> str:
        """Return the text, in parentheses where what surrounds it binds more tightly."""
        return self.text if self.strength >= strength else f"({self.text})"

    def __primitive__(self, primitive: Primitive, operands: tuple[Any, ...]) -> Symbol:
        symbols = [symbol(x) for x in operands]
        if primitive.name == "where":
            condition, yes, no = symbols
            return Symbol(f"{condition.within(COMPARISON)} ? {yes.text} : {no.text}", CHOICE)
        if primitive.symbol in STRENGTH and len(symbols) == 2:
            return joined(symbols[0], primitive.symbol, symbols[1])
        return Symbol(f"{primitive.symbol}({', '.join(x.text for x in symbols)})")

    def __add__(self, other: Any) -> Symbol:
        return joined(self, "+", symbol(other))

    def __radd__(self, other: Any) -> Symbol:
        return joined(symbol(other), "+", self)

    def __sub__(self, other: Any) -> Symbol:
        return joined(self, "-", symbol(other))

    def __rsub__(self, other: Any) -> Symbol:
        return joined(symbol(other), "-", self)

    def __mul__(self, other: Any) -> Symbol:
        return joined(self, "*", symbol(other))

    def __rmul__(self, other: Any) -> Symbol:
        return joined(symbol(other), "*", self)

    def __neg__(self) -> Symbol:
        return Symbol(f"-{self.within(UNARY)}", UNARY)

    def __and__(self, other: Symbol | bool) -> Symbol:
        return self if other is True else joined(self, "&", other)

    def __or__(self, other: Symbol) -> Symbol:
        return joined(self, "|", other)

    def __eq__(self, other: object) -> Any:
        return True if other is self else compared(self, "=", other)  # z == z fails for NaN only

    def __ne__(self, other: object) -> Any:
        return compared(self, "≠", other)

    def __lt__(self, other: Any) -> Symbol:
        return compared(self, "<", other)

    def __le__(self, other: Any) -> Symbol:
        return compared(self, "≤", other)

    def __gt__(self, other: Any) -> Symbol:
        return compared(self, ">", other)

    def __ge__(self, other: Any) -> Symbol:
        return compared(self, "≥", other)


def joined(left: Symbol, operator: str, right: Symbol) -> Symbol:
    """Return a formula of two parts."""
    strength = STRENGTH[operator]
    return Symbol(f"{left.within(strength)} {operator} {right.within(strength + 1)}", strength)


def compared(left: Symbol, relation: str, right: Any) -> Symbol:
    """Return a condition."""
    return Symbol(f"{left.within(COMPARISON)} {relation} {symbol(right).within(COMPARISON)}", COMPARISON)


def symbol(x: Any) -> Symbol:
    """Return a number, or nothing, as a formula."""
    if isinstance(x, Symbol):
        return x
    return Symbol("*nothing*" if x is None else NAMES.get(x, f"{x:g}"), ATOM if x is None or x >= 0 else UNARY)


def operand_names(row: Primitive) -> list[str]:
    """Return the names that the rules of the row give its operands."""
    if row.many:
        return ["x₁", "x₂"]
    rule = next(rule for rule in row.rules if rule)
    return list(inspect.signature(rule).parameters)[1:]


def rules(row: Primitive) -> str:
    """Return the rules as formulas, one per operand."""
    names = operand_names(row)
    partials = row.partials(Symbol("z"), tuple(Symbol(name) for name in names), [True] * len(names))
    texts = ["*none*" if rule is None and not row.many else symbol(p).text for p, rule in zip(partials, row.rules * 2)]
    return "<br>".join(text.replace("|", "\\|") for text in texts)


def line(row: Primitive) -> str:
    """Return the row as a line of the table on the page."""
    operands = ", ".join(operand_names(row)) + (", …" if row.many else "")
    domain = ", ".join(f"[{symbol(low).text}, {symbol(high).text}]" for low, high in row.domain if (low, high) != REAL)
    return f"| `{row.name}({operands})` | {rules(row)} | {domain} | {row.note.replace('|', chr(92) + '|')} |\n"


def page() -> str:
    """Return the whole page."""
    return HEAD + "".join(line(row) for name, row in TABLE.items() if name in BUILT_IN)


if __name__ == "__main__":
    print(page(), end="")
