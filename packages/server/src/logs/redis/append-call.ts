import type { Appended } from "@tidings/core";
import { type Message, messageBytes, type NewMessage, type Offset } from "@tidings/protocol";
import type { AppendJob } from "../channel-queue.ts";
import type { Arg, Reply } from "./connection.ts";
import { conflictError, fullError } from "./faults.ts";
import { encodeRecord } from "../record.ts";

/** What the script wants to know of appends that go together. */
export function appendArgs(tag: string, maxInlineBytes: number, jobs: readonly AppendJob[]): readonly Arg[] {
  const args: Arg[] = [tag, String(maxInlineBytes), String(jobs.length)];
  for (const { batch, options } of jobs) {
    const { idempotencyKey = "", ifOffset, ifEpoch = "" } = options;
    args.push(idempotencyKey, ifOffset === undefined ? "" : String(ifOffset), ifEpoch, String(batch.length));
    for (const message of batch) {
      const { key, kind } = message;
      const flags = key === undefined ? "-" : kind === "none" ? "d" : "k";
      args.push(
        message.idempotencyKey ?? "",
        key ?? "",
        flags,
        String(messageBytes(message)),
        encodeRecord(message),
      );
    }
  }
  return args;
}

/** What became of one append. */
export type Outcome =
  | { readonly appended: Appended; readonly messages: readonly Message[] }
  | { readonly error: Error };

export function readOutcome(
  channel: string,
  { batch, options }: AppendJob,
  answer: readonly Reply[],
  epoch: string,
  timeMs: number,
  bounds: { readonly maxMessages: number; readonly maxBytes: number },
): Outcome {
  const [what, first, second, third, ...repeats] = answer;
  switch (String(what)) {
    case "conflict": {
      const asked = `${options.ifEpoch ?? String(first)}.${options.ifOffset ?? String(second)}`;
      return { error: conflictError(channel, `${String(first)}.${String(second)}`, asked) };
    }
    case "full": {
      const isCount = String(first) === "messages";
      const bound = isCount ? `${bounds.maxMessages} keys` : `${bounds.maxBytes} bytes of newest messages`;
      return { error: fullError(channel, bound) };
    }
    default: {
      const left = new Set(repeats);
      const count = second as number;
      const from = third as number;
      const added = count === 0 ? [] : batch.filter((_, place) => !left.has(place));
      const messages = added.map((message, place) => kept(message, (from + place) as Offset, timeMs));
      return { appended: { epoch, offset: first as Offset, appended: count }, messages };
    }
  }
}

/** Without what only publishers know. */
function kept({ idempotencyKey: _, ...message }: NewMessage, offset: Offset, timeMs: number): Message {
  return { ...message, offset, timeMs };
}
