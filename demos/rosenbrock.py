"""Walk to the bottom of Rosenbrock's curved valley, with exact derivatives and without.

The function is a loop over scalars, as one writes it down; `value_and_grad` and `hessian` make from it what the
optimizers of scipy.optimize ask for. They get there in fewer steps than with differences of function values, and far
closer to the bottom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from autograd import hessian, value_and_grad
from demos import shared

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from scipy.optimize import OptimizeResult  # type: ignore[import-untyped]

TARGET = 1e-8  # the largest distance to the minimum, (1, 1, …, 1), in any variable
CLASSIC = (-1.2, 1.0)  # where Rosenbrock started in 1960


def rosenbrock(x: Iterable[Any]) -> Any:
    """Return how high above the bottom of the valley x is, for two or more variables."""
    height = 0.0
    for a, b in pairwise(x):
        height += 100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2
    return height


def minimize(function: Callable[..., Any], start: Iterable[float], **settings: Any) -> OptimizeResult:
    """Minimize with scipy, which takes a while to import."""
    from scipy import optimize  # type: ignore[import-untyped]

    return optimize.minimize(function, start, **settings)


def with_derivatives(start: Iterable[float], **settings: Any) -> OptimizeResult:
    """Minimize by steps of Newton's kind: gradient and Hessian are exact."""
    derivatives = {"jac": True, "hess": hessian(rosenbrock)}
    options = {"gtol": 1e-9}
    return minimize(value_and_grad(rosenbrock), start, method="trust-exact", options=options, **derivatives, **settings)


def with_differences(start: Iterable[float], **settings: Any) -> OptimizeResult:
    """Minimize as scipy does if it is given nothing but the function: the gradient comes from differences."""
    return minimize(rosenbrock, start, method="BFGS", **settings)


def by_comparing(start: Iterable[float], **settings: Any) -> OptimizeResult:
    """Minimize by comparing values of the function only."""
    options = {"xatol": 1e-9, "fatol": 1e-9, "maxiter": 100_000, "maxfev": 100_000}
    return minimize(rosenbrock, start, method="Nelder-Mead", options=options, **settings)


# ── what came out ────────────────────────────────────────────────────────────────────────────────────────────────────

METHODS: dict[str, Callable[..., OptimizeResult]] = {
    "gradient and Hessian (trust-exact)": with_derivatives,
    "differences of values (BFGS)": with_differences,
    "values only (Nelder-Mead)": by_comparing,
}


def distance(result: OptimizeResult) -> float:
    """Return how far the result is from the minimum, in the variable where it is farthest."""
    return float(max(abs(result.x - 1.0)))


def table(results: dict[str, OptimizeResult]) -> str:
    """Return steps, evaluations and distances, a line for each method."""
    lines = [f"{'':36}  steps  values  gradients  Hessians  distance"]
    for name, result in results.items():
        exact = result.get("nhev", 0) > 0  # else the gradients are differences, and counted as values
        counts = result.nit, result.nfev, result.njev if exact else "-", result.nhev if exact else "-"
        lines.append("{:36}  {:5}  {:6}  {:>9}  {:>8}  {:8.1e}".format(name, *counts, distance(result)))
    return "\n".join(lines)


def walks(start: Iterable[float]) -> Figure:
    """Return a figure of the walks through the valley of two variables, and of how fast they come down."""
    import numpy as np
    from matplotlib.colors import LogNorm

    figure, (plane, descent) = shared.figure(12.0, 5.0, ncols=2, width_ratios=[5, 4], gridspec_kw={"wspace": 0.08})
    xs, ys = np.linspace(-1.6, 1.4, 301), np.linspace(-0.6, 1.7, 231)
    heights = rosenbrock(np.meshgrid(xs, ys))
    levels, shades = np.logspace(-2, 4, 19), shared.shades(shared.SEQUENTIAL)
    surface = plane.contourf(xs, ys, heights, levels, norm=LogNorm(), cmap=shades, extend="min")
    plane.contour(xs, ys, heights, levels, colors="white", linewidths=0.6)
    figure.colorbar(surface, label="height", ticks=10.0 ** np.arange(-2, 5), aspect=30, pad=0.02)

    for (name, method), colour, layer in zip(METHODS.items(), (shared.VERMILION, shared.INK), (3, 2)):
        walk = [np.array(start)]
        method(start, callback=lambda x, walk=walk: walk.append(x.copy()))
        look = {"color": colour, "marker": "o", "markersize": 4.5, "linewidth": 1.5, "zorder": layer}
        plane.plot(*zip(*walk), **look)
        descent.semilogy([rosenbrock(x) for x in walk], nonpositive="mask", label=name.replace(" (", "\n("), **look)
    plane.plot(1, 1, "*", color="white", markeredgecolor=shared.INK, markersize=15, zorder=3)

    plane.set(title="Two walks to the minimum ☆", xlabel="$x_0$", ylabel="$x_1$", aspect="equal")
    descent.set(title="Height, step by step", xlabel="step", ylabel="height", ylim=(1e-32, 1e4))
    descent.legend(loc="lower left", labelspacing=1.0)
    return figure


def main() -> int:
    """Minimize with and without derivatives, compare, save a picture; return 0 if the minimum was reached, else 1."""
    parser = shared.parser("rosenbrock", __doc__ or "")
    parser.add_argument("--variables", type=shared.whole(2), default=10, help="how many (default: %(default)s)")
    options = parser.parse_args()
    pictures = shared.Pictures(options.out)
    import numpy as np

    random = np.random.default_rng(options.seed)
    start = random.random(options.variables)
    print(f"Rosenbrock's function of {len(start)} variables, from a point of the unit cube (seed {options.seed}):\n")
    results = {name: method(start) for name, method in METHODS.items()}
    print(table(results), end="\n\n")

    pictures.figure(walks(np.array(CLASSIC) + random.normal(0, 0.05, 2)), "rosenbrock_walks")
    reached = distance(results["gradient and Hessian (trust-exact)"])
    return shared.verdict(reached <= TARGET, f"distance {reached:.1e} from the minimum, at most {TARGET:.0e} wanted")


if __name__ == "__main__":
    shared.run(main)
