"""Teach a network of scalar neurons to tell two half-moons apart.

100 points, a perceptron with two hidden layers of 16 neurons, a loss that asks for every score to be on its side of 0
by a margin, and gradient descent: the task of micrograd's demo (https://github.com/karpathy/micrograd). Every number on
the way, from the weights to the loss, is a `Value`; so the loss knows its derivative by each of the 337 parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING, Any

from tqdm import tqdm  # type: ignore[import-untyped]

from autograd import Value, draw, explore, math
from demos import shared
from nn import MLP, SGD, Neuron, draw_network, l2, max_margin

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TARGET = 0.97
Point = list[float]
History = list[tuple[float, float]]  # loss and accuracy, epoch by epoch


def two_moons(seed: int) -> tuple[list[Point], list[int]]:
    """Return 100 points of the plane, and for each one the moon that it belongs to: -1 or 1."""
    from sklearn.datasets import make_moons  # type: ignore[import-untyped]

    points, classes = make_moons(n_samples=100, noise=0.1, random_state=seed)
    return points.tolist(), [2 * int(c) - 1 for c in classes]


def train(
    model: MLP,
    points: list[Point],
    labels: list[int],
    epochs: int,
    watch: Callable[[float], None] = lambda loss: None,
) -> History:
    """Change the parameters of the model, step by step, so that the loss falls; show `watch` the loss before a step."""
    optimizer = SGD(model.parameters(), learning_rate=1.0)
    history = []
    progress = tqdm(range(epochs), desc="training", unit=" epochs")
    for epoch in progress:
        scores = [model(point) for point in points]
        loss = max_margin(scores, labels) + 1e-4 * l2(model.parameters())

        optimizer.zero_grad()  # because backward adds to the gradients that are there
        loss.backward()
        watch(loss.data)
        optimizer.learning_rate = 1.0 - 0.9 * epoch / epochs
        optimizer.step()

        history.append((loss.data, accuracy(scores, labels)))
        progress.set_postfix_str(f"loss {loss:.4f}, accuracy {history[-1][1]:.0%}", refresh=False)
    return history


def accuracy(scores: Sequence[Value], labels: Sequence[int]) -> float:
    """Return the share of the scores that are on the right side of 0."""
    return sum(score * label > 0 for score, label in zip(scores, labels)) / len(labels)


# ── what to look at ──────────────────────────────────────────────────────────────────────────────────────────────────


def boundary(model: MLP, points: list[Point], labels: list[int], right: float) -> Figure:
    """Return a figure of the plane as the model sees it, with the points in it."""
    figure, axes = shared.figure(8.4, 5.2)
    surface = plane(axes, model, points, labels, columns=101)
    figure.colorbar(surface, label="score of the network", ticks=range(-3, 4), aspect=30, pad=0.02)
    axes.set(title=f"Two moons: {right:.0%} of the points on their side", xlabel="$x_0$", ylabel="$x_1$")
    axes.set_aspect("equal")
    return figure


def plane(axes: Axes, model: MLP, points: list[Point], labels: list[int], columns: int) -> Any:
    """Draw the plane as the model sees it, with the points in it; return what is drawn of the scores."""
    import numpy as np

    xs, ys = np.linspace(-1.5, 2.5, columns), np.linspace(-1.0, 1.5, columns * 5 // 8 + 1)
    scores = [[model((x, y)).data for x in xs] for y in ys]
    surface = axes.contourf(xs, ys, scores, np.linspace(-3, 3, 25), cmap=shared.shades(shared.DIVERGING), extend="both")
    styles = {"linewidths": [1.2, 2.6, 1.2], "linestyles": ["dashed", "solid", "dashed"]}
    lines = axes.contour(xs, ys, scores, [-1, 0, 1], colors=shared.INK, **styles)
    axes.clabel(lines, fmt={-1: "−1", 0: "0", 1: "1"}, fontsize=10)
    for label, marker, colour in ((-1, "s", shared.VERMILION), (1, "o", shared.BLUE)):
        moon = [point for point, mine in zip(points, labels) if mine == label]
        axes.scatter(*zip(*moon), s=48, c=colour, marker=marker, edgecolors="white", linewidths=1.2, zorder=3)
    return surface


def curves(history: History) -> Figure:
    """Return a figure of loss and accuracy over the epochs."""
    from matplotlib.ticker import PercentFormatter

    losses, accuracies = zip(*history)
    figure, (above, below) = shared.figure(8.0, 5.2, nrows=2, sharex=True, height_ratios=[3, 2])
    above.semilogy(losses, ".-", color=shared.BLUE)
    above.set(title="Loss and accuracy, epoch by epoch", ylabel="loss")
    below.plot(accuracies, ".-", color=shared.BLUE)
    below.axhline(TARGET, color=shared.VERMILION, linewidth=1.2, linestyle="dashed")
    below.text(len(history) - 1, TARGET - 0.02, f"target {TARGET:.0%}", color=shared.VERMILION, ha="right", va="top")
    below.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    below.set(xlabel="epoch", ylabel="accuracy")
    figure.align_ylabels()
    return figure


def one_neuron(model: MLP, point: Point) -> Value:
    """Return the output of the first layer's liveliest neuron at a point, differentiated."""
    inputs = [Value(x, label=f"x{i}") for i, x in enumerate(point)]
    output: Value = max(neuron(inputs) for neuron in model.layers[0].neurons)
    output.label = "output"
    model.zero_grad()
    output.backward()
    return output


