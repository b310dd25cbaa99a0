"""The table in JavaScript computes what the table in Python computes: on the rows' domains, and where formulas break.

Arithmetic is the same to the bit; the browser's functions, and those written for it, are within `DIGITS` of Python's.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import product
from math import copysign, inf, isinf, isnan, nan
from typing import Any

import pytest

from autograd.explorer import javascript
from autograd.explorer.page import FOLDER
from autograd.primitives import TABLE, Primitive
from tests.browsers import browser

ROWS = [TABLE[name] for name in re.findall(r"^  (\w+): \{", javascript.script(), re.MULTILINE)]
SIZES = (0.0, 5e-324, 1e-310, 0.5, 1.0, 2.0, 3.0, 7.25, 1.7976931348623157e308, inf)
SPECIAL = [*(copysign(x, sign) for x in SIZES for sign in (1.0, -1.0)), nan]
WHOLE = {"polygamma": 0, "ldexp": 1, "round_to": 1, "ratio": 2, "bell": 0}  # rows with an operand that counts something

EXACT = (
    "identity add subtract multiply divide negate absolute chain mod floor_divide fmod remainder ldexp sqrt ratio"
    " atan_slope asin_slope atanh_slope inverse_part floor ceil trunc round_to sign copysign where clip relu maximum"
    " minimum fsum dot prod"
)
DIGITS = {  # the largest difference, relative to the exact number or, near a root, to 1
    **{row.name: 2e-15 for row in ROWS},
    **dict.fromkeys(EXACT.split(), 0.0),
    **dict.fromkeys(("erfc", "normal"), 4e-15),
    **dict.fromkeys(("gamma", "gamma_slope", "lgamma", "digamma", "polygamma"), 1e-13),
}


def operands_of(row: Primitive) -> Iterator[tuple[float, ...]]:
    """Special numbers, and numbers from the row's domain; whole ones where it counts with them."""
    choose = random.Random(row.name)
    counts = [row.arity] if row.arity else [2, 4, 6]
    if row.arity and row.arity <= 2:
        yield from product(SPECIAL, repeat=row.arity)
    else:
        for _ in range(300):
            yield tuple(choose.choices(SPECIAL, k=choose.choice(counts)))
    for _ in range(100):
        for size in (1.0, 10.0, 100.0):
            count = choose.choice(counts)
            domain = row.domain * count if row.many else row.domain
            operands = [min(max(choose.uniform(-size, size), low), high) for low, high in domain]
            if row.name in WHOLE:
                operands[WHOLE[row.name]] = float(choose.randint(-2 if row.name == "round_to" else 0, 8))
            yield tuple(operands)


def computed(row: Primitive, operands: tuple[float, ...]) -> list[float | None]:
    value = row.evaluate(*operands)
    return [value, *row.partials(value, operands, [True] * len(operands))]


def as_text(x: float | None) -> str | None:
    return x if x is None else repr(x).replace("inf", "Infinity").replace("nan", "NaN")


PROGRAM = """(cases) => {
    %s
    const text = (x) => x === null ? null : Object.is(x, -0) ? "-0.0" : String(x);
    const worth = (name, xs) => {
        try {
            const z = TABLE[name].value(xs);
            return [z, ...TABLE[name].partials(z, xs)].map(text);
        } catch (error) {
            return error instanceof Unavailable ? "unavailable" : String(error);
        }
    };
    return cases.map(([name, xs]) => worth(name, xs.map(Number)));
}"""


@pytest.fixture(scope="module")
def evaluate() -> Iterator[Any]:
    """What the table in JavaScript gives for rows and operands."""
    scripts = "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in ("floats.js", "primitives.js"))
    with browser() as window:
        page = window.new_page()
        yield lambda cases: page.evaluate(
            PROGRAM % scripts, [[row.name, [as_text(x) for x in operands]] for row, operands in cases]
        )


def problem(expected: float | None, found: str | None, digits: float) -> bool:
    if expected is None or found is None:
        return expected is not found
    number = float(found.replace("Infinity", "inf"))
    if isnan(expected) or isnan(number) or isinf(expected) or isinf(number):
        return repr(expected) != repr(number)
    if digits == 0.0 or expected == 0.0:
        return repr(expected) != repr(number)
    return abs(expected - number) > digits * max(abs(expected), 1.0 if abs(expected) > 1e-5 else abs(expected), 1e-300)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_is_worth_in_javascript_what_it_is_in_python(evaluate: Any, row: Primitive) -> None:
    cases = [*operands_of(row)]
    for operands, found in zip(cases, evaluate([(row, operands) for operands in cases])):
        expected = computed(row, operands)
        assert len(found) == len(expected), (operands, found)
        problems = [problem(*pair, DIGITS[row.name]) for pair in zip(expected, found)]
        assert not any(problems), (operands, expected, found)


def test_what_is_not_computed_in_javascript_is_said_to_be_unavailable(evaluate: Any) -> None:
    assert evaluate([(TABLE["polygamma"], (61.0, 2.5))]) == ["unavailable"]


def test_sums_are_rounded_once_whatever_the_sizes(evaluate: Any) -> None:
    choose = random.Random(0)
    rows = []
    for count in (10, 100, 1000):
        numbers = [choose.uniform(-1.0, 1.0) * 2.0 ** choose.randint(-1074, 1015) for _ in range(count)]
        rows.append((TABLE["fsum"], (*numbers, *(-x for x in choose.sample(numbers, count // 2)))))
    rows.append((TABLE["fsum"], (1e308, 1e308, -1e308)))
    rows.append((TABLE["fsum"], (1.0, 2.0**-53, 2.0**-110)))
    rows.append((TABLE["hypot"], tuple(x for x in (3e-320, 4e-320))))
    assert [found[0] for found in evaluate(rows)] == [as_text(row.evaluate(*xs)) for row, xs in rows]
