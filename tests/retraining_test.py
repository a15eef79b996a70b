"""A schedule that looks often: it trains if there is a reason, and only then."""

import random
import re
import resource
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.running import Finished, client, command, environment, params, run

pytestmark = pytest.mark.slow(reason="the course of a schedule is eight runs, of which three train")

# Nobody can guess the answers of a tenth of the people.
UNREACHED = params(thresholds='{"accuracy": 0.9999}')


@dataclass(frozen=True)
class Schedule:
    """A table, and the runs that look at it, in one folder."""

    folder: Path

    @property
    def output(self) -> Path:
        return self.folder / "runs"

    @property
    def given(self) -> tuple[str, ...]:
        return (
            "--register",
            *params(
                source=self.folder / "people.csv",
                target="bought",
                model="logistic_regression",
                registered_model_name="shop",
                retrain="on_drift",
            ),
        )

    def write(self, years: int) -> None:
        """Write people who are so many years older than at first; many buy when they are old."""
        draw = random.Random(7)  # noqa: S311  # of a test
        with (self.folder / "people.csv").open("w") as file:
            file.write("age,city,bought\n")
            for _ in range(600):
                age, city = round(draw.gauss(40, 9)) + years, draw.choice("ABC")
                bought = (age > 42 + years) != (draw.random() < 0.1)
                file.write(f"{age},{city},{'yes' if bought else 'no'}\n")

    def look(self, *more: str) -> Finished:
        """Run as the schedule does."""
        return run(self.output, *self.given, *more)

    def look_twice_at_once(self) -> list[Finished]:
        processes = [
            subprocess.Popen(
                command(self.output, *self.given),
                env=environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        said = [each.communicate(timeout=600) for each in processes]
        return [
            Finished(each.returncode, *texts, self.output)
            for each, texts in zip(processes, said, strict=True)
        ]

    def age_the_champion(self, days: int) -> None:
        with closing(sqlite3.connect(self.output / "mlflow.db")) as database, database:
            database.execute(
                "UPDATE model_versions SET creation_time = creation_time - ?", (days * 86_400_000,)
            )

    def trained(self) -> int:
        """Return how often a model was trained."""
        mlflow = client(self.output)
        experiment = mlflow.get_experiment_by_name("pinion")
        assert experiment
        return len(mlflow.search_runs([experiment.experiment_id]))

    def versions(self) -> dict[int, str]:
        """Return the reason of each version."""
        found = client(self.output).search_model_versions("name='shop'")
        return {int(each.version): each.tags["pinion.why"] for each in found}

    def champion(self) -> int:
        return int(client(self.output).get_model_version_by_alias("shop", "champion").version)


def ran(finished: Finished) -> list[str]:
    return re.findall(r"^[\d:]+ (\S+): running \(", finished.stderr, re.MULTILINE)


def assert_trained_nothing(finished: Finished, ran_steps: list[str], words: str) -> None:
    """Check that a run ended well without a model, and which steps it needed to see that."""
    assert finished.code == 0, finished.stderr
    assert ran(finished) == ran_steps
    for step in ("train", "evaluate", "register"):
        assert f" {step}: skipped (decide: " in finished.stderr
    last = finished.stdout.splitlines()[-1]
    assert last.startswith("not retrained: ")
    assert words in last


def test_the_course_of_a_schedule(tmp_path: Path) -> None:
    schedule = Schedule(tmp_path)
    schedule.write(years=0)
    first = schedule.look()
    assert first.code == 0, first.stderr
    assert first.shown("retrained") == "there is no champion to compare with"
    assert (schedule.champion(), schedule.versions()) == (1, {1: "no_champion"})

    nothing_changes(schedule)
    the_data_drift(schedule)
    the_champion_expires(schedule)
    a_candidate_is_refused(schedule)
    assert (schedule.champion(), len(schedule.versions())) == (2, 2)


def nothing_changes(schedule: Schedule) -> None:
    same = "same data, parameters and release as shop/1"
    # The champion is another one than before the first run.
    assert_trained_nothing(schedule.look(), ["resolve", "decide"], same)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert_trained_nothing(schedule.look(), ["resolve"], same)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Other tests use the cores too; the processes of this run took so long altogether.
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert spent < 2, f"a look at unchanged data took {spent:.1f} s of a core"


def the_data_drift(schedule: Schedule) -> None:
    schedule.write(years=20)
    looks = schedule.look_twice_at_once()
    assert [each.code for each in looks] == [0, 0], [each.stderr for each in looks]
    # The second one waited for the model of the first, or came after it and found nothing to do.
    assert schedule.trained() == 2
    assert schedule.champion() == 2
    assert schedule.versions()[2].startswith("drift:age ")
    assert len(schedule.versions()) == 2


def the_champion_expires(schedule: Schedule) -> None:
    schedule.age_the_champion(days=2)
    look = schedule.look(*params(max_age="1d"))
    words = "as shop/2; max_age has passed, but the model would be the same"
    assert_trained_nothing(look, ["resolve", "decide"], words)
    assert schedule.trained() == 2


def a_candidate_is_refused(schedule: Schedule) -> None:
    schedule.write(years=40)
    refused = schedule.look(*UNREACHED)
    assert refused.code == 1
    assert "step 'register' failed" in refused.stderr
    assert schedule.trained() == 3
    words = "has not passed the same evaluation before"
    assert_trained_nothing(schedule.look(*UNREACHED), ["resolve", "decide"], words)
    assert schedule.trained() == 3
