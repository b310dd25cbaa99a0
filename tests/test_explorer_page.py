"""The page in a browser, used as a person would use it: opened from disk, stepped through, clicked, dragged, searched.

Numbers are read off the page and compared with Python's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autograd import Value, explain, explore, primitive
from autograd.graph import topological_order
from nn import MLP, mean_squared_error
from tests.browsers import LONGEST, browser
from tests.labels import HOSTILE
from tests.pages import (
    chain,
    everything,
    expression,
    labelled,
    not_selected,
    small_network,
    tangle,
    three_leaves,
    training,
    training_step,
)

SIZE = {"width": 1360, "height": 860}
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def window() -> Iterator[Any]:
    with browser() as window:
        yield window


@pytest.fixture(scope="module")
def tab(window: Any) -> Any:
    """One for all, as to open another takes as long as most tests."""
    return window.new_page(viewport=SIZE)


@pytest.fixture
def visit(window: Any, tab: Any, tmp_path: Path) -> Iterator[Open]:
    """Open the page of a Value from disk; in the end, nothing may have gone wrong, and nothing been asked for.

    It takes the place of what was open; with options, it is opened in a tab of its own.
    """
    troubles: list[str] = []
    asked: list[str] = []
    ears: dict[str, Callable[[Any], None]] = {
        "pageerror": lambda error: troubles.append(f"error: {error}"),
        "console": lambda message: troubles.append(f"console: {message.text}"),
        "dialog": lambda dialog: troubles.append(f"dialog: {dialog.message}"),
        "popup": lambda page: troubles.append(f"popup: {page.url}"),
        "request": lambda request: asked.append(request.url),
    }
    contexts = []
    listening = []

    def opened(root: Value, model: Any = None, address: str = "", watch: bool = True, **options: Any) -> Any:
        file = explore(root, model).save(tmp_path / f"page{len(list(tmp_path.iterdir()))}.html")
        page = tab
        if options:
            contexts.append(window.new_context(**{"viewport": SIZE, **options}))
            page = contexts[-1].new_page()
        page.set_default_timeout(LONGEST)
        if watch and page not in listening:
            listening.append(page)
            for event, hear in ears.items():
                page.on(event, hear)
        page.goto(file.as_uri() + address)
        page.wait_for_selector("body.ready")
        return page

    yield opened
    for page in listening:
        for event, hear in ears.items():
            page.remove_listener(event, hear)
    for context in contexts:
        context.close()
    assert troubles == []
    assert [url for url in asked if not url.startswith(("file:", "blob:"))] == []


def settled(page: Any) -> Any:
    """The page when it has shown what it was asked for."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page


def place_of(node: Value, root: Value) -> int:
    """Where a node stands in the order of the page; Values are equal if their numbers are."""
    return [x.number for x in topological_order(root)].index(node.number)


def card(page: Any, place: int) -> Any:
    return page.locator(f'.card[data-id="n{place}"]')


def text(page: Any, selector: str) -> str:
    return re.sub(r"\s+", " ", settled(page).locator(selector).inner_text()).strip()


def spoken(page: Any) -> str:
    return settled(page).locator("#spoken").text_content() or ""


def select(page: Any, place: int) -> tuple[float, float]:
    """Click on a card; return the value and the gradient that the page then shows in all digits."""
    card(page, place).click()
    settled(page)
    return float(page.locator("#value").inner_text()), float(page.locator("#gradient").inner_text())


SHOWN = """async (count) => {
    const found = [];
    for (let place = 0; place < count; place++) {
        document.querySelector(`.card[data-id="n${place}"]`).dispatchEvent(new MouseEvent("click", { bubbles: true }));
        await new Promise(requestAnimationFrame);
        found.push(["value", "gradient"].map((id) => document.getElementById(id).textContent));
    }
    return found;
}"""


