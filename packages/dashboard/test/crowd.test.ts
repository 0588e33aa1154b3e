import { readFile } from "node:fs/promises";
import { describeInBrowser, launchBrowser } from "@tidings/testing/browser";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Child } from "./support/child.ts";
import { Operator } from "./support/operator.ts";

const CHANNELS = 100_000;
const CONNECTIONS = 10_000;
/** Open files that are left for everything else of a process. */
const SPARE_FILES = 200;

describeInBrowser("100,000 channels and 10,000 connections", () => {
  let server: Child;
  let sockets: Child;
  let browser: Browser;
  let count: number;

  beforeAll(async () => {
    count = Math.min(CONNECTIONS, (await openFiles()) - SPARE_FILES);
    [server, browser] = await Promise.all([Child.start("crowd-child", String(CHANNELS)), launchBrowser()]);
    sockets = await Child.start("sockets-child", server.said, String(count));
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await sockets[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  test("all channels are found by search and reached page by page, of which some are in the document", async () => {
    await using operator = await Operator.open(browser, `${server.said}/#/channels`);
    const { page } = operator;
    await page.getByText("1–50 of 100,000 channels").waitFor();
    const rows = page.getByRole("table", { name: "Channels" }).locator("tbody tr");
    expect(await rows.count()).toBe(50);
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByText("51–100 of 100,000 channels").waitFor();
    await page.getByLabel("Search channels").fill("evals/99999/");
    await page.getByText("1–1 of 1 channels").waitFor();
    await operator.link("evals/99999/logs").waitFor();
    await operator.screenshot("channels-100000");
    operator.expectNoFaults();
  });

  test("so are all connections", async () => {
    await using operator = await Operator.open(browser, `${server.said}/#/connections`);
    const { page } = operator;
    // The dashboard's own is one of them.
    await page.getByText(new RegExp(`1–50 of ${(count + 1).toLocaleString("en-GB")} connections`)).waitFor();
    expect(await page.getByRole("table", { name: "Connections" }).locator("tbody tr").count()).toBe(50);
    await page.getByRole("button", { name: "Age" }).click();
    await page.locator('th[aria-sort="descending"]', { hasText: "Age" }).waitFor();
    for (const [button, shown] of [
      ["Next", "51–100 of"],
      ["Next", "101–150 of"],
      ["Previous", "51–100 of"],
    ] as const) {
      await page.getByRole("button", { name: button }).click();
      await page.getByText(shown).waitFor();
    }
    await operator.screenshot("connections-10000");
    operator.expectNoFaults();
  });
});

/** How many files this process, and each that it starts, may have open. */
async function openFiles(): Promise<number> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 1_024);
}
