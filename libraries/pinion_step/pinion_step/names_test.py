import pytest

from pinion_step.errors import StepError
from pinion_step.names import check_alias, check_model_name


@pytest.mark.parametrize(
    "name", ["income", "pinion-model", "Größe & Preis 2", "it's", "a@b", "x" * 250, ".hidden"]
)
def test_model_names_that_are_possible(name: str) -> None:
    check_model_name(name)


@pytest.mark.parametrize(
    "name", ["a/b", "a:b", "a?b", "a\nb", " a", "a ", "  ", "..", ".", "../a", "x" * 251]
)
def test_model_names_that_are_not(name: str) -> None:
    with pytest.raises(StepError, match="--registered-model-name") as refused:
        check_model_name(name)

    assert refused.value.exit_code == 2


@pytest.mark.parametrize("alias", ["champion", "prod-eu_2", "v1a", "latest-good", "größe"])
def test_aliases_that_are_possible(alias: str) -> None:
    check_alias(alias)


@pytest.mark.parametrize(
    "alias", ["", "latest", "Latest", "v1", "V23", "a b", "a.b", "@a", "champion\n", "x" * 251]
)
def test_aliases_that_are_not(alias: str) -> None:
    with pytest.raises(StepError, match="--alias") as refused:
        check_alias(alias)

    assert refused.value.exit_code == 2
