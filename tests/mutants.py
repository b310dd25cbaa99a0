"""Change every partial in the table in turn; the hypothesis suite must notice each change: `make mutants`.

Each mutant runs the properties of its row in a process of its own, until the first of them fails.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from math import inf
from multiprocessing import get_context
from typing import Any

import pytest

from autograd.primitives import BUILT_IN, TABLE, Primitive

Change = Callable[[Any], Any]
Mutant = tuple[str, int, str]

# What is done to a partial; None, where nothing flows, becomes a number.
CHANGES: dict[str, Change] = {
    "sign": lambda partial: 1.0 if partial is None else -partial,
    "scale": lambda partial: 1e-3 if partial is None else partial * 1.001,
    "shift": lambda partial: -1e-3 if partial is None else partial + 1e-3,
    "drop": lambda partial: inf if partial is None else None,
}
PROPERTIES = (
    "test_partials_agree_with_finite_differences",
    "test_second_derivatives_agree_with_finite_differences_in_both_modes",
    "test_values_and_partials_agree_with_balls",
)


def mutants() -> Iterator[Mutant]:
    """Yield the name of a primitive, the place of an operand and the name of a change, for every mutant."""
    for name in sorted(BUILT_IN):
        row = TABLE[name]
        for place in range(2) if row.many else [i for i, rule in enumerate(row.rules) if rule]:
            for change in CHANGES:
                yield name, place, change


def mutate(row: Primitive, place: int, change: Change) -> None:
    """Change the partial for one operand of a row, on floats and on Values alike."""
    original: Any = row.rules[0 if row.many else place]

    def changed(out: Any, *operands: Any) -> Any:
        found = original(out, *operands)
        return [change(p) if i == place else p for i, p in enumerate(found)] if row.many else change(found)

    rules = (changed,) if row.many else (*row.rules[:place], changed, *row.rules[place + 1 :])
    object.__setattr__(row, "rules", rules)
    row.__dict__.pop("_every_partial", None)


def survives(mutant: Mutant) -> bool:
    """Return whether all properties of the row hold although it is wrong."""
    name, place, change = mutant
    mutate(TABLE[name], place, CHANGES[change])
    tests = [f"tests/test_primitives.py::{test}[{name}]" for test in PROPERTIES]
    with contextlib.redirect_stdout(io.StringIO()):
        code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"{mutant}: the tests could not run: {code!r}")
    return code == pytest.ExitCode.OK


def main() -> int:
    """Run all mutants, print the survivors, and return how many there are."""
    os.environ["HYPOTHESIS_PROFILE"] = "mutants"
    everyone = list(mutants())
    survivors = []
    with get_context("fork").Pool(os.cpu_count(), maxtasksperchild=1) as pool:
        for mutant, alive in zip(everyone, pool.imap(survives, everyone)):
            if alive:
                survivors.append(mutant)
                print("survived: {}, partial {}, change {!r}".format(*mutant), flush=True)
    print(f"{len(everyone)} mutants, {len(survivors)} survived")
    return len(survivors)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
