import { type FaultProxy, faultProxy } from "@tidings/testing";
import { expect, vi } from "vitest";
import type { ClientOptions } from "../behaviour/driver.ts";
import { openServer, type TestServer } from "../behaviour/test-server.ts";
import { WatchedClient } from "../behaviour/watched-client.ts";
import type { ChromiumDriver, PageClient, Tabs } from "./chromium-driver.ts";

/** Short times, but for the one that a busy machine must not be taken for a busy leader by; in milliseconds. */
const TUNING = { greetingMs: 10_000, backoffMs: 50, maxBackoffMs: 500, pathMemoryMs: 1_500 } as const;

/** Every channel that is read holds the numbers 1, 2, 3, … */
export const NUMBERS = "numbers";

/** A tab, and all that its client has told. */
export class Tab extends WatchedClient {
  page!: PageClient["page"];

  get isLeading(): boolean {
    return this.state.name === "live" && this.state.isShared === false;
  }

  /** What was told of it, in order. */
  get numbers(): readonly unknown[] {
    return this.dataOf(NUMBERS);
  }
}

/** Tabs that share, and the server that they read through a proxy. */
export class Desk implements AsyncDisposable {
  readonly server: TestServer;
  readonly proxy: FaultProxy;
  readonly tabs: Tab[] = [];
  readonly #profile: Tabs;
  count = 0;

  private constructor(server: TestServer, proxy: FaultProxy, profile: Tabs) {
    this.server = server;
    this.proxy = proxy;
    this.#profile = profile;
  }

  static async open(driver: ChromiumDriver): Promise<Desk> {
    // Five pages on a busy machine may be silent for longer than the list's servers allow.
    const server = await openServer({ limits: { heartbeatMs: 2_000 } });
    return new Desk(server, await faultProxy(server.url), await driver.tabs());
  }

  async openTab(options: ClientOptions = {}, url = this.proxy.url, origin?: string): Promise<Tab> {
    const tab = new Tab();
    const given = { share: true, ...options, tuning: { ...TUNING, ...options.tuning } };
    await tab.connect(async (tell) => {
      const client = await this.#profile.open(url, given, tell, origin);
      tab.page = client.page;
      return client;
    });
    this.tabs.push(tab);
    return tab;
  }

  /** Five of them at once, each of which reads the numbers. */
  async openFive(options?: ClientOptions): Promise<Tab> {
    await Promise.all(
      Array.from({ length: 5 }, async () => {
        const tab = await this.openTab(options);
        await tab.remote.read(NUMBERS, { since: "earliest" });
      }),
    );
    return this.settled();
  }

  /** All are live, and one of them leads: that one. */
  async settled(tabs: readonly Tab[] = this.tabs): Promise<Tab> {
    await Promise.all(tabs.map(async (tab) => tab.untilLive()));
    const one = (): Tab => {
      const leaders = tabs.filter(({ isLeading }) => isLeading);
      expect(leaders).toHaveLength(1);
      expect(tabs.every(({ state }) => state.name === "live")).toBe(true);
      return leaders[0] as Tab;
    };
    await vi.waitFor(one, 10_000);
    return one();
  }

  /** A tab is gone: the rest. */
  without(gone: Tab): readonly Tab[] {
    this.tabs.splice(this.tabs.indexOf(gone), 1);
    return this.tabs;
  }

  async publish(count: number): Promise<void> {
    for (let at = 0; at < count; at++) await this.server.tidings.publish(NUMBERS, ++this.count);
  }

  /** Publishes all the time while something happens. */
  async during(happens: () => Promise<unknown>): Promise<void> {
    let isOver = false;
    const publishing = (async () => {
      while (!isOver) {
        await this.publish(1);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    })();
    try {
      await happens();
    } finally {
      isOver = true;
      await publishing;
    }
  }

  /** Every tab sees every number, once and in order. */
  async expectComplete(tabs: readonly Tab[] = this.tabs): Promise<void> {
    await this.publish(1);
    const { count } = this;
    await Promise.all(
      tabs.map(async (tab) => tab.until(`number ${count} is seen`, () => tab.numbers.includes(count))),
    );
    const all = Array.from({ length: count }, (_, at) => at + 1);
    for (const tab of tabs) {
      expect(tab.numbers).toEqual(all);
      expect(tab.all("gap")).toEqual([]);
      expect(tab.all("error")).toEqual([]);
    }
  }

  /** How many connections the server holds, by its own count. */
  async connections(): Promise<number> {
    const metrics = await (await fetch(`${this.server.url}/metrics`)).text();
    const counts = [...metrics.matchAll(/^tidings_connections\{[^}]*\} (\d+)$/gm)];
    return counts.reduce((sum, [, count]) => sum + Number(count), 0);
  }

  async untilConnections(count: number): Promise<void> {
    await vi.waitFor(async () => expect(await this.connections()).toBe(count), 15_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#profile.close();
    await this.proxy[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}
