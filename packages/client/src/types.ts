import type { TidingsError } from "./errors.ts";

/** How a connection reads. `auto` chooses, and changes, by itself. */
export type TransportName = "sse" | "event-source" | "ndjson" | "ws" | "long-poll" | "poll";

/** Where a reader begins: after a cursor, with the oldest message held, or with what comes next. */
export type Since = "earliest" | "latest" | (string & {});

/** What a library that follows Standard Schema (https://standardschema.dev) has: zod, valibot, arktype and others. */
export interface Schema<Output = unknown, Input = Output> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** By event, what its payload is: what a channel has where nothing else is said. Your own may be an interface. */
export type Events = Readonly<Record<string, unknown>>;

/** A schema for each event, by its name; or one for the payloads of all. */
export type ChannelSchema = Schema | Readonly<Record<string, Schema>>;

/** What a {@link ChannelSchema} says of payloads as they are read. */
export type EventsOf<S> =
  S extends Schema<infer Output>
    ? Readonly<Record<string, Output>>
    : { readonly [Event in keyof S]: S[Event] extends Schema<infer Output> ? Output : never };

/** One message, its payload as the application wants it: the JSON value, the text, or a `Uint8Array`. */
export interface Message<Data = unknown, Event extends string = string> {
  readonly type: "message";
  readonly channel: string;
  /** Where a reader stands that has it. Absent on an ephemeral message, which is kept nowhere. */
  readonly cursor?: string;
  readonly event: Event;
  /** What it is the newest value of. */
  readonly key?: string;
  /** When it was appended: RFC 3339, milliseconds, UTC. */
  readonly time: string;
  /** `text/plain` where the payload was published as text, and not as JSON that is a string. */
  readonly contentType?: "text/plain";
  readonly data: Data;
  /** Where the payload is, when it is too large to travel in the message: `data` is `undefined` then, or what its publisher says beside it. */
  readonly artifact?: Artifact;
  /** What a stored payload begins with, or what its publisher says of it. */
  readonly preview?: unknown;
  /** The message deletes its key, and has no data. */
  readonly deleted?: true;
}

/** A payload that is stored, and fetched by its URL. */
export interface Artifact {
  /** Absolute. */
  readonly url: string;
  /** In bytes. */
  readonly size: number;
  /** Its media type. */
  readonly type: string;
  /** SHA-256 in hexadecimal. */
  readonly sha256: string;
}

/** The union of a channel's messages, told apart by `event`. */
export type MessageOf<E extends object> = { [Event in keyof E & string]: Message<E[Event], Event> }[keyof E &
  string];

/** Messages between `from` and `to` are missing; reading goes on after `to`. */
export interface Gap {
  readonly type: "gap";
  readonly channel: string;
  /** `expired`: the log dropped them. `epoch`: the log began another life. `ahead`: it lost its end. */
  readonly reason: "expired" | "epoch" | "ahead";
  readonly from: string;
  readonly to: string;
  /** How many, or `null` where that cannot be known. */
  readonly missed: number | null;
}

/** The reader has everything there is at this moment. */
export interface CaughtUp {
  readonly type: "caught-up";
  readonly channel: string;
  readonly cursor: string;
}

/** Where the client is. One union: `switch (tidings.state.name)`. */
export type State = Stage & {
  /**
   * While it is live: since when over this transport. Else since when it is not, however often it was tried: what is seen may be as
   * old. Milliseconds since the epoch, as `Date.now()` tells.
   */
  readonly sinceMs: number;
};

/** What a {@link State} is by its name. */
export type Stage =
  /** Nothing is asked for, so nothing is open. */
  | { readonly name: "idle" }
  /** A connection is being opened. `attempt` counts from 1 since one was last live for `tuning.stableMs`. */
  | { readonly name: "connecting"; readonly transport: TransportName; readonly attempt: number }
  /** Messages come as they are published. `isShared`: another tab holds the connection. */
  | { readonly name: "live"; readonly transport: TransportName; readonly isShared: boolean }
  /** The connection was lost, or could not be opened; it is tried again by itself. */
  | {
      readonly name: "waiting";
      readonly transport: TransportName;
      readonly reason: TidingsError;
      /** When it is tried again: milliseconds since the epoch, as `Date.now()` tells. */
      readonly retryAtMs: number;
    }
  /** The device says that it has no network, or the page is frozen: it goes on by itself once that is over. */
  | { readonly name: "offline"; readonly reason: TidingsError }
  /** For good: `close()` was called, or the server will not have this client. */
  | { readonly name: "closed"; readonly reason?: TidingsError };

