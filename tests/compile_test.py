"""A pipeline compiles to the same whole file for the same pins."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from kfp.components import load_component_from_file

from pipelines.compiled.graph import Pipeline
from pipelines.system.workspace import ROOT
from tests.make_golden import GOLDEN, compile_golden


def test_the_compiled_file_equals_the_golden_one(tmp_path: Path) -> None:
    compile_golden(tmp_path / "pipeline.yaml")
    assert (
        tmp_path / "pipeline.yaml"
    ).read_text() == GOLDEN.read_text(), (
        "the compiled pipeline changed; if that is intended: .venv/bin/python -m tests.make_golden"
    )


@pytest.mark.parametrize("seed", ["1", "271828"])
def test_the_bytes_do_not_depend_on_the_process(tmp_path: Path, seed: str) -> None:
    output = tmp_path / "pipeline.yaml"
    subprocess.run(
        [sys.executable, "-m", "tests.make_golden", str(output)],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert output.read_bytes() == GOLDEN.read_bytes()


def test_the_sdk_loads_it_again(tmp_path: Path) -> None:
    compile_golden(tmp_path / "pipeline.yaml")
    loaded = load_component_from_file(str(tmp_path / "pipeline.yaml"))
    assert sorted(loaded.pipeline_spec.components) == [
        "comp-condition-1",
        "comp-condition-2",
        "comp-decide",
        "comp-evaluate",
        "comp-preprocess",
        "comp-pull-data",
        "comp-register",
        "comp-resolve",
        "comp-train",
    ]


def test_the_parameters_are_the_published_ones() -> None:
    assert sorted(Pipeline.load(GOLDEN).parameters) == sorted(
        "source sha256 delimiter encoding quote skip_lines header target task positive_class"
        " test_fraction seed ignore_columns allowed_checks column_types missing_markers decimal"
        " thousands date_format duplicates model model_params search thresholds slices experiment"
        " mlflow_tracking_uri registered_model_name compare_with retrain max_age drift_limits"
        " register".split()
    )


def test_the_compiled_file_does_not_depend_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://elsewhere")
    compile_golden(tmp_path / "pipeline.yaml")
    text = (tmp_path / "pipeline.yaml").read_text()
    assert "elsewhere" not in text
    assert str(ROOT) not in text


@pytest.mark.parametrize("tag", ["1.0.0", "", "Dev"])
def test_an_unknown_tag_names_the_known_ones(tag: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.compile", tag],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == f"pipelines.compile: error: unknown release {tag!r}; known: dev\n"
