"""A model is reproduced from its records in MLflow, by the packaged components."""

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from tests.running import Finished, client, environment, params, run, run_folders

pytestmark = pytest.mark.slow(reason="every test is a whole run")

# An old processor without AVX, for which OpenBLAS adds in another order.
OTHER_PROCESSOR = "Prescott"
OUTPUTS = [
    ("pull_data", "dataset"),
    ("preprocess", "schema"),
    ("preprocess", "profile"),
    ("preprocess", "train_data"),
    ("preprocess", "test_data"),
    ("train", "metrics"),
    ("evaluate", "test_metrics"),
    ("evaluate", "predictions"),
]


def line(number: int) -> str:
    """Return a row of a table in which x determines y, except in every eleventh row."""
    x = number * 37 % 163 / 10
    return f"{x},{'abc'[number % 3]},{'yes' if (x > 7) != (number % 11 == 0) else 'no'}\n"


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Train and register a model of a user's table, with no parameter at its default."""
    folder = tmp_path_factory.mktemp("registered")
    table = folder / "tumours.csv"
    table.write_text("x,kind,y\n" + "".join(map(line, range(160))))
    return run(
        folder / "runs",
        "--register",
        *params(
            source=table,
            target="y",
            model="logistic_regression",
            model_params='{"C": 0.5}',
            thresholds='{"accuracy": 0.6}',
            test_fraction=0.3,
            allowed_checks='["id_like"]',
            slices='["kind"]',
            experiment="tumours",
            registered_model_name="tumour",
            seed=7,
        ),
    )


def reproduce(registered: Finished, model: str = "tumour/1", **variables: str) -> Finished:
    """Reproduce a model as a user does, with the folder of the run beside the store."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pipelines.reproduce", model),
            *("--mlflow-tracking-uri", f"sqlite:///{registered.output}/mlflow.db"),
            *("--output", str(registered.output)),
        ],
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    return Finished(done.returncode, done.stdout, done.stderr, registered.output)


def test_a_reproduced_model_is_identical(registered: Finished) -> None:
    assert registered.code == 0, registered.stderr
    before = run_folders(registered.output)
    again = reproduce(registered, "tumour@champion")
    assert again.code == 0, again.stderr
    assert again.shown("verdict") == "identical"
    rows = [row.split() for row in again.stdout.splitlines()[1 : 1 + len(OUTPUTS)]]
    assert sorted((step, output) for step, output, _, _ in rows) == sorted(OUTPUTS)
    assert all(recorded == now for _, _, recorded, now in rows)

    mlflow = client(registered.output)
    experiment = mlflow.get_experiment_by_name("tumours")
    assert experiment
    (folder,) = set(run_folders(registered.output)) - set(before)
    (record,) = mlflow.search_runs(
        [experiment.experiment_id], "tags.`pinion.reproduces` = 'tumour/1'"
    )
    assert record.data.tags["pinion.pipeline_run"] == folder.name
    assert record.data.params["C"] == "0.5"
    assert len(mlflow.search_model_versions("name='tumour'")) == 1


def test_a_model_is_compared_with_what_it_was_compared_with(tmp_path: Path) -> None:
    table = tmp_path / "tumours.csv"
    table.write_text("x,kind,y\n" + "".join(map(line, range(160))))
    gate = '{"accuracy": {"min_absolute_change": 0.0}}'
    for strength in (0.0001, 0.5):
        registered = run(
            tmp_path / "runs",
            "--register",
            *params(
                source=table,
                target="y",
                model="logistic_regression",
                model_params=json.dumps({"C": strength}),
                thresholds=gate,
                allowed_checks='["id_like"]',
                registered_model_name="gated",
            ),
        )
        assert registered.code == 0, registered.stderr
    # The first model found no champion, the second one the first; now the second is the champion.
    assert client(registered.output).get_model_version_by_alias("gated", "champion").version == 2
    for model, version in (("gated/2", 1), ("gated/1", None)):
        again = reproduce(registered, model)
        assert (again.code, again.shown("verdict")) == (0, "identical"), again.stderr
        folder = Path(again.stdout.split("run folder ")[1].split()[0])
        champion = json.loads((folder / "evaluate" / "result").read_text())["champion"]
        assert champion["version"] == version


def test_a_changed_source_is_named_as_the_first_difference(registered: Finished) -> None:
    table = registered.output.parent / "tumours.csv"
    whole = table.read_text()
    table.write_text(whole + line(161))
    try:
        again = reproduce(registered)
    finally:
        table.write_text(whole)
    last = again.stderr.splitlines()[-1]
    assert again.code == 1
    assert last.startswith(
        "pipelines.reproduce: error: tumour/1 differs from step 'pull_data' on: "
    )
    changed = sha256((whole + line(161)).encode()).hexdigest()
    assert f"{table}: the SHA-256 is {changed}, but --sha256 is " in last
    assert sha256(whole.encode()).hexdigest() in last
    assert "Traceback" not in again.stderr


def test_another_processor_gives_equal_metrics(registered: Finished) -> None:
    again = reproduce(registered, OPENBLAS_CORETYPE=OTHER_PROCESSOR)
    assert again.code == 0, again.stderr
    assert again.shown("verdict").startswith("equal metrics: predictions differ in bytes, ")
    differing = [row for row in again.stdout.splitlines() if row.endswith("  differs")]
    assert {row.split()[0] for row in differing} <= {"train", "evaluate"}


def test_a_step_with_other_inputs_is_named_as_the_first_difference(
    registered: Finished,
) -> None:
    """Let MLflow's record of `train` differ from what the model was made with."""
    mlflow = client(registered.output)
    run_id = mlflow.get_model_version("tumour", "1").run_id or ""
    record = "lineage/train.json"
    text = Path(mlflow.download_artifacts(run_id, record)).read_text()
    metrics = json.loads(text)["outputs"]["metrics"]
    assert '"C": 0.5' in text
    mlflow.log_text(run_id, text.replace('"C": 0.5', '"C": 0.0001'), record)
    try:
        again = reproduce(registered)
    finally:
        mlflow.log_text(run_id, text, record)
    assert again.code == 1
    assert again.stderr.splitlines()[-1].startswith(
        "pipelines.reproduce: error: tumour/1 differs from step 'train' on: the SHA-256 of"
        f" metrics was {metrics} and is "
    )


def test_a_model_of_other_components_is_refused(registered: Finished) -> None:
    mlflow = client(registered.output)
    run_id = mlflow.get_model_version("tumour", "1").run_id or ""
    tags = mlflow.get_run(run_id).data.tags
    before = run_folders(registered.output)
    mlflow.set_tag(run_id, "pinion.component.train", "0.1.0-dev.0123456789ab")
    mlflow.set_tag(run_id, "mlflow.source.git.commit", "c0ffee-dirty")
    try:
        again = reproduce(registered)
    finally:
        mlflow.set_tag(run_id, "pinion.component.train", tags["pinion.component.train"])
    assert again.code == 1
    assert again.stderr.splitlines()[-1] == (
        "pipelines.reproduce: error: tumour/1 was made by other components than those of the"
        f" working tree: train {tags['pinion.component.train']} (recorded: 0.1.0-dev.0123456789ab);"
        " it was made at git commit c0ffee-dirty"
    )
    assert run_folders(registered.output) == before
