"""What the scenario of all clients does not show: mistakes, clients that are closed, and what only this client can be given."""

import asyncio
import socket
import unittest
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import grpc

import datastored
from datastored import Tls, aio
from datastored.options import channel_options
from datastored.v1 import (
    ConnectionTestReport,
    ConnectionTestStarted,
    Datastore,
    GetDatastoreRequest,
    TestConnectionRequest,
    TestConnectionResponse,
)
from datastored.v1.datastore_service_pb2_grpc import DatastoreServiceServicer, DatastoreServiceStub, add_DatastoreServiceServicer_to_server

TOKEN = "dsk_secret"
REQUEST = TestConnectionRequest(name="datastores/orders")
UNKNOWN = bytes([0x98, 0x06, 0x01])
"""A field that no message of today has: number 99, the varint 1."""
LOOPBACK = ["localhost:1", "127.0.0.1:1", "127.1.2.3", "[::1]:1", "dns:localhost:1", "dns:///127.0.0.1:1", "ipv4:127.0.0.1:1", "unix:/run/datastored"]
ELSEWHERE = [
    "example.com:1",
    "localhost.example.com:1",
    "127.0.0.1.example.com:1",
    "10.0.0.1:1",
    "[::2]:1",
    "dns://10.0.0.1/localhost:1",
    "ipv4:127.0.0.1:1,10.0.0.1:1",
]


def silent(server: socket.socket) -> None:
    """Takes a connection of HTTP/2 in, agrees to its settings and then only reads, until it is closed."""
    connection, _ = server.accept()
    with connection:
        connection.sendall(bytes([0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0]))
        while connection.recv(4096):
            pass


class Service(DatastoreServiceServicer):
    """Answers as the name of a datastore says; a test begins and waits until it is cancelled."""

    def __init__(self) -> None:
        self.cancelled = Event()

    def GetDatastore(self, request: GetDatastoreRequest, context: Any) -> Datastore:
        context.set_trailing_metadata([("grpc-status-details-bin", b"\xff")])
        context.abort(grpc.StatusCode.NOT_FOUND, "it is gone")
        raise AssertionError("abort raises")

    def TestConnection(self, request: TestConnectionRequest, context: Any) -> Iterator[TestConnectionResponse]:
        if request.name == "newer":
            yield TestConnectionResponse.FromString(UNKNOWN)
            yield TestConnectionResponse(completed=ConnectionTestReport())
            return
        context.add_callback(self.cancelled.set)
        yield TestConnectionResponse(started=ConnectionTestStarted())
        self.cancelled.wait(30)


