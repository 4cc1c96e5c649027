"""What a connection test tells, as it comes."""

from collections.abc import Callable, Iterator
from threading import Lock
from types import TracebackType
from typing import Any, cast

import grpc

from datastored.errors import error_of
from datastored.v1 import CheckChanged, ConnectionTestReport, ConnectionTestStarted, TestConnectionResponse

Event = ConnectionTestStarted | CheckChanged | ConnectionTestReport
"""What a connection test tells: first its plan, then a change of a check at a time, its report at last."""


class Events(Iterator[Event]):
    """The events of a connection test, which begins when the first is asked for. One thread may read them; any may close them."""

    def __init__(self, begin: Callable[[], Any]) -> None:
        self._begin = begin
        self._call: Any = None
        self._closed = False
        self._lock = Lock()

    def __next__(self) -> Event:
        with self._lock:
            if self._closed:
                raise StopIteration
            if self._call is None:
                self._call = self._begin()
        try:
            return next(event for event in map(event_of, self._call) if event is not None)
        except grpc.RpcError as failed:
            self.close()
            raise error_of(failed) from failed
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stops the test, and what it wrote is removed. A thread that waits for an event gets `datastored.Cancelled`."""
        with self._lock:
            self._closed = True
            if self._call is not None:
                self._call.cancel()

    def __enter__(self) -> "Events":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


def event_of(response: TestConnectionResponse) -> Event | None:
    """The event, or none if only a newer server knows it."""
    name = response.WhichOneof("event")
    return None if name is None else cast(Event, getattr(response, name))
