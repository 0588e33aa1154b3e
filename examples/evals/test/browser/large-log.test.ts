import { describeInBrowser } from "@tidings/testing/browser";
import type { CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { JOURNEY_MS, Stage } from "./stage.ts";

const LINES = 1_000_000;
/** Rows in the page, whatever the log's length: a screen and what is drawn above and below it. */
const MAX_ROWS = 120;
/** Computing that a frame of scrolling may cost the page, in milliseconds of its own thread: a busy machine changes it little. */
const MAX_FRAME_CPU_MS = 16;
/** A task that holds a page for longer is one that somebody feels, also on a busy machine; in milliseconds. */
const MAX_TASK_MS = 1_500;
const FRAMES = 90;
const MAX_HEAP_BYTES = 48 * 1_048_576;
/** Lines that the page holds together; and places where two of these meet: all of them together are more than it keeps. */
const BLOCK = 500;
const PLACES = 110;

async function metric(devtools: CDPSession, wanted: string): Promise<number> {
  const { metrics } = await devtools.send("Performance.getMetrics");
  return metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN;
}

/** Bytes that scripts hold once what nobody needs is gone. */
async function heapBytes(devtools: CDPSession): Promise<number> {
  await devtools.send("HeapProfiler.collectGarbage");
  return metric(devtools, "JSHeapUsedSize");
}

/** Seconds that the page's thread has computed. */
async function cpuSeconds(devtools: CDPSession): Promise<number> {
  return metric(devtools, "TaskDuration");
}

async function rowCount(page: Page): Promise<number> {
  return page.locator(".log-row").count();
}

/** Resolves once the page has the text of a line. */
async function showsText(page: Page, number: number): Promise<void> {
  await page
    .locator(`.log-row[data-line="${number}"] .log-text`, { hasText: new RegExp(`^line ${number}$`) })
    .waitFor();
}

/** Scrolls by the wheel, a notch a frame, and answers how long each frame took, in milliseconds. */
async function scrollSmoothly(page: Page, frames: number, by: number): Promise<readonly number[]> {
  return page.locator(".log-view").evaluate(
    async (view, [count, pixels]) => {
      const times: number[] = [];
      let last = await new Promise<number>(requestAnimationFrame);
      for (let frame = 0; frame < count; frame++) {
        view.scrollBy(0, pixels);
        const now = await new Promise<number>(requestAnimationFrame);
        times.push(now - last);
        last = now;
      }
      return times;
    },
    [frames, by] as const,
  );
}

/** Drags the bar to so many places, each where two blocks meet, and waits at each until its lines are there. */
async function lookAt(page: Page, places: number, blocksApart: number): Promise<void> {
  await page.locator(".log-view").evaluate(
    async (view, [count, apart, blockLines]) => {
      const total = Number((view as HTMLElement).dataset["total"]);
      for (let place = 1; place < count; place++) {
        const top = (Math.floor(place * apart) * blockLines) / total;
        view.scrollTop = top * (view.scrollHeight - view.clientHeight);
        do await new Promise(requestAnimationFrame);
        while (view.querySelector(".log-missing") !== null);
      }
    },
    [places, blocksApart, BLOCK] as const,
  );
}

describeInBrowser(`a log of ${LINES.toLocaleString("en")} lines`, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
    expect(stage.faults).toEqual([]);
  });

  test(
    "has in the page what is seen of it, while it is written and after; it scrolls, jumps and is searched",
    { timeout: JOURNEY_MS },
    async () => {
      await using platform = await stage.platform();
      await using visitor = await stage.visit(platform.url, { name: "Ada" });
      const { page } = visitor;
      await page.addInitScript(() => {
        const tasks: number[] = [];
        Object.assign(window, { longTasks: tasks });
        new PerformanceObserver((list) =>
          tasks.push(...list.getEntries().map(({ duration }) => duration)),
        ).observe({ type: "longtask", buffered: true });
      });
      const longTasks = async (): Promise<readonly number[]> =>
        page.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks.splice(0));
      const devtools = await page.context().newCDPSession(page);
      await devtools.send("Performance.enable", { timeDomain: "threadTicks" });

      // Written as fast as the pipe takes it, while somebody follows its end.
      const id = await platform.start("million", { parameters: { lines: LINES } });
      await visitor.go(`/runs/${id}`);
      await visitor.sees("succeeded");
      await showsText(page, LINES);
      expect(await rowCount(page)).toBeLessThan(MAX_ROWS);
      const whileWritten = await longTasks();
      await visitor.picture("million-end");

      const view = page.locator(".log-view");
      expect(await view.getAttribute("data-total")).toBe(String(LINES));
      await view.focus();
      await page.keyboard.press("Home");
      await showsText(page, 1);
      await longTasks();
      const computedBefore = await cpuSeconds(devtools);
      const frames = await scrollSmoothly(page, FRAMES, 300);
      const frameCpuMs = (((await cpuSeconds(devtools)) - computedBefore) * 1_000) / FRAMES;
      const whileScrolled = await longTasks();
      await showsText(page, 1_355);
      // The bar in the middle is the middle of the log.
      await view.evaluate(
        (element) => (element.scrollTop = (element.scrollHeight - element.clientHeight) / 2),
      );
      await page.waitForFunction(() => {
        const first = Number(document.querySelector<HTMLElement>(".log-view")?.dataset["first"]);
        return first > 490_000 && first < 510_000;
      });
      const middle = Number(await view.getAttribute("data-first")) + 40;
      await showsText(page, middle);
      await visitor.picture("million-middle");
      await page.getByLabel("Go to line").fill("777777");
      await page.keyboard.press("Enter");
      await showsText(page, 777_777);
      expect(await page.locator(".log-chosen").getAttribute("data-line")).toBe("777777");
      await page.getByLabel("Search the log").fill("line 99999");
      await page.locator(".found-count", { hasText: /^1[01]/ }).waitFor();
      await page.getByLabel("Search the log").press("Enter");
      await showsText(page, 99_999);
      await page.getByLabel("Search the log").fill("");
      await view.focus();
      await page.keyboard.press("End");
      await showsText(page, LINES);

      // More of it than is held: what was looked at longest ago goes.
      const before = await heapBytes(devtools);
      await lookAt(page, PLACES, LINES / PLACES / BLOCK);
      expect(await rowCount(page)).toBeLessThan(MAX_ROWS);
      const after = await heapBytes(devtools);

      // Its file is 40 MB: the page gets the parts of it that are looked at.
      await visitor.part("Artifacts");
      const file = page.locator(".artifact", { hasText: "log.txt" });
      const answers: number[] = [];
      page.on("response", (response) => {
        if (response.url().includes("/artifacts/")) answers.push(response.status());
      });
      await file.getByRole("button", { name: "Open here" }).click();
      await file.getByRole("button", { name: "End", exact: true }).click();
      await file.locator(".file-text", { hasText: `line ${LINES}` }).waitFor();
      expect(new Set(answers)).toEqual(new Set([206]));
      await visitor.picture("million-file");

      const slowest = Math.max(...frames);
      const average = frames.reduce((sum, ms) => sum + ms, 0) / frames.length;
      console.log(
        `long tasks while written ${whileWritten.length}, longest ${Math.max(0, ...whileWritten)} ms; while scrolled ${whileScrolled.length}, ` +
          `longest ${Math.max(0, ...whileScrolled)} ms; a frame's computing ${frameCpuMs.toFixed(1)} ms; frames ${average.toFixed(1)} ms, slowest ${slowest.toFixed(1)} ms; ` +
          `heap ${(before / 1_048_576).toFixed(1)} MiB, after ${PLACES} places ${(after / 1_048_576).toFixed(1)} MiB`,
      );
      expect(frameCpuMs).toBeLessThan(MAX_FRAME_CPU_MS);
      expect(Math.max(0, ...whileScrolled)).toBeLessThan(MAX_TASK_MS);
      expect(Math.max(0, ...whileWritten)).toBeLessThan(MAX_TASK_MS);
      expect(after).toBeLessThan(MAX_HEAP_BYTES);
    },
  );
});
