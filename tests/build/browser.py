"""Drive a real headless browser over the pipe of Chromium's DevTools."""

import base64
import json
import os
import select
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

_NAMES = (
    "chromium", "google-chrome", "google-chrome-stable", "chromium-browser", "chrome",
    "chromium-headless-shell",
)  # fmt: skip
_OPTIONS = (
    "--headless", "--remote-debugging-pipe", "--disable-gpu", "--no-first-run",
    # Without these options it contacts Google's servers.
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
_SECONDS = 60


def browser() -> str | None:
    """Return the path of a browser, whatever its name here, or None."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


class Browser:
    """One tab; `events` are the messages that the browser sent unasked, as DevTools name them."""

    def __init__(self, folder: Path) -> None:
        self.events: list[dict[str, Any]] = []
        self._last, self._session, self._read = 0, "", b""
        self._start(folder)

    def _start(self, folder: Path) -> None:
        program = browser()
        assert program, "no Chromium is installed"
        (commands, self._commands), (self._answers, answers) = os.pipe(), os.pipe()
        # It reads commands from descriptor 3 and answers on 4. Root, which CI uses, cannot use the
        # sandbox.
        script = f'exec "$0" "$@" 3<&{commands} 4>&{answers}'
        sandbox = ["--no-sandbox"] if os.getuid() == 0 else []
        self._process = subprocess.Popen(
            ["bash", "-c", script, program, *_OPTIONS, *sandbox, f"--user-data-dir={folder}"],
            pass_fds=(commands, answers),
            start_new_session=True,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)

    def __enter__(self) -> "Browser":
        target = self.call("Target.createTarget", url="about:blank")
        attached = self.call("Target.attachToTarget", flatten=True, **target)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
            self.call(f"{domain}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # On request, it waits for its own processes.
        with suppress(RuntimeError, OSError):
            self._session = ""
            self.call("Browser.close")
        self._process.wait()
        os.close(self._answers)
        os.close(self._commands)

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Return the answer of DevTools; raise `RuntimeError` if that is an error."""
        self._last += 1
        message: dict[str, object] = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._last:
            self.events.append(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, page: Path, width: int = 1200, scheme: str = "light") -> None:
        """Load a file completely in a window of a width; keep only the events of this page."""
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", features=[feature])
        # A page that reloads by itself may send its own "load" first, or undo the navigation.
        while self._navigate(page) != self._loaded():
            pass

    def _navigate(self, page: Path) -> str:
        self.events.clear()
        loader: str = self.call("Page.navigate", url=page.as_uri())["loaderId"]
        return loader

    def _loaded(self) -> str:
        """Wait until a page is complete, and return what loaded it."""
        while True:
            for state in self.named("Page.lifecycleEvent"):
                if state["name"] == "load":
                    loader: str = state["loaderId"]
                    return loader
            self.events.append(self._next())

    def named(self, *methods: str) -> list[dict[str, Any]]:
        """Return the events of these kinds since the page was opened."""
        return [event["params"] for event in self.events if event["method"] in methods]

    def ask(self, expression: str) -> Any:
        """Return the value of a JavaScript expression on the page, or what it promises."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def picture(self, file: Path) -> None:
        """Save the whole page as a PNG file."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        # Chromium draws no picture that is much longer.
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 8000)}
        taken = self.call(
            "Page.captureScreenshot", captureBeyondViewport=True, clip={**clip, "scale": 1}
        )
        file.write_bytes(base64.b64decode(taken["data"]))

    def read_aloud(self) -> list[tuple[str, str]]:
        """Return what a screen reader gets: the role and name of each element, in order."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in nodes
            if not node["ignored"]
        ]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._read:
            ready, _, _ = select.select([self._answers], [], [], _SECONDS)
            more = os.read(self._answers, 1 << 16) if ready else b""
            if not more:
                # A browser that hangs is killed with all its processes.
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                raise RuntimeError(f"the browser ended with {self._process.wait()}")
            self._read += more
        message, _, self._read = self._read.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer
