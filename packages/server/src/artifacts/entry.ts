import type { ArtifactRecord } from "./record.ts";

/** One artifact, and what this process knows of it beside its record. */
export interface Entry {
  readonly record: ArtifactRecord;
  /** When a publisher last asked for it: it stays for a while then, since a message may be about to name it. */
  foundMs: number;
  /** When it was kept for a message that is being published now. */
  publishingMs: number | undefined;
  /** Writes of its record, one after the other. */
  saving: { readonly current: Promise<void>; next: Promise<void> | undefined } | undefined;
}
