"""Call KFP's REST API (v2beta1) with the generated client, and explain what goes wrong."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import kfp_server_api as kfp
import urllib3
from kfp_server_api.rest import RESTClientObject

from pipelines.kubeflow.api import answers
from pipelines.kubeflow.api.answers import RefusedError, UnavailableError, UnreachableError
from pipelines.kubeflow.api.endpoint import Endpoint
from pipelines.kubeflow.api.login import Login, dex_cookie
from pipelines.kubeflow.api.patience import SECONDS, Patience
from pipelines.system.connections import cause
from pipelines.system.errors import PinionError

T = TypeVar("T")

# Seconds to connect, and to wait for an answer. A busy cluster needs a while to create a run, and a
# caller that gives up early cannot know whether the run exists.
_SECONDS = (5, 120)
# The same for what a command can do without.
_SECONDS_OF_TEXT = (5, 20)
# Seconds between two checks whether a request was carried out, and the longer pauses after them if
# the server may still be working on it, which a broken connection does not end.
_SETTLE = (0.25, 0.5, 1.0, 2.0)
_AT_WORK = (8.0, 16.0)

_NEVER_CONNECTED = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.ProxyError,
    urllib3.exceptions.SSLError,
)


class _Transport(RESTClientObject):
    """The generated client's transport without retries and redirects, for answers in JSON only."""

    def __init__(self, endpoint: Endpoint) -> None:
        # A redirect leads to a login page, and a POST that is repeated may start a second run.
        endpoint.configuration.retries = urllib3.Retry(0, raise_on_redirect=False)
        super().__init__(endpoint.configuration)
        self._endpoint = endpoint

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        kwargs["_request_timeout"] = kwargs.get("_request_timeout") or _SECONDS
        text = not kwargs.get("_preload_content", True)
        try:
            response = super().request(method, url, *args, **kwargs)
            body = response.data
        except kfp.ApiException as error:
            if error.status == 0:
                # The client reports every TLS failure as status 0.
                raise answers.unreachable(self._endpoint, cause(error), False) from error
            raise
        except urllib3.exceptions.HTTPError as error:
            connected = not isinstance(getattr(error, "reason", error), _NEVER_CONNECTED)
            raise answers.unreachable(self._endpoint, cause(error), connected) from error
        if not text:
            _refuse_pages(self._endpoint, body)
        return response


def _refuse_pages(endpoint: Endpoint, body: bytes) -> None:
    """Refuse an answer that is not a JSON object.

    The generated client turns anything else, such as a login page, into an empty object.
    """
    try:
        document = json.loads(body.strip() or b"{}")
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise answers.not_kfp(endpoint, "it does not answer with a JSON object")


