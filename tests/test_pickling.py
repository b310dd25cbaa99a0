"""Copies: `copy`, `deepcopy` and `pickle` give back a graph that is complete, and independent of the original."""

from __future__ import annotations

import copy
import gc
import pickle
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from autograd import Value, adjoints, grad, jit, math, primitive, snapshot
from autograd.errors import GraphError, PrimitiveError
from autograd.graph import topological_order
from autograd.primitives import TABLE, Primitive
from autograd.testing import Expression, expressions

Copier = Callable[[Any], Any]


def pickled(protocol: int) -> Copier:
    return lambda thing: pickle.loads(pickle.dumps(thing, protocol))


DEEP: dict[str, Copier] = {
    "deepcopy": copy.deepcopy,
    **{f"pickle {protocol}": pickled(protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)},
}
every_way = pytest.mark.parametrize("copied", [copy.copy, *DEEP.values()], ids=["copy", *DEEP])
every_deep_way = pytest.mark.parametrize("copied", DEEP.values(), ids=DEEP)


def state(x: Value) -> str:
    """Return all that a node holds but its operands and its number."""
    return repr((x.primitive, x.partials, x.data, x.grad, x.label, len(x.operands)))


def assert_twins(originals: list[Value], copies: list[Value]) -> None:
    """Two graphs are the same if they can be walked side by side, each node with one and the same twin."""
    twins: dict[Value, Value] = {}
    waiting = list(zip(originals, copies, strict=True))
    while waiting:
        x, twin = waiting.pop()
        if x in twins:
            assert twins[x] is twin
            continue
        twins[x] = twin
        assert x is not twin
        assert state(x) == state(twin)
        for operand, other in zip(x.operands, twin.operands):
            if isinstance(operand, Value):
                waiting.append((operand, other))
            else:
                assert repr(operand) == repr(other)
    assert len(set(twins.values())) == len(twins)


def states(root: Value) -> list[str]:
    return [state(node) for node in topological_order(root)]


def ring(x: Value) -> Value:
    """Return the last node of a small graph with sharing, constants and many operands."""
    y = x * x + 3.0
    return math.fsum([y, 2.0 - y, x.sin(), y]) / x


# ── one graph ────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(expressions())
@settings(max_examples=50)
def test_a_copy_is_the_same_graph(drawn: Expression) -> None:
    """Down to the order of its sums: both have the same gradients, to the bit."""
    leaves = [Value(x, label=f"x{place}") for place, x in enumerate(drawn.point)]
    root = drawn(*leaves)
    root.label = "root"
    root.backward()
    copies = [copied(root) for copied in (copy.copy, *DEEP.values())]
    for again in copies:
        assert_twins([root], [again])
        again.backward()
    root.backward()
    for again in copies:
        assert_twins([root], [again])


@every_way
def test_backward_on_the_copy_leaves_the_original_alone(copied: Copier) -> None:
    root = ring(Value(2.0, label="x"))
    before = states(root)
    again = copied(root)
    again.backward()
    assert states(root) == before
    after = states(again)
    root.backward()
    assert states(root) == states(again) == after != before


@every_way
def test_leaves_are_independent(copied: Copier) -> None:
    x = Value(2.0, label="x")
    x.grad = 0.5
    again = copied(x)
    assert repr(again) == "Value(data=2.0, grad=0.5, label='x')"
    assert (again.primitive, again.operands, again.partials) == (None, (), ())
    again.data, again.grad, again.label = 7.0, 8.0, "y"
    assert repr(x) == "Value(data=2.0, grad=0.5, label='x')"


@every_way
def test_a_copy_takes_part_in_new_computations(copied: Copier) -> None:
    x = Value(2.0)
    root = copied(ring(x))
    leaf = topological_order(root)[0]
    z = root * leaf + x
    assert [node for node in topological_order(z) if not node.operands] == [x, leaf]
    z.backward()
    assert (x.grad, leaf.grad) == (1.0, pytest.approx(grad(lambda x: ring(x) * x)(2.0), rel=1e-14))


@every_way
def test_copies_are_newer_than_everything_before(copied: Copier) -> None:
    root = ring(Value(2.0))
    last = Value(0.0).number
    order = topological_order(copied(root))
    assert last < order[0].number
    assert all(x.number < node.number for node in order for x in node.operands if isinstance(x, Value))


