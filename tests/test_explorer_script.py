"""The table printed in JavaScript: current, in formulas, and only what there are functions for."""

from __future__ import annotations

import json
import runpy
from math import sqrt

import pytest

from autograd import floats, primitives
from autograd.explorer import javascript
from autograd.explorer.page import FOLDER
from autograd.primitives import Primitive


def test_the_script_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(javascript.__file__, run_name="imported")
    assert capsys.readouterr().out == ""
    runpy.run_path(javascript.__file__, run_name="__main__")
    committed = (FOLDER / "primitives.js").read_text(encoding="utf-8")
    assert committed == capsys.readouterr().out, "run `make kernels`"


def test_rules_are_printed_as_formulas() -> None:
    row = Primitive("sin", floats.sin, (lambda z, x: primitives.exp(x) * primitives.exp(x) - z,))
    assert "(z, [x]) => { const shared_0 = f_exp(x); return [shared_0 * shared_0 - z]; }" in javascript.script([row])


def test_a_row_that_needs_what_nobody_has_written_in_javascript_is_left_out() -> None:
    rule = lambda z, x: primitives.sin(x)  # noqa: E731
    assert "cube: {" not in javascript.script([Primitive("cube", floats.sin, (rule,))])
    assert "cube: {" not in javascript.script([Primitive("cube", floats.sin, (lambda z, *xs: xs[::-1],), many=True)])


@pytest.mark.parametrize(
    ("rule", "partials"),
    [
        (lambda z, x, y: [2.0 * z] * 2, "(z, xs) => xs.map(() => 2.0 * z)"),
        (lambda z, x, y: [x + y] * 2, "partials_joined"),
        (lambda z, x, y: [1.0, 2.0], "partials_joined"),
    ],
)
def test_partials_of_many_operands_are_written_by_hand_unless_all_are_one_formula_of_the_result(
    rule: primitives.Rule, partials: str
) -> None:
    row = javascript.many_row(Primitive("joined", floats.fsum, (rule,), many=True))
    assert row.rstrip(" },\n").endswith(f"partials: {partials}")


def test_constants_are_those_of_python() -> None:
    source = (FOLDER / "floats.js").read_text(encoding="utf-8")
    for name, number in {
        "SQRT_HALF": sqrt(0.5), "SQRT_HALF_REST": floats.SQRT_HALF_REST, "ERF_SLOPE": floats.ERF_SLOPE,
        "NORMAL_PEAK": floats.NORMAL_PEAK, "MILLS": json.dumps([*map(int, floats.MILLS)]),
    }.items():  # fmt: skip
        assert f"{name} = {number}" in source
