import pytest

from pipelines.components.image import ImageReference
from pipelines.system.errors import PinionError

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("text", "repository", "tag", "digest", "name"),
    [
        pytest.param("pinion/train", "pinion/train", "", "", "train", id="plain"),
        pytest.param("pinion/train:1.2.0", "pinion/train", "1.2.0", "", "train", id="tag"),
        pytest.param(
            "localhost:5000/pull-data",
            "localhost:5000/pull-data",
            "",
            "",
            "pull-data",
            id="port, no tag",
        ),
        pytest.param(
            f"registry.example.com:443/team/pinion/train:1.0.0-dev.0f@{DIGEST}",
            "registry.example.com:443/team/pinion/train",
            "1.0.0-dev.0f",
            DIGEST,
            "train",
            id="everything",
        ),
    ],
)
def test_a_reference_is_parsed_and_written_again(
    text: str, repository: str, tag: str, digest: str, name: str
) -> None:
    reference = ImageReference.parse(text)
    assert reference == ImageReference(repository, tag, digest)
    assert reference.name == name
    assert str(reference) == text


@pytest.mark.parametrize(
    "text", ["", "Train", "train:", "train@sha256:0a", "train:1.0 --privileged"]
)
def test_a_text_that_is_not_a_reference_is_refused(text: str) -> None:
    with pytest.raises(PinionError, match="is not an image reference"):
        ImageReference.parse(text)
