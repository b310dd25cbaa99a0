"""The network diagram of the textbooks: neurons in columns, and a line for each weight between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from math import isfinite
from typing import Literal, get_args

from autograd import Drawing, Value
from autograd.draw import Edge, Node, Picture, State, Theme, digits, largest, plain, scaled
from autograd.errors import ArgumentError, describe
from nn.arguments import size
from nn.layers import Layer, Neuron
from nn.module import Module
from nn.observe import ObservedLayer, Response, numbers_of

Show = Literal["weights", "gradients"]

COLUMN, ROW = 2.6, 0.86  # inches from one neuron to the next, at least
SLANT = 0.3  # columns are as far apart as this share of their height, so that lines are not too steep
MAX_NEURONS = 16  # in a column; of more, those in the middle are left out


def draw_network(
    model: Module,
    *,
    show: Show = "weights",
    layers: Sequence[ObservedLayer] | None = None,
    call: int = -1,
    max_neurons: int = MAX_NEURONS,
    theme: Theme = "light",
) -> Drawing:
    """Draw the neurons of a model in columns, from the inputs to the last layer, with a line for each weight.

    A line is blue if its weight is positive and vermilion if it is negative, the wider the larger; and a neuron is
    tinted so by its bias, which stands in it. With `show="gradients"` these are the gradients. With `layers` from
    `observe`, neurons show their activation a and their error δ in one of the calls, the last one unless told
    otherwise, and are tinted by a, or with `show="gradients"` by δ. A neuron is grey if all of its parameters have a
    gradient of 0, so that it does not learn, and yellow if a number of it is NaN or infinite. Of a layer of more than
    `max_neurons`, those in the middle are left out.

    The model is made of Layers, each reading the one before. Raises `ArgumentError` for other models and for arguments
    of the wrong kind, `DrawingError` if the package graphviz is missing.

    >>> from nn import MLP, observe
    >>> model = MLP(2, [3, 1], "tanh", seed=0)
    >>> with observe(model) as layers:
    ...     model([0.5, -1.0]).backward()
    >>> draw_network(model, show="gradients", layers=layers)
    <Drawing: .render('graph.svg') saves the picture, .source is its DOT text>
    """
    for name, choice, choices in (("show", show, get_args(Show)), ("theme", theme, get_args(Theme))):
        if choice not in choices:
            expected = " or ".join(map(repr, choices))
            raise ArgumentError(f"draw_network: {name}: got {describe(choice)}; expected {expected}")
    diagram = Diagram(_stack(model), show, size(max_neurons, "draw_network: max_neurons"))
    if layers is not None:
        diagram.responses = [_response_of(layer, layers, call) for _, layer in diagram.stack]
    return Drawing.of(Picture(diagram.nodes(), diagram.edges(), theme=theme))


def _stack(model: Module) -> list[tuple[str, Layer]]:
    """Return the layers of a model with their names."""
    modules = model.named_modules() if isinstance(model, Module) else ()
    stack = [(name, module) for name, module in modules if isinstance(module, Layer)]
    fits = all(one.nout == other.nin for (_, one), (_, other) in pairwise(stack))
    if not stack or not fits:
        expected = "a model of Layers, each reading the one before, such as MLP(2, [3, 1])"
        raise ArgumentError(f"draw_network: got {describe(model)}; expected {expected}")
    return stack


def _response_of(layer: Layer, layers: Sequence[ObservedLayer], call: int) -> Response:
    found = [response for observed in layers if observed.module is layer for response in observed.responses]
    try:
        return found[call]
    except IndexError:
        raise ArgumentError(
            f"draw_network: got call={call}, but {layer!r} was observed in {len(found)} calls;"
            " call the model within `with observe(model) as layers:`"
        ) from None


class Diagram:
    """The nodes and lines of the diagram of a stack of layers, which may have been observed in a call."""

    def __init__(self, stack: list[tuple[str, Layer]], show: Show, max_neurons: int) -> None:
        self.stack, self.show = stack, show
        self.responses: list[Response] = []
        self.is_differentiated = any(p.grad != 0.0 for _, layer in stack for p in layer.parameters())
        widths = [stack[0][1].nin, *(layer.nout for _, layer in stack)]
        self.columns = [_shown(width, max_neurons) for width in widths]
        self.height = max(map(len, self.columns)) * ROW
        self.distance = max(COLUMN, self.height * SLANT)

    def nodes(self) -> tuple[Node, ...]:
        """Return inputs and neurons, below the names of their columns."""
        neurons = [
            self._neuron(column, i, layer.neurons[i])
            for column, (_, layer) in enumerate(self.stack, start=1)
            for i in self.columns[column]
            if i is not None
        ]
        most = largest(node.tint for node in neurons)
        return (
            *self._headings(),
            *self._gaps(),
            *(self._input(i) for i in self.columns[0] if i is not None),
            *(replace(node, tint=scaled(node.tint, most)) for node in neurons),
        )

    def edges(self) -> tuple[Edge, ...]:
        """Return the lines, one for each weight between two that are shown."""
        weights = [
            (_name(column, i), _name(column + 1, j), layer.neurons[j].weights[i])
            for column, (_, layer) in enumerate(self.stack)
            for j in self.columns[column + 1]
            for i in self.columns[column]
            if i is not None and j is not None
        ]
        most = largest(self._read(weight) for _, _, weight in weights)
        return tuple(self._line(tail, head, weight, most) for tail, head, weight in weights)

    def _read(self, parameter: Value) -> float:
        return parameter.grad if self.show == "gradients" else parameter.data

    def _at(self, column: int, row: float) -> tuple[float, float]:
        """Return a place, given a row counted from the top of its column; columns are centred."""
        return column * self.distance, ((len(self.columns[column]) - 1) / 2 - row) * ROW

    def _headings(self) -> Iterator[Node]:
        above = self.height / 2 + 0.3 * ROW
        titles = [("inputs", ""), *((name, repr(layer)) for name, layer in self.stack)]
        for column, lines in enumerate(titles):
            text = tuple(filter(None, map(plain, lines)))
            yield Node(f"heading{column}", "constant", lines=text, at=(column * self.distance, above))

    def _gaps(self) -> Iterator[Node]:
        widths = [self.stack[0][1].nin, *(layer.nout for _, layer in self.stack)]
        for column, (shown, width) in enumerate(zip(self.columns, widths)):
            if None in shown:
                title = f"⋮ {width - len(shown) + 1} more"
                yield Node(f"gap{column}", "constant", title, at=self._at(column, shown.index(None)))

    def _input(self, i: int) -> Node:
        x = numbers_of(self.responses[0].inputs)[i : i + 1] if self.responses else []
        lines, hint = tuple(map(digits, x)), ", ".join(f"x = {number!r}" for number in x)
        return Node(_name(0, i), "leaf", f"x{i}", lines, hint, at=self._at(0, self.columns[0].index(i)))

    def _neuron(self, column: int, i: int, neuron: Neuron) -> Node:
        shown, tint = self._bias(neuron.bias)
        if self.responses:
            shown, tint = self._response(self.responses[column - 1], i)
        parameters = neuron.parameters()
        numbers = [*shown.values(), *(number for p in parameters for number in (p.data, p.grad))]
        state: State = "dead" if self.is_differentiated and not any(p.grad for p in parameters) else ""
        return Node(
            _name(column, i),
            "neuron",
            lines=tuple(f"{symbol} {number:.3g}" for symbol, number in shown.items() if symbol != "z"),
            hint=", ".join(f"{symbol} = {number!r}" for symbol, number in shown.items()),
            tint=tint,
            state=state if all(map(isfinite, numbers)) else "flagged",
            at=self._at(column, self.columns[column].index(i)),
        )

    def _bias(self, bias: Value) -> tuple[dict[str, float], float]:
        """Return the number that a neuron shows of its bias, and that which tints it."""
        return {"∂b" if self.show == "gradients" else "b": self._read(bias)}, self._read(bias)

    def _response(self, response: Response, i: int) -> tuple[dict[str, float], float]:
        """Return the numbers that a neuron shows of its response, and that which tints it."""
        z, a = numbers_of((response.preactivations[i], response.activations[i]))
        delta = response.errors[i]
        return {"z": z, "a": a, "δ": delta}, delta if self.show == "gradients" else a

    def _line(self, tail: str, head: str, weight: Value, most: float) -> Edge:
        number = self._read(weight)
        hint = f"weight = {weight.data!r}, grad = {weight.grad!r}"
        sign = (number > 0.0) - (number < 0.0)
        return Edge(tail, head, "weight", hint=hint, sign=sign, weight=scaled(number, most) ** 2)


def _name(column: int, i: int) -> str:
    return f"n{column}_{i}"


def _shown(width: int, most: int) -> list[int | None]:
    """Return which of a column are shown, and None where some are left out.

    >>> _shown(3, 4), _shown(9, 4)
    ([0, 1, 2], [0, 1, None, 7, 8])
    """
    if width <= most:
        return list(range(width))
    return [*range((most + 1) // 2), None, *range(width - most // 2, width)]
