"""One call of train after its inputs and options were checked."""

from __future__ import annotations

from dataclasses import dataclass

from sklearn.pipeline import Pipeline

from pinion_step.errors import StepError
from pinion_step.formats.profile import Profile
from train.data.dataset import Dataset, read_dataset
from train.data.profile import read_profile_of
from train.data.schema import Schema, read_schema
from train.log import log
from train.model.cross_validation import Folds, choose_folds
from train.model.footprint import check_memory
from train.model.pipeline import build_pipeline
from train.models import find_model
from train.options import Options
from train.search.plan import describe_plan, plan_search
from train.search.trials import Plan
from train.tracking.description import describe_fit
from train.tracking.parameters import refuse_taken_names, run_parameters


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

    @property
    def fit(self) -> str:
        """What is fitted to what, for people."""
        return describe_fit(self.options.model, self.schema, self.data)


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
    refuse_taken_names(params, pipeline[-1], options)
    params |= options.experiment_parameters
    # The values that the trials vary are known only after the search.
    varied = set(plan.space) if plan else set()
    known = {name: value for name, value in params.items() if name not in varied}
    return Job(options, schema, data, profile, pipeline, folds, plan, known)
