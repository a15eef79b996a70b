"""What is made once for all processes that the tests are shared out to."""

import fcntl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.build.pinion import Tree, states, versions_of
from tests.build.services import Registry, docker_answers

_GIVEN = "shared"
_STARTED = pytest.StashKey[tuple[str, int]]()


@dataclass(frozen=True)
class Shared:
    """A folder, and the registry of the one release; neither outlives the tests."""

    folder: Path
    registry: Registry

    def once(self, what: str, make: Callable[[], None]) -> None:
        """Makes something, unless it is made; meanwhile other processes that need it wait."""
        with (self.folder / f"{what}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            made = self.folder / f"{what}.made"
            if not made.exists():
                make()
                made.touch()


def tell(node: Any) -> None:
    """Tells a process what it shares with the others; what that needs ends with this process."""
    config = node.config
    if _STARTED not in config.stash:
        stack = ExitStack()
        config.add_cleanup(stack.close)
        shared = stack.enter_context(started())
        config.stash[_STARTED] = (str(shared.folder), shared.registry.port)
    node.workerinput[_GIVEN] = config.stash[_STARTED]


def given(config: pytest.Config) -> "Shared | None":
    """What this process was told; None where it takes all tests by itself."""
    told = getattr(config, "workerinput", {}).get(_GIVEN)
    if told is None:
        return None
    folder, port = told
    return Shared(Path(folder), Registry(Path(folder) / "registry", port=port))


@contextmanager
def started() -> Iterator[Shared]:
    """An empty folder and an empty registry, which answers where there is a Docker engine."""
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="pinion-tests-"))
        registry = Registry(Path(name) / "registry")
        if docker_answers():
            stack.enter_context(registry)
        yield Shared(Path(name), registry)


def release_all(folder: Path, registry: Registry) -> None:
    """A tree in which all components are published as they are, and released as 1.0.0."""
    with Tree.fresh(folder, registry.address).served() as tree:
        assert states(tree.run("publish")) == {
            f"{name.replace('_', '-')}:{version}": "pushed"
            for name, version in versions_of(tree.folder).items()
        }
        done = tree.run("release", "1.0.0")
        assert done.code == 0, done.stderr
        tree.commit("Release 1.0.0")
        tree.git("tag", "1.0.0")
