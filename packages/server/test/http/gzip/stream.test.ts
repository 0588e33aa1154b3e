import { constants, gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GzipStream } from "../../../src/http/gzip/index.ts";

/** A reader, and all that its stream said. */
function reader(preamble = ""): {
  readonly write: (...parts: readonly Uint8Array[]) => void;
  readonly end: () => void;
  readonly writes: Uint8Array[];
} {
  const gzip = new GzipStream();
  const writes = [gzip.begin(Buffer.from(preamble))];
  return {
    writes,
    write: (...parts) => {
      const [only] = parts;
      writes.push(parts.length === 1 && only !== undefined ? gzip.take(only) : gzip.takeAll(parts));
    },
    end: () => void writes.push(gzip.end()),
  };
}

const text = (writes: readonly Uint8Array[]): string => gunzipSync(Buffer.concat(writes)).toString();
/** What a client has that reads while the stream goes on. */
const textSoFar = (writes: readonly Uint8Array[]): string =>
  gunzipSync(Buffer.concat(writes), { finishFlush: constants.Z_SYNC_FLUSH }).toString();

/** Lines that compress as those of a log do. */
const line = (length: number, from = 0): Buffer =>
  Buffer.from(
    Array.from({ length }, (_, at) => `${from + (at % 97)} `)
      .join("")
      .slice(0, length),
  );

describe("one gzip member of many blocks (RFC 1952)", () => {
  test("what each reader was written is what it reads, whatever was shared with others and when it came", () => {
    const step = fc.record({
      of: fc.constantFrom(0, 1, 199, 200, 300, 1_023, 1_024, 5_000, 70_000),
      readers: fc.constantFrom<readonly number[]>([0], [1], [0, 1], [1, 0], [0, 1, 0]),
      isJoined: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const readers = [reader(), reader("retry: 1\n\n")];
        const expected = ["", "retry: 1\n\n"];
        for (const [at, { of, readers: to, isJoined }] of steps.entries()) {
          const bytes = line(of, at);
          for (const each of to) {
            if (isJoined) readers[each]?.write(bytes, Buffer.from(`own ${each}`));
            else readers[each]?.write(bytes);
            expected[each] += `${bytes.toString()}${isJoined ? `own ${each}` : ""}`;
          }
          expect(readers.map(({ writes }) => textSoFar(writes))).toEqual(expected);
        }
        for (const { end } of readers) end();
        // A trailer that is not right would be refused here.
        expect(readers.map(({ writes }) => text(writes))).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });

  test("bytes that do not compress are passed on nearly as they are", () => {
    const { write, end, writes } = reader();
    const random = crypto.getRandomValues(new Uint8Array(60_000));
    write(random);
    end();
    expect(gunzipSync(Buffer.concat(writes)).equals(random)).toBe(true);
    expect(Buffer.concat(writes).length).toBeLessThan(60_100);
  });

  test("a stream that is cut has all that was written until then, and no trailer", () => {
    const { write, writes } = reader();
    write(line(3_000));
    expect(textSoFar(writes)).toBe(line(3_000).toString());
    expect(() => text(writes)).toThrow("unexpected end of file");
  });
});

describe("what readers share", () => {
  test("is compressed once: from the second reader on all are written the same buffer", () => {
    for (const [length, buffers] of [
      [100, 1],
      [300, 2],
      [5_000, 1],
    ] as const) {
      const readers = Array.from({ length: 100 }, () => reader());
      const bytes = line(length);
      for (const { write } of readers) write(bytes);
      expect(new Set(readers.map(({ writes }) => writes.at(-1))).size, `${length} bytes`).toBe(buffers);
    }
  });

  test("is small: what all get from 200 bytes on, and what one gets from 1,024 on", () => {
    const sizes = (length: number): readonly number[] => {
      const readers = [reader(), reader()];
      const bytes = line(length);
      for (const { write } of readers) write(bytes);
      return readers.map(({ writes }) => writes.at(-1)?.length ?? 0);
    };
    expect(sizes(199)).toEqual([204, 204]);
    const [own = 0, shared = 0] = sizes(1_023);
    expect(own).toBe(1_028);
    expect(shared).toBeLessThan(500);
    expect(Math.max(...sizes(1_024))).toBeLessThan(500);
  });
});
