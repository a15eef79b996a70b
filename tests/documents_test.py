"""Pages name only commands, flags, parameters, paths, links and error lines that exist."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from pipelines.components.component import discover
from pipelines.system.workspace import ROOT
from tests.build.commands import Known, commands, faults, parser_of, shown_faults
from tests.documents import Document, broken_links, pages

PAGES = [Document.read(path) for path in pages() if path.name != "CHANGELOG.md"]
LINKED = [*pages(), *ROOT.glob("benchmarks/*.md"), *ROOT.glob("components/*/*.md")]
INDEX = ROOT / "docs" / "README.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
TROUBLESHOOTING = ROOT / "docs" / "troubleshooting.md"
# Folders of the repository by which a path is known, and what is in them only later.
FOLDERS = (
    ".ci", ".github", "benchmarks", "build-support", "components", "docs", "libraries", "pipelines",
    "tests",
)  # fmt: skip
MADE_LATER = "pipelines/releases/"
# Parts of an error line shorter than this are not searched for.
LONG = 10


def name(document: Document) -> str:
    return str(document.path.relative_to(ROOT))


@pytest.fixture(scope="module")
def known() -> Known:
    return Known.without_pants(ROOT)


def test_there_are_pages_with_commands() -> None:
    shown = {name(page): page.command_lines for page in PAGES}
    assert "make run" in shown["README.md"]
    assert {"docs/kubeflow.md", "docs/releases.md", "components/README.md"} <= shown.keys()
    assert sum(map(len, shown.values())) > 50


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_commands_of_a_page_exist(page: Document, known: Known) -> None:
    assert shown_faults(page, known) == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_what_a_page_names_exists(page: Document, known: Known) -> None:
    assert [fault for span in page.spans for fault in span_faults(span, known)] == []


def span_faults(span: str, known: Known) -> list[str]:
    """Return what a code span names that does not exist."""
    if re.match(r"(make|\./pants|python -m|\.venv/bin/python -m) [^<…]+$", span):
        return [fault for command in commands(span) for fault in _named_faults(command, known)]
    if re.fullmatch(r"--[a-z][a-z-]+", span):
        return [] if span in flags() else [f"no flag {span}"]
    path = span.partition("::")[0].rstrip("/")
    first, slash, _ = path.partition("/")
    if not re.fullmatch(r"[\w./<>*-]+", path) or not slash or path.startswith(MADE_LATER):
        return []
    if first in FOLDERS:
        found = any(ROOT.glob(re.sub("<.*?>", "*", path)))
        return [] if found or f"{path}/" == MADE_LATER else [f"no {span}"]
    return [] if not path.endswith(".py") or any(ROOT.glob(f"**/{path}")) else [f"no {span}"]


def _named_faults(command: list[str], known: Known) -> list[str]:
    """Judge a command that a sentence names, which may lack what it needs to be called."""
    if command[0].endswith("python") and (parser := parser_of(command[2])):
        return [
            f"{command[2]}: no flag {flag}"
            for flag in (word.partition("=")[0] for word in command if word.startswith("--"))
            if flag not in parser._option_string_actions
        ]
    return faults(command, known, frozenset())


@cache
def flags() -> frozenset[str]:
    """Return the flags of all commands, and of all components by their interfaces."""
    modules = sorted((ROOT / "pipelines").glob("*.py"))
    names = [f"pipelines.{each.stem}" for each in modules if "run_command(" in each.read_text()]
    parsers = [
        parser for each in [*names, "tests.tiers", "tests.chaos"] if (parser := parser_of(each))
    ]
    ours = {flag for parser in parsers for flag in parser._option_string_actions}
    interfaces = [
        yaml.safe_load((each.folder / "component.yaml").read_text())
        for each in discover(ROOT / "components").values()
    ]
    puts = [put["name"] for each in interfaces for put in (*each["inputs"], *each["outputs"])]
    theirs = {f"--{each.replace('_', '-')}" for each in puts}
    return frozenset(ours | theirs | {"--executor-input"})


@pytest.mark.parametrize("path", LINKED, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_links_of_a_page_lead_somewhere(path: Path) -> None:
    assert broken_links(Document.read(path)) == []


def test_every_page_is_in_the_index_and_in_the_readme() -> None:
    there = {path.name for path in ROOT.glob("docs/*.md")} - {"README.md"}
    assert {each.partition("#")[0] for each in Document.read(INDEX).links} >= there
    shown = {each.partition("#")[0] for each in Document.read(ROOT / "README.md").links}
    assert shown >= {f"docs/{each}" for each in there}


def test_the_architecture_has_the_imports_that_are_held() -> None:
    row = re.compile(r"^\| `pipelines/([\w/]+)/` \| .* \| (.*) \|$", re.MULTILINE)
    found = dict(row.findall(ARCHITECTURE.read_text()))
    listed = {folder: set(re.findall(r"`([\w/]+)`", text)) for folder, text in found.items()}
    held = may_import()
    assert listed == {folder: set(text.split()) for folder, text in held.items()}
    assert list(listed) == list(held)


def may_import() -> dict[str, str]:
    """Return the rule of imports; not imported, because Pants runs the test that has it alone."""
    tree = ast.parse((ROOT / "tests" / "house_test.py").read_text())
    (value,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "MAY_IMPORT"
    )
    return dict(ast.literal_eval(value))


def test_the_error_lines_of_the_page_are_in_the_code() -> None:
    lines = [line for block in Document.read(TROUBLESHOOTING).blocks for line in block.lines]
    assert len(lines) > 30
    assert [line for line in lines if not is_said(line)] == []


def is_said(line: str) -> bool:
    """Return whether the code holds every part of a line between placeholders and semicolons."""
    parts = [part.strip() for part in re.split(r"'?…'?|; ", line)]
    long = [part for part in parts if len(part) >= LONG]
    return bool(long) and all(any(part in text for text in said()) for part in long)


@cache
def said() -> frozenset[str]:
    """Return the texts of the sources, with placeholders for what is filled in."""
    sources = [
        path
        for folder in ("components", "libraries", "pipelines")
        for path in ROOT.glob(f"{folder}/**/*.py")
        if not path.name.endswith(("_test.py", "_testing.py", "conftest.py"))
    ]
    return frozenset(text for path in sources for text in _texts(ast.parse(path.read_text())))


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.sub(r"\{\w+\}", "…", node.value)
        elif isinstance(node, ast.JoinedStr):
            parts = (each.value if isinstance(each, ast.Constant) else "…" for each in node.values)
            yield "".join(map(str, parts))


PAGE = """\
# A page

