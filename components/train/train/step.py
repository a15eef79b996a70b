"""The step: read and check, cross-validate, fit, log, write."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from pinion_step.errors import StepError, WrongCallError
from pinion_step.mlflow import answers, artifact_location, connect, resolve_uri
from pinion_step.outputs import Staged, staged, to_json, write_text
from pinion_step.store import prepare_store
from train.data.dataset import Dataset, read_dataset
from train.data.schema import Schema, read_schema
from train.log import log
from train.model.cross_validation import Folds, Metrics, choose_folds
from train.model.footprint import check_memory
from train.model.low_memory import make_plain
from train.model.pipeline import build_pipeline, use_one_thread
from train.models import find_model
from train.options import Options
from train.progress import Progress, shown
from train.search.plan import describe_plan, expected_work, plan_search
from train.search.rounds import ESTIMATOR
from train.search.search import cross_validate, run_trials
from train.search.trials import (
    LONGEST_PARAMETER,
    Plan,
    Trial,
    Watcher,
    describe_params,
    describe_score,
)

if TYPE_CHECKING:
    from train.tracking.run import Run

# Below this the threads of BLAS and OpenMP cost more than they bring, and make the last digits
# depend on the machine's cores. The threads of a random forest are others, and stay.
MANY_CELLS = 5_000_000
FOUND = ("search.best_trial", "search.failed_trials")  # parameters that only a search can tell


@dataclass(frozen=True)
class Job:
    """What was asked for, checked and ready to be fitted."""

    options: Options
    schema: Schema
    data: Dataset
    pipeline: Pipeline
    folds: Folds
    plan: Plan
    params: dict[str, str]


@dataclass(frozen=True)
class Fitted:
    """The metrics of the model, and what only the search could tell of its parameters."""

    metrics: Metrics
    params: dict[str, str]


@dataclass(frozen=True)
class Trained:
    """The ids that MLflow gave, and the cross-validated metrics."""

    run_id: str
    model_id: str
    metrics: Metrics


def train(options: Options) -> Trained:
    """Do the whole step; raises `StepError` or OSError, and leaves all outputs or none."""
    job = prepare(options)
    uri = resolve_uri(options.mlflow_tracking_uri, os.environ)
    files = {"--run-id": options.run_id, "--model-id": options.model_id}
    files["--metrics"] = options.metrics
    with staged(files, {"--trained-model": options.trained_model}) as outputs:
        prepare_store(uri)
        return fit_and_log(job, uri, outputs)


def prepare(options: Options) -> Job:
    """Read the inputs and hold them against each other and the options."""
    schema = read_schema(options.schema)
    check_memory(options, schema, find_model(schema.task, options.model).family)
    data = read_dataset(options.train_data, schema)
    try:
        number = choose_folds(data.target, schema.task, options.cv_folds)
    except ValueError as error:
        raise StepError(f"--train-data {options.train_data}: {error}") from error
    if number < options.cv_folds:
        log(f"{number} folds instead of {options.cv_folds}, as the rarest class has too few rows")
    pipeline = build_pipeline(
        schema, data.features, data.target, options.model, options.model_params, options.seed
    )
    folds = Folds(schema.task, number, options.seed)
    plan = plan_search(options, schema, data, folds, pipeline[-1])
    params = {
        "cv_folds": str(number),
        **describe_inputs(schema, data),
        **describe_model(options, pipeline[-1]),
        **describe_plan(options, plan),
    }
    return Job(options, schema, data, pipeline, folds, plan, add_parameters(params, options))


def fit_and_log(job: Job, uri: str, outputs: Staged) -> Trained:
    """Cross-validate and fit inside one MLflow run, and publish the outputs before it ends."""
    # Late, as it takes a second that a wrong call need not wait.
    from train.lineage import log_lineage
    from train.model import logged_model
    from train.tracking import run as tracking

    options, data = job.options, job.data
    client = connect(uri)
    with answers(uri, f"the experiment {options.experiment!r}"):
        experiment_id = tracking.find_experiment(client, options.experiment, artifact_location(uri))
        tags = tracking.run_tags(data.source, data.sha256, os.environ)
        with tracking.tracked_run(client, experiment_id, options.model, tags) as run:
            run.log_params(known_params(job))
            signature = logged_model.make_signature(job.schema, data.features)
            run.log_dataset(data.source, data.sha256, signature.inputs, len(data.target))
            fitted = fit_in_run(job, run, tags)
            run.log_params(fitted.params)
            params = {**job.params, **fitted.params}
            with tracking.tracked_model(run, options.model, params) as logged:
                folder = outputs["--trained-model"]
                logged_model.save_model(job.pipeline, job.schema, data.features, logged, folder)
                client.log_model_artifacts(logged.model_id, str(folder))
                run.log_metrics(fitted.metrics, logged.model_id)
            write_text(outputs["--run-id"], run.run_id)
            write_text(outputs["--model-id"], logged.model_id)
            write_text(outputs["--metrics"], to_json(fitted.metrics))
            log_lineage(run, options, data, outputs["--metrics"])
            outputs.publish()
    return Trained(run.run_id, logged.model_id, fitted.metrics)


def known_params(job: Job) -> dict[str, str]:
    """Return the job's parameters less what the trials differ in, which is known later."""
    varied = {f"estimator.{name}" for name in job.plan.space}
    return {key: value for key, value in job.params.items() if key not in varied}


