"""Arguments and results with structure: what goes in is what comes out, with derivatives in place of numbers."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import FrozenInstanceError, InitVar, dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, strategies as st

from autograd import Value, adjoints, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from autograd.errors import ArgumentError
from autograd.structures import blocks, build, flatten, numbers_only, sketch, unflatten


class Point(NamedTuple):
    x: Any
    y: Any


@dataclass
class Layer:
    weights: Any
    bias: Any = 0.0


@dataclass(frozen=True, slots=True)
class Frozen:
    a: Any
    b: Any


@dataclass
class Box:
    """A dataclass that computes a field from the others."""

    width: Any
    height: Any
    area: Any = field(init=False)

    def __post_init__(self) -> None:
        self.area = self.width * self.height


@dataclass
class Measured:
    """A dataclass that is made with more than its fields."""

    value: float
    unit: InitVar[int]

    def __post_init__(self, unit: int) -> None:
        self.value *= unit


class Pair(list[Any]):
    """A list that is made in a way of its own."""

    def __init__(self, a: Any, b: Any) -> None:
        super().__init__([a, b])


class Row(list[Any]):
    """A list of one's own."""


def same(a: Any, b: Any) -> bool:
    """Equal in values, types and shapes."""
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and a.shape == b.shape and bool((a == b).all())
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if hasattr(a, "__dataclass_fields__"):
        return all(same(getattr(a, name), getattr(b, name)) for name in a.__dataclass_fields__)
    return bool(a == b)


def sum_of_squares(thing: Any) -> Any:
    """Σ k xₖ², k = 1, 2, …, of all numbers in a structure."""
    return sum(k * x * x for k, x in enumerate(flatten(thing, "")[0], 1))


# ── gradients ────────────────────────────────────────────────────────────────────────────────────────────────────────

array = np.array
GRADIENTS: list[tuple[Any, Any]] = [
    # argument, gradient of Σ k xₖ²
    (3.0, 6.0),
    (3, 6.0),
    (Fraction(1, 2), 1.0),
    (np.float32(3.0), 6.0),
    (np.int64(3), 6.0),
    ([1.0, 2.0], [2.0, 8.0]),
    ((1.0, 2.0), (2.0, 8.0)),
    ([[1.0], [], [[2.0], 3]], [[2.0], [], [[8.0], 18.0]]),
    ({"b": 1.0, "a": [2.0, (3.0,)]}, {"b": 2.0, "a": [8.0, (18.0,)]}),
    ({1: 1.0, (2, "x"): 2.0, None: 3.0}, {1: 2.0, (2, "x"): 8.0, None: 18.0}),
    (OrderedDict(b=1.0, a=2.0), OrderedDict(b=2.0, a=8.0)),
    (Point(1.0, [2.0]), Point(2.0, [8.0])),
    (Layer([1.0, 2.0], 3.0), Layer([2.0, 8.0], 18.0)),
    (Frozen(Point(1.0, 2.0), {"c": 3.0}), Frozen(Point(2.0, 8.0), {"c": 18.0})),
    (Row([1.0, 2.0]), Row([2.0, 8.0])),
    (array([1.0, 2.0]), array([2.0, 8.0])),
    (array([1, 2]), array([2.0, 8.0])),
    (array([[1.0, 2.0], [3.0, 4.0]], dtype=np.float32), array([[2.0, 8.0], [18.0, 32.0]])),
    (array([[1.0, 2.0], [3.0, 4.0]]).T, array([[2.0, 12.0], [12.0, 32.0]])),
    (array(3.0), array(6.0)),
    ([array([1.0]), {"a": (2.0, array([[3.0]]))}], [array([2.0]), {"a": (8.0, array([[18.0]]))}]),
    # with nothing in them
    ([], []),
    ((), ()),
    ({}, {}),
    (array([]), array([])),
    (np.ones((2, 0, 3)), np.ones((2, 0, 3))),
]


