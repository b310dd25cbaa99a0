"""Sums over rows of data, all with the same parameters: the gradient by the parameters, for 1,000 rows.

*Logistic regression* of 10 features. A *mixture* of 5 Gaussians in 10 dimensions, each with a full covariance, whose
inverse has the triangular root with exp(`diagonals`) on its diagonal, and `lowers` below: 330 parameters. (Šrajer,
Kukelova and Fitzgibbon, "A benchmark of selected algorithmic differentiation tools", 2018, without its prior)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import mul
from typing import Any

import numpy as np

from autograd import math, value_and_grad, vmap
from benchmarks import peers
from benchmarks.timing import Call

ROWS, FEATURES, COMPONENTS = 1000, 10, 5
LOWER = FEATURES * (FEATURES - 1) // 2
RNG = np.random.default_rng(0)
DATA = RNG.standard_normal((ROWS, FEATURES))
Loss = Callable[..., Any]  # of parameters, and a row of each table of data


class Problem:
    """A loss of one row: the parameters, tables with a row each, and what it is for us and for JAX."""

    def __init__(self, parameters: Any, tables: Sequence[Any], loss: Loss, loss_in_jax: Loss) -> None:
        self.parameters, self.tables = parameters, tables
        self.loss, self.loss_in_jax = loss, loss_in_jax
        self.axes = (None, *[0] * len(tables))

    def ours(self) -> Call:
        """The library: one row, in scalar loops."""
        total = vmap(self.loss, self.axes, reduce="sum", threads=1)
        return partial(value_and_grad(total), self.parameters, *self.tables)

    def jax(self) -> Call:
        """JAX: one row, on arrays."""
        jax = peers.jax()
        loss = partial(self.loss_in_jax, jax)

        def total(parameters: Any, *tables: Any) -> Any:
            return jax.vmap(loss, self.axes)(parameters, *tables).sum()

        compiled = jax.jit(jax.value_and_grad(total))
        parameters, tables = jax.tree.map(jax.numpy.array, (self.parameters, tuple(self.tables)))
        return lambda: jax.block_until_ready(compiled(parameters, *tables))


def regression(weights: Sequence[Any], row: Sequence[Any], label: Any) -> Any:
    """Return −log of the probability of a label, 1 or -1; the last weight is the bias."""
    return math.softplus(-label * (sum(map(mul, weights, row)) + weights[-1]))


def regression_in_jax(jax: Any, weights: Any, row: Any, label: Any) -> Any:
    """Return the same, with JAX's arrays."""
    return jax.nn.softplus(-label * (row @ weights[:-1] + weights[-1]))


def mixture(parameters: tuple[Any, ...], row: Sequence[Any]) -> Any:
    """Return −log of the density of a row, but for a constant."""
    exponents = []
    for logit, mean, diagonal, lower in zip(*parameters):
        centred, place, squares = [x - m for x, m in zip(row, mean)], 0, 0.0
        for i, x in enumerate(centred):
            whitened = math.exp(diagonal[i]) * x + sum(map(mul, lower[place : place + i], centred))
            squares += whitened * whitened
            place += i
        exponents.append(logit + sum(diagonal) - 0.5 * squares)
    return math.logsumexp(parameters[0]) - math.logsumexp(exponents)


def mixture_in_jax(jax: Any, parameters: tuple[Any, ...], row: Any) -> Any:
    """Return the same, with JAX's arrays."""
    jnp, logsumexp = jax.numpy, jax.scipy.special.logsumexp
    logits, means, diagonals, lowers = parameters
    below = jnp.tril_indices(FEATURES, -1)
    roots = jax.vmap(lambda diagonal, lower: jnp.diag(jnp.exp(diagonal)).at[below].set(lower))(diagonals, lowers)
    whitened = jnp.einsum("kij,kj->ki", roots, row - means)
    return logsumexp(logits) - logsumexp(logits + diagonals.sum(1) - 0.5 * (whitened**2).sum(1))


REGRESSION = Problem(
    RNG.standard_normal(FEATURES + 1),
    [DATA, np.where(RNG.random(ROWS) < 0.5, -1.0, 1.0)],
    regression,
    regression_in_jax,
)
MIXTURE = Problem(
    (
        RNG.standard_normal(COMPONENTS),  # logits of the weights
        RNG.standard_normal((COMPONENTS, FEATURES)),  # means
        0.3 * RNG.standard_normal((COMPONENTS, FEATURES)),  # diagonals
        0.3 * RNG.standard_normal((COMPONENTS, LOWER)),  # lowers
    ),
    [DATA],
    mixture,
    mixture_in_jax,
)
