"""Print the table in JavaScript: `python -m autograd.explorer.javascript > autograd/explorer/primitives.js`.

As for the compiled core, the rules are called with symbols instead of numbers, so the page computes the formulas of the
table, operation by operation. What they call is written by hand in `floats.js`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from autograd import kernels
from autograd.kernels import operand_names, shared, traced
from autograd.primitives import BUILT_IN, TABLE, Primitive

HEAD = """\
// The table of primitives in JavaScript, printed by `python -m autograd.explorer.javascript`: do not edit.
//
// `value(xs)` is a row's value on its operands, `partials(z, xs)` are its partials; null says that nothing flows.

const TABLE = {{
{rows}
}};
"""
ROW = """\
  {name}: {{
    value: {value},
    partials: {partials},
  }},"""


class Script(kernels.Symbol):
    """A formula in JavaScript."""

    NOTHING, NAN, INFINITY = "null", "NaN", "Infinity"
    ARRAY = "[{elements}]"
    DEFINITION = "const {name} = {text};"


def fixed_row(row: Primitive) -> str:
    """Return a row with a fixed number of operands."""
    names = operand_names(row)
    definitions, texts = shared(traced(row, names, Script))
    result = f"[{', '.join(texts)}]"
    body = f"{{ {' '.join(definitions)} return {result}; }}" if definitions else result
    operands = ", ".join(names)
    value = f"([{operands}]) => f_{row.name}({operands})"
    return ROW.format(name=row.name, value=value, partials=f"(z, [{operands}]) => {body}")


def many_row(row: Primitive) -> str:
    """Return a row of many operands: its partials are written by hand if they have no common formula."""
    texts = {formula.text for formula in traced(row, ["x", "y"], Script)}
    common = texts.pop()
    by_hand = texts or re.search(r"\b[xy]\b", common)
    partials = f"partials_{row.name}" if by_hand else f"(z, xs) => xs.map(() => {common})"
    return ROW.format(name=row.name, value=f"f_{row.name}", partials=partials)


def functions() -> frozenset[str]:
    """Return the names of the functions of `floats.js`."""
    source = Path(__file__).with_name("floats.js").read_text(encoding="utf-8")
    return frozenset(re.findall(r"\b((?:f|partials)_\w+)(?: = |\()", source))


def script(rows: Iterable[Primitive] | None = None) -> str:
    """Return the rows, by default those of the library, as a script.

    A row is left out if it needs a function that nobody has written in JavaScript; the page says of its results that
    they cannot be computed anew.
    """
    rows = [TABLE[name] for name in TABLE if name in BUILT_IN] if rows is None else rows
    by_hand = functions()
    printed = (many_row(row) if row.many else fixed_row(row) for row in rows)
    return HEAD.format(rows="\n".join(text for text in printed if called(text) <= by_hand))


def called(text: str) -> set[str]:
    """Return the names of the functions that a row needs."""
    return set(re.findall(r"\b(?:f|partials)_\w+", text))


if __name__ == "__main__":
    print(script(), end="")
