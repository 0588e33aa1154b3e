import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { safeParse } from "valibot";
import { channelOf, type CommentMessage, PresenceStateSchema, TalkEvents } from "../../../shared/channels.ts";
import { tidings } from "./client.ts";
import { me, myName, tabId } from "./identity.ts";

/** Comments that are held; the oldest go first. */
const MAX_COMMENTS = 500;

export interface Comment extends CommentMessage {
  /** Of its message: tells comments apart. */
  readonly cursor: string;
  readonly time: string;
}

export interface Watcher {
  readonly member: string;
  readonly name: string;
  readonly isMe: boolean;
}

/** Who watches a run, and what they say: each of them sees the same in the same order. */
export class PeopleModel implements Disposable {
  readonly comments: Signal<readonly Comment[]> = signal([]);
  readonly watchers: Signal<readonly Watcher[]> = signal([]);
  readonly count: ReadonlySignal<number> = computed(() => this.watchers.value.length);
  readonly fault: Signal<string | undefined> = signal(undefined);
  readonly #ends: (() => void)[] = [];

  constructor(id: string) {
    const channel = tidings.channel(channelOf(id, "talk"), { since: "earliest", schema: TalkEvents });
    const { presence } = channel;
    const tell = (): void => {
      const all = [...presence.members.values()].map(({ member, state }) => ({
        member,
        name: nameOf(state) ?? member.split("#")[0] ?? member,
        isMe: member === presence.self,
      }));
      this.watchers.value = all.sort((a, b) => Number(b.isMe) - Number(a.isMe) || (a.name < b.name ? -1 : 1));
    };
    const join = async (): Promise<void> => {
      try {
        await presence.join({ member: `${me().replaceAll("#", "")}#${tabId}`, state: { name: me() } });
        this.fault.value = undefined;
        tell();
      } catch (error) {
        this.fault.value = error instanceof Error ? error.message : String(error);
      }
    };
    this.#ends.push(
      channel.on("comment", (comment, { cursor = "", time }) => {
        this.comments.value = [...this.comments.value, { ...comment, cursor, time }].slice(-MAX_COMMENTS);
      }),
      presence.on("change", tell),
      // Joining again says the new name.
      effect(() => {
        void myName.value;
        void join();
      }),
      () => void presence.leave().catch(() => undefined), // the connection may be gone: then so is the member
    );
  }

  [Symbol.dispose](): void {
    for (const end of this.#ends) end();
  }
}

function nameOf(state: unknown): string | undefined {
  const read = safeParse(PresenceStateSchema, state);
  return read.success ? read.output.name : undefined;
}
