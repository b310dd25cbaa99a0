"""Tables in plain text, and how Values and their operations are called there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from autograd.formulas import Symbol, application, symbol

Names = Mapping[Any, str]

NONE: Names = MappingProxyType({})
MAX_OPERANDS = 4  # of a primitive of many operands, as many are shown
MAX_WIDTH = 36  # characters of a cell


def short(number: float) -> str:
    """Return a number in six digits.

    >>> short(2.0), short(1 / 3), short(1e-20)
    ('2', '0.333333', '1e-20')
    """
    return f"{number:.6g}"


def cut(text: str) -> str:
    """Return the text on one line, cut where it is too long for a cell.

    >>> cut("a label\\nof two lines")
    'a label of two lines'
    """
    text = " ".join(text.split())
    return text if len(text) <= MAX_WIDTH else text[: MAX_WIDTH - 1] + "…"


def named(x: Any, names: Names = NONE) -> Symbol:
    """Return what to call an operand in a formula: its name, its label, or its number."""
    if type(x) is float:
        return symbol(x)
    name = names.get(x) or x.label
    return Symbol(cut(name)) if name else symbol(x.data)


def operation(node: Any, names: Names = NONE, marked: int | None = None) -> Symbol:
    """Return how a node was computed, as a formula. The operand in the `marked` place stands in brackets.

    >>> from autograd import Value
    >>> x = Value(3.0, label="x")
    >>> operation(x * x + 1.0).text, operation(x * x, marked=1).text
    ('9 + 1', 'x * [x]')
    """
    texts = {place: named(x, names) for place, x in enumerate(node.operands[:MAX_OPERANDS])}
    hidden = len(node.operands) - len(texts)
    if marked is not None:
        texts[marked] = Symbol(f"[{named(node.operands[marked], names).text}]")
    shown = list(texts.values())
    if hidden:
        shown.insert(MAX_OPERANDS, Symbol("…"))
    return application(node.primitive, shown)


def described(node: Any, names: Names = NONE, marked: int | None = None) -> str:
    """Return the name of a computed node, where it has one, and how it was computed.

    The place of a marked operand is said where it is not to be seen; it is counted from 0.

    >>> from autograd import Value, math
    >>> x = Value(3.0, label="x")
    >>> described(math.fsum([x, 1.0, 2.0, 4.0, 5.0, x, 6.0]), marked=5)
    'sum(x, 1, 2, 4, …, [x]), operand 5'
    """
    text = operation(node, names, marked).text
    name = names.get(node) or node.label
    shown = cut(f"{cut(name)} = {text}" if name else text)
    return shown if marked is None or marked < MAX_OPERANDS else f"{shown}, operand {marked}"


def table(align: str, rows: Sequence[Sequence[str]]) -> str:
    """Return rows of cells in columns; `align` has "<" or ">" for each.

    >>> print(table("<>", [("name", "number"), ("x", "1")]))
    name  number
    x          1
    """
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ("  ".join(f"{cell:{way}{width}}" for cell, way, width in zip(row, align, widths)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
