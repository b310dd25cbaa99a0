"""Functions of functions: `grad`, `value_and_grad`, `jacobian`, `hessian`, `hvp`, `jvp` and `vjp`.

Each runs the function once on fresh Values and sweeps over what was recorded. Each works around any other, to any
depth: the fresh Values are its own, so an inner derivative is taken with respect to the inner variables only, however
the outer ones come into it. Results are numbers; if what the function returns depends on Values from before the call,
such as the variable of an outer derivative or the parameters of a model, they are Values.

Arguments and results are numbers, or (nested) lists, tuples, dicts, dataclasses or numpy arrays of numbers. A
derivative has the structure of the argument it belongs to. Names and conventions are those of JAX.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial, update_wrapper
from numbers import Real
from operator import index
from typing import Any

from autograd import core
from autograd.core import Value
from autograd.debug import check_adjoints
from autograd.errors import ArgumentError, describe
from autograd.structures import (
    Branch,
    Structure,
    blocks,
    flatten,
    numbers_only,
    rearranged,
    sketch,
    unflatten,
    values_in,
)

Function = Callable[..., Any]
Argnums = int | Sequence[int]


@dataclass(frozen=True)
class Run:
    """What a function did when it was run on fresh Values."""

    inputs: list[Value]
    structure: Structure  # of the inputs
    output: Any
    aux: Any
    nested: bool  # whether the output depends on Values from before the run: then results are Values as well

    def outward(self, output: Any) -> Any:
        """Return the output as it goes out: with numbers in place of Values that only this run knows."""
        return output if self.nested else numbers_only(output)

    def row(self, output: Any, *, record: bool) -> list[Any]:
        """Return the derivatives of one output with respect to every input."""
        if not isinstance(output, Value):
            return [0.0] * len(self.inputs)
        return _adjoints({output: 1.0}, self.inputs, record=record)

    def columns(self, outputs: list[Any], tangents: Iterable[Any]) -> list[Any]:
        """Return the tangents of the outputs, given those of the inputs."""
        nodes = [x for x in outputs if isinstance(x, Value)]
        found = iter(core.tangents(nodes, dict(zip(self.inputs, tangents)), record=self.nested))
        return [next(found) if isinstance(x, Value) else 0.0 for x in outputs]


def _run(caller: str, f: Function, args: Sequence[Any], kwargs: Any, argnums: Argnums, has_aux: bool) -> Run:
    first = Value(0.0).number
    arguments, inputs, parts, nested = list(args), [], [], False
    for place in _places(caller, argnums, len(args)):
        numbers, part = _flatten_argument(caller, f, args[place], place)
        fresh = [+x if isinstance(x, Value) else Value(x) for x in numbers]
        arguments[place] = unflatten(part, fresh)
        inputs += fresh
        parts.append(part)
        nested = nested or any(isinstance(x, Value) for x in numbers)
    output, aux = _call(caller, f, arguments, kwargs, has_aux)
    structure = parts[0] if hasattr(argnums, "__index__") else Branch(tuple, tuple(range(len(parts))), tuple(parts))
    if not _reaches_behind(aux, first):
        aux = numbers_only(aux)
    return Run(inputs, structure, output, aux, nested or _reaches_behind(output, first))


def _places(caller: str, argnums: Argnums, count: int) -> list[int]:
    try:
        places = [index(n) for n in ([argnums] if hasattr(argnums, "__index__") else argnums)]
    except TypeError:
        raise ArgumentError(f"{caller}: argnums is {describe(argnums)}; expected an int or a tuple of ints") from None
    if not all(-count <= place < count for place in places):
        raise ArgumentError(
            f"{caller}: argnums is {argnums!r}, but the function was called with {count} positional arguments;"
            " pass what is to be differentiated by position"
        )
    if len({place % count for place in places}) < len(places):
        raise ArgumentError(f"{caller}: argnums is {argnums!r}; expected each argument once")
    return [place % count for place in places]


def _flatten_argument(caller: str, f: Function, argument: Any, place: int) -> tuple[list[Any], Structure]:
    try:
        return flatten(argument, "")
    except ArgumentError:  # looked at again with its name, which takes long to find out
        return flatten(argument, f"{caller}: argument {place}{_name_of(f, place)}")


def _name_of(f: Function, place: int) -> str:
    """Return the name of a parameter for an error message, where it can be known."""
    try:
        return f" ({list(inspect.signature(f).parameters)[place]!r})"
    except (ValueError, TypeError, IndexError):
        return ""


def _call(caller: str, f: Function, args: Sequence[Any], kwargs: Any, has_aux: bool) -> tuple[Any, Any]:
    output = f(*args, **kwargs)
    if not has_aux:
        return output, None
    if not isinstance(output, tuple) or len(output) != 2:
        raise ArgumentError(f"{caller}: has_aux is set, but the function returned {describe(output)}; expected a pair")
    return output


def _reaches_behind(output: Any, first: int) -> bool:
    """Return whether Values in the output are, or depend on, Values older than number `first`."""
    return core.depend_on_older(list(values_in(output)), first)


def _scalar(caller: str, output: Any) -> Any:
    if isinstance(output, Value | Real):
        return output if isinstance(output, Value) else float(output)
    raise ArgumentError(
        f"{caller}: the function returned {describe(output)}; expected one number (jacobian and vjp take several)"
    )


def _transformed(transform: Function, compute: Function, f: Function, argnums: Argnums, has_aux: bool) -> Function:
    """Return `compute` of this function: one that can be pickled if `f` can, and a compiled one if `f` is."""
    compiled = getattr(f, "__transformed__", None)
    made = None if compiled is None else compiled(transform, argnums, has_aux)
    return update_wrapper(partial(compute, f, argnums, has_aux), f) if made is None else made


# ── derivatives of one number ────────────────────────────────────────────────────────────────────────────────────────


def value_and_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return a function that computes `f` and its gradient.

    The gradient has the structure of the argument with number `argnums`, or is a tuple of such for several. With
    `has_aux`, `f` returns a pair of which only the first is differentiated, and the result is ((value, aux), gradient).
    Raises `ArgumentError` if `f` returns no single number or an argument holds something else than numbers.

    >>> value_and_grad(lambda x, y: x * y**2, argnums=(0, 1))(3.0, 2.0)
    (12.0, (4.0, 12.0))
    """
    return _transformed(value_and_grad, _value_and_grad, f, argnums, has_aux)


