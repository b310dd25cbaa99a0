"""Branches that only compute become selects: what converted functions do when they are run.

`converted(f)` is `f` with its syntax tree rewritten (see `rewriting`). It behaves as `f` does, but while a function is
recorded, a condition made of Values is not asked for its truth if what depends on it only computes: then both sides are
computed, and each name they bind, or the value they have, is selected with `where`. The functions of the user that `f`
calls are converted as they are called; those of the library, the standard library and installed packages are not.

*A side* is computed on trial. It is given up, and the condition is asked after all, as soon as it turns out that

* it asks for the truth of a condition (`Value.__bool__` → `truth` of the recorder → `ask` here),
* it calls something that is not known to only compute, uses up an iterator, or changes a list in place (`xs += …`),
* it raises an exception, or
* its results cannot be selected: they are no numbers, nor tuples and new lists of numbers.

Nothing has happened until then, so nothing has to be undone but the binding of local names. What is taken on trust:
operators, attributes and items of the user's own classes only compute.

Whoever records a function has a part in it: `truth` of the recorder begins with `ask(condition)`, and the recording
stands in `with conversion():`, or, should both sides lead to an error, once more in `with conversion(on=False):`.
"""

from __future__ import annotations

import builtins
import functools
import math as standard_math
import operator
import os
import sys
import sysconfig
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType
from typing import Any, TypeVar
from weakref import ref

from autograd import math, transforms
from autograd.core import Value
from autograd.primitives import Primitive
from autograd.rewriting import HELPERS, computing, rewritten
from autograd.sides import (
    UNBOUND,
    Fork as fork,
    GiveUp,
    ask,
    computing_side,
    conversion,
    is_open,
    is_recording,
    listed,
    reusable,
    tried,
    unchanging,
)
from autograd.sources import codes_within, compiled, find, first_line, name_of

__all__ = [
    "UNBOUND", "ask", "both", "call", "chained", "computing_side", "conversion", "converted", "either", "fork",
    "inverse", "is_recording", "listed", "locals", "reusable", "select", "unchanging",
]  # fmt: skip

F = TypeVar("F", bound=Callable[..., Any])

locals = builtins.locals  # for the code that is made, whatever its module calls by that name


# ── expressions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def unseen(helper: F) -> F:
    """Leave a function that calls back the user's code out of tracebacks."""

    @functools.wraps(helper)
    def hidden(*args: Any, **options: Any) -> Any:
        try:
            return helper(*args, **options)
        except BaseException as error:
            trace = error.__traceback__
            while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
                trace = trace.tb_next
            error.__traceback__ = trace
            raise

    return hidden  # type: ignore[return-value]


@unseen
def select(place: Hashable, condition: Any, yes: Callable[[], Any], no: Callable[[], Any], fresh: bool) -> Any:
    """Return `yes() if condition else no()`."""
    found = tried(place, condition, yes, no, fresh)
    if found is not UNBOUND:
        return found
    return yes() if condition else no()


@unseen
def both(place: Hashable, value: Any, later: Callable[[], Any], *others: Callable[[], Any]) -> Any:
    """Return `value and later() and …`."""
    rest = partial(_rest, both, place, later, *others) if others else later
    found = tried(place, value, rest, lambda: value)
    return found if found is not UNBOUND else value and rest()


@unseen
def either(place: Hashable, value: Any, later: Callable[[], Any], *others: Callable[[], Any]) -> Any:
    """Return `value or later() or …`."""
    rest = partial(_rest, either, place, later, *others) if others else later
    found = tried(place, value, lambda: value, rest)
    return found if found is not UNBOUND else value or rest()


def _rest(joined: Callable[..., Any], place: Hashable, later: Callable[[], Any], *others: Callable[[], Any]) -> Any:
    return joined((place, len(others)), later(), *others)


