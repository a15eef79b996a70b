"""Divide all tests and checks into parts, by the folders of the repository.

A part runs in one environment: the tests of one component with that component's packages, the tests
of the pipelines, a linter, or the type checks.
"""

import ast
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.components.component import discover
from pipelines.system.workspace import ROOT

TOOLS = ROOT / "build-support" / "tools"
PIPELINES = ROOT / "pipelines" / "requirements.lock"
# The library that components share is tested and checked with the packages of a component that
# imports all of it.
LIBRARY = "libraries/pinion_step"
LIBRARY_BESIDE = "evaluate"
# What a new component begins as.
TEMPLATE = "build-support/component"
# The folders that are tested and checked in the environment of the pipelines.
OURS = ("pipelines", "tests", "benchmarks")
MYPY_EACH = Path(__file__).with_name("mypy_each.py")
# Tests that share what one process of the whole run makes for all of them.
TOGETHER = "tests/build"

# Returns the Python of the environment that the locks define.
Python = Callable[[str, Sequence[Path]], Path]


@dataclass(frozen=True)
class Part:
    """A part, which is one line of the summary.

    `folders` are what it tests or checks, `workers` the processes that it keeps busy. `command`
    gets the Python of the part's environment, the requested paths, and a function to find other
    Pythons.
    """

    name: str
    folders: tuple[str, ...]
    environment: str
    locks: tuple[Path, ...]
    command: Callable[[Path, Sequence[str], Python], list[str | Path]]
    variables: Callable[[Python], Mapping[str, str]] = lambda _python: {}
    workers: int = 1
    tests: bool = False
    ignored: tuple[str, ...] = field(default=())

    def chosen(self, paths: Sequence[str]) -> list[str]:
        """Return the paths that are in this part; all of its folders if none are given."""
        if not paths:
            return list(self.folders)
        found = [each for path in paths for each in self._within(path.rstrip("/"))]
        return list(dict.fromkeys(found))

    def mentions(self, text: str) -> bool:
        """Return whether a Python file of its folders, other than those ignored, has the text."""
        files = (path for folder in self.folders for path in (ROOT / folder).rglob("*.py"))
        names = ((path, path.relative_to(ROOT).as_posix()) for path in files)
        return any(
            text in path.read_text(encoding="utf-8")
            for path, name in names
            if not any(_is_below(name, no) for no in self.ignored)
        )

    def _within(self, path: str) -> Iterator[str]:
        file = path.partition("::")[0]
        for folder in self.folders:
            if _is_below(file, folder) and not any(_is_below(file, no) for no in self.ignored):
                yield path
            elif _is_below(folder, file):
                yield folder


def _is_below(path: str, folder: str) -> bool:
    return folder in (".", path) or path.startswith(f"{folder}/")


def all_parts(cores: int) -> list[Part]:
    """Return every part: first the quick checks, then the tests, roughly the longest first."""
    components = sorted(discover(ROOT / "components"))
    tests = [*(_component_tests(name, cores) for name in components), *_our_tests(cores)]
    tests += [_library_tests(cores), _template_tests()]
    size = {part.name: _size_of_tests(part) for part in tests}
    return [
        _ruff(),
        _black(),
        *sorted(tests, key=lambda part: -size[part.name]),
        _mypy(components),
    ]


def _size_of_tests(part: Part) -> int:
    files = (each for folder in part.folders for each in (ROOT / folder).rglob("*_test.py"))
    return sum(file.stat().st_size for file in files)


def _ruff() -> Part:
    def command(python: Path, paths: Sequence[str], _find: Python) -> list[str | Path]:
        return [python.with_name("ruff"), "check", "--quiet", *paths]

    return Part("ruff", (".",), "ruff", (TOOLS / "ruff.lock",), command)


def _black() -> Part:
    # Pants uses the same flags.
    flags = tomllib.loads((ROOT / "pants.toml").read_text())["black"]["args"]

    def command(python: Path, paths: Sequence[str], _find: Python) -> list[str | Path]:
        return [python.with_name("black"), "--check", "--quiet", *flags, *paths]

    return Part("black", (".",), "black", (TOOLS / "black.lock",), command)