@every_way
def test_copies_know_which_nodes_are_older_than_a_change_of_their_leaf(copied: Copier) -> None:
    """The derivative of such a node cannot be recorded: neither of the original nor of the copy."""
    x = Value(2.0)
    before = x * x
    x.data = 5.0
    after = x * x
    for root in (before, copied(before), copied(before + after)):
        with pytest.raises(GraphError, match="was changed after it was computed"):
            adjoints(root, topological_order(root)[:1])
    again = copied(after)
    assert adjoints(again, topological_order(again)[:1])[0].data == 10.0
    leaf = topological_order(copied(before))[0]
    assert adjoints(leaf * leaf, [leaf])[0].data == 10.0


@every_way
def test_special_numbers_survive(copied: Copier) -> None:
    x = Value(float("nan"))
    y = math.where(False, x, -0.0 * Value(float("inf")))
    y.grad = float("-inf")
    assert_twins([y], [copied(y)])


# ── several roots ────────────────────────────────────────────────────────────────────────────────────────────────────


@every_deep_way
@pytest.mark.parametrize(
    "order", ["xyz", "xzy", "yxz", "yzx", "zxy", "zyx", "xx", "yy", "zz", "xz", "zx", "yz", "zy", "yzy", "zyxyz"]
)
def test_sharing_is_kept_in_any_order(copied: Copier, order: str) -> None:
    x = Value(2.0, label="x")
    y = x.sin() * x
    z = (y + 1.0) * y
    roots = [{"x": x, "y": y, "z": z}[name] for name in order]
    again = copied(roots)
    assert_twins(roots, again)


@given(expressions(), st.data())
@settings(max_examples=50)
def test_sharing_is_kept_in_random_graphs(drawn: Expression, data: st.DataObject) -> None:
    results = drawn.results(*map(Value, drawn.point))
    roots = data.draw(st.lists(st.sampled_from([x for x in results if isinstance(x, Value)]), min_size=1, max_size=5))
    for copied in DEEP.values():
        assert_twins(roots, copied(roots))


@every_deep_way
def test_sharing_is_kept_across_containers_and_attributes(copied: Copier) -> None:
    x = Value(2.0)
    y = x * 3.0
    model = SimpleNamespace(weights=[x], loss={"total": y * y}, history=(y,))
    again = copied(model)
    (again.loss["total"] + 0.0).backward()
    assert again.weights[0].grad == 36.0
    assert again.history[0].grad == 12.0
    assert again.history[0].operands[0] is again.weights[0]
    assert (x.grad, y.grad) == (0.0, 0.0)


@every_deep_way
def test_graphs_that_share_only_leaves(copied: Copier) -> None:
    x = Value(2.0)
    first, second = copied([x * x, x * 3.0])
    first.backward()
    second.backward()
    assert first.operands[0] is second.operands[0]
    assert second.operands[0].grad == 7.0


def test_the_state_is_that_of_the_moment() -> None:
    """A pickler that is kept open, and what it remembers, does not freeze what others write."""
    x = Value(3.0)
    y = x * x
    file = BytesIO()
    kept_open = pickle.Pickler(file)
    kept_open.dump(y)
    before = states(y)
    y.backward()
    x.label = "x"
    assert states(pickle.loads(file.getvalue())) == before
    assert states(pickle.loads(pickle.dumps(y))) == states(y) != before
    kept_open.dump(y * 2.0)
    assert states(pickle.loads(pickle.dumps(y * 2.0))) == states(y * 2.0)


def test_nothing_is_left_behind() -> None:
    """When copy and original are gone, so are their nodes, without the collector."""
    gc.collect()
    gc.disable()
    try:
        root = ring(Value(2.0))
        nodes = [weakref.ref(node) for node in topological_order(root)]
        remembered = len(snapshot._living)
        pickle.dumps([root, root.operands[0]])
        copy.deepcopy([root])
        assert len(snapshot._living) == remembered
        del root
        assert [node() for node in nodes] == [None] * len(nodes)
    finally:
        gc.enable()


def test_a_failed_pickle_does_no_harm() -> None:
    root = ring(Value(2.0))
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
        pickle.dumps([root, lambda: 0])
    roots = [root.operands[0], root]
    assert_twins(roots, pickle.loads(pickle.dumps(roots)))


