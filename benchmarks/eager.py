"""The benchmark of the eager core: `Value` beside micrograd, XAD, CPython's float, and the least that C allows.

    python -m benchmarks.eager

Every comparison is made in this run, on this machine; README.md, in this folder, says how.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from statistics import median

from autograd.core import NATIVE
from benchmarks import moons, probe
from benchmarks.floor import floor
from benchmarks.peers import PEERS, installed
from benchmarks.report import Report, Row, Target, at_least, at_most
from benchmarks.timing import Contender, Disagreement, Lap, duel, in_turn, medians
from benchmarks.workloads import Chain

OPERATIONS = 100_000
SCALES = [100_000, 1_000_000, 10_000_000] if NATIVE else [100_000, 1_000_000]
PASSES = 1_000_000 if NATIVE else 100_000
MEMORY = {"ours": 1_000_000, "XAD": 1_000_000, "micrograd": 100_000}  # operations; micrograd's frames are part of it
NO_PROC = "memory and leaks are read from Linux's /proc, which this system does not have"
NO_FLOOR = "minimal C object left out: it could not be built; it needs a C compiler, Python's headers and setuptools"


class Benchmark:
    """What all measurements share: the report that they write to, and whether they shall be quick."""

    def __init__(self, report: Report, quick: bool) -> None:
        self.report, self.quick = report, quick

    def chain(self) -> None:
        """Time a chain of products and sums, with everyone."""
        name, chain = "a = a*b + c", Chain(OPERATIONS)
        if self.has("XAD"):
            self.race(name, chain.ours(), chain.xad(), chain.operations, at_least(15))
        if self.has("micrograd"):
            ours, other = chain.ours(), chain.micrograd()
            self.race(name, ours, other, chain.operations, at_least(150), rounds=7)
            self.race(name + ", collector off", ours, other, chain.operations, at_least(40), rounds=7, collector=False)
        self.floors(name, chain, at_most(2.5))

    def functions(self) -> None:
        """Time a chain in which every fourth operation is sin, exp or tanh; micrograd has none of them."""
        name, chain = "with sin, exp and tanh", Chain(OPERATIONS, functions=True)
        if self.has("XAD"):
            self.race(name, chain.ours(), chain.xad(), chain.operations, at_least(8))
        self.floors(name, chain, None)

    def moons(self) -> None:
        """Time the training step of micrograd's demo, as a whole."""
        if self.has("XAD"):
            self.race("moons step", moons.ours(), moons.xad(), None, at_least(8), tolerance=1e-9)
        if self.has("micrograd"):
            self.race("moons step", moons.ours(), moons.micrograd(), None, at_least(150), rounds=7, tolerance=1e-9)
        self.race("moons step", moons.ours(), moons.floats(), None, inverse=True, tolerance=1e-9)

    def floors(self, name: str, chain: Chain, target: Target | None) -> None:
        """Compare with what computes the same without derivatives: CPython's float, and the minimal object in C."""
        self.race(name, chain.ours(), chain.floats(), chain.operations, target, inverse=True)
        if extension := floor():
            self.race(name, chain.ours(), chain.floor(extension), chain.operations, inverse=True)
        else:
            self.report.remark(NO_FLOOR)

    def race(
        self,
        name: str,
        ours: Contender,
        theirs: Contender,
        operations: int | None,  # that times are divided by; None for the time of the whole lap
        target: Target | None = None,
        *,
        rounds: int = 21,
        tolerance: float = 1e-12,
        collector: bool = True,
        inverse: bool = False,  # the ratio of our time to theirs, for what nobody can beat
    ) -> None:
        """Let two contenders take turns, and report the median of the ratios of the paired laps."""
        rounds = 3 + rounds // 10 if self.quick else rounds
        found = duel(ours, theirs, rounds, tolerance=tolerance, collector=collector)
        ratios = sorted(1.0 / ratio for ratio in found.ratios) if inverse else found.ratios
        ratio, words = median(ratios), "its time" if inverse else "as fast"
        row = Row(
            name,
            _times(medians(found.ours), operations),
            theirs.name,
            _times(medians(found.theirs), operations),
            f"{ratio:.3g}× {words} ({ratios[0]:.3g} to {ratios[-1]:.3g})",
        )
        self.report.add(row.judged(ratio, target))

    def scaling(self) -> None:
        """Time an operation in ever longer chains: building, the sweep, and freeing.

        Each chain runs three times in succession: the first finds the memory of a shorter chain and needs more, the
        third finds its own.
        """
        chains = [Chain(n, starts=(0.5, 1.0 - 10.0 / n, 0.001)) for n in SCALES]
        contenders = [contender for chain in chains for contender in [chain.ours()] * 3]
        in_turn(contenders, 1)  # to warm up
        laps = in_turn(contenders, 2 if self.quick else 5)
        short = laps[2]
        self._scaled(chains[0], "again", short, short)
        for chain, first, again in zip(chains[1:], laps[3::3], laps[5::3]):
            self._scaled(chain, "at first", first, short)
            self._scaled(chain, "again", again, short, at_most(2.0) if chain is chains[-1] else None)

    def _scaled(
        self, chain: Chain, when: str, laps: list[Lap], short: list[Lap], target: Target | None = None
    ) -> None:
        n = chain.operations
        row = Row(f"{n:,} nodes, {when}", _times(medians(laps), n, freeing=True))
        if laps is not short:
            ratios = sorted(x.total / n / (y.total / SCALES[0]) for x, y in zip(laps, short))
            row.other, row.theirs = f"{SCALES[0]:,} nodes, again", _times(medians(short), SCALES[0], freeing=True)
            row.ratio = f"{median(ratios):.3g}× its time ({ratios[0]:.3g} to {ratios[-1]:.3g})"
            row.judged(median(ratios), target)
        self.report.add(row)

    def memory(self) -> None:
        """Measure by how much a node raises the peak of memory, in a process for each contender."""
        if not self.can_probe():
            return
        mine = probe.in_own_process("memory", "ours", MEMORY["ours"])["bytes"]
        row = Row(f"memory, {MEMORY['ours']:,} nodes", f"{mine:.1f} bytes/node")
        self.report.add(row.judged(mine, at_most(64, " bytes")))
        for peer in filter(self.has, PEERS):
            operations = MEMORY[peer]
            used = probe.in_own_process("memory", peer.lower(), operations)["bytes"]
            row = Row(row.workload, row.ours, f"{peer}, {operations:,} nodes", f"{used:.1f} bytes/node")
            row.ratio = f"{used / mine:.3g}× as much"
            self.report.add(row)

    def leaks(self) -> None:
        """Differentiate a small graph again and again: nothing may be left over."""
        if not self.can_probe():
            return
        for kind in probe.LEAKS:
            left = probe.in_own_process("leak", kind, PASSES)
            text = ", ".join(f"{count:+,} {thing}" if count else f"0 {thing}" for thing, count in left.items())
            row = Row(f"{PASSES:,} × {kind}", text)
            self.report.add(row.judged(max(left.values()), NOTHING_LEFT))

    def has(self, peer: str) -> bool:
        """Return whether a peer is installed; if not, say how to get it."""
        if not installed(peer):
            self.report.remark(f"{peer}: not installed: pip install -r benchmarks/requirements.txt")
            return False
        return True

    def can_probe(self) -> bool:
        """Return whether memory can be measured here; if not, say why."""
        if not probe.AVAILABLE:
            self.report.remark(NO_PROC)
        return probe.AVAILABLE


