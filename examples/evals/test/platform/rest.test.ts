import { request } from "node:http";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { channelOf, LIST_CHANNEL } from "../../shared/channels.ts";
import { startPlatform } from "../../server/index.ts";
import { LIMITS } from "../../shared/limits.ts";
import { FIXTURES, HerePlatform } from "./support.ts";

let platform: HerePlatform;
let web: string;
beforeAll(async () => {
  web = await mkdtemp(join(tmpdir(), "evals-web-"));
  await mkdir(join(web, "assets"));
  await writeFile(join(web, "index.html"), "<!doctype html><title>Runs</title>");
  await writeFile(join(web, "assets", "index-Ab12_cd9.js"), "export {};");
  platform = await HerePlatform.start({ web });
});
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
  await rm(web, { recursive: true });
});

/** A request whose Host and Origin a browser would not let a script choose. */
async function askAs(headers: Record<string, string>): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  request(new URL("/api/kinds", platform.url), { headers }, (res) => {
    res.resume();
    resolve(res.statusCode ?? 0);
  })
    .on("error", reject)
    .end();
  return promise;
}

describe("REST", () => {
  test("tells everything that is wrong with a request at once, as a problem", async () => {
    const kind = await platform.ask("POST", "/api/evaluations", { kind: "none" });
    expect([kind.status, kind.headers.get("content-type")]).toEqual([422, "application/problem+json"]);
    expect(kind.body).toMatchObject({ code: "KIND_UNKNOWN", status: 422, errors: [{ path: "kind" }] });
    const parameters = await platform.ask("POST", "/api/evaluations", {
      kind: "echo",
      parameters: { word: 1, steps: 0, waitMs: 1.5, none: true },
    });
    expect(parameters.body.code).toBe("VALIDATION_FAILED");
    expect(parameters.body.errors).toEqual([
      { path: "parameters.none", message: "there is no such parameter; there are: word, steps, waitMs" },
      { path: "parameters.word", message: "must be a text" },
      { path: "parameters.steps", message: "must be at least 1" },
      { path: "parameters.waitMs", message: "must be a whole number" },
    ]);
    const fields = await platform.ask("POST", "/api/evaluations", {
      kind: "echo",
      priority: 101,
      createdBy: " ",
      limits: { timeoutMs: 99 },
      more: 1,
    });
    const paths = fields.body.errors.map(({ path }: { path: string }) => path);
    expect(paths.toSorted()).toEqual(["createdBy", "limits.timeoutMs", "more", "priority"]);
  });

  test("takes JSON alone, up to its limit", async () => {
    const post = async (body: string, type = "application/json") =>
      platform.ask("POST", "/api/evaluations", body, { "Content-Type": type });
    expect((await post("{", "application/json")).body.code).toBe("BODY_INVALID");
    expect((await post("{}", "text/plain")).body.code).toBe("CONTENT_TYPE_UNSUPPORTED");
    const padded = (bytes: number): string => `{"kind":"none"${" ".repeat(bytes - 15)}}`;
    expect((await post(padded(LIMITS.maxBodyBytes))).body.code).toBe("KIND_UNKNOWN");
    expect((await post(padded(LIMITS.maxBodyBytes + 1))).body.code).toBe("BODY_TOO_LARGE");
  });

  test("makes one evaluation for each Idempotency-Key, over a restart too", async () => {
    const headers = { "Idempotency-Key": "key-1" };
    const first = await platform.ask("POST", "/api/evaluations", { kind: "quick", priority: 1 }, headers);
    expect(first.status).toBe(201);
    expect(first.headers.get("location")).toBe(`/api/evaluations/${first.body.id}`);
    expect(first.body.id).toMatch(/^quick-[a-z0-9]{8}$/);
    await platform.restart();
    const second = await platform.ask("POST", "/api/evaluations", { priority: 1, kind: "quick" }, headers);
    expect([second.status, second.body.id]).toEqual([200, first.body.id]);
    const other = await platform.ask("POST", "/api/evaluations", { kind: "quick" }, headers);
    expect([other.status, other.body.code]).toEqual([422, "IDEMPOTENCY_KEY_REUSED"]);
    const bad = await platform.ask(
      "POST",
      "/api/evaluations",
      { kind: "quick" },
      { "Idempotency-Key": "a b" },
    );
    expect(bad.body.code).toBe("IDEMPOTENCY_KEY_INVALID");
    await platform.ended(first.body.id);
  });

  test("pages through the list, newest first; starts one again; deletes those that have ended", async () => {
    const id = await platform.start("quick", { createdBy: "Ada" });
    await platform.ended(id);
    const again = await platform.ask("POST", `/api/evaluations/${id}/again`, { createdBy: "Bob" });
    expect([again.status, again.body.createdBy]).toEqual([201, "Bob"]);
    await platform.ended(again.body.id);
    const first = await platform.ask("GET", "/api/evaluations?kind=quick&state=ended&limit=1");
    expect(first.body.evaluations.map(({ id: each }: { id: string }) => each)).toEqual([again.body.id]);
    const second = await platform.ask("GET", `/api/evaluations?kind=quick&limit=1&before=${first.body.next}`);
    expect(second.body.evaluations.map(({ id: each }: { id: string }) => each)).toEqual([id]);
    expect((await platform.ask("GET", "/api/evaluations?limit=501")).body.errors).toMatchObject([
      { path: "limit" },
    ]);
    expect((await platform.ask("GET", "/api/evaluations?limit=0&x=1")).body.errors).toHaveLength(2);
    const comment = { by: "Ada", text: "look at this" };
    expect((await platform.ask("POST", `/api/evaluations/${id}/comments`, comment)).status).toBe(201);
    expect((await platform.held(channelOf(id, "talk"))).map(({ data }) => data)).toEqual([comment]);
    expect((await platform.ask("DELETE", `/api/evaluations/${id}`)).status).toBe(204);
    expect((await platform.ask("GET", `/api/evaluations/${id}`)).body.code).toBe("EVALUATION_UNKNOWN");
    expect(await platform.held(channelOf(id, "talk"))).toEqual([]);
    const list = await platform.held(LIST_CHANNEL);
    expect(list.filter(({ key, deleted }) => key === id && deleted !== true)).toEqual([]);
    const running = await platform.start("forever");
    expect((await platform.ask("DELETE", `/api/evaluations/${running}`)).body.code).toBe("NOT_ENDED");
    await platform.ask("POST", `/api/evaluations/${running}/stop`);
    await platform.ended(running);
    const overview = await platform.ask("GET", "/api/overview");
    expect(overview.body.counts).toContainEqual({ kind: "forever", state: "stopped", count: 1 });
    expect(overview.body.durations.map(({ kind }: { kind: string }) => kind)).toContain("quick");
  });

  test("gives the log whole, by ranges, by lines and by what is searched for", async () => {
    const id = await platform.start("million", { parameters: { lines: 2_500 } });
    await platform.ended(id);
    const path = `/api/evaluations/${id}/log`;
    const whole = await platform.ask("GET", path);
    const lines = (whole.body as string).trimEnd().split("\n");
    expect(lines).toHaveLength(2_500);
    const tag = whole.headers.get("etag") ?? "";
    expect((await platform.ask("GET", path, undefined, { "If-None-Match": tag })).status).toBe(304);
    const size = (whole.body as string).length;
    const tail = await platform.ask("GET", path, undefined, { Range: "bytes=-10", "If-Range": tag });
    expect([tail.status, tail.headers.get("content-range"), tail.body]).toEqual([
      206,
      `bytes ${size - 10}-${size - 1}/${size}`,
      (whole.body as string).slice(-10),
    ]);
    expect(
      (await platform.ask("GET", path, undefined, { Range: "bytes=0-0", "If-Range": '"x"' })).status,
    ).toBe(200);
    const outside = await platform.ask("GET", path, undefined, { Range: `bytes=${size}-` });
    expect([outside.status, outside.headers.get("content-range")]).toEqual([416, `bytes */${size}`]);
    const middle = await platform.ask("GET", `${path}/lines?from=999&count=3`);
    expect(middle.body).toEqual({ from: 999, lines: lines.slice(998, 1_001), total: 2_500 });
    expect((await platform.ask("GET", `${path}/lines?from=2501`)).body.lines).toEqual([]);
    expect((await platform.ask("GET", `${path}/lines?count=2001`)).body.code).toBe("VALIDATION_FAILED");
    const found = await platform.ask("GET", `${path}/search?text=LINE%202&limit=3&after=100`);
    expect(found.body.matches.map(({ line }: { line: number }) => line)).toEqual([200, 201, 202]);
    const last = await platform.ask("GET", `${path}/search?text=line%202500&after=${found.body.next}`);
    expect(last.body).toEqual({ matches: [{ line: 2_500, text: lines[2_499] }], scanned: 2_298 });
    expect((await platform.ask("GET", `${path}/search?level=warn`)).body).toEqual({
      matches: [],
      scanned: 2_500,
    });
  });

  test("does not know what it does not know, and answers nobody else's pages", async () => {
    expect((await platform.ask("GET", "/api/none")).body).toMatchObject({ status: 404, code: "NOT_FOUND" });
    expect((await platform.ask("GET", "/api/evaluations/none-00000000/log")).body.code).toBe(
      "EVALUATION_UNKNOWN",
    );
    expect((await platform.ask("POST", "/")).status).toBe(405);
    expect(await askAs({ Host: "evil.example" })).toBe(403);
    expect(await askAs({ Origin: "https://evil.example" })).toBe(403);
    expect(await askAs({ "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors" })).toBe(403);
    expect(await askAs({ Origin: platform.url })).toBe(200);
    const published = await platform.ask("POST", `/tidings/channels/${LIST_CHANNEL}?key=x`, {});
    expect(published.status).toBe(403);
  });
});

