"""What the library hands out as data cannot be changed by accident."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, is_dataclass
from importlib import import_module

import pytest

from tests.test_import import ORDER

MUTABLE = {"Group", "Path", "Range"}  # what is built up step by step, and what is made too often to be checked


@pytest.mark.parametrize("name", ORDER)
def test_data_is_frozen(name: str) -> None:
    module = pytest.importorskip(f"autograd.{name}") if name.startswith("_") else import_module(f"autograd.{name}")
    for thing in vars(module).values():
        if is_dataclass(thing) and isinstance(thing, type) and thing.__name__ not in MUTABLE:
            with pytest.raises(FrozenInstanceError):
                setattr(object.__new__(thing), next(iter(thing.__dataclass_fields__)), None)
