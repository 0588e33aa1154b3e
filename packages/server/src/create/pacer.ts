/** Flushes shorter than this follow each other without a pause, in milliseconds. */
const FREE_MS = 1;
/** A pause is this part of the flush before it, so that a fifth of the time at least is left for everything else. */
const PAUSE_PER_FLUSH = 0.25;
/** The longest pause, in milliseconds: what pacing may add to a message's way. */
const MAX_PAUSE_MS = 10;

/** While a crowd of connections comes in, a pause may be so many times the flush before it. */
const CROWD_PAUSE_PER_FLUSH = 4;

export interface Pacer {
  /**
   * When to flush: at the end of this turn of the event loop, but after a long flush not before a pause. A write to each
   * reader is what a flush costs, however many messages it carries, so with thousands of readers one flush right after
   * the other would leave no time to take new messages in, and make more writes than readers on the same machine can
   * take. A short pause lets the next flush carry more instead.
   */
  readonly defer: (flush: () => void) => void;
  /**
   * A connection was opened. Node.js accepts one a turn, so with a flush in each turn a crowd that comes back would get
   * in by hundreds a second. While each turn brings another one, pauses are longer.
   */
  readonly arrived: () => void;
}

/** `nowMs`: any clock that goes forward. */
export function createPacer(nowMs: () => number = () => performance.now()): Pacer {
  let notBeforeMs = 0;
  let crowdUntilMs = 0;
  let arrivals = 0;

  const run = (flush: () => void): void => {
    const beganMs = nowMs();
    flush();
    const endedMs = nowMs();
    const tookMs = endedMs - beganMs;
    notBeforeMs = tookMs < FREE_MS ? 0 : endedMs + Math.min(MAX_PAUSE_MS, tookMs * PAUSE_PER_FLUSH);
    crowdUntilMs = endedMs + Math.min(MAX_PAUSE_MS, tookMs * CROWD_PAUSE_PER_FLUSH);
  };

  return {
    defer: (flush) => {
      let seen = arrivals;
      const look = (): void => {
        if (arrivals === seen || nowMs() >= crowdUntilMs) return run(flush);
        seen = arrivals;
        setImmediate(look);
      };
      const waitMs = notBeforeMs - nowMs();
      if (waitMs < FREE_MS) setImmediate(look);
      else setTimeout(look, waitMs);
    },
    arrived: () => void arrivals++,
  };
}