/** The part of `fetch` that the client uses. */
export type Fetch = (url: string, request: FetchRequest) => Promise<FetchAnswer>;

export interface FetchRequest extends RequestInit {
  readonly headers: Headers;
  readonly body?: string | Blob;
}

export interface FetchAnswer extends Pick<Response, "ok" | "status" | "text" | "json"> {
  readonly headers: Pick<Headers, "get">;
  /** `null` or `undefined` where the platform has no streams: then the whole is taken once it is there. */
  readonly body?: ReadableStream<Uint8Array> | null | undefined;
}

/** Keeps text by key: `localStorage`, `sessionStorage`, `fileCursors()` of `@tidings/client/node`, or your own. */
export interface CursorStore {
  getItem(key: string): string | null | undefined | Promise<string | null | undefined>;
  setItem(key: string, value: string): unknown;
}

export interface Options {
  /**
   * The transport, pinned; or `auto` (the default), which chooses and changes by itself.
   *
   * A pinned one is kept whatever the path does to it: where it is not let through, it is tried again and again.
   */
  readonly transport?: TransportName | "auto" | undefined;
  /**
   * The credential, sent as `Authorization: Bearer …` and in the `hello` of a WebSocket; or what gets one. A function is asked
   * before the first request, `tuning.renewMs` before a JWT's `exp`, and once after a 401; whoever asks at the same time shares
   * its answer, for which there is `tuning.requestMs`. Where it throws, the one there is stays in use; without one that is `UNAUTHENTICATED`, and tried
   * again. Default none. Not with `event-source`, which sends no headers.
   */
  readonly token?: string | (() => string | undefined | Promise<string | undefined>) | undefined;
  /** Further headers of each request. Default none. Not on `ws` and `event-source`, which browsers give none; across origins only those that the server allows. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Whether cookies go with requests to another origin, as `fetch` has it. Default `same-origin`. */
  readonly credentials?: RequestCredentials | undefined;
  /**
   * Where cursors are kept, so that a reload or restart goes on where it was; under the key `tidings:{url}:{channel}`.
   * Default nowhere. One that throws or rejects is reported as `STORE_FAILED`, and reading goes on.
   */
  readonly cursors?: CursorStore | undefined;
  /**
   * Whether tabs of one origin share one connection to this server, with the credential of the one that holds it; a string: only
   * those that give the same one, such as the user's id. Default `false`. Without Web Locks and BroadcastChannel (Node.js,
   * pages without TLS) it has no effect.
   */
  readonly share?: boolean | string | undefined;
  /** Messages of bytes come as binary frames and not as base64, so `auto` begins with a WebSocket. Default `false`. */
  readonly binary?: boolean | undefined;
  /** `auto` begins with a WebSocket. Default `false`. */
  readonly lowLatency?: boolean | undefined;
  /**
   * How JSON becomes a value. Default `JSON.parse`. It is given the text of a whole frame, page or answer, of which the `data` of messages and
   * commands is taken. A message for which it throws is left out, and reported as `PAYLOAD_INVALID`.
   */
  readonly parse?: ((text: string) => unknown) | undefined;
  /** Makes all requests. Default the global `fetch`; `httpFetch` of `@tidings/client/node` costs a program in Node.js less. */
  readonly fetch?: Fetch | undefined;
  /** Default the global `WebSocket`. */
  readonly WebSocket?: typeof WebSocket | undefined;
  /** Thresholds and times; each has a default. */
  readonly tuning?: Partial<Tuning> | undefined;
}

/** Of a client with one transport, which no tabs share. */
export type PinnedOptions = Omit<Options, "transport" | "share">;

declare const part: unique symbol;

/** What an entry exports by this name. What is behind it is the client's own. */
export interface Part<Name extends string> {
  readonly [part]: Name;
}

