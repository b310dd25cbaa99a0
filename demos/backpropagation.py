"""Follow an error back through a network: each formula, the same with numbers, and whether the engine agrees.

A network of six neurons in three layers is shown one example at a time. From the cost back, every derivative is found
with nothing but the chain rule, as on paper; then a single call of `backward` has to find the same, and so have finite
differences. The page shows it as an organisation, in which blame is handed down, from the head to the last clerk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from textwrap import fill, indent
from typing import Any, NamedTuple

from autograd import Value
from autograd.testing import Estimate, differentiate
from demos import shared
from demos.account import Stage, short, stages, symbol
from demos.pages import page
from demos.paper import Layer, Row, backward, forward
from nn import MLP, SGD, observe

TOLERANCE = 1e-12  # relative to the sum of the sizes of all terms
SIZES = [3, 2, 1]
EXAMPLES = [([0.0, 1.0], 1.0), ([0.0, 0.0], 0.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)]  # one or the other, not both
RATE = 1.0
NAME = "backpropagation"
WIDTH = 100  # of the text


class Found(NamedTuple):
    """A number that was found on paper, and by the engine; a derivative by differences of costs, too."""

    name: str
    paper: float
    engine: float
    size: float  # of the terms of which it is the sum
    estimate: Estimate | None = None

    def agrees(self) -> bool:
        """Return whether they are the same, but for rounding and for what the estimate says of its own error."""
        on_paper = abs(self.paper - self.engine) <= TOLERANCE * self.size
        return on_paper and (self.estimate is None or self.estimate.agrees_with(self.engine, TOLERANCE))


@dataclass
class Example:
    """One example: what is found on paper and by the engine, and what a step of gradient descent does."""

    inputs: Row
    target: float
    layers: list[Layer]
    cost: float
    found: dict[tuple[str, int], list[Found]]  # by kind and layer of the stage that finds it
    asked: int  # how many costs the differences took
    after: float  # the cost after the step


# ── the engine ───────────────────────────────────────────────────────────────────────────────────────────────────────


def cost_of(model: MLP, inputs: Row, target: float) -> Value:
    """Return half of the squared difference between what the model says and what it should say."""
    cost: Value = 0.5 * (model(inputs) - target) ** 2
    return cost


def differences(model: MLP, inputs: Row, target: float) -> tuple[list[Estimate], int]:
    """Return the derivatives by all parameters, estimated from costs alone, and how many costs this took."""
    asked = 0

    def cost_with(parameter: Value, number: float) -> list[float]:
        nonlocal asked
        asked += 1
        parameter.data = number
        return [cost_of(model, inputs, target).data]

    estimates = []
    for parameter in model.parameters():
        number = parameter.data
        estimates.append(differentiate(partial(cost_with, parameter), number)[0])
        parameter.data = number
    return estimates, asked


def study(model: MLP, inputs: Row, target: float) -> Example:
    """Go through an example on paper and with the engine, and take a step."""
    neurons = [layer.neurons for layer in model.layers]
    weights = [[[w.data for w in neuron.weights] for neuron in row] for row in neurons]
    layers = forward(weights, [[neuron.bias.data for neuron in row] for row in neurons], inputs)
    backward(layers, target)
    estimates, asked = differences(model, inputs, target)

    optimizer = SGD(model.parameters(), learning_rate=RATE)
    with observe(model) as observed:
        cost = cost_of(model, inputs, target)
        optimizer.zero_grad()
        cost.backward()
    derivatives = zip([parameter.grad for parameter in model.parameters()], estimates)
    on_paper = 0.5 * (layers[-1].said[0] - target) ** 2
    found = {("cost", 0): [Found("C", on_paper, cost.data, on_paper)]}
    for number, (layer, seen) in enumerate(zip(layers, observed), start=1):
        found |= compared(number, layer, seen, derivatives)
    optimizer.step()
    return Example(inputs, target, layers, cost.data, found, asked, cost_of(model, inputs, target).data)


def compared(
    number: int, layer: Layer, seen: Any, found: Iterator[tuple[float, Estimate]]
) -> dict[tuple[str, int], list[Found]]:
    """Return what was found for a layer, side by side; `found` yields derivatives by its parameters."""
    sums, says, errors, derivatives = [], [], [], []
    rows = zip(layer.weights, layer.biases, layer.sums, layer.said, layer.errors, layer.sizes, layer.gradients())
    for j, (weights, bias, z, a, error, size, gradients) in enumerate(rows):
        terms = sum(abs(w * x) for w, x in zip(weights, layer.heard)) + abs(bias)
        sums.append(Found(symbol("z", number, j), z, seen.preactivations[0][j], terms))
        says.append(Found(symbol("a", number, j), a, seen.activations[0][j], a * (1.0 + terms)))
        errors.append(Found(symbol("δ", number, j), error, seen.errors[0][j], size))
        for k, (on_paper, x, (by_engine, estimate)) in enumerate(zip(gradients, [*layer.heard, 1.0], found)):
            name = symbol("w", number, j, k) if k < len(weights) else symbol("b", number, j)
            derivatives.append(Found(f"∂C/∂{name}", on_paper, by_engine, size * abs(x), estimate))
    return {("forward", number): sums + says, ("error", number): errors, ("parameters", number): derivatives}


# ── what is told ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Told(NamedTuple):
    """A stage of the account, what the engine says to it, and whether it agrees."""

    stage: Stage
    engine: str
    agrees: bool


def account(example: Example) -> list[Told]:
    """Return the account of an example."""
    told = []
    for stage in stages(example.layers, example.target, example.cost, RATE, example.after):
        found = example.found.get((stage.kind, stage.layer), [])
        told.append(Told(stage, agreement(found) if found else "", all(it.agrees() for it in found)))
    return told


def agreement(found: list[Found]) -> str:
    """Say whether the engine finds what was found on paper."""
    for it in found:
        if not it.agrees():
            differences = f", by differences {it.estimate.value!r}" if it.estimate else ""
            return f"not the same: {it.name} is {it.paper!r} on paper, {it.engine!r} by the engine{differences}"
    text = f"The engine finds the same, {f'to {largest(found):.0e}' if largest(found) else 'to the last bit'}"
    errors = [abs(it.engine - it.estimate.value) for it in found if it.estimate]
    return text + (f"; finite differences find it to {max(errors):.0e}." if errors else ".")


def largest(found: Iterable[Found]) -> float:
    """Return the largest difference between paper and engine."""
    return max(abs(it.paper - it.engine) for it in found)


def printed(told: list[Told]) -> str:
    """Return the account as text."""
    texts = []
    for number, (stage, engine, _) in enumerate(told, start=1):
        lines = "\n".join([stage.formula, "", *stage.lines, *(["", f"→ {engine}"] if engine else [])])
        texts.append(f"{number}. {stage.title}\n\n{fill(stage.words, WIDTH)}\n\n{indent(lines, '    ')}\n")
    return "\n".join(texts)


def table(examples: list[Example]) -> str:
    """Return what was said of each example, and what its step has changed."""
    lines = ["x₁  x₂   y   answer     cost  after the step  paper and engine differ by"]
    for example in examples:
        (x, y), answer = example.inputs, example.layers[-1].said[0]
        off = largest(chain.from_iterable(example.found.values()))
        numbers = f"{answer:.5f}  {example.cost:.5f}  {example.after:14.5f}  {off:26.0e}"
        lines.append(f"{x:2g}  {y:2g}  {example.target:2g}  {numbers}")
    return "\n".join(lines)


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def contents(example: Example) -> dict[str, Any]:
    """Return what the page shows of an example."""
    return {
        "inputs": example.inputs,
        "target": example.target,
        "cost": example.cost,
        "after": example.after,
        "off": example.layers[-1].said[0] - example.target,
        "layers": [{**vars(layer), **shown(layer)} for layer in example.layers],
        "stages": [{**told.stage._asdict(), "engine": told.engine, "agrees": told.agrees} for told in account(example)],
    }


def shown(layer: Layer) -> dict[str, Any]:
    """Return what the page shows of a layer and is not in it yet."""
    total = sum(map(abs, layer.errors)) or 1.0
    parameters = [[*weights, bias] for weights, bias in zip(layer.weights, layer.biases)]
    return {
        "gradients": layer.gradients(),
        "handed": [[w * error for w in weights] for weights, error in zip(layer.weights, layer.errors)],
        "shares": [abs(error) / total for error in layer.errors],
        "stepped": [
            [x - RATE * gradient for x, gradient in zip(*rows)] for rows in zip(parameters, layer.gradients())
        ],
    }


def main() -> int:
    """Tell all of the first example, and compare them all; return 0 if paper, engine and differences agree, else 1."""
    options = shared.parser(NAME, __doc__ or "").parse_args()
    pictures = shared.Pictures(options.out)
    model = MLP(2, SIZES, "sigmoid", "sigmoid", seed=options.seed)
    examples = [study(model, inputs, target) for inputs, target in EXAMPLES]
    accounts = [account(example) for example in examples]
    first, count = examples[0], len(model.parameters())

    print(f"backpropagation: {model} with {count} parameters, seed {options.seed}; one of two, but not both, means 1")
    print("the first example: x₁ = {}, x₂ = {}, y = {}\n".format(*map(short, (*first.inputs, first.target))))
    print(printed(accounts[0]))
    print(f"One pass back has found all {count} derivatives; the differences took {first.asked} costs.\n")
    print(f"The next examples, each with the weights that the step before has left:\n\n{table(examples)}\n")

    title = "Backpropagation: the blame for an error, handed down"
    pictures.page(page("organisation", title, {"examples": [contents(example) for example in examples]}), NAME)
    told = list(chain(*accounts))
    wrong = [it.engine for it in told if not it.agrees]
    return shared.verdict(not wrong, wrong[0] if wrong else f"every formula agrees with the engine to {TOLERANCE:.0e}")


if __name__ == "__main__":
    shared.run(main)
