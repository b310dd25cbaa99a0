"""What layers compute is seen at every call, whatever they are made of, and observing leaves no trace."""

import contextvars
import math
import threading

import pytest
from hypothesis import given, strategies as st

import nn
from autograd import Value, math as amath
from autograd.errors import ArgumentError
from nn.calls import numbers_in

XS, YS = [[0.5, -1.0], [1.5, 2.0], [-0.25, 0.75]], [1.0, -1.0, 0.5]


def observed(model, *samples):
    with nn.observe(model) as layers:
        for sample in samples:
            model(sample)
    return layers


# ── what is seen ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_layers_are_those_that_were_called_in_order_and_by_name():
    model = nn.MLP(2, [3, 2, 1], seed=1)
    layers = observed(model, *XS)
    assert [layer.name for layer in layers] == ["layers.0", "layers.1", "layers.2"]
    assert all(layer.module is own for layer, own in zip(layers, model.layers))
    assert repr(layers[1]) == "<layers.1: Layer(3, 2, 'relu'), called 3 times>"
    assert repr(observed(model, XS[0])[2]) == "<layers.2: Layer(2, 1, 'linear'), called 1 time>"


def test_rows_are_calls_columns_are_neurons():
    model = nn.MLP(2, [3, 1], "tanh", seed=1)
    hidden, last = observed(model, *XS)
    assert hidden.inputs == XS
    assert hidden.activations == [[neuron(x).data for neuron in model.layers[0].neurons] for x in XS]
    assert hidden.activations == [[math.tanh(z) for z in row] for row in hidden.preactivations]
    assert last.inputs == hidden.activations
    assert last.activations == last.preactivations == [[model(x).data] for x in XS]


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.sampled_from(list(nn.ACTIVATIONS)),
    st.integers(0, 1000),
)
def test_law_errors_and_inputs_make_the_gradients(sizes, activation, seed):
    # ∂C/∂w = Σ δ · x and ∂C/∂b = Σ δ, over the calls
    model = nn.MLP(2, [*sizes, 1], activation, seed=seed)
    with nn.observe(model) as layers:
        nn.mean_squared_error([model(x) for x in XS], YS).backward()
    assert len(layers) == len(sizes) + 1
    for layer in layers:
        for j, neuron in enumerate(layer.module.neurons):
            deltas = [row[j] for row in layer.errors]
            assert neuron.bias.grad == pytest.approx(sum(deltas), rel=1e-12, abs=1e-12)
            for i, weight in enumerate(neuron.weights):
                expected = sum(delta * row[i] for delta, row in zip(deltas, layer.inputs))
                assert weight.grad == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(st.integers(0, 1000))
def test_law_errors_are_those_of_the_equations_of_backpropagation(seed):
    # δ of the last layer = ∂C/∂a · f'(z); of each other = (Wᵀ δ of the next) · f'(z)
    model = nn.MLP(2, [3, 2, 1], "tanh", "tanh", seed=seed)
    with nn.observe(model) as layers:
        ((model(XS[0]) - YS[0]) ** 2).backward()
    pulled = [2.0 * (layers[-1].activations[0][0] - YS[0])]
    for layer in reversed(layers):
        expected = [g * (1.0 - math.tanh(z) ** 2) for g, z in zip(pulled, layer.preactivations[0])]
        assert layer.errors[0] == pytest.approx(expected, rel=1e-9, abs=1e-12)
        neurons = layer.module.neurons
        pulled = [sum(n.weights[i].data * d for n, d in zip(neurons, layer.errors[0])) for i in range(layer.module.nin)]


def test_errors_are_zero_before_the_first_sweep_and_those_of_the_last_one_after():
    model = nn.MLP(1, [1], seed=1)
    with nn.observe(model) as layers:
        out = model(2.0)
        loss = (out - 1.0) ** 2
        assert layers[0].errors == [[0.0]]
        loss.backward()
        assert layers[0].errors == [[2.0 * (out.data - 1.0)]]
    loss.backward(3.0)  # after the block as within
    assert layers[0].errors == [[6.0 * (out.data - 1.0)]]


