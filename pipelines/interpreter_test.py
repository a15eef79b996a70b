"""The interpreter over files that the KFP SDK compiles, with plain programs as container tasks."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Optional

import pytest
from kfp import compiler, dsl
from kfp.components import load_component_from_text

from pipelines.errors import PinionError
from pipelines.graph import Container, Pipeline
from pipelines.interpreter import Call, Interpreter, TaskFailedError
from pipelines.parameters import resolve

# Writes its arguments, but the last, as JSON to the path that the last one names.
WRITE = "import sys; open(sys.argv[2], 'w').write(sys.argv[1])"
RECORD = "import json, sys; json.dump(sys.argv[1:-1], open(sys.argv[-1], 'w'))"


class Programs:
    """A backend that starts a task's command as it stands."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def prepare(self, steps: Iterable[tuple[str, Container]]) -> None: ...

    def run(self, call: Call) -> None:
        self.calls.append(call)
        with call.log.open("ab") as log:
            done = subprocess.run(call.command, stdout=log, stderr=log, check=False)
        if done.returncode != 0:
            raise TaskFailedError(call.name, f"exit {done.returncode}", call.log)


class Events:
    """An observer that keeps what it saw."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def started(self, task: str) -> None:
        self.seen.append((task, "started"))

    def ended(self, task: str, state: str) -> None:
        self.seen.append((task, state))


class Run:
    """One pipeline function, compiled by the SDK and run."""

    def __init__(self, folder: Path, function: Any) -> None:
        compiler.Compiler().compile(function, str(folder / "pipeline.yaml"))
        self.backend, self.events, self.waits = Programs(), Events(), list[float]()
        self.interpreter = Interpreter(
            Pipeline.load(folder / "pipeline.yaml"),
            folder / "run",
            self.backend,
            self.events,
            self.sleep,
            lambda: sum(self.waits),
        )

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def __call__(self, **parameters: Any) -> "Run":
        declared = self.interpreter.pipeline.parameters
        defaults = {
            name: each.default for name, each in declared.items() if each.default is not None
        }
        self.interpreter.run({**defaults, **parameters})
        return self

    def recorded(self, task: str, output: str = "out") -> Any:
        return json.loads(self.interpreter.outputs[task].artifacts[output].read_text())


def step(name: str, inputs: str, args: str, outputs: str = "[{name: out, type: Dataset}]") -> Any:
    return load_component_from_text(f"""
name: {name}
inputs: {inputs}
outputs: {outputs}
implementation:
  container:
    image: pinion/{name}:1.0.0
    command: [{json.dumps(sys.executable)}, -c, {json.dumps(RECORD)}]
    args: {args}