def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return a function that computes the gradient of `f`; with `has_aux`, the pair (gradient, aux).

    Arguments and errors are those of `value_and_grad`.

    >>> grad(lambda x: x**3)(2.0), grad(grad(lambda x: x**3))(2.0)
    (12.0, 12.0)
    >>> grad(lambda point: point["x"] * point["y"])({"x": 2.0, "y": 5.0})
    {'x': 5.0, 'y': 2.0}
    """
    return _transformed(grad, _grad, f, argnums, has_aux)


def _value_and_grad(f: Function, argnums: Argnums, has_aux: bool, /, *args: Any, **kwargs: Any) -> Any:
    return _both("value_and_grad", f, argnums, has_aux, args, kwargs)


def _grad(f: Function, argnums: Argnums, has_aux: bool, /, *args: Any, **kwargs: Any) -> Any:
    value, slopes = _both("grad", f, argnums, has_aux, args, kwargs)
    return (slopes, value[1]) if has_aux else slopes


def _both(caller: str, f: Function, argnums: Argnums, has_aux: bool, args: Any, kwargs: Any) -> tuple[Any, Any]:
    run = _run(caller, f, args, kwargs, argnums, has_aux)
    output = _scalar(caller, run.output)
    slopes = unflatten(run.structure, run.row(output, record=run.nested))
    value = run.outward(output)
    return ((value, run.aux) if has_aux else value), slopes


def hessian(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return a function that computes the second derivatives of `f`: the structure of the argument, twice.

    With `has_aux`, `f` returns a pair of which only the first is differentiated, and the result is (hessian, aux).
    Errors are those of `value_and_grad`.

    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 2.0])
    [[4.0, 6.0], [6.0, 0.0]]
    """
    return _transformed(hessian, _hessian, f, argnums, has_aux)


