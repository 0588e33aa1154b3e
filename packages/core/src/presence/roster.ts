import type { Limits } from "@tidings/protocol";
import type { StreamCodec } from "../stream-codec.ts";
import { utf8Length } from "./member.ts";

/** Who is told of a channel's presence: a connection. Calls MUST NOT throw. */
export interface PresenceListener {
  readonly codec: StreamCodec;
  /** Takes a frame. One that has no room for it passes it over, and asks for a snapshot once it has. */
  tell(roster: Roster, bytes: Uint8Array): void;
}

export type RosterLimits = Pick<Limits, "maxPresenceListed" | "maxPresenceListedBytes">;

/** Named again below this part of the limits: a channel at its limit must not go to and fro with every member. */
const LISTED_AGAIN = 0.9;

/**
 * Who is in one channel, as JSON texts by name, and what its listeners were told of it: everything since the last
 * flush is one frame, from what was told to what is. It does not ask who says that a member is there, so that what
 * comes from other nodes can be set here too.
 */
export class Roster {
  readonly channel: string;
  readonly listeners: Set<PresenceListener> = new Set();
  /** Called once after the flush of a change. MUST NOT throw. */
  readonly watchers: Set<() => void> = new Set();
  /** Changes with every change; never used twice by one process. */
  version = 0;
  readonly #limits: RosterLimits;
  readonly #members = new Map<string, string>();
  #bytes = 0;
  #sorted: string[] = [];
  #unsorted: string[] = [];
  /** Since the last flush, what was told of each member that changed; `undefined` of one that was not there. */
  #toldOf = new Map<string, string | undefined>();
  #toldCount = 0;
  #isListed = true;
  readonly #snapshots = new Map<string, Uint8Array>();

  constructor(channel: string, limits: RosterLimits) {
    this.channel = channel;
    this.#limits = limits;
  }

  get size(): number {
    return this.#members.size;
  }

  /** Whether nobody is there, and nobody asks. */
  get isIdle(): boolean {
    return this.#members.size === 0 && this.listeners.size === 0 && this.watchers.size === 0;
  }

  get(name: string): string | undefined {
    return this.#members.get(name);
  }

  /** Adds or replaces a member, or with `undefined` takes it away. */
  set(name: string, json: string | undefined): void {
    const before = this.#members.get(name);
    if (before === json) return;
    // Where nobody listens there is nothing to compare with: the first listener is told all there is.
    if (this.listeners.size > 0 && this.#isListed) {
      if (!this.#toldOf.has(name)) this.#toldOf.set(name, before);
      else if (this.#toldOf.get(name) === json) this.#toldOf.delete(name);
    }
    this.#bytes +=
      (json === undefined ? 0 : utf8Length(json)) - (before === undefined ? 0 : utf8Length(before));
    if (json === undefined) this.#members.delete(name);
    else this.#members.set(name, json);
    if (before === undefined) this.#unsorted.push(name);
    // Those that left are taken out when the names are asked for; without asking they must not gather for ever.
    if (this.#sorted.length + this.#unsorted.length > 2 * this.#members.size + 64) this.#sort();
  }

  /** The members above the name `after`, by name (in the order of UTF-16 code units), as JSON texts. */
  page(
    after: string,
    limit: number,
  ): { readonly members: readonly string[]; readonly next: string | undefined } {
    this.#sort();
    let from = 0;
    for (let to = this.#sorted.length; from < to;) {
      const middle = (from + to) >>> 1;
      if ((this.#sorted[middle] as string) > after) to = middle;
      else from = middle + 1;
    }
    const names = this.#sorted.slice(from, from + limit);
    const next = from + limit < this.#sorted.length ? names.at(-1) : undefined;
    return { members: names.map((name) => this.#members.get(name) as string), next };
  }

  /** To be called before the first listener is added: it is told what there is now. */
  begin(): void {
    this.#toldOf.clear();
    this.#snapshots.clear();
    this.#toldCount = this.size;
    this.#isListed = this.#fits(1);
  }

  /** All that the listeners know, as one frame: what the next flush is a change of. */
  snapshot(codec: StreamCodec): Uint8Array {
    const known = this.#snapshots.get(codec.format.name);
    if (known !== undefined) return known;
    const bytes = codec.json("presence", this.#isListed ? this.#toldJson() : this.#json(this.#toldCount, ""));
    this.#snapshots.set(codec.format.name, bytes);
    return bytes;
  }

  /** What changed since the last flush, once for each format; `undefined` where nothing did. */
  flush(): ((codec: StreamCodec) => Uint8Array) | undefined {
    const wasListed = this.#isListed;
    this.#isListed = this.#fits(wasListed ? 1 : LISTED_AGAIN);
    const isSame = wasListed && this.#isListed ? this.#toldOf.size === 0 : this.#toldCount === this.size;
    const changes = this.#toldOf;
    this.#toldOf = new Map();
    if (isSame && wasListed === this.#isListed) return undefined;
    this.#toldCount = this.size;
    this.#snapshots.clear();
    if (!this.#isListed || !wasListed) return (codec) => this.snapshot(codec);
    const json = this.#json(this.size, this.#changesJson(changes));
    const encoded = new Map<string, Uint8Array>();
    return (codec) => {
      const { name } = codec.format;
      const bytes = encoded.get(name) ?? codec.json("presence", json);
      encoded.set(name, bytes);
      return bytes;
    };
  }

  #fits(part: number): boolean {
    const { maxPresenceListed, maxPresenceListedBytes } = this.#limits;
    return this.size <= maxPresenceListed * part && this.#bytes <= maxPresenceListedBytes * part;
  }

  #sort(): void {
    if (this.#unsorted.length === 0 && this.#sorted.length === this.#members.size) return;
    const kept = this.#sorted.filter((name) => this.#members.has(name));
    // One that left and came back may stand in both.
    const names = new Set([...kept, ...this.#unsorted.filter((name) => this.#members.has(name))]);
    this.#unsorted = [];
    this.#sorted = [...names].sort(byCodeUnit);
  }

  #toldJson(): string {
    const members: string[] = [];
    for (const [name, json] of this.#members) if (!this.#toldOf.has(name)) members.push(json);
    for (const json of this.#toldOf.values()) if (json !== undefined) members.push(json);
    return this.#json(this.#toldCount, `,"members":[${members.join(",")}]`);
  }

  #changesJson(changes: ReadonlyMap<string, string | undefined>): string {
    const joined: string[] = [];
    const updated: string[] = [];
    const left: string[] = [];
    for (const [name, before] of changes) {
      const now = this.#members.get(name);
      if (now === undefined) left.push(JSON.stringify(name));
      else (before === undefined ? joined : updated).push(now);
    }
    return Object.entries({ joined, updated, left })
      .map(([list, items]) => (items.length === 0 ? "" : `,"${list}":[${items.join(",")}]`))
      .join("");
  }

  #json(count: number, lists: string): string {
    return `{"type":"presence","channel":${JSON.stringify(this.channel)},"count":${count}${lists}}`;
  }
}

function byCodeUnit(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
