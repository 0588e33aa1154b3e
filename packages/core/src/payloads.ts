import {
  checkPreview,
  encodeArtifact,
  type Limits,
  type NewMessage,
  previewOf,
  TidingsError,
} from "@tidings/protocol";
import { Gate } from "./gate.ts";
import type { PayloadStore, StoredPayload } from "./payload-store.ts";
import type { ResolvedPolicy } from "./policy.ts";
import type { PublishMessage } from "./publish-message.ts";

const NOTHING = new Uint8Array(0);
/** Payloads that are stored at a time: each has an open file, and a policy may have many small ones stored. */
const MAX_STORING = 64;

/** A message as it is appended, and what was stored for it. */
export interface Prepared {
  readonly message: NewMessage;
  readonly stored?: StoredPayload;
  /** Whether it was stored for this message, and not uploaded before: then it goes where the message is not appended. */
  readonly isOwn?: boolean;
}

/** Decides how each payload travels, by its size and the channel's policy, and stores those that cannot travel inline. */
export class Payloads {
  readonly #store: PayloadStore | undefined;
  readonly #limits: Limits;
  readonly #gate = new Gate(MAX_STORING);

  constructor(store: PayloadStore | undefined, limits: Limits) {
    this.#store = store;
    this.#limits = limits;
  }

