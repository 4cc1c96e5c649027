"""datastored, with empty stores: one in plain text that takes tokens, and one with TLS that takes client certificates."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness import certificates
from harness.gate import Gate
from harness.process import Process

_ACCESS = """
[[certificate]]
name = "caller"
dns = "caller.example.com"
access = "viewer"
"""


@dataclass(frozen=True)
class Servers:
    """The addresses, and what opens them."""

    address: str
    token: str
    tls_address: str
    files: Path


@contextmanager
def serve(binary: str, folder: Path, gate: Gate, options: Sequence[str] = ()) -> Iterator[Servers]:
    """Starts both, the one in plain text with these options, and tells the gate of each test that has lost its reader."""
    certificates.write(folder)
    access = folder / "access.toml"
    access.write_text(_ACCESS)
    access.chmod(0o600)
    plain, tls = str(folder / "plain"), str(folder / "tls")
    create = [binary, "tokens", "create", "back-end", "--access", "editor", "--data-dir", plain]
    token = subprocess.run(create, check=True, capture_output=True, text=True).stdout.strip()
    certificate = ["--tls-cert", str(folder / "server.pem"), "--tls-key", str(folder / "server.key")]
    callers = ["--tls-client-ca", str(folder / "ca.pem"), "--access-file", str(access)]
    with ExitStack() as stack:
        start = [binary, "serve", "--listen", "127.0.0.1:0", "--log-format", "json", "--data-dir"]
        address = _start(stack, [*start, plain, "--require-authentication", *options], gate)
        tls_address = _start(stack, [*start, tls, *certificate, *callers], gate)
        yield Servers(address, token, tls_address, folder)


def _start(stack: ExitStack, command: list[str], gate: Gate) -> str:
    address: list[str] = []

    def read(line: str) -> None:
        try:
            event = json.loads(line)
        except ValueError:
            return
        match event.get("message"):
            case "serving":
                address.append(event["address"])
            case "connection test stops: its reader has gone":
                gate.let_pass(event["span"]["id"])

    process = stack.enter_context(Process(command, read))
    process.wait_until("datastored serves", lambda: bool(address))
    return address[0]
