"""Settings that a step cannot have; apply_test compares valid ones with the SDK."""

from pathlib import Path

import pytest

from pipelines.kubeflow.platform.platform_testing import loaded
from pipelines.system.errors import UsageError

QUANTITY = "a quantity, such as 500m, 2 or 1.5Gi"
DURATION = "a duration, such as 90s, 30m, 2h or 1d"
PATH = "an absolute path in the container, such as /scratch"
KEY = (
    "must be the key that holds the value, not the value itself (letters, digits, '-', '_' and '.')"
)
VARIABLE = "the name of an environment variable, other than KFP's own (KFP_…)"
NAME = "the name of a Kubernetes object (lower case letters, digits, '-' and '.')"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("cpu: [1]", f"cpu.request: must be {QUANTITY}, not a list"),
        ("cpu: true", f"cpu.request: must be {QUANTITY}, not 'true'"),
        ("cpu: many", f"cpu.request: must be {QUANTITY}, not 'many'"),
        ("cpu: -1", f"cpu.request: must be {QUANTITY}, not '-1'"),
        ("cpu: .inf", f"cpu.request: must be {QUANTITY}, not '.inf'"),
        ("cpu: 1:30", f"cpu.request: must be {QUANTITY}, not '1:30'"),
        ("cpu: ٣", f"cpu.request: must be {QUANTITY}, not '٣'"),
        ("cpu: ''", f"cpu.request: must be {QUANTITY}, not ''"),
        ("cpu: 0", "cpu.request: must be between 1m and 2147483647 cores, not '0'"),
        ("cpu: 1e999", "cpu.request: must be between 1m and 2147483647 cores, not '1e999'"),
        (
            f"cpu: {'9' * 99}",
            f"cpu.request: must be between 1m and 2147483647 cores, not '{'9' * 60}…'",
        ),
        (
            "cpu: {request: 3, limit: 2500m}",
            "cpu: the request '3' is larger than the limit '2500m'",
        ),
        ("cpu: {}", "cpu: must have a request, a limit, or both"),
        (
            "cpu: {limits: 2}",
            "cpu: unknown setting 'limits'; did you mean 'limit'? known: request, limit",
        ),
        ("memory: 4GB", f"memory.request: must be {QUANTITY}, not '4GB'"),
        (
            "memory: 512m",
            "memory.request: must be between 1Mi and 7Ei, such as 512Mi or 4Gi (the suffix m means"
            " thousandths of a byte), not '512m'",
        ),
        (
            "memory: 8Ei",
            "memory.request: must be between 1Mi and 7Ei, such as 512Mi or 4Gi (the suffix m means"
            " thousandths of a byte), not '8Ei'",
        ),
        ("gpu: 1", "gpu: must be a mapping of type, count, not '1'"),
        ("gpu: {count: 2}", "gpu.type: must be given"),
        (
            "gpu: {type: T4}",
            "gpu.type: must be a resource name, such as nvidia.com/gpu, not 'T4'",
        ),
        (
            "gpu: {type: nvidia.com/gpu, count: 0}",
            "gpu.count: must be greater than or equal to 1, not '0'",
        ),
        (
            "gpu: {type: nvidia.com/gpu, count: 1.5}",
            "gpu.count: must be a whole number, not '1.5'",
        ),
        ("timeout: 90", f"timeout: must be {DURATION}, not '90'"),
        ("timeout: 1h30m", f"timeout: must be {DURATION}, not '1h30m'"),
        ("timeout: 0s", "timeout: must be between 1s and 2147483647s, not '0s'"),
        ("timeout: 30000d", "timeout: must be between 1s and 2147483647s, not '30000d'"),
        ("retries: -1", "retries.count: must be a whole number, not '-1'"),
        (
            "retries: 3000000000",
            "retries.count: must be less than or equal to 2147483647, not '3000000000'",
        ),
        ("retries: '2'", "retries.count: must be a whole number, not '2'"),
        ("retries: 010", "retries.count: must be a whole number, not '010'"),
        ("retries: {backoff: 3s}", "retries.count: must be given"),
        (
            "retries: {count: 2, factor: 1.5}",
            "retries.factor: must be a whole number, not '1.5'",
        ),
        ("cache: 'true'", "cache: must be true or false, not 'true'"),
        ("cache: !!bool maybe", "cache: must be true or false, not 'maybe'"),
        ("cache: 1", "cache: must be true or false, not '1'"),
        (
            "image_pull_policy: ifnotpresent",
            "image_pull_policy: must be 'Always', 'IfNotPresent' or 'Never', not 'ifnotpresent'",
        ),
        (
            "image_pull_policy: Sometimes",
            "image_pull_policy: must be 'Always', 'IfNotPresent' or 'Never', not 'Sometimes'",
        ),
        (
            "image_pull_secrets: login",
            "image_pull_secrets: must be a list, not 'login'",
        ),
        ("image_pull_secrets: [Login]", f"image_pull_secrets.0: must be {NAME}, not 'Login'"),
        (
            "image_pull_secrets: [123]",
            f"image_pull_secrets.0: must be {NAME}, as a string (quote it), not '123'",
        ),
        (
            "node_selector: {gpu: true}",
            "node_selector.gpu: must be the value of a label, as a string (quote it), not 'true'",
        ),
        (
            "node_selector: {gpu: 2}",
            "node_selector.gpu: must be the value of a label, as a string (quote it), not '2'",
        ),
        (
            "node_selector: {gpu: a b}",
            "node_selector.gpu: must be the value of a label, not 'a b'",
        ),
        (
            "node_selector: {/gpu: a}",
            "node_selector./gpu: must be the key of a label, such as pool, not '/gpu'",
        ),
    ],
)
def test_an_invalid_value_is_refused(tmp_path: Path, setting: str, message: str) -> None:
    refused(tmp_path, setting, message)


