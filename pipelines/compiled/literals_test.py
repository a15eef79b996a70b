"""Parameters that take only some values, which KFP's pages offer in a list."""

from pathlib import Path

import pytest

from pipelines.compiled.graph import Pipeline
from pipelines.compiled.parameters import resolve
from pipelines.compiled.values import Value
from pipelines.system.errors import PinionError, UsageError

PIPELINE = """
components:
  comp-fit:
    executorLabel: exec-fit
    inputDefinitions:
      parameters:
        model: {parameterType: STRING, literals: [ridge, forest]}
deploymentSpec:
  executors:
    exec-fit: {container: {image: fit, command: [fit]}}
root:
  dag:
    tasks:
      fit:
        componentRef: {name: comp-fit}
        inputs: {parameters: {model: SOURCE}}
  inputDefinitions:
    parameters:
      model: {parameterType: STRING, defaultValue: ridge, literals: [ridge, forest]}
      folds: {parameterType: NUMBER_INTEGER, defaultValue: 5, literals: [5, 10]}
"""


def load(folder: Path, source: str = "{componentInputParameter: model}") -> Pipeline:
    file = folder / "pipeline.yaml"
    file.write_text(PIPELINE.replace("SOURCE", source))
    return Pipeline.load(file)


def test_the_values_are_those_of_the_file(tmp_path: Path) -> None:
    declared = load(tmp_path).parameters

    assert declared["model"].literals == ("ridge", "forest")
    assert declared["folds"].literals == (5, 10)
    given = resolve(declared, ["model=forest", "folds=10"], None, None)
    assert given == {"model": "forest", "folds": 10}


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("model=rigde", "--param model: 'rigde' is not allowed; give one of 'ridge', 'forest'"),
        ("model=", "--param model: '' is not allowed; give one of 'ridge', 'forest'"),
        ("folds=7", "--param folds: 7 is not allowed; give one of 5, 10"),
    ],
)
def test_another_value_is_refused_before_anything_starts(
    tmp_path: Path, flag: str, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(load(tmp_path).parameters, [flag], None, None)
    assert str(caught.value) == message


def test_a_value_in_a_file_is_held_to_them_too(tmp_path: Path) -> None:
    params = tmp_path / "params.yaml"
    params.write_text("folds: 6\n")

    with pytest.raises(UsageError, match=r"params\.yaml: folds: 6 is not allowed; give one of 5"):
        resolve(load(tmp_path).parameters, [], params, None)


def test_a_constant_of_a_step_is_held_to_them(tmp_path: Path) -> None:
    with pytest.raises(PinionError, match="'tree' is not allowed; give one of 'ridge', 'forest'"):
        load(tmp_path, "{runtimeValue: {constant: tree}}")


@pytest.mark.parametrize(("value", "is_allowed"), [("forest", True), ("tree", False)])
def test_what_an_earlier_step_gives_is_held_to_them(
    tmp_path: Path, value: Value, is_allowed: bool
) -> None:
    (task,) = load(tmp_path).graph.tasks
    if is_allowed:
        assert task.inputs["model"].convert(value) == value
    else:
        with pytest.raises(ValueError, match="'tree' is not allowed"):
            task.inputs["model"].convert(value)
