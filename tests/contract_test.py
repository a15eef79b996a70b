"""Every component, found by its folder, follows the contract in components/README.md."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml
from kfp import compiler, dsl
from kfp.components import load_component_from_text

from pipelines.compiled.driver_rules import breaches
from pipelines.compiled.file import PipelineFile
from pipelines.compiled.graph import Pipeline
from pipelines.compiled.values import parse
from pipelines.components.component import Component, discover
from pipelines.components.content import LIBRARY_FOLDER, is_packaged, library_modules, read_tree
from pipelines.pinning.compiler import Pin, step
from pipelines.system.workspace import ROOT
from pipelines.training.choices import CHOICES
from tests.make_golden import GOLDEN

COMPONENTS = ROOT / "components"
LIBRARY = ROOT / LIBRARY_FOLDER / "pinion_step"
IMPORTED = r"pinion_step(\.\w+)+"
ALL_MODULES = {
    path.relative_to(LIBRARY.parent).as_posix(): path.read_bytes() for path in LIBRARY.rglob("*.py")
}
FOLDERS = sorted(path for path in COMPONENTS.iterdir() if path.is_dir())
each_component = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)

FILES = [
    "BUILD",
    "CHANGELOG.md",
    "Dockerfile",
    "component.yaml",
    "pyproject.toml",
    "requirements.lock",
]
PARAMETERS = {"String", "Integer", "Float", "Boolean", "JsonObject", "JsonArray"}
ARTIFACTS = {"Dataset", "Model", "Metrics", "ClassificationMetrics", "HTML", "Markdown", "Artifact"}


def test_there_are_components() -> None:
    known = {"resolve", "pull_data", "preprocess", "decide", "train", "evaluate", "register"}
    assert known <= set(discover(COMPONENTS))


def interface(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((folder / "component.yaml").read_text())
    return content


def project(path: Path) -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads(path.read_text())["project"]
    return table


def container(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = interface(folder)["implementation"]["container"]
    return content


@each_component
def test_the_folder_is_complete(folder: Path) -> None:
    package = folder / folder.name
    needed = [*(folder / name for name in FILES), package / "__init__.py", package / "__main__.py"]
    assert [str(path.relative_to(ROOT)) for path in needed if not path.is_file()] == []
    assert sorted(package.rglob("*_test.py")) != []


@each_component
def test_the_name_follows_the_folder(folder: Path) -> None:
    dashed = folder.name.replace("_", "-")
    assert project(folder / "pyproject.toml")["name"] == f"pinion-{dashed}"
    assert container(folder)["image"] == f"pinion/{dashed}"
    assert interface(folder)["name"] == dashed


@each_component
def test_the_build_knows_its_lock(folder: Path) -> None:
    resolves = tomllib.loads((ROOT / "pants.toml").read_text())["python"]["resolves"]
    assert resolves.get(folder.name) == f"components/{folder.name}/requirements.lock"


@pytest.mark.parametrize(
    "folder", [*FOLDERS, ROOT / LIBRARY_FOLDER], ids=lambda folder: folder.name
)
def test_the_changelog_starts_with_the_version(folder: Path) -> None:
    headings = re.findall(r"^## \[([^\]]+)\] - \d{4}-\d{2}-\d{2}$", changelog(folder), re.MULTILINE)
    assert headings[:1] == [project(folder / "pyproject.toml")["version"]]


def changelog(folder: Path) -> str:
    return (folder / "CHANGELOG.md").read_text()


@each_component
def test_kfp_knows_every_type(folder: Path) -> None:
    content = interface(folder)
    declared = {
        item["name"]: item.get("type") for item in [*content["inputs"], *content["outputs"]]
    }
    assert {
        name: kind for name, kind in declared.items() if kind not in PARAMETERS | ARTIFACTS
    } == {}
    assert all(item.get("description") for item in [*content["inputs"], *content["outputs"]])


@each_component
def test_every_input_and_output_has_one_flag(folder: Path) -> None:
    assert container(folder)["command"] == ["/app/pex"]
    flags = dict(_flags(container(folder)["args"]))
    content = interface(folder)
    expected = {
        f"--{item['name'].replace('_', '-')}": item["name"]
        for item in [*content["inputs"], *content["outputs"]]
    }
    # What a step is given and hands on may have one name.
    for name in {item["name"] for item in content["inputs"]} & {
        item["name"] for item in content["outputs"]
    }:
        expected[f"--{name.replace('_', '-')}-output"] = name
    assert flags == expected


def _flags(args: list[Any]) -> Iterator[tuple[str, str]]:
    """Yield each flag with the name in its placeholder, including optional inputs."""
    flat: list[Any] = []
    for argument in args:
        optional = isinstance(argument, dict) and "if" in argument
        flat += argument["if"]["then"] if optional else [argument]
    for flag, placeholder in zip(flat[::2], flat[1::2], strict=True):
        # KFP's message to the step is neither an input nor an output.
        if placeholder != {"executorInput": None}:
            yield flag, next(iter(placeholder.values()))


def called(component: str, *arguments: str) -> str:
    """Return what Python prints, without the libraries of a component."""
    path = os.pathsep.join([str(COMPONENTS / component), str(LIBRARY.parent)])
    done = subprocess.run(
        [sys.executable, *arguments],
        env={"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.stdout.strip()


KNOWN_MODELS = ("-c", "from train.models import known_models; print(known_models())")


def test_the_interface_of_train_names_every_model() -> None:
    (described,) = (
        item["description"]
        for item in interface(COMPONENTS / "train")["inputs"]
        if item["name"] == "model"
    )
    assert described == f"{called('train', *KNOWN_MODELS)}."


def test_the_dashboard_offers_the_values_that_the_components_accept() -> None:
    known = called("train", *KNOWN_MODELS)
    models = re.sub(r"\w+: ", "", known).replace("; ", ", ").split(", ")
    assert set(CHOICES["model"]) == set(models)
    empty, *tasks = CHOICES["task"]
    refused = called("preprocess", "-m", "preprocess", "--task", "neither")
    assert f"(known: {', '.join(tasks)})" in refused
    assert empty == ""
    for component, flag in (("resolve", "--retrain"), ("decide", "--policy")):
        refused = called(component, "-m", component, flag, "neither")
        assert f"is not a policy; give one of {', '.join(CHOICES['retrain'])};" in refused
    empty, *ways = CHOICES["duplicates"]
    refused = called("preprocess", "-m", "preprocess", "--duplicates", "neither")
    assert f"is not one of {' '.join(map(repr, ways))};" in refused
    assert empty == ""


@each_component
def test_only_paths_have_no_default(folder: Path) -> None:
    parameters = [item for item in interface(folder)["inputs"] if item["type"] in PARAMETERS]
    assert [item["name"] for item in parameters if "default" not in item] == []


def test_a_pipeline_parameter_has_the_default_of_its_component() -> None:
    parameters = Pipeline.load(GOLDEN).parameters
    for folder in FOLDERS:
        for item in interface(folder)["inputs"]:
            name, kind = item["name"], item["type"]
            # The pipeline starts with a sample, whose target it names.
            if name in parameters and kind in PARAMETERS and name != "target":
                default = parse(str(item["default"]), parameters[name].kind)
                by_hand_none = (folder.name, name) == ("resolve", "registered_model_name")
                assert by_hand_none or parameters[name].default == default, (folder.name, name)


@each_component
def test_kfp_loads_the_interface(folder: Path) -> None:
    component = load_component_from_text((folder / "component.yaml").read_text())
    assert component.name == folder.name.replace("_", "-")


@each_component
def test_kfp_runs_it_alone_with_only_its_required_inputs(folder: Path, tmp_path: Path) -> None:
    component = Component.load(folder)
    pin = Pin(folder.name, "1.2.3", f"{component.repository}:1.2.3", component.interface)

    @dsl.pipeline(name="alone")
    def alone() -> None:
        required = (item for item in interface(folder)["inputs"] if not item.get("optional"))
        step(pin, {})(**{item["name"]: _made(item["type"]) for item in required})

    compiler.Compiler().compile(alone, str(tmp_path / "pipeline.yaml"))
    file = PipelineFile.load(tmp_path / "pipeline.yaml")
    assert [str(breach) for breach in breaches(file)] == []
    assert dict(Pipeline.of(file).graph.steps()).keys() >= {folder.name.replace("_", "-")}


def _made(kind: str) -> Any:
    """Return an artifact of a type, as the output of a step."""
    return load_component_from_text(f"""
