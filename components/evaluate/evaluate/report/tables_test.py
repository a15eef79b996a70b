from evaluate.report.tables import span


def test_an_interval_that_is_not_known_is_empty() -> None:
    assert (span(0.5, 12345.6), span(None, None)) == ("0.5 to 12346", "")
