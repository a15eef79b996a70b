"""Read Argo's own account of a run, which has the reasons that KFP's API leaves out."""

import base64
import gzip
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.kubeflow.api.client import Api
from pipelines.system.errors import PinionError

# The ways in which a part of a node's name says that it is an attempt, or an item of a loop.
_ATTEMPT = re.compile(r"\(\d+\)")
_MARKS = re.compile(r"\([^()]*\)")
_BAD = ("Failed", "Error")
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, OSError, EOFError)


@dataclass(frozen=True)
class Node:
    """A pod of the workflow, or the place of one that was never made.

    `step` is the step that it runs or, for a driver, prepares; `place` is the same for each
    attempt.
    """

    id: str
    pod: str
    step: str
    place: str
    driver: bool
    phase: str
    message: str
    started: str

    @property
    def failed(self) -> bool:
        """Whether it ended badly."""
        return self.phase in _BAD

    @property
    def names(self) -> Sequence[str]:
        """The names by which KFP may know its log: the pod's while it exists, then the node's."""
        return (self.pod, self.id) if self.phase in ("Pending", "Running") else (self.id, self.pod)


@dataclass(frozen=True)
class Workflow:
    """The pods of a run in the order in which they began; none if KFP does not tell."""

    nodes: Sequence[Node] = ()
    message: str = ""
    namespace: str = ""

    @classmethod
    def parse(cls, manifest: str) -> "Workflow":
        """Parse a workflow as KFP stores it; raise `ValueError` or the like if it is not one."""
        document = json.loads(manifest)
        status, metadata = document["status"], document["metadata"]
        nodes: Mapping[str, Any] = status.get("nodes") or {}
        if packed := status.get("compressedNodes"):
            nodes = json.loads(gzip.decompress(base64.b64decode(packed)))
        found = [node for each in nodes.values() if (node := _node(metadata["name"], each))]
        return cls(
            sorted(found, key=lambda node: (node.started, node.id)),
            str(status.get("message") or ""),
            str(metadata.get("namespace") or ""),
        )

    def of(self, step: str) -> list[Node]:
        """Return the pods of a step, without its drivers."""
        return [node for node in self.nodes if node.step == step and not node.driver]

    def failed(self, step: str) -> list[Node]:
        """Return the pods, executors or drivers, with which a step failed: one, but for loops."""
        last = {node.place: node for node in self.nodes if node.step == step}
        return [node for node in last.values() if node.failed]

    def attempts(self, step: str) -> int:
        """Return how often a step was tried; 0 if it is in a loop or was never tried."""
        nodes = self.of(step)
        return len(nodes) if len({node.place for node in nodes}) == 1 else 0

    def waiting(self) -> list[Node]:
        """Return the pods that do not start."""
        return [node for node in self.nodes if node.phase == "Pending"]


def read(api: Api, run_id: str) -> Workflow | None:
    """Ask once for Argo's account of a run; None if KFP does not give it."""
    try:
        answer = json.loads(api.text(f"/apis/v1beta1/runs/{run_id}"))
        return Workflow.parse(answer["pipeline_runtime"]["workflow_manifest"])
    except (PinionError, *_UNREADABLE):
        return None


def _node(workflow: str, node: Mapping[str, Any]) -> Node | None:
    """Return a pod; None for what Argo keeps for its own sake, such as a graph."""
    path = _MARKS.sub("", node["name"]).split(".")
    driver = path[-1].endswith("-driver")
    if node["type"] != "Pod" or not (driver or (path[-1] == "executor" and len(path) > 1)):
        return None
    identity, template = str(node["id"]), node.get("templateName") or ""
    number = identity.rpartition("-")[2]
    return Node(
        identity,
        f"{workflow}-{template}-{number}" if template else identity,
        path[-1].removesuffix("-driver") if driver else path[-2],
        _ATTEMPT.sub("", node["name"]),
        driver,
        str(node.get("phase") or ""),
        " ".join(str(node.get("message") or "").split()),
        str(node.get("startedAt") or ""),
    )
