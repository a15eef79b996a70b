"""The report as a page, from the same numbers as the JSON."""

from html import escape
from typing import Any

from pinion_step.kfp.pages import answers, html_page


def page(document: dict[str, Any]) -> str:
    """Return the page as one HTML file; equal documents give equal bytes."""
    title = "Train: yes" if document["retrain"] else "Train: no"
    return html_page(title, escape(title), answers([("Why", document["why"])]))