/** What a client with one transport does besides delivering, publishing and commands; each is exported by the entry. What is used without is a `TypeError`. */
export interface ClientParts {
  /** `channel.presence`. */
  readonly presence?: Part<"presence"> | undefined;
  /** The option `cursors`. */
  readonly cursors?: Part<"cursors"> | undefined;
  /** The option `schema` of channels. */
  readonly schemas?: Part<"schemas"> | undefined;
  /** The client heeds `offline` and `online`, sleep and visibility of a page. Without it a lost network is only noticed by its silence. */
  readonly page?: Part<"page"> | undefined;
  /** What `token` answers is renewed `tuning.renewMs` before it expires. Without it a function is asked once, and again after a 401 or 4401. */
  readonly renewal?: Part<"renewal"> | undefined;
}

/**
 * Every threshold and time of the client. A name that ends in `Ms` is in milliseconds, at most 134,217,727 (37 hours); more, and
 * `Infinity`, is taken for as much. What is below a least value is taken for that.
 */
export interface Tuning {
  /**
   * A connection that has not greeted after so long is given up. Default 3,000. 0: waited for without end. A better connection that is
   * opened beside a live one has three times as long to carry every channel.
   */
  readonly greetingMs: number;
  /** First pause before a connection is tried again: drawn between 0 and this, which doubles each time. Default 500, least 10. */
  readonly backoffMs: number;
  /** The longest such pause. Default 30,000, least 100. */
  readonly maxBackoffMs: number;
  /** A connection that was live for so long was a good one: the pauses begin anew. Default 5,000. 0: each one that was live. */
  readonly stableMs: number;
  /** How long a transport that the path forbids is not tried again; doubles each time, at most to 16 times. Default 300,000, least 1,000. */
  readonly pathMemoryMs: number;
  /**
   * A transport whose connections are cut three times at the same age (within half a second or a tenth) below this is one that the
   * path cuts. Default 90,000. 0: never.
   */
  readonly maxCutAgeMs: number;
  /** `auto` moves to a WebSocket after so many publishes, commands and joins within `burstMs`; at most 1,000. Default 3. 0: never. */
  readonly burstSends: number;
  /** Default 2,000. 0: never. */
  readonly burstMs: number;
  /** `auto` moves to a WebSocket after at least two of them a minute for so many whole minutes on end. Default 3. 0: never. */
  readonly steadyMinutes: number;
  /**
   * `auto` goes back from the WebSocket that it moved to for what was sent, once nothing was sent for so long and everything that was asked over
   * it is answered. Default 60,000. 0: never.
   */
  readonly calmMs: number;
  /** How long a long poll is held; the server holds none longer than its `longPollMaxMs` (60 s). Default 25,000, least 100. */
  readonly waitMs: number;
  /** Between two short polls, and between two looks at the presence of a polled channel. Default 2,000, least 10. */
  readonly pollMs: number;
  /** For a request and its answer, beyond `waitMs` where it is held, and for `token()`; not for streams and commands; a publish above 64 KiB has 60,000. Default 10,000. 0: no end. */
  readonly requestMs: number;
  /**
   * A publish that is not acknowledged after so long, the time offline included, fails with `PUBLISH_TIMEOUT`. Default 60,000. 0: no end.
   * However long it is, nothing is sent again 240,000 after it was sent first, since the server remembers idempotency keys for 300,000.
   */
  readonly publishMs: number;
  /** Most publishes and commands that wait, offline or for their answer: above it one fails with `PENDING_FULL`. Default 1,000. 0: each fails. */
  readonly maxPending: number;
  /**
   * Most bytes of their payloads: above it one fails with `PENDING_FULL`. Inputs of commands count too. Default 8,388,608
   * (8 MiB). 0: all that have a payload fail.
   */
  readonly maxPendingBytes: number;
  /** Most items that wait in one iterator before it leaves the stream, to read on from the log once they are taken. Default 10,000, least 1. */
  readonly maxQueued: number;
  /** A token that says when it expires is renewed so long before; one that lives less than twice as long, halfway. Default 30,000. 0: as it expires. */
  readonly renewMs: number;
}

