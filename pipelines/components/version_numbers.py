"""Version numbers of components and releases."""

from packaging.version import InvalidVersion, Version


def version_number(text: str) -> Version:
    """A version that may be published; raises `ValueError`, one line, for what is none.

    It has three numbers and is written as PEP 440 normalizes it, so that no two texts mean one
    version, and every text is an image tag and a git tag.
    """
    try:
        version = Version(text)
    except InvalidVersion:
        raise ValueError(f"{text!r} is not a version such as 1.2.3 or 1.2.3rc1") from None
    if version.local or version.is_devrelease or version.epoch:
        raise ValueError(f"{text!r} is not a version to publish: no +local, .dev or epoch")
    if len(version.release) != 3:
        raise ValueError(f"{text!r} has not three numbers, as in 1.2.3")
    if str(version) != text:
        raise ValueError(f"{text!r} is written {str(version)!r}")
    return version
