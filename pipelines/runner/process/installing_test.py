"""Steps whose environments are being installed, cannot be installed, or are damaged."""

import os
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipelines.components.component import discover
from pipelines.environments.index_testing import Index, Package
from pipelines.environments.manager import Environments
from pipelines.environments.manager_testing import PATIENCE
from pipelines.runner.process.backend import ProcessBackend
from pipelines.runner.process.processes_testing import call, container, main_of, write_component
from pipelines.runner.process.programs import Sources
from pipelines.runner.task.backend import StoppedError, TaskFailedError
from pipelines.system.errors import PinionError
from pipelines.system.workspace import Workspace

TOOL, OTHER = Package("tool"), Package("other")
# The program of each component imports a package and prints its answer.
ASKS = main_of("import {name}\nprint({name}.ANSWER)")


class Reports(list[tuple[str, str | None]]):
    """What was reported about installing, by component."""

    def __call__(self, component: str, text: str | None) -> None:
        self.append((component, text))

    def of(self, component: str) -> list[str | None]:
        return [text for name, text in self if name == component]


@pytest.fixture()
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """Yield an index; uv uses a cache of the test's own."""
    with Index((TOOL, OTHER)) as served:
        for name, value in {**served.variables, "UV_CACHE_DIR": str(tmp_path / "uv")}.items():
            monkeypatch.setenv(name, value)
        yield served


def backend(folder: Path, packages: Mapping[str, Package], reports: Reports) -> ProcessBackend:
    """Return a backend for components of these names, each with a lock of one package."""
    workspace = Workspace(folder / "tree", folder / "cache")
    for name, package in packages.items():
        if not (workspace.components / name).exists():
            source = ASKS.format(name=package.name)
            write_component(workspace.root, name, source, package.lock.decode())
    sources = Sources(workspace, discover(workspace.components), {})
    runner = ProcessBackend(sources, Environments(workspace), {}, reports)
    runner.prepare((name, container(runner, name)) for name in packages)
    return runner


def run(runner: ProcessBackend, folder: Path, name: str) -> str:
    """Run a step and return what it printed."""
    (folder / f"{name}.log").unlink(missing_ok=True)
    runner.run(call(runner, folder, name))
    return (folder / f"{name}.log").read_text().strip()


def test_a_step_starts_while_the_environment_of_a_later_one_is_installed(
    tmp_path: Path, index: Index
) -> None:
    index.held = {OTHER.file}
    reports = Reports()
    runner = backend(tmp_path, {"first": TOOL, "second": OTHER}, reports)
    assert run(runner, tmp_path, "first") == "42"
    assert reports.of("first")[-1] == ""
    assert "" not in reports.of("second")
    with ThreadPoolExecutor() as pool:
        second = pool.submit(run, runner, tmp_path, "second")
        assert not second.done()
        index.open.set()
        assert second.result(PATIENCE) == "42"
    assert reports.of("second")[-1] == ""
    runner.close()


def test_only_the_step_whose_environment_cannot_be_made_fails(tmp_path: Path, index: Index) -> None:
    index.packages = (TOOL,)
    reports = Reports()
    runner = backend(tmp_path, {"first": TOOL, "second": OTHER}, reports)
    with pytest.raises(PinionError) as failed:
        run(runner, tmp_path, "second")
    assert str(failed.value) == (
        "the environment of second cannot be made: the index lacks other, which is in the lock;"
        " set UV_DEFAULT_INDEX to another index"
    )
    assert reports.of("second")[-1] is None
    assert run(runner, tmp_path, "first") == "42"
    runner.close()


def test_a_run_stopped_while_installing_ends_at_once(tmp_path: Path, index: Index) -> None:
    index.held = {TOOL.file}
    runner = backend(tmp_path, {"first": TOOL}, Reports())
    ended: list[BaseException] = []

    def step() -> None:
        try:
            run(runner, tmp_path, "first")
        except StoppedError as error:
            ended.append(error)

    thread = threading.Thread(target=step)
    thread.start()
    assert index.waiting.wait(PATIENCE)
    runner.stop()
    thread.join(PATIENCE)
    assert len(ended) == 1


def damage(folder: Path) -> Path:
    """Truncate a module of the only environment, as a power cut does."""
    (module,) = folder.glob("cache/environments/first-*/lib/python3.11/site-packages/tool.py")
    os.truncate(module, 3)
    for bytecode in module.parent.glob("__pycache__/tool.*"):
        bytecode.unlink()
    return module


def test_a_damaged_environment_is_reported_and_the_next_run_repairs_it(
    tmp_path: Path, index: Index
) -> None:
    runner = backend(tmp_path, {"first": TOOL}, Reports())
    assert run(runner, tmp_path, "first") == "42"
    module = damage(tmp_path)
    with pytest.raises(TaskFailedError) as failed:
        run(runner, tmp_path, "first")
    environment = module.parents[3]
    assert (
        f"its environment {environment} is damaged (lib/python3.11/site-packages/tool.py has 3 of"
        f" {len(TOOL.text)} bytes); run the same command again to repair it"
    ) in str(failed.value)
    runner.close()
    del runner, failed
    assert run(backend(tmp_path, {"first": TOOL}, Reports()), tmp_path, "first") == "42"


def test_an_error_in_the_program_is_not_blamed_on_its_environment(
    tmp_path: Path, index: Index
) -> None:
    root = tmp_path / "tree"
    write_component(root, "first", main_of("import nothing_of_the_kind"), TOOL.lock.decode())
    runner = backend(tmp_path, {"first": TOOL}, Reports())
    with pytest.raises(TaskFailedError, match="No module named 'nothing_of_the_kind'"):
        run(runner, tmp_path, "first")
    assert index.asked == [TOOL.file]
    runner.close()
