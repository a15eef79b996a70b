"""Help the tests of pages: runs with steps in some states, and a reader of pages."""

from html.parser import HTMLParser
from typing import Any

from pipelines.pages.record import RunRecord, StepRecord

RUN = "20261130-201050-8d57d2"


def record(*steps: StepRecord, **fields: Any) -> RunRecord:
    """Return a run that began at second 1000."""
    given: dict[str, Any] = {
        "id": RUN,
        "pipeline": "training",
        "what": "1.0.0",
        "runner": "process",
        "mlflow": "make ui",
        "parameters": {"seed": 7, "target": "price"},
        "changed": {"target": "diagnosis"},
        "began": 1000.0,
    }
    return RunRecord(**(given | fields), steps=list(steps))


class Page(HTMLParser):
    """The texts and the links of a page, and the elements that have no end."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of an element."""
        self.tags.append((tag, dict(attrs)))
        if tag == "a":
            self.links.append(str(dict(attrs)["href"]))

    def handle_data(self, data: str) -> None:
        """Take note of a text, whole if it is one where it may break."""
        if self.tags and self.tags[-1][0] == "wbr" and self.texts:
            self.texts[-1] += data
        else:
            self.texts.append(data)

    @property
    def text(self) -> str:
        """All texts in one line."""
        return " ".join(" ".join(self.texts).split())

    def styles(self, tag: str) -> list[str]:
        """Return the styles of the elements of a kind."""
        return [
            str(attrs["style"]) for name, attrs in self.tags if name == tag and "style" in attrs
        ]
