"""Parts that all pages share: their frame and style, and how values look."""

import json
import re
import time
from html import escape
from urllib.parse import quote

from pipelines.pages.style import STYLE

# Readers can stop it, and what they opened or typed stays.
_LIVE = """
<p id="silent" class="error" hidden>Nothing has been written here for <span></span> s. The runner
may have been killed; the next run in this folder finds out.</p>
<p><label><input id="live" type="checkbox" checked> Reload every two seconds</label></p>
"""
_RELOAD = """
const live=document.getElementById("live"),all=document.querySelectorAll("details");
const kept=sessionStorage,silent=document.getElementById("silent");
const age=Math.round(Date.now()/1000-document.querySelector("main").dataset.written);
silent.hidden=!(age>LONG);silent.querySelector("span").textContent=age;
live.checked=kept.live!=="off";live.onchange=()=>kept.live=live.checked?"on":"off";
const key=each=>location.pathname+each.querySelector("summary").firstChild.textContent;
for(const each of all){if(kept[key(each)])each.open=kept[key(each)]==="open";
each.ontoggle=()=>kept[key(each)]=each.open?"open":"closed"}
setInterval(()=>live.checked&&location.reload(),2000);
"""
# After so many seconds a page that is written every two is no longer live.
_LONG = 20


def page(title: str, body: str, reload: bool = False, written: float | None = None) -> str:
    """Return a whole page, which reloads by itself while what it shows goes on.

    With the time when it was `written`, it tells when nobody writes it any more.
    """
    live = f"{_LIVE}<script>{_RELOAD.replace('LONG', str(_LONG))}</script>" if reload else ""
    since = f' data-written="{written:.0f}"' if reload and written is not None else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><main{since}>{body}{live}</main></body></html>\n"
    )


def state(word: str) -> str:
    """Return a state in its color."""
    return f'<span class="state {escape(word)}">{escape(word)}</span>'


def link(address: str, text: str) -> str:
    """Return a link."""
    return f'<a href="{escape(address)}">{breakable(text)}</a>'


def file_link(path: str, text: str) -> str:
    """Return a link to a file beside the page."""
    return link(quote(path), text)


def breakable(text: str) -> str:
    """Return a text whose long names may break where a person would break them."""
    return re.sub(r"([_/]+)(?=\w)", r"\1<wbr>", escape(text))


def value(given: object) -> str:
    """Return the value of a parameter."""
    text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    return f"<code>{escape(text)}</code>" if text else '<span class="dim">empty</span>'


def duration(seconds: float) -> str:
    """Return a duration as a person says it."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def moment(seconds: float) -> str:
    """Return a time of this machine's clock."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def size(count: int) -> str:
    """Return a number of bytes."""
    if count < 1000:
        return f"{count} B"
    power = min(3, (len(str(count)) - 1) // 3)
    return f"{count / 1000**power:.1f} {' kMG'[power]}B"
