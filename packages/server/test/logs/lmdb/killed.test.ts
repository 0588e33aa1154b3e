import { type Message, messageBytes, type Offset } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import { LmdbLog } from "../../../src/logs/lmdb/index.ts";
import { startChild } from "./children.ts";
import { isKeyed, keyOf, killedOptions, messagesOf, sizeOf } from "./killed-options.ts";
import { temporaryFolder } from "./opened.ts";

const ROUNDS = Number(process.env["KILL_ROUNDS"] ?? 5);
/** Give a seed that failed as `KILL_SEED` to run the same moments again. */
const SEED = Number(process.env["KILL_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

/** Numbers from 0 to 1 that a seed repeats (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const WHOLE = { maxMessages: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY };

/** `round.publisher.batch:at/size`, without what fills it up. */
function nameOf({ data }: Message): string {
  return String(Buffer.from(data)).replace(/x*$/, "");
}

/** What was ever said, over all rounds. */
class Witness {
  readonly epochs = new Set<string>();
  /** Offset of the last message of each acknowledged batch. */
  readonly acked = new Map<string, { readonly channel: string; readonly offset: number }>();
  /** What stands at an offset, by whoever said so first. */
  readonly seen = new Map<string, string>();
  readonly tried = new Map<string, string>();

  hear(line: string): void {
    const [what, ...words] = line.split(" ") as [string, ...string[]];
    if (words.at(-1) !== ".") return;
    const [first = "", second = "", third = "", fourth = ""] = words;
    if (what === "open") this.epochs.add(first);
    else if (what === "try") this.tried.set(second, first);
    else if (what === "ack") {
      this.epochs.add(fourth);
      this.acked.set(second, { channel: first, offset: Number(third) });
    } else if (what === "tail") this.see(first, Number(second), third.replace(/x*$/, ""));
  }

  /** No offset may ever stand for two messages. */
  see(channel: string, offset: number, name: string): void {
    const place = `${channel} ${offset}`;
    expect(this.seen.get(place) ?? name, place).toBe(name);
    this.seen.set(place, name);
  }
}

async function check(log: LmdbLog, witness: Witness): Promise<void> {
  const held = new Map<string, { readonly channel: string; readonly offset: number }>();
  for (const { channel, messages, bytes, head, earliest } of await log.channels({
    prefix: "",
    after: "",
    limit: 100,
  })) {
    const page = await log.read(channel, 0 as Offset, WHOLE);
    // Heads and counts are those of the data.
    expect(page.messages).toHaveLength(messages);
    expect(page.messages.reduce((sum, message) => sum + messageBytes(message), 0)).toBe(bytes);
    if (!isKeyed(channel)) {
      expect(page.messages.map(({ offset }) => offset)).toEqual(
        Array.from({ length: messages }, (_, at) => earliest + at),
      );
      expect(earliest + messages - 1).toBe(head);
    }
    for (const message of page.messages) {
      witness.see(channel, message.offset, nameOf(message));
      expect(held.has(nameOf(message)), nameOf(message)).toBe(false);
      held.set(nameOf(message), { channel, offset: message.offset });
    }
    if (channel.startsWith("few/")) expect(messages).toBeLessThanOrEqual(40);
    else expect(earliest).toBe(1);
  }
  for (const [name, { channel, offset }] of witness.acked) {
    if (channel.startsWith("keep/"))
      expect(held.get(lastOf(name)), `acknowledged ${name}`).toEqual({ channel, offset });
    else if (!isKeyed(channel) && offset >= (await log.describe(channel)).earliest)
      expect(held.get(lastOf(name))).toEqual({ channel, offset });
  }
  for (const [place, name] of witness.seen) {
    const [channel = "", offset] = place.split(" ");
    if (channel.startsWith("keep/"))
      expect(held.get(name), `seen ${place}`).toEqual({ channel, offset: Number(offset) });
  }
  await checkKeys(log, witness);
  // A batch is there as a whole or not at all.
  for (const [name, { channel }] of held) {
    const [batch = "", rest = ""] = name.split(":");
    const size = Number(rest.split("/")[1]);
    if (!channel.startsWith("keep/")) continue;
    for (let at = 0; at < size; at++)
      expect(held.has(`${batch}:${at}/${size}`), `${batch} ${at} of ${size}`).toBe(true);
  }
}

/** Of each key there is one message, and it is the newest that was ever acknowledged or shown, or one after it. */
async function checkKeys(log: LmdbLog, witness: Witness): Promise<void> {
  const least = new Map<string, number>();
  const know = (channel: string, key: string, offset: number): void => {
    if (!isKeyed(channel)) return;
    const place = `${channel} ${key}`;
    least.set(place, Math.max(least.get(place) ?? 0, offset));
  };
  for (const [batch, { channel, offset }] of witness.acked) {
    const size = sizeOf(batch);
    for (let at = 0; at < size; at++) know(channel, keyOf(batch, at), offset - size + 1 + at);
  }
  for (const [place, name] of witness.seen) {
    const [channel = "", offset] = place.split(" ");
    const [batch = "", at = ""] = name.split(":");
    know(channel, keyOf(batch, Number(at.split("/")[0])), Number(offset));
  }
  for (const channel of ["keyed/1", "keyed/2", "turn/1"]) {
    const { messages, head } = await log.read(channel, 0 as Offset, WHOLE);
    const newest = new Map(messages.map(({ key = "", offset }) => [key, offset]));
    if (channel.startsWith("keyed/")) expect(newest.size).toBe(messages.length);
    if (head > 0) expect(messages.at(-1)?.offset).toBe(head);
    for (const message of messages) {
      const [batch = "", at = ""] = nameOf(message).split(":");
      expect(message.key).toBe(keyOf(batch, Number(at.split("/")[0])));
    }
    for (const [place, offset] of least) {
      const [where, key = ""] = place.split(" ");
      if (where === channel) expect(newest.get(key), place).toBeGreaterThanOrEqual(offset);
    }
  }
}

function lastOf(batch: string): string {
  const size = sizeOf(batch);
  return `${batch}:${size - 1}/${size}`;
}

/** Publishes again what the last round tried: what was acknowledged answers its offset, the rest is appended once. */
async function retry(log: LmdbLog, witness: Witness, round: number): Promise<void> {
  const tried = [...witness.tried].filter(([name]) => name.startsWith(`${round}.`)).slice(-200);
  for (const [name, channel] of tried) {
    const answer = await log.append(channel, messagesOf(channel, name), { idempotencyKey: name });
    const acked = witness.acked.get(name);
    if (acked !== undefined) expect(answer, name).toMatchObject({ offset: acked.offset, appended: 0 });
    witness.acked.set(name, { channel, offset: answer.offset });
  }
}

describe("a process that is killed while it publishes", () => {
  test(
    `loses nothing it acknowledged or showed, and hands no offset out twice (${ROUNDS} rounds, seed ${SEED})`,
    { timeout: 30_000 + ROUNDS * 10_000 },
    async () => {
      await using folder = await temporaryFolder();
      const chance = random(SEED);
      const witness = new Witness();
      for (let round = 0; round < ROUNDS; round++) {
        await using child = startChild("publisher-child.ts", [folder.path, String(round)]);
        // At any moment from its opening on, the early ones more often.
        await child.heard(1 + Math.floor(chance() ** 2 * 6_000));
        await child.kill("SIGKILL");
        for (const line of child.lines) witness.hear(line);
        const log = await LmdbLog.open(killedOptions(folder.path, round));
        try {
          await check(log, witness);
          await retry(log, witness, round);
          await check(log, witness);
        } finally {
          await log.close();
        }
      }
      expect(witness.epochs.size).toBe(1);
    },
  );
});
