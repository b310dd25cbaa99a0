"""Modules find their parameters: all of them, each once, in a stable order, under names that lead to them."""

import copy
import pickle
from functools import reduce

import numpy as np
import pytest
from hypothesis import given, strategies as st

import nn
from autograd import Value
from autograd.errors import ArgumentError


class Part(nn.Module):
    """A module with the given attributes."""

    def __init__(self, **attributes):
        for name, thing in attributes.items():
            setattr(self, name, thing)


def names(module):
    return [name for name, _ in module.named_parameters()]


def same(found, expected):
    return [id(x) for x in found] == [id(x) for x in expected]


def test_the_parameters_of_a_perceptron_are_each_neurons_weights_then_its_bias():
    assert names(nn.MLP(2, [3, 1])) == [
        "layers.0.neurons.0.weights.0",
        "layers.0.neurons.0.weights.1",
        "layers.0.neurons.0.bias",
        "layers.0.neurons.1.weights.0",
        "layers.0.neurons.1.weights.1",
        "layers.0.neurons.1.bias",
        "layers.0.neurons.2.weights.0",
        "layers.0.neurons.2.weights.1",
        "layers.0.neurons.2.bias",
        "layers.1.neurons.0.weights.0",
        "layers.1.neurons.0.weights.1",
        "layers.1.neurons.0.weights.2",
        "layers.1.neurons.0.bias",
    ]


def test_parameters_come_in_the_order_of_their_definition():
    module = Part(z=Value(1.0), a=Value(2.0), m=Part(y=Value(3.0), b=Value(4.0)), c=Value(5.0))
    assert names(module) == ["z", "a", "m.y", "m.b", "c"]
    assert [p.data for p in module.parameters()] == [1.0, 2.0, 3.0, 4.0, 5.0]


@pytest.mark.parametrize(
    ("things", "expected"),
    [
        ([Value(1.0), Value(2.0)], ["things.0", "things.1"]),
        ((Value(1.0), (Value(2.0), 3.0)), ["things.0", "things.1.0"]),
        ({"slope": Value(1.0), 7: [Value(2.0)]}, ["things.slope", "things.7.0"]),
        ([Part(w=Value(1.0)), {"inner": Part(w=Value(2.0))}], ["things.0.w", "things.1.inner.w"]),
        (np.array([[Value(1.0), 2.0], [3.0, Value(4.0)]]), ["things.0.0", "things.1.1"]),
    ],
    ids=["list", "tuple", "dict", "modules", "array of objects"],
)
def test_parameters_are_found_inside(things, expected):
    assert names(Part(things=things)) == expected


@pytest.mark.parametrize(
    "thing",
    [
        pytest.param(Value(2.0) * 3.0, id="a computed Value"),
        pytest.param(2.0, id="a number"),
        pytest.param("weights", id="a text"),
        pytest.param(None, id="None"),
        pytest.param(np.ones(3), id="an array of numbers"),
        pytest.param(np.array(None), id="an array of no dimensions"),
    ],
)
def test_no_parameter_is(thing):
    module = Part(thing=thing, things=[thing])
    assert module.parameters() == []
    assert repr(module) == "Part()"


def test_only_attributes_of_the_instance_count():
    class Shared(nn.Module):
        constant = Value(1.0)

    assert Shared().parameters() == []


def test_a_shared_parameter_counts_once_under_its_first_name():
    shared = Value(1.0)
    module = Part(first=shared, again=[shared, Value(1.0)], inner=Part(tied=shared))
    assert names(module) == ["first", "again.1"]


def test_a_shared_module_counts_once_under_its_first_name():
    inner = Part(w=Value(1.0))
    assert names(Part(encoder=inner, decoder=inner)) == ["encoder.w"]


def test_equal_numbers_are_different_parameters():
    module = Part(weights=[Value(0.0) for _ in range(5)])
    assert len(module.parameters()) == 5


def test_modules_that_contain_each_other_are_walked_once():
    parent, child, loop = Part(w=Value(1.0)), Part(v=Value(2.0)), [Value(3.0)]
    loop.append(loop)
    parent.child, child.parent, parent.loop = child, parent, loop
    assert names(parent) == ["w", "child.v", "loop.0"]
    assert names(child) == ["v", "parent.w", "parent.loop.0"]


def test_nesting_may_be_deeper_than_the_recursion_limit():
    weight = Value(1.0)
    nested = reduce(lambda inner, _: [inner], range(3000), weight)
    assert same(Part(nested=nested).parameters(), [weight])


