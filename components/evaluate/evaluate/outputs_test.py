from pathlib import Path

import pytest

from evaluate.errors import EvaluateError
from evaluate.outputs import executor_output, fill, staged


def test_outputs_appear_together_when_the_body_is_done(tmp_path: Path) -> None:
    first, second = tmp_path / "new folder" / "a", tmp_path / "b"
    second.write_text("old")

    with staged([first, second]) as (first_stage, second_stage):
        first_stage.write_text("A")
        second_stage.write_text("B")
        assert not first.exists()
        assert second.read_text() == "old"

    assert (first.read_text(), second.read_text()) == ("A", "B")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "new folder"]


def test_nothing_is_left_when_the_body_raises(tmp_path: Path) -> None:
    def interrupted() -> None:
        with staged([tmp_path / "a"]) as (stage,):
            stage.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert list(tmp_path.iterdir()) == []


def test_outputs_obey_the_umask(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()

    with staged([tmp_path / "a"]):
        pass

    assert (tmp_path / "a").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_refuses_one_path_for_two_outputs(tmp_path: Path) -> None:
    twice = [tmp_path / "a", tmp_path / "x" / ".." / "a"]

    with pytest.raises(EvaluateError, match="same path") as refused, staged(twice):
        pass

    assert refused.value.exit_code == 2


def test_refuses_a_folder(tmp_path: Path) -> None:
    with pytest.raises(EvaluateError, match="is a folder"), staged([tmp_path]):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    outputs = [tmp_path / "a", tmp_path / "file" / "deep" / "b"]
    complaint = "cannot write in the folder .*/file/deep: Not a directory"
    with pytest.raises(EvaluateError, match=complaint), staged(outputs):
        pass

    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_is_named() -> None:
    with pytest.raises(EvaluateError, match="cannot write in the folder /dev: No space left"):
        fill(Path("/dev/full"), "content")


def test_kfp_says_where_it_reads() -> None:
    message = '{"inputs": {}, "outputs": {"artifacts": {}, "outputFile": "/kfp/its own/out.json"}}'

    assert executor_output(message) == Path("/kfp/its own/out.json")
    assert executor_output(" ") is None


@pytest.mark.parametrize("message", ["{", "[]", "7", '{"outputs": 3}', '{"outputs": {}}'])
def test_what_is_no_message_of_kfp_is_refused(message: str) -> None:
    with pytest.raises(ValueError, match=r"outputs\.outputFile"):
        executor_output(message)
