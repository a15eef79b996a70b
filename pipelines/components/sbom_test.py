import json
import re
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from pipelines.components.component import Component
from pipelines.components.sbom import missing, sbom
from pipelines.system.errors import PinionError

LOCK = f"""\
Joblib==1.6.0 ; sys_platform == 'linux' \\
    --hash=sha256:{"b" * 64} \\
    --hash=sha256:{"a" * 64}
    # via
    #   pinion-pull-data (components/pull_data/pyproject.toml)
    #   scikit-learn
numpy==2.4.6+mkl \\
    --hash=sha256:{"c" * 64}
    # via scikit-learn
scikit_learn==1.9.1 \\
    --hash=sha256:{"d" * 64}
    # via pinion-pull-data (components/pull_data/pyproject.toml)
"""
INSTALLED = {"numpy": "2.4.6+mkl", "scikit-learn": "1.9.1"}


def component(folder: Path, lock: str = LOCK) -> Component:
    made = folder / "components" / "pull_data"
    made.mkdir(parents=True)
    (made / "pyproject.toml").write_text('[project]\nversion = "0.3.0"\ndependencies = []\n')
    (made / "component.yaml").write_text("implementation: {container: {image: pinion/pull-data}}")
    (made / "requirements.lock").write_text(lock)
    return Component.load(made)


def document(content: bytes) -> dict[str, Any]:
    """Return a document after validating it with CycloneDX's own schema."""
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(content.decode()) is None
    parsed: dict[str, Any] = json.loads(content)
    return parsed


def test_every_package_of_the_lock_is_listed_with_all_its_hashes(tmp_path: Path) -> None:
    listed = document(sbom(component(tmp_path), "0.3.0"))["components"]
    assert [(each["name"], each["version"], each["purl"]) for each in listed] == [
        ("joblib", "1.6.0", "pkg:pypi/joblib@1.6.0"),
        ("numpy", "2.4.6+mkl", "pkg:pypi/numpy@2.4.6%2Bmkl"),
        ("scikit-learn", "1.9.1", "pkg:pypi/scikit-learn@1.9.1"),
    ]
    (files,) = listed[0]["externalReferences"]
    assert [each["content"] for each in files["hashes"]] == ["b" * 64, "a" * 64]


def test_dependencies_are_listed_by_package(tmp_path: Path) -> None:
    needs = document(sbom(component(tmp_path), "0.3.0"))["dependencies"]
    assert {each["ref"]: each["dependsOn"] for each in needs} == {
        "pinion-pull-data@0.3.0": ["pkg:pypi/joblib@1.6.0", "pkg:pypi/scikit-learn@1.9.1"],
        "pkg:pypi/joblib@1.6.0": [],
        "pkg:pypi/numpy@2.4.6%2Bmkl": [],
        "pkg:pypi/scikit-learn@1.9.1": ["pkg:pypi/joblib@1.6.0", "pkg:pypi/numpy@2.4.6%2Bmkl"],
    }


def test_equal_locks_give_equal_bytes_and_others_other_numbers(tmp_path: Path) -> None:
    here, there = component(tmp_path / "here"), component(tmp_path / "there")
    assert sbom(here, "0.3.0") == sbom(there, "0.3.0")
    other = component(tmp_path / "other", LOCK.replace("1.9.1", "1.9.2"))
    numbers = {
        document(sbom(each, version))["serialNumber"]
        for each, version in [(here, "0.3.0"), (here, "0.4.0"), (other, "0.3.0")]
    }
    assert len(numbers) == 3


@pytest.mark.parametrize(
    "line", ["numpy>=2", "numpy @ https://h/n.whl", "-r other.lock", "numpy==1 \\\n --hash=md5:0"]
)
def test_a_line_that_pins_nothing_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(PinionError, match=r"pull_data/requirements\.lock: .* make lock writes"):
        sbom(component(tmp_path, f"{LOCK}{line}\n"), "0.3.0")


def test_packages_of_an_image_that_its_sbom_lacks_are_named(tmp_path: Path) -> None:
    listed = sbom(component(tmp_path), "0.3.0")
    assert missing(INSTALLED, listed) == ""
    other = {"numpy": "2.4.6", "joblib": "1.6.0", "idna": "3.20"}
    assert missing(other, listed) == "idna 3.20, numpy 2.4.6"


@pytest.mark.parametrize("content", [b"<html>", b"[]", b"{}", b'{"components": [{"name": "x"}]}'])
def test_an_sbom_that_cannot_be_read_lists_nothing(content: bytes) -> None:
    assert re.match("anything that can be read", missing(INSTALLED, content))