@pytest.mark.parametrize(
    ("toleration", "message"),
    [
        ("gpu", ": must be a mapping of key, operator, value, effect, toleration_seconds, not"
         " 'gpu'"),
        ("{key: a, operator: Exists, value: b}", ": the operator Exists takes no value;"
         " remove it"),
        ("{effect: NoSchedule}", ": must have a key, or the operator Exists"),
        ("{key: a, operator: In}", ".operator: must be 'Exists' or 'Equal', not 'In'"),
        ("{key: a, effect: noSchedule}", ".effect: must be 'NoSchedule', 'PreferNoSchedule' or"
         " 'NoExecute', not 'noSchedule'"),
        ("{key: a, value: true}", ".value: must be the value of a label, as a string (quote it),"
         " not 'true'"),
        ("{key: a, toleration_seconds: 9}", ": toleration_seconds needs the"
         " effect NoExecute"),
        ("{key: a, tolerationSeconds: 9}", ": unknown setting 'tolerationSeconds'; did you mean"
         " 'toleration_seconds'? known: key, operator, value, effect, toleration_seconds"),
    ],
)  # fmt: skip
def test_an_invalid_toleration_is_refused(tmp_path: Path, toleration: str, message: str) -> None:
    refused(tmp_path, f"tolerations: [{toleration}]", f"tolerations.0{message}")


@pytest.mark.parametrize(
    ("secrets", "message"),
    [
        ("[mlflow]", ": must be a mapping"),
        ("{mlflow: hunter2}", ".mlflow: must be a mapping"),
        ("{mlflow: {WORD: 'hunter2!'}}", f".mlflow.WORD: {KEY}"),
        ("{mlflow: {WORD: 12345}}", f".mlflow.WORD: {KEY}, as a string (quote it)"),
        ("{mlflow: {WORD: [~]}}", f".mlflow.WORD: {KEY}, as a string (quote it)"),
        ("{mlflow: {WORD: {key: a}}}", f".mlflow.WORD: {KEY}, as a string (quote it)"),
        ("{mlflow: {word: THE_WORD}}", ".mlflow: the variable comes before the key: {THE_WORD:"
         " word}"),
        ("{mlflow: {A-B: a}}", f".mlflow.A-B: must be {VARIABLE}"),
        ("{mlflow: {KFP_POD_NAME: a}}", f".mlflow.KFP_POD_NAME: must be {VARIABLE}"),
        ("{ML: {}}", f".ML: must be {NAME}"),
    ],
)  # fmt: skip
def test_an_invalid_secret_reference_is_refused(tmp_path: Path, secrets: str, message: str) -> None:
    refused(tmp_path, f"secrets: {secrets}", f"secrets{message}")


def test_a_value_that_may_be_a_secret_is_not_repeated(tmp_path: Path) -> None:
    for text in ("{mlflow: hunter2}", "{mlflow: {WORD: 'hunter2 '}}", "{mlflow: ['hunter2']}"):
        with pytest.raises(UsageError) as raised:
            loaded(tmp_path, f"defaults: {{secrets: {text}}}")
        assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("setting", "other"),
    [
        ("secrets: {b: {X: b}, a: {X: a}}", "secret"),
        ("{secrets: {b: {X: b}}, config_maps: {a: {X: a}}}", "config map"),
    ],
)
def test_a_variable_from_two_sources_is_refused(tmp_path: Path, setting: str, other: str) -> None:
    with pytest.raises(UsageError) as raised:
        loaded(tmp_path, f"defaults:\n  {setting}\n")
    assert str(raised.value) == (
        f"{tmp_path / 'platform.yaml'}: defaults: X comes from key 'b' of the secret 'b' and from"
        f" key 'a' of the {other} 'a'; keep one"
    )


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        ("{claim: a}", ".0.path: must be given"),
        ("{path: /a}", ".0: must have one of claim, secret, config_map, empty_dir"),
        ("{claim: a, secret: b, path: /a}", ".0: must have one of claim, secret,"
         " config_map, empty_dir"),
        ("{claim: a, path: a}", f".0.path: must be {PATH}, not 'a'"),
        ("{claim: a, path: /}", f".0.path: must be {PATH}, not '/'"),
        ("{claim: a, path: /a/../b}", f".0.path: must be {PATH}, not '/a/../b'"),
        ("{claim: a, path: '/a:b'}", f".0.path: must be {PATH}, not '/a:b'"),
        ("{claim: a, path: /s3/b}", ".0.path: '/s3/b' is inside /s3, which KFP mounts itself;"
         " choose another path"),
        ("{claim: a, path: /a}, {secret: b, path: /a/}", ": '/a' is mounted twice; choose another"
         " path"),
        ("{claim: a, path: /a, size: 1Gi}", ".0: a volume of type claim has no size; remove it"),
        ("{claim: a, path: /a, sub_path: ../b}", ".0.sub_path: must be the path of a folder in the"
         " volume, such as runs/cache, not '../b'"),
        ("{secret: a.b, path: /a}", ".0.secret: must be a name of at most 63 lower case letters,"
         " digits and '-', not 'a.b'"),
        ("{empty_dir: a, path: /a, medium: memory}", ".0.medium: must be 'Memory', not 'memory'"),
    ],
)  # fmt: skip
def test_an_invalid_volume_is_refused(tmp_path: Path, volume: str, message: str) -> None:
    refused(tmp_path, f"volumes: [{volume}]", f"volumes{message}")


def refused(folder: Path, setting: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        loaded(folder, f"steps:\n  train:\n    {setting}\n")
    assert str(raised.value) == f"{folder / 'platform.yaml'}: steps.train.{message}"