def shown(page: Any, count: int) -> list[tuple[float, float]]:
    """What `select` returns, for all nodes."""
    return [(float(value), float(gradient)) for value, gradient in settled(page).evaluate(SHOWN, count)]


def same(found: float, expected: float) -> bool:
    """To twelve digits."""
    return repr(found) == repr(expected) or abs(found - expected) <= 1e-12 * max(abs(found), abs(expected))


# ── what it shows ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_opens_with_every_value_and_gradient_to_the_last_digit(visit: Open) -> None:
    _, _, loss = expression()
    loss.backward()
    page = visit(loss)
    assert page.title() == "loss"
    assert text(page, "#summary") == "9 values, 2 of them leaves"
    for place, node in enumerate(topological_order(loss)):
        assert select(page, place) == (node.data, node.grad)


def test_a_card_says_what_it_is_and_how_it_was_computed(visit: Open) -> None:
    _, _, loss = expression()
    page = visit(loss)
    titles = page.locator(".card .title").all_text_contents()
    assert titles == [
        "a", "b", "v2 = a × b", "v3 = v2 + 6.5", "v4 = tanh(v3)", "v5 = 0.5 × a", "v6 = maximum(b, v5)", "v7 = v6 × a",
        "loss = v4 + v7",
    ]  # fmt: skip
    assert card(page, 0).get_attribute("aria-label").startswith("a, value 2, gradient ")


def test_layouts_are_those_of_graphviz(visit: Open) -> None:
    """Without any program or package installed: it is within the page."""
    _, _, loss = expression()
    page = visit(loss)
    xs = [card(page, place).bounding_box()["x"] for place in (0, 2, 3, 4, 8)]
    assert xs == sorted(xs)
    assert page.evaluate("performance.getEntriesByType('resource').length") == 0
    assert len(page.workers) == 1


# ── steps ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_forward_sweep_shows_each_formula_with_its_numbers(visit: Open) -> None:
    _, _, loss = expression()
    page = visit(loss)
    page.get_by_role("button", name="To the start").click()
    assert spoken(page) == "Start: the leaves are given."
    assert card(page, 2).get_attribute("aria-label") == "v2, not computed yet"
    page.get_by_role("button", name="One step on").click()
    assert text(page, "#formula") == "v2 = a × b = 2 × (−3) = −6"
    assert spoken(page) == "v2 = a × b = −6"
    assert page.locator(".arrows path.forward").count() == 2
    assert "forward" in card(page, 2).get_attribute("class")
    assert card(page, 2).get_attribute("aria-label") == "v2, value −6"
    assert card(page, 3).get_attribute("aria-label") == "v3, not computed yet"


def test_the_reverse_sweep_lights_an_arrow_and_lets_the_sum_grow(visit: Open) -> None:
    a, _, loss = expression()
    page = visit(loss)
    total = 0.0
    for use in explain(a, loss):
        number = place_of(use.result, loss)
        card(page, 0).click()
        page.locator("#uses tbody tr").filter(has_text=f"v{number}").locator("button.number").click()
        total += use.amount
        assert spoken(page).startswith(f"∂loss/∂a += ∂loss/∂v{number} × ∂v{number}/∂a = ")
        assert page.locator(".arrows path.reverse").get_attribute("data-arrow") == f"{number}.{use.place}"
        assert {"reverse", "selected"} <= set(card(page, 0).get_attribute("class").split())
        assert "source" in card(page, number).get_attribute("class")
        assert float(page.locator("#gradient").inner_text()) == total
    assert text(page, "#formula .line:last-child") == "∂loss ∂a = 1 + 1 + (−2.3593) = −0.35934"


def test_the_seed_is_the_first_step_in_reverse(visit: Open) -> None:
    _, _, loss = expression()
    page = visit(loss, address="#step=8")
    assert spoken(page) == "Seed: ∂loss/∂loss = 1"
    assert select(page, 8)[1] == 1.0
    assert select(page, 7)[1] == 0.0


