"""A training as a film: what the network sees, how the loss falls, and the gradients that make it fall."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import hypot
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from demos import shared
from nn import MLP

PICTURES = 50  # in a film, at most
DOTS = 90  # per inch


class Moment(NamedTuple):
    """A moment of a training: the loss, and all parameters with their gradients."""

    loss: float
    parameters: list[float]
    gradients: list[float]


def moment(model: MLP, loss: float) -> Moment:
    """Return what a model is after a call of `backward`."""
    parameters = model.parameters()
    return Moment(loss, [p.data for p in parameters], [p.grad for p in parameters])


def film(model: MLP, moments: Sequence[Moment], paint: Callable[[Axes, MLP], Any]) -> Iterator[Image.Image]:
    """Yield the pictures of a film, in which the model goes through it all again; `paint` draws what it sees."""
    steepest = max(abs(gradient) for moment in moments for gradient in moment.gradients) or 1.0
    for epoch in np.unique(np.linspace(0, len(moments) - 1, PICTURES).round().astype(int)):
        for parameter, number in zip(model.parameters(), moments[epoch].parameters):
            parameter.data = number
        figure, axes = stage(model)
        paint(axes[0], model)
        axes[0].set(title=f"Epoch {epoch}: the boundary", xlabel="$x_0$", ylabel="$x_1$", aspect="equal")
        descent(axes[1], moments, epoch)
        matrices(axes[2:], model, moments[epoch].gradients, steepest)
        yield picture(figure)


def stage(model: MLP) -> tuple[Figure, list[Axes]]:
    """Return a figure with places for the boundary, for the loss, and for the gradients of each layer."""
    figure = shared.blank(10.6, 4.8)
    halves = figure.add_gridspec(1, 2, width_ratios=[10, 9])
    right = halves[1].subgridspec(3, 1, height_ratios=[20, 1, 30])
    widths = [layer.nin + 1 if layer.nout > 1 else 1 for layer in model.layers]
    row = right[2].subgridspec(1, len(widths), width_ratios=widths)
    heading = figure.add_subplot(right[1], frameon=False, xticks=[], yticks=[])
    heading.text(0.0, 0.0, "Gradients: − vermilion, + blue", size=13.0, weight="bold").set_in_layout(False)
    places = [halves[0], right[0], *(row[place] for place in range(len(widths)))]
    return figure, [figure.add_subplot(place) for place in places]


def descent(axes: Axes, moments: Sequence[Moment], epoch: int) -> None:
    """Draw the loss and the length of the gradient, up to an epoch."""
    rows = {"loss": [m.loss for m in moments], "length of the gradient": [hypot(*m.gradients) for m in moments]}
    for (name, numbers), colour in zip(rows.items(), (shared.BLUE, shared.VERMILION)):
        axes.semilogy(numbers, color=colour, alpha=0.15)
        axes.semilogy(numbers[: epoch + 1], color=colour, label=name)
        axes.semilogy([epoch], numbers[epoch : epoch + 1], "o", color=colour)
    axes.set(xlabel="epoch")
    axes.legend(loc="upper right", ncols=2, fontsize=10.0)


def matrices(places: Sequence[Axes], model: MLP, gradients: list[float], steepest: float) -> None:
    """Draw the gradients of all layers, a row for each neuron, its bias last.

    A layer of one neuron stands upright. Of the gradients the cube root is shown, so that small ones are seen.
    """
    rest, shades = iter(gradients), shared.shades(shared.SIGNED)
    for number, (axes, layer) in enumerate(zip(places, model.layers), start=1):
        matrix = np.array([[next(rest) for _ in range(layer.nin + 1)] for _ in range(layer.nout)]) / steepest
        colours = np.cbrt(matrix if layer.nout > 1 else matrix.T)
        axes.imshow(colours, cmap=shades, vmin=-1.0, vmax=1.0, aspect="auto", interpolation="nearest")
        axes.set(xticks=[], yticks=[], xlabel=f"$W^{number}$")
        axes.spines[:].set_visible(False)


def picture(figure: Figure) -> Image.Image:
    """Return a figure as a picture."""
    figure.set_dpi(DOTS)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
