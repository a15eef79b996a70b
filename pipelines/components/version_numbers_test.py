import pytest

from pipelines.components.image import version_number


@pytest.mark.parametrize("text", ["1.2.3", "0.1.0", "1.2.3rc1", "1.2.3.post1"])
def test_a_version_in_normal_form_is_taken(text: str) -> None:
    assert str(version_number(text)) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("v1.0.0", "'v1.0.0' is not in normal form; write '1.0.0'"),
        ("1.0.0-rc.1", "'1.0.0-rc.1' is not in normal form; write '1.0.0rc1'"),
        ("01.2.3", "'01.2.3' is not in normal form; write '1.2.3'"),
        ("1.0", "does not have three numbers"),
        ("1.0.0.0", "does not have three numbers"),
        ("1.0.0+local", "not a version to publish"),
        ("1.0.0.dev3", "not a version to publish"),
        ("1!1.0.0", "not a version to publish"),
        ("dev", "not a version such as 1.2.3"),
        ("latest", "not a version such as 1.2.3"),
        ("../1", "not a version such as 1.2.3"),
        ("", "'' is not a version"),
    ],
)
def test_any_other_text_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="^'") as caught:
        version_number(text)
    assert message in str(caught.value)


def test_versions_are_ordered_as_numbers() -> None:
    assert version_number("1.10.0") > version_number("1.9.0") > version_number("1.9.0rc2")
