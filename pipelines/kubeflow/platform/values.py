"""The types of the values in a platform file, checked as Kubernetes would check them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainValidator

from pipelines.compiled.container import Limits

_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
# Without a colon, a control character, or a part that is `..`.
_PATH = r"(?!(.*/)?\.\.(/|\Z))[^:\x00-\x1f\x7f]+"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MOST = 2**31 - 1
_MEBIBYTE = 1024**2
# KFP mounts these folders into the container of a step, for its launcher and for artifacts.
_TAKEN = ("/kfp-launcher", "/gcs", "/s3", "/minio", "/.local", "/.cache", "/.config")


class UnlikeError(ValueError):
    """A value is not what it must be; the message says only what that is."""


def _text(expected: str, pattern: str, longest: int = 253) -> PlainValidator:
    def check(value: object) -> str:
        if not isinstance(value, str):
            raise UnlikeError(f"{expected}, as a string (quote it)")
        if len(value) > longest or not re.fullmatch(pattern, value):
            raise UnlikeError(expected)
        return value

    return PlainValidator(check)


def _mount_path(text: str) -> str:
    path = PurePosixPath("/" + text.lstrip("/"))
    if taken := next((each for each in _TAKEN if path.is_relative_to(each)), None):
        raise ValueError(
            f"{text!r} is inside {taken}, which KFP mounts itself; choose another path"
        )
    return str(path)


ObjectName = Annotated[
    str,
    _text("the name of a Kubernetes object (lower case letters, digits, '-' and '.')", _SUBDOMAIN),
]
# A volume's name is a label, and KFP names a volume after what is mounted.
VolumeName = Annotated[
    str, _text("a name of at most 63 lower case letters, digits and '-'", _LABEL)
]
LabelKey = Annotated[
    str, _text("the key of a label, such as pool", rf"({_SUBDOMAIN}/)?{_QUALIFIED}")
]
LabelValue = Annotated[str, _text("the value of a label", rf"({_QUALIFIED})?")]
ResourceType = Annotated[
    str, _text("a resource name, such as nvidia.com/gpu", rf"{_SUBDOMAIN}/{_QUALIFIED}")
]
VariableName = Annotated[
    str,
    _text(
        "the name of an environment variable, other than KFP's own (KFP_…)",
        r"(?!KFP_)[A-Za-z_][A-Za-z0-9_]*",
        _MOST,
    ),
]
DataKey = Annotated[
    str,
    _text(
        "the key that holds the value, not the value itself (letters, digits, '-', '_' and '.')",
        r"[-._A-Za-z0-9]+",
    ),
]
MountPath = Annotated[
    str,
    _text("an absolute path in the container, such as /scratch", rf"(?![/.]*\Z)/{_PATH}", _MOST),
    AfterValidator(_mount_path),
]
SubPath = Annotated[
    str,
    _text("the path of a folder in the volume, such as runs/cache", rf"(?!/){_PATH}", _MOST),
]


# Kubernetes has no larger numbers.
Natural = Annotated[int, Field(strict=True, ge=0, le=_MOST)]
Positive = Annotated[int, Field(strict=True, ge=1, le=_MOST)]


def seconds(least: int) -> PlainValidator:
    """Return the check of a duration, which becomes a number of seconds."""

    def check(value: object) -> int:
        if not (match := re.fullmatch(r"([0-9]{1,10})([smhd])", str(value))):
            raise UnlikeError("a duration, such as 90s, 30m, 2h or 1d")
        duration = int(match[1]) * _SECONDS[match[2]]
        if not least <= duration <= _MOST:
            raise UnlikeError(f"between {least}s and {_MOST}s")
        return duration

    return PlainValidator(check)


@dataclass(frozen=True)
class Quantity:
    """A quantity as it was written, and in cores or bytes."""

    text: str = ""
    amount: float = 0


def _quantity(
    parse: Callable[[str], float | None], least: float, most: float, bounds: str
) -> PlainValidator:
    def check(value: Any) -> Quantity:
        text = str(value)
        try:
            # Python also accepts digits of other scripts; Kubernetes does not.
            amount = parse(text if text.isascii() and text else f"?{text}") or 0
        except ValueError:
            raise UnlikeError("a quantity, such as 500m, 2 or 1.5Gi") from None
        if not least <= amount < most:
            raise UnlikeError(bounds)
        return Quantity(text, amount)

    return PlainValidator(check)


Cores = Annotated[
    Quantity,
    _quantity(
        lambda text: Limits.parse("", text).cpu, 0.001, 2**31, f"between 1m and {_MOST} cores"
    ),
]
Memory = Annotated[
    Quantity,
    _quantity(
        lambda text: Limits.parse(text, "").memory,
        _MEBIBYTE,
        2**63,
        "between 1Mi and 7Ei, such as 512Mi or 4Gi (the suffix m means thousandths of a byte)",
    ),
]
