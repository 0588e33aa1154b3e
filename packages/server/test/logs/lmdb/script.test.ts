import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readScript, ScriptWriter, type Table, TABLES } from "../../../src/logs/lmdb/script.ts";

const operation = fc.record({
  table: fc.constantFrom(...TABLES),
  key: fc.uint8Array({ maxLength: 300 }),
  value: fc.option(fc.uint8Array({ maxLength: 5_000 }), { nil: undefined }),
});

describe("scripts", () => {
  test("what is written is read in the same order, whatever memory there was to begin with", () => {
    fc.assert(
      fc.property(fc.array(operation), fc.nat(200), (operations, size) => {
        const script = new ScriptWriter(new ArrayBuffer(size));
        for (const { table, key, value } of operations) {
          if (value === undefined) script.remove(table, key);
          else script.put(table, key, value);
        }
        const read: { table: Table; key: Buffer; value: Buffer | undefined }[] = [];
        readScript(script.memory, script.length, (table, key, value) => read.push({ table, key, value }));
        expect(read.map(({ table, key, value }) => [table, [...key], value && [...value]])).toEqual(
          operations.map(({ table, key, value }) => [table, [...key], value && [...value]]),
        );
      }),
    );
  });
});
