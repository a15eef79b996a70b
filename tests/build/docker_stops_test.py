"""Runs in containers that are ended, or cannot begin."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from kfp import dsl

from tests.build.containers import command, containers, program, run, run_folder
from tests.build.images import base_image
from tests.build.services import Registry
from tests.build.tree import ROOT, environment

pytestmark = pytest.mark.docker

# Generous, because the machine may be busy; nothing waits for it that succeeds.
PATIENCE = 120
STEPS = 3


@dsl.pipeline(name="sleepy")
def sleepy() -> None:
    sleep = program("import time; time.sleep(600)")
    for _ in range(STEPS):
        sleep()


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
    until(lambda: len(containers(name)) == STEPS, "no containers")

    os.kill(process.pid, sign)

    assert process.wait(PATIENCE) == code
    if sign != signal.SIGKILL:
        assert containers(name) == []
    until(lambda: not containers(name), "there still are containers")
    assert "Traceback" not in (tmp_path / "stderr").read_text()


def test_an_engine_that_is_down_is_one_line(tmp_path: Path) -> None:
    done = run(tmp_path, sleepy, DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert done.code == 1
    assert "the Docker engine does not answer: " in done.error
    assert "without --runner" in done.error
    assert not list((tmp_path / "runs").glob("20*"))


def test_an_image_that_no_registry_has_is_one_line(tmp_path: Path, registry: Registry) -> None:
    image = f"{registry.address}/pinion/none:1.2.3"

    @dsl.pipeline(name="missing")
    def pipeline() -> None:
        program("", image=image)()

    done = run(tmp_path, pipeline)
    assert done.code == 1
    assert f"step 'program': {image} is not on this machine and cannot be pulled" in done.error


def test_a_program_that_the_image_does_not_have_is_one_line(tmp_path: Path) -> None:
    @dsl.container_component
    def lost() -> dsl.ContainerSpec:
        return dsl.ContainerSpec(base_image(), ["/app/none"], ["-x"])

    @dsl.pipeline(name="lost")
    def pipeline() -> None:
        lost()

    done = run(tmp_path, pipeline)
    assert done.code == 1
    assert "'lost' failed: its image cannot start it: exec /app/none failed: No such" in done.error
