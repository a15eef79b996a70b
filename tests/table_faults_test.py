"""A fault in a table is either harmless and said, or it stops the run and is named."""

from pathlib import Path
from random import Random

import pytest

from tests.preparing import Preparation
from tests.table_checks import FEW, MANY_FAULTY, assert_same, check_each, prepared, seeds_of
from tests.table_faults import Faulty, faulty_table


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("source") / "t.csv"


def assert_said(preparation: Preparation, source: Path, faulty: Faulty) -> None:
    called = prepared(preparation, source, faulty.table, faulty.content)
    assert "Traceback" not in called.said
    if not faulty.refused:
        assert_same(called, faulty.table)
        assert [text for text in faulty.said if text not in called.said] == [], called.said
        return
    assert called.code == 1, called.said
    named = [words for words in faulty.refused if all(word in called.said for word in words)]
    assert named, called.said
    assert ": error: " in called.last


def check_said(preparation: Preparation, source: Path, seeds: range) -> None:
    def check(random: Random) -> None:
        assert_said(preparation, source, faulty_table(random))

    check_each(seeds, source, check)


def test_a_fault_is_said(preparation: Preparation, source: Path) -> None:
    check_said(preparation, source, range(FEW))


@pytest.mark.slow(reason="thousands of tables")
@seeds_of(MANY_FAULTY)
def test_a_fault_in_many_tables_is_said(
    preparation: Preparation, source: Path, seeds: range
) -> None:
    check_said(preparation, source, seeds)
