"""Which module imports which, and what `import autograd` brings along."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import autograd

ROOT = Path(__file__).parents[1]
ORDER = [
    "errors",
    "namesake",
    "special",
    "floats",
    "primitives",
    "formulas",
    "tables",
    "kernels",
    "graph",
    "sweeps",
    "snapshot",
    "value",
    "_native",
    "core",
    "debug",
    "math",
    "structures",
    "transforms",
    "differences",
    "precision",
    "draw",
    "explain",
    "kinks",
    "rounding",
    "ranges",
    "bounds",
    "testing",
]
"""The modules of the library; each imports only from those above it."""

PUBLIC_MODULES = {"autograd", "autograd.errors", "autograd.math", "autograd.draw", "autograd.testing"}
HEAVY = ["numpy", "graphviz", "pygraphviz", "hypothesis", "flint", "mpmath", "scipy", "sklearn", "matplotlib", "tqdm"]
HEAVY += ["pytest"]

NO_MODULES = {"__init__.py", "_native.pyi"}

modules = [path for path in sorted((ROOT / "autograd").glob("*.py*")) if path.name not in NO_MODULES]
users = sorted(path for folder in ("nn", "demos") for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def imported(source: str) -> Iterator[tuple[str, str]]:
    """Yield (module, name) for every import in the source, wherever it stands; of a whole module, (module, "")."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, ""
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield "." * node.level + (node.module or ""), alias.name


def of_the_library(source: str) -> Iterator[str]:
    """Yield every module of the library that the source imports."""
    for module, name in imported(source):
        assert not module.startswith("."), "imports are absolute"
        package, _, inner = module.partition(".")
        if package == "autograd":
            yield inner or name


def python_in(path: Path) -> str:
    """Return the source of a module; of one in Cython, the imports of Python modules."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return source
    return "\n".join(line for line in source.splitlines() if line.startswith("from autograd"))


def private(source: str) -> Iterator[str]:
    """Yield what the source imports from the library although it is not public."""
    for module, name in imported(source):
        if module.partition(".")[0] != "autograd":
            continue
        public = name in autograd.__all__ if module == "autograd" and name else not name.startswith("_")
        if module not in PUBLIC_MODULES or not public:
            yield f"{module} {name}".strip()


def test_every_module_has_its_place() -> None:
    assert sorted(ORDER) == [path.stem for path in modules]


@pytest.mark.parametrize("path", modules, ids=name_of)
def test_modules_import_only_from_modules_above(path: Path) -> None:
    above = ORDER[: ORDER.index(path.stem)]
    assert [module for module in of_the_library(python_in(path)) if module not in above] == []


@pytest.mark.parametrize("path", users, ids=name_of)
def test_networks_and_demos_import_only_public_names(path: Path) -> None:
    assert list(private(path.read_text())) == []


def test_these_tests_see_every_kind_of_import() -> None:
    source = (
        "import autograd.value as v, os\n"
        "from autograd import math, sweeps\n"
        "from autograd.primitives import sin\n"
        "def f():\n    from autograd.errors import _secret, GraphError\n"
    )
    assert sorted(of_the_library(source)) == ["errors", "errors", "math", "primitives", "sweeps", "value"]
    assert list(private(source)) == [
        "autograd.value",
        "autograd sweeps",
        "autograd.primitives sin",
        "autograd.errors _secret",
    ]
    assert list(of_the_library("import autograd")) == [""]  # the whole package stands above no module
    with pytest.raises(AssertionError, match="imports are absolute"):
        list(of_the_library("from . import value"))


def test_every_public_name_exists() -> None:
    assert sorted(autograd.__all__) == sorted(set(autograd.__all__))
    assert all(hasattr(autograd, name) for name in autograd.__all__)


def run(program: str, *options: str) -> str:
    command = [sys.executable, *options, "-c", program]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("statement", ["import autograd", "import autograd.testing", "import nn"])
def test_importing_brings_along_nothing_heavy(statement: str) -> None:
    heavy = run(f"{statement}\nimport sys\nprint(sorted(set({HEAVY}) & set(sys.modules)))")
    assert heavy == "[]\n"


def test_only_the_standard_library_is_needed() -> None:
    """-S leaves out everything that is installed."""
    program = "from autograd import Value, math; x = Value(0.0); math.exp(x).backward(); print(x)"
    assert run(program, "-S") == "Value(data=0.0, grad=1.0)\n"
