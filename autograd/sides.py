"""Sides of a condition, computed on trial: either both give what can be selected from, or nothing has happened.

While a side is computed, `ask`, `reusable` and `unchanging` raise `GiveUp` before something would be done that only the
lanes on this side may do. It ends the outermost side, for if an inner one has to know the truth, so has the outer one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from numbers import Number
from threading import local
from typing import Any

from autograd import math
from autograd.core import Value, recorder
from autograd.rewriting import Site

UNBOUND = object()  # in place of the value of a name that has none
LIMIT = 10_000  # sides within a side: where functions call others from both sides, they multiply


class GiveUp(BaseException):
    """A side cannot be computed without knowing the truth; no `except Exception` of a user's is to catch that."""


class _Thread(local):
    def __init__(self) -> None:
        self.on = True
        self.sides: list[Hashable] = []  # the places of the sides that are being computed, the outermost first
        self.entered = 0  # how many sides there were within the outermost


_thread = _Thread()


@contextmanager
def conversion(on: bool = True) -> Iterator[None]:
    """Record in this context with both sides of conditions computed, or without, by guards alone."""
    before = _thread.on, _thread.sides
    _thread.on, _thread.sides = on, []
    try:
        yield
    finally:
        _thread.on, _thread.sides = before


def computing_side() -> bool:
    """Return whether a side of a condition is being computed on trial."""
    return bool(_thread.sides)


def ask(condition: Any) -> None:
    """Give the side up that is being computed, if there is one, because somebody asked for the truth of a condition."""
    if _thread.sides:
        raise GiveUp


def is_open(condition: Any) -> bool:
    """Return whether both sides of a condition are to be computed: it is a Value, and a function is recorded."""
    return type(condition) is Value and is_recording()


def is_recording() -> bool:
    """Return whether a function is recorded with both sides of conditions computed."""
    return _thread.on and recorder() is not None


def enter(place: Hashable) -> None:
    """Begin to compute the sides at a place in the code; give up where that would never end."""
    if not _thread.sides:
        _thread.entered = 0
    _thread.entered += 1
    if place in _thread.sides or _thread.entered > LIMIT:  # a function that calls itself from a side
        raise GiveUp
    _thread.sides.append(place)


def leave() -> None:
    """End to compute the sides that were entered last, because of an exception: within others, these end as well."""
    _thread.sides.pop()
    if not isinstance(sys.exception(), GiveUp | Exception):
        raise  # an interrupt
    if _thread.sides:
        raise GiveUp from None


def merged(condition: Any, yes: Any, no: Any, fresh: bool = False) -> Any:
    """Return what is `yes` where the condition holds, else `no`; give up if no such thing can be made.

    Lists are merged only if they are fresh: a copy of one that is known elsewhere would not be changed with it.
    """
    if yes is no or (type(yes) is type(no) and type(yes) in CONSTANTS and repr(yes) == repr(no)):
        return yes
    if is_number(yes) and is_number(no):
        return math.where(condition, yes, no)
    if type(yes) is type(no) and (type(yes) is tuple or (type(yes) is list and fresh)) and len(yes) == len(no):
        return type(yes)(merged(condition, x, y) for x, y in zip(yes, no))
    raise GiveUp


CONSTANTS = {int, float, str, bytes}


def is_number(x: Any) -> bool:
    """Return whether `x` is a Value, or is worth the same as a float."""
    return type(x) is Value or isinstance(x, float) or (isinstance(x, int) and abs(x) <= 2**53)


class Fork:
    """One run of an `if` whose sides bind local names. It takes a turn for each side, or a single one.

    `holds` says which side is to be taken, `failures` which exceptions are to be caught there.
    """

    def __init__(self, test: Any, site: tuple[Any, ...], names: Mapping[str, Any]) -> None:
        self.site, self.test = Site(*site), test
        self.before, self.yes = self.bound(names), [UNBOUND]
        self.both, self.running, self.failed = is_open(test), True, False
        self.holds = test
        self.failures: tuple[type[BaseException], ...] = ()
        if self.both:
            enter(self.site.number)
            self.holds, self.failures = True, (BaseException,)

    def bound(self, names: Mapping[str, Any]) -> list[Any]:
        """Return what the names of this site are bound to."""
        return [names.get(name, UNBOUND) for name in self.site.names]

    def fail(self) -> None:
        """Give the sides up because of the exception that is being handled: the next turn asks for the truth."""
        leave()
        self.both, self.failed, self.holds, self.failures = False, True, self.test, ()

    def settle(self, names: Mapping[str, Any]) -> list[Any]:
        """Return what to bind the names to after a turn."""
        now = self.bound(names)
        if self.failed:
            self.failed = False
            return self.before
        if self.both and self.holds:
            self.yes, self.holds = now, False
            return self.before
        if self.both:
            try:
                now = [*map(self.selected, self.site.names, self.before, self.yes, now)]
            except (GiveUp, Exception):
                self.fail()
                self.failed = False
                return self.before
            _thread.sides.pop()
        self.running = False
        return now

    def selected(self, name: str, before: Any, yes: Any, no: Any) -> Any:
        """Return what to bind a name to, given what it was bound to before and by each side."""
        if name not in self.site.alive:
            return before
        kept = yes is before or no is before
        return merged(self.test, yes, no, fresh=name in self.site.fresh and not kept)


def tried(place: Hashable, condition: Any, yes: Callable[[], Any], no: Callable[[], Any], fresh: bool = False) -> Any:
    """Return what the condition selects if both sides can be computed; `UNBOUND` if it has to be asked."""
    if not is_open(condition):
        return UNBOUND
    enter(place)
    try:
        found = merged(condition, yes(), no(), fresh)
    except BaseException:
        leave()
        return UNBOUND
    _thread.sides.pop()
    return found


# ── what would be used up or changed by a side ───────────────────────────────────────────────────────────────────────


def reusable(things: Any) -> Any:
    """Return what is iterated over; in a side it must not be an iterator, which would be used up."""
    if _thread.sides and hasattr(type(things), "__next__"):
        raise GiveUp
    return things


def listed(iterator: Any) -> Any:
    """Return an iterator that was just made; in a side, a list of what it gives."""
    return list(iterator) if _thread.sides else iterator


def unchanging(x: Any) -> None:
    """Let `x += …` pass; in a side `x` must not be something that this would change in place."""
    if _thread.sides and not isinstance(x, Value | Number | str | bytes | tuple):
        raise GiveUp
