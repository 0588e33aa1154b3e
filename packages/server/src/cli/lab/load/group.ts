import { connect, type Options, type State, type Tidings } from "@tidings/client";
import type { FaultKind } from "../bounds.ts";
import type { Change, Reading } from "../shapes.ts";
import { AUTO_OPTIONS, type LabTransport } from "../transports.ts";
import { Histogram, RecentHistogram } from "./histogram.ts";
import { Outages } from "./outages.ts";
import { nowMs, type Payload } from "./payload.ts";
import { Sequence } from "./sequence.ts";

const MAX_CHANGES = 50;

/** One reader: a client of its own, as an application has one. */
interface Reader {
  readonly client: Tidings;
  readonly sequence: Sequence;
}

/** The readers of one transport, and what they get. Nothing here is of Node.js: the lab's page reads with it too. */
export class Group {
  readonly name: LabTransport;
  readonly #size: number;
  readonly #clock: () => number;
  readonly #options: Options;
  readonly #readers: Reader[] = [];
  readonly #total = new Histogram();
  readonly #recent = new RecentHistogram();
  readonly #outages = new Outages();
  #history: Change[] = [];
  #received = 0;
  #gaps = 0;

  /**
   * @param clock the publisher's, see {@link nowMs}
   * @param options of its readers, beside the transport
   */
  constructor(name: LabTransport, size: number, clock: () => number = nowMs, options: Options = {}) {
    this.name = name;
    this.#size = size;
    this.#clock = clock;
    this.#options = options;
  }

  /** Opens one more reader, from the channel's first message on where nothing else is said. Told when it is live for the first time. */
  open(url: string, channel: string, onLive: () => void, since: "earliest" | "latest" = "earliest"): void {
    const client = connect(url, {
      ...this.#options,
      transport: this.name,
      ...(this.name === "auto" ? AUTO_OPTIONS : {}),
    });
    const reader: Reader = { client, sequence: new Sequence(since === "earliest") };
    const isFirst = this.#readers.push(reader) === 1;
    let isLive = false;
    client.on("state", (state) => {
      if (isFirst) this.#note(state);
      if (isLive || state.name !== "live") return;
      isLive = true;
      onLive();
    });
    // What is reported there shows as a loss, or as a state.
    client.on("error", () => undefined);
    const reading = client.channel<{ message: Payload }>(channel, { since });
    reading.on("gap", () => {
      this.#gaps++;
      reader.sequence.gap();
    });
    reading.on("message", (payload) => this.#take(reader, payload));
  }

  /** Begins to count anew; numbers go on. */
  forget(): void {
    this.#received = 0;
    this.#total.clear();
    this.#recent.clear();
  }

  mark(kind: FaultKind, isOn: boolean): void {
    if (isOn) this.#outages.begin(kind, this.#clock(), this.#readers);
    else this.#outages.end(kind, this.#clock(), this.#readers);
  }

  /** See `Load.hurry`. */
  hurry(): void {
    for (const { client } of this.#readers) if (client.state.name === "waiting") client.reconnect();
  }

  /** Whether every reader has the message of this number. */
  hasAll(n: number): boolean {
    return this.#readers.every(({ sequence }) => sequence.last >= n);
  }

  report(published: number): Reading {
    const states: Partial<Record<Change["state"], number>> = {};
    const on: Partial<Record<LabTransport, number>> = {};
    let [lost, repeated, gapMessages, behind] = [0, 0, 0, 0];
    for (const { client, sequence } of this.#readers) {
      const { state } = client;
      states[state.name] = (states[state.name] ?? 0) + 1;
      if (state.name === "live") on[state.transport] = (on[state.transport] ?? 0) + 1;
      lost += sequence.lost;
      repeated += sequence.repeated;
      gapMessages += sequence.gapMessages;
      behind = Math.max(behind, published - sequence.last);
    }
    return {
      total: this.#total.report(),
      recent: this.#recent.report(),
      received: this.#received,
      payloadBytes: this.#received * this.#size,
      lost,
      repeated,
      gaps: this.#gaps,
      gapMessages,
      behind,
      states,
      on,
      history: this.#history,
      outages: this.#outages.report(),
    };
  }

  close(): void {
    for (const { client } of this.#readers) client.close();
  }

  #take(reader: Reader, { n, sentAtMs }: Payload): void {
    const atMs = this.#clock();
    this.#received++;
    reader.sequence.take(n);
    this.#total.add(atMs - sentAtMs);
    this.#recent.add(atMs - sentAtMs);
    this.#outages.got(reader, sentAtMs, atMs);
  }

  #note(state: State): void {
    const change: Change = {
      atMs: this.#clock(),
      state: state.name,
      transport: "transport" in state ? state.transport : null,
      ...("reason" in state && state.reason !== undefined ? { code: state.reason.code } : {}),
    };
    this.#history = [...this.#history, change].slice(-MAX_CHANGES);
  }
}
