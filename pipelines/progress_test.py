import io
import re

from rich.console import Console

from pipelines.progress import Progress


def lines(progress: Progress, console: Console, output: io.StringIO) -> list[str]:
    """What a terminal shows."""
    output.seek(0)
    output.truncate()
    console.print(progress._render())
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", output.getvalue())
    return [" ".join(line.split()) for line in shown.splitlines()]


def terminal(height: int) -> tuple[Console, io.StringIO]:
    output = io.StringIO()
    return Console(file=output, force_terminal=True, width=80, height=height), output


def test_elsewhere_it_is_a_line_per_event() -> None:
    output = io.StringIO()
    progress = Progress(["fetch", "train"], Console(file=output, width=20))
    with progress.shown():
        progress.started("fetch")
        progress.ended("fetch", "done")
        progress.ended("train", "not run")
    told = [line.split(" ", 1)[1] for line in output.getvalue().splitlines()]
    assert [re.sub(r"\d+\.\d", "N", line) for line in told] == [
        "fetch …",
        "fetch done in N s",
        "train not run",
    ]


def test_the_steps_of_a_loop_take_the_place_of_the_one_that_they_are_of() -> None:
    console, output = terminal(20)
    progress = Progress(["fetch", "inner.train", "tell"], console)
    assert lines(progress, console, output) == ["fetch", "inner.train", "tell"]
    for index in (0, 2):
        progress.started(f"inner.{index}.train")
        progress.ended(f"inner.{index}.train", "done")
    assert lines(progress, console, output) == [
        "fetch",
        "done inner.0.train 0.0 s",
        "done inner.2.train 0.0 s",
        "tell",
    ]


def test_thousands_of_rows_leave_room_for_what_matters() -> None:
    console, output = terminal(10)
    progress = Progress(["train"], console)
    for index in range(3000):
        progress.started(f"train.{index}")
        if index != 2990:
            progress.ended(f"train.{index}", "failed" if index == 7 else "done")
    shown = lines(progress, console, output)
    assert len(shown) == 8
    assert shown[0] == "2998 done, 1 failed, 1 running"
    assert shown[1].startswith("failed train.7 ")
    assert any(" train.2990 " in line for line in shown)
    assert "done train.2999 0.0 s" in shown
