"""Parse the version numbers of components and releases."""

from packaging.version import InvalidVersion, Version


def version_number(text: str) -> Version:
    """Return a version that may be published; raise `ValueError`, in one line, for any other text.

    It must have three numbers and be in PEP 440's normal form, so that no two texts mean the same
    version, and every text is a valid image tag and git tag.
    """
    try:
        version = Version(text)
    except InvalidVersion:
        raise ValueError(f"{text!r} is not a version such as 1.2.3 or 1.2.3rc1") from None
    wrong = {
        "is not a version to publish; leave out +local, .dev and epoch": bool(
            version.local or version.is_devrelease or version.epoch
        ),
        "does not have three numbers, such as 1.2.3": len(version.release) != 3,
        f"is not in normal form; write {str(version)!r}": str(version) != text,
    }
    for why, applies in wrong.items():
        if applies:
            raise ValueError(f"{text!r} {why}")
    return version
