"""Optimizers take the steps that their papers say, and refuse what would make no sense before anything has changed."""

import copy
import pickle

import mpmath
import pytest
from hypothesis import given, strategies as st

import nn
from autograd import Value
from autograd.errors import ArgumentError

gradients = st.lists(st.floats(-100.0, 100.0), min_size=1, max_size=8)


def path(optimizer, gradients):
    """Where the first parameter is after each step along the gradients."""
    (parameter,) = optimizer.parameters
    places = []
    for gradient in gradients:
        parameter.grad = gradient
        optimizer.step()
        places.append(parameter.data)
    return places


# ── gradient descent ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_sgd_by_hand():
    assert path(nn.SGD([Value(1.0)], learning_rate=0.25), [4.0, -2.0, 0.0]) == [0.0, 0.5, 0.5]


def test_momentum_by_hand():
    #   v = 4, then 0.5·4 - 2 = 0, then 0.5·0 + 8 = 8, then 0.5·8 + 0 = 4
    optimizer = nn.SGD([Value(1.0)], learning_rate=0.25, momentum=0.5)
    assert path(optimizer, [4.0, -2.0, 8.0, 0.0]) == [0.0, 0.0, -2.0, -3.0]
    assert optimizer.velocities == [4.0]


def test_nesterov_by_hand():
    #   v as above; the steps are 4 + 0.5·4 = 6, -2 + 0.5·0 = -2, 8 + 0.5·8 = 12
    optimizer = nn.SGD([Value(1.0)], learning_rate=0.25, momentum=0.5, nesterov=True)
    assert path(optimizer, [4.0, -2.0, 8.0]) == [-0.5, 0.0, -3.0]


@given(gradients, st.floats(0.0, 0.99), st.booleans())
def test_law_the_velocity_is_the_fading_sum_of_all_gradients(gradients, momentum, nesterov):
    def velocity(t):
        return sum(momentum ** (t - k) * gradients[k] for k in range(t + 1))

    place, expected = 3.0, []
    for t, gradient in enumerate(gradients):
        place -= 0.1 * (gradient + momentum * velocity(t) if nesterov else velocity(t))
        expected.append(place)
    optimizer = nn.SGD([Value(3.0)], 0.1, momentum, nesterov=nesterov)
    assert path(optimizer, gradients) == pytest.approx(expected, rel=1e-12, abs=1e-10)


def test_sgd_goes_down_a_parabola():
    x = Value(5.0)
    optimizer = nn.SGD([x], learning_rate=0.1, momentum=0.5)
    for _ in range(200):
        ((x - 2.0) ** 2).backward()
        optimizer.step()
        optimizer.zero_grad()
    assert x.data == pytest.approx(2.0, abs=1e-12)


# ── Adam ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def exact_adam(start, gradients, rate, beta1, beta2, epsilon):
    """Where Kingma and Ba's algorithm 1 goes, from sums over all gradients in high precision."""
    place, places = mpmath.mpf(start), []
    for t in range(1, len(gradients) + 1):
        m = sum((1 - mpmath.mpf(beta1)) * mpmath.mpf(beta1) ** (t - k) * g for k, g in enumerate(gradients[:t], 1))
        v = sum((1 - mpmath.mpf(beta2)) * mpmath.mpf(beta2) ** (t - k) * g**2 for k, g in enumerate(gradients[:t], 1))
        m_hat, v_hat = m / (1 - mpmath.mpf(beta1) ** t), v / (1 - mpmath.mpf(beta2) ** t)
        place -= rate * m_hat / (mpmath.sqrt(v_hat) + epsilon)
        places.append(float(place))
    return places


def test_adam_by_hand():
    #   step 1: m = 2, v = 12; corrected 4 and 16;             direction 4 / (4 + 4) = 1/2
    #   step 2: m = 0, v = 3;  corrected 0 and 3.2;            direction 0
    optimizer = nn.Adam([Value(1.0)], learning_rate=0.5, betas=(0.5, 0.25), epsilon=4.0)
    assert path(optimizer, [4.0, -2.0]) == [0.75, 0.75]
    assert (optimizer.means, optimizer.squares, optimizer.steps) == ([0.0], [6.0], 2)


@given(gradients, st.floats(0.0, 0.99), st.floats(0.5, 0.9999))
def test_law_adam_is_algorithm_1(gradients, beta1, beta2):
    found = path(nn.Adam([Value(1.0)], 0.1, (beta1, beta2), 1e-3), gradients)
    assert found == pytest.approx(exact_adam(1.0, gradients, 0.1, beta1, beta2, 1e-3), rel=1e-9, abs=1e-9)


