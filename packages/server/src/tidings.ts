import type { Server } from "node:http";
import { eventFilter } from "@tidings/core";
import {
  checkChannel,
  checkEvent,
  type Cursor,
  formatCursor,
  type Member,
  TidingsError,
} from "@tidings/protocol";
import {
  type Caller,
  type CommandOptions,
  libraryRoute,
  type Outcome,
  type StandardSchema,
  toJson,
} from "./commands/index.ts";
import type { InnerOptions } from "./create/inner.ts";
import type { TidingsOptions } from "./create/options.ts";
import {
  conditionOf,
  type DeleteOptions,
  deletionOf,
  messageOf,
  type PublishOptions,
} from "./create/message.ts";
import { type Page, readPage, type ReadOptions } from "./create/page.ts";
import { createRouter } from "./create/routes.ts";
import { openServices } from "./create/services.ts";
import { type StoredArtifact, storeArtifact, type StoreOptions } from "./create/store.ts";
import { type Delivery, Subscription } from "./create/subscription.ts";
import { attachUpgrades } from "./create/upgrades.ts";
import { Descriptors } from "./http/descriptors.ts";
import type { GuardOptions } from "./http/guard.ts";
import { createHandler, type Handler } from "./http/handler.ts";
import { createListener, listen } from "./http/listener.ts";
import { defaultStart, readStart } from "./http/query.ts";
import type { Services } from "./http/services.ts";
import { Metrics } from "./metrics/metrics.ts";

const DEFAULT_DRAIN_MS = 5_000;
const LOOPBACK_HOST = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|::1)$/;

export interface SubscribeOptions {
  /** A cursor, `earliest`, `latest` (the default), or a time such as `2026-01-05T12:00:00Z`: the first message of then or later. */
  readonly since?: string;
  /** Begin with this many of the newest messages; not together with `since`. */
  readonly last?: number;
  /** Only messages with one of these events. */
  readonly events?: readonly string[];
  /** `fail`: throw `CURSOR_GONE` rather than yield a gap. Default `continue`. */
  readonly gap?: "continue" | "fail";
  /** Ends the iteration, quietly. */
  readonly signal?: AbortSignal;
}

export interface InvokeOptions {
  /** Default that of the command, else `limits.commandTimeoutMs`; at most `limits.maxCommandTimeoutMs`. */
  readonly timeoutMs?: number;
  /** A repeat with the same input within five minutes joins the first call, or gets its answer. */
  readonly idempotencyKey?: string;
  /** Gives the command up. */
  readonly signal?: AbortSignal;
  /** Told each part of the answer that comes ahead of it; the handler waits for the promise it answers. */
  readonly onProgress?: (data: unknown) => Promise<void> | void;
}

/** A running server, to mount in any Node app or to let listen by itself. */
export interface Tidings {
  /** For `http.createServer`, Express or Connect; WebSockets need {@link Tidings.attach} too. */
  readonly handler: Handler;
  /** Serves WebSocket upgrades of a Node server; the answer ends that. */
  attach(server: Server): () => void;
  /**
   * Listens by itself. `port` 0 takes any free one.
   *
   * @throws {TidingsError} `OPEN_REFUSED` for an address beyond loopback without `open`
   */
  listen(address?: {
    readonly host?: string;
    readonly port?: number;
  }): Promise<{ readonly url: string; readonly port: number }>;
  /**
   * Publishes as the server itself. A `string` is text, a `Uint8Array` bytes, everything else JSON. Resolves once
   * the log has it for good, with its cursor; ephemeral, with none.
   *
   * @throws {TidingsError} see `docs/reference/errors.md`
   */
  publish(channel: string, data: unknown, options?: PublishOptions): Promise<{ readonly cursor?: string }>;
  /**
   * Deletes a key of a channel whose policy is `compact`: readers are told by a message with `"deleted":true`.
   *
   * @throws {TidingsError} `CHANNEL_NOT_KEYED`, and those of {@link Tidings.publish}
   */
  delete(channel: string, key: string, options?: DeleteOptions): Promise<{ readonly cursor: string }>;
  /**
   * Reads a channel from now on: messages, and gaps, in order. Breaking out of the loop ends it, as does
   * {@link Tidings.close}; one that is never iterated has to be ended by its `return()`.
   */
  subscribe(channel: string, options?: SubscribeOptions): AsyncGenerator<Delivery, void, void>;
  /**
   * Reads one page of what a channel holds, and waits for nothing: `{ last: 1 }` is the newest message, if there is one.
   *
   * @throws {TidingsError} `CHANNEL_NAME_INVALID`, `CURSOR_INVALID`, `QUERY_INVALID`, and `CURSOR_GONE` with `gap: "fail"`
   */
  read(channel: string, options?: ReadOptions): Promise<Page>;
  /**
   * Drops all messages that a channel holds. Readers are told of a gap where they had not read them.
   *
   * @throws {TidingsError} `CHANNEL_NAME_INVALID`, `CHANNEL_RESERVED`
   */
  truncate(channel: string): Promise<void>;
  /**
   * Stores an artifact of any size, as `POST /artifacts` does: bytes, or parts as they come. To be named by a message
   * (`artifact` of {@link Tidings.publish}), or fetched by its URL until it expires.
   *
   * @throws {TidingsError} `ARTIFACT_TOO_LARGE`, `STORE_FULL`, `TOO_MANY_CONNECTIONS`, `REQUEST_INVALID`; nothing is kept then
   */
  store(
    source: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    options?: StoreOptions,
  ): Promise<StoredArtifact>;
  /**
   * Registers a command: clients call it by `POST /commands/{name}` and by `command` frames. Answers what takes it
   * away again; calls that are under way then are finished.
   *
   * @throws {TidingsError} `COMMAND_NAME_INVALID`, `CONFIG_INVALID` where the name is taken
   */
  command<Input extends StandardSchema = StandardSchema, Output extends StandardSchema = StandardSchema>(
    name: string,
    options: CommandOptions<Input, Output>,
  ): () => void;
  /**
   * Calls a command as a client would, in the process: input and answer pass as JSON. Resolves with the answer.
   *
   * @throws {CommandError} for the command's own fault
   * @throws {TidingsError} for all others, see `docs/reference/errors.md`
   */
  invoke(name: string, input?: unknown, options?: InvokeOptions): Promise<unknown>;
  /**
   * Who is in the channel's presence now, by name: at most `limit` members above the name `after`. Default: all.
   *
   * @throws {TidingsError} `CHANNEL_NAME_INVALID`, `CHANNEL_RESERVED`, `PRESENCE_FORBIDDEN`
   */
  presence(
    channel: string,
    page?: { readonly after?: string; readonly limit?: number },
  ): { readonly count: number; readonly members: readonly Member[] };
  /**
   * Takes a token (by its `jti`), an API key (by its id), or all tokens that a subject has (by their `sub`) back before their time.
   * Open connections that it concerns are closed; on other nodes that share the log within a second.
   *
   * @throws {TidingsError} `CONFIG_INVALID` where the server asks nobody, and what the log met
   */
  revoke(
    target: { readonly token: string } | { readonly subject: string } | { readonly key: string },
  ): Promise<void>;
  /** Stops taking connections and ends those there are, spread over `drainMs`; then it is quiet, and can be closed. */
  drain(): Promise<void>;
  /** Ends everything at once; what was acknowledged is in the log. */
  close(): Promise<void>;
}

