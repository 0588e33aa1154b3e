import { formatBytes } from "@tidings/ui/format";

/** Characters of a payload that stand in a row. */
const MAX_ROW = 400;

/** One thing in a channel, as a row shows it. */
export interface Line {
  readonly key: string;
  readonly kind: "message" | "gap";
  readonly time: string;
  readonly event: string;
  /** What the message is the newest value of. */
  readonly of: string | undefined;
  readonly cursor: string | undefined;
  /** The payload in one line. */
  readonly text: string;
  readonly data: unknown;
  readonly isText: boolean;
  readonly artifact: { readonly url: string; readonly size: number; readonly type: string } | undefined;
}

interface Source {
  readonly cursor?: string | undefined;
  readonly event?: string | undefined;
  readonly key?: string | undefined;
  readonly time: string;
  readonly contentType?: string | undefined;
  readonly data?: unknown;
  readonly artifact?: Line["artifact"] | undefined;
  readonly preview?: unknown;
  readonly deleted?: true | undefined;
}

export function lineOf(message: Source, key: string): Line {
  const { cursor, event = "message", time, contentType, data, artifact, preview, deleted } = message;
  return {
    key,
    kind: "message",
    time,
    event,
    of: message.key,
    cursor,
    text: deleted === true ? "deleted" : rowText(artifact === undefined ? data : preview, artifact),
    data: artifact === undefined ? data : preview,
    isText: contentType === "text/plain",
    artifact,
  };
}

/** Where messages are missing. */
export function gapLine(
  { reason, missed }: { readonly reason: string; readonly missed: number | null },
  time: string,
  key: string,
): Line {
  const many =
    missed === null ? "an unknown number of messages" : missed === 1 ? "1 message" : `${missed} messages`;
  const why =
    reason === "expired"
      ? "retention has dropped them"
      : reason === "epoch"
        ? "the log began anew"
        : "the log has lost its end";
  return {
    key,
    kind: "gap",
    time,
    event: "gap",
    of: undefined,
    cursor: undefined,
    text: `${many} missing here: ${why}`,
    data: undefined,
    isText: true,
    artifact: undefined,
  };
}

function rowText(data: unknown, artifact: Line["artifact"] | undefined): string {
  const stored = artifact === undefined ? "" : `[${artifact.type}, ${formatBytes(artifact.size)}] `;
  if (data === undefined) return stored;
  if (data instanceof Uint8Array) return `${formatBytes(data.length)} of bytes: ${hex(data)}`;
  const text = typeof data === "string" ? data : JSON.stringify(data);
  return stored + (text.length > MAX_ROW ? `${text.slice(0, MAX_ROW)}…` : text).replaceAll(/\s+/g, " ");
}

/** What bytes begin with. */
export function hex(bytes: Uint8Array): string {
  const shown = [...bytes.subarray(0, 32)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return bytes.length > 32 ? `${shown} …` : shown;
}
