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
from autograd.core import NATIVE, read
from autograd.errors import GraphError, describe
from autograd.primitives import BUILT_IN, TABLE, Primitive
from autograd.program import Program

Rule = Callable[..., int | None]
Nodes = dict[int, Any]  # by creation number

BUILT_IN_ROWS = frozenset(TABLE[name] for name in BUILT_IN)  # others may count their calls, or raise
COMMUTATIVE = frozenset((p.add, p.multiply, p.equal, p.not_equal, p.logical_and, p.logical_or))
CONDITIONS = frozenset(p.CONDITIONS)
MAX_TERMS = 16  # of a fused sum: the operands of a longer one would all have to be kept until it is added up


class Writer:
    """Writes a program step by step.

    How many constants there will be is known at the end, so until then they have negative numbers, -1, -2, …; results
    follow the inputs. With `sharing`, the same step is not written twice.
    """

    def __init__(self, inputs: int, sharing: bool = False) -> None:
        self.inputs = inputs
        self.count = 0  # of steps
        self.constants: list[float] = []
        self.rows: list[Primitive] = []
        self.steps: list[int] = []
        self.starts: list[int] = [0]
        self.operands: list[int] = []
        self.support: dict[int, int] = {}  # of a value, a condition without which it is 0.0
        self._constant_places: dict[Any, int] = {}
        self._row_places: dict[Primitive, int] = {}
        self._sharing = sharing
        self._written: list[dict[Any, int]] = []  # per row the results, by their operands
        self._commutative: list[bool] = []

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
            self._written.append({})
            self._commutative.append(primitive in COMMUTATIVE)
        return place

    def step(self, row: int, operands: list[int]) -> int:
        """Write a step; return the number of its result."""
        result = self.inputs + self.count
        if self._sharing:
            known: int = self._written[row].setdefault(self._key(row, operands), result)
            if known != result:
                return known
        self.steps.append(row)
        self.operands.extend(operands)
        self.starts.append(len(self.operands))
        self.count += 1
        return result

    def _key(self, row: int, operands: list[int]) -> Any:
        """Return what steps of a row have in common if and only if they have the same result."""
        if len(operands) != 2:
            return tuple(operands) if len(operands) > 1 else operands[0] if operands else None
        x, y = operands[0], operands[1]
        if y < x and self._commutative[row]:
            x, y = y, x
        return (x + 0x80000000) << 32 | (y + 0x80000000)  # one integer is found sooner than a pair

    def primitive(self, v: int) -> Primitive | None:
        """Return what a value is the result of; None for an input or a constant."""
        return self.rows[self.steps[v - self.inputs]] if v >= self.inputs else None

    def operands_of(self, v: int) -> list[int]:
        """Return the operands of a result."""
        step = v - self.inputs
        return self.operands[self.starts[step] : self.starts[step + 1]]

    def finish(self, varying: bytes, outputs: list[int], guards: list[int], outcomes: bytes) -> Program:
        """Return the program, its constants in their place between inputs and results."""
        return Program(
            inputs=self.inputs,
            varying=varying,
            constants=array("d", self.constants),
            rows=tuple(self.rows),
            steps=array("H", self.steps),
            starts=array("I", self.starts),
            operands=self._numbered(self.operands),
            outputs=self._numbered(outputs),
            guards=self._numbered(guards),
            outcomes=outcomes,
        )

    def _numbered(self, values: list[int]) -> array[int]:
        inputs, shift = self.inputs, len(self.constants)
        found = array("I", bytes(4 * len(values)))
        room = found  # what C works on, where this is compiled
        for place in range(len(values)):
            v = values[place]
            room[place] = v + shift if v >= inputs else v if v >= 0 else inputs - 1 - v
        return found


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
    shared = _rewritten(program, Writer(program.inputs, sharing=True), EXACT if exact else CLOSE)
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
    asked = list(guards)
    conditions = [guard[0] for guard in asked]
    places = {x.number: place for place, x in enumerate(inputs)}
    if len(places) < len(inputs):
        twice = next(x for place, x in enumerate(inputs) if places[x.number] != place)
        raise GraphError(f"flatten: got {describe(twice)} as an input twice; expected different Values")
    writer = Writer(len(inputs))
    _write(writer, _needed_nodes([x for x in (*outputs, *conditions) if type(x) is not float], places), places)
    results = [writer.constant(x) if type(x) is float else places[x.number] for x in outputs]
    marks = bytes([1] * len(inputs)) if varying is None else bytes(map(bool, varying))
    outcomes = bytes([bool(guard[1]) for guard in asked])
    return writer.finish(marks, results, [places[x.number] for x in conditions], outcomes)


