from pathlib import Path

import pytest

from pipelines.compiled.file import PipelineFile
from pipelines.compiled.parameters import resolve
from pipelines.kubeflow.readiness import check
from pipelines.system.errors import PinionError
from pipelines.system.workspace import ROOT

GOLDEN = ROOT / "tests" / "golden" / "training.yaml"
SERVER = "http://mlflow.mlflow:5000"


def file(folder: Path, images: str = "") -> PipelineFile:
    """Return the training pipeline, with every image replaced by `images`."""
    path = folder / "pipeline.yaml"
    text = GOLDEN.read_text()
    if images:
        lines = [
            line.partition("image: ")[0] + f"image: {images}" if "image: " in line else line
            for line in text.splitlines()
        ]
        text = "\n".join(lines)
    path.write_text(text)
    return PipelineFile.load(path)


def checked(pipeline: PipelineFile, uri: str) -> None:
    check(pipeline, resolve(pipeline.parameters, [f"mlflow_tracking_uri={uri}"], None, None))


@pytest.mark.parametrize(
    "uri", [SERVER, "https://mlflow.example.com/x", "databricks", "databricks://team"]
)
def test_a_release_with_a_tracking_server_is_ready(
    tmp_path: Path, uri: str, capsys: pytest.CaptureFixture[str]
) -> None:
    checked(file(tmp_path), uri)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        pytest.param("", "mlflow_tracking_uri is empty", id="none"),
        pytest.param("sqlite:////work/runs/mlflow.db", "is a file on this machine", id="sqlite"),
        pytest.param("sqlite:///m.db", "'sqlite:///m.db' is a file on this machine", id="relative"),
        pytest.param("file:///tmp/mlruns", "is a file on this machine", id="file"),
        pytest.param("./mlruns", "is a file on this machine", id="a path"),
        pytest.param("sqlite+pysqlite:///m.db", "is a file on this machine", id="a driver"),
        pytest.param(
            "mlflow.mlflow:5000", "'mlflow.mlflow:5000' is not an address", id="no scheme"
        ),
        pytest.param("http://", "'http://' is not an address", id="no host"),
    ],
)
def test_a_store_on_this_machine_is_refused(tmp_path: Path, uri: str, reason: str) -> None:
    with pytest.raises(PinionError, match=reason) as raised:
        checked(file(tmp_path), uri)
    assert "give --param mlflow_tracking_uri=http" in str(raised.value)


def test_a_loopback_address_is_warned_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checked(file(tmp_path), "http://localhost:5000")
    assert "this address is the pod itself" in capsys.readouterr().err


@pytest.mark.parametrize(
    "value", ["seed=9007199254740993", 'thresholds={"a": [1, -90071992547409934]}']
)
def test_a_number_that_kfp_cannot_store_exactly_is_refused(tmp_path: Path, value: str) -> None:
    pipeline = file(tmp_path)
    given = [f"mlflow_tracking_uri={SERVER}", value]
    with pytest.raises(PinionError, match=f"{value.partition('=')[0]} -?9007.* is too large: KFP"):
        check(pipeline, resolve(pipeline.parameters, given, None, None))
    most = f"seed={2**53}"
    check(pipeline, resolve(pipeline.parameters, [given[0], most], None, None))


def test_parameters_that_kfp_cannot_pass_are_refused(tmp_path: Path) -> None:
    pipeline = file(tmp_path)
    given = [f"mlflow_tracking_uri={SERVER}", "search={" + '"space": {"a": ["ü"]}}']
    long = f'model_params={{"weights": "{"ü" * 119_000}"}}'
    with pytest.raises(PinionError) as raised:
        check(pipeline, resolve(pipeline.parameters, [*given, long], None, None))
    assert str(raised.value) == (
        "model_params has 238,033 bytes, and the parameters of a run on KFP may have 122,880 bytes"
        " in all, because KFP passes them as one argument; shorten it, or run the pipeline on this"
        " machine (python -m pipelines.run --params FILE)"
    )
    short = f'model_params={{"weights": "{"x" * 118_000}"}}'
    check(pipeline, resolve(pipeline.parameters, [*given, short], None, None))


def test_a_password_in_a_parameter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        PinionError, match="into a secret, and the secret into the --platform file"
    ) as it:
        checked(file(tmp_path), "http://ada:s3cret@mlflow:5000")
    assert "s3cret" not in str(it.value)


def test_images_that_were_not_pushed_are_refused(tmp_path: Path) -> None:
    local = file(tmp_path, "pinion/train:0.1.0-dev.0123456789ab")
    with pytest.raises(
        PinionError, match="0123456789ab exists only on this machine; push them"
    ) as it:
        checked(local, SERVER)
    assert "python -m pipelines.publish --dev" in str(it.value)


def test_a_registry_that_is_away_is_only_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checked(file(tmp_path, "localhost:9/pinion/train:0.1.0-dev.0123456789ab"), SERVER)
    warnings = capsys.readouterr().err
    image = "localhost:9/pinion/train:0.1.0-dev.0123456789ab"
    assert f"cannot check whether {image} was pushed" in warnings
    assert "localhost:9, a registry on this machine" in warnings


def test_a_pipeline_without_a_tracking_parameter_needs_no_server(tmp_path: Path) -> None:
    pipeline = file(tmp_path)
    del pipeline.spec.root.input_definitions.parameters["mlflow_tracking_uri"]
    check(pipeline, {})