@unseen
def chained(place: Hashable, left: Any, relation: Callable[..., Any], later: Callable[[], Any], *others: Any) -> Any:
    """Return the chain of comparisons `left < later() < …`."""
    right = later()
    value = relation(left, right)
    return both((place, len(others)), value, lambda: chained((place,), right, *others)) if others else value


@unseen
def inverse(value: Any) -> Any:
    """Return `not value`."""
    return ~value if is_open(value) else not value


@unseen
def extremum(builtin: Callable[..., Any], prefers: Callable[[Any, Any], Any], *args: Any, **options: Any) -> Any:
    """Return the `max` or `min` of the arguments as Python finds it: the first, unless a later one is preferred."""
    items = list(reusable(args[0])) if len(args) == 1 else args
    unlike = options.get("key") is not None or (options and len(args) != 1)
    if unlike or not any(type(x) is Value for x in items):
        return builtin(*([items] if len(args) == 1 else args), **_with_called_key(options))
    best = items[0]
    for x in items[1:]:
        best = select(builtin, prefers(x, best), partial(_given, x), partial(_given, best), False)
    return best


def _given(x: Any) -> Any:
    return x


# ── calls ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def call(f: Any) -> Any:
    """Return what is to be called in place of `f`; in a side, give up if that does more than to compute."""
    if not (computing_side() if type(f) in LEFT and id(f) not in CHANGED else is_recording()):
        return f
    if f is max or f is min:
        return partial(extremum, f, operator.gt if f is max else operator.lt)
    if id(f) in APPLYING:
        return lambda *args, **options: _applied(f, *map(call, args[:1]), *args[1:], **options)
    function, computes = _converted(f)
    if computes or not computing_side():
        return function
    if not _only_computes(f):
        raise GiveUp
    return partial(_applied, f)


