"""The step: read and check the inputs, cross-validate, fit, log, and write the outputs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from pinion_step.errors import StepError, WrongCallError
from pinion_step.formats.profile import to_json as profile_to_json
from pinion_step.kfp.executor_output import describe
from pinion_step.mlflow import answers, connect, resolve_uri
from pinion_step.outputs import Staged, staged, to_json, write_text
from pinion_step.store import prepare_store
from pinion_step.tracking.datasets import describe_dataset, log_dataset
from pinion_step.tracking.descriptions import NOTE
from pinion_step.tracking.runs import run_name
from train.job import Job, prepare
from train.log import log
from train.model.cross_validation import METRICS, Metrics, cross_validate
from train.model.low_memory import make_plain
from train.model.many_classes import warn
from train.model.pipeline import use_one_thread
from train.options import Options
from train.progress import Progress, shown
from train.search.plan import expected_work
from train.search.rounds import ESTIMATOR
from train.search.search import run_trials
from train.search.trials import Plan, describe_score
from train.tracking.description import describe_model, describe_run
from train.tracking.results import Results

if TYPE_CHECKING:
    from mlflow.entities import Dataset as MlflowDataset
    from mlflow.entities import LoggedModel

    from train.tracking.run import Run

# Below this size, the threads of BLAS and OpenMP cost more than they bring, and the last digits
# depend on the machine's cores. A random forest has threads of its own, which stay.
MANY_CELLS = 5_000_000
# What KFP's pages call the metrics; those of evaluate have the name `metrics` too.
SHOWN = {"display_name": "cross-validated metrics"}


def train(options: Options) -> str:
    """Do the whole step, and return a line about its result; leaves all outputs or none.

    Raises `StepError` or OSError.
    """
    job = prepare(options)
    uri = resolve_uri(options.mlflow_tracking_uri, os.environ)
    files = {
        "--run-id": options.run_id,
        "--model-id": options.model_id,
        "--metrics": options.metrics,
    }
    if options.executor_output:
        files["--executor-input"] = options.executor_output
    with staged(files, {"--trained-model": options.trained_model}) as outputs:
        prepare_store(uri)
        return fit_and_log(job, uri, outputs)


def fit_and_log(job: Job, uri: str, outputs: Staged) -> str:
    """Cross-validate and fit inside one MLflow run, and publish the outputs before it ends."""
    # MLflow takes a second to import; a wrong call must not wait for it.
    from train.lineage import input_hashes, log_lineage
    from train.tracking import run as tracking
    from train.tracking.parent import find_place

    options, data, inputs = job.options, job.data, input_hashes(job.options)
    client = connect(uri)
    with answers(uri, f"the experiment {options.experiment!r}"):
        experiment_id, links = find_place(client, options.experiment, os.environ)
        tags = tracking.run_tags(data.source, data.sha256, os.environ) | links | job.tags
        name = run_name(options.model, os.environ)
        with tracking.tracked_run(client, experiment_id, name, tags) as run:
            dataset = start(job, run, inputs["train_data"])
            results = fit(job, run, tags)
            known = {**job.params, **results.params}
            about = {**tracking.model_tags(tags), NOTE: describe_model(job.fit, run)}
            with tracking.tracked_model(run, options.model, known, about) as logged:
                folder = outputs["--trained-model"]
                save(job, logged, folder)
                client.log_model_artifacts(logged.model_id, str(folder))
                note = describe_run(job.fit, job.schema.task, job.plan, results, run, tags)
                run.log_results(results, note, logged.model_id, dataset)
            ids = {"--run-id": run.run_id, "--model-id": logged.model_id}
            write_documents(ids, results.metrics, options, outputs)
            log_lineage(run, options, data, inputs, outputs["--metrics"])
            outputs.publish()
    score = describe_score(results.metrics, METRICS[job.schema.task][0])
    return f"run {run.run_id}, model {logged.model_id}, cross-validated {score}"


def start(job: Job, run: Run, train_data: str) -> MlflowDataset:
    """Log the parameters that are known, the profile and the dataset, which has the given hash."""
    from train.model.logged_model import fitted_columns

    run.log_params(job.params)
    run.client.log_text(run.run_id, profile_to_json(job.profile), "profile.json")
    features = job.data.features
    columns = json.dumps({"mlflow_colspec": fitted_columns(job.schema, features).to_dict()})
    dataset = describe_dataset(job.data.source, train_data, columns, *features.shape)
    log_dataset(run.client, run.run_id, dataset, "training")
    return dataset


def save(job: Job, logged: LoggedModel, folder: Path) -> None:
    """Write the model folder, with what the model needs to read rows."""
    from train.model.logged_model import save_model
    from train.model.reading import add_reading

    save_model(job.pipeline, job.schema, job.data.features, logged, folder)
    add_reading(folder, job.options.schema)


def write_documents(
    ids: Mapping[str, str], metrics: Metrics, options: Options, outputs: Staged
) -> None:
    """Write MLflow's ids, the metrics, and what KFP's pages show of them if KFP asks for it."""
    for flag, text in ids.items():
        write_text(outputs[flag], text)
    write_text(outputs["--metrics"], to_json(metrics))
    if options.executor_output:
        told = describe({"metrics": {**metrics, **SHOWN}})
        write_text(outputs["--executor-input"], told)


def fit(job: Job, run: Run, tags: Mapping[str, str]) -> Results:
    """Cross-validate and fit the job's pipeline; return its metrics and what a search found.

    The trials of a search are runs nested in `run`. The best one sets the pipeline's parameters.
    """
    data, plan, pipeline, folds = job.data, job.plan, job.pipeline, job.folds
    rows, columns = data.features.shape
    trials = f", {plan.trials} trials" if plan else ""
    log(f"{job.options.model} on {rows} rows, {columns} features, {folds.number} folds{trials}")
    work = expected_work(plan, job.schema, data, folds)
    warn(job.options.model, job.schema, data, pipeline, work + 1)
    progress = Progress(job.options.quiet)
    progress.expect(work)
    results = Results([])
    with _fit_errors(job.options), shown(progress):
        if plan:
            results = search(job, plan, run, tags, progress)
        with threadpool_limits(1 if rows * columns < MANY_CELLS else None):
            if not results.folds:
                scores = cross_validate(pipeline, data.features, data.target, folds, progress.ended)
                results = replace(results, folds=scores)
            use_one_thread(pipeline.fit(data.features, data.target))
    make_plain(pipeline[0])
    return results


def search(job: Job, plan: Plan, run: Run, tags: Mapping[str, str], progress: Progress) -> Results:
    """Set the best trial's parameters; return the trials, with the folds of the best.

    A halving has measured the best on some of the rows only, so it gives no folds.
    """
    from train.search.runs import trial_runs

    data = job.data
    with threadpool_limits(1), trial_runs(run, tags) as watcher:
        ranked = run_trials(
            job.pipeline, data.features, data.target, job.folds, plan, watcher, progress
        )
    best = ranked[0]
    score = describe_score(best.metrics, plan.metric)
    log(f"best of {len(ranked)} trials: trial {best.number}, {score}")
    job.pipeline.set_params(**{f"{ESTIMATOR}{name}": best.params[name] for name in best.params})
    folds = [] if plan.method == "halving" else best.folds
    return Results(folds, ranked, plan.metric, watcher.run_of(best))


@contextmanager
def _fit_errors(options: Options) -> Iterator[None]:
    """Turn an error of the fit into one of `--model-params`, if any were given."""
    try:
        yield
    except ValueError as error:
        kind: type[StepError] = WrongCallError if options.model_params else StepError
        given = f" with --model-params {json.dumps(options.model_params)}"
        raise kind(
            f"--model {options.model} cannot be fitted{given if options.model_params else ''}: "
            f"{error}"
        ) from error
