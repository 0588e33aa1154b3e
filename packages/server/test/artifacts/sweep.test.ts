import { describe, expect, test } from "vitest";
import type { Artifacts } from "../../src/artifacts/index.ts";
import { OpenedArtifacts } from "./support/opened.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Uploads as a request does, without one. */
async function upload(
  { artifacts, nowMs }: OpenedArtifacts,
  id: string,
  bytes: string,
  ttlMs: number,
): Promise<string> {
  const record = { id, type: "text/plain", createdMs: nowMs, ttlMs };
  const writer = await artifacts.uploads.begin(record, false, () => undefined);
  try {
    await writer.append(Buffer.from(bytes));
    await artifacts.uploads.finish(writer, undefined);
  } finally {
    await artifacts.uploads.end(writer);
  }
  return id;
}

async function beginUpload({ artifacts, nowMs }: OpenedArtifacts, id: string, bytes: string): Promise<void> {
  const record = { id, type: "text/plain", createdMs: nowMs, ttlMs: HOUR };
  const writer = await artifacts.uploads.begin(record, true, () => undefined);
  await writer.append(Buffer.from(bytes));
  await artifacts.uploads.end(writer);
}

function sizesOf(artifacts: Artifacts): readonly [artifacts: number, bytes: number] {
  return [artifacts.size, artifacts.bytes];
}

describe("what was uploaded", () => {
  test("is kept until its time is over", async () => {
    await using opened = await OpenedArtifacts.open();
    const id = await upload(opened, "uploaded-1", "abc", HOUR);
    opened.nowMs += HOUR - 1;
    await opened.artifacts.sweep();
    expect(opened.artifacts.has(id)).toBe(true);
    opened.nowMs += 1;
    await opened.artifacts.sweep();
    expect(sizesOf(opened.artifacts)).toEqual([0, 0]);
  });

  test("and is named by a message is kept for as long as that is held, over restarts too", async () => {
    await using opened = await OpenedArtifacts.open();
    const id = await upload(opened, "uploaded-1", "abc", HOUR);
    const stored = await opened.artifacts.find(id);
    await opened.artifacts.bind(id, "a", await opened.append("a", stored));
    opened.nowMs += 2 * HOUR;
    await opened.restart();
    await opened.artifacts.sweep();
    expect(opened.artifacts.has(id)).toBe(true);
    await opened.push("a", 3);
    await opened.artifacts.sweep();
    expect(opened.artifacts.has(id)).toBe(false);
  });

  test("and is named again and again remembers the newest of a channel alone", async () => {
    await using opened = await OpenedArtifacts.open();
    const id = await upload(opened, "uploaded-1", "abc", HOUR);
    const stored = await opened.artifacts.find(id);
    const cursors = await Promise.all(Array.from({ length: 20 }, async () => opened.append("a", stored)));
    await Promise.all(cursors.map(async (cursor) => opened.artifacts.bind(id, "a", cursor)));
    expect(opened.artifacts.get(id).references).toEqual([
      { channel: "a", epoch: cursors[0]?.epoch, offset: 20 },
    ]);
    await opened.restart();
    expect(opened.artifacts.get(id).references).toMatchObject([{ offset: 20 }]);
  });

  test("can be named by 1,000 messages that outlive each other, and by no more", async () => {
    await using opened = await OpenedArtifacts.open({ log: "memory", compact: true });
    const id = await upload(opened, "uploaded-1", "abc", HOUR);
    const stored = await opened.artifacts.find(id);
    for (let n = 0; n < 1_000; n++)
      await opened.artifacts.bind(id, "a", await opened.append("a", stored, `k${n}`));
    await expect(opened.artifacts.find(id)).rejects.toMatchObject({ code: "STORE_FULL" });
  });

  test("and a publisher has just asked for stays for the message that is about to name it", async () => {
    await using opened = await OpenedArtifacts.open();
    const id = await upload(opened, "uploaded-1", "abc", HOUR);
    opened.nowMs += HOUR;
    await opened.artifacts.find(id);
    await opened.artifacts.sweep();
    expect(opened.artifacts.has(id)).toBe(true);
    opened.nowMs += MINUTE;
    await opened.artifacts.sweep();
    expect(opened.artifacts.has(id)).toBe(false);
  });
});

