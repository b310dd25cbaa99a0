"""`diagnose`: engines with one mistake each, engines without, and engines that do not let themselves be examined."""

from __future__ import annotations

import math as stdlib
import subprocess
import sys
from functools import cache
from itertools import chain, product
from math import nan
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings

from autograd import Value
from autograd.errors import ArgumentError, describe
from autograd.mistakes import KINDS, SLIPS, Slip
from autograd.testing import OPERATIONS, Diagnosis, Mistake, Program, compare, diagnose, programs
from autograd.trials import Budget, EndlessError, TrialError, agree, all_programs, as_number, expect, observe, trial

ROOT = Path(__file__).parents[1]

# A correct engine, which keeps the partials of each result; below, one place in it is changed at a time.
SOURCE = '''
class Scalar:
    def __init__(self, data, operands=(), partials=()):
        self.data, self.grad = data, 0.0
        self.operands, self.partials = operands, partials

    def __add__(self, other):
        x, y = self, lift(other)
        return Scalar(x.data + y.data, (x, y), (1.0, 1.0))

    def __mul__(self, other):
        x, y = self, lift(other)
        return Scalar(x.data * y.data, (x, y), (y.data, x.data))

    def __pow__(self, other):
        assert isinstance(other, (int, float))
        return Scalar(self.data**other, (self,), (other * self.data ** (other - 1),))

    def relu(self):
        return Scalar(max(0.0, self.data), (self,), (float(self.data > 0),))

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __truediv__(self, other):
        return self * other**-1

    def __radd__(self, other):
        return self + other

    def __rsub__(self, other):
        return (-self) + other

    def __rmul__(self, other):
        return self * other

    def __rtruediv__(self, other):
        return self**-1 * other

    def backward(self):
        order, seen = [], set()
        waiting = [(self, False)]
        while waiting:
            node, done = waiting.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                waiting += [(node, True), *((operand, False) for operand in node.operands)]
        for node in order:
            if node.operands:
                node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            for operand, partial in zip(node.operands, node.partials):
                operand.grad += partial * node.grad


def lift(x):
    return x if isinstance(x, Scalar) else Scalar(float(x))
'''


def engine(*changes: tuple[str, str]) -> Any:
    """Return the engine with these places in its source changed."""
    names: dict[str, Any] = {"math": stdlib}
    source = SOURCE
    for old, new in changes:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    exec(source, names)
    return names["Scalar"]


def changed(case: Case) -> Any:
    """Return the engine with the change of a case."""
    return engine((case.old, case.new))


def only(diagnosis: Diagnosis) -> Mistake:
    assert len(diagnosis.mistakes) == 1, diagnosis
    return diagnosis.mistakes[0]


# ── what is right ────────────────────────────────────────────────────────────────────────────────────────────────────


SIMPLE = [OPERATIONS[text] for text in ("-a", "a + b", "a * b")]
RIGHT = {
    "ours": Value,
    "as above": engine(),
    "leaves set afresh": engine(("            if node.operands:\n                node.grad", "            node.grad")),
    "None until something arrives": engine(
        ("self.data, self.grad = data, 0.0", "self.data, self.grad = data, None"),
        ("operand.grad += partial * node.grad", "operand.grad = (operand.grad or 0.0) + partial * node.grad"),
    ),
    "gradients that are Scalars": engine(("self.grad = 1.0", "self.grad = Scalar(1.0)")),
    "operands only": engine(("def __radd__", "def radd"), ("def __rsub__", "def rsub"), ("def __neg__", "def neg")),
}


@pytest.mark.parametrize("right", RIGHT.values(), ids=RIGHT)
def test_nothing_is_found_in_what_is_right(right: type) -> None:
    diagnosis = diagnose(right)
    assert (diagnosis.mistakes, diagnosis.unjudged) == ((), ())
    assert str(diagnosis).startswith(f"{right.__name__}: no mistake found in {diagnosis.programs} programs")
    assert diagnosis.programs > 150


