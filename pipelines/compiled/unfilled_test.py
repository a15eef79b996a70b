from pathlib import Path

import pytest
import yaml
from kfp import compiler, dsl
from kfp.components import load_component_from_text

from pipelines.compiled.file import PipelineFile
from pipelines.compiled.placeholders import refuse_unfilled, unfilled
from pipelines.system.errors import PinionError
from pipelines.system.workspace import ROOT

GOLDEN = ROOT / "tests" / "golden" / "training.yaml"

STEP = """
name: fit
inputs:
- {name: rows, type: Integer}
- {name: folds, type: Integer, default: '5', optional: true}
- {name: note, type: String, optional: true}
outputs:
- {name: model, type: Model}
implementation:
  container:
    image: fit:1
    command: [fit]
    args: ARGS
"""


def compiled(folder: Path, arguments: str, loop: bool = False) -> PipelineFile:
    """Compile, with KFP's SDK, a step that gets `rows` and no other input."""
    fit = load_component_from_text(STEP.replace("ARGS", arguments))

    @dsl.pipeline(name="one-step")
    def pipeline(rows: int = 7) -> None:
        if loop:
            with dsl.ParallelFor([3, 4]) as item:
                fit(rows=item)
        else:
            fit(rows=rows)

    file = folder / "pipeline.yaml"
    compiler.Compiler().compile(pipeline, str(file))
    return PipelineFile.load(file)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param("[--folds, {inputValue: folds}]", id="an argument"),
        pytest.param("[{concat: ['--folds=', {inputValue: folds}]}]", id="a part of one"),
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
    file = compiled(tmp_path, f"[--rows, {{inputValue: rows}}, {arguments[1:-1]}]")
    assert list(unfilled(file)) == [("fit", "folds")]
    with pytest.raises(PinionError) as refused:
        refuse_unfilled(file)
    assert str(refused.value).startswith(
        f"{tmp_path / 'pipeline.yaml'}: step 'fit' gets no value for its parameter 'folds'"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param("[--rows, {inputValue: rows}]", id="a given input"),
        pytest.param(
            "[{if: {cond: {isPresent: note}, then: [--note, {inputValue: note}]}}]",
            id="an optional input behind its condition",
        ),
        pytest.param("[--model, {outputPath: model}]", id="an output"),
    ],
)
def test_arguments_that_the_driver_can_resolve_pass(tmp_path: Path, arguments: str) -> None:
    assert list(unfilled(compiled(tmp_path, arguments))) == []


def test_the_item_of_a_loop_counts_as_given(tmp_path: Path) -> None:
    assert list(unfilled(compiled(tmp_path, "[--rows, {inputValue: rows}]", loop=True))) == []


def test_every_step_of_the_training_pipeline_gets_all_its_parameters() -> None:
    file = PipelineFile.load(GOLDEN)
    steps = {
        name: task
        for dag in (file.spec.root.dag, file.spec.components["comp-condition-1"].dag)
        for name, task in dag.tasks.items()
        if file.spec.components[task.component_ref.name].executor_label
    }
    assert sorted(steps) == ["evaluate", "preprocess", "pull-data", "register", "train"]
    for task in steps.values():
        declared = file.spec.components[task.component_ref.name].input_definitions.parameters
        assert sorted(task.inputs.parameters) == sorted(declared)
    assert list(unfilled(file)) == []


def test_a_file_that_an_older_version_compiled_is_refused(tmp_path: Path) -> None:
    # KFP 2.17 failed at this file with `parameter "cv_folds" not found in executor input`.
    document = yaml.safe_load(GOLDEN.read_text())
    given = document["root"]["dag"]["tasks"]["train"]["inputs"]["parameters"]
    del given["cv_folds"], given["experiment_parameters"]
    old = tmp_path / "old.yaml"
    old.write_text(yaml.safe_dump(document))
    assert list(unfilled(PipelineFile.load(old))) == [
        ("train", "cv_folds"),
        ("train", "experiment_parameters"),
    ]
