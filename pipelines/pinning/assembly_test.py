import json
from dataclasses import replace

import pytest
import yaml

from pipelines.components.image import ImageReference
from pipelines.components.interface import Signature
from pipelines.pinning.assembly import refuse_breaking, refuse_pushed_again, wiring
from pipelines.pinning.lock import Lock, Locked
from pipelines.pinning.releases import Release
from pipelines.system.errors import PinionError
from pipelines.system.workspace import ROOT

GOLDEN = ROOT / "tests" / "golden" / "training.yaml"


def image(version: str, digit: str, registry: str = "host:5000") -> ImageReference:
    return ImageReference(f"{registry}/pinion/train", version, f"sha256:{digit * 64}")


TRAIN = Locked(
    "1.2.0",
    image("1.2.0", "a"),
    content="s1:c1",
    runs="s1:p1",
    commit="f00d",
    signature=Signature({"data": "Dataset"}, {"fitted": "Model"}),
    requirements={},
)


def lock(tag: str, train: Locked) -> Lock:
    return Lock(tag, "host:5000", "p", {"train": train})


@pytest.mark.parametrize(
    "new",
    [
        pytest.param(replace(TRAIN, image=image("1.2.0", "b")), id="another digest"),
        pytest.param(
            replace(TRAIN, image=image("1.2.0", "b", "mirror:5000"), content="s1:c2"),
            id="another content in another registry",
        ),
    ],
)
def test_a_version_that_was_pushed_again_is_refused(new: Locked) -> None:
    releases = {"1.0.0": lock("1.0.0", replace(TRAIN, version="1.1.0")), "2.0.0": lock("2", TRAIN)}
    with pytest.raises(PinionError, match="was pushed again: sha256:aaaa.*, sha256:bbbb"):
        refuse_pushed_again(releases, lock("1.5.0", new))


@pytest.mark.parametrize(
    "new",
    [
        pytest.param(TRAIN, id="the same"),
        pytest.param(replace(TRAIN, image=image("1.2.0", "b", "mirror:5000")), id="a mirror"),
        pytest.param(replace(TRAIN, version="1.2.1", content="s1:c2"), id="a new version"),
        pytest.param(replace(TRAIN, content="c0ffee", runs=""), id="a hash of another scheme"),
    ],
)
def test_an_unchanged_or_new_version_may_be_released(new: Locked) -> None:
    refuse_pushed_again({"1.0.0": lock("1.0.0", TRAIN)}, lock("1.1.0", new))


@pytest.mark.parametrize(
    ("version", "refused"), [("1.3.0", True), ("2.0.0", False), ("1.1.0", False)]
)
def test_a_break_needs_a_major_version_unless_the_version_is_lower(
    version: str, refused: bool
) -> None:
    changed = replace(TRAIN, version=version, signature=Signature({}, {"fitted": "Model"}))
    releases = {"1.0.0": lock("1.0.0", TRAIN)}
    if not refused:
        refuse_breaking(releases, lock("1.1.0", changed))
        return
    with pytest.raises(PinionError, match=r"train 1\.3\.0 needs a major version after 1\.2\.0: "):
        refuse_breaking(releases, lock("1.1.0", changed))


def test_wiring_does_not_depend_on_the_pins() -> None:
    def release(tag: str, version: str, digit: str, seed: int) -> Release:
        train = replace(TRAIN, version=version, image=image(version, digit))
        document = yaml.safe_load(GOLDEN.read_text())
        container = document["deploymentSpec"]["executors"]["exec-train"]["container"]
        container["image"] = str(train.image)
        told = {"PINION_RELEASE": tag, "PINION_COMPONENTS": f"train={train.image.exact}"}
        container["env"] = [{"name": name, "value": value} for name, value in told.items()]
        given = document["root"]["dag"]["tasks"]["decide"]["inputs"]["parameters"]
        given["code"]["runtimeValue"]["constant"] = digit * 64
        document["root"]["inputDefinitions"]["parameters"]["seed"]["defaultValue"] = seed
        return Release(lock(tag, train), json.dumps(document).encode())

    first = wiring(release("1.0.0", "1.2.0", "a", 42))
    assert first == wiring(release("1.1.0", "1.2.1", "b", 42))
    assert first != wiring(release("1.1.0", "1.2.1", "b", 43))
