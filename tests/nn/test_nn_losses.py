"""Losses are their formulas, to the last digits also where predictions are confident, right or wrong."""

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, strategies as st

import nn
from autograd import Value
from autograd.errors import ArgumentError, OperandError

exact = mpmath.MPContext()
exact.dps = 900  # so that 1 + e⁻¹⁰⁰⁰ is not 1
UNIT_ROUNDOFF, SMALLEST = 2.0**-53, 5e-324
EXTREME = [-1000.0, -745.0, -40.0, -1.5, -1e-9, 0.0, 1e-9, 1.5, 40.0, 745.0, 1000.0]

small, logits = st.floats(-5.0, 5.0), st.floats(-1000.0, 1000.0)


def close(expected):
    """Agreement to the last digits; the smallest float is all there is to agree on near 0."""
    return pytest.approx(float(expected), rel=2e-15, abs=SMALLEST)


def gradient(loss, *numbers):
    """The derivatives of a loss with respect to the numbers, as the reverse sweep finds them."""
    values = [Value(x) for x in numbers]
    loss(values).backward()
    return [x.grad for x in values]


def differences(loss, *numbers, step=1e-5):
    """The same by finite differences."""

    def moved(i, by):
        return loss([x + by * (i == j) for j, x in enumerate(numbers)])

    return [(moved(i, step) - moved(i, -step)) / (2.0 * step) for i in range(len(numbers))]


# ── mean squared error ───────────────────────────────────────────────────────────────────────────────────────────────


def test_mean_squared_error_by_hand():
    assert nn.mean_squared_error([1.0, 2.0, 3.0], [1.0, 4.0, 2.0]) == 5.0 / 3.0
    assert gradient(lambda p: nn.mean_squared_error(p, [1.0, 4.0]), 1.0, 2.0) == [0.0, -2.0]


def test_mean_squared_error_of_rows_is_the_mean_over_all_numbers():
    assert nn.mean_squared_error([[1.0, 2.0], [3.0, 4.0]], np.array([[0, 0], [0, 0]])) == 30.0 / 4.0


@given(st.lists(st.tuples(small, small), min_size=1, max_size=6))
def test_law_mean_squared_error_is_its_formula(batch):
    predictions, targets = zip(*batch)
    expected = sum((p - t) ** 2 for p, t in batch) / len(batch)
    assert nn.mean_squared_error(predictions, targets) == pytest.approx(expected, rel=1e-13)
    assert gradient(lambda p: nn.mean_squared_error(p, targets), *predictions) == pytest.approx(
        [2.0 * (p - t) / len(batch) for p, t in batch], rel=1e-13
    )


# ── max-margin ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("score", "label", "loss", "slope"),
    [
        (2.0, 1, 0.0, 0.0),
        (1.0, 1, 0.0, 0.0),
        (0.5, 1, 0.5, -1.0),
        (-3.0, 1, 4.0, -1.0),
        (-2.0, -1, 0.0, 0.0),
        (0.5, -1, 1.5, 1.0),
    ],
)
def test_max_margin_of_one_score(score, label, loss, slope):
    assert nn.max_margin([score], [label]) == loss
    assert gradient(lambda s: nn.max_margin(s, [label]), score) == [slope]


def test_max_margin_is_the_mean():
    assert nn.max_margin([2.0, 0.5, 0.5, -3.0], [1, 1, -1, 1]) == (0.0 + 0.5 + 1.5 + 4.0) / 4.0


@given(st.lists(st.tuples(small, st.sampled_from([-1, 1])), min_size=1, max_size=5))
def test_law_max_margin_has_the_gradient_of_finite_differences(batch):
    scores, labels = zip(*batch)
    assume(all(abs(1.0 - label * score) > 1e-3 for score, label in batch))
    found = gradient(lambda s: nn.max_margin(s, labels), *scores)
    assert found == pytest.approx(differences(lambda s: nn.max_margin(s, labels), *scores), rel=1e-6, abs=1e-9)


# ── binary cross-entropy ─────────────────────────────────────────────────────────────────────────────────────────────


def binary_formula(x, t):
    p = 1 / (1 + exact.exp(-exact.mpf(x)))
    return -(t * exact.log(p) + (1 - exact.mpf(t)) * exact.log1p(-p))


@pytest.mark.parametrize("target", [0, 1, 0.25, 1e-300])
@pytest.mark.parametrize("logit", EXTREME)
def test_binary_cross_entropy_is_exact(logit, target):
    assert nn.binary_cross_entropy([logit], [target]) == close(binary_formula(logit, target))


@pytest.mark.parametrize("target", [0, 1])
@pytest.mark.parametrize("logit", EXTREME)
def test_the_gradient_of_binary_cross_entropy_is_exact(logit, target):
    p = 1 / (1 + exact.exp(-exact.mpf(logit)))
    assert gradient(lambda x: nn.binary_cross_entropy(x, [target]), logit) == [close(p - target)]