  /**
   * Whether a message needs the store before it can be appended.
   *
   * @throws {TidingsError} `MESSAGE_TOO_LARGE`, `ARTIFACT_TOO_LARGE`, `PREVIEW_INVALID`, `REQUEST_INVALID`
   */
  needsStore(channel: string, message: PublishMessage, policy: ResolvedPolicy, ephemeral: boolean): boolean {
    const { data, kind, inline = false, preview } = message;
    if (preview !== undefined) checkPreview(preview, this.#limits.maxPreviewBytes);
    if (message.artifactId !== undefined || message.stored !== undefined) {
      checkReference(message, ephemeral, this.#limits.maxPreviewBytes);
      if (this.#store === undefined) throw noStore();
      return true;
    }
    const inlineBytes = Math.min(policy.inlineBytes, policy.maxMessageBytes);
    const maxBytes = inline ? policy.maxMessageBytes : inlineBytes;
    const size = data.length;
    if (size <= maxBytes) {
      // Ephemeral bytes travel as base64 all the same: there is nothing kept that a URL could lead to.
      if (kind !== "bytes" || size <= this.#limits.maxBase64Bytes || ephemeral) return false;
    } else if (ephemeral) {
      throw tooLarge(
        channel,
        size,
        maxBytes,
        `it is ephemeral, and so not stored. ${advice(inline, policy)}`,
      );
    } else if (inline) {
      throw tooLarge(
        channel,
        size,
        maxBytes,
        "leave inline out, and the payload is stored and sent as a URL.",
      );
    }
    this.checkStorable(channel, size, policy, inline);
    return true;
  }

  /**
   * Whether a payload of this size may be stored, under the channel's policy.
   *
   * @throws {TidingsError} `MESSAGE_TOO_LARGE` where the policy stores none, else `ARTIFACT_TOO_LARGE`
   */
  checkStorable(channel: string, size: number, policy: ResolvedPolicy, inline = false): void {
    const { maxArtifactBytes } = policy;
    if (this.#store === undefined || maxArtifactBytes === 0) {
      const inlineBytes = Math.min(policy.inlineBytes, policy.maxMessageBytes);
      const limit = size > inlineBytes && !inline ? inlineBytes : this.#limits.maxBase64Bytes;
      const why = "nothing larger is stored for this channel (maxArtifactBytes of its policy).";
      throw tooLarge(channel, size, limit, `${why} ${advice(inline, policy)}`);
    }
    if (size > maxArtifactBytes) {
      throw new TidingsError(
        "ARTIFACT_TOO_LARGE",
        `a payload for channel "${channel}" has ${size} bytes; the largest that is stored has ${maxArtifactBytes} ` +
          `(maxArtifactBytes of the policy "${policy.pattern}"). Send it in parts, or raise the limit.`,
      );
    }
  }

  /** Stores what cannot travel inline, at once. Where one fails, what the others stored is discarded. */
  async prepare(
    channel: string,
    batch: readonly PublishMessage[],
    policy: ResolvedPolicy,
  ): Promise<readonly Prepared[]> {
    const settled = await Promise.allSettled(
      batch.map(async (message) => this.#prepare(channel, message, policy)),
    );
    const failed = settled.find((each) => each.status === "rejected");
    const prepared = settled.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    if (failed === undefined) return prepared;
    this.discard(prepared);
    throw failed.reason;
  }

  /** Lets go of what was stored for messages that were not appended. Not waited for: what stays is swept later. */
  discard(messages: readonly Pick<Prepared, "stored" | "isOwn">[]): void {
    for (const { stored, isOwn } of messages) {
      if (stored !== undefined && isOwn === true) this.#store?.discard(stored.id).catch(() => undefined);
    }
  }

  /** As {@link Payloads.discard}, of what was stored before the publish was even taken. */
  discardGiven(batch: readonly PublishMessage[]): void {
    for (const { stored } of batch) if (stored !== undefined) this.discard([{ stored, isOwn: true }]);
  }

  async #prepare(channel: string, message: PublishMessage, policy: ResolvedPolicy): Promise<Prepared> {
    const isByReference = message.artifactId !== undefined || message.stored !== undefined;
    if (!isByReference && !this.needsStore(channel, message, policy, false))
      return { message: bare(message) };
    const store = this.#store;
    if (store === undefined) throw noStore();
    const { data, kind, preview, contentType, inline = false } = message;
    const stored =
      message.stored ??
      (message.artifactId === undefined
        ? await this.#gate.pass(async () =>
            store.put(data, {
              channel,
              kind,
              ...(contentType === undefined ? {} : { type: contentType }),
            }),
          )
        : await store.find(message.artifactId));
    if (isByReference && stored.artifact.size > policy.maxArtifactBytes) {
      this.discard([{ stored, isOwn: message.stored !== undefined }]);
      this.checkStorable(channel, stored.artifact.size, policy);
    }
    const shown =
      preview ?? (isByReference ? undefined : previewOf(kind, data, this.#limits.maxPreviewBytes));
    const inlineBytes = Math.min(policy.inlineBytes, policy.maxMessageBytes);
    // For those who take bytes in binary frames; all others are given the URL.
    const travels = kind === "bytes" && data.length <= (inline ? policy.maxMessageBytes : inlineBytes);
    const artifact = encodeArtifact(
      stored.artifact,
      isByReference && data.length > 0
        ? { name: "data", json: data }
        : shown && { name: "preview", json: shown },
    );
    const isOwn = message.artifactId === undefined;
    return { message: { ...bare(message), data: travels ? data : NOTHING, artifact }, stored, isOwn };
  }
}

/** What a log is given: without what was said of the payload's way. */
function bare({ event, kind, data, key, idempotencyKey }: PublishMessage): NewMessage {
  return {
    event,
    kind,
    data,
    ...(key === undefined ? {} : { key }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  };
}

function checkReference(message: PublishMessage, ephemeral: boolean, maxDataBytes: number): void {
  const { data, kind, preview, artifactId, stored, inline } = message;
  const hasData = data.length > 0;
  const fault = ephemeral
    ? "an ephemeral message carries no artifact: it is kept nowhere, and so nothing would keep the artifact."
    : inline === true
      ? "an artifact does not travel inline; leave one out."
      : artifactId !== undefined && stored !== undefined
        ? "a message has one payload."
        : hasData && kind !== "json"
          ? "what a message says beside an artifact is JSON; put text and bytes into the artifact."
          : hasData && preview !== undefined
            ? "data beside an artifact stands where its preview would; leave one out."
            : undefined;
  if (fault !== undefined) throw new TidingsError("REQUEST_INVALID", fault);
  if (data.length <= maxDataBytes) return;
  throw new TidingsError(
    "MESSAGE_TOO_LARGE",
    `the data beside an artifact has ${data.length} bytes; the limit is ${maxDataBytes} (maxPreviewBytes). ` +
      "Say less, and put the rest into the artifact.",
  );
}

function advice(inline: boolean, { maxMessageBytes, inlineBytes }: ResolvedPolicy): string {
  const asks = inline || inlineBytes >= maxMessageBytes;
  return asks
    ? "Send it in parts, or upload it by POST /artifacts and publish its URL."
    : `Publish it with inline (?inline, up to ${maxMessageBytes} bytes), in parts, or upload it by POST /artifacts and publish its URL.`;
}

function tooLarge(channel: string, size: number, limit: number, what: string): TidingsError {
  return new TidingsError(
    "MESSAGE_TOO_LARGE",
    `a message for channel "${channel}" has ${size} bytes; the limit is ${limit}: ${what}`,
  );
}

function noStore(): TidingsError {
  return new TidingsError("REQUEST_INVALID", "artifacts are not served here; publish the data itself.");
}
