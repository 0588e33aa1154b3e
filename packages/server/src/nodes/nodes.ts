import { type Answer, type Answerer, Calls } from "./calls.ts";
import { type About, type Frame, inboxOf, NODES_CHANNEL, readFrame, readLetter } from "./frames.ts";
import { Peer } from "./peer.ts";
import { Speaker, WHOLE_MS } from "./speaker.ts";
import type { Wire } from "./wire.ts";

/** So many beats of its own a node hears, and nothing of another, until that one is gone. */
const SILENT_BEATS = 5;
/** How long the start waits for what the others have to tell, in milliseconds. */
const START_MS = 2_000;
/** And at least so long for them to say that they are there, in milliseconds: they are not known before. */
const ANSWER_MS = 250;
/** How much of what a node said is let go of in one turn of the event loop. */
const FORGET_PART = 1_000;

export interface NodesOptions {
  /** This node: another one after each start. */
  readonly id: string;
  readonly about: About;
  readonly wire: Wire;
  /** A node that nothing was heard of for so long is gone, in milliseconds. */
  readonly timeoutMs: number;
  /** What a node said that is gone holds for so long after the last that was heard of it, in milliseconds; `timeoutMs` at least where it said no goodbye. */
  readonly graceMs: number;
  readonly elapsedMs: () => number;
  readonly schedule: (ms: number, callback: () => void) => () => void;
  /** Calls back after the work of this turn of the event loop. */
  readonly defer: (callback: () => void) => void;
  readonly onEvent: (event: NodeEvent) => void;
}

/** `lost`: nothing was heard of it for too long. */
export interface NodeEvent {
  readonly type: "joined" | "left" | "lost";
  readonly node: string;
  readonly about: About;
}

/**
 * Told what another node says under a topic; `undefined` where it says it no more: by itself, or, where not `hasSaid`,
 * since it is gone. MUST NOT throw.
 */
export type OnSaid = (node: string, key: string, value: unknown, hasSaid: boolean) => void;

export interface NodeShown {
  readonly node: string;
  readonly about: About;
}

/**
 * All nodes on one log, as this one knows them: what each says of itself, and a way to ask it something.
 *
 * A node that is silent is told from a backbone that is: what counts is the beats of its own that a node has heard
 * come back since. While nothing travels, nobody is gone.
 */
export class Nodes {
  readonly #options: NodesOptions;
  readonly #speaker: Speaker;
  readonly #calls: Calls;
  readonly #peers = new Map<string, Peer>();
  readonly #topics = new Map<string, OnSaid>();
  readonly #beatMs: number;
  #countedAtMs = Number.NEGATIVE_INFINITY;
  #cancelBeat: (() => void) | undefined;
  #ends: (() => void)[] = [];
  /** Called with each frame, while the start waits. */
  #onHeard: (() => void) | undefined;
  /** What was asked of all at the start has come back, and the others had time to answer. */
  #isAnswered = false;