describe("an unfinished upload", () => {
  test("is swept when nothing was added to it for uploadTtlMs, also over a restart", async () => {
    await using opened = await OpenedArtifacts.open({ limits: { uploadTtlMs: HOUR } });
    opened.nowMs = Date.now();
    await beginUpload(opened, "unfinished-1", "abc");
    opened.nowMs += HOUR - MINUTE;
    await opened.artifacts.sweep();
    await opened.restart();
    expect(opened.artifacts.uploads.get("unfinished-1")?.size).toBe(3);
    opened.nowMs += 2 * MINUTE;
    await opened.artifacts.sweep();
    expect(opened.artifacts.uploads.get("unfinished-1")).toBeUndefined();
    expect(opened.artifacts.bytes).toBe(0);
  });

  test("counts for the bound of the store", async () => {
    await using opened = await OpenedArtifacts.open({ limits: { maxArtifactStoreBytes: 5 } });
    await beginUpload(opened, "unfinished-1", "abc");
    await expect(upload(opened, "uploaded-1", "def", HOUR)).rejects.toMatchObject({ code: "STORE_FULL" });
    await opened.restart();
    await expect(opened.put("a", "def")).rejects.toMatchObject({ code: "STORE_FULL" });
    await opened.artifacts.delete("unfinished-1");
    expect((await opened.put("a", "defgh")).artifact.size).toBe(5);
  });

  test("that was filling up the store at the same time as others never passes its bound", async () => {
    await using opened = await OpenedArtifacts.open({ limits: { maxArtifactStoreBytes: 100 } });
    const writers = await Promise.all(
      Array.from({ length: 8 }, async (_, n) => {
        const record = { id: `together-${n}`, type: "text/plain", createdMs: 0, ttlMs: HOUR };
        return opened.artifacts.uploads.begin(record, true, () => undefined);
      }),
    );
    const results = await Promise.allSettled(
      writers.map(async (writer) => {
        for (let n = 0; n < 10; n++) await writer.append(Buffer.from("xxxxx"));
      }),
    );
    expect(opened.artifacts.bytes).toBe(100);
    expect(results.some(({ status }) => status === "rejected")).toBe(true);
    for (const writer of writers) await opened.artifacts.uploads.end(writer);
    for (const { upload: each } of writers) await opened.artifacts.uploads.cancel(each);
    expect(opened.artifacts.bytes).toBe(0);
  });
});

test("many artifacts of many channels are swept in one go", async () => {
  await using opened = await OpenedArtifacts.open({ log: "memory" });
  for (let n = 0; n < 1_200; n++) await opened.publish(`c/${n % 30}`);
  opened.nowMs += MINUTE;
  await opened.artifacts.sweep();
  // Each of the 30 channels holds three messages.
  expect(opened.artifacts.size).toBe(90);
});

test("while the log cannot be asked nothing is removed", async () => {
  await using opened = await OpenedArtifacts.open();
  const { id } = await opened.publish("a");
  await opened.push("a", 5);
  await opened.log.close();
  opened.nowMs += MINUTE;
  await expect(opened.artifacts.sweep()).rejects.toMatchObject({ code: "LOG_UNAVAILABLE" });
  expect(opened.artifacts.has(id)).toBe(true);
});

describe.each(["memory", "lmdb"] as const)(
  "on a channel that keeps the newest message of each key (%s)",
  (log) => {
    test("a payload goes when a newer message of its key has come, and the newest of each key stays", async () => {
      await using opened = await OpenedArtifacts.open({ log, compact: true });
      const quiet = await opened.publish("a", "quiet");
      const older = await opened.publish("a", "busy");
      const newer = await opened.publish("a", "busy");
      await opened.artifacts.sweep();
      const kept = [quiet, older, newer].map(({ id }) => opened.artifacts.has(id));
      expect(kept).toEqual([true, false, true]);
    });

    test("what was uploaded stays for as long as it is the value of any key", async () => {
      await using opened = await OpenedArtifacts.open({ log, compact: true });
      const id = await upload(opened, "uploaded-1", "abc", MINUTE);
      const stored = await opened.artifacts.find(id);
      for (const key of ["one", "other"])
        await opened.artifacts.bind(id, "a", await opened.append("a", stored, key));
      opened.nowMs += HOUR;
      await opened.publish("a", "one");
      await opened.artifacts.sweep();
      expect(opened.artifacts.has(id)).toBe(true);
      await opened.publish("a", "other");
      await opened.artifacts.sweep();
      expect(opened.artifacts.has(id)).toBe(false);
    });
  },
);
