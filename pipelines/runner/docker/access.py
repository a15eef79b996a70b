"""What a step in a container may reach: files of this machine, a network, variables."""

import ipaddress
import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pipelines.runner.task.backend import Call
from pipelines.runner.task.layout import CACHE

TRACKING = "mlflow_tracking_uri"
# The parameter that may name a folder. Of another, a word may be the name of a folder by chance.
SOURCE = "source"
# What the libraries of the steps read of servers, proxies and credentials.
_SETTINGS = re.compile(
    r"(AWS|GOOGLE|GCLOUD|MLFLOW)_\w+|STORAGE_EMULATOR_HOST|(HTTPS?|ALL|NO)_PROXY"
    r"|SSL_CERT_FILE|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE",
    re.IGNORECASE,
)
# What every step is told of its run.
_TOLD = frozenset(
    {"MLFLOW_TRACKING_URI", "PINION_PIPELINE_RUN", "PINION_REPRODUCES", "PINION_REVISION"}
)
# Looks at the start of a word alone, so that a long text is read once and not from every letter.
# Where AWS's libraries look for a profile, in a home that a container does not have.
_PROFILES = {"AWS_CONFIG_FILE": "config", "AWS_SHARED_CREDENTIALS_FILE": "credentials"}
_ADDRESS = re.compile(r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*://[^\s/?#'\"]+", re.IGNORECASE)


@dataclass(frozen=True)
class Reach:
    """Paths of this machine that a container has at the same place, its network, its variables.

    `variables` are names: the values stay in the environment, where no list of processes has them.
    """

    writable: frozenset[Path]
    readable: frozenset[Path]
    network: str
    variables: frozenset[str]

    @classmethod
    def of(cls, call: Call, environment: Mapping[str, str], isolated: bool) -> "Reach":
        """What a call needs; `isolated` says that its image by itself needs no network.

        A task that takes `mlflow_tracking_uri` reaches the store: the folder of an SQLite file,
        whose journal is beside it, with what other steps gave read-only in it; or the server.
        """
        tracking = _tracking_uri(call, environment)
        store = _sqlite_folder(tracking)
        run = call.folder.parent
        connected = not isolated or bool(tracking and store is None)
        variables = {name for name in environment if connected and _SETTINGS.fullmatch(name)}
        named = {environment[name] for name in variables} | set(call.parameters.values())
        readable = {*call.inputs, *_files(named), *_folder(call.parameters.get(SOURCE, ""))}
        if store and run.is_relative_to(store):
            cache = run.parent / CACHE
            readable |= {run, cache} if cache.exists() else {run}
        return cls(
            writable=frozenset({call.folder, store} - {None} if store else {call.folder}),
            readable=frozenset(readable),
            network=_network(named) if connected else "none",
            variables=frozenset(variables | _TOLD & environment.keys()),
        )


def with_profile(environment: Mapping[str, str]) -> Mapping[str, str]:
    """The environment, with the files by name that a profile of AWS named in it is looked up in."""
    if not {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} & environment.keys():
        return environment
    files = {name: Path.home() / ".aws" / file for name, file in _PROFILES.items()}
    return {**{name: str(path) for name, path in files.items() if path.is_file()}, **environment}


def _tracking_uri(call: Call, environment: Mapping[str, str]) -> str:
    """Empty for a task that does not track."""
    if TRACKING not in call.parameters:
        return ""
    return call.parameters[TRACKING] or environment.get("MLFLOW_TRACKING_URI", "")


def _sqlite_folder(uri: str) -> Path | None:
    scheme, _, path = uri.partition(":///")
    if scheme != "sqlite":
        return None
    return Path(path.partition("?")[0]).absolute().parent


def _files(texts: Iterable[str]) -> Iterator[Path]:
    """The regular files that texts name: a step reads its source where the user has it."""
    return (path for text in texts if (path := _path(text)) and path.is_file())


def _folder(text: str) -> Iterator[Path]:
    """The folder that a text names, unless it is the root, which a container has its own of."""
    if text and (path := _path(text)) and path.is_dir() and not path.samefile("/"):
        yield path


def _path(text: str) -> Path | None:
    """What a text names on this machine, if it is there."""
    path = Path(url2pathname(urlsplit(text).path) if text.startswith("file://") else text)
    try:
        return path.absolute() if path.exists() else None
    # A text that can be no path.
    except (OSError, ValueError):
        return None


def _network(texts: Iterable[str]) -> str:
    """The host's own where something is on this machine's loopback, which no bridge leads to."""
    addresses = {address for text in texts for address in _ADDRESS.findall(text)}
    hosts = {urlsplit(address).hostname for address in addresses}
    # An emulator's address has no scheme.
    hosts |= {text.partition(":")[0] for text in texts if re.fullmatch(r"[\w.-]+:\d+", text)}
    return "host" if any(_is_loopback(host) for host in hosts if host) else "bridge"


def _is_loopback(host: str) -> bool:
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return False
    addresses = [ipaddress.ip_address(each.partition("%")[0]) for each in found]
    return any(address.is_loopback or address.is_unspecified for address in addresses)
