"""The rules in C are printed from the table: what a rule does on Values, step by step, they do on the tape."""

from __future__ import annotations

import runpy
from math import inf
from pathlib import Path
from typing import Any

import pytest

from autograd import floats, primitives, rules
from autograd.primitives import Primitive

FOLDER = Path(rules.__file__).parent


def test_the_header_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(rules.__file__, run_name="imported")
    assert capsys.readouterr().out == ""
    runpy.run_path(rules.__file__, run_name="__main__")
    committed = (FOLDER / "_rules.h").read_text(encoding="utf-8")
    assert committed == capsys.readouterr().out, "run `python -m autograd.rules > autograd/_rules.h`"


@pytest.mark.parametrize(
    ("rule", "statements"),
    [
        (lambda z, x: None, ["partial = NOTHING;"]),
        (lambda z, x: -1, ["partial = number(-1.0);"]),
        (lambda z, x: z, ["partial = z;"]),
        (lambda z, x: 1 - x * x, ["t0 = STEP(TAG_multiply, x, x);", "t1 = STEP(TAG_subtract, number(1.0), t0);"]),
        (lambda z, x: primitives.hypot(3, x), ["t0 = STEP(TAG_hypot, number(3.0), x);"]),
        (lambda z, x: primitives.chain(-z, x), ["t0 = STEP(TAG_negate, z);", "t1 = STEP(TAG_chain, t0, x);"]),
        (lambda z, x: primitives.choose(x > inf, None, x),
         ["t0 = compared(d, TAG_greater, x, number(INFINITY));", "t1 = choose(d, t0, NOTHING, x);"]),
        (lambda z, x: primitives.choose((x <= 0) | (z != x), 1, -x),
         ["t0 = compared(d, TAG_less_equal, x, number(0.0));", "t1 = compared(d, TAG_not_equal, z, x);",
          "t2 = STEP(TAG_logical_or, t0, t1);", "t3 = STEP(TAG_negate, x);", "t4 = choose(d, t2, number(1.0), t3);"]),
        (lambda z, x: primitives.choose(primitives.is_zero(x), 0.0, primitives.choose(z < 2, None, 1.0)),
         ["t0 = number(is_zero(x));", "t1 = compared(d, TAG_less, z, number(2.0));",
          "t2 = choose(d, t1, NOTHING, number(1.0));", "t3 = choose(d, t0, number(0.0), t2);"]),
    ],
)  # fmt: skip
def test_statements_are_the_steps_of_the_rule(rule: primitives.Rule, statements: list[str]) -> None:
    found = rules.steps(rule, ["x"], "partial")
    assert found[: len(statements)] == [x if x.startswith("partial") else f"const Term {x}" for x in statements]
    assert len(found) == len(statements) + (not statements[-1].startswith("partial"))
    assert found[-1].startswith("partial = ")


def test_what_is_known_of_a_number_is_not_asked_again() -> None:
    for x, answer in (0.0, "1.0"), (0.5, "0.0"), (-0.5, "0.0"):
        asked = lambda z, _, x=x: float(primitives.is_zero(x))  # noqa: E731
        assert rules.steps(asked, ["x"], "partial") == [f"partial = number({answer});"]


def test_only_wanted_partials_are_recorded_of_operands_that_have_one() -> None:
    row = Primitive("scaled", floats.sin, (lambda z, x, n: n * z, None))
    assert rules.fixed_rules(row) == (
        "RULES(scaled)\n{\n    const Term n = operand[1];\n    if (active[0]) {\n"
        "        const Term t0 = STEP(TAG_multiply, n, z);\n        partial[0] = t0;\n    }\n}\n"
    )


def test_rules_of_many_operands_are_written_by_hand_or_asked_of_python() -> None:
    rule: Any = lambda z, *xs: [1.0] * len(xs)  # noqa: E731
    printed = rules.header([Primitive(name, floats.fsum, (rule,), many=True) for name in ("fsum", "prod")])
    assert printed.endswith("BUILT_IN_COUNT] = {\n    rules_fsum,\n    NULL,\n};\n")
