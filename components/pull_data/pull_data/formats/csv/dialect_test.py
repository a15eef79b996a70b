import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pull_data.conftest import Outcome, Pull

Rows = list[dict[str, str | None]]


def pulled(pull: Pull, folder: Path, content: str | bytes, *flags: str) -> Outcome:
    """Pull a file with a content, which is UTF-8 if it is text."""
    source = folder / "t.csv"
    source.write_bytes(content.encode() if isinstance(content, str) else content)
    return pull(source, *flags)


@pytest.mark.parametrize(
    ("text", "first", "note"),
    [
        pytest.param(
            "sep=;\r\na;b\r\n1,5;x\r\n2;y\r\n",
            {"a": "1,5", "b": "x"},
            "the line 'sep=;' names the delimiter",
            id="a line of Excel",
        ),
        pytest.param(
            "Sales 2024\nby region, all\n\na,b,c,d\n1,2,3,x\n4,5,6,y\n",
            {"a": "1", "b": "2", "c": "3", "d": "x"},
            "3 lines above line 4 left out: 'Sales 2024'",
            id="titles",
        ),
        pytest.param(
            "Sales 2024,,\na,b,c\n1,2,x\n4,5,y\n",
            {"a": "1", "b": "2", "c": "x"},
            "1 line above line 2 left out: 'Sales 2024'",
            id="a title as wide as the table",
        ),
        pytest.param(
            "Sales 2024;;;\nby region;;;\n;;;\na;b;c;d\n1;2;x;y\n4;5;y;x\n",
            {"a": "1", "b": "2", "c": "x", "d": "y"},
            "3 lines above line 4 left out: 'Sales 2024'",
            id="titles and an empty row as wide as the table",
        ),
        pytest.param(
            "# made by hand, in May\n#\na,b\n1,x\n# half\n2,y\n",
            {"a": "1", "b": "x"},
            "1 comment line left out",
            id="comments",
        ),
        pytest.param(
            "# a,b\n1.5,2\n2.5,3\n", {"a": "1.5", "b": "2"}, "", id="names in a comment, as numpy"
        ),
        pytest.param("#id,b\nx,1\ny,2\n", {"#id": "x", "b": "1"}, "", id="a name that starts so"),
        pytest.param(
            "a;b;;\n1;x;;\n2;y;;\n",
            {"a": "1", "b": "x"},
            "2 empty columns at the end left out",
            id="trailing delimiters",
        ),
        pytest.param(
            "a;b\n1;x;\n2;y;\n",
            {"a": "1", "b": "x"},
            "1 empty column at the end left out",
            id="trailing delimiters of rows alone",
        ),
        pytest.param(
            'a, b, "c, d"\n1, "x, y", 2\n3, "z", 4\n',
            {"a": "1", "b": "x, y", "c, d": "2"},
            "spaces behind the delimiter are left out, as quotes follow them",
            id="a space before a quote",
        ),
        pytest.param(
            "Sales of 2024\n\nkey,a,the b\n1,7 €,9 €\n2,8 €,6 €\n3,5 €,4 €\n",
            {"key": "1", "a": "7 €", "the b": "9 €"},
            "2 lines above line 3 left out: 'Sales of 2024'",
            id="a title with as many words as each row",
        ),
        pytest.param(
            "My report 2024\n\na\tb c\td\n1\tx\ty z\n2\tu\tv w\n",
            {"a": "1", "b c": "x", "d": "y z"},
            "2 lines above line 3 left out: 'My report 2024'",
            id="tabs below a title of as many words",
        ),
        pytest.param(
            "'a','b'\n'x,y','1'\n'z','2'\n",
            {"a": "x,y", "b": "1"},
            "single quotes enclose the fields",
            id="single quotes",
        ),
        pytest.param(
            '"value" "k" "the label"\n"1" 4.5 2 "a, ""b"""\n"2" 21.8 3 "c d"\n"3" 1 2 "e"\n',
            {"value": "4.5", "k": "2", "the label": 'a, "b"'},
            "the delimiter is white space",
            id="write.table of R",
        ),
        pytest.param(
            "a b\n1,5 2,5\n3,5 4,5\n5,5 7,5\n",
            {"a": "1,5", "b": "2,5"},
            "the delimiter is white space",
            id="decimal commas at spaces",
        ),
        pytest.param(
            "  a     b\n  1.5   x\n 22.5   y\n  3     z\n",
            {"a": "1.5", "b": "x"},
            "the delimiter is white space",
            id="columns padded with spaces",
        ),
        pytest.param(
            ",a,b\n0,4,x\n1,5,y\n",
            {"a": "4", "b": "x"},
            "the unnamed first column is an index and is left out",
            id="an index of pandas",
        ),
        pytest.param(
            '"a","b"\n"1",4,"x"\n"2",5,"y"\n',
            {"a": "4", "b": "x"},
            "the unnamed first column is an index and is left out",
            id="row names of R",
        ),
        pytest.param(
            ",a,b\n7,4,x\n7,5,y\n",
            {"column_1": "7", "a": "4", "b": "x"},
            "columns without a name of their own are numbered: 'column_1'",
            id="no index",
        ),
        pytest.param(
            "a,,a,a.1\n1,2,3,x\n4,5,6,y\n",
            {"a": "1", "column_2": "2", "a.2": "3", "a.1": "x"},
            "columns without a name of their own are numbered: 'column_2', 'a.2'",
            id="unnamed and repeated columns",
        ),
        pytest.param(
            "a\tb\n\\N\tx\n2\t\\N\n",
            {"a": None, "b": "x"},
            "\\N is read as a missing value",
            id="missing values of a database",
        ),
        pytest.param(
            "5.1,3.5,setosa\n4.9,3,setosa\n6,2,other\n",
            {"column_1": "5.1", "column_2": "3.5", "column_3": "setosa"},
            "line 1 is a row, not a header; the columns are named column_1 to column_3"
            " (header=true reads it as names)",
            id="no header",
        ),
        pytest.param(
            "land,2019,2020\nDE,1,2\nFR,2,3\n",
            {"land": "DE", "2019": "1", "2020": "2"},
            "",
            id="years as names",
        ),
    ],
)
def test_what_the_defaults_find_out(
    pull: Pull, tmp_path: Path, text: str, first: dict[str, str | None], note: str
) -> None:
    outcome = pulled(pull, tmp_path, text)
    assert outcome.code == 0, outcome.err
    assert outcome.table.to_pylist()[0] == first
    start = f"pull_data: {tmp_path}/t.csv: "
    said = [line.removeprefix(start) for line in outcome.err.splitlines()]
    assert note in said if note else said == []
    recorded = pq.read_metadata(outcome.folder / "dataset").metadata
    assert (b"pinion.reading" in recorded) == bool(note)


