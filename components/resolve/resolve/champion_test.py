"""The champion, as a real registry has it: asked of its server, and of its SQLite file directly."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from resolve.conftest import Registry, Resolve, free_port

NO_WORSE = '{"accuracy": 0.9, "roc_auc": {"min_absolute_change": 0.0}}'


def test_the_version_with_the_alias_is_named_with_its_model(
    registry: Registry, resolve: Resolve
) -> None:
    name = "it's 100 %_"
    first, second = registry.log(), registry.log()
    registry.client.create_registered_model(name)
    for model_id in ("", first, "", second):
        registry.add(name, model_id)
    moves = [(1, f"{name}/1"), (2, f"{name}/2@{first}"), (4, f"{name}/4@{second}")]
    for version, named in moves:
        registry.client.set_registered_model_alias(name, "staging", str(version))
        for uri in (registry.server, registry.file):
            outcome = resolve(
                thresholds=NO_WORSE,
                registered_model_name=name,
                alias="staging",
                mlflow_tracking_uri=uri,
            )
            assert (outcome.code, outcome.err) == (0, "")
            assert (outcome.champion, outcome.compare_with) == (named, named)
            assert outcome.out.splitlines()[1:3] == [
                f"champion: {named}",
                f"compare-with: {named}",
            ]


def test_there_may_be_no_champion(registry: Registry, resolve: Resolve, uri: str) -> None:
    name = uri.partition(":")[0]
    flags = {"thresholds": NO_WORSE, "mlflow_tracking_uri": uri, "registered_model_name": name}
    assert resolve(**flags).compare_with == ""
    registry.client.create_registered_model(name)
    assert resolve(**flags).compare_with == ""
    model_id = registry.log()
    registry.add(name, model_id)
    assert resolve(**flags).compare_with == ""
    registry.client.set_registered_model_alias(name, "champion", "1")
    assert resolve(**flags).compare_with == f"{name}/1@{model_id}"
    registry.client.delete_model_version(name, "1")
    outcome = resolve(**flags)
    assert (outcome.code, outcome.champion, outcome.compare_with) == (0, "", "")
    assert "champion: none\ncompare-with: none\n" in outcome.out


def test_a_file_that_is_not_there_yet_has_no_champion(resolve: Resolve, tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    for name in ("new.db", "empty.db"):
        outcome = resolve(
            thresholds=NO_WORSE,
            registered_model_name="tumour",
            mlflow_tracking_uri=f"sqlite:///{tmp_path / name}",
        )
        assert (outcome.code, outcome.compare_with) == (0, "")
    assert not (tmp_path / "new.db").exists()


def test_a_registry_that_does_not_answer_is_no_missing_champion(
    resolve: Resolve, tmp_path: Path
) -> None:
    (tmp_path / "text.db").write_text("not a database, but long enough to look like one" * 9)
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE cups (n INTEGER)")
    unknown = f"the MLflow store {tmp_path}"
    for address, words in (
        (f"http://127.0.0.1:{free_port()}", "cannot be reached; is the server running there?"),
        (f"sqlite:///{tmp_path}/text.db", f"{unknown}/text.db cannot be read: file is not a data"),
        (f"sqlite:///{tmp_path}/other.db", f"{unknown}/other.db cannot be read: no such table"),
        (f"sqlite:///{tmp_path}", f"{unknown} cannot be read: "),
    ):
        outcome = resolve(
            thresholds=NO_WORSE, registered_model_name="tumour", mlflow_tracking_uri=address
        )
        assert outcome.code == 1
        assert outcome.compare_with == "not written"
        assert words in outcome.err
        assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    ("flags", "compare_with"),
    [
        pytest.param({"thresholds": '{"accuracy": 0.9}'}, "", id="no threshold is a change"),
        pytest.param({"registered_model_name": ""}, "", id="no name"),
        pytest.param({"compare_with": "tumour/3@m-1"}, "tumour/3@m-1", id="a recorded version"),
        pytest.param({"compare_with": "none"}, "", id="a recorded nothing"),
    ],
)
def test_nobody_is_asked_if_no_champion_is_needed(
    resolve: Resolve, flags: dict[str, str], compare_with: str
) -> None:
    given = {
        "thresholds": NO_WORSE,
        "registered_model_name": "tumour",
        "mlflow_tracking_uri": "http://127.0.0.1:1",
    }
    outcome = resolve(**(given | flags))
    assert (outcome.code, outcome.err) == (0, "")
    assert (outcome.champion, outcome.compare_with) == ("", compare_with)
    assert (outcome.expired, outcome.refused) == ("false", "[]")


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        pytest.param(
            {"registered_model_name": "a/b"}, "--registered-model-name: 'a/b' cannot", id="name"
        ),
        pytest.param({"alias": "v1"}, "--alias: 'v1' cannot be an alias", id="alias"),
        pytest.param({"compare_with": "tumour"}, "'tumour' is not a model version; g", id="given"),
        pytest.param({"thresholds": "0.9"}, "--thresholds: '0.9' is not a JSON object", id="JSON"),
        pytest.param(
            {"mlflow_tracking_uri": "postgresql://h/db"},
            "--mlflow-tracking-uri: 'postgresql://h/db' is not an address that a step can use",
            id="store",
        ),
    ],
)
def test_a_champion_that_cannot_be_meant_is_a_wrong_call(
    resolve: Resolve, flags: dict[str, str], complaint: str
) -> None:
    given = {"thresholds": NO_WORSE, "registered_model_name": "tumour"}
    outcome = resolve(**(given | flags))
    assert outcome.code == 2
    assert complaint in outcome.err


NO_MLFLOW = """
import sys
from resolve.__main__ import main

code = main(sys.argv[1:])
print([name for name in ("mlflow", "sqlalchemy", "fsspec", "aiohttp") if name in sys.modules])
sys.exit(code)
"""


def test_a_file_is_asked_without_mlflow(registry: Registry, tmp_path: Path) -> None:
    registry.client.create_registered_model("fast")
    registry.add("fast")
    registry.client.set_registered_model_alias("fast", "champion", "1")
    flags = {
        "--thresholds": NO_WORSE,
        "--registered-model-name": "fast",
        "--mlflow-tracking-uri": registry.file,
        "--retrain": "on_drift",
        "--max-age": "30d",
        **{
            f"--{name}": tmp_path / name
            for name in ("source-version", "champion", "expired", "refused")
        },
        "--compare-with-output": tmp_path / "compare-with",
    }
    done = subprocess.run(
        [*(sys.executable, "-c", NO_MLFLOW), *(f"{flag}={value}" for flag, value in flags.items())],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert (tmp_path / "compare-with").read_text() == "fast/1"
