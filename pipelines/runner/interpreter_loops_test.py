"""`dsl.ParallelFor` and `dsl.Collected`, modeled on the examples in KFP's documentation."""

import threading
from pathlib import Path
from typing import Dict, List  # noqa: UP035 - KFP reads this form

import pytest
from kfp import dsl

from pipelines.runner.interpreter_testing import TEXT_STEP, HostPrograms, Run, step
from pipelines.runner.task.backend import Call, TaskFailedError
from pipelines.system.errors import PinionError


@dsl.component(install_kfp_package=False)
def double(number: int) -> int:
    return 2 * number


@dsl.component(install_kfp_package=False)
def add(numbers: List[int]) -> int:  # noqa: UP006
    return sum(numbers)


@dsl.component(install_kfp_package=False)
def write_down(numbers: List[List[int]]) -> str:  # noqa: UP006
    return repr(numbers)


@dsl.component(install_kfp_package=False)
def make_rows() -> List[List[int]]:  # noqa: UP006
    return [[1, 2], [], [3]]


@dsl.component(install_kfp_package=False)
def make_models() -> List[Dict[str, str]]:  # noqa: UP006
    return [{"kind": "ridge", "of": "linear"}, {"kind": "forest", "of": "trees"}]


PAIR = step(
    "pair",
    "[{name: first, type: String}, {name: second, type: String}]",
    "[{inputValue: first}, {inputValue: second}, {outputPath: out}]",
)


def test_a_constant_list(tmp_path: Path) -> None:
    @dsl.pipeline(name="constant")
    def pipeline() -> None:
        with dsl.ParallelFor(["it's", "$(b)", "-c {{$}}"]) as item:
            TEXT_STEP(value=item)

    run = Run(tmp_path, pipeline)()
    texts = [run.recorded(f"text.{index}") for index in range(3)]
    assert texts == [["it's"], ["$(b)"], ["-c {{$}}"]]
    logs = tmp_path / "run" / "logs"
    assert {log.name for log in logs.iterdir()} == {"text.0.log", "text.1.log", "text.2.log"}


@pytest.mark.parametrize(
    ("numbers", "total", "doubled"),
    [([4, 1, 9], 28, {"double.0": 8, "double.1": 2, "double.2": 18}), ([], 0, {})],
)
def test_a_parameter_is_looped_over_and_collected(
    tmp_path: Path, numbers: list[int], total: int, doubled: dict[str, int]
) -> None:
    @dsl.pipeline(name="collected")
    def pipeline(numbers: List[int] = [0]) -> int:  # noqa: UP006
        with dsl.ParallelFor(numbers) as number:
            twice = double(number=number)
        return add(numbers=dsl.Collected(twice.output)).output

    run = Run(tmp_path, pipeline)(numbers=numbers)
    assert run.output("add") == total
    outputs = {name: run.output(name) for name in run.interpreter.outputs if name != "add"}
    assert outputs == doubled


def test_loops_within_loops_collect_lists_of_lists_in_the_order_of_items(tmp_path: Path) -> None:
    @dsl.pipeline(name="nested")
    def pipeline() -> str:
        with dsl.ParallelFor(make_rows().output) as row:
            with dsl.ParallelFor(row) as number:
                twice = double(number=number)
            add(numbers=dsl.Collected(twice.output))
        return write_down(numbers=dsl.Collected(twice.output)).output

    run = Run(tmp_path, pipeline, jobs=1)()
    assert run.output("write-down") == "[[2, 4], [], [6]]"
    assert [run.output(f"add.{index}") for index in range(3)] == [6, 0, 6]
    assert {name for name in run.interpreter.outputs if name.startswith("double")} == {
        "double.0.0",
        "double.0.1",
        "double.2.0",
    }


@pytest.mark.parametrize("made", [True, False], ids=["of a step", "a parameter"])
def test_the_members_of_objects(tmp_path: Path, made: bool) -> None:
    @dsl.pipeline(name="members")
    def pipeline(models: List[Dict[str, str]] = []) -> None:  # noqa: UP006
        with dsl.ParallelFor(make_models().output if made else models) as model:
            PAIR(first=model.kind, second=model.of)

    given = [{"kind": "ridge", "of": "linear"}, {"kind": "forest", "of": "trees"}]
    run = Run(tmp_path, pipeline)(models=given)
    assert run.recorded("pair.0") == ["ridge", "linear"]
    assert run.recorded("pair.1") == ["forest", "trees"]


