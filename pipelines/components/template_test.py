import shutil
import tomllib
from datetime import date
from pathlib import Path

import pytest
import yaml

from pipelines.components.component import discover
from pipelines.components.template import NewComponent
from pipelines.system.errors import PinionError, UsageError
from pipelines.system.workspace import ROOT, Workspace


@pytest.fixture()
def workspace(tmp_path: Path) -> Workspace:
    """Return a repository with one component, the template and the real settings."""
    shutil.copy(ROOT / "pants.toml", tmp_path)
    for folder in ("build-support/component", "components/pull_data"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    return Workspace(tmp_path)


def test_a_new_component_is_found_beside_the_others(workspace: Workspace) -> None:
    NewComponent(workspace, "count_rows").create()
    assert sorted(discover(workspace.components)) == ["count_rows", "pull_data"]
    assert sorted(path.name for path in workspace.components.iterdir()) == [
        "count_rows",
        "pull_data",
    ]


def test_it_has_its_own_name_everywhere(workspace: Workspace) -> None:
    folder, settings = NewComponent(workspace, "count_rows").create()
    texts = {path: path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert [path for path, text in texts.items() if "new_step" in text or "new-step" in text] == []
    assert [path for path in texts if "new" in str(path.relative_to(folder))] == []
    interface = yaml.safe_load((folder / "component.yaml").read_text())
    assert interface["name"] == "count-rows"
    assert interface["implementation"]["container"]["image"] == "pinion/count-rows"
    assert 'name = "pinion-count-rows"' in (folder / "pyproject.toml").read_text()
    assert "COPY components.count_rows/app.pex" in (folder / "Dockerfile").read_text()
    lock = (folder / "requirements.lock").read_text()
    assert "# via pinion-count-rows (components/count_rows/pyproject.toml)" in lock
    heading = f"## [0.1.0] - {date.today().isoformat()}"
    assert heading in (folder / "CHANGELOG.md").read_text().splitlines()
    resolves = tomllib.loads(settings.read_text())["python"]["resolves"]
    assert resolves["count_rows"] == "components/count_rows/requirements.lock"


def test_nothing_else_of_the_settings_changes(workspace: Workspace) -> None:
    before = (workspace.root / "pants.toml").read_text()
    NewComponent(workspace, "count_rows").create()
    after = (workspace.root / "pants.toml").read_text()
    added = 'count_rows = "components/count_rows/requirements.lock"\n'
    assert after.replace(added, "") == before


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("Count-Rows", "'Count-Rows' cannot name a component; use lower", id="dashes"),
        pytest.param("../elsewhere", "'../elsewhere' cannot name a component", id="a path"),
        pytest.param("lambda", "'lambda' cannot name a component", id="a keyword"),
        pytest.param("json", "'json' is the name of another Python module", id="of Python"),
        pytest.param("pipelines", "'pipelines' is the name of another Python", id="of Pinion"),
        pytest.param("pyarrow", "'pyarrow' is the name of a package that it needs", id="a package"),
        pytest.param("pull_data", "pull_data exists already; components: pull_data", id="taken"),
    ],
)
def test_a_name_that_cannot_be_is_refused(workspace: Workspace, name: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        NewComponent(workspace, name).create()
    assert message in str(error.value)
    assert [path.name for path in workspace.components.iterdir()] == ["pull_data"]


def test_broken_settings_are_named_before_anything_is_written(workspace: Workspace) -> None:
    (workspace.root / "pants.toml").write_text("[python\n")
    with pytest.raises(PinionError, match=r"pants.toml: .*; restore it \(git checkout "):
        NewComponent(workspace, "count_rows").create()
    assert [path.name for path in workspace.components.iterdir()] == ["pull_data"]
