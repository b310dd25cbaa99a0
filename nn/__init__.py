"""Networks of scalar neurons: models, losses, optimizers."""

from nn.activations import ACTIVATIONS, Activation
from nn.layers import MLP, Layer, Neuron
from nn.losses import binary_cross_entropy, cross_entropy, l1, l2, max_margin, mean_squared_error
from nn.module import Module
from nn.observe import observe
from nn.optim import SGD, Adam, Optimizer

__all__ = [
    "ACTIVATIONS",
    "MLP",
    "SGD",
    "Activation",
    "Adam",
    "Layer",
    "Module",
    "Neuron",
    "Optimizer",
    "binary_cross_entropy",
    "cross_entropy",
    "l1",
    "l2",
    "max_margin",
    "mean_squared_error",
    "observe",
]
