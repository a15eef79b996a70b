"""What the cache keeps, what it does not keep, and what it removes first."""

from pathlib import Path

import pytest
from kfp import dsl

from pipelines.runner.cache.cache_testing import JOIN, UPPER, Runs, chain, no_file_above, ran
from pipelines.runner.interpreter_testing import program
from pipelines.runner.task.backend import TaskFailedError

MODEL = program(
    "model",
    "import sys; [open(path, 'w').write('x') for path in sys.argv[1:]]",
    "[]",
    "[{outputPath: run_id}, {outputPath: model_id}]",
    "[{name: run_id, type: String}, {name: model_id, type: String}]",
)


@dsl.pipeline(name="models")
def models() -> None:
    """Log a model, as the outputs of the step say."""
    MODEL()


@pytest.fixture()
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def test_the_least_recently_used_entry_is_removed_first(runs: Runs) -> None:
    @dsl.pipeline(name="sized")
    def pipeline(text: str = "") -> None:
        UPPER(text=text, unused="")

    limit = 2500
    for letter in "ab":
        runs(pipeline, limit, text=letter * 1000)
    runs(pipeline, limit, text="a" * 1000)
    runs(pipeline, limit, text="c" * 1000)
    assert [ran(runs(pipeline, limit, text=letter * 1000)) for letter in "acb"] == [
        [],
        [],
        ["upper"],
    ]


def test_outputs_above_the_limit_are_not_cached_and_that_is_reported(
    runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert ran(runs(chain, 1, text="ab")) == ["join", "upper"]
    assert "upper: its outputs are not cached: they have 2 bytes" in capsys.readouterr().err


def test_outputs_that_are_links_are_not_cached(
    runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    link = program(
        "link",
        "import os, sys; open(sys.argv[1] + '-', 'w').close(); os.symlink('out-', sys.argv[1])",
        "[]",
        "[{outputPath: out}]",
        "[{name: out, type: Dataset}]",
    )

    @dsl.pipeline(name="links")
    def pipeline() -> None:
        link()

    for _ in range(2):
        assert ran(runs(pipeline)) == ["link"]
    assert "is neither a file nor a folder" in capsys.readouterr().err


def test_outputs_outside_the_step_folder_are_not_cached(
    runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    code = (
        "import json, sys; i = json.loads(sys.argv[1])['outputs'];"
        "a = i['artifacts']['out']['artifacts'][0]; a['uri'] += '/../../elsewhere';"
        "open(sys.argv[2], 'w'); open(a['uri'].replace('out/../', ''), 'w').write('x');"
        "json.dump({'artifacts': {'out': {'artifacts': [a]}}}, open(i['outputFile'], 'w'))"
    )
    stray = program(
        "stray", code, "[]", "['{{$}}', {outputPath: out}]", "[{name: out, type: Dataset}]"
    )

    @dsl.pipeline(name="strays")
    def pipeline() -> None:
        stray()

    for _ in range(2):
        assert ran(runs(pipeline)) == ["stray"]
    assert "the output out is not in the step's folder" in capsys.readouterr().err


def test_removing_the_cache_while_a_step_runs_does_no_harm(
    runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    remover = program(
        "remover",
        "import shutil, sys; shutil.rmtree(sys.argv[1]); open(sys.argv[2], 'w')",
        "[{name: cache, type: String}]",
        "[{inputValue: cache}, {outputPath: out}]",
        "[{name: out, type: Dataset}]",
    )

    @dsl.pipeline(name="removes")
    def pipeline(cache: str = "") -> None:
        first = remover(cache=cache)
        JOIN(left=first.outputs["out"], word="x")

    run = runs(pipeline, cache=str(runs.cache))
    assert run.events.states() == {"remover": "succeeded", "join": "succeeded"}
    assert "remover: its outputs are not cached: " in capsys.readouterr().err
    assert run.events.why["join"] == "the cache cannot be used: No such file or directory"


def test_a_model_that_cannot_be_cached_fails_because_the_next_run_would_train_another(
    runs: Runs,
) -> None:
    run = runs.prepared(models)
    with (
        no_file_above(100),
        pytest.raises(
            TaskFailedError,
            match=r"'model' failed: its outputs cannot be cached: File too large; .* give --no-c",
        ),
    ):
        run()
    assert run.events.states() == {"model": "failed"}


def test_no_model_is_trained_if_the_cache_cannot_be_used(runs: Runs) -> None:
    run = runs.prepared(models)
    for path in runs.cache.iterdir():
        path.rmdir()
    with pytest.raises(TaskFailedError, match="the cache cannot be used: No such file"):
        run()
    assert ran(run) == []


def test_a_step_does_not_run_again_because_its_outputs_cannot_be_copied(runs: Runs) -> None:
    @dsl.pipeline(name="sized")
    def pipeline() -> None:
        UPPER(text="a" * 1000, unused="")

    runs(pipeline)
    run = runs.prepared(pipeline)
    with no_file_above(500), pytest.raises(
        TaskFailedError, match=r"run1 cannot be copied to .*run2"
    ):
        run()
    assert ran(run) == []
    assert ran(runs(pipeline)) == []


def test_values_of_parameters_are_not_in_the_cache(runs: Runs) -> None:
    secret = program(
        "secret",
        "import sys; open(sys.argv[2], 'w').write('x')",
        "[{name: card, type: String}]",
        "[{inputValue: card}, {outputPath: out}]",
        "[{name: out, type: Dataset}]",
    )

    @dsl.pipeline(name="secrets")
    def pipeline(card: str = "") -> None:
        secret(card=card)

    runs(pipeline, card="4929-1234")
    kept = [path for path in runs.cache.rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if b"4929" in path.read_bytes()]
