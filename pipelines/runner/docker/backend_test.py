"""The options of a container; tests/build checks on a real engine that they take effect."""

import csv
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipelines.compiled.container import Limits
from pipelines.runner.docker.access import Access, with_profile
from pipelines.runner.docker.backend import options, startable
from pipelines.runner.task.backend import Call

IMAGE = "localhost:5000/pinion/train:0.1.0"


def call(folder: Path, **changes: Any) -> Call:
    given: dict[str, Any] = {
        "name": "train",
        "image": IMAGE,
        "command": ("/app/pex", "--rate", "-1"),
        "environment": {},
        "folder": folder / "run" / "train",
        "log": folder / "run" / "logs" / "train.log",
        "parameters": {},
        "inputs": (),
        "limits": Limits(),
    }
    return Call(**{**given, **changes})


def access(call: Call, isolated: bool = True, **environment: str) -> Access:
    return Access.of(call, environment, isolated)


def mounts(call: Call, **environment: str) -> list[list[str]]:
    """Return the fields of each `--mount`, as Docker reads them."""
    flags = options(call, access(call, isolated=True, **environment))
    values = [flag.removeprefix("--mount=") for flag in flags if flag.startswith("--mount=")]
    return list(csv.reader(values))


def bound(path: Path, *more: str) -> list[str]:
    return ["type=bind", f"source={path}", f"target={path}", *more]


def test_paths_may_contain_the_separators_of_options(tmp_path: Path) -> None:
    given = tmp_path / 'a, "b" c=d'
    found = mounts(call(tmp_path, inputs=(given,)))
    assert found == [bound(tmp_path / "run" / "train"), bound(given, "readonly")]


def test_the_program_and_its_arguments_are_passed_unchanged(tmp_path: Path) -> None:
    made = call(tmp_path, limits=Limits(memory=3 * 2**20, cpu=0.5))
    flags = options(made, access(made))
    assert flags[-4:] == ["--entrypoint=/app/pex", IMAGE, "--rate", "-1"]
    assert {"--memory=3145728", "--memory-swap=3145728", "--cpus=0.500"} <= set(flags)


def test_arguments_that_are_too_long_are_in_a_file_of_the_folder(tmp_path: Path) -> None:
    made = call(tmp_path, command=("/app/pex", "--model-params", "@" + "é" * 119_000))
    made.folder.mkdir(parents=True)
    started = startable(made)
    file = made.folder / "arguments.json"
    assert started.command[0] == "/app/bin/python3"
    assert started.command[-2:] == ("/app/pex", str(file))
    assert json.loads(file.read_text()) == ["--model-params", "@" + "é" * 119_000]
    assert bound(made.folder) in mounts(started)
    assert "--entrypoint=/app/bin/python3" in options(started, access(started))


def test_arguments_of_another_program_stay_as_they_are(tmp_path: Path) -> None:
    for command in (("/app/pex", "--rate", "@1"), ("sh", "-c", "x" * 200_000)):
        made = call(tmp_path, command=command)
        assert startable(made) == made


def test_a_container_has_the_groups_of_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getgroups", lambda: [1002, 77])
    flags = options(call(tmp_path), access(call(tmp_path)))
    assert [flag for flag in flags if flag.startswith("--group")] == [
        "--group-add=1002",
        "--group-add=77",
    ]


def test_a_step_without_a_network_gets_only_the_variables_of_its_run(tmp_path: Path) -> None:
    given = {"PINION_PIPELINE_RUN": "20261124", "PINION_REVISION": "c0ffee", "AWS_REGION": "x"}
    assert access(call(tmp_path), isolated=True, **given).variables == {
        "PINION_PIPELINE_RUN",
        "PINION_REVISION",
    }


def test_options_hold_the_name_of_a_secret_but_not_its_value(tmp_path: Path) -> None:
    made = call(tmp_path, environment={"PINION_RELEASE": "1.0.0"})
    environment = {"AWS_SECRET_ACCESS_KEY": "s3cret", "HOME_ADDRESS": "x"}
    flags = options(made, access(made, isolated=False, **environment))
    assert "--env=AWS_SECRET_ACCESS_KEY" in flags
    assert "--env=PINION_RELEASE=1.0.0" in flags
    assert not [flag for flag in flags if "s3cret" in flag or "HOME_ADDRESS" in flag]


