import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hashOfKey, idOfKey, isSameHash, newApiKey } from "../../src/auth/api-key.ts";
import { changeKeyFile } from "../../src/auth/change-key-file.ts";
import { KeyFile, MAX_KEYS, type KeyRecord, readKeyFile, writeKeyFile } from "../../src/auth/key-file.ts";

let folder = "";
let path = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidings-keys-"));
  path = join(folder, "keys.json");
});
afterEach(() => rm(folder, { recursive: true }));

describe("an API key", () => {
  test("is an id that may be shown and 256 random bits", () => {
    const keys = Array.from({ length: 100 }, () => newApiKey());
    expect(new Set(keys.map(({ key }) => key)).size).toBe(100);
    for (const { id, key } of keys) expect(idOfKey(key)).toBe(id);
    expect(keys[0]?.key).toHaveLength("tk_".length + 12 + 1 + 43);
  });

  test.each(["", "tk_", "tk_abc_def", `${newApiKey().key}x`, "bearer"])("%j is none", (text) => {
    expect(idOfKey(text)).toBeUndefined();
  });

  test("is kept as a hash", () => {
    const { key } = newApiKey();
    expect(hashOfKey(key)).toMatch(/^[0-9a-f]{64}$/);
    expect(isSameHash(hashOfKey(key), hashOfKey(key))).toBe(true);
    expect(isSameHash(hashOfKey(key), hashOfKey(newApiKey().key))).toBe(false);
    expect(isSameHash(hashOfKey(key), "")).toBe(false);
  });
});

describe("the file of keys", () => {
  test("that is not there has none; once written it is for its owner alone, and holds no key", async () => {
    expect(readKeyFile(path)).toEqual({ exists: false, keys: [] });
    const { key, record } = newRecord("ci");
    await writeKeyFile(path, [record]);
    expect(readKeyFile(path)).toEqual({ exists: true, keys: [record] });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, "utf8")).not.toContain(key);
  });

  test.each([
    ["no JSON", "{"],
    ["another version", '{"v":2,"keys":[]}'],
    ["a member that is not known", '{"v":1,"keys":[],"admin":true}'],
    ["a hash that is none", JSON.stringify({ v: 1, keys: [{ ...newRecord("ci").record, hash: "0" }] })],
  ])("with %s is refused, and the place is named", async (_, text) => {
    await writeFile(path, text);
    expect(() => readKeyFile(path)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    expect(() => readKeyFile(path)).toThrow(path);
  });

  test("knows its keys, and none with the same id and another secret", async () => {
    const { key, record } = newRecord("ci");
    await writeKeyFile(path, [record]);
    await using keys = opened();
    expect(keys.file.find(key)).toMatchObject({ kind: "key", subject: "ci", id: record.id });
    expect(keys.file.find(key)?.grants.allows("publish", "evals/1")).toBe(true);
    expect(keys.file.find(`${key.slice(0, -1)}${key.endsWith("A") ? "B" : "A"}`)).toBeUndefined();
    expect(keys.file.find(newApiKey().key)).toBeUndefined();
  });

  test("does not know a key that has expired", async () => {
    const { key, record } = newRecord("ci");
    await writeKeyFile(path, [{ ...record, expiresAt: "2020-01-01T00:00:00Z" }]);
    await using keys = opened();
    expect(keys.file.find(key)).toBeUndefined();
  });

  test("is read again when it changes: a new key counts, and one that is gone does not", async () => {
    const [old, next] = [newRecord("old"), newRecord("next")];
    await writeKeyFile(path, [old.record]);
    await using keys = opened();
    const changed = keys.changed();
    await writeKeyFile(path, [next.record]);
    await changed;
    expect(keys.file.find(old.key)).toBeUndefined();
    expect(keys.file.current(old.record.id)).toBeUndefined();
    expect(keys.file.find(next.key)).toMatchObject({ subject: "next" });
  });

  test("that breaks while it is in use is told, and the keys from before go on", async () => {
    const { key, record } = newRecord("ci");
    await writeKeyFile(path, [record]);
    await using keys = opened();
    const fault = keys.fault();
    await writeFile(path, "{");
    expect(await fault).toMatchObject({ code: "CONFIG_INVALID" });
    expect(keys.file.find(key)).toMatchObject({ subject: "ci" });
  });
});

describe("a change of the file of keys", () => {
  test("that throws leaves the file as it was, and does not keep others out", async () => {
    const { record } = newRecord("ci");
    await changeKeyFile(path, () => [record]);
    const change = changeKeyFile(path, () => {
      throw new Error("no");
    });
    await expect(change).rejects.toThrow("no");
    await changeKeyFile(path, (keys) => keys, 0);
    expect(readKeyFile(path).keys).toEqual([record]);
  });

  test("that meets the lock of a crashed one tells what to delete, and does not break it", async () => {
    await writeFile(`${path}.lock`, "4321\n");
    const change = changeKeyFile(path, () => [newRecord("ci").record], 0);
    await expect(change).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await expect(change).rejects.toThrow(/keys\.json\.lock is held by process 4321.*delete it/);
    expect(await readFile(`${path}.lock`, "utf8")).toBe("4321\n");
    expect(readKeyFile(path).exists).toBe(false);
  });

  test("to more keys than may be is refused", async () => {
    const { record } = newRecord("ci");
    const many = Array.from({ length: MAX_KEYS + 1 }, () => record);
    await expect(changeKeyFile(path, () => many)).rejects.toThrow(`more than ${MAX_KEYS} keys`);
    expect(readKeyFile(path).exists).toBe(false);
  });
});

function newRecord(name: string): { readonly key: string; readonly record: KeyRecord } {
  const { id, key } = newApiKey();
  const grants = { publish: ["evals/**"] };
  return { key, record: { id, name, hash: hashOfKey(key), grants, createdAt: "2026-11-21T00:00:00Z" } };
}

function opened(): AsyncDisposable & {
  readonly file: KeyFile;
  readonly changed: () => Promise<void>;
  readonly fault: () => Promise<unknown>;
} {
  const changed = Promise.withResolvers<void>();
  const fault = Promise.withResolvers<unknown>();
  const file = new KeyFile(path, { nowMs: Date.now, onChanged: changed.resolve, onFault: fault.resolve });
  return {
    file,
    changed: () => changed.promise,
    fault: () => fault.promise,
    async [Symbol.asyncDispose]() {
      file.close();
    },
  };
}
