import { setTimeout } from "node:timers/promises";
import { describeInBrowser } from "@tidings/testing/browser";
import { testWithSeeds } from "@tidings/testing";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { isReading } from "../behaviour/scene.ts";
import { type ChromiumDriver, openChromium } from "./chromium-driver.ts";
import { Desk, NUMBERS, type Tab } from "./tabs.ts";

const BUSY_MS = 6_000;
/** When a leader that is busy is given up: in milliseconds. */
const SOON = { greetingMs: 700 } as const;

/** As a long computation does, or an alert. */
async function keepBusy({ page }: Tab): Promise<void> {
  await page.evaluate((ms) => {
    const endMs = Date.now() + ms;
    while (Date.now() < endMs);
  }, BUSY_MS);
}

/** Its process dies, as when there is no memory left. */
async function crash({ page }: Tab): Promise<void> {
  const crashed = page.waitForEvent("crash");
  const session = await page.context().newCDPSession(page);
  session.send("Page.crash").catch(() => undefined);
  await crashed;
}

/** No test can have the browser do it: what it tells a page is told here. */
async function say({ page }: Tab, what: "freeze" | "resume"): Promise<void> {
  await page.evaluate((name) => void document.dispatchEvent(new Event(name)), what);
}

describeInBrowser("tabs of Chromium that share", () => {
  let driver: ChromiumDriver;
  beforeAll(async () => {
    driver = await openChromium();
  });
  afterAll(async () => {
    await driver.close();
  });
  const openDesk = async (): Promise<Desk> => Desk.open(driver);
  const readings = ({ proxy }: Desk): number => proxy.requests.filter(isReading).length;

  test("five of them, opened at once, hold one connection, and each sees every message once and in order", async () => {
    await using desk = await openDesk();
    await desk.publish(10);
    await desk.openFive();
    expect(readings(desk)).toBe(1);
    expect(await desk.connections()).toBe(1);
    await desk.publish(200);
    await desk.expectComplete();
    expect(readings(desk)).toBe(1);
    expect(await desk.connections()).toBe(1);
  });

  test("of WebSockets there is one too", async () => {
    await using desk = await openDesk();
    await desk.openFive({ transport: "ws" });
    await desk.publish(20);
    await desk.expectComplete();
    expect(desk.proxy.upgrades).toBe(1);
    expect(await desk.connections()).toBe(1);
    expect(desk.tabs.map(({ liveOn }) => liveOn)).toEqual(["ws", "ws", "ws", "ws", "ws"]);
  });

  test("one that comes late, and wants everything, is given what the others had before", async () => {
    await using desk = await openDesk();
    await desk.publish(50);
    const first = await desk.openTab();
    await first.remote.read(NUMBERS, { since: "earliest" });
    await first.untilLive();
    await desk.during(async () => {
      const late = await desk.openTab();
      await late.remote.read(NUMBERS, { since: "earliest" });
      await late.untilLive();
    });
    await desk.expectComplete();
    expect(await desk.connections()).toBe(1);
    expect(readings(desk)).toBe(1);
  });

  /** Twice, so that one that has followed leads, and another one that has followed it does. */
  const goings: readonly (readonly [string, (tab: Tab, desk: Desk) => Promise<unknown>])[] = [
    ["its page is closed", async ({ page }) => page.close()],
    ["its page crashes", crash],
    ["its client is closed", async ({ remote }) => remote.close()],
  ];
  test.each(goings)("the one that leads goes (%s): another one leads, and nothing is lost", async (_, go) => {
    await using desk = await openDesk();
    let leader = await desk.openFive();
    for (let round = 0; round < 2; round++) {
      await desk.during(async () => {
        await go(leader, desk);
        leader = await desk.settled(desk.without(leader));
      });
      await desk.expectComplete();
      await desk.untilConnections(1);
    }
  });

  test("its connection is cut: all of them go on, over one connection again", async () => {
    await using desk = await openDesk();
    const leader = await desk.openFive();
    await desk.during(async () => {
      for (let cut = 0; cut < 3; cut++) {
        desk.proxy.cutAll();
        await leader.until("the cut is seen", () => leader.state.name !== "live");
        await desk.settled();
      }
    });
    await desk.expectComplete();
    await desk.untilConnections(1);
  });

  test("what only one of them reads comes to that one alone, also when another one leads", async () => {
    await using desk = await openDesk();
    const first = await desk.openTab();
    await first.remote.read(NUMBERS, { since: "earliest" });
    await first.untilLive();
    const second = await desk.openTab();
    await second.remote.read("own", { since: "earliest" });
    await second.untilLive();
    await desk.server.tidings.publish("own", 1);
    await second.until("its own message", () => second.dataOf("own").length === 1);
    expect(first.dataOf("own")).toEqual([]);
    await second.remote.unread("own");
    await second.remote.read(NUMBERS, { since: "earliest" });
    await desk.server.tidings.publish("own", 2);
    await desk.expectComplete();
    expect(second.dataOf("own")).toEqual([1]);
    await second.remote.read("own", { since: "earliest" });
    await first.page.close();
    await desk.settled(desk.without(first));
    await desk.server.tidings.publish("own", 3);
    await second.until("its own message", () => second.dataOf("own").includes(3));
    expect(second.dataOf("own")).toEqual([1, 1, 2, 3]);
  });

  test("those that follow see who is there, are there themselves, and go", async () => {
    await using desk = await openDesk();
    const leader = await desk.openFive();
    const [one, other] = desk.tabs.filter((tab) => tab !== leader) as [Tab, Tab];
    const seen = (tab: Tab): readonly string[] => tab.all("presence").at(-1)?.members ?? [];
    await leader.remote.attend(NUMBERS);
    expect(await leader.remote.join(NUMBERS, "ann")).toEqual({ ok: true, value: "ann" });
    await one.remote.attend(NUMBERS);
    await one.until("ann is seen", () => seen(one).includes("ann"));
    expect(await one.remote.join(NUMBERS, "bob")).toEqual({ ok: true, value: "bob" });
    await leader.until("both are seen", () => seen(leader).join() === "ann,bob");
    await other.remote.attend(NUMBERS);
    await other.until("both are seen", () => seen(other).join() === "ann,bob");
    expect(await one.remote.leave(NUMBERS)).toMatchObject({ ok: true });
    await other.until("bob is seen to go", () => seen(other).join() === "ann");
    await desk.expectComplete();
    expect(await desk.connections()).toBe(1);
  });

  test("those that follow publish and call commands, and no further connection is held", async () => {
    await using desk = await openDesk();
    desk.server.tidings.command("double", { handler: (input) => Number(input) * 2 });
    const leader = await desk.openFive();
    const follower = desk.tabs.find((tab) => tab !== leader) as Tab;
    for (let sent = 0; sent < 10; sent++) {
      expect(await follower.remote.publish(NUMBERS, "message", ++desk.count)).toMatchObject({ ok: true });
    }
    expect(await follower.remote.command("double", 21)).toEqual({ ok: true, value: 42 });
    await desk.expectComplete();
    expect(await desk.connections()).toBe(1);
  });

  test.each([
    ["gives it back", async ({ remote }: Tab) => remote.release()],
    ["is closed", async ({ page }: Tab) => page.close()],
  ])("what one that follows holds interactive the one that leads moves for, until it %s", async (_, end) => {
    await using desk = await openDesk();
    const leader = await desk.openFive();
    const follower = desk.tabs.find((tab) => tab !== leader) as Tab;
    await desk.during(async () => {
      await follower.remote.hold();
      await leader.untilLiveOn(["ws"]);
      desk.without(follower);
      await end(follower);
      await leader.untilLiveOn(["sse"]);
    });
    await desk.expectComplete();
    await desk.untilConnections(1);
    await follower.page.close();
  });

  test("what one that follows holds interactive is held by whoever leads next", async () => {
    await using desk = await openDesk();
    const first = await desk.openFive();
    const follower = desk.tabs.find((tab) => tab !== first) as Tab;
    await follower.remote.hold();
    await first.untilLiveOn(["ws"]);
    await first.page.close();
    const next = await desk.settled(desk.without(first));
    await next.untilLiveOn(["ws"]);
    await follower.remote.release();
    await next.untilLiveOn(["sse"]);
    await desk.expectComplete();
    await desk.untilConnections(1);
  });

  test("another server, another origin and another name are not shared with", async () => {
    await using desk = await openDesk();
    await using elsewhere = await openDesk();
    await desk.openTab();
    await desk.openTab({}, elsewhere.proxy.url);
    await desk.openTab({}, desk.proxy.url, driver.otherOrigin);
    await desk.openTab({ share: "ann" });
    for (const tab of desk.tabs) {
      await tab.remote.read(NUMBERS, { since: "earliest" });
      await tab.untilLive();
    }
    expect(desk.tabs.map(({ isLeading }) => isLeading)).toEqual([true, true, true, true]);
    expect(await desk.connections()).toBe(3);
    expect(await elsewhere.connections()).toBe(1);
  });

  test("while the one that leads is busy the others connect by themselves, and come back to it later", async () => {
    await using desk = await openDesk();
    const leader = await desk.openFive({ tuning: SOON });
    const followers = desk.tabs.filter((tab) => tab !== leader);
    const busy = keepBusy(leader);
    const sinceMs = performance.now();
    await desk.publish(20);
    await desk.expectComplete(followers);
    expect(performance.now() - sinceMs).toBeLessThan(BUSY_MS);
    await busy;
    await desk.untilConnections(1);
    await desk.settled();
    await desk.expectComplete();
  });

  test("one that finds the leader busy when it is opened connects by itself", async () => {
    await using desk = await openDesk();
    const leader = await desk.openTab();
    await leader.remote.read(NUMBERS, { since: "earliest" });
    await leader.untilLive();
    const busy = keepBusy(leader);
    const late = await desk.openTab({ tuning: SOON });
    await late.remote.read(NUMBERS, { since: "earliest" });
    await late.untilLive();
    expect(late.isLeading).toBe(true);
    await desk.publish(3);
    await desk.expectComplete([late]);
    await busy;
    await desk.untilConnections(1);
    await desk.expectComplete();
  });

  test("none is left: the server holds no connection", async () => {
    await using desk = await openDesk();
    await desk.openFive();
    await Promise.all(desk.tabs.map(async ({ page }) => page.close()));
    await desk.untilConnections(0);
  });

  test("one that sleeps leads nobody, and follows when it is awake again", async () => {
    await using desk = await openDesk();
    const leader = await desk.openFive();
    const followers = desk.tabs.filter((tab) => tab !== leader);
    await desk.during(async () => {
      await say(leader, "freeze");
      await desk.settled(followers);
    });
    await desk.expectComplete(followers);
    await desk.untilConnections(1);
    expect(leader.state.name).toBe("offline");
    await say(leader, "resume");
    await desk.settled();
    expect(leader.isLeading).toBe(false);
    await desk.expectComplete();
    await desk.untilConnections(1);
  });

  test("one that is left and come back to goes on where it was", async () => {
    await using desk = await openDesk();
    const leader = await desk.openFive();
    const followers = desk.tabs.filter((tab) => tab !== leader);
    await leader.page.evaluate(() => {
      addEventListener("pageshow", ({ persisted }) => Object.assign(window, { wasKept: persisted }));
    });
    await desk.during(async () => {
      await leader.page.goto(`${driver.origin}/away`);
      await desk.settled(followers);
    });
    await desk.expectComplete(followers);
    // A page that was kept does not load, which `goBack` would wait for.
    await leader.page.evaluate(() => history.back());
    await vi.waitFor(async () =>
      expect(await leader.page.evaluate(() => "wasKept" in window && window.wasKept)).toBe(true),
    );
    await desk.settled();
    await desk.expectComplete(followers);
    const { count } = desk;
    await leader.until("the last number is seen", () => leader.numbers.includes(count));
    const numbers = await leader.page.evaluate(() =>
      window.happened.flatMap((what) => (what.type === "message" ? [what.data] : [])),
    );
    expect(numbers).toEqual(Array.from({ length: count }, (_, at) => at + 1));
    await desk.untilConnections(1);
  });

  testWithSeeds("whatever becomes of them in turn, nothing is lost or comes twice", [1], async (random) => {
    await using desk = await openDesk();
    const asleep = new Set<Tab>();
    const open = async (): Promise<void> => {
      const tab = await desk.openTab();
      await tab.remote.read(NUMBERS, { since: "earliest" });
    };
    const lose = async (go: (tab: Tab) => Promise<void>): Promise<void> => {
      const tab = any();
      desk.without(tab);
      asleep.delete(tab);
      await go(tab);
    };
    const any = (): Tab => desk.tabs[random.int(0, desk.tabs.length - 1)] as Tab;
    const events: readonly (() => Promise<unknown> | void)[] = [
      open,
      open,
      async () => lose(async ({ page }) => page.close()),
      async () => lose(crash),
      async () => {
        const tab = any();
        const isAsleep = asleep.delete(tab);
        if (!isAsleep) asleep.add(tab);
        await say(tab, isAsleep ? "resume" : "freeze");
      },
      () => desk.proxy.cutAll(random.chance(0.5) ? "reset" : "end"),
      async () => setTimeout(random.int(1, 400)),
    ];
    await desk.during(async () => {
      for (let happened = 0; happened < 20; happened++) {
        const event = desk.tabs.length < 2 ? open : events[random.int(0, events.length - 1)];
        if (event !== open || desk.tabs.length < 5) await event?.();
      }
      for (const tab of asleep) await say(tab, "resume");
    });
    await desk.settled();
    await desk.expectComplete();
    await desk.untilConnections(1);
  });
});
