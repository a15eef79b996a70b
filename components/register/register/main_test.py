import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from mlflow import MlflowClient

from register.__main__ import main
from register.conftest import (
    FAILED_CHECK,
    PASSED_CHECK,
    Run,
    Status,
    Store,
    Train,
    Trained,
    arguments,
)
from register.evaluation import EvaluationResult
from register.model import ModelFolder
from register.registry import register_model


@pytest.fixture(autouse=True)
def _by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PINION_RELEASE", "PINION_COMPONENTS", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)


def test_registers_with_lineage_and_alias(
    store: Store, train: Train, register_step: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINION_RELEASE", "2026.11")
    monkeypatch.setenv("PINION_COMPONENTS", "train=1.2.0")
    trained = train(run_tags={"pinion.dataset.sha256": "abc", "pinion.dataset.source": "wine.csv"})

    outcome = register_step(trained, registered_model_name="lineage", why="drift:age psi=0.31")

    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert outcome.stdout == "registered models:/lineage/1 (champion)\n"
    assert outcome.model_version.read_text() == "1"
    assert outcome.model_uri.read_text() == "models:/lineage/1"
    (version,) = store.versions("lineage")
    assert version.source == f"models:/{trained.model_id}"
    assert version.run_id == trained.run_id
    assert version.tags == {
        "pinion.model_id": trained.model_id,
        "pinion.run_id": trained.run_id,
        "pinion.evaluation": "passed",
        "pinion.alias.champion": "asked",
        "pinion.why": "drift:age psi=0.31",
        "pinion.release": "2026.11",
        "pinion.component.train": "1.2.0",
        "pinion.dataset.sha256": "abc",
        "pinion.dataset.source": "wine.csv",
    }
    assert store.alias("lineage") == 1


def test_a_repetition_changes_nothing(store: Store, train: Train, register_step: Run) -> None:
    trained = train()
    register_step(trained, registered_model_name="again")

    outcome = register_step(trained, registered_model_name="again")

    assert outcome.stdout == "already registered as models:/again/1 (champion)\n"
    assert outcome.model_version.read_text() == "1"
    assert len(store.versions("again")) == 1


def test_the_next_model_is_the_next_version(store: Store, train: Train, register_step: Run) -> None:
    register_step(train(), registered_model_name="next")
    outcome = register_step(train(), registered_model_name="next")

    assert outcome.stdout == "registered models:/next/2 (champion)\n"
    assert store.alias("next") == 2


def test_repeating_an_older_registration_leaves_the_alias(
    store: Store, train: Train, register_step: Run
) -> None:
    older = train()
    register_step(older, registered_model_name="back")
    register_step(train(), registered_model_name="back")

    outcome = register_step(older, registered_model_name="back")

    assert outcome.stdout == (
        "already registered as models:/back/1 (champion stays at the newer version 2)\n"
    )
    assert outcome.model_version.read_text() == "1"
    assert store.alias("back") == 2


def test_no_alias(store: Store, train: Train, register_step: Run) -> None:
    outcome = register_step(train(), registered_model_name="plain", alias="")

    assert outcome.stdout == "registered models:/plain/1\n"
    assert store.client.get_registered_model("plain").aliases == {}


def test_an_alias_that_died_with_the_first_call_is_set(
    store: Store, train: Train, register_step: Run
) -> None:
    trained = train()
    register_step(trained, registered_model_name="cut off", alias="")

    outcome = register_step(trained, registered_model_name="cut off", alias="blue")

    assert outcome.stdout == "already registered as models:/cut off/1 (blue)\n"
    assert store.alias("cut off", "blue") == 1


def test_an_empty_name_is_the_default(store: Store, train: Train, register_step: Run) -> None:
    outcome = register_step(train(), registered_model_name="")

    assert outcome.model_uri.read_text().startswith("models:/pinion-model/")


@pytest.mark.parametrize("name", ["it's", 'say "hi"', "Größe & Preis", "100 %_"])
def test_names_as_people_write_them(train: Train, register_step: Run, name: str) -> None:
    trained = train()
    register_step(trained, registered_model_name=name)

    outcome = register_step(trained, registered_model_name=name)

    assert outcome.stdout == f"already registered as models:/{name}/1 (champion)\n"


def _create(store: Store, trained: Trained, name: str, tags: dict[str, str]) -> None:
    source = f"models:/{trained.model_id}"
    store.client.create_model_version(name, source, trained.run_id, tags)


def test_duplicates_of_a_process_that_died_are_removed_unless_aliased(
    store: Store, train: Train, register_step: Run
) -> None:
    trained, other = train(), train()
    store.client.create_registered_model("killed")
    tags = {"pinion.model_id": trained.model_id}
    _create(store, other, "killed", {"pinion.model_id": other.model_id})
    _create(store, trained, "killed", tags)
    _create(store, trained, "killed", tags)
    _create(store, trained, "killed", tags)
    store.client.set_registered_model_alias("killed", "mine", "4")

    outcome = register_step(trained, registered_model_name="killed")

    assert outcome.stdout == "already registered as models:/killed/2 (champion)\n"
    assert [int(version.version) for version in store.versions("killed")] == [1, 2, 4]
    assert store.versions("killed")[1].tags["pinion.evaluation"] == "passed"


def test_versions_made_by_hand_are_recognised_and_stay(
    store: Store, train: Train, register_step: Run
) -> None:
    trained = train()
    store.client.create_registered_model("by hand")
    _create(store, trained, "by hand", {"pinion.release": "mine"})
    _create(store, trained, "by hand", {})

    outcome = register_step(trained, registered_model_name="by hand")

    assert outcome.model_version.read_text() == "1"
    versions = store.versions("by hand")
    assert len(versions) == 2
    assert versions[0].tags == {
        "pinion.release": "mine",
        "pinion.model_id": trained.model_id,
        "pinion.run_id": trained.run_id,
        "pinion.evaluation": "passed",
        "pinion.alias.champion": "asked",
    }


def test_one_model_under_two_names(store: Store, train: Train, register_step: Run) -> None:
    trained = train()
    register_step(trained, registered_model_name="first name")
    register_step(trained, registered_model_name="second name")

    assert len(store.versions("first name")) == len(store.versions("second name")) == 1
    assert store.links(trained) == [
        {"name": "first name", "version": "1"},
        {"name": "second name", "version": "1"},
    ]


@pytest.mark.parametrize(
    "before",
    [
        pytest.param('[{"name": "linked", "version": 7}]', id="a version that was deleted"),
        pytest.param("{", id="damaged"),
        pytest.param("7", id="no list"),
    ],
)
def test_a_model_names_its_one_version(
    store: Store, train: Train, register_step: Run, before: str
) -> None:
    trained = train()
    store.client.set_logged_model_tags(trained.model_id, {"mlflow.modelVersions": before})

    outcome = register_step(trained, registered_model_name="linked")

    version = outcome.model_version.read_text()
    assert store.links(trained) == [{"name": "linked", "version": version}]


def _start(trained: Trained, uri: str, out: Path, name: str) -> subprocess.Popen[str]:
    argv = arguments(trained, uri, out, registered_model_name=name)
    return subprocess.Popen(
        [sys.executable, "-m", "register", *argv],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# Imports once and then splits: eight times the imports would take far longer than what is tested.
_AT_ONCE = """
import json, os, sys
from register.__main__ import main, warm

warm()
children = []
for number, arguments in enumerate(json.loads(sys.argv[1])):
    if child := os.fork():
        children.append(child)
        continue
    for stream in (sys.stdout, sys.stderr):
        os.dup2(os.open(f"{stream.name[1:-1]}-{number}", os.O_CREAT | os.O_WRONLY), stream.fileno())
    code = main(arguments)
    sys.stdout.flush(), sys.stderr.flush()
    os._exit(code)
codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
print(json.dumps(codes))
"""


def _at_once(calls: list[list[str]], folder: Path) -> list[tuple[str, str, int]]:
    """Call the step on each of these arguments at the same time; what it printed, and its codes."""
    done = subprocess.run(
        [sys.executable, "-c", _AT_ONCE, json.dumps(calls)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return [
        ((folder / f"stdout-{number}").read_text(), (folder / f"stderr-{number}").read_text(), code)
        for number, code in enumerate(json.loads(done.stdout))
    ]


def test_eight_at_once_make_one_version(store: Store, train: Train, tmp_path: Path) -> None:
    trained = train()
    outs = [tmp_path / f"out-{number}" for number in range(8)]
    calls = [arguments(trained, store.uri, out, registered_model_name="race") for out in outs]
    outcomes = _at_once(calls, tmp_path)

    assert [(stderr, code) for _, stderr, code in outcomes] == [("", 0)] * 8
    assert sorted(stdout for stdout, _, _ in outcomes) == [
        *["already registered as models:/race/1 (champion)\n"] * 7,
        "registered models:/race/1 (champion)\n",
    ]
    assert [int(version.version) for version in store.versions("race")] == [1]
    assert {(out / "version").read_text() for out in outs} == {"1"}
    assert store.alias("race") == 1
    assert store.links(trained) == [{"name": "race", "version": "1"}]


def test_eight_models_at_once_leave_the_alias_at_the_newest(
    store: Store, train: Train, tmp_path: Path
) -> None:
    outs = [tmp_path / f"out-{number}" for number in range(8)]
    calls = [arguments(train(), store.uri, out, registered_model_name="models") for out in outs]
    outcomes = _at_once(calls, tmp_path)

    assert [(stderr, code) for _, stderr, code in outcomes] == [("", 0)] * 8
    assert [int(version.version) for version in store.versions("models")] == [*range(1, 9)]
    assert store.alias("models") == 8


def _folder(trained: Trained) -> ModelFolder:
    return ModelFolder(model_id=trained.model_id, run_id=trained.run_id)


def _passed(model: ModelFolder) -> EvaluationResult:
    return EvaluationResult(True, model.model_id, model.run_id, ())


@pytest.mark.parametrize(
    ("alias", "ends_at"),
    [
        pytest.param("champion", 2, id="that asked for it"),
        pytest.param("", 1, id="that asked for none"),
        pytest.param("blue", 1, id="that asked for another"),
    ],
)
def test_a_newer_version_registered_before_the_alias_is_set(
    store: Store, train: Train, alias: str, ends_at: int
) -> None:
    older, newer = _folder(train()), _folder(train())
    name = f"overtaken-{alias}"

    class Slow(MlflowClient):
        """A client whose look at the alias is old by the time that it sets it."""

        def set_registered_model_alias(self, name: str, alias_set: str, version: str) -> None:
            if len(store.versions(name)) == 1:
                register_model(store.client, name, alias, newer, {}, _passed(newer))
            super().set_registered_model_alias(name, alias_set, version)

    registration = register_model(Slow(store.uri), name, "champion", older, {}, _passed(older))

    assert (registration.version, registration.alias_at) == (1, ends_at)
    assert store.alias(name) == ends_at


@pytest.mark.parametrize(
    "status", [pytest.param(None, id="pending"), pytest.param("FAILED", id="failed")]
)
def test_a_model_whose_logging_was_cut_off_is_refused(
    store: Store, train: Train, register_step: Run, status: Status | None
) -> None:
    outcome = register_step(train(status=status), registered_model_name="unready")

    assert outcome.exit_code == 1
    assert f"is {status or 'PENDING'}, not READY" in outcome.stderr
    assert store.versions("unready") == []


@pytest.mark.parametrize(
    ("delete", "what"),
    [
        pytest.param(
            lambda client, trained: client.delete_logged_model(trained.model_id),
            "the model {0.model_id}",
            id="the model",
        ),
        pytest.param(
            lambda client, trained: client.delete_run(trained.run_id),
            "the run {0.run_id} of the model",
            id="the run",
        ),
    ],
)
def test_a_model_that_is_gone_is_refused_and_told_how_to_make_anew(
    store: Store,
    train: Train,
    register_step: Run,
    delete: Callable[[MlflowClient, Trained], object],
    what: str,
) -> None:
    trained = train()
    register_step(trained, registered_model_name="deleted")
    delete(store.client, trained)

    outcome = register_step(trained, registered_model_name="deleted")

    assert outcome.exit_code == 1
    assert outcome.stderr == (
        f"register: error: MLflow at {store.uri} does not have {what.format(trained)}, which was"
        " deleted or is in another store; run the pipeline again with --no-cache to train the model"
        " anew, or give the tracking URI that train used\n"
    )


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        pytest.param(
            {"passed": False, "checks": [PASSED_CHECK, FAILED_CHECK]},
            "did not pass its evaluation: accuracy is 0.956, must be >= 0.97\n",
            id="did not pass",
        ),
        pytest.param({"checks": []}, "it passed, but has no check", id="no check"),
        pytest.param({"model_id": "m-other"}, "is of the model m-other", id="another's evaluation"),
        pytest.param({"checks": 7}, "is not an evaluation result", id="malformed"),
    ],
)
def test_refuses_a_model_that_did_not_pass(
    store: Store, train: Train, register_step: Run, changes: dict[str, object], complaint: str
) -> None:
    trained = train()
    trained.edit_evaluation(**changes)

    outcome = register_step(trained, registered_model_name="refused")

    assert outcome.exit_code == 1
    assert outcome.stderr.startswith("register: error: ")
    assert complaint in outcome.stderr
    assert outcome.stderr.count("\n") == 1
    assert store.versions("refused") == []
    assert not outcome.model_uri.exists()


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        pytest.param({"registered_model_name": "a/b"}, "--registered-model-name: 'a/b'", id="name"),
        pytest.param({"alias": "latest"}, "--alias: 'latest'", id="alias"),
        pytest.param({"mlflow_tracking_uri": "http://[x"}, "'http://[x' is not", id="address"),
        pytest.param({"model": ""}, "--model: the path is empty", id="empty path"),
        pytest.param({"nonsense": "1"}, "unrecognized arguments: --nonsense=1", id="unknown flag"),
        pytest.param({"model_uri": "x", "model_version": "x"}, "same path", id="one output path"),
    ],
)
def test_a_wrong_call_exits_2(
    train: Train, register_step: Run, flags: dict[str, str], complaint: str
) -> None:
    outcome = register_step(train(), **flags)

    assert outcome.exit_code == 2
    assert outcome.stderr.startswith("register: error: ")
    assert complaint in outcome.stderr
    assert outcome.stderr.count("\n") == 1


