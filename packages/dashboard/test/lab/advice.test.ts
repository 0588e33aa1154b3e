import { advise, USE_CASES } from "@tidings/protocol";
import { describeInBrowser, launchBrowser } from "@tidings/testing/browser";
import type { Browser } from "playwright-core";
import { createTidings, type Tidings } from "tidings";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { findSerious } from "../support/accessibility.ts";
import { Visitor } from "./visitor.ts";

describeInBrowser("the lab's page on a server that is no lab", () => {
  let tidings: Tidings;
  let url: string;
  let browser: Browser;
  let visitor: Visitor;

  beforeAll(async () => {
    tidings = await createTidings({ log: "memory" });
    ({ url } = await tidings.listen({ port: 0 }));
    browser = await launchBrowser();
    visitor = await Visitor.open(browser, url);
  });
  afterAll(async () => {
    await browser.close();
    await tidings.close();
  });

  test("says how a lab is started", async () => {
    await visitor.page.getByText("npx tidings lab").waitFor();
    expect(await visitor.button("Start").count()).toBe(0);
    expect(await visitor.button("Measure this").count()).toBe(0);
  });

  test("advises for each use case as advise() does", async () => {
    const { page } = visitor;
    for (const { name, needs } of USE_CASES) {
      const { choice, fallback, settings } = advise(needs);
      await page.getByLabel("What do you build?").selectOption(name);
      expect(await page.locator("[data-advice]").getAttribute("data-advice"), name).toBe(
        choice?.transport ?? "none",
      );
      const other = page.locator("[data-advice-fallback]");
      if (fallback === null) expect(await other.count(), name).toBe(0);
      else expect(await other.getAttribute("data-advice-fallback"), name).toBe(fallback.transport);
      // By itself it changes only where it was not told to stay.
      const isPinned = settings.some(({ where, name: set }) => where === "client" && set === "transport");
      if (isPinned)
        expect(await page.locator(".advice").innerText(), name).not.toContain("changes by itself");
      const [reasons] = await page.locator(".advice > .reasons").allInnerTexts();
      for (const { text } of choice?.reasons ?? []) expect(reasons, name).toContain(text);
      expect(await page.locator(".settings li").count(), name).toBe(settings.length);
    }
  });

  test("a need that is changed changes the advice, and what is impossible is said at its field", async () => {
    const { page } = visitor;
    await page.getByLabel("What do you build?").selectOption("dashboard");
    await page
      .getByRole("group", { name: "What stands between client and server?" })
      .getByLabel("what holds an answer")
      .check();
    expect(await page.locator("[data-advice]").getAttribute("data-advice")).toBe(
      advise({ ...USE_CASES.find(({ name }) => name === "dashboard")?.needs, proxies: ["buffering"] }).choice
        ?.transport,
    );
    await page.getByLabel("How late may a message be?").fill("0.5");
    await page.keyboard.press("Tab");
    await page.getByText("latencyMs cannot be 0.5").waitFor();
    expect(await page.getByLabel("What do you build?").inputValue()).toBe("");
  });

  test("by keyboard: what would change the advice is tried by Enter", async () => {
    const { page } = visitor;
    await page.getByLabel("What do you build?").selectOption("dashboard");
    const before = await page.locator("[data-advice]").getAttribute("data-advice");
    await page.getByRole("button", { name: "Interactivity one-result" }).focus();
    await page.keyboard.press("Enter");
    await page.locator('[data-advice="long-poll"]').waitFor();
    expect(before).toBe("sse");
  });

  test("is fit for every eye and screen", async () => {
    const { page } = visitor;
    await page.getByLabel("What do you build?").selectOption("game");
    for (const theme of ["dark", "light"] as const) {
      await visitor.setTheme(theme);
      expect(await findSerious(page), theme).toEqual([]);
      await visitor.screenshot(`advice-${theme}`);
    }
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await visitor.overflow()).toBe(0);
    await visitor.screenshot("advice-phone");
    visitor.expectNoFaults();
  });

  test("on a server that asks for a credential it advises all the same", async () => {
    const secret = "a secret of these tests alone, long enough to be taken";
    const closed = await createTidings({ log: "memory", auth: { jwt: [{ algorithm: "HS256", secret }] } });
    onTestFinished(() => closed.close());
    const listening = await closed.listen({ port: 0 });
    await using guest = await Visitor.open(browser, listening.url);
    await guest.page.getByText("it asks for a credential, which a lab does not").waitFor();
    await guest.page.locator("[data-advice]").waitFor();
  });
});
