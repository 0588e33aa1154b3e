import { describe, expect, test } from "vitest";
import { Outbox } from "../../src/cli/delivery/outbox.ts";

const line = (number: number): Buffer => Buffer.from(`{"data":${number}}\n`);
const SMALL = { maxMessages: 3, maxBytes: 1_000 };

function takeAll(outbox: Outbox): string[] {
  const taken: string[] = [];
  while (outbox.size > 0) {
    const batch = outbox.peek(SMALL);
    taken.push(...batch.map(String));
    outbox.drop(batch.length);
  }
  return taken;
}

describe("messages that wait to be sent", () => {
  test("leave in order, in batches within the limits, and stay until they are dropped", () => {
    const outbox = new Outbox({ maxMemoryBytes: 1_000_000, whenFull: "spill" });
    for (let number = 0; number < 5; number++) outbox.push(line(number));
    expect(outbox.peek(SMALL)).toEqual([line(0), line(1), line(2)]);
    expect(outbox.peek(SMALL)).toEqual([line(0), line(1), line(2)]);
    expect(outbox.peek({ maxMessages: 10, maxBytes: 25 })).toEqual([line(0), line(1)]);
    expect(outbox.peek({ maxMessages: 10, maxBytes: 1 })).toEqual([line(0)]);
    expect(takeAll(outbox)).toEqual([0, 1, 2, 3, 4].map((number) => String(line(number))));
  });

  test("keep their order through a file when memory has no room, whenever they are taken", () => {
    const outbox = new Outbox({ maxMemoryBytes: 600, whenFull: "spill" });
    const taken: string[] = [];
    let pushed = 0;
    for (let round = 0; round < 200; round++) {
      for (let more = 0; more < (round * 7) % 13; more++) outbox.push(line(pushed++));
      const batch = outbox.peek(SMALL);
      taken.push(...batch.map(String));
      outbox.drop(batch.length);
    }
    taken.push(...takeAll(outbox));
    expect(taken).toEqual(Array.from({ length: pushed }, (_, number) => String(line(number))));
  });

  test("may be longer than what is read from the file at once", () => {
    const outbox = new Outbox({ maxMemoryBytes: 1, whenFull: "spill" });
    const long = Buffer.from(`{"data":"${"x".repeat(3_000_000)}"}\n`);
    for (const each of [line(1), long, line(2)]) outbox.push(each);
    expect(takeAll(outbox)).toEqual([line(1), long, line(2)].map(String));
  });

  test("hold their source back instead, where they may not go into a file", async () => {
    const outbox = new Outbox({ maxMemoryBytes: 300, whenFull: "wait" });
    outbox.push(line(1));
    expect(outbox.isFull).toBe(false);
    outbox.push(line(2));
    outbox.push(line(3));
    expect(outbox.isFull).toBe(true);
    const room = outbox.room();
    outbox.drop(2);
    await room;
    expect(outbox.isFull).toBe(false);
  });

  test("are only counted once they are let go", async () => {
    const outbox = new Outbox({ maxMemoryBytes: 1, whenFull: "spill" });
    outbox.push(line(1));
    outbox.push(line(2));
    outbox.discard();
    outbox.push(line(3));
    expect(outbox.size).toBe(3);
    expect(outbox.peek(SMALL)).toEqual([]);
    await outbox.room();
  });
});