def test_our_own_engine_lacks_nothing() -> None:
    diagnosis = diagnose(Value)
    assert diagnosis.missing == {}
    assert len(diagnosis.notes) == 1
    assert str(diagnosis) == (
        "Value: no mistake found in 850 programs\n\n"
        "note: the gradients of leaves add up from one backward() to the next: clear them between two steps"
    )


# ── what is wrong ────────────────────────────────────────────────────────────────────────────────────────────────────


class Case(NamedTuple):
    """A change to the engine, and what is to be said of it."""

    old: str
    new: str
    kind: str
    counterexample: str  # with ; for new lines
    operations: tuple[str, ...] = ()
    slip: str = ""


SWEEP = """\
        for node in reversed(order):
            for operand, partial in zip(node.operands, node.partials):
                operand.grad += partial * node.grad
"""
RECURSION = """\
        def walk(node):
            for operand, partial in zip(node.operands, node.partials):
                operand.grad += partial * node.grad
            for operand in node.operands:
                walk(operand)

        walk(self)
"""
NOT_SEEN = """\
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                waiting += [(node, True), *((operand, False) for operand in node.operands)]
"""
FIRST_MET = """\
            if node not in seen:
                seen.add(node)
                order.insert(0, node)
                waiting += [(operand, False) for operand in node.operands]
"""
STUBBORN = """\
        while True:
            try:
                pass
            except Exception:
                continue
"""
EQUAL = "    def __eq__(self, other):\n        return self.data == other.data\n\n"
HASH = "    def __hash__(self):\n        return hash(self.data)\n\n"
RELU = "    def relu(self):\n"
RECTIFIED = "Scalar(max(0.0, self.data), (self,), (float(self.data > 0),))"
PRODUCT = "return Scalar(x.data * y.data, (x, y), (y.data, x.data))"
PRODUCTS = ("a * b", "-a", "a - b", "a / b", "a * 2", "2 * a", "2 - a", "a / 2", "2 / a")
ARRIVES = "operand.grad += partial * node.grad"

