import { describeInBrowser } from "@tidings/testing/browser";
import { afterAll, beforeAll, expect, test } from "vitest";
import { channelOf, type LinesMessage } from "../../shared/channels.ts";
import { type Caller, isRunning, supervisorOf } from "../platform/support.ts";
import { linesOfFile, linesOfPage } from "./log-lines.ts";
import { JOURNEY_MS, NETWORK_FAULTS, Stage, type Visitor } from "./stage.ts";

/** Lines that a run writes, one each `WAIT_MS`, which is longer than any journey, until it is told to hurry. */
const LINES = 1_000;
const WAIT_MS = 80;
/** Of the cut that the issue names, in milliseconds. */
const CUT_MS = 10_000;

async function startWriting(platform: Caller): Promise<string> {
  return platform.start("echo", { parameters: { steps: LINES, waitMs: WAIT_MS } });
}

async function hurry(platform: Caller, id: string): Promise<void> {
  const change = { evaluation: id, name: "waitMs", value: 0, change: "hurry" };
  expect((await platform.command("evals.set", change)).status).toBe(200);
}

/** Resolves once the page, which follows the end of the log, shows this line or one after it. */
async function showsLine({ page }: Visitor, number: number): Promise<void> {
  await page.waitForFunction(
    (wanted) => Number(document.querySelector<HTMLElement>(".log-row:last-child")?.dataset["line"]) >= wanted,
    number,
  );
}

/** Of the last line that was told so far. */
async function lastLine(platform: Caller, id: string): Promise<number> {
  const messages = await platform.held(channelOf(id, "log"));
  const { from = 1, lines = [] } = (messages.at(-1)?.data ?? {}) as Partial<LinesMessage>;
  return from + lines.length - 1;
}

/** Resolves once the log was told up to this line. */
async function untilLine(platform: Caller, id: string, number: number): Promise<void> {
  await platform.until(channelOf(id, "log"), (messages) => {
    const { from = 1, lines = [] } = (messages.at(-1)?.data ?? {}) as Partial<LinesMessage>;
    return from + lines.length > number;
  });
}

describeInBrowser("pages that are open", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
    expect(stage.faults).toEqual([]);
  });

  test.concurrent(
    "while the server is killed, twice, say so, and then have every line once",
    { timeout: JOURNEY_MS },
    async () => {
      await using platform = await stage.platformProcess();
      const id = await startWriting(platform);
      const lost = await platform.start("forever");
      await using watcher = await stage.visit(platform.url, { name: "Ada", allows: NETWORK_FAULTS });
      await using lister = await stage.visit(platform.url, { name: "Grace", allows: NETWORK_FAULTS });
      await using other = await stage.visit(platform.url, { name: "Alan", allows: NETWORK_FAULTS });
      await Promise.all([watcher.go(`/runs/${id}`), lister.go("/"), other.go(`/runs/${lost}`)]);
      await other.sees("running");
      const row = lister.page.locator(`[data-run="${id}"]`);
      await row.getByText("Running").waitFor();
      for (const kill of [1, 2]) {
        await showsLine(watcher, (await lastLine(platform, id)) + 10);
        await platform.kill();
        await Promise.all([watcher, lister].map(async (visitor) => visitor.isConnected("waiting")));
        await watcher.page.getByText("The connection is lost.").waitFor();
        await watcher.picture(`killed-${kill}-run`);
        await lister.picture(`killed-${kill}-list`);
        if (kill === 2) {
          // The other run loses its supervisor too: nobody is there who could say how it ended.
          const { pid } = await supervisorOf(platform.data, lost);
          process.kill(pid, "SIGKILL");
          while (await isRunning(pid)) await new Promise(setImmediate);
        }
        await platform.begin();
        // One does not want to wait; the other goes on by itself.
        await watcher
          .button("Retry now")
          .click({ timeout: 1_000 })
          .catch(() => undefined); // it may be back by itself
        await Promise.all([watcher, lister].map(async (visitor) => visitor.isConnected("live")));
      }
      await other.sees("lost");
      await other.page.getByText("What it had written until then is kept").waitFor();
      await other.picture("killed-lost");
      await lister.page.locator(`[data-run="${lost}"]`).getByText("Lost").waitFor();
      await hurry(platform, id);
      await Promise.all([watcher.sees("succeeded"), row.getByText("Succeeded").waitFor()]);
      const seen = await linesOfPage(watcher.page);
      expect(seen.map(([number]) => number)).toEqual(Array.from({ length: LINES }, (_, at) => at + 1));
      expect(seen).toEqual(await linesOfFile(platform.data, id));
      await watcher.page.getByText("the server began anew, and found it going").first().waitFor();
      expect(await row.locator(".col-lines").textContent()).toBe(LINES.toLocaleString("en"));
      await watcher.picture("killed-after");
    },
  );

  test.concurrent(
    "without a network for ten seconds go on where they were, with every line once",
    { timeout: JOURNEY_MS },
    async () => {
      await using platform = await stage.platform();
      const id = await startWriting(platform);
      await using visitor = await stage.visit(platform.url, { name: "Ada", allows: NETWORK_FAULTS });
      await visitor.go(`/runs/${id}`);
      await showsLine(visitor, 20);
      const { page } = visitor;
      await page.context().setOffline(true);
      const cutAt = performance.now();
      await visitor.isConnected("offline");
      const before = Number(await page.locator(".log-view").getAttribute("data-total"));
      await visitor.picture("offline");
      // The run goes on all the while: its lines are what the time is told by.
      while (performance.now() - cutAt < CUT_MS)
        await untilLine(platform, id, (await lastLine(platform, id)) + 20);
      expect(await lastLine(platform, id)).toBeGreaterThan(before + 30);
      await page.context().setOffline(false);
      await visitor.isConnected("live");
      await hurry(platform, id);
      await visitor.sees("succeeded");
      expect(await linesOfPage(page)).toEqual(await linesOfFile(platform.data, id));
      await visitor.picture("offline-after");
    },
  );

  test("stay at the end of a log when what is above it comes and goes, as the word of a lost connection does", async () => {
    await using platform = await stage.platform();
    const id = await platform.start("echo", { parameters: { steps: 26 } });
    await using visitor = await stage.visit(platform.url, { name: "Ada" });
    await visitor.go(`/runs/${id}`);
    await visitor.sees("succeeded");
    await showsLine(visitor, 26);
    // The browser scrolls a view that has grown, and tells of the scroll before it tells of the size.
    await visitor.page.locator(".log-view").evaluate(async (view) => {
      const above = document.querySelector<HTMLElement>(".run-header");
      const frames = async (): Promise<unknown> =>
        new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
      above?.style.setProperty("padding-top", "60px");
      await frames();
      above?.style.removeProperty("padding-top");
      const before = view.scrollTop; // asks for the layout, which scrolls it
      view.dispatchEvent(new Event("scroll"));
      await frames();
      return before;
    });
    await visitor.page.getByRole("button", { name: "Follow", pressed: true }).waitFor();
  });
});
