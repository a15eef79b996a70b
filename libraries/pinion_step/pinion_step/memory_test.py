"""What is left, read from files as the kernel writes them, and from a real limit."""

import subprocess
import sys
from pathlib import Path

import pytest

from pinion_step.memory import available, in_words

MB = 1 << 20
MEMINFO = "MemTotal: 4096000 kB\nMemAvailable: 2048000 kB\nSwapFree: 1024 kB\n"


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def left(root: Path) -> int | None:
    return available(root / "proc", root / "groups")


def test_without_a_group_the_machine_bounds_with_its_swap(tmp_path: Path) -> None:
    write(tmp_path, {"proc/meminfo": MEMINFO})
    assert left(tmp_path) == 2001 * MB


@pytest.mark.parametrize(
    ("group", "files"),
    [
        pytest.param(
            "0::/pod/step",
            {
                "pod/step/memory.max": "max",
                "pod/step/memory.stat": "anon 1048576\nfile 99999999\n",
                "pod/memory.max": str(500 * MB),
                "pod/memory.stat": f"anon {200 * MB}\nfile {300 * MB}\n",
            },
            id="version 2, the pod's",
        ),
        pytest.param(
            "0::/",
            {"memory.max": str(500 * MB), "memory.stat": f"anon {200 * MB}\n"},
            id="version 2, its own in a container",
        ),
        pytest.param(
            "9:cpu:/\n4:memory:/docker/c0ffee\n0::/",
            {
                "memory/memory.limit_in_bytes": str(500 * MB),
                "memory/memory.stat": f"rss 4096\ntotal_rss {200 * MB}\ntotal_cache 7\n",
            },
            id="version 1, whose path is that outside of the container",
        ),
        pytest.param(
            "4:cpuacct,memory:/user",
            {
                "memory/memory.limit_in_bytes": "9223372036854771712",
                "memory/user/memory.limit_in_bytes": str(500 * MB),
                "memory/user/memory.stat": f"total_rss {200 * MB}\n",
            },
            id="version 1, beside another controller",
        ),
    ],
)
def test_a_group_bounds_less_what_no_cache_gives_back(
    tmp_path: Path, group: str, files: dict[str, str]
) -> None:
    write(tmp_path, {"proc/meminfo": MEMINFO, "proc/self/cgroup": group})
    write(tmp_path / "groups", files)
    assert left(tmp_path) == 301 * MB


def test_a_group_over_its_limit_leaves_nothing(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "proc/self/cgroup": "0::/",
            "groups/memory.max": "1000",
            "groups/memory.stat": "anon 2000\n",
        },
    )
    assert left(tmp_path) == 0


def test_where_nothing_says_how_much_it_is_not_known(tmp_path: Path) -> None:
    assert left(tmp_path) is None


@pytest.mark.parametrize(("limit", "most"), [("RLIMIT_AS", 300), ("RLIMIT_DATA", 200)])
def test_a_limit_of_the_process_bounds(limit: str, most: int) -> None:
    program = f"""
import resource
from pinion_step.memory import available
resource.setrlimit(resource.{limit}, ({most} * 2**20, {most} * 2**20))
left = available()
print(left)
bytearray(left - 10 * 2**20)
try:
    bytearray(left + 10 * 2**20)
except MemoryError:
    print("refused")
"""
    child = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": ":".join(sys.path)},
        check=True,
        capture_output=True,
        text=True,
    )
    room_left, refused = child.stdout.split()
    assert 0 < int(room_left) < most * MB
    assert refused == "refused"


def test_sizes_are_in_words() -> None:
    assert in_words(1_450_000_000) == "1.4 GB"
    assert in_words(12_400_000) == "12 MB"
