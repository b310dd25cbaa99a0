"""The types of the compiled core are those of its twin in plain Python."""

from collections.abc import Sequence

from autograd.flat import flat as flat
from autograd.sweeps import adjoints as adjoints, depend_on_older as depend_on_older, tangents as tangents
from autograd.value import (
    Value as Value,
    function as function,
    over as over,
    read as read,
    recorder as recorder,
    refuse as refuse,
    restore as restore,
    restore_graph as restore_graph,
    set_recorder as set_recorder,
    watch as watch,
)

CHECKSUM: int

def kernel(name: str, operands: Sequence[float]) -> tuple[float, tuple[float | None, ...]]: ...
