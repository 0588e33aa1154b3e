import type { NewMessage } from "@tidings/protocol";
import type { StoredPayload } from "./payload-store.ts";

/** One message as a publisher hands it over: what it carries, and how it is to travel. */
export interface PublishMessage extends Omit<NewMessage, "artifact"> {
  /** Travel inline above the channel's inline limit, if it can. Default false. */
  readonly inline?: boolean;
  /** JSON, as it was given: what the message shows where its payload is stored. Default: the payload's beginning. */
  readonly preview?: Uint8Array;
  /** Media type of the payload, where it is stored. Default: that of its kind. */
  readonly contentType?: string;
  /** Id of an artifact that was uploaded before, and is the payload; `data` is empty then, or small JSON that travels beside it. */
  readonly artifactId?: string;
  /** A payload that was stored for this message already; `data` is empty then. It is discarded where nothing is appended. */
  readonly stored?: StoredPayload;
}
