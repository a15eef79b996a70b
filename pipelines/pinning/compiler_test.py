import re
from collections.abc import Mapping, Sequence

import pytest

from pipelines.compiled.file import PipelineFile
from pipelines.components.component import discover
from pipelines.pinning.compiler import WIRING, Pin, compile_pipeline, dev_pins, recipe_code
from pipelines.system.errors import PinionError
from pipelines.system.workspace import ROOT
from pipelines.training.recipe import MAKE_THE_MODEL


def compiled() -> PipelineFile:
    pins = dev_pins(discover(ROOT / "components"))
    return PipelineFile.parse(WIRING, compile_pipeline("dev", pins))


def test_a_parameter_of_few_values_offers_them() -> None:
    parameters = compiled().parameters
    assert parameters["task"].literals == ("", "classification", "regression")
    assert parameters["task"].default == ""
    assert parameters["source"].literals == ()


def test_the_step_that_decides_knows_which_code_makes_the_model() -> None:
    # As an input: the cache of KFP looks at the inputs of a step, and not at its environment.
    tasks = PipelineFile.load(ROOT / "tests" / "golden" / "training.yaml").spec.root.dag.tasks
    code = tasks["decide"].inputs.parameters["code"].runtime_value.constant.string_value
    assert re.fullmatch("[0-9a-f]{64}", code)


def test_the_code_that_makes_the_model_is_that_of_preprocess_and_train() -> None:
    interface = discover(ROOT / "components")["train"].interface

    def code(**contents: str) -> str:
        pins = [Pin(name, "1.0.0", "i", interface, text) for name, text in contents.items()]
        return recipe_code(pins, MAKE_THE_MODEL)

    first = code(preprocess="s1:aa", train="s1:bb", evaluate="s1:cc")
    assert first == code(evaluate="s1:ff", train="s1:bb", preprocess="s1:aa")
    assert len({first, code(preprocess="s1:ab", train="s1:bb"), code(train="s1:bb")}) == 3
    assert first != code(preprocess="s1:bb", train="s1:aa")


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"tsak": ("", "regression")}, "choices.py: 'tsak' is not a parameter of the pipeline"),
        ({"model": ("ridge",)}, "choices.py: 'model' has the default 'hist_gradient_boosting'"),
    ],
)
def test_choices_that_do_not_fit_the_pipeline_are_refused(
    choices: Mapping[str, Sequence[str]], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.training.choices.CHOICES", choices)
    with pytest.raises(PinionError, match=message):
        compiled()
