/** The stubs alone, without gRPC for Node: what a page needs to call by gRPC-Web, with Connect for Web. */

export * from "./gen/datastore/v1/audit_event_pb.js";
export * from "./gen/datastore/v1/connection_test_pb.js";
export * from "./gen/datastore/v1/datastore_pb.js";
export * from "./gen/datastore/v1/datastore_service_pb.js";
export * from "./gen/datastore/v1/error_reason_pb.js";
export * from "./gen/datastore/v1/iam_policy_pb.js";
export { BadRequestSchema, ErrorInfoSchema, PreconditionFailureSchema, ResourceInfoSchema, RetryInfoSchema } from "./gen/google/rpc/error_details_pb.js";
