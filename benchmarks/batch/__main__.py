"""The benchmark of programs: `jit` and `vmap` beside JAX, numba, CasADi, pytensor, PyTorch and micrograd.

    python -m benchmarks.batch

Every comparison is made in this run, on this machine, on one core; README.md, in the folder above, says how.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import NamedTuple

from benchmarks.batch import heston, moons
from benchmarks.command import Benchmark, Parts, run
from benchmarks.cores import ALL, all_cores
from benchmarks.moons import micrograd
from benchmarks.report import Target, at_least, at_most
from benchmarks.timing import Make, anew, repeated

PEERS = ["numpy", "JAX", "numba", "CasADi", "pytensor", "PyTorch", "micrograd"]
LEGEND = "Medians, on one core; times are per lane in ns, or of the whole call"


class Rival(NamedTuple):
    """What a workload is compared with, and by how much we want to be faster, steadily and at the first call."""

    peer: str
    name: str
    make: Make
    target: Target | None = None
    first: Target | None = None
    inverse: bool = False  # it computes less, so that the ratio is of our time to its


def compare(benchmark: Benchmark, workload: str, ours: Make, rivals: list[Rival], lanes: int | None = None) -> None:
    """Race against each rival: call after call, then up to the end of the first call."""
    found = [rival for rival in rivals if benchmark.has(rival.peer)]
    for rival in found:
        mine, theirs = repeated("ours", ours), repeated(rival.name, rival.make)
        benchmark.race(workload, mine, theirs, lanes, rival.target, tolerance=TOLERANCE, inverse=rival.inverse)
    for rival in found:
        mine, theirs = anew("ours", ours), anew(rival.name, rival.make)
        benchmark.race(f"{workload}, first call", mine, theirs, None, rival.first, tolerance=TOLERANCE, rounds=3)


TOLERANCE = 1e-9


def moons_step(benchmark: Benchmark) -> None:
    """Time the training step of micrograd's demo: value, gradient and update."""
    rivals = [
        Rival("numpy", "numpy by hand", moons.by_hand, at_least(4.0)),
        Rival("pytensor", "pytensor", moons.pytensor, at_least(1.8)),
        Rival("JAX", "jax.jit", moons.jax, at_least(3.0)),
        Rival("PyTorch", "PyTorch", moons.torch, at_least(20.0)),
    ]
    compare(benchmark, "moons step", moons.ours, rivals)
    if benchmark.has("micrograd"):
        ours, target = repeated("ours", moons.ours), at_least(50_000.0)
        benchmark.race("moons step", ours, micrograd(), None, target, rounds=5, tolerance=TOLERANCE)


def heston_greeks(benchmark: Benchmark) -> None:
    """Time a price with all its Greeks, over many paths: ours beside the price alone, and beside all of it."""
    in_chunks = partial(heston.jax, heston.AT_A_TIME)
    rivals = [
        Rival("numba", "numba, the price alone", heston.numba, at_most(0.8), inverse=True),
        Rival("numba", "numba, in tiles", heston.numba_in_tiles, inverse=True),
        Rival("JAX", "jit(vmap(value_and_grad))", heston.jax, at_least(8.0)),
        Rival("JAX", "jit(lax.map(…)) in chunks", in_chunks),
    ]
    compare(benchmark, "Heston, price and Greeks", heston.ours, rivals, heston.PATHS)
    if len(ALL) > 1:
        with all_cores():
            one, two = repeated("one thread", heston.ours), repeated("two threads", partial(heston.ours, 2))
            benchmark.race("Heston, two threads", two, one, heston.PATHS, at_least(1.7))


PARTS: Parts = {"moons": moons_step, "Heston": heston_greeks}

if __name__ == "__main__":
    sys.exit(run("python -m benchmarks.batch", __doc__ or "", LEGEND, PARTS, PEERS))
