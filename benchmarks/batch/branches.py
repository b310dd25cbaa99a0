"""Functions that branch on their numbers, as they are written on paper, over 100,000 lanes, with derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from autograd import math, value_and_grad, vmap
from benchmarks.timing import Call

LANES, SAMPLE = 100_000, 500
EVERY = LANES // SAMPLE
SPOT, BARRIER, STRIKE, MONTH = 100.0, 85.0, 100.0, 1.0 / 12.0
RNG = np.random.default_rng(0)


def call_option(volatility: Any, strike: Any) -> tuple[Any, Any]:
    """Return the price of a call in a year, without interest, and its derivative by the volatility."""
    d = math.log(SPOT / strike) / volatility + 0.5 * volatility
    price = SPOT * normal(d) - strike * normal(d - volatility)
    return price, SPOT * math.exp(-0.5 * d * d) / math.sqrt(2.0 * math.pi)


def normal(x: Any) -> Any:
    """Return the probability that a standard normal number is at most x."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def implied_volatility(price: Any, strike: Any) -> Any:
    """Return the volatility that explains a price, by Newton's iteration, as far as needed."""
    volatility, difference = 0.5, 1.0
    while abs(difference) > 1e-10:
        value, slope = call_option(volatility, strike)
        difference = value - price
        volatility = volatility - difference / slope
    return volatility


def knocked_out(spot: Any, volatility: Any, normals: Sequence[Any]) -> Any:
    """Return the payoff of a call that ends where the price falls below a barrier: by an early return."""
    for z in normals:
        spot = spot * math.exp(-0.5 * volatility * volatility * MONTH + volatility * math.sqrt(MONTH) * z)
        if spot < BARRIER:
            return 0.0
    return max(spot - STRIKE, 0.0)


def knocked_out_by_flag(spot: Any, volatility: Any, normals: Sequence[Any]) -> Any:
    """Return the same: by a flag."""
    alive = True
    for z in normals:
        spot = spot * math.exp(-0.5 * volatility * volatility * MONTH + volatility * math.sqrt(MONTH) * z)
        if spot < BARRIER:
            alive = False
    return max(spot - STRIKE, 0.0) if alive else 0.0


def tariff(income: Any) -> Any:
    """Return a tax in four brackets."""
    if income < 12.0:
        return 0.0
    if income < 18.0:
        return (0.14 + 0.01 * (income - 12.0)) * (income - 12.0)
    if income < 67.0:
        return 1.2 + (0.24 + 0.002 * (income - 18.0)) * (income - 18.0)
    return 17.762 + 0.42 * (income - 67.0)


@dataclass
class Branching:
    """A function, the arguments of all lanes, and which of them it is differentiated by."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    shared: tuple[bool, ...]  # those that are the same in all lanes
    argnums: tuple[int, ...]

    def ours(self) -> Call:
        """The library: a program for each way through the function."""
        derivatives = value_and_grad(self.function, argnums=self.argnums)
        axes = tuple(None if shared else 0 for shared in self.shared)
        return partial(self._sampled, vmap(derivatives, axes, threads=1))

    def _sampled(self, compiled: Callable[..., Any]) -> Call:
        value, slopes = compiled(*self.arguments)
        return lambda: [column[::EVERY] for column in (value, *slopes)]

    def eager(self) -> Call:
        """Return the library without programs, on some of the lanes."""
        derivatives = value_and_grad(self.function, argnums=self.argnums)
        lanes = [
            [x if shared else x[lane].tolist() for x, shared in zip(self.arguments, self.shared)]
            for lane in range(0, LANES, EVERY)
        ]

        def call() -> Any:
            found = [derivatives(*arguments) for arguments in lanes]
            return lambda: [*zip(*((value, *slopes) for value, slopes in found))]

        return call


def prices() -> tuple[Any, Any]:
    """Return prices of calls, from volatilities of 0.1 to 0.9, and their strikes."""
    strikes, volatilities = RNG.uniform(70.0, 140.0, LANES), RNG.uniform(0.1, 0.9, LANES)
    return vmap(lambda *numbers: call_option(*numbers)[0])(volatilities, strikes), strikes


BARRIERS: tuple[Any, ...] = (SPOT, 0.3, RNG.standard_normal((LANES, 12)))
SHARED = (True, True, False)
WORKLOADS = {
    "implied volatility": Branching(implied_volatility, prices(), (False, False), (0, 1)),
    "barrier, early return": Branching(knocked_out, BARRIERS, SHARED, (0, 1)),
    "barrier, flag": Branching(knocked_out_by_flag, BARRIERS, SHARED, (0, 1)),
    "tariff": Branching(tariff, (RNG.uniform(0.0, 100.0, LANES),), (False,), (0,)),
}
