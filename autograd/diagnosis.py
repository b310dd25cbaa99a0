"""What is wrong with an engine of one's own, found by running small programs on it and on this library.

One thing is asked at a time: is an operation right alone, then below another one, then with an operand that is used
twice? Are programs right that use a result twice, that have equal numbers in them, that are differentiated again? An
operation that has failed is left out of later questions, so that what they bring to light has another cause. Programs
are tried from the smallest on, so that the first that fails is the smallest counterexample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from math import isfinite
from typing import NamedTuple

from autograd.errors import ArgumentError, describe
from autograd.mistakes import KINDS, Counterexample, Diagnosis, Mistake, is_sure, slip, slip_of_error
from autograd.trials import (
    OPERATIONS,
    Engine,
    Observation,
    Operation,
    Program,
    TrialError,
    agree,
    all_programs,
    as_number,
    expect,
    numbers,
    observe,
    trial,
)

POINTS = ((3.0, 2.0), (-2.0, 3.0), (0.5, -1.5), (-0.25, 2.5))  # at which an operation is tried alone
THIRD = 7.0  # the number of one more leaf
DEEP = 3_000  # operations in a row: more than Python lets functions call themselves

# What an operation is often made from: where one of these is wrong, it may be wrong because of that.
PARTS = {
    "-a": ("a * b",),
    "a - b": ("-a", "a + b"),
    "a / b": ("a * b", "a ** -1"),
    "a + 2": ("a + b",),
    "2 + a": ("a + b",),
    "a * 2": ("a * b",),
    "2 * a": ("a * b",),
    "a - 2": ("a - b",),
    "2 - a": ("a - b",),
    "a / 2": ("a / b",),
    "2 / a": ("a / b",),
    "a ** 2": ("a ** b",),
    "a ** -1": ("a ** b", "a ** 2"),
    "2 ** a": ("a ** b",),
    "a.tanh()": ("a.exp()",),
    "a.sigmoid()": ("a.exp()",),
}


def diagnose(engine: Engine) -> Diagnosis:
    """Find the mistakes in an engine of one's own: a class such as micrograd's `Value`.

    It needs `engine(number)`, `.data`, `.grad`, `.backward()` and some operators. Which others it has, and which of
    relu, tanh, sigmoid, exp, log, sqrt, sin and cos as methods, is found out. "No mistake" is said of these operations
    and of their programs of up to three steps. An engine that raises errors, or does not end, is reported. Raises
    `ArgumentError` for what is no engine.

    >>> class Scalar:
    ...     def __init__(self, data, operands=()):
    ...         self.data, self.grad, self.operands = data, 0.0, operands
    ...     def __add__(self, other):
    ...         return Scalar(self.data + other.data, (self, other))
    ...     def backward(self, grad=1.0):
    ...         self.grad = grad
    ...         for operand in self.operands:
    ...             operand.backward(grad)
    >>> mistake = diagnose(Scalar).mistakes[0]
    >>> mistake.title, mistake.operations
    ('`=` where `+=` belongs', ('a + b',))
    >>> print(mistake.counterexample)
    a = Scalar(3.0)
    b = a + a
    b.backward()
    a.grad  # is 1, should be 2
    """
    _check(engine)
    examination = _Examination(engine)
    examination.run()
    return examination.report()


def _check(engine: Engine) -> None:
    try:
        made = trial(lambda: engine(2.0))
        trial(lambda: (as_number(made.data), as_number(made.grad), made.backward))
    except TrialError as error:
        raise ArgumentError(
            f"diagnose: got {describe(engine)}; expected a class such as micrograd's Value: engine(2.0) with .data,"
            f" .grad and .backward() ({error})"
        ) from None


class Difference(NamedTuple):
    """How an engine's answer differs from the right one: in what, in which program, and all that was observed."""

    kind: str  # "error", "value", "operand" or "gradient"
    counterexample: Counterexample
    observed: Observation | None  # None after an error


