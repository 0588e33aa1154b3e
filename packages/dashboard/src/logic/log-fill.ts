import type { Moment } from "./ranges.ts";

/** Growth over less time than this says little; in milliseconds. */
const MIN_SPAN_MS = 60_000;

export interface LogFill {
  readonly usedBytes: number;
  /** Used, and what its disk has left for it. */
  readonly roomBytes: number | undefined;
  /** Bytes a minute, on average of what is in sight; `undefined` while that is not known. */
  readonly growth: number | undefined;
  /** When it will be full at this rate, in milliseconds from now; `undefined` where it does not grow. */
  readonly fullInMs: number | undefined;
}

/** How full a durable log is, and how fast it fills; `undefined` for one in memory. */
export function fillOf(moments: readonly Moment[]): LogFill | undefined {
  const last = moments.at(-1);
  if (last === undefined || last.sample.log.usedBytes === null) return undefined;
  const { usedBytes, disk } = last.sample.log;
  // Room in the file that was freed is used again.
  const roomBytes = disk === null ? undefined : Math.max(usedBytes, disk.fileBytes) + disk.freeBytes;
  const first = moments.find(
    ({ sample }) => sample.log.usedBytes !== null && sample.node === last.sample.node,
  );
  const spanMs = first === undefined ? 0 : last.atMs - first.atMs;
  if (first === undefined || spanMs < MIN_SPAN_MS)
    return { usedBytes, roomBytes, growth: undefined, fullInMs: undefined };
  const growth = ((usedBytes - (first.sample.log.usedBytes ?? 0)) / spanMs) * 60_000;
  const left = roomBytes === undefined ? undefined : roomBytes - usedBytes;
  const fullInMs = left === undefined || growth <= 0 ? undefined : (left / growth) * 60_000;
  return { usedBytes, roomBytes, growth, fullInMs };
}
