import { setTimeout as pause } from "node:timers/promises";
import type { Acknowledged } from "./publishers.ts";

/** A server that could not read is asked again after this, in milliseconds. */
const AGAIN_MS = 100;

/** Every message's name, by channel, at the index of its offset. */
export async function readHistory(
  url: string,
  channels: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const history = new Map<string, string[]>();
  for (const channel of channels) {
    const names = [""];
    let since = "earliest";
    for (let isCaughtUp = false; !isCaughtUp;) {
      const response = await fetch(`${url}/channels/${channel}?since=${since}`).catch(() => undefined);
      // What the last trouble was may not be over: a cluster that is choosing a leader, a worker that is being replaced.
      if (response === undefined || response.status === 503) {
        await response?.body?.cancel();
        await pause(AGAIN_MS);
        continue;
      }
      const page = (await response.json()) as {
        messages: { cursor: string; data: string }[];
        cursor: string;
        caughtUp: boolean;
      };
      for (const { cursor, data } of page.messages) names[Number(cursor.split(".")[1])] = data;
      since = page.cursor;
      isCaughtUp = page.caughtUp;
    }
    history.set(channel, names);
  }
  return history;
}

/** What was acknowledged is held where it was said to be, once, and nothing else is: each fault is a sentence. */
export function compareAcknowledged(
  history: ReadonlyMap<string, readonly string[]>,
  acknowledged: readonly Acknowledged[],
): string[] {
  const faults: string[] = [];
  for (const channel of history.keys()) {
    const own = acknowledged.filter((each) => each.channel === channel);
    const epochs = new Set(own.map(({ cursor }) => cursor.split(".")[0]));
    if (epochs.size > 1) faults.push(`the epoch of ${channel} changed: ${[...epochs].join(", ")}`);
  }
  for (const { name, channel, cursor } of acknowledged) {
    const held = history.get(channel)?.[Number(cursor.split(".")[1])];
    if (held !== name)
      faults.push(`${name} was acknowledged at ${cursor} of ${channel}, where ${held ?? "nothing"} is`);
  }
  for (const [channel, names] of history) {
    const messages = names.slice(1);
    if (new Set(messages).size !== messages.length) faults.push(`${channel} holds a message twice`);
    for (let offset = 1; offset < names.length; offset++)
      if (names[offset] === undefined) faults.push(`${channel} has a hole at ${offset}`);
  }
  const numbers = new Set([...history.values()].flatMap((names) => names.slice(1)));
  if (numbers.size !== acknowledged.length)
    faults.push(`${acknowledged.length} were acknowledged in the end, and ${numbers.size} are held`);
  return faults.slice(0, 20);
}

/** Each of these publishers waits for every answer, so on a channel its numbers go up: each fault is a sentence. */
export function compareOrder(
  history: ReadonlyMap<string, readonly string[]>,
  publishers: readonly string[],
): string[] {
  const faults: string[] = [];
  for (const [channel, names] of history)
    for (const publisher of publishers) {
      let before = 0;
      for (const name of names.filter((each) => each.startsWith(`${publisher}:`))) {
        const number = Number(name.split(":")[1]);
        if (number <= before) faults.push(`${channel} holds ${name} behind ${publisher}:${before}`);
        before = number;
      }
    }
  return faults.slice(0, 20);
}