WRONG = {
    "no seed": Case(
        "self.grad = 1.0", "pass", "seed", "a = Scalar(3.0); b = -a; b.backward(); a.grad  # is 0, should be -1"
    ),
    "=": Case(
        ARRIVES,
        "operand.grad = partial * node.grad",
        "assign",
        "a = Scalar(3.0); b = a + a; b.backward(); a.grad  # is 1, should be 2",
    ),
    "= in some rules": Case(
        ARRIVES,
        "operand.grad = partial * node.grad + (operand.grad if len(node.operands) > 1 else 0.0)",
        "assign",
        "a = Scalar(3.0); b = a ** 2; c = b + a; c.backward(); a.grad  # is 6, should be 7",
        ("a ** 2", "a.relu()", "a / b", "a ** -1", "2 / a"),
    ),
    "a set of operands": Case(
        "zip(node.operands, node.partials)",
        "dict(zip(node.operands, node.partials)).items()",
        "repeated",
        "a = Scalar(3.0); b = a + a; b.backward(); a.grad  # is 1, should be 2",
        ("a + b", "a * b"),
    ),
    "recursion": Case(
        SWEEP, RECURSION, "order", "a = Scalar(3.0); b = -a; c = b + b; c.backward(); a.grad  # is -4, should be -2"
    ),
    "when first met": Case(
        NOT_SEEN,
        FIRST_MET,
        "order",
        "a = Scalar(3.0); b = -a; c = b + b; d = c + b; d.backward(); a.grad  # is -1, should be -3",
    ),
    "operands first": Case(
        "in reversed(order)",
        "in order",
        "order",
        "a = Scalar(3.0); b = -a; c = -b; c.backward(); a.grad  # is 0, should be 1",
        slip="nothing arrives behind an inner node",
    ),
    "the last operation only": Case(
        "in reversed(order)",
        "in [self]",
        "order",
        "a = Scalar(3.0); b = -a; c = -b; c.backward(); a.grad  # is 0, should be 1",
        slip="nothing arrives behind an inner node",
    ),
    "not cleared": Case(
        "node.grad = 0.0",
        "pass",
        "stale",
        "a = Scalar(3.0); b = -a; c = -b; c.backward(); a.grad = 0.0; c.backward(); a.grad  # is 2, should be 1",
    ),
    "by number": Case(
        RELU,
        EQUAL + HASH + RELU,
        "identity",
        "a = Scalar(3.0); b = Scalar(3.0); c = -a; d = -b; e = c + d; e.backward(); a.grad  # is 0, should be -1",
    ),
    "no hash": Case(
        RELU,
        EQUAL + RELU,
        "error",
        "a = Scalar(3.0); b = -a; b.backward()  # TypeError: unhashable type: 'Scalar'",
        slip="who writes __eq__ has to write __hash__ = object.__hash__, too",
    ),
    "radd": Case(
        "        return self + other\n",
        "        return other + self\n",
        "error",
        "a = Scalar(3.0); b = 2 + a  # RecursionError: maximum recursion depth exceeded",
        ("2 + a",),
        "it calls itself, as 2 + a does if a.__radd__(2) returns 2 + a",
    ),
    "endless": Case(
        SWEEP,
        "        while True:\n            pass\n",
        "error",
        "a = Scalar(3.0); b = -a; b.backward()  # EndlessError: no end within 100,000 instructions of Python",
    ),
    "endless, whatever happens": Case(
        SWEEP,
        STUBBORN,
        "error",
        "a = Scalar(3.0); b = -a; b.backward()  # EndlessError: no end within 100,000 instructions of Python",
    ),
    "rsub": Case(
        "return (-self) + other",
        "return self - other",
        "value",
        "a = Scalar(3.0); b = 2 - a; b.data  # is 1, should be -1",
        ("2 - a",),
        "that of a - 2",
    ),
    "in place": Case(
        PRODUCT,
        "x.data *= y.data\n        return Scalar(x.data, (x, y), (y.data, x.data / y.data))",
        "operand",
        "a = Scalar(3.0); b = Scalar(2.0); c = a * b; c.backward(); a.data  # is 6, should be 3",
        ("a * b", "-a", "a - b", "a / b", "a * 2", "2 * a", "2 - a", "a / 2"),
    ),
    "a sign": Case(
        "(x, y), (1.0, 1.0)",
        "(x, y), (1.0, -1.0)",
        "partial",
        "a = Scalar(3.0); b = Scalar(2.0); c = a + b; c.backward(); b.grad  # is -1, should be 1",
        ("a + b", "a - b"),
        "the one by b has the wrong sign",
    ),
    "a forgotten operand": Case(
        "(x, y), (1.0, 1.0)",
        "(x, y), (1.0, 0.0)",
        "partial",
        "a = Scalar(3.0); b = Scalar(2.0); c = a + b; c.backward(); b.grad  # is 0, should be 1",
        ("a + b", "a - b"),
        "nothing arrives at b",
    ),
    "swapped": Case(
        "(x, y), (y.data, x.data)",
        "(x, y), (x.data, y.data)",
        "partial",
        "a = Scalar(3.0); b = Scalar(2.0); c = a * b; c.backward(); a.grad  # is 3, should be 2",
        PRODUCTS,
        "those by a and b are swapped",
    ),
    "no known slip": Case(
        "(x, y), (y.data, x.data)",
        "(x, y), (y.data + 0.1, x.data)",
        "partial",
        "a = Scalar(3.0); b = Scalar(2.0); c = a * b; c.backward(); a.grad  # is 2.1, should be 2",
        PRODUCTS,
    ),
    "a power": Case(
        "(other * self.data ** (other - 1),)",
        "(self.data ** (other - 1),)",
        "partial",
        "a = Scalar(3.0); b = a ** 2; b.backward(); a.grad  # is 3, should be 6",
        ("a ** 2", "a ** -1", "a / b", "2 / a"),
        "aⁿ⁻¹ instead of n·aⁿ⁻¹",
    ),
    "no chain rule": Case(
        ARRIVES,
        "operand.grad += partial",
        "chain",
        "a = Scalar(3.0); b = -a; c = -b; c.backward(); a.grad  # is -1, should be 1",
    ),
    "something else": Case(
        ARRIVES,
        "operand.grad += partial * node.grad**2",
        "other",
        "a = Scalar(3.0); b = -a; c = -b; c.backward(); a.grad  # is -1, should be 1",
    ),
}
every_mistake = pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)


