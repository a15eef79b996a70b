"""KFP's REST API (v2beta1): its generated client, with answers that say what to do next."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
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

# Seconds to connect, and to wait for an answer: making a run takes a busy cluster a while, and a
# caller that leaves early cannot know whether there is one.
_SECONDS = (5, 120)
# Seconds between looking for what may have been made, and those after them where the server may be
# at work on it, which a broken connection does not end.
_SETTLE = (0.25, 0.5, 1.0, 2.0)
_AT_WORK = (8.0, 16.0)

_NEVER_CONNECTED = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.ProxyError,
    urllib3.exceptions.SSLError,
)


class _Transport(RESTClientObject):
    """The generated client's own, without its retries, redirects and trust in any answer."""

    def __init__(self, endpoint: Endpoint) -> None:
        # A redirect leads to a log-in, and a POST that is sent again may make a second run.
        endpoint.configuration.retries = urllib3.Retry(0, raise_on_redirect=False)
        super().__init__(endpoint.configuration)
        self._endpoint = endpoint

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        kwargs["_request_timeout"] = _SECONDS
        try:
            response = super().request(method, url, *args, **kwargs)
        except kfp.ApiException as error:
            if error.status == 0:
                # All that it makes of trouble with TLS.
                raise answers.unreachable(self._endpoint, cause(error), False) from error
            raise
        except urllib3.exceptions.HTTPError as error:
            connected = not isinstance(getattr(error, "reason", error), _NEVER_CONNECTED)
            raise answers.unreachable(self._endpoint, cause(error), connected) from error
        _refuse_pages(self._endpoint, response.data)
        return response


def _refuse_pages(endpoint: Endpoint, body: bytes) -> None:
    """The generated client makes an empty object of what is no JSON, as of the page of a log-in."""
    if not body.strip():
        return
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise answers.no_kfp(endpoint, "it answers with something else than JSON")


class Api:
    """One cluster's KFP, asked as one user; `patience` are the seconds that it may be away."""

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

    @cached_property
    def runs(self) -> Any:
        """Runs."""
        return kfp.RunServiceApi(self._client)

    @cached_property
    def experiments(self) -> Any:
        """Experiments."""
        return kfp.ExperimentServiceApi(self._client)

    @cached_property
    def pipelines(self) -> Any:
        """Pipelines and their versions."""
        return kfp.PipelineServiceApi(self._client)

    @cached_property
    def uploads(self) -> Any:
        """Files of pipelines."""
        return kfp.PipelineUploadServiceApi(self._client)

    @cached_property
    def recurring_runs(self) -> Any:
        """Recurring runs."""
        return kfp.RecurringRunServiceApi(self._client)

    def connect(self) -> bool:
        """Logs in and looks whether KFP is there; whether it knows several users.

        Raises `PinionError` where it is not, or does not let this one in.
        """
        self._renew()
        health = kfp.HealthzServiceApi(self._client)
        try:
            # An address that nobody is at is told at once.
            answer = self.persist(health.healthz_service_get_healthz, at_once=UnreachableError)
        except RefusedError as error:
            if error.status != 404:
                raise
            raise answers.no_kfp(self.endpoint, "404 for its health") from error
        return bool(answer.multi_user)

    def ask(self, call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """One request; raises `UnavailableError` or `RefusedError`."""
        try:
            return self._once(call, *args, **kwargs)
        except RefusedError as error:
            # A cookie ends while one waits; a token has to come from whoever gave it.
            if error.status != 401 or not self._login.user:
                raise
            self._renew()
            return self._once(call, *args, **kwargs)

    def persist(
        self,
        call: Callable[..., T],
        *args: Any,
        at_once: type[PinionError] | tuple[()] = (),
        **kwargs: Any,
    ) -> T:
        """A request that may be made twice, made until it is answered or the patience is over."""
        patience = Patience(self.patience, self.pause)
        while True:
            try:
                return self.ask(call, *args, **kwargs)
            except at_once:
                raise
            except UnavailableError as error:
                patience.wait(error)

    def create(self, make: Callable[[], T], find: Callable[[], T | None], unique: bool = True) -> T:
        """Makes what `find`, which persists by itself, finds once it is there, and never two of it.

        Without an answer it may be there all the same: it is looked for before it is made again,
        and for longer where it is not `unique`, so that KFP would make a second one of its name.
        """
        patience = Patience(self.patience, self.pause)
        while True:
            try:
                return self.ask(make)
            except UnavailableError as error:
                failure: PinionError = error
                pauses = _SETTLE if unique or error.over else _SETTLE + _AT_WORK
            except RefusedError as error:
                # Another call made it; or this one did, whose first answer was lost.
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
        """What is there once a request that nobody answered can no longer be under way."""
        for seconds in pauses:
            if (found := find()) is not None:
                return found
            if seconds == _AT_WORK[0]:
                left = sum(_AT_WORK)
                print(f"{failure}; looking for {left:.0f} s whether it was done", file=sys.stderr)
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
        # What the generated client makes of fields of another type.
        except (ValueError, TypeError, AttributeError) as error:
            raise answers.no_kfp(self.endpoint, f"its answer is not understood: {error}") from error


def named(name: str) -> str:
    """The filter for what has a name."""
    predicate = {"operation": "EQUALS", "key": "display_name", "stringValue": name}
    return json.dumps({"predicates": [predicate]})


def pages(list_page: Callable[..., Any], field: str, **kwargs: Any) -> Iterator[Any]:
    """Everything of a list that the API gives in pages."""
    token = ""
    while True:
        page = list_page(page_size=100, page_token=token, **kwargs)
        yield from getattr(page, field) or []
        token = page.next_page_token or ""
        if not token:
            return
