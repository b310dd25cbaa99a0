"""Print the table of primitives as C, for the compiled core: `python -m autograd.kernels > autograd/_kernels.h`.

The rules are called with symbols instead of numbers, so C computes the formulas of the table, operation by operation.
What they call, and the few rules that are more than formulas, is written by hand in `_floats.h`. The value of a row
that is not there, because nobody has written it yet or because it is an algorithm of Python's own, is asked of Python.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from math import inf
from pathlib import Path
from textwrap import fill
from typing import Any, Self

from autograd.errors import PrimitiveError
from autograd.primitives import BUILT_IN, TABLE, Choice, Primitive, checksum, where

HEAD = """\
/* The table of primitives in C, printed by `python -m autograd.kernels`: do not edit.

   A kernel returns the value of a row on its operands, and stores the partials: of fixed operands those whose bits are
   set in `active`, of many operands all, unless `partial` is NULL. `nothing()` says that nothing flows. */

#ifndef AUTOGRAD_KERNELS_H
#define AUTOGRAD_KERNELS_H

#define TABLE_CHECKSUM 0x{checksum:08X}u
#define MOST_FIXED {most_fixed} /* operands of a row that does not take any number of them */

enum {{
{tags}
}};

#include "_floats.h"

{kernels}
typedef struct Row {{
    const char *name;
    int arity;     /* -1: any number of operands */
    int may_raise; /* the kernel calls Python */
    int asks;      /* it does so for the value */
    double (*fixed)(const double *operand, unsigned active, double *partial);
    double (*many)(const double *x, Py_ssize_t n, double *partial);
}} Row;

static const Row ROWS[BUILT_IN_COUNT] = {{
{rows}
}};

