"""Which names of a function may still be read after an `if`.

A name that only one side of an `if` binds cannot be selected; nor is there need to, if nothing reads it afterwards:

    if x > 0:
        root = sqrt(x)      # read here only: not alive after the `if`, unless something below reads it first
        y = y - root

What is read later is found from the last statement to the first: a name is alive before a statement if the statement
reads it, or if it is alive afterwards and the statement does not bind it. Where that is not plain, in `try`, `with` and
the functions within, every name that is read counts as alive.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

Names = frozenset[str]
SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def alive_after(body: list[ast.stmt]) -> dict[ast.If, Names]:
    """Return for each `if` in the body of a function the names that may be read afterwards."""
    return _Liveness(body).after


class _Liveness:
    def __init__(self, body: list[ast.stmt]) -> None:
        self.after: dict[ast.If, Names] = {}
        self.always = reads(scope for part in body for scope in ast.walk(part) if isinstance(scope, SCOPES))
        self.loops: list[tuple[Names, Names]] = []  # of each loop around: what is alive after `break`, `continue`
        self.before_all(body, frozenset())

    def before_all(self, statements: list[ast.stmt], after: Names) -> Names:
        for statement in reversed(statements):
            after = self.before(statement, after)
        return after

    def before(self, statement: ast.stmt, after: Names) -> Names:
        match statement:
            case ast.If():
                self.after[statement] = after | self.always
                sides = self.before_all(statement.body, after) | self.before_all(statement.orelse, after)
                return sides | reads([statement.test])
            case ast.For():
                return self.before_loop(statement, after, bound_by([statement.target])) | reads([statement.iter])
            case ast.While():
                return self.before_loop(statement, after, frozenset()) | reads([statement.test])
            case ast.Break():
                return self.loops[-1][0]
            case ast.Continue():
                return self.loops[-1][1]
            case ast.Return() | ast.Raise():
                return reads([statement])
            case ast.Assign():
                return after - bound_by(statement.targets) | reads([statement])
            case ast.Try() | ast.TryStar() | ast.With() | ast.Match():  # they may be left from anywhere within
                self.always |= reads([statement])
                for block in blocks_of(statement):
                    self.before_all(block, after)
                return after | self.always
            case _:
                return after | reads([statement])

    def before_loop(self, loop: ast.For | ast.While, after: Names, bound: Names) -> Names:
        """Return what is alive before a turn, which may come after another one: so look until nothing is added."""
        end = self.before_all(loop.orelse, after)
        head = end | (reads([loop.test]) if isinstance(loop, ast.While) else frozenset())
        while True:
            self.loops.append((after, head))
            grown = head | self.before_all(loop.body, head) - bound
            self.loops.pop()
            if grown == head:
                return head
            head = grown


def blocks_of(statement: ast.Try | ast.TryStar | ast.With | ast.Match) -> Iterable[list[ast.stmt]]:
    """Yield the statements within a statement, list by list."""
    if isinstance(statement, ast.Match):
        yield from (case.body for case in statement.cases)
    else:
        yield statement.body
    if isinstance(statement, ast.Try | ast.TryStar):
        yield from (handler.body for handler in statement.handlers)
        yield from (statement.orelse, statement.finalbody)


def reads(nodes: Iterable[ast.AST]) -> Names:
    """Return the names that are read, or have to be bound, anywhere in the nodes, but for what these bind within."""
    found: Names = frozenset()
    for node in nodes:
        parts: list[ast.AST] = list(ast.iter_child_nodes(node))
        match node:
            case ast.Name(id=name, ctx=ast.Load() | ast.Del()) | ast.AugAssign(target=ast.Name(id=name)):
                found |= {name}
            case ast.Lambda() | ast.FunctionDef():
                parameters = {part.arg for part in ast.walk(node.args) if isinstance(part, ast.arg)}
                body: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else [*node.body]
                around = [part for part in parts if part not in body]
                found |= reads(around) | reads(body) - parameters
                continue
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                sources = [part.iter for part in node.generators]
                found |= reads(sources) | reads(parts) - bound_by(part.target for part in node.generators)
                continue
        found |= reads(parts)
    return found


def bound_by(nodes: Iterable[ast.AST]) -> Names:
    """Return the names that the nodes bind in the function they stand in: not the variables of comprehensions."""
    found, waiting = set(), list(nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        if not isinstance(node, SCOPES | COMPREHENSIONS):
            waiting += ast.iter_child_nodes(node)
    return frozenset(found)