@cache
def diagnosis_of(case: Case) -> Diagnosis:
    return diagnose(changed(case))


@every_mistake
def test_a_mistake_is_named_and_nothing_else(case: Case) -> None:
    mistake = only(diagnosis_of(case))
    assert (mistake.kind, mistake.slip) == (case.kind, case.slip)
    assert mistake.operations == case.operations
    text = str(mistake.counterexample).replace("\n", "; ")
    raised = isinstance(mistake.counterexample.got, str)
    assert text.startswith(case.counterexample) if raised else text == case.counterexample  # Pythons word errors freely
    assert (mistake.title, mistake.why) == KINDS[case.kind]


def test_every_kind_of_mistake_is_among_them() -> None:
    assert {case.kind for case in WRONG.values()} == set(KINDS)


@every_mistake
def test_counterexamples_are_programs_to_be_run(case: Case) -> None:
    counterexample = only(diagnosis_of(case)).counterexample
    if isinstance(counterexample.got, float):
        names: dict[str, Any] = {"Scalar": changed(case)}
        exec(counterexample.code, names)
        assert eval(counterexample.looked_at, names) == counterexample.got
        names = {"Scalar": Value}
        exec(counterexample.code, names)
        assert eval(counterexample.looked_at, names) == counterexample.expected


@every_mistake
def test_there_is_no_smaller_counterexample(case: Case) -> None:
    made, program = changed(case), only(diagnosis_of(case)).counterexample.program
    operations = [*SIMPLE, *(operation for operation, _ in program.steps if operation not in SIMPLE)]
    sizes = product(((3.0,), (3.0, 2.0)), range(1, len(program.steps)))
    smaller = chain.from_iterable(all_programs(operations, point, steps) for point, steps in sizes)
    assert all(compare(made, one, again=case.kind == "stale") is None for one in smaller)


# ── every slip is recognized ─────────────────────────────────────────────────────────────────────────────────────────

METHODS = {"-a": "__neg__", "a - b": "__sub__", "a / b": "__truediv__", "a ** 2": "__pow__", "a ** -1": "__pow__"}
METHODS |= {"2 - a": "__rsub__", "2 / a": "__rtruediv__", "2 ** a": "__rpow__"}


def slipping(slip: Slip) -> Any:
    """Return the engine with an operation in which somebody has made this slip."""
    made, operation = engine(), OPERATIONS[slip.operation]
    name = METHODS.get(slip.operation) or slip.operation.removeprefix("a.").removesuffix("()")
    right: Any = getattr(made, name, None)

    def method(self: Any, *others: Any) -> Any:
        operands = (self, *(x for x in others if isinstance(x, made)))
        numbers = [x.data for x in operands]
        if len(operands) < operation.arity or (name == "__pow__" and f"a ** {others[0]}" != slip.operation):
            return right(self, *others)
        z = operation.function(*map(Value, numbers)).data
        if slip.kind == "value":
            return made(slip.got(z, *numbers), operands, (1.0, 1.0))
        return made(z, operands, (slip.got(z, *numbers), 1.0))

    setattr(made, name, method)
    return made


@pytest.mark.parametrize("text", OPERATIONS)
def test_an_operation_does_what_is_written(text: str) -> None:
    operands = [Value(3.0), Value(0.5)][: OPERATIONS[text].arity]
    written = eval(text, dict(zip("ab", operands)))
    assert OPERATIONS[text].function(*operands).data == written.data


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: f"{slip.operation}: {slip.saying}")
def test_a_slip_is_recognized(slip: Slip) -> None:
    kind = "value" if slip.kind == "value" else "partial"
    found = [mistake for mistake in diagnose(slipping(slip)).mistakes if mistake.slip == slip.saying]
    assert [(mistake.kind, slip.operation in mistake.operations) for mistake in found] == [(kind, True)]


