"""How fast the machine in C runs programs: `python -m benchmarks.machine [name …]`.

Each line is the median of several runs, and what that is per lane, and per step and lane.
"""

from __future__ import annotations

import random
import sys
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy as np

from autograd import Value, adjoints, math
from autograd._machine import Machine
from autograd.core import set_recorder
from autograd.passes import flatten, optimize
from autograd.primitives import dot, relu, where
from autograd.program import Program


class Recorder:
    """Lets comparisons make Values; nothing here asks for a truth."""

    def truth(self, condition: Value) -> bool:
        """Refuse."""
        raise AssertionError("a benchmark asks for the truth of a condition")

    def refuse(self, what: str) -> Any:
        """Refuse."""
        raise AssertionError(what)


@contextmanager
def recording() -> Iterator[None]:
    """Record what is computed within."""
    set_recorder(Recorder())
    try:
        yield
    finally:
        set_recorder(None)


def seconds(work: Callable[[], Any], *, budget: float = 1.0, least: int = 5) -> float:
    """Return the median time of a call; with `cpu` among the arguments, the time that the processor spent on it."""
    clock = process_time if "cpu" in sys.argv else perf_counter
    work()
    times: list[float] = []
    end = perf_counter() + budget
    calls = 1
    while len(times) < least or perf_counter() < end:
        begin = clock()
        for _ in range(calls):
            work()
        times.append((clock() - begin) / calls)
        calls = max(1, min(1000, int(1e-3 / max(times[-1], 1e-7))))
    return median(times)


def gradient_program(output: Any, inputs: Sequence[Value], wanted: Sequence[Value], varying: Sequence[bool]) -> Program:
    """Return the program of a value and its gradient."""
    return optimize(flatten([output, *adjoints(output, list(wanted))], inputs, varying=varying))


