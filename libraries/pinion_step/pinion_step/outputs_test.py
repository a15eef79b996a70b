from pathlib import Path

import pytest

from pinion_step.errors import StepError, WrongCallError
from pinion_step.outputs import staged, to_json, write_text


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_outputs_appear_together_when_the_body_is_done(tmp_path: Path) -> None:
    first, second = tmp_path / "new folder" / "a", tmp_path / "b"
    second.write_text("old")

    with staged({"--first": first, "--second": second}) as outputs:
        outputs["--first"].write_text("A")
        outputs["--second"].write_text("B")
        assert not first.exists()
        assert second.read_text() == "old"

    assert (first.read_text(), second.read_text()) == ("A", "B")
    assert names(tmp_path) == ["b", "new folder", "new folder/a"]


def test_a_folder_replaces_the_one_of_an_earlier_call(tmp_path: Path) -> None:
    file, folder = tmp_path / "new" / "file", tmp_path / "folder"
    folder.mkdir()
    (folder / "old").touch()

    with staged({"--file": file}, {"--folder": folder}) as outputs:
        outputs["--file"].write_text("text")
        outputs["--folder"].mkdir()
        (outputs["--folder"] / "fresh").touch()
        outputs.publish()
        assert file.read_text() == "text"

    assert names(tmp_path) == ["folder", "folder/fresh", "new", "new/file"]


def test_nothing_is_left_when_the_body_raises(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("before")

    def interrupted() -> None:
        with staged({"--first": first}, {"--second": second}) as outputs:
            outputs["--first"].write_text("half")
            outputs["--second"].mkdir()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert first.read_text() == "before"
    assert names(tmp_path) == ["first"]


def test_outputs_obey_the_umask(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()

    with staged({"--a": tmp_path / "a"}) as outputs:
        outputs["--a"].touch()

    assert (tmp_path / "a").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_refuses_one_path_for_two_outputs(tmp_path: Path) -> None:
    twice = {"--a": tmp_path / "a", "--b": tmp_path / "x" / ".." / "a"}

    with pytest.raises(WrongCallError, match="--a and --b have the same path"), staged(twice):
        pass


def test_refuses_a_folder_for_a_file(tmp_path: Path) -> None:
    with pytest.raises(StepError, match="^--a: .* is a folder"), staged({"--a": tmp_path}):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    outputs = {"--a": tmp_path / "a", "--b": tmp_path / "file" / "deep" / "b"}
    complaint = "cannot write in the folder .*/file/deep: Not a directory"
    with pytest.raises(StepError, match=complaint), staged(outputs):
        pass

    assert names(tmp_path) == ["file"]


def test_a_full_disk_is_named() -> None:
    with pytest.raises(StepError, match="cannot write in the folder /dev: No space left"):
        write_text(Path("/dev/full"), "content")


def test_json_has_the_same_bytes_whatever_the_order() -> None:
    assert to_json({"x": 1.0, "b": "ü"}) == '{\n  "b": "ü",\n  "x": 1.0\n}\n'
    assert to_json({"b": "ü", "x": 1.0}) == to_json({"x": 1.0, "b": "ü"})
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"b": float("nan")})
