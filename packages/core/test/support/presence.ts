import { DEFAULT_LIMITS, ndjsonFormat, parseServerFrame, type PresenceFrame } from "@tidings/protocol";
import {
  Attendance,
  Policies,
  type Policy,
  Presence,
  type PresenceLimits,
  type PresenceOptions,
} from "../../src/index.ts";
import { jsonCodec } from "./counting-output.ts";
import { text } from "./fixtures.ts";

/** A clock and timers that a test drives. */
export class TestTime {
  nowMs = 0;
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  readonly #deferred: (() => void)[] = [];

  readonly schedule = (ms: number, callback: () => void): (() => void) => {
    const timer = { atMs: this.nowMs + ms, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  readonly defer = (callback: () => void): void => void this.#deferred.push(callback);

  get timers(): number {
    return this.#timers.size;
  }

  /** Lets time pass, with all that is due in it. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      for (let next = this.#deferred.shift(); next !== undefined; next = this.#deferred.shift()) next();
      const [due] = [...this.#timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
      if (due === undefined) break;
      this.#timers.delete(due);
      this.nowMs = Math.max(this.nowMs, due.atMs);
      due.callback();
    }
    this.nowMs = untilMs;
  }
}

export const FLUSH_MS = 100;
export const GRACE_MS = 1_000;

export interface OpenedPresence {
  readonly presence: Presence;
  readonly time: TestTime;
  /** A connection that has a list for each channel it listens to. */
  readonly connect: (maxChannels?: number) => TestConnection;
}

export function openPresence(
  limits: Partial<PresenceLimits> = {},
  policies: readonly Policy[] = [],
  { time = new TestTime(), tell }: { readonly time?: TestTime; readonly tell?: PresenceOptions["tell"] } = {},
): OpenedPresence {
  let ids = 0;
  const presence = new Presence({
    limits: { ...DEFAULT_LIMITS, presenceFlushMs: FLUSH_MS, presenceGraceMs: GRACE_MS, ...limits },
    policies: new Policies(policies, DEFAULT_LIMITS),
    nowMs: () => 1_767_603_600_000 + time.nowMs,
    elapsedMs: () => time.nowMs,
    newId: () => `made-${++ids}`,
    schedule: time.schedule,
    defer: time.defer,
    ...(tell === undefined ? {} : { tell }),
  });
  return { presence, time, connect: (maxChannels = 100) => new TestConnection(presence, maxChannels) };
}

/** A connection's part in presence, and a client that keeps a list by the frames it gets. */
export class TestConnection {
  readonly attendance: Attendance;
  readonly frames: PresenceFrame[] = [];
  isBlocked = false;
  count = 0;
  /** By name the state; `undefined` while counts alone are told. */
  list: Map<string, unknown> | undefined;

  constructor(presence: Presence, maxChannels: number) {
    this.attendance = new Attendance({
      presence,
      maxChannels,
      codec: jsonCodec(ndjsonFormat),
      isBlocked: () => this.isBlocked,
      write: (bytes) => this.#take(parseServerFrame(text(bytes)) as PresenceFrame),
    });
  }

  /** Has room again. */
  unblock(): void {
    this.isBlocked = false;
    this.attendance.resume();
  }

  /** What came since the last call. */
  take(): PresenceFrame[] {
    return this.frames.splice(0);
  }

  #take(frame: PresenceFrame): void {
    this.frames.push(frame);
    this.count = frame.count;
    this.list = applyFrame(this.list, frame);
  }
}

/** What a client makes of a frame. */
function applyFrame(
  before: ReadonlyMap<string, unknown> | undefined,
  { members, joined, updated, left }: PresenceFrame,
): Map<string, unknown> | undefined {
  if (members === undefined && joined === undefined && updated === undefined && left === undefined)
    return undefined;
  const list = new Map(members === undefined ? before : []);
  for (const { member, state } of [...(members ?? []), ...(joined ?? []), ...(updated ?? [])])
    list.set(member, state);
  for (const member of left ?? []) list.delete(member);
  return list;
}
