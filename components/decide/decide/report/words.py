"""The decision in words."""

from typing import Any

# By the first word of the reason.
_REASONS = {
    "forced": "the policy is always, so nothing was compared",
    "no_champion": "there is no champion yet",
    "refused_before": "this candidate did not pass its evaluation before",
    "no_profile": "the champion is from a release that kept no profile of its data",
    "same_data": "the champion is made of the same data, parameters and code",
    "schema": "the columns differ from the champion's",
    "parameters": "the parameters differ from the champion's",
    "release": "the code of preprocess or train differs from the champion's",
    "new_data": "the data differ from the champion's",
    "drift": "the data drifted",
    "max_age": "the champion is older than it may be",
    "no_drift": "no column drifted",
}

Document = dict[str, Any]


def verdict(document: Document) -> str:
    """Return the decision in two words."""
    return "train" if document["retrain"] else "do not train"


def reason(document: Document) -> str:
    """Return the reason as a phrase."""
    word = str(document["why"]).partition(":")[0].partition(" ")[0].rstrip(",")
    return _REASONS[word]
