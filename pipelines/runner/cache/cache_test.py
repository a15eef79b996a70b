"""Which outputs of earlier runs are used, and what is reported, with real programs."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, List  # noqa: UP035 - KFP reads the annotations

import pytest
from kfp import dsl

from pipelines.runner.cache.cache_testing import UPPER, Runs, chain, ran
from pipelines.runner.interpreter_testing import TEXT_STEP, Events, program
from pipelines.runner.task.backend import TaskFailedError


@pytest.fixture()
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def test_an_equal_run_runs_no_step_and_has_all_outputs_and_logs(runs: Runs) -> None:
    first, second = runs(chain), runs(chain)
    assert (ran(first), ran(second)) == (["join", "upper"], [])
    assert second.events.states() == {"upper": "cached", "join": "cached"}
    assert second.events.why == {"upper": "from run run1", "join": "from run run1"}
    assert (runs.folder / "run2/run/upper/out").read_text() == "A"
    assert json.loads((runs.folder / "run2/run/join/out").read_text()) == ["c"]
    assert sorted(path.name for path in (runs.folder / "run2/run/logs").iterdir()) == [
        "join.log",
        "upper.log",
    ]


def test_a_changed_parameter_runs_its_task_and_is_named(runs: Runs) -> None:
    runs(chain)
    run = runs(chain, word="d")
    assert ran(run) == ["join"]
    assert run.events.why == {"upper": "from run run1", "join": "changed: word"}
    assert run.recorded("join") == ["d"]


def test_a_changed_input_runs_the_steps_after_it(runs: Runs) -> None:
    runs(chain)
    run = runs(chain, text="z")
    assert run.events.why == {"upper": "changed: text", "join": "changed: left"}


def test_only_steps_that_will_run_are_prepared(runs: Runs) -> None:
    upper, join = "pinion/upper:1.0.0", "pinion/join:1.0.0"
    assert runs(chain).backend.warmed == [[upper, join]]
    assert runs(chain).backend.warmed == []
    assert runs(chain, word="d").backend.warmed == [[join]]
    assert runs(chain, text="z").backend.warmed == [[upper, join]]


def test_a_rerun_step_with_equal_outputs_does_not_rerun_the_next(runs: Runs) -> None:
    runs(chain)
    run = runs(chain, unused="other")
    assert ran(run) == ["upper"]
    assert run.events.why["join"] == "from run run1"


def test_outputs_of_any_earlier_run_are_used_not_only_of_the_last(runs: Runs) -> None:
    for word in ("c", "d"):
        runs(chain, word=word)
    assert runs(chain, word="c").events.why["join"] == "from run run1"


def environment(**variables: str) -> Any:
    @dsl.pipeline(name="variables")
    def pipeline() -> None:
        task = TEXT_STEP(value="x")
        for name, value in variables.items():
            task.set_env_variable(name, value)

    return pipeline


def test_variables_count_except_those_that_name_the_release(runs: Runs) -> None:
    first = {"PINION_RELEASE": "1.0.0", "PINION_COMPONENTS": "a=1", "LEVEL": "1"}
    runs(environment(**first))
    other = {**first, "PINION_RELEASE": "1.1.0", "PINION_COMPONENTS": "a=2"}
    assert ran(runs(environment(**other))) == []
    assert runs(environment(**{**other, "LEVEL": "2"})).events.why == {
        "text": "changed: environment"
    }


def test_a_changed_program_runs_its_steps(runs: Runs) -> None:
    runs(chain)
    run = runs.prepared(chain)
    assert run.interpreter.cache
    run.interpreter.cache.program = lambda image: f"new {image}"
    assert run().events.why == {"upper": "changed: code", "join": "changed: code"}


def test_steps_with_a_new_program_are_prepared_before_the_first_starts(runs: Runs) -> None:
    runs(chain)
    run = runs.prepared(chain)
    assert run.interpreter.cache
    run.interpreter.cache.program = lambda image: image.replace("join:1", "join:2")
    run.interpreter.warm_ahead()
    assert run.backend.warmed == [["pinion/join:1.0.0"]]
    assert ran(run()) == ["join"]
    assert run.backend.warmed == [["pinion/join:1.0.0"]]


def test_a_failed_task_runs_again(runs: Runs) -> None:
    flag = runs.folder / "flag"
    careful = program(
        "careful",
        "import pathlib, sys; pathlib.Path(sys.argv[2]).write_text('x');"
        " sys.exit(not pathlib.Path(sys.argv[1]).exists())",
        "[{name: flag, type: String}]",
        "[{inputValue: flag}, {outputPath: out}]",
        "[{name: out, type: Dataset}]",
    )

    @dsl.pipeline(name="failing")
    def pipeline(flag: str = "") -> None:
        careful(flag=flag)

    for _ in range(2):
        with pytest.raises(TaskFailedError):
            runs(pipeline, flag=str(flag))
    flag.touch()
    assert ran(runs(pipeline, flag=str(flag))) == ["careful"]
    assert ran(runs(pipeline, flag=str(flag))) == []


def test_editing_an_output_in_a_run_does_not_change_the_cache(runs: Runs) -> None:
    runs(chain)
    (runs.folder / "run1/run/upper/out").write_text("edited")
    run = runs(chain)
    assert ran(run) == []
    assert (runs.folder / "run2/run/upper/out").read_text() == "A"


def test_damage_in_the_cache_is_found_and_repaired(runs: Runs) -> None:
    runs(chain)
    (kept,) = (path for path in runs.cache.glob("entries/*/folder/out") if path.read_text() == "A")
    kept.write_text("B")
    run = runs(chain)
    assert run.events.why == {
        "upper": "the cached outputs of run run1 are damaged",
        "join": "from run run1",
    }
    assert ran(runs(chain)) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param(
            lambda task: task.set_caching_options(False),
            "caching is off for this step",
            id="caching is off",
        ),
        pytest.param(
            lambda task: task.set_env_variable("RUN", dsl.PIPELINE_JOB_ID_PLACEHOLDER),
            "it uses the name of the run",
            id="it uses the name of the run",
        ),
    ],
)
def test_a_step_that_is_never_cached(runs: Runs, change: Callable[[Any], Any], why: str) -> None:
    @dsl.pipeline(name="never")
    def pipeline() -> None:
        change(TEXT_STEP(value="x"))

    for _ in range(2):
        # A release may be from before the name of the run was refused where KFP leaves it out.
        run = runs.prepared(pipeline, released=True)()
        assert (ran(run), run.events.why) == (["text"], {"text": why})


def test_an_exit_step_is_never_cached(runs: Runs) -> None:
    @dsl.pipeline(name="exits")
    def pipeline() -> None:
        with dsl.ExitHandler(TEXT_STEP(value="goodbye")):
            UPPER(text="a", unused="b")

    runs(pipeline)
    run = runs(pipeline)
    assert ran(run) == ["text"]
    assert run.events.why == {
        "upper": "from run run1",
        "text": "it depends on how other steps ended",
    }


def test_equal_items_of_a_loop_run_once_in_any_order(runs: Runs) -> None:
    def loop(items: List[str]) -> Any:  # noqa: UP006
        @dsl.pipeline(name="loop")
        def pipeline() -> None:
            with dsl.ParallelFor(items) as item:
                TEXT_STEP(value=item)

        return pipeline

    run = runs(loop(["a", "b", "a"]))
    assert len(run.backend.calls) == 2
    assert [run.recorded(f"text.{n}") for n in range(3)] == [["a"], ["b"], ["a"]]
    turned = runs(loop(["c", "b", "a"]))
    assert ran(turned) == ["text.0"]
    assert turned.recorded("text.2") == ["a"]


def test_output_parameters_and_metadata_are_cached(runs: Runs) -> None:
    code = (
        "import json, sys; i = json.loads(sys.argv[1])['outputs'];"
        "a = i['artifacts']['out']['artifacts'][0]; a['metadata'] = {'rows': 7};"
        "open(a['uri'], 'w').write('x'); json.dump({'artifacts': {'out': {'artifacts': [a]}},"
        " 'parameterValues': {'n': 3}}, open(i['outputFile'], 'w'))"
    )
    describe = program(
        "describe",
        code,
        "[]",
        "['{{$}}', {outputPath: out}, {outputPath: n}]",
        "[{name: out, type: Dataset}, {name: n, type: Integer}]",
    )

    @dsl.pipeline(name="described")
    def pipeline() -> None:
        describe()

    first, second = (runs(pipeline).interpreter.outputs["describe"] for _ in range(2))
    assert second.parameters == first.parameters == {"n": 3}
    assert second.artifacts["out"].metadata == {"rows": 7}
    assert second.artifacts["out"].path == runs.folder / "run2/run/describe/out"


def test_two_concurrent_equal_runs_do_the_work_once(runs: Runs) -> None:
    started, go = runs.folder / "started", runs.folder / "go"
    slow = program(
        "slow",
        "import pathlib, sys, time; s, g, o = map(pathlib.Path, sys.argv[1:]); s.touch()\n"
        "while not g.exists(): time.sleep(0.01)\n"
        "o.write_text('done')",
        "[{name: started, type: String}, {name: go, type: String}]",
        "[{inputValue: started}, {inputValue: go}, {outputPath: out}]",
        "[{name: out, type: Dataset}]",
    )

    @dsl.pipeline(name="slow")
    def pipeline(started: str = "", go: str = "") -> None:
        slow(started=started, go=go)

    class Waiting(Events):
        def waits(self, task: str) -> None:
            super().waits(task)
            go.touch()

    pair = [runs.prepared(pipeline) for _ in range(2)]
    for run in pair:
        run.interpreter.observer = run.events = Waiting()
    threads = [
        threading.Thread(target=run, kwargs={"started": str(started), "go": str(go)})
        for run in pair
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(run.events.states()["slow"] for run in pair) == ["cached", "succeeded"]
    assert [len(run.backend.calls) for run in pair].count(1) == 1
