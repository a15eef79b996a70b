from pathlib import Path

from register.model import ModelFolder, read_model_folder


def test_reads_the_ids(tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_text("run_id: 0f\nmodel_id: m-1\nflavors: {}\n")

    model = read_model_folder(tmp_path)

    assert model == ModelFolder(model_id="m-1", run_id="0f")
    assert model.uri == "models:/m-1"
