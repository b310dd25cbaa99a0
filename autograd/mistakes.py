"""The mistakes that people make in engines of their own: what they are, why, and how they are reported.

They are those that learners ask about most: why `+=`, why topological order, why clear what is inside, why 1 at first.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from autograd.tables import short
from autograd.trials import OPERATIONS, Observation, Program, agree, expect

# ── kinds ────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Kind(NamedTuple):
    """A mistake that people make: what it is, and why it is one."""

    title: str
    why: str


KINDS = {  # those that may cause others first
    "seed": Kind(
        "the gradient of the result is not set to 1",
        "The chain rule multiplies along the way from the result, and begins with ∂y/∂y = 1. What begins with 0 ends"
        " with 0 everywhere.",
    ),
    "order": Kind(
        "a walk that is not in topological order",
        "A node may hand on its gradient once all of it has arrived: after every node that it is an operand of, and"
        " only then. If it hands on too early, a part is missing; if it does so at every visit, a part counts twice.",
    ),
    "identity": Kind(
        "Values are told apart by their numbers",
        "Two Values are two variables, even if both are 2.0. A walk that recognizes them by an __eq__ or __hash__ of"
        " their data takes one for the other, and skips it.",
    ),
    "stale": Kind(
        "what one backward() leaves behind spoils the next",
        "The gradients of leaves may add up, and zero_grad clears them. Those of inner nodes nobody clears but"
        " backward() itself; if it does not, every pass hands on the sum of all passes so far.",
    ),
    "assign": Kind(
        "`=` where `+=` belongs",
        "What a Value changes, it changes along every way to the result. So each use of it contributes to its gradient,"
        " and the contributions add up; with `=`, the last one wipes out the others.",
    ),
    "repeated": Kind(
        "an operand that stands twice counts once",
        "a + a has two operands, which happen to be the same Value, and two partials. In a set, one of them is lost.",
    ),
    "chain": Kind(
        "a rule that leaves out the chain rule",
        "∂y/∂operand = ∂y/∂result · ∂result/∂operand. Without its first factor, the gradient of the result, the rule is"
        " right in the last operation only, where that factor is 1.",
    ),
    "error": Kind(
        "an error instead of a gradient",
        "The program is as small as can be, so what it raises says the rest.",
    ),
    "operand": Kind(
        "an operation changes its operand",
        "Operands are still needed, by other operations and by the backward rules, which read their data. An operation"
        " has to return a new Value.",
    ),
    "value": Kind(
        "a wrong value",
        "A gradient can be right only where the value is. If the left operand is no Value, Python asks the right one:"
        " 2 - a calls a.__rsub__(2), in which `self` stands on the right.",
    ),
    "partial": Kind(
        "a wrong derivative",
        "The value is right, so nothing is noticed until a gradient is compared: with finite differences, or with what"
        " one finds on paper.",
    ),
    "other": Kind(
        "a wrong gradient",
        "Each operation is right alone; what is wrong is how they work together.",
    ),
}


# ── what is reported ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Counterexample:
    """A program that goes wrong, in Python, to be run; what it ends with, and what it should end with."""

    program: Program
    code: str
    looked_at: str  # an expression such as a.grad; empty if the code itself raises
    got: float | str  # a number, or what was raised
    expected: float

    def __str__(self) -> str:
        if isinstance(self.got, str):
            return f"{self.code}  # {self.got}"
        return f"{self.code}\n{self.looked_at}  # is {short(self.got)}, should be {short(self.expected)}"


@dataclass(frozen=True)
class Mistake:
    """A mistake: its kind, a key of `KINDS`, and a counterexample; there is none of fewer operations."""

    kind: str
    slip: str  # what was probably written; empty if that cannot be told
    operations: tuple[str, ...]  # those that make it, such as "a + b"; none if all do, as in a wrong walk
    counterexample: Counterexample

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        return KINDS[self.kind].title

    @property
    def why(self) -> str:
        """Why it is a mistake."""
        return KINDS[self.kind].why

    def __str__(self) -> str:
        where = f", in {', '.join(self.operations)}" if self.operations else ""
        slip = f": {self.slip}" if self.slip else ""
        example = textwrap.indent(str(self.counterexample), "    ")
        return f"{self.title}{where}{slip}\n{example}\n{textwrap.fill(self.why, 96)}"


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` has found; as text, all of it."""

    engine: str
    mistakes: tuple[Mistake, ...]
    missing: dict[str, str]  # operations that have not been written, and what they raise
    unjudged: tuple[str, ...]  # what could not be asked, because of mistakes
    notes: tuple[str, ...]  # what is no mistake, but good to know
    programs: int  # how many were run

    def __repr__(self) -> str:
        parts = [f"{self.engine}: {self._verdict()}"]
        for number, mistake in enumerate(self.mistakes, start=1):
            parts += ["", f"{number}. " + textwrap.indent(str(mistake), "   ").lstrip()]
        if len(self.mistakes) > 1:
            parts += ["", "One mistake may cause another: mend one, and ask again."]
        for title, lines in (("not there", self._missing()), ("not judged", self.unjudged), ("note", self.notes)):
            parts += [""] if lines else []
            parts += [textwrap.fill(f"{title}: {line}", 100, subsequent_indent="   ") for line in lines]
        return "\n".join(parts)

    def _verdict(self) -> str:
        if self.mistakes:
            return f"{len(self.mistakes)} mistake{'s' if len(self.mistakes) > 1 else ''} found"
        if len(self.missing) == len(OPERATIONS):
            return "nothing to judge, as no operation works"
        return f"no mistake found in {self.programs} programs"

    def _missing(self) -> list[str]:
        """Return what is missing, by the reasons; functions without, as there is no need to have them."""
        reasons: dict[str, list[str]] = {}
        for operation, reason in self.missing.items():
            reasons.setdefault("" if "(" in operation else f" ({reason})", []).append(operation)
        return [", ".join(operations) + reason for reason, operations in reasons.items()]


