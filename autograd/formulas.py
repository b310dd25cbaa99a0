"""Rules as formulas for people: what `y * cos(x)` is worth is a number, what it says is text.

The rules of the table work on whatever the primitives work on. Called with symbols instead of numbers they spell out
the formulas that are computed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import Any

from autograd import floats, primitives
from autograd.primitives import Primitive

NAMES = {
    primitives.LN2: "ln 2",
    primitives.LOG2_E: "log₂ e",
    primitives.LOG10_E: "log₁₀ e",
    floats.ERF_SLOPE: "2/√π",
    -floats.ERF_SLOPE: "-2/√π",
    floats.NORMAL_PEAK: "1/√2π",
    inf: "∞",
    -inf: "-∞",
}
STRENGTH = {"|": 1, "&": 2, "+": 4, "-": 4, "*": 5, "·": 5, "/": 5, "%": 5, "//": 5, "**": 7}
CHOICE, COMPARISON, UNARY, ATOM = 0, 3, 6, 8
STRENGTH |= {"or": 1, "and": 2} | dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), COMPARISON)


def _times(c: Symbol, formula: Any) -> Any:
    return formula if c.text == "1" else c * formula


def _bell(n: Symbol, a: Symbol, x: Symbol) -> Any:
    return primitives.exp(-_times(a, x * x)) if n.text == "0" else Symbol(f"bell({n.text}, {a.text}, {x.text})")


def _minus(x: Symbol) -> Symbol:
    """Return -2 * x, not -(2 * x)."""
    return Symbol(f"-{x.text}", x.strength) if x.text[0].isdigit() else -x


# Rows that others are made of, as they would stand in a book.
SPELLED_OUT: dict[str, Callable[..., Any]] = {
    "ratio": lambda x, y, n: x / y**n,
    "monomial": lambda c, x, y, k: _times(c, x ** (y if k.text == "0" else y - k)),
    "exp_of_difference": lambda x, y: primitives.exp(x - y),
    "atan_slope": lambda x: 1.0 / (1.0 + x * x),
    "asin_slope": lambda x: 1.0 / primitives.sqrt((1.0 - x) * (1.0 + x)),
    "atanh_slope": lambda x: 1.0 / ((1.0 - x) * (1.0 + x)),
    "gamma_slope": lambda x: primitives.gamma(x) * primitives.digamma(x),
    "cbrt_slope": lambda x: 1.0 / (3.0 * primitives.cbrt(x) ** 2.0),
    "inverse_part": lambda x, y: x / (x * x + y * y),
    "bell": _bell,
    "bump": lambda c, x: _times(c, primitives.sigmoid(x)) * primitives.sigmoid(_minus(x)),
}


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

    def __or__(self, other: Any) -> Any:
        return True if other is True else joined(self, "|", other)

    def __eq__(self, other: object) -> Any:
        return True if other is self else compared(self, "=", other)  # z == z fails for NaN only

    def __ne__(self, other: object) -> Any:
        return compared(self, "≠", other)

    def __lt__(self, other: Any) -> Any:
        return compared(self, "<", other)

    def __le__(self, other: Any) -> Any:
        return compared(self, "≤", other)

    def __gt__(self, other: Any) -> Any:
        return compared(self, ">", other)

    def __ge__(self, other: Any) -> Any:
        return compared(self, "≥", other)

    def __bool__(self) -> bool:
        raise TypeError("a formula is neither true nor false")


def joined(left: Any, operator: str, right: Any) -> Symbol:
    """Return a formula of two parts; without parentheses the left one goes first, but for powers."""
    strength = STRENGTH[operator]
    first = symbol(left).within(strength + (operator == "**"))
    return Symbol(f"{first} {operator} {symbol(right).within(strength + 1)}", strength)


def compared(left: Any, relation: str, right: Any) -> Any:
    """Return a condition; numbers in formulas are neither tiny nor huge."""
    if isinstance(right, float) and abs(right) in (primitives.TINY, 1.0 / primitives.TINY, primitives.SMALLEST_NORMAL):
        return False
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
    if primitive.name in SPELLED_OUT:
        return SPELLED_OUT[primitive.name](*operands)  # type: ignore[no-any-return]
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
    ['1 / y', '-(x / y ** 2)']
    """
    found = primitive.partials(out, tuple(operands), [True] * len(operands))
    rules = found if primitive.many else primitive.rules
    return ["none" if rule is None else symbol(partial).text for partial, rule in zip(found, rules)]
