import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { LmdbLog } from "../../../src/logs/lmdb/index.ts";
import { startChild } from "./children.ts";
import { plainOptions, temporaryFolder } from "./opened.ts";

const PAGE = { maxMessages: 100_000, maxBytes: 1_000_000_000 };
const isRequired = process.env["REQUIRE_ALL"] === "1";
const canTrace = process.platform === "linux" && (isRequired || straceWorks());

function straceWorks(): boolean {
  try {
    execFileSync("strace", ["-qq", "-o", "/dev/null", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function message(text: string): { event: string; kind: "text"; data: Uint8Array } {
  return { event: "message", kind: "text", data: Buffer.from(text) };
}

describe("commits", () => {
  test("appends that wait together share a commit", async () => {
    await using folder = await temporaryFolder();
    const log = await LmdbLog.open(plainOptions(folder.path));
    await log.follow("a");
    let groups = 0;
    log.tail(() => groups++);
    await Promise.all(Array.from({ length: 1_000 }, (_, at) => log.append("a", [message(`${at}`)])));
    expect(groups).toBe(1);
    await log.close();
  });

  test("a call that conflicts, or has a name that cannot be stored, fails alone", async () => {
    await using folder = await temporaryFolder();
    const log = await LmdbLog.open(plainOptions(folder.path));
    const results = await Promise.allSettled([
      log.append("a", [message("one")]),
      log.append("a", [message("two")], { ifOffset: 7 as never }),
      log.append("x".repeat(5_000), [message("three")]),
      log.append("", [message("four")]),
      log.append("a", [message("five")], { idempotencyKey: "k".repeat(5_000) }),
      log.append("a", [{ ...message("six"), event: "e".repeat(70_000) }]),
      log.append("a", [{ ...message("stored"), artifact: new Uint8Array(65_536) }]),
      log.append("a", [message("seven")]),
    ]);
    const outcome = results.map((each) =>
      each.status === "fulfilled" ? "ok" : (each.reason as { code: string }).code,
    );
    expect(outcome).toEqual([
      "ok",
      "CONFLICT",
      "CHANNEL_NAME_INVALID",
      "CHANNEL_NAME_INVALID",
      "KEY_INVALID",
      "EVENT_NAME_INVALID",
      "MESSAGE_TOO_LARGE",
      "ok",
    ]);
    expect((await log.read("a", 0 as never, PAGE)).messages).toHaveLength(2);
    await log.close();
  });

  test("more than maxPendingBytes that wait is refused with LOG_UNAVAILABLE; one call is always taken", async () => {
    await using folder = await temporaryFolder();
    const log = await LmdbLog.open({ ...plainOptions(folder.path), maxPendingBytes: 10_000 });
    const large = [message("x".repeat(9_000))];
    const results = await Promise.allSettled([
      log.append("a", large),
      log.append("a", large),
      log.append("a", [message("small")]),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(results[1]).toMatchObject({ reason: { code: "LOG_UNAVAILABLE", retryable: true } });
    expect(await log.append("a", [message("x".repeat(50_000))])).toMatchObject({ appended: 1 });
    await log.close();
  });

  test.each([Number.POSITIVE_INFINITY, 70])(
    "reads, follows and lists that race with commits show only what the tail was told, all of it (maxMessages %s, one channel cached)",
    async (maxMessages) => {
      await using folder = await temporaryFolder();
      const keep = { maxMessages, maxBytes: Number.POSITIVE_INFINITY, maxAgeMs: Number.POSITIVE_INFINITY };
      const options = { ...plainOptions(folder.path), maxCachedChannels: 1, retentionOf: () => keep };
      const log = await LmdbLog.open(options);
      const channels = Array.from({ length: 12 }, (_, at) => `channel/${at}`);
      const told = new Map<string, number>();
      log.tail(({ channel, messages }) => told.set(channel, messages.at(-1)?.offset ?? 0));
      for (const channel of channels) await log.follow(channel);
      let isDone = false;
      const publish = async (channel: string): Promise<void> => {
        for (let at = 0; at < 100; at++)
          await log.append(channel, [message(`${at}`), message(`${at}+`), message("")]);
      };
      const look = async (): Promise<void> => {
        while (!isDone) {
          for (const channel of channels) {
            const { head, earliest, messages } = await log.read(channel, 0 as never, PAGE);
            expect(head).toBeLessThanOrEqual(told.get(channel) ?? 0);
            const held = Array.from({ length: Math.min(head, maxMessages) }, (_, at) => earliest + at);
            expect(messages.map(({ offset }) => offset)).toEqual(held);
            expect((await log.follow(channel)).head).toBeLessThanOrEqual(told.get(channel) ?? 0);
          }
          for (const { channel, head } of await log.channels({ prefix: "", after: "", limit: 100 })) {
            expect(head).toBeLessThanOrEqual(told.get(channel) ?? 0);
          }
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      const looking = look();
      await Promise.all([
        looking,
        Promise.all(channels.map((channel) => publish(channel))).finally(() => (isDone = true)),
      ]);
      expect([...told.values()]).toEqual(channels.map(() => 300));
      await log.close();
    },
  );

  test("the room of what retention dropped is used again: the file stops growing", async () => {
    await using folder = await temporaryFolder();
    const keep = { maxMessages: 300, maxBytes: Number.POSITIVE_INFINITY, maxAgeMs: Number.POSITIVE_INFINITY };
    const log = await LmdbLog.open({ ...plainOptions(folder.path), retentionOf: () => keep });
    const round = async (): Promise<number> => {
      for (let at = 0; at < 60; at++) {
        await Promise.all(
          ["a", "b", "c"].map((channel) =>
            log.append(channel, [message("x".repeat(3_000)), message("y".repeat(500))]),
          ),
        );
        if (at % 20 === 0) await log.sweep();
      }
      return (await stat(join(folder.path, "data.mdb"))).size;
    };
    for (let rounds = 0; rounds < 6; rounds++) await round();
    const settled = await round();
    for (let rounds = 0; rounds < 10; rounds++) await round();
    expect(await round()).toBeLessThan(settled * 1.3);
    await log.close();
  });

  test("the thread that writes may end: what it was asked is refused, and the log goes on with another", async () => {
    await using folder = await temporaryFolder();
    const started = once(process, "worker") as Promise<[Worker]>;
    const log = await LmdbLog.open(plainOptions(folder.path));
    const [thread] = await started;
    await log.follow("a");
    const told: number[] = [];
    log.tail(({ messages }) => told.push(...messages.map(({ offset }) => offset)));
    await log.append("a", [message("one")]);
    const under = Promise.allSettled(
      Array.from({ length: 50 }, (_, at) => log.append("a", [message(`under way ${at}`)])),
    );
    await thread.terminate();
    const results = await under;
    for (const each of results) {
      if (each.status === "rejected")
        expect(each.reason).toMatchObject({ code: "LOG_UNAVAILABLE", retryable: true });
    }
    expect(await log.append("a", [message("after")])).toMatchObject({ appended: 1 });
    // Whether the thread had got to it or not, the tail was told of exactly what is held.
    const { messages } = await log.read("a", 0 as never, PAGE);
    expect(told).toEqual(messages.map(({ offset }) => offset));
    expect([2, 52]).toContain(messages.length);
    await log.close();
  });

  test.skipIf(!canTrace)(
    "an append is answered after its pages and then its meta page are on the disk (seen by strace)",
    async () => {
      await using folder = await temporaryFolder();
      const trace = join(folder.path, "trace");
      const calls = "trace=pwrite64,pwritev,writev,lseek,fdatasync,fsync,msync,openat,write";
      await using child = startChild(
        "traced-child.ts",
        [join(folder.path, "log")],
        ["strace", "-f", "-qq", "-e", calls, "-o", trace],
      );
      await child.line("done");
      await once(child.process, "close");
      const lines = (await readFile(trace, "utf8")).split("\n");
      // LMDB opens the file for pages and then, with O_DSYNC, for meta pages.
      const opened = lines.filter((line) => line.includes("data.mdb"));
      const at = opened.findIndex((line) => line.includes("O_DSYNC"));
      const [data = "", synced = ""] = opened.slice(at - 1, at + 1);
      const descriptorOf = (line: string): string => /= (\d+)$/.exec(line)?.[1] ?? "?";
      const [pages, meta] = [descriptorOf(data), descriptorOf(synced)];
      for (const step of ["one", "two", "three"]) {
        const from = lines.findIndex((line) => line.includes(`"asked ${step}`));
        const to = lines.findIndex((line) => line.includes(`"answered ${step}`));
        const between = lines.slice(from, to).map((line) => line.replace(/^\d+ +/, ""));
        const order = between.flatMap((line) => {
          if (new RegExp(`^(pwrite64|pwritev|writev)\\(${pages},`).test(line)) return ["pages"];
          if (line.startsWith(`fdatasync(${pages}`)) return ["flush"];
          return line.startsWith(`pwrite64(${meta},`) ? ["meta"] : [];
        });
        expect(order.join(" ").replace(/(pages )+/, "pages ")).toBe("pages flush meta");
      }
    },
  );
});