export interface ReadOptions {
  /**
   * Where to begin where no cursor is kept: after a cursor, `earliest`, or `latest`, which is the default. On a keyed channel the default is its
   * state: the newest message of each key, and then what comes.
   */
  readonly since?: Since | undefined;
  /** Begin with so many of the newest messages; not together with `since`, that of the channel included. Default none. */
  readonly last?: number | undefined;
  /** `fail`: end with `CURSOR_GONE` rather than go on after a gap. Default `continue`. */
  readonly gap?: "continue" | "fail" | undefined;
  /** Whether the cursor is kept in the client's `cursors`, and begun from. Default `true` where there are any. */
  readonly keep?: boolean | undefined;
  /** Ends the reading, quietly. Default none. */
  readonly signal?: AbortSignal | undefined;
}

/** What holds for the listeners of a channel; and for its iterators, where they do not say otherwise. */
export interface ChannelOptions<S extends ChannelSchema | undefined = undefined> extends ReadOptions {
  /** Checks what is read and published, and types it: one schema for all events, or one for each by its name. Default none. */
  readonly schema?: S;
  /** Only these events come over the wire. Default all. */
  readonly events?: readonly string[] | undefined;
}

export interface PublishOptions {
  /** What the message is the newest value of. Default none; a keyed channel needs one. */
  readonly key?: string | undefined;
  /** Default one made for this call, of 128 random bits. With your own, a call that is repeated within five minutes publishes once. */
  readonly idempotencyKey?: string | undefined;
  /** Hand it to live readers, keep nothing, and do not try again: fails with `OFFLINE` or the fault of the one try. Default `false`. */
  readonly ephemeral?: boolean | undefined;
  /** Append only if this cursor is the channel's head, else `CONFLICT`. By REST. Default in any case. */
  readonly ifHead?: string | undefined;
  /** Travel inline up to 1 MiB, rather than be stored above 100,000 bytes. Default `false`. */
  readonly inline?: boolean | undefined;
  /** JSON: what readers see where the payload is stored. Default what it begins with. */
  readonly preview?: unknown;
  /** `data`, a string, is text and not JSON. Default JSON; a `Blob`, an `ArrayBuffer` and views of one are bytes, which go by REST. */
  readonly contentType?: "text/plain" | undefined;
  /** Id of an artifact that was uploaded before, and is kept with the message: `data` is `undefined`, or JSON of up to 4,096 bytes beside it. By REST. Default none. */
  readonly artifact?: string | undefined;
  /** Gives it up with `ABORTED` where it was not sent yet; afterwards it has no effect. Default none. */
  readonly signal?: AbortSignal | undefined;
}

export interface Published {
  /** Of the message; absent where it was ephemeral. */
  readonly cursor?: string;
  /** Its position in the channel; absent where it was ephemeral. */
  readonly offset?: number;
  /** It was published before under this idempotency key. */
  readonly duplicate?: boolean;
}

export interface CommandOptions {
  /**
   * The command's deadline, in milliseconds, held by the server and by the client: `COMMAND_TIMEOUT`, retryable where it was never sent.
   * Default the command's own, and at most 600,000.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * With one, the command is called again after a lost connection, up to 240,000 ms after the first time, and waits while the device is offline.
   * Without, it fails with `CONNECTION_LOST`, `UNREACHABLE` or `OFFLINE`. Default none.
   */
  readonly idempotencyKey?: string | undefined;
  /** Told each part of the answer, ahead of it. Default nobody. */
  readonly onProgress?: ((data: unknown) => void) | undefined;
  /** Gives the call up with `ABORTED`; the command is cancelled where the server can be told. Default none. */
  readonly signal?: AbortSignal | undefined;
}

/** By name, what commands take and answer. */
export type Commands = Readonly<Record<string, Command>>;

/** What one command takes and answers. */
export interface Command {
  readonly input: unknown;
  readonly output: unknown;
}

/** Commands by name, as a type or an interface. */
export type CommandsLike<C> = { readonly [Name in keyof C]: Command };

/**
 * What commands take and answer, from how they are defined: by name the schemas of `input` and `output`, or all that `command` of the
 * server's library is given. Without an `output` it is what the `handler` answers; what nothing is said of is `unknown`. What JSON
 * makes of a value it does not tell: a `Date` comes as text.
 */
export type CommandsOf<Definitions> = {
  readonly [Name in keyof Definitions]: {
    readonly input: TypesOf<Definitions[Name], "input">;
    readonly output: [SchemaOf<Definitions[Name], "output">] extends [never]
      ? AnswerOf<Definitions[Name]>
      : TypesOf<Definitions[Name], "output">;
  };
};

