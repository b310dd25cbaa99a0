"""Why topological order? The questions that learners ask most about engines like this one, answered by running them.

Each asks for a change to a small, correct engine, `demos/engine.py`. The change is made; hypothesis looks for a program
that gets a wrong gradient from it, and shrinks it to one as small as can be; `autograd.testing.diagnose` says what is
wrong. The same, to be read: docs/misconceptions.md.
"""

from __future__ import annotations

import difflib
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from random import Random
from textwrap import dedent, fill, indent, shorten
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, find, settings, strategies as st
from hypothesis.errors import NoSuchExample

from autograd import Value
from autograd.testing import OPERATIONS, Counterexample, compare, diagnose, programs
from demos import engine, shared

SEARCH = settings(
    max_examples=500,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],  # the explanation is ours
    suppress_health_check=list(HealthCheck),
)
COMPOSED = ("a / b", "a / 2")  # of hidden steps: counterexamples are clearer without
WIDTH = 100  # of the text


@dataclass(frozen=True)
class Misconception:
    """A question, and the change to the engine that it asks for."""

    question: str
    old: str
    new: str
    kind: str  # of the mistake, as `diagnose` calls it
    more: str = ""  # to be said of the counterexample that `diagnose` finds
    again: bool = False  # it takes a second backward() to see it
    threads: tuple[str, ...] = ()  # on GitHub, where it was asked

    def engine(self) -> type[engine.Value]:
        """Return the engine with this change."""
        names = changed(inspect.getsource(engine), self.old, self.new)
        made: type[engine.Value] = names["Value"]
        return made


def changed(source: str, old: str, new: str, **names: Any) -> dict[str, Any]:
    """Return what a program defines in which one place has been changed."""
    if source.count(old) != 1:
        raise ValueError(f"{old!r} stands there {source.count(old)} times; expected once")
    exec(compile(source.replace(old, new), "<changed>", "exec", dont_inherit=True), names)
    return names


def change(old: str, new: str) -> str:
    """Return two versions of a few lines as one text, marked with - and +."""
    before, after = (dedent(text).strip("\n").splitlines() for text in (old, new))
    lines = difflib.unified_diff(before, after, n=len(before), lineterm="")
    return "\n".join([f"{line[0]} {line[1:]}".rstrip() for line in lines][3:])


WALK = """\
        for node in reversed(order):
            node.pass_on()
"""

