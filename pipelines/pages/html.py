"""Parts that all pages share: their frame and style, and how values look."""

import time
from html import escape

from pipelines.pages.style import STYLE

# Readers can stop it, and what they opened stays open.
_LIVE = '<p><label><input id="live" type="checkbox" checked> Reload each two seconds</label></p>'
_RELOAD = """
const live=document.getElementById("live"),all=document.querySelectorAll("details");
const kept=sessionStorage;
live.checked=kept.live!=="off";live.onchange=()=>kept.live=live.checked?"on":"off";
const key=each=>location.pathname+each.querySelector("summary").firstChild.textContent;
for(const each of all){if(kept[key(each)])each.open=kept[key(each)]==="open";
each.ontoggle=()=>kept[key(each)]=each.open?"open":"closed"}
setInterval(()=>live.checked&&location.reload(),2000);
"""


def page(title: str, body: str, reload: bool = False) -> str:
    """Return a whole page, which reloads by itself while what it shows goes on."""
    live = f"{_LIVE}<script>{_RELOAD}</script>" if reload else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><main>{body}{live}</main></body></html>\n"
    )


def state(word: str) -> str:
    """Return a state in its color."""
    return f'<span class="state {escape(word)}">{escape(word)}</span>'


def link(address: str, text: str) -> str:
    """Return a link."""
    return f'<a href="{escape(address)}">{escape(text)}</a>'


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
