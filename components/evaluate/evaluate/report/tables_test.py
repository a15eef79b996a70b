from evaluate.report.tables import shown, span, table


def test_a_column_without_a_value_is_left_out() -> None:
    text = table("c", ("name", "why", "value"), [("a", "", 1), ("b", None, 2)])

    assert "why" not in text
    assert '<th scope="row">b</th><td class="number">2</td>' in text


def test_long_texts_are_cut_and_long_names_may_break() -> None:
    assert shown("x" * 400) == "x" * 299 + "…"
    assert shown("a_<b>") == "a_<wbr>&lt;b&gt;"


def test_an_interval_that_is_not_known_is_empty() -> None:
    assert (span(0.5, 12345.6), span(None, None)) == ("0.5 to 12346", "")