def test_the_defaults_of_adam_are_those_of_the_paper():
    found = path(nn.Adam([Value(1.0)]), [3.0, -0.5, 2.0])
    assert found == pytest.approx(exact_adam(1.0, [3.0, -0.5, 2.0], 0.001, 0.9, 0.999, 1e-8), rel=1e-14)


@given(st.floats(1e-3, 1e6))
def test_law_adams_first_step_is_the_learning_rate_whatever_the_gradient(gradient):
    assert path(nn.Adam([Value(1.0)], 0.25), [gradient]) == pytest.approx([0.75], rel=1e-5)


def test_adam_without_memory_goes_by_the_sign():
    assert path(nn.Adam([Value(1.0)], 0.25, (0.0, 0.0)), [4.0, -0.5]) == pytest.approx([0.75, 1.0], rel=1e-7)


def test_adam_without_gradients_stays():
    assert path(nn.Adam([Value(1.0)], 0.25), [0.0, 0.0]) == [1.0, 1.0]


def test_adam_goes_down_a_narrow_valley():
    x, y = Value(3.0), Value(-2.0)
    optimizer = nn.Adam([x, y], learning_rate=0.1)
    for _ in range(1500):
        (1000.0 * (x - 1.0) ** 2 + 0.01 * (y - 1.0) ** 2).backward()
        optimizer.step()
        optimizer.zero_grad()
    assert (x.data, y.data) == (pytest.approx(1.0, abs=1e-3), pytest.approx(1.0, abs=1e-3))


# ── what all share ───────────────────────────────────────────────────────────────────────────────────────────────────

OPTIMIZERS = [
    pytest.param(lambda parameters: nn.SGD(parameters, 0.1, 0.9), id="SGD"),
    pytest.param(lambda parameters: nn.SGD(parameters, 0.1, 0.9, nesterov=True), id="Nesterov"),
    pytest.param(lambda parameters: nn.Adam(parameters, 0.1), id="Adam"),
]


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_every_parameter_goes_its_own_way(make):
    together, alone = [Value(1.0), Value(-2.0)], [Value(1.0), Value(-2.0)]
    optimizers = [make(together), make(alone[:1]), make(alone[1:])]
    for gradients in [(1.0, -3.0), (0.5, 0.0), (0.25, 7.0)]:
        for parameters in (together, alone):
            for parameter, gradient in zip(parameters, gradients):
                parameter.grad = gradient
        for optimizer in optimizers:
            optimizer.step()
    assert [p.data for p in together] == [p.data for p in alone]


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_a_parameter_given_twice_takes_one_step(make):
    x, y, equal = Value(1.0), Value(1.0), Value(1.0)
    optimizer = make([x, x, equal])
    assert [id(p) for p in optimizer.parameters] == [id(x), id(equal)]
    x.grad = y.grad = 2.0
    optimizer.step()
    make([y]).step()
    assert x.data == y.data != equal.data


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_zero_grad_clears_the_gradients_and_moves_nothing(make):
    x = Value(1.0)
    optimizer = make(p for p in [x])
    (3.0 * x).backward()
    optimizer.zero_grad()
    assert (x.data, x.grad) == (1.0, 0.0)


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_a_changed_learning_rate_acts_at_once(make):
    changed, constant = make([Value(0.0)]), make([Value(0.0)])
    assert path(changed, [1.0]) == path(constant, [1.0])
    start, changed.learning_rate = changed.parameters[0].data, 0.4
    assert path(changed, [1.0])[0] - start == pytest.approx(4.0 * (path(constant, [1.0])[0] - start))
    changed.learning_rate = 0
    start = changed.parameters[0].data
    assert path(changed, [1.0]) == [start]


@pytest.mark.parametrize("make", OPTIMIZERS)
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])
def test_training_goes_on_in_a_copy(make, copied):
    model = nn.Neuron(2, "tanh", seed=1)
    optimizer = make(model.parameters())

    def train(model, optimizer):
        model([1.0, 2.0]).backward()
        optimizer.step()
        return [p.data for p in model.parameters()]

    train(model, optimizer)
    other_model, other_optimizer = copied((model, optimizer))
    assert train(other_model, other_optimizer) == train(model, optimizer)


