"""`observe`: what happens in the layers of a model, as numbers, layer by layer and call by call.

For a layer a = f(z) with z = W · x + b, the field speaks of its inputs x, its pre-activations z, its activations a, and
its errors δ = ∂C/∂z, from which backpropagation makes all derivatives by its parameters: ∂C/∂W = δ xᵀ, ∂C/∂b = δ.
(Nielsen, Neural Networks and Deep Learning, chapter 2)

A model need not be made of this package's layers. A *layer* is found by what modules do: it is one that calls no other
module, or only neurons side by side, modules that respond with one number each. A *pre-activation* is found in the
graph: on the ways from inputs and parameters to an activation, it is the first number through which all of them pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import Any, NamedTuple

from autograd import Value
from autograd.errors import ArgumentError, describe
from nn.arguments import Number
from nn.calls import Call, Recorder
from nn.module import Module

Row = list[float]


class Response(NamedTuple):
    """How a layer responded in one call: Values, and floats where it computed without any."""

    inputs: list[Number]
    preactivations: list[Number]
    activations: list[Number]


class ObservedLayer:
    """A layer that was observed; its numbers come in rows, one for each call, in each one number per neuron."""

    def __init__(self, name: str, module: Module) -> None:
        self.name, self.module = name, module
        self.responses: list[Response] = []

    @property
    def inputs(self) -> list[Row]:
        """x, what the layer read."""
        return [_data(response.inputs) for response in self.responses]

    @property
    def preactivations(self) -> list[Row]:
        """z; the activation itself where there is no such number before it."""
        return [_data(response.preactivations) for response in self.responses]

    @property
    def activations(self) -> list[Row]:
        """a, with which the layer responded."""
        return [_data(response.activations) for response in self.responses]

    @property
    def errors(self) -> list[Row]:
        """δ = ∂C/∂z, the adjoints that the last `backward` left in the pre-activations; 0 before the first."""
        return [
            [z.grad if isinstance(z, Value) else 0.0 for z in response.preactivations] for response in self.responses
        ]

    def __repr__(self) -> str:
        name, times = self.name or "the model", len(self.responses)
        return f"<{name}: {self.module!r}, called {times} time{'s' * (times != 1)}>"


class observe:
    """Within `with observe(model) as layers:`, keep what the layers compute, at each call of the model.

    `layers` is a list in the order in which the layers are first called. `layers[1].activations`, `.preactivations`,
    `.errors` and `.inputs` are rows of floats, one row for each call, to be read within the block or after it. An error
    belongs to the last `backward` that came by. `.responses` has the Values themselves; they keep the graph alive.
    Parts of the model may be called on their own; other models are not observed. Raises `ArgumentError` for anything
    but a `Module`.

    >>> from nn import MLP, mean_squared_error
    >>> model = MLP(2, [3, 1], "tanh", seed=0)
    >>> with observe(model) as layers:
    ...     loss = mean_squared_error([model([0.0, 1.0]), model([1.0, 0.0])], [1.0, -1.0])
    ...     loss.backward()
    >>> layers
    [<layers.0: Layer(2, 3, 'tanh'), called 2 times>, <layers.1: Layer(3, 1, 'linear'), called 2 times>]
    >>> layers[0].activations[1] == [neuron([1.0, 0.0]).data for neuron in model.layers[0].neurons]
    True
    >>> layers[1].errors[0][0] + layers[1].errors[1][0] == model.layers[1].neurons[0].bias.grad
    True
    """

    def __init__(self, model: Module) -> None:
        if not isinstance(model, Module):
            raise ArgumentError(f"observe: got {describe(model)}; expected a Module, such as MLP(2, [3, 1])")
        self._layers: list[ObservedLayer] = []
        self._recorder = Recorder(model, self._found)

    def __enter__(self) -> list[ObservedLayer]:
        self._recorder.__enter__()
        return self._layers

    def __exit__(self, *error: object) -> None:
        self._recorder.__exit__(*error)

    def _found(self, outermost: Call) -> None:
        for call in _layers_of(outermost, is_outermost=True):
            self._layer(call.module).responses.append(_response(call))

    def _layer(self, module: Module) -> ObservedLayer:
        layer = next((layer for layer in self._layers if layer.module is module), None)
        if layer is None:
            layer = ObservedLayer(self._recorder.names[id(module)], module)
            self._layers.append(layer)
        return layer


def _data(numbers: Iterable[Number]) -> Row:
    return [x.data if isinstance(x, Value) else x for x in numbers]


def _values(numbers: Iterable[Number]) -> set[Value]:
    return {x for x in numbers if isinstance(x, Value)}


# ── layers among calls ───────────────────────────────────────────────────────────────────────────────────────────────


def _layers_of(call: Call, *, is_outermost: bool = False) -> list[Call]:
    """Return the calls of layers within a call, or this alone if it is one."""
    activations = _activations(call)
    parts = [part for part in call.parts if part not in activations]
    inner = [layer for part in parts for layer in _layers_of(part)]
    are_neurons = inner == parts and all(len(part.outputs) == 1 for part in parts) and not _readers(call)
    is_wrapper = is_outermost and len(parts) == 1  # a model of one layer
    return [call] if are_neurons and not is_wrapper else inner


def _activations(call: Call) -> list[Call]:
    """Return the calls of modules on one number that the caller had computed itself, with one number as response."""

    def is_activation(part: Call) -> bool:
        computed = [x for x in part.inputs if isinstance(x, Value) and x.number >= call.start]
        return len(part.inputs) == len(part.outputs) == len(computed) == 1 and part not in readers

    readers = _readers(call)
    return [part for part in call.parts if is_activation(part)]


def _readers(call: Call) -> list[Call]:
    """Return the calls within a call that read what was computed from the response of another of them."""
    responses = _values(out for part in call.parts for out in part.outputs)
    return [part for part in call.parts if any(x in responses for x in _walk(part.inputs, call.start))]


def _walk(numbers: Iterable[Number], since: int) -> Iterator[Value]:
    """Yield the Values among the numbers, and all they were computed from, if they are numbered from `since` on."""
    seen: set[Value] = set()
    waiting: list[Any] = list(numbers)
    while waiting:
        x = waiting.pop()
        if isinstance(x, Value) and x.number >= since and x not in seen:
            seen.add(x)
            yield x
            waiting.extend(x.operands)


# ── pre-activations in the graph ─────────────────────────────────────────────────────────────────────────────────────


def _response(call: Call) -> Response:
    of_activations = {p for part in _activations(call) for p in part.module.parameters()}
    sources = _values([*call.inputs, *call.module.parameters()]) - of_activations
    return Response(call.inputs, [_preactivation(out, sources, call.start) for out in call.outputs], call.outputs)


def _preactivation(activation: Number, sources: set[Value], start: int) -> Number:
    """Return the first number through which all ways from the sources to an activation pass.

    It goes back from the activation, always from the newest of the Values that it has reached; when there is only one,
    all ways pass through it. It ends where the first source comes in. What was computed before the call is none of it.
    """
    found, newest = activation, activation
    reached: list[tuple[int, Value]] = []
    seen: set[Any] = set()
    while isinstance(newest, Value) and sources.isdisjoint({newest, *newest.operands}):
        for x in newest.operands:
            if isinstance(x, Value) and x.operands and x.number >= start and x not in seen:
                seen.add(x)
                heappush(reached, (-x.number, x))
        if not reached:
            break
        if len(reached) == 1:
            found = reached[0][1]
        newest = heappop(reached)[1]
    return found
