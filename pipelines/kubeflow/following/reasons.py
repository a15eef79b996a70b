"""Say in a person's words why a pod failed or does not start, from Argo's message about it."""

import re
from collections.abc import Callable

from pipelines.kubeflow.following.settings import Given

# What KFP's MLflow plugin sets in every pod; a variable cannot be set twice.
_OF_THE_PLUGIN = "MLFLOW_"
_TWICE = "may not be specified when `value` is not empty"
# What a pod goes through in its first seconds is no reason.
_ON_ITS_WAY = ("", "PodInitializing", "ContainerCreating")
# What a registry answers to whoever may not pull.
_DENIED = re.compile(
    r"unauthorized|denied|authorization failed|no basic auth|forbidden|40[13]", re.I
)
# The settings that keep a step off the nodes, by Kubernetes' words.
_OBSTACLES = (
    ("Insufficient cpu", "cpu"),
    ("Insufficient memory", "memory"),
    ("Insufficient", "gpu"),
    ("affinity/selector", "node_selector"),
    ("taint", "tolerations"),
    ("ersistent", "volumes"),
)


def why_failed(message: str, step: str, given: Given) -> str:
    """Return why a pod failed and what to do; empty if its log is what says so."""
    for pattern, explain in _FAILURES:
        if match := re.search(pattern, message):
            return explain(match, step, given)
    return why_waiting(message, step, given)


def why_waiting(message: str, step: str, given: Given) -> str:
    """Return why a pod does not start and what to do; empty if it may start any moment."""
    for pattern, explain in _OBSTRUCTIONS:
        if match := re.search(pattern, message):
            return explain(match, step, given)
    return unusual(message)


def unusual(message: str) -> str:
    """Return a message as it is; empty if it is what every pod begins with."""
    return "" if message in _ON_ITS_WAY else message


def killed(step: str, given: Given) -> str:
    """Return the reason of a step that was killed without a word, which memory is known for."""
    return _out_of_memory(step, given, "probably because")


def _out_of_memory(step: str, given: Given, because: str = "because") -> str:
    if given.memory:
        return (
            f"killed, {because} it needs more than its memory limit of {given.memory}; raise"
            f" steps.{step}.memory in the platform file"
        )
    return (
        f"killed, {because} it needs more memory than its node has free; ask for it with"
        f" steps.{step}.memory in the platform file"
    )


def _too_long(_: re.Match[str], step: str, given: Given) -> str:
    of = f" of {given.timeout}" if given.timeout else ""
    return f"it ran longer than its timeout{of}; raise steps.{step}.timeout in the platform file"


def _evicted(match: re.Match[str], step: str, _: Given) -> str:
    what = match[1]
    setting = f"steps.{step}.memory" if what == "memory" else f"steps.{step}"
    return (
        f"it was evicted, because its node ran out of {what}; ask for what it needs with"
        f" {setting} in the platform file"
    )


def _lost(_: re.Match[str], step: str, __: Given) -> str:
    return (
        "its pod was deleted, perhaps with its node; to have it tried again, set"
        f" steps.{step}.retries in the platform file"
    )


def _invalid(match: re.Match[str], step: str, given: Given) -> str:
    problem = match[1]
    if _TWICE not in problem:
        return f"its pod cannot be made: {problem}; correct steps.{step} in the platform file"
    twice = sorted({name for name in given.variables if name.startswith(_OF_THE_PLUGIN)})
    names = " and ".join(twice) or "a variable"
    them = "it" if len(twice) < 2 else "them"
    return (
        f"its pod cannot be made: KFP (its MLflow plugin, if that is on) also sets {names} of the"
        f" platform file; remove {them} from secrets and config_maps there"
    )


def _forbidden(match: re.Match[str], step: str, _: Given) -> str:
    problem = match[1]
    if "serviceaccount" in problem.replace(" ", ""):
        way_out = "create it, or name another with --service-account"
    elif "quota" in problem:
        way_out = (
            f"lower steps.{step}.cpu and memory in the platform file, or have the quota raised"
        )
    else:
        way_out = "ask the cluster's administrators"
    return f"its pod may not be made: {problem}; {way_out}"


def _no_node(match: re.Match[str], step: str, given: Given) -> str:
    problem = re.split(r"\. (?:no new claims|preemption)", match[1])[0].rstrip(". ")
    settings = {name for words, name in _OBSTACLES if words in problem}
    if "gpu" in settings and not re.search(r"Insufficient (?!cpu|memory)", problem):
        settings.remove("gpu")
    named = sorted(f"steps.{step}.{name}" for name in settings) or [f"steps.{step}"]
    asks = f" and it asks for {given.gpu}" if "gpu" in settings and given.gpu else ""
    return f"no node can take it: {problem}{asks}; check {' and '.join(named)} in the platform file"


def _no_image(match: re.Match[str], step: str, given: Given) -> str:
    told = re.search(r'image "([^"]+)"', match[0])
    image = told[1] if told else given.image
    cause = match[0].rpartition(f"{image}: ")[2] if image in match[0] else match[0]
    cause = cause.rpartition("desc = ")[2].rpartition('": ')[2]
    if _DENIED.search(match[0]):
        way_out = (
            f"name a secret for its registry with steps.{step}.image_pull_secrets in the platform"
            " file"
        )
    elif "not found" in match[0]:
        way_out = "publish it (python -m pipelines.publish), or submit another release"
    else:
        way_out = "can the nodes reach the registry under that name?"
    return f"its image {image} cannot be pulled: {cause}; {way_out}"


def _no_config(match: re.Match[str], step: str, _: Given) -> str:
    kind = "secrets" if re.search("secret", match[1], re.I) else "config_maps"
    return (
        f"it lacks what its variables come from: {match[1]}; create that in the namespace of the"
        f" run, or correct steps.{step}.{kind} in the platform file"
    )


_Explain = Callable[[re.Match[str], str, Given], str]
_FAILURES: tuple[tuple[str, _Explain], ...] = (
    ("OOMKilled", lambda _, step, given: _out_of_memory(step, given)),
    ("exceeded its deadline|longer than the specified deadline|DeadlineExceeded", _too_long),
    (r"low on resource: ([\w-]+)", _evicted),
    ("pod deleted|[Pp]od was (deleted|terminated)|node shutdown", _lost),
    (r'^Pod "[^"]*" is invalid: (.*)', _invalid),
    (r'^[Pp]ods "[^"]*" is forbidden: (.*)', _forbidden),
    # Its log says more.
    (r"^(\w+: )?(Error \(exit code \d+\)|failed with exit code \d+)$", lambda *_: ""),
)
_OBSTRUCTIONS: tuple[tuple[str, _Explain], ...] = (
    ("Unschedulable: (.*)", _no_node),
    ("(ImagePullBackOff|ErrImagePull|InvalidImageName|ErrImageNeverPull).*", _no_image),
    ("CreateContainerConfigError: (.*)", _no_config),
)
