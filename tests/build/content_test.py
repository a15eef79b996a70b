"""The content hash covers the first-party files that a program holds, and no others."""

import hashlib
from pathlib import Path

import pytest

from pipelines.components.content import LIBRARY, only_content, read_tree
from tests.build.tree import ROOT

pytestmark = pytest.mark.slow(reason="drives Pants")

NAMES = sorted(path.parent.name for path in ROOT.glob("components/*/pyproject.toml"))


@pytest.mark.parametrize("name", NAMES)
def test_a_program_holds_what_its_hash_covers(packaged: Path, name: str) -> None:
    program = packaged / f"dist/components.{name}" / "app.pex"
    held = {
        path.relative_to(program).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for package in (name, LIBRARY)
        for path in (program / package).rglob("*")
        if path.is_file()
    }
    content = read_tree(packaged / "components" / name, packaged)
    hashed = {
        path: hashlib.sha256(text).hexdigest()
        for path, text in only_content(name, content).items()
        if path.startswith((f"{name}/", f"{LIBRARY}/"))
    }
    assert f"{LIBRARY}/cli.py" in held
    assert held == hashed
