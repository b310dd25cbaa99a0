"""Rules as formulas for people: what `y * cos(x)` is worth is a number, what it says is text.

The rules of the table work on whatever the primitives work on. Called with symbols instead of numbers they spell out
the formulas that are computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

from autograd import floats, primitives
from autograd.primitives import Primitive

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
STRENGTH |= {"or": 1, "and": 2} | dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), COMPARISON)


class Symbol:
    """A formula where a rule expects a number."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, text: str, strength: int = ATOM) -> None:
        self.text, self.strength = text, strength

    def within(self, strength: int) -> str:
        """Return the text, in parentheses where what surrounds it binds more tightly."""
        return self.text if self.strength >= strength else f"({self.text})"

    def __primitive__(self, primitive: Primitive, operands: tuple[Any, ...]) -> Symbol:
        return application(primitive, [symbol(x) for x in operands])

    def __add__(self, other: Any) -> Symbol:
        return joined(self, "+", other)

    def __radd__(self, other: Any) -> Symbol:
        return joined(other, "+", self)

    def __sub__(self, other: Any) -> Symbol:
        return joined(self, "-", other)

    def __rsub__(self, other: Any) -> Symbol:
        return joined(other, "-", self)

    def __mul__(self, other: Any) -> Symbol:
        return joined(self, "*", other)

    def __rmul__(self, other: Any) -> Symbol:
        return joined(other, "*", self)

    def __truediv__(self, other: Any) -> Symbol:
        return joined(self, "/", other)

    def __rtruediv__(self, other: Any) -> Symbol:
        return joined(other, "/", self)

    def __pow__(self, other: Any) -> Symbol:
        return joined(self, "**", other)

    def __neg__(self) -> Symbol:
        return Symbol(f"-{self.within(UNARY)}", UNARY)

    def __and__(self, other: Any) -> Symbol:
        return self if other is True else joined(self, "&", other)

    def __or__(self, other: Any) -> Symbol:
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

    def __bool__(self) -> bool:
        raise TypeError("a formula is neither true nor false")


def joined(left: Any, operator: str, right: Any) -> Symbol:
    """Return a formula of two parts."""
    strength = STRENGTH[operator]
    return Symbol(f"{symbol(left).within(strength)} {operator} {symbol(right).within(strength + 1)}", strength)


def compared(left: Any, relation: str, right: Any) -> Symbol:
    """Return a condition."""
    return Symbol(f"{left.within(COMPARISON)} {relation} {symbol(right).within(COMPARISON)}", COMPARISON)


def symbol(x: Any) -> Symbol:
    """Return a number, or nothing, as a formula."""
    if isinstance(x, Symbol):
        return x
    if isinstance(x, primitives.Choice):
        chosen: Symbol = primitives.where(x.condition, symbol(x.yes), symbol(x.no))
        return chosen
    return Symbol("nothing" if x is None else NAMES.get(x, f"{x:g}"), UNARY if x is not None and x < 0 else ATOM)


def application(primitive: Primitive, operands: Sequence[Symbol]) -> Symbol:
    """Return the formula for a primitive of these operands.

    >>> application(primitives.multiply, [Symbol("x"), symbol(-2.0)]).text
    'x * -2'
    """
    if primitive.name == "where":
        condition, yes, no = operands
        return Symbol(f"{condition.within(COMPARISON)} ? {yes.text} : {no.text}", CHOICE)
    if primitive.symbol in STRENGTH and len(operands) == 2:
        return joined(operands[0], primitive.symbol, operands[1])
    if primitive.symbol == "not":
        return Symbol(f"not {operands[0].within(COMPARISON)}", COMPARISON)
    if primitive.symbol in STRENGTH and len(operands) == 1:
        return Symbol(primitive.symbol + operands[0].within(UNARY), UNARY)
    return Symbol(f"{primitive.symbol}({', '.join(x.text for x in operands)})")


def partials(primitive: Primitive, out: Symbol, operands: Sequence[Symbol]) -> list[str]:
    """Return the rules as formulas, one per operand.

    >>> partials(primitives.divide, Symbol("z"), [Symbol("x"), Symbol("y")])
    ['1 / y', '-(z / y)']
    """
    found = primitive.partials(out, tuple(operands), [True] * len(operands))
    rules = found if primitive.many else primitive.rules
    return ["none" if rule is None else symbol(partial).text for partial, rule in zip(found, rules)]
