"""Whatever prevents an environment from being made is one line, and the next run repairs it."""

import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.environments.index_testing import Index, Package
from pipelines.environments.manager_testing import listed, maker, outcome, ready, says

TOOL = Package("tool")
# Larger than the disk of a test.
LARGE = Package("tool", f"ANSWER = 42\nREST = '{'x' * 2_000_000}'\n")
START = "maker: error: the environment of tool cannot be made"
NOWHERE = "http://127.0.0.1:9/simple"


@pytest.fixture()
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """Yield an index; uv uses a cache of the test's own."""
    with Index((TOOL,)) as served:
        for name, value in {**served.variables, "UV_CACHE_DIR": str(tmp_path / "uv")}.items():
            monkeypatch.setenv(name, value)
        yield served


def failure(cache: Path, lock: bytes = TOOL.lock, before: str = "", **variables: str) -> str:
    """Return the one line that a process ends with, without the names that it starts with."""
    code, stdout, stderr = outcome(maker(cache, lock, before, **variables))
    assert (code, stdout) == (1, ""), stderr
    assert stderr.startswith(START), stderr
    assert len(stderr.splitlines()) == 1
    return stderr.removeprefix(START).lstrip(": ")


def is_repaired(cache: Path, package: Package = TOOL) -> None:
    """Check that nothing is left over, and that the next attempt succeeds."""
    assert "partial" not in (listed(cache) if (cache / "environments").exists() else [])
    assert says(ready(cache, package)) == "42"
    assert listed(cache) == ["lock", "whole"]


def test_a_file_whose_hash_is_not_in_the_lock(tmp_path: Path, index: Index) -> None:
    index.packages = (Package("tool", "ANSWER = 'stolen'\n"),)
    assert failure(tmp_path) == (
        "the index serves another file of tool==1.0 than the lock allows; if you trust it, run make"
        " lock, otherwise find out who changed it"
    )
    index.packages = (TOOL,)
    is_repaired(tmp_path)


def test_hashes_are_verified_whatever_uv_is_set_to(tmp_path: Path, index: Index) -> None:
    index.packages = (Package("tool", "ANSWER = 'stolen'\n"),)
    assert "than the lock allows" in failure(tmp_path, UV_NO_VERIFY_HASHES="1")


def test_a_lock_without_hashes(tmp_path: Path, index: Index) -> None:
    assert failure(tmp_path, b"tool==1.0\n") == (
        "tool==1.0 has no version or no hash in the lock; run make lock"
    )
    assert index.asked == []


def test_a_narrow_terminal_does_not_hide_the_reason(tmp_path: Path, index: Index) -> None:
    assert failure(tmp_path, b"tool==1.0\n", COLUMNS="40") == (
        "tool==1.0 has no version or no hash in the lock; run make lock"
    )


def test_a_package_that_the_index_lacks(tmp_path: Path, index: Index) -> None:
    lock = TOOL.lock
    index.packages = ()
    assert failure(tmp_path, lock) == (
        "the index lacks tool, which is in the lock; set UV_DEFAULT_INDEX to another index"
    )
    index.packages = (TOOL,)
    assert failure(tmp_path, lock.replace(b"1.0", b"2.0")).startswith("the index lacks tool==2.0,")
    is_repaired(tmp_path)


def test_no_network(tmp_path: Path, index: Index) -> None:
    begun = time.monotonic()
    assert failure(tmp_path, UV_DEFAULT_INDEX=NOWHERE) == (
        "the packages cannot be downloaded from http://127.0.0.1:9; check the network, or set"
        " UV_DEFAULT_INDEX to another index"
    )
    # uv itself tries for 13 seconds.
    assert time.monotonic() - begun < 10
    assert failure(tmp_path, UV_OFFLINE="1") == (
        "the packages are not in uv's cache, and UV_OFFLINE forbids the network; unset UV_OFFLINE"
    )
    is_repaired(tmp_path)


def test_an_index_that_never_answers_times_out(tmp_path: Path, index: Index) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/simple"
        assert failure(
            tmp_path, UV_DEFAULT_INDEX=address, UV_HTTP_TIMEOUT="1", UV_HTTP_RETRIES="0"
        ).startswith("the packages cannot be downloaded from http://127.0.0.1:")
    is_repaired(tmp_path)


