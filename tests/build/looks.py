"""Look at a page as a person does, who may have a phone, the dark, or a screen reader."""

import json
import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from tests.build.browser import Browser
from tests.programs import server

# Each page is looked at in every window.
WINDOWS = [(width, scheme) for width in (1280, 360) for scheme in ("light", "dark")]
# Pictures of the pages are kept in this folder, if it is given.
PICTURES = "PINION_PICTURES"
_LEVELS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")

OPEN = "document.querySelectorAll('details').forEach(element => { element.open = true; })"
# A page that reloads loses what is asked of it.
_HOLD = "(box => { if (box && box.checked) box.click(); })(document.getElementById('live'))"
_HEADINGS = "[...document.querySelectorAll('h1,h2,h3,h4')].map(each => +each.tagName[1])"
_WIDER = """(() => {
  const page = document.documentElement;
  if (page.scrollWidth <= page.clientWidth) return [];
  return [...document.querySelectorAll('body *')]
    .filter(each => each.getBoundingClientRect().right > page.clientWidth + 1)
    .map(each => each.tagName + ' ' + each.textContent.slice(0, 40)).slice(-3);
})()"""
# The texts whose contrast is below WCAG's minimum, with transparent backgrounds resolved. axe does
# not measure drawings, and its own measurement of a long page takes minutes.
_PALE_TEXTS = """(() => {
  // Mixed colours are `color(srgb 0.9 0.9 0.9)`, others `rgb(230, 230, 230)`.
  const channels = text => text.match(/[\\d.]+/g).map((part, i) =>
    part * (text.startsWith('color') && i < 3 ? 255 : 1));
  const over = (front, back) => {
    const [r, g, b, alpha = 1] = front;
    return [r, g, b].map((channel, i) => channel * alpha + back[i] * (1 - alpha));
  };
  const behind = element => {
    if (!element) return [255, 255, 255];
    const box = element.parentElement?.querySelector(':scope > rect.box');
    const style = getComputedStyle(box || element);
    const own = channels(box ? style.fill : style.backgroundColor);
    return own[3] === 0 ? behind(element.parentElement) : over(own, behind(element.parentElement));
  };
  const light = colour => {
    const [r, g, b] = colour.map(channel => {
      const share = channel / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = element => {
    const style = getComputedStyle(element), back = behind(element);
    const ink = element.closest('svg') ? style.fill : style.color;
    const [low, high] = [light(over(channels(ink), back)), light(back)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  return [...document.querySelectorAll('body *')].filter(element => element.checkVisibility() &&
    !['TITLE', 'DESC', 'SCRIPT', 'OPTION'].includes(element.tagName.toUpperCase()) &&
    [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
    .filter(element => contrast(element) < 4.5).map(element => element.textContent);
})()"""
_AXE = """axe.run({runOnly: LEVELS, rules: RULES, resultTypes: ['violations']}).then(found =>
  found.violations.flatMap(each => each.nodes.map(node => each.id + ': ' + node.html)))"""


def faults(browser: Browser, page: Path, width: int, scheme: str) -> list[str]:
    """Open a page in a window, with all that opens on a click; return what is wrong with it."""
    browser.open(page, width, scheme)
    browser.ask(_HOLD)
    sent = [each["request"]["url"] for each in browser.named("Network.requestWillBeSent")]
    _keep_picture(browser, page, width, scheme)
    browser.ask(OPEN)
    found = [
        *(f"requested: {url}" for url in sent if url != page.as_uri()),
        *(f"wider than {width}: {each}" for each in browser.ask(_WIDER)),
        *(f"pale: {each}" for each in browser.ask(_PALE_TEXTS)),
        *_headings(browser),
        *([] if browser.ask("document.compatMode") == "CSS1Compat" else ["no doctype"]),
        *(f"axe: {each}" for each in axe(browser)),
    ]
    said = browser.named(
        "Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown",
        "Page.javascriptDialogOpening",
    )  # fmt: skip
    return found + [f"said: {each}" for each in said]


def _headings(browser: Browser) -> Iterator[str]:
    levels = browser.ask(_HEADINGS)
    if levels.count(1) != 1 or levels[0] != 1:
        yield f"headings: {levels}"
    yield from (
        f"headings: {after} after {before}"
        for before, after in pairwise(levels)
        if after > before + 1
    )


def axe(browser: Browser, measured: bool = False) -> list[str]:
    """Return the violations of WCAG's levels A and AA that axe finds on the open page."""
    browser.ask(_source())
    # Both compare all places on a page.
    rules = {name: {"enabled": measured} for name in ("color-contrast", "target-size")}
    asked = _AXE.replace("LEVELS", json.dumps(_LEVELS)).replace("RULES", json.dumps(rules))
    found: list[str] = browser.ask(asked)
    return found


def _source() -> str:
    (file,) = server("axe").python.parent.parent.glob("lib/*/site-packages/axe_*/axe.min.js")
    return file.read_text()


def _keep_picture(browser: Browser, page: Path, width: int, scheme: str) -> None:
    if folder := os.environ.get(PICTURES):
        name = page.stem if page.stem != "index" else page.parent.name
        Path(folder).mkdir(parents=True, exist_ok=True)
        browser.picture(Path(folder) / f"{name}-{width}-{scheme}.png")
