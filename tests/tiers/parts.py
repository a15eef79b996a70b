"""The parts that all tests and checks come in, found by the folders of the repository.

A part is what runs in one environment: the tests of a component beside that component's own
packages, those of the pipelines, a linter, the types of one component.
"""

import ast
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.components import discover
from pipelines.workspace import ROOT

TOOLS = ROOT / "build-support" / "tools"
PIPELINES = ROOT / "pipelines" / "requirements.lock"
# What components share. It is tested and checked beside the packages of one that uses all of it.
LIBRARY = "libraries/pinion_step"
LIBRARY_BESIDE = "evaluate"
# What is tested and checked in the environment of the pipelines, beside the components.
OURS = ("pipelines", "tests", "benchmarks")
# Tests that take turns at what one process in the whole run makes for all of them.
TOGETHER = "tests/build"

# Finds the Python of the environment that the named locks make.
Python = Callable[[str, Sequence[Path]], Path]


@dataclass(frozen=True)
class Part:
    """One line of the summary.

    `folders` are what it is about, `workers` the processes that it keeps busy. `command` is given
    the Python of its own environment, the paths that were asked for, and how to find more Pythons.
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
        """Return what of the paths is in this part; all of it if none are given."""
        if not paths:
            return list(self.folders)
        found = [each for path in paths for each in self._within(path.rstrip("/"))]
        return list(dict.fromkeys(found))

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
    """Return every part: first those that tell soon, then by how long they take, as a rule."""
    components = sorted(discover(ROOT / "components"))
    tests = [*(_component_tests(name, cores) for name in components), *_our_tests(cores)]
    tests.append(_library_tests(cores))
    size = {part.name: _size_of_tests(part) for part in tests}
    return [
        _ruff(),
        _black(),
        *sorted(tests, key=lambda part: -size[part.name]),
        _mypy("pipelines", OURS, "pipelines", ""),
        *map(_component_types, components),
        _mypy("pinion_step", (LIBRARY,), LIBRARY_BESIDE, LIBRARY),
    ]


def _size_of_tests(part: Part) -> int:
    files = (each for folder in part.folders for each in (ROOT / folder).rglob("*_test.py"))
    return sum(file.stat().st_size for file in files)


def _ruff() -> Part:
    def command(python: Path, paths: Sequence[str], _find: Python) -> list[str | Path]:
        return [python.with_name("ruff"), "check", "--quiet", *paths]

    return Part("ruff", (".",), "ruff", (TOOLS / "ruff.lock",), command)


def _black() -> Part:
    # Pants formats with the same flags.
    flags = tomllib.loads((ROOT / "pants.toml").read_text())["black"]["args"]

    def command(python: Path, paths: Sequence[str], _find: Python) -> list[str | Path]:
        return [python.with_name("black"), "--check", "--quiet", *flags, *paths]

    return Part("black", (".",), "black", (TOOLS / "black.lock",), command)


def _component_types(name: str) -> Part:
    folder = f"components/{name}"
    return _mypy(name, (folder,), name, f"{folder}:{LIBRARY}")


def _lock_of(name: str) -> Path:
    return PIPELINES if name == "pipelines" else ROOT / f"components/{name}/requirements.lock"


def _mypy(name: str, folders: tuple[str, ...], beside: str, root: str) -> Part:
    """Types as Pants checks them: against what runs, without the tools of the tests.

    `beside` is whose packages those are.
    """

    def command(python: Path, _paths: Sequence[str], find: Python) -> list[str | Path]:
        return [
            *(python.with_name("mypy"), "--no-error-summary", "--config-file=mypy.ini"),
            *(f"--cache-dir=.mypy_cache/{name}", "--python-executable"),
            find(beside, [_lock_of(beside)]),
            # A folder is one program's; its types are those of all of it.
            *folders,
        ]

    def variables(_find: Python) -> Mapping[str, str]:
        return {"MYPYPATH": root}

    locks = (TOOLS / "mypy.lock",)
    return Part(f"mypy {name}", folders, "mypy", locks, command, variables)


def _component_tests(name: str, cores: int) -> Part:
    folder = f"components/{name}"
    servers = _servers(ROOT / folder / "BUILD")

    def variables(find: Python) -> Mapping[str, str]:
        pythons = {
            f"PINION_{each.upper()}": find(each, [ROOT / f"build-support/{each}/requirements.lock"])
            for each in servers
        }
        path = f"{ROOT / folder}{os.pathsep}{ROOT / LIBRARY}"
        return {"PYTHONPATH": path, **{k: str(v) for k, v in pythons.items()}}

    return _tests(folder, name, _lock_of(name), variables, max(1, cores // 2))


def _library_tests(cores: int) -> Part:
    def variables(_find: Python) -> Mapping[str, str]:
        return {"PYTHONPATH": str(ROOT / LIBRARY)}

    lock = _lock_of(LIBRARY_BESIDE)
    return _tests(LIBRARY, LIBRARY_BESIDE, lock, variables, max(1, cores // 2))


def _servers(build: Path) -> list[str]:
    """Return the names of the servers of build-support that the tests of a component start."""
    calls = (each for each in ast.walk(ast.parse(build.read_text())) if isinstance(each, ast.Call))
    keywords = (each for call in calls for each in call.keywords if each.arg == "servers")
    return [Path(name).name for each in keywords for name in ast.literal_eval(each.value)]


def _our_tests(cores: int) -> Iterator[Part]:
    def variables(_find: Python) -> Mapping[str, str]:
        return {"PYTHONPATH": str(ROOT)}

    # Those that start whole runs or servers wait for them.
    several = {"pipelines": max(1, cores // 2), "tests": cores, TOGETHER: cores + 1}
    for folder, workers in several.items():
        ignored = tuple(each for each in several if each != folder and _is_below(each, folder))
        yield _tests(folder, "pipelines", PIPELINES, variables, workers, ignored)


def _tests(
    folder: str,
    name: str,
    lock: Path,
    variables: Callable[[Python], Mapping[str, str]],
    workers: int,
    ignored: tuple[str, ...] = (),
) -> Part:
    def command(python: Path, paths: Sequence[str], _find: Python) -> list[str | Path]:
        # Tests of a file share what is made for them.
        several = ["--numprocesses", str(workers), "--dist=loadscope"] if workers > 1 else []
        left_out = [f"--ignore={each}" for each in ignored]
        return [python, "-m", "pytest", "-p", "no:cacheprovider", *several, *left_out, *paths]

    locks = (lock, TOOLS / "pytest.lock")
    return Part(
        folder, (folder,), f"{name}-tests", locks, command, variables, workers, True, ignored
    )


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a part: the caller's, without another Python's modules."""
    hidden = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return {**kept, **variables}
