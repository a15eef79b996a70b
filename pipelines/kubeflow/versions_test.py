import re
from pathlib import Path
from typing import Any

import pytest

from pipelines.compiled.file import PipelineFile
from pipelines.kubeflow.api.answers import UnavailableError
from pipelines.kubeflow.kfp_server_testing import DROP, KfpServer, Request, serving
from pipelines.kubeflow.rollout_testing import FAULTS, api, release
from pipelines.kubeflow.versions import (
    Version,
    chosen,
    find_pipeline,
    make_pipeline,
    remove_version,
    upload,
    versions,
)
from pipelines.system.errors import PinionError

TAG = "1.2.3"


@pytest.fixture()
def file(tmp_path: Path) -> PipelineFile:
    return release(tmp_path)


@pytest.fixture()
def large(tmp_path: Path) -> PipelineFile:
    """Return the same release with cluster settings in both documents."""
    text = "defaults: {memory: 3Gi, cache: false, retries: 2}\nsteps: {text: {timeout: 90s}}\n"
    return release(tmp_path, text)


def version(file: PipelineFile | None, name: str = TAG) -> Version:
    return Version(f"id-{name}", name, file)


def test_a_pipeline_is_found_by_its_name_among_others() -> None:
    names = ["a", "training-2", "training", "b", "c"]
    with serving(KfpServer()) as server:
        made = {name: make_pipeline(api(server), name, "") for name in names}
        assert {name: find_pipeline(api(server), name, "") for name in names} == made
        assert find_pipeline(api(server), "train", "") == ""
        # Anyone can change the display name.
        server.pipelines[made["c"]]["display_name"] = "training"
        server.pipelines[made["training"]]["display_name"] = "Training"
        assert find_pipeline(api(server), "training", "") == made["training"]


def test_a_pipeline_belongs_to_its_namespace() -> None:
    with serving(KfpServer(multi_user=True)) as server:
        first = make_pipeline(api(server), "training", "team-a")
        assert find_pipeline(api(server), "training", "team-b") == ""
        second = make_pipeline(api(server), "training", "team-b")
        assert find_pipeline(api(server), "training", "team-a") == first != second
        assert server.pipelines[second]["namespace"] == "team-b"


@pytest.mark.parametrize("fault", FAULTS)
def test_one_pipeline_and_version_are_created_whichever_answers_get_lost(
    file: PipelineFile, fault: str
) -> None:
    make = FAULTS[fault]
    with serving(KfpServer(fault=make())) as server:
        for _ in range(2):
            pipeline_id = find_pipeline(api(server), "three", "")
            pipeline_id = pipeline_id or make_pipeline(api(server), "three", "")
            assert upload(api(server), pipeline_id, TAG, file).name == TAG
        (pipeline,) = server.pipelines.values()
        (there,) = server.versions.values()
    assert (pipeline["pipeline_id"], pipeline["name"]) == (pipeline_id, "three")
    assert (there["pipeline_id"], there["name"]) == (pipeline_id, TAG)


def test_the_file_is_uploaded_unchanged(large: PipelineFile) -> None:
    with serving(KfpServer()) as server:
        pipeline_id = make_pipeline(api(server), "three", "", "Three texts.")
        made = upload(api(server), pipeline_id, TAG, large)
        (posted,) = server.asked("POST", "/pipelines/upload_version")
        (there,) = versions(api(server), pipeline_id)
    assert server.pipelines[pipeline_id]["description"] == "Three texts."
    assert server.versions[made.id]["description"] == "Release 1.2.3"
    assert large.text().encode() in posted.body
    assert f'filename="{TAG}.yaml"'.encode() in posted.body
    assert there == made
    assert there.file
    assert (there.file.spec, there.file.platform) == (large.spec, large.platform)


def test_a_version_is_named_after_the_tag(file: PipelineFile, large: PipelineFile) -> None:
    assert chosen([], TAG, file) == (TAG, None)
    assert chosen([version(large, "1.2.4"), version(file, "1.2.3rc1")], TAG, file) == (TAG, None)
    there = version(file)
    assert chosen([there], TAG, file) == (TAG, there)


