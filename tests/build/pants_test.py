"""Call Pants for a few files as pull requests do: lint, types, and tests with their servers."""

import pytest

from tests.build.tree import DAEMON, ROOT, call

pytestmark = pytest.mark.slow(reason="drives Pants")

# A test that starts servers, one across components, and one of the pipelines.
FILES = (
    "components/pull_data/pull_data/sources/object_store_test.py",
    "tests/contract_test.py",
    "pipelines/compiled/values_test.py",
)


def test_files_are_linted_type_checked_and_tested() -> None:
    goals = ("lint", "check", "test")
    chosen = "--pytest-args=-k 'becomes_a_dataset or default or whole'"
    done = call(ROOT, "./pants", *goals, chosen, *FILES, **DAEMON)
    assert done.returncode == 0, done.stderr + done.stdout
    ended = [line for line in done.stderr.splitlines() if " succeeded" in line]
    for each in ("black", "ruff", "mypy", *FILES):
        assert [line for line in ended if each in line], done.stderr
