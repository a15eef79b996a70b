"""Dex before a KFP server, as Kubeflow installs it: the pages of a log-in, and a cookie."""

from dataclasses import dataclass
from urllib.parse import parse_qs

from pipelines.kubeflow.kfp_server_testing import KfpServer, Page, Request

SESSION = "authservice_session=s3ss10n"
_FORM = '<form method="post"><input name="login"><input name="password" type="password"></form>'


@dataclass
class Dex:
    """Knows one user; `choice` makes it ask first who else may know users, as newer ones do.

    `proxied` puts the proxy before it that newer Kubeflow has.
    """

    user: str
    password: str
    choice: bool = False
    proxied: bool = False

    def guard(self, server: KfpServer) -> KfpServer:
        """The server, which then wants the cookie of a log-in."""
        server.cookie = SESSION
        server.pages = self.page
        return server

    def page(self, request: Request) -> Page | None:
        """The page under a path; None for what KFP answers itself."""
        if SESSION in request.headers.get("cookie", ""):
            return None
        if (request.method, request.path) == ("POST", "/dex/auth/local/login"):
            return self._judged(request)
        choice = Page(200, "Log in with …") if self.choice else _moved("/dex/auth/local?x=1")
        pages = {
            ("GET", "/oauth2/start"): _moved("/dex/auth?client_id=kubeflow&state=x"),
            ("GET", "/dex/auth"): choice,
            ("GET", "/dex/auth/local"): _moved("/dex/auth/local/login?back=&state=x"),
            ("GET", "/dex/auth/local/login"): Page(200, _FORM),
            ("GET", "/dex/approval"): Page(200, "Grant access?"),
            ("POST", "/dex/approval"): _moved("/callback?code=1"),
            ("GET", "/callback"): _moved("/", cookie=f"{SESSION}; Path=/"),
        }
        if page := pages.get((request.method, request.path)):
            return page
        if request.path.startswith("/apis/"):
            return None
        return Page(403, "Sign in") if self.proxied else _moved("/dex/auth?client_id=k")

    def _judged(self, request: Request) -> Page:
        form = parse_qs(request.body.decode())
        if form == {"login": [self.user], "password": [self.password]}:
            return Page(303, "", {"Location": "/dex/approval?req=1"})
        return Page(200, f"Invalid user or password. {_FORM}")


def _moved(where: str, cookie: str = "") -> Page:
    headers = {"Location": where} | ({"Set-Cookie": cookie} if cookie else {})
    return Page(302, "", headers)
