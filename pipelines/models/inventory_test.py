import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from mlflow import MlflowClient

from pipelines.components.component import discover
from pipelines.components.image import ImageReference
from pipelines.components.interface import Signature
from pipelines.models.inventory import Wanted, containing, ranges
from pipelines.models.store_testing import made_store
from pipelines.pinning.lock import Lock, Locked, sha256
from pipelines.pinning.releases import Release, store
from pipelines.show import main
from pipelines.system.errors import PinionError, UsageError
from pipelines.system.workspace import Workspace

PIPELINE = b"deploymentSpec: {executors: {}}\n"
OLD_DATA, NEW_DATA = ("0.1.0", "a", {"idna": "3.20"}), ("0.3.0", "d", {"idna": "3.21"})
OLD_TRAIN, NEW_TRAIN = ("0.1.0", "b", {"numpy": "2.0.0rc1"}), ("0.2.0", "c", {"numpy": "2.1.0"})
RELEASED = {
    "1.0.0": {"pull_data": OLD_DATA, "train": OLD_TRAIN},
    "1.1.0": {"pull_data": OLD_DATA, "train": NEW_TRAIN},
    "1.2.0": {"pull_data": NEW_DATA, "train": NEW_TRAIN},
}


def locked(name: str, version: str, digit: str, requirements: Mapping[str, str]) -> Locked:
    image = ImageReference(f"host:5000/pinion/{name}", version, f"sha256:{digit * 64}")
    return Locked(version, image, "s1:c", "s1:a", "f00d", Signature({}, {}), requirements)