def fit_in_run(job: Job, run: Run, tags: Mapping[str, str]) -> Fitted:
    """Fit; the trials of a search are runs nested in this one."""
    if not job.plan.space:
        return fit(job, Watcher())
    from train.search.runs import trial_runs

    with trial_runs(run, tags) as watcher:
        return fit(job, watcher)


def fit(job: Job, watcher: Watcher) -> Fitted:
    """Cross-validate the trials, then fit the job's pipeline with the best one's parameters.

    A plain run has one trial, which is the pipeline as it is.
    """
    data, plan, pipeline, folds = job.data, job.plan, job.pipeline, job.folds
    rows, columns = data.features.shape
    trials = f", {plan.trials} trials" if plan.space else ""
    log(f"{job.options.model} on {rows} rows, {columns} features, {folds.number} folds{trials}")
    threads = 1 if rows * columns < MANY_CELLS else None
    progress = Progress(job.options.quiet)
    progress.expect(expected_work(plan, job.schema, data, folds))
    with _fit_errors(job.options), shown(progress):
        with threadpool_limits(1 if plan.space else threads):
            ranked = run_trials(
                pipeline, data.features, data.target, folds, plan, watcher, progress
            )
        best = ranked[0]
        if plan.space:
            score = describe_score(best, plan.metric)
            log(f"best of {len(ranked)} trials: trial {best.number}, {score}")
        pipeline.set_params(**{f"{ESTIMATOR}{name}": best.params[name] for name in best.params})
        with threadpool_limits(threads):
            metrics = best.metrics
            if plan.method == "halving":  # which measured it on some of the rows
                metrics = cross_validate(pipeline, data.features, data.target, folds, progress)
            use_one_thread(pipeline.fit(data.features, data.target))
    make_plain(pipeline[0])
    return Fitted(metrics, describe_best(ranked) if plan.space else {})


@contextmanager
def _fit_errors(options: Options) -> Iterator[None]:
    """Blame a value that only the fitting can judge on the parameters, where some were given."""
    try:
        yield
    except ValueError as error:
        if options.model_params:
            given = json.dumps(options.model_params)
            raise WrongCallError(
                f"--model {options.model} cannot be fitted with --model-params {given}: {error}"
            ) from error
        raise StepError(f"--model {options.model} cannot be fitted: {error}") from error


def describe_inputs(schema: Schema, data: Dataset) -> dict[str, str]:
    """Return the run's parameters about the table."""
    rows, columns = data.features.shape
    return {
        "task": schema.task,
        "target": schema.target,
        "rows": str(rows),
        "columns": str(columns),
    }


def describe_model(options: Options, estimator: BaseEstimator) -> dict[str, str]:
    """Return the run's parameters about the model: what was asked for, and all that came of it."""
    settings = estimator.get_params()
    return {
        "model": options.model,
        "model_params": json.dumps(options.model_params, sort_keys=True)[:LONGEST_PARAMETER],
        "seed": str(options.seed),
        **describe_params(settings),
    }


def describe_best(ranked: Sequence[Trial]) -> dict[str, str]:
    """Return the run's parameters that a search found, the best trial being the first."""
    found = (ranked[0].number, sum(bool(trial.error) for trial in ranked))
    return {
        **describe_params(ranked[0].params),
        **{name: str(number) for name, number in zip(FOUND, found, strict=True)},
    }


def add_parameters(params: dict[str, str], options: Options) -> dict[str, str]:
    """Add the user's own parameters; raises WrongCallError where a name is taken."""
    recorded = {*params, *FOUND} if options.search else set(params)
    taken = sorted(recorded & set(options.experiment_parameters))
    if taken:
        raise WrongCallError(
            f"--experiment-parameters: {taken[0]!r} is recorded by train itself; choose another "
            "name"
        )
    return {**params, **options.experiment_parameters}