@pytest.mark.parametrize(("argument", "expected"), GRADIENTS, ids=[repr(argument) for argument, _ in GRADIENTS])
def test_a_gradient_has_the_structure_of_the_argument(argument: Any, expected: Any) -> None:
    assert same(grad(sum_of_squares)(argument), expected)
    value, slopes = value_and_grad(sum_of_squares, argnums=(0,))(argument)
    assert value == sum_of_squares(argument)
    assert same(slopes, (expected,))
    assert same(vjp(sum_of_squares, argument)[1](1.0), (expected,))
    assert same(hvp(sum_of_squares, (argument,), (argument,)), (expected,))  # ∇f = Hx, where f is quadratic
    assert jvp(sum_of_squares, (argument,), (argument,)) == (value, 2 * value)


def test_a_default_dict_is_still_one_inside_the_function() -> None:
    weights = defaultdict(lambda: 5.0, a=2.0)
    slopes = grad(lambda w: w["a"] ** 2 * w["missing"])(weights)
    assert slopes == {"a": 20.0}
    assert dict(weights) == {"a": 2.0}
    assert isinstance(slopes, defaultdict)


def test_a_counter_is_filled_and_not_counted() -> None:
    assert same(grad(lambda p: p["a"] * p["b"] ** 2)(Counter(a=3, b=2)), Counter(a=4.0, b=12.0))


def test_a_dict_may_be_changed_before_the_pull_back() -> None:
    weights = {"a": 3.0}
    _, pull_back = vjp(lambda p: p["a"] ** 2, weights)
    weights["b"] = weights.pop("a")
    assert pull_back(1.0) == ({"a": 6.0},)


@pytest.mark.parametrize(
    "thing", [[1, 2], {"a": (None, "b")}, Measured(1.0, 2), Pair(1.0, 2.0), Counter("aab")], ids=repr
)
def test_what_holds_no_values_goes_out_as_it_is(thing: Any) -> None:
    """It is not taken apart, so that it need not be one that can be put together again."""
    assert grad(lambda x: (x * x, thing), has_aux=True)(1.0)[1] is thing
    assert vjp(lambda x: (x * x, {"x": x, "thing": thing}), 3.0, has_aux=True)[2] == {"x": 3.0, "thing": thing}


def test_fields_that_are_computed_are_differentiated_through() -> None:
    slopes = grad(lambda box: box.area)(Box(2.0, 3.0))
    assert (slopes.width, slopes.height) == (3.0, 2.0)


def test_what_was_given_is_not_changed() -> None:
    numbers, weights = [1.0, 2.0], array([1.0, 2.0])

    def f(xs: list[Any], w: Any) -> Any:
        xs.append(xs[0] * 2)
        w[0] *= 3
        return xs[2] * w[0]

    assert grad(f, argnums=(0, 1))(numbers, weights)[0] == [6.0, 0.0]
    assert (numbers, weights.tolist()) == ([1.0, 2.0], [1.0, 2.0])


def test_values_within_a_structure() -> None:
    w = Value(3.0)
    slopes = grad(lambda p: p["a"][0] ** 2 * p["b"])({"a": [w], "b": 2.0})
    assert (slopes["a"][0].data, slopes["b"].data) == (12.0, 9.0)
    slopes["b"].backward()
    assert w.grad == 6.0


def test_arrays_of_values() -> None:
    xs = array([Value(1.0), Value(2.0)])
    slopes = grad(lambda a: (a**3).sum())(xs)
    assert (slopes.dtype, slopes.shape) == (object, (2,))
    slopes[1].backward()
    assert [x.grad for x in xs] == [0.0, 12.0]
    nested = grad(lambda a: grad(lambda b: (a * b * b).sum())(a).sum())(array([1.0, 2.0]))
    assert same(nested, array([4.0, 8.0]))


def test_numpy_inside_a_function() -> None:
    a, x = array([[1.0, 2.0], [3.0, 4.0]]), array([0.5, -1.0])
    assert same(grad(lambda x: x @ a @ x)(x), (a + a.T) @ x)
    assert same(jacobian(lambda x: a @ x)(x), a)
    np.testing.assert_allclose(jacobian(np.exp)(x), np.diag(np.exp(x)), rtol=1e-15)


# ── Jacobians and Hessians ───────────────────────────────────────────────────────────────────────────────────────────

