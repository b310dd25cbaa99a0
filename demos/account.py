"""Backpropagation told step by step: in words, as a formula, and with the numbers of one example."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from demos.paper import Layer

RAISED, LOWERED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"), str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
ROLES = ("clerk", "manager", "head")  # of the neurons in the layers, as in an organisation


class Stage(NamedTuple):
    """One step of the account."""

    kind: str  # "forward", "cost", "error", "parameters" or "step"
    layer: int  # counted from 1; 0 if it is about all of them
    title: str
    words: str
    formula: str
    lines: list[str]  # the formula for each neuron, with letters and with numbers


def symbol(letter: str, layer: int, *places: int) -> str:
    """Return a letter with a layer above and places below, counted from 0.

    >>> symbol("w", 3, 0, 1)
    'w³₁₂'
    """
    return letter + str(layer).translate(RAISED) + "".join(str(place + 1).translate(LOWERED) for place in places)


def heard(layer: int, place: int) -> str:
    """Return what a number of the layer before is called: an activation, or an input.

    >>> heard(2, 0), heard(1, 0)
    ('a¹₁', 'x₁')
    """
    return symbol("a", layer - 1, place) if layer > 1 else "x" + str(place + 1).translate(LOWERED)


def parameters(layers: Sequence[Layer]) -> Iterator[str]:
    """Yield the names of all parameters, in the order in which a model has them."""
    for number, layer in enumerate(layers, start=1):
        for j, weights in enumerate(layer.weights):
            yield from (symbol("w", number, j, k) for k in range(len(weights)))
            yield symbol("b", number, j)


def short(x: float) -> str:
    """Return a number in four digits.

    >>> short(-1 / 3), short(0.0)
    ('−0.3333', '0')
    """
    return f"{x + 0.0:.4g}".replace("-", "−")  # which makes 0 of -0


def factor(x: float) -> str:
    """Return a number as it stands in a product."""
    return short(x) if x >= 0.0 else f"({short(x)})"


def equation(name: str, *sides: str) -> list[str]:
    """Return lines that say what something is, in several ways.

    >>> print(*equation("δ¹₁", "x · y", "2 · 3"), sep="\\n")
    δ¹₁ = x · y
        = 2 · 3
    """
    return [f"{name if place == 0 else ' ' * len(name)} = {side}" for place, side in enumerate(sides)]


# ── the steps ────────────────────────────────────────────────────────────────────────────────────────────────────────


def stages(layers: list[Layer], target: float, cost: float, rate: float, after: float) -> list[Stage]:
    """Return the account of an example: up through the layers, down again, and the step."""
    count = len(layers)
    up = [asking(layers, number) for number in range(1, count + 1)]
    down = [[blaming(layers, number, target), charging(layers, number)] for number in range(count, 0, -1)]
    return [*up, costing(layers[-1], target, cost), *chain(*down), stepping(layers, cost, rate, after)]


def asking(layers: list[Layer], number: int) -> Stage:
    """Tell what a layer says."""
    layer, lines = layers[number - 1], []
    for j, (weights, bias) in enumerate(zip(layer.weights, layer.biases)):
        letters = [f"{symbol('w', number, j, k)} · {heard(number, k)}" for k in range(len(weights))]
        numbers = [f"{factor(w)} · {factor(a)}" for w, a in zip(weights, layer.heard)]
        z, a = symbol("z", number, j), symbol("a", number, j)
        lines += equation(z, " + ".join([*letters, symbol("b", number, j)]), " + ".join([*numbers, factor(bias)]))
        lines[-1] += f" = {short(layer.sums[j])}"
        lines.append(f"{a} = σ({z}) = {short(layer.said[j])}")
    who = ("Each clerk reads the inputs", "Each manager listens to the clerks", "The head listens to the managers")
    words = (
        f"{who[number - 1]}: weighs what is heard, adds a bias of its own, and says σ of the sum z, a number between 0"
        " and 1."
    )
    if number == len(layers):
        words += " That is the answer."
    return Stage("forward", number, f"Layer {number} is asked", words, "zˡ = Wˡ aˡ⁻¹ + bˡ      aˡ = σ(zˡ)", lines)


def costing(last: Layer, target: float, cost: float) -> Stage:
    """Tell what the answer costs."""
    words = (
        f"The answer should have been {short(target)}. What is wrong with it is summed up in one number, the cost. Now"
        " the question is what every number on the way has to do with it."
    )
    line = f"C = ½ · ({short(last.said[0])} − {short(target)})² = {short(cost)}"
    return Stage("cost", 0, "The cost", words, "C = ½ (aᴸ − y)²", [line])


def blaming(layers: list[Layer], number: int, target: float) -> Stage:
    """Tell what the errors of a layer are."""
    layer = layers[number - 1]
    if number == len(layers):
        words = (
            "How does the cost change with the sum z of the head? Along one way only: it changes with the answer as"
            " a − y, and the answer changes with the sum as σ′(z). The chain rule multiplies. This is the error δ of"
            f" the head: the sum should have been {'smaller' if layer.errors[0] > 0 else 'larger'}."
        )
        lines = [
            f"{symbol('δ', number, j)} = ({symbol('a', number, j)} − y) · σ′({symbol('z', number, j)})"
            f" = ({short(layer.said[j])} − {short(target)}) · {short(layer.slopes[j])} = {short(layer.errors[j])}"
            for j in range(len(layer.errors))
        ]
        formula = "δᴸ = ∂C/∂aᴸ · σ′(zᴸ)      σ′(z) = σ(z) · (1 − σ(z))"
        return Stage("error", number, "The error of the head", words, formula, lines)

    above, role = layers[number], ROLES[number - 1]
    several = len(above.errors) > 1
    words = (
        f"A {role} reaches the cost only through the {ROLES[number]}{'s' if several else ''}. So the error of those"
        " above is handed down by the weight with which one has listened, w · δ"
        + (", and what comes from several adds up" if several else "")
        + f". It counts as far as the {role} can still be moved, σ′(z): one who is sure, near 0 or 1, takes little."
    )
    lines = []
    for j in range(len(layer.errors)):
        ways = range(len(above.errors))
        letters = [f"{symbol('w', number + 1, i, j)} · {symbol('δ', number + 1, i)}" for i in ways]
        numbers = [f"{factor(above.weights[i][j])} · {factor(above.errors[i])}" for i in ways]
        lines += equation(
            symbol("δ", number, j),
            f"({' + '.join(letters)}) · σ′({symbol('z', number, j)})",
            f"({' + '.join(numbers)}) · {short(layer.slopes[j])} = {short(layer.errors[j])}",
        )
    title = f"The error is handed down to the {role}s"
    return Stage("error", number, title, words, "δˡ⁻¹ = (Wˡ)ᵀ δˡ · σ′(zˡ⁻¹)", lines)


def charging(layers: list[Layer], number: int) -> Stage:
    """Tell what the weights and biases of a layer have to do with the cost."""
    layer, lines = layers[number - 1], []
    for j, (row, error) in enumerate(zip(layer.gradients(), layer.errors)):
        d = symbol("δ", number, j)
        for k, (heard_, gradient) in enumerate(zip(layer.heard, row)):
            letters = f"∂C/∂{symbol('w', number, j, k)} = {d} · {heard(number, k)}"
            lines.append(f"{letters} = {factor(error)} · {factor(heard_)} = {short(gradient)}")
        lines.append(f"∂C/∂{symbol('b', number, j)} = {d} = {short(error)}")
    words = (
        "The bias stands in the sum as it is, so the cost changes with it as with the sum: δ. A weight is multiplied"
        " with what is heard, so its share is δ times that. To hear nothing, 0, is no fault of the weight."
    )
    if number < len(layers):
        words = "As above: δ for the bias, δ times what is heard for a weight."
    title = f"What the weights and biases of layer {number} owe"
    return Stage("parameters", number, title, words, "∂C/∂bˡ = δˡ      ∂C/∂Wˡ = δˡ (aˡ⁻¹)ᵀ", lines)


def stepping(layers: list[Layer], cost: float, rate: float, after: float) -> Stage:
    """Tell what a step of gradient descent does."""
    gradients = list(chain.from_iterable(chain.from_iterable(layer.gradients() for layer in layers)))
    last, number = layers[-1], len(layers)
    lines = [
        f"{symbol('w', number, 0, k)} ← {short(w)} − {short(rate)} · {factor(g)} = {short(w - rate * g)}"
        for k, (w, g) in enumerate(zip(last.weights[0], last.gradients()[0]))
    ]
    promised = cost - rate * sum(g * g for g in gradients)
    lines += [
        f"… and so on for all {len(gradients)} parameters",
        f"promised: C − η · Σ (∂C/∂θ)² = {short(cost)} − {short(cost - promised)} = {short(promised)}",
        f"reached:  C = {short(after)}",
    ]
    words = (
        f"Every parameter takes a step against its derivative; η = {short(rate)} says how long. For short steps the"
        " derivatives promise how far the cost falls; for longer ones it bends away from what they promise."
    )
    return Stage("step", 0, "The step", words, "θ ← θ − η · ∂C/∂θ", lines)
