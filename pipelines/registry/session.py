"""Send requests to one registry, with TLS or without, and with `docker login`'s credentials.

The size of answers is limited. Neither a password nor an upload is sent to another host.
"""

import base64
import json
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from pipelines.system.connections import cause
from pipelines.system.errors import PinionError

_LOOPBACK = re.compile(r"(localhost|127(\.\d+){3})(:\d+)?")
# Docker Hub's API has another host name.
_HOSTS = {"docker.io": "registry-1.docker.io"}
_READING = ("GET", "HEAD")
# To connect, and between two parts of an answer.
_SECONDS = (5, 20)
# For all parts of an answer.
_SECONDS_IN_ALL = 60
_REDIRECTS = 5
# Bytes of an answer. A layer that describes a component takes a few kilobytes.
LARGEST = 5_000_000


def is_loopback(host: str) -> bool:
    """Return whether a registry is on this machine."""
    return _LOOPBACK.fullmatch(host) is not None


@dataclass(frozen=True)
class Credentials:
    """A user name and password, or a token in place of both; all empty for anonymous access."""

    username: str = ""
    password: str = ""
    identity_token: str = ""


def credentials(host: str) -> Credentials:
    """Return a registry's login from Docker's configuration and its credential helpers."""
    from docker.auth import load_config
    from docker.errors import DockerException

    try:
        found = load_config().resolve_authconfig(host) or {}
        # config.json and the credential helpers spell the names differently.
        return Credentials(
            found.get("username") or found.get("Username") or "",
            found.get("password") or found.get("Password") or "",
            found.get("identitytoken") or found.get("IdentityToken") or "",
        )
    # The library assumes that the file holds what Docker would write there.
    except (DockerException, ValueError, TypeError, AttributeError, OSError) as error:
        raise PinionError(
            f"cannot read the login for {host} from Docker's configuration ({error});"
            f" run: docker login {host}"
        ) from error


@dataclass(frozen=True)
class Answer:
    """A registry's answer."""

    status: int
    reason: str
    content: bytes
    headers: Mapping[str, str]


class RegistrySession:
    """Connections to one registry, which stay open between requests."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.local = is_loopback(host)
        self._session = _session(host, self.local)

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        content: bytes = b"",
        scope: str = "",
    ) -> Answer:
        """Request a path of the registry's API.

        `scope` is the scope of the token, if it must be wider than the registry's 401 asks for.
        Raise `PinionError` if the registry does not answer, refuses, or the answer is too large.
        """
        url = self._url(path)
        try:
            response = self._ask(method, url, headers, content)
            if response.status_code == 401:
                challenge = response.headers.get("WWW-Authenticate", "")
                response.close()
                authorization = self._authorization(challenge, scope)
                response = self._ask(method, url, {**headers, **authorization}, content)
            answered = _bounded(response, url)
        except (requests.RequestException, OSError) as error:
            raise self._unreachable(error) from error
        if response.status_code in (401, 403):
            raise PinionError(
                f"registry {self.host} refuses access to {path}: {response.status_code}"
                f" {response.reason}; run: docker login {self.host}"
            )
        return Answer(response.status_code, response.reason, answered, response.headers)

    def _url(self, path: str) -> str:
        """Return the URL of a path, or of the location on the same host that it returned."""
        host = _HOSTS.get(self.host, self.host)
        # Ignore its scheme: behind a proxy a registry may believe that it has no TLS.
        place = urlsplit(urljoin(f"//{host}/v2/", path))
        if place.netloc != host:
            raise PinionError(
                f"registry {self.host} redirects the upload to another host, {place.netloc};"
                " uploads go to the registry itself only"
            )
        return urlunsplit((self._scheme, host, place.path, place.query, ""))

    def _ask(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes
    ) -> requests.Response:
        return self._session.request(
            method,
            url,
            headers=dict(headers),
            data=content,
            timeout=_SECONDS,
            stream=True,
            allow_redirects=method in _READING,
        )

    @cached_property
    def _scheme(self) -> str:
        """TLS, or plain HTTP if the registry is on this machine and has no TLS, as in Docker."""
        if not self.local:
            return "https"
        try:
            # Without retries: that there is no TLS is an answer, not a failure.
            _session(self.host, self.local, tries=0).get(
                f"https://{self.host}/v2/", timeout=_SECONDS
            )
        except requests.exceptions.SSLError:
            return "http"
        except requests.RequestException as error:
            raise self._unreachable(error) from error
        return "https"

    def _unreachable(self, error: Exception) -> PinionError:
        return PinionError(
            f"registry {self.host} does not answer ({cause(error)});"
            " start it, or choose another with --registry"
        )

    def _authorization(self, challenge: str, scope: str) -> dict[str, str]:
        """Return the header that a 401 asks for: the credentials, or a token got with them."""
        kind, _, rest = challenge.partition(" ")
        known = credentials(self.host)
        if kind.lower() == "bearer":
            asked = dict(re.findall(r'(\w+)="([^"]*)"', rest))
            # Some registries name only the scope for reading, whatever was requested.
            asked |= {"scope": scope} if scope else {}
            return {"Authorization": f"Bearer {self._token(asked, known)}"}
        if kind.lower() == "basic" and known.username:
            return {"Authorization": _basic(known)}
        return {}

    def _token(self, asked: Mapping[str, str], known: Credentials) -> str:
        realm = asked.get("realm", "")
        form = {name: asked[name] for name in ("service", "scope") if name in asked}
        if urlsplit(realm).scheme != "https" and not self.local:
            raise PinionError(
                f"registry {self.host} asks for the password at {realm!r}, which is not encrypted;"
                " it was not sent"
            )
        if known.identity_token:
            form |= {"grant_type": "refresh_token", "refresh_token": known.identity_token}
            method, arguments = "POST", {"data": {**form, "client_id": "pinion"}}
        else:
            headers = {"Authorization": _basic(known)} if known.password else {}
            method, arguments = "GET", {"params": form, "headers": headers}
        response = self._session.request(
            method, realm, timeout=_SECONDS, stream=True, allow_redirects=False, **arguments
        )
        try:
            content = _bounded(response, realm)
            answer = json.loads(content) if response.status_code == 200 else {}
            return str(answer.get("token") or answer.get("access_token") or "")
        except (ValueError, AttributeError) as error:
            raise PinionError(f"registry {self.host}: {realm} did not return a token") from error


def _session(host: str, local: bool, tries: int = 3) -> requests.Session:
    session = requests.Session()
    # Without this, ~/.netrc would replace the credentials of Docker's store. The settings of the
    # environment that we do want are read below.
    session.trust_env = False
    session.max_redirects = _REDIRECTS
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
    if not local:
        session.proxies.update(requests.utils.get_environ_proxies(f"https://{host}"))
    retry = Retry(tries, backoff_factor=0.3, status_forcelist=(429, 502, 503, 504), read=0)
    # The caller judges the answer, even that of the last attempt.
    retry.raise_on_status = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def _bounded(response: requests.Response, url: str) -> bytes:
    content, start = b"", time.monotonic()
    for part in response.iter_content(1 << 16):
        content += part
        if len(content) > LARGEST:
            response.close()
            raise PinionError(
                f"the answer of {url} is larger than the limit of {LARGEST / 1e6:g} MB"
            )
        if time.monotonic() - start > _SECONDS_IN_ALL:
            response.close()
            raise PinionError(f"the answer of {url} took longer than {_SECONDS_IN_ALL} s")
    return content


def _basic(known: Credentials) -> str:
    pair = f"{known.username}:{known.password}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"
