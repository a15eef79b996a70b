"""The pages of runs, and those that steps write beside the report, in a real browser."""

import time
from pathlib import Path

import pytest

from pipelines.pages.record import load
from tests.build.browser import Browser
from tests.build.looks import WINDOWS, axe, faults
from tests.build.run_pages import CHANGES, make_pages

pytestmark = pytest.mark.browser
KINDS = ["good", "not-retrained", "killed", "failed", "cached", *CHANGES, "list", "long-list"]
REPORTS = ["drift", "300-columns"]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the page of each kind."""
    return make_pages(tmp_path_factory.mktemp("runs"))


@pytest.mark.parametrize("kind", [*KINDS, *REPORTS])
def test_a_page_looks_right_on_a_screen_and_a_phone(
    browser: Browser, pages: dict[str, Path], kind: str
) -> None:
    found = {window: faults(browser, pages[kind], *window) for window in WINDOWS}
    assert found == {window: [] for window in WINDOWS}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_texts_and_links_large_and_dark_enough(
    browser: Browser, pages: dict[str, Path], scheme: str
) -> None:
    browser.open(pages["good"], scheme=scheme)
    assert axe(browser, measured=True) == []


def test_a_run_that_was_killed_is_found_by_the_next(pages: dict[str, Path]) -> None:
    record = load(pages["killed"].parent)
    assert record
    assert record.state == record.step("train").state == "killed"
    assert "run it again" in pages["killed"].read_text()


def test_a_run_without_a_reason_to_train_says_so_on_its_page_and_in_the_list(
    browser: Browser, pages: dict[str, Path]
) -> None:
    same = "not retrained: same data, parameters and release as pages/1"
    browser.open(pages["not-retrained"])
    assert browser.ask("document.querySelector('.note').innerText") == same
    steps = browser.ask("[...document.querySelectorAll('summary')].map(each => each.innerText)")
    why = " skipped (decide: not retrained)"
    left_out = [each.removesuffix(why) for each in steps if each.endswith(why)]
    assert left_out == ["train", "evaluate", "register"]
    browser.open(pages["list"])
    assert browser.ask("document.querySelector('tbody').innerText").count(same) == 1


def test_a_page_reloads_until_its_reader_stops_it(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["live"])
    browser.ask("live.checked || live.click()")
    browser.ask("document.querySelectorAll('details')[1].open = true")
    browser.ask("window.old = true")
    limit = time.monotonic() + 20
    while browser.ask("window.old === true"):
        assert time.monotonic() < limit
        time.sleep(0.2)
    assert browser.ask("document.querySelectorAll('details')[1].open")
    browser.ask("live.click()")
    browser.open(pages["live"])
    assert not browser.ask("live.checked")


def test_a_page_says_when_nobody_writes_it_any_more(
    browser: Browser, pages: dict[str, Path]
) -> None:
    text = pages["live"].read_text()
    for seconds, silent in ((5, False), (300, True)):
        before, _, after = text.partition('data-written="')
        page = pages["live"].with_name(f"{seconds}.html")
        written = time.time() - seconds
        page.write_text(f'{before}data-written="{written:.0f}"{after.partition(chr(34))[2]}')
        browser.open(page)
        assert browser.ask("silent.checkVisibility()") is silent


def test_the_list_is_filtered_by_text_and_state(browser: Browser, pages: dict[str, Path]) -> None:
    shown = "[...document.querySelectorAll('tbody tr')].filter(each => each.checkVisibility())"
    browser.open(pages["long-list"])
    browser.ask("text.value = 'MODEL-0/'; text.oninput()")
    assert browser.ask(f"{shown}.length") == 8
    browser.ask("word.value = 'failed'; word.oninput()")
    assert browser.ask(f"{shown}.map(each => each.dataset.state)") == ["failed", "failed"]
    browser.ask("word.value = 'running'; word.oninput()")
    assert "No run has this text" in browser.ask("document.getElementById('none').innerText")
    # What was typed stays when the page reloads.
    browser.open(pages["long-list"])
    assert browser.ask(f"[text.value, word.value, {shown}.length]") == ["MODEL-0/", "running", 0]