@pytest.mark.parametrize(
    ("text", "values", "note"),
    [
        pytest.param(
            "a,b,c\n1,2,x\n4,5,y\n\nSource: the office, 2024\n",
            ["1", "4"],
            "1 line below the table left out: 'Source: the office, 2024'",
            id="a remark",
        ),
        pytest.param(
            "a,b,c\n1,2,x\n4,5,y\n,,\n,,\n",
            ["1", "4"],
            "2 rows without values at the end left out",
            id="empty rows",
        ),
        pytest.param(
            "a,b,c\n1,2,x\n4,5,y\n,,\nTotal: 2,,\n",
            ["1", "4"],
            "1 row with a remark alone at the end left out: 'Total: 2'",
            id="a remark as wide as the table",
        ),
        pytest.param(
            "a,a,c\n1,2,x\na,a,c\n4,5,y\n",
            ["1", "4"],
            "1 row with the header again left out: line 3",
            id="the header again, with a repeated name",
        ),
        pytest.param(
            "a,b,c\n1,2,x\na,b,c\n\n4,5,y\na,b,c\n",
            ["1", "4"],
            "2 rows with the header again left out: lines 3, 6",
            id="the header again",
        ),
        pytest.param("a,b\na,x\na,b2\n", ["a", "a"], "", id="a value like the name"),
    ],
)
def test_rows_that_are_none(
    pull: Pull, tmp_path: Path, text: str, values: list[str], note: str
) -> None:
    outcome = pulled(pull, tmp_path, text)
    assert outcome.table.column("a").to_pylist() == values
    said = [
        line.removeprefix(f"pull_data: {tmp_path}/t.csv: ") for line in outcome.err.splitlines()
    ]
    assert note in said if note else said == []


def test_a_header_far_down_is_left_out(pull: Pull, tmp_path: Path) -> None:
    rows = "".join(f"{n},{n:060}\n" for n in range(150_000))
    outcome = pulled(pull, tmp_path, f"n,text\n{rows}n,text\n{rows}")
    assert outcome.table.column("n").to_pylist() == [*map(str, range(150_000))] * 2
    assert "1 row with the header again left out: line 150002" in outcome.err


