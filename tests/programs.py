"""Programs that tests start, each in the environment that its lock defines."""

from functools import cache

from pipelines.environments.manager import Environment, Environments
from pipelines.runner.process.programs import Installed, installed
from pipelines.system.workspace import Workspace


# Cached, so that the environments are looked up once and held as long as this process lives.
@cache
def server(name: str) -> Environment:
    """Return the environment of a server in build-support, such as `mlflow`."""
    workspace = Workspace()
    lock = workspace.root / "build-support" / name / "requirements.lock"
    return Environments(workspace).ready(name, [lock.read_bytes()], lambda _text: None)


@cache
def step(component: str) -> Installed:
    """Return a component's step in the working tree, with its environment."""
    return installed(Workspace(), component)
