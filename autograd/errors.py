"""Every exception the package raises on purpose.

Each is also the built-in exception that a Python programmer would expect, so `except TypeError` keeps working.
"""

from __future__ import annotations

from typing import Any


class OperandError(TypeError):
    """Something that is no real number was given where a number or a `Value` belongs."""


class ArgumentError(TypeError):
    """A function was given arguments of the wrong number, structure or kind."""


class PrimitiveError(ValueError):
    """A row of the table of primitives is defined or used wrongly."""


class GraphError(ValueError):
    """A graph cannot be worked on: it has a cycle, foreign nodes, or was changed after it was computed."""


class RecordingError(TypeError):
    """A function that is recorded did what would freeze a number of one lane, or cannot be recorded."""


class NotFiniteError(FloatingPointError):
    """Within `autograd.debug()`, a value or an adjoint became NaN or infinite."""

    node: Any = None  # the Value that is not finite, or through which the adjoint was passed


class GradientError(AssertionError):
    """A derivative differs from what function values say it is."""


class DrawingError(RuntimeError):
    """A picture cannot be made: a program or package is missing, or the graph is too large."""


def describe(thing: object) -> str:
    """Return `thing` and its type in a few words, for an error message.

    >>> describe("a" * 100)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa... (str)"
    """
    try:
        text = repr(thing)
    except Exception:  # an error message must not fail because of what it reports
        text = "an object"
    if len(text) > 40:
        text = text[:37] + "..."
    return f"{text} ({type(thing).__name__})"


def not_a_number(thing: object, where: str, expected: str = "a real number or a Value") -> OperandError:
    """Return the one error for a thing that is no number."""
    return OperandError(f"{where}: got {describe(thing)}; expected {expected}")
