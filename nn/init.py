"""Initial weights, drawn so that signals neither fade nor explode from layer to layer.

What is drawn for a weight depends on the neuron's *fan*: how many inputs it has (`fan_in`), and how many neurons read
the same inputs (`fan_out`). The *gain* makes up for what the activation takes away; `activations.py` has the gains.
Randomness comes from a `random.Random` of one's own: nothing here reads or changes the global one.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from numbers import Integral
from random import Random

from autograd.errors import ArgumentError, describe

Seed = int | Random | None
Initializer = Callable[[Random, float, int, int], float]


def generator(seed: Seed) -> Random:
    """Return a source of randomness: the one given, one that starts from a number, or for None a fresh one.

    Raises `ArgumentError` for any other seed.

    >>> generator(7).random() == generator(7).random()
    True
    """
    if isinstance(seed, Random):
        return seed
    if seed is None or isinstance(seed, Integral):
        return Random(seed if seed is None else int(seed))
    raise ArgumentError(f"seed: got {describe(seed)}; expected an int, a random.Random or None for a fresh start")


def he(random: Random, gain: float, fan_in: int, fan_out: int) -> float:
    """Return a weight with standard deviation gain / √fan_in, normally distributed.

    With gain² = 1 / E[f(z)²], z standard normal, signals whose mean square is 1 still have it one layer further.
    (He, Zhang, Ren and Sun, Delving Deep into Rectifiers, 2015, equation 10, where f is relu:
    https://arxiv.org/abs/1502.01852)

    >>> he(generator(1), 0.0, 100, 10)
    0.0
    """
    return random.gauss(0.0, gain / sqrt(fan_in))


def glorot(random: Random, gain: float, fan_in: int, fan_out: int) -> float:
    """Return a weight with standard deviation gain · √(2 / (fan_in + fan_out)), uniformly distributed.

    With gain = 1 / f′(0), signals keep their variance on the way forward and gradients on the way back, as nearly as
    one number can do both, while the neurons work where f is almost straight.
    (Glorot and Bengio, Understanding the Difficulty of Training Deep Feedforward Neural Networks, 2010, equation 16:
    https://proceedings.mlr.press/v9/glorot10a.html)

    >>> abs(glorot(generator(1), 1.0, 3, 3)) <= 1.0
    True
    """
    bound = gain * sqrt(6.0 / (fan_in + fan_out))
    return random.uniform(-bound, bound)
