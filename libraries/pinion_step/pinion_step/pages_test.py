from pinion_step.pages import html_page, shown, table


def test_a_column_without_a_value_is_left_out() -> None:
    text = table("c", ("name", "why", "value"), [("a", "", 1), ("b", None, 2)])

    assert "why" not in text
    assert '<th scope="row">b</th><td class="number">2</td>' in text


def test_names_of_rows_that_are_numbers_read_like_the_other_numbers() -> None:
    text = table("c", ("rate", "recall"), [(0.0, 0.0), (0.123456, 1.0)])

    assert '<th scope="row" class="number">0</th><td class="number">0</td>' in text
    assert '<th scope="row" class="number">0.1235</th><td class="number">1</td>' in text


def test_a_note_stands_under_the_name_of_its_row() -> None:
    text = table("c", ("name", "value"), [("a_b", 1), ("a_b", 2)], ["", "of <few> rows"])

    assert '<th scope="row">a_<wbr>b</th><td class="number">1</td>' in text
    assert (
        '<th scope="row">a_<wbr>b<small>of &lt;few&gt; rows</small></th><td class="number">2</td>'
    ) in text


def test_long_texts_are_cut_and_long_names_may_break() -> None:
    assert shown("x" * 400) == "x" * 299 + "…"
    assert shown("a_<b>") == "a_<wbr>&lt;b&gt;"


def test_a_page_is_one_file_without_links() -> None:
    text = html_page("a <b>", "<b>A</b>", "<p>body</p>", ".own{color:red}")

    assert "<title>a &lt;b&gt;</title>" in text
    assert "<h1><b>A</b></h1>\n<p>body</p>\n" in text
    assert ".own{color:red}</style>" in text
    assert "<a " not in text
    assert "http" not in text
