"""Print the page of misconceptions by running them: `python -m docs.print_misconceptions > docs/misconceptions.md`.

The counterexamples are those that `autograd.testing.diagnose` finds.
"""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import fill

from autograd.testing import diagnose
from demos.misconceptions import (
    ASKED_OF_TRAINING,
    FORGOTTEN,
    MISCONCEPTIONS,
    ON_TRAINING,
    WHY_ZERO,
    Misconception,
    change,
    forgetful,
)

HEAD = """\
# Why topological order?

The questions that learners ask most about engines like this one, each answered by a program. The engine is
[demos/engine.py](../demos/engine.py): correct, and as small as it gets, in the manner of
[micrograd](https://github.com/karpathy/micrograd). Each question changes one place in it; the program is the smallest
that shows what happens then. This page is printed from what was run.

`python -m demos.misconceptions` runs it before your eyes: hypothesis looks for each counterexample, and shrinks it.
And if the engine is one of your own:

```python
from autograd.testing import diagnose

print(diagnose(YourValue))
```

It needs a class with `YourValue(number)`, `.data`, `.grad`, `.backward()` and some operators, and names the mistakes
below where it makes them, each with the smallest program that shows it.
"""


def section(number: int, misconception: Misconception) -> str:
    """Return a question, the change, what goes wrong, and why."""
    mistake = diagnose(misconception.engine()).mistakes[0]
    return f"""
## {number}. {misconception.question}

```diff
{change(misconception.old, misconception.new)}
```

```python
{mistake.counterexample}
```

{paragraph(f"{mistake.why} {misconception.more}")}
{asked(misconception.threads)}"""


def paragraph(text: str) -> str:
    """Return a text in lines."""
    return fill(text.strip(), 120, break_long_words=False, break_on_hyphens=False)


def asked(threads: Iterable[str]) -> str:
    """Return where a question was asked, as a paragraph; nothing if that is not known."""
    links = ", ".join(f"[{thread(path)}](https://github.com/{path})" for path in threads)
    return f"\n*Asked in {links}.*\n" if links else ""


def thread(path: str) -> str:
    """Return what an issue or a pull request is called.

    >>> thread("karpathy/micrograd/issues/72")
    'micrograd #72'
    """
    _, repository, _, number = path.split("/")
    return f"{repository} #{number}"


def training(number: int) -> str:
    """Return the one question that is not about the engine."""
    steps = "\n".join(f"| {x:g} | {2.0 * x:g} | {used:g} |" for x, used in forgetful(1.0, 8))
    return f"""
## {number}. {ON_TRAINING}

```diff
{change(FORGOTTEN, "")}
```

Going down x² from 1 with steps of a quarter of the gradient:

| x | gradient of x² | gradient that is used |
|---|---|---|
{steps}

{paragraph(WHY_ZERO)}
{asked(ASKED_OF_TRAINING)}"""


def page() -> str:
    """Return the whole page."""
    sections = [section(number, misconception) for number, misconception in enumerate(MISCONCEPTIONS, start=1)]
    return HEAD + "".join(sections) + training(len(sections) + 1)


if __name__ == "__main__":
    print(page(), end="")
