from pathlib import Path

import pytest
from kfp import compiler, dsl

from pipelines.compiled.container import Limits
from pipelines.compiled.graph import Pipeline
from pipelines.runner.interpreter_testing import TEXT_STEP, Run
from pipelines.runner.task.backend import TaskFailedError
from pipelines.system.errors import PinionError


@pytest.mark.parametrize(
    ("memory", "amount"),
    [
        ("512", 512),
        ("1Ki", 1024),
        ("2Mi", 2 * 1024**2),
        ("1.5Gi", 3 * 1024**3 // 2),
        ("1Ti", 1024**4),
        ("3k", 3000),
        ("4M", 4_000_000),
        ("5G", 5 * 10**9),
        ("6T", 6 * 10**12),
        ("7e3", 7000),
        ("12E+2", 1200),
        ("2E", 2 * 10**18),
        ("1500m", 2),
        (".5k", 500),
        ("", None),
        ("0", None),
    ],
)
def test_memory(memory: str, amount: int | None) -> None:
    assert Limits.parse(memory, "") == Limits(amount, None)


@pytest.mark.parametrize(("cpu", "cores"), [("250m", 0.25), ("2", 2.0), ("1.5", 1.5), ("", None)])
def test_cores(cpu: str, cores: float | None) -> None:
    assert Limits.parse("", cpu) == Limits(None, cores)


@pytest.mark.parametrize("text", ["lots", "1GB", "-1", "1 Gi", "Gi", "1e", "1.2.3", "inf"])
def test_a_text_that_is_not_a_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quantity, such as 500m, 2 or 1.5Gi"):
        Limits.parse(text, "")


def test_the_limits_of_a_compiled_file_reach_the_call(tmp_path: Path) -> None:
    @dsl.pipeline(name="limits")
    def pipeline(memory: str = "3Gi") -> None:
        TEXT_STEP(value="a").set_memory_limit("2Gi").set_cpu_limit("1500m")
        TEXT_STEP(value="b").set_memory_limit(memory)
        TEXT_STEP(value="c").set_memory_request("1Gi").set_cpu_request("1")

    run = Run(tmp_path, pipeline)()
    assert {call.name: call.limits for call in run.backend.calls} == {
        "text": Limits(2 * 1024**3, 1.5),
        "text-2": Limits(3 * 1024**3),
        "text-3": Limits(),
    }


def test_a_parameter_that_is_not_a_quantity_fails_the_step_with_that_limit(tmp_path: Path) -> None:
    @dsl.pipeline(name="limits")
    def pipeline(memory: str = "3Gi") -> None:
        TEXT_STEP(value="b").set_memory_limit(memory)

    with pytest.raises(
        TaskFailedError, match="step 'text' failed: its limit 'lots' is not a quantity"
    ):
        Run(tmp_path, pipeline)(memory="lots")


@pytest.mark.parametrize(
    ("strings", "numbers", "expected"),
    [
        pytest.param("resourceMemoryLimit: 2G\n", "", ("2G", ""), id="KFP 2.17"),
        pytest.param("", "memoryLimit: 1.5\n", ("1.500000G", ""), id="before"),
    ],
)
def test_limits_of_older_files_are_numbers(
    tmp_path: Path, strings: str, numbers: str, expected: tuple[str, str]
) -> None:
    @dsl.pipeline(name="limits")
    def pipeline() -> None:
        TEXT_STEP(value="a").set_memory_limit("2G")

    file = tmp_path / "pipeline.yaml"
    compiler.Compiler().compile(pipeline, str(file))
    lines = file.read_text().splitlines(keepends=True)
    written = [line for line in lines if "emoryLimit" in line]
    indent = written[0][: len(written[0]) - len(written[0].lstrip())]
    kept = [line for line in lines if line not in written[1:]]
    text = "".join(indent + (strings or numbers) if line == written[0] else line for line in kept)
    file.write_text(text)
    ((_, container),) = Pipeline.load(file).graph.steps()
    assert (container.memory, container.cpu) == expected


def test_accelerators_are_read_so_that_runners_can_name_them(tmp_path: Path) -> None:
    @dsl.pipeline(name="accelerators")
    def pipeline() -> None:
        TEXT_STEP(value="a").set_accelerator_type("nvidia.com/gpu").set_accelerator_limit(2)
        TEXT_STEP(value="b")

    steps = dict(Run(tmp_path, pipeline).pipeline.graph.steps())
    assert steps["text"].accelerators == "nvidia.com/gpu x 2"
    assert steps["text-2"].accelerators == ""


def test_a_constant_that_is_not_a_quantity_is_refused_before_the_run(tmp_path: Path) -> None:
    @dsl.pipeline(name="limits")
    def pipeline() -> None:
        TEXT_STEP(value="a").set_memory_limit("2Gi")

    file = tmp_path / "pipeline.yaml"
    compiler.Compiler().compile(pipeline, str(file))
    file.write_text(file.read_text().replace("2Gi", "2 GB"))
    with pytest.raises(PinionError, match="the memory limit '2 GB' is not a quantity"):
        Pipeline.load(file)
