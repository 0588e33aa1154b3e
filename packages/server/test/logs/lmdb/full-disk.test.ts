import { TidingsError } from "@tidings/protocol";
import { execFileSync } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LmdbLog, type LmdbLogOptions } from "../../../src/logs/lmdb/index.ts";
import { plainOptions, temporaryFolder } from "./opened.ts";

const DATA = Buffer.alloc(1_000, "x");
const PAGE = { maxMessages: 1_000, maxBytes: 100_000_000 };
/** A disk of its own can be had by mounting memory, as root on Linux. */
const shouldMount = process.platform === "linux" && process.getuid?.() === 0;
const canMount = shouldMount && mountIsAllowed();

function mountIsAllowed(): boolean {
  try {
    execFileSync("unshare", ["--mount", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Publishers in parallel, until each was refused; answers how they were. */
async function fill(
  log: LmdbLog,
  acked: Set<number>,
  limit = Number.POSITIVE_INFINITY,
): Promise<readonly TidingsError[]> {
  const errors: TidingsError[] = [];
  const publish = async (): Promise<void> => {
    for (;;) {
      if (acked.size >= limit) return;
      try {
        acked.add((await log.append("a", [{ event: "message", kind: "bytes", data: DATA }])).offset);
      } catch (error) {
        errors.push(error as TidingsError);
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: 20 }, publish));
  return errors;
}

/** Every acknowledged append is there, none is there twice, and nothing else is: a refused one appended nothing. */
async function checkHeld(log: LmdbLog, acked: ReadonlySet<number>): Promise<void> {
  const held: number[] = [];
  for (let after = 0; ;) {
    const { messages } = await log.read("a", after as never, PAGE);
    if (messages.length === 0) break;
    held.push(...messages.map(({ offset }) => offset));
    after = held.at(-1) ?? 0;
  }
  const { earliest } = await log.describe("a");
  expect(held).toEqual([...acked].filter((offset) => offset >= earliest).sort((a, b) => a - b));
}

/** What a full log must keep, whatever it is that is full. `makeRoom` is the administrator. */
async function fillAndFree(
  options: LmdbLogOptions,
  makeRoom: (log: LmdbLog) => Promise<unknown>,
): Promise<void> {
  const acked = new Set<number>();
  const log = await LmdbLog.open(options);
  try {
    const errors = await fill(log, acked);
    expect(errors).toHaveLength(20);
    for (const error of errors) {
      expect(error).toBeInstanceOf(TidingsError);
      expect(error).toMatchObject({ code: "LOG_FULL", retryable: true });
      expect(error.message).toMatch(
        /nothing was appended. Make room, or lower the retention, and publish again/,
      );
    }
    await checkHeld(log, acked);
    // Refused again and again: nothing changes.
    for (let again = 0; again < 5; again++) expect(await fill(log, acked)).toHaveLength(20);
    await checkHeld(log, acked);

    await makeRoom(log);
    const before = acked.size;
    expect(await fill(log, acked, before + 100)).toEqual([]);
    expect(acked.size).toBeGreaterThanOrEqual(before + 100);
    await checkHeld(log, acked);

    await fill(log, acked);
    await checkHeld(log, acked);
  } finally {
    await log.close();
  }
  const again = await LmdbLog.open(options);
  await checkHeld(again, acked);
  await again.close();
}

describe("a full log", () => {
  test("maxMapBytes: LOG_FULL, nothing acknowledged is lost, and truncating makes room", async () => {
    await using folder = await temporaryFolder();
    await fillAndFree({ ...plainOptions(folder.path), maxMapBytes: 4_000_000 }, (log) => truncateOldest(log));
  });

  test("maxMapBytes: a retention that fits goes on for ever", async () => {
    await using folder = await temporaryFolder();
    const retention = {
      maxMessages: 500,
      maxBytes: Number.POSITIVE_INFINITY,
      maxAgeMs: Number.POSITIVE_INFINITY,
    };
    const options = { ...plainOptions(folder.path), maxMapBytes: 4_000_000, retentionOf: () => retention };
    const log = await LmdbLog.open(options);
    const acked = new Set<number>();
    expect(await fill(log, acked, 12_000)).toEqual([]);
    expect(await log.describe("a")).toMatchObject({ messages: 500 });
    await log.close();
  });
});

describe("a full disk", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;

  beforeEach(async () => {
    folder = await temporaryFolder();
    if (canMount) execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", folder.path]);
  });
  afterEach(async () => {
    if (canMount) execFileSync("umount", [folder.path]);
    await folder[Symbol.asyncDispose]();
  });

  test.runIf(process.env["REQUIRE_ALL"] === "1" && shouldMount)(
    "can be had for these tests (REQUIRE_ALL=1)",
    () => {
      expect(canMount, "mounting memory needs CAP_SYS_ADMIN").toBe(true);
    },
  );

  test.skipIf(!canMount)(
    "LOG_FULL, nothing acknowledged is lost, and it goes on when something else is removed",
    async () => {
      const ballast = join(folder.path, "ballast");
      await writeFile(ballast, Buffer.alloc(3_000_000));
      await fillAndFree(plainOptions(join(folder.path, "log")), () => rm(ballast));
    },
  );

  test.skipIf(!canMount)(
    "LOG_FULL, and it goes on when a channel is truncated: freed room is used again",
    async () => {
      await fillAndFree(plainOptions(join(folder.path, "log")), (log) => truncateOldest(log));
    },
  );
});

/** Drops half of what is held, and has the room taken back. */
async function truncateOldest(log: LmdbLog): Promise<void> {
  const { head, earliest } = await log.describe("a");
  await log.truncate("a", Math.floor((head + earliest) / 2) as typeof head);
  await log.sweep();
}