def compare(engine: Engine, program: Program, *, again: bool = False) -> Difference | None:
    """Return how an engine's answer to a program differs from this library's, if it does; `again`: in a second pass.

    Before a second pass the gradients of the leaves are set to 0, so that it has to give what the first one gave.

    >>> from autograd import Value
    >>> print(compare(Value, Program((3.0,), ((OPERATIONS["2 - a"], (0,)),))))
    None
    """
    expected, observed, code = expect(program), None, [program.code(_name(engine))]
    leaves, output = program.names[: len(program.point)], program.names[-1]

    def differs(kind: str, looked_at: str, got: float | str, number: float) -> Difference:
        return Difference(kind, Counterexample(program, "\n".join(code), looked_at, got, number), observed)

    try:
        observed = observe(engine, program, zeroed=(False, True) if again else (False,))
    except TrialError as error:
        code += [] if error.forward else [f"{output}.backward()"]
        return differs("error", "", str(error), expected.value)
    if not agree([observed.value], [expected.value]):
        return differs("value", f"{output}.data", observed.value, expected.value)
    code.append(f"{output}.backward()")
    if again:
        code += [*(f"{leaf}.grad = 0.0" for leaf in leaves), f"{output}.backward()"]
    for kind, attribute, found, wanted in (
        ("operand", "data", observed.leaves, expected.leaves),
        ("gradient", "grad", observed.gradients, expected.gradients),
    ):
        for leaf, got, number in zip(leaves, found, wanted):
            if not agree([got], [number]):
                return differs(kind, f"{leaf}.{attribute}", got, number)
    return None


def _name(engine: Engine) -> str:
    return getattr(engine, "__name__", "Value")


class Finding(NamedTuple):
    """A kind of mistake, what was probably written, a counterexample, and the operation, unless it is the walk."""

    kind: str
    slip: str
    counterexample: Counterexample
    operation: str = ""


