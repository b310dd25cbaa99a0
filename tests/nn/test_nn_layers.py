"""Neurons, layers and perceptrons compute what their formulas say, on anything that holds numbers."""

import math
import random
import statistics
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st

import nn
from autograd import Value, math as amath
from autograd.errors import ArgumentError, OperandError
from nn.init import glorot, he

numbers = st.floats(-10.0, 10.0)


def data(thing):
    return [x.data for x in thing] if isinstance(thing, list) else thing.data


def with_parameters(module, *numbers):
    for parameter, number in zip(module.parameters(), numbers, strict=True):
        parameter.data = number
    return module


# ── what is computed ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_neuron_is_a_dot_and_an_activation():
    neuron, x = nn.Neuron(2, "tanh", seed=1), Value(3.0)
    out = neuron([x, 4.0])
    (total,) = out.operands
    assert (out.primitive.name, total.primitive.name) == ("tanh", "dot")
    expected = [*neuron.weights, neuron.bias, x, 4.0, 1.0]
    assert [id(a) if isinstance(a, Value) else a for a in total.operands] == [
        id(b) if isinstance(b, Value) else b for b in expected
    ]


def test_a_linear_neuron_is_a_dot_alone():
    assert nn.Neuron(2, "linear")([1.0, 2.0]).primitive.name == "dot"


@given(st.lists(numbers, min_size=3, max_size=3), st.lists(numbers, min_size=2, max_size=2))
def test_law_a_neuron_is_the_activation_of_its_weighted_sum(parameters, inputs):
    neuron = with_parameters(nn.Neuron(2, "tanh"), *parameters)
    (w0, w1, b), (x0, x1) = parameters, inputs
    assert neuron(inputs).data == pytest.approx(math.tanh(w0 * x0 + w1 * x1 + b), rel=1e-12, abs=1e-12)


def test_a_neuron_rectifies_unless_told_otherwise():
    assert with_parameters(nn.Neuron(1), 1.0, -5.0)(2.0).data == 0.0
    assert with_parameters(nn.Neuron(1, nonlin=True), 1.0, -5.0)(2.0).data == 0.0
    assert with_parameters(nn.Neuron(1, nonlin=False), 1.0, -5.0)(2.0).data == -3.0
    assert with_parameters(nn.Neuron(1, "tanh", nonlin=False), 1.0, -5.0)(2.0).data == -3.0


def test_a_layer_is_the_list_of_its_neurons_responses():
    layer = nn.Layer(2, 3, "sigmoid", seed=1)
    assert data(layer([1.0, 2.0])) == [data(neuron([1.0, 2.0])) for neuron in layer.neurons]


def test_a_layer_without_activation_in_micrograds_words():
    assert repr(nn.Layer(2, 3, nonlin=False)) == "Layer(2, 3, 'linear')"


def test_a_perceptron_rectifies_in_hidden_layers_only():
    assert [repr(layer) for layer in nn.MLP(2, [16, 16, 1]).layers] == [
        "Layer(2, 16, 'relu')",
        "Layer(16, 16, 'relu')",
        "Layer(16, 1, 'linear')",
    ]
    assert repr(nn.MLP(2, [1])) == "MLP(2, [1], 'linear', 'linear')"


def test_a_perceptron_computed_by_hand():
    #   hidden: relu(1·2 + 2·3 - 1) = 7, relu(-1·2 + 0·3 + 1) = 0;   out: 0.5·7 + 4·0 + 0.25
    model = with_parameters(nn.MLP(2, [2, 1]), 1.0, 2.0, -1.0, -1.0, 0.0, 1.0, 0.5, 4.0, 0.25)
    out = model([2.0, 3.0])
    out.backward()
    assert out.data == 3.75
    assert [p.grad for p in model.parameters()] == [1.0, 1.5, 0.5, 0.0, 0.0, 0.0, 7.0, 0.0, 1.0]


def test_one_output_is_a_value_more_are_a_list():
    assert isinstance(nn.MLP(2, [3, 1])([1.0, 2.0]), Value)
    assert [type(x) for x in nn.MLP(2, [3, 2])([1.0, 2.0])] == [Value, Value]


def test_a_layer_of_one_neuron_may_stand_in_the_middle():
    assert len(nn.MLP(2, [1, 3])([1.0, 2.0])) == 3