PAIRS: list[tuple[Any, Any, Any]] = [
    # argument; output that holds the numbers x, y of it; Jacobian
    ([5.0, 7.0], lambda x, y: x * y, [7.0, 5.0]),
    ([5.0, 7.0], lambda x, y: [x * y, x], [[7.0, 5.0], [1.0, 0.0]]),
    ((5.0, 7.0), lambda x, y: {"f": x * y, "g": [2.0, y]}, {"f": (7.0, 5.0), "g": [(0.0, 0.0), (0.0, 1.0)]}),
    (Point(5.0, 7.0), lambda x, y: Point(y, x), Point(Point(0.0, 1.0), Point(1.0, 0.0))),
    (Layer(5.0, 7.0), lambda x, y: Layer([x * y], 1.0), Layer([Layer(7.0, 5.0)], Layer(0.0, 0.0))),
    (array([5.0, 7.0]), lambda x, y: x * y, array([7.0, 5.0])),
    (array([5.0, 7.0]), lambda x, y: [x * y, y], [array([7.0, 5.0]), array([0.0, 1.0])]),
    ([5.0, 7.0], lambda x, y: array([x * y, y, x]), [array([7.0, 0.0, 1.0]), array([5.0, 1.0, 0.0])]),
    (array([5.0, 7.0]), lambda x, y: array([[x * y], [y], [x]]), array([[[7.0, 5.0]], [[0.0, 1.0]], [[1.0, 0.0]]])),
    (array([[5.0, 7.0]]), lambda x, y: array(x * y), array([[7.0, 5.0]])),
    ([array(5.0), 7.0], lambda x, y: x * y, [array(7.0), 5.0]),
    ([5.0, 7.0], lambda x, y: [], []),
    ([5.0, 7.0], lambda x, y: {"none": (), "x": x}, {"none": (), "x": [1.0, 0.0]}),
    (array([5.0, 7.0]), lambda x, y: array([]), np.ones((0, 2))),
    (array([5.0, 7.0]), lambda x, y: np.ones((3, 0)), np.ones((3, 0, 2))),
]


def of_two(f: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    return lambda thing: f(*flatten(thing, "")[0])


@pytest.mark.parametrize(("argument", "f", "expected"), PAIRS, ids=[repr(expected) for *_, expected in PAIRS])
def test_a_jacobian_has_the_structure_of_the_output_then_that_of_the_argument(
    argument: Any, f: Callable[[Any, Any], Any], expected: Any
) -> None:
    assert same(jacobian(of_two(f))(argument), expected)
    output, slopes = jvp(of_two(f), (argument,), (argument,))
    assert same(output, numbers_only(f(5.0, 7.0)))
    assert sketch(flatten(slopes, "")[1]) == sketch(flatten(output, "")[1])


@pytest.mark.parametrize("argument", [[], (), {}, array([]), np.ones((0, 2))], ids=repr)
def test_derivatives_by_nothing(argument: Any) -> None:
    assert same(jacobian(lambda x: [1.0, 2.0])(argument), [argument, argument])
    assert jvp(lambda x: [1.0], (argument,), (argument,)) == ([1.0], [0.0])
    shape = getattr(argument, "shape", None)
    assert same(hessian(lambda x: 1.0)(argument), argument if shape is None else np.ones(shape + shape))


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 2), (1, 0, 2)], ids=repr)
@pytest.mark.parametrize("other", [(), (2,), (1, 3)], ids=repr)
def test_shapes_of_blocks(shape: tuple[int, ...], other: tuple[int, ...]) -> None:
    """As in JAX: the dimensions of the output, then those of the argument, twice for a Hessian."""
    x, y = np.arange(1.0, 1.0 + np.prod(shape)).reshape(shape), np.full(other, 2.0)

    def outer(x: Any, y: Any) -> Any:
        return np.asarray(np.multiply.outer(x, y))

    def total(x: Any, y: Any) -> Any:
        return sum(flatten(outer(x * x, y), "")[0])

    by_x, by_y = jacobian(outer, argnums=(0, 1))(x, y)
    assert (by_x.shape, by_y.shape) == (shape + other + shape, shape + other + other)
    assert same(by_x, np.multiply.outer(np.eye(x.size), y).transpose(0, *range(2, 2 + y.ndim), 1).reshape(by_x.shape))
    (xx, xy), (yx, yy) = hessian(total, argnums=(0, 1))(x, y)
    assert [block.shape for block in (xx, xy, yx, yy)] == [shape + shape, shape + other, other + shape, other + other]
    assert same(xx, (2.0 * y.sum() * np.eye(x.size)).reshape(xx.shape))
    assert same(xy, np.asarray(np.multiply.outer(2.0 * x, np.ones(other))))
    assert same(yx, np.asarray(np.multiply.outer(np.ones(other), 2.0 * x)))
    assert same(yy, np.zeros(other + other))


