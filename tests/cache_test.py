"""Runs that use the cache of earlier ones, with the real steps and their MLflow store."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.running import Finished, client, command, environment, params, run, run_folders

pytestmark = pytest.mark.slow(reason="every test is a whole run or two")

# The steps that the cache can take the place of; `resolve` and `register` always run.
PURE = ["pull-data", "preprocess", "decide", "train", "evaluate"]
# Those that are the same for other thresholds: what was refused by some may pass others.
SAME_MODEL = ["pull-data", "preprocess", "train"]
GIVEN = ("--register", *params(model="logistic_regression", registered_model_name="tumour"))

# Makes another model of the same data.
OTHER = params(model_params='{"C": 2}')


def reused(finished: Finished) -> list[str]:
    assert finished.code == 0, finished.stderr
    return re.findall(r"^[\d:]+ (\S+): cached \(from run ", finished.stderr, re.MULTILINE)


def why(finished: Finished, step: str) -> str:
    (found,) = re.findall(rf"^[\d:]+ {step}: running \((.*)\)$", finished.stderr, re.MULTILINE)
    return str(found)


def results(finished: Finished) -> list[str]:
    """Return the lines of a run's summary that do not differ from run to run."""
    own = ("run folder", "took ")
    return [line for line in finished.stdout.splitlines() if not line.startswith(own)]


def mlflow_runs(output: Path) -> list[str]:
    mlflow = client(output)
    experiment = mlflow.get_experiment_by_name("pinion")
    assert experiment
    return [record.info.run_id for record in mlflow.search_runs([experiment.experiment_id])]


