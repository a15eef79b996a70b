"""What a fault strikes: a command that runs in a folder of its own."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.chaos.server import Server
from tests.chaos.waiting import PATIENCE, until
from tests.running import command, environment, params, run_folders, step_processes

# Seconds in which something may strike: about what each takes, and what comes before the first.
STEPS = {
    "": 1.0,
    "pull-data": 0.3,
    "preprocess": 1.0,
    "train": 2.0,
    "evaluate": 1.0,
    "register": 0.4,
}
MODEL = "chaos"


@dataclass(frozen=True)
class Running:
    """A run that was started; what it prints goes to files, which outlive a kill."""

    process: "subprocess.Popen[bytes]"
    printed: Path
    # The runs that there were before.
    before: frozenset[str]

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.poll() is None

    @property
    def text(self) -> str:
        """What it printed so far."""
        return self.printed.read_text(errors="replace")

    def end(self, *codes: int) -> None:
        """Waits for it, and holds how it ends: a code of these, and a line where it failed."""
        code = self.process.wait(PATIENCE)
        assert code in codes, f"exit code {code}, not one of {codes}: {self.text}"
        assert "Traceback" not in self.text, self.text
        if code > 0:
            last = (self.text.strip().splitlines() or [""])[-1]
            assert last.startswith("pipelines.run: error: "), self.text


@dataclass
class Scene:
    """A command, the folder that it works in, and the randomness of what is done to it.

    `uri` is where MLflow is, empty for the store in the folder.
    """

    folder: Path
    random: Random
    server: Server
    uri: str = ""
    cached: bool = True
    name: str = MODEL
    started: list[Running] = field(default_factory=list)

    @property
    def output(self) -> Path:
        """Where the runs are."""
        return self.folder / "runs"

    @property
    def runs(self) -> list[str]:
        """The names of the runs so far."""
        return [folder.name for folder in run_folders(self.output)]

    def start(self, limit: Callable[[], None] | None = None) -> Running:
        """Starts the command, which is the same each time; `limit` is called in its process."""
        given = params(model="logistic_regression", registered_model_name=self.name)
        flags = ["--register", *([] if self.cached else ["--no-cache"])]
        printed, before = self.folder / f"printed-{len(self.started)}", frozenset(self.runs)
        with printed.open("wb") as file:
            process = subprocess.Popen(
                command(self.output, *flags, *given),
                env=environment(**({"MLFLOW_TRACKING_URI": self.uri} if self.uri else {})),
                stdout=file,
                stderr=file,
                start_new_session=True,
                preexec_fn=limit,
            )
        self.started.append(Running(process, printed, before))
        return self.started[-1]

    def again(self) -> None:
        """The same command once more, which has to succeed."""
        self.start().end(0)

    def close(self) -> None:
        """Ends what a failure left."""
        for running in self.started:
            running.process.kill()
            running.process.wait()

    def moment(self, running: Running, pace: float = 1) -> bool:
        """Waits for a moment of a step, which takes so many times as long as a step that works.

        Gives whether the run still runs then.
        """

        def folder() -> Path | None:
            new = sorted(set(self.runs) - running.before)
            return self.output / new[0] if new else None

        # Until there is a folder Python itself still starts.
        until(lambda: folder() or not running.alive)
        step = self.random.choice([*STEPS])
        log = f"logs/{step}.log" if step else ""
        until(lambda: not running.alive or ((at := folder()) and (at / log).exists()))
        time.sleep(self.random.uniform(0, pace * STEPS[step]))
        return running.alive

    def processes(self) -> list[int]:
        """The processes of the steps of all runs, working or waiting for their turn."""
        return step_processes(self.output)
