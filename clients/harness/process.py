"""A child process that ends with this one, and its log, line by line."""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from types import TracebackType

PATIENCE = 30.0
"""Seconds that a server may take to start."""

# Asks the kernel to end the process when its parent has ended, however that happens (PR_SET_PDEATHSIG), and becomes the server.
_LAUNCH = "import ctypes, os, signal, sys; ctypes.CDLL(None).prctl(1, signal.SIGKILL); os.execv(sys.argv[1], sys.argv[1:])"


class Process:
    """A running server. Its stdout and stderr are read to their end, so that it never waits for a full pipe."""

    def __init__(self, command: list[str], on_line: Callable[[str], None] = lambda line: None) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-c", _LAUNCH, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._log: list[str] = []
        self._on_line = on_line
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._child.terminate()
        try:
            self._child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def wait_until(self, what: str, condition: Callable[[], bool]) -> None:
        """Waits until the condition holds; fails with the end of the log when the process ends first or it takes too long."""
        end = time.monotonic() + PATIENCE
        while not condition():
            if self._child.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"gave up waiting: {what}; the end of the log:\n" + "".join(self._log[-30:]))
            time.sleep(0.02)

    def _read(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            self._log.append(line)
            self._on_line(line)


def folder() -> tempfile.TemporaryDirectory[str]:
    """A folder for one run."""
    return tempfile.TemporaryDirectory(prefix="datastored-clients-")
