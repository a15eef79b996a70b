from typing import Any

import pytest

from evaluate.report.sentences import SENTENCES

CURVES = {
    "roc": [{"label": "yes", "area": 0.91}],
    "precision_recall": [{"label": "yes", "area": 0.8, "share": 0.25}],
    "threshold": {
        "label": "yes",
        "chosen": {
            "threshold": 0.5, "recall": 0.7, "precision": 0.85, "false_positive_rate": 0.124,
        },
        "best_f1": {"threshold": 0.4, "f1": 0.79},
    },
}  # fmt: skip
MAIN = {
    "main_metric": "accuracy",
    "metrics": [{"name": "accuracy", "value": 0.8, "low": 0.7, "high": 0.9}],
}


def part(value: str, accuracy: float, low: float, high: float) -> dict[str, Any]:
    metrics = {"accuracy": accuracy}
    return {
        "column": "town",
        "value": value,
        "rows": 38,
        "metrics": metrics,
        "low": low,
        "high": high,
    }


@pytest.mark.parametrize(
    ("name", "document", "sentence"),
    [
        pytest.param(
            "roc",
            CURVES,
            "In 91% of pairs, a row of yes is ranked above a row of the other class; the model "
            "finds 70% of yes and takes 12% of the others for it.",
            id="roc",
        ),
        pytest.param(
            "roc",
            {"roc": [{"label": "a", "area": 0.9}, {"label": "b", "area": 0.7}]},
            "Each class against all others: of the 2 most frequent, b is the hardest to tell "
            "apart, with an area of 0.7; 0.5 is guessing.",
            id="roc of many",
        ),
        pytest.param(
            "precision_recall",
            CURVES,
            "Average precision is 0.8, and that of guessing 0.25; of the rows answered yes, 85% "
            "are right, and 70% of all are found.",
            id="precision and recall",
        ),
        pytest.param(
            "threshold",
            CURVES,
            "The model answers yes from 0.5, with precision 0.85 and recall 0.7; F1 is highest, "
            "0.79, from 0.4.",
            id="threshold",
        ),
        pytest.param(
            "calibration",
            {"calibration": [{"x": [0.1, 0.6], "y": [0.1, 0.9]}]},
            "On average, probabilities are 15 percentage points from what came true. The largest "
            "gap is at 60%, where 90% came true.",
            id="calibration",
        ),
        pytest.param(
            "confusion_matrix",
            {
                "rows": 20,
                "confusion": {"labels": ["a", "b"], "counts": [[9, 1], [3, 7]], "right": 16},
            },
            "16 of 20 rows are right; most often, b is taken for a (3 rows).",
            id="confusion",
        ),
        pytest.param(
            "confusion_matrix",
            {"rows": 2, "confusion": {"labels": ["a"], "counts": [[2]], "right": 2}},
            "2 of 2 rows are right.",
            id="no mistake",
        ),
        pytest.param(
            "classes",
            {
                "classes": [
                    {"label": "a", "rows": 9, "recall": 0.3},
                    {"label": "b", "rows": 90, "recall": 0.9},
                ]
            },
            "a is found least: 30% of its 9 rows; of 1 of 2 classes, less than half is found.",
            id="classes",
        ),
        pytest.param(
            "predicted_vs_actual",
            {
                "metrics": [
                    {"name": "median_absolute_error", "value": 9300.0},
                    {"name": "r2", "value": 0.654},
                ]
            },
            "Half of the predictions are within 9300 of the truth; the model explains 65% of the "
            "target's variance.",
            id="predicted",
        ),
        pytest.param(
            "residuals",
            {"residuals": {"mean": -3.0, "percentiles": {"5": -10.0, "95": 4.0}}},
            "90% of the errors are between -10 and 4; on average, predictions are 3 too low.",
            id="residuals",
        ),
        pytest.param(
            "residuals",
            {"residuals": {"mean": 1e-9, "percentiles": {"5": -10.0, "95": 4.0}}},
            "90% of the errors are between -10 and 4; they lean to neither side.",
            id="no leaning",
        ),
        pytest.param(
            "residuals",
            {"residuals": {"mean": 0.0, "percentiles": {"5": 0.0, "95": 0.0}}},
            "90% of the errors are between 0 and 0; they lean to neither side.",
            id="no error",
        ),
        pytest.param(
            "slices",
            MAIN | {"slices": [part("b", 0.6, 0.5, 0.7), part("c", 0.7, 0.5, 0.9)]},
            "In 1 of 2 slices the model is clearly worse than on all rows (accuracy 0.8): town b "
            "(0.6 on 38 rows).",
            id="slices",
        ),
        pytest.param(
            "slices",
            MAIN | {"slices": [part("c", 0.7, 0.5, 0.9)]},
            "In none of 1 slices is the model clearly worse than on all rows (accuracy 0.8).",
            id="no slice",
        ),
        pytest.param(
            "importance",
            MAIN
            | {
                "importance": [
                    {"column": "age", "mean": 0.2, "low": 0.1},
                    {"column": "town", "mean": 0.0, "low": -0.1},
                ]
            },
            "Shuffling age worsens accuracy most, by 0.2; 1 of 2 columns may not matter.",
            id="importance",
        ),
    ],
)
def test_a_sentence_has_the_numbers(name: str, document: dict[str, Any], sentence: str) -> None:
    assert SENTENCES[name](document) == sentence


@pytest.mark.parametrize(
    ("mean", "words"),
    [
        (0.82, "within what the folds vary by"),
        (0.95, "clearly worse than in the folds: the model may fit the training rows too closely"),
        (0.6, "clearly better than in the folds"),
    ],
)
def test_the_test_rows_are_beside_the_folds(mean: float, words: str) -> None:
    training = {"metric": "accuracy", "mean": mean, "std": 0.02, "folds": "5", "trials": []}

    assert SENTENCES["learning_curve"](MAIN | {"training": training}) == (
        f"Over 5 folds of the training rows, accuracy is {mean} ± 0.02; "
        f"on the test rows it is 0.8, {words}."
    )


def test_the_best_trial_is_beside_the_middle_one() -> None:
    trials = [{"number": n, "mean": mean} for n, mean in enumerate((0.7, 0.9, 0.75))]
    training = {"metric": "f1", "mean": 0.9, "std": 0.02, "best_trial": "1", "trials": trials}

    assert SENTENCES["learning_curve"](MAIN | {"training": training}) == (
        "The best of 3 trials is number 1, with a cross-validated f1 of 0.9; the middle trial has "
        "0.75."
    )