# ── several mistakes, and what follows from them ─────────────────────────────────────────────────────────────────────


def test_several_mistakes_are_told_apart() -> None:
    changes = ("node.grad = 0.0", "pass"), ("float(self.data > 0)", "1.0"), ("(-self) + other", "self - other")
    diagnosis = diagnose(engine(*changes))
    assert [mistake.kind for mistake in diagnosis.mistakes] == ["stale", "value", "partial"]
    assert "\n\nOne mistake may cause another: mend one, and ask again.\n\n" in str(diagnosis)


def test_what_a_wrong_walk_may_explain_is_not_held_against_an_operation() -> None:
    hidden = "half = self * 0.5\n        return half + half if self.data > 0 else half * 0.0"  # uses a result twice
    diagnosis = diagnose(engine((SWEEP, RECURSION), ("return " + RECTIFIED, hidden)))
    assert only(diagnosis).kind == "order"
    assert diagnosis.unjudged == ("a.relu(): wrong, perhaps for the same reason",)


def test_what_equal_numbers_may_explain_is_not_held_against_an_operation() -> None:
    diagnosis = diagnosis_of(WRONG["by number"])
    assert diagnosis.unjudged == ("2 - a, 2 / a, a - b, a / b, a - 2, a.relu(): wrong, perhaps for the same reason",)


def test_a_mistake_may_stand_in_the_way_of_questions() -> None:
    assert diagnosis_of(WRONG["no seed"]).unjudged == ("everything else",)
    assert diagnosis_of(WRONG["="]).unjudged == (
        "the order of the walk, as no operation of two operands is without a mistake",
    )


def test_the_text_of_a_diagnosis() -> None:
    diagnosis = diagnosis_of(WRONG["="])
    assert str(diagnosis) == repr(diagnosis) == """\
Scalar: 1 mistake found

1. `=` where `+=` belongs
       a = Scalar(3.0)
       b = a + a
       b.backward()
       a.grad  # is 1, should be 2
   What a Value changes, it changes along every way to the result. So each use of it contributes to
   its gradient, and the contributions add up; with `=`, the last one wipes out the others.

not there: a ** b (AssertionError)
not there: 2 ** a (TypeError: unsupported operand type(s) for ** or pow(): 'int' and 'Scalar')
not there: a.tanh(), a.sigmoid(), a.exp(), a.log(), a.sqrt(), a.sin(), a.cos()

not judged: the order of the walk, as no operation of two operands is without a mistake

note: backward() sets the gradients of leaves afresh: those of several results do not add up"""


def test_a_line_of_a_diagnosis_has_no_more_than_100_characters() -> None:
    def lines(*words: int) -> list[str]:
        note = " ".join("x" * length for length in words)
        return str(Diagnosis("Engine", (), {}, (), (note,), 1)).splitlines()[2:]

    assert lines(90, 3) == [f"note: {'x' * 90} xxx"]  # 100 characters
    assert lines(90, 4) == [f"note: {'x' * 90}", "   xxxx"]


def test_an_error_may_come_from_two_operations_together() -> None:
    changes = RELU, RELU + "        if self.operands:\n            raise ValueError('only leaves')\n"
    mistake = only(diagnose(engine(changes)))
    assert mistake.kind == "error"
    assert str(mistake.counterexample) == "a = Scalar(3.0)\nb = -a\nc = b.relu()  # ValueError: only leaves"


# ── engines that are not whole ───────────────────────────────────────────────────────────────────────────────────────


def test_an_engine_without_operations() -> None:
    class Bare:
        def __init__(self, data: float) -> None:
            self.data, self.grad = data, 0.0

        def backward(self) -> None:
            raise NotImplementedError

    diagnosis = diagnose(Bare)
    assert list(diagnosis.missing) == list(OPERATIONS)
    assert diagnosis.missing["a + b"] == "TypeError: unsupported operand type(s) for +: 'Bare' and 'Bare'"
    assert diagnosis.missing["a.exp()"] == "AttributeError: 'Bare' object has no attribute 'exp'"
    assert str(diagnosis).startswith("Bare: nothing to judge, as no operation works\n\nnot there: -a (TypeError: ")