def test_a_password_in_the_address_of_an_index_is_not_shown(tmp_path: Path, index: Index) -> None:
    address = NOWHERE.replace("//", "//ada:secret@")
    assert "secret" not in failure(tmp_path, UV_DEFAULT_INDEX=address, UV_HTTP_RETRIES="0")


def test_an_environment_that_exists_needs_no_network(tmp_path: Path, index: Index) -> None:
    made = ready(tmp_path, TOOL)
    ended = outcome(maker(tmp_path, TOOL.lock, UV_DEFAULT_INDEX=NOWHERE, UV_OFFLINE="1"))
    assert ended == (0, str(made.folder), "")


def test_uv_is_killed(tmp_path: Path, index: Index) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "uv").write_text('#!/bin/sh\n[ "$1" = --version ] && echo uv 1.0.0 || kill -9 $$\n')
    (programs / "uv").chmod(0o755)
    path = f"{programs}:/usr/bin:/bin"
    assert failure(tmp_path, PATH=path) == f"{programs / 'uv'} was killed by SIGKILL"
    is_repaired(tmp_path)


# The tests below are slow: mounts need root, or a kernel that lets every user mount.
def mounted(cache: Path, options: str) -> str:
    """Return the command that mounts an empty disk of its own in place of the cache."""
    cache.mkdir()
    return f"mount -t tmpfs -o {options} tmpfs '{cache}'"


@pytest.mark.slow(reason="mounts, which needs root or a kernel that lets every user mount")
def test_a_full_disk(tmp_path: Path, index: Index) -> None:
    index.packages = (LARGE,)
    cache = tmp_path / "cache"
    assert failure(cache, LARGE.lock, mounted(cache, "size=1m")) == (
        f"{cache / 'environments'} has no space left; free some space, or set XDG_CACHE_HOME to a"
        " folder with more"
    )
    is_repaired(cache, LARGE)


@pytest.mark.slow(reason="mounts, which needs root or a kernel that lets every user mount")
def test_a_disk_without_room_for_a_single_file(tmp_path: Path, index: Index) -> None:
    cache = tmp_path / "cache"
    assert failure(cache, before=mounted(cache, "nr_inodes=2")) == (
        f"in {cache / 'environments'}: No space left on device; free some space there, or set"
        " XDG_CACHE_HOME to a folder that you can write to"
    )
    is_repaired(cache)


@pytest.mark.slow(reason="mounts, which needs root or a kernel that lets every user mount")
def test_a_full_disk_under_the_cache_of_uv(tmp_path: Path, index: Index) -> None:
    index.packages = (LARGE,)
    mount = mounted(tmp_path / "uv", "size=1m")
    assert failure(tmp_path / "cache", LARGE.lock, mount) == (
        f"{tmp_path / 'uv'} has no space left; free some space, or set UV_CACHE_DIR to a folder"
        " with more"
    )
    is_repaired(tmp_path / "cache", LARGE)


@pytest.mark.slow(reason="mounts, which needs root or a kernel that lets every user mount")
def test_a_read_only_cache(tmp_path: Path, index: Index) -> None:
    cache = tmp_path / "cache"
    assert failure(cache, before=mounted(cache, "ro")) == (
        f"in {cache / 'environments'}: Read-only file system; free some space there, or set"
        " XDG_CACHE_HOME to a folder that you can write to"
    )
    is_repaired(cache)


@pytest.mark.slow(reason="mounts, which needs root or a kernel that lets every user mount")
def test_a_read_only_cache_of_uv(tmp_path: Path, index: Index) -> None:
    mount = mounted(tmp_path / "uv", "ro")
    assert failure(tmp_path / "cache", before=mount) == (
        f"{tmp_path / 'uv'} cannot be written to; set UV_CACHE_DIR to a folder that you can write"
        " to"
    )
    is_repaired(tmp_path / "cache")


@pytest.mark.slow(reason="mounts, which needs root or a kernel that lets every user mount")
def test_an_environment_in_a_read_only_cache_can_be_used(tmp_path: Path, index: Index) -> None:
    cache = tmp_path / "cache"
    made = ready(cache, TOOL)
    read_only = f"mount --bind '{cache}' '{cache}' && mount -o remount,ro,bind '{cache}'"
    assert outcome(maker(cache, TOOL.lock, read_only)) == (0, str(made.folder), "")
    shutil.rmtree(made.folder)
    assert "Read-only file system" in failure(cache, before=read_only)
