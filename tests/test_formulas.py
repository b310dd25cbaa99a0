"""Formulas are read as they are meant: parentheses stand where they are needed, and only there."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from hypothesis import given, strategies as st

from autograd import primitives as p
from autograd.formulas import Symbol, application, joined

BINARY = [p.add, p.subtract, p.multiply, p.divide, p.mod, p.floor_divide, p.power]
c, x, y, z = map(Symbol, "cxyz")

Pair = tuple[Symbol, str]  # a formula, and the same with all parentheses


def of_two(row: p.Primitive, left: Pair, right: Pair) -> Pair:
    return application(row, [left[0], right[0]]), f"({left[1]} {row.symbol} {right[1]})"


def negative(pair: Pair) -> Pair:
    return -pair[0], f"(-{pair[1]})"


names = st.sampled_from([(x, "x"), (y, "y"), (z, "z")])
pairs = st.recursive(
    names, lambda some: st.builds(of_two, st.sampled_from(BINARY), some, some) | st.builds(negative, some), max_leaves=5
)


def tree(text: str) -> str:
    return ast.dump(ast.parse(text, mode="eval"))


@given(pairs)
def test_arithmetic_is_read_as_python_reads_it(pair: Pair) -> None:
    formula, meant = pair
    assert tree(formula.text) == tree(meant)


def both(left: Symbol, right: Symbol) -> Symbol:
    return application(p.logical_and, [left, right])


def either(left: Symbol, right: Symbol) -> Symbol:
    return application(p.logical_or, [left, right])


CONDITIONS = [
    ((x > y) & (y >= z), "x > y & y ≥ z"),
    ((x > y) & (y >= z) | (x == 0), "x > y & y ≥ z | x = 0"),
    ((x > y) & ((y >= z) | (x != 0)), "x > y & (y ≥ z | x ≠ 0)"),
    (either(both(x, y), z), "x and y or z"),
    (both(either(x, y), z), "(x or y) and z"),
    (either(x, both(y, z)), "x or y and z"),
    (both(x, either(y, z)), "x and (y or z)"),
    (both(x > y, application(p.less, [y, z])), "x > y and y < z"),
    (x + 1 < y * z, "x + 1 < y * z"),
    ((x < y) <= z, "x < y ≤ z"),
    (joined(application(p.where, [c, x, y]), "|", z), "(c ? x : y) | z"),
    (joined(z, "|", application(p.where, [c, x, y])), "z | (c ? x : y)"),
    (application(p.where, [x > y, x + y, y * z]), "x > y ? x + y : y * z"),
    (application(p.where, [c, x, y]) * z, "(c ? x : y) * z"),
]


@pytest.mark.parametrize(("formula", "text"), CONDITIONS)
def test_conditions(formula: Any, text: str) -> None:
    assert formula.text == text


NEEDLESS = [
    (x + y - z, "x + y - z"),
    (x + y * z, "x + y * z"),
    (x * y / z, "x * y / z"),
    (-x * y, "-x * y"),
    (x - -y, "x - -y"),
    (x * y**z, "x * y ** z"),
]


@pytest.mark.parametrize(("formula", "text"), NEEDLESS)
def test_no_parentheses_without_need(formula: Symbol, text: str) -> None:
    assert formula.text == text
