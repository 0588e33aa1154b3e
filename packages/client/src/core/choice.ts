import type { TidingsError } from "../errors.ts";
import type { Options, Tuning } from "../types.ts";
import type { Transport } from "./transport.ts";

/** Ends at ages that differ by less than this, or by a tenth, are one age, in milliseconds. */
const SAME_AGE_MS = 500;
/** So many ends at one age are the path's doing. */
const CUTS = 3;
/** A failure that is older than this says nothing about the path on which another transport was then opened, in milliseconds. */
const EVIDENCE_MS = 15_000;
const MINUTE_MS = 60_000;
const MAX_TIMES = 16;
/** What was given back is wanted so long still, in milliseconds: who gives back and takes again moves nowhere, and nobody moves back more often. */
const REST_MS = 1_000;

/** A transport, and what the path has shown of it. */
export interface Path {
  readonly transport: Transport;
  /** Not to be tried before; 0: may be tried. */
  untilMs: number;
  /** What `pathMemoryMs` is multiplied by when it is found blocked again. */
  times: number;
  /** Openings that failed since anything was live; one that says that it was the path counts for two, and when that was. */
  failures: number;
  suspectAtMs: number;
  /** How often in a row it was cut at an age, and the last one. */
  cuts: number;
  ageMs: number;
}

/** Which transport to use: what the application needs, and what the path has shown. Pure, but for the clock. */
export interface Choice {
  /** What to open where nothing is open. */
  next(): Path;
  /** What fits better than the live one, and may be tried now, or first. */
  better(live: Path): Path | undefined;
  /** An opening failed. Answers whether another transport is to be tried at once. */
  failed(path: Path, error: TidingsError): boolean;
  /** It is not let through. */
  block(path: Path): void;
  opened(path: Path): void;
  /** A live connection was lost at this age. `isByServer`: it said so before. */
  ended(path: Path, ageMs: number, isByServer: boolean): void;
  /** The application sent something. */
  sent(): void;
  /** So many hold it interactive now. */
  held(count: number): void;
  /** How long a duplex transport is wanted still, in milliseconds: 0: not any more. */
  duplexMs(): number;
  /** The network is another one: what was learnt does not hold for it. */
  readonly forget: () => void;
}

/**
 * @param transports those that may be used, the simplest first
 * @param tuning its `waitMs` is made as short as the path asks for
 */
export const createChoice = (
  transports: readonly Transport[],
  { binary, lowLatency }: Pick<Options, "binary" | "lowLatency">,
  tuning: { -readonly [Name in keyof Tuning]: Tuning[Name] },
  now: () => number = Date.now,
): Choice => {
  const { burstSends, burstMs, steadyMinutes, calmMs, waitMs, pathMemoryMs, maxCutAgeMs } = tuning;
  let holds = 0;
  /** Until when a duplex one is wanted for what was sent, and for what was given back. */
  let calmAtMs = 0;
  let restAtMs = 0;
  /** The last ones, the newest first. */
  let sends: number[] = [];
  let steadySinceMs = 0;
  const paths = transports.map((transport) => ({ transport }) as Path);

  const duplexMs = (): number =>
    binary || lowLatency || holds ? Infinity : Math.max(0, calmAtMs - now(), restAtMs - now());
  /** The best first: what carries both ways, where that is wanted. */
  const ranked = (): Path[] =>
    [...paths].sort((one, other) => duplexMs() && +other.transport.isDuplex - +one.transport.isDuplex);
  const forget = (): void => {
    for (const path of paths)
      Object.assign(path, { untilMs: 0, times: 1, failures: 0, suspectAtMs: 0, cuts: 0, ageMs: 0 });
    tuning.waitMs = waitMs;
  };
  const above = (path: Path): Path[] => {
    const all = ranked();
    return all.slice(0, all.indexOf(path));
  };
  /** Neither blocked, nor failed since anything was live. */
  const untried = (): Path | undefined =>
    ranked().find(({ untilMs, failures }) => untilMs <= now() && failures < 2);
  const startOver = (): void => {
    for (const each of paths) each.failures = 0;
  };
  const block = (path: Path): void => {
    path.untilMs = now() + pathMemoryMs * path.times;
    path.times = Math.min(MAX_TIMES, path.times * 2);
    path.cuts = path.suspectAtMs = 0;
  };

  forget();
  return {
    duplexMs,
    forget,
    block,
    next() {
      const found = untried();
      if (found) return found;
      startOver();
      return untried() ?? (ranked().at(-1) as Path);
    },
    better: (live) =>
      above(live).sort((one, other) => Math.max(now(), one.untilMs) - Math.max(now(), other.untilMs))[0],
    failed(path, { code }) {
      const isSuspect = /BLOCKED|SILENT/.test(code);
      path.failures += isSuspect ? 2 : 1;
      path.suspectAtMs = +isSuspect * now();
      return isSuspect && !!untried();
    },
    opened(path) {
      // That this one came through is what shows that it was the path, and not the server.
      for (const each of above(path)) if (now() - each.suspectAtMs < EVIDENCE_MS) block(each);
      startOver();
    },
    ended(path, ageMs, isByServer) {
      const apartMs = Math.abs(ageMs - path.ageMs);
      path.ageMs = ageMs;
      if (isByServer || ageMs >= maxCutAgeMs) {
        path.cuts = 0;
        path.times = 1;
      } else if (apartMs > Math.max(SAME_AGE_MS, ageMs / 10)) path.cuts = 1;
      else if (++path.cuts >= CUTS) {
        // A long poll that ends before it would be cut loses nothing by the cut.
        tuning.waitMs = Math.min(tuning.waitMs, ageMs >> 1);
        block(path);
      }
    },
    held(count) {
      if (holds && !count) restAtMs = now() + REST_MS;
      holds = count;
    },
    sent() {
      // It belongs to what is interactive, and is over with it.
      if (holds) return;
      const at = now();
      sends = [at, ...sends].slice(0, 1_000);
      // Two others within the last minute, each time.
      if (!(at - (sends[2] as number) <= MINUTE_MS)) steadySinceMs = at;
      if (
        calmAtMs > at ||
        (sends[burstSends - 1] as number) > at - burstMs ||
        (steadyMinutes && at - steadySinceMs >= steadyMinutes * MINUTE_MS)
      )
        calmAtMs = at + (calmMs || Infinity);
    },
  };
};
