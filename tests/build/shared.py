"""Share resources between all test processes."""

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
from tests.build.tree import call

_GIVEN = "shared"
_STARTED = pytest.StashKey[tuple[str, int]]()


@dataclass(frozen=True)
class Shared:
    """A folder, and the registry of the only release; both are removed after the tests."""

    folder: Path
    registry: Registry

    def once(self, what: str, make: Callable[[], None]) -> None:
        """Make something unless it exists; other processes that need it wait."""
        with (self.folder / f"{what}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            made = self.folder / f"{what}.made"
            if not made.exists():
                make()
                made.touch()


def share_with(node: Any) -> None:
    """Pass a process what it shares with the others; this process cleans that up at its end."""
    config = node.config
    if _STARTED not in config.stash:
        stack = ExitStack()
        config.add_cleanup(stack.close)
        shared = stack.enter_context(started())
        config.stash[_STARTED] = (str(shared.folder), shared.registry.port)
    node.workerinput[_GIVEN] = config.stash[_STARTED]


def received(config: pytest.Config) -> "Shared | None":
    """Return what this process was passed; None if it runs all tests by itself."""
    passed = getattr(config, "workerinput", {}).get(_GIVEN)
    if passed is None:
        return None
    folder, port = passed
    return Shared(Path(folder), Registry(Path(folder) / "registry", port=port))


@contextmanager
def started() -> Iterator[Shared]:
    """Yield an empty folder and an empty registry, which runs if there is a Docker engine."""
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="pinion-tests-"))
        registry = Registry(Path(name) / "registry")
        if docker_answers():
            stack.enter_context(registry)
        yield Shared(Path(name), registry)


def release_all(folder: Path, registry: Registry) -> None:
    """Make a tree in which all components are published unchanged and released as 1.0.0."""
    with Tree.fresh(folder, registry.address).served() as tree:
        assert states(tree.run("publish")) == {
            f"{name.replace('_', '-')}:{version}": "pushed"
            for name, version in versions_of(tree.folder).items()
        }
        done = tree.run("release", "1.0.0")
        assert done.code == 0, done.stderr
        tree.commit("Release 1.0.0")
        tree.git("tag", "1.0.0")


def package_all(folder: Path) -> None:
    """Build in a tree the wheels of the components and the library, and the components' programs.

    One call of Pants does both, because its start takes half of the time.
    """
    names = sorted(versions_of(folder))
    programs = [f"components/{name}:{target}" for name in names for target in ("wheel", "app")]
    done = call(folder, "./pants", "package", "libraries/pinion_step:wheel", *programs)
    assert done.returncode == 0, done.stderr[-2000:]
