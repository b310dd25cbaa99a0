"""Rosenbrock's function of 10,000 variables, as a loop over numbers: its value and gradient."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from autograd import jit, value_and_grad
from benchmarks import peers
from benchmarks.timing import Call

START = np.random.default_rng(0).uniform(-1.0, 1.0, 10_000)


def rosenbrock(xs: Sequence[Any]) -> Any:
    """Return Σ 100·(b − a²)² + (1 − a)² over all neighbours a, b."""
    total = 0.0
    for a, b in pairwise(xs):
        total = total + 100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2
    return total


def ours() -> Call:
    """The library: the loop as a program."""
    return partial(jit(value_and_grad(rosenbrock)), START)


def casadi() -> Call:
    """CasADi: the loop over symbols, called with an array."""
    function = _function_of_scalars()
    return lambda: [np.array(found).ravel() for found in function(START)]


def casadi_in_place() -> Call:
    """CasADi: the same, without conversions, from one buffer to another."""
    return _in_place(_function_of_scalars())


def casadi_of_arrays() -> Call:
    """CasADi: not the loop, but operations on whole arrays; without conversions, too."""
    ca = peers.casadi()
    x = ca.MX.sym("x", len(START))
    value = 100.0 * ca.sumsqr(x[1:] - x[:-1] ** 2) + ca.sumsqr(1.0 - x[:-1])
    return _in_place(ca.Function("rosenbrock", [x], [value, ca.gradient(value, x)]))


def _function_of_scalars() -> Any:
    ca = peers.casadi()
    x = ca.SX.sym("x", len(START))
    value = rosenbrock(ca.vertsplit(x))
    return ca.Function("rosenbrock", [x], [value, ca.gradient(value, x)])


def _in_place(function: Any) -> Call:
    buffer, evaluate = function.buffer()
    numbers, value, slopes = START.copy(), np.empty(1), np.empty_like(START)
    buffer.set_arg(0, memoryview(numbers))
    buffer.set_res(0, memoryview(value))
    buffer.set_res(1, memoryview(slopes))

    def call(*_kept: Any) -> Any:
        evaluate()
        return value, slopes

    return partial(call, buffer, numbers)  # which CasADi points to, and does not keep


def by_hand() -> Call:
    """Derivatives by hand, in numpy."""

    def value_and_slopes(x: Any) -> Any:
        a = x[:-1]
        rises, rests = x[1:] - a * a, 1.0 - a
        slopes = np.zeros_like(x)
        slopes[:-1] = -400.0 * a * rises - 2.0 * rests
        slopes[1:] += 200.0 * rises
        return 100.0 * (rises @ rises) + rests @ rests, slopes

    return partial(value_and_slopes, START)
