"""Load the platform file: a cluster's settings for the steps, in YAML."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.kubeflow.platform import entries, values
from pipelines.kubeflow.platform.reading import read_settings
from pipelines.kubeflow.platform.settings import Settings

_FLAG = "--platform"
_TOP = ("service_account", "defaults", "steps")


@dataclass(frozen=True)
class PlatformSettings:
    """The settings of one file: for the run, for all steps and for single steps.

    The settings in `steps` already include the defaults; `lines` says where each step is named.
    """

    path: Path
    service_account: str = ""
    defaults: Settings = field(default_factory=Settings)
    steps: Mapping[str, Settings] = field(default_factory=dict)
    lines: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> "PlatformSettings":
        """Read a file; raise `UsageError` that names the line and what is allowed there."""
        found = entries.read(path, _FLAG).known(_TOP)
        account = values.object_name(found[_TOP[0]]) if _TOP[0] in found else ""
        defaults = read_settings(found["defaults"]) if "defaults" in found else Settings()
        steps: dict[str, Settings] = {}
        lines: dict[str, str] = {}
        named = found["steps"].entries("steps") if "steps" in found else {}
        for name, entry in named.items():
            if (step := step_name(name)) in steps:
                raise entry.error(f"the step {step!r} is given twice; keep one")
            steps[step], lines[step] = read_settings(entry).over(defaults), entry.where
        return cls(path, account, defaults, steps, lines)

    def of(self, task: str) -> Settings:
        """Return the settings of a task of the compiled file."""
        return self.steps.get(step_name(task), self.defaults)


def step_name(task: str) -> str:
    """Return a step's name in the compiled file: `pull-data` for the component `pull_data`."""
    return task.replace("_", "-")
