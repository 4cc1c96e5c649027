"""A front before datastored that answers the first call of some methods with an error, and counts what it sees.

A fake, since a server that fails exactly once is none of the real ones.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

_RETRY_DELAY_NANOS = 50_000_000


class Front:
    """Where it listens, and how often each method was called."""

    def __init__(self, faults: dict[str, str]) -> None:
        self.address = ""
        self.calls: Counter[str] = Counter()
        self._faults = faults
        self._lock = threading.Lock()

    def fault(self, method: str) -> grpc.StatusCode | None:
        """What to answer this call with, if it is not to be passed on."""
        with self._lock:
            self.calls[method] += 1
            is_first = self.calls[method] == 1
        return grpc.StatusCode[self._faults[method]] if is_first and method in self._faults else None


@contextmanager
def serve(upstream: str, faults: dict[str, str]) -> Iterator[Front]:
    """Starts the front on a free port."""
    front = Front(faults)
    server = grpc.server(futures.ThreadPoolExecutor(4))
    with grpc.insecure_channel(upstream) as channel:
        server.add_generic_rpc_handlers((_Handler(front, channel),))
        front.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        try:
            yield front
        finally:
            server.stop(None).wait()


class _Handler(grpc.GenericRpcHandler):
    """Passes calls of one message on as bytes."""

    def __init__(self, front: Front, channel: grpc.Channel) -> None:
        self._front = front
        self._channel = channel

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        method = details.method

        def answer(request: bytes, context: grpc.ServicerContext) -> Any:
            fault = self._front.fault(method.rsplit("/", 1)[-1])
            if fault is not None:
                context.set_trailing_metadata((("grpc-status-details-bin", _details(fault)),))
                context.abort(fault, "the front fails once")
            keep = [(key, value) for key, value in context.invocation_metadata() if key == "authorization"]
            try:
                return self._channel.unary_unary(method)(request, metadata=keep, timeout=context.time_remaining())
            except grpc.RpcError as error:
                context.set_trailing_metadata(error.trailing_metadata())
                context.abort(error.code(), error.details())

        return grpc.unary_unary_rpc_method_handler(answer)


def _details(fault: grpc.StatusCode) -> bytes:
    status = status_pb2.Status(code=fault.value[0], message="the front fails once")
    if fault is grpc.StatusCode.RESOURCE_EXHAUSTED:
        delay = any_pb2.Any()
        delay.Pack(error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(nanos=_RETRY_DELAY_NANOS)))
        status.details.append(delay)
    return status.SerializeToString()
