import os
import pty
import subprocess
import sys

import pytest

from pipelines.kubeflow.api.client import Api
from pipelines.kubeflow.api.dex_testing import SESSION, Dex
from pipelines.kubeflow.api.endpoint import find_endpoint
from pipelines.kubeflow.api.login import Login, dex_cookie
from pipelines.kubeflow.kfp_server_testing import KfpServer, Page, serving
from pipelines.system.errors import PinionError, UsageError

VARIABLES = ("KFP_TOKEN", "KFP_COOKIE", "KFP_USER", "KFP_PASSWORD", "KF_PIPELINES_SA_TOKEN_PATH")
LOGIN = Login(user="ada@example.com", password="no=good & \u00e9")  # noqa: S106
DEX = Dex(LOGIN.user, LOGIN.password)


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("choice", [False, True], ids=["one connector", "several connectors"])
@pytest.mark.parametrize("proxied", [False, True], ids=["auth service", "oauth2 proxy"])
def test_a_user_of_dex_gets_a_cookie(choice: bool, proxied: bool) -> None:
    dex = Dex(LOGIN.user, LOGIN.password, choice, proxied)
    with serving(dex.guard(KfpServer(multi_user=True))) as server:
        api = Api(find_endpoint(server.address), LOGIN)
        assert api.connect() is True
        (request,) = server.asked("GET", "/healthz")
        assert request.headers["cookie"] == SESSION


def test_an_expired_session_is_renewed() -> None:
    with serving(DEX.guard(KfpServer())) as server:
        api = Api(find_endpoint(server.address), LOGIN)
        api.connect()
        server.cookie = "another=1"
        with pytest.raises(PinionError, match="does not accept the user 'ada@example.com'"):
            api.connect()
        server.cookie = SESSION
        assert api.connect() is False


def test_a_cluster_without_a_login_needs_none() -> None:
    with serving(KfpServer(pages=lambda each: Page(200) if each.path == "/" else None)) as server:
        assert dex_cookie(find_endpoint(server.address), LOGIN) == ""


@pytest.mark.parametrize(
    ("user", "password"),
    [
        pytest.param("ada@example.com", "wrong", id="password"),
        pytest.param("eve@example.com", LOGIN.password, id="user"),
    ],
)
def test_a_wrong_user_or_password_is_refused(user: str, password: str) -> None:
    with serving(DEX.guard(KfpServer())) as server:
        login = Login(user=user, password=password)
        with pytest.raises(PinionError, match=f"rejected user '{user}'") as raised:
            dex_cookie(find_endpoint(server.address), login)
    assert password not in str(raised.value)
    assert password not in repr(login)


def test_a_login_page_other_than_dex_is_refused() -> None:
    def page(request: object) -> Page:
        if getattr(request, "path", "") == "/":
            return Page(302, "", {"Location": "/sso/start?secret=1"})
        return Page(200, "Choose your company")

    with (
        serving(KfpServer(pages=page)) as server,
        pytest.raises(
            PinionError, match=r"redirects to \S+/sso/start, which is not Dex's login page"
        ),
    ):
        dex_cookie(find_endpoint(server.address), LOGIN)


def test_a_password_is_not_sent_unencrypted_to_another_host() -> None:
    with serving(DEX.guard(KfpServer())) as other:
        elsewhere = other.address.replace("127.0.0.1", "localhost") + "/dex/auth/local/login"
        moved = Page(302, "", {"Location": elsewhere})
        with (
            serving(KfpServer(pages=lambda _: moved)) as server,
            pytest.raises(PinionError, match="asks for the password at .*, which is not encrypted"),
        ):
            dex_cookie(find_endpoint(server.address), LOGIN)
        assert [each.method for each in other.requests] == ["GET"]


def test_credentials_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Login.of(None) == Login()
    monkeypatch.setenv("KFP_TOKEN", "t0ken")
    monkeypatch.setenv("KFP_COOKIE", "c=1")
    monkeypatch.setenv("KFP_USER", "grace")
    monkeypatch.setenv("KFP_PASSWORD", "pw")
    assert Login.of(None) == Login("t0ken", "c=1", "grace", "pw")
    assert Login.of("ada").user == "ada"
    assert Login.of(None).kind == "token and cookie and user 'grace'"


@pytest.mark.parametrize("rest", ["\nX-Evil: 1", "–1"])
def test_a_token_that_no_header_can_hold_is_reported_without_its_value(
    monkeypatch: pytest.MonkeyPatch, rest: str
) -> None:
    monkeypatch.setenv("KFP_TOKEN", f"t0ken{rest}")
    with pytest.raises(UsageError, match="KFP_TOKEN contains a line break") as raised:
        Login.of(None)
    assert "t0ken" not in str(raised.value)


def _login_process(stdin: int) -> "subprocess.Popen[str]":
    code = (
        "from pipelines.kubeflow.api.login import Login; print(Login.of('ada').password == 'p w')"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
    )


def test_without_a_terminal_a_missing_password_is_an_error() -> None:
    process = _login_process(subprocess.DEVNULL)
    _, error = process.communicate(timeout=60)
    assert "UsageError: the password of 'ada' is missing: set KFP_PASSWORD" in error


def test_on_a_terminal_the_password_is_prompted_for_and_not_shown() -> None:
    ours, theirs = pty.openpty()
    process = _login_process(theirs)
    os.close(theirs)
    # Input that arrives before the prompt is discarded.
    assert process.stderr is not None
    assert process.stderr.read(len("Password of ada: ")) == "Password of ada: "
    os.write(ours, b"p w\n")
    output, error = process.communicate(timeout=60)
    os.close(ours)
    assert output == "True\n"
    assert "p w" not in error