@pytest.mark.parametrize(
    ("text", "encoding", "said"),
    [
        pytest.param("Größe,b\nKöln,20 °C\n", "cp1252", "cp1252", id="Western"),
        pytest.param("name,b\nJosé’s café,5 €\n", "cp1252", "cp1252", id="signs of Windows"),
        pytest.param("ключ,b\nМосква,x\n", "utf-16", "utf-16", id="UTF-16"),
        pytest.param("key,b\nx,1\n", "utf-16-le", "utf-16-le", id="UTF-16 without a mark"),
        pytest.param("key,b\nx,1\n", "utf-16-be", "utf-16-be", id="and big-endian"),
    ],
)
def test_encodings_that_are_found(
    pull: Pull, tmp_path: Path, text: str, encoding: str, said: str
) -> None:
    outcome = pulled(pull, tmp_path, text.encode(encoding))
    header, row = (line.split(",") for line in text.splitlines())
    assert outcome.table.to_pylist() == [dict(zip(header, row, strict=True))]
    assert outcome.err == f"pull_data: {tmp_path}/t.csv: the text is read as {said}\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        pytest.param("姓名,性别\n张三,男\n李四,女\n", "gb18030", id="Chinese"),
        pytest.param("имя,город\nАнна,Москва\nПётр,Казань\n", "cp1251", id="Russian"),
        pytest.param("imię,b\nŁukasz,Łódź\nZażółć,Gęślą\nKraków,x\n", "cp1250", id="Polish"),
    ],
)
def test_an_encoding_that_may_be_another_is_asked_for(
    pull: Pull, tmp_path: Path, text: str, encoding: str
) -> None:
    content = text.encode(encoding)
    pulled(pull, tmp_path, content).assert_failed(f"give encoding={encoding} (which reads ")
    names = pulled(pull, tmp_path, content, "--encoding", encoding).table.column_names
    assert names == text.splitlines()[0].split(",")


@pytest.mark.parametrize(
    ("text", "flags", "rows"),
    [
        pytest.param(
            "a:b\n1,5:x\n", ["--delimiter", ":"], [{"a": "1,5", "b": "x"}], id="a delimiter"
        ),
        pytest.param(
            "a\tb,c\n1\tx,y\n", ["--delimiter", "\\t"], [{"a": "1", "b,c": "x,y"}], id="tab"
        ),
        pytest.param("a b\n1  x\n", ["--delimiter", " "], [{"a": "1", "b": "x"}], id="space"),
        pytest.param("a,b\n'x,y',1\n", ["--quote", "'"], [{"a": "x,y", "b": "1"}], id="a quote"),
        pytest.param('a,b\n"x,1\n', ["--quote", "none"], [{"a": '"x', "b": "1"}], id="no quote"),
        pytest.param(
            "x,y\nz\na,b\n1,2\n", ["--skip-lines", "2"], [{"a": "1", "b": "2"}], id="lines to skip"
        ),
        pytest.param(
            "1,2\n", ["--header", "false"], [{"column_1": "1", "column_2": "2"}], id="no header"
        ),
        pytest.param("1,2\n", ["--header", '["x", "y"]'], [{"x": "1", "y": "2"}], id="names"),
        pytest.param(
            "x,y\n1,2\n",
            ["--header", '["x", "y"]'],
            [{"x": "1", "y": "2"}],
            id="the names of the file",
        ),
        pytest.param(
            "7,3\n1,2\n4,5\n",
            ["--header", "true"],
            [{"7": "1", "3": "2"}, {"7": "4", "3": "5"}],
            id="numbers as names",
        ),
        pytest.param(
            "old,names\n1,2\n",
            ["--skip-lines", "1", "--header", '["x", "y"]'],
            [{"x": "1", "y": "2"}],
            id="names instead of those of the file",
        ),
        pytest.param(
            "@relation r\n@attribute x numeric\n@attribute 'y z' {a}\n@data\n1,a\n",
            ["--skip-lines", "4", "--header", '["x", "y z"]'],
            [{"x": "1", "y z": "a"}],
            id="ARFF as its refusal says",
        ),
    ],
)
def test_what_a_user_says(
    pull: Pull, tmp_path: Path, text: str, flags: list[str], rows: Rows
) -> None:
    outcome = pulled(pull, tmp_path, text, *flags)
    assert outcome.code == 0, outcome.err
    assert outcome.table.to_pylist() == rows


