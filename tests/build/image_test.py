"""The built images: their contents, their size, and that they run without privileges."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.compiled.container import Limits
from pipelines.components.component import Component
from pipelines.components.content import DESCRIPTION, versions
from pipelines.runner.docker.backend import startable
from pipelines.runner.task.backend import Call
from tests.build.images import Image, base_image, build, docker, project
from tests.build.pinion import Tree
from tests.build.tree import ROOT, git

pytestmark = pytest.mark.docker

NAMES = sorted(path.parent.name for path in ROOT.glob("components/*/Dockerfile"))
each_component = pytest.mark.parametrize("name", NAMES)

# A line between the files that one command prints.
_BETWEEN = "--8<--"
# MB on top of the base image, and what they consist of.
BUDGETS = {
    "resolve": 190,  # MLflow's client 90, Google's client with gRPC 34, HTTP client 18, crypto 16
    "pull_data": 195,  # pyarrow 99, Google's client with gRPC 34, HTTP client 18, cryptography 16
    "preprocess": 210,  # pyarrow 99, numpy 52, pandas 39
    "decide": 290,  # MLflow with its store 110, scipy 109, numpy 52
    "train": 485,  # MLflow with its store 110, scipy 109, pyarrow 99, numpy 52, pandas 39
    "evaluate": 575,  # the same as train, to load the model; matplotlib and its libraries 86
    "register": 125,  # MLflow with its store 110
}
SITE = r"/app/lib/python3\.11/site-packages"
HELD = {
    "an interpreter": r"/app/bin/python3",
    "its entry point": r"/app/pex",
    "its own code": rf"{SITE}/{{name}}/__main__\.py",
    "the list of its dependencies": r"/app/component/deps\.json",
    "how its code is packaged": r"/app/component/app\.json",
    "its interface": r"/app/component/component\.yaml",
    "how it was built": r"/app/component/Dockerfile",
}
NOT_HELD = {
    "an installer": r".*/(site|dist)-packages/(pip|setuptools|pkg_resources|wheel)[/-].*",
    "an installer's command": r".*/bin/(pip|wheel|easy_install|uv)[\d.]*",
    "the source of an installer": r".*/ensurepip/.*",
    "a compiler": r".*/bin/([\w-]+-)?(gcc|cc|g\+\+|c\+\+|clang|ld|make)(-\d+)?",
    "package lists or caches": r"/var/(lib/apt/lists|cache/apt)/.*(?<!/lock)|/root/\.cache/.*",
    "tests": r"/app/.*/tests?/.*|/app/.*/conftest\.py|/app/.*/{name}/.*_test\.py",
    "what the build left": r"/(deps|app)\.pex.*",
    "the code of other components": rf"{SITE}/(pipelines|{{others}})/.*",
    "the commands of libraries": r"/app/bin/(?!python).*",
}
# Prints the bytecode files that Python would compare with their source before use.
CHECKED_BYTECODE = """
import pathlib
for path in pathlib.Path("/app").rglob("*.pyc"):
    if path.read_bytes()[4:8] != (1).to_bytes(4, "little"):
        print(path)
