"""Primitives and graphs computed again in ball arithmetic: what values and derivatives of any order really are.

python-flint's power series carry a bound for every error. Each number is computed with more and more bits until its
bound certifies `ACCURACY`. The package is looked for when it is needed; the library itself does without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, reduce
from importlib.util import find_spec
from itertools import combinations
from math import factorial, inf, isinf, isnan, nextafter, ulp
from operator import add, mul
from typing import Any

from autograd.errors import PrimitiveError
from autograd.graph import topological_order
from autograd.primitives import Primitive

ACCURACY = 75  # bits, of the relative error
FIRST_BITS, MOST_BITS = 128, 1 << 14
BEYOND = 1200  # what is above 2 ** BEYOND is no float, and what is below its inverse is 0
LARGEST = nextafter(inf, 0.0)
NEARLY_INFINITE = LARGEST - 4.0 * ulp(LARGEST)
CLAMP = 1e5  # e to the power of more is as infinite as this one, and arb has no larger exponents

Series = Any  # flint.arb_series, of which every operation is certified
Ball = Any  # flint.arb


class Undecided(ArithmeticError):
    """More bits are needed to tell on which side of a break a number is."""


def available() -> bool:
    """Return whether python-flint is installed."""
    return find_spec("flint") is not None


# ── the primitives on power series ───────────────────────────────────────────────────────────────────────────────────


@cache
def _flint() -> Any:
    import flint

    return flint


def constant(x: Any) -> Series:
    """Return a number as a series."""
    return _flint().arb_series([x])


def _pi() -> Ball:
    return _flint().arb.pi()


def _sign(x: Series) -> int:
    """Return the sign of the number at which a series is expanded."""
    if x[0] == 0:
        return 0
    if x[0] > 0 or x[0] < 0:
        return 1 if x[0] > 0 else -1
    if x[0].is_nan():
        raise ValueError("not a number")
    raise Undecided


def _floor(x: Series) -> int:
    whole = x[0].floor().unique_fmpz()
    if whole is None:
        raise Undecided
    return int(whole)


def _nearest(x: Series) -> int:
    """Return the nearest integer, half to even."""
    whole = _floor(x + 0.5)
    return whole - 1 if whole % 2 and _sign(x + 0.5 - whole) == 0 else whole


def _toward_zero(x: Series) -> int:
    return _floor(x) if _sign(x) >= 0 else -_floor(-x)


def _round_to(x: Series, digits: Series) -> Series:
    scale = _flint().arb(10) ** int(digits[0].unique_fmpz())
    return constant(_nearest(x * scale) / scale)


def _largest(*xs: Series) -> Series:
    return reduce(lambda best, x: x if _sign(x - best) > 0 else best, xs)


def _smallest(*xs: Series) -> Series:
    return reduce(lambda best, x: x if _sign(x - best) < 0 else best, xs)


def _absolute(x: Series) -> Series:
    return x * _sign(x)


def _exp(x: Series) -> Series:
    return (x if x[0] < CLAMP else x - x[0] + CLAMP).exp()


def _power(x: Series, y: Series) -> Series:
    whole = y[0].unique_fmpz() if len(y.coeffs()) < 2 else None
    if whole is not None and abs(whole) < 1000:
        return x ** int(whole)
    if _sign(x) >= 0:
        return _exp(y * x.log())
    if whole is None:
        raise ValueError("not a real number")
    return _exp(y * (-x).log()) * (-1 if int(whole) % 2 else 1)


def _sinh(x: Series) -> Series:
    return (_exp(x) - _exp(-x)) / 2


def _cosh(x: Series) -> Series:
    return (_exp(x) + _exp(-x)) / 2


def _sigmoid(x: Series) -> Series:
    return 1 / (1 + _exp(-x)) if x[0] > 0 else _exp(x) / (1 + _exp(x))


def _tanh(x: Series) -> Series:
    return 2 * _sigmoid(2 * x) - 1


def _asinh(x: Series) -> Series:
    return -_asinh(-x) if x[0] < 0 else (x + (1 + x * x).sqrt()).log()


def _atan2(y: Series, x: Series) -> Series:
    if _sign(_absolute(x) - _absolute(y)) <= 0:
        return _pi() / 2 * _sign(y) - (x / y).atan()
    return (y / x).atan() + (0 if _sign(x) > 0 else _pi() if _sign(y) >= 0 else -_pi())


def _nth_derivative(f: Callable[[Series], Series], x: Series, n: Series) -> Series:
    """Return the n-th derivative of `f` at `x`; each loses a term of the series."""
    flint, times = _flint(), int(n[0].unique_fmpz())
    with terms(flint.ctx.cap + times):
        outer = reduce(lambda g, _: g.derivative(), range(times), f(flint.arb_series([x[0], 1])))
    moving = x.coeffs()[1:]
    return flint.arb_series(outer.coeffs())(flint.arb_series([0, *moving])) if moving else constant(outer[0])


def _lgamma(x: Series) -> Series:
    """Return log |Γ|, by reflection for negative numbers (https://dlmf.nist.gov/5.5#E3)."""
    if _sign(x) >= 0:
        return x.lgamma()
    return (_pi() / _absolute(x.sin_pi())).log() - (1 - x).lgamma()


def _polygamma(order: Series, x: Series) -> Series:
    return _nth_derivative(_lgamma, x, order + 1)


def _softplus(x: Series) -> Series:
    return x + (1 + _exp(-x)).log() if x[0] > 0 else (1 + _exp(x)).log()


def _logsumexp(*xs: Series) -> Series:
    top = max((x[0].mid() for x in xs), key=float)
    return top + reduce(add, (_exp(x - top) for x in xs)).log()


def _normal(x: Series) -> Series:
    """Return the normal distribution function."""
    return (-x / _flint().arb(2).sqrt()).erfc() / 2


def _holds(condition: bool) -> Series:
    return constant(int(condition))


def _fmod(x: Series, y: Series) -> Series:
    return x - y * _toward_zero(x / y)


# The primitives in terms of power series, where these have none of the same name.
ORACLES: dict[str, Callable[..., Any]] = {
    "identity": lambda x: x,
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "power": _power,
    "negate": lambda x: -x,
    "absolute": _absolute,
    "chain": lambda a, p: a * p,
    "mod": lambda x, y: x - y * _floor(x / y),
    "floor_divide": lambda x, y: constant(_floor(x / y)),
    "fmod": _fmod,
    "remainder": lambda x, y: x - y * _nearest(x / y),
    "ldexp": lambda x, n: x * _flint().arb(2) ** n[0],
    "exp": _exp,
    "exp2": lambda x: _exp(x * _flint().arb(2).log()),
    "expm1": lambda x: _exp(x) - 1,
    "log2": lambda x: x.log() / _flint().arb(2).log(),
    "log10": lambda x: x.log() / _flint().arb(10).log(),
    "log1p": lambda x: (1 + x).log(),
    "cbrt": lambda x: _absolute(x) ** (_flint().arb(1) / 3) * _sign(x),
    "sinh": _sinh,
    "cosh": _cosh,
    "tanh": _tanh,
    "asinh": _asinh,
    "acosh": lambda x: (x + (x - 1).sqrt() * (x + 1).sqrt()).log(),
    "atanh": lambda x: ((1 + x) / (1 - x)).log() / 2,
    "atan2": _atan2,
    "lgamma": _lgamma,
    "digamma": lambda x: _polygamma(constant(0), x),
    "polygamma": _polygamma,
    "floor": lambda x: constant(_floor(x)),
    "ceil": lambda x: constant(-_floor(-x)),
    "trunc": lambda x: constant(_toward_zero(x)),
    "round_to": _round_to,
    "sign": lambda x: constant(_sign(x)),
    "copysign": lambda x, y: _absolute(x) * (_sign(y) or 1),
    "where": lambda c, x, y: x if _sign(c) else y,
    "clip": lambda x, low, high: _smallest(_largest(x, low), high),
    "relu": lambda x: _largest(constant(0), x),
    "maximum": _largest,
    "minimum": _smallest,
    "less": lambda x, y: _holds(_sign(x - y) < 0),
    "less_equal": lambda x, y: _holds(_sign(x - y) <= 0),
    "greater": lambda x, y: _holds(_sign(x - y) > 0),
    "greater_equal": lambda x, y: _holds(_sign(x - y) >= 0),
    "equal": lambda x, y: _holds(_sign(x - y) == 0),
    "not_equal": lambda x, y: _holds(_sign(x - y) != 0),
    "logical_and": lambda x, y: _holds(_sign(x) != 0 and _sign(y) != 0),
    "logical_or": lambda x, y: _holds(_sign(x) != 0 or _sign(y) != 0),
    "logical_not": lambda x: _holds(_sign(x) == 0),
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "silu": lambda x: x * _sigmoid(x),
    "gelu": lambda x: x * _normal(x),
    "ratio": lambda x, y, n: x / y ** int(n[0].unique_fmpz()),
    "monomial": lambda c, x, y, k: c * _power(x, y - k),
    "exp_of_difference": lambda x, y: _exp(x - y),
    "atan_slope": lambda x: 1 / (1 + x * x),
    "asin_slope": lambda x: (1 - x * x).rsqrt(),
    "atanh_slope": lambda x: 1 / (1 - x * x),
    "bump": lambda c, x: c * _sigmoid(x) * _sigmoid(-x),
    "gamma_slope": lambda x: _nth_derivative(lambda x: x.gamma(), x, constant(1)),
    "cbrt_slope": lambda x: _absolute(x) ** (_flint().arb(-2) / 3) / 3,
    "inverse_part": lambda x, y: x / (x * x + y * y),
    "bell": lambda n, a, x: _nth_derivative(lambda x: _exp(-a[0] * x * x), x, n),
    "normal": _normal,
    "fsum": lambda *xs: reduce(add, xs, constant(0)),
    "dot": lambda *xs: reduce(add, map(mul, xs[: len(xs) // 2], xs[len(xs) // 2 :]), constant(0)),
    "prod": lambda *xs: reduce(mul, xs, constant(1)),
    "logsumexp": _logsumexp,
    "hypot": lambda *xs: reduce(add, (x * x for x in xs)).sqrt(),
}


def oracle(primitive: Primitive) -> Callable[..., Any]:
    """Return the primitive as a function of power series; raise `PrimitiveError` if nobody has said how.

    A primitive of one's own gets one with `ORACLES[name] = lambda x: …`, in terms of python-flint's `arb_series`.
    """
    name = primitive.name
    if name in ORACLES:
        return ORACLES[name]
    if hasattr(_flint().arb_series, name):
        return lambda x: getattr(x, name)()
    raise PrimitiveError(f"primitive {name!r} is unknown to python-flint; add precision.ORACLES[{name!r}]")


# ── certified numbers ────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def terms(count: int) -> Iterator[None]:
    """Let power series have this many terms."""
    context = _flint().ctx
    before, context.cap = context.cap, count
    try:
        yield
    finally:
        context.cap = before


def _settled(x: Ball) -> bool:
    if x.is_nan():
        return False
    return bool(x.rel_accuracy_bits() >= ACCURACY or x.abs_upper() < _flint().arb(2) ** -BEYOND)


def certified(compute: Callable[[], list[Ball]]) -> list[Ball]:
    """Return what `compute` finds, with as many bits as are needed for it; NaN where no number of bits suffices."""
    flint = _flint()
    found: list[Ball] = []
    bits = FIRST_BITS
    while bits <= MOST_BITS:
        with flint.ctx.workprec(bits):
            try:
                found = compute()
            except Undecided:
                found = []
            except (ArithmeticError, ValueError):
                return [flint.arb.nan()] * flint.ctx.cap
            if found and all(map(_settled, found)):
                return found
        bits *= 2
    return [x if _settled(x) else flint.arb.nan() for x in found] or [flint.arb.nan()] * flint.ctx.cap


def along(numbers: Sequence[float], direction: Sequence[float]) -> list[Series]:
    """Return the numbers as series in t, each as far along t as the direction says."""
    return [_flint().arb_series([x, d]) for x, d in zip(numbers, direction, strict=True)]


def _unit(count: int, place: int) -> list[float]:
    return [float(i == place) for i in range(count)]


def _derivatives(series: Series, order: int) -> list[Ball]:
    return [series[k] * factorial(k) for k in range(order + 1)]


def exact_derivatives(primitive: Primitive, operands: Sequence[float], place: int, order: int) -> list[Ball]:
    """Return the value and the derivatives by one operand, up to the given order, as balls of python-flint."""
    function = oracle(primitive)
    with terms(order + 1):
        unit = _unit(len(operands), place)
        return certified(lambda: _derivatives(function(*along(operands, unit)), order))


def exact_value(primitive: Primitive, operands: Sequence[float]) -> float:
    """Return the value of the primitive, correctly rounded for all practical purposes.

    >>> from autograd import primitives
    >>> exact_value(primitives.exp, (0.0,))
    1.0
    """
    function = oracle(primitive)
    with terms(1):
        return float(certified(lambda: [function(*map(constant, operands))[0]])[0])


def exact_partial(primitive: Primitive, operands: Sequence[float], place: int) -> float:
    """Return ∂out/∂operand for the operand in this place, correctly rounded for all practical purposes.

    >>> from autograd import primitives
    >>> exact_partial(primitives.sin, (0.0,), 0)
    1.0
    """
    return float(exact_derivatives(primitive, operands, place, 1)[1])


def _replayed(output: Any, inputs: Sequence[Any]) -> Callable[[Sequence[float]], Series]:
    """Return the output of a graph as a function of the direction in which its inputs move."""
    nodes = topological_order(output)
    place = {x: i for i, x in enumerate(inputs)}
    steps = [(node, oracle(node.primitive)) for node in nodes if node.operands and node not in place]
    leaves = [node for node in nodes if not node.operands and node not in place]

    def replay(direction: Sequence[float]) -> Series:
        found = {node: constant(node.data) for node in leaves}
        found.update(zip(inputs, along([x.data for x in inputs], direction)))
        for node, function in steps:
            operands = [constant(x) if type(x) is float else found[x] for x in node.operands]
            try:
                found[node] = function(*operands)
            except Undecided:
                raise
            except (ArithmeticError, ValueError):  # the result may not depend on it, as behind a `where`
                found[node] = constant(_flint().arb.nan())
        return found[output]

    return replay


def exact_gradient(output: Any, inputs: Sequence[Any]) -> list[float]:
    """Return ∂output/∂input for each input of a graph, by the rules of power series instead of the table's.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> exact_gradient(x * x, [x])
    [6.0]
    """
    with terms(2):
        replays = [_replayed(output, [x]) for x in inputs]
        return [float(certified(lambda replay=replay: [replay([1.0])[1]])[0]) for replay in replays]  # type: ignore[misc]


def exact_to_second_order(output: Any, leaves: Sequence[Any]) -> tuple[float, list[float], list[list[float]]]:
    """Return the value of a graph, its gradient and its Hessian.

    >>> from autograd import Value
    >>> x, y = Value(3.0), Value(2.0)
    >>> exact_to_second_order(x * x * y, [x, y])
    (18.0, [12.0, 9.0], [[4.0, 6.0], [6.0, 0.0]])
    """
    replay, count = _replayed(output, leaves), len(leaves)

    def straight(i: int) -> list[Ball]:
        return _derivatives(replay(_unit(count, i)), 2)

    def mixed(i: int, k: int) -> list[Ball]:  # a difference of second derivatives along two diagonals
        ahead, across = ([float(j == i) + sign * (j == k) for j in range(count)] for sign in (1, -1))
        return [(replay(ahead)[2] - replay(across)[2]) / 2]

    with terms(3):
        pure = [list(map(float, certified(lambda i=i: straight(i)))) for i in range(count)]  # type: ignore[misc]
        hessian = [[second] * count for *_, second in pure]
        for i, k in combinations(range(count), 2):
            hessian[i][k] = hessian[k][i] = float(certified(lambda i=i, k=k: mixed(i, k))[0])  # type: ignore[misc]
    return pure[0][0], [slope for _, slope, _ in pure], hessian


# ── how large an error is ────────────────────────────────────────────────────────────────────────────────────────────


def magnitudes(x: Series) -> list[Ball]:
    """Return the absolute values of the terms of a series."""
    return [abs(x[k]) for k in range(_flint().ctx.cap)]


def product(a: list[Ball], b: list[Ball]) -> list[Ball]:
    """Return for each power of t the largest term that contributes to it in the product of two series."""
    return [_most(a[i] * b[n - i] for i in range(n + 1)) for n in range(len(a))]


def _most(balls: Any) -> Ball:
    return reduce(lambda x, y: y if y > x else x, balls)


def composition(outer: Callable[[Series], Series], inner: Series) -> list[Ball]:
    """Return for each power of t the largest term that contributes to it in outer(inner) (Faà di Bruno's formula)."""
    flint = _flint()
    factors = magnitudes(outer(flint.arb_series([inner[0], 1])))
    step = [flint.arb(0), *magnitudes(inner)[1:]]
    powers = [[flint.arb(int(n == 0)) for n in range(len(step))]]
    for _ in step[1:]:
        powers.append(product(powers[-1], step))
    return [_most(factor * power[n] for factor, power in zip(factors, powers)) for n in range(len(step))]


def integral(slope: list[Ball], value: Series) -> list[Ball]:
    """Return the largest terms of a function from those of its derivative."""
    return [abs(value[0]), *(term / k for k, term in enumerate(slope[:-1], 1))]


def _cotangent_terms(order: Series, x: Series) -> list[Ball]:
    """Return the terms of the reflection formula (https://dlmf.nist.gov/5.15#E6); there is one on the positive side."""
    if x[0] > 0:
        return magnitudes(_polygamma(order, x))
    mirrored = magnitudes(_polygamma(order, 1 - x))
    cotangent = _nth_derivative(lambda x: _pi() * x.cot_pi(), x, order)
    return list(map(lambda a, b: _most((a, b)), mirrored, magnitudes(cotangent)))


def _lgamma_terms(x: Series) -> list[Ball]:
    """Return the terms of the reflection formula (https://dlmf.nist.gov/5.5#E3)."""
    slope = _cotangent_terms(constant(0), x)
    return integral(slope, _lgamma(x) if x[0] > 0 else (1 - x).lgamma())


def _gamma_terms(x: Series) -> list[Ball]:
    logarithm = integral(_cotangent_terms(constant(0), x), constant(0))
    flint = _flint()
    with_signs = flint.arb_series([_lgamma(x)[0], *logarithm[1:]])
    return composition(_exp, with_signs)


def _bell_terms(n: Series, a: Series, x: Series) -> list[Ball]:
    times = int(n[0].unique_fmpz())
    with terms(_flint().ctx.cap + times):
        x = _flint().arb_series(x.coeffs())
        found = composition(_exp, -a[0] * x * x)
    return [term * factorial(k + times) / factorial(k) for k, term in enumerate(found[times:])]


def _normal_terms(x: Series) -> list[Ball]:
    return integral([term / (2 * _pi()).sqrt() for term in _bell_terms(constant(0), constant(0.5), x)], _normal(x))


def _error_function_terms(value: Series, x: Series) -> list[Ball]:
    return integral([2 * term / _pi().sqrt() for term in _bell_terms(constant(0), constant(1), x)], value)


def _bump_terms(c: Series, x: Series) -> list[Ball]:
    return product(magnitudes(c), composition(lambda u: 1 / (u * u), 2 * _cosh(x / 2)))


def _sigmoid_terms(x: Series) -> list[Ball]:
    return integral(_bump_terms(constant(1), x), _sigmoid(x))


def _inverse_part_terms(x: Series, y: Series) -> list[Ball]:
    return product(magnitudes(x), composition(lambda u: 1 / u, x * x + y * y))


def _dot_terms(*xs: Series) -> list[Ball]:
    half = len(xs) // 2
    products = [product(magnitudes(x), magnitudes(y)) for x, y in zip(xs[:half], xs[half:])]
    return [_most(terms) for terms in zip(*products)]


# Formulas that are sums of terms which may cancel: the largest one in each derivative, divided by the factorial.
TERMS: dict[str, Callable[..., list[Ball]]] = {
    "atan": lambda x: integral(TERMS["atan_slope"](x), x.atan()),
    "atan_slope": lambda x: composition(lambda u: 1 / u, 1 + x * x),
    "atan2": lambda y, x: integral(
        _inverse_part_terms(*((x, y) if len(y.coeffs()) > 1 else (y, x))), _atan2(y, x)
    ),
    "inverse_part": _inverse_part_terms,
    "asinh": lambda x: integral(composition(lambda u: u.rsqrt(), 1 + x * x), _asinh(x)),
    "tanh": lambda x: integral(_bump_terms(constant(4), 2 * x), _tanh(x)),
    "bump": _bump_terms,
    "sigmoid": _sigmoid_terms,
    "softplus": lambda x: integral(_sigmoid_terms(x), _softplus(x)),
    "silu": lambda x: product(magnitudes(x), _sigmoid_terms(x)),
    "erf": lambda x: _error_function_terms(x.erf(), x),
    "erfc": lambda x: _error_function_terms(x.erfc(), x),
    "bell": _bell_terms,
    "normal": _normal_terms,
    "gelu": lambda x: product(magnitudes(x), _normal_terms(x)),
    "gamma": _gamma_terms,
    "lgamma": _lgamma_terms,
    "digamma": lambda x: _cotangent_terms(constant(0), x),
    "polygamma": _cotangent_terms,
    "dot": _dot_terms,
    "hypot": lambda *xs: composition(lambda u: u.sqrt(), reduce(add, (x * x for x in xs))),
    "logsumexp": lambda *xs: integral(_softmax_terms(*xs), _largest(*map(_absolute, xs))),
}


def _softmax_terms(*xs: Series) -> list[Ball]:
    (moving,) = (x for x in xs if len(x.coeffs()) > 1 and x[1] != 0)
    top = max((x[0].mid() for x in xs), key=float)
    total = reduce(add, (_exp(x - top) for x in xs))
    return product(magnitudes(_exp(moving - top)), composition(lambda u: 1 / u, total))


def largest_terms(primitive: Primitive, operands: Sequence[float], place: int, order: int) -> list[Ball]:
    """Return the largest term of the value and of each derivative by one operand; 0 where it is the result itself."""
    flint = _flint()
    formula = TERMS.get(primitive.name)
    with terms(order + 1), flint.ctx.workprec(4 * FIRST_BITS):
        if formula is None:
            return [flint.arb(0)] * (order + 1)
        found = formula(*along(operands, _unit(len(operands), place)))
        return [x * factorial(k) for k, x in enumerate(found)]


def error_in_ulps(computed: float, exact: Ball, largest: Ball = 0.0) -> float:
    """Return the error in units of the last place of the exact result, or of the largest term where that is larger.

    A result beyond the largest float should be infinite; where a term is, anything is right.

    >>> error_in_ulps(1.0 + 2.0**-52, 1.0)
    1.0
    """
    middle, term = float(exact), float(largest)
    if isinf(middle) or isinf(computed):
        beyond = min(abs(middle), abs(computed)) >= NEARLY_INFINITE and (middle > 0) == (computed > 0)
        return 0.0 if beyond or isinf(term) else inf
    if isnan(computed):
        return 0.0 if isinf(term) else inf
    unit = ulp(max(abs(middle), min(abs(term), LARGEST)))
    return abs(float((_flint().arb(computed) - exact) / unit))
