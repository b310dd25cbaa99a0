"""The syntax tree of a function, found with certainty, and the code of a changed one.

Where a function stands in a file is known only by line and name, and the file may have changed since. So what is found
is compiled and compared with the code that the function has: if they differ in anything, there is no source.
"""

from __future__ import annotations
import __future__

import ast
import linecache
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Any

Tree = ast.FunctionDef | ast.Lambda

FUTURE = sum({getattr(__future__, name).compiler_flag for name in __future__.all_feature_names})
"""The flags of `from __future__ import …` in a code object."""


@dataclass(frozen=True)
class Source:
    """A function as it is written."""

    tree: Tree
    owner: str | None  # the class around it, which private names (`__x`) belong to
    imports: tuple[ast.stmt, ...]  # of its module: `math.sin(x)` is compiled otherwise where math was imported


def find(code: CodeType, namespace: dict[str, Any]) -> Source | None:
    """Return the source of a function, given its code and its globals; None if that cannot be had for certain."""
    text = "".join(linecache.getlines(code.co_filename, namespace))
    for source in _functions_in(text).get((code.co_firstlineno, code.co_name), ()):
        if compiled(source, code).replace(co_flags=code.co_flags) == code:  # the flags say how deep it is nested
            return source
    return None


def compiled(source: Source, code: CodeType, *, tree: Tree | None = None, helpers: Iterable[str] = ()) -> CodeType:
    """Return the code of a source, or of a tree that was made from it, in place of the code that it had.

    It is compiled within a function that has a parameter for each name which the code found around it, and for those of
    the helpers. That function never runs, so neither defaults nor decorators are evaluated again.
    """
    function = _bare(tree or source.tree)
    body: list[Any] = [function if isinstance(function, ast.FunctionDef) else ast.Expr(function)]
    if source.owner is not None:
        body = [ast.ClassDef(name=source.owner, bases=[], keywords=[], body=body, decorator_list=[], **_NO_TYPES)]
    around = _parameters(ast.arg(name) for name in (*code.co_freevars, *helpers))
    own = {source.owner or name_of(function)} - {*code.co_freevars}
    body = [
        *(ast.Global([name]) for name in own if name != "<lambda>"),
        *body,
    ]  # its own name, or that of its class, is found where it was
    factory = ast.FunctionDef(name="around", args=around, body=body, decorator_list=[], **_NO_TYPES)
    module = ast.fix_missing_locations(ast.Module([*source.imports, factory], type_ignores=[]))
    made = compile(module, code.co_filename, "exec", flags=code.co_flags & FUTURE, dont_inherit=True)
    for _ in range(2 if source.owner is None else 3):
        made = next(_codes_in(made))
    return _renamed(made, len(made.co_qualname), code.co_qualname)


def _bare(tree: Tree) -> Tree:
    """Return a function without what is evaluated where it is defined; a decorator stays, to mark the first line."""
    bare, args = copy(tree), tree.args
    bare.args = _parameters(map(_plain, args.args))
    bare.args.posonlyargs, bare.args.kwonlyargs = [*map(_plain, args.posonlyargs)], [*map(_plain, args.kwonlyargs)]
    bare.args.vararg, bare.args.kwarg = args.vararg and _plain(args.vararg), args.kwarg and _plain(args.kwarg)
    bare.args.kw_defaults = [None] * len(args.kwonlyargs)
    if isinstance(bare, ast.FunctionDef):
        decorators = bare.decorator_list[:1]
        bare.decorator_list = [ast.copy_location(ast.Name("_", ast.Load()), first) for first in decorators]
        bare.returns = None
        for name, nothing in _NO_TYPES.items():
            setattr(bare, name, nothing)  # pragma: no cover
    return bare


_NO_TYPES: dict[str, Any] = {"type_params": []} if "type_params" in ast.FunctionDef._fields else {}  # from Python 3.12


def _plain(parameter: ast.arg) -> ast.arg:
    return ast.copy_location(ast.arg(parameter.arg), parameter)


def _parameters(names: Iterable[ast.arg]) -> ast.arguments:
    return ast.arguments(posonlyargs=[], args=[*names], kwonlyargs=[], kw_defaults=[], defaults=[])


def _codes_in(code: CodeType) -> Iterator[CodeType]:
    return (constant for constant in code.co_consts if isinstance(constant, CodeType))


def codes_within(code: CodeType) -> Iterator[CodeType]:
    """Yield the code of every function within a function, at any depth."""
    for inner in _codes_in(code):
        yield inner
        yield from codes_within(inner)


def _renamed(code: CodeType, length: int, prefix: str) -> CodeType:
    """Return the code with the first letters of its qualified name, and of those within, changed to the prefix."""
    constants = (_renamed(c, length, prefix) if isinstance(c, CodeType) else c for c in code.co_consts)
    return code.replace(co_consts=tuple(constants), co_qualname=prefix + code.co_qualname[length:])


@lru_cache(maxsize=64)
def _functions_in(text: str) -> Mapping[tuple[int, str], list[Source]]:
    """Return the functions in the text of a file by first line and name."""
    found: dict[tuple[int, str], list[Source]] = defaultdict(list)
    try:
        waiting: list[tuple[ast.AST, str | None]] = [(ast.parse(text), None)]
    except (SyntaxError, ValueError):  # no Python: a notebook's command, a file that changed
        return found
    imports = tuple(_imports(waiting[0][0]))
    while waiting:
        node, owner = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            found[first_line(node), name_of(node)].append(Source(node, owner, imports))
        if isinstance(node, ast.ClassDef):
            owner = node.name
        waiting.extend((child, owner) for child in ast.iter_child_nodes(node))
    return found


def _imports(scope: ast.AST) -> Iterator[ast.stmt]:
    """Yield the imports in a module, but not those within functions and classes."""
    for node in ast.iter_child_nodes(scope):
        if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and node.module != "__future__"):
            yield node
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from _imports(node)


def first_line(function: Tree) -> int:
    """Return the line on which the code of a function begins: that of the first decorator, if there is one."""
    decorators = getattr(function, "decorator_list", ())
    return decorators[0].lineno if decorators else function.lineno


def name_of(function: Tree) -> str:
    """Return the name that the code of a function has."""
    return getattr(function, "name", "<lambda>")