NOTHING_LEFT = Target("nothing left", lambda x: x <= 0)
BENCHMARKS: dict[str, Callable[[Benchmark], None]] = {
    "chain": Benchmark.chain,
    "functions": Benchmark.functions,
    "moons": Benchmark.moons,
    "scaling": Benchmark.scaling,
    "memory": Benchmark.memory,
    "leaks": Benchmark.leaks,
}


def _times(lap: Lap, operations: int | None, *, freeing: bool = False) -> str:
    """Return the times forward and, where there is one, backward, of an operation or of the whole lap."""
    parts = [lap.forward] + [lap.backward] * bool(lap.backward) + [lap.freeing] * freeing
    if operations:
        return " + ".join(f"{1e9 * part / operations:.1f}" for part in parts) + " ns"
    return " + ".join(f"{1e3 * part:.2f}" for part in parts) + " ms"


def _title() -> str:
    versions = [f"{peer} {installed(peer) or 'not installed'}" for peer in PEERS]
    core = "compiled core" if NATIVE else "plain-Python core"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return ", ".join([core, python, *versions, f"{platform.machine()} with {os.cpu_count()} cores"])


def options() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser("python -m benchmarks.eager", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="take fewer rounds")
    parser.add_argument("--only", action="append", choices=BENCHMARKS, help="take this one; may be repeated")
    parser.add_argument("--no-targets", action="store_true", help="return 0 even if targets are missed")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the report to this file, too")
    return parser.parse_args()


def main() -> int:
    """Run the benchmarks; return 0 if every target is reached, 1 if not, 2 if contenders compute different numbers."""
    asked = options()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that has no × shall show the rest
    report = Report(_title())
    report.start()
    benchmark = Benchmark(report, asked.quick)
    try:
        for name in asked.only or BENCHMARKS:
            BENCHMARKS[name](benchmark)
    except Disagreement as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if asked.markdown:
        asked.markdown.write_text(report.markdown(), encoding="utf-8")
    print(f"\n{report.missed} targets missed" if report.missed else "\nno target missed")
    return 1 if report.missed and not asked.no_targets else 0


if __name__ == "__main__":
    sys.exit(main())
