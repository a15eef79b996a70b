from pathlib import Path

import pytest

from pipelines.compile import main
from pipelines.compiled.file import PipelineFile
from pipelines.components.image import ImageReference
from pipelines.components.interface import Signature
from pipelines.kubeflow.platform.apply import apply
from pipelines.kubeflow.platform.file import PlatformSettings
from pipelines.kubeflow.platform.platform_testing import compiled
from pipelines.pinning.lock import Lock, Locked, sha256
from pipelines.pinning.releases import Release, store
from pipelines.system.errors import UsageError
from pipelines.system.workspace import Workspace


@pytest.fixture()
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Return a working tree with the release 1.2.0, in which the command is called."""
    workspace = Workspace(tmp_path / "tree")
    monkeypatch.setattr("pipelines.compile.Workspace", lambda: workspace)
    pipeline = compiled(tmp_path).text().encode()
    image = ImageReference("pinion/text", "1.0.0")
    step = Locked("1.0.0", image, "s1:c", "s1:a", "f00d", Signature({}, {}), {})
    lock = Lock("1.2.0", "host:5000", sha256(pipeline), {"text": step})
    store(workspace, Release(lock, pipeline))
    return workspace


def compile_release(output: Path, *flags: str) -> bytes:
    main(["1.2.0", "--output", str(output), *flags])
    return output.read_bytes()


def test_a_release_for_a_cluster_is_the_frozen_file_with_the_settings(
    tmp_path: Path, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    frozen = workspace.releases / "1.2.0" / "pipeline.yaml"
    before = frozen.read_bytes()
    platform = tmp_path / "platform.yaml"
    platform.write_text("service_account: runner\nsteps: {text-3: {cpu: 2, timeout: 1h}}\n")

    text = compile_release(tmp_path / "out.yaml", f"--platform={platform}").decode()
    settings = PlatformSettings.load(platform)
    assert text == apply(settings, PipelineFile.load(frozen)).text()
    assert text.count("\n---\n") == 1
    assert frozen.read_bytes() == before
    assert compile_release(tmp_path / "plain.yaml") == before
    assert capsys.readouterr().err == (
        f"{platform}: the service account 'runner' is not part of the compiled file, because it"
        f" belongs to a run; to use it, also give --platform {platform} to pipelines.submit or"
        " pipelines.deploy\n"
    )


@pytest.mark.usefixtures("workspace")
def test_settings_that_do_not_fit_leave_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "platform.yaml").write_text("steps:\n  text-4: {cpu: 2}\n")
    with pytest.raises(UsageError, match=r"platform\.yaml: the pipeline has no step 'text-4'"):
        compile_release(tmp_path / "to" / "out.yaml", f"--platform={tmp_path / 'platform.yaml'}")
    assert list((tmp_path / "to").iterdir()) == []


@pytest.mark.usefixtures("workspace")
def test_a_registry_is_only_for_dev(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--registry is for dev only: the lock of release '1.2.0'"):
        compile_release(tmp_path / "out.yaml", "--registry=host:5000")
