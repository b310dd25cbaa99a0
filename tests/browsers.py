"""A browser for the tests that need one; they are skipped where there is none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
LONGEST = 60_000  # milliseconds that anything may take; machines differ


@contextmanager
def browser() -> Iterator[Any]:
    """A headless browser of the Chromium family that is installed here; nothing is downloaded.

    Pages are the same from both cores, see `tests.pages`: they are tried with the compiled one, where there is one.
    """
    if os.environ.get("AUTOGRAD_PURE") and find_spec("autograd._native"):
        pytest.skip("pages are the same from both cores, and tried with the other one")
    playwright = pytest.importorskip("playwright.sync_api")
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("no browser of the Chromium family is installed")
    with playwright.sync_playwright() as driver:
        window = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])  # root may not use one
        yield window
        window.close()
