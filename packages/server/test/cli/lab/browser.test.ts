import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { describeInBrowser, launchBrowser, openTab } from "@tidings/testing/browser";
import { expect, test } from "vitest";
import { LAB_TRANSPORTS } from "../../../src/cli/lab/transports.ts";
import { LabUnderTest } from "./support/lab.ts";

const bundle = createRequire(import.meta.url)
  .resolve("@tidings/client")
  .replace(/index\.js$/, "tidings.min.js");

/** Opens a client of each transport at its own port, and answers what each got first. */
const OPEN = `async ({ urls, channel, script }) => {
  const { connect } = await import(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  const first = (name, url) => new Promise((resolve) => {
    const client = connect(url, { transport: name });
    client.on("state", ({ name, reason }) => name === "closed" && resolve(String(reason)));
    client.channel(channel, { since: "earliest" }).on("message", (data) => {
      resolve(data.n);
      client.close();
    });
  });
  const names = Object.keys(urls);
  const got = await Promise.all(names.map((name) => first(name, urls[name])));
  return Object.fromEntries(names.map((name, at) => [name, got[at]]));
}`;

describeInBrowser("a browser in the lab", () => {
  test("reads by every transport at the port that is its own, from the lab's page", async () => {
    await using lab = await LabUnderTest.start();
    await using browser = Object.assign(await launchBrowser(), {
      async [Symbol.asyncDispose](): Promise<void> {
        await browser.close();
      },
    });
    const { results } = await lab.command("lab.start", { rate: 20, readers: 1, transports: ["sse"] });
    const { urls } = await lab.command("lab.state");
    expect(Object.keys(urls)).toEqual(LAB_TRANSPORTS.map(({ name }) => name));
    const script = await readFile(bundle, "utf8");
    const channel = results.run?.channel ?? "";

    await using tab = await openTab(browser, { bypassCSP: true });
    // A page that the server really sends: one that a test makes up is none of loopback, and may not reach it (Local Network Access).
    await tab.page.goto(`${lab.url}/healthz`);
    const got = await tab.page.evaluate(`(${OPEN})(${JSON.stringify({ urls, channel, script })})`);
    expect(got).toEqual(Object.fromEntries(Object.keys(urls).map((name) => [name, 1])));
    const { browser: wires } = await lab.until((each) =>
      Object.values(each.browser).every(({ downBytes }) => downBytes > 0),
    );
    for (const name of Object.keys(urls)) expect(wires[name]?.downBytes, name).toBeGreaterThan(0);
  });
});
