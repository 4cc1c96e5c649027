"""The asynchronous client."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

import grpc
import grpc.aio

from datastored import options
from datastored.client import DEADLINE
from datastored.errors import closed_error, error_of
from datastored.events import Event, event_of
from datastored.options import Tls
from datastored.v1 import TestConnectionRequest
from datastored.v1.datastore_service_pb2_grpc import DatastoreServiceStub

if TYPE_CHECKING:
    from datastored.v1.datastore_service_pb2_grpc import DatastoreServiceAsyncStub


class Client:
    """A connection to datastored, made by `connect`, for one event loop.

    Attributes:
        stub: The calls of the API, to be awaited. They raise `datastored.Error`, and have the deadline of the client or the `timeout` they are given.
    """

    def __init__(self, target: str, channel: grpc.aio.Channel, defaults: "list[_Defaults]") -> None:
        self._target = target
        self._channel = channel
        self._defaults = defaults
        self.stub: DatastoreServiceAsyncStub = DatastoreServiceStub(channel)

    async def test_connection(self, request: TestConnectionRequest, timeout: float | None = None) -> AsyncGenerator[Event, None]:
        """As `datastored.Client.test_connection`. `contextlib.aclosing` closes the generator, and so stops the test, where it is left early."""
        call = self.stub.TestConnection(request, timeout=timeout)
        try:
            async for response in call:
                event = event_of(response)
                if event is not None:
                    yield event
        except grpc.RpcError as failed:
            raise error_of(failed) from failed
        except asyncio.CancelledError:
            # Nobody has cancelled the task: it is the client that was closed.
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise closed_error() from None
        finally:
            call.cancel()

    async def close(self) -> None:
        """Closes the connection. Calls that are under way are cancelled, and so is each that is made later."""
        for defaults in self._defaults:
            defaults.closed = True
        await self._channel.close()

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"aio.Client({self._target!r})"


def connect(
    target: str,
    *,
    tls: Tls | None = None,
    token: str | None = None,
    deadline: float | None = DEADLINE,
    allow_plaintext_token: bool = False,
) -> Client:
    """As `datastored.connect`, for asyncio."""
    options.check_token(target, token, tls, allow_plaintext_token)
    channel_options = options.channel_options(tls)
    defaults = [_UnaryDefaults(token, deadline), _StreamDefaults(token, None)]
    interceptors = cast(list[grpc.aio.ClientInterceptor], defaults)
    if tls is None:
        channel = grpc.aio.insecure_channel(target, channel_options, interceptors=interceptors)
    else:
        channel = grpc.aio.secure_channel(target, tls.channel_credentials(), channel_options, interceptors=interceptors)
    return Client(target, channel, defaults)


class _Defaults:
    """Gives each call the token and the deadline."""

    def __init__(self, token: str | None, deadline: float | None) -> None:
        self._metadata = [] if token is None else [("authorization", f"Bearer {token}")]
        self._deadline = deadline
        self.closed = False

    def _complete(self, details: Any) -> Any:
        if self.closed:
            raise closed_error()
        timeout = self._deadline if details.timeout is None else details.timeout
        metadata = grpc.aio.Metadata(*(details.metadata or ()), *self._metadata)
        return details._replace(timeout=timeout, metadata=metadata)


class _UnaryDefaults(_Defaults, grpc.aio.UnaryUnaryClientInterceptor):
    """For calls with one answer, whose error becomes one of ours."""

    async def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        call = await continuation(self._complete(details), request)
        try:
            return await call
        except grpc.RpcError as failed:
            raise error_of(failed) from failed


class _StreamDefaults(_Defaults, grpc.aio.UnaryStreamClientInterceptor):
    """For streams."""

    async def intercept_unary_stream(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        return await continuation(self._complete(details), request)
