"""Only images that were pushed to a real registry may be submitted."""

from pathlib import Path

import pytest

from pipelines.kubeflow.kfp_server_testing import KfpServer, serving
from tests.build.pinion import Tree, versions_of

pytestmark = pytest.mark.docker

PARAMETERS = ("--param", "mlflow_tracking_uri=http://mlflow.mlflow:5000")


def test_a_release_is_submitted_with_its_digests(released: Tree, tmp_path: Path) -> None:
    file = str(tmp_path / "pipeline.yaml")
    assert released.run("compile", "1.0.0", "--output", file).code == 0
    with serving(KfpServer()) as server:
        where = ("--pipeline-file", file, "--endpoint", server.address)
        done = released.run("submit", *where, *PARAMETERS)
        assert done.code == 0, done.stderr
        (posted,) = server.asked("POST", "/runs")
    executors = posted.body["pipeline_spec"]["pipeline_spec"]["deploymentSpec"]["executors"]
    images = sorted(each["container"]["image"] for each in executors.values())
    assert len(images) == len(versions_of(released.folder))
    assert all(
        image.startswith(f"{released.registry}/pinion/") and "@sha256:" in image for image in images
    )
    assert f"the images are in {released.registry}, a registry on this machine" in done.stderr


def test_the_working_tree_is_refused_until_it_is_pushed(released: Tree, tmp_path: Path) -> None:
    file = str(tmp_path / "pipeline.yaml")
    compiled = ("compile", "dev", "--output", file)
    with serving(KfpServer()) as server:
        where = ("--pipeline-file", file, "--endpoint", server.address, *PARAMETERS)
        assert released.run(*compiled).code == 0
        refused = released.run("submit", *where)
        assert refused.code == 2
        assert "exists only on this machine; push them" in refused.error
        assert released.run(*compiled, "--registry", released.registry).code == 0
        refused = released.run("submit", *where)
        assert refused.code == 2
        assert "is not in its registry; push them" in refused.error
        assert server.requests == []
        assert released.run("publish", "--dev").code == 0
        submitted = released.run("submit", *where)
        assert submitted.code == 0, submitted.stderr
        assert len(server.runs) == 1