def _needed_nodes(waiting: list[Any], known: dict[int, int]) -> Nodes:
    """Return the nodes that the waiting ones need, by creation number; what is known already is left out."""
    found: Nodes = {}
    while waiting:
        node = waiting.pop()
        number = node.number
        if number not in found and number not in known:
            found[number] = node
            waiting += [x for x in node.operands if type(x) is not float]
    return found


def _write(writer: Writer, nodes: Nodes, places: dict[int, int]) -> None:
    """Write the nodes in the order of their numbers, which is topological; add their values to the places."""
    for number in sorted(nodes):
        node = nodes[number]
        operands = [writer.constant(x) if type(x) is float else places[x.number] for x in node.operands]
        row = node.primitive
        places[number] = writer.constant(read(node)) if row is None else writer.step(writer.row(row), operands)


# ── fold ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
# A rule is given the writer of the new program and the operands of a step. It returns the number of a value that is
# equal to the result, and which it may have written; None if it knows of none.


def fold(program: Program) -> Program:
    """Return the program without the steps of which the result is known.

    What is computed from constants is a constant, and some results are an operand: x · 1, −(−x), x − 0. Not x · 0 and
    x + 0: they are NaN for an infinite x, and 0 for −0.
    """
    return _rewritten(program, Writer(program.inputs), EXACT)


def share(program: Program) -> Program:
    """Return the program with equal steps taken once; the order of operands counts where it is rounded differently."""
    return _rewritten(program, Writer(program.inputs, sharing=True), {})


def _rewritten(program: Program, writer: Writer, rules: Mapping[Primitive, Rule]) -> Program:
    """Return the program, rewritten step by step by the rules and the writer."""
    first, new = program.first, _begun(program, writer)
    rows = [writer.row(row) for row in program.rows]
    known = [bool(rules) and row in BUILT_IN_ROWS for row in program.rows]
    rule: list[Any] = [rules.get(row) for row in program.rows]
    always = [found not in ONLY_CONSTANTS for found in rule]
    steps, starts, old = program.steps, program.starts, program.operands
    for i in range(len(steps)):
        step, start, end = steps[i], starts[i], starts[i + 1]
        operands, constants = [], 0
        for k in range(start, end):
            v = new[old[k]]
            operands.append(v)
            constants += v < 0
        result = None
        if known[step] and constants == end - start:
            result = writer.constant(program.rows[step].evaluate(*[writer.constants[~v] for v in operands]))
        elif rule[step] is not None and (constants or always[step]):
            result = rule[step](writer, *operands)
        new[first + i] = writer.step(rows[step], operands) if result is None else result
    return _finished(program, writer, new)


def _begun(program: Program, writer: Writer, needed: bytearray | None = None) -> array[int]:
    """Return room for the new number of each value, those of the inputs and of the needed constants in it."""
    new = array("q", bytes(8 * (program.first + len(program.steps))))
    for v in range(program.inputs):
        new[v] = v
    for v, x in enumerate(program.constants, program.inputs):
        if needed is None or needed[v]:
            new[v] = writer.constant(x)
    return new


