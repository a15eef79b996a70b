import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from evaluate.report.plots.blocks import blocks
from evaluate.report.plots.gallery import figures
from evaluate.report.plots.output import as_png, inline_svg

ODD = "<b> & $x_1$ \n #0969da 日 " + "W" * 80


def document(**more: Any) -> dict[str, Any]:
    """Return the numbers of a classification that has answered 7 of 8 rows right."""
    return {
        "main_metric": "accuracy",
        "rows": 8,
        "metrics": [{"name": "accuracy", "value": 0.875, "low": 0.6, "high": 0.95}],
        "slices": [],
        **more,
    }


def axes_of(name: str, found: dict[str, Any]) -> Any:
    """Return the axes of a figure."""
    (axes,) = figures(found)[name].axes
    return axes


def lines(name: str, found: dict[str, Any]) -> list[np.ndarray]:
    """Return the points of the lines of a figure, each of shape (points, 2)."""
    return [np.asarray(line.get_xydata()) for line in axes_of(name, found).lines]


def texts(name: str, found: dict[str, Any]) -> list[str]:
    """Return what is written in a figure, without the numbers at its axes."""
    return [text.get_text() for text in axes_of(name, found).texts]


def part(column: str, value: str, accuracy: float, low: float, high: float) -> dict[str, Any]:
    metrics = {"accuracy": accuracy}
    return {
        "column": column, "value": value, "rows": 25_000, "metrics": metrics, "low": low,
        "high": high,
    }  # fmt: skip


def test_a_figure_is_drawn_for_what_the_document_has() -> None:
    found = document(roc=[], residuals={"edges": [-1, 0, 3], "rows": [2, 1]})

    assert list(figures(found)) == ["residuals"]


def test_a_figure_that_cannot_be_drawn_is_left_out_with_a_warning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    torn = {"label": "yes", "x": [0, 1], "y": [0]}
    found = document(
        roc=[torn], threshold={"chosen": {}}, residuals={"edges": [-1, 0, 3], "rows": [2, 1]}
    )

    assert list(figures(found)) == ["residuals"]
    assert "warning: no plot roc: " in capsys.readouterr().err


def test_the_roc_curve_has_the_points_and_where_the_model_answers() -> None:
    chosen = {"threshold": 0.3, "recall": 0.75, "false_positive_rate": 0.25, "precision": 0.9}
    curve = {"label": "yes", "x": [0, 0.25, 1], "y": [0, 0.75, 1]}
    found = document(roc=[curve], threshold={"x": [], "precision": [], "recall": [], "f1": []})
    found["threshold"]["chosen"] = chosen

    points, diagonal, here = lines("roc", found)

    assert points.tolist() == [[0, 0], [0.25, 0.75], [1, 1]]
    assert diagonal.tolist() == [[0, 0], [1, 1]]
    assert here.tolist() == [[0.25, 0.75]]
    axes = axes_of("roc", found)
    assert "this model, from 0.3" in axes.get_legend_handles_labels()[1]


def test_the_legend_has_a_class_that_begins_with_an_underscore() -> None:
    curves = [{"label": name, "x": [0, 1], "y": [0, 1]} for name in ("_none", "a_b")]

    legend = axes_of("roc", document(roc=curves)).get_legend()

    assert [each.get_text() for each in legend.get_texts()] == [" _none", "a_b", "guessing"]


def test_the_threshold_curve_has_a_line_where_the_model_answers() -> None:
    curve = {"x": [0.1, 0.9], "precision": [0.5, 1], "recall": [1, 0.2], "f1": [0.7, 0.3]}

    found = lines("threshold", document(threshold=curve | {"chosen": {"threshold": 0.4}}))

    assert found[1].tolist() == [[0.1, 1], [0.9, 0.2]]
    assert found[3][:, 0].tolist() == [0.4, 0.4]
    assert len(lines("threshold", document(threshold=curve | {"chosen": None}))) == 3


def test_a_cell_of_the_heat_map_is_as_dark_as_its_share_of_the_row() -> None:
    found = document(confusion={"labels": ["a", "b"], "counts": [[30, 10], [0, 12345]]})

    axes = axes_of("confusion_matrix", found)

    shades = [each.get_alpha() for each in axes.patches if each.get_alpha() is not None]
    assert shades == pytest.approx([0.06 + 0.49 * 0.75, 0.06 + 0.49 * 0.25, 0.55])
    assert texts("confusion_matrix", found) == ["30", "10", "0", "12.35k"]
    assert [each.get_text() for each in axes.get_yticklabels()] == ["a", "b"]


def test_many_classes_are_numbered() -> None:
    labels = [f"class {place}" for place in range(30)] + ["270 other classes"]
    found = document(confusion={"labels": labels, "counts": np.eye(31, dtype=int).tolist()})

    axes = axes_of("confusion_matrix", found)

    names = [each.get_text() for each in axes.get_yticklabels()]
    assert (names[0], names[-1]) == ("class 0 (1)", "270 other cla… (31)")
    assert [each.get_text() for each in axes.get_xticklabels()][:3] == ["1", "5", "10"]
    assert len(axes.texts) == 0


def test_slices_are_dots_the_worst_first_with_a_shape_for_what_is_clear() -> None:
    found = document(
        slices=[
            part("age", "old", 0.9, 0.88, 0.95),
            part("a column whose name is long enough to be cut", "young people", 0.4, 0.3, 0.5),
            part("town", "b", 0.8, 0.5, 0.9),
        ]
    )

    axes = axes_of("slices", found)
    dots = [line for line in axes.lines if len(line.get_xydata()) == 1]

    assert [line.get_xdata()[0] for line in dots] == [0.4, 0.8, 0.9]
    assert [line.get_marker() for line in dots] == ["v", "o", "^"]
    assert axes.lines[0].get_xdata().tolist() == [0.3, 0.5]
    names = texts("slices", found)
    assert names[0] == "a column whose nam…: young peo…"
    assert names[1] == "0.4, 25k rows"


def test_importance_is_bars_with_their_ranges_and_the_rest_is_folded() -> None:
    columns = [
        {"column": f"c{place}", "mean": 0.3 - place / 100, "low": 0.1, "high": 0.4}
        for place in range(40)
    ]

    axes = axes_of("importance", document(importance=columns))

    assert [round(bar.get_width(), 2) for bar in axes.patches][:2] == [0.3, 0.29]
    assert len(axes.patches) == 15
    assert axes.lines[0].get_xdata().tolist() == [0.1, 0.4]


def test_classes_have_a_figure_if_there_are_more_than_two() -> None:
    each = {"label": "a", "recall": 0.5, "low": 0.25, "high": 0.75, "rows": 8}

    assert "classes" not in figures(document(classes=[each] * 2))
    assert lines("classes", document(classes=[each] * 3))[0][:, 0].tolist() == [0.25, 0.75]


def test_predictions_are_dots_or_cells() -> None:
    few = {"range": [0, 4], "grid": 4, "x": [0, 4], "y": [1, 3], "cells": []}
    many = few | {"x": [], "y": [], "cells": [[0, 1, 7], [3, 2, 1]]}

    dots, perfect = lines("predicted_vs_actual", document(predicted_against_true=few))
    axes = axes_of("predicted_vs_actual", document(predicted_against_true=many))

    assert dots.tolist() == [[0, 1], [4, 3]]
    assert perfect.tolist() == [[0, 0], [4, 4]]
    assert [cell.get_xy() for cell in axes.patches] == [(0, 1), (3, 2)]
    assert axes.patches[0].get_alpha() > axes.patches[1].get_alpha()
    large = few | {"range": [1e17, 1e17], "x": [1e17], "y": [1e17]}
    axes = axes_of("predicted_vs_actual", document(predicted_against_true=large))
    assert axes.get_xlim() == pytest.approx((0.96e17, 1.04e17))


def test_trials_have_the_best_so_far() -> None:
    trials = [{"number": n, "mean": mean} for n, mean in enumerate((0.7, 0.9, 0.75))]
    found = document(training={"metric": "accuracy", "mean": 0.9, "std": 0.1, "trials": trials})

    dots, best, test = lines("learning_curve", found)

    assert dots[:, 1].tolist() == [0.7, 0.9, 0.75]
    assert best[:, 1].tolist() == [0.7, 0.9, 0.9]
    assert test[:, 1].tolist() == [0.875, 0.875]
    ticks = axes_of("learning_curve", found).get_xticks()
    assert all(tick.is_integer() for tick in ticks.tolist())


def test_folds_are_beside_the_test_rows() -> None:
    found = document(training={"metric": "accuracy", "mean": 0.8, "std": 0.1, "trials": []})

    assert [line[:, 0].tolist() for line in lines("learning_curve", found)] == [
        pytest.approx([0.7, 0.9]), [0.8], [0.6, 0.95], [0.875],
    ]  # fmt: skip


def test_the_page_has_texts_colours_of_its_own_and_ids_that_differ() -> None:
    curve = {"label": ODD, "x": [0, 1], "y": [0, 1]}
    drawn = figures(document(roc=[curve, curve | {"label": "b"}]))["roc"]

    svg = inline_svg(drawn, "roc", "A & B", "It <shows> it.")

    assert svg.startswith('<svg class="figure" role="img" viewBox="0 0 340 ')
    assert '<title id="roc-title">A &amp; B</title><desc id="roc-desc">It &lt;shows&gt;' in svg
    assert "&lt;b&gt; &amp; $x_1$ #0969da 日 WWW" in svg
    assert "stroke: var(--c0)" in svg
    assert "stroke: #" not in svg
    assert "fill: #" not in svg
    assert not re.search(r"https?:|url\(|DejaVu|<\?xml", svg)
    assert all(found.startswith("roc-") for found in re.findall(r' id="([^"]*)"', svg))
    assert svg == inline_svg(drawn, "roc", "A & B", "It <shows> it.")


@pytest.mark.filterwarnings("error")
def test_a_picture_is_a_png_twice_as_large_as_on_the_page() -> None:
    drawn = figures(document(roc=[{"label": ODD, "x": [0, 1], "y": [0, 1]}]))["roc"]

    picture = as_png(drawn)

    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(picture[16:20], "big") == 755
    assert picture == as_png(drawn)


# In a process of its own, as matplotlib is imported once.
_IMPORT = """
import sys
from evaluate.report.plots import canvas, gallery, output
assert "matplotlib" not in sys.modules
canvas.load()
from matplotlib import font_manager
assert [font.name for font in font_manager.fontManager.ttflist] == ["DejaVu Sans"]
"""


def test_the_import_writes_nothing_says_nothing_and_looks_for_no_fonts(tmp_path: Any) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    environment = {"PYTHONPATH": ":".join(sys.path), "HOME": str(home), "TMPDIR": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-W", "error", "-B", "-c", _IMPORT],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [each.name for each in tmp_path.rglob("*")] == ["home"]


@pytest.mark.parametrize(
    ("more", "words"), [(1, ">1 more slice is left out.<"), (7, ">7 more slices are left out.<")]
)
def test_what_a_figure_leaves_out_is_counted_below_it(more: int, words: str) -> None:
    found = document(slices=[part("town", "a", 0.5, 0.4, 0.75)], slices_left_out=more)

    html = blocks(found, figures(found), "slices")
    assert "<h3>Slices</h3>" in html
    assert words in html