@pytest.mark.parametrize(
    ("text", "flags", "words"),
    [
        pytest.param("a;b\n1;2\n", ["--delimiter", "|"], ["'a;b'", "delimiter=';'"], id="another"),
        pytest.param("a,b\n1,2\n", ["--skip-lines", "5"], ["skip_lines=5", "only 2"], id="short"),
        pytest.param("a,b\n1,2\n", ["--header", '["x"]'], ["1 names", "2 fields"], id="a name"),
        pytest.param("é,b\n1,2\n", ["--encoding", "ascii"], ["line 1 is not ascii"], id="ASCII"),
        pytest.param('{"a": 1}\n', ["--quote", "'"], ['quote="\'" is for CSV'], id="JSON lines"),
        pytest.param(
            "5,3,4\n1,2,9\n4,5,6\n",
            [],
            ["line 1 may be a header or a row: '5,3,4'", "header=true", "header=false"],
            id="numbers in the first line",
        ),
        pytest.param(
            "Title\n\n5.5,3,4\n1,2,9\n4,5,6\n",
            [],
            ["line 3", "skip_lines=2"],
            id="a title, no header",
        ),
        pytest.param(
            "a;b;\n1;x;\n" + "2;y;\n" * 200 + "3;z;9\n",
            [],
            ["column 3 has no name", "line 203 has '9'"],
            id="no empty column",
        ),
        pytest.param(
            "T\n\na,b,c\n1,2,3\n4,5,6\n7,8\n9,1,2\n",
            [],
            ["line 6 has 2 fields, but the header in line 3 has 3", "'7,8'"],
            id="the line of the file",
        ),
        pytest.param('a,b\n"x\ny",2\n1,2,3\n4,5\n', [], ["line 4 has 3 fields"], id="line breaks"),
        pytest.param("T, x\na,b,c\nx,y,z\nu,v,w\n", [], ["line 2 has 3 fields"], id="no index"),
        pytest.param("a,b\n1,2,3\n4,5,6\n7,8\n", [], ["line 2 has 3"], id="rows of two widths"),
        pytest.param(
            '"a,b"\n"1,x"\n"2,y"\n',
            [],
            ["each line is quoted as a whole", "'a,b'", "remove the quotes"],
            id="quoted lines",
        ),
        pytest.param("sep=;\n", [], ["nothing follows"], id="a line of Excel alone"),
        pytest.param("a,b,c\n1,2,3\n4 5,6\n", [], ["line 3 has 2 fields"], id="cut at the end"),
    ],
)
def test_what_does_not_fit_names_the_way_on(
    pull: Pull, tmp_path: Path, text: str, flags: list[str], words: list[str]
) -> None:
    pulled(pull, tmp_path, text, *flags).assert_failed(f"{tmp_path}/t.csv: ", *words)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        pytest.param(["--delimiter", "ab"], "--delimiter: 'ab' is not a delimiter", id="delimiter"),
        pytest.param(["--encoding", "utf8x"], "--encoding: 'utf8x' is not an enc", id="encoding"),
        pytest.param(["--encoding", "base64"], "--encoding: 'base64' is not an", id="a codec"),
        pytest.param(["--encoding", "idna"], "--encoding: 'idna' is not an", id="host names"),
        pytest.param(["--quote", "''"], "--quote: \"''\" is not a quote", id="quote"),
        pytest.param(["--skip-lines", "x"], "--skip-lines: 'x' is not a whole", id="lines"),
        pytest.param(["--header", "no"], "--header: 'no' is not a header", id="header"),
        pytest.param(["--header", "[1]"], "--header: '[1]' is not a header", id="no names"),
    ],
)
def test_a_wrong_flag_is_told(pull: Pull, tmp_path: Path, flags: list[str], words: str) -> None:
    pulled(pull, tmp_path, "a,b\n1,2\n", *flags).assert_failed(words, code=2)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n",
            ["a Git LFS pointer", "git lfs pull"],
            id="Git LFS",
        ),
        pytest.param(
            b"\n<html><head><title>Sign in\n now</title></head><body>",
            ["an HTML page ('Sign in now')", "log-in"],
            id="a log-in page",
        ),
        pytest.param(b"<!-- x -->\n<html><h1>404</h1>", ["an HTML page, not"], id="an error page"),
        pytest.param(b"<?xml version='1.0'?><a/>", ["this is XML"], id="XML"),
        pytest.param(b"PK\x03\x04....[Content_Types].xml", ["is an Excel workbook;"], id="xlsx"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1", ["an old Excel workbook (.xls)"], id="xls"),
        pytest.param(
            b"% iris\n@RELATION iris\n@ATTRIBUTE 'a b' REAL\n@attribute c {x,y}\n@DATA\n1,x\n",
            ["an ARFF file", 'skip_lines=5 and header=["a b", "c"]'],
            id="ARFF",
        ),
        pytest.param(b"[\n [1, 2],\n [3, 4]\n]", ["a JSON array"], id="rows in JSON"),
        pytest.param(b'{\n "a": [1, 2]\n}\n', ["one JSON document"], id="a JSON document"),
        pytest.param(b"| a | b |\n|---|:-:|\n| 1 | x |\n", ["a Markdown table"], id="Markdown"),
        pytest.param(b"\x89PNG\r\n\x1a\n", ["this is an image"], id="PNG"),
    ],
)
def test_what_is_no_table_is_named(
    pull: Pull, tmp_path: Path, content: bytes, words: list[str]
) -> None:
    pulled(pull, tmp_path, content).assert_failed(f"{tmp_path}/t.csv: this is ", *words)


