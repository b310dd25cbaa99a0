"""The `Value` in use: the compiled one where it was built, else the one in plain Python, which behaves the same.

`AUTOGRAD_PURE=1` in the environment selects plain Python; `NATIVE` says which of the two it is.
"""

from __future__ import annotations

import os
from contextlib import suppress
from warnings import warn

from autograd.primitives import is_current
from autograd.value import Number

NATIVE = False
if not os.environ.get("AUTOGRAD_PURE"):
    with suppress(ImportError):  # where there was no compiler
        from autograd import _native

        NATIVE = is_current(_native.CHECKSUM)
        if not NATIVE:
            warn("autograd was compiled for other primitives, so plain Python runs: install it again", stacklevel=2)

if NATIVE:
    from autograd._native import (
        Value,
        adjoints,
        depend_on_older,
        flat,
        function,
        over,
        read,
        recorder,
        refuse,
        restore,
        restore_graph,
        set_recorder,
        tangents,
        watch,
    )
else:
    from autograd.flat import flat
    from autograd.sweeps import adjoints, depend_on_older, tangents
    from autograd.value import (
        Value,
        function,
        over,
        read,
        recorder,
        refuse,
        restore,
        restore_graph,
        set_recorder,
        watch,
    )

__all__ = [
    "NATIVE", "Number", "Value", "adjoints", "depend_on_older", "flat", "function", "over", "read", "recorder",
    "refuse", "restore", "restore_graph", "set_recorder", "tangents", "watch",
]  # fmt: skip
