"""Calls of uv: which program is called, with what environment, and what it reports."""

import os
import subprocess
from pathlib import Path

import pytest

from pipelines.environments.uv import Started, StoppedInstallingError, Uv, _Downloads
from pipelines.system.errors import PinionError
from pipelines.system.workspace import ROOT

FIND = ROOT / "build-support" / "uv"


@pytest.fixture()
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of programs that is first on the PATH, before the system's."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def write_uv(folder: Path, script: str) -> None:
    """Write a shell script that answers `--version` as uv does."""
    (folder / "uv").write_text(
        f'#!/bin/sh\n[ "$1" != --version ] || exec echo uv 1.2.3\n{script}\n'
    )
    (folder / "uv").chmod(0o755)


def uv(folder: Path, reports: "list[str] | None" = None) -> Uv:
    return Uv(folder, (reports if reports is not None else []).append, Started())


@pytest.mark.parametrize(
    ("answer", "is_taken"),
    [
        ("uv 0.9.0", True),
        ("uv 0.13.9 (x86_64-unknown-linux-gnu)", True),
        ("uv 1.0.0", True),
        ("uv 0.8.24", False),
        ("pyenv: uv: command not found", False),
        ("", False),
    ],
)
def test_the_uv_on_the_path_is_used_if_it_works_and_is_not_too_old(
    fake: Path, answer: str, is_taken: bool
) -> None:
    (fake / "uv").write_text(f"#!/bin/sh\necho '{answer}'\n")
    (fake / "uv").chmod(0o755)
    found = subprocess.run([FIND], capture_output=True, text=True, check=True).stdout.strip()
    assert (found == str(fake / "uv")) == is_taken
    assert Path(found).is_file()


def test_settings_of_another_environment_do_not_reach_uv(
    tmp_path: Path, fake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_uv(fake, "env > seen")
    monkeypatch.setenv("VIRTUAL_ENV", "/elsewhere")
    monkeypatch.setenv("UV_SYSTEM_PYTHON", "1")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://index")
    monkeypatch.delenv("UV_HTTP_RETRIES", raising=False)
    uv(tmp_path).run(["pip", "sync"])
    seen = (tmp_path / "seen").read_text().splitlines()
    assert "UV_DEFAULT_INDEX=http://index" in seen
    assert "UV_HTTP_RETRIES=2" in seen
    assert not [line for line in seen if line.startswith(("VIRTUAL_ENV", "UV_SYSTEM_PYTHON"))]


def test_downloads_are_reported(tmp_path: Path, fake: Path) -> None:
    write_uv(
        fake,
        "cat >&2 <<'E'\nResolved 3 packages in 9ms\nDownloading scipy (33.5MiB)\n"
        "Downloading numpy (15.9MiB)\n Downloaded numpy\n   Building old==1.0\n"
        " Downloaded scipy\nInstalled 3 packages in 1ms\nE",
    )
    reports: list[str] = []
    uv(tmp_path, reports).run(["pip", "sync"])
    assert reports == [
        "downloading scipy: 0 of 34 MiB",
        "downloading scipy, numpy: 0 of 49 MiB",
        "downloading scipy: 16 of 49 MiB",
        "building old",
        "unpacking",
    ]


def test_only_the_largest_downloads_are_named() -> None:
    downloads = _Downloads()
    for number in range(1, 6):
        text = downloads.read(f"Downloading p{number} ({number}.0MiB)")
    assert text == "downloading p5, p4, p3: 0 of 15 MiB"
    assert downloads.read("Downloading p6 (512.0KiB)") == "downloading p5, p4, p3: 0 of 16 MiB"


def test_a_failure_is_one_line(tmp_path: Path, fake: Path) -> None:
    write_uv(fake, "printf 'error: no\\n  cause: not today\\n' >&2; exit 2")
    with pytest.raises(PinionError, match=r"^uv failed: not today$"):
        uv(tmp_path).run(["pip", "sync"])


def test_nothing_starts_after_a_stop(tmp_path: Path, fake: Path) -> None:
    write_uv(fake, "touch started")
    stopped = uv(tmp_path)
    stopped.started.stop()
    with pytest.raises(StoppedInstallingError):
        stopped.run(["pip", "sync"])
    assert not (tmp_path / "started").exists()


def test_ctrl_c_ends_a_running_program(tmp_path: Path, fake: Path) -> None:
    write_uv(fake, "echo $$ > pid; echo Downloading it '(1.0MiB)' >&2; sleep 3600")

    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Uv(tmp_path, interrupt, Started()).run(["pip", "sync"])
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
