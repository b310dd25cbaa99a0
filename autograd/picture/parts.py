"""The parts of a model: what its parameters are called, and which module a Value belongs to.

A name such as `layers.0.neurons.2.bias` says where a parameter is. What is computed from parameters of one module, and
what is computed from nothing but that, belongs to this module: its weighted sum, and its activation. Anything else,
such as a loss, belongs to none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, runtime_checkable

from autograd.core import Value
from autograd.picture.data import plain

MAX_TITLE = 44  # characters; a module with a longer representation is called by its class


@runtime_checkable
class Model(Protocol):
    """Anything that names its parameters, as `nn.Module` does; if it has `named_modules` too, these have frames."""

    def named_parameters(self) -> Iterable[tuple[str, Value]]:
        """Yield names such as `layers.0.neurons.2.bias`, and parameters."""


class Parts:
    """The parameters and modules of a model, or of none; a module is known by its name, the whole model as ""."""

    def __init__(self, model: Model | None) -> None:
        self.parameters: dict[Value, str] = {}
        self.titles: dict[str, str] = {}
        if model is not None:
            named_modules: Callable[[], Iterable[tuple[str, object]]] = getattr(model, "named_modules", tuple)
            self.parameters = {parameter: name for name, parameter in model.named_parameters()}
            self.titles = {name: _title(module) for name, module in named_modules()}

    def around(self, name: str) -> str | None:
        """Return the innermost module around the parameter or module of this name; None for the whole model."""
        while name:
            name = name.rpartition(".")[0]
            if name in self.titles:
                return name
        return None

    def lineage(self, module: str | None) -> list[str]:
        """Return the modules that a module is in, and itself, from the outermost to the innermost."""
        found: list[str] = []
        while module is not None:
            found.insert(0, module)
            module = self.around(module)
        return found

    def owners(self, order: Sequence[Value]) -> dict[Value, str | None]:
        """Return the module that each node belongs to, given operands before results; None if to none."""
        owners: dict[Value, str | None] = {}
        for node in order:
            values = [x for x in node.operands if isinstance(x, Value)]
            if node in self.parameters:
                owners[node] = self.around(self.parameters[node])
                continue
            uses_parameters = [x for x in values if x in self.parameters]
            sources = uses_parameters or (values if len(values) == len(node.operands) else [])
            found = {owners[x] for x in sources}
            owners[node] = found.pop() if len(found) == 1 else None
        return owners

    def relative(self, name: str, module: str | None) -> str:
        """Return a name as it is called within a module.

        >>> Parts(None).relative("layers.0.bias", "layers.0")
        'bias'
        """
        return name.removeprefix(f"{module}.") if module else name


def _title(module: object) -> str:
    text = repr(module)
    return plain(text) if len(text) <= MAX_TITLE and text.isprintable() else plain(type(module).__name__)
