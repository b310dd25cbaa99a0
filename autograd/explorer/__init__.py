"""A page on which a computation can be stepped through, forward and in reverse, with its own numbers.

>>> from autograd import Value
>>> from autograd.explorer import explore
>>> x = Value(3.0, label="x")
>>> explore(x * x)
<Exploration of 2 Values: .save('page.html') writes the page, .save('graph.json') what it shows>
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from autograd.core import Value
from autograd.errors import ArgumentError, DrawingError, describe
from autograd.files import save

if TYPE_CHECKING:  # what follows is imported where it is used, because `import autograd` should not take longer
    from autograd.explorer.contents import Contents

MOST_NODES = 200_000  # a page of more would be too large for a browser
FRAME = (
    '<iframe sandbox="allow-scripts" title="Explorer of a computation" srcdoc="{page}"'
    ' width="100%" height="680" style="border: 1px solid #8884; border-radius: 6px"></iframe>'
)


class HasParameters(Protocol):
    """Anything that names its parameters, as `nn.Module` does."""

    def named_parameters(self) -> Iterable[tuple[str, Any]]:
        """Yield names such as `layers.0.neurons.2.bias`, and parameters."""


@dataclass(frozen=True)
class Exploration:
    """A computation to be explored in a browser: save it, or let a notebook show it."""

    contents: Contents

    def html(self) -> str:
        """Return the page: one file, for any browser, that needs nothing else."""
        from autograd.explorer.page import page

        return page(self.contents, self.contents.labels[-1] or "Computation")

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Save the page as `….html`, or what it shows as `….json`, and return the path.

        The file appears when it is complete; one that was there is replaced. Raises `ArgumentError` for another ending,
        `DrawingError` if the file cannot be written.
        """
        target = Path(path) if isinstance(path, (str, os.PathLike)) else Path()
        texts = {".html": self.html, ".json": self.contents.to_json}
        if target.suffix.lower() not in texts:
            raise ArgumentError(f"save: got {describe(path)}; expected a path that ends in .html or .json")
        return save(target, texts[target.suffix.lower()]().encode(), "save")

    def _repr_html_(self) -> str:
        from html import escape

        return FRAME.format(page=escape(self.html()))

    def __repr__(self) -> str:
        count = len(self.contents.labels)
        return (
            f"<Exploration of {count} Value{'s' * (count > 1)}:"
            " .save('page.html') writes the page, .save('graph.json') what it shows>"
        )


def explore(root: Value, model: HasParameters | None = None) -> Exploration:
    """Return a page on which the computation of a Value can be explored.

    It steps through the forward and the reverse sweep, shows each formula with this run's numbers, and follows at once
    when a leaf is changed. Nodes are called by their labels, and gathered by the parts of these that stand before dots;
    with a `model`, its parameters are called by their names in it. Neither `grad` is read or changed. Raises
    `ArgumentError` if `root` is no Value or `model` has no `named_parameters`, `DrawingError` for more than 200,000
    Values, `GraphError` if a leaf was changed after it was used.

    >>> w, x = Value(2.0, label="w"), Value(0.5, label="x")
    >>> page = explore((w * x - 3.0) ** 2).html()
    >>> "<script src=" in page or "http-equiv" not in page
    False
    """
    from autograd.explorer.contents import contents

    if not isinstance(root, Value):
        raise ArgumentError(f"explore: got {describe(root)}; expected a Value: compute one, and explore that")
    if model is not None and not hasattr(model, "named_parameters"):
        raise ArgumentError(f"explore: model: got {describe(model)}; expected named_parameters(), as nn.Module has")
    found = contents(root, {} if model is None else {x: name for name, x in model.named_parameters()})
    if len(found.labels) > MOST_NODES:
        raise DrawingError(
            f"explore: the graph has {len(found.labels)} Values, more than {MOST_NODES};"
            " explore a smaller part: one of the Values on the way to this one"
        )
    return Exploration(found)
