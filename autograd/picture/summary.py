"""What a picture says of modules that are drawn as one: how many alike, how large their gradient is, which are dead."""

from __future__ import annotations

from collections import Counter
from math import hypot
from typing import NamedTuple

from autograd.picture.groups import Group
from autograd.picture.parts import Parts


class Summary(NamedTuple):
    """Facts about the modules of a group."""

    title: str  # of one module
    copies: int  # modules alike: those of the group, or if it is only one, those in it
    copy: str  # the title of these
    parameters: int
    norm: float  # of the gradient by all parameters
    dead: int  # of the copies: those of whose parameters none has a gradient


def summary(group: Group, parts: Parts) -> Summary:
    """Return the facts about a group of modules."""
    first = group.modules[0]
    copies = group.modules if len(group.modules) > 1 else _alike_within(first, parts)
    alive, grads = dict.fromkeys(copies, False), []
    for node in group.values:
        if node in parts.parameters:
            grads.append(node.grad)
            for module in parts.lineage(parts.around(parts.parameters[node])):
                if module in alive and node.grad != 0.0:
                    alive[module] = True
    copy = parts.titles[copies[0]] if copies else ""
    dead = sum(not is_alive for is_alive in alive.values())
    return Summary(parts.titles[first], len(copies), copy, len(grads), hypot(*grads), dead)


def _alike_within(module: str, parts: Parts) -> list[str]:
    """Return the modules directly within another whose title is the most frequent one, if there are several."""
    inner = [name for name in parts.titles if parts.around(name) == module]
    counts = Counter(parts.titles[name] for name in inner)
    title, count = max(counts.items(), key=lambda item: item[1], default=("", 0))
    return [name for name in inner if parts.titles[name] == title] if count > 1 else []
