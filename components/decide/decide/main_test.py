"""The step as a user calls it."""

import json
from pathlib import Path

from decide.__main__ import main

PROFILE = {
    "format": 1, "dataset": "d1", "parameters": "p1", "rows": 4, "target": "age",
    "task": "regression",
    "columns": {"age": {"kind": "number", "rows": 4, "missing": 0, "mean": 2.0, "std": 1.0,
                        "quantiles": [n / 50 for n in range(201)]}},
}  # fmt: skip


def test_always_trains(tmp_path: Path) -> None:
    (tmp_path / "profile").write_text(json.dumps(PROFILE))
    out = {n: tmp_path / n for n in ("retrain", "why", "recipe", "drift", "drift_report")}
    flags = [f"--{name.replace('_', '-')}={file}" for name, file in out.items()]
    assert main(["--profile", str(tmp_path / "profile"), *flags]) == 0
    assert out["retrain"].read_text() == "true"
    assert out["why"].read_text() == "forced"