name: make
outputs: [{{name: made, type: {kind}}}]
implementation:
  container: {{image: make, command: [make], args: [{{outputPath: made}}]}}
""")().output


@each_component
def test_a_component_imports_no_other_and_not_the_pipelines(folder: Path) -> None:
    foreign = {path.name for path in FOLDERS} - {folder.name} | {"pipelines", "tests"}
    assert _sources(folder / folder.name)
    assert _imported(folder / folder.name, foreign) == set()


def test_the_library_imports_no_component_and_not_the_pipelines() -> None:
    foreign = {path.name for path in FOLDERS} | {"pipelines", "tests"}
    assert _imported(LIBRARY, foreign) == set()


def test_importing_the_library_needs_only_the_standard_library() -> None:
    assert _sources(LIBRARY)
    outside = {
        (source.name, name)
        for source in _sources(LIBRARY)
        for node in ast.parse(source.read_text()).body
        for name in _modules([node])
        if name not in {*sys.stdlib_module_names, "pinion_step"}
    }
    assert outside == set()


@pytest.mark.parametrize("folder", [*FOLDERS, LIBRARY], ids=lambda folder: folder.name)
def test_the_library_is_imported_in_the_form_that_the_content_hash_reads(folder: Path) -> None:
    package = folder if folder == LIBRARY else folder / folder.name
    for source in _sources(package):
        text = source.read_text()
        nodes = [node for node in ast.walk(ast.parse(text)) if "pinion_step" in _modules([node])]
        named = [
            node.module
            for node in nodes
            if isinstance(node, ast.ImportFrom) and re.fullmatch(IMPORTED, node.module or "")
        ]
        assert len(named) == len(nodes), f"{source}: write from pinion_step.MODULE import NAME"
        read = library_modules({"a.py": text.encode()}, ALL_MODULES)
        assert read.keys() >= {f"{name.replace('.', '/')}.py" for name in named if name}


def test_a_fix_in_the_mlflow_module_does_not_change_preprocess() -> None:
    modules = read_tree(COMPONENTS / "preprocess", ROOT)
    assert "pinion_step/cli.py" in modules
    assert "pinion_step/mlflow.py" not in modules
    assert "pinion_step/mlflow.py" in read_tree(COMPONENTS / "train", ROOT)


def _sources(package: Path) -> list[Path]:
    files = sorted(package.rglob("*.py"))
    return [file for file in files if is_packaged(PurePosixPath(file.relative_to(package)))]


def _imported(package: Path, foreign: set[str]) -> set[tuple[str, str]]:
    return {
        (str(source.relative_to(ROOT)), name)
        for source in sorted(package.rglob("*.py"))
        for name in _modules(ast.walk(ast.parse(source.read_text())))
        if name in foreign
    }


def _modules(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yield the packages that statements import, by the first parts of their names."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


@each_component
def test_no_library_has_the_name_of_the_package(folder: Path) -> None:
    assert folder.name not in {name.replace("-", "_") for name in _locked(folder)}


def _locked(folder: Path) -> dict[str, str]:
    return _pins(folder / "requirements.lock")


def _pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock.read_text(), re.MULTILINE))


@pytest.mark.parametrize("library", ["scikit-learn", "skops", "numpy", "mlflow-skinny"])
def test_what_train_writes_evaluate_loads(library: str) -> None:
    assert _locked(COMPONENTS / "train")[library] == _locked(COMPONENTS / "evaluate")[library]


def test_the_store_has_one_schema() -> None:
    folders = [
        COMPONENTS / "train",
        COMPONENTS / "evaluate",
        COMPONENTS / "register",
        ROOT / "pipelines",
    ]
    versions = {folder.name: _locked(folder)["mlflow-skinny"] for folder in folders}
    versions["mlflow"] = _locked(ROOT / "build-support" / "mlflow")["mlflow"]
    assert len(set(versions.values())) == 1, versions


@pytest.mark.parametrize(
    "lock",
    [
        *sorted(COMPONENTS.glob("*/requirements.lock")),
        *sorted(ROOT.glob("build-support/*/*.lock")),
        ROOT / "pipelines" / "requirements.lock",
    ],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_a_lock_holds_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    pins = re.findall(r"^[\w.-]+==.*", text, re.MULTILINE)
    assert pins
    assert all(pin.endswith("\\") for pin in pins)
    assert "://" not in text


@each_component
def test_the_lock_pins_the_requirements_of_the_project(folder: Path) -> None:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    locked = _locked(folder)
    for text in project(folder / "pyproject.toml")["dependencies"]:
        requirement = Requirement(text)
        pinned = locked.get(canonicalize_name(requirement.name))
        assert pinned, requirement
        assert requirement.specifier.contains(pinned), requirement


def test_the_test_tools_agree_with_every_lock_that_they_are_installed_with() -> None:
    tools = _pins(ROOT / "build-support" / "tools" / "pytest.lock")
    beside = [*COMPONENTS.glob("*/requirements.lock"), ROOT / "pipelines" / "requirements.lock"]
    differing = {
        (str(lock.relative_to(ROOT)), name): (pin, tools[name])
        for lock in beside
        for name, pin in _pins(lock).items()
        if tools.get(name, pin) != pin
    }
    assert differing == {}
    assert tools.keys() & _pins(ROOT / "pipelines" / "requirements.lock").keys()
