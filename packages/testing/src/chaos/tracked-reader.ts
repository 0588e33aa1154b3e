import { setTimeout as pause } from "node:timers/promises";
import type { StreamEvent, TransportDriver, TransportStream } from "../transport/types.ts";
import type { ServerProcess } from "./server-process.ts";

/** Told by a server that is going down, or whose log is away: to be asked again. */
const PASSING: ReadonlySet<string> = new Set(["LOG_UNAVAILABLE", "DRAINING"]);
/** Before another try, in milliseconds. */
const RETRY_MS = 20;

/** A client of one transport that reads from the beginning and goes on from its cursors after each loss of its server. */
export class TrackedReader {
  readonly name: string;
  readonly channels: readonly string[];
  /** By channel, what was read: the message's name at the index of its offset. */
  readonly read: ReadonlyMap<string, string[]>;
  /** What must not be: a repeat, a hole, a gap, an error. */
  readonly faults: string[] = [];
  reconnects = 0;
  readonly #driver: TransportDriver;
  readonly #server: ServerProcess;
  #stream: TransportStream | undefined;
  #hasEnded = false;
  #onProgress: () => void = () => undefined;

  constructor(driver: TransportDriver, server: ServerProcess, channels: readonly string[]) {
    this.name = driver.name;
    this.channels = driver.isMulti ? channels : channels.slice(0, 1);
    this.read = new Map(this.channels.map((channel) => [channel, [""]]));
    this.#driver = driver;
    this.#server = server;
  }

  /** Reads until {@link end}. */
  async run(): Promise<void> {
    while (!this.#hasEnded) {
      await this.#server.isUp();
      try {
        const earlier = this.#stream;
        this.#stream = await (earlier?.reopen() ??
          this.#driver.open(this.#server.url, { channels: this.channels, since: "earliest" }));
        this.reconnects++;
        // It was told to end while this one was being opened.
        if (this.#hasEnded) this.#stream.cut();
        for (let event = await this.#stream.next(); event !== undefined; event = await this.#stream.next())
          this.#take(event);
      } catch {
        // The server is gone, or its log; the next life is waited for.
        await pause(RETRY_MS);
      }
    }
  }

  /** Resolves once each channel was read up to its offset. */
  async reached(heads: ReadonlyMap<string, number>): Promise<void> {
    const isThere = (): boolean =>
      this.channels.every((channel) => (this.read.get(channel)?.length ?? 0) > (heads.get(channel) ?? 0));
    if (isThere()) return;
    await new Promise<void>((resolve) => {
      this.#onProgress = () => {
        if (isThere() || this.faults.length > 0) resolve();
      };
      this.#onProgress();
    });
  }

  end(): void {
    this.#hasEnded = true;
    this.#stream?.cut();
  }

  #take(event: StreamEvent): void {
    if (event.type === "message") {
      const names = this.read.get(event.channel) ?? [];
      const offset = Number(event.cursor?.split(".")[1]);
      if (offset !== names.length)
        this.#fault(`${event.channel}: after offset ${names.length - 1} came ${offset}`);
      names[offset] = JSON.parse(event.data) as string;
    } else if (event.type === "error" && PASSING.has(event.code)) {
      this.#stream?.cut();
      throw new Error(`told to come back: ${event.code}`);
    } else if (event.type === "gap" || event.type === "error") {
      this.#fault(JSON.stringify(event));
    }
    this.#onProgress();
  }

  #fault(what: string): void {
    if (this.faults.length < 10) this.faults.push(what);
  }
}