def test_a_release_with_other_settings_gets_a_version_of_its_own(
    file: PipelineFile, large: PipelineFile
) -> None:
    name, none = chosen([version(file)], TAG, large)
    assert none is None
    assert re.fullmatch(r"1\.2\.3-[0-9a-f]{8}", name)
    assert chosen([version(file)], TAG, large) == (name, None)
    other, _ = chosen([version(file)], TAG, large.uncached())
    assert other != name
    there = [version(file), version(large, name)]
    assert chosen(there, TAG, large) == (name, there[1])
    assert chosen(there, TAG, file) == (TAG, there[0])
    # The same holds the other way round.
    assert chosen([version(large)], TAG, file)[0] not in (TAG, name)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("image: ", "image: other/", id="image"),
        pytest.param("defaultValue: x", "defaultValue: y", id="default"),
        pytest.param("name: three", "name: four", id="name"),
    ],
)
def test_another_pipeline_under_the_tag_is_refused(
    file: PipelineFile, large: PipelineFile, old: str, new: str
) -> None:
    stranger = PipelineFile.parse(file.path, file.text().replace(old, new).encode())
    assert stranger.spec != file.spec
    for wanted in (file, large):
        with pytest.raises(PinionError, match="'1.2.3' of pipeline 'three' is not release 1.2.3"):
            chosen([version(stranger)], TAG, wanted)
    name, _ = chosen([version(file)], TAG, large)
    with pytest.raises(PinionError, match=r"python -m pipelines\.deploy 1\.2\.3 --remove"):
        chosen([version(file), version(stranger, name)], TAG, large)


@pytest.mark.parametrize(
    ("document", "same"),
    [
        pytest.param(None, True, id="not reported"),
        pytest.param({"root": {}, "kind": "Workflow"}, False, id="not readable"),
        pytest.param({"deploymentSpec": {"executors": 3}}, False, id="no executors"),
    ],
)
def test_the_content_that_kfp_reports_is_compared(
    file: PipelineFile, document: dict[str, Any] | None, same: bool
) -> None:
    there = {"name": TAG, "pipeline_id": "p", "pipeline_version_id": "v", "pipeline_spec": document}
    with serving(KfpServer(versions={"v": there})) as server:
        (found,) = versions(api(server), "p")
    assert (found.id, found.name) == ("v", TAG)
    assert found.holds(file) is same
    assert not found.differs_in_settings(file)


def test_a_slower_call_with_other_settings_leaves_the_tag_alone(
    file: PipelineFile, large: PipelineFile
) -> None:
    with serving(KfpServer()) as server:
        pipeline_id = make_pipeline(api(server), "three", "")

        def intrude(request: Request) -> None:
            if request.method == "POST":
                server.fault = lambda _: None
                upload(api(server), pipeline_id, TAG, file)

        server.fault = intrude
        made = upload(api(server), pipeline_id, TAG, large)
        assert made.name == chosen([version(file)], TAG, large)[0]
        there = {each.name: each for each in versions(api(server), pipeline_id)}
    assert set(there) == {TAG, made.name}
    assert server.versions[made.id]["description"] == "Release 1.2.3 with other cluster settings"
    assert there[TAG].holds(file)
    assert there[made.name].holds(large)


def test_removing_a_version_that_is_gone_succeeds(file: PipelineFile) -> None:
    with serving(KfpServer()) as server:
        pipeline_id = make_pipeline(api(server), "three", "")
        made = upload(api(server), pipeline_id, TAG, file)
        lost = iter([DROP])
        server.fault = lambda _: next(lost, None)
        remove_version(api(server), pipeline_id, made)
        assert len(server.asked("DELETE", ".*")) == 2
        assert not server.versions
        server.fault = lambda _: 503
        with pytest.raises(UnavailableError, match="answered 503"):
            remove_version(api(server), pipeline_id, made)
