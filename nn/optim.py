"""Optimizers: rules for changing parameters, step by step, so that a loss becomes smaller.

    loss.backward()
    optimizer.step()
    optimizer.zero_grad()

Each step is θ ← θ - learning_rate · direction; an optimizer says what the direction is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from math import inf, sqrt
from numbers import Real
from typing import Any

from autograd import Value
from autograd.errors import ArgumentError, describe
from nn.arguments import items

# What a setting must satisfy, whenever it is set, and in words.
LIMITS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "learning_rate": (lambda x: 0 <= x < inf, "a finite number from 0 on"),
    "momentum": (lambda x: 0 <= x < 1, "a number from 0 to below 1"),
    "beta1": (lambda x: 0 <= x < 1, "a number from 0 to below 1"),
    "beta2": (lambda x: 0 <= x < 1, "a number from 0 to below 1"),
    "epsilon": (lambda x: 0 < x < inf, "a positive finite number"),
}


class Optimizer(ABC):
    """What all optimizers are: parameters, a learning rate that can be changed at any time, steps."""

    learning_rate: float

    def __init__(self, parameters: Iterable[Value], learning_rate: float) -> None:
        self.parameters = self._checked(parameters)
        self.learning_rate = learning_rate

    def __setattr__(self, name: str, setting: Any) -> None:
        if name in LIMITS:
            allows, expected = LIMITS[name]
            if not isinstance(setting, Real) or not allows(setting):
                raise ArgumentError(f"{type(self).__name__}: {name}: got {describe(setting)}; expected {expected}")
            setting = float(setting)
        super().__setattr__(name, setting)

    @abstractmethod
    def next_directions(self) -> Iterable[float]:
        """Return the direction of the next step for each parameter, and remember what later steps need."""

    def step(self) -> None:
        """Change every parameter once, by its gradient."""
        for parameter, direction in zip(self.parameters, self.next_directions()):
            parameter.data -= self.learning_rate * direction

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0, as `backward` adds to what is there."""
        for parameter in self.parameters:
            parameter.grad = 0.0

    def _checked(self, parameters: Any) -> list[Value]:
        """Return the parameters, each once: one that is shared takes one step at a time."""
        name, found = type(self).__name__, items(parameters)
        if not found:
            given = "no parameters" if found == [] else describe(parameters)
            raise ArgumentError(f"{name}: got {given}; expected a list of Values, such as model.parameters()")
        for i, thing in enumerate(found):
            if not isinstance(thing, Value) or thing.operands:
                computed = ", which was computed" if isinstance(thing, Value) else ""
                raise ArgumentError(
                    f"{name}: parameters[{i}]: got {describe(thing)}{computed}; expected a leaf, made with Value(...)"
                )
        return list(dict.fromkeys(found))


class SGD(Optimizer):
    """Gradient descent, with momentum if wanted: v ← momentum · v + gradient, θ ← θ - learning_rate · v.

    With `nesterov` the step is learning_rate · (gradient + momentum · v), as if the gradient had been taken where the
    momentum leads. Raises `ArgumentError` unless the parameters are leaf Values, the learning rate is finite and not
    negative, and the momentum is from 0 to below 1.

    (Sutskever, Martens, Dahl and Hinton, On the Importance of Initialization and Momentum in Deep Learning, 2013:
    https://proceedings.mlr.press/v28/sutskever13.html; like PyTorch, with the learning rate outside of v, so that
    changing it acts at once.)

    >>> x = Value(3.0)
    >>> optimizer = SGD([x], learning_rate=0.5)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> x.data
    0.0
    """

    def __init__(
        self, parameters: Iterable[Value], learning_rate: float, momentum: float = 0.0, *, nesterov: bool = False
    ) -> None:
        super().__init__(parameters, learning_rate)
        self.momentum, self.nesterov = momentum, nesterov
        self.velocities = [0.0] * len(self.parameters)

    def next_directions(self) -> list[float]:
        """Return the velocities, brought up to date; with `nesterov`, those of one gradient further."""
        gradients = [p.grad for p in self.parameters]
        self.velocities = [self.momentum * v + g for v, g in zip(self.velocities, gradients)]
        if not self.nesterov:
            return self.velocities
        return [g + self.momentum * v for v, g in zip(self.velocities, gradients)]


class Adam(Optimizer):
    """Adam: steps of about the learning rate, whatever the size of the gradients.

    Per parameter, m is a running mean of its gradients and v of their squares, over about 1 / (1 - β) steps; both start
    at 0, which dividing by 1 - βᵗ makes up for: θ ← θ - learning_rate · m̂ / (√v̂ + epsilon). Raises `ArgumentError`
    unless the parameters are leaf Values, the learning rate is finite and not negative, both `betas` are from 0 to
    below 1, and epsilon is positive and finite.

    (Kingma and Ba, Adam: A Method for Stochastic Optimization, 2015, algorithm 1: https://arxiv.org/abs/1412.6980)

    >>> x = Value(3.0)
    >>> optimizer = Adam([x], learning_rate=0.5)
    >>> (1000.0 * x).backward()
    >>> optimizer.step()
    >>> round(x.data, 6)
    2.5
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float = 1e-3,
        betas: Iterable[float] = (0.9, 0.999),
        epsilon: float = 1e-8,
    ) -> None:
        super().__init__(parameters, learning_rate)
        given = items(betas)
        if given is None or len(given) != 2:
            raise ArgumentError(f"Adam: betas: got {describe(betas)}; expected two numbers, such as (0.9, 0.999)")
        self.beta1, self.beta2 = given
        self.epsilon = epsilon
        self.steps = 0
        self.means, self.squares = [0.0] * len(self.parameters), [0.0] * len(self.parameters)

    def next_directions(self) -> list[float]:
        """Return m̂ / (√v̂ + epsilon), with both running means brought up to date."""
        self.steps += 1
        gradients = [p.grad for p in self.parameters]
        self.means = [self.beta1 * m + (1.0 - self.beta1) * g for m, g in zip(self.means, gradients)]
        self.squares = [self.beta2 * v + (1.0 - self.beta2) * g * g for v, g in zip(self.squares, gradients)]
        unbiased1, unbiased2 = 1.0 - self.beta1**self.steps, 1.0 - self.beta2**self.steps
        return [m / unbiased1 / (sqrt(v / unbiased2) + self.epsilon) for m, v in zip(self.means, self.squares)]
