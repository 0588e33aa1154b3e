import { send } from "@tidings/testing";
import { describeInBrowser, launchBrowser, openTab } from "@tidings/testing/browser";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openServer, type TestServer } from "../../support/logs.ts";

const SCRIPT = "<script>window.pwned=1</script><img src=x onerror='window.pwned=1'>";
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" onload="window.pwned=1"><script>window.pwned=1</script></svg>`;

describeInBrowser("a browser that is led to a URL of the server's", () => {
  let browser: Browser;
  let server: TestServer;
  beforeAll(async () => {
    browser = await launchBrowser();
    server = await openServer();
    await server.tidings.publish("a", { html: SCRIPT }, { event: SCRIPT, key: SCRIPT });
  });
  afterAll(async () => {
    await browser.close();
    await server[Symbol.asyncDispose]();
  });

  const IN_URL = encodeURIComponent(SCRIPT);
  test.each([
    `/${IN_URL}`,
    `/channels/${IN_URL}`,
    `/channels/a?event=${IN_URL}`,
    `/channels/a?since=${IN_URL}`,
    `/channels/a?${IN_URL}=1`,
    `/channels/a#${IN_URL}`,
    `/connect?channel=a`,
    `/connect?channel=${IN_URL}`,
    `/presence/${IN_URL}`,
    `/artifacts/${IN_URL}`,
    `/commands`,
  ])("runs nothing of what stands in it or in the messages: %s", async (path) => {
    await using tab = await openTab(browser);
    await tab.page.goto(server.url + path);
    expect(await tab.page.evaluate("[window.pwned, document.scripts.length < 2]")).toEqual([undefined, true]);
  });

  test.each([
    ["text/html", SCRIPT],
    ["image/svg+xml", SVG],
    ["application/xhtml+xml", `<html xmlns="http://www.w3.org/1999/xhtml"><body>${SVG}</body></html>`],
    ["text/xml", SVG],
    ["application/pdf", SCRIPT],
    ["application/octet-stream", SCRIPT],
  ])("runs nothing of an artifact that was uploaded as %s, opened or framed", async (type, body) => {
    const stored = await send(`${server.url}/artifacts`, {
      method: "POST",
      headers: { "content-type": type },
      body,
    });
    const { url } = stored.json() as { url: string };
    await using tab = await openTab(browser);
    await tab.page.goto(`${server.url}/healthz`);
    // A document is downloaded, and so is no page to go to.
    await tab.page.goto(server.url + url).catch(() => undefined);
    expect(await tab.page.evaluate("window.pwned")).toBeUndefined();
    await tab.page.goto(`${server.url}/healthz`);
    const framed = tab.page.waitForResponse((response) => response.url().endsWith(url));
    await tab.page.evaluate(
      `document.body.append(Object.assign(document.createElement("iframe"), { src: ${JSON.stringify(url)} }))`,
    );
    expect((await framed).status()).toBe(200);
    for (const frame of tab.page.frames()) expect(await frame.evaluate("window.pwned")).toBeUndefined();
  });
});
