"""The diagram of a network shows its neurons in columns, and a line for each weight, as its numbers are."""

import math
import re

import pytest

import nn
from autograd import math as amath
from autograd.errors import ArgumentError


@pytest.fixture
def model():
    return nn.MLP(2, [3, 1], "tanh", seed=0)


@pytest.fixture
def layers(model):
    with nn.observe(model) as layers:
        for x in ([0.5, -1.0], [2.0, 3.0]):
            model(x).backward()
    return layers


def neurons(drawing):
    return [node for node in drawing.picture.nodes if node.kind == "neuron"]


def lines(drawing):
    return {(edge.tail, edge.head): edge for edge in drawing.picture.edges}


# ── what is shown ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_neurons_stand_in_columns_below_the_names_of_their_layers(model):
    nodes = nn.draw_network(model).picture.nodes
    headings, inputs, rest = nodes[:3], nodes[3:5], nodes[5:]
    assert [node.lines for node in headings] == [
        ("inputs",),
        ("layers.0", "Layer(2, 3, 'tanh')"),
        ("layers.1", "Layer(3, 1, 'linear')"),
    ]
    assert [(node.title, node.kind) for node in inputs] == [("x0", "leaf"), ("x1", "leaf")]
    columns = [node.at[0] for node in (*headings, *inputs, *rest)]
    assert columns == [0.0, 2.6, 5.2, 0.0, 0.0, 2.6, 2.6, 2.6, 5.2]
    assert [node.at[1] for node in rest] == pytest.approx([0.86, 0.0, -0.86, 0.0])
    assert min(node.at[1] for node in headings) > 0.86


def test_every_weight_is_a_line_with_its_sign_and_size(model):
    found = lines(nn.draw_network(model))
    weights = {
        (f"n{column}_{i}", f"n{column + 1}_{j}"): weight
        for column, layer in enumerate(model.layers)
        for j, neuron in enumerate(layer.neurons)
        for i, weight in enumerate(neuron.weights)
    }
    most = max(abs(weight.data) for weight in weights.values())
    assert found.keys() == weights.keys()
    for place, weight in weights.items():
        assert found[place].sign == math.copysign(1.0, weight.data)
        assert found[place].weight == pytest.approx(abs(weight.data) / most)
        assert found[place].hint == f"weight = {weight.data!r}, grad = {weight.grad!r}"


def test_neurons_show_their_bias(model):
    model.layers[0].neurons[1].bias.data = -0.25
    model.layers[1].neurons[0].bias.data = 1.0
    shown = neurons(nn.draw_network(model))
    assert [node.lines for node in shown] == [("b 0",), ("b -0.25",), ("b 0",), ("b 1",)]
    assert [node.tint for node in shown] == [0.0, -0.5, 0.0, 1.0]
    assert shown[1].hint == "b = -0.25"


def test_gradients_are_shown_on_request(model):
    model([0.5, -1.0]).backward()
    drawing = nn.draw_network(model, show="gradients")
    biases = [neuron.bias.grad for layer in model.layers for neuron in layer.neurons]
    assert [node.lines for node in neurons(drawing)] == [(f"∂b {grad:.3g}",) for grad in biases]
    edge, weight = lines(drawing)["n0_0", "n1_0"], model.layers[0].neurons[0].weights[0]
    assert edge.sign == math.copysign(1.0, weight.grad)


def test_an_observed_network_shows_activations_and_errors(model, layers):
    for show in ("weights", "gradients"):
        shown = neurons(nn.draw_network(model, layers=layers, show=show))
        for node, a, delta in zip(shown, layers[0].activations[1], layers[0].errors[1]):
            assert node.lines == (f"a {a:.3g}", f"δ {delta:.3g}")
            assert math.copysign(1.0, node.tint) == math.copysign(1.0, delta if show == "gradients" else a)
        assert shown[0].hint.startswith(f"z = {layers[0].preactivations[1][0]!r}, a = ")


def test_the_call_may_be_chosen(model, layers):
    first, last = nn.draw_network(model, layers=layers, call=0), nn.draw_network(model, layers=layers)
    assert [node.lines for node in first.picture.nodes[3:5]] == [("0.5",), ("-1",)]
    assert [node.lines for node in last.picture.nodes[3:5]] == [("2",), ("3",)]


def test_a_neuron_that_does_not_learn_is_grey_once_there_are_gradients():
    model = nn.Layer(1, 2, "relu", seed=1)
    for neuron, weight in zip(model.neurons, (1.0, -1.0)):
        neuron.weights[0].data = weight
    assert [node.state for node in neurons(nn.draw_network(model))] == ["", ""]
    amath.fsum(model(2.0)).backward()
    assert [node.state for node in neurons(nn.draw_network(model))] == ["", "dead"]


