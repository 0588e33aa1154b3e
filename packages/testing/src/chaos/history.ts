import { setTimeout as pause } from "node:timers/promises";
import type { Acknowledged } from "./publishers.ts";

/** A server that could not read is asked again after this, in milliseconds. */
const AGAIN_MS = 100;

/** What a channel holds. */
interface Held {
  /** Of the life that it is in. */
  readonly epoch: string;
  /** Every message's name, at the index of its offset. */
  readonly names: readonly string[];
}

/** By channel, all that it holds. */
export type History = ReadonlyMap<string, Held>;

/** Where an engine has failed over, and what it may have lost then. */
export interface Losses {
  /** How often. */
  readonly failovers: number;
  /** Whether what it acknowledged is there all the same. */
  readonly keepsAcknowledged: boolean;
  /** What it may have lost: of those that were acknowledged, in their order, the ones from `from` on and before `to`. */
  readonly spans: readonly { readonly from: number; readonly to: number }[];
}

/** All that a server says is held of some channels. */
export async function readHistory(url: string, channels: readonly string[]): Promise<History> {
  const history = new Map<string, Held>();
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
        gap?: unknown;
      };
      // It is another life now, of which all is held.
      if (page.gap !== undefined) names.length = 1;
      for (const { cursor, data } of page.messages) names[offsetOf(cursor)] = data;
      since = page.cursor;
      isCaughtUp = page.caughtUp;
    }
    history.set(channel, { epoch: epochOf(since), names });
  }
  return history;
}

/**
 * What was acknowledged is held where it was said to be, once, and nothing else is: each fault is a sentence.
 *
 * @param losses of an engine that fails over, which may lose something then, if it says so: the channel is in another life
 *   after that, once for a failover at most. Default: nothing may be lost.
 */
export function compareAcknowledged(
  history: History,
  acknowledged: readonly Acknowledged[],
  losses?: Losses,
): string[] {
  const faults: string[] = [];
  for (const [channel, { epoch }] of history) {
    const own = acknowledged.filter((each) => each.channel === channel);
    const epochs = new Set([epoch, ...own.map(({ cursor }) => epochOf(cursor))]);
    const most = 1 + (losses?.failovers ?? 0);
    if (epochs.size > most)
      faults.push(
        `${channel} had ${epochs.size} lives, and ${most} at most are told why: ${[...epochs].join(", ")}`,
      );
  }
  const kept = new Map([...history].map(([channel, { names }]) => [channel, new Set(names)]));
  let lost = 0;
  for (const [place, each] of acknowledged.entries()) {
    const { name, channel, cursor } = each;
    const held = history.get(channel)?.names[offsetOf(cursor)];
    if (held === name) continue;
    // Before it was acknowledged by the server that lost it, it may have come to the other one, whose answer was lost.
    if (kept.get(channel)?.has(name) !== true) lost++;
    const why = whyNotLost(each, place, history.get(channel), losses);
    if (why !== undefined)
      faults.push(`${name} was acknowledged at ${cursor} of ${channel}, where ${held ?? "nothing"} is${why}`);
  }
  for (const [channel, { names }] of history) {
    const messages = names.slice(1);
    if (new Set(messages).size !== messages.length) faults.push(`${channel} holds a message twice`);
    for (let offset = 1; offset < names.length; offset++)
      if (names[offset] === undefined) faults.push(`${channel} has a hole at ${offset}`);
  }
  const numbers = new Set([...history.values()].flatMap(({ names }) => names.slice(1)));
  if (numbers.size !== acknowledged.length - lost)
    faults.push(
      `${acknowledged.length - lost} were acknowledged in the end and not lost, and ${numbers.size} are held`,
    );
  return faults.slice(0, 20);
}

/** Why a message may not be gone from where it was acknowledged; `undefined` where it may. */
function whyNotLost(
  { cursor }: Acknowledged,
  place: number,
  held: Held | undefined,
  losses: Losses | undefined,
): string | undefined {
  if (losses === undefined || losses.keepsAcknowledged) return "";
  if (held === undefined || held.epoch === epochOf(cursor)) return ", and nobody was told";
  const isInSpan = losses.spans.some(({ from, to }) => place >= from && place < to);
  return isInSpan ? undefined : ", though all was well";
}

/** Each of these publishers waits for every answer, so on a channel its numbers go up: each fault is a sentence. */
export function compareOrder(history: History, publishers: readonly string[]): string[] {
  const faults: string[] = [];
  for (const [channel, { names }] of history)
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

export function epochOf(cursor: string): string {
  return cursor.slice(0, cursor.indexOf("."));
}

export function offsetOf(cursor: string): number {
  return Number(cursor.slice(cursor.indexOf(".") + 1));
}
