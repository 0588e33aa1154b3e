/** Flushes shorter than this follow each other without a pause, in milliseconds. */
const FREE_MS = 1;
/** A pause is this part of the flush before it, so that a fifth of the time at least is left for everything else. */
const PAUSE_PER_FLUSH = 0.25;
/** The longest pause, in milliseconds: what pacing may add to a message's way. */
const MAX_PAUSE_MS = 10;

/**
 * When to flush: at the end of this turn of the event loop, but after a long flush not before a pause. A write to each
 * reader is what a flush costs, however many messages it carries, so with thousands of readers one flush right after
 * the other would leave no time to take new messages in, and make more writes than readers on the same machine can
 * take. A short pause lets the next flush carry more instead.
 */
export function createPacer(): (flush: () => void) => void {
  let notBeforeMs = 0;
  return (flush) => {
    const run = (): void => {
      const beganMs = performance.now();
      flush();
      const endedMs = performance.now();
      const tookMs = endedMs - beganMs;
      notBeforeMs = tookMs < FREE_MS ? 0 : endedMs + Math.min(MAX_PAUSE_MS, tookMs * PAUSE_PER_FLUSH);
    };
    const waitMs = notBeforeMs - performance.now();
    if (waitMs < FREE_MS) setImmediate(run);
    else setTimeout(run, waitMs);
  };
}
