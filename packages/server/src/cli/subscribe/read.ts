import type { CaughtUp, Channel, Gap, Message } from "@tidings/client";

/** What a channel brings, in its order. */
export type Item = Message | Gap | CaughtUp;

/**
 * Reads channels beside each other and hands over one item at a time, each once the one before was taken: whoever is
 * slow slows the reading. Goes on until `over` is aborted, which it does itself where a channel cannot be read.
 *
 * @throws {TidingsError} why a channel cannot be read
 */
export async function readAll(
  channels: readonly Channel[],
  take: (item: Item) => Promise<void>,
  over: AbortController,
): Promise<void> {
  const { signal } = over;
  let turn: Promise<void> = Promise.resolve();

  /** Waits for whoever came before; answers how to let the next one have its turn. */
  async function takeTurn(): Promise<() => void> {
    const before = turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    turn = promise;
    await before;
    return resolve;
  }

  async function read(channel: Channel): Promise<void> {
    const items = channel.items();
    for await (const item of items) {
      const endTurn = await takeTurn();
      try {
        if (signal.aborted) break;
        await take(item);
        if (!signal.aborted) continue;
        // An item counts as handled, and its cursor is kept, once the next one is asked for.
        items.next().catch(() => undefined);
        break;
      } finally {
        endTurn();
      }
    }
  }

  /** Ends those that wait for an item; those that hand one over end once it is taken. */
  const stop = async (): Promise<void> => {
    await turn;
    for (const channel of channels) channel.close();
  };
  signal.addEventListener("abort", () => void stop());
  if (signal.aborted) return;
  const ends = await Promise.allSettled(channels.map((channel) => read(channel).finally(() => over.abort())));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}
