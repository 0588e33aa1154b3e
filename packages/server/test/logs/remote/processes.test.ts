import { MemoryLog, type TailEvent } from "@tidings/core";
import type { NewMessage, Offset } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import { LogHost, RemoteLog } from "../../../src/logs/remote/index.ts";
import { Peer } from "../../../src/peer/index.ts";
import { plainOptions } from "../lmdb/opened.ts";
import { join, socketPair } from "./opened.ts";

const text = (data: string): NewMessage => ({ event: "message", kind: "text", data: Buffer.from(data) });

function host(): LogHost {
  return new LogHost(new MemoryLog(plainOptions("")));
}

/** Resolves with the first event that fits. */
function told(log: RemoteLog, fits: (event: TailEvent) => boolean): Promise<TailEvent> {
  return new Promise((resolve) => {
    log.tail((event) => {
      if (fits(event)) resolve(event);
    });
  });
}

const hasMessage = (data: string) => (event: TailEvent) =>
  event.messages.some((message) => Buffer.from(message.data).toString() === data);

describe("a log that several processes share", () => {
  test("what one appends reaches those that follow the channel, and no other; the owner, too", async () => {
    const shared = host();
    const [one, two, three] = await Promise.all([join(shared), join(shared), join(shared)]);
    await two.log.follow("a");
    await shared.log.follow("a");
    const own: TailEvent[] = [];
    shared.log.tail((event) => own.push(event));
    const seen: TailEvent[] = [];
    three.log.tail((event) => seen.push(event));
    const arrived = told(two.log, hasMessage("x"));
    await one.log.append("a", [text("x")]);
    expect((await arrived).messages[0]?.offset).toBe(1);
    expect(own).toHaveLength(1);
    // Its answer comes after whatever it was told before.
    await three.log.describe("a");
    expect(seen).toEqual([]);
  });

  test("one that lets a channel go does not take it from the others", async () => {
    const shared = host();
    const [one, two] = await Promise.all([join(shared), join(shared)]);
    await one.log.follow("a");
    await two.log.follow("a");
    one.log.unfollow("a");
    await one.log.describe("a");
    const arrived = told(two.log, hasMessage("x"));
    await shared.log.append("a", [text("x")]);
    await arrived;
  });

  test("a message crosses to a process once, whole, however many are appended in a turn", async () => {
    const shared = host();
    const { log, other } = await join(shared);
    await log.follow("a");
    const before = other.bytesWritten;
    const arrived = told(log, hasMessage("9"));
    const data = "x".repeat(10_000);
    await Promise.all(Array.from({ length: 9 }, () => shared.log.append("a", [text(data)])));
    await shared.log.append("a", [text("9")]);
    await arrived;
    const overhead = other.bytesWritten - before - 9 * data.length;
    expect(overhead).toBeLessThan(10 * 150);
  });

  test("the names of channels that are new are told to all: has() need not ask", async () => {
    const shared = host();
    const { log: one } = await join(shared);
    await one.append("before", [text("x")]);
    const { log: two } = await join(shared);
    await one.append("after", [text("x")]);
    await shared.log.append("own", [text("x")]);
    await two.describe("after");
    expect(["before", "after", "own", "none"].map((channel) => two.has(channel))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  test("one that does not read is told that it was cut, and what it left unread has a bound", async () => {
    const shared = host();
    const { log, socket, other } = await join(shared);
    await log.follow("a");
    socket.pause();
    const megabyte = "x".repeat(1_048_576);
    for (let count = 0; count < 40; count++) await shared.log.append("a", [text(megabyte)]);
    expect(other.writableLength).toBeLessThan(18 * 1_048_576);
    const cut = told(log, ({ isCut }) => isCut === true);
    socket.resume();
    expect(await cut).toMatchObject({ channel: "a", messages: [] });
    const arrived = told(log, hasMessage("after"));
    await shared.log.append("a", [text("after")]);
    await arrived;
  });

  test("where the owner is gone, what waits and what comes is refused, to be tried again", async () => {
    const shared = host();
    const { log, socket, other } = await join(shared);
    socket.pause();
    const waiting = log.append("a", [text("x")]);
    other.destroy();
    socket.resume();
    await expect(waiting).rejects.toMatchObject({ code: "LOG_UNAVAILABLE", retryable: true });
    await expect(log.read("a", 0 as Offset, { maxMessages: 1, maxBytes: 1 })).rejects.toMatchObject({
      code: "LOG_UNAVAILABLE",
    });
  });

  test("what is no frame ends the connection, and the log goes on", async () => {
    const shared = host();
    const { socket } = await join(shared);
    const { log } = await join(shared);
    socket.write(Buffer.alloc(64, 0xff));
    await new Promise((resolve) => socket.once("close", resolve));
    expect((await log.append("a", [text("x")])).offset).toBe(1);
  });

  test("appends that wait have a bound; one that is larger than it goes by itself", async () => {
    const [socket, other] = await socketPair();
    const shared = host();
    const owner = new Peer(other, "the process that uses the log");
    shared.attach(owner);
    const log = await RemoteLog.open(new Peer(socket, "the process that owns the log"), {
      maxPendingBytes: 500,
    });
    const large = log.append("a", [text("x".repeat(500))]);
    await expect(log.append("a", [text("y")])).rejects.toMatchObject({ code: "LOG_UNAVAILABLE" });
    expect((await large).offset).toBe(1);
    expect((await log.append("a", [text("y")])).offset).toBe(2);
  });
});
