"""Check, before the first request, whether a cluster can run a compiled file."""

import json
import sys
from collections.abc import Mapping
from urllib.parse import urlsplit

from pipelines.compiled.file import PipelineFile
from pipelines.compiled.values import Value
from pipelines.components.image import ImageReference
from pipelines.kubeflow.platform.apply import has_variable
from pipelines.registry.client import Registry
from pipelines.registry.session import is_loopback
from pipelines.system.errors import PinionError, UsageError

TRACKING_URI = "mlflow_tracking_uri"
_VARIABLE = "MLFLOW_TRACKING_URI"
# Schemes of stores that are files on one machine.
_LOCAL_SCHEMES = ("sqlite", "file", "")
# KFP stores every number as a double, which is exact for whole numbers up to this one.
_EXACT = 2**53
# KFP's programs get all parameters of a run, or of a step, in one argument, and Linux passes none
# of 128 KiB. The rest is for the paths of a step's inputs and outputs.
_MOST_BYTES = 120 * 1024


def check(file: PipelineFile, parameters: Mapping[str, Value]) -> None:
    """Raise `PinionError` for what a cluster would fail at; warn on stderr about what it may."""
    if TRACKING_URI in file.parameters:
        _check_tracking(file, str(parameters.get(TRACKING_URI, "")))
    for name, value in parameters.items():
        _check_numbers(name, value)
    _check_lengths(parameters)
    check_images(file)


def check_images(file: PipelineFile) -> None:
    """Raise `PinionError` if an image exists only on this machine."""
    references = [reference for image in file.images if (reference := _parsed(image))]
    _check_pushed([each for each in references if "-dev." in each.tag and not each.digest])
    if local := sorted({each.registry for each in references if is_loopback(each.registry)}):
        print(
            f"the images are in {', '.join(local)}, a registry on this machine: the cluster must"
            " be able to reach it under that name, as kind and k3d clusters can",
            file=sys.stderr,
        )


def _check_tracking(file: PipelineFile, uri: str) -> None:
    if not uri and has_variable(file, _VARIABLE):
        return
    way_out = f"give --param {TRACKING_URI}=http://… of an MLflow server that the cluster can reach"
    if not uri:
        raise UsageError(
            f"{TRACKING_URI} is empty, and steps on a cluster share no disk; {way_out}, or set"
            f" {_VARIABLE} for every step in the --platform file"
        )
    parts = urlsplit(uri)
    bare = uri in ("databricks", "databricks-uc")
    if parts.scheme.partition("+")[0] in _LOCAL_SCHEMES and not bare:
        raise UsageError(f"{TRACKING_URI} {uri!r} is a file on this machine; {way_out}")
    if not bare and not parts.netloc:
        raise UsageError(f"{TRACKING_URI} {uri!r} is not an address; {way_out}")
    if is_loopback(parts.netloc):
        print(
            f"{TRACKING_URI} {uri!r}: inside a step's pod, this address is the pod itself",
            file=sys.stderr,
        )
    if parts.password:
        raise UsageError(
            f"{TRACKING_URI} contains a password, which KFP would show; put it into a secret, and"
            " the secret into the --platform file (MLFLOW_TRACKING_USERNAME,"
            " MLFLOW_TRACKING_PASSWORD)"
        )


def _check_numbers(name: str, value: object) -> None:
    if isinstance(value, int) and abs(value) > _EXACT:
        raise UsageError(
            f"{name} {value} is too large: KFP stores whole numbers exactly only up to 2**53"
        )
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        _check_numbers(name, each)


def _check_lengths(parameters: Mapping[str, Value]) -> None:
    sizes = {
        name: len(json.dumps({name: value}, ensure_ascii=False).encode(errors="surrogatepass"))
        for name, value in parameters.items()
    }
    if sum(sizes.values()) <= _MOST_BYTES:
        return
    longest = max(sizes, key=sizes.__getitem__)
    raise UsageError(
        f"{longest} has {sizes[longest]:,} bytes, and the parameters of a run on KFP may have"
        f" {_MOST_BYTES:,} bytes in all, because KFP passes them as one argument; shorten it, or"
        " run the pipeline on this machine (python -m pipelines.run --params FILE)"
    )


def _parsed(image: str) -> ImageReference | None:
    try:
        return ImageReference.parse(image)
    except PinionError:
        # A pipeline of another project may take an image from a parameter.
        return None


def _check_pushed(images: list[ImageReference]) -> None:
    """Refuse images of the working tree that are not in a registry.

    They stay where they were built until someone pushes them.
    """
    way_out = (
        "push them: python -m pipelines.publish --dev, then python -m pipelines.compile dev"
        " --registry ADDRESS; or submit a release"
    )
    for image in images:
        if not image.registry:
            raise UsageError(f"{image} exists only on this machine; {way_out}")
        if not _pushed(image):
            raise UsageError(f"{image} is not in its registry; {way_out}")


def _pushed(image: ImageReference) -> bool:
    try:
        return Registry(image.registry).find(image.path, image.tag) is not None
    except PinionError as error:
        # The cluster may be able to reach a registry that this machine cannot.
        print(f"cannot check whether {image} was pushed: {error}", file=sys.stderr)
        return True
