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
    "files",
    "namesake",
    "special",
    "floats",
    "primitives",
    "formulas",
    "tables",
    "kernels",
    "rules",
    "graph",
    "sweeps",
    "snapshot",
    "value",
    "flat",
    "_native",
    "core",
    "places",
    "debug",
    "math",
    "structures",
    "transforms",
    "sources",
    "liveness",
    "rewriting",
    "sides",
    "branches",
    "program",
    "_passes",
    "passes",
    "vectors",
    "_machine",
    "machine",
    "columns",
    "calls",
    "record",
    "paths",
    "kernel",
    "calling",
    "lanes",
    "jit",
    "differences",
    "precision",
    "picture",
    "picture.data",
    "picture.parts",
    "picture.groups",
    "picture.summary",
    "picture.scene",
    "picture.palette",
    "picture.dot",
    "picture.mermaid",
    "picture.outline",
    "draw",
    "explain",
    "explorer.clusters",
    "explorer.contents",
    "explorer.page",
    "explorer",
    "explorer.__main__",
    "explorer.javascript",
    "kinks",
    "rounding",
    "ranges",
    "bounds",
    "trials",
    "mistakes",
    "diagnosis",
    "testing",
]
"""The modules of the library; each imports only from those above it."""

PUBLIC_MODULES = {f"autograd{name}" for name in ("", ".errors", ".math", ".draw", ".explorer", ".testing")}
HEAVY = ["numpy", "graphviz", "pygraphviz", "hypothesis", "flint", "mpmath", "scipy", "sklearn", "matplotlib", "tqdm"]
HEAVY += ["pytest"]

FOLDER = ROOT / "autograd"

modules = [path for path in sorted(FOLDER.rglob("*.p*")) if path.suffix in (".py", ".pyx", ".pxd")]
modules.remove(FOLDER / "__init__.py")
users = sorted(path for folder in ("nn", "demos") for path in (ROOT / folder).rglob("*.py"))


def place_of(path: Path) -> str:
    """The name of a module within the library; a package is called as its folder."""
    parts = path.relative_to(FOLDER).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


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
    assert sorted(ORDER) == sorted(map(place_of, modules))


@pytest.mark.parametrize("path", modules, ids=name_of)
def test_modules_import_only_from_modules_above(path: Path) -> None:
    above = ORDER[: ORDER.index(place_of(path))]
    assert [module for module in of_the_library(python_in(path)) if module not in above] == []


@pytest.mark.parametrize("path", modules, ids=name_of)
def test_modules_leave_each_others_private_names_alone(path: Path) -> None:
    names = [name for _, name in imported(python_in(path)) if name.startswith("_") and name not in ORDER]
    assert names == []


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


def test_programs_need_numpy_only_where_arrays_are_given() -> None:
    program = """if True:
        from autograd import errors, grad, jit, vmap
        square = jit(lambda x: x * x if x > 0 else 0.0)
        print(square(3.0), grad(square)(3.0), square(-3.0))
        try:
            vmap(square)(3.0)
        except errors.ArgumentError as error:
            print(error)
    """
    assert run(program, "-S").splitlines() == [
        "9.0 6.0 0.0",
        "<lambda>[0][0]: got 3.0 (float); expected an array with the lanes along axis 0",
    ]
