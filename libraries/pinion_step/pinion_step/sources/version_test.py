from typing import Any

import pytest

from pinion_step.errors import StepError
from pinion_step.sources.version import check_version, of_answer, of_file, of_folder, of_object

THEN = "Fri, 06 Nov 2026 08:49:37 GMT"
LATER = "Fri, 06 Nov 2026 08:50:36 GMT"
LONG_AFTER = "Fri, 06 Nov 2026 08:50:37 GMT"


@pytest.mark.parametrize(
    ("headers", "version"),
    [
        pytest.param({"ETag": '"3f2a"', "Last-Modified": THEN}, 'etag:"3f2a"', id="an ETag"),
        pytest.param({"ETag": 'W/"3f2a"'}, "", id="a weak ETag"),
        pytest.param({"ETag": '"a ü"'}, 'etag:"a%20%C3%BC"', id="not one word"),
        pytest.param(
            {"Last-Modified": THEN, "Date": LONG_AFTER, "Content-Length": "456"},
            "last-modified:2026-11-06T08:49:37Z,456",
            id="a time",
        ),
        pytest.param(
            {"ETag": 'W/"3f2a"', "Last-Modified": THEN, "Date": LONG_AFTER},
            "last-modified:2026-11-06T08:49:37Z,",
            id="a time without a length",
        ),
        pytest.param({"Last-Modified": THEN, "Date": LATER}, "", id="a time just now"),
        pytest.param({"Last-Modified": THEN}, "", id="a time, and no present"),
        pytest.param({"Last-Modified": "0", "Date": LATER}, "", id="no time"),
        pytest.param({}, "", id="nothing"),
    ],
)
def test_an_answer_names_the_version_if_it_says_exactly_which_bytes(
    headers: dict[str, str], version: str
) -> None:
    assert of_answer(headers) == version


@pytest.mark.parametrize(
    ("details", "version"),
    [
        pytest.param({"VersionId": "Lx.4_", "ETag": '"ab"'}, "version:Lx.4_", id="versions"),
        pytest.param({"VersionId": "null", "ETag": '"ab-2"'}, 'etag:"ab-2"', id="before versions"),
        pytest.param({"VersionId": None, "ETag": '"ab"'}, 'etag:"ab"', id="no versions"),
        pytest.param({"generation": "17645", "etag": "CJ="}, "generation:17645", id="Google"),
        pytest.param({"ETag": "", "size": 3}, "", id="nothing"),
    ],
)
def test_a_store_names_the_version_of_an_object(details: dict[str, Any], version: str) -> None:
    assert of_object(details) == version


def test_a_folder_has_another_version_if_one_file_has_or_is_called_otherwise() -> None:
    def version(**files: tuple[int, int]) -> str:
        return of_folder({path: of_file(*state) for path, state in files.items()})

    known = version(a=(3, 10), b=(4, 20))
    assert known == version(b=(4, 20), a=(3, 10))
    others = [version(a=(3, 10), b=(4, 21)), version(a=(3, 10), c=(4, 20)), version(a=(3, 10))]
    assert len({known, *others}) == 4
    assert known.startswith("files:")
    assert len(known) == len("files:") + 64


def test_another_version_is_told_with_what_to_do() -> None:
    check_version("t.csv", of_file(456, 1234), "mtime:1234,456")
    check_version("t.csv", of_file(456, 1234), "")
    with pytest.raises(StepError) as caught:
        check_version("t.csv", of_file(457, 1234), "mtime:1234,456")
    assert str(caught.value) == (
        "t.csv: the version is mtime:1234,457, but --source-version is mtime:1234,456; the source"
        " has changed since it was resolved: run the pipeline again"
    )
