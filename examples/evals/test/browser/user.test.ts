import { describeInBrowser } from "@tidings/testing/browser";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { HerePlatform } from "../platform/support.ts";
import { linesOfFile, linesOfPage } from "./log-lines.ts";
import { JOURNEY_MS, Stage, type Visitor } from "./stage.ts";

/** What a run's page shows in its parts, to be compared with what it shows another time. */
async function whatIsShown(visitor: Visitor): Promise<unknown> {
  const { page } = visitor;
  const texts = async (selector: string): Promise<readonly string[]> =>
    page.locator(selector).allTextContents();
  const log = await linesOfPage(page);
  await visitor.part("Metrics");
  await page.locator(".plot canvas").first().waitFor();
  const plots = await page.locator(".plot").evaluateAll((all) => all.map((one) => one.ariaLabel));
  await visitor.part("Alerts");
  const alerts = await texts(".alert-title, .alert-text");
  await visitor.part("Artifacts");
  await page.locator(".artifact").first().waitFor();
  const artifacts = await texts(".artifact-name");
  await visitor.part("Log");
  return { log, plots, alerts, artifacts, comments: await texts(".comment-text") };
}

describeInBrowser("somebody who evaluates all day", () => {
  let stage: Stage;
  let platform: HerePlatform;
  beforeAll(async () => {
    stage = await Stage.open();
    platform = await stage.platform({ parallel: 3 });
  });
  afterAll(async () => {
    await platform[Symbol.asyncDispose]();
    await stage[Symbol.asyncDispose]();
    expect(stage.faults).toEqual([]);
  });

  test(
    "starts each evaluation, watches it, comments, stops, runs again, and sees the ended one replayed",
    { timeout: JOURNEY_MS },
    async () => {
      // A browser writes down itself what the server refuses, which is asked for here.
      await using visitor = await stage.visit(platform.url, { allows: /status of 422/ });
      const { page } = visitor;
      await visitor.go("/");
      await page.getByText("Nothing has run yet").waitFor();
      await visitor.isConnected("live", "SSE");
      await visitor.picture("list-empty");

      // What is wrong in the dialog is said at its field, all at once, and nothing is started.
      await visitor.button("New run").click();
      const dialog = page.getByRole("dialog", { name: "New run" });
      await dialog.getByRole("radio", { name: /^Training benchmark/ }).check();
      await dialog.getByLabel("Steps", { exact: true }).fill("many");
      await dialog.getByLabel("Momentum", { exact: true }).fill("7");
      await visitor.picture("dialog");
      await visitor.button("Start run").click();
      const wrong = dialog.locator(".field-wrong");
      await wrong.nth(1).waitFor();
      expect(await wrong.locator("label").allTextContents()).toEqual(["Steps", "Momentum"]);
      await visitor.picture("dialog-wrong");
      await visitor.button("Cancel").click();

      const benchmark = await visitor.start("Training benchmark", {
        Steps: "900",
        "Steps between two measurements": "20",
        Checkpoints: "2",
        "Pause between measurements (ms)": "20",
        "Your name": "Ada", // asked for once, of whoever has not said it yet
      });
      await page.locator(".watchers", { hasText: "Ada (you)" }).waitFor();
      await page.getByLabel("Comment", { exact: true }).fill("Does the loss fall?");
      await page.keyboard.press("Enter");
      await page.locator(".comment", { hasText: "Does the loss fall?" }).waitFor();
      await visitor.part("Metrics");
      await page.getByRole("figure", { name: /^validation accuracy, \d+ points/ }).waitFor();
      await visitor.picture("run-metrics-live");
      await visitor.sees("succeeded");
      await visitor.part("Artifacts");
      const map = page.getByRole("img", { name: "map-900.png" });
      await map.scrollIntoViewIfNeeded();
      expect(
        await map.evaluate(async (image: HTMLImageElement) => image.decode().then(() => image.naturalWidth)),
      ).toBeGreaterThan(50);
      await visitor.picture("run-artifacts");
      await page.locator(".run-side").getByText("weights:").waitFor(); // the result, which comes with the end

      const repair = await visitor.start("Program repair", {
        Tasks: "leap-year,clamp",
        "Pause between attempts (ms)": "0",
      });
      await page.getByRole("tab", { name: /^Alerts\s*[1-9]/ }).waitFor();
      await visitor.part("Alerts");
      await page.locator(".alert-critical").first().waitFor();
      await visitor.picture("run-alerts");
      await visitor.sees("succeeded");
      await visitor.part("Artifacts");
      await page.locator(".diff-in").first().waitFor();
      await visitor.picture("run-diff");

      const game = await visitor.start("Text game agent", {
        Epsilon: "1", // at random alone, it does not win before it is stopped
        Turns: "100000",
        "Time a turn (ms)": "30",
      });
      await page.locator(".log-row").nth(29).waitFor();
      await page.getByLabel("Level").selectOption("debug");
      await page.getByRole("region", { name: "Matching lines" }).locator(".level-debug").first().waitFor();
      await page.getByLabel("Level").selectOption("");
      await page.getByLabel("Search the log").fill("> go");
      await page.locator("mark").first().waitFor();
      await visitor.picture("run-search");
      await page.getByLabel("Search the log").fill("");
      // A parameter that is live is changed in place, and confirmed by the run itself.
      const epsilon = page.locator(".parameter-live", { hasText: "Epsilon" });
      await epsilon.getByLabel("Epsilon").fill("0.9");
      await epsilon.getByRole("button", { name: "Set" }).click();
      await epsilon.getByText(/^Confirmed in \d+ ms$/).waitFor();
      await page.getByText("epsilon 1 → 0.9 by Ada").waitFor();
      await visitor.button("Stop").click();
      await visitor.button("Stop run").click();
      await visitor.sees("stopped");
      await visitor.picture("run-stopped");
      await visitor.button("Run again").click();
      await page.waitForURL((url) => url.pathname.startsWith("/runs/") && !url.pathname.includes(game));
      const again = await visitor.runId();
      await visitor.sees("running");
      expect(
        await page.locator(".parameter-live", { hasText: "Epsilon" }).getByLabel("Epsilon").inputValue(),
      ).toBe("0.9");

      // The list has them all, live; the overview counts them.
      await page.getByRole("link", { name: "Runs", exact: true }).first().click();
      for (const [id, state] of [
        [benchmark, "Succeeded"],
        [repair, "Succeeded"],
        [game, "Stopped"],
        [again, "Running"],
      ])
        await page
          .locator(`[data-run="${id}"]`)
          .getByText(state ?? "")
          .waitFor();
      await visitor.picture("list");
      await page.getByRole("link", { name: "Overview" }).click();
      const tile = (name: string) => page.locator(".tile", { hasText: name }).locator(".tile-count");
      expect([await tile("Active").textContent(), await tile("Succeeded").textContent()]).toEqual(["1", "2"]);
      await page.locator(".alert-critical").first().waitFor();
      await visitor.picture("overview");
      await page.locator(".active-run a").click();
      await visitor.button("Stop").click();
      await visitor.button("Stop run").click();
      await visitor.sees("stopped");

      // The one that ended first, from the list, and anew in another browser: all of it is there again.
      await page.getByRole("link", { name: "Runs", exact: true }).first().click();
      await page.locator(`[data-run="${benchmark}"] a`).click();
      await visitor.sees("succeeded");
      const shown = await whatIsShown(visitor);
      expect(shown).toMatchObject({
        log: await linesOfFile(platform.data, benchmark),
        plots: expect.arrayContaining([expect.stringMatching(/^loss, 45 points/)]),
        artifacts: expect.arrayContaining(["map-900.png", "report.json", "log.txt"]),
        comments: ["Does the loss fall?"],
      });
      await using later = await stage.visit(platform.url, { name: "Grace" });
      await later.go(`/runs/${benchmark}`);
      await later.sees("succeeded");
      await later.page.locator(".log-row").first().waitFor();
      expect(await whatIsShown(later)).toEqual(shown);
    },
  );
});