def random_graph(operations: int, inputs: int = 20) -> Program:
    """38 % sin and exp, the rest sums, differences and products, of operands drawn from all that came before."""
    draw = random.Random(operations)
    xs = [Value(draw.uniform(-1, 1)) for _ in range(inputs)]
    bounded = [math.sin(x) for x in xs]
    nodes: list[Any] = [*xs]
    for _ in range(operations):
        kind, (i, j) = draw.random(), (draw.randrange(len(nodes)), draw.randrange(len(nodes)))
        x, y = nodes[i], bounded[j % len(bounded)]
        if kind < 0.19:
            z = math.sin(x)
            bounded.append(z)
        elif kind < 0.38:
            z = math.exp(y)
        elif kind < 0.6:
            z = x + y
        elif kind < 0.8:
            z = x * y
        else:
            z = x - y
        nodes.append(z)
    total = nodes[-1]
    for z in nodes[len(nodes) // 2 :]:
        total = total + z
    return gradient_program(total, xs, xs, [True] * inputs)


def report(name: str, time: float, machine: Machine, lanes: int, note: str = "") -> None:
    """Print what a run took."""
    counts = machine.counts()
    steps, each = counts["steps"], time / lanes * 1e9
    print(
        f"{name:34} {time * 1e6:12.1f} µs {each:10.1f} ns a lane {each / max(1, steps):6.2f} ns a step and lane"
        f"  ({steps} steps, {counts['slots']} slots) {note}"
    )


def bench_random(operations: int, lanes: int = 1000) -> None:
    """Value and gradient of a random graph."""
    program = random_graph(operations)
    begin = perf_counter()
    machine = Machine(program)
    machine.counts()
    assembled = perf_counter() - begin
    draw = np.random.default_rng(1)
    columns = [draw.uniform(-1, 1, lanes) for _ in range(program.inputs)]
    outs = [np.empty(lanes) for _ in program.outputs]
    for tile in (0, 8, 16, 32, 64) if "tiles" in sys.argv else (0,):
        for threads in (1, 2):
            time = seconds(partial(machine.run, columns, lanes, outs, threads, tile=tile))
            note = f"{time / lanes / operations * 1e9:.2f} ns a node and lane; {threads} threads; tile {tile}"
            report(f"random graph of {operations}", time, machine, lanes, note)
    steps = len(program.steps)
    print(f"    assembled in {assembled * 1e3:.1f} ms, {assembled / steps * 1e9:.0f} ns a step")


def moons_program() -> Program:
    """The max-margin loss of a network 2-16-16-1 at one point, and its gradient by the weights."""
    draw = random.Random(1)
    sizes = (2, 16, 16, 1)
    weights: list[list[list[Value]]] = [
        [[Value(draw.uniform(-1, 1)) for _ in range(before + 1)] for _ in range(after)]
        for before, after in pairwise(sizes)
    ]
    point, label = [Value(0.3), Value(0.4)], Value(1.0)
    with recording():
        layer: list[Any] = list(point)
        for depth, neurons in enumerate(weights):
            sums = [dot(*row[:-1], 1.0, *layer, row[-1]) for row in neurons]
            layer = [relu(x) for x in sums] if depth < 2 else sums
        loss = relu(1.0 - label * layer[0])
        parameters = [w for neurons in weights for row in neurons for w in row]
        return gradient_program(
            loss, [*parameters, *point, label], parameters, [False] * len(parameters) + [True] * 3
        )


def bench_moons(lanes: int = 100) -> None:
    """A step of training, and the update of its weights."""
    program = moons_program()
    count = program.inputs - 3
    machine = Machine(program, summed=[True] * len(program.outputs))
    draw = np.random.default_rng(1)
    points, labels = draw.normal(size=(lanes, 2)), np.sign(draw.normal(size=lanes))
    columns = [points[:, 0], points[:, 1], labels]
    parameters, sums = array("d", draw.normal(size=count)), array("d", bytes(8 * (count + 1)))
    outs: tuple[()] = ()
    time = seconds(lambda: machine.run(columns, lanes, outs, uniforms=parameters, sums=sums))
    report("moons, value and gradient", time, machine, lanes)
    weights, slopes = [Value(0.5) for _ in range(count)], [Value(0.1) for _ in range(count)]
    step = [w - 0.1 * (g * 0.01 + 2e-4 * w) for w, g in zip(weights, slopes)]
    update = Machine(optimize(flatten(step, [*weights, *slopes])))
    numbers, new = array("d", [0.1] * (2 * count)), array("d", [0.1] * count)
    time = seconds(lambda: update.one(numbers, new))
    print(f"    update of {count} weights: {time * 1e6:.1f} µs")


def heston_program(steps: int = 100) -> Program:
    """The payoff of a call on one path, and its gradient by the six parameters."""
    start = [Value(x) for x in (100.0, 0.04, 1.5, 0.04, 0.3, -0.7)]
    normals = [Value(0.1) for _ in range(2 * steps)]
    spot, v, kappa, theta, xi, rho = start
    dt = 1.0 / steps
    with recording():
        other = math.sqrt(1.0 - rho * rho)
        for i in range(steps):
            z = normals[2 * i]
            w = rho * z + other * normals[2 * i + 1]
            floor = where(v > 0.0, v, 0.0)
            root = math.sqrt(floor * dt)
            spot = spot * math.exp((0.02 - 0.5 * floor) * dt + root * z)
            v = v + kappa * (theta - floor) * dt + xi * root * w
        payoff = where(spot > 100.0, spot - 100.0, 0.0)
        return gradient_program(payoff, [*start, *normals], start, [False] * 6 + [True] * (2 * steps))


def bench_heston(lanes: int = 100_000) -> None:
    """Price and Greeks over many paths."""
    program = heston_program()
    machine = Machine(program, summed=[True] * len(program.outputs))
    normals = np.random.default_rng(1).normal(size=(lanes, program.inputs - 6))
    columns: list[Any] = [100.0, 0.04, 1.5, 0.04, 0.3, -0.7, *normals.T]
    turned = np.ascontiguousarray(normals.T)
    outs: tuple[()] = ()
    for tile in (0, 8, 16, 32, 64, 128) if "tiles" in sys.argv else (0,):
        for threads in (1, 2):
            for name, given in (("a row per path", columns), ("a column per normal", [*columns[:6], *turned])):
                time = seconds(partial(machine.run, given, lanes, outs, threads, tile=tile), budget=0.5)
                report(f"Heston, {name}", time, machine, lanes, f"{threads} threads; tile {tile}")


def bench_rosenbrock(n: int = 10_000) -> None:
    """Value and gradient of a chain of squares, one lane."""
    xs = [Value(0.5) for _ in range(n)]
    total: Any = 0.0
    for a, b in pairwise(xs):
        total = total + 100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2
    program = gradient_program(total, xs, xs, [True] * n)
    machine = Machine(program)
    numbers, found = array("d", [0.5] * n), array("d", bytes(8 * (n + 1)))
    time = seconds(lambda: machine.one(numbers, found))
    steps = len(program.steps)
    print(f"Rosenbrock, {n}: {time * 1e6:.0f} µs, {time / steps * 1e9:.2f} ns a step, {steps} steps")


BENCHMARKS: dict[str, Callable[[], None]] = {
    "moons": bench_moons,
    "heston": bench_heston,
    "rosenbrock": bench_rosenbrock,
    "random10": lambda: bench_random(10_000),
    "random100": lambda: bench_random(100_000),
}

if __name__ == "__main__":
    for name in [name for name in sys.argv[1:] if name in BENCHMARKS] or BENCHMARKS:
        BENCHMARKS[name]()