MISCONCEPTIONS = (
    Misconception(
        "Why `+=`? A gradient is one number, so `=` will do.",
        "            x.grad += z.grad\n            y.grad += z.grad\n",
        "            x.grad = z.grad\n            y.grad = z.grad\n",
        "assign",
        threads=("karpathy/micrograd/issues/72",),
    ),
    Misconception(
        "Why topological order? A node can hand its gradient on, and then ask its operands to do the same.",
        WALK,
        """\
        def walk(node: Value) -> None:
            node.pass_on()
            for operand in node.operands:
                walk(operand)

        walk(self)
""",
        "order",
        "A node that is used twice is visited twice, and the second time hands on again what it has handed on already."
        " Where no result is used twice this walk is right, so it passes many a test; where n results in a row are, it"
        " makes 2ⁿ visits.",
        threads=(
            "karpathy/micrograd/issues/21",
            "karpathy/micrograd/pull/64",
            "karpathy/micrograd/issues/67",
            "karpathy/micrograd/issues/68",
            "karpathy/micrograd/issues/91",
        ),
    ),
    Misconception(
        "Then each node only once, when it is first met?",
        """\
                for operand in node.operands:
                    visit(operand)
                order.append(node)
""",
        """\
                order.insert(0, node)
                for operand in node.operands:
                    visit(operand)
""",
        "order",
        "A node that is used twice is met first on one way, and hands on before the other has brought its part.",
        threads=("karpathy/micrograd/pull/23",),
    ),
    Misconception(
        "Why reversed? Depth first is depth first.",
        "        for node in reversed(order):\n",
        "        for node in order:\n",
        "order",
        "Here all nodes but the last have their turn when nothing has arrived yet.",
        threads=("karpathy/micrograd/issues/96",),
    ),
    Misconception(
        "Why clear inner gradients? I call zero_grad.",
        "            if node.operands:\n                node.grad = 0.0\n",
        "            pass\n",
        "stale",
        "In training this may never show, as each step computes its inner nodes anew. It does when one graph is"
        " differentiated again, and when two results share a part of it.",
        again=True,
        threads=(
            "karpathy/micrograd/issues/25",
            "karpathy/micrograd/issues/32",
            "karpathy/micrograd/issues/53",
            "karpathy/micrograd/pull/102",
            "karpathy/nn-zero-to-hero/issues/30",
        ),
    ),
    Misconception(
        "The derivative of tanh is 1 - tanh². What else is there to multiply with?",
        "x.grad += (1.0 - z.data**2) * z.grad",
        "x.grad += 1.0 - z.data**2",
        "chain",
        threads=("OpenMined/PySyft/pull/2148",),
    ),
    Misconception(
        "A difference passes its gradient on as a sum does?",
        "            y.grad -= z.grad\n",
        "            y.grad += z.grad\n",
        "partial",
        "If b grows, a - b falls: ∂(a - b)/∂b = -1. This sign has nothing to do with that of gradient descent.",
        threads=(
            "karpathy/micrograd/issues/57",
            "AayushSameerShah/Neural-Net-Zero-to-Hero-with-Andrej/issues/1",
            "KhawajaAbaid/micrograd_c/issues/1",
        ),
    ),
    Misconception(
        "`a.__rsub__(2)` is self - other?",
        "return as_value(other) - self",
        "return self - other",
        "value",
    ),
    Misconception(
        "`a.__rtruediv__(2)` is self / other?",
        "return as_value(other) / self",
        "return self / other",
        "value",
    ),
    Misconception(
        "`a.__radd__(2)` is other + self?",
        "    def __radd__(self, other: float) -> Value:\n        return self + other\n",
        "    def __radd__(self, other: float) -> Value:\n        return other + self\n",
        "error",
        "Python asks the float first, which does not know how to add a Value; then it asks a.__radd__(2) again.",
        threads=("karpathy/micrograd/issues/76",),
    ),
    Misconception(
        "The derivative of xⁿ is n times a power of x. That one?",
        "n * x.data ** (n - 1) * z.grad",
        "n * x.data**n * z.grad",
        "partial",
    ),
    Misconception(
        "exp is computed from x. So its rule has to read x.data?",
        "x.grad += z.data * z.grad",
        "x.grad += x.data * z.grad",
        "partial",
        "exp is its own derivative, so the rule needs exp(x), which stands in the result already.",
        threads=("karpathy/nn-zero-to-hero/issues/52",),
    ),
    Misconception(
        "Values of the same number are equal. Why not say so?",
        "    def __add__(self, other: Value | float) -> Value:\n",
        """\
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Value) and self.data == other.data

    def __hash__(self) -> int:
        return hash(self.data)

    def __add__(self, other: Value | float) -> Value:
""",
        "identity",
        "Of two nodes with the same number the second never has its turn.",
        threads=("joennlae/tensorli/issues/2", "rsokl/MyGrad/pull/276"),
    ),
)


# ── a mistake that is not in the engine ──────────────────────────────────────────────────────────────────────────────

ON_TRAINING = "Why clear gradients between two steps?"
WHY_ZERO = (
    "backward() adds to the gradients of leaves, so that several results can be differentiated one after the other."
    " Unless they are cleared between two steps, each step follows the sum of all gradients so far: like a ball that"
    " rolls without friction, x goes through the bottom of the valley and up the other side, again and again."
)
ASKED_OF_TRAINING = ("karpathy/micrograd/issues/78", "jcjohnson/pytorch-examples/issues/31")
FORGOTTEN = "        x.grad = 0.0\n"


def descend(start: float, steps: int) -> list[tuple[float, float]]:
    """Go down x² in so many steps; return where each one was taken, and the gradient that it followed."""
    x, way = Value(start), []
    for _ in range(steps):
        (x * x).backward()
        way.append((x.data, x.grad))
        x.data -= 0.25 * x.grad
        x.grad = 0.0
    return way


forgetful = changed(inspect.getsource(descend), FORGOTTEN, "", Value=Value)["descend"]


