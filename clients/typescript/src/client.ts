/** The client: a method for each RPC, and connection tests as an async iterable. */

import { create, fromBinary, toBinary, type DescMessage, type DescMethod, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { Metadata, status as Code, type Client as Channel, type ClientReadableStream, type ServiceError } from "@grpc/grpc-js";
import { openChannel, type ConnectOptions } from "./connect.js";
import { DatastoredError } from "./errors.js";
import { DatastoreService, type TestConnectionRequestSchema, type TestConnectionResponse } from "./gen/datastore/v1/datastore_service_pb.js";

const DEFAULT_TIMEOUT_MS = 90_000;

/** From here on a deadline is none: gRPC cannot say it, and ends the process. */
const FOREVER_MS = 10_000_000 * 3_600_000;

/** What a single call is given. */
export interface CallOptions {
  /** How long the call may take, retries included; then it ends with DEADLINE_EXCEEDED, on the server too. */
  timeoutMs?: number;
  /** Ends the call, with CANCELLED, on the server too. */
  signal?: AbortSignal;
}

/** An event of a connection test: `started` with the plan, a `check` for each change, and `completed` with the report, which is the last. */
export type TestEvent = Exclude<TestConnectionResponse["event"], { case: undefined }>;

type Cancellable = { cancel(): void };

type Methods = typeof DatastoreService.method;

/** The RPCs that answer once. What they throw is a {@link DatastoredError}. */
export type UnaryCalls = {
  [Name in keyof Methods as Methods[Name]["methodKind"] extends "unary" ? Name : never]: (
    request: MessageInitShape<Methods[Name]["input"]>,
    options?: CallOptions,
  ) => Promise<MessageShape<Methods[Name]["output"]>>;
};

/** A client of a server. Many calls can be under way at once. */
export interface Client extends UnaryCalls, Disposable {
  /**
   * Tests a connection. The test begins when the first event is asked for; leaving the loop, or `return()`, cancels it, and what it wrote is still
   * removed; an event that is waited for meanwhile fails with CANCELLED. A test that finds missing rights ends with a report, not with an error.
   */
  testConnection(request: MessageInitShape<typeof TestConnectionRequestSchema>, options?: CallOptions): AsyncGenerator<TestEvent, void, undefined>;
  /** Closes the connection. Calls that are under way are cancelled, and so is each that is made later. */
  close(): void;
}

/**
 * A client of the server at `target`. It connects when the first call is made, and anew after a connection is lost.
 *
 * @throws Error if an option cannot be used; PlaintextTokenError if the token would go to another machine in plain text.
 */
export function connect(options: ConnectOptions): Client {
  const calls = new Calls(openChannel(options), options);
  const unary: Record<string, unknown> = {};
  for (const method of DatastoreService.methods) {
    if (method.methodKind === "unary") {
      unary[method.localName] = (request: MessageInitShape<DescMessage>, call?: CallOptions) => calls.unary(method, request, call);
    }
  }
  return {
    ...(unary as UnaryCalls),
    testConnection: (request, call) => testEvents(calls, request, call),
    close: () => calls.close(),
    [Symbol.dispose]: () => calls.close(),
  };
}

/** The events, whose `return` does not wait for an event that is asked for, as that of a generator does. */
function testEvents(
  calls: Calls,
  request: MessageInitShape<typeof TestConnectionRequestSchema>,
  options: CallOptions = {},
): AsyncGenerator<TestEvent, void, undefined> {
  const stop = new AbortController();
  const events = eventsOf(calls, request, options, stop.signal);
  const end = events.return.bind(events);
  events.return = (value) => {
    stop.abort();
    return end(value);
  };
  return events;
}

async function* eventsOf(
  calls: Calls,
  request: MessageInitShape<typeof TestConnectionRequestSchema>,
  options: CallOptions,
  stop: AbortSignal,
): AsyncGenerator<TestEvent, void, undefined> {
  for await (const { event } of calls.serverStream(DatastoreService.method.testConnection, request, options, stop)) {
    // An event that only a newer server knows has no case.
    if (event.case !== undefined) {
      yield event;
    }
  }
}

/** Makes the calls on a channel. */
class Calls {
  readonly #channel: Channel;
  readonly #metadata = new Metadata();
  readonly #timeoutMs: number;
  /** What is under way; none once the client is closed. */
  #open: Set<Cancellable> | undefined = new Set();

  constructor(channel: Channel, { token, timeoutMs = DEFAULT_TIMEOUT_MS }: ConnectOptions) {
    this.#channel = channel;
    this.#timeoutMs = timeoutMs;
    if (token !== undefined) {
      this.#metadata.set("authorization", `Bearer ${token}`);
    }
  }

  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethod & { input: I; output: O },
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    return new Promise((resolve, reject) => {
      const open = this.#opened();
      const answered = (error: ServiceError | null, response?: MessageShape<O>) => {
        open.delete(call);
        forget();
        if (error) {
          reject(failure(error, options));
        } else {
          resolve(response!);
        }
      };
      const ends = deadline(options.timeoutMs ?? this.#timeoutMs);
      const call = this.#channel.makeUnaryRequest(...wire(method), create(method.input, request), this.#metadata, ends, answered);
      open.add(call);
      const forget = cancelOnAbort(call, options.signal);
    });
  }

  async *serverStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethod & { input: I; output: O },
    request: MessageInitShape<I>,
    options: CallOptions,
    stop: AbortSignal,
  ): AsyncGenerator<MessageShape<O>, void, undefined> {
    const open = this.#opened();
    const call: ClientReadableStream<MessageShape<O>> = this.#channel.makeServerStreamRequest(
      ...wire(method),
      create(method.input, request),
      this.#metadata,
      options.timeoutMs === undefined ? {} : deadline(options.timeoutMs),
    );
    open.add(call);
    const forget = cancelOnAbort(call, stop, options.signal);
    try {
      yield* call as AsyncIterable<MessageShape<O>>;
    } catch (error) {
      throw failure(error as ServiceError, options);
    } finally {
      open.delete(call);
      forget();
      call.cancel();
    }
  }

  close(): void {
    this.#open?.forEach((call) => call.cancel());
    this.#open = undefined;
    this.#channel.close();
  }

  #opened(): Set<Cancellable> {
    if (this.#open === undefined) {
      throw new DatastoredError(Object.assign(new Error(), { code: Code.CANCELLED, details: "the client is closed", metadata: new Metadata() }));
    }
    return this.#open;
  }
}

