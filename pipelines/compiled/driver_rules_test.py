from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional

import pytest
import yaml
from kfp import compiler, dsl
from kfp.components import load_component_from_text

from pipelines.compiled.driver_rules import breaches, refuse
from pipelines.compiled.file import PipelineFile
from pipelines.system.errors import PinionError
from pipelines.system.workspace import ROOT

GOLDEN = ROOT / "tests" / "golden" / "training.yaml"

STEP = """
name: fit
inputs:
- {name: rows, type: Integer}
- {name: folds, type: Integer, default: '5', optional: true}
- {name: note, type: String, optional: true}
- {name: before, type: Dataset, optional: true}
outputs:
- {name: model, type: Model}
implementation:
  container:
    image: fit:1
    command: [fit]
    args: ARGS
"""
LOAD = load_component_from_text("""
name: load
outputs:
- {name: table, type: Dataset}
implementation:
  container: {image: load:1, command: [load], args: [{outputPath: table}]}
""")
NEEDS_FOLDS = (
    "step 'fit' gets no value for its parameter 'folds', and KFP does not use the component's"
    " default; set it in the pipeline, or compile the file again with this version of"
    " pipelines.compile, which writes defaults into it"
)


def compiled(folder: Path, pipeline: Any) -> PipelineFile:
    file = folder / "pipeline.yaml"
    compiler.Compiler().compile(pipeline, str(file))
    return PipelineFile.load(file)


def step(arguments: str) -> Callable[..., Any]:
    """Return a step with these arguments; its only required input is `rows`."""
    return load_component_from_text(STEP.replace("ARGS", arguments))


def one_step(folder: Path, arguments: str, **given: Any) -> PipelineFile:
    """Compile, with KFP's SDK, a pipeline of one step that gets `rows` and what is given."""

    @dsl.pipeline(name="one-step")
    def pipeline(rows: int = 7) -> None:
        step(arguments)(rows=rows, **given)

    return compiled(folder, pipeline)


