"""`Value`: a number that remembers how it was computed.

Every operation on Values makes a new Value. It keeps its number (`data`), what it was made from (`operands`), by which
operation (`primitive`), and how fast it changes when each operand changes (`partials`):

    x = Value(3.0)
    y = x * x          # y.data == 9.0, y.operands == (x, x), y.partials == (3.0, 3.0)

`y.backward()` walks from `y` back to everything it was made from, newest first. Each node receives its *adjoint*, the
derivative of `y` with respect to that node, and hands every operand its share, adjoint · partial: the chain rule, once
per edge. What reaches a node along several edges adds up. Here 3.0 reaches `x` twice: dy/dx is 6.0, kept in `x.grad`.

That is all. What an operation is worth and what its partials are stands in the table of primitives; the walk is the
reverse sweep in `sweeps.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, count
from math import pi
from numbers import Real
from operator import index
from threading import local
from typing import Any, NoReturn, Protocol, Union

from autograd import primitives as p, snapshot, sweeps
from autograd.errors import ArgumentError, GraphError, OperandError, not_a_number
from autograd.graph import topological_order
from autograd.primitives import Primitive, as_float

Number = Union["Value", float]
_next_number = count().__next__

NO_INVERSE = "bad operand type for unary ~: 'Value'; ~ is for conditions, while a function is recorded"
NO_SUBCLASS = "{}: a Value cannot be subclassed; hold one in an attribute instead"
COMPUTED = "data: this Value was computed; only that of a leaf, made with Value(...), can be set"


class Recorder(Protocol):
    """What a thread asks while it records a function, for numbers are those of one lane only."""

    def truth(self, condition: Value) -> bool:
        """Return whether a condition holds, and note that what follows depends on it."""

    def refuse(self, what: str) -> NoReturn:
        """Raise an error: this would freeze a number."""


class _Thread(local):
    recorder: Recorder | None = None


_thread = _Thread()


def recorder() -> Recorder | None:
    """Return what this thread records a function with; None if it does not."""
    return _thread.recorder


def set_recorder(new: Recorder | None) -> None:
    """Begin or end to record in this thread: comparisons make Values, and numbers are not given away."""
    _thread.recorder = new


def refuse(what: str) -> None:
    """Raise an error in a recording: this would freeze a number."""
    if _thread.recorder is not None:
        _thread.recorder.refuse(what)


def read(x: Value) -> float:
    """Return the number of a Value, also in a recording."""
    return x._data


class Value:
    """A real number that remembers how it was computed, so that it can be differentiated.

    `Value(3.0)` makes a leaf; every operation on Values makes an inner node. Raises `OperandError` (a `TypeError`) for
    anything but a real number.

    >>> a, b = Value(2.0, label="a"), Value(-3.0)
    >>> c = a * b + a**2
    >>> c.backward()
    >>> a, c
    (Value(data=2.0, grad=1.0, label='a'), Value(data=-2.0, grad=1.0))
    """

    __slots__ = ("__weakref__", "_data", "_grad", "_label", "changed", "number", "operands", "partials", "primitive")
    __module__ = "autograd"

    primitive: Primitive | None  # the operation that made it; None for a leaf
    operands: tuple[Number, ...]  # Values and floats, in order, repeated if repeated
    partials: Sequence[float | None]  # ∂self/∂operand; None where nothing flows: a constant, or one not selected
    number: int  # how many Values were made before it: operands are always older than results
    changed: int  # for a leaf, the number that a Value made at its last change would have; -1 for an outdated copy

    def __init_subclass__(cls) -> None:
        raise ArgumentError(NO_SUBCLASS.format(cls.__name__))

    def __init__(self, data: float, *, label: str = "") -> None:
        number, name = as_float(data, "Value", "a real number"), as_label(label)
        self._data, self._grad, self._label = number, 0.0, name
        self.primitive, self.operands, self.partials = None, (), ()
        self.number, self.changed = _next_number(), 0

    @property
    def data(self) -> float:
        """The number. That of a leaf can be set, as gradient descent does."""
        if _thread.recorder is not None:
            _thread.recorder.refuse("x.data")
        return self._data

    @data.setter
    def data(self, number: float) -> None:
        if self.operands:
            raise GraphError(COMPUTED)
        refuse("x.data = …")
        self._data, self.changed = as_float(number, "data", "a real number"), _next_number()

    @property
    def grad(self) -> float:
        """The adjoint that `backward` left here: ∂root/∂self."""
        refuse("x.grad")
        return self._grad

    @grad.setter
    def grad(self, number: float) -> None:
        refuse("x.grad = …")
        self._grad = as_float(number, "grad", "a real number")

    @property
    def label(self) -> str:
        """A name for pictures and messages."""
        return self._label

    @label.setter
    def label(self, text: str) -> None:
        self._label = as_label(text)

    def backward(self, seed: float = 1.0) -> None:
        """Differentiate this Value with respect to everything it was made from, in one reverse sweep.

        The adjoint of every inner node is set afresh; those of leaves are added to what their `grad` holds, so that
        several results can be differentiated one after the other. `seed` is the adjoint of this Value itself.

        >>> x = Value(3.0)
        >>> (x * x).backward()
        >>> x.grad
        6.0
        """
        refuse("x.backward()")
        number = as_float(seed, "backward: seed", "a real number")
        if before_backward is not None:
            before_backward(self, number)
        order = topological_order(self)
        adjoints = sweeps.reverse(order, {self: number}, sweeps.FLOATS)
        for node in order:
            adjoint = adjoints.get(node, 0.0)
            node._grad = adjoint if node.operands else node._grad + adjoint

    # ── operators ────────────────────────────────────────────────────────────────────────────────────────────────────

    def __add__(self, other: Number) -> Value:
        return record(p.add, (self, other))

    def __radd__(self, other: float) -> Value:
        return record(p.add, (other, self))

    def __sub__(self, other: Number) -> Value:
        return record(p.subtract, (self, other))

    def __rsub__(self, other: float) -> Value:
        return record(p.subtract, (other, self))

    def __mul__(self, other: Number) -> Value:
        return record(p.multiply, (self, other))

    def __rmul__(self, other: float) -> Value:
        return record(p.multiply, (other, self))

    def __truediv__(self, other: Number) -> Value:
        return record(p.divide, (self, other))

    def __rtruediv__(self, other: float) -> Value:
        return record(p.divide, (other, self))

    def __pow__(self, other: Number) -> Value:
        return record(p.power, (self, other))

    def __rpow__(self, other: float) -> Value:
        return record(p.power, (other, self))

    def __mod__(self, other: Number) -> Value:
        return record(p.mod, (self, other))

    def __rmod__(self, other: float) -> Value:
        return record(p.mod, (other, self))

    def __floordiv__(self, other: Number) -> Value:
        return record(p.floor_divide, (self, other))

    def __rfloordiv__(self, other: float) -> Value:
        return record(p.floor_divide, (other, self))

    def __divmod__(self, other: Number) -> tuple[Value, Value]:
        quotient = record(p.floor_divide, (self, other))
        return quotient if quotient is NotImplemented else (quotient, self % other)

    def __rdivmod__(self, other: float) -> tuple[Value, Value]:
        quotient = record(p.floor_divide, (other, self))
        return quotient if quotient is NotImplemented else (quotient, other % self)

    def __neg__(self) -> Value:
        return record(p.negate, (self,))

    def __pos__(self) -> Value:
        return record(p.identity, (self,))

    def __abs__(self) -> Value:
        return record(p.absolute, (self,))

    def __round__(self, digits: int | None = None) -> Value:
        return self.__primitive__(p.round_to, (self, 0.0 if digits is None else float(index(digits))))

    def __floor__(self) -> Value:
        return record(p.floor, (self,))

    def __ceil__(self) -> Value:
        return record(p.ceil, (self,))

    def __trunc__(self) -> Value:
        return record(p.trunc, (self,))

    # ── comparisons are those of the numbers; a hash is that of the object ───────────────────────────────────────────

    def __eq__(self, other: object) -> bool:
        return _compare(float.__eq__, p.equal, self, other)

    def __ne__(self, other: object) -> bool:
        return _compare(float.__ne__, p.not_equal, self, other)

    def __lt__(self, other: Number) -> bool:
        return _compare(float.__lt__, p.less, self, other)

    def __le__(self, other: Number) -> bool:
        return _compare(float.__le__, p.less_equal, self, other)

    def __gt__(self, other: Number) -> bool:
        return _compare(float.__gt__, p.greater, self, other)

    def __ge__(self, other: Number) -> bool:
        return _compare(float.__ge__, p.greater_equal, self, other)

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        return self._data != 0.0 if _thread.recorder is None else _thread.recorder.truth(self)

    def __and__(self, other: Number) -> Value:
        return _combine(p.logical_and, (self, other))

    def __rand__(self, other: float) -> Value:
        return _combine(p.logical_and, (other, self))

    def __or__(self, other: Number) -> Value:
        return _combine(p.logical_or, (self, other))

    def __ror__(self, other: float) -> Value:
        return _combine(p.logical_or, (other, self))

    def __invert__(self) -> Value:
        if _thread.recorder is None:
            raise TypeError(NO_INVERSE)
        return record(p.logical_not, (self,))

    # ── functions as methods, under the names that numpy looks for in arrays of objects ──────────────────────────────

    def _method(primitive: Primitive) -> Callable[..., Value]:  # type: ignore[misc]
        def method(self: Value, *operands: Number) -> Value:
            return self.__primitive__(primitive, (self, *operands))

        method.__name__, method.__doc__ = primitive.name, f"Return `autograd.math.{primitive.name}` of this Value."
        return method

    exp, exp2, expm1, sqrt, cbrt = map(_method, (p.exp, p.exp2, p.expm1, p.sqrt, p.cbrt))
    log, log2, log10, log1p = map(_method, (p.log, p.log2, p.log10, p.log1p))
    sin, cos, tan, arctan2 = map(_method, (p.sin, p.cos, p.tan, p.atan2))
    arcsin, arccos, arctan = map(_method, (p.asin, p.acos, p.atan))
    sinh, cosh, tanh = map(_method, (p.sinh, p.cosh, p.tanh))
    arcsinh, arccosh, arctanh = map(_method, (p.asinh, p.acosh, p.atanh))
    hypot, fabs, fmod, copysign = map(_method, (p.hypot, p.absolute, p.fmod, p.copysign))
    floor, ceil, trunc = map(_method, (p.floor, p.ceil, p.trunc))
    relu, sigmoid, softplus, silu, gelu = map(_method, (p.relu, p.sigmoid, p.softplus, p.silu, p.gelu))
    rint = __round__
    del _method

    def degrees(self) -> Value:
        """Return this angle, given in radians, in degrees."""
        return self * (180.0 / pi)

    def radians(self) -> Value:
        """Return this angle, given in degrees, in radians."""
        return self * (pi / 180.0)

    rad2deg, deg2rad = degrees, radians

    def conjugate(self) -> Value:
        """Return this Value: it is real."""
        return self

    # ── what would cut the graph ─────────────────────────────────────────────────────────────────────────────────────

    def __float__(self) -> float:
        refuse("float(x)")
        raise OperandError(
            "float(x) would cut the graph: use x.data for the number, autograd.math.exp(x) and its like for functions"
        )

    def __int__(self) -> int:
        refuse("int(x)")
        raise OperandError(
            "int(x) would cut the graph: use int(x.data) for the number, autograd.math.trunc(x) for the function"
        )

    # ── printing, copying, pickling ──────────────────────────────────────────────────────────────────────────────────

    def __repr__(self) -> str:
        return shown(self._data, self._grad, self._label)

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        refuse("a copy")
        copied: Value = snapshot.deep_copy(self, memo, restore)
        return copied

    def __copy__(self) -> Value:
        return self.__deepcopy__({})

    def __reduce__(self) -> tuple[Any, ...]:
        refuse("a pickle")
        return snapshot.reduced(self, restore, restore_graph)

    def __primitive__(self, primitive: Primitive, operands: tuple[Any, ...]) -> Value:
        made = record(primitive, operands)
        if made is NotImplemented:
            raise stranger(primitive, operands, Value)
        return made


def compute(primitive: Primitive, operands: Iterable[Any]) -> Value:
    """Compute a new Value from operands, Values and real numbers; NotImplemented if one of them is neither."""
    kept, numbers, active = [], [], []
    for x in operands:
        is_value = type(x) is Value
        if not is_value and type(x) is not float:
            x = as_number(x)
            if x is NotImplemented:
                return NotImplemented  # type: ignore[no-any-return]
        kept.append(x)
        numbers.append(x._data if is_value else x)
        active.append(is_value)
    node = Value.__new__(Value)
    node._data = data = primitive.evaluate(*numbers)
    node.partials = primitive.partials(data, numbers, active)
    node.primitive, node.operands = primitive, tuple(kept)
    node._grad, node._label = 0.0, ""
    node.number, node.changed = _next_number(), 0
    return node


def shown(data: float, grad: float, label: str) -> str:
    """Return what `repr` says of a Value, also in a recording: the numbers there are those of the recorded lane."""
    return f"Value(data={data!r}, grad={grad!r}" + (f", label={label!r})" if label else ")")
record: Callable[[Primitive, Iterable[Any]], Value] = compute  # or, while somebody watches, what also shows it
before_backward: Callable[[Value, float], None] | None = None


def watch(computed: Callable[[Value], None] | None, before: Callable[[Value, float], None] | None) -> None:
    """From now on, call `computed` with every new Value, `before` with root and seed of each sweep; None ends it."""
    global record, before_backward

    def shown(primitive: Primitive, operands: Iterable[Any]) -> Value:
        node = compute(primitive, operands)
        if node is not NotImplemented and computed:
            computed(node)
        return node

    record, before_backward = shown if computed else compute, before


def as_number(x: Any) -> Any:
    """Return a real number as a float; NotImplemented for anything else, as operators do."""
    return float(x) if type(x) is int or isinstance(x, Real) else NotImplemented


def as_label(text: Any) -> str:
    """Return a label; raise `ArgumentError` for anything but a str."""
    if not isinstance(text, str):
        raise ArgumentError(f"label: got {text!r}; expected a str")
    return str.__str__(text)  # of a subclass, what it says


def stranger(primitive: Primitive, operands: Iterable[Any], own: type) -> OperandError:
    """Return the error for operands among which there is something that is neither a number nor of one's own type."""
    neither = next(x for x in operands if type(x) is not own and as_number(x) is NotImplemented)
    return not_a_number(neither, primitive.name)