def test_a_missing_flag_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--model=x"]) == 2
    assert "required: --evaluation, --model-version, --model-uri" in capsys.readouterr().err


def test_an_output_that_cannot_be_written_registers_nothing(
    store: Store, train: Train, register_step: Run, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()

    outcome = register_step(
        train(), registered_model_name="unwritable", model_uri=tmp_path / "file" / "uri"
    )

    assert outcome.exit_code == 1
    assert "cannot write in the folder" in outcome.stderr
    assert store.versions("unwritable") == []
    assert not outcome.model_version.exists()


def test_the_uri_comes_from_the_environment(
    store: Store, train: Train, register_step: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.uri)

    outcome = register_step(train(), registered_model_name="environment", mlflow_tracking_uri="")

    assert outcome.exit_code == 0


@pytest.mark.parametrize(
    ("number", "exit_code"),
    [
        pytest.param(signal.SIGTERM, 143, id="SIGTERM"),
        pytest.param(signal.SIGINT, 130, id="Ctrl-C"),
    ],
)
def test_a_signal_leaves_no_output(
    train: Train, tmp_path: Path, number: signal.Signals, exit_code: int
) -> None:
    # A server that takes the call and never answers keeps the step waiting.
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        step = _start(train(), uri, tmp_path / "out", "signalled")
        silent.accept()
        step.send_signal(number)
        stdout, stderr = step.communicate(timeout=30)

    assert (stdout, step.returncode) == ("", exit_code)
    assert stderr.startswith("register: error: ")
    assert stderr.count("\n") == 1
    assert list((tmp_path / "out").iterdir()) == []
