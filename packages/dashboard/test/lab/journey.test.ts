import { describeInBrowser, launchBrowser } from "@tidings/testing/browser";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Running } from "../../../server/test/cli/support/tidings.ts";
import { LabUnderTest } from "../../../server/test/cli/lab/support/lab.ts";
import { formatCount, formatMs } from "@tidings/ui/format";
import { findSerious } from "../support/accessibility.ts";
import { Visitor } from "./visitor.ts";

const LAB = "Latency by transport";
const FIGURES = "Figures by transport";
const OWN = "Figures of this browser by transport";
const OWN_LATENCY = "Latency in this browser by transport";
const READERS = ["poll", "long-poll", "sse", "ndjson", "ws", "auto"];
const BROWSERS = ["poll", "long-poll", "sse", "event-source", "ndjson", "ws", "auto"];
/** Bytes of all scripts of the page, compressed. */
const MAX_SCRIPT_BYTES = 150_000;
/** What a browser says of requests that a switch breaks. */
const OF_SWITCHES = /^Failed to load resource|WebSocket connection to|ERR_/;

/** One lab and one page, through a run and all switches: each test goes on where the one before has left them. */
describeInBrowser("the lab's page", () => {
  let lab: LabUnderTest;
  let browser: Browser;
  let visitor: Visitor;

  beforeAll(async () => {
    [lab, browser] = await Promise.all([LabUnderTest.start(), launchBrowser()]);
    visitor = await Visitor.open(browser, lab.url);
    await visitor.button("Start").waitFor();
  });
  afterAll(async () => {
    await browser.close();
    await lab[Symbol.asyncDispose]();
  });

  test("its policy lets it connect to the browser's ports of this lab, and to nothing else", async () => {
    const [response, { urls }] = await Promise.all([
      fetch(`${lab.url}/lab`, { headers: { accept: "text/html" } }),
      lab.command("lab.state"),
    ]);
    const policy = response.headers.get("content-security-policy") ?? "";
    const sources = /connect-src ([^;]+)/.exec(policy)?.[1]?.split(" ") ?? [];
    const paths = Object.values(urls).flatMap((url) => [url, url.replace("http:", "ws:")]);
    expect(sources.toSorted()).toEqual(["'self'", ...paths].toSorted());
  });

  test("before a run it says how one is started; its scripts are below 150 kB compressed", async () => {
    const { page } = visitor;
    expect(await page.locator("[data-run]").textContent()).toMatch(/^Not started/);
    await page.getByText("Nothing is measured yet").waitFor();
    const [scripts, paint] = await page.evaluate(() => [
      (performance.getEntriesByType("resource") as PerformanceResourceTiming[])
        .filter(({ name }) => name.endsWith(".js"))
        .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
      performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
    ]);
    console.log(`the lab's page: ${scripts} bytes of script, first paint after ${Math.round(paint ?? 0)} ms`);
    expect(scripts).toBeGreaterThan(0);
    expect(scripts).toBeLessThan(MAX_SCRIPT_BYTES);
    await visitor.screenshot("not-started");
  });

  test("a run is started by keyboard alone, and all transports are seen side by side", async () => {
    const { page } = visitor;
    await page.getByLabel("Messages a second").fill("50");
    await page.getByLabel("Readers of each").fill("1");
    for (let at = 0; at < READERS.length + 1; at++) await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await visitor.untilRun("Running");
    for (const name of READERS) {
      await visitor.figure(FIGURES, name, "received").filter({ hasText: /[1-9]/ }).waitFor();
      await visitor.figure(LAB, name, "p50Ms").filter({ hasText: /ms|s/ }).waitFor();
      expect(await visitor.figure(FIGURES, name, "lost").textContent(), name).toBe("0");
    }
    expect(await page.getByLabel("Bytes of a message").isDisabled()).toBe(true);
  });

  test("this browser reads along, by a client of each transport at ports of its own", async () => {
    for (const name of BROWSERS) {
      await visitor.figure(OWN, name, "received").filter({ hasText: /[1-9]/ }).waitFor();
      await visitor.figure(OWN_LATENCY, name, "p99Ms").filter({ hasText: /ms|s/ }).waitFor();
      expect(await visitor.figure(OWN, name, "lost").textContent(), name).toBe("0");
      expect(await visitor.figure(OWN, name, "repeated").textContent(), name).toBe("0");
      await visitor.figure(OWN, name, "wire").filter({ hasText: /[1-9]/ }).waitFor();
    }
  });

  test("block WebSocket: auto is seen to go on over another transport, and to come back", async () => {
    const { page } = visitor;
    await visitor.switch("Block WebSocket").focus();
    await page.keyboard.press("Space");
    await visitor.untilOutcome("ws", "block-websocket", /nothing comes/);
    await visitor.untilOutcome("auto", "block-websocket", /went on in/);
    await visitor.untilOutcome("browser", "block-websocket", /went on in/);
    await visitor.untilOutcome("sse", "block-websocket", /went on in/);
    await visitor
      .figure(FIGURES, "auto", "stands")
      .filter({ hasText: /1 live · SSE/ })
      .waitFor();
    await page.keyboard.press("Space");
    await visitor.untilOutcome("ws", "block-websocket", /back in/);
    await visitor
      .figure(FIGURES, "auto", "stands")
      .filter({ hasText: /1 live · WebSocket$/ })
      .waitFor();
    await page.getByText("The changes of auto, in words").click();
    const changes = await page.locator("[data-changes] li").allTextContents();
    const live = changes.filter((change) => change.includes("live over")).map((change) => change.slice(9));
    expect(live).toContain("live over SSE");
    expect(live.at(-1)).toBe("live over WebSocket");
    await visitor.screenshot("auto-is-back");
  });

  test("buffering proxy, thrown for some: those alone stand still, and what was held back comes", async () => {
    const { page } = visitor;
    await page.getByLabel("for", { exact: true }).selectOption("ndjson");
    await visitor.switch("Buffering proxy").click();
    await visitor.untilOutcome("ndjson", "buffer", /nothing comes/);
    await page.getByText("NDJSON since").waitFor();
    expect(await visitor.outcome("sse", "buffer").textContent()).toBe("not thrown");
    expect(await findSerious(page)).toEqual([]);
    await visitor.switch("Buffering proxy").click();
    await visitor.untilOutcome("ndjson", "buffer", /back in/);
    await page.getByLabel("for", { exact: true }).selectOption("all");
  });

  test("cut the network: nobody gets on, and they come back", async () => {
    await visitor.switch("Cut the network").click();
    for (const name of READERS) await visitor.untilOutcome(name, "cut", /nothing comes/);
    await visitor.screenshot("network-cut");
    await visitor.switch("Cut the network").click();
    await visitor.untilFirstBack("cut");
  });

  test("kill the server: it is seen to be down, and to be started again on its log", async () => {
    const { page } = visitor;
    await visitor.switch("Kill the server").click();
    await page.getByText("killed", { exact: true }).waitFor();
    await page.getByText(/up again in \d+ s/).waitFor();
    await visitor.switch("Kill the server").click();
    await page.getByText("started again 1×").waitFor();
    await visitor.untilFirstBack("kill");
    await visitor.screenshot("back-again");
  });

  test("a phone shows all of it in its width", async () => {
    await using phone = await Visitor.open(browser, lab.url, {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    });
    await phone.figure(FIGURES, "sse", "received").filter({ hasText: /[1-9]/ }).waitFor();
    await phone.figure(OWN, "sse", "received").filter({ hasText: /[1-9]/ }).waitFor();
    expect(await phone.overflow()).toBe(0);
    expect(await findSerious(phone.page)).toEqual([]);
    await phone.screenshot("phone");
    phone.expectNoFaults(OF_SWITCHES);
  });

  test("over, nobody has lost anything, and the figures are the lab's", async () => {
    await visitor.button("Stop").click();
    await visitor.untilRun("Over");
    const { transports } = (await lab.command("lab.state")).results;
    for (const name of READERS) {
      const { total, received } = transports[name as "sse"] ?? {};
      for (const mark of ["p50Ms", "p90Ms", "p99Ms"] as const)
        expect(await visitor.figure(LAB, name, mark).textContent(), name).toBe(formatMs(total?.[mark] ?? 0));
      expect(await visitor.figure(FIGURES, name, "received").textContent()).toBe(formatCount(received ?? 0));
      for (const figure of ["lost", "repeated", "behind"])
        expect(await visitor.figure(FIGURES, name, figure).textContent(), `${name}: ${figure}`).toBe("0");
    }
    for (const name of BROWSERS)
      await visitor.figure(OWN, name, "behind").filter({ hasText: /^0$/ }).waitFor();
    for (const name of BROWSERS)
      for (const figure of ["lost", "repeated"])
        expect(await visitor.figure(OWN, name, figure).textContent(), `${name}: ${figure}`).toBe("0");
    // Pauses between tries grow with each fault; who stops a run waits for nobody's.
    for (const name of READERS)
      for (const kind of ["block-websocket", "cut", "kill"])
        expect(await visitor.outcome(name, kind).textContent(), `${name}: ${kind}`).toMatch(
          /^(?:back|went on) in/,
        );
    await visitor.screenshot("over");
    await visitor.setTheme("dark");
    expect(await findSerious(visitor.page)).toEqual([]);
    await visitor.screenshot("over-dark");
    await visitor.setTheme("light");
  });

  test("what a use case needs is taken to the lab, as far as that goes", async () => {
    const { page } = visitor;
    await page.getByLabel("What do you build?").selectOption("ticker");
    await visitor.button("Measure this").click();
    expect(await page.getByLabel("Messages a second").inputValue()).toBe("200");
    expect(await page.getByLabel("Bytes of a message").inputValue()).toBe("100");
    expect(await visitor.button("Start").evaluate((button) => button === document.activeElement)).toBe(true);
  });

  test("what the lab does not take is said in its words", async () => {
    const { page } = visitor;
    await page.getByLabel("Messages a second").fill("1000");
    await page.getByLabel("Readers of each").fill("500");
    await visitor.button("Start").click();
    await page.getByRole("alert").filter({ hasText: "the lab goes up to" }).waitFor();
  });

  test("a run whose readers' process ends has failed, and says why", async () => {
    const { page } = visitor;
    await page.getByLabel("Messages a second").fill("20");
    await page.getByLabel("Readers of each").fill("1");
    await visitor.button("Start").click();
    await visitor.untilRun("Running");
    const { processes } = await lab.until(
      ({ run, processes: { load } }) => run?.phase === "running" && load !== null,
    );
    process.kill(processes.load?.pid ?? 0, "SIGKILL");
    await visitor.untilRun("Failed");
    await page.getByText("The process of the readers ended").waitFor();
    visitor.expectNoFaults(OF_SWITCHES);
  });

  test("a lab that is gone is said to be, and what is seen to be old; another one in its place asks for the page anew", async () => {
    lab.running.process.kill("SIGKILL");
    const banner = visitor.page.getByRole("complementary", { name: "Connection" });
    await banner.filter({ hasText: "What you see is from" }).waitFor();
    await visitor.screenshot("lab-gone", false);
    await lab.running.ended;
    await using another = new Running(["lab", "--port", new URL(lab.url).port]);
    await another.until(({ stdout }) => stdout.includes("Ctrl+C"));
    // Its paths are others, which the page may not connect to.
    await banner.filter({ hasText: "The lab was started anew." }).waitFor();
    await banner.getByRole("button", { name: "Reload" }).click();
    await visitor.page.getByText("Nothing is measured yet").waitFor();
  });
});
