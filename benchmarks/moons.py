"""The training step of micrograd's demo, for every contender.

A perceptron with two hidden layers of 16 relus sorts 100 points into two moons; the loss is the mean margin by which
scores miss their side, plus 1e-4 times the sum of squares of all 337 parameters. All contenders start from the same
parameters and take the same steps of gradient descent. Backward includes the update of the parameters; these are what
is compared.
(https://github.com/karpathy/micrograd/blob/master/demo.ipynb)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count, pairwise
from math import cos, pi, sin
from operator import mul
from random import Random
from typing import Any

from benchmarks import peers
from benchmarks.timing import Contender, Lap, clock, fresh
from nn import MLP, SGD, l2, max_margin

Layer = list[tuple[Any, Any]]  # of each neuron its weights and its bias
SIZES = [2, 16, 16, 1]
ALPHA = 1e-4


def two_moons(random: Random) -> tuple[list[list[float]], list[int]]:
    """Return 100 points on two half circles, slightly scattered, and for each the circle it belongs to: -1 or 1."""
    angles = [pi * i / 49 for i in range(50)]
    moons = [(cos(t), sin(t)) for t in angles] + [(1.0 - cos(t), 0.5 - sin(t)) for t in angles]
    points = [[x + random.gauss(0.0, 0.1), y + random.gauss(0.0, 0.1)] for x, y in moons]
    return points, [-1] * 50 + [1] * 50


def first_parameters(random: Random) -> list[float]:
    """Return weights from -1 to 1 and biases of 0, neuron by neuron, as micrograd draws them."""
    drawn = []
    for inputs, neurons in pairwise(SIZES):
        for _ in range(neurons):
            drawn += [*(random.uniform(-1.0, 1.0) for _ in range(inputs)), 0.0]
    return drawn


POINTS, LABELS = two_moons(Random(0))
PARAMETERS = first_parameters(Random(1))


def rates() -> Iterator[float]:
    """Yield the learning rates of micrograd's demo, step by step."""
    return (max(1.0 - 0.9 * step / 100, 0.1) for step in count())


def ours() -> Contender:
    """The library, with `nn` as its own demo uses it."""
    model = MLP(SIZES[0], SIZES[1:])
    parameters, rate = model.parameters(), rates()
    for parameter, start in zip(parameters, PARAMETERS):
        parameter.data = start
    optimizer = SGD(parameters, learning_rate=1.0)

    def run() -> Lap:
        start = clock()
        scores = [model(point) for point in POINTS]
        loss = max_margin(scores, LABELS) + ALPHA * l2(model.parameters())
        turned = clock()
        optimizer.zero_grad()
        loss.backward()
        optimizer.learning_rate = next(rate)
        optimizer.step()
        end = clock()
        return Lap(turned - start, end - turned, [loss.data, *[p.data for p in parameters]])

    return Contender("ours", run)


def micrograd() -> Contender:
    """Return micrograd with its own networks, as its demo uses them."""
    value, networks = peers.micrograd()
    model = networks.MLP(SIZES[0], SIZES[1:])
    rate = rates()
    for parameter, start in zip(model.parameters(), PARAMETERS):
        parameter.data = start

    def loss_of_model() -> Any:
        inputs = [list(map(value, point)) for point in POINTS]
        scores = list(map(model, inputs))
        losses = [(1 + -label * score).relu() for label, score in zip(LABELS, scores)]
        return sum(losses) * (1.0 / len(losses)) + ALPHA * sum(p * p for p in model.parameters())

    def run() -> Lap:
        start = clock()
        loss = loss_of_model()
        turned = clock()
        model.zero_grad()
        loss.backward()
        learning_rate = next(rate)
        for p in model.parameters():
            p.data -= learning_rate * p.grad
        end = clock()
        return Lap(turned - start, end - turned, [loss.data, *[p.data for p in model.parameters()]])

    return Contender("micrograd", run)


# ── for numbers that come without networks ───────────────────────────────────────────────────────────────────────────


def scalar_loss(parameters: Sequence[Any], relu: Callable[[Any], Any]) -> Any:
    """Return the loss, written with nothing but sums and products of numbers, as fast as Python allows."""
    made = list(layers(parameters))
    losses = [relu(1.0 - label * score(made, point, relu)) for point, label in zip(POINTS, LABELS)]
    return sum(losses) * (1.0 / len(losses)) + ALPHA * sum(map(mul, parameters, parameters))


def score(layers: Iterable[Layer], signals: Sequence[Any], relu: Callable[[Any], Any]) -> Any:
    """Return what the network says of a point."""
    *hidden, [(weights, bias)] = layers
    for layer in hidden:
        signals = [relu(sum(map(mul, weights, signals), bias)) for weights, bias in layer]
    return sum(map(mul, weights, signals), bias)


def layers(parameters: Sequence[Any]) -> Iterator[Layer]:
    """Yield the layers: for each neuron its weights and its bias."""
    place = 0
    for inputs, neurons in pairwise(SIZES):
        starts = [place + i * (inputs + 1) for i in range(neurons)]
        yield [(parameters[i : i + inputs], parameters[i + inputs]) for i in starts]
        place += neurons * (inputs + 1)


def _float_relu(x: float) -> float:
    return x if x > 0.0 else 0.0


def _xad_relu(x: Any) -> Any:
    """A branch on the plain number: `xad.math.max` and comparing the number itself with 0.0 take four times as long."""
    return x if x.value > 0.0 else 0.0


def xad() -> Contender:
    """Return XAD, with data as plain floats and its one tape used again for each step."""
    real, _, tape = peers.xad()
    numbers, rate = list(PARAMETERS), rates()
    loss_of = _own_copies()

    def run() -> Lap:
        nonlocal numbers
        start = clock()
        tape.clearAll()
        parameters = [real(x) for x in numbers]
        tape.registerInputs(parameters)
        tape.newRecording()
        loss = loss_of(parameters, _xad_relu)
        turned = clock()
        tape.registerOutput(loss)
        loss.derivative = 1.0
        tape.computeAdjoints()
        learning_rate = next(rate)
        gradient = [p.getDerivative() for p in parameters]
        numbers = [x - learning_rate * slope for x, slope in zip(numbers, gradient)]
        end = clock()
        return Lap(turned - start, end - turned, [loss.value, *numbers])

    return Contender("XAD", run)


def floats() -> Contender:
    """CPython's own float: the loss alone, without derivatives."""
    loss_of = _own_copies()

    def run() -> Lap:
        start = clock()
        loss = loss_of(PARAMETERS, _float_relu)
        end = clock()
        return Lap(end - start, 0.0, [loss])

    return Contender("CPython float", run)


def _own_copies() -> Callable[..., Any]:
    """Return `scalar_loss` with a copy of everything that it calls in its loops."""
    names = {"score": fresh(score), "layers": fresh(layers)}
    return fresh(scalar_loss, names)