def _hessian(f: Function, argnums: Argnums, has_aux: bool, /, *args: Any, **kwargs: Any) -> Any:
    run = _run("hessian", f, args, kwargs, argnums, has_aux)
    slopes = run.row(_scalar("hessian", run.output), record=True)
    matrix = [run.row(slope, record=run.nested) for slope in slopes]
    curvatures = blocks(run.structure, run.structure, matrix)
    return (curvatures, run.aux) if has_aux else curvatures


def hvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, ...]:
    """Return the Hessian of `f` at `primals` times `tangents`, at a small multiple of the cost of `f`.

    Both are tuples with one entry per argument of `f`, and so is the result. It is computed forward over reverse
    (Pearlmutter 1994, https://doi.org/10.1162/neco.1994.6.1.147). Errors are those of `jvp` and `value_and_grad`.

    >>> hvp(lambda x, y: x**2 * y, (3.0, 2.0), (1.0, 0.0))
    (4.0, 6.0)
    """
    run, directions = _run_along("hvp", f, primals, tangents, has_aux=False)
    slopes = run.row(_scalar("hvp", run.output), record=True)
    product: tuple[Any, ...] = unflatten(run.structure, run.columns(slopes, directions))
    return product


# ── derivatives of several numbers ───────────────────────────────────────────────────────────────────────────────────


