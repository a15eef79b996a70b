"""Say when a schedule starts its next run, as KFP's controller decides it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import product
from typing import Any

from pipelines.kubeflow.cron import Field, fields_of, interval_of

# Some days come every fourth year, and rarely every eighth.
_DAYS = 366 * 8


@dataclass(frozen=True)
class Trigger:
    """When a schedule starts runs: by its cron text in a time zone, or by an interval."""

    cron: str
    interval: timedelta | None
    begin: datetime | None
    end: datetime | None
    zone: tzinfo

    @classmethod
    def of(cls, trigger: Any, zone: tzinfo) -> "Trigger":
        """Convert the API's object, which may be missing."""
        cron = trigger.cron_schedule if trigger else None
        periodic = trigger.periodic_schedule if trigger else None
        text = str(cron.cron or "") if cron else ""
        interval = interval_of(text)
        if periodic and periodic.interval_second:
            interval = timedelta(seconds=int(periodic.interval_second))
        limits = cron or periodic
        begin, end = (limits.start_time, limits.end_time) if limits else (None, None)
        return cls(text, interval, begin, end, zone)

    @property
    def readable(self) -> bool:
        """Whether it is known when the next run starts."""
        return self.interval is not None or fields_of(self.cron) is not None

    def after(self, moment: datetime) -> datetime | None:
        """Return the first start after a moment; None if there is none or it is not known."""
        # KFP takes the begin of an interval for its first start.
        if self.begin and self.begin > moment:
            if self.interval and not self.cron:
                return self.begin
            moment = self.begin
        if self.interval:
            found: datetime | None = moment + self.interval
        else:
            fields = fields_of(self.cron)
            found = next(_starts(fields, moment.astimezone(self.zone)), None) if fields else None
        return None if found and self.end and found > self.end else found


def _starts(fields: Mapping[str, Field], moment: datetime) -> Iterator[datetime]:
    """Yield the starts after a moment, in its time zone."""
    times = [sorted(fields[name].values) for name in ("hour", "minute", "second")]
    for number in range(_DAYS):
        day = moment.date() + timedelta(days=number)
        if not _is_day(fields, day):
            continue
        for hour, minute, second in product(*times):
            start = datetime(
                day.year, day.month, day.day, hour, minute, second, tzinfo=moment.tzinfo
            ).astimezone(UTC)
            if start > moment:
                yield start


def _is_day(fields: Mapping[str, Field], day: date) -> bool:
    """Return whether there are starts on a day: as in crontab, a day or a weekday will do."""
    of_month, of_week = fields["day"], fields["weekday"]
    found = (day.day in of_month.values, day.isoweekday() % 7 in of_week.values)
    either = not (of_month.every or of_week.every)
    return day.month in fields["month"].values and (any(found) if either else all(found))
