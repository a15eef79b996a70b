"""Markdown as MLflow's pages get it."""

from pinion_step.tracking.descriptions import Figure, code, figures, plain, table, with_section


def test_a_table_has_the_columns_that_some_row_fills() -> None:
    rows = [
        Figure('recall of "a|b"', 0.25, (0.2, 0.31), ">= 0.2", 0.2),
        Figure("rmse", 20512.25, None, "", None, 20000.0),
        Figure("r2", None, None, ">= 0.5", 0.5),
    ]
    assert figures(rows).replace("&emsp;", "").splitlines() == [
        "| metric | value | 95 % interval | must be | champion | difference |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        '| recall of "a&#124;b" | 0.2500 | 0.2000 to 0.3100 | >= 0.2 |  |  |',
        "| rmse | 20,512 |  |  | 20,000 | +512.2500 |",
        "| r2 | not computed |  | >= 0.5 |  |  |",
    ]
    heading = "| metric | &emsp;value | &emsp;champion | &emsp;difference |"
    assert figures([]) == ""
    assert figures(rows[1:2]).splitlines()[0] == heading


def test_a_value_near_its_limit_has_the_digits_that_tell_them_apart() -> None:
    assert str(Figure("accuracy", 0.98764, limit=0.98762)) == "accuracy 0.98764"
    assert (
        str(Figure("accuracy", 0.5, (0.4, 0.61), limit=0.5)) == "accuracy 0.5000 (0.4000 to 0.6100)"
    )


def test_a_section_replaces_the_one_before_it_and_leaves_what_a_person_wrote() -> None:
    trained = with_section("", "Training", "`ridge` on 90 rows.")
    noted = f"{trained}\n\n### Ask Ada\n\nbefore you use it"
    once = with_section(noted, "Evaluation", "**Failed**")
    twice = with_section(once, "Evaluation", "**Passed**")
    assert twice == (
        "### Evaluation\n\n**Passed**\n\n### Training\n\n`ridge` on 90 rows.\n\n"
        "### Ask Ada\n\nbefore you use it"
    )


def test_what_a_person_wrote_without_a_title_stays() -> None:
    once = with_section("Ask Ada first.", "Evaluation", "**Failed**")
    twice = with_section(once, "Evaluation", "**Passed**")
    assert twice == "### Evaluation\n\n**Passed**\n\n### Notes\n\nAsk Ada first."


def test_markdown_in_a_name_is_shown_as_it_is() -> None:
    assert code("a`b*c") == "`a'b*c`"
    assert code("income\n| 2026") == "`income | 2026`"
    assert code("x" * 9000) == f"`{'x' * 499}…`"
    assert table(["x"], [["1"]]) == "| x |\n| --- |\n| 1 |"
    assert table(["x"], [[code("a|b")]]).splitlines()[2] == "| `a\\|b` |"
    assert plain('recall of "<b>"') == 'recall of "&#60;b&#62;"'
    assert plain("*a* `b`\n[c](d)") == "&#42;a&#42; &#96;b&#96; &#91;c&#93;(d)"
    assert plain("roc_auc, _at_ 5") == "roc_auc, &#95;at&#95; 5"
    assert str(Figure('f1 of "~b~"', 0.25)) == 'f1 of "&#126;b&#126;" 0.2500'
