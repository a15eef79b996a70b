"""Play Dex in front of a KFP server, as Kubeflow installs it: login pages and a cookie."""

from dataclasses import dataclass
from urllib.parse import parse_qs

from pipelines.kubeflow.kfp_server_testing import KfpServer, Page, Request

SESSION = "authservice_session=s3ss10n"
_FORM = '<form method="post"><input name="login"><input name="password" type="password"></form>'


@dataclass
class Dex:
    """A login service with one user.

    With `choice` it asks first for an identity provider, as newer versions do; with `proxied` it
    stands behind the proxy of newer Kubeflow.
    """

    user: str
    password: str
    choice: bool = False
    proxied: bool = False

    def guard(self, server: KfpServer) -> KfpServer:
        """Return the server, which now requires the cookie of a login."""
        server.cookie = SESSION
        server.pages = self.page
        return server

    def page(self, request: Request) -> Page | None:
        """Return the page at a path, or None if KFP itself answers."""
        if SESSION in request.headers.get("cookie", ""):
            return None
        if (request.method, request.path) == ("POST", "/dex/auth/local/login"):
            return self._check(request)
        choice = Page(200, "Log in with …") if self.choice else _redirect("/dex/auth/local?x=1")
        pages = {
            ("GET", "/oauth2/start"): _redirect("/dex/auth?client_id=kubeflow&state=x"),
            ("GET", "/dex/auth"): choice,
            ("GET", "/dex/auth/local"): _redirect("/dex/auth/local/login?back=&state=x"),
            ("GET", "/dex/auth/local/login"): Page(200, _FORM),
            ("GET", "/dex/approval"): Page(200, "Grant access?"),
            ("POST", "/dex/approval"): _redirect("/callback?code=1"),
            ("GET", "/callback"): _redirect("/", cookie=f"{SESSION}; Path=/"),
        }
        if page := pages.get((request.method, request.path)):
            return page
        if request.path.startswith("/apis/"):
            return None
        return Page(403, "Sign in") if self.proxied else _redirect("/dex/auth?client_id=k")

    def _check(self, request: Request) -> Page:
        form = parse_qs(request.body.decode())
        if form == {"login": [self.user], "password": [self.password]}:
            return Page(303, "", {"Location": "/dex/approval?req=1"})
        return Page(200, f"Invalid user or password. {_FORM}")


def _redirect(where: str, cookie: str = "") -> Page:
    headers = {"Location": where} | ({"Set-Cookie": cookie} if cookie else {})
    return Page(302, "", headers)
