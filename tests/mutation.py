"""Make small changes in the source, one at a time; the tests must notice each: `make mutation`.

`tests/mutants.py` does this to every derivative in the table; here it is done to all that stands around the table, by
the operators of Cosmic Ray: another operator, another number, no loop, the opposite condition. A mutant is tested in a
copy of the project by the doctests of its module and the tests that specify it: on plain Python, and if it survives
there, on the compiled core, which takes shorter ways. Of all mutants a sample is taken: a share of the places in each
module, and in each of these places one change.

    python -m tests.mutation                            # the usual sample
    python -m tests.mutation --share 1 --seed 2 graph   # every place in one module
"""

from __future__ import annotations

import ast
import difflib
import json
import os
import re
import resource
import signal
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from itertools import count, islice
from math import ceil
from pathlib import Path
from random import Random
from shutil import copytree, ignore_patterns
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import flint
import hypothesis
import mpmath
import numpy
import pytest
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

PRELOADED = flint, hypothesis, mpmath, numpy  # so that no mutant waits for them
ROOT = Path(__file__).parents[1]
NOT_COPIED = ignore_patterns(".*", "__pycache__", "build", "pictures", "_native.c")

SPECIFIED_BY = {
    "errors": "structures value",
    "files": "draw explorer",
    "namesake": "namesake",
    "primitives": "rules kinks special_values counterexamples value math primitives",
    "formulas": "formulas explain documentation",
    "tables": "kinks explain debug",
    "kernels": "kernels",
    "rules": "rules",
    "graph": "graph pickling kinks value",
    "flat": "flat",
    "sweeps": "counterexamples graph value transforms record",
    "snapshot": "pickling",
    "value": "numpy core graph pickling debug value math record",
    "core": "core value",
    "debug": "debug",
    "math": "math value",
    "structures": "structures numpy transforms",
    "transforms": "structures perturbation_confusion transforms",
    "differences": "testing",
    "draw": "draw",
    "explain": "explain",
    "kinks": "kinks",
    "ranges": "ranges bounds",
    "bounds": "bounds",
    "testing": "testing",
    "places": "debug jit",
    "sources": "branches",
    "liveness": "liveness branches",
    "rewriting": "branches",
    "sides": "branches",
    "branches": "branches",
    "record": "jit calls record",
    "program": "jit program",
    "passes": "program machine jit calls",
    "vectors": "jit machine",
    "machine": "jit calls machine native_machine",
    "paths": "jit calls combinations",
    "kernel": "jit calls combinations",
    "columns": "jit calls combinations",
    "lanes": "jit calls combinations",
    "calls": "calls jit combinations",
    "calling": "calls jit combinations",
    "jit": "jit calls combinations",
    "trials": "diagnosis",
    "mistakes": "diagnosis",
    "diagnosis": "diagnosis",
    "picture/data": "pictures draw",
    "picture/dot": "pictures draw",
    "picture/groups": "pictures draw",
    "picture/mermaid": "pictures draw",
    "picture/outline": "pictures draw",
    "picture/palette": "pictures draw",
    "picture/parts": "pictures draw",
    "picture/scene": "pictures draw",
    "picture/summary": "pictures draw",
    "explorer/__init__": "explorer",
    "explorer/clusters": "explorer",
    "explorer/contents": "explorer",
    "explorer/javascript": "explorer_script",
    "explorer/page": "explorer",
}
"""The tests of each module, the fast ones in front."""

IN_C = {"flat", "passes", "sweeps", "value"}
"""What the compiled core has in C."""

MEANINGLESS = re.compile(
    r"@overload|if TYPE_CHECKING"  # never runs
    r"|type\(\w+\) [=!]= |[=!]= (None|True|False|NotImplemented)\b"  # the same as `is`
)
"""Lines in which a change cannot be seen."""

ANNOTATIONS = {(":", "tfpdef"), (":", "annassign"), ("->", "funcdef")}
OPTIONS = ["-x", "--tb=no", "--doctest-modules", "-p", "no:cacheprovider", "-p", "no:xdist"]
MOMENTS = count()
MEMORY = 4 << 30  # bytes
PATIENCE = 600  # seconds that may pass, however busy the machine is


class Mutant(NamedTuple):
    """A change in a module: what an operator of Cosmic Ray does where it can be applied for the n-th time."""

    place: tuple[Any, Any]
    operator: str
    occurrence: int

    def applied_to(self, source: str) -> str:
        """Return the source of the module with the change."""
        changed: str = mutate_code(source, get_operator(self.operator)(), self.occurrence)
        return changed

    def changes(self, source: str) -> list[str]:
        """Return the lines that it takes away, and those that it adds."""
        lines = difflib.unified_diff(source.splitlines(), self.applied_to(source).splitlines(), n=0, lineterm="")
        return [line for line in lines if not line.startswith(("---", "+++", "@@"))]

    def has_meaning(self, source: str) -> bool:
        """Return whether the change could be seen when the module is used, but not before: it has to be Python."""
        try:
            ast.parse(self.applied_to(source))
        except SyntaxError:
            return False
        return not any(MEANINGLESS.search(line) for line in self.changes(source))


def is_code(node: Any) -> bool:
    """Return whether a node of the source stands outside of annotations, protocols and rules of the table."""
    if node.parent is not None and node.parent.type == "parameters":
        return False  # the mark in front of parameters that have to be named
    while node.parent is not None:
        before = node.get_previous_sibling()
        if (getattr(before, "value", ""), node.parent.type) in ANNOTATIONS:
            return False
        if node.type == "classdef" and "(Protocol)" in node.get_code().partition(":")[0]:
            return False
        if node.type == "lambdef" and node.get_code(include_prefix=False).startswith("lambda z"):
            return False
        node = node.parent
    return True


