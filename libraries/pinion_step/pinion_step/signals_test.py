import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from pinion_step.signals import Interrupted, stop_signals_raise

try:
    with stop_signals_raise():
        exec("import signal; signal.raise_signal(signal." + sys.argv[1] + ")")
except Interrupted as error:
    sys.exit(error.exit_code)
"""


@pytest.mark.parametrize(("signal", "exit_code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_while_a_library_runs_made_up_code_is_told_by_the_exit_code(
    tmp_path: Path, signal: str, exit_code: int
) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    path = [str(tmp_path), *sys.path]

    # Only a module that -m runs shows what CPython makes of a caught KeyboardInterrupt.
    step = subprocess.run(
        [sys.executable, "-m", "program", signal],
        env={"PYTHONPATH": ":".join(path)},
        check=False,
    )

    assert step.returncode == exit_code


DROPPING = """
import sys, weakref
from pinion_step.signals import Interrupted, stop_signals_raise

class Thing:
    pass

def told(_):
    if told.first:
        told.first = False
        import signal
        signal.raise_signal(signal.SIGTERM)

told.first = True
try:
    with stop_signals_raise():
        thing = Thing()
        reference = weakref.ref(thing, told)
        del thing
        while True:
            pass
except Interrupted as error:
    sys.exit(error.exit_code)
"""


def test_a_signal_while_an_object_is_removed_is_not_lost() -> None:
    step = subprocess.run(
        [sys.executable, "-c", DROPPING],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (step.returncode, step.stderr) == (143, "")
