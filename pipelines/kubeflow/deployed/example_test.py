import re
import shlex

import yaml

from pipelines.kubeflow.deployed.webhook import SETTING
from pipelines.show import build_parser
from pipelines.system.workspace import ROOT

CRONJOB = ROOT / "docs" / "platforms" / "watch.yaml"
PAGE = ROOT / "docs" / "kubeflow.md"


def call(line: str) -> list[str]:
    """Return the flags of a call of the command, which it has to know."""
    python, flags = line.split(" -m pipelines.show ")
    assert python.removeprefix("exec ") == ".venv/bin/python"
    found = shlex.split(flags)
    build_parser().parse_args(found)
    return found


def test_the_cronjob_posts_what_needs_attention() -> None:
    claim, job = yaml.safe_load_all(CRONJOB.read_text())
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert call(container["args"][0].splitlines()[-1])[:2] == ["--deployed", "--webhook"]
    variables = {each["name"]: each for each in container["env"]}
    assert variables[SETTING]["valueFrom"]["secretKeyRef"]["name"] == "pinion-watch"
    assert variables["XDG_CACHE_HOME"]["value"].startswith(
        container["volumeMounts"][0]["mountPath"]
    )
    assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]


def test_the_workflow_keeps_what_was_posted_if_a_schedule_failed() -> None:
    (block,) = re.findall(r"^```yaml\n(name: Watch\n.*?)^```", PAGE.read_text(), re.M | re.S)
    steps = yaml.safe_load(block)["jobs"]["watch"]["steps"]
    _, _, restore, run, save = steps
    assert call(run["run"]) == ["--deployed", "--webhook", "--state", "deployed.json"]
    assert run["env"].keys() == {"KFP_ENDPOINT", "KFP_TOKEN", SETTING}
    assert restore["with"]["path"] == save["with"]["path"] == "deployed.json"
    assert save["with"]["key"].startswith(restore["with"]["restore-keys"])
    assert save["if"].startswith("always()")
