"""The step: read and check the inputs, cross-validate, fit, log, and write the outputs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from pinion_step.errors import StepError, WrongCallError
from pinion_step.formats.profile import Profile
from pinion_step.kfp.executor_output import describe
from pinion_step.mlflow import answers, connect, resolve_uri
from pinion_step.outputs import Staged, staged, to_json, write_text
from pinion_step.store import prepare_store
from train.data.dataset import Dataset, read_dataset
from train.data.profile import read_profile_of
from train.data.schema import Schema, read_schema
from train.log import log
from train.model.cross_validation import METRICS, Folds, Metrics, choose_folds, cross_validate
from train.model.footprint import check_memory
from train.model.low_memory import make_plain
from train.model.many_classes import warn
from train.model.pipeline import build_pipeline, use_one_thread
from train.models import find_model
from train.options import Options
from train.progress import Progress, shown
from train.search.plan import describe_plan, expected_work, plan_search
from train.search.rounds import ESTIMATOR
from train.search.search import run_trials
from train.search.trials import Plan, Trial, describe_params, describe_score
from train.tracking.parameters import FOUND, refuse_taken_names, run_parameters

if TYPE_CHECKING:
    from train.tracking.run import Run

# Below this size, the threads of BLAS and OpenMP cost more than they bring, and the last digits
# depend on the machine's cores. A random forest has threads of its own, which stay.
MANY_CELLS = 5_000_000
# What KFP's pages call the metrics; those of evaluate have the name `metrics` too.
SHOWN = {"display_name": "cross-validated metrics"}


@dataclass(frozen=True)
class Job:
    """A checked call: the inputs, the unfitted pipeline and the known parameters of the run."""

    options: Options
    schema: Schema
    data: Dataset
    profile: Profile
    pipeline: Pipeline
    folds: Folds
    plan: Plan | None
    params: dict[str, str]

    @property
    def tags(self) -> dict[str, str]:
        """The tag of the run that says which data its profile is of."""
        return {"pinion.dataset": self.profile.dataset}


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


def prepare(options: Options) -> Job:
    """Read the inputs, and check them against each other and the options."""
    schema = read_schema(options.schema)
    check_memory(options, schema, find_model(schema.task, options.model).family)
    data = read_dataset(options.train_data, schema)
    profile = read_profile_of(options.profile, schema, data)
    try:
        number = choose_folds(data.target, schema.task, options.cv_folds)
    except ValueError as error:
        raise StepError(f"--train-data {options.train_data}: {error}") from error
    if number < options.cv_folds:
        log(
            f"using {number} folds instead of {options.cv_folds}, because the rarest class has too "
            "few rows"
        )
    pipeline = build_pipeline(
        schema, data.features, data.target, options.model, options.model_params, options.seed
    )
    folds = Folds(schema.task, number, options.seed, schema.positive_class)
    plan = plan_search(options, schema, data, folds, pipeline[-1])
    params = run_parameters(options, schema, data, folds, pipeline[-1])
    if options.search and plan:
        params |= describe_plan(options.search, plan)
    refuse_taken_names(params, options)
    params |= options.experiment_parameters
    # The values that the trials vary are known only after the search.
    varied = {f"estimator.{name}" for name in plan.space} if plan else set()
    known = {name: value for name, value in params.items() if name not in varied}
    return Job(options, schema, data, profile, pipeline, folds, plan, known)


def fit_and_log(job: Job, uri: str, outputs: Staged) -> str:
    """Cross-validate and fit inside one MLflow run, and publish the outputs before it ends."""
    # MLflow takes a second to import; a wrong call must not wait for it.
    from train.lineage import log_lineage
    from train.model import logged_model
    from train.tracking import run as tracking
    from train.tracking.parent import find_place

    options, data = job.options, job.data
    client = connect(uri)
    with answers(uri, f"the experiment {options.experiment!r}"):
        experiment_id, links = find_place(client, options.experiment, os.environ)
        tags = tracking.run_tags(data.source, data.sha256, os.environ) | links | job.tags
        with tracking.tracked_run(client, experiment_id, options.model, tags) as run:
            run.log_params(job.params)
            signature = logged_model.make_signature(job.schema, data.features)
            run.log_dataset(data.source, job.profile, signature.inputs, len(data.target))
            metrics, found = fit(job, run, tags)
            run.log_params(found)
            with tracking.tracked_model(run, options.model, {**job.params, **found}) as logged:
                folder = outputs["--trained-model"]
                logged_model.save_model(job.pipeline, job.schema, data.features, logged, folder)
                client.log_model_artifacts(logged.model_id, str(folder))
                run.log_metrics(metrics, logged.model_id)
            ids = {"--run-id": run.run_id, "--model-id": logged.model_id}
            write_documents(ids, metrics, options, outputs)
            log_lineage(run, options, data, outputs["--metrics"])
            outputs.publish()
    score = describe_score(metrics, METRICS[job.schema.task][0])
    return f"run {run.run_id}, model {logged.model_id}, cross-validated {score}"


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


def fit(job: Job, run: Run, tags: Mapping[str, str]) -> tuple[Metrics, dict[str, str]]:
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
    metrics: Metrics | None = None
    found: dict[str, str] = {}
    with _fit_errors(job.options), shown(progress):
        if plan:
            best, found = search(job, plan, run, tags, progress)
            # A halving search has measured the best trial on some of the rows only.
            metrics = None if plan.method == "halving" else best.metrics
        with threadpool_limits(1 if rows * columns < MANY_CELLS else None):
            metrics = metrics or cross_validate(
                pipeline, data.features, data.target, folds, progress.ended
            )
            use_one_thread(pipeline.fit(data.features, data.target))
    make_plain(pipeline[0])
    return metrics, found


def search(
    job: Job, plan: Plan, run: Run, tags: Mapping[str, str], progress: Progress
) -> tuple[Trial, dict[str, str]]:
    """Set the best trial's parameters; return the trial and the parameters of the run about it."""
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
    numbers = (best.number, sum(bool(trial.error) for trial in ranked))
    found = zip(FOUND, map(str, numbers), strict=True)
    return best, {**describe_params(best.params), **dict(found)}


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