class Only:
    """A right engine of a few operations: each Value holds its derivative by the leaf it was made from."""

    def __init__(self, data: float, leaf: Only | None = None, slope: float = 1.0) -> None:
        self.data, self.grad, self.leaf, self.slope = data, 0.0, leaf or self, slope

    def backward(self) -> None:
        self.leaf.grad += self.slope


def test_an_engine_of_one_operand_has_no_order_to_be_judged() -> None:
    class Negating(Only):
        def __neg__(self) -> Negating:
            return Negating(-self.data, self.leaf, -self.slope)

    diagnosis = diagnose(Negating)
    assert diagnosis.mistakes == ()
    assert diagnosis.unjudged == (
        "whether -a adds up, as no operation of two operands is right",
        "the order of the walk, as no operation of two operands is without a mistake",
    )
    assert diagnosis.notes == diagnose(engine()).notes


def test_an_engine_in_which_no_operation_tells_of_the_chain_rule() -> None:
    class Adding(Only):
        def __add__(self, other: float) -> Adding:
            return Adding(self.data + other, self.leaf, self.slope)

    assert diagnose(Adding).unjudged[0] == "a + 2 below another operation, as none would show a mistake"


class WithoutData:
    def __init__(self, data: float) -> None:
        self.value = data


class Refusing:
    def __init__(self, data: float) -> None:
        raise ValueError("no numbers today")


class Waiting:
    def __init__(self, data: float) -> None:
        while True:
            pass


