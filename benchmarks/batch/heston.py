"""A call option in Heston's model: its price and six Greeks, as the mean over 100,000 paths of given normal numbers.

    dS = r·S·dt + √v·S·dW₁    dv = κ·(θ − v)·dt + ξ·√v·dW₂    dW₁·dW₂ = ρ·dt

One path is scalar code: 100 steps of Euler's, in each of which the variance is floored at 0 by an `if`, and so is the
payoff. (Heston, 1993; full truncation: Lord, Koekkoek and van Dijk, 2010)
"""

from __future__ import annotations

import math as standard_math
from functools import partial
from typing import Any

import numpy as np

from autograd import math, value_and_grad, vmap
from benchmarks import peers
from benchmarks.timing import Call

PATHS, STEPS = 100_000, 100
STRIKE, RATE, DT = 100.0, 0.02, 1.0 / STEPS
PARAMETERS = 100.0, 0.04, 1.5, 0.04, 0.3, -0.7  # spot, variance, kappa, theta, xi, rho
GREEKS = tuple(range(6))
SHARED = (None,) * 6
AT_A_TIME = 1000  # paths, where a library is told to take only so many
NORMALS = np.random.default_rng(0).standard_normal((2, PATHS, STEPS))


def ours(threads: int = 1) -> Call:
    """The library: one path, in scalar code, its mean over all paths, and the gradient of that."""

    def payoff(spot: Any, v: Any, kappa: Any, theta: Any, xi: Any, rho: Any, ones: Any, twos: Any) -> Any:
        rest = math.sqrt(1.0 - rho * rho)
        for one, two in zip(ones, twos):
            variance = v if v > 0.0 else 0.0
            root = math.sqrt(variance * DT)
            spot = spot * math.exp((RATE - 0.5 * variance) * DT + root * one)
            v = v + kappa * (theta - variance) * DT + xi * root * (rho * one + rest * two)
        return spot - STRIKE if spot > STRIKE else 0.0

    price = vmap(payoff, (*SHARED, 0, 0), reduce="mean", threads=threads)
    return partial(value_and_grad(price, argnums=GREEKS), *PARAMETERS, *NORMALS)


def numba() -> Call:
    """numba: the same code, without derivatives."""
    sqrt, exp = standard_math.sqrt, standard_math.exp

    @peers.numba().njit
    def price(spot_0, v_0, kappa, theta, xi, rho, ones, twos):  # type: ignore[no-untyped-def]
        rest = sqrt(1.0 - rho * rho)
        total = 0.0
        for path in range(ones.shape[0]):
            spot, v = spot_0, v_0
            for step in range(ones.shape[1]):
                variance = v if v > 0.0 else 0.0
                root = sqrt(variance * DT)
                spot = spot * exp((RATE - 0.5 * variance) * DT + root * ones[path, step])
                v = v + kappa * (theta - variance) * DT + xi * root * (rho * ones[path, step] + rest * twos[path, step])
            total += spot - STRIKE if spot > STRIKE else 0.0
        return total / ones.shape[0]

    return partial(price, *PARAMETERS, *NORMALS)


def numba_in_tiles() -> Call:
    """numba, written for it: 64 paths go side by side, so that it finds vectors, and sums may be taken in any order."""
    sqrt, exp = standard_math.sqrt, standard_math.exp
    side_by_side = 64

    @peers.numba().njit(fastmath=True)
    def price(spot_0, v_0, kappa, theta, xi, rho, ones, twos):  # type: ignore[no-untyped-def]
        rest = sqrt(1.0 - rho * rho)
        spot, v = np.empty(side_by_side), np.empty(side_by_side)
        total = 0.0
        for first in range(0, ones.shape[0], side_by_side):
            count = min(side_by_side, ones.shape[0] - first)
            spot[:], v[:] = spot_0, v_0
            for step in range(ones.shape[1]):
                for i in range(count):
                    one, two = ones[first + i, step], twos[first + i, step]
                    variance = v[i] if v[i] > 0.0 else 0.0
                    root = sqrt(variance * DT)
                    spot[i] = spot[i] * exp((RATE - 0.5 * variance) * DT + root * one)
                    v[i] = v[i] + kappa * (theta - variance) * DT + xi * root * (rho * one + rest * two)
            for i in range(count):
                total += spot[i] - STRIKE if spot[i] > STRIKE else 0.0
        return total / ones.shape[0]

    return partial(price, *PARAMETERS, *NORMALS)


def jax(at_a_time: int | None = None) -> Call:
    """JAX: a scan over the steps of a path; all paths at once, or so many at a time."""
    jax = peers.jax()
    jnp = jax.numpy

    def payoff(spot, v, kappa, theta, xi, rho, ones, twos):  # type: ignore[no-untyped-def]
        def advance(state: Any, normals: Any) -> Any:
            (spot, v), (one, two) = state, normals
            variance = jnp.where(v > 0.0, v, 0.0)
            root = jnp.where(v > 0.0, jnp.sqrt(jnp.where(v > 0.0, v, 1.0) * DT), 0.0)  # else its slope is infinite
            spot = spot * jnp.exp((RATE - 0.5 * variance) * DT + root * one)
            shock = rho * one + jnp.sqrt(1.0 - rho * rho) * two
            return (spot, v + kappa * (theta - variance) * DT + xi * root * shock), None

        (spot, v), _ = jax.lax.scan(advance, (spot, v), (ones, twos))
        return jnp.where(spot > STRIKE, spot - STRIKE, 0.0)

    greeks = jax.value_and_grad(payoff, argnums=GREEKS)

    @jax.jit
    def means(parameters: Any, normals: Any) -> Any:
        if at_a_time is None:
            found = jax.vmap(greeks, (*SHARED, 0, 0))(*parameters, *normals)
        else:
            found = jax.lax.map(lambda pair: greeks(*parameters, *pair), normals, batch_size=at_a_time)
        return jax.tree.map(jnp.mean, found)

    normals = tuple(map(jnp.array, NORMALS))
    return lambda: jax.block_until_ready(means(PARAMETERS, normals))
