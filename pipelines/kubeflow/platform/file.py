"""The platform file: what a cluster gives the steps, in YAML, beside a compiled pipeline."""

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
    """What one file says: of whole runs, of all steps, and of single ones.

    The settings in `steps` stand over the defaults already; `lines` says where each step is named.
    """

    path: Path
    service_account: str = ""
    defaults: Settings = field(default_factory=Settings)
    steps: Mapping[str, Settings] = field(default_factory=dict)
    lines: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> "PlatformSettings":
        """Raises `UsageError`, one line, with the line of the file and the known names."""
        found = entries.read(path, _FLAG).known(_TOP)
        account = values.object_name(found[_TOP[0]]) if _TOP[0] in found else ""
        defaults = read_settings(found["defaults"]) if "defaults" in found else Settings()
        steps: dict[str, Settings] = {}
        lines: dict[str, str] = {}
        named = found["steps"].entries("steps") if "steps" in found else {}
        for name, entry in named.items():
            if (step := step_name(name)) in steps:
                raise entry.error(f"the step {step!r} stands here twice; keep one")
            steps[step], lines[step] = read_settings(entry).over(defaults), entry.where
        return cls(path, account, defaults, steps, lines)

    def of(self, task: str) -> Settings:
        """The settings of a task of the compiled file."""
        return self.steps.get(step_name(task), self.defaults)


def step_name(task: str) -> str:
    """A step as the compiled file names it: the component of `pull-data` is called `pull_data`."""
    return task.replace("_", "-")
