import { type Message, type NewMessage, type Offset, toOffset } from "@tidings/protocol";
import type { Appended, Log } from "./log.ts";
import type { Prepared } from "./payloads.ts";

/** A stored payload, and the message that names it. */
export interface Binding {
  readonly id: string;
  readonly offset: Offset;
}

const PAGE = { maxMessages: 1_000, maxBytes: 8_388_608 };

/**
 * Where the messages of a batch stand that name stored payloads; without those that were repeats. Counted back from the last
 * one where that is certain, else looked up in the log: an artifact must not go before the message that names it.
 */
export async function findBindings(
  log: Log,
  channel: string,
  prepared: readonly Prepared[],
  { offset, appended }: Appended,
): Promise<readonly Binding[]> {
  const isCertain = appended === prepared.length && (log.isContiguous || prepared.length === 1);
  if (!isCertain) return lookUp(log, channel, prepared);
  return prepared.flatMap(({ stored }, index) =>
    stored === undefined ? [] : [{ id: stored.id, offset: toOffset(offset - (prepared.length - 1 - index)) }],
  );
}

/** What was just appended is near the head; others may have published a little since. */
async function lookUp(log: Log, channel: string, prepared: readonly Prepared[]): Promise<readonly Binding[]> {
  const bindings: Binding[] = [];
  let after = await log.offsetBeforeLast(channel, prepared.length + PAGE.maxMessages);
  for (;;) {
    const page = await log.read(channel, after, PAGE);
    for (const found of page.messages) {
      const stored = prepared.find(({ message }) => isSame(message, found))?.stored;
      if (stored !== undefined) bindings.push({ id: stored.id, offset: found.offset });
    }
    const last = page.messages.at(-1);
    if (last === undefined || last.offset >= page.head) return bindings;
    after = last.offset;
  }
}

function isSame({ artifact, key, event }: NewMessage, found: Message): boolean {
  return (
    artifact !== undefined &&
    found.artifact?.length === artifact.length &&
    found.event === event &&
    found.key === key &&
    artifact.every((byte, at) => byte === found.artifact?.[at])
  );
}
