import { once } from "node:events";
import { readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { LmdbLog } from "../../../src/logs/lmdb/index.ts";
import { startChild } from "./children.ts";
import { plainOptions, temporaryFolder } from "./opened.ts";

const MESSAGE = { event: "message", kind: "text", data: Buffer.from("x") } as const;

describe("one process at a time", () => {
  test("a second process is told LOG_LOCKED, with the folder, who has it and what to do", async () => {
    await using folder = await temporaryFolder();
    const log = await LmdbLog.open(plainOptions(folder.path));
    await using second = startChild("opener-child.ts", [folder.path]);
    const said = await second.line("LOG_LOCKED");
    expect(said).toContain(`"${folder.path}" is open in process ${process.pid}`);
    expect(said).toMatch(/stop that one first, or give this one a folder of its own/);
    // The first goes on.
    expect(await log.append("a", [MESSAGE])).toMatchObject({ offset: 1 });
    await log.close();
  });

  test("so is a second log in the same process", async () => {
    await using folder = await temporaryFolder();
    const log = await LmdbLog.open(plainOptions(folder.path));
    await expect(LmdbLog.open(plainOptions(folder.path))).rejects.toMatchObject({ code: "LOG_LOCKED" });
    await log.close();
    const next = await LmdbLog.open(plainOptions(folder.path));
    await next.close();
  });

  test("a process that closes its log frees the folder at once", async () => {
    await using folder = await temporaryFolder();
    await using first = startChild("opener-child.ts", [folder.path]);
    await first.line("open");
    first.process.kill("SIGTERM");
    await first.line("closed");
    const log = await LmdbLog.open(plainOptions(folder.path));
    await log.close();
  });

  test("a process that was killed frees it too", async () => {
    await using folder = await temporaryFolder();
    const first = startChild("opener-child.ts", [folder.path]);
    await first.line("open");
    await first.kill("SIGKILL");
    const log = await LmdbLog.open(plainOptions(folder.path));
    await log.close();
  });

  test("a log that nothing is asked of does not keep its process alive", async () => {
    await using folder = await temporaryFolder();
    await using child = startChild("idle-child.ts", [folder.path]);
    const [code] = (await once(child.process, "exit")) as [number];
    expect(code).toBe(0);
    const log = await LmdbLog.open(plainOptions(folder.path));
    expect(await log.describe("a")).toMatchObject({ messages: 1 });
    await log.close();
  });

  test("half an owner's file, as a crash may leave it, is nobody's", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "owner.json"), '{"secret":"abc","pi');
    const log = await LmdbLog.open(plainOptions(folder.path));
    await log.close();
  });

  test("an owner that was taken over from can commit nothing any more, and is told why", async () => {
    await using folder = await temporaryFolder();
    const first = await LmdbLog.open(plainOptions(folder.path));
    await first.append("a", [MESSAGE]);
    // As if its file said that it were gone: the worst that can happen to what decides by files and times.
    await rm(join(folder.path, "owner.json"));
    const second = await LmdbLog.open(plainOptions(folder.path));
    await expect(first.append("a", [MESSAGE])).rejects.toMatchObject({ code: "LOG_LOCKED" });
    expect(await second.append("a", [MESSAGE])).toMatchObject({ offset: 2 });
    await first.close();
    // The file is the second one's, so the first has left it alone.
    expect(JSON.parse(await readFile(join(folder.path, "owner.json"), "utf8"))).toMatchObject({
      pid: process.pid,
    });
    await second.close();
  });

  describe("an owner whose process cannot be seen from here (another container on the same disk)", () => {
    const elsewhere = { secret: "another", pid: process.pid, began: "1", place: "another place" };

    test("is gone when its heartbeat stopped before", async () => {
      await using folder = await temporaryFolder();
      const file = join(folder.path, "owner.json");
      await writeFile(file, JSON.stringify(elsewhere));
      await utimes(file, new Date(Date.now() - 60_000), new Date(Date.now() - 60_000));
      const log = await LmdbLog.open(plainOptions(folder.path));
      await log.close();
    });

    test("is there while its heart beats", async () => {
      await using folder = await temporaryFolder();
      const file = join(folder.path, "owner.json");
      await writeFile(file, JSON.stringify(elsewhere));
      const beating = setInterval(() => void utimes(file, new Date(), new Date()), 200);
      try {
        await expect(LmdbLog.open(plainOptions(folder.path))).rejects.toMatchObject({ code: "LOG_LOCKED" });
      } finally {
        clearInterval(beating);
      }
    });
  });
});
