import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest
import yaml
from sklearn.preprocessing import FunctionTransformer
from skops import io as skops_io

from evaluate.conftest import Example
from evaluate.inputs.model import load_estimator, read_model_folder
from pinion_step.errors import StepError

Edit = Callable[[dict], object]


@pytest.fixture()
def folder(line: Example, tmp_path: Path) -> Path:
    """Return a copy of a good model, for a test to damage."""
    return shutil.copytree(line.folder, tmp_path / "model")


def edit_mlmodel(folder: Path, edit: Edit) -> None:
    path = folder / "MLmodel"
    document = yaml.safe_load(path.read_text())
    edit(document)
    path.write_text(yaml.safe_dump(document))


def test_reads_what_train_wrote(line: Example) -> None:
    model = read_model_folder(line.folder)

    assert (model.model_id, model.run_id) == (line.model_id, line.run_id)
    assert (model.target, model.task) == ("y", "regression")
    assert model.estimator_file == line.folder / "model.skops"


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        pytest.param(
            lambda d: d.pop("run_id"), "no usable run_id (None)", id="never logged in a run"
        ),
        pytest.param(
            lambda d: d.update(model_id="m'1"), 'no usable model_id ("m\'1")', id="odd id"
        ),
        pytest.param(lambda d: d.pop("metadata"), "has no metadata", id="another's model"),
        pytest.param(lambda d: d["metadata"].pop("target"), "has no target", id="no target"),
        pytest.param(
            lambda d: d["metadata"].update(task="ranking"),
            "for the task 'ranking'; evaluate supports classification and regression",
            id="another task",
        ),
        pytest.param(lambda d: d["flavors"].pop("sklearn"), "has no sklearn", id="not sklearn"),
        pytest.param(
            lambda d: d["flavors"]["sklearn"].update(serialization_format="cloudpickle"),
            "saved as cloudpickle, which can run any code",
            id="a pickle",
        ),
        pytest.param(
            lambda d: d["flavors"]["sklearn"].update(pickled_model="../model/model.skops"),
            "no estimator file '../model/model.skops'",
            id="a file outside",
        ),
    ],
)
def test_refuses_a_foreign_mlmodel(folder: Path, edit: Edit, complaint: str) -> None:
    edit_mlmodel(folder, edit)

    with pytest.raises(StepError) as refused:
        read_model_folder(folder)

    assert complaint in str(refused.value)


def test_a_loaded_model_predicts_on_one_thread(forest: Example) -> None:
    estimator = load_estimator(read_model_folder(forest.folder))

    assert estimator.get_params()["randomforestclassifier__n_jobs"] == 1


def test_refuses_untrusted_types_whatever_the_model_says_of_them(folder: Path) -> None:
    skops_io.dump(FunctionTransformer(shutil.rmtree), folder / "model.skops")
    edit_mlmodel(
        folder, lambda d: d["flavors"]["sklearn"].update(skops_trusted_types=["shutil.rmtree"])
    )

    with pytest.raises(StepError, match=r"types that are not trusted: shutil\.rmtree;"):
        load_estimator(read_model_folder(folder))


def other_sklearn(minor: int, patch: int) -> str:
    """Return the version that is `minor` and `patch` away from the installed one."""
    installed = version("scikit-learn").split(".")
    return f"{installed[0]}.{int(installed[1]) + minor}.{int(installed[2]) + patch}"


@pytest.mark.parametrize("minor", [pytest.param(-1, id="older"), pytest.param(1, id="newer")])
def test_refuses_a_model_of_another_scikit_learn(folder: Path, minor: int) -> None:
    made_with = other_sklearn(minor, patch=0)
    edit_mlmodel(folder, lambda d: d["flavors"]["sklearn"].update(sklearn_version=made_with))

    with pytest.raises(StepError) as refused:
        load_estimator(read_model_folder(folder))

    installed = version("scikit-learn")
    assert f"made with scikit-learn {made_with}, but {installed} is installed" in str(refused.value)


def test_takes_a_model_of_another_patch_release(folder: Path) -> None:
    made_with = other_sklearn(minor=0, patch=1)
    edit_mlmodel(folder, lambda d: d["flavors"]["sklearn"].update(sklearn_version=made_with))

    estimator = load_estimator(read_model_folder(folder))

    assert estimator.predict(pd.DataFrame({"x": [3.0]})).tolist() == pytest.approx([6.0])


@pytest.mark.parametrize(
    "content",
    [pytest.param(b"not a zip", id="no archive"), pytest.param(b"", id="empty")],
)
def test_refuses_a_damaged_estimator_file(folder: Path, content: bytes) -> None:
    (folder / "model.skops").write_bytes(content)

    with pytest.raises(StepError, match="cannot be loaded"):
        load_estimator(read_model_folder(folder))
