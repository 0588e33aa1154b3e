import { ndjsonDriver, pollDriver, sseDriver, webSocketDriver } from "../transport/drivers/index.ts";
import type { TransportDriver } from "../transport/types.ts";
import { compareAcknowledged, compareOrder, readHistory } from "./history.ts";
import {
  type Acknowledged,
  publishBatches,
  publishPipelined,
  type PublisherOptions,
  publishSingly,
} from "./publishers.ts";
import type { Servers } from "./servers.ts";
import { TrackedReader } from "./tracked-reader.ts";

const CHANNELS = ["chaos/a", "chaos/b", "chaos/c"] as const;
/** Of those who wait for each answer: what they publish on a channel stands there in its order. */
const SINGLE = ["s1", "s2"] as const;
const BATCHES = ["b1", "b2"] as const;

export interface CrowdOptions {
  /** Where its clients go, each time they connect. */
  readonly servers: Servers;
  /** Decides which channels are published to, and when readers move. */
  readonly random: () => number;
  /** How long publishers wait after each request, in milliseconds. Default not at all. */
  readonly pauseMs?: (() => number) | undefined;
  /** After how many messages a reader moves to another server by itself. Default never. */
  readonly leavesAfter?: (() => number) | undefined;
}

export interface CrowdResult {
  readonly acknowledged: number;
  readonly held: number;
  readonly reconnects: number;
  /** How often readers went on at another server. */
  readonly moves: number;
  /** Each is a sentence that says what was lost, doubled or told where nothing should have been. None is the promise. */
  readonly faults: readonly string[];
}

/** Publishers of every kind, and a reader of every transport, at work until {@link finish}. */
export class Crowd {
  readonly #acknowledged: Acknowledged[] = [];
  readonly #stop = new AbortController();
  readonly #publishing: readonly Promise<void>[];
  readonly #readers: readonly TrackedReader[];
  readonly #reading: readonly Promise<void>[];

  constructor({ servers, random, pauseMs, leavesAfter }: CrowdOptions) {
    const options: PublisherOptions = {
      server: servers,
      channels: CHANNELS,
      random,
      onAcknowledged: (each) => this.#acknowledged.push(each),
      signal: this.#stop.signal,
      pauseMs,
    };
    this.#publishing = [
      ...SINGLE.map((id) => publishSingly(id, options)),
      ...BATCHES.map((id) => publishBatches(id, options)),
      publishPipelined("w1", options),
    ];
    this.#readers = drivers().map(
      (driver) => new TrackedReader({ driver, servers, channels: CHANNELS, leavesAfter }),
    );
    this.#reading = this.#readers.map((reader) => reader.run());
  }

  get acknowledged(): number {
    return this.#acknowledged.length;
  }

  /** Resolves once every reader has read something. */
  async atWork(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.hasBegun));
  }

  /**
   * Stops publishing, waits until all readers have all, and compares the whole history, as each server tells it, with what
   * was acknowledged and with what was read.
   *
   * @param urls of the servers; all of them are up.
   */
  async finish(urls: readonly string[]): Promise<CrowdResult> {
    this.#stop.abort();
    await Promise.all(this.#publishing);
    const told = await Promise.all(urls.map((url) => readHistory(url, CHANNELS)));
    const [history = new Map<string, readonly string[]>()] = told;
    const heads = new Map([...history].map(([channel, names]) => [channel, names.length - 1]));
    await Promise.all(this.#readers.map((reader) => reader.reached(heads)));
    for (const reader of this.#readers) reader.end();
    await Promise.all(this.#reading);
    return {
      acknowledged: this.#acknowledged.length,
      held: [...heads.values()].reduce((sum, head) => sum + head, 0),
      reconnects: this.#readers.reduce((sum, reader) => sum + reader.reconnects, 0),
      moves: this.#readers.reduce((sum, reader) => sum + reader.moves, 0),
      faults: [
        ...compareAcknowledged(history, this.#acknowledged),
        ...compareOrder(history, [...SINGLE, ...BATCHES]),
        ...told.flatMap((other, at) => compareHeld(history, other, `the server at ${urls[at]}`)),
        ...this.#readers.flatMap((reader) => compareRead(history, reader)),
      ],
    };
  }
}

function drivers(): readonly TransportDriver[] {
  return [false, true].flatMap((isMulti) => [
    pollDriver({ isMulti, waits: false }),
    pollDriver({ isMulti, waits: true }),
    sseDriver({ isMulti, envelope: false }),
    ndjsonDriver({ isMulti }),
    webSocketDriver({ isMulti, v1: false }),
    webSocketDriver({ isMulti, v1: true }),
  ]);
}

type History = ReadonlyMap<string, readonly string[]>;

function compareRead(history: History, reader: TrackedReader): string[] {
  const own = new Map(reader.channels.map((channel) => [channel, history.get(channel) ?? []]));
  return [
    ...reader.faults.map((fault) => `${reader.name}: ${fault}`),
    ...compareHeld(own, reader.read, reader.name),
  ];
}

/** Where somebody has not read what is held. */
function compareHeld(history: History, read: History, who: string): string[] {
  const faults: string[] = [];
  for (const [channel, held] of history) {
    const names = read.get(channel) ?? [];
    const wrong = held.findIndex((name, offset) => names[offset] !== name);
    if (wrong >= 0)
      faults.push(
        `${who}: at offset ${wrong} of ${channel} it read ${names[wrong] ?? "nothing"}, and ${held[wrong]} is held`,
      );
    else if (names.length > held.length)
      faults.push(
        `${who}: it read ${names.length - 1} messages of ${channel}, and ${held.length - 1} are held`,
      );
  }
  return faults;
}
