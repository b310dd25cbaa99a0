"""Which names may still be read after an `if`: no fewer than are, and no more than one can see."""

from __future__ import annotations

import ast

import pytest

from autograd.liveness import alive_after

# What follows an `if`, and the names that are read there before they are bound.
FOLLOWING = [
    ("return x", "x"),
    ("x = 1; return x", ""),
    ("x = x + 1; return x", "x"),
    ("x += 1", "x"),
    ("x[i] = y", "i x y"),
    ("del x", "x"),
    ("raise x from y", "x y"),
    ("return x; y", "x"),
    ("for i in xs: f(i)", "f xs"),
    ("for i in xs: a = i\nreturn a, i", "a i xs"),
    ("for i in xs: break\nelse: x = 1\nreturn x", "x xs"),
    ("for i in xs: continue\nelse: x = 1\nreturn x", "xs"),
    ("for i in xs:\n    if i: break\n    y = 1\nreturn y", "xs y"),
    ("for i in xs:\n    if i: continue\n    y = 1; f(y)", "f xs"),
    ("for i in xs:\n    while f(i): break\n    continue", "f xs"),
    ("while x: x = f(x)", "f x"),
    ("while x:\n    f(y); y = 1", "f x y"),
    ("while x:\n    y = 1; f(y)", "f x"),
    ("if x: y = 1\nelse: y = z\nreturn y", "x z"),
    ("if x: y = 1\nreturn y", "x y"),
    ("return [x for x in xs if y]", "xs y"),
    ("return {x: y for x in xs}", "xs y"),
    ("return f([x for x in xs], y)", "f xs y"),
    ("return f(lambda x: x + a, y)", "a f y"),
    ("f = lambda x, y=z: x + a\nf(b)", "a b z"),
    ("with f(x) as y: y.z", "f x y"),
    ("try: x = 1\nexcept f: g(x)\nfinally: y = z", "f g x z"),
    ("match x:\n    case 1: y\n    case _: z", "x y z"),
]


def alive(text: str) -> set[str]:
    """Return what is alive after the first `if` of a program."""
    body = ast.parse(text).body
    after = alive_after(body)
    return set(after[next(node for node in ast.walk(ast.Module(body, [])) if isinstance(node, ast.If))])


@pytest.mark.parametrize(("text", "names"), FOLLOWING)
def test_what_follows_is_alive(text: str, names: str) -> None:
    assert alive(f"if c: pass\n{text}") == set(names.split())


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("for i in xs:\n    if c: x = 1\n    f(x)", "c f x"),  # the next turn reads c
        ("for i in xs:\n    if c: x = 1\n    break\nreturn x", "x"),
        ("for i in xs:\n    if c: x = 1\n    continue\nreturn y", "c y"),
        ("for i in xs:\n    x = 0\n    for j in ys:\n        if c: x = 1\n        continue\n    f(x)", "c f x ys"),
        ("while a:\n    try: f(y)\n    except e: pass\n    if c: y = 1", "a c e f y"),
        ("while f(x):\n    if c: y = 1\n    x = 1", "c f"),
        ("for i in xs:\n    f(y)\n    if c: y = 1\n    y = 2", "c f"),
        ("try:\n    if c: x = 1\nexcept f: g(x)", "c f g x"),
        ("with f():\n    if c: x = 1\n    y = x", "c f x"),
        ("match z:\n    case 1:\n        if c: x = 1\n        x = y", "c y z"),
        ("if c: x = 1\nelse: f(y)\nf = lambda: x", "x"),
    ],
)
def test_what_is_around_is_alive(text: str, names: str) -> None:
    assert alive(text) == set(names.split())


def test_functions_within_may_read_at_any_time() -> None:
    assert alive("def g(a): return a + x\nif c: x = 1\nx = 2") == {"x"}