def test_what_was_decided_is_recorded(pull: Pull, tmp_path: Path) -> None:
    outcome = pulled(pull, tmp_path, "a;b;\n1;x;\na;b;\n", "--delimiter", ";")
    recorded: dict[bytes, Any] = pq.read_metadata(outcome.folder / "dataset").metadata
    assert recorded[b"pinion.reading"].decode() == (
        '{"parameters": {"delimiter": ";"}, "notes": ["1 empty column at the end left out",'
        ' "1 row with the header again left out: line 3"]}'
    )


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        pytest.param("a,b\n1,x\n2,y\n", None, id="the header is line 1"),
        pytest.param(
            "My sales\n\na,b\n1,x\n2,y\n", {"first": 4, "header": 3, "left_out": []}, id="a title"
        ),
        pytest.param("1,x\n2,y\n3,x\n", {"first": 1, "header": 0, "left_out": []}, id="no header"),
        pytest.param(
            "a,b\n1,x\na,b\n2,y\n# so far\n3,x\nSource: me\n",
            {"first": 2, "header": 1, "left_out": [3, 5]},
            id="rows left out in between",
        ),
        pytest.param(
            '{"a": "x"}\n{"a": "y"}\n', {"first": 1, "header": 0, "left_out": []}, id="JSON"
        ),
    ],
)
def test_where_the_rows_are_is_recorded(
    pull: Pull, tmp_path: Path, text: str, rows: dict[str, Any] | None
) -> None:
    outcome = pulled(pull, tmp_path, text)
    assert outcome.code == 0, outcome.err
    recorded = pq.read_metadata(outcome.folder / "dataset").metadata.get(b"pinion.rows")
    assert (json.loads(recorded) if recorded else None) == rows


def numbers(delimiter: str, comma: str = ".") -> list[str]:
    """Return the lines of a table of 600 rows, without a header."""
    return [f"{n}{comma}5{delimiter}{n % 7}{delimiter}{'ab'[n % 2]}" for n in range(600)]


@pytest.mark.parametrize(
    ("text", "m", "notes"),
    [
        pytest.param(
            "m;k;label;;\n" + ";;\n".join(numbers(";", ",")) + ";;\n" + ";;;;\n" * 5,
            "599,5",
            ["2 empty columns at the end left out", "5 rows without values at the end left out"],
            id="decimal commas and a spreadsheet's empty cells",
        ),
        pytest.param(
            "\ufeffsep=;\r\nm;k;label\r\n" + "\r\n".join(numbers(";")) + "\r\n",
            "599.5",
            ["the line 'sep=;' names the delimiter"],
            id="a line of Excel behind a byte order mark",
        ),
        pytest.param(
            "m k label\n" + "\n".join(f"{n} {line}" for n, line in enumerate(numbers(" "), 1)),
            "599.5",
            [
                "the delimiter is white space",
                "the unnamed first column is an index and is left out",
            ],
            id="write.table of R",
        ),
        pytest.param(
            "m,k,label\n" + "\n".join([*numbers(",")[:400], "m,k,label", *numbers(",")[400:]]),
            "599.5",
            ["1 row with the header again left out: line 402"],
            id="the header again",
        ),
    ],
)
def test_the_tables_that_people_published(
    pull: Pull, tmp_path: Path, text: str, m: str, notes: list[str]
) -> None:
    outcome = pulled(pull, tmp_path, text)
    table = outcome.table
    assert table.column_names == ["m", "k", "label"]
    assert table.num_rows == 600
    assert table.to_pylist()[-1] == {"m": m, "k": "4", "label": "b"}
    assert table.column("k").to_pylist() == [str(n % 7) for n in range(600)]
    assert outcome.err.splitlines() == [f"pull_data: {tmp_path}/t.csv: {note}" for note in notes]
