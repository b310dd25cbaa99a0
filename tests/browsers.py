"""A browser for the tests that need one; they are skipped where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
LONGEST = 60_000  # milliseconds that anything may take; machines differ


@contextmanager
def browser() -> Iterator[Any]:
    """A headless browser of the Chromium family that is installed here; nothing is downloaded."""
    playwright = pytest.importorskip("playwright.sync_api")
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("no browser of the Chromium family is installed")
    with playwright.sync_playwright() as driver:
        window = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])  # root may not use one
        yield window
        window.close()
