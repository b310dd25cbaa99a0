"""What the page shows, as data: every node of a computation with its numbers, its formulas and the cluster it is in.

The data go into the page, or into a file from which the page can be made later. Reading such a file executes nothing:
it is JSON, and every part of it is checked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from math import isfinite
from typing import Any, NoReturn

from autograd import formulas
from autograd.core import Value
from autograd.errors import GraphError, describe
from autograd.explorer.clusters import Cluster, clustered
from autograd.formulas import Symbol, application
from autograd.graph import numbers, topological_order
from autograd.primitives import Primitive

FORMAT = "scalar-autograd graph 1"
FIRST_OPERAND, OUT = 0xE000, "\uf8ff"  # characters for private use stand for names, which are filled in by the page
MOST_OPERANDS = 64  # of more, only the numbers are shown
MOST_SHOWN = 6  # operands, or products, in the formula of a value
LONGEST_FORMULA = 80  # characters; of a longer one, only the number is shown


@dataclass(frozen=True)
class Contents:
    """A computation, in lists with one entry for each node, operands before results; the last node is the result."""

    labels: list[str]
    primitives: list[str]  # "" for a leaf
    operands: list[list[int]]  # the place of a node, or -1 - the place of a constant
    partials: list[list[float | None]]  # ∂node/∂operand; None where nothing flows
    data: list[float]
    members: list[int]  # which of the clusters each node is in
    constants: list[float]
    clusters: list[Cluster]  # the outermost first, then each after the one it is in
    templates: dict[str, list[str]]  # for "primitive/number of operands": symbol, formula of the value, of each partial

    def to_json(self) -> str:
        """Return the data as JSON, in ASCII; numbers that JSON lacks are text."""
        content = {"format": FORMAT, **asdict(self)}
        for name in ("data", "constants"):
            content[name] = [*map(_as_json, content[name])]
        content["partials"] = [[*map(_as_json, partials)] for partials in self.partials]
        return json.dumps(content, separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Contents:
        """Return the data from JSON; raise `GraphError` if it is not what `to_json` returned.

        >>> graph = Contents([""], [""], [[]], [[]], [3.0], [0], [], [Cluster("", 0)], {})
        >>> Contents.from_json(graph.to_json()) == graph
        True
        """
        try:
            content = json.loads(text, parse_constant=_refused)
        except (ValueError, RecursionError) as error:
            raise _no_graph(str(error) or "it is nested too deeply") from error
        return _checked(content)


def _as_json(x: float | None) -> float | str | None:
    return x if x is None or isfinite(x) else "NaN" if x != x else "Infinity" if x > 0 else "-Infinity"


def contents(root: Value, names: Mapping[Value, str]) -> Contents:
    """Return the graph of a Value as data. Raises `GraphError` if a leaf was changed after it was used."""
    order = topological_order(root)
    places = {node: place for place, node in enumerate(order)}
    labels = [names.get(node) or node.label for node in order]
    constants: dict[str, int] = {}  # by their digits, as -0.0 and NaN are constants, too
    operands, templates = [], {}
    for node in order:
        numbers(node, "explore")
        operands.append([_place(x, places, constants) for x in node.operands])
        if node.primitive is not None and (key := f"{node.primitive.name}/{len(node.operands)}") not in templates:
            templates[key] = template(node.primitive, len(node.operands))
    tree, members = clustered(labels, operands)
    return Contents(
        labels=labels,
        primitives=[node.primitive.name if node.primitive else "" for node in order],
        operands=operands,
        partials=[list(node.partials) for node in order],
        data=[node.data for node in order],
        members=members,
        constants=[*map(float, constants)],
        clusters=tree,
        templates=templates,
    )


def _place(operand: Any, places: Mapping[Value, int], constants: dict[str, int]) -> int:
    return -1 - constants.setdefault(repr(operand), len(constants)) if type(operand) is float else places[operand]


# ── formulas ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def template(primitive: Primitive, count: int) -> list[str]:
    r"""Return the symbol of a primitive of so many operands, and the formulas of its value and of each partial.

    Characters for private use stand for the operands and the result. A formula that is none, because a rule of one's
    own branches, or that nobody could read, is empty.

    >>> from autograd.primitives import multiply
    >>> template(multiply, 2)
    ['*', '\ue000 * \ue001', '\ue001', '\ue000']
    """
    operands = [Symbol(chr(FIRST_OPERAND + i)) for i in range(min(count, MOST_OPERANDS))]
    partials = [""] * count
    if count <= MOST_OPERANDS:
        with suppress(Exception):  # whatever happens in a rule of one's own
            partials = formulas.partials(primitive, Symbol(OUT), operands)
    found = [_value_formula(primitive, operands, count), *partials]
    return [primitive.symbol, *(text if len(text) <= LONGEST_FORMULA else "" for text in found)]


def _value_formula(primitive: Primitive, operands: Sequence[Symbol], count: int) -> str:
    if count > MOST_OPERANDS:
        return f"{primitive.symbol}(…)"
    if primitive.name == "dot":
        half = count // 2
        return " + ".join(_abridged([f"{x.text} * {y.text}" for x, y in zip(operands[:half], operands[half:])])) or "0"
    if primitive.name == "fsum":
        return " + ".join(_abridged([x.text for x in operands])) or "0"
    return application(primitive, [*map(Symbol, _abridged([x.text for x in operands]))]).text


def _abridged(texts: list[str]) -> list[str]:
    return texts if len(texts) <= MOST_SHOWN else [*texts[: MOST_SHOWN - 2], "…", texts[-1]]


# ── reading what was saved ───────────────────────────────────────────────────────────────────────────────────────────


def _no_graph(reason: str) -> GraphError:
    return GraphError(f"not a saved graph: {reason}; expected a file from explore(root).save('graph.json')")


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _checked(content: Any) -> Contents:
    """Return the content of a file if each part of it is what the page relies on."""
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise _no_graph(f"its format is not {FORMAT!r}")
    names = [field.name for field in fields(Contents)]
    if content.keys() != {"format", *names}:
        raise _no_graph(f"its parts are {describe(sorted(content))}, not {', '.join(names)}")
    problem = next(_problems(content), None)
    if problem:
        raise _no_graph(problem)
    parts = {name: content[name] for name in names}
    parts["data"], parts["constants"] = ([*map(float, parts[name])] for name in ("data", "constants"))
    parts["partials"] = [[None if x is None else float(x) for x in partials] for partials in parts["partials"]]
    parts["clusters"] = [Cluster(*cluster) for cluster in parts["clusters"]]
    return Contents(**parts)


def _problems(content: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong; each part is looked at only when those before it are right."""
    for name, right in COLUMNS.items():
        if type(content[name]) is not list or not all(map(right, content[name])):
            yield f"{name}: {EXPECTED[name]} expected"
    sizes = {name: len(content[name]) for name in PER_NODE}
    if len(set(sizes.values())) != 1 or not content["labels"]:
        yield f"its lists have different lengths, or none: {sizes}"
    if type(content["templates"]) is not dict or not all(map(_is_list_of(_is_text), content["templates"].values())):
        yield "templates: lists of texts expected"
    outer = [cluster[1] for cluster in content["clusters"]]
    if not outer or outer[0] != 0 or not all(0 <= place < own for own, place in enumerate(outer[1:], 1)):
        yield "clusters: each has to come after the one it is in"
    if not all(0 <= member < len(outer) for member in content["members"]):
        yield "members: there is no such cluster"
    for place, (primitive, operands, partials) in enumerate(zip(*map(content.get, PER_NODE[1:4]))):
        low = -len(content["constants"])
        if not all(low <= x < place for x in operands):
            yield f"node {place}: an operand is not older than its result, or there is no such constant"
        key, count = f"{primitive}/{len(operands)}", len(operands)
        if len(partials) != count or (primitive and len(content["templates"].get(key, ())) != count + 2):
            yield f"node {place}: its partials or formulas do not fit its operands"
        if count and not primitive:
            yield f"node {place}: a leaf has operands"


def _is_list_of(right: Any) -> Any:
    return lambda x: type(x) is list and all(map(right, x))


def _is_text(x: Any) -> bool:
    return type(x) is str


def _is_place(x: Any) -> bool:
    return type(x) is int


def _is_number(x: Any) -> bool:
    return x in ("NaN", "Infinity", "-Infinity") if type(x) is str else type(x) in (int, float)


PER_NODE = ["labels", "primitives", "operands", "partials", "data", "members"]
COLUMNS = {
    "labels": _is_text,
    "primitives": _is_text,
    "operands": _is_list_of(_is_place),
    "partials": _is_list_of(lambda x: x is None or _is_number(x)),
    "data": _is_number,
    "members": _is_place,
    "constants": _is_number,
    "clusters": lambda x: type(x) is list and [*map(type, x)] == [str, int],
}
EXPECTED = {
    "labels": "texts",
    "primitives": "texts",
    "operands": "lists of whole numbers",
    "partials": "lists of numbers or null",
    "data": "numbers",
    "members": "whole numbers",
    "constants": "numbers",
    "clusters": "pairs of a name and a whole number",
}