@pytest.fixture()
def workspace(tmp_path: Path) -> Workspace:
    """Return two components, and three releases of them."""
    made = Workspace(tmp_path)
    for name, pin in (("pull_data", "idna==3.22"), ("train", "numpy==2.4.6")):
        folder = made.components / name
        folder.mkdir(parents=True)
        (folder / "BUILD").touch()
        (folder / "pyproject.toml").write_text('[project]\nversion = "0.4.0"\ndependencies = []\n')
        (folder / "component.yaml").write_text("implementation: {container: {image: pinion/x}}\n")
        (folder / "Dockerfile").write_text("FROM scratch\n")
        (folder / "requirements.lock").write_text(f"{pin}\n")
        (folder / name).mkdir()
    (tmp_path / "build-support").mkdir()
    (tmp_path / "build-support" / "base-image.txt").write_text("base\n")
    for tag, components in RELEASED.items():
        versions = {name: locked(name, *each) for name, each in components.items()}
        store(made, Release(Lock(tag, "host:5000", sha256(PIPELINE), versions), PIPELINE))
    return made


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a store, which takes seconds to create but no time to copy."""
    folder = tmp_path_factory.mktemp("runs")
    made_store(folder)
    return folder / "mlflow.db"


@pytest.fixture()
def models(empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    uri = f"sqlite:///{shutil.copy(empty_store, tmp_path / 'mlflow.db')}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    return MlflowClient(uri, uri)


def register(
    client: MlflowClient, name: str, components: Mapping[str, str], times: int = 1
) -> None:
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    tags = {f"pinion.component.{each}": exact for each, exact in components.items()}
    for _ in range(times):
        client.create_model_version(name, source="/m", tags=tags)


def exact(version: str, digit: str) -> str:
    return f"{version}@sha256:{digit * 64}"


def found(workspace: Workspace, text: str) -> list[tuple[str, str]]:
    return list(containing(Wanted.parse(text), workspace, None))


def test_components_and_releases_contain_a_package_at_any_version(
    workspace: Workspace, models: MlflowClient
) -> None:
    assert found(workspace, "NumPy") == [
        ("component", "train 0.4.0 of the working tree: numpy 2.4.6"),
        ("release", "1.0.0: numpy 2.0.0rc1 in train 0.1.0"),
        ("release", "1.1.0, 1.2.0: numpy 2.1.0 in train 0.2.0"),
    ]


@pytest.mark.parametrize(
    ("text", "releases"),
    [
        ("numpy<2.1", ["1.0.0: numpy 2.0.0rc1 in train 0.1.0"]),
        ("numpy<2.1,>2.0", []),
        ("numpy>=2.1,<2.4", ["1.1.0, 1.2.0: numpy 2.1.0 in train 0.2.0"]),
        ("idna==3.21", ["1.2.0: idna 3.21 in pull_data 0.3.0"]),
        ("idna<3.21", ["1.0.0, 1.1.0: idna 3.20 in pull_data 0.1.0"]),
    ],
)
def test_only_the_requested_versions_are_found(
    workspace: Workspace, models: MlflowClient, text: str, releases: list[str]
) -> None:
    lines = found(workspace, text)
    assert [line for label, line in lines if label == "release"] == releases
    assert [line for label, line in lines if label == "component"] == []


def test_a_model_contains_the_packages_of_its_images(
    workspace: Workspace, models: MlflowClient
) -> None:
    first = {"pull_data": exact("0.1.0", "a"), "train": exact("0.1.0", "b")}
    second = {"pull_data": exact("0.1.0", "a"), "train": exact("0.2.0", "c")}
    register(models, "churn", first, 3)
    register(models, "churn", second)
    register(models, "churn", first)
    register(models, "alpha", second)
    assert [line for label, line in found(workspace, "numpy<2.1") if label == "model"] == [
        "churn/1-3, 5: numpy 2.0.0rc1 in train 0.1.0"
    ]
    assert [line for label, line in found(workspace, "idna") if label == "model"] == [
        "alpha/1: idna 3.20 in pull_data 0.1.0",
        "churn/1-5: idna 3.20 in pull_data 0.1.0",
    ]


def test_a_model_of_the_current_working_tree_is_found(
    workspace: Workspace, models: MlflowClient
) -> None:
    here = discover(workspace.components)["train"].dev_version()
    register(models, "churn", {"train": here}, 2)
    assert ("model", f"churn/1-2: numpy 2.4.6 in train {here}") in found(workspace, "numpy")
    assert found(workspace, "numpy<2") == [
        ("none", "no component, release or model contains numpy<2")
    ]


def test_a_model_with_unknown_contents_is_listed_as_unknown(
    workspace: Workspace, models: MlflowClient
) -> None:
    for number in range(5):
        register(models, "churn", {"train": f"0.4.0-dev.00000000000{number}"})
    register(models, "churn", {"train": exact("0.2.0", "9")})
    register(models, "churn", {})
    assert found(workspace, "numpy<2") == [
        (
            "unknown",
            "churn/1-5: made by other working trees: train 0.4.0-dev.000000000000,"
            " train 0.4.0-dev.000000000001, train 0.4.0-dev.000000000002 and 2 more",
        ),
        (
            "unknown",
            "churn/6: made by components that are in no release of this clone: train 0.2.0",
        ),
        ("unknown", "churn/7: the components that made it are not recorded"),
    ]


def test_more_versions_than_one_page_of_mlflow_are_found(
    workspace: Workspace, models: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.models.registry._PAGE", 3)
    register(models, "churn", {"train": exact("0.1.0", "b")}, 11)
    assert ("model", "churn/1-11: numpy 2.0.0rc1 in train 0.1.0") in found(workspace, "numpy")


def test_without_an_mlflow_store_the_rest_is_reported(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    release, models, *others = found(workspace, "idna==3.21")
    assert release == ("release", "1.2.0: idna 3.21 in pull_data 0.3.0")
    assert models[0] == "models"
    assert models[1].startswith(f"not searched: there is no MLflow store {tmp_path}/runs/mlflow.db")
    assert others == []


def test_a_store_that_does_not_answer_is_an_error_after_the_rest(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    lines = containing(Wanted.parse("idna==3.21"), workspace, "http://127.0.0.1:9")
    assert next(lines)[0] == "release"
    with pytest.raises(PinionError, match=r"MLflow at http://127\.0\.0\.1:9 does not answer"):
        next(lines)


@pytest.mark.parametrize(
    "text", ["", "numpy 2", "numpy<", "numpy[x]", "numpy; python_version>'3'", "numpy @ file:///n"]
)
def test_an_invalid_package_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="is not PACKAGE or PACKAGE<VERSION") as caught:
        main(["--containing", text])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("arguments", [[], ["churn", "--containing", "numpy"]])
def test_exactly_one_of_model_and_package_is_required(arguments: list[str]) -> None:
    with pytest.raises(UsageError, match="give either a MODEL, --containing PACKAGE or"):
        main(arguments)


def test_numbers_are_shown_as_ranges() -> None:
    assert ranges([7, 2, 1, 3, 9, 10]) == "1-3, 7, 9-10"
