from argparse import ArgumentParser
from pathlib import Path

import pytest

from pipelines.console.command import add_platform_flag
from pipelines.kubeflow.platform.file import PlatformSettings
from pipelines.kubeflow.platform.platform_testing import loaded
from pipelines.kubeflow.platform.settings import Settings
from pipelines.kubeflow.platform.values import Quantity
from pipelines.system.errors import UsageError

ALL = (
    "cpu, memory, gpu, node_selector, tolerations, secrets, config_maps, volumes,"
    " image_pull_policy, image_pull_secrets, timeout, retries, cache"
)
EMPTY = "the file is empty; add settings to it, or omit --platform"


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
    step = Settings.model_validate(
        {
            "cpu": "500m",
            "memory": "2Gi",
            "cache": False,
            "retries": 0,
            "node_selector": {"pool": "gpu", "zone": "a"},
            "secrets": {"shared": {"A": "a"}},
            "config_maps": {"places": {"B": "place"}},
            "volumes": (
                {"claim": "data", "path": "/data"},
                {"empty_dir": "new", "path": "/more"},
            ),
        }
    )
    assert settings.service_account == "runner.of-pipelines"
    assert settings.of("pull-data") == settings.of("pull_data") == step
    assert step.cpu is not None
    assert step.cpu.request == step.cpu.limit == Quantity("500m", 0.5)
    assert step.memory is not None
    assert step.memory.limit == Quantity("2Gi", 2 * 1024**3)
    assert settings.of("train") == settings.defaults != step


def test_every_setting_is_optional(tmp_path: Path) -> None:
    assert loaded(tmp_path, "{}") == PlatformSettings(tmp_path / "platform.yaml", "", Settings())


def test_anchors_line_ends_and_a_byte_order_mark_are_read_as_yaml_does(tmp_path: Path) -> None:
    text = "\ufeffsteps:\r\n  train: &same\r\n    timeout: 2d\r\n  evaluate: *same\r\n"
    settings = loaded(tmp_path, text)
    assert settings.of("train").timeout == settings.of("evaluate").timeout == 172800


def test_text_without_quotes_is_read_as_it_is_written(tmp_path: Path) -> None:
    labels = "cuda: 12.10, zone: 0123, since: 2024-01-31"
    settings = loaded(tmp_path, f"steps: {{1: {{node_selector: {{{labels}}}}}}}")
    assert settings.of("1").node_selector == {
        "cuda": "12.10",
        "zone": "0123",
        "since": "2024-01-31",
    }


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        pytest.param("", None, EMPTY, id="empty"),
        pytest.param("# comment\n", None, EMPTY, id="only a comment"),
        pytest.param(
            "- train\n",
            None,
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
            "steps: {}\nx: \a\n",
            None,
            "not valid YAML: unacceptable character #x0007: special characters are not allowed"
            '  in "<unicode string>", position 13',
            id="control character",
        ),
        pytest.param("[" * 3000, None, "the YAML is nested too deeply", id="depth"),
        pytest.param(
            "steps: {}\n---\nsteps: {}\n", 2, "not valid YAML: but found another document", id="two"
        ),
        pytest.param(
            "defaults: {}\nstep: {}\n",
            None,
            "unknown setting 'step'; did you mean 'steps'? known: service_account, defaults, steps",
            id="unknown at the top",
        ),
        pytest.param("steps:\n", 1, "'steps' has no value; give one, or remove it", id="null"),
        pytest.param(
            "defaults:\n  1: {}\n",
            None,
            f"defaults: unknown setting '1'; known: {ALL}",
            id="number key",
        ),
        pytest.param(
            "steps:\n  train: {}\n\n  train: {}\n",
            4,
            "'train' is given twice; keep one",
            id="key twice",
        ),
        pytest.param(
            "steps:\n  pull-data: {}\n  pull_data: {}\n",
            None,
            "steps: a step is given twice, with '-' and '_': pull-data, pull_data; keep one",
            id="step twice",
        ),
        pytest.param(
            "service_account: Runner\n",
            None,
            "service_account: must be the name of a Kubernetes object (lower case letters, digits,"
            " '-' and '.'), not 'Runner'",
            id="service account",
        ),
        pytest.param(
            "steps:\n  train:\n    service_account: runner\n",
            None,
            "steps.train: unknown setting 'service_account'; a service account applies to the"
            " whole run; move it to the top of the file",
            id="service account of a step",
        ),
        pytest.param(
            "defaults:\n  cpu: 1\n  nodeSelector: {pool: gpu}\n",
            None,
            "defaults: unknown setting 'nodeSelector'; did you mean 'node_selector'?"
            f" known: {ALL}",
            id="unknown setting",
        ),
        pytest.param(
            "steps:\n  train:\n    <<: {cpu: 1}\n",
            None,
            "steps.train: unknown setting '<<'; put what steps share under defaults",
            id="merge key",
        ),
        pytest.param(
            "steps:\n  train: [cpu]\n",
            None,
            f"steps.train: must be a mapping of {ALL}, not a list",
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
