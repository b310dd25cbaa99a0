"""Which of the two cores runs, and that either is left alone by the other."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from autograd import core, kernels, primitives, value

STALE = "autograd was compiled for other primitives, so plain Python runs: install it again"


def chosen(monkeypatch: pytest.MonkeyPatch, compiled: ModuleType | None) -> dict[str, Any]:
    """Return the names in `core` if `compiled` is what the compiler made; None for nothing."""
    monkeypatch.delenv("AUTOGRAD_PURE", raising=False)
    monkeypatch.setitem(sys.modules, "autograd._native", compiled)
    if compiled is not None:
        monkeypatch.setattr("autograd._native", compiled, raising=False)
    else:
        monkeypatch.delattr("autograd._native", raising=False)
    return runpy.run_path(core.__file__)


def fake(checksum: int) -> ModuleType:
    """Return a module with the names of a compiled core."""
    module = ModuleType("autograd._native")
    for name in core.__all__:
        setattr(module, name, f"compiled {name}")
    module.CHECKSUM = checksum  # type: ignore[attr-defined]
    return module


def test_a_compiled_core_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    names = chosen(monkeypatch, fake(primitives.checksum()))
    assert (names["NATIVE"], names["Value"]) == (True, "compiled Value")


def test_without_one_plain_python_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    names = chosen(monkeypatch, None)
    assert (names["NATIVE"], names["Value"]) == (False, value.Value)


def test_a_core_compiled_for_other_primitives_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.warns(UserWarning, match=STALE):
        names = chosen(monkeypatch, fake(primitives.checksum() ^ 1))
    assert (names["NATIVE"], names["Value"]) == (False, value.Value)


def test_in_a_bundle_without_sources_nothing_can_be_out_of_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(primitives, "__file__", "/nowhere/primitives.py")
    assert primitives.is_current(0)


def test_the_compiled_core_was_compiled_for_this_table() -> None:
    native = pytest.importorskip("autograd._native")
    assert primitives.is_current(native.CHECKSUM)
    header = Path(kernels.__file__).with_name("_kernels.h").read_text(encoding="utf-8")
    assert f"#define TABLE_CHECKSUM 0x{native.CHECKSUM:08X}u" in header


@pytest.mark.parametrize(("setting", "pure"), [("1", True), ("", False)])
def test_the_environment_forces_plain_python(setting: str, pure: bool) -> None:
    program = "from autograd import core; print(core.NATIVE)"
    environment = {**os.environ, "AUTOGRAD_PURE": setting}
    printed = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True).stdout
    pytest.importorskip("autograd._native")
    assert printed == f"{not pure}\n"