Some `make tset`, `pipelines/nowhere.py`, `--paramz` and [text](other.md#there).

## Twice

## Twice

```sh
make run ARGS="--param sorce=x"  # no such parameter
python -m pipelines.run \\
  --paramz a=b
```
"""


def test_what_is_missing_is_found(tmp_path: Path, known: Known) -> None:
    (tmp_path / "other.md").write_text("# Here\n")
    (tmp_path / "page.md").write_text(PAGE)
    page = Document.read(tmp_path / "page.md")
    assert page.anchors == {"a-page", "twice", "twice-1"}
    assert broken_links(page, tmp_path) == ["other.md#there"]
    assert [fault for span in page.spans for fault in span_faults(span, known)] == [
        "no make target tset", "no pipelines/nowhere.py", "no flag --paramz"
    ]  # fmt: skip
    first, second = shown_faults(page, known)
    assert first == "pipelines.run: no parameter sorce"
    assert "unrecognized arguments: --paramz a=b" in second


@pytest.mark.parametrize(
    ("span", "fault"),
    [
        ("python -m pipelines.run --nowhere", "pipelines.run: no flag --nowhere"),
        ("python -m pipelines.nowhere", "no module pipelines.nowhere"),
        ("components/<name>/nowhere.toml", "no components/<name>/nowhere.toml"),
        ("train/nowhere.py", "no train/nowhere.py"),
    ],
)
def test_a_span_that_names_what_is_missing_is_found(span: str, fault: str, known: Known) -> None:
    assert span_faults(span, known) == [fault]


@pytest.mark.parametrize(
    "span",
    [
        "make run", "python -m pipelines.compile", "--param", "components/<name>/pyproject.toml",
        "pipelines/releases/<tag>/lock.yaml", "and/or", "s3://bucket/key", "runs/.cache/",
    ],
)  # fmt: skip
def test_a_span_that_names_what_is_there_passes(span: str, known: Known) -> None:
    assert span_faults(span, known) == []


def test_an_error_line_that_the_code_does_not_have_is_found() -> None:
    assert is_said("port … is in use by …; choose another with --port")
    assert not is_said("port … is not to be had; choose another with --port")