#endif
"""
ASKED = """\
static double f_{name}({parameters})
{{
{operands}    return call_python(TAG_{name}, {array}, {count});
}}
"""
FIXED = """\
static inline double kernel_{name}(const double *operand, unsigned active, double *partial)
{{
    const double {operands};
    const double z = f_{name}({names});
{partials}
    return z;
}}
"""
MANY = """\
static inline double kernel_{name}(const double *x, Py_ssize_t n, double *partial)
{{
    const double z = f_{name}(x, n);
    if (partial != NULL) {{
        {partials}
    }}
    return z;
}}
"""
CHOICE, OR, AND, COMPARISON, SUM, PRODUCT, UNARY, ATOM = range(8)


class Symbol:
    """A formula in C where a rule expects a number; `calls` are the function calls in it.

    What C writes in its own way stands here; a subclass may write it as another language does.
    """

    NOTHING, NAN, INFINITY = "nothing()", "NAN", "INFINITY"
    ARRAY = "(const double[]){{{elements}}}, {count}"
    DEFINITION = "const double {name} = {text};"

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, text: str, strength: int = ATOM, *parts: Symbol) -> None:
        self.text, self.strength = text, strength
        self.calls: set[str] = {call for part in parts for call in part.calls}

    @classmethod
    def of(cls, x: Any) -> Self:
        """Return a number, or nothing, as a formula."""
        if isinstance(x, cls):
            return x
        if isinstance(x, Choice):
            chosen: Self = where(x.condition, cls.of(x.yes), cls.of(x.no))
            return chosen
        if x is None:
            return cls(cls.NOTHING)
        number = float(x)
        text = cls.NAN if number != number else cls.INFINITY if abs(number) == inf else repr(abs(number))
        return cls(f"-{text}", UNARY) if repr(number).startswith("-") else cls(text)

    @classmethod
    def joined(cls, left: Any, operator: str, right: Any, strength: int) -> Self:
        """Return a formula of two parts, associated as in Python."""
        left, right = cls.of(left), cls.of(right)
        return cls(f"{left.within(strength)} {operator} {right.within(strength + 1)}", strength, left, right)

    def within(self, strength: int) -> str:
        """Return the text, in parentheses where what surrounds it binds more tightly."""
        return self.text if self.strength >= strength else f"({self.text})"

    def __primitive__(self, primitive: Primitive, operands: tuple[Any, ...]) -> Self:
        parts = [self.of(x) for x in operands]
        if primitive.name == "where":
            condition, yes, no = parts
            return type(self)(f"{condition.within(OR)} ? {yes.within(OR)} : {no.text}", CHOICE, *parts)
        texts = ", ".join(x.text for x in parts)
        given = self.ARRAY.format(elements=texts, count=len(parts)) if primitive.many else texts
        call = type(self)(f"f_{primitive.name}({given})", ATOM, *parts)
        call.calls.add(call.text)
        return call

    def __add__(self, other: Any) -> Self:
        return self.joined(self, "+", other, SUM)

    def __radd__(self, other: Any) -> Self:
        return self.joined(other, "+", self, SUM)

    def __sub__(self, other: Any) -> Self:
        return self.joined(self, "-", other, SUM)

    def __rsub__(self, other: Any) -> Self:
        return self.joined(other, "-", self, SUM)

    def __mul__(self, other: Any) -> Self:
        return self.joined(self, "*", other, PRODUCT)

    def __rmul__(self, other: Any) -> Self:
        return self.joined(other, "*", self, PRODUCT)

    def __neg__(self) -> Self:
        return type(self)(f"-{self.within(ATOM)}", UNARY, self)

    def __and__(self, other: Any) -> Self:
        return self.joined(self, "&&", other, AND)

    def __or__(self, other: Any) -> Self:
        sides = (x if x.strength != AND else type(self)(f"({x.text})", ATOM, x) for x in (self, self.of(other)))
        return self.joined(next(sides), "||", next(sides), OR)  # compilers warn of && in it without parentheses

    def __eq__(self, other: object) -> Any:
        return self.joined(self, "==", other, COMPARISON)

    def __ne__(self, other: object) -> Any:
        return self.joined(self, "!=", other, COMPARISON)

    def __lt__(self, other: Any) -> Self:
        return self.joined(self, "<", other, COMPARISON)

    def __le__(self, other: Any) -> Self:
        return self.joined(self, "<=", other, COMPARISON)

    def __gt__(self, other: Any) -> Self:
        return self.joined(self, ">", other, COMPARISON)

    def __ge__(self, other: Any) -> Self:
        return self.joined(self, ">=", other, COMPARISON)

    def __bool__(self) -> bool:
        raise TypeError(f"the truth of a formula, {self.text}, is not known before it is computed")


def traced(row: Primitive, names: Sequence[str], language: type[Symbol] = Symbol) -> list[Symbol]:
    """Return the rules as formulas, one per operand."""
    try:
        partials = row.partials(language("z"), tuple(language(name) for name in names), [True] * len(names))
        return [language.of(partial) for partial in partials]
    except (TypeError, ValueError, AttributeError) as error:
        raise PrimitiveError(f"primitive {row.name!r}: its rules cannot be printed as code: {error}") from error


def shared(formulas: Iterable[Symbol]) -> tuple[list[str], list[str]]:
    """Return the definitions of calls that would be made more than once, and the texts of formulas that use them."""
    formulas = list(formulas)
    template = type(formulas[0]).DEFINITION if formulas else ""
    texts = [formula.text for formula in formulas]
    definitions: list[str] = []
    for call in sorted({call for formula in formulas for call in formula.calls}, key=len, reverse=True):
        if sum(text.count(call) for text in texts + definitions) > 1:  # what it is within has been replaced already
            name = f"shared_{len(definitions)}"
            texts, definitions = ([text.replace(call, name) for text in old] for old in (texts, definitions))
            definitions.insert(0, template.format(name=name, text=call))
    return definitions, texts


def operand_names(row: Primitive) -> list[str]:
    """Return the names of a fixed number of operands, as the rules have them."""
    return list(inspect.signature(next(rule for rule in row.rules if rule)).parameters)[1:]


def asked(row: Primitive) -> str:
    """Return the function in C that asks Python for the value of a row."""
    if row.many:
        parameters = "const double *x, Py_ssize_t n"
        return ASKED.format(name=row.name, parameters=parameters, operands="", array="x", count="n")
    names = operand_names(row)
    return ASKED.format(
        name=row.name,
        parameters=", ".join(f"double {name}" for name in names),
        operands=f"    const double operands[] = {{{', '.join(names)}}};\n",
        array="operands",
        count=len(names),
    )


def fixed_kernel(row: Primitive) -> str:
    """Return the kernel of a row with a fixed number of operands."""
    names = operand_names(row)
    definitions, texts = shared(traced(row, names))
    lines = ["if (!active) {\n        return z;\n    }"] * bool(definitions) + definitions
    lines += [f"if (active & {1 << i}u) {{\n        partial[{i}] = {text};\n    }}" for i, text in enumerate(texts)]
    return FIXED.format(
        name=row.name,
        operands=", ".join(f"{name} = operand[{i}]" for i, name in enumerate(names)),
        names=", ".join(names),
        partials="\n".join("    " + line for line in lines),
    )


def many_kernel(row: Primitive, by_hand: dict[str, str]) -> str:
    """Return the kernel of a row with many operands: a loop if its partials have one formula, else a call."""
    partials = f"partials_{row.name}(z, x, n, partial);"
    if f"partials_{row.name}" not in by_hand:
        names = ["x[0]", "x[1]", "x[2]"]
        text, *others = {formula.text.replace(name, "x[i]") for formula, name in zip(traced(row, names), names)}
        if others:
            raise PrimitiveError(
                f"primitive {row.name!r}: its partials have no common formula; write partials_{row.name} in _floats.h"
            )
        partials = f"for (Py_ssize_t i = 0; i < n; i++) {{\n            partial[i] = {text};\n        }}"
    return MANY.format(name=row.name, partials=partials)


def functions() -> dict[str, str]:
    """Return the functions of `_floats.h`: from the name of each to its text."""
    source = Path(__file__).with_name("_floats.h").read_text(encoding="utf-8")
    return dict(re.findall(r"^static [\w *]*?\b(\w+)\((.*?)(?=^static|\Z)", source, flags=re.MULTILINE | re.DOTALL))


def calls_python(code: str, by_hand: dict[str, str]) -> bool:
    """Return whether the code calls Python, itself or through functions of `_floats.h`."""
    called = set(re.findall(r"\b(\w+)\(", code))
    return "call_python" in called or any(calls_python(by_hand[name], by_hand) for name in called & by_hand.keys())


def header(rows: Iterable[Primitive] | None = None) -> str:
    """Return the rows, by default those of the library, as a header for C."""
    rows = [TABLE[name] for name in TABLE if name in BUILT_IN] if rows is None else list(rows)
    by_hand = functions()
    asking = {f"f_{row.name}": asked(row) for row in rows if f"f_{row.name}" not in by_hand}
    by_hand |= asking
    kernels = [many_kernel(row, by_hand) if row.many else fixed_kernel(row) for row in rows]
    lines = [
        f'    {{"{row.name}", {-1 if row.many else row.arity}, {int(calls_python(kernel, by_hand))}, '
        + f"{int(calls_python(by_hand[f'f_{row.name}'], by_hand))}, "
        + (f"NULL, kernel_{row.name}}}," if row.many else f"kernel_{row.name}, NULL}},")
        for row, kernel in zip(rows, kernels)
    ]
    return HEAD.format(
        checksum=checksum(),
        most_fixed=max(len(row.rules) for row in rows if not row.many),
        tags=fill(
            ", ".join([*(f"TAG_{row.name}" for row in rows), "BUILT_IN_COUNT"]),
            width=120,
            initial_indent="    ",
            subsequent_indent="    ",
        ),
        kernels="\n".join([*asking.values(), *kernels]),
        rows="\n".join(lines),
    )


if __name__ == "__main__":
    print(header(), end="")
