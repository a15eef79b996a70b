"""The values of a platform file, held against what Kubernetes would say of them in the end."""

import re
from collections.abc import Callable, Collection
from pathlib import PurePosixPath

from pipelines.compiled.resource_limits import Limits
from pipelines.kubeflow.platform.entries import Entry, suggestion
from pipelines.kubeflow.platform.settings import Quantity

_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(rf"([0-9]{{1,10}})([{''.join(_SECONDS)}])")
_MOST = 2**31 - 1
_MEBIBYTE = 1024**2
# The folders that KFP itself mounts into the container of a step, to bring its launcher and to
# keep artifacts in.
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
# Kubernetes names a volume by a label, and KFP names it like what is mounted.
volume_name = _pattern(_LABEL, "a name of at most 63 lower case letters, digits and '-'", 63)
label_key = _pattern(rf"({_SUBDOMAIN}/)?{_QUALIFIED}", "the key of a label, such as pool", 253)
label_value = _pattern(rf"({_QUALIFIED})?", "the value of a label", 63)
resource_type = _pattern(
    rf"{_SUBDOMAIN}/{_QUALIFIED}", "a resource of nodes, such as nvidia.com/gpu", 253
)


def variable_name(entry: Entry) -> str:
    """The name of an environment variable."""
    name = entry.text("the name of an environment variable")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise entry.error(f"{name!r} is no name of an environment variable")
    if name.startswith("KFP_"):
        raise entry.error(f"{name!r} is one of KFP's own variables; choose another")
    return name


def data_key(entry: Entry) -> str:
    """A key of a secret or of a config map; what stands there may be a secret, and is not shown."""
    if entry.kind != "str" or not re.fullmatch(r"[-._A-Za-z0-9]{1,253}", str(entry.node.value)):
        raise entry.error(
            "must name the key that holds the value, never the value itself"
            " (letters, digits, '-', '_' and '.')"
        )
    return str(entry.node.value)


def choice(entry: Entry, known: Collection[str]) -> str:
    """One of the known words."""
    word = entry.text(f"one of {', '.join(known)}")
    if word not in known:
        close = {each.lower(): each for each in known}.get(word.lower())
        hint = f"did you mean {close!r}? known: {', '.join(known)}" if close else None
        raise entry.error(f"unknown value {word!r}; {hint or suggestion(word, known)}")
    return word


def seconds(entry: Entry, least: int = 1) -> int:
    """A duration, as a number of seconds."""
    text = entry.scalar(expected := "a duration, such as 90s, 30m, 2h or 1d")
    if not (match := _DURATION.fullmatch(text)):
        raise entry.unlike(expected)
    duration = int(match[1]) * _SECONDS[match[2]]
    if not least <= duration <= _MOST:
        raise entry.unlike(f"from {least}s to {_MOST}s")
    return duration


def cores(entry: Entry) -> Quantity:
    """A number of cores."""
    text, limits = _limits(entry, lambda text: Limits.parse("", text))
    if not 0.001 <= (amount := limits.cpu or 0) <= _MOST:
        raise entry.unlike(f"from 1m to {_MOST} cores")
    return Quantity(text, amount)


def memory(entry: Entry) -> Quantity:
    """An amount of memory or of disk space."""
    text, limits = _limits(entry, lambda text: Limits.parse(text, ""))
    if not _MEBIBYTE <= (amount := limits.memory or 0) < 2**63:
        hint = " (m is a thousandth of a byte)" if text.endswith("m") else ""
        raise entry.unlike(f"from 1Mi to 7Ei of bytes, such as 512Mi or 4Gi{hint}")
    return Quantity(text, amount)


def _limits(entry: Entry, parse: Callable[[str], Limits]) -> tuple[str, Limits]:
    text = entry.scalar(expected := "a quantity, such as 500m, 2 or 1.5Gi")
    try:
        # Digits of other scripts are digits to Python alone.
        return text, parse(text if text.isascii() and text else f"?{text}")
    except ValueError:
        raise entry.unlike(expected) from None


def mount_path(entry: Entry) -> str:
    """Where a volume appears in the container."""
    text = entry.text(expected := "an absolute path in the container, such as /scratch")
    path = PurePosixPath("/" + text.lstrip("/"))
    if not text.startswith("/") or path == PurePosixPath("/") or not _clean(text):
        raise entry.unlike(expected)
    if taken := next((each for each in _TAKEN if path.is_relative_to(each)), None):
        raise entry.error(f"{text!r} is where KFP mounts its own {taken}; choose another path")
    return str(path)


def sub_path(entry: Entry) -> str:
    """A folder within a volume."""
    text = entry.text(expected := "the path of a folder in the volume, such as runs/cache")
    if not text or text.startswith("/") or not _clean(text):
        raise entry.unlike(expected)
    return text


def _clean(path: str) -> bool:
    return ".." not in path.split("/") and ":" not in path and path.isprintable()
