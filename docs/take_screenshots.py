"""Take the pictures of pages that the documentation shows: `python -m docs.take_screenshots`.

It needs Chromium and Playwright, as the tests of pages do.
"""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from autograd import Exploration, Value, explore, math
from demos import moons
from nn import MLP
from tests.browsers import browser

IMAGES = Path(__file__).parent / "images"
WIDTH = 1180
COLOURS = 160  # enough for what is nearly all grey


def expression() -> Exploration:
    """Explore the first example of the README."""
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    loss = math.tanh(a * b + 6.5) + abs(b) ** 0.5
    loss.label = "loss"
    return explore(loss)


def network() -> Exploration:
    """Explore what `make demo` does: the loss of a trained network at one point."""
    points, labels = moons.two_moons(seed=0)
    model = MLP(2, [16, 16, 1], seed=0)
    moons.train(model, points, labels, epochs=100)
    return explore(moons.hardest(model, points, labels), model)


def organisation(folder: Path) -> str:
    """Return the address of the page that the demo of backpropagation writes, at the step that hands errors down."""
    command = [sys.executable, "-m", "demos.backpropagation", "--out", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return f"{(folder / 'backpropagation.html').as_uri()}#1.9"


def exploration(folder: Path, explored: Exploration, leaf: str) -> str:
    """Return the address of the explorer's page with a leaf selected."""
    return f"{explored.save(folder / f'{leaf}.html').as_uri()}#node={explored.contents.labels.index(leaf)}"


def main() -> None:
    """Open each page, press a key, and take the picture."""
    with TemporaryDirectory() as name, browser() as window:
        folder = Path(name)
        for name, address, scheme, height, key in (
            ("explorer", exploration(folder, expression(), "b"), "light", 640, "0"),  # 0 shows all
            ("moons_explorer", exploration(folder, network(), "x1"), "dark", 640, "0"),
            ("backpropagation", organisation(folder), "light", 760, "Escape"),
        ):
            size = {"width": WIDTH, "height": height}
            page = window.new_page(viewport=size, device_scale_factor=1.5, color_scheme=scheme)
            page.goto(address)
            page.wait_for_selector("body.ready")
            page.wait_for_timeout(500)
            page.keyboard.press(key)
            page.wait_for_timeout(500)
            picture = Image.open(BytesIO(page.screenshot())).convert("RGB").quantize(COLOURS)
            picture.save(IMAGES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
