/** A page in a real browser that calls datastored by gRPC-Web: see ../../browser.py, which starts what the environment names. */

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { chromium, type BrowserContext, type Page } from "playwright-core";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Role, type DatastoreSchema } from "../src/stubs.js";

const PATIENCE_MS = 20_000;
const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // As a name whose owner leads it to this machine while its page is open.
  "--host-resolver-rules=MAP rebinding.example 127.0.0.1",
  // Chromium's own guard against that; other browsers have none, so it is the server that has to refuse.
  "--disable-features=LocalNetworkAccessChecks",
];

const env = (name: string) => process.env[name] ?? "";
const address = env("DATASTORED_ADDRESS");
const server = `http://${address}`;
const token = env("DATASTORED_TOKEN");

type Keys = { id: string; secret: string };
const full = { id: env("S3_ACCESS_KEY_ID"), secret: env("S3_SECRET_ACCESS_KEY") };
const lacking = { id: env("S3_LACKING_ACCESS_KEY_ID"), secret: env("S3_LACKING_SECRET_ACCESS_KEY") };

function enrichment(displayName: string, uri: string, endpoint: string, keys: Keys): MessageInitShape<typeof DatastoreSchema> {
  const credentials = { case: "accessKey" as const, value: { accessKeyId: keys.id, secretAccessKey: keys.secret } };
  return { displayName, role: Role.ENRICHMENT, config: { case: "s3", value: { uri, endpoint, credentials } } };
}

function assertRefused(answer: unknown, code: string, reason?: string): void {
  const { message, ...rest } = answer as { message: string; code: string; reason?: string };
  assert.deepEqual({ reason: undefined, ...rest }, { code, reason }, message);
}

