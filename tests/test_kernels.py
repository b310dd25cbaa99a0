"""The kernels in C are printed from the table, and compute to the bit what the table computes."""

from __future__ import annotations

import random
import runpy
import struct
from collections.abc import Iterator
from itertools import product
from math import copysign, inf, isnan, nan
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from autograd import floats, kernels, primitives
from autograd.errors import PrimitiveError
from autograd.primitives import BUILT_IN, TABLE, Primitive

FOLDER = Path(kernels.__file__).parent
ROWS = [row for name, row in TABLE.items() if name in BUILT_IN]
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)

EXTREMES = (5e-324, 1e-310, 1e-300, 1.1529968231462302e-284, 1e300, 1.7976931348623157e308, inf)
SPECIAL = [*(copysign(x, sign) for x in (*(k / 2 for k in range(11)), *EXTREMES) for sign in (1.0, -1.0)), nan]


@pytest.fixture(scope="module")
def native() -> ModuleType:
    return pytest.importorskip("autograd._native")  # type: ignore[no-any-return]


# ── the header ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_header_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(kernels.__file__, run_name="imported")
    assert capsys.readouterr().out == ""
    runpy.run_path(kernels.__file__, run_name="__main__")
    committed = (FOLDER / "_kernels.h").read_text(encoding="utf-8")
    assert committed == capsys.readouterr().out, "run `python -m autograd.kernels > autograd/_kernels.h`"


def made(*rules: primitives.Rule, name: str = "sin", many: bool = False) -> Primitive:
    return Primitive(name, floats.sin, rules, many=many)


def formula(rule: primitives.Rule) -> str:
    return kernels.traced(made(rule), ["x"])[0].text


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (lambda z, x: x - (z - x) - 1, "x - (z - x) - 1.0"),
        (lambda z, x: (1 - x) * (2 + -x), "(1.0 - x) * (2.0 + -x)"),
        (lambda z, x: x * (z * -(-1.0 * x)), "x * (z * -(-1.0 * x))"),
        (lambda z, x: -(x.__neg__()), "-(-x)"),
        (lambda z, x: x - -0.0 * z, "x - -0.0 * z"),
        (lambda z, x: primitives.chain(x, -inf), "f_chain(x, -INFINITY)"),
        (lambda z, x: primitives.choose((x == 0) & (z != 1) | (x <= z), None, nan),
         "(x == 0.0 && z != 1.0) || x <= z ? nothing() : NAN"),
        (lambda z, x: primitives.choose(x > 0, primitives.choose(z < 0, 1, 2), x >= 1),
         "x > 0.0 ? (z < 0.0 ? 1.0 : 2.0) : x >= 1.0"),
        (lambda z, x: -primitives.choose(x > 0, x, z), "-(x > 0.0 ? x : z)"),
        (lambda z, x: primitives.hypot(x, 3), "f_hypot((const double[]){x, 3.0}, 2)"),
    ],
)  # fmt: skip
def test_formulas_keep_their_order(rule: primitives.Rule, text: str) -> None:
    assert formula(rule) == text


def test_calls_are_made_once() -> None:
    rule = lambda z, x: primitives.exp(primitives.sin(x)) * primitives.exp(primitives.sin(x)) + primitives.sin(x)  # noqa: E731
    definitions, texts = kernels.shared(kernels.traced(made(rule), ["x"]))
    assert definitions == ["const double shared_1 = f_sin(x);", "const double shared_0 = f_exp(shared_1);"]
    assert texts == ["shared_0 * shared_0 + shared_1"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (made(lambda z, x: 1.0 if x > 0 else 2.0), "primitive 'sin': its rules cannot be printed as code: the trut"),
        (made(lambda z, *xs: xs[::-1], many=True), "primitive 'sin': its partials have no common formula; write part"),
    ],
)
def test_what_cannot_be_printed_is_named(row: Primitive, message: str) -> None:
    with pytest.raises(PrimitiveError, match=message.replace("(", r"\(")):
        kernels.header([row])


def test_a_value_that_is_not_in_c_is_asked_of_python() -> None:
    printed = kernels.header([made(lambda z, y, x: x, None, name="cube")])
    assert (
        "static double f_cube(double y, double x)\n{\n    const double operands[] = {y, x};\n"
        "    return call_python(TAG_cube, operands, 2);\n}\n"
    ) in printed
    assert '{"cube", 2, 1, 1, kernel_cube, NULL}' in printed  # it may raise, for its value


# ── the kernels ──────────────────────────────────────────────────────────────────────────────────────────────────────


def same(a: float | None, b: float | None) -> bool:
    """Equal to the bit, but for the sign and payload of NaN."""
    if a is None or b is None:
        return a is b
    return (isnan(a) and isnan(b)) or struct.pack("d", a) == struct.pack("d", b)


def compare(native: ModuleType, row: Primitive, operands: tuple[float, ...]) -> None:
    def computed() -> tuple[float, tuple[float | None, ...]]:
        value = row.evaluate(*operands)
        return value, row.partials(value, operands, [True] * len(operands))

    def outcome(function: Any, *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except Exception as error:
            return repr(error)

    found, expected = outcome(native.kernel, row.name, operands), outcome(computed)
    if isinstance(found, str) or isinstance(expected, str):
        assert found == expected, (row, operands)
        return
    assert same(found[0], expected[0]), (row, operands, found, expected)
    assert len(found[1]) == len(expected[1])
    assert all(map(same, found[1], expected[1])), (row, operands, found, expected)
    if not any(map(isnan, operands)):
        assert copysign(1.0, found[0]) == copysign(1.0, expected[0]), (row, operands, found, expected)


def special_operands(row: Primitive) -> Iterator[tuple[float, ...]]:
    """Yield all pairs of special numbers, and as many longer tuples."""
    choose = random.Random(row.name)
    if row.arity is not None and row.arity <= 2:
        yield from product(SPECIAL, repeat=row.arity)
        return
    lengths = [2, 4, 6] if row.name == "dot" else range(1, 8)
    if row.many and 2 in lengths:
        yield from product(SPECIAL, repeat=2)
    for _ in range(3000):
        yield tuple(choose.choices(SPECIAL, k=row.arity or choose.choice(lengths)))


@every_row
def test_special_values(native: ModuleType, row: Primitive) -> None:
    for operands in special_operands(row):
        compare(native, row, operands)


@every_row
@given(data=st.data())
@settings(max_examples=200)
def test_any_values(native: ModuleType, row: Primitive, data: st.DataObject) -> None:
    numbers = st.floats() | st.floats(-10.0, 10.0) | st.integers(-200, 200).map(float)
    if row.many:
        operands = data.draw(st.lists(numbers, min_size=1, max_size=12))
        operands *= 1 + (row.name == "dot" and len(operands) % 2)
    else:
        operands = [data.draw(numbers) for _ in range(row.arity or 0)]
    compare(native, row, tuple(operands))


def test_sums_are_exact_for_any_size(native: ModuleType) -> None:
    choose = random.Random(0)
    for count in (10, 100, 3000):
        numbers = [choose.uniform(-1.0, 1.0) * 2.0 ** choose.randint(-1074, 1015) for _ in range(count)]
        numbers += [-x for x in choose.sample(numbers, count // 2)]
        compare(native, TABLE["fsum"], tuple(numbers))
        compare(native, TABLE["hypot"], tuple(numbers))
