/** What the scenario of all clients does not show: calls that hang, and what only this client can be given. */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Metadata, Server, ServerCredentials, type ServerUnaryCall, type ServerWritableStream, type sendUnaryData } from "@grpc/grpc-js";
import { Code, connect, DatastoredError, DatastoreService, PlaintextTokenError, TestConnectionResponseSchema } from "datastored-client";

const TOKEN = "dsk_secret";
/** A field that no message of today has: number 99, the varint 1. */
const UNKNOWN_FIELD = Buffer.from([0x98, 0x06, 0x01]);

type UnaryCall = ServerUnaryCall<Buffer, Buffer>;

const bytes = (buffer: Buffer) => buffer;
const wire = (name: string, responseStream: boolean) => ({
  path: `/${DatastoreService.typeName}/${name}`,
  requestStream: false,
  responseStream,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
});

/** Where a server listens that answers as told, or never. */
async function serve(answer: { unary?: (call: UnaryCall, send: sendUnaryData<Buffer>) => void; stream?: (call: ServerWritableStream<Buffer, Buffer>) => void }) {
  const server = new Server();
  server.addService(
    { unary: wire("GetDatastore", false), stream: wire("TestConnection", true) },
    { unary: answer.unary ?? (() => {}), stream: answer.stream ?? (() => {}) },
  );
  after(() => server.forceShutdown());
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  const client = connect({ target: `127.0.0.1:${port}`, token: TOKEN });
  after(() => client.close());
  return client;
}

async function failure(call: Promise<unknown>): Promise<DatastoredError> {
  const error = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(error instanceof DatastoredError);
  return error;
}

test("a call is cancelled by its signal, and the server is told", async () => {
  const abort = new AbortController();
  const reason = new Error("the user has gone");
  let told: () => void;
  const isTold = new Promise<void>((resolve) => (told = resolve));
  const client = await serve({
    unary: (call) => {
      call.on("cancelled", () => told());
      abort.abort(reason);
    },
  });
  const error = await failure(client.getDatastore({}, { signal: abort.signal }));
  assert.equal(Code[error.code], "CANCELLED");
  assert.equal(error.cause, reason);
  await isTold;
});

test("a call whose signal was aborted before is not made", async () => {
  const client = await serve({ unary: () => assert.fail("it was made") });
  const error = await failure(client.getDatastore({}, { signal: AbortSignal.abort() }));
  assert.equal(Code[error.code], "CANCELLED");
});

test("a call ends at its own deadline", async () => {
  const client = await serve({});
  const error = await failure(client.getDatastore({}, { timeoutMs: 50 }));
  assert.equal(Code[error.code], "DEADLINE_EXCEEDED");
});

test("many calls at once warn of nothing", async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on("warning", note);
  const client = await serve({ unary: (_, send) => send(null, Buffer.alloc(0)) });
  await Promise.all(Array.from({ length: 20 }, () => client.getDatastore({})));
  process.off("warning", note);
  assert.deepEqual(warnings, []);
});

test("a call that may take forever is made, and one whose time is no number is not", async () => {
  const client = await serve({ unary: (_, send) => send(null, Buffer.alloc(0)) });
  for (const timeoutMs of [Number.MAX_SAFE_INTEGER, Infinity]) {
    await client.getDatastore({}, { timeoutMs });
  }
  await assert.rejects(client.getDatastore({}, { timeoutMs: NaN }), TypeError);
});

test("a closed client cancels what is under way and what comes later", async () => {
  const client = await serve({ unary: () => client.close(), stream: () => client.close() });
  const under = await failure(client.getDatastore({}));
  assert.equal(Code[under.code], "CANCELLED");
  client.close();
  const later = await failure(client.getDatastore({}));
  assert.deepEqual([Code[later.code], later.message], ["CANCELLED", "the client is closed"]);
  assert.equal((await failure(client.testConnection({}).next())).message, "the client is closed");
});

test("a connection test that waits for an event is cancelled by return()", async () => {
  let told: () => void;
  const isTold = new Promise<void>((resolve) => (told = resolve));
  let begin: () => void;
  const begins = new Promise<void>((resolve) => (begin = resolve));
  const client = await serve({
    stream: (call) => {
      call.on("cancelled", () => told());
      begin();
    },
  });
  const events = client.testConnection({});
  const next = failure(events.next());
  await begins;
  assert.equal((await events.return()).done, true);
  assert.equal(Code[(await next).code], "CANCELLED");
  await isTold;
});

test("an error whose details cannot be read has none", async () => {
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from([0xff]));
  const client = await serve({ unary: (_, send) => send({ code: Code.NOT_FOUND, details: "it is gone", metadata }) });
  const error = await failure(client.getDatastore({}));
  assert.deepEqual([Code[error.code], error.message, error.reason, error.fieldViolations], ["NOT_FOUND", "it is gone", undefined, []]);
});

test("an event that only a newer server knows is left out", async () => {
  const client = await serve({
    stream: (call) => {
      call.write(UNKNOWN_FIELD);
      call.write(Buffer.from(toBinary(TestConnectionResponseSchema, create(TestConnectionResponseSchema, { event: { case: "completed", value: {} } }))));
      call.end();
    },
  });
  const events = [];
  for await (const event of client.testConnection({})) {
    events.push(event.case);
  }
  assert.deepEqual(events, ["completed"]);
});

test("a token goes in plain text to this machine only", () => {
  for (const target of ["localhost:1", "127.0.0.1:1", "127.1.2.3", "[::1]:1", "dns:localhost:1", "dns:///127.0.0.1:1", "unix:/run/datastored", "unix:///run/datastored"]) {
    connect({ target, token: TOKEN }).close();
  }
  for (const target of ["example.com:1", "localhost.example.com:1", "127.0.0.1.example.com:1", "10.0.0.1:1", "[::2]:1", "dns://10.0.0.1/localhost:1", "ipv4:127.0.0.1:1,10.0.0.1:1"]) {
    assert.throws(() => connect({ target, token: TOKEN }), PlaintextTokenError, target);
    connect({ target, token: TOKEN, tls: {} }).close();
    connect({ target, token: TOKEN, allowPlaintextToken: true }).close();
  }
});

test("a token that cannot be sent is refused and not shown", () => {
  assert.throws(
    () => connect({ target: "localhost:1", token: `${TOKEN}\n` }),
    (error: Error) => error instanceof TypeError && !error.message.includes(TOKEN),
  );
});

test("a certificate without its key is refused", () => {
  assert.throws(() => connect({ target: "localhost:1", tls: { certificate: "-----BEGIN CERTIFICATE-----" } }), /private key/);
});
