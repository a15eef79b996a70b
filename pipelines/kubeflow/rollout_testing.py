"""Help the tests of deployments: a small release, an API without pauses, and faults."""

import itertools
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pipelines.compiled.file import PipelineFile
from pipelines.kubeflow.api.client import Api
from pipelines.kubeflow.api.endpoint import find_endpoint
from pipelines.kubeflow.api.login import Login
from pipelines.kubeflow.kfp_server_testing import DROP, LOSE, KfpServer, Request
from pipelines.kubeflow.platform.apply import apply
from pipelines.kubeflow.platform.platform_testing import compiled, loaded

Fault = Callable[[Request], str | int | None]


def api(server: KfpServer, patience: float = 120) -> Api:
    """Return the API, whose pauses take no time."""
    return Api(find_endpoint(server.address), Login(), patience, lambda _: None)


def release(folder: Path, settings: str = "") -> PipelineFile:
    """Return the file of a pipeline `three`, with the settings of a platform file."""
    file = compiled(folder)
    return apply(loaded(folder, settings), file) if settings else file


def every_third(fault: str | int, start: int) -> Fault:
    """Fail one request in three."""
    count = itertools.count(start)
    return lambda _: fault if next(count) % 3 == 0 else None


def first_of_each_kind(fault: str | int) -> Fault:
    """Fail the first request of each kind."""
    seen: set[tuple[str, int, str]] = set()

    def fail(request: Request) -> str | int | None:
        kind = (request.method, request.path.count("/"), request.path.rpartition("/")[2][:12])
        first = kind not in seen
        seen.add(kind)
        return fault if first else None

    return fail


def away_for_a_while(fault: str | int, start: int) -> Fault:
    """Fail twelve requests in a row, beginning with one."""
    count = itertools.count()
    return lambda _: fault if start <= next(count) < start + 12 else None


_MAKERS: dict[str, Callable[[str | int], Fault]] = {
    "the first of each kind": first_of_each_kind,
    **{f"every third from {n}": partial(every_third, start=n) for n in range(3)},
    **{f"twelve from {n}": partial(away_for_a_while, start=n) for n in range(9)},
}
FAULTS = {
    f"{name} {fault}": partial(make, fault)
    for fault in (DROP, LOSE, 500, 503)
    for name, make in _MAKERS.items()
}
