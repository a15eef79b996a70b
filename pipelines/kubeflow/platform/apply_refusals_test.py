"""Valid platform files that contradict the compiled file to which they are applied."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from kfp import compiler, dsl, kubernetes

from pipelines.compiled.file import PipelineFile
from pipelines.kubeflow.platform.apply import apply
from pipelines.kubeflow.platform.platform_testing import Call, compiled, loaded, of_secret
from pipelines.system.errors import PinionError, UsageError


def claim(name: str, path: str) -> Call:
    return lambda task: kubernetes.mount_pvc(task, name, path)


def sets(name: str) -> Call:
    return lambda task: task.set_env_variable(name, "here")


@pytest.mark.parametrize(
    ("text", "own", "message"),
    [
        pytest.param(
            "steps:\n  text: {}\n  tex-3:\n    cpu: 1\n",
            id,
            "the pipeline has no step 'tex-3'; did you mean 'text-3'? known: text, text-2, text-3",
            id="unknown step",
        ),
        pytest.param(
            "steps: {condition-1: {}}\n",
            id,
            "the pipeline has no step 'condition-1'; known: text, text-2, text-3",
            id="a part of the graph",
        ),
        pytest.param(
            "defaults:\n  secrets:\n    shared:\n      A: a\n      HERE: b\n",
            sets("HERE"),
            "step 'text': its component sets HERE itself; remove it",
            id="variable of the component",
        ),
        pytest.param(
            "steps:\n  text:\n    config_maps: {mine: {OWN: key}}\n",
            of_secret("own", OWN="key"),
            "step 'text': OWN comes from key 'key' of the secret 'own' in the compiled file,"
            " but from key 'key' of the config map 'mine' here; remove one of them",
            id="variable of the pipeline",
        ),
        pytest.param(
            "steps:\n  text:\n    secrets: {own: {OWN: other}}\n",
            of_secret("own", OWN="key"),
            "step 'text': OWN comes from key 'key' of the secret 'own' in the compiled file,"
            " but from key 'other' of the secret 'own' here; remove one of them",
            id="another key",
        ),
        pytest.param(
            "steps:\n  text:\n    secrets: {own: {NODE: key}}\n",
            lambda task: kubernetes.use_field_path_as_env(task, "NODE", "spec.nodeName"),
            "step 'text': NODE comes from the field 'spec.nodeName' in the compiled file, but"
            " from key 'key' of the secret 'own' here; remove one of them",
            id="variable of the pod",
        ),
        pytest.param(
            "steps:\n  text:\n    volumes:\n      - {claim: mine, path: /data}\n",
            claim("own", "/data/"),
            "step 'text' cannot mount 'mine' at '/data', because it mounts 'own' at '/data/'; each"
            " name and each path can be mounted only once",
            id="path of the pipeline",
        ),
        pytest.param(
            "steps:\n  text:\n    volumes:\n      - {secret: own, path: /own}\n",
            claim("own", "/data"),
            "step 'text' cannot mount 'own' at '/own', because it mounts 'own' at '/data'; each"
            " name and each path can be mounted only once",
            id="name of the pipeline",
        ),
        pytest.param(
            "defaults:\n  volumes: [{claim: a, path: /a}]\n"
            "steps:\n  text:\n    volumes: [{claim: a, path: /b}]\n",
            id,
            "step 'text' cannot mount 'a' at '/b', because it mounts 'a' at '/a'; each name and"
            " each path can be mounted only once",
            id="a name twice",
        ),
    ],
)
def test_a_setting_that_contradicts_the_pipeline_is_refused(
    tmp_path: Path, text: str, own: Call, message: str
) -> None:
    with pytest.raises(UsageError) as raised:
        apply(loaded(tmp_path, text), compiled(tmp_path, own))
    assert str(raised.value) == f"{tmp_path / 'platform.yaml'}: {message}"


def test_a_step_of_kfp_without_a_pod_gets_no_settings(tmp_path: Path) -> None:
    @dsl.pipeline(name="claims")
    def claims() -> None:
        kubernetes.CreatePVC(access_modes=["ReadWriteOnce"], size="1Gi", pvc_name="x")

    compiler.Compiler().compile(claims, str(tmp_path / "pipeline.yaml"))
    file = PipelineFile.load(tmp_path / "pipeline.yaml")
    assert apply(loaded(tmp_path, "defaults: {timeout: 1h, cpu: 1}"), file).text() == file.text()


@pytest.fixture()
def sharing(tmp_path: Path) -> PipelineFile:
    """Return three steps, of which `text` and `text-2` share an executor.

    Other compilers than KFP's write such files.
    """
    (pipeline,) = yaml.safe_load_all(compiled(tmp_path).text())
    pipeline["root"]["dag"]["tasks"]["text-2"]["componentRef"]["name"] = "comp-text"
    (tmp_path / "sharing.yaml").write_text(yaml.safe_dump(pipeline))
    return PipelineFile.load(tmp_path / "sharing.yaml")


@pytest.mark.parametrize("steps", ["{text: {timeout: 1h}}", "{text: {cpu: 1}, text-2: {cpu: 2}}"])
def test_steps_that_share_an_executor_cannot_have_different_settings(
    tmp_path: Path, sharing: PipelineFile, steps: str
) -> None:
    with pytest.raises(UsageError) as raised:
        apply(loaded(tmp_path, f"steps: {steps}"), sharing)
    assert str(raised.value) == (
        f"{tmp_path / 'platform.yaml'}: 'text' and 'text-2' have different settings, but share the"
        f" executor 'exec-text' in {tmp_path / 'sharing.yaml'}; give both the same"
    )


def test_steps_that_share_an_executor_may_have_different_retries(
    tmp_path: Path, sharing: PipelineFile
) -> None:
    steps = "{text: {timeout: 1h, retries: 3}, text-2: {timeout: 60m, cache: false}}"
    applied = apply(loaded(tmp_path, f"steps: {steps}"), sharing)
    assert applied.platform is not None
    executors = applied.platform.platforms["kubernetes"].deployment_spec.executors
    assert {name: dict(each) for name, each in executors.items()} == {
        "exec-text": {"activeDeadlineSeconds": "3600"}
    }
    tasks = applied.spec.root.dag.tasks
    assert tasks["text"].retry_policy.max_retry_count == 3
    assert not tasks["text-2"].HasField("retry_policy")
    assert not tasks["text-2"].caching_options.enable_cache


def test_an_unknown_setting_in_the_compiled_file_is_named(tmp_path: Path) -> None:
    def own(task: Any) -> None:
        kubernetes.set_timeout(task, 60)

    file = compiled(tmp_path, own)
    (tmp_path / "odd.yaml").write_text(file.text().replace("activeDeadline", "passiveDeadline"))
    with pytest.raises(
        PinionError, match=r"odd\.yaml: the settings of exec-text .*passiveDeadline"
    ):
        apply(loaded(tmp_path, "defaults: {cpu: 1}"), PipelineFile.load(tmp_path / "odd.yaml"))
