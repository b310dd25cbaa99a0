"""The `Value` in use. There is one implementation at present, the one in plain Python."""

from __future__ import annotations

from autograd.value import Number, Value

NATIVE = False

__all__ = ["NATIVE", "Number", "Value"]
