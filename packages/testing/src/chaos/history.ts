import { setTimeout as pause } from "node:timers/promises";
import type { Acknowledged } from "./publishers.ts";

/** Before another try, in milliseconds. */
const RETRY_MS = 20;

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
      const response = await ask(`${url}/channels/${channel}?since=${since}`);
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

/** Until it is answered: a connection may just go to a process that has been killed, and is being replaced. */
async function ask(url: string): Promise<Response> {
  for (;;) {
    try {
      return await fetch(url);
    } catch {
      await pause(RETRY_MS);
    }
  }
}

/** What was acknowledged is held where it was said to be, once, and nothing else is: each fault is a sentence. */
export function compareAcknowledged(
  history: ReadonlyMap<string, readonly string[]>,
  acknowledged: readonly Acknowledged[],
): string[] {
  const faults: string[] = [];
  const epochs = new Set(acknowledged.map(({ cursor }) => cursor.split(".")[0]));
  if (epochs.size > 1) faults.push(`the epoch changed: ${[...epochs].join(", ")}`);
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
