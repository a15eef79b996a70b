from __future__ import annotations

from pathlib import Path

import pytest

from train.outputs import StagedOutputs, write_json


def test_outputs_appear_together_and_nothing_else_stays(tmp_path: Path) -> None:
    file, folder = tmp_path / "new" / "file", tmp_path / "folder"
    folder.mkdir()
    (folder / "old").touch()
    with StagedOutputs() as outputs:
        outputs.stage(file)
        outputs.stage(folder)
        outputs.staged(file).write_text("text")
        assert not file.exists()
        outputs.staged(folder).mkdir()
        (outputs.staged(folder) / "fresh").touch()
        outputs.publish()
    assert file.read_text() == "text"
    assert [path.name for path in folder.iterdir()] == ["fresh"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "new"]


def test_what_was_not_published_leaves_what_was_there_before(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("before")
    with StagedOutputs() as outputs:
        outputs.stage(first)
        outputs.stage(second)
        outputs.staged(first).write_text("after")
        outputs.staged(second).mkdir()
    assert first.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["first"]


def test_json_has_the_same_bytes_whatever_the_order(tmp_path: Path) -> None:
    write_json(tmp_path / "a", {"x": 1.0, "b": 0.1})
    write_json(tmp_path / "b", {"b": 0.1, "x": 1.0})
    assert (tmp_path / "a").read_text() == '{\n  "b": 0.1,\n  "x": 1.0\n}\n'
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "c", {"b": float("nan")})
