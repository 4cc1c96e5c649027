/** A page that calls datastored by gRPC-Web with the generated code. What it can do hangs at `window.datastored`; a connection test shows in #events. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Client, type Interceptor } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import {
  Check,
  DatastoreService,
  ErrorInfoSchema,
  Outcome,
  Verdict,
  type CreateDatastoreRequestSchema,
  type TestConnectionRequestSchema,
  type TestConnectionResponse,
} from "../src/stubs.js";

/** What a call has come to. */
export type Answer<T> = { ok: T } | { code: string; reason: string | undefined; message: string };

let client: Client<typeof DatastoreService>;
let running: AbortController;

const calls = {
  /** Calls go to this server from now on, with this token. */
  connect(baseUrl: string, token?: string): void {
    const authorize: Interceptor = (next) => (request) => {
      request.header.set("authorization", `Bearer ${token}`);
      return next(request);
    };
    const transport = createGrpcWebTransport({ baseUrl, interceptors: token === undefined ? [] : [authorize] });
    client = createClient(DatastoreService, transport);
  },

  /** The names of all datastores. */
  list: (): Promise<Answer<string[]>> => answer(client.listDatastores({}).then(({ datastores }) => datastores.map(({ name }) => name))),

  /** The name of the new datastore. */
  create: (request: MessageInitShape<typeof CreateDatastoreRequestSchema>): Promise<Answer<string>> =>
    answer(client.createDatastore(request).then(({ name }) => name)),

  /** The display name of a datastore. */
  get: (name: string): Promise<Answer<string>> => answer(client.getDatastore({ name }).then(({ displayName }) => displayName)),

  /** The outcome of a test that is kept. */
  kept: (name: string): Promise<Answer<string>> =>
    answer(client.getConnectionTest({ name }).then(({ report }) => Outcome[report?.outcome ?? Outcome.UNSPECIFIED])),

  /** Tests a connection; each event is shown when it comes. */
  async test(request: MessageInitShape<typeof TestConnectionRequestSchema>): Promise<Answer<string>> {
    document.querySelector("#events")?.replaceChildren();
    running = new AbortController();
    return answer(shown(client.testConnection(request, { signal: running.signal })));
  },

  /** Ends the test that is running. */
  cancel: (): void => running.abort(),
};

declare global {
  interface Window {
    datastored: typeof calls;
  }
}
window.datastored = calls;

async function answer<T>(call: Promise<T>): Promise<Answer<T>> {
  try {
    return { ok: await call };
  } catch (cause) {
    const error = ConnectError.from(cause);
    const [info] = error.findDetails(ErrorInfoSchema);
    return { code: Code[error.code], reason: info?.reason, message: error.rawMessage };
  }
}

/** Shows the events of a test; the outcome that is in its report. */
async function shown(events: AsyncIterable<TestConnectionResponse>): Promise<string> {
  let outcome = "";
  for await (const { event } of events) {
    switch (event.case) {
      case "started":
        show(`started ${event.value.testId}`);
        break;
      case "check":
        show(`${Check[event.value.check?.check ?? 0]} ${Verdict[event.value.check?.verdict ?? 0]}`);
        break;
      case "completed":
        outcome = Outcome[event.value.outcome];
        show(`completed ${outcome}, missing: ${event.value.missingActions.join(" ") || "nothing"}`);
    }
  }
  return outcome;
}

function show(text: string): void {
  const line = document.createElement("li");
  line.textContent = text;
  document.querySelector("#events")?.append(line);
}
