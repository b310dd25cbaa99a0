"""Draw the graphs that the documentation shows: `python docs/draw_images.py`."""

from __future__ import annotations

from pathlib import Path
from random import Random

from autograd import Value, draw, math
from nn import MLP, draw_network, max_margin, observe

IMAGES = Path(__file__).parent / "images"


def expression() -> None:
    """Draw the first example of the README."""
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    loss = math.tanh(a * b + 6.5) + abs(b) ** 0.5
    loss.label = "loss"
    loss.backward()
    draw(loss, contributions=True).render(IMAGES / "expression.svg")


def batch() -> None:
    """Draw the loss of a network on a hundred points, layer by layer."""
    random, model = Random(0), MLP(2, [16, 16, 1], seed=0)
    points = [[random.gauss(0.0, 1.0), random.gauss(0.0, 1.0)] for _ in range(100)]
    loss = max_margin([model(point) for point in points], [1 if x * y > 0 else -1 for x, y in points])
    loss.label = "loss"
    loss.backward()
    draw(loss, model=model, depth=1).render(IMAGES / "batch.svg")


def network() -> None:
    """Draw what backpropagation does in a small network."""
    model = MLP(2, [4, 3, 1], "tanh", seed=0)
    with observe(model) as layers:
        ((model([0.5, -1.0]) - 1.0) ** 2).backward()
    draw_network(model, show="gradients", layers=layers).render(IMAGES / "network.svg")


if __name__ == "__main__":
    expression()
    batch()
    network()
