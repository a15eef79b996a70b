import getpass
import re
from pathlib import Path

import pytest
from mlflow import MlflowClient

from pipelines import promote, show
from pipelines.models.registry import ModelReference, ModelRegistry, Move, open_registry
from pipelines.models.store_testing import made_store
from pipelines.system.errors import PinionError, UsageError

SHA = "af399a019264f7999e6b395ee90576e46564867aa4c8a40797c96be87dc1be55"


@pytest.fixture()
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    """Return a store with three versions of `churn`, none of which is the champion."""
    uri = made_store(tmp_path / "runs")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    client = MlflowClient(uri, uri)
    client.create_registered_model("churn")
    experiment = client.create_experiment("customers")
    for number in (1, 2, 3):
        tags = {
            "mlflow.source.git.commit": f"c0ffee{number}-dirty",
            "pinion.dataset.sha256": SHA,
            "pinion.dataset.source": f"s3://tables/{number}.csv",
        }
        run = client.create_run(experiment, tags=tags)
        client.log_param(run.info.run_id, "model", f"forest-{number}")
        client.log_metric(run.info.run_id, "cv_roc_auc_mean", 0.9 + number / 100)
        client.create_model_version(
            "churn",
            source=f"{tmp_path}/m{number}",
            run_id=run.info.run_id,
            tags={
                "pinion.evaluation": "passed",
                "pinion.release": "1.4.0",
                "pinion.component.train": f"0.{number}.0@sha256:{'ab' * 32}",
                "pinion.pipeline_run": f"nightly-{number}",
            },
        )
    return client


def aliases(client: MlflowClient) -> dict[str, int]:
    found = client.get_registered_model("churn").aliases
    return {alias: int(number) for alias, number in found.items()}


def test_the_champion_before_becomes_the_previous(
    store: MlflowClient, capsys: pytest.CaptureFixture[str]
) -> None:
    assert promote.main(["churn/1", "--why", "the first"]) == 0
    assert aliases(store) == {"champion": 1}
    assert promote.main(["models:/churn/3"]) == 0
    assert aliases(store) == {"champion": 3, "previous": 1}
    assert promote.main(["churn", "--rollback", "--why", "complaints"]) == 0
    assert aliases(store) == {"champion": 1, "previous": 3}
    assert promote.main(["churn", "--rollback"]) == 0
    assert aliases(store) == {"champion": 3, "previous": 1}
    capsys.readouterr()
    promote.main(["churn", "--history"])
    lines = capsys.readouterr().out.splitlines()
    assert [re.sub(r"^\S+ \S+ UTC  ", "", line) for line in lines] == [
        f"champion none → 1  by {getpass.getuser()}: the first",
        f"champion 1 → 3  by {getpass.getuser()}",
        f"champion 3 → 1  by {getpass.getuser()}: complaints",
        f"champion 1 → 3  by {getpass.getuser()}: rollback",
    ]


def test_the_champion_again_is_no_move(
    store: MlflowClient, capsys: pytest.CaptureFixture[str]
) -> None:
    promote.main(["churn/2"])
    promote.main(["churn/2"])
    assert "churn/2 is already the champion" in capsys.readouterr().out
    with open_registry(None) as registry:
        assert len(registry.history("churn")) == 1


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (["churn/9"], PinionError, "churn has no version 9"),
        (["nope/1"], PinionError, "there is no registered model 'nope'"),
        (["churn@champion"], PinionError, "churn has no alias 'champion'; it has none"),
        (["churn", "--rollback"], PinionError, "churn has no previous champion"),
        (["churn"], UsageError, "'churn' has no version; give churn/VERSION"),
        (["churn/1", "--rollback"], UsageError, "with --rollback, give only the name, 'churn'"),
        (["churn/1", "--history"], UsageError, "with --history, give only the name, 'churn'"),
        (["churn/0"], UsageError, "is not NAME, NAME@alias or NAME/VERSION"),
        (["a/b/c"], UsageError, "'a/b/c' is not NAME"),
        ([""], UsageError, "'' is not NAME"),
    ],
)
def test_what_cannot_be_promoted(
    store: MlflowClient, arguments: list[str], kind: type[PinionError], message: str
) -> None:
    with pytest.raises(kind, match=message):
        promote.main(arguments)
    assert aliases(store) == {}


def test_an_alias_that_others_moved_meanwhile_is_left(store: MlflowClient) -> None:
    with open_registry(None) as registry:
        store.set_registered_model_alias("churn", "champion", "2")
        with pytest.raises(PinionError, match="is at version 2, not 1: somebody else moved it"):
            registry.move("churn", Move("champion", 1, 3, "ada", ""))
        assert registry.history("churn") == []
    assert aliases(store) == {"champion": 2}


def test_an_alias_that_others_move_between_is_told(store: MlflowClient) -> None:
    class Raced(MlflowClient):
        """A client after which somebody else writes at once."""

        def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
            super().set_registered_model_alias(name, alias, version)
            store.set_registered_model_alias(name, alias, "2")

    registry = ModelRegistry(Raced(store.tracking_uri))
    with pytest.raises(PinionError, match="is at version 2, not 3"):
        registry.move("churn", Move("champion", None, 3, "ada", ""))


def test_a_version_that_passed_nothing_is_told(
    store: MlflowClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store.create_model_version("churn", source=f"{tmp_path}/by-hand")
    assert promote.main(["churn/4"]) == 0
    assert "models:/churn/4 has not passed an evaluation" in capsys.readouterr().err


def test_what_made_a_model_is_shown(
    store: MlflowClient, capsys: pytest.CaptureFixture[str]
) -> None:
    promote.main(["churn/2"])
    capsys.readouterr()
    assert show.main(["churn"]) == 0
    shown = dict(
        re.split(r" {2,}", line, maxsplit=1) for line in capsys.readouterr().out.splitlines()
    )
    assert shown["model"] == "models:/churn/2 (champion)"
    assert shown["dataset"] == "s3://tables/2.csv"
    assert shown["sha256"] == SHA
    assert shown["release"] == "1.4.0"
    assert shown["component"] == f"train 0.2.0  sha256:{'ab' * 32}"
    assert shown["pipeline run"] == "nightly-2"
    assert shown["revision"] == "c0ffee2-dirty"
    assert shown["metrics"] == "cv_roc_auc_mean 0.9200"
    assert shown["parameters"] == "model=forest-2"
    assert re.fullmatch(r"[0-9a-f]{32} in 'customers', \S+ \S+ UTC", shown["run"])
    assert "this clone has no release 1.4.0" in shown["lock"]


def test_a_model_of_elsewhere_is_shown_too(
    store: MlflowClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store.create_model_version("churn", source=f"{tmp_path}/by-hand")
    assert show.main(["churn/4"]) == 0
    shown = capsys.readouterr().out
    assert "none: the model was registered without an MLflow run" in shown
    assert "none: the steps were run by hand" in shown


def test_a_server_that_is_away_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(PinionError, match=r"127.0.0.1:9 does not answer \(connection refused\)"):
        show.main(["churn", "--mlflow-tracking-uri", "http://127.0.0.1:9"])


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(PinionError, match="cannot be opened"):
        show.main(["churn", "--mlflow-tracking-uri", f"sqlite:///{tmp_path}/none.db"])
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("churn", ModelReference("churn")),
        ("churn@blue", ModelReference("churn", None, "blue")),
        ("models:/a name/12", ModelReference("a name", 12)),
    ],
)
def test_references(text: str, reference: ModelReference) -> None:
    assert ModelReference.parse(text) == reference