def test_nothing_flows_to_what_was_not_selected_and_from_a_zero(visit: Open) -> None:
    page = visit(not_selected())
    page.keyboard.press("End")
    told = set()
    for _ in range(6):
        told.add(spoken(page))
        page.keyboard.press("ArrowLeft")
    assert any("not selected: nothing flows" in line for line in told)
    assert any("a zero adjoint passes nothing on" in line for line in told)


def test_play_goes_through_all_steps_and_pause_stops(visit: Open) -> None:
    _, _, loss = expression()
    page = visit(loss)
    page.get_by_label("Speed").select_option("24")
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Pause").wait_for()
    page.get_by_role("button", name="Play").wait_for()  # at the end
    assert text(page, "#position") == "19 / 19"
    page.get_by_label("Speed").select_option("½")
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press(" ")
    page.keyboard.press(" ")
    assert text(page, "#position") == "1 / 19"


def test_the_slider_goes_to_any_step(visit: Open) -> None:
    _, _, loss = expression()
    page = visit(loss)
    box = page.locator("#step").bounding_box()
    page.mouse.move(box["x"] + box["width"] - 3, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 2, box["y"] + box["height"] / 2, steps=8)
    page.mouse.up()
    assert text(page, "#position") == "0 / 19"
    page.locator("#step").fill("9")
    assert text(page, "#position") == "9 / 19"


# ── contributions ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_click_lists_every_contribution_as_explain_does(visit: Open) -> None:
    a, b, loss = expression()
    page = visit(loss)
    for place, leaf in ((0, a), (1, b)):
        card(page, place).click()
        settled(page)
        products = page.locator("#uses tbody button.number")
        titles = [products.nth(i).get_attribute("title") for i in range(products.count())]
        assert [float(title) for title in titles] == [use.amount for use in explain(leaf, loss)]
        assert float(page.locator("#total").get_attribute("title")) == explain(leaf, loss).total
    assert "not selected" in text(page, "#uses")
    card(page, 8).click()
    assert text(page, "#uses") == "It is the result: its gradient is the seed, 1."


def test_local_derivatives_are_shown_as_formulas(visit: Open) -> None:
    _, _, loss = expression()
    page = visit(loss)
    card(page, 0).click()
    rows = [re.sub(r"\s", "", row) for row in settled(page).locator("#uses tbody tr").all_inner_texts()]
    assert rows == ["v71v6=11", "v520.5=0.51", "v20.78645b=−3−2.3593"]


# ── changing leaves ──────────────────────────────────────────────────────────────────────────────────────────────────


def follow(page: Any, build: Callable[[list[Value]], Value], numbers: list[float]) -> None:
    """Check that the page shows what Python computes from these numbers."""
    root = build([Value(x) for x in numbers])
    root.backward()
    order = topological_order(root)
    for place, (node, (value, gradient)) in enumerate(zip(order, shown(page, len(order)))):
        assert same(value, node.data), (place, value, node.data)
        assert same(gradient, node.grad), (place, gradient, node.grad)


def test_dragging_a_leaf_changes_values_and_gradients_at_once(visit: Open) -> None:
    page = visit(everything(three_leaves()))
    slider = page.get_by_label("x, slider")
    box = slider.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    x = float(slider.input_value())
    assert x > 0.6
    assert float(page.get_by_label("x, number").input_value()) == x
    follow(page, everything, [x, 1.25, -2.0])


def test_a_number_can_be_typed_and_taken_back(visit: Open) -> None:
    page = visit(everything(three_leaves()))
    field = page.get_by_label("y, number")
    field.fill("0.333333333333333")
    field.press("Enter")
    follow(page, everything, [0.5, 0.333333333333333, -2.0])
    field.fill("nonsense")
    field.press("Enter")
    assert field.get_attribute("aria-invalid") == "true"
    field.fill("-1.5")
    field.press("Tab")
    follow(page, everything, [0.5, -1.5, -2.0])
    page.get_by_role("button", name="Reset").click()
    follow(page, everything, [0.5, 1.25, -2.0])
    assert field.input_value() == "1.25"


