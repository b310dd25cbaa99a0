"""A correct engine, as small as it gets, in the manner of micrograd: each result knows how to pass its gradient on."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, tanh


class Value:
    """A number that remembers how it was computed."""

    def __init__(self, data: float, operands: tuple[Value, ...] = ()) -> None:
        self.data, self.grad = data, 0.0
        self.operands = operands
        self.pass_on: Callable[[], None] = lambda: None

    def __add__(self, other: Value | float) -> Value:
        x, y = self, as_value(other)
        z = Value(x.data + y.data, (x, y))

        def pass_on() -> None:
            x.grad += z.grad
            y.grad += z.grad

        z.pass_on = pass_on
        return z

    def __sub__(self, other: Value | float) -> Value:
        x, y = self, as_value(other)
        z = Value(x.data - y.data, (x, y))

        def pass_on() -> None:
            x.grad += z.grad
            y.grad -= z.grad

        z.pass_on = pass_on
        return z

    def __mul__(self, other: Value | float) -> Value:
        x, y = self, as_value(other)
        z = Value(x.data * y.data, (x, y))

        def pass_on() -> None:
            x.grad += y.data * z.grad
            y.grad += x.data * z.grad

        z.pass_on = pass_on
        return z

    def __pow__(self, n: float) -> Value:
        x = self
        z = Value(x.data**n, (x,))

        def pass_on() -> None:
            x.grad += n * x.data ** (n - 1) * z.grad

        z.pass_on = pass_on
        return z

    def exp(self) -> Value:
        """Return e to the power of this Value."""
        x = self
        z = Value(exp(x.data), (x,))

        def pass_on() -> None:
            x.grad += z.data * z.grad

        z.pass_on = pass_on
        return z

    def tanh(self) -> Value:
        """Return the hyperbolic tangent of this Value."""
        x = self
        z = Value(tanh(x.data), (x,))

        def pass_on() -> None:
            x.grad += (1.0 - z.data**2) * z.grad

        z.pass_on = pass_on
        return z

    def __neg__(self) -> Value:
        return self * -1.0

    def __truediv__(self, other: Value | float) -> Value:
        return self * as_value(other) ** -1.0

    def __radd__(self, other: float) -> Value:
        return self + other

    def __rsub__(self, other: float) -> Value:
        return as_value(other) - self

    def __rmul__(self, other: float) -> Value:
        return self * other

    def __rtruediv__(self, other: float) -> Value:
        return as_value(other) / self

    def backward(self) -> None:
        """Fill in the gradient of this Value by everything it was made from."""
        order: list[Value] = []
        seen: set[Value] = set()

        def visit(node: Value) -> None:
            if node not in seen:
                seen.add(node)
                for operand in node.operands:
                    visit(operand)
                order.append(node)

        visit(self)
        for node in order:
            if node.operands:
                node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            node.pass_on()


def as_value(x: Value | float) -> Value:
    """Return a number as a Value."""
    return x if isinstance(x, Value) else Value(x)
