import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { send } from "@tidings/testing";
import { describeInBrowser, launchBrowser, openTab, type Tab } from "@tidings/testing/browser";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mint } from "../../auth/support.ts";
import type { TestServer } from "../../support/logs.ts";
import { bearer, openSecured } from "../../support/secured.ts";

const KEPT = "what only ann may read";
const CHANNEL = "ann/inbox";

/** What a page tries against another server with the cookies of whoever visits it. `target` is that server's URL. */
const ATTEMPTS = `async (target) => {
  const first = (...events) => new Promise((resolve) => {
    for (const [from, type] of events) from.addEventListener(type, (event) => resolve(type + (event.data ?? "")));
    setTimeout(() => resolve("silence"), 10_000);
  });
  const url = target + "/channels/${CHANNEL}";
  const socketUrl = url.replace("http", "ws");
  const read = (options) => fetch(url + "?since=earliest", options).then(async (answer) => answer.type + (await answer.text()), () => "refused");
  const write = (options) => fetch(url, { method: "POST", body: '"forged"', ...options }).then((answer) => answer.type + answer.status, () => "refused");
  const raw = new WebSocket(socketUrl + "?since=earliest");
  const frames = new WebSocket(socketUrl, ["tidings.v1"]);
  const events = new EventSource(url + "?since=earliest", { withCredentials: true });
  const image = Object.assign(new Image(), { src: url });
  const script = Object.assign(document.createElement("script"), { src: url });
  document.body.append(image, script);
  const form = document.createElement("form");
  const sink = Object.assign(document.createElement("iframe"), { name: "sink" });
  Object.assign(form, { method: "post", action: url, enctype: "text/plain", target: "sink" });
  form.append(Object.assign(document.createElement("input"), { name: "forged", value: "1" }));
  document.body.append(sink, form);
  form.submit();
  const framed = Object.assign(document.createElement("iframe"), { src: url });
  document.body.append(framed);
  const told = {
    webSocket: first([raw, "open"], [raw, "message"], [raw, "error"]),
    framesSocket: first([frames, "open"], [frames, "message"], [frames, "error"]),
    eventSource: first([events, "open"], [events, "message"], [events, "error"]),
    image: first([image, "load"], [image, "error"]),
    script: first([script, "load"], [script, "error"]),
    form: first([sink, "load"]),
    read: read({ credentials: "include" }),
    blindRead: read({ credentials: "include", mode: "no-cors" }),
    write: write({ credentials: "include", headers: { "content-type": "application/json" } }),
    simpleWrite: write({ credentials: "include" }),
    blindWrite: write({ credentials: "include", mode: "no-cors" }),
    deletion: write({ credentials: "include", method: "DELETE", body: undefined }),
    beacon: navigator.sendBeacon(url, new Blob(['"forged"'], { type: "text/plain" })),
  };
  const names = Object.keys(told);
  const answers = await Promise.all(Object.values(told));
  events.close();
  return Object.fromEntries(names.map((name, at) => [name, answers[at]]));
}`;

describeInBrowser("a page of another origin, visited by somebody who has the cookie", () => {
  let browser: Browser;
  let server: TestServer;
  let attacker: Server;
  beforeAll(async () => {
    browser = await launchBrowser();
    server = await openSecured({ cookie: "session" });
    await server.tidings.publish(CHANNEL, KEPT);
    attacker = createServer((_, res) => {
      res.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>a page</title><body>");
    });
    await once(attacker.listen(0, "127.0.0.1"), "listening");
  });
  afterAll(async () => {
    await browser.close();
    attacker.closeAllConnections();
    attacker.close();
    await server[Symbol.asyncDispose]();
  });

  async function visitor(host: string): Promise<Tab> {
    const tab = await openTab(browser);
    const all = ["ann/**"];
    const value = await mint({ subscribe: all, publish: all, admin: all }, { sub: "ann" });
    const url = `http://${host}:${server.port}`;
    await tab.page.context().addCookies([{ name: "session", value, url, httpOnly: true, sameSite: "Lax" }]);
    return tab;
  }

  async function kept(): Promise<readonly unknown[]> {
    const page = await send(`${server.url}/channels/${CHANNEL}`, {
      headers: await bearer({ admin: ["**"] }),
    });
    return (page.json() as { messages: { data: unknown }[] }).messages.map(({ data }) => data);
  }

  // The same host at another port is another origin and the same site: cookies are sent, whatever their SameSite says.
  test.each([
    ["of the same site", "127.0.0.1", "127.0.0.1"],
    ["of another site", "app.localhost", "attacker.localhost"],
  ])("%s cannot read, publish or delete with it, by any means that pages have", async (_, host, other) => {
    await using tab = await visitor(host);
    const { page } = tab;
    const withCookie: string[] = [];
    page.on("request", (request) => {
      void request.allHeaders().then(
        (headers) => headers["cookie"]?.includes("session=") === true && withCookie.push(request.method()),
        () => undefined,
      );
    });
    await page.goto(`http://${other}:${(attacker.address() as AddressInfo).port}/`);
    const told = await page.evaluate<Record<string, unknown>>(
      `(${ATTEMPTS})("http://${host}:${server.port}")`,
    );
    expect(told).toMatchObject({
      webSocket: "error",
      framesSocket: "error",
      eventSource: "error",
      image: "error",
      read: "refused",
      write: "refused",
      simpleWrite: "refused",
      deletion: "refused",
    });
    // Sent without being allowed to see the answer: whatever it was, nothing of it can be read.
    expect([told["blindRead"], told["blindWrite"]]).toEqual([
      expect.stringMatching(/^(?:opaque|refused)$/),
      expect.stringMatching(/^(?:opaque0|refused)$/),
    ]);
    expect(
      page
        .frames()
        .map((frame) => frame.url())
        .filter((url) => url.includes(CHANNEL)),
    ).not.toContain(KEPT);
    for (const frame of page.frames()) expect(await frame.content().catch(() => "")).not.toContain(KEPT);
    expect(await kept()).toEqual([KEPT]);
    // So that this is no test of a browser that keeps its cookies to itself.
    if (host === other) expect(withCookie.length).toBeGreaterThan(0);
  });

  test("the server's own page reads and publishes with it", async () => {
    await using tab = await visitor("127.0.0.1");
    const { page } = tab;
    await page.goto(`http://127.0.0.1:${server.port}/channels/${CHANNEL}`);
    const told = await page.evaluate(`(async () => {
      const url = "/channels/${CHANNEL}";
      const socket = new WebSocket(url + "?since=earliest");
      const message = await new Promise((resolve) => {
        socket.addEventListener("message", ({ data }) => data.includes('"data"') && resolve(data));
        socket.addEventListener("error", () => resolve("error"));
      });
      socket.close();
      const headers = { "content-type": "application/json" };
      const { status } = await fetch("/channels/ann/outbox", { method: "POST", headers, body: "1" });
      return { message, status };
    })()`);
    expect(told).toEqual({ message: expect.stringContaining(KEPT) as string, status: 201 });
  });
});
