"""The interpreter over files that the KFP SDK compiles: values and artifacts between steps."""

import json
from pathlib import Path
from typing import Optional

import pytest
from kfp import dsl

from pipelines.compiled.parameters import resolve
from pipelines.runner.interpreter_testing import TEXT_STEP, Run, program, step
from pipelines.runner.task.backend import TaskFailedError


def test_types_constants_and_artifacts_arrive(tmp_path: Path) -> None:
    typed = step(
        "typed",
        "[{name: seed, type: Integer}, {name: rate, type: Float},"
        " {name: params, type: JsonObject}, {name: flag, type: Boolean},"
        " {name: data, type: Dataset}]",
        "[{inputValue: seed}, {inputValue: rate}, {inputValue: params}, {inputValue: flag},"
        " {inputPath: data}, {outputPath: out}]",
    )

    @dsl.pipeline(name="types")
    def pipeline(seed: int = 3, params: dict = {"depth": 2, "l2": 0.5}, flag: bool = True) -> None:
        first = TEXT_STEP(value="a")
        typed(seed=seed, rate=0.25, params=params, flag=flag, data=first.outputs["out"])

    run = Run(tmp_path, pipeline)(flag=False)
    seed, rate, params, flag, data = run.recorded("typed")
    assert (seed, rate, json.loads(params), flag) == ("3", "0.25", {"depth": 2, "l2": 0.5}, "false")
    assert Path(data).read_text() == '["a"]'


@pytest.mark.parametrize(
    "value",
    [
        'it\'s "quoted"',
        "$(reboot) `x` $HOME",
        "two\nlines",
        "-leading",
        "{{$}}",
        "{{$.inputs.parameters['value']}}",
        "",
    ],
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
    assert resolve(run.interpreter.pipeline.parameters, [], None, None) == {}
    assert run().recorded("maybe") == []


def test_a_success_without_its_output_is_a_failure(tmp_path: Path) -> None:
    silent = program("silent", "pass", "[]", "[{outputPath: out}]", "[{name: out, type: Dataset}]")

    @dsl.pipeline(name="silent")
    def pipeline() -> None:
        silent()

    with pytest.raises(
        TaskFailedError, match="it exited with 0 but did not write its output 'out'"
    ):
        Run(tmp_path, pipeline)()


def test_names_of_the_run_and_of_the_step_arrive_in_a_value(tmp_path: Path) -> None:
    @dsl.pipeline(name="names")
    def pipeline() -> None:
        TEXT_STEP(value=dsl.PIPELINE_JOB_NAME_PLACEHOLDER)
        TEXT_STEP(value=dsl.PIPELINE_TASK_NAME_PLACEHOLDER)

    run = Run(tmp_path, pipeline)()
    assert [run.recorded(name) for name in ("text", "text-2")] == [["run"], ["text-2"]]