def mutants(source: str) -> dict[Any, list[Mutant]]:
    """Return every mutant, by its place in the source."""
    nodes = list(ast_nodes(get_ast(source)))
    found: dict[Any, list[Mutant]] = {}
    for name in operator_names():
        if not get_operator(name).arguments():
            places = ((node, place) for node in nodes for place in get_operator(name)().mutation_positions(node))
            for occurrence, (node, place) in enumerate(places):
                if is_code(node):
                    found.setdefault(place, []).append(Mutant(place, name, occurrence))
    return found


def sample(source: str, share: float, random: Random) -> Iterator[Mutant]:
    """Yield a random mutant in each of a share of the places."""
    found = mutants(source)
    for place in sorted(random.sample(sorted(found), ceil(share * len(found)))):
        random.shuffle(found[place])
        yield from islice(filter(lambda mutant: mutant.has_meaning(source), found[place]), 1)


class FastFirst:
    """Runs first the tests that were fast when all were run to the end: one that fails is enough."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.seconds: dict[str, float] = json.loads(file.read_text()) if file.exists() else {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self.seconds.get(item.nodeid, 0.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self.seconds[report.nodeid] = report.duration

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if exitstatus == 0:
            self.file.write_text(json.dumps(self.seconds))


def tested(copy: Path, module: str, seconds: int, pure: bool) -> tuple[str, float]:
    """Return what becomes of the module as it is in the copy, and how long the processor worked for that."""
    child = os.fork()
    if child == 0:
        os.environ["AUTOGRAD_PURE"] = "1" if pure else ""
        os.chdir(copy)
        sys.path.insert(0, str(copy))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        signal.alarm(PATIENCE)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        tests = [f"tests/test_{name}.py" for name in ("immutable", *SPECIFIED_BY[module].split())]
        os._exit(pytest.main([*OPTIONS, f"autograd/{module}.py", *tests], [FastFirst(copy / "durations.json")]))
    _, status, used = os.wait4(child, 0)
    ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    stopped = ended_by in (signal.SIGXCPU, signal.SIGKILL, signal.SIGALRM)
    return "timeout" if stopped else "killed" if status else "survived", used.ru_utime + used.ru_stime


def run(copy: Path, module: str, share: float, seed: int) -> tuple[Counter[str], list[str]]:
    """Test a sample of the mutants of a module; return how many came to which end, and the survivors as text."""
    path = copy / "autograd" / f"{module}.py"
    source = path.read_text(encoding="utf-8")
    compiled = module not in IN_C and any(Path(copy, "autograd").glob("_native.*.so"))
    cores = [True, False] if compiled else [True]  # whether it is plain Python
    unchanged = [tested(copy, module, PATIENCE, pure) for pure in cores]
    if any(end != "survived" for end, _ in unchanged):
        sys.exit(f"{module}: its tests fail without any change")
    limit = 5 + 3 * ceil(max(seconds for _, seconds in unchanged))
    ends, survivors = Counter[str](), []
    for mutant in sample(source, share, Random(f"{seed} {module}")):
        write(path, mutant.applied_to(source))
        end = next((end for pure in cores if (end := tested(copy, module, limit, pure)[0]) != "survived"), "survived")
        ends[end] += 1
        if end == "survived":
            place = f"autograd/{module}.py:{mutant.place[0][0]} {mutant.operator.removeprefix('core/')}"
            survivors.append("\n".join([place, *mutant.changes(source)]))
    write(path, source)
    return ends, survivors


def write(path: Path, source: str) -> None:
    """Write a source file, each time with another date, so that Python does not take it for the one it has compiled."""
    path.write_text(source, encoding="utf-8")
    moment = next(MOMENTS)
    os.utime(path, (moment, moment))


def main() -> int:
    """Test the sample in each module, print the figures and the survivors; return 1 if more than 5 % survive."""
    parser = ArgumentParser(prog="python -m tests.mutation", description=__doc__.split("\n")[0])
    parser.add_argument("modules", nargs="*", default=[*SPECIFIED_BY], help="all, if none is named")
    parser.add_argument("--share", type=float, default=0.3, help="of the places in each module (default 0.3)")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    os.environ |= {"CI": "true", "HYPOTHESIS_PROFILE": "mutation"}
    sys.dont_write_bytecode = False  # or every mutant would compile the tests again
    total = Counter[str]()
    print(f"{'module':20}{'mutants':>9}{'killed':>9}{'timeout':>9}{'survived':>9}", flush=True)
    with TemporaryDirectory() as folder:
        copy = Path(copytree(ROOT, Path(folder, "copy"), ignore=NOT_COPIED))
        os.environ["PYTHONPATH"] = str(copy)
        for module in given.modules:
            ends, found = run(copy, module, given.share, given.seed)
            print(line(module, ends), *found, sep="\n", flush=True)
            total += ends
    print(line("all", total))
    return int(total["survived"] > 0.05 * total.total())


def line(name: str, ends: Counter[str]) -> str:
    """Return a line of the table of results."""
    figures = ends.total(), ends["killed"], ends["timeout"], ends["survived"]
    return f"{name:20}" + "".join(f"{figure:9}" for figure in figures)


if __name__ == "__main__":
    sys.exit(main())
