from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kfp import compiler, dsl, kubernetes

from pipelines.compiled.file import PipelineFile
from pipelines.kubeflow.platform.apply import add_run_id, apply
from pipelines.kubeflow.platform.file import PlatformSettings
from pipelines.kubeflow.platform.platform_testing import Call, compiled, loaded, of_secret
from pipelines.runner.interpreter_testing import TEXT_STEP


def both(*calls: Call) -> Call:
    def call(task: Any) -> None:
        for each in calls:
            each(task)

    return call


def bounds(name: str, request: str, limit: str) -> Call:
    """Set the request and the limit of a resource with the SDK; an empty one is omitted."""

    def call(task: Any) -> None:
        for bound, quantity in (("request", request), ("limit", limit)):
            if quantity:
                getattr(task, f"set_{name}_{bound}")(quantity)

    return call


def of_config_map(name: str, **variables: str) -> Call:
    keys = {key: variable for variable, key in variables.items()}
    return lambda task: kubernetes.use_config_map_as_env(task, name, keys)


def tolerates(**toleration: Any) -> Call:
    return lambda task: kubernetes.add_toleration(task, **toleration)


# A setting, and the calls of the SDK that mean the same.
SAME: dict[str, tuple[str, Callable[[Any], object]]] = {
    "cpu": ("cpu: 2", bounds("cpu", "2", "2")),
    "part of a cpu": ("cpu: 0.3", bounds("cpu", "0.3", "0.3")),
    "cpu bounds": ("cpu: {request: 250m, limit: 3}", bounds("cpu", "250m", "3")),
    "cpu limit": ("cpu: {limit: 1500m}", bounds("cpu", "", "1500m")),
    "memory": ("memory: 16Gi", bounds("memory", "16Gi", "16Gi")),
    "memory request": ("memory: {request: 700M}", bounds("memory", "700M", "")),
    "memory bounds": ("memory: {request: 7G, limit: 3Ti}", bounds("memory", "7G", "3Ti")),
    "memory in bytes": ("memory: 123456789", bounds("memory", "123456789", "123456789")),
    "gpu": (
        "gpu: {type: nvidia.com/gpu, count: 3}",
        lambda task: task.set_accelerator_type("nvidia.com/gpu").set_accelerator_limit(3),
    ),
    "one gpu": ("gpu: {type: amd.com/gpu}", lambda task: task.set_accelerator_type("amd.com/gpu")),
    "retries": (
        "retries: 4",
        lambda task: task.set_retry(4, backoff_max_duration=f"{7 * 24 * 3600}s"),
    ),
    "retries in full": (
        "retries: {count: 5, backoff: 90s, factor: 3, longest: 2h}",
        lambda task: task.set_retry(5, "90s", 3, "7200s"),
    ),
    "no cache": ("cache: false", lambda task: task.set_caching_options(False)),
    "timeout": ("timeout: 90m", lambda task: kubernetes.set_timeout(task, 5400)),
    "pull policy": (
        "image_pull_policy: Always",
        lambda task: kubernetes.set_image_pull_policy(task, "Always"),
    ),
    "pull secrets": (
        "image_pull_secrets: [registry-login, second.login]",
        lambda task: kubernetes.set_image_pull_secrets(task, ["registry-login", "second.login"]),
    ),
    "node selector": (
        'node_selector: {pool: gpu, example.com/zone: "2"}',
        both(
            lambda task: kubernetes.add_node_selector(task, "pool", "gpu"),
            lambda task: kubernetes.add_node_selector(task, "example.com/zone", "2"),
        ),
    ),
    "tolerations": (
        """tolerations:
      - {key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}
      - {key: spot, value: "true", effect: NoExecute, toleration_seconds: 0}
      - {operator: Exists}""",
        both(
            tolerates(key="nvidia.com/gpu", operator="Exists", effect="NoSchedule"),
            tolerates(key="spot", value="true", effect="NoExecute", toleration_seconds=0),
            tolerates(operator="Exists"),
        ),
    ),
    "variables": (
        """secrets: {b: {B_USER: user, B_WORD: word}, a: {A: key.pem}}
    config_maps: {b: {B_PLACE: place}}""",
        both(
            of_secret("b", B_USER="user", B_WORD="word"),
            of_secret("a", A="key.pem"),
            of_config_map("b", B_PLACE="place"),
        ),
    ),
    "volumes": (
        """volumes:
      - {claim: scratch, path: /scratch/}
      - {claim: models, path: /models, sub_path: a/b}
      - {secret: google, path: /var/google}
      - {config_map: ca, path: /etc/ca}
      - {empty_dir: shm, path: /fast, medium: Memory, size: 2Gi}
      - {empty_dir: spare, path: /spare}""",
        both(
            lambda task: kubernetes.mount_pvc(task, "scratch", "/scratch"),
            lambda task: kubernetes.mount_pvc(task, "models", "/models", "a/b"),
            lambda task: kubernetes.use_secret_as_volume(task, "google", "/var/google"),
            lambda task: kubernetes.use_config_map_as_volume(task, "ca", "/etc/ca"),
            lambda task: kubernetes.empty_dir_mount(task, "shm", "/fast", "Memory", "2Gi"),
            lambda task: kubernetes.empty_dir_mount(task, "spare", "/spare"),
        ),
    ),
}


