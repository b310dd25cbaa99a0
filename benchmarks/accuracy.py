"""How accurate the primitives and whole expressions are: `python -m benchmarks.accuracy`.

Each row of the table is computed at many points of its domain and compared with certified results, those of
`autograd.precision`. Errors are in units of the last place of the exact result or, where a formula is a sum whose terms
cancel, of its largest term. Random expressions are compared with a running error bound.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache, partial
from itertools import chain, islice, product
from math import inf, isfinite, isnan, nextafter, ulp
from multiprocessing import Pool, cpu_count
from pathlib import Path
from subprocess import PIPE
from typing import Any
from zlib import crc32

from autograd import Value, core, precision, sweeps
from autograd.graph import topological_order
from autograd.primitives import BUILT_IN, TABLE, Primitive
from autograd.testing import DISCRETE, Expression, Step
from autograd.transforms import adjoints

LIMITS = (4.0, 4.0, 16.0, 64.0, 256.0)  # of the value and the derivatives, in units of the last place
ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "numerics.md"
KEPT = ROOT / ".accuracy"  # what was measured, so that an interrupted run can go on
SOURCES = ["_floats.h", "_kernels.h", "_native.pyx", "_sweeps.h", "_tape.h", "_value.h", "floats.py", "graph.py"]
SOURCES += ["precision.py", "primitives.py", "special.py", "sweeps.py", "testing.py", "value.py"]
NORMAL = 2.0**-1022
C = 4.0  # of the running error bound

# Rows of which only the rules of others are made: what they are good for is seen there.
PARTS = {"chain", "ratio", "monomial", "exp_of_difference", "inverse_part", "bell", "bump", "normal"}
PARTS |= {name for name in BUILT_IN if name.endswith("_slope")}
ROWS = [name for name in TABLE if name in BUILT_IN - PARTS]

EDGES = (0.0, 5e-324, NORMAL, 1e-300, 1e-8, 0.5, 1.0, 2.0, 1e8, 1e300, 1.7976931348623157e308)
# Where formulas change, results leave the floats, or derivatives are zero.
THRESHOLDS: dict[str, tuple[float, ...]] = {
    "exp": (709.782712893384, 708.3964185322641, 745.1332191019412),
    "exp2": (1024.0, 1022.0, 1075.0),
    "expm1": (709.782712893384, 37.0, 745.1332191019412),
    "log1p": (-0.5,),
    "sinh": (22.0, 710.4758600739439),
    "cosh": (22.0, 710.4758600739439),
    "tanh": (22.0, 334.0, 354.0, 372.5),
    "sin": (3.141592653589793, 1.5707963267948966),
    "cos": (3.141592653589793, 1.5707963267948966),
    "tan": (3.141592653589793, 1.5707963267948966),
    "erf": (6.0, 25.8, 26.6, 27.2),
    "erfc": (6.0, 25.8, 26.5, 27.2),
    "gamma": (1.4616321449683622, 171.62437695630272, -170.5, -1.5, -0.5040830082644554, 1e-308, -177.0, -184.0),
    "lgamma": (1.4616321449683622, 2.0, 2.5e305, -2.4570247382208006, -1.5, -0.5040830082644554),
    "digamma": (0.6616321449683622, 1.4616321449683622, 2.2616321449683622, 20.0, -0.5040830082644554, -1.5),
    "polygamma": (1.4616321449683622, 20.0, 21.0, -0.25, -0.5),
    "sigmoid": (36.7, 667.0, 708.0, 745.0),
    "softplus": (36.7, 667.0, 708.0, 745.0),
    "silu": (-1.2784645427610738, 36.7, 667.0, 700.0, 708.0, 745.0),
    "gelu": (-0.7517915246935645, 8.3, 36.5, 37.0, 37.5, 38.5),
}

PEERS = {"JAX": "jax", "HIPS autograd": "hips"}
ENDLESS = {("HIPS autograd", name): -1e4 for name in ("gamma", "lgamma", "digamma")}  # scipy adds a term for each pole
Points = list[tuple[float, ...]]


@dataclass
class Worst:
    """The largest errors of a row, in its value and its derivatives, and where they were found."""

    errors: list[float] = field(default_factory=lambda: [0.0] * len(LIMITS))
    places: list[str] = field(default_factory=lambda: [""] * len(LIMITS))
    judged: list[int] = field(default_factory=lambda: [0] * len(LIMITS))  # how many results of each order
    passed_over: list[int] = field(default_factory=lambda: [0] * len(LIMITS))

    def add(self, order: int, error: float, operands: Sequence[float]) -> None:
        """Take note of an error."""
        self.judged[order] += 1
        if error > self.errors[order]:
            self.errors[order], self.places[order] = error, ", ".join(f"{x:.17g}" for x in operands)


# ── results are kept ─────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def version() -> int:
    """Return a number that changes with everything from which results are computed."""
    files = [*sorted(Path(__file__).parent.glob("accuracy*.py")), *(ROOT / "autograd" / name for name in SOURCES)]
    return crc32(b"".join(file.read_bytes() for file in files), core.NATIVE)


def kept(task: str, compute: Callable[[], Any]) -> Any:
    """Return what `compute` finds, as JSON has it, or what it found when the same program had the same task before."""
    file = KEPT / f"{task} {version():08x}.json"
    if file.exists():
        return json.loads(file.read_text(encoding="utf-8"))
    found = json.dumps(compute())
    unfinished = file.with_suffix(f".{os.getpid()}")
    KEPT.mkdir(exist_ok=True)
    unfinished.write_text(found, encoding="utf-8")
    unfinished.replace(file)
    return json.loads(found)


# ── primitives ───────────────────────────────────────────────────────────────────────────────────────────────────────


def anchors_of(row: Primitive) -> list[float]:
    """Return the edges of the domain and the thresholds, with both signs, and their neighbours."""
    ends = (end for interval in row.domain for end in interval)
    around = {sign * x for x in (*EDGES, *ends, *THRESHOLDS.get(row.name, ())) for sign in (1.0, -1.0)}
    return sorted(filter(isfinite, {x for a in around for x in (nextafter(a, -inf), a, nextafter(a, inf))}))


def number(rng: random.Random, anchors: Sequence[float]) -> float:
    """Return a number of any size, of moderate size, or close to an anchor."""
    sign, anchor = rng.choice((1.0, -1.0)), rng.choice(anchors)
    match rng.randrange(4):
        case 0:
            return sign * rng.uniform(1.0, 2.0) * 2.0 ** rng.randint(-1074, 1023)
        case 1:
            return sign * 2.0 ** rng.uniform(-12.0, 10.0)
        case 2:
            return sign * rng.uniform(0.0, 40.0)
    return anchor + sign * abs(anchor or 1.0) * 2.0 ** -rng.uniform(0.0, 54.0)


def points(row: Primitive, count: int, seed: int) -> Iterator[tuple[float, ...]]:
    """Yield operands where the row is smooth: edges (all, or up to a tenth of `count`), then `count` at random."""
    rng = random.Random(f"{row.name} {seed}")
    anchors = anchors_of(row)
    fixed = [False] * 2 if row.many else [rule is None for rule in row.rules]
    edges = list(product(*[DISCRETE if is_fixed else anchors for is_fixed in fixed]))
    if len(edges) > max(count // 10, len(anchors)):
        edges = rng.sample(edges, max(count // 10, len(anchors)))

    def drawn() -> Iterator[tuple[float, ...]]:
        while True:
            yield tuple([rng.choice(DISCRETE) if is_fixed else number(rng, anchors) for is_fixed in fixed])

    def smooth(found: Iterator[tuple[float, ...]]) -> Iterator[tuple[float, ...]]:
        return (xs for xs in found if all(map(isfinite, xs)) and row.smooth_at(*xs))

    yield from smooth(iter(edges))
    yield from islice(smooth(drawn()), count)


def derivatives(row: Primitive, many: Points, place: int) -> Iterator[list[float]]:
    """Yield the value and the derivatives by one operand, as the library computes them, at each point."""
    for operands in many:
        x = Value(operands[place])
        y: Any = row(*operands[:place], x, *operands[place + 1 :])
        found = [y.data]
        for _ in LIMITS[1:]:
            y = sweeps.adjoints({y: 1.0}, [x], record=True)[0] if isinstance(y, Value) else 0.0
            found.append(y.data if isinstance(y, Value) else y)
        yield found


def differentiable(row: Primitive) -> list[int]:
    """Return the places of the operands with a derivative, two where there may be many operands."""
    return [0, 1] if row.many else [i for i, rule in enumerate(row.rules) if rule]


def measure_named(count: int, name: str) -> Worst:
    """Return the largest errors of a row of the table."""
    row = TABLE[name]
    return Worst(**kept(f"{name} {count}", lambda: asdict(measure(row, list(points(row, count, 0))))))


def measure_peer(python: str, count: int, peer: str, names: Sequence[str]) -> dict[str, Worst]:
    """Return the largest errors of another library."""

    def compute() -> dict[str, Any]:
        return {name: asdict(worst) for name, worst in by_peer(python, count, peer, names).items()}

    found = kept(f"{peer} {names[0]}-{names[-1]} {count}", compute)
    return {name: Worst(**worst) for name, worst in found.items()}


def by_peer(python: str, count: int, peer: str, names: Sequence[str]) -> dict[str, Worst]:
    """Return the errors of another library, which runs in its own interpreter, for the rows that it has.

    XLA takes numbers below 2⁻¹⁰²² for 0. So that the table shows formulas and not that, peers get no such operands and
    are not judged by such results; we are.
    """

    def fit(name: str, xs: Sequence[float]) -> bool:
        return all(map(has_all_digits, xs)) and xs[0] >= ENDLESS.get((peer, name), -inf)

    normal = {name: [xs for xs in points(TABLE[name], count, 0) if fit(name, xs)] for name in names}
    asked = [(name, place) for name in names for place in differentiable(TABLE[name])]
    command = [python, str(Path(__file__).with_name("accuracy_peers.py")), PEERS[peer]]
    questions = json.dumps([(name, place, normal[name]) for name, place in asked])
    ran = subprocess.run(command, input=questions, stdout=PIPE, text=True, check=True)
    answers = dict(zip(asked, json.loads(ran.stdout)))

    def answer(row: Primitive, many: Points, place: int) -> Any:
        return answers[row.name, place]

    known = [name for name in names if all(answers[name, place] for place in differentiable(TABLE[name]))]
    return {name: measure(TABLE[name], normal[name], answer, subnormal=False) for name in known}


def has_all_digits(exact: Any) -> bool:
    """Return whether a result is 0, or neither too small nor too large for a float with all its digits."""
    return NORMAL <= abs(float(exact)) < inf or exact == 0


def measure(
    row: Primitive, many: Points, compute: Callable[[Primitive, Points, int], Any] = derivatives, subnormal: bool = True
) -> Worst:
    """Return the largest errors of a row at the given points.

    Every value is judged, and every first derivative but where the value is too large for a float. Passed over are

    * derivatives of an infinite value, and those that exact mathematics does not have: at an end of the domain, as that
      of sqrt at 0. The tables in `tests/test_primitives.py` say what they are;
    * derivatives from the second on where a lower one or the next, by any operand, is too large for a float or so small
      that it has not all its digits. A rule for the k-th computes with these: what they have lost no rule brings back,
      and no float type could hold it. The report says how many those are.
    """
    worst = Worst()
    order = len(LIMITS) - 1
    places = differentiable(row)
    columns = [compute(row, many, place) for place in places]
    for operands, *answers in zip(many, *columns):
        exact = [precision.exact_derivatives(row, operands, place, order + 1) for place in places]
        finite = isfinite(float(exact[0][0]))
        whole = [all(map(has_all_digits, results)) for results in zip(*exact)]
        tame = [True, finite, *(finite and all(whole[: k + 2]) for k in range(2, order + 1))]
        for place, right, found in zip(places, exact, answers):
            terms = None  # they make an error smaller, so they matter only where it would be the worst
            for k, got in enumerate(found):
                normal = has_all_digits(right[k]) and not 0 < abs(right[k]) < NORMAL  # before it is rounded, too
                if tame[k] and not right[k].is_nan() and (subnormal or normal):
                    error = precision.error_in_ulps(float(got), right[k])
                    if error > worst.errors[k]:
                        terms = terms or precision.largest_terms(row, operands, place, order)
                        error = precision.error_in_ulps(float(got), right[k], terms[k])
                    worst.add(k, error, operands)
                else:
                    worst.passed_over[k] += 1
    return worst


# ── expressions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def expression(rng: random.Random, max_steps: int = 8, max_variables: int = 3) -> Expression:
    """Return a random program, smooth and not too sensitive at its point, in which results are used again."""
    table = [TABLE[name] for name in ROWS]
    values = [rng.uniform(-3.0, 3.0) for _ in range(rng.randint(1, max_variables))]
    point, sensitivities, steps = tuple(values), [1.0] * len(values), []
    wanted = rng.randint(1, max_steps)
    while len(steps) < wanted:
        place = rng.randrange(len(values))
        drawn = [place, *(rng.choice((rng.randrange(len(values)), rng.uniform(-3.0, 3.0))) for _ in range(2))]
        primitive = rng.choice(table)
        step = Step(drawn, rng.choice(DISCRETE), values, sensitivities)
        value, sensitivity = step.outcome(primitive)
        if step.is_tame(primitive):
            steps.append((primitive, step.operands(primitive)))
            values.append(value)
            sensitivities.append(sensitivity)
    return Expression(tuple(steps), point)


def running_error_bound(y: Value) -> float:
    """Return C · u · Σ |adjoint · v| over the nodes v of a graph."""
    y.backward()
    nodes = topological_order(y)
    bound = C * 2.0**-53 * sum(abs(node.grad * node.data) for node in nodes)
    for node in nodes:
        node.grad = 0.0
    return bound + ulp(0.0)


def with_constants_as_variables(f: Expression) -> Expression:
    """Return the same program with its constants as further variables: then its graph has what depends on these alone.

    The slope of x - x / 3 is 1 - 1/3, of which no graph in x knows the steps.
    """
    constants = [x for _, places in f.steps for x in places if type(x) is float]
    count, fresh = len(f.point), iter(range(len(f.point), len(f.point) + len(constants)))

    def place(x: int | float) -> int:
        return next(fresh) if type(x) is float else int(x) if x < count else int(x) + len(constants)

    steps = tuple((primitive, tuple(map(place, places))) for primitive, places in f.steps)
    return Expression(steps, (*f.point, *constants))


def to_second_order(y: Value, leaves: list[Value]) -> list[Value]:
    """Return the value, the gradient and the Hessian, in one list."""
    gradient = adjoints(y, leaves)
    return [y, *gradient, *(second for slope in gradient for second in adjoints(slope, leaves))]


def excess(f: Expression) -> float:
    """Return the largest error in the value, the gradient and the Hessian, as a part of its bound."""
    leaves, g = [Value(x) for x in f.point], with_constants_as_variables(f)
    found = to_second_order(f(*leaves), leaves)
    more = [Value(x) for x in g.point]
    with_all_steps = to_second_order(g(*more), more[: len(leaves)])
    value, slopes, curvatures = precision.exact_to_second_order(found[0], leaves)
    worst = 0.0
    for got, steps, exact in zip(found, with_all_steps, (value, *slopes, *chain(*curvatures)), strict=True):
        if got.data != exact and not isnan(exact):
            worst = max(worst, abs(got.data - exact) / running_error_bound(steps))
    return worst


# ── the report ───────────────────────────────────────────────────────────────────────────────────────────────────────


def text(error: float) -> str:
    """Return an error in a few characters."""
    return "all digits" if error > 1e15 else f"{error:.2g}" if error < 1000 else f"{error:.0e}"


def table(measured: dict[str, Worst]) -> str:
    """Return the errors of the rows as a Markdown table."""
    lines = ["| primitive | value | 1st | 2nd | 3rd | 4th | worst first derivative at |", "|---|" + "--:|" * 5 + "---|"]
    for name, worst in measured.items():
        marked = [f"**{text(e)}**" if e > limit else text(e) for e, limit in zip(worst.errors, LIMITS)]
        lines.append(f"| `{name}` | {' | '.join(marked)} | {worst.places[1]} |")
    return "\n".join(lines) + "\n"


def coverage(measured: dict[str, Worst], points: int) -> str:
    """Return how many results were judged, of each order."""
    orders = zip(("values", "first derivatives", "second", "third", "fourth"), *[
        map(sum, zip(*[getattr(worst, kind) for worst in measured.values()])) for kind in ("judged", "passed_over")
    ])  # fmt: skip
    shares = (f"{name} {judged:,} ({100 * judged / max(1, judged + passed):.1f} %)" for name, judged, passed in orders)
    return f"At {points:,} random points per row, and at edges, were judged: {', '.join(shares)}.\n"


def side_by_side(ours: dict[str, Worst], peers: dict[str, dict[str, Worst]], points: int) -> str:
    """Return the errors in values and first and second derivatives of several libraries as a Markdown table."""
    contenders = {"ours": ours, **peers}
    lines = ["| primitive | " + " | ".join(f"{name}: value | 1st | 2nd" for name in contenders) + " |"]
    lines.append("|---|" + "--:|" * (3 * len(contenders)))
    for row in ours:
        if any(row in measured for measured in peers.values()):
            cells = (measured[row].errors[:3] if row in measured else None for measured in contenders.values())
            shown = (" | ".join(map(text, cell)) if cell else "– | – | –" for cell in cells)
            lines.append(f"| `{row}` | {' | '.join(shown)} |")
    return "\n".join(lines) + f"\n\nThe other libraries had {points:,} random points per row.\n"


def excesses(seeds: range) -> list[float]:
    """Return for each seed the largest error in a random expression, as a part of its bound."""
    return [excess(expression(random.Random(seed))) for seed in seeds]


def measure_expressions(seeds: range) -> list[float]:
    """Return the largest errors in random expressions, as parts of their bounds."""
    found: list[float] = kept(f"expressions {seeds.start}-{seeds.stop}", lambda: excesses(seeds))
    return found


def main() -> int:
    """Measure what the command line asks for; return 1 if a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help="all by default")
    parser.add_argument("--points", type=int, default=100_000, help="random points per row")
    parser.add_argument("--peer-points", type=int, default=10_000, help="random points per row for other libraries")
    parser.add_argument("--peers", metavar="PYTHON", help="the interpreter that has JAX and HIPS autograd")
    parser.add_argument("--expressions", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=cpu_count(), help="processes")
    parser.add_argument("--write", action="store_true", help=f"write the tables to {PAGE.name}")
    options = parser.parse_args()
    names = options.rows or ROWS
    ours, peers = {}, {}
    with Pool(options.jobs) as jobs:
        for name, worst in zip(names, jobs.imap(partial(measure_named, options.points), names)):
            ours[name] = worst
            print(f"{name:13}", *(f"{text(e):>10}" for e in worst.errors), worst.places[1], flush=True)
        chunks = [range(i, min(i + 1000, options.expressions)) for i in range(0, options.expressions, 1000)]
        ratios = [ratio for found in jobs.imap(measure_expressions, chunks) for ratio in found]
        for peer in PEERS if options.peers else ():
            compare = partial(measure_peer, options.peers, options.peer_points, peer)
            groups = [names[i : i + 10] for i in range(0, len(names), 10)]
            peers[peer] = {name: worst for found in jobs.imap(compare, groups) for name, worst in found.items()}
    violations = sum(ratio > 1.0 for ratio in ratios)
    said = (
        f"{violations} violations in {len(ratios):,} random expressions; the largest error is"
        f" {max(ratios, default=0.0):.2f} of its bound.\n"
    )
    print(coverage(ours, options.points), said, sep="", flush=True)
    if options.write:
        measured = f"{table(ours)}\n{coverage(ours, options.points)}"
        report(measured, said, side_by_side(ours, peers, options.peer_points))
    missed = [name for name in ours if any(e > limit for e, limit in zip(ours[name].errors, LIMITS))]
    print("beyond the limits:", *(missed or ["nothing"]))
    return int(bool(missed or violations))


def report(primitives: str, expressions: str, peers: str) -> None:
    """Write the results to the page, each between its two marks."""
    page = PAGE.read_text(encoding="utf-8")
    found = {"primitives": primitives, "expressions": expressions, "peers": peers}
    for name, content in found.items():
        begin, end = f"<!-- {name}: printed by benchmarks/accuracy.py -->\n", f"<!-- end of {name} -->\n"
        before, _, rest = page.partition(begin)
        page = before + begin + "\n" + content + "\n" + end + rest.partition(end)[2]
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
