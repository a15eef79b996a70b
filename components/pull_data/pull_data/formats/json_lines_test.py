import json
from pathlib import Path

import pytest

from pull_data.conftest import Pull

# More than one block, so that the types of a column are settled by several.
MANY = 60_000


def write_lines(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_json_lines_keep_their_types(pull: Pull, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"n": 1, "x": 1, "b": True, "day": "2024-01-31", "s": "é"},
        {"n": 2, "x": 2.5, "b": None, "day": "2024-02-01"},
    ]
    table = pull(write_lines(tmp_path / "t.txt", rows)).table
    assert [str(kind) for kind in table.schema.types] == [
        "int64", "double", "bool", "string", "string",
    ]  # fmt: skip
    assert table.to_pylist() == [rows[0], {**rows[1], "s": None}]


@pytest.mark.parametrize("levels", [2000, 200_000])
@pytest.mark.parametrize(
    ("opening", "closing"),
    [pytest.param("[", "]", id="arrays"), pytest.param('{"a": ', "}", id="objects")],
)
def test_rows_nested_too_deeply_are_told(
    pull: Pull, tmp_path: Path, levels: int, opening: str, closing: str
) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": null}\n{"a": ' + opening * levels + "1" + closing * levels + "}\n")
    pull(path).assert_failed(f"{path}: line 2 is nested more than 100 levels deep")


def test_an_object_on_many_lines_nested_too_deeply_is_told(pull: Pull, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": ' + "[\n" * 2000 + "]\n" * 2000 + "}\n")
    pull(path).assert_failed(f"{path}: a row is nested too deeply")


def test_many_brackets_are_no_deep_nesting(pull: Pull, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"text": '"\\[{' * 500, "points": [[1, 2]] * 500}]
    assert pull(write_lines(tmp_path / "t.jsonl", rows)).table.to_pylist() == rows


def test_types_that_differ_between_blocks_are_unified(pull: Pull, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"n": n, "s": f"{n:080}"} for n in range(MANY)]
    rows += [{"n": 0.5, "s": "2024-01-31", "late": "2024-01-31"}]
    table = pull(write_lines(tmp_path / "t.jsonl", rows)).table
    assert [str(kind) for kind in table.schema.types] == ["double", "string", "string"]
    assert table.num_rows == MANY + 1
    assert table.slice(MANY - 1).to_pylist() == [
        {"n": float(MANY - 1), "s": f"{MANY - 1:080}", "late": None},
        {"n": 0.5, "s": "2024-01-31", "late": "2024-01-31"},
    ]


def test_types_that_cannot_be_unified_name_the_column(pull: Pull, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"size": n, "s": f"{n:080}"} for n in range(MANY)]
    late = write_lines(tmp_path / "late.jsonl", [*rows, {"size": "big"}])
    pull(late).assert_failed("column 'size'", f"row {MANY + 1}")
    texts = write_lines(tmp_path / "texts.jsonl", rows + [{"size": "big", "s": "x" * 80}] * MANY)
    pull(texts).assert_failed("size", "string")
    near = write_lines(tmp_path / "near.jsonl", [{"size": 1}, {"size": 2}, {"size": "big"}])
    pull(near).assert_failed("column 'size'", "row 3")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        pytest.param("t.json", '[{"a": 1}]', ["a JSON array", "jq -c"], id="an array"),
        pytest.param("t.jsonl", '{"a": 1}\n{"a": 2\n', ["not JSON lines"], id="a cut line"),
        pytest.param("t.jsonl", '{"a": 1}\n7\n', ["not JSON lines", "row 2"], id="a bare number"),
        pytest.param("t.jsonl", "{}\n{}\n", ["no columns"], id="empty objects"),
        pytest.param("t.jsonl", "a,b\n1,2\n", ["not JSON lines"], id="CSV by another name"),
        pytest.param("t.jsonl", '{"": 1}\n', ["column 1 of 1 has no name"], id="an empty name"),
        pytest.param("t.jsonl", '{"a": {}}\n', ["Cannot write struct type 'a'"], id="no fields"),
    ],
)
def test_what_is_no_json_lines_is_told_in_one_line(
    pull: Pull, tmp_path: Path, name: str, text: str, words: list[str]
) -> None:
    (tmp_path / name).write_text(text)
    pull(tmp_path / name).assert_failed(name, *words)