def test_a_hessian_has_the_structure_of_the_argument_twice() -> None:
    found = hessian(lambda p: p["w"][0] * p["w"][1] * p["b"])({"w": [2.0, 3.0], "b": 5.0})
    assert found == {
        "w": [{"w": [0.0, 5.0], "b": 3.0}, {"w": [5.0, 0.0], "b": 2.0}],
        "b": {"w": [3.0, 2.0], "b": 0.0},
    }
    mixed = hessian(lambda x, y: x * x * y[0] * y[1], argnums=(0, 1))(2.0, array([3.0, 4.0]))
    assert mixed[0][0] == 24.0
    assert same(mixed[0][1], array([16.0, 12.0]))
    assert same(mixed[1], (array([16.0, 12.0]), array([[0.0, 4.0], [4.0, 0.0]])))


def test_adjoints_have_the_structure_of_the_inputs() -> None:
    x, y = Value(2.0), Value(3.0)
    found = adjoints(x * y * y, Point({"x": x}, array([y])))
    assert (found.x["x"].data, found.y[0].data) == (9.0, 12.0)
    assert (found.y.dtype, found.y.shape) == (object, (1,))


# ── directions and adjoints have to fit ──────────────────────────────────────────────────────────────────────────────

MISFITS: list[tuple[Any, Any, str]] = [
    # primal, tangent, what the error says of them
    ([1.0, 2.0], [1.0], "got ([number],); expected ([number, number],)"),
    ([1.0], (1.0,), "got ((number,),); expected ([number],)"),
    (1.0, [1.0], "got ([number],); expected (number,)"),
    ({"a": 1.0}, {"b": 1.0}, "got ({'b': number},); expected ({'a': number},)"),
    (array([1.0, 2.0]), array([[1.0, 2.0]]), "got (array(1, 2),); expected (array(2,),)"),
    (array(1.0), 1.0, "got (number,); expected (array(),)"),
    (Point(1.0, 2.0), (1.0, 2.0), "got ((number, number),); expected (Point(x=number, y=number),)"),
    (
        Frozen(1.0, [2.0]),
        Frozen(1.0, 2.0),
        "got (Frozen(a=number, b=number),); expected (Frozen(a=number, b=[number]),)",
    ),
    (Layer(1.0), 1.0, "got (number,); expected (Layer(weights=number, bias=number),)"),
]


@pytest.mark.parametrize(("primal", "tangent", "text"), MISFITS, ids=[text for *_, text in MISFITS])
def test_structures_have_to_fit(primal: Any, tangent: Any, text: str) -> None:
    for transform in (jvp, hvp):
        with pytest.raises(ArgumentError) as caught:
            transform(sum_of_squares, (primal,), (tangent,))
        assert str(caught.value) == f"{transform.__name__}: tangents: {text}, as the primals"
    with pytest.raises(ArgumentError) as caught:
        vjp(lambda x: (x,), primal)[1]((tangent,))
    assert str(caught.value) == f"vjp: adjoints: {text}, as the output"


def test_dataclasses_that_compute_can_be_told_apart() -> None:
    """The error has to come from the transform, not from the arithmetic of the dataclass."""
    with pytest.raises(ArgumentError, match=r"^jvp: tangents: got \(\(number, number\),\); expected \(Box\("):
        jvp(lambda box: box.area, (Box(2.0, 3.0),), ((1.0, 0.0),))


def test_entries_of_dicts_are_told_by_their_keys() -> None:
    """Two dicts are equal in whatever order they were filled."""
    assert jvp(lambda p: p["a"] * p["b"] ** 2, ({"a": 3.0, "b": 2.0},), ({"b": 1.0, "a": 0.0},)) == (12.0, 12.0)
    output, pull_back = vjp(lambda x: {"a": x, "b": x * x}, 3.0)
    assert pull_back(dict(reversed(output.items()))) == (3.0 + 9.0 * 6.0,)


