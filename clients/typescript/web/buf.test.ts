/** `buf curl` calls datastored, in each protocol: see ../../browser.py, which starts what the environment names. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";

const env = (name: string) => process.env[name] ?? "";

const token = `authorization: Bearer ${env("DATASTORED_TOKEN")}`;

/** What buf prints for a call, and whether it went well. */
function curl(options: string[], method: string, request: object): Promise<{ ok: boolean; printed: string }> {
  const url = `http://${env("DATASTORED_ADDRESS")}/datastore.v1.DatastoreService/${method}`;
  const words = ["curl", ...options, "--header", token, "--data", JSON.stringify(request), url];
  return new Promise((resolve) => {
    execFile(env("BUF"), words, { timeout: 20_000 }, (error, stdout, stderr) => resolve({ ok: !error, printed: stdout + stderr }));
  });
}

const REFLECTED = ["--http2-prior-knowledge", "--reflect-header", token];

const WAYS: [string, string[]][] = [
  ["gRPC, and asks reflection", ["--protocol", "grpc", ...REFLECTED]],
  ["gRPC-Web over HTTP/2, and asks reflection", ["--protocol", "grpcweb", ...REFLECTED]],
  ["gRPC-Web over HTTP/1.1, with the protos", ["--protocol", "grpcweb", "--schema", "proto"]],
  ["Connect, its own choice, and asks reflection", REFLECTED],
  ["Connect over HTTP/1.1, with the protos", ["--schema", "proto"]],
];

for (const [way, options] of WAYS) {
  test(`buf curl speaks ${way}`, { timeout: 50_000 }, async () => {
    const listed = await curl(options, "ListDatastores", { pageSize: 1 });
    assert.ok(listed.ok, listed.printed);
    JSON.parse(listed.printed);
    const missing = await curl(options, "GetDatastore", { name: "datastores/none" });
    assert.ok(!missing.ok, missing.printed);
    const { code, details } = JSON.parse(missing.printed);
    assert.equal(code, "not_found");
    assert.equal(details[0].type, "google.rpc.ErrorInfo");
    assert.match(Buffer.from(details[0].value, "base64").toString(), /DATASTORE_NOT_FOUND/);
  });
}
