"""Write scalar Python. See it differentiate."""

from autograd import errors, math
from autograd.core import Value
from autograd.primitives import primitive
from autograd.transforms import adjoints, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

__all__ = [
    "Value", "adjoints", "errors", "grad", "hessian", "hvp", "jacobian", "jvp", "math", "primitive", "value_and_grad",
    "vjp",
]  # fmt: skip
