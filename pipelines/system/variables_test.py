import os

import pytest

from pipelines.system.variables import set_for_a_while


def test_variables_are_restored_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINION_A", "before")
    monkeypatch.delenv("PINION_B", raising=False)
    with pytest.raises(ValueError, match="in the body: a, b"):
        _fail_with("PINION_A", "PINION_B")
    assert os.environ["PINION_A"] == "before"
    assert "PINION_B" not in os.environ


def _fail_with(first: str, second: str) -> None:
    with set_for_a_while({first: "a", second: "b"}):
        raise ValueError(f"in the body: {os.environ[first]}, {os.environ[second]}")
