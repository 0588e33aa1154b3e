import type { ChannelState, TailListener } from "@tidings/core";
import type { Message } from "@tidings/protocol";

/** Who is told what was appended or dropped, and of which channels. */
export class Tail {
  readonly #listeners = new Set<TailListener>();
  readonly #followed = new Map<string, ChannelState>();

  /** Followed channels, each as the listeners were last told. */
  get followed(): ReadonlyMap<string, ChannelState> {
    return this.#followed;
  }

  follow(channel: string, state: ChannelState): void {
    if (!this.#followed.has(channel)) this.#followed.set(channel, state);
  }

  unfollow(channel: string): void {
    this.#followed.delete(channel);
  }

  listen(listener: TailListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells messages, or that `earliest` has changed; nothing where neither is so. */
  tell(channel: string, state: ChannelState, messages: readonly Message[]): void {
    const { epoch, earliest } = state;
    const told = this.#followed.get(channel);
    if (told === undefined || (messages.length === 0 && told.earliest === earliest)) return;
    this.#followed.set(channel, state);
    const event = { channel, epoch, earliest, messages };
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        // A fault of the program's own, to be seen as one; it must not keep publishers from their answers.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  clear(): void {
    this.#listeners.clear();
    this.#followed.clear();
  }
}
