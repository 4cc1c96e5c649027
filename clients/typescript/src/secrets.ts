/** Credentials whose secrets are not printed. */

import { inspect } from "node:util";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { AccessKeySchema, type AccessKey } from "./gen/datastore/v1/datastore_pb.js";

/**
 * An access key for `S3Config` or `AssumeRole` whose secrets print as `***`, in `console.log`, `util.inspect` and `JSON.stringify`. They are not
 * enumerable, so a copy by `{...key}` does not have them; `clone` of `@bufbuild/protobuf` does.
 */
export function accessKey(key: MessageInitShape<typeof AccessKeySchema>): AccessKey {
  const message = create(AccessKeySchema, key);
  const shown = { accessKeyId: message.accessKeyId, secretAccessKey: "***", ...(message.sessionToken && { sessionToken: "***" }) };
  return Object.defineProperties(message, {
    secretAccessKey: { enumerable: false },
    sessionToken: { enumerable: false },
    toJSON: { value: () => shown },
    [inspect.custom]: { value: () => shown },
  });
}
