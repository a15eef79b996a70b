"""The target of a fault: a command that runs in a folder of its own."""

import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.chaos.gate import Gate
from tests.chaos.pace import Pace
from tests.chaos.server import Server
from tests.chaos.waiting import PATIENCE, until
from tests.running import command, environment, params, run_folders, step_processes

MODEL = "chaos"


@dataclass(frozen=True)
class Running:
    """A started run; its output goes to files, which survive a kill."""

    process: "subprocess.Popen[bytes]"
    printed: Path
    # The runs that existed before.
    before: frozenset[str]
    gate: Gate | None = None

    @property
    def alive(self) -> bool:
        """Whether it is still running."""
        return self.process.poll() is None

    @property
    def text(self) -> str:
        """Its output so far."""
        return self.printed.read_text(errors="replace")

    def go_on(self) -> None:
        """Release it if it is held."""
        if self.gate:
            self.gate.open()

    def end(self, *codes: int) -> None:
        """Wait for its end, and check its exit code and, after a failure, its error line."""
        self.go_on()
        code = self.process.wait(PATIENCE)
        assert code in codes, f"exit code {code}, not one of {codes}: {self.text}"
        assert "Traceback" not in self.text, self.text
        if code > 0:
            last = (self.text.strip().splitlines() or [""])[-1]
            assert last.startswith("pipelines.run: error: "), self.text


@dataclass
class Scene:
    """A command, the folder that it works in, and the randomness of its fault.

    `uri` is MLflow's address, empty for the store in the folder; `output` is the folder of the
    runs, and `given` holds more parameters of the command. A fault strikes at a random moment of a
    step, according to `pace`, or at the one request to MLflow that contains the text `held`.
    """

    folder: Path
    random: Random
    server: Server
    output: Path
    uri: str = ""
    cached: bool = True
    name: str = MODEL
    given: tuple[str, ...] = ()
    pace: Pace = field(default_factory=Pace)
    held: str = ""
    started: list[Running] = field(default_factory=list)
    _gate: Gate | None = None

    @property
    def runs(self) -> list[str]:
        """The names of the runs so far."""
        return [folder.name for folder in run_folders(self.output)]

    def start(self, limit: Callable[[], None] | None = None) -> Running:
        """Start the command, which is always the same; call `limit` in its process first."""
        given = params(model="logistic_regression", registered_model_name=self.name)
        flags = ["--register", *([] if self.cached else ["--no-cache"])]
        if self.held and not self._gate:
            self._gate = Gate(self.server.network, self.held)
        return self.launch(
            command(self.output, *flags, *given, *self.given),
            env=environment(**({"MLFLOW_TRACKING_URI": self.uri} if self.uri else {})),
            preexec_fn=limit,
        )

    def launch(self, words: Sequence[str | Path], **options: Any) -> Running:
        """Start a command that makes a run in the output folder, with options of `Popen`."""
        printed, before = self.folder / f"printed-{len(self.started)}", frozenset(self.runs)
        with printed.open("wb") as file:
            process = subprocess.Popen(
                words, stdout=file, stderr=file, start_new_session=True, **options
            )
        self.started.append(Running(process, printed, before, self._gate))
        return self.started[-1]

    def again(self) -> None:
        """Repeat the command, which must succeed."""
        self.start().end(0)

    @property
    def last(self) -> Path:
        """The folder of the run that was started last."""
        (name,) = set(self.runs) - self.started[-1].before
        return self.output / name

    def close(self) -> None:
        """End the processes that a failure left."""
        for running in self.started:
            running.go_on()
            running.process.kill()
            running.process.wait()

    def moment(self, running: Running, share: float = 1) -> bool:
        """Wait for a moment within the given share of a step's time.

        Return whether the run is still running then.
        """
        if gate := self._gate:
            until(lambda: gate.reached.is_set() or not running.alive)
            return running.alive

        def folder() -> Path | None:
            new = sorted(set(self.runs) - running.before)
            return self.output / new[0] if new else None

        # Until the folder exists, Python itself is still starting.
        until(lambda: folder() or not running.alive)
        step = self.random.choice([*self.pace.seconds])
        log = f"logs/{step}.log" if step else ""
        until(lambda: not running.alive or ((at := folder()) and (at / log).exists()))
        time.sleep(self.random.uniform(0, share * self.pace.seconds[step]))
        return running.alive

    def processes(self) -> list[int]:
        """Return the processes of the steps of all runs, working or waiting for their turn."""
        return step_processes(self.output)