@pytest.mark.parametrize("spoil", ["data", "grad"])
def test_a_neuron_with_a_number_that_is_not_finite_is_flagged(model, spoil):
    setattr(model.layers[0].neurons[2].weights[1], spoil, math.nan)
    drawing = nn.draw_network(model)
    assert [node.state for node in neurons(drawing)][2] == "flagged"
    assert lines(drawing)["n0_0", "n1_0"].weight > 0.0


def test_the_middle_of_a_large_layer_is_left_out():
    drawing = nn.draw_network(nn.MLP(2, [9, 1]), max_neurons=5)
    names = [node.name for node in neurons(drawing)]
    assert names == ["n1_0", "n1_1", "n1_2", "n1_7", "n1_8", "n2_0"]
    (gap,) = [node for node in drawing.picture.nodes if node.name.startswith("gap")]
    assert (gap.title, gap.at) == ("⋮ 4 more", (2.6, pytest.approx(-0.5 * 0.86)))
    assert len(drawing.picture.edges) == 2 * 5 + 5


def test_columns_of_many_neurons_are_further_apart():
    def distance(width):
        return neurons(nn.draw_network(nn.Layer(1, width)))[0].at[0]

    assert distance(3) == distance(8) < distance(16)


def test_a_layer_alone_is_a_network():
    drawing = nn.draw_network(nn.Layer(2, 1))
    assert drawing.picture.nodes[1].lines == ("Layer(2, 1, 'relu')",)


# ── how it is drawn ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_graphviz_leaves_everything_in_its_place(model):
    drawing = nn.draw_network(model, theme="dark")
    assert "layout=neato" in drawing.source
    assert 'pos="2.6,0.86!"' in drawing.source
    assert drawing.source.count("dir=none") == 9
    assert 'bgcolor="#14191f"' in drawing.source


def test_a_small_weight_is_thin_and_pale(model):
    drawing = nn.draw_network(model)
    widths = dict(re.findall(r"^\t(n\d_\d -> n\d_\d) .* penwidth=([\d.]+)", drawing.source, re.MULTILINE))
    ordered = sorted(drawing.picture.edges, key=lambda edge: edge.weight)
    thin, thick = (float(widths[f"{edge.tail} -> {edge.head}"]) for edge in (ordered[0], ordered[-1]))
    assert 0.4 <= thin < thick == 4.4


def test_weights_are_lines_without_heads_in_mermaid(model):
    assert "    n0_0 --- n1_0" in nn.draw_network(model).to_mermaid().splitlines()


# ── bad input ────────────────────────────────────────────────────────────────────────────────────────────────────────


class Fork(nn.Module):
    def __init__(self):
        self.one, self.two = nn.Layer(2, 3), nn.Layer(2, 3)

    def __repr__(self):
        return "Fork()"


STACK = "expected a model of Layers, each reading the one before, such as MLP(2, [3, 1])"


@pytest.mark.parametrize(
    ("model", "arguments", "text"),
    [
        (3, {}, f"draw_network: got 3 (int); {STACK}"),
        (nn.Neuron(2), {}, f"draw_network: got Neuron(2, 'relu') (Neuron); {STACK}"),
        (Fork(), {}, f"draw_network: got Fork() (Fork); {STACK}"),
        (nn.Layer(1, 1), {"show": "data"}, "draw_network: show: got 'data' (str); expected 'weights' or 'gradients'"),
        (nn.Layer(1, 1), {"show": []}, "draw_network: show: got [] (list); expected 'weights' or 'gradients'"),
        (nn.Layer(1, 1), {"theme": "red"}, "draw_network: theme: got 'red' (str); expected 'light' or 'dark'"),
        (nn.Layer(1, 1), {"max_neurons": 0}, "draw_network: max_neurons: got 0 (int); expected a whole number from 1"
                                             " on"),
    ],
)  # fmt: skip
def test_other_arguments_are_refused(model, arguments, text):
    with pytest.raises(ArgumentError) as error:
        nn.draw_network(model, **arguments)
    assert str(error.value) == text


def test_a_call_that_was_not_observed_is_refused(model, layers):
    with pytest.raises(ArgumentError) as error:
        nn.draw_network(model, layers=layers, call=2)
    assert str(error.value) == (
        "draw_network: got call=2, but Layer(2, 3, 'tanh') was observed in 2 calls;"
        " call the model within `with observe(model) as layers:`"
    )
    with pytest.raises(ArgumentError, match=re.escape("Layer(1, 1, 'relu') was observed in 0 calls")):
        nn.draw_network(nn.Layer(1, 1), layers=layers)


def test_drawing_changes_nothing(model, layers):
    before = [(p.data, p.grad, p.label) for p in model.parameters()]
    nn.draw_network(model, layers=layers)
    assert [(p.data, p.grad, p.label) for p in model.parameters()] == before
