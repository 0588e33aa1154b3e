import { open as openLmdb } from "lmdb";
import { open, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { LmdbLog } from "../../../src/logs/lmdb/index.ts";
import { plainOptions, temporaryFolder } from "./opened.ts";

const PAGE = { maxMessages: 1_000, maxBytes: 100_000_000 };

function message(text: string): { event: string; kind: "text"; data: Uint8Array } {
  return { event: "message", kind: "text", data: Buffer.from(text) };
}

/** A closed log with 300 messages of 1,000 bytes. */
async function written(path: string): Promise<string> {
  const log = await LmdbLog.open(plainOptions(path));
  for (let round = 0; round < 10; round++) {
    await log.append(
      "a",
      Array.from({ length: 30 }, (_, at) => message(`${round}.${at} `.padEnd(1_000, "x"))),
    );
  }
  await log.append("b", [message("untouched")]);
  await log.close();
  return join(path, "data.mdb");
}

test.skipIf(process.platform === "win32")("a folder that is made is for its own user alone", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "made", "deep");
  await (await LmdbLog.open(plainOptions(path))).close();
  expect((await stat(path)).mode & 0o777).toBe(0o700);
});

describe("a folder that is no log", () => {
  test("a file where the folder should be is named", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "file");
    await writeFile(path, "hello");
    await expect(LmdbLog.open(plainOptions(path))).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: /is a file and not a folder/,
    });
    const below = join(path, "below");
    await expect(LmdbLog.open(plainOptions(below))).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  test("a data file of something else is left alone", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "data.mdb");
    const bytes = Buffer.alloc(20_000, "not lmdb ");
    await writeFile(file, bytes);
    await expect(LmdbLog.open(plainOptions(folder.path))).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: /is not a log of Tidings, or its beginning is damaged/,
    });
    expect(await readFile(file)).toEqual(bytes);
  });

  test("another program's LMDB store is left alone", async () => {
    await using folder = await temporaryFolder();
    const other = openLmdb({ path: folder.path, noSubdir: false });
    await other.openDB({ name: "recipes" }).put("soup", 1);
    await other.close();
    await expect(LmdbLog.open(plainOptions(folder.path))).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: /is another program's: it has the tables recipes; name another folder/,
    });
    const again = openLmdb({ path: folder.path, noSubdir: false });
    expect([...again.getKeys()].length).toBe(1);
    expect(again.openDB({ name: "recipes" }).get("soup")).toBe(1);
    await again.close();
  });

  test("a log of a later format says which", async () => {
    await using folder = await temporaryFolder();
    await written(folder.path);
    const root = openLmdb({ path: folder.path, noSubdir: false, overlappingSync: false });
    const store = root.openDB({ name: "store", keyEncoding: "binary", encoding: "binary" });
    await store.put(Buffer.from("format"), Buffer.from("tidings log 99"));
    await root.close();
    await expect(LmdbLog.open(plainOptions(folder.path))).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: /has the format "tidings log 99" and this version reads "tidings log 1"/,
    });
  });

  test("options that make no sense name their field", async () => {
    for (const [field, value] of [
      ["path", ""],
      ["maxMapBytes", 0],
      ["maxPendingBytes", Number.NaN],
      ["maxCachedChannels", -1],
    ]) {
      const options = { ...plainOptions("/nowhere"), [field as string]: value };
      await expect(LmdbLog.open(options)).rejects.toMatchObject({
        code: "CONFIG_INVALID",
        details: { field },
      });
    }
  });
});

describe("a log that was damaged", () => {
  test("a data file that was cut short is refused before anything reads past its end", async () => {
    await using folder = await temporaryFolder();
    const log = await LmdbLog.open(plainOptions(folder.path));
    for (let round = 0; round < 4; round++) await log.append("a", [message("x".repeat(1_000_000))]);
    await log.close();
    const file = join(folder.path, "data.mdb");
    await truncate(file, 40_960);
    await expect(LmdbLog.open(plainOptions(folder.path))).rejects.toMatchObject({
      code: "LOG_UNAVAILABLE",
      message: /was cut short: it has 40960 bytes and should have \d+; restore the folder from a copy/,
    });
  });

  test("a damaged block is an error that names it, and everything else goes on", async () => {
    await using folder = await temporaryFolder();
    const file = await written(folder.path);
    const bytes = await readFile(file);
    const at = bytes.indexOf("5.7 xxx");
    const handle = await open(file, "r+");
    await handle.write(Buffer.from("wrong"), 0, 5, at + 20);
    await handle.close();

    const log = await LmdbLog.open(plainOptions(folder.path));
    const first = await log.read("a", 0 as never, { ...PAGE, maxMessages: 100 });
    expect(first.messages).toHaveLength(100);
    await expect(log.read("a", 0 as never, PAGE)).rejects.toMatchObject({
      code: "LOG_UNAVAILABLE",
      message: /channel "a" of the log could not be read \(the block at offset 151 is damaged/,
    });
    expect((await log.read("b", 0 as never, PAGE)).messages).toHaveLength(1);
    const { offset } = await log.append("a", [message("still taken")]);
    expect((await log.read("a", (offset - 1) as typeof offset, PAGE)).messages).toHaveLength(1);
    // Truncating is the way out: what is behind the damage is read again.
    await log.truncate("a", 200 as typeof offset);
    expect((await log.read("a", 0 as never, PAGE)).messages).toHaveLength(101);
    await log.close();
  });
});
