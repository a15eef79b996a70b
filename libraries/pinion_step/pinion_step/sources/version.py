"""The version of a source: one word that says exactly which bytes it holds.

It starts with its kind, as in `etag:"3f2a"`. Two looks at a source give the same version if nothing
was written to it in between. `resolve` and `pull_data` look at the same things, so that the one can
hold what it reads against what the other has found.
"""

import hashlib
import os
import string
from collections.abc import Mapping
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from pinion_step.errors import StepError

# A file may be written twice within the second that Last-Modified names, and some servers name the
# present. RFC 9110, 8.8.2.2, trusts it when it lies this far back.
_SETTLED = timedelta(seconds=60)
_BYTES = "sha256"


def of_bytes(sha256: str) -> str:
    """Return the version of a source of which nothing but the bytes is known."""
    return _version(_BYTES, sha256)


def is_of_bytes(version: str) -> bool:
    """Return whether only who has read all bytes knows the version."""
    return version.startswith(f"{_BYTES}:")


def of_file(size: int, changed_ns: int) -> str:
    """Return the version of a file of this machine."""
    return _version("mtime", f"{changed_ns},{size}")


def of_answer(headers: Mapping[str, str]) -> str:
    """Return the version that a web server's answer names, or nothing.

    A weak ETag may stay the same if the bytes change, so it does not count.
    """
    etag = headers.get("ETag", "")
    if etag and not etag.startswith("W/"):
        return _version("etag", etag)
    try:
        changed, now = (
            parsedate_to_datetime(headers.get(name, "")).astimezone(UTC)
            for name in ("Last-Modified", "Date")
        )
    except ValueError:
        return ""
    if now - changed < _SETTLED:
        return ""
    return _version(
        "last-modified", f"{changed:%Y-%m-%dT%H:%M:%SZ},{headers.get('Content-Length', '')}"
    )


def of_object(details: Mapping[str, Any]) -> str:
    """Return the version that a store of objects names in what it says about one, or nothing."""
    # "null" are all versions from before a bucket kept them.
    for kind, key in (("version", "VersionId"), ("generation", "generation"), ("etag", "ETag")):
        if (named := str(details.get(key) or "null")) != "null":
            return _version(kind, named)
    return ""


def of_folder(parts: Mapping[str, str]) -> str:
    """Return the version of a folder from those of its files, by their paths in it."""
    digest = hashlib.sha256()
    for path in sorted(parts, key=os.fsencode):
        digest.update(b"%s  %s\n" % (parts[path].encode(), os.fsencode(path)))
    return _version("files", digest.hexdigest())


def check_version(name: str, found: str, wanted: str) -> None:
    """Raise `StepError` unless a source has the version that is wanted, if one is."""
    if wanted and found != wanted:
        raise StepError(
            f"{name}: the version is {found or 'not known'}, but --source-version is {wanted}; the"
            " source has changed since it was resolved: run the pipeline again"
        )


def _version(kind: str, text: str) -> str:
    return f"{kind}:{quote(text, safe=string.punctuation)}"
