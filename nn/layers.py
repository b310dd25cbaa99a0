"""Neurons, layers of them, and the multilayer perceptron, as micrograd's users know them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from autograd import Value, math
from autograd.errors import ArgumentError, describe
from nn.activations import Activation, find_activation
from nn.arguments import Number, Numbers, items, row, size
from nn.init import Seed, generator
from nn.module import Module

Choice = str | Activation | Callable[[Any], Any]


class Neuron(Module):
    """A weighted sum of `nin` numbers and a bias, followed by an activation: f(w · x + b).

    `activation` is a name (linear, tanh, sigmoid, relu, softplus, silu, gelu), any function of one number, or a row of
    one's own for the table, an `Activation`; `nonlin=False` leaves it out. The weights are drawn to fit it, the same
    ones for the same `seed`; `fan_out` is the number of neurons that read the same inputs. The bias is 0 at first.
    Raises `ArgumentError` for sizes that are no whole numbers from 1 on, and for unknown activations.

    >>> neuron = Neuron(2, "tanh", seed=1)
    >>> [name for name, parameter in neuron.named_parameters()]
    ['weights.0', 'weights.1', 'bias']
    >>> neuron([0.0, 0.0]).data
    0.0
    """

    def __init__(
        self, nin: int, activation: Choice = "relu", *, nonlin: bool = True, seed: Seed = None, fan_out: int = 1
    ) -> None:
        self.nin, neighbours = size(nin, "Neuron: nin"), size(fan_out, "Neuron: fan_out")
        choice, random = find_activation(activation if nonlin else "linear"), generator(seed)
        drawn = [choice.initializer(random, choice.gain, self.nin, neighbours) for _ in range(self.nin)]
        self.weights = [Value(weight, label=f"w{i}") for i, weight in enumerate(drawn)]
        self.bias = Value(0.0, label="b")
        self.activation = choice.function

    def __call__(self, inputs: Numbers) -> Any:
        """Return the response to `nin` numbers: two nodes, a `dot` and the activation.

        Raises `ArgumentError` for any other count, `OperandError` if one is no number.
        """
        return self.respond((*row(inputs, self.nin, self), 1.0))

    def respond(self, inputs: Iterable[Number]) -> Any:
        """Return the response to inputs already checked, followed by the 1.0 that the bias is multiplied with."""
        return self.activation(math.dot([*self.weights, self.bias], inputs))

    def __repr__(self) -> str:
        return f"Neuron({self.nin}, {find_activation(self.activation).name!r})"


class Layer(Module):
    """`nout` neurons that read the same `nin` numbers; the other arguments are those of `Neuron`.

    >>> layer = Layer(3, 4, "tanh", seed=1)
    >>> layer, [output.data for output in layer([0.0, 0.0, 0.0])]
    (Layer(3, 4, 'tanh'), [0.0, 0.0, 0.0, 0.0])
    """

    def __init__(
        self, nin: int, nout: int, activation: Choice = "relu", *, nonlin: bool = True, seed: Seed = None
    ) -> None:
        self.nin, self.nout = size(nin, "Layer: nin"), size(nout, "Layer: nout")
        random = generator(seed)
        self.neurons = [
            Neuron(self.nin, activation, nonlin=nonlin, seed=random, fan_out=self.nout) for _ in range(self.nout)
        ]

    def __call__(self, inputs: Numbers) -> Any:
        """Return the list of the neurons' responses to `nin` numbers; that of a single neuron without the list.

        Raises `ArgumentError` for any other count, `OperandError` if one is no number.
        """
        checked = (*row(inputs, self.nin, self), 1.0)
        outputs = [neuron.respond(checked) for neuron in self.neurons]
        return outputs[0] if len(outputs) == 1 else outputs

    def __repr__(self) -> str:
        return f"Layer({self.nin}, {self.nout}, {find_activation(self.neurons[0].activation).name!r})"


class MLP(Module):
    """A multilayer perceptron: layers of `nouts` neurons, the first reading `nin` numbers, each other the one before.

    `activation` is that of the hidden layers, `last` that of the last one; `Neuron` says what they may be. The same
    `seed` makes the same network. Raises `ArgumentError` for sizes that are no whole numbers from 1 on, and for unknown
    activations.

    >>> model = MLP(2, [16, 16, 1], seed=1)
    >>> model, len(model.parameters())
    (MLP(2, [16, 16, 1], 'relu', 'linear'), 337)
    >>> model([0.0, 0.0])
    Value(data=0.0, grad=0.0)
    """

    def __init__(
        self, nin: int, nouts: Iterable[int], activation: Choice = "relu", last: Choice = "linear", *, seed: Seed = None
    ) -> None:
        counts, random = items(nouts), generator(seed)
        if not counts:
            given = describe(nouts)
            raise ArgumentError(f"MLP: nouts: got {given}; expected the sizes of the layers, such as [16, 16, 1]")
        self.nin, self.nouts = size(nin, "MLP: nin"), [size(n, f"MLP: nouts[{i}]") for i, n in enumerate(counts)]
        choices = [activation] * (len(counts) - 1) + [last]
        self.layers = [Layer(*shape, seed=random) for shape in zip([self.nin, *self.nouts], self.nouts, choices)]

    def __call__(self, inputs: Numbers) -> Any:
        """Return the last layer's response to `nin` numbers: one Value, or a list if it has more than one neuron.

        Raises `ArgumentError` for any other count, `OperandError` if one is no number.
        """
        signals: Any = row(inputs, self.nin, self)
        for layer in self.layers:
            signals = layer(signals)
        return signals

    def __repr__(self) -> str:
        hidden, last = [find_activation(self.layers[i].neurons[0].activation).name for i in (0, -1)]
        return f"MLP({self.nin}, {self.nouts}, {hidden!r}, {last!r})"
