/** What a call fails with: the gRPC status, and the details that the server has sent. */

import { create, fromBinary, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { Metadata, status as Code, type ServiceError } from "@grpc/grpc-js";
import type { ErrorReason } from "./gen/datastore/v1/error_reason_pb.js";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  PreconditionFailureSchema,
  RetryInfoSchema,
  type BadRequest_FieldViolation,
  type PreconditionFailure_Violation,
} from "./gen/google/rpc/error_details_pb.js";
import { StatusSchema, type Status } from "./gen/google/rpc/status_pb.js";

/** The name of an {@link ErrorReason}, or one that only a newer server knows. */
export type Reason = keyof typeof ErrorReason | (string & {});

/** A call that failed. `cause` is the error of gRPC, or the reason of the `AbortSignal` that ended the call. */
export class DatastoredError extends Error {
  override readonly name = "DatastoredError";
  /** The gRPC code; `Code[error.code]` is its name. */
  readonly code: Code;
  /** Why, as the server says it in `google.rpc.ErrorInfo`. Undefined when no server has answered. */
  readonly reason: Reason | undefined;
  /** What belongs to the reason, as `ErrorReason` documents it. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Every bad field of the request. */
  readonly fieldViolations: readonly BadRequest_FieldViolation[];
  /** What has to be otherwise before the call can succeed. */
  readonly preconditionViolations: readonly PreconditionFailure_Violation[];
  /** How long to wait before trying again, in milliseconds, if the server says so. */
  readonly retryDelayMs: number | undefined;

  constructor(error: ServiceError, cause: unknown = error) {
    super(error.details, { cause });
    const details = new Details(error.metadata);
    const info = details.find(ErrorInfoSchema);
    const delay = details.find(RetryInfoSchema)?.retryDelay;
    this.code = error.code;
    this.reason = info?.reason;
    this.metadata = info?.metadata ?? {};
    this.fieldViolations = details.find(BadRequestSchema)?.fieldViolations ?? [];
    this.preconditionViolations = details.find(PreconditionFailureSchema)?.violations ?? [];
    this.retryDelayMs = delay && Number(delay.seconds) * 1000 + delay.nanos / 1_000_000;
  }
}

/** The details of a status. */
class Details {
  readonly #status: Status;

  constructor(metadata: Metadata | undefined) {
    this.#status = read(metadata?.get("grpc-status-details-bin")[0]);
  }

  find<T extends DescMessage>(schema: T): MessageShape<T> | undefined {
    return this.#status.details.map((detail) => anyUnpack(detail, schema)).find((detail) => detail !== undefined);
  }
}

/** The status, or an empty one where what answered is no datastored and has sent something else. */
function read(bytes: unknown): Status {
  try {
    return bytes instanceof Uint8Array ? fromBinary(StatusSchema, bytes) : create(StatusSchema);
  } catch {
    return create(StatusSchema);
  }
}
