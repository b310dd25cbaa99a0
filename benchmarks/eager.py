"""The benchmark of the eager core: `Value` beside micrograd, XAD, CPython's float, and the least that C allows.

    python -m benchmarks.eager

Every comparison is made in this run, on this machine; README.md, in this folder, says how.
"""

from __future__ import annotations

import sys
from statistics import median

from autograd.core import NATIVE
from benchmarks import moons, probe
from benchmarks.command import Benchmark, Parts, run
from benchmarks.floor import floor
from benchmarks.report import Row, Target, at_least, at_most, times
from benchmarks.timing import Lap, in_turn, medians
from benchmarks.workloads import Chain

PEERS = ["XAD", "micrograd"]
LEGEND = "Medians; times are forward + backward (+ freeing), per operation in ns, or of the whole"
OPERATIONS = 100_000
SCALES = [100_000, 1_000_000, 10_000_000] if NATIVE else [100_000, 1_000_000]
PASSES = 1_000_000 if NATIVE else 100_000
MEMORY = {"ours": 1_000_000, "XAD": 1_000_000, "micrograd": 100_000}  # operations; micrograd's frames are part of it
NO_FLOOR = "minimal C object left out: it could not be built; it needs a C compiler, Python's headers and setuptools"
NOTHING_LEFT = Target("nothing left", lambda x: x <= 0)


def chain(benchmark: Benchmark) -> None:
    """Time a chain of products and sums, with everyone."""
    name, chain = "a = a*b + c", Chain(OPERATIONS)
    if benchmark.has("XAD"):
        benchmark.race(name, chain.ours(), chain.xad(), chain.operations, at_least(15))
    if benchmark.has("micrograd"):
        ours, other, count = chain.ours(), chain.micrograd(), chain.operations
        benchmark.race(name, ours, other, count, at_least(150), rounds=7)
        benchmark.race(name + ", collector off", ours, other, count, at_least(40), rounds=7, collector=False)
    _floors(benchmark, name, chain, at_most(2.5))


def functions(benchmark: Benchmark) -> None:
    """Time a chain in which every fourth operation is sin, exp or tanh; micrograd has none of them."""
    name, chain = "with sin, exp and tanh", Chain(OPERATIONS, functions=True)
    if benchmark.has("XAD"):
        benchmark.race(name, chain.ours(), chain.xad(), chain.operations, at_least(8))
    _floors(benchmark, name, chain, None)


def moons_step(benchmark: Benchmark) -> None:
    """Time the training step of micrograd's demo, as a whole."""
    name = "moons step"
    if benchmark.has("XAD"):
        benchmark.race(name, moons.ours(), moons.xad(), None, at_least(8), tolerance=1e-9)
    if benchmark.has("micrograd"):
        benchmark.race(name, moons.ours(), moons.micrograd(), None, at_least(150), rounds=7, tolerance=1e-9)
    benchmark.race(name, moons.ours(), moons.floats(), None, inverse=True, tolerance=1e-9)


def _floors(benchmark: Benchmark, name: str, chain: Chain, target: Target | None) -> None:
    """Compare with what computes the same without derivatives: CPython's float, and the minimal object in C."""
    benchmark.race(name, chain.ours(), chain.floats(), chain.operations, target, inverse=True)
    if extension := floor():
        benchmark.race(name, chain.ours(), chain.floor(extension), chain.operations, inverse=True)
    else:
        benchmark.report.remark(NO_FLOOR)


def scaling(benchmark: Benchmark) -> None:
    """Time an operation in ever longer chains: building, the sweep, and freeing.

    Each chain runs three times in succession: the first finds the memory of a shorter chain and needs more, the third
    finds its own.
    """
    chains = [Chain(n, starts=(0.5, 1.0 - 10.0 / n, 0.001)) for n in SCALES]
    contenders = [contender for chain in chains for contender in [chain.ours()] * 3]
    in_turn(contenders, 1)  # to warm up
    laps = in_turn(contenders, 2 if benchmark.quick else 5)
    short = laps[2]
    _scaled(benchmark, chains[0], "again", short, short)
    for chain, first, again in zip(chains[1:], laps[3::3], laps[5::3]):
        _scaled(benchmark, chain, "at first", first, short)
        _scaled(benchmark, chain, "again", again, short, at_most(2.0) if chain is chains[-1] else None)


def _scaled(
    benchmark: Benchmark, chain: Chain, when: str, laps: list[Lap], short: list[Lap], target: Target | None = None
) -> None:
    n = chain.operations
    row = Row(f"{n:,} nodes, {when}", times(medians(laps), n, freeing=True))
    if laps is not short:
        ratios = sorted(x.total / n / (y.total / SCALES[0]) for x, y in zip(laps, short))
        row.other, row.theirs = f"{SCALES[0]:,} nodes, again", times(medians(short), SCALES[0], freeing=True)
        row.ratio = f"{median(ratios):.3g}× its time ({ratios[0]:.3g} to {ratios[-1]:.3g})"
        row.judged(median(ratios), target)
    benchmark.report.add(row)


def memory(benchmark: Benchmark) -> None:
    """Measure by how much a node raises the peak of memory, in a process for each contender."""
    if not benchmark.can_probe():
        return
    mine = probe.in_own_process("memory", "ours", MEMORY["ours"])["bytes"]
    row = Row(f"memory, {MEMORY['ours']:,} nodes", f"{mine:.1f} bytes/node")
    benchmark.report.add(row.judged(mine, at_most(64, " bytes")))
    for peer in filter(benchmark.has, PEERS):
        operations = MEMORY[peer]
        used = probe.in_own_process("memory", peer.lower(), operations)["bytes"]
        row = Row(row.workload, row.ours, f"{peer}, {operations:,} nodes", f"{used:.1f} bytes/node")
        row.ratio = f"{used / mine:.3g}× as much"
        benchmark.report.add(row)


def leaks(benchmark: Benchmark) -> None:
    """Differentiate a small graph again and again: nothing may be left over."""
    if not benchmark.can_probe():
        return
    for kind in probe.LEAKS:
        left = probe.in_own_process("leak", kind, PASSES)
        text = ", ".join(f"{count:+,} {thing}" if count else f"0 {thing}" for thing, count in left.items())
        row = Row(f"{PASSES:,} × {kind}", text)
        benchmark.report.add(row.judged(max(left.values()), NOTHING_LEFT))


PARTS: Parts = {
    "chain": chain,
    "functions": functions,
    "moons": moons_step,
    "scaling": scaling,
    "memory": memory,
    "leaks": leaks,
}

if __name__ == "__main__":
    sys.exit(run("python -m benchmarks.eager", __doc__ or "", LEGEND, PARTS, PEERS))