class ClientTest(unittest.TestCase):
    """Each test has a server of its own."""

    def setUp(self) -> None:
        self.service = Service()  # type: ignore[abstract]
        server = grpc.server(ThreadPoolExecutor(4))
        add_DatastoreServiceServicer_to_server(self.service, server)
        self.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        self.addCleanup(server.stop, None)

    def connect(self) -> datastored.Client:
        client = datastored.connect(self.address)
        self.addCleanup(client.close)
        return client

    def test_an_error_whose_details_cannot_be_read_has_none(self) -> None:
        with self.assertRaises(datastored.NotFound) as raised:
            self.connect().stub.GetDatastore(GetDatastoreRequest())
        self.assertEqual((raised.exception.message, raised.exception.reason), ("it is gone", ""))

    def test_an_event_that_only_a_newer_server_knows_is_left_out(self) -> None:
        events = list(self.connect().test_connection(TestConnectionRequest(name="newer")))
        self.assertEqual(events, [ConnectionTestReport()])
        self.assertEqual(asyncio.run(self.newer()), [ConnectionTestReport()])

    async def newer(self) -> list[datastored.Event]:
        async with aio.connect(self.address) as client:
            return [event async for event in client.test_connection(TestConnectionRequest(name="newer"))]

    def test_another_thread_can_close_the_events(self) -> None:
        events = self.connect().test_connection(REQUEST)
        next(events)
        with ThreadPoolExecutor() as pool:
            waits = pool.submit(next, events)
            self.assertFalse(waits.done())
            events.close()
            self.assertIsInstance(waits.exception(30), (datastored.Cancelled, StopIteration))
        self.assertTrue(self.service.cancelled.wait(30))
        self.assertEqual(list(events), [])

    def test_events_that_nobody_has_any_more_stop_the_test(self) -> None:
        next(self.connect().test_connection(REQUEST))
        self.assertTrue(self.service.cancelled.wait(30))

    def test_events_that_are_closed_before_the_first_begin_no_test(self) -> None:
        with self.connect().test_connection(REQUEST) as events:
            pass
        self.assertEqual(list(events), [])

    def test_a_closed_client_cancels_what_is_under_way_and_what_comes_later(self) -> None:
        client = self.connect()
        events = client.test_connection(REQUEST)
        next(events)
        client.close()
        client.close()
        calls: list[Callable[[], Any]] = [
            lambda: next(events),
            lambda: client.stub.GetDatastore(GetDatastoreRequest()),
            lambda: next(client.test_connection(REQUEST)),
        ]
        for call in calls:
            self.assertRaises(datastored.Cancelled, call)

    def test_a_channel_that_is_closed_in_the_midst_of_a_call_ends_no_process(self) -> None:
        client = self.connect()
        client._channel.close()
        self.assertRaises(ValueError, client.stub.GetDatastore, GetDatastoreRequest())

    def test_a_closed_asynchronous_client_does_the_same(self) -> None:
        asyncio.run(self.closed())

    async def closed(self) -> None:
        client = aio.connect(self.address)
        events = client.test_connection(REQUEST)
        await anext(events)
        await client.close()
        await client.close()
        with self.assertRaises(datastored.Cancelled):
            await anext(events)
        with self.assertRaises(datastored.Cancelled):
            await client.stub.GetDatastore(GetDatastoreRequest())
        with self.assertRaises(datastored.Cancelled):
            await anext(client.test_connection(REQUEST))

    def test_a_cancelled_task_is_cancelled(self) -> None:
        asyncio.run(self.cancelled())

    async def cancelled(self) -> None:
        async with aio.connect(self.address) as client:
            events = client.test_connection(REQUEST)
            await anext(events)
            task = asyncio.ensure_future(anext(events))
            await asyncio.sleep(0)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
        self.assertTrue(await asyncio.to_thread(self.service.cancelled.wait, 30))


class OptionsTest(unittest.TestCase):
    """What `connect` refuses, and what it gives to gRPC."""

    def test_a_server_that_answers_no_ping_is_gone(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as pool:
            pool.submit(silent, server)
            hasty = [(name, value // 100 if isinstance(value, int) and name.endswith("_ms") else value) for name, value in channel_options(None)]
            target = f"127.0.0.1:{server.getsockname()[1]}"
            with grpc.insecure_channel(target, hasty) as channel, self.assertRaises(grpc.RpcError) as raised:
                list(DatastoreServiceStub(channel).TestConnection(REQUEST, timeout=5))
        self.assertEqual(datastored.error_of(raised.exception).code, grpc.StatusCode.UNAVAILABLE)

    def test_a_token_goes_in_plain_text_to_this_machine_only(self) -> None:
        for target in LOOPBACK:
            datastored.connect(target, token=TOKEN).close()
        for target in ELSEWHERE:
            with self.subTest(target):
                self.assertRaises(datastored.PlaintextTokenError, datastored.connect, target, token=TOKEN)
                datastored.connect(target, token=TOKEN, tls=Tls()).close()
                datastored.connect(target, token=TOKEN, allow_plaintext_token=True).close()

    def test_a_token_that_cannot_be_sent_is_refused_and_not_shown(self) -> None:
        for token in (f"{TOKEN}\n", f" {TOKEN}", f"{TOKEN}é", ""):
            with self.assertRaisesRegex(ValueError, "the token is empty, or") as raised:
                datastored.connect("localhost:1", token=token)
            self.assertNotIn(TOKEN, str(raised.exception))

    def test_a_certificate_and_its_key_belong_together(self) -> None:
        for half in ({"certificate": b"pem"}, {"key": b"pem"}, {"certificate": b"pem", "key": b""}):
            with self.assertRaisesRegex(ValueError, "belong together"):
                Tls(**half)


if __name__ == "__main__":
    unittest.main()
