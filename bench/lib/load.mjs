import { pause, startChild } from "./child.mjs";

/**
 * @typedef {object} BenchOptions
 * @property {readonly any[]} servers those that are installed and wanted
 * @property {boolean} quick whether it runs at all is what is asked
 * @property {number} repeats of each measurement; the median is told
 * @property {number} seconds of each run
 * @property {(transport: string) => boolean} wanted
 * @property {readonly number[] | undefined} readers instead of the benchmark's own numbers
 * @property {(row: Record<string, any>) => void} tell takes a result
 */

/**
 * Runs a server, and two processes that load it: one that reads, and one that publishes. All are ended afterwards.
 * @template Result @param {{ start(options?: object): Promise<any> }} server @param {object} options
 * @param {(all: { running: any, readers: any, publisher: any }) => Promise<Result>} use @returns {Promise<Result>}
 */
export async function loaded(server, options, use) {
  const running = await server.start(options);
  const readers = startChild("load", new URL("../load/readers.mjs", import.meta.url));
  const publisher = startChild("load", new URL("../load/publisher.mjs", import.meta.url));
  const { promise: isOver, reject } = Promise.withResolvers();
  const timer = setTimeout(() => reject(new Error(`given up after ${GIVEN_UP_MS / 1_000} s.`)), GIVEN_UP_MS);
  try {
    return await Promise.race([use({ running, readers, publisher }), isOver]);
  } finally {
    clearTimeout(timer);
    await Promise.all([readers.stop(), publisher.stop()]);
    await running.stop();
  }
}

/** How long one run of a measurement may take, in milliseconds: a server that is very slow must not hold up the others. */
const GIVEN_UP_MS = 120_000;

/** How long nothing may come before it is said that nothing will, in milliseconds. */
const STILL_MS = 10_000;

/** Until each reader of a group has the message of this number. @param {any} readers @param {number} last @param {string} [group] */
export async function reached(readers, last, group = "all") {
  let before = -1;
  let sinceMs = performance.now();
  for (;;) {
    const least = await readers.call("position", group);
    if (least >= last) return;
    if (least !== before) {
      before = least;
      sinceMs = performance.now();
    } else if (performance.now() - sinceMs > STILL_MS)
      throw new Error(`a reader stands at ${least} of ${last}.`);
    await pause(5);
  }
}

const LEAST_AHEAD = 64;
const AHEAD_MS = 100;

/**
 * Some servers take whatever they are given and queue it: what is published is held back to what all readers could get in
 * the next 100 ms, so that what is measured is what arrives. Answers how to end that.
 * @param {any} publisher @param {any} readers
 */
export function hold(publisher, readers) {
  let isOver = false;
  const run = async () => {
    let before = await readers.call("position", "all");
    let atMs = performance.now();
    let window = LEAST_AHEAD;
    while (!isOver) {
      const least = await readers.call("position", "all");
      const tookMs = performance.now() - atMs;
      if (tookMs > AHEAD_MS) {
        window = Math.max(LEAST_AHEAD, Math.ceil((1.5 * AHEAD_MS * (least - before)) / tookMs));
        atMs = performance.now();
        before = least;
      }
      await publisher.call("allow", least + window);
      await pause(5);
    }
    await publisher.call("allow", Number.MAX_SAFE_INTEGER);
  };
  // Its processes may be gone by then.
  run().catch(() => {});
  return () => {
    isOver = true;
  };
}
