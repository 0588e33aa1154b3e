// The load side: a process that holds readers, and tells what they have got.
import { answer } from "../lib/child.mjs";
import { Reader, Tally } from "./reader.mjs";

/** So many connections are opened at once; a listen queue is not endless. */
const OPENING = 16;

/** @type {Map<string, { readers: Reader[], tally: Tally }>} */
const groups = new Map();

/** @param {string} name */
function groupOf(name) {
  const group = groups.get(name) ?? { readers: [], tally: new Tally() };
  groups.set(name, group);
  return group;
}

/** @param {string} name @param {readonly import("./reader.mjs").Plan[]} plans used in turn @param {number} count of readers */
function open(name, plans, count) {
  const { readers, tally } = groupOf(name);
  return new Promise((resolve, reject) => {
    let opened = 0;
    let ready = 0;
    const next = () => {
      if (opened >= count) return;
      readers.push(
        new Reader(plans[opened++ % plans.length], tally, {
          ready() {
            if (++ready === count) resolve(count);
            next();
          },
          ended: (error) => reject(error ?? new Error("the server ended a connection.")),
        }),
      );
    };
    for (let at = 0; at < OPENING; at++) next();
  });
}

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
  /** @param {string} group */
  pause(group) {
    for (const reader of groupOf(group).readers) reader.pause();
  },
  /** @param {string} group */
  resume(group) {
    for (const reader of groupOf(group).readers) reader.resume();
  },
  /** @param {string} group */
  close(group) {
    for (const reader of groupOf(group).readers) reader.destroy();
    groups.delete(group);
  },
});