def test_the_members_of_constant_objects_keep_their_types(tmp_path: Path) -> None:
    @dsl.pipeline(name="constants")
    def pipeline() -> None:
        with dsl.ParallelFor([{"size": 3}, {"size": 7}]) as item:
            double(number=item.size)
            with dsl.If(item.size > 5):
                TEXT_STEP(value="large")

    run = Run(tmp_path, pipeline)()
    assert (run.output("double.0"), run.output("double.1")) == (6, 14)
    assert run.recorded("text.1") == ["large"]
    assert run.events.states()["text.0"] == "skipped"


def test_an_object_without_the_member_fails_its_own_steps(tmp_path: Path) -> None:
    @dsl.pipeline(name="without")
    def pipeline(items: List[Dict[str, str]] = []) -> None:  # noqa: UP006
        with dsl.ParallelFor(items) as item:
            TEXT_STEP(value=item.a)

    run = Run(tmp_path, pipeline)
    with pytest.raises(TaskFailedError, match=r"step 'text\.1' failed: .*has no member 'a'"):
        run(items=[{"a": "x"}, {"b": "y"}])
    assert run.events.states() == {"text.0": "succeeded", "text.1": "failed"}


def test_items_that_a_condition_leaves_out_are_not_collected(tmp_path: Path) -> None:
    @dsl.pipeline(name="left-out")
    def pipeline(numbers: List[int] = [1, 5, 7]) -> None:  # noqa: UP006
        with dsl.ParallelFor(numbers) as number, dsl.If(number > 4):
            twice = double(number=number)
        add(numbers=dsl.Collected(twice.output))

    assert Run(tmp_path, pipeline)().output("add") == 24


@dsl.pipeline(name="inner")
def inner(text: str) -> None:
    with dsl.ParallelFor(["x", "y"]) as item:
        PAIR(first=item, second=text)


def test_a_pipeline_in_a_loop_and_a_loop_in_a_pipeline(tmp_path: Path) -> None:
    @dsl.pipeline(name="outer")
    def pipeline() -> None:
        with dsl.ParallelFor(["p", "q"]) as item:
            inner(text=item)

    run = Run(tmp_path, pipeline)()
    pairs = {name: run.recorded(name) for name in run.interpreter.outputs if "pair" in name}
    assert pairs == {
        "inner.0.pair.0": ["x", "p"],
        "inner.0.pair.1": ["y", "p"],
        "inner.1.pair.0": ["x", "q"],
        "inner.1.pair.1": ["y", "q"],
    }


class Counting(HostPrograms):
    """A backend that counts concurrent tasks; each waits until `expected` of them have run."""

    def __init__(self, expected: int) -> None:
        super().__init__()
        self.running, self.most, self._counts = 0, 0, threading.Condition()
        self.expected = expected

    def run(self, call: Call) -> None:
        with self._counts:
            self.running += 1
            self.most = max(self.most, self.running)
            self._counts.notify_all()
            assert self._counts.wait_for(lambda: self.most >= self.expected, 60)
        super().run(call)
        with self._counts:
            self.running -= 1


@pytest.mark.parametrize(
    ("parallelism", "jobs", "at_once"), [(2, 8, 2), (1, 8, 1), (None, 3, 3), (4, 1, 1)]
)
def test_parallelism_and_jobs_are_kept(
    tmp_path: Path, parallelism: int | None, jobs: int, at_once: int
) -> None:
    @dsl.pipeline(name="parallelism")
    def pipeline() -> None:
        with dsl.ParallelFor(["a", "b", "c", "d", "e", "f"], parallelism=parallelism) as item:
            TEXT_STEP(value=item)

    run = Run(tmp_path, pipeline, jobs)
    backend = run.interpreter.backend = Counting(at_once)
    run()
    assert backend.most == at_once
    assert len(run.interpreter.outputs) == 6


def test_what_is_not_a_list_fails_only_its_loop(tmp_path: Path) -> None:
    @dsl.pipeline(name="no-list")
    def pipeline(rows: List[List[str]] = []) -> None:  # noqa: UP006
        with dsl.ParallelFor(rows) as row, dsl.ParallelFor(row) as item:
            TEXT_STEP(value=item)

    run = Run(tmp_path, pipeline)
    with pytest.raises(PinionError, match=r"step 'for-loop-2\.1' failed: its input .*: 7 is not"):
        run(rows=[["a"], 7, ["b"]])
    assert run.events.states() == {
        "text.0.0": "succeeded",
        "for-loop-2.1": "failed",
        "text.1": "skipped",
        "text.2.0": "succeeded",
    }
