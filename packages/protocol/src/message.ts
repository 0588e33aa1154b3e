import type { Offset } from "./cursor.ts";

/** What a payload is: JSON as it was published, text as UTF-8, bytes; or nothing, in the message that deletes a key. */
export type PayloadKind = "json" | "text" | "bytes" | "none";

/** One message as a publisher gives it. */
export interface NewMessage {
  /** Its type; `message` where nothing is said. */
  readonly event: string;
  readonly kind: PayloadKind;
  /** The payload's bytes: checked JSON or UTF-8 for those kinds. Never written to after it was handed over. */
  readonly data: Uint8Array;
  /**
   * Of a payload that is kept outside of the log: JSON on one line, `{"artifact":{…},"preview":…}` without the preview
   * where there is none, or with the message's own `"data"` in its place. `data` is empty then; or it is bytes, whole, for those who take them in binary frames.
   */
  readonly artifact?: Uint8Array;
  /** What this message is the newest value of. */
  readonly key?: string;
  /** A repeat of this key within five minutes appends nothing and answers the first one's offset. */
  readonly idempotencyKey?: string;
}

/** One message as a log holds it. */
export interface Message {
  /** 0 for an ephemeral message: it is kept nowhere and has no cursor. */
  readonly offset: Offset;
  /** When it was appended, in milliseconds since 1970-01-01 UTC. */
  readonly timeMs: number;
  readonly event: string;
  readonly kind: PayloadKind;
  readonly data: Uint8Array;
  /** As in {@link NewMessage}. */
  readonly artifact?: Uint8Array;
  readonly key?: string;
}

/** What a message counts for under a retention or page limit by bytes: payload, names, and 64 for its record. */
export function messageBytes({
  data,
  event,
  key,
  artifact,
}: Pick<NewMessage, "data" | "event" | "key" | "artifact">): number {
  return data.length + event.length + (key?.length ?? 0) + (artifact?.length ?? 0) + 64;
}
