/** What each step of the scenario does. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { inspect } from "node:util";
import { accessKey, Code, connect, DatastoredError, PlaintextTokenError, Role, Verdict, type ConnectionTestReport } from "datastored-client";
import { checkName, failure, printDatastore, printError, printKept, printTest } from "./print.js";

interface Place {
  id: string;
  display_name: string;
  uri: string;
}

/** A step, with the values of all of them. */
export type Step = Place & {
  step: string;
  name: string;
  target: string;
  token: string;
  source: Place;
  enrichment: Place;
  datastore: Place;
  labels: Record<string, string>;
  page_size: number;
  order_by: string;
  stale_display_name: string;
  cancel_after: string;
  deadline_seconds: number;
  held: string;
};

const BETWEEN_TRIES_MS = 20;
const TRIES = 1500;
/** The connection test is cancelled by an AbortSignal, and not by leaving its loop. */
const BY_SIGNAL = process.argv.includes("--signal");

const env = (name: string) => process.env[name] ?? "";

const token = env("DATASTORED_TOKEN");
const key = accessKey({ accessKeyId: env("S3_ACCESS_KEY_ID"), secretAccessKey: env("S3_SECRET_ACCESS_KEY") });
const lackingKey = accessKey({ accessKeyId: env("S3_LACKING_ACCESS_KEY_ID"), secretAccessKey: env("S3_LACKING_SECRET_ACCESS_KEY") });
const client = connect({ target: env("DATASTORED_ADDRESS"), token });

const s3 = (uri: string, signer = key, endpoint = env("S3_ENDPOINT")) => ({
  case: "s3" as const,
  value: { uri, endpoint, credentials: { case: "accessKey" as const, value: signer } },
});

