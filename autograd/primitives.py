"""The table of primitives: every operation that can be differentiated is one row, and a row is all there is to it.

A row says what the operation is worth on floats and, for each operand, the *partial* ∂out/∂operand. The rules for the
partials are written with the rows themselves, so they work on whatever the rows work on: on floats they give numbers,
on Values they give graphs, which can be differentiated again. Eager values, gradients of any order, forward mode, the
tests and the table in the documentation all come from here. (Formulas: https://dlmf.nist.gov/4.20, 4.34, 5.15, 7.2.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import accumulate
from math import inf
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar, overload
from zlib import crc32

from autograd import floats
from autograd.errors import PrimitiveError, not_a_number

Rule = Callable[..., Any] | None


class Operand(Protocol):
    """Something other than a float that primitives accept: it takes over when a primitive is called with it."""

    def __primitive__(self, primitive: Primitive, operands: tuple[Any, ...]) -> Any:
        """Return the result of the primitive on operands of which this is the first that is not a number."""


N = TypeVar("N", bound=Operand)


class Interval(NamedTuple):
    """The numbers from `low` to `high`."""

    low: float = -inf
    high: float = inf

REAL, POSITIVE, UNIT = Interval(), Interval(0.0), Interval(-1.0, 1.0)


@dataclass(frozen=True, eq=False)
class Primitive:
    """One row of the table: an operation on numbers, and its derivative.

    `rules` holds one function per operand, `rule(out, *operands)`, or None for an operand that has no derivative, such
    as a number of digits; a primitive of *many* operands has a single rule that returns all partials at once. A rule
    returns None where its operand was not selected, as in `maximum`: then nothing flows there, not even an infinity.
    """

    name: str
    evaluate: Callable[..., float]
    rules: tuple[Rule, ...]
    many: bool = False
    domain: tuple[Interval, ...] = ()  # one per operand; of many operands, one for all
    breaks: Callable[..., Iterable[float]] | None = None  # quantities that are 0 where the primitive is not smooth
    symbol: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        count = 1 if self.many else len(self.rules)
        object.__setattr__(self, "domain", self.domain or (REAL,) * count)
        object.__setattr__(self, "symbol", self.symbol or self.name)
        about = f"{self.name}: a float for numbers, a Value for Values" + (self.note and f"; {self.note}") + "."
        object.__setattr__(self, "__doc__", about)
        if len(self.rules) != count or len(self.domain) != count:
            raise PrimitiveError(
                f"primitive {self.name!r}: got {len(self.rules)} rules and {len(self.domain)} domains; expected {count}"
            )

    @cached_property
    def _every_partial(self) -> Callable[..., Iterable[Any]]:
        """All rules as one function; written out for one and two, which makes an operation a quarter faster."""
        rules: Any = self.rules
        match rules:
            case (f,) if self.many:
                return f  # type: ignore[no-any-return]
            case (f,):
                return lambda z, x: (f(z, x),)
            case (f, g) if f and g:
                return lambda z, x, y: (f(z, x, y), g(z, x, y))
        return lambda z, *operands: [rule and rule(z, *operands) for rule in rules]

    @property
    def arity(self) -> int | None:
        """The number of operands; None for any number."""
        return None if self.many else len(self.rules)

    @overload
    def __call__(self, *operands: float) -> float: ...  # type: ignore[overload-overlap]  # they meet in no operands
    @overload
    def __call__(self, *operands: N | float) -> N: ...
    def __call__(self, *operands: Any) -> Any:
        """Return the value on numbers as a float; on Values, a Value that remembers how it was computed.

        >>> multiply(6, 7)
        42.0
        """
        if not self.many and len(operands) != len(self.rules):
            raise PrimitiveError(f"{self.name} takes {len(self.rules)} operands, got {len(operands)}")
        for x in operands:
            if type(x) is not float:
                take_over = getattr(type(x), "__primitive__", None)
                if take_over is not None:
                    return take_over(x, self, operands)
        return self.evaluate(*[x if type(x) is float else as_float(x, self.name) for x in operands])

    def partials(self, out: Any, operands: Sequence[Any], active: Sequence[bool]) -> tuple[Any, ...]:
        """Return ∂out/∂operand for each active operand, and None where nothing flows: not active, or not selected.

        >>> multiply.partials(42.0, (6.0, 7.0), (True, False))
        (7.0, None)
        """
        if False not in active:
            return tuple(self._every_partial(out, *operands))
        if self.many:
            return tuple([p if wanted else None for p, wanted in zip(self._every_partial(out, *operands), active)])
        return tuple([rule(out, *operands) if wanted and rule else None for rule, wanted in zip(self.rules, active)])

    def smooth_at(self, *operands: float, margin: float = 0.0) -> bool:
        """Return whether the operands are in the domain and farther than `margin` from a kink, jump or pole."""
        domain = self.domain * len(operands) if self.many else self.domain
        inside = all(low + margin <= x <= high - margin for x, (low, high) in zip(operands, domain, strict=True))
        return inside and (self.breaks is None or all(abs(gap) > margin for gap in self.breaks(*operands)))

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __copy__(self) -> Primitive:
        return self

    def __deepcopy__(self, memo: object) -> Primitive:
        return self

    def __reduce__(self) -> tuple[Callable[[str], Primitive], tuple[str]]:
        if TABLE.get(self.name) is not self:
            found = "another one" if self.name in TABLE else "none"
            raise PrimitiveError(
                f"primitive {self.name!r}: a pickle keeps only the name, by which {found} would be found; define it by"
                " @primitive, or if a compiled function computed x, pickle x.data"
            )
        return named, (self.name,)


TABLE: dict[str, Primitive] = {}


def named(name: str) -> Primitive:
    """Return the primitive with this name.

    >>> named("sin")(0.0)
    0.0
    """
    if name not in TABLE:
        raise PrimitiveError(f"no primitive is called {name!r}; import the module that defines it first")
    return TABLE[name]


def as_float(x: Any, where: str, expected: str = "a real number or a Value") -> float:
    """Return a real number as a float; raise `OperandError`, saying where and what was expected, for anything else."""
    if type(x) is int or isinstance(x, Real):
        return float(x)
    raise not_a_number(x, where, expected)


def row(name: str, *rules: Rule, evaluate: Callable[..., float] | None = None, **properties: Any) -> Primitive:
    """Add a row to the table; its value is the function of the same name in `floats`, unless another is given."""
    TABLE[name] = Primitive(name, evaluate or getattr(floats, name), rules, **properties)
    return TABLE[name]


def relation(name: str, symbol: str) -> Primitive:
    """Add a row for a comparison: 1.0 where it holds, else 0.0, and nothing flows."""
    return row(name, lambda z, x, y: None, lambda z, x, y: None, symbol=symbol, breaks=lambda x, y: [x - y])


if TYPE_CHECKING:  # rules mention rows that stand further down
    atan_slope = asin_slope = atanh_slope = bump = inverse_part = bell = normal = Primitive("", float, ())
    cbrt_slope = gamma_slope = Primitive("", float, ())
    power = log = floor_divide = trunc = round_to = ldexp = cos = hypot = cosh = Primitive("", float, ())
    divide = chain = sigmoid = digamma = polygamma = copysign = ratio = monomial = Primitive("", float, ())

# fmt: off

TINY, SMALLEST_NORMAL = 2.0**-900, 2.0**-1022
LN2, LOG2_E, LOG10_E = 0.6931471805599453, 1.4426950408889634, 0.4342944819032518

# ── arithmetic ───────── ∂out/∂operand: one rule per operand, z is the result ────────────────────────────────────────
# On floats a / b and a ** b raise where IEEE 754 has an infinity, so the rules write divide(a, b) and power(a, b).

identity     = row("identity",     lambda z, x: 1.0, symbol="+")
add          = row("add",          lambda z, x, y: 1.0,               lambda z, x, y: 1.0,            symbol="+")
subtract     = row("subtract",     lambda z, x, y: 1.0,               lambda z, x, y: -1.0,           symbol="-")
multiply     = row("multiply",     lambda z, x, y: y,                 lambda z, x, y: x,              symbol="*")
divide       = row("divide",       lambda z, x, y: divide(1.0, y),    lambda z, x, y: -ratio(x, y, 2.0),  symbol="/",
                   breaks=lambda x, y: [y], note="x / 0 is an infinity, 0 / 0 is NaN")
power        = row("power",        lambda z, x, y: defined(z, falling(y, x, y, 1.0)),
                                   lambda z, x, y: by_exponent(1.0, x, y, 0.0),                       symbol="**",
                   domain=(POSITIVE, REAL),
                   note="x ** 0 is 1, its slope 0; negative bases take integer powers, others give NaN")
negate       = row("negate",       lambda z, x: -1.0, symbol="-")
absolute     = row("absolute",     lambda z, x: by_sign(z, x, 1.0, -1.0),                             symbol="abs",
                   breaks=lambda x: [x], note="slope 0 at 0")
chain        = row("chain",        lambda z, a, p: p,                 lambda z, a, p: a,              symbol="·",
                   note="adjoint · partial, as the sweeps multiply: 0 where the adjoint is 0, whatever the partial")
mod          = row("mod",          lambda z, x, y: 1.0,               lambda z, x, y: defined(z, -floor_divide(x, y)),
                   symbol="%", breaks=lambda x, y: [y, floats.remainder(x, y)], note="has the sign of y; NaN for y = 0")
floor_divide = row("floor_divide", lambda z, x, y: flat(z),           lambda z, x, y: flat(z),        symbol="//",
                   breaks=lambda x, y: [y, floats.remainder(x, y)], note="slope 0")
fmod         = row("fmod",         lambda z, x, y: 1.0,               lambda z, x, y: -multiples(x, z, y),
                   breaks=lambda x, y: [y, floats.remainder(x, y)], note="has the sign of x; NaN for y = 0")
remainder    = row("remainder",    lambda z, x, y: 1.0,               lambda z, x, y: -multiples(x, z, y),
                   breaks=lambda x, y: [y, y * half_way(floats.divide(x, y))], note="from the nearest multiple of y")
ldexp        = row("ldexp",        lambda z, x, n: ldexp(1.0, n),     None, note="x · 2ⁿ, n an integer")

# ── exponentials, logarithms, roots ──────────────────────────────────────────────────────────────────────────────────

exp          = row("exp",          lambda z, x: z)
exp2         = row("exp2",         lambda z, x: LN2 * z)
expm1        = row("expm1",        lambda z, x: exp(x))
log          = row("log",          lambda z, x: defined(z, divide(1.0, x + 0.0)),     domain=(POSITIVE,),
                   note="-inf at 0")
log2         = row("log2",         lambda z, x: defined(z, divide(LOG2_E, x + 0.0)),  domain=(POSITIVE,),
                   note="-inf at 0")
log10        = row("log10",        lambda z, x: defined(z, divide(LOG10_E, x + 0.0)), domain=(POSITIVE,),
                   note="-inf at 0")
log1p        = row("log1p",        lambda z, x: defined(z, divide(1.0, 1.0 + x)),     domain=(Interval(-1.0),),
                   note="-inf at -1")
sqrt         = row("sqrt",         lambda z, x: divide(0.5, z + 0.0),         domain=(POSITIVE,), note="slope inf at 0")
cbrt         = row("cbrt",         lambda z, x: cbrt_slope(x),
                   breaks=lambda x: [x], note="slope inf at 0")

# ── angles ───────────────────────────────────────────────────────────────────────────────────────────────────────────

sin          = row("sin",          lambda z, x: cos(x))
cos          = row("cos",          lambda z, x: -sin(x))
tan          = row("tan",          lambda z, x: 1.0 + z * z, breaks=lambda x: [cos(x)], note="poles at π/2 + kπ")
asin         = row("asin",         lambda z, x: asin_slope(x),   domain=(UNIT,))
acos         = row("acos",         lambda z, x: -asin_slope(x),  domain=(UNIT,))
atan         = row("atan",         lambda z, x: atan_slope(x))
atan2        = row("atan2",        lambda z, y, x: inverse_part(x, y),
                                   lambda z, y, x: -inverse_part(y, x),
                   breaks=lambda y, x: [y if x < 0 else hypot(x, y)],
                   note="the angle of the point (x, y); slopes NaN at the origin")

# ── hyperbolic functions ─────────────────────────────────────────────────────────────────────────────────────────────

sinh         = row("sinh",         lambda z, x: cosh(x))
cosh         = row("cosh",         lambda z, x: sinh(x))
tanh         = row("tanh",         lambda z, x: bump(4.0, 2.0 * x),
                   note="1 - z² would lose all digits where z rounds to 1")
asinh        = row("asinh",        lambda z, x: divide(1.0, hypot(1.0, x)))
acosh        = row("acosh",        lambda z, x: divide(divide(1.0, sqrt(x + 1.0)), sqrt(x - 1.0)),
                   domain=(Interval(1.0),))
atanh        = row("atanh",        lambda z, x: atanh_slope(x), domain=(UNIT,), note="±inf at ±1")

# ── special functions ────────────────────────────────────────────────────────────────────────────────────────────────

erf          = row("erf",          lambda z, x: floats.ERF_SLOPE * bell(0.0, 1.0, x))
erfc         = row("erfc",         lambda z, x: -floats.ERF_SLOPE * bell(0.0, 1.0, x))
gamma        = row("gamma",        lambda z, x: gamma_slope(x),       breaks=lambda x: [pole_gap(x)],
                   note="±inf at ±0, NaN at -1, -2, …")
lgamma       = row("lgamma",       lambda z, x: digamma(x),           breaks=lambda x: [pole_gap(x)], note="log |Γ|")
digamma      = row("digamma",      lambda z, x: polygamma(1.0, x),    breaks=lambda x: [pole_gap(x)], note="lgamma′")
polygamma    = row("polygamma",    None,                              lambda z, n, x: defined(z, polygamma(n + 1.0, x)),
                   domain=(POSITIVE, REAL), breaks=lambda n, x: [pole_gap(x)], note="the n-th derivative of digamma")

# ── slopes, and what else rules are made of: what must not lose digits is a row of its own ────────────────────────────

ratio        = row("ratio",        lambda z, x, y, n: ratio(1.0, y, n),
                                   lambda z, x, y, n: -chain(n, ratio(x, y, n + 1.0)), None,
                   domain=(REAL, REAL, POSITIVE), breaks=lambda x, y, n: [y], note="x / yⁿ, n a whole number")
monomial     = row("monomial",     lambda z, c, x, y, k: monomial(1.0, x, y, k),
                                   lambda z, c, x, y, k: falling(c * (y - k), x, y, k + 1.0),
                                   lambda z, c, x, y, k: by_exponent(c, x, y, k), None,
                   domain=(REAL, POSITIVE, REAL, REAL), note="c · xʸ⁻ᵏ; 0 where c is 0")
exp_of_difference = row("exp_of_difference", lambda z, x, y: z, lambda z, x, y: -z)
atan_slope   = row("atan_slope",   lambda z, x: -2.0 * chain(z, x) * z)
asin_slope   = row("asin_slope",   lambda z, x: x * z * z * z,  domain=(UNIT,))
atanh_slope  = row("atanh_slope",  lambda z, x: 2.0 * x * z * z, domain=(UNIT,))
gamma_slope  = row("gamma_slope",  lambda z, x: choose(z == inf, z, z * digamma(x) + gamma(x) * polygamma(1.0, x)),
                   breaks=lambda x: [pole_gap(x)], note="gamma · digamma, where gamma is subnormal, too")
cbrt_slope   = row("cbrt_slope",   lambda z, x: -divide(2.0 * z, 3.0 * x), breaks=lambda x: [x])
inverse_part = row("inverse_part", lambda z, x, y: difference_of_squares(inverse_part(y, x), z, y, x),
                                   lambda z, x, y: product_of_parts(-2.0 * z, inverse_part(y, x), y),
                   breaks=lambda x, y: [hypot(x, y)], note="x / (x² + y²), the real part of 1 / (x + iy)")
bell         = row("bell",         None, None, lambda z, n, a, x: bell(n + 1.0, a, x),
                   domain=(POSITIVE, POSITIVE, REAL), breaks=lambda n, a, x: [a],
                   note="the n-th derivative of exp(-a · x²), a a power of 2")
bump         = row("bump",         lambda z, c, x: bump(1.0, x),
                                   lambda z, c, x: bump(tanh_of_half(-c, x), x), note="c · eˣ / (1 + eˣ)²")
normal       = row("normal",       lambda z, x: floats.NORMAL_PEAK * bell(0.0, 0.5, x),
                   note="the normal distribution function")

# ── steps: flat, and nothing is passed on ────────────────────────────────────────────────────────────────────────────

floor        = row("floor",        lambda z, x: flat(z), breaks=lambda x: [floats.remainder(x, 1.0)], note="slope 0")
ceil         = row("ceil",         lambda z, x: flat(z), breaks=lambda x: [floats.remainder(x, 1.0)], note="slope 0")
trunc        = row("trunc",        lambda z, x: flat(z), breaks=lambda x: [floats.remainder(x, 1.0)], note="slope 0")
round_to     = row("round_to",     lambda z, x, digits: flat(z), None, symbol="round",
                   breaks=lambda x, digits: [half_way(x * 10.0**digits) * 10.0**-digits], note="half to even; slope 0")
sign         = row("sign",         lambda z, x: flat(z), breaks=lambda x: [x], note="0 at 0; slope 0")

# ── selections: the first operand is selected at a tie ───────────────────────────────────────────────────────────────

copysign     = row("copysign",     lambda z, x, y: by_sign(z, x, copysign(1.0, y), -copysign(1.0, y)),
                                   lambda z, x, y: flat(z),
                   breaks=lambda x, y: [x, y], note="|x| with the sign of y; slope 0 at x = 0")
where        = row("where",        None,                              lambda z, c, x, y: choose(c != 0, 1.0, None),
                                                                      lambda z, c, x, y: choose(c != 0, None, 1.0),
                   note="x if the condition c is not 0, else y")
clip         = row("clip",         lambda z, x, low, high: selected((x >= low) & (x <= high), z),
                                   lambda z, x, low, high: selected((x < low) & (low <= high), z),
                                   lambda z, x, low, high: selected(((x > high) | (low > high)) & (z == z), z),
                   breaks=lambda x, low, high: [x - low, x - high, low - high],
                   note="at a bound x is selected; where the bounds are crossed, the upper one")
relu         = row("relu",         lambda z, x: selected(x > 0, z), breaks=lambda x: [x],
                   note="slope 0 at 0")
maximum      = row("maximum",      lambda z, *xs: first_equal(z, xs), many=True,
                   breaks=lambda *xs: lead(sorted(xs)[::-1]), note="of equal operands the first is selected")
minimum      = row("minimum",      lambda z, *xs: first_equal(z, xs), many=True,
                   breaks=lambda *xs: lead(sorted(xs)), note="of equal operands the first is selected")

# ── conditions: 1.0 where they hold, else 0.0; comparing Values makes them while a function is recorded ───────────────

less         = relation("less", "<")
less_equal   = relation("less_equal", "<=")
greater      = relation("greater", ">")
greater_equal = relation("greater_equal", ">=")
equal        = relation("equal", "==")
not_equal    = relation("not_equal", "!=")
logical_and  = row("logical_and",  lambda z, x, y: None,              lambda z, x, y: None,           symbol="and",
                   breaks=lambda x, y: [x, y], note="of numbers that are not 0")
logical_or   = row("logical_or",   lambda z, x, y: None,              lambda z, x, y: None,           symbol="or",
                   breaks=lambda x, y: [x, y], note="of numbers that are not 0")
logical_not  = row("logical_not",  lambda z, x: None, symbol="not", breaks=lambda x: [x], note="1 for 0 only")

# ── activations ──────────────────────────────────────────────────────────────────────────────────────────────────────

sigmoid      = row("sigmoid",      lambda z, x: bump(1.0, x))
softplus     = row("softplus",     lambda z, x: sigmoid(x))
silu         = row("silu",         lambda z, x: sigmoid(x) + bump(x, x))
gelu         = row("gelu",         lambda z, x: normal(x) - floats.NORMAL_PEAK * bell(1.0, 0.5, x))

# ── many operands, one node ──────────────────────────────────────────────────────────────────────────────────────────

fsum         = row("fsum",         lambda z, *xs: [1.0] * len(xs), many=True, symbol="sum", note="exactly rounded")
dot          = row("dot",          lambda z, *xs: xs[len(xs) // 2:] + xs[:len(xs) // 2], many=True,
                   note="the first half of the operands times the second, added from left to right")
prod         = row("prod",         lambda z, *xs: products_of_others(xs), many=True,
                   note="no division: right where an operand is 0")
logsumexp    = row("logsumexp",    lambda z, *xs: softmax(xs), many=True,
                   note="log Σeˣ without overflow; an operand of -inf has slope 0")
hypot        = row("hypot",        lambda z, *xs: directions(z, xs), many=True,
                   breaks=lambda *xs: [hypot(*xs)], note="Euclidean norm; slopes 0 at the origin")

# fmt: on

CONDITIONS = (less, less_equal, greater, greater_equal, equal, not_equal, logical_and, logical_or, logical_not)


class Choice(NamedTuple):
    """A partial that is chosen by a recorded condition, where one of the two may say that nothing flows."""

    condition: Any
    yes: Any
    no: Any


def difference_of_squares(a: Any, b: Any, x: Any, y: Any) -> Any:
    """Return a² - b², a and b in proportion to x and y: where both squares are infinite, it depends on these.

    Not (a - b) (a + b): of that, the derivatives cancel where one factor alone changes.
    """
    squares = a * a - b * b
    settled = (a != a) | (b != b) | (squares == squares)
    return choose(settled, squares, chain(absolute(x) - absolute(y), inf))


def product_of_parts(a: Any, b: Any, y: Any) -> Any:
    """Return a · b, which is 0 if one of them is, although the other may be infinite; b is 0 where y is."""
    return choose(y == 0, chain(b, a), chain(a, b))


def tanh_of_half(c: Any, x: Any) -> Any:
    """Return c · tanh(x/2), also where the half of x is no float."""
    tangent = c * tanh(0.5 * x)
    subnormal = (x < SMALLEST_NORMAL) & (x > -SMALLEST_NORMAL)
    return choose(subnormal, 0.5 * c * x, tangent)


def choose(condition: Any, x: Any, y: Any) -> Any:
    """Return `x` or `y` at once if the condition is a plain bool; record the choice if it is not."""
    if type(condition) is bool:
        return x if condition else y
    if x is None and y is None:
        return None
    partial = x is None or y is None or type(x) is Choice or type(y) is Choice
    return Choice(condition, x, y) if partial else where(condition, x, y)


def is_zero(x: Any) -> bool:
    """Return whether `x` is the number 0. A Value that is 0 now still has derivatives."""
    return type(x) is float and x == 0.0


def strong_product(x: Any, y: Any) -> Any:
    """Return `chain(x, y)`, which is 0 where x is; nothing is recorded for a factor that is the number 0 or 1."""
    if is_zero(x):
        return 0.0
    if type(y) is float and y == 1.0:
        return x
    if type(x) is float and x == 1.0:
        return y
    return chain(x, y)


def falling(c: Any, x: Any, y: Any, k: Any) -> Any:
    """Return c · xʸ⁻ᵏ, which is the number 0 where c is."""
    return choose(is_zero(c), 0.0, monomial(c, x, y, k))


def by_exponent(c: Any, x: Any, y: Any, k: Any) -> Any:
    """Return the derivative of c · xʸ⁻ᵏ by y."""
    return choose((x == 0) & (y >= k) | (x == inf) & (y < k), 0.0, monomial(c * log(x), x, y, k))


def directions(z: Any, xs: Sequence[Any]) -> list[Any]:
    """Return x / z for each x, z their norm; nothing flows at the origin.

    All are scaled where z is huge or tiny; if operands are infinite, the direction is theirs.
    """
    scale = choose(z < TINY, 1.0 / TINY, choose(z > 1.0 / TINY, TINY, 1.0))
    if type(scale) is float and scale == 1.0:
        return [choose(z == 0, None, divide(x, z)) for x in xs]
    scaled = [x * scale for x in xs]
    endless = hypot(*scaled) == inf
    ends = [choose((x == inf) | (x == -inf), copysign(1.0, x), 0.0 * x) for x in xs]
    xs = [choose(endless, *pair) for pair in zip(ends, scaled)]
    norm = hypot(*xs)
    return [choose(z == 0, None, divide(x, norm)) for x in xs]


def softmax(xs: Sequence[Any]) -> list[Any]:
    """Return exp(x) / Σ exp(x) for each x; 0 for -inf."""
    if not xs:
        return []
    top = maximum(*xs)
    powers = [exp_of_difference(x, top) for x in xs]
    total = reduce(add, powers, 0.0)
    return [choose((x == -inf) & (total == total), 0.0, divide(e, total)) for x, e in zip(xs, powers)]


def defined(z: Any, slope: Any) -> Any:
    """Return the slope, but NaN, at every order, where there is no value."""
    return choose(z == z, slope, z)


def flat(z: Any) -> Any:
    """Return the partial of a step: nothing flows, but NaN, at every order, where the result is NaN."""
    return choose(z == z, None, z)


def selected(condition: Any, z: Any) -> Any:
    """Return the partial of an operand that is handed on where the condition holds, and only there."""
    return choose(condition, 1.0, flat(z))


def by_sign(z: Any, x: Any, positive: Any, negative: Any) -> Any:
    """Return one of two partials by the sign of `x`; nothing flows at 0."""
    return choose(x > 0, positive, choose(x < 0, negative, flat(z)))


def first_equal(z: Any, operands: Iterable[Any]) -> Iterator[Any]:
    """Yield the partials of a selection among many: 1 for the first operand that is the result."""
    found: Any = False
    for x in operands:
        equal = x == z
        yield choose(found, None, selected(equal, z))
        found = equal if found is False else found | equal


def products_of_others(operands: Sequence[Any]) -> list[Any]:
    """Return for each operand the product of the others, without dividing, in linear time."""
    if len(operands) < 2:
        return [1.0] * len(operands)
    before: list[Any] = list(accumulate(operands[:-1], multiply))
    after: list[Any] = list(accumulate(operands[:0:-1], multiply))[::-1]
    return [after[0], *map(multiply, before, after[1:]), before[-1]]


def lead(ordered: Sequence[float]) -> tuple[float, ...]:
    """Return by how much the first of the ordered numbers leads; nothing if it is alone."""
    return (ordered[0] - ordered[1],) if len(ordered) > 1 else ()


def multiples(x: Any, rest: Any, y: Any) -> Any:
    """Return (x - rest) / y, which is an integer, without a difference that might be too large."""
    return round_to(divide(x, y) - divide(rest, y), 0.0)


def half_way(x: float) -> float:
    """Return the distance of `x` from the middle between two integers."""
    return floats.mod(x, 1.0) - 0.5


def pole_gap(x: float) -> float:
    """Return the distance from the nearest pole of the gamma function."""
    return floats.remainder(x, 1.0) if x < 0.5 else x


def primitive(*rules: Rule, many: bool = False, **properties: Any) -> Callable[[Callable[..., float]], Primitive]:
    """Make a function of floats a primitive: a row like any other, differentiable to any order.

    `rules` gives ∂out/∂operand for each operand, as `rule(out, *operands)` written with functions of `autograd.math`;
    with `many=True` it is one rule that returns the partials of all operands. `domain`, `breaks`, `symbol` and `note`
    are as in `Primitive`. Raises `PrimitiveError` if the library has a
    primitive of this name or the rules do not fit; one of your own is replaced, as when a notebook runs again.

    >>> @primitive(lambda out, x: 3 * x**2)
    ... def cube(x):
    ...     return x * x * x
    >>> cube(2.0), cube.partials(8.0, (2.0,), (True,))
    (8.0, (12.0,))
    """

    def decorate(function: Callable[..., float]) -> Primitive:
        name = function.__name__
        if name in BUILT_IN:
            raise PrimitiveError(f"primitive {name!r}: the library has one of this name; choose another")
        checked = tuple(rule and _checked_rule(name, rule, many) for rule in rules)
        return row(name, *checked, evaluate=_checked_value(name, function), many=many, **properties)

    return decorate


def _checked_value(name: str, function: Callable[..., Any]) -> Callable[..., float]:
    return lambda *operands: as_float(function(*operands), f"the value of primitive {name!r}")


def _checked_rule(name: str, rule: Callable[..., Any], many: bool) -> Callable[..., Any]:
    def number(partial: Any) -> Any:
        if partial is None or hasattr(type(partial), "__primitive__"):
            return partial
        return as_float(partial, f"a partial of primitive {name!r}")

    def checked(out: Any, *operands: Any) -> Any:
        found = rule(out, *operands)
        if not many:
            return number(found)
        partials = [number(partial) for partial in found]
        if len(partials) != len(operands):
            raise PrimitiveError(
                f"primitive {name!r}: its rule gave {len(partials)} partials for {len(operands)} operands"
            )
        return partials

    return checked


BUILT_IN = frozenset(TABLE)


def checksum() -> int:
    """Return the number by which a compiled core knows the table it was compiled for."""
    sources = (Path(file).read_text(encoding="utf-8") for file in (__file__, floats.__file__))
    return crc32("".join(sources).encode())


def is_current(compiled: int) -> bool:
    """Return whether this is the table that a core with the given checksum was compiled for."""
    try:
        return compiled == checksum()
    except OSError:  # in a bundle without sources, which cannot have changed
        return True
