import { faultProxy, ServerProcess } from "@tidings/testing";
import { describeInBrowser, launchBrowser } from "@tidings/testing/browser";
import { connect } from "@tidings/client";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Operator } from "./support/operator.ts";

/** What the browser's console says of a server that is gone. */
const GONE = /Failed to load resource|net::ERR/;
/** How long the network is cut, in milliseconds. */
const CUT_MS = 10_000;

describeInBrowser("a dashboard that is open in an incident", () => {
  let server: ServerProcess;
  let browser: Browser;

  beforeAll(async () => {
    server = await ServerProcess.create({ policies: [{ pattern: "short", retention: { maxMessages: 3 } }] });
    [browser] = await Promise.all([launchBrowser(), server.start()]);
  });
  afterAll(async () => {
    await browser.close();
    await server[Symbol.asyncDispose]();
  });

  test("a server that is killed is seen to be gone, and to be another one when it comes back, with the plots as they were and a gap", async () => {
    await using operator = await Operator.open(browser, server.url);
    const { page } = operator;
    const plot = page.locator(".plot[data-points]").first();
    await expect
      .poll(async () => Number(await plot.getAttribute("data-points")), { timeout: 10_000 })
      .toBeGreaterThan(1);
    const before = Number(await plot.getAttribute("data-points"));
    await server.kill();
    await page.getByText(/The connection is lost/).waitFor();
    await page.getByText("This page has no connection to the server").waitFor();
    await operator.screenshot("killed");
    await server.start();
    await operator.isLive();
    await page.getByText("The server was started anew.").first().waitFor();
    await page.getByText(/The connection is lost/).waitFor({ state: "detached" });
    // What was there, a break, and what came then.
    await expect
      .poll(async () => Number(await plot.getAttribute("data-points")), { timeout: 10_000 })
      .toBeGreaterThan(before + 1);
    await operator.screenshot("back");
    operator.expectNoFaults(GONE);
  });

  test("a network that is cut for ten seconds loses nothing of a channel that is looked at, and says nothing of a gap", async () => {
    await using proxy = await faultProxy(server.url);
    await using operator = await Operator.open(browser, `${proxy.url}/#/channels/cut`);
    const tidings = connect(server.url);
    const channel = tidings.channel("cut");
    await operator.page.getByText("Nothing here yet").waitFor();
    await channel.publish("line", { at: 0 });
    await operator.page.getByText('{"at":0}').waitFor();
    const lines = operator.page.getByRole("region", { name: "Messages" }).getByRole("button");
    await proxy.goAway();
    await operator.page.getByText(/The connection is lost/).waitFor();
    for (let at = 1; at <= 20; at++) await channel.publish("line", { at });
    await operator.page.waitForTimeout(CUT_MS);
    expect(await lines.count()).toBe(1);
    await proxy.comeBack();
    await operator.isLive();
    await operator.page.getByText('{"at":20}').waitFor();
    expect(await lines.allInnerTexts()).toHaveLength(21);
    expect(await operator.page.locator(".line-gap").count()).toBe(0);
    tidings.close();
    // Up for longer than ten seconds by now: there is a mean of them.
    await operator.link("Overview").click();
    await operator.page.getByRole("button", { name: "1 h", exact: true }).click();
    await operator.page.locator('.plot[data-points]:not([data-points="0"])').first().waitFor();
    operator.expectNoFaults(GONE);
  });

  test("messages that retention has dropped meanwhile are marked where they are missing", async () => {
    await using proxy = await faultProxy(server.url);
    await using operator = await Operator.open(browser, `${proxy.url}/#/channels/short`);
    const tidings = connect(server.url);
    const channel = tidings.channel("short");
    await operator.page.getByText("Nothing here yet").waitFor();
    await channel.publish("line", { at: 0 });
    await operator.page.getByText('{"at":0}').waitFor();
    await proxy.goAway();
    for (let at = 1; at <= 9; at++) await channel.publish("line", { at });
    await proxy.comeBack();
    await operator.page.getByText("6 messages missing here: retention has dropped them").waitFor();
    await operator.screenshot("gap");
    tidings.close();
  });
});
