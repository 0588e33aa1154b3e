import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { launchBrowser, openTab, type Tab } from "@tidings/testing/browser";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { buildWeb } from "../../web/build.mjs";
import type { PlatformOptions } from "../../server/index.ts";
import { FIXTURES, HerePlatform, PlatformProcess } from "../platform/support.ts";

/** Those that come with the platform. */
export const EVALUATIONS: string = fileURLToPath(new URL("../../evaluations", import.meta.url));
const PICTURES = fileURLToPath(new URL("../../../../test-output/evals", import.meta.url));
/** Milliseconds that anything in a page may take on a busy machine. */
export const PATIENCE_MS = 30_000;
/** Of a whole journey there: alone on a quiet one it takes a fraction of it. */
export const JOURNEY_MS = 120_000;
/** What a browser says by itself where a server is away. */
export const NETWORK_FAULTS = /net::ERR_|Failed to fetch|NetworkError/;

export interface VisitOptions extends BrowserContextOptions {
  /** Who it is. Default: nobody has asked yet. */
  readonly name?: string;
  /** What its console may say. Default: nothing. */
  readonly allows?: RegExp;
}

/** One browser and the built pages, for all journeys of a file. */
export class Stage implements AsyncDisposable {
  readonly web: string;
  readonly #browser: Browser;
  readonly #visitors: Visitor[] = [];

  private constructor(web: string, browser: Browser) {
    this.web = web;
    this.#browser = browser;
  }

  static async open(): Promise<Stage> {
    await mkdir(PICTURES, { recursive: true });
    const [web, browser] = await Promise.all([buildWeb(), launchBrowser()]);
    return new Stage(web, browser);
  }

  /** A platform in this process; by default with all kinds there are. */
  async platform(options: Partial<PlatformOptions> = {}): Promise<HerePlatform> {
    return HerePlatform.start({ web: this.web, evaluations: [EVALUATIONS, FIXTURES], ...options });
  }

  /** One in a process of its own, which may be killed. */
  async platformProcess(): Promise<PlatformProcess> {
    return PlatformProcess.start("--web", this.web);
  }

  /** A person with a browser of their own. */
  async visit(url: string, { name, allows, ...options }: VisitOptions = {}): Promise<Visitor> {
    const tab = await openTab(this.#browser, options);
    if (name !== undefined)
      await tab.page.addInitScript((said) => localStorage.setItem("evals.name", said), name);
    const visitor = new Visitor(url, tab, allows);
    this.#visitors.push(visitor);
    return visitor;
  }

  /** What any page has complained of until now: uncaught errors, the console's, breaches of the page's policy. */
  get faults(): readonly string[] {
    return this.#visitors.flatMap(({ faults }) => faults);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

/** A person in front of a page: what they see is found by its role and its name. */
export class Visitor implements AsyncDisposable {
  readonly page: Page;
  readonly requests: readonly string[];
  readonly #url: string;
  readonly #tab: Tab;
  readonly #allows: RegExp | undefined;

  constructor(url: string, tab: Tab, allows: RegExp | undefined) {
    this.#url = url;
    this.#tab = tab;
    this.#allows = allows;
    this.page = tab.page;
    this.requests = tab.requests;
    this.page.setDefaultTimeout(PATIENCE_MS);
  }

  get faults(): readonly string[] {
    return this.#tab.faults.filter((fault) => this.#allows?.test(fault) !== true);
  }

  async go(path: string): Promise<void> {
    await this.page.goto(new URL(path, this.#url).href);
  }

  /** The id in the address of a run's page, once it is there. */
  async runId(): Promise<string> {
    await this.page.waitForURL(/\/runs\//);
    return new URL(this.page.url()).pathname.split("/").at(-1) ?? "";
  }

  /** Starts a run from the dialog, with what is said of its parameters by their names in it; answers its id. */
  async start(kind: string, fields: Readonly<Record<string, string>> = {}): Promise<string> {
    await this.button("New run").click();
    const dialog = this.page.getByRole("dialog", { name: "New run" });
    await dialog.getByRole("radio", { name: new RegExp(`^${kind}`) }).check();
    for (const [label, value] of Object.entries(fields))
      await dialog.getByLabel(label, { exact: true }).fill(value);
    const before = this.page.url();
    await dialog.getByRole("button", { name: "Start run" }).click();
    await this.page.waitForURL((url) => url.href !== before && url.pathname.startsWith("/runs/"));
    return this.runId();
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name, ...(typeof name === "string" ? { exact: true } : {}) });
  }

  async part(name: string): Promise<void> {
    await this.page.getByRole("tab", { name: new RegExp(`^${name}`) }).click();
  }

  /** Waits for the state in the head of a run's page. */
  async sees(state: string): Promise<void> {
    await this.page.locator(`.run-heading [data-state="${state}"]`).waitFor();
  }

  /** Waits for the state of the connection, which each page says. */
  async isConnected(state: "live" | "waiting" | "connecting" | "offline", transport?: string): Promise<void> {
    const mark = this.page.locator(`.top-bar [data-connection="${state}"]`);
    await (transport === undefined ? mark : mark.filter({ hasText: transport })).waitFor();
  }

  /** A picture of what is seen, kept as output of the tests. */
  async picture(name: string): Promise<void> {
    await this.page.screenshot({ path: `${PICTURES}/${name}.png` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tab[Symbol.asyncDispose]();
  }
}