trees = st.recursive(
    st.floats(-9, 9).map(Value) | st.floats(-9, 9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.sampled_from("abc"), inner)
        | st.dictionaries(st.sampled_from("xyz"), inner).map(lambda attributes: Part(**attributes))
    ),
    max_leaves=20,
)


def leaves(thing):
    if isinstance(thing, Value):
        return [thing]
    if isinstance(thing, nn.Module):
        return leaves(vars(thing))
    inside = thing.values() if isinstance(thing, dict) else thing if isinstance(thing, (list, tuple)) else ()
    return [leaf for part in inside for leaf in leaves(part)]


def follow(thing, key):
    if isinstance(thing, nn.Module):
        return getattr(thing, key)
    return thing[key] if isinstance(thing, dict) else thing[int(key)]


@given(trees)
def test_law_all_leaves_are_found_in_depth_first_order(tree):
    assert same(Part(tree=tree).parameters(), leaves(tree))


@given(trees)
def test_law_a_name_leads_to_its_parameter(tree):
    module = Part(tree=tree)
    for name, parameter in module.named_parameters():
        assert reduce(follow, name.split("."), module) is parameter


def test_zero_grad_clears_every_gradient():
    model = nn.MLP(2, [3, 1], seed=1)
    model([1.0, 2.0]).backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert [p.grad for p in model.parameters()] == [0.0] * 13


def test_train_and_eval_reach_all_modules_and_return_the_module():
    model = Part(parts=[nn.MLP(2, [3, 1])], named={"head": nn.Layer(1, 1)})
    neuron, head = model.parts[0].layers[0].neurons[2], model.named["head"]
    assert (model.training, neuron.training, head.training) == (True, True, True)
    assert model.eval() is model
    assert (model.training, neuron.training, head.training) == (False, False, False)
    assert model.train() is model
    assert (model.training, neuron.training, head.training) == (True, True, True)
    assert model.train(False).training is False


def test_train_refuses_what_is_no_bool_and_changes_nothing():
    module = Part().eval()
    with pytest.raises(ArgumentError) as error:
        module.train("yes")
    assert str(error.value) == "train: got 'yes' (str); expected True or False"
    assert module.training is False


def test_repr_shows_the_modules_inside_and_counts_other_parameters():
    scale, tree = Value(1.0), {"a": Value(1.0), "b": [Value(2.0)]}
    model = Part(encoder=nn.MLP(2, [16, 1]), size=3, scale=scale, tree=tree, heads=[nn.Layer(1, 2), nn.Neuron(1)])
    model.inner = Part(w=Value(0.0))
    assert repr(model) == (
        "Part(\n"
        "    encoder: MLP(2, [16, 1], 'relu', 'linear')\n"
        "    scale: 1 parameter\n"
        "    tree: 2 parameters\n"
        "    heads: [Layer(1, 2, 'relu'), Neuron(1, 'relu')]\n"
        "    inner: Part(\n"
        "        w: 1 parameter\n"
        "    )\n"
        ")"
    )


def test_repr_of_modules_that_contain_each_other_ends():
    parent, child = Part(), Part()
    parent.child, child.parent = child, parent
    assert repr(parent) == "Part(\n    child: Part(\n        parent: ...\n    )\n)"


COPIES = [
    pytest.param(copy.deepcopy, id="deepcopy"),
    pytest.param(lambda thing: pickle.loads(pickle.dumps(thing)), id="pickle"),
]


@pytest.mark.parametrize("copied", COPIES)
def test_a_copied_model_is_complete_and_independent(copied):
    model = nn.MLP(2, [3, 1], "tanh", "sigmoid", seed=1)
    twin = copied(model)
    assert repr(twin) == repr(model)
    assert names(twin) == names(model)
    assert twin([0.5, -1.0]).data == model([0.5, -1.0]).data
    before = [p.data for p in model.parameters()]
    for parameter in twin.parameters():
        parameter.data += 1.0
    assert [p.data for p in model.parameters()] == before
    assert twin([0.5, -1.0]).data != model([0.5, -1.0]).data


@pytest.mark.parametrize("copied", COPIES)
def test_what_is_shared_stays_shared_in_a_copy(copied):
    shared = Value(1.0)
    twin = copied(Part(first=shared, second=[shared]))
    assert twin.first is twin.second[0]
    assert twin.first is not shared
