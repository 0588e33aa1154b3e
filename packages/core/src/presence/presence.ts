import { checkChannel, isReserved, type Limits, quote, TidingsError } from "@tidings/protocol";
import type { Policies } from "../policy.ts";
import type { Attendance } from "./attendance.ts";
import { Expiry } from "./expiry.ts";
import { Flusher } from "./flusher.ts";
import { type HeldMember, isSameHeld, mergeHeld } from "./held.ts";
import { isAttendedElsewhere, type Membership, type Room, shownOf } from "./membership.ts";
import { checkMember, checkState, invalid, memberJson } from "./member.ts";
import { type PresenceListener, Roster } from "./roster.ts";

export type PresenceLimits = Pick<
  Limits,
  | "maxPresenceStateBytes"
  | "maxPresenceMembers"
  | "maxPresenceListed"
  | "maxPresenceListedBytes"
  | "presenceGraceMs"
  | "presenceFlushMs"
>;

export interface PresenceOptions {
  readonly limits: PresenceLimits;
  readonly policies: Pick<Policies, "of">;
  /** The time of day, for `since`. */
  readonly nowMs: () => number;
  /** A clock that never steps, for what ends by itself. */
  readonly elapsedMs: () => number;
  /** A fresh public name, for members that bring none. */
  readonly newId: () => string;
  /** Calls back after so many milliseconds; what it answers takes that back. */
  readonly schedule: (ms: number, callback: () => void) => () => void;
  /** Calls back after the work of this turn of the event loop. */
  readonly defer: (callback: () => void) => void;
  /**
   * Told what this node says of a member, and with `undefined` that it holds it no more: for {@link Presence.hear} of the
   * other nodes. Default: nobody.
   */
  readonly tell?: (channel: string, name: string, held: HeldMember | undefined) => void;
}

/** How exactly members without a connection go, in milliseconds. */
const EXPIRY_SLOT_MS = 50;
/** How many of them go in one turn. */
const EXPIRY_PART = 2_000;

export interface PresencePage {
  readonly count: number;
  /** Each as JSON. */
  readonly members: readonly string[];
  /** The name to go on after, where there are more. */
  readonly next: string | undefined;
  /** Changes with every change of the channel's members. */
  readonly version: number;
}

