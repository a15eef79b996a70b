from collections.abc import Mapping, Sequence

import pytest

from pipelines.compiled.file import PipelineFile
from pipelines.components.component import discover
from pipelines.pinning.compiler import WIRING, compile_pipeline, dev_pins
from pipelines.system.errors import PinionError
from pipelines.system.workspace import ROOT


def compiled() -> PipelineFile:
    pins = dev_pins(discover(ROOT / "components"))
    return PipelineFile.parse(WIRING, compile_pipeline("dev", pins))


def test_a_parameter_of_few_values_offers_them() -> None:
    parameters = compiled().parameters
    assert parameters["task"].literals == ("", "classification", "regression")
    assert parameters["task"].default == ""
    assert parameters["source"].literals == ()


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
