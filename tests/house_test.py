"""Where modules belong, which of them may import which, and how long they may be."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import groupby
from pathlib import Path

import pytest

from pipelines.system.workspace import ROOT

# The folders of pipelines/, and the other folders that each may import. The commands at the top may
# import every folder, and nothing imports a command.
MAY_IMPORT = {
    "system": "",
    "console": "system",
    "environments": "system",
    "components": "system",
    "compiled": "system",
    "registry": "system components",
    "training": "",
    "pinning": "system components compiled registry training",
    "models": "system console environments components pinning",
    "pages": "system console compiled",
    "runner/task": "system compiled",
    "runner/process": "system console environments components compiled pinning runner/task",
    "runner/docker": "system console components compiled runner/task",
    "runner/cache": "system compiled models runner/task",
    "runner": "system console environments components compiled pinning models pages"
    " runner/task runner/process runner/docker runner/cache",
    "kubeflow/api": "system",
    "kubeflow/platform": "system compiled",
    "kubeflow/following": "system console compiled kubeflow/api",
    "kubeflow": "system console components compiled registry kubeflow/api kubeflow/platform"
    " kubeflow/following",
    "kubeflow/deployed": "system console compiled kubeflow/api kubeflow/following kubeflow",
    "reproduction": "system components compiled pinning models runner/task",
}
# The package itself reports a broken environment, whichever module is imported first.
FIRST = ("pipelines", "pipelines.environments.repair")

MOST_MODULES, MOST_LINES, MOST_OF_A_FUNCTION = 15, 250, 30
# Wiring of steps and lists of flags cannot be divided.
MAY_BE_LONG = {"build_parser", "training_pipeline", "training"}


def packages(root: Path) -> list[Path]:
    """Return the folder of every package in this repository."""
    projects = (*root.glob("components/*/pyproject.toml"), *root.glob("libraries/*/pyproject.toml"))
    folders = sorted(project.parent for project in projects)
    return [root / "pipelines", *(folder / folder.name for folder in folders)]


def sources(folder: Path) -> list[Path]:
    """Return the modules of a package, without its tests and their helpers."""
    return [
        path
        for path in sorted(folder.rglob("*.py"))
        if not path.name.endswith(("_test.py", "_testing.py")) and path.name != "conftest.py"
    ]


def modules(package: Path) -> dict[str, Path]:
    """Return the sources of a package by their full names, as in `pipelines.system.errors`."""
    names = {
        path: path.relative_to(package.parent).with_suffix("").parts for path in sources(package)
    }
    return {
        ".".join(parts[:-1] if parts[-1] == "__init__" else parts): path
        for path, parts in names.items()
    }


def imported(path: Path, known: Mapping[str, Path]) -> set[str]:
    """Return the known modules that a module imports, also in functions and for types."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in known else str(node.module) for name in whole}
    return found & known.keys()


def folder_of(name: str, path: Path) -> str:
    """Return the folder of a module of `pipelines` below it; empty for those at its top."""
    parts = name.split(".")[1:]
    return "/".join(parts if path.name == "__init__.py" else parts[:-1])


def wrong_imports(root: Path) -> list[str]:
    """Return a line for every import in `pipelines` that goes in the wrong direction."""
    known = modules(root / "pipelines")
    wrong = []
    for name, path in known.items():
        folder = folder_of(name, path)
        allowed = {folder, *MAY_IMPORT.get(folder, "").split()}
        for other in sorted(imported(path, known) - {"pipelines"}):
            target = folder_of(other, known[other])
            if (name, other) != FIRST and (not target or (folder and target not in allowed)):
                wrong.append(f"{name} imports {other}: {folder} -> {target or 'a command'}")
    return wrong


def test_imports_follow_the_direction() -> None:
    assert wrong_imports(ROOT) == []


def test_every_folder_is_in_the_table() -> None:
    known = modules(ROOT / "pipelines")
    assert {folder_of(*each) for each in known.items()} - {""} == MAY_IMPORT.keys()


