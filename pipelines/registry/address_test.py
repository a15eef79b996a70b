from pathlib import Path

import pytest

from pipelines.registry.address import address, pants_registry, pants_settings
from pipelines.system.errors import PinionError, UsageError
from pipelines.system.workspace import Workspace

SETTING = "PANTS_DOCKER_REGISTRIES"
OTHER = "{'a': {'address': 'a:1'}, 'b': {'address': 'b.example.com/team', 'default': True}}"


@pytest.fixture()
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.delenv(SETTING, raising=False)
    (tmp_path / "pants.toml").write_text(
        '[docker.registries.ours]\naddress = "localhost:5000"\ndefault = true\n'
    )
    return Workspace(tmp_path)


def test_the_default_registry_is_that_of_pants(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pants_registry(workspace) == "localhost:5000"
    monkeypatch.setenv(SETTING, OTHER)
    assert pants_registry(workspace) == "b.example.com/team"


def test_pants_publishes_to_one_registry() -> None:
    assert pants_settings("c:2") == {SETTING: "{'pinion': {'address': 'c:2', 'default': True}}"}


def test_a_missing_default_registry_is_refused(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, "{'a': {'address': 'a:1'}}")
    with pytest.raises(PinionError, match="no registry is set; give --registry"):
        pants_registry(workspace)


@pytest.mark.parametrize(
    "setting",
    ["localhost:5000", "{'a': 1}", "['a']", "{'a': 'address'}", "{'a': {'default': 1}}", "{"],
)
def test_a_setting_that_pants_would_not_accept_is_refused(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv(SETTING, setting)
    with pytest.raises(UsageError, match="; Pants expects {'NAME': {'address'"):
        pants_registry(workspace)


@pytest.mark.parametrize(
    "text", ["localhost:5000", "localhost", "ghcr.io/owner", "10.0.0.1:5000/a/b-c", "registry:5000"]
)
def test_an_address_is_accepted(text: str) -> None:
    assert address(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "https://host", "host:port", "h.io/", "h.io/UP", "a b", "team", "a/b", "[::1]:5000"],
)
def test_a_text_that_is_not_an_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not the address of a registry"):
        address(text)
