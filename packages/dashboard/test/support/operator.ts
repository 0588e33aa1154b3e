import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openTab, type Tab } from "@tidings/testing/browser";
import type { Browser, BrowserContextOptions, Locator } from "playwright-core";
import { expect } from "vitest";

const OUTPUT = fileURLToPath(new URL("../../../../test-output/dashboard/", import.meta.url));

/** Somebody with the dashboard open, whose clicks are counted. */
export class Operator implements AsyncDisposable {
  readonly tab: Tab;
  #clicks = 0;

  private constructor(tab: Tab) {
    this.tab = tab;
  }

  /** Opens the dashboard, and waits until it shows something of the server. */
  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Operator> {
    const tab = await openTab(browser, { viewport: { width: 1_440, height: 900 }, ...options });
    await tab.page.goto(url);
    return new Operator(tab);
  }

  get page(): Tab["page"] {
    return this.tab.page;
  }

  get clicks(): number {
    return this.#clicks;
  }

  /** The part of the page that is named so. */
  part(name: string): Locator {
    return this.page.getByRole("region", { name });
  }

  link(name: string): Locator {
    return this.page.getByRole("link", { name, exact: true });
  }

  async click(what: Locator): Promise<void> {
    this.#clicks++;
    await what.click();
  }

  async isLive(): Promise<void> {
    await this.page.locator('[data-connection="live"]').waitFor();
  }

  /** Kept as test output. */
  async screenshot(name: string): Promise<void> {
    await mkdir(OUTPUT, { recursive: true });
    await this.page.screenshot({ path: join(OUTPUT, `${name}.png`), animations: "disabled" });
  }

  /** Nothing may have been wrong, and nothing stopped by the page's policy; but for what matches `expected`. */
  expectNoFaults(expected = /^$/): void {
    expect(this.tab.faults.filter((fault) => !expected.test(fault))).toEqual([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tab[Symbol.asyncDispose]();
  }
}
