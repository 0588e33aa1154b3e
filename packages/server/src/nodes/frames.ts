import { z } from "zod";

/** Where all nodes on one log hear each other. Nothing is kept there. */
export const NODES_CHANNEL = "$tidings/nodes";
/** Characters of one frame, about: what engines pass on without trouble. */
export const MAX_FRAME_CHARS = 32_768;
/** Characters of a node's name. */
export const MAX_NODE_NAME = 64;

/** Where one node is asked, and answered. */
export function inboxOf(node: string): string {
  return `${NODES_CHANNEL}/${node}`;
}

/** What a node is, as the others know it. */
export interface About {
  /** For people. */
  readonly name: string;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
}

/** `[key, value]`; `null` where the key is no more. */
type Entry = readonly [key: string, value: unknown];

/** Changes of a node's table by topic, numbered without a hole; with `part`, all of it, which begins with `first` and ends with `last`. */
export interface Tell {
  readonly type: "tell";
  readonly node: string;
  readonly at: number;
  readonly part?: "first" | "more" | "last" | "only" | undefined;
  readonly changes: Readonly<Record<string, readonly Entry[]>>;
}

/** Told to all. */
export type Frame =
  | Tell
  /** It is there, and says so every `everyMs` or a little later; `at` is the number of the last `tell`. */
  | {
      readonly type: "beat";
      readonly node: string;
      readonly about: About;
      readonly at: number;
      readonly everyMs: number;
    }
  /** It wants the whole table of a node, or of all. */
  | { readonly type: "ask"; readonly node: string; readonly of: string | null }
  /** It goes down. */
  | { readonly type: "bye"; readonly node: string };

/** Told to one node. */
export type Letter =
  | {
      readonly type: "call";
      readonly node: string;
      readonly call: string;
      readonly method: string;
      readonly params?: unknown;
    }
  /** A part of an answer, which is JSON once it is whole. */
  | {
      readonly type: "answer";
      readonly node: string;
      readonly call: string;
      readonly part: number;
      readonly isLast: boolean;
      readonly text: string;
    }
  | { readonly type: "fault"; readonly node: string; readonly call: string; readonly message: string };

const id = z.string().min(1).max(64);
const count = z.number().int().nonnegative();
const about = z.object({
  name: z.string().min(1).max(MAX_NODE_NAME),
  version: z.string().max(64),
  startedAtMs: z.number(),
});

// Members that a later version adds are passed over.
const frame: z.ZodType<Frame> = z.discriminatedUnion("type", [
  z.object({ type: z.literal("beat"), node: id, about, at: count, everyMs: z.number().positive() }),
  z.object({
    type: z.literal("tell"),
    node: id,
    at: count,
    part: z.enum(["first", "more", "last", "only"]).optional(),
    changes: z.record(z.string(), z.array(z.tuple([z.string(), z.unknown()]))),
  }),
  z.object({ type: z.literal("ask"), node: id, of: id.nullable() }),
  z.object({ type: z.literal("bye"), node: id }),
]);

const letter: z.ZodType<Letter> = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("call"),
    node: id,
    call: id,
    method: z.string().max(64),
    params: z.unknown().optional(),
  }),
  z.object({
    type: z.literal("answer"),
    node: id,
    call: id,
    part: count,
    isLast: z.boolean(),
    text: z.string(),
  }),
  z.object({ type: z.literal("fault"), node: id, call: id, message: z.string() }),
]);

/** `undefined` for what another version says, which is passed over. */
export function readFrame(data: unknown): Frame | undefined {
  return frame.safeParse(data).data;
}

export function readLetter(data: unknown): Letter | undefined {
  return letter.safeParse(data).data;
}
