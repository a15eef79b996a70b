"""Name the steps of a run; each name is that of a folder, a log and a line of progress."""

import re
from dataclasses import dataclass

# KFP's names of the graphs of conditions, loops and exit handlers. KFP numbers their tasks together
# with those around them, so that the tasks' names need no prefix.
_GROUP = re.compile(r"(condition|condition-branches|for-loop|exit-handler)-\d+")


@dataclass(frozen=True)
class Place:
    """A graph within a run: the nested pipelines around it, and the iterations of its loops.

    `train.2` is the step `train` for the third item of a loop, `train.2.0` that for the first item
    of a nested loop, and `prepare.clean` is the step `clean` of a pipeline used as a step.
    """

    path: tuple[str, ...] = ()
    iterations: tuple[int, ...] = ()

    def name(self, task: str) -> str:
        """Return the full name of a task in this graph."""
        return ".".join([*self.path, task, *map(str, self.iterations)])

    def within(self, task: str) -> "Place":
        """Return the place of a task that is itself a graph."""
        return self if _GROUP.fullmatch(task) else Place((self.name(task),))

    def iteration(self, index: int) -> "Place":
        """Return the place of this graph for one item of a loop."""
        return Place(self.path, (*self.iterations, index))


ROOT = Place()
