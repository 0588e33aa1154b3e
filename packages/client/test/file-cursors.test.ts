import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { fileCursors } from "../src/node.ts";

async function folder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "tidings-cursors-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

const read = async (path: string): Promise<Record<string, string>> =>
  JSON.parse(await readFile(path, "utf8")) as Record<string, string>;

describe("cursors in a file", () => {
  test("are there again after a restart; a file, and its folder, that is missing is made", async () => {
    await using at = await folder();
    const path = join(at.path, "deep/er/cursors.json");
    const first = fileCursors(path);
    expect(await first.getItem("a")).toBeUndefined();
    await first.setItem("a", "e.1");
    await first.setItem("__proto__", "e.2");
    const second = fileCursors(path);
    expect(await second.getItem("a")).toBe("e.1");
    expect(await second.getItem("__proto__")).toBe("e.2");
    expect(await second.getItem("toString")).toBeUndefined();
  });

  test("of many keys at once are all there, in a few writes", async () => {
    await using at = await folder();
    const path = join(at.path, "cursors.json");
    const store = fileCursors(path);
    const keys = Array.from({ length: 1_000 }, (_, index) => `k${index}`);
    await Promise.all(keys.map((key) => store.setItem(key, "e.1")));
    expect(Object.keys(await read(path))).toEqual(keys);
    expect(await readdir(at.path)).toEqual(["cursors.json"]);
  });

  test("a write has been written once it resolves, whatever is set meanwhile", async () => {
    await using at = await folder();
    const path = join(at.path, "cursors.json");
    const store = fileCursors(path);
    const writes = Array.from({ length: 50 }, async (_, index) => {
      await wait(index % 7);
      await Promise.all([
        store.setItem("a", `e.${index}`),
        (async () => {
          await store.setItem(`own${index}`, "e.1");
          expect(await read(path)).toHaveProperty(`own${index}`);
        })(),
      ]);
    });
    await Promise.all(writes);
  });

  test.each(["", "{", '{"a":1}', "[]", "null", '"text"'])(
    "a file that is broken (%s) is an error that says what to do, and is not written over",
    async (text) => {
      await using at = await folder();
      const path = join(at.path, "cursors.json");
      await writeFile(path, text);
      const store = fileCursors(path);
      const broken = { code: "STORE_FAILED", message: expect.stringContaining("delete it") as string };
      await expect(store.getItem("a")).rejects.toMatchObject(broken);
      await expect(store.setItem("a", "e.1")).rejects.toMatchObject(broken);
      expect(await readFile(path, "utf8")).toBe(text);
      // And once that is done, it goes on.
      await rm(path);
      await store.setItem("a", "e.1");
      expect(await read(path)).toEqual({ a: "e.1" });
    },
  );

  test("a disk that fails is told, and the next write is tried", async () => {
    await using at = await folder();
    const path = join(at.path, "file/cursors.json");
    await writeFile(join(at.path, "file"), "");
    const store = fileCursors(path);
    await expect(store.setItem("a", "e.1")).rejects.toMatchObject({ code: "STORE_FAILED" });
    await rm(join(at.path, "file"));
    await store.setItem("b", "e.1");
    expect(await read(path)).toMatchObject({ b: "e.1" });
  });

  test("a kill -9 at any moment leaves the file whole, with nothing lost that was acknowledged", async () => {
    await using at = await folder();
    const path = join(at.path, "cursors.json");
    const entry = fileURLToPath(new URL("../dist/node.js", import.meta.url));
    const script = `
      const { fileCursors } = await import(${JSON.stringify(entry)});
      const store = fileCursors(${JSON.stringify(path)});
      const from = Number((await store.getItem("n") ?? "e.0").slice(2));
      const filler = "x".repeat(20_000);
      for (let n = from + 1; ; n++) {
        await Promise.all([store.setItem("n", "e." + n), store.setItem("filler", filler)]);
        console.log(n);
      }`;
    let acknowledged = 0;
    for (let round = 0; round < 12; round++) {
      const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, NODE_OPTIONS: "" },
      });
      let printed = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
      await once(child.stdout, "data");
      await wait(round * 3);
      child.kill("SIGKILL");
      await once(child, "close");
      acknowledged = Math.max(acknowledged, Number(printed.trim().split("\n").at(-1)));
      const { n = "", filler = "" } = await read(path);
      expect(Number(n.slice(2))).toBeGreaterThanOrEqual(acknowledged);
      expect(filler).toHaveLength(20_000);
    }
    expect(acknowledged).toBeGreaterThan(12);
  });
});
