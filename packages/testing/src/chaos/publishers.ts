import { setTimeout as pause } from "node:timers/promises";
import { WebSocket } from "ws";
import type { Servers } from "./servers.ts";

/** One message: who published it, and its number. */
type Name = string;

/** What the server acknowledged: the message's name, and the cursor it was told. */
export interface Acknowledged {
  readonly name: Name;
  readonly channel: string;
  readonly cursor: string;
}

export interface PublisherOptions {
  /** Where it publishes: asked anew for each try, so that of several servers another one is gone to. */
  readonly server: Servers;
  readonly channels: readonly string[];
  readonly random: () => number;
  readonly onAcknowledged: (acknowledged: Acknowledged) => void;
  /** No new messages are begun once it is aborted; those that were begun are published for certain. */
  readonly signal: AbortSignal;
  /** How long to wait after each request, in milliseconds. Default not at all. */
  readonly pauseMs?: (() => number) | undefined;
}

/** Messages a batch has at most, and frames that wait for their answer. */
const MAX_BATCH = 20;
const MAX_PIPELINED = 16;
/** After a refusal, in milliseconds. */
const RETRY_MS = 20;
/** The share of keyed messages that delete their key. */
const DELETIONS = 0.15;

/** One message a request; asks again with the same idempotency key until it is told that the message is there. */
export async function publishSingly(id: string, options: PublisherOptions): Promise<void> {
  for (let number = 1; !options.signal.aborted; number++) {
    const name = `${id}:${number}`;
    const channel = pick(options);
    const cursor = await insist(options, channel, "application/json", JSON.stringify(name), name);
    options.onAcknowledged({ name, channel, cursor });
    await rest(options);
  }
}

/** Values of keys, and deletions of them, on keyed channels: one a request, each with an idempotency key of its own. */
export async function publishKeyed(id: string, options: PublisherOptions, keys: number): Promise<void> {
  for (let number = 1; !options.signal.aborted; number++) {
    const name = `${id}:${number}`;
    const channel = pick(options);
    const key = `${id}-${Math.floor(options.random() * keys)}`;
    const isDeletion = options.random() < DELETIONS;
    const path = `${channel}?key=${key}`;
    const cursor = await insist(
      options,
      path,
      "application/json",
      JSON.stringify(name),
      name,
      isDeletion ? "DELETE" : "POST",
    );
    options.onAcknowledged({ name, channel, cursor });
    await rest(options);
  }
}

/** Batches of up to {@link MAX_BATCH} lines, each line with a key of its own. The cursor is that of the last line. */
export async function publishBatches(id: string, options: PublisherOptions): Promise<void> {
  for (let number = 1; !options.signal.aborted;) {
    const channel = pick(options);
    const names = Array.from(
      { length: 1 + Math.floor(options.random() * MAX_BATCH) },
      () => `${id}:${number++}`,
    );
    const lines = names.map((name) => JSON.stringify({ data: name, idempotencyKey: name }));
    const cursor = await insist(options, channel, "application/x-ndjson", lines.join("\n"), undefined);
    const [epoch, last] = cursor.split(".");
    // Of one batch nothing stands between: its lines are the offsets up to the one that was told.
    for (const [index, name] of names.entries()) {
      options.onAcknowledged({
        name,
        channel,
        cursor: `${epoch}.${Number(last) - (names.length - 1 - index)}`,
      });
    }
    await rest(options);
  }
}

/** A WebSocket with many publishes under way; on a new one, what was not answered is sent again, in order. */
export async function publishPipelined(id: string, options: PublisherOptions): Promise<void> {
  const waiting = new Map<Name, string>();
  let number = 0;
  while (!options.signal.aborted || waiting.size > 0) {
    const url = await options.server.next();
    const socket = new WebSocket(`${url.replace("http", "ws")}/connect`, "tidings.v1");
    // Not `once` of events, which fails where the connection is reset before it is open.
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => undefined);
    const send = (name: Name, channel: string): void => {
      socket.send(JSON.stringify({ type: "publish", id: name, channel, data: name, idempotencyKey: name }));
    };
    const fill = (): void => {
      while (!options.signal.aborted && waiting.size < MAX_PIPELINED) {
        const name = `${id}:${++number}`;
        const channel = pick(options);
        waiting.set(name, channel);
        send(name, channel);
      }
      if (waiting.size === 0) socket.terminate();
    };
    socket.on("open", () => {
      for (const [name, channel] of waiting) send(name, channel);
      fill();
    });
    socket.on("message", (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as {
        type: string;
        id?: string;
        channel?: string;
        cursor?: string;
      };
      const channel = waiting.get(frame.id ?? "");
      if (frame.type === "error" && frame.id !== undefined && channel !== undefined) {
        // The log is away: what was refused is sent again.
        const { id } = frame;
        setTimeout(() => socket.readyState === WebSocket.OPEN && send(id, channel), RETRY_MS);
      }
      if (frame.type !== "ok" || frame.id === undefined || !waiting.delete(frame.id)) return;
      options.onAcknowledged({ name: frame.id, channel: frame.channel ?? "", cursor: frame.cursor ?? "" });
      if (options.pauseMs === undefined) fill();
      else setTimeout(() => socket.readyState === WebSocket.OPEN && fill(), options.pauseMs());
    });
    await closed;
  }
}

/** Publishes until it is told that it is there; answers with the cursor. */
async function insist(
  options: Pick<PublisherOptions, "server">,
  channel: string,
  type: string,
  body: string,
  key: string | undefined,
  method: "POST" | "DELETE" = "POST",
): Promise<string> {
  const headers = { "content-type": type, ...(key === undefined ? {} : { "idempotency-key": key }) };
  for (;;) {
    const url = await options.server.next();
    try {
      const response = await fetch(`${url}/channels/${channel}`, {
        method,
        headers,
        ...(method === "DELETE" ? {} : { body }),
      });
      const answer = (await response.json()) as { cursor?: string };
      if (answer.cursor !== undefined) return answer.cursor;
    } catch {
      // Killed before it answered: whether the message is there, only asking again can tell.
    }
    await pause(RETRY_MS);
  }
}

async function rest({ pauseMs }: PublisherOptions): Promise<void> {
  if (pauseMs !== undefined) await pause(pauseMs());
}

function pick({ channels, random }: PublisherOptions): string {
  return channels[Math.floor(random() * channels.length)] as string;
}