class _Examination:
    """The questions, and what they have brought to light so far."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.missing: dict[str, str] = {}
        self.findings: list[Finding] = []
        self.unjudged: list[str] = []
        self.notes: list[str] = []
        self.programs = 0
        self.right_alone: list[Operation] = []

    def run(self) -> None:
        """Ask everything that can be asked."""
        there = [operation for operation in OPERATIONS.values() if self.is_there(operation)]
        seedless = self.seed(there)
        if seedless:
            self.findings, self.unjudged = [seedless], ["everything else"]
            return
        self.right_alone = self.ask(self.alone, there)
        nested = self.ask(self.below, self.right_alone)
        sound = self.ask(self.twice, nested)
        self.findings += filter(None, [self.order(sound), self.identity(sound), self.stale(nested)])
        self.notes += [*self.adding_up(nested), *self.depth(nested)]

    def ask(self, question: Callable[[Operation], Finding | None], operations: list[Operation]) -> list[Operation]:
        """Return the operations against which a question brings nothing to light."""
        found = [(operation, question(operation)) for operation in operations]
        self.findings += [it._replace(operation=operation.text()) for operation, it in found if it]
        return [operation for operation, it in found if it is None]

    def finds(self, kind: str) -> bool:
        """Return whether a mistake of this kind has come to light."""
        return any(finding.kind == kind for finding in self.findings)

    def report(self) -> Diagnosis:
        """Return what has been found, what may cause other mistakes first."""
        mistakes, doubtful = _mistakes(self.findings, everywhere=len(OPERATIONS) - len(self.missing))
        if doubtful:
            self.unjudged.append(f"{', '.join(doubtful)}: wrong, perhaps for the same reason")
        notes, name = tuple(self.notes), _name(self.engine)
        return Diagnosis(name, tuple(mistakes), self.missing, tuple(self.unjudged), notes, self.programs)

    # ── running a program ────────────────────────────────────────────────────────────────────────────────────────────

    def difference(self, program: Program, *, again: bool = False) -> Difference | None:
        """Return how the engine's answer differs from the right one, if it does."""
        self.programs += 1
        return compare(self.engine, program, again=again)

    def finding(self, program: Program, kind: str, *, again: bool = False) -> Finding | None:
        """Return what a program brings to light; a wrong gradient is a mistake of the given kind."""
        found = self.difference(program, again=again)
        return found and Finding(kind if found.kind == "gradient" else found.kind, "", found.counterexample)

    def first(self, programs: Iterable[Program], kind: str, *, again: bool = False) -> Finding | None:
        """Return what the first of the programs brings to light that brings anything to light."""
        return next(filter(None, (self.finding(program, kind, again=again) for program in programs)), None)

    # ── questions about an operation ─────────────────────────────────────────────────────────────────────────────────

    def is_there(self, operation: Operation) -> bool:
        """Has it been written? Note what it raises if not."""
        try:
            observe(self.engine, _alone(operation)[0], zeroed=())
        except TrialError as error:
            if error.lacking:
                self.missing[operation.text()] = str(error)
            return not error.lacking
        return True

    def seed(self, there: list[Operation]) -> Finding | None:
        """Does any gradient arrive anywhere?"""
        found = [self.difference(_alone(operation)[0]) for operation in there]
        none = [it for it in found if it and it.observed and not any(it.observed.gradients)]
        return Finding("seed", "", none[0].counterexample) if none and len(none) == len(there) else None

    def alone(self, operation: Operation) -> Finding | None:
        """Is its value right, and are its partials?"""
        programs, found = _alone(operation), []
        for program in programs:
            found.append(self.difference(program))
            if found[-1] and found[-1].kind == "error":
                return Finding("error", slip_of_error(str(found[-1].counterexample.got)), found[-1].counterexample)
        first = next(filter(None, found), None)
        if first is None:
            return None
        observed = [it.observed or expect(program) if it else expect(program) for it, program in zip(found, programs)]
        kind = "partial" if first.kind == "gradient" else first.kind
        return Finding(kind, slip(operation.text(), first.kind, programs, observed), first.counterexample)

    def below(self, operation: Operation) -> Finding | None:
        """Is its gradient right where that of its result is not 1?"""
        local = expect(_alone(operation)[0]).gradients
        programs = filter(_is_finite, [_below(outer, operation) for outer in self.right_alone])
        telling = [it for it in programs if all(x != y for x, y in zip(local, expect(it).gradients))]
        if not telling:
            self.unjudged.append(f"{operation.text()} below another operation, as none would show a mistake")
        found = list(filter(None, map(self.difference, telling)))
        return _of_chains(found, local) if found else None

    def twice(self, operation: Operation) -> Finding | None:
        """Does it add what it contributes to what has arrived already?"""
        programs = filter(_is_finite, [_beside(outer, operation) for outer in self.right_alone if outer.arity == 2])
        program = next(programs, None)
        if program is None:
            self.unjudged.append(f"whether {operation.text()} adds up, as no operation of two operands is right")
            return None
        assigned = self.finding(program, "assign")
        repeated = self.finding(_repeated(operation), "repeated") if operation.arity == 2 else None
        if assigned and repeated:
            return assigned._replace(counterexample=repeated.counterexample)  # the smaller one
        return assigned or repeated

    # ── questions about the walk ─────────────────────────────────────────────────────────────────────────────────────

    def order(self, sound: list[Operation]) -> Finding | None:
        """Does every node wait until all of its gradient has arrived?"""
        if not any(operation.arity == 2 for operation in sound) and not self.finds("order"):
            self.unjudged.append("the order of the walk, as no operation of two operands is without a mistake")
        programs = _small(sound, POINTS[0][:1], steps=3)
        return self.first((it for it in programs if _shares_results(it) and not _has_equals(it)), "order")

    def identity(self, sound: list[Operation]) -> Finding | None:
        """Are Values different even if their numbers are not?"""
        programs = _small(sound, POINTS[0][:1] * 2, steps=3)
        return self.first((it for it in programs if max(it.uses()) == 1), "identity")

    def stale(self, nested: list[Operation]) -> Finding | None:
        """Is a second pass as good as the first?"""
        if not nested:
            self.unjudged.append("a second pass, as no operation is right below another one")
        programs = _small(nested, POINTS[0][:1], steps=2)
        found = self.first((it for it in programs if not self.difference(it)), "stale", again=True)
        if found and found.kind == "error":
            self.notes.append(f"a second backward() of the same result is refused ({found.counterexample.got})")
            return None
        return found

    # ── what is good to know ─────────────────────────────────────────────────────────────────────────────────────────

    def adding_up(self, nested: list[Operation]) -> Iterator[str]:
        """Say what a second pass does to the gradients of leaves."""
        for program in (_alone(operation)[0] for operation in nested[:1]):
            with suppress(TrialError):
                again = observe(self.engine, program, zeroed=(False, False)).gradients
                if agree(again, expect(program).gradients):
                    yield "backward() sets the gradients of leaves afresh: those of several results do not add up"
                else:
                    yield "the gradients of leaves add up from one backward() to the next: clear them between two steps"

    def depth(self, nested: list[Operation]) -> Iterator[str]:
        """Say whether long computations are too deep for the walk."""
        for operation in [operation for operation in nested if operation.arity == 1][:1]:
            steps = tuple((operation, (place,)) for place in range(DEEP))
            try:
                observe(self.engine, Program(POINTS[0][:1], steps), limit=DEEP * 1_000)
            except TrialError as error:
                if not error.forward:
                    yield f"backward() cannot walk {DEEP:,} operations in a row ({error})"


def _of_chains(found: list[Difference], local: tuple[float, ...]) -> Finding:
    """Return what is wrong with an operation below other ones, given what its gradients would be alone."""
    kind, counterexample, _ = found[0]
    gradients = [it.observed.gradients[: len(local)] for it in found if it.observed]
    if kind != "gradient":
        return Finding(kind, "", counterexample)
    if not any(chain(*gradients)):
        return Finding("order", "nothing arrives behind an inner node", counterexample)
    return Finding("chain" if all(agree(it, local) for it in gradients) else "other", "", counterexample)