def test_an_operation_of_ones_own_cannot_be_recomputed_and_the_page_says_so(visit: Open) -> None:
    @primitive(lambda out, x: 2.0 * x)
    def squared_here(x: float) -> float:
        return x * x

    x, y = Value(3.0, label="x"), Value(5.0, label="y")
    page = visit(squared_here(x) + y)
    assert select(page, 2) == (9.0, 1.0)
    field = page.get_by_label("x, number")
    field.fill("4")
    field.press("Enter")
    card(page, 2).click()
    assert text(page, "#value") == "unknown here"
    assert card(page, 3).get_attribute("aria-label").startswith("v3, value ?")
    page.get_by_role("button", name="Reset").click()
    assert select(page, 3) == (14.0, 1.0)
    field = page.get_by_label("y, number")
    field.fill("6")
    field.press("Enter")
    assert select(page, 3) == (15.0, 1.0)


def test_a_training_step_of_a_network_is_followed_to_twelve_digits(visit: Open) -> None:
    page = visit(*training())
    field = page.get_by_label("layers.0.neurons.1.weights.0, number")
    field.fill("0.125")
    field.press("Enter")
    _, model = training()
    model.parameters()[3].data = 0.125
    root = training_step(model)
    root.backward()
    order = topological_order(root)
    for node, (value, gradient) in zip(order, shown(page, len(order))):
        assert same(value, node.data)
        assert same(gradient, node.grad)


# ── finding one's way ────────────────────────────────────────────────────────────────────────────────────────────────


def test_search_finds_names_and_operations(visit: Open) -> None:
    _, _, loss = expression()
    page = visit(loss)
    page.keyboard.press("/")
    page.keyboard.type("tan")
    assert text(page, "#found") == "nothing found"
    page.keyboard.type("h")
    assert text(page, "#found") == "v4 tanh"
    page.keyboard.press("Enter")
    assert text(page, "#details h2") == "v4"
    page.get_by_role("combobox", name="Search").fill("lo")
    page.locator("#found").get_by_role("option").click()
    assert text(page, "#details h2") == "loss"
    assert page.locator("#found").is_hidden()


def test_the_address_leads_to_a_step_and_a_node(visit: Open) -> None:
    _, _, loss = expression()
    page = visit(loss, address="#step=3&node=4")
    assert text(page, "#position") == "3 / 19"
    assert text(page, "#details h2") == "v4"
    page.keyboard.press(".")
    page.wait_for_url("**#step=4&node=4")
    page.evaluate("location.hash = '#step=11'")
    page.locator("#position", has_text="11 / 19").wait_for()
    page.evaluate("location.hash = '#step=1e99&node=-3'")
    page.evaluate("location.hash = '#step=x&node=__proto__'")
    assert text(page, "#position") == "19 / 19"


def test_modules_open_and_close(visit: Open) -> None:
    page = visit(*small_network())
    everything = page.locator(".card").count()
    page.get_by_role("button", name="Collapse").click()
    page.locator(".card.module").first.wait_for()
    assert page.locator(".card").evaluate_all("cards => cards.map((c) => c.getAttribute('aria-label'))") == [
        "Module layers.0.neurons, 15 values, closed", "Module layers.1.neurons.0, 5 values, closed"
    ]  # fmt: skip
    page.locator(".card.module").first.click()
    page.locator(".frame-name").first.wait_for()
    assert page.locator(".card.module").count() == 4
    page.locator(".card.module").last.focus()
    page.keyboard.press("Enter")
    card(page, everything - 1).wait_for()
    card(page, everything - 1).click()
    page.keyboard.press("c")
    page.locator(".card.module").nth(3).wait_for()
    page.get_by_role("button", name="Expand").click()
    page.locator(".card.module").first.wait_for(state="detached")
    assert page.locator(".card.module").count() == 0
    assert page.locator(".card").count() == everything
    page.locator(".frame-name", has_text="layers.1").click()
    page.locator(".card.module").wait_for()
    page.keyboard.press("/")
    page.keyboard.type("layers.1.neurons.0.bias")
    page.keyboard.press("Enter")  # what is found is opened
    page.locator("#details h2", has_text="layers.1.neurons.0.bias").wait_for()
    assert page.locator(".card.module").count() == 0


