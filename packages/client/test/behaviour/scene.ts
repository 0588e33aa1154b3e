import { type FaultProxy, faultProxy, type ProxiedRequest, publishNumbers } from "@tidings/testing";
import { expect } from "vitest";
import type { Tuning } from "../../src/types.ts";
import type { Pin } from "./abilities.ts";
import type { ClientOptions, Driver, ReadFrom } from "./driver.ts";
import type { Recoveries } from "./recoveries.ts";
import { openServer, type TestServer } from "./test-server.ts";
import { WatchedClient } from "./watched-client.ts";

/** Short times, so that the list is: in milliseconds. */
const QUICK_TUNING = {
  greetingMs: 700,
  backoffMs: 50,
  maxBackoffMs: 500,
  stableMs: 300,
  pathMemoryMs: 1_500,
  waitMs: 1_000,
  pollMs: 100,
  requestMs: 1_500,
} as const satisfies Partial<Tuning>;

/** What a case of the list is given. */
export interface Bench {
  readonly driver: Driver;
  /** The transport that the client is pinned to. */
  readonly pin: Pin;
  readonly recoveries: Recoveries;
  /** Of the places at which bytes can be cut, every so manieth is tried. */
  readonly cutEvery: number;
  /** Of clients that need more time than {@link QUICK_TUNING}. */
  readonly tuning: Partial<Tuning>;
}

export interface SceneOptions {
  /** Beside what the list says of all clients. */
  readonly client?: ClientOptions;
  /** Instead of one in this process. */
  readonly server?: { readonly url: string };
  /** Default with the oldest message. */
  readonly from?: ReadFrom;
  /** Faults that are there before the client is. */
  readonly prepare?: (proxy: FaultProxy) => void;
  /** How many messages there are before the client. Default 3. */
  readonly history?: number;
  /** The client need not be live before the test goes on. */
  readonly isRaw?: boolean;
  /** The log outlives its server. */
  readonly isDurable?: boolean;
}

/** Which requests read; preflights of pages are not among them. */
export function isReading({ method, path }: ProxiedRequest): boolean {
  return path === "/connect" && method !== "OPTIONS";
}

const CHANNEL = "numbers";

/** A server, a proxy before it, a client behind that, and a channel of the numbers 1, 2, 3, … */
export class Scene implements AsyncDisposable {
  readonly bench: Bench;
  readonly proxy: FaultProxy;
  readonly client: WatchedClient;
  readonly channel = CHANNEL;
  /** Of the server itself: what is published there does not pass the proxy. */
  readonly url: string;
  readonly #server: TestServer | undefined;
  /** How many numbers were published. */
  count = 0;

  private constructor(
    bench: Bench,
    url: string,
    proxy: FaultProxy,
    client: WatchedClient,
    server: TestServer | undefined,
  ) {
    this.bench = bench;
    this.url = url;
    this.proxy = proxy;
    this.client = client;
    this.#server = server;
  }

  static async open(bench: Bench, options: SceneOptions = {}): Promise<Scene> {
    const { from = { since: "earliest" }, history = 3 } = options;
    const server =
      options.server === undefined
        ? await openServer(options.isDurable === true ? { log: "lmdb" } : {})
        : undefined;
    const url = options.server?.url ?? server?.url ?? "";
    const proxy = await faultProxy(url);
    options.prepare?.(proxy);
    const { tuning, ...rest } = options.client ?? {};
    const client = await WatchedClient.open(bench.driver, proxy.url, {
      transport: bench.pin,
      ...rest,
      tuning: { ...QUICK_TUNING, ...bench.tuning, ...tuning },
    });
    const scene = new Scene(bench, url, proxy, client, server);
    await scene.publish(history);
    await client.remote.read(CHANNEL, from);
    if (options.isRaw === true) return scene;
    await client.untilLive();
    await client.until("the client has caught up", () => client.all("caught-up").length > 0);
    await scene.seen();
    return scene;
  }

  get server(): TestServer {
    if (this.#server === undefined) throw new Error("the server is not one of this process");
    return this.#server;
  }

  /** Publishes the next numbers, at the server itself. */
  async publish(count = 3): Promise<void> {
    if (count === 0) return;
    const from = this.count + 1;
    this.count += count;
    await publishNumbers(this.url, CHANNEL, from, this.count);
  }

  /** Resolves once the application has seen all that was published so far, with the time of that. */
  async seen(patienceMs?: number): Promise<number> {
    const { count } = this;
    if (count === 0) return performance.now();
    return this.client.until(
      `number ${count} of the channel is seen`,
      () => this.client.dataOf(CHANNEL).includes(count),
      patienceMs,
    );
  }

  /** Notes how long the client took to see all that was published, since then. */
  async recovered(fault: string, sinceMs: number, patienceMs?: number): Promise<number> {
    const tookMs = (await this.seen(patienceMs)) - sinceMs;
    this.bench.recoveries.add(fault, this.bench.pin, tookMs);
    return tookMs;
  }

  /** One number more, and then: every number was seen once, in order, and nothing else was told. */
  async expectComplete(): Promise<void> {
    await this.publish(1);
    await this.seen();
    expect(this.client.dataOf(CHANNEL)).toEqual(Array.from({ length: this.count }, (_, at) => at + 1));
    expect(this.client.all("gap")).toEqual([]);
    expect(this.client.all("error")).toEqual([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // In turn, and each of them also where another one failed.
    await using stack = new AsyncDisposableStack();
    if (this.#server !== undefined) stack.use(this.#server);
    stack.use(this.proxy);
    stack.use(this.client);
  }
}
