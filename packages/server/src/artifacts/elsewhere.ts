import type { NewPayload, PayloadStore, StoredPayload } from "@tidings/core";
import { type Cursor, quote, toOffset, TidingsError } from "@tidings/protocol";
import { z } from "zod";
import type { Nodes } from "../nodes/index.ts";
import type { Artifacts } from "./artifacts.ts";
import { type ArtifactRecord, decodeArtifact, encodeRecord, ID } from "./record.ts";
import type { StoredBody } from "./store.ts";

/** Bytes that are asked for at a time; base64 makes them a third more, in a few frames. */
const READ_BYTES = 65_536;
/** Artifacts of which it is remembered where they are; the oldest is asked for anew. */
const MAX_PLACES = 10_000;

/** One that another node has. */
export interface Found {
  readonly node: string;
  readonly record: ArtifactRecord;
  /** The body, as a download reads it. */
  readonly open: () => StoredBody;
  readonly delete: () => Promise<void>;
}

const id = z.string().regex(ID);
const one = z.object({ id });
const part = z.object({
  id,
  position: z.number().int().nonnegative(),
  length: z.number().int().min(1).max(READ_BYTES),
});
const bound = z.object({
  id,
  channel: z.string(),
  epoch: z.string(),
  offset: z.number().int().nonnegative(),
});

/**
 * Artifacts that other nodes of the log have: each stays where it was stored, in that node's folder, and any other node
 * passes it on, a part at a time, by way of the log. No node writes to another's folder.
 */
export class ArtifactsElsewhere implements PayloadStore {
  readonly #own: Artifacts;
  readonly #nodes: Nodes;
  readonly #places = new Map<string, string>();

  constructor(own: Artifacts, nodes: Nodes) {
    this.#own = own;
    this.#nodes = nodes;
    nodes.on("artifact", (params) => {
      const asked = one.parse(params);
      if (own.has(asked.id)) return encodeRecord(own.get(asked.id));
      return own.uploads.get(asked.id) === undefined ? null : UPLOADING;
    });
    nodes.on("artifact.read", async (params) => {
      const asked = part.parse(params);
      const body = await own.open(asked.id);
      try {
        const bytes = Buffer.allocUnsafe(asked.length);
        return bytes.toString("base64", 0, await body.read(bytes, asked.position));
      } finally {
        await body.close();
      }
    });
    nodes.on("artifact.delete", async (params) => own.delete(one.parse(params).id));
    nodes.on("artifact.name", async (params) => own.find(one.parse(params).id).then(() => true));
    nodes.on("artifact.bind", async (params) => {
      const { channel, epoch, offset, ...asked } = bound.parse(params);
      await own.bind(asked.id, channel, { epoch, offset: toOffset(offset) });
    });
  }

  put(data: Uint8Array, about: NewPayload): Promise<StoredPayload> {
    return this.#own.put(data, about);
  }

  putParts(parts: AsyncIterable<Uint8Array>, about: NewPayload): Promise<StoredPayload> {
    return this.#own.putParts(parts, about);
  }

  async find(artifact: string): Promise<StoredPayload> {
    if (this.#own.has(artifact)) return this.#own.find(artifact);
    const { node, record } = await this.locate(artifact);
    // It stays for a while then, since a message is about to name it.
    await this.#ask("artifact.name", { id: artifact }, node);
    return { id: artifact, artifact: this.#own.referenceOf(record) };
  }

  async bind(artifact: string, channel: string, at: Cursor): Promise<void> {
    const node = this.#own.has(artifact) ? undefined : this.#places.get(artifact);
    if (node === undefined) return this.#own.bind(artifact, channel, at);
    await this.#ask("artifact.bind", { id: artifact, channel, ...at }, node);
  }

  discard(artifact: string): Promise<void> {
    return this.#own.discard(artifact);
  }

  /**
   * Which other node has it.
   *
   * @throws {TidingsError} `ARTIFACT_UNKNOWN`; `LOG_UNAVAILABLE` where one gave no answer, which may have it
   */
  async locate(artifact: string): Promise<Found> {
    if (!ID.test(artifact)) throw unknownHere(artifact);
    const place = this.#places.get(artifact);
    const silent = place === undefined ? undefined : await this.#look(artifact, [place]);
    if (silent !== undefined && typeof silent !== "string") return silent;
    const found = await this.#look(artifact);
    if (found === undefined) throw unknownHere(artifact);
    if (typeof found !== "string") return found;
    throw new TidingsError(
      "LOG_UNAVAILABLE",
      `artifact ${quote(artifact)} is not on the nodes that answer; it may be on ${found}, which does not. Try again.`,
    );
  }

  #open(artifact: string, node: string): StoredBody {
    return {
      read: async (into, position) => {
        const length = Math.min(into.length, READ_BYTES);
        const text = await this.#ask("artifact.read", { id: artifact, position, length }, node);
        const bytes = Buffer.from(String(text), "base64");
        into.set(bytes);
        return bytes.length;
      },
      close: async () => undefined,
    };
  }

  async #delete(artifact: string, node: string): Promise<void> {
    await this.#ask("artifact.delete", { id: artifact }, node);
    this.#places.delete(artifact);
  }

  /** The name of a node that gave no answer, where none that did has it. */
  async #look(artifact: string, at?: readonly string[]): Promise<Found | string | undefined> {
    const answers = await this.#nodes.ask("artifact", { id: artifact }, at);
    let silent: string | undefined;
    for (const answer of answers) {
      const { node } = answer;
      if ("missing" in answer) {
        silent = this.#nodes.nameOf(node);
        continue;
      }
      if (answer.value === UPLOADING) throw uploadingAt(artifact, this.#nodes.nameOf(node));
      const record = typeof answer.value === "string" ? decodeArtifact(answer.value, artifact) : undefined;
      if (record === undefined) continue;
      this.#remember(artifact, node);
      return {
        node,
        record,
        open: () => this.#open(artifact, node),
        delete: async () => this.#delete(artifact, node),
      };
    }
    return silent;
  }

  #remember(artifact: string, node: string): void {
    this.#places.delete(artifact);
    this.#places.set(artifact, node);
    if (this.#places.size <= MAX_PLACES) return;
    for (const oldest of this.#places.keys()) {
      this.#places.delete(oldest);
      return;
    }
  }

  async #ask(method: string, params: object, node: string): Promise<unknown> {
    const [answer] = await this.#nodes.ask(method, params, [node]);
    if (answer !== undefined && "value" in answer) return answer.value;
    throw new TidingsError(
      "LOG_UNAVAILABLE",
      `node ${this.#nodes.nameOf(node)}, which has the artifact, ${answer?.missing ?? "is gone"}. Try again.`,
    );
  }
}

/** Of a node whose artifacts another process has: that one answers for them. */
export function answerNone(nodes: Nodes): void {
  nodes.on("artifact", () => null);
}

/** Answered of one that is not whole yet. */
const UPLOADING = "uploading";

function unknownHere(artifact: string): TidingsError {
  return new TidingsError(
    "ARTIFACT_UNKNOWN",
    `there is no artifact ${quote(artifact)} on any node: it has expired with the messages that named it, was deleted, its upload is ` +
      "not finished, or the node that has it does not run: start it again, with its data folder.",
  );
}

function uploadingAt(artifact: string, name: string): TidingsError {
  return new TidingsError(
    "ARTIFACT_UNKNOWN",
    `the upload ${quote(artifact)} was begun on node ${name}, and is not finished: go on with it there, on the connection that began it, or begin anew.`,
  );
}
