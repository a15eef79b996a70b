import math

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

from evaluate.measure.metrics import (
    OF_POSITIVE_CLASS,
    baseline,
    classification_metrics,
    regression_metrics,
)
from pinion_step.errors import StepError

NO_YES = np.array(["no", "yes"], dtype=object)


def labels(text: str) -> np.ndarray:
    return np.array(["yes" if letter == "y" else "no" for letter in text], dtype=object)


def test_binary_metrics_are_of_the_positive_class() -> None:
    # Of ten: three yes found, one missed, two no taken for yes.
    measured = classification_metrics(labels("nnnnnnyyyy"), labels("nnnnyyyyyn"), None, NO_YES)

    assert measured.metrics == pytest.approx(
        {
            "accuracy": 0.7,
            "balanced_accuracy": (4 / 6 + 3 / 4) / 2,
            "precision": 0.6,
            "recall": 0.75,
            "f1": 2 / 3,
        },
        abs=1e-15,
    )
    assert measured.left_out == (
        "roc_auc, log_loss: left out, as the estimator has no predict_proba",
    )


def test_probabilities_are_read_in_the_order_of_the_classes() -> None:
    yes = np.array([0.1, 0.6, 0.5, 0.8])
    measured = classification_metrics(
        labels("nnyy"), labels("nyyy"), np.column_stack([1 - yes, yes]), NO_YES
    )

    assert measured.metrics["roc_auc"] == 0.75  # of four pairs, the one of 0.6 and 0.5 is wrong
    expected = -(math.log(0.9) + math.log(0.4) + math.log(0.5) + math.log(0.8)) / 4
    assert measured.metrics["log_loss"] == pytest.approx(expected, abs=1e-15)
    assert measured.left_out == ()


def test_metrics_of_three_classes_are_macro() -> None:
    # Class 1: 2 of 4 found, 5: 1 of 1 found and 2 taken for it, 9: 1 of 1.
    measured = classification_metrics(
        np.array([1, 1, 1, 1, 5, 9]), np.array([1, 1, 5, 5, 5, 9]), None, np.array([1, 5, 9])
    )

    assert measured.metrics == pytest.approx(
        {
            "accuracy": 4 / 6,
            "balanced_accuracy": (0.5 + 1 + 1) / 3,
            "precision": (1 + 1 / 3 + 1) / 3,
            "recall": (0.5 + 1 + 1) / 3,
            "f1": (2 / 3 + 0.5 + 1) / 3,
        },
        abs=1e-15,
    )


@pytest.mark.parametrize(
    ("truth", "predicted"),
    [
        pytest.param([1, 1, 1, 1, 5], [1, 1, 5, 5, 5], id="a class that the split lacks"),
        pytest.param([1, 1, 1, 1, 5, 7], [1, 1, 5, 5, 5, 9], id="a label that training lacked"),
    ],
)
def test_macro_metrics_are_over_all_classes_and_labels(
    truth: list[int], predicted: list[int]
) -> None:
    measured = classification_metrics(
        np.array(truth), np.array(predicted), None, np.array([1, 5, 9])
    )

    labels = len({1, 5, 9, *truth})
    assert [measured.metrics[name] for name in ("precision", "recall", "f1")] == pytest.approx(
        [(1 + 1 / 3) / labels, (0.5 + 1) / labels, (2 / 3 + 0.5) / labels], abs=1e-15
    )


def test_roc_auc_of_three_classes_is_one_against_the_rest() -> None:
    probabilities = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.5, 0.4, 0.1], [0.1, 0.1, 0.8]])
    measured = classification_metrics(
        np.array([1, 5, 5, 9]), np.array([1, 5, 1, 9]), probabilities, np.array([1, 5, 9])
    )

    # 1: above all three others. 5: both above 0.3 and 0.1. 9: above all. Nothing is out of order.
    assert measured.metrics["roc_auc"] == 1.0
    assert measured.metrics["log_loss"] == pytest.approx(
        -(math.log(0.6) + math.log(0.5) + math.log(0.4) + math.log(0.8)) / 4, abs=1e-15
    )


def test_a_class_that_the_test_split_lacks_leaves_out_roc_auc_only() -> None:
    probabilities = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3]])
    measured = classification_metrics(
        np.array([1, 5]), np.array([1, 9]), probabilities, np.array([1, 5, 9])
    )

    assert "roc_auc" not in measured.metrics
    assert measured.metrics["log_loss"] == pytest.approx(-math.log(0.3) / 2, abs=1e-15)
    assert measured.metrics["balanced_accuracy"] == 0.5
    assert measured.left_out == ("roc_auc: left out, as the test split has no row of the class 9",)


