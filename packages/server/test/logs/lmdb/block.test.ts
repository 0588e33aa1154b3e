import { type Message, messageBytes, type PayloadKind } from "@tidings/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Block, sliceIntoBlocks, writeBlock, writeSingle } from "../../../src/logs/lmdb/block.ts";
import { blockKey } from "../../../src/logs/lmdb/keys.ts";
import { readScript, ScriptWriter } from "../../../src/logs/lmdb/script.ts";

const DATA = new Uint8Array(3);

const message = fc.record(
  {
    event: fc.oneof(fc.constant("message"), fc.string({ unit: "binary", minLength: 1, maxLength: 20 })),
    kind: fc.constantFrom<PayloadKind>("json", "text", "bytes", "none"),
    data: fc.uint8Array({ maxLength: 6_000 }),
    key: fc.string({ unit: "binary", maxLength: 20 }),
    artifact: fc.uint8Array({ maxLength: 2_000 }),
  },
  { requiredKeys: ["event", "kind", "data"] },
);
const messages = fc
  .array(message, { minLength: 1, maxLength: 12 })
  .map((list) => list.map((each, at) => numbered(each, at)));

function numbered(each: object, at: number): Message {
  return { ...(each as Message), offset: (at + 5) as Message["offset"], timeMs: 1_700_000_000_123 };
}

/** Writes messages as blocks, each in the middle of other bytes, and reads them back. */
function roundTrip(list: readonly Message[], bytesBefore: number): readonly Block[] {
  let bytes = bytesBefore;
  return sliceIntoBlocks(list).map((slice) => {
    const buffer = Buffer.alloc(slice.bytes + 20, 0xee);
    bytes = writeBlock(buffer, 10, list, slice, bytes);
    expect(buffer.subarray(slice.bytes + 10)).toEqual(Buffer.alloc(10, 0xee));
    const first = (list[slice.from] as Message).offset;
    return new Block(first, Buffer.from(buffer.subarray(10, slice.bytes + 10)));
  });
}

function all(blocks: readonly Block[], from: number): readonly Message[] {
  const found: Message[] = [];
  for (const block of blocks) block.visit(from, (each) => found.push(each) > 0);
  return found;
}

describe("blocks", () => {
  test("messages of any kind and name come back as they were, from any offset on", () => {
    fc.assert(
      fc.property(messages, fc.nat(1e12), (list, bytesBefore) => {
        const blocks = roundTrip(list, bytesBefore);
        for (const { offset } of list) {
          expect(all(blocks, offset)).toEqual(list.filter((each) => each.offset >= offset).map(plainData));
        }
        expect(blocks.map(({ last }) => last).at(-1)).toBe(list.at(-1)?.offset);
      }),
    );
  });

  test("each message's place in bytes is what was appended before it", () => {
    fc.assert(
      fc.property(messages, fc.nat(1e12), (list, bytesBefore) => {
        const blocks = roundTrip(list, bytesBefore);
        let bytes = bytesBefore;
        for (const each of list) {
          const block = blocks.find(({ first, last }) => first <= each.offset && each.offset <= last);
          expect(block?.bytesBeforeOffset(each.offset)).toBe(bytes);
          bytes += messageBytes(each);
        }
      }),
    );
  });

  test("a list is cut into blocks of at most four pages; a larger message stands alone", () => {
    const sizes = [1_000, 16_400, 10, 10, 8_000, 8_000, 8_000, 1_048_576];
    const list = sizes.map((size, at) =>
      numbered({ event: "message", kind: "bytes", data: new Uint8Array(size) }, at),
    );
    const slices = sliceIntoBlocks(list);
    expect(slices.map(({ from, to }) => to - from)).toEqual([1, 1, 4, 1, 1]);
    expect(slices.filter(({ from, to, bytes }) => to - from > 1 && bytes > 16_360)).toEqual([]);
  });

  test("of a stored payload, reference and preview come back to the byte: none, one, 33 kB, and as many as there can be", () => {
    const list = [0, 1, 33_000, 65_535].map((size, at) =>
      numbered(
        {
          event: "e",
          kind: "bytes",
          data: Buffer.from("inline too"),
          artifact: new Uint8Array(size).fill(7),
        },
        at,
      ),
    );
    const blocks = roundTrip(list, 5);
    expect(blocks).toHaveLength(3);
    const found = all(blocks, 0);
    expect(found.map(({ artifact }) => artifact?.length)).toEqual([0, 1, 33_000, 65_535]);
    expect(found.every(({ artifact }) => artifact?.every((byte) => byte === 7))).toBe(true);
    expect(found.map(({ data }) => String(Buffer.from(data)))).toEqual(list.map(() => "inline too"));
    // What they count for is in the places of those behind them.
    expect(blocks.at(-1)?.bytesBefore).toBe(
      5 + list.slice(0, 3).reduce((sum, each) => sum + messageBytes(each), 0),
    );
  });

  test("a message that stands alone is written as a block of one, and read as one", () => {
    fc.assert(
      fc.property(message, (each) => {
        const only = numbered(each, 0);
        const script = new ScriptWriter(new ArrayBuffer(8));
        writeSingle(script, 7, only, 1_000);
        readScript(script.memory, script.length, (table, key, value) => {
          expect([table, key]).toEqual(["blocks", blockKey(7, only.offset)]);
          const block = new Block(only.offset, Buffer.from(value as Buffer));
          expect(block.only()).toEqual(plainData(only));
          expect([block.bytesBefore, block.last]).toEqual([1_000, only.offset]);
        });
      }),
    );
    const two = roundTrip(
      [1, 2].map((_, at) => numbered({ event: "e", kind: "text", data: DATA }, at)),
      0,
    );
    expect(() => two[0]?.only()).toThrow(/offset 5 has 2 messages/);
  });

  test("a changed bit anywhere is noticed", () => {
    const list = [
      numbered({ event: "e", kind: "text", data: new TextEncoder().encode("payload"), key: "k" }, 0),
    ];
    const slice = sliceIntoBlocks(list)[0] as ReturnType<typeof sliceIntoBlocks>[number];
    const buffer = Buffer.alloc(slice.bytes);
    writeBlock(buffer, 0, list, slice, 0);
    for (let bit = 0; bit < buffer.length * 8; bit++) {
      const damaged = Buffer.from(buffer);
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(() => new Block(list[0]?.offset ?? (1 as Message["offset"]), damaged)).toThrow(
        /offset 5 is damaged/,
      );
    }
    expect(() => new Block(list[0]?.offset ?? (1 as Message["offset"]), buffer.subarray(0, 20))).toThrow(
      /damaged/,
    );
  });
});

/** fast-check gives its own subclass-free arrays; what is read back are views of one buffer. */
function plainData(each: Message): Message {
  const plain = { ...each, data: new Uint8Array(each.data) };
  return each.artifact === undefined ? plain : { ...plain, artifact: new Uint8Array(each.artifact) };
}
