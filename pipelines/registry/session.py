"""Requests to one registry: over TLS or not, with the credentials of `docker login` if asked.

What it says is bounded, and so is where it leads: a password or what is pushed follows no redirect.
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

from pipelines.registry.credentials import Credentials, credentials
from pipelines.system.connections import cause
from pipelines.system.errors import PinionError

_LOOPBACK = re.compile(r"(localhost|127(\.\d+){3})(:\d+)?")
# Docker Hub's API has a name of its own.
_HOSTS = {"docker.io": "registry-1.docker.io"}
_READING = ("GET", "HEAD")
# To connect, and between two parts of an answer; and for all parts of one.
_SECONDS = (5, 20)
_SECONDS_IN_ALL = 60
_REDIRECTS = 5
_LARGEST_TOKEN = 100_000


def is_loopback(host: str) -> bool:
    """Whether a registry is one of this machine."""
    return _LOOPBACK.fullmatch(host) is not None


@dataclass(frozen=True)
class Answer:
    """What a registry answered."""

    status: int
    reason: str
    content: bytes
    headers: Mapping[str, str]


class RegistrySession:
    """Connections to one registry by its host, which are kept open between requests."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.local = is_loopback(host)
        self._session = _session(host, self.local)

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        most: int,
        content: bytes = b"",
        scope: str = "",
    ) -> Answer:
        """What is under a path of the registry's API, up to so many bytes.

        `scope` is what a token must allow, where it is more than a 401 asks for by itself.
        Raises `PinionError` where it does not answer, refuses, or has more to say.
        """
        url = self._url(path)
        try:
            response = self._authorized(method, url, headers, content, scope)
            answered = _bounded(response, url, most)
        except (requests.RequestException, OSError) as error:
            raise self._unreachable(error) from error
        if response.status_code in (401, 403):
            raise PinionError(
                f"registry {self.host} refuses {path}: {response.status_code} {response.reason};"
                f" run: docker login {self.host}"
            )
        return Answer(response.status_code, response.reason, answered, response.headers)

    def _authorized(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes, scope: str
    ) -> requests.Response:
        """Ask, and once more with a token if the registry wants one."""
        response = self._ask(method, url, headers, content)
        if response.status_code != 401:
            return response
        challenge = response.headers.get("WWW-Authenticate", "")
        response.close()
        authorization = self._authorization(challenge, scope)
        return self._ask(method, url, {**headers, **authorization}, content)

    def _url(self, path: str) -> str:
        """The URL of a path, or of the place on the same registry that it named itself."""
        host = _HOSTS.get(self.host, self.host)
        # Never its scheme: behind a proxy a registry may take itself for one without TLS.
        place = urlsplit(urljoin(f"//{host}/v2/", path))
        if place.netloc != host:
            raise PinionError(f"registry {self.host} wants what is pushed at {place.netloc}")
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
        """As Docker does: TLS everywhere, and plain HTTP where the registry is on this machine."""
        if not self.local:
            return "https"
        try:
            # Once: that there is no TLS is an answer, and not a failure to try again.
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
            " start it, or name another with --registry"
        )

    def _authorization(self, challenge: str, scope: str) -> dict[str, str]:
        """The header that a 401 asks for: the credentials, or a token bought with them."""
        kind, _, rest = challenge.partition(" ")
        known = credentials(self.host)
        if kind.lower() == "bearer":
            asked = dict(re.findall(r'(\w+)="([^"]*)"', rest))
            # Some name only what it takes to read, whatever was asked.
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
                f"registry {self.host} wants the password at {realm!r}, which is not encrypted"
            )
        headers = {"Authorization": _basic(known)} if known.password else {}
        if known.identity_token:
            form |= {"grant_type": "refresh_token", "refresh_token": known.identity_token}
            form["client_id"] = "pinion"
            response = self._session.post(
                realm, data=form, timeout=_SECONDS, stream=True, allow_redirects=False
            )
        else:
            response = self._session.get(
                realm,
                params=form,
                headers=headers,
                timeout=_SECONDS,
                stream=True,
                allow_redirects=False,
            )
        try:
            content = _bounded(response, realm, _LARGEST_TOKEN)
            answer = json.loads(content) if response.status_code == 200 else {}
            return str(answer.get("token") or answer.get("access_token") or "")
        except (ValueError, AttributeError) as error:
            raise PinionError(f"registry {self.host}: {realm} gave no token") from error


def _session(host: str, local: bool, tries: int = 3) -> requests.Session:
    session = requests.Session()
    # Not ~/.netrc, which would replace what Docker's store says; so the rest of the environment is
    # asked for by name.
    session.trust_env = False
    session.max_redirects = _REDIRECTS
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
    if not local:
        session.proxies.update(requests.utils.get_environ_proxies(f"https://{host}"))
    retry = Retry(tries, backoff_factor=0.3, status_forcelist=(429, 502, 503, 504), read=0)
    # The answer is judged by whoever asked, after the last try too.
    retry.raise_on_status = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def _bounded(response: requests.Response, url: str, most: int) -> bytes:
    content, start = b"", time.monotonic()
    for part in response.iter_content(1 << 16):
        content += part
        if len(content) > most:
            response.close()
            raise PinionError(f"{url} has more to say than the {most} bytes that may be")
        if time.monotonic() - start > _SECONDS_IN_ALL:
            response.close()
            raise PinionError(f"{url} was not through after {_SECONDS_IN_ALL} s")
    return content


def _basic(known: Credentials) -> str:
    pair = f"{known.username}:{known.password}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"