  constructor(options: NodesOptions) {
    const { id, wire, elapsedMs, schedule } = options;
    this.#options = options;
    this.#beatMs = options.timeoutMs / SILENT_BEATS;
    this.#speaker = new Speaker({
      node: id,
      send: (json) => wire.send(NODES_CHANNEL, json),
      elapsedMs,
      schedule,
    });
    this.#calls = new Calls({ node: id, send: wire.send, schedule });
  }

  /** Of this node. */
  get id(): string {
    return this.#options.id;
  }

  /** This node, and the others that are heard of. */
  get all(): readonly NodeShown[] {
    const { id, about } = this.#options;
    const others = [...this.#peers.values()].flatMap((peer) =>
      peer.isGone || peer.about === undefined ? [] : [{ node: peer.id, about: peer.about }],
    );
    return [{ node: id, about }, ...others];
  }

  /** What a node is called; its id, where it is not known any more. */
  nameOf(node: string): string {
    return this.all.find((each) => each.node === node)?.about.name ?? node;
  }

  /** How many nodes there are, with this one. */
  get size(): number {
    return this.all.length;
  }

  /** Whether all that the others have said is known, as far as that can be known. */
  get isWhole(): boolean {
    for (const { isGone, copy } of this.#peers.values()) if (!isGone && !copy.isWhole) return false;
    return true;
  }

  /** A table of this node's, told to all others; `onSaid` is told theirs. What is set is a JSON text. */
  share(topic: string, onSaid: OnSaid): (key: string, json: string | undefined) => void {
    this.#topics.set(topic, onSaid);
    return (key, json) => this.#speaker.set(topic, key, json);
  }

  /** Has a question of other nodes answered. */
  on(method: string, answerer: Answerer): void {
    this.#calls.on(method, answerer);
  }

  /** Asks other nodes, or all others, at once. Never rejects. */
  ask(method: string, params: unknown, nodes?: readonly string[]): Promise<readonly Answer[]> {
    const asked = nodes ?? this.all.slice(1).map(({ node }) => node);
    return Promise.all(asked.map((node) => this.#calls.ask(node, method, params)));
  }

  /** Resolves once what the nodes say that are there is known, or after {@link START_MS}. */
  async start(): Promise<void> {
    const { wire, id, schedule } = this.#options;
    const begun = new Promise<void>((resolve) => {
      const cancel = schedule(START_MS, resolve);
      this.#onHeard = () => {
        if (!this.#isAnswered || !this.isWhole) return;
        cancel();
        resolve();
      };
    });
    const inbox = wire.listen(
      inboxOf(id),
      () => undefined,
      (data) => {
        const letter = readLetter(data);
        if (letter !== undefined) this.#calls.hear(letter);
      },
    );
    const all = wire.listen(
      NODES_CHANNEL,
      () => this.#listens(),
      (data) => this.#hear(readFrame(data)),
    );
    this.#ends = [inbox, all];
    await begun;
    this.#onHeard = undefined;
  }

  /** Says goodbye, and ends. */
  async close(): Promise<void> {
    this.#cancelBeat?.();
    await this.#speaker.close(JSON.stringify({ type: "bye", node: this.#options.id } satisfies Frame));
    for (const end of this.#ends) end();
    this.#calls.close();
  }

  /** It hears all from here on: what was said before is asked for. */
  #listens(): void {
    this.#sayBeat();
    this.#askFor(null);
  }

  #sayBeat(): void {
    const { id, about, schedule } = this.#options;
    const everyMs = this.#beatMs;
    this.#speaker.say("beat", (at) =>
      JSON.stringify({ type: "beat", node: id, about, at, everyMs } satisfies Frame),
    );
    this.#cancelBeat?.();
    // Nodes that were started together must not beat together.
    this.#cancelBeat = schedule(this.#beatMs * (1 + Math.random() / 5), () => this.#sayBeat());
  }

  #askFor(of: string | null): void {
    const { id } = this.#options;
    this.#speaker.say(`ask ${of ?? ""}`, () => JSON.stringify({ type: "ask", node: id, of } satisfies Frame));
  }

  #hear(frame: Frame | undefined): void {
    if (frame === undefined) return;
    if (frame.node === this.#options.id) this.#hearItself(frame);
    else this.#hearOther(frame);
    this.#onHeard?.();
  }

  #hearItself(frame: Frame): void {
    if (frame.type === "ask" && !this.#isAnswered) {
      this.#options.schedule(ANSWER_MS, () => {
        this.#isAnswered = true;
        this.#onHeard?.();
      });
    }
    if (frame.type !== "beat") return;
    const nowMs = this.#options.elapsedMs();
    // Those that were held up come at once: they are no time in which the others were silent. Timers may be a moment early.
    if (nowMs - this.#countedAtMs < this.#beatMs * 0.95) return;
    this.#countedAtMs = nowMs;
    for (const peer of this.#peers.values()) {
      if (peer.isGone) continue;
      // One that is set to be slower is given its own time.
      const patienceMs = SILENT_BEATS * Math.max(this.#beatMs, peer.everyMs);
      if (++peer.silentBeats * this.#beatMs > patienceMs) this.#lose(peer);
    }
  }

  #hearOther(frame: Frame): void {
    const peer = this.#peerOf(frame.node);
    peer.silentBeats = 0;
    if (frame.type === "bye") return this.#leave(peer);
    // What was under way when it said goodbye.
    if (peer.isLeaving) return;
    peer.isGone = false;
    switch (frame.type) {
      case "ask":
        if (frame.of !== null && frame.of !== this.#options.id) return;
        this.#sayBeat();
        this.#speaker.tellWhole();
        return;
      case "tell":
        peer.copy.take(frame);
        this.#askForRest(peer);
        return;
      case "beat":
        if (peer.about === undefined) this.#tell("joined", peer, frame.about);
        peer.about = frame.about;
        peer.everyMs = frame.everyMs;
        peer.copy.stands(frame.at);
        this.#askForRest(peer);
    }
  }

  #askForRest(peer: Peer): void {
    const nowMs = this.#options.elapsedMs();
    if (peer.copy.isWhole || peer.copy.isTaking || nowMs - peer.askedAtMs < WHOLE_MS) return;
    peer.askedAtMs = nowMs;
    this.#askFor(peer.id);
  }

  #peerOf(id: string): Peer {
    const known = this.#peers.get(id);
    if (known !== undefined) return known;
    const peer: Peer = new Peer(id, (topic, key, value) =>
      this.#topics.get(topic)?.(id, key, value, !peer.isGone),
    );
    this.#peers.set(id, peer);
    return peer;
  }

  #lose(peer: Peer): void {
    this.#tell("lost", peer, peer.about);
    const { graceMs, timeoutMs, schedule } = this.#options;
    peer.isGone = true;
    peer.about = undefined;
    schedule(Math.max(0, graceMs - timeoutMs), () => this.#forget(peer));
  }

  /** Its clients come back to others: what it said of them holds for a while. */
  #leave(peer: Peer): void {
    if (peer.isLeaving) return;
    peer.isLeaving = true;
    this.#tell("left", peer, peer.about);
    peer.isGone = true;
    this.#options.schedule(this.#options.graceMs, () => this.#forget(peer));
  }

  #forget(peer: Peer): void {
    // It may be back: then it is asked for all of it.
    if (!peer.isGone) return;
    if (peer.copy.forget(FORGET_PART)) this.#peers.delete(peer.id);
    else this.#options.defer(() => this.#forget(peer));
  }

  #tell(type: NodeEvent["type"], { id: node }: Peer, about: About | undefined): void {
    if (about !== undefined) this.#options.onEvent({ type, node, about });
  }
}
