"""Programs on numpy: every step works on a block of lanes at a time, so that what it needs stays in the cache.

A row runs as numpy's functions where they give what the row gives: to the bit in `EXACT`, within 4 ulp in `CLOSE`. What
is in neither is computed lane by lane. The table is the specification; where numpy differs, at a tie of `maximum`, for
the sign of -0.0, numpy is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd import primitives as p
from autograd.floats import SMALLEST_NORMAL, plain_sum, two_difference
from autograd.passes import plan, uniform
from autograd.primitives import Primitive
from autograd.program import Program

Column = npt.NDArray[np.float64]
Lanes = npt.NDArray[np.intp]
Kernel = Callable[..., None]  # kernel(out, *operands): operands are columns, or floats where they are uniform
Step = tuple[Kernel, int, list[int]]  # a kernel, what it writes to, and its operands

BLOCK = 4096  # lanes at a time
SUMMED = 1024  # lanes whose sum is taken on its own
PARTS = 8  # partial sums of these


# ── kernels ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _kernel(function: Callable[..., Any]) -> Kernel:
    return lambda out, *operands: function(*operands, out=out)


def _lane_by_lane(row: Primitive) -> Kernel:
    def kernel(out: Column, *operands: Any) -> None:
        numbers = [x.tolist() if isinstance(x, np.ndarray) else repeat(x) for x in operands]
        out[:] = list(map(row.evaluate, *numbers))

    return kernel


def _mend(row: Primitive, out: Column, wrong: Any, *operands: Any) -> None:
    """Compute anew, lane by lane, what is wrong."""
    if wrong.any():
        part = np.empty(np.count_nonzero(wrong))
        _lane_by_lane(row)(part, *[x[wrong] if isinstance(x, np.ndarray) else x for x in operands])
        out[wrong] = part


def _identity(out: Column, x: Any) -> None:
    out[:] = x


def _chain(out: Column, adjoint: Any, partial: Any) -> None:
    np.multiply(adjoint, partial, out=out)
    np.copyto(out, 0.0, where=np.equal(adjoint, 0.0))


def _sign(out: Column, x: Column) -> None:
    """A zero keeps its sign, which `np.sign` does not leave it."""
    np.copysign(1.0, x, out=out)
    np.copyto(out, x, where=(x == 0) | np.isnan(x))


def _where(out: Column, condition: Any, x: Any, y: Any) -> None:
    out[:] = y
    np.copyto(out, x, where=np.not_equal(condition, 0.0))


def _best(better: Callable[..., Any], out: Column, first: Any, *others: Any) -> None:
    """Select the first of the best; `np.maximum` and `np.minimum` leave open which of 0.0 and -0.0 that is."""
    out[:] = first
    for x in others:
        np.copyto(out, x, where=better(x, out) | np.isnan(x))


def _clip(out: Column, x: Any, low: Any, high: Any) -> None:
    raised = np.empty_like(out)
    _best(np.greater, raised, x, low)
    _best(np.less, out, raised, high)


def _relu(out: Column, x: Column) -> None:
    out[:] = x
    np.copyto(out, 0.0, where=x <= 0)


def _dot(out: Column, *operands: Any) -> None:
    out[:] = 0.0
    half = len(operands) // 2
    for x, y in zip(operands[:half], operands[half:]):
        out += x if type(y) is float and y == 1.0 else x * y


def _prod(out: Column, *operands: Any) -> None:
    out[:] = 1.0
    for x in operands:
        out *= x


def _ratio(out: Column, x: Any, y: Any, n: Any) -> None:
    """Divide n times, where all that comes on the way is a normal number."""
    if type(n) is not float or n not in (1.0, 2.0, 3.0):
        return _lane_by_lane(p.ratio)(out, x, y, n)
    np.divide(x, y, out=out)
    wild = _is_wild(out)
    for _ in range(int(n) - 1):
        out /= y
    _mend(p.ratio, out, wild | _is_wild(out), x, y, n)


def _is_wild(x: Column) -> Any:
    """Return where something may have been lost to underflow or overflow."""
    size = np.absolute(x)
    return ~((size >= SMALLEST_NORMAL) & (size < np.inf))


def _atan_slope(out: Column, x: Column) -> None:
    out[:] = np.where(np.absolute(x) < 1e8, 1.0 / (1.0 + x * x), 1.0 / x / x)


def _asin_slope(out: Column, x: Column) -> None:
    np.divide(1.0, np.sqrt((1.0 - x) * (1.0 + x)), out=out)


def _atanh_slope(out: Column, x: Column) -> None:
    np.divide(1.0, (1.0 - x) * (1.0 + x), out=out)
    np.copyto(out, np.nan, where=np.absolute(x) > 1.0)


EXACT: Mapping[Primitive, Kernel] = {
    p.identity: _identity,
    p.add: _kernel(np.add),
    p.subtract: _kernel(np.subtract),
    p.multiply: _kernel(np.multiply),
    p.divide: _kernel(np.divide),
    p.negate: _kernel(np.negative),
    p.absolute: _kernel(np.absolute),
    p.chain: _chain,
    p.fmod: _kernel(np.fmod),
    p.sqrt: _kernel(np.sqrt),
    p.floor: _kernel(np.floor),
    p.ceil: _kernel(np.ceil),
    p.trunc: _kernel(np.trunc),
    p.sign: _sign,
    p.copysign: _kernel(np.copysign),
    p.where: _where,
    p.clip: _clip,
    p.relu: _relu,
    p.maximum: partial(_best, np.greater),
    p.minimum: partial(_best, np.less),
    p.less: _kernel(np.less),
    p.less_equal: _kernel(np.less_equal),
    p.greater: _kernel(np.greater),
    p.greater_equal: _kernel(np.greater_equal),
    p.equal: _kernel(np.equal),
    p.not_equal: _kernel(np.not_equal),
    p.logical_and: _kernel(np.logical_and),
    p.logical_or: _kernel(np.logical_or),
    p.logical_not: _kernel(np.logical_not),
    p.dot: _dot,
    p.prod: _prod,
    p.ratio: _ratio,
    p.atan_slope: _atan_slope,
    p.asin_slope: _asin_slope,
    p.atanh_slope: _atanh_slope,
}


def _round_to(out: Column, x: Any, digits: Any) -> None:
    if type(digits) is float and digits == 0:
        np.rint(x, out=out)
    else:
        _lane_by_lane(p.round_to)(out, x, digits)


def _sigmoid(out: Column, x: Column) -> None:
    e = np.exp(-np.absolute(x))
    np.divide(np.where(x >= 0, 1.0, e), 1.0 + e, out=out)


def _softplus(out: Column, x: Column) -> None:
    _relu(out, x)
    out += np.log1p(np.exp(-np.absolute(x)))


def _silu(out: Column, x: Column) -> None:
    _sigmoid(out, x)
    out *= x
    np.copyto(out, -0.0, where=np.isneginf(x))


def _logsumexp(out: Column, *operands: Any) -> None:
    largest = np.empty_like(out)
    _best(np.greater, largest, -np.inf, *operands)
    out[:] = 0.0
    found = np.zeros(out.shape, dtype=bool)
    for x in operands:
        first = (x == largest) & ~found
        found |= first
        out += np.where(first, 0.0, np.exp(x - largest))
    np.add(largest, np.log1p(out), out=out)
    np.copyto(out, largest, where=np.isinf(largest))


def _hypot(out: Column, *operands: Any) -> None:
    """Two by two, unless that adds up too many roundings, or something may have overflowed before a NaN came."""
    if len(operands) <= 4:
        out[:] = np.absolute(operands[0])
        for x in operands[1:]:
            np.hypot(out, x, out=out)
    if len(operands) > 4 or (len(operands) > 2 and np.isinf(out).any()):
        _lane_by_lane(p.hypot)(out, *operands)


def _monomial(out: Column, c: Any, x: Any, y: Any, k: Any) -> None:
    """Take a power, where y - k is exact and all that comes on the way is a normal number."""
    if not (type(y) is type(k) is float and two_difference(y, k)[1] == 0.0):
        return _lane_by_lane(p.monomial)(out, c, x, y, k)
    np.power(x, y - k, out=out)
    wild = _is_wild(out)
    out *= c
    np.copyto(out, 0.0, where=np.equal(c, 0.0))
    _mend(p.monomial, out, wild, c, x, y, k)


def _exp_of_difference(out: Column, x: Any, y: Any) -> None:
    difference, rest = two_difference(x, y)
    np.exp(difference, out=out)
    np.copyto(out, out + out * rest, where=(out > 0.0) & (out < np.inf))
    np.copyto(out, 1.0, where=np.equal(x, y))


def _bump(out: Column, c: Any, x: Any) -> None:
    e = np.exp(-np.absolute(x))
    total = 1.0 + e
    slope = e / (total * total)
    np.multiply(c, slope - slope * (2.0 * (e - (total - 1.0)) / total), out=out)
    _mend(p.bump, out, np.broadcast_to(e <= 1e-290, out.shape), c, x)


CLOSE: Mapping[Primitive, Kernel] = {
    p.power: _kernel(np.power),
    p.mod: _kernel(np.mod),
    p.floor_divide: _kernel(np.floor_divide),
    p.exp: _kernel(np.exp),
    p.exp2: _kernel(np.exp2),
    p.expm1: _kernel(np.expm1),
    p.log: _kernel(np.log),
    p.log2: _kernel(np.log2),
    p.log10: _kernel(np.log10),
    p.log1p: _kernel(np.log1p),
    p.cbrt: _kernel(np.cbrt),
    p.sin: _kernel(np.sin),
    p.cos: _kernel(np.cos),
    p.tan: _kernel(np.tan),
    p.asin: _kernel(np.arcsin),
    p.acos: _kernel(np.arccos),
    p.atan: _kernel(np.arctan),
    p.atan2: _kernel(np.arctan2),
    p.sinh: _kernel(np.sinh),
    p.cosh: _kernel(np.cosh),
    p.tanh: _kernel(np.tanh),
    p.asinh: _kernel(np.arcsinh),
    p.acosh: _kernel(np.arccosh),
    p.atanh: _kernel(np.arctanh),
    p.round_to: _round_to,
    p.sigmoid: _sigmoid,
    p.softplus: _softplus,
    p.silu: _silu,
    p.logsumexp: _logsumexp,
    p.hypot: _hypot,
    p.monomial: _monomial,
    p.exp_of_difference: _exp_of_difference,
    p.bump: _bump,
}


def kernel(row: Primitive, exact: bool) -> Kernel:
    """Return what computes a row for a block of lanes."""
    return EXACT.get(row) or (not exact and CLOSE.get(row)) or _lane_by_lane(row)


# ── what is done with results, as soon as they are there ─────────────────────────────────────────────────────────────


def _store(target: tuple[Column, Any], x: Any) -> None:
    column, lanes = target
    column[lanes] = x


def _add_up(target: tuple[Column, int], x: Any) -> None:
    total, width = target
    x = np.broadcast_to(x, (width,))
    for start in range(0, width, SUMMED):
        total += _sum(x[start : start + SUMMED])


def _sum(x: Column) -> float:
    """Return the sum of a block: lane i is added to partial sum i mod 8, and these from left to right.

    So a machine with vectors adds in the same order.
    """
    whole = len(x) // PARTS * PARTS
    parts = np.add.reduce(x[:whole].reshape(-1, PARTS), axis=0)
    parts[: len(x) - whole] += x[whole:]
    return plain_sum(parts.tolist())


def _check(place: int, outcome: int, found: Lanes, x: Any) -> None:
    np.minimum(found, place, out=found, where=np.not_equal(x, 0.0) != bool(outcome))


# ── programs ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Batch:
    """A program made ready to run on many lanes.

    While it runs, every value has a *cell*, which holds a float if it is uniform, else the numbers of a block of lanes.
    Behind those stand one cell per output, and one for the guards, to which results go.
    """

    def __init__(self, program: Program, exact: bool = False, summed: bytes = b"") -> None:
        self._program, self._summed = program, summed or bytes(len(program.outputs))
        self._marks, self._plan = uniform(program), plan(program, keep=())
        self._once: list[tuple[Callable[..., float], int, list[int]]] = []
        self._steps: list[Step] = []
        self._targets = program.first + len(program.steps)
        uses = self._uses()
        for v in range(program.first):
            self._steps += uses[v]
        for number, (row, operands) in enumerate(program, program.first):
            if self._marks[number]:
                self._once.append((row.evaluate, number, operands.tolist()))
            else:
                self._steps.append((kernel(row, exact), number, operands.tolist()))
            self._steps += uses[number]

    def _uses(self) -> Mapping[int, list[Step]]:
        """Return for each value what is done with it when it is there: its slot may be given to another one soon."""
        program, uses = self._program, defaultdict(list)
        for place, v in enumerate(program.outputs):
            uses[v].append((_add_up if self._summed[place] else _store, self._targets + place, [v]))
        for place, (v, outcome) in enumerate(zip(program.guards, program.outcomes)):
            uses[v].append((partial(_check, place, outcome), self._targets + len(program.outputs), [v]))
        return uses

    def run(self, columns: Sequence[Any], lanes: Any, out: Sequence[Column | None]) -> tuple[Column, Lanes]:
        """Write the outputs; return the sums of those that are summed, and the first guard each lane answers otherwise.

        `columns` has for each input a float, or a column of numbers. `lanes` says how many lanes there are, or selects
        some by a range or by their indices in the columns; others are neither read nor written. Of an output that is
        summed, `out` has None. A column that is written must not be one that is read. Of a lane that answers every
        guard as it has to, the first one answered otherwise is the number of guards.
        """
        lanes = range(lanes) if isinstance(lanes, int) else lanes
        count = len(lanes)
        sums = np.zeros(len(self._program.outputs))
        first = np.full(count, len(self._program.guards))
        with np.errstate(all="ignore"):
            uniforms = self._uniforms(columns)
            slots = np.empty((self._plan.size, min(count, BLOCK)))
            for start in range(0, count, BLOCK):
                block = slice(start, min(start + BLOCK, count))
                where = lanes[block]
                where = slice(where.start, where.stop) if isinstance(where, range) else where
                cells = uniforms.copy()
                self._fill(cells, columns, slots[:, : block.stop - start], where)
                cells += self._results(out, sums, block.stop - start, where)
                cells.append(first[block])
                for step, target, operands in self._steps:
                    step(cells[target], *[cells[v] for v in operands])
        return sums[np.frombuffer(self._summed, dtype=bool)], first

    def _uniforms(self, columns: Sequence[Any]) -> list[Any]:
        """Return the cells with the uniform values in them."""
        program = self._program
        inputs = [0.0 if varies else float(x) for x, varies in zip(columns, program.varying)]
        cells = [*inputs, *program.constants, *[0.0] * len(program.steps)]
        for evaluate, number, operands in self._once:
            cells[number] = evaluate(*[cells[v] for v in operands])
        return cells

    def _fill(self, cells: list[Any], columns: Sequence[Any], slots: Column, where: Any) -> None:
        """Put the inputs of a block of lanes, and the slots of its results, into their cells."""
        for v, varies in enumerate(self._program.varying):
            if varies:
                cells[v] = columns[v][where]
        rooms = list(slots)
        for number, slot in enumerate(self._plan.slots, self._program.first):
            if slot >= 0:
                cells[number] = rooms[slot]

    def _results(self, out: Sequence[Column | None], sums: Column, width: int, where: Any) -> list[Any]:
        """Return the cells to which the outputs of a block of lanes go."""
        cells: list[Any] = []
        for place, (column, summed) in enumerate(zip(out, self._summed)):
            cells.append((sums[place : place + 1], width) if summed else (column, where))
        return cells
