import re
from pathlib import Path

import pytest

from pipelines.pages.outputs import Output, outputs
from pipelines.pages.pages_testing import RUN, Page, record
from pipelines.pages.record import StepRecord
from pipelines.pages.run_page import run_page

PULLED = StepRecord("pull-data", state="succeeded", began=1000.0, ended=1010.0)
DATASET = Output("dataset", 105_900, "", "710be64abc57", "pull-data/dataset")


def shown(*steps: StepRecord, folder: Path = Path("/nowhere"), **fields: object) -> Page:
    return Page(run_page(record(*steps, **fields), folder, now=1040.0))


def test_the_page_says_how_the_run_and_its_steps_stand() -> None:
    train = StepRecord("train", ["pull-data"], state="running", why="changed: seed", began=1010.0)
    page = shown(PULLED, train, StepRecord("evaluate", ["train"]))
    assert "training 1.0.0 running 20261130-201050-8d57d2" in page.text
    assert "pull-data succeeded in 10.0 s" in page.text
    assert "train running for 30.0 s (changed: seed)" in page.text
    assert "evaluate pending" in page.text
    assert page.styles("i") == ["left:0.00%;width:25.00%", "left:25.00%;width:75.00%"]
    assert "0 s 20.0 s 40.0 s" in page.text


@pytest.mark.parametrize(("state", "reloads"), [("running", True), ("failed", False)])
def test_the_page_reloads_while_the_run_goes_on(state: str, reloads: bool) -> None:
    page = shown(PULLED, state=state, ended=1020.0)
    assert any(attrs.get("id") == "live" for _, attrs in page.tags) is reloads


def test_a_step_that_failed_is_open_with_its_last_lines(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    lines = [f"line {number} <b>" for number in range(90)]
    (tmp_path / "logs" / "train.log").write_text("\n".join([*lines, "train: error: no memory"]))
    failed = StepRecord("train", state="failed", began=1000.0, ended=1001.0)
    page = shown(failed, PULLED, folder=tmp_path, state="failed", error="step 'train' failed: <x>")
    assert "step 'train' failed: <x>" in page.text
    assert "line 89 <b> train: error: no memory" in page.text
    assert "line 70" not in page.text
    assert [attrs for tag, attrs in page.tags if tag == "details"][:2] == [{"open": None}, {}]
    assert "logs/train.log" in page.links


def test_a_cached_step_leads_to_the_run_that_it_was_copied_from() -> None:
    page = shown(StepRecord("train", state="cached", why=f"from run {RUN}"))
    assert f"train cached (from run {RUN})" in page.text
    assert f"../{RUN}/index.html" in page.links


def test_inputs_and_outputs_have_links_sizes_hashes_and_values() -> None:
    pulled = StepRecord("pull-data", state="succeeded", outputs=[DATASET])
    preprocess = StepRecord(
        "preprocess",
        state="succeeded",
        inputs=[("table", "pull-data", "dataset")],
        outputs=[
            Output("model_id", 4, "m-17", "", "preprocess/model_id.txt"),
            Output("champion", 0, "", "", "preprocess/champion.txt"),
            Output("a b", 900, "", "f00", "preprocess/a b"),
            Output("model", 9_000_000, "", "", "preprocess/model"),
        ],
    )
    page = shown(pulled, preprocess)
    assert "dataset 105.9 kB 710be64abc57" in page.text
    assert "table from pull-data 105.9 kB 710be64abc57" in page.text
    assert "model_id m-17" in page.text
    assert "champion empty" in page.text
    assert "model 9.0 MB not taken" in page.text
    assert page.links.count("pull-data/dataset") == 2
    assert "preprocess/a%20b" in page.links


def test_parameters_that_were_changed_come_first() -> None:
    parameters = {"target": "price", "source": "http://host/t.csv", "seed": 7}
    page = shown(parameters=parameters, changed={"source": "sample:breast_cancer"})
    assert (
        "changed value default source http://host/t.csv sample:breast_cancer"
        " 2 with their defaults seed 7 target price" in page.text
    )


def test_what_people_look_for_comes_first() -> None:
    report = Output("report", 9, "", "", "reports/evaluate-report.html")
    run_id = Output("run_id", 4, "f1a2", "", "train/run_id.txt")
    page = shown(
        StepRecord("train", outputs=[run_id]),
        StepRecord("evaluate", outputs=[report]),
        passed=False,
        metric=("roc_auc", 0.94321),
        model="models:/churn rate/3",
        mlflow="http://mlflow:5000/",
    )
    assert "verdict failed roc_auc 0.9432 registered models:/churn rate/3" in page.text
    assert {
        "reports/evaluate-report.html",
        "http://mlflow:5000/",
        "http://mlflow:5000/#/runs/f1a2",
        "http://mlflow:5000/#/models/churn%20rate/versions/3",
    } <= set(page.links)


def test_without_a_server_the_page_shows_the_command_that_opens_mlflow() -> None:
    page = shown(model="models:/churn/3", mlflow="make ui")
    assert "MLflow: make ui" in page.text
    assert page.links == ["../index.html"]


@pytest.mark.parametrize("down", [False, True])
def test_the_graph_has_a_line_from_the_steps_right_before(down: bool) -> None:
    steps = [
        StepRecord("a"), StepRecord("b", ["a"]), StepRecord("c", ["a"]),
        StepRecord("d", ["a", "b", "c", "gone"]),
    ]  # fmt: skip
    html = run_page(record(*steps), Path("/nowhere"), now=1001.0)
    drawing = re.findall("<svg.*?</svg>", html)[down]
    boxes = re.findall(r'<rect class="box" x="(\d+)" y="(\d+)"', drawing)
    assert boxes == (
        [("1", "1"), ("1", "73"), ("151", "73"), ("1", "145")]
        if down
        else [("1", "1"), ("161", "1"), ("161", "63"), ("321", "1")]
    )
    assert drawing.count('<path class="edge"') == 4
    assert 'aria-label="Graph of the steps: a pending, b pending, c pending, d pending"' in drawing


def test_a_report_is_linked_by_a_name_that_a_browser_opens(tmp_path: Path) -> None:
    step = tmp_path / "evaluate"
    (step / "model").mkdir(parents=True)
    (step / "model" / "weights").write_bytes(b"x" * 700)
    (step / "report").write_text("<!DOCTYPE html><p>good")
    (step / "result").write_text("{}")
    (step / "run_id.txt").write_text("f1")
    for name in ("executor_output.json", "arguments.json"):
        (step / name).write_text("{}")
    for _ in range(2):
        found = outputs(tmp_path, "evaluate")
    assert [(each.name, each.size, each.value, each.page) for each in found] == [
        ("model", 700, "", "evaluate/model"),
        ("report", 22, "", "reports/evaluate-report.html"),
        ("result", 2, "", "evaluate/result"),
        ("run_id", 2, "f1", "evaluate/run_id.txt"),
    ]
    report = tmp_path / "reports" / "evaluate-report.html"
    assert report.read_text() == "<!DOCTYPE html><p>good"
    # Through a link, Chromium shows the source.
    assert not report.is_symlink()
    assert found[2].hash == "44136fa355b3"
    assert outputs(tmp_path, "train") == []
