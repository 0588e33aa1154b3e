/** What one node's append, truncation or broadcast tells the others: a line, and the messages where they are small. */
import type { Message, NewMessage, Offset } from "@tidings/protocol";
import { decodeRecord, encodeRecord } from "../record.ts";

export type Note =
  | { readonly type: "ephemeral"; readonly messages: readonly Message[] }
  | {
      readonly type: "kept";
      readonly epoch: string;
      readonly head: Offset;
      readonly earliest: Offset;
      readonly tag: string;
      /** Those that bring the channel up to `head`; `undefined` where they are to be read from the log. */
      readonly messages: readonly Message[] | undefined;
    };

const EPHEMERAL = "~";
const NONE = 0 as Offset;

export function encodeEphemeral(messages: readonly NewMessage[], timeMs: number): Buffer {
  const records = messages.map((message) => encodeRecord(message));
  const line = Buffer.from(`${EPHEMERAL} ${timeMs}\n`);
  return Buffer.concat([line, ...records.flatMap((record) => [lengthOf(record), record])]);
}

/** `undefined` for what is no note: a topic is anybody's who may publish there. */
export function decodeNote(body: Buffer): Note | undefined {
  const end = body.indexOf(10);
  if (end === -1) return undefined;
  const words = body.toString("latin1", 0, end).split(" ");
  try {
    if (words[0] === EPHEMERAL)
      return { type: "ephemeral", messages: records(body, end + 1, Number(words[1]), () => NONE) };
    const [epoch, first, count, timeMs, earliest, head, tag, isInline] = words;
    if (epoch === undefined || tag === undefined || isInline === undefined) return undefined;
    let offset = Number(first);
    const messages =
      Number(count) > 0 && isInline === "0"
        ? undefined
        : records(body, end + 1, Number(timeMs), () => offset++ as Offset);
    return {
      type: "kept",
      epoch,
      head: Number(head) as Offset,
      earliest: Number(earliest) as Offset,
      tag,
      messages,
    };
  } catch (error) {
    if (error instanceof RangeError) return undefined; // It ends before what it says it has.
    throw error;
  }
}

function records(body: Buffer, from: number, timeMs: number, offset: () => Offset): readonly Message[] {
  const messages: Message[] = [];
  for (let at = from; at < body.length;) {
    const length = body.readUInt32BE(at);
    messages.push(decodeRecord(body.subarray(at + 4, at + 4 + length), offset(), timeMs));
    at += 4 + length;
  }
  return messages;
}

/** As the channel's script writes it, for what is told later than the script ends. */
export function encodeKept(
  {
    epoch,
    head,
    earliest,
    tag,
  }: Pick<Extract<Note, { type: "kept" }>, "epoch" | "head" | "earliest" | "tag">,
  messages: readonly Message[],
  maxInlineBytes: number,
): Buffer {
  const records = messages.map((message) => encodeRecord(message));
  const isInline = records.reduce((sum, { length }) => sum + length, 0) <= maxInlineBytes;
  const [first] = messages;
  const words = [epoch, first?.offset ?? head + 1, messages.length, first?.timeMs ?? 0, earliest, head, tag];
  const line = Buffer.from(`${words.join(" ")} ${isInline ? "1" : "0"}\n`);
  return Buffer.concat(
    isInline ? [line, ...records.flatMap((record) => [lengthOf(record), record])] : [line],
  );
}

function lengthOf(record: Buffer): Buffer {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(record.length, 0);
  return length;
}
