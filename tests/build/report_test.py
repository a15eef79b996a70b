"""The evaluation report in a real browser: looks, figures and accessibility."""

from pathlib import Path

import pytest

from tests.build.browser import Browser
from tests.build.looks import OPEN, WINDOWS, faults
from tests.build.reports import KINDS, make_reports

pytestmark = pytest.mark.browser
each_kind = pytest.mark.parametrize("kind", KINDS)
each_scheme = pytest.mark.parametrize("scheme", ["light", "dark"])

# The lines and dots of figures whose contrast with the page is below 3. The grid only helps.
PALE_SHAPES = """(() => {
  const channels = text => text.match(/[\\d.]+/g).map(Number).slice(0, 3);
  const light = colour => {
    const [r, g, b] = colour.map(channel => {
      const share = channel / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const page = getComputedStyle(document.body), back = light(channels(page.backgroundColor));
  const shapes = [...document.querySelectorAll('.figure path, .figure use')].filter(shape =>
    getComputedStyle(shape).stroke !== 'none' && !shape.closest('defs') &&
    !shape.getAttribute('style').includes('--line') &&
    !shape.getAttribute('style').includes('stroke: var(--back)'));
  if (shapes.length < 5) return ['too few shapes: ' + shapes.length];
  return shapes.map(shape => getComputedStyle(shape).stroke).filter(stroke => {
    const [low, high] = [light(channels(stroke)), back].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05) < 3;
  });
})()"""
TEXT_HEIGHT = """Math.min(...[...document.querySelectorAll('.figure text')].map(text =>
  parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().d))"""
LOWEST_CARD = """Math.max(...[...document.querySelectorAll('.card .value')].map(card =>
  card.getBoundingClientRect().bottom))"""
_ALL = ["Slices", "Importance of the columns"]
_CURVES = ["ROC curve", "Precision and recall"]
PICTURES = {
    "binary": [*_CURVES, "Decision threshold", "Calibration", "Confusion matrix", *_ALL],
    "multiclass": [*_CURVES, "Calibration", "Confusion matrix", "Recall of each class", *_ALL],
    "regression": ["Predicted and true", "Residuals", *_ALL],
}

# The tables outside of what opens on a click that are wider than the page.
CUT = """[...document.querySelectorAll('.scroll')]
  .filter(element => !element.closest('details') && element.scrollWidth > element.clientWidth)
  .map(element => element.getAttribute('aria-label'))"""
# The frames of KFP's dashboard, without their scrollbar: of the page that compares runs, and of the
# artifacts of a step.
FRAMES = (295, 672)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the report of each kind of model."""
    return make_reports(tmp_path_factory.mktemp("reports"))


@each_kind
def test_a_report_looks_right_on_a_screen_and_a_phone_and_in_kfp(
    browser: Browser, pages: dict[str, Path], kind: str
) -> None:
    windows = [*WINDOWS, *((width, "light") for width in FRAMES)]
    found = {window: faults(browser, pages[kind], *window) for window in windows}
    assert found == {window: [] for window in windows}


@each_kind
@pytest.mark.parametrize("width", FRAMES)
def test_kfp_shows_every_column_without_scrolling(
    browser: Browser, pages: dict[str, Path], kind: str, width: int
) -> None:
    browser.open(pages[kind], width)

    assert browser.ask(CUT) == []
    assert browser.ask("document.documentElement.scrollHeight") < (7500 if width < 360 else 5000)


@each_kind
def test_a_screen_reader_finds_its_way(browser: Browser, pages: dict[str, Path], kind: str) -> None:
    browser.open(pages[kind])
    browser.ask(OPEN)

    elements = browser.read_aloud()
    roles = [role for role, _ in elements]
    assert roles.count("main") == 1
    named = [name for role, name in elements if role in ("region", "table", "image")]
    assert len(named) > 15
    assert "" not in named
    pictures = [name for role, name in elements if role == "image"]
    assert pictures == PICTURES[kind]
    assert {"For whom worse", "Made from"} <= {name for _, name in elements}
    ids = browser.ask("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))


@each_kind
@each_scheme
def test_every_line_and_bar_of_a_figure_can_be_seen(
    browser: Browser, pages: dict[str, Path], kind: str, scheme: str
) -> None:
    browser.open(pages[kind], scheme=scheme)

    assert browser.ask(PALE_SHAPES) == []
    dark = browser.ask("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert dark == (scheme == "dark")


@each_kind
def test_the_texts_of_figures_are_not_tiny_on_a_phone(
    browser: Browser, pages: dict[str, Path], kind: str
) -> None:
    browser.open(pages[kind], 360)

    assert browser.ask(TEXT_HEIGHT) >= 11


@each_kind
def test_the_first_screen_says_how_it_went(
    browser: Browser, pages: dict[str, Path], kind: str
) -> None:
    browser.open(pages[kind])

    # Of a window of 1200 by 800 pixels.
    assert browser.ask(LOWEST_CARD) < 800
    assert browser.ask("document.querySelector('.verdict').textContent").startswith("✗ failed")


def test_long_texts_are_complete_on_a_phone(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["binary"], 360)

    text = browser.ask("document.body.textContent")
    assert f"0.1.0 sha256:{'0a' * 32}" in text
    assert "<script>alert(1)</script> & " + "W" * 120 in text