UPWARDS = "pipelines.system.errors imports pipelines.runner.run: system -> runner"


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        pytest.param(
            "system/errors.py", "from pipelines.runner.run import Run", UPWARDS, id="upwards"
        ),
        pytest.param("system/errors.py", "import pipelines.runner.run", UPWARDS, id="whole"),
        pytest.param("system/errors.py", "from pipelines.runner import run", UPWARDS, id="module"),
        pytest.param(
            "system/errors.py",
            "def fail():\n    from pipelines.runner.run import Run",
            UPWARDS,
            id="in a function",
        ),
        pytest.param(
            "system/errors.py",
            "if TYPE_CHECKING:\n    from pipelines.runner.run import Run",
            UPWARDS,
            id="for types",
        ),
        pytest.param(
            "runner/run.py",
            "from pipelines.compile import write",
            "pipelines.runner.run imports pipelines.compile: runner -> a command",
            id="a command",
        ),
        pytest.param(
            "release.py",
            "from pipelines.compile import write",
            "pipelines.release imports pipelines.compile:  -> a command",
            id="a command by another",
        ),
    ],
)
def test_an_import_in_the_wrong_direction_is_named(
    tmp_path: Path, file: str, text: str, line: str
) -> None:
    for each in ("system/errors.py", "runner/run.py", "compile.py", "release.py"):
        path = tmp_path / "pipelines" / each
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if each == file else "")
    assert wrong_imports(tmp_path) == [line]


def cycle(package: Path) -> list[str]:
    """Return modules of which each imports the next and the last is the first; empty if none."""
    known = modules(package)
    # Every module of a package imports the package itself first, which is not a cycle.
    graph = {
        name: imported(path, known) - {package.name, name}
        for name, path in known.items()
        if name != package.name
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found[::-1]
    return []


def test_no_imports_are_circular() -> None:
    found = {package.name: cycle(package) for package in packages(ROOT)}
    assert {name: each for name, each in found.items() if each} == {}


def test_a_cycle_is_named(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(f"from {tmp_path.name}.two import b\n")
    (tmp_path / "two.py").write_text(f"def b():\n    from {tmp_path.name} import one\n")
    assert sorted(set(cycle(tmp_path))) == [f"{tmp_path.name}.one", f"{tmp_path.name}.two"]


def crowded(root: Path) -> dict[str, int]:
    """Return the folders with too many modules, and the number of modules in each."""
    paths = [path for package in packages(root) for path in sources(package)]
    named = [path for path in paths if path.name != "__init__.py"]
    by_folder = groupby(sorted(named, key=lambda path: path.parent), lambda path: path.parent)
    counts = {str(folder.relative_to(root)): len(list(each)) for folder, each in by_folder}
    return {folder: count for folder, count in counts.items() if count > MOST_MODULES}


def test_no_folder_has_too_many_modules() -> None:
    assert crowded(ROOT) == {}


def too_long(root: Path) -> dict[str, int]:
    """Return the modules and functions that are too long, with their number of lines."""
    paths = [(package.name, path) for package in packages(root) for path in sources(package)]
    found = {}
    for package, path in paths:
        text = path.read_text()
        if (lines := len(text.splitlines())) > MOST_LINES:
            found[f"{package}: {path.name}"] = lines
        for name, lines in lengths(text):
            if lines > MOST_OF_A_FUNCTION and name not in MAY_BE_LONG:
                found[f"{package}: {name}"] = lines
    return found


def lengths(text: str) -> Iterator[tuple[str, int]]:
    """Yield the functions of a module, with their number of lines."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_modules_and_functions_are_short() -> None:
    assert too_long(ROOT) == {}


def test_what_is_too_large_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "pipelines" / "system"
    folder.mkdir(parents=True)
    for number in range(MOST_MODULES + 1):
        (folder / f"module_{number}.py").write_text("")
    body = "    pass\n"
    (folder / "module_0.py").write_text(f"def long():\n{body * MOST_OF_A_FUNCTION}")
    (folder / "module_1.py").write_text("\n" * (MOST_LINES + 1))
    (folder / "module_1_test.py").write_text("\n" * (MOST_LINES + 1))
    assert crowded(tmp_path) == {"pipelines/system": MOST_MODULES + 1}
    assert too_long(tmp_path) == {
        "pipelines: long": MOST_OF_A_FUNCTION + 1,
        "pipelines: module_1.py": MOST_LINES + 1,
    }
