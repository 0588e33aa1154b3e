import type { Locator, Page } from "playwright-core";

/** The parts of a channel's page, by the names a person has for them. */
export class LivePage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Opens a channel's page and waits until it is live. */
  static async open(page: Page, url: string): Promise<LivePage> {
    await page.goto(url);
    const live = new LivePage(page);
    await live.state("Live").waitFor();
    return live;
  }

  get rows(): Locator {
    return this.page.locator("#rows .row:not([hidden])");
  }

  row(text: string | RegExp): Locator {
    return this.page.locator("#rows .row:not([hidden])", { hasText: text });
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name });
  }

  state(text: string | RegExp): Locator {
    return this.page.locator("#state", { hasText: text });
  }

  /** What the rows show of each payload, in order. */
  async previews(): Promise<readonly string[]> {
    return this.page.locator("#rows .row:not([hidden]) .preview").allTextContents();
  }

  async cursors(): Promise<readonly string[]> {
    return this.page.locator("#rows .row:not([hidden]) .cursor").allTextContents();
  }

  /** How far the list stands from its end, in CSS pixels. */
  async fromEnd(): Promise<number> {
    return this.page.evaluate(
      "(list => list.scrollHeight - list.scrollTop - list.clientHeight)(document.getElementById('scroller'))",
    );
  }

  /** Scrolls as a wheel does: up is negative. */
  async wheel(deltaY: number): Promise<void> {
    await this.page.locator("#scroller").hover();
    await this.page.mouse.wheel(0, deltaY);
  }
}
