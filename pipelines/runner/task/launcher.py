"""Launch one container task: prepare its arguments and folder, and collect its outputs."""

import errno
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from pipelines.compiled import placeholders, values
from pipelines.compiled.container import Container, Limits
from pipelines.compiled.placeholders import Bindings
from pipelines.runner.task import executor
from pipelines.runner.task.backend import Backend, Call, TaskFailedError, Values
from pipelines.system.errors import PinionError


@dataclass(frozen=True)
class Launcher:
    """Run container tasks in the folder of a run."""

    backend: Backend
    folder: Path

    def names(self, task: str) -> dict[str, str]:
        """Return KFP's names of the run and of a task; a run here has one name for all of KFP's."""
        run = self.folder.name
        return {
            "pipeline_job_name": run,
            "pipeline_job_resource_name": run,
            "pipeline_job_uuid": run,
            "pipeline_task_name": task,
            "pipeline_task_uuid": f"{run}.{task}",
        }

    def call(self, name: str, container: Container, inputs: Values) -> Call:
        """Return a task that is ready to start; raise `PinionError` for an invalid limit."""
        folder = self.folder / name
        bindings = Bindings(
            parameters=inputs.parameters,
            artifacts={key: artifact.uri for key, artifact in inputs.artifacts.items()},
            run=self.names(name),
            output_artifacts=executor.artifact_paths(container, folder),
            output_parameters=executor.parameter_paths(container, folder),
            executor_input=executor.executor_input(inputs, container, folder),
            output_file=str(executor.output_file(folder)),
        )
        return Call(
            name=name,
            image=container.image,
            command=tuple(placeholders.resolve(container.command, bindings)),
            environment={
                name: placeholders.substitute(value, bindings)
                for name, value in container.environment.items()
            },
            folder=folder,
            log=self.folder / "logs" / f"{name}.log",
            parameters={key: values.to_text(value) for key, value in inputs.parameters.items()},
            inputs=tuple(
                artifact.path for artifact in inputs.artifacts.values() if artifact.path.exists()
            ),
            limits=_limits(container, bindings),
        )

    def attempt(self, call: Call, container: Container) -> Values:
        """Run a task once, in the calling thread; raise `TaskFailedError` or `StoppedError`."""
        try:
            # The remains of a failed attempt must not be taken for outputs of this one.
            shutil.rmtree(call.folder, ignore_errors=True)
            call.folder.mkdir(parents=True)
            call.log.parent.mkdir(exist_ok=True)
            self.backend.run(call)
            return executor.read_outputs(container, call.folder)
        except ValueError as error:
            raise TaskFailedError(call.name, str(error), call.log) from None
        except OSError as error:
            raise TaskFailedError(call.name, _refusal(error, call), call.log) from None


def _refusal(error: OSError, call: Call) -> str:
    if error.errno == errno.E2BIG:
        longest = max(len(os.fsencode(argument)) for argument in call.command)
        return (
            "its arguments are longer than the system allows, the longest has"
            f" {longest} bytes; pass that value in a file"
        )
    where = f" {str(error.filename)!r}" if error.filename else ""
    return f"{error.strerror or error}{where}"


def _limits(container: Container, bindings: Bindings) -> Limits:
    try:
        return Limits.parse(
            placeholders.substitute(container.memory, bindings),
            placeholders.substitute(container.cpu, bindings),
        )
    except ValueError as error:
        raise PinionError(f"its limit {error}") from None
