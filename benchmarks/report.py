"""The report: one row for each thing measured, on the terminal as it is found, and as a Markdown table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from benchmarks.timing import Lap

HEADINGS = ("workload", "ours", "compared with", "theirs", "ratio, median (range)", "target")
WIDTHS = (31, 19, 27, 19, 35, 20)
UNITS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}


class Target(NamedTuple):
    """A limit for a number, in words and as a test."""

    text: str
    reached: Callable[[float], bool]


def at_least(limit: float) -> Target:
    """Return a target for a number that should be large."""
    return Target(f"≥ {limit:g}×", lambda x: x >= limit)


def at_most(limit: float, unit: str = "×") -> Target:
    """Return a target for a number that should be small."""
    return Target(f"≤ {limit:g}{unit}", lambda x: x <= limit)


@dataclass
class Row:
    """A line of the report, ready to be printed."""

    workload: str
    ours: str
    other: str = ""
    theirs: str = ""
    ratio: str = ""
    target: str = ""
    verdict: str = ""

    def cells(self) -> tuple[str, ...]:
        """Return the texts, one for each heading."""
        aim = f"{self.target}: {self.verdict}" if self.target else ""
        return self.workload, self.ours, self.other, self.theirs, self.ratio, aim

    def judged(self, number: float, target: Target | None) -> Row:
        """Add a target and whether a number reaches it."""
        if target:
            self.target, self.verdict = target.text, "pass" if target.reached(number) else "MISSED"
        return self


@dataclass
class Report:
    """The rows so far, and remarks on them."""

    title: str
    legend: str
    rows: list[Row] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def start(self) -> None:
        """Print the title and the headings."""
        print(f"{self.title}\n{self.legend}\n")
        print(f"{_line(HEADINGS)}\n{_line(['─' * width for width in WIDTHS])}", flush=True)

    def add(self, row: Row) -> None:
        """Print a row and keep it."""
        self.rows.append(row)
        print(_line(row.cells()), flush=True)

    def remark(self, text: str) -> None:
        """Print a remark and keep it; one that was made before is not repeated."""
        if text not in self.remarks:
            self.remarks.append(text)
            print(f"({text})", flush=True)

    @property
    def missed(self) -> int:
        """How many targets were missed."""
        return sum(row.verdict == "MISSED" for row in self.rows)

    def markdown(self) -> str:
        """Return the report as a Markdown table, with the title above and the remarks below."""
        lines = [f"{self.title}.\n{self.legend}.", "", _cells(HEADINGS), _cells(["---"] * len(HEADINGS))]
        lines += [_cells(row.cells()) for row in self.rows]
        lines += [f"\n{remark}." for remark in self.remarks]
        return "\n".join(lines) + "\n"


def times(lap: Lap, operations: int | None = None, *, freeing: bool = False) -> str:
    """Return the times forward and, where there is one, backward, of an operation or of the whole lap."""
    parts = [lap.forward] + [lap.backward] * bool(lap.backward) + [lap.freeing] * freeing
    if operations:
        return " + ".join(f"{1e9 * part / operations:.1f}" for part in parts) + " ns"
    unit, size = unit_of(max(parts))
    return " + ".join(shown(part / size) for part in parts) + f" {unit}"


def shown(x: float) -> str:
    """Return a number with three digits, or as a whole one.

    >>> shown(0.04567), shown(1234.5)
    ('0.0457', '1,234')
    """
    return f"{x:.3g}" if x < 999.5 else f"{x:,.0f}"


def unit_of(seconds: float) -> tuple[str, float]:
    """Return the name and the size of the largest unit that a time has one of.

    >>> unit_of(0.5), unit_of(2e-6)
    (('ms', 0.001), ('µs', 1e-06))
    """
    return next(((unit, size) for unit, size in UNITS.items() if seconds >= size), ("ns", 1e-9))


def _line(texts: Sequence[str]) -> str:
    return "  ".join(f"{text:{width}}" for text, width in zip(texts, WIDTHS)).rstrip()


def _cells(texts: Sequence[str]) -> str:
    return f"| {' | '.join(texts)} |"