def _lock_of(name: str) -> Path:
    return PIPELINES if name == "pipelines" else ROOT / f"components/{name}/requirements.lock"


def _mypy(components: Sequence[str]) -> Part:
    """Return a type check like that of Pants: against what runs, without the test tools."""
    # Each with the packages of the component that has its name, or of the pipelines. The library
    # comes first and has those of a component that imports all of it.
    checked = {
        LIBRARY_BESIDE: (LIBRARY, f"components/{LIBRARY_BESIDE}"),
        **{name: (f"components/{name}",) for name in components if name != LIBRARY_BESIDE},
        "pipelines": OURS,
    }

    def command(python: Path, paths: Sequence[str], find: Python) -> list[str | Path]:
        words: list[str | Path] = [python, MYPY_EACH]
        for name, folders in checked.items():
            # The types of one file depend on the others, so the whole folder is checked.
            if any(_is_below(path, folder) for path in paths for folder in folders):
                root = "" if name == "pipelines" else f"components/{name}:{LIBRARY}"
                words += [name, find(name, [_lock_of(name)]), root, *folders, "--"]
        return words

    folders = tuple(folder for each in checked.values() for folder in each)
    return Part("mypy", folders, "mypy", (TOOLS / "mypy.lock",), command)


def _component_tests(name: str, cores: int) -> Part:
    folder = f"components/{name}"
    servers = _servers(ROOT / folder / "BUILD")

    def variables(find: Python) -> Mapping[str, str]:
        pythons = {
            f"PINION_{each.upper()}": find(each, [ROOT / f"build-support/{each}/requirements.lock"])
            for each in servers
        }
        return {**_importing(folder, LIBRARY)(find), **{k: str(v) for k, v in pythons.items()}}

    return _tests(folder, name, _lock_of(name), variables, max(1, cores // 2))


def _library_tests(cores: int) -> Part:
    lock, variables = _lock_of(LIBRARY_BESIDE), _importing(LIBRARY)
    return _tests(LIBRARY, LIBRARY_BESIDE, lock, variables, max(1, cores // 2))


def _template_tests() -> Part:
    """Return the tests that `python -m pipelines.new` copies into a component."""
    lock, variables = ROOT / TEMPLATE / "requirements.lock", _importing(TEMPLATE, LIBRARY)
    return _tests(TEMPLATE, "new_step", lock, variables, 1)


def _importing(*folders: str) -> Callable[[Python], Mapping[str, str]]:
    """Return the variables of tests that import from these folders of the repository."""
    path = os.pathsep.join(str(ROOT / folder) for folder in folders)
    return lambda _find: {"PYTHONPATH": path}


def _servers(build: Path) -> list[str]:
    """Return the servers in build-support that the tests of a component start."""
    calls = (each for each in ast.walk(ast.parse(build.read_text())) if isinstance(each, ast.Call))
    keywords = (each for call in calls for each in call.keywords if each.arg == "servers")
    return [Path(name).name for each in keywords for name in ast.literal_eval(each.value)]


def _our_tests(cores: int) -> Iterator[Part]:
    # Tests that start whole runs or servers mostly wait.
    several = {"pipelines": max(1, cores // 2), "tests": cores, TOGETHER: cores + 1}
    for folder, workers in several.items():
        ignored = tuple(each for each in several if each != folder and _is_below(each, folder))
        yield _tests(folder, "pipelines", PIPELINES, _importing("."), workers, ignored)


def _tests(
    folder: str,
    name: str,
    lock: Path,
    variables: Callable[[Python], Mapping[str, str]],
    workers: int,
    ignored: tuple[str, ...] = (),
) -> Part:
    def command(python: Path, paths: Sequence[str], _find: Python) -> list[str | Path]:
        # The tests of a file share their fixtures.
        several = ["--numprocesses", str(workers), "--dist=loadscope"] if workers > 1 else []
        left_out = [f"--ignore={each}" for each in ignored]
        return [python, "-m", "pytest", "-p", "no:cacheprovider", *several, *left_out, *paths]

    locks = (lock, TOOLS / "pytest.lock")
    return Part(
        folder, (folder,), f"{name}-tests", locks, command, variables, workers, True, ignored
    )


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables of a part, without another Python's modules."""
    hidden = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return {**kept, **variables}
