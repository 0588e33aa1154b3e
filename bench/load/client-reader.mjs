// A reader as an application has one: a client of the SDK. Beside those on bare sockets it tells what the client itself takes.
import { connect } from "@tidings/client";
import { httpFetch } from "@tidings/client/node";
import { nowMs } from "./wire.mjs";

/**
 * @typedef {object} ClientPlan
 * @property {"client"} kind
 * @property {string} host
 * @property {number} port
 * @property {import("@tidings/client").TransportName} transport
 * @property {string} channel
 */

export class ClientReader {
  #client;
  /** The number of its last message. */
  last = 0;

  /**
   * @param {ClientPlan} plan
   * @param {import("./reader.mjs").Tally} tally every message is sampled: its bytes cannot be seen
   * @param {{ ready(): void, ended(error?: Error): void, got?(last: number): void }} events
   */
  constructor({ host, port, transport, channel }, tally, events) {
    this.#client = connect(`http://${host}:${port}`, { transport, fetch: httpFetch });
    let isReady = false;
    this.#client.on("state", ({ name }) => {
      // It would come back by itself, and what was measured would have a pause in it.
      if (isReady && name !== "live") events.ended();
      if (isReady || name !== "live") return;
      isReady = true;
      events.ready();
    });
    this.#client.channel(channel).on("message", ({ n, sentAtMs }) => {
      const { last } = this;
      // Thrown here it would be the client's to report.
      if (last !== 0 && n > last + 1)
        setImmediate(() => {
          throw new Error(`after message ${last} came ${n}: there was a loss.`);
        });
      this.last = n;
      tally.received++;
      tally.latencies.push(nowMs() - sentAtMs);
      events.got?.(n);
    });
  }

  destroy() {
    this.#client.close();
  }
}
