"""Whatever a file holds: a whole dataset, or one line and nothing left."""

import csv
import io
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pull_data.__main__ import main

CSV = b'name,age,"when, exactly"\nAda,36,1851-01-02\n"B\nob",,\n\xc3\xbc,7.5,1900-12-31\n'
LINES = b'{"a": 1, "b": "x"}\n{"a": null, "b": "y"}\n{"a": 2.5, "b": "\\u00fc"}\n'
FLAGS = [
    [],
    [],
    ["--delimiter", "space"],
    ["--delimiter", ";", "--quote", "'"],
    ["--encoding", "cp1252", "--quote", "none"],
    ["--encoding", "utf-16"],
    ["--skip-lines", "1", "--header", "false"],
    ["--header", '["p", "q"]'],
]
cells = st.text(max_size=6) | st.sampled_from(["", '"', "1", "-1e400", "nan", "\0", "\r", "9" * 30])


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Draw the content with a stretch removed or overwritten."""
    start = draw(st.integers(0, len(content)))
    end = min(len(content), start + draw(st.integers(0, 12)))
    return content[:start] + draw(st.binary(max_size=8)) + content[end:]


tables = st.lists(st.lists(cells, min_size=1, max_size=4), max_size=5).map(
    lambda rows: "\n".join(",".join(row) for row in rows).encode(errors="replace")
)


@settings(
    max_examples=250,
    deadline=None,
    derandomize=True,  # a failure here must be one of the change that is tested
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    st.one_of(damaged(CSV), damaged(LINES), tables, st.binary(max_size=60)),
    st.sampled_from(["t.csv", "t.jsonl", "t.parquet", "t.csv.gz", "t"]),
    st.sampled_from(FLAGS),
)
def test_a_file_is_pulled_whole_or_refused_in_one_line(
    content: bytes, name: str, flags: list[str]
) -> None:
    said = io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        source, dataset = Path(folder, name), Path(folder, "out", "dataset")
        source.write_bytes(content)
        with redirect_stdout(io.StringIO()), redirect_stderr(said):
            code = main(["--source", str(source), "--dataset", str(dataset), *flags])
        lines = said.getvalue().splitlines()
        if code == 0:
            assert pq.read_table(dataset).num_columns > 0
        else:
            assert code in (1, 2)
            assert lines[-1].startswith("pull_data: error: ")
            assert not list(dataset.parent.glob("*"))
        assert "Traceback" not in said.getvalue()


# By the fault: the text above the table, the text below it, and the encoding.
FAULTS = {
    "none": ("", "", "utf-8"),
    "separator": ("sep={delimiter}\n", "", "utf-8"),
    "title": ("My report 2024\n\n", "", "utf-8"),
    "comment": ("# made, by; me\n", "", "utf-8"),
    "remark": ("", "\nSource: the office\n", "utf-8"),
    "mark": ("", "", "utf-8-sig"),
    "Windows": ("", "", "cp1252"),
    "UTF-16": ("", "", "utf-16"),
    "trailing": ("", "", "utf-8"),
    "index": ("", "", "utf-8"),
    "again": ("", "", "utf-8"),
    "empty": ("", "", "utf-8"),
}
values = st.sampled_from(
    ["New York", "x, y", "Rome; it", 'say "hi"', "naïve", "a b c", "7", "-0.25"]
)


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    rows=st.integers(2, 5).flatmap(
        lambda width: st.lists(
            st.lists(values, min_size=width, max_size=width), min_size=3, max_size=12
        )
    ),
    delimiter=st.sampled_from(",;\t|"),
    quoted=st.booleans(),
    line_end=st.sampled_from(["\n", "\r\n"]),
    fault=st.sampled_from(sorted(FAULTS)),
)
def test_a_table_is_the_same_however_it_is_written(
    rows: list[list[str]], delimiter: str, quoted: bool, line_end: str, fault: str
) -> None:
    names = [f"the Größe {number}" for number in range(len(rows[0]))]
    lines = [names, *rows]
    if fault == "again":
        lines.insert(2, names)
    if fault == "index":
        lines = [[str(number) if number else "", *line] for number, line in enumerate(lines)]
    if fault == "trailing":
        lines = [[*line, ""] for line in lines]
    if fault == "empty":
        lines += [[""] * len(names)] * 2
    text = io.StringIO()
    csv.writer(
        text,
        delimiter=delimiter,
        quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL,
        lineterminator=line_end,
    ).writerows(lines)
    above, below, encoding = FAULTS[fault]
    whole = above.format(delimiter=delimiter) + text.getvalue() + below
    with tempfile.TemporaryDirectory() as folder:
        source, dataset = Path(folder, "t.csv"), Path(folder, "out")
        source.write_bytes(whole.encode(encoding))
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            assert main(["--source", str(source), "--dataset", str(dataset)]) == 0
        found = pq.read_table(dataset)
    assert found.column_names == names
    assert [list(row.values()) for row in found.to_pylist()] == rows