def jacobian(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return a function that computes the derivative of every output of `f` with respect to every input.

    The result has the structure of the output, and in each place the structure of the argument; between arrays stands
    an array with the dimensions of both. It takes one reverse sweep per output or one forward sweep per input,
    whichever are fewer. With `has_aux` the result is (jacobian, aux).
    Raises `ArgumentError` if an argument or the output holds something else than numbers.

    >>> jacobian(lambda x: (x[0] * x[1], x[0] + x[1]))([3.0, 2.0])
    ([2.0, 3.0], [1.0, 1.0])
    """
    return _transformed(jacobian, _jacobian, f, argnums, has_aux)


def _jacobian(f: Function, argnums: Argnums, has_aux: bool, /, *args: Any, **kwargs: Any) -> Any:
    run = _run("jacobian", f, args, kwargs, argnums, has_aux)
    outputs, structure = flatten(run.output, "jacobian: the result of the function")
    if len(outputs) <= len(run.inputs):
        matrix = [run.row(output, record=run.nested) for output in outputs]
    else:
        units = ([float(x is y) for x in run.inputs] for y in run.inputs)
        matrix = [list(row) for row in zip(*(run.columns(outputs, unit) for unit in units))]
    slopes = blocks(structure, run.structure, matrix)
    return (slopes, run.aux) if has_aux else slopes


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> tuple[Any, ...]:
    """Return `f` at `primals` and its derivative in the direction `tangents`: one forward sweep.

    Both are tuples with one entry per argument of `f`; the derivative has the structure of the output. With `has_aux`
    the result is (output, derivative, aux). Raises `ArgumentError` if primals and tangents differ in structure.

    >>> jvp(lambda x, y: x * y, (3.0, 2.0), (1.0, 0.0))
    (6.0, 2.0)
    """
    run, directions = _run_along("jvp", f, primals, tangents, has_aux)
    outputs, structure = flatten(run.output, "jvp: the result of the function")
    derivative = unflatten(structure, run.columns(outputs, directions))
    result = run.outward(unflatten(structure, outputs)), derivative
    return (*result, run.aux) if has_aux else result


def vjp(f: Function, *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """Return `f` at `primals`, and the function that pulls adjoints of the output back to the arguments.

    That function takes adjoints in the structure of the output and returns a tuple with one entry per argument; each
    call is one reverse sweep. With `has_aux` the result is (output, pullback, aux). Raises `ArgumentError` if adjoints
    and output differ in structure.

    >>> output, pull_back = vjp(lambda x, y: (x * y, x + y), 3.0, 2.0)
    >>> output, pull_back((1.0, 0.0)), pull_back((0.0, 1.0))
    ((6.0, 5.0), (2.0, 3.0), (1.0, 1.0))
    """
    run = _run("vjp", f, primals, {}, range(len(primals)), has_aux)
    outputs, structure = flatten(run.output, "vjp: the result of the function")

    def pull_back(adjoints: Any) -> tuple[Any, ...]:
        numbers, given = flatten(adjoints, "vjp: the adjoints")
        numbers = _fitted("vjp", "adjoints", numbers, given, structure, "output")
        seeds: dict[Value, Any] = {}
        for output, number in zip(outputs, numbers):
            if isinstance(output, Value):
                seeds[output] = seeds[output] + number if output in seeds else number
        record = run.nested or any(isinstance(x, Value) for x in numbers)
        pulled: tuple[Any, ...] = unflatten(run.structure, _adjoints(seeds, run.inputs, record=record))
        return pulled

    result = run.outward(unflatten(structure, outputs)), pull_back
    return (*result, run.aux) if has_aux else result


def _adjoints(seeds: dict[Value, Any], inputs: list[Value], *, record: bool) -> list[Any]:
    check_adjoints(seeds, inputs)
    return core.adjoints(seeds, inputs, record=record)


def _run_along(
    caller: str, f: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool
) -> tuple[Run, list[Any]]:
    """Return the run at the primals, and the direction as a list of numbers."""
    for name, entries in (("primals", primals), ("tangents", tangents)):
        if not isinstance(entries, tuple | list):
            raise ArgumentError(f"{caller}: {name}: got {describe(entries)}; expected a tuple, one entry per argument")
    directions, given = flatten(tuple(tangents), f"{caller}: tangents")
    older = any(isinstance(x, Value) for x in directions)
    run = _run(caller, f, tuple(primals), {}, range(len(primals)), has_aux)
    directions = _fitted(caller, "tangents", directions, given, run.structure, "primals")
    return (replace(run, nested=True) if older else run), directions


def _fitted(
    caller: str, name: str, numbers: list[Any], given: Structure, expected: Structure, model: str
) -> list[Any]:
    """Return numbers in the order of the structure that they have to have."""
    if given != expected:
        raise ArgumentError(f"{caller}: {name}: got {sketch(given)}; expected {sketch(expected)}, as the {model}")
    return rearranged(numbers, given, expected)


# ── derivatives of a graph ───────────────────────────────────────────────────────────────────────────────────────────


def adjoints(output: Value, inputs: Any) -> Any:
    """Return ∂output/∂input for each input as Values that can be differentiated again; `grad` is left alone.

    `inputs` is a Value or a structure of Values, leaves or inner nodes of the graph; the result has the same structure.
    Raises `ArgumentError` for anything else, `GraphError` if a leaf was changed after the output was computed.

    >>> x = Value(2.0)
    >>> (slope,) = adjoints(x**3, [x])
    >>> (curvature,) = adjoints(slope, [x])
    >>> slope.data, curvature.data
    (12.0, 12.0)
    """
    nodes, structure = flatten(inputs, "adjoints: inputs")
    stranger = next((x for x in (output, *nodes) if not isinstance(x, Value)), None)
    if stranger is not None:
        raise ArgumentError(f"adjoints: got {describe(stranger)} as output or input; expected Values")
    found = _adjoints({output: 1.0}, nodes, record=True)
    return unflatten(structure, [x if isinstance(x, Value) else Value(x) for x in found])
