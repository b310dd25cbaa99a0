"""Pages that are tried in a browser. As both cores make the same ones, which a test asserts, they are tried only once.

`python -m tests.pages` prints what each holds, in a few characters.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from importlib import import_module
from typing import Any

from autograd import Value, explore, math
from nn import MLP, mean_squared_error
from tests.labels import HOSTILE


def expression() -> tuple[Value, Value, Value]:
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    loss = math.tanh(a * b + 6.5) + math.maximum(b, 0.5 * a) * a
    loss.label = "loss"
    return a, b, loss


def everything(leaves: list[Value]) -> Value:
    """Many rows, smooth at many places."""
    x, y, z = leaves
    parts = [math.sin(x) / math.exp(y), math.erf(x) * math.lgamma(y + 3.0), math.atan2(x, y) ** 2.0]
    parts += [math.hypot(x, y, z)]
    parts += [math.sigmoid(z) * math.cbrt(y), math.fmod(x, 0.7), math.log1p(x * x), math.where(x > 0, x, y)]
    return math.fsum(parts) + math.prod([x, y, z]) + x**y


def three_leaves() -> list[Value]:
    return [Value(0.5, label="x"), Value(1.25, label="y"), Value(-2.0, label="z")]


def not_selected() -> Value:
    x, y = Value(1.0, label="x"), Value(2.0, label="y")
    return math.maximum(x, y) * 0.0 + y


def small_network() -> tuple[Value, MLP]:
    model = MLP(2, [3, 1], "tanh", seed=1)
    return model([0.5, -1.0]), model


def training_step(model: MLP) -> Value:
    return mean_squared_error([model([0.5, -1.0]), model([1.0, 2.0])], [1.0, -1.0])


def tangle(size: int) -> Value:
    choose, nodes = random.Random(1), [Value(1.0 + i / 10, label=f"x{i}") for i in range(20)]
    while len(nodes) < size - 1:
        one, other = choose.choices(nodes[-60:], k=2)
        nodes.append(math.sin(one * other) if len(nodes) % 2 else -one)
    return math.fsum(nodes)


def chain(length: int) -> tuple[Value, Value]:
    x = Value(1.0, label="x")
    y = x
    for _ in range(length):
        y = 0.5 * y + x
    y.label = "y"
    return x, y


def labelled(labels: list[str]) -> Value:
    root = math.fsum([Value(1.0, label=label) for label in labels])
    root.label = labels[0]
    return root


def training() -> tuple[Value, MLP]:
    model = MLP(2, [3, 2, 1], "tanh", seed=1)
    return training_step(model), model


def backpropagation() -> Any:
    demo: Any = import_module("demos.backpropagation")
    model = MLP(2, demo.SIZES, "sigmoid", "sigmoid", seed=0)
    return [demo.contents(demo.study(model, inputs, target)) for inputs, target in demo.EXAMPLES]


PAGES: dict[str, Callable[[], str]] = {
    "expression": lambda: explore(expression()[2]).html(),
    "everything": lambda: explore(everything(three_leaves())).html(),
    "not selected": lambda: explore(not_selected()).html(),
    "small network": lambda: explore(*small_network()).html(),
    "training": lambda: explore(*training()).html(),
    "tangle": lambda: explore(tangle(1300)).html(),
    "chain": lambda: explore(chain(2000)[1]).html(),
    "labels": lambda: explore(labelled(HOSTILE)).html(),
    "backpropagation": lambda: repr(backpropagation()),
}


def digests() -> str:
    return "".join(f"{name}: {hashlib.sha256(page().encode()).hexdigest()}\n" for name, page in PAGES.items())


if __name__ == "__main__":
    print(digests(), end="")
