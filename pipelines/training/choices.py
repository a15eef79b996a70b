"""The parameters that take only some values, for which KFP's dashboard offers a list.

The components decide what they accept, and a test holds this table to them.
"""

from collections.abc import Mapping, Sequence

# An empty text leaves the choice to the step.
CHOICES: Mapping[str, Sequence[str]] = {
    "task": ("", "classification", "regression"),
    "duplicates": ("", "keep", "drop"),
    "model": ("hist_gradient_boosting", "random_forest", "logistic_regression", "ridge"),
    "retrain": ("always", "on_change", "on_drift"),
}
