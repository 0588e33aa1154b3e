import { ndjsonDriver, pollDriver, sseDriver, webSocketDriver } from "../transport/drivers/index.ts";
import type { TransportDriver } from "../transport/types.ts";
import { compareAcknowledged, compareOrder, type History, type Losses, readHistory } from "./history.ts";
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
  /** Whether the log may lose something, and tell its readers. Default false. */
  readonly mayLose?: boolean | undefined;
}

export interface CrowdResult {
  readonly acknowledged: number;
  readonly held: number;
  readonly reconnects: number;
  /** How often readers went on at another server. */
  readonly moves: number;
  /** How many messages were acknowledged and are gone, as an engine may lose them that fails over. */
  readonly lost: number;
  /** How often readers were told of such a loss. */
  readonly gaps: number;
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

  constructor({ servers, random, pauseMs, leavesAfter, mayLose }: CrowdOptions) {
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
      (driver) => new TrackedReader({ driver, servers, channels: CHANNELS, leavesAfter, mayBeTold: mayLose }),
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
   * @param losses what may have been lost. Default nothing.
   */
  async finish(urls: readonly string[], losses?: Losses): Promise<CrowdResult> {
    this.#stop.abort();
    await Promise.all(this.#publishing);
    const told = await Promise.all(urls.map((url) => readHistory(url, CHANNELS)));
    const [history = new Map() as History] = told;
    await Promise.all(this.#readers.map((reader) => reader.reached(history)));
    for (const reader of this.#readers) reader.end();
    await Promise.all(this.#reading);
    const acknowledged = this.#acknowledged;
    const sum = (countOf: (reader: TrackedReader) => number): number =>
      this.#readers.reduce((all, reader) => all + countOf(reader), 0);
    const held = [...history.values()].reduce((all, { names }) => all + names.length - 1, 0);
    return {
      acknowledged: acknowledged.length,
      held,
      reconnects: sum((reader) => reader.reconnects),
      moves: sum((reader) => reader.moves),
      lost: acknowledged.length - held,
      gaps: sum((reader) => reader.gaps),
      faults: [
        ...compareAcknowledged(history, acknowledged, losses),
        ...compareOrder(history, [...SINGLE, ...BATCHES]),
        ...told.flatMap((other, at) => compareTold(history, other, `the server at ${urls[at]}`)),
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

function compareRead(history: History, reader: TrackedReader): string[] {
  return [
    ...reader.faults.map((fault) => `${reader.name}: ${fault}`),
    ...reader.channels.flatMap((channel) =>
      compareNames(channel, history.get(channel)?.names ?? [], reader.read.get(channel) ?? [], reader.name),
    ),
  ];
}

/** Where two servers say different things. */
function compareTold(history: History, other: History, who: string): string[] {
  return [...history].flatMap(([channel, { epoch, names }]) => [
    ...(other.get(channel)?.epoch === epoch
      ? []
      : [`${who}: the epoch of ${channel} is ${other.get(channel)?.epoch} there, and ${epoch} elsewhere`]),
    ...compareNames(channel, names, other.get(channel)?.names ?? [], who),
  ]);
}

/** Where somebody has not read what is held. */
function compareNames(
  channel: string,
  held: readonly string[],
  names: readonly string[],
  who: string,
): string[] {
  const wrong = held.findIndex((name, offset) => names[offset] !== name);
  if (wrong >= 0)
    return [
      `${who}: at offset ${wrong} of ${channel} it read ${names[wrong] ?? "nothing"}, and ${held[wrong]} is held`,
    ];
  if (names.length <= held.length) return [];
  return [`${who}: it read ${names.length - 1} messages of ${channel}, and ${held.length - 1} are held`];
}
