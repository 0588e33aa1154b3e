import { z } from "zod";

/** A message that names an artifact: it is kept for as long as the log holds the message. */
export interface Reference {
  readonly channel: string;
  readonly epoch: string;
  readonly offset: number;
}

/** Where the message is to be looked for that an artifact was kept for, until it is known. */
export interface Pending {
  readonly channel: string;
  readonly epoch: string;
  /** The message was appended after this offset, if it was. */
  readonly after: number;
}

/** What is known of one whole artifact. Stored as JSON beside its body; that it is there is what makes the body whole. */
export interface ArtifactRecord {
  readonly id: string;
  readonly size: number;
  readonly type: string;
  /** In hexadecimal. */
  readonly sha256: string;
  /** The file name that its uploader gave. */
  readonly name?: string | undefined;
  readonly createdMs: number;
  /** Until when an uploaded one is kept that no message names; absent where it lives by its messages alone. */
  readonly expiresAtMs?: number | undefined;
  references: readonly Reference[];
  pending?: Pending | undefined;
}

/** What is known of an upload that can be gone on with, beside the bytes that are there. */
export interface UploadRecord {
  readonly id: string;
  readonly type: string;
  readonly name?: string | undefined;
  readonly createdMs: number;
  readonly ttlMs: number;
  /** Its whole size, once the client has said it. */
  readonly length?: number | undefined;
  /** SHA-256 of the whole, in hexadecimal, where the client has said it. */
  readonly sha256?: string | undefined;
  /** The channel that is told of its progress. */
  readonly progress?: string | undefined;
}

/** Ids become file names: anything else never reaches the store. */
export const ID: RegExp = /^[A-Za-z0-9_-]{8,64}$/;

const count = z.int().min(0);
const common = {
  v: z.literal(1),
  id: z.string().regex(ID),
  type: z.string().min(3),
  name: z.string().optional(),
  createdMs: count,
};

const artifactSchema = z.object({
  ...common,
  size: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  expiresAtMs: count.optional(),
  references: z.array(z.object({ channel: z.string(), epoch: z.string(), offset: count })),
  pending: z.object({ channel: z.string(), epoch: z.string(), after: count }).optional(),
});

const uploadSchema = z.object({
  ...common,
  ttlMs: count,
  length: count.optional(),
  sha256: z.string().optional(),
  progress: z.string().optional(),
});

export function encodeRecord(record: ArtifactRecord | UploadRecord): string {
  return JSON.stringify({ v: 1, ...record });
}

/** Reads a record back, or answers `undefined` for one that is damaged, or of another id than its name says. */
export function decodeArtifact(text: string, id: string): ArtifactRecord | undefined {
  const parsed = artifactSchema.safeParse(toJson(text));
  if (!parsed.success || parsed.data.id !== id) return undefined;
  const { v: _, ...record } = parsed.data;
  return record;
}

export function decodeUpload(text: string, id: string): UploadRecord | undefined {
  const parsed = uploadSchema.safeParse(toJson(text));
  if (!parsed.success || parsed.data.id !== id) return undefined;
  const { v: _, ...record } = parsed.data;
  return record;
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
