"""Run the tests on a compiled core that watches every access to memory and every undefined operation: `make sanitize`.

A copy of the project is built with gcc's AddressSanitizer and UndefinedBehaviorSanitizer, so the usual build stays. The
first finding ends a process; its report names file and line. Leaks are not looked for here, since Python leaves much to
the end of its process (see `test_robustness.py`). Arguments are handed on to pytest: `python -m tests.sanitize -x`.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path
from shutil import copytree, ignore_patterns
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
GENERATED = ("_native.c", "_machine.c", "passes.c", "*.so")
NOT_COPIED = ignore_patterns(".*", "__pycache__", "build", "pictures", *GENERATED)

# -UNDEBUG: the headers of Python check what they are given; -fno-wrapv: integers that overflow are undefined again.
SANITIZERS = "-fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all"
BUILT_WITH = f"{SANITIZERS} -g -fno-omit-frame-pointer -fno-wrapv -UNDEBUG"

LEFT_OUT = {
    "test_demos.py": "trains for long",
    "test_documentation.py": "reads texts",
    "test_draw.py": "draws, with libraries in C of others",
    "test_primitives.py": "computes in python-flint; test_kernels.py computes the same rows in C",
    "test_testing.py": "looks for wrong derivatives in Python",
}
DESELECTED = [
    "test_depth.py::test_it_copies",  # millions of small objects of Python's
    "test_native_machine.py::test_a_run_that_needs_too_much_memory_says_so",  # the sanitizers need more than it leaves
]


def sanitizer_library() -> str:
    """Return the path of AddressSanitizer's library, which has to be loaded before everything else."""
    compiler = shlex.split(sysconfig.get_config_var("CC") or "gcc")[0]
    command = [compiler, "-print-file-name=libasan.so"]
    path = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    if not Path(path).is_absolute():
        sys.exit(f"{compiler} has no libasan.so; make sanitize needs gcc and its sanitizers")
    return path


def main() -> int:
    """Build, run the tests, and return pytest's exit code."""
    preloaded = sanitizer_library()
    with TemporaryDirectory() as folder:
        copy = Path(copytree(ROOT, Path(folder, "copy"), ignore=NOT_COPIED))
        build = {**os.environ, "CFLAGS": BUILT_WITH, "LDFLAGS": SANITIZERS, "REQUIRE_AUTOGRAD_NATIVE": "1"}
        command = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
        subprocess.run(command, cwd=copy, env=build, check=True)
        run = {
            **os.environ,
            "LD_PRELOAD": preloaded,
            "PYTHONPATH": str(copy),
            "PYTHONMALLOC": "malloc",  # Python's own allocator would hide where an object ends
            "ASAN_OPTIONS": "detect_leaks=0",
            "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
        }
        run.pop("AUTOGRAD_PURE", None)
        for text in "from autograd.core import NATIVE; assert NATIVE", "import autograd; print(autograd.__file__)":
            subprocess.run([sys.executable, "-c", text], cwd=copy, env=run, check=True)
        left_out = [f"--ignore=tests/{name}" for name in LEFT_OUT] + [f"--deselect=tests/{name}" for name in DESELECTED]
        command = [sys.executable, "-m", "pytest", "-n", "auto", "-p", "no:cacheprovider", *left_out, *sys.argv[1:]]
        return subprocess.run(command, cwd=copy, env=run).returncode


if __name__ == "__main__":
    sys.exit(main())