@pytest.mark.parametrize(("setting", "call"), SAME.values(), ids=SAME)
def test_a_setting_is_what_the_sdk_compiles(tmp_path: Path, setting: str, call: Call) -> None:
    settings = loaded(tmp_path, f"steps:\n  text-3:\n    {setting}\n")
    plain = compiled(tmp_path)
    before = plain.text()
    applied = apply(settings, plain)
    expected = compiled(tmp_path, inner=call)
    assert applied.spec == expected.spec
    assert applied.platform == expected.platform
    assert applied.text() == expected.text()
    assert plain.text() == before
    assert apply(settings, applied).text() == applied.text()


@pytest.mark.parametrize(("setting", "call"), SAME.values(), ids=SAME)
def test_settings_are_added_to_those_of_the_pipeline(
    tmp_path: Path, setting: str, call: Call
) -> None:
    own = both(
        of_secret("own", OWN="key"),
        tolerates(key="own", operator="Exists"),
        lambda task: kubernetes.mount_pvc(task, "own", "/own"),
        lambda task: task.set_env_variable("HERE", "there"),
    )
    applied = apply(
        loaded(tmp_path, f"steps:\n  text:\n    {setting}\n"), compiled(tmp_path, first=own)
    )
    assert applied.text() == compiled(tmp_path, first=both(own, call)).text()


def test_defaults_apply_to_every_step_and_a_step_overrides_them(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        """
defaults:
  memory: {request: 1Gi, limit: 2Gi}
  timeout: 10m
  image_pull_secrets: [everywhere]
  secrets: {shared: {A: a, B: b}}
steps:
  text_3:
    memory: {limit: 3Gi}
    image_pull_secrets: [here, everywhere]
    secrets: {shared: {C: c}, mine: {B: b}}
""",
    )
    every = both(
        bounds("memory", "1Gi", "2Gi"),
        lambda task: kubernetes.set_timeout(task, 600),
        lambda task: kubernetes.set_image_pull_secrets(task, ["everywhere"]),
        of_secret("shared", A="a", B="b"),
    )
    third = both(
        bounds("memory", "", "3Gi"),
        lambda task: kubernetes.set_timeout(task, 600),
        lambda task: kubernetes.set_image_pull_secrets(task, ["everywhere", "here"]),
        of_secret("shared", A="a", C="c"),
        of_secret("mine", B="b"),
    )
    expected = compiled(tmp_path, every, every, third)
    assert apply(settings, compiled(tmp_path)).text() == expected.text()


