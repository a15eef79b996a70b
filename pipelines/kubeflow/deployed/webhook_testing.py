"""Play a webhook that records what is posted to it, and answers with a status."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# The part of the address that nobody may see.
HIDDEN = "T024/B7/f00ba4"


@dataclass
class Webhook:
    """The messages that were posted, and the status that the next one is answered with."""

    status: int = 200
    address: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    webhook: Webhook

    def do_POST(self) -> None:  # noqa: N802 - the name is the library's
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.webhook.status == 200:
            self.webhook.messages.append(json.loads(body))
        self.send_response(self.webhook.status)
        self.send_header("Location", self.webhook.address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the messages are recorded."""


@contextmanager
def listening() -> Iterator[Webhook]:
    """Listen on a port of this machine until the block ends."""
    webhook = Webhook()
    handler = type("Handler", (_Handler,), {"webhook": webhook})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        webhook.address = f"http://127.0.0.1:{server.server_address[1]}/services/{HIDDEN}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield webhook
        finally:
            server.shutdown()
