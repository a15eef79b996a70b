import pytest

from pipelines.compiled.file import PipelineFile
from pipelines.compiled.parameters import resolve
from pipelines.kubeflow.descriptions import of_pipeline, of_run, of_version
from pipelines.system.workspace import ROOT

FILE = PipelineFile.load(ROOT / "tests" / "golden" / "training.yaml")
COMPONENTS = (
    "decide 1.2.3, evaluate 2.2.3, preprocess 3.2.3, pull_data 4.2.3, register 5.2.3,"
    " resolve 6.2.3, train 7.2.3"
)


def test_a_pipeline_says_what_it_does() -> None:
    assert of_pipeline(FILE) == "From a table to a registered model."


def test_a_version_names_its_components() -> None:
    assert of_version(FILE, "1.2.3", "1.2.3") == f"Release 1.2.3: {COMPONENTS}"
    assert of_version(FILE, "1.2.3", "1.2.3-0123abcd") == (
        f"Release 1.2.3 with other cluster settings: {COMPONENTS}"
    )


@pytest.mark.parametrize(
    ("flags", "description"),
    [
        ([], "Release 1.2.3 with the default parameters"),
        (["seed=42"], "Release 1.2.3 with the default parameters"),
        (
            ["seed=7", 'slices=["größe"]', "target=", "register=True"],
            'Release 1.2.3 with seed=7, slices=["größe"], target="", register=true',
        ),
        (
            ["source=https://ada:secret@example.com/a.csv?token=x"],
            "Release 1.2.3 with source=https://example.com/a.csv",
        ),
    ],
)
def test_a_run_names_the_parameters_that_differ(flags: list[str], description: str) -> None:
    assert of_run(FILE, resolve(FILE.parameters, flags, None, None)) == description


def test_a_long_description_fits_into_the_database() -> None:
    given = resolve(FILE.parameters, [f"slices={['word' * 5] * 40}".replace("'", '"')], None, None)
    description = of_run(FILE, given)
    assert description.startswith('Release 1.2.3 with slices=["wordwordword')
    assert description.endswith(" …")
    assert 230 < len(description) <= 255
    assert len(of_run(FILE, given | {"slices": ["x" * 999]})) <= 255
