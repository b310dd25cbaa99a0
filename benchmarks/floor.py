"""Builds `floor.c`, the least that an extension type can cost, in a temporary folder, and imports it."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

SOURCE = Path(__file__).with_name("floor.c")
SETUP = """
import sys
from setuptools import Extension, setup
_, source, folder = sys.argv
arguments = ["build_ext", "--build-lib", folder, "--build-temp", folder]
setup(name="floor", ext_modules=[Extension("floor", [source])], py_modules=[], script_args=arguments)
"""


@cache
def floor() -> Any | None:
    """Return the module; None where there is no compiler or no setuptools."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # where a loaded library cannot be removed
        command = [sys.executable, "-c", SETUP, str(SOURCE), folder]
        built = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        library = next(Path(folder).glob("floor*.so"), None) or next(Path(folder).glob("floor*.pyd"), None)
        if built.returncode or not library:
            return None
        spec = spec_from_file_location("floor", library)
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
