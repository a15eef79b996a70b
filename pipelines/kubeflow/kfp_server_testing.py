"""Play KFP's REST API in the form of 2.17, record requests, and fail on demand.

Kubernetes' part, running the steps, is played from a list of what the API reports. The answers have
the shapes of those of a real KFP, some of which are in `tests/kfp_answers`.
"""

import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from pipelines.kubeflow.kfp_answers_testing import Json, Scenario, logs

API = "/apis/v2beta1"
_NEVER = "1970-01-01T00:00:00Z"
_NOW = "2026-11-24T00:00:00Z"
# The numbers that gRPC has for what HTTP says with these.
_CODES = {400: 3, 401: 16, 404: 5, 409: 6, 500: 13}
# Ways to lose a connection: after the request was carried out, or before.
DROP, LOSE = "drop", "lose"


@dataclass(frozen=True)
class Request:
    """A request, with its body as JSON if it is JSON."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Page:
    """The answer of a server in front of KFP's, such as a login page."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class KfpServer:
    """The state of the server; `looks` are the successive states that it reports for a run.

    `workflow` is Argo's workflow of the run, `manifest` its file, and `logs` are those of its
    nodes. With `old`, the server has none of them. `fault` is called before each request, and
    returns DROP, LOSE, a status, or None to answer it. `pages` are those of another server in front
    of it.
    """

    looks: list[Json] = field(default_factory=lambda: [look("SUCCEEDED")])
    workflow: Json | None = None
    manifest: str = ""
    logs: Mapping[str, str] = field(default_factory=dict)
    old: bool = False
    fault: Callable[[Request], str | int | None] = lambda _: None
    multi_user: bool = False
    bearer: str = ""
    cookie: str = ""
    pages: Callable[[Request], Page | None] = lambda _: None
    address: str = ""
    requests: list[Request] = field(default_factory=list)
    experiments: dict[str, Json] = field(default_factory=dict)
    runs: dict[str, Json] = field(default_factory=dict)
    pipelines: dict[str, Json] = field(default_factory=dict)
    versions: dict[str, Json] = field(default_factory=dict)
    recurring_runs: dict[str, Json] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def asked(self, method: str, pattern: str) -> list[Request]:
        """Return the requests of a kind, in order."""
        return [
            each
            for each in self.requests
            if each.method == method and re.fullmatch(pattern, _resource(each))
        ]

    def answer(self, request: Request) -> tuple[int, Json | str]:
        """Carry out a request."""
        if not self._let_in(request):
            return _error(401, "who are you?")
        path = _resource(request)
        for method, pattern, handler in _ROUTES:
            match = re.fullmatch(pattern, path)
            if match and method == request.method:
                with self.lock:
                    answered: tuple[int, Json | str] = handler(self, request, *match.groups())
                    return answered
        return _error(404, f"no route {request.method} {request.path}")

    def _let_in(self, request: Request) -> bool:
        sent = request.headers
        if self.bearer and sent.get("authorization") == f"Bearer {self.bearer}":
            return True
        if self.cookie and self.cookie in sent.get("cookie", ""):
            return True
        return not self.bearer and not self.cookie


def _resource(request: Request) -> str:
    """Return the path within the API, without the prefix of Kubernetes or a proxy."""
    return request.path.rpartition(API)[2]


def _error(status: int, message: str) -> tuple[int, Json]:
    code = _CODES.get(status, 2)
    detail = {"@type": "type.googleapis.com/google.rpc.Status", "code": code, "message": message}
    return status, {"code": code, "message": message, "details": [detail]}


def _add(things: dict[str, Json], key: str, document: Json) -> Json:
    identity = str(uuid.uuid4())
    things[identity] = {**document, key: identity, "created_at": _NOW}
    return things[identity]


def _health(server: KfpServer, _request: Request) -> tuple[int, Json]:
    return 200, {"multi_user": server.multi_user, "pipeline_store": "database"}


