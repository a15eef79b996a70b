"""The steps of the walk, in order: what is released, run, reused, deployed and made again."""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from pipelines.kubeflow.runs import find_experiment
from tests.build.tree import commit, git
from tests.cluster import failures
from tests.cluster.scene import FailedError, Finished, Scene, components

# Returns what the table says of a step that passed; raises `FailedError` otherwise.
Check = Callable[[Scene], str]
# The steps that never come from a cache, and those that do when nothing changed.
ALWAYS = ("resolve", "register")
PURE = ("pull-data", "preprocess", "decide", "train", "evaluate")


def require(done: Finished, code: int, *patterns: str) -> None:
    """Hold a command to its exit code and to texts that it must print."""
    if done.code != code:
        raise FailedError(f"exit code {done.code} instead of {code}: {done.last()}")
    for pattern in patterns:
        if not re.search(pattern, done.text, re.MULTILINE):
            raise FailedError(f"does not say {pattern!r} but {done.last()!r}")


def publish(scene: Scene) -> str:
    """Publish the components that the registry does not have."""
    done = scene.call("publish")
    require(done, 0)
    states = re.findall(r" (pushed|exists)$", done.stdout, re.MULTILINE)
    return f"{states.count('pushed')} pushed, {states.count('exists')} were there"


def release(scene: Scene) -> str:
    """Make a release of every component as it is, and compile it."""
    require(scene.call("release", scene.tag, *components(scene.folder)), 0)
    commit(scene.folder, f"Release {scene.tag}")
    git(scene.folder, "tag", scene.tag)
    require(scene.call("compile", scene.tag, "--output", str(scene.pipeline)), 0)
    return scene.tag


def register(scene: Scene) -> str:
    """Submit a run that registers its model, as version 1."""
    began = time.monotonic()
    done = scene.submit("--register")
    require(
        done, 0, *(rf"\b{step}: succeeded" for step in (*ALWAYS, "train")), r"^state +succeeded$"
    )
    require(_shown(scene, 1), 0, rf"models:/{scene.name}/1\b")
    return f"{scene.name}/1 in {time.monotonic() - began:.0f} s"


def again(scene: Scene) -> str:
    """Submit the same again: only the steps that look at the world and change it run."""
    began = time.monotonic()
    done = scene.submit("--register")
    require(done, 0, *(rf"\b{step}: cached" for step in PURE))
    require(done, 0, *(rf"\b{step}: succeeded" for step in ALWAYS))
    if _shown(scene, 2).code == 0:
        raise FailedError(f"the same model was registered again, as {scene.name}/2")
    return f"{', '.join(PURE)} cached, {time.monotonic() - began:.0f} s"


def deploy(scene: Scene) -> str:
    """Deploy the release twice, put it on a schedule, and remove both after a run of that."""
    require(scene.call("deploy", scene.tag, *scene.where()), 0)
    require(scene.call("deploy", scene.tag, *scene.where()), 0, "unchanged|already|exists")
    # Once an hour, so that no other run follows the first.
    soon = time.gmtime(time.time() + 120).tm_min
    hourly = ["--schedule", f"{soon} * * * *", "--register", "--experiment", scene.name]
    require(scene.call("deploy", scene.tag, *scene.where(), *hourly, *scene.parameters()), 0)
    with _removed(scene) as remove:
        run = _scheduled_run(scene)
        require(scene.call(*remove), 1, rf"has a run going on, .*{run}")
        followed = scene.call("submit", "--follow", run, *scene.where())
        require(followed, 0, r"^state +succeeded$")
        require(scene.call(*remove), 0, r"^schedule .* removed$")
    return f"the schedule's run {run[:8]} held the removal back, and succeeded; all is removed"


@contextmanager
def _removed(scene: Scene) -> Iterator[Sequence[str]]:
    """Yield the command that removes the release and its schedule; both are gone at the end."""
    remove = ("deploy", scene.tag, "--remove", *scene.where())
    try:
        yield remove
    finally:
        left = scene.call(*remove)
        if going_on := re.search(r"--stop ([0-9a-f-]{36})", left.stderr):
            for way in ("--stop", "--follow"):
                scene.call("submit", way, going_on[1], *scene.where())
            left = scene.call(*remove)
        require(left, 0)


def reproduce(scene: Scene) -> str:
    """Make the model of the cluster again here, in its own images."""
    arguments = ["--runner", "docker", "--mlflow-tracking-uri", scene.place.mlflow_here]
    require(scene.call("reproduce", f"{scene.name}/1", *arguments), 0, r"^verdict +identical")
    return "verdict identical"


WALK: Mapping[str, Check] = {
    "publish": publish,
    "release": release,
    "register": register,
    "again": again,
    "no-target": failures.no_target,
    "refused": failures.refused,
    "memory": failures.memory,
    "no-node": failures.no_node,
    "lost-pod": failures.lost_pod,
    "deploy": deploy,
    "reproduce": reproduce,
}
# What the others need.
FIRST = ("publish", "release", "register")


def _shown(scene: Scene, version: int) -> Finished:
    where = ["--mlflow-tracking-uri", scene.place.mlflow_here]
    return scene.call("show", f"{scene.name}/{version}", *where)


def _scheduled_run(scene: Scene) -> str:
    """Wait for the first run that the schedule starts, and return its id."""
    api, namespace = scene.place.connect()
    experiment = find_experiment(api, scene.name, namespace)
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        call = api.runs.run_service_list_runs
        for run in api.pages(call, "runs", experiment_id=experiment):
            if run.recurring_run_id:
                return str(run.run_id)
        time.sleep(5)
    raise FailedError("the schedule started no run within five minutes")
