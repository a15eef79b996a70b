"""Attach an SBOM to an image in a real registry, without support for the referrers API."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.registry.client import Registry as Client
from pipelines.registry.client import digest_of
from pipelines.registry.referrers import Referrers
from pipelines.system.errors import PinionError
from tests.build.services import Registry

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
KIND = "application/vnd.cyclonedx+json"
REPOSITORY = "pinion/train"
IMAGE = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": digest_of(b"{}"),
            "size": 2,
        },
        "layers": [],
    }
).encode()

pytestmark = pytest.mark.docker


@pytest.fixture()
def server(tmp_path: Path) -> Iterator[Registry]:
    with Registry(tmp_path / "registry") as server:
        yield server


@pytest.fixture()
def image(server: Registry) -> Referrers:
    """Return an image without layers."""
    client = Client(f"{server.address}/team")
    begun = client.push("POST", REPOSITORY, "blobs/uploads/").headers["Location"]
    client.push("PUT", REPOSITORY, f"{begun}&digest={digest_of(b'{}')}", b"{}")
    client.push("PUT", REPOSITORY, "manifests/1.0.0", IMAGE, MANIFEST)
    return Referrers(client, REPOSITORY, digest_of(IMAGE))


def listed(server: Registry) -> list[dict[str, Any]]:
    """Return the entries under the tag of the image's referrers, as any client reads them."""
    tag = digest_of(IMAGE).replace(":", "-")
    request = urllib.request.Request(
        f"http://{server.address}/v2/team/{REPOSITORY}/manifests/{tag}",
        headers={"Accept": "application/vnd.oci.image.index.v1+json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        found: list[dict[str, Any]] = json.load(answer)["manifests"]
    return found


def test_an_sbom_is_found_by_the_digest_of_the_image(server: Registry, image: Referrers) -> None:
    assert image.find(KIND) is None
    image.attach(KIND, b'{"bomFormat": "CycloneDX"}')
    assert image.find(KIND) == b'{"bomFormat": "CycloneDX"}'
    (entry,) = listed(server)
    assert (entry["artifactType"], entry["mediaType"]) == (KIND, MANIFEST)


def test_attaching_twice_adds_one_and_keeps_others(server: Registry, image: Referrers) -> None:
    image.attach("application/vnd.signed", b"signature")
    image.attach(KIND, b"1")
    image.attach(KIND, b"1")
    assert [each["artifactType"] for each in listed(server)] == ["application/vnd.signed", KIND]
    assert image.find("application/vnd.signed") == b"signature"


def test_attaching_to_a_missing_image_is_an_error(image: Referrers) -> None:
    other = Referrers(image.registry, REPOSITORY, f"sha256:{'0' * 64}")
    with pytest.raises(PinionError, match="the registry answered 404"):
        other.attach(KIND, b"1")
