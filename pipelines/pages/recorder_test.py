import itertools
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pipelines.console.progress import Progress
from pipelines.pages.pages_testing import RUN, Page, record
from pipelines.pages.record import RunRecord, StepRecord, load
from pipelines.pages.recorder import Recorder
from pipelines.pages.runs_page import runs_page, write_runs_page
from pipelines.system.errors import PinionError
from pipelines.system.task_state import State

STOPPED = "it was stopped by Ctrl-C or a signal; run it again: what had succeeded is cached"


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "runs" / RUN
    made.mkdir(parents=True)
    return made


def recorder(folder: Path) -> Recorder:
    """Return an observer whose clock ticks once each time that it is read."""
    ticks: Iterator[int] = itertools.count(2000)
    run = record(StepRecord("train"), StepRecord("evaluate", ["train"]))
    return Recorder(Progress(["train"], quiet=True), run, folder, lambda: float(next(ticks)))


def page(folder: Path) -> Page:
    return Page((folder / "index.html").read_text())


def test_the_page_is_written_at_each_change(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # However busy the machine is.
    monkeypatch.setattr("pipelines.pages.recorder._LONG", 60)
    seen = recorder(folder)
    with seen.recorded():
        assert "train pending" in page(folder).text
        seen.waits("train")
        assert "train pending (an equal step is running)" in page(folder).text
        seen.started("train", "changed: seed")
        assert "train running" in page(folder).text
        (folder / "train").mkdir()
        (folder / "train" / "metrics").write_text("{}")
        seen.ended("train", State.SUCCEEDED)
        assert "train succeeded in 2.0 s (changed: seed)" in page(folder).text
        assert "train/metrics" in page(folder).links
        seen.ended("evaluate", State.SKIPPED, "its condition is false")
        assert "evaluate skipped (its condition is false)" in page(folder).text
        assert "running" in Page((folder.parent / "index.html").read_text()).text
    assert "training 1.0.0 succeeded" in page(folder).text
    runs = Page((folder.parent / "index.html").read_text())
    assert f"{RUN} training 1.0.0 succeeded" in runs.text
    assert f"{RUN}/index.html" in runs.links


@pytest.mark.parametrize(
    ("error", "state", "told"),
    [
        (PinionError("step 'train' failed: no memory"), "failed", "step 'train' failed: no memory"),
        (KeyError("x"), "failed", "KeyError('x')"),
        (KeyboardInterrupt(), "stopped", STOPPED),
    ],
)
def test_the_page_says_how_the_run_ended(
    error: BaseException, state: str, told: str, folder: Path
) -> None:
    def run() -> None:
        with recorder(folder).recorded():
            raise error

    with pytest.raises(type(error)):
        run()
    found = load(folder)
    assert found is not None
    assert (found.state, found.error) == (state, told)
    assert told in page(folder).text
    assert f"train skipped (the run was {state})" in page(folder).text


def check(metric: str, value: float | None, passed: bool) -> dict[str, object]:
    return {
        "metric": metric,
        "value": value,
        "threshold": 3.0,
        "greater_is_better": False,
        "passed": passed,
    }


def test_the_verdict_and_the_model_are_taken_from_the_steps(folder: Path) -> None:
    seen = recorder(folder)
    with seen.recorded():
        (folder / "evaluate").mkdir()
        result = {
            "passed": False,
            "checks": [check("f1", None, True), check("rmse", 3.25, False)],
            "metrics": {},
            "shown_as": {"f1": 'f1 of "yes"'},
        }
        (folder / "evaluate" / "result").write_text(json.dumps(result))
        (folder / "evaluate" / "model_uri.txt").write_text("models:/price/4\n")
    found = load(folder)
    assert found is not None
    assert (found.passed, found.metric, found.model) == (False, ["rmse", 3.25], "models:/price/4")
    assert "rmse 3.2500 failed" in Page((folder.parent / "index.html").read_text()).text
    assert "rmse 3.2500 <= 3.0000 FAILED" in page(folder).text
    assert 'f1 of "yes" not computed <= 3.0000 passed' in page(folder).text


@pytest.mark.parametrize("result", [[3], "a text", {"passed": True}, {"checks": [7]}])
def test_an_output_of_the_name_result_may_be_anything(result: object, folder: Path) -> None:
    with recorder(folder).recorded():
        (folder / "evaluate").mkdir()
        (folder / "evaluate" / "result").write_text(json.dumps(result))
    found = load(folder)
    assert found is not None
    assert (found.state, found.passed, list(found.checks)) == ("succeeded", None, [])


@pytest.mark.parametrize(
    ("retrain", "why", "told"),
    [
        ("false", "no_drift max psi=0.04", "not retrained: no drift from the data of price/3"),
        ("true", "no_champion", "reason to train: there is no champion to compare with"),
        ("true", "of_my_own", "reason to train: of_my_own"),
        ("true", "forced", ""),
    ],
)
def test_the_page_says_why_it_trained_or_did_not(
    retrain: str, why: str, told: str, folder: Path
) -> None:
    seen = recorder(folder)
    with seen.recorded():
        seen.ended("evaluate", State.SKIPPED, f"train: {why}")
        for name, value in (("retrain", retrain), ("why", why), ("champion", "price/3@m-1")):
            (folder / "train").mkdir(exist_ok=True)
            (folder / "train" / f"{name}.txt").write_text(value)
    assert told in page(folder).text
    assert bool(told) == ('class="note"' in (folder / "index.html").read_text())
    left_out = "skipped (train: not retrained)" in page(folder).text
    assert left_out == (retrain == "false")


def test_the_page_is_written_while_a_step_runs(folder: Path) -> None:
    log = folder / "logs" / "train.log"
    log.parent.mkdir()
    seen = Recorder(Progress([], quiet=True), record(StepRecord("train")), folder, interval=0.01)
    with seen.recorded():
        seen.started("train", "changed: seed")
        log.write_text("train: progress: fold 3 of 5\n")
        limit = time.monotonic() + 10
        while "(changed: seed) fold 3 of 5" not in page(folder).text:
            assert time.monotonic() < limit
        assert "Nothing has been written here" in page(folder).text


def test_of_two_runs_that_end_at_once_none_is_listed_as_running(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = folder.parent / "20261130-201051-000001"
    other.mkdir()
    record(id=other.name).save(other)
    shown = runs_page

    def slow(runs: Sequence[RunRecord]) -> str:
        html = shown(runs)
        # The other run ends between what is read here and what is written.
        record(id=other.name, state="succeeded", ended=1001.0).save(other)
        return html

    monkeypatch.setattr("pipelines.pages.runs_page.runs_page", slow)
    write_runs_page(folder.parent)
    listed = Page((folder.parent / "index.html").read_text())
    assert f"{other.name} training 1.0.0 succeeded" in listed.text


def test_the_items_of_a_loop_take_the_place_of_the_loop(folder: Path) -> None:
    seen = recorder(folder)
    with seen.recorded():
        for item in ("train.0", "train.1"):
            seen.ended(item, State.SUCCEEDED)
    found = load(folder)
    assert found is not None
    assert [each.name for each in found.steps] == ["train.0", "train.1", "evaluate"]
    assert (folder / "index.html").read_text().count('<path class="edge"') == 4


def test_a_page_that_cannot_be_written_stops_no_run(folder: Path) -> None:
    seen = recorder(folder)
    with seen.recorded():
        (folder / "index.html").unlink()
        (folder / "index.html").mkdir()
        seen.ended("train", State.SUCCEEDED)


def test_a_page_of_many_steps_is_written_at_once(folder: Path) -> None:
    steps = [StepRecord(f"step-{n}", [f"step-{n - 1}"] if n else []) for n in range(60)]
    seen = Recorder(Progress([], quiet=True), record(*steps), folder)
    with seen.recorded():
        begun = time.process_time()
        for step in steps:
            seen.ended(step.name, State.SUCCEEDED)
        took = (time.process_time() - begun) / len(steps)
    assert took < 0.05


def test_the_page_of_a_thousand_steps_does_not_hold_up_its_run(folder: Path) -> None:
    steps = [StepRecord(f"step-{number}") for number in range(1000)]
    seen = Recorder(Progress([], quiet=True), record(*steps), folder)
    with seen.recorded():
        begun = time.process_time()
        for step in steps:
            seen.ended(step.name, State.SUCCEEDED)
        assert time.process_time() - begun < 5
    assert page(folder).text.count("succeeded") > 1000


def test_a_page_that_is_slow_to_write_is_written_again_before_it_looks_dead(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.pages.recorder._LONG", 0)
    monkeypatch.setattr("pipelines.pages.recorder._SHARE", 1e9)
    seen = recorder(folder)
    seen.started("train")
    seen.ended("train", State.FAILED)
    assert "train running" in page(folder).text
    monkeypatch.setattr("pipelines.pages.recorder._LATEST", 0)
    seen = recorder(folder)
    seen.started("train")
    seen.ended("train", State.FAILED)
    assert "train failed" in page(folder).text


def test_runs_are_listed_with_a_chart_of_each_metric_of_a_model() -> None:
    other = {"registered_model_name": "other"}
    runs = [
        record(id="20261130-4", metric=("f1", 0.9), parameters=other),
        record(id="20261130-3", state="succeeded", ended=1060.0, metric=("f1", 0.5), passed=False),
        record(id="20261130-2", state="killed", decision="not retrained: <same> data"),
        record(id="20261130-1", state="succeeded", ended=4600.0, metric=("f1", 0.25), passed=True),
    ]
    html = runs_page(runs)
    shown = Page(html)
    assert "f1 of training, 2 runs: 0.2500 to 0.5000, the last 0.5000" in shown.text
    assert html.count("<figure>") == 1
    assert 'points="6.0,58.0 314.0,6.0"' in html
    assert shown.links == [f"20261130-{n}/index.html" for n in (4, 3, 2, 1)]
    assert "1 min 0 s f1 0.5000 failed" in shown.text
    assert "not retrained: <same> data" in shown.text
    assert "1 h 0 min f1 0.2500 passed" in shown.text
    states = [attrs["data-state"] for tag, attrs in shown.tags if tag == "tr" and attrs]
    assert states == ["running", "succeeded", "killed", "succeeded"]


def test_a_folder_of_an_older_run_is_left_out(tmp_path: Path) -> None:
    assert load(tmp_path) is None
    (tmp_path / "run.json").write_text('{"id": "x"}')
    assert load(tmp_path) is None
