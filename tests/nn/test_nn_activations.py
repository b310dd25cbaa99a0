"""The table of activations, and initial weights that fit them."""

import math
import random
import statistics
from dataclasses import FrozenInstanceError

import mpmath
import numpy as np
import pytest

from autograd import Value, math as amath
from autograd.errors import ArgumentError
from nn.activations import ACTIVATIONS, Activation, find_activation, linear
from nn.init import generator, glorot, he

FORMULAS = {
    "linear": lambda x: x,
    "tanh": mpmath.tanh,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "relu": lambda x: max(x, mpmath.mpf(0)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "gelu": lambda x: x * mpmath.ncdf(x),
}


def using(initializer):
    return [row for row in ACTIVATIONS.values() if row.initializer is initializer]


def by_name(row):
    return row.name


def test_every_activation_has_its_name_and_a_formula():
    assert {name: row.name for name, row in ACTIVATIONS.items()} == {name: name for name in FORMULAS}


@pytest.mark.parametrize("x", [-3.0, -0.5, 0.0, 0.5, 3.0])
@pytest.mark.parametrize("row", ACTIVATIONS.values(), ids=by_name)
def test_an_activation_is_its_formula_on_numbers_and_on_values(row, x):
    expected = float(FORMULAS[row.name](mpmath.mpf(x)))
    assert row.function(x) == pytest.approx(expected, rel=1e-14)
    assert row.function(Value(x)).data == row.function(x)


def test_rectifiers_start_with_he_and_sigmoids_with_glorot():
    assert {row.name for row in using(he)} == {"relu", "softplus", "silu", "gelu"}
    assert {row.name for row in using(glorot)} == {"linear", "tanh", "sigmoid"}


@pytest.mark.parametrize("row", using(he), ids=by_name)
def test_the_gain_for_he_keeps_the_mean_square_of_a_standard_normal(row):
    pieces = [-30, -8, -3, 0, 3, 8, 30]
    mean_square = mpmath.quad(lambda z: mpmath.npdf(z) * FORMULAS[row.name](z) ** 2, pieces)
    assert row.gain == pytest.approx(float(1 / mpmath.sqrt(mean_square)), rel=1e-14)


@pytest.mark.parametrize("row", using(glorot), ids=by_name)
def test_the_gain_for_glorot_makes_up_for_the_slope_at_0(row):
    assert row.gain * float(mpmath.diff(FORMULAS[row.name], 0)) == pytest.approx(1.0)


def test_a_row_does_not_change():
    with pytest.raises(FrozenInstanceError):
        ACTIVATIONS["relu"].gain = 1.0


# ── finding a row ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("row", ACTIVATIONS.values(), ids=by_name)
def test_a_row_is_found_by_its_name_its_function_and_itself(row):
    assert find_activation(row.name) is row
    assert find_activation(row.function) is row
    assert find_activation(row) is row


def test_another_function_starts_like_linear():
    def swish(x):
        return x * amath.sigmoid(1.5 * x)

    assert find_activation(swish) == Activation("swish", swish, glorot, 1.0)
    assert ACTIVATIONS["linear"] == Activation("linear", linear, glorot, 1.0)


def test_a_function_without_a_name_goes_by_its_repr():
    assert find_activation(amath.sin).name == "<primitive sin>"


@pytest.mark.parametrize(
    ("choice", "given"),
    [("rleu", "'rleu' (str)"), (False, "False (bool)"), (None, "None (NoneType)"), (["relu"], "['relu'] (list)")],
)
def test_what_is_no_activation_is_refused(choice, given):
    with pytest.raises(ArgumentError) as error:
        find_activation(choice)
    assert str(error.value) == (
        f"activation: got {given}; expected one of linear, tanh, sigmoid, relu, softplus, silu, gelu,"
        " or a function of one number"
    )


# ── initial weights ──────────────────────────────────────────────────────────────────────────────────────────────────

COUNT = 40_000


def kurtosis(numbers):
    mean, variance = statistics.fmean(numbers), statistics.pvariance(numbers)
    return statistics.fmean((x - mean) ** 4 for x in numbers) / variance**2


@pytest.mark.parametrize(("gain", "fan_in"), [(1.0, 1), (math.sqrt(2.0), 8), (2.0, 100)])
def test_he_draws_normally_with_standard_deviation_gain_by_root_fan_in(gain, fan_in):
    source = generator(5)
    weights = [he(source, gain, fan_in, 7) for _ in range(COUNT)]
    expected = gain / math.sqrt(fan_in)
    assert statistics.fmean(weights) == pytest.approx(0.0, abs=0.02 * expected)
    assert statistics.pstdev(weights) == pytest.approx(expected, rel=0.02)
    assert kurtosis(weights) == pytest.approx(3.0, rel=0.05)


@pytest.mark.parametrize(("gain", "fan_in", "fan_out"), [(1.0, 1, 1), (4.0, 20, 4), (1.0, 3, 100)])
def test_glorot_draws_uniformly_with_a_variance_by_the_mean_of_both_fans(gain, fan_in, fan_out):
    source = generator(5)
    weights = [glorot(source, gain, fan_in, fan_out) for _ in range(COUNT)]
    expected = gain * math.sqrt(2.0 / (fan_in + fan_out))
    assert statistics.fmean(weights) == pytest.approx(0.0, abs=0.02 * expected)
    assert statistics.pstdev(weights) == pytest.approx(expected, rel=0.02)
    assert kurtosis(weights) == pytest.approx(1.8, rel=0.05)
    assert max(map(abs, weights)) == pytest.approx(math.sqrt(3.0) * expected, rel=0.01)
    assert max(map(abs, weights)) <= math.sqrt(3.0) * expected * (1 + 1e-15)


@pytest.mark.parametrize(("name", "depth"), [("relu", 5), ("softplus", 5), ("silu", 3), ("gelu", 3)])
def test_signals_neither_fade_nor_explode(name, depth):
    row, source, width = ACTIVATIONS[name], generator(3), 200
    function = np.vectorize(row.function)
    signals = np.random.default_rng(3).standard_normal((width, 30))
    for _ in range(depth):
        weights = [[row.initializer(source, row.gain, width, width) for _ in range(width)] for _ in range(width)]
        signals = function(np.array(weights) @ signals)
    assert 0.5 < (signals**2).mean() < 2.0


# ── seeds ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_number_makes_the_same_generator_each_time():
    assert [generator(seed).random() for seed in (7, 7, np.int64(7))] == [random.Random(7).random()] * 3
    assert generator(7).random() != generator(8).random()


def test_none_makes_a_fresh_generator_each_time():
    assert generator(None).random() != generator(None).random()


def test_a_generator_is_used_as_it_is():
    source = random.Random(1)
    assert generator(source) is source


@pytest.mark.parametrize(("seed", "given"), [("one", "'one' (str)"), (1.5, "1.5 (float)"), ([1], "[1] (list)")])
def test_other_seeds_are_refused(seed, given):
    with pytest.raises(ArgumentError) as error:
        generator(seed)
    assert str(error.value) == f"seed: got {given}; expected an int, a random.Random or None for a fresh start"
