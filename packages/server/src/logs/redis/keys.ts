import { IDEMPOTENCY_MS } from "@tidings/protocol";
import { crc32 } from "node:zlib";

/**
 * In how many parts the channels are kept. All keys of a part are in one hash slot, so that one script may use them, and the
 * part's life goes with them when the engine loses them. Never to be changed: it says where a channel is.
 */
const PARTS = 1_024;

/** The names of what one log has in the engine; the text in braces decides the hash slot (Redis Cluster, "hash tags"). */
export class Keys {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The list of all channels. */
  get names(): string {
    return `${this.#prefix}{names}`;
  }

  /** Where new channels are told. */
  get newNames(): string {
    return `${this.#prefix}{names}:new`;
  }

  /** Held by the node that sweeps for all of them. */
  get sweeper(): string {
    return `${this.#prefix}{names}:sweeper`;
  }

  life(channel: string): string {
    return `${this.#part(channel)}life`;
  }

  state(channel: string): string {
    return `${this.#part(channel)}c:${channel}`;
  }

  /** What holds a channel's messages. */
  stream(channel: string): string {
    return `${this.#part(channel)}m:${channel}`;
  }

  /** Written to before replicas are waited for, so that there is something to wait for. */
  confirmed(channel: string): string {
    return `${this.#part(channel)}w`;
  }

  /** Where a channel's messages are told. */
  topic(channel: string): string {
    return `${this.#part(channel)}t:${channel}`;
  }

  channelOf(topic: string): string {
    return topic.slice(topic.indexOf("}t:") + 3);
  }

  /** In the order that the channel's script wants. Idempotency keys are in windows as long as they are remembered. */
  all(channel: string, nowMs: number): readonly string[] {
    const part = this.#part(channel);
    const window = Math.floor(nowMs / IDEMPOTENCY_MS);
    return [
      `${part}life`,
      `${part}c:${channel}`,
      `${part}m:${channel}`,
      `${part}n:${channel}`,
      `${part}r:${channel}`,
      `${part}i${window}:${channel}`,
      `${part}i${window - 1}:${channel}`,
    ];
  }

  #part(channel: string): string {
    return `${this.#prefix}{${crc32(channel) % PARTS}}`;
  }
}
