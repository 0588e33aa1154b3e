import { readdir, stat, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Artifacts } from "../../src/artifacts/index.ts";
import { OpenedArtifacts } from "./support/opened.ts";

const MINUTE = 60_000;

async function textOf(artifacts: Artifacts, id: string): Promise<string> {
  const body = await artifacts.open(id);
  try {
    const buffer = Buffer.alloc(artifacts.get(id).size);
    await body.read(buffer, 0);
    return buffer.toString();
  } finally {
    await body.close();
  }
}

describe.each(["lmdb", "memory"] as const)("payloads kept beside the %s log", (log) => {
  test("a payload is kept with its size, type and SHA-256, and found by its id", async () => {
    await using opened = await OpenedArtifacts.open({ log });
    const stored = await opened.put("a", "hello");
    expect(stored.artifact).toEqual({
      url: `/artifacts/${stored.id}`,
      size: 5,
      type: "text/plain; charset=utf-8",
      sha256: createHash("sha256").update("hello").digest("hex"),
    });
    expect(await opened.artifacts.find(stored.id)).toEqual(stored);
    expect(await textOf(opened.artifacts, stored.id)).toBe("hello");
  });

  test("lives exactly as long as the log holds its message", async () => {
    await using opened = await OpenedArtifacts.open({ log });
    const { id } = await opened.publish("a");
    await opened.push("a", 2);
    opened.nowMs += MINUTE;
    await opened.artifacts.sweep();
    expect(opened.artifacts.has(id)).toBe(true);
    await opened.push("a", 1);
    await opened.artifacts.sweep();
    expect(opened.artifacts.has(id)).toBe(false);
    await expect(opened.artifacts.find(id)).rejects.toMatchObject({ code: "ARTIFACT_UNKNOWN" });
    expect(opened.artifacts.bytes).toBe(0);
  });

  test("goes with a truncation of its channel", async () => {
    await using opened = await OpenedArtifacts.open({ log });
    const { id } = await opened.publish("a");
    await opened.log.truncate("a");
    opened.nowMs += MINUTE;
    await opened.artifacts.sweep();
    expect(opened.artifacts.has(id)).toBe(false);
  });

  test("one that two channels name is kept until both have dropped it", async () => {
    await using opened = await OpenedArtifacts.open({ log });
    const stored = await opened.publish("a");
    await opened.artifacts.bind(stored.id, "b", await opened.append("b", stored));
    await opened.log.truncate("a");
    opened.nowMs += MINUTE;
    await opened.artifacts.sweep();
    expect(opened.artifacts.has(stored.id)).toBe(true);
    await opened.log.truncate("b");
    await opened.artifacts.sweep();
    expect(opened.artifacts.has(stored.id)).toBe(false);
  });

  test("one whose publish failed is discarded at once", async () => {
    await using opened = await OpenedArtifacts.open({ log });
    const { id } = await opened.put("a");
    await opened.artifacts.discard(id);
    expect(opened.artifacts.has(id)).toBe(false);
    expect(opened.artifacts.bytes).toBe(0);
  });

  test("a sweep leaves alone what is being published", async () => {
    await using opened = await OpenedArtifacts.open({ log });
    const stored = await opened.put("a");
    opened.nowMs += 5 * MINUTE;
    await opened.artifacts.sweep();
    expect(opened.artifacts.has(stored.id)).toBe(true);
  });

  test("what is too large for one, or for the store, is refused and leaves nothing", async () => {
    await using opened = await OpenedArtifacts.open({
      log,
      limits: { maxArtifactBytes: 10, maxArtifactStoreBytes: 15 },
    });
    await expect(opened.put("a", "12345678901")).rejects.toMatchObject({ code: "ARTIFACT_TOO_LARGE" });
    const results = await Promise.allSettled([opened.put("a", "1234567890"), opened.put("a", "1234567890")]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(opened.artifacts.bytes).toBe(10);
    await expect(opened.put("a", "123456")).rejects.toMatchObject({ code: "STORE_FULL" });
    expect((await opened.put("a", "12345")).artifact.size).toBe(5);
  });
});

describe("payloads after a restart", () => {
  test("are there whole, and bound to their messages as before", async () => {
    await using opened = await OpenedArtifacts.open();
    await opened.push("a", 1);
    const stored = await opened.publish("a");
    await opened.restart();
    expect(await opened.artifacts.find(stored.id)).toEqual(stored);
    expect(await textOf(opened.artifacts, stored.id)).toBe("payload");
    opened.nowMs += MINUTE;
    await opened.artifacts.sweep();
    expect(opened.artifacts.has(stored.id)).toBe(true);
    await opened.push("a", 3);
    await opened.artifacts.sweep();
    expect(opened.artifacts.has(stored.id)).toBe(false);
  });

  test("one whose process ended between the append and bind is bound by its message", async () => {
    await using opened = await OpenedArtifacts.open();
    const stored = await opened.put("a");
    await opened.push("a", 1);
    await opened.append("a", stored);
    await opened.push("a", 1);
    await opened.restart();
    opened.nowMs += MINUTE;
    await opened.artifacts.sweep();
    expect(opened.artifacts.get(stored.id).references).toMatchObject([{ channel: "a", offset: 2 }]);
    await opened.push("a", 2);
    await opened.artifacts.sweep();
    expect(opened.artifacts.has(stored.id)).toBe(false);
  });

  test("one whose process ended before the append is removed", async () => {
    await using opened = await OpenedArtifacts.open();
    const { id } = await opened.put("a");
    const other = await opened.publish("a");
    await opened.restart();
    expect(opened.artifacts.has(id)).toBe(true);
    await opened.artifacts.sweep();
    expect(opened.artifacts.has(id)).toBe(false);
    expect(opened.artifacts.has(other.id)).toBe(true);
  });

  test("damaged records, bodies cut short and strays are passed over, and swept", async () => {
    await using opened = await OpenedArtifacts.open();
    const [good, damaged, short] = [
      await opened.publish("a"),
      await opened.publish("a"),
      await opened.publish("a"),
    ];
    await writeFile(join(opened.path, "artifacts", `${damaged.id}.json`), '{"v":1,"id":');
    await writeFile(join(opened.path, "bodies", short.id), "pay");
    await writeFile(join(opened.path, "bodies", "straystraystray0"), "x");
    await writeFile(join(opened.path, "artifacts", "half.1.tmp"), "x");
    await opened.restart();
    expect([good, damaged, short].map(({ id }) => opened.artifacts.has(id))).toEqual([true, false, false]);
    expect(await readdir(join(opened.path, "bodies"))).toEqual([good.id]);
    expect(await readdir(join(opened.path, "artifacts"))).toEqual([`${good.id}.json`]);
  });

  test("the folder is its owner's alone", async () => {
    await using opened = await OpenedArtifacts.open();
    const { id } = await opened.put("a");
    expect((await stat(opened.path)).mode & 0o777).toBe(0o700);
    expect((await stat(join(opened.path, "bodies", id))).mode & 0o777).toBe(0o600);
  });
});
