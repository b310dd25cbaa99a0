"""Take a tour of the library: values, gradients, gradients of gradients, loops and conditions, drawings.

Each stop is a few lines of Python. The tour shows them, runs them, and compares what the library finds with what one
finds by hand.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from random import Random
from textwrap import dedent, indent
from typing import Any

from autograd import Value, adjoints, draw, grad, hessian, jacobian, math
from demos import shared

TOLERANCE = 1e-12  # relative difference between what the library finds and what one finds by hand


class Tour:
    """What the stops of the tour report to."""

    def __init__(self, pictures: shared.Pictures) -> None:
        self.pictures = pictures
        self.checks: list[bool] = []

    def check(self, name: str, found: float, by_hand: float) -> None:
        """Print a number, and remember whether it is what one finds by hand."""
        agrees = math.isclose(found, by_hand, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        self.checks.append(agrees)
        print(f"{name} = {found:.10g}, by hand {'the same' if agrees else by_hand}")

    def draw(self, value: Value, name: str) -> None:
        """Save the graph of a Value, with the local derivatives on its arrows."""
        self.pictures.drawing(draw(value, local_derivatives=True), f"expressions_{name}")


# ── the stops ────────────────────────────────────────────────────────────────────────────────────────────────────────


def values(tour: Tour, a: float, b: float) -> None:
    """A Value is a number that remembers how it was computed."""
    x, y = Value(a, label="x"), Value(b, label="y")
    f = x * y + math.sin(x)
    product, sine = f.operands
    print(product, "+", sine, "=", f)
    tour.check("f", f.data, by_hand=a * b + math.sin(a))


def gradients(tour: Tour, a: float, b: float) -> None:
    """One sweep back from the result finds its derivatives by everything it was made from."""
    x, y = Value(a, label="x"), Value(b, label="y")
    f = x * y + math.sin(x)
    f.backward()
    tour.check("∂f/∂x", x.grad, by_hand=b + math.cos(a))
    tour.check("∂f/∂y", y.grad, by_hand=a)

    f.label = "f"
    tour.draw(f, "gradients")


def higher(tour: Tour, a: float, b: float) -> None:
    """Derivatives are computed from Values, too, and so have derivatives themselves."""
    x = Value(a, label="x")
    slope = adjoints(x**3, x)
    slope.backward()
    tour.check("slope of x³", slope.data, by_hand=3.0 * a**2)
    tour.check("its slope", x.grad, by_hand=6.0 * a)

    fourth = grad(grad(grad(grad(math.sin))))
    tour.check("sin′′′′(x)", fourth(a), by_hand=math.sin(a))


def several(tour: Tour, a: float, b: float) -> None:
    """Derivatives of several numbers by several numbers are named as the numbers are."""

    def polar(point: dict[str, Any]) -> dict[str, Any]:
        x, y = point["x"], point["y"]
        return {"radius": math.hypot(x, y), "angle": math.atan2(y, x)}

    turned = jacobian(polar)({"x": a, "y": b})
    tour.check("∂radius/∂x", turned["radius"]["x"], by_hand=a / math.hypot(a, b))
    tour.check("∂angle/∂x", turned["angle"]["x"], by_hand=-b / (a**2 + b**2))

    curvatures = hessian(lambda point: point[0] ** 2 * point[1])([a, b])
    print("Hessian of x²y:", curvatures)
    tour.check("∂²/∂x∂y", curvatures[0][1], by_hand=2.0 * a)


def loops(tour: Tour, a: float, b: float) -> None:
    """Loops and conditions are differentiated as they run: here a power, by repeated squaring."""

    def power(x: Any, n: int) -> Any:
        result = 1.0
        while n > 0:
            if n % 2 == 1:
                result = x * result
            x, n = x * x, n // 2
        return result

    x = Value(a, label="x")
    y = power(x, 10)
    y.backward()
    tour.check("x¹⁰", y.data, by_hand=a**10)
    tour.check("its slope", x.grad, by_hand=10.0 * a**9)

    y.label = "x¹⁰"
    tour.draw(y, "loops")


def conditions(tour: Tour, a: float, b: float) -> None:
    """What happens may depend on Values: here a square root, two thousand years old, after Heron of Alexandria."""

    def root(x: Any) -> Any:
        guess = x if x > 1.0 else 1.0
        while abs(guess**2 - x) > 1e-14:
            guess = (guess + x / guess) / 2.0
        return guess

    for x in (a, 1.0 / a):
        tour.check("√x", root(x), by_hand=math.sqrt(x))
        tour.check("its slope", grad(root)(x), by_hand=0.5 / math.sqrt(x))


# ── the tour ─────────────────────────────────────────────────────────────────────────────────────────────────────────

Stop = Callable[[Tour, float, float], None]
STOPS: list[Stop] = [values, gradients, higher, several, loops, conditions]


def lines_of(stop: Stop) -> str:
    """Return the lines of a stop, below its docstring."""
    return dedent(inspect.getsource(stop).split('"""\n', 1)[1]).strip()


def main() -> int:
    """Visit all stops; return 0 if the library found what one finds by hand, else 1."""
    options = shared.parser("expressions", __doc__ or "").parse_args()
    tour, random = Tour(shared.Pictures(options.out)), Random(options.seed)
    a, b = (round(random.uniform(1.2, 3.0), 1) for _ in range(2))
    print(f"a tour with a = {a}, b = {b} (seed {options.seed})")
    for number, stop in enumerate(STOPS, start=1):
        print(f"\n{number}. {stop.__doc__}\n\n{indent(lines_of(stop), '    ')}\n")
        stop(tour, a, b)
    print()
    return shared.verdict(all(tour.checks), f"{sum(tour.checks)} of {len(tour.checks)} numbers as found by hand")


if __name__ == "__main__":
    shared.run(main)
