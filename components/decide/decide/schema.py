"""What differs between the schemas of two tables."""

from pinion_step.errors import one_line
from pinion_step.formats.profile import Profile

# A name of data in a reason; the whole one is in the JSON beside it.
LONGEST = 80


def differences(champion: Profile, new: Profile) -> list[str]:
    """Return a phrase for each difference: of the target, then of each column."""
    found = [
        f"{what} is {_short(now)}, was {_short(before)}"
        for what, now, before in (
            ("target", new.target, champion.target),
            ("task", new.task, champion.task),
        )
        if now != before
    ]
    for name in sorted(champion.columns.keys() | new.columns.keys()):
        before, now = champion.columns.get(name), new.columns.get(name)
        if now is None:
            found.append(f"column {_short(name)} gone")
        elif before is None:
            found.append(f"column {_short(name)} new")
        elif before.kind != now.kind:
            found.append(f"column {_short(name)} is {now.kind}, was {before.kind}")
    return found


def _short(name: str) -> str:
    return one_line(name, LONGEST)