def test_gradients_are_those_of_finite_differences():
    model, inputs, step = nn.MLP(2, [3, 2, 1], "tanh", "softplus", seed=4), [0.3, -0.7], 1e-5
    model(inputs).backward()
    for name, parameter in model.named_parameters():
        middle = parameter.data
        parameter.data = middle + step
        above = model(inputs).data
        parameter.data = middle - step
        below = model(inputs).data
        parameter.data = middle
        assert parameter.grad == pytest.approx((above - below) / (2 * step), rel=1e-6, abs=1e-9), name


@pytest.mark.parametrize(
    "inputs",
    [
        pytest.param([1, 2], id="ints"),
        pytest.param((1.0, Fraction(2)), id="tuple"),
        pytest.param([Value(1.0), 2.0], id="Values"),
        pytest.param(np.array([[0, 0], [1, 2]])[1], id="row of ints"),
        pytest.param(np.array([1.0, 2.0], dtype=np.float32), id="row of float32"),
        pytest.param(range(1, 3), id="range"),
        pytest.param((x for x in (1.0, 2.0)), id="generator"),
    ],
)
def test_any_row_of_numbers_is_an_input(inputs):
    model = nn.MLP(2, [3, 1], seed=1)
    assert model(inputs).data == model([1.0, 2.0]).data


@pytest.mark.parametrize("make", [nn.Neuron, lambda nin: nn.Layer(nin, 1), lambda nin: nn.MLP(nin, [1])])
def test_a_number_alone_is_a_row_of_one(make):
    module = make(1)
    assert module(2.0).data == module([2.0]).data == module(Value(2.0)).data == module(np.int64(2)).data


def test_inputs_receive_gradients():
    x = Value(3.0)
    with_parameters(nn.MLP(1, [1]), 5.0, 1.0)([x]).backward()
    assert x.grad == 5.0


def test_the_activation_may_be_any_function_of_one_number():
    neuron = with_parameters(nn.Neuron(1, lambda x: 10.0 * x), 2.0, 0.0)
    assert neuron(3.0).data == 60.0
    assert repr(neuron) == "Neuron(1, '<lambda>')"
    assert repr(nn.Layer(1, 2, amath.tanh)) == "Layer(1, 2, 'tanh')"


def test_the_activation_may_have_parameters_of_its_own():
    class Slope(nn.Module):
        def __init__(self):
            self.below = Value(0.25)

        def __call__(self, x):
            return amath.maximum(x, self.below * x)

    layer = with_parameters(nn.Layer(1, 2, Slope()), 1.0, 0.0, 0.5, 1.0, 0.0)
    assert [name for name, _ in layer.named_parameters()] == [
        "neurons.0.weights.0",
        "neurons.0.bias",
        "neurons.0.activation.below",
        "neurons.1.weights.0",
        "neurons.1.bias",
    ]
    assert data(layer(-4.0)) == [-2.0, -2.0]


def test_parameters_are_labelled_for_pictures():
    assert [p.label for p in nn.Neuron(2).parameters()] == ["w0", "w1", "b"]


# ── initial weights ──────────────────────────────────────────────────────────────────────────────────────────────────


def weights(layer):
    return [w.data for neuron in layer.neurons for w in neuron.weights]


def test_biases_are_0():
    assert [neuron.bias.data for layer in nn.MLP(4, [5, 3], "tanh").layers for neuron in layer.neurons] == [0.0] * 8


@pytest.mark.parametrize("row", nn.ACTIVATIONS.values(), ids=lambda row: row.name)
def test_weights_of_a_layer_have_the_deviation_that_fits_its_activation(row):
    fan_in, fan_out = 120, 80
    expected = {he: row.gain / math.sqrt(fan_in), glorot: row.gain * math.sqrt(2.0 / (fan_in + fan_out))}
    found = weights(nn.Layer(fan_in, fan_out, row.name, seed=1))
    assert statistics.pstdev(found) == pytest.approx(expected[row.initializer], rel=0.03)


def test_a_neuron_alone_has_no_neighbours():
    def drawn(**fan_out):
        return [w.data for w in nn.Neuron(3, "tanh", seed=1, **fan_out).weights]

    assert drawn() == drawn(fan_out=1) != drawn(fan_out=2)


def test_without_nonlinearity_weights_are_those_of_linear():
    assert weights(nn.Layer(5, 4, "relu", nonlin=False, seed=1)) == weights(nn.Layer(5, 4, "linear", seed=1))


def test_weights_may_be_drawn_by_a_rule_of_ones_own():
    row = nn.Activation("ones", amath.sin, lambda source, gain, fan_in, fan_out: gain * fan_in + fan_out, 10.0)
    assert weights(nn.Layer(3, 2, row)) == [32.0] * 6


