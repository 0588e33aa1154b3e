// One connection that publishes numbered messages, and counts what was acknowledged.
import { connect } from "node:net";
import { frameHead, payload, writeHead } from "./wire.mjs";

/**
 * How to publish on one connection, all of it bytes that the server's adapter made.
 * @typedef {object} PublishPlan
 * @property {string} host
 * @property {number} port
 * @property {"frame" | "line" | "request" | "zmtp"} as
 * @property {string} [open] what is sent first; base64
 * @property {string} [opened] what comes once messages are taken
 * @property {string} [head] of a request, up to Content-Length
 * @property {string} prefix before the payload; `{3-9}` stands for each of these numbers in turn, also in `head`
 * @property {string} suffix after it
 * @property {boolean} [isQuoted] the payload travels inside a JSON string
 * @property {string} ack what comes for each message; empty where nothing does
 * @property {string} [fault] what comes instead where one is refused
 */

/** A frame's head has at most so many bytes. */
const MOST_HEAD = 14;
/** Numbers of which each stands in turn. */
const IN_TURN = /\{(\d+)-(\d+)\}/;

export class Publisher {
  #plan;
  #socket;
  #opened;
  #rest = Buffer.alloc(0);
  #ack;
  #turn = 0;
  #isInTurn;
  /** When what has no answer yet was sent, in milliseconds; the oldest first. @type {number[]} */
  #sentAtMs = [];
  /** @type {number[]} */
  tookMs = [];
  sent = 0;
  acknowledged = 0;
  /** @type {(() => void) | undefined} */
  wake;

  /** @param {PublishPlan} plan */
  constructor(plan) {
    this.#plan = plan;
    this.#ack = Buffer.from(plan.ack);
    this.#isInTurn = IN_TURN.test(plan.prefix) || IN_TURN.test(plan.head ?? "");
    this.#socket = connect({ host: plan.host, port: plan.port, noDelay: true });
    this.#opened = new Promise((resolve, reject) => {
      let isOpen = plan.opened === undefined;
      if (plan.open !== undefined) this.#socket.write(Buffer.from(plan.open, "base64"));
      if (isOpen) this.#socket.once("connect", resolve);
      this.#socket.on("error", reject);
      this.#socket.on("data", (chunk) => {
        if (isOpen) return this.#read(chunk);
        this.#rest = Buffer.concat([this.#rest, chunk]);
        if (!this.#rest.includes(/** @type {string} */ (plan.opened))) return;
        isOpen = true;
        this.#rest = Buffer.alloc(0);
        resolve(undefined);
      });
    });
  }

  opened() {
    return this.#opened;
  }

  /** @param {Buffer} chunk */
  #read(chunk) {
    if (this.#plan.ack === "") return;
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (this.#plan.fault !== undefined && bytes.includes(this.#plan.fault))
      throw new Error(`refused: ${bytes.toString().slice(0, 500)}`);
    let end = 0;
    let count = 0;
    for (let at = bytes.indexOf(this.#ack); at >= 0; at = bytes.indexOf(this.#ack, end)) {
      this.acknowledged++;
      end = at + this.#ack.length;
      count++;
    }
    const nowMs = performance.now();
    for (const sentAtMs of this.#sentAtMs.splice(0, count)) this.tookMs.push(nowMs - sentAtMs);
    this.#rest = Buffer.from(bytes.subarray(Math.max(end, bytes.length - this.#ack.length + 1)));
    this.wake?.();
  }

  /** @param {number} n @param {number} size @param {number} [count] messages of a batch @param {boolean} [isText] */
  encode(n, size, count = 1, isText = false) {
    const { as, suffix, isQuoted } = this.#plan;
    const prefix = this.#inTurn(this.#plan.prefix);
    const head = this.#inTurn(this.#plan.head ?? "");
    let text = "";
    for (let at = 0; at < count; at++) {
      const data = payload(n + at, size, isText);
      text += prefix + (isQuoted ? data.replaceAll('"', '\\"') : data) + suffix;
    }
    if (as === "line") return Buffer.from(`${text}\n`);
    const body = Buffer.from(text);
    if (as === "zmtp") {
      // A long frame (ZMTP 3.0 §3): whatever its length.
      const frame = Buffer.alloc(9 + body.length);
      frame[0] = 2;
      frame.writeBigUInt64BE(BigInt(body.length), 1);
      body.copy(frame, 9);
      return frame;
    }
    return as === "frame"
      ? Buffer.concat([frameHead(0x81, body.length), body])
      : Buffer.concat([Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`), body]);
  }

  /**
   * The same for messages that follow each other, as they are written at once. Of frames one buffer: what publishes must not
   * be what is waited for.
   * @param {number} n @param {number} size @param {number} times @param {number} [count] messages of each
   */
  encodeAll(n, size, times, count = 1) {
    const { as, suffix, isQuoted, prefix } = this.#plan;
    if (as !== "frame" || isQuoted || count > 1)
      return Buffer.concat(
        Array.from({ length: times }, (_, at) => this.encode(n + at * count, size, count)),
      );
    const bytes = Buffer.allocUnsafe(times * (MOST_HEAD + prefix.length + size + suffix.length));
    let end = 0;
    for (let at = 0; at < times; at++) {
      const text = this.#inTurn(prefix) + payload(n + at, size) + suffix;
      end += writeHead(bytes, end, text.length);
      end += bytes.latin1Write(text, end);
    }
    return bytes.subarray(0, end);
  }

  /** @param {string} text */
  #inTurn(text) {
    if (!this.#isInTurn) return text;
    return text.replace(IN_TURN, (_, from, to) => {
      this.#turn = (this.#turn + 1) % (Number(to) - Number(from) + 1);
      return String(Number(from) + this.#turn);
    });
  }

  /** @param {Buffer} bytes @param {number} requests that it is */
  write(bytes, requests) {
    this.sent += requests;
    if (this.#plan.ack === "") this.acknowledged = this.sent;
    const nowMs = performance.now();
    for (let at = 0; at < requests && this.#plan.ack !== ""; at++) this.#sentAtMs.push(nowMs);
    this.#socket.write(bytes);
  }

  /** Until at most so many have no answer. @param {number} inFlight */
  async room(inFlight) {
    while (this.sent - this.acknowledged > inFlight)
      await new Promise((resolve) => (this.wake = () => resolve(undefined)));
  }

  close() {
    this.#socket.destroy();
  }
}