def test_a_single_value_of_the_settings_replaces_that_of_the_pipeline(tmp_path: Path) -> None:
    settings = """steps:
  text:
    cpu: {limit: 1}
    gpu: {type: nvidia.com/gpu}
    retries: 2
    cache: true
    timeout: 30s
    image_pull_policy: Never
    node_selector: {pool: gpu, zone: a}
  text-2:
    retries: 0
"""
    own = both(
        bounds("cpu", "4", "8"),
        lambda task: task.set_accelerator_type("amd.com/gpu").set_accelerator_limit(4),
        lambda task: task.set_retry(7, "5s", 3, "60s").set_caching_options(False),
        lambda task: kubernetes.set_timeout(task, 900),
        lambda task: kubernetes.set_image_pull_policy(task, "Always"),
        lambda task: kubernetes.add_node_selector(task, "pool", "cpu"),
    )
    expected = both(
        bounds("cpu", "", "1"),
        lambda task: task.set_accelerator_type("nvidia.com/gpu"),
        lambda task: task.set_retry(2, backoff_max_duration="604800s"),
        lambda task: kubernetes.set_timeout(task, 30),
        lambda task: kubernetes.set_image_pull_policy(task, "Never"),
        lambda task: kubernetes.add_node_selector(task, "pool", "gpu"),
        lambda task: kubernetes.add_node_selector(task, "zone", "a"),
    )
    given = compiled(tmp_path, own, lambda task: task.set_retry(3))
    assert apply(loaded(tmp_path, settings), given).text() == compiled(tmp_path, expected).text()


def test_a_variable_that_the_pipeline_takes_from_the_same_key_is_not_added_twice(
    tmp_path: Path,
) -> None:
    settings = loaded(tmp_path, "steps: {text: {secrets: {own: {OWN: key, MORE: more}}}}")
    own = of_secret("own", OWN="key")
    expected = compiled(tmp_path, both(own, of_secret("own", MORE="more")))
    assert apply(settings, compiled(tmp_path, own)).text() == expected.text()


def test_a_step_of_a_nested_pipeline_is_set_in_every_place(tmp_path: Path) -> None:
    def nested(call: Call) -> PipelineFile:
        @dsl.pipeline(name="part")
        def part(value: str) -> None:
            call(TEXT_STEP(value=value))

        @dsl.pipeline(name="whole")
        def whole() -> None:
            part(value="1")
            part(value="2")

        compiler.Compiler().compile(whole, str(tmp_path / "nested.yaml"))
        return PipelineFile.load(tmp_path / "nested.yaml")

    settings = loaded(tmp_path, "steps: {text: {cpu: 2, secrets: {own: {OWN: key}}}}")
    expected = nested(both(bounds("cpu", "2", "2"), of_secret("own", OWN="key")))
    assert apply(settings, nested(id)).text() == expected.text()


def test_empty_settings_change_nothing(tmp_path: Path) -> None:
    own = both(bounds("cpu", "4", "8"), of_secret("own", OWN="key"))
    for given in (compiled(tmp_path), compiled(tmp_path, own)):
        applied = apply(PlatformSettings(tmp_path / "platform.yaml"), given)
        assert applied.text() == given.text()
        assert (applied.platform is None) is (given.platform is None)


def with_release(path: Path, *calls: Call) -> PipelineFile:
    """Return a pipeline of one step with a release variable."""

    @dsl.pipeline(name="one")
    def one() -> None:
        step = TEXT_STEP(value="x").set_env_variable("PINION_RELEASE", "1.2.0")
        for call in calls:
            call(step)

    compiler.Compiler().compile(one, str(path))
    return PipelineFile.load(path)


def of_run(task: Any) -> None:
    field = "metadata.labels['pipeline/runid']"
    kubernetes.use_field_path_as_env(task, "PINION_PIPELINE_RUN", field)


def test_a_step_gets_its_run_id_beside_the_settings_of_the_platform(tmp_path: Path) -> None:
    secret = of_secret("own", OWN="key")
    expected = with_release(tmp_path / "expected.yaml", secret, of_run)
    once = add_run_id(with_release(tmp_path / "given.yaml", secret))
    assert once.text() == expected.text()
    assert add_run_id(once).text() == expected.text()
    assert (
        add_run_id(with_release(tmp_path / "bare.yaml")).text()
        == with_release(tmp_path / "b.yaml", of_run).text()
    )


def test_an_existing_run_variable_is_kept(tmp_path: Path) -> None:
    own = with_release(tmp_path / "own.yaml", of_secret("runs", PINION_PIPELINE_RUN="id"))
    assert add_run_id(own).text() == own.text()
    constant = with_release(
        tmp_path / "constant.yaml", lambda task: task.set_env_variable("PINION_PIPELINE_RUN", "7")
    )
    assert add_run_id(constant).text() == constant.text()


def test_a_step_of_another_project_does_not_get_the_run_id(tmp_path: Path) -> None:
    given = compiled(tmp_path)
    assert add_run_id(given).text() == given.text()
    assert add_run_id(given).platform is None
