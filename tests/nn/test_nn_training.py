"""All parts together learn: small tasks, each with a fixed seed and a target."""

import math
import random

import pytest

import nn


def train(model, optimizer, loss, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        cost = loss(model)
        cost.backward()
        optimizer.step()
    return cost.data


def test_a_neuron_learns_a_line():
    xs = [i / 10 for i in range(-10, 11)]
    model = nn.Neuron(1, "linear", seed=1)
    optimizer = nn.SGD(model.parameters(), learning_rate=0.3, momentum=0.5)
    train(model, optimizer, lambda m: nn.mean_squared_error(map(m, xs), [2.0 * x - 1.0 for x in xs]), 200)
    assert [p.data for p in model.parameters()] == pytest.approx([2.0, -1.0], abs=1e-9)


XOR = [[0, 0], [0, 1], [1, 0], [1, 1]]


@pytest.mark.parametrize("activation", [name for name in nn.ACTIVATIONS if name != "linear"])
def test_a_perceptron_learns_exclusive_or(activation):
    model = nn.MLP(2, [8, 1], activation, seed=3)
    optimizer = nn.Adam(model.parameters(), learning_rate=0.1)
    cost = train(model, optimizer, lambda m: nn.binary_cross_entropy(map(m, XOR), [0, 1, 1, 0]), 200)
    assert cost < 0.05
    assert [model(x).data > 0 for x in XOR] == [False, True, True, False]


def test_a_line_alone_cannot_learn_exclusive_or():
    model = nn.MLP(2, [8, 1], "linear", seed=3)
    optimizer = nn.Adam(model.parameters(), learning_rate=0.1)
    assert train(model, optimizer, lambda m: nn.binary_cross_entropy(map(m, XOR), [0, 1, 1, 0]), 200) > 0.69


def direction(source):
    angle = source.uniform(0.0, math.tau)
    return math.cos(angle), math.sin(angle)


def test_a_perceptron_learns_a_circle_as_in_micrograd():
    source = random.Random(1)
    labels = [1, -1] * 15
    points = [[radius * c for c in direction(source)] for radius in [0.4, 0.9] * 15]
    model = nn.MLP(2, [8, 8, 1], seed=1)
    optimizer = nn.SGD(model.parameters(), learning_rate=0.1, momentum=0.9)
    train(
        model,
        optimizer,
        lambda m: nn.max_margin([m(point) for point in points], labels) + 1e-4 * nn.l2(m.parameters()),
        60,
    )
    assert [1 if model(point).data > 0 else -1 for point in points] == labels


def test_a_perceptron_learns_three_classes():
    source = random.Random(1)
    centres = [(0.0, 1.0), (1.0, -1.0), (-1.0, -1.0)]
    classes = [i % 3 for i in range(30)]
    points = [[source.gauss(x, 0.2), source.gauss(y, 0.2)] for x, y in (centres[k] for k in classes)]
    model = nn.MLP(2, [6, 3], "tanh", seed=1)
    optimizer = nn.Adam(model.parameters(), learning_rate=0.1)
    cost = train(model, optimizer, lambda m: nn.cross_entropy([m(point) for point in points], classes), 60)
    assert cost < 0.02
    for point, k in zip(points, classes):
        logits = [logit.data for logit in model(point)]
        assert logits.index(max(logits)) == k


def test_an_l1_penalty_silences_what_is_not_needed():
    xs = [[a / 2, b / 2] for a in range(-2, 3) for b in range(-2, 3)]
    model = nn.Neuron(2, "linear", seed=1)
    optimizer = nn.SGD(model.parameters(), learning_rate=0.05)
    train(
        model,
        optimizer,
        lambda m: nn.mean_squared_error(map(m, xs), [3.0 * a for a, _ in xs]) + 0.01 * nn.l1(m.weights),
        300,
    )
    needed, not_needed = model.weights
    assert needed.data == pytest.approx(3.0, abs=0.05)
    assert abs(not_needed.data) < 0.001


def test_the_same_seed_trains_to_the_same_network():
    def trained(seed):
        model = nn.MLP(2, [3, 1], seed=seed)
        train(model, nn.Adam(model.parameters()), lambda m: nn.max_margin(map(m, XOR), [-1, 1, 1, -1]), 3)
        return [p.data for p in model.parameters()]

    assert trained(5) == trained(5)
    assert trained(5) != trained(6)
