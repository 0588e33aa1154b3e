// The load side: a process that holds readers, and tells what they have got.
import { answer } from "../lib/child.mjs";
import { ClientReader } from "./client-reader.mjs";
import { Publisher } from "./publishing.mjs";
import { Reader, Tally } from "./reader.mjs";

/** So many connections are opened at once; a listen queue is not endless. */
const OPENING = 16;

/** @type {Map<string, { readers: (Reader | ClientReader)[], tally: Tally }>} */
const groups = new Map();

/** @param {string} name */
function groupOf(name) {
  const group = groups.get(name) ?? { readers: [], tally: new Tally() };
  groups.set(name, group);
  return group;
}

/** Told of the number of the last message that a reader has, whenever one has more. */
let onGot = (/** @type {number} */ _last) => {};

/**
 * @param {string} name @param {readonly (import("./reader.mjs").Plan | import("./client-reader.mjs").ClientPlan)[]} plans used in turn @param {number} count of readers
 * @param {number} [atOnce] so many are on their way at a time
 */
function open(name, plans, count, atOnce = OPENING) {
  const { readers, tally } = groupOf(name);
  return new Promise((resolve, reject) => {
    let opened = 0;
    let ready = 0;
    const next = () => {
      if (opened >= count) return;
      const plan = plans[opened++ % plans.length];
      const Kind = plan.kind === "client" ? ClientReader : Reader;
      readers.push(
        new Kind(plan, tally, {
          ready() {
            if (++ready === count) resolve(count);
            next();
          },
          ended: (error) => reject(error ?? new Error("the server ended a connection.")),
          got: (last) => onGot(last),
        }),
      );
    };
    for (let at = 0; at < atOnce; at++) next();
  });
}

/** Numbers of the last messages of those that were cut. @type {Map<string, number[]>} */
const cut = new Map();

answer({
  open,
  /** Begins to count anew. */
  forget() {
    for (const { tally } of groups.values()) tally.forget();
  },
  /** What a group has got since. @param {string} [group] */
  report(group = "all") {
    return groupOf(group).tally.report();
  },
  /** The number of the last message of the reader that is furthest behind. @param {string} group */
  position(group) {
    return groupOf(group).readers.reduce((least, { last }) => Math.min(least, last), Number.MAX_SAFE_INTEGER);
  },
  /**
   * One message at a time, or one batch: the next one is published by this process as soon as the last of its readers has it.
   * Answers how many that were, and in what time.
   * @param {import("./publishing.mjs").PublishPlan} plan @param {{ seconds: number, size: number, batch?: number }} options
   */
  async oneByOne(plan, { seconds, size, batch = 1 }) {
    const { readers } = groupOf("all");
    const publisher = new Publisher(plan);
    await publisher.opened();
    const before = Math.max(...readers.map(({ last }) => last));
    const beganMs = performance.now();
    let n = before;
    await new Promise((resolve) => {
      let missing = 0;
      const next = () => {
        if (performance.now() - beganMs >= seconds * 1_000) return resolve(undefined);
        missing = readers.length;
        publisher.write(publisher.encode(n + 1, size, batch), 1);
        n += batch;
      };
      onGot = (last) => {
        if (last === n && --missing === 0) next();
      };
      next();
    });
    onGot = () => {};
    publisher.close();
    return { published: n - before, seconds: (performance.now() - beganMs) / 1_000 };
  },
  /** @param {string} group */
  pause(group) {
    for (const reader of groupOf(group).readers) reader.pause();
  },
  /** @param {string} group */
  resume(group) {
    for (const reader of groupOf(group).readers) reader.resume();
  },
  /** Ends a group at once; it can come back. @param {string} group */
  cut(group) {
    const { readers } = groupOf(group);
    cut.set(
      group,
      readers.map(({ last }) => last),
    );
    for (const reader of readers) reader.destroy();
    groups.delete(group);
  },
  /** Those that were cut, all together, each from where it was: `{last}` in the plan's head. @param {string} group @param {import("./reader.mjs").Plan} plan */
  comeBack(group, plan) {
    const lasts = cut.get(group) ?? [];
    const plans = lasts.map((last) => ({ ...plan, head: plan.head.replace("{last}", String(last)) }));
    return open(group, plans, plans.length, plans.length);
  },
  /** @param {string} group */
  close(group) {
    for (const reader of groupOf(group).readers) reader.destroy();
    groups.delete(group);
  },
});