""")


TEXT_STEP = step(
    "text",
    "[{name: value, type: String, default: unset}]",
    "[{inputValue: value}, {outputPath: out}]",
)


def test_types_defaults_and_artifacts_arrive(tmp_path: Path) -> None:
    typed = step(
        "typed",
        "[{name: seed, type: Integer}, {name: rate, type: Float, default: '0.25'},"
        " {name: params, type: JsonObject}, {name: flag, type: Boolean},"
        " {name: data, type: Dataset}]",
        "[{inputValue: seed}, {inputValue: rate}, {inputValue: params}, {inputValue: flag},"
        " {inputPath: data}, {outputPath: out}]",
    )

    @dsl.pipeline(name="types")
    def pipeline(seed: int = 3, params: dict = {"depth": 2, "l2": 0.5}, flag: bool = True) -> None:
        first = TEXT_STEP(value="a")
        typed(seed=seed, params=params, flag=flag, data=first.outputs["out"])

    run = Run(tmp_path, pipeline)(flag=False)
    seed, rate, params, flag, data = run.recorded("typed")
    assert (seed, rate, json.loads(params), flag) == ("3", "0.25", {"depth": 2, "l2": 0.5}, "false")
    assert Path(data).read_text() == '["a"]'


@pytest.mark.parametrize(
    "value", ['it\'s "quoted"', "$(reboot) `x` $HOME", "two\nlines", "-leading", "{{$}}", ""]
)
def test_a_text_reaches_the_step_unchanged(tmp_path: Path, value: str) -> None:
    @dsl.pipeline(name="texts")
    def pipeline(value: str = "x") -> None:
        TEXT_STEP(value=value)

    assert Run(tmp_path, pipeline)(value=value).recorded("text") == [value]


def test_a_text_composed_of_parameters(tmp_path: Path) -> None:
    @dsl.pipeline(name="composed")
    def pipeline(name: str = "x", seed: int = 4) -> None:
        TEXT_STEP(value=f"{name}-{seed}")

    assert Run(tmp_path, pipeline)(name="income").recorded("text") == ["income-4"]


@pytest.mark.parametrize(("register", "state"), [(True, "done"), (False, "skipped")])
def test_a_condition_decides(tmp_path: Path, register: bool, state: str) -> None:
    @dsl.pipeline(name="conditions")
    def pipeline(register: bool = False) -> None:
        first = TEXT_STEP(value="a").set_display_name("first")
        with dsl.If(register == True, "register"):  # noqa: E712
            second = TEXT_STEP(value="b").after(first)
            TEXT_STEP(value="c").after(second)

    events = Run(tmp_path, pipeline)(register=register).events.seen
    assert [event for event in events if event[1] != "started"] == [
        ("text", "done"),
        ("text-2", state),
        ("text-3", state),
    ]


@pytest.mark.parametrize(("score", "ran"), [("0.5", False), ("0.75", True)])
def test_a_condition_on_the_output_of_a_step(tmp_path: Path, score: str, ran: bool) -> None:
    scored = load_component_from_text(f"""
name: score
inputs: [{{name: score, type: String}}]
outputs: [{{name: number, type: Float}}]
implementation:
  container:
    image: pinion/score:1.0.0
    command: [{json.dumps(sys.executable)}, -c, {json.dumps(WRITE)}]
    args: [{{inputValue: score}}, {{outputPath: number}}]
""")

    @dsl.pipeline(name="on-output")
    def pipeline(score: str = "0") -> None:
        number = scored(score=score).outputs["number"]
        with dsl.If(number >= 0.75):
            TEXT_STEP(value="good")

    run = Run(tmp_path, pipeline)(score=score)
    assert ("text" in run.interpreter.outputs) == ran
    assert run.interpreter.outputs["score"].parameters == {"number": float(score)}


def test_a_pipeline_within_a_pipeline(tmp_path: Path) -> None:
    @dsl.pipeline(name="inner")
    def inner(value: str) -> dsl.Dataset:
        return TEXT_STEP(value=value).outputs["out"]

    read = step("read", "[{name: data, type: Dataset}]", "[{inputPath: data}, {outputPath: out}]")

    @dsl.pipeline(name="outer")
    def outer(value: str = "x") -> None:
        read(data=inner(value=value).output)

    run = Run(tmp_path, outer)(value="deep")
    assert run.recorded("inner.text") == ["deep"]
    assert run.recorded("read") == [str(tmp_path / "run" / "inner.text" / "out")]


def failing_until(tmp_path: Path, attempt: int) -> Any:
    """A step that notes each attempt, and succeeds from the given one on."""
    program = (
        "from pathlib import Path; import sys; notes, out = map(Path, sys.argv[1:]);"
        "count = len(notes.read_text()) + 1;"
        f"notes.write_text('x' * count); assert not out.exists();"
        f"out.write_text('half'); sys.exit(count < {attempt})"
    )
    (tmp_path / "notes").write_text("")
    return load_component_from_text(f"""
name: flaky
inputs: [{{name: notes, type: String}}]
outputs: [{{name: out, type: Dataset}}]
implementation:
  container:
    image: pinion/flaky:1.0.0
    command: [{json.dumps(sys.executable)}, -c, {json.dumps(program)}]
    args: [{{inputValue: notes}}, {{outputPath: out}}]