@pytest.mark.parametrize(
    ("logit", "target", "loss", "slope"),
    [
        (np.inf, 1, 0.0, 0.0),
        (-np.inf, 0, 0.0, 0.0),
        (np.inf, 0, np.inf, 1.0),
        (-np.inf, 1, np.inf, -1.0),
    ],
)
def test_binary_cross_entropy_of_infinite_logits(logit, target, loss, slope):
    assert nn.binary_cross_entropy([logit], [target]) == loss
    assert gradient(lambda x: nn.binary_cross_entropy(x, [target]), logit) == [slope]


@given(st.lists(st.tuples(logits, st.floats(0.0, 1.0)), min_size=1, max_size=5))
def test_law_binary_cross_entropy_is_the_mean_of_its_formula(batch):
    xs, ts = zip(*batch)
    expected = float(sum(binary_formula(x, t) for x, t in batch) / len(batch))
    assert nn.binary_cross_entropy(xs, ts) == pytest.approx(expected, rel=1e-14, abs=SMALLEST)


@given(st.lists(st.tuples(small, st.floats(0.0, 1.0)), min_size=1, max_size=5))
def test_law_binary_cross_entropy_has_the_gradient_of_finite_differences(batch):
    xs, ts = zip(*batch)
    found = gradient(lambda x: nn.binary_cross_entropy(x, ts), *xs)
    assert found == pytest.approx(differences(lambda x: nn.binary_cross_entropy(x, ts), *xs), rel=1e-5, abs=1e-8)


def test_targets_may_be_values_and_receive_gradients_even_at_0():
    target = Value(0.0)
    nn.binary_cross_entropy([2.0], [target]).backward()
    assert target.grad == pytest.approx(-2.0)  # of t · softplus(-x) + (1 - t) · softplus(x): their difference is -x


# ── categorical cross-entropy ────────────────────────────────────────────────────────────────────────────────────────


def softmax(xs):
    powers = [exact.exp(exact.mpf(x)) for x in xs]
    return [power / sum(powers) for power in powers]


@pytest.mark.parametrize("k", [0, 1, 2])
@pytest.mark.parametrize(
    "row", [[0.0, 0.0, 0.0], [1000.0, 0.0, -1000.0], [-40.0, 40.0, 39.0], [3.0, 700.0, 3.0], [1e-9, 0.0, -1e-9]]
)
def test_cross_entropy_and_its_gradient_are_exact(row, k):
    p = softmax(row)
    surprise = exact.log(sum(exact.exp(exact.mpf(x) - row[k]) for x in row))
    assert nn.cross_entropy([row], [k]) == close(surprise)
    found = gradient(lambda xs: nn.cross_entropy([xs], [k]), *row)
    assert found == [pytest.approx(float(p[j] - (j == k)), rel=1e-14, abs=SMALLEST) for j in range(3)]


rows = st.integers(2, 4).flatmap(lambda n: st.tuples(st.lists(logits, min_size=n, max_size=n), st.integers(0, n - 1)))


@given(st.lists(rows, min_size=1, max_size=3))
def test_law_cross_entropy_is_the_mean_of_its_formula(batch):
    expected, condition = exact.mpf(0), exact.mpf(0)
    for row, k in batch:
        p = softmax(row)
        expected += exact.log(sum(exact.exp(exact.mpf(x) - row[k]) for x in row)) / len(batch)
        condition += sum(abs(x * (p[j] - (j == k))) for j, x in enumerate(row)) / len(batch)
    error = abs(nn.cross_entropy(*zip(*batch)) - expected)
    assert error <= 4 * UNIT_ROUNDOFF * (expected + condition) + SMALLEST


@given(st.lists(small, min_size=3, max_size=3), st.integers(0, 2))
def test_law_cross_entropy_has_the_gradient_of_finite_differences(row, k):
    found = gradient(lambda xs: nn.cross_entropy([xs], [k]), *row)
    assert found == pytest.approx(differences(lambda xs: nn.cross_entropy([xs], [k]), *row), rel=1e-5, abs=1e-8)


@given(logits, st.sampled_from([0, 1]))
def test_law_two_classes_are_the_binary_case(logit, k):
    two, one = nn.cross_entropy([[0.0, logit]], [k]), nn.binary_cross_entropy([logit], [k])
    assert two == pytest.approx(one, rel=1e-15, abs=SMALLEST)


def test_a_single_row_needs_no_batch():
    assert nn.cross_entropy([1.0, 2.0, 3.0], 1) == nn.cross_entropy([[1.0, 2.0, 3.0]], [1])


def test_class_indices_may_be_a_column_of_an_array():
    matrix = np.array([[1.0, 2.0], [3.0, 5.0]])
    assert nn.cross_entropy(matrix, np.array([[0], [1]])) == nn.cross_entropy(matrix.tolist(), [0, 1])


