"""Finding the first bad number: where a NaN or an infinity came from.

Both spread: once a number is NaN, so is whatever is computed from it. Within `debug()` the first operation that makes
one of operands that were none raises, and says where it stands in the program; and so does the first step of a reverse
sweep. A sweep is looked at before it begins, by the same sweep in an arithmetic that checks its products and sums.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from math import isfinite, isinf, isnan
from threading import Lock
from typing import Any, NamedTuple

from autograd import core, floats, sweeps
from autograd.core import Value, read
from autograd.errors import ArgumentError, NotFiniteError, describe
from autograd.graph import topological_order
from autograd.places import Place, line_of, way_out
from autograd.primitives import Primitive
from autograd.tables import MAX_OPERANDS, cut

RULES = Primitive.partials.__code__
MOST_PLACES = 1 << 20  # so many are known, at least; twice as many at most
UNKNOWN = "an unknown place, outside of debug() or too long ago"
ADVICE = "clip, shift or rescale its operands first; if a `where` discards it, put one inside: f(where(c, x, 1.0))"


class debug:
    """Raise `NotFiniteError` at the first NaN or infinity that was not there in the operands.

    Within the block, that holds for the value of every operation, and for every adjoint in `backward`, `adjoints`
    and whatever differentiates in reverse; then no gradient has changed. The error names the primitive, its
    operands and the line of the program, the innermost outside of the library; its `node` is the Value in question.
    Leaves and constants may be what they are, and so may what is computed from those that are not finite: 2.0 · inf
    raises nothing, inf - inf does. An operation runs before a `where` can discard its result, so `where(x > 0,
    sqrt(x), 0.0)` raises at x = -1, although its gradient is 0 there; `sqrt(where(x > 0, x, 1.0))` inside does not.
    Other threads are not watched; blocks may be nested. Without it nothing is slower.

    >>> from autograd import math
    >>> x = Value(-1.0, label="x")
    >>> with debug():  # doctest: +ELLIPSIS
    ...     y = math.log(x) + 1.0
    Traceback (most recent call last):
    autograd.errors.NotFiniteError: log(x=-1.0) is nan, computed at ...
    clip, shift or rescale its operands first; if a `where` discards it, put one inside: f(where(c, x, 1.0))
    """

    def __init__(self) -> None:
        self._recent: dict[int, Place] = {}  # by node number, which a node keeps for life: objects come and go
        self._older: dict[int, Place] = {}

    def __enter__(self) -> debug:
        _watch(+1)
        _blocks.set((*_blocks.get(), self))
        return self

    def __exit__(self, *error: object) -> None:
        _blocks.set(_blocks.get()[:-1])
        _watch(-1)

    def place(self, node: Value) -> Place | None:
        """Return where a Value was computed; None for a leaf, or if that was not within a block of this object.

        The places of the last million operations are known for as long as this object lives.

        >>> with debug() as watched:
        ...     y = Value(2.0) * 3.0
        >>> watched.place(y)  # doctest: +ELLIPSIS
        Place(file=..., line=..., function=...)
        """
        if not isinstance(node, Value):
            raise ArgumentError(f"debug: place: got {describe(node)}; expected a Value")
        return self._recent.get(node.number) or self._older.get(node.number)

    def _note(self, node: Value, place: Place) -> None:
        if len(self._recent) >= MOST_PLACES:
            self._recent, self._older = {}, self._recent
        self._recent[node.number] = place


_blocks: ContextVar[tuple[debug, ...]] = ContextVar("autograd.debug", default=())  # entered here, innermost last
_everywhere = 0  # blocks in all threads
_lock = Lock()


def _watch(more: int) -> None:
    global _everywhere
    with _lock:
        _everywhere += more
        core.watch(*(_check_value, _check_backward) if _everywhere else (None, None))


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _check_value(node: Value) -> None:
    """Note where a node was computed; raise if its value is the first that is not finite."""
    blocks = _blocks.get()
    if not blocks:
        return
    place, by_rule = _here()
    for block in blocks:
        block._note(node, place)
    number = read(node)
    if not by_rule and not isfinite(number) and _is_new(number, _numbers(node)):
        raise _error(node, f"{_call(node)} is {number!r}, computed at")


def _here() -> tuple[Place, bool]:
    """Return the innermost place outside of the library, and whether a rule of a primitive computes on behalf of it.

    What rules compute on the way is theirs: the rule of xʸ takes the logarithm of 0, and does not select it.
    """
    *inside, outside = way_out(sys._getframe())
    return line_of(outside), any(frame.f_code is RULES for frame in inside)


def _is_new(result: float, sources: Iterable[float]) -> bool:
    """Return whether a result is NaN or infinite, and was not so before: an infinity is new among finite numbers."""
    if isnan(result):
        return not any(map(isnan, sources))
    return isinf(result) and all(map(isfinite, sources))


def _numbers(node: Any) -> list[float]:
    return [x if type(x) is float else read(x) for x in node.operands]


# ── adjoints ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _check_backward(root: Value, seed: float) -> None:
    if _blocks.get():
        sweeps.reverse(topological_order(root), {root: seed}, WATCHED)


def check_adjoints(seeds: Mapping[Value, Any], inputs: list[Value]) -> None:
    """Within `debug()`, raise where a sweep from the seeds to the inputs comes to an adjoint that is not finite."""
    if _blocks.get():
        oldest = min((x.number for x in inputs), default=0)
        order = sweeps.dependents(topological_order(*seeds, since=oldest), inputs)
        numbers = {x: read(seed) if isinstance(seed, Value) else seed for x, seed in seeds.items()}
        sweeps.reverse(order, numbers, WATCHED)


class Edge(NamedTuple):
    """An operand of a node, as the sweep comes along."""

    node: Value
    place: int  # it is this operand, counted from 0
    partial: float
    amount: float = 0.0  # adjoint · partial

    def error(self, why: str) -> NotFiniteError:
        """Return the error for what is passed to this operand."""
        operand = _operand(self.node.operands[self.place])
        return _error(self.node, f"{_call(self.node)} passes {self.amount!r} back to {operand}{why}, computed at")


def _edges(node: Value) -> list[Edge | None]:
    return [None if partial is None else Edge(node, place, partial) for place, partial in enumerate(node.partials)]


def _pass_on(adjoint: float, edge: Edge) -> Edge:
    passed = edge._replace(amount=floats.chain(adjoint, edge.partial))
    if not isfinite(passed.amount) and _is_new(passed.amount, (adjoint, *_numbers(edge.node))):
        raise passed.error(f": adjoint {adjoint!r} · partial {edge.partial!r}")
    return passed


def _collect(adjoint: float, edge: Edge) -> float:
    total = adjoint + edge.amount
    if not isfinite(total) and _is_new(total, (adjoint, edge.amount)):
        raise edge.error(f", which makes {total!r} of its adjoint {adjoint!r}")
    return total


WATCHED = sweeps.Arithmetic(partials=_edges, multiply=_pass_on, add=_collect)


# ── what errors say ──────────────────────────────────────────────────────────────────────────────────────────────────


def _error(node: Value, what: str) -> NotFiniteError:
    places = (block.place(node) for block in reversed(_blocks.get()))
    place = next(filter(None, places), UNKNOWN)
    error = NotFiniteError(f"{what} {place}\n{ADVICE}")
    error.node = node
    return error


def _call(node: Any) -> str:
    """Return the primitive with its operands; of many, those that are not finite, or else the largest."""
    numbers = _numbers(node)
    order = sorted(range(len(numbers)), key=lambda k: (isfinite(numbers[k]), -abs(numbers[k])))
    shown = [_operand(node.operands[k]) for k in sorted(order[:MAX_OPERANDS])]
    if len(numbers) > len(shown):
        shown.append(f"… {len(numbers) - len(shown)} more")
    return f"{node.primitive.name}({', '.join(shown)})"


def _operand(x: Any) -> str:
    if type(x) is float:
        return repr(x)
    return f"{cut(x.label)}={read(x)!r}" if x.label else repr(read(x))
