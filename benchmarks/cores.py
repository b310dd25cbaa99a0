"""On how many cores a measurement runs.

Libraries count the cores when they are imported, and make as many threads: `pin` comes before.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

CAN_PIN = hasattr(os, "sched_setaffinity")
ALL = os.sched_getaffinity(0) if CAN_PIN else set(range(os.cpu_count() or 1))


def pin() -> None:
    """Let this thread, and those that it starts, run on one core; on systems that cannot, do nothing."""
    if CAN_PIN:
        os.sched_setaffinity(0, {max(ALL)})


@contextmanager
def all_cores() -> Iterator[None]:
    """Let threads that are started within run on every core."""
    if CAN_PIN:
        os.sched_setaffinity(0, ALL)
    try:
        yield
    finally:
        pin()
