import type { TransportName } from "../../src/types.ts";
import type { ClientOptions, Driver, Happening, RemoteClient, StateSeen } from "./driver.ts";

/** How long anything is waited for, in milliseconds. */
const PATIENCE_MS = 20_000;

/** A client, and all that it has told, with the time at which it came here. */
export class WatchedClient implements AsyncDisposable {
  readonly told: { readonly atMs: number; readonly what: Happening }[] = [];
  #remote: RemoteClient | undefined;
  #state: StateSeen = { name: "idle", atMs: 0 };
  readonly #waiting = new Set<() => void>();

  static async open(driver: Driver, url: string, options: ClientOptions): Promise<WatchedClient> {
    const client = new WatchedClient();
    await client.connect(async (tell) => driver.open(url, options, tell));
    return client;
  }

  async connect(open: (tell: (happening: Happening) => void) => Promise<RemoteClient>): Promise<void> {
    this.#remote = await open((what) => {
      this.told.push({ atMs: performance.now(), what });
      if (what.type === "state") this.#state = what.state;
      for (const look of [...this.#waiting]) look();
    });
  }

  /** The client itself. */
  get remote(): RemoteClient {
    if (this.#remote === undefined) throw new Error("the client is not open");
    return this.#remote;
  }

  /** The state that was told last. */
  get state(): StateSeen {
    return this.#state;
  }

  /** How often a connection was lost, or could not be had. */
  get losses(): number {
    return this.all("state").filter(({ state }) => state.name === "waiting").length;
  }

  /** How long it waited for that reason, the first time: in milliseconds; `undefined` before it is over. */
  waitedMs(reason: string): number | undefined {
    const states = this.all("state").map(({ state }) => state);
    const at = states.findIndex((state) => state.reason?.message === reason);
    const [waiting, next] = at < 0 ? [] : states.slice(at);
    return waiting && next && next.atMs - waiting.atMs;
  }

  /** By what it reads now, where it is live. */
  get liveOn(): TransportName | undefined {
    return this.state.name === "live" ? this.state.transport : undefined;
  }

  /** The data of a channel's messages, in the order in which they came. */
  dataOf(channel: string): readonly unknown[] {
    return this.told.flatMap(({ what }) =>
      what.type === "message" && what.channel === channel ? [what.data] : [],
    );
  }

  /** What it has told of one kind. */
  all<Type extends Happening["type"]>(type: Type): readonly (Happening & { readonly type: Type })[] {
    return this.told.flatMap(({ what }) =>
      what.type === type ? [what as Happening & { readonly type: Type }] : [],
    );
  }

  /** Resolves as soon as it is so, with the time of that. */
  async until(what: string, isSo: () => boolean, patienceMs: number = PATIENCE_MS): Promise<number> {
    if (isSo()) return performance.now();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const timer = setTimeout(
      () => reject(new Error(`${what}: not after ${patienceMs} ms; ${this.#last()}`)),
      patienceMs,
    );
    const look = (): void => {
      if (isSo()) resolve(performance.now());
    };
    this.#waiting.add(look);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(look);
    }
  }

  async untilLive(): Promise<number> {
    return this.until("the client is live", () => this.state.name === "live");
  }

  /** Live, by one of these. */
  async untilLiveOn(transports: readonly TransportName[], patienceMs?: number): Promise<number> {
    return this.until(
      `the client is live on ${transports.join(" or ")}`,
      () => this.liveOn !== undefined && transports.includes(this.liveOn),
      patienceMs,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#remote?.close();
  }

  #last(): string {
    const first = this.told[0]?.atMs ?? 0;
    const last = this.told
      .slice(-25)
      .map(({ atMs, what }) => `  ${Math.round(atMs - first)} ms: ${JSON.stringify(what)}`);
    return `it told last:\n${last.join("\n")}`;
  }
}
