import { describeInBrowser } from "@tidings/testing/browser";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { HerePlatform } from "../platform/support.ts";
import { linesOfFile, linesOfPage } from "./log-lines.ts";
import { JOURNEY_MS, PATIENCE_MS, Stage, type Visitor } from "./stage.ts";

/** Comments of each of the two. */
const COMMENTS = 5;
/** Presses of Tab within which anything in a page is reached. */
const MAX_TABS = 60;

const PHONE = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
} as const;

async function comment({ page }: Visitor, text: string): Promise<void> {
  await page.getByRole("textbox", { name: "Comment" }).fill(text);
  await page.keyboard.press("Enter");
  await page.locator(".comment-text", { hasText: text }).waitFor();
}

/** What scrolls sideways by itself, and may: rows of buttons, and text as it was written. */
const SCROLLERS = ".tabs, .segments, .log-view, .json-tree, pre";

/** What is wider than the window, hangs out of it, or has to be scrolled sideways. */
async function tooWide(page: Page): Promise<readonly string[]> {
  return page.evaluate((scrollers) => {
    const width = document.documentElement.clientWidth;
    const found = [...document.querySelectorAll("html, body *")].filter((element) => {
      if (element.closest(scrollers) !== null || element.closest("svg") !== null) return false;
      const { right, left, width: own } = element.getBoundingClientRect();
      const isOut = own > 1 && (right > width + 1 || left < -1);
      const { overflowX } = getComputedStyle(element);
      return isOut || (/auto|scroll/.test(overflowX) && element.scrollWidth > element.clientWidth + 1);
    });
    return found.map(({ tagName, className }) => `${tagName}.${className}`);
  }, SCROLLERS);
}

/** Presses Tab until this has the focus; each stop on the way is one that is seen. */
async function tabTo(page: Page, target: Locator, key: "Tab" | "Shift+Tab" = "Tab"): Promise<void> {
  for (let pressed = 0; pressed < MAX_TABS; pressed++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press(key);
    await focusIsSeen(page);
  }
  throw new Error(`${String(target)} was not reached by ${MAX_TABS} presses of ${key}`);
}

/** What has the focus says so, and is in the window, as soon as the page has drawn what the key did. */
async function focusIsSeen(page: Page): Promise<void> {
  const unseen = async (): Promise<string> =>
    page.evaluate(() => {
      const element = document.activeElement;
      // The browser's own, and the beginning of another page.
      if (element === null || element === document.body || element.id === "main") return "";
      const label = element.closest("label"); // of a radio that is drawn by it
      const marks = [element, ...(label === null ? [] : [label])].flatMap((one) => [
        getComputedStyle(one),
        getComputedStyle(one, "::after"), // of a link that covers its row
      ]);
      const isMarked = marks.some(
        ({ outlineStyle, outlineWidth, boxShadow }) =>
          (outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 1) || boxShadow !== "none",
      );
      const { top, bottom, left, right } = element.getBoundingClientRect();
      const isInside = bottom > 0 && top < innerHeight && right > 0 && left < innerWidth;
      return isMarked && isInside
        ? ""
        : `${element.tagName}.${element.className} marked ${isMarked}, in the window ${isInside}`;
    });
  await expect.poll(unseen, { timeout: PATIENCE_MS }).toBe("");
}