def test_the_same_seed_makes_the_same_network():
    def drawn(seed):
        return [p.data for p in nn.MLP(3, [4, 2], seed=seed).parameters()]

    assert drawn(1) == drawn(1) == drawn(random.Random(1))
    assert drawn(1) != drawn(2)
    assert drawn(None) != drawn(None)


def test_no_two_weights_of_a_network_are_the_same():
    found = [w for layer in nn.MLP(4, [4, 4], seed=1).layers for w in weights(layer)]
    assert len(set(found)) == len(found)


def test_the_global_source_of_randomness_is_left_alone():
    random.seed(1)
    before = random.getstate()
    first = nn.MLP(2, [3, 1], seed=5).parameters()[0].data
    assert random.getstate() == before
    random.seed(2)
    assert nn.MLP(2, [3, 1], seed=5).parameters()[0].data == first


# ── bad input ────────────────────────────────────────────────────────────────────────────────────────────────────────

WHOLE = "expected a whole number from 1 on"
SIZES = "expected the sizes of the layers, such as [16, 16, 1]"


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: nn.Neuron(0), f"Neuron: nin: got 0 (int); {WHOLE}"),
        (lambda: nn.Neuron(2.0), f"Neuron: nin: got 2.0 (float); {WHOLE}"),
        (lambda: nn.Neuron(2, fan_out=0), f"Neuron: fan_out: got 0 (int); {WHOLE}"),
        (lambda: nn.Layer("2", 3), f"Layer: nin: got '2' (str); {WHOLE}"),
        (lambda: nn.Layer(2, -1), f"Layer: nout: got -1 (int); {WHOLE}"),
        (lambda: nn.MLP(None, [1]), f"MLP: nin: got None (NoneType); {WHOLE}"),
        (lambda: nn.MLP(2, [4, 0]), f"MLP: nouts[1]: got 0 (int); {WHOLE}"),
        (lambda: nn.MLP(2, [[4]]), f"MLP: nouts[0]: got [4] (list); {WHOLE}"),
        (lambda: nn.MLP(2, 16), f"MLP: nouts: got 16 (int); {SIZES}"),
        (lambda: nn.MLP(2, []), f"MLP: nouts: got [] (list); {SIZES}"),
        (lambda: nn.MLP(2, "16"), f"MLP: nouts: got '16' (str); {SIZES}"),
        (lambda: nn.MLP(2, [1], seed=0.5), "seed: got 0.5 (float); expected an int, a random.Random or None for a fresh"
                                           " start"),
    ],
)  # fmt: skip
def test_impossible_networks_are_refused(make, text):
    with pytest.raises(ArgumentError) as error:
        make()
    assert str(error.value) == text


NAMES = {nn.Neuron(2): "Neuron(2, 'relu')", nn.Layer(2, 3): "Layer(2, 3, 'relu')"}
NAMES[nn.MLP(2, [3, 1])] = "MLP(2, [3, 1], 'relu', 'linear')"


@pytest.mark.parametrize("module", NAMES, ids=repr)
@pytest.mark.parametrize(("inputs", "count"), [([1.0], 1), ([1.0, 2.0, 3.0], 3), ([], 0), (1.0, 1), ([[1.0, 2.0]], 1)])
def test_a_wrong_number_of_inputs_is_refused(module, inputs, count):
    with pytest.raises(ArgumentError) as error:
        module(inputs)
    assert str(error.value) == f"{NAMES[module]}: got {count} inputs; expected 2, the numbers of one sample"


@pytest.mark.parametrize("module", NAMES, ids=repr)
@pytest.mark.parametrize(
    ("stranger", "given"),
    [("2", "'2' (str)"), (None, "None (NoneType)"), (1j, "1j (complex)"), ([1.0], "[1.0] (list)")],
)
def test_an_input_that_is_no_number_is_refused(module, stranger, given):
    with pytest.raises(OperandError) as error:
        module([1.0, stranger])
    assert str(error.value) == f"{NAMES[module]}: inputs[1]: got {given}; expected a real number or a Value"


def test_something_that_is_no_row_is_refused():
    with pytest.raises(OperandError) as error:
        nn.Neuron(1)({"x": 1.0})
    assert str(error.value) == "Neuron(1, 'relu'): inputs[0]: got {'x': 1.0} (dict); expected a real number or a Value"
