"""Read the commands, code spans, links and headings of Markdown pages, for tests."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pipelines.system.workspace import ROOT

_FENCE = re.compile(
    r"^(?:<!-- prints: (?P<prints>.*?) -->\n)?(?P<indent> *)```(?P<kind>\w*)\n"
    r"(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"(?<!!)\[[^]]+\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_OURS = re.compile(r"(\w+=\S+ +)*(make |\./pants |\.ci/|build-support/|(\S*/)?python -m )")


@dataclass(frozen=True)
class Block:
    """A fenced block; `prints` is the command that prints what it shows, if the page names one."""

    kind: str
    text: str
    prints: str = ""

    @property
    def lines(self) -> list[str]:
        """Its lines; a line that ends in a backslash is joined with the next."""
        return self.text.replace("\\\n", " ").splitlines()


@dataclass(frozen=True)
class Document:
    """A page of the repository."""

    path: Path
    text: str

    @classmethod
    def read(cls, path: Path) -> "Document":
        """Return the page in a file."""
        return cls(path, path.read_text())

    @cached_property
    def blocks(self) -> list[Block]:
        """The fenced blocks, in their order."""
        found = _FENCE.finditer(self.text)
        return [Block(each["kind"], each["text"], each["prints"] or "") for each in found]

    @cached_property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return _FENCE.sub("", self.text)

    @property
    def command_lines(self) -> list[str]:
        """The lines of the blocks that call a program of ours, without comments."""
        lines = (line for block in self.blocks for line in block.lines)
        return [line.partition(" # ")[0].rstrip() for line in lines if _OURS.match(line)]

    @property
    def spans(self) -> list[str]:
        """The texts in single backticks."""
        return _SPAN.findall(self.prose)

    @property
    def links(self) -> list[str]:
        """The targets of links, without those to other hosts."""
        targets = _LINK.findall(_SPAN.sub("", self.prose)) + _LINK.findall(self.prose)
        return [each for each in dict.fromkeys(targets) if "://" not in each]

    @cached_property
    def anchors(self) -> set[str]:
        """The names under which GitHub links to the headings."""
        return set(_slugs(_HEADING.findall(self.prose)))


def _slugs(headings: list[str]) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for heading in headings:
        text = _LINK.sub(lambda found: found[0][1 : found[0].index("]")], heading)
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        yield f"{slug}-{seen[slug]}" if seen[slug] else slug
        seen[slug] += 1


def pages(root: Path = ROOT) -> list[Path]:
    """Return the files of all pages that show commands."""
    return sorted([*root.glob("*.md"), *root.glob("components/*.md"), *root.glob("docs/**/*.md")])


def broken_links(document: Document, root: Path = ROOT) -> list[str]:
    """Return the links that lead to no file, or to no heading of a page."""
    return [link for link in document.links if not _leads(document, link, root)]


def _leads(document: Document, link: str, root: Path) -> bool:
    target, _, anchor = link.partition("#")
    path = (document.path.parent / target).resolve() if target else document.path
    if not path.is_relative_to(root) or not path.exists():
        return False
    return not anchor or anchor in Document.read(path).anchors
