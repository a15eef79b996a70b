"""Describe how two releases differ, line by line."""

from collections.abc import Iterator, Mapping

from pipelines.pinning.lock import Lock, Locked

_SHORT = len("sha256:") + 12
_HASH = len("s1:") + 12


def differences(before: Lock | None, after: Lock) -> Iterator[str]:
    """Yield the differences of each component: version, digest, interface and dependencies."""
    older = before.components if before else {}
    for name in sorted({*older, *after.components}):
        old, new = older.get(name), after.components.get(name)
        if new is None:
            yield f"{name}: removed"
        elif old is None:
            yield f"{name}: {new.version} ({new.image.digest[:_SHORT]}) new"
        elif old == new:
            yield f"{name}: {new.version} unchanged"
        else:
            yield f"{name}: {_arrow(old.version, new.version)}"
            yield from (f"  {line}" for line in _changes(old, new))


def _changes(old: Locked, new: Locked) -> Iterator[str]:
    if old.image.repository != new.image.repository:
        yield f"repository: {_arrow(old.image.repository, new.image.repository)}"
    if old.image.digest != new.image.digest:
        digests = (each.image.digest[:_SHORT] for each in (old, new))
        yield f"digest: {_arrow(*digests)}"
    for label, mine, yours in (
        ("content", old.content, new.content),
        ("runs", old.runs, new.runs),
        ("commit", old.commit, new.commit),
    ):
        if mine != yours:
            yield f"{label}: {_arrow(*(each[:_HASH] or '(none)' for each in (mine, yours)))}"
    for label, one, other in (
        ("input", old.signature.inputs, new.signature.inputs),
        ("output", old.signature.outputs, new.signature.outputs),
        ("dependency", old.requirements, new.requirements),
    ):
        yield from (f"{label} {change}" for change in _named(one, other))


def _named(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*old, *new}):
        if name not in new:
            yield f"{name}: {old[name]} removed"
        elif name not in old:
            yield f"{name}: {new[name]} new"
        elif old[name] != new[name]:
            yield f"{name}: {_arrow(old[name], new[name])}"


def _arrow(old: str, new: str) -> str:
    return f"{old} -> {new}" if old != new else old
