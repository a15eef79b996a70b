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
# Together they take far longer to import than a command may take to say what its flags are.
HEAVY = {
    "asyncio", "celpy", "kfp.client", "kfp.compiler", "kfp.dsl", "kfp_server_api", "kubernetes",
    "mlflow", "pandas", "rich.console", "sqlalchemy",
}  # fmt: skip


def test_commands_are_found() -> None:
    assert {"compile", "promote", "run", "submit"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_a_command_needs_only_for_its_work_is_not_imported_for_its_flags(command: str) -> None:
    code = f"import pipelines.{command}, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert HEAVY & set(done.stdout.split()) == set()
    assert f"pipelines.{command}" in done.stdout.split()
