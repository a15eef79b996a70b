"""The SBOMs of the components in the working tree, from the command that writes them."""

import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from pipelines.components.component import discover
from pipelines.sbom import main
from pipelines.system.errors import UsageError
from pipelines.system.workspace import Workspace


def document(text: str) -> dict[str, Any]:
    """Return a document after validating it with CycloneDX's own schema."""
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    parsed: dict[str, Any] = json.loads(text)
    return parsed


@pytest.mark.parametrize("name", sorted(discover(Workspace().components)))
def test_a_component_has_an_sbom(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name.replace("_", "-")]) == 0
    written = document(capsys.readouterr().out)
    listed = {each["bom-ref"] for each in written["components"]}
    whole, *packages = written["dependencies"]
    assert whole["ref"] == written["metadata"]["component"]["bom-ref"]
    # Each is listed because the component or another listed package needs it.
    needed = {each for entry in written["dependencies"] for each in entry["dependsOn"]}
    assert listed == needed == {entry["ref"] for entry in packages}
    assert all(each["externalReferences"][0]["hashes"] for each in written["components"])


def test_an_sbom_is_written_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "new" / "train.cdx.json"
    assert main(["train", "--output", str(output)]) == 0
    assert capsys.readouterr().out == ""
    component = document(output.read_text())["metadata"]["component"]
    version = discover(Workspace().components)["train"].version
    assert (component["name"], component["version"]) == ("pinion-train", version)


def test_an_unknown_component_is_named() -> None:
    with pytest.raises(UsageError, match="unknown component trian; components: decide, evaluate, "):
        main(["trian"])
