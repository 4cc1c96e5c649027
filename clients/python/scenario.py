"""Plays the scenario of ../README.md and prints its transcript; with --aio, by the asynchronous client."""

import argparse
import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import closing
from pprint import pformat
from typing import Any, cast

from google.protobuf.field_mask_pb2 import FieldMask

import datastored
from datastored import Credentials, Error, Event, Tls, aio
from datastored.v1 import (
    ROLE_ENRICHMENT,
    ROLE_SOURCE,
    Check,
    CheckChanged,
    CheckResult,
    ConnectionState,
    ConnectionTest,
    ConnectionTestReport,
    ConnectionTestStarted,
    CreateDatastoreRequest,
    Datastore,
    DeleteDatastoreRequest,
    FindingReason,
    GetConnectionTestRequest,
    GetDatastoreRequest,
    ListDatastoresRequest,
    NewEnrichment,
    Outcome,
    Role,
    S3Config,
    TestConnectionRequest,
    UnlinkEnrichmentRequest,
    UpdateDatastoreRequest,
    Verdict,
)

Step = dict[str, Any]
ENDED = ("VERDICT_PASSED", "VERDICT_FAILED", "VERDICT_SKIPPED", "VERDICT_INCONCLUSIVE")
PATIENCE = 30.0


class Scenario:
    """The steps, a method for each."""

    def __init__(self, client: datastored.Client, connect: Callable[..., datastored.Client]) -> None:
        self.client = client
        self.stub = client.stub
        self.connect = connect

    def play_secrets(self, step: Step) -> None:
        keys = full_keys()
        show_hidden("credentials", keys.secret_access_key, keys)
        show_hidden("client", os.environ["DATASTORED_TOKEN"], self.client)

    def play_plaintext_token(self, step: Step) -> None:
        try:
            self.connect(step["target"], token=os.environ["DATASTORED_TOKEN"]).close()
            print("sent")
        except datastored.PlaintextTokenError:
            print("refused")

    def play_token_refused(self, step: Step) -> None:
        with self.connect(os.environ["DATASTORED_ADDRESS"], token=step["token"]) as client:
            expect_error(lambda: client.stub.ListDatastores(ListDatastoresRequest()))

    def play_tls(self, step: Step) -> None:
        tls = Tls.from_files(*(os.environ[f"DATASTORED_TLS_{file}"] for file in ("CA", "CERTIFICATE", "KEY")))
        with self.connect(os.environ["DATASTORED_TLS_ADDRESS"], tls=tls) as client:
            print(f"{len(client.stub.ListDatastores(ListDatastoresRequest()).datastores)} datastores")

    def play_create(self, step: Step) -> None:
        source = datastore(step["source"], ROLE_SOURCE, full_keys())
        source.labels.update(step["labels"])
        enrichment = NewEnrichment(
            datastore=datastore(step["enrichment"], ROLE_ENRICHMENT, full_keys()),
            datastore_id=step["enrichment"]["id"],
        )
        created = self.stub.CreateDatastore(CreateDatastoreRequest(datastore=source, datastore_id=step["source"]["id"], new_enrichment=enrichment))
        show_datastore(created)
        show_datastore(self.stub.GetDatastore(GetDatastoreRequest(name=created.enrichment_datastore)))

    def play_create_bad(self, step: Step) -> None:
        bad = Datastore(display_name=step["display_name"], s3=S3Config(uri=step["uri"]), labels=step["labels"])
        expect_error(lambda: self.stub.CreateDatastore(CreateDatastoreRequest(datastore=bad)))

    def play_create_refused(self, step: Step) -> None:
        refused = datastore(step["datastore"], ROLE_ENRICHMENT, lacking_keys())
        request = CreateDatastoreRequest(datastore=refused, datastore_id=step["datastore"]["id"])
        expect_error(lambda: self.stub.CreateDatastore(request))

    def play_list(self, step: Step) -> None:
        request = ListDatastoresRequest(page_size=step["page_size"], order_by=step["order_by"])
        number = 1
        while True:
            page = self.stub.ListDatastores(request)
            print(f"page {number}:" + "".join(f" {one.name}" for one in page.datastores))
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token
            number += 1

    def play_update(self, step: Step) -> None:
        known = self.stub.GetDatastore(GetDatastoreRequest(name=step["name"]))

        def rename(display_name: str) -> Datastore:
            changed = Datastore(name=known.name, etag=known.etag, display_name=display_name)
            mask = FieldMask(paths=["display_name"])
            return self.stub.UpdateDatastore(UpdateDatastoreRequest(datastore=changed, update_mask=mask))

        show_datastore(rename(step["display_name"]))
        expect_error(lambda: rename(step["stale_display_name"]))

    def play_test(self, step: Step) -> None:
        show_test(self._events(TestConnectionRequest(name=step["name"])))

    def play_test_unsaved(self, step: Step) -> None:
        unsaved = Datastore(role=ROLE_ENRICHMENT, s3=s3_config(step["uri"], lacking_keys()))
        report = show_test(self._events(TestConnectionRequest(datastore=unsaved)))
        for check in report.checks:
            if check.finding.missing_action:
                print(f"  {check.finding.title}")
                print(f"  {check.finding.remedy}")

    def play_cancel(self, step: Step) -> None:
        name = self._create_held(step["datastore"])
        cancel_after = Check.Value(step["cancel_after"])

        def is_enough(event: Event) -> bool:
            return isinstance(event, CheckChanged) and event.check.check == cancel_after and Verdict.Name(event.check.verdict) == "VERDICT_PASSED"

        events = self._events(TestConnectionRequest(name=name), until=is_enough)
        print(f"cancelled after {step['cancel_after']}")
        self._show_kept(name, events, step["held"])

    def play_deadline(self, step: Step) -> None:
        name = self._create_held(step["datastore"])
        events: list[Event] = []
        try:
            self._events(TestConnectionRequest(name=name), timeout=step["deadline_seconds"], into=events)
        except Error as error:
            print(error.code.name)
        self._show_kept(name, events, step["held"])

    def play_retry(self, step: Step) -> None:
        with self.connect(os.environ["DATASTORED_FRONT_ADDRESS"], token=os.environ["DATASTORED_TOKEN"]) as client:
            show_datastore(client.stub.GetDatastore(GetDatastoreRequest(name=step["name"])))
            print(f"{len(client.stub.ListDatastores(ListDatastoresRequest()).datastores)} datastores")
            once = CreateDatastoreRequest(
                datastore=datastore(step["datastore"], ROLE_SOURCE, full_keys()),
                datastore_id=step["datastore"]["id"],
                skip_connection_test=True,
            )
            expect_error(lambda: client.stub.CreateDatastore(once))
            expect_error(lambda: client.stub.DeleteDatastore(DeleteDatastoreRequest(name=step["name"])))

    def play_delete_in_use(self, step: Step) -> None:
        expect_error(lambda: self.stub.DeleteDatastore(DeleteDatastoreRequest(name=step["name"])))

    def play_unlink(self, step: Step) -> None:
        show_datastore(self.stub.UnlinkEnrichment(UnlinkEnrichmentRequest(name=step["name"])))

    def play_delete(self, step: Step) -> None:
        self.stub.DeleteDatastore(DeleteDatastoreRequest(name=step["name"]))
        expect_error(lambda: self.stub.GetDatastore(GetDatastoreRequest(name=step["name"])))

    def _events(
        self,
        request: TestConnectionRequest,
        timeout: float | None = None,
        until: Callable[[Event], bool] = lambda event: False,
        into: list[Event] | None = None,
    ) -> list[Event]:
        """The events of a test up to the one that is enough; the test is stopped there."""
        seen = [] if into is None else into
        with closing(self.client.test_connection(request, timeout)) as events:
            for event in events:
                seen.append(event)
                if until(event):
                    break
        return seen

    def _create_held(self, values: Step) -> str:
        held = datastore(values, ROLE_ENRICHMENT, full_keys())
        held.s3.endpoint = os.environ["S3_HELD_ENDPOINT"]
        request = CreateDatastoreRequest(datastore=held, datastore_id=values["id"], skip_connection_test=True)
        return self.stub.CreateDatastore(request).name

    def _show_kept(self, name: str, events: Iterable[Event], held: str) -> None:
        """Waits for the report of a test that was stopped, and prints what it says."""
        started = next(event for event in events if isinstance(event, ConnectionTestStarted))
        report = self._kept(f"{name}/connectionTests/{started.test_id}").report
        print(f"kept {Outcome.Name(report.outcome)}")
        for check in report.checks:
            if Check.Name(check.check) == held:
                show_check(check)
        print(f"  residue {len(report.residue)}")

    def _kept(self, name: str) -> ConnectionTest:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return self.stub.GetConnectionTest(GetConnectionTestRequest(name=name))
            except datastored.NotFound:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)