""")


@pytest.mark.parametrize(
    ("in_all", "waits", "ended"),
    [
        pytest.param("60s", [2.0, 6.0, 18.0], "done", id="in time"),
        pytest.param("20s", [2.0, 6.0], "failed", id="the next wait would be too long"),
    ],
)
def test_retries_with_growing_waits_and_a_clean_folder(
    tmp_path: Path, in_all: str, waits: list[float], ended: str
) -> None:
    flaky = failing_until(tmp_path, 4)

    @dsl.pipeline(name="retries")
    def pipeline(notes: str = "") -> None:
        flaky(notes=notes).set_retry(3, "2s", 3.0, in_all)

    run = Run(tmp_path, pipeline)
    with contextlib.suppress(TaskFailedError):
        run(notes=str(tmp_path / "notes"))
    assert run.waits == waits
    assert len(run.backend.calls) == len(waits) + 1
    assert run.events.seen[-1] == ("flaky", ended)


def test_an_environment_may_hold_placeholders(tmp_path: Path) -> None:
    @dsl.pipeline(name="environments")
    def pipeline() -> None:
        TEXT_STEP(value="a").set_env_variable("JOB", "{{$.pipeline_job_name}}/x")

    assert Run(tmp_path, pipeline)().backend.calls[0].environment == {"JOB": "run/x"}


def test_an_optional_parameter_may_be_left_out(tmp_path: Path) -> None:
    maybe = step(
        "maybe",
        "[{name: value, type: String, optional: true}]",
        "[{if: {cond: {isPresent: value}, then: [--value, {inputValue: value}]}},"
        " {outputPath: out}]",
    )

    @dsl.pipeline(name="optional")
    def pipeline(value: Optional[str] = None) -> None:  # noqa: UP007 - KFP reads this form
        maybe(value=value)

    run = Run(tmp_path, pipeline)
    assert resolve(run.interpreter.pipeline, [], None, None) == {}
    assert run().recorded("maybe") == []


def test_a_step_that_fails_ends_the_run(tmp_path: Path) -> None:
    flaky = failing_until(tmp_path, 9)

    @dsl.pipeline(name="failing")
    def pipeline(notes: str = "") -> None:
        failed = flaky(notes=notes).set_retry(1, "0s")
        TEXT_STEP(value="never").after(failed)

    run = Run(tmp_path, pipeline)
    with pytest.raises(TaskFailedError, match="step 'flaky' failed: exit 1") as caught:
        run(notes=str(tmp_path / "notes"))
    assert caught.value.task == "flaky"
    assert len(run.backend.calls) == 2
    assert run.events.seen == [("flaky", "started"), ("flaky", "failed")]


def test_a_success_without_its_output_is_a_failure(tmp_path: Path) -> None:
    silent = load_component_from_text(f"""
name: silent
outputs: [{{name: out, type: Dataset}}]
implementation:
  container:
    image: pinion/silent:1.0.0
    command: [{json.dumps(sys.executable)}, -c, pass, {{outputPath: out}}]
""")

    @dsl.pipeline(name="silent")
    def pipeline() -> None:
        silent()

    with pytest.raises(TaskFailedError, match="it ended well but wrote no 'out'"):
        Run(tmp_path, pipeline)()


def loop(pipeline_step: Any) -> Callable[[], None]:
    def pipeline() -> None:
        with dsl.ParallelFor(["a", "b"]) as item:
            pipeline_step(value=item)

    return pipeline


def exit_handler(pipeline_step: Any) -> Callable[[], None]:
    def pipeline() -> None:
        with dsl.ExitHandler(pipeline_step(value="last")):
            pipeline_step(value="first")

    return pipeline


def importer(_step: Any) -> Callable[[], None]:
    def pipeline() -> None:
        dsl.importer(artifact_uri="s3://bucket/key", artifact_class=dsl.Dataset)

    return pipeline


@pytest.mark.parametrize(
    ("function", "named"),
    [
        pytest.param(loop, "parameterIterator", id="loop"),
        pytest.param(exit_handler, "triggerPolicy.strategy", id="exit handler"),
        pytest.param(importer, "deploymentSpec.executors.exec-importer.importer", id="importer"),
    ],
)
def test_names_what_it_does_not_know_before_anything_starts(
    tmp_path: Path, function: Callable[[Any], Any], named: str
) -> None:
    with pytest.raises(PinionError, match="is not supported by this runner") as caught:
        Run(tmp_path, dsl.pipeline(function(TEXT_STEP), name="unknown"))
    assert named in str(caught.value)
