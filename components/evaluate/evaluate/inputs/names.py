"""Names in the registry, checked before anything is asked of MLflow."""

import re

from evaluate.errors import WRONG_CALL, EvaluateError

# MLflow refuses "/", ":" and a start of ".."; a "?" or a control character would be cut off the
# URI models:/NAME/VERSION. 250 characters fit the column of every database.
_MODEL_NAME = re.compile(r"(?!\.\.|\.$)(?P<name>[^/:?\x00-\x1f\x7f]{1,250})")
_ALIAS = re.compile(r"(?!latest$|v\d+$)[\w-]{1,250}", re.IGNORECASE)


def check_champion_name(name: str) -> None:
    """Raises EvaluateError for a name under which no champion can be."""
    if not name:
        raise EvaluateError(
            "a threshold asks for a change of the champion, which is looked up by its name; "
            "give --registered-model-name",
            WRONG_CALL,
        )
    if name != name.strip() or not _MODEL_NAME.fullmatch(name):
        raise EvaluateError(
            f"--registered-model-name {name!r} is not possible: up to 250 characters, none of "
            "/ : ? and no space at the ends",
            WRONG_CALL,
        )


def check_alias(alias: str) -> None:
    """Raises EvaluateError for an alias that MLflow gives to no version."""
    if not _ALIAS.fullmatch(alias):
        raise EvaluateError(
            f"--alias {alias!r} is not possible: letters, digits, _ and - only, and neither "
            "'latest' nor a version such as 'v1'",
            WRONG_CALL,
        )