def told(file: PipelineFile) -> list[str]:
    return [str(breach) for breach in breaches(file)]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param("[--folds, {inputValue: folds}]", id="an argument"),
        pytest.param(
            "[{if: {cond: {isPresent: rows}, then: [--folds, {inputValue: folds}]}}]",
            id="in a branch that is taken",
        ),
        pytest.param(
            "[{if: {cond: {isPresent: note}, then: [x], else: [--folds, {inputValue: folds}]}}]",
            id="in the other branch",
        ),
    ],
)
def test_a_default_left_to_the_component_is_found(tmp_path: Path, arguments: str) -> None:
    file = one_step(tmp_path, f"[--rows, {{inputValue: rows}}, {arguments[1:-1]}]")
    assert told(file) == [NEEDS_FOLDS]
    with pytest.raises(PinionError) as refused:
        refuse(file)
    assert str(refused.value) == f"{tmp_path / 'pipeline.yaml'}: {NEEDS_FOLDS}"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param("[--rows, {inputValue: rows}]", id="a given input"),
        pytest.param(
            "[{if: {cond: {isPresent: note}, then: [--note, {inputValue: note}]}}]",
            id="an optional input behind its condition",
        ),
        pytest.param(
            "[{if: {cond: {isPresent: before}, then: [--before, {inputPath: before}]}}]",
            id="an optional artifact that is not given",
        ),
        pytest.param("[--model, {outputPath: model}]", id="an output"),
        pytest.param(
            "['--model={{$.outputs.artifacts[''model''].path}}:"
            "{{$.inputs.parameters[''folds'']}}']",
            id="a default beside an output, which the launcher fills in",
        ),
    ],
)
def test_arguments_that_the_driver_can_resolve_pass(tmp_path: Path, arguments: str) -> None:
    assert told(one_step(tmp_path, arguments)) == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param(
            "[{inputValue: note}]",
            "gets no value for its parameter 'note'; set it in the pipeline, or put its argument"
            " behind isPresent in component.yaml",
            id="an optional parameter without its condition",
        ),
        pytest.param(
            "[{inputPath: before}]",
            "is not given its artifact 'before', and KFP would pass the placeholder itself; put its"
            " argument behind isPresent",
            id="an optional artifact without its condition",
        ),
        pytest.param(
            "[{concat: ['--rows=', {inputValue: rows}]}]",
            'has the argument {"Concat": ["--rows=", "{{$.inputs.parameters[\'rows\']}}"]}, and KFP'
            " does not join a concat; pass one text, such as"
            " --rate={{$.inputs.parameters['rate']}}",
            id="a concat",
        ),
        pytest.param(
            "[{if: {cond: {isPresent: rows}, then: [{concat: [a, b]}]}}]",
            'has the argument {"IfPresent": {"InputName": "rows", "Then": [{"Concat": ["a",'
            ' "b"]}]}}, and KFP takes only texts behind isPresent',
            id="a concat behind a condition",
        ),
        pytest.param(
            "[{if: {cond: {isPresent: rows}, then: [--model, {outputPath: model}]}}]",
            'has the argument {"IfPresent": {"InputName": "rows", "Then": ["--model",'
            " \"{{$.outputs.artifacts['model'].path}}\"]}}, and KFP does not decide isPresent for"
            " an output; give the output an argument of its own",
            id="an output behind a condition",
        ),
        pytest.param(
            "['run-{{$.pipeline_job_name}}']",
            "has {{$.pipeline_job_name}} in its command, and KFP does not replace it there; pass it"
            " as the value of a parameter",
            id="the name of the run",
        ),
        pytest.param(
            "['--file={{$.outputs.output_file}}']",
            "has {{$.outputs.output_file}} in its command, and KFP does not replace it; pass {{$}},"
            " a message that names that file",
            id="the file of outputs",
        ),
    ],
)
def test_what_kfp_would_not_do_is_refused(tmp_path: Path, arguments: str, reason: str) -> None:
    assert told(one_step(tmp_path, arguments)) == [f"step 'fit' {reason}"]


def test_a_given_artifact_behind_its_condition_is_refused(tmp_path: Path) -> None:
    fit = step("[{if: {cond: {isPresent: before}, then: [--before, {inputPath: before}]}}]")

    @dsl.pipeline(name="two-steps")
    def pipeline() -> None:
        fit(rows=3, before=LOAD().outputs["table"])

    assert told(compiled(tmp_path, pipeline)) == [
        "step 'fit' gets the artifact 'before' behind isPresent, and KFP finds only parameters"
        " there and would leave the argument out; make the input required, or leave it out"
    ]


def test_a_placeholder_in_the_environment_is_refused(tmp_path: Path) -> None:
    @dsl.pipeline(name="environment")
    def pipeline() -> None:
        LOAD().set_env_variable("RUN", "{{$.pipeline_job_name}}/x")

    assert told(compiled(tmp_path, pipeline)) == [
        "step 'load' has a placeholder in its environment variable RUN, and KFP does not replace it"
        " there; pass it as an argument"
    ]


@pytest.mark.parametrize(
    ("value", "reasons"),
    [
        ("{{$.pipeline_job_name}}", []),
        (
            "run-{{$.pipeline_job_name}}",
            [
                "step 'fit' has {{$.pipeline_job_name}} inside the value"
                " 'run-{{$.pipeline_job_name}}', and KFP replaces it only where it is the whole"
                " value; pass it as a parameter of its own"
            ],
        ),
    ],
)
def test_the_name_of_the_run_is_a_whole_value(
    tmp_path: Path, value: str, reasons: list[str]
) -> None:
    assert told(one_step(tmp_path, "[{inputValue: note}]", note=value)) == reasons


