"""Runs in containers that are stopped, or that cannot start."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from kfp import dsl

from tests.build.containers import (
    STEPS,
    command,
    containers,
    program,
    run,
    run_folder,
    sleepy,
)
from tests.build.images import base_image
from tests.build.services import Registry
from tests.build.tree import ROOT, environment

pytestmark = pytest.mark.docker

# Generous, because the machine may be busy; a test that passes does not wait for it.
PATIENCE = 120


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("sign", "code"),
    [
        pytest.param(signal.SIGINT, 130, id="Ctrl-C"),
        pytest.param(signal.SIGTERM, 143, id="SIGTERM"),
        pytest.param(signal.SIGKILL, -9, id="kill -9"),
    ],
)
def test_a_run_that_ends_leaves_no_container(
    tmp_path: Path, sign: signal.Signals, code: int
) -> None:
    with (tmp_path / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            command(tmp_path, sleepy, f"--jobs={STEPS}"),
            cwd=tmp_path,
            env=environment(PYTHONPATH=str(ROOT)),
            stderr=stderr,
        )
    until(lambda: len(list((tmp_path / "runs").glob("20*/logs/*"))) == STEPS, "no step started")
    name = run_folder(tmp_path).name
    until(lambda: len(containers(name)) == STEPS, "not every step has a container")

    os.kill(process.pid, sign)

    assert process.wait(PATIENCE) == code
    if sign != signal.SIGKILL:
        assert containers(name) == []
    until(lambda: not containers(name), "some containers are left")
    assert "Traceback" not in (tmp_path / "stderr").read_text()


def docker_that(folder: Path, *lines: str) -> str:
    """Return a PATH with the real client behind shell lines, in which `$1` is the command."""
    client = shutil.which("docker")
    (folder / "bin").mkdir()
    program = folder / "bin" / "docker"
    program.write_text("\n".join(["#!/bin/sh", *lines, f'exec {client} "$@"', ""]))
    program.chmod(0o755)
    return f"{program.parent}{os.pathsep}{os.environ['PATH']}"


def test_a_container_that_is_created_after_a_kill_is_removed(tmp_path: Path) -> None:
    noted, made = tmp_path / "creating", tmp_path / "made"
    # Longer than the watcher looks for late containers. It removes this one so fast that a look at
    # the containers may come too late, but the id stays.
    create = f'touch "{noted}"; sleep 9; {shutil.which("docker")} "$@" >"{made}"; exit'
    path = docker_that(tmp_path, f'if [ "$1" = create ]; then {create}; fi')
    process = subprocess.Popen(
        command(tmp_path, sleepy, "--jobs=1"),
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(ROOT), PATH=path),
    )
    until(noted.exists, "nothing was created")

    process.kill()
    process.wait(PATIENCE)

    name = run_folder(tmp_path).name
    until(lambda: made.exists() and bool(made.read_text()), "no container was created")
    until(lambda: not containers(name), "the container is left")


def test_a_container_that_was_never_started_is_a_failure(tmp_path: Path) -> None:
    path = docker_that(tmp_path, 'if [ "$1" = start ]; then echo broken pipe; exit 1; fi')

    @dsl.pipeline(name="lost")
    def pipeline() -> None:
        program("print('here')")()

    done = run(tmp_path, pipeline, PATH=path)
    assert done.code == 1
    assert "'program' failed: the Docker engine: the connection to the engine broke" in done.error


def test_a_container_whose_connection_breaks_is_a_failure(tmp_path: Path) -> None:
    client = shutil.which("docker")
    # SIGKILL, because timeout passes other signals on.
    listen = f'timeout --signal=KILL 1 {client} "$@"; {client} wait "$3"; exit 1'
    path = docker_that(tmp_path, f'if [ "$1" = start ]; then {listen}; fi')

    @dsl.pipeline(name="lost")
    def pipeline() -> None:
        program("import time; print('first', flush=True); time.sleep(3); print('last')")()

    done = run(tmp_path, pipeline, PATH=path)
    assert done.code == 1
    assert "'program' failed: the Docker engine: the connection to the engine broke" in done.error


def test_an_engine_that_is_down_is_reported_in_one_line(tmp_path: Path) -> None:
    done = run(tmp_path, sleepy, DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert done.code == 1
    assert "the Docker engine does not answer: " in done.error
    assert "without --runner" in done.error
    assert not list((tmp_path / "runs").glob("20*"))


def test_a_missing_image_is_reported_in_one_line(tmp_path: Path, registry: Registry) -> None:
    image = f"{registry.address}/pinion/none:1.2.3"

    @dsl.pipeline(name="missing")
    def pipeline() -> None:
        program("", image=image)()

    done = run(tmp_path, pipeline)
    assert done.code == 1
    assert f"step 'program': {image} is not on this machine and cannot be pulled" in done.error


def test_a_missing_program_is_reported_in_one_line(tmp_path: Path) -> None:
    @dsl.container_component
    def lost() -> dsl.ContainerSpec:
        return dsl.ContainerSpec(base_image(), ["/app/none"], ["-x"])

    @dsl.pipeline(name="lost")
    def pipeline() -> None:
        lost()

    done = run(tmp_path, pipeline)
    assert done.code == 1
    assert "'lost' failed: its image cannot start it: exec /app/none failed: No such" in done.error
