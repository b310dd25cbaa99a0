"""The demo of backpropagation: its formulas on networks of any weights, and its page in a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from demos.pages import page
from nn import MLP
from tests.browsers import LONGEST, browser

demo: Any = import_module("demos.backpropagation")

TITLES = [
    "Layer 1 is asked",
    "Layer 2 is asked",
    "Layer 3 is asked",
    "The cost",
    "The error of the head",
    "What the weights and biases of layer 3 owe",
    "The error is handed down to the managers",
    "What the weights and biases of layer 2 owe",
    "The error is handed down to the clerks",
    "What the weights and biases of layer 1 owe",
    "The step",
]


def examples(seed: int = 0) -> list[Any]:
    model = MLP(2, demo.SIZES, "sigmoid", "sigmoid", seed=seed)
    return [demo.study(model, inputs, target) for inputs, target in demo.EXAMPLES]


# ── on paper and by the engine ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", range(20))
def test_paper_engine_and_differences_agree_for_any_weights(seed: int) -> None:
    for example in examples(seed):
        found = list(chain.from_iterable(example.found.values()))
        assert [it.name for it in found if not it.agrees()] == []
        assert len(found) == 1 + 3 * 6 + 20  # the cost; sums, activations and errors of 6 neurons; 20 parameters
        assert sum(it.estimate is not None for it in found) == 20


def test_a_step_lowers_the_cost_about_as_far_as_the_derivatives_promise() -> None:
    for example in examples():
        gradients = [g for layer in example.layers for row in layer.gradients() for g in row]
        promised = demo.RATE * sum(g * g for g in gradients)
        assert 0.7 * promised < example.cost - example.after < 1.1 * promised


def test_what_does_not_agree_is_named() -> None:
    agreeing = demo.Found("δ", 1.0, 1.0 + 1e-13, 1.0)
    assert agreeing.agrees()
    assert demo.agreement([agreeing]) == "The engine finds the same, to 1e-13."
    assert demo.agreement([demo.Found("δ", 1.0, 1.0, 1.0)]) == "The engine finds the same, to the last bit."
    off = demo.Found("δ", 1.0, 1.0 + 1e-11, 1.0)
    assert demo.agreement([agreeing, off]) == "not the same: δ is 1.0 on paper, 1.00000000001 by the engine"
    estimated = demo.Found("∂C/∂w", 1.0, 1.0, 1.0, demo.Estimate(1.5, 1e-9))
    assert demo.agreement([estimated]).endswith("1.0 by the engine, by differences 1.5")


def test_the_account_has_a_stage_for_every_step() -> None:
    assert [told.stage.title for told in demo.account(examples()[0])] == TITLES


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_data_mean_nothing_to_html() -> None:
    made = page("organisation", "<b>&", {"examples": "</script><script>alert(1)</script>&amp;"})
    assert "<title>&lt;b&gt;&amp;</title>" in made
    assert made.count("</script>") == 2
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', made)
    assert data is not None
    assert json.loads(data[1]) == {"examples": "</script><script>alert(1)</script>&amp;"}


def test_the_page_names_no_address() -> None:
    made = page("organisation", "title", {})
    assert re.findall(r"https?://[^\s\"']+", made) == ["http://www.w3.org/2000/svg"]


@pytest.fixture(scope="module")
def window() -> Iterator[Any]:
    with browser() as window:
        yield window


Visit = Callable[..., Any]


@pytest.fixture(scope="module")
def tab(window: Any) -> Any:
    """One for all, as to open another takes as long as most tests."""
    return window.new_page()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(page("organisation", "Blame", {"examples": list(map(demo.contents, examples()))}), encoding="utf-8")
    return path


@pytest.fixture
def visit(window: Any, tab: Any, file: Path) -> Iterator[Visit]:
    """Open the page from disk; in the end, nothing may have gone wrong, and nothing been asked for.

    With options, it is opened in a tab of its own.
    """
    troubles: list[str] = []
    ears: dict[str, Callable[[Any], None]] = {
        "pageerror": lambda error: troubles.append(str(error)),
        "console": lambda message: troubles.append(message.text),
        "request": lambda request: None if request.url.startswith("file:") else troubles.append(request.url),
    }
    contexts = []
    listening = []

    def opened(address: str = "", **options: Any) -> Any:
        view = tab
        if options:
            contexts.append(window.new_context(**options))
            view = contexts[-1].new_page()
        view.set_default_timeout(LONGEST)
        listening.append(view)
        for event, hear in ears.items():
            view.on(event, hear)
        view.goto("about:blank")  # as another step on the same page would open nothing
        view.goto(file.as_uri() + address)
        view.wait_for_selector("body.ready")
        return view

    yield opened
    for view in listening:
        for event, hear in ears.items():
            view.remove_listener(event, hear)
    for context in contexts:
        context.close()
    assert troubles == []


def texts(view: Any, selector: str) -> list[str]:
    return [text.strip() for text in view.locator(selector).all_text_contents()]


def test_every_stage_is_shown_with_its_formula_and_numbers(visit: Visit) -> None:
    view = visit()
    for number, told in enumerate(demo.account(examples()[0]), start=1):
        assert view.inner_text("#count") == f"Step {number} of 11"
        assert view.inner_text("#title") == told.stage.title
        assert view.text_content("#words") == told.stage.words
        assert view.text_content("#formula") == told.stage.formula
        assert view.text_content("#numbers") == "\n".join(told.stage.lines)
        assert view.text_content("#engine") == told.engine
        view.keyboard.press("ArrowRight")
    assert view.is_disabled("#next")


def test_the_chart_knows_only_what_has_been_found(visit: Visit) -> None:
    view = visit()
    assert len(texts(view, ".card .said")) == 3  # the clerks
    assert texts(view, ".card .error") == []
    view.keyboard.press("End")
    assert len(texts(view, ".card .said")) == 6
    assert texts(view, ".card .error") == [
        "δ = 0.00258", "δ = −0.0295", "δ = −0.00202", "δ = 0.0327", "δ = −0.07", "δ = −0.127"
    ]  # fmt: skip
    assert texts(view, ".card .share") == ["8 %", "87 %", "6 %", "32 %", "68 %", "100 %"]
    view.keyboard.press("Home")
    assert texts(view, ".card .error") == []


@pytest.mark.parametrize(
    ("stage", "labels"),
    [
        (5, ["−0.506"]),  # a - y
        (6, ["−0.112", "−0.094"]),  # δ · a
        (7, ["0.312", "−0.366"]),  # w · δ
        (9, ["0.0813", "−0.0564", "−0.00671", "−0.0512", "−0.25", "−0.00288"]),
    ],
)
def test_lines_tell_what_flows_along_them(visit: Visit, stage: int, labels: list[str]) -> None:
    view = visit(f"#1.{stage}")
    assert texts(view, "#labels text") == labels
    assert view.locator("#lines path").count() == 12 + 2 + 1 if stage < 5 else 15


def test_a_neuron_tells_what_it_hears_and_what_it_was_handed(visit: Visit) -> None:
    view = visit("#1.11")
    view.click('[data-place="1.1"]')
    assert view.inner_text("#who") == "clerk 2"
    rows = [row.split() for row in texts(view, "#table tr")]
    assert texts(view, "#table th[scope=col]") == ["hears", "says", "weight", "∂C/∂weight", "after the step"]
    assert texts(view, "#table tr:nth-child(3) :is(th, td)") == ["x₂", "1", "−2.11", "−0.0295", "−2.08"]
    assert len(rows) == 4
    assert view.inner_text("#blame") == (
        "Was handed −0.0564 from manager 1 and −0.25 from manager 2; takes σ′(z) = 0.0962 of it: δ = −0.0295."
        " The sum should have been larger."
    )
    view.click('[data-place="1.1"]')
    assert not view.is_visible("#details")


def test_it_can_be_used_with_the_keyboard_alone(visit: Visit) -> None:
    view = visit("#1.5")
    view.keyboard.press("3")
    assert view.input_value("#example") == "2"
    assert view.evaluate("location.hash") == "#3.5"
    for _ in range(20):
        view.keyboard.press("Tab")
        if view.evaluate("document.activeElement.dataset.place") == "3.0":
            break
    view.keyboard.press("Enter")
    assert view.inner_text("#who") == "the head"
    assert view.evaluate("document.activeElement.dataset.place") == "3.0"  # though the chart was drawn again
    assert view.get_attribute('[data-place="3.0"]', "aria-pressed") == "true"
    view.keyboard.press("ArrowRight")
    assert view.text_content("#spoken").startswith("What the weights and biases of layer 3 owe. ")


def test_what_is_chosen_and_dragged_is_shown(visit: Visit) -> None:
    view = visit()
    view.select_option("#example", "3")
    view.fill("#step", "10")
    assert view.inner_text("#title") == "The step"
    assert view.get_attribute("#step", "aria-valuetext") == "11 of 11: The step"
    view.click("#back")
    assert view.inner_text("#count") == "Step 10 of 11"


@pytest.mark.parametrize(("scheme", "dark"), [("light", "rgb(20, 25, 31)"), ("dark", "rgb(255, 255, 255)")])
def test_it_is_light_or_dark_as_wanted(visit: Visit, scheme: str, dark: str) -> None:
    view = visit(color_scheme=scheme)
    colour = "getComputedStyle(document.body).backgroundColor"
    assert view.evaluate(colour) != dark
    view.click("#theme")
    assert view.evaluate(colour) == dark


def test_nothing_moves_for_those_who_want_no_motion(visit: Visit) -> None:
    duration = "getComputedStyle(document.querySelector('#lines path')).transitionDuration"
    assert visit(reduced_motion="no-preference").evaluate(duration) != "0s"
    assert visit(reduced_motion="reduce").evaluate(duration) == "0s"


@pytest.mark.parametrize("width", [360, 760, 1400])
def test_nothing_is_wider_than_the_screen(visit: Visit, width: int) -> None:
    view = visit("#1.9", viewport={"width": width, "height": 800})
    assert view.evaluate("document.documentElement.scrollWidth") <= width
