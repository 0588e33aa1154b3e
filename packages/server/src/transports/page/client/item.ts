import type { ArtifactReference, GapFrame, MessageObject } from "@tidings/protocol";
import { formatBytes } from "./format.ts";
import { oneLine } from "./visible-text.ts";

/** One line of the list. */
export type Item = MessageItem | GapItem;

export interface MessageItem {
  readonly kind: "message";
  /** Absent on an ephemeral message. */
  readonly cursor: string | undefined;
  readonly event: string;
  readonly key: string | undefined;
  readonly timeMs: number;
  readonly time: string;
  readonly payload: Payload;
  /** What the message weighs on the page, in UTF-16 units. */
  readonly size: number;
}

export interface Payload {
  readonly kind: "json" | "text" | "bytes" | "stored" | "deleted";
  /** Compact JSON, the text, or base64; of a stored one its preview, if there is one. */
  readonly text: string;
  /** Where a stored one is. */
  readonly artifact?: ArtifactReference;
  /** Of a stored one: whether `text` is data beside it, and not its preview. */
  readonly hasData?: boolean;
}

export interface GapItem {
  readonly kind: "gap";
  readonly gap: Omit<GapFrame, "type" | "channel">;
  readonly size: number;
}

/** What is shown of a payload before it is opened, in UTF-16 units. */
const PREVIEW_LENGTH = 600;

/** Keeps of a message what the page shows. */
export function toItem(message: MessageObject): MessageItem {
  const payload = payloadOfMessage(message);
  return {
    kind: "message",
    cursor: message.cursor,
    event: message.event ?? "message",
    key: message.key,
    timeMs: Date.parse(message.time),
    time: message.time,
    payload,
    size: payload.text.length + 200,
  };
}

export function toGapItem(gap: GapItem["gap"]): GapItem {
  return { kind: "gap", gap, size: 200 };
}

function payloadOfMessage({
  data,
  contentType,
  encoding,
  artifact,
  preview,
  deleted,
}: MessageObject): Payload {
  if (deleted === true) return { kind: "deleted", text: "" };
  if (artifact !== undefined) {
    // What it says beside it, or else what the payload begins with.
    const shown = data === undefined ? preview : data;
    const text = typeof shown === "string" ? shown : (JSON.stringify(shown) ?? "");
    return { kind: "stored", text, artifact, hasData: data !== undefined };
  }
  if (encoding === "base64") return { kind: "bytes", text: String(data) };
  if (contentType === "text/plain") return { kind: "text", text: String(data) };
  return { kind: "json", text: JSON.stringify(data) ?? "" };
}

/** The payload on one line. */
export function previewOf({ kind, text, artifact }: Payload): string {
  if (kind === "deleted") return "deleted";
  if (artifact !== undefined) {
    const told = `${formatBytes(artifact.size)} of ${oneLine(artifact.type, 120)}`;
    return text === "" ? told : `${told} · ${oneLine(text, PREVIEW_LENGTH)}`;
  }
  return kind === "bytes"
    ? `${formatBytes(bytesOf(text))} · ${text.slice(0, 120)}`
    : oneLine(text, PREVIEW_LENGTH);
}

/** How many bytes base64 stands for. */
export function bytesOf(base64: string): number {
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  return Math.max(0, (base64.length / 4) * 3 - padding);
}

/** What a gap's reason means, for people. */
export function explainGap(reason: string): string {
  switch (reason) {
    case "expired":
      return "older than the server keeps";
    case "epoch":
      return "the channel's log was started anew";
    case "ahead":
      return "the position was ahead of the channel";
    default:
      return reason;
  }
}

/** Epoch and offset of a cursor. This page is the server's own, so it may look inside; clients must not. */
export function splitCursor(cursor: string): { readonly epoch: string; readonly offset: number } {
  const dot = cursor.lastIndexOf(".");
  return { epoch: cursor.slice(0, dot), offset: Number(cursor.slice(dot + 1)) };
}