@pytest.mark.parametrize(
    ("thing", "reason"),
    [
        (3, "TypeError: 'int' object is not callable"),
        (WithoutData, "AttributeError: 'WithoutData' object has no attribute 'data'"),
        (Refusing, "ValueError: no numbers today"),
        (Waiting, "EndlessError: no end within 100,000 instructions of Python"),
    ],
)
def test_what_is_no_engine(thing: Any, reason: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        diagnose(thing)
    assert str(caught.value) == (
        f"diagnose: got {describe(thing)}; expected a class such as micrograd's Value: engine(2.0) with .data,"
        f" .grad and .backward() ({reason})"
    )


def test_constants_that_are_not_wrapped_are_said_to_be_missing() -> None:
    diagnosis = diagnose(engine(("x if isinstance(x, Scalar) else Scalar(float(x))", "x")))
    assert diagnosis.mistakes == ()
    assert diagnosis.missing["a + 2"] == "AttributeError: 'int' object has no attribute 'data'"
    assert (
        "\nnot there: -a, a - b, a + 2, 2 + a, a * 2, 2 * a, a - 2, 2 - a, 2 / a (AttributeError: 'int' object"
        "\n   has no attribute 'data')\n"
    ) in str(diagnosis)


# ── what is good to know ─────────────────────────────────────────────────────────────────────────────────────────────

ADDS_UP = "the gradients of leaves add up from one backward() to the next: clear them between two steps"


def test_gradients_of_leaves_may_add_up_or_be_set_afresh() -> None:
    assert diagnose(RIGHT["as above"]).notes == (ADDS_UP,)
    assert diagnose(RIGHT["leaves set afresh"]).notes == (
        "backward() sets the gradients of leaves afresh: those of several results do not add up",
    )


def test_long_chains_may_be_too_deep_for_a_recursive_walk() -> None:
    deep = diagnosis_of(WRONG["recursion"]).notes[1]
    assert deep.startswith("backward() cannot walk 3,000 operations in a row (RecursionError: maximum recursion depth ")


def test_a_second_pass_may_be_refused() -> None:
    once = """if hasattr(self, "used"):
            raise RuntimeError("only once")
        self.used = self.grad = 1.0"""
    diagnosis = diagnose(engine(("self.grad = 1.0", once)))
    assert diagnosis.mistakes == ()
    assert diagnosis.notes == ("a second backward() of the same result is refused (RuntimeError: only once)",)


def test_only_the_standard_library_is_needed() -> None:
    """-S leaves out everything that is installed."""
    program = "from autograd import Value; from autograd.testing import diagnose; print(diagnose(Value).mistakes)"
    ended = subprocess.run([sys.executable, "-S", "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (ended.stdout, ended.stderr) == ("()\n", "")


# ── trials ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_budget_is_for_so_many_events() -> None:
    budget, frame = Budget(2), sys._getframe()
    assert budget.count(frame, "call", None) == budget.count
    budget.count(frame, "opcode", None)
    with pytest.raises(EndlessError, match=r"^no end within 2 instructions of Python$"):
        budget.count(frame, "opcode", None)
    frame.f_trace_opcodes = False


def test_a_budget_counts_instructions_and_so_ends_what_stays_on_one_line() -> None:
    x, line = 1.0, lambda: x + x + x + x + x + x + x + x
    assert trial(line, 100) == 8.0
    with pytest.raises(TrialError, match=r"^EndlessError: no end within 10 instructions of Python$"):
        trial(line, 10)


def test_gradients_are_what_is_left_on_the_leaves_unless_these_are_set_to_0() -> None:
    beginning_with_1 = engine(("data, 0.0", "data, 1.0"))
    assert observe(beginning_with_1, PROGRAM).gradients == (0.0,)
    assert observe(beginning_with_1, PROGRAM, zeroed=[True]).gradients == (-1.0,)


def test_whoever_traces_the_program_goes_on_to_do_so() -> None:
    def trace(*event: Any) -> Any:
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        observe(Value, PROGRAM)
        with pytest.raises(TrialError):
            observe(Refusing, PROGRAM)
        assert sys.gettrace() is trace
    finally:
        sys.settrace(before)


PROGRAM = Program((3.0,), ((OPERATIONS["-a"], (0,)),))


def test_numbers_may_be_of_many_kinds() -> None:
    assert [as_number(thing) for thing in (2, 2.0, np.float32(2.0), Value(2.0), None)] == [2.0, 2.0, 2.0, 2.0, 0.0]


@pytest.mark.parametrize(
    ("found", "expected", "do"),
    [
        (1.0 + 0.9e-6, 1.0, True), (1.0 + 1.1e-6, 1.0, False), (1.0 - 1.1e-6, 1.0, False), (nan, 1.0, False),
        (1000.0009, 1000.0, True), (1000.0011, 1000.0, False), (-1000.0009, -1000.0, True),
        (0.9e-6, 0.0, True), (1.1e-6, 0.0, False), (1e-3 + 0.9e-6, 1e-3, True),
    ],
)  # fmt: skip
def test_numbers_agree_as_far_as_single_precision_goes(found: float, expected: float, do: bool) -> None:
    assert agree([2.0, found], [2.0, expected]) is do


def test_long_errors_are_cut() -> None:
    class Talkative(Only):
        def __neg__(self) -> Any:
            raise ValueError("words and\n" * 50)

    with pytest.raises(TrialError, match=r"^ValueError: words and words .* …$") as caught:
        observe(Talkative, PROGRAM)
    assert len(str(caught.value)) <= 80
    sizes = [len(str(TrialError(ValueError("x " * 30 + "y" * last), forward=True))) for last in (7, 8, 9)]
    assert sizes == [79, 80, len("ValueError: " + "x " * 30 + "…")]


@given(programs(max_steps=5))
def test_random_programs_are_finite_and_use_everything(program: Program) -> None:
    assert all(program.uses()[:-1])
    expected = expect(program)
    assert all(abs(number) <= 100.0 for number in (expected.value, *expected.gradients))
    assert program.without_waste() == program
    assert compare(Value, program) is None
    assert compare(Value, program, again=True) is None


def test_random_programs_shrink_to_the_smallest() -> None:
    wrong = changed(WRONG["="])
    quiet = settings(max_examples=300, database=None, derandomize=True, phases=[Phase.generate, Phase.shrink])
    program = find(programs(SIMPLE), lambda program: compare(wrong, program) is not None, settings=quiet)
    assert str(program) == "a = Value(1.0)\nb = a + a"
