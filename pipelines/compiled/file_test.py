from pathlib import Path
from typing import Any

import pytest
import yaml
from kfp import compiler, dsl
from kfp import kubernetes as platform

from pipelines.compiled.file import PipelineFile
from pipelines.runner.interpreter_testing import step
from pipelines.system.errors import PinionError


def compiled(folder: Path, settings: bool) -> Path:
    """Compile a pipeline of one step, with a secret if it should have settings for a cluster."""

    @dsl.pipeline(name="mailing", description="Line one.")
    def mailing(value: str = "x", count: int = 3) -> None:
        task = step(
            "send", "[{name: value, type: String}]", "[{inputValue: value}, {outputPath: out}]"
        )(value=value)
        if settings:
            platform.use_secret_as_env(task, "smtp", {"password": "SMTP_PASSWORD"})

    compiler.Compiler().compile(mailing, str(folder / "pipeline.yaml"))
    return folder / "pipeline.yaml"


@pytest.mark.parametrize("settings", [False, True])
def test_a_file_is_written_as_the_compiler_wrote_it(tmp_path: Path, settings: bool) -> None:
    path = compiled(tmp_path, settings)
    file = PipelineFile.load(path)
    assert file.text() == path.read_text()
    assert (file.platform is not None) is settings


def test_a_file_has_the_name_and_parameters_of_its_pipeline(tmp_path: Path) -> None:
    file = PipelineFile.load(compiled(tmp_path, False))
    assert file.name == "mailing"
    assert {name: each.default for name, each in file.parameters.items()} == {
        "value": "x",
        "count": 3,
    }


def test_the_api_takes_one_message_or_both_by_name(tmp_path: Path) -> None:
    plain = PipelineFile.load(compiled(tmp_path, False)).document()
    assert plain["pipelineInfo"]["name"] == "mailing"
    both = PipelineFile.load(compiled(tmp_path, True)).document()
    assert both["pipeline_spec"] == plain
    executors = both["platform_spec"]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert executors["exec-send"]["secretAsEnv"][0]["secretName"] == "smtp"


def _third_document(text: str) -> str:
    return f"{text}---\nplatforms: {{}}\n---\nplatforms: {{}}\n"


def _unknown_field(text: str) -> str:
    document: dict[str, Any] = yaml.safe_load(text)
    document["root"]["dag"]["tasks"]["send"]["colour"] = "red"
    return yaml.safe_dump(document)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        pytest.param(lambda _: "", "not a compiled pipeline", id="empty"),
        pytest.param(lambda _: "a: [", "not YAML", id="no YAML"),
        pytest.param(lambda _: "- a\n", "not a compiled pipeline", id="a list"),
        pytest.param(lambda _: "root: {}\n", "no root.dag.tasks", id="no tasks"),
        pytest.param(_third_document, "it has 3 documents", id="three documents"),
        pytest.param(_unknown_field, "colour", id="unknown field"),
    ],
)
def test_a_file_that_is_not_a_compiled_pipeline(tmp_path: Path, edit: Any, reason: str) -> None:
    path = compiled(tmp_path, False)
    path.write_text(edit(path.read_text()))
    with pytest.raises(PinionError, match=reason) as raised:
        PipelineFile.load(path)
    assert str(path) in str(raised.value)
