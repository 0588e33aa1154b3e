import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toOffset } from "../src/cursor.ts";
import { sseFormat } from "../src/formats.ts";
import type { Message } from "../src/message.ts";
import { encodeBatch, joinBatches, sliceBatch, type WireFormat } from "../src/wire-format.ts";
import { message } from "./arbitraries.ts";

const SOURCE = { channel: "c", epoch: "e" };
const messages = fc.array(message, { maxLength: 6 });
const encode = (list: readonly Message[]) => encodeBatch(sseFormat, list, SOURCE);

/** As many letters as its offset says. */
const letters: WireFormat = {
  name: "letters",
  write: (writer, { offset }) => writer.text("x".repeat(offset)),
};
const ofLengths = (...lengths: number[]): Message[] =>
  lengths.map((length) => ({
    ...{ offset: toOffset(length), timeMs: 0, event: "message", kind: "bytes" },
    data: new Uint8Array(0),
  }));

describe("a batch", () => {
  test("tells where each message ends, and its offset", () => {
    const batch = encodeBatch(letters, ofLengths(3, 1, 4), SOURCE);
    expect(batch).toEqual({ bytes: new Uint8Array(8).fill(0x78), ends: [3, 4, 8], offsets: [3, 1, 4] });
  });

  test("of no messages has no bytes", () => {
    expect(encode([])).toEqual({ bytes: new Uint8Array(0), ends: [], offsets: [] });
  });

  test("lies in a buffer of exactly its size, which the caller may hand in", () => {
    const given = Buffer.alloc(8);
    const { bytes } = encodeBatch(letters, ofLengths(3, 5), SOURCE, (size) => given.subarray(0, size));
    expect(bytes.buffer).toBe(given.buffer);
    expect(bytes).toHaveLength(8);
    expect(encodeBatch(letters, ofLengths(2), SOURCE).bytes.buffer.byteLength).toBe(2);
  });

  test("is not changed by the next one", () => {
    const first = encodeBatch(letters, ofLengths(2), SOURCE);
    encodeBatch({ name: "o", write: (writer) => writer.text("ooo") }, ofLengths(1), SOURCE);
    expect(Buffer.from(first.bytes).toString()).toBe("xx");
  });

  test("does not begin with what one that threw left behind", () => {
    const broken: WireFormat = {
      name: "broken",
      write(writer) {
        writer.text("left behind");
        throw new Error("broken");
      },
    };
    expect(() => encodeBatch(broken, ofLengths(1), SOURCE)).toThrow("broken");
    expect(Buffer.from(encodeBatch(letters, ofLengths(2), SOURCE).bytes).toString()).toBe("xx");
    const outOfMemory = (): never => {
      throw new RangeError("out of memory");
    };
    expect(() => encodeBatch(letters, ofLengths(5), SOURCE, outOfMemory)).toThrow("out of memory");
    expect(Buffer.from(encodeBatch(letters, ofLengths(2), SOURCE).bytes).toString()).toBe("xx");
  });
});

describe("the slice of a batch", () => {
  test("is the batch of the messages in it", () => {
    fc.assert(
      fc.property(messages, fc.nat(6), fc.nat(6), (list, one, other) => {
        const from = Math.min(one, other, list.length);
        const to = Math.min(Math.max(one, other), list.length);
        expect(sliceBatch(encode(list), from, to)).toEqual(encode(list.slice(from, to)));
        expect(sliceBatch(encode(list), from)).toEqual(encode(list.slice(from)));
      }),
    );
  });

  test("shares the bytes of the batch, and is the batch itself where it is all of it", () => {
    const batch = encodeBatch(letters, ofLengths(3, 1, 4), SOURCE);
    expect(sliceBatch(batch, 1, 2).bytes.buffer).toBe(batch.bytes.buffer);
    expect(sliceBatch(batch, 0)).toBe(batch);
    expect(sliceBatch(batch, 0, 3)).toBe(batch);
  });
});

describe("batches that are joined", () => {
  test("are the batch of all their messages", () => {
    fc.assert(
      fc.property(fc.array(messages, { maxLength: 4 }), (lists) => {
        expect(joinBatches(lists.map(encode))).toEqual(encode(lists.flat()));
      }),
    );
  });

  test("can be sliced again, and slices joined, to the same", () => {
    fc.assert(
      fc.property(messages, fc.nat(6), (list, at) => {
        const cut = Math.min(at, list.length);
        const batch = encode(list);
        expect(joinBatches([sliceBatch(batch, 0, cut), sliceBatch(batch, cut)])).toEqual(batch);
      }),
    );
  });

  test("are copied into the caller's buffer; a single one is answered as it is", () => {
    const one = encodeBatch(letters, ofLengths(1), SOURCE);
    const two = encodeBatch(letters, ofLengths(2), SOURCE);
    expect(joinBatches([one])).toBe(one);
    const given = Buffer.alloc(3);
    expect(joinBatches([one, two], () => given).bytes).toBe(given);
    expect(given.toString()).toBe("xxx");
  });
});
