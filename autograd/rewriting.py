"""Functions rewritten so that what only computes can be computed on both sides of a condition.

    if x > strike:                          fork = branches.fork(x > strike, …, locals())
        payoff = x - strike                 while fork.running:
    else:                                       try:
        payoff = 0.0                                if fork.holds:
                                                        payoff = x - strike
                                                    else:
                                                        payoff = 0.0
                                                except fork.failures:
                                                    fork.fail()
                                                (payoff,) = fork.settle(locals())

With a plain bool there is one turn, on the side that it says. With a recorded condition the first turn takes one side,
the second the other, each from the names as they were before, and `settle` gives the selected ones in the end; if a
side fails, one more turn takes the side that the lane at hand takes. Expressions become functions to be called on need:

    a if c else b       select(number, c, lambda: a, lambda: b, …)
    a and b, a or b     both(number, a, lambda: b), either(number, a, lambda: b)
    not a               inverse(a)
    a < b < c           chained(number, a, lambda l, r: l < r, lambda: b, lambda l, r: l < r, lambda: c)
    f(x)                call(f)(x)

An early return is the side of an `if` whose other side is the rest of the function, if this only computes as well:

    if x < 0:                               if x < 0:
        return 0.0                              @result = 0.0
    y = sqrt(x)                             else:
    return y * y                                y = sqrt(x)
                                                @result = y * y
                                            return @result

What these do is said in `branches`. Names that begin with @ cannot be in anyone's way.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from copy import deepcopy
from itertools import count
from typing import Any, NamedTuple

from autograd.liveness import SCOPES, Names, alive_after, bound_by, reads
from autograd.sources import Tree, first_line, name_of

HELPERS = "@branches"
RESULT = "@result"
BLOCKS: dict[type[ast.AST], int] = {ast.For: 1, ast.While: 1, ast.With: 1, ast.Try: 3, ast.TryStar: 3, ast.If: 2}
DEEPEST = 16  # so many blocks within each other; CPython compiles no more than 20
FRAME_READERS = {"locals", "vars", "dir", "eval", "exec"}
SUSPENDING = ast.Yield | ast.YieldFrom | ast.Await
_next_number = count().__next__


class Site(NamedTuple):
    """An `if` that may be computed on both sides: a constant in the code that is made."""

    number: int
    names: tuple[str, ...]  # what the sides bind
    alive: tuple[str, ...]  # which of them may be read afterwards
    fresh: tuple[str, ...]  # which of them are bound to new lists only


def rewritten(tree: Tree) -> Tree | None:
    """Return the function rewritten; None if it has to stay as it is.

    That is so if it suspends, reads its own frame, or defines a class, whose names functions within do not see.
    """
    defines_class = any(isinstance(node, ast.ClassDef) for node in ast.walk(tree))
    if suspends(tree) or defines_class or FRAME_READERS & reads([tree]):
        return None
    shared = {name for n in ast.walk(tree) if isinstance(n, ast.Global | ast.Nonlocal) for name in n.names}
    return _Rewriter(frozenset(shared)).function(deepcopy(tree))


def computing(tree: Tree) -> dict[tuple[int, str], bool]:
    """Return for a function and all within, by first line and name, whether their own statements only compute."""
    found: dict[tuple[int, str], bool] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            key = first_line(node), name_of(node)
            found[key] = found.get(key, True) and not any(map(_acts, _own(node)))
    return found


_ACTING = (
    ast.Global | ast.Nonlocal | ast.Delete | ast.Import | ast.ImportFrom | ast.Try | ast.TryStar | ast.With
    | ast.ClassDef | ast.AsyncWith | ast.AsyncFor | ast.AsyncFunctionDef | SUSPENDING
)  # fmt: skip


def _acts(node: ast.AST) -> bool:
    """Return whether a node does more than to compute and to bind local names."""
    return isinstance(node, _ACTING) or _stores(node) or bool(getattr(node, "decorator_list", ()))


def _stores(node: ast.AST) -> bool:
    """Return whether the node assigns to an attribute or an item."""
    return isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store)


def _own(function: Tree) -> Iterator[ast.AST]:
    """Yield what a function consists of, without the functions defined in it, but for their decorators."""
    waiting: list[ast.AST] = [function.body] if isinstance(function, ast.Lambda) else [*function.body]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.FunctionDef):
            waiting += [*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d)]
        elif not isinstance(node, ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def suspends(tree: ast.AST) -> bool:
    """Return whether a function is a generator or a coroutine."""
    own = _own(tree) if isinstance(tree, ast.FunctionDef | ast.Lambda) else ()
    return isinstance(tree, ast.AsyncFunctionDef) or any(isinstance(node, SUSPENDING) for node in own)


class _Rewriter(ast.NodeTransformer):
    def __init__(self, shared: Names) -> None:
        self.shared = shared  # names that other functions share: no side may bind them
        self.alive: dict[ast.If, Names] = {}
        self.around = 0  # blocks that are no sides

    def function(self, tree: Tree) -> Tree:
        """Rewrite the body of a function, not what is evaluated where it is defined."""
        if isinstance(tree, ast.Lambda):
            tree.body = self.visit(tree.body)
        else:
            tree.body = self.with_one_return(tree.body)
            self.alive |= alive_after(tree.body)
            tree.body = [new for statement in tree.body for new in _listed(self.visit(statement))]
        return tree

    # ── statements ───────────────────────────────────────────────────────────────────────────────────────────────────

    def with_one_return(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """Return the body of a function with a single return in the end, from where on it only computes."""
        places = [place for place, part in enumerate(body) if isinstance(part, ast.If) and _may_return(part)]
        for place in places[-(DEEPEST // 2) :]:  # each becomes a side of the one before
            rest = _returning_last(body[place:], body[-1])
            if rest is not None and self.only_computes(rest):
                last = ast.copy_location(ast.Return(ast.Name(RESULT, ast.Load())), body[-1])
                return [*body[:place], *rest, ast.fix_missing_locations(last)]
        return body

    def generic_visit(self, node: ast.AST) -> Any:
        blocks = 0 if isinstance(node, ast.If) else BLOCKS.get(type(node), 0)
        self.around += blocks
        visited = super().generic_visit(node)
        self.around -= blocks
        return visited

    def visit_If(self, node: ast.If) -> Any:
        if not self.only_computes([*node.body, *node.orelse]) or self.around + _depth(node) > DEEPEST:
            return self.generic_visit(node)
        names = sorted(bound_by([node]))
        site = Site(
            _next_number(), tuple(names), tuple(sorted(self.alive[node].intersection(names))), tuple(_fresh_names(node))
        )
        self.generic_visit(node)
        return _fork(node, site)

    def only_computes(self, statements: Iterable[ast.stmt], in_loop: bool = False) -> bool:
        return all(self.computes(statement, in_loop) for statement in statements)

    def computes(self, statement: ast.stmt, in_loop: bool) -> bool:
        """Return whether a statement does nothing but bind local names, as far as can be seen from its form."""
        names = bound_by([statement])
        private = any(name.startswith("__") for name in names)  # known under another name in a class
        walrus = any(isinstance(part, ast.NamedExpr) for part in ast.walk(statement))
        if names & self.shared or private or walrus or any(_stores(part) for part in ast.walk(statement)):
            return False
        match statement:
            case ast.If():
                return self.only_computes([*statement.body, *statement.orelse], in_loop)
            case ast.For() | ast.While():
                return self.only_computes(statement.body, True) and self.only_computes(statement.orelse, in_loop)
            case ast.Break() | ast.Continue():
                return in_loop
        return isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Expr | ast.Pass)

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        """Look at what is augmented first: a list would be changed in place."""
        self.generic_visit(node)
        if not isinstance(node.target, ast.Name):
            return node
        target = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
        return [ast.copy_location(ast.Expr(_helper("unchanging", target)), node), node]

    def visit_Assign(self, node: ast.Assign) -> Any:
        self.generic_visit(node)
        unpacks = any(isinstance(target, ast.Tuple | ast.List) for target in node.targets)
        if unpacks and not isinstance(node.value, ast.Tuple):
            node.value = _helper("reusable", node.value)
        return node

    def visit_For(self, node: ast.For) -> Any:
        self.generic_visit(node)
        node.iter = _helper("reusable", node.iter)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        node.decorator_list = [self.visit(decorator) for decorator in node.decorator_list]
        node.args = self.visit(node.args)
        return node if suspends(node) else self.function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> Any:
        return node

    # ── expressions ──────────────────────────────────────────────────────────────────────────────────────────────────

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        node.args = self.visit(node.args)
        return node if suspends(node) else self.function(node)

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        deferred, fresh = _can_be_deferred(node.body, node.orelse), _is_new_list(node)
        self.generic_visit(node)
        if not deferred:
            return node
        sides = _later(node.body), _later(node.orelse)
        return _helper("select", _number(), node.test, *sides, ast.Constant(fresh), at=node)

    def visit_BoolOp(self, node: ast.BoolOp) -> Any:
        deferred = _can_be_deferred(*node.values[1:])
        self.generic_visit(node)
        if not deferred:
            return node
        first, *others = node.values
        name = "both" if isinstance(node.op, ast.And) else "either"
        return _helper(name, _number(), first, *map(_later, others), at=node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        self.generic_visit(node)
        return _helper("inverse", node.operand, at=node) if isinstance(node.op, ast.Not) else node

    def visit_Compare(self, node: ast.Compare) -> Any:
        deferred = _can_be_deferred(*node.comparators)
        self.generic_visit(node)
        for place, relation in enumerate(node.ops):
            if isinstance(relation, ast.In | ast.NotIn):
                node.comparators[place] = _helper("reusable", node.comparators[place])
        if len(node.ops) == 1 or not deferred:
            return node
        steps = [(_relation(op, x), _later(x)) for op, x in zip(node.ops, node.comparators)]
        return _helper("chained", _number(), node.left, *(part for step in steps for part in step), at=node)

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        if not (isinstance(node.func, ast.Name) and node.func.id == "super"):  # which looks at the frame around it
            node.func = _helper("call", node.func)
        return node

    def visit_Starred(self, node: ast.Starred) -> Any:
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load):
            node.value = _helper("reusable", node.value)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> Any:
        self.generic_visit(node)
        node.iter = _helper("reusable", node.iter)
        return node

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> Any:
        self.generic_visit(node)
        return _helper("listed", node)


# ── pieces of syntax ─────────────────────────────────────────────────────────────────────────────────────────────────


FORK = """
FORK = BRANCHES.fork(TEST, SITE, BRANCHES.locals())
while FORK.running:
    try:
        SIDES
    except FORK.failures:
        FORK.fail()
    NAMES = FORK.settle(BRANCHES.locals())
