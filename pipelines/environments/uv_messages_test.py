from pathlib import Path

import pytest

from pipelines.environments.uv_messages import explain

HERE = Path("/home/ada/.cache/pinion/environments")
NO_ROOM = "No space left on device (os error 28)"
FREE_SOME = "free some space, or set XDG_CACHE_HOME to a folder with more"


@pytest.mark.parametrize(
    ("message", "line"),
    [
        pytest.param(
            "error: Failed to install: a.whl\n  cause: failed to copy file from /home/ada/uv/"
            f"archive-v0/x/a.py to {HERE}/.t.partial/lib/a.py: {NO_ROOM}",
            f"{HERE} has no space left; {FREE_SOME}",
            id="no room here",
        ),
        pytest.param(
            f"error: Failed to write to the client cache\n  cause: failed to write to file"
            f" `/data/uv/simple-v28/.tmp`: {NO_ROOM}",
            "/data/uv has no space left; free some space, or set UV_CACHE_DIR to a folder with"
            " more",
            id="no room in uv's cache",
        ),
        pytest.param(
            f"error: cannot write `/opt/x`: {NO_ROOM}",
            f"/opt has no space left; {FREE_SOME}",
            id="no room elsewhere",
        ),
        pytest.param(
            'error: Could not acquire lock\n  cause: Read-only file system (os error 30) at path "'
            '/data/uv/.tmpX"',
            "/data/uv cannot be written to; set UV_CACHE_DIR to a folder that you can write to",
            id="read-only",
        ),
        pytest.param(
            "error: Disk quota exceeded (os error 122)",
            f"{HERE} has no space left; {FREE_SOME}",
            id="no path is named",
        ),
        pytest.param(
            "error: No interpreter found for CPython 3.11 in managed installations or search path",
            "CPython 3.11 is needed and cannot be downloaded; install it (with your system's"
            " package manager, or pyenv install 3.11)",
            id="no interpreter",
        ),
        pytest.param(
            "Resolved 1 package\nerror: something new\n  cause: nobody knows\n",
            "uv failed: nobody knows",
            id="an unknown message",
        ),
        pytest.param("", "uv failed: it printed nothing", id="nothing"),
    ],
)
def test_a_message_of_uv_becomes_one_line_that_says_what_to_do(message: str, line: str) -> None:
    assert explain(message, HERE, {"UV_CACHE_DIR": "/data/uv"}) == line
