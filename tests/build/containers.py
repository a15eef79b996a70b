"""Run small pipelines of programs in the base image, compiled by the SDK, in containers."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from kfp import compiler, dsl
from kfp.components import load_component_from_text
from kfp.dsl import PipelineTask

from tests.build.images import base_image, docker
from tests.build.pinion import Finished
from tests.build.tree import ROOT, environment

# The number of steps of the pipeline below.
STEPS = 3


def program(code: str, *inputs: str, output: str = "", image: str = "") -> Any:
    """Return a component that runs Python code.

    Its arguments are the inputs, and then the path of the output.
    """
    arguments = [f"{{inputValue: {name}}}" for name in inputs]
    outputs = ""
    if output:
        arguments.append("{outputPath: out}")
        outputs = f"outputs: [{{name: out, type: {output}}}]"
    return load_component_from_text(f"""
name: program
inputs: [{", ".join(f"{{name: {name}, type: String}}" for name in inputs)}]
{outputs}
implementation:
  container:
    image: {image or base_image()}
    command: [python3, -c, {json.dumps(code)}]
    args: [{", ".join(arguments)}]
""")


def limited(task: PipelineTask, memory: str, cpu: str) -> PipelineTask:
    """Return the task with limits."""
    return task.set_memory_limit(memory).set_cpu_limit(cpu)


@dsl.pipeline(name="sleepy")
def sleepy() -> None:
    """Define equal steps that run until they are ended."""
    sleep = program("import time; time.sleep(600)")
    for _ in range(STEPS):
        sleep()


def command(folder: Path, pipeline: Any, *arguments: str) -> list[str]:
    """Return the command that runs a pipeline in containers, with its runs in the folder.

    The cache is off: many of these steps are equal, and would wait for the first of them.
    """
    compiled = folder / "pipeline.yaml"
    compiler.Compiler().compile(pipeline, str(compiled))
    start = [sys.executable, "-m", "pipelines.run", "--runner=docker", "--no-cache"]
    return [*start, f"--output={folder}/runs", f"--pipeline-file={compiled}", *arguments]


def run(folder: Path, pipeline: Any, *arguments: str, **changes: str) -> Finished:
    """Run a pipeline in containers to its end."""
    done = subprocess.run(
        command(folder, pipeline, *arguments),
        cwd=folder,
        env=environment(PYTHONPATH=str(ROOT), **changes),
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )
    return Finished(done.returncode, done.stdout, done.stderr)


def run_folder(folder: Path) -> Path:
    """Return the folder of the only run."""
    (found,) = (folder / "runs").glob("20*")
    return found


def log(folder: Path, task: str) -> str:
    """Return everything that a task of the only run printed."""
    return (run_folder(folder) / "logs" / f"{task}.log").read_text()


def containers(run: str) -> list[str]:
    """Return the ids of a run's containers, running or not."""
    return docker("ps", "--all", "--quiet", f"--filter=label=dev.pinion.run={run}").split()


def owner() -> tuple[int, int]:
    """Return the user and group of this process."""
    return os.getuid(), os.getgid()
