// Publishes numbered messages from a process of its own: at an even rate, or as fast as they are taken. Many are on
// their way at once, up to a bound, so that a server that cannot keep up is waited for and not drowned.
import { answer, pause } from "../lib/child.mjs";
import { Publisher } from "./publishing.mjs";

/** @type {Publisher[]} */
let publishers = [];
let number = 0;
/** No further number than this is published. */
let allowed = Infinity;
let onAllowed = () => {};

answer({
  /** @param {readonly import("./publishing.mjs").PublishPlan[]} plans */
  async open(plans) {
    publishers = plans.map((plan) => new Publisher(plan));
    await Promise.all(publishers.map((each) => each.opened()));
  },
  /** Goes on with the next number in another way. @param {readonly import("./publishing.mjs").PublishPlan[]} plans */
  async change(plans) {
    for (const each of publishers) each.close();
    publishers = plans.map((plan) => new Publisher(plan));
    await Promise.all(publishers.map((each) => each.opened()));
  },
  close() {
    for (const each of publishers) each.close();
    publishers = [];
    number = 0;
    allowed = Infinity;
  },
  /** Readers have come so far that this number may be published. @param {number} upTo */
  allow(upTo) {
    allowed = upTo;
    onAllowed();
  },
  /**
   * At an even rate by the first connection. Answers how many were taken, and in what time.
   * @param {{ perSecond: number, seconds: number, size: number, inFlight?: number, isText?: boolean }} options
   */
  async steadily({ perSecond, seconds, size, inFlight = 2_048, isText = false }) {
    const [publisher] = publishers;
    const total = Math.ceil(perSecond * seconds);
    const before = publisher.sent;
    const beganMs = performance.now();
    for (let sent = 0; sent < total && performance.now() - beganMs < seconds * 1_000 + 100;) {
      const due = Math.min(total, Math.floor(((performance.now() - beganMs) / 1_000) * perSecond));
      const parts = [];
      const room = inFlight - (publisher.sent - publisher.acknowledged);
      for (; sent < due && parts.length < room; sent++)
        parts.push(publisher.encode(++number, size, 1, isText));
      if (parts.length > 0) publisher.write(Buffer.concat(parts), parts.length);
      await pause(1);
    }
    await publisher.room(0);
    const took = (performance.now() - beganMs) / 1_000;
    return { published: publisher.sent - before, seconds: took, last: number };
  },
  /**
   * As fast as they are taken, on all connections. Answers how many were acknowledged in that time, and how long the answers took.
   * @param {{ seconds: number, size: number, inFlight: number, batch?: number, messages?: number }} options
   */
  async flatOut({ seconds, size, inFlight, batch = 1, messages = Infinity }) {
    const beganMs = performance.now();
    const before = publishers.reduce((sum, each) => sum + each.acknowledged, 0);
    const first = number;
    for (const each of publishers) each.tookMs = [];
    await Promise.all(
      publishers.map(async (publisher) => {
        while (performance.now() - beganMs < seconds * 1_000 && number - first < messages) {
          const left = Math.ceil((Math.min(allowed, first + messages) - number) / batch);
          const times = Math.min(left, inFlight - (publisher.sent - publisher.acknowledged));
          if (times > 0) {
            const bytes = publisher.encodeAll(number + 1, size, times, batch);
            number += times * batch;
            publisher.write(bytes, times);
          }
          if (number >= allowed) await new Promise((resolve) => (onAllowed = () => resolve(undefined)));
          else await publisher.room(inFlight - 1);
        }
      }),
    );
    const tookSeconds = (performance.now() - beganMs) / 1_000;
    const after = publishers.reduce((sum, each) => sum + each.acknowledged, 0);
    await Promise.all(publishers.map((each) => each.room(0)));
    const took = publishers.flatMap((each) => each.tookMs).sort((one, other) => one - other);
    const at = (share) => took[Math.floor((took.length - 1) * share)];
    return {
      published: (after - before) * batch,
      seconds: tookSeconds,
      last: number,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
    };
  },
});
