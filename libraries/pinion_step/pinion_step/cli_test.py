import io
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pinion_step.cli import Parser, json_names, json_object, path, refuse_shared, run, whole_number
from pinion_step.errors import StepError, WrongCallError


def parser() -> Parser:
    made = Parser("step", "Do something.")
    made.add_argument("--data", type=path)
    made.add_argument("--target", default="")
    made.add_argument("--seed", type=whole_number(42, 0, 100), default="42")
    made.add_argument("--params", type=json_object('{"depth": 3}'), default="{}")
    made.add_argument("--columns", type=json_names, default="[]")
    made.add_switch("--quiet", "no progress")
    return made


def parse(*argv: str) -> dict[str, Any]:
    return vars(parser().parse(argv))


def test_flags_that_are_not_given_have_their_defaults() -> None:
    assert parse() == {
        "data": None, "target": "", "seed": 42, "params": {}, "columns": (), "quiet": False,
    }  # fmt: skip


def test_empty_values_are_the_defaults() -> None:
    given = parse("--seed", " ", "--params", "", "--columns", "")
    assert (given["seed"], given["params"], given["columns"]) == (42, {}, ())


@pytest.mark.parametrize("value", ["-1", "--data", "-t, x", "a=b", "--target=x"])
def test_a_value_may_start_with_a_dash(value: str) -> None:
    assert parse("--quiet", "--target", value) == parse() | {"target": value, "quiet": True}


def test_values_have_their_types() -> None:
    given = parse("--seed", "7", "--params", '{"a": [1]}', '--columns=["x"]', "--data", "a/b")
    assert given["seed"] == 7
    assert given["params"] == {"a": [1]}
    assert given["columns"] == ("x",)
    assert given["data"] == Path("a/b")


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        pytest.param(["--data", ""], "--data: the path is empty; see --help", id="no path"),
        pytest.param(["--seed", "x"], "--seed: 'x' is not a whole number", id="a text"),
        pytest.param(["--seed", "101"], "--seed: 101 is not between 0 and 100", id="too large"),
        pytest.param(["--params", "{"], "--params: '{' is not JSON", id="no JSON"),
        pytest.param(["--params", "[1]"], "'[1]' is not a JSON object such as", id="a list"),
        pytest.param(["--params", '{"a": NaN}'], "NaN is not a JSON number", id="not a number"),
        pytest.param(["--params", "[" * 100_000], "is not JSON", id="deep"),
        pytest.param(["--columns", "{}"], "--columns: '{}' is not a JSON list", id="an object"),
        pytest.param(["--columns", "[1]"], "is not a JSON list of names", id="numbers"),
        pytest.param(["--tar", "x"], "unrecognized arguments: --tar=x; see", id="shortened"),
        pytest.param(["--target"], "--target: expected one argument; see --help", id="no value"),
    ],
)
def test_a_wrong_call_names_flag_and_value(argv: Sequence[str], complaint: str) -> None:
    with pytest.raises(WrongCallError) as refused:
        parse(*argv)

    assert complaint in str(refused.value)
    assert len(str(refused.value)) < 500


def test_two_flags_with_one_path_are_refused(tmp_path: Path) -> None:
    refuse_shared({"--a": tmp_path / "a", "--b": tmp_path / "b"})
    with pytest.raises(WrongCallError, match="^--a and --c have the same path"):
        refuse_shared({"--a": tmp_path / "a", "--b": tmp_path, "--c": tmp_path / "x" / ".." / "a"})


def fail(error: BaseException) -> Callable[[Sequence[str]], None]:
    def work(_argv: Sequence[str]) -> None:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "exit_code", "line"),
    [
        pytest.param(StepError("the rows\n  are gone"), 1, "the rows are gone", id="the work"),
        pytest.param(WrongCallError("no such flag"), 2, "no such flag", id="the call"),
        pytest.param(
            FileNotFoundError(2, "No such file or directory", "/a"), 1,
            "/a: No such file or directory; check the path and its permissions", id="a path",
        ),
        pytest.param(
            PermissionError(13, "Permission denied", "/from", None, "/to"), 1,
            "/to: Permission denied; check the path and its permissions", id="a copy",
        ),
        pytest.param(OSError(28, "No space left"), 1, "No space left", id="a full disk"),
        pytest.param(
            MemoryError(), 1, "out of memory; give the step more memory, or fewer rows", id="memory"
        ),
    ],
)  # fmt: skip
def test_a_failure_is_one_line_and_an_exit_code(
    capsys: pytest.CaptureFixture[str], error: BaseException, exit_code: int, line: str
) -> None:
    assert run("step", fail(error), []) == exit_code

    assert capsys.readouterr().err == f"step: error: {line}\n"


def test_a_step_that_is_done_exits_0(capsys: pytest.CaptureFixture[str]) -> None:
    given: list[str] = []

    assert run("step", given.extend, ["--a", "b"]) == 0

    assert given == ["--a", "b"]
    assert capsys.readouterr() == ("", "")


def test_a_stop_is_told_and_is_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    def work(_argv: Sequence[str]) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()

    assert run("step", work, []) == 143

    said = capsys.readouterr().err
    assert said == (
        "step: error: stopped by SIGTERM; no output was written, repeating the call is safe\n"
    )


class FullDisk(io.StringIO):
    def write(self, _text: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_full_disk_does_not_hide_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", FullDisk())

    assert run("step", fail(WrongCallError("no such flag")), []) == 2
