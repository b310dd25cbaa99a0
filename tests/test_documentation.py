"""What the documentation shows is what happens."""

from __future__ import annotations

import contextlib
import io
import re
import runpy
from pathlib import Path

import pytest

HERE = Path(__file__).parent.parent
README = (HERE / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize(("code", "output"), EXAMPLES)
def test_examples_in_the_readme_print_what_it_says(
    code: str, output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(code, "README.md", "exec"), {})
    assert printed.getvalue() == output


def test_the_readme_has_examples() -> None:
    assert len(EXAMPLES) == README.count("```python") >= 4


def test_the_page_of_primitives_is_current() -> None:
    page = runpy.run_path(str(HERE / "docs" / "print_primitives.py"))["page"]()
    assert (HERE / "docs" / "primitives.md").read_text(encoding="utf-8") == page, "run `make docs`"


def test_the_page_of_misconceptions_is_current() -> None:
    pytest.importorskip("hypothesis", reason="the demos need: pip install 'scalar-autograd[demos]'")
    page = runpy.run_module("docs.print_misconceptions")["page"]()
    assert (HERE / "docs" / "misconceptions.md").read_text(encoding="utf-8") == page, "run `make docs`"


DOCUMENTS = ["README.md", "CONTRIBUTING.md"]
DOCUMENTS += [f"docs/{name}.md" for name in ("primitives", "design", "pictures", "misconceptions")]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_files(document: str) -> None:
    text = (HERE / document).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if "://" not in target:
            assert (HERE / document).parent.joinpath(target).is_file(), target


def test_make_has_the_commands_of_the_documents() -> None:
    targets = set(re.findall(r"^(\w+):", (HERE / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    named = re.findall(r"`make ([a-z ]+)`", README + (HERE / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert {target for words in named for target in words.split()} <= targets


def test_plain_commands_of_the_readme_are_those_of_the_makefile() -> None:
    makefile = (HERE / "Makefile").read_text(encoding="utf-8").replace("$(RUN)", ".venv/bin/python")
    for command in re.findall(r"&& (\.venv/bin/python [^`]+)`", README):
        assert command in makefile
