"""Write a component's SBOM, the list of its packages, as CycloneDX.

It holds what requirements.lock holds: every package with its version, the hashes of the files that
may be installed for it, and the packages that need it. It has no timestamp, so that equal locks
give equal bytes.
"""

import hashlib
import json
import uuid
from collections.abc import Mapping
from typing import Any

from packaging.utils import canonicalize_name

from pipelines.components.component import Component
from pipelines.components.requirement_locks import Pin

MEDIA_TYPE = "application/vnd.cyclonedx+json"


def sbom(component: Component, version: str) -> bytes:
    """Return the SBOM of a component at a version, in CycloneDX 1.6.

    Raise `PinionError` if the lock cannot be read.
    """
    pins = component.pins()
    name = f"pinion-{component.name.replace('_', '-')}"
    root = f"{name}@{version}"
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "pre-build"}],
            "component": {"type": "application", "bom-ref": root, "name": name, "version": version},
        },
        "components": [_component(pin) for pin in pins.values()],
        "dependencies": _dependencies(root, pins),
    }
    # The format requires that equal documents have equal serial numbers.
    serial = uuid.uuid5(uuid.NAMESPACE_OID, hashlib.sha256(_json(document)).hexdigest())
    return _json({**document, "serialNumber": serial.urn})


def _component(pin: Pin) -> dict[str, Any]:
    address = _purl(pin)
    return {
        "type": "library",
        "bom-ref": address,
        "name": pin.name,
        "version": pin.version,
        "purl": address,
        # The component's own `hashes` stands for a single file, and here there may be several.
        "externalReferences": [
            {
                "type": "distribution",
                "url": address,
                "comment": "The SHA-256 of each file that the lock allows; one of them is"
                " installed.",
                "hashes": [{"alg": "SHA-256", "content": each} for each in pin.hashes],
            }
        ],
    }


def _purl(pin: Pin) -> str:
    # A version may contain `+` and `!`, which must be encoded in a package URL.
    return f"pkg:pypi/{pin.name}@{pin.version.replace('+', '%2B').replace('!', '%21')}"


def _dependencies(root: str, pins: Mapping[str, Pin]) -> list[dict[str, Any]]:
    needs = {name: [_purl(pin) for pin in pins.values() if name in pin.needed_by] for name in pins}
    return [
        {"ref": root, "dependsOn": [_purl(pin) for pin in pins.values() if pin.direct]},
        *({"ref": _purl(pins[name]), "dependsOn": needed} for name, needed in needs.items()),
    ]


def _json(document: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(document, indent=2, sort_keys=True)}\n".encode()


def missing(requirements: Mapping[str, str], sbom: bytes) -> str:
    """Return the packages of an image (versions by name) that its SBOM lacks; empty if none."""
    try:
        listed = {
            (str(canonicalize_name(each["name"])), each["version"])
            for each in json.loads(sbom)["components"]
        }
    except (ValueError, KeyError, TypeError) as error:
        return f"anything that can be read ({type(error).__name__}: {error})"
    absent = sorted(requirements.items() - listed)
    return ", ".join(f"{name} {version}" for name, version in absent)
