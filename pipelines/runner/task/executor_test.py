"""KFP's lightweight Python components, which exchange two JSON documents with KFP."""

import json
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional  # noqa: UP035 - KFP reads this form

import pytest
from kfp import dsl

from pipelines.runner.interpreter_testing import Run, program
from pipelines.runner.task.backend import TaskFailedError

# ruff: noqa: UP006, UP007 - KFP reads this form


@dsl.component(install_kfp_package=False)
def take(
    text: str,
    count: int = 2,
    rate: float = 0.5,
    flag: bool = True,
    options: Dict[str, int] = {"depth": 3},
    names: List[str] = ["a"],
    maybe: Optional[str] = None,
) -> str:
    return repr((text, count, rate, flag, options, names, maybe))


@pytest.mark.parametrize(
    "text", ['it\'s "quoted"', "$(reboot) `x`", "two\nlines", "-x", "{{$}}", "ünï \\ \x07", ""]
)
def test_inputs_of_every_type_arrive_unchanged(tmp_path: Path, text: str) -> None:
    @dsl.pipeline(name="types")
    def pipeline(text: str = "", rate: float = 2.0) -> None:
        take(text=text, rate=rate, options={"depth": 5})

    run = Run(tmp_path, pipeline)(text=text)
    assert run.output("take") == repr((text, 2, 2.0, True, {"depth": 5}, ["a"], None))


@pytest.mark.parametrize("given", ["here", None])
def test_an_optional_input_may_be_given_or_omitted(tmp_path: Path, given: str | None) -> None:
    @dsl.pipeline(name="optional")
    def pipeline(maybe: Optional[str] = None) -> None:
        take(text="t", maybe=maybe)

    run = Run(tmp_path, pipeline)(**({"maybe": given} if given else {}))
    assert str(run.output("take")).endswith(f", {given!r})")


def test_an_optional_artifact_may_be_omitted(tmp_path: Path) -> None:
    @dsl.component(install_kfp_package=False)
    def look(data: Optional[dsl.Input[dsl.Dataset]] = None) -> str:
        return repr(data)

    @dsl.pipeline(name="left-out")
    def pipeline() -> None:
        look()

    assert Run(tmp_path, pipeline)().output("look") == "None"


@dsl.component(install_kfp_package=False)
def split(
    data: dsl.Output[dsl.Dataset], metrics: dsl.Output[dsl.Metrics]
) -> NamedTuple("Outputs", [("rows", int), ("shares", List[float])]):  # type: ignore[valid-type]
    with open(data.path, "w") as file:  # noqa: PTH123 - KFP takes this source alone
        file.write("x,y\n1,2\n")
    data.metadata["origin"] = "made up"
    metrics.log_metric("rows", 1)
    return (7, [0.25, 0.75])


@dsl.component(install_kfp_package=False)
def read(data: dsl.Input[dsl.Dataset], metrics: dsl.Input[dsl.Metrics], rows: int) -> dict:
    with open(data.path) as file:  # noqa: PTH123
        text = file.read()
    return {
        "text": text,
        "data": {"metadata": data.metadata, "title": data.schema_title, "name": data.name},
        "metrics": metrics.metadata,
        "rows": rows + 1,
    }


def test_outputs_of_all_kinds_reach_the_next_step_with_their_metadata(tmp_path: Path) -> None:
    @dsl.pipeline(name="artifacts")
    def pipeline() -> None:
        made = split()
        read(data=made.outputs["data"], metrics=made.outputs["metrics"], rows=made.outputs["rows"])

    run = Run(tmp_path, pipeline)()
    assert run.output("split", "shares") == [0.25, 0.75]
    assert run.output("read") == {
        "text": "x,y\n1,2\n",
        "data": {"metadata": {"origin": "made up"}, "title": "system.Dataset", "name": "data"},
        "metrics": {"rows": 1},
        "rows": 8,
    }


def test_an_artifact_may_be_stored_elsewhere(tmp_path: Path) -> None:
    @dsl.component(install_kfp_package=False)
    def refer(model: dsl.Output[dsl.Model]) -> None:
        model.uri = "s3://bucket/models/7"

    @dsl.component(install_kfp_package=False)
    def follow(model: dsl.Input[dsl.Model]) -> str:
        return model.uri

    @dsl.pipeline(name="elsewhere")
    def pipeline() -> None:
        follow(model=refer().outputs["model"])

    run = Run(tmp_path, pipeline)()
    assert run.output("follow") == "s3://bucket/models/7"
    assert [call.inputs for call in run.backend.calls] == [(), ()]


@pytest.mark.parametrize("by", ["a report", "a link"])
def test_a_file_outside_the_folder_is_refused_as_an_output(tmp_path: Path, by: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("key")

    @dsl.component(install_kfp_package=False)
    def take_over(secret: str, by: str, model: dsl.Output[dsl.Model]) -> None:
        import os

        if by == "a link":
            os.symlink(secret, model.path)
        else:
            model.uri = secret

    @dsl.pipeline(name="taken-over")
    def pipeline(secret: str = "", by: str = "") -> None:
        take_over(secret=secret, by=by)

    with pytest.raises(
        TaskFailedError, match="its output 'model' is .*, which is outside the step's"
    ):
        Run(tmp_path, pipeline)(secret=str(secret), by=by)


# KFP's message to a program names the file.
WRITE = """
import json, pathlib, sys
content, message, count = sys.argv[1:]
pathlib.Path(json.loads(message)["outputs"]["outputFile"]).write_text(content)
pathlib.Path(count).write_text("3")
"""


@dsl.container_component
def write_output(content: str, count: dsl.OutputPath(int)) -> dsl.ContainerSpec:  # type: ignore[valid-type]
    return dsl.ContainerSpec(
        image="python:3.11",
        command=["python3", "-c", WRITE],
        args=[content, "{{$}}", count],
    )


@pytest.mark.parametrize(
    ("content", "result"),
    [
        (json.dumps({"parameterValues": {"count": 8}}), 8),
        (json.dumps({"parameterValues": {"other": 8}}), 3),
        ("{}", 3),
        ("[", "its executor_output.json is not in KFP's format"),
        ('{"unknown": 1}', "its executor_output.json is not in KFP's format"),
        ('{"parameterValues": {"count": "many"}}', "its output 'count': 'many' is not a whole"),
    ],
)
def test_the_output_file_of_kfp_takes_precedence(
    tmp_path: Path, content: str, result: int | str
) -> None:
    @dsl.pipeline(name="written")
    def pipeline(content: str = "") -> None:
        write_output(content=content)

    run = Run(tmp_path, pipeline)
    if isinstance(result, int):
        assert run(content=content).output("write-output", "count") == result
    else:
        with pytest.raises(TaskFailedError, match=result):
            run(content=content)


def test_a_program_may_read_the_executor_input(tmp_path: Path) -> None:
    copy = program(
        "copy",
        "import json, sys; given = json.loads(sys.argv[1]);"
        "open(given['outputs']['parameters']['out']['outputFile'], 'w')"
        ".write(json.dumps(given['inputs']['parameterValues']))",
        "[{name: rate, type: Float}, {name: seed, type: Integer}]",
        "[{executorInput: null}]",
        "[{name: out, type: JsonObject}]",
    )

    @dsl.pipeline(name="given")
    def pipeline(seed: int = 4) -> None:
        copy(rate=0.125, seed=seed)

    assert Run(tmp_path, pipeline)().output("copy", "out") == {"rate": 0.125, "seed": 4}
