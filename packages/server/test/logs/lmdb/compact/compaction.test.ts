import type { NewMessage, Offset } from "@tidings/protocol";
import { messageBytes } from "@tidings/protocol";
import { open as openLmdb } from "lmdb";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { LmdbLog, type LmdbLogOptions } from "../../../../src/logs/lmdb/index.ts";
import { plainOptions, temporaryFolder } from "../opened.ts";

const NONE = Number.POSITIVE_INFINITY;
const WHOLE = { maxMessages: NONE, maxBytes: NONE };
const START = 0 as Offset;

function value(key: string, data: string | Uint8Array): NewMessage {
  return { event: "message", kind: "text", data: Buffer.from(data), key };
}

function deletion(key: string): NewMessage {
  return { event: "message", kind: "none", data: new Uint8Array(0), key };
}

function compactOptions(path: string): LmdbLogOptions {
  const retention = { maxMessages: NONE, maxBytes: NONE, maxAgeMs: NONE, compact: true };
  return { ...plainOptions(path), retentionOf: () => retention };
}

/** Numbers from 0 up to a bound, in an order that looks like none. */
function* shuffled(bound: number): Generator<number, never> {
  for (let state = 1; ;) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    yield (state >>> 8) % bound;
  }
}

describe("the room of a compact channel", () => {
  test(
    "what is superseded makes room in the same commit: the file stops growing",
    { timeout: 60_000 },
    async () => {
      await using folder = await temporaryFolder();
      const log = await LmdbLog.open(compactOptions(folder.path));
      const keys = shuffled(2_000);
      const size = async (): Promise<number> => (await stat(join(folder.path, "data.mdb"))).size;
      const round = (): Promise<unknown> =>
        Promise.all(
          Array.from({ length: 20 }, () =>
            log.append(
              "a",
              Array.from({ length: 50 }, () => value(`k${keys.next().value}`, "x".repeat(100))),
            ),
          ),
        );
      for (let rounds = 0; rounds < 30; rounds++) await round();
      const settled = await size();
      for (let rounds = 0; rounds < 120; rounds++) await round();
      // 120,000 updates of 300 bytes with all that is around them: 36 MB, were they kept.
      expect(await size()).toBeLessThan(settled * 1.3);
      expect(settled).toBeLessThan(8_000_000);
      expect(await log.describe("a")).toMatchObject({ head: 150_000, messages: 2_000 });
      await log.close();
    },
  );

  test("values of a megabyte are let go as they are superseded", { timeout: 30_000 }, async () => {
    await using folder = await temporaryFolder();
    const log = await LmdbLog.open(compactOptions(folder.path));
    const data = new Uint8Array(1_048_576);
    for (let at = 0; at < 60; at++) await log.append("a", [value(`k${at % 3}`, data)]);
    expect((await stat(join(folder.path, "data.mdb"))).size).toBeLessThan(16_000_000);
    await log.close();
  });

  test("a full store takes values in others' place, and deletions, and refuses only what is more", async () => {
    await using folder = await temporaryFolder();
    const log = await LmdbLog.open({ ...compactOptions(folder.path), maxMapBytes: 400_000 });
    const data = new Uint8Array(1_000);
    const full = async (): Promise<number> => {
      for (let at = 0; ; at++) {
        const answer = await log
          .append("a", [value(`k${at}`, data)])
          .catch((error: { code: string }) => error.code);
        if (typeof answer === "object") continue;
        expect(answer).toBe("LOG_FULL");
        return at;
      }
    };
    const count = await full();
    for (let at = 0; at < count; at++) await log.append("a", [value(`k${at}`, data)]);
    await log.append("a", [deletion("k1")]);
    for (let at = 0; at < count / 2; at++) await log.append("a", [deletion(`k${at}`)]);
    await log.append("a", [value("new", data)]);
    await log.close();
  });
});