"""
UNBIND = """
if NAME is BRANCHES.UNBOUND:
    del NAME
"""


class _Filled(ast.NodeTransformer):
    """A pattern of statements with other nodes in the places of its names."""

    def __init__(self, **parts: Any) -> None:
        self.parts = parts

    def visit_Name(self, node: ast.Name) -> Any:
        part = self.parts[node.id]
        return ast.copy_location(ast.Name(part, node.ctx), node) if isinstance(part, str) else part

    def visit_Expr(self, node: ast.Expr) -> Any:
        return self.parts["SIDES"] if isinstance(node.value, ast.Name) else self.generic_visit(node)


def _filled(pattern: str, at: ast.AST, **parts: Any) -> Any:
    tree = ast.parse(pattern)
    for node in ast.walk(tree):
        if hasattr(node, "lineno"):
            ast.copy_location(node, at)
    return _Filled(BRANCHES=HELPERS, **parts).visit(tree).body


def _fork(node: ast.If, site: Site) -> list[ast.stmt]:
    """Return the statements that run an `if` on one side or on both."""
    fork = f"@{site.number}"
    holds = ast.Attribute(ast.Name(fork, ast.Load()), "holds", ast.Load())
    sides = ast.copy_location(ast.If(ast.copy_location(holds, node.test), node.body, node.orelse), node)
    names = ast.Tuple([ast.Name(name, ast.Store()) for name in site.names], ast.Store())
    statements = _filled(
        FORK, node.test, FORK=fork, TEST=node.test, SITE=_constant(tuple(site)), SIDES=sides, NAMES=names
    )
    for name in site.names:
        statements[1].body += _filled(UNBIND, node.test, NAME=name)
    return statements  # type: ignore[no-any-return]


def _helper(name: str, *arguments: ast.expr, at: ast.expr | None = None) -> ast.Call:
    """Return a call of a function of `branches`, standing where its first argument stands, or at another place."""
    function = ast.Attribute(ast.Name(HELPERS, ast.Load()), name, ast.Load())
    return ast.copy_location(ast.Call(function, [*arguments], []), at or arguments[0])


def _constant(value: Any) -> ast.Constant:
    return ast.Constant(value)


def _number() -> ast.Constant:
    return ast.Constant(_next_number())


def _later(expression: ast.expr, *names: str) -> ast.expr:
    """Return a function of the names that computes an expression when it is called."""
    parameters = ast.arguments(posonlyargs=[], args=[*map(ast.arg, names)], kwonlyargs=[], kw_defaults=[], defaults=[])
    return ast.copy_location(ast.Lambda(parameters, expression), expression)


def _relation(relation: ast.cmpop, at: ast.expr) -> ast.expr:
    left, right = ast.Name("@left", ast.Load()), ast.Name("@right", ast.Load())
    return _later(ast.copy_location(ast.Compare(left, [relation], [right]), at), "@left", "@right")


def _can_be_deferred(*expressions: ast.expr) -> bool:
    """Return whether expressions mean the same within a function of their own."""
    parts = [part for expression in expressions for part in ast.walk(expression)]
    return not any(
        isinstance(part, ast.NamedExpr | SUSPENDING) or (isinstance(part, ast.Name) and part.id == "super")
        for part in parts
    )


def _depth(node: ast.AST) -> int:
    """Return how many blocks there will be within each other."""
    return BLOCKS.get(type(node), 0) + max(map(_depth, ast.iter_child_nodes(node)), default=0)


def _may_return(node: ast.AST) -> bool:
    """Return whether there is a `return` in a statement, not in a function that it defines."""
    if isinstance(node, ast.Return):
        return True
    return not isinstance(node, SCOPES) and any(map(_may_return, ast.iter_child_nodes(node)))


def _returns(statements: Iterable[ast.stmt]) -> bool:
    """Return whether statements never go on to the next one."""
    return any(
        isinstance(statement, ast.Return)
        or (isinstance(statement, ast.If) and _returns(statement.body) and _returns(statement.orelse))
        for statement in statements
    )


def _returning_last(statements: list[ast.stmt], end: ast.stmt) -> list[ast.stmt] | None:
    """Return the last statements of a function, up to `end`, in a form that binds the result to a name on every way.

    None if a statement would have to be repeated for that, or if a loop is left.
    """
    for place, statement in enumerate(statements):
        before, after = statements[:place], statements[place + 1 :]
        match statement:
            case ast.Return():
                return [*before, _result(statement.value, statement)]
            case ast.If(test, yes, no) if _returns(yes) or _returns(no):
                this = _returning_last(yes if _returns(yes) else yes + after, statement)
                other = _returning_last(no if _returns(no) else no + after, statement)
                if this is None or other is None:
                    return None
                return [*before, ast.copy_location(ast.If(test, this, other), statement)]
        if _may_return(statement):
            return None
    return [*statements, _result(None, end)]


def _result(value: ast.expr | None, at: ast.stmt) -> ast.stmt:
    statement = ast.Assign([ast.Name(RESULT, ast.Store())], value or ast.Constant(None))
    return ast.fix_missing_locations(ast.copy_location(statement, at))


def _is_new_list(value: ast.expr | None) -> bool:
    """Return whether an expression, if it gives a list, gives one that nothing else refers to."""
    match value:
        case ast.List() | ast.ListComp():
            return True
        case ast.IfExp():
            return _is_new_list(value.body) and _is_new_list(value.orelse)
        case ast.BinOp(op=ast.Add() | ast.Mult()):
            return _is_new_list(value.left) or _is_new_list(value.right)
    return False


def _fresh_names(node: ast.If) -> Names:
    """Return the names that the sides bind to new lists whenever they bind them."""
    fresh, other = set[str](), set[str]()
    for part in ast.walk(node):
        match part:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if _is_new_list(value):
                fresh.add(name)
            case ast.Assign() | ast.AugAssign() | ast.AnnAssign():
                other |= bound_by([part])
            case ast.For():
                other |= bound_by([part.target])
    return frozenset(fresh - other)


def _listed(statements: Any) -> list[ast.stmt]:
    return statements if isinstance(statements, list) else [statements]