def test_pickles_do_not_grow_with_the_number_of_roots() -> None:
    root = ring(Value(2.0))
    nodes = topological_order(root)
    assert len(pickle.dumps(nodes)) < 2 * len(pickle.dumps(root))


# ── primitives of one's own ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def cube() -> Iterator[Primitive]:
    before = dict(TABLE)

    @primitive(lambda out, x: 3 * x**2)
    def cube(x: float) -> float:
        return x * x * x

    yield cube
    TABLE.clear()
    TABLE.update(before)


@every_way
def test_rows_of_ones_own_are_copied_by_name(copied: Copier, cube: Primitive) -> None:
    root = cube(Value(2.0, label="x")) + 1.0
    again = copied(root)
    assert_twins([root], [again])
    assert again.operands[0].primitive is cube
    again.backward()
    assert topological_order(again)[0].grad == 12.0


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_unknown_primitive_is_named(protocol: int, cube: Primitive) -> None:
    text = pickle.dumps(cube(Value(2.0)), protocol)
    del TABLE["cube"]
    with pytest.raises(PrimitiveError) as caught:
        pickle.loads(text)
    assert str(caught.value) == "no primitive is called 'cube'; import the module that defines it first"


def squared(name: str) -> Primitive:
    """Return a primitive that is not in the table."""
    return Primitive(name, lambda x: x * x, (lambda out, x: 2 * x,))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_rows_that_have_no_name_in_the_table_are_copied_as_they_are(copied: Copier) -> None:
    row = squared("sin")
    root = row(Value(3.0)) + 1.0
    again = copied(root)
    assert_twins([root], [again])
    assert again.operands[0].primitive is row
    assert copied(row) is row


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(("name", "found"), [("sin", "another one"), ("cube", "another one"), ("nobody's", "none")])
def test_a_pickle_never_brings_back_another_row_of_the_same_name(
    protocol: int, name: str, found: str, cube: Primitive
) -> None:
    y = squared(name)(Value(3.0))
    for thing in (y, y + 1.0, y.primitive):
        with pytest.raises(PrimitiveError) as caught:
            pickle.dumps(thing, protocol)
        assert str(caught.value) == (
            f"primitive {name!r}: a pickle keeps only the name, by which {found} would be found; define it by"
            " @primitive, or if a compiled function computed x, pickle x.data"
        )


def test_a_row_that_was_defined_again_is_not_brought_back_as_the_new_one(cube: Primitive) -> None:
    y = cube(Value(2.0))
    TABLE["cube"] = squared("cube")
    with pytest.raises(PrimitiveError, match="primitive 'cube': a pickle keeps only the name, by which another one"):
        pickle.dumps(y)


def test_a_node_of_a_compiled_function_is_not_taken_for_a_row_that_is_called_as_the_function() -> None:
    def sin(x: Any) -> Any:
        return x * x * x

    y = jit(sin)(Value(2.0))
    assert (y.data, y.primitive.name, y.primitive.symbol) == (8.0, "compiled sin", "sin")
    with pytest.raises(PrimitiveError, match="primitive 'compiled sin': a pickle keeps only the name, by which none"):
        pickle.dumps(y)
    assert jit(ring)(Value(2.0)).primitive.name == "ring"
    again = copy.deepcopy(y)
    again.backward()
    assert again.operands[0].grad == 12.0


# ── processes and threads ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_pickle_can_be_loaded_in_another_process(tmp_path: Path) -> None:
    path = tmp_path / "graph.pickle"
    x = Value(2.0, label="x")
    path.write_bytes(pickle.dumps([ring(x), x]))
    program = (
        "import pickle, sys; y, x = pickle.load(open(sys.argv[1], 'rb'));"
        "y.backward(); assert 'numpy' not in sys.modules; print(repr(x))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, cwd=Path(__file__).parents[1]
    )
    ring(x).backward()
    assert (run.stdout, run.stderr) == (f"{x!r}\n", "")


def test_threads_copy_their_own_graphs() -> None:
    def work(place: int) -> None:
        y = Value(float(place))
        roots = [y]
        for _ in range(15):
            y = ring(y) * 0.25
            roots.append(y)
        for copied in DEEP.values():
            assert_twins(roots, copied(roots))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(2, 18)))
    finally:
        sys.setswitchinterval(interval)
