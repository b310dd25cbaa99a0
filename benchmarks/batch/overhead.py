"""What a call costs when there is next to nothing to compute: of two floats, and of short arrays."""

from __future__ import annotations

import math as standard_math
from functools import partial
from typing import Any

import numpy as np

from autograd import jit, math, value_and_grad, vmap
from benchmarks import peers
from benchmarks.timing import Call

NUMBERS = 0.3, 0.7


def ours(lanes: int | None) -> Call:
    """The library: of two floats, or of two arrays."""

    def function(x: Any, y: Any) -> Any:
        return x * math.sin(y) + y * y

    slopes = value_and_grad(function, argnums=(0, 1))
    return partial(jit(slopes) if lanes is None else vmap(slopes, threads=1), *_arguments(lanes))


def jax(lanes: int | None) -> Call:
    """JAX: the same; it gets arrays of its own, which spares it a conversion."""
    jax = peers.jax()

    def function(x: Any, y: Any) -> Any:
        return x * jax.numpy.sin(y) + y * y

    slopes = jax.value_and_grad(function, argnums=(0, 1))
    compiled = jax.jit(slopes if lanes is None else jax.vmap(slopes))
    arguments = tuple(map(jax.numpy.array, _arguments(lanes)))
    return lambda: jax.block_until_ready(compiled(*arguments))


def by_hand(lanes: int | None) -> Call:
    """Derivatives by hand: with floats, or with numpy."""
    module: Any = standard_math if lanes is None else np

    def slopes(x: Any, y: Any) -> Any:
        sine = module.sin(y)
        return x * sine + y * y, (sine, x * module.cos(y) + 2.0 * y)

    return partial(slopes, *_arguments(lanes))


def _arguments(lanes: int | None) -> tuple[Any, Any]:
    return NUMBERS if lanes is None else (np.linspace(0.1, 1.0, lanes), np.linspace(0.5, 1.5, lanes))
