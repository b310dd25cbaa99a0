"""Derivatives by other libraries, in an environment of their own: one of them has our import name.

A script that does not import the library: it reads [[row, place, points], …] as JSON and writes, for each, the value
and the derivatives by the operand in this place at each point, up to the second; null for what a library has not.
"""

from __future__ import annotations

import json
import sys
from typing import Any

ORDER = 2


def jax() -> tuple[dict[str, Any], Any, Any]:
    """Return JAX's functions, how to map one over arrays, and how to differentiate it."""
    import jax
    import jax.numpy as np
    import jax.scipy.special as special

    jax.config.update("jax_enable_x64", True)

    functions = {name: getattr(jax.nn, name) for name in ("sigmoid", "softplus", "silu", "relu")}
    functions |= {"gelu": lambda x: jax.nn.gelu(x, approximate=False)}
    return named(np, special) | functions, lambda f: jax.jit(jax.vmap(f)), jax.grad


def hips() -> tuple[dict[str, Any], Any, Any]:
    """Return HIPS autograd's functions, how to map one over arrays, and how to differentiate it."""
    import autograd.numpy as np
    from autograd.scipy import special

    from autograd import elementwise_grad

    return named(np, special), lambda f: f, elementwise_grad


def named(np: Any, special: Any) -> dict[str, Any]:
    """Return the functions that have a name in numpy or scipy."""
    renamed = {
        "absolute": "abs", "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2", "asinh": "arcsinh",
        "acosh": "arccosh", "atanh": "arctanh", "lgamma": "gammaln", "mod": "mod",
    }  # fmt: skip
    plain = "add subtract multiply divide power negative exp exp2 expm1 log log2 log10 log1p sqrt cbrt sin cos tan"
    plain += " sinh cosh tanh fmod remainder maximum minimum hypot erf erfc gamma digamma"
    names = {name: name for name in plain.split() if name != "remainder"} | renamed
    found = {}
    for ours, theirs in names.items():
        for module in (np, special):
            if hasattr(module, theirs):
                found[ours] = getattr(module, theirs)
                break
    if hasattr(special, "logsumexp"):
        found["logsumexp"] = np.logaddexp
    return found


def main() -> None:
    """Answer the requests on standard input for the library that the command line names."""
    functions, mapped, differentiate = {"jax": jax, "hips": hips}[sys.argv[1]]()
    import numpy

    numpy.seterr(all="ignore")
    answers = []
    for name, place, points in json.load(sys.stdin):
        columns = [numpy.array(column) for column in zip(*points)]
        f, found = functions.get(name), []
        try:
            for _ in range(ORDER + 1):
                found.append(numpy.broadcast_to(mapped(f)(*columns), columns[0].shape).tolist())
                f = differentiate(f, place)
        except Exception as error:  # whatever a library raises where it has no derivative: then it has none
            print(f"{name}, derivative {len(found)}: {type(error).__name__}", file=sys.stderr)
        answers.append([list(row) for row in zip(*found)] if len(found) > 1 else None)
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