def test_an_optimizer_of_ones_own_says_where_to_go():
    class SignDescent(nn.Optimizer):
        def next_directions(self):
            return [(p.grad > 0) - (p.grad < 0) for p in self.parameters]

    assert path(SignDescent([Value(1.0)], 0.25), [100.0, -0.01, 0.0]) == [0.75, 1.0, 1.0]


# ── bad input ────────────────────────────────────────────────────────────────────────────────────────────────────────

LEAF, LIST = "expected a leaf, made with Value(...)", "expected a list of Values, such as model.parameters()"
RATE, BELOW_1 = "expected a finite number from 0 on", "expected a number from 0 to below 1"
TWO, POSITIVE = "expected two numbers, such as (0.9, 0.999)", "expected a positive finite number"


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: nn.SGD([], 0.1), f"SGD: got no parameters; {LIST}"),
        (lambda: nn.Adam(iter([])), f"Adam: got no parameters; {LIST}"),
        (lambda: nn.SGD(nn.Neuron(2), 0.1), f"SGD: got Neuron(2, 'relu') (Neuron); {LIST}"),
        (lambda: nn.Adam(Value(1.0)), f"Adam: got Value(data=1.0, grad=0.0) (Value); {LIST}"),
        (lambda: nn.SGD([Value(1.0), 2.0], 0.1), f"SGD: parameters[1]: got 2.0 (float); {LEAF}"),
        (lambda: nn.Adam([Value(1.0) * 2.0]),
         f"Adam: parameters[0]: got Value(data=2.0, grad=0.0) (Value), which was computed; {LEAF}"),
        (lambda: nn.SGD([Value(1.0)], -0.1), f"SGD: learning_rate: got -0.1 (float); {RATE}"),
        (lambda: nn.SGD([Value(1.0)], "0.1"), f"SGD: learning_rate: got '0.1' (str); {RATE}"),
        (lambda: nn.Adam([Value(1.0)], float("nan")), f"Adam: learning_rate: got nan (float); {RATE}"),
        (lambda: nn.Adam([Value(1.0)], float("inf")), f"Adam: learning_rate: got inf (float); {RATE}"),
        (lambda: nn.Adam([Value(1.0)], Value(0.1)),
         f"Adam: learning_rate: got Value(data=0.1, grad=0.0) (Value); {RATE}"),
        (lambda: nn.SGD([Value(1.0)], 0.1, momentum=1), f"SGD: momentum: got 1 (int); {BELOW_1}"),
        (lambda: nn.SGD([Value(1.0)], 0.1, momentum=-0.5), f"SGD: momentum: got -0.5 (float); {BELOW_1}"),
        (lambda: nn.Adam([Value(1.0)], betas=(1.0, 0.9)), f"Adam: beta1: got 1.0 (float); {BELOW_1}"),
        (lambda: nn.Adam([Value(1.0)], betas=(0.9, -1)), f"Adam: beta2: got -1 (int); {BELOW_1}"),
        (lambda: nn.Adam([Value(1.0)], betas=0.9), f"Adam: betas: got 0.9 (float); {TWO}"),
        (lambda: nn.Adam([Value(1.0)], betas=(0.9,)), f"Adam: betas: got (0.9,) (tuple); {TWO}"),
        (lambda: nn.Adam([Value(1.0)], betas=(0.9, 1.0)), f"Adam: beta2: got 1.0 (float); {BELOW_1}"),
        (lambda: nn.Adam([Value(1.0)], epsilon=float("inf")), f"Adam: epsilon: got inf (float); {POSITIVE}"),
        (lambda: nn.Adam([Value(1.0)], epsilon=0.0), f"Adam: epsilon: got 0.0 (float); {POSITIVE}"),
        (lambda: nn.Adam([Value(1.0)], epsilon=None), f"Adam: epsilon: got None (NoneType); {POSITIVE}"),
    ],
)  # fmt: skip
def test_impossible_optimizers_are_refused(make, text):
    with pytest.raises(ArgumentError) as error:
        make()
    assert str(error.value) == text


def test_a_setting_that_is_refused_leaves_the_old_one():
    optimizer = nn.Adam([Value(1.0)], learning_rate=0.1)
    settings = {"learning_rate": -1.0, "beta1": 1.0, "beta2": 2.0, "epsilon": 0.0}
    before = dict(vars(optimizer))
    for name, number in settings.items():
        with pytest.raises(ArgumentError):
            setattr(optimizer, name, number)
    assert vars(optimizer) == before
