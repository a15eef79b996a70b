from pathlib import Path

import pytest

from pipelines.components.component import discover
from pipelines.pinning import compiled_cache
from pipelines.pinning.compiled_cache import compile_dev
from pipelines.pinning.compiler import compile_release
from pipelines.pinning.pins import DEV, Pin, dev_pins
from pipelines.system.workspace import ROOT, Workspace


@pytest.fixture(scope="module")
def pins() -> list[Pin]:
    return dev_pins(discover(ROOT / "components"))


@pytest.fixture(scope="module")
def compiled(pins: list[Pin], tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the compiler's output."""
    output = tmp_path_factory.mktemp("plain") / "pipeline.yaml"
    compile_release(DEV, pins, output)
    return output.read_bytes()


@pytest.fixture()
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that gets one entry for each call of the compiler."""
    calls: list[str] = []

    def compile_it(tag: str, pins: list[Pin], output: Path) -> None:
        calls.append(tag)
        compile_release(tag, pins, output)

    monkeypatch.setattr(compiled_cache, "compile_release", compile_it)
    return calls


def test_a_cached_file_equals_the_compilers_output(
    tmp_path: Path, pins: list[Pin], compiled: bytes, calls: list[str]
) -> None:
    for number in range(2):
        compile_dev(Workspace(cache=tmp_path), pins, tmp_path / f"{number}.yaml")
        assert (tmp_path / f"{number}.yaml").read_bytes() == compiled
    assert calls == [DEV]


def test_another_pin_is_compiled_again(tmp_path: Path, pins: list[Pin], calls: list[str]) -> None:
    first, *rest = pins
    image = first.image.rpartition(":")[0] + ":0.1.0-dev.0123456789ab"
    other = [Pin(first.name, "0.1.0-dev.0123456789ab", image, first.interface), *rest]
    for each in (pins, other):
        compile_dev(Workspace(cache=tmp_path), each, tmp_path / "pipeline.yaml")
    assert calls == [DEV, DEV]
    assert image in (tmp_path / "pipeline.yaml").read_text()


def test_changed_wiring_is_compiled_again(
    tmp_path: Path, pins: list[Pin], calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = tmp_path / "tree"
    (tree / "pipelines" / "training").mkdir(parents=True)
    (tree / "pipelines" / "requirements.lock").touch()
    wiring = tree / "pipelines" / "training" / "pipeline.py"
    monkeypatch.setattr(compiled_cache, "ROOT", tree)
    for text in ("first", "first", "second"):
        wiring.write_text(text)
        compile_dev(Workspace(cache=tmp_path), pins, tmp_path / "pipeline.yaml")
    assert calls == [DEV, DEV]


def test_a_damaged_file_is_compiled_again(
    tmp_path: Path, pins: list[Pin], compiled: bytes, calls: list[str]
) -> None:
    compile_dev(Workspace(cache=tmp_path), pins, tmp_path / "pipeline.yaml")
    (kept,) = (tmp_path / "compiled").iterdir()
    kept.write_bytes(kept.read_bytes()[:-1])
    compile_dev(Workspace(cache=tmp_path), pins, tmp_path / "pipeline.yaml")
    assert (tmp_path / "pipeline.yaml").read_bytes() == compiled
    assert calls == [DEV, DEV]


def test_compiling_works_without_a_writable_cache(
    tmp_path: Path, pins: list[Pin], compiled: bytes, calls: list[str]
) -> None:
    (tmp_path / "compiled").touch()
    compile_dev(Workspace(cache=tmp_path), pins, tmp_path / "pipeline.yaml")
    assert (tmp_path / "pipeline.yaml").read_bytes() == compiled
    assert calls == [DEV]


def test_old_files_are_removed(
    tmp_path: Path, pins: list[Pin], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled_cache, "_KEPT", 2)

    def compile_nothing(_tag: str, _pins: list[Pin], output: Path) -> None:
        output.touch()

    monkeypatch.setattr(compiled_cache, "compile_release", compile_nothing)
    for count in range(1, 5):
        compile_dev(Workspace(cache=tmp_path), pins[:count], tmp_path / "pipeline.yaml")
    assert len(list((tmp_path / "compiled").iterdir())) == 2
