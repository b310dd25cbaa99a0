"""Print the rules of the table as C that records them: `python -m autograd.rules > autograd/_rules.h`.

As for the kernels, the rules are called with symbols, but here what they do becomes statements: each call of a row is a
step, which writes a line of the tape, as it would make a Value. What depends on the operands, as the choice by a
condition does, is left to functions of `_derivatives.h`. Rules of many operands are written there by hand; where they
are not, the rules are asked of Python.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from textwrap import indent
from typing import Any, Self
from unittest.mock import patch

from autograd import primitives
from autograd.kernels import Symbol, operand_names
from autograd.primitives import BUILT_IN, TABLE, Choice, Primitive

HEAD = """\
/* The rules of the table in C, printed by `python -m autograd.rules`: do not edit. */

{rules}
static const Rules RULES_OF[BUILT_IN_COUNT] = {{
{names}
}};
"""
RULES = """\
RULES({name})
{{
{statements}
}}
"""
COMPARISONS = {
    "<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal", "==": "equal", "!=": "not_equal",
}  # fmt: skip
ROWS = {"+": "add", "-": "subtract", "*": "multiply", "&&": "logical_and", "||": "logical_or", **COMPARISONS}
CALLS = dict.fromkeys(COMPARISONS.values(), "compared(d, TAG_{name}, {})")
CALLS |= {"where": "choose(d, {})", "is_zero": "number(is_zero({}))"}


class Step(Symbol):
    """A term in C: an operand, or what a statement results in."""

    def __init__(self, text: str, statements: list[str]) -> None:
        super().__init__(text)
        self.statements = statements

    @classmethod
    def made(cls, name: str, *operands: Any) -> Self:
        """Add the statement that applies a row to terms, of which one at least is a step."""
        statements: list[str] = next(x.statements for x in operands if isinstance(x, cls))
        terms = ", ".join([cls.term(x) for x in operands])
        step = cls(f"t{len(statements)}", statements)
        call = CALLS.get(name, "STEP(TAG_{name}, {})").format(terms, name=name)
        statements.append(f"const Term {step.text} = {call};")
        return step

    @classmethod
    def term(cls, x: Any) -> str:
        """Return a step, a number, a choice or nothing as C has it."""
        if isinstance(x, Choice):
            return cls.made("where", *x).text
        if x is None:
            return "NOTHING"
        return x.text if isinstance(x, cls) else f"number({Symbol.of(x).text})"

    @classmethod
    def joined(cls, left: Any, operator: str, right: Any, strength: int) -> Self:
        """Return the step of an operator."""
        return cls.made(ROWS[operator], left, right)

    def __neg__(self) -> Self:
        return self.made("negate", self)

    def __primitive__(self, primitive: Primitive, operands: tuple[Any, ...]) -> Self:
        return self.made(primitive.name, *operands)


def is_zero(x: Any) -> Any:
    """Return whether `x` is the number 0, which of a step is known when it is recorded."""
    return Step.made("is_zero", x) if isinstance(x, Step) else type(x) is float and x == 0.0


def steps(rule: Any, names: Sequence[str], target: str) -> list[str]:
    """Return the statements that record a partial.

    >>> steps(lambda z, x: 2.0 * z, ["x"], "partial")
    ['const Term t0 = STEP(TAG_multiply, number(2.0), z);', 'partial = t0;']
    """
    statements: list[str] = []
    with patch.object(primitives, "is_zero", is_zero):
        partial = rule(Step("z", statements), *[Step(name, statements) for name in names])
    result = Step.term(partial)
    return [*statements, f"{target} = {result};"]


def fixed_rules(row: Primitive) -> str:
    """Return the rules of a row with a fixed number of operands."""
    names = operand_names(row)
    lines = []
    for i, rule in enumerate(row.rules):
        if rule:
            lines += [f"if (active[{i}]) {{", *("    " + line for line in steps(rule, names, f"partial[{i}]")), "}"]
    used = {word for line in lines for word in re.findall(r"\w+", line)}
    operands = ", ".join(f"{name} = operand[{i}]" for i, name in enumerate(names) if name in used)
    statements = [f"const Term {operands};"] * bool(operands) + lines
    return RULES.format(name=row.name, statements=indent("\n".join(statements), "    "))


def rules_by_hand() -> set[str]:
    """Return the names of the rows whose rules are written in `_derivatives.h`."""
    source = Path(__file__).with_name("_derivatives.h").read_text(encoding="utf-8")
    return set(re.findall(r"^RULES\((\w+)\)", source, flags=re.MULTILINE))


def header(rows: Iterable[Primitive] | None = None) -> str:
    """Return the rules of the rows, by default those of the library, as a header for C."""
    rows = [TABLE[name] for name in TABLE if name in BUILT_IN] if rows is None else list(rows)
    by_hand = rules_by_hand()
    names = [f"rules_{row.name}" if not row.many or row.name in by_hand else "NULL" for row in rows]
    return HEAD.format(
        rules="\n".join(fixed_rules(row) for row in rows if not row.many),
        names="\n".join(f"    {name}," for name in names),
    )


if __name__ == "__main__":
    print(header(), end="")
