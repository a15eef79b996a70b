"""A fault in a table is either harmless and said, or it stops the run and is named."""

from pathlib import Path

import pytest
from hypothesis import given

from tests.preparing import Preparation
from tests.table_checks import MANY, assert_same, generated, prepared
from tests.table_faults import Faulty, faulty_tables


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


@generated(60)
@given(faulty=faulty_tables())
def test_a_fault_is_said(preparation: Preparation, source: Path, faulty: Faulty) -> None:
    assert_said(preparation, source, faulty)


@pytest.mark.slow(reason="many tables")
@generated(MANY)
@given(faulty=faulty_tables())
def test_a_fault_in_many_tables_is_said(
    preparation: Preparation, source: Path, faulty: Faulty
) -> None:
    assert_said(preparation, source, faulty)