class Api:
    """KFP on one cluster, called as one user, with an attribute for each of its services.

    `patience` is the number of seconds for which the server may be away before a call fails.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        login: Login,
        patience: float = SECONDS,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.endpoint = endpoint
        self.patience = patience
        self.pause = pause
        self._login = login
        if login.token:
            endpoint.configuration.api_key["authorization"] = login.token
            endpoint.configuration.api_key_prefix["authorization"] = "Bearer"
        self._client = kfp.ApiClient(endpoint.configuration, cookie=login.cookie or None)
        self._client.rest_client = _Transport(endpoint)
        self.runs = kfp.RunServiceApi(self._client)
        self.experiments = kfp.ExperimentServiceApi(self._client)
        self.pipelines = kfp.PipelineServiceApi(self._client)
        self.uploads = kfp.PipelineUploadServiceApi(self._client)
        self.recurring_runs = kfp.RecurringRunServiceApi(self._client)

    def connect(self) -> bool:
        """Log in, check that KFP is there, and return whether it is in multi-user mode.

        Raises `PinionError` if KFP is not there or does not accept the login.
        """
        self._renew()
        health = kfp.HealthzServiceApi(self._client)
        try:
            # If nothing listens at the address, fail without retrying.
            answer = self.persist(health.healthz_service_get_healthz, at_once=UnreachableError)
        except RefusedError as error:
            if error.status != 404:
                raise
            raise answers.not_kfp(self.endpoint, "its health check returns 404") from error
        return bool(answer.multi_user)

    def ask(self, call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Send one request; raise `UnavailableError` or `RefusedError` if it fails."""
        try:
            return self._once(call, *args, **kwargs)
        except RefusedError as error:
            # A cookie can expire during a long wait, and a new login renews it; a token has to be
            # renewed by whoever issued it.
            if error.status != 401 or not self._login.user:
                raise
            self._renew()
            return self._once(call, *args, **kwargs)

    def text(self, path: str, **query: str) -> str:
        """Return the body of an answer in any format; it is asked for once, and not for long.

        Raises `PinionError` if there is no such answer.
        """
        response = self.ask(
            self._client.call_api,
            path,
            "GET",
            query_params=list(query.items()),
            auth_settings=["Bearer"],
            _preload_content=False,
            _request_timeout=_SECONDS_OF_TEXT,
        )
        return bytes(response.data).decode(errors="replace")

    def persist(
        self,
        call: Callable[..., T],
        *args: Any,
        at_once: type[PinionError] | tuple[()] = (),
        **kwargs: Any,
    ) -> T:
        """Send a request that is safe to repeat until it is answered or the patience is used up."""
        patience = Patience(self.patience, self.pause)
        while True:
            try:
                return self.ask(call, *args, **kwargs)
            except at_once:
                raise
            except UnavailableError as error:
                patience.wait(error)

    def pages(self, call: Callable[..., Any], field: str, **kwargs: Any) -> Iterator[Any]:
        """Yield every entry of a list that the API returns in pages, of 100 unless asked for."""
        asked: dict[str, Any] = {"page_size": 100, "page_token": "", **kwargs}
        while asked["page_token"] is not None:
            page = self.persist(call, **asked)
            yield from getattr(page, field) or []
            asked["page_token"] = page.next_page_token or None

    def create(self, make: Callable[[], T], find: Callable[[], T | None], unique: bool = True) -> T:
        """Create what `find` returns once it exists, and never a second one.

        A request that was not answered may still have been carried out, so `find` (which persists
        by itself) is called before the next try. If the name is not `unique`, KFP would create a
        second one under it, so the check goes on for longer.
        """
        patience = Patience(self.patience, self.pause)
        while True:
            try:
                return self.ask(make)
            except UnavailableError as error:
                failure: PinionError = error
                pauses = _SETTLE if unique or error.over else _SETTLE + _AT_WORK
            except RefusedError as error:
                # Another call created it, or an earlier try of this call whose answer was lost.
                if error.status != 409:
                    raise
                failure, pauses = error, _SETTLE
            if (found := self._settled(find, pauses, failure)) is not None:
                return found
            if isinstance(failure, RefusedError):
                raise failure
            patience.wait(failure)

    def _settled(
        self, find: Callable[[], T | None], pauses: Sequence[float], failure: PinionError
    ) -> T | None:
        """Return what exists once an unanswered request can no longer be in progress."""
        for seconds in pauses:
            if (found := find()) is not None:
                return found
            if seconds == _AT_WORK[0]:
                left = sum(_AT_WORK)
                print(
                    f"{failure}; checking for {left:.0f} s whether the request was carried out",
                    file=sys.stderr,
                )
            self.pause(seconds)
        return find()

    def _renew(self) -> None:
        if self._login.user:
            cookies = [self._login.cookie, dex_cookie(self.endpoint, self._login)]
            self._client.cookie = "; ".join(filter(None, cookies)) or None

    def _once(self, call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        try:
            return call(*args, **kwargs)
        except kfp.ApiException as error:
            location = (error.headers or {}).get("Location", "")
            raise answers.refused(
                self.endpoint, error.status, error.body, self._login.kind, location
            ) from error
        # The generated client fails in these ways if a field has another type.
        except (ValueError, TypeError, AttributeError) as error:
            raise answers.not_kfp(self.endpoint, f"its answer cannot be read: {error}") from error


def identity(thing: Any, field: str) -> str:
    """Return the id of an object of the API; raise `PinionError` if it has none."""
    if not (found := getattr(thing, field)):
        raise PinionError(
            f"KFP answered with an object without a {field}; is the server older than KFP 2?"
        )
    return str(found)


def named(name: str, key: str = "display_name") -> str:
    """Return the filter for the objects with a display name, or another value of text."""
    predicate = {"operation": "EQUALS", "key": key, "stringValue": name}
    return json.dumps({"predicates": [predicate]})