/** A server and what is inside of it. */
export interface InnerTidings {
  readonly tidings: Tidings;
  readonly services: Services;
  readonly metrics: Metrics;
  /** An HTTP server that answers as those that listen do, and listens to nothing yet. */
  readonly createServer: () => Server;
}

/** Opens the log and builds a server on it. */
export async function createTidings(options: TidingsOptions = {}): Promise<Tidings> {
  return (await createInnerTidings(options, {})).tidings;
}

/** The same for what is no server by itself: the lab's, and one of several processes. */
export async function createInnerTidings(
  options: TidingsOptions,
  inner: InnerOptions,
): Promise<InnerTidings> {
  const basePath = checkBasePath(options.basePath ?? "");
  const guard: GuardOptions = {
    open: options.open === true || options.auth !== undefined,
    allowedHosts: options.allowedHosts ?? [],
    origins: options.cors?.origins ?? [],
    credentials: options.auth?.cookie !== undefined,
  };
  const descriptors = new Descriptors();
  const { services, close } = await openServices(options, guard, descriptors, inner);
  const { connections, hub, publisher, presence, commands, logger } = services;
  const inProcess: Caller = { transport: "library", maxInFlight: Number.POSITIVE_INFINITY, inFlight: 0 };
  const metrics = new Metrics({
    hub,
    publisher,
    presence,
    artifacts: services.artifacts,
    commands,
    refusals: services.refusals,
    sockets: services.sockets,
    connections: (transport) => connections.countOf(transport),
    nodes: () => services.nodes?.size ?? 1,
    all: inner.allMetrics,
    labels: inner.labels,
  });
  const router = createRouter(services, metrics, inner.labSources);
  const handler = createHandler({
    router,
    guard,
    auth: services.auth,
    sockets: services.sockets,
    refusals: services.refusals,
    addresses: services.addresses,
    basePath,
    requestTimeoutMs: services.limits.requestTimeoutMs,
    toError: services.toError,
    newId: services.newId,
    passOn: inner.passOn,
    onAnswered: (answer, status) => {
      const { method, pattern } = answer;
      metrics.answered(method, pattern, status);
      if (logger.isLevelEnabled("debug"))
        logger.debug({ request: answer.id, method, route: pattern, status }, "answered");
    },
  });
  const servers: Server[] = [];
  const subscriptions = new Set<Subscription>();
  const attach: Tidings["attach"] = (server) => attachUpgrades(server, services, guard, basePath);
  const createServer = (): Server => {
    const server = createListener(handler, services.limits, ({ code, message }, socket) =>
      services.refusals.count(code, () => ({ message, address: socket.remoteAddress })),
    );
    services.sockets.watch(server);
    attach(server);
    return server;
  };

  const tidings: Tidings = {
    handler,
    attach,
    async listen({ host = "127.0.0.1", port = 8080 } = {}) {
      checkAddress(host, guard.open);
      const server = createServer();
      const bound = await listen(server, host, port);
      servers.push(server);
      const advice = descriptors.advice(services.limits.maxConnections);
      // Once whoever waits for this has said where the server is.
      if (advice !== undefined) setImmediate(() => services.logger.warn(advice));
      return { url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}${basePath}`, port: bound };
    },
    async publish(channel, data, options = {}) {
      const { ephemeral = false } = options;
      const appended = await publisher.publish(channel, [messageOf(data, options)], {
        ephemeral,
        isServer: true,
        ...conditionOf(options),
      });
      return appended === undefined ? {} : { cursor: formatCursor(appended satisfies Cursor) };
    },
    async delete(channel, key, options = {}) {
      const appended = await publisher.publish(channel, [deletionOf(key, options)], {
        isServer: true,
        ...conditionOf(options),
      });
      return { cursor: formatCursor(appended as Cursor) };
    },
    subscribe(channel, { since, last, events, gap = "continue", signal } = {}) {
      return new Subscription(hub, {
        channel: checkChannel(channel),
        start: readStart(since, last, defaultStart(services, checkChannel(channel), false)),
        filter: eventFilter(events?.map(checkEvent)),
        onGap: gap,
        signal,
        open: subscriptions,
      });
    },
    async read(channel, options = {}) {
      return readPage(services, channel, options);
    },
    async truncate(channel) {
      await services.log.truncate(checkOwnChannel(channel));
    },
    async store(source, options = {}) {
      return storeArtifact(services, source, options);
    },
    command(name, commandOptions) {
      return commands.registry.add(name, libraryRoute(commandOptions, options.toCommandError));
    },
    async invoke(name, input, { timeoutMs, idempotencyKey, signal, onProgress } = {}) {
      signal?.throwIfAborted();
      const json = inputJson(input);
      const { promise, resolve } = Promise.withResolvers<Outcome>();
      const call = commands.call({
        name,
        input: json === undefined ? undefined : Buffer.from(json),
        timeoutMs,
        idempotencyKey,
        caller: inProcess,
        onProgress: onProgress === undefined ? undefined : (part) => onProgress(JSON.parse(part)),
        onDone: resolve,
      });
      const cancel = (): void => call.cancel();
      signal?.addEventListener("abort", cancel, { once: true });
      const outcome = await promise;
      signal?.removeEventListener("abort", cancel);
      if (!outcome.ok) throw outcome.fault.error;
      return outcome.json === undefined ? undefined : (JSON.parse(outcome.json) as unknown);
    },
    presence(channel, { after, limit } = {}) {
      const { count, members } = presence.list(channel, after, limit);
      return { count, members: members.map((json) => JSON.parse(json) as Member) };
    },
    async revoke(target) {
      if (services.auth === undefined)
        throw new TidingsError(
          "CONFIG_INVALID",
          "the server asks nobody who they are; give it `auth` first.",
        );
      const [[of, id]] = Object.entries(target) as [["token" | "subject" | "key", string]];
      await services.auth.revocations.revoke(of, id);
    },
    async drain() {
      const stopped = servers.map((server) => new Promise((resolve) => server.close(resolve)));
      const drainMs = options.drainMs ?? DEFAULT_DRAIN_MS;
      services.insight.events.draining();
      await Promise.all([connections.drain(drainMs), commands.drain(drainMs)]);
      for (const server of servers) server.closeIdleConnections();
      await Promise.race([
        Promise.all(stopped),
        new Promise((resolve) => setTimeout(resolve, LAST_REQUESTS_MS).unref()),
      ]);
    },
    async close() {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
      for (const subscription of subscriptions) subscription.end();
      await close();
    },
  };
  return { tidings, services, metrics, createServer };
}

/** How long a drain waits for requests that are being answered, in milliseconds. */
const LAST_REQUESTS_MS = 2_000;

function inputJson(input: unknown): string | undefined {
  try {
    return toJson(input);
  } catch (cause) {
    throw new TidingsError("BODY_INVALID", "the command's input has no JSON form.", {}, cause);
  }
}

function checkOwnChannel(name: string): string {
  const channel = checkChannel(name);
  if (!channel.startsWith("$")) return channel;
  throw new TidingsError("CHANNEL_RESERVED", `"${channel}" belongs to the system and cannot be truncated.`);
}

function checkAddress(host: string, isOpen: boolean): void {
  if (isOpen || LOOPBACK_HOST.test(host)) return;
  throw new TidingsError(
    "OPEN_REFUSED",
    `the server has no authentication, and ${host} can be reached from a network. Bind it to 127.0.0.1 behind a proxy that ` +
      "authenticates, or start it with open (--open) if the network is one you trust.",
  );
}

function checkBasePath(basePath: string): string {
  if (/^(?:\/[A-Za-z0-9._~-]+)*$/.test(basePath)) return basePath;
  throw new TidingsError(
    "CONFIG_INVALID",
    `basePath is "${basePath}"; write it as "/push", with no slash at its end.`,
  );
}
