"""Where HIPS's autograd is installed as well, importing ours says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from autograd import namesake

HERE = Path(__file__).parent.parent
IMPORT_TWICE = "import autograd, importlib, nn; importlib.import_module('autograd.math')"


def import_with(folder: Path) -> str:
    code = f"import sys; sys.path[:0] = [{str(HERE)!r}, {str(folder)!r}]; {IMPORT_TWICE}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder)
    return run.stderr


def test_importing_warns_once_and_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "autograd-1.8.0.dist-info").mkdir()
    said = import_with(tmp_path)
    assert said.count("UserWarning") == 1
    assert said.startswith("<string>:1: UserWarning"), "the line that imports the package"
    assert (
        f"HIPS's autograd, installed in {tmp_path}, has the same import name as scalar-autograd; this is"
        f" scalar-autograd, imported from {HERE / 'autograd'}. Keep them in separate environments." in said
    )


def test_importing_is_silent_where_it_is_alone(tmp_path: Path) -> None:
    (tmp_path / "autograd_gamma-0.5.0.dist-info").mkdir()
    assert import_with(tmp_path) == ""


def test_folders_that_cannot_be_read_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "archive.zip"
    archive.touch()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "autograd-1.8.0.egg-info").mkdir()
    assert list(namesake.installed([str(archive), str(tmp_path / "nowhere"), ""])) == [""]


def test_only_one_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "autograd-1.8.0.dist-info").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "a"), str(tmp_path / "b")])
    with pytest.warns(UserWarning, match="installed in") as caught:
        namesake.warn()
    assert len(caught) == 1
