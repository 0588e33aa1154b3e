import { type AppendOptions, type AppendPlan, planAppend, type Retention } from "@tidings/core";
import { IDEMPOTENCY_MS, type NewMessage } from "@tidings/protocol";
import { randomBytes } from "node:crypto";
import { type Channel, newChannel, newCompactChannel } from "./channel.ts";
import { planConversion } from "./compact/convert.ts";
import { SparseDraft } from "./compact/draft.ts";
import { isSparse } from "./compact/held.ts";
import { isConverted } from "./compact/window.ts";
import { type ChannelDraft, Draft, type DraftStore } from "./draft.ts";
import { encodeKeyList, expiryKey, NEXT_ID_KEY } from "./keys.ts";
import { ScriptWriter } from "./script.ts";
import type { ExpiredKeys, StoreReader } from "./store-reader.ts";

/** Most removals of one commit, in blocks and in keys each, so that none takes long; more where more is added. */
const MIN_REMOVALS = 4_096;
/** Keys of one entry of the expiry table. */
const KEYS_PER_ENTRY = 1_000;

/** What a group needs to know, as of the last commit. */
export interface GroupState extends DraftStore {
  readonly epoch: string;
  readonly reader: StoreReader;
  readonly retentionOf: (channel: string) => Retention;
  /** The channel as readers are shown it now. */
  readonly channel: (name: string) => Channel | undefined;
}

/** A group that can be carried out. */
export interface Finished {
  readonly script: ScriptWriter;
  /** Whether it makes the store larger, so that a full one refuses it. */
  readonly isGrowing: boolean;
  /** Whether it leaves room behind. */
  readonly isFreeing: boolean;
}

/** Appends that share a commit: worked out one after the other, each on what those before it would leave. */
export class Group {
  readonly timeMs: number;
  readonly #state: GroupState;
  readonly #drafts = new Map<string, ChannelDraft>();
  #nextChannelId: number;
  #newChannels = 0;
  #isSweep = false;

  constructor(state: GroupState, timeMs: number, nextChannelId: number) {
    this.#state = state;
    this.timeMs = timeMs;
    this.#nextChannelId = nextChannelId;
  }

  get drafts(): ReadonlyMap<string, ChannelDraft> {
    return this.#drafts;
  }

  get nextChannelId(): number {
    return this.#nextChannelId;
  }

  /** @throws {TidingsError} `CONFLICT`, `CHANNEL_FULL` */
  append(channel: string, batch: readonly NewMessage[], options: AppendOptions): AppendPlan {
    const { epoch, reader } = this.#state;
    const known = this.#drafts.get(channel);
    const before = known === undefined ? this.#state.channel(channel) : undefined;
    const head = known?.head ?? before?.head ?? newChannel(channel, 0).head;
    const at = { epoch, head, timeMs: this.timeMs };
    const plan = planAppend(channel, at, batch, options, (key) => {
      const stored = known?.channel ?? before;
      return (
        known?.recall(key) ?? (stored === undefined ? undefined : reader.recall(stored.id, key, this.timeMs))
      );
    });
    if (plan.messages.length === 0 && plan.keys.length === 0) return plan;
    const draft = known ?? this.#draft(channel, before);
    try {
      draft.append(plan, this.#state.retentionOf);
    } catch (error) {
      // A channel that is new, and refused, is not there.
      if (known === undefined) this.#drafts.delete(channel);
      throw error;
    }
    return plan;
  }

  /** Does a piece of what brings a channel to what its retention says now. */
  convert(channel: string): void {
    const before = this.#drafts.has(channel) ? undefined : this.#state.channel(channel);
    if (before === undefined || isConverted(before, this.#state.retentionOf(channel))) return;
    this.#drafts.set(channel, planConversion(before, this.#state.reader));
  }

  /** The draft of a channel that was written to before; `undefined` for one that was not. */
  existing(channel: string): ChannelDraft | undefined {
    const known = this.#drafts.get(channel);
    if (known !== undefined) return known;
    const before = this.#state.channel(channel);
    return before === undefined ? undefined : this.#draft(channel, before);
  }

  /** Makes this group remove what it can, not only what its own appends make room for. */
  sweep(): void {
    this.#isSweep = true;
  }

  /** Ends the planning; answers `undefined` where there is nothing to do. */
  finish(memory: () => ArrayBuffer): Finished | undefined {
    const drafts = [...this.#drafts.values()];
    const allowed = Math.max(MIN_REMOVALS, drafts.length * 2);
    let left = allowed;
    for (const draft of drafts) {
      this.#retain(draft);
      left -= draft.removeBlocks(left, this.#isSweep);
    }
    const changed = drafts.filter((draft) => !draft.isEmpty);
    const expired = this.#expiredKeys(changed.reduce((sum, draft) => sum + draft.keyCount, 0));
    if (changed.length === 0 && expired.length === 0) return undefined;

    const script = new ScriptWriter(memory());
    // Before the puts: a key that ended may be used again in this very group.
    for (const { entry, keys } of expired) {
      for (const key of keys) script.remove("keys", key);
      script.remove("expiry", entry);
    }
    const keys = changed.flatMap((draft) => draft.write(script));
    for (let from = 0; from < keys.length; from += KEYS_PER_ENTRY) {
      const entry = expiryKey(this.timeMs + IDEMPOTENCY_MS, randomBytes(8));
      script.put("expiry", entry, encodeKeyList(keys.slice(from, from + KEYS_PER_ENTRY)));
    }
    if (this.#newChannels > 0) {
      const next = Buffer.alloc(4);
      next.writeUInt32BE(this.#nextChannelId, 0);
      script.put("store", NEXT_ID_KEY, next);
    }
    const isGrowing = changed.some((draft) => draft.isGrowing);
    const isFreeing = expired.length > 0 || changed.some((draft) => draft.isFreeing);
    return { script, isGrowing, isFreeing };
  }

  #draft(channel: string, before: Channel | undefined): ChannelDraft {
    const first = before ?? this.#newChannel(channel);
    const draft = isSparse(first)
      ? new SparseDraft(before, first, this.timeMs, this.#state.reader)
      : new Draft(before, first, this.timeMs, this.#state);
    this.#drafts.set(channel, draft);
    return draft;
  }

  #newChannel(name: string): Channel {
    this.#newChannels++;
    const id = this.#nextChannelId++;
    return this.#state.retentionOf(name).compact === true
      ? newCompactChannel(name, id)
      : newChannel(name, id);
  }

  /** A block that is damaged must not keep its channel from being appended to: it stays until it is truncated. */
  #retain(draft: ChannelDraft): void {
    try {
      draft.retain(this.#state.retentionOf(draft.channel.name));
    } catch {
      // Whoever reads the block is told.
    }
  }

  /** Keys to forget: at least twice as many as are added, so that they cannot pile up. */
  #expiredKeys(added: number): readonly ExpiredKeys[] {
    if (added === 0 && !this.#isSweep) return [];
    return this.#state.reader.expiredKeys(
      this.timeMs,
      this.#isSweep ? Math.max(MIN_REMOVALS, added * 2) : added * 2,
    );
  }
}