NUMBERS = "expected a real number, a Value, or a list, tuple, dict, dataclass or numpy array of them"
STRANGERS: list[tuple[Any, str]] = [
    ("text", " is 'text' (str)"),
    ("t" * 38, f" is '{'t' * 38}' (str)"),
    ("t" * 39, f" is '{'t' * 36}... (str)"),
    (None, " is None (NoneType)"),
    (1j, " is 1j (complex)"),
    ({1.0}, " is {1.0} (set)"),
    (range(3), " is range(0, 3) (range)"),
    (deque([1.0]), " is deque([1.0]) (deque)"),
    (Layer, f" is {str(Layer)[:37]}{'...' * (len(str(Layer)) > 40)} (type)"),
    ([1.0, [2.0, "c"]], "[1][1] is 'c' (str)"),
    ((1.0, None), "[1] is None (NoneType)"),
    ({"a": 1.0, ("b", 2): {"c": 1j}}, "[('b', 2)]['c'] is 1j (complex)"),
    (Layer([1.0, b"w"]), ".weights[1] is b'w' (bytes)"),
    (Point(1.0, "y"), "[1] is 'y' (str)"),
    (array([[1.0, 2.0], [3.0, 4j]]), ".flat[0] is (1+0j) (complex)"),
    (array(["a"]), ".flat[0] is 'a' (str)"),
    (array([1.0, None, "a"]), ".flat[1] is None (NoneType)"),
    ([array([np.nan, "x"], dtype=object)], "[0].flat[1] is 'x' (str)"),
]


