"""The benchmark of programs: `jit` and `vmap` beside JAX, numba, CasADi, pytensor, PyTorch and micrograd.

    python -m benchmarks.batch

Every comparison is made in this run, on this machine, on one core; README.md, in the folder above, says how.
"""

from __future__ import annotations

import sys

from benchmarks.batch import moons
from benchmarks.command import Benchmark, Parts, run
from benchmarks.report import at_least

PEERS = ["JAX", "numba", "CasADi", "pytensor", "PyTorch", "micrograd"]
LEGEND = "Medians, on one core; times are per lane in ns, or of the whole call"


def moons_step(benchmark: Benchmark) -> None:
    """Time the training step of micrograd's demo: value, gradient and update."""
    races = [("pytensor", moons.pytensor, 1.8), ("JAX", moons.jax, 3.0), ("PyTorch", moons.torch, 20.0)]
    benchmark.race("moons step", moons.ours(), moons.by_hand(), None, at_least(4.0), tolerance=1e-9)
    for peer, contender, target in races:
        if benchmark.has(peer):
            benchmark.race("moons step", moons.ours(), contender(), None, at_least(target), tolerance=1e-9)
    if benchmark.has("micrograd"):
        ours, theirs = moons.ours(), moons.micrograd()
        benchmark.race("moons step", ours, theirs, None, at_least(50_000.0), rounds=5, tolerance=1e-9)


PARTS: Parts = {"moons": moons_step}

if __name__ == "__main__":
    sys.exit(run("python -m benchmarks.batch", __doc__ or "", LEGEND, PARTS, PEERS))