type SchemaOf<Definition, Part extends "input" | "output"> = Definition extends {
  readonly [Key in Part]?: infer Given;
}
  ? Extract<Given, { readonly "~standard": unknown }>
  : never;

/** What a command takes is what its schema takes; what it answers, what its schema makes of that. */
type TypesOf<Definition, Part extends "input" | "output"> =
  SchemaOf<Definition, Part> extends { readonly "~standard": { readonly types?: infer Types } }
    ? NonNullable<Types> extends Readonly<Record<Part, infer Value>>
      ? Value
      : unknown
    : unknown;

type AnswerOf<Definition> = Definition extends { readonly handler: (...given: never[]) => infer Answer }
  ? Awaited<Answer>
  : unknown;

/** What follows a command's name; its input only where it takes any. */
export type CommandArguments<Input> = undefined extends Input
  ? readonly [input?: Input, options?: CommandOptions]
  : readonly [input: Input, options?: CommandOptions];

/** One member of a channel's presence. */
export interface Member {
  readonly member: string;
  /** What it says of itself; small JSON. */
  readonly state?: unknown;
  /** When it joined: RFC 3339, milliseconds, UTC. */
  readonly since: string;
}

/** Ends what it was given for; calling it again does nothing. */
export type Off = () => void;

/**
 * Who is in a channel; one for all handles of it. Listening begins with the first `on`, `members`, `count` or `join`, and goes on until
 * `leave` is called while nobody listens, or the client is closed.
 */
export interface Presence {
  /** How many there are; `undefined` until the server has told. */
  readonly count: number | undefined;
  /** By name; empty before the server has told, and while there are too many to name. */
  readonly members: ReadonlyMap<string, Member>;
  /** The name that `join` resolves with, from its call to `leave`; `undefined` where this client is no member. */
  readonly self: string | undefined;
  /** A member that came, says something else, or went, after the first list; not while there are too many to name. */
  on(event: "join" | "update" | "leave", listener: (member: Member) => void): Off;
  /** After each frame: what `count` and `members` tell has changed. */
  on(event: "change", listener: (presence: Presence) => void): Off;
  /**
   * Becomes a member, and stays one over reconnects until `leave`. Waits for a connection. Resolves with its name, which the server
   * gives where `member` does not say; `state` is JSON. Called again, it says the new name and state.
   *
   * @throws {TidingsError} what the server refused (`PRESENCE_FORBIDDEN`, `PRESENCE_INVALID`, `PRESENCE_FULL`), `CLOSED`
   */
  join(options?: { readonly member?: string; readonly state?: unknown }): Promise<string>;
  /**
   * Replaces the state.
   *
   * @throws {TidingsError} `MEMBER_UNKNOWN` before `join`, and what `join` throws
   */
  update(state: unknown): Promise<void>;
  /** Is no member any more; without `join` before, it does nothing. */
  leave(): Promise<void>;
}

