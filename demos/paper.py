"""Backpropagation on paper: the formulas for a network of sigmoid neurons, in plain Python, without the engine.

Layers are counted from the inputs on. a, z and δ are what Nielsen calls them: http://neuralnetworksanddeeplearning.com,
chapter 2, where the four equations below have the numbers BP1 to BP4.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

Row = list[float]
Matrix = list[Row]


@dataclass
class Layer:
    """What is found for one layer; a row has a number for each neuron, a matrix a row for each neuron."""

    weights: Matrix  # weights[j][k] is that with which neuron j hears number k of the layer before
    biases: Row
    heard: Row  # aˡ⁻¹, what the layer before says
    sums: Row  # zˡ
    said: Row  # aˡ
    slopes: Row  # σ′(zˡ)
    errors: Row  # δˡ = ∂C/∂zˡ, empty until it is handed back
    sizes: Row  # Σ |terms| of each error: what rounding errors are relative to

    def gradients(self) -> Matrix:
        """Return ∂C/∂W = δ aᵀ, with ∂C/∂b = δ at the end of each row (BP3, BP4)."""
        return [[*(error * a for a in self.heard), error] for error in self.errors]


def sigma(z: float) -> float:
    """Return σ(z), what a neuron says when its sum is z."""
    return 1.0 / (1.0 + exp(-z))


def slope(z: float) -> float:
    """Return σ′(z)."""
    return sigma(z) * (1.0 - sigma(z))


def forward(weights: list[Matrix], biases: list[Row], inputs: Row) -> list[Layer]:
    """Ask layer after layer: zˡ = Wˡ aˡ⁻¹ + bˡ, aˡ = σ(zˡ)."""
    layers: list[Layer] = []
    heard = inputs
    for matrix, row in zip(weights, biases):
        sums = [sum(w * a for w, a in zip(ws, heard)) + b for ws, b in zip(matrix, row)]
        layers.append(Layer(matrix, row, heard, sums, [sigma(z) for z in sums], [slope(z) for z in sums], [], []))
        heard = layers[-1].said
    return layers


def backward(layers: list[Layer], target: float) -> None:
    """Hand the error back, from the last layer to the first; the cost is ½ (a - y)²."""
    last = layers[-1]
    last.errors = [(a - target) * s for a, s in zip(last.said, last.slopes)]  # BP1
    last.sizes = [(abs(a) + abs(target)) * s for a, s in zip(last.said, last.slopes)]
    for layer, above in zip(layers[-2::-1], layers[:0:-1]):
        ways = list(zip(*above.weights))  # from each neuron to all above it
        layer.errors = [sum(w * d for w, d in zip(ws, above.errors)) * s for ws, s in zip(ways, layer.slopes)]  # BP2
        layer.sizes = [sum(abs(w) * d for w, d in zip(ws, above.sizes)) * s for ws, s in zip(ways, layer.slopes)]
