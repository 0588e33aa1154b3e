import type { LogOptions } from "@tidings/core";
import { TidingsError } from "@tidings/protocol";

export interface LmdbLogOptions extends LogOptions {
  /** The folder of the store, on a disk of this machine; made when it is not there. */
  readonly path: string;
  /**
   * Most bytes that the store may have in use; appends are refused with `LOG_FULL` above it, and taken again once
   * something was removed. The file itself may be some MiB larger. Default `Infinity`: as many as the disk has.
   */
  readonly maxMapBytes?: number;
  /** Channels of which head and earliest are kept in memory, about 300 bytes each. Default 10,000. */
  readonly maxCachedChannels?: number;
  /** Bytes of appends that may wait for a disk that is slower; more are refused with `LOG_UNAVAILABLE`. Default 268,435,456 (256 MiB). */
  readonly maxPendingBytes?: number;
  /** Told after each commit how long it took to write and flush, in milliseconds. MUST be cheap, and MUST NOT throw. */
  readonly onCommit?: (tookMs: number) => void;
}

export type CheckedOptions = Required<LmdbLogOptions>;

/** @throws {TidingsError} `CONFIG_INVALID` */
export function checkOptions(options: LmdbLogOptions): CheckedOptions {
  const checked = {
    maxMapBytes: Number.POSITIVE_INFINITY,
    maxCachedChannels: 10_000,
    maxPendingBytes: 268_435_456,
    onCommit: () => undefined,
    ...options,
  };
  if (checked.path === "")
    throw new TidingsError("CONFIG_INVALID", "the log's path is empty; name a folder.", { field: "path" });
  for (const field of ["maxMapBytes", "maxCachedChannels", "maxPendingBytes"] as const) {
    if (checked[field] >= 1) continue;
    throw new TidingsError(
      "CONFIG_INVALID",
      `the log's ${field} is ${checked[field]}; use a number above 0.`,
      { field },
    );
  }
  return checked;
}