@pytest.mark.parametrize(("thing", "text"), STRANGERS, ids=[text for _, text in STRANGERS])
def test_what_is_no_number_is_named_with_its_place(thing: Any, text: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        flatten(thing, "x")
    assert str(caught.value) == f"x{text}; {NUMBERS}"


# ── taking apart and putting together ────────────────────────────────────────────────────────────────────────────────

numbers = st.floats(-10.0, 10.0)
shapes = st.lists(st.integers(0, 3), max_size=3).map(tuple)
arrays = shapes.flatmap(
    lambda shape: st.lists(numbers, min_size=(n := int(np.prod(shape))), max_size=n).map(
        lambda xs: array(xs, dtype=float).reshape(shape)
    )
)
keys = st.text(max_size=2) | st.integers()
structures = st.recursive(
    numbers | arrays,
    lambda parts: st.one_of(
        st.lists(parts, max_size=3),
        st.lists(parts, max_size=3).map(tuple),
        st.lists(parts, max_size=3).map(Row),
        st.dictionaries(keys, parts, max_size=3),
        st.dictionaries(keys, parts, max_size=3).map(OrderedDict),
        st.builds(Point, parts, parts),
        st.builds(Layer, parts, parts),
        st.builds(Frozen, parts, parts),
    ),
    max_leaves=6,
)


@given(structures)
def test_what_is_taken_apart_can_be_put_together(thing: Any) -> None:
    found, structure = flatten(thing, "x")
    assert all(type(x) is float for x in found)
    assert same(unflatten(structure, found), thing)
    assert same(numbers_only(unflatten(structure, [Value(x) for x in found])), thing)
    assert flatten(unflatten(structure, found[::-1]), "x") == (found[::-1], structure)


@given(structures)
def test_the_gradient_of_a_random_structure(thing: Any) -> None:
    found, structure = flatten(thing, "x")
    expected = unflatten(structure, [2.0 * k * x for k, x in enumerate(found, 1)])
    assert same(grad(sum_of_squares)(thing), expected)


@given(structures, structures)
def test_the_jacobian_between_random_structures(argument: Any, model: Any) -> None:
    """Of outputs 1·x₀, 2·x₁, 3·x₂, …, as far as there are inputs, and 0 from there on."""
    _, of_output = flatten(model, "y")
    count, size = len(flatten(argument, "x")[0]), len(flatten(model, "y")[0])

    def f(thing: Any) -> Any:
        xs = flatten(thing, "")[0]
        return unflatten(of_output, [k * xs[k - 1] if k <= len(xs) else 0.0 for k in range(1, size + 1)])

    matrix = [[float(k) if i == k - 1 else 0.0 for i in range(count)] for k in range(1, size + 1)]
    assert same(jacobian(f)(argument), blocks(of_output, flatten(argument, "x")[1], matrix))


def test_blocks() -> None:
    rows, columns = flatten({"y": array([0.0, 0.0]), "z": 0.0}, "")[1], flatten((0.0, array([[0.0]])), "")[1]
    found = blocks(rows, columns, [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    expected = {"y": (array([1.0, 3.0]), array([[[2.0]], [[4.0]]])), "z": (5.0, array([[6.0]]))}
    assert same(found, expected)


def test_build_gives_every_slot_its_start() -> None:
    _, structure = flatten([0.0, np.zeros((2, 2)), {"a": np.zeros(0), "b": 0.0}], "")
    starts = build(structure, lambda slot, start: (slot.shape, start))
    assert starts == [(None, 0), ((2, 2), 1), {"a": ((0,), 5), "b": (None, 5)}]


@pytest.mark.parametrize(
    ("thing", "text"),
    [
        (1.0, "number"),
        ([], "[]"),
        ((1.0,), "(number,)"),
        ({"a": [1.0, Value(2.0)]}, "{'a': [number, number]}"),
        (np.ones((2, 3)), "array(2, 3)"),
        (np.ones(()), "array()"),
        (Layer([1.0]), "Layer(weights=[number], bias=number)"),
    ],
)
def test_sketch(thing: Any, text: str) -> None:
    assert sketch(flatten(thing, "x")[1]) == text


def test_sketch_shows_what_is_no_number() -> None:
    assert sketch(flatten([1.0, "fast", None], "x", fixed=True)[1]) == "[number, 'fast', None]"


@pytest.mark.parametrize(
    ("thing", "expected"),
    [
        (Value(1.0), 1.0),
        ("text", "text"),
        (None, None),
        ({"a": (Value(1.0), "b")}, {"a": (1.0, "b")}),
        (Layer(Value(1.0), None), Layer(1.0, None)),
        (array([Value(1.0), 2.0]), array([1.0, 2.0])),
        (array([1, 2]), array([1, 2])),
        (array(["a"]), array(["a"])),
        (array([Value(1.0), None]), array([1.0, None])),
    ],
    ids=repr,
)
def test_numbers_only(thing: Any, expected: Any) -> None:
    assert same(numbers_only(thing), expected)


def test_numpy_is_not_needed() -> None:
    """Neither is it imported, nor is anything else than an array taken for one."""
    program = (
        "import sys\n"
        "sys.modules['numpy'] = None  # importing it would fail\n"
        "from autograd import grad, hessian\n"
        "print(grad(lambda p: p['a'][0] ** 2)({'a': [3.0]}), hessian(lambda x: x[0] * x[1])((1.0, 2.0)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("{'a': [6.0]} ((0.0, 1.0), (1.0, 0.0))\n", "")


def test_what_is_no_number_is_the_same_if_it_is_equal_and_of_the_same_type() -> None:
    def structure(thing: Any) -> Any:
        return flatten([1.0, thing], "x", fixed=True)[1]

    unequal_to_itself = Decimal("NaN")
    assert structure(Decimal("1.0")) == structure(Decimal("1.00"))
    assert structure(unequal_to_itself) == structure(unequal_to_itself)
    assert structure("a") != structure("b")
    assert structure({1}) != structure(frozenset({1}))
    assert structure("a") != structure(2.0)


def test_what_is_no_number_stands_beside_those_in_every_container() -> None:
    things = [Layer([1.0, "a"], 2.0), Point(3.0, None), {"b": 4.0, "c": Layer}, (5.0, "d")]
    numbers, structure = flatten(things, "x", fixed=True)
    assert numbers == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert unflatten(structure, numbers) == things


@pytest.mark.parametrize("thing", [[1.0], "text"], ids=repr)
def test_a_structure_is_no_key(thing: Any) -> None:
    """Equal ones may hold their entries in another order, and things that cannot be hashed."""
    _, structure = flatten(thing, "x", fixed=True)
    with pytest.raises(TypeError, match="unhashable"):
        hash(structure)


def test_a_structure_is_shared_and_so_never_changed() -> None:
    _, structure = flatten([1.0, 2.0], "numbers")
    with pytest.raises(FrozenInstanceError):
        structure.parts = ()  # type: ignore[misc,union-attr]
    with pytest.raises(FrozenInstanceError):
        structure.parts[0].shape = (2,)  # type: ignore[misc,union-attr]
