from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.components.component import Component
from pipelines.components.content import Content
from pipelines.components.image import ImageReference
from pipelines.pinning.lock import Locked
from pipelines.pinning.version_rules import problems

INTERFACE = """\
inputs: [{name: data, type: Dataset}]
outputs: [{name: fitted, type: Model}]
implementation: {container: {image: pinion/train}}
"""
CONTENT = Content("s1:c1", "s1:a1", {"numpy": "2.4.6"}, INTERFACE)
CHANGED = replace(CONTENT, hash="s1:c2", runs="s1:a2")
BROKEN = replace(CONTENT, hash="s1:c3", interface_text=INTERFACE.replace("Dataset", "Artifact"))


def component(folder: Path, version: str, *headings: str) -> Component:
    made = folder / "components" / "train"
    made.mkdir(parents=True)
    (made / "pyproject.toml").write_text(
        f'[project]\nversion = "{version}"\ndependencies = []\n', encoding="utf-8"
    )
    (made / "component.yaml").write_text(INTERFACE)
    (made / "CHANGELOG.md").write_text("".join(f"## [{each}] - 2026-11-23\n" for each in headings))
    return Component.load(made)


def released(version: str, content: Content = CONTENT) -> Locked:
    image = ImageReference("host:5000/pinion/train", version, f"sha256:{'0' * 64}")
    return Locked.of(image, content, "f00d")


@pytest.mark.parametrize(
    ("version", "content", "message"),
    [
        pytest.param("1.2.0", CONTENT, "", id="as it was released"),
        pytest.param("1.2.0", CHANGED, "1.2.0 was released with other content", id="not bumped"),
        pytest.param("1.2.1", CHANGED, "", id="bumped"),
        pytest.param("1.2.1", CONTENT, "", id="bumped without a change"),
        pytest.param("1.1.9", CONTENT, "1.1.9 is lower than 1.2.0", id="lowered"),
        pytest.param("1.10.0", CHANGED, "", id="ordered as numbers"),
        pytest.param("1.3.0", BROKEN, "1.3.0 needs a major version: input 'data' was", id="broken"),
        pytest.param("2.0.0", BROKEN, "", id="broken, with a major version"),
    ],
)
def test_a_version_is_checked_against_the_last_release(
    tmp_path: Path, version: str, content: Content, message: str
) -> None:
    history = [released("1.0.0", BROKEN), released("1.2.0"), released("1.1.0")]
    found = list(problems(component(tmp_path, version, version, "1.2.0"), content, history))
    assert len(found) == (1 if message else 0)
    assert all(message in each for each in found)
    assert all(each.startswith("components/train/pyproject.toml: ") for each in found)


def test_a_missing_changelog_entry_is_named(tmp_path: Path) -> None:
    (found,) = problems(component(tmp_path, "1.3.0", "1.2.0"), CHANGED, [released("1.2.0")])
    assert found.startswith("components/train/CHANGELOG.md: no heading for 1.3.0")


def test_the_first_version_needs_only_its_changelog(tmp_path: Path) -> None:
    assert list(problems(component(tmp_path, "0.1.0", "0.1.0"), CONTENT, [])) == []


def test_an_unbumped_break_is_two_problems(tmp_path: Path) -> None:
    found = list(problems(component(tmp_path, "1.2.0", "1.2.0"), BROKEN, [released("1.2.0")]))
    assert [" was released with other content" in each for each in found] == [True, False]
    assert "needs a major version" in found[1]
