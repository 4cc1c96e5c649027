"""Serves the files of a page on an origin of its own, and lets the page's test look at the gate and open it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from harness.gate import Gate


@contextmanager
def serve(folder: Path, gate: Gate) -> Iterator[str]:
    """Starts on a free port; its origin. `POST /held/ID` answers 204 when the gate holds the test ID, `POST /let-pass/ID` lets it pass."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, gate, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, gate: Gate, *args: Any, **options: Any) -> None:
        self._gate = gate
        super().__init__(*args, **options)

    def do_POST(self) -> None:
        match self.path.split("/"):
            case ["", "held", test_id]:
                done = self._gate.wait_held(test_id)
            case ["", "let-pass", test_id]:
                self._gate.let_pass(test_id)
                done = True
            case _:
                done = False
        self.send_response(204 if done else 404)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Keeps what was asked for out of what the tests print."""
