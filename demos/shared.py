"""What the demos share: their options, the folder that they write to, the look of their figures, and how they end.

Libraries that take long to import are imported where they are used, so that what is wrong with the options is said at
once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from math import inf
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from autograd import Drawing, errors

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure
    from PIL import Image

# ── options ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def parser(name: str, description: str, *, writes: bool = True) -> argparse.ArgumentParser:
    """Return a parser for the options that all demos have; a demo may add its own."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that has no ∂ shall show the rest
    made = argparse.ArgumentParser(f"python -m demos.{name}", description=description.split("\n\n")[0])
    made.add_argument(
        "--seed", type=whole(0, 2**32 - 1), default=0, help="seed of the random numbers (default: %(default)s)"
    )
    if writes:
        made.add_argument("--out", default="pictures", help="folder for what is written (default: %(default)s)")
    return made


def whole(least: int, most: float = inf) -> Callable[[str], int]:
    """Return what reads an option that is a whole number between two limits."""

    def read(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            limits = f"from {least} on" if most == inf else f"from {least} to {most}"
            raise argparse.ArgumentTypeError(f"got {text!r}; expected a whole number {limits}")
        return int(text)

    return read


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────


PICTURE, LAST_PICTURE = 120, 3000  # milliseconds that a picture of a film is shown


class Pictures:
    """The folder that a demo writes to; that it can be written to is known before any work is done."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        with _explained(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            TemporaryFile(dir=self.folder).close()

    def figure(self, figure: Figure, name: str) -> None:
        """Save a figure as PNG, the same bytes for the same figure, and say so."""
        path = self.folder / f"{name}.png"
        with _explained(path):
            figure.savefig(path, metadata={"Software": None})
        print(f"wrote {path}")

    def film(self, pictures: Iterable[Image.Image], name: str) -> None:
        """Save pictures as a GIF that lingers on the last one, and say so."""
        path = self.folder / f"{name}.gif"
        first, *others = pictures
        durations = [PICTURE] * len(others) + [LAST_PICTURE]
        with _explained(path):
            first.save(path, save_all=True, append_images=others, duration=durations, loop=0, optimize=True)
        print(f"wrote {path}")

    def page(self, page: str, name: str) -> None:
        """Save a page, and say so."""
        path = self.folder / f"{name}.html"
        with _explained(path):
            path.write_text(page, encoding="utf-8")
        print(f"wrote {path}")

    def drawing(self, drawing: Drawing, name: str) -> None:
        """Save the drawing of a graph as SVG and PNG, and say so."""
        for path in (self.folder / f"{name}.svg", self.folder / f"{name}.png"):
            with _explained(path):
                drawing.render(path)
            print(f"wrote {path}")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """End the program with one line if a file cannot be written or a drawing cannot be made."""
    try:
        yield
    except OSError as error:
        fail(f"cannot write to {str(path)!r}: {error.strerror or error}; choose another folder with --out")
    except errors.DrawingError as error:
        fail(str(error))


# ── ends ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def run(main: Callable[[], int]) -> NoReturn:
    """End the program with what `main` returns; in silence if nobody reads on, as after `| head`."""
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left would be written at the end
        status = 1
    sys.exit(status)


def fail(reason: str) -> NoReturn:
    """End the program because of something that is not the demo's fault."""
    print(f"error: {reason}", file=sys.stderr)
    raise SystemExit(2)


def verdict(reached: bool, target: str) -> int:
    """Print whether the target was reached; return 0 if so, else 1: what the program ends with."""
    print(f"target {'reached' if reached else 'MISSED'}: {target}")
    return 0 if reached else 1


# ── figures ──────────────────────────────────────────────────────────────────────────────────────────────────────────

# Blue and vermilion are told apart by everyone (Okabe and Ito 2008, https://jfly.uni-koeln.de/color/).
BLUE, VERMILION, GREY, INK = "#0072b2", "#d55e00", "#9aa5b1", "#1f2933"
# Backgrounds end in lighter shades, so that lines and points in the full colours stand out.
DIVERGING = ["#e8955c", "#fbe6d8", "#fdfdfd", "#dcebf6", "#58a5d1"]
SEQUENTIAL = ["#fdfdfd", "#dcebf6", "#58a5d1"]
# In full colours, where they are all there is to see.
SIGNED = [VERMILION, "#f6c8a8", "#fdfdfd", "#a9cfe8", BLUE]

STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": GREY,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlepad": 10.0,
    "axes.titlesize": 13.0,
    "axes.titleweight": "bold",
    "font.size": 11.0,
    "grid.color": "#e4e7eb",
    "legend.frameon": False,
    "lines.linewidth": 2.0,
    "savefig.dpi": 150.0,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def figure(width: float, height: float, **layout: Any) -> tuple[Figure, Any]:
    """Return a figure of so many inches and its axes, laid out as `subplots` says, in the style of all demos."""
    made = blank(width, height, "compressed")
    return made, made.subplots(**layout)


def blank(width: float, height: float, layout: Literal["constrained", "compressed"] = "constrained") -> Figure:
    """Return a figure of so many inches without axes, in the style of all demos."""
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcdefaults()
    matplotlib.rcParams.update(STYLE)
    return Figure(figsize=(width, height), layout=layout)


def shades(colours: list[str]) -> Colormap:
    """Return the colours and all between them."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("shades", colours)