/** By name, in the order of the scenario. */
export const steps: Record<string, (step: Step) => Promise<void>> = {
  async secrets() {
    const shows = (secret: string, thing: object) =>
      [inspect(thing), inspect(thing, { depth: null, showHidden: true }), JSON.stringify(thing), String(thing)].some((text) => text.includes(secret));
    console.log(`credentials: ${shows(key.secretAccessKey, key) ? "shown" : "hidden"}`);
    console.log(`client: ${shows(token, client) ? "shown" : "hidden"}`);
  },

  async plaintext_token({ target }) {
    try {
      connect({ target, token }).close();
      console.log("sent");
    } catch (error) {
      assert.ok(error instanceof PlaintextTokenError);
      console.log("refused");
    }
  },

  async token_refused(step) {
    using stranger = connect({ target: env("DATASTORED_ADDRESS"), token: step.token });
    await printError(stranger.listDatastores({}));
  },

  async tls() {
    const pem = (variable: string) => readFileSync(env(variable));
    using secure = connect({
      target: env("DATASTORED_TLS_ADDRESS"),
      tls: { ca: pem("DATASTORED_TLS_CA"), certificate: pem("DATASTORED_TLS_CERTIFICATE"), key: pem("DATASTORED_TLS_KEY") },
    });
    console.log(`${(await secure.listDatastores({})).datastores.length} datastores`);
  },

  async create({ source, enrichment, labels }) {
    const made = await client.createDatastore({
      datastoreId: source.id,
      datastore: { displayName: source.display_name, role: Role.SOURCE, config: s3(source.uri), labels },
      enrichment: {
        case: "newEnrichment",
        value: { datastoreId: enrichment.id, datastore: { displayName: enrichment.display_name, config: s3(enrichment.uri) } },
      },
    });
    printDatastore(made);
    printDatastore(await client.getDatastore({ name: made.enrichmentDatastore }));
  },

  async create_bad({ display_name, uri, labels }) {
    await printError(client.createDatastore({ datastore: { displayName: display_name, config: { case: "s3", value: { uri } }, labels } }));
  },

  async create_refused({ datastore: { id, display_name, uri } }) {
    const datastore = { displayName: display_name, role: Role.ENRICHMENT, config: s3(uri, lackingKey) };
    await printError(client.createDatastore({ datastoreId: id, datastore }));
  },

  async list({ page_size, order_by }) {
    let pageToken = "";
    let number = 0;
    do {
      const page = await client.listDatastores({ pageSize: page_size, orderBy: order_by, pageToken });
      console.log([`page ${++number}:`, ...page.datastores.map(({ name }) => name)].join(" "));
      pageToken = page.nextPageToken;
    } while (pageToken);
  },

  async update({ name, display_name, stale_display_name }) {
    const { etag } = await client.getDatastore({ name });
    const updateMask = { paths: ["display_name"] };
    printDatastore(await client.updateDatastore({ datastore: { name, displayName: display_name, etag }, updateMask }));
    await printError(client.updateDatastore({ datastore: { name, displayName: stale_display_name, etag }, updateMask }));
  },

  async test({ name }) {
    await printTest(client.testConnection({ target: { case: "name", value: name } }));
  },

  async test_unsaved({ uri }) {
    const datastore = { role: Role.ENRICHMENT, config: s3(uri, lackingKey) };
    const report = await printTest(client.testConnection({ target: { case: "datastore", value: datastore } }));
    for (const { finding } of report.checks) {
      if (finding?.missingAction) {
        console.log(`  ${finding.title}\n  ${finding.remedy}`);
      }
    }
  },

  async cancel({ datastore, cancel_after, held }) {
    const name = await createHeld(datastore);
    const abort = new AbortController();
    let testId = "";
    const test = async () => {
      for await (const event of client.testConnection({ target: { case: "name", value: name } }, { signal: abort.signal })) {
        if (event.case === "started") {
          ({ testId } = event.value);
        } else if (event.case === "check" && event.value.check?.verdict === Verdict.PASSED && checkName(event.value.check.check) === cancel_after) {
          console.log(`cancelled after ${cancel_after}`);
          if (!BY_SIGNAL) {
            return;
          }
          abort.abort();
        }
      }
    };
    if (BY_SIGNAL) {
      const { code } = await failure(test());
      assert.equal(Code[code], "CANCELLED");
    } else {
      await test();
    }
    printKept(await keptReport(`${name}/connectionTests/${testId}`), held);
  },

  async deadline({ datastore, deadline_seconds, held }) {
    const name = await createHeld(datastore);
    let testId = "";
    const test = async () => {
      for await (const event of client.testConnection({ target: { case: "name", value: name } }, { timeoutMs: deadline_seconds * 1000 })) {
        testId = event.case === "started" ? event.value.testId : testId;
      }
    };
    console.log(Code[(await failure(test())).code]);
    printKept(await keptReport(`${name}/connectionTests/${testId}`), held);
  },

  async retry({ name, datastore: { id, display_name, uri } }) {
    using front = connect({ target: env("DATASTORED_FRONT_ADDRESS"), token });
    printDatastore(await front.getDatastore({ name }));
    console.log(`${(await front.listDatastores({})).datastores.length} datastores`);
    const datastore = { displayName: display_name, role: Role.SOURCE, config: s3(uri) };
    await printError(front.createDatastore({ datastoreId: id, datastore, skipConnectionTest: true }));
    await printError(front.deleteDatastore({ name }));
  },

  async delete_in_use({ name }) {
    await printError(client.deleteDatastore({ name }));
  },

  async unlink({ name }) {
    printDatastore(await client.unlinkEnrichment({ name }));
  },

  async delete({ name }) {
    await client.deleteDatastore({ name });
    await printError(client.getDatastore({ name }));
  },
};

/** An enrichment datastore at the S3 server that holds what its tests read. */
async function createHeld({ id, display_name, uri }: Place): Promise<string> {
  const datastore = { displayName: display_name, role: Role.ENRICHMENT, config: s3(uri, key, env("S3_HELD_ENDPOINT")) };
  return (await client.createDatastore({ datastoreId: id, datastore, skipConnectionTest: true })).name;
}

/** The report of a test, as soon as the test has ended and is kept. */
async function keptReport(name: string): Promise<ConnectionTestReport> {
  for (let tries = 0; tries < TRIES; tries++) {
    try {
      return (await client.getConnectionTest({ name })).report!;
    } catch (error) {
      if (!(error instanceof DatastoredError && error.reason === "CONNECTION_TEST_NOT_FOUND")) {
        throw error;
      }
    }
    await pause(BETWEEN_TRIES_MS);
  }
  throw new Error(`${name} is not kept`);
}
