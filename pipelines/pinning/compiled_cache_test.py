from pathlib import Path

import pytest

from pipelines.components.component import discover
from pipelines.pinning import compiler
from pipelines.pinning.compiler import DEV, Pin, compile_dev, compile_pipeline, dev_pins
from pipelines.system.workspace import ROOT, Workspace


@pytest.fixture(scope="module")
def pins() -> list[Pin]:
    return dev_pins(discover(ROOT / "components"))


@pytest.fixture(scope="module")
def compiled(pins: list[Pin]) -> bytes:
    """Return the compiler's output."""
    return compile_pipeline(DEV, pins)


@pytest.fixture()
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that gets one entry for each call of the compiler."""
    calls: list[str] = []

    def compile_it(tag: str, pins: list[Pin]) -> bytes:
        calls.append(tag)
        return compile_pipeline(tag, pins)

    monkeypatch.setattr(compiler, "compile_pipeline", compile_it)
    return calls


def test_a_cached_file_equals_the_compilers_output(
    tmp_path: Path, pins: list[Pin], compiled: bytes, calls: list[str]
) -> None:
    for _ in range(2):
        assert compile_dev(Workspace(cache=tmp_path), pins) == compiled
    assert calls == [DEV]


def test_another_pin_is_compiled_again(tmp_path: Path, pins: list[Pin], calls: list[str]) -> None:
    first, *rest = pins
    image = first.image.rpartition(":")[0] + ":0.1.0-dev.0123456789ab"
    other = [Pin(first.name, "0.1.0-dev.0123456789ab", image, first.interface), *rest]
    texts = [compile_dev(Workspace(cache=tmp_path), each).decode() for each in (pins, other)]
    assert calls == [DEV, DEV]
    assert image in texts[1]


def test_changed_wiring_is_compiled_again(
    tmp_path: Path, pins: list[Pin], calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = tmp_path / "tree"
    (tree / "pipelines" / "training").mkdir(parents=True)
    (tree / "pipelines" / "requirements.lock").touch()
    wiring = tree / "pipelines" / "training" / "pipeline.py"
    monkeypatch.setattr(compiler, "ROOT", tree)
    for text in ("first", "first", "second"):
        wiring.write_text(text)
        compile_dev(Workspace(cache=tmp_path), pins)
    assert calls == [DEV, DEV]


def test_a_damaged_file_is_compiled_again(
    tmp_path: Path, pins: list[Pin], compiled: bytes, calls: list[str]
) -> None:
    compile_dev(Workspace(cache=tmp_path), pins)
    (kept,) = (tmp_path / "compiled").iterdir()
    kept.write_bytes(kept.read_bytes()[:-1])
    assert compile_dev(Workspace(cache=tmp_path), pins) == compiled
    assert calls == [DEV, DEV]


def test_compiling_works_without_a_writable_cache(
    tmp_path: Path, pins: list[Pin], compiled: bytes, calls: list[str]
) -> None:
    (tmp_path / "compiled").touch()
    assert compile_dev(Workspace(cache=tmp_path), pins) == compiled
    assert calls == [DEV]


def test_old_files_are_removed(
    tmp_path: Path, pins: list[Pin], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiler, "_KEPT", 2)

    def compile_nothing(_tag: str, _pins: list[Pin]) -> bytes:
        return b""

    monkeypatch.setattr(compiler, "compile_pipeline", compile_nothing)
    for count in range(1, 5):
        compile_dev(Workspace(cache=tmp_path), pins[:count])
    assert len(list((tmp_path / "compiled").iterdir())) == 2
