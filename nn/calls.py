"""Which module called which: the calls of a model's modules, on what numbers, with what result.

Python finds `__call__` in an object's class. So, while somebody records, the classes of the model's modules have one
that also shows the call; afterwards they have their own again, and nothing is slower than before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from numbers import Real
from threading import Lock
from typing import Any

from autograd import Value
from nn.arguments import Number, items
from nn.module import Module


@dataclass(eq=False)
class Call:
    """One call of a module: the numbers that went in and came out, and the calls that it made itself."""

    module: Module
    inputs: list[Number]
    start: int  # Values numbered from here on were computed within the call, or after it
    outputs: list[Number] = field(default_factory=list)
    parts: list[Call] = field(default_factory=list)


class Recorder:
    """Records the calls of a model's modules within a `with` block, and hands each outermost one to `found`."""

    def __init__(self, model: Module, found: Callable[[Call], None]) -> None:
        self.names = {id(module): name for name, module in model.named_modules()}
        self._model, self._found = model, found
        self._running: list[Call] = []
        self._classes: list[type] = []

    def __enter__(self) -> Recorder:
        # Kept until the end: attributes may be replaced within the block.
        classes = (_calling(module) for _, module in self._model.named_modules())
        self._classes = list(dict.fromkeys(filter(None, classes)))
        for each in self._classes:
            _show(each)
        _recorders.set((*_recorders.get(), self))
        return self

    def __exit__(self, *error: object) -> None:
        _recorders.set(tuple(recorder for recorder in _recorders.get() if recorder is not self))
        for each in self._classes:
            _hide(each)

    def begin(self, module: Module, inputs: list[Number]) -> bool:
        """Note that a call begins; return whether it is one to be recorded."""
        again = self._running and self._running[-1].module is module  # by way of super()
        if again or id(module) not in self.names:
            return False
        self._running.append(Call(module, inputs, Value(0.0).number))
        return True

    def end(self, outputs: list[Number] | None) -> None:
        """Note that the innermost call ended, with these numbers, or with None because it failed."""
        call = self._running.pop()
        if outputs is None:
            return
        call.outputs = outputs
        if self._running:
            self._running[-1].parts.append(call)
        else:
            self._found(call)


def numbers_in(thing: Any) -> Iterator[Number]:
    """Yield the numbers in what a module is given or returns: rows of rows, dicts; not what can be read only once.

    >>> list(numbers_in(([1, (2.0,)], {"mask": 3}, "text", None)))
    [1.0, 2.0, 3.0]
    """
    if isinstance(thing, Value):
        yield thing
    elif isinstance(thing, Real):
        yield float(thing)
    elif isinstance(thing, Collection):
        for part in thing.values() if isinstance(thing, Mapping) else items(thing) or ():
            yield from numbers_in(part)


# ── classes that show their calls ────────────────────────────────────────────────────────────────────────────────────

_recorders: ContextVar[tuple[Recorder, ...]] = ContextVar("nn.calls", default=())  # at work here
_own: dict[type, tuple[Any, int]] = {}  # the classes that show calls: their own `__call__`, recorders in all threads
_lock = Lock()


def _calling(module: Module) -> type | None:
    """Return the class whose `__call__` is a module's, if it has one."""
    return next((found for found in type(module).__mro__ if "__call__" in vars(found)), None)


def _show(each: type) -> None:
    with _lock:
        own, users = _own.get(each, (vars(each)["__call__"], 0))
        _own[each] = own, users + 1
        if not users:
            each.__call__ = _shown(own)  # type: ignore[method-assign]


def _hide(each: type) -> None:
    with _lock:
        own, users = _own.pop(each)
        if users > 1:
            _own[each] = own, users - 1
        else:
            each.__call__ = own  # type: ignore[method-assign]


def _shown(own: Any) -> Callable[..., Any]:
    @wraps(own)
    def call(module: Module, *args: Any, **kwargs: Any) -> Any:
        inputs, outputs = list(numbers_in((args, kwargs))), None
        recorders = [recorder for recorder in _recorders.get() if recorder.begin(module, inputs)]
        try:
            result = own.__get__(module, type(module))(*args, **kwargs)
            outputs = list(numbers_in(result))
        finally:
            for recorder in recorders:
                recorder.end(outputs)
        return result

    return call
