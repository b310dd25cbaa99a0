"""Places in the program: the line of somebody's code, outside of the library, for which the library computes."""

from __future__ import annotations

from functools import lru_cache
from types import FrameType
from typing import NamedTuple

PACKAGES = {"autograd", "nn", "numpy"}  # what happens in them, the user's own code has asked for


class Place(NamedTuple):
    """A line of the program."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


_place = lru_cache(maxsize=4096)(Place)  # many operations stand on one line


def place_of(frame: FrameType) -> Place:
    """Return where a frame is, or was called from: the innermost place outside of the library."""
    return line_of(way_out(frame)[-1])


def line_of(frame: FrameType) -> Place:
    """Return the line on which a frame is."""
    return _place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname)


def way_out(frame: FrameType) -> list[FrameType]:
    """Return the frames from this one outwards, up to the first that is not in the library, if there is one."""
    way = [frame]
    while is_inside(way[-1]) and way[-1].f_back is not None:
        way.append(way[-1].f_back)
    return way


def is_inside(frame: FrameType) -> bool:
    """Return whether a frame is in the library, or in numpy, which calls it."""
    return str(frame.f_globals.get("__name__")).partition(".")[0] in PACKAGES