describe("a compact channel", () => {
  test("read while it is appended to shows every key in every page, and no older value than one before", async () => {
    await using folder = await temporaryFolder();
    const log = await LmdbLog.open({ ...compactOptions(folder.path), maxCachedChannels: 1 });
    const keys = Array.from({ length: 40 }, (_, at) => `k${at}`);
    await log.append(
      "a",
      keys.map((key) => value(key, "0")),
    );
    let isDone = false;
    const publish = async (start: number): Promise<void> => {
      for (let at = start; at < 3_000; at += 10) await log.append("a", [value(`k${at % 40}`, `${at}`)]);
    };
    const seen = new Map<string, number>();
    const look = async (): Promise<number> => {
      let looks = 0;
      for (; !isDone; looks++) {
        const { messages, head } = await log.read("a", START, WHOLE);
        expect(new Set(messages.map(({ key }) => key)).size).toBe(40);
        expect(messages).toHaveLength(40);
        expect(messages.at(-1)?.offset).toBe(head);
        for (const { key = "", offset } of messages) {
          expect(offset).toBeGreaterThanOrEqual(seen.get(key) ?? 0);
          seen.set(key, offset);
        }
        const [listed, after] = await Promise.all([
          log.channels({ prefix: "", after: "", limit: 10 }),
          log.offsetBeforeLast("a", 5),
          log.read("other", START, WHOLE),
        ]);
        expect(listed[0]).toMatchObject({ messages: 40 });
        expect(after).toBeGreaterThanOrEqual(head - 5);
        await new Promise((resolve) => setImmediate(resolve));
      }
      return looks;
    };
    const looking = look();
    await Promise.all(Array.from({ length: 10 }, (_, at) => publish(at))).finally(() => (isDone = true));
    expect(await looking).toBeGreaterThan(5);
    await log.close();
  });

  test("ephemeral messages and followers do not wait for its commits", async () => {
    await using folder = await temporaryFolder();
    const log = await LmdbLog.open(compactOptions(folder.path));
    await log.append("a", [value("x", "1")]);
    await log.follow("a");
    const told: string[] = [];
    log.tail(({ messages }) => told.push(...messages.map(({ data }) => Buffer.from(data).toString())));
    const appended = log.append("a", [value("x", "2")]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await log.follow("a")).toMatchObject({ head: 1 });
    await log.broadcast("a", [value("x", "ephemeral")]);
    expect(told).toEqual(["ephemeral"]);
    await appended;
    expect(told).toEqual(["ephemeral", "2"]);
    await log.close();
  });

  test("keys of any length, and those that begin as another does, are kept apart", async () => {
    await using folder = await temporaryFolder();
    const log = await LmdbLog.open(compactOptions(folder.path));
    const names = [
      "",
      "k",
      "k\0",
      "x".repeat(1_024),
      "x".repeat(1_025),
      "x".repeat(60_000),
      `${"x".repeat(60_000)}y`,
    ];
    for (const round of ["1", "2"]) for (const name of names) await log.append("a", [value(name, round)]);
    const { messages } = await log.read("a", START, WHOLE);
    expect(messages.map(({ key }) => key)).toEqual(names);
    await log.append("b", [value("k", "of another channel")]);
    await log.truncate("a");
    expect(await log.describe("b")).toMatchObject({ messages: 1 });
    await log.close();
  });

  test("of a stored payload keeps the reference, and counts its bytes", async () => {
    await using folder = await temporaryFolder();
    const log = await LmdbLog.open(compactOptions(folder.path));
    const message = { ...value("k", ""), artifact: Buffer.from('{"artifact":{"url":"/artifacts/1"}}') };
    await log.append("a", [value("k", "before")]);
    await log.append("a", [message]);
    const { messages } = await log.read("a", START, WHOLE);
    expect(messages.map(({ artifact }) => String(Buffer.from(artifact ?? [])))).toEqual([
      String(message.artifact),
    ]);
    expect(await log.describe("a")).toMatchObject({ bytes: messageBytes(message) });
    await log.close();
  });

  test("many deletions that are over their age go bit by bit, by sweeps", { timeout: 30_000 }, async () => {
    await using folder = await temporaryFolder();
    let nowMs = 1_000;
    const retention = { maxMessages: NONE, maxBytes: NONE, maxAgeMs: 10, compact: true };
    const log = await LmdbLog.open({
      ...plainOptions(folder.path),
      retentionOf: () => retention,
      nowMs: () => nowMs,
    });
    const keys = Array.from({ length: 9_000 }, (_, at) => `k${at}`);
    await log.append(
      "a",
      keys.map((key) => value(key, "x".repeat(200))),
    );
    await log.append(
      "a",
      keys.map((key) => deletion(key)),
    );
    await log.append("a", [value("last", "1")]);
    nowMs += 11;
    expect(await log.describe("a")).toMatchObject({ messages: 1, resumable: 18_000 });
    expect((await log.read("a", START, WHOLE)).messages).toHaveLength(1);
    expect(await log.offsetBeforeLast("a", 1)).toBe(0);
    expect(await log.offsetBeforeLast("a", 5)).toBe(0);
    // A key may be set again before its deletion was removed.
    await log.append("a", [value("k8999", "again")]);
    for (let sweeps = 0; sweeps < 4; sweeps++) await log.sweep();
    expect((await log.read("a", START, WHOLE)).messages.map(({ key }) => key)).toEqual(["last", "k8999"]);
    await log.close();
    expect(await entriesOf(folder.path)).toEqual({ blocks: 2, newest: 2, rest: 0 });
  });

  test("that was truncated leaves nothing behind, once it was swept", async () => {
    await using folder = await temporaryFolder();
    const log = await LmdbLog.open(compactOptions(folder.path));
    const keys = Array.from({ length: 5_000 }, (_, at) => `k${at}`);
    await log.append(
      "a",
      keys.map((key) => (key.endsWith("7") ? deletion(key) : value(key, "1"))),
    );
    await log.append("a", [value("k0", "2"), value("later", "1")]);
    await log.truncate("a", 5_001 as Offset);
    expect(await log.describe("a")).toMatchObject({ messages: 1, earliest: 5_002, resumable: 5_001 });
    for (let sweeps = 0; sweeps < 3; sweeps++) await log.sweep();
    await log.append("a", [value("k1", "2")]);
    expect(await log.describe("a")).toMatchObject({ messages: 2, head: 5_003 });
    await log.close();
    expect(await entriesOf(folder.path)).toEqual({ blocks: 2, newest: 2, rest: 0 });
  });

  test("with a damaged message says so to readers, takes appends, and is whole again once that is superseded", async () => {
    await using folder = await temporaryFolder();
    const options = compactOptions(folder.path);
    const before = await LmdbLog.open(options);
    await before.append("a", [value("x", "damage me"), value("y", "1")]);
    await before.close();
    const file = join(folder.path, "data.mdb");
    const bytes = await readFile(file);
    for (let at = bytes.indexOf("damage me"); at >= 0; at = bytes.indexOf("damage me", at + 1))
      bytes[at] = 0x44;
    await writeFile(file, bytes);
    const log = await LmdbLog.open(options);
    await expect(log.read("a", START, WHOLE)).rejects.toMatchObject({
      code: "LOG_UNAVAILABLE",
      message: /the block at offset 1 is damaged/,
    });
    await log.append("a", [value("y", "2")]);
    await log.append("a", [value("x", "whole")]);
    expect((await log.read("a", START, WHOLE)).messages.map(({ offset }) => offset)).toEqual([3, 4]);
    await log.close();
  });
});

