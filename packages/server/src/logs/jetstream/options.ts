import type { LogOptions } from "@tidings/core";
import { TidingsError } from "@tidings/protocol";
import type { EngineEvent } from "../engine-event.ts";
import { type NatsAddress, parseNatsUrl } from "../nats-url.ts";

export interface NatsOptions {
  /**
   * The name of the stream, and what all subjects begin with, so that several servers' logs may share an engine. 1–32 of
   * `A-Z a-z 0-9 _ -`. Default `tidings`.
   */
  readonly prefix?: string;
  /**
   * How long what needs an engine that is away waits for it before it is refused with `LOG_UNAVAILABLE`, in milliseconds;
   * 0: not at all. Default 1,000.
   */
  readonly waitMs?: number;
  /** How long an answer may take before the connection is given up as dead, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
  /** How many servers of a cluster keep the stream, as it is made: 1 to 5. Default 1. */
  readonly replicas?: number;
  /** PEM file of the authorities that the engine's certificate may be of, where it is `tls`. Default: those of Node.js. */
  readonly ca?: string | null;
  /** File of credentials (`.creds`), for a server with accounts. Default: those of the URL. */
  readonly credentials?: string | null;
}

export interface JetStreamLogOptions extends LogOptions, NatsOptions {
  /** See `parseNatsUrl`. */
  readonly url: string;
  /** Bytes of appends that may wait for the engine; more are refused with `LOG_UNAVAILABLE`. Default 67,108,864 (64 MiB). */
  readonly maxPendingBytes?: number;
  /** How often followed channels are compared with the engine, in milliseconds, a fifth more or less. Default 1,000. */
  readonly checkMs?: number;
  /** Told when the engine is lost and when it is back, once each; and what is wrong with its settings. Default: nobody. */
  readonly onEvent?: (event: EngineEvent) => void;
}

export interface CheckedOptions extends Required<JetStreamLogOptions> {
  readonly address: NatsAddress;
}

const PREFIX = /^[A-Za-z0-9_-]{1,32}$/;

/** @throws {TidingsError} `CONFIG_INVALID` */
export function checkOptions(options: JetStreamLogOptions): CheckedOptions {
  const checked = {
    prefix: "tidings",
    waitMs: 1_000,
    timeoutMs: 5_000,
    replicas: 1,
    ca: null,
    credentials: null,
    maxPendingBytes: 67_108_864,
    checkMs: 1_000,
    onEvent: () => undefined,
    ...options,
    address: parseNatsUrl(options.url),
  };
  if (!PREFIX.test(checked.prefix))
    throw invalid("prefix", "is not 1 to 32 of A-Z a-z 0-9 _ -; use such a one");
  for (const [field, least] of Object.entries(LEAST) as [keyof typeof LEAST, number][]) {
    const value = checked[field];
    if (!Number.isFinite(value) || value < least)
      throw invalid(field, `is ${value}; use a number from ${least} on`);
  }
  return checked;
}

const LEAST = { waitMs: 0, timeoutMs: 100, replicas: 1, maxPendingBytes: 1, checkMs: 50 } as const;

function invalid(field: string, what: string): TidingsError {
  return new TidingsError("CONFIG_INVALID", `the log's nats.${field} ${what}.`, { field: `nats.${field}` });
}
