"""The tools with which the library checks its derivatives, for derivatives of your own.

`check_gradients` compares derivatives with finite differences of function values, and with python-flint where that is
installed. `diagnose` finds the mistakes in an engine of one's own. `operands`, `expressions`, `graphs` and `programs`
are hypothesis strategies: arguments for a primitive, random programs in which results are used again, and such programs
for engines of any make. They need the package `hypothesis`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import inf, isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import precision
from autograd.bounds import error_bound
from autograd.core import Value
from autograd.diagnosis import compare, diagnose
from autograd.differences import Estimate, differentiate
from autograd.errors import ArgumentError, GradientError, PrimitiveError, describe
from autograd.graph import topological_order
from autograd.mistakes import Counterexample, Diagnosis, Mistake
from autograd.primitives import BUILT_IN, CONDITIONS, TABLE, Primitive
from autograd.structures import flatten, unflatten
from autograd.transforms import adjoints, jvp, vjp
from autograd.trials import OPERATIONS, Operation, Program, expect, numbers

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = [
    "OPERATIONS", "Counterexample", "Diagnosis", "Estimate", "Expression", "Mistake", "Operation", "Program",
    "check_gradients", "compare", "diagnose", "differentiate", "expressions", "graphs", "operands",
    "partial_by_differences", "programs",
]  # fmt: skip

Numbers = Sequence[Any]
Flat = Callable[[Numbers], list[Any]]

TOLERANCE = 1e-7  # relative, beyond what the finite differences say of their own error
CANCELLED = 1e-11  # relative to the largest output, or 1: what is left where larger terms cancel
PRECISE = 1e-9  # relative to the sum of all contributions, against python-flint
TINY = 1e-30  # what is left where all contributions are 0


# ── checks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def check_gradients(
    f: Callable[..., Any], args: Sequence[Any], order: int = 2, modes: Sequence[str] = ("reverse", "forward")
) -> None:
    """Check the derivatives of `f` at `args` up to the given order; raise `GradientError` if one is wrong.

    `f` takes and returns numbers or structures of numbers, as for `grad`; `args` is a tuple, one entry per argument.
    The derivatives of each order, computed in every combination of the modes, are compared with finite differences of
    the ones of the order before, and first derivatives with python-flint, where that is installed. The message names
    the primitive at fault, where there is one. Raises `ArgumentError` for arguments that cannot be checked.

    >>> from autograd import math
    >>> check_gradients(lambda x, y: math.sin(x) * y, (0.5, 2.0))
    """
    if not isinstance(args, tuple | list):
        raise ArgumentError(f"check_gradients: args: got {describe(args)}; expected a tuple, one entry per argument")
    known = isinstance(modes, tuple | list) and modes and all(mode in tuple(JACOBIANS) for mode in modes)
    if not known or not isinstance(order, int) or order < 1:
        raise ArgumentError(
            f"check_gradients: got order {order!r} and modes {modes!r}; expected an order from 1 on and modes from"
            f" {tuple(JACOBIANS)}"
        )
    numbers, structure = flatten(tuple(args), "check_gradients: args")

    def flat(xs: Numbers) -> list[Any]:
        return flatten(f(*unflatten(structure, xs)), "check_gradients: the result of the function")[0]

    point = [x.data if isinstance(x, Value) else x for x in numbers]
    name = getattr(f, "__name__", None) or getattr(f, "name", None) or describe(f)
    for depth in range(order):
        for chosen in product(modes, repeat=depth):
            below: Flat = flat
            for mode in chosen:
                below = _derivative(JACOBIANS[mode], below)
            _check_against_differences(f"{name}{tuple(point)}", below, point, chosen, modes, flat)
    _check_against_flint(f"{name}{tuple(point)}", flat, point)


def _derivative(jacobian: Callable[[Flat, Numbers], list[list[Any]]], f: Flat) -> Flat:
    """Return the function whose numbers are all the entries of the Jacobian of `f`."""
    return lambda xs: [number for row in jacobian(f, xs) for number in row]


def _by_reverse(f: Flat, xs: Numbers) -> list[list[Any]]:
    outputs, pull_back = vjp(f, list(xs))
    units = ([float(i == k) for i in range(len(outputs))] for k in range(len(outputs)))
    return [pull_back(unit)[0] for unit in units]


def _by_forward(f: Flat, xs: Numbers) -> list[list[Any]]:
    units = ([float(i == k) for i in range(len(xs))] for k in range(len(xs)))
    columns = [jvp(f, (list(xs),), (unit,))[1] for unit in units]
    return [list(row) for row in zip(*columns)]


JACOBIANS = {"reverse": _by_reverse, "forward": _by_forward}


def _check_against_differences(
    name: str, f: Flat, point: list[float], below: Sequence[str], modes: Sequence[str], root: Flat
) -> None:
    def along(i: int) -> Callable[[float], list[float]]:
        return lambda x: _numbers_of(f, [*point[:i], x, *point[i + 1 :]])

    estimates = [differentiate(along(i), x) for i, x in enumerate(point)]
    sizes = [abs(number) for g in (root, f) for number in _numbers_of(g, point) if isfinite(number)]
    floor = CANCELLED * max([1.0, *sizes])
    for mode in modes:
        for place, row in enumerate(JACOBIANS[mode](f, point)):
            for i, number in enumerate(row):
                expected = estimates[i][place]
                if not expected.agrees_with(number, TOLERANCE, floor):
                    way = " over ".join((mode, *reversed(below)))
                    raise GradientError(
                        f"{name}: derivative of order {len(below) + 1} ({way}), output {place}, input {i}:"
                        f" expected {_text(expected)}, got {number!r}" + _culprit(root, point)
                    )


def _numbers_of(f: Flat, point: Sequence[float]) -> list[float]:
    """Return what `f` computes on Values, whose arithmetic is quiet, as numbers."""
    return [x.data if isinstance(x, Value) else x for x in f([Value(x) for x in point])]


def _text(estimate: Estimate) -> str:
    return f"{estimate.value!r} ± {estimate.error:.1g} (finite differences)"


def _culprit(f: Flat, point: list[float]) -> str:
    """Return a line that names the first primitive whose stored partials are wrong, if there is one."""
    outputs = [x for x in f([Value(x) for x in point]) if isinstance(x, Value)]
    for node in topological_order(*outputs):
        operands = tuple(x.data if isinstance(x, Value) else x for x in node.operands)
        for place, partial in enumerate(node.partials):
            if isinstance(node.operands[place], Value):
                expected = partial_by_differences(node.primitive, operands, place)
                if not expected.agrees_with(partial or 0.0, TOLERANCE):
                    return (
                        f"\nprimitive {node.primitive.name!r} with operands {operands}: partial for operand {place}:"
                        f" expected {_text(expected)}, got {partial or 0.0!r}"
                    )
    return ""


def partial_by_differences(primitive: Primitive, operands: Sequence[float], place: int) -> Estimate:
    """Return ∂out/∂operand for the operand in this place from values of the primitive alone.

    >>> from autograd import primitives
    >>> estimate = partial_by_differences(primitives.exp, (0.0,), 0)
    >>> abs(estimate.value - 1.0) < 1e-12
    True
    """
    before, after = operands[:place], operands[place + 1 :]
    size = abs(primitive(*map(abs, operands))) if primitive.many else 0.0  # of what may cancel in a sum of products
    return differentiate(lambda x: [primitive(*before, x, *after)], operands[place], size)[0]


def _check_against_flint(name: str, f: Flat, point: list[float]) -> None:
    if not precision.available():
        return
    inputs = [Value(x) for x in point]
    for place, output in enumerate(f(inputs)):
        if not isinstance(output, Value):
            continue
        try:
            exact = precision.exact_gradient(output, inputs)
        except PrimitiveError:
            continue  # a primitive of the user's own that python-flint knows nothing of
        for i, (number, expected) in enumerate(zip(_by_reverse(f, point)[place], exact)):
            error = abs(number - expected)
            wrong = error > PRECISE * max(abs(expected), _contributions(output, inputs[i])) + TINY
            if wrong and error > _rounding(output, inputs[i]):
                raise GradientError(
                    f"{name}: derivative of order 1, output {place}, input {i}: expected {expected!r} (python-flint),"
                    f" got {number!r}" + _culprit(f, point)
                )


def _contributions(output: Value, x: Value) -> float:
    """Return the sum, over all ways from `x` to the output, of |product of the partials|: the size of the terms."""
    sizes = {x: 1.0}
    for node in topological_order(output):
        if node not in sizes:
            ways = zip(node.operands, node.partials)
            sizes[node] = sum(sizes[o] * abs(p) for o, p in ways if isinstance(o, Value) and p is not None)
    return sizes[output]


def _rounding(output: Value, x: Value) -> float:
    """Return a bound on what rounding did to the gradient; 0 if its rules give no graph to tell from."""
    with suppress(TypeError, ValueError):
        return error_bound(adjoints(output, x)).error
    return 0.0


# ── strategies ───────────────────────────────────────────────────────────────────────────────────────────────────────

DISCRETE = (0.0, 1.0, 2.0)  # for operands without a derivative in random programs: conditions, digits, orders
MARGIN = 0.25  # between a point and the next kink: farther than finite differences reach, …
SENSITIVITY = 8.0  # … however a random program magnifies their steps
SIZE = 100.0  # of results in a random program


def operands(primitive: Primitive, *, limit: float = 6.0, margin: float = MARGIN) -> SearchStrategy[tuple[float, ...]]:
    """Return a hypothesis strategy for operands of the primitive, where it is smooth.

    They lie in its domain, between -limit and limit, and farther than `margin` from kinks, jumps and poles. Operands
    without a derivative are integers. A primitive of many operands gets 2, 4 or 6.
    """
    from hypothesis import strategies as st

    def numbers(rule: Any, low: float, high: float) -> SearchStrategy[float]:
        low, high = max(low, -limit), min(high, limit)
        return st.integers(int(low), int(high)).map(float) if rule is None else st.floats(low, high)

    if primitive.many:
        number = numbers(primitive.rules[0], *primitive.domain[0])
        drawn = st.sampled_from((2, 4, 6)).flatmap(lambda count: st.tuples(*[number] * count))
    else:
        drawn = st.tuples(*[numbers(rule, *domain) for rule, domain in zip(primitive.rules, primitive.domain)])
    return drawn.filter(lambda drawn: primitive.smooth_at(*drawn, margin=margin))


@dataclass(frozen=True)
class Expression:
    """A random program of primitives, to be called with numbers or Values; its steps may use any earlier result.

    Operands of a step are places among the variables and the results so far (ints), or constants (floats).
    """

    steps: tuple[tuple[Primitive, tuple[int | float, ...]], ...]
    point: tuple[float, ...]  # one number per variable, at which every step is smooth

    def results(self, *variables: Any) -> list[Any]:
        """Return the variables and the result of every step."""
        found = list(variables)
        for primitive, places in self.steps:
            found.append(primitive(*[found[x] if type(x) is int else x for x in places]))
        return found

    def __call__(self, *variables: Any) -> Any:
        """Return the result of the last step."""
        return self.results(*variables)[-1]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))  # as hypothesis prints the example that fails

    def __repr__(self) -> str:
        lines = [f"x{place} = {number!r}" for place, number in enumerate(self.point)]
        for place, (primitive, places) in enumerate(self.steps, len(self.point)):
            names = ", ".join(f"x{x}" if type(x) is int else repr(x) for x in places)
            lines.append(f"x{place} = {primitive.name}({names})")
        return "\n" + "\n".join(lines)


def expressions(*, max_steps: int = 8, max_variables: int = 3) -> SearchStrategy[Expression]:
    """Return a hypothesis strategy for random programs of built-in primitives, in which results are used again.

    At the program's point every step is smooth, of moderate size, and not too sensitive to the variables.
    """
    from hypothesis import strategies as st

    table = [TABLE[name] for name in TABLE if name in BUILT_IN and TABLE[name] not in CONDITIONS]
    numbers = st.floats(-3.0, 3.0, allow_subnormal=False)
    points = st.lists(numbers, min_size=1, max_size=max_variables)

    @cache  # what is new has to be checked before it is drawn from
    def operands(known: int) -> SearchStrategy[tuple[int | float, ...]]:
        place = st.integers(0, known - 1)
        return st.tuples(place, place | numbers, place | numbers, st.sampled_from(DISCRETE))

    @st.composite
    def programs(draw: Any) -> Expression:
        point = draw(points)
        values, sensitivities, steps = list(point), [1.0] * len(point), []
        for _ in range(draw(st.integers(1, max_steps))):
            *drawn, discrete = draw(operands(len(values)))
            step = Step(drawn, discrete, values, sensitivities)
            primitive = draw(st.sampled_from(table).filter(step.is_tame))
            steps.append((primitive, step.operands(primitive)))
            out, sensitivity = step.outcome(primitive)
            values.append(out)
            sensitivities.append(sensitivity)
        return Expression(tuple(steps), tuple(point))

    return programs()


def graphs(**limits: int) -> SearchStrategy[tuple[Value, list[Value]]]:
    """Return a hypothesis strategy for pairs of a result and its leaves: the graphs of `expressions(**limits)`."""

    def record(expression: Expression) -> tuple[Value, list[Value]]:
        leaves = [Value(x) for x in expression.point]
        return expression(*leaves), leaves

    return expressions(**limits).map(record)


def programs(
    operations: Sequence[Operation] = tuple(OPERATIONS.values()), *, max_steps: int = 8, max_leaves: int = 2
) -> SearchStrategy[Program]:
    """Return a hypothesis strategy for random programs of these operations, to be run on engines of any make.

    Every leaf and every result is used; values and derivatives are finite, and of moderate size. Hypothesis shrinks
    them to programs of few steps.
    """
    from hypothesis import strategies as st

    points = st.lists(st.integers(1, 9).map(float), min_size=1, max_size=max_leaves).map(tuple)
    chosen = st.sampled_from(operations)

    @st.composite
    def drawn(draw: Any) -> Program:
        point = draw(points)
        steps: list[tuple[Operation, tuple[int, ...]]] = []
        for known in range(len(point), len(point) + draw(st.integers(1, max_steps))):
            operation = draw(chosen)
            steps.append((operation, tuple(draw(st.integers(0, known - 1)) for _ in range(operation.arity))))
        return Program(point, tuple(steps)).without_waste()

    return drawn().filter(_is_moderate)


def _is_moderate(program: Program) -> bool:
    return all(abs(number) <= SIZE for number in (*numbers(program), *expect(program).gradients))


class Step(NamedTuple):
    """A step of an expression that is being drawn, for which there is no primitive yet."""

    drawn: list[int | float]  # operands for a primitive to take
    discrete: float  # for those without a derivative
    values: Sequence[float]  # of the variables and of the steps so far
    sensitivities: Sequence[float]  # how much faster than the variables these change, at most

    def operands(self, primitive: Primitive) -> tuple[int | float, ...]:
        """Return as many operands as the primitive takes."""
        if primitive.many:
            return tuple(self.drawn[:2])
        rest = iter(self.drawn)
        return tuple(self.discrete if rule is None else next(rest) for rule in primitive.rules)

    def outcome(self, primitive: Primitive) -> tuple[float, float]:
        """Return the value of the step, and a bound on how much faster than the variables it changes."""
        places = self.operands(primitive)
        numbers = [self.values[x] if type(x) is int else x for x in places]
        if not primitive.smooth_at(*numbers, margin=MARGIN):
            return inf, inf
        out = primitive(*numbers)
        active = [type(x) is int for x in places]
        ways = zip(places, primitive.partials(out, numbers, active))
        return out, sum(abs(slope) * self.sensitivities[int(x)] for x, slope in ways if slope is not None)

    def is_tame(self, primitive: Primitive) -> bool:
        """Return whether the step would be smooth, of moderate size, and not too sensitive."""
        out, sensitivity = self.outcome(primitive)
        return abs(out) <= SIZE and sensitivity <= SENSITIVITY
