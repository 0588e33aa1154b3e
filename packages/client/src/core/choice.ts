import type { Options, Tuning } from "../types.ts";
import type { TidingsError } from "../errors.ts";
import type { Transport } from "./transport.ts";

/** Ends at ages that differ by less than this, or by a tenth, are one age, in milliseconds. */
const SAME_AGE_MS = 500;
/** So many ends at one age are the path's doing. */
const CUTS = 3;
/** A failure that is older than this says nothing about the path on which another transport was then opened, in milliseconds. */
const EVIDENCE_MS = 15_000;
/** How long a transport that only failed with the whole server is left alone once another one is live, in milliseconds. */
const SOON_MS = 1_000;
/** A long poll is held for no less than this, however early the path cuts, in milliseconds. */
const LEAST_WAIT_MS = 200;
const MINUTE_MS = 60_000;
const MAX_DOUBLINGS = 4;

/** Which transport to use: what the application needs, and what the path has shown. Pure, but for the clock. */
export interface Choice {
  /** What to open where nothing is open. */
  next(): Transport;
  /** What fits better than the live one and may be tried now. */
  better(live: Transport): Transport | undefined;
  /** When {@link better} may answer something else by itself, in milliseconds of the clock. */
  wakeAtMs(live: Transport): number | undefined;
  /** An opening failed. Answers whether another transport is to be tried at once. */
  failed(transport: Transport, error: TidingsError, hasLive: boolean): boolean;
  opened(transport: Transport): void;
  /** A live connection was lost at this age. `isByServer`: it said so before. */
  ended(transport: Transport, ageMs: number, isByServer: boolean): void;
  /** The application sent something. */
  sent(): void;
  /** Whether something that only a duplex transport carries is wanted. */
  readonly isDuplexWanted: boolean;
  /** The network is another one: what was learnt does not hold for it. */
  forget(): void;
  /** How long a long poll may be held on this path, in milliseconds. */
  readonly waitMs: number;
}

interface Learnt {
  /** Not to be tried before; 0: may be tried. */
  blockedUntilMs: number;
  /** How often it was found blocked, in a row. */
  times: number;
  /** Openings that failed since anything was live: when the last did, and whether the path is suspected. */
  failures: number;
  failedAtMs: number;
  isSuspect: boolean;
  /** Ages at which it was cut lately. */
  ages: number[];
}

/** One transport, whatever comes. */
export function pinned(transport: Transport, { waitMs }: Tuning): Choice {
  return {
    next: () => transport,
    better: () => undefined,
    wakeAtMs: () => undefined,
    failed: () => false,
    opened() {},
    ended() {},
    sent() {},
    forget() {},
    isDuplexWanted: transport.isDuplex,
    waitMs,
  };
}

/** @param transports those that may be used, the simplest first */
export function createChoice(
  transports: readonly Transport[],
  options: Pick<Options, "binary" | "lowLatency">,
  tuning: Tuning,
  now: () => number = Date.now,
): Choice {
  const learnt = new Map<Transport, Learnt>();
  let isDuplexWanted = (options.binary ?? false) || (options.lowLatency ?? false);
  let waitMs = tuning.waitMs;
  let sends: number[] = [];

  const of = (transport: Transport): Learnt => {
    let found = learnt.get(transport);
    if (found === undefined) {
      found = { blockedUntilMs: 0, times: 0, failures: 0, failedAtMs: 0, isSuspect: false, ages: [] };
      learnt.set(transport, found);
    }
    return found;
  };
  /** The best first: what carries both ways comes first where that is wanted. */
  const ranked = (): readonly Transport[] =>
    isDuplexWanted
      ? [...transports].sort((one, other) => Number(other.isDuplex) - Number(one.isDuplex))
      : transports;
  const isOpen = (transport: Transport): boolean => of(transport).blockedUntilMs <= now();
  const block = (transport: Transport): void => {
    const about = of(transport);
    about.blockedUntilMs = now() + tuning.pathMemoryMs * 2 ** Math.min(MAX_DOUBLINGS, about.times++);
    about.ages = [];
  };
  /** Neither blocked, nor failed since anything was live. */
  const untried = (): Transport | undefined =>
    ranked().find((each) => isOpen(each) && of(each).failures < (of(each).isSuspect ? 1 : 2));
  const startOver = (): void => {
    for (const about of learnt.values()) about.failures = 0;
  };

  return {
    get isDuplexWanted() {
      return isDuplexWanted;
    },
    get waitMs() {
      return waitMs;
    },
    next() {
      const found = untried();
      if (found !== undefined) return found;
      startOver();
      const order = ranked();
      return order.find(isOpen) ?? (order.at(-1) as Transport);
    },
    better(live) {
      for (const each of ranked()) {
        if (each === live) return undefined;
        if (isOpen(each)) return each;
      }
      return undefined;
    },
    wakeAtMs(live) {
      const order = ranked();
      const times = order.slice(0, order.indexOf(live)).map((each) => of(each).blockedUntilMs);
      return times.length === 0 ? undefined : Math.min(...times);
    },
    failed(transport, error, hasLive) {
      const about = of(transport);
      about.failures++;
      about.failedAtMs = now();
      about.isSuspect = error.code === "TRANSPORT_BLOCKED" || error.code === "SILENT";
      if (hasLive) block(transport);
      return !hasLive && about.isSuspect && untried() !== undefined;
    },
    opened(transport) {
      const order = ranked();
      for (const above of order.slice(0, order.indexOf(transport))) {
        const about = of(above);
        if (about.failures === 0 || !isOpen(above)) continue;
        // That this one came through is what shows that it was the path, and not the server.
        if (about.isSuspect && now() - about.failedAtMs < EVIDENCE_MS) block(above);
        else about.blockedUntilMs = now() + SOON_MS;
      }
      startOver();
    },
    ended(transport, ageMs, isByServer) {
      const about = of(transport);
      if (ageMs >= tuning.stableMs) about.times = 0;
      if (isByServer || ageMs >= tuning.maxCutAgeMs) {
        about.ages = [];
        return;
      }
      about.ages = [...about.ages, ageMs].slice(-CUTS);
      const oldest = Math.min(...about.ages);
      const isOneAge = Math.max(...about.ages) - oldest <= Math.max(SAME_AGE_MS, oldest / 10);
      if (about.ages.length < CUTS || !isOneAge) return;
      // A long poll that ends before it would be cut loses nothing by the cut.
      waitMs = Math.min(waitMs, Math.max(LEAST_WAIT_MS, Math.round(oldest / 2)));
      block(transport);
    },
    sent() {
      const at = now();
      const { burstSends, burstMs, steadyMinutes } = tuning;
      const sinceMs = at - Math.max(burstMs, steadyMinutes * MINUTE_MS);
      sends = [...sends.filter((each) => each > sinceMs), at].slice(-1_000);
      const isBurst = burstSends > 0 && sends.filter((each) => each > at - burstMs).length >= burstSends;
      const perMinute = Array.from(
        { length: steadyMinutes },
        (_, minute) =>
          sends.filter((each) => each > at - (minute + 1) * MINUTE_MS && each <= at - minute * MINUTE_MS)
            .length,
      );
      const isSteady = perMinute.length > 0 && perMinute.every((count) => count > 1);
      if (isBurst || isSteady) isDuplexWanted = true;
    },
    forget() {
      learnt.clear();
      waitMs = tuning.waitMs;
    },
  };
}
