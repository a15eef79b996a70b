import gzip
from pathlib import Path

import pytest

from pull_data.conftest import Pull
from pull_data.formats.csv.dialect import find_dialect


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        pytest.param("a,b\n1,x\n", [{"a": "1", "b": "x"}], id="commas"),
        pytest.param("a;b\n1,5;x\n", [{"a": "1,5", "b": "x"}], id="semicolons, decimal commas"),
        pytest.param("a\tb\n1\tx, y\n", [{"a": "1", "b": "x, y"}], id="tabs"),
        pytest.param("a|b\n1|x\n", [{"a": "1", "b": "x"}], id="bars"),
        pytest.param("a\n1\n2\n", [{"a": "1"}, {"a": "2"}], id="one column"),
        pytest.param("\ufeffa,b\r\n1,x\r\n", [{"a": "1", "b": "x"}], id="from Excel"),
        pytest.param("a,b\r1,x\r2,y", [{"a": "1", "b": "x"}, {"a": "2", "b": "y"}], id="CR"),
        pytest.param("\n \n\na,b\n\n1,x\n   \n", [{"a": "1", "b": "x"}], id="blank lines"),
        pytest.param(
            '"a,1","b\nc"\n"x,\ny","q""q"\n', [{"a,1": "x,\ny", "b\nc": 'q"q'}], id="quotes"
        ),
        pytest.param(
            'a,b\n1,"x\ny"\n# the end\n',
            [{"a": "1", "b": "x\ny"}],
            id="a remark below a line break",
        ),
        pytest.param('a,b\n5" pipe,x\n', [{"a": '5" pipe', "b": "x"}], id="an inner quote"),
        pytest.param('a,b\n,""\n', [{"a": None, "b": None}], id="empty is null"),
        pytest.param(
            "a,b\nNA, ?\n007,1e3\n",
            [{"a": "NA", "b": " ?"}, {"a": "007", "b": "1e3"}],
            id="text as it is",
        ),
        pytest.param("Größe (m),収入\n1,ж\n", [{"Größe (m)": "1", "収入": "ж"}], id="any letters"),
        pytest.param("{a,b\n1,x\n", None, id="a header like JSON"),
    ],
)
def test_csv_becomes_text_columns(
    pull: Pull, tmp_path: Path, text: str, rows: list[dict[str, str]] | None
) -> None:
    source = tmp_path / "t.csv"
    source.write_text(text, newline="")
    outcome = pull(source)
    if rows is None:
        outcome.assert_failed("not JSON lines")
        return
    assert outcome.table.to_pylist() == rows
    assert {str(kind) for kind in outcome.table.schema.types} == {"string"}


def test_gzip_is_seen_by_content(pull: Pull, tmp_path: Path) -> None:
    source = tmp_path / "t.csv"
    source.write_bytes(gzip.compress(b"a,b\n1,x\n") + gzip.compress(b"2,y\n"))
    assert pull(source).table.to_pylist() == [{"a": "1", "b": "x"}, {"a": "2", "b": "y"}]


def test_a_table_of_many_blocks_keeps_every_row_in_order(pull: Pull, tmp_path: Path) -> None:
    source = tmp_path / "t.csv"
    source.write_text("n,é\n" + "".join(f"{n},é{n:060}\n" for n in range(150_000)))
    table = pull(source).table
    assert table.column("n").to_pylist() == [str(n) for n in range(150_000)]
    assert table.column("é")[149_999].as_py() == f"é{149_999:060}"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", ["the file is empty"], id="empty"),
        pytest.param(b"\n \n", ["the file is empty"], id="white space"),
        pytest.param(b"a,b\n", ["the file has a header but no rows"], id="a header only"),
        pytest.param(b"a,b", ["the file has a header but no rows"], id="a header without line end"),
        pytest.param(b"a,b\n1,2\n\x00\x01", ["a NUL byte in line 3"], id="binary"),
        pytest.param(
            "é,b\n1,ü\n".encode() + b"2,\xe9\n", ["line 3 is not UTF-8", "0xe9"], id="two"
        ),
        pytest.param(
            b"a,b\n" * 3_000_000 + b"\xe9,\n", ["line 3000001 is"], id="Latin-1, far down"
        ),
        pytest.param(b"a,b\n1,\xc3", ["line 2 is not UTF-8"], id="a letter cut in half"),
        pytest.param('{"a": 1}'.encode("utf-16"), ["JSON as UTF-16 text"], id="UTF-16 JSON"),
        pytest.param(b"PK\x03\x04rest", ["an Excel workbook"], id="Excel"),
        pytest.param(b"<!DOCTYPE html><p>", ["an HTML page"], id="an HTML page"),
        pytest.param(
            b"a,b\n1,2\n\n3,4,5\n",
            ["line 4 has 3 fields", "line 1 has 2,", "'3,4,5'"],
            id="long row",
        ),
        pytest.param(b"a,b,c\n1\n", ["line 2 has 1 field,", "line 1 has 3,"], id="short row"),
        pytest.param(
            b"a,b\n#1,x\n#2,y,z\n#3,v\n", ["line 3 has 3 fields"], id="a long row with a mark"
        ),
        pytest.param(b"x" * 200_000, ["too long to be a header"], id="one endless line"),
        pytest.param(gzip.compress(b"a,b\n1,2\n" * 99)[:-9], ["damaged or incomplete"], id="cut"),
        pytest.param(gzip.compress(b"PAR1"), ["Parquet file inside gzip"], id="gzip'd Parquet"),
    ],
)
def test_what_is_no_csv_is_told_in_one_line(
    pull: Pull, tmp_path: Path, content: bytes, words: list[str]
) -> None:
    source = tmp_path / "t.csv"
    source.write_bytes(content)
    pull(source).assert_failed(f"{source}: ", *words)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("a,b;c\n1;2\n", ["a,b", "c"], id="what fits the rows"),
        pytest.param("a,b;c,d\n1,2\n", ["a", "b;c", "d"], id="else what gives most"),
        pytest.param("a b\n1 2\n", ["a b"], id="none"),
    ],
)
def test_the_delimiter_is_found(text: str, names: list[str]) -> None:
    assert find_dialect(text, "t.csv").names == names
