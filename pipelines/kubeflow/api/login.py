"""Log in to a cluster: with a token or cookie from the environment, or as a user of Dex."""

import getpass
import os
import re
import sys
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import requests
from requests.cookies import get_cookie_header

from pipelines.kubeflow.api.endpoint import Endpoint
from pipelines.system.connections import cause
from pipelines.system.errors import PinionError, UsageError

# Seconds to connect, and between two parts of an answer.
_SECONDS = (5, 30)
_LOGIN_PAGE = re.compile(r"/auth/[^/]+/login$")


@dataclass(frozen=True)
class Login:
    """The credentials of a request; all empty if the cluster requires none."""

    token: str = field(default="", repr=False)
    cookie: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, user: str | None) -> "Login":
        """Read the credentials from the environment, and ask for a missing password.

        Raises `UsageError` if there is no terminal to ask on.
        """
        token = os.environ.get("KFP_TOKEN", "") or _mounted_token()
        cookie = os.environ.get("KFP_COOKIE", "")
        for name, secret in (("KFP_TOKEN", token), ("KFP_COOKIE", cookie)):
            # The value is left out, because it would appear on the screen and in logs.
            if not (secret.isprintable() and secret.isascii()):
                raise UsageError(
                    f"{name} contains a line break or another character that an HTTP header cannot"
                    " hold; set it again without that character"
                )
        user = user or os.environ.get("KFP_USER", "")
        return cls(token, cookie, user, _password(user) if user else "")

    @property
    def kind(self) -> str:
        """The kinds of credentials, for messages; never their values."""
        kinds = {"token": self.token, "cookie": self.cookie, f"user {self.user!r}": self.user}
        return " and ".join(kind for kind, value in kinds.items() if value)


def _mounted_token() -> str:
    """Return the token that Kubeflow mounts into notebooks and other pods that may use KFP."""
    path = os.environ.get("KF_PIPELINES_SA_TOKEN_PATH")
    if not path:
        return ""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - the OSError of open names the path
        return file.read().strip()


def _password(user: str) -> str:
    if password := os.environ.get("KFP_PASSWORD"):
        return password
    if not sys.stdin.isatty():
        raise UsageError(f"the password of {user!r} is missing: set KFP_PASSWORD")
    return getpass.getpass(f"Password of {user}: ")


def dex_cookie(endpoint: Endpoint, login: Login) -> str:
    """Return the cookie that Kubeflow's login page issues to a user with a password.

    Raises `PinionError` if the page rejects them, or is not Dex's.
    """
    session = requests.Session()
    session.verify = endpoint.configuration.ssl_ca_cert or True
    try:
        page = _login_page(endpoint, session)
        if page is not None:
            _send(session, page, login)
    except requests.RequestException as error:
        raise PinionError(
            f"the login page of {endpoint.address} does not answer ({cause(error)})"
        ) from error
    asked = requests.Request("GET", endpoint.address).prepare()
    return get_cookie_header(session.cookies, asked) or ""


def _login_page(endpoint: Endpoint, session: requests.Session) -> str | None:
    """Return the address of Dex's form, or None if the cluster requires no login."""
    answer = session.get(f"{endpoint.address}/", timeout=_SECONDS)
    if answer.status_code in (401, 403) or answer.url.endswith("/oauth2/sign_in"):
        # Newer Kubeflow puts a proxy with a page of its own in front of Dex.
        answer = session.get(urljoin(endpoint.address, "/oauth2/start"), timeout=_SECONDS)
    elif not answer.history:
        return None
    if urlsplit(answer.url).path.endswith("/auth"):
        # This page offers several identity providers; Dex itself knows the passwords.
        parts = urlsplit(answer.url)
        local = parts._replace(path=f"{parts.path}/local").geturl()
        answer = session.get(local, timeout=_SECONDS)
    if not _LOGIN_PAGE.search(urlsplit(answer.url).path):
        raise PinionError(
            f"{endpoint.address} redirects to {_without_query(answer.url)}, which is not Dex's"
            " login page; log in with a browser and set KFP_COOKIE, or set KFP_TOKEN"
        )
    _refuse_open(endpoint, answer.url)
    return answer.url


def _refuse_open(endpoint: Endpoint, page: str) -> None:
    """Refuse to send a password unencrypted to another host than the user named."""
    there, here = urlsplit(page), urlsplit(endpoint.address)
    if there.scheme != "https" and there.hostname != here.hostname:
        raise PinionError(
            f"{endpoint.address} asks for the password at {_without_query(page)}, which is not"
            " encrypted; set KFP_TOKEN or KFP_COOKIE instead"
        )


def _send(session: requests.Session, page: str, login: Login) -> None:
    form = {"login": login.user, "password": login.password}
    answer = session.post(page, data=form, timeout=_SECONDS)
    if urlsplit(answer.url).path.endswith("/approval"):
        answer = session.post(answer.url, data={"approval": "approve"}, timeout=_SECONDS)
    if _LOGIN_PAGE.search(urlsplit(answer.url).path):
        raise PinionError(
            f"{_without_query(page)} rejected user {login.user!r} with that password; check --user"
            " and KFP_PASSWORD"
        )
    if answer.status_code >= 500:
        raise PinionError(f"{_without_query(page)} answered {answer.status_code} to the login")


def _without_query(url: str) -> str:
    """Return an address without its query, which holds the state of the login."""
    return url.partition("?")[0]
