"""The peers: where they are, which version, and what each needs before it can be used."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

PEERS = {  # name and distribution
    "XAD": "xad",
    "micrograd": "micrograd",
    "numpy": "numpy",
    "JAX": "jax",
    "numba": "numba",
    "CasADi": "casadi",
    "pytensor": "pytensor",
    "PyTorch": "torch",
}


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


@cache
def jax() -> Any:
    """Return JAX, for double precision, with its device at work."""
    module = import_module("jax")
    module.config.update("jax_platforms", "cpu")
    module.config.update("jax_enable_x64", True)
    module.block_until_ready(module.jit(lambda x: x + 1.0)(1.0))
    return module


@cache
def numba() -> Any:
    """Return numba."""
    return import_module("numba")


@cache
def casadi() -> Any:
    """Return CasADi."""
    return import_module("casadi")


@cache
def pytensor() -> tuple[Any, Any]:
    """Return pytensor and its tensors."""
    return import_module("pytensor"), import_module("pytensor.tensor")


@cache
def torch() -> Any:
    """Return PyTorch, for double precision, in one thread."""
    module = import_module("torch")
    module.set_default_dtype(module.float64)
    module.set_num_threads(1)
    return module
