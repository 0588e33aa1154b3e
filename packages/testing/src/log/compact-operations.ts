import type { Retention } from "@tidings/core";
import fc from "fast-check";

/** One step of a random history of a compact channel. */
export type CompactOperation =
  | { readonly type: "append"; readonly batch: readonly CompactMessage[] }
  | {
      readonly type: "read";
      readonly after: number;
      readonly maxMessages: number;
      readonly maxBytes: number;
    }
  | { readonly type: "advance"; readonly reader: number; readonly maxMessages: number }
  | { readonly type: "truncate"; readonly upTo: number | undefined }
  | { readonly type: "wait"; readonly ms: number }
  | { readonly type: "sweep" | "describe" | "restart" }
  | { readonly type: "last"; readonly count: number };

export interface CompactMessage {
  readonly key: string | undefined;
  readonly isDeletion: boolean;
  readonly size: number;
}

/** How many readers a history has. */
export const READERS = 3;

const message: fc.Arbitrary<CompactMessage> = fc
  .record({
    key: fc.option(fc.constantFrom("a", "b", "c", "d", "e", "f", "g"), { nil: undefined, freq: 12 }),
    isDeletion: fc.constantFrom(false, false, true),
    size: fc.oneof({ weight: 9, arbitrary: fc.nat(40) }, { weight: 1, arbitrary: fc.constant(9_000) }),
  })
  .map((each) => ({ ...each, isDeletion: each.isDeletion && each.key !== undefined }));

const bound = (min: number, max: number): fc.Arbitrary<number> =>
  fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min, max }));

export const COMPACT_RETENTION: fc.Arbitrary<Retention> = fc.record({
  maxMessages: bound(0, 8),
  maxBytes: bound(100, 20_000),
  maxAgeMs: bound(0, 300_000),
  compact: fc.constant(true),
});

export function compactOperations(canRestart: boolean): fc.Arbitrary<readonly CompactOperation[]> {
  const plain = (type: "sweep" | "describe" | "restart"): fc.Arbitrary<CompactOperation> =>
    fc.record({ type: fc.constant(type) });
  const step: fc.Arbitrary<CompactOperation> = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        type: fc.constant("append" as const),
        batch: fc.array(message, { minLength: 1, maxLength: 6 }),
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        type: fc.constant("advance" as const),
        reader: fc.nat(READERS - 1),
        maxMessages: fc.integer({ min: 1, max: 5 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constant("read" as const),
        after: fc.nat(60),
        maxMessages: fc.integer({ min: 1, max: 10 }),
        maxBytes: fc.integer({ min: 1, max: 30_000 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant("truncate" as const),
        upTo: fc.option(fc.nat(60), { nil: undefined }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constant("wait" as const),
        ms: fc.oneof(fc.nat(1_000), fc.nat(300_000)),
      }),
    },
    { weight: 1, arbitrary: plain("sweep") },
    { weight: 1, arbitrary: plain("describe") },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant("last" as const), count: fc.nat(10) }),
    },
    ...(canRestart ? [{ weight: 1, arbitrary: plain("restart") }] : []),
  );
  return fc.array(step, { minLength: 1, maxLength: 60 });
}
