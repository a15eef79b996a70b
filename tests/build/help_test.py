import subprocess
import sys
from pathlib import Path

import pytest

import pipelines

COMMANDS = sorted(
    each.stem
    for each in Path(pipelines.__path__[0]).glob("*.py")
    if f'run_command("pipelines.{each.stem}"' in each.read_text()
)
# Importing these takes far longer than a command may take to show its flags.
HEAVY = {
    "asyncio", "celpy", "kfp.client", "kfp.compiler", "kfp.dsl", "kfp_server_api", "kubernetes",
    "mlflow", "pandas", "rich.console", "sqlalchemy",
}  # fmt: skip


def test_commands_are_found() -> None:
    assert {"compile", "promote", "run", "submit"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_showing_the_flags_imports_nothing_heavy(command: str) -> None:
    code = f"import pipelines.{command}, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert HEAVY & set(done.stdout.split()) == set()
    assert f"pipelines.{command}" in done.stdout.split()