describeInBrowser("people", () => {
  let stage: Stage;
  let platform: HerePlatform;
  beforeAll(async () => {
    stage = await Stage.open();
    platform = await stage.platform({ parallel: 8 });
  });
  afterAll(async () => {
    await platform[Symbol.asyncDispose]();
    await stage[Symbol.asyncDispose]();
    expect(stage.faults).toEqual([]);
  });

  test(
    "two who watch one run see the same log, each other, and comments in one order",
    { timeout: JOURNEY_MS },
    async () => {
      const id = await platform.start("echo", { parameters: { steps: 200, waitMs: 20 } });
      await using ada = await stage.visit(platform.url, { name: "Ada" });
      await using grace = await stage.visit(platform.url, { name: "Grace" });
      const both = [ada, grace];
      await Promise.all(both.map(async (visitor) => visitor.go(`/runs/${id}`)));
      const others = async ({ page }: Visitor, name: string): Promise<void> =>
        page.locator(".watcher:not(.watcher-me)", { hasText: name }).waitFor();
      await Promise.all([others(ada, "Grace"), others(grace, "Ada")]);
      await Promise.all(
        both.map(async (visitor, who) => {
          for (let at = 1; at <= COMMENTS; at++)
            await comment(visitor, `${["Ada", "Grace"][who]} says ${at}.`);
        }),
      );
      await Promise.all(both.map(async (visitor) => visitor.sees("succeeded")));
      const texts = await Promise.all(
        both.map(async ({ page }) => {
          await page
            .locator(".comment")
            .nth(2 * COMMENTS - 1)
            .waitFor();
          return page.locator(".comment-head b, .comment-text").allTextContents();
        }),
      );
      expect(texts[0]).toHaveLength(4 * COMMENTS);
      expect(texts[1]).toEqual(texts[0]);
      const logs = await Promise.all(both.map(async ({ page }) => linesOfPage(page)));
      expect(logs[0]).toEqual(await linesOfFile(platform.data, id));
      expect(logs[1]).toEqual(logs[0]);
      await ada.picture("two-ada");
      await grace.picture("two-grace");
      // Who goes is gone for the other.
      await grace.page.close();
      await ada.page.locator(".watcher", { hasText: "Grace" }).waitFor({ state: "detached" });
    },
  );

  test(
    "a phone has all of it, light and dark, and nothing is wider than its window",
    { timeout: JOURNEY_MS },
    async () => {
      await using visitor = await stage.visit(platform.url, { name: "Ada", ...PHONE });
      const { page } = visitor;
      await visitor.go("/");
      await visitor.button("New run").tap();
      const dialog = page.getByRole("dialog", { name: "New run" });
      await dialog.getByText("Training benchmark").tap();
      expect(await tooWide(page)).toEqual([]);
      await visitor.picture("phone-dialog");
      await dialog.getByLabel("Steps", { exact: true }).fill("1000000");
      await dialog.getByLabel("Pause between measurements (ms)").fill("30");
      await dialog.getByRole("button", { name: "Start run" }).tap();
      const id = await visitor.runId();
      await page.locator(".log-row").nth(10).waitFor();
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        const surface = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
        expect(surface).toBe(colorScheme === "light" ? "rgb(246, 247, 249)" : "rgb(14, 17, 22)");
        for (const part of ["Log", "Metrics", "Alerts", "Artifacts", "Debug", "Details", "People"]) {
          await page.getByRole("tab", { name: new RegExp(`^${part}`) }).tap();
          await page.locator("#tab-panel > *").first().waitFor();
          expect([part, ...(await tooWide(page))]).toEqual([part]);
          await visitor.picture(`phone-run-${part.toLowerCase()}-${colorScheme}`);
        }
        await page.getByRole("link", { name: "Overview" }).tap();
        await page.locator(".tile").first().waitFor();
        expect(await tooWide(page)).toEqual([]);
        await visitor.picture(`phone-overview-${colorScheme}`);
        await page.getByRole("link", { name: "Runs", exact: true }).first().tap();
        const row = page.locator(`[data-run="${id}"]`);
        await row.waitFor();
        expect(await tooWide(page)).toEqual([]);
        await visitor.picture(`phone-list-${colorScheme}`);
        await row.locator("a").tap();
        await visitor.sees("running");
      }
      await page.getByRole("tab", { name: /^People/ }).tap();
      await comment(visitor, "from a phone");
      await visitor.button("Stop").tap();
      await visitor.button("Stop run").tap();
      await visitor.sees("stopped");
    },
  );

  test(
    "whoever has no mouse finds, starts, opens, searches, comments and stops, and sees where the focus is",
    { timeout: JOURNEY_MS },
    async () => {
      const other = await platform.start("quick");
      await platform.ended(other);
      await using visitor = await stage.visit(platform.url, { name: "Ada" });
      const { page } = visitor;
      const press = async (...keys: readonly string[]): Promise<void> => {
        for (const key of keys) {
          await page.keyboard.press(key);
          await focusIsSeen(page);
        }
      };
      await visitor.go("/");
      await page.locator(`[data-run="${other}"]`).waitFor();
      // Starts one: the arrows choose the kind, Tab goes from field to field, Enter starts it.
      await press("n");
      const dialog = page.getByRole("dialog", { name: "New run" });
      await dialog.waitFor();
      await tabTo(page, dialog.getByRole("radio", { checked: true }));
      while (!(await dialog.getByRole("radio", { name: /^Training/ }).isChecked())) await press("ArrowDown");
      await tabTo(page, dialog.getByLabel("Steps", { exact: true }));
      await press("ControlOrMeta+a");
      await page.keyboard.type("1000000");
      await tabTo(page, dialog.getByLabel("Pause between measurements (ms)"));
      await press("ControlOrMeta+a");
      await page.keyboard.type("30");
      await visitor.picture("keyboard-dialog");
      await press("Enter");
      const id = await visitor.runId();
      await visitor.sees("running");
      // Finds it in the list, and opens it.
      await press("g", "l");
      await page.waitForURL((url) => url.pathname === "/");
      // The keys of a page are there with it.
      await page.locator(`[data-run="${other}"]`).waitFor();
      await press("/");
      await page.keyboard.type(`training ${id}`);
      await page.locator(`[data-run="${other}"]`).waitFor({ state: "detached" });
      await press("ArrowDown");
      await visitor.picture("keyboard-list");
      await press("Enter");
      await page.waitForURL(`**/runs/${id}*`);
      await page.locator(".log-row").nth(15).waitFor();
      // Searches the log.
      await press("/");
      await page.keyboard.type("accuracy");
      await press("Enter"); // faster than the answer is
      await page.locator(".log-current").waitFor();
      await page.locator(".found-count", { hasText: /^1 of / }).waitFor();
      await press("Enter");
      await page.locator(".found-count", { hasText: /^2 of / }).waitFor();
      await visitor.picture("keyboard-search");
      await press("Escape");
      // Goes through its parts by their numbers, and by the arrows.
      await press("2");
      await page.getByRole("tab", { name: "Metrics", selected: true }).waitFor();
      await tabTo(page, page.getByRole("tab", { name: "Metrics" }));
      await press("ArrowRight", "ArrowRight");
      await page.getByRole("tab", { name: /^Artifacts/, selected: true }).waitFor();
      await tabTo(page, page.getByRole("textbox", { name: "Comment" }));
      await page.keyboard.type("without a mouse");
      await press("Enter");
      await page.locator(".comment-text", { hasText: "without a mouse" }).waitFor();
      await tabTo(page, visitor.button("Stop"), "Shift+Tab");
      await visitor.picture("keyboard-stop");
      await press("Enter");
      await tabTo(page, visitor.button("Stop run"));
      await press("Enter");
      await visitor.sees("stopped");
      // Help is a key away, and Escape goes back to where one was.
      await press("?");
      await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
      await press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    },
  );
});
