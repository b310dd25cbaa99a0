"""Passes: each makes of a program another one, which computes the same with less.

`fold`, `share` and `drop` never change a bit of a result, but the sign of a NaN, which no standard settles. `fuse` adds
in another order. All are linear in the size of the program. What is planned for running it stands at the end.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from math import copysign, frexp, isfinite
from typing import NamedTuple

from autograd import primitives as p
from autograd.primitives import BUILT_IN, TABLE, Primitive
from autograd.program import Program, Writer, uniform

Rule = Callable[..., int | None]

BUILT_IN_ROWS = frozenset(TABLE[name] for name in BUILT_IN)  # others may count their calls, or raise
CONDITIONS = frozenset(
    (p.less, p.less_equal, p.greater, p.greater_equal, p.equal, p.not_equal, p.logical_and, p.logical_or, p.logical_not)
)
COMMUTATIVE = frozenset((p.add, p.multiply, p.equal, p.not_equal, p.logical_and, p.logical_or))
MAX_TERMS = 16  # of a fused sum: the operands of a longer one would all have to be kept until it is added up


def optimize(program: Program, exact: bool = False) -> Program:
    """Return a program that computes the same with fewer steps; with `exact`, the same to the bit.

    >>> from autograd import Value
    >>> from autograd.program import flatten
    >>> x, y = Value(3.0), Value(0.5)
    >>> print(optimize(flatten([(x * 1.0) * y + (y * x + 2.0 * 3.0)], [x, y])))
    program of v0, v1
      v4 = v0 * v1
      v5 = dot(v4, v4, 6.0, 1.0, 1.0, 1.0)
      return v5
    """
    if exact:
        return drop(_rewritten(program, Sharing(program.inputs), EXACT))
    return fuse(drop(_rewritten(program, Sharing(program.inputs), {**EXACT, **CLOSE})))


# ── fold ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
# A rule is given the writer of the new program and the operands of a step. It returns the number of a value that is
# equal to the result, and which it may have written; None if it knows of none.


def fold(program: Program) -> Program:
    """Return the program with the steps left out of which the result is known.

    What is computed from constants is a constant, and some results are an operand: x · 1, −(−x), x − 0. Not x · 0 and
    x + 0: they are NaN for an infinite x, and 0 for −0.
    """
    return _rewritten(program, Writer(program.inputs), EXACT)


def _rewritten(program: Program, writer: Writer, rules: Mapping[Primitive, Rule]) -> Program:
    """Return the program, rewritten step by step by the rules and the writer."""
    new = [*range(program.inputs), *map(writer.constant, program.constants)]
    rows = [(row, writer.row(row), rules.get(row), row in BUILT_IN_ROWS) for row in program.rows]
    old, start = program.operands.tolist(), 0
    for step, end in zip(program.steps.tolist(), program.starts.tolist()[1:]):
        row, place, rule, known = rows[step]
        operands = [new[v] for v in old[start:end]]
        start = end
        if known and max(operands, default=-1) < 0:
            result: int | None = writer.constant(row.evaluate(*[writer.constants[~v] for v in operands]))
        else:
            result = rule(writer, *operands) if rule else None
        new.append(writer.step(place, operands) if result is None else result)
    return _finished(program, writer, new)


def _finished(program: Program, writer: Writer, new: list[int]) -> Program:
    """Return what has been written, given the new number of each value."""
    outputs, guards = [new[v] for v in program.outputs], [new[v] for v in program.guards]
    return writer.finish(program.varying, outputs, guards, program.outcomes)


def _is(writer: Writer, v: int, x: float) -> bool:
    """Return whether a value is the constant `x`; 0.0 is not -0.0."""
    return v < 0 and writer.constants[~v] == x and copysign(1.0, writer.constants[~v]) == copysign(1.0, x)


def _is_condition(writer: Writer, v: int) -> bool:
    """Return whether a value can only be 1.0 or 0.0."""
    return writer.primitive(v) in CONDITIONS


def _negate(w: Writer, x: int) -> int | None:
    return w.operands_of(x)[0] if w.primitive(x) is p.negate else None


def _add(w: Writer, x: int, y: int) -> int | None:
    return x if _is(w, y, -0.0) else y if _is(w, x, -0.0) else None


def _subtract(w: Writer, x: int, y: int) -> int | None:
    return x if _is(w, y, 0.0) else None


def _multiply(w: Writer, x: int, y: int) -> int | None:
    return x if _is(w, y, 1.0) else y if _is(w, x, 1.0) else None


def _divide(w: Writer, x: int, y: int) -> int | None:
    """x / 1 is x; dividing by a power of two is multiplying, which is faster."""
    if y >= 0 or abs(frexp(w.constants[~y])[0]) != 0.5:
        return None
    inverse = 1.0 / w.constants[~y]
    return _product(w, x, w.constant(inverse)) if isfinite(inverse) else None


def _product(w: Writer, x: int, y: int) -> int:
    known = _multiply(w, x, y)
    return w.step(w.row(p.multiply), [x, y]) if known is None else known


def _power(w: Writer, x: int, y: int) -> int | None:
    if _is(w, x, 1.0) or (y < 0 and w.constants[~y] == 0.0):
        return w.constant(1.0)  # even of NaN, as C and Python have it
    return x if _is(w, y, 1.0) else None


def _chain(w: Writer, adjoint: int, partial: int) -> int | None:
    """A known adjoint is 0 or not. But an unknown one times 1 is not itself: chain(-0.0, 1.0) is 0.0."""
    if adjoint >= 0:
        return None
    return _product(w, adjoint, partial) if w.constants[~adjoint] else w.constant(0.0)


def _where(w: Writer, condition: int, x: int, y: int) -> int | None:
    if condition < 0:
        return x if w.constants[~condition] else y
    if x == y:
        return x
    return condition if _is(w, x, 1.0) and _is(w, y, 0.0) and _is_condition(w, condition) else None


def _not_equal(w: Writer, x: int, y: int) -> int | None:
    """To be not 0 is what a condition says already."""
    if y < 0 and w.constants[~y] == 0.0 and _is_condition(w, x):
        return x
    return y if x < 0 and w.constants[~x] == 0.0 and _is_condition(w, y) else None


def _logical_and(w: Writer, x: int, y: int) -> int | None:
    for known, other in ((x, y), (y, x)):
        if known < 0 and not w.constants[~known]:
            return w.constant(0.0)
        if (known < 0 or x == y) and _is_condition(w, other):
            return other
    return None


def _logical_or(w: Writer, x: int, y: int) -> int | None:
    for known, other in ((x, y), (y, x)):
        if known < 0 and w.constants[~known]:
            return w.constant(1.0)
        if (known < 0 or x == y) and _is_condition(w, other):
            return other
    return None


def _logical_not(w: Writer, x: int) -> int | None:
    twice = w.primitive(x) is p.logical_not
    return w.operands_of(x)[0] if twice and _is_condition(w, w.operands_of(x)[0]) else None


def _small_power(w: Writer, x: int, y: int) -> int | None:
    """Powers that a product or a quotient gives as well, but for the last bit, and many times faster."""
    if _is(w, y, 2.0):
        return _product(w, x, x)
    if _is(w, y, 3.0):
        return _product(w, _product(w, x, x), x)
    if _is(w, y, -1.0):
        return w.step(w.row(p.divide), [w.constant(1.0), x])
    return _power(w, x, y)


EXACT: Mapping[Primitive, Rule] = {
    p.identity: lambda w, x: x,
    p.negate: _negate,
    p.add: _add,
    p.subtract: _subtract,
    p.multiply: _multiply,
    p.divide: _divide,
    p.power: _power,
    p.chain: _chain,
    p.where: _where,
    p.not_equal: _not_equal,
    p.logical_and: _logical_and,
    p.logical_or: _logical_or,
    p.logical_not: _logical_not,
}
CLOSE: Mapping[Primitive, Rule] = {p.power: _small_power}


# ── share ────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Sharing(Writer):
    """A writer that does not write the same step twice."""

    def __init__(self, inputs: int) -> None:
        super().__init__(inputs)
        self._written: dict[tuple[int, ...], int] = {}
        self._commutative: list[bool] = []

    def row(self, primitive: Primitive) -> int:
        place = super().row(primitive)
        if place == len(self._commutative):
            self._commutative.append(primitive in COMMUTATIVE)
        return place

    def step(self, row: int, operands: list[int]) -> int:
        key = (row, *operands)
        if self._commutative[row] and operands[1] < operands[0]:
            key = (row, operands[1], operands[0])
        number = self._written.setdefault(key, self.inputs + len(self.steps))
        return super().step(row, operands) if number == self.inputs + len(self.steps) else number


def share(program: Program) -> Program:
    """Return the program with equal steps taken once; the order of operands counts where it is rounded differently."""
    return _rewritten(program, Sharing(program.inputs), {})


# ── drop ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def drop(program: Program) -> Program:
    """Return the program without the steps and constants that no output and no guard needs. Inputs stay."""
    needed = _needed(program)
    writer, old = Writer(program.inputs), program.operands.tolist()
    new = [*range(program.inputs), *[0] * (len(needed) - program.inputs)]
    for v, x in enumerate(program.constants, program.inputs):
        if needed[v]:
            new[v] = writer.constant(x)
    rows: dict[int, int] = {}
    start, number = 0, program.first
    for step, end in zip(program.steps.tolist(), program.starts.tolist()[1:]):
        if needed[number]:
            if step not in rows:
                rows[step] = writer.row(program.rows[step])
            new[number] = writer.step(rows[step], [new[v] for v in old[start:end]])
        start, number = end, number + 1
    return _finished(program, writer, new)


def _needed(program: Program) -> bytearray:
    """Return for each value 1 if an output or a guard needs it."""
    needed = bytearray(program.first + len(program.steps))
    for v in (*program.outputs, *program.guards):
        needed[v] = 1
    operands, number = program.operands.tolist(), len(needed)
    end = len(operands)
    for start in program.starts.tolist()[-2::-1]:
        number -= 1
        if needed[number]:
            for v in operands[start:end]:
                needed[v] = 1
        end = start
    return needed


def guards_only(program: Program) -> Program:
    """Return the program that computes the guards, and nothing else."""
    return drop(replace(program, outputs=array("I")))


def conditions_only(program: Program) -> Program:
    """Return the program whose outputs are the conditions of the guards."""
    return drop(replace(program, outputs=program.guards, guards=array("I"), outcomes=b""))


def outputs_only(program: Program) -> Program:
    """Return the program that computes the outputs, for lanes of which the answers to all guards are known."""
    return drop(replace(program, guards=array("I"), outcomes=b""))


# ── fuse ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def fuse(program: Program) -> Program:
    """Return the program with sums of products, such as a·b + c·d − e, added up in one step.

    A sum takes in an operand that nobody else needs: a product, a sum, a `dot`. But not one that is the same for all
    lanes into one that is not, as it would be computed in every lane. Terms are added from left to right, starting
    with 0, which may round differently; −0 becomes 0.
    """
    sums, absorbed = _sums(program)
    if not sums:
        return program
    writer = Writer(program.inputs)
    new = [*range(program.inputs), *map(writer.constant, program.constants)]
    rows, dot = [writer.row(row) for row in program.rows], writer.row(p.dot)
    old, start, number = program.operands.tolist(), 0, program.first
    for step, end in zip(program.steps.tolist(), program.starts.tolist()[1:]):
        if absorbed[number]:
            new.append(0)
        elif number in sums:
            factors = [writer.constant(v) if type(v) is float else new[v] for v in sums[number]]
            new.append(writer.step(dot, factors[::2] + factors[1::2]))
        else:
            new.append(writer.step(rows[step], [new[v] for v in old[start:end]]))
        start, number = end, number + 1
    return _finished(program, writer, new)


def _sums(program: Program) -> tuple[dict[int, list[int | float]], bytearray]:
    """Return the factors, two by two, of the terms of each sum that takes in another step; and which are taken in.

    A factor is the number of a value (int), or a constant (float).
    """
    terms: dict[int, list[int | float]] = {}  # of what a sum could take in
    sums: dict[int, list[int | float]] = {}
    absorbed = bytearray(program.first + len(program.steps))
    uses, marks = _uses(program), uniform(program)
    for number, (row, operands) in enumerate(program, program.first):
        if row is not p.add and row is not p.subtract:
            factors = _factors(program, row, operands)
            if factors:
                terms[number] = factors
            continue
        found: list[int | float] = []
        for v, sign in zip(operands, (1.0, 1.0 if row is p.add else -1.0)):
            inner = terms.get(v) if uses[v] == 1 and marks[v] == marks[number] else None
            if inner and sign < 0:
                inner = _negated(inner)
            if inner and len(found) + len(inner) < 2 * MAX_TERMS:
                found += inner
                absorbed[v] = 1
                sums[number] = found
            else:
                found += [v, sign]
        terms[number] = found
    return sums, absorbed


def _factors(program: Program, row: Primitive, operands: array[int]) -> list[int | float]:
    """Return the factors of what can be a term of a sum, two by two; nothing for what cannot."""
    if row is p.negate:
        return [operands[0], -1.0]
    if row is p.multiply:
        factors = operands
    elif row is p.dot and len(operands) < 2 * MAX_TERMS:
        half = len(operands) // 2
        factors = [v for pair in zip(operands[:half], operands[half:]) for v in pair]
    else:
        return []
    inputs, constants = program.inputs, program.constants
    return [constants[v - inputs] if inputs <= v < program.first else v for v in factors]


def _negated(factors: list[int | float]) -> list[int | float]:
    """Return the factors of the negative sum; nothing if a term has no constant whose sign could be changed."""
    found: list[int | float] = []
    for x, y in zip(factors[::2], factors[1::2]):
        if type(y) is float:
            found += [x, -y]
        elif type(x) is float:
            found += [-x, y]
        else:
            return []
    return found


def _uses(program: Program) -> list[int]:
    """Return how often each value is an operand, an output or a guard."""
    uses = [0] * (program.first + len(program.steps))
    for values in (program.operands, program.outputs, program.guards):
        for v in values:
            uses[v] += 1
    return uses


# ── plan ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Plan(NamedTuple):
    """Where results stand while a program runs."""

    slots: array[int]  # per step; -1 for a uniform one, which needs none
    size: int  # how many slots there are


def plan(program: Program, keep: Iterable[int] | None = None) -> Plan:
    """Return a slot for each varying result, given back after its last use.

    What is in `keep`, by default the outputs and guards, stays to the end. A result never stands where an operand of
    its own step does. The slot given back last is taken first: it is most likely in the cache.
    """
    last, marks, first = _last_uses(program), uniform(program), program.first
    for v in (*program.outputs, *program.guards) if keep is None else keep:
        last[v] = len(program.steps)
    slots, size = array("i"), 0
    free: list[int] = []
    old, start = program.operands.tolist(), 0
    for step, end in enumerate(program.starts.tolist()[1:]):
        slot = -1
        if not marks[first + step]:
            if not free:
                free.append(size)
                size += 1
            slot = free.pop()
        slots.append(slot)
        for v in (*old[start:end], first + step):
            if last[v] == step and not marks[v] and v >= first:
                free.append(slots[v - first])
                last[v] = -1  # given back once, although it may be an operand twice
        start = end
    return Plan(slots, size)


def _last_uses(program: Program) -> list[int]:
    """Return for each value the last step that uses it: for a result that is never used, its own."""
    last = [*[-1] * program.first, *range(len(program.steps))]
    operands, start = program.operands.tolist(), 0
    for step, end in enumerate(program.starts.tolist()[1:]):
        for v in operands[start:end]:
            last[v] = step
        start = end
    return last
