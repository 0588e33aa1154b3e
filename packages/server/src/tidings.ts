import type { Server } from "node:http";
import { eventFilter } from "@tidings/core";
import {
  checkChannel,
  checkEvent,
  type Cursor,
  DEFAULT_EVENT,
  formatCursor,
  type NewMessage,
  TidingsError,
  toOffset,
} from "@tidings/protocol";
import type { TidingsOptions } from "./create/options.ts";
import { createRouter } from "./create/routes.ts";
import { openServices } from "./create/services.ts";
import { type Delivery, Subscription } from "./create/subscription.ts";
import { attachUpgrades } from "./create/upgrades.ts";
import type { GuardOptions } from "./http/guard.ts";
import { createHandler, type Handler } from "./http/handler.ts";
import { createListener, listen } from "./http/listener.ts";
import { readStart } from "./http/query.ts";
import { Metrics } from "./metrics/metrics.ts";

const DEFAULT_DRAIN_MS = 5_000;
const LOOPBACK_HOST = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|::1)$/;

export interface PublishOptions {
  /** Default `message`. */
  readonly event?: string;
  /** What the message is the newest value of. */
  readonly key?: string;
  /** A repeat within five minutes appends nothing and answers the first cursor. */
  readonly idempotencyKey?: string;
  /** Append only if this is the channel's head offset, else `CONFLICT`. */
  readonly ifOffset?: number;
  /** Pass it on to live readers and keep nothing: there is no cursor then. Default false. */
  readonly ephemeral?: boolean;
}

export interface SubscribeOptions {
  /** A cursor, `earliest`, or `latest` (the default). */
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
   * Reads a channel from now on: messages, and gaps, in order. Breaking out of the loop ends it, as does
   * {@link Tidings.close}; one that is never iterated has to be ended by its `return()`.
   */
  subscribe(channel: string, options?: SubscribeOptions): AsyncGenerator<Delivery, void, void>;
  /** Stops taking connections and ends those there are, spread over `drainMs`; then it is quiet, and can be closed. */
  drain(): Promise<void>;
  /** Ends everything at once; what was acknowledged is in the log. */
  close(): Promise<void>;
}

/** Opens the log and builds a server on it. */
export async function createTidings(options: TidingsOptions = {}): Promise<Tidings> {
  const basePath = checkBasePath(options.basePath ?? "");
  const { services, close } = await openServices(options);
  const { connections, hub, publisher } = services;
  const guard: GuardOptions = {
    open: options.open ?? false,
    allowedHosts: options.allowedHosts ?? [],
    origins: options.cors?.origins ?? [],
  };
  const metrics = new Metrics({ hub, publisher, connections: () => countByTransport(connections.all()) });
  const router = createRouter(services, metrics);
  const handler = createHandler({
    router,
    guard,
    basePath,
    toError: services.toError,
    onAnswered: (method, pattern, status) => metrics.answered(method, pattern, status),
  });
  const servers: Server[] = [];
  const subscriptions = new Set<Subscription>();
  const attach: Tidings["attach"] = (server) => attachUpgrades(server, services, guard, basePath);

  return {
    handler,
    attach,
    async listen({ host = "127.0.0.1", port = 8080 } = {}) {
      checkAddress(host, guard.open);
      const server = createListener(handler, services.limits);
      attach(server);
      const bound = await listen(server, host, port);
      servers.push(server);
      return { url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}${basePath}`, port: bound };
    },
    async publish(
      channel,
      data,
      { event = DEFAULT_EVENT, ephemeral = false, ifOffset, key, idempotencyKey } = {},
    ) {
      const names = {
        ...(key === undefined ? {} : { key }),
        ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      };
      const condition = ifOffset === undefined ? {} : { ifOffset: toOffset(ifOffset) };
      const appended = await publisher.publish(channel, [{ event, ...names, ...payload(data) }], {
        ephemeral,
        isServer: true,
        ...condition,
      });
      return appended === undefined ? {} : { cursor: formatCursor(appended satisfies Cursor) };
    },
    subscribe(channel, { since, last, events, gap = "continue", signal } = {}) {
      return new Subscription(hub, {
        channel: checkChannel(channel),
        start: readStart(since, last, false),
        filter: eventFilter(events?.map(checkEvent)),
        onGap: gap,
        signal,
        open: subscriptions,
      });
    },
    async drain() {
      const stopped = servers.map((server) => new Promise((resolve) => server.close(resolve)));
      await connections.drain(options.drainMs ?? DEFAULT_DRAIN_MS);
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
}

/** How long a drain waits for requests that are being answered, in milliseconds. */
const LAST_REQUESTS_MS = 2_000;

function payload(data: unknown): Pick<NewMessage, "kind" | "data"> {
  if (typeof data === "string") return { kind: "text", data: Buffer.from(data.toWellFormed()) };
  if (data instanceof Uint8Array) return { kind: "bytes", data: Uint8Array.from(data) };
  const json = JSON.stringify(data) as string | undefined;
  if (json === undefined)
    throw new TidingsError("BODY_INVALID", "the data has no JSON form; publish a value, a string, or bytes.");
  return { kind: "json", data: Buffer.from(json) };
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

function countByTransport(
  connections: Iterable<{ readonly transport: string }>,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { transport } of connections) counts.set(transport, (counts.get(transport) ?? 0) + 1);
  return counts;
}