class Awaiting:
    """The asynchronous client, called as the synchronous one is."""

    def __init__(self, target: str, **options: Any) -> None:
        self._runner = asyncio.Runner()
        self._client = self._run(lambda: _made(aio.connect, target, **options))
        self.stub = self

    def __getattr__(self, method: str) -> Callable[[Any], Any]:
        return lambda request: self._run(lambda: getattr(self._client.stub, method)(request))

    def test_connection(self, request: TestConnectionRequest, timeout: float | None = None) -> Iterator[Event]:
        events = self._client.test_connection(request, timeout)
        try:
            while (event := self._run(lambda: anext(events, None))) is not None:
                yield event
        finally:
            self._run(events.aclose)

    def close(self) -> None:
        self._run(self._client.close)
        self._runner.close()

    def __enter__(self) -> "Awaiting":
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return repr(self._client)

    def _run(self, start: Callable[[], Awaitable[Any]]) -> Any:
        async def wait() -> Any:
            return await start()

        return self._runner.run(wait())


async def _made(make: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    return make(*arguments, **options)


def full_keys() -> Credentials:
    return Credentials(os.environ["S3_ACCESS_KEY_ID"], os.environ["S3_SECRET_ACCESS_KEY"])


def lacking_keys() -> Credentials:
    return Credentials(os.environ["S3_LACKING_ACCESS_KEY_ID"], os.environ["S3_LACKING_SECRET_ACCESS_KEY"])


def s3_config(uri: str, keys: Credentials) -> S3Config:
    return S3Config(uri=uri, endpoint=os.environ["S3_ENDPOINT"], access_key=keys.message())


def datastore(values: Step, role: Role.ValueType, keys: Credentials) -> Datastore:
    return Datastore(display_name=values["display_name"], role=role, s3=s3_config(values["uri"], keys))


def show_hidden(what: str, secret: str, value: object) -> None:
    texts = (str(value), repr(value), f"{value}", f"{value!r:>9}", f"{[value]}", pformat(value))
    print(f"{what}: " + ("shown" if any(secret in text for text in texts) else "hidden"))


def show_datastore(one: Datastore) -> None:
    link, state = one.enrichment_datastore or "-", ConnectionState.Name(one.connection.state)
    print(f"{one.name} | {one.display_name} | {Role.Name(one.role)} | {one.s3.uri} | {link} | {state}")


def show_check(check: CheckResult) -> None:
    line = f"  {Check.Name(check.check)} {check.action} {Verdict.Name(check.verdict)}"
    if check.HasField("finding"):
        line += f" {FindingReason.Name(check.finding.reason)}"
    if check.skipped_because_of:
        line += f" because of {Check.Name(check.skipped_because_of)}"
    print(line)


def show_test(events: Iterable[Event]) -> ConnectionTestReport:
    ended = []
    report = ConnectionTestReport()
    for event in events:
        match event:
            case ConnectionTestStarted():
                print(f"started {Role.Name(event.role)} {event.uri}: {len(event.checks)} checks")
            case CheckChanged():
                if Verdict.Name(event.check.verdict) in ENDED:
                    ended.append(f"{event.done}/{event.total}")
            case ConnectionTestReport():
                report = event
    print("ended " + " ".join(ended))
    print(f"completed {Outcome.Name(report.outcome)}")
    for check in report.checks:
        show_check(check)
    for action in report.missing_actions:
        print(f"  missing {action}")
    print(f"  residue {len(report.residue)}")
    return report


def expect_error(call: Callable[[], object]) -> None:
    try:
        call()
        print("no error")
    except Error as error:
        show_error(error)


def show_error(error: Error) -> None:
    print(f"error {error.code.name} {error.reason or '-'}")
    print(f"  message: {error.message}")
    for key, value in sorted(error.metadata.items()):
        print(f"  {key} = {value}")
    for violation in error.violations:
        print(f"  violation {violation.field}: {violation.description}")
    for one in error.preconditions:
        print(f"  precondition {one.type} {one.subject}: {one.description}")
    if error.retry_delay is not None:
        print(f"  retry after {round(error.retry_delay.total_seconds() * 1000)} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--aio", action="store_true")
    options = parser.parse_args()
    with open(os.environ["SCENARIO"]) as file:
        steps = json.load(file)["steps"]
    connect = cast(Callable[..., datastored.Client], Awaiting if options.aio else datastored.connect)
    with connect(os.environ["DATASTORED_ADDRESS"], token=os.environ["DATASTORED_TOKEN"]) as client:
        scenario = Scenario(client, connect)
        for step in steps:
            print(f"## {step['step']}", flush=True)
            getattr(scenario, f"play_{step['step']}")(step)


if __name__ == "__main__":
    main()
