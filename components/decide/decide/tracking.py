"""MLflow: a run of its own for each comparison, so that the course of drift is a plot there."""

import hashlib
import re
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from decide.decision import Decision
from decide.drift.comparison import ColumnDrift
from decide.request import Request
from pinion_step.lineage import release_tags
from pinion_step.mlflow import answers, artifact_location
from pinion_step.tracking.descriptions import NOTE, code, table
from pinion_step.tracking.runs import ending, find_experiment, make_run, run_name

if TYPE_CHECKING:
    from mlflow import MlflowClient

# What MLflow refuses in the name of a metric, and a slash, which its pages group metrics by.
_UNSAFE = re.compile(r"[^\w.\- ]")
# A store takes 250 characters, which the measure and a hash are part of.
_LONGEST, _BATCH = 220, 1000
_WHOLE = "max"
_SHOWN = 10  # columns in the description


def log_run(
    client: "MlflowClient",
    request: Request,
    decision: Decision,
    columns: Sequence[ColumnDrift],
    dataset: str,
    environment: Mapping[str, str],
) -> None:
    """Log the measures as a run of the experiment of drift; raises `StepError`."""
    from mlflow.entities import Metric

    experiment, now = f"{request.experiment}-drift", int(time.time() * 1000)
    entities = [Metric(name, value, now, 0) for name, value in metrics(columns).items()]
    known = {
        "mlflow.source.name": "decide",
        "mlflow.source.type": "JOB",
        "pinion.champion": str(request.champion),
        "pinion.why": decision.why,
        "pinion.dataset": dataset,
        **release_tags(environment),
        NOTE: describe(request, decision, columns),
    }
    with answers(client.tracking_uri, f"the experiment {experiment}"):
        place = find_experiment(client, experiment, artifact_location(client.tracking_uri))
        run_id = make_run(client, place, run_name("decide", environment), known)
        with ending(lambda status: client.set_terminated(run_id, status)):
            for start in range(0, len(entities), _BATCH):
                client.log_batch(run_id, metrics=entities[start : start + _BATCH])


def metrics(columns: Iterable[ColumnDrift]) -> dict[str, float]:
    """Return the measures of all columns and the largest of each, under names MLflow takes."""
    values = {
        (each.measure, column.name): each.value for column in columns for each in column.measures
    }
    largest: dict[str, float] = {}
    for (measure, _), value in values.items():
        largest[measure] = max(value, largest.get(measure, 0.0))
    names = safe_names({column for _, column in values})
    found = {f"{measure}/{names[column]}": value for (measure, column), value in values.items()}
    return found | {f"{measure}/{_WHOLE}": value for measure, value in largest.items()}


def describe(request: Request, decision: Decision, columns: Sequence[ColumnDrift]) -> str:
    """Return the description of the run: the decision, and the columns that moved most."""
    rows = (
        [code(column.name), worst.measure, *(f"{n:.4g}" for n in (worst.value, worst.allowed))]
        for column in columns[:_SHOWN]
        for worst in [column.worst]
    )
    verdict = "Train" if decision.retrain else "Do not train"
    return (
        f"**{verdict}**: {code(decision.why)}. Compared with {code(str(request.champion))}.\n\n"
        f"{table(['column', 'measure', 'value', 'may reach'], rows)}"
    )


def safe_names(columns: Collection[str]) -> dict[str, str]:
    """Return the part of a metric's name that stands for each column.

    Columns that would share one, or take that of all columns, have a hash at their end. It depends
    on their names and not on their order: a metric keeps its name over the months.
    """
    safe = {column: _UNSAFE.sub("_", column)[:_LONGEST] for column in columns}
    times = Counter([*safe.values(), _WHOLE])
    return {
        column: name if times[name] == 1 else f"{name}-{_hash(column)}"
        for column, name in safe.items()
    }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:6]
