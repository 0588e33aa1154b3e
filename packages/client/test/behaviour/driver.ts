import type { Gap, Published, ReadOptions, TransportName, Tuning } from "../../src/types.ts";

/** What a client of the list is made with: JSON, so that it can be handed to a page. */
export interface ClientOptions {
  readonly transport?: TransportName | "auto";
  readonly lowLatency?: boolean;
  readonly binary?: boolean;
  readonly share?: boolean | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The credentials that the application gives when it is asked, one after the other; then the last one again. */
  readonly tokens?: readonly string[];
  readonly tuning?: Partial<Tuning>;
  /** In a page: where cursors are kept. */
  readonly cursors?: "localStorage" | "sessionStorage";
}

/** How reading begins: JSON. */
export type ReadFrom = Omit<ReadOptions, "signal" | "keep"> & { readonly events?: readonly string[] };

/** An error as it crosses: its code is what tests look at. */
export interface Fault {
  readonly code: string;
  readonly message: string;
}

/** The state of the client, with its reason as a {@link Fault}. */
export interface StateSeen {
  /** When it was told, by the clock of where the client runs: `Date.now()`. It may be heard of later. */
  readonly atMs: number;
  readonly name: "idle" | "connecting" | "live" | "waiting" | "offline" | "closed";
  readonly transport?: TransportName;
  readonly attempt?: number;
  readonly isShared?: boolean;
  readonly reason?: Fault;
}

/** What the application was told, as it was told it. */
export type Happening =
  | {
      readonly type: "message";
      readonly channel: string;
      readonly event: string;
      readonly data: unknown;
      readonly cursor?: string;
    }
  | Gap
  | { readonly type: "caught-up"; readonly channel: string; readonly cursor: string }
  | { readonly type: "state"; readonly state: StateSeen }
  /** Of the client, or of a channel. */
  | { readonly type: "error"; readonly fault: Fault; readonly channel?: string }
  /** Who is in a channel now, by name. */
  | { readonly type: "presence"; readonly channel: string; readonly members: readonly string[] }
  /** The application was asked for a credential, and gave this one. */
  | { readonly type: "token"; readonly token: string };

/** How a call ended. */
export type Outcome<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly fault: Fault };

/** A client, wherever it runs: all that goes in and comes out is JSON. */
export interface RemoteClient {
  /** Listens to everything of a channel. */
  read(channel: string, from: ReadFrom): Promise<void>;
  /** Ends what {@link read} began. */
  unread(channel: string): Promise<void>;
  publish(channel: string, event: string, data: unknown): Promise<Outcome<Published>>;
  command(name: string, input: unknown): Promise<Outcome<unknown>>;
  /** Listens to who is in a channel. */
  attend(channel: string): Promise<void>;
  join(channel: string, member: string): Promise<Outcome<string>>;
  leave(channel: string): Promise<Outcome<void>>;
  /** Something interactive begins, or ends. */
  hold(): Promise<void>;
  release(): Promise<void>;
  reconnect(): Promise<void>;
  close(): Promise<void>;
}

/** Where clients run. */
export interface Driver {
  /** Makes a client, and tells what happens to it, in order. */
  open(url: string, options: ClientOptions, tell: (happening: Happening) => void): Promise<RemoteClient>;
  close(): Promise<void>;
}