# ── penalties ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_penalties_and_their_gradients_by_hand():
    assert nn.l1([3.0, -4.0, 0.0]) == 7.0
    assert nn.l2([3.0, -4.0, 0.0]) == 25.0
    assert gradient(nn.l1, 3.0, -4.0, 0.0) == [1.0, -1.0, 0.0]
    assert gradient(nn.l2, 3.0, -4.0, 0.0) == [6.0, -8.0, 0.0]


def test_l2_is_one_node():
    parameters = [Value(1.0), Value(2.0)]
    penalty = nn.l2(p for p in parameters)
    assert penalty.primitive.name == "dot"
    assert [id(x) for x in penalty.operands] == [id(x) for x in 2 * parameters]


def test_of_no_parameters_there_is_no_penalty():
    assert (nn.l1([]), nn.l2([])) == (0.0, 0.0)


# ── laws and forms that all share ────────────────────────────────────────────────────────────────────────────────────

ELEMENTWISE = [nn.mean_squared_error, nn.max_margin, nn.binary_cross_entropy]


def by_name(loss):
    return loss.__name__


@pytest.mark.parametrize("loss", ELEMENTWISE, ids=by_name)
@pytest.mark.parametrize(
    ("outputs", "targets"),
    [
        pytest.param([[0.5], [-2.0]], [1, 1], id="rows of one"),
        pytest.param([0.5, -2.0], [[1], [1]], id="a column of targets"),
        pytest.param(np.array([[0.5], [-2.0]]), np.array([1, 1]), id="arrays"),
        pytest.param([Value(0.5), -2], [1, Value(1.0)], id="Values and numbers"),
        pytest.param([[[0.5, -2.0]]], [[1, 1]], id="rows in rows"),
    ],
)
def test_outputs_and_targets_come_in_many_forms(loss, outputs, targets):
    found, expected = loss(outputs, targets), loss([0.5, -2.0], [1.0, 1.0])
    assert getattr(found, "data", found) == expected


@pytest.mark.parametrize("loss", [*ELEMENTWISE, nn.cross_entropy], ids=by_name)
def test_outputs_may_be_a_generator(loss):
    outputs = [[0.5, 1.0], [-2.0, 0.0]] if loss is nn.cross_entropy else [0.5, -2.0]
    assert loss((x for x in outputs), (t for t in [1, 1])) == loss(outputs, [1, 1])


@pytest.mark.parametrize("loss", ELEMENTWISE, ids=by_name)
def test_a_number_is_a_batch_of_one(loss):
    assert loss(0.25, 1) == loss([0.25], [1])
    x = Value(0.25)
    assert loss(x, 1).data == loss(0.25, [1])


@pytest.mark.parametrize("loss", ELEMENTWISE, ids=by_name)
@given(st.lists(st.tuples(small, st.sampled_from([1, 1.0])), min_size=1, max_size=5))
def test_law_a_batch_twice_costs_as_much(loss, batch):
    outputs, targets = zip(*batch)
    assert loss(outputs * 2, targets * 2) == pytest.approx(loss(outputs, targets), rel=1e-14)


# ── bad input ────────────────────────────────────────────────────────────────────────────────────────────────────────

MSE, MARGIN, BINARY, CATEGORICAL = nn.mean_squared_error, nn.max_margin, nn.binary_cross_entropy, nn.cross_entropy
EQUALLY = "expected as many of one as of the other"