def test_a_step_reaches_the_store_but_cannot_write_to_other_steps(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    uri = f"sqlite:///{folder}/mlflow.db"
    tracking = call(folder, parameters={"mlflow_tracking_uri": ""})
    assert mounts(tracking, MLFLOW_TRACKING_URI=uri) == [
        bound(folder),
        bound(folder / "run" / "train"),
        bound(folder / "run", "readonly"),
    ]
    (folder / ".cache").mkdir(parents=True)
    assert bound(folder / ".cache", "readonly") in mounts(tracking, MLFLOW_TRACKING_URI=uri)
    assert mounts(call(folder), MLFLOW_TRACKING_URI=uri) == [bound(folder / "run" / "train")]


def test_a_store_in_the_scratch_folder_is_not_hidden(tmp_path: Path) -> None:
    by_address = call(tmp_path, parameters={"mlflow_tracking_uri": "sqlite:////tmp/mlflow.db"})
    flags = options(by_address, access(by_address))
    assert "--mount=type=bind,source=/tmp,target=/tmp" in flags
    assert not [flag for flag in flags if flag.startswith("--tmpfs")]
    assert "--tmpfs=/tmp:exec" in options(call(tmp_path), access(call(tmp_path)))


def test_an_aws_profile_comes_with_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    credentials, config = tmp_path / ".aws" / "credentials", tmp_path / "its config"
    credentials.parent.mkdir()
    for file in (credentials, config, credentials.with_name("config")):
        file.touch()
    given = {"AWS_PROFILE": "ada", "AWS_CONFIG_FILE": str(config)}
    found = access(call(tmp_path), isolated=False, **with_profile(given))
    assert found.readable == {credentials, config}
    assert found.variables == {"AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"}
    assert with_profile({"AWS_REGION": "eu-west-1"}) == {"AWS_REGION": "eu-west-1"}


def test_a_long_text_is_searched_for_addresses_in_one_pass(tmp_path: Path) -> None:
    text = "x" * 120_000
    began = time.monotonic()
    assert access(call(tmp_path, parameters={"a": text}), isolated=False).network == "bridge"
    near = f"{text} http://localhost:8000/{text}"
    assert access(call(tmp_path, parameters={"a": near}), isolated=False).network == "host"
    # A search that starts again at every letter takes a minute.
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("parameters", "environment", "isolated", "network"),
    [
        ({}, {}, True, "none"),
        ({}, {}, False, "bridge"),
        ({"mlflow_tracking_uri": "sqlite:////runs/mlflow.db"}, {}, True, "none"),
        ({"mlflow_tracking_uri": "http://127.0.0.1:5000"}, {}, True, "host"),
        ({"mlflow_tracking_uri": "https://192.0.2.7"}, {}, True, "bridge"),
        ({"source": "http://localhost:8000/a.csv"}, {}, False, "host"),
        ({"source": "http://localhost:8000/a.csv"}, {}, True, "none"),
        ({"source": "s3://a/b"}, {"AWS_ENDPOINT_URL": "http://127.0.0.2:1"}, False, "host"),
        ({"source": "gs://a/b"}, {"STORAGE_EMULATOR_HOST": "localhost:4"}, False, "host"),
        ({"source": "s3://a/b"}, {"AWS_ENDPOINT_URL": "http://192.0.2.1:1"}, False, "bridge"),
    ],
)
def test_a_step_gets_the_network_that_it_needs(
    tmp_path: Path,
    parameters: Mapping[str, str],
    environment: Mapping[str, str],
    isolated: bool,
    network: str,
) -> None:
    made = call(tmp_path, parameters=parameters)
    assert access(made, isolated, **environment).network == network


def test_a_file_that_a_parameter_names_is_readable_at_its_path(tmp_path: Path) -> None:
    source, key = tmp_path / "my, table.csv", tmp_path / "key.json"
    source.touch()
    key.touch()
    made = call(
        tmp_path, parameters={"a": str(source), "b": "x" * 9999, "c": "\0", "d": str(tmp_path)}
    )
    found = access(made, isolated=False, GOOGLE_APPLICATION_CREDENTIALS=str(key))
    assert found.readable == {source, key}
    by_address = call(tmp_path, parameters={"source": source.as_uri()})
    assert access(by_address).readable == {source}


def test_only_the_folder_that_the_source_names_is_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "my table"
    (folder / "country=DE").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    for spelt in (str(folder), f"{folder}/", "my table", "./my table/", folder.as_uri()):
        made = call(tmp_path, parameters={"source": spelt, "target": "my table"})
        assert mounts(made) == [bound(tmp_path / "run" / "train"), bound(folder, "readonly")]
    for other in ("", "/", "../" * 20, "my", "s3://my table/"):
        made = call(tmp_path, parameters={"source": other, "target": str(folder)})
        assert mounts(made) == [bound(tmp_path / "run" / "train")]


def test_a_source_that_is_the_scratch_folder_is_not_hidden(tmp_path: Path) -> None:
    made = call(tmp_path, parameters={"source": "/tmp"})  # noqa: S108
    flags = options(made, access(made))
    assert "--mount=type=bind,source=/tmp,target=/tmp,readonly" in flags
    assert not [flag for flag in flags if flag.startswith("--tmpfs")]
