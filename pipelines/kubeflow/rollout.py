"""Deploy a release, or report what would be done, one line for each object on the cluster."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from shlex import quote

from pipelines.compiled.file import PipelineFile
from pipelines.kubeflow import schedules, versions
from pipelines.kubeflow.api.client import Api
from pipelines.kubeflow.cron import shown
from pipelines.kubeflow.descriptions import of_pipeline
from pipelines.kubeflow.following.follow import COMMAND
from pipelines.kubeflow.runs import find_experiment, going_on
from pipelines.kubeflow.schedules import Recurring, Schedule
from pipelines.kubeflow.versions import Version
from pipelines.system.errors import PinionError


@dataclass(frozen=True)
class Deploying:
    """A release and its destination; a dry run only reads, and reports what would be done."""

    api: Api
    namespace: str
    tag: str
    dry_run: bool

    def deploy(self, file: PipelineFile, schedule: Schedule | None) -> Iterator[str]:
        """Create the pipeline, the version and the schedule that do not exist yet.

        A second call does nothing. Without a schedule, an existing one is kept. Raises
        `PinionError`, and keeps the schedule, if it would change while a run of it is going on.
        """
        found = versions.find_pipeline(self.api, file.name, self.namespace)
        pipeline_id = found
        if not found and not self.dry_run:
            about = of_pipeline(file)
            pipeline_id = versions.make_pipeline(self.api, file.name, self.namespace, about)
        yield _line(
            "pipeline", file.name, pipeline_id, "exists" if found else self._done("created")
        )
        there = versions.versions(self.api, pipeline_id) if pipeline_id else []
        version, done = self._version(pipeline_id, there, file)
        yield _line("version", version.name, version.id, done)
        names = {each.id: each.name for each in (*there, version)}
        runs = schedules.own(self.api, pipeline_id, file.name, self.namespace)
        if schedule:
            schedule = replace(
                schedule, pipeline_id=pipeline_id, version_id=version.id, namespace=self.namespace
            )
            yield from self._schedule(schedule, runs, names)
        else:
            yield from _left_alone(runs, version, names)
        if version.id:
            page = f"pipelines/details/{pipeline_id}/version/{version.id}"
            yield f"dashboard  {self.api.endpoint.page(page)}"

    def remove(self, name: str) -> Iterator[str]:
        """Delete the versions of the release, and before them the schedule that runs one.

        Raises `PinionError`, and deletes nothing, if someone else's recurring run uses one of them,
        or if a run of the schedule is going on.
        """
        pipeline_id = versions.find_pipeline(self.api, name, self.namespace)
        there = versions.versions(self.api, pipeline_id) if pipeline_id else []
        removed = {each.id: each for each in there if each.is_of(self.tag)}
        if not removed:
            yield _line("version", self.tag, "", "does not exist")
            return
        names = {each.id: each.name for each in removed.values()}
        runs = [
            each
            for each in schedules.recurring_runs(self.api, pipeline_id, self.namespace)
            if each.version_id in removed
        ]
        _refuse_others(runs, name, names)
        self._hold_back(runs)
        for run in runs:
            if not self.dry_run:
                schedules.delete(self.api, run)
            yield _run_line(run, names, self._done("removed"))
        for version in removed.values():
            if not self.dry_run:
                versions.remove_version(self.api, pipeline_id, version)
            yield _line("version", version.name, version.id, self._done("removed"))

    def _done(self, what: str) -> str:
        return f"would be {what}" if self.dry_run else what

    def _version(
        self, pipeline_id: str, there: Iterable[Version], file: PipelineFile
    ) -> tuple[Version, str]:
        """Return the version, and what was done; its id is empty if it does not exist."""
        name, version = versions.chosen(there, self.tag, file)
        done = "exists" if version else self._done("uploaded")
        if version is None and self.dry_run:
            version = Version("", name, file)
        version = version or versions.upload(self.api, pipeline_id, self.tag, file)
        if version.name != self.tag:
            done += f"; {self.tag} has other cluster settings and is kept"
        return version, done

    def _schedule(
        self, schedule: Schedule, there: list[Recurring], names: Mapping[str, str]
    ) -> Iterator[str]:
        experiment = find_experiment(self.api, schedule.experiment, self.namespace)
        kept = schedules.find(there, schedule, experiment)
        self._hold_back(each for each in there if each != kept)
        if not self.dry_run:
            kept = schedules.keep(self.api, schedule)
        if kept is None:
            what = f"{shown(schedule.cron)} → {names[schedule.version_id]}"
            yield _line("schedule", what, "", self._done("created"))
        else:
            known = kept.id in [each.id for each in there]
            yield _run_line(kept, names, "exists" if known else "created")
        for each in there:
            if kept is None or each.id != kept.id:
                yield _run_line(each, names, self._done("removed"))

    def _hold_back(self, going: Iterable[Recurring]) -> None:
        """Raise `PinionError` if a recurring run that is to be deleted has a run going on.

        Kubernetes deletes the pods of that run too, and KFP shows it as running for ever.
        """
        for each in going:
            if run := going_on(self.api, each.id, self.namespace):
                raise PinionError(
                    f"the schedule {each.when} has a run going on, {run.name!r}, which would be"
                    f" lost if the schedule was deleted now; wait for its end with {COMMAND}"
                    f" --follow {run.id}, or end it with --stop {run.id}, and repeat this call"
                )


def _left_alone(
    runs: Iterable[Recurring], version: Version, names: Mapping[str, str]
) -> Iterator[str]:
    for run in runs:
        done = "exists"
        if run.version_id != version.id:
            done += f"; give --schedule {quote(run.when)} and its parameters to move it"
            done += f" to {version.name}"
        yield _run_line(run, names, done)


def _refuse_others(runs: Iterable[Recurring], name: str, names: Mapping[str, str]) -> None:
    for run in runs:
        if run.name != name:
            raise PinionError(
                f"recurring run {run.name!r} ({run.id}) runs {names[run.version_id]}, and"
                " pipelines.deploy did not create it; delete it first if nobody needs it"
            )


def _run_line(run: Recurring, names: Mapping[str, str], done: str) -> str:
    runs = names.get(run.version_id, run.version_id)
    return _line("schedule", f"{run.when} → {runs}", run.id, done + ", paused" * run.paused)


def _line(label: str, what: str, identity: str, done: str) -> str:
    return f"{label:<9}  {what}" + (f" ({identity})" if identity else "") + f" {done}"
