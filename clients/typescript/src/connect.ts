/** How the server is reached: its address, TLS, the token, keepalive and retries. */

import { Client as Channel, credentials, type ChannelCredentials, type ChannelOptions } from "@grpc/grpc-js";
import { serviceConfig } from "./gen/service_config.js";

/** How the server is reached. */
export interface ConnectOptions {
  /** `host:port`, or another of gRPC's names, such as `dns:///host:port` and `unix:/path`. */
  target: string;
  /** TLS; `{}` trusts the usual authorities. Without it the connection is in plain text. */
  tls?: TlsOptions;
  /** The token that is sent with each call. It is printed nowhere. */
  token?: string;
  /** Send the token in plain text to another machine too. Whoever is on the way can then read it. */
  allowPlaintextToken?: boolean;
  /**
   * How long a call may take that has no `timeoutMs` of its own; 90 seconds when it is not given, since creating a datastore tests its connection, which
   * can take a minute. A connection test has only its own: the server bounds it.
   */
  timeoutMs?: number;
}

/** TLS, in PEM. */
export interface TlsOptions {
  /** The authorities that the server's certificate is trusted by, in place of the usual ones. */
  ca?: string | Uint8Array;
  /** The client's certificate, with those between it and its authority; `key` belongs to it. */
  certificate?: string | Uint8Array;
  /** The private key of `certificate`. */
  key?: string | Uint8Array;
  /** The name that the server's certificate is for, if that is not the host of the target. */
  serverName?: string;
}

/** Targets on this machine. What is not understood is not. */
const LOOPBACK = /^(dns:\/{0,3})?(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$|^unix:/i;

/** A token would go over a network in plain text. */
export class PlaintextTokenError extends TypeError {
  override readonly name = "PlaintextTokenError";
}

/**
 * A channel. It connects when the first call is made.
 *
 * @throws Error if an option cannot be used; PlaintextTokenError if the token would go to another machine in plain text.
 */
export function openChannel(options: ConnectOptions): Channel {
  checkToken(options);
  return new Channel(options.target, channelCredentials(options.tls), channelOptions(options));
}

function checkToken({ token, target, tls, allowPlaintextToken = false }: ConnectOptions): void {
  if (token === undefined) {
    return;
  }
  // gRPC would refuse it later, with a message that has it in it.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new TypeError("the token is empty, or has characters that no token has, such as a line's end; send it as `datastored tokens create` has printed it");
  }
  if (!tls && !allowPlaintextToken && !LOOPBACK.test(target)) {
    throw new PlaintextTokenError(`the token would go to ${target} in plain text; set tls, or allowPlaintextToken for a network where nobody else can read`);
  }
}

function channelCredentials(tls: TlsOptions | undefined): ChannelCredentials {
  return tls ? credentials.createSsl(buffer(tls.ca), buffer(tls.key), buffer(tls.certificate)) : credentials.createInsecure();
}

function buffer(pem: string | Uint8Array | undefined): Buffer | null {
  return pem === undefined ? null : Buffer.from(pem);
}

function channelOptions({ tls }: ConnectOptions): ChannelOptions {
  return {
    "grpc.service_config": JSON.stringify(serviceConfig),
    "grpc.service_config_disable_resolution": 1,
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 20_000,
    ...(tls?.serverName && { "grpc.ssl_target_name_override": tls.serverName, "grpc.default_authority": tls.serverName }),
    // A proxy of the environment would read what is in plain text, the token too.
    ...(!tls && { "grpc.enable_http_proxy": 0 }),
  };
}
