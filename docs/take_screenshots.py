"""Take the pictures of the explorer's page that the documentation shows: `python -m docs.take_screenshots`.

It needs Chromium and Playwright, as the tests of the page do.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image

from autograd import Value, explore, math
from demos import moons
from nn import MLP
from tests.browsers import browser

IMAGES = Path(__file__).parent / "images"
SIZE = {"width": 1180, "height": 640}
COLOURS = 64  # enough for what is nearly all grey


def expression() -> Any:
    """Explore the first example of the README."""
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    loss = math.tanh(a * b + 6.5) + abs(b) ** 0.5
    loss.label = "loss"
    return explore(loss)


def network() -> Any:
    """Explore what `make demo` does: the loss of a trained network at one point."""
    points, labels = moons.two_moons(seed=0)
    model = MLP(2, [16, 16, 1], seed=0)
    moons.train(model, points, labels, epochs=100)
    return explore(moons.hardest(model, points, labels), model)


def main() -> None:
    """Open each page, select a leaf, and take the picture."""
    with TemporaryDirectory() as folder, browser() as window:
        for name, exploration, leaf, scheme in (
            ("explorer", expression(), "b", "light"),
            ("moons_explorer", network(), "x1", "dark"),
        ):
            place = exploration.contents.labels.index(leaf)
            page = window.new_page(viewport=SIZE, device_scale_factor=1.5, color_scheme=scheme)
            page.goto(f"{exploration.save(Path(folder) / 'page.html').as_uri()}#node={place}")
            page.wait_for_selector("body.ready #uses td")
            page.keyboard.press("0")  # show all
            page.wait_for_timeout(500)
            picture = Image.open(BytesIO(page.screenshot())).convert("RGB").quantize(COLOURS)
            picture.save(IMAGES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