def _listed(
    things: dict[str, Json], field_name: str, request: Request, **scope: str
) -> tuple[int, Json]:
    """Return one page, with at most two entries so that callers have to read several."""
    found = list(things.values())
    for predicate in json.loads(request.query.get("filter") or "{}").get("predicates", []):
        several = predicate.get("stringValues", {}).get("values")
        wanted = several or [predicate["stringValue"]]
        found = [each for each in found if each.get(predicate["key"]) in wanted]
    for name, value in scope.items():
        found = [each for each in found if each.get(name, "") == value]
    start = int(request.query.get("page_token") or 0)
    more = str(start + 2) if len(found) > start + 2 else ""
    if not found:
        # KFP leaves out what is empty.
        return 200, {}
    page = {field_name: found[start : start + 2], "total_size": len(found)}
    return 200, page | ({"next_page_token": more} if more else {})


def _namespace(server: KfpServer, request: Request) -> dict[str, str]:
    return {"namespace": request.query.get("namespace", "")} if server.multi_user else {}


def _list_experiments(server: KfpServer, request: Request) -> tuple[int, Json]:
    return _listed(server.experiments, "experiments", request, **_namespace(server, request))


def _create_experiment(server: KfpServer, request: Request) -> tuple[int, Json]:
    for each in server.experiments.values():
        if each["display_name"] == request.body["display_name"]:
            return _error(409, "Already exist error: the experiment exists")
    return 200, _add(server.experiments, "experiment_id", request.body)


def _list_runs(server: KfpServer, request: Request) -> tuple[int, Json]:
    scope = {}
    if "experiment_id" in request.query:
        scope = {"experiment_id": request.query["experiment_id"]}
    return _listed(server.runs, "runs", request, **scope)


def _create_run(server: KfpServer, request: Request) -> tuple[int, Json]:
    if request.body["experiment_id"] not in server.experiments:
        return _error(404, "no such experiment")
    reference = request.body.get("pipeline_version_reference")
    if (reference is None) == ("pipeline_spec" not in request.body):
        return _error(400, "a run has one pipeline source")
    if reference and reference["pipeline_version_id"] not in server.versions:
        return _error(404, "no such version")
    # The column of the database has no room for more.
    if len(request.body.get("description", "")) > 255:
        return _error(500, "Data too long for column 'Description'")
    run = {"service_account": "pipeline-runner", **request.body, **_state("PENDING")}
    return 200, _add(server.runs, "run_id", {**run, "looks": 0})


def _get_run(server: KfpServer, _request: Request, run_id: str) -> tuple[int, Json]:
    if run_id not in server.runs:
        return _error(404, f"Failed to get a run: ResourceNotFoundError: Run {run_id} not found")
    run = server.runs[run_id]
    run.update(server.looks[min(run["looks"], len(server.looks) - 1)])
    run["looks"] += 1
    return 200, {**run, "run_id": run_id}


def _terminate_run(server: KfpServer, _request: Request, run_id: str) -> tuple[int, Json]:
    if run_id not in server.runs:
        return _error(404, f"Failed to terminate a run: Run {run_id} not found")
    run = server.runs[run_id]
    if run["state"] not in ("PENDING", "RUNNING"):
        message = f"Invalid input error: Failed to terminate a run {run_id}. Row not found"
        return _error(400, message)
    states = [*(each["state"] for each in run["state_history"]), "CANCELING"]
    server.looks = [look(*states), look(*states, "FAILED")]
    run.update(server.looks[0] | {"looks": 0})
    return 200, {}


def _run_of_v1(server: KfpServer, _request: Request, run_id: str) -> tuple[int, Json | str]:
    if server.old or (server.workflow is None and not server.manifest):
        return 404, "404 page not found"
    runtime = {"workflow_manifest": json.dumps(server.workflow)}
    run = {"id": run_id, "pipeline_spec": {"pipeline_manifest": server.manifest}}
    return 200, {"run": run, "pipeline_runtime": runtime}


def _log(server: KfpServer, _request: Request, _run_id: str, node: str) -> tuple[int, Json | str]:
    if server.old:
        return 404, "404 page not found"
    # A node without a log answers with 200, too.
    return 200, server.logs.get(node) or logs()["nonode"]


def _list_pipelines(server: KfpServer, request: Request) -> tuple[int, Json]:
    return _listed(server.pipelines, "pipelines", request, **_namespace(server, request))