def test_zoom_and_pan(visit: Open) -> None:
    _, _, loss = expression()
    page = visit(loss)
    start = card(page, 0).bounding_box()
    page.mouse.move(500, 150)
    page.mouse.down()
    page.mouse.move(560, 190, steps=4)
    page.mouse.up()
    moved = settled(page) and card(page, 0).bounding_box()
    assert (round(moved["x"] - start["x"]), round(moved["y"] - start["y"])) == (60, 40)
    assert text(page, "#details").startswith("Select a node")  # a drag is no click
    page.mouse.wheel(0, 400)
    assert card(settled(page), 0).bounding_box()["width"] < 0.8 * start["width"]
    page.keyboard.press("+")
    page.keyboard.press("0")
    assert card(settled(page), 0).bounding_box() == pytest.approx(start)


# ── large graphs ─────────────────────────────────────────────────────────────────────────────────────────────────────


COUNTING = """() => {
    const pen = CanvasRenderingContext2D.prototype, { clearRect, moveTo } = pen;
    pen.clearRect = function (...box) { window.painted = 0; clearRect.apply(this, box); };
    pen.moveTo = function (...point) { window.painted += 1; moveTo.apply(this, point); };
}"""


def test_of_countless_arrows_no_more_are_painted_than_can_be_told_apart(visit: Open) -> None:
    model = MLP(2, [16, 16, 1], seed=0)
    loss = mean_squared_error([model([i / 20, 0.5]) for i in range(20)], [1.0] * 20)
    assert sum(isinstance(x, Value) for node in topological_order(loss) for x in node.operands) > 12_000
    page = visit(loss)
    page.evaluate(COUNTING)
    page.keyboard.press("0")
    assert 1400 < settled(page).evaluate("painted") <= 1600  # a fair share
    for _ in range(12):
        page.keyboard.press("+")
        assert 50 < settled(page).evaluate("painted") <= 1600


def test_two_thousand_nodes_are_shown_one_by_one_and_only_those_in_sight_are_drawn(visit: Open) -> None:
    root = tangle(1300)
    size = len(topological_order(root))
    assert 1900 < size <= 2000
    page = visit(root)
    assert page.locator(".card").count() == size
    assert page.locator(".card.module").count() == 0
    assert page.locator(".card:not(.out)").count() < size
    displays = page.locator(".card.out text").evaluate_all("all => all.map((text) => getComputedStyle(text).display)")
    assert {*displays} == {"none"}  # a browser lays out the texts in a hidden group, and at each zoom anew
    for _ in range(5):
        page.keyboard.press(",")
    root.backward()
    page.keyboard.press("End")
    page.keyboard.press("/")
    page.keyboard.type("x7")
    page.keyboard.press("Enter")
    assert float(text(page, "#gradient")) == topological_order(root)[7].grad


def test_a_hundred_thousand_nodes_open_closed(visit: Open) -> None:
    x, y = chain(50_000)
    y.backward()
    page = visit(y)
    assert text(page, "#summary") == "100,001 values, 1 of them leaves"
    assert 2 < page.locator(".card").count() < 100
    assert page.locator(".card:not(.module)").count() == 0
    page.get_by_role("button", name="Expand").click()
    assert text(page, "#notice").startswith("No more than 2,000 boxes can be shown at once")
    page.keyboard.press("/")
    page.keyboard.type("x")
    page.keyboard.press("Enter")
    page.locator("#value").wait_for()
    assert (float(text(page, "#value")), float(text(page, "#gradient"))) == (1.0, x.grad)
    assert page.locator("#uses tbody tr").count() == 40
    assert "sum of all 50,001" in text(page, "#uses").replace("50001", "50,001")


