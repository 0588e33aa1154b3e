import type { Retention } from "@tidings/core";
import fc from "fast-check";

/** One step of a random history. */
export type Operation =
  | { readonly type: "append"; readonly calls: readonly AppendCall[] }
  | {
      readonly type: "read";
      readonly channel: string;
      readonly after: number;
      readonly maxMessages: number;
      readonly maxBytes: number;
    }
  | { readonly type: "truncate"; readonly channel: string; readonly upTo: number | undefined }
  | { readonly type: "wait"; readonly ms: number }
  | { readonly type: "sweep" }
  | { readonly type: "follow" | "unfollow" | "describe"; readonly channel: string }
  | { readonly type: "last"; readonly channel: string; readonly count: number }
  | { readonly type: "list"; readonly after: string; readonly limit: number }
  | { readonly type: "retain"; readonly retention: Retention }
  | { readonly type: "restart" };

/** Calls of one step are made together, none waiting for another. */
export interface AppendCall {
  readonly channel: string;
  readonly batch: readonly { readonly size: number; readonly key: string | undefined }[];
  readonly idempotencyKey: string | undefined;
  /** Distance from the head that the condition names; 0 is met. */
  readonly ifOffset: number | undefined;
}

const channel = fc.constantFrom("a", "a/b", "c");
const key = fc.option(fc.constantFrom("k1", "k2", "k3", "k4"), { nil: undefined, freq: 2 });
const bound = (max: number): fc.Arbitrary<number> =>
  fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 0, max }));

const call: fc.Arbitrary<AppendCall> = fc.record({
  channel,
  batch: fc.array(fc.record({ size: fc.oneof(fc.nat(40), fc.constant(9_000)), key }), { maxLength: 6 }),
  idempotencyKey: key,
  ifOffset: fc.option(fc.constantFrom(0, 0, 1, -1), { nil: undefined, freq: 2 }),
});

export const RETENTION: fc.Arbitrary<Retention> = fc.record({
  maxMessages: bound(20),
  maxBytes: bound(20_000),
  maxAgeMs: bound(400_000),
});

export function operations(canRestart: boolean): fc.Arbitrary<readonly Operation[]> {
  const step = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        type: fc.constant("append" as const),
        calls: fc.array(call, { minLength: 1, maxLength: 4 }),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant("read" as const),
        channel,
        after: fc.nat(60),
        maxMessages: fc.integer({ min: 1, max: 30 }),
        maxBytes: fc.integer({ min: 1, max: 30_000 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant("truncate" as const),
        channel,
        upTo: fc.option(fc.nat(60), { nil: undefined }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant("wait" as const),
        ms: fc.oneof(fc.nat(1_000), fc.nat(300_000)),
      }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("sweep" as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constantFrom("follow" as const, "unfollow" as const, "describe" as const),
        channel,
      }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("last" as const), channel, count: fc.nat(30) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant("list" as const),
        after: fc.constantFrom("", "a", "a/b", "b"),
        limit: fc.nat(3),
      }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("retain" as const), retention: RETENTION }) },
    ...(canRestart ? [{ weight: 1, arbitrary: fc.record({ type: fc.constant("restart" as const) }) }] : []),
  );
  return fc.array(step, { minLength: 1, maxLength: 40 });
}
