"""The synchronous client."""

from collections import namedtuple
from collections.abc import Callable
from types import TracebackType
from typing import Any, cast

import grpc

from datastored import options
from datastored.errors import closed_error, error_of
from datastored.events import Events
from datastored.options import Tls
from datastored.v1 import TestConnectionRequest
from datastored.v1.datastore_service_pb2_grpc import DatastoreServiceStub

DEADLINE = 90.0
"""Seconds that a call may take if nothing else is said. Creating a datastore tests its connection, which can take a minute."""


class Client:
    """A connection to datastored, made by `connect`. It may be used by many threads.

    Attributes:
        stub: The calls of the API. They raise `datastored.Error`, and have the deadline of the client or the `timeout` they are given.
    """

    def __init__(self, target: str, channel: grpc.Channel, defaults: "_Defaults") -> None:
        self._target = target
        self._channel = channel
        self._defaults = defaults
        self.stub: DatastoreServiceStub = DatastoreServiceStub(cast(grpc.Channel, _Methods(grpc.intercept_channel(channel, defaults))))

    def test_connection(self, request: TestConnectionRequest, timeout: float | None = None) -> Events:
        """Tests a connection and yields its events as they come. It has no deadline but `timeout`, in seconds: the server bounds a test.

        Closing the events stops the test, and what it wrote is removed. Missing rights are in the report; they raise nothing.

        Raises:
            datastored.Error: There was nothing to test, or the stream broke. It comes with an event.
        """
        return Events(lambda: self.stub.TestConnection(request, timeout=timeout))

    def close(self) -> None:
        """Closes the connection. Calls that are under way are cancelled, and so is each that is made later."""
        self._defaults.closed = True
        self._channel.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self._target!r})"


def connect(
    target: str,
    *,
    tls: Tls | None = None,
    token: str | None = None,
    deadline: float | None = DEADLINE,
    allow_plaintext_token: bool = False,
) -> Client:
    """Connects to datastored at `target`, `host:port`. The connection is made with the first call, and made again when it breaks.

    Calls that only read are tried again when the server is unavailable or has too much to do; others are not.

    Args:
        target: Where the server is: `host:port`, or another target of gRPC.
        tls: The certificates. Without it nothing is encrypted.
        token: Says who calls. It is sent with every call.
        deadline: How long a call may take, in seconds. `None` for as long as it takes.
        allow_plaintext_token: Send the token without TLS to another machine, too.

    Raises:
        datastored.PlaintextTokenError: The token would go to another machine in plain text.
    """
    options.check_token(target, token, tls, allow_plaintext_token)
    channel_options = options.channel_options(tls)
    if tls is None:
        channel = grpc.insecure_channel(target, channel_options)
    else:
        channel = grpc.secure_channel(target, tls.channel_credentials(), channel_options)
    return Client(target, channel, _Defaults(token, deadline))


class _Methods:
    """The methods of a channel by their names. Those that the stub would register end the process when they are called on a closed channel."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel

    def unary_unary(self, method: str, request_serializer: Any, response_deserializer: Any, _registered_method: bool) -> Any:
        return self._channel.unary_unary(method, request_serializer, response_deserializer)

    def unary_stream(self, method: str, request_serializer: Any, response_deserializer: Any, _registered_method: bool) -> Any:
        return self._channel.unary_stream(method, request_serializer, response_deserializer)


class _Details(
    namedtuple("_Details", ("method", "timeout", "metadata", "credentials", "wait_for_ready", "compression")),
    grpc.ClientCallDetails,
):
    """What gRPC asks of the details of a call."""


class _Defaults(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Gives each call the token and the deadline, and makes its error one of ours."""

    def __init__(self, token: str | None, deadline: float | None) -> None:
        self._metadata = [] if token is None else [("authorization", f"Bearer {token}")]
        self._deadline = deadline
        self.closed = False

    def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        call = continuation(self._complete(details, self._deadline), request)
        # A future is not waited for here; who asked for it makes its error one of ours with `error_of`.
        failed = call.exception() if call.done() else None
        if isinstance(failed, grpc.RpcError):
            raise error_of(failed) from failed
        return call

    def intercept_unary_stream(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        return continuation(self._complete(details, None), request)

    def _complete(self, details: Any, deadline: float | None) -> _Details:
        if self.closed:
            raise closed_error()
        return _Details(
            details.method,
            deadline if details.timeout is None else details.timeout,
            [*(details.metadata or ()), *self._metadata],
            details.credentials,
            details.wait_for_ready,
            details.compression,
        )
