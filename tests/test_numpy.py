"""Values in numpy's arrays of objects, and next to its arrays and scalars of floats."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from autograd import Value
from autograd.errors import OperandError
from autograd.testing import check_gradients

CUT = "float(x) would cut the graph: use x.data for the number, autograd.math.exp(x) and its like for functions"
OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow]
RELATIONS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]
every_operator = pytest.mark.parametrize("operation", OPERATORS, ids=lambda f: f.__name__)


def values(*numbers: float) -> Any:
    return np.array([Value(x) for x in numbers])


def data(array: Any) -> list[float]:
    """Return the numbers, of which each must be in a Value."""
    assert all(type(x) is Value for x in array.flat)
    return [x.data for x in array.flat]


def grads(array: Any) -> list[float]:
    return [x.grad for x in array.flat]


# ── arrays of Values ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_array_of_values_holds_the_values_themselves() -> None:
    x, y = Value(1.0), Value(2.0)
    array = np.array([x, y])
    assert array.dtype == object
    assert array[0] is x
    assert array[1] is y


NOT_FOR_REAL_NUMBERS = {
    "bitwise_and", "bitwise_count", "bitwise_or", "bitwise_xor", "gcd", "invert", "lcm", "left_shift", "right_shift",
}  # fmt: skip
GIVE_BOOLS = {
    "equal", "greater", "greater_equal", "less", "less_equal", "not_equal", "logical_and", "logical_not", "logical_or",
}  # fmt: skip
NEED_A_METHOD_OF_FLOATS = {"logical_xor"}  # that Python's floats lack as well
TAKE_VECTORS = {"matmul", "matvec", "vecdot", "vecmat"}
UFUNCS = {
    f.__name__: f
    for f in vars(np).values()
    if isinstance(f, np.ufunc) and any(types in ("O->O", "OO->O") for types in f.types)
}
OTHERS = NOT_FOR_REAL_NUMBERS | GIVE_BOOLS | NEED_A_METHOD_OF_FLOATS | TAKE_VECTORS | {"sign"}
GIVE_VALUES = sorted(UFUNCS.keys() - OTHERS)


def test_numpy_has_the_functions_to_be_tested() -> None:
    assert {"exp", "arctan2", "hypot", "rint", "square", "maximum"} <= set(GIVE_VALUES)


@pytest.mark.parametrize("name", GIVE_VALUES)
def test_functions_of_arrays_give_arrays_of_values(name: str) -> None:
    """With the numbers that numpy computes from floats, and with the slopes of their differences."""
    f, columns = UFUNCS[name], [[0.3, 0.9], [0.7, 0.4]]
    if name == "arccosh":
        columns = [[1.3, 2.9]]
    arguments = columns[: f.nin]
    arrays = [values(*column) for column in arguments]
    result = f(*arrays)
    expected = f(*map(np.array, arguments))
    assert data(result) == pytest.approx(list(expected), rel=4e-15)

    sum(result).backward()
    for place, array in enumerate(arrays):
        below, above = ([np.array(column) for column in arguments] for _ in range(2))
        below[place] = below[place] - 1e-5
        above[place] = above[place] + 1e-5
        assert grads(array) == pytest.approx(list((f(*above) - f(*below)) / 2e-5), rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("name", sorted(GIVE_BOOLS))
def test_comparisons_and_logic_are_those_of_the_numbers(name: str) -> None:
    f = UFUNCS[name]
    columns = [np.array([0.0, 1.0, 2.0, 2.0]), np.array([0.0, 2.0, 1.0, 2.0])][: f.nin]
    result = f(*[values(*column) for column in columns])
    assert [bool(x) for x in result] == list(f(*columns))


def test_sign_is_that_of_the_numbers() -> None:
    assert list(np.sign(values(-2.0, 0.0, 3.0))) == [-1.0, 0.0, 1.0]


@pytest.mark.parametrize(
    "function",
    [
        np.sum, np.mean, np.prod, np.var, np.std, np.max, np.min, np.ptp, np.median, np.linalg.norm, np.trace,
        lambda a: a.sum(), lambda a: a.mean(), lambda a: a.std(), lambda a: a.var(ddof=1), lambda a: a.prod(),
        lambda a: np.sum(a, axis=0), lambda a: a.mean(axis=1), lambda a: np.std(a, axis=0),
        np.cumsum, np.cumprod, np.diff, np.sort, np.transpose, np.diag,
        lambda a: a @ a, lambda a: a @ a[0], lambda a: a[0] @ a, lambda a: np.dot(a[0], a[1]), lambda a: np.outer(a, a),
        lambda a: np.einsum("ij,kj->ik", a, a), lambda a: np.kron(a, a), lambda a: np.vdot(a, a),
        lambda a: np.clip(a, 0.5, 1.5), lambda a: np.where(a > 1.0, a, 2 * a), lambda a: a[a > 1.0],
        lambda a: np.round(a, 1), lambda a: np.concatenate([a, a.T]), lambda a: np.polyval([1.0, 2.0, 3.0], a),
    ],
)  # fmt: skip
def test_functions_of_whole_arrays(function: Callable[[Any], Any]) -> None:
    matrix = np.array([[0.25, 1.75], [2.5, 0.625]])
    result = np.atleast_1d(function(np.array([[Value(x) for x in row] for row in matrix])))
    expected = np.atleast_1d(function(matrix))
    assert result.shape == expected.shape
    assert [getattr(x, "data", x) for x in result.flat] == pytest.approx(list(expected.flat), rel=1e-14)


@pytest.mark.parametrize(
    "f",
    [
        lambda a: np.std(np.sin(a)),
        lambda a: (a @ np.array([[1.0, 2.0, 0.5], [0.3, -1.0, 2.0], [4.0, 0.0, 1.0]]) @ a) / np.linalg.norm(a),
        lambda a: np.exp(a - np.max(a)).sum() * a.mean(),
        lambda a: np.log(np.prod(a) + np.outer(a, a).trace()),
    ],
)
def test_gradients_of_functions_of_arrays(f: Callable[[Any], Any]) -> None:
    check_gradients(f, (np.array([0.4, 1.3, 2.2]),), order=2)


def test_a_matrix_product_is_differentiated() -> None:
    matrix, vector = np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]), values(5.0, 6.0)
    (matrix @ vector).sum().backward()
    assert grads(matrix) == [5.0, 6.0, 5.0, 6.0]
    assert grads(vector) == [4.0, 6.0]


@pytest.mark.parametrize("function", [np.exp, np.sqrt, np.abs, np.degrees, np.rint])
def test_functions_of_a_single_value(function: Callable[[Any], Any]) -> None:
    x = Value(2.25)
    y = function(x)
    assert type(y) is Value
    assert y.data == pytest.approx(function(2.25), rel=1e-15)
    assert y.operands[0] is x


# ── Values next to arrays and scalars of floats ──────────────────────────────────────────────────────────────────────


@every_operator
@np.errstate(all="ignore")
@given(number=st.floats(-4.0, 4.0), others=st.lists(st.floats(-4.0, 4.0), min_size=1, max_size=4))
def test_a_value_and_an_array_of_floats_make_an_array_of_values(
    operation: Callable[[Any, Any], Any], number: float, others: list[float]
) -> None:
    """Element by element what a Value and a float make, on either side."""
    x, floats = Value(number), np.array(others)
    for result, expected in (
        (operation(x, floats), [operation(x, other) for other in others]),
        (operation(floats, x), [operation(other, x) for other in others]),
    ):
        assert result.dtype == object
        assert repr(data(result)) == repr([node.data for node in expected])
        assert all(any(operand is x for operand in node.operands) for node in result)


@every_operator
def test_a_value_and_an_array_of_values(operation: Callable[[Any, Any], Any]) -> None:
    x, array = Value(1.5), values(2.0, 3.0)
    assert data(operation(x, array)) == [operation(1.5, 2.0), operation(1.5, 3.0)]
    assert data(operation(array, x)) == [operation(2.0, 1.5), operation(3.0, 1.5)]


@every_operator
@pytest.mark.parametrize(
    "scalar", [np.float64(1.5), np.float32(1.5), np.float16(1.5), np.int64(3), np.uint8(3), np.array(1.5)], ids=repr
)
def test_a_value_and_a_scalar_make_a_value(operation: Callable[[Any, Any], Any], scalar: Any) -> None:
    x, number = Value(2.5), float(scalar)
    for node, operands, expected in (
        (operation(x, scalar), (x, number), operation(2.5, number)),
        (operation(scalar, x), (number, x), operation(number, 2.5)),
    ):
        assert type(node) is Value
        assert node.data == expected
        assert [type(operand) for operand in node.operands] == [type(operand) for operand in operands]
        assert all(kept == given for kept, given in zip(node.operands, operands))


@pytest.mark.parametrize("relation", RELATIONS, ids=lambda f: f.__name__)
def test_comparisons_with_arrays_are_made_element_by_element(relation: Callable[[Any, Any], Any]) -> None:
    x, numbers = Value(2.0), np.array([1.0, 2.0, 3.0])
    assert list(relation(x, numbers)) == list(relation(2.0, numbers))
    assert list(relation(numbers, x)) == list(relation(numbers, 2.0))
    assert relation(np.float64(1.0), x) == relation(1.0, 2.0)


def test_arrays_of_values_change_in_place() -> None:
    x, array = Value(3.0), values(1.0, 2.0)
    leaves, same = array.copy(), array
    array += x
    array *= 2.0
    array[0] = x
    assert array is same
    assert data(array) == [3.0, 10.0]
    array.sum().backward()
    assert (x.grad, grads(leaves)) == (3.0, [0.0, 2.0])


@pytest.mark.parametrize(
    "operation",
    [operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow],
    ids=lambda f: f.__name__,
)
def test_arrays_of_floats_do_not_change_into_values_in_place(operation: Callable[[Any, Any], Any]) -> None:
    floats = np.array([1.0, 2.0])
    with pytest.raises(TypeError, match=r"Cannot cast ufunc .* output from dtype\('O'\) to dtype\('float64'\)"):
        operation(floats, Value(3.0))
    assert list(floats) == [1.0, 2.0]


@pytest.mark.parametrize(
    "cut",
    [
        lambda floats, x: operator.setitem(floats, 0, x),
        lambda floats, x: operator.setitem(floats, slice(None), [x, x]),
        lambda floats, x: floats.fill(x),
        lambda floats, x: np.array([x, 1.0], dtype=float),
        lambda floats, x: np.array([x]).astype(np.float64),
        lambda floats, x: np.float64(x),
    ],
    ids=["item", "slice", "fill", "array", "astype", "float64"],
)
def test_values_do_not_enter_arrays_of_floats(cut: Callable[[Any, Any], Any]) -> None:
    floats = np.array([1.0, 2.0])
    with pytest.raises(OperandError) as caught:
        cut(floats, Value(3.0))
    assert str(caught.value) == CUT
    assert list(floats) == [1.0, 2.0]


def test_numpy_is_left_to_its_own_protocol() -> None:
    """Either attribute would make `array * Value` fail or give something other than an array of Values."""
    assert not hasattr(Value, "__array_priority__")
    assert not hasattr(Value, "__array_ufunc__")
