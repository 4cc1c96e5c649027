/** The client of datastored: registers S3 datastores and tests their connections, permission by permission. */

export { status as Code } from "@grpc/grpc-js";
export { connect, type CallOptions, type Client, type TestEvent, type UnaryCalls } from "./client.js";
export { PlaintextTokenError, type ConnectOptions, type TlsOptions } from "./connect.js";
export { DatastoredError, type Reason } from "./errors.js";
export { accessKey } from "./secrets.js";
export * from "./stubs.js";