def _compare(relation: Callable[[float, Any], bool], primitive: Primitive, x: Value, other: Any) -> bool:
    if _thread.recorder is not None:
        return record(primitive, (x, other))  # type: ignore[return-value]  # a condition
    if type(other) is Value:
        return relation(x._data, other._data)
    return relation(x._data, other if isinstance(other, (int, float)) else as_number(other))


def _combine(primitive: Primitive, conditions: tuple[Any, Any]) -> Value:
    return record(primitive, conditions) if _thread.recorder is not None else NotImplemented


def restore(
    primitive: Primitive | None,
    operands: Iterable[Number],
    partials: Sequence[float | None],
    outdated: bool,
    *state: Any,
) -> Value:
    """Make a Value from all that another one holds but its number: its copy is newer than its operands' copies."""
    node = Value.__new__(Value)
    node.primitive, node.operands, node.partials = primitive, tuple(operands), partials
    node._data, node._grad, node._label = state
    node.number, node.changed = _next_number(), -outdated
    return node


def restore_graph(lines: Iterable[snapshot.Line]) -> list[Value]:
    """Make the nodes of a snapshot again."""
    return snapshot.nodes_of(lines, restore)


def over(primitive: Primitive, *rows: Iterable[Any]) -> Any:
    """Return the value of a primitive of many operands on those in rows, which have to be equally long."""
    kept = [tuple(row) for row in rows]
    if len({len(row) for row in kept}) > 1:
        lengths = " and ".join(str(len(row)) for row in kept)
        raise ArgumentError(f"{primitive.name}: got {lengths} numbers; expected equally many")
    return primitive(*chain(*kept))


def function(primitive: Primitive) -> Primitive:
    """Return a row of the table as the function that users call: here, the row itself."""
    return primitive


restore.__module__ = restore_graph.__module__ = "autograd.core"  # a pickle is read by whichever core is in use