def test_a_label_that_training_never_saw_counts_as_an_error() -> None:
    truth = np.array(["no", "yes", "maybe", "yes"], dtype=object)
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.4, 0.6]])
    measured = classification_metrics(truth, labels("nyyy"), probabilities, NO_YES)

    assert measured.metrics == pytest.approx(
        {
            "accuracy": 0.75,
            "balanced_accuracy": 2 / 3,
            "precision": 2 / 3,
            "recall": 1.0,
            "f1": 0.8,
        },
        abs=1e-15,
    )
    assert measured.left_out == (
        "roc_auc, log_loss: left out, as training never saw the label 'maybe'",
    )


def test_regression_metrics() -> None:
    measured = regression_metrics(np.array([0.0, 3.0, 3.0, 10.0]), np.array([0.0, 2.0, 4.0, 6.0]))

    assert measured.metrics == pytest.approx(
        {
            "rmse": math.sqrt(18 / 4),
            "mae": 1.5,
            "median_absolute_error": 1.0,
            "max_error": 4.0,
            "r2": 1 - 18 / 54,
        },
        abs=1e-15,
    )


def test_one_row_has_no_r2() -> None:
    measured = regression_metrics(np.array([3.0]), np.array([1.0]))

    assert measured.metrics == {
        "rmse": 2.0,
        "mae": 2.0,
        "median_absolute_error": 2.0,
        "max_error": 2.0,
    }
    assert measured.left_out == ("r2: left out, as it needs two rows or more",)


def test_a_metric_that_is_not_finite_is_left_out() -> None:
    # The squares overflow.
    measured = regression_metrics(np.array([1e200, -1e200]), np.array([0.0, 0.0]))

    assert measured.metrics["mae"] == 1e200
    assert all(math.isfinite(value) for value in measured.metrics.values())
    assert "rmse: left out, as it is inf" in measured.left_out


def test_only_the_metrics_of_the_positive_class_depend_on_which_it_is() -> None:
    truth, predicted = labels("nnnnnnyyyy"), labels("nnnnyyyyyn")
    yes = np.array([0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9, 0.55, 0.45])
    both = np.column_stack([1 - yes, yes])
    measured = classification_metrics(truth, predicted, both, NO_YES).metrics
    turned = classification_metrics(truth, predicted, both[:, ::-1], NO_YES[::-1]).metrics

    # Of six no, four found; one yes taken for no.
    of_no = {"precision": 4 / 5, "recall": 4 / 6, "f1": 8 / 11}
    assert turned == pytest.approx(measured | of_no, abs=1e-15)
    assert set(of_no) == set(OF_POSITIVE_CLASS)


@pytest.mark.parametrize("text", ["nnnnnyyy", "nnnnny", "yyyny"])
def test_the_baseline_is_what_the_dummy_of_scikit_learn_reaches(text: str) -> None:
    truth, nothing = labels(text), np.zeros((len(text), 1))
    dummy = DummyClassifier(strategy="prior").fit(nothing, truth)
    probabilities = dummy.predict_proba(nothing)
    known = classification_metrics(truth, dummy.predict(nothing), probabilities, dummy.classes_)
    floor = baseline("classification", truth)
    assert floor == pytest.approx({name: known.metrics[name] for name in floor}, abs=1e-15)
    assert baseline("classification", labels("yyy")) == {
        "accuracy": 1.0,
        "balanced_accuracy": 1.0,
        "log_loss": 0.0,
    }


def test_the_baseline_is_the_best_constant_answer() -> None:
    assert baseline("classification", np.array([1, 1, 1, 1, 1, 5, 5, 9])) == {
        "accuracy": 0.625,
        "balanced_accuracy": 1 / 3,
        "log_loss": pytest.approx(-(5 * math.log(5 / 8) + 2 * math.log(1 / 4) - math.log(8)) / 8),
    }
    assert baseline("regression", np.array([0.0, 3.0, 3.0, 10.0])) == {"rmse": math.sqrt(54 / 4)}


def test_a_target_too_large_to_square_is_refused() -> None:
    with pytest.raises(StepError, match="too large to compute the RMSE"):
        baseline("regression", np.array([1e200, -1e200]))
