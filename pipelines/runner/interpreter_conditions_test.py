"""`dsl.If`, `Elif`, `Else` and `OneOf`, modeled on the examples in KFP's documentation."""

from pathlib import Path
from typing import List  # noqa: UP035 - KFP reads this form

import pytest
from kfp import dsl

from pipelines.runner.interpreter_testing import TEXT_STEP, Run, program, step

NUMBER = program(
    "number",
    "import sys; open(sys.argv[2], 'w').write(sys.argv[1])",
    "[{name: text, type: String}]",
    "[{inputValue: text}, {outputPath: number}]",
    "[{name: number, type: Float}]",
)


@dsl.component(install_kfp_package=False)
def flip_coin(side: str) -> str:
    return side


@dsl.component(install_kfp_package=False)
def tell(message: str, told: dsl.Output[dsl.Dataset]) -> str:
    with open(told.path, "w") as file:  # noqa: PTH123 - KFP takes this source alone
        file.write(message.upper())
    return message


READ = step("read", "[{name: data, type: Dataset}]", "[{inputPath: data}, {outputPath: out}]")


@pytest.mark.parametrize(
    ("side", "message", "ran"),
    [("heads", "it is heads", "tell"), ("tails", "tails it is", "tell-2"), ("edge", "?", "tell-3")],
)
def test_one_of_three_branches_gives_a_parameter_and_an_artifact(
    tmp_path: Path, side: str, message: str, ran: str
) -> None:
    @dsl.pipeline(name="coin")
    def pipeline(side: str = "heads") -> str:
        coin = flip_coin(side=side)
        with dsl.If(coin.output == "heads", "heads"):
            first = tell(message="it is heads")
        with dsl.Elif(coin.output == "tails"):
            second = tell(message="tails it is")
        with dsl.Else():
            third = tell(message="?")
        told = [branch.outputs["told"] for branch in (first, second, third)]
        READ(data=dsl.OneOf(*told))
        message = dsl.OneOf(*[branch.outputs["Output"] for branch in (first, second, third)])
        TEXT_STEP(value=message)
        return message

    run = Run(tmp_path, pipeline)(side=side)
    assert run.recorded("text") == [message]
    assert Path(run.recorded("read")[0]).read_text() == message.upper()
    branches = {"tell", "tell-2", "tell-3"}
    states = run.events.states()
    assert {name for name in branches if states[name] == "succeeded"} == {ran}
    assert {states[name] for name in branches - {ran}} == {"skipped"}


@pytest.mark.parametrize(("register", "state"), [(True, "succeeded"), (False, "skipped")])
def test_a_condition_on_a_parameter_decides_for_what_follows_too(
    tmp_path: Path, register: bool, state: str
) -> None:
    @dsl.pipeline(name="conditions")
    def pipeline(register: bool = False) -> None:
        first = TEXT_STEP(value="a").set_display_name("first")
        with dsl.If(register == True, "register"):  # noqa: E712 - KFP reads the comparison
            second = TEXT_STEP(value="b").after(first)
            TEXT_STEP(value="c").after(second)

    run = Run(tmp_path, pipeline)(register=register)
    assert run.events.states() == {"text": "succeeded", "text-2": state, "text-3": state}


@pytest.mark.parametrize(("score", "ran"), [("0.5", False), ("0.75", True)])
def test_a_condition_on_the_output_of_a_step(tmp_path: Path, score: str, ran: bool) -> None:
    @dsl.pipeline(name="on-output")
    def pipeline(score: str = "0") -> None:
        with dsl.If(NUMBER(text=score).outputs["number"] >= 0.75):
            TEXT_STEP(value="good")

    run = Run(tmp_path, pipeline)(score=score)
    assert ("text" in run.interpreter.outputs) == ran
    assert run.interpreter.outputs["number"].parameters == {"number": float(score)}


DECIDE = program(
    "decide",
    "import sys\n"
    "for text, path in zip(sys.argv[1:3], sys.argv[3:]): open(path, 'w').write(text)",
    "[{name: retrain, type: String}, {name: why, type: String}]",
    "[{inputValue: retrain}, {inputValue: why}, {outputPath: retrain}, {outputPath: why}]",
    "[{name: retrain, type: Boolean}, {name: why, type: String}]",
)


def test_a_step_that_decides_gives_the_reason(tmp_path: Path) -> None:
    @dsl.pipeline(name="decided")
    def pipeline(retrain: str = "", register: bool = True) -> None:
        decided = DECIDE(retrain=retrain, why="same_data")
        with dsl.If(decided.outputs["retrain"] == True, "retrain"):  # noqa: E712
            train = TEXT_STEP(value=decided.outputs["why"])
            with dsl.If(register == True, "register"):  # noqa: E712
                TEXT_STEP(value="registered").after(train)

    run = Run(tmp_path, pipeline)(retrain="false")
    assert run.events.states() == {"decide": "succeeded", "text": "skipped", "text-2": "skipped"}
    assert {run.events.why["text"], run.events.why["text-2"]} == {"decide: same_data"}
    assert run.interpreter.outputs["decide"].parameters == {"retrain": False, "why": "same_data"}

    run = Run(tmp_path / "again", pipeline)(retrain="true", register=False)
    assert run.recorded("text") == ["same_data"]
    assert run.events.why["text-2"] == "its condition is false"


@pytest.mark.parametrize(
    ("size", "kind", "ran"),
    [(1, "a", set()), (5, "a", {"text"}), (5, "b", {"text-2"}), (50, "b", {"text-3"})],
)
def test_conditions_within_conditions(tmp_path: Path, size: int, kind: str, ran: set[str]) -> None:
    @dsl.pipeline(name="nested")
    def pipeline(size: int = 0, kind: str = "") -> None:
        with dsl.If(size > 2):
            with dsl.If(size < 10):
                with dsl.If(kind == "a"):
                    TEXT_STEP(value="a")
                with dsl.Else():
                    TEXT_STEP(value="b")
            with dsl.Else():
                TEXT_STEP(value="large")

    assert set(Run(tmp_path, pipeline)(size=size, kind=kind).interpreter.outputs) == ran


def test_one_of_within_a_loop_decides_for_every_item(tmp_path: Path) -> None:
    @dsl.pipeline(name="in-a-loop")
    def pipeline(numbers: List[int] = [1, 5, 7]) -> None:  # noqa: UP006
        with dsl.ParallelFor(numbers) as number:
            with dsl.If(number > 4):
                large = flip_coin(side=f"large {number}")
            with dsl.Else():
                small = flip_coin(side=f"small {number}")
            TEXT_STEP(value=dsl.OneOf(large.output, small.output))

    run = Run(tmp_path, pipeline)()
    texts = [run.recorded(f"text.{index}") for index in range(3)]
    assert texts == [["small 1"], ["large 5"], ["large 7"]]
    assert run.events.states()["flip-coin.0"] == "skipped"
    assert run.output("flip-coin.1") == "large 5"