def test_each_sample_may_have_a_loss_of_its_own():
    model = nn.MLP(2, [2, 1], "tanh", seed=1)
    with nn.observe(model) as layers:
        for x, y in zip(XS, YS):
            nn.mean_squared_error(model(x), y).backward()
    apart = layers[0].errors
    with nn.observe(model) as layers:
        (sum(nn.mean_squared_error(model(x), y) for x, y in zip(XS, YS))).backward()
    assert apart == [pytest.approx(row, rel=1e-12) for row in layers[0].errors]


def test_the_values_themselves_are_there_too():
    model, x = nn.MLP(2, [2, 1], "tanh", seed=1), Value(0.5)
    with nn.observe(model) as layers:
        out = model([x, 2.0])
    (first,), (last,) = (layer.responses for layer in layers)
    assert first.inputs[0] is x
    assert last.activations[0] is last.preactivations[0] is out
    assert [a.operands[0] for a in first.activations] == first.preactivations


# ── models of other makes ────────────────────────────────────────────────────────────────────────────────────────────


class MicrogradNeuron(nn.Module):
    """As in micrograd: a sum of products, node by node."""

    def __init__(self, start):
        self.w, self.b = [Value(start), Value(-0.5)], Value(0.1)

    def __call__(self, x):
        return amath.tanh(sum((wi * xi for wi, xi in zip(self.w, x)), self.b))


