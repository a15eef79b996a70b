from argparse import ArgumentTypeError
from typing import Any

import pytest

from pinion_step.champion import ModelVersion, asks_for_champion, model_version


@pytest.mark.parametrize(
    ("text", "version"),
    [
        pytest.param("tumour/3", ModelVersion("tumour", 3), id="a version"),
        pytest.param("tumour/12@m-0815", ModelVersion("tumour", 12, "m-0815"), id="with its model"),
        pytest.param("a@b 100 %/7", ModelVersion("a@b 100 %", 7), id="a name with an at sign"),
        pytest.param("a@b/7@m-1", ModelVersion("a@b", 7, "m-1"), id="two at signs"),
    ],
)
def test_a_version_is_read_as_it_is_written(text: str, version: ModelVersion) -> None:
    assert model_version(text) == version
    assert str(version) == text


def test_a_version_has_an_address() -> None:
    assert ModelVersion("tumour", 3, "m-1").uri == "models:/tumour/3"


def test_nothing_is_no_version() -> None:
    assert model_version("") is None
    assert model_version(" ") is None


@pytest.mark.parametrize(
    "text",
    ["tumour", "/3", "tumour/", "tumour/0", "tumour/03", "models:/tumour/3", "t/3@", "t/3@a b"],
)
def test_what_is_no_version_is_told(text: str) -> None:
    with pytest.raises(
        ArgumentTypeError, match="is not a model version; give NAME/VERSION or NAME"
    ):
        model_version(text)


@pytest.mark.parametrize(
    ("thresholds", "asks"),
    [
        pytest.param({}, False, id="none"),
        pytest.param({"accuracy": 0.9, "min_absolute_change": 0.1}, False, id="minimums"),
        pytest.param({"rmse": {"threshold": 0.8, "greater_is_better": False}}, False, id="a limit"),
        pytest.param(
            {"accuracy": 0.9, "rmse": {"threshold": 0.8, "min_relative_change": 0.0}},
            True,
            id="a change beside a limit",
        ),
        pytest.param({"roc_auc": {"min_absolute_change": 0.0}}, True, id="a change"),
    ],
)
def test_only_a_change_asks_for_the_champion(thresholds: dict[str, Any], asks: bool) -> None:
    assert asks_for_champion(thresholds) == asks
