import { describeInBrowser } from "@tidings/testing/browser";
import { createTidings } from "tidings";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Happening } from "../behaviour/driver.ts";
import { type ChromiumDriver, openChromium, type PageClient } from "./chromium-driver.ts";

const PLAIN_CLIENT = new URL("./plain-client.ts", import.meta.url);

interface Server extends AsyncDisposable {
  readonly url: string;
  publish(data: unknown): Promise<unknown>;
}

async function listen(origins: readonly string[]): Promise<Server> {
  const tidings = await createTidings({ log: "memory", drainMs: 0, cors: { origins } });
  const { url } = await tidings.listen({ port: 0 });
  const publish = async (data: unknown): Promise<unknown> => tidings.publish("numbers", data);
  return { url, publish, [Symbol.asyncDispose]: async () => tidings.close() };
}

describeInBrowser("clients in pages of Chromium", () => {
  let driver: ChromiumDriver;
  let server: Server;
  beforeAll(async () => {
    driver = await openChromium(PLAIN_CLIENT);
    server = await listen([driver.origin]);
  });
  afterAll(async () => {
    await driver.close();
    await server[Symbol.asyncDispose]();
  });

  test("tell all that happens, in order, and answer what they are asked", async () => {
    const told: Happening[] = [];
    const client = await driver.open(server.url, { transport: "sse" }, (what) => told.push(what));
    for (let n = 1; n <= 500; n++) await server.publish({ n });
    expect(await client.publish("numbers", "message", { n: 501 })).toMatchObject({ ok: true });
    await client.read("numbers", { since: "earliest" });
    await vi.waitFor(() => expect(told).toHaveLength(502), 10_000);
    expect(told[0]).toMatchObject({ type: "state", state: { name: "live" } });
    expect(told.slice(1).map((what) => what.type === "message" && what.data)).toEqual(
      Array.from({ length: 501 }, (_, at) => ({ n: at + 1 })),
    );
    await client.close();
    expect(client.page.isClosed()).toBe(true);
  });

  test("are of another origin than the server, which lets them in only where it is told to", async () => {
    await using strict = await listen([]);
    const client = await driver.open(strict.url, {}, () => undefined);
    expect(await client.command("where", 1)).toMatchObject({ ok: true, value: { origin: driver.origin } });
    expect(driver.origin).not.toBe(strict.url);
    expect(await client.publish("numbers", "message", 1)).toMatchObject({
      ok: false,
      fault: { code: "UNREACHABLE" },
    });
    await client.close();
  });

  test("have storage of their own, unless they are tabs beside each other", async () => {
    const silent = (): void => undefined;
    const tabs = await driver.tabs();
    const clients: readonly PageClient[] = [
      await driver.open(server.url, {}, silent),
      await driver.open(server.url, {}, silent),
      await tabs.open(server.url, {}, silent),
      await tabs.open(server.url, {}, silent),
    ];
    const found: unknown[] = [];
    for (const client of clients) found.push(await client.command("keep", found.length));
    expect(found).toMatchObject([null, null, null, "2"].map((kept) => ({ value: { kept } })));
    await tabs.close();
  });

  test("leave what nobody caught or handled to be seen", async () => {
    const client = await driver.open(server.url, {}, () => undefined);
    expect(driver.uncaught).toEqual([]);
    await client.command("fail-later", 0);
    await vi.waitFor(() => expect(driver.uncaught).toEqual([expect.stringContaining("nobody handles this")]));
  });
});
