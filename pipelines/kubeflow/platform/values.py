"""Check the values of a platform file as Kubernetes would check them."""

import re
from collections.abc import Callable, Collection
from pathlib import PurePosixPath

from pipelines.compiled.container import Limits
from pipelines.kubeflow.platform.entries import Entry, suggestion
from pipelines.kubeflow.platform.settings import Quantity

_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(rf"([0-9]{{1,10}})([{''.join(_SECONDS)}])")
_MOST = 2**31 - 1
_MEBIBYTE = 1024**2
# KFP mounts these folders into the container of a step, for its launcher and for artifacts.
_TAKEN = ("/kfp-launcher", "/gcs", "/s3", "/minio", "/.local", "/.cache", "/.config")


def _pattern(pattern: str, expected: str, longest: int) -> Callable[[Entry], str]:
    compiled = re.compile(pattern)

    def read(entry: Entry) -> str:
        text = entry.text(expected)
        if len(text) > longest or not compiled.fullmatch(text):
            raise entry.unlike(expected)
        return text

    return read


object_name = _pattern(
    _SUBDOMAIN, "the name of a Kubernetes object (lower case letters, digits, '-' and '.')", 253
)
# A volume's name is a label, and KFP names a volume after what is mounted.
volume_name = _pattern(_LABEL, "a name of at most 63 lower case letters, digits and '-'", 63)
label_key = _pattern(rf"({_SUBDOMAIN}/)?{_QUALIFIED}", "the key of a label, such as pool", 253)
label_value = _pattern(rf"({_QUALIFIED})?", "the value of a label", 63)
resource_type = _pattern(
    rf"{_SUBDOMAIN}/{_QUALIFIED}", "a resource name, such as nvidia.com/gpu", 253
)


def variable_name(entry: Entry) -> str:
    """Return the name of an environment variable."""
    name = entry.text("the name of an environment variable")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise entry.error(f"{name!r} is not a valid name of an environment variable")
    if name.startswith("KFP_"):
        raise entry.error(f"{name!r} is reserved for KFP; choose another name")
    return name


def data_key(entry: Entry) -> str:
    """Return a key of a secret or config map; never show the value, which may be a secret."""
    if entry.kind != "str" or not re.fullmatch(r"[-._A-Za-z0-9]{1,253}", str(entry.node.value)):
        raise entry.error(
            "must be the key that holds the value, not the value itself"
            " (letters, digits, '-', '_' and '.')"
        )
    return str(entry.node.value)


def choice(entry: Entry, known: Collection[str]) -> str:
    """Return one of the known words."""
    word = entry.text(f"one of {', '.join(known)}")
    if word not in known:
        close = {each.lower(): each for each in known}.get(word.lower())
        hint = f"did you mean {close!r}? known: {', '.join(known)}" if close else None
        raise entry.error(f"unknown value {word!r}; {hint or suggestion(word, known)}")
    return word


def seconds(entry: Entry, least: int = 1) -> int:
    """Return a duration in seconds."""
    text = entry.scalar(expected := "a duration, such as 90s, 30m, 2h or 1d")
    if not (match := _DURATION.fullmatch(text)):
        raise entry.unlike(expected)
    duration = int(match[1]) * _SECONDS[match[2]]
    if not least <= duration <= _MOST:
        raise entry.unlike(f"between {least}s and {_MOST}s")
    return duration


def cores(entry: Entry) -> Quantity:
    """Return a number of cores."""
    text, limits = _limits(entry, lambda text: Limits.parse("", text))
    if not 0.001 <= (amount := limits.cpu or 0) <= _MOST:
        raise entry.unlike(f"between 1m and {_MOST} cores")
    return Quantity(text, amount)


def memory(entry: Entry) -> Quantity:
    """Return an amount of memory or disk space."""
    text, limits = _limits(entry, lambda text: Limits.parse(text, ""))
    if not _MEBIBYTE <= (amount := limits.memory or 0) < 2**63:
        hint = " (the suffix m means thousandths of a byte)" if text.endswith("m") else ""
        raise entry.unlike(f"between 1Mi and 7Ei, such as 512Mi or 4Gi{hint}")
    return Quantity(text, amount)


def _limits(entry: Entry, parse: Callable[[str], Limits]) -> tuple[str, Limits]:
    text = entry.scalar(expected := "a quantity, such as 500m, 2 or 1.5Gi")
    try:
        # Python also accepts digits of other scripts; Kubernetes does not.
        return text, parse(text if text.isascii() and text else f"?{text}")
    except ValueError:
        raise entry.unlike(expected) from None


def mount_path(entry: Entry) -> str:
    """Return the path in the container at which a volume is mounted."""
    text = entry.text(expected := "an absolute path in the container, such as /scratch")
    path = PurePosixPath("/" + text.lstrip("/"))
    if not text.startswith("/") or path == PurePosixPath("/") or not _clean(text):
        raise entry.unlike(expected)
    if taken := next((each for each in _TAKEN if path.is_relative_to(each)), None):
        raise entry.error(
            f"{text!r} is inside {taken}, which KFP mounts itself; choose another path"
        )
    return str(path)


def sub_path(entry: Entry) -> str:
    """Return the path of a folder within a volume."""
    text = entry.text(expected := "the path of a folder in the volume, such as runs/cache")
    if not text or text.startswith("/") or not _clean(text):
        raise entry.unlike(expected)
    return text


def _clean(path: str) -> bool:
    return ".." not in path.split("/") and ":" not in path and path.isprintable()
