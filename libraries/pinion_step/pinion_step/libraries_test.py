import os

import pytest

from pinion_step.libraries import steer_libraries


def test_settings_of_the_user_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"OMP_WAIT_POLICY": "ACTIVE"})
    steer_libraries()
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"
    assert os.environ["ARROW_DEFAULT_MEMORY_POOL"] == "system"
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
