"""Turn the failures of KFP's API into one-line errors that say what to do next."""

import json
from typing import Any
from urllib.parse import urljoin

from pipelines.kubeflow.api.endpoint import PORT_FORWARD, Endpoint
from pipelines.system.errors import PinionError

# The longest message of a server that is shown, in characters.
_LONGEST = 400
_REDIRECTS = (301, 302, 303, 307, 308)


class UnavailableError(PinionError):
    """The server did not answer, or failed; a later request may succeed.

    The request may have been carried out nevertheless. Unless `over` is set, the server may still
    be working on it.
    """

    def __init__(self, message: str, over: bool = False) -> None:
        super().__init__(message)
        self.over = over


class UnreachableError(UnavailableError):
    """No connection was made, so nothing was carried out."""

    def __init__(self, message: str) -> None:
        super().__init__(message, over=True)


class RefusedError(PinionError):
    """The server answered and refused; `status` is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def unreachable(endpoint: Endpoint, cause: str, connected: bool) -> UnavailableError:
    """Return the error for a connection that could not be made, or that broke if `connected`."""
    hint = "check --endpoint and whether this machine can reach it"
    if "certificate" in cause:
        hint = "set REQUESTS_CA_BUNDLE to a PEM file with the authority that signed it"
    elif "TLS" in cause:
        hint = "give --endpoint with http:// instead of https://"
    elif endpoint.local:
        hint = f"is the port-forward running? {PORT_FORWARD}"
    kind = UnavailableError if connected else UnreachableError
    return kind(f"KFP at {endpoint.address} does not answer ({cause}); {hint}")


def not_kfp(endpoint: Endpoint, what: str) -> RefusedError:
    """Return the error for an address at which another server answers."""
    return RefusedError(
        f"{endpoint.address} is not KFP's API ({what}); give the address of KFP's dashboard,"
        " such as http://localhost:8080 or https://kubeflow.example.com/pipeline",
        200,
    )


def refused(
    endpoint: Endpoint, status: int, body: Any, logged_in: str, location: str = ""
) -> PinionError:
    """Return the error for an answer other than success.

    `logged_in` names the credentials that the request carried, if any; `location` is the address
    that a redirect points to. The error is an `UnavailableError` if the server failed, else a
    `RefusedError`.
    """
    message = _message(body)
    if status >= 500 or status == 429:
        # Other statuses come from proxies, which give up before the server does.
        over = status in (429, 500)
        return UnavailableError(f"KFP at {endpoint.address} answered {status}{message}", over)
    moved, api, _ = urljoin(endpoint.address, location.partition("?")[0]).partition("/apis/")
    if status in _REDIRECTS and api:
        return RefusedError(
            f"{endpoint.address} redirects to {moved}; give that as --endpoint", status
        )
    if status in (*_REDIRECTS, 401):
        return RefusedError(f"KFP at {endpoint.address} {_login_hint(logged_in)}{message}", 401)
    if status == 403:
        return RefusedError(
            f"KFP at {endpoint.address} denied the request (403){message}; check --namespace and"
            " whether you are allowed to use pipelines there",
            status,
        )
    return RefusedError(f"KFP at {endpoint.address} answered {status}{message}", status)


def _login_hint(logged_in: str) -> str:
    if logged_in:
        return f"does not accept the {logged_in} (401); it may have expired"
    return (
        "requires a login (401): set KFP_TOKEN or KFP_COOKIE, or give --user NAME and the password"
        " in KFP_PASSWORD or at the prompt"
    )


def _message(body: Any) -> str:
    """Return the server's own message, in the form that KFP's API or Kubernetes uses."""
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body or "")
    try:
        document = json.loads(text)
        given = document.get("message") or document.get("error_message") or document.get("error")
    # It is not JSON, or not an object.
    except (ValueError, AttributeError):
        return ""
    words = " ".join(str(given or "").split())
    if len(words) > _LONGEST:
        words = f"{words[:_LONGEST]} …"
    return f": {words}" if words else ""