def test_a_parameter_that_a_run_does_not_give_is_missed_by_the_step_that_needs_it(
    tmp_path: Path,
) -> None:
    needs = step("[--note, {inputValue: note}]")
    copes = step("[{if: {cond: {isPresent: note}, then: [--note, {inputValue: note}]}}]")

    @dsl.pipeline(name="optional")
    def pipeline(note: Optional[str] = None, rows: Optional[int] = None) -> None:  # noqa: UP007
        needs(rows=2, note=note)
        copes(rows=3, note=note)
        copes(rows=rows)

    file = compiled(tmp_path, pipeline)
    assert told(file) == []
    assert [str(each) for each in breaches(file, {"note", "rows"})] == [
        "step 'fit' gets no value for its parameter 'note'; set it in the pipeline, or put its"
        " argument behind isPresent in component.yaml",
        "step 'fit-3' needs a value for its parameter 'rows', and the pipeline's parameter 'rows'"
        " has none; give --param rows=VALUE",
    ]


def test_the_item_of_a_loop_counts_as_given(tmp_path: Path) -> None:
    fit = step("[--rows, {inputValue: rows}]")

    @dsl.pipeline(name="loop")
    def pipeline() -> None:
        with dsl.ParallelFor([3, 4]) as item:
            fit(rows=item)

    assert told(compiled(tmp_path, pipeline)) == []


def edited(folder: Path, edit: Callable[[dict[str, Any]], None]) -> PipelineFile:
    """Return the golden file after an edit of its document."""
    document = yaml.safe_load(GOLDEN.read_text())
    edit(document)
    (folder / "edited.yaml").write_text(yaml.safe_dump(document))
    return PipelineFile.load(folder / "edited.yaml")


def test_every_step_of_the_training_pipeline_gets_all_its_parameters() -> None:
    file = PipelineFile.load(GOLDEN)
    steps = {
        name: task
        for dag in (file.spec.root.dag, *(each.dag for each in file.spec.components.values()))
        for name, task in dag.tasks.items()
        if file.spec.components[task.component_ref.name].executor_label
    }
    assert sorted(steps) == sorted(
        ["resolve", "pull-data", "preprocess", "decide", "train", "evaluate", "register"]
    )
    for task in steps.values():
        declared = file.spec.components[task.component_ref.name].input_definitions.parameters
        assert sorted(task.inputs.parameters) == sorted(declared)
    assert told(file) == []


def test_a_file_that_an_older_version_compiled_is_refused(tmp_path: Path) -> None:
    # KFP 2.17 failed at this file with `parameter "cv_folds" not found in executor input`.
    def leave_out(document: dict[str, Any]) -> None:
        behind = document["components"]["comp-condition-1"]["dag"]["tasks"]
        given = behind["train"]["inputs"]["parameters"]
        del given["cv_folds"], given["experiment_parameters"]

    file = edited(tmp_path, leave_out)
    assert [(each.step, each.reason.split("'")[1]) for each in breaches(file)] == [
        ("train", "cv_folds"),
        ("train", "experiment_parameters"),
    ]


def test_what_the_graph_around_a_step_lacks_is_named(tmp_path: Path) -> None:
    def take_away(document: dict[str, Any]) -> None:
        behind = document["components"]["comp-condition-1"]["dag"]["tasks"]
        inputs = behind["condition-2"]["inputs"]
        del inputs["parameters"]["pipelinechannel--mlflow_tracking_uri"]
        del inputs["artifacts"]["pipelinechannel--evaluate-result"]
        trigger = behind["condition-2"]["triggerPolicy"]
        trigger["condition"] = "inputs.parameter_values['wanted'] == true"

    assert told(edited(tmp_path, take_away)) == [
        "step 'condition-2' gets no value for its parameter 'pipelinechannel--mlflow_tracking_uri';"
        " set it in the pipeline, or put its argument behind isPresent in component.yaml",
        "step 'condition-2' has a condition on 'wanted', which it is not given",
        "step 'register' takes the parameter 'pipelinechannel--mlflow_tracking_uri', which the"
        " pipeline around it does not have",
        "step 'register' takes the artifact 'pipelinechannel--evaluate-result', which the pipeline"
        " around it is not given",
    ]