@pytest.fixture(scope="module")
def unregistered(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Run the pipeline once, without registering its model."""
    finished = run(tmp_path_factory.mktemp("first") / "runs", *GIVEN[1:])
    assert reused(finished) == []
    return finished


@pytest.fixture(scope="module")
def first(unregistered: Finished) -> Finished:
    """Run it again to register its model, and leave only this run's folder."""
    finished = run(unregistered.output, *GIVEN)
    shutil.rmtree(run_folders(finished.output)[0])
    return finished


@pytest.fixture()
def output(first: Finished, tmp_path: Path) -> Iterator[Path]:
    """Yield the output folder of that run; its store and cache are restored afterwards."""
    before = shutil.copytree(first.output, tmp_path / "before")
    yield first.output
    for path in first.output.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
    for path in before.iterdir():
        if path.is_dir():
            shutil.copytree(path, first.output / path.name)
    # Restore into the same file, which MLflow has open in this process.
    databases = (sqlite3.connect(each / "mlflow.db") for each in (before, first.output))
    with closing(next(databases)) as kept, closing(next(databases)) as used:
        kept.backup(used)


def test_an_unchanged_run_is_cached_and_reports_the_same(first: Finished, output: Path) -> None:
    again = run(output, *GIVEN)
    assert reused(again) == PURE
    for step in ("resolve", "register"):
        assert why(again, step) == "caching is off for this step"
    assert results(again) == results(first)
    assert len(mlflow_runs(output)) == 1
    assert len(client(output).search_model_versions("name='tumour'")) == 1
    before, after = run_folders(output)
    assert {path.relative_to(before) for path in before.rglob("*")} == {
        path.relative_to(after) for path in after.rglob("*")
    }
    assert (before / "train" / "run_id.txt").read_text() == (
        after / "train" / "run_id.txt"
    ).read_text()


def test_only_the_registration_runs_if_the_rest_is_cached(first: Finished) -> None:
    assert reused(first) == PURE
    assert first.shown("registered") == "models:/tumour/1"
    assert len(mlflow_runs(first.output)) == 1


def test_without_the_cache_every_step_runs_again(output: Path) -> None:
    again = run(output, *GIVEN, "--no-cache")
    assert reused(again) == []
    assert "(" not in "".join(line for line in again.stderr.splitlines() if ": running" in line)
    assert len(mlflow_runs(output)) == 2


def test_editing_or_removing_an_earlier_run_does_no_harm(output: Path) -> None:
    (old,) = run_folders(output)
    (old / "preprocess" / "train_data").write_bytes(b"edited")
    again = run(output, *GIVEN)
    assert reused(again) == PURE
    new = run_folders(output)[-1]
    assert (new / "preprocess" / "train_data").read_bytes()[:4] == b"PAR1"
    for folder in (old, new):
        shutil.rmtree(folder)
    assert reused(run(output, *GIVEN)) == PURE


def test_a_model_whose_mlflow_run_was_deleted_is_trained_again(output: Path) -> None:
    (record,) = mlflow_runs(output)
    client(output).delete_run(record)
    again = run(output, *GIVEN)
    assert reused(again) == PURE[:3]
    assert why(again, "train") == f"its MLflow run {record} was deleted"
    assert why(again, "evaluate") == "changed: model"
    assert again.shown("registered") == "models:/tumour/2"


def test_changed_thresholds_evaluate_again_and_so_do_the_first_ones_later(
    output: Path,
) -> None:
    stricter = params(thresholds='{"accuracy": 0.9999}')
    failed = run(output, *GIVEN[1:], *stricter)
    assert reused(failed) == SAME_MODEL
    assert why(failed, "evaluate") == "changed: thresholds"
    (record,) = mlflow_runs(output)
    assert client(output).get_run(record).data.tags["pinion.evaluation"] == "failed"
    back = run(output, *GIVEN)
    assert reused(back) == PURE[:4]
    assert why(back, "evaluate") == f"its MLflow run {record} has another evaluation"
    assert client(output).get_run(record).data.tags["pinion.evaluation"] == "passed"


def test_a_verdict_does_not_hold_for_the_next_champion(output: Path) -> None:
    gate = [
        "--register",
        *params(
            model="logistic_regression",
            # A name that has no champion yet.
            registered_model_name="gated",
            thresholds='{"accuracy": {"min_absolute_change": 0.0}}',
        ),
    ]
    assert reused(run(output, *gate)) == SAME_MODEL
    again = run(output, *gate)
    assert reused(again) == SAME_MODEL
    # `resolve` found the champion, which the first run had made.
    assert why(again, "evaluate") == "changed: compare_with"
    assert reused(run(output, *gate)) == PURE


def test_a_touched_file_is_read_again_and_a_changed_one_runs_all_steps(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("x,y\n" + "".join(f"{n},{'ab'[n % 7 > 3]}\n" for n in range(90)))
    given = params(source=table, target="y", model="logistic_regression")
    assert reused(run(tmp_path / "runs", *given)) == []
    assert reused(run(tmp_path / "runs", *given)) == PURE
    os.utime(table, (1_700_000_000, 1_700_000_000))
    touched = run(tmp_path / "runs", *given)
    assert reused(touched) == PURE[1:]
    assert why(touched, "pull-data") == "changed: source_version"
    with table.open("a") as file:
        file.write("90,b\n")
    changed = run(tmp_path / "runs", *given)
    assert reused(changed) == []
    assert why(changed, "preprocess") == "changed: dataset"


def test_a_cached_run_does_not_undo_a_rollback(output: Path) -> None:
    second = run(output, *GIVEN, *OTHER)
    assert second.shown("registered") == "models:/tumour/2"
    mlflow = client(output)
    mlflow.set_registered_model_alias("tumour", "champion", "1")
    assert reused(run(output, *GIVEN, *OTHER)) == PURE
    assert int(mlflow.get_model_version_by_alias("tumour", "champion").version) == 1
    mlflow.delete_model_version("tumour", "2")
    again = run(output, *GIVEN, *OTHER)
    assert again.shown("registered") == "models:/tumour/3"


def test_a_deleted_registration_is_forgotten_even_if_the_next_one_fails_half_way(
    output: Path,
) -> None:
    mlflow = client(output)
    mlflow.delete_registered_model("tumour")
    # The version is registered, and then the alias fails.
    with closing(sqlite3.connect(output / "mlflow.db")) as database:
        database.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON registered_model_aliases"
            " BEGIN SELECT RAISE(ABORT, 'no alias'); END"
        )
    failed = run(output, *GIVEN)
    assert (failed.code, "step 'register' failed" in failed.stderr) == (1, True), failed.stderr
    with closing(sqlite3.connect(output / "mlflow.db")) as database:
        database.execute("DROP TRIGGER refuse")
    again = run(output, *GIVEN)
    assert reused(again) == PURE
    assert len(mlflow.search_model_versions("name='tumour'")) == 1
    assert int(mlflow.get_model_version_by_alias("tumour", "champion").version) == 1


def test_two_concurrent_equal_runs_train_one_model(tmp_path: Path) -> None:
    pair = [
        subprocess.Popen(command(tmp_path, *GIVEN), env=environment(), stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    errors = [process.communicate(timeout=600)[1].decode() for process in pair]
    assert [process.returncode for process in pair] == [0, 0], errors
    assert len(mlflow_runs(tmp_path)) == 1
    one, other = (
        json.loads((each / "evaluate/result").read_text()) for each in run_folders(tmp_path)
    )
    assert one == other
    assert sum(error.count("train: cached (from run ") for error in errors) == 1


def test_the_steps_of_a_killed_run_are_cached(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command(tmp_path, *GIVEN), env=environment(), stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 300
    while not list(tmp_path.glob("20*/logs/train.log")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.wait()
    again = run(tmp_path, *GIVEN)
    assert reused(again) == PURE[:3]
    assert why(again, "train") == "not in the cache"
    assert len(client(tmp_path).search_model_versions("name='tumour'")) == 1
