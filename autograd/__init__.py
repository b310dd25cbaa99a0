"""Write scalar Python. See it differentiate.

A `Value` is a number that remembers how it was computed; `backward` walks that memory and applies the chain rule.

>>> from autograd import Value, grad, math
>>> x = Value(2.0)
>>> y = x * math.log(x)
>>> y.backward()
>>> x.grad == 1 + math.log(2) == grad(lambda x: x * math.log(x))(2.0)
True
"""

from autograd import errors, math, namesake
from autograd.bounds import ErrorBound, error_bound
from autograd.core import Value
from autograd.debug import debug
from autograd.draw import Drawing, draw
from autograd.explain import Explanation, explain
from autograd.explorer import Exploration, explore
from autograd.jit import Compiled, jit, vmap
from autograd.kinks import Kinks, kinks
from autograd.primitives import Primitive, primitive
from autograd.transforms import adjoints, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

__all__ = [
    "Compiled", "Drawing", "ErrorBound", "Explanation", "Exploration", "Kinks", "Primitive", "Value", "adjoints",
    "debug", "draw", "error_bound", "errors", "explain", "explore", "grad", "hessian", "hvp", "jacobian", "jit",
    "jvp", "kinks", "math", "primitive", "value_and_grad", "vjp", "vmap",
]  # fmt: skip

namesake.warn()
