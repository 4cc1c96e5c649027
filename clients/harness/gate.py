"""A proxy in front of the S3 server that answers no GetObject of a test until it is told to.

A fake, for the one thing that no server here does: to hang.
"""

import http.client
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_PATIENCE = 60.0


class Gate:
    """Where it listens, what it has held, and the tests that it holds no longer."""

    def __init__(self, upstream: str) -> None:
        self.upstream = urllib.parse.urlsplit(upstream).netloc
        self.endpoint = ""
        self.held: set[str] = set()
        self._open: set[str] = set()
        self._changed = threading.Condition()

    def let_pass(self, test_id: str) -> None:
        """Holds the requests of that test no longer."""
        with self._changed:
            self._open.add(test_id)
            self._changed.notify_all()

    def wait_held(self, test_id: str) -> bool:
        """Waits until a request of that test is held; false if none comes."""
        with self._changed:
            return self._changed.wait_for(lambda: any(test_id in path for path in self.held), _PATIENCE)

    def hold(self, path: str) -> None:
        """Waits until the test that the path belongs to may pass."""
        with self._changed:
            self.held.add(path)
            self._changed.notify_all()
            self._changed.wait_for(lambda: any(test in path for test in self._open), _PATIENCE)


@contextmanager
def serve(upstream: str) -> Iterator[Gate]:
    """Starts the proxy on a free port."""
    gate = Gate(upstream)

    class Handler(_Handler):
        """Handles requests for this gate."""

        the_gate = gate

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    gate.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield gate
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Passes each request on as it is, the Host header too, so that its signature holds."""

    protocol_version = "HTTP/1.1"
    the_gate: Gate

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        url = urllib.parse.urlsplit(self.path)
        is_object = url.path.strip("/").count("/") > 0
        if self.command == "GET" and is_object and "uploadId" not in url.query:
            self.the_gate.hold(url.path)
        self._answer(*self._ask(body))

    def _ask(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection(self.the_gate.upstream)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer, content

    def _answer(self, answer: http.client.HTTPResponse, content: bytes) -> None:
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()