REFUSED = [
    (MSE, [1.0, 2.0, 3.0], [1.0, 2.0],
     f"mean_squared_error: predictions has 3 entries, targets has 2 entries; {EQUALLY}"),
    (MSE, [[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [3.0, 4.0, 5.0]],
     f"mean_squared_error: predictions[1] has 2 entries, targets[1] has 3 entries; {EQUALLY}"),
    (MSE, np.ones((2, 3)), np.ones((3, 2)),
     f"mean_squared_error: predictions has 2 entries, targets has 3 entries; {EQUALLY}"),
    (MSE, [1.0, 2.0], 1.0,
     f"mean_squared_error: predictions has 2 entries, targets is 1.0 (float); {EQUALLY}"),
    (MARGIN, [1.0, 1.0], [1, [1, -1]],
     f"max_margin: scores[1] is 1.0 (float), labels[1] has 2 entries; {EQUALLY}"),
    (MSE, [], [],
     "mean_squared_error: got an empty batch; expected at least one of predictions and of targets"),
    (MARGIN, [], np.array([]),
     "max_margin: got an empty batch; expected at least one of scores and of labels"),
    (BINARY, [[], []], [[], []],
     "binary_cross_entropy: got an empty batch; expected at least one of logits and of targets"),
    (MARGIN, [1.0, 2.0], [1, 0],
     "max_margin: labels[1]: got 0.0 (float); expected -1 or 1 (of classes 0 and 1: 2 * y - 1)"),
    (MARGIN, [[1.0, 2.0], [1.0, 2.0]], [[1, 1], [1, float("nan")]],
     "max_margin: labels[1][1]: got nan (float); expected -1 or 1 (of classes 0 and 1: 2 * y - 1)"),
    (MARGIN, 1.0, Value(2.0),
     "max_margin: labels: got Value(data=2.0, grad=0.0) (Value); expected -1 or 1 (of classes 0 and 1: 2 * y - 1)"),
    (BINARY, [1.0, 2.0], [1, -1],
     "binary_cross_entropy: targets[1]: got -1.0 (float); expected a probability, from 0 to 1"),
    (BINARY, [1.0, 2.0], [1.5, 1],
     "binary_cross_entropy: targets[0]: got 1.5 (float); expected a probability, from 0 to 1"),
    (BINARY, [1.0, 2.0], [1, float("nan")],
     "binary_cross_entropy: targets[1]: got nan (float); expected a probability, from 0 to 1"),
    (CATEGORICAL, [[1.0, 2.0]], [0, 1],
     "cross_entropy: got 1 rows of logits and 2 classes; expected a row for each class"),
    (CATEGORICAL, 1.0, [0, 1],
     "cross_entropy: got 1.0 (float) and 2 classes; expected a row for each class"),
    (CATEGORICAL, [], [],
     "cross_entropy: got an empty batch; expected at least one row of logits and its class"),
    (CATEGORICAL, [[1.0, 2.0], [3.0]], [0, 0],
     "cross_entropy: logits[1]: got [3.0] (list); expected a row of two or more logits, one for each class"
     " (for one logit: binary_cross_entropy)"),
    (CATEGORICAL, 3.0, 0,
     "cross_entropy: logits[0]: got 3.0 (float); expected a row of two or more logits, one for each class"
     " (for one logit: binary_cross_entropy)"),
    (CATEGORICAL, [[1.0, 2.0]] * 3, [0, 1, 2],
     "cross_entropy: classes[2]: got 2 (int); expected an int from 0 to 1, as there are 2 logits"),
    (CATEGORICAL, [[1.0, 2.0, 3.0]], [-1],
     "cross_entropy: classes[0]: got -1 (int); expected an int from 0 to 2, as there are 3 logits"),
    (CATEGORICAL, [[1.0, 2.0, 3.0]], [1.0],
     "cross_entropy: classes[0]: got 1.0 (float); expected an int from 0 to 2, as there are 3 logits"),
    (CATEGORICAL, [1.0, 2.0], "0",
     "cross_entropy: classes[0]: got '0' (str); expected an int from 0 to 1, as there are 2 logits"),
]  # fmt: skip


@pytest.mark.parametrize(("loss", "outputs", "targets", "text"), REFUSED)
def test_batches_that_do_not_fit_are_refused(loss, outputs, targets, text):
    with pytest.raises(ArgumentError) as error:
        loss(outputs, targets)
    assert str(error.value) == text


NUMBER = "expected a real number or a Value"

STRANGERS = [
    (MSE, [1.0, "2"], [1.0, 2.0], f"mean_squared_error: predictions[1]: got '2' (str); {NUMBER}"),
    (MSE, [1.0, 2.0], [None, 2.0], f"mean_squared_error: targets[0]: got None (NoneType); {NUMBER}"),
    (MARGIN, [[1.0, 2.0], [1.0, 1j]], [[1, 1]] * 2, f"max_margin: scores[1][1]: got 1j (complex); {NUMBER}"),
    (BINARY, {0.5}, [1], f"binary_cross_entropy: logits: got {{0.5}} (set); {NUMBER}"),
    (CATEGORICAL, [[1.0, 2.0], [1.0, "x"]], [0, 1], f"cross_entropy: logits[1][1]: got 'x' (str); {NUMBER}"),
]


@pytest.mark.parametrize(("loss", "outputs", "targets", "text"), STRANGERS)
def test_what_is_no_number_is_refused(loss, outputs, targets, text):
    with pytest.raises(OperandError) as error:
        loss(outputs, targets)
    assert str(error.value) == text


@pytest.mark.parametrize("penalty", [nn.l1, nn.l2], ids=by_name)
def test_penalties_of_strangers_are_refused(penalty):
    name = penalty.__name__
    with pytest.raises(ArgumentError) as error:
        penalty(nn.Neuron(2))
    expected = "expected numbers, such as model.parameters()"
    assert str(error.value) == f"{name}: got Neuron(2, 'relu') (Neuron); {expected}"
    with pytest.raises(OperandError) as error:
        penalty([1.0, "2"])
    assert str(error.value) == f"{name}: parameters[1]: got '2' (str); {NUMBER}"
