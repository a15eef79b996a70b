"""The candidates that did not pass their evaluation, so that nobody trains them again.

A verdict depends on the data, on what was trained from them and on what was demanded, and not on
the name under which the model would have been registered.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from pinion_step.mlflow import ignoring, sqlite_path
from resolve.registry import ask

# The tags by which `train` and `evaluate` say what they had; see components/README.md.
_DATASET, _RECIPE, _GATE = "pinion.dataset", "pinion.recipe", "pinion.evaluation.gate"
_REFUSED = "tags.`pinion.evaluation` = 'failed'"
_MOST = 100
# KFP passes all inputs of a step as one argument, and Linux none of 128 KiB.
_MOST_CHARACTERS = 32_000
_NOT_OURS = ("RESOURCE_DOES_NOT_EXIST", "PERMISSION_DENIED")


def find_refusals(uri: str, experiment: str, task_run: str = "") -> str:
    """Return the newest refused candidates of an experiment, as a JSON list.

    Those beside `task_run` count too: the run that KFP's MLflow plugin made for the task, in whose
    experiment `train` then makes its own. A server alone has such runs.

    The list is sorted and names none twice, so that its text changes only with a new refusal.
    Raises `StepError` if the store of a resolved address does not answer.
    """

    def question(client: Any) -> list[str]:
        found = client.get_experiment_by_name(experiment)
        places = [found.experiment_id] if found else []
        if task_run and sqlite_path(uri) is None:
            places += _place_of(client, task_run)
        if not places:
            return []
        runs = client.search_runs(
            list(dict.fromkeys(places)),
            _REFUSED,
            max_results=_MOST,
            order_by=["attributes.start_time DESC"],
        )
        return [text for run in runs for text in _refusal(run.data.tags)]

    found = ask(uri, f"the refused candidates of the experiment {experiment!r}", question)
    return f"[{','.join(sorted(_short_enough(found or ())))}]"


def _short_enough(newest_first: Iterable[str]) -> list[str]:
    kept = list(dict.fromkeys(newest_first))
    while sum(map(len, kept)) > _MOST_CHARACTERS:
        kept.pop()
    return kept


def _place_of(client: Any, task_run: str) -> list[str]:
    """Return the experiment of a run; nothing if the store has no such run."""
    places: list[str] = []
    with ignoring(lambda error: error.error_code in _NOT_OURS):
        places.append(client.get_run(task_run).info.experiment_id)
    return places


def _refusal(tags: Mapping[str, str]) -> Iterator[str]:
    # Somebody may have edited the tags.
    with suppress(KeyError, ValueError, TypeError):
        gate = json.loads(tags[_GATE])
        refusal = {
            "dataset": tags[_DATASET],
            "recipe": tags[_RECIPE],
            "thresholds": gate["thresholds"],
            "compare_with": gate["compare_with"],
        }
        yield json.dumps(refusal, sort_keys=True, separators=(",", ":"))
