"""Teach a small network of scalar neurons the sine, and see that it has learned the cosine, too.

31 points from -π to π, a perceptron with two hidden layers of 8 tanh neurons, the mean squared error, and Adam. The
derivative of the trained network by its input was no part of the lesson; the picture shows how close it is to cos.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from tqdm import tqdm  # type: ignore[import-untyped]

from autograd import grad, math
from demos import shared
from nn import MLP, Adam, mean_squared_error

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TARGET = 1e-3  # the largest mean squared error


def train(model: MLP, xs: list[float], epochs: int) -> None:
    """Change the parameters of the model, step by step, so that model([x]) comes closer to sin(x)."""
    targets = [math.sin(x) for x in xs]
    optimizer = Adam(model.parameters(), learning_rate=0.1)
    progress = tqdm(range(epochs), desc="training", unit=" epochs")
    for epoch in progress:
        loss = mean_squared_error([model([x]) for x in xs], targets)

        optimizer.zero_grad()  # because backward adds to the gradients that are there
        loss.backward()
        optimizer.learning_rate = 0.1 * (1.0 - epoch / epochs)
        optimizer.step()

        progress.set_postfix_str(f"error {loss:.2e}", refresh=False)


def fit(model: MLP, points: list[float]) -> Figure:
    """Return a figure of the network beside the sine, of its derivative beside the cosine, and of what is left."""
    import numpy as np

    xs = np.linspace(-math.pi, math.pi, 241)
    values = np.array([model([x]).data for x in xs])
    slopes = [grad(lambda x: model([x]))(x).data for x in xs]
    figure, (above, below) = shared.figure(8.4, 5.6, nrows=2, sharex=True, height_ratios=[5, 2])
    truth = {"color": "#cbd2d9", "linewidth": 7.0, "solid_capstyle": "round"}
    above.plot(xs, np.sin(xs), **truth, label="sin and cos")
    above.plot(xs, np.cos(xs), **truth)
    above.plot(xs, values, color=shared.BLUE, label="the network")
    above.plot(xs, slopes, color=shared.VERMILION, linestyle="dashed", label="its derivative")
    above.plot(points, np.sin(points), "o", color=shared.BLUE, markeredgecolor="white", label="the points")
    above.set(title="A network that was taught the sine", ylabel="$y$", ylim=(-1.15, 1.15))
    above.legend(loc="upper left")
    below.plot(xs, values - np.sin(xs), color=shared.BLUE)
    below.axhline(0.0, color=shared.INK, linewidth=1.0)
    below.set(xlabel="$x$", ylabel="network − sin", xticks=[-math.pi, -math.pi / 2, 0, math.pi / 2, math.pi])
    below.locator_params(axis="y", nbins=5)
    below.set_xticklabels(["−π", "−π/2", "0", "π/2", "π"])
    figure.align_ylabels()
    return figure


def main() -> int:
    """Train, print what came out, save the picture; return 0 if the error is small enough, else 1."""
    parser = shared.parser("sine", __doc__ or "")
    parser.add_argument(
        "--epochs", type=shared.whole(1), default=500, help="passes over the points (default: %(default)s)"
    )
    options = parser.parse_args()
    pictures = shared.Pictures(options.out)

    xs = [math.pi * i / 15.0 for i in range(-15, 16)]
    model = MLP(1, [8, 8, 1], "tanh", seed=options.seed)
    print(f"sine: {len(xs)} points, {model} with {len(model.parameters())} parameters, seed {options.seed}")
    start = perf_counter()
    train(model, xs, options.epochs)
    error = mean_squared_error([model([x]) for x in xs], [math.sin(x) for x in xs]).data
    print(f"training took {perf_counter() - start:.1f} s")

    pictures.figure(fit(model, xs), "sine_fit")
    return shared.verdict(error <= TARGET, f"mean squared error {error:.1e}, at most {TARGET:.0e} wanted")


if __name__ == "__main__":
    shared.run(main)
