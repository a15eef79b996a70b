from pathlib import Path

import pytest

from pipelines.components.component import Component
from pipelines.components.image import ImageReference
from pipelines.components.interface import Interface, Signature
from pipelines.pinning.assembly import chosen
from pipelines.pinning.lock import Lock, Locked
from pipelines.system.errors import UsageError

INTERFACE = Interface.parse("implementation: {container: {image: pinion/x}}")


def component(name: str, version: str) -> Component:
    return Component(name, Path(name), version, (), INTERFACE)


COMPONENTS = {
    each.name: each for each in (component("pull_data", "0.3.0"), component("train", "0.4.0"))
}
PREVIOUS = Lock(
    "1.0.0",
    "host:5000",
    "p",
    {"train": Locked("0.2.0", ImageReference("x"), "s1:c", "s1:a", "f00d", Signature({}, {}), {})},
)


def test_a_version_is_requested_or_released_before_or_in_the_working_tree() -> None:
    assert chosen([], None, COMPONENTS) == {"pull_data": "0.3.0", "train": "0.4.0"}
    assert chosen([], PREVIOUS, COMPONENTS) == {"pull_data": "0.3.0", "train": "0.2.0"}
    assert chosen(["train==0.1.5", "pull-data==0.9.0"], PREVIOUS, COMPONENTS) == {
        "pull_data": "0.9.0",
        "train": "0.1.5",
    }


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("train", "'train' is not NAME==VERSION"),
        ("train=1.0", "'train=1.0' is not NAME==VERSION"),
        ("trian==1.0", "there is no component 'trian'; known: pull_data, train"),
        ("train==v1.0.0", "train==v1.0.0: 'v1.0.0' is not in normal form; write '1.0.0'"),
        ("train==", "train==: '' is not a version"),
    ],
)
def test_an_invalid_argument_is_reported(asked: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        chosen([asked], PREVIOUS, COMPONENTS)
    assert message in str(caught.value)
