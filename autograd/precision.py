"""A graph computed again in high precision with mpmath: what its value and its derivatives really are.

mpmath is looked for when it is needed; the library itself does without.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from math import nan
from typing import Any

from autograd.errors import PrimitiveError
from autograd.graph import topological_order
from autograd.primitives import Primitive

DIGITS = 100


def available() -> bool:
    """Return whether mpmath is installed."""
    return find_spec("mpmath") is not None


def _relu(mp: Any, x: Any) -> Any:
    return x if x > 0 else mp.zero


def _round_to(mp: Any, x: Any, digits: Any) -> Any:
    return mp.nint(x * mp.mpf(10) ** digits) / mp.mpf(10) ** digits


# The primitives in terms of mpmath, where it has none of the same name.
ORACLES: dict[str, Callable[..., Any]] = {
    "identity": lambda mp, x: x,
    "add": lambda mp, x, y: x + y,
    "subtract": lambda mp, x, y: x - y,
    "multiply": lambda mp, x, y: x * y,
    "divide": lambda mp, x, y: x / y,
    "power": lambda mp, x, y: x**y,
    "negate": lambda mp, x: -x,
    "absolute": lambda mp, x: abs(x),
    "chain": lambda mp, a, p: a * p,
    "mod": lambda mp, x, y: x - y * mp.floor(x / y),
    "floor_divide": lambda mp, x, y: mp.floor(x / y),
    "fmod": lambda mp, x, y: x - y * (mp.floor(x / y) if x / y >= 0 else mp.ceil(x / y)),
    "remainder": lambda mp, x, y: x - y * mp.nint(x / y),
    "ldexp": lambda mp, x, n: x * mp.mpf(2) ** n,
    "exp2": lambda mp, x: mp.mpf(2) ** x,
    "log2": lambda mp, x: mp.log(x) / mp.log(2),
    "cbrt": lambda mp, x: mp.cbrt(x) if x >= 0 else -mp.cbrt(-x),
    "lgamma": lambda mp, x: mp.log(abs(mp.gamma(x))),
    "polygamma": lambda mp, n, x: mp.polygamma(int(n), x),
    "trunc": lambda mp, x: mp.floor(x) if x >= 0 else mp.ceil(x),
    "round_to": _round_to,
    "copysign": lambda mp, x, y: abs(x) if y >= 0 else -abs(x),
    "where": lambda mp, c, x, y: x if c != 0 else y,
    "clip": lambda mp, x, low, high: min(max(x, low), high),
    "relu": _relu,
    "maximum": lambda mp, *xs: max(xs),
    "minimum": lambda mp, *xs: min(xs),
    "less": lambda mp, x, y: mp.mpf(x < y),
    "less_equal": lambda mp, x, y: mp.mpf(x <= y),
    "greater": lambda mp, x, y: mp.mpf(x > y),
    "greater_equal": lambda mp, x, y: mp.mpf(x >= y),
    "equal": lambda mp, x, y: mp.mpf(x == y),
    "not_equal": lambda mp, x, y: mp.mpf(x != y),
    "logical_and": lambda mp, x, y: mp.mpf(x != 0 and y != 0),
    "logical_or": lambda mp, x, y: mp.mpf(x != 0 or y != 0),
    "logical_not": lambda mp, x: mp.mpf(x == 0),
    "sigmoid": lambda mp, x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda mp, x: mp.log1p(mp.exp(x)),
    "silu": lambda mp, x: x / (1 + mp.exp(-x)),
    "gelu": lambda mp, x: x * mp.ncdf(x),
    "fsum": lambda mp, *xs: mp.fsum(xs),
    "dot": lambda mp, *xs: mp.fdot(xs[: len(xs) // 2], xs[len(xs) // 2 :]),
    "prod": lambda mp, *xs: mp.fprod(xs),
    "logsumexp": lambda mp, *xs: mp.log(mp.fsum(mp.exp(x) for x in xs)),
    "hypot": lambda mp, *xs: mp.sqrt(mp.fsum(x * x for x in xs)),
}


def _context() -> Any:
    import mpmath

    context = mpmath.MPContext()
    context.dps = DIGITS
    return context


def oracle(mp: Any, primitive: Primitive) -> Callable[..., Any]:
    """Return the primitive as a function of mpmath's numbers; raise `PrimitiveError` if nobody has said how.

    A primitive of one's own gets one with `ORACLES[name] = lambda mp, x: …`.
    """
    if primitive.name in ORACLES:
        given = ORACLES[primitive.name]
        return lambda *operands: given(mp, *operands)
    if hasattr(mp, primitive.name):
        function: Callable[..., Any] = getattr(mp, primitive.name)
        return function
    raise PrimitiveError(f"primitive {primitive.name!r} is unknown to mpmath; add ORACLES[{primitive.name!r}]")


def _quiet(mp: Any, function: Callable[..., Any], operands: list[Any]) -> Any:
    """Return the value, or NaN where there is none: the result may not depend on it, as behind a `where`."""
    try:
        value = function(*operands)
    except (ArithmeticError, ValueError):
        return mp.nan
    return value if mp.im(value) == 0 else mp.nan


def _real(mp: Any, number: Any) -> float:
    """Return a number of mpmath as a float; NaN for one that is complex, outside of a real function's domain."""
    return float(mp.re(number)) if mp.im(number) == 0 else nan


def _slope(mp: Any, f: Callable[[Any], Any], x: Any) -> float:
    """Return the central difference over a step of relative size 10⁻³⁰, with digits to spare for what cancels."""
    extra = int(abs(mp.log10(abs(x)))) if x else 0
    with mp.workdps(DIGITS + 2 * extra):
        step = (abs(x) or 1) * mp.mpf(10) ** -30
        return _real(mp, (f(x + step) - f(x - step)) / (2 * step))


def exact_value(primitive: Primitive, operands: Sequence[float]) -> float:
    """Return the value of the primitive, correctly rounded for all practical purposes.

    >>> from autograd import primitives
    >>> exact_value(primitives.exp, (0.0,))
    1.0
    """
    mp = _context()
    return _real(mp, oracle(mp, primitive)(*[mp.mpf(x) for x in operands]))


def exact_partial(primitive: Primitive, operands: Sequence[float], place: int) -> float:
    """Return ∂out/∂operand for the operand in this place, correctly rounded for all practical purposes.

    >>> from autograd import primitives
    >>> exact_partial(primitives.sin, (0.0,), 0)
    1.0
    """
    mp = _context()
    function = oracle(mp, primitive)
    numbers = [mp.mpf(x) for x in operands]
    return _slope(mp, lambda x: function(*numbers[:place], x, *numbers[place + 1 :]), numbers[place])


def exact_gradient(output: Any, inputs: Sequence[Any]) -> list[float]:
    """Return ∂output/∂input for each input of a graph, from values of the graph in high precision only.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> exact_gradient(x * x, [x])
    [6.0]
    """
    mp = _context()
    order = [node for node in topological_order(output) if node.operands]
    functions = [oracle(mp, node.primitive) for node in order]
    leaves = {node: mp.mpf(node.data) for node in topological_order(output) if not node.operands}

    def value_with(changed: Any, number: Any) -> Any:
        values = {**leaves, changed: number}
        for node, function in zip(order, functions):
            if node is not changed:
                operands = [mp.mpf(x) if type(x) is float else values[x] for x in node.operands]
                values[node] = _quiet(mp, function, operands)
        return values[output]

    return [_slope(mp, lambda number, x=x: value_with(x, number), mp.mpf(x.data)) for x in inputs]  # type: ignore[misc]