describe("the pages", () => {
  test("come with a policy that lets nothing else run, and hashed files for ever", async () => {
    for (const path of ["/", "/runs/quick-12345678"]) {
      const page = await platform.ask("GET", path);
      expect([page.status, page.body]).toEqual([200, "<!doctype html><title>Runs</title>"]);
      const policy = page.headers.get("content-security-policy");
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
      expect(policy).not.toContain("unsafe");
      expect(page.headers.get("cache-control")).toBe("no-cache");
      const tag = page.headers.get("etag") ?? "";
      expect((await platform.ask("GET", path, undefined, { "If-None-Match": tag })).status).toBe(304);
    }
    const script = await platform.ask("GET", "/assets/index-Ab12_cd9.js");
    expect(script.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(script.headers.get("content-encoding")).toBe("gzip");
    expect(script.body).toBe("export {};");
    expect((await platform.ask("GET", "/assets/none.js")).status).toBe(404);
    expect((await platform.ask("GET", "/..%2f..%2fetc%2fpasswd")).body).not.toContain("root");
  });
});

describe("a start", () => {
  test("is refused beyond loopback, with a data folder whose sockets could have no name, and with a manifest that is wrong", async () => {
    const start = async (options: object) =>
      startPlatform({ port: 0, data: platform.data, evaluations: [FIXTURES], ...options });
    await expect(start({ host: "0.0.0.0" })).rejects.toThrow(/nobody is asked who they are/);
    await expect(start({ data: `/tmp/${"x".repeat(80)}` })).rejects.toThrow(/more than 80 bytes/);
    await expect(start({ parallel: 65 })).rejects.toThrow(/from 1 to 64/);
    const folder = join(web, "evaluations");
    await mkdir(join(folder, "bad"), { recursive: true });
    const rule = { name: "slow", severity: "info", title: "Slow", pattern: "(a+)\\1" };
    const manifest = {
      name: "bad",
      title: "Bad",
      command: ["true"],
      parameters: { n: { type: "integer", default: 0, min: 1 } },
      rules: [rule],
    };
    await writeFile(join(folder, "bad", "evaluation.json"), JSON.stringify(manifest));
    await expect(start({ evaluations: [folder] })).rejects.toThrow(
      /parameters\.n\.default must be at least 1; the pattern of rule "slow": .*linear time.*; lookarounds/,
    );
  });
});