function deadline(timeoutMs: number): { deadline?: number } {
  if (Number.isNaN(timeoutMs)) {
    throw new TypeError("timeoutMs is no number");
  }
  return timeoutMs < FOREVER_MS ? { deadline: Date.now() + timeoutMs } : {};
}

/** The path of a method, and how its messages become bytes. */
function wire<I extends DescMessage, O extends DescMessage>(
  method: DescMethod & { input: I; output: O },
): [string, (request: MessageShape<I>) => Buffer, (response: Buffer) => MessageShape<O>] {
  return [
    `/${method.parent.typeName}/${method.name}`,
    (request) => Buffer.from(toBinary(method.input, request)),
    (response) => fromBinary(method.output, response),
  ];
}

/** Cancels a call at the first signal, and returns what ends that. */
function cancelOnAbort(call: Cancellable, ...signals: (AbortSignal | undefined)[]): () => void {
  const cancel = () => call.cancel();
  for (const signal of signals) {
    if (signal?.aborted) {
      cancel();
    }
    signal?.addEventListener("abort", cancel);
  }
  return () => signals.forEach((signal) => signal?.removeEventListener("abort", cancel));
}

function failure(error: ServiceError, { signal }: CallOptions): DatastoredError {
  return new DatastoredError(error, signal?.aborted ? signal.reason : error);
}
