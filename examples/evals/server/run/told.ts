import { channelOf, type RunChannel } from "../../shared/channels.ts";
import type { Marks } from "./marks.ts";
import type { Teller } from "./teller.ts";

type ByEvents = keyof Marks["events"];

/** What a run's channels were told of its events: each event once, and beside them what the server itself has to say. */
export class Told {
  readonly #id: string;
  readonly #teller: Teller;
  readonly #marks: Marks;
  readonly #last = new Map<RunChannel, Promise<void>>();

  constructor(id: string, teller: Teller, marks: Marks) {
    this.#id = id;
    this.#teller = teller;
    this.#marks = marks;
  }

  /** Whether the channel has what ends at this byte of the events. */
  has(channel: ByEvents, position: number): boolean {
    return position <= this.#marks.events[channel];
  }

  /** Tells what ends at `position` of the events, where it was not told before. */
  async event(channel: ByEvents, event: string, data: object, position: number): Promise<void> {
    await this.#inOrder(channel, async () => {
      if (this.has(channel, position)) return;
      const once = `${event} ${position}`;
      await this.#teller.tell(channelOf(this.#id, channel), event, { ...data, position }, { once });
      this.#marks.events[channel] = position;
    });
  }

  /** Tells what is in no file. It carries the mark on, which the newest message of a channel has to say. */
  async note(channel: RunChannel, event: string, data: object): Promise<void> {
    await this.#inOrder(channel, async () => {
      const mark = channel in this.#marks.events ? this.#marks.events[channel as ByEvents] : undefined;
      const whole = mark === undefined ? data : { ...data, position: mark };
      await this.#teller.tell(channelOf(this.#id, channel), event, whole);
    });
  }

  async #inOrder(channel: RunChannel, tell: () => Promise<void>): Promise<void> {
    const mine = (this.#last.get(channel) ?? Promise.resolve()).then(tell);
    this.#last.set(
      channel,
      mine.catch(() => undefined),
    );
    return mine;
  }
}
