"""What must be measured in a process of its own: the peak of its memory, and what it leaves behind.

    python -m benchmarks.probe memory ours 1000000
    python -m benchmarks.probe leak plain 100000

Each prints a line of JSON. Memory is read from /proc, so this needs Linux.
"""

from __future__ import annotations

import gc
import json
import re
import subprocess
import sys
from array import array
from collections.abc import Callable
from functools import cache
from operator import sub
from pathlib import Path
from typing import Any

from autograd import Value
from benchmarks.workloads import Chain

PROC = "/proc/self"
AVAILABLE = Path(PROC, "smaps_rollup").exists()


def in_own_process(*arguments: object, module: str = "benchmarks.probe") -> dict[str, float]:
    """Run a module, by default this one, with some arguments in a fresh interpreter; return what it prints."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    folder = Path(__file__).parent.parent
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[1:])} ended with {done.returncode}:\n{done.stderr}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def kilobytes(file: str, name: str) -> int:
    """Return a line of a file in /proc/self, in bytes. It reads bytes: pathlib and decoding would leave blocks."""
    with open(f"{PROC}/{file}", "rb") as lines:
        found = re.search(rb"^%s:\s*(\d+) kB" % name.encode(), lines.read(), re.MULTILINE)
    assert found, f"{file} has no {name}"
    return 1024 * int(found[1])


# ── memory ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def memory(contender: str, operations: int) -> dict[str, float]:
    """Return by how many bytes an operation raises the peak of resident memory, forward and backward together."""
    small, large = (getattr(Chain(n), contender)() for n in (1_000, operations))
    small.run()
    return {"bytes": peak_of(large.run)[0] / operations}


def peak_of(run: Callable[[], Any]) -> tuple[int, Any]:
    """Return by how many bytes a call raises the peak of resident memory, and what it returns."""
    gc.collect()
    Path(PROC, "clear_refs").write_text("5")  # the peak counts from here on
    before = kilobytes("status", "VmHWM")
    found = run()
    return kilobytes("status", "VmHWM") - before, found


# ── leaks ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def small_graph(x: Value, w: Value) -> Value:
    """Return the result of five operations."""
    return ((x * w + w) * x - w) * w


def plain(passes: int) -> None:
    """Build a small graph and differentiate it, again and again."""
    x, w = Value(0.5), Value(0.25)
    for _ in range(passes):
        small_graph(x, w).backward()


@cache
def old() -> Value:
    """Return an inner node that lives on for as long as the process."""
    return Value(0.5) * Value(0.25)


def old_value(passes: int) -> None:
    """Do the same with an old node in every graph."""
    x, w = old(), Value(0.25)
    for _ in range(passes):
        small_graph(x, w).backward()


def kept_losses(passes: int) -> None:
    """Keep a thousand results as Values, as a list of losses does; then start a new list."""
    x, w = Value(0.5), Value(0.25)
    for _ in range(passes // 1_000):
        losses = []
        for _ in range(1_000):
            loss = small_graph(x, w)
            loss.backward()
            losses.append(loss)


LEAKS: dict[str, Callable[[int], None]] = {"plain": plain, "old_value": old_value, "kept_losses": kept_losses}


def leak(kind: str, passes: int) -> dict[str, float]:
    """Return what so many passes leave behind, without the garbage collector, after as many twice to warm up.

    That fills the free lists and asks the system for the memory that one pass needs at a time.
    """
    run = LEAKS[kind]
    gc.disable()
    before, after = array("q", 3 * [0]), array("q", 3 * [0])  # made now, so that keeping the counts takes nothing
    for there in (before, before, after):  # counting, too, takes something the first time
        run(passes)
        _count(there)
    return dict(zip(("objects", "blocks", "bytes"), map(sub, after, before)))


def _count(there: array[int]) -> None:
    """Count tracked objects, allocated blocks, and bytes of resident memory."""
    there[0] = len(gc.get_objects())
    there[1] = sys.getallocatedblocks()
    there[2] = kilobytes("smaps_rollup", "Rss")


def answer(measure: Callable[[str, int], dict[str, float]], subject: str, size: str) -> None:
    """Measure what the command line asks for, and print it."""
    print(json.dumps(measure(subject, int(size))))


if __name__ == "__main__":
    answer({"memory": memory, "leak": leak}[sys.argv[1]], *sys.argv[2:])
