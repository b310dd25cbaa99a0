"""The benchmark of programs: `jit` and `vmap` beside JAX, numba, CasADi, pytensor, PyTorch and micrograd.

    python -m benchmarks.batch

Every comparison is made in this run, on this machine, on one core; README.md, in the folder above, says how.
"""

from __future__ import annotations

import sys
from functools import partial
from operator import attrgetter
from typing import NamedTuple

from benchmarks import probe
from benchmarks.batch import branches, heston, memory, moons, overhead, rosenbrock, rows
from benchmarks.batch.graphs import Graph
from benchmarks.command import Benchmark, Parts, run
from benchmarks.cores import ALL, all_cores
from benchmarks.moons import micrograd
from benchmarks.report import Row, Target, at_least, at_most, times
from benchmarks.timing import Make, anew, clock, duel, medians, repeated

PEERS = ["numpy", "JAX", "numba", "CasADi", "pytensor", "PyTorch", "micrograd"]
LEGEND = "Medians, on one core; times are of a lane where they are in ns, else of the whole call"
TOLERANCE = 1e-9
ROUNDS, FIRST_ROUNDS = 11, 3
LANES = 10_000_000


class Rival(NamedTuple):
    """What a workload is compared with, and by how much we want to be faster, steadily and at the first call."""

    peer: str
    name: str
    make: Make
    target: Target | None = None
    first: Target | None = None
    inverse: bool = False  # it computes less, or is hard to beat: the ratio is of our time to its
    compiles: bool = True  # so that its first call is one to be compared


def compare(benchmark: Benchmark, workload: str, ours: Make, rivals: list[Rival], lanes: int | None = None) -> None:
    """Race against each rival that is installed: call after call, then up to the end of the first call."""
    found = [rival for rival in rivals if benchmark.has(rival.peer)]
    for rival in found:
        mine, theirs = repeated("ours", ours), repeated(rival.name, rival.make)
        benchmark.race(
            workload, mine, theirs, lanes, rival.target, tolerance=TOLERANCE, rounds=ROUNDS, inverse=rival.inverse
        )
    for rival in filter(attrgetter("compiles"), found):
        mine, theirs = anew("ours", ours), anew(rival.name, rival.make)
        name = f"{workload}, first call"
        benchmark.race(name, mine, theirs, None, rival.first, tolerance=TOLERANCE, rounds=FIRST_ROUNDS)


def moons_step(benchmark: Benchmark) -> None:
    """Time the training step of micrograd's demo: value, gradient and update."""
    rivals = [
        Rival("numpy", "numpy by hand", moons.by_hand, at_least(4.0), compiles=False),
        Rival("pytensor", "pytensor", moons.pytensor, at_least(1.8)),
        Rival("JAX", "jax.jit", moons.jax, at_least(3.0)),
        Rival("PyTorch", "PyTorch", moons.torch, at_least(20.0), compiles=False),
    ]
    compare(benchmark, "moons step", moons.ours, rivals)
    if benchmark.has("micrograd"):
        ours, target = repeated("ours", moons.ours), at_least(50_000.0)
        benchmark.race("moons step", ours, micrograd(), None, target, rounds=FIRST_ROUNDS, tolerance=TOLERANCE)


def heston_greeks(benchmark: Benchmark) -> None:
    """Time a price with all its Greeks, over many paths: beside the price alone, and beside all of it."""
    in_chunks = partial(heston.jax, heston.AT_A_TIME)
    rivals = [
        Rival("numba", "numba, the price alone", heston.numba, at_most(0.8), inverse=True),
        Rival("numba", "the same, in tiles", heston.numba_in_tiles, inverse=True),
        Rival("JAX", "jit(vmap(value_and_grad))", heston.jax, at_least(8.0)),
        Rival("JAX", "jit(lax.map(…)) in chunks", in_chunks),
    ]
    compare(benchmark, "Heston, 6 Greeks", heston.ours, rivals, heston.PATHS)
    if len(ALL) > 1:
        with all_cores(), clock.on_the_wall():
            one, two = repeated("one thread", heston.ours), repeated("two threads", partial(heston.ours, 2))
            benchmark.race("Heston, two threads", two, one, heston.PATHS, at_least(1.7), rounds=ROUNDS)


