import { launchBrowser } from "@tidings/testing/browser";
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { ClientOptions, Driver, Happening, RemoteClient } from "../behaviour/driver.ts";
import { type BlankOrigin, serveBlankPage } from "./blank-origin.ts";
import { bundlePage } from "./bundle-page.ts";

/** Clients in pages of a real browser. */
export interface ChromiumDriver extends Driver {
  /** Of the pages. A server lets them in with `cors: { origins: [driver.origin] }`. */
  readonly origin: string;
  /** Another one, with the same page. */
  readonly otherOrigin: string;
  /** Errors that nobody caught and rejections that nobody handled, of all pages so far. */
  readonly uncaught: readonly string[];
  open(url: string, options: ClientOptions, tell: (happening: Happening) => void): Promise<PageClient>;
  /**
   * Clients that are tabs beside each other, with the same storage, locks and channels.
   */
  tabs(): Promise<Tabs>;
  /** Clients beside each other in one page, which costs less than a page each: for lists that need many. */
  page(): Promise<Driver>;
}

export interface Tabs {
  /** @param origin of the page. Default the driver's `origin` */
  open(
    url: string,
    options: ClientOptions,
    tell: (happening: Happening) => void,
    origin?: string,
  ): Promise<PageClient>;
  close(): Promise<void>;
}

export interface PageClient extends RemoteClient {
  /** To be closed without a word to the client in it, sent away and back, hidden, or cut off from the network. */
  readonly page: Page;
  /** Closes the client, and then its page. */
  close(): Promise<void>;
}

interface OpenPage {
  readonly page: Page;
  readonly openClient: Driver["open"];
}

/**
 * Starts a browser for all clients of a test file; each has a profile of its own.
 *
 * @param client the module that exports `connect`. Default all of the client
 */
export async function openChromium(
  client: URL = new URL("../../src/index.ts", import.meta.url),
): Promise<ChromiumDriver> {
  const script = await bundlePage(client);
  const browser = await launchBrowser();
  const blank = await serveBlankPage(script);
  return new Chromium(browser, blank);
}

class Chromium implements ChromiumDriver {
  readonly uncaught: string[] = [];
  readonly #browser: Browser;
  readonly #blank: BlankOrigin;

  constructor(browser: Browser, blank: BlankOrigin) {
    this.#browser = browser;
    this.#blank = blank;
  }

  get origin(): string {
    return this.#blank.origin;
  }

  get otherOrigin(): string {
    return this.origin.replace("127.0.0.1", "localhost");
  }

  async open(url: string, options: ClientOptions, tell: (happening: Happening) => void): Promise<PageClient> {
    const context = await this.#newContext();
    const client = await this.#openPage(context, url, options, tell);
    // The profile goes with its page; where the browser itself is closing, it is going already.
    client.page.once("close", () => void context.close().catch(() => undefined));
    return client;
  }

  async tabs(): Promise<Tabs> {
    const context = await this.#newContext();
    return {
      open: async (url, options, tell, origin) => this.#openPage(context, url, options, tell, origin),
      close: async () => context.close(),
    };
  }

  async page(): Promise<Driver> {
    const { openClient } = await this.#newPage(await this.#newContext(), this.origin);
    return { open: openClient, close: async () => this.close() };
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#blank[Symbol.asyncDispose]();
  }

  async #newContext(): Promise<BrowserContext> {
    const context = await this.#browser.newContext();
    context.on("weberror", (error) => this.uncaught.push(String(error.error().stack ?? error.error())));
    return context;
  }

  async #openPage(
    context: BrowserContext,
    url: string,
    options: ClientOptions,
    tell: (happening: Happening) => void,
    origin = this.origin,
  ): Promise<PageClient> {
    const { page, openClient } = await this.#newPage(context, origin);
    const client = await openClient(url, options, tell);
    return {
      ...client,
      page,
      close: async () => {
        if (page.isClosed()) return;
        await client.close();
        await page.close();
      },
    };
  }

  async #newPage(context: BrowserContext, origin: string): Promise<OpenPage> {
    const page = await context.newPage();
    const tells: ((happening: Happening) => void)[] = [];
    await page.exposeFunction("tellTest", (happenings: readonly (readonly [number, Happening])[]) => {
      for (const [id, happening] of happenings) tells[id]?.(happening);
    });
    await page.goto(origin);
    const openClient: Driver["open"] = async (url, options, tell) => {
      const id = tells.push(tell) - 1;
      const client = await page.evaluateHandle(
        ([address, given, own]) => window.openClient(address, given, own),
        [url, options, id] as const,
      );
      return {
        read: (...args) => client.evaluate((it, [channel, from]) => it.read(channel, from), args),
        unread: (channel) => client.evaluate((it, name) => it.unread(name), channel),
        publish: (...args) =>
          client.evaluate((it, [channel, event, data]) => it.publish(channel, event, data), args),
        command: (...args) => client.evaluate((it, [name, input]) => it.command(name, input), args),
        attend: (channel) => client.evaluate((it, name) => it.attend(name), channel),
        join: (...args) => client.evaluate((it, [channel, member]) => it.join(channel, member), args),
        leave: (channel) => client.evaluate((it, name) => it.leave(name), channel),
        hold: () => client.evaluate((it) => it.hold()),
        release: () => client.evaluate((it) => it.release()),
        reconnect: () => client.evaluate((it) => it.reconnect()),
        close: () => client.evaluate((it) => it.close()),
      };
    };
    return { page, openClient };
  }
}
