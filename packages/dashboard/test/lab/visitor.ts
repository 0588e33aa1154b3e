import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openTab, type Tab } from "@tidings/testing/browser";
import type { Browser, BrowserContextOptions, Locator } from "playwright-core";
import { expect } from "vitest";

const OUTPUT = fileURLToPath(new URL("../../../../test-output/lab/", import.meta.url));

/** How long a step may take, in milliseconds. */
const STEP_MS = 20_000;

/** Somebody with the lab's page open. */
export class Visitor implements AsyncDisposable {
  readonly tab: Tab;

  private constructor(tab: Tab) {
    this.tab = tab;
  }

  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visitor> {
    const tab = await openTab(browser, {
      viewport: { width: 1_440, height: 900 },
      reducedMotion: "reduce",
      ...options,
    });
    // Below that of a test, so that what was waited for is told.
    tab.page.setDefaultTimeout(STEP_MS);
    await tab.page.goto(`${url}/lab`);
    return new Visitor(tab);
  }

  get page(): Tab["page"] {
    return this.tab.page;
  }

  button(name: string): Locator {
    return this.page.getByRole("button", { name, exact: true });
  }

  switch(name: string): Locator {
    return this.page.getByRole("switch", { name });
  }

  /** Waits until the run is so. */
  async untilRun(word: string): Promise<void> {
    await this.page.locator(`[data-run="${word}"]`).waitFor();
  }

  /** A figure of a transport; `caption` names the table. */
  figure(caption: string, transport: string, figure: string): Locator {
    return this.page
      .getByRole("table", { name: caption, exact: true })
      .locator(`tr[data-transport="${transport}"] [data-figure="${figure}"]`);
  }

  /** What a fault did to a transport. */
  outcome(transport: string, kind: string): Locator {
    return this.page.locator(`.come-back tr[data-transport="${transport}"] [data-fault="${kind}"]`);
  }

  /** Waits until it says so. */
  async untilOutcome(transport: string, kind: string, says: RegExp): Promise<void> {
    await this.outcome(transport, kind).filter({ hasText: says }).waitFor();
  }

  /** Waits until the first transport has come back from what was lifted. */
  async untilFirstBack(kind: string): Promise<void> {
    const cells = this.page.locator(`.come-back [data-fault="${kind}"]`);
    await cells
      .filter({ hasText: /back in/ })
      .first()
      .waitFor();
  }

  /** Kept as test output: what is in sight, or all of it. */
  async screenshot(name: string, isWhole = true): Promise<void> {
    await mkdir(OUTPUT, { recursive: true });
    const size = this.page.viewportSize();
    // The content scrolls within the page, so the window has to be as high for all of it to be seen.
    const height = await this.page.evaluate(() => document.querySelector("main")?.scrollHeight ?? 0);
    if (isWhole && size !== null) await this.page.setViewportSize({ ...size, height: height + 60 });
    await this.page.screenshot({ path: join(OUTPUT, `${name}.png`), animations: "disabled" });
    if (size !== null) await this.page.setViewportSize(size);
  }

  async setTheme(theme: "light" | "dark"): Promise<void> {
    await this.page.emulateMedia({ colorScheme: theme });
  }

  /** How far the page goes beyond the window to the side, in pixels. */
  async overflow(): Promise<number> {
    return this.page.evaluate(() => {
      const main = document.querySelector("main");
      return Math.max(
        document.documentElement.scrollWidth - innerWidth,
        (main?.scrollWidth ?? 0) - (main?.clientWidth ?? 0),
      );
    });
  }

  /** Nothing may have been wrong, and nothing stopped by the page's policy; but for what matches `expected`. */
  expectNoFaults(expected = /^$/): void {
    expect(this.tab.faults.filter((fault) => !expected.test(fault))).toEqual([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tab[Symbol.asyncDispose]();
  }
}