/** Who is where: the members of every channel, and those who are told of them. */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #rooms = new Map<string, Room>();
  /** Those that no connection holds. There may be `maxPresenceMembers` of them in all channels together. */
  readonly #unattended: Expiry<Membership>;
  readonly #flusher: Flusher;
  #version = 0;
  #members = 0;
  #listeners = 0;
  #cancelExpiry: (() => void) | undefined;
  #isClosed = false;

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.#unattended = new Expiry(EXPIRY_SLOT_MS);
    this.#flusher = new Flusher({
      flushMs: options.limits.presenceFlushMs,
      schedule: options.schedule,
      defer: options.defer,
    });
  }

  /** Members of all channels that this node holds. */
  get members(): number {
    return this.#members;
  }

  /** Connections that are told of a channel's presence, counted once for each channel. */
  get listeners(): number {
    return this.#listeners;
  }

  /** Channels that somebody is in or asks about. */
  get channels(): number {
    return this.#rooms.size;
  }

  /**
   * Checks that a channel can have presence.
   *
   * @throws {TidingsError} `CHANNEL_NAME_INVALID`, `CHANNEL_RESERVED`, `PRESENCE_FORBIDDEN`
   */
  check(channel: string): string {
    checkChannel(channel);
    if (isReserved(channel))
      throw new TidingsError("CHANNEL_RESERVED", `"${channel}" belongs to the system and has no presence.`);
    if (this.#options.policies.of(channel).presence) return channel;
    throw new TidingsError(
      "PRESENCE_FORBIDDEN",
      `the policy of channel "${channel}" has no presence; set its "presence" to true, or use another channel.`,
    );
  }

  /** Who is there now, by name. `limit` is at least 1. Throws as {@link check}. */
  list(channel: string, after: string = "", limit: number = Infinity): PresencePage {
    const version = this.version(channel);
    const roster = this.#rooms.get(channel)?.roster;
    if (roster === undefined || version === 0) return { count: 0, members: [], next: undefined, version };
    return { count: roster.size, version, ...roster.page(after, limit) };
  }

  /** The one of {@link list}. Throws as {@link check}. */
  version(channel: string): number {
    const roster = this.#rooms.get(this.check(channel))?.roster;
    // A channel that was forgotten and one that everybody left are the same.
    return roster === undefined || roster.size === 0 ? 0 : roster.version;
  }

  /** Calls once after a change of the channel was told to its listeners; what it answers takes that back. */
  watch(channel: string, callback: () => void): () => void {
    const { roster } = this.#open(this.check(channel));
    const end = (): void => {
      roster.watchers.delete(watcher);
      this.#forget(channel);
    };
    const watcher = (): void => {
      end();
      callback();
    };
    roster.watchers.add(watcher);
    return end;
  }

  /** See {@link Attendance.listen}. */
  listen(channel: string, listener: PresenceListener): Roster {
    const { roster } = this.#open(this.check(channel));
    if (roster.listeners.has(listener)) return roster;
    if (roster.listeners.size === 0) roster.begin();
    roster.listeners.add(listener);
    this.#listeners++;
    return roster;
  }

  unlisten(channel: string, listener: PresenceListener): void {
    if (this.#rooms.get(channel)?.roster.listeners.delete(listener) !== true) return;
    this.#listeners--;
    this.#forget(channel);
  }

  /** See {@link Attendance.join}. */
  join(by: Attendance, channel: string, name: string | undefined, state: string | undefined): Membership {
    const checked = this.#checkState(state);
    const member = this.#member(channel, name === undefined ? this.#options.newId() : checkMember(name));
    member.holders.add(by);
    member.graceUntilMs = 0;
    this.#unattended.delete(member);
    // Without a state of its own a second connection takes over what the first one said.
    if (checked === undefined) this.#hold(member, shownOf(member) as HeldMember);
    else this.#say(member, checked);
    return member;
  }

  /** See {@link Attendance.update}. */
  update(member: Membership, state: string): void {
    this.#say(member, this.#checkState(state));
  }

  /** A connection has left, or with `isBroken` it ended without saying so: then the member stays for a while. */
  release(by: Attendance, member: Membership, isBroken: boolean): void {
    member.holders.delete(by);
    if (member.holders.size > 0) return;
    const { presenceGraceMs, maxPresenceMembers } = this.#options.limits;
    if (isBroken) member.graceUntilMs = this.#options.elapsedMs() + presenceGraceMs;
    // Else connections that break could leave any number of members behind.
    if (this.#unattended.size >= maxPresenceMembers) member.leasedUntilMs = member.graceUntilMs = 0;
    this.#settle(member);
  }

  /**
   * Has a member stay for `ttlMs` without a connection; again renews it. Without a state it has none from now on.
   * Answers the member as JSON, and whether it was not there before.
   *
   * @throws {TidingsError} as {@link check}, and `PRESENCE_INVALID`, `PRESENCE_FULL`
   */
  put(
    channel: string,
    name: string,
    state: string | undefined,
    ttlMs: number,
  ): { readonly json: string; readonly isNew: boolean } {
    const checked = this.#checkState(state);
    const known = this.#find(channel, name);
    const { maxPresenceMembers } = this.#options.limits;
    if (known?.own === undefined && this.#unattended.size >= maxPresenceMembers) {
      throw new TidingsError(
        "PRESENCE_FULL",
        `the server holds ${maxPresenceMembers} members without a connection, as many as it may; try again later.`,
      );
    }
    const member = known === undefined ? this.#member(channel, name) : this.#own(known);
    member.leasedUntilMs = this.#options.elapsedMs() + ttlMs;
    this.#settle(member);
    member.leasedAt = this.#nextSaidAt(member);
    this.#say(member, checked);
    return { json: member.room.roster.get(name) as string, isNew: known === undefined };
  }

  /**
   * Ends at once what keeps a member without a connection on this node: what was put, and the grace of a broken
   * connection. One that a connection holds stays until that leaves. Answers whether there was something to end.
   *
   * @throws {TidingsError} as {@link check}, and `PRESENCE_INVALID`
   */
  end(channel: string, name: string): boolean {
    const member = this.#find(channel, name);
    if (member === undefined) return false;
    const untilMs = Math.max(member.leasedUntilMs, member.graceUntilMs);
    if (untilMs <= this.#options.elapsedMs()) return false;
    member.leasedUntilMs = 0;
    member.graceUntilMs = 0;
    this.#settle(member);
    return true;
  }

  /**
   * The same, where it is to be known by a fault.
   *
   * @throws {TidingsError} as {@link check}, and `MEMBER_UNKNOWN` where nothing was to end
   */
  remove(channel: string, name: string): void {
    if (!this.end(channel, name)) throw this.unknown(channel, name);
  }

  /** What is said where nothing was to end. */
  unknown(channel: string, name: string): TidingsError {
    const why =
      this.#find(channel, name) === undefined
        ? "is not there"
        : "is there by its connection alone, which can leave";
    return new TidingsError("MEMBER_UNKNOWN", `member ${quote(name)} of channel "${channel}" ${why}.`);
  }

  /** The other nodes that hold a member. Throws as {@link end}. */
  elsewhere(channel: string, name: string): readonly string[] {
    return [...(this.#find(channel, name)?.others?.keys() ?? [])];
  }

  /**
   * Takes what another node says of a member, and with `undefined` that it holds it no more: `hasLeft` where it said so
   * itself, and was not merely lost.
   */
  hear(node: string, channel: string, name: string, held: HeldMember | undefined, hasLeft: boolean): void {
    if (held === undefined) {
      const member = this.#rooms.get(channel)?.members.get(name);
      const before = member?.others?.get(node);
      if (member === undefined || before === undefined) return;
      member.others?.delete(node);
      // Its connection there has left, so one that broke here is not waited for.
      if (hasLeft && before.isAttended && member.holders.size === 0 && !isAttendedElsewhere(member))
        member.graceUntilMs = 0;
      this.#settle(member);
      if (member.own !== undefined) this.#show(member);
      return;
    }
    const room = this.#open(channel);
    const member = room.members.get(name) ?? this.#enter(room, name);
    (member.others ??= new Map()).set(node, held);
    if (member.own === undefined) return this.#show(member);
    // As on one node: a later time takes the place of one before, a member is there since the first who is it, and what
    // was said last outlives the connection that said it.
    if (held.leasedAt > member.leasedAt) member.leasedUntilMs = 0;
    this.#hold(member, held);
    this.#settle(member);
  }

  /** Ends the timers. Nothing is told from here on. */
  close(): void {
    this.#isClosed = true;
    this.#cancelExpiry?.();
    this.#flusher.close();
  }

  #checkState(state: string | undefined): string | undefined {
    return state === undefined ? undefined : checkState(state, this.#options.limits.maxPresenceStateBytes);
  }

  #find(channel: string, name: string): Membership | undefined {
    this.check(channel);
    checkMember(name);
    return this.#rooms.get(channel)?.members.get(name);
  }

  #open(channel: string): Room {
    const known = this.#rooms.get(channel);
    if (known !== undefined) return known;
    const room = {
      roster: new Roster(channel, this.#options.limits),
      members: new Map<string, Membership>(),
    };
    this.#rooms.set(channel, room);
    return room;
  }

  #forget(channel: string): void {
    if (this.#rooms.get(channel)?.roster.isIdle === true) this.#rooms.delete(channel);
  }

  #member(channel: string, name: string): Membership {
    const room = this.#open(this.check(channel));
    const known = room.members.get(name);
    if (known !== undefined) return this.#own(known);
    const { maxPresenceMembers } = this.#options.limits;
    if (room.members.size >= maxPresenceMembers) {
      this.#forget(channel);
      throw new TidingsError(
        "PRESENCE_FULL",
        `channel "${channel}" has ${maxPresenceMembers} members, as many as it may; try again later.`,
      );
    }
    return this.#own(this.#enter(room, name));
  }

  #enter(room: Room, name: string): Membership {
    const member: Membership = {
      name,
      room,
      holders: new Set(),
      own: undefined,
      others: undefined,
      leasedUntilMs: 0,
      leasedAt: 0,
      graceUntilMs: 0,
    };
    room.members.set(name, member);
    return member;
  }

  /** Has this node hold it, as it is. */
  #own(member: Membership): Membership {
    if (member.own !== undefined) return member;
    const since = new Date(this.#options.nowMs()).toISOString();
    const shown = shownOf(member);
    member.own = {
      since: shown?.since ?? since,
      state: shown?.state,
      saidAt: shown?.saidAt ?? 0,
      isAttended: false,
      leasedAt: 0,
    };
    this.#members++;
    return member;
  }

  /** Somebody has said its state: later than all that was said of it before, whatever the clocks of nodes show. */
  #say(member: Membership, state: string | undefined): void {
    const { since } = shownOf(member) as HeldMember;
    const saidAt = this.#nextSaidAt(member);
    this.#hold(member, { since, state, saidAt, isAttended: false, leasedAt: 0 });
  }

  #nextSaidAt(member: Membership): number {
    return Math.max(this.#options.nowMs(), (shownOf(member)?.saidAt ?? 0) + 1);
  }

  /** Adds something to what this node says of it. */
  #hold(member: Membership, more: HeldMember): void {
    const before = member.own;
    const { since, state, saidAt } = mergeHeld(before, more);
    const own = { since, state, saidAt, isAttended: member.holders.size > 0, leasedAt: member.leasedAt };
    member.own = own;
    const { name, room } = member;
    if (this.#options.tell !== undefined && !isSameHeld(before, own))
      this.#options.tell(room.roster.channel, name, own);
    this.#show(member);
  }

  #show(member: Membership): void {
    const { state, since } = shownOf(member) as HeldMember;
    this.#set(member.room.roster, member.name, memberJson(member.name, state, since));
  }

  /** The one place where what is seen of a channel changes. */
  #set(roster: Roster, name: string, json: string | undefined): void {
    if (roster.get(name) === json) return;
    roster.set(name, json);
    roster.version = ++this.#version;
    if (roster.listeners.size > 0 || roster.watchers.size > 0) this.#flusher.changed(roster);
  }

  /** Sees to it that a member goes when nothing holds it any more. */
  #settle(member: Membership): void {
    const untilMs = Math.max(member.leasedUntilMs, member.graceUntilMs);
    const { room, name, own } = member;
    if (member.holders.size > 0) return;
    if (untilMs > this.#options.elapsedMs()) {
      this.#unattended.set(member, untilMs);
      this.#armExpiry();
      if (own?.isAttended === true) this.#hold(member, own);
      return;
    }
    this.#unattended.delete(member);
    // It may have gone before, and another one have come under its name.
    if (room.members.get(name) !== member) return;
    if (own !== undefined) {
      member.own = undefined;
      this.#members--;
      this.#options.tell?.(room.roster.channel, name, undefined);
    }
    if (shownOf(member) !== undefined) return this.#show(member);
    room.members.delete(name);
    this.#set(room.roster, name, undefined);
    this.#forget(room.roster.channel);
  }

  #armExpiry(): void {
    if (this.#isClosed || this.#cancelExpiry !== undefined || this.#unattended.size === 0) return;
    this.#cancelExpiry = this.#options.schedule(EXPIRY_SLOT_MS, () => {
      this.#cancelExpiry = undefined;
      for (const member of this.#unattended.take(this.#options.elapsedMs(), EXPIRY_PART))
        this.#settle(member);
      this.#armExpiry();
    });
  }
}

/** What {@link Attendance.join} refuses: one connection is one member of a channel. */
export function joinedError(channel: string, name: string): TidingsError {
  return invalid(
    "member",
    `this connection is member ${quote(name)} of channel "${channel}" already; leave first to be another one.`,
  );
}
