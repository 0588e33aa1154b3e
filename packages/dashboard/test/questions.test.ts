import { once } from "node:events";
import { ServerProcess } from "@tidings/testing";
import { describeInBrowser, launchBrowser } from "@tidings/testing/browser";
import type { Socket } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findSerious } from "./support/accessibility.ts";
import { Operator } from "./support/operator.ts";
import { openStream } from "./support/raw-reader.ts";

/** More than a socket takes without being read. */
const FLOOD = 80;
const LARGE = JSON.stringify({ text: "x".repeat(90_000) });

describeInBrowser("an operator's questions, each answered within three clicks", () => {
  let server: ServerProcess;
  let browser: Browser;
  let stuck: Socket;
  let second: string;

  const publish = async (channel: string, body: string, event = "message"): Promise<Response> =>
    fetch(`${server.url}/channels/${channel}?event=${event}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
    });

  beforeAll(async () => {
    server = await ServerProcess.create();
    [browser] = await Promise.all([launchBrowser(), server.start()]);
    await publish("builds/1", '{"step":"compile"}');
    // Until the clock shows another second: the answer is asked for by a time in seconds.
    const then = Date.now();
    await using ticking = await ticks(server.url);
    while (new Date(ticking.time).getTime() - then < 1_000) await ticking.next();
    await publish("builds/1", '{"step":"link"}', "status");
    second = await timeOf(server.url, "builds/1");
    // A reader that takes nothing.
    stuck = await openStream(server.url, "flood");
    stuck.pause();
    for (let at = 0; at < FLOOD; at += 20)
      await Promise.all(
        Array.from({ length: 20 }, async () => (await publish("flood", LARGE)).arrayBuffer()),
      );
    // A client that is refused.
    await fetch(`${server.url}/channels/builds/1?sinse=earliest`);
  });
  afterAll(async () => {
    stuck.destroy();
    await browser.close();
    await server[Symbol.asyncDispose]();
  });

  test("which reader is furthest behind, and why: in sight, and whole with one click", async () => {
    await using operator = await Operator.open(browser, server.url);
    const part = operator.part("Furthest behind");
    await part.getByText(/takes nothing/).waitFor();
    await operator.click(part.getByRole("link", { name: /127\.0\.0\.1/ }).first());
    await operator.page.getByText(/it has taken nothing of the .+ that wait in its socket/).waitFor();
    expect(await operator.page.getByRole("table", { name: "Channels that it reads" }).innerText()).toContain(
      "flood",
    );
    expect(operator.clicks).toBeLessThanOrEqual(3);
    expect(await findSerious(operator.page)).toEqual([]);
    await operator.screenshot("furthest-behind");
    operator.expectNoFaults();
  });

  test("what was published on this channel around then: three clicks and a time", async () => {
    await using operator = await Operator.open(browser, server.url);
    await operator.click(operator.link("Channels"));
    await operator.click(operator.link("builds/1"));
    await operator.click(operator.page.getByRole("tab", { name: "History" }));
    await operator.page.getByText('{"step":"compile"}').waitFor();
    await operator.page.getByLabel("Around").fill(second);
    await operator.page.keyboard.press("Enter");
    await operator.page.getByText('{"step":"compile"}').waitFor({ state: "detached" });
    await operator.page.getByText('{"step":"link"}').waitFor();
    expect(operator.clicks).toBeLessThanOrEqual(3);
    await operator.page.getByRole("button", { name: "Older" }).click();
    await operator.page.getByText('{"step":"compile"}').click();
    await operator.page.getByRole("complementary", { name: "The message" }).getByText("step:").waitFor();
    await operator.screenshot("history");
    operator.expectNoFaults();
  });

  test("why that client was refused: in sight, and with what to do by one click", async () => {
    await using operator = await Operator.open(browser, server.url);
    const row = operator.part("Refused and broken").getByRole("link", { name: /QUERY_INVALID/ });
    await operator.click(row);
    const event = operator.page.locator('.event[data-code="QUERY_INVALID"]');
    await event.getByText(/there is no query parameter "sinse"/).waitFor();
    expect(await event.innerText()).toContain("127.0.0.1");
    expect(operator.clicks).toBeLessThanOrEqual(3);
    await operator.screenshot("refused");
    operator.expectNoFaults();
  });

  test("is it us or the network: in sight", async () => {
    await using operator = await Operator.open(browser, server.url);
    // On a machine that is busy it may be both.
    const verdict = operator.page.locator('.verdict[data-side="network"], .verdict[data-side="both"]');
    await verdict.getByText(/1 connection takes nothing/).waitFor();
    expect(operator.clicks).toBe(0);
    operator.expectNoFaults();
  });

  test("how full the log is: in sight", async () => {
    await using operator = await Operator.open(browser, server.url);
    const part = operator.part("Log");
    await part.getByText(/MiB used/).waitFor();
    await part.getByText(/of the .+ it may have/).waitFor();
    await part.getByText("2 channels").waitFor();
    expect(operator.clicks).toBe(0);
    operator.expectNoFaults();
  });

  test("a connection is sent away once that is confirmed, and the event says who asked for it and why", async () => {
    await using operator = await Operator.open(browser, server.url);
    const ended = once(stuck, "close");
    await operator
      .part("Furthest behind")
      .getByRole("link", { name: /127\.0\.0\.1/ })
      .first()
      .click();
    await operator.page.getByRole("button", { name: "Disconnect" }).click();
    await operator.page.getByRole("dialog").getByLabel("Why").fill("it was stuck");
    await operator.page.getByRole("dialog").getByRole("button", { name: "Disconnect" }).click();
    // What waits in its socket comes first.
    stuck.resume();
    await ended;
    await operator.link("See what is known of its end").click();
    await operator.page.getByText(/An operator sent it away.* it was stuck/).waitFor();
    // The next one from there says how the last one ended.
    await operator.link("Connections").click();
    await operator.page.getByRole("table", { name: "Connections" }).getByRole("link").first().click();
    await operator.page.getByText(/Last disconnect of 127\.0\.0\.1/).waitFor();
    // The connection is not there any more, which is what was to be seen.
    operator.expectNoFaults(/404/);
  });
});

/** `14:03:07`, of the newest message. */
async function timeOf(url: string, channel: string): Promise<string> {
  const page = (await (await fetch(`${url}/channels/${channel}?last=1`)).json()) as {
    readonly messages: readonly { readonly time: string }[];
  };
  return new Date(page.messages[0]?.time ?? "").toTimeString().slice(0, 8);
}

/** The server's samples, one a second. */
async function ticks(
  url: string,
): Promise<AsyncDisposable & { readonly time: string; next(): Promise<void> }> {
  const response = await fetch(`${url}/channels/$tidings/stats`, {
    headers: { Accept: "application/x-ndjson" },
  });
  const reader = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader();
  let time = new Date(0).toISOString();
  return {
    get time() {
      return time;
    },
    async next() {
      const { value = "" } = await reader.read();
      time = /"time":"([^"]+)"/.exec(value)?.[1] ?? time;
    },
    [Symbol.asyncDispose]: () => reader.cancel(),
  };
}
