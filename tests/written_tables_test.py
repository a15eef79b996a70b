"""A table comes back as the same kinds and values, however it is written."""

from pathlib import Path

import pytest
from hypothesis import given

from tests.preparing import Preparation
from tests.table_checks import MANY, assert_same, generated, prepared
from tests.written_tables import Table, tables


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("source") / "t.csv"


def assert_read(preparation: Preparation, source: Path, table: Table) -> None:
    assert_same(prepared(preparation, source, table, table.content()), table)


@generated(60)
@given(table=tables())
def test_a_table_is_read_the_same(preparation: Preparation, source: Path, table: Table) -> None:
    assert_read(preparation, source, table)


@pytest.mark.slow(reason="many tables")
@generated(MANY)
@given(table=tables())
def test_many_tables_are_read_the_same(
    preparation: Preparation, source: Path, table: Table
) -> None:
    assert_read(preparation, source, table)