def _create_pipeline(server: KfpServer, request: Request) -> tuple[int, Json]:
    # The API has two fields for the name, and callers may give either.
    name = request.body.get("name") or request.body["display_name"]
    document = {"display_name": name, **request.body, "name": name}
    for each in server.pipelines.values():
        if (each["name"], each.get("namespace")) == (name, document.get("namespace")):
            return _error(409, "Already exist error: the pipeline exists")
    return 200, _add(server.pipelines, "pipeline_id", document)


def _delete_pipeline(server: KfpServer, _request: Request, pipeline_id: str) -> tuple[int, Json]:
    if any(each["pipeline_id"] == pipeline_id for each in server.versions.values()):
        return _error(400, "the pipeline has versions")
    return (200, {}) if server.pipelines.pop(pipeline_id, None) else _error(404, "no such pipeline")


def _list_versions(server: KfpServer, request: Request, pipeline_id: str) -> tuple[int, Json]:
    return _listed(server.versions, "pipeline_versions", request, pipeline_id=pipeline_id)


def _get_version(
    server: KfpServer, _request: Request, _pipeline_id: str, version_id: str
) -> tuple[int, Json]:
    found = server.versions.get(version_id)
    return (200, found) if found else _error(404, "no such version")


def _upload_version(server: KfpServer, request: Request) -> tuple[int, Json]:
    name, pipeline_id = request.query["name"], request.query["pipelineid"]
    if pipeline_id not in server.pipelines:
        return _upload_error(404)
    try:
        spec = _uploaded(request.body)
    except (ValueError, yaml.YAMLError, json_format.ParseError):
        return _upload_error(400)
    for each in server.versions.values():
        if (each["name"], each["pipeline_id"]) == (name, pipeline_id):
            return _upload_error(409)
    document = {"name": name, "pipeline_id": pipeline_id, "pipeline_spec": spec}
    document["display_name"] = request.query.get("display_name", name)
    document["description"] = request.query.get("description", "")
    return 200, _add(server.versions, "pipeline_version_id", document)


def _upload_error(status: int) -> tuple[int, Json]:
    return status, {"error_message": "Failed to create a pipeline version", "error_details": ""}


def _uploaded(body: bytes) -> Json:
    """Return a file as KFP stores it; raise `ValueError` if KFP would not accept it."""
    found = re.search(rb'name="uploadfile"; filename="(.+)"\r\n.*?\r\n\r\n(.*)\r\n--', body, re.S)
    if not found or not found[1].endswith(b".yaml"):
        raise ValueError
    messages = (pipeline_spec_pb2.PipelineSpec(), pipeline_spec_pb2.PlatformSpec())
    # KFP refuses unknown fields.
    parts = [
        json_format.MessageToDict(json_format.ParseDict(document, message))
        for document, message in zip(yaml.safe_load_all(found[2]), messages, strict=False)
    ]
    return {"pipeline_spec": parts[0], "platform_spec": parts[1]} if parts[1:] else parts[0]


def _delete_version(
    server: KfpServer, _request: Request, _pipeline_id: str, version_id: str
) -> tuple[int, Json]:
    gone = server.versions.pop(version_id, None)
    return (200, {}) if gone else _error(404, "no such version")


def _list_recurring(server: KfpServer, request: Request) -> tuple[int, Json]:
    scope = _namespace(server, request)
    return _listed(server.recurring_runs, "recurringRuns", request, **scope)


def _create_recurring(server: KfpServer, request: Request) -> tuple[int, Json]:
    reference = request.body["pipeline_version_reference"]
    if reference["pipeline_version_id"] not in server.versions:
        return _error(404, "no such version")
    if not 1 <= int(request.body["max_concurrency"]) <= 10:
        return _error(400, "Max concurrency must be at least 1 and at most 10")
    # KFP reports the account of the steps even if none was requested.
    account = request.body.get("service_account", "pipeline-runner")
    status = "ENABLED" if request.body["mode"] == "ENABLE" else "DISABLED"
    document = {**request.body, "status": status, "service_account": account}
    return 200, _add(server.recurring_runs, "recurring_run_id", document)


def _delete_recurring(server: KfpServer, _request: Request, identity: str) -> tuple[int, Json]:
    gone = server.recurring_runs.pop(identity, None)
    return (200, {}) if gone else _error(404, "no such recurring run")


