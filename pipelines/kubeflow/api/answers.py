"""What KFP's API answers when it does not do what it was asked: one line each, with the way out."""

import json
from typing import Any
from urllib.parse import urljoin

from pipelines.kubeflow.api.endpoint import PORT_FORWARD, Endpoint
from pipelines.system.errors import PinionError

# As much of a server's own words as a line can hold.
_LONGEST = 400
_REDIRECTS = (301, 302, 303, 307, 308)


class UnavailableError(PinionError):
    """There was no answer, or none that counts: asked again, it may come.

    What was asked for may have been done all the same; unless it is `over`, it may still be.
    """

    def __init__(self, message: str, over: bool = False) -> None:
        super().__init__(message)
        self.over = over


class UnreachableError(UnavailableError):
    """There was no connection, so that nothing can have been done."""

    def __init__(self, message: str) -> None:
        super().__init__(message, over=True)


class RefusedError(PinionError):
    """The server answered, and did not do it; `status` is HTTP's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def unreachable(endpoint: Endpoint, cause: str, connected: bool) -> UnavailableError:
    """No connection, or one that broke."""
    hint = "check --endpoint, and that this machine may reach it"
    if "certificate" in cause:
        hint = "name the authority that signed it in REQUESTS_CA_BUNDLE (a PEM file)"
    elif "TLS" in cause:
        hint = "give the address with http://"
    elif endpoint.local:
        hint = f"is the port-forward running? {PORT_FORWARD}"
    kind = UnavailableError if connected else UnreachableError
    return kind(f"KFP at {endpoint.address} does not answer ({cause}); {hint}")


def no_kfp(endpoint: Endpoint, what: str) -> RefusedError:
    """Some other server."""
    return RefusedError(
        f"{endpoint.address} is not KFP's API ({what}); give the address under which its dashboard"
        " is, as in http://localhost:8080 or https://kubeflow.example.com/pipeline",
        200,
    )


def refused(
    endpoint: Endpoint, status: int, body: Any, logged_in: str, location: str = ""
) -> PinionError:
    """An answer other than success; `logged_in` says with what the request was made, if anything.

    `location` is where the answer leads to. A server that fails is an `UnavailableError`, a refusal
    a `RefusedError`.
    """
    said = _message(body)
    if status >= 500 or status == 429:
        # Others are of proxies, which give up before the server does.
        over = status in (429, 500)
        return UnavailableError(f"KFP at {endpoint.address} answered {status}{said}", over)
    moved, api, _ = urljoin(endpoint.address, location.partition("?")[0]).partition("/apis/")
    if status in _REDIRECTS and api:
        return RefusedError(f"{endpoint.address} leads to {moved}; give that as --endpoint", status)
    if status in (*_REDIRECTS, 401):
        return RefusedError(f"KFP at {endpoint.address} {_login_hint(logged_in)}{said}", 401)
    if status == 403:
        return RefusedError(
            f"KFP at {endpoint.address} forbids it (403){said}; check --namespace, and that you may"
            " use pipelines there",
            status,
        )
    return RefusedError(f"KFP at {endpoint.address} answered {status}{said}", status)


def _login_hint(logged_in: str) -> str:
    if logged_in:
        return f"does not take the {logged_in} (401); it may have expired"
    return (
        "wants a log-in (401): set KFP_TOKEN or KFP_COOKIE, or give --user NAME and the password"
        " in KFP_PASSWORD or when asked"
    )


def _message(body: Any) -> str:
    """What the server says itself, in the form of KFP's API or of Kubernetes'."""
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body or "")
    try:
        document = json.loads(text)
    except ValueError:
        return ""
    if not isinstance(document, dict):
        return ""
    said = document.get("message") or document.get("error_message") or document.get("error") or ""
    words = " ".join(str(said).split())
    if len(words) > _LONGEST:
        words = f"{words[:_LONGEST]} …"
    return f": {words}" if words else ""
