"""The activations: one table of names, functions, and the initial weights that each wants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Any

from autograd import math
from autograd.errors import ArgumentError, describe
from nn.init import Initializer, glorot, he


@dataclass(frozen=True)
class Activation:
    """One row of the table: what a neuron does with its weighted sum, and how its weights are drawn at first."""

    name: str
    function: Callable[[Any], Any]
    initializer: Initializer = glorot
    gain: float = 1.0


def linear(x: Any) -> Any:
    """Return `x`: no activation."""
    return x


# fmt: off

# For `he` the gain is 1 / √E[f(z)²], z standard normal; for `glorot` it is 1 / f′(0).

ACTIVATIONS = {activation.name: activation for activation in (
    Activation("linear",   linear,        glorot, 1.0),
    Activation("tanh",     math.tanh,     glorot, 1.0),
    Activation("sigmoid",  math.sigmoid,  glorot, 4.0),
    Activation("relu",     math.relu,     he,     sqrt(2.0)),
    Activation("softplus", math.softplus, he,     1.0418668355345317),
    Activation("silu",     math.silu,     he,     1.6765324703310911),
    Activation("gelu",     math.gelu,     he,     1.5335304411955234),
)}

# fmt: on


def find_activation(choice: str | Activation | Callable[[Any], Any]) -> Activation:
    """Return the activation of a name or a function.

    A function that is not in the table gets the initial weights of `linear`; to choose others, give an `Activation`.
    Raises `ArgumentError` for an unknown name, and for what cannot be called.

    >>> find_activation("relu") is find_activation(math.relu)
    True
    """
    if isinstance(choice, Activation):
        return choice
    if isinstance(choice, str) and choice in ACTIVATIONS:
        return ACTIVATIONS[choice]
    if not callable(choice):
        names = ", ".join(ACTIVATIONS)
        raise ArgumentError(f"activation: got {describe(choice)}; expected one of {names}, or a function of one number")
    known = (row for row in ACTIVATIONS.values() if row.function == choice)
    return next(known, Activation(getattr(choice, "__name__", repr(choice)), choice))
