from dataclasses import replace

from pipelines.components.image import ImageReference
from pipelines.components.interface import Signature
from pipelines.pinning.differences import differences
from pipelines.pinning.lock import Lock, Locked

TRAIN = Locked(
    "1.0.0",
    ImageReference("host:5000/pinion/train", "1.0.0", "sha256:" + "a" * 64),
    content="s1:c1",
    runs="s1:a1",
    commit="f00d",
    signature=Signature({"data": "Dataset", "seed": "Integer"}, {"fitted": "Model"}),
    requirements={"numpy": "2.4.5", "scipy": "1.17.1"},
)
NEWER = replace(
    TRAIN,
    version="1.1.0",
    image=ImageReference("host:5000/pinion/train", "1.1.0", "sha256:" + "b" * 64),
    signature=Signature({"data": "Dataset", "seed": "Float"}, {"fitted": "Model", "log": "HTML"}),
    runs="s1:a2",
    requirements={"numpy": "2.4.6", "skops": "0.16.0"},
)


def lock(tag: str, **components: Locked) -> Lock:
    return Lock(tag, "host:5000", "p", components)


def test_changes_are_listed_component_by_component() -> None:
    before = lock("1.0.0", train=TRAIN, register=TRAIN, gone=TRAIN)
    after = lock("1.1.0", train=NEWER, register=TRAIN, added=NEWER)
    assert list(differences(before, after)) == [
        "added: 1.1.0 (sha256:bbbbbbbbbbbb) new",
        "gone: removed",
        "register: 1.0.0 unchanged",
        "train: 1.0.0 -> 1.1.0",
        "  digest: sha256:aaaaaaaaaaaa -> sha256:bbbbbbbbbbbb",
        "  runs: s1:a1 -> s1:a2",
        "  input seed: Integer -> Float",
        "  output log: HTML new",
        "  dependency numpy: 2.4.5 -> 2.4.6",
        "  dependency scipy: 1.17.1 removed",
        "  dependency skops: 0.16.0 new",
    ]


def test_everything_is_new_in_the_first_release() -> None:
    assert list(differences(None, lock("1.0.0", train=TRAIN))) == [
        "train: 1.0.0 (sha256:aaaaaaaaaaaa) new"
    ]
