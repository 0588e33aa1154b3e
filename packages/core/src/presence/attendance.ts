import { TidingsError } from "@tidings/protocol";
import type { StreamCodec } from "../stream-codec.ts";
import type { Membership } from "./membership.ts";
import { joinedError, type Presence } from "./presence.ts";
import type { PresenceListener, Roster } from "./roster.ts";

export interface AttendanceOptions {
  readonly presence: Presence;
  /** Most channels that it may be a member of. */
  readonly maxChannels: number;
  readonly codec: StreamCodec;
  /** Whether frames have to wait. */
  readonly isBlocked: () => boolean;
  readonly write: (bytes: Uint8Array) => void;
}

/** One connection's part in presence: what it is a member of, and of what it is told. */
export class Attendance implements PresenceListener {
  readonly #options: AttendanceOptions;
  readonly #memberships = new Map<string, Membership>();
  readonly #listening = new Map<string, Roster>();
  /** Those of which a frame was passed over: a snapshot makes up for it. */
  readonly #stale = new Set<Roster>();

  constructor(options: AttendanceOptions) {
    this.#options = options;
  }

  get codec(): StreamCodec {
    return this.#options.codec;
  }

  /**
   * Joins a channel's presence, and answers the member's name: the one that is given, or one made for it. Several
   * connections may be one member; it leaves with the last of them.
   *
   * @throws {TidingsError} as {@link Presence.check}, and `PRESENCE_INVALID`, `PRESENCE_FULL`, `TOO_MANY_CHANNELS`
   */
  join(channel: string, name?: string, state?: string): string {
    const { presence, maxChannels } = this.#options;
    const known = this.#memberships.get(channel);
    if (known !== undefined) {
      if (name !== undefined && name !== known.name) throw joinedError(channel, known.name);
      if (state !== undefined) presence.update(known, state);
      return known.name;
    }
    if (this.#memberships.size >= maxChannels) {
      throw new TidingsError(
        "TOO_MANY_CHANNELS",
        `this connection is in the presence of ${maxChannels} channels, as many as it may; leave one first.`,
      );
    }
    const member = presence.join(this, channel, name, state);
    this.#memberships.set(channel, member);
    return member.name;
  }

  /** @throws {TidingsError} `MEMBER_UNKNOWN` where it has not joined, `PRESENCE_INVALID` */
  update(channel: string, state: string): string {
    const member = this.#of(channel);
    this.#options.presence.update(member, state);
    return member.name;
  }

  /** @throws {TidingsError} `MEMBER_UNKNOWN` where it has not joined */
  leave(channel: string): string {
    const member = this.#of(channel);
    this.#memberships.delete(channel);
    this.#options.presence.release(this, member, false);
    return member.name;
  }

  /** Leaves the channels that it may not be in any more. */
  narrow(mayBe: (channel: string) => boolean): void {
    for (const channel of [...this.#memberships.keys()]) if (!mayBe(channel)) this.leave(channel);
  }

  /** Throws as {@link Presence.check}. */
  check(channel: string): void {
    this.#options.presence.check(channel);
  }

  /** Begins with a snapshot, and goes on with changes. */
  listen(channel: string): void {
    const roster = this.#options.presence.listen(channel, this);
    this.#listening.set(channel, roster);
    this.#stale.add(roster);
    this.resume();
  }

  unlisten(channel: string): void {
    const roster = this.#listening.get(channel);
    if (roster === undefined) return;
    this.#listening.delete(channel);
    this.#stale.delete(roster);
    this.#options.presence.unlisten(channel, this);
  }

  tell(roster: Roster, bytes: Uint8Array): void {
    if (this.#stale.has(roster)) return;
    if (this.#options.isBlocked()) this.#stale.add(roster);
    else this.#options.write(bytes);
  }

  /** There is room again: makes up for what was passed over. */
  resume(): void {
    for (const roster of this.#stale) {
      if (this.#options.isBlocked()) return;
      this.#stale.delete(roster);
      this.#options.write(roster.snapshot(this.codec));
    }
  }

  /** The connection is over. With `hasLeft` its members leave at once, else they may come back for a while. */
  end(hasLeft: boolean): void {
    for (const channel of [...this.#listening.keys()]) this.unlisten(channel);
    for (const member of this.#memberships.values()) this.#options.presence.release(this, member, !hasLeft);
    this.#memberships.clear();
  }

  #of(channel: string): Membership {
    const member = this.#memberships.get(channel);
    if (member !== undefined) return member;
    throw new TidingsError(
      "MEMBER_UNKNOWN",
      `this connection is not in the presence of channel "${channel.slice(0, 80)}"; join it first.`,
    );
  }
}
