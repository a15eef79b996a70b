"""Say in a person's words why a run trained a model, or none."""

import re

# The reason of a run that was told to train.
FORCED = "forced"
# A model version as `resolve` hands it on, whose model id says nothing to a person.
_VERSION = re.compile(r"(?P<version>.+/\d+)(@[\w-]+)?")

# Reasons to train, by the first word of what `decide` says.
_REASONS = {
    "no_champion": "there is no champion to compare with",
    "no_profile": "the champion was made before profiles were recorded",
    "schema": "the columns differ from the champion's",
    "parameters": "a parameter of preprocess or train differs from the champion's",
    "release": "the code of preprocess or train differs from the champion's",
    "new_data": "the data differ from the champion's",
    "drift": "the data drifted from the champion's",
    "max_age": "the data differ from the champion's, which is older than max_age",
}


def retrained(why: str) -> str:
    """Return in words the reason to train that `decide` gave; one of another step as it is."""
    word, _, more = why.partition(":")
    if word not in _REASONS:
        return why
    return f"{_REASONS[word]} ({more})" if more else _REASONS[word]


def not_retrained(why: str, champion: str) -> str:
    """Return one line for the reason that `decide` gave, and the champion that it compared with.

    The reason is empty if it is not known.
    """
    found = _VERSION.fullmatch(champion)
    version = found["version"] if found else "the champion"
    return f"not retrained: {_words(why, version)}"


def _words(why: str, version: str) -> str:
    word, _, more = why.partition(" ")
    same = f"same data, parameters and release as {version}"
    match word.rstrip(","):
        case "same_data" if more:
            return f"{same}; max_age has passed, but the model would be the same"
        case "same_data":
            return same
        case "refused_before":
            return (
                "a candidate with the same data, parameters and release has not passed the same"
                " evaluation before"
            )
        case "no_drift":
            measured = f" ({more})" if more else ""
            return f"no drift from the data of {version}{measured}"
    return why or "the log of decide says why"