"""


@pytest.fixture(scope="module")
def images(released: Tree) -> dict[str, Image]:
    """Return the images of the release."""
    return {name: Image(each["image"]) for name, each in released.locked("1.0.0").items()}


@pytest.fixture(scope="module")
def commit(released: Tree) -> str:
    """Return the commit of all components; the commit after it is the release."""
    return git(released.folder, "rev-parse", "1.0.0~1")


@each_component
def test_it_contains_only_what_a_step_needs(images: dict[str, Image], name: str) -> None:
    words = {"name": name, "others": "|".join(set(NAMES) - {name})}
    paths = [file.path for file in images[name].files()]
    for what, pattern in HELD.items():
        wanted = re.compile(pattern.format(**words))
        assert any(map(wanted.fullmatch, paths)), f"{name} lacks {what}"
    for what, pattern in NOT_HELD.items():
        unwanted = re.compile(pattern.format(**words))
        assert list(filter(unwanted.fullmatch, paths)) == [], f"{name} contains {what}"


@each_component
def test_everyone_can_read_it_only_root_can_change_it(images: dict[str, Image], name: str) -> None:
    files = [file for file in images[name].files() if file.path.startswith("/app/")]
    assert {file.owner for file in files} == {"0"}
    assert [file for file in files if file.mode & 0o444 != 0o444] == []
    # A symbolic link has every bit set, and the bits have no effect.
    assert [file for file in files if file.kind != "l" and file.mode & 0o022] == []


@each_component
def test_bytecode_is_present_and_used_without_a_check(images: dict[str, Image], name: str) -> None:
    paths = {file.path for file in images[name].files()}
    sources = [path for path in paths if re.fullmatch(rf"{SITE}/.*\.py", path)]
    compiled = [
        re.sub(r"([^/]+)\.py$", r"__pycache__/\1.cpython-311.pyc", path) for path in sources
    ]
    assert len(sources) > 100
    assert sorted(set(compiled) - paths) == []
    assert images[name].run("/app/bin/python3", "-c", CHECKED_BYTECODE) == ""


@each_component
def test_labels_describe_the_image(
    released: Tree, commit: str, images: dict[str, Image], name: str
) -> None:
    table = project(released.folder, name)
    interface = (released.folder / "components" / name / "component.yaml").read_bytes()
    config = images[name].config
    labels = {key: text for key, text in config["Labels"].items() if "." in key}
    content = Component.load(released.folder / "components" / name).content()
    assert re.fullmatch(r"[0-9a-f]{64}", labels.pop("dev.pinion.context"))
    assert labels == {
        "dev.pinion.content": content.hash,
        "dev.pinion.runs": content.runs,
        "dev.pinion.interface": hashlib.sha256(interface).hexdigest(),
        **({} if name in ("pull_data", "resolve") else {"dev.pinion.network": "none"}),
        "org.opencontainers.image.title": f"pinion-{name.replace('_', '-')}",
        "org.opencontainers.image.description": table["description"],
        "org.opencontainers.image.version": table["version"],
        "org.opencontainers.image.revision": commit,
        "org.opencontainers.image.source": "https://github.com/pinion-ml/pinion",
        "org.opencontainers.image.licenses": "Apache-2.0",
        "org.opencontainers.image.base.name": base_image(),
    }
    assert (config["User"], config["Entrypoint"]) == ("1000", ["/app/pex"])


@each_component
def test_the_last_layer_describes_the_component(
    released: Tree, images: dict[str, Image], name: str
) -> None:
    component = Component.load(released.folder / "components" / name)
    # In one container for each image, as starting it is most of the work; with a line between the
    # files.
    found = images[name].run(
        "awk", "FNR==1 && NR>1 {print SEPARATOR} {print}", f"SEPARATOR={_BETWEEN}",
        *(f"/app/component/{held}" for held in DESCRIPTION),
    )  # fmt: skip
    described = dict(zip(DESCRIPTION, found.split(f"{_BETWEEN}\n"), strict=True))
    assert versions(json.loads(described["deps.json"])["distributions"]) == {
        pin.name: pin.version for pin in component.pins().values()
    }
    assert json.loads(described["app.json"])["entry_point"] == f"{name}.__main__:main"
    for beside in ("component.yaml", "Dockerfile"):
        assert described[beside] == (component.folder / beside).read_text()


@each_component
@pytest.mark.parametrize("user", ["1000", "12345:0"], ids=["its user", "a cluster's user"])
def test_a_step_runs_without_privileges(images: dict[str, Image], name: str, user: str) -> None:
    output = images[name].step("--help", options=["--user", user])
    assert output.startswith("usage:")


def test_a_step_takes_arguments_that_are_too_long_from_a_file(
    images: dict[str, Image], tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    command = ("/app/pex", "--search", "{}", "--model-params", f'{{"C": "{"x" * 238_000}"}}')
    call = Call("train", "", command, {}, tmp_path, tmp_path / "log", {}, (), Limits())
    given = startable(call)
    assert given != call

    with pytest.raises(AssertionError, match="arguments are required: --train-data"):
        images["train"].run(*given.command, options=["--volume", f"{tmp_path}:{tmp_path}:ro"])


def test_a_table_becomes_a_registered_model_without_network(
    images: dict[str, Image], tmp_path: Path
) -> None:
    tmp_path.chmod(0o777)
    options = ["--volume", f"{tmp_path}:/data"]
    pulled = images["pull_data"].step(
        *("--source", "sample:breast_cancer", "--dataset", "/data/dataset"), options=options
    )
    assert pulled.startswith("569 rows, 31 columns from sample:breast_cancer")
    split = images["preprocess"].step(
        *("--dataset", "/data/dataset", "--target", "diagnosis"),
        *("--train-data", "/data/train", "--test-data", "/data/test"),
        *("--schema", "/data/schema", "--data-summary", "/data/data_summary"),
        *("--profile", "/data/profile"),
        options=options,
    )
    assert split.startswith("449 train and 120 test rows, 30 features")

    # The other steps have their store in a file; only in a file can they do without a network.
    store = ["--env", "MLFLOW_TRACKING_URI=sqlite:////data/mlflow.db", "--workdir", "/data"]
    images["train"].step(
        *("--train-data", "/data/train", "--schema", "/data/schema"),
        *("--profile", "/data/profile"),
        *("--model", "logistic_regression", "--trained-model", "/data/model"),
        *("--run-id", "/data/run", "--model-id", "/data/id", "--metrics", "/data/cv"),
        options=[*options, *store],
    )
    images["evaluate"].step(
        *("--model", "/data/model", "--test-data", "/data/test", "--result", "/data/result"),
        *("--thresholds", '{"accuracy": 0.9}', "--test-metrics", "/data/metrics"),
        options=[*options, *store],
    )
    registered = images["register"].step(
        *("--model", "/data/model", "--evaluation", "/data/result"),
        *("--registered-model-name", "held"),
        *("--model-uri", "/data/uri", "--model-version", "/data/version"),
        options=[*options, *store],
    )
    assert (tmp_path / "uri").read_text() == "models:/held/1", registered


@each_component
def test_the_size_is_within_its_budget(images: dict[str, Image], name: str) -> None:
    assert name in BUDGETS, f"add the budget of {name} to the table in this file"
    size = sum(images[name].sizes) - sum(Image(base_image()).sizes)
    assert size / 1e6 <= BUDGETS[name]


def test_the_dockerfiles_differ_only_in_the_name_and_the_network() -> None:
    texts = {
        name: (ROOT / f"components/{name}/Dockerfile").read_text().replace(name, "NAME")
        for name in NAMES
    }
    # They also differ in the label of steps that download nothing themselves.
    lines = {name: re.sub(r"# By itself.*\nLABEL .*\n", "", text) for name, text in texts.items()}
    assert len(set(lines.values())) == 1


@pytest.fixture()
def changed(released: Tree, tmp_path: Path) -> Iterator[Image]:
    """Return the image of register after an uncommitted change of one line."""
    tree = released.cloned(tmp_path / "clone")
    tree.edit("components/register/register/__init__.py", '"""', '"""Changed. ')
    built = build(tree.folder, "register")
    yield built
    # Keep its parent layers, with which the next build begins.
    docker("rmi", "--no-prune", built.reference)


def test_a_changed_line_is_a_small_layer(
    commit: str, images: dict[str, Image], changed: Image
) -> None:
    before, after = images["register"].layers, changed
    added = [
        size for digest, size in zip(after.layers, after.sizes, strict=True) if digest not in before
    ]
    # The sources, and the description with its hash.
    assert after.layers[:-2] == before[:-2]
    assert len(added) == 2
    assert sum(added) < 1e6
    assert after.config["Labels"]["org.opencontainers.image.revision"] == f"{commit}-dirty"
