"""Names in the model registry, checked before anything is asked of MLflow."""

import re

from pinion_step.errors import WrongCallError

# MLflow refuses "/", ":" and a start of ".."; a "?" or a control character would be cut off the
# URI models:/NAME/VERSION. 250 characters fit the column of every database.
_MODEL_NAME = re.compile(r"(?!\.\.|\.$)(?P<name>[^/:?\x00-\x1f\x7f]{1,250})")
_ALIAS = re.compile(r"(?!latest$|v\d+$)[\w-]{1,250}", re.IGNORECASE)


def check_model_name(name: str) -> None:
    """Raise `WrongCallError` for a name that could not be registered or not be addressed."""
    if name != name.strip() or not _MODEL_NAME.fullmatch(name):
        raise WrongCallError(
            f"--registered-model-name: {name!r} cannot be the name of a model; give up to 250"
            " characters, none of / : ? and no space at the ends"
        )


def check_alias(alias: str) -> None:
    """Raise `WrongCallError` for an alias that MLflow refuses."""
    if not _ALIAS.fullmatch(alias):
        raise WrongCallError(
            f"--alias: {alias!r} cannot be an alias; give letters, digits, _ and - only, and"
            " neither 'latest' nor a version such as 'v1'"
        )
