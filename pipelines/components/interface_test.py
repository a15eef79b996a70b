import pytest

from pipelines.components.interface import Interface, Signature

TEXT = """
name: train
inputs:
  - {name: train_data, type: Dataset}
  - {name: seed, type: Integer, default: '42'}
  - {name: note, type: String, optional: true}
outputs:
  - {name: fitted, type: Model}
implementation:
  container: {image: 'pinion/train:ignored', command: [/app/pex]}
"""
OLD = Signature({"data": "Dataset", "seed": "Integer (optional)"}, {"fitted": "Model"})


def test_an_interface_has_a_repository_and_a_signature() -> None:
    parsed = Interface.parse(TEXT)
    assert parsed.repository == "pinion/train"
    assert parsed.signature == Signature(
        {
            "train_data": "Dataset",
            "seed": "Integer (optional)",
            "note": "String (optional)",
        },
        {"fitted": "Model"},
    )
    assert parsed.signature.required() == ["train_data"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("inputs: [", "not YAML", id="not YAML"),
        pytest.param("", "needs implementation", id="empty"),
        pytest.param(TEXT.replace("name: seed", "title: seed"), "a name and a type", id="no name"),
        pytest.param(TEXT.replace("pinion/train", "Not An Image"), "is not an image", id="image"),
    ],
)
def test_a_malformed_interface_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Interface.parse(text)


@pytest.mark.parametrize(
    ("inputs", "outputs", "broken"),
    [
        pytest.param(
            {"seed": "Integer (optional)"},
            {"fitted": "Model"},
            ["input 'data' was removed"],
            id="removed input",
        ),
        pytest.param(
            {"data": "Dataset", "seed": "Float (optional)"},
            {"fitted": "Model"},
            ["input 'seed' was Integer and is now Float"],
            id="changed type",
        ),
        pytest.param(
            {"data": "Dataset", "seed": "Integer"},
            {"fitted": "Model"},
            ["input 'seed' was optional and is now required"],
            id="optional became required",
        ),
        pytest.param(
            {**OLD.inputs, "folds": "Integer"},
            {"fitted": "Model"},
            ["input 'folds' is new and required"],
            id="new required input",
        ),
        pytest.param(
            dict(OLD.inputs),
            {"model": "Model"},
            ["output 'fitted' was removed"],
            id="renamed output",
        ),
        pytest.param(
            dict(OLD.inputs),
            {"fitted": "Artifact"},
            ["output 'fitted' was Model and is now Artifact"],
            id="changed output",
        ),
        pytest.param(
            {**OLD.inputs, "folds": "Integer (optional)"},
            {"fitted": "Model", "metrics": "Metrics"},
            [],
            id="new optional input and new output",
        ),
        pytest.param(
            {"data": "Dataset (optional)", "seed": "Integer (optional)"},
            {"fitted": "Model"},
            [],
            id="required became optional",
        ),
    ],
)
def test_breaking_changes_are_found(
    inputs: dict[str, str], outputs: dict[str, str], broken: list[str]
) -> None:
    assert list(Signature(inputs, outputs).breaks(OLD)) == broken
