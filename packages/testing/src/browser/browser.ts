import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { describe } from "vitest";

const NAMES = ["chromium", "chromium-browser", "google-chrome"] as const;
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The system's own Chromium: nothing is downloaded for the tests. */
function findChromium(): string | undefined {
  const dirs = (process.env["PATH"] ?? "").split(delimiter);
  return dirs.flatMap((dir) => NAMES.map((name) => join(dir, name))).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const executablePath = findChromium();
const isRequired = !["", "0", "false", undefined].includes(process.env["REQUIRE_ALL"]);

/** Describes what only a real browser can show; skipped where none is installed, unless `REQUIRE_ALL` is set. */
export function describeInBrowser(name: string, tests: () => void): void {
  const isSkipped = executablePath === undefined && !isRequired;
  describe.skipIf(isSkipped)(isSkipped ? `${name} (skipped: chromium is not installed)` : name, tests);
}

export async function launchBrowser(): Promise<Browser> {
  if (executablePath === undefined)
    throw new Error("chromium is not installed; REQUIRE_ALL asks for its tests");
  // Pages are kept for a way back to them, as everywhere but in tests.
  const ignoreDefaultArgs = ["--disable-back-forward-cache"];
  return chromium.launch({ executablePath, args: ARGS, ignoreDefaultArgs });
}

/** A tab of its own, and every fault that its page met. */
export interface Tab extends AsyncDisposable {
  readonly page: Page;
  /** Uncaught errors, and what the console was told as an error: also each breach of the page's policy. */
  readonly faults: readonly string[];
  /** Every URL that was asked for. */
  readonly requests: readonly string[];
}

export async function openTab(browser: Browser, options: BrowserContextOptions = {}): Promise<Tab> {
  const context = await browser.newContext({ viewport: { width: 1_200, height: 700 }, ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  const requests: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (line) => line.type() === "error" && faults.push(line.text()));
  page.on("request", (request) => requests.push(request.url()));
  return { page, faults, requests, [Symbol.asyncDispose]: () => context.close() };
}
