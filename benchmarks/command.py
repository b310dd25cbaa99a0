"""What the benchmarks share: contenders race, the report says who won, and the command line says what to run."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path
from statistics import median

from autograd.core import NATIVE
from benchmarks import probe
from benchmarks.peers import installed
from benchmarks.report import Report, Row, Target, shown, times
from benchmarks.timing import Contender, Disagreement, clock, duel, medians

NO_PROC = "memory and leaks are read from Linux's /proc, which this system does not have"


class Benchmark:
    """What all measurements share: the report that they write to, and whether they shall be quick."""

    def __init__(self, report: Report, quick: bool) -> None:
        self.report, self.quick = report, quick

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
        inverse: bool = False,  # the ratio of our time to theirs, for what is hard to beat
    ) -> None:
        """Let two contenders take turns, and report the median of the ratios of the paired laps."""
        rounds = 3 + rounds // 10 if self.quick else rounds
        found = duel(ours, theirs, rounds, tolerance=tolerance, collector=collector)
        ratios = sorted(1.0 / ratio for ratio in found.ratios) if inverse else found.ratios
        ratio, words = median(ratios), "its time" if inverse else "as fast"
        row = Row(
            name,
            times(medians(found.ours), operations),
            theirs.name,
            times(medians(found.theirs), operations),
            f"{shown(ratio)}× {words} ({shown(ratios[0])} to {shown(ratios[-1])})",
        )
        self.report.add(row.judged(ratio, target))

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


Parts = Mapping[str, Callable[[Benchmark], None]]


def run(program: str, description: str, legend: str, parts: Parts, peers: Sequence[str]) -> int:
    """Run what the command line asks for.

    Returns 0 if every target is reached, 1 if not, 2 if contenders compute different numbers.
    """
    asked = _options(program, description, parts)
    if asked.cpu:
        clock.count_processor_time()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that has no × shall show the rest
    report = Report(_title(peers), legend)
    report.start()
    benchmark = Benchmark(report, asked.quick)
    try:
        for name in asked.only or parts:
            parts[name](benchmark)
    except Disagreement as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if asked.markdown:
        asked.markdown.write_text(report.markdown(), encoding="utf-8")
    print(f"\n{report.missed} targets missed" if report.missed else "\nno target missed")
    return 1 if report.missed and not asked.no_targets else 0


def _options(program: str, description: str, parts: Parts) -> argparse.Namespace:
    parser = argparse.ArgumentParser(program, description=description.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="take fewer rounds")
    parser.add_argument("--cpu", action="store_true", help="count processor time, on a machine that others use, too")
    parser.add_argument("--only", action="append", choices=parts, help="take this one; may be repeated")
    parser.add_argument("--no-targets", action="store_true", help="return 0 even if targets are missed")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the report to this file, too")
    return parser.parse_args()


def _title(peers: Sequence[str]) -> str:
    versions = [f"{peer} {installed(peer) or 'not installed'}" for peer in peers]
    core = "compiled core" if NATIVE else "plain-Python core"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return ", ".join([core, python, *versions, f"{platform.machine()} with {os.cpu_count()} cores"])
