import type { NewMessage } from "@tidings/protocol";
import type { LmdbLogOptions } from "../../../src/logs/lmdb/index.ts";

/** Whether messages of a channel have keys. The policy of one that takes turns changes with every round. */
export function isKeyed(channel: string): boolean {
  return channel.startsWith("keyed/") || channel.startsWith("turn/");
}

/** What the process that is killed and the test that looks afterwards open the log with. */
export function killedOptions(path: string, round: number): LmdbLogOptions {
  const none = Number.POSITIVE_INFINITY;
  const few = { maxMessages: 40, maxBytes: 60_000, maxAgeMs: none };
  const keyed = { maxMessages: 200, maxBytes: none, maxAgeMs: none, compact: true };
  const all = { maxMessages: none, maxBytes: none, maxAgeMs: none };
  return {
    path,
    retentionOf: (channel) => {
      if (channel.startsWith("keyed/")) return keyed;
      if (channel.startsWith("turn/")) return round % 2 === 1 ? keyed : all;
      return channel.startsWith("few/") ? few : all;
    },
    nowMs: Date.now,
    newEpoch: () => Math.random().toString(36).slice(2),
  };
}

/** How many messages a batch has, by its name: `round.publisher.number`. */
export function sizeOf(batch: string): number {
  const [, publisher = 0, number = 0] = batch.split(".").map(Number);
  return 1 + ((publisher + number) % 4);
}

/** The key of a batch's message on a channel that is compacted: some sixty in all, which everybody writes to. */
export function keyOf(batch: string, at: number): string {
  const [, publisher = 0, number = 0] = batch.split(".").map(Number);
  return `k${(publisher * 7 + number * 3 + at * 11) % 60}`;
}

/** The messages of a batch, each with a name of its own: `batch:at/size`. One in nine deletes its key, and says who did. */
export function messagesOf(channel: string, batch: string, filler = ""): readonly NewMessage[] {
  const size = sizeOf(batch);
  return Array.from({ length: size }, (_, at) => {
    const plain = {
      event: "message",
      kind: "text" as const,
      data: Buffer.from(`${batch}:${at}/${size}${filler}`),
    };
    if (!isKeyed(channel)) return plain;
    const key = keyOf(batch, at);
    return Number(batch.split(".")[2]) % 9 === 4 ? { ...plain, kind: "none", key } : { ...plain, key };
  });
}
