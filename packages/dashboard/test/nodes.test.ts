import { hasRedis, RedisServer, ServerProcess } from "@tidings/testing";
import { describeInBrowser, launchBrowser } from "@tidings/testing/browser";
import type { Browser } from "playwright-core";
import { createTidings } from "tidings";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { findSerious } from "./support/accessibility.ts";
import { Operator } from "./support/operator.ts";

/** Longer than what a question to a node that does not answer takes, so that both are seen; in milliseconds. */
const NODE_TIMEOUT_MS = 8_000;
const PHONE = { width: 390, height: 844 };

describeInBrowser("the page of nodes", () => {
  let browser: Browser;

  beforeAll(async () => void (browser = await launchBrowser()));
  afterAll(() => browser.close());

  test("a node by itself is said to be so, in one row", async () => {
    const tidings = await createTidings({ log: "memory", node: "alone" });
    onTestFinished(() => tidings.close());
    const { url } = await tidings.listen({ port: 0 });
    await using operator = await Operator.open(browser, `${url}/#/nodes`);
    const { page } = operator;
    await page.getByText("This node is by itself: no other is heard of on its log.").waitFor();
    const rows = page.getByRole("table", { name: "Nodes" }).locator("tbody tr");
    await rows.getByText("this page").waitFor();
    expect(await rows.count()).toBe(1);
    operator.expectNoFaults();
  });

  describe.runIf(hasRedis())("of two on one Redis (redis-server is installed)", () => {
    test("one that is killed gives no answer, is lost, and comes back started anew; by the keyboard, on a screen and on a phone", async () => {
      await using redis = await RedisServer.start();
      const node = (name: string): Promise<ServerProcess> =>
        ServerProcess.create({ log: redis.url, node: name, limits: { nodeTimeoutMs: NODE_TIMEOUT_MS } });
      await using a = await node("a");
      await using b = await node("b");
      await Promise.all([a.start(), b.start()]);
      // No colour is on its way from one to the other.
      await using operator = await Operator.open(browser, a.url, { reducedMotion: "reduce" });
      const { page } = operator;
      const { keyboard } = page;
      const press = async (...keys: readonly string[]): Promise<void> => {
        for (const key of keys) await keyboard.press(key);
      };
      const state = (name: string, is: string): Promise<void> =>
        page.locator(`[data-node="${name}"] [data-state="${is}"]`).waitFor();

      await operator.isLive();
      await press("?");
      await page.getByRole("dialog").getByText("nodes").waitFor();
      await press("Escape", "g", "d");
      await page.getByText("2 nodes").waitFor();
      await Promise.all([state("a", "well"), state("b", "well")]);
      expect(await page.locator("tr", { hasText: "this page" }).getAttribute("data-node")).toBe("a");
      await page.getByRole("button", { name: "Memory" }).click();
      await page.locator('th[aria-sort="descending"]', { hasText: "Memory" }).waitFor();
      await page.getByRole("button", { name: "Node" }).click();
      const names = page.locator("tbody tr .row-link");
      expect(await names.allInnerTexts()).toEqual(["a", "b"]);

      await b.kill();
      // Asked at once, whoever comes to the page.
      await press("g", "o", "g", "d");
      await state("b", "silent");
      await page.getByText(`Node b gave no answer within 2000 ms`).waitFor();
      await state("b", "lost");
      await page.getByText("Node b is not heard of any more. See whether it runs").waitFor();
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        expect([colorScheme, await findSerious(page)]).toEqual([colorScheme, []]);
        await operator.screenshot(`nodes-${colorScheme}`);
      }
      await page.setViewportSize(PHONE);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.width);
      await operator.screenshot("nodes-phone");

      await b.start();
      await page.locator('[data-node="b"]').getByText("started anew").waitFor();
      await page.getByRole("button", { name: "Node" }).click();
      await press("ArrowDown", "ArrowDown", "Enter");
      await page.getByRole("list", { name: "Events" }).getByText("b is on this log too.").waitFor();
      operator.expectNoFaults();
    });
  });
});