# ── what follows from what ───────────────────────────────────────────────────────────────────────────────────────────


def _mistakes(findings: list[Finding], everywhere: int) -> tuple[list[Mistake], list[str]]:
    """Return the mistakes, those that may cause others first, and operations that may suffer from those of the walk.

    A mistake that is `everywhere`, in so many operations, is in none of them.
    """
    kinds = {finding.kind for finding in findings}
    wrong = {finding.operation: finding for finding in findings}
    groups: dict[tuple[str, str], list[Finding]] = {}
    doubtful, mistakes = [], []
    for finding in findings:
        cause = _cause(finding, wrong)
        if _may_follow(cause, kinds):
            doubtful.append(finding.operation)
        else:
            groups.setdefault((cause.kind, cause.slip), []).append(finding)
    for kind, written in sorted(groups, key=lambda group: list(KINDS).index(group[0])):
        group = sorted(groups[kind, written], key=lambda finding: _cause(finding, wrong) is not finding)  # causes first
        spread = kind == "order" or len(group) == everywhere > 1
        operations = () if spread else tuple(finding.operation for finding in group if finding.operation)
        causes = [finding for finding in group if spread or _cause(finding, wrong) is finding]
        alike = [cause.counterexample for cause in causes if (cause.kind, cause.slip) == (kind, written)]
        mistakes.append(Mistake(kind, written, operations, min(alike, key=_size)))
    return mistakes, doubtful


def _size(counterexample: Counterexample) -> tuple[int, ...]:
    steps, places = counterexample.program.steps, list(OPERATIONS.values())
    return len(steps), len(counterexample.program.point), *(places.index(operation) for operation, _ in steps)


def _may_follow(finding: Finding, kinds: set[str]) -> bool:
    """Return whether a mistake of the walk may be behind a finding: an operation may have a hidden graph of its own."""
    if finding.kind in ("partial", "other"):
        return bool(kinds & {"order", "identity"}) and not is_sure(finding.slip)
    confused = "identity" in kinds and _has_equals(finding.counterexample.program)
    return confused and finding.kind in ("assign", "repeated")


def _cause(finding: Finding, wrong: dict[str, Finding]) -> Finding:
    """Return the finding that explains this one: that of an operation from which its own is made, if there is any."""
    parts = () if is_sure(finding.slip) else PARTS.get(finding.operation, ())
    values = finding.kind == "value"  # which a wrong gradient does not explain
    causes = (wrong[part] for part in parts if part in wrong and (wrong[part].kind == "value" or not values))
    return next((_cause(cause, wrong) for cause in causes), finding)


# ── the programs that are run ────────────────────────────────────────────────────────────────────────────────────────


def _alone(operation: Operation) -> list[Program]:
    """Return the operation on leaves, at every point where it has a value and derivatives."""
    step = operation, tuple(range(operation.arity))
    programs = [Program(point[: operation.arity], (step,)) for point in POINTS]
    return [program for program in programs if _is_finite(program)]


def _repeated(operation: Operation) -> Program:
    """Return the operation with one leaf as both operands."""
    return Program(POINTS[0][:1], ((operation, (0, 0)),))


def _below(outer: Operation, inner: Operation) -> Program:
    """Return an operation on the result of another one, and on one more leaf if it has two operands."""
    point = POINTS[0][: inner.arity] + (THIRD,) * (outer.arity - 1)
    places = (len(point), inner.arity)[: outer.arity]
    return Program(point, ((inner, tuple(range(inner.arity))), (outer, places)))


def _beside(outer: Operation, inner: Operation) -> Program:
    """Return an operation on the result of another one, and on that one's first operand."""
    point = POINTS[0][: inner.arity]
    return Program(point, ((inner, tuple(range(inner.arity))), (outer, (len(point), 0))))


def _small(operations: list[Operation], point: tuple[float, ...], steps: int) -> Iterator[Program]:
    """Yield all programs of up to so many steps, the smallest first, of the simplest operations."""
    few = [op for op in operations if op.arity == 1][:1] + [op for op in operations if op.arity == 2][:2]
    found = chain.from_iterable(all_programs(few, point, count) for count in range(1, steps + 1))
    return filter(_is_finite, found)


def _is_finite(program: Program) -> bool:
    """Return whether its value and derivatives are finite numbers."""
    return all(map(isfinite, (expect(program).value, *expect(program).gradients)))


def _shares_results(program: Program) -> bool:
    """Return whether a result, not just a leaf, is used more than once."""
    return any(uses > 1 for uses in program.uses()[len(program.point) :])


def _has_equals(program: Program) -> bool:
    """Return whether two of its leaves and results are the same number."""
    found = numbers(program)
    return len(set(found)) < len(found)
