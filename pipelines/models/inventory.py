"""Find the components, releases and registered models that contain a package.

The answers come from lock files, and from the tags of the models.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from pipelines.components.component import discover
from pipelines.models.lineage import Line, components_of
from pipelines.models.registry import ModelRegistry, open_registry
from pipelines.pinning.releases import locks
from pipelines.system.errors import UsageError
from pipelines.system.workspace import Workspace

# At most this many component versions with unknown contents are named.
_NAMED = 3

# The versions of packages by name, for each component by its name and exact version.
Contents = Mapping[tuple[str, str], Mapping[str, str]]


@dataclass(frozen=True)
class Wanted:
    """A package by its normalized name, and the versions to look for."""

    name: str
    versions: SpecifierSet

    @classmethod
    def parse(cls, text: str) -> "Wanted":
        """Parse PACKAGE or PACKAGE<VERSION; raise `UsageError` for anything else."""
        try:
            requirement = Requirement(text)
            if requirement.url or requirement.marker or requirement.extras:
                raise InvalidRequirement("only a name and versions are compared")
        except InvalidRequirement as error:
            raise UsageError(
                f"--containing {text!r} is not PACKAGE or PACKAGE<VERSION, such as 'numpy<2.1': "
                + str(error).partition("\n")[0]
            ) from error
        return cls(str(canonicalize_name(requirement.name)), requirement.specifier)

    def found(self, packages: Mapping[str, str]) -> str:
        """Return the package with its version if it is among these packages, else ""."""
        version = packages.get(self.name)
        # A pre-release counts like any other version.
        known = version is not None and self.versions.contains(version, prereleases=True)
        return f"{self.name} {version}" if known else ""

    def __str__(self) -> str:
        return f"{self.name}{self.versions}"


def containing(wanted: Wanted, workspace: Workspace, tracking_uri: str | None) -> Iterator[Line]:
    """Yield labels and texts; models come last, and only if there is an MLflow store.

    Raises `PinionError` if the store fails, after everything that is known without it.
    """
    lines = [*_components(wanted, workspace), *_releases(wanted, workspace)]
    yield from lines
    searched = "component, release or model"
    try:
        with open_registry(tracking_uri) as registry:
            models = list(_models(wanted, registry, _known(workspace)))
    except UsageError as error:
        models, searched = [("models", f"not searched: {error}")], "component or release"
    yield from models
    if not lines and all(label == "models" for label, _ in models):
        yield "none", f"no {searched} contains {wanted}"


def _components(wanted: Wanted, workspace: Workspace) -> Iterator[Line]:
    for name, component in discover(workspace.components).items():
        if found := wanted.found({pin.name: pin.version for pin in component.pins().values()}):
            yield "component", f"{name} {component.version} of the working tree: {found}"


def _releases(wanted: Wanted, workspace: Workspace) -> Iterator[Line]:
    """Yield one line for all releases with the package in the same component versions."""
    tags: dict[str, list[str]] = {}
    for tag, lock in locks(workspace).items():
        contents = {
            (name, locked.version): locked.requirements for name, locked in lock.components.items()
        }
        if text := _where(wanted, contents):
            tags.setdefault(text, []).append(tag)
    for text, each in tags.items():
        yield "release", f"{', '.join(each)}: {text}"


def _where(wanted: Wanted, contents: Contents) -> str:
    """Return, for example, `numpy 2.4.5 in train 0.1.0, evaluate 0.1.0`; empty if nowhere."""
    places: dict[str, list[str]] = {}
    for (name, version), packages in contents.items():
        if found := wanted.found(packages):
            places.setdefault(found, []).append(f"{name} {version.partition('@')[0]}")
    return "; ".join(f"{found} in {', '.join(each)}" for found, each in sorted(places.items()))


def _known(workspace: Workspace) -> Contents:
    """Return the contents of every image of every release, and of the working tree."""
    here = {
        (name, component.dev_version()): component.content().requirements
        for name, component in discover(workspace.components).items()
    }
    released = {
        (name, locked.image.exact): locked.requirements
        for lock in locks(workspace).values()
        for name, locked in lock.components.items()
    }
    return {**here, **released}


def _models(wanted: Wanted, registry: ModelRegistry, known: Contents) -> Iterator[Line]:
    """Yield the versions of each model that contain the package, then those that are unknown."""
    held: dict[tuple[str, str], list[int]] = {}
    unknown: dict[tuple[str, str], list[int]] = {}
    makers: dict[tuple[str, str], list[str]] = {}
    for version in registry.all_versions():
        made_by = list(components_of(version.tags).items())
        contents = {each: known[each] for each in made_by if each in known}
        if text := _where(wanted, contents):
            held.setdefault((version.name, text), []).append(version.number)
        elif len(contents) < len(made_by) or not made_by:
            absent = [f"{name} {exact}" for name, exact in made_by if (name, exact) not in known]
            key = version.name, _why(absent)
            unknown.setdefault(key, []).append(version.number)
            makers.setdefault(key, []).extend(absent)
    for (name, text), numbers in held.items():
        yield "model", f"{name}/{ranges(numbers)}: {text}"
    for (name, why), numbers in unknown.items():
        yield "unknown", f"{name}/{ranges(numbers)}: {why}{_named(makers[name, why])}"


def _why(absent: Sequence[str]) -> str:
    if not absent:
        return "the components that made it are not recorded"
    if all("-dev." in each for each in absent):
        return "made by other working trees: "
    return "made by components that are in no release of this clone: "


def _named(makers: Iterable[str]) -> str:
    short = [each.partition("@")[0] for each in dict.fromkeys(makers)]
    named = ", ".join(short[:_NAMED])
    return f"{named} and {len(short) - _NAMED} more" if len(short) > _NAMED else named


def ranges(numbers: Iterable[int]) -> str:
    """Return, for example, `1-3, 7`."""
    runs = [
        [number for _, number in run]
        for _, run in groupby(enumerate(sorted(numbers)), key=lambda pair: pair[1] - pair[0])
    ]
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
