"""The training step of micrograd's demo as one compiled call: value, gradient and update.

The parameters are one vector, neuron by neuron, its weights and its bias; where a library works on matrices, these are
views of it, which was as fast as matrices of their own. PyTorch has a tensor for each matrix.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from autograd import jit, math, value_and_grad, vmap
from benchmarks import peers
from benchmarks.moons import ALPHA, LABELS, PARAMETERS, POINTS, SIZES, layers, rates, score
from benchmarks.timing import Call

X, Y = np.array(POINTS), np.array(LABELS, float)
START = np.array(PARAMETERS)


def ours() -> Call:
    """The library: the loss of one point, in scalar loops, and its mean over all points."""

    def loss(parameters: Sequence[Any], point: Sequence[Any], label: Any) -> Any:
        margin = math.relu(1.0 - label * score(layers(parameters), point, math.relu))
        return margin + ALPHA * sum(p * p for p in parameters)

    slopes_of = value_and_grad(vmap(loss, (None, 0, 0), reduce="mean", threads=1))

    @jit
    def updated(parameters: Any, points: Any, labels: Any, learning_rate: Any) -> Any:
        value, slopes = slopes_of(parameters, points, labels)
        return value, parameters - learning_rate * slopes

    parameters, rate = START, rates()

    def step() -> Any:
        nonlocal parameters
        value, parameters = updated(parameters, X, Y, next(rate))
        return value, parameters

    return step


def by_hand() -> Call:
    """Derivatives by hand, in numpy, in as few operations on arrays as there can be."""
    parameters, slopes, rate = START.copy(), np.empty_like(START), rates()
    (w_1, b_1), (w_2, b_2), (w_3, b_3) = ((block[:, :-1], block[:, -1]) for block in blocks(parameters))
    (dw_1, db_1), (dw_2, db_2), (dw_3, db_3) = ((block[:, :-1], block[:, -1]) for block in blocks(slopes))
    sides = -Y / len(Y)

    def step() -> Any:
        first = X @ w_1.T
        first += b_1
        np.maximum(first, 0.0, out=first)
        second = first @ w_2.T
        second += b_2
        np.maximum(second, 0.0, out=second)
        margins = 1.0 - Y * (second @ w_3[0] + b_3[0])
        value = np.maximum(margins, 0.0).mean() + ALPHA * (parameters @ parameters)
        back = sides * (margins > 0.0)
        dw_3[0], db_3[0] = back @ second, back.sum()
        back = np.multiply.outer(back, w_3[0])
        back *= second > 0.0
        dw_2[:], db_2[:] = back.T @ first, back.sum(0)
        back = back @ w_2
        back *= first > 0.0
        dw_1[:], db_1[:] = back.T @ X, back.sum(0)
        learning_rate = next(rate)
        np.multiply(parameters, 1.0 - 2.0 * ALPHA * learning_rate, out=parameters)
        np.multiply(slopes, learning_rate, out=slopes)
        np.subtract(parameters, slopes, out=parameters)
        return value, parameters

    return step


def jax() -> Call:
    """JAX: the loss of one point, on arrays, mapped over all; the old parameters are given away."""
    jax = peers.jax()
    jnp, relu = jax.numpy, jax.nn.relu

    def loss_of(parameters: Any, point: Any, label: Any) -> Any:
        *hidden, last = blocks(parameters)
        for block in hidden:
            point = relu(block[:, :-1] @ point + block[:, -1])
        return relu(1.0 - label * (last[0, :-1] @ point + last[0, -1]))

    def loss(parameters: Any, points: Any, labels: Any) -> Any:
        margins = jax.vmap(loss_of, (None, 0, 0))(parameters, points, labels)
        return jnp.mean(margins) + ALPHA * parameters @ parameters

    @partial(jax.jit, donate_argnums=0)
    def updated(parameters: Any, points: Any, labels: Any, learning_rate: Any) -> Any:
        value, slopes = jax.value_and_grad(loss)(parameters, points, labels)
        return value, parameters - learning_rate * slopes

    parameters, points, labels, rate = jnp.array(START), jnp.array(X), jnp.array(Y), rates()

    def step() -> Any:
        nonlocal parameters
        value, parameters = jax.block_until_ready(updated(parameters, points, labels, next(rate)))
        return value, parameters

    return step


def pytensor() -> Call:
    """pytensor: the data are constants, the parameters are shared, and updated where they stand."""
    pytensor, pt = peers.pytensor()
    parameters, learning_rate, rate = pytensor.shared(START.copy()), pt.dscalar(), rates()
    signals, (*hidden, last) = pt.constant(X), blocks(parameters)
    for block in hidden:
        signals = pt.maximum(signals @ block[:, :-1].T + block[:, -1], 0.0)
    margins = 1.0 - pt.constant(Y) * (signals @ last[0, :-1] + last[0, -1])
    loss = pt.maximum(margins, 0.0).mean() + ALPHA * (parameters * parameters).sum()
    updates = [(parameters, parameters - learning_rate * pytensor.grad(loss, parameters))]
    updated = pytensor.function([learning_rate], loss, updates=updates, trust_input=True)

    def step() -> Any:
        return updated(np.asarray(next(rate))), parameters.get_value

    return step


def torch() -> Call:
    """Return PyTorch without its compiler: `torch.compile` takes a minute, and then is 1.2 to 1.9 times as fast."""
    torch = peers.torch()
    weights, biases = [block[:, :-1] for block in blocks(START)], [block[:, -1] for block in blocks(START)]
    weights, biases = ([torch.tensor(x, requires_grad=True) for x in part] for part in (weights, biases))
    parameters, points, labels, rate = [*weights, *biases], torch.tensor(X), torch.tensor(Y), rates()

    def loss() -> Any:
        signals = points
        for w, b in zip(weights[:-1], biases):
            signals = torch.relu(torch.nn.functional.linear(signals, w, b))
        margins = 1.0 - labels * torch.nn.functional.linear(signals, weights[-1], biases[-1])[:, 0]
        return torch.relu(margins).mean() + ALPHA * sum(p.square().sum() for p in parameters)

    def step() -> Any:
        value = loss()
        slopes = torch.autograd.grad(value, parameters)
        with torch.no_grad():
            torch._foreach_add_(parameters, slopes, alpha=-next(rate))
        return value, rows

    def rows() -> Any:
        return [torch.cat([w, b[:, None]], 1).tolist() for w, b in zip(weights, biases)]

    return step


def blocks(parameters: Any) -> Iterator[Any]:
    """Yield the parameters of each layer: a row for each neuron, its weights and its bias."""
    place = 0
    for inputs, neurons in pairwise(SIZES):
        count = neurons * (inputs + 1)
        yield parameters[place : place + count].reshape((neurons, inputs + 1))
        place += count
