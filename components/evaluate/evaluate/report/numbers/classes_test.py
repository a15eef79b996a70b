import numpy as np
import pytest

from evaluate.measure.predictions import Predictions
from evaluate.report.numbers.classes import confusion, per_class


def test_a_row_of_the_matrix_is_a_true_label() -> None:
    truth, predicted = np.array([3, 3, 3, 8]), np.array([3, 8, 8, 8])

    found = confusion(Predictions(truth, predicted, None, np.array([3, 8])))

    assert found == {
        "labels": ["3", "8"],
        "counts": [[1, 2], [0, 1]],
        "labels_grouped": 0,
        "right": 2,
    }


def test_of_many_classes_the_least_confused_are_one() -> None:
    truth = np.repeat(np.arange(50), 2)
    predicted = truth.copy()
    predicted[80] = 45
    predicted[82] = 49

    found = confusion(Predictions(truth, predicted, None, np.arange(50)))

    assert (len(found["labels"]), found["labels"][-1]) == (31, "20 other classes")
    assert {"40", "41", "45", "49"} < set(found["labels"])
    assert np.sum(found["counts"]) == 100
    assert found["counts"][-1][-1] == 40
    assert found["right"] == 98
    place = {label: place for place, label in enumerate(found["labels"])}
    assert found["counts"][place["41"]][place["49"]] == 1


def test_a_label_that_training_never_saw_has_its_own_row() -> None:
    truth = np.array(["a", "b", "new"], dtype=object)
    predicted = np.array(["a", "a", "b"], dtype=object)

    found = confusion(Predictions(truth, predicted, None, np.array(["a", "b"], dtype=object)))

    assert found["labels"] == ["a", "b", "new"]
    assert found["counts"] == [[1, 0, 0], [1, 0, 0], [0, 1, 0]]


def test_each_class_has_its_recall_with_an_interval() -> None:
    truth, predicted = np.array([1, 1, 1, 1, 5]), np.array([1, 1, 1, 5, 5])

    first, second = per_class(Predictions(truth, predicted))["classes"]

    assert (first["label"], first["rows"], first["recall"], first["precision"]) == ("1", 4, 0.75, 1)
    # Wilson's interval of 3 of 4, and of 1 of 1.
    assert (first["low"], first["high"]) == pytest.approx((0.3006, 0.9544), abs=1e-4)
    assert (second["low"], second["high"]) == pytest.approx((0.2065, 1.0), abs=1e-4)
