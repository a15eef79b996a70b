from argparse import ArgumentParser
from pathlib import Path

import pytest

from pipelines.console.flags import add_platform_flag
from pipelines.kubeflow.platform.file import PlatformSettings
from pipelines.kubeflow.platform.platform_testing import loaded
from pipelines.kubeflow.platform.settings import (
    Quantity,
    Resource,
    Retries,
    Settings,
    Variable,
    Volume,
)
from pipelines.system.errors import UsageError

ALL = (
    "cpu, memory, gpu, node_selector, tolerations, secrets, config_maps, volumes,"
    " image_pull_policy, image_pull_secrets, timeout, retries, cache"
)
EMPTY = "the file is empty; add settings to it, or omit --platform"


def resource(text: str, amount: float) -> Resource:
    return Resource(Quantity(text, amount), Quantity(text, amount))


def test_a_step_has_its_own_settings_on_top_of_the_defaults(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        """
service_account: runner.of-pipelines
defaults:
  cpu: 1
  memory: 2Gi
  cache: true
  retries: 2
  node_selector: {pool: cpu, zone: a}
  secrets: {shared: {A: a, B: b}}
  volumes: [{claim: data, path: /data}, {claim: old, path: /more}]
steps:
  pull_data:
    cpu: 500m
    cache: false
    retries: 0
    node_selector: {pool: gpu}
    config_maps: {places: {B: place}}
    volumes: [{empty_dir: new, path: /more}]
""",
    )
    step = Settings(
        cpu=resource("500m", 0.5),
        memory=resource("2Gi", 2 * 1024**3),
        cache=False,
        retries=Retries(0),
        node_selector={"pool": "gpu", "zone": "a"},
        variables={
            "A": Variable("A", "secret", "shared", "a"),
            "B": Variable("B", "config map", "places", "place"),
        },
        volumes={
            "/data": Volume("claim", "data", "/data"),
            "/more": Volume("empty_dir", "new", "/more"),
        },
    )
    assert settings.service_account == "runner.of-pipelines"
    assert settings.of("pull-data") == settings.of("pull_data") == step
    assert settings.of("train").cpu == resource("1", 1)
    assert settings.of("train") == settings.defaults


def test_every_setting_is_optional(tmp_path: Path) -> None:
    assert loaded(tmp_path, "{}") == PlatformSettings(tmp_path / "platform.yaml")


def test_anchors_line_ends_and_a_byte_order_mark_are_read_as_yaml_does(tmp_path: Path) -> None:
    text = "\ufeffsteps:\r\n  train: &same\r\n    timeout: 2d\r\n  evaluate: *same\r\n"
    settings = loaded(tmp_path, text)
    assert settings.of("train").timeout == settings.of("evaluate").timeout == 172800


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        pytest.param("", None, EMPTY, id="empty"),
        pytest.param("# comment\n", None, EMPTY, id="only a comment"),
        pytest.param(
            "- train\n",
            1,
            "must be a mapping of service_account, defaults, steps, not a list",
            id="a list",
        ),
        pytest.param(
            "steps:\n\ttrain: {}\n",
            2,
            r"not valid YAML: found character '\t' that cannot start any token",
            id="a tab",
        ),
        pytest.param(
            "steps: *all\n", 1, "not valid YAML: found undefined alias 'all'", id="no anchor"
        ),
        pytest.param(
            "steps: {}\nx: \a\n", 2, "not valid YAML: character 0x07", id="control character"
        ),
        pytest.param("[" * 3000, None, "the YAML is nested too deeply", id="depth"),
        pytest.param(
            "steps: {}\n---\nsteps: {}\n", 2, "not valid YAML: but found another document", id="two"
        ),
        pytest.param(
            "defaults: {}\nstep: {}\n",
            2,
            "unknown setting 'step'; did you mean 'steps'? known: service_account, defaults, steps",
            id="unknown at the top",
        ),
        pytest.param(
            "steps:\n", 1, "steps: has no value; it must be a mapping of steps", id="null"
        ),
        pytest.param(
            "steps:\n  1: {}\n",
            2,
            "steps: a key must be a string, not '1'; quote it",
            id="number key",
        ),
        pytest.param(
            "steps:\n  train: {}\n\n  train: {}\n",
            4,
            "steps: 'train' is given twice; keep one",
            id="key twice",
        ),
        pytest.param(
            "steps:\n  pull-data: {}\n  pull_data: {}\n",
            3,
            "steps.pull_data: the step 'pull-data' is given twice; keep one",
            id="step twice",
        ),
        pytest.param(
            "service_account: Runner\n",
            1,
            "service_account: must be the name of a Kubernetes object (lower case letters, digits,"
            " '-' and '.'), not 'Runner'",
            id="service account",
        ),
        pytest.param(
            "steps:\n  train:\n    service_account: runner\n",
            3,
            "steps.train.service_account: a service account applies to the whole run; move it to"
            " the top of the file",
            id="service account of a step",
        ),
        pytest.param(
            "defaults:\n  cpu: 1\n  nodeSelector: {pool: gpu}\n",
            3,
            f"defaults: unknown setting 'nodeSelector'; did you mean 'node_selector'? known: {ALL}",
            id="unknown setting",
        ),
        pytest.param(
            "steps:\n  train:\n    <<: {cpu: 1}\n",
            3,
            "steps.train: '<<' is not supported; put what steps share under defaults",
            id="merge key",
        ),
        pytest.param(
            "steps:\n  train: [cpu]\n",
            2,
            "steps.train: must be a mapping of settings, not a list",
            id="list of settings",
        ),
    ],
)
def test_an_invalid_platform_file_is_refused(
    tmp_path: Path, text: str, line: int | None, message: str
) -> None:
    with pytest.raises(UsageError) as raised:
        loaded(tmp_path, text)
    where = f"{tmp_path / 'platform.yaml'}{f':{line}' if line else ''}"
    assert str(raised.value) == f"{where}: {message}"


@pytest.mark.parametrize("name", ["absent.yaml", "."])
def test_a_file_that_cannot_be_opened_is_reported(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=f"--platform {tmp_path / name}: cannot be read: "):
        PlatformSettings.load(tmp_path / name)


def test_a_file_that_is_not_utf_8_is_reported(tmp_path: Path) -> None:
    (tmp_path / "platform.yaml").write_bytes(b"steps: {}\n\xff\xfe")
    with pytest.raises(UsageError, match="cannot be read: 'utf-8' codec"):
        PlatformSettings.load(tmp_path / "platform.yaml")


def test_the_flag_takes_the_path_of_a_file() -> None:
    parser = ArgumentParser()
    add_platform_flag(parser)
    assert parser.parse_args([]).platform is None
    assert parser.parse_args(["--platform", "a/b.yaml"]).platform == Path("a/b.yaml")
