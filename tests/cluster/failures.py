"""Runs that must fail, or nearly, with the reason in one line."""

import json
import time
from collections.abc import Mapping
from typing import Any

import yaml

from tests.cluster.scene import FailedError, Finished, Scene, kubectl

# Less than Python needs to import scikit-learn, and enough for the container to start.
TOO_LITTLE = "120Mi"
# Seconds until the pods of a step are there.
PATIENCE = 300
NO_POOL = {"pinion-walk": "none"}


def no_target(scene: Scene) -> str:
    """Ask for a column that the table does not have: preprocess fails, in its own words."""
    done = scene.submit("--param", "target=nothere")
    return _failed(done, "preprocess", "nothere")


def refused(scene: Scene) -> str:
    """Miss a threshold: the model is not registered, and the failed check is named."""
    threshold = '{"log_loss": {"threshold": 0.001, "greater_is_better": false}}'
    done = scene.submit("--register", "--param", f"thresholds={threshold}")
    return _failed(done, "register", "log_loss")


def memory(scene: Scene) -> str:
    """Give a step too little memory: it is killed, and the line names the limit."""
    platform = _platform(scene, {"steps": {"train": {"memory": TOO_LITTLE}}})
    done = scene.submit("--platform", platform, "--param", "seed=7")
    return _failed(done, "train", TOO_LITTLE, "steps.train.memory")


def no_node(scene: Scene) -> str:
    """Ask for a node that is not there: the step waits, with the reason shown, until a stop."""
    platform = _platform(scene, {"steps": {"pull-data": {"node_selector": NO_POOL}}})
    with scene.started("--platform", platform, "--no-cache") as submitted:
        run = submitted.run()
        waiting = submitted.until(r"^.*pull-data.*(?:node).*$", PATIENCE)[0].strip()
        stopped = scene.call("submit", "--stop", run, *scene.where())
        if stopped.code:
            raise FailedError(stopped.last())
        done = submitted.end()
    if done.code != 1 or "stopped" not in done.last():
        raise FailedError(f"exit code {done.code}: {done.last()}")
    return waiting


def lost_pod(scene: Scene) -> str:
    """Delete a pod in the middle: its step is tried again, and the run succeeds."""
    platform = _platform(scene, {"steps": {"train": {"retries": 2}}})
    search = 'search={"trials": 30}'
    with scene.started("--platform", platform, "--param", "seed=8", "--param", search) as submitted:
        run = submitted.run()
        pod = _pod(scene, run, "train")
        _delete(scene, pod)
        done = submitted.end()
    if done.code:
        raise FailedError(f"exit code {done.code}: {done.last()}")
    return f"{pod} was deleted, the run succeeded"


def _delete(scene: Scene, pod: str) -> None:
    """Delete a pod at once, as a node that is lost does."""
    kubectl(
        "delete", "pod", pod, "-n", scene.place.pods, "--grace-period=0", "--force", "--wait=false"
    )


def _failed(done: Finished, step: str, *words: str) -> str:
    """Hold a run that failed to one line that names the step and why; return the line."""
    line = done.last()
    if done.code != 1:
        raise FailedError(f"exit code {done.code} instead of 1: {line}")
    if missing := [word for word in (step, *words) if word not in line]:
        raise FailedError(f"the last line does not name {', '.join(missing)}: {line}")
    return line.partition("error: ")[2]


def _platform(scene: Scene, settings: Mapping[str, Any]) -> str:
    """Write a platform file, and return its path."""
    path = scene.folder.parent / f"platform-{time.monotonic_ns()}.yaml"
    path.write_text(yaml.safe_dump(dict(settings)))
    return str(path)


def _pod(scene: Scene, run: str, step: str) -> str:
    """Wait until the pod of a step runs, and return its name."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        asked = ("get", "pods", "-n", scene.place.pods, "-l", f"pipeline/runid={run}", "-o", "json")
        for pod in json.loads(kubectl(*asked))["items"]:
            images = [each["image"] for each in pod["spec"]["containers"]]
            # The pods of drivers have none of our images.
            if pod["status"]["phase"] == "Running" and any(f"/{step}:" in each for each in images):
                return str(pod["metadata"]["name"])
        time.sleep(1)
    raise FailedError(f"no pod of {step} ran within {PATIENCE} s")