# ── labels are data ──────────────────────────────────────────────────────────────────────────────────────────────────


def opened_in_full(visit: Open, labels: list[str]) -> Any:
    page = visit(labelled(labels))
    page.get_by_role("button", name="Expand").click()
    page.locator(".card.module").first.wait_for(state="detached")
    return page


def test_five_hundred_hostile_labels_stay_text(visit: Open) -> None:
    assert len({*HOSTILE}) >= 500
    kinds = "() => [...new Set([...document.querySelectorAll('*')].map((e) => e.localName))]"
    plain = opened_in_full(visit, [f"{'abc'[i % 3]}.x{i}" for i in range(len(HOSTILE))]).evaluate(kinds)
    page = opened_in_full(visit, HOSTILE)
    assert {*page.evaluate(kinds)} <= {*plain}
    names = page.locator(".card .name").all_text_contents()
    assert len(names) == len(HOSTILE) + 1
    for label, name in zip(HOSTILE, names):
        shown = re.sub("[^!-~]", "", name)
        assert shown in re.sub("[^!-~]", "", label) or shown == f"v{HOSTILE.index(label)}", (label, name)
        assert re.search("[\0-\x1f\u2028\u202e]", name) is None
    page.keyboard.press("/")
    page.keyboard.type("<img")
    assert page.locator("#found").get_by_role("option").count() == sum("<img" in label for label in HOSTILE)
    page.keyboard.press("Enter")
    assert text(page, "#details h2") == "<img src=x onerror=alert(1)>"


def test_the_policy_stops_what_a_label_could_not_even_begin(visit: Open) -> None:
    page = visit(Value(1.0, label="x") * 2.0, watch=False)
    blocked = page.evaluate("""async () => {
        const blocked = [];
        document.addEventListener("securitypolicyviolation", (event) => blocked.push(event.effectiveDirective));
        const add = (tag, set) => document.body.append(Object.assign(document.createElement(tag), set));
        add("script", { textContent: "window.ran = true" });
        add("img", { src: "https://example.com/x.png" });
        await fetch("https://example.com/").catch(() => 0);
        await new Promise((done) => setTimeout(done, 50));
        return [...new Set(blocked), window.ran];
    }""")
    assert sorted(filter(None, blocked)) == ["connect-src", "img-src", "script-src-elem"]


# ── in a notebook ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_runs_in_the_frame_of_a_notebook(window: Any, tmp_path: Path) -> None:
    _, _, loss = expression()
    notebook = tmp_path / "notebook.html"
    notebook.write_text(f"<!doctype html><meta charset=utf-8><body>{explore(loss)._repr_html_()}", encoding="utf-8")
    page = window.new_page(viewport=SIZE)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(notebook.as_uri())
    frame = page.frame_locator("iframe")
    frame.locator("body.ready").wait_for(timeout=LONGEST)
    frame.get_by_role("button", name="One step back").click()
    frame.locator("#position", has_text="18 / 19").wait_for()
    assert len(page.workers) == 1  # Graphviz runs there, too
    page.close()
    assert errors == []


