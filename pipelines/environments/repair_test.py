"""A command whose `.venv` was broken by a power cut says so in one line and has it repaired."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.environments.damage import record_sizes
from pipelines.environments.repair import COMPLETE, DAMAGED
from pipelines.system.workspace import ROOT


@pytest.fixture()
def venv(tmp_path: Path) -> Path:
    """Return an environment of one module, `tool`."""
    venv = tmp_path / ".venv"
    packages = venv / "lib" / "python3.11" / "site-packages"
    info = packages / "tool-1.0.dist-info"
    info.mkdir(parents=True)
    (venv / "bin").mkdir()
    (venv / "bin" / "python").symlink_to(Path(sys.executable).resolve())
    (venv / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).resolve().parent}\n")
    (packages / "tool.py").write_text("ANSWER = 42\n")
    (info / "RECORD").write_text("tool.py,,\n")
    record_sizes(venv, COMPLETE)
    return venv


def call(venv: Path, program: str) -> tuple[int, str]:
    command = [str(venv / "bin" / "python"), "-c", f"import pipelines\n{program}"]
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def test_a_broken_module_is_one_line(venv: Path) -> None:
    module = venv / "lib" / "python3.11" / "site-packages" / "tool.py"
    os.truncate(module, 9)
    code, error = call(venv, "import tool")
    assert code == 1
    assert error == (
        f"pinion: error: {venv} is damaged (lib/python3.11/site-packages/tool.py has 9 of 12"
        " bytes); run make setup to repair it\n"
    )
    # build-support/setup reads these files.
    assert not (venv / COMPLETE).exists()
    assert (venv / DAMAGED).read_text() == "tool"


@pytest.mark.parametrize("program", ["import nothing_of_the_kind", "raise ValueError('ours')"])
def test_an_error_in_a_whole_environment_keeps_its_traceback(venv: Path, program: str) -> None:
    code, error = call(venv, program)
    assert code == 1
    assert error.startswith("Traceback")
    assert (venv / COMPLETE).exists()


def test_an_environment_that_somebody_else_made_is_left_alone(venv: Path) -> None:
    (venv / COMPLETE).unlink()
    code, error = call(venv, "import nothing_of_the_kind")
    assert code == 1
    assert error.startswith("Traceback")
    assert not (venv / DAMAGED).exists()
