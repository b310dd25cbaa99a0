"""`Module`: anything with parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from reprlib import recursive_repr
from typing import Any, Self

from autograd import Value
from autograd.errors import ArgumentError, describe


class Module:
    """A part of a model; its parameters are the leaf Values among its attributes.

    They are found wherever they are: in attributes, in modules that are attributes, in lists, tuples, dicts and numpy
    arrays of either, in the order in which they were put there. Values that were computed are results, not parameters.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(1.0)
    ...     def __call__(self, x):
    ...         return self.slope * x + self.offset
    >>> line = Line()
    >>> line(3.0).backward()
    >>> [(name, parameter.grad) for name, parameter in line.named_parameters()]
    [('slope', 3.0), ('offset', 1.0)]
    """

    training: bool = True

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Yield the parameters with names such as `layers.0.neurons.2.weights.1`, each once, under its first name."""
        return ((name, thing) for name, thing in _walk(self) if isinstance(thing, Value))

    def parameters(self) -> list[Value]:
        """Return the parameters in the order of `named_parameters`."""
        return [parameter for _, parameter in self.named_parameters()]

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """Yield this module, named "", and all inside, with names such as `layers.0.neurons.2`; outer ones first.

        >>> class Pair(Module):
        ...     def __init__(self):
        ...         self.parts = [Module(), Module()]
        >>> [name for name, module in Pair().named_modules()]
        ['', 'parts.0', 'parts.1']
        """
        return ((name, thing) for name, thing in _walk(self) if isinstance(thing, Module))

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0, as `backward` adds to what is there."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def train(self, mode: bool = True) -> Self:
        """Set `training` here and in all modules inside, for those that behave differently in use; return self.

        Raises `ArgumentError` if `mode` is not a bool.

        >>> Module().train(False).training
        False
        """
        if not isinstance(mode, bool):
            raise ArgumentError(f"train: got {describe(mode)}; expected True or False")
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Set `training` to False here and in all modules inside; return self."""
        return self.train(False)

    @recursive_repr()
    def __repr__(self) -> str:
        parts = [f"{name}: {text}" for name, thing in vars(self).items() if (text := _summary(thing))]
        lines = "".join(f"\n{part}" for part in parts).replace("\n", "\n    ")
        return f"{type(self).__name__}({lines}\n)" if lines else f"{type(self).__name__}()"


def _walk(root: object) -> Iterator[tuple[str, Module | Value]]:
    """Yield the modules and parameters in `root`, itself included, with their names; each once, outer ones first."""
    seen: dict[int, object] = {}  # holds on to the things, for ids to stay theirs; they may contain each other
    waiting: list[tuple[str, object]] = [("", root)]
    while waiting:
        name, thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen[id(thing)] = thing
        if isinstance(thing, Value):
            if not thing.operands:
                yield name, thing
            continue
        if isinstance(thing, Module):
            yield name, thing
        prefix = f"{name}." if name else ""
        waiting.extend(reversed([(f"{prefix}{key}", part) for key, part in _parts(thing)]))


def _parts(thing: Any) -> Iterable[tuple[object, object]]:
    """Return what may hold parameters in a thing, with the keys under which it is found."""
    if isinstance(thing, Module):
        return vars(thing).items()
    if isinstance(thing, dict):
        return thing.items()
    if isinstance(thing, (list, tuple)):
        return enumerate(thing)
    if getattr(thing, "dtype", None) == "O" and thing.shape:  # a numpy array of objects
        return enumerate(thing)
    return ()


def _summary(thing: object) -> str:
    """Return modules as they are, other things by how many parameters they hold; nothing if there is none."""
    found = [part for _, part in _walk(thing)]
    if any(isinstance(part, Module) for part in found):
        return repr(thing)
    return f"{len(found)} parameter{'s' if len(found) > 1 else ''}" if found else ""
