"""A run on a cluster: started, followed to its end, or ended."""

import argparse
import sys
from collections.abc import Sequence
from shlex import quote

from pipelines.compiled.file import PipelineFile, steps_of
from pipelines.console.progress import Progress
from pipelines.kubeflow import runs
from pipelines.kubeflow.api.client import Api
from pipelines.kubeflow.api.endpoint import KUBEFLOW
from pipelines.kubeflow.runs import Run, Submission
from pipelines.kubeflow.session import connect, prepared
from pipelines.kubeflow.watch import outcome, wait
from pipelines.system.errors import PinionError, UsageError
from pipelines.system.task_state import State

_COMMAND = "python -m pipelines.submit"


def submit(args: argparse.Namespace) -> int:
    """Does what the flags of `pipelines.submit` ask for; its exit code."""
    known = args.stop if args.follow is None else args.follow
    if known is not None:
        if not known:
            raise UsageError("--follow and --stop need a run's id or name; it is empty")
        api, namespace = connect(args)
        run = runs.find(api, known, namespace)
        if args.stop:
            runs.stop(api, run.id)
            print(f"asked the cluster to end run {run.name!r} ({run.id})")
            return 0
        return _followed(api, run, namespace, steps_of(run.document))
    file, parameters, account = prepared(args, PipelineFile.load(args.pipeline_file))
    name = runs.unique_name(args.run_name, file)
    api, namespace = connect(args)
    run = _started(api, Submission(file, parameters, name, args.experiment, namespace, account))
    if args.wait:
        return _followed(api, run, namespace, file.steps)
    print(_summary(api, run, namespace))
    print(f"follow     {_COMMAND} --follow {run.id}")
    return 0


def _started(api: Api, submission: Submission) -> Run:
    try:
        return runs.start(api, submission)
    except (PinionError, KeyboardInterrupt) as error:
        # A refusal is an answer; without one the run may be there.
        if not isinstance(error, UsageError | runs.RefusedError):
            print(
                f"whether run {submission.name!r} was started is not known;"
                f" see: {_COMMAND} --follow {quote(submission.name)}",
                file=sys.stderr,
            )
        raise


def _followed(api: Api, run: Run, namespace: str, steps: Sequence[str]) -> int:
    """Waits for a run, and says what became of it; raises `PinionError` unless it succeeded."""
    try:
        print(_summary(api, run, namespace), flush=True)
        ended = wait(api, run, steps, Progress(steps))
    except (PinionError, KeyboardInterrupt, OSError):
        print(
            f"stopped waiting; the run goes on. Follow it: {_COMMAND} --follow {run.id}"
            f" — end it: {_COMMAND} --stop {run.id}",
            file=sys.stderr,
        )
        raise
    if ended.state != State.SUCCEEDED.name:
        raise PinionError(f"run {ended.name!r} {outcome(ended, steps)}")
    print(f"state      {ended.state}")
    return 0


def _summary(api: Api, run: Run, namespace: str) -> str:
    logs = f"kubectl logs -n {namespace or KUBEFLOW} -l pipeline/runid={run.id} -c main"
    lines = [
        ("run", f"{run.name} ({run.id})"),
        ("dashboard", api.endpoint.page(f"runs/details/{run.id}")),
        ("logs", f"{logs} --prefix --tail=-1"),
    ]
    return "\n".join(f"{label:<9}  {text}" for label, text in lines)