test("a log that was written before channels were compacted opens, with all it holds, and is of this format then", async () => {
  await using folder = await temporaryFolder();
  const options = plainOptions(folder.path);
  const before = await LmdbLog.open(options);
  const { epoch } = await before.append("a", [value("x", "1"), value("x", "2")]);
  await before.close();
  const root = openLmdb({
    path: folder.path,
    noSubdir: false,
    keyEncoding: "binary",
    encoding: "binary",
    maxDbs: 10,
  });
  for (const name of ["newest", "rest"])
    root.openDB({ name, keyEncoding: "binary", encoding: "binary" }).dropSync();
  const store = root.openDB<Buffer, Buffer>({ name: "store", keyEncoding: "binary", encoding: "binary" });
  const format = Buffer.from("format");
  expect(String(store.get(format))).toBe("tidings log 2");
  store.putSync(format, Buffer.from("tidings log 1"));
  await root.close();
  const log = await LmdbLog.open(compactOptions(folder.path));
  const page = await log.read("a", START, WHOLE);
  expect(page).toMatchObject({ epoch, head: 2, earliest: 1, resumable: 0 });
  expect(page.messages.map(({ offset }) => offset)).toEqual([2]);
  await log.close();
});

/** How many entries the tables of a closed log have that a compact channel makes. */
async function entriesOf(path: string): Promise<Record<string, number>> {
  const root = openLmdb({ path, noSubdir: false, readOnly: true, keyEncoding: "binary", encoding: "binary" });
  const counts = ["blocks", "newest", "rest"].map((name) => [
    name,
    root.openDB({ name, keyEncoding: "binary", encoding: "binary" }).getCount(),
  ]);
  await root.close();
  return Object.fromEntries(counts) as Record<string, number>;
}
