"""What the functions of this package accept: numbers, rows of numbers, batches of them.

A number is a `Value` or any real number (numpy's too), which becomes a float at once. Where several numbers belong, any
ordered iterable of them will do: a list, a tuple, a generator, a numpy array.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from numbers import Integral, Real
from typing import Any

from autograd import Value
from autograd.errors import ArgumentError, describe, not_a_number

Number = Value | float
Numbers = Number | Iterable[Any]

NO_ROW = (Value, float, int, str, bytes, Real, Mapping, Set)  # the abstract ones last: asking for them takes time


def number(thing: Any, where: str, *places: object) -> Number:
    """Return a Value as it is and a real number as a float; raise `OperandError` for anything else.

    `where` is a format for the places, filled in only when there is an error to report: numbers are read often.

    >>> number(1, "sum: terms[{}]", 0)
    1.0
    """
    if type(thing) is float or isinstance(thing, Value):
        return thing
    if isinstance(thing, Real):
        return float(thing)
    raise not_a_number(thing, where.format(*places))


def items(thing: Any) -> list[Any] | None:
    """Return what is in a row of numbers or of rows; None for a number and for anything that is no row.

    >>> items(range(3)), items(3.0), items("abc")
    ([0, 1, 2], None, None)
    """
    if type(thing) is list:  # the usual case, and the other questions take time
        return thing
    if isinstance(thing, NO_ROW):
        return None
    try:
        return list(thing)
    except TypeError:
        return None


def unwrap(thing: Any) -> Any:
    """Return the items of a row as a list; what stands alone, also in a row of one, as it is.

    >>> unwrap((1, 2)), unwrap([[3]])
    ([1, 2], 3)
    """
    found = items(thing)
    if found is None:
        return thing
    return unwrap(found[0]) if len(found) == 1 else found


def row(inputs: Numbers, width: int, owner: object) -> list[Number]:
    """Return the inputs of a module as Values and floats; a number alone is a row of one.

    Raises `ArgumentError` if they are not `width` many, `OperandError` if one is no number.

    >>> row((1, 2), 2, "adder")
    [1.0, 2.0]
    """
    found = items(inputs)
    given = [inputs] if found is None else found
    if len(given) != width:
        raise ArgumentError(f"{owner!r}: got {len(given)} inputs; expected {width}, the numbers of one sample")
    return [
        x if type(x) is Value or type(x) is float else number(x, "{!r}: inputs[{}]", owner, i)
        for i, x in enumerate(given)
    ]


def size(thing: Any, where: str) -> int:
    """Return a number of inputs or neurons as an int; raise `ArgumentError` for anything but a whole number from 1 on.

    >>> size(16, "Layer: nout")
    16
    """
    if not isinstance(thing, Integral) or thing < 1:
        raise ArgumentError(f"{where}: got {describe(thing)}; expected a whole number from 1 on")
    return int(thing)


def pairs(loss: str, outputs: tuple[str, Numbers], targets: tuple[str, Numbers]) -> list[tuple[str, Number, Number]]:
    """Return (place, output, target) for each number among a batch of outputs, with the target that belongs to it.

    Outputs and targets come with their names, for the errors. Both are numbers, rows of numbers or rows of rows, of the
    same structure; but a row of one stands for what is in it, so a column of targets belongs to a list of outputs.
    Raises `ArgumentError` if the structures differ or there is nothing in them, `OperandError` for what is no number.

    >>> pairs("loss", ("outputs", [3, 4]), ("targets", [[5], [6]]))
    [('[0]', 3.0, 5.0), ('[1]', 4.0, 6.0)]
    """
    found = list(_pairs(loss, "", outputs, targets))
    if not found:
        raise ArgumentError(f"{loss}: got an empty batch; expected at least one of {outputs[0]} and of {targets[0]}")
    return found


def _pairs(
    loss: str, place: str, outputs: tuple[str, Any], targets: tuple[str, Any]
) -> Iterator[tuple[str, Number, Number]]:
    (x_name, x), (t_name, t) = [(name, unwrap(thing)) for name, thing in (outputs, targets)]
    match x, t:
        case list(), list() if len(x) == len(t):
            for i, (each_x, each_t) in enumerate(zip(x, t)):
                yield from _pairs(loss, f"{place}[{i}]", (x_name, each_x), (t_name, each_t))
        case (list(), _) | (_, list()):
            raise ArgumentError(
                f"{loss}: {x_name}{place} {_extent(x)}, {t_name}{place} {_extent(t)};"
                " expected as many of one as of the other"
            )
        case _:
            where = "{}: {}{}"
            yield place, number(x, where, loss, x_name, place), number(t, where, loss, t_name, place)


def _extent(thing: Any) -> str:
    return f"has {len(thing)} entries" if isinstance(thing, list) else f"is {describe(thing)}"