def small_loss(point: Point, label: int, seed: int) -> Value:
    """Return the squared error of a network of three neurons at a point, differentiated."""
    random = Random(seed)
    n1, n2, n3 = Neuron(2, "tanh", seed=random), Neuron(2, "tanh", seed=random), Neuron(2, "linear", seed=random)
    score = n3([n1(point), n2(point)])
    loss: Value = (score - label) ** 2
    loss.backward()

    score.label, loss.label = "score", "loss"
    for name, neuron in (("n1", n1), ("n2", n2), ("n3", n3)):
        for parameter in neuron.parameters():
            parameter.label = f"{name}.{parameter.label}"
    return loss


def hardest(model: MLP, points: list[Point], labels: list[int]) -> Value:
    """Return the loss at the point that the model does worst at."""
    point, label = min(zip(points, labels), key=lambda pair: model(pair[0]).data * pair[1])
    score = model([Value(x, label=f"x{i}") for i, x in enumerate(point)])
    loss = math.relu(1 - label * score)
    score.label, loss.label = "score", "loss"
    return loss


def main() -> int:
    """Train, print what came out, save the pictures; return 0 if enough points are on the right side, else 1."""
    parser = shared.parser("moons", __doc__ or "")
    parser.add_argument(
        "--epochs", type=shared.whole(1), default=100, help="passes over the points (default: %(default)s)"
    )
    parser.add_argument("--film", action="store_true", help="show the training as a film, too, an animated GIF")
    options = parser.parse_args()
    pictures = shared.Pictures(options.out)
    from demos.film import Moment, film, moment  # takes a while

    points, labels = two_moons(options.seed)
    model = MLP(2, [16, 16, 1], seed=options.seed)
    print(f"two moons: {len(points)} points, {model} with {len(model.parameters())} parameters, seed {options.seed}")
    start = perf_counter()
    moments: list[Moment] = []
    history = train(model, points, labels, options.epochs, lambda loss: moments.append(moment(model, loss)))
    right = accuracy([model(point) for point in points], labels)
    print(f"training took {perf_counter() - start:.1f} s and ended with a loss of {history[-1][0]:.4f}")

    pictures.figure(boundary(model, points, labels, right), "moons_boundary")
    pictures.figure(curves(history), "moons_loss")
    pictures.drawing(draw_network(model), "moons_network")
    pictures.drawing(draw(one_neuron(model, points[0]), local_derivatives=True), "moons_neuron")
    pictures.drawing(draw(small_loss(points[0], labels[0], options.seed)), "moons_small_loss")
    pictures.page(explore(hardest(model, points, labels), model).html(), "moons_explorer")
    if options.film:
        pictures.film(film(model, moments, lambda axes, model: plane(axes, model, points, labels, 61)), "moons_film")
    return shared.verdict(right >= TARGET, f"accuracy {right:.1%}, at least {TARGET:.0%} wanted")


if __name__ == "__main__":
    shared.run(main)
