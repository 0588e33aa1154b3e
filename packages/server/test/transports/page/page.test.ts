import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeInBrowser, launchBrowser, openTab } from "@tidings/testing/browser";
import { openServer, type TestServer } from "../../support/logs.ts";
import { LivePage } from "./support/live-page.ts";

const CHANNEL = "builds/1";
/** What the page reads. */
const STREAM = /\/connect$/;

function numbered(count: number, from = 1): readonly number[] {
  return Array.from({ length: count }, (_, at) => from + at);
}

/** Publishes `{"n":1}` and so on, as few batches. */
async function publishNumbers(server: TestServer, count: number, from = 1): Promise<void> {
  for (let at = 0; at < count; at += 1_000) {
    const lines = numbered(Math.min(1_000, count - at), from + at).map((n) =>
      JSON.stringify({ data: { n } }),
    );
    const response = await fetch(`${server.url}/channels/${CHANNEL}`, {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
      body: lines.join("\n"),
    });
    expect(response.status).toBe(201);
  }
}

describeInBrowser("the live page of a channel", () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await launchBrowser()));
  afterAll(async () => browser.close());

  test("a message shows its time, event, key, cursor and payload the moment it is published", async () => {
    await using server = await openServer();
    await using tab = await openTab(browser);
    const live = await LivePage.open(tab.page, `${server.url}/channels/${CHANNEL}`);
    await live.page.getByText("Nothing here yet").waitFor();
    const { cursor } = await server.tidings.publish(
      CHANNEL,
      { percent: 40 },
      { event: "progress", key: "compile" },
    );
    const row = live.row('{"percent":40}');
    await row.waitFor();
    expect(await row.locator(".time").textContent()).toMatch(/^\d\d:\d\d:\d\d\.\d{3}$/);
    expect(await row.locator(".event").textContent()).toBe("progress");
    expect(await row.locator(".key").textContent()).toBe("compile");
    expect(await row.locator(".cursor").textContent()).toBe(cursor);
    expect(await live.page.getByText("Nothing here yet").isVisible()).toBe(false);
    expect(tab.faults).toEqual([]);
  });

  test("an opened message shows JSON indented and its numbers as they were sent, text whole, and bytes as size and base64", async () => {
    await using server = await openServer();
    await fetch(`${server.url}/channels/${CHANNEL}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"id":12345678901234567890}',
    });
    await server.tidings.publish(CHANNEL, "one\n\u001b[31mtwo\u001b[0m");
    await server.tidings.publish(CHANNEL, new Uint8Array([0xde, 0xad, 0xbe, 0xef]));
    await using tab = await openTab(browser);
    const live = await LivePage.open(tab.page, `${server.url}/channels/${CHANNEL}`);
    await live.row("4 B · 3q2+7w==").click();
    await live.row("one ⏎ two").click();
    await live.row("12345678901234567890").click();
    expect(await live.page.locator(".payload").allTextContents()).toEqual([
      '{\n  "id": 12345678901234567890\n}',
      "one\ntwo",
      "3q2+7w==",
    ]);
    await live.page.getByText("4 B, shown as base64").waitFor();
  });

  test("a stored payload shows its size, type and preview, and opened a link to it; a deletion says so", async () => {
    await using server = await openServer({ policies: [{ pattern: CHANNEL, compact: true }] });
    const large = `first line\n${"x".repeat(200_000)}`;
    await server.tidings.publish(CHANNEL, large, { key: "report", contentType: "text/markdown" });
    await server.tidings.publish(CHANNEL, Buffer.alloc(150_000), { key: "picture" });
    await server.tidings.delete(CHANNEL, "gone");
    await using tab = await openTab(browser);
    const live = await LivePage.open(tab.page, `${server.url}/channels/${CHANNEL}`);
    const row = live.row("200.0 KB of text/markdown · first line");
    await row.click();
    const link = live.page.getByRole("link", { name: "/artifacts/" });
    const fetched = await fetch(new URL((await link.getAttribute("href")) ?? "", server.url));
    expect(await fetched.text()).toBe(large);
    expect(await live.page.locator(".payload").textContent()).toContain("first line");
    await live.row("150.0 KB of application/octet-stream").waitFor();
    const deleted = live.row("deleted");
    expect(await deleted.locator(".key").textContent()).toBe("gone");
    await deleted.click();
    await live.page.getByText("none: the key is deleted").waitFor();
    expect(tab.faults).toEqual([]);
  });

  test("an ephemeral message is shown, and said not to be kept", async () => {
    await using server = await openServer();
    await using tab = await openTab(browser);
    const live = await LivePage.open(tab.page, `${server.url}/channels/${CHANNEL}`);
    await server.tidings.publish(CHANNEL, "typing", { ephemeral: true });
    await live.row("typing").getByText("not kept").waitFor();
  });

  test("what a publisher sends stays text, whatever it looks like", async () => {
    const hostile = '<img src=x onerror="window.pwned=1"><script>window.pwned=2</script>';
    await using server = await openServer();
    await using tab = await openTab(browser);
    await server.tidings.publish(CHANNEL, hostile, {
      event: "<b onclick=alert(1)>",
      key: "<svg/onload=alert(1)>",
    });
    await server.tidings.publish(CHANNEL, { [hostile]: hostile, __proto__: null }, { event: "constructor" });
    await server.tidings.publish(CHANNEL, "\u202egnp.exe \u0000 \u001b]0;title\u0007");
    const live = await LivePage.open(tab.page, `${server.url}/channels/${CHANNEL}`);
    for (const row of await live.rows.all()) await row.click({ position: { x: 200, y: 10 } });
    expect(await live.page.locator(".payload").count()).toBe(3);
    expect(await live.page.locator("#rows :is(img, script, b), #rows svg").count()).toBe(0);
    expect(await live.page.evaluate("window.pwned")).toBeUndefined();
    expect(await live.row("onerror").locator(".preview").first().textContent()).toBe(hostile);
    expect(await live.row("gnp.exe").locator(".preview").textContent()).toBe("\ufffdgnp.exe ␀ ␛]0;title␇");
    expect(tab.faults).toEqual([]);
  });

  test("it follows the tail until the reader scrolls up; then nothing moves, and it counts what is new", async () => {
    await using server = await openServer();
    await publishNumbers(server, 150);
    await using tab = await openTab(browser);
    const live = await LivePage.open(tab.page, `${server.url}/channels/${CHANNEL}`);
    await live.row('{"n":150}').waitFor();
    expect(await live.fromEnd()).toBeLessThan(2);
    await live.wheel(-900);
    await live.button("Latest").waitFor();
    const top = await live.page.evaluate("document.getElementById('scroller').scrollTop");
    await publishNumbers(server, 3, 151);
    await live.button("3 new messages").waitFor();
    expect(await live.row('{"n":151}').count()).toBe(0);
    expect(await live.page.evaluate("document.getElementById('scroller').scrollTop")).toBe(top);
    await live.page.keyboard.press("End");
    await live.row('{"n":153}').waitFor();
    await expect.poll(() => live.fromEnd()).toBeLessThan(2);
    expect(await live.button(/new message|Latest/).isVisible()).toBe(false);
  });

  test("pausing holds what arrives, by button and by key, and resuming shows it in order", async () => {
    await using server = await openServer();
    await publishNumbers(server, 2);
    await using tab = await openTab(browser);
    const live = await LivePage.open(tab.page, `${server.url}/channels/${CHANNEL}`);
    await live.button("Pause").click();
    await publishNumbers(server, 1, 3);
    await live.button("Paused · 1 new message").waitFor();
    await live.button("Resume").click();
    await live.row('{"n":3}').waitFor();
    await live.page.locator("#scroller").focus();
    await live.page.keyboard.press("Space");
    await publishNumbers(server, 2, 4);
    await live.button("Paused · 2 new messages").waitFor();
    expect(await live.previews()).toHaveLength(3);
    await live.page.keyboard.press("p");
    await live.row('{"n":5}').waitFor();
    expect(await live.previews()).toEqual(numbered(5).map((n) => `{"n":${n}}`));
  });

  test("the keyboard alone selects a message, opens it, filters, and shows the keys", async () => {
    await using server = await openServer();
    await publishNumbers(server, 30);
    await using tab = await openTab(browser);
    const live = await LivePage.open(tab.page, `${server.url}/channels/${CHANNEL}`);
    await live.row('{"n":30}').waitFor();
    for (const key of ["k", "ArrowUp", "j", "k", "Enter"]) await live.page.keyboard.press(key);
    expect(await live.page.locator("[aria-current] .preview").textContent()).toBe('{"n":29}');
    expect(await live.page.locator("[aria-expanded=true].toggle").count()).toBe(1);
    await live.page.locator(".payload").waitFor();
    await live.page.keyboard.press("/");
    await live.page.keyboard.type("7");
    expect(await live.previews()).toEqual(['{"n":7}', '{"n":17}', '{"n":27}']);
    await live.page.getByText("3 of 30").waitFor();
    await live.page.keyboard.press("Escape");
    expect(await live.previews()).toHaveLength(30);
    await live.page.keyboard.press("?");
    await live.page.getByRole("dialog", { name: "Keys" }).waitFor();
    await live.page.keyboard.press("Escape");
    expect(await live.page.getByRole("dialog").count()).toBe(0);
  });

  test("its events can be chosen among, and those of the page's own URL are all it reads", async () => {
    await using server = await openServer();
    for (const event of ["stdout", "stderr", "progress"])
      await server.tidings.publish(CHANNEL, `a ${event}`, { event });
    await using tab = await openTab(browser);
    const url = `${server.url}/channels/${CHANNEL}`;
    const live = await LivePage.open(tab.page, url);
    await live.button("stderr 1").click();
    expect(await live.previews()).toEqual(["a stderr"]);
    await live.button("progress 1").click();
    expect(await live.previews()).toEqual(["a stderr", "a progress"]);
    const filtered = await LivePage.open(tab.page, `${url}?event=stdout`);
    await filtered.row("a stdout").waitFor();
    expect(await filtered.previews()).toEqual(["a stdout"]);
  });

  test("a gap stands in the list, with its reason and how many messages are missing", async () => {
    await using server = await openServer({ policies: [{ pattern: "**", retention: { maxMessages: 50 } }] });
    await publishNumbers(server, 120);
    const page = (await (await fetch(`${server.url}/channels/${CHANNEL}?last=1`)).json()) as {
      cursor: string;
    };
    const epoch = page.cursor.split(".")[0];
    await using tab = await openTab(browser);
    const live = await LivePage.open(tab.page, `${server.url}/channels/${CHANNEL}?since=${epoch}.10`);
    const gap = live.page.locator(".gap");
    expect(await gap.textContent()).toContain("60 messages are missing here");
    expect(await gap.textContent()).toContain("expired: older than the server keeps");
    expect(await gap.textContent()).toContain(`${epoch}.10 → ${epoch}.70`);
    expect((await live.previews())[0]).toBe('{"n":71}');
    await live.page.locator("#search").fill('n":120');
    expect(await gap.isVisible()).toBe(true);
  });

  test("it begins with the newest 200 messages, and loads earlier ones without a hole until there are none", async () => {
    await using server = await openServer();
    await publishNumbers(server, 450);
    await using tab = await openTab(browser);
    const live = await LivePage.open(tab.page, `${server.url}/channels/${CHANNEL}`);
    await live.row('{"n":450}').waitFor();
    expect(await live.previews()).toHaveLength(200);
    await live.button("Load earlier").click();
    await live.row('{"n":51}').waitFor();
    await live.button("Load earlier").click();
    await live.page.getByText("The channel begins here.").waitFor();
    expect(await live.previews()).toEqual(numbered(450).map((n) => `{"n":${n}}`));
    expect(await live.button("Load earlier").isVisible()).toBe(false);
  });

  test("a channel that is shown from its first message says so, and offers nothing earlier", async () => {
    await using server = await openServer();
    await publishNumbers(server, 3);
    await using tab = await openTab(browser);
    const live = await LivePage.open(tab.page, `${server.url}/channels/${CHANNEL}`);
    await live.page.getByText("The channel begins here.").waitFor();
    expect(await live.button("Load earlier").isVisible()).toBe(false);
  });

  test("a burst of 10,000 messages leaves the newest 2,000 rows at most, unbroken, and the page at the tail", async () => {
    await using server = await openServer();
    await using tab = await openTab(browser);
    const live = await LivePage.open(tab.page, `${server.url}/channels/${CHANNEL}`);
    await publishNumbers(server, 10_000);
    await live.row('{"n":10000}').waitFor();
    const previews = await live.previews();
    expect(previews.length).toBeLessThanOrEqual(2_000);
    expect(previews.length).toBeGreaterThan(1_000);
    expect(previews).toEqual(numbered(previews.length, 10_001 - previews.length).map((n) => `{"n":${n}}`));
    await expect.poll(() => live.fromEnd()).toBeLessThan(2);
    expect(tab.faults).toEqual([]);
  });

  test("what is held while paused is bounded too, and earlier messages can still be loaded after it", async () => {
    await using server = await openServer();
    await publishNumbers(server, 5);
    await using tab = await openTab(browser);
    const live = await LivePage.open(tab.page, `${server.url}/channels/${CHANNEL}`);
    await live.row('{"n":5}').waitFor();
    await live.button("Pause").click();
    await publishNumbers(server, 9_000, 6);
    await live.button("Paused · 9,000 new messages").waitFor();
    await live.page.keyboard.press("End");
    await live.row('{"n":9005}').waitFor();
    const first = Number(/\d+/.exec((await live.previews())[0] ?? "")?.[0]);
    await live.button("Load earlier").click();
    await live.row(`{"n":${first - 200}}`).waitFor();
    const previews = await live.previews();
    expect(previews).toEqual(numbered(previews.length, first - 200).map((n) => `{"n":${n}}`));
  });

  test("after the server was away it reconnects by itself and goes on: nothing lost, nothing twice", async () => {
    await using server = await openServer({ log: "lmdb" });
    await publishNumbers(server, 20);
    await using tab = await openTab(browser);
    const live = await LivePage.open(tab.page, `${server.url}/channels/${CHANNEL}`);
    await live.row('{"n":20}').waitFor();
    const hasWaited = live.state(/Reconnecting in \d+ s/).waitFor();
    await server.restart();
    await hasWaited;
    await publishNumbers(server, 20, 21);
    await live.row('{"n":40}').waitFor();
    expect(await live.previews()).toEqual(numbered(40).map((n) => `{"n":${n}}`));
    expect(await live.page.locator(".gap").count()).toBe(0);
  });

  test("a log that was started anew is told as a gap, and the page reads on", async () => {
    await using server = await openServer({ log: "memory" });
    await publishNumbers(server, 3);
    await using tab = await openTab(browser);
    await tab.page.clock.install();
    let isAway = false;
    await tab.page.route(STREAM, async (route) => (isAway ? route.abort() : route.continue()));
    const live = await LivePage.open(tab.page, `${server.url}/channels/${CHANNEL}`);
    await live.row('{"n":3}').waitFor();
    isAway = true;
    await server.restart();
    await live.button("Now").waitFor();
    // No pause of its own ends any more: from here on it is the button that connects.
    await tab.page.clock.pauseAt(Date.now() + 60_000);
    await live.state("Reconnecting in").waitFor();
    await publishNumbers(server, 2, 101);
    isAway = false;
    await live.button("Now").click();
    await live.state("Live").waitFor();
    await tab.page.clock.resume(); // what is drawn waits for it
    await live.page.getByText("epoch: the channel's log was started anew").waitFor();
    await live.row('{"n":102}').waitFor();
    expect(await live.previews()).toEqual([1, 2, 3, 101, 102].map((n) => `{"n":${n}}`));
  });

  test("a connection that does not greet is given up within seconds and opened anew", async () => {
    await using server = await openServer();
    await using tab = await openTab(browser);
    await tab.page.clock.install();
    let isSilent = true;
    // Not answered at all: what a proxy does that has lost its server.
    await tab.page.route(STREAM, async (route) => (isSilent ? undefined : route.continue()));
    await tab.page.goto(`${server.url}/channels/${CHANNEL}`);
    const live = new LivePage(tab.page);
    await live.state("Connecting").waitFor();
    await tab.page.clock.pauseAt(Date.now() + 5_000);
    await live.state("Reconnecting in").waitFor();
    isSilent = false;
    await live.button("Now").click();
    await live.state("Live").waitFor();
  });

  test("a connection that says nothing for two and a half heartbeats is given up and opened anew", async () => {
    await using server = await openServer();
    await using tab = await openTab(browser);
    await tab.page.clock.install();
    const live = await LivePage.open(tab.page, `${server.url}/channels/${CHANNEL}`);
    const startMs = Date.now();
    await tab.page.clock.pauseAt(startMs + 30_000);
    expect(await live.state("Live").count()).toBe(1);
    // What the server said at first may have come in only then.
    await tab.page.clock.pauseAt(startMs + 80_000);
    await tab.page.clock.runFor(3_000);
    await live.state("Reconnecting in").waitFor();
    await live.button("Now").click();
    await live.state("Live").waitFor();
  });

  test("without a network it says so, and goes on by itself once there is one", async () => {
    await using server = await openServer();
    await using tab = await openTab(browser);
    const live = await LivePage.open(tab.page, `${server.url}/channels/${CHANNEL}`);
    await tab.page.context().setOffline(true);
    await live.state("Offline").waitFor();
    expect(await live.button("Now").isVisible()).toBe(false);
    await publishNumbers(server, 2);
    await tab.page.context().setOffline(false);
    await live.row('{"n":2}').waitFor();
    await live.state("Live").waitFor();
    expect(await live.previews()).toEqual(['{"n":1}', '{"n":2}']);
  });

  test("a refusal that may pass is shown, and the stream tries again as the server asks", async () => {
    await using server = await openServer();
    await using tab = await openTab(browser);
    const problem = { title: "The server is going down", detail: "Come back soon.", code: "DRAINING" };
    let attempts = 0;
    await tab.page.route(STREAM, (route) =>
      attempts++ === 0
        ? route.fulfill({
            status: 503,
            headers: { "retry-after": "1" },
            contentType: "application/problem+json",
            body: JSON.stringify(problem),
          })
        : route.continue(),
    );
    await tab.page.goto(`${server.url}/channels/${CHANNEL}`);
    const live = new LivePage(tab.page);
    await live.page
      .getByText("The server is going down (DRAINING). Come back soon.", { exact: true })
      .waitFor();
    await live.state(/Reconnecting in [12] s/).waitFor();
    await live.state("Live").waitFor();
    expect(await live.page.locator("#problem").isVisible()).toBe(false);
  });

  test("a refusal that will not change stops the stream, is shown, and can be tried again", async () => {
    await using server = await openServer();
    await using tab = await openTab(browser);
    const problem = {
      title: "No valid credential was given",
      detail: "Sign in again.",
      code: "UNAUTHENTICATED",
    };
    let isRefused = true;
    await tab.page.route(STREAM, (route) =>
      isRefused
        ? route.fulfill({
            status: 401,
            contentType: "application/problem+json",
            body: JSON.stringify(problem),
          })
        : route.continue(),
    );
    await tab.page.goto(`${server.url}/channels/${CHANNEL}`);
    const live = new LivePage(tab.page);
    await live.state("Stopped").waitFor();
    await live.page
      .getByText("No valid credential was given (UNAUTHENTICATED). Sign in again.", { exact: true })
      .waitFor();
    isRefused = false;
    await live.button("Try again").click();
    await live.state("Live").waitFor();
    expect(await live.page.locator("#problem").isVisible()).toBe(false);
  });

  test("the box publishes JSON and text, and shows what was wrong with what it could not", async () => {
    await using server = await openServer();
    await using tab = await openTab(browser);
    const live = await LivePage.open(tab.page, `${server.url}/channels/${CHANNEL}`);
    await live.page.keyboard.press("n");
    const data = live.page.getByRole("textbox", { name: "Data" });
    const outcome = live.page.locator("#publish-outcome");
    await data.fill("{oops");
    await data.press("Control+Enter");
    await outcome.getByText("This is not JSON").waitFor();
    await data.fill('{"from":"the page"}');
    await live.page.getByLabel("Event", { exact: true }).fill("greeting");
    await data.press("Control+Enter");
    await outcome.getByText(/Published at \w+\.1\./).waitFor();
    expect(await live.row('{"from":"the page"}').locator(".event").textContent()).toBe("greeting");
    await live.page.getByLabel("Data as").selectOption("text");
    await data.fill("plain words");
    await live.button("Publish").last().click();
    await live.row("plain words").waitFor();
    await live.page.getByLabel("Event", { exact: true }).fill("tidings.fake");
    await live.button("Publish").last().click();
    await outcome.getByText("EVENT_NAME_INVALID").waitFor();
  });

  test("it gives the line for a terminal for every transport, and copies it", async () => {
    await using server = await openServer();
    await using tab = await openTab(browser, { permissions: ["clipboard-read", "clipboard-write"] });
    const url = `${server.url}/channels/${CHANNEL}`;
    const live = await LivePage.open(tab.page, url);
    await live.button("Terminal").click();
    const dialog = live.page.getByRole("dialog", { name: "The same URL in a terminal" });
    expect(await dialog.locator("code").allTextContents()).toEqual([
      `curl '${url}'`,
      `curl -N -H 'Accept: text/event-stream' '${url}'`,
      `curl -N -H 'Accept: application/x-ndjson' '${url}'`,
      `npx wscat -c '${url.replace("http", "ws")}'`,
      `curl -H 'Content-Type: application/json' -d '{"hello":"world"}' '${url}'`,
    ]);
    await dialog.getByRole("button", { name: "Copy" }).first().click();
    await dialog.getByRole("button", { name: "Copied" }).waitFor();
    expect(await live.page.evaluate("navigator.clipboard.readText()")).toBe(`curl '${url}'`);
  });

  test("mounted under any path it works, and asks for nothing but its own URL and the stream", async () => {
    await using server = await openServer({ basePath: "/some/where" });
    await publishNumbers(server, 300);
    await using tab = await openTab(browser);
    const live = await LivePage.open(tab.page, `${server.url}/channels/${CHANNEL}`);
    await live.row('{"n":300}').waitFor();
    await server.tidings.publish(CHANNEL, Buffer.alloc(150_000));
    await live.row("150.0 KB of application/octet-stream").click();
    const stored = await live.page.getByRole("link", { name: "/artifacts/" }).getAttribute("href");
    expect((await fetch(new URL(stored ?? "", server.url))).status).toBe(200);
    await live.button("Load earlier").click();
    await live.page.getByText("The channel begins here.").waitFor();
    const asked = tab.requests.filter((url) => !url.startsWith("data:")).map((url) => url.split("?")[0]);
    expect(new Set(asked)).toEqual(new Set([`${server.url}/channels/${CHANNEL}`, `${server.url}/connect`]));
    expect(tab.faults).toEqual([]);
  });

  test("a screen reader hears of the stream's state and of the reader's own acts, and not of every message", async () => {
    await using server = await openServer();
    await using tab = await openTab(browser);
    const live = await LivePage.open(tab.page, `${server.url}/channels/${CHANNEL}`);
    const announcer = live.page.getByRole("status");
    expect(await announcer.textContent()).toBe("Live");
    await publishNumbers(server, 5);
    await live.row('{"n":5}').waitFor();
    expect(await announcer.textContent()).toBe("Live");
    await live.page.keyboard.press("p");
    expect(await announcer.textContent()).toBe("Paused");
    expect(await live.page.locator("[aria-live], [role=log], [role=alert]").count()).toBe(0);
  });

  test("on a phone 360 pixels wide nothing sticks out, and every button keeps its name", async () => {
    await using server = await openServer();
    const name = `builds/${"a-long-name/".repeat(8)}1`;
    await server.tidings.publish(
      name,
      { text: "word ".repeat(100) },
      { event: "a-rather-long-event-name", key: "k".repeat(60) },
    );
    await using tab = await openTab(browser, {
      viewport: { width: 360, height: 640 },
      isMobile: true,
      hasTouch: true,
    });
    const live = await LivePage.open(tab.page, `${server.url}/channels/${name}`);
    await live.rows.first().tap();
    await live.page.locator(".payload").waitFor();
    expect(await live.page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    expect(await live.page.evaluate("document.getElementById('scroller').scrollWidth <= 360")).toBe(true);
    for (const button of ["Pause", "Publish", "Terminal", "Keys"])
      await live.button(button).first().waitFor();
  });
});
