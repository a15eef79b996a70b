"""Print the log of a step while it grows."""

from dataclasses import dataclass, field

from pipelines.kubeflow.api.client import Api
from pipelines.kubeflow.following import logs
from pipelines.kubeflow.following.workflow import Workflow


@dataclass
class Tail:
    """The log of a step, of which each line is printed once; each attempt has its own log."""

    api: Api
    run_id: str
    namespace: str
    step: str
    printed: dict[str, int] = field(default_factory=dict)

    def look(self, workflow: Workflow) -> None:
        """Print what is new in it."""
        for node in workflow.of(self.step):
            if self.printed.get(node.id, 0) < 0 or node.phase == "Pending":
                continue
            running = node.phase == "Running"
            text = logs.read(self.api, self.run_id, self.namespace, node.names)
            if running:
                # The last line may be half written.
                text = text[: text.rfind("\n") + 1]
            lines = logs.own_lines(text)
            for line in lines[self.printed.get(node.id, 0) :]:
                print(line, flush=True)
            if text:
                self.printed[node.id] = len(lines) if running else -1
