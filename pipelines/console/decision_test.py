import pytest

from pipelines.console.decision import not_retrained, retrained

SAME = "same data, parameters and release as tumour/3"


@pytest.mark.parametrize(
    ("why", "champion", "line"),
    [
        ("same_data", "tumour/3@m-0815", SAME),
        ("same_data", "a@b 1/7@m-1", "same data, parameters and release as a@b 1/7"),
        (
            "same_data, max_age passed",
            "tumour/3",
            f"{SAME}; max_age has passed, but the model would be the same",
        ),
        (
            "refused_before",
            "",
            "a candidate with the same data, parameters and release has not passed the same"
            " evaluation before",
        ),
        (
            "no_drift max psi=0.04",
            "tumour/12@m-1",
            "no drift from the data of tumour/12 (max psi=0.04)",
        ),
        ("no_drift", "", "no drift from the data of the champion"),
        ("of_my_own", "tumour/3", "of_my_own"),
        ("", "", "the log of decide says why"),
    ],
)
def test_a_person_reads_why_and_what_was_compared(why: str, champion: str, line: str) -> None:
    assert not_retrained(why, champion) == f"not retrained: {line}"


@pytest.mark.parametrize(
    ("why", "line"),
    [
        ("drift:age psi=0.31", "the data drifted from the champion's (age psi=0.31)"),
        (
            "schema:column income gone and 2 more",
            "the columns differ from the champion's (column income gone and 2 more)",
        ),
        ("max_age", "the data differ from the champion's, which is older than max_age"),
        ("of_my_own", "of_my_own"),
    ],
)
def test_a_person_reads_why_it_trained(why: str, line: str) -> None:
    assert retrained(why) == line
