"""Whatever a file holds: a whole dataset, or one line and nothing left."""

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
)
def test_a_file_is_pulled_whole_or_refused_in_one_line(content: bytes, name: str) -> None:
    said = io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        source, dataset = Path(folder, name), Path(folder, "out", "dataset")
        source.write_bytes(content)
        with redirect_stdout(io.StringIO()), redirect_stderr(said):
            code = main(["--source", str(source), "--dataset", str(dataset)])
        lines = said.getvalue().splitlines()
        if code == 0:
            assert pq.read_table(dataset).num_columns > 0
        else:
            assert code in (1, 2)
            assert lines[-1].startswith("pull_data: error: ")
            assert not list(dataset.parent.glob("*"))
        assert "Traceback" not in said.getvalue()
