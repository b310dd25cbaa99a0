"""A warning where another distribution with the same import name is installed."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Iterator


def installed(folders: Iterable[str]) -> Iterator[str]:
    """Yield the folders in which the distribution called `autograd`, by HIPS, has been installed.

    Its name in a listing says enough: `importlib.metadata` would take as long to import as the whole package.
    """
    for folder in folders:
        try:
            names = os.listdir(folder or ".")
        except OSError:  # a zip file, or no such folder
            continue
        if any(name.startswith("autograd-") and name.endswith((".dist-info", ".egg-info")) for name in names):
            yield folder


def warn() -> None:
    """Warn, naming the file that was imported, if HIPS's `autograd` is installed as well."""
    for folder in installed(sys.path):
        warnings.warn(
            f"HIPS's autograd, installed in {folder}, has the same import name as scalar-autograd; this is"
            f" scalar-autograd, imported from {os.path.dirname(__file__)}. Keep them in separate environments.",
            stacklevel=3,
        )
        return
