import type { LogOptions } from "@tidings/core";
import { TidingsError } from "@tidings/protocol";
import type { EngineEvent } from "../engine-event.ts";
import { parseRedisUrl, type RedisAddress } from "../redis-url.ts";

export interface RedisOptions {
  /** What all keys begin with, so that several servers' logs may share an engine. 1–64 of `A-Z a-z 0-9 . _ : -`. Default `tidings:`. */
  readonly prefix?: string;
  /**
   * How long an append waits for an engine that is away before it is refused with `LOG_UNAVAILABLE`, in milliseconds; 0: not
   * at all. Default 1,000.
   */
  readonly waitMs?: number;
  /** How long an answer may take before the connection is given up as dead, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
  /**
   * How many replicas must have an append before it is acknowledged (`WAIT`); `timeoutMs` bounds the wait. Default 0: the
   * master alone.
   */
  readonly replicas?: number;
  /** PEM file of the authorities that the engine's certificate may be of, where it is `rediss`. Default: those of Node.js. */
  readonly ca?: string | null;
}

export interface RedisLogOptions extends LogOptions, RedisOptions {
  /** See `parseRedisUrl`. */
  readonly url: string;
  /** Appends of so many bytes travel to other nodes with the notification of them; larger ones are read from the log. Default 65,536. */
  readonly maxInlineBytes?: number;
  /** Bytes of appends that may wait for the engine; more are refused with `LOG_UNAVAILABLE`. Default 67,108,864 (64 MiB). */
  readonly maxPendingBytes?: number;
  /** How often followed channels are compared with the engine, in milliseconds, a fifth more or less. Default 1,000. */
  readonly checkMs?: number;
  /** Told when the engine is lost and when it is back, once each; and what is wrong with its settings. Default: nobody. */
  readonly onEvent?: (event: EngineEvent) => void;
}

export interface CheckedOptions extends Required<Omit<RedisLogOptions, "ca">> {
  readonly ca: string | null;
  readonly address: RedisAddress;
}

const PREFIX = /^[A-Za-z0-9._:-]{1,64}$/;

/** @throws {TidingsError} `CONFIG_INVALID` */
export function checkOptions(options: RedisLogOptions): CheckedOptions {
  const checked = {
    prefix: "tidings:",
    waitMs: 1_000,
    timeoutMs: 5_000,
    replicas: 0,
    ca: null,
    maxInlineBytes: 65_536,
    maxPendingBytes: 67_108_864,
    checkMs: 1_000,
    onEvent: () => undefined,
    ...options,
    address: parseRedisUrl(options.url),
  };
  // Braces would move the hash tag.
  if (!PREFIX.test(checked.prefix))
    throw invalid("prefix", "is not 1 to 64 of A-Z a-z 0-9 . _ : -; use such a one");
  for (const [field, least] of Object.entries(LEAST) as [keyof typeof LEAST, number][]) {
    const value = checked[field];
    if (!Number.isFinite(value) || value < least)
      throw invalid(field, `is ${value}; use a number from ${least} on`);
  }
  return checked;
}

const LEAST = {
  waitMs: 0,
  timeoutMs: 100,
  replicas: 0,
  maxInlineBytes: 0,
  maxPendingBytes: 1,
  checkMs: 50,
} as const;

function invalid(field: string, what: string): TidingsError {
  return new TidingsError("CONFIG_INVALID", `the log's redis.${field} ${what}.`, { field: `redis.${field}` });
}