def _applied(f: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Return what a function that only computes gives; in a side, nothing that is used up goes in or comes out."""
    for x in (*args, *options.values()):
        reusable(x)
    found = f(*args, **_with_called_key(options))
    return listed(found) if hasattr(type(found), "__next__") else found


def _with_called_key(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of `max`, `sorted` and their like with a key that is called as any function is."""
    key = options.get("key")
    return options if key is None else {**options, "key": call(key)}


def _only_computes(f: Any) -> bool:
    """Return whether a function that is not converted is known to do nothing but compute."""
    if id(f) in COMPUTING or type(f) in ROWS:
        return True
    owner = type(getattr(f, "__self__", None))
    return owner in UNCHANGING or getattr(f, "__name__", "") in READING.get(owner, ())


_BUILTINS = (
    abs, all, any, bool, dict, divmod, enumerate, float, frozenset, getattr, hasattr, int, isinstance, issubclass, len,
    list, partial, pow, range, repr, reversed, round, set, sorted, str, sum, tuple, type, zip,
)  # fmt: skip
_MATHEMATICS = [getattr(math, name) for name in math.__all__] + [*vars(standard_math).values()]
COMPUTING = {id(f): f for f in (*_BUILTINS, *filter(callable, _MATHEMATICS))}
APPLYING = {id(f): f for f in (map, filter, functools.reduce, transforms.hvp, transforms.jvp, transforms.vjp)}
CHANGED = {id(max), id(min), *APPLYING}
ROWS = {Primitive, type(math.exp)}
LEFT = {BuiltinFunctionType, *ROWS}  # as they are, but for those that are changed: nothing of them could be converted
UNCHANGING = {Value, float, int, bool, str, tuple, range}  # all methods of these only compute
READING: dict[type[Any], Collection[str]] = {  # and these of others
    list: {"copy", "count", "index"},
    dict: {"copy", "get", "items", "keys", "values"},
}


# ── functions ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Conversion:
    """What became of the code of a function."""

    code: CodeType | None = None  # None if it is left as it is
    cells: tuple[int | None, ...] = ()  # for each cell that it needs, which one of the function's it is; None: `HELPER`
    computes: bool = False  # its own statements do nothing but compute

    def function(self, f: FunctionType) -> FunctionType:
        """Return the function `f` with this code."""
        if self.code is None:
            return f
        given = f.__closure__ or ()
        closure = tuple(HELPER if place is None else given[place] for place in self.cells)
        return _remade(f, self.code, closure)


def _remade(f: FunctionType, code: CodeType, closure: tuple[CellType, ...]) -> FunctionType:
    """Return `f` with other code and cells; all else it shares with this function."""
    made = FunctionType(code, f.__globals__, f.__name__, f.__defaults__, closure)
    for name in (*functools.WRAPPER_ASSIGNMENTS, "__kwdefaults__"):
        setattr(made, name, getattr(f, name))
    made.__dict__.update(f.__dict__)
    return made


HELPER = CellType(sys.modules[__name__])
_conversions: dict[int, tuple[ref[CodeType], Conversion]] = {}  # by the identity of code: equal ones differ in files


def converted(f: F) -> F:
    """Return `f` such that branches that only compute become selects while a function is recorded.

    Functions are converted once for each piece of code. What has no source, or is not a function of the user's, is
    returned as it is; of a derivative such as `grad(f)`, what is differentiated is converted.

    >>> def ramp(x):
    ...     return x if x > 0 else 0.0
    >>> converted(ramp)(2.0)
    2.0
    """
    return _converted(f)[0]  # type: ignore[no-any-return]


def _converted(f: Any) -> tuple[Any, bool]:
    """Return a converted function, or what was given, and whether its own statements only compute."""
    kind = type(f)
    if kind is FunctionType:
        conversion = _conversion(f)
        return conversion.function(f), conversion.computes
    if kind is MethodType:
        function, computes = _converted(f.__func__)
        return f if function is f.__func__ else MethodType(function, f.__self__), computes
    if kind is partial:
        if getattr(f.func, "__module__", "") == transforms.__name__:  # a derivative of a function
            return partial(f.func, converted(f.args[0]), *f.args[1:]), False
        function, computes = _converted(f.func)
        return f if function is f.func else partial(function, *f.args, **f.keywords), computes
    method = getattr(kind, "__call__", None)  # noqa: B004  # as calling it does
    if type(method) is FunctionType:
        function, computes = _converted(method)
        return f if function is method else MethodType(function, f), computes
    return f, False


def _conversion(f: FunctionType) -> Conversion:
    """Return what becomes of the code of a function, which is found out once."""
    code = f.__code__
    if id(code) not in _conversions:
        _remember(code, _convert(code, f.__globals__))
    return _conversions[id(code)][1]


def _remember(code: CodeType, conversion: Conversion) -> None:
    forget = partial(_conversions.pop, id(code))  # called with the reference, as what to return if it is gone already
    _conversions[id(code)] = ref(code, forget), conversion


def _convert(code: CodeType, namespace: dict[str, Any]) -> Conversion:
    if _is_installed(code.co_filename) or (source := find(code, namespace)) is None:
        return Conversion()
    if (tree := rewritten(source.tree)) is None:
        return Conversion()
    made = compiled(source, code, tree=tree, helpers=[HELPERS])
    computes = computing(source.tree)
    for inner in codes_within(made):  # functions that this one defines are converted with it
        key = inner.co_firstlineno, inner.co_name
        _remember(inner, Conversion(computes=computes.get(key, False)))
    places = {name: place for place, name in enumerate(code.co_freevars)}
    cells = tuple(map(places.get, made.co_freevars))
    found = Conversion(made, cells, computes[first_line(tree), name_of(tree)])
    _remember(made, Conversion(computes=found.computes))
    return found


def _is_installed(filename: str) -> bool:
    """Return whether a file belongs to this library, the standard library or an installed package."""
    return filename.startswith(_INSTALLED) or "site-packages" in filename or "dist-packages" in filename


_HERE = Path(__file__).parent
_INSTALLED = tuple(
    f"{folder}{os.sep}" for folder in (_HERE, _HERE.parent / "nn", *map(sysconfig.get_path, ("stdlib", "platstdlib")))
)
