"""Keep the schedule of a pipeline: one recurring run on a cluster, as it was last requested."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import kfp_server_api as kfp
from google.protobuf.struct_pb2 import Struct

from pipelines.compiled.values import Value
from pipelines.kubeflow.api.client import Api, identity
from pipelines.kubeflow.cron import shown
from pipelines.kubeflow.runs import experiment_id
from pipelines.kubeflow.versions import remove
from pipelines.system.errors import PinionError

# The description names the account, because KFP reports its default account if none was requested.
_ACCOUNT = "service account "
_KEPT = "Kept by python -m pipelines.deploy"
# Several attempts, because others may change the list at the same time.
_ROUNDS = 8


@dataclass(frozen=True)
class Schedule:
    """The schedule that is requested; its name is that of its pipeline."""

    name: str
    cron: str
    parameters: Mapping[str, Value]
    experiment: str
    service_account: str
    namespace: str = ""
    pipeline_id: str = ""
    version_id: str = ""


@dataclass(frozen=True)
class Recurring:
    """A recurring run as the API describes it; `cron` is empty for another kind of trigger."""

    id: str
    name: str
    version_id: str
    cron: str
    parameters: Mapping[str, Any]
    experiment_id: str
    service_account: str
    description: str
    paused: bool
    made: str

    @classmethod
    def of(cls, run: Any) -> "Recurring":
        """Convert the API's object; raise `PinionError` if it has no id."""
        trigger = run.trigger.cron_schedule if run.trigger else None
        version = run.pipeline_version_reference or run
        return cls(
            identity(run, "recurring_run_id"),
            str(run.display_name or ""),
            str(version.pipeline_version_id or ""),
            str(trigger.cron or "") if trigger else "",
            (run.runtime_config.parameters if run.runtime_config else None) or {},
            str(run.experiment_id or ""),
            str(run.service_account or ""),
            str(run.description or ""),
            run.status == "DISABLED" if run.status else run.mode == "DISABLE",
            str(run.created_at or ""),
        )

    @property
    def when(self) -> str:
        """When it runs, as the user wrote it."""
        return shown(self.cron) if self.cron else "at an interval"

    def fits(self, schedule: Schedule, experiment: str) -> bool:
        """Return whether it is the requested schedule, paused or not."""
        asked = schedule.service_account
        return (
            (self.version_id, self.cron) == (schedule.version_id, schedule.cron)
            and _message(self.parameters) == _message(schedule.parameters)
            and self.experiment_id == experiment
            and (self.service_account == asked if asked else _ACCOUNT not in self.description)
        )


def recurring_runs(api: Api, pipeline_id: str, namespace: str) -> list[Recurring]:
    """Return all recurring runs of a pipeline's versions, in the same order for every caller.

    A pipeline that does not exist has an empty id, and none of them.
    """
    if not pipeline_id:
        return []
    call = api.recurring_runs.recurring_run_service_list_recurring_runs
    found = [
        Recurring.of(each)
        for each in api.pages(call, "recurring_runs", namespace=namespace or None)
        if each.pipeline_version_reference
        and each.pipeline_version_reference.pipeline_id == pipeline_id
    ]
    return sorted(found, key=lambda each: (each.made, each.id))


def own(api: Api, pipeline_id: str, name: str, namespace: str) -> list[Recurring]:
    """Return the recurring runs that this program keeps, of which there should be one."""
    return [each for each in recurring_runs(api, pipeline_id, namespace) if each.name == name]


def find(there: Iterable[Recurring], schedule: Schedule, experiment: str) -> Recurring | None:
    """Return the recurring run that is the requested one; of several, the same for every caller."""
    fitting = [each for each in there if each.fits(schedule, experiment)]
    return min(fitting, key=lambda each: each.paused, default=None)


def keep(api: Api, schedule: Schedule) -> Recurring:
    """Make the requested schedule the only recurring run of its pipeline, and return it.

    The old one is deleted after the new one was created. If the old one is paused, so is the new
    one.
    """
    experiment = experiment_id(api, schedule.experiment, schedule.namespace)
    there = _own(api, schedule)
    paused = bool(there) and all(each.paused for each in there)
    made = ""
    for _ in range(_ROUNDS):
        # Also accept one that KFP describes otherwise than it was created.
        kept = find(there, schedule, experiment) or next(
            (each for each in there if each.id == made), None
        )
        if kept is None:
            made = _make(api, schedule, experiment, paused).id
        elif len(there) == 1:
            return kept
        else:
            for each in there:
                if each.id != kept.id:
                    delete(api, each)
        # A concurrent call may have deleted this one and created another.
        there = _own(api, schedule)
    raise PinionError(
        f"the schedule of pipeline {schedule.name!r} keeps changing; another deployment may be"
        " running, so try again when it is done"
    )


def delete(api: Api, recurring: Recurring) -> None:
    """Delete a recurring run; the runs that it started are kept."""
    call = api.recurring_runs.recurring_run_service_delete_recurring_run
    remove(api, call, recurring_run_id=recurring.id)


def _own(api: Api, schedule: Schedule) -> list[Recurring]:
    return own(api, schedule.pipeline_id, schedule.name, schedule.namespace)


def _message(parameters: Mapping[str, Any]) -> Struct:
    """Return the parameters as KFP stores them, with every number as a double."""
    message = Struct()
    message.update(parameters)
    return message


def _make(api: Api, schedule: Schedule, experiment: str, paused: bool) -> Recurring:
    account = schedule.service_account
    run = kfp.V2beta1RecurringRun(
        display_name=schedule.name,
        description=f"{_KEPT}, {_ACCOUNT}{account}" if account else _KEPT,
        experiment_id=experiment,
        namespace=schedule.namespace or None,
        pipeline_version_reference=kfp.V2beta1PipelineVersionReference(
            pipeline_id=schedule.pipeline_id, pipeline_version_id=schedule.version_id
        ),
        runtime_config=kfp.V2beta1RuntimeConfig(parameters=dict(schedule.parameters)),
        service_account=account or None,
        trigger=kfp.V2beta1Trigger(cron_schedule=kfp.V2beta1CronSchedule(cron=schedule.cron)),
        mode=kfp.RecurringRunMode.DISABLE if paused else kfp.RecurringRunMode.ENABLE,
        # A late run does not overlap the next one, and missed runs are not made up for.
        max_concurrency="1",
        no_catchup=True,
    )
    call = api.recurring_runs.recurring_run_service_create_recurring_run
    return api.create(
        lambda: Recurring.of(call(recurring_run=run)),
        lambda: find(_own(api, schedule), schedule, experiment),
        unique=False,
    )
