import { readdir, readFile } from "node:fs/promises";
import { createHmac } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { describeInBrowser, launchBrowser } from "@tidings/testing/browser";
import type { Browser } from "playwright-core";
import { createTidings, type Tidings } from "tidings";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { findSerious } from "./support/accessibility.ts";
import { Operator } from "./support/operator.ts";

const ASSETS = fileURLToPath(new URL("../../server/assets/assets/", import.meta.url));
/** Bytes of all scripts of the dashboard, gzipped. */
const MAX_SCRIPT_BYTES = 150_000;
const PLACES = [
  "#/",
  "#/channels",
  "#/channels/evals/1/logs",
  "#/connections",
  "#/nodes",
  "#/events",
  "#/configuration",
];
const SECRET = "a secret of these tests alone, long enough to be taken";

describe("what is built", () => {
  test("all scripts together are below 150 kB gzipped", async () => {
    const scripts = (await readdir(ASSETS)).filter((name) => name.endsWith(".js"));
    const sizes = await Promise.all(
      scripts.map(async (name) => gzipSync(await readFile(join(ASSETS, name))).length),
    );
    const all = sizes.reduce((sum, size) => sum + size, 0);
    console.log(`scripts of the dashboard: ${all} bytes gzipped`);
    expect(all).toBeLessThan(MAX_SCRIPT_BYTES);
  });
});

