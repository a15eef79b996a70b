import re

import pytest

from pipelines.kubeflow.cron import kfp_cron, shown
from pipelines.system.errors import UsageError


@pytest.mark.parametrize(
    ("text", "cron"),
    [
        pytest.param("30 3 * * *", "0 30 3 * * *", id="five fields"),
        pytest.param(" 0  3 * * * ", "0 0 3 * * *", id="spaces"),
        pytest.param("*/15 8-18/2 1,15 jan-MAR 1-5", "0 */15 8-18/2 1,15 jan-MAR 1-5", id="all"),
        pytest.param("5/10 ? * * sun,Sat", "0 5/10 ? * * sun,Sat", id="KFP's own"),
        pytest.param("30 0 3 * * 6", "30 0 3 * * 6", id="six fields"),
        pytest.param("59 23 31 12 0", "0 59 23 31 12 0", id="the highest"),
        pytest.param("0 0 31 1-6/2 *", "0 0 0 31 1-6/2 *", id="long months"),
        pytest.param("0 0 29 2 *", "0 0 0 29 2 *", id="leap day"),
        pytest.param("0 0 31 2 mon", "0 0 0 31 2 mon", id="a day or a weekday"),
        pytest.param("@daily", "@daily", id="word"),
        pytest.param("@Weekly", "@weekly", id="word in capitals"),
        pytest.param("@every 6h", "@every 6h", id="every"),
        pytest.param("@every  1h30m", "@every 1h30m", id="every with minutes"),
    ],
)
def test_a_schedule_is_translated_for_kfp(text: str, cron: str) -> None:
    assert kfp_cron(text) == cron


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("60 3 * * *", "minute '60' is not 0 to 59, *, a list", id="minute"),
        pytest.param("0 24 * * *", "hour '24' is not 0 to 23,", id="hour"),
        pytest.param("0 3 0 * *", "day '0' is not 1 to 31,", id="day"),
        pytest.param("0 3 * 13 *", "month '13' is not 1 to 12 (or jan to dec),", id="month"),
        pytest.param("0 3 * * 7", "weekday '7' is not 0 to 6 (or sun to sat),", id="weekday"),
        pytest.param("60 0 3 * * *", "second '60' is not 0 to 59,", id="second"),
        pytest.param("0 3 * * fry", "weekday 'fry' is not", id="unknown weekday"),
        pytest.param("jan 3 * * *", "minute 'jan' is not", id="name elsewhere"),
        pytest.param("9-5 3 * * *", "minute '9-5' is not", id="backwards"),
        pytest.param("*/0 3 * * *", "minute '*/0' is not", id="step of zero"),
        pytest.param("*/x 3 * * *", "minute '*/x' is not", id="step that is not a number"),
        pytest.param("*-5 3 * * *", "minute '*-5' is not", id="star in a range"),
        pytest.param("1,,2 3 * * *", "minute '1,,2' is not", id="empty part"),
        pytest.param("1- 3 * * *", "minute '1-' is not", id="half a range"),
        pytest.param("1-2-3 3 * * *", "minute '1-2-3' is not", id="two dashes"),
        pytest.param("-1 3 * * *", "minute '-1' is not", id="negative"),
        pytest.param("² 3 * * *", "minute '²' is not", id="other digits"),
        pytest.param("0 3 * *", "has 4 fields; give five fields (minute hour day", id="four"),
        pytest.param("", "has 0 fields", id="empty"),
        pytest.param("0 0 0 3 * * *", "has 7 fields", id="seven"),
        pytest.param("@noon", "is not a schedule; give five fields", id="unknown word"),
        pytest.param("@every", "or @every 6h", id="every without a duration"),
        pytest.param("@every 0m", "or @every 6h", id="every zero minutes"),
        pytest.param("@every 6 h", "or @every 6h", id="every with a space"),
        pytest.param("@every 2d", "or @every 6h", id="every days"),
    ],
)
def test_an_invalid_schedule_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(f"--schedule {text!r}")) as raised:
        kfp_cron(text)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("cron", "text"),
    [
        ("0 30 3 * * *", "30 3 * * *"),
        ("15 30 3 * * *", "15 30 3 * * *"),
        ("0 30 3 * *", "0 30 3 * *"),
        ("@daily", "@daily"),
    ],
)
def test_a_schedule_is_shown_as_it_was_written(cron: str, text: str) -> None:
    assert shown(cron) == text
