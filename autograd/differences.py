"""Derivatives from function values alone: central differences, extrapolated to step 0.

The judge of every derivative in this library, so it has to say how far it can be trusted: each estimate comes with a
bound on its error. (Ridders 1982, https://doi.org/10.1016/S0141-1195(82)80057-0.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import frexp, inf, isfinite, ldexp, nan
from typing import NamedTuple

LEVELS = 6  # steps h, h/2, h/4, …
FIRST_STEPS = (2.0**-7, 2.0**-10, 2.0**-13)  # times about max(1, √|x|); the later ones for fast changes
LAST_STEP = 2.0**-7  # times about |x|: for very large x, and near a pole or the border of a domain at 0
TINY = 2.0**-1000  # what a step cannot be halved below
GOOD_ENOUGH = 1e-11  # relative error at which no smaller first step is tried
USABLE = 1e-6  # error, relative to value and slope, at which the last step is not tried: near 0 values may be all noise
ROUNDING = 2.0**-50  # relative error that function values are taken to have, …
UNDERFLOW = 2.0**-1022  # … and absolute error: a subnormal intermediate result has lost digits, and may be magnified
SPACING = 2.0**-1074  # of subnormal numbers: how finely the estimate itself is rounded there


class Estimate(NamedTuple):
    """A derivative and a bound on its error; (nan, inf) if there is none."""

    value: float
    error: float

    def agrees_with(self, number: float, tolerance: float, floor: float = 0.0) -> bool:
        """Return whether `number` is within the error of the estimate, plus a relative and an absolute tolerance."""
        return abs(self.value - number) <= 4 * self.error + tolerance * abs(self.value) + floor


NONE = Estimate(nan, inf)


def differentiate(f: Callable[[float], Sequence[float]], x: float, size: float = 0.0) -> list[Estimate]:
    """Return an estimate of the derivative of each number that `f` returns, at `x`.

    Numbers are taken to be exact to the last few bits; if they are what is left of larger terms, `size` says how large.

    >>> [round(slope.value, 9) for slope in differentiate(lambda x: (x**2, x**3), 3.0)]
    [6.0, 27.0]
    """
    exponent = frexp(x)[1] if x else 0  # steps are powers of two, so that x + step is rarely rounded
    best: list[Estimate] = []
    far = [ldexp(LAST_STEP, exponent)] if exponent > 0 else []
    for step in (*(ldexp(step, max(0, exponent // 2)) for step in FIRST_STEPS), *far):
        found = _with_first_step(f, x, step, size)
        best = [min(pair, key=_error) for pair in zip(best or found, found)]
        if all(estimate.error <= GOOD_ENOUGH * abs(estimate.value) for estimate in best):
            return best
    if far:
        return best
    sizes = [max(abs(a), abs(b)) for a, b in zip(f(x + FIRST_STEPS[0]), f(x - FIRST_STEPS[0]))]
    usable = [e.error <= USABLE * max(abs(e.value), size) for e, size in zip(best, sizes)]
    found = best if all(usable) else _with_first_step(f, x, max(ldexp(LAST_STEP, exponent), TINY), size)
    return [old if good else min(old, new, key=_error) for good, old, new in zip(usable, best, found)]


def _error(estimate: Estimate) -> float:
    return estimate.error


def _with_first_step(
    f: Callable[[float], Sequence[float]], x: float, step: float, size: float
) -> list[Estimate]:
    steps = [step / 2**level for level in range(LEVELS)]
    pairs = [(f(x + h), f(x - h)) for h in steps]
    width = len(pairs[0][0])
    return [_extrapolate([(above[i], below[i]) for above, below in pairs], steps, size) for i in range(width)]


def _extrapolate(pairs: list[tuple[float, float]], steps: list[float], size: float) -> Estimate:
    """Return the entry of the Neville tableau that differs least from those it is made of."""
    if not all(isfinite(number) for pair in pairs for number in pair):
        return NONE
    noise = max(UNDERFLOW, ROUNDING * max(size, *(abs(number) for pair in pairs for number in pair)))
    best, last = NONE, [(above - below) / (2 * h) for (above, below), h in zip(pairs, steps)]
    factor = 1.0
    while len(last) > 1:
        factor *= 4.0
        column = [(factor * fine - coarse) / (factor - 1.0) for coarse, fine in pairwise(last)]
        for value, coarse, step in zip(column, last, steps[-len(column) :]):
            error = abs(value - coarse) + noise / step + SPACING  # the finer one is `factor` times as near
            best = min(best, Estimate(value, error), key=_error)
        last = column
    return best
