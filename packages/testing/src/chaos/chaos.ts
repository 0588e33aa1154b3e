import { setTimeout as pause } from "node:timers/promises";
import { compareAcknowledged, readHistory } from "./history.ts";
import { ndjsonDriver, pollDriver, sseDriver, webSocketDriver } from "../transport/drivers/index.ts";
import {
  type Acknowledged,
  publishBatches,
  publishPipelined,
  type PublisherOptions,
  publishSingly,
} from "./publishers.ts";
import { seededRandom } from "./random.ts";
import { openOnRedis, openOwnLog } from "./scene.ts";
import { openWithWorkers } from "./workers-scene.ts";
import { TrackedReader } from "./tracked-reader.ts";
import type { TransportDriver } from "../transport/types.ts";

export interface ChaosOptions {
  /** How often there is trouble. */
  readonly rounds: number;
  /** What the server keeps its messages in, and so what may happen. Default `lmdb`: the server is killed. */
  readonly log?: "lmdb" | "redis";
  /** Whether it has two workers, on a log of its own: they are killed, told to stop, or stand still, or the process that has the log is killed. */
  readonly workers?: boolean;
  /** Decides which channels are published to, and what happens when. */
  readonly seed: number;
  readonly onRound?: (round: number, acknowledged: number) => void;
}

export interface ChaosResult {
  readonly rounds: number;
  readonly acknowledged: number;
  readonly held: number;
  readonly reconnects: number;
  /** Each is a sentence that says what was lost, doubled or told where nothing should have been. None is the promise. */
  readonly faults: readonly string[];
}

const CHANNELS = ["chaos/a", "chaos/b", "chaos/c"] as const;
/** All is well for this long under load, in milliseconds, before there is trouble: somewhere between the two. */
const MIN_LIFE_MS = 100;
const MAX_LIFE_MS = 1_500;

/**
 * Makes trouble for a real server again and again (by default it is killed with SIGKILL), while publishers publish in every way there is and readers read
 * over every transport; then reads the whole history back and compares it with all that was acknowledged and read.
 */
export async function runChaos({
  rounds,
  seed,
  log = "lmdb",
  workers = false,
  onRound,
}: ChaosOptions): Promise<ChaosResult> {
  const random = seededRandom(seed);
  await using scene = await (workers ? openWithWorkers() : log === "redis" ? openOnRedis() : openOwnLog());
  const { server } = scene;
  const acknowledged: Acknowledged[] = [];
  const stop = new AbortController();
  const options: PublisherOptions = {
    server,
    channels: CHANNELS,
    random,
    onAcknowledged: (each) => acknowledged.push(each),
    signal: stop.signal,
  };
  const publishers = [
    publishSingly("s1", options),
    publishSingly("s2", options),
    publishBatches("b1", options),
    publishBatches("b2", options),
    publishPipelined("w1", options),
  ];
  const readers = drivers().map((driver) => new TrackedReader(driver, server, CHANNELS));
  const reading = readers.map(async (reader) => reader.run());
  for (let round = 1; round <= rounds; round++) {
    await pause(MIN_LIFE_MS + random() * (MAX_LIFE_MS - MIN_LIFE_MS));
    await scene.trouble(random);
    onRound?.(round, acknowledged.length);
  }
  stop.abort();
  await Promise.all(publishers);

  const history = await readHistory(server.url, CHANNELS);
  const heads = new Map([...history].map(([channel, names]) => [channel, names.length - 1]));
  await Promise.all(readers.map(async (reader) => reader.reached(heads)));
  for (const reader of readers) reader.end();
  await Promise.all(reading);
  return {
    rounds,
    acknowledged: acknowledged.length,
    held: [...heads.values()].reduce((sum, head) => sum + head, 0),
    reconnects: readers.reduce((sum, reader) => sum + reader.reconnects, 0),
    faults: [
      ...compareAcknowledged(history, acknowledged),
      ...readers.flatMap((reader) => compareRead(history, reader)),
    ],
  };
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

function compareRead(history: ReadonlyMap<string, readonly string[]>, reader: TrackedReader): string[] {
  const faults = reader.faults.map((fault) => `${reader.name}: ${fault}`);
  for (const channel of reader.channels) {
    const read = reader.read.get(channel) ?? [];
    const held = history.get(channel) ?? [];
    const wrong = held.findIndex((name, offset) => read[offset] !== name);
    if (wrong >= 0)
      faults.push(
        `${reader.name}: at offset ${wrong} of ${channel} it read ${read[wrong] ?? "nothing"}, and ${held[wrong]} is held`,
      );
  }
  return faults;
}
