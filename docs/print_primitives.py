"""Print the table of primitives from its rows: `python docs/print_primitives.py > docs/primitives.md`.

The rules are called with symbols instead of numbers, so the formulas on the page are the ones that are computed.
"""

from __future__ import annotations

import inspect
import re

from autograd.formulas import Symbol, partials, symbol
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


def operand_names(row: Primitive) -> list[str]:
    """Return the names that the rules of the row give its operands."""
    if row.many:
        return ["x₁", "x₂"]
    rule = next(rule for rule in row.rules if rule)
    return list(inspect.signature(rule).parameters)[1:]


def rules(row: Primitive) -> str:
    """Return the rules as formulas, one per operand."""
    names = operand_names(row)
    texts = partials(row, Symbol("z"), [Symbol(name) for name in names])
    return re.sub(r"\b(none|nothing)\b", r"*\1*", "<br>".join(texts)).replace("|", "\\|")


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
