"""`pipelines.ui` and `pipelines.serve` as a user runs them: real servers, and a real browser."""

import json
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.models.server_testing import PATIENCE, Command, call, started
from pipelines.system.errors import PinionError
from pipelines.system.ports import refuse_taken
from tests.build.browser import Browser
from tests.ports import free_port
from tests.running import environment

pytestmark = pytest.mark.slow(reason="starts the full MLflow, and installs it first")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that registered a model."""
    folder = tmp_path_factory.mktemp("two words") / "runs"
    done = call("run", "--output", str(folder), "--param", "register=true")
    assert done.returncode == 0, done.stderr
    return folder


def free(port: int) -> bool:
    """Return whether nothing listens on the port any more."""
    try:
        refuse_taken("127.0.0.1", port)
    except PinionError:
        return False
    return True


@pytest.fixture()
def port() -> Iterator[int]:
    """Return a port, and assert that it is free again at the end."""
    port = free_port()
    yield port
    assert free(port)


def begun(command: Command, address: str) -> str:
    """Wait until a server is ready, and return the line that says how to call it."""
    lines = [command.line()]
    while lines[-1] and lines[-1] != "(Ctrl-C stops it)":
        lines.append(command.line())
    assert address in "".join(lines), (lines, command.process.poll())
    return lines[-2]


def page_text(browser: Browser, address: str, wanted: str) -> str:
    """Wait until a page shows a text, and return all its text."""
    browser.call("Page.navigate", url=address)
    deadline = time.monotonic() + PATIENCE
    while wanted not in (text := str(browser.ask("document.body ? document.body.innerText : ''"))):
        assert time.monotonic() < deadline, text
        time.sleep(0.2)
    return text


@pytest.mark.browser()
def test_the_printed_address_shows_the_training_runs(runs: Path, port: int, tmp_path: Path) -> None:
    with started("ui", "--output", str(runs), "--port", str(port)) as command:
        address = begun(command, f"http://127.0.0.1:{port}/")
        with Browser(tmp_path / "browser") as browser:
            text = page_text(browser, address, "hist_gradient_boosting")
        assert command.stop() == (0, "")
    assert "1 matching run" in text
    assert "Model registry" in text
    # These entries are in the menu for prompts and agents.
    assert not {"Judges", "Prompts"} & set(text.splitlines())


def test_a_served_model_answers_the_call_that_is_printed(runs: Path, port: int) -> None:
    with started("serve", "--output", str(runs), "--port", str(port)) as command:
        curl = begun(command, f"http://127.0.0.1:{port}/")
        done = subprocess.run(curl, shell=True, capture_output=True, check=True)  # noqa: S602
        assert command.stop() == (0, "")
    predictions = json.loads(done.stdout)["predictions"]
    assert set(predictions) <= {"benign", "malignant"}
    assert len(predictions) == 5
    # Not even the example is left behind.
    assert not Path(curl.rpartition("@")[2]).parent.exists()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_whichever_signal_ends_it_nothing_keeps_listening(
    runs: Path, port: int, sign: signal.Signals
) -> None:
    with started("ui", "--output", str(runs), "--port", str(port)) as command:
        begun(command, f"http://127.0.0.1:{port}/")
        code, _ = command.stop(sign)
    assert code == (-sign if sign == signal.SIGKILL else 143)
    deadline = time.monotonic() + PATIENCE
    while not free(port):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_server_that_stops_unexpectedly_says_why(runs: Path, port: int, tmp_path: Path) -> None:
    with started("ui", "--output", str(runs), "--port", str(port)) as command:
        begun(command, f"http://127.0.0.1:{port}/")
        listed = subprocess.run(["pgrep", "-f", f"uvicorn.*--port {port}"], capture_output=True)
        for pid in listed.stdout.split():
            subprocess.run(["kill", "-KILL", pid], check=True)
        _, error = command.process.communicate(timeout=PATIENCE)
    assert command.process.returncode == 1
    assert error.startswith("pipelines.ui: error: MLflow stopped unexpectedly: ")
    assert error.count("\n") == 1


def test_the_address_of_a_server_is_only_printed(runs: Path, port: int) -> None:
    with started("ui", "--output", str(runs), "--port", str(port)) as command:
        address = begun(command, f"http://127.0.0.1:{port}/").partition("#")[0]
        uri = address.rstrip("/")
        done = call("ui", "--mlflow-tracking-uri", uri)
        assert done.stdout == f"{address}#/experiments/1/runs?workflowType=machine_learning\n"
        assert done.returncode == 0
        with urllib.request.urlopen(f"{uri}/version") as answer:
            assert answer.read().startswith(b"3.17.")
        assert command.stop() == (0, "")


def test_make_passes_arguments_on(runs: Path) -> None:
    with subprocess.Popen(
        ["make", "ui", f"ARGS=--output '{runs}' --experiment none --port 0"],
        env=environment(), stderr=subprocess.PIPE, text=True,
    ) as made:  # fmt: skip
        error = made.stderr.read() if made.stderr else ""
    assert "has no experiment 'none'; it has Default, pinion" in error
