/** The client of datastored: registers S3 datastores and tests their connections, permission by permission. */

export { status as Code } from "@grpc/grpc-js";
export { connect, type CallOptions, type Client, type TestEvent, type UnaryCalls } from "./client.js";
export { PlaintextTokenError, type ConnectOptions, type TlsOptions } from "./connect.js";
export { DatastoredError, type Reason } from "./errors.js";
export { accessKey } from "./secrets.js";
export * from "./gen/datastore/v1/audit_event_pb.js";
export * from "./gen/datastore/v1/connection_test_pb.js";
export * from "./gen/datastore/v1/datastore_pb.js";
export * from "./gen/datastore/v1/datastore_service_pb.js";
export * from "./gen/datastore/v1/error_reason_pb.js";
export * from "./gen/datastore/v1/iam_policy_pb.js";
