// One reader on a socket of its own. It looks at the first and the last message of a chunk alone, and all readers read
// into one buffer, so as not to be the bottleneck: numbers without a hole between them say that all messages were there.
import { connect } from "node:net";
import { inflater } from "./inflate.mjs";
import { nowMs, PONG } from "./wire.mjs";

/** Every payload begins with its number, from 1 on, and when it was sent. */
const MARK = Buffer.from('"n":');
const SENT = Buffer.from(',"sentAtMs":');
const HEAD_END = Buffer.from("\r\n\r\n");
const LENGTH = /\r\ncontent-length: *(\d+)/i;
const CURSOR = /"cursor":"([^"]+)","caughtUp"/;
const NOTHING = Buffer.alloc(0);
const shared = Buffer.allocUnsafeSlow(1_048_576);
/** One of so many chunks is sampled, where the plan says nothing else. */
const SAMPLE = 16;

/**
 * How to read, all of it bytes that the server's adapter made.
 * @typedef {object} Plan
 * @property {string} host
 * @property {number} port
 * @property {string} head what is sent first
 * @property {readonly { after: string, send: string }[]} [greet] what is sent once something has come; base64
 * @property {string} ready what comes once the reader is live
 * @property {"stream" | "poll" | "bytes"} kind bytes: counted alone
 * @property {"gzip" | "permessage-deflate"} [coding] of a stream: what its bytes are taken out of once its head has come
 * @property {string} [again] of polls: the next request, with `{cursor}`
 * @property {number} [sampleEvery] one of so many chunks is sampled; default 16
 * @property {boolean} [isMany] several channels, each with numbers of its own: every message is looked for
 */

/** What the readers of a group have got. */
export class Tally {
  received = 0;
  bytes = 0;
  maxPauseMs = 0;
  chunks = 0;
  /** @type {number[]} */
  latencies = [];

  forget() {
    this.received = this.bytes = this.maxPauseMs = this.chunks = 0;
    this.latencies = [];
  }

  report() {
    const { received, bytes, maxPauseMs, latencies } = this;
    const sorted = latencies.toSorted((one, other) => one - other);
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    return {
      received,
      bytes,
      maxPauseMs,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      p999Ms: at(0.999),
      samples: sorted.length,
    };
  }
}

export class Reader {
  /** @type {import("node:net").Socket} */
  #socket;
  #plan;
  #tally;
  #greeted = 0;
  #rest = NOTHING;
  #lastAtMs = 0;
  #cursor = "";
  /** @type {((bytes: Buffer) => void) | undefined} */
  #inflate;
  isReady = false;
  /** The number of its last message. */
  last = 0;
  /** What it has read. */
  bytes = 0;

