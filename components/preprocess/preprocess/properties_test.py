"""Whatever a table holds: two splits of all its rows, or one line and nothing left."""

import io
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preprocess.__main__ import main
from preprocess.conftest import OUTPUTS

ROWS = 12
KINDS = [
    st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 3),
    st.floats(),
    st.booleans(),
    st.text(max_size=4),
    st.sampled_from(["yes", "no"]),
    st.dates().map(lambda day: day),
]


@st.composite
def columns(draw: st.DrawFn) -> pa.Array:
    """Draw a column of one kind, with or without missing values, rarely without any value."""
    values = draw(st.sampled_from(KINDS))
    if draw(st.booleans()):
        values = st.none() | values
    return pa.array(draw(st.lists(values, min_size=ROWS, max_size=ROWS)))


names = st.text(max_size=6) | st.sampled_from(["y", "Y", " y", "target", "__index_level_0__"])


@pytest.mark.parametrize("task", ["", "classification", "regression"])
@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,  # a failure here must be one of the change that is tested
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    st.dictionaries(names, columns(), min_size=2, max_size=4),
    st.integers(0, 3),
    st.sampled_from(["0.2", "0.5", "", "0.9", "nan"]),
    st.booleans(),
)
def test_a_table_is_split_or_refused_in_one_line(
    task: str, table: dict[str, pa.Array], place: int, fraction: str, lenient: bool
) -> None:
    said = io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        dataset, out = Path(folder, "dataset"), Path(folder, "out")
        pq.write_table(pa.table(table), dataset)
        target = list(table)[place % len(table)]
        given_flags = [f"--dataset={dataset}", f"--target={target}", f"--task={task}"]
        given_flags += [f"--test-fraction={fraction}"]
        if lenient:
            given_flags.append(
                '--allowed-checks=["target_leak", "rare_class", "no_usable_features"]'
            )
        outputs = [f"--{name}={out / name}" for name in OUTPUTS]
        with redirect_stdout(io.StringIO()), redirect_stderr(said):
            code = main([*given_flags, *outputs])
        lines = said.getvalue().splitlines()
        if code == 0:
            rows = [pq.read_table(out / name).num_rows for name in ("train-data", "test-data")]
            assert min(rows) > 0
            assert sum(rows) <= ROWS
        else:
            assert code in (1, 2)
            assert lines[-1].startswith("preprocess: error: ")
            assert not list(out.glob("*"))
        assert "Traceback" not in said.getvalue()