describe("a page", { skip: process.env["CHROMIUM"] ? false : "there is no Chromium", timeout: 60_000 }, () => {
  let folder: string;
  let browser: BrowserContext;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "datastored-browser-"));
    browser = await chromium.launchPersistentContext(folder, { executablePath: env("CHROMIUM"), args: ARGUMENTS, timeout: PATIENCE_MS });
    browser.setDefaultTimeout(PATIENCE_MS);
  });

  after(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** The page from an origin, which calls the server with this token. */
  async function open(origin: string, shown?: string): Promise<Page> {
    const page = await browser.newPage();
    await page.goto(`${origin}/index.html`);
    await page.waitForFunction(() => window.datastored !== undefined);
    await page.evaluate(([url, sent]) => window.datastored.connect(url as string, sent), [server, shown]);
    return page;
  }

  const allowed = () => open(env("PAGE_ORIGIN"), token);

  test("of an allowed origin creates and lists datastores with a token", async () => {
    const page = await allowed();
    const datastore = enrichment("From a page", "s3://anomalies/page/", env("S3_ENDPOINT"), full);
    const created = await page.evaluate((request) => window.datastored.create(request), {
      datastoreId: "from-a-page",
      datastore,
      skipConnectionTest: true,
    });
    assert.deepEqual(created, { ok: "datastores/from-a-page" });
    assert.deepEqual(await page.evaluate(() => window.datastored.list()), { ok: ["datastores/from-a-page"] });
  });

  test("without a token is told that it needs one", async () => {
    const page = await open(env("PAGE_ORIGIN"));
    const listed = await page.evaluate(() => window.datastored.list());
    assertRefused(listed, "Unauthenticated", "CREDENTIAL_MISSING");
  });

  test("reads the reason of an error", async () => {
    const page = await allowed();
    const found = await page.evaluate(() => window.datastored.get("datastores/none"));
    assertRefused(found, "NotFound", "DATASTORE_NOT_FOUND");
  });

  test("sees each check of a test, and the action that is missing", async () => {
    const page = await allowed();
    const datastore = enrichment("", "s3://anomalies/lacking/", env("S3_ENDPOINT"), lacking);
    const tested = await page.evaluate((value) => window.datastored.test({ target: { case: "datastore", value } }), datastore);
    assert.deepEqual(tested, { ok: "FAILED" });
    const lines = await page.locator("#events li").allTextContents();
    assert.match(lines[0] ?? "", /^started /);
    assert.ok(lines.includes("LIST_OBJECTS PASSED"), lines.join("\n"));
    assert.ok(lines.includes("DELETE_OBJECT FAILED"), lines.join("\n"));
    assert.equal(lines.at(-1), "completed FAILED, missing: s3:DeleteObject");
  });

  /** Starts a test that S3 holds in the middle; its id. The page has seen what came before. */
  async function begin(page: Page, id: string): Promise<string> {
    const request = { datastoreId: id, datastore: enrichment(id, `s3://held/${id}/`, env("S3_HELD_ENDPOINT"), full), skipConnectionTest: true };
    assert.deepEqual(await page.evaluate((created) => window.datastored.create(created), request), { ok: `datastores/${id}` });
    await page.evaluate((value) => {
      document.title = "testing";
      void window.datastored.test({ target: { case: "name", value } }).then((ended) => (document.title = JSON.stringify(ended)));
    }, `datastores/${id}`);
    await page.getByText("PUT_OBJECT PASSED").waitFor();
    await page.getByText("GET_OBJECT RUNNING").waitFor();
    const started = await page.getByText(/^started /).textContent();
    const testId = started?.split(" ")[1] ?? "";
    await gate("held", testId);
    return testId;
  }

  /** Waits until the gate before S3 holds a test, or lets it pass. */
  async function gate(word: "held" | "let-pass", testId: string): Promise<void> {
    const { status } = await fetch(`${env("PAGE_ORIGIN")}/${word}/${testId}`, { method: "POST", signal: AbortSignal.timeout(PATIENCE_MS) });
    assert.equal(status, 204);
  }

  /** What the test has ended with. */
  async function ended(page: Page): Promise<unknown> {
    await page.waitForFunction(() => document.title !== "testing");
    return JSON.parse(await page.title());
  }

  test("shows what has come while the test still waits for S3", async () => {
    const page = await allowed();
    const id = await begin(page, "one-by-one");
    assert.equal(await page.title(), "testing");
    assert.equal(await page.getByText(/^completed /).count(), 0);
    await gate("let-pass", id);
    assert.deepEqual(await ended(page), { ok: "PASSED" });
    assert.equal(await page.getByText("completed PASSED, missing: nothing").count(), 1);
  });

  test("stops a test by cancelling its stream", async () => {
    const page = await allowed();
    const id = await begin(page, "cancelled");
    // Nobody else opens the gate: it opens when the server says that the reader has gone.
    await page.evaluate(() => window.datastored.cancel());
    assertRefused(await ended(page), "Canceled");
    const name = `datastores/cancelled/connectionTests/${id}`;
    const kept = await page.evaluate(async (asked) => {
      // It is kept when it has cleaned up.
      for (;;) {
        const answer = await window.datastored.kept(asked);
        if ("ok" in answer || answer.reason !== "CONNECTION_TEST_NOT_FOUND") {
          return answer;
        }
      }
    }, name);
    assert.deepEqual(kept, { ok: "INCONCLUSIVE" });
  });

  test("of another origin cannot call", async () => {
    const page = await open(env("OTHER_ORIGIN"), token);
    const said: string[] = [];
    page.on("console", (message) => said.push(message.text()));
    const listed = await page.evaluate(() => window.datastored.list());
    assertRefused(listed, "Unknown");
    assert.match(said.join("\n"), /blocked by CORS policy/);
  });

  test("whose name is led to the server's own address is refused", async () => {
    const page = await browser.newPage();
    const origin = `http://rebinding.example:${address.split(":")[1]}`;
    // What the page's owner served under that name before it was led here.
    await page.route(`${origin}/*.{html,js}`, async (route) => {
      const file = new URL(route.request().url()).pathname;
      await route.fulfill({ response: await route.fetch({ url: env("OTHER_ORIGIN") + file }) });
    });
    await page.goto(`${origin}/index.html`);
    await page.waitForFunction(() => window.datastored !== undefined);
    await page.evaluate(([url, shown]) => window.datastored.connect(url as string, shown), [origin, token]);
    const listed = await page.evaluate(() => window.datastored.list());
    assertRefused(listed, "PermissionDenied", "ORIGIN_NOT_ALLOWED");
  });
});