def sums_over_rows(benchmark: Benchmark) -> None:
    """Time gradients of sums over rows of data, which share their parameters."""
    for name, problem in {"logistic regression": rows.REGRESSION, "Gaussian mixture": rows.MIXTURE}.items():
        compare(benchmark, name, problem.ours, [Rival("JAX", "jax.jit", problem.jax, at_least(1.0), at_least(20.0))])


def rosenbrock_of_many(benchmark: Benchmark) -> None:
    """Time a loop over the numbers of one large input."""
    rivals = [
        Rival("CasADi", "CasADi", rosenbrock.casadi, at_least(1.0), at_least(5.0)),
        Rival("CasADi", "CasADi, in place", rosenbrock.casadi_in_place, inverse=True, compiles=False),
        Rival("CasADi", "CasADi, of arrays, in place", rosenbrock.casadi_of_arrays, inverse=True, compiles=False),
        Rival("numpy", "numpy by hand", rosenbrock.by_hand, inverse=True, compiles=False),
    ]
    compare(benchmark, "Rosenbrock", rosenbrock.ours, rivals)


def branches_of_lanes(benchmark: Benchmark) -> None:
    """Time functions that branch on their numbers, beside running them as they are, on some of the lanes."""
    for name, workload in branches.WORKLOADS.items():
        ours = repeated("ours", workload.ours, branches.LANES)
        eager = repeated(f"eager, {branches.SAMPLE} lanes", workload.eager, branches.SAMPLE)
        benchmark.race(name, ours, eager, 1, at_least(200.0), tolerance=TOLERANCE, rounds=FIRST_ROUNDS)


def random_graphs(benchmark: Benchmark) -> None:
    """Time a node and lane of large random graphs, their gradient included, beside eager Values."""
    lanes = 1000
    for operations, limit in (10_000, 1.5), (100_000, 2.3):
        graph = Graph(operations)
        ours = repeated("ours", partial(graph.ours, lanes), lanes * operations)
        eager = repeated("eager, 1 lane", graph.eager, operations)
        found = duel(ours, eager, 3 if benchmark.quick else 5, tolerance=TOLERANCE)
        mine, theirs = medians(found.ours), medians(found.theirs)
        row = Row(f"random graph, {operations:,} nodes", times(mine, 1), eager.name, times(theirs, 1))
        benchmark.report.add(row.judged(1e9 * mine.total, at_most(limit, " ns a node")))


def first_calls(benchmark: Benchmark) -> None:
    """Time recording, differentiating and planning large graphs."""
    for operations, limit in [(100_000, 1.0), (1_000_000, 12.0)][: 1 if benchmark.quick else 2]:
        lap = anew("ours", Graph(operations).of_one).run()
        row = Row(f"first call, {operations:,} nodes", times(lap))
        benchmark.report.add(row.judged(lap.total, at_most(limit, " s")))


def overheads(benchmark: Benchmark) -> None:
    """Time calls that have next to nothing to compute."""
    for name, lanes in {"a call of two floats": None, "a call of 1 lane": 1, "a call of 100 lanes": 100}.items():
        ours = repeated("ours", partial(overhead.ours, lanes))
        if benchmark.has("JAX"):
            benchmark.race(name, ours, repeated("jax.jit", partial(overhead.jax, lanes)), None, tolerance=TOLERANCE)
        hand = repeated("by hand", partial(overhead.by_hand, lanes))
        benchmark.race(name, ours, hand, None, tolerance=TOLERANCE, inverse=True)


def memory_of_batches(benchmark: Benchmark) -> None:
    """Measure what a large batch needs beyond arguments and results, in a process of its own."""
    if benchmark.can_probe():
        for kind in memory.FUNCTIONS:
            found = probe.in_own_process(kind, LANES, module="benchmarks.batch.memory")["bytes"] / 1e6
            row = Row(f"{LANES:,} lanes, {kind}", f"{found:.1f} MB beyond")
            benchmark.report.add(row.judged(found, at_most(16.0, " MB")))


PARTS: Parts = {
    "moons": moons_step,
    "Heston": heston_greeks,
    "rows": sums_over_rows,
    "Rosenbrock": rosenbrock_of_many,
    "branches": branches_of_lanes,
    "graphs": random_graphs,
    "memory": memory_of_batches,
    "overhead": overheads,
    "recording": first_calls,
}

if __name__ == "__main__":
    sys.exit(run("python -m benchmarks.batch", __doc__ or "", LEGEND, PARTS, PEERS))
