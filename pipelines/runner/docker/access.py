"""Decide which files, network and variables of this machine a step's container gets."""

import ipaddress
import re
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pipelines.runner.task.backend import CACHE, Call

TRACKING = "mlflow_tracking_uri"
# The only parameter that may name a folder: a word in others may be a folder's name by chance.
SOURCE = "source"
# The variables for servers, proxies and credentials that the steps' libraries read.
_SETTINGS = re.compile(
    r"(AWS|GOOGLE|GCLOUD|MLFLOW)_\w+|STORAGE_EMULATOR_HOST|(HTTPS?|ALL|NO)_PROXY"
    r"|SSL_CERT_FILE|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE",
    re.IGNORECASE,
)
# The variables that tell every step about its run.
_RUN_VARIABLES = frozenset(
    {"MLFLOW_TRACKING_URI", "PINION_PIPELINE_RUN", "PINION_REPRODUCES", "PINION_REVISION"}
)
# AWS's libraries look for a profile in these files of the home folder, which a container lacks.
_PROFILES = {"AWS_CONFIG_FILE": "config", "AWS_SHARED_CREDENTIALS_FILE": "credentials"}
# The match starts only at the start of a word, so that a long text is scanned once.
_ADDRESS = re.compile(r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*://[^\s/?#'\"]+", re.IGNORECASE)


@dataclass(frozen=True)
class Access:
    """The paths that a container shares with this machine, its network, and its variables.

    `variables` are names only: the values stay in the environment, so that no list of processes
    shows them.
    """

    writable: frozenset[Path]
    readable: frozenset[Path]
    network: str
    variables: frozenset[str]

    @classmethod
    def of(cls, call: Call, environment: Mapping[str, str], isolated: bool) -> "Access":
        """Return what a call needs; `isolated` means that its image itself needs no network.

        A task with a parameter `mlflow_tracking_uri` reaches the store. For SQLite that is the
        folder of the database, whose journal is beside it; outputs of other steps in that folder
        are read-only. For a server it is the network.
        """
        tracking = _tracking_uri(call, environment)
        store = _sqlite_folder(tracking)
        run = call.folder.parent
        connected = not isolated or bool(tracking and store is None)
        variables = {name for name in environment if connected and _SETTINGS.fullmatch(name)}
        named = {environment[name] for name in variables} | set(call.parameters.values())
        readable = set(call.inputs)
        # A step reads its source at its own path.
        readable |= {path for path in map(_path, named) if path and path.is_file()}
        folder = _path(call.parameters.get(SOURCE) or "/")
        # A container has a root folder of its own.
        if folder and folder.is_dir() and not folder.samefile("/"):
            readable.add(folder)
        if store and run.is_relative_to(store):
            cache = run.parent / CACHE
            readable |= {run, cache} if cache.exists() else {run}
        return cls(
            writable=frozenset({call.folder, store} - {None} if store else {call.folder}),
            readable=frozenset(readable),
            network=_network(named) if connected else "none",
            variables=frozenset(variables | _RUN_VARIABLES & environment.keys()),
        )


def with_profile(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Add the paths of AWS's configuration files to an environment that names an AWS profile."""
    if not {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} & environment.keys():
        return environment
    files = {name: Path.home() / ".aws" / file for name, file in _PROFILES.items()}
    return {**{name: str(path) for name, path in files.items() if path.is_file()}, **environment}


def _tracking_uri(call: Call, environment: Mapping[str, str]) -> str:
    """Return the tracking URI of a task; empty if the task does not use MLflow."""
    if TRACKING not in call.parameters:
        return ""
    return call.parameters[TRACKING] or environment.get("MLFLOW_TRACKING_URI", "")


def _sqlite_folder(uri: str) -> Path | None:
    scheme, _, path = uri.partition(":///")
    return Path(path.partition("?")[0]).absolute().parent if scheme == "sqlite" else None


def _path(text: str) -> Path | None:
    """Return the path that a text names, if it exists on this machine."""
    path = Path(url2pathname(urlsplit(text).path) if text.startswith("file://") else text)
    try:
        return path.absolute() if path.exists() else None
    # The text cannot be a path.
    except (OSError, ValueError):
        return None


def _network(texts: Iterable[str]) -> str:
    """Return the host's network if an address is on its loopback, which no bridge reaches."""
    hosts = {urlsplit(address).hostname for text in texts for address in _ADDRESS.findall(text)}
    # An emulator's address has no scheme.
    hosts |= {text.partition(":")[0] for text in texts if re.fullmatch(r"[\w.-]+:\d+", text)}
    return "host" if any(_is_loopback(host) for host in hosts if host) else "bridge"


def _is_loopback(host: str) -> bool:
    try:
        found = {str(entry[4][0]).partition("%")[0] for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return False
    addresses = map(ipaddress.ip_address, found)
    return any(address.is_loopback or address.is_unspecified for address in addresses)
