"""Who asks a cluster: a token or a cookie of the environment, or a user that Dex knows."""

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

# To connect, and between two parts of an answer.
_SECONDS = (5, 30)
_LOGIN_PAGE = re.compile(r"/auth/[^/]+/login$")


@dataclass(frozen=True)
class Login:
    """What a request is made with; all empty where the cluster asks for nothing."""

    token: str = field(default="", repr=False)
    cookie: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, user: str | None) -> "Login":
        """What the environment holds; a password that it does not hold is asked for.

        Raises `UsageError` where nobody is there to ask.
        """
        token = os.environ.get("KFP_TOKEN", "") or _mounted_token()
        cookie = os.environ.get("KFP_COOKIE", "")
        for name, secret in (("KFP_TOKEN", token), ("KFP_COOKIE", cookie)):
            # Not the value: it would be on the screen and in logs.
            if not (secret.isprintable() and secret.isascii()):
                raise UsageError(f"{name} holds a line break or what else no header can")
        user = user or os.environ.get("KFP_USER", "")
        return cls(token, cookie, user, _password(user) if user else "")

    @property
    def kind(self) -> str:
        """What it is, for messages; never its value."""
        kinds = {"token": self.token, "cookie": self.cookie, f"user {self.user!r}": self.user}
        return " and ".join(kind for kind, value in kinds.items() if value)


def _mounted_token() -> str:
    """The token that Kubeflow mounts into notebooks and other pods that may use KFP."""
    path = os.environ.get("KF_PIPELINES_SA_TOKEN_PATH")
    if not path:
        return ""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - OSError names it for the one line
        return file.read().strip()


def _password(user: str) -> str:
    if password := os.environ.get("KFP_PASSWORD"):
        return password
    if not sys.stdin.isatty():
        raise UsageError(f"the password of {user!r} is missing: set KFP_PASSWORD")
    return getpass.getpass(f"Password of {user}: ")


def dex_cookie(endpoint: Endpoint, login: Login) -> str:
    """The cookie that Kubeflow's log-in page gives for a user and password.

    Raises `PinionError` where it refuses them, or is none that is known here.
    """
    session = requests.Session()
    session.verify = endpoint.configuration.ssl_ca_cert or True
    try:
        page = _login_page(endpoint, session)
        if page is not None:
            _send(session, page, login)
    except requests.RequestException as error:
        raise PinionError(
            f"the log-in of {endpoint.address} does not answer ({cause(error)})"
        ) from error
    asked = requests.Request("GET", endpoint.address).prepare()
    return get_cookie_header(session.cookies, asked) or ""


def _login_page(endpoint: Endpoint, session: requests.Session) -> str | None:
    """The address of Dex's form, or None where the cluster asks for no log-in."""
    answer = session.get(f"{endpoint.address}/", timeout=_SECONDS)
    if answer.status_code in (401, 403) or answer.url.endswith("/oauth2/sign_in"):
        # Newer Kubeflow has a proxy before Dex, with a page of its own.
        answer = session.get(urljoin(endpoint.address, "/oauth2/start"), timeout=_SECONDS)
    elif not answer.history:
        return None
    if urlsplit(answer.url).path.endswith("/auth"):
        # A choice of who knows the user; passwords are known to Dex itself.
        parts = urlsplit(answer.url)
        local = parts._replace(path=f"{parts.path}/local").geturl()
        answer = session.get(local, timeout=_SECONDS)
    if not _LOGIN_PAGE.search(urlsplit(answer.url).path):
        raise PinionError(
            f"{endpoint.address} leads to {_place(answer.url)}, which is no log-in of Dex; log in"
            " with a browser and set KFP_COOKIE, or set KFP_TOKEN"
        )
    _refuse_open(endpoint, answer.url)
    return answer.url


def _refuse_open(endpoint: Endpoint, page: str) -> None:
    """A password goes where the user sent it, or over TLS."""
    there, here = urlsplit(page), urlsplit(endpoint.address)
    if there.scheme != "https" and there.hostname != here.hostname:
        raise PinionError(f"{endpoint.address} wants the password at {_place(page)}, unencrypted")


def _send(session: requests.Session, page: str, login: Login) -> None:
    form = {"login": login.user, "password": login.password}
    answer = session.post(page, data=form, timeout=_SECONDS)
    if urlsplit(answer.url).path.endswith("/approval"):
        answer = session.post(answer.url, data={"approval": "approve"}, timeout=_SECONDS)
    if _LOGIN_PAGE.search(urlsplit(answer.url).path):
        raise PinionError(f"{_place(page)} does not know user {login.user!r} with that password")
    if answer.status_code >= 500:
        raise PinionError(f"{_place(page)} answered {answer.status_code} to the log-in")


def _place(url: str) -> str:
    """An address without its query, which holds what a log-in is about."""
    return url.partition("?")[0]
