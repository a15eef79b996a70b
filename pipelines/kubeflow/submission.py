"""Start a run on a cluster, follow it, or stop it."""

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
    """Do what the flags of `pipelines.submit` ask for, and return the exit code."""
    known = args.stop if args.follow is None else args.follow
    if known is not None:
        if not known:
            raise UsageError(
                "--follow and --stop need the id or name of a run, which is empty here"
            )
        api, namespace = connect(args)
        run = runs.find(api, known, namespace)
        if args.stop:
            runs.stop(api, run.id)
            print(f"asked the cluster to stop run {run.name!r} ({run.id})")
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
        # A refusal means that there is no run; without an answer there may be one.
        if not isinstance(error, UsageError | runs.RefusedError):
            print(
                f"run {submission.name!r} may or may not have started;"
                f" check with: {_COMMAND} --follow {quote(submission.name)}",
                file=sys.stderr,
            )
        raise


def _followed(api: Api, run: Run, namespace: str, steps: Sequence[str]) -> int:
    """Wait for a run and report its end; raise `PinionError` unless it succeeded."""
    try:
        print(_summary(api, run, namespace), flush=True)
        ended = wait(api, run, steps, Progress(steps))
    except (PinionError, KeyboardInterrupt, OSError):
        print(
            f"stopped waiting; the run continues. Follow it: {_COMMAND} --follow {run.id}"
            f" — stop it: {_COMMAND} --stop {run.id}",
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
