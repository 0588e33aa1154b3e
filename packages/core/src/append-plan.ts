import { type Message, type NewMessage, type Offset, TidingsError, toOffset } from "@tidings/protocol";
import type { AppendOptions } from "./log.ts";

/** What an append would do to a channel, worked out without doing it; a log then stores it as one. */
export interface AppendPlan {
  /** The new messages, with their offsets. */
  readonly messages: readonly Message[];
  /** Of the batch's last message; of its first append, where that was a repeat. */
  readonly offset: Offset;
  /** Idempotency keys to remember, with the offset that a repeat answers. */
  readonly keys: readonly (readonly [key: string, offset: Offset])[];
}

/**
 * Gives a batch its offsets, after looking for repeats and checking its conditions. Every log with offsets of its own
 * uses it, so that repeats and conflicts are the same everywhere. Repeats inside the batch count too.
 *
 * @throws {TidingsError} `CONFLICT`
 */
export function planAppend(
  channel: string,
  at: { readonly epoch: string; readonly head: Offset; readonly timeMs: number },
  batch: readonly NewMessage[],
  options: AppendOptions,
  recall: (key: string) => Offset | undefined,
): AppendPlan {
  const wholeKey = options.idempotencyKey;
  const repeated = wholeKey === undefined ? undefined : recall(wholeKey);
  if (repeated !== undefined) return { messages: [], offset: repeated, keys: [] };

  /** There once a key is: most messages have none. */
  let keys: Map<string, Offset> | undefined;
  const messages: Message[] = [];
  let head = at.head;
  let offset = head;
  for (const message of batch) {
    const { idempotencyKey } = message;
    const first =
      idempotencyKey === undefined ? undefined : (keys?.get(idempotencyKey) ?? recall(idempotencyKey));
    if (first !== undefined) {
      offset = first;
      continue;
    }
    head = toOffset(head + 1);
    offset = head;
    messages.push(kept(message, offset, at.timeMs));
    if (idempotencyKey !== undefined) (keys ??= new Map()).set(idempotencyKey, offset);
  }
  // A batch of repeats alone is a retry that succeeded before: its condition held then.
  if (messages.length > 0) checkCondition(channel, at, options);
  // Remembered even where each message was a repeat: their keys end before this one does.
  if (wholeKey !== undefined && batch.length > 0) (keys ??= new Map()).set(wholeKey, offset);
  return { messages, offset, keys: keys === undefined ? [] : [...keys] };
}

/** Field by field: 10 ns, where spreading without the idempotency key takes 70 (Node.js 24). */
function kept({ event, kind, data, key, artifact }: NewMessage, offset: Offset, timeMs: number): Message {
  if (artifact === undefined) {
    return key === undefined
      ? { offset, timeMs, event, kind, data }
      : { offset, timeMs, event, kind, data, key };
  }
  const stored = { offset, timeMs, event, kind, data, artifact };
  return key === undefined ? stored : { ...stored, key };
}

function checkCondition(
  channel: string,
  at: { readonly epoch: string; readonly head: Offset },
  { ifOffset, ifEpoch }: AppendOptions,
): void {
  if ((ifOffset === undefined || ifOffset === at.head) && (ifEpoch === undefined || ifEpoch === at.epoch))
    return;
  const head = `${at.epoch}.${at.head}`;
  throw new TidingsError(
    "CONFLICT",
    `the head of channel "${channel}" is ${head}, not ${ifEpoch ?? at.epoch}.${ifOffset ?? at.head}; ` +
      "read what was appended since, then publish on the new head.",
    { head },
  );
}
