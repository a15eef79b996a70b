"""A table comes back as the same kinds and values, however it is written."""

from pathlib import Path
from random import Random

import pytest

from tests.preparing import Preparation
from tests.table_checks import FEW, MANY_WRITTEN, assert_same, check_each, prepared, seeds_of
from tests.written_tables import table


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("source") / "t.csv"


def assert_read(preparation: Preparation, source: Path, seeds: range) -> None:
    def check(random: Random) -> None:
        drawn = table(random)
        assert_same(prepared(preparation, source, drawn, drawn.content()), drawn)

    check_each(seeds, source, check)


def test_a_table_is_read_the_same(preparation: Preparation, source: Path) -> None:
    assert_read(preparation, source, range(FEW))


@pytest.mark.slow(reason="thousands of tables")
@seeds_of(MANY_WRITTEN)
def test_many_tables_are_read_the_same(
    preparation: Preparation, source: Path, seeds: range
) -> None:
    assert_read(preparation, source, seeds)
