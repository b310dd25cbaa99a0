"""From a graph to a program, from a program to a shorter one, and how it is going to run.

`flatten` writes down what a graph computes. Passes make of a program another one that computes the same: `fold`,
`share`, `unselect` and `drop` never change a bit of a result, but the sign of a NaN, which no standard settles; `carry`
multiplies and `fuse` adds in another order. `plan` says where results stand while a program runs. All of it takes
linear time.

This file is also compiled, as `_passes`: `_passes.pxd` says which of its variables are numbers of C.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from math import copysign, frexp, isfinite
from typing import Any, NamedTuple

from autograd import primitives as p
from autograd.core import NATIVE, flat
from autograd.errors import GraphError, describe
from autograd.flat import Flat
from autograd.primitives import BUILT_IN, TABLE, Primitive
from autograd.program import Program

Rule = Callable[..., int | None]

BUILT_IN_ROWS = frozenset(TABLE[name] for name in BUILT_IN)  # others may count their calls, or raise
COMMUTATIVE = frozenset((p.add, p.multiply, p.equal, p.not_equal, p.logical_and, p.logical_or))
CONDITIONS = frozenset(p.CONDITIONS)
MAX_TERMS = 32  # of a fused sum: the operands of a longer one would all have to be kept until it is added up


class Writer:
    """Writes a program step by step.

    How many constants there will be is known at the end, so until then they have negative numbers, -1, -2, …; results
    follow the inputs. With `sharing`, the same step is not written twice. `room` is that for operands to begin with.
    """

    def __init__(self, inputs: int, sharing: bool = False, room: int = 16) -> None:
        self.inputs = inputs
        self.count = 0  # of steps
        self.constants: list[float] = []
        self.rows: list[Primitive] = []
        self.support: dict[int, int] = {}  # of a value, a condition without which it is 0.0
        self._constant_places: dict[Any, int] = {}
        self._row_places: dict[Primitive, int] = {}
        self._commutative: list[bool] = []
        self._end = 0  # of the operands
        self._sharing = sharing
        self._rooms: list[array[int]] = []
        self._give_room(room)

    def _give_room(self, room: int) -> None:
        """Have room for so many operands, and at most as many steps; and for twice as many buckets, a power of 2."""
        rooms = [array("H", bytes(2 * room)), array("I", bytes(4 * (room + 1))), array("i", bytes(4 * room))]
        for new, old in zip(rooms, self._rooms):
            new[: len(old)] = old
        self._rooms, self._room = rooms, room
        self.steps, self.starts, self.operands = rooms
        self._buckets = array("i", bytes(4 << (2 * room).bit_length() if self._sharing else 0))
        for step in range(self.count if self._sharing else 0):
            self._buckets[self._bucket(self.steps[step], self.starts[step], self.starts[step + 1])] = step + 1

    def constant(self, x: float) -> int:
        """Return the number of a constant; of equal ones there is only one."""
        key: Any = x if x != 0.0 and x == x else repr(x)  # 0.0 is equal to -0.0, and NaN to nothing
        place = self._constant_places.get(key)
        if place is None:
            self.constants.append(x)
            place = self._constant_places[key] = -len(self.constants)
        return place

    def row(self, primitive: Primitive) -> int:
        """Return the place of a row."""
        place = self._row_places.get(primitive)
        if place is None:
            place = self._row_places[primitive] = len(self.rows)
            self.rows.append(primitive)
            self._commutative.append(primitive in COMMUTATIVE)
        return place

    def step(self, row: int, operands: list[int]) -> int:
        """Write a step; return the number of its result."""
        for v in operands:
            self.push(v)
        return self.write(row)

    def push(self, v: int) -> None:
        """Add an operand to those of the step that is written next."""
        if self._end == self._room:
            self._give_room(2 * self._room)
        self.operands[self._end] = v
        self._end += 1

    def write(self, row: int) -> int:
        """Write a step with the operands that were added; return the number of its result."""
        if self._sharing:
            bucket = self._bucket(row, self.starts[self.count], self._end)
            known = self._buckets[bucket]
            if known:
                self._end = self.starts[self.count]
                return self.inputs + known - 1
            self._buckets[bucket] = self.count + 1
        self.steps[self.count] = row
        self.count += 1
        self.starts[self.count] = self._end
        return self.inputs + self.count - 1

    def _bucket(self, row: int, start: int, end: int) -> int:
        """Return the bucket of a step: where it is, counted from 1, or 0. The order of operands does not matter yet."""
        mask, mixed = len(self._buckets) - 1, row
        for k in range(start, end):
            mixed += _scattered(self.operands[k])
        bucket = _scattered(mixed) & mask
        while self._buckets[bucket] and not self._is_same(self._buckets[bucket] - 1, row, start, end):
            bucket = (bucket + 1) & mask
        return bucket

    def _is_same(self, step: int, row: int, start: int, end: int) -> bool:
        """Return whether a step is the one with this row and these operands."""
        first, operands, count, equal = self.starts[step], self.operands, end - start, 0
        if self.steps[step] != row or self.starts[step + 1] - first != count:
            return False
        if self._commutative[row] and operands[first] == operands[end - 1] and operands[start] == operands[first + 1]:
            return True
        while equal < count and operands[first + equal] == operands[start + equal]:
            equal += 1
        return equal == count

    def primitive(self, v: int) -> Primitive | None:
        """Return what a value is the result of; None for an input or a constant."""
        return self.rows[self.steps[v - self.inputs]] if v >= self.inputs else None

    def operands_of(self, v: int) -> list[int]:
        """Return the operands of a result."""
        step = v - self.inputs
        return [self.operands[k] for k in range(self.starts[step], self.starts[step + 1])]

    def finish(self, varying: bytes, outputs: list[int], guards: list[int], outcomes: bytes) -> Program:
        """Return the program, its constants in their place between inputs and results."""
        steps, starts, operands = self._rooms
        return Program(
            inputs=self.inputs,
            varying=varying,
            constants=array("d", self.constants),
            rows=tuple(self.rows),
            steps=steps[: self.count],
            starts=starts[: self.count + 1],
            operands=self._numbered(operands[: self._end]),
            outputs=self._numbered(array("i", outputs)),
            guards=self._numbered(array("i", guards)),
            outcomes=outcomes,
        )

    def _numbered(self, values: array[int]) -> array[int]:
        inputs, shift, old = self.inputs, len(self.constants), values
        found = array("I", bytes(4 * len(values)))
        room = found  # what C works on, where this is compiled
        for place in range(len(values)):
            v = old[place]
            room[place] = v + shift if v >= inputs else v if v >= 0 else inputs - 1 - v
        return found


def _scattered(x: int) -> int:
    """Return a number of 31 bits that looks random: multiplied by the golden section of 2³¹ (Knuth, vol. 3, 6.4)."""
    mixed = (x & 0x7FFFFFFF) * 1327217885 & 0x7FFFFFFF
    return mixed ^ mixed >> 15


class Rewriting:
    """A program, and another one that is written from it."""

    def __init__(self, program: Program, sharing: bool = False, needed: bytearray | None = None) -> None:
        self.program, self.first = program, program.first
        self.steps, self.starts, self.operands = program.steps, program.starts, program.operands
        self.writer = Writer(program.inputs, sharing, len(program.operands) + 16)
        self.numbers = array("q", bytes(8 * (self.first + len(program.steps))))  # numbers of the values there
        self._rows = array("i", [-1]) * len(program.rows)
        for v in range(program.inputs):
            self.numbers[v] = v
        for v, x in enumerate(program.constants, program.inputs):
            if needed is None or needed[v]:
                self.numbers[v] = self.writer.constant(x)

    def copy(self, i: int) -> int:
        """Write step `i` as it is; return the number of its result."""
        step = self.steps[i]
        if self._rows[step] < 0:
            self._rows[step] = self.writer.row(self.program.rows[step])
        for k in range(self.starts[i], self.starts[i + 1]):
            self.writer.push(self.numbers[self.operands[k]])
        return self.writer.write(self._rows[step])

    def finish(self) -> Program:
        """Return what has been written, once each value that is needed has a new number."""
        old = self.program
        outputs, guards = ([self.numbers[v] for v in values] for values in (old.outputs, old.guards))
        return self.writer.finish(old.varying, outputs, guards, old.outcomes)


def optimize(program: Program, exact: bool = False) -> Program:
    """Return a program that computes the same with fewer steps; with `exact`, the same to the bit.

    >>> from autograd import Value
    >>> from autograd.passes import flatten
    >>> x, y = Value(3.0), Value(0.5)
    >>> print(optimize(flatten([(x * 1.0) * y + (y * x + 2.0 * 3.0)], [x, y])))
    program of v0, v1
      v4 = v0 * v1
      v5 = dot(v4, v4, 6.0, 1.0, 1.0, 1.0)
      return v5
    """
    shared = _rewritten(program, EXACT if exact else CLOSE, sharing=True)
    shorter = drop(unselect(shared))
    return shorter if exact else fuse(carry(shorter))


# ── flatten ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def flatten(
    outputs: Sequence[Any],
    inputs: Sequence[Any],
    guards: Iterable[Sequence[Any]] = (),
    varying: Iterable[bool] | None = None,
) -> Program:
    """Return the program that computes the outputs, Values or floats, from other numbers of the inputs.

    Inputs may be inner nodes: what they were computed from is left out. Leaves that are no inputs are constants.
    A guard begins with a condition and its outcome. Without `varying`, all inputs vary from lane to lane. Raises
    `GraphError` if an input is given twice.
    """
    places = {x.number: place for place, x in enumerate(inputs)}
    if len(places) < len(inputs):
        twice = next(x for place, x in enumerate(inputs) if places[x.number] != place)
        raise GraphError(f"flatten: got {describe(twice)} as an input twice; expected different Values")
    asked = list(guards)
    outcomes = bytes([bool(guard[1]) for guard in asked])
    marks = bytes([1] * len(inputs)) if varying is None else bytes(map(bool, varying))
    return written(flat([*outputs, *(guard[0] for guard in asked)], inputs), marks, outcomes)


def written(graph: Flat, varying: bytes, outcomes: bytes) -> Program:
    """Return a graph as a program: the last of its roots are guards with these outcomes, the others outputs."""
    outputs = len(graph.roots) - len(outcomes)
    return Program(
        inputs=len(varying),
        varying=varying,
        constants=graph.constants,
        rows=tuple(graph.rows),
        steps=graph.steps,
        starts=graph.starts,
        operands=graph.operands,
        outputs=graph.roots[:outputs],
        guards=graph.roots[outputs:],
        outcomes=outcomes,
    )


# ── fold ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
# A rule is given the writer of the new program and the operands of a step. It returns the number of a value that is
# equal to the result, and which it may have written; None if it knows of none.


def fold(program: Program) -> Program:
    """Return the program without the steps of which the result is known.

    What is computed from constants is a constant, and some results are an operand: x · 1, −(−x), x − 0. Not x · 0 and
    x + 0: they are NaN for an infinite x, and 0 for −0.
    """
    return _rewritten(program, EXACT)


def share(program: Program) -> Program:
    """Return the program with equal steps taken once; the order of operands counts where it is rounded differently."""
    return _rewritten(program, {}, sharing=True)


def _rewritten(program: Program, rules: Mapping[Primitive, Rule], sharing: bool = False) -> Program:
    """Return the program, rewritten step by step by the rules and the writer."""
    new = Rewriting(program, sharing)
    known = [bool(rules) and row in BUILT_IN_ROWS for row in program.rows]
    rule: list[Any] = [rules.get(row) for row in program.rows]
    always = [found is not None and found not in ONLY_CONSTANTS for found in rule]
    for i in range(len(program.steps)):
        step, start, end = new.steps[i], new.starts[i], new.starts[i + 1]
        constants = 0
        for k in range(start, end):
            constants += new.numbers[new.operands[k]] < 0
        result = None
        if constants or always[step]:
            operands = [new.numbers[new.operands[k]] for k in range(start, end)]
            if known[step] and constants == end - start:
                numbers = [new.writer.constants[~v] for v in operands]
                result = new.writer.constant(program.rows[step].evaluate(*numbers))
            elif rule[step] is not None:
                result = rule[step](new.writer, *operands)
        new.numbers[new.first + i] = new.copy(i) if result is None else result
    return new.finish()


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


def _implies(w: Writer, x: int, y: int, depth: int = 2) -> bool:
    """Return whether a condition is known to hold only where another one does."""
    if x == y or depth == 0:
        return x == y
    if (row := w.primitive(y)) in (p.logical_and, p.logical_or):
        found = [_implies(w, x, v, depth - 1) for v in w.operands_of(y)]
        if all(found) if row is p.logical_and else any(found):
            return True
    if (row := w.primitive(x)) in (p.logical_and, p.logical_or):
        found = [_implies(w, v, y, depth - 1) for v in w.operands_of(x)]
        return any(found) if row is p.logical_and else all(found)
    return False


def _logical_and(w: Writer, x: int, y: int) -> int | None:
    for known, other in ((x, y), (y, x)):
        if known < 0 and not w.constants[~known]:
            return w.constant(0.0)
        if (known < 0 or _implies(w, other, known)) and _is_condition(w, other):
            return other
    return None


def _logical_or(w: Writer, x: int, y: int) -> int | None:
    for known, other in ((x, y), (y, x)):
        if known < 0 and w.constants[~known]:
            return w.constant(1.0)
        if (known < 0 or _implies(w, known, other)) and _is_condition(w, other):
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


def _small_monomial(w: Writer, c: int, x: int, y: int, k: int) -> int | None:
    """c · x and c · x², the slopes of small powers."""
    if c >= 0 or y >= 0 or k >= 0 or not w.constants[~c]:
        return None
    exponent = w.constants[~y] - w.constants[~k]
    if exponent == 1.0:
        return _product(w, c, x)
    return _product(w, c, _product(w, x, x)) if exponent == 2.0 else None


def _defined(w: Writer, condition: int, x: int, y: int) -> int | None:
    """where(y == y, x, y) is x if that is NaN wherever y is: if y is a small power, and x a product with its slope."""
    if w.primitive(condition) is p.equal and w.operands_of(condition) == [y, y] and w.primitive(x) is p.multiply:
        base = _base(w, y)
        if any(v == base or _is_square(w, v, base) for v in w.operands_of(x)):
            return x
    return _where(w, condition, x, y)


def _base(w: Writer, v: int) -> int | None:
    """Return x if a value is x² or x³."""
    if w.primitive(v) is not p.multiply:
        return None
    x, y = w.operands_of(v)
    return y if x == y or _is_square(w, x, y) else None


def _is_square(w: Writer, v: int, x: int | None) -> bool:
    return w.primitive(v) is p.multiply and w.operands_of(v) == [x, x]


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
CLOSE: Mapping[Primitive, Rule] = {
    **EXACT,
    p.power: _small_power,
    p.monomial: _small_monomial,
    p.where: _defined,
}
ONLY_CONSTANTS = frozenset((_add, _subtract, _multiply, _divide, _power, _small_power, _chain))  # look for no other


# ── unselect ─────────────────────────────────────────────────────────────────────────────────────────────────────────
# Its rules also note outside of which condition a result is 0.0: that is its *support*, as far as it is known.


def unselect(program: Program) -> Program:
    """Return the program without selections of 0 where there is 0 anyway. Equal steps are taken once.

    A recorded derivative selects 0 wherever a condition says that nothing flows. But a strong product is 0 where its
    adjoint is, and so are sums of such products: it is enough to select where the condition comes in.

    >>> from autograd import Value
    >>> x, y, z = Value(3.0), Value(0.5), Value(2.0)
    >>> print(drop(unselect(flatten([p.where(x, p.chain(p.where(x, y, 0.0), z), 0.0)], [x, y, z]))))
    program of v0, v1, v2
      v4 = v0 ? v1 : 0.0
      v5 = v4 · v2
      return v5
    """
    if p.where not in program.rows:
        return program
    return _rewritten(program, UNSELECTED, sharing=True)


def _support(w: Writer, v: int) -> int | None:
    return v if _is_condition(w, v) else w.support.get(v)


def _supported(w: Writer, v: int, condition: int | None) -> int:
    if condition is not None:
        w.support[v] = condition
    return v


def _both(w: Writer, x: int | None, y: int | None) -> int | None:
    """Return a condition that holds where both do; None holds everywhere."""
    if x is None or y is None or x == y:
        return y if x is None else x
    known = _logical_and(w, x, y)
    return w.step(w.row(p.logical_and), [x, y]) if known is None else known


def _either(w: Writer, x: int | None, y: int | None) -> int | None:
    """Return a condition that holds where one of two does."""
    if x is None or y is None or x == y:
        return x if x == y else None
    known = _logical_or(w, x, y)
    return w.step(w.row(p.logical_or), [x, y]) if known is None else known


def _supported_chain(w: Writer, adjoint: int, partial: int) -> int:
    return _supported(w, w.step(w.row(p.chain), [adjoint, partial]), _support(w, adjoint))


def _supported_sum(w: Writer, x: int, y: int) -> int:
    return _supported(w, w.step(w.row(p.add), [x, y]), _either(w, _support(w, x), _support(w, y)))


def _selection(w: Writer, condition: int, x: int, y: int) -> int:
    """Return where(condition, x, y)."""
    if not _is(w, y, 0.0):
        return _supported(w, _choice(w, condition, x, y), _either(w, _support(w, x), _support(w, y)))
    support = _support(w, x)
    if support is not None and _implies(w, support, condition):
        return x
    return _supported(w, _selected(w, condition, x), _both(w, support, condition))


def _choice(w: Writer, condition: int, x: int, y: int) -> int:
    known = _where(w, condition, x, y)
    return w.step(w.row(p.where), [condition, x, y]) if known is None else known


def _selected(w: Writer, condition: int, x: int) -> int:
    """Return where(condition, x, 0), in which no condition is asked twice, and none is inverted."""
    zero, row = w.constant(0.0), w.primitive(condition)
    if row is p.logical_not:
        return _choice(w, w.operands_of(condition)[0], zero, x)
    if w.primitive(x) is p.where:
        inner, yes, no = w.operands_of(x)
        if _implies(w, condition, inner):
            return _choice(w, condition, yes, zero)
        if row is p.logical_or and w.operands_of(condition)[0] == inner:
            return _choice(w, inner, yes, _selected(w, w.operands_of(condition)[1], no))
    return _choice(w, condition, x, zero)


UNSELECTED: Mapping[Primitive, Rule] = {p.where: _selection, p.chain: _supported_chain, p.add: _supported_sum}


# ── drop ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def drop(program: Program) -> Program:
    """Return the program without the steps and constants that no output and no guard needs. Inputs stay."""
    needed = _needed(program)
    new = Rewriting(program, needed=needed)
    for i in range(len(program.steps)):
        if needed[new.first + i]:
            new.numbers[new.first + i] = new.copy(i)
    return new.finish()


def _needed(program: Program) -> bytearray:
    """Return for each value 1 if an output or a guard needs it."""
    first, starts, operands = program.first, program.starts, program.operands
    needed = bytearray(first + len(program.steps))
    for v in (*program.outputs, *program.guards):
        needed[v] = 1
    for i in range(len(starts) - 2, -1, -1):
        if needed[first + i]:
            for k in range(starts[i], starts[i + 1]):
                needed[operands[k]] = 1
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


def uniform(program: Program) -> bytearray:
    """Return for each value 1 if it is the same for all lanes: a constant, a uniform input, or computed from such."""
    first, starts, operands = program.first, program.starts, program.operands
    marks = bytearray([1]) * (first + len(program.steps))
    for v, varies in enumerate(program.varying):
        marks[v] = 1 - varies
    for i in range(len(starts) - 1):
        for k in range(starts[i], starts[i + 1]):
            if not marks[operands[k]]:
                marks[first + i] = 0
                break
    return marks


# ── carry ────────────────────────────────────────────────────────────────────────────────────────────────────────────

OTHER, ADD, SUBTRACT, MULTIPLY, NEGATE, DOT, CHAIN, DIVIDE = range(8)
CARRYING = {p.add: ADD, p.multiply: MULTIPLY, p.negate: NEGATE, p.chain: CHAIN, p.divide: DIVIDE}
LARGEST_CARRIED = 1e20  # so that products come near to the largest and smallest numbers only where they did before


def carry(program: Program) -> Program:
    """Return the program with constant factors carried along products: one multiplies by all of them, at the end.

    The end is often a sum, which `fuse` gives them as a weight. What others need, too, is multiplied first, as before.
    What is the same for all lanes is multiplied by the constant behind it, once and not in every lane. Products may
    round differently, and a strong product with a constant may be −0 for an adjoint of −0.

    >>> from autograd import Value
    >>> x, y = Value(3.0), Value(0.5)
    >>> print(drop(carry(flatten([p.chain(-p.chain(x, 2.0), y) * 4.0], [x, y]))))
    program of v0, v1
      v3 = v0 · v1
      v4 = v3 * -8.0
      return v4
    """
    if p.chain not in program.rows and p.multiply not in program.rows:
        return program
    carried = Carried(program)
    for i in range(len(program.steps)):
        carried.carry(i)
    for v in (*program.outputs, *program.guards):
        carried.multiply(v)
    return carried.new.finish()


class Carried:
    """A program that is rewritten, and for each of its values the factor that it still has to be multiplied by."""

    def __init__(self, program: Program) -> None:
        self.new, self.first = Rewriting(program), program.first
        self.numbers = self.new.numbers
        self.steps, self.starts, self.operands = program.steps, program.starts, program.operands
        self.kinds = [CARRYING.get(row, OTHER) for row in program.rows]
        self.uses, self.uniform = _uses(program), uniform(program)
        self.factors = array("d", [1.0]) * (self.first + len(program.steps))
        self.scales = array("q", [-1]) * (self.first + len(program.steps))  # numbers of further, uniform factors
        self.scaled: dict[tuple[int, float], int] = {}  # and of these, multiplied by constants
        self.waiting = bytearray(self.first + len(program.steps))  # 1 for what only a product with a constant needs
        for i in range(len(program.steps)):
            if self.kinds[self.steps[i]] == MULTIPLY:
                self._look_at(self.operands[self.starts[i]], self.operands[self.starts[i] + 1], program.inputs)

    def _look_at(self, x: int, y: int, inputs: int) -> None:
        """Note whether one operand of a product is a constant, and the other one waits for it."""
        if inputs <= x < self.first:
            x, y = y, x
        if inputs <= y < self.first and self.uses[x] == 1:
            self.waiting[x] = 1

    def carry(self, i: int) -> None:
        """Write a step, or leave what it does to a factor."""
        v, start, kind = self.first + i, self.starts[i], self.kinds[self.steps[i]]
        if kind != OTHER and self._is_absorbed(v, self.operands[start], self.operands[self.starts[i + 1] - 1], kind):
            return
        if self.waiting[v] and kind == MULTIPLY and self._is_scaled(v, self.operands[start], self.operands[start + 1]):
            return
        factor = 1.0
        for k in range(start, self.starts[i + 1]):
            x = self.operands[k]
            product = factor * self.factors[x]
            hands_on = kind in (MULTIPLY, CHAIN) and self.uses[x] == 1 and self.uniform[x] == self.uniform[v]
            if hands_on and self.scales[x] < 0 and _is_moderate(product):
                factor = product
            else:
                self.multiply(x)
        self.numbers[v] = self.new.copy(i)
        self.factors[v] = factor

    def _is_absorbed(self, v: int, x: int, y: int, kind: int) -> bool:
        """Return whether the step multiplies its operand `x` by a constant, and leave that to a factor.

        A quotient has to have a factor already: alone, it is rounded once as it is.
        """
        if self.numbers[x] < 0 and kind == MULTIPLY:
            x, y = y, x
        factor = self.factors[x]
        constant = self.new.writer.constants[-1 - self.numbers[y]] if self.numbers[y] < 0 else 0.0
        if kind == NEGATE:
            factor = -factor
        elif kind == ADD:
            factor *= 2.0 if x == y else 0.0
        elif kind == DIVIDE:
            factor = factor / constant if factor != 1.0 and _is_moderate(constant) else 0.0
        else:
            factor *= constant
        if not _is_moderate(factor):
            return False
        self.numbers[v], self.factors[v], self.scales[v] = self.numbers[x], factor, self.scales[x]
        return True

    def _is_scaled(self, v: int, x: int, y: int) -> bool:
        """Return whether one operand is the same for all lanes, and leave it to be multiplied by the constant first."""
        if self.uniform[x] == self.uniform[y]:
            return False
        if self.uniform[y]:
            x, y = y, x
        self.multiply(x)
        if self.numbers[x] < 0:
            return False
        if self.uses[y] > 1 or self.scales[y] >= 0:
            self.multiply(y)
        self.numbers[v], self.factors[v], self.scales[v] = self.numbers[y], self.factors[y], self.numbers[x]
        return True

    def multiply(self, v: int) -> None:
        """Multiply a value by its factors."""
        writer, factor, scale = self.new.writer, self.factors[v], self.scales[v]
        if scale >= 0:
            self.numbers[v] = writer.step(writer.row(p.multiply), [self._product(scale, factor), self.numbers[v]])
        elif factor != 1.0:
            self.numbers[v] = writer.step(writer.row(p.multiply), [self.numbers[v], writer.constant(factor)])
        self.factors[v], self.scales[v] = 1.0, -1

    def _product(self, scale: int, factor: float) -> int:
        """Return a uniform factor times a constant: a product that there is already is not repeated."""
        writer, key = self.new.writer, (scale, factor)
        if key not in self.scaled:
            row = writer.row(p.multiply)
            self.scaled[key] = scale if factor == 1.0 else writer.step(row, [scale, writer.constant(factor)])
        return self.scaled[key]


def _is_moderate(x: float) -> bool:
    return 1.0 / LARGEST_CARRIED < abs(x) < LARGEST_CARRIED


# ── fuse ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

KINDS = {p.add: ADD, p.subtract: SUBTRACT, p.multiply: MULTIPLY, p.negate: NEGATE, p.dot: DOT}


def fuse(program: Program) -> Program:
    """Return the program with sums of products, such as a·b + c·d − e, added up in one step.

    A sum takes in an operand that nobody else needs: a product, a sum, a `dot`. But not one that is the same for all
    lanes into one that is not, as it would be computed in every lane. Terms are added from left to right, starting
    with 0, which may round differently; −0 becomes 0.
    """
    sums = Sums(program)
    if 1 not in sums.taken:
        return program
    new = Rewriting(program)
    for i in range(len(program.steps)):
        v = new.first + i
        if not sums.taken[v]:
            new.numbers[v] = sums.write(v, new) if sums.takes_in(i) else new.copy(i)
    return new.finish()


class Sums:
    """The sums of a program, and what they take in."""

    def __init__(self, program: Program) -> None:
        self.inputs, self.first, self.constants = program.inputs, program.first, program.constants
        self.steps, self.starts, self.operands = program.steps, program.starts, program.operands
        self.kinds = [KINDS.get(row, OTHER) for row in program.rows]
        self.uses, self.uniform = _uses(program), uniform(program)
        self.taken = bytearray(self.first + len(program.steps))  # 1 for a value that the sum takes in that needs it
        self.terms = array("i", bytes(4 * len(program.steps)))  # of a step, if they are few; 0 for other rows
        self.signed = bytearray(len(program.steps))  # 1 if each term has a constant, whose sign can be changed
        for i in range(len(program.steps)):
            self._look_at(i)

    def _look_at(self, i: int) -> None:
        """Find out how many terms a step has, and what it takes in if it is a sum."""
        kind, start, end = self.kinds[self.steps[i]], self.starts[i], self.starts[i + 1]
        if kind in (ADD, SUBTRACT):
            terms, signed = 0, 1
            for k in range(start, end):
                step = self.operands[k] - self.first
                if self._is_taken(i, k, terms):
                    self.taken[self.operands[k]] = 1
                    terms += self.terms[step]
                    signed &= self.signed[step]
                else:
                    terms += 1
            self.terms[i], self.signed[i] = terms, signed
        elif kind == NEGATE:
            self.terms[i] = self.signed[i] = 1
        elif kind != OTHER and end - start < 2 * MAX_TERMS:
            half = (end - start) // 2
            self.terms[i] = half
            self.signed[i] = 1
            for k in range(start, start + half):
                if not (self._is_constant(self.operands[k]) or self._is_constant(self.operands[k + half])):
                    self.signed[i] = 0

    def _is_taken(self, i: int, k: int, before: int) -> bool:
        """Return whether sum `i`, which has so many terms already, takes in its operand at place `k`."""
        v, step = self.operands[k], self.operands[k] - self.first
        if step < 0 or self.uses[v] != 1 or self.uniform[v] != self.uniform[self.first + i]:
            return False
        negative = self.kinds[self.steps[i]] == SUBTRACT and k > self.starts[i]
        others = before if k > self.starts[i] else 1  # the second operand is a term at least
        return 0 < self.terms[step] <= MAX_TERMS - others and (not negative or self.signed[step] == 1)

    def _is_constant(self, v: int) -> bool:
        return self.inputs <= v < self.first

    def takes_in(self, i: int) -> bool:
        """Return whether a step is a sum that takes in an operand."""
        if self.kinds[self.steps[i]] not in (ADD, SUBTRACT):
            return False
        start = self.starts[i]
        return self.taken[self.operands[start]] == 1 or self.taken[self.operands[start + 1]] == 1

    def write(self, v: int, new: Rewriting) -> int:
        """Write a sum with all that it takes in as one step; return the number of its result."""
        left: list[int] = []
        right: list[int] = []
        self._add_terms(v, 1.0, new, left, right)
        return new.writer.step(new.writer.row(p.dot), left + right)

    def _add_terms(self, v: int, sign: float, new: Rewriting, left: list[int], right: list[int]) -> None:
        """Add the factors of the terms of a sum or a product, times 1 or −1, by their new numbers."""
        i = v - self.first
        kind, start = self.kinds[self.steps[i]], self.starts[i]
        if kind in (MULTIPLY, DOT):
            half = self.terms[i]
            for k in range(start, start + half):
                self._add_product(self.operands[k], self.operands[k + half], sign, new, left, right)
            return
        for k in range(start, self.starts[i + 1]):
            negative = kind == NEGATE or (kind == SUBTRACT and k > start)
            if self.taken[self.operands[k]] and kind != NEGATE:
                self._add_terms(self.operands[k], -sign if negative else sign, new, left, right)
            else:
                left.append(new.numbers[self.operands[k]])
                right.append(new.writer.constant(-sign if negative else sign))

    def _add_product(self, x: int, y: int, sign: float, new: Rewriting, left: list[int], right: list[int]) -> None:
        """Add x · y, or −x · y, of which one is a constant then."""
        u, v = new.numbers[x], new.numbers[y]
        if sign < 0.0 and self._is_constant(y):
            v = new.writer.constant(-self.constants[y - self.inputs])
        elif sign < 0.0:
            u = new.writer.constant(-self.constants[x - self.inputs])
        left.append(u)
        right.append(v)


def _uses(program: Program) -> array[int]:
    """Return how often each value is an operand, an output or a guard."""
    uses = array("q", bytes(8 * (program.first + len(program.steps))))
    for values in (program.operands, program.outputs, program.guards):
        for place in range(len(values)):
            uses[values[place]] += 1
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
    return _planned(program, [*program.outputs, *program.guards] if keep is None else keep)


def _planned(program: Program, keep: Iterable[int]) -> Plan:
    last, marks, first = _last_uses(program), uniform(program), program.first
    starts, operands = program.starts, program.operands
    for v in keep:
        last[v] = len(program.steps)
    found, free, size = array("i", [-1]) * len(program.steps), [-1], 0
    slots = found  # what C works on, where this is compiled
    for i in range(len(program.steps)):
        if marks[first + i]:
            continue
        slots[i] = free.pop()
        if slots[i] < 0:
            free.append(-1)
            slots[i] = size
            size += 1
        for k in range(starts[i], starts[i + 1]):
            v = operands[k]
            if v >= first and last[v] == i and not marks[v]:
                free.append(slots[v - first])
                last[v] = -1  # given back once, although it may be an operand twice
        if last[first + i] == i:
            free.append(slots[i])
    return Plan(found, size)


def _last_uses(program: Program) -> array[int]:
    """Return for each value the last step that uses it: for a result that is never used, its own."""
    first, starts, operands = program.first, program.starts, program.operands
    last = array("q", bytes(8 * (first + len(program.steps))))
    for i in range(len(starts) - 1):
        last[first + i] = i
        for k in range(starts[i], starts[i + 1]):
            last[operands[k]] = i
    return last


if NATIVE and __name__ == "autograd.passes":
    with suppress(ImportError):
        from autograd._passes import *  # type: ignore[import-not-found] # noqa: F403
