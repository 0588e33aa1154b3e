import { describeInBrowser } from "@tidings/testing/browser";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { HerePlatform } from "../platform/support.ts";
import { BASE_PATH } from "../../shared/channels.ts";
import { JOURNEY_MS, PATIENCE_MS, Stage } from "./stage.ts";

/** How many that wait, beside the two that hold the places until all do. */
const QUEUED = 20;

/** Connections that the server counts, by their transports; without those that are none. */
async function connections(platform: HerePlatform): Promise<Readonly<Record<string, number>>> {
  const { body } = await platform.ask("GET", `${BASE_PATH}/metrics`);
  const counts = (body as string).matchAll(
    /^tidings_connections\{[^}]*transport="([^"]+)"[^}]*\} ([1-9]\d*)$/gm,
  );
  return Object.fromEntries([...counts].map(([, transport = "", count]) => [transport, Number(count)]));
}

describeInBrowser("a debugging session, and a full queue", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
    expect(stage.faults).toEqual([]);
  });

  test(
    "moves to a WebSocket, pauses, steps, inspects, types and sets with a confirmation, and moves back",
    { timeout: JOURNEY_MS },
    async () => {
      await using platform = await stage.platform();
      const id = await platform.start("echo", { parameters: { steps: 100_000, waitMs: 20 } });
      await using visitor = await stage.visit(platform.url, { name: "Ada" });
      const { page } = visitor;
      await visitor.go(`/runs/${id}`);
      await visitor.isConnected("live", "SSE");
      await expect.poll(async () => connections(platform), { timeout: PATIENCE_MS }).toEqual({ sse: 1 });

      await visitor.part("Debug");
      await visitor.isConnected("live", "WebSocket");
      await expect
        .poll(async () => connections(platform), { timeout: PATIENCE_MS })
        .toEqual({ websocket: 1 });
      await visitor.button("Pause").click();
      await visitor.sees("paused");
      const at = page.getByRole("region", { name: "State" }).locator(".panel-note");
      const stepOf = async (): Promise<number> =>
        Number(/step (\d+)/.exec((await at.textContent()) ?? "")?.[1]);
      await at.waitFor();
      const first = await stepOf();
      await page.locator(".json-tree", { hasText: `step: ${first}` }).waitFor();
      await visitor.button("Step").click();
      await at.filter({ hasText: `step ${first + 1}` }).waitFor();
      await visitor.button("Step 10×").click();
      await at.filter({ hasText: `step ${first + 11}` }).waitFor();
      await visitor.picture("debug-paused");

      await page.getByLabel("Input to the run").fill("look around");
      await visitor.button("Send input").click();
      await page.locator(".debug-entries", { hasText: "Ada typed look around" }).waitFor();
      await page.getByLabel("Parameter", { exact: true }).selectOption("word");
      await page.getByLabel("New value").fill("goodbye");
      await visitor.button("Set").last().click();
      const said = page.locator(".debug-said", { hasText: /^word is goodbye: confirmed in [\d.]+ ms$/ });
      const confirmation = await said.textContent();
      // What the run itself may refuse is said, and nothing is changed.
      await page.getByLabel("New value").fill("forbidden");
      await visitor.button("Set").last().click();
      await page.getByRole("alert").filter({ hasText: "word may not be forbidden" }).waitFor();
      await visitor.button("Inspect").click();
      await page.locator(".json-tree", { hasText: 'word: "goodbye"' }).waitFor();
      await page.locator(".json-tree", { hasText: "heard: 1" }).waitFor();
      await page.locator(".debug-trip", { hasText: /^round trip [\d.]+ ms$/ }).waitFor();
      console.log(`${confirmation}; inspect: ${await page.locator(".debug-trip").textContent()}`);
      await visitor.picture("debug-set");
      await visitor.button("Resume").click();
      await visitor.sees("running");
      await page.getByText("Not paused").waitFor();

      await visitor.part("Log");
      await page
        .locator(".log-text", { hasText: "heard look around" })
        .or(page.locator(".log-text", { hasText: "says goodbye" }))
        .first()
        .waitFor();
      await visitor.isConnected("live", "SSE");
      await expect.poll(async () => connections(platform), { timeout: PATIENCE_MS }).toEqual({ sse: 1 });
      await visitor.picture("debug-over");
      await visitor.button("Stop").click();
      await visitor.button("Stop run").click();
      await visitor.sees("stopped");
    },
  );

  test(
    "20 that wait, two at a time, go by their priority, beside one that crashes and one that floods its output",
    { timeout: JOURNEY_MS },
    async () => {
      await using platform = await stage.platform({ parallel: 2 });
      await using lister = await stage.visit(platform.url, { name: "Grace" });
      await lister.go("/");
      // These two hold the places until all the others wait.
      const first = [await platform.start("forever"), await platform.start("forever")];
      const ids: { readonly id: string; readonly priority: number }[] = [];
      for (let each = 0; each < QUEUED; each++) {
        const priority = (each * 7) % 5;
        ids.push({ id: await platform.start("quick", { priority }), priority });
      }
      const turns = ids.toSorted((a, b) => b.priority - a.priority).map(({ id }) => id); // the sort is stable
      const rows = lister.page.locator("tr.run");
      const shownIds = async (): Promise<readonly (string | null)[]> =>
        rows.evaluateAll((all) => all.map((row) => row.getAttribute("data-run")));
      // The list has them in the order of their turn, each with its place.
      await expect.poll(async () => (await shownIds()).slice(2), { timeout: PATIENCE_MS }).toEqual(turns);
      await rows.filter({ hasText: "20 of 20 in the queue" }).waitFor();
      await lister.picture("queue-full");

      // One whose turn is the twelfth is watched: each place that its page says is written down.
      const watched = turns[11] ?? "";
      await using watcher = await stage.visit(platform.url, { name: "Ada" });
      await watcher.go(`/runs/${watched}`);
      await watcher.page.getByText("12 of 20 in the queue").waitFor();
      await watcher.page.evaluate(() => {
        const places: number[] = [];
        Object.assign(window, { places });
        const read = (): void => {
          const place = Number(
            /^(\d+) of \d+ in the queue/.exec(document.querySelector(".fact")?.textContent ?? "")?.[1],
          );
          if (place > 0 && place !== places.at(-1)) places.push(place);
        };
        read();
        new MutationObserver(read).observe(document.body, {
          childList: true,
          characterData: true,
          subtree: true,
        });
      });
      await Promise.all(first.map(async (id) => platform.ask("POST", `/api/evaluations/${id}/stop`)));
      await watcher.sees("succeeded");
      const places = await watcher.page.evaluate(() => (window as unknown as { places: number[] }).places);
      console.log(`places seen in the page: ${places.join(" ")}`);
      expect([places[0], places.at(-1)]).toEqual([12, 1]);
      expect(places).toEqual(places.toSorted((a, b) => b - a));
      await expect
        .poll(async () => lister.page.getByText("Succeeded", { exact: true }).count(), {
          timeout: PATIENCE_MS,
        })
        .toBe(QUEUED);
      const { body } = await platform.ask("GET", "/api/evaluations?state=succeeded&limit=50");
      const begun = (body.evaluations as { id: string; startedAt: string }[])
        .toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1))
        .map(({ id }) => id);
      expect(begun).toHaveLength(QUEUED);
      // The two that have a place at a time may begin in either order.
      expect(begun.filter((id, at) => Math.abs(turns.indexOf(id) - at) > 1)).toEqual([]);

      const flood = await platform.start("flood", { parameters: { megabytes: 100 } });
      const crash = await platform.start("crash");
      await Promise.all([watcher.go(`/runs/${crash}`), lister.go(`/runs/${flood}`)]);
      await watcher.sees("failed");
      await watcher.page.locator(".outcome-fault", { hasText: /code 1/ }).waitFor();
      await watcher.page.locator(".log-text", { hasText: "the fault of the fixture" }).first().waitFor();
      await watcher.picture("crash");
      await lister.sees("succeeded");
      await lister.page
        .locator(`.log-row[data-line="${(100 * 1_048_576) / 128}"] .log-text`, { hasText: "xxx" })
        .waitFor();
      expect(await lister.page.locator(".log-row").count()).toBeLessThan(120);
      await lister.picture("flood");
      expect(await platform.ended(await platform.start("quick"))).toMatchObject({ state: "succeeded" });
    },
  );
});
