import { expect, test } from "vitest";
import { until } from "./collect.ts";
import { publishNumbers } from "./publish.ts";
import type {
  LogUnderTest,
  ReadOptions,
  ServerUnderTest,
  StreamEvent,
  TransportDriver,
  TransportStream,
} from "./types.ts";

/** What a list of cases is given: a transport, a log, and one server that most cases share. */
export class Bench {
  readonly driver: TransportDriver;
  readonly log: LogUnderTest;
  #shared: Promise<ServerUnderTest> | undefined;
  #channels = 0;

  constructor(driver: TransportDriver, log: LogUnderTest) {
    this.driver = driver;
    this.log = log;
  }

  /** The server that cases share which need nothing special of it. */
  async server(): Promise<ServerUnderTest> {
    this.#shared ??= this.log.open({
      policies: [
        { pattern: "short/**", retention: { maxMessages: 10 } },
        { pattern: "unstored/**", maxArtifactBytes: 0 },
        { pattern: "keyed/**", compact: true, conflate: true },
        { pattern: "forgetful/**", compact: true, retention: { maxAgeMs: 1 } },
        { pattern: "pointers/**", conflate: true },
      ],
    });
    return this.#shared;
  }

  async close(): Promise<void> {
    await (await this.#shared)?.[Symbol.asyncDispose]();
  }

  /**
   * A channel that no other case uses; those below `short` keep ten messages, those below `unstored` only what travels inline,
   * those below `keyed` the newest of each key.
   */
  channel(prefix = "case"): string {
    this.#channels++;
    return `${prefix}/${this.#channels}`;
  }

  /**
   * Opens a reader of one channel. On a transport of many channels it reads two more, beside which the channel must
   * be read just the same; nothing is published to those.
   */
  async open(
    base: string,
    options: Omit<ReadOptions, "channels"> & { readonly channel: string },
  ): Promise<TransportStream> {
    const { channel, ...rest } = options;
    const channels = this.driver.isMulti ? [`${channel}/before`, channel, `${channel}/after`] : [channel];
    return this.driver.open(base, { ...rest, channels });
  }

  /** Everything up to the `caught-up` of a channel. */
  async caughtUp(stream: TransportStream, channel: string): Promise<readonly StreamEvent[]> {
    const events = await until(stream, (event) => event.type === "caught-up" && event.channel === channel);
    return events.filter((event) => !("channel" in event) || event.channel === channel);
  }

  /** A channel with the messages 1 to `count`, and the cursor before each: `cursors[n]` has n messages before it. */
  async history(base: string, channel: string, count: number): Promise<readonly string[]> {
    const { cursor } = await publishNumbers(base, channel, 1, count);
    const [epoch] = cursor.split(".");
    return Array.from({ length: count + 1 }, (_, offset) => `${epoch}.${offset}`);
  }
}

/** Runs a case with numbers that look random and are the same for a seed; a failure names the seed. */
export function testWithSeeds(
  name: string,
  seeds: readonly number[],
  run: (random: Random) => Promise<void>,
): void {
  test(name, async () => {
    for (const seed of seeds) {
      try {
        await run(new Random(seed));
      } catch (error) {
        throw new Error(`with seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, {
          cause: error,
        });
      }
    }
    expect(seeds.length).toBeGreaterThan(0);
  });
}

/** A small generator of numbers (mulberry32), so that a failed run can be had again. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** At least 0, below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from `from` up to and with `to`. */
  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }
}
