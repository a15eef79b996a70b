import re
from pathlib import Path
from typing import Any

import pytest
from kfp import kubernetes
from kfp.components import load_component_from_text

from pipelines.compiled.file import PipelineFile
from pipelines.kubeflow.platform.apply import apply, has_variable
from pipelines.kubeflow.platform.file import PlatformSettings
from pipelines.kubeflow.platform.platform_testing import compiled, loaded, of_secret
from pipelines.kubeflow.platform.settings import Settings
from pipelines.system.workspace import ROOT

REFERENCE = ROOT / "docs" / "platform-file.md"
EXAMPLE = ROOT / "docs" / "platforms" / "small-gpu-cluster.yaml"
GOLDEN = ROOT / "tests" / "golden" / "training.yaml"


@pytest.fixture()
def example() -> PipelineFile:
    return apply(PlatformSettings.load(EXAMPLE), PipelineFile.load(GOLDEN))


def of_kubernetes(file: PipelineFile) -> Any:
    assert file.platform is not None
    return file.platform.platforms["kubernetes"].deployment_spec.executors


def test_the_example_is_applied_once_to_every_step(example: PipelineFile) -> None:
    given = PipelineFile.load(GOLDEN)
    settings = PlatformSettings.load(EXAMPLE)
    executors = of_kubernetes(example)
    assert set(executors) == set(given.deployment.executors)
    assert apply(settings, example).text() == example.text()
    assert given.text() == GOLDEN.read_text()
    assert settings.service_account == "pipeline-runner"


def test_the_example_gives_the_gpu_to_the_train_step(example: PipelineFile) -> None:
    executors = example.deployment.executors
    resources = {name: each.container.resources for name, each in executors.items()}
    with_gpu = [name for name, each in resources.items() if each.HasField("accelerator")]
    assert with_gpu == ["exec-train"]
    assert resources["exec-train"].resource_memory_limit == "16Gi"
    assert resources["exec-register"].resource_memory_limit == "2Gi"
    behind = example.spec.components["comp-condition-1"].dag.tasks
    assert behind["train"].retry_policy.max_retry_count == 1
    inner = example.spec.components["comp-condition-2"].dag.tasks
    assert inner["register"].retry_policy.max_retry_count == 5


def test_kfp_and_pinion_read_the_applied_file(tmp_path: Path, example: PipelineFile) -> None:
    (tmp_path / "pipeline.yaml").write_text(example.text())
    read = PipelineFile.load(tmp_path / "pipeline.yaml")
    assert (read.spec, read.platform) == (example.spec, example.platform)
    component = load_component_from_text(example.text())
    assert component.pipeline_spec == example.spec
    assert component.platform_spec == example.platform


def test_no_credential_is_a_parameter_or_a_value(example: PipelineFile) -> None:
    secret = {"MLFLOW_TRACKING_PASSWORD", "AWS_SECRET_ACCESS_KEY", "MLFLOW_S3_ENDPOINT_URL"}
    for executor in of_kubernetes(example).values():
        keys = [pair["envVar"] for each in executor["secretAsEnv"] for pair in each["keyToEnv"]]
        assert secret <= set(keys)
    own = [v.name for e in example.deployment.executors.values() for v in e.container.env]
    assert not secret & {*own, *map(str.upper, example.parameters)}


def test_a_variable_counts_as_given_if_every_step_that_asks_for_it_has_it(
    example: PipelineFile,
) -> None:
    plain = PipelineFile.load(GOLDEN)
    assert has_variable(example, "MLFLOW_TRACKING_URI")
    assert not has_variable(plain, "MLFLOW_TRACKING_URI")
    # Every component sets it itself.
    assert has_variable(plain, "PINION_RELEASE")
    # Only the step that pulls the data has it, and no step has a parameter of that name.
    assert not has_variable(example, "AWS_ENDPOINT_URL")


@pytest.mark.parametrize(
    ("steps", "given"),
    [
        pytest.param(
            ["resolve", "decide", "train", "evaluate", "register"],
            True,
            id="the five that ask for it",
        ),
        pytest.param(
            ["resolve", "decide", "train", "evaluate"], False, id="not the one in both conditions"
        ),
        pytest.param(["pull-data", "preprocess"], False, id="those that do not ask for it"),
    ],
)
def test_steps_that_do_not_ask_for_a_variable_need_not_have_it(
    tmp_path: Path, steps: list[str], given: bool
) -> None:
    setting = "config_maps: {mlflow: {MLFLOW_TRACKING_URI: uri}}"
    settings = loaded(
        tmp_path, "\n".join(["steps:", *(f"  {step}: {{{setting}}}" for step in steps)])
    )
    assert has_variable(apply(settings, PipelineFile.load(GOLDEN)), "MLFLOW_TRACKING_URI") is given


def test_a_variable_from_an_optional_secret_does_not_count_as_given(tmp_path: Path) -> None:
    def optional(task: Any) -> None:
        kubernetes.use_secret_as_env(task, "own", {"key": "OWN"}, optional=True)

    sure = of_secret("own", OWN="key")
    assert has_variable(compiled(tmp_path, sure, sure, sure), "OWN")
    assert not has_variable(compiled(tmp_path, sure, sure, optional), "OWN")


def test_the_reference_documents_every_setting_with_examples(tmp_path: Path) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| ", REFERENCE.read_text(), re.MULTILINE)
    documented = {name: re.findall(r"`(.*?)`", examples) for name, examples in rows}
    known = list(Settings.model_fields)
    assert list(documented)[: len(known)] == known
    for name in known:
        for example in documented[name]:
            settings = loaded(tmp_path, f"defaults:\n  {example}\n").defaults
            assert example.startswith(f"{name}: ")
            assert settings != loaded(tmp_path, "{}").defaults


def test_the_yaml_blocks_of_the_reference_are_platform_files(tmp_path: Path) -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```", REFERENCE.read_text(), re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        settings = loaded(tmp_path, block)
        assert apply(settings, PipelineFile.load(GOLDEN)).platform is not None