/** One channel. Nothing is read before the first `on`, `messages` or `items`. */
export interface Channel<E extends object = Events> {
  readonly name: string;
  readonly presence: Presence;
  /** Messages are missing: before the first message after them. */
  on(event: "gap", listener: (gap: Gap) => void): Off;
  /** The listeners have everything there was: once after the start, and once after each gap. */
  on(event: "caught-up", listener: (caughtUp: CaughtUp) => void): Off;
  /** The channel cannot be read (any more), or a payload is not what the schema says. Listening to this alone reads nothing. */
  on(event: "error", listener: (error: TidingsError) => void): Off;
  /**
   * A key was deleted, of a keyed channel: the key, then the message, of whatever event. Listeners of an event are not told of it, those
   * of `*` are.
   */
  on(event: "deleted", listener: (key: string, message: Message<undefined>) => void): Off;
  /** Messages of all events: the payload, then the message. */
  on(event: "*", listener: (data: E[keyof E & string], message: MessageOf<E>) => void): Off;
  /**
   * Messages of an event, in order: the payload, then the message. All listeners of a handle share one reader, which begins with the first
   * of them and ends with the last; a message is handled once they have run. One that throws is reported as `LISTENER_FAILED`, and the
   * others are called all the same. Events named as one of the above are told to `*` alone.
   */
  on<Event extends keyof E & string>(
    event: Event,
    listener: (data: E[Event], message: Message<E[Event], Event>) => void,
  ): Off;
  /**
   * A reader of its own, with its own cursor: it takes as it is asked, however slowly. It begins at once, and a message is handled once the next
   * one is asked for. Ends with `break`, `return` or the signal, `close()`, or by throwing.
   *
   * @throws {TidingsError} as the iterator is asked: what the server refused, `CURSOR_GONE` with `gap: "fail"`, or why the client was closed
   */
  messages(options?: ReadOptions): AsyncIterableIterator<MessageOf<E>>;
  /** The same with gaps and caught-up among the messages. */
  items(options?: ReadOptions): AsyncIterableIterator<MessageOf<E> | Gap | CaughtUp>;
  /**
   * Publishes. Resolves once the log has it; sent again by itself until then, never twice. `undefined` is no payload, but with `artifact`.
   *
   * @throws {TidingsError} what the server refused, `PENDING_FULL`, `PUBLISH_TIMEOUT`, `PAYLOAD_INVALID`, `ABORTED`, `OFFLINE` (ephemeral), `CLOSED`
   */
  publish<Event extends keyof E & string>(
    event: Event,
    data: E[Event],
    options?: PublishOptions,
  ): Promise<Published>;
  /**
   * Deletes a key of a keyed channel.
   *
   * @throws {TidingsError} as `publish`; `CHANNEL_NOT_KEYED`
   */
  delete(
    key: string,
    options?: Pick<PublishOptions, "idempotencyKey" | "ifHead" | "signal"> & { readonly event?: string },
  ): Promise<Published>;
  /** Ends all readers of this handle. Its presence is left with `presence.leave()`. */
  close(): void;
}

/** A client: one connection for all its channels. */
export interface Tidings<C extends CommandsLike<C> = Commands> {
  /** The server's root, without a slash at its end. */
  readonly url: string;
  readonly state: State;
  /**
   * A handle of a channel. It opens nothing, and there may be several of one channel, with other options.
   *
   * @throws {TidingsError} `CHANNEL_NAME_INVALID`
   */
  channel<E extends object = Events>(name: string, options?: ChannelOptions): Channel<E>;
  channel<const S extends ChannelSchema>(name: string, options: ChannelOptions<S>): Channel<EventsOf<S>>;
  /**
   * Calls a command, over the WebSocket where one is open, else by REST.
   *
   * @throws {TidingsError} the command's own fault, or the server's; `CONNECTION_LOST`, `UNREACHABLE` or `OFFLINE` without an idempotency
   *   key; `COMMAND_TIMEOUT`, `PAYLOAD_INVALID`, `PENDING_FULL`, `ABORTED`, `CLOSED`
   */
  command<Name extends keyof C & string>(
    name: Name,
    ...rest: CommandArguments<C[Name]["input"]>
  ): Promise<C[Name]["output"]>;
  /** The same, where the name is a type parameter, of which it is not known whether it takes an input. */
  command<Name extends keyof C & string>(
    name: Name,
    input: C[Name]["input"],
    options?: CommandOptions,
  ): Promise<C[Name]["output"]>;
  /** After each change of `state`. */
  on(event: "state", listener: (state: State) => void): Off;
  /** A gap of any channel, once, however many read it. */
  on(event: "gap", listener: (gap: Gap) => void): Off;
  /**
   * A fault that no call is there to be told: of a channel without a listener for it, a listener, the store of cursors. Where nobody listens, it
   * is written to the console.
   */
  on(event: "error", listener: (error: TidingsError) => void): Off;
  /**
   * Something interactive begins: `auto` moves to a WebSocket now, beside the connection there is, and opens one also where nothing is read.
   * Answers what gives it back: once the last one has, it moves back a second later, and not before everything that was asked over the
   * WebSocket is answered. With `share` the tab that leads moves. A pinned transport is kept. Once the client is closed it does nothing.
   */
  interactive(): Off;
  /** Ends the connection there is and connects anew at once, without waiting for the pause to be over. */
  reconnect(): void;
  /** Ends everything: readers end quietly, and what was not acknowledged fails with `CLOSED`. */
  close(): void;
}