  /** @param {Plan} plan @param {Tally} tally @param {{ ready(): void, ended(error?: Error): void, got?(last: number): void }} events */
  constructor(plan, tally, events) {
    this.#plan = plan;
    this.#tally = tally;
    this.events = events;
    const { host, port, head } = plan;
    this.#socket = connect({
      host,
      port,
      noDelay: true,
      onread: { buffer: shared, callback: (size) => this.#read(shared.subarray(0, size)) },
    });
    this.#socket.write(head);
    this.#socket.on("error", (error) => events.ended(error));
    this.#socket.on("close", () => events.ended());
  }

  pause() {
    this.#socket.pause();
  }

  resume() {
    this.#socket.resume();
  }

  destroy() {
    this.events = { ready() {}, ended() {} };
    this.#socket.destroy();
  }

  /** @param {Buffer} chunk */
  #read(chunk) {
    this.#tally.bytes += chunk.length;
    this.bytes += chunk.length;
    // A ping on its own: nothing else is said while there is nothing to say.
    if (chunk[0] === 0x89 && this.isReady) this.#socket.write(PONG);
    if (this.#inflate !== undefined) {
      this.#inflate(chunk);
      return true;
    }
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = NOTHING;
    if (!this.isReady) this.#greet(bytes);
    else if (this.#plan.kind === "poll") this.#page(bytes);
    else if (this.#plan.kind === "stream") this.#count(bytes);
    return true;
  }

  /** @param {Buffer} bytes */
  #greet(bytes) {
    const { greet = [], ready, kind } = this.#plan;
    // One chunk may bring what several of them wait for: the next would wait for a ping otherwise.
    for (
      let next = greet[this.#greeted];
      next !== undefined && bytes.includes(next.after);
      next = greet[this.#greeted]
    ) {
      this.#greeted++;
      this.#socket.write(Buffer.from(next.send, "base64"));
    }
    if (this.#greeted === greet.length && bytes.includes(ready)) {
      this.isReady = true;
      this.#lastAtMs = performance.now();
      this.events.ready();
      if (this.#plan.coding !== undefined) return this.#unpack(this.#plan.coding, bytes);
      if (kind === "poll") this.#page(bytes);
      // What came with the greeting counts.
      else if (bytes.includes(MARK)) this.#count(bytes);
    } else this.#rest = Buffer.from(bytes);
  }

  /** @param {"gzip" | "permessage-deflate"} coding @param {Buffer} bytes */
  #unpack(coding, bytes) {
    this.#inflate = inflater(coding, (inflated) => {
      const whole = this.#rest.length === 0 ? inflated : Buffer.concat([this.#rest, inflated]);
      this.#rest = NOTHING;
      this.#count(whole);
    });
    this.#inflate(bytes.subarray(bytes.indexOf(HEAD_END) + HEAD_END.length));
  }

  /** @param {Buffer} bytes */
  #count(bytes) {
    if (this.#plan.isMany) return this.#countMany(bytes);
    const firstAt = bytes.indexOf(MARK);
    const lastAt = bytes.lastIndexOf(MARK);
    const first = firstAt < 0 ? 0 : numberAt(bytes, firstAt + MARK.length);
    const end = lastAt < 0 ? 0 : numberAt(bytes, lastAt + MARK.length);
    // A chunk that is cut inside what is looked at, or has nothing of it, waits for the next.
    if (first === 0 || end === 0) {
      this.#rest = Buffer.from(bytes.length > 4_096 && firstAt < 0 ? bytes.subarray(-64) : bytes);
    } else if (end > this.last) {
      if (this.last !== 0 && first > this.last + 1)
        throw new Error(`after message ${this.last} came ${first}: there was a loss.`);
      this.#tally.received += end - (this.last === 0 ? first - 1 : this.last);
      this.last = end;
      this.#time(bytes);
      this.#keepCut(bytes);
      this.events.got?.(end);
    }
  }

  /** A mark that is cut is looked at together with the next chunk. @param {Buffer} bytes */
  #keepCut(bytes) {
    for (let length = Math.min(bytes.length, MARK.length - 1); length > 0; length--) {
      const tail = bytes.subarray(-length);
      if (MARK.compare(tail, 0, length, 0, length) !== 0) continue;
      this.#rest = Buffer.from(tail);
      return;
    }
  }

  /** @param {Buffer} bytes */
  #countMany(bytes) {
    let count = 0;
    let at = bytes.indexOf(MARK);
    for (; at >= 0; at = bytes.indexOf(MARK, at + MARK.length)) count++;
    this.#tally.received += count;
    if (count > 0) this.#time(bytes);
    this.#keepCut(bytes);
  }

  /** Whole answers, one after the other. @param {Buffer} bytes */
  #page(bytes) {
    const headEnd = bytes.indexOf(HEAD_END);
    const length = headEnd < 0 ? undefined : LENGTH.exec(bytes.latin1Slice(0, headEnd))?.[1];
    if (length === undefined || bytes.length < headEnd + 4 + Number(length)) {
      this.#rest = Buffer.from(bytes);
      return;
    }
    const body = bytes.subarray(headEnd + 4);
    const tail = body.latin1Slice(Math.max(0, body.length - 200));
    this.#cursor = CURSOR.exec(tail)?.[1] ?? this.#cursor;
    if (body.includes(MARK)) this.#count(body);
    this.#rest = NOTHING;
    this.#socket.write(this.#plan.again.replace("{cursor}", this.#cursor));
  }

  /** @param {Buffer} bytes */
  #time(bytes) {
    const tally = this.#tally;
    const now = performance.now();
    const pauseMs = now - this.#lastAtMs;
    this.#lastAtMs = now;
    if (pauseMs > tally.maxPauseMs) tally.maxPauseMs = pauseMs;
    if (++tally.chunks % (this.#plan.sampleEvery ?? SAMPLE) !== 0) return;
    // Any message of the chunk, so that those that waited long and those that did not count alike.
    const at = bytes.lastIndexOf(SENT, Math.floor(Math.random() * bytes.length));
    if (at < 0) return;
    const text = bytes.latin1Slice(at + SENT.length, Math.min(bytes.length, at + SENT.length + 24));
    const end = text.indexOf(",");
    if (end > 0) tally.latencies.push(nowMs() - Number(text.slice(0, end)));
  }
}

/** The decimal number that begins at a byte; 0 where it is cut off. @param {Buffer} bytes @param {number} from */
function numberAt(bytes, from) {
  let value = 0;
  for (let at = from; at < bytes.length; at++) {
    const digit = bytes[at] - 0x30;
    if (digit < 0 || digit > 9) return value;
    value = value * 10 + digit;
  }
  return 0;
}