# ── for everyone ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_everything_can_be_done_with_keys(visit: Open) -> None:
    _, _, loss = expression()
    page = visit(loss)
    page.keyboard.press("Home")
    assert text(page, "#position") == "0 / 19"
    for key, position in {".": 1, "ArrowRight": 2, ",": 1, "ArrowLeft": 0, "End": 19}.items():
        page.keyboard.press(key)
        assert text(page, "#position") == f"{position} / 19"
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keys").is_visible()
    page.keyboard.press("Escape")
    assert page.get_by_role("dialog").count() == 0
    page.locator('.card[tabindex="0"]').focus()
    page.keyboard.press("Enter")
    assert text(page, "#details h2") == "loss"
    page.keyboard.press("ArrowLeft")
    assert text(page, "#details h2") in ("v4", "v7")
    page.keyboard.press("ArrowRight")
    assert text(page, "#details h2") == "loss"
    page.keyboard.press("ArrowUp")
    assert text(page, "#details h2") == "v7"
    page.keyboard.press("Escape")
    assert text(page, "#details").startswith("Select a node")
    assert page.locator('.card[tabindex="0"]').count() == 1


def test_the_graph_can_be_reached_with_tab_wherever_one_looks(visit: Open) -> None:
    page = visit(expression()[2])
    for _ in range(9):
        page.keyboard.press("+")
    stage, result = page.locator(".stage").bounding_box(), card(settled(page), 8)
    assert result.bounding_box()["x"] > stage["x"] + stage["width"]
    page.get_by_role("button", name="Keys").focus()
    page.keyboard.press("Tab")
    assert settled(page).evaluate("document.activeElement.dataset.id") == "n8"
    assert stage["x"] < result.bounding_box()["x"] < stage["x"] + stage["width"] - result.bounding_box()["width"]


def test_every_control_has_a_name(visit: Open) -> None:
    _, _, loss = expression()
    page = visit(loss)
    card(page, 0).click()
    nameless = settled(page).evaluate("""() => [...document.querySelectorAll("button, input, select, [role=button]")]
        .filter((e) => !(e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.length))
        .map((e) => e.outerHTML)""")
    assert nameless == []
    assert page.locator("[aria-live=polite]").count() == 1


CONTRAST = """() => {
    const seen = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const linear = (x) => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
    const light = (c) => c.slice(0, 3).map((x) => linear(x / 255))
        .reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (e) => {
        for (; e; e = e.parentElement) {
            const colour = seen(getComputedStyle(e).backgroundColor);
            if (colour.length === 3 || colour[3] > 0.5) return colour;
        }
        return [255, 255, 255];
    };
    const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const poor = [];
    for (const e of document.querySelectorAll("body *")) {
        const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
        if (!own || !e.getClientRects().length || e.closest("[disabled], .spoken, noscript, script")) continue;
        const inSvg = e instanceof SVGElement, face = inSvg && e.closest(".card")?.querySelector(".face");
        const front = seen(inSvg ? getComputedStyle(e).fill : getComputedStyle(e).color);
        const back = face && getComputedStyle(face).fill !== "none" ? seen(getComputedStyle(face).fill) : behind(e);
        const found = ratio(light(front), light(back));
        if (found < 4.5) poor.push([e.outerHTML.slice(0, 120), found]);
    }
    return poor;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(visit: Open, scheme: str) -> None:
    model = MLP(2, [2, 1], "tanh", seed=1)
    page = visit(model([0.5, -1.0]), model, color_scheme=scheme, address="#step=12")
    assert page.locator("html").get_attribute("data-theme") == scheme
    card(page, 3).click()
    assert settled(page).evaluate(CONTRAST) == []
    page.get_by_role("button", name="Collapse").click()
    page.locator(".card.module").first.wait_for()
    assert settled(page).evaluate(CONTRAST) == []
    page.get_by_role("button", name="Dark mode").click()
    assert page.locator("html").get_attribute("data-theme") != scheme


def test_nothing_moves_by_itself(visit: Open) -> None:
    """There are no animations to be reduced, but for those that were asked for by playing."""
    page = visit(expression()[2], reduced_motion="reduce")
    page.keyboard.press(",")
    assert settled(page).evaluate("document.getAnimations().length") == 0


def test_a_narrow_screen_has_room_for_all(visit: Open) -> None:
    page = visit(expression()[2], viewport={"width": 420, "height": 800})
    assert settled(page).evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.get_by_label("a, slider").is_visible()
