import pytest

from pull_data.conftest import Pull
from pull_data.sources.samples import sample_names


def test_the_samples_are_found_in_the_package() -> None:
    assert sample_names() == ["breast_cancer", "diabetes"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        pytest.param("sample:iris", "(known: sample:breast_cancer, sample:diabetes)", id="unknown"),
        pytest.param("sample:../../x", "unknown sample 'sample:../../x'", id="a path"),
    ],
)
def test_an_unknown_sample_is_a_wrong_call(pull: Pull, source: str, words: str) -> None:
    pull(source).assert_failed("--source: unknown sample ", words, code=2)


def test_a_sample_has_no_version(pull: Pull) -> None:
    outcome = pull("sample:diabetes", "--source-version", 'etag:"3f2a"')
    outcome.assert_failed("sample:diabetes: the version is not known, but --source-version is etag")