class Training(NamedTuple):
    """From where to go down, and how many steps."""

    start: int
    steps: int

    def __str__(self) -> str:
        return f"from x = {self.start}: {self.steps} steps"


# ── looking for counterexamples ──────────────────────────────────────────────────────────────────────────────────────

examined = cache(diagnose)  # the engine as it is, again and again


def smallest(strategy: st.SearchStrategy[Any], wrong: Callable[[Any], bool], seed: int) -> Any:
    """Return the simplest example that goes wrong, as far as hypothesis finds it; None if there is none.

    Each one on the way that is shorter than those before is printed.
    """
    tries, shortest = 0, sys.maxsize

    def watched(example: Any) -> bool:
        nonlocal tries, shortest
        tries += 1
        text = str(example).replace("\n", "; ")
        if not wrong(example):
            return False
        if len(text) < shortest:
            shortest = len(text)
            print(f"   {tries:3}. {shorten(text, WIDTH - 8, placeholder=' …')}", flush=True)
        return True

    try:
        return find(strategy, watched, settings=SEARCH, random=Random(seed))
    except NoSuchExample:
        return None


def counterexample(broken: type[engine.Value], again: bool, seed: int) -> Counterexample | None:
    """Return where an engine goes wrong, on a program that hypothesis has made small; None if it finds none."""
    missing = examined(engine.Value).missing
    operations = [OPERATIONS[text] for text in OPERATIONS if text not in (*missing, *COMPOSED)]
    program = smallest(programs(operations), lambda program: compare(broken, program, again=again) is not None, seed)
    difference = program and compare(broken, program, again=again)
    return difference.counterexample if difference else None


def verdict_on(misconception: Misconception, seed: int) -> bool:
    """Show a question and its answer; return whether hypothesis and `diagnose` have found the mistake."""
    broken = misconception.engine()
    print(indent(change(misconception.old, misconception.new), "   "), end="\n\n")
    found = counterexample(broken, misconception.again, seed)
    print(indent(f"\n{found}\n" if found else "none found\n", "      "))
    mistakes = diagnose(broken).mistakes
    for mistake in mistakes:
        print(paragraph(f"{mistake.why} {misconception.more}"))
        print(f"   diagnose: {str(mistake).splitlines()[0]}")
    return found is not None and [mistake.kind for mistake in mistakes] == [misconception.kind]


def verdict_on_training(seed: int) -> bool:
    """Show what happens to a training that never clears gradients; return whether hypothesis has found it."""
    print(indent(change(FORGOTTEN, ""), "   "), end="\n\n")
    trainings = st.builds(Training, st.integers(1, 9), st.integers(1, 20))
    found = smallest(trainings, lambda training: any(got != 2.0 * x for x, got in forgetful(*training)), seed)
    for x, got in forgetful(*found) if found else ():
        print(f"      x = {x:g}: the gradient is {got:g}, should be {2.0 * x:g}")
    print("\n" + paragraph(WHY_ZERO))
    print(f"   diagnose: no mistake, but a note: {examined(engine.Value).notes[0]}")
    return found is not None and all(got == 2.0 * x for x, got in descend(*found))


def paragraph(text: str) -> str:
    """Return a text in lines, indented."""
    return fill(text.strip(), WIDTH, initial_indent="   ", subsequent_indent="   ")


def main() -> int:
    """Ask everything; return 0 if every mistake was found, and none in the engine as it is, else 1."""
    options = shared.parser("misconceptions", __doc__ or "", writes=False).parse_args()
    print("0. Is the engine right as it is?\n")
    diagnosis = examined(engine.Value)
    sound = counterexample(engine.Value, True, options.seed) is None and not diagnosis.mistakes
    print(indent(str(diagnosis), "   "))
    found = []
    for number, misconception in enumerate(MISCONCEPTIONS, start=1):
        print(f"\n{number}. {misconception.question}\n")
        found.append(verdict_on(misconception, options.seed))
    print(f"\n{len(found) + 1}. {ON_TRAINING}\n")
    found.append(verdict_on_training(options.seed))
    print()
    engine_is = "none in the engine as it is" if sound else "but the engine is wrong as it is"
    return shared.verdict(sound and all(found), f"{sum(found)} of {len(found)} mistakes found, {engine_is}")


if __name__ == "__main__":
    shared.run(main)
