from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import kfp_server_api as kfp
import pytest

from pipelines.kubeflow.deployed.trigger import Trigger

# A Monday.
MONDAY = datetime(2026, 11, 30, 3, 0, 5, tzinfo=UTC)


def by_cron(text: str, **limits: datetime) -> Trigger:
    return Trigger.of(
        kfp.V2beta1Trigger(cron_schedule=kfp.V2beta1CronSchedule(cron=text, **limits)), UTC
    )


def by_interval(seconds: int, **limits: datetime) -> Trigger:
    schedule = kfp.V2beta1PeriodicSchedule(interval_second=str(seconds), **limits)
    return Trigger.of(kfp.V2beta1Trigger(periodic_schedule=schedule), UTC)


@pytest.mark.parametrize(
    ("cron", "start"),
    [
        pytest.param("0 0 3 * * *", "2026-12-01 03:00:00", id="the day after"),
        pytest.param("0 0 3 * * MON", "2026-12-07 03:00:00", id="the week after"),
        pytest.param("0 0 3 * * 1-5", "2026-12-01 03:00:00", id="weekdays"),
        pytest.param("0 0 3 * * sat,SUN", "2026-12-05 03:00:00", id="the weekend"),
        pytest.param("0 */30 * * * *", "2026-11-30 03:30:00", id="steps"),
        pytest.param("0 5/20 * * * *", "2026-11-30 03:05:00", id="steps from a minute"),
        pytest.param("6 0 3 * * *", "2026-11-30 03:00:06", id="a second"),
        pytest.param("5 0 3 * * *", "2026-12-01 03:00:05", id="this very second"),
        pytest.param("0 0 3 2 * TUE", "2026-12-01 03:00:00", id="the day or the weekday"),
        pytest.param("0 0 3 ? * TUE", "2026-12-01 03:00:00", id="any day that is a Tuesday"),
        pytest.param("0 0 3 */2 * TUE", "2026-12-01 03:00:00", id="odd days that are Tuesdays"),
        pytest.param("0 0 3 */2 * WED", "2026-12-09 03:00:00", id="odd days that are Wednesdays"),
        pytest.param("0 0 0 29 feb *", "2028-02-29 00:00:00", id="leap day"),
        pytest.param("0 0 0 31 2 *", "", id="never"),
        pytest.param("0 3 * * *", "2026-11-30 03:03:00", id="five fields begin with the second"),
        pytest.param("@hourly", "2026-11-30 04:00:00", id="hourly"),
        pytest.param("@Weekly", "2026-12-06 00:00:00", id="weekly"),
        pytest.param("@monthly", "2026-12-01 00:00:00", id="monthly"),
        pytest.param("@yearly", "2027-01-01 00:00:00", id="yearly"),
        pytest.param("@every 1h30m", "2026-11-30 04:30:05", id="every"),
        pytest.param("@every 90s", "2026-11-30 03:01:35", id="every some seconds"),
    ],
)
def test_the_next_start_is_that_of_kfp(cron: str, start: str) -> None:
    found = by_cron(cron).after(MONDAY)
    assert (f"{found:%Y-%m-%d %H:%M:%S}" if found else "") == start


@pytest.mark.parametrize("cron", ["", "@noon", "0 0 3 * *  MONDAY", "1 2 3", "0 0 25 * * *"])
def test_of_a_schedule_that_cannot_be_read_the_start_is_not_known(cron: str) -> None:
    trigger = by_cron(cron)
    assert not trigger.readable
    assert trigger.after(MONDAY) is None


def test_the_time_is_that_of_the_zone() -> None:
    trigger = Trigger("0 30 3 * * *", None, None, None, ZoneInfo("Europe/Berlin"))
    assert trigger.after(MONDAY) == datetime(2026, 12, 1, 2, 30, tzinfo=UTC)
    summer = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert trigger.after(summer) == datetime(2026, 7, 2, 1, 30, tzinfo=UTC)


def test_an_interval_begins_with_the_last_start() -> None:
    assert by_interval(5400).after(MONDAY) == MONDAY + timedelta(minutes=90)


def test_nothing_starts_before_the_begin_or_after_the_end() -> None:
    later = MONDAY + timedelta(days=3)
    assert by_interval(60, start_time=later).after(MONDAY) == later
    begun = by_cron("0 0 4 * * *", start_time=later).after(MONDAY)
    assert begun == datetime(2026, 12, 3, 4, tzinfo=UTC)
    assert by_cron("@daily", end_time=MONDAY + timedelta(hours=20)).after(MONDAY) is None
    assert by_interval(60, end_time=MONDAY).after(MONDAY) is None


def test_a_schedule_without_a_trigger_starts_nothing() -> None:
    assert Trigger.of(None, UTC).after(MONDAY) is None
