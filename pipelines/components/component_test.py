from pathlib import Path

import pytest
import yaml

from pipelines.components.component import Component, discover
from pipelines.system.errors import PinionError

PROJECT = '[project]\nversion = "1.2.0"\ndependencies = ["numpy>=2"]\n'
INTERFACE = """
name: train
implementation:
  container:
    image: registry.example.com/pinion/train:ignored
    command: [/app/pex]
    env: {LANG: C.UTF-8}
"""


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "components" / "train"
    made.mkdir(parents=True)
    (made / "BUILD").write_text("ml_component()\n")
    (made / "pyproject.toml").write_text(PROJECT)
    (made / "component.yaml").write_text(INTERFACE)
    return made


def test_a_component_is_read_from_its_folder(folder: Path) -> None:
    (component,) = discover(folder.parent).values()
    assert component.name == "train"
    assert component.version == "1.2.0"
    assert component.requirements == ("numpy>=2",)
    assert component.repository == "registry.example.com/pinion/train"


def test_an_image_and_an_environment_are_pinned(folder: Path) -> None:
    component = Component.load(folder)
    pinned = yaml.safe_load(
        component.interface.pinned("pinion/train:1.2.0", {"PINION_RELEASE": "dev"})
    )
    assert pinned["implementation"]["container"] == {
        "image": "pinion/train:1.2.0",
        "command": ["/app/pex"],
        "env": {"LANG": "C.UTF-8", "PINION_RELEASE": "dev"},
    }
    assert component.interface.document == yaml.safe_load(INTERFACE)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        pytest.param("component.yaml", "name: [", "component.yaml: not YAML", id="not YAML"),
        pytest.param("component.yaml", "name: train", "needs implementation", id="no container"),
        pytest.param("component.yaml", "- 1", "needs implementation", id="a list"),
        pytest.param("component.yaml", None, "'train' has no component.yaml", id="no interface"),
        pytest.param("pyproject.toml", "[project]\n", "[project] needs version", id="no version"),
        pytest.param("pyproject.toml", "version =", "[project] needs version", id="not TOML"),
        pytest.param(
            "pyproject.toml",
            PROJECT.replace("1.2.0", "1.2"),
            "'1.2' does not have three",
            id="version",
        ),
        pytest.param("pyproject.toml", None, "'train' has no pyproject.toml", id="no project"),
    ],
)
def test_a_wrong_file_is_named(folder: Path, name: str, text: str | None, message: str) -> None:
    if text is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(text)
    with pytest.raises(PinionError) as caught:
        discover(folder.parent)
    assert message in str(caught.value)


def test_a_folder_without_components(tmp_path: Path) -> None:
    with pytest.raises(PinionError, match="has no component"):
        discover(tmp_path)
