"""The peers: where they are, which version, and what each needs before it can be used."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

PEERS = {"XAD": "xad", "micrograd": "micrograd"}  # name and distribution


def installed(peer: str) -> str | None:
    """Return the version of a peer; None if it is not installed."""
    try:
        return version(PEERS[peer])
    except PackageNotFoundError:
        return None


@cache
def xad() -> tuple[Any, Any, Any]:
    """Return XAD's type of number, its mathematical functions, and an active tape.

    There is one tape for all: its documentation advises to clear and use it again rather than to make another.
    """
    adjoint = import_module("xad.adj_1st")
    tape = adjoint.Tape()
    tape.activate()
    return adjoint.Real, import_module("xad.math"), tape


@cache
def micrograd() -> tuple[Any, Any]:
    """Return micrograd's type of number and its networks; let it recurse as deep as its topological sort has to."""
    sys.setrecursionlimit(1_000_000)
    return import_module("micrograd.engine").Value, import_module("micrograd.nn")
