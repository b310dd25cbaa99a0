"""Losses: how far a model's outputs are from their targets, as one number to make small.

Each takes a whole batch and returns the mean over it. Outputs and targets may be lists, tuples, generators or numpy
arrays of Values and numbers, or a single number; a row of one stands for what is in it. All raise `ArgumentError` if
the batch is empty or outputs and targets do not fit together, `OperandError` if something is no number.
"""

from __future__ import annotations

from numbers import Integral
from typing import Any

from autograd import Value, math
from autograd.errors import ArgumentError, describe
from nn.arguments import Number, Numbers, items, number, pairs, unwrap


def mean_squared_error(predictions: Numbers, targets: Numbers) -> Any:
    """Return the mean of (prediction - target)², over all numbers if the predictions are rows.

    >>> mean_squared_error([1.0, 2.0], [1.0, 4.0])
    2.0
    """
    batch = pairs("mean_squared_error", ("predictions", predictions), ("targets", targets))
    differences = [prediction - target for _, prediction, target in batch]
    return math.dot(differences, differences) / len(batch)


def max_margin(scores: Numbers, labels: Numbers) -> Any:
    """Return the mean of max(0, 1 - label · score): 0 where every score is at least 1 on its label's side.

    Labels are -1 or 1; `ArgumentError` for any other. (Hinge loss: Cortes and Vapnik, Support-Vector Networks, 1995)

    >>> max_margin([2.0, 0.5], [1, -1])
    0.75
    """
    costs = []
    for place, score, label in pairs("max_margin", ("scores", scores), ("labels", labels)):
        if abs(label) != 1:  # the same answer for either label: in a recording, one path for both
            raise ArgumentError(
                f"max_margin: labels{place}: got {describe(label)}; expected -1 or 1 (of classes 0 and 1: 2 * y - 1)"
            )
        costs.append(math.relu(1.0 - label * score))
    return math.fsum(costs) / len(costs)


def binary_cross_entropy(logits: Numbers, targets: Numbers) -> Any:
    """Return the mean of -t · log p - (1 - t) · log(1 - p), where p = sigmoid(logit) is the predicted probability of 1.

    Targets are probabilities, from 0 to 1; `ArgumentError` for any other. Computed as t · softplus(-x) +
    (1 - t) · softplus(x), which loses no digits and never overflows, however confident or wrong the prediction is.

    >>> binary_cross_entropy([0.0, 1000.0], [1, 0]) == (math.log(2.0) + 1000.0) / 2.0
    True
    """
    batch = pairs("binary_cross_entropy", ("logits", logits), ("targets", targets))
    weighted: list[tuple[Number, Number]] = []
    for place, logit, target in batch:
        if not 0 <= target <= 1:
            raise ArgumentError(
                f"binary_cross_entropy: targets{place}: got {describe(target)}; expected a probability, from 0 to 1"
            )
        weighted += [(target, -logit), (1.0 - target, logit)]
    terms = [(weight, math.softplus(x)) for weight, x in weighted if _counts(weight)]
    return math.dot(*zip(*terms)) / len(batch)


def _counts(weight: Number) -> bool:
    """Return whether a term can be other than 0. A Value that is 0 now still has a derivative."""
    return isinstance(weight, Value) or weight != 0.0


def cross_entropy(logits: Numbers, classes: Numbers) -> Any:
    """Return the mean of -log softmax(logits)[class]: of what the true classes' predicted probabilities cost.

    For every class index (0, 1, …) there is a row of logits, one for each class; or one row for a single index.
    `ArgumentError` for rows of fewer than two logits and for indices outside them. Computed as
    log Σⱼ exp(xⱼ - x_class), which neither cancels nor overflows, however confident or wrong the prediction is.

    >>> cross_entropy([[0.0, 0.0], [1000.0, 0.0]], [0, 1]) == (math.log(2.0) + 1000.0) / 2.0
    True
    """
    indices = items(classes)
    if indices is None:
        return cross_entropy([logits], [classes])
    rows = items(logits)
    if rows is None or len(rows) != len(indices):
        given = describe(logits) if rows is None else f"{len(rows)} rows of logits"
        raise ArgumentError(f"cross_entropy: got {given} and {len(indices)} classes; expected a row for each class")
    if not rows:
        raise ArgumentError("cross_entropy: got an empty batch; expected at least one row of logits and its class")
    return math.fsum([_surprise(i, *sample) for i, sample in enumerate(zip(rows, indices))]) / len(rows)


def _surprise(place: int, logits: Any, index: Any) -> Any:
    """Return -log softmax(logits)[index]."""
    xs, k = items(logits), unwrap(index)
    if xs is None or len(xs) < 2:
        raise ArgumentError(
            f"cross_entropy: logits[{place}]: got {describe(logits)}; expected a row of two or more logits, one for"
            " each class (for one logit: binary_cross_entropy)"
        )
    if not isinstance(k, Integral) or int(k) not in range(len(xs)):
        raise ArgumentError(
            f"cross_entropy: classes[{place}]: got {describe(k)}; expected an int from 0 to {len(xs) - 1}, as there are"
            f" {len(xs)} logits"
        )
    xs = [number(x, "cross_entropy: logits[{}][{}]", place, j) for j, x in enumerate(xs)]
    return math.logsumexp([0.0 if j == k else x - xs[int(k)] for j, x in enumerate(xs)])


# ── penalties ────────────────────────────────────────────────────────────────────────────────────────────────────────


def l1(parameters: Numbers) -> Any:
    """Return Σ|p|, which drives parameters to 0 when a multiple of it is added to a loss.

    Raises `ArgumentError` for what is no row of numbers, such as a model: give `model.parameters()`.

    >>> l1([3.0, -4.0])
    7.0
    """
    return math.fsum([math.fabs(p) for p in _penalized("l1", parameters)])


def l2(parameters: Numbers) -> Any:
    """Return Σp², which keeps parameters small when a multiple of it is added to a loss.

    Raises `ArgumentError` for what is no row of numbers, such as a model: give `model.parameters()`.

    >>> l2([3.0, -4.0])
    25.0
    """
    numbers = _penalized("l2", parameters)
    return math.dot(numbers, numbers)


def _penalized(penalty: str, parameters: Numbers) -> list[Number]:
    found = items(parameters)
    if found is None:
        raise ArgumentError(f"{penalty}: got {describe(parameters)}; expected numbers, such as model.parameters()")
    return [number(p, "{}: parameters[{}]", penalty, i) for i, p in enumerate(found)]