_ROUTES: list[tuple[str, str, Callable[..., tuple[int, Json | str]]]] = [
    ("GET", "/healthz", _health),
    ("GET", "/experiments", _list_experiments),
    ("POST", "/experiments", _create_experiment),
    ("GET", "/runs", _list_runs),
    ("POST", "/runs", _create_run),
    ("GET", "/runs/([^/:]+)", _get_run),
    ("POST", "/runs/([^/:]+):terminate", _terminate_run),
    ("GET", ".*/apis/v1beta1/runs/([^/]+)", _run_of_v1),
    ("GET", ".*/apis/v1alpha1/runs/([^/]+)/nodes/([^/]+)/log", _log),
    ("GET", "/pipelines", _list_pipelines),
    ("POST", "/pipelines", _create_pipeline),
    ("DELETE", "/pipelines/([^/]+)", _delete_pipeline),
    ("POST", "/pipelines/upload_version", _upload_version),
    ("GET", "/pipelines/([^/]+)/versions", _list_versions),
    ("GET", "/pipelines/([^/]+)/versions/([^/]+)", _get_version),
    ("DELETE", "/pipelines/([^/]+)/versions/([^/]+)", _delete_version),
    ("GET", "/recurringruns", _list_recurring),
    ("POST", "/recurringruns", _create_recurring),
    ("DELETE", "/recurringruns/([^/]+)", _delete_recurring),
]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # With Nagle's algorithm, the second packet of an answer waits for 40 ms.
    disable_nagle_algorithm = True
    kfp: KfpServer

    def _serve(self) -> None:
        request = self._request()
        with self.kfp.lock:
            self.kfp.requests.append(request)
        fault = self.kfp.fault(request)
        if fault == LOSE:
            self.close_connection = True
            return
        page = self.kfp.pages(request)
        if page is None:
            failed = _error(fault, "not now") if isinstance(fault, int) else None
            status, document = failed or self.kfp.answer(request)
            text = document if isinstance(document, str) else json.dumps(document)
            page = Page(status, text, {"Content-Type": "application/json"})
        if fault == DROP:
            self.close_connection = True
            return
        self.send_response(page.status)
        for name, value in page.headers.items():
            self.send_header(name, value)
        body = page.body.encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - the names are the library's

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        body: Any = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "json" in self.headers.get("Content-Type", "") and body:
            body = json.loads(body)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(self.command, parts.path, query, headers, body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the requests are recorded."""


@contextmanager
def serving(server: KfpServer) -> Iterator[KfpServer]:
    """Serve on a port of this machine until the block ends."""
    handler = type("Handler", (_Handler,), {"kfp": server})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listener:
        listener.daemon_threads = True
        server.address = f"http://127.0.0.1:{listener.server_address[1]}"
        thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()


def served(recorded: Scenario, document: Json, **server: Any) -> KfpServer:
    """Return a server that has a recorded run, which is of this pipeline file."""
    run = {"run_id": recorded.id, "pipeline_spec": document, "looks": 0}
    kfp = KfpServer(looks=recorded.looks, workflow=recorded.workflow, logs=recorded.logs, **server)
    kfp.runs[recorded.id] = run | {"display_name": recorded.name, "state": "RUNNING"}
    return kfp


def task(name: str, *states: str, at: int = 0, to: int | None = None, **details: Any) -> Json:
    """Return a task that went through states, from one second of a minute to another."""
    return {
        "task_id": f"id-{name}",
        "display_name": name,
        "start_time": f"2026-11-24T08:00:{at:02}Z",
        "end_time": _NEVER if to is None else f"2026-11-24T08:00:{to:02}Z",
        "state": states[-1],
        "state_history": [{"state": each} for each in states],
        **details,
    }


def look(*states: Any) -> Json:
    """Return a run at one moment: the states that it went through, and then its tasks."""
    tasks = [each for each in states if isinstance(each, dict)]
    document = _state(*(each for each in states if isinstance(each, str)))
    return {**document, "run_details": {"task_details": tasks}} if tasks else document


def _state(*states: str) -> Json:
    ended = states[-1] in ("SUCCEEDED", "FAILED", "SKIPPED")
    history = [{"update_time": _NOW, "state": each} for each in states]
    finished = _NOW if ended else _NEVER
    return {"state": states[-1], "state_history": history, "finished_at": finished}


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until a condition holds; raise `TimeoutError` after some seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.02)