def _finished(program: Program, writer: Writer, new: array[int]) -> Program:
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
    return _rewritten(program, Writer(program.inputs, sharing=True), UNSELECTED)


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
    needed, first, writer = _needed(program), program.first, Writer(program.inputs)
    new = _begun(program, writer, needed)
    rows = [-1] * len(program.rows)
    steps, starts, old = program.steps, program.starts, program.operands
    for i in range(len(steps)):
        if needed[first + i]:
            step, start, end = steps[i], starts[i], starts[i + 1]
            if rows[step] < 0:
                rows[step] = writer.row(program.rows[step])
            new[first + i] = writer.step(rows[step], [new[old[k]] for k in range(start, end)])
    return _finished(program, writer, new)


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
    Products may round differently, and a strong product with a constant may be −0 for an adjoint of −0.

    >>> from autograd import Value
    >>> x, y = Value(3.0), Value(0.5)
    >>> print(carry(flatten([p.chain(-p.chain(x, 2.0), y) * 4.0], [x, y])))
    program of v0, v1
      v3 = v0 · v1
      v4 = v3 * -8.0
      return v4
    """
    first, writer = program.first, Writer(program.inputs)
    if p.chain not in program.rows and p.multiply not in program.rows:
        return program
    new, factors = _begun(program, writer), array("d", [1.0]) * (first + len(program.steps))
    rows, kinds = [writer.row(row) for row in program.rows], [CARRYING.get(row, OTHER) for row in program.rows]
    uses, marks = _uses(program), uniform(program)
    steps, starts, old = program.steps, program.starts, program.operands
    for i in range(len(steps)):
        v, start, kind = first + i, starts[i], kinds[steps[i]]
        if kind == NEGATE:
            new[v], factors[v] = new[old[start]], -factors[old[start]]
        elif kind == ADD and old[start] == old[start + 1]:
            new[v], factors[v] = new[old[start]], 2.0 * factors[old[start]]
        elif kind == DIVIDE and _is_divided(writer, new[old[start + 1]], factors[old[start]]):
            new[v] = new[old[start]]
            factors[v] = factors[old[start]] / writer.constants[~new[old[start + 1]]]
        elif kind in (MULTIPLY, CHAIN):
            x, y = old[start], old[start + 1]
            if new[x] < 0 and kind == MULTIPLY:
                x, y = y, x
            if new[y] < 0 and _is_moderate(factors[x] * writer.constants[~new[y]]):
                new[v], factors[v] = new[x], factors[x] * writer.constants[~new[y]]
                continue
            factor = 1.0
            for operand in (x, y):
                if uses[operand] == 1 and marks[operand] == marks[v] and _is_moderate(factor * factors[operand]):
                    factor *= factors[operand]
                else:
                    _multiplied(writer, new, factors, operand)
            new[v] = writer.step(rows[steps[i]], [new[old[start]], new[old[start + 1]]])
            factors[v] = factor
        else:
            operands = [_multiplied(writer, new, factors, old[k]) for k in range(start, starts[i + 1])]
            new[v] = writer.step(rows[steps[i]], operands)
    for v in (*program.outputs, *program.guards):
        _multiplied(writer, new, factors, v)
    return _finished(program, writer, new)


def _is_divided(writer: Writer, divisor: int, factor: float) -> bool:
    """Return whether it is a factor that is to be divided by a constant; without one, a quotient is rounded once."""
    return divisor < 0 and factor != 1.0 and _is_moderate(writer.constants[~divisor])


def _is_moderate(x: float) -> bool:
    return 1.0 / LARGEST_CARRIED < abs(x) < LARGEST_CARRIED


def _multiplied(writer: Writer, new: Any, factors: Any, v: int) -> int:
    """Multiply a value by what it has been carrying, if it has, and return its number."""
    if factors[v] != 1.0:
        new[v], factors[v] = writer.step(writer.row(p.multiply), [new[v], writer.constant(factors[v])]), 1.0
    return new[v]  # type: ignore[no-any-return]


# ── fuse ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

Factors = list[Any]  # of the terms of a sum, two by two: numbers of values (int) and constants (float)
KINDS = {p.add: ADD, p.subtract: SUBTRACT, p.multiply: MULTIPLY, p.negate: NEGATE, p.dot: DOT}


def fuse(program: Program) -> Program:
    """Return the program with sums of products, such as a·b + c·d − e, added up in one step.

    A sum takes in an operand that nobody else needs: a product, a sum, a `dot`. But not one that is the same for all
    lanes into one that is not, as it would be computed in every lane. Terms are added from left to right, starting
    with 0, which may round differently; −0 becomes 0.
    """
    sums, absorbed = _sums(program)
    if not sums:
        return program
    first, writer = program.first, Writer(program.inputs)
    new = _begun(program, writer)
    rows, dot = [writer.row(row) for row in program.rows], writer.row(p.dot)
    steps, starts, old = program.steps, program.starts, program.operands
    for i in range(len(steps)):
        start, end = starts[i], starts[i + 1]
        if absorbed[first + i]:
            continue
        if first + i in sums:
            factors = [writer.constant(x) if type(x) is float else new[x] for x in sums[first + i]]
            new[first + i] = writer.step(dot, factors[::2] + factors[1::2])
        else:
            new[first + i] = writer.step(rows[steps[i]], [new[old[k]] for k in range(start, end)])
    return _finished(program, writer, new)


def _sums(program: Program) -> tuple[dict[int, Factors], bytearray]:
    """Return the factors of the terms of each sum that takes in another step; and 1 for each value taken in."""
    first, steps, starts = program.first, program.steps, program.starts
    operands, kinds = program.operands, [KINDS.get(row, OTHER) for row in program.rows]
    uses, marks = _uses(program), uniform(program)
    sums: dict[int, Factors] = {}
    absorbed = bytearray(first + len(steps))
    for i in range(len(steps)):
        kind = kinds[steps[i]]
        if kind not in (ADD, SUBTRACT):
            continue
        terms: Factors = []
        for place in range(2):
            v = operands[starts[i] + place]
            negative = kind == SUBTRACT and place == 1
            inner: Factors = []
            other = kinds[steps[v - first]] if v >= first and uses[v] == 1 and marks[v] == marks[first + i] else OTHER
            if other != OTHER:
                inner = sums.get(v) or _factors(program, v, other)
                inner = _negated(inner) if negative else inner
            if inner and len(terms) + len(inner) < 2 * MAX_TERMS:
                terms += inner
                absorbed[v] = 1
                sums[first + i] = terms
            else:
                terms += [v, -1.0 if negative else 1.0]
    return sums, absorbed


def _factors(program: Program, v: int, kind: int) -> Factors:
    """Return the factors of the terms of a result of this kind; nothing if there are too many."""
    start, end = program.starts[v - program.first], program.starts[v - program.first + 1]
    operands = program.operands[start:end]
    if len(operands) >= 2 * MAX_TERMS:
        return []
    numbers = [program.constants[v - program.inputs] if program.inputs <= v < program.first else v for v in operands]
    if kind in (ADD, SUBTRACT):
        return [numbers[0], 1.0, numbers[1], 1.0 if kind == ADD else -1.0]
    if kind == MULTIPLY:
        return numbers
    if kind == NEGATE:
        return [numbers[0], -1.0]
    half = len(numbers) // 2
    return [x for pair in zip(numbers[:half], numbers[half:]) for x in pair]


def _negated(factors: Factors) -> Factors:
    """Return the factors of the negative sum; nothing if a term has no constant whose sign could be changed."""
    found: Factors = []
    for x, y in zip(factors[::2], factors[1::2]):
        if type(y) is float:
            found += [x, -y]
        elif type(x) is float:
            found += [-x, y]
        else:
            return []
    return found


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
