import { type Appended, checkRoom, planAppend, type Retention } from "@tidings/core";
import type { Message, Offset } from "@tidings/protocol";
import type { AppendJob } from "../channel-queue.ts";
import { KeyedItems } from "./items.ts";
import type { Replica } from "./replica.ts";

const NO_VALUES = { count: 0, bytes: 0 };

/** What became of one append, should its entry be written. */
export type Outcome = { readonly appended: Appended } | { readonly error: unknown };

interface Plan {
  readonly messages: readonly Message[];
  readonly keys: readonly (readonly [key: string, offset: Offset])[];
  readonly outcomes: readonly Outcome[];
}

/** What appends of one channel that go together do to it; each is checked on what those before it leave. */
export function planAppends(
  channel: string,
  replica: Replica,
  jobs: readonly AppendJob[],
  retention: Retention,
  timeMs: number,
): Plan {
  const messages: Message[] = [];
  const keys = new Map<string, Offset>();
  const { epoch } = replica;
  let { head } = replica.ring;
  const outcomes = jobs.map(({ batch, options }): Outcome => {
    try {
      const plan = planAppend(
        channel,
        { epoch, head, timeMs },
        batch,
        options,
        (key) => keys.get(key) ?? replica.recall(key, timeMs),
      );
      if (retention.compact === true) checkValues(channel, replica, retention, plan.messages);
      for (const message of plan.messages) messages.push(message);
      for (const [key, offset] of plan.keys) keys.set(key, offset);
      head = plan.messages.at(-1)?.offset ?? head;
      return { appended: { epoch, offset: plan.offset, appended: plan.messages.length } };
    } catch (error) {
      return { error };
    }
  });
  return { messages, keys: [...keys], outcomes };
}

export function answer(jobs: readonly AppendJob[], outcomes: readonly Outcome[]): void {
  for (const [place, outcome] of outcomes.entries()) {
    const job = jobs[place] as AppendJob;
    if ("error" in outcome) job.reject(outcome.error);
    else job.resolve(outcome.appended);
  }
}

/** @throws {TidingsError} `CHANNEL_FULL` */
function checkValues(
  channel: string,
  { ring }: Replica,
  retention: Retention,
  messages: readonly Message[],
): void {
  const keyed = ring instanceof KeyedItems ? ring : undefined;
  checkRoom(channel, retention, keyed?.values ?? NO_VALUES, messages, (key) => keyed?.valueBytes(key));
}
