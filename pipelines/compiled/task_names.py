"""The names of the steps of a run: a folder, a log and a line of progress each."""

import re
from dataclasses import dataclass

# What KFP calls the graphs of conditions, loops and exit handlers, whose tasks it numbers through
# with those around them, so that their names need nothing before them.
_GROUP = re.compile(r"(condition|condition-branches|for-loop|exit-handler)-\d+")


@dataclass(frozen=True)
class Place:
    """A graph within a run: the pipelines that it is in, and the iterations of the loops.

    `train.2` is the step `train` for the third item of a loop, `train.2.0` for the first of a loop
    in it, and `prepare.clean` the step `clean` of a pipeline that is itself a step.
    """

    path: tuple[str, ...] = ()
    iterations: tuple[int, ...] = ()

    def name(self, task: str) -> str:
        """The full name of a task here."""
        return ".".join([*self.path, task, *map(str, self.iterations)])

    def within(self, task: str) -> "Place":
        """The graph that a task here is."""
        return self if _GROUP.fullmatch(task) else Place((self.name(task),))

    def iteration(self, index: int) -> "Place":
        """This place for one item of a loop."""
        return Place(self.path, (*self.iterations, index))


ROOT = Place()
