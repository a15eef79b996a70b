"""Programs that tests start, each in the environment that its lock makes."""

from functools import cache

from pipelines.environments.manager import Environment, Environments
from pipelines.runner.process.programs import Installed, installed
from pipelines.system.workspace import Workspace


# Cached, so that they are held as long as this process lives, and looked for once.
@cache
def server(name: str) -> Environment:
    """Return the environment of a server in build-support, such as `mlflow`."""
    workspace = Workspace()
    lock = workspace.root / "build-support" / name / "requirements.lock"
    return Environments(workspace).ready(name, [lock.read_bytes()], lambda _text: None)


@cache
def step(component: str) -> Installed:
    """Return what a component's step runs with, of the component as it is now."""
    return installed(Workspace(), component)
