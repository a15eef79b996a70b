"""Steps in containers: their inputs, what they can access, and how they end."""

import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import List  # noqa: UP035 - KFP reads this form

import pytest
from kfp import dsl

from tests.build.containers import containers, limited, log, owner, program, run, run_folder
from tests.build.images import base_image, docker

pytestmark = pytest.mark.docker

# Enough for several to start and end at the same time; more would only take longer.
MANY = 12
LINES = 400
STREAMS = ("stdout", "stderr")
ODD = [
    "-dash",
    "--help",
    'it\'s "quoted"',
    "$(id) `id` ${HOME} $HOME",
    "two\nlines\n",
    "{{$.inputs}} %s \\ \\n",
    "a, b=c; d|e > f & *",
    " ünïcode ☃ ",
    "",
]


@pytest.mark.parametrize("code", [0, 9])
def test_each_of_many_steps_is_reported_with_its_state_and_its_whole_log(
    tmp_path: Path, code: int
) -> None:
    many = program(
        "import sys\n"
        "stream = getattr(sys, sys.argv[1])\n"
        f"for i in range({LINES}):\n"
        "  print(sys.argv[2], i, file=stream)\n"
        f"sys.exit({code})",
        "stream",
        "text",
    )

    @dsl.pipeline(name="many")
    def pipeline() -> None:
        items = [{"stream": STREAMS[i % 2], "text": f"item-{i}"} for i in range(MANY)]
        with dsl.ParallelFor(items) as item:
            many(stream=item.stream, text=item.text)

    done = run(tmp_path, pipeline, "--jobs=4")

    assert done.code == (1 if code else 0), done.stderr
    state = "failed" if code else "succeeded"
    ended = re.findall(rf"^[\d:]+ program\.(\d+): {state} in", done.stderr, re.MULTILINE)
    assert sorted(map(int, ended)) == list(range(MANY))
    if code:
        assert (
            f"error: {MANY} steps failed: 'program.0' failed: item-0 {LINES - 1} (exit {code})"
            in done.error
        )
    for i in range(MANY):
        lines = log(tmp_path, f"program.{i}").splitlines()
        assert lines == [f"item-{i} {line}" for line in range(LINES)]
    assert containers(run_folder(tmp_path).name) == []


def test_strings_reach_a_step_unchanged(tmp_path: Path) -> None:
    write = "import sys; open(sys.argv[2], 'w', newline='').write(sys.argv[1])"
    say = program(write, "text", output="String")

    @dsl.pipeline(name="odd")
    def pipeline(texts: List[str]) -> None:  # noqa: UP006 - KFP reads this form
        with dsl.ParallelFor(texts) as text:
            say(text=text)

    done = run(tmp_path, pipeline, "--param", f"texts={json.dumps(ODD)}")

    assert done.code == 0, done.stderr
    folder = run_folder(tmp_path)
    found = [(folder / f"program.{i}" / "out.txt").read_text() for i in range(len(ODD))]
    assert found == ODD


PROBE = """
import json, os, pathlib, sys
source, target = map(pathlib.Path, sys.argv[1:])
def written(path):
    try:
        path.write_text("x")
    except OSError as error:
        return os.strerror(error.errno)
    return "written"
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
# The input's folder is only a mount point in the container.
written(source.parent / "more")
found = {
    "input": written(source),
    "root": written(pathlib.Path("/usr/more")),
    "scratch": written(pathlib.Path("/tmp/more")),
    "owner": [os.getuid(), os.getgid()],
    "capabilities": int(status["CapEff"], 16),
    "no new privileges": status["NoNewPrivs"].strip(),
    "run": sorted(os.listdir(source.parent.parent)),
}
target.write_text(json.dumps(found))
"""


def test_a_step_can_write_only_in_its_own_folder(tmp_path: Path) -> None:
    make = program("import sys; open(sys.argv[1], 'w').write('made')", output="Dataset")

    @dsl.container_component
    def look(source: dsl.Input[dsl.Dataset], found: dsl.Output[dsl.Dataset]) -> dsl.ContainerSpec:
        return dsl.ContainerSpec(base_image(), ["python3", "-c", PROBE], [source.path, found.path])

    @dsl.pipeline(name="probe")
    def pipeline() -> None:
        look(source=make().outputs["out"])

    done = run(tmp_path, pipeline)

    assert done.code == 0, done.stderr
    folder = run_folder(tmp_path)
    found = json.loads((folder / "look" / "found").read_text())
    assert found == {
        "input": "Read-only file system",
        "root": "Read-only file system",
        "scratch": "written",
        "owner": list(owner()),
        "capabilities": 0,
        "no new privileges": "1",
        "run": ["look", "program"],
    }
    assert (folder / "program" / "out").read_text() == "made"
    assert not list(folder.rglob("more")), "a step could access more than its inputs and outputs"
    assert {(path.stat().st_uid, path.stat().st_gid) for path in folder.rglob("*")} == {owner()}


@pytest.fixture()
def offline() -> Iterator[str]:
    """Return an image whose label says that it needs no network."""
    tag = f"offline-{uuid.uuid4().hex}:1"
    made = docker("create", base_image(), "true").strip()
    docker("commit", "--change", "LABEL dev.pinion.network=none", made, tag)
    yield tag
    docker("rm", made)
    docker("rmi", "--no-prune", tag)


def test_only_a_step_that_needs_the_network_gets_it_and_the_credentials(
    tmp_path: Path, offline: str
) -> None:
    code = (
        "import json, os, sys; open(sys.argv[-1], 'w').write(json.dumps("
        "[sorted(os.listdir('/sys/class/net')), os.environ.get('AWS_SECRET_ACCESS_KEY')]))"
    )
    alone, connected = program(code, output="String", image=offline), program(code, output="String")

    @dsl.pipeline(name="networks")
    def pipeline() -> None:
        alone()
        connected()

    done = run(tmp_path, pipeline, **{"AWS_SECRET_ACCESS_KEY": "s3cret"})

    assert done.code == 0, done.stderr
    folder = run_folder(tmp_path)
    found = [
        json.loads((folder / name / "out.txt").read_text()) for name in ("program", "program-2")
    ]
    assert found[0] == [["lo"], None]
    assert found[1][1] == "s3cret"
    assert len(found[1][0]) > 1


def test_a_step_that_runs_out_of_memory_is_reported_as_such(tmp_path: Path) -> None:
    eat = program("print('hungry'); held = bytearray(600 * 2**20)")

    @dsl.pipeline(name="hungry")
    def pipeline() -> None:
        limited(eat(), memory="64Mi", cpu="1000")

    done = run(tmp_path, pipeline)

    assert done.code == 1
    assert "'program' failed: it ran out of memory: its limit is 64 MiB" in done.error