describeInBrowser("for every hand, eye and screen", () => {
  let tidings: Tidings;
  let url: string;
  let browser: Browser;

  beforeAll(async () => {
    tidings = await createTidings({ log: "memory" });
    const [listening, launched] = await Promise.all([tidings.listen({ port: 0 }), launchBrowser()]);
    url = listening.url;
    browser = launched;
    for (let at = 0; at < 30; at++)
      await tidings.publish(
        `evals/${at % 10}/logs`,
        { step: at, note: `line ${at} of a log` },
        { event: "line" },
      );
    await fetch(`${url}/channels/evals/1/logs?limt=3`);
  });
  afterAll(async () => {
    await browser.close();
    await tidings.close();
  });

  test("axe-core finds nothing serious, in light and in dark", async () => {
    // No colour is on its way from one to the other.
    await using operator = await Operator.open(browser, url, { reducedMotion: "reduce" });
    for (const place of PLACES) {
      await operator.page.goto(`${url}/${place}`);
      await settled(operator);
      for (const colorScheme of ["light", "dark"] as const) {
        await operator.page.emulateMedia({ colorScheme });
        expect([place, colorScheme, await findSerious(operator.page)]).toEqual([place, colorScheme, []]);
        await operator.screenshot(`${nameOf(place)}-${colorScheme}`);
      }
    }
    operator.expectNoFaults();
  });

  test("on a phone nothing is wider than the screen", async () => {
    const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
    await using operator = await Operator.open(browser, url, phone);
    for (const place of PLACES) {
      await operator.page.goto(`${url}/${place}`);
      await settled(operator);
      const width = await operator.page.evaluate(() => document.documentElement.scrollWidth);
      expect([place, width]).toEqual([place, 390]);
      await operator.screenshot(`${nameOf(place)}-phone`);
    }
    operator.expectNoFaults();
  });

  test("the keyboard alone finds a channel, reads, pauses, publishes and comes back", async () => {
    await using operator = await Operator.open(browser, url);
    const { page } = operator;
    const { keyboard } = page;
    await operator.isLive();
    await keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to the content");
    await keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
    await keyboard.press("g");
    await keyboard.press("c");
    await page.getByRole("table", { name: "Channels" }).waitFor();
    await keyboard.press("/");
    await keyboard.type("evals/7");
    await page.getByText("1–1 of 1 channels").waitFor();
    await keyboard.press("ArrowDown");
    await keyboard.press("Enter");
    await page.getByRole("heading", { name: "evals/7/logs" }).waitFor();
    await page.getByText("line 27 of a log").waitFor();
    await keyboard.press("p");
    await tidings.publish("evals/7/logs", { step: 99 }, { event: "line" });
    await page.getByText("1 more have come").waitFor();
    await keyboard.press("p");
    await page.getByText('{"step":99}').waitFor();
    await page.getByLabel("Payload").focus();
    await keyboard.type('{"by":"hand"}');
    await keyboard.press("Tab");
    await keyboard.press("Enter");
    await page.getByRole("button", { name: /"by":"hand"/ }).waitFor();
    await keyboard.press("g");
    await keyboard.press("o");
    await page.getByRole("region", { name: "Plots" }).waitFor();
    await keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    operator.expectNoFaults();
  });

  test("a channel's messages are filtered by event and text, and payloads that are no JSON go as text", async () => {
    await using operator = await Operator.open(browser, `${url}/#/channels/evals/3/logs`);
    const { page } = operator;
    await tidings.publish("evals/3/logs", "plain words", { event: "note" });
    await page.getByText("line 23 of a log").waitFor();
    await page.getByLabel("Event", { exact: true }).first().selectOption("note");
    await page.getByText("line 23 of a log").waitFor({ state: "detached" });
    await page.getByText("plain words").waitFor();
    await page.getByLabel("Event", { exact: true }).first().selectOption("");
    await page.getByLabel("Filter messages").fill("line 13");
    await page.getByText("line 23 of a log").waitFor({ state: "detached" });
    await page.getByText("line 13 of a log").click();
    await page.getByRole("complementary", { name: "The message" }).getByText('"line 13 of a log"').waitFor();
    operator.expectNoFaults();
  });

  test("a channel says who is present, what it holds and who reads it", async () => {
    await fetch(`${url}/presence/evals/4/logs?member=ada`, {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body: '{"typing":true}',
    });
    await using operator = await Operator.open(browser, `${url}/#/channels/evals/4/logs`);
    const present = operator.part("Present 1");
    await present.getByText('{"typing":true}').waitFor();
    expect(await present.innerText()).toContain("ada");
    await operator.part("Readers 1").getByText("has everything").waitFor();
    await operator.page.getByText(/^3 messages, /).waitFor();
    operator.expectNoFaults();
  });

  test("what publishers and refused clients say stays text, whatever it looks like", async () => {
    const markup = '<img src="x" onerror="document.title=1">';
    await tidings.publish("hostile/a", { [markup]: markup }, { event: "line" });
    await fetch(`${url}/channels/hostile/a?${encodeURIComponent(markup)}=1`);
    await using operator = await Operator.open(browser, `${url}/#/channels/hostile/a`);
    const { page } = operator;
    await page.getByRole("button", { name: /onerror/ }).click();
    await page
      .getByRole("complementary", { name: "The message" })
      .getByText(/onerror/)
      .first()
      .waitFor();
    await page.goto(`${url}/#/events?search=onerror`);
    await page
      .locator(".event")
      .getByText(/onerror/)
      .waitFor();
    await page.goto(`${url}/#/`);
    await operator
      .part("Refused and broken")
      .getByText(/onerror/)
      .waitFor();
    expect(await page.locator('img[src="x"]').count()).toBe(0);
    operator.expectNoFaults();
  });

  test("the first useful paint", async () => {
    await using operator = await Operator.open(browser, url);
    await operator.page.locator(".plot[data-points]").first().waitFor();
    const [first, useful] = await operator.page.evaluate(() => [
      performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
      performance.getEntriesByName("tidings.useful")[0]?.startTime ?? 0,
    ]);
    console.log(
      `first contentful paint: ${Math.round(first ?? 0)} ms; with plots and their history: ${Math.round(useful ?? 0)} ms`,
    );
    expect(useful).toBeGreaterThan(0);
  });

  test("below a base path, everything is found", async () => {
    const below = await createTidings({ log: "memory", basePath: "/live" });
    onTestFinished(() => below.close());
    await below.publish("a", 1);
    const listening = await below.listen({ port: 0 });
    await using operator = await Operator.open(browser, `${new URL(listening.url).origin}/live`);
    await operator.page
      .getByText("All is well")
      .or(operator.page.locator('.verdict[data-side="us"]'))
      .waitFor();
    await operator.page.goto(`${operator.page.url().split("#")[0]}#/channels`);
    await operator.link("a").waitFor();
    operator.expectNoFaults();
  });

  test("with authentication it asks for a credential, says which grant is missing, and shows nothing of it in a URL", async () => {
    const secured = await createTidings({
      log: "memory",
      auth: { jwt: [{ algorithm: "HS256", secret: SECRET }] },
    });
    onTestFinished(() => secured.close());
    const listening = await secured.listen({ port: 0 });
    await using operator = await Operator.open(browser, listening.url);
    const { page } = operator;
    const signIn = async (token: string): Promise<void> => {
      await page.getByLabel("Token or API key").fill(token);
      await page.keyboard.press("Enter");
    };
    await page.getByRole("heading", { name: "Who are you?" }).waitFor();
    expect(await findSerious(page)).toEqual([]);
    await operator.screenshot("sign-in");
    await signIn("no token at all");
    await page.getByRole("alert").getByText(/./).first().waitFor();
    const poor = sign({ subscribe: ["public/**"] });
    await signIn(poor);
    await page.getByRole("heading", { name: "A grant is missing" }).waitFor();
    await operator.screenshot("grant-missing");
    const rich = sign({ admin: ["**"] });
    await signIn(rich);
    await page.getByRole("region", { name: "Plots" }).waitFor();
    await page.reload();
    await page.getByRole("region", { name: "Plots" }).waitFor();
    for (const token of [poor, rich])
      expect(operator.tab.requests.filter((asked) => asked.includes(token))).toEqual([]);
    expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain(rich);
    await page.getByRole("button", { name: "Forget the credential" }).click();
    await page.getByRole("heading", { name: "Who are you?" }).waitFor();
    operator.expectNoFaults(/401|403/);
  });

  test("in a browser that keeps nothing for pages it works, and a credential is not taken and dropped in silence", async () => {
    const secured = await createTidings({
      log: "memory",
      auth: { jwt: [{ algorithm: "HS256", secret: SECRET }] },
    });
    onTestFinished(() => secured.close());
    const listening = await secured.listen({ port: 0 });
    await using operator = await Operator.open(browser, url);
    const { page } = operator;
    // As browsers do it where site data is blocked.
    await page.addInitScript(() => {
      for (const name of ["sessionStorage", "localStorage"] as const)
        Object.defineProperty(globalThis, name, {
          get: () => {
            throw new DOMException("Access is denied for this document.", "SecurityError");
          },
        });
    });
    await page.reload();
    await page.getByRole("region", { name: "Plots" }).waitFor();
    await page.goto(listening.url);
    await page.getByLabel("Token or API key").fill(sign({ admin: ["**"] }));
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("keeps nothing for this page").waitFor();
    operator.expectNoFaults(/401/);
  });

  test("the transport lab is a click away, and the dashboard from there", async () => {
    await using operator = await Operator.open(browser, url);
    await operator.isLive();
    await operator.click(operator.link("Lab"));
    await operator.page.waitForURL(`${url}/lab`);
    await operator.click(operator.link("Tidings, overview"));
    await operator.isLive();
    operator.expectNoFaults();
  });
});

function nameOf(place: string): string {
  return place.slice(2).replaceAll("/", "-") || "overview";
}

/** What is shown is there. */
async function settled(operator: Operator): Promise<void> {
  await operator.isLive();
  await operator.page.locator(".loading").first().waitFor({ state: "detached" });
  await operator.page.locator(".plot, .table, .events, .messages").first().waitFor();
}

/** A token (RFC 7519) that holds for some minutes. */
function sign(tidings: Readonly<Record<string, readonly string[]>>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const body = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: "ada", exp: Math.floor(Date.now() / 1_000) + 600, tidings })}`;
  return `${body}.${createHmac("sha256", SECRET).update(body).digest("base64url")}`;
}
