"""Follow a run to its end on behalf of a command, and report it."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from pipelines.compiled.file import steps_of
from pipelines.console.progress import Progress
from pipelines.kubeflow.api.client import Api
from pipelines.kubeflow.api.endpoint import KUBEFLOW
from pipelines.kubeflow.following import logs
from pipelines.kubeflow.following.outcome import Outcome, kubectl
from pipelines.kubeflow.following.tail import Tail
from pipelines.kubeflow.following.tasks import Run
from pipelines.kubeflow.following.watch import Watch, wait
from pipelines.system.errors import PinionError, UsageError

COMMAND = "python -m pipelines.submit"


def known_step(asked: str | None, names: Sequence[str]) -> str | None:
    """Return the step of the flag --logs as the pipeline calls it; raise `UsageError` if none is.

    An empty text stands for the steps that fail, and None for no step.
    """
    step = asked.replace("_", "-") if asked else asked
    if step and names and step not in names:
        raise UsageError(
            f"--logs: the pipeline has no step {asked!r}; its steps are {', '.join(names)}"
        )
    return step


def follow_run(
    api: Api, run: Run, namespace: str, shown: str | None, document: Mapping[str, Any]
) -> None:
    """Wait for a run and report its end; raise `PinionError` unless it succeeded.

    `shown` is a step from `known_step`, whose log is printed. `document` is the pipeline file of
    the run.
    """
    names = steps_of(document)
    tail = Tail(api, run.id, namespace or KUBEFLOW, shown) if shown else None
    # What redraws itself would be torn apart by the lines of a log.
    progress = Progress(names, Console(stderr=True, force_terminal=False) if tail else None)
    try:
        print(summary(api, run, namespace), flush=True)
        ended, workflow = wait(api, run, Watch(names, document, progress), progress, tail)
    except (PinionError, KeyboardInterrupt, OSError):
        print(
            f"stopped waiting; the run continues. Follow it: {COMMAND} --follow {run.id}"
            f" — stop it: {COMMAND} --stop {run.id}",
            file=sys.stderr,
        )
        raise
    place = workflow.namespace or namespace or KUBEFLOW
    _report(Outcome(api, ended, names, document, workflow, place), shown, tail)


def summary(api: Api, run: Run, namespace: str) -> str:
    """Return where to see a run: its name and id, its page, and its logs."""
    lines = [
        ("run", f"{run.name} ({run.id})"),
        ("dashboard", api.endpoint.page(f"runs/details/{run.id}")),
        ("logs", kubectl(run.id, namespace or KUBEFLOW)),
    ]
    return "\n".join(f"{label:<9}  {text}" for label, text in lines)


def _report(outcome: Outcome, shown: str | None, tail: Tail | None) -> None:
    account = outcome.account()
    wanted = [step.name for step in outcome.failed()] if shown == "" else []
    if tail and not tail.printed:
        wanted = [tail.step]
    for step in wanted:
        _print_log(outcome, step)
    for line in outcome.verdict(account):
        print(line)
    if not outcome.run.succeeded:
        sys.stdout.flush()
        raise PinionError(f"run {outcome.run.name!r} {account}")
    print(f"state      {account}")
    if decision := outcome.decision():
        print(decision)


def _print_log(outcome: Outcome, step: str) -> None:
    if log := outcome.log(step):
        print("\n".join(logs.own_lines(log)))
    else:
        print(
            f"step {step!r} has no log in this run: it was cached or did not run, or KFP does not"
            f" give it",
            file=sys.stderr,
        )
