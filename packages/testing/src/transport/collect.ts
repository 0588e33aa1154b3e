import type { Delivered, StreamEvent, TransportStream } from "./types.ts";

/** The next events up to and with the first that fits; fails where the stream is over before. */
export async function until(
  stream: TransportStream,
  fits: (event: StreamEvent) => boolean,
): Promise<readonly StreamEvent[]> {
  const events: StreamEvent[] = [];
  for (let event = await stream.next(); event !== undefined; event = await stream.next()) {
    events.push(event);
    if (fits(event)) return events;
  }
  throw new Error(`the stream ended, after ${JSON.stringify(events.slice(-3))}`);
}

/** The next `count` messages; what else comes between them is passed over. */
export async function take(stream: TransportStream, count: number): Promise<readonly Delivered[]> {
  const messages: Delivered[] = [];
  if (count > 0) {
    await until(stream, (event) => {
      if (event.type === "message") messages.push(event);
      return messages.length === count;
    });
  }
  return messages;
}

/** Everything until each of the stream's channels has told that there is no more for now. */
export async function untilCaughtUp(stream: TransportStream, channels = 1): Promise<readonly StreamEvent[]> {
  const caughtUp = new Set<string>();
  return until(stream, (event) => {
    if (event.type === "caught-up") caughtUp.add(event.channel);
    return caughtUp.size === channels;
  });
}

export function messagesOf(events: readonly StreamEvent[]): readonly Delivered[] {
  return events.filter((event) => event.type === "message");
}

export function dataOf(events: readonly StreamEvent[]): readonly string[] {
  return messagesOf(events).map(({ data }) => data);
}

/** The whole numbers from one up to and with another, as the data of messages. */
export function numbers(from: number, to: number): readonly string[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => String(from + index));
}

/** The cursor's offset. */
export function offsetOf(cursor: string | undefined): number {
  return Number(cursor?.split(".")[1]);
}
