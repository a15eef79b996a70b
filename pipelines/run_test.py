"""The flags of `pipelines.run`, and what it refuses before anything starts."""

from pathlib import Path

import pytest
from kfp import compiler, dsl
from kfp.components import load_component_from_text

from pipelines.components.image import ImageReference
from pipelines.components.interface import Signature
from pipelines.pinning.lock import Lock, Locked, sha256
from pipelines.pinning.releases import Release, store
from pipelines.run import build_parser, main
from pipelines.runner.run import Request, declare, prepare
from pipelines.system.errors import PinionError
from pipelines.system.workspace import ROOT, Workspace

IMAGE = ImageReference("host:5000/pinion/fit", "0.2.0", f"sha256:{'a' * 64}")
# KFP's driver does not use the default of `folds`.
FIT = f"""
name: fit
inputs: [{{name: rows, type: Integer}}, {{name: folds, type: Integer, default: '5'}}]
implementation:
  container:
    image: {IMAGE}
    command: [fit]
    args: [{{inputValue: rows}}, {{inputValue: folds}}]
"""
REFUSED = "step 'fit' gets no value for its parameter 'folds', and KFP does not use the component's"


def fitting(folder: Path) -> Path:
    """Compile a pipeline that leaves `folds` to its component."""
    fit = load_component_from_text(FIT)

    @dsl.pipeline(name="fitting")
    def pipeline(rows: int = 7) -> None:
        fit(rows=rows)

    compiler.Compiler().compile(pipeline, str(folder / "pipeline.yaml"))
    return folder / "pipeline.yaml"


def test_a_file_that_kfp_would_refuse_is_refused_before_anything_starts(tmp_path: Path) -> None:
    file, output = fitting(tmp_path), tmp_path / "runs"
    with pytest.raises(PinionError) as refused:
        main(["--pipeline-file", str(file), "--output", str(output)])
    assert str(refused.value).startswith(f"{file}: {REFUSED}")
    assert not output.exists()


def test_a_release_that_kfp_would_refuse_still_runs_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = Workspace(tmp_path)
    (tmp_path / "components").symlink_to(ROOT / "components")
    compiled = fitting(tmp_path).read_bytes()
    fit = Locked("0.2.0", IMAGE, "s1:c", "s1:a", "f00d", Signature({}, {}), {})
    store(workspace, Release(Lock("1.4.0", "host:5000", sha256(compiled), {"fit": fit}), compiled))
    request = Request(workspace, tmp_path / "runs", "process", 1, release="1.4.0")
    # Only its code is not here.
    with pytest.raises(PinionError, match="fit"):
        prepare(declare(request), {"rows": 3})
    told = capsys.readouterr().err
    assert told.startswith(f"release 1.4.0 runs here, but not on a cluster: {REFUSED} default;")
    assert told.endswith("; make a new release for a cluster\n")


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("1500", 1500), ("70k", 70_000), ("500M", 500_000_000), ("2T", 2 * 10**12)],
)
def test_the_bound_of_the_cache(text: str, size: int) -> None:
    assert build_parser().parse_args(["--cache-size", text]).cache_size == size


@pytest.mark.parametrize("text", ["", "G", "-1", "1.5G", "500m", "10GB", "many"])
def test_what_is_not_a_size_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        build_parser().parse_args([f"--cache-size={text}"])
    message = f"{text!r} is not a size; use a number with k, M, G or T, such as 500M"
    assert message in capsys.readouterr().err
