"""Fetch a step's log, and tell its own lines from those of KFP's launcher."""

import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from pipelines.console.step_log import last_line
from pipelines.kubeflow.api.answers import UnavailableError, UnreachableError
from pipelines.kubeflow.api.client import Api
from pipelines.system.errors import PinionError

# How KFP's driver and launcher begin a line: severity, day, time, thread, place.
_OF_KFP = re.compile(r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [\w.-]+:\d+\] ")
# How Argo, which runs beside the step, ends one.
_OF_ARGO = " argo=true"


def read(api: Api, run_id: str, namespace: str, nodes: Iterable[str]) -> str:
    """Return the log of the first of these nodes that has one; empty if KFP gives none.

    The dashboard, through which many clusters are reached, has an address of its own for logs.
    """
    for node in nodes:
        name = quote(node, safe="")
        for path, query in (
            (f"/apis/v1alpha1/runs/{run_id}/nodes/{name}/log", {}),
            ("/k8s/pod/logs", {"podname": node, "podnamespace": namespace, "runid": run_id}),
        ):
            try:
                text = api.text(path, **query)
            except UnavailableError as error:
                # The dashboard answers 500 if it has no log. Do not wait for silence again.
                if isinstance(error, UnreachableError) or not error.over:
                    return ""
                continue
            except PinionError:
                continue
            if text and not _is_answer(text):
                return text
    return ""


def own_lines(log: str) -> list[str]:
    """Return what the step itself printed."""
    return list(_own(log.splitlines()))


def own_error(log: str) -> str:
    """Return the step's own last line, without the prefix of an error; empty if it has none."""
    return last_line(own_lines(log))


def fatal(log: str) -> str:
    """Return why KFP's driver or launcher gave up; empty if it did not."""
    found = [line for line in log.splitlines() if line.startswith("F") and _OF_KFP.match(line)]
    return _OF_KFP.sub("", found[-1], count=1).strip() if found else ""


def _own(lines: Iterable[str]) -> Iterator[str]:
    document = False
    for line in lines:
        if _OF_KFP.match(line):
            # KFP prints messages over several lines of JSON.
            document = line.endswith("{")
        elif document:
            document = line != "}"
        elif _OF_ARGO not in line:
            yield line


def _is_answer(text: str) -> bool:
    """Return whether it is another answer than a log, which comes with status 200 too."""
    if text.lstrip()[:14].lower() == "<!doctype html":
        return True
    try:
        return "error_message" in json.loads(text)
    except (ValueError, TypeError):
        return False