# ── what was probably written ────────────────────────────────────────────────────────────────────────────────────────


class Slip(NamedTuple):
    """What somebody may have written: for an operation, the value or the partial by `a` that they got."""

    operation: str
    kind: str  # "value" or "gradient"
    got: Callable[..., float]  # given the result, and the operands
    saying: str


# fmt: off

SLIPS = (
    Slip("2 - a",       "value",    lambda z, a: a - 2,            "that of a - 2"),
    Slip("2 / a",       "value",    lambda z, a: a / 2,            "that of a / 2"),
    Slip("2 ** a",      "value",    lambda z, a: a ** 2,           "that of a ** 2"),
    Slip("a - b",       "value",    lambda z, a, b: b - a,         "that of b - a"),
    Slip("a / b",       "value",    lambda z, a, b: b / a,         "that of b / a"),
    Slip("a ** 2",      "gradient", lambda z, a: 2 * a ** 2,       "n·aⁿ instead of n·aⁿ⁻¹"),
    Slip("a ** 2",      "gradient", lambda z, a: a,                "aⁿ⁻¹ instead of n·aⁿ⁻¹"),
    Slip("a ** -1",     "gradient", lambda z, a: -z,               "n·aⁿ instead of n·aⁿ⁻¹"),
    Slip("a ** -1",     "gradient", lambda z, a: z * z,            "aⁿ⁻¹ instead of n·aⁿ⁻¹"),
    Slip("2 ** a",      "gradient", lambda z, a: a * 2 ** (a - 1), "n·aⁿ⁻¹, but it is the exponent that changes"),
    Slip("2 ** a",      "gradient", lambda z, a: z,                "2ᵃ instead of 2ᵃ·log(2)"),
    Slip("a.relu()",    "gradient", lambda z, a: 1.0,              "1 even where a is negative"),
    Slip("a.relu()",    "gradient", lambda z, a: z,                "a instead of 1, where a is positive"),
    Slip("a.tanh()",    "gradient", lambda z, a: 1 - a * a,        "1 - a² instead of 1 - tanh(a)²"),
    Slip("a.tanh()",    "gradient", lambda z, a: 1 - z,            "1 - tanh(a) instead of 1 - tanh(a)²"),
    Slip("a.sigmoid()", "gradient", lambda z, a: a * (1 - a),      "a·(1 - a) instead of z·(1 - z) with the result z"),
    Slip("a.exp()",     "gradient", lambda z, a: a,                "a instead of exp(a), which is the result"),
    Slip("a.log()",     "gradient", lambda z, a: 1 / z,            "1 / log(a) instead of 1 / a"),
    Slip("a.sqrt()",    "gradient", lambda z, a: 1 / z,            "1 / √a instead of 1 / (2·√a)"),
)

# fmt: on

RAISED = (
    ("RecursionError", "it calls itself, as 2 + a does if a.__radd__(2) returns 2 + a"),
    ("TypeError: unhashable", "who writes __eq__ has to write __hash__ = object.__hash__, too"),
)


def slip_of_error(raised: str) -> str:
    """Return why an engine probably raised this; the empty string if that cannot be told.

    >>> slip_of_error("TypeError: unhashable type: 'Value'")
    'who writes __eq__ has to write __hash__ = object.__hash__, too'
    """
    return next((saying for beginning, saying in RAISED if raised.startswith(beginning)), "")


def slip(operation: str, kind: str, programs: Sequence[Program], found: Sequence[Observation]) -> str:
    """Return what was probably written: what explains all that came out; the empty string if nothing does."""
    expected = [expect(program) for program in programs]
    for row in SLIPS:
        if (row.operation, row.kind) == (operation, kind):
            got = [it.value if kind == "value" else it.gradients[0] for it in found]
            if agree(got, [row.got(it.value, *program.point) for it, program in zip(expected, programs)]):
                return row.saying
    return _of_any_partial(found, expected) if kind == "gradient" else ""


def is_sure(saying: str) -> bool:
    """Return whether it is said of one operation, and not of any.

    >>> is_sure("a instead of exp(a), which is the result"), is_sure("nothing arrives at b")
    (True, False)
    """
    return any(row.saying == saying for row in SLIPS)


def _of_any_partial(found: Sequence[Observation], expected: Sequence[Observation]) -> str:
    """Return which of the partials is missing, or has the wrong sign, or if they are swapped."""
    columns = [(*zip(*(it.gradients for it in of)),) for of in (found, expected)]
    for name, got, number in zip("ab", *columns):
        if agree(got, number):
            continue
        if not any(got):
            return f"nothing arrives at {name}"
        if agree(got, [-x for x in number]):
            return f"the one by {name} has the wrong sign"
    return "those by a and b are swapped" if all(map(agree, *(columns[0], columns[1][::-1]))) else ""
