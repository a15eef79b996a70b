"""Write down how schedules stand: as lines for people, and as a document for programs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipelines.kubeflow.deployed.judging import OVERDUE, PAUSED, Standing, moment
from pipelines.kubeflow.deployed.telling import Told

Line = tuple[str, str]


@dataclass(frozen=True)
class Report:
    """How the schedules of a cluster stand, and its runs that lost their schedule.

    `page` returns the address of a page of the dashboard.
    """

    standings: Sequence[Standing]
    lost: Sequence[Told]
    now: datetime
    page: Callable[[str], str]

    @property
    def bad(self) -> list[Standing]:
        """The schedules that someone has to look at."""
        return [each for each in self.standings if each.bad]

    def summary(self) -> str:
        """Return in a line which schedules are bad."""
        named = ", ".join(f"{each.schedule.name} ({each.state})" for each in self.bad)
        return f"{len(self.bad)} of {len(self.standings)} schedules need attention: {named}"

    def lines(self) -> Iterator[Line]:
        """Yield labels and texts, those of each schedule together."""
        if not self.standings:
            yield "schedule", "none"
        for standing in self.standings:
            yield from self._schedule(standing)
        for told in self.lost:
            yield "run", f"{told.started.run.name!r} {told.state}: {told.reason}"
            yield "page", self.link(told)

    def document(self) -> dict[str, Any]:
        """Return the same for JSON; times are in UTC."""
        return {
            "checked": _time(self.now),
            "ok": not self.bad,
            "schedules": [self.fields(each) for each in self.standings],
            "lost": [self._run(each) for each in self.lost],
        }

    def fields(self, standing: Standing) -> dict[str, Any]:
        """Return what is known of a schedule, for JSON."""
        schedule = standing.schedule
        return {
            "id": schedule.id,
            "name": schedule.name,
            "when": schedule.when,
            "version": schedule.version,
            "state": standing.state,
            "reason": standing.reason,
            "bad": standing.bad,
            "due": _time(standing.due),
            "page": self._page(standing),
            "runs": [self._run(each) for each in standing.runs],
        }

    def link(self, told: Told) -> str:
        """Return the address of a run's page."""
        return self.page(f"runs/details/{told.started.run.id}")

    def link_of(self, standing: Standing) -> str:
        """Return the page of the run that is the reason, else that of the schedule."""
        ended = [each for each in standing.runs if each.started.run.ended]
        if ended and standing.state == ended[0].state:
            return self.link(ended[0])
        waits_for = [each for each in standing.runs if each.started.run.id in standing.reason]
        return self.link(waits_for[0]) if waits_for else self._page(standing)

    def _page(self, standing: Standing) -> str:
        return self.page(f"recurringrun/details/{standing.schedule.id}")

    def _schedule(self, standing: Standing) -> Iterator[Line]:
        schedule = standing.schedule
        version = f"{schedule.version}, " if schedule.version else ""
        of_run = standing.reason in [each.reason for each in standing.runs]
        why = f": {standing.reason}" if standing.reason and not of_run else ""
        yield "schedule", f"{schedule.name}: {schedule.when} → {version}{standing.state}{why}"
        for told in standing.runs:
            reason = f": {told.reason}" if told.reason else ""
            yield "run", f"{moment(schedule, told.started.created)} {told.state}{reason}"
            yield "page", self.link(told)
        if standing.state == OVERDUE:
            # The reason says when the next run should have started.
            return
        if standing.due:
            held_up = standing.due < self.now and standing.runs and standing.runs[0].goes_on
            after = ", as soon as the run before it has ended" if held_up else ""
            yield "next", f"{moment(schedule, standing.due)}{after}"
        elif standing.state != PAUSED and not schedule.trigger.readable:
            yield "next", f"not known: {schedule.when!r} is not in a form that is understood"

    def _run(self, told: Told) -> dict[str, Any]:
        started = told.started
        return {
            "id": started.run.id,
            "name": started.run.name,
            "state": told.state,
            "reason": told.reason,
            "started": _time(started.created),
            "ended": _time(started.finished),
            "page": self.link(told),
        }


def _time(moment: datetime | None) -> str | None:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment else None
