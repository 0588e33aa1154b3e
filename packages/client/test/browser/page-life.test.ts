import { describeInBrowser } from "@tidings/testing/browser";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { ClientOptions, Happening } from "../behaviour/driver.ts";
import { openServer, type TestServer } from "../behaviour/test-server.ts";
import { type ChromiumDriver, openChromium, type PageClient, type Tabs } from "./chromium-driver.ts";

const PATIENCE_MS = 15_000;

/** A client in a page, and what it was told. */
class Visit {
  readonly told: Happening[] = [];
  client!: PageClient;

  static async begin(tabs: Tabs, url: string, options: ClientOptions): Promise<Visit> {
    const visit = new Visit();
    visit.client = await tabs.open(url, options, (happening) => visit.told.push(happening));
    await visit.client.read("numbers", {});
    await visit.until(() => visit.told.some(({ type }) => type === "caught-up"));
    return visit;
  }

  get numbers(): readonly unknown[] {
    return this.told.flatMap((each) => (each.type === "message" ? [each.data] : []));
  }

  get states(): readonly string[] {
    return this.told.flatMap((each) => (each.type === "state" ? [each.state.name] : []));
  }

  async until(condition: () => boolean): Promise<void> {
    await vi.waitFor(() => expect(condition(), JSON.stringify(this.told)).toBe(true), PATIENCE_MS);
  }
}

describeInBrowser("the life of a page", () => {
  let driver: ChromiumDriver;
  let server: TestServer;
  beforeAll(async () => {
    driver = await openChromium();
    server = await openServer({ limits: { heartbeatMs: 2_000 } });
  });
  afterAll(async () => {
    await driver.close();
    await server[Symbol.asyncDispose]();
  });

  async function publish(...numbers: readonly number[]): Promise<void> {
    for (const number of numbers) await server.tidings.publish("numbers", number);
  }

  test.each(["sse", "ws", "long-poll"] as const)(
    "a page that is left and come back to goes on where it was, by cursors in localStorage, over %s",
    async (transport) => {
      const tabs = await driver.tabs();
      const options = { transport, cursors: "localStorage" } as const;
      const first = await Visit.begin(tabs, server.url, options);
      await publish(1, 2, 3);
      await first.until(() => first.numbers.length === 3);
      // As a tab that is closed: the client is not told.
      await first.client.page.close();
      await publish(4, 5);
      const second = await Visit.begin(tabs, server.url, options);
      await publish(6);
      await second.until(() => second.numbers.includes(6));
      expect([...first.numbers, ...second.numbers]).toEqual([1, 2, 3, 4, 5, 6]);
      await second.client.page.close();
      // Also where nothing came at all between two visits, and where nothing has come yet in one.
      const third = await Visit.begin(tabs, server.url, options);
      await third.client.page.close();
      await publish(7);
      const fourth = await Visit.begin(tabs, server.url, options);
      await fourth.until(() => fourth.numbers.length === 1);
      expect([...third.numbers, ...fourth.numbers]).toEqual([7]);
      await tabs.close();
    },
  );

  test("without a network it says so, and goes on at once when there is one again", async () => {
    const tabs = await driver.tabs();
    const visit = await Visit.begin(tabs, server.url, {
      tuning: { backoffMs: 60_000, maxBackoffMs: 60_000 },
    });
    const context = visit.client.page.context();
    await publish(1);
    await visit.until(() => visit.numbers.length === 1);
    await context.setOffline(true);
    await visit.until(() => visit.states.at(-1) === "offline");
    await publish(2, 3);
    const waiting = visit.client.publish("numbers", "message", 4);
    await context.setOffline(false);
    // What was published without a network was kept, and goes out as soon as there is one.
    expect(await waiting).toMatchObject({ ok: true });
    await visit.until(() => visit.numbers.length === 4);
    expect(visit.states.at(-1)).toBe("live");
    expect(visit.numbers).toEqual([1, 2, 3, 4]);
    await tabs.close();
  });
});
