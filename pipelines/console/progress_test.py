import io
import re
import time
from pathlib import Path

import pytest
from rich.console import Console

from pipelines.console.progress import Progress
from pipelines.system.task_state import State


def lines(progress: Progress, console: Console, output: io.StringIO) -> list[str]:
    """Return the lines that a terminal shows."""
    output.seek(0)
    output.truncate()
    console.print(progress._render())
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", output.getvalue())
    return [" ".join(line.split()) for line in shown.splitlines()]


def terminal(height: int) -> tuple[Console, io.StringIO]:
    output = io.StringIO()
    return Console(file=output, force_terminal=True, width=80, height=height), output


def test_without_a_terminal_each_event_is_a_line() -> None:
    output = io.StringIO()
    progress = Progress(["fetch", "train"], Console(file=output, width=20))
    with progress.shown():
        progress.started("fetch")
        progress.ended("fetch", State.SUCCEEDED)
        progress.ended("train", State.SKIPPED, "an earlier step failed")
    printed = [line.split(" ", 1)[1] for line in output.getvalue().splitlines()]
    assert [re.sub(r"\d+\.\d", "N", line) for line in printed] == [
        "fetch: running",
        "fetch: succeeded in N s",
        "train: skipped (an earlier step failed)",
    ]


def test_an_installation_that_outlives_the_run_prints_nothing() -> None:
    output = io.StringIO()
    progress = Progress(["fetch"], Console(file=output))
    progress.installing("train", "downloading")
    with progress.shown():
        progress.ended("fetch", State.FAILED)
    progress.installing("train", None)
    printed = [line.split(" ", 1)[1] for line in output.getvalue().splitlines()]
    assert printed == ["train: installing", "fetch: failed"]


def test_the_rows_of_a_loops_items_replace_the_row_of_the_loop() -> None:
    console, output = terminal(20)
    progress = Progress(["fetch", "inner.train", "report"], console)
    assert lines(progress, console, output) == ["fetch", "inner.train", "report"]
    for index in (0, 2):
        progress.started(f"inner.{index}.train")
        progress.ended(f"inner.{index}.train", State.SUCCEEDED)
    assert lines(progress, console, output) == [
        "fetch",
        "succeeded inner.0.train 0.0 s",
        "succeeded inner.2.train 0.0 s",
        "report",
    ]


def test_of_thousands_of_rows_the_most_important_are_shown() -> None:
    console, output = terminal(10)
    progress = Progress(["train"], console)
    for index in range(3000):
        progress.started(f"train.{index}")
        if index != 2990:
            progress.ended(f"train.{index}", State.FAILED if index == 7 else State.SUCCEEDED)
    shown = lines(progress, console, output)
    assert len(shown) == 8
    assert shown[0] == "1 failed, 1 running, 2998 succeeded"
    assert shown[1].startswith("failed train.7 ")
    assert any(" train.2990 " in line for line in shown)
    assert "succeeded train.2999 0.0 s" in shown


def test_a_terminal_shows_the_progress_of_a_running_step(tmp_path: Path) -> None:
    console, output = terminal(20)
    progress = Progress(["fetch", "train"], console, logs=tmp_path)
    progress.started("train", "not in the cache")
    assert lines(progress, console, output)[1].endswith("train 0 s not in the cache")
    log = tmp_path / "train.log"
    log.write_text("train: ridge on 9 rows\ntrain: progress: fold 1 of 5, about 8 s left\n")
    assert lines(progress, console, output)[1].endswith("train 0 s fold 1 of 5, about 8 s left")
    with log.open("a") as file:
        file.write("train: progress: fold 2 of 5, about 6 s left\n")
    assert lines(progress, console, output)[1].endswith("train 0 s fold 2 of 5, about 6 s left")
    progress.ended("train", State.SUCCEEDED)
    assert lines(progress, console, output) == ["fetch", "succeeded train 0.0 s not in the cache"]


def progress_lines(folder: Path, interval: float, looks: int) -> list[str]:
    """Return the progress lines of two steps, one of which reports progress every 20 ms."""
    output = io.StringIO()
    progress = Progress(
        ["fetch", "train"], Console(file=output, width=80), logs=folder, interval=interval
    )
    with progress.shown():
        for task in ("fetch", "train"):
            progress.started(task)
        for fold in range(1, looks + 1):
            (folder / "train.log").write_text(f"train: progress: fold {fold} of {looks}\n")
            time.sleep(0.02)
        progress.ended("train", State.SUCCEEDED)
    printed = [line.split(" ", 1)[1] for line in output.getvalue().splitlines()]
    return [line for line in printed if line.startswith("train: fold")]


def test_without_a_terminal_progress_is_printed_at_the_interval(tmp_path: Path) -> None:
    often = progress_lines(tmp_path, 0.01, looks=20)
    assert len(often) > 5
    assert len(set(often)) == len(often)
    assert set(often) <= {f"train: fold {fold} of 20" for fold in range(1, 21)}
    # The first line is printed at once; the others come too early.
    assert len(progress_lines(tmp_path, 2.0, looks=20)) == 1


def test_unchanged_progress_is_printed_once(tmp_path: Path) -> None:
    output = io.StringIO()
    (tmp_path / "train.log").write_text("train: progress: fold 1 of 5\n")
    progress = Progress(["train"], Console(file=output, width=80), logs=tmp_path, interval=0.01)
    with progress.shown():
        progress.started("train")
        time.sleep(0.2)
        progress.ended("train", State.SUCCEEDED)
    assert output.getvalue().count("train: fold 1 of 5\n") == 1


@pytest.mark.parametrize("force_terminal", [True, False])
def test_quiet_progress_prints_nothing(tmp_path: Path, force_terminal: bool) -> None:
    output = io.StringIO()
    (tmp_path / "train.log").write_text("train: progress: fold 1 of 5\n")
    console = Console(file=output, force_terminal=force_terminal)
    progress = Progress(["train"], console, logs=tmp_path, quiet=True, interval=0.01)
    with progress.shown():
        progress.waits("train")
        progress.started("train")
        time.sleep(0.1)
        progress.ended("train", State.FAILED)
    assert output.getvalue() == ""
