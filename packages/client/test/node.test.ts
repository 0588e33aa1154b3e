import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fileCursors } from "../src/node.ts";

describe("cursors in a file", () => {
  let home: string;
  let file: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "tidings-cursors-"));
    file = join(home, "state", "cursors.json");
  });
  afterEach(async () => rm(home, { recursive: true }));

  test("are there after a restart; a channel that has none has none", async () => {
    await fileCursors(file).setItem("a", "k3x9f2ab.42");
    const restarted = fileCursors(file);
    expect(await restarted.getItem("a")).toBe("k3x9f2ab.42");
    expect(await restarted.getItem("b")).toBeUndefined();
  });

  test("make no file, nor its folder, before there is one", async () => {
    expect(await fileCursors(file).getItem("a")).toBeUndefined();
    expect(existsSync(join(home, "state"))).toBe(false);
  });

  test("are in the file once setting has resolved, whatever was set meanwhile", async () => {
    const store = fileCursors(file);
    const inFile = async (): Promise<Record<string, string>> => JSON.parse(await readFile(file, "utf8"));
    const all = Array.from({ length: 200 }, async (_, n) => {
      await store.setItem(`channel ${n % 5}`, `e.${n}`);
      const kept = Number((await inFile())[`channel ${n % 5}`]?.slice(2));
      expect(kept).toBeGreaterThanOrEqual(n);
    });
    await Promise.all(all);
    expect(await inFile()).toEqual(
      Object.fromEntries([195, 196, 197, 198, 199].map((n) => [`channel ${n % 5}`, `e.${n}`])),
    );
  });

  test("keep any name of a channel apart from what objects have by themselves", async () => {
    const store = fileCursors(file);
    expect(await store.getItem("constructor")).toBeUndefined();
    await store.setItem("__proto__", "e.1");
    expect(await fileCursors(file).getItem("__proto__")).toBe("e.1");
  });

  test("in a file that is something else are refused, and read once it is mended", async () => {
    await fileCursors(file).setItem("a", "e.1");
    await writeFile(file, "half of a fi");
    const store = fileCursors(file);
    await expect(store.getItem("a")).rejects.toThrow();
    await writeFile(file, '{"a":"e.2"}');
    expect(await store.getItem("a")).toBe("e.2");
  });

  test("that could not be written are told to who set them, and written with the next", async () => {
    const store = fileCursors(file);
    await store.getItem("a");
    await writeFile(join(home, "state"), "in the folder's way");
    await expect(store.setItem("a", "e.1")).rejects.toThrow();
    await rm(join(home, "state"));
    await store.setItem("b", "e.2");
    expect(await fileCursors(file).getItem("a")).toBe("e.1");
  });
});