class Ones(nn.Module):
    def __init__(self, neurons):
        self.neurons = neurons

    def __call__(self, x):
        out = [neuron(x) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out


class Sequence(nn.Module):
    def __init__(self, *parts):
        self.parts = list(parts)

    def __call__(self, x):
        for part in self.parts:
            x = part(x)
        return x


def test_neurons_called_side_by_side_are_a_layer():
    first, last = Ones([MicrogradNeuron(0.5), MicrogradNeuron(1.0)]), Ones([MicrogradNeuron(2.0)])
    layers = observed(Sequence(first, last), [1.0, 2.0])
    assert [(layer.name, layer.module) for layer in layers] == [("parts.0", first), ("parts.1", last)]
    assert layers[0].preactivations == [[pytest.approx(0.1 + 0.5 - 1.0), pytest.approx(0.1 + 1.0 - 1.0)]]
    (response,) = layers[0].responses
    assert [z.primitive.name for z in response.preactivations] == ["add", "add"]


def test_a_sequence_within_a_sequence_is_no_layer():
    model = Sequence(Sequence(nn.Layer(2, 3), nn.Layer(3, 2)), Sequence(nn.Layer(2, 2)))
    assert [x.name for x in observed(model, [1.0, 2.0])] == ["parts.0.parts.0", "parts.0.parts.1", "parts.1.parts.0"]


def test_parts_that_read_the_same_are_layers_unless_they_are_neurons():
    class Twins(nn.Module):
        def __init__(self):
            self.one, self.two = nn.MLP(2, [3, 1], seed=1), nn.MLP(2, [3, 1], seed=2)

        def __call__(self, x):
            return self.one(x) + self.two(x)

    names = [layer.name for layer in observed(Twins(), [1.0, 2.0])]
    assert names == ["one.layers.0", "one.layers.1", "two.layers.0", "two.layers.1"]

    class Heads(nn.Module):
        def __init__(self):
            self.policy, self.value = nn.Layer(2, 2, seed=1), nn.Layer(2, 1, seed=2)

        def __call__(self, x):
            return {"policy": self.policy(x), "value": self.value(x)}

    assert [layer.name for layer in observed(Heads(), [1.0, 2.0])] == ["policy", "value"]


def test_a_chain_is_seen_through_what_its_owner_computes_between():
    class Residual(nn.Module):
        def __init__(self):
            self.a, self.b = nn.Neuron(1, "tanh", seed=1), nn.Neuron(1, "tanh", seed=2)

        def __call__(self, x):
            h = x + self.a(x)
            return h + self.b(h * 2.0)

    assert [layer.name for layer in observed(Residual(), 3.0)] == ["a", "b"]


def test_a_layer_that_is_used_again_and_again_responds_again_and_again():
    class Recurrent(nn.Module):
        def __init__(self):
            self.cell = nn.Layer(2, 1, "tanh", seed=1)

        def __call__(self, xs):
            state = 0.0
            for x in xs:
                state = self.cell([x, state])
            return state

    (cell,) = observed(Recurrent(), [1.0, 2.0, 3.0])
    assert [row[0] for row in cell.inputs] == [1.0, 2.0, 3.0]
    assert [row[1] for row in cell.inputs] == [0.0, *(row[0] for row in cell.activations[:2])]


def test_an_activation_with_parameters_is_no_layer():
    class Slope(nn.Module):
        def __init__(self):
            self.below = Value(0.25)

        def __call__(self, x):
            return amath.maximum(x, self.below * x)

    (layer,) = observed(nn.Layer(1, 2, Slope(), seed=1), -1.0)
    assert (layer.name, len(layer.module.neurons)) == ("", 2)
    ((first, second),) = layer.preactivations
    assert layer.activations == [[max(first, 0.25 * first), max(second, 0.25 * second)]]
    assert [first, second] == [-neuron.weights[0].data for neuron in layer.module.neurons]


@pytest.mark.parametrize(
    ("activation", "last"),
    [
        pytest.param(lambda z: z * amath.sigmoid(z), "multiply", id="several nodes, z used twice"),
        pytest.param(lambda z: amath.tanh(z) * Value(2.0), "multiply", id="a constant that is a Value"),
        pytest.param(lambda z: amath.exp(-(z**2.0)), "exp", id="a chain"),
        pytest.param(lambda z: z, "dot", id="none"),
    ],
)
def test_a_preactivation_is_what_the_activation_is_computed_from(activation, last):
    model = nn.Neuron(2, activation, seed=1)
    (layer,) = observed(model, [3.0, 4.0])
    (response,) = layer.responses
    (z,), (a,) = response.preactivations, response.activations
    assert (z.primitive.name, a.primitive.name) == ("dot", last)


def test_where_parameters_come_in_last_the_activation_is_its_own_preactivation():
    class Scaled(nn.Module):
        def __init__(self):
            self.w, self.scale = Value(2.0), Value(3.0)

        def __call__(self, x):
            return self.scale * amath.tanh(self.w * x)

    (layer,) = observed(Scaled(), 0.5)
    assert layer.preactivations == layer.activations == [[3.0 * math.tanh(1.0)]]


def test_a_module_may_return_its_input_or_numbers_without_a_graph():
    class Both(nn.Module):
        def __call__(self, x, *, shift):
            return x, shift, "text", None

    model, x = Both(), Value(2.0)
    with nn.observe(model) as layers:
        model(x, shift=1)
        (3.0 * x).backward()
    (layer,) = layers
    assert layer.inputs == layer.activations == layer.preactivations == [[2.0, 1.0]]
    assert layer.errors == [[3.0, 0.0]]
    assert repr(layer) == "<the model: Both(), called 1 time>"


def test_what_was_computed_before_the_call_is_no_preactivation():
    class Gate(nn.Module):
        def __call__(self, x):
            return x * memory

    memory = amath.exp(Value(1.0)) * 2.0
    (layer,) = observed(Gate(), 1.0)
    assert layer.preactivations == layer.activations


def test_an_input_that_can_be_read_only_once_is_left_to_the_model():
    model = nn.MLP(2, [2, 1], seed=1)
    first, _ = observed(model, (x for x in XS[0]))
    assert (first.inputs, first.activations) == ([XS[0]], observed(model, XS[0])[0].activations)
    assert list(numbers_in(x for x in XS[0])) == []


def test_parts_of_a_model_may_be_called_on_their_own():
    model = nn.MLP(2, [2, 1], seed=1)
    with nn.observe(model) as layers:
        model.layers[1]([1.0, 2.0])
        model.layers[0].neurons[1]([1.0, 2.0])
    assert [layer.name for layer in layers] == ["layers.1", "layers.0.neurons.1"]


def test_a_module_may_call_what_it_inherits():
    class Loud(nn.Layer):
        def __call__(self, x):
            return super().__call__(x)

    (layer,) = observed(Sequence(Loud(2, 3, seed=1)), [1.0, 2.0])
    assert (layer.name, len(layer.responses)) == ("parts.0", 1)


# ── observing leaves no trace ────────────────────────────────────────────────────────────────────────────────────────


def test_classes_have_their_own_calls_afterwards():
    before = nn.MLP.__call__, nn.Layer.__call__
    model = nn.MLP(2, [2, 1], seed=1)
    with nn.observe(model) as layers, nn.observe(model.layers[0]):
        assert nn.Layer.__call__ is not before[1]
        assert nn.Layer.__call__.__doc__ == before[1].__doc__
        assert "__call__" not in vars(nn.Module)
    assert before == (nn.MLP.__call__, nn.Layer.__call__)
    model(XS[0])
    assert layers == []


def test_several_may_observe_and_end_in_any_order():
    before, model = nn.Layer.__call__, nn.Layer(2, 1, seed=1)
    one, two = nn.observe(model), nn.observe(model)
    first, second = one.__enter__(), two.__enter__()
    model(XS[0])
    one.__exit__()
    model(XS[1])
    two.__exit__()
    assert nn.Layer.__call__ is before
    assert [len(layers[0].responses) for layers in (first, second)] == [1, 2]


def test_an_observation_may_go_on_later():
    model = nn.Layer(2, 1, seed=1)
    observation = nn.observe(model)
    with observation:
        model(XS[0])
    model(XS[1])
    with observation as layers:
        model(XS[2])
    assert layers[0].inputs == [XS[0], XS[2]]


def test_other_models_are_not_observed():
    model, other = nn.MLP(2, [2, 1], seed=1), nn.MLP(2, [2, 1], seed=2)
    with nn.observe(model) as layers:
        other(XS[0])
    assert layers == []


def test_other_threads_are_not_observed():
    model = nn.Layer(2, 1, seed=1)
    with nn.observe(model) as layers:
        thread = threading.Thread(target=contextvars.Context().run, args=(model, XS[0]))
        thread.start()
        thread.join()
    assert layers == []


def test_a_call_that_fails_is_not_recorded_and_the_next_one_is():
    model = nn.MLP(2, [2, 1], seed=1)
    with nn.observe(model) as layers:
        with pytest.raises(ArgumentError):
            model([1.0])
        model(XS[0])
    assert layers[0].inputs == [XS[0]]
    assert [len(layer.responses) for layer in layers] == [1, 1]


def test_an_error_in_the_block_ends_the_observation():
    before, model = nn.Layer.__call__, nn.Layer(2, 1)
    with pytest.raises(KeyError), nn.observe(model):
        raise KeyError
    assert nn.Layer.__call__ is before


def test_what_is_computed_is_the_same():
    model = nn.MLP(2, [4, 1], "gelu", seed=1)
    alone = model(XS[0]).data
    with nn.observe(model):
        assert model(XS[0]).data == alone


@pytest.mark.parametrize(("thing", "shown"), [(None, "None (NoneType)"), ([], "[] (list)")])
def test_only_modules_can_be_observed(thing, shown):
    with pytest.raises(ArgumentError) as error:
        nn.observe(thing)
    assert str(error.value) == f"observe: got {shown}; expected a Module, such as MLP(2, [3, 1])"
