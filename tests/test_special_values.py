"""Every primitive at ±0, ±1, the smallest and the largest numbers, ±inf and NaN: all that `special_values.txt` says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product
from math import copysign, inf, isnan, nan, ulp
from pathlib import Path
from typing import Any, NamedTuple

import mpmath
import pytest

from autograd import Value, adjoints
from autograd.primitives import BUILT_IN, TABLE, Primitive

BIG, TINY = 1.7976931348623157e308, 5e-324
SPECIAL = {
    **{"-inf": -inf, "-big": -BIG, "-1": -1.0, "-tiny": -TINY, "-0": -0.0},
    **{"0": 0.0, "tiny": TINY, "1": 1.0, "big": BIG, "inf": inf, "nan": nan},
}
ORDER = list(SPECIAL)
EITHER_ZERO = "±0"  # a zero of either sign
NOTHING = None  # nothing flows

Numbers = tuple[float, ...]
Cell = tuple[str, ...]  # names of numbers, one per operand


# ── reading the table ────────────────────────────────────────────────────────────────────────────────────────────────


class Quantity(NamedTuple):
    """What a line of the table is about: a primitive, or its derivative by the operands in these places."""

    row: Primitive
    by: tuple[int, ...]


def correctly_rounded(name: str) -> Any:
    """Return a function of mpmath as one of floats: what is expected comes from another library."""
    return lambda x: float(getattr(mpmath, name)(mpmath.mpf(x)))


FUNCTIONS = "sqrt cbrt exp expm1 log log10 log1p sin cos tan sinh cosh tanh asinh acosh erf"
WORDS: dict[str, Any] = {
    **{name: correctly_rounded(name) for name in FUNCTIONS.split()},
    **{"inf": inf, "nan": nan, "big": BIG, "tiny": TINY, "s": lambda x: copysign(1.0, x)},
    **{"nothing": NOTHING, "either": EITHER_ZERO, "max": max, "abs": abs},
    **{"pi": float(mpmath.pi), "e": float(mpmath.e), "euler": float(mpmath.euler), "zeta3": float(mpmath.zeta(3))},
    **{"ln2": float(mpmath.log(2)), "ln10": float(mpmath.log(10))},
    **{"sec1": float(mpmath.sec(1) ** 2), "secb": float(mpmath.sec(BIG) ** 2)},
    **{"σ": float(1 / (1 + mpmath.exp(-1))), "φ": float(mpmath.npdf(1)), "Φ": float(mpmath.ncdf(1))},
}


def worth(expression: str, numbers: Numbers) -> Any:
    """Return what a cell of the table expects of these operands."""
    if expression == ".":
        return NOTHING
    floats = re.sub(r"(?<![\w.])(\d+)(?![\w.])", r"\1.0", expression.replace("±0", "either"))  # -0 is no int
    expected = eval(floats, WORDS, dict(zip("abc", numbers)))
    return expected if expected in (NOTHING, EITHER_ZERO) else float(expected)


def matched(pattern: str) -> Iterator[str]:
    """Yield the names of the numbers that a pattern means, as `±1`, `tiny..inf` or `fin,nan`."""
    groups = {"any": "num,nan", "num": "-inf..inf", "fin": "-big..big", "nz": "-big..-tiny,tiny..big"}
    for part in pattern.split(","):
        if part in groups:
            yield from matched(groups[part])
        elif ".." in part:
            low, high = map(ORDER.index, part.split(".."))
            yield from ORDER[low : high + 1]
        elif part.startswith("±"):
            yield from ("-" + part[1:], part[1:])
        else:
            yield part


def quantity(name: str) -> Quantity:
    """Return what is meant by `sin`, `sin''` or `atan2/b`."""
    row, *places = name.rstrip("'").split("/")
    return Quantity(TABLE[row], (0,) * name.count("'") or tuple("abc".index(place) for place in places))


def cells() -> Iterator[tuple[Quantity, Cell, str]]:
    """Yield every cell of the table: what it is about, the operands, what is expected."""
    name = ""
    for line in Path(__file__).with_name("special_values.txt").read_text(encoding="utf-8").splitlines():
        entries, _, _ = line.partition("#")
        first, *rest = entries.split() if entries.strip() else ("",)
        if not first:
            continue
        if not line[0].isspace():
            name = first
        elif not name:
            continue  # the header
        else:
            rest = [first, *rest]
        about = quantity(name)
        if about.row.arity == 1:
            assert len(rest) == len(SPECIAL), line
            yield from ((about, (x,), expected) for x, expected in zip(SPECIAL, rest))
        else:
            count = about.row.arity or 2
            for cell in product(*map(matched, rest[:count])):
                yield about, cell, " ".join(rest[count:])


CELLS = list(cells())
# Parts of rules, which choose small whole numbers as their n and k, and no special ones. What their other operands do
# at special numbers is seen in `divide`, `power`, `erf`, `gelu` and their derivatives.
SEEN_IN_OTHERS = {"ratio", "monomial", "bell"}
ROWS = [TABLE[name] for name in sorted(BUILT_IN - SEEN_IN_OTHERS)]
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


# ── the table is complete ────────────────────────────────────────────────────────────────────────────────────────────


@every_row
def test_every_cell_is_covered_exactly_once(row: Primitive) -> None:
    """The value and every partial, at every combination of special numbers; of one operand, the second derivative."""
    count = row.arity or 2
    quantities = [(), *((i,) for i in range(count)), *([(0, 0)] if count == 1 else [])]
    expected = Counter(product(quantities, product(SPECIAL, repeat=count)))
    found = Counter((about.by, cell) for about, cell, _ in CELLS if about.row is row)
    assert found == expected


# ── the table holds ──────────────────────────────────────────────────────────────────────────────────────────────────


def agrees(found: Any, expected: Any) -> bool:
    """Exactly where the expected number is itself a special one, within 8 ulp elsewhere; NaN is NaN."""
    if found is None or expected is NOTHING:
        return found is expected
    if expected == EITHER_ZERO:
        return found == 0
    if isnan(expected) or isnan(found):
        return isnan(expected) and isnan(found)
    if abs(expected) in SPECIAL.values():
        return bool(found == expected and copysign(1.0, found) == copysign(1.0, expected))
    return abs(found - expected) <= 8 * ulp(expected)


def number(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x


def verify(row: Primitive, order: int, found_at: Callable[[tuple[int, ...], Numbers], list[Any]]) -> None:
    """Compare what is found with the cells of the table that are about derivatives of this order."""
    wrong = []
    for about, cell, expression in CELLS:
        if about.row is row and len(about.by) == order:
            numbers = tuple(SPECIAL[name] for name in cell)
            expected, found = worth(expression, numbers), found_at(about.by, numbers)
            if not all(agrees(x, expected) for x in found):
                wrong.append(f"{row.name}{about.by}{cell}: {found}, not {expected}")
    assert not wrong, "\n".join(wrong)


@every_row
def test_values(row: Primitive) -> None:
    verify(row, 0, lambda by, numbers: [row(*numbers), row(*map(Value, numbers)).data])


@every_row
def test_partials(row: Primitive) -> None:
    """As they are stored for the float sweep, and as the rules give them on Values, for derivatives of higher order."""

    def found_at(by: tuple[int, ...], numbers: Numbers) -> list[Any]:
        variables = [Value(x) for x in numbers]
        node = row(*variables)
        recorded = row.partials(node, variables, [True] * len(numbers))
        return [tuple(node.partials)[by[0]], number(recorded[by[0]])]

    verify(row, 1, found_at)


@every_row
def test_second_derivatives(row: Primitive) -> None:
    def found_at(by: tuple[int, ...], numbers: Numbers) -> list[Any]:
        x = Value(*numbers)
        return [adjoints(adjoints(row(x), x), x).data]

    verify(row, 2, found_at)


@every_row
def test_where_nothing_flows_is_exactly_0_at_every_order(row: Primitive) -> None:
    for about, cell, expression in CELLS:
        numbers = tuple(SPECIAL[name] for name in cell)
        if about.row is row and len(about.by) == 1 and worth(expression, numbers) is NOTHING:
            variables = [Value(x) for x in numbers]
            slope = adjoints(row(*variables), variables)[about.by[0]]
            assert slope.data == 0.0, cell
            assert [x.data for x in adjoints(slope, variables)] == [0.0] * len(cell), cell
